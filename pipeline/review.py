"""What a reviewer sees of a recording, and what one edit of it says; without database and site.

Times are seconds from the start of the recording.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from pipeline.config import Language
from pipeline.transcript import Word

UNHEARD = "unheard"
CORRECTED = "corrected"
LONGEST_TEXT = 4000
MOST_LINES = 40
# On average the engine gave the words of such a line less than an even chance.
UNSURE = 0.5
_HELD_BACK = ("quarantined", UNHEARD)

Why = Literal["unreadable", "long", "empty", "many"]


class EditError(Exception):
    """An edit that cannot be taken, and why, for the site to say."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why: Why = why


class NotHere(Exception):  # noqa: N818 (not an error of anyone)
    """There is no such testimony or part for a reviewer: unknown, without text, or withdrawn."""


@dataclass(frozen=True)
class Row:
    """One line as it stands, or a stretch of speech without words (`state` unheard, no text)."""

    start_s: float
    end_s: float
    text: str
    language: str | None
    speaker: str | None
    state: str
    reasons: tuple[str, ...] = ()
    confidence: float | None = None

    @property
    def held_back(self) -> bool:
        """Whether it is not published, whatever the testimony's access."""
        return self.state in _HELD_BACK

    @property
    def doubted(self) -> bool:
        """Whether the machine itself asks for a person."""
        unsure = self.confidence is not None and self.confidence < UNSURE
        return self.state != CORRECTED and (self.held_back or bool(self.reasons) or unsure)

    @property
    def order(self) -> tuple[bool, int, float]:
        """Smaller comes first in the queue: held back, then by reasons, then by confidence."""
        return (
            not self.held_back,
            -len(self.reasons),
            1.0 if self.confidence is None else self.confidence,
        )


class Clash(Exception):  # noqa: N818 (a fact about two people, not a fault)
    """Somebody changed these lines meanwhile: `rows` is what stands there now."""

    def __init__(self, rows: Sequence[Row], who: str | None = None, at: str | None = None) -> None:
        super().__init__()
        self.rows, self.who, self.at = tuple(rows), who, at


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


_Text = Annotated[str, StringConstraints(max_length=LONGEST_TEXT)]
_Name = Annotated[str, StringConstraints(max_length=200)]


class Seen(_Sent):
    """A row as the reviewer saw it."""

    start_s: float = Field(ge=0, allow_inf_nan=False)
    end_s: float = Field(ge=0, allow_inf_nan=False)
    text: _Text
    language: Language | None = None
    speaker: _Name | None = None

    def is_still(self, row: Row) -> bool:
        """Whether the row stands as it was seen."""
        return (self.start_s, self.end_s, self.text, self.language, self.speaker) == (
            row.start_s, row.end_s, row.text, row.language, row.speaker,
        )  # fmt: skip


class NewLine(_Sent):
    """A line as it should be; its times are worked out here."""

    text: _Text
    language: Language | None = None
    speaker: _Name | None = None


class Edit(_Sent):
    """Neighbouring rows, and what should stand in their place; no `lines`: nothing is said there.

    The same text again says that it is right. `private`: what stood there is never published.
    """

    seen: tuple[Seen, ...] = Field(min_length=1, max_length=MOST_LINES)
    lines: tuple[NewLine, ...] = Field(max_length=MOST_LINES)
    private: bool = False

    @property
    def start_s(self) -> float:
        return self.seen[0].start_s

    @property
    def end_s(self) -> float:
        return self.seen[-1].end_s


def read(document: str | bytes) -> Edit:
    """An edit out of JSON. Raises EditError."""
    try:
        edit = Edit.model_validate_json(document)
    except ValidationError as error:
        kinds = {one["type"] for one in error.errors()}
        if "string_too_long" in kinds:
            raise EditError("long") from error
        raise EditError("many" if "too_long" in kinds else "unreadable") from error
    if any(a.end_s > b.start_s for a, b in pairwise(edit.seen)) or edit.start_s >= edit.end_s:
        raise EditError("unreadable")
    lines = tuple(line.model_copy(update=_tidy(line)) for line in edit.lines)
    if not all(line.text for line in lines):
        raise EditError("empty")
    return edit.model_copy(update={"lines": lines})


def written(text: str, language: str | None, speaker: str | None) -> tuple[NewLine, ...]:
    """The lines of a text box: each of its lines is one. Raises EditError."""
    if len(text) > LONGEST_TEXT:
        raise EditError("long")
    lines = [line for line in text.splitlines() if line.strip()]
    try:
        return tuple(NewLine(text=x, language=language, speaker=speaker) for x in lines)
    except ValidationError as error:
        raise EditError("unreadable") from error


