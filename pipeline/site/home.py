"""The home page: what this archive is, and the ways in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from datasette.utils.asgi import Request, Response

from pipeline.publication import DATABASE
from pipeline.site.render import page
from pipeline.site.searching import spoken

if TYPE_CHECKING:
    from datasette.app import Datasette

_NAME = DATABASE.removesuffix(".db")
_TOTALS_SQL = """
SELECT count(*) AS testimonies, coalesce(sum(duration_s), 0) AS duration_s FROM testimonies
"""
_TESTIMONIES_SQL = """
SELECT id, title, narrator, narrator_born, recorded_on, place, notice, duration_s,
  languages_detected FROM testimonies ORDER BY title LIMIT 200
"""


async def home(datasette: Datasette, request: Request) -> Response:
    """What this archive is, and the way in."""
    db = datasette.get_database(_NAME)
    totals = (await db.execute(_TOTALS_SQL)).first()
    rows = [dict(row) for row in await db.execute(_TESTIMONIES_SQL)]
    for row in rows:
        row["languages"] = json.loads(row["languages_detected"] or "[]")
    context = {
        "testimonies": rows,
        "totals": dict(totals),
        "languages": await db.execute_fn(spoken),
        "q": "",
        "language": "",
    }
    return await page(datasette, request, "archive/home.html", context)
