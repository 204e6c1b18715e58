"""What people say was said, and the text that comes of it. Pure: knows no database.

A correction is a range of a recording's time and the lines that a person says are spoken in it.
It is made on whole lines of the text that counted then, so that one list of corrections and one
machine's run always give the same text. All times are compared in milliseconds.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

from pipeline.clock import clock
from pipeline.errors import PipelineError
from pipeline.placing import Claim, Placed, Placement, place
from pipeline.retiming import retimed, words_of
from pipeline.transcript import Segment, Unheard, Word, apart

Source = Literal["file", "review", "import"]
# So much around a correction tells where it stands in another run's words; `placing` looks for
# them in a little more.
_AROUND_MS = 3000
_SHORTEST_GAP_S = 1.0
_LANGUAGE = re.compile("[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True)
class Line:
    """One line as a person wrote it down; its text has no line breaks."""

    start_s: float
    end_s: float
    text: str
    language: str | None = None
    speaker: str | None = None


@dataclass(frozen=True)
class Correction:
    """A range in which a person says what was said; no `lines`: nothing.

    `before` has the texts of the lines that stood there, joined by newlines. What the archive
    adds when it keeps one: `id`, `run_id` (the machine's run that counted; None: there was none)
    and `at`.
    """

    start_s: float
    end_s: float
    before: str
    lines: tuple[Line, ...]
    who: str
    source: Source = "file"
    former_private: bool = False  # what stood there before is not to be published
    id: int | None = None
    run_id: int | None = None
    at: str | None = None

    @property
    def after(self) -> str:
        """The texts of its lines, joined by newlines."""
        return "\n".join(line.text for line in self.lines)

    @property
    def when(self) -> str:
        """Its range for a reader: 1:02 to 1:05.5."""
        return f"{clock(self.start_s)} to {clock(self.end_s)} ({self.start_s:g}-{self.end_s:g} s)"


def replacing(
    present: Sequence[Segment],
    lines: Sequence[Line],
    who: str,
    source: Source = "file",
    *,
    former_private: bool = False,
) -> Correction:
    """The correction that puts `lines` where neighbouring `present` lines stand.

    Its range has both the old lines and the new ones; one of the two may be empty.
    """
    times = [(s.start_s, s.end_s) for s in present] + [(n.start_s, n.end_s) for n in lines]
    start_s, end_s = min(start for start, _ in times), max(end for _, end in times)
    before = "\n".join(segment.text for segment in present)
    return Correction(start_s, end_s, before, tuple(lines), who, source, former_private)


class CorrectionError(PipelineError):
    """A correction that says something that cannot be."""


class Conflict(CorrectionError):  # noqa: N818 - it is the editor's word for it
    """What stands in a correction's range is not what it was made on; `present` are the lines."""

    def __init__(
        self, subject: object, problem: str, next_step: str = "", present: Sequence[Segment] = ()
    ) -> None:
        super().__init__(subject, problem, next_step)
        self.present = tuple(present)


@dataclass(frozen=True)
class Heard:
    """What one machine's run heard; without a run, nothing."""

    run_id: int | None = None
    segments: tuple[Segment, ...] = ()
    unheard: tuple[Unheard, ...] = ()


@dataclass(frozen=True)
class Text:
    """The text that counts: lines in order that never overlap, gaps, and what was placed how."""

    lines: tuple[Segment, ...]
    unheard: tuple[Unheard, ...] = ()
    placements: tuple[Placement, ...] = ()


def tidy(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    """Segments as lines: in order, on whole milliseconds, none overlapping, words inside."""
    ordered = sorted(segments, key=lambda s: (s.start_s, s.end_s))
    times = apart([(segment.start_s, segment.end_s) for segment in ordered])
    return tuple(_at(segment, *both) for segment, both in zip(ordered, times, strict=True))


def apply(base: Heard, corrections: Sequence[Correction], heard: Mapping[int, Heard]) -> Text:
    """What counts, of what a run heard and all corrections of the recording, oldest first.

    `heard` has the other runs that corrections were made on. A correction made on `base` replaces
    whole lines; one made on another run is placed by its text and its time.
    """
    claims: list[Claim] = []
    text = _placed(base, claims)
    for run_id, made_on_it in groupby(corrections, key=lambda c: c.run_id):
        text = _placed(_run(run_id, base, heard), claims)
        lines = text.lines
        # The words before any of these corrections: then their order does not matter.
        words = [word for line in lines for word in words_of(line)]
        middles = [ms(word.start_s) + ms(word.end_s) for word in words]
        for correction in made_on_it:
            claims.append(_claim(words, middles, correction))
            lines = corrected(lines, correction)
        text = replace(text, lines=lines)
    if corrections and corrections[-1].run_id != base.run_id:
        text = _placed(base, claims)
    return replace(text, unheard=left_unheard(base.unheard, corrections))


def corrected(lines: Sequence[Segment], correction: Correction) -> tuple[Segment, ...]:
    """The lines with the correction in its place. Raises Conflict where it cuts one in two."""
    first, last = touched(lines, correction.start_s, correction.end_s)
    words = [word for line in within(lines, correction) for word in line.words]
    new = [_by_a_person(line, words) for line in correction.lines]
    return (*lines[:first], *new, *lines[last:])


def within(lines: Sequence[Segment], correction: Correction) -> tuple[Segment, ...]:
    """The lines in the correction's range, all of them whole, else Conflict."""
    start, end = ms(correction.start_s), ms(correction.end_s)
    first, last = touched(lines, correction.start_s, correction.end_s)
    there = lines[first:last]
    cut = [line for line in there if ms(line.start_s) < start or ms(line.end_s) > end]
    if cut:
        one = cut[0]
        raise Conflict(
            correction.when,
            f"expected whole lines, found one that goes from {one.start_s:g} to {one.end_s:g} s"
            f" ({one.text!r}).",
            "Name whole lines.",
            there,
        )
    return tuple(there)


def touched(lines: Sequence[Segment], start_s: float, end_s: float) -> tuple[int, int]:
    """Where the lines begin and end that share more than an edge with a range of time."""
    first = bisect_right(lines, ms(start_s), key=lambda line: ms(line.end_s))
    return first, bisect_left(lines, ms(end_s), key=lambda line: ms(line.start_s))


def must_stand(lines: Sequence[Segment], correction: Correction) -> None:
    """Raises Conflict where what stands in the correction's range is not its `before`."""
    there = within(lines, correction)
    found = "\n".join(line.text for line in there)
    if found != correction.before:
        what = f"expected {correction.before!r} to stand there, found {found!r}."
        raise Conflict(correction.when, what, "Look at what stands there now.", there)


def must_be_possible(correction: Correction, end_s: float) -> None:
    """Raises CorrectionError where it leaves the recording (`end_s`), or its lines leave it."""
    start, end = ms(correction.start_s), ms(correction.end_s)
    if not 0 <= start < end <= ms(end_s):
        what = f"expected a range inside of the recording's {end_s:g} s."
        raise CorrectionError(correction.when, what, "Mend its times.")
    at = start
    for line in correction.lines:
        if not at <= ms(line.start_s) < ms(line.end_s) <= end:
            what = (
                "expected lines in order inside of its range, found one from"
                f" {line.start_s:g} to {line.end_s:g} s."
            )
            raise CorrectionError(correction.when, what, "Mend its times.")
        if not line.text or line.text != " ".join(line.text.split()):
            what = f"expected a line of text, found {line.text!r}."
            raise CorrectionError(correction.when, what, "Write it in one line.")
        if line.language is not None and not _LANGUAGE.fullmatch(line.language):
            what = f"expected a language in BCP 47, like lt, found {line.language!r}."
            raise CorrectionError(correction.when, what, "Mend it, or leave it out.")
        at = ms(line.end_s)
    if not correction.who.strip():
        raise CorrectionError(correction.when, "nobody answers for it.", "Say who: --who NAME")


def left_unheard(
    unheard: Iterable[Unheard], corrections: Sequence[Correction]
) -> tuple[Unheard, ...]:
    """What is still unheard where people have not said what was said."""
    left = list(unheard)
    for correction in corrections:
        pieces = [
            piece
            for gap in left
            for piece in (
                Unheard(gap.start_s, min(gap.end_s, correction.start_s)),
                Unheard(max(gap.start_s, correction.end_s), gap.end_s),
            )
            if piece.end_s - piece.start_s >= _SHORTEST_GAP_S
            or (piece == gap and piece.end_s > piece.start_s)
        ]
        left = list(dict.fromkeys(pieces))
    return tuple(left)


def ms(seconds: float) -> int:
    """Whole milliseconds: what two times are compared in."""
    return round(seconds * 1000)


def _run(run_id: int | None, base: Heard, heard: Mapping[int, Heard]) -> Heard:
    if run_id == base.run_id:
        return base
    return Heard() if run_id is None else heard[run_id]


def _placed(run: Heard, claims: Sequence[Claim]) -> Text:
    placed: Placed = place(tidy(run.segments), claims)
    return Text(tidy(placed.lines), placements=placed.placements)


def _claim(words: Sequence[Word], middles: Sequence[int], correction: Correction) -> Claim:
    """The correction with the words of the run that stood in its range and around it; `middles`
    are twice the middles of the words, in ms."""
    start, end = ms(correction.start_s), ms(correction.end_s)
    edges = (start - _AROUND_MS, start, end, end + _AROUND_MS)
    first, begins, ends, last = (bisect_left(middles, 2 * edge) for edge in edges)
    inside = tuple(words[begins:ends])
    return Claim(
        correction.id or 0,
        start,
        end,
        tuple(_by_a_person(line, inside) for line in correction.lines),
        before=tuple(words[first:begins]),
        inside=inside,
        after=tuple(words[ends:last]),
        private=correction.former_private,
    )


def _by_a_person(line: Line, words: Sequence[Word]) -> Segment:
    """What a person says: no machine's opinion is left in it but the times of words it kept."""
    start_s, end_s = ms(line.start_s) / 1000, ms(line.end_s) / 1000
    return Segment(
        start_s=start_s,
        end_s=end_s,
        text=line.text,
        language=line.language,
        language_confidence=None,
        language_source=None if line.language is None else "told",
        text_language=None,
        text_language_confidence=None,
        confidence=None,
        words=retimed(line.text, start_s, end_s, words),
        speaker=line.speaker,
        state="corrected",
    )


def _at(segment: Segment, start: int, end: int) -> Segment:
    """The segment at these milliseconds; its words do not leave it."""
    start_s, end_s = start / 1000, end / 1000
    inside = all(start_s <= word.start_s <= word.end_s <= end_s for word in segment.words)
    if inside and (segment.start_s, segment.end_s) == (start_s, end_s):
        return segment
    words = tuple(
        replace(
            word,
            start_s=min(max(word.start_s, start_s), end_s),
            end_s=min(max(word.end_s, start_s), end_s),
        )
        for word in segment.words
    )
    return replace(segment, start_s=start_s, end_s=end_s, words=words)
