"""The sound of just one passage, cut from the access copy when it is first asked for, and kept.

What is kept is bounded, and belongs to the copy it was cut from: `publish` removes both together.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary

from datasette.utils.asgi import Request, Response
from starlette.responses import FileResponse

from pipeline.errors import AudioError
from pipeline.passage import Passage, PassageError, Place, seconds
from pipeline.publication import CLIPS_OF, clip_name
from pipeline.room import forget_oldest
from pipeline.site.live import publication_folder
from pipeline.site.media import access_copy
from pipeline.site.quoting import Reference, find, sentence, status
from pipeline.site.render import FRESH, words_of

if TYPE_CHECKING:
    from datasette.app import Datasette

_AT_ONCE, _WAITING = 2, 20
_KEPT_BYTES = 500_000_000


class Cut(Protocol):
    """What cuts a passage out of a file into another; raises AudioError."""

    def __call__(
        self, source: Path, target: Path, start_s: float, end_s: float, *, shown: str
    ) -> None: ...


@dataclass
class _Workshop:
    """How a site cuts, and how many readers wait for it."""

    cut: Cut
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    waiting: int = 0


_WORKSHOPS: WeakKeyDictionary[Datasette, _Workshop] = WeakKeyDictionary()


def install(datasette: Datasette, cut: Cut) -> None:
    """Lets a site cut; without this it plays the passage out of the whole recording."""
    _WORKSHOPS[datasette] = _Workshop(cut)


async def clip(datasette: Datasette, request: Request, scope: Any, receive: Any, send: Any) -> None:
    """Answers 200 or 206 with M4A; a sentence where there is nothing that may be heard."""
    wanted = Reference(
        request.url_vars["testimony_id"], request.url_vars["range"], request.args.get("v")
    )
    words = words_of(request)
    try:
        answer = await _answer(
            datasette, request.actor, await find(datasette, request.actor, wanted)
        )
    except PassageError as error:
        answer = Response.text(sentence(error, words), status=status(error))
    except AudioError:
        said = words.gettext("The sound of this passage could not be cut.")
        answer = Response.text(said, status=500)
    if answer is None:
        said = words.gettext("There is no sound of this passage.")
        answer = Response.text(said, status=404)
    if isinstance(answer, FileResponse):
        await answer(scope, receive, send)
    else:
        await answer.asgi_send(send)


async def _answer(datasette: Datasette, actor: Any, found: Passage) -> Any:
    """A file, another answer, or None where there is no access copy."""
    copy = await access_copy(datasette, actor, found.recording.id)
    folder = publication_folder(datasette)
    if copy is None or folder is None:
        return None
    channel, source = copy
    place, workshop = found.place, _WORKSHOPS.get(datasette)
    target = folder / CLIPS_OF[channel] / clip_name(source.name, place.start_s, place.end_s)
    if workshop is None or not _can_be_kept(target):
        at = f"/media/{found.recording.id}#t={seconds(place.start_s)},{seconds(place.end_s)}"
        return Response.redirect(at)
    if not target.is_file():
        if workshop.waiting >= _WAITING:
            return Response.text("Try again soon.\n", status=503, headers={"retry-after": "5"})
        await _make(workshop, source, target, found)
    with suppress(FileNotFoundError):
        os.utime(target)
        return FileResponse(target, media_type="audio/mp4", headers=FRESH)
    return None


async def _make(workshop: _Workshop, source: Path, target: Path, found: Passage) -> None:
    workshop.waiting += 1
    try:
        async with workshop.turns:
            if not target.is_file():
                await asyncio.to_thread(_write, workshop.cut, source, target, found.place)
    finally:
        workshop.waiting -= 1


def _write(cut: Cut, source: Path, target: Path, place: Place) -> None:
    shown = f"{place.testimony_id}/{place.range}"
    cut(source, target, place.start_s, place.end_s, shown=shown)
    # `publish` removes the copy first and then its clips: so none of them stays behind.
    if not source.is_file():
        target.unlink(missing_ok=True)
    forget_oldest(target.parent, _KEPT_BYTES)


def _can_be_kept(target: Path) -> bool:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(target.parent, os.W_OK)
