"""A recording's text as a file for an editor, and what a person changed in it. Pure.

The file has everything, also what is quarantined or redacted elsewhere. What is unchanged in it is
told by writing the lines down once more: a cue that reads as its line would is that line.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from pipeline import cuefile
from pipeline.captions import escaped, note, stamp
from pipeline.clock import clock
from pipeline.corrections import Line, ms
from pipeline.cuefile import ROUNDING_MS, Cue, CueFile, Form, in_subrip
from pipeline.letters import fold, words
from pipeline.transcript import Segment

# Before the text of a line that the machine's own doubts keep unpublished. A person who takes it
# away answers for the line.
QUARANTINED = "[quarantined] "
_REDACTED = "[redacted:"
_STATE = re.compile(r"recording ([0-9a-f]{16}), run (\d+|none), corrections up to (\d+)")
_RECORDING = re.compile(r"recording ([0-9a-f]{16})")
_FOR_EDITING = "For editing"


@dataclass(frozen=True)
class State:
    """Which text a file was written from: the machine's run, and the last correction (0: none)."""

    recording_id: str
    run_id: int | None
    last: int


@dataclass(frozen=True)
class Edit:
    """Neighbouring lines that a person replaced by others; one of the two may be empty."""

    old: tuple[Segment, ...]
    new: tuple[Line, ...]

    @property
    def start_ms(self) -> int:
        return min(ms(line.start_s) for line in self._lines)

    @property
    def end_ms(self) -> int:
        return max(ms(line.end_s) for line in self._lines)

    @property
    def _lines(self) -> tuple[Segment | Line, ...]:
        return (*self.old, *self.new)


@dataclass
class Changes:
    """What a person changed, what was left alone though the file does not have it, and why the
    file cannot be taken."""

    edits: list[Edit] = field(default_factory=list)
    left_alone: int = 0
    problems: list[str] = field(default_factory=list)


def write(
    form: Form, lines: Sequence[tuple[int, Segment]], state: State, about: Sequence[str]
) -> str:
    """The file for an editor; `lines` are (number, line) of the text that counts."""
    if form == "srt":
        return "\n".join(_srt(number, line) for number, line in lines)
    run = "none" if state.run_id is None else state.run_id
    head = [
        *about,
        f"{_FOR_EDITING}: recording {state.recording_id}, run {run},"
        f" corrections up to {state.last}",
        "Private: nothing is redacted in it. Leave this note as it is.",
    ]
    blocks = ["WEBVTT", note(head)]
    for number, line in lines:
        if line.state == "quarantined":
            blocks.append(note([f"Not published: {'; '.join(line.reasons) or 'quarantined'}."]))
        blocks.append(_vtt(number, line))
    return "\n\n".join(blocks) + "\n"


def state_of(file: CueFile) -> State | None:
    """What the file says it was written from; None where nothing is left of that."""
    for comment in file.notes:
        if found := _STATE.search(comment):
            recording, run, last = found.groups()
            return State(recording, None if run == "none" else int(run), int(last))
    return None


def recording_of(file: CueFile) -> str | None:
    """The recording that the file says it is of."""
    found = next(filter(None, map(_RECORDING.search, file.notes)), None)
    return found[1] if found else None


def changes(lines: Sequence[Segment], file: CueFile, *, whole: bool = False) -> Changes:
    """What a person changed in a file that was written from these lines.

    `whole`: it had all of them, so that a quarantined line that is not in it was taken out. A file
    that shows that it was written for editing is whole without being told.
    """
    return _Comparison(lines, file, whole).changes()


def agreement(lines: Sequence[Segment], file: CueFile) -> float:
    """Which share of the file's cues are of this text: times or most of the words are the same.

    From 0 to 1; lines that nobody has heard before agree with everything.
    """
    if not lines or not file.cues:
        return 1.0
    there = _InOrder(lines)
    agree = sum(_agrees(there.touching(cue), cue) for cue in file.cues)
    return agree / len(file.cues)


def settle(edits: Sequence[Edit], present: Sequence[Segment]) -> tuple[list[Edit], list[str]]:
    """Edits of an older text as edits of what stands there now, and where both changed the same.

    What somebody else has changed in the same way meanwhile is no edit any more.
    """
    there, kept, conflicts = _InOrder(present), [], []
    for edit in edits:
        now = there.between(edit.start_ms, edit.end_ms)
        if _content(now) == _content(edit.old):
            kept.append(replace(edit, old=now))
        elif _content(now) != _content(edit.new):
            said = " / ".join(line.text for line in now) or "nothing"
            was = " / ".join(line.text for line in edit.old) or "nothing"
            when = f"{clock(edit.start_ms / 1000)} to {clock(edit.end_ms / 1000)}"
            conflicts.append(f"{when}: expected {was!r}, found {said!r} there now.")
    return kept, conflicts


