"""From a template and its rows to the answer: what all of the archive's own pages share."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from datasette.utils.asgi import Request, Response
from jinja2 import ChoiceLoader, FileSystemLoader
from markupsafe import Markup

from pipeline.clock import clock
from pipeline.site.words import INTERFACE, Words, chosen, own_name

if TYPE_CHECKING:
    from datasette.app import Datasette
    from jinja2 import Environment

# Asked for anew each time, and kept by none between here and the reader: what was withdrawn is not
# read from a cache, and what a login has opened is no one else's.
FRESH = {"cache-control": "private, no-cache", "vary": "Accept-Language, Cookie"}
# What only a reviewer may see is not even kept by the reviewer's own browser.
UNKEPT = {"cache-control": "private, no-store", "vary": "Accept-Language, Cookie"}
_LAST_PAGE = 10_000
_STATIC = "/-/static-plugins/testimony-archive/"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors {ancestors}"
)


async def page(
    datasette: Datasette,
    request: Request,
    template: str,
    context: dict[str, Any],
    *,
    status: int = 200,
    embeddable: bool = False,
    long: Mapping[str, str] | None = None,
    cache: Mapping[str, str] = FRESH,
) -> Response:
    """`template` in the reader's language; `embeddable` where other sites may show it in a frame.

    `long` names templates that are long: under its name the page's own template has what it made
    of the context. They are made at once; Datasette's way gives way after every piece of a page,
    which takes twice as long.

    Templates have besides `context`: the methods of `Words` by name, `_`, `clock`, `static`,
    `link` (an address that keeps an interface language that was asked for), `languages_offered`,
    `path` (of this page), `absolute` (a path as a whole address).
    """
    html = await fragment(datasette, request, template, context, long)
    headers = {
        **cache,
        "content-language": words_of(request).language,
        "content-security-policy": policy(embeddable=embeddable),
    }
    return Response.html(html, status=status, headers=headers)


async def fragment(
    datasette: Datasette,
    request: Request,
    template: str,
    context: dict[str, Any],
    long: Mapping[str, str] | None = None,
) -> str:
    """The HTML of `template`, with all that `page` gives to it."""
    context = {**shared(datasette, request), **context}
    for name, part in (long or {}).items():
        context[name] = Markup(_at_once(datasette.jinja_env).get_template(part).render(context))  # noqa: S704
    html: str = await datasette.render_template(template, context, request=request)
    return html


def shared(datasette: Datasette, request: Request) -> dict[str, Any]:
    """What every template of the archive's own pages has, as `page` tells."""
    words = words_of(request)
    asked = {"lang": words.language} if request.args.get("lang") in INTERFACE else {}
    return {
        "_": words.gettext,
        "gettext": words.gettext,
        "ngettext": words.ngettext,
        "words": words,
        "archive_title": datasette.metadata("title"),
        "clock": clock,
        "static": static,
        "link": lambda path, **values: link(path, {**asked, **values}),
        "lang_asked": asked.get("lang"),
        "languages_offered": offered(request.path, _others(request)),
        "path": request.path,
        "absolute": lambda path: datasette.absolute_url(request, path),
    }


@lru_cache(maxsize=1)
def _at_once(env: Environment) -> Environment:
    return env.overlay(enable_async=False)


def words_of(request: Request) -> Words:
    """The words of the one who asks."""
    return chosen(request.args.get("lang"), request.headers.get("accept-language", ""))


def page_number(request: Request) -> int:
    """Which page of a list is asked for by `?page=`, from 1; 1 for what is no number."""
    text = request.args.get("page") or ""
    if not (text.isascii() and text.isdigit()):
        return 1
    return min(max(int(text[:9]), 1), _LAST_PAGE)


def policy(*, embeddable: bool = False) -> str:
    """The Content-Security-Policy of the archive's own pages: nothing inline, nothing foreign."""
    return _POLICY.format(ancestors="*" if embeddable else "'none'")


def link(path: str, values: dict[str, Any]) -> str:
    """An address within the site; values that are empty or None are left out."""
    path, mark, fragment = path.partition("#")
    said = urlencode({k: v for k, v in values.items() if v not in (None, "", False)}, doseq=True)
    return path + (("&" if "?" in path else "?") + said if said else "") + mark + fragment


@lru_cache
def static(name: str) -> str:
    """The address of a file of `static/`; another one as soon as its bytes are others."""
    content = (resources.files("pipeline.site") / "static" / name).read_bytes()
    return f"{_STATIC}{name}?v={hashlib.sha256(content).hexdigest()[:8]}"


def prepare_templates(env: Environment) -> None:
    """Lets templates say `{% trans %}`, and takes ours before those of other plugins.

    Datasette asks plugins in the order of a set: of two with a template of one name, any.
    """
    env.add_extension("jinja2.ext.i18n")
    ours = FileSystemLoader(str(resources.files("pipeline.site") / "templates"))
    env.loader = ChoiceLoader([one for one in (ours, env.loader) if one])


def offered(path: str, others: Sequence[tuple[str, str]] = ()) -> list[dict[str, str]]:
    """The page at `path`, asked with `others`, in each language of the interface."""
    return [
        {
            "language": language,
            "name": own_name(language),
            "address": f"{path}?{urlencode([*others, ('lang', language)])}",
        }
        for language in INTERFACE
    ]


def _others(request: Request) -> list[tuple[str, str]]:
    return [(k, v) for k in request.args for v in request.args.getlist(k) if k != "lang"]
