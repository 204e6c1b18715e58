"""`/review`: reviewers listen, and put right what the machine wrote; nobody else learns anything.

The site reads and writes nothing here itself: a desk does, which the command line hands in.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from datasette.utils.asgi import NotFound, Request, Response
from starlette.responses import FileResponse

from pipeline import review
from pipeline.clock import clock
from pipeline.errors import AudioError, PipelineError
from pipeline.review import Clash, Desk, Doubted, Edit, EditError, NotHere, Progress, Row, Sheet
from pipeline.site import accounts, reasons
from pipeline.site.render import UNKEPT, fragment, link, offered, page, page_number, words_of
from pipeline.site.words import Words

if TYPE_CHECKING:
    from datasette.app import Datasette

_PER_PAGE = 40
_AGAIN_S = 3


@dataclass(frozen=True)
class _Office:
    """The desk of a site, and who may come to it now."""

    desk: Desk
    reviewers: Callable[[], Mapping[str, str]]


_OFFICES: WeakKeyDictionary[Datasette, _Office] = WeakKeyDictionary()


@dataclass(frozen=True)
class Shown:
    """A row as the page shows it; `speaker` only where it changes, `marks` are (kind, words)."""

    row: Row
    key: str
    clock: str
    speaker: str | None
    marks: tuple[tuple[str, str], ...]
    why: tuple[str, ...]


@dataclass(frozen=True)
class Editor:
    """The form on the page: the rows that it is about, and what is written in it.

    `theirs` is what somebody else made of these rows meanwhile.
    """

    rows: tuple[Row, ...]
    text: str
    language: str | None
    speaker: str | None
    private: bool = False
    problem: str | None = None
    theirs: str | None = None

    @classmethod
    def of(cls, rows: Sequence[Row], **changed: Any) -> Editor:
        """The rows as they stand, in one box."""
        first = next((row for row in rows if row.text), rows[0])
        text = " ".join(row.text for row in rows if row.text)
        return cls(tuple(rows), text, first.language, first.speaker, **changed)

    @property
    def seen(self) -> str:
        """What goes back with the form."""
        return json.dumps([_seen(row) for row in self.rows], ensure_ascii=False)


def install(datasette: Datasette, desk: Desk, reviewers: Callable[[], Mapping[str, str]]) -> None:
    """Opens `/review` to those whom `reviewers` names at the moment they ask."""
    _OFFICES[datasette] = _Office(desk, reviewers)


async def queue_page(datasette: Datasette, request: Request) -> Response:
    """What waits for a person, most doubted first, and how far each testimony is."""
    desk = _desk(datasette, request)
    if desk is None:
        return await _refused(datasette, request)
    language = request.args.get("language") or None
    try:
        queue = await asyncio.to_thread(desk.queue, language)
    except PipelineError as error:
        return await _unreadable(datasette, request, error)
    number, words = page_number(request), words_of(request)
    first = (number - 1) * _PER_PAGE
    context = {
        "who": request.actor["id"],
        "queue": queue,
        "waiting": [
            (
                one,
                _shown(one.row, words),
                f"{_path(one.id)}?part={one.part}&at={one.row.start_s}#now",
            )
            for one in queue.doubted[first : first + _PER_PAGE]
        ],
        "language": language,
        "number": number,
        "more": len(queue.doubted) > first + _PER_PAGE,
        "first": first + 1,
        "standings": sorted(queue.standings, key=lambda one: (-one.progress.doubted, one.id)),
        "said": lambda progress: _progress(progress, words),
        "access_names": _access_names(words),
    }
    return await page(datasette, request, "archive/review.html", context, cache=UNKEPT)


async def sheet_page(datasette: Datasette, request: Request) -> Response:
    """One recording to work on; a POST keeps one edit of it."""
    desk = _desk(datasette, request)
    by_script = request.headers.get("content-type", "").startswith("application/json")
    if desk is None or (request.method == "POST" and _is_foreign(request)):
        return await _refused(datasette, request, by_script=by_script)
    ident, part = request.url_vars["ident"], _part(request)
    try:
        if request.method == "POST":
            take = _take_json if by_script else _take_form
            return await take(datasette, request, desk, ident, part)
        sheet = await asyncio.to_thread(desk.sheet, ident, part)
    except NotHere:
        return await _nothing(datasette, request, by_script=by_script)
    except PipelineError as error:
        return await _unreadable(datasette, request, error, by_script=by_script)
    return await _sheet(datasette, request, desk, sheet, _asked(request, sheet))


async def sound(
    datasette: Datasette, request: Request, scope: Any, receive: Any, send: Any
) -> None:
    """The whole recording, unredacted: 200 or 206; 202 while its copy is being made."""
    desk = _desk(datasette, request)
    if desk is None:
        await (await _refused(datasette, request)).asgi_send(send)
        return
    path = problem = None
    try:
        part = int(request.url_vars["part"])
        path = await asyncio.to_thread(desk.sound, request.url_vars["ident"], part)
    except (NotHere, PipelineError) as error:
        problem = error
    if path is not None:
        answer = FileResponse(path, media_type="audio/mp4", headers=UNKEPT)
        await answer(scope, receive, send)
        return
    status = 202 if problem is None else 404 if isinstance(problem, NotHere) else 500
    later = {"retry-after": str(_AGAIN_S)} if status == 202 else {}
    said = _sound_said(status, words_of(request))
    await Response.text(said, status=status, headers=UNKEPT | later).asgi_send(send)


# Who may


def _desk(datasette: Datasette, request: Request) -> Desk | None:
    """The desk for a reviewer, None for anybody else. Raises NotFound where there is no desk."""
    office = _OFFICES.get(datasette)
    if office is None:
        raise NotFound("There is no such page.")
    try:
        known = office.reviewers()
    except PipelineError:
        return None  # nobody, until the list can be read again
    return office.desk if accounts.is_reviewer(request.actor, known) else None


def _is_foreign(request: Request) -> bool:
    """Whether another site may have sent this; where the browser does not say, it may."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return bool(site != "same-origin")
    return bool(urlsplit(request.headers.get("origin", "")).netloc != request.host)