def times(
    texts: Sequence[str], start_s: float, end_s: float, words: Sequence[Word]
) -> list[tuple[float, float]]:
    """Where each of the texts is said between `start_s` and `end_s`, by the words heard there.

    A cut lies between the words that stand on both sides of it; where they are others than those
    heard, it lies by the length of the texts.
    """
    said = [word.casefold() for text in texts for word in text.split()]
    heard = [word.text.casefold() for word in words]
    matched = SequenceMatcher(None, heard, said, autojunk=False).get_matching_blocks()
    place = {b + n: words[a + n] for a, b, size in matched for n in range(size)}
    evenly = _by_length(texts, start_s, end_s)
    cuts = []
    for index, middle_s in zip(accumulate(len(t.split()) for t in texts[:-1]), evenly, strict=True):
        before, after = place.get(index - 1), place.get(index)
        left_s = before.end_s if before else after.start_s if after else middle_s
        cuts.append((left_s, max(left_s, after.start_s if after else left_s)))
    edges = [start_s, *(edge for cut in cuts for edge in cut), end_s]
    if any(left >= right for left, right in zip(edges[::2], edges[1::2], strict=True)):
        edges = [start_s, *(edge for middle_s in evenly for edge in (middle_s, middle_s)), end_s]
    return [*zip(edges[::2], edges[1::2], strict=True)]


def _by_length(texts: Sequence[str], start_s: float, end_s: float) -> list[float]:
    whole = sum(len(text) for text in texts) or 1
    so_far = accumulate(len(text) for text in texts[:-1])
    return [round(start_s + (end_s - start_s) * done / whole, 3) for done in so_far]


def _tidy(line: NewLine) -> dict[str, str | None]:
    """Without line breaks, double blanks and what cannot be printed."""
    speaker = _one_line(line.speaker or "")
    return {"text": _one_line(line.text), "speaker": speaker or None}


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


@dataclass(frozen=True)
class Progress:
    """How far a testimony, or one part of it, is: lines in all, checked by a person, in doubt."""

    lines: int = 0
    checked: int = 0
    doubted: int = 0

    def __add__(self, other: Progress) -> Progress:
        return Progress(
            self.lines + other.lines, self.checked + other.checked, self.doubted + other.doubted
        )


@dataclass(frozen=True)
class Standing:
    """One testimony in the list; `access` as its sidecar says."""

    id: str
    title: str
    access: str
    parts: tuple[int, ...]
    duration_s: float
    progress: Progress


@dataclass(frozen=True)
class Doubted:
    """One row of the queue, and where it is."""

    id: str
    title: str
    part: int
    row: Row


@dataclass(frozen=True)
class Queue:
    """What waits for a person, most doubted first; all of it, in one language or in any."""

    doubted: tuple[Doubted, ...]
    standings: tuple[Standing, ...]
    languages: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """One recording to be worked on: rows in order, and what may be chosen for a line."""

    id: str
    title: str
    access: str
    part: int
    parts: tuple[int, ...]
    duration_s: float
    rows: tuple[Row, ...]
    languages: tuple[str, ...] = ()
    speakers: tuple[str, ...] = ()
    redacted: tuple[tuple[float, float], ...] = ()

    @property
    def progress(self) -> Progress:
        return progress(self.rows)


def progress(rows: Sequence[Row]) -> Progress:
    """How far these rows are."""
    lines = [row for row in rows if row.state != UNHEARD]
    return Progress(
        len(lines),
        sum(row.state == CORRECTED for row in lines),
        sum(row.doubted for row in rows),
    )


@dataclass(frozen=True)
class Saved:
    """What stands where an edit was, and how far its part is now."""

    rows: tuple[Row, ...]
    progress: Progress = field(default_factory=Progress)


class Desk(Protocol):
    """What reads and writes for the site, which itself does neither; see `pipeline/desk.py`.

    Every method may raise NotHere, and PipelineError where the archive cannot be read or written.
    """

    def queue(self, language: str | None = None) -> Queue:
        """What waits, over all testimonies that were not withdrawn."""
        ...

    def sheet(self, ident: str, part: int) -> Sheet:
        """One recording."""
        ...

    def save(self, ident: str, part: int, edit: Edit, who: str) -> Saved:
        """Keeps the edit under `who`'s name. Raises Clash where the rows are no longer so."""
        ...

    def sound(self, ident: str, part: int) -> Path | None:
        """A copy to listen to; None while it is being made."""
        ...
