"""Sound and film by id, never by path, with HTTP Range so that a browser can seek."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datasette.utils.asgi import NotFound, Request
from starlette.responses import FileResponse

from pipeline.publication import DATABASE, MEDIA
from pipeline.site.live import publication_folder

if TYPE_CHECKING:
    from datasette.app import Datasette

_NAME = DATABASE.removesuffix(".db")


async def media(
    datasette: Datasette, request: Request, scope: Any, receive: Any, send: Any
) -> None:
    """Answers 200 or 206; 404 for whatever `public.db` does not name."""
    folder = publication_folder(datasette)
    rows = await datasette.get_database(_NAME).execute(
        "SELECT media FROM recordings WHERE id = ? AND media IS NOT NULL",
        [request.url_vars["recording_id"]],
    )
    row = rows.first()
    if folder is None or row is None or not (folder / MEDIA / row["media"]).is_file():
        raise NotFound("There is no such recording in this archive.")
    kind = "video/mp4" if row["media"].endswith(".mp4") else "audio/mp4"
    # `no-cache`: ask again each time, so that a withdrawn recording is not heard from a cache.
    response = FileResponse(
        folder / MEDIA / row["media"], media_type=kind, headers={"cache-control": "no-cache"}
    )
    await response(scope, receive, send)
