"""A passage of a testimony by its address: what was said there, by whom, and in which recording.

An address is `ID/START-END`: seconds from the start of the recording, at most two decimals, at most
ten minutes. In the other recordings of a testimony it is `ID/PART:START-END`, as `pl-7/2:4.5-20`.
An address alone cannot say which words stood there when it was written down. A version can: sixteen
hexadecimal digits, the first eight of the recording's id, the others of the sha256 of the words.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

LONGEST_S = 600.0
# Addresses are rounded, and a segment begins where another ends.
_TOUCHES_S = 0.05
_BEYOND_S = 0.5
_RANGE = re.compile(r"(?:(\d{1,3}):)?(\d{1,6}(?:\.\d{1,2})?)-(\d{1,6}(?:\.\d{1,2})?)", re.ASCII)
_VERSION = re.compile(r"[0-9a-f]{16}")

Why = Literal["form", "reversed", "long", "unknown", "part", "beyond", "redacted"]

_TESTIMONY_SQL = """
SELECT id, title, narrator, narrator_born, interviewer, recorded_on, place, notice,
  licence, uses, warnings FROM testimonies WHERE id = ?
"""
_RECORDINGS_SQL = """
SELECT id, part, duration_s, has_video, media, transcribed_at FROM recordings
WHERE testimony_id = ? ORDER BY part
"""
_FORMER_SQL = """
SELECT text, corrected_at FROM former_texts
WHERE recording_id = ? AND start_s < ? AND end_s > ? ORDER BY id
"""
_LINES_SQL = """
SELECT n, start_s, end_s, text, language, speaker, state FROM segments
WHERE recording_id = ? AND start_s < ? AND end_s > ? ORDER BY n
"""


class PassageError(Exception):
    """An address that leads to nothing that can be quoted: `why`, and the facts to say it with."""

    def __init__(self, why: Why, **facts: float) -> None:
        super().__init__(why, facts)
        self.why: Why = why
        self.facts = facts


@dataclass(frozen=True)
class Place:
    """Where a passage is: the part counts from 1, times are seconds of that recording."""

    testimony_id: str
    part: int
    start_s: float
    end_s: float

    @property
    def range(self) -> str:
        """As it stands in an address; always the same for the same place."""
        part = f"{self.part}:" if self.part > 1 else ""
        return f"{part}{seconds(self.start_s)}-{seconds(self.end_s)}"


@dataclass(frozen=True)
class Line:
    """One segment of the passage; `after_gap` where something before it is not published."""

    start_s: float
    end_s: float
    text: str
    language: str | None
    speaker: str | None
    by_machine: bool
    after_gap: bool


@dataclass(frozen=True)
class Testimony:
    """What is published of the testimony a passage is from; None is not recorded."""

    id: str
    title: str
    narrator: str | None
    narrator_born: int | None
    interviewer: str | None
    recorded_on: str | None
    place: str | None
    notice: str | None
    licence: str | None
    uses: tuple[str, ...]
    warnings: tuple[str, ...]
    parts: int


@dataclass(frozen=True)
class Recording:
    """The recording a passage is from; `media` names the access copy, None where there is none."""

    id: str
    part: int
    duration_s: float
    has_video: bool
    media: str | None
    transcribed_at: str | None


@dataclass(frozen=True)
class Former:
    """What stood in the transcript there, and until when (UTC)."""

    text: str
    corrected_at: str


@dataclass(frozen=True)
class Passage:
    """What may be quoted. `lines` are whole segments, and empty where no words are known; `former`
    is what stood there before people corrected it, oldest first.

    `words_changed` and `recording_changed` compare with the version that the reader came with.
    """

    place: Place
    testimony: Testimony
    recording: Recording
    lines: tuple[Line, ...]
    version: str
    former: tuple[Former, ...] = ()
    words_changed: bool = False
    recording_changed: bool = False

    @property
    def by_machine(self) -> bool:
        return any(line.by_machine for line in self.lines)

    @property
    def languages(self) -> tuple[str, ...]:
        """Those of its lines, in the order in which they come."""
        return tuple(dict.fromkeys(line.language for line in self.lines if line.language))

    @property
    def text(self) -> str:
        """Its words in one piece; `[…]` stands where something is left out."""
        return " ".join(f"[…] {line.text}" if line.after_gap else line.text for line in self.lines)


def read(
    connection: sqlite3.Connection, testimony_id: str, range_: str, version: str | None = None
) -> Passage:
    """The passage at an address, out of a published database. Raises PassageError."""
    part, start_s, end_s = _parsed(range_)
    testimony, recordings = _testimony(connection, testimony_id)
    seen = version if version and _VERSION.fullmatch(version) else None
    recording = _recording(recordings, part, seen)
    if end_s > recording.duration_s + _BEYOND_S:
        raise PassageError("beyond", duration_s=recording.duration_s)
    rows = _rows(connection, _LINES_SQL, (recording.id, end_s - _TOUCHES_S, start_s + _TOUCHES_S))
    for row in rows:
        if row["state"] == "redacted":
            raise PassageError("redacted", start_s=row["start_s"], end_s=row["end_s"])
    lines = tuple(_lines(rows))
    now = _version(recording, lines)
    former = _rows(
        connection, _FORMER_SQL, (recording.id, end_s - _TOUCHES_S, start_s + _TOUCHES_S)
    )
    return Passage(
        Place(testimony_id, recording.part, start_s, end_s),
        testimony,
        recording,
        lines,
        now,
        tuple(Former(**row) for row in former),
        words_changed=seen is not None and seen[8:] != now[8:],
        recording_changed=seen is not None and seen[:8] != now[:8],
    )


def place(testimony_id: str, range_: str) -> Place:
    """What an address says, whether or not anything is there. Raises PassageError."""
    part, start_s, end_s = _parsed(range_)
    return Place(testimony_id, part, start_s, end_s)


def _parsed(range_: str) -> tuple[int, float, float]:
    match = _RANGE.fullmatch(range_)
    if match is None:
        raise PassageError("form")
    start_s, end_s = float(match[2]), float(match[3])
    if end_s <= start_s:
        raise PassageError("reversed")
    if end_s - start_s > LONGEST_S:
        raise PassageError("long", longest_s=LONGEST_S)
    return int(match[1] or 1), start_s, end_s


def _testimony(
    connection: sqlite3.Connection, testimony_id: str
) -> tuple[Testimony, list[Recording]]:
    rows = _rows(connection, _TESTIMONY_SQL, (testimony_id,))
    if not rows:
        raise PassageError("unknown")
    recordings = [
        Recording(**{**row, "has_video": bool(row["has_video"])})
        for row in _rows(connection, _RECORDINGS_SQL, (testimony_id,))
    ]
    lists = {key: tuple(json.loads(rows[0][key] or "[]")) for key in ("uses", "warnings")}
    return Testimony(**{**rows[0], **lists}, parts=len(recordings)), recordings


def _recording(recordings: Sequence[Recording], part: int, seen: str | None) -> Recording:
    """The one that was quoted, also where its place among the others is now another."""
    same = [one for one in recordings if seen and one.id.startswith(seen[:8])]
    found = same or [one for one in recordings if one.part == part]
    if not found:
        raise PassageError("part", parts=len(recordings))
    return found[0]


def _lines(rows: Sequence[Mapping[str, Any]]) -> list[Line]:
    """The numbers of segments count also those that are not published."""
    before = [rows[0]["n"] - 1 if rows else 0, *(row["n"] for row in rows)]
    return [
        Line(
            row["start_s"],
            row["end_s"],
            row["text"],
            row["language"],
            row["speaker"],
            by_machine=row["state"] != "corrected",
            after_gap=row["n"] > last + 1,
        )
        for last, row in zip(before, rows, strict=False)
    ]


def _version(recording: Recording, lines: Sequence[Line]) -> str:
    words = unicodedata.normalize("NFC", "\n".join(line.text for line in lines))
    return recording.id[:8] + hashlib.sha256(words.encode()).hexdigest()[:8]


def _rows(
    connection: sqlite3.Connection, sql: str, values: tuple[object, ...]
) -> list[dict[str, Any]]:
    cursor = connection.execute(sql, values)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def seconds(value: float) -> str:
    """Seconds as an address has them: at most two decimals, and no more than are needed."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
