"""Pages of other sites may read the public data (CORS): JSON, CSV and the texts of transcripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any

from pipeline.publication import DATABASE
from pipeline.site.live import publication_folder

if TYPE_CHECKING:
    from datasette.app import Datasette

_NAME = b"access-control-allow-origin"
_DATA = re.compile(
    rb"application/(json|.+\+json|x-bibtex|x-research-info-systems|x-subrip)|text/(csv|vtt|plain)"
)
_PUBLIC = re.compile(
    rf"/({re.escape(DATABASE.removesuffix('.db'))}[./]|search\.|oembed|testimony/|quote/|sitemap)"
    rf"|/{re.escape(DATABASE.removesuffix('.db'))}$"
)
_LOGGED_IN = "ds_actor"


def share(datasette: Datasette) -> Callable[[Any], Any]:
    """ASGI middleware that says so. Who is logged in sees more than the public: then nothing."""

    def wrap(app: Any) -> Any:
        if publication_folder(datasette) is None:
            return app

        async def shared(scope: Any, receive: Any, send: Any) -> None:
            open_to_all = (
                scope["type"] == "http"
                and _PUBLIC.match(scope["path"]) is not None
                and not _is_logged_in(scope)
            )
            await app(scope, receive, _sending(send) if open_to_all else send)

        return shared

    return wrap


def _is_logged_in(scope: Any) -> bool:
    said = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")
    try:
        return _LOGGED_IN in SimpleCookie(said.decode("latin-1"))
    except CookieError:
        return True


def _sending(send: Any) -> Any:
    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            headers = {name.lower(): value for name, value in message.get("headers", [])}
            if _NAME not in headers and _DATA.match(headers.get(b"content-type", b"")):
                message = {**message, "headers": [*message.get("headers", []), (_NAME, b"*")]}
        await send(message)

    return sending
