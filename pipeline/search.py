"""Search in what may be read: the same for the site and the terminal.

Ranking: passages with every word as typed, then by lemma, then the rest; within each by BM25.
Where more than `MOST` passages match, nothing counts or sorts them all: the best of a sample from
the whole archive is shown, and it says so.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import Any

from pipeline import meaning, wordforms
from pipeline.errors import ModelError, QueryError, UsageError
from pipeline.expression import Expressions, Reader, Reading, languages_of
from pipeline.letters import fold, latin, plain, spans
from pipeline.publication import DATABASE, FOLDER
from pipeline.query import Query, Term, parse
from pipeline.searchindex import base_language, keys, lemma_of_key
from pipeline.suggest import suggest

MARK_OPEN, MARK_CLOSE = "\x02", "\x03"
MOST = 1000
TIME_LIMIT_S = 1.5
_STRATA = 20
_WORDS_KEPT = 250_000
_LAST = 2**62  # beyond every segment
_SCORED = 30
_K1, _B = 1.2, 0.75
_NARROW = 200  # testimonies; below, each is searched by itself
_MOST_NEAR = 10
_NEAR_LIMIT_S = 0.5

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
        return f"/media/{self.recording_id}#t={self.start_s:g}"


@dataclass(frozen=True)
class Found:
    """What a search found: `hits` from `offset` on, best first.

    `total` is how many passages match; with `more_than`, that many and an unknown number more.
    `meant` is the query with its unknown words put right: a suggestion, or, where nothing was
    found as typed, what was searched instead (`corrected`). `near`: passages without these words
    that may mean the like, a machine's guess.
    """

    hits: tuple[Hit, ...]
    total: int
    more_than: bool = False
    meant: str | None = None
    corrected: bool = False
    near: tuple[Hit, ...] = ()


def search(
    root: Path,
    typed: str,
    language: str | None = None,
    limit: int = 20,
    offset: int = 0,
    *,
    by_meaning: bool = False,
) -> Found:
    """The best hits in an archive's publication, and how many there are in all; with
    `by_meaning`, also what is near in meaning."""
    path = root / FOLDER / DATABASE
    if not path.is_file():
        raise UsageError(path, "nothing is published yet.", "Run: testimony run")
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        found = find(connection, typed, language, limit, offset)
        near = near_in_meaning(connection, typed, language) if by_meaning else ()
        return replace(found, near=near)
    except sqlite3.Error as error:
        raise UsageError(
            path, f"cannot be searched ({error}).", "Run: testimony publish"
        ) from error
    finally:
        connection.close()


def find(
    connection: sqlite3.Connection,
    typed: str,
    language: str | None = None,
    limit: int = 20,
    offset: int = 0,
) -> Found:
    """Searches an open `public.db`. Raises QueryError, with a sentence, for a query that cannot
    be read and for one that takes longer than `TIME_LIMIT_S`."""
    wordforms.load(languages_of(connection))
    with _within(connection, TIME_LIMIT_S) as deadline:
        found, meant = _once(connection, typed, language, limit, offset, deadline)
        if found.total or meant is None:
            return replace(found, meant=meant)
        again, _ = _once(connection, meant, language, limit, offset, deadline)
        return replace(again, meant=meant, corrected=True) if again.total else found


def near_in_meaning(
    connection: sqlite3.Connection, typed: str, language: str | None = None
) -> tuple[Hit, ...]:
    """At most ten passages near in meaning to a query's words, of those that it does not find.

    Empty where nothing was published with vectors, where the extra is missing, and where it takes
    too long: the hits are there without it. Raises QueryError as `find` does.
    """
    query = parse(typed)
    only = query.limits.get("lang") or language or None
    terms = (term for alternatives in query.wanted for term in alternatives)
    try:
        index = meaning.index_of(connection)
        if not len(index.ids):
            return ()
        asked = meaning.question(" ".join(word for term in terms for word in term.words))
        with _within(connection, _NEAR_LIMIT_S) as deadline:
            expressions = Reader(connection, _asked(connection, only)).expressions(query)
            scope = _Scope.of(connection, query, base_language(only))
            idents = scope.among(connection, index.nearest(asked, scope.ranges))
            similar = meaning.similar(connection, idents, asked)[: 3 * _MOST_NEAR]
            found = _found_of(connection, expressions, similar, deadline)
            chosen = [ident for ident in similar if ident not in found][:_MOST_NEAR]
            return tuple(_hits(connection, chosen, expressions))
    except (ModelError, QueryError):
        return ()


def _found_of(
    connection: sqlite3.Connection,
    expressions: Expressions,
    idents: Sequence[int],
    deadline: float,
) -> set[int]:
    """Those of a few passages that a query finds by its words."""
    if expressions.beginnings:
        # FTS5 would gather all words with that beginning once for each passage.
        marker, texts = _Marker(expressions), _texts(connection, idents, deadline)
        return {i for i, text, tag in texts if MARK_OPEN in marker.marked(text, tag)}
    sql = (
        "SELECT rowid FROM segments_fts WHERE segments_fts MATCH ?"
        " AND rowid IN (SELECT value FROM json_each(?))"
    )
    rows = connection.execute(sql, [expressions.full, json.dumps(list(idents))])
    return {row[0] for row in rows}


def match_expression(connection: sqlite3.Connection, typed: str, language: str | None) -> str:
    """What `segments_fts` must MATCH for a query's words; its limits do not count here."""
    reader = Reader(connection, _asked(connection, language))
    return reader.expressions(parse(typed)).full