class _InOrder:
    """Lines that do not overlap, found by their time."""

    def __init__(self, lines: Sequence[Segment]) -> None:
        self._lines = lines
        self._starts = [ms(line.start_s) for line in lines]
        self._ends = [ms(line.end_s) for line in lines]

    def between(self, start: int, end: int) -> tuple[Segment, ...]:
        """The lines that share more than an edge with a stretch in ms."""
        return tuple(self._lines[bisect_right(self._ends, start) : bisect_left(self._starts, end)])

    def touching(self, cue: Cue) -> tuple[Segment, ...]:
        return self.between(cue.start_ms, cue.end_ms)


class _Comparison:
    """One file beside the lines it was written from."""

    def __init__(self, lines: Sequence[Segment], file: CueFile, whole: bool) -> None:
        self._lines = lines
        self._form: Form = file.form
        self._speakers = {line.speaker for line in lines if line.speaker}
        said = [self._with_speaker(cue) for cue in file.cues]
        self._cues = [cue for cue in said if not cue.text.startswith(_REDACTED)]
        self._hidden = [cue for cue in said if cue.text.startswith(_REDACTED)]
        self._whole = (
            whole
            or any(_FOR_EDITING in comment for comment in file.notes)
            or any(cue.text.startswith(QUARANTINED) for cue in said)
        )
        # Editors drop tags: what no cue in the file has was not taken away by a person.
        self._has_speakers = any(cue.speaker for cue in said)
        self._has_languages = any(cue.language for cue in said)

    def changes(self) -> Changes:
        found = Changes()
        same = dict(self._same())
        there = _InOrder(self._lines)
        redacted = {line for cue in self._hidden for line in there.touching(cue)}
        hidden = {n for n, line in enumerate(self._lines) if line in redacted}
        old = [n for n in range(len(self._lines)) if n not in same and n not in hidden]
        fixed = _InOrder([self._lines[n] for n in sorted({*same, *hidden})])
        unchanged = set(same.values())
        new = [self._beside(fixed, cue) for k, cue in enumerate(self._cues) if k not in unchanged]
        found.problems += [
            f"{cue.where}: lies on lines that the file does not show (redacted); export it"
            " with --for editing."
            for cue in new
            if any(line in redacted for line in there.touching(cue))
        ]
        for lines, cues in _groups([self._lines[n] for n in old], new):
            if not cues and not self._whole and all(x.state == "quarantined" for x in lines):
                found.left_alone += len(lines)
                continue
            edit = Edit(lines, tuple(self._line(cue, lines) for cue in cues if cue.text))
            if (edit.old or edit.new) and not _is_the_same(edit):
                found.edits.append(edit)
        return found

    def _same(self) -> Iterator[tuple[int, int]]:
        """Pairs of indices: a line and the cue that is still the same."""
        by_words: dict[tuple[str, str | None, str | None], list[int]] = {}
        for k, cue in enumerate(self._cues):
            by_words.setdefault(self._key(cue), []).append(k)
        for n, line in enumerate(self._lines):
            shown = self._shown(line)
            for k in by_words.get(self._key(shown), ()):
                cue = self._cues[k]
                if (
                    abs(cue.start_ms - shown.start_ms) <= ROUNDING_MS
                    and abs(cue.end_ms - shown.end_ms) <= ROUNDING_MS
                ):
                    by_words[self._key(shown)].remove(k)
                    yield n, k
                    break

    def _key(self, cue: Cue) -> tuple[str, str | None, str | None]:
        return (
            cue.text,
            cue.speaker if self._has_speakers else None,
            cue.language if self._has_languages else None,
        )

    def _shown(self, line: Segment) -> Cue:
        """The line as this file would have it."""
        block = (_vtt if self._form == "vtt" else _srt)(1, line)
        text = f"WEBVTT\n\n{block}" if self._form == "vtt" else block
        return self._with_speaker(cuefile.read(text.encode(), "a line").cues[0])

    def _with_speaker(self, cue: Cue) -> Cue:
        """A cue of SubRip, which has no place for who speaks: a known name before a colon is it."""
        if self._form == "vtt":
            return cue
        mark = QUARANTINED if cue.text.startswith(QUARANTINED) else ""
        who, colon, rest = cue.text.removeprefix(mark).partition(": ")
        is_known = bool(colon) and who in self._speakers
        return replace(cue, speaker=who, text=f"{mark}{rest}") if is_known else cue

    def _beside(self, fixed: _InOrder, cue: Cue) -> Cue:
        """The cue without what rounding laid over a line that stays."""
        for line in fixed.touching(cue):
            start, end = ms(line.start_s), ms(line.end_s)
            if cue.end_ms <= start + ROUNDING_MS:
                cue = replace(cue, end_ms=start)
            if cue.start_ms >= end - ROUNDING_MS:
                cue = replace(cue, start_ms=end)
        return cue

    def _line(self, cue: Cue, old: Sequence[Segment]) -> Line:
        speaker, language = cue.speaker, cue.language
        was = max(old, key=lambda line: _overlap(line, cue), default=None)
        if was is not None and (cue.goes_on or not self._has_speakers):
            speaker = speaker or was.speaker
        if was is not None and (cue.goes_on or not self._has_languages):
            language = language or was.language
        text = cue.text.removeprefix(QUARANTINED)
        return Line(cue.start_ms / 1000, cue.end_ms / 1000, text, language, speaker)


