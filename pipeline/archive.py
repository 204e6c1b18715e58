"""`archive.db`: everything the pipeline knows. The only module that opens it for writing.

One finished thing is one transaction, so that a killed process loses at most what it was doing.
What the tables hold is the subject of the files that it is made of; here is what belongs together
in one transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from pipeline import testimony, withdrawn
from pipeline.attempts import Attempts, Failure, Settings
from pipeline.config import Access
from pipeline.corrections import Correction, Text
from pipeline.database import Database, guarded
from pipeline.errors import PipelineError, Problem, UsageError
from pipeline.events import Event, Events
from pipeline.lexicon import Lexicon
from pipeline.lines import Lines
from pipeline.misspellings import Misspellings
from pipeline.passages import Passages
from pipeline.placing import Placement
from pipeline.recording import Recording
from pipeline.register import Register
from pipeline.report import Progress
from pipeline.samples import Design, Sampled, Samples
from pipeline.schema import migration
from pipeline.scoring import Errors
from pipeline.terms import Tables
from pipeline.testimony import Sidecar, Sidecars
from pipeline.transcript import Segment, Transcript, Unheard

FILE = "archive.db"
_BUSY_MS = 30_000
_SUMMARIES_SQL = """
SELECT r.id, u.languages, u.text_language, u.finished_at, u.reason, count(s.id) AS segments,
  sum(s.state = 'quarantined') AS quarantined,
  sum(s.state = 'ok' AND s.reasons != '[]') AS doubted,
  (SELECT count(*) FROM unheard WHERE run_id = u.id) AS unheard
