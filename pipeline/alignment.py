"""Words that a person wrote down without times find their place in what a machine heard.

The letters of both, folded, are aligned with the fewest edits: a machine that errs in half of its
words still hears most of their letters, in order. A line is placed where enough of its letters
were heard in runs, or where its neighbours leave it just the time it needs. No other line is.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein

from pipeline import letters, windows
from pipeline.transcript import Word

Times = npt.NDArray[np.float64]
# Runs of letters shorter than this are shared by any two texts of a language.
_SHORTEST_RUN = 4
# A line is heard where this share of its letters, and so many at least, are in such runs. Texts of
# other recordings stay below (docs/interchange.md).
_HEARD_SHARE, _HEARD_LETTERS = 0.35, 8
# How much faster or slower than the rest a line may be that only its neighbours place.
_FASTEST, _SLOWEST = 0.4, 2.5
_STRAY_S = 2.0
_LONGEST_BETWEEN_S = 20.0
# What the engine can listen to at once, and how well it must hear the words that are given.
_LONGEST_HEARING_S, _MOST_LETTERS = 28.0, 400
_HEARS = 0.1
# A word lasts no longer than this: where one begins a stretch, its start is the stretch's.
_LETTER_S, _WORD_S = 0.12, 0.3
_SEED = 10
_SHORTEST_S = 0.3
_LEAST = 1e-4
# A time in the file was set by hand, to the next line or so.
_MARK_S = 12.0


# (text, start_s, end_s): its words as they are spoken there; None where nobody can tell.
Listen = Callable[[str, float, float], Sequence[Word] | None]
How = Literal["heard", "sound", "length"]


@dataclass(frozen=True)
class Said:
    """One word of the given text: which paragraph it is of, and when the file says it is spoken."""

    paragraph: int
    text: str
    about_s: float | None = None


@dataclass(frozen=True)
class Placed:
    """A line of one paragraph; without times where it could not be placed. `after_s` and `before_s`
    are the times of its neighbours.

    `how` tells what placed it: the machine's own words, the sound asked about this text, or only
    the time that its neighbours leave it.
    """

    paragraph: int
    text: str
    start_s: float | None
    end_s: float | None
    after_s: float
    before_s: float
    how: How | None


class _Letters:
    """The letters of words, folded, in one string; `of[n]` to `of[n + 1]` are those of word n."""

    def __init__(self, words: Sequence[str]) -> None:
        keys = [letters.fold("".join(letters.words(word))) for word in words]
        self.text = "".join(keys)
        self.of = np.cumsum([0, *(len(key) for key in keys)])


@dataclass(frozen=True)
class _Matches:
    """For each letter of the given text, when it is spoken (nan: not known), and whether it stands
    in a run of letters that was heard so; `pace_s` is what a letter takes."""

    times: Times
    runs: npt.NDArray[np.bool_]
    pace_s: float


@dataclass
class _Line:
    """A line with its letters, `first` to `last` (exclusive); with times once it is placed."""

    paragraph: int
    text: str
    first: int
    last: int
    about_s: tuple[float, float]
    start_s: float = 0.0
    end_s: float = 0.0
    how: How | None = None

    @property
    def length(self) -> int:
        return max(1, self.last - self.first)


def place(
    said: Sequence[Said], heard: Sequence[Word], end_s: float, listen: Listen | None = None
) -> list[Placed]:
    """Every line of the text, in order. `heard` are a machine's words in order, of a recording
    that ends at `end_s`; `listen` is asked about lines that are not among them."""
    mine = _Letters([one.text for one in said])
    matches = _matched(mine, heard)
    lines = _lines(said, mine, matches, end_s)
    for line in lines:
        _place_by_letters(line, matches)
    _keep_apart(lines)
    _place_between(lines, matches.pace_s, end_s, listen)
    return [_placed(line, *_around(lines, n, end_s)) for n, line in enumerate(lines)]


def _matched(mine: _Letters, heard: Sequence[Word]) -> _Matches:
    theirs = _Letters([word.text for word in heard])
    when = np.zeros(len(theirs.text))
    for n, word in enumerate(heard):
        a, b = theirs.of[n], theirs.of[n + 1]
        when[a:b] = np.linspace(word.start_s, word.end_s, b - a, endpoint=False)
    when = np.maximum.accumulate(when) if when.size else when
    times, partner = np.full(len(mine.text), np.nan), np.full(len(mine.text), -1)
    for a, b, c, same in _steps(mine.text, theirs.text):
        times[a:b] = when[c : c + b - a]
        partner[a:b] = np.arange(c, c + b - a) if same else -1
    spoken_s = sum(word.end_s - word.start_s for word in heard)
    return _Matches(times, _in_runs(partner), spoken_s / max(1, len(theirs.text)))


def _in_runs(partner: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which letters stand in a row of letters that stand in a row in the other text too."""
    breaks = np.flatnonzero((np.diff(partner) != 1) | (partner[1:] < 0) | (partner[:-1] < 0)) + 1
    runs = np.zeros(len(partner), bool)
    for run in np.split(np.arange(len(partner)), breaks):
        runs[run] = len(run) >= _SHORTEST_RUN
    return runs


