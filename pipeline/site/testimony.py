"""The page of one testimony: its sound or film, every line that was said, and what may be done."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from datasette.utils.asgi import Request, Response
from markupsafe import Markup

from pipeline import iiif
from pipeline.clock import clock
from pipeline.errors import QueryError
from pipeline.formats import FORMATS
from pipeline.marking import pieces
from pipeline.passage import Place, seconds
from pipeline.publication import Entry, Part
from pipeline.search import marked_in
from pipeline.site import licences, linked, published
from pipeline.site.quality import of_testimony
from pipeline.site.readers import widest
from pipeline.site.render import FRESH, page, words_of
from pipeline.site.searching import marked
from pipeline.site.words import Words

if TYPE_CHECKING:
    from datasette.app import Datasette

# On average the engine gave the words of such a line less than an even chance.
_UNSURE = 0.5
_MOMENT = re.compile(r"(?:(\d{1,3}):)?(\d{1,6}(?:\.\d{1,3})?)", re.ASCII)


@dataclass(frozen=True)
class Line:
    """One segment as a reader sees it. `marks` are (kind, words); `speaker` only where it changes.

    `time` is its address within the page: seconds, after the number of a later part; another line
    may begin at the same time, and only the first of them is found by it. `listen` is where it is
    heard, or only itself where there is no sound.
    """

    segment: int
    time: str
    first_then: bool
    clock: str
    start_s: float
    end_s: float
    listen: str
    speaker: str | None
    marks: tuple[tuple[str, str], ...]
    language: str | None
    text: str | Markup
    state: str
    quote: str | None
    hit: int = 0  # which of the found lines it is, from 1


@dataclass(frozen=True)
class Shown:
    """One recording on the page; `address` is None where there is nothing to hear."""

    number: int
    film: bool
    duration_s: float
    address: str | None
    start: str  # `#t=…` where the reader asked for a moment in it
    lines: list[Line]


@dataclass(frozen=True)
class Found:
    """What a search inside the testimony found, by segment, or why it could not be read."""

    query: str = ""
    marked: Mapping[int, str] = field(default_factory=dict)
    problem: str | None = None


async def testimony_page(datasette: Datasette, request: Request) -> Response:
    """200, 404, or 403 for what may be known to be kept here and is not shown."""
    ident = request.url_vars["ident"]
    name = await widest(datasette, request.actor)
    db = datasette.get_database(name)
    entry = await db.execute_fn(lambda connection: published.read(connection, ident))
    if entry is None:
        return await _not_shown(datasette, request, name)
    query = request.args.get("q") or ""
    words = words_of(request)
    found = await db.execute_fn(lambda connection: _found(connection, query, ident, words))
    context: dict[str, Any] = {"database": name, "path": f"/testimony/{ident}"}
    context |= _told(entry, words) | _transcript(entry, words, found, _moment(request))
    context["measured"] = await of_testimony(db, ident)
    description = linked.description(
        entry,
        context["licence"],
        datasette.metadata("title"),
        lambda path: datasette.absolute_url(request, path),
    )
    context["linked"] = linked.script(description)
    long = {"transcript": "archive/_lines.html"}
    return await page(datasette, request, "archive/testimony.html", context, long=long)


async def search_inside(datasette: Datasette, request: Request) -> Response:
    """The lines of one testimony that a query finds, for the page's script.

    `pieces` of a line's text alternate: plain, found, plain, …
    """
    ident = request.url_vars["ident"]
    db = datasette.get_database(await widest(datasette, request.actor))
    query = request.args.get("q") or ""
    words = words_of(request)
    found = await db.execute_fn(lambda connection: _found(connection, query, ident, words))
    document = {
        "query": query,
        "problem": found.problem,
        "found": [
            {"segment": segment, "pieces": pieces(text)} for segment, text in found.marked.items()
        ],
    }
    return Response.json(document, status=400 if found.problem else 200, headers=FRESH)


async def _not_shown(datasette: Datasette, request: Request, name: str) -> Response:
    ident = request.url_vars["ident"]
    db = datasette.get_database(name)
    kept = await db.execute_fn(lambda connection: published.closed(connection, ident))
    context = {"closed": kept}
    return await page(
        datasette, request, "archive/not_shown.html", context, status=403 if kept else 404
    )


def _found(connection: sqlite3.Connection, query: str, ident: str, words: Words) -> Found:
    if not query.strip():
        return Found()
    try:
        return Found(query, marked_in(connection, query, ident))
    except QueryError as error:
        return Found(query, problem=words.problem(error))


def _moment(request: Request) -> tuple[int, float] | None:
    """The part and second of `?t=83.5` or `?t=2:4`."""
    match = _MOMENT.fullmatch(request.args.get("t") or "")
    return (int(match[1] or 1), float(match[2])) if match else None


def _told(entry: Entry, words: Words) -> dict[str, Any]:
    """What people know of the testimony, and what may be done with it."""
    row = entry.row
    heard, uses = json.loads(row["languages_detected"] or "[]"), json.loads(row["uses"] or "[]")
    return {
        "testimony": row,
        "languages": words.all_of([words.language_name(language) for language in heard]),
        "warnings": json.loads(row["warnings"] or "[]"),
        "licence": licences.licence(row["licence"], words),
        "agreed": licences.agreed(uses, words),
        "formats": [(kind, form.name, form.by_part) for kind, form in FORMATS.items()],
        "manifest": {"address": iiif.path(row["id"]), "type": iiif.MEDIA_TYPE},
        "machines": sorted(
            {
                (p.row["engine"], p.row["model"], (p.row["transcribed_at"] or "")[:10])
                for p in entry.parts
                if p.row["engine"]
            }
        ),
    }


def _transcript(
    entry: Entry, words: Words, found: Found, moment: tuple[int, float] | None
) -> dict[str, Any]:
    places = {segment: number for number, segment in enumerate(_in_order(entry, found), start=1)}
    parts = [_shown(entry, part, words, found, places, moment) for part in entry.parts]
    lines = [line for part in parts for line in part.lines]
    marks = {kind for line in lines for kind, _ in line.marks}
    return {
        "parts": parts,
        "found": found,
        "hits": list(places),
        "marks": marks,
        "here": _line_at(parts, moment),
        "moment": moment,
    }


def _in_order(entry: Entry, found: Found) -> Iterator[int]:
    for part in entry.parts:
        for segment in part.segments:
            if segment["id"] in found.marked:
                yield segment["id"]


def _line_at(parts: list[Shown], moment: tuple[int, float] | None) -> Line | None:
    """The last line that has begun by then, or the first one of that part."""
    for part in parts:
        if moment and part.number == moment[0] and part.lines:
            begun = [line for line in part.lines if line.start_s <= moment[1] + 0.01]
            return begun[-1] if begun else part.lines[0]
    return None


def _shown(
    entry: Entry,
    part: Part,
    words: Words,
    found: Found,
    places: Mapping[int, int],
    moment: tuple[int, float] | None,
) -> Shown:
    row = part.row
    asked = moment and moment[0] == row["part"]
    return Shown(
        number=row["part"],
        film=bool(row["has_video"]),
        duration_s=row["duration_s"],
        address=_media(part),
        start=f"#t={seconds(moment[1])}" if moment and asked else "",
        lines=list(_lines(entry.row["id"], part, words, found, places)),
    )


def _media(part: Part) -> str | None:
    return f"/media/{part.row['id']}" if part.row["media"] else None


def _lines(
    ident: str, part: Part, words: Words, found: Found, places: Mapping[int, int]
) -> Iterator[Line]:
    number, media = part.row["part"], _media(part)
    before: Mapping[str, Any] = dict.fromkeys(("speaker", "language", "state", "start_s"))
    for segment in part.segments:
        start_s, end_s = segment["start_s"], segment["end_s"]
        shown = segment["state"] != "redacted"
        place = Place(ident, number, start_s, max(end_s, start_s + 0.05)).range
        text = found.marked.get(segment["id"])
        yield Line(
            segment=segment["id"],
            time=f"{number}:{seconds(start_s)}" if number > 1 else seconds(start_s),
            first_then=start_s != before["start_s"],
            clock=clock(start_s),
            start_s=start_s,
            end_s=end_s,
            listen=f"{media}#t={start_s}" if media else f"#s{segment['id']}",
            speaker=segment["speaker"] if segment["speaker"] != before["speaker"] else None,
            marks=tuple(_marks(segment, before, words)),
            language=segment["language"],
            text=segment["text"] if text is None else marked(text),
            state=segment["state"],
            quote=f"/quote/{ident}/{place}" if shown else None,
            hit=places.get(segment["id"], 0),
        )
        # What is withheld has neither language nor speaker; after it nothing has changed.
        before = segment if shown else {**before, "state": "redacted", "start_s": start_s}


def _marks(
    segment: Mapping[str, Any], before: Mapping[str, Any], words: Words
) -> Iterator[tuple[str, str]]:
    _ = words.gettext
    state, language = segment["state"], segment["language"]
    if state == "redacted":
        yield "redacted", _("not shown")
        return
    if before["language"] and language != before["language"]:
        yield "switch", words.language_name(language)
    if state == "corrected":
        yield "corrected", _("corrected")
    elif before["state"] != state:
        yield "machine", _("machine text")
    if state == "ok" and segment["confidence"] is not None and segment["confidence"] < _UNSURE:
        yield "unsure", _("uncertain")
