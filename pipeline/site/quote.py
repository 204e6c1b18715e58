"""The page of a quote: the words, who says them, their sound, how to cite and what is allowed."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import segno
from datasette.utils.asgi import Request, Response
from markupsafe import Markup

from pipeline import citation, references
from pipeline.cited import Source
from pipeline.clock import clock
from pipeline.passage import Line, Passage, PassageError, seconds
from pipeline.site import quoting
from pipeline.site.licences import agreed, licence, may_be_taught
from pipeline.site.quoting import Reference
from pipeline.site.render import FRESH, link, page, words_of
from pipeline.site.words import SOURCE, Words, words_in

if TYPE_CHECKING:
    from datasette.app import Datasette

_TITLE_WORDS = 8
# By the end of an address: what writes it, and its media type.
_FILES: dict[str, tuple[Callable[[Source], str], str]] = {
    "bib": (references.bibtex, "application/x-bibtex"),
    "ris": (references.ris, "application/x-research-info-systems"),
    "json": (
        lambda source: json.dumps([references.csl(source)], ensure_ascii=False, indent=2) + "\n",
        "application/vnd.citationstyles.csl+json",
    ),
}


@dataclass(frozen=True)
class Speech:
    """Lines one after another in one language, by one speaker."""

    language: str | None
    speaker: str | None
    after_gap: bool
    text: str


async def quote(datasette: Datasette, request: Request) -> Response:
    """The page of a passage, or a page that says in a sentence why there is none."""
    try:
        found = await quoting.find(datasette, request.actor, _wanted(request))
    except PassageError as error:
        return await _refused(datasette, request, error)
    source = _source(datasette, request, found)
    address, words = source.address, words_of(request)
    embedded = datasette.absolute_url(request, quoting.path(found, "/embed"))
    context = shown(found, words) | {
        "address": address,
        "styles": _styles(source),
        "files": [
            (name, quoting.path(found, f".{end}"), _FILES[end][0](source))
            for name, end in (("BibTeX", "bib"), ("RIS", "ris"), ("CSL JSON", "json"))
        ],
        "qr": qr_code(address),
        "embed": embed_code(embedded, title(found)),
        "oembed": datasette.absolute_url(
            request, link("/oembed", {"url": address, "format": "json"})
        ),
        "add": link("/lesson", {"q": str(quoting.reference(found))}),
        "reference": str(quoting.reference(found)),
        "may_be_taught": may_be_taught(found.testimony.uses)
        and await quoting.is_public(datasette, quoting.reference(found)),
    }
    return await page(datasette, request, "archive/quote.html", context)


async def embed(datasette: Datasette, request: Request) -> Response:
    """The same without all around it, for a frame in another page."""
    try:
        found = await quoting.find(datasette, request.actor, _wanted(request))
    except PassageError as error:
        return await _refused(datasette, request, error, embeddable=True)
    context = shown(found, words_of(request)) | {"address": _address(datasette, request, found)}
    return await page(datasette, request, "archive/quote_embed.html", context, embeddable=True)


async def citation_file(datasette: Datasette, request: Request) -> Response:
    """A citation for a citation manager."""
    try:
        found = await quoting.find(datasette, request.actor, _wanted(request))
    except PassageError as error:
        said = quoting.sentence(error, words_of(request))
        return Response.text(said, status=quoting.status(error))
    source, end = _source(datasette, request, found), request.url_vars["form"]
    write, kind = _FILES[end]
    headers = FRESH | {"content-disposition": f'attachment; filename="{source.key}.{end}"'}
    return Response(write(source), content_type=f"{kind}; charset=utf-8", headers=headers)


def shown(found: Passage, words: Words) -> dict[str, Any]:
    """What every page that shows a quote has in its context."""
    testimony, place = found.testimony, found.place
    part = f"{place.part}:" if place.part > 1 else ""
    return {
        "passage": found,
        "testimony": testimony,
        "speeches": speeches(found),
        "title": title(found),
        "languages": words.all_of([words.language_name(one) for one in found.languages]),
        "starts": clock(place.start_s),
        "ends": clock(place.end_s),
        "whole_lines": _whole_lines(found),
        "sound": quoting.clip_path(found) if found.recording.media else None,
        "in_testimony": link(f"/testimony/{testimony.id}", {"t": part + seconds(place.start_s)}),
        "licence": licence(testimony.licence, words),
        "agreed": agreed(testimony.uses, words),
        "transcribed_on": words.date((found.recording.transcribed_at or "")[:10] or None),
    }


def speeches(found: Passage) -> list[Speech]:
    """Its lines, those together that are one speech."""
    said: list[Speech] = []
    for line in found.lines:
        last = said[-1] if said else None
        if last and not line.after_gap and _kind(last) == _kind(line):
            said[-1] = replace(last, text=f"{last.text} {line.text}")
        else:
            said.append(Speech(line.language, line.speaker, line.after_gap, line.text))
    return said


def title(found: Passage) -> str:
    """The first words, or the testimony's title where there are none."""
    words = found.text.split()
    if not words:
        return found.testimony.title
    return " ".join(words[:_TITLE_WORDS]) + ("…" if len(words) > _TITLE_WORDS else "")


