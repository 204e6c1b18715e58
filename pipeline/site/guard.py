"""What stands before every request: limits, headers, closed routes, and 410 for what is gone.

Datasette decides who may see which database; nothing here opens anything.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from datasette.utils.asgi import Request, Response

from pipeline.publication import DATABASE, sealed_address
from pipeline.site.live import publication_folder
from pipeline.site.render import page

if TYPE_CHECKING:
    from datasette.app import Datasette

_NAME = DATABASE.removesuffix(".db")
_LOGIN = "/-/login"
# Of Datasette's own pages a reader needs these; the others tell about paths, threads and plugins.
_OPEN = re.compile(r"^/-/(login|logout|static/|static-plugins/)")
_FORMER = re.compile(r"/(testimonies|recordings|segments|media)/([A-Za-z0-9_-]+)(?:\.\w+)?/?$")
# A testimony's own page, its files, and what is quoted from it.
_FORMER_PAGE = re.compile(r"^/(?:testimony|iiif|quote|clip)/([A-Za-z0-9_-]+)(?:[./].*)?$")
_TRIES, _TRIES_IN_ALL, _WITHIN_S = 5, 60, 15 * 60
_LONGEST_BODY = 64 * 1024
_HEADERS = {
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline';"
        " img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self';"
        " frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
# Datasette never sets them; our pages do (site/render.py), and what is shared (site/sharing.py).
_OWN = {"content-security-policy", "cross-origin-resource-policy"}


class LoginLimit:
    """Counts failed logins: a few for each address, more for all together, in a quarter of an hour.

    `clock` gives seconds and never goes back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: deque[tuple[float, str]] = deque()

    def allows(self, address: str) -> bool:
        while self._failures and self._failures[0][0] < self._clock() - _WITHIN_S:
            self._failures.popleft()
        mine = sum(one == address for _, one in self._failures)
        return mine < _TRIES and len(self._failures) < _TRIES_IN_ALL

    def failed(self, address: str) -> None:
        self._failures.append((self._clock(), address))


def guard(datasette: Datasette) -> Callable[[Any], Any]:
    """ASGI middleware around the whole site."""

    def wrap(app: Any) -> Any:
        if publication_folder(datasette) is None:
            return app
        limit = LoginLimit()

        async def guarded(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            scope, send = _without_authorization(scope), _with_headers(scope, send)
            refusal = await _refusal(datasette, scope, limit)
            if refusal is not None:
                await refusal.asgi_send(send)
            elif scope["path"] == _LOGIN and scope["method"] == "POST":
                await app(scope, receive, _counting(scope, send, limit))
            else:
                await app(scope, receive, send)

        return guarded

    return wrap


async def _refusal(datasette: Datasette, scope: Any, limit: LoginLimit) -> Response | None:
    path = unquote(scope["path"])
    if path.startswith("/-/") and not _OPEN.match(path):
        return Response.text("Not found\n", status=404)
    if scope["method"] not in ("GET", "HEAD") and path not in (_LOGIN, "/-/logout"):
        return Response.text("This site is only read\n", status=405)
    if scope["method"] == "POST":
        if not 0 <= _length(scope) <= _LONGEST_BODY:
            return Response.text("Too long\n", status=413)
        if path == _LOGIN and not limit.allows(_address(scope)):
            later = {"retry-after": str(_WITHIN_S)}
            said = "Too many failed logins. Wait a quarter of an hour.\n"
            return Response.text(said, status=429, headers=later)
    address = _former_address(path)
    if address and await is_gone(datasette, address):
        # It is answered before Datasette sees it, and may be the very first request.
        await datasette.invoke_startup()
        return await page(
            datasette,
            Request({**scope, "csrftoken": lambda: ""}, None),
            "archive/gone.html",
            {},
            status=410,
            embeddable=path.endswith("/embed"),
        )
    return None


async def is_gone(datasette: Datasette, address: str) -> bool:
    """Whether a table and key, as `testimonies/lt-1998-0042`, was published and was withdrawn."""
    rows = await datasette.get_database(_NAME).execute(
        "SELECT 1 FROM gone WHERE address = ?", [sealed_address(address)]
    )
    return rows.first() is not None


def _former_address(path: str) -> str | None:
    """The table and key that a path shows something of."""
    if match := _FORMER_PAGE.match(path):
        return f"testimonies/{match[1]}"
    if match := _FORMER.search(path):
        return f"{match[1].replace('media', 'recordings')}/{match[2]}"
    return None


def _without_authorization(scope: Any) -> Any:
    """A password in a header would be a login that nobody counts."""
    headers = [(name, value) for name, value in scope["headers"] if name != b"authorization"]
    return {**scope, "headers": headers}


def _with_headers(scope: Any, send: Any) -> Any:
    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            # Where a page has a policy of its own, which is stricter, that one holds.
            said = {name.decode("latin-1").lower() for name, _ in message.get("headers", [])}
            own = said & _OWN
            ours = [(k.encode(), v.encode()) for k, v in _HEADERS.items() if k not in own]
            theirs = [
                _kept_from_scripts(scope, name, value)
                for name, value in message.get("headers", [])
                if name.decode("latin-1").lower() not in _HEADERS.keys() - own
            ]
            message = {**message, "headers": [*theirs, *ours]}
        await send(message)

    return sending


def _kept_from_scripts(scope: Any, name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """The login's cookie: not readable by scripts, and only over TLS where there is TLS."""
    if name.lower() == b"set-cookie" and value.startswith(b"ds_actor="):
        value += b"; HttpOnly" + (b"; Secure" if scope.get("scheme") == "https" else b"")
    return name, value


def _counting(scope: Any, send: Any, limit: LoginLimit) -> Any:
    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start" and message["status"] != 302:
            limit.failed(_address(scope))
        await send(message)

    return sending


def _address(scope: Any) -> str:
    return str((scope.get("client") or ("unknown",))[0])


def _length(scope: Any) -> int:
    said = dict(scope["headers"]).get(b"content-length", b"")
    return int(said) if said.isdigit() else -1
