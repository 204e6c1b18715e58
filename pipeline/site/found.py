"""The search page as data: `/search.json` and `/search.csv`, for programs and spreadsheets.

The fields are told in docs/search.md.
"""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from datasette.utils.asgi import Request, Response

from pipeline import results
from pipeline.errors import QueryError
from pipeline.marking import pieces
from pipeline.results import Passage, Result
from pipeline.site.readers import widest
from pipeline.site.render import FRESH, link, words_of
from pipeline.site.searching import Asked

if TYPE_CHECKING:
    from datasette.app import Datasette

MOST = 100
_COLUMNS = (
    "testimony", "title", "narrator", "recorded_on", "part", "start_s", "end_s", "language",
    "speaker", "text_from", "text", "before", "after", "notice", "transcript", "quote", "sound",
)  # fmt: skip
# What a spreadsheet would take for a formula, it is to take for text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Absolute = Callable[[str], str]


async def as_json(datasette: Datasette, request: Request) -> Response:
    """One page of passages with all that the search page tells; 400 says what is wrong."""
    asked, absolute = Asked.of(request), _absolute(datasette, request)
    try:
        result = await _read(datasette, request, asked)
    except QueryError as error:
        wrong = {"query": asked.q, "error": error.problem}
        return Response.json(wrong, status=400, headers=FRESH)
    size = _size(request)
    following = {**asked.address, "size": size, "page": asked.page + 1}
    document: dict[str, Any] = {
        "query": asked.q,
        "narrowed": {k: v for k, v in asked.address.items() if k not in ("q", "sort")},
        "sort": asked.sort,
        "page": asked.page,
        "size": size,
        "total": result.matches.total,
        "more_than_total": result.matches.more_than,
        "meant": result.answer.meant,
        "searched_as_meant": result.answer.corrected,
        "next": absolute(link("/search.json", following)) if result.more_pages else None,
        "passages": [
            _row(passage, result, absolute) | {"pieces": pieces(passage.hit.marked)}
            for group in result.groups
            for passage in group.passages
        ],
        "facets": {
            facet.name: [
                {"id": value.id, "label": value.label or value.id, "count": value.count}
                for value in facet.values
            ]
            for facet in result.facets
        },
        "facets_counted_in": result.counted,
        "forms": [{"form": form, "passages": n} for form, n in result.forms.found],
        "forms_counted_in": result.forms.of,
    }
    return Response.json(document, headers=FRESH)


async def as_csv(datasette: Datasette, request: Request) -> Response:
    """One page of passages, a row each; 400 says in a sentence what is wrong."""
    asked, absolute = Asked.of(request), _absolute(datasette, request)
    try:
        result = await _read(datasette, request, asked)
    except QueryError as error:
        return Response.text(f"{error.problem}\n", status=400, headers=FRESH)
    table = io.StringIO()
    writer = csv.DictWriter(table, _COLUMNS)
    writer.writeheader()
    for group in result.groups:
        for passage in group.passages:
            row = _row(passage, result, absolute)
            writer.writerow({name: _harmless(row[name]) for name in _COLUMNS})
    headers = FRESH | {"content-disposition": 'attachment; filename="passages.csv"'}
    # The mark without which a spreadsheet takes UTF-8 for something else.
    body = "\ufeff" + table.getvalue()
    return Response(body, headers=headers, content_type="text/csv; charset=utf-8")


async def _read(datasette: Datasette, request: Request, asked: Asked) -> Result:
    name = await widest(datasette, request.actor)
    language = words_of(request)
    size = _size(request)

    def read(connection: sqlite3.Connection) -> Result:
        return results.read(
            connection,
            asked.q,
            asked.narrowed,
            asked.sort,
            asked.page,
            size,
            language.language,
        )

    result: Result = await datasette.get_database(name).execute_fn(read)
    return result


def _row(passage: Passage, result: Result, absolute: Absolute) -> dict[str, Any]:
    hit = passage.hit
    about = {group.testimony.id: group.testimony for group in result.groups}[hit.testimony_id]
    here = link(f"/testimony/{about.id}#s{hit.segment_id}", {"t": passage.moment})
    return {
        "testimony": about.id,
        "title": about.title,
        "narrator": about.narrator,
        "recorded_on": about.recorded_on,
        "notice": about.notice,
        "recording": hit.recording_id,
        "segment": hit.segment_id,
        "part": hit.part,
        "start_s": hit.start_s,
        "end_s": hit.end_s,
        "language": hit.language,
        "speaker": passage.speaker,
        "text_from": "person" if passage.corrected else "machine",
        "text": hit.text,
        "before": _plain(passage.before.marked) if passage.before else None,
        "after": _plain(passage.after.marked) if passage.after else None,
        "transcript": absolute(here),
        "quote": absolute(f"/quote/{about.id}/{passage.place.range}"),
        "sound": absolute(f"/media/{hit.recording_id}#t={passage.between}")
        if hit.can_be_heard
        else None,
    }


def _plain(marked: str) -> str:
    return "".join(pieces(marked))


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _absolute(datasette: Datasette, request: Request) -> Absolute:
    return lambda path: datasette.absolute_url(request, path)


def _size(request: Request) -> int:
    said = request.args.get("size") or ""
    asked = int(said[:9]) if said.isascii() and said.isdigit() else results.PER_PAGE
    return min(max(asked, 1), MOST)
