"""Segments that a search found, as they are shown, and as texts to be read word by word."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.deadline import too_long
from pipeline.marking import Marker
from pipeline.passage import seconds

_HITS_SQL = """
SELECT segments.id AS segment_id, segments.testimony_id, testimonies.title, testimonies.narrator,
  testimonies.notice, segments.recording_id, recordings.part, recordings.has_video,
  recordings.media IS NOT NULL AS can_be_heard, segments.start_s, segments.end_s,
  segments.language, segments.text
FROM segments
JOIN testimonies ON testimonies.id = segments.testimony_id
JOIN recordings ON recordings.id = segments.recording_id
WHERE segments.id IN (SELECT value FROM json_each(?))
"""


@dataclass(frozen=True)
class Hit:
    """One segment that a search found; `marked` has the found words between two controls."""

    segment_id: int
    testimony_id: str
    title: str
    narrator: str | None
    notice: str | None
    recording_id: str
    part: int
    has_video: bool
    can_be_heard: bool
    start_s: float
    end_s: float
    language: str | None
    text: str
    marked: str

    @classmethod
    def from_row(cls, row: Mapping[str, Any], marked: str) -> Hit:
        values = dict(row)
        for name in ("has_video", "can_be_heard"):
            values[name] = bool(values[name])
        return cls(**values, marked=marked)

    @property
    def listen_path(self) -> str:
        """Where on the site this passage is heard, from its start."""
        return f"/media/{self.recording_id}#t={seconds(self.start_s)}"


def read_hits(
    connection: sqlite3.Connection, chosen: Sequence[int], marker: Marker
) -> Iterator[Hit]:
    cursor = connection.execute(_HITS_SQL, [json.dumps(list(chosen))])
    names = [column[0] for column in cursor.description]
    rows = {row[0]: dict(zip(names, row, strict=True)) for row in cursor}
    for ident in chosen:
        if row := rows.get(ident):
            yield Hit.from_row(row, marker.marked(row["text"], row["language"]))


def read_texts(
    connection: sqlite3.Connection, idents: Sequence[int], deadline: float
) -> Iterator[tuple[int, str, str | None]]:
    """Texts to be read word by word, which takes its time too: until the deadline."""
    sql = "SELECT id, text, language FROM segments WHERE id IN (SELECT value FROM json_each(?))"
    for row in connection.execute(sql, [json.dumps(list(idents))]):
        if time.monotonic() > deadline:
            raise too_long()
        yield row
