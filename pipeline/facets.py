"""How many of the matching segments are in each language, testimony, collection and so on.

It counts what it is given, at most `ranking.MOST` segments, and reads no others.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.lookup import label_in
from pipeline.searchindex import base_language

NAMES = ("language", "testimony", "place", "event", "collection", "text")
_MOST_VALUES = 8

_FACTS_SQL = """
SELECT segments.id, segments.testimony_id, recordings.part, segments.start_s, segments.language,
  segments.state
FROM segments JOIN recordings ON recordings.id = segments.recording_id
WHERE segments.id IN (SELECT value FROM json_each(?))
"""
_TESTIMONIES_SQL = """
SELECT id, title, collection, recorded_on FROM testimonies
WHERE id IN (SELECT value FROM json_each(?))
"""
# What is narrower counts for what is broader too, as in a search for it.
_NAMED_SQL = """
WITH RECURSIVE named (segment_id, term_id) AS (
  SELECT segment_id, term_id FROM segment_terms
  WHERE segment_id IN (SELECT value FROM json_each(?))
  UNION
  SELECT segment_id, broader FROM named JOIN terms ON terms.id = term_id WHERE broader IS NOT NULL
)
SELECT CASE WHEN lat IS NULL THEN 'event' ELSE 'place' END, term_id, count(*)
FROM named JOIN terms ON terms.id = term_id
WHERE lat IS NOT NULL OR kind = 'event' GROUP BY term_id
"""
_TITLE_SQL = "SELECT title FROM testimonies WHERE id = ?"
_TERM_SQL = "SELECT 1 FROM terms WHERE id = ?"


@dataclass(frozen=True)
class Value:
    """One choice: what the address has, what a reader sees (None: it has no name of its own), and
    how many of the counted segments have it."""

    id: str
    label: str | None
    count: int


@dataclass(frozen=True)
class Facet:
    """The commonest choices of one kind, and how many there are of it in all."""

    name: str
    values: tuple[Value, ...]
    of: int


@dataclass(frozen=True)
class Fact:
    """What one segment is counted and ordered by."""

    testimony_id: str
    title: str
    collection: str | None
    recorded_on: str | None
    part: int
    start_s: float
    language: str | None
    corrected: bool


def facts(connection: sqlite3.Connection, ids: Sequence[int]) -> dict[int, Fact]:
    """By segment id."""
    rows = connection.execute(_FACTS_SQL, [json.dumps(list(ids))]).fetchall()
    known = json.dumps(sorted({row[1] for row in rows}))
    told = {row[0]: row for row in connection.execute(_TESTIMONIES_SQL, [known])}
    found = {}
    for ident, testimony, part, start_s, language, state in rows:
        _, title, collection, recorded_on = told[testimony]
        found[ident] = Fact(
            testimony, title, collection, recorded_on, part, start_s, language, state == "corrected"
        )
    return found


def count(
    connection: sqlite3.Connection, known: Mapping[int, Fact], language: str
) -> tuple[Facet, ...]:
    """Facets in the order of `NAMES`, those left out that offer no choice.

    `language` is the reader's, for the names of places and events.
    """
    every = known.values()
    titles = {one.testimony_id: one.title for one in every}
    counted: dict[str, Counter[str]] = {
        "language": Counter(tag for one in every if (tag := base_language(one.language))),
        "testimony": Counter(one.testimony_id for one in every),
        "collection": Counter(one.collection for one in every if one.collection),
        "text": Counter("corrected" if one.corrected else "machine" for one in every),
        "place": Counter(),
        "event": Counter(),
    }
    for kind, term, number in connection.execute(_NAMED_SQL, [json.dumps(list(known))]):
        counted[kind][term] = number

    def label(name: str, ident: str) -> str | None:
        if name in ("place", "event"):
            return label_in(connection, ident, language, ())
        return {"testimony": titles.get(ident), "collection": ident}.get(name)

    found = []
    for name in NAMES:
        chosen = _commonest(counted[name].items())
        # A choice that everything has narrows nothing.
        if any(number < len(known) for _, number in chosen):
            values = tuple(Value(ident, label(name, ident), n) for ident, n in chosen)
            found.append(Facet(name, values, len(counted[name])))
    return tuple(found)


def label_of(connection: sqlite3.Connection, name: str, ident: str, language: str) -> str | None:
    """What a reader sees for a value that an address has; None where it has no name of its own, or
    where there is none such."""
    if name == "collection":
        return ident
    if name == "testimony":
        row = connection.execute(_TITLE_SQL, [ident]).fetchone()
        return str(row[0]) if row else None
    if name in ("place", "event") and connection.execute(_TERM_SQL, [ident]).fetchone():
        return label_in(connection, ident, language, ())
    return None


def _commonest(counted: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return sorted(counted, key=lambda one: (-one[1], one[0]))[:_MOST_VALUES]