async def _refused(datasette: Datasette, request: Request, *, by_script: bool = False) -> Response:
    """The same for everything below `/review`: it does not say what there is."""
    if by_script:
        _ = words_of(request).gettext
        said = _("You are no longer logged in as a reviewer. Log in again in another window.")
        return _json({"problem": said}, 403)
    # The address is not said again, not even in the links to this page's other languages.
    context = {"path": "/review", "languages_offered": offered("/review")}
    return await page(
        datasette, request, "archive/review_closed.html", context, status=403, cache=UNKEPT
    )


async def _nothing(datasette: Datasette, request: Request, *, by_script: bool) -> Response:
    said = words_of(request).gettext("There is no such recording to be reviewed.")
    return await _told(datasette, request, said, 404, by_script=by_script)


async def _unreadable(
    datasette: Datasette, request: Request, error: PipelineError, *, by_script: bool = False
) -> Response:
    said = words_of(request).gettext("The archive cannot be read or written just now. Try again.")
    return await _told(datasette, request, f"{said} ({error.problem})", 503, by_script=by_script)


async def _told(
    datasette: Datasette, request: Request, said: str, status: int, *, by_script: bool
) -> Response:
    if by_script:
        return _json({"problem": said}, status)
    context = {"said": said, "path": "/review"}
    return await page(
        datasette, request, "archive/review_none.html", context, status=status, cache=UNKEPT
    )


# Edits


async def _take_json(
    datasette: Datasette, request: Request, desk: Desk, ident: str, part: int
) -> Response:
    """From the page's script: rows come back as HTML, to stand where the old ones stood."""
    words = words_of(request)
    try:
        edit = review.read(await request.post_body())
        saved = await asyncio.to_thread(desk.save, ident, part, edit, request.actor["id"])
    except EditError as error:
        return _json({"problem": _problem(error, words)}, 400)
    except Clash as clash:
        rows = await _rows(datasette, request, ident, part, clash.rows)
        return _json({"problem": _clash(clash, words), "rows": rows}, 409)
    return _json(
        {
            "rows": await _rows(datasette, request, ident, part, saved.rows),
            "progress": _progress(saved.progress, words),
        }
    )


