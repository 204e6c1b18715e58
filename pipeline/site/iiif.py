"""Testimonies for IIIF viewers: manifests, lines, and the collection of all that is public."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datasette.utils.asgi import NotFound, Request, Response

from pipeline import iiif
from pipeline.publication import DATABASE, Entry
from pipeline.site import published
from pipeline.site.downloads import keeper
from pipeline.site.readers import widest
from pipeline.site.render import FRESH

if TYPE_CHECKING:
    from datasette.app import Datasette

_ALL_SQL = "SELECT id, title FROM testimonies ORDER BY id"


async def manifest(datasette: Datasette, request: Request) -> Response:
    """One testimony: its parts as canvases."""
    entry = await _entry(datasette, request)
    return _json(iiif.manifest(entry, entry.parts, keeper(datasette, request)))


async def lines(datasette: Datasette, request: Request) -> Response:
    """What is said in one part, as annotations of its canvas."""
    entry = await _entry(datasette, request)
    number = int(request.url_vars["part"])
    for part in entry.parts:
        if part.row["part"] == number:
            return _json(iiif.lines(entry, part, keeper(datasette, request)))
    raise NotFound("This testimony has no such part.")


async def collection(datasette: Datasette, request: Request) -> Response:
    """All that is public, whoever asks."""
    found = await datasette.get_database(DATABASE.removesuffix(".db")).execute_fn(
        lambda connection: connection.execute(_ALL_SQL).fetchall()
    )
    testimonies = [{"id": ident, "title": title} for ident, title in found]
    return _json(iiif.collection(testimonies, keeper(datasette, request)))


async def _entry(datasette: Datasette, request: Request) -> Entry:
    ident = request.url_vars["ident"]
    name = await widest(datasette, request.actor)
    db = datasette.get_database(name)
    entry: Entry | None = await db.execute_fn(lambda c: published.read(c, ident))
    if entry is None:
        raise NotFound("There is no such testimony in this archive.")
    return entry


def _json(text: str) -> Response:
    return Response(text, headers=FRESH, content_type=iiif.MEDIA_TYPE)
