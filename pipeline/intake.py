"""Transcripts of other projects come in: whole, with their recordings, as what people say.

A file becomes corrections of its recording, in one transaction, so that the machine's words stay
beside it and no new run undoes it. What cannot be taken is said all at once, and nothing is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from pipeline import alignment, spoken, withdrawn
from pipeline import recording as rec
from pipeline.alignment import Placed, Said
from pipeline.archive import Archive
from pipeline.clock import clock
from pipeline.config import Config
from pipeline.corrections import Correction, Line, ms, replacing
from pipeline.errors import PipelineError, UsageError, printable
from pipeline.given import Given, GivenError
from pipeline.given.read import read
from pipeline.ingest import ingest
from pipeline.newcomer import Facts
from pipeline.recording import Recording
from pipeline.report import Report
from pipeline.transcript import Segment, apart

# Two programs count the length of one file so differently, and no more.
_SAME_LENGTH_S, _SAME_LENGTH_SHARE = 3.0, 0.02
_OVERSHOOT_S = 0.5
# Of a transcript with times, so far its lines may be from where the machine heard them.
_OFF_S = 10.0
# A text of which less was heard, and that has so many words, is of another recording.
_AGREES, _WORDS_TO_TELL = 0.2, 30
_MOST_TOLD = 50


@dataclass(frozen=True)
class Choice:
    """What the command line says beside the file: of which testimony and part it is, who answers
    for it, and whether it counts over what people corrected before."""

    who: str
    testimony: str | None = None
    part: int | None = None
    over: bool = False


def take(archive: Archive, config: Config, paths: Sequence[Path], choice: Choice) -> Report:
    """Every file in a transaction of its own; one that is refused stops no other."""
    report = Report("import")
    for path in paths:
        try:
            _take(archive, config, path, choice, report)
        except PipelineError as error:
            report.problem(error)
    if report.done:
        report.notes.append(f"{choice.who} answers for it. Run: testimony publish")
    return report


def _take(archive: Archive, config: Config, path: Path, choice: Choice, report: Report) -> None:
    given = read(path)
    recording = _recording(archive, config, path, given, choice, report)
    base = archive.base(recording)
    heard = [segment for _, segment in archive.segments(base)] if base is not None else []
    lines, unplaced, problems = _timed(path, given, recording, heard)
    present = [segment for _, segment in archive.lines(recording)]
    declared = _declared(archive, config, recording)
    lines, told = spoken.named(lines, declared, heard)
    asked, same = _corrections(present, lines, choice.who)
    if not choice.over:
        problems += _answered_for(asked, present, archive.corrections(recording))
    if problems:
        more = len(problems) - _MOST_TOLD
        shown = [*problems[:_MOST_TOLD], *([f"and {more} more"] if more > 0 else [])]
        said = "\n  ".join([f"cannot be taken ({len(problems)} problems):", *shown])
        raise GivenError(path, said, "\nNothing of it is taken.")
    archive.correct(recording, asked)
    facts = Facts(archive, config, recording.testimony_id)
    report.notes += facts.settle(path, given)
    _tell(report, path, given, recording, lines, told, same, _elsewhere(present, lines))
    for line in unplaced:
        where = f"between {clock(line.after_s)} and {clock(line.before_s)}"
        report.problems.append(
            f"{printable(path)}: not placed, somewhere {where}: {_short(line.text)}. Listen there,"
            " and add it: testimony correct"
        )


# Which recording


def _recording(
    archive: Archive, config: Config, path: Path, given: Given, choice: Choice, report: Report
) -> Recording:
    found = _registered(archive, path, given, choice)
    if found is None and (master := _beside(archive.root, path, given)):
        made = ingest(archive, config, [master])
        report.notes += [*made.done, *made.notes]
        found = _registered(archive, path, given, choice)
    if found is None:
        named = f" (it names {', '.join(map(repr, given.media))})" if given.media else ""
        what = f"is of no recording that is known here{named}."
        step = "Say of which testimony it is: --testimony ID. Recordings are registered by: ingest"
        raise UsageError(path, what, step)
    if found.testimony_id in withdrawn.read(archive.root) | archive.withdrawn():
        raise UsageError(found.testimony_id, "was withdrawn.", "Nothing was changed.")
    return found


def _registered(archive: Archive, path: Path, given: Given, choice: Choice) -> Recording | None:
    """By what the command line says; then by our own name for it, its name in the file, and the
    file's own name. More than one is never chosen from."""
    every = archive.recordings()
    asked = [
        one
        for one in every
        if choice.testimony in (None, one.testimony_id) and choice.part in (None, one.part)
    ]
    if choice.testimony and not asked:
        what = f"expected a recording of {choice.testimony!r}, found none"
        part = f" that is part {choice.part}" if choice.part else ""
        raise UsageError(path, f"{what}{part}.", "See: testimony status")
    ours = [one for one in every if one.id == given.recording_id]
    if ours and ours[0] not in asked:
        what = (
            f"says it is of recording {ours[0].id}, part {ours[0].part} of {ours[0].testimony_id}"
        )
        raise GivenError(path, f"{what}.", "Nothing of it is taken.")
    if choice.testimony and len(asked) == 1:
        return asked[0]
    names = {_stem(name) for name in (*given.media, path.name)}
    ways = (
        ours,
        [one for one in asked if _stem(one.path) in names],
        [one for one in asked if one.testimony_id == given.testimony],
    )
    for found in ways:
        if len(found) == 1:
            return found[0]
    several = ways[1] or ways[2] or (asked if choice.testimony else [])
    if several:
        said = ", ".join(f"part {one.part} of {one.testimony_id}" for one in several)
        raise UsageError(path, f"may be of {said}.", "Say which: --testimony ID --part N")
    return None