async def _take_form(
    datasette: Datasette, request: Request, desk: Desk, ident: str, part: int
) -> Response:
    """From a browser without scripts: on to the next line, or the form again with what is wrong."""
    sent, words = await request.post_vars(), words_of(request)
    sheet = await asyncio.to_thread(desk.sheet, ident, part)
    editor = None
    try:
        seen = review.read(json.dumps({"seen": _loads(sent.get("seen", "")), "lines": []}))
        there = _touching(sheet, seen)
        if sent.get("do") == "join":
            return await _sheet(datasette, request, desk, sheet, _joined(sheet, there, sent))
        editor = _again(there, sent)
        edit = _edit(seen, sent)
        await asyncio.to_thread(desk.save, ident, part, edit, request.actor["id"])
    except EditError as error:
        said = _problem(error, words)
        form = replace(editor, problem=said) if editor else None
        return await _sheet(datasette, request, desk, sheet, form, 400, problem=said)
    except Clash as clash:
        theirs = "\n".join(row.text for row in clash.rows)
        again = _again(clash.rows, sent) if clash.rows else None
        again = again and replace(again, problem=_clash(clash, words), theirs=theirs)
        sheet = await asyncio.to_thread(desk.sheet, ident, part)
        return await _sheet(datasette, request, desk, sheet, again, 409)
    following = next((row for row in sheet.rows if row.start_s >= edit.end_s), None)
    values = {"part": part, "lang": request.args.get("lang")}
    if following is None:
        return Response.redirect(link(_path(ident), values), headers=UNKEPT)
    at = link(f"{_path(ident)}#now", {**values, "at": str(following.start_s)})
    return Response.redirect(at, headers=UNKEPT)


def _edit(seen: Edit, sent: Mapping[str, str]) -> Edit:
    """What the form says. Raises EditError."""
    text = "" if sent.get("do") == "nothing" else sent.get("text", "")
    lines = review.written(text, sent.get("language") or None, sent.get("speaker") or None)
    if not lines and sent.get("do") != "nothing" and any(row.text for row in seen.seen):
        raise EditError("empty")
    edit = seen.model_copy(update={"lines": lines, "private": "private" in sent})
    return review.read(edit.model_dump_json())


