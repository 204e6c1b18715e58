"""When each line of a given transcript is spoken, and whether it can be of this recording."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from pipeline import alignment
from pipeline.alignment import How, Listen, Placed, Said
from pipeline.clock import clock
from pipeline.corrections import Line
from pipeline.given import Given, GivenError
from pipeline.recording import Recording
from pipeline.transcript import Segment, apart

# Two programs count the length of one file so differently, and no more.
_SAME_LENGTH_S, _SAME_LENGTH_SHARE = 3.0, 0.02
_OVERSHOOT_S = 0.5
# Of a transcript with times, so far its lines may be from where the machine heard them.
_OFF_S, _LINES_TO_TELL = 10.0, 5
# A text of which less was heard, and that has so many words, is of another recording.
_AGREES, _WORDS_TO_TELL = 0.2, 30


@dataclass(frozen=True)
class Timed:
    """Lines with times, those that could not be placed, what is wrong with the file, and what
    placed how many lines where it has no times itself."""

    lines: list[Line]
    missed: list[Placed]
    problems: list[str]
    how: dict[How, int] = field(default_factory=dict)


def timed(
    path: Path,
    given: Given,
    recording: Recording,
    heard: Sequence[Segment],
    listen: Listen | None,
) -> Timed:
    """Every line at its time. Raises GivenError where neither file nor machine tells any."""
    end_s = recording.duration_s
    problems = list(_of_another_length(given, end_s))
    if not given.is_timed and not heard:
        what = "has no times, and the recording no transcript that would tell them."
        raise GivenError(path, what, f"Run: testimony transcribe {recording.testimony_id}")
    placed = _placed(given, heard, end_s, None if given.is_timed else listen) if heard else []
    problems += _of_another_recording(placed)
    if not given.is_timed:
        voices = {n: line.speaker for n, line in enumerate(given.lines)}
        tongues = {n: line.language for n, line in enumerate(given.lines)}
        lines = [
            Line(one.start_s, one.end_s, one.text, tongues[one.paragraph], voices[one.paragraph])
            for one in placed
            if one.start_s is not None and one.end_s is not None
        ]
        how = Counter(one.how for one in placed if one.how)
        missed = [one for one in placed if one.start_s is None]
        return Timed(_clear(lines, end_s), missed, problems, dict(how))
    problems += _bad_times(given, end_s)
    if not problems:
        problems += _late(given, placed)
    lines = [
        Line(line.start_s or 0.0, line.end_s or 0.0, line.text, line.language, line.speaker)
        for line in given.lines
    ]
    return Timed(_clear(lines, end_s), [], problems)


def _placed(
    given: Given, heard: Sequence[Segment], end_s: float, listen: Listen | None
) -> list[Placed]:
    marks = {mark.word: mark.at_s for mark in given.marks}
    every = ((n, word) for n, line in enumerate(given.lines) for word in line.text.split())
    said = [Said(n, word, marks.get(k)) for k, (n, word) in enumerate(every)]
    words = [word for segment in heard for word in segment.words]
    return alignment.place(said, words, end_s, listen)


def _clear(lines: Sequence[Line], end_s: float) -> list[Line]:
    """Lines on whole milliseconds inside of the recording, none overlapping."""
    ordered = sorted(lines, key=lambda line: (line.start_s, line.end_s))
    times = apart([(line.start_s, min(line.end_s, end_s)) for line in ordered])
    return [
        replace(line, start_s=start / 1000, end_s=end / 1000)
        for line, (start, end) in zip(ordered, times, strict=True)
    ]


def _of_another_length(given: Given, end_s: float) -> Iterator[str]:
    if given.duration_s is None:
        return
    if abs(given.duration_s - end_s) > max(_SAME_LENGTH_S, _SAME_LENGTH_SHARE * end_s):
        yield (
            f"it is of a recording of {clock(given.duration_s)}; this one is {clock(end_s)} long."
        )


def _bad_times(given: Given, end_s: float) -> Iterator[str]:
    for line in given.lines:
        start_s, last_s = line.start_s or 0.0, line.end_s or 0.0
        if not 0 <= start_s < last_s:
            yield f"{line.at}: expected it to end after it begins, found {start_s:g}-{last_s:g} s."
        elif last_s > end_s + _OVERSHOOT_S:
            yield f"{line.at}: ends at {clock(last_s)}; the recording ends at {clock(end_s)}."
    for before, line in pairwise(given.lines):
        if (line.start_s or 0.0) < (before.start_s or 0.0):
            yield f"{line.at}: begins before {before.at}, which stands above it."


def _of_another_recording(placed: Sequence[Placed]) -> Iterator[str]:
    words = sum(len(one.text.split()) for one in placed)
    found = sum(len(one.text.split()) for one in placed if one.start_s is not None)
    if words >= _WORDS_TO_TELL and found < _AGREES * words:
        yield (
            f"it is hardly of this recording: of its {words} words, lines with {found} were heard"
            " in it."
        )


def _late(given: Given, placed: Sequence[Placed]) -> Iterator[str]:
    """Where the machine heard the lines at other times, by and large."""
    first: dict[int, float] = {}
    for one in placed:
        if one.start_s is not None:
            first.setdefault(one.paragraph, one.start_s)
    off = sorted((given.lines[n].start_s or 0.0) - at_s for n, at_s in first.items())
    if len(off) >= _LINES_TO_TELL and abs(off[len(off) // 2]) > _OFF_S:
        yield f"its times are {off[len(off) // 2]:+.0f} s off from where its words were heard."
