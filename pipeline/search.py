"""Full-text search in what may be read: the same for the site and the terminal.

Words must all occur, in any order, with or without diacritics; "exact phrase" and word* work.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import QueryError, UsageError
from pipeline.publication import DATABASE, FOLDER

MARK_OPEN, MARK_CLOSE = "\x02", "\x03"
_LONGEST_QUERY = 500
_TERM = re.compile(r'"([^"]*)"?|(\S+)')

_FROM_WHERE = """
FROM segments_fts
JOIN segments ON segments.id = segments_fts.rowid
JOIN testimonies ON testimonies.id = segments.testimony_id
JOIN recordings ON recordings.id = segments.recording_id
WHERE segments_fts MATCH :match AND (:language IS NULL OR segments.language = :language)
"""
HITS_SQL = f"""
SELECT segments.id AS segment_id, segments.testimony_id, testimonies.title, testimonies.narrator,
  testimonies.notice, segments.recording_id, recordings.part, recordings.has_video,
  recordings.media IS NOT NULL AS can_be_heard, segments.start_s, segments.end_s,
  segments.language, segments.text,
  highlight(segments_fts, 0, char(2), char(3)) AS marked
{_FROM_WHERE}
ORDER BY segments_fts.rank, segments.id LIMIT :limit OFFSET :offset
"""
COUNT_SQL = f"SELECT count(*) AS n {_FROM_WHERE}"


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
    def from_row(cls, row: Mapping[str, Any]) -> Hit:
        values = dict(row)
        for name in ("has_video", "can_be_heard"):
            values[name] = bool(values[name])
        return cls(**values)

    @property
    def listen_path(self) -> str:
        """Where on the site this passage is heard, from its start."""
        return f"/media/{self.recording_id}#t={self.start_s:g}"


def parameters(
    query: str, language: str | None = None, limit: int = 20, offset: int = 0
) -> dict[str, object]:
    """The values that HITS_SQL and COUNT_SQL take. Raises QueryError for a query without words."""
    return {
        "match": match_expression(query),
        "language": language or None,
        "limit": limit,
        "offset": offset,
    }


def match_expression(query: str) -> str:
    """What a person typed as an FTS5 expression that cannot be malformed.

    >>> match_expression('mama "w nocy" wagon*')
    '"mama" "w nocy" "wagon"*'
    """
    if len(query) > _LONGEST_QUERY:
        raise QueryError("search", f"a query has at most {_LONGEST_QUERY} characters.")
    terms = []
    for phrase, word in _TERM.findall(query):
        text = phrase or word
        if not any(c.isalnum() for c in text):
            continue
        prefix = "*" if word.endswith("*") else ""
        # NUL would end the expression early; a quote inside would end the string.
        clean = text.replace("\x00", " ").replace('"', '""').rstrip("*")
        terms.append(f'"{clean}"{prefix}')
    if not terms:
        raise QueryError("search", "type at least one word.")
    return " ".join(terms)


def search(
    root: Path, query: str, language: str | None = None, limit: int = 20
) -> tuple[list[Hit], int]:
    """The best hits in an archive's publication, and how many there are in all."""
    values = parameters(query, language, limit)
    path = root / FOLDER / DATABASE
    if not path.is_file():
        raise UsageError(path, "nothing is published yet.", "Run: testimony run")
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        connection.row_factory = sqlite3.Row
        hits = [Hit.from_row(dict(row)) for row in connection.execute(HITS_SQL, values)]
        total = connection.execute(COUNT_SQL, values).fetchone()["n"]
    except sqlite3.Error as error:
        raise UsageError(
            path, f"cannot be searched ({error}).", "Run: testimony publish"
        ) from error
    finally:
        connection.close()
    return hits, total


def clock(seconds: float) -> str:
    """Seconds as people read a player: 1:02 or 1:01:02."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
