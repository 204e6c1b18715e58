"""What was done, in rows that triggers refuse to change: the table `events`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from sqlite_utils import Database

from pipeline import __version__

# Names of PREMIS's vocabulary of event types where it has one.
Event = Literal[
    "ingestion",
    "transcription",
    "fixity check",
    "publication",
    "withdrawal",
    "deletion",
    "backup",
    "export",
    "modification",
]
_AGENT = f"testimony-archive {__version__}"


class Events:
    """The events of one open `archive.db`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(
        self,
        kind: Event,
        objects: Iterable[str],
        outcome: str,
        detail: Mapping[str, object],
        at: str,
    ) -> None:
        """One event for each object: an id of a testimony or a recording."""
        what = (json.dumps(detail, sort_keys=True, ensure_ascii=False), _AGENT)
        rows = [(at, kind, name, outcome, *what) for name in objects]
        # One statement that reads nothing first: it waits for another writer and cannot be refused.
        self._db.conn.executemany(
            "INSERT INTO events (at, type, object, outcome, detail, agent)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            rows,
        )

    def of(self, name: str) -> list[dict[str, Any]]:
        """What was done with one object, oldest first; `detail` as a dict."""
        rows = list(self._db.table("events").rows_where("object = ?", [name], order_by="id"))
        return [row | {"detail": json.loads(row["detail"])} for row in rows]

    def objects(self, kind: Event) -> frozenset[str]:
        """Everything with which this was ever done."""
        rows = self._db.execute("SELECT object FROM events WHERE type = ?", [kind]).fetchall()
        return frozenset(row[0] for row in rows)
