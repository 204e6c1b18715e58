"""What an archive has: the tables `testimonies` and `recordings`. Callers hold the transaction."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any

from sqlite_utils import Database
from sqlite_utils.db import NotFoundError

from pipeline.config import Access
from pipeline.recording import Recording
from pipeline.testimony import Sidecar

_RECORDING_FIELDS = ", ".join(field.name for field in fields(Recording))
_ADDRESSES_SQL = """
SELECT 'recordings/' || id FROM recordings WHERE testimony_id = :id
UNION ALL SELECT 'segments/' || s.id FROM segments s
JOIN recordings r ON r.id = s.recording_id WHERE r.testimony_id = :id
UNION ALL SELECT 'segments/' || f.id FROM former_segments f
JOIN recordings r ON r.id = f.recording_id WHERE r.testimony_id = :id
"""


class Register:
    """The testimonies and recordings of one open `archive.db`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def save_testimony(self, sidecar: Sidecar, default_access: Access) -> None:
        """Copies a sidecar; what the sidecar no longer says is no longer known here."""
        self._db.table("testimonies").upsert(_row(sidecar, default_access), pk="id")
        for part, path in enumerate(sidecar.recordings, start=1):
            self._db.execute(
                "UPDATE recordings SET testimony_id = ?, part = ? WHERE path = ?",
                (sidecar.id, part, path),
            )

    def testimonies(self) -> list[dict[str, Any]]:
        """Every testimony's row, by id."""
        return list(self._db.table("testimonies").rows_where(order_by="id"))

    def testimony(self, ident: str) -> dict[str, Any] | None:
        """One testimony's row."""
        try:
            return dict(self._db.table("testimonies").get(ident))
        except NotFoundError:
            return None

    def add_recording(self, recording: Recording, at: str) -> None:
        """A new master."""
        self._db.table("recordings").insert(asdict(recording) | {"ingested_at": at})

    def move_recording(self, recording: Recording, path: str, mtime_ns: int) -> None:
        """The same bytes under a new path, or touched where they lie."""
        self._db.table("recordings").update(recording.id, {"path": path, "mtime_ns": mtime_ns})

    def recordings(self) -> list[Recording]:
        """Every master, by testimony and part."""
        return self._recordings("ORDER BY testimony_id, part, id")

    def parts(self, ident: str) -> list[Recording]:
        """A testimony's masters, in order."""
        return self._recordings("WHERE testimony_id = ? ORDER BY part, id", ident)

    def recording_at(self, path: str) -> Recording | None:
        """The master that lies there."""
        return next(iter(self._recordings("WHERE path = ?", path)), None)

    def recording_with(self, sha256: str) -> Recording | None:
        """The master of these bytes."""
        return next(iter(self._recordings("WHERE sha256 = ?", sha256)), None)

    def addresses(self, ident: str) -> list[str]:
        """Every address that a testimony and its parts can have had: table and key."""
        rows = self._db.execute(_ADDRESSES_SQL, {"id": ident}).fetchall()
        return [f"testimonies/{ident}", *(row[0] for row in rows)]

    def _recordings(self, where: str, *values: str) -> list[Recording]:
        rows = self._db.query(f"SELECT {_RECORDING_FIELDS} FROM recordings {where}", values)
        return [Recording(**{**row, "has_video": bool(row["has_video"])}) for row in list(rows)]


def _row(sidecar: Sidecar, default_access: Access) -> dict[str, Any]:
    return {
        "id": sidecar.id,
        "title": sidecar.title,
        "narrator": sidecar.narrator.name,
        "narrator_born": sidecar.narrator.born,
        "narrator_gender": sidecar.narrator.gender,
        "narrator_pseudonym": sidecar.narrator.pseudonym,
        "interviewer": sidecar.interviewer,
        "recorded_on": sidecar.recorded_on,
        "place": sidecar.place,
        "languages": None if sidecar.languages is None else json.dumps(sidecar.languages),
        "collection": sidecar.collection,
        "summary": sidecar.summary,
        "notice": sidecar.notice,
        "access": sidecar.access or default_access,
        "access_until": sidecar.access_until,
        "access_reason": sidecar.access_reason,
        "listed": int(sidecar.listed),
        "licence": sidecar.licence,
        "agreement": sidecar.agreement,
        "uses": json.dumps(sidecar.uses),
        "warnings": json.dumps(sidecar.warnings, ensure_ascii=False),
        "redactions": json.dumps(
            [redaction.model_dump() for redaction in sidecar.redactions], ensure_ascii=False
        ),
    }
