"""Commands that show the archive: what may leave, its site, and the site's search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.command import command
from pipeline.cli.session import Session
from pipeline.clock import clock

if TYPE_CHECKING:
    from pipeline.hits import Hit
    from pipeline.search import Found


@command("testimony publish")
@click.option("--anew", is_flag=True, help="Make the database from nothing.")
def publish(session: Session, anew: bool) -> None:
    """Brings publication/ up to date with archive.db and the sidecars."""
    from pipeline.publish import publish as bring_up_to_date

    with session.writing() as archive:
        report = bring_up_to_date(archive, session.config, session.terminal, anew=anew)
    session.finish([report])


@command("testimony serve --port 8001")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8001, show_default=True, type=click.IntRange(1, 65535))
def serve(session: Session, host: str, port: int) -> None:
    """Serves publication/ with Datasette until it is stopped."""
    from pipeline import audio
    from pipeline.desk import Desk
    from pipeline.site import app

    app.must_be_free(host, port)
    site = app.build(session.root, audio.cut_copy, Desk(session.root))
    if session.as_json:
        session.print_json({"address": f"http://{host}:{port}"})
    else:
        session.terminal.line(f"The archive is at http://{host}:{port} (Ctrl-C stops it)")
    app.serve(site, host, port)


@command("testimony search 'wagon* Syberia' --language pl")
@click.argument("query")
@click.option("--language", metavar="XX", help="Only what was said in this language.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@click.option("--public", is_flag=True, help="Only what is public, as a visitor of the site.")
def search(session: Session, query: str, language: str | None, limit: int, public: bool) -> None:
    """The site's search, from the terminal, in everything the archive knows."""
    from pipeline import search as finder

    by_meaning = session.config.search_by_meaning
    found = finder.search(
        session.root, query, language, limit, everything=not public, by_meaning=by_meaning
    )
    if session.as_json:
        session.print_json({"query": query, **_found(found)})
    else:
        _print_found(session, found)


def _found(found: Found) -> dict[str, Any]:
    lists = ("hits", "offers", "related", "near")
    about = {k: v for k, v in asdict(found).items() if k not in lists}
    return about | {
        "hits": _hits(found.hits),
        "offers": [asdict(offer) | {"query": offer.query} for offer in found.offers],
        "related": _hits(found.related),
        "near": _hits(found.near),
    }


def _print_found(session: Session, found: Found) -> None:
    if found.meant:
        said = "Nothing found as typed; found for" if found.corrected else "Did you mean"
        session.terminal.line(f"{said}: {found.meant}")
    _print_hits(session, found.hits)
    more = "more than " if found.more_than else ""
    session.terminal.line(f"{len(found.hits)} of {more}{found.total} passages")
    for offer in found.offers:
        more = "more than " if offer.more_than else ""
        count = f"{more}{offer.passages} in any language"
        session.terminal.line(f"{offer.label}: {count}, testimony search {offer.query}")
    if found.related:
        session.terminal.line("Said in other words:")
        _print_hits(session, found.related)
    if found.near:
        session.terminal.line("Near in meaning, as a machine guesses; not among the hits:")
        _print_hits(session, found.near)


def _hits(hits: Sequence[Hit]) -> list[dict[str, Any]]:
    return [
        {k: v for k, v in asdict(hit).items() if k != "marked"} | {"listen": hit.listen_path}
        for hit in hits
    ]


def _print_hits(session: Session, hits: Sequence[Hit]) -> None:
    for hit in hits:
        where = f"{hit.testimony_id}  part {hit.part}  {clock(hit.start_s)}"
        said = hit.text if hit.can_be_heard else f"{hit.text}  (not public)"
        session.terminal.line(f"{where}  [{hit.language or '?'}]  {said}")
