"""The reviewers' desk: reads `archive.db` for `/review`, and keeps what people correct.

The site gets it from `testimony serve` and does neither itself. Each request opens the archive
for a moment. Saving does not take the pipeline's lock: a correction is one short transaction, and
SQLite lets it in between two of a transcription that runs for days.
"""

from __future__ import annotations

import json
import os
import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from pipeline import config, listening, lock
from pipeline import recording as rec
from pipeline.archive import Archive
from pipeline.corrections import Conflict, Correction, CorrectionError, Line, ms, tidy
from pipeline.errors import ArchiveError, AudioError
from pipeline.recording import Recording
from pipeline.review import (
    UNHEARD,
    UNSURE,
    Clash,
    Doubted,
    Edit,
    EditError,
    NotHere,
    Progress,
    Queue,
    Row,
    Saved,
    Sheet,
    Standing,
    progress,
    times,
)

# What the queue may show of a run, and no more: an archive has a million lines.
_DOUBTED_SQL = f"""
SELECT start_s, end_s, text, language, speaker, state, reasons, confidence FROM segments
WHERE run_id = :run AND state != 'corrected'
AND (state = 'quarantined' OR reasons != '[]' OR confidence < {UNSURE})
UNION ALL SELECT start_s, end_s, '', NULL, NULL, '{UNHEARD}', '[]', NULL FROM unheard
WHERE run_id = :run
"""
_SHORTEST_S = 0.05
_COUNT_SQL = "SELECT count(*), total(state = 'corrected') FROM segments WHERE run_id = ?"


@dataclass(frozen=True)
class _Waiting:
    """What waits in one state of a recording's text."""

    rows: tuple[Row, ...]
    progress: Progress


