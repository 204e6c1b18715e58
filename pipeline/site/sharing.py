"""Pages of other sites may read what is public (CORS): data, the texts of transcripts, and the
sound and film that viewers play from elsewhere.
"""

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
_HEADERS = [
    (_NAME, b"*"),
    # A player has to know how long the file is and which piece of it this is.
    (b"access-control-expose-headers", b"accept-ranges, content-length, content-range"),
    # Without this a browser plays nothing in a page elsewhere that does not ask by CORS.
    (b"cross-origin-resource-policy", b"cross-origin"),
]
_DATA = re.compile(
    rb"application/(json|xml|.+\+(json|xml)|x-bibtex|x-research-info-systems|x-subrip)"
    rb"|text/(csv|vtt|plain)|(audio|video)/mp4"
)
_PUBLIC = re.compile(
    rf"/({re.escape(DATABASE.removesuffix('.db'))}[./]|search\.|oembed|testimony/|quote/|sitemap|iiif/"
    rf"|media/)"
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
                message = {**message, "headers": [*message.get("headers", []), *_HEADERS]}
        await send(message)

    return sending
