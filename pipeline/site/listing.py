"""The list of testimonies, whole or narrowed: by language, place named or of recording, event,
decade, collection."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from datasette.utils.asgi import Request, Response

from pipeline.site.readers import widest
from pipeline.site.render import link, page, page_number, words_of
from pipeline.site.ways import Named, Recorded, Ways, labels, ways
from pipeline.site.words import Words

if TYPE_CHECKING:
    from datasette.app import Datasette

_PER_PAGE = 50
_LONGEST = 200
_MOST = 200
# What each filter asks of a testimony; its value is the one parameter.
_FILTERS = {
    "language": "id IN (SELECT testimony_id FROM testimony_languages WHERE language = ?)",
    "place": "id IN (SELECT testimony_id FROM testimony_terms WHERE term_id = ?)",
    "event": "id IN (SELECT testimony_id FROM testimony_terms WHERE term_id = ?)",
    "recorded": "place IN (SELECT value FROM json_each(?))",
    "decade": "narrator_born / 10 * 10 = CAST(? AS INTEGER)",
    "collection": "collection = ?",
}
_COUNT_SQL = "SELECT count(*) FROM testimonies{where}"
# What a list shows of each testimony.
LISTED = (
    "id, title, narrator, narrator_born, recorded_on, place, notice, duration_s, languages_detected"
)
_ROWS_SQL = f"SELECT {LISTED} FROM testimonies{{where}} ORDER BY title, id LIMIT ? OFFSET ?"
_CLOSED_SQL = "SELECT title, reason, contact FROM closed ORDER BY title LIMIT 100"


async def testimonies(datasette: Datasette, request: Request) -> Response:
    """A page of the list, with what it can be narrowed by."""
    name = await widest(datasette, request.actor)
    db = datasette.get_database(name)
    words = words_of(request)
    chosen = {key: value for key in _FILTERS if (value := _asked(request, key))}
    number = page_number(request)
    found = await ways(db)
    where, values = _where(chosen, found)
    total = (await db.execute(_COUNT_SQL.format(where=where), values)).single_value()
    limits = [_PER_PAGE, (number - 1) * _PER_PAGE]
    rows = await db.execute(_ROWS_SQL.format(where=where), [*values, *limits])
    first = number == 1 and not chosen
    names = await labels(db, words.language)
    context: dict[str, Any] = {
        "database": name,
        "chosen": chosen,
        "options": _options(found, names, words),
        "names": names,
        "total": total,
        "testimonies": as_listed(rows),
        "closed": [dict(row) for row in await db.execute(_CLOSED_SQL)] if first else [],
        "previous": _address(chosen, number - 1) if number > 1 else None,
        "next": _address(chosen, number + 1) if number * _PER_PAGE < total else None,
    }
    return await page(datasette, request, "archive/testimonies.html", context)


def as_listed(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """Rows with the columns `LISTED` as lists show them."""
    listed = [dict(row) for row in rows]
    for row in listed:
        row["languages"] = json.loads(row["languages_detected"] or "[]")
    return listed


def _options(found: Ways, names: Mapping[str, str], words: Words) -> dict[str, list[Any]]:
    """For each filter what it can be: value, name, in how many testimonies."""

    def by_name(named: Iterable[Named | Recorded]) -> list[Any]:
        options = [(one.id, names.get(one.id, one.id), one.testimonies) for one in named]
        return sorted(options, key=lambda option: option[1].casefold())

    return {
        "language": [
            (one.language, words.language_name(one.language), one.testimonies)
            for one in found.languages
        ],
        "place": by_name(found.places),
        "event": by_name(found.events),
        "recorded": by_name(found.recorded),
        "decade": [(year, f"{year}–{year + 9}", count) for year, count in found.decades],
        "collection": [(name, name, count) for name, count in found.collections[:_MOST]],
    }


def _where(chosen: Mapping[str, str], found: Ways) -> tuple[str, list[str]]:
    conditions = [_FILTERS[key] for key in chosen]
    values = [
        _spelled(value, found) if key == "recorded" else value for key, value in chosen.items()
    ]
    return (" WHERE " + " AND ".join(conditions) if conditions else ""), values


def _spelled(place: str, found: Ways) -> str:
    """How testimonies that were recorded in a place write it, as a JSON list."""
    return json.dumps([name for one in found.recorded if one.id == place for name in one.spelled])


def _asked(request: Request, key: str) -> str:
    value = (request.args.get(key) or "")[:_LONGEST]
    # SQLite would read "1930s" as 1930, and a surrogate that came alone is no text.
    good = value.isascii() and value.isdigit() and len(value) == 4 if key == "decade" else True
    return value.encode(errors="ignore").decode() if good else ""


def _address(chosen: Mapping[str, str], number: int) -> str:
    return link("/testimonies", {**chosen, "page": number if number > 1 else None})
