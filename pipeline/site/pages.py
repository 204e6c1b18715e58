"""The archive's own pages: rows out of `public.db` into a template, one short function each."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from datasette.utils.asgi import Request, Response
from markupsafe import Markup, escape

from pipeline.errors import QueryError
from pipeline.expression import languages_of
from pipeline.publication import DATABASE
from pipeline.search import MARK_CLOSE, MARK_OPEN, Found, Hit, clock, find, match_expression
from pipeline.searchindex import NO_LANGUAGE
from pipeline.site.readers import widest

if TYPE_CHECKING:
    from datasette.app import Datasette

STYLE = "/-/static-plugins/testimony-archive/archive.css"
_NAME = DATABASE.removesuffix(".db")
_PER_PAGE = 20
_LANGUAGE_NAMES = {
    "be": "Belarusian",
    "de": "German",
    "en": "English",
    "et": "Estonian",
    "lt": "Lithuanian",
    "lv": "Latvian",
    "pl": "Polish",
    "ro": "Romanian",
    "ru": "Russian",
    "uk": "Ukrainian",
    "yi": "Yiddish",
}
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
        "languages": await db.execute_fn(_spoken),
        "q": "",
        "language": "",
    }
    return await _page(datasette, request, "archive_home.html", context)


async def search_page(datasette: Datasette, request: Request) -> Response:
    """Hits with their testimony, their time, and a player that starts there."""
    query = request.args.get("q") or ""
    language = request.args.get("language") or ""
    number = _page_number(request.args.get("page"))
    name = await widest(datasette, request.actor)
    db = datasette.get_database(name)
    context: dict[str, Any] = {
        "database": name,
        "q": query,
        "language": language,
        "languages": await db.execute_fn(_spoken),
        "found": None,
        "hits": [],
        "offers": [],
        "related": [],
        "problem": None,
    }
    status = 200
    more = False
    if query.strip():
        offset = (number - 1) * _PER_PAGE
        try:
            found = await db.execute_fn(
                # One more than is shown tells whether there is a next page.
                lambda connection: find(connection, query, language, _PER_PAGE + 1, offset)
            )
            more = len(found.hits) > _PER_PAGE
            context |= _as_context(found, language)
        except QueryError as error:
            context["problem"], status = error.problem[:1].upper() + error.problem[1:], 400
    context |= _paging(query, language, number, more)
    return await _page(datasette, request, "archive_search.html", context, status)


def prepare_connection(connection: sqlite3.Connection) -> None:
    """Gives SQL the function `word_forms(query, language)`, an expression for MATCH: every form
    of the query's words; language may be empty. A query that cannot be read matches nothing."""

    def word_forms(query: str | None, language: str | None) -> str:
        try:
            return match_expression(connection, query or "", language or None)
        except QueryError:
            return '""'

    connection.create_function("word_forms", 2, word_forms)


def _spoken(connection: sqlite3.Connection) -> list[str]:
    """The languages that were heard, without counting a large archive's segments every time."""
    return [language for language in languages_of(connection) if language != NO_LANGUAGE]


def _as_context(found: Found, language: str) -> dict[str, Any]:
    meant = urlencode({"q": found.meant or "", "language": language})
    return {
        "found": found,
        "hits": [_shown(hit) for hit in found.hits[:_PER_PAGE]],
        "meant": f"/search?{meant}" if found.meant else None,
        "offers": [(offer, "/search?" + urlencode({"q": offer.query})) for offer in found.offers],
        "related": [_shown(hit) for hit in found.related],
    }


def _shown(hit: Hit) -> dict[str, Any]:
    marked = escape(hit.marked).replace(MARK_OPEN, Markup("<mark>"))
    return {
        "hit": hit,
        "marked": marked.replace(MARK_CLOSE, Markup("</mark>")),
        "at": clock(hit.start_s),
    }


def _paging(query: str, language: str, number: int, more: bool) -> dict[str, str | None]:
    def address(page: int) -> str:
        values = {"q": query, "language": language, "page": page}
        return "/search?" + urlencode({name: value for name, value in values.items() if value})

    return {
        "previous": address(number - 1) if number > 1 else None,
        "next": address(number + 1) if more else None,
    }


def _page_number(text: str | None) -> int:
    return min(int(text), 10_000) if text and text.isascii() and text.isdigit() and int(text) else 1


async def _page(
    datasette: Datasette,
    request: Request,
    template: str,
    context: dict[str, Any],
    status: int = 200,
) -> Response:
    context |= {
        "archive_title": datasette.metadata("title"),
        "style": STYLE,
        "clock": clock,
        "name_of": lambda language: _LANGUAGE_NAMES.get(language, language),
    }
    html = await datasette.render_template(template, context, request=request)
    return Response.html(html, status=status)
