"""Corrections on the words of another run: where they stand, and what of the run is left.

A correction keeps its time, for the sound has not changed. What it replaces is told word by word:
its words and those around it, as they stood when it was made, are aligned with the new run's.
A word that text does not tell is told by its time.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby
from typing import Literal, NamedTuple

from pipeline.retiming import align, retimed, words_of
from pipeline.transcript import Segment, Word

How = Literal["text", "time", "nowhere"]
# Words of a run that are further from a correction than this have nothing to do with it.
_NEAR_MS = 4000
# So near to what is private, a word that text does not tell goes with it.
_PRIVATE_MS = 500
_BEFORE, _INSIDE, _AFTER = -1, 0, 1


@dataclass(frozen=True)
class Claim:
    """A correction as it is placed: its range in ms, its lines, and the words that it was made on:
    those it replaced and those around it."""

    id: int
    start: int
    end: int
    lines: tuple[Segment, ...]
    before: tuple[Word, ...]
    inside: tuple[Word, ...]
    after: tuple[Word, ...]
    private: bool


@dataclass(frozen=True)
class Placement:
    """How a correction found its place in another run; `detail` is for a person."""

    correction_id: int
    how: How
    detail: str | None = None


@dataclass(frozen=True)
class Placed:
    """Lines, not yet parted from one another, and how each correction was placed."""

    lines: tuple[Segment, ...]
    placements: tuple[Placement, ...]


@dataclass
class _Spoken:
    """A word of the new run: which segment it is of, where it may stand, whether it is left."""

    of: int
    word: Word
    start: int
    end: int
    left: bool = True

    def keep_out(self, claim: Claim, side: int) -> None:
        """Leaves the claim's range to the claim."""
        if side == _INSIDE:
            self.left = False
        elif side == _BEFORE:
            self.start, self.end = min(self.start, claim.start), min(self.end, claim.start)
        else:
            self.start, self.end = max(self.start, claim.end), max(self.end, claim.end)


class _Gap(NamedTuple):
    """A stretch in ms in which no person has said what was said; `end` None: to the end."""

    start: int
    end: int | None


def place(base: Sequence[Segment], claims: Sequence[Claim]) -> Placed:
    """The lines of a run with all claims in their places; a later one wins over an earlier.

    Claims whose ranges do not touch may come in any order.
    """
    if not claims:
        return Placed(tuple(base), ())
    spoken = [
        _Spoken(n, word, round(word.start_s * 1000), round(word.end_s * 1000))
        for n, segment in enumerate(base)
        for word in words_of(segment)
    ]
    # Each claim looks at the run as it is, so that none depends on what another has moved.
    middles = list(accumulate(((one.start + one.end) / 2 for one in spoken), max))
    placements = []
    for claim in claims:
        first = bisect_left(middles, claim.start - _NEAR_MS)
        near = range(first, bisect_right(middles, claim.end + _NEAR_MS))
        sides, placement = _sides(claim, [spoken[k].word for k in near])
        for k, side in zip(near, sides, strict=True):
            spoken[k].keep_out(claim, side)
        placements.append(placement)
    covered = _Ranges()
    people: list[Segment] = []
    asked: list[Placement] = []
    taken = [one.word for one in spoken if not one.left]
    for claim, placement in zip(reversed(claims), reversed(placements), strict=True):
        people += _people(claim, covered, taken)
        # What later claims have replaced whole, nobody needs to look at any more.
        if not covered.have(claim.start, claim.end):
            asked.append(placement)
        covered.add(claim.start, claim.end)
    return Placed((*_rest(base, spoken, covered), *people), tuple(reversed(asked)))


def _sides(claim: Claim, near: Sequence[Word]) -> tuple[list[int], Placement]:
    """For each word of the run: is it before the claim, in it, or after it; and what told that."""
    meant = tuple(word for line in claim.lines for word in words_of(line))
    inside, pairs = max(
        (
            (known, align((*claim.before, *known, *claim.after), near))
            for known in (claim.inside, meant)
        ),
        key=lambda both: len(both[1]),
    )
    begins, ends = len(claim.before), len(claim.before) + len(inside)
    told = {new: (old >= begins) + (old >= ends) - 1 for old, new in pairs}
    sides, unsure = [], 0
    for k, word in enumerate(near):
        lowest = max((side for at, side in told.items() if at <= k), default=_BEFORE)
        highest = min((side for at, side in told.items() if at >= k), default=_AFTER)
        unsure += lowest != highest
        sides.append(
            _INSIDE
            if _in_private(claim, word)
            else min(max(_by_time(claim, word), lowest), highest)
        )
    again = sum(begins <= old < ends for old, _ in pairs)
    if inside and not near:
        return sides, Placement(claim.id, "nowhere", "the new run heard nothing there")
    if not unsure or 2 * again >= len(inside) > 0:
        return sides, Placement(claim.id, "text")
    detail = f"{again} of {len(inside)} words were heard again"
    return sides, Placement(claim.id, "time", detail)