def _once(
    connection: sqlite3.Connection,
    typed: str,
    language: str | None,
    limit: int,
    offset: int,
    deadline: float,
) -> tuple[Found, str | None]:
    """What is found as typed, and how the query would read with its unknown words put right."""
    query = parse(typed)
    only = query.limits.get("lang") or language or None
    reader = Reader(connection, _asked(connection, only))
    expressions = reader.expressions(query)
    scope = _Scope.of(connection, query, base_language(only))
    ranked, total, more = _ranked(connection, expressions, scope, deadline)
    chosen = ranked[offset : offset + limit]
    found = Found(tuple(_hits(connection, chosen, expressions)), total, more)
    return found, None if more else _put_right(connection, typed, query, base_language(only))


def _asked(connection: sqlite3.Connection, language: str | None) -> list[str]:
    """The languages a query is read in: the one that is asked, or all that the archive has."""
    asked = base_language(language)
    return [asked] if asked else languages_of(connection)


def _put_right(
    connection: sqlite3.Connection, typed: str, query: Query, language: str | None
) -> str | None:
    """The query with each word that no passage has replaced by the nearest that one has."""
    better = typed
    for term in (term for alternatives in query.wanted for term in alternatives):
        for word in () if term.beginning else term.words:
            match = Reader(connection, _asked(connection, language)).expressions(
                Query(((Term((word,)),),))
            )
            sql = "SELECT 1 FROM segments_fts WHERE segments_fts MATCH ? LIMIT 1"
            known = connection.execute(sql, [match.full]).fetchone()
            if not known and (meant := suggest(connection, word)):
                better = re.sub(rf"(?i)(?<!\w){re.escape(word)}(?!\w)", meant, better)
    return better if better != typed else None


class _Scope:
    """Which passages count at all: limits on the testimony and on the language."""

    def __init__(
        self, where: str, values: Sequence[object], ranges: Sequence[tuple[int, int]] | None
    ) -> None:
        self._where, self._values, self.ranges = where, values, ranges

    @classmethod
    def of(cls, connection: sqlite3.Connection, query: Query, language: str | None) -> _Scope:
        tests, values = _testimony_tests(query.limits)
        where, ranges = "", None
        if tests:
            connection.create_function("folded", 1, fold, deterministic=True)
            sql = f"SELECT id FROM testimonies WHERE {' AND '.join(tests)}"
            chosen = [row[0] for row in connection.execute(sql, values)]
            where, values = " AND segments.testimony_id IN temp.search_scope", []
            _keep(connection, chosen)
            ranges = _ranges(connection, chosen) if len(chosen) <= _NARROW else None
        if language:
            where += " AND (segments.language = ? OR segments.language LIKE ? || '-%')"
            values = [*values, language, language]
        return cls(where, values, ranges)

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
        last: int = _LAST,
    ) -> list[int]:
        """At most `most` matching segments from `first` to `last`, in the archive's order."""
        sql = "SELECT segments_fts.rowid FROM segments_fts"
        if self._where:
            sql += " CROSS JOIN segments ON segments.id = segments_fts.rowid"
        sql += f" WHERE segments_fts MATCH ?{self._where}"
        sql += " AND segments_fts.rowid BETWEEN ? AND ? LIMIT ?"
        found: list[int] = []
        for low, high in self.ranges if self.ranges is not None else [(first, last)]:
            low, high = max(low, first), min(high, last)
            if len(found) < most and low <= high:
                values = [match, *self._values, low, high, most - len(found)]
                found += [row[0] for row in connection.execute(sql, values)]
        return found


def _testimony_tests(limits: Mapping[str, str]) -> tuple[list[str], list[object]]:
    tests: list[str] = []
    values: list[object] = []
    for name, column in (("place", "place"), ("narrator", "narrator")):
        if name in limits:
            tests.append(f"instr(folded(coalesce(testimonies.{column}, '')), ?) > 0")
            values.append(fold(limits[name]))
    for name, sign in (("before", "<"), ("after", ">")):
        if name in limits:
            tests.append(f"substr(testimonies.recorded_on, 1, 4) {sign} ?")
            values.append(limits[name])
    return tests, values