def _loads(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise EditError("unreadable") from error


def _touching(sheet: Sheet, edit: Edit) -> tuple[Row, ...]:
    """The rows of now where the edit is. Raises EditError where nothing is any more."""
    there = tuple(
        row for row in sheet.rows if row.start_s < edit.end_s and edit.start_s < row.end_s
    )
    if not there:
        raise EditError("unreadable")
    return there


def _again(rows: tuple[Row, ...], sent: Mapping[str, str]) -> Editor:
    """The form as it was sent."""
    return Editor(
        rows,
        sent.get("text", "")[: review.LONGEST_TEXT],
        sent.get("language") or None,
        sent.get("speaker") or None,
        "private" in sent,
    )


def _joined(sheet: Sheet, rows: tuple[Row, ...], sent: Mapping[str, str]) -> Editor:
    """The form with the next line in it too; a stretch without words between them goes along."""
    after = [row for row in sheet.rows if row.start_s >= rows[-1].end_s]
    count = next((n for n, row in enumerate(after, start=1) if row.text), 0)
    more = tuple(after[:count])
    editor = _again(rows + more, sent)
    text = " ".join([editor.text.strip(), *(row.text for row in more if row.text)])
    return replace(editor, text=text)


# What is shown


async def _sheet(
    datasette: Datasette,
    request: Request,
    desk: Desk,
    sheet: Sheet,
    editor: Editor | None,
    status: int = 200,
    problem: str | None = None,
) -> Response:
    """`problem` is said above the lines where there is no form to say it in."""
    words = words_of(request)
    state, said = await _listening(desk, sheet, words)
    context: dict[str, Any] = {
        "path": _path(sheet.id),
        "sheet": sheet,
        "editor": editor,
        "problem": None if editor else problem,
        "opened": editor.rows[0].start_s if editor else None,
        "covered": {row.start_s for row in editor.rows[1:]} if editor else set(),
        "sound": f"{_path(sheet.id)}/sound/{sheet.part}",
        "sound_state": state,
        "sound_said": said,
        "progress": _progress(sheet.progress, words),
        "access_name": _access_names(words).get(sheet.access, sheet.access),
        "languages": [(code, words.language_name(code)) for code in sheet.languages],
        "longest": review.LONGEST_TEXT,
        "redacted": [(clock(a), clock(b)) for a, b in sheet.redacted],
        **_row_context(sheet.id, sheet.part, sheet.rows, words),
    }
    context["csrftoken"] = request.scope["csrftoken"]
    return await page(
        datasette,
        request,
        "archive/review_sheet.html",
        context,
        status=status,
        long={"lines": "archive/_review_rows.html"},
        cache=UNKEPT,
    )


async def _listening(desk: Desk, sheet: Sheet, words: Words) -> tuple[str, str]:
    """Whether the sound is there, being made, or cannot be had; and the sentence for it."""
    try:
        path = await asyncio.to_thread(desk.sound, sheet.id, sheet.part)
    except NotHere:
        return "none", _sound_said(404, words)
    except AudioError:
        return "none", _sound_said(500, words)
    return ("there", "") if path else ("making", _sound_said(202, words))


def _sound_said(status: int, words: Words) -> str:
    _ = words.gettext
    return {
        404: _("The recording itself is not here."),
        500: _("The sound could not be prepared. The log of the site says why."),
        202: _("The sound is being prepared. An hour of it takes about a minute."),
    }[status]


async def _rows(
    datasette: Datasette, request: Request, ident: str, part: int, rows: Sequence[Row]
) -> str:
    """The rows alone, for the page's script."""
    context = _row_context(ident, part, rows, words_of(request))
    return await fragment(datasette, request, "archive/_review_rows.html", context)


def _row_context(ident: str, part: int, rows: Sequence[Row], words: Words) -> dict[str, Any]:
    speakers = [None, *(row.speaker for row in rows)]
    return {
        "rows": [_shown(row, words, before) for row, before in zip(rows, speakers, strict=False)],
        "line_path": f"{_path(ident)}?part={part}",
        "sound": f"{_path(ident)}/sound/{part}",
    }


def _shown(row: Row, words: Words, speaker_before: str | None = None) -> Shown:
    return Shown(
        row=row,
        key=str(round(row.start_s * 1000)),
        clock=clock(row.start_s),
        speaker=row.speaker if row.speaker != speaker_before else None,
        marks=tuple(_marks(row, words)),
        why=tuple(reasons.in_words(reason, words) for reason in row.reasons),
    )


def _marks(row: Row, words: Words) -> list[tuple[str, str]]:
    _ = words.gettext
    if row.state == review.CORRECTED:
        return [("corrected", _("checked"))]
    if row.state == review.UNHEARD:
        return [("held", _("no words"))]
    marks = [("held", _("held back"))] if row.held_back else []
    if row.confidence is not None and row.confidence < review.UNSURE:
        marks.append(("unsure", _("uncertain")))
    return marks


def _progress(progress: Progress, words: Words) -> str:
    """`34 of 120 lines checked`."""
    facts = {"n": words.number(progress.checked), "all": words.number(progress.lines)}
    return words.gettext("%(n)s of %(all)s lines checked") % facts


def _problem(error: EditError, words: Words) -> str:
    _ = words.gettext
    return {
        "unreadable": _("This could not be read. Load the page again."),
        "long": _("That is too long for one line. Split it."),
        "many": _("These are too many lines at once."),
        "empty": _("Nothing is written. If nothing is said here, use the button for that."),
    }[error.why]


def _clash(clash: Clash, words: Words) -> str:
    _ = words.gettext
    if clash.who is None:
        return _("This was changed while you wrote. Nothing is lost: compare, and save again.")
    said = _("%(who)s changed this while you wrote. Nothing is lost: compare, and save again.")
    return said % {"who": clash.who}


def _access_names(words: Words) -> dict[str, str]:
    _ = words.gettext
    return {"public": _("public"), "researchers": _("researchers only"), "closed": _("closed")}


def _asked(request: Request, sheet: Sheet) -> Editor | None:
    """The form at the row of `?at=12.5`."""
    try:
        at_s = float(request.args.get("at") or "")
    except ValueError:
        return None
    found = [row for row in sheet.rows if row.start_s <= at_s + 0.001]
    return Editor.of(found[-1:]) if found else None


def _seen(row: Row) -> dict[str, Any]:
    names = ("start_s", "end_s", "text", "language", "speaker")
    return {name: getattr(row, name) for name in names}


def _path(ident: str) -> str:
    return f"/review/{ident}"


def _address(one: Doubted) -> str:
    return f"{_path(one.id)}?part={one.part}&at={one.row.start_s}#now"


def _part(request: Request) -> int:
    text = request.args.get("part") or "1"
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0


def _json(document: dict[str, Any], status: int = 200) -> Response:
    return Response.json(document, status=status, headers=UNKEPT)