def _beside(root: Path, path: Path, given: Given) -> Path | None:
    """A master below recordings/ that is not registered yet and has the file's name, or the name
    that the file tells."""
    folder = root / rec.FOLDER
    names = {_stem(name) for name in (*given.media, path.name)}
    there = (one for one in rec.walk(folder) if isinstance(one, Path))
    found = [one for one in there if rec.looks_like_one(one) and _stem(one.name) in names]
    return found[0] if len(found) == 1 else None


def _stem(name: str) -> str:
    """A file's name without folder, address and ending."""
    return PurePosixPath(unquote(urlsplit(name).path) or name).stem.casefold()


def _declared(archive: Archive, config: Config, recording: Recording) -> Sequence[str]:
    sidecar = archive.sidecars().by_id.get(recording.testimony_id)
    return (sidecar.languages if sidecar else None) or config.languages


# When each line is spoken


def _timed(
    path: Path, given: Given, recording: Recording, heard: Sequence[Segment]
) -> tuple[list[Line], list[Placed], list[str]]:
    """The lines with times, those that could not be placed, and what is wrong with the file."""
    end_s = recording.duration_s
    problems = list(_of_another_length(given, end_s))
    if not given.is_timed and not heard:
        what = "has no times, and the recording no transcript that would tell them."
        raise GivenError(path, what, f"Run: testimony transcribe {recording.testimony_id}")
    placed = _placed(given, heard, end_s) if heard else []
    problems += _of_another_recording(given, placed)
    if not given.is_timed:
        voices = {n: line.speaker for n, line in enumerate(given.lines)}
        tongues = {n: line.language for n, line in enumerate(given.lines)}
        lines = [
            Line(one.start_s, one.end_s, one.text, tongues[one.paragraph], voices[one.paragraph])
            for one in placed
            if one.start_s is not None and one.end_s is not None
        ]
        return _clear(lines, end_s), [one for one in placed if one.start_s is None], problems
    problems += _bad_times(given, end_s)
    if not problems:
        problems += _late(given, placed)
    lines = [
        Line(line.start_s or 0.0, line.end_s or 0.0, line.text, line.language, line.speaker)
        for line in given.lines
    ]
    return _clear(lines, end_s), [], problems


