"""Two texts of one recording side by side by time: what a new run, or a person, says otherwise."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from pipeline import corrections, letters
from pipeline.archive import Archive
from pipeline.clock import clock
from pipeline.errors import UsageError
from pipeline.exports import must_be_known
from pipeline.recording import Recording
from pipeline.retiming import align, words_of
from pipeline.transcript import Segment, Word

# Words are aligned over stretches of this length: short enough for every pair to be looked at.
_STRETCH_S = 60.0
# What is not in the other text is marked as wdiff marks it.
_LEFT, _RIGHT = ("[-", "-]"), ("{+", "+}")


@dataclass(frozen=True)
class Token:
    """A word, and whether the other text has it in the same place."""

    text: str
    same: bool


@dataclass(frozen=True)
class Row:
    """What both texts say in one stretch of time, in seconds."""

    start_s: float
    end_s: float
    left: tuple[Token, ...]
    right: tuple[Token, ...]

    @property
    def same(self) -> bool:
        return all(token.same for token in (*self.left, *self.right))


def compare(archive: Archive, ident: str) -> dict[str, Any]:
    """Everything `testimony diff ID --json` prints: each recording's two texts in rows.

    What counts beside what would count if the run that waits were accepted; where none waits, the
    machine's words beside what counts. Raises UsageError where there is nothing to compare.
    """
    must_be_known(archive, ident)
    mine = [r for r in archive.recordings() if r.testimony_id == ident]
    parts = [_part(archive, recording) for recording in mine if recording.current_run_id]
    if not parts:
        raise UsageError(ident, "has no transcript yet.", "Run: testimony transcribe")
    return {"testimony": ident, "parts": parts}


def side_by_side(left: Sequence[Segment], right: Sequence[Segment]) -> list[Row]:
    """Two texts in rows: what both say from where a line on the left begins to where the next one
    does. Words that are the same are in the same row."""
    begins = [line.start_s for line in left]
    mine: list[list[Token]] = [[] for _ in left]
    # What is said on the right before the first line on the left is a row of its own.
    theirs: list[list[Token]] = [[] for _ in range(len(left) + 1)]
    for (olds, rows), news in _stretches(left, [word for line in right for word in words_of(line)]):
        pairs = align(olds, news)
        equal = {(i, j) for i, j in pairs if _plain(olds[i]) == _plain(news[j])}
        known, kept = {i for i, _ in equal}, {j for _, j in equal}
        for i, word in enumerate(olds):
            mine[rows[i]].append(Token(word.text, i in known))
        row_of = {j: rows[i] + 1 for i, j in pairs}
        lowest = 0
        for j, word in enumerate(news):
            highest = min((row for at, row in row_of.items() if at >= j), default=len(left))
            by_time = bisect_right(begins, _middle(word))
            lowest = row_of.get(j) or min(max(by_time, lowest), highest)
            theirs[lowest].append(Token(word.text, j in kept))
    return list(_rows(left, right, mine, theirs))


def in_words(row: Mapping[str, Any]) -> tuple[str, str, str]:
    """A row of `compare` for a terminal: time, left and right, with what differs marked."""
    return clock(row["start_s"]), _marked(row["left"], _LEFT), _marked(row["right"], _RIGHT)


def _part(archive: Archive, recording: Recording) -> dict[str, Any]:
    """One recording's two texts, and what each of them is."""
    present = [line for _, line in archive.lines(recording)]
    base = archive.base(recording)
    new = recording.waiting_run_id
    if new is not None:
        names = ("what counts", "the new transcript")
        left, right = present, archive.applied(recording.id, new).lines
    else:
        names = ("the machine's words", "what counts")
        left, right = [s for _, s in archive.segments(base)] if base else [], tuple(present)
    return {
        "recording": recording.id,
        "path": recording.path,
        "part": recording.part,
        "left": names[0],
        "right": names[1],
        "waits": new is not None,
        "runs": [_made_by(archive, run) for run in (base, new) if run is not None],
        "rows": [
            {"same": row.same, **asdict(row)} for row in side_by_side(corrections.tidy(left), right)
        ],
    }


def _made_by(archive: Archive, run_id: int) -> dict[str, Any]:
    run = archive.run(run_id)
    return {"run": run_id} | {name: run[name] for name in ("engine", "model", "finished_at")}


def _stretches(
    left: Sequence[Segment], right: Sequence[Word]
) -> Iterator[tuple[tuple[list[Word], list[int]], list[Word]]]:
    """Words of both, with the row of each word on the left; parted where a line begins."""
    olds: list[Word] = []
    rows: list[int] = []
    since, at = 0.0, 0
    for n, line in enumerate(left):
        if olds and line.start_s - since >= _STRETCH_S:
            until = at
            while until < len(right) and _middle(right[until]) < line.start_s:
                until += 1
            yield (olds, rows), list(right[at:until])
            olds, rows, since, at = [], [], line.start_s, until
        said = words_of(line)
        olds += said
        rows += [n] * len(said)
    yield (olds, rows), list(right[at:])


def _rows(
    left: Sequence[Segment],
    right: Sequence[Segment],
    mine: Sequence[Sequence[Token]],
    theirs: Sequence[Sequence[Token]],
) -> Iterator[Row]:
    end_s = max([line.end_s for line in (*left, *right)], default=0.0)
    if theirs[0]:
        first_s = left[0].start_s if left else end_s
        yield Row(right[0].start_s, first_s, (), tuple(theirs[0]))
    ends = [*(line.start_s for line in left[1:]), end_s]
    for line, until, old, new in zip(left, ends, mine, theirs[1:], strict=True):
        yield Row(line.start_s, until, tuple(old), tuple(new))


def _marked(tokens: Sequence[Mapping[str, Any]], marks: tuple[str, str]) -> str:
    """The words, with those that the other text does not have between marks."""
    pieces = []
    for same, run in groupby(tokens, key=lambda token: token["same"]):
        text = " ".join(token["text"] for token in run)
        pieces.append(text if same else f"{marks[0]}{text}{marks[1]}")
    return " ".join(pieces)


def _plain(word: Word) -> str:
    return "".join(letters.words(word.text)) or word.text


def _middle(word: Word) -> float:
    return (word.start_s + word.end_s) / 2