def _steps(mine: str, theirs: str) -> Iterator[tuple[int, int, int, bool]]:
    """(start and end in mine, start in theirs, whether equal) of letters that stand for another.

    What occurs once in both parts the texts first: else a page that one of them does not have
    would be spread over the other's.
    """
    ends = [*_seeds(mine, theirs), (len(mine), len(theirs))]
    at, there = 0, 0
    for end, end_there in ends:
        for step in Levenshtein.opcodes(mine[at:end], theirs[there:end_there]):
            if step.tag in ("equal", "replace"):
                a, b, c = at + step.src_start, at + step.src_end, there + step.dest_start
                yield a, b, c, step.tag == "equal"
        at, there = end, end_there


def _seeds(mine: str, theirs: str) -> list[tuple[int, int]]:
    """Places in both where the same letters follow that occur only once, in order in both."""
    here, there = _once(mine), _once(theirs)
    pairs = sorted((at, there[piece]) for piece, at in here.items() if piece in there)
    # The longest chain that rises in both: https://en.wikipedia.org/wiki/Patience_sorting
    tops: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for n, (_, place) in enumerate(pairs):
        pile = bisect_left(tops, place)
        before.append(ends[pile - 1] if pile else -1)
        tops[pile : pile + 1], ends[pile : pile + 1] = [place], [n]
    chain, n = [], ends[-1] if ends else -1
    while n >= 0:
        chain.append(pairs[n])
        n = before[n]
    return chain[::-1]


def _once(text: str) -> dict[str, int]:
    pieces = [text[n : n + _SEED] for n in range(len(text) - _SEED + 1)]
    count = Counter(pieces)
    return {piece: n for n, piece in enumerate(pieces) if count[piece] == 1}


def _lines(said: Sequence[Said], mine: _Letters, matches: _Matches, end_s: float) -> list[_Line]:
    """Paragraphs cut as a machine's words are: at sentences, pauses, or 20 s."""
    words = _words(said, mine, matches)
    number = {id(word): n for n, word in enumerate(words)}
    lines = []
    for _, group in groupby(zip(said, words, strict=True), key=lambda pair: pair[0].paragraph):
        for sentence in windows.sentences([word for _, word in group]):
            first, last = number[id(sentence[0])], number[id(sentence[-1])] + 1
            text = " ".join(word.text for word in sentence)
            about = _about(said, first, last, end_s)
            paragraph = said[first].paragraph
            lines.append(_Line(paragraph, text, int(mine.of[first]), int(mine.of[last]), about))
    return lines


def _words(said: Sequence[Said], mine: _Letters, matches: _Matches) -> list[Word]:
    """The words with times as good as the letters tell; what is not known follows at the pace."""
    words, at_s = [], 0.0
    for n, one in enumerate(said):
        a, b = int(mine.of[n]), int(mine.of[n + 1])
        known = matches.times[a:b][~np.isnan(matches.times[a:b])]
        start_s = max(at_s, float(known[0])) if known.size else at_s
        at_s = start_s + (b - a) * matches.pace_s
        words.append(Word(start_s, at_s, one.text, None))
    return words


def _about(said: Sequence[Said], first: int, last: int, end_s: float) -> tuple[float, float]:
    """Between which times the file's own marks put these words."""
    before = (one.about_s for one in reversed(said[: first + 1]) if one.about_s is not None)
    after = (one.about_s for one in said[last:] if one.about_s is not None)
    return next(before, 0.0) - _MARK_S, next(after, end_s) + _MARK_S


