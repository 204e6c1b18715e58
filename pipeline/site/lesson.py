"""Lesson sheets: quotes in an order, with questions, to be changed, printed and taken away.

Only what is public and may be used for teaching stands on a sheet, whoever is logged in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datasette.utils.asgi import Request, Response

from pipeline import passage
from pipeline.clock import clock
from pipeline.passage import Passage, PassageError
from pipeline.site import document, quoting
from pipeline.site.guard import is_gone
from pipeline.site.licences import may_be_taught
from pipeline.site.quote import qr_code, shown
from pipeline.site.quoting import Reference
from pipeline.site.render import FRESH, page, words_of
from pipeline.site.sheet import (
    LONGEST_END,
    LONGEST_QUESTION,
    LONGEST_TITLE,
    MOST,
    Item,
    Sheet,
)
from pipeline.site.words import INTERFACE, Words

if TYPE_CHECKING:
    from datasette.app import Datasette

_ANYONE = None
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@dataclass(frozen=True)
class Entry:
    """One quote on a sheet: `found` and what pages show of it, or the sentence why it is not."""

    item: Item
    named: str
    found: Passage | None
    shown: dict[str, Any]
    address: str
    credit: tuple[str, ...]
    problem: str | None


async def lesson(datasette: Datasette, request: Request) -> Response:
    """The sheet as it is put together; a button that was pressed leads to the changed sheet."""
    sheet, words = Sheet.of(request.args), words_of(request)
    asked = request.args.get("lang")
    language = {"lang": asked} if asked in INTERFACE else {}
    changed = sheet.changed(request.args)
    if changed != sheet:
        return Response.redirect(changed.address("/lesson", **language))
    problem = None
    if (request.args.get("add") or "").strip():
        problem = (
            words.gettext("The sheet is full.")
            if sheet.is_full
            else words.gettext("This is no address of a quote. It looks like %(example)s.")
            % {"example": "/quote/ID/12.5-20"}
        )
    context = {
        "sheet": sheet,
        "entries": await _entries(datasette, request, sheet, words),
        "problem": problem,
        "most": words.number(MOST),
        "longest": {"title": LONGEST_TITLE, "question": LONGEST_QUESTION, "end": LONGEST_END},
    }
    return await page(datasette, request, "archive/lesson.html", context)


async def printed(datasette: Datasette, request: Request) -> Response:
    """The sheet as pupils get it."""
    sheet, words = Sheet.of(request.args), words_of(request)
    entries = await _entries(datasette, request, sheet, words)
    context = {
        "sheet": sheet,
        "entries": entries,
        "codes": [qr_code(entry.address) if entry.found else None for entry in entries],
        "back": sheet.address("/lesson"),
        "download": sheet.address("/lesson.docx"),
    }
    return await page(datasette, request, "archive/lesson_sheet.html", context)


async def download(datasette: Datasette, request: Request) -> Response:
    """The sheet as DOCX, for a word processor."""
    sheet, words = Sheet.of(request.args), words_of(request)
    entries = await _entries(datasette, request, sheet, words)
    quotes = [
        document.Quote(
            warnings=_warnings(entry.found, words),
            speeches=[(one.language, one.after_gap, one.text) for one in entry.shown["speeches"]],
            who=entry.credit[0],
            credit=" · ".join(entry.credit[1:]),
            address=entry.address,
            question=entry.item.question,
        )
        if entry.found
        else document.Missing(entry.named, entry.problem or "", entry.item.question)
        for entry in entries
    ]
    title = sheet.title or words.gettext("Lesson sheet")
    content = document.docx(
        title, quotes, sheet.end, archive=datasette.metadata("title"), language=words.language
    )
    headers = FRESH | {"content-disposition": 'attachment; filename="lesson.docx"'}
    return Response(content, content_type=_DOCX, headers=headers)


async def _entries(
    datasette: Datasette, request: Request, sheet: Sheet, words: Words
) -> list[Entry]:
    return [await _entry(datasette, request, item, words) for item in sheet.items]


async def _entry(datasette: Datasette, request: Request, item: Item, words: Words) -> Entry:
    wanted, named = item.reference, _named(item.reference)
    if await is_gone(datasette, f"testimonies/{wanted.testimony_id}"):
        withdrawn = words.gettext("This testimony was withdrawn. Its words are no longer shown.")
        return Entry(item, named, None, {}, "", (), withdrawn)
    try:
        found = await quoting.find(datasette, _ANYONE, wanted)
    except PassageError as error:
        return Entry(item, named, None, {}, "", (), quoting.sentence(error, words))
    if not may_be_taught(found.testimony.uses):
        refused = words.gettext("Its narrator did not agree that it is used for teaching.")
        return Entry(item, named, None, {}, "", (), refused)
    context = shown(found, words)
    address = datasette.absolute_url(request, quoting.path(found))
    credit = _credit(found, context, datasette.metadata("title"), words)
    return Entry(item, named, found, context, address, credit, None)


def _named(reference: Reference) -> str:
    """A quote without its words: `lt-1998-0042, 0:12–0:20`."""
    try:
        place = passage.place(reference.testimony_id, reference.range)
    except PassageError:
        return reference.testimony_id
    return f"{place.testimony_id}, {clock(place.start_s)}–{clock(place.end_s)}"


def _credit(found: Passage, context: dict[str, Any], archive: str, words: Words) -> tuple[str, ...]:
    """Who says it first; then what a reader must be able to find it again, and the licence."""
    testimony, _ = found.testimony, words.gettext
    who = testimony.narrator or _("Narrator not recorded")
    if testimony.narrator_born:
        who = _("%(name)s, born %(year)s") % {"name": who, "year": testimony.narrator_born}
    times = {"start": context["starts"], "end": context["ends"], "part": found.place.part}
    many = testimony.parts > 1
    facts = [
        who,
        testimony.title,
        (_("part %(part)s, %(start)s–%(end)s") if many else "%(start)s–%(end)s") % times,
        _("Recorded: %(date)s") % {"date": words.date(testimony.recorded_on)},
        testimony.place,
        _("Interviewer: %(name)s") % {"name": testimony.interviewer}
        if testimony.interviewer
        else None,
        archive,
        context["licence"].name,
        _("A machine wrote these words down.") if found.by_machine else None,
    ]
    return tuple(fact for fact in facts if fact)


def _warnings(found: Passage, words: Words) -> list[str]:
    testimony = found.testimony
    said = [testimony.notice] if testimony.notice else []
    if testimony.warnings:
        what = {"what": words.all_of([*testimony.warnings])}
        said.append(words.gettext("It may be hard to hear or read: %(what)s.") % what)
    return said
