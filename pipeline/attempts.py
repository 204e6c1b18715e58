"""Every attempt to transcribe a recording, and the pieces of unfinished ones: `runs` and `steps`.

Callers hold the transaction.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from pipeline.errors import PipelineError
from pipeline.recording import Recording
from pipeline.transcript import Transcript

_AS_JSON = ("options", "languages", "took_s")


@dataclass(frozen=True)
class Settings:
    """What a run was asked to use; two equal keys need no second run."""

    key: str
    languages: tuple[str, ...]


@dataclass(frozen=True)
class Failure:
    """The last thing that went wrong with a recording, and when."""

    recording_id: str
    reason: str
    at: str


class Attempts:
    """The runs and their kept steps in one open `archive.db`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def finished(self, recording: Recording, settings: Settings) -> int | None:
        """The run that already did this work, if there is one."""
        row = self._db.execute(
            "SELECT max(id) FROM runs WHERE recording_id = ? AND settings = ? AND state = 'done'",
            (recording.id, settings.key),
        ).fetchone()
        return None if row is None else row[0]

    def begin(self, recording: Recording, settings: Settings, at: str) -> int:
        """A run in state `partial`; the unfinished one with these settings goes on."""
        found = self._db.execute(
            "SELECT max(run_id) FROM steps JOIN runs ON runs.id = run_id"
            " WHERE recording_id = ? AND settings = ?",
            (recording.id, settings.key),
        ).fetchone()[0]
        row = {
            "recording_id": recording.id,
            "settings": settings.key,
            "started_at": at,
            "state": "partial",
        }
        run_id = int(self._db.table("runs").insert(row).last_pk)  # type: ignore[arg-type]
        if found is not None:
            self._db.execute("UPDATE steps SET run_id = ? WHERE run_id = ?", (run_id, found))
        # A partial run without steps is only a trace of a process that was killed.
        self._db.execute(
            "DELETE FROM runs WHERE recording_id = ? AND state = 'partial' AND id != ?"
            " AND id NOT IN (SELECT run_id FROM steps)",
            (recording.id, run_id),
        )
        return run_id

    def keep_step(self, run_id: int, key: str, stage: str, took_s: float, result: str) -> None:
        """One finished step of an unfinished run; `result` is JSON."""
        row = {"run_id": run_id, "key": key, "stage": stage, "took_s": took_s, "result": result}
        self._db.table("steps").upsert(row, pk=("run_id", "key"))

    def steps(self, run_id: int) -> dict[str, str]:
        """The results of a run's finished steps, as JSON, by the step's key."""
        rows = self._db.execute("SELECT key, result FROM steps WHERE run_id = ?", (run_id,))
        return dict(rows.fetchall())

    def finish(
        self, run_id: int, transcript: Transcript, lost: str | None, at: str
    ) -> dict[str, float]:
        """What was used and what was heard in all; returns how many seconds each stage took."""
        used = transcript.provenance
        took_s = self._took_s(run_id) | transcript.took_s
        row = {
            "finished_at": at,
            "engine": used.engine,
            "version": used.version,
            "model": used.model,
            "model_sha256": used.model_sha256,
            "options": json.dumps(used.options, sort_keys=True, ensure_ascii=False),
            "languages": json.dumps(transcript.languages),
            "text_language": transcript.text_language,
            "speech_s": round(sum(s.end_s - s.start_s for s in transcript.segments), 2),
            "state": "done",
            "reason": lost,
            "took_s": json.dumps(took_s),
        }
        self._db.table("runs").update(run_id, row)
        self._db.execute("DELETE FROM steps WHERE run_id = ?", (run_id,))
        return took_s

    def fail(self, run_id: int, error: PipelineError, at: str) -> None:
        """Why a run gave nothing. Its steps stay: the recording is tried again next time."""
        row = {"finished_at": at, "state": "failed", "reason": str(error)}
        self._db.table("runs").update(run_id, row)

    def failures(self) -> list[Failure]:
        """The newest run of each recording, where it failed."""
        rows = self._db.query(
            "SELECT recording_id, reason, finished_at AS at, max(id) AS id FROM runs"
            " WHERE settings IS NOT NULL GROUP BY recording_id HAVING state = 'failed'"
        )
        return [Failure(row["recording_id"], row["reason"], row["at"]) for row in rows]

    def numbered(self, run_id: int) -> dict[str, Any]:
        """One run's row."""
        return dict(self._db.table("runs").get(run_id))

    def of(self, recording: Recording) -> list[dict[str, Any]]:
        """Every attempt to transcribe a recording, oldest first; JSON columns as what they say."""
        rows = list(
            self._db.table("runs").rows_where("recording_id = ?", [recording.id], order_by="id")
        )
        return [row | {k: json.loads(row[k]) for k in _AS_JSON if row[k]} for row in rows]

    def revisions(self) -> dict[int, int]:
        """By run: how often its text was changed."""
        return dict(self._db.execute("SELECT id, revision FROM runs").fetchall())

    def _took_s(self, run_id: int) -> dict[str, float]:
        """Seconds of each stage, over all of a run's steps."""
        rows = self._db.execute(
            "SELECT stage, round(sum(took_s), 3) FROM steps WHERE run_id = ? GROUP BY stage",
            (run_id,),
        )
        return dict(rows.fetchall())
