"""Transcripts of other projects come in: whole, with their recordings, as what people say.

A file becomes corrections of its recording, in one transaction, so that the machine's words stay
beside it and no new run undoes it. What cannot be taken is said all at once, and nothing is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

from pipeline import recording as rec
from pipeline import spoken
from pipeline.alignment import How, Listen
from pipeline.archive import Archive
from pipeline.clock import clock
from pipeline.config import Config
from pipeline.corrections import Correction, Line, ms, replacing
from pipeline.errors import PipelineError, UsageError, printable, refused
from pipeline.given import Given, GivenError
from pipeline.given.read import read
from pipeline.ingest import ingest
from pipeline.newcomer import Facts
from pipeline.recording import Recording
from pipeline.report import Report
from pipeline.timing import Timed, timed
from pipeline.transcript import Segment

_MOST_TOLD, _MOST_PLACES = 50, 10
# Who can be asked about the sound of a master, in which a machine heard these segments.
Ears: TypeAlias = Callable[[Path, Sequence[Segment]], Listen]


@dataclass(frozen=True)
class Choice:
    """What is said beside the file: of which testimony and part it is, who answers for it, whether
    it counts over what people corrected before, and who can listen where the machine's words do
    not tell when a line is spoken."""

    who: str
    testimony: str | None = None
    part: int | None = None
    over: bool = False
    ears: Ears | None = None


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
    listen = choice.ears and choice.ears(archive.root / rec.FOLDER / recording.path, heard)
    found = timed(path, given, recording, heard, listen)
    present = [segment for _, segment in archive.lines(recording)]
    lines, told = spoken.named(found.lines, _declared(archive, config, recording), heard)
    asked, same = _corrections(present, lines, choice.who)
    problems = list(found.problems)
    if not choice.over:
        problems += _answered_for(asked, present, archive.corrections(recording))
    if problems:
        raise GivenError(path, refused(problems, _MOST_TOLD), "\nNothing of it is taken.")
    archive.correct(recording, asked)
    name = printable(path.name)
    into = f"part {recording.part} of {recording.testimony_id}"
    if same == len(lines):
        report.unchanged.append(name)
    else:
        report.done.append(f"{printable(path)}: {given.form}, {len(lines)} lines, {into}")
    notes = Facts(archive, config, recording.testimony_id).settle(given)
    notes += [*_notes(given, found, told), *_elsewhere(present, lines)]
    report.notes += [f"{name}: {note}." for note in notes]
    report.problems += [f"{printable(path)}: {missed}" for missed in _missed(found)]


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
    if found.testimony_id in archive.hidden():
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


# Telling


def _notes(given: Given, found: Timed, told: dict[str, int]) -> Iterator[str]:
    yield "language of its lines: " + ", ".join(f"{n} by {what}" for what, n in told.items())
    if found.how:
        yield "placed: " + ", ".join(f"{n} by {_BY[how]}" for how, n in found.how.items())
    for one in given.left_out:
        yield f"not taken, the archive has no place for it: {one}"


_BY: dict[How, str] = {
    "heard": "the machine's words",
    "sound": "the sound",
    "length": "their neighbours and length alone",
}


def _elsewhere(present: Sequence[Segment], lines: Sequence[Line]) -> Iterator[str]:
    """Where the machine's lines stay, because the transcript has nothing there."""
    replaced = {id(one) for old, _ in _together(present, lines) for one in old}
    stay = [one for one in present if id(one) not in replaced and one.state != "corrected"]
    if stay:
        places = ", ".join(clock(one.start_s) for one in stay[:_MOST_PLACES])
        more = ", …" if len(stay) > _MOST_PLACES else ""
        yield f"the machine's words stay at {places}{more}, where it has none"


def _missed(found: Timed) -> Iterator[str]:
    for line in found.missed:
        where = f"between {clock(line.after_s)} and {clock(line.before_s)}"
        yield (
            f"not placed, somewhere {where}: {_short(line.text)}. Listen there, and add it:"
            " testimony correct"
        )


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:77]}…")
