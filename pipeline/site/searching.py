"""The search page: what was found, in its testimonies, to be heard, narrowed and quoted."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from datasette.utils.asgi import Request, Response
from markupsafe import Markup, escape

from pipeline import facets, results
from pipeline.asked import match_expression
from pipeline.errors import QueryError
from pipeline.expression import languages_of
from pipeline.marking import MARK_CLOSE, MARK_OPEN
from pipeline.near import near_in_meaning
from pipeline.results import Result, Sort
from pipeline.scope import Narrowed
from pipeline.searchindex import NO_LANGUAGE
from pipeline.site.live import by_meaning
from pipeline.site.readers import widest
from pipeline.site.render import page, page_number, words_of

if TYPE_CHECKING:
    from datasette.app import Datasette

_TAG = re.compile(r"[A-Za-z0-9-]{1,35}", re.ASCII)


@dataclass(frozen=True)
class Asked:
    """What an address asks for; the address is the query, and nothing is kept elsewhere."""

    q: str
    narrowed: Narrowed
    sort: Sort
    page: int

    @classmethod
    def of(cls, request: Request) -> Asked:
        """Choices that nobody could have made are left out."""
        said = {name: request.args.get(name) or None for name in facets.NAMES}
        if said["text"] not in ("corrected", "machine"):
            said["text"] = None
        if not _TAG.fullmatch(said["language"] or ""):
            said["language"] = None
        narrowed = Narrowed(**cast("dict[str, Any]", said))
        sort: Sort = "time" if request.args.get("sort") == "time" else "relevance"
        return cls(request.args.get("q") or "", narrowed, sort, page_number(request))

    @property
    def address(self) -> dict[str, str]:
        """The same as an address has it, without the page; to be given to `link`."""
        said = {"q": self.q, **asdict(self.narrowed)}
        said["sort"] = "time" if self.sort == "time" else None
        return {name: value for name, value in said.items() if value}


async def search_page(datasette: Datasette, request: Request) -> Response:
    """200, or 400 with the same page where the query cannot be read."""
    asked = Asked.of(request)
    name = await widest(datasette, request.actor)
    db = datasette.get_database(name)
    words = words_of(request)
    meant_too = by_meaning(datasette)

    def read(connection: sqlite3.Connection) -> dict[str, Any]:
        # All of it at once: each call of its own would wait for a free thread again.
        found = _found(connection, asked, words.language, near=meant_too) if asked.q.strip() else {}
        return {"languages": spoken(connection), **found}

    context: dict[str, Any] = {
        "database": name,
        "q": asked.q,
        "language": asked.narrowed.language or "",
        "asked": asked,
        "address": asked.address,
        "marked": marked,
    }
    status = 200
    try:
        context |= await db.execute_fn(read)
    except QueryError as error:
        context["problem"], status = words.problem(error), 400
        context["languages"] = await db.execute_fn(spoken)
    long = {"found": "archive/_found.html"}
    return await page(datasette, request, "archive/search.html", context, status=status, long=long)


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


def marked(text: str) -> Markup:
    """A text that a search has marked, with `<mark>` around what it found."""
    begun = escape(text).replace(MARK_OPEN, Markup("<mark>"))
    return begun.replace(MARK_CLOSE, Markup("</mark>"))


def _found(
    connection: sqlite3.Connection, asked: Asked, language: str, *, near: bool
) -> dict[str, Any]:
    """What the page has of one query, for a reader of this language."""
    result = results.read(
        connection, asked.q, asked.narrowed, asked.sort, asked.page, language=language
    )
    only_language = replace(asked.narrowed, language=None) == Narrowed()
    hits = (
        near_in_meaning(connection, asked.q, asked.narrowed.language)
        if near and asked.page == 1 and only_language
        else ()
    )
    return {
        "result": result,
        "found_for": result.answer.meant if result.answer.corrected else asked.q,
        "chosen": [
            (name, ident, facets.label_of(connection, name, ident, language))
            for name, ident in asdict(asked.narrowed).items()
            if ident
        ],
        "forms": _forms(result, asked.q),
        "near": results.in_turn(connection, hits, None),
    }


def _forms(result: Result, typed: str) -> tuple[tuple[str, int], ...]:
    """Those worth telling: none where everything was found as it was typed."""
    found = result.forms.found
    return () if [form for form, _ in found] == [typed.strip().lower()] else found
