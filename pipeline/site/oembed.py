"""oEmbed: another site shows a quote when its author pastes the address (https://oembed.com)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from datasette.utils.asgi import Request, Response

from pipeline.passage import PassageError
from pipeline.site import quoting
from pipeline.site.guard import is_gone
from pipeline.site.quote import embed_code, title
from pipeline.site.quoting import Reference
from pipeline.site.render import FRESH

if TYPE_CHECKING:
    from datasette.app import Datasette

_WIDTH, _HEIGHT = 560, 320


async def oembed(datasette: Datasette, request: Request) -> Response:
    """A document of type `rich`; 404 for what is no quote of this site, 501 for XML."""
    asked = request.args.get("url") or ""
    if (request.args.get("format") or "json") != "json":
        return _said("Only format=json is spoken here.", 501)
    try:
        parts = urlsplit(asked)
    except ValueError:
        return _said("This is no address.", 404)
    wanted = Reference.of(asked) if parts.path.startswith("/quote/") else None
    if wanted is None or parts.netloc != request.host:
        return _said("This is no address of a quote of this archive.", 404)
    if await is_gone(datasette, f"testimonies/{wanted.testimony_id}"):
        return _said("This testimony was withdrawn.", 410)
    try:
        found = await quoting.find(datasette, None, wanted)
    except PassageError as error:
        return _said("This passage cannot be quoted.", quoting.status(error))
    width = _at_most(request.args.get("maxwidth"), _WIDTH)
    height = _at_most(request.args.get("maxheight"), _HEIGHT)
    address = datasette.absolute_url(request, quoting.path(found, "/embed"))
    document = {
        "version": "1.0",
        "type": "rich",
        "title": title(found),
        "author_name": found.testimony.narrator,
        "provider_name": datasette.metadata("title"),
        "provider_url": datasette.absolute_url(request, "/"),
        "html": embed_code(address, title(found), width, height),
        "width": width,
        "height": height,
    }
    known = {name: value for name, value in document.items() if value is not None}
    return Response.json(known, headers=FRESH)


def _said(sentence: str, status: int) -> Response:
    return Response.json({"error": sentence}, status=status, headers=FRESH)


def _at_most(asked: str | None, usual: int) -> int:
    # A longer number is larger, and one of thousands of digits Python does not read at all.
    if not asked or not (asked.isascii() and asked.isdigit()) or len(asked) > len(str(usual)):
        return usual
    return min(usual, int(asked))
