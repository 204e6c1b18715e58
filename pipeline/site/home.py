"""The home page: what this archive is, whose voices it keeps, and the ways in."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from datasette.utils.asgi import Request, Response

from pipeline.site import linked, machines, plots
from pipeline.site.listing import LISTED, as_listed
from pipeline.site.readers import widest
from pipeline.site.render import page, words_of
from pipeline.site.ways import labels, ways

if TYPE_CHECKING:
    from datasette.app import Datasette

_VOICES = 5
_MOST = 8
_MOST_IN_TABLE = 60
_VOICES_SQL = f"SELECT {LISTED} FROM testimonies ORDER BY id LIMIT ? OFFSET ?"


async def home(datasette: Datasette, request: Request) -> Response:
    """What this archive is, and the ways in."""
    name = await widest(datasette, request.actor)
    db = datasette.get_database(name)
    found, words = await ways(db), words_of(request)
    names = await labels(db, words.language)
    today = datetime.datetime.now(datetime.UTC).date()
    rows = await db.execute(_VOICES_SQL, [_VOICES, _first_of(found.testimonies, today)])
    context: dict[str, Any] = {
        "database": name,
        "about": machines.paragraphs(datasette, words),
        "ways": found,
        "names": names,
        "voices": as_listed(rows),
        "more_voices": found.testimonies > _VOICES,
        "most": _MOST,
        "places": found.places[:_MOST_IN_TABLE],
        "recorded": found.recorded[:_MOST_IN_TABLE],
        "events": found.events[:_MOST_IN_TABLE],
        "languages": [one.language for one in found.languages],
        "bars": plots.bars(found.languages[:12]),
        "time_line": plots.time_line(found.events, names),
        "maps": plots.maps(found.gazetteer, found.places, found.recorded, names),
        "q": "",
        "language": "",
        "linked": linked.script(await machines.description(datasette, request)),
    }
    return await page(datasette, request, "archive/home.html", context)


def _first_of(testimonies: int, day: datetime.date) -> int:
    """Which testimony today's are counted from: each has its turn."""
    if testimonies <= _VOICES:
        return 0
    turns = -(-testimonies // _VOICES)
    return min(day.toordinal() % turns * _VOICES, testimonies - _VOICES)
