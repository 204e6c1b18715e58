"""A testimony as files: /testimony/ID.vtt, .tei, … for every one of `formats.FORMATS`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datasette.utils.asgi import Request, Response

from pipeline import formats
from pipeline.publication import Keeper
from pipeline.site import published
from pipeline.site.readers import widest
from pipeline.site.render import FRESH

if TYPE_CHECKING:
    from datasette.app import Datasette

_PART = re.compile(r"\d{0,4}", re.ASCII)


async def download(datasette: Datasette, request: Request) -> Response:
    """The whole testimony, or the part that `?part=` names; captions are of one part."""
    ident, kind = request.url_vars["ident"], request.url_vars["kind"]
    form = formats.FORMATS[kind]
    name = await widest(datasette, request.actor)
    entry = await datasette.get_database(name).execute_fn(
        lambda c: published.read(c, ident, named=form.says_named)
    )
    if entry is None:
        return Response.text("There is no such testimony here.\n", status=404)
    part = request.args.get("part") or ""
    if not _PART.fullmatch(part):
        return Response.text("part must be a number.\n", status=400)
    try:
        text = formats.write(entry, kind, keeper(datasette, request), int(part) if part else None)
    except LookupError:
        last = len(entry.parts)
        return Response.text(f"Say which part: ?part=1 to ?part={last}\n", status=404)
    headers = FRESH | {
        "content-disposition": f'inline; filename="{ident}{"-" * bool(part)}{part}.{form.ending}"',
    }
    return Response(text, headers=headers, content_type=f"{form.media_type}; charset=utf-8")


def keeper(datasette: Datasette, request: Request) -> Keeper:
    """Who keeps this archive, at the address at which the reader found it."""
    address = str(datasette.absolute_url(request, "/")).rstrip("/")
    return Keeper(str(datasette.metadata("title")), address)
