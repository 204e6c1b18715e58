"""Correcting in any editor: a testimony's text out as a file, and what was changed in it back in.

The file is private: everything is in it, redacted or not, of closed testimonies too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline import cuefile, draft
from pipeline.archive import Archive
from pipeline.clock import clock
from pipeline.corrections import (
    Correction,
    CorrectionError,
    Line,
    ms,
    must_be_possible,
    replacing,
)
from pipeline.cuefile import CueFile, CueFileError, Form
from pipeline.draft import Changes, Edit, State
from pipeline.errors import UsageError, printable, refused
from pipeline.exports import free_place, must_be_known, write
from pipeline.recording import Recording
from pipeline.report import Report
from pipeline.transcript import Segment

# Files of other recordings agree in at most 5 cues of 100, the same recording as another engine
# heard it in 62 and more: docs/corrections.md.
_AGREES = 0.25


def export(archive: Archive, ident: str, form: Form, folder: Path | None) -> Report:
    """Writes the text that counts of each part to a file of its own, and records it.

    Without `folder` they lie below `exports/`.
    """
    recordings = _recordings(archive, ident)
    texts = [(recording, archive.lines(recording)) for recording in recordings]
    written = [(recording, lines) for recording, lines in texts if lines]
    if not written:
        raise UsageError(ident, "has no transcript yet.", "Run: testimony transcribe")
    title = (archive.testimony(ident) or {})["title"]
    targets = [
        free_place(archive.root, folder, _name(ident, recording, len(recordings), form))
        for recording, _ in written
    ]
    report = Report("export")
    for target, (recording, lines) in zip(targets, written, strict=True):
        state = _state(archive, recording)
        about = [
            " ".join(title.split()),
            f"Testimony: {ident}",
            f"Part {recording.part} of {len(recordings)}, {clock(recording.duration_s)}",
        ]
        text = draft.write(form, lines, state, about)
        facts = {"recording": recording.id, "run": state.run_id, "corrections": state.last}
        sha = write(archive, ident, target, text, format=form, channel="editing", **facts)
        report.done.append(f"{printable(target)} (sha256 {sha})")
    report.notes.append("Private: nothing is redacted in it. Give it back with: testimony correct")
    report.facts["paths"] = [str(target) for target in targets]
    return report


def correct(
    archive: Archive,
    ident: str,
    path: Path,
    who: str,
    *,
    part: int | None = None,
    former_private: bool = False,
) -> Report:
    """Takes a corrected file back: what a person changed in it, all of it or nothing.

    Raises CueFileError, CorrectionError or UsageError with every reason why it cannot be taken.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(path, f"cannot be read ({error.strerror}).", "Name another.") from error
    file = cuefile.read(raw, path)
    recording = _meant(archive, ident, file, path, part)
    present = tuple(line for _, line in archive.lines(recording))
    then, whole = _written_from(archive, ident, recording, file, path)
    _must_be_of_this(then, file, recording, path)
    changes = draft.changes(then, file, whole=whole)
    edits, conflicts = draft.settle(changes.edits, present)
    if conflicts:
        count = "1 place was" if len(conflicts) == 1 else f"{len(conflicts)} places were"
        said = [f"{count} changed by somebody else meanwhile:", *conflicts]
        next_step = "\nNothing is changed. Export it anew and correct that file."
        raise CorrectionError(path, "\n  ".join(said), next_step)
    asked = [
        replacing(edit.old, edit.new, who, "file", former_private=former_private) for edit in edits
    ]
    end_s = max([recording.duration_s, *(line.end_s for line in present)])
    problems = [*changes.problems, *_beyond(file, end_s), *_impossible(asked, end_s)]
    if problems:
        raise CueFileError(path, refused(problems), "\nNothing is changed.")
    ids = archive.correct(recording, asked)
    return _report(recording, who, edits, changes, ids)


