"""Which passages count at all in a search: its limits on the testimony and on the language."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline import lookup
from pipeline.letters import fold
from pipeline.query import Query

LAST = 2**62  # beyond every segment
_NARROW = 200  # testimonies; below, each is searched by itself

_NAMES_SQL = """
SELECT 1 FROM segment_terms
WHERE segment_id = segments.id AND term_id IN (SELECT value FROM json_each(?))
"""
_RECORDED_SQL = "SELECT id, place FROM testimonies WHERE place IS NOT NULL"


@dataclass(frozen=True)
class Narrowed:
    """What a search is narrowed to besides its words; None is no limit.

    `place` and `event` are ids of terms, and stand for all that is narrower too.
    """

    language: str | None = None
    testimony: str | None = None
    place: str | None = None
    event: str | None = None
    collection: str | None = None
    text: Literal["corrected", "machine"] | None = None


@dataclass(frozen=True)
class PlaceAsked:
    """What `place:` asks for: the terms that name it, and the testimonies recorded there."""

    terms: frozenset[str]
    testimonies: frozenset[str]

    @classmethod
    def of(cls, connection: sqlite3.Connection, query: Query) -> PlaceAsked | None:
        typed = query.limits.get("place")
        if typed is None:
            return None
        rows = connection.execute(_RECORDED_SQL).fetchall()
        there = frozenset(ident for ident, place in rows if fold(typed) in fold(place))
        found = lookup.places_called(connection, typed)
        if not found and not there:
            raise lookup.unknown_place(connection, typed, {place for _, place in rows})
        return cls(found, there)


class Scope:
    """Which passages count at all: limits on the testimony and on the language."""

    def __init__(
        self, where: str, values: Sequence[object], ranges: Sequence[tuple[int, int]] | None
    ) -> None:
        self._where, self._values, self.ranges = where, values, ranges

    @classmethod
    def of(
        cls,
        connection: sqlite3.Connection,
        query: Query,
        place: PlaceAsked | None,
        language: str | None,
        narrowed: Narrowed = Narrowed(),
    ) -> Scope:
        tests, values = _testimony_tests(query.limits, narrowed)
        where, ranges = "", None
        if tests:
            connection.create_function("folded", 1, fold, deterministic=True)
            sql = f"SELECT id FROM testimonies WHERE {' AND '.join(tests)}"
            chosen = [row[0] for row in connection.execute(sql, values)]
            where, values = " AND segments.testimony_id IN temp.search_scope", []
            _keep(connection, "search_scope", chosen)
            ranges = _ranges(connection, chosen) if len(chosen) <= _NARROW else None
        if place:
            where += f" AND (segments.testimony_id IN temp.search_place OR EXISTS ({_NAMES_SQL}))"
            _keep(connection, "search_place", sorted(place.testimonies))
            values = [*values, json.dumps(sorted(place.terms))]
        if language:
            where += " AND (segments.language = ? OR segments.language LIKE ? || '-%')"
            values = [*values, language, language]
        if narrowed.text:
            where += f" AND segments.state {'=' if narrowed.text == 'corrected' else '<>'} ?"
            values = [*values, "corrected"]
        return cls(where, values, ranges)

    def within(self, connection: sqlite3.Connection, testimony_id: str) -> Scope:
        """The same limits in one testimony."""
        where = f"{self._where} AND segments.testimony_id = ?"
        return Scope(where, [*self._values, testimony_id], _ranges(connection, [testimony_id]))

    def among(self, connection: sqlite3.Connection, idents: Sequence[int]) -> list[int]:
        """Those of the segments that count."""
        if not self._where:
            return list(idents)
        sql = f"SELECT id FROM segments WHERE id IN (SELECT value FROM json_each(?)){self._where}"
        rows = connection.execute(sql, [json.dumps(list(idents)), *self._values])
        return [row[0] for row in rows]

    def ids(
        self,
        connection: sqlite3.Connection,
        match: str,
        most: int,
        first: int = 0,
        last: int = LAST,
    ) -> list[int]:
        """At most `most` matching segments from `first` to `last`, in the archive's order."""
        # Without words it is the place alone that is asked for.
        if not match:
            sql = f"SELECT segments.id FROM segments WHERE true{self._where}"
            sql += " AND segments.id BETWEEN ? AND ? ORDER BY segments.id LIMIT ?"
        else:
            sql = "SELECT segments_fts.rowid FROM segments_fts"
            if self._where:
                sql += " CROSS JOIN segments ON segments.id = segments_fts.rowid"
            sql += f" WHERE segments_fts MATCH ?{self._where}"
            sql += " AND segments_fts.rowid BETWEEN ? AND ? LIMIT ?"
        found: list[int] = []
        for low, high in self.ranges if self.ranges is not None else [(first, last)]:
            low, high = max(low, first), min(high, last)
            if len(found) < most and low <= high:
                values = [*([match] if match else []), *self._values]
                values += [low, high, most - len(found)]
                found += [row[0] for row in connection.execute(sql, values)]
        return found


def _testimony_tests(
    limits: Mapping[str, str], narrowed: Narrowed
) -> tuple[list[str], list[object]]:
    tests: list[str] = []
    values: list[object] = []
    for column, value in (("id", narrowed.testimony), ("collection", narrowed.collection)):
        if value is not None:
            tests.append(f"testimonies.{column} = ?")
            values.append(value)
    if "narrator" in limits:
        tests.append("instr(folded(coalesce(testimonies.narrator, '')), ?) > 0")
        values.append(fold(limits["narrator"]))
    for name, sign in (("before", "<"), ("after", ">")):
        if name in limits:
            tests.append(f"substr(testimonies.recorded_on, 1, 4) {sign} ?")
            values.append(limits[name])
    return tests, values


def _keep(connection: sqlite3.Connection, table: str, testimonies: Sequence[str]) -> None:
    """Notes which testimonies count, beside the database: it is only read."""
    connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS {table} (id TEXT PRIMARY KEY)")
    connection.execute(f"DELETE FROM temp.{table}")
    connection.executemany(f"INSERT INTO temp.{table} VALUES (?)", [(t,) for t in testimonies])
    connection.commit()


def _ranges(connection: sqlite3.Connection, testimonies: Sequence[str]) -> list[tuple[int, int]]:
    """Where the segments of a few testimonies lie."""
    mine = "FROM segments WHERE testimony_id = ?1"
    sql = f"SELECT (SELECT min(id) {mine}), (SELECT max(id) {mine})"
    found = (connection.execute(sql, [ident]).fetchone() for ident in testimonies)
    return sorted((low, high) for low, high in found if low is not None)