def qr_code(address: str) -> Markup:
    """An SVG that a camera reads, dark on white whatever the page's colours are."""
    code = segno.make(address, error="m", micro=False)
    return Markup(  # noqa: S704 - segno's own numbers; nothing of the address is in it
        code.svg_inline(border=4, dark="#000", light="#fff", omitsize=True, svgclass="qr")
    )


def embed_code(address: str, named: str, width: int = 560, height: int = 320) -> str:
    """The HTML that shows a quote in another page; sizes in CSS pixels."""
    frame = Markup('<iframe src="{}" title="{}" width="{}" height="{}" loading="lazy"></iframe>')
    return str(frame.format(address, named, width, height))


def key(found: Passage) -> str:
    """A name for the passage that citation managers and file systems take."""
    return re.sub(r"[^a-z0-9]+", "-", f"{found.place.testimony_id} {found.place.range}".lower())


def _kind(said: Speech | Line) -> tuple[str | None, str | None]:
    return said.language, said.speaker


def _wanted(request: Request) -> Reference:
    named = request.url_vars
    return Reference(named["testimony_id"], named["range"], request.args.get("v"))


def _address(datasette: Datasette, request: Request, found: Passage) -> str:
    address: str = datasette.absolute_url(request, quoting.path(found))
    return address


def _source(datasette: Datasette, request: Request, found: Passage) -> Source:
    testimony, place = found.testimony, found.place
    return Source(
        key=key(found),
        title=testimony.title,
        archive=datasette.metadata("title"),
        address=_address(datasette, request, found),
        start_s=place.start_s,
        end_s=place.end_s,
        accessed=datetime.datetime.now(datetime.UTC).date(),
        narrator=testimony.narrator,
        narrator_born=testimony.narrator_born,
        interviewer=testimony.interviewer,
        recorded_on=testimony.recorded_on,
        place=testimony.place,
        licence=licence(testimony.licence, words_in(SOURCE)).name if testimony.licence else None,
        language=found.languages[0] if found.languages else None,
        part=place.part if testimony.parts > 1 else None,
        film=found.recording.has_video,
    )


def _styles(source: Source) -> list[tuple[str, str, list[tuple[str, Markup]]]]:
    """By style: an id, its name, and what it has, each with a name of its own."""
    return [
        (
            "chicago",
            "Chicago",
            [
                ("note", citation.chicago_note(source)),
                ("bibliography", citation.chicago_bibliography(source)),
            ],
        ),
        (
            "apa",
            "APA",
            [
                ("reference", citation.apa_reference(source)),
                ("in text", citation.apa_in_text(source)),
            ],
        ),
        ("iso690", "ISO 690", [("reference", citation.iso690(source))]),
    ]


def _whole_lines(found: Passage) -> tuple[str, str] | None:
    """From when to when its lines last, where that is longer than the passage."""
    if not found.lines:
        return None
    start_s, end_s = found.lines[0].start_s, found.lines[-1].end_s
    longer = found.place.start_s - start_s > 1 or end_s - found.place.end_s > 1
    return (clock(start_s), clock(end_s)) if longer else None


async def _refused(
    datasette: Datasette, request: Request, error: PassageError, *, embeddable: bool = False
) -> Response:
    context = {"sentence": quoting.sentence(error, words_of(request))}
    return await page(
        datasette,
        request,
        "archive/no_quote.html",
        context,
        status=quoting.status(error),
        embeddable=embeddable,
    )