def release(archive: Archive, numbers: Sequence[int], who: str) -> Report:
    """Lets quarantined lines count again: a person has heard them and answers for their words.

    `numbers` are those of `testimony status`; a run that others were made from has them too.
    """
    report = Report("release")
    recordings = {recording.id: recording for recording in archive.recordings()}
    asked: dict[str, dict[int, Correction]] = {}
    for number in dict.fromkeys(numbers):
        found = archive.segment(number)
        line = _quarantined(archive, recordings[found[0]], found[1]) if found else None
        if found is None or line is None:
            error = UsageError(f"segment {number}", "is not quarantined here.", "See status.")
            report.problem(error)
            continue
        heard = Line(line.start_s, line.end_s, line.text, line.language, line.speaker)
        correction = replacing([line], [heard], who, "review")
        asked.setdefault(found[0], {})[number] = correction
    for ident, corrections in asked.items():
        archive.correct(recordings[ident], list(corrections.values()))
        report.done += [f"segment {number}" for number in corrections]
    return report


def _quarantined(archive: Archive, recording: Recording, segment: Segment) -> Segment | None:
    """The line that counts and says the same at the same time, where it is quarantined."""
    same = (
        line
        for _, line in archive.lines(recording)
        if line.state == "quarantined"
        and (ms(line.start_s), line.text) == (ms(segment.start_s), segment.text)
    )
    return next(same, None)


def _beyond(file: CueFile, end_s: float) -> Iterator[str]:
    for cue in file.cues:
        if cue.end_ms > ms(end_s):
            yield f"{cue.where}: ends after the recording, which is {end_s:g} s long."


def _impossible(asked: Sequence[Correction], end_s: float) -> Iterator[str]:
    """What is wrong with corrections inside of the recording; cues beyond it are told by line."""
    for correction in asked:
        if ms(correction.end_s) > ms(end_s):
            continue
        try:
            must_be_possible(correction, end_s)
        except CorrectionError as error:
            yield str(error).rstrip()


def _recordings(archive: Archive, ident: str) -> list[Recording]:
    must_be_known(archive, ident)
    if ident in archive.hidden():
        raise UsageError(ident, "was withdrawn: nothing of it is edited.", "Nothing was changed.")
    return [r for r in archive.recordings() if r.testimony_id == ident]


def _name(ident: str, recording: Recording, parts: int, form: Form) -> str:
    return f"{ident}{f'-part-{recording.part}' if parts > 1 else ''}.editing.{form}"


def _state(archive: Archive, recording: Recording) -> State:
    said = archive.corrections(recording)
    return State(recording.id, archive.base(recording), said[-1].id or 0 if said else 0)


def _meant(archive: Archive, ident: str, file: CueFile, path: Path, part: int | None) -> Recording:
    """The recording that a file is of: by what it says itself, and by the part that is asked."""
    named, recordings = draft.recording_of(file), _recordings(archive, ident)
    wanted = [r for r in recordings if part in (None, r.part)]
    if not wanted:
        what = f"expected one of {len(recordings)} parts, found --part {part}."
        raise UsageError(path, what, "See: testimony status")
    if named is not None and named not in {r.id for r in wanted}:
        parts = " or ".join(str(r.part) for r in wanted)
        what = f"expected a file of part {parts} of {wanted[0].testimony_id}, found one of"
        is_of = (
            f"part {r.part} of {r.testimony_id}" for r in archive.recordings() if r.id == named
        )
        other = next(is_of, f"recording {named}, which is not in this archive")
        raise CorrectionError(path, f"{what} {other}.", "Nothing is changed.")
    of_it = [r for r in wanted if named in (None, r.id)]
    if len(of_it) > 1:
        what = f"expected one recording, found {len(of_it)} parts it may be of."
        raise UsageError(path, what, "Say which: --part N")
    return of_it[0]