def _keep(connection: sqlite3.Connection, testimonies: Sequence[str]) -> None:
    """Notes which testimonies count, beside the database: it is only read."""
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS search_scope (id TEXT PRIMARY KEY)")
    connection.execute("DELETE FROM temp.search_scope")
    connection.executemany("INSERT INTO temp.search_scope VALUES (?)", [(t,) for t in testimonies])
    connection.commit()


def _ranges(connection: sqlite3.Connection, testimonies: Sequence[str]) -> list[tuple[int, int]]:
    """Where the segments of a few testimonies lie."""
    mine = "FROM segments WHERE testimony_id = ?1"
    sql = f"SELECT (SELECT min(id) {mine}), (SELECT max(id) {mine})"
    found = (connection.execute(sql, [ident]).fetchone() for ident in testimonies)
    return sorted((low, high) for low, high in found if low is not None)


def _ranked(
    connection: sqlite3.Connection, expressions: Expressions, scope: _Scope, deadline: float
) -> tuple[list[int], int, bool]:
    """Segments best first, how many match, and whether that is only a lower bound."""
    everything = scope.ids(connection, expressions.full, MOST + 1)
    more = len(everything) > MOST
    if more:
        tiers = _sample(connection, expressions, scope)
    else:
        exact = set(scope.ids(connection, expressions.exact, MOST)) if everything else set()
        lemma = set(scope.ids(connection, expressions.lemma, MOST)) if everything else set()
        tiers = {i: 0 if i in exact else 1 if i in lemma else 2 for i in everything}
    if expressions.nears:
        tiers = _near_enough(connection, expressions, tiers, deadline)
    total = len(tiers) if expressions.nears else min(len(everything), MOST)
    return _by_score(connection, expressions, tiers, deadline), total, more


