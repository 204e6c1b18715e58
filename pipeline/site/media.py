"""Sound and film by id, never by path, with HTTP Range so that a browser can seek."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from datasette.utils.asgi import NotFound, Request
from starlette.responses import FileResponse

from pipeline.config import Channel
from pipeline.publication import DATABASES, MEDIA_OF
from pipeline.site.live import publication_folder
from pipeline.site.readers import channels
from pipeline.site.render import FRESH

if TYPE_CHECKING:
    from datasette.app import Datasette


async def media(
    datasette: Datasette, request: Request, scope: Any, receive: Any, send: Any
) -> None:
    """Answers 200 or 206; 404 for whatever this reader's databases do not name."""
    found = await access_copy(datasette, request.actor, request.url_vars["recording_id"])
    if found is None:
        raise NotFound("There is no such recording in this archive.")
    path = found[1]
    kind = "video/mp4" if path.suffix == ".mp4" else "audio/mp4"
    response = FileResponse(path, media_type=kind, headers=FRESH)
    await response(scope, receive, send)


async def access_copy(
    datasette: Datasette, actor: Any, recording_id: str
) -> tuple[Channel, Path] | None:
    """The file of a recording that this reader may hear, and the channel it is published by."""
    folder = publication_folder(datasette)
    if folder is None:
        return None
    for channel in await channels(datasette, actor):
        name = DATABASES[channel].removesuffix(".db")
        rows = await datasette.get_database(name).execute(
            "SELECT media FROM recordings WHERE id = ? AND media IS NOT NULL", [recording_id]
        )
        row = rows.first()
        path = folder / MEDIA_OF[channel] / str(row["media"] if row else "")
        if path.is_file():
            return channel, path
    return None
