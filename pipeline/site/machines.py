"""What programs read: schema.org's description of the archive, sitemap, robots.txt, icon.

All of it says only what is public, whoever asks.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from datasette.utils.asgi import NotFound, Request, Response

from pipeline.columns import DESCRIPTION
from pipeline.passage import seconds
from pipeline.publication import DATABASE
from pipeline.site.render import page
from pipeline.site.ways import ways
from pipeline.site.words import SOURCE, Words, words_in

if TYPE_CHECKING:
    from datasette.app import Datasette

# A path, and the day on which what is there last changed, as far as known.
_Place = tuple[str, str | None]
_NAME = DATABASE.removesuffix(".db")
# The most that a file of a sitemap may have (https://www.sitemaps.org/protocol.html).
PER_SITEMAP = 50_000
_PAGES = ("/", "/testimonies", "/about", "/quality", "/api")
_SITEMAP_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
_SITEMAP_SQL = """
SELECT id, (SELECT max(transcribed_at) FROM recordings WHERE testimony_id = testimonies.id)
FROM testimonies ORDER BY id LIMIT ? OFFSET ?
"""
# Searches and tables are endless for a crawler, and cost; testimonies are what is to be found.
_ROBOTS = """\
User-agent: *
Disallow: /search
Disallow: /public/
Disallow: /researchers
Disallow: /lesson
Disallow: /clip/
Disallow: /-/login

Sitemap: {sitemap}
"""
_WORD_SQL = """
SELECT testimony_id, text, start_s, end_s FROM segments
WHERE language IS NOT NULL AND length(text) > 12 ORDER BY id LIMIT 1
"""


def paragraphs(datasette: Datasette, words: Words) -> list[str]:
    """What the archive says of itself; a plain sentence where it says nothing."""
    said, _ = str(datasette.metadata("description") or DESCRIPTION), words.gettext
    if said == DESCRIPTION:
        return [_("Recorded testimonies, searchable word by word.")]
    return [part.strip() for part in said.split("\n\n") if part.strip()]


async def description(datasette: Datasette, request: Request) -> dict[str, Any]:
    """The archive in schema.org's words: who keeps it, what it is, and where its data are."""
    found = await ways(datasette.get_database(_NAME))

    def at(path: str) -> str:
        return str(datasette.absolute_url(request, path))

    title = datasette.metadata("title")
    said = "\n\n".join(paragraphs(datasette, words_in(SOURCE)))
    keeper = {"@type": "ArchiveOrganization", "@id": at("/#archive"), "name": title, "url": at("/")}
    collections = [
        {"@type": "Collection", "name": name, "collectionSize": count,
         "holdingArchive": {"@id": at("/#archive")}}
        for name, count in found.collections
    ]  # fmt: skip
    return {
        "@context": "https://schema.org",
        "@graph": [
            keeper | {"description": said},
            {
                "@type": ["Dataset", "Collection"],
                "@id": at("/#testimonies"),
                "name": title,
                "description": said,
                "url": at("/"),
                "creator": {"@id": at("/#archive")},
                "inLanguage": [one.language for one in found.languages],
                "collectionSize": found.testimonies,
                "isAccessibleForFree": True,
                "license": at("/about#licence"),
                "potentialAction": {
                    "@type": "SearchAction",
                    "target": at("/search?q=") + "{query}",
                    "query-input": "required name=query",
                },
                "hasPart": collections,
                "distribution": [
                    {"@type": "DataDownload", "name": name, "encodingFormat": kind,
                     "contentUrl": at(path)}
                    for name, kind, path in (
                        ("SQLite", "application/vnd.sqlite3", f"/{_NAME}.db"),
                        ("CSV", "text/csv", f"/{_NAME}/testimonies.csv?_stream=on&_dl=on"),
                        ("JSON", "application/json", f"/{_NAME}/testimonies.json?_shape=objects"),
                    )
                ],
            },
        ],
    }  # fmt: skip


async def sitemap(datasette: Datasette, request: Request) -> Response:
    """Every public testimony; where one file cannot have them all, a list of files."""
    found = await ways(datasette.get_database(_NAME))
    files = -(-(found.testimonies + len(_PAGES)) // PER_SITEMAP)
    asked = request.url_vars.get("number")
    if asked is None and files > 1:
        places: list[_Place] = [(f"/sitemap-{n}.xml", None) for n in range(1, files + 1)]
        return _xml("sitemapindex", "sitemap", _locations(datasette, request, places))
    number = int(asked or 1)
    if not 1 <= number <= files:
        raise NotFound("There is no such sitemap.")
    before = (number - 1) * PER_SITEMAP - (len(_PAGES) if number > 1 else 0)
    room = PER_SITEMAP - (len(_PAGES) if number == 1 else 0)
    rows = await datasette.get_database(_NAME).execute_fn(
        lambda connection: connection.execute(_SITEMAP_SQL, [room, before]).fetchall()
    )
    places = [(path, None) for path in _PAGES] if number == 1 else []
    places += [(f"/testimony/{ident}", (when or "")[:10] or None) for ident, when in rows]
    return _xml("urlset", "url", _locations(datasette, request, places))


async def robots(datasette: Datasette, request: Request) -> Response:
    """Where crawlers may go, and where the list is."""
    return Response.text(_ROBOTS.format(sitemap=datasette.absolute_url(request, "/sitemap.xml")))


async def icon(datasette: Datasette, request: Request) -> Response:
    """The icon, where browsers look for one unasked."""
    text = (resources.files("pipeline.site") / "static" / "icon.svg").read_text(encoding="utf-8")
    return Response(text, content_type="image/svg+xml", headers={"cache-control": "max-age=86400"})


async def api(datasette: Datasette, request: Request) -> Response:
    """How programs read this archive, with examples from its own testimonies."""
    db = datasette.get_database(_NAME)
    found = (await db.execute(_WORD_SQL)).first()
    sample = _sample(datasette, request, found) if found else None
    return await page(datasette, request, "archive/api.html", {"sample": sample})


def _sample(datasette: Datasette, request: Request, row: Any) -> dict[str, str]:
    """What stands in the examples: a testimony, a word in it, and a quote of its first line."""
    words = ["".join(filter(str.isalpha, word)) for word in row["text"].split()]
    quote = f"/quote/{row['testimony_id']}/{seconds(row['start_s'])}-{seconds(row['end_s'])}"
    return {
        "testimony": row["testimony_id"],
        "word": max(words, key=len),
        "quote": str(datasette.absolute_url(request, quote)),
    }


def _locations(datasette: Datasette, request: Request, places: list[_Place]) -> list[str]:
    return [
        f"<loc>{escape(datasette.absolute_url(request, path))}</loc>"
        + (f"<lastmod>{escape(day)}</lastmod>" if day else "")
        for path, day in places
    ]


def _xml(root: str, element: str, entries: list[str]) -> Response:
    inner = "".join(f"<{element}>{entry}</{element}>\n" for entry in entries)
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{_SITEMAP_NAMESPACE}">\n'
    return Response(f"{text}{inner}</{root}>\n", content_type="application/xml; charset=utf-8")