def _sample(
    connection: sqlite3.Connection, expressions: Expressions, scope: _Scope
) -> dict[int, int]:
    """Segments from all over the archive, the best kind first, with their tier."""
    # Two selects: SQLite answers each from the end of the table, but both together by reading it.
    ends = "SELECT (SELECT min(id) FROM segments), (SELECT max(id) FROM segments)"
    low, high = connection.execute(ends).fetchone()
    # FTS5 gathers all words with a beginning for every question, so it is asked only once.
    strata_n = 1 if expressions.beginnings else _STRATA
    edges = [low + (high + 1 - low) * n // strata_n for n in range(strata_n + 1)]
    each = MOST // 4 // strata_n
    tiers: dict[int, int] = {}
    for tier, match in enumerate((expressions.exact, expressions.lemma, expressions.full)):
        strata = [scope.ids(connection, match, each, a, b - 1) for a, b in pairwise(edges)]
        for turn in zip_longest(*strata):
            for ident in turn:
                if ident is not None:
                    tiers.setdefault(ident, tier)
        if len(tiers) >= _SCORED:
            break
    return tiers


def _by_score(
    connection: sqlite3.Connection,
    expressions: Expressions,
    tiers: Mapping[int, int],
    deadline: float,
) -> list[int]:
    """By tier, then BM25; only the most promising, the shortest of the best tier, are scored."""
    sql = "SELECT id, length(text) FROM segments WHERE id IN (SELECT value FROM json_each(?))"
    lengths = dict(connection.execute(sql, [json.dumps(list(tiers))]))
    # Equals stay in the order in which they came: of a sample, from all over the archive.
    order = sorted(tiers, key=lambda ident: (tiers[ident], lengths.get(ident, 0)))
    first, rest = order[:_SCORED], order[_SCORED:]
    usual = sum(lengths.values()) / len(lengths) if lengths else 1.0
    scores = {}
    marker = _Marker(expressions)
    for ident, text, language in _texts(connection, first, deadline):
        counts = marker.counts(text, language)
        room = _K1 * (1 - _B + _B * len(text) / usual)
        scores[ident] = sum(n * (_K1 + 1) / (n + room) for n in counts)
    first.sort(key=lambda ident: (tiers[ident], -scores.get(ident, 0.0)))
    return first + rest


def _near_enough(
    connection: sqlite3.Connection,
    expressions: Expressions,
    tiers: Mapping[int, int],
    deadline: float,
) -> dict[int, int]:
    marker = _Marker(expressions)
    texts = _texts(connection, list(tiers), deadline)
    near = {ident for ident, text, language in texts if marker.all_near(text, language)}
    return {ident: tier for ident, tier in tiers.items() if ident in near}


def _texts(
    connection: sqlite3.Connection, idents: Sequence[int], deadline: float
) -> Iterator[tuple[int, str, str | None]]:
    """Texts to be read word by word, which takes its time too: until the deadline."""
    sql = "SELECT id, text, language FROM segments WHERE id IN (SELECT value FROM json_each(?))"
    for row in connection.execute(sql, [json.dumps(list(idents))]):
        if time.monotonic() > deadline:
            raise _too_long()
        yield row


def _hits(
    connection: sqlite3.Connection, chosen: Sequence[int], expressions: Expressions
) -> Iterator[Hit]:
    marker = _Marker(expressions)
    cursor = connection.execute(_HITS_SQL, [json.dumps(list(chosen))])
    names = [column[0] for column in cursor.description]
    rows = {row[0]: dict(zip(names, row, strict=True)) for row in cursor}
    for ident in chosen:
        if row := rows.get(ident):
            yield Hit.from_row(row, marker.marked(row["text"], row["language"]))


class _Marker:
    """Finds in one text what a query found it by."""

    def __init__(self, expressions: Expressions) -> None:
        self._asked = expressions
        keys_asked = (key for reading in expressions.readings for key in reading.lemmas)
        self._initials = frozenset(_initial(lemma_of_key(key)) for key in keys_asked)

    def marked(self, text: str, language: str | None) -> str:
        places = spans(text)
        found = sorted({n for group in self._groups(text, language) for n in group})
        pieces, end = [], 0
        for n in found:
            start, stop = places[n]
            pieces += [text[end:start], MARK_OPEN, text[start:stop], MARK_CLOSE]
            end = stop
        return "".join([*pieces, text[end:]])

    def counts(self, text: str, language: str | None) -> list[int]:
        """How often each thing that was asked for occurs: once at least, for it was found.

        Words with another first letter than any that was asked for are not analysed: so many
        passages are ranked that it would cost more than all the rest. What is missed by it
        (negated verbs, a few irregular ones) is found and marked all the same.
        """
        return [max(1, len(group)) for group in self._groups(text, language, self._initials)]

    def all_near(self, text: str, language: str | None) -> bool:
        read = self._read(text, language)
        return any(
            _together([_at(read, reading) for reading in readings], within)
            for readings, within in self._asked.nears
        )

    def _groups(
        self, text: str, language: str | None, initials: frozenset[str] | None = None
    ) -> Iterator[list[int]]:
        read = self._read(text, language, initials)
        for reading in self._asked.readings:
            yield _at(read, reading)
        forms = [form for form, _ in read]
        for phrase in self._asked.phrases:
            size = len(phrase)
            starts = [n for n in range(len(forms)) if tuple(forms[n : n + size]) == phrase]
            yield [n for start in starts for n in range(start, start + size)]
        for beginning in self._asked.beginnings:
            yield [n for n, form in enumerate(forms) if form.startswith(beginning)]

    def _read(
        self, text: str, tag: str | None, initials: frozenset[str] | None = None
    ) -> list[tuple[str, frozenset[str]]]:
        """Each word's folded form and keys; no keys where it begins with none of `initials`."""
        language = base_language(tag)
        return [
            _read_word(text[start:end], language)
            if initials is None or _initial(text[start]) in initials
            else (fold(text[start:end]), _NO_KEYS)
            for start, end in spans(text)
        ]


_NO_KEYS: frozenset[str] = frozenset()


@lru_cache(maxsize=1000)
def _initial(word: str) -> str:
    """The first letter in Latin, without marks."""
    return latin(word[:1])[:1]


@lru_cache(maxsize=_WORDS_KEPT)
def _read_word(spoken: str, language: str | None) -> tuple[str, frozenset[str]]:
    """A word's folded form and its keys; the same words come again and again."""
    word = plain(spoken)
    return fold(word), frozenset(keys(wordforms.analyse(word, language), language))


def _at(read: Sequence[tuple[str, frozenset[str]]], reading: Reading) -> list[int]:
    wanted = reading.lemmas | reading.stems
    return [n for n, (_, found) in enumerate(read) if not wanted.isdisjoint(found)]


def _together(places: Sequence[Sequence[int]], within: int) -> bool:
    """Whether one place of each lies within so many words of the one before."""
    reach = set(places[0])
    for following in places[1:]:
        reach = {b for b in following if any(0 < abs(a - b) <= within + 1 for a in reach)}
    return bool(reach)


@contextmanager
def _within(connection: sqlite3.Connection, seconds: float) -> Iterator[float]:
    """Stops whatever the database does once the time is over; gives the moment when it is."""
    deadline = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
    try:
        yield deadline
    except sqlite3.OperationalError as error:
        if "interrupted" not in str(error):
            raise
        raise _too_long() from error
    finally:
        connection.set_progress_handler(None, 0)


def _too_long() -> QueryError:
    return QueryError("search", "this search took too long; add a word to it.")