def _written_from(
    archive: Archive, ident: str, recording: Recording, file: CueFile, path: Path
) -> tuple[tuple[Segment, ...], bool]:
    """The text that a file was written from, and whether the file surely had all of it.

    It is what the file says itself, or the log of its place; else, of the present text and all
    that were exported, that from which it differs least.
    """
    said = draft.state_of(file)
    if said is not None:
        return _former(archive, recording, said, path), True
    exported = [
        (detail["path"], State(recording.id, detail["run"], detail["corrections"]))
        for detail in (event["detail"] for event in archive.events(ident))
        if detail.get("channel") == "editing" and detail.get("recording") == recording.id
    ]
    here = [state for place, state in exported if place == str(path.absolute())]
    if here:
        return _former(archive, recording, here[-1], path), True
    candidates = [_state(archive, recording), *(state for _, state in reversed(exported))]
    texts = {state: _former(archive, recording, state, path) for state in dict.fromkeys(candidates)}
    best = min(texts.values(), key=lambda lines: len(draft.changes(lines, file).edits))
    return best, False


def _former(
    archive: Archive, recording: Recording, state: State, path: Path
) -> tuple[Segment, ...]:
    if state == _state(archive, recording):
        return tuple(line for _, line in archive.lines(recording))
    try:
        return archive.former_lines(recording, state.run_id, state.last)
    except LookupError as error:
        what = f"says it was written from run {state.run_id} and correction {state.last}"
        why = f"{what}, which this archive does not have of the recording."
        raise CorrectionError(path, why, "Export it anew and correct that file.") from error


def _must_be_of_this(
    lines: Sequence[Segment], file: CueFile, recording: Recording, path: Path
) -> None:
    found = draft.agreement(lines, file)
    if found < _AGREES:
        what = (
            f"is hardly of {printable(recording.path)}: expected {_AGREES:.0%} of its lines to"
            f" agree in time or words with what was heard, found {found:.0%}."
        )
        raise CorrectionError(path, what, "Nothing is changed.")


def _report(
    recording: Recording, who: str, edits: Sequence[Edit], changes: Changes, ids: Sequence[int]
) -> Report:
    report = Report("correct", done=[_in_words(edit) for edit in edits])
    if not edits:
        report.notes.append("Nothing in it differs from what stands there: nothing is changed.")
    else:
        report.notes.append(f"{who} answers for it. Run: testimony publish")
    if changes.left_alone:
        report.notes.append(
            f"{changes.left_alone} quarantined lines are not in the file; they stay as they were."
        )
    report.facts |= {
        "recording": recording.id,
        "who": who,
        "corrections": list(ids),
        "changes": [_as_json(edit) for edit in edits],
    }
    return report


def _in_words(edit: Edit) -> str:
    """One change: when, and what became of what."""
    when = f"{clock(edit.start_ms / 1000)} to {clock(edit.end_ms / 1000)}"
    old, new = (" / ".join(line.text for line in lines) for lines in (edit.old, edit.new))
    if not old or not new:
        return f"{when}: {f'added {new!r}' if new else f'taken out {old!r}'}"
    if old == new:
        return f"{when}: {_what_else(edit)}, {new!r}"
    return f"{when}: {old!r} became {new!r}"


def _what_else(edit: Edit) -> str:
    """What is new where the words are not."""
    if len(edit.old) != len(edit.new):
        return "parted anew"
    pairs = list(zip(edit.old, edit.new, strict=True))
    new = [
        *(["speaker"] if any(old.speaker != new.speaker for old, new in pairs) else []),
        *(["language"] if any(old.language != new.language for old, new in pairs) else []),
        *(["times"] if any(_times(old) != _times(new) for old, new in pairs) else []),
    ]
    return f"new {' and '.join(new)}" if new else "a person answers for it"


def _times(line: Segment | Line) -> tuple[int, int]:
    return ms(line.start_s), ms(line.end_s)


def _as_json(edit: Edit) -> dict[str, object]:
    return {
        "start_s": edit.start_ms / 1000,
        "end_s": edit.end_ms / 1000,
        "before": [line.text for line in edit.old],
        "after": [line.text for line in edit.new],
    }
