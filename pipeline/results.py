"""From what matches a query to what a page of it shows: in which order, with which lines around."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from pipeline import facets
from pipeline.facets import Facet, Fact
from pipeline.hits import Hit
from pipeline.marking import Marker
from pipeline.passage import Place
from pipeline.scope import Narrowed
from pipeline.search import Answer, Matches, ask, asking

Sort = Literal["relevance", "time"]
PER_PAGE, GROUPS = 20, 8
OF_EACH = 3
_FORMS, _READ_FOR_FORMS = 12, 30
_UNDATED = "9999"
_DATE = re.compile(r"\d{4}(?:-\d\d){0,2}")

_AROUND_SQL = """
SELECT mine.id, near.n - mine.n, near.text, near.language, near.state
FROM segments AS mine JOIN segments AS near ON near.recording_id = mine.recording_id AND near.n IN (
  (SELECT max(n) FROM segments WHERE recording_id = mine.recording_id AND n < mine.n),
  (SELECT min(n) FROM segments WHERE recording_id = mine.recording_id AND n > mine.n))
WHERE mine.id IN (SELECT value FROM json_each(?))
"""
_SAID_SQL = """
SELECT id, speaker, state FROM segments WHERE id IN (SELECT value FROM json_each(?))
"""
_TESTIMONIES_SQL = """
SELECT id, title, narrator, recorded_on, place, notice FROM testimonies
WHERE id IN (SELECT value FROM json_each(?))
"""
_TEXTS_SQL = "SELECT text, language FROM segments WHERE id IN (SELECT value FROM json_each(?))"


@dataclass(frozen=True)
class Line:
    """What was said just before or after; `gap` where what lies between is not published."""

    marked: str
    language: str | None
    gap: bool


@dataclass(frozen=True)
class Passage:
    """A hit with the lines around it. `speaker` is None where it is not known."""

    hit: Hit
    before: Line | None
    after: Line | None
    speaker: str | None
    corrected: bool

    @property
    def place(self) -> Place:
        """Where it is, as addresses of quotes say it."""
        hit = self.hit
        return Place(hit.testimony_id, hit.part, hit.start_s, hit.end_s)

    @property
    def moment(self) -> str:
        """Where it starts, as an address of its testimony says it: `83.5`, or `2:83.5`."""
        return self.place.range.partition("-")[0]

    @property
    def between(self) -> str:
        """Its times in its recording, as a media fragment says them: `83.5,87`."""
        return self.place.range.rpartition(":")[2].replace("-", ",")


@dataclass(frozen=True)
class Testimony:
    """What is said of a testimony above its passages; None is not recorded."""

    id: str
    title: str
    narrator: str | None
    recorded_on: str | None
    place: str | None
    notice: str | None


@dataclass(frozen=True)
class Group:
    """Passages of one testimony, and how many `more` match that are not among them."""

    testimony: Testimony
    passages: tuple[Passage, ...]
    more: int = 0


@dataclass(frozen=True)
class Forms:
    """The word forms that matched, commonest first, and in how many passages each was counted
    `of` so many that were read."""

    found: tuple[tuple[str, int], ...]
    of: int


@dataclass(frozen=True)
class Result:
    """One page of what was found. `counted` passages are what facets were counted in."""

    answer: Answer
    groups: tuple[Group, ...]
    facets: tuple[Facet, ...]
    counted: int
    forms: Forms
    more_pages: bool
    related: tuple[Group, ...]

    @property
    def matches(self) -> Matches:
        return self.answer.matches


def read(
    connection: sqlite3.Connection,
    typed: str,
    narrowed: Narrowed,
    sort: Sort = "relevance",
    page: int = 1,
    size: int | None = None,
    language: str = "en",
) -> Result:
    """Page number `page`, from 1. Raises QueryError as `search.find` does.

    Sorted by relevance and within no one testimony, the best three passages of each of eight
    testimonies, the best first; otherwise, and with a `size`, passage after passage.
    `language` is the reader's.
    """
    with asking(connection) as deadline:
        answer = ask(connection, typed, narrowed, deadline, offers=page == 1)
        return _page(connection, answer, narrowed, sort, page, size, language)


def _page(
    connection: sqlite3.Connection,
    answer: Answer,
    narrowed: Narrowed,
    sort: Sort,
    page: int,
    size: int | None,
    language: str,
) -> Result:
    matches = answer.matches
    known = facets.facts(connection, matches.ids)
    ids = [ident for ident in matches.ids if ident in known]
    if sort == "time":
        ids.sort(key=lambda ident: _when(known[ident]))
    grouped = size is None and sort == "relevance" and narrowed.testimony is None
    size = size or PER_PAGE
    if grouped:
        of_each = _by_testimony(ids, known)
        shown = of_each[GROUPS * (page - 1) : GROUPS * page]
        further = len(of_each) > GROUPS * page
    else:
        chosen = ids[size * (page - 1) : size * page]
        shown = [list(run) for _, run in groupby(chosen, lambda i: known[i].testimony_id)]
        further = len(ids) > size * page
    first = [run[:OF_EACH] if grouped else run for run in shown]
    passages = {one.hit.segment_id: one for one in _shown(connection, matches, first)}
    groups = _groups(connection, [[passages[i] for i in run] for run in first])
    return Result(
        answer,
        tuple(
            Group(one.testimony, one.passages, len(run) - len(one.passages))
            for one, run in zip(groups, shown, strict=True)
        ),
        facets.count(connection, known, language),
        len(known),
        _forms(connection, matches.marker, ids),
        further,
        in_turn(connection, answer.related, None),
    )


def in_turn(
    connection: sqlite3.Connection, hits: Sequence[Hit], marker: Marker | None
) -> tuple[Group, ...]:
    """Hits in their own order; those of one testimony that follow each other are together."""
    passages = _with_lines(connection, hits, marker)
    return tuple(
        _groups(
            connection, [list(run) for _, run in groupby(passages, lambda p: p.hit.testimony_id)]
        )
    )


def _when(fact: Fact) -> tuple[str, str, int, float]:
    """The earliest recorded first, then in the order in which it was said."""
    date = _DATE.search(fact.recorded_on or "")
    return date[0] if date else _UNDATED, fact.testimony_id, fact.part, fact.start_s


def _by_testimony(ids: Iterable[int], known: Mapping[int, Fact]) -> list[list[int]]:
    found: dict[str, list[int]] = {}
    for ident in ids:
        found.setdefault(known[ident].testimony_id, []).append(ident)
    return list(found.values())


def _shown(
    connection: sqlite3.Connection, matches: Matches, runs: Sequence[Sequence[int]]
) -> list[Passage]:
    hits = matches.hits(connection, [ident for run in runs for ident in run])
    return _with_lines(connection, hits, matches.marker)


def _with_lines(
    connection: sqlite3.Connection, hits: Sequence[Hit], marker: Marker | None
) -> list[Passage]:
    ids = json.dumps([hit.segment_id for hit in hits])
    said = {row[0]: row[1:] for row in connection.execute(_SAID_SQL, [ids])}
    around: dict[tuple[int, bool], Line] = {}
    for ident, distance, text, language, state in connection.execute(_AROUND_SQL, [ids]):
        marked = text
        if marker and state != "redacted":
            marked = marker.marked(text, language, in_passing=True)
        around[ident, distance > 0] = Line(marked, language, abs(distance) > 1)
    return [
        Passage(
            hit,
            around.get((hit.segment_id, False)),
            around.get((hit.segment_id, True)),
            said[hit.segment_id][0],
            said[hit.segment_id][1] == "corrected",
        )
        for hit in hits
    ]


def _groups(connection: sqlite3.Connection, runs: Sequence[Sequence[Passage]]) -> list[Group]:
    """`runs` are of one testimony each."""
    ids = sorted({run[0].hit.testimony_id for run in runs})
    rows = connection.execute(_TESTIMONIES_SQL, [json.dumps(ids)])
    about = {row[0]: Testimony(*row) for row in rows}
    return [Group(about[run[0].hit.testimony_id], tuple(run)) for run in runs]


def _forms(connection: sqlite3.Connection, marker: Marker, ids: Sequence[int]) -> Forms:
    """Read in passages from the best to the last: the best alone would have it as typed."""
    step = max(1, -(-len(ids) // _READ_FOR_FORMS))
    read = connection.execute(_TEXTS_SQL, [json.dumps(ids[::step])]).fetchall()
    counted = Counter(form for text, language in read for form in marker.forms(text, language))
    commonest = sorted(counted.items(), key=lambda one: (-one[1], one[0]))[:_FORMS]
    return Forms(tuple(commonest), len(read))