def _placed(given: Given, heard: Sequence[Segment], end_s: float) -> list[Placed]:
    marks = {mark.word: mark.at_s for mark in given.marks}
    words = ((n, word) for n, line in enumerate(given.lines) for word in line.text.split())
    said = [Said(n, word, marks.get(k)) for k, (n, word) in enumerate(words)]
    return alignment.place(said, [word for segment in heard for word in segment.words], end_s)


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


def _of_another_recording(given: Given, placed: Sequence[Placed]) -> Iterator[str]:
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
    if len(off) >= 5 and abs(off[len(off) // 2]) > _OFF_S:
        yield f"its times are {off[len(off) // 2]:+.0f} s off from where its words were heard."


# What it changes


def _corrections(
    present: Sequence[Segment], lines: Sequence[Line], who: str
) -> tuple[list[Correction], int]:
    """One for each group of lines that overlap, old and new; and how many lines stand there
    already as they are."""
    asked, same = [], 0
    for old, new in _together(present, lines):
        if [_content(one) for one in old] == [_content(one) for one in new] and all(
            one.state == "corrected" for one in old
        ):
            same += len(new)
        else:
            asked.append(replacing(old, new, who, "import"))
    return asked, same


def _together(
    present: Sequence[Segment], lines: Sequence[Line]
) -> Iterator[tuple[list[Segment], list[Line]]]:
    """Groups that share no time with any other; those without a new line are left out."""
    old: list[Segment] = []
    new: list[Line] = []
    end = 0
    every: list[Segment | Line] = [*present, *lines]
    for one in sorted(every, key=lambda one: (one.start_s, one.end_s)):
        if ms(one.start_s) >= end and (old or new):
            if new:
                yield old, new
            old, new = [], []
        end = max(end, ms(one.end_s))
        if isinstance(one, Line):
            new.append(one)
        else:
            old.append(one)
    if new:
        yield old, new


def _content(line: Segment | Line) -> tuple[object, ...]:
    return ms(line.start_s), ms(line.end_s), line.text, line.speaker, line.language


def _answered_for(
    asked: Sequence[Correction], present: Sequence[Segment], made: Sequence[Correction]
) -> Iterator[str]:
    """Lines that people corrected here, which the file would replace."""
    people = [one for one in made if one.source != "import"]
    for correction in asked:
        for line in present:
            inside = correction.start_s <= line.start_s and line.end_s <= correction.end_s
            by = [p for p in people if p.start_s < line.end_s and line.start_s < p.end_s]
            if inside and line.state == "corrected" and by:
                yield (
                    f"{clock(line.start_s)}: {by[-1].who} corrected it to {_short(line.text)};"
                    " --over puts the file's words there."
                )


def _elsewhere(present: Sequence[Segment], lines: Sequence[Line]) -> list[Segment]:
    """The machine's lines that stay, because the transcript has nothing there."""
    replaced = {id(one) for old, _ in _together(present, lines) for one in old}
    return [one for one in present if id(one) not in replaced and one.state != "corrected"]


# Telling


def _tell(
    report: Report,
    path: Path,
    given: Given,
    recording: Recording,
    lines: Sequence[Line],
    told: dict[str, int],
    same: int,
    elsewhere: Sequence[Segment],
) -> None:
    into = f"part {recording.part} of {recording.testimony_id}"
    if same == len(lines):
        report.unchanged.append(path.name)
    else:
        report.done.append(f"{printable(path)}: {given.form}, {len(lines)} lines, {into}")
    by = ", ".join(f"{count} by {what}" for what, count in told.items())
    report.notes.append(f"{printable(path.name)}: language of its lines: {by}.")
    report.notes += [
        f"{printable(path.name)}: not taken, the archive has no place for it: {one}."
        for one in given.left_out
    ]
    if elsewhere:
        places = ", ".join(clock(one.start_s) for one in elsewhere[:10])
        more = ", …" if len(elsewhere) > 10 else ""
        what = f"the machine's words stay at {places}{more}, where it has none"
        report.notes.append(f"{printable(path.name)}: {what}.")


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:77]}…")