def _place_by_letters(line: _Line, matches: _Matches) -> None:
    """Times where enough of the line was heard at one place, and no mark contradicts."""
    solid = line.first + np.flatnonzero(matches.runs[line.first : line.last])
    times, pace_s = matches.times, matches.pace_s
    if not solid.size:
        return
    gaps = np.diff(times[solid]) > _SLOWEST * pace_s * np.diff(solid) + _STRAY_S
    cluster = max(np.split(solid, np.flatnonzero(gaps) + 1), key=len)
    if len(cluster) < max(_HEARD_SHARE * line.length, min(_HEARD_LETTERS, line.length)):
        return
    first, last = int(cluster[0]), int(cluster[-1])
    earlier = [
        k for k in range(line.first, first) if _fits(times[first] - times[k], first - k, pace_s)
    ]
    later = [
        k for k in range(last + 1, line.last) if _fits(times[k] - times[last], k - last, pace_s)
    ]
    first, last = min(earlier, default=first), max(later, default=last)
    start_s = float(times[first]) - (first - line.first) * pace_s
    end_s = float(times[last]) + (line.last - last) * pace_s
    if line.about_s[0] <= start_s and end_s <= line.about_s[1]:
        line.start_s, line.end_s, line.how = max(0.0, start_s), end_s, "heard"


def _fits(apart_s: float, letters_apart: int, pace_s: float) -> bool:
    return bool(apart_s <= _SLOWEST * pace_s * letters_apart + _STRAY_S / 2)


def _keep_apart(lines: Sequence[_Line]) -> None:
    """No line reaches into the next; one that would have no time left is not placed."""
    placed = [line for line in lines if line.how]
    for line, following in pairwise(placed):
        if following.start_s < line.end_s:
            middle_s = (line.end_s + following.start_s) / 2
            line.end_s = following.start_s = max(line.start_s, min(middle_s, following.end_s))
    for line in placed:
        if line.end_s - line.start_s < _SHORTEST_S:
            line.how = None


def _place_between(
    lines: Sequence[_Line], pace_s: float, end_s: float, listen: Listen | None
) -> None:
    """Lines that were not heard, where two that were leave them about the time they need."""
    for placed, group in groupby(list(enumerate(lines)), key=lambda pair: bool(pair[1].how)):
        numbers = [n for n, _ in group]
        if placed or numbers[0] == 0 or numbers[-1] == len(lines) - 1:
            continue
        at_s, before_s = _around(lines, numbers[0], end_s)[0], lines[numbers[-1] + 1].start_s
        missing = [lines[n] for n in numbers]
        needed_s = sum(line.length for line in missing) * pace_s
        if not _FASTEST * needed_s <= before_s - at_s <= _SLOWEST * needed_s:
            continue
        words = _asked(missing, at_s, before_s, listen) if listen else None
        if words is not None:
            _place_by_sound(missing, words)
        elif before_s - at_s <= _LONGEST_BETWEEN_S:
            _place_by_length(missing, at_s, before_s)


def _asked(
    missing: Sequence[_Line], start_s: float, end_s: float, listen: Listen
) -> Sequence[Word] | None:
    length = sum(line.length for line in missing)
    if end_s - start_s > _LONGEST_HEARING_S or length > _MOST_LETTERS:
        return None
    return listen(" ".join(line.text for line in missing), start_s, end_s)


def _place_by_sound(missing: Sequence[_Line], words: Sequence[Word]) -> None:
    """Each line at its own words, where the model hears them well enough."""
    spoken = _Letters([word.text for word in words])
    of = np.repeat(np.arange(len(words)), np.diff(spoken.of))
    at = 0
    for line in missing:
        mine = [words[n] for n in of[at : at + line.length]]
        at += line.length
        sure = [math.log(max(word.confidence or 0.0, _LEAST)) for word in mine]
        if not mine or math.exp(sum(sure) / len(sure)) < _HEARS:
            continue
        longest_s = _LETTER_S * len(mine[0].text) + _WORD_S
        start_s = max(mine[0].start_s, mine[0].end_s - longest_s)
        if mine[-1].end_s - start_s >= _SHORTEST_S:
            line.start_s, line.end_s, line.how = start_s, mine[-1].end_s, "sound"


def _place_by_length(missing: Sequence[_Line], start_s: float, end_s: float) -> None:
    at_s, length = start_s, sum(line.length for line in missing)
    for line in missing:
        share_s = (end_s - start_s) * line.length / length
        line.start_s, line.end_s, line.how = at_s, at_s + share_s, "length"
        at_s += share_s


def _around(lines: Sequence[_Line], n: int, end_s: float) -> tuple[float, float]:
    """The end of the last placed line before line n, and the start of the next after it."""
    before = (line.end_s for line in reversed(lines[:n]) if line.how)
    after = (line.start_s for line in lines[n + 1 :] if line.how)
    return next(before, 0.0), next(after, end_s)


def _placed(line: _Line, after_s: float, before_s: float) -> Placed:
    start_s, end_s = (line.start_s, line.end_s) if line.how else (None, None)
    return Placed(line.paragraph, line.text, start_s, end_s, after_s, before_s, line.how)