class Desk:
    """See `pipeline.review.Desk`. Threads may share it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        # By recording: the run and revision that it is of.
        self._waiting: dict[str, tuple[tuple[int, int], _Waiting]] = {}
        self._saving, self._making = Lock(), Lock()
        self._made: dict[str, Thread] = {}
        self._failed: dict[str, AudioError] = {}

    def queue(self, language: str | None = None) -> Queue:
        """What waits, over all testimonies that were not withdrawn, most doubted first."""
        with self._open() as archive:
            shelves = self._shelves(archive)
            revisions = archive.revisions()
            waiting = {
                recording.id: self._waiting_in(archive, recording, revisions)
                for _, recordings in shelves.values()
                for recording in recordings
            }
        doubted, standings = [], []
        for ident, (row, recordings) in shelves.items():
            standings.append(_standing(row, recordings, waiting))
            for recording in recordings:
                found = waiting[recording.id].rows
                doubted += [Doubted(ident, row["title"], recording.part, one) for one in found]
        languages = sorted({one.row.language for one in doubted if one.row.language})
        chosen = [one for one in doubted if language in (None, one.row.language)]
        return Queue(
            tuple(sorted(chosen, key=lambda one: one.row.order)),
            tuple(standings),
            tuple(languages),
        )

    def sheet(self, ident: str, part: int) -> Sheet:
        """One recording, with every line and every stretch of unheard speech."""
        with self._open() as archive:
            row, recording, parts = self._find(archive, ident, part)
            rows = _rows(archive, recording)
        named = (row["narrator_pseudonym"] or row["narrator"], row["interviewer"])
        offered = (*config.load(self._root).languages, *json.loads(row["languages"] or "[]"))
        return Sheet(
            id=ident,
            title=row["title"],
            access=row["access"],
            part=part,
            parts=parts,
            duration_s=recording.duration_s,
            rows=rows,
            languages=_each_once((*offered, *(one.language for one in rows))),
            speakers=_each_once((*named, *(one.speaker for one in rows))),
            redacted=tuple(
                (said["start_s"], said["end_s"])
                for said in json.loads(row["redactions"] or "[]")
                if said["recording"] == recording.path
            ),
        )

    def save(self, ident: str, part: int, edit: Edit, who: str) -> Saved:
        """Keeps the edit under `who`'s name. Raises Clash where the rows are no longer so."""
        with self._saving, self._open() as archive:
            self._refuse_while_restoring()
            _, recording, _ = self._find(archive, ident, part)
            there = _within(_rows(archive, recording), edit)
            if len(there) != len(edit.seen) or not all(
                seen.is_still(row) for seen, row in zip(edit.seen, there, strict=True)
            ):
                raise self._clash(archive, recording, edit, there)
            try:
                archive.correct(recording, [_correction(archive, recording, edit, there, who)])
            except Conflict as error:
                _, recording, _ = self._find(archive, ident, part)
                there = _within(_rows(archive, recording), edit)
                raise self._clash(archive, recording, edit, there) from error
            except CorrectionError as error:
                raise EditError("unreadable") from error
            _, recording, _ = self._find(archive, ident, part)
            rows = _rows(archive, recording)
        return Saved(_within(rows, edit), progress(rows))

    def sound(self, ident: str, part: int) -> Path | None:
        """A copy to listen to; None while it is being made. Raises AudioError."""
        with self._open() as archive:
            _, recording, _ = self._find(archive, ident, part)
        path = listening.path(self._root, recording)
        with suppress(FileNotFoundError):
            os.utime(path)
            return path
        if not (self._root / rec.FOLDER / recording.path).is_file():
            raise NotHere
        with self._making:
            if error := self._failed.pop(recording.id, None):
                raise error
            thread = self._made.get(recording.id)
            if thread is None or not thread.is_alive():
                thread = Thread(target=self._make, args=(recording,), daemon=True)
                self._made[recording.id] = thread
                thread.start()
        return None

    # Inside

    @contextmanager
    def _open(self) -> Iterator[Archive]:
        with Archive(self._root) as archive:
            try:
                yield archive
            except sqlite3.Error as error:
                raise ArchiveError(archive.path, f"SQLite refused ({error}).") from error

    def _shelves(self, archive: Archive) -> dict[str, tuple[Mapping[str, Any], list[Recording]]]:
        """By id, each testimony that was not withdrawn and its transcribed recordings."""
        gone = archive.hidden()
        shelves: dict[str, tuple[Mapping[str, Any], list[Recording]]] = {
            row["id"]: (row, []) for row in archive.testimonies() if row["id"] not in gone
        }
        for recording in archive.recordings():
            if recording.testimony_id in shelves and recording.current_run_id is not None:
                shelves[recording.testimony_id][1].append(recording)
        return {ident: shelf for ident, shelf in shelves.items() if shelf[1]}

    def _find(
        self, archive: Archive, ident: str, part: int
    ) -> tuple[Mapping[str, Any], Recording, tuple[int, ...]]:
        """A testimony's row, the recording that is its part, and which parts there are."""
        row = archive.testimony(ident)
        if row is None or ident in archive.hidden():
            raise NotHere
        recordings = [one for one in archive.parts(ident) if one.current_run_id is not None]
        for recording in recordings:
            if recording.part == part:
                return row, recording, tuple(one.part for one in recordings)
        raise NotHere

    def _waiting_in(
        self, archive: Archive, recording: Recording, revisions: Mapping[int, int]
    ) -> _Waiting:
        """What waits in a recording; read anew only where its text has changed."""
        run_id = recording.current_run_id or 0
        state = (run_id, revisions.get(run_id, 0))
        known = self._waiting.get(recording.id)
        if known is None or known[0] != state:
            found = archive.db.query(_DOUBTED_SQL, {"run": run_id})
            rows = tuple(_row(said) for said in found)
            lines, checked = archive.db.execute(_COUNT_SQL, (run_id,)).fetchone()
            known = state, _Waiting(rows, Progress(lines, int(checked), len(rows)))
            self._waiting[recording.id] = known
        return known[1]

    def _refuse_while_restoring(self) -> None:
        """What is saved into a database that is being replaced would be lost with it."""
        if lock.command(self._root) == "restore":
            raise ArchiveError(self._root, "a backup is being restored.", "Try again in a minute.")

    def _clash(
        self, archive: Archive, recording: Recording, edit: Edit, there: Sequence[Row]
    ) -> Clash:
        """What stands there now, and who made it so, where it was a person."""
        touching = [
            correction
            for correction in archive.corrections(recording)
            if correction.start_s < edit.end_s and edit.start_s < correction.end_s
        ]
        last = touching[-1] if touching else None
        return Clash(there, last.who if last else None, last.at if last else None)

    def _make(self, recording: Recording) -> None:
        """Makes a copy, unless its testimony is withdrawn meanwhile: then it is gone again."""
        try:
            listening.make(self._root, recording)
        except AudioError as error:
            with self._making:
                self._failed[recording.id] = error
        with self._open() as archive:
            if recording.testimony_id not in self._shelves(archive):
                listening.remove(self._root, [recording])


