"""What is published of one testimony, out of a database that the reader may see."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from pipeline.publication import Entry, Named, Part
from pipeline.terms import glossary

_TESTIMONY_SQL = "SELECT * FROM testimonies WHERE id = ?"
_RECORDINGS_SQL = "SELECT * FROM recordings WHERE testimony_id = ? ORDER BY part"
_SEGMENTS_SQL = "SELECT * FROM segments WHERE recording_id = ? ORDER BY start_s, end_s, n"
_LINKS_SQL = """
SELECT segment_id, term_id FROM segments JOIN segment_terms ON segment_id = segments.id
WHERE testimony_id = ? AND state != 'redacted' ORDER BY segment_id, term_id
"""
_CLOSED_SQL = "SELECT id, title, reason, contact FROM closed WHERE id = ?"


def read(connection: sqlite3.Connection, ident: str, *, named: bool = False) -> Entry | None:
    """A testimony with its parts and their segments in order of time; None where there is none.

    `named`: also with the terms that they name.
    """
    found = _rows(connection, _TESTIMONY_SQL, [ident])
    if not found:
        return None
    recordings = _rows(connection, _RECORDINGS_SQL, [ident])
    parts = [Part(row, _rows(connection, _SEGMENTS_SQL, [row["id"]])) for row in recordings]
    return Entry(found[0], parts, _named(connection, ident) if named else {})


def closed(connection: sqlite3.Connection, ident: str) -> dict[str, Any] | None:
    """What may be said of a testimony that is kept and not shown: title, reason, contact."""
    found = _rows(connection, _CLOSED_SQL, [ident])
    return found[0] if found else None


def _named(connection: sqlite3.Connection, ident: str) -> dict[int, list[Named]]:
    links = connection.execute(_LINKS_SQL, [ident]).fetchall()
    terms = glossary(connection, {term for _, term in links})
    found: dict[int, list[Named]] = {}
    for segment, term in links:
        found.setdefault(segment, []).append(terms[term])
    return found


def _rows(
    connection: sqlite3.Connection, sql: str, values: Sequence[object]
) -> list[dict[str, Any]]:
    cursor = connection.execute(sql, values)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]
