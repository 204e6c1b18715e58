"""The search page: hits with their testimony, their time, and a player that starts there."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from datasette.utils.asgi import Request, Response
from markupsafe import Markup, escape

from pipeline.errors import QueryError
from pipeline.expression import languages_of
from pipeline.search import (
    MARK_CLOSE,
    MARK_OPEN,
    Found,
    Hit,
    find,
    match_expression,
    near_in_meaning,
)
from pipeline.searchindex import NO_LANGUAGE
from pipeline.site.live import by_meaning
from pipeline.site.readers import widest
from pipeline.site.render import page

if TYPE_CHECKING:
    from datasette.app import Datasette

_PER_PAGE = 20


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
        "languages": await db.execute_fn(spoken),
        "found": None,
        "hits": [],
        "near": [],
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
            if number == 1 and by_meaning(datasette):
                near = await db.execute_fn(lambda c: near_in_meaning(c, query, language))
                context["near"] = [_shown(hit) for hit in near]
        except QueryError as error:
            context["problem"], status = error.problem[:1].upper() + error.problem[1:], 400
    context |= _paging(query, language, number, more)
    return await page(datasette, request, "archive/search.html", context, status=status)


def prepare_connection(connection: sqlite3.Connection) -> None:
    """Gives SQL the function `word_forms(query, language)`, an expression for MATCH: every form
    of the query's words; language may be empty. A query that cannot be read matches nothing."""

    def word_forms(query: str | None, language: str | None) -> str:
        try:
            return match_expression(connection, query or "", language or None)
        except QueryError:
            return '""'

    connection.create_function("word_forms", 2, word_forms)


def spoken(connection: sqlite3.Connection) -> list[str]:
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


def marked(text: str) -> Markup:
    """A text that a search has marked, with `<mark>` around what it found."""
    begun = escape(text).replace(MARK_OPEN, Markup("<mark>"))
    return begun.replace(MARK_CLOSE, Markup("</mark>"))


def _shown(hit: Hit) -> dict[str, Any]:
    return {"hit": hit, "marked": marked(hit.marked)}


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