def _standing(
    row: Mapping[str, Any], recordings: Sequence[Recording], waiting: Mapping[str, _Waiting]
) -> Standing:
    return Standing(
        id=row["id"],
        title=row["title"],
        access=row["access"],
        parts=tuple(recording.part for recording in recordings),
        duration_s=sum(recording.duration_s for recording in recordings),
        progress=sum((waiting[one.id].progress for one in recordings), Progress()),
    )


def _rows(archive: Archive, recording: Recording) -> tuple[Row, ...]:
    """Lines and unheard stretches of a recording, in order."""
    run_id = recording.current_run_id or 0
    lines = [
        Row(s.start_s, s.end_s, s.text, s.language, s.speaker, s.state, s.reasons, s.confidence)
        for s in tidy(segment for _, segment in archive.segments(run_id, with_words=False))
    ]
    gaps = [
        Row(start_s, end_s, "", None, None, UNHEARD)
        for gap in archive.unheard(run_id)
        for start_s, end_s in _beside(lines, gap.start_s, gap.end_s)
    ]
    return tuple(sorted((*lines, *gaps), key=lambda row: (row.start_s, row.end_s)))


def _beside(lines: Sequence[Row], start_s: float, end_s: float) -> Iterator[tuple[float, float]]:
    """What of a stretch no line has: a correction names whole lines, and must cut none."""
    first = bisect_right(lines, start_s, key=lambda line: line.end_s)
    for line in takewhile(lambda line: line.start_s < end_s, islice(lines, first, None)):
        if line.start_s - start_s >= _SHORTEST_S:
            yield start_s, line.start_s
        start_s = line.end_s
    if end_s - start_s >= _SHORTEST_S:
        yield start_s, end_s


def _row(said: Mapping[str, Any]) -> Row:
    return Row(**{**said, "reasons": tuple(json.loads(said["reasons"]))})


def _within(rows: Iterable[Row], edit: Edit) -> tuple[Row, ...]:
    """The rows that have some of their time where the edit is."""
    start, end = ms(edit.start_s), ms(edit.end_s)
    return tuple(row for row in rows if ms(row.start_s) < end and start < ms(row.end_s))


def _correction(
    archive: Archive, recording: Recording, edit: Edit, there: Sequence[Row], who: str
) -> Correction:
    """The edit as the archive keeps it, with the times of its lines."""
    texts = [line.text for line in edit.lines]
    heard: list[Any] = []
    if len(texts) > 1:
        heard = [
            word
            for _, line in archive.lines(recording, [(edit.start_s, edit.end_s)])
            for word in line.words
            if edit.start_s <= (word.start_s + word.end_s) / 2 < edit.end_s
        ]
    spans = times(texts, edit.start_s, edit.end_s, heard) if texts else []
    return Correction(
        start_s=edit.start_s,
        end_s=edit.end_s,
        before="\n".join(row.text for row in there if row.state != UNHEARD),
        lines=tuple(
            Line(start_s, end_s, line.text, line.language, line.speaker)
            for (start_s, end_s), line in zip(spans, edit.lines, strict=True)
        ),
        who=who,
        source="review",
        former_private=edit.private,
    )


def _each_once(names: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))