def _groups(
    lines: Sequence[Segment], cues: Sequence[Cue]
) -> Iterator[tuple[tuple[Segment, ...], tuple[Cue, ...]]]:
    """Lines and cues that overlap one another, directly or through others, in order."""
    spans = [(ms(line.start_s), ms(line.end_s), line) for line in lines]
    everything: Iterable[tuple[int, int, Segment | Cue]] = chain(
        spans, ((cue.start_ms, cue.end_ms, cue) for cue in cues)
    )
    group: list[Segment | Cue] = []
    until = -1
    for start, end, one in [*sorted(everything, key=lambda x: x[:2]), (None, None, None)]:
        if group and (start is None or start >= until):
            yield (
                tuple(x for x in group if isinstance(x, Segment)),
                tuple(x for x in group if isinstance(x, Cue)),
            )
            group = []
        if one is not None and end is not None:
            group.append(one)
            until = max(until, end)


def _is_the_same(edit: Edit) -> bool:
    same = _content(edit.new) == _content(edit.old)
    return same and all(line.state != "quarantined" for line in edit.old)


def _content(lines: Iterable[Segment | Line]) -> list[tuple[object, ...]]:
    return [(ms(x.start_s), ms(x.end_s), x.text, x.language, x.speaker) for x in lines]


def _agrees(there: Sequence[Segment], cue: Cue) -> bool:
    """Whether a cue begins and ends where lines do, or more than half of its words are theirs."""
    begins = any(abs(cue.start_ms - ms(line.start_s)) <= ROUNDING_MS for line in there)
    if begins and any(abs(cue.end_ms - ms(line.end_s)) <= ROUNDING_MS for line in there):
        return True
    said = Counter(fold(word) for word in words(cue.text))
    heard = Counter(fold(word) for line in there for word in words(line.text))
    return 2 * (said & heard).total() > said.total()


def _overlap(line: Segment, cue: Cue) -> int:
    """Milliseconds that both have, 0 where none."""
    return max(0, min(ms(line.end_s), cue.end_ms) - max(ms(line.start_s), cue.start_ms))


def _vtt(number: int, line: Segment) -> str:
    text = escaped(_marked(line))
    if line.language:
        text = f"<lang {line.language}>{text}</lang>"
    if line.speaker:
        text = f"<v {escaped(' '.join(line.speaker.split()))}>{text}</v>"
    times = f"{stamp(ms(line.start_s), '.')} --> {stamp(ms(line.end_s), '.')}"
    return f"s{number}\n{times}\n{text}"


def _srt(number: int, line: Segment) -> str:
    who = f"{' '.join(line.speaker.split())}: " if line.speaker else ""
    text = in_subrip(_marked(line, who))
    times = f"{stamp(ms(line.start_s), ',')} --> {stamp(ms(line.end_s), ',')}"
    return f"{number}\n{times}\n{text}\n"


def _marked(line: Segment, who: str = "") -> str:
    mark = QUARANTINED if line.state == "quarantined" else ""
    return f"{mark}{who}{' '.join(line.text.split())}"
