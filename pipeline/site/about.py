"""The page about the archive: what transcripts are, how consent works, whom to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datasette.utils.asgi import Request, Response

from pipeline.site.machines import paragraphs
from pipeline.site.render import page, words_of

if TYPE_CHECKING:
    from datasette.app import Datasette


async def about(datasette: Datasette, request: Request) -> Response:
    """What a reader should know before they listen, quote or teach."""
    context = {
        "about": paragraphs(datasette, words_of(request)),
        "contact": datasette.metadata("contact"),
    }
    return await page(datasette, request, "archive/about.html", context)