def _by_time(claim: Claim, word: Word) -> int:
    middle = (word.start_s + word.end_s) * 500
    margin = _PRIVATE_MS if claim.private else 0
    return (middle >= claim.start - margin) + (middle >= claim.end + margin) - 1


def _in_private(claim: Claim, word: Word) -> bool:
    """Whether it is spoken where nobody is to read what was heard: then no likeness to the words
    around may keep it."""
    return claim.private and claim.start <= (word.start_s + word.end_s) * 500 < claim.end


class _Ranges:
    """Ranges in ms that people answer for, in order, none touching another."""

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []

    def add(self, start: int, end: int) -> None:
        first, last = bisect_left(self.ends, start), bisect_right(self.starts, end)
        if first < last:
            start, end = min(start, self.starts[first]), max(end, self.ends[last - 1])
        self.starts[first:last], self.ends[first:last] = [start], [end]

    def have(self, start: int, end: int) -> bool:
        at = bisect_right(self.starts, start) - 1
        return at >= 0 and self.ends[at] >= end

    def overlap(self, start: int, end: int) -> bool:
        at = bisect_right(self.ends, start)
        return at < len(self.starts) and self.starts[at] < end


def _people(claim: Claim, later: _Ranges, taken: Sequence[Word]) -> Iterator[Segment]:
    """The claim's lines that no later one has replaced, timed by the words they stand for."""
    for line in claim.lines:
        if not later.overlap(round(line.start_s * 1000), round(line.end_s * 1000)):
            first = bisect_right(taken, line.start_s, key=lambda word: word.end_s)
            last = bisect_left(taken, line.end_s, key=lambda word: word.start_s)
            words = retimed(line.text, line.start_s, line.end_s, taken[first:last])
            yield replace(line, words=words)


def _rest(base: Sequence[Segment], spoken: Sequence[_Spoken], ranges: _Ranges) -> Iterator[Segment]:
    """What is left of the run's segments, each piece inside of one gap between ranges."""
    ends = ranges.ends
    gaps = [_Gap(*both) for both in zip([0, *ends], [*ranges.starts, None], strict=True)]

    def gap_of(one: _Spoken) -> _Gap:
        return gaps[bisect_right(ends, one.start)]

    left = (one for one in spoken if one.left and one.end <= (gap_of(one).end or one.end))
    for gap, ones in groupby(left, key=gap_of):
        pieces = [tuple(piece) for _, piece in groupby(ones, key=lambda one: one.of)]
        yield from _fitted([_piece(base[piece[0].of], piece, gap) for piece in pieces], gap)


def _piece(segment: Segment, piece: Sequence[_Spoken], gap: _Gap) -> Segment:
    """What is left of one segment, no longer than its gap."""
    if len(piece) == len(words_of(segment)):
        text, start_s, end_s = segment.text, segment.start_s, segment.end_s
    else:
        text = " ".join(one.word.text for one in piece)
        start_s, end_s = piece[0].start / 1000, piece[-1].end / 1000
    words = tuple(
        replace(one.word, start_s=one.start / 1000, end_s=one.end / 1000) for one in piece
    )
    return replace(
        segment,
        start_s=max(start_s, gap.start / 1000),
        end_s=end_s if gap.end is None else min(end_s, gap.end / 1000),
        text=text,
        words=words if segment.words else (),
    )


def _fitted(pieces: Sequence[Segment], gap: _Gap) -> Iterator[Segment]:
    """The pieces inside of their gap, a millisecond each at least; what has no room is left out."""
    fitted: list[Segment] = []
    limit = gap.end
    for piece in reversed(pieces):
        start, end = round(piece.start_s * 1000), round(piece.end_s * 1000)
        if limit is not None:
            end = min(end, limit)
            start = min(start, end - 1)
            if start < gap.start:
                continue
            limit = start
        fitted.append(replace(piece, start_s=start / 1000, end_s=end / 1000))
    return reversed(fitted)
