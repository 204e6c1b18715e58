"""The reading room: a Datasette plugin over `publication/`. Loads neither engines nor audio.

Datasette imports this package while `datasette.app` is half imported, so nothing here may
import that module at run time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from datasette import hookimpl

from pipeline.formats import FORMATS
from pipeline.site import (
    found,
    guard,
    iiif,
    lesson,
    live,
    machines,
    quote,
    refusals,
    render,
    review,
    searching,
    sharing,
)
from pipeline.site.about import about
from pipeline.site.clips import clip
from pipeline.site.downloads import download
from pipeline.site.home import home
from pipeline.site.listing import testimonies
from pipeline.site.media import media
from pipeline.site.oembed import oembed
from pipeline.site.quality import quality
from pipeline.site.testimony import search_inside, testimony_page

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request
    from jinja2 import Environment

_ID = r"(?P<ident>[a-z0-9_-]{1,100})"


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Any]]]:
    return [
        (r"^/$", home),
        (r"^/testimonies$", testimonies),
        (r"^/about$", about),
        (r"^/quality$", quality),
        (r"^/api$", machines.api),
        (r"^/sitemap(?:-(?P<number>[0-9]{1,6}))?\.xml$", machines.sitemap),
        (r"^/robots\.txt$", machines.robots),
        (r"^/favicon\.ico$", machines.icon),
        (r"^/search$", searching.search_page),
        (r"^/search\.json$", found.as_json),
        (r"^/search\.csv$", found.as_csv),
        (r"^/quote/(?P<testimony_id>[a-z0-9_-]+)/(?P<range>[^/]+)/embed$", quote.embed),
        (
            r"^/quote/(?P<testimony_id>[a-z0-9_-]+)/(?P<range>[^/]+)\.(?P<form>bib|ris|json)$",
            quote.citation_file,
        ),
        (r"^/quote/(?P<testimony_id>[a-z0-9_-]+)/(?P<range>[^/]+)$", quote.quote),
        (r"^/clip/(?P<testimony_id>[a-z0-9_-]+)/(?P<range>[^/]+)\.m4a$", clip),
        (r"^/oembed$", oembed),
        (r"^/lesson$", lesson.lesson),
        (r"^/lesson/sheet$", lesson.printed),
        (r"^/lesson\.docx$", lesson.download),
        (rf"^/testimony/{_ID}$", testimony_page),
        (rf"^/testimony/{_ID}/search\.json$", search_inside),
        (rf"^/testimony/{_ID}\.(?P<kind>{'|'.join(FORMATS)})$", download),
        (r"^/iiif/collection\.json$", iiif.collection),
        (rf"^/iiif/{_ID}/manifest\.json$", iiif.manifest),
        (rf"^/iiif/{_ID}/annotations/(?P<part>[0-9]{{1,4}})\.json$", iiif.lines),
        (r"^/review$", review.queue_page),
        (rf"^/review/{_ID}$", review.sheet_page),
        (rf"^/review/{_ID}/sound/(?P<part>[0-9]{{1,4}})$", review.sound),
        (r"^/media/(?P<recording_id>[0-9a-f]{16})$", media),
    ]


@hookimpl
def asgi_wrapper(datasette: Datasette) -> Callable[[Any], Any]:
    guarded, following = guard.guard(datasette), live.follow_publications(datasette)
    shared = sharing.share(datasette)
    # The newest publication first, so that the guard knows what is gone.
    return lambda app: following(guarded(shared(app)))


@hookimpl
def handle_exception(datasette: Datasette, request: Any, exception: Exception) -> Any:
    return refusals.refusal(datasette, request, exception)


@hookimpl
def extra_css_urls() -> list[str]:
    return [render.static("datasette.css")]


@hookimpl
def extra_js_urls() -> list[str]:
    return [render.static("datasette.js")]


@hookimpl
def extra_template_vars(
    template: str | None, request: Request | None, datasette: Datasette
) -> dict[str, Any]:
    # The plugin that checks passwords shows its form by this name; this one is in many languages.
    if template != "password_login.html" or request is None:
        return {}
    return render.shared(datasette, request)


@hookimpl
def prepare_connection(conn: sqlite3.Connection) -> None:
    searching.prepare_connection(conn)


@hookimpl
def prepare_jinja2_environment(env: Environment) -> None:
    render.prepare_templates(env)