FROM recordings r JOIN runs u ON u.id = r.current_run_id
LEFT JOIN segments s ON s.run_id = u.id GROUP BY r.id
"""
_WAITING_SQL = """
SELECT s.id AS segment_id, r.path, s.start_s, s.end_s, s.state, s.reasons, s.text
FROM segments s JOIN recordings r ON r.current_run_id = s.run_id
WHERE r.testimony_id = :id AND (s.reasons != '[]' OR s.state = 'quarantined')
UNION ALL SELECT NULL, r.path, h.start_s, h.end_s, 'unheard', '[]', NULL
FROM unheard h JOIN recordings r ON r.current_run_id = h.run_id WHERE r.testimony_id = :id
ORDER BY 2, 3
"""


def now() -> str:
    """This moment in UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Archive:
    """An open `archive.db`. Use it as a context manager."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / FILE
        with self._guarded():
            self.db = Database(sqlite3.connect(self.path, timeout=_BUSY_MS / 1000))
            self.db.execute("PRAGMA foreign_keys = ON")
            # WAL lets `status` and backups read while a transcription writes.
            self.db.enable_wal()
            migration.apply(self.db)
        self._register = Register(self.db)
        self._attempts = Attempts(self.db)
        self._lines = Lines(self.db)
        self._passages = Passages(self.db, root)
        self._samples = Samples(self.db)
        self._misspellings = Misspellings(self.db)
        self._events = Events(self.db)

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.db.close()

    # Testimonies and recordings

    def save_testimony(self, sidecar: Sidecar, default_access: Access) -> None:
        """Copies a sidecar; what the sidecar no longer says is no longer known here."""
        with self._writing():
            self._register.save_testimony(sidecar, default_access)

    def save_recording(self, recording: Recording) -> None:
        """Registers a new master."""
        with self._writing():
            self._register.add_recording(recording, now())
            self.record("ingestion", [recording.id], path=recording.path, sha256=recording.sha256)

    def move_recording(self, recording: Recording, path: str, mtime_ns: int) -> None:
        """The same bytes under a new path, or touched where they lie."""
        with self._writing():
            self._register.move_recording(recording, path, mtime_ns)

    def recordings(self) -> list[Recording]:
        """Every master, by testimony and part."""
        with self._guarded():
            return self._register.recordings()

    def parts(self, ident: str) -> list[Recording]:
        """A testimony's masters, in order."""
        with self._guarded():
            return self._register.parts(ident)

    def recording_at(self, path: str) -> Recording | None:
        """The master that lies there."""
        with self._guarded():
            return self._register.recording_at(path)

    def recording_with(self, sha256: str) -> Recording | None:
        """The master of these bytes."""
        with self._guarded():
            return self._register.recording_with(sha256)

    def testimonies(self) -> list[dict[str, Any]]:
        """Every testimony's row, by id."""
        with self._guarded():
            return self._register.testimonies()

    def testimony(self, ident: str) -> dict[str, Any] | None:
        """One testimony's row."""
        with self._guarded():
            return self._register.testimony(ident)

    def addresses(self, ident: str) -> list[str]:
        """Every address that a testimony and its parts can have had: table and key."""
        with self._guarded():
            return self._register.addresses(ident)

    # Runs

    def finished_run(self, recording: Recording, settings: Settings) -> int | None:
        """The run that already did this work, if there is one."""
        with self._guarded():
            return self._attempts.finished(recording, settings)

    def begin_run(self, recording: Recording, settings: Settings) -> int:
        """A run in state `partial`; the unfinished one with these settings goes on."""
        with self._writing():
            return self._attempts.begin(recording, settings, now())

    def keep_step(self, run_id: int, key: str, stage: str, took_s: float, result: str) -> None:
        """One finished step of an unfinished run; `result` is JSON."""
        with self._writing():
            self._attempts.keep_step(run_id, key, stage, took_s, result)

    def steps(self, run_id: int) -> dict[str, str]:
        """The results of a run's finished steps, as JSON, by the step's key."""
        with self._guarded():
            return self._attempts.steps(run_id)

    def finish_run(
        self,
        run_id: int,
        recording: Recording,
        transcript: Transcript,
        lost: str | None = None,
        *,
        wait: bool = False,
    ) -> dict[str, float]:
        """Everything a run heard, and that the recording's text is now made of this; returns how
        many seconds each stage took.

        `lost` says what of the recording could not be heard. `wait`: where there is a text that
        counts, it goes on counting until the run is accepted.
        """
        with self._writing():
            took_s = self._attempts.finish(run_id, transcript, lost, now())
            self._lines.add(run_id, recording.id, transcript.segments, transcript.unheard)
            self.record(
                "transcription", [recording.id], run_id=run_id, model=transcript.provenance.model
            )
            if wait and self._lines.counts(recording.id):
                self._lines.wait(recording.id, run_id)
            else:
                self._lines.accept(recording.id, run_id, now())
                self._passages.take(recording.id)
        return took_s

    def accept(self, recording: Recording) -> tuple[Placement, ...]:
        """From now on the run that waits counts; returns how corrections were placed in it."""
        run_id = recording.waiting_run_id
        if run_id is None:
            return ()
        with self._writing():
            placements = self._lines.accept(recording.id, run_id, now())
            self._passages.take(recording.id)
            self.record("modification", [recording.id], accepted_run=run_id)
        return placements

    def fail_run(self, run_id: int, error: PipelineError) -> None:
        """Why a run gave nothing. Its steps stay: the recording is tried again next time."""
        with self._writing():
            self._attempts.fail(run_id, error, now())

    def failures(self) -> list[Failure]:
        """The newest run of each recording, where it failed."""
        with self._guarded():
            return self._attempts.failures()

    def run(self, run_id: int) -> dict[str, Any]:
        """One run's row."""
        with self._guarded():
            return self._attempts.numbered(run_id)

    def runs(self, recording: Recording) -> list[dict[str, Any]]:
        """Every attempt to transcribe a recording, oldest first; JSON columns as what they say."""
        with self._guarded():
            return self._attempts.of(recording)

    def revisions(self) -> dict[int, int]:
        """By run: how often its text was changed."""
        with self._guarded():
            return self._attempts.revisions()

    # The text of runs

    def unheard(self, run_id: int) -> list[Unheard]:
        """The stretches of a run that sound like speech and have no text, in order."""
        with self._guarded():
            return list(self._lines.unheard(run_id))

    def segments(self, run_id: int, *, with_words: bool = True) -> Iterator[tuple[int, Segment]]:
        """(id, segment) of a run in order; words are many, and left out where none are needed."""
        with self._guarded():
            yield from self._lines.of_run(run_id, with_words=with_words)

    def segment(self, number: int) -> tuple[str, Segment] | None:
        """The recording's id and the segment with this number, of whatever run it is."""
        with self._guarded():
            return self._lines.numbered(number)

    # What people say was said

    def lines(
        self, recording: Recording, ranges: Sequence[tuple[float, float]] | None = None
    ) -> list[tuple[int, Segment]]:
        """(id, line) of the text that counts: in order, in milliseconds, none overlapping.

        A correction is made on whole lines of these. With `ranges`, in seconds, only the lines in
        them have their words, which takes a tenth of the time.
        """
        with self._guarded():
            return self._lines.present(recording.id, ranges)

    def base(self, recording: Recording) -> int | None:
        """The machine's run that the text that counts is made of."""
        with self._guarded():
            return self._lines.base(recording.id)

    def former_lines(
        self, recording: Recording, run_id: int | None, last: int
    ) -> tuple[Segment, ...]:
        """The lines that counted when they were made of this run and of the corrections up to the
        one with the id `last`. Raises LookupError where the recording has none of them."""
        with self._guarded():
            return self._lines.former(recording.id, run_id, last)

    def corrections(self, recording: Recording) -> list[Correction]:
        """Every correction of a recording, oldest first."""
        with self._guarded():
            return self._lines.corrections(recording.id)

    def text_faults(self, recording: Recording) -> list[str]:
        """What is wrong with its corrections and the text made of them; empty when all is well."""
        with self._guarded():
            return self._lines.faults(recording.id)

    def unsure(self) -> list[dict[str, Any]]:
        """Corrections that a person should look at, as rows: placed by their time only, or where
        the run that counts has no words."""
        with self._guarded():
            return self._lines.unsure()

    def placements(self, recording: Recording) -> list[Placement]:
        """How corrections were placed in the run that counts, where they were made on another."""
        with self._guarded():
            return self._lines.placements(recording.id)

    def correct(self, recording: Recording, corrections: Sequence[Correction]) -> tuple[int, ...]:
        """Adds what people say was said, and that the recording's text is now this: all of it or
        nothing; returns the corrections' ids.

        Each is made on what the one before it leaves. Raises Conflict where what stands in its
        range is not its `before`, and CorrectionError where it cannot be; `id`, `run_id` and `at`
        are the archive's to say.
        """
        if not corrections:
            return ()
        with self._writing():
            if recording.testimony_id in self.hidden():
                what = "was withdrawn: nothing of it is corrected."
                raise UsageError(recording.testimony_id, what, "Nothing was changed.")
            ids = self._lines.correct(recording.id, corrections, now())
            self._passages.take(recording.id)
            who = sorted({correction.who for correction in corrections})
            self.record("modification", [recording.id], corrections=ids, who=who)
        return ids

    def applied(self, recording_id: str, run_id: int) -> Text:
        """What would count, of one of a recording's runs and all its corrections."""
        with self._guarded():
            return self._lines.applied(recording_id, run_id)

    def last_corrections(self) -> dict[str, int]:
        """By recording, the number of its last correction; without those that have none."""
        sql = "SELECT recording_id, max(id) FROM corrections GROUP BY recording_id"
        with self._guarded():
            return dict(self.db.execute(sql).fetchall())

    # Samples

    def sample(self, design: Design, seed: int) -> Sequence[Sampled]:
        """Machine lines drawn at random; the same design and seed give those drawn before."""
        with self._writing():
            return self._samples.draw(design, seed, self.hidden(), now())

    def samples(self) -> list[Sampled]:
        """Every line that was ever drawn, in the order of drawing."""
        with self._guarded():
            return self._samples.drawn()

    def comparisons(self) -> dict[int, tuple[int, Errors | None]]:
        """By drawn line, up to which correction it was compared, and what was found."""
        with self._guarded():
            return self._samples.comparisons()

    def keep_comparisons(self, correction_id: int, errors: Mapping[int, Errors | None]) -> None:
        """What comparing drawn lines found; None where nobody has heard one yet."""
        with self._writing():
            self._samples.keep(correction_id, errors)

    def lost(self) -> dict[str, tuple[dict[str | None, int], float]]:
        """By recording, what of the machine's run is quarantined (lines by language), and how many
        seconds of speech have no words."""
        with self._guarded():
            return self._samples.lost()

    # The lexicon's spellings

    def check_spellings(self, lexicon: Lexicon) -> None:
        """Lists anew what is like a spelling of the lexicon, where anything has changed."""
        with self._writing():
            self._misspellings.bring_up_to_date(lexicon, self.hidden())

    def misspelt(self) -> list[dict[str, Any]]:
        """What was listed, by testimony and time: see `Misspellings.found`."""
        with self._guarded():
            return self._misspellings.found()

    # What waits for a person

    def summaries(self) -> dict[str, dict[str, Any]]:
        """By recording: segments, states and languages of its current run."""
        with self._guarded():
            return {row["id"]: row for row in self.db.query(_SUMMARIES_SQL)}

    def waiting(self, ident: str) -> list[dict[str, Any]]:
        """What of a testimony a person should look at: doubted segments, then unheard speech."""
        with self._guarded():
            rows = [dict(row) for row in self.db.query(_WAITING_SQL, {"id": ident})]
        return [row | {"reasons": json.loads(row["reasons"])} for row in rows]

    # Search

    def index(self, withdrawn: Collection[str], progress: Progress) -> tuple[Problem, ...]:
        """Makes everything that counts findable, and nothing else; returns what is wrong with the
        vocabulary, which then stays as it was."""
        with self._guarded():
            return self._passages.bring_up_to_date(withdrawn, progress)

    def vocabulary(self) -> Tables:
        """The vocabulary as `index` has kept it."""
        with self._guarded():
            return self._passages.tables

    # What publishing asks

    def sidecars(self) -> Sidecars:
        """Every sidecar of the archive; only those whose bytes are new are parsed."""
        with self._guarded():
            known = dict(self.db.execute("SELECT key, said FROM readings").fetchall())
        found = testimony.load_all(self.root, known)
        if found.readings != known:
            new = [{"key": k, "said": v} for k, v in found.readings.items() if k not in known]
            gone = [(key,) for key in known if key not in found.readings]
            with self._writing():
                self.db.conn.executemany("DELETE FROM readings WHERE key = ?", gone)
                self.db.table("readings").insert_all(new, replace=True)
        return found

    def fingerprint_key(self) -> bytes:
        """This archive's own key for the fingerprints of what it publishes."""
        with self._guarded():
            return bytes.fromhex(self.db.table("keys").get("fingerprints")["key"])

    def vectors(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """By key, the vectors of texts that were read for their meaning before."""
        sql = "SELECT key, vector FROM meanings WHERE key = ?"
        with self._guarded():
            rows = (self.db.execute(sql, (key,)).fetchone() for key in keys)
            return dict(row for row in rows if row is not None)

    def keep_vectors(self, vectors: Mapping[bytes, bytes]) -> None:
        """Keeps what the texts with these keys mean."""
        with self._writing():
            sql = "INSERT OR REPLACE INTO meanings (key, vector) VALUES (?, ?)"
            self.db.conn.executemany(sql, vectors.items())

    # Events

    def record(
        self, kind: Event, objects: Iterable[str], outcome: str = "success", **detail: object
    ) -> None:
        """Adds one event for each object: an id of a testimony or a recording."""
        with self._writing():
            self._events.add(kind, objects, outcome, detail, now())

    def events(self, name: str) -> list[dict[str, Any]]:
        """What was done with one object, oldest first; `detail` as a dict."""
        with self._guarded():
            return self._events.of(name)

    def withdrawn(self) -> frozenset[str]:
        """The testimonies that were withdrawn, also where their note in `metadata/` is lost."""
        with self._guarded():
            return self._events.objects("withdrawal")

    def hidden(self) -> frozenset[str]:
        """The same, and those of which only `metadata/` knows: nothing of them may be shown."""
        return withdrawn.read(self.root) | self.withdrawn()

    def deleted(self) -> frozenset[str]:
        """The recordings whose masters were deleted after a withdrawal."""
        with self._guarded():
            return self._events.objects("deletion")

    def faults(self) -> list[str]:
        """What SQLite itself finds wrong with the file; empty when all is well."""
        with self._guarded():
            rows = [str(row[0]) for row in self.db.execute("PRAGMA integrity_check")]
            orphans = len(self.db.execute("PRAGMA foreign_key_check").fetchall())
        faults = [] if rows == ["ok"] else rows
        return faults + ([f"{orphans} rows point to rows that are gone"] if orphans else [])

    # Inside

    def _guarded(self) -> AbstractContextManager[None]:
        return guarded(self.path)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction, or a part of the one that is open."""
        with self._guarded(), self.db.atomic():
            yield
