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
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, pairwise, zip_longest
from pathlib import Path
from typing import Any, Literal

from pipeline import lookup, meaning, searchindex, terms, wordforms
from pipeline.errors import ModelError, QueryError, UsageError
from pipeline.expression import Expressions, Reader, languages_of, naming
from pipeline.letters import fold
from pipeline.lookup import Names, Offer
from pipeline.marking import MARK_OPEN, Marker
from pipeline.passage import seconds
from pipeline.publication import DATABASE, FOLDER
from pipeline.query import Query, Sought, parse
from pipeline.searchindex import base_language
from pipeline.suggest import suggest

ARCHIVE = "archive.db"
MOST = 1000
TIME_LIMIT_S = 1.5
_STRATA = 20
_LAST = 2**62  # beyond every segment
_SCORED = 30
_RELATED = 6
_K1, _B = 1.2, 0.75
_NARROW = 200  # testimonies; below, each is searched by itself
_MOST_NEAR = 10
_NEAR_LIMIT_S = 0.5

_RELATED_SQL = """
SELECT id, language FROM segments WHERE id IN (SELECT value FROM json_each(?))
ORDER BY length(text), id
"""
_NAMES_SQL = """
SELECT 1 FROM segment_terms
WHERE segment_id = segments.id AND term_id IN (SELECT value FROM json_each(?))
"""
_RECORDED_SQL = "SELECT id, place FROM testimonies WHERE place IS NOT NULL"
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
class Matches:
    """The segments that match, best first; with `more_than`, a sample of them."""

    ids: tuple[int, ...]
    total: int
    more_than: bool
    marker: Marker

    def hits(self, connection: sqlite3.Connection, ids: Sequence[int]) -> tuple[Hit, ...]:
        """Some of them, as they are to be shown."""
        return tuple(_hits(connection, ids, self.marker))


@dataclass(frozen=True)
class Answer:
    """What there is to a query before anything of it is shown; the fields are those of `Found`."""

    matches: Matches
    meant: str | None = None
    corrected: bool = False
    offers: tuple[Offer, ...] = ()
    related: tuple[Hit, ...] = ()


@dataclass(frozen=True)
class Found:
    """What a search found: `hits` from `offset` on, best first.

    `total` is how many passages match; with `more_than`, that many and an unknown number more.
    `meant` is the query with its unknown words put right: a suggestion, or, where nothing was
    found as typed, what was searched instead (`corrected`). `offers` are the terms that the typed
    words are names of; `related`, passages that name them and are no hits, in whatever language;
    `near`, passages without these words that may mean the like, a machine's guess.
    """

    hits: tuple[Hit, ...]
    total: int
    more_than: bool = False
    meant: str | None = None
    corrected: bool = False
    offers: tuple[Offer, ...] = ()
    related: tuple[Hit, ...] = ()
    near: tuple[Hit, ...] = ()


def search(
    root: Path,
    typed: str,
    language: str | None = None,
    limit: int = 20,
    offset: int = 0,
    *,
    everything: bool = False,
    by_meaning: bool = False,
) -> Found:
    """The best hits in an archive's publication, and how many there are in all.

    `everything` searches what the archive knows, published or not; `by_meaning` adds what is near
    in meaning of what is public: only that has vectors.
    """
    public = root / FOLDER / DATABASE
    with _reading(root / ARCHIVE if everything else public) as connection:
        if everything:
            _see_everything(connection, public)
        found = find(connection, typed, language, limit, offset)
    if not by_meaning or not public.is_file():
        return found
    with _reading(public) as connection:
        return replace(found, near=near_in_meaning(connection, typed, language))


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.is_file():
        raise UsageError(path, "there is nothing to search yet.", "Run: testimony run")
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        yield connection
    except sqlite3.Error as error:
        raise UsageError(
            path, f"cannot be searched ({error}).", "Run: testimony publish"
        ) from error
    finally:
        connection.close()


def _see_everything(connection: sqlite3.Connection, published: Path) -> None:
    """Lets `archive.db` be searched as a published database is, by views for this connection."""
    made_by = terms.version(connection, terms.INDEX)
    if made_by != searchindex.VERSION:
        raise sqlite3.DatabaseError("its index was made by another version of this program")
    media = "NULL"
    if published.is_file():
        connection.execute("ATTACH ? AS published", [f"{published.as_uri()}?mode=ro"])
        media = "(SELECT media FROM published.recordings WHERE id = mine.id)"
    connection.execute("CREATE TEMP VIEW segments AS SELECT * FROM main.passages")
    connection.execute(
        "CREATE TEMP VIEW recordings AS"
        f" SELECT id, part, has_video, {media} AS media FROM main.recordings AS mine"
    )


def find(
    connection: sqlite3.Connection,
    typed: str,
    language: str | None = None,
    limit: int = 20,
    offset: int = 0,
) -> Found:
    """Searches an open database. Raises QueryError, with a sentence, for a query that cannot
    be read and for one that takes longer than `TIME_LIMIT_S`."""
    with asking(connection) as deadline:
        answer = ask(connection, typed, Narrowed(language), deadline, offers=offset == 0)
        matches = answer.matches
        hits = matches.hits(connection, matches.ids[offset : offset + limit])
    return Found(
        hits,
        matches.total,
        matches.more_than,
        answer.meant,
        answer.corrected,
        answer.offers,
        answer.related,
    )


@contextmanager
def asking(connection: sqlite3.Connection) -> Iterator[float]:
    """The time that a question may take, with the dictionaries it needs loaded before; gives the
    moment when it is over. QueryError then."""
    wordforms.load({*languages_of(connection), *lookup.languages_of_names(connection)})
    with _within(connection, TIME_LIMIT_S) as deadline:
        yield deadline


def ask(
    connection: sqlite3.Connection,
    typed: str,
    narrowed: Narrowed,
    deadline: float,
    *,
    offers: bool = True,
) -> Answer:
    """What matches in an open database; while `asking`. Raises QueryError.

    `offers`: what the vocabulary has is offered too; it knows no other limit than a language.
    """
    offers = offers and replace(narrowed, language=None) == Narrowed()
    answer = _once(connection, typed, narrowed, deadline, offers=offers)
    if answer.matches.total or answer.meant is None or answer.related:
        return answer
    again = _once(connection, answer.meant, narrowed, deadline, offers=offers)
    if not again.matches.total:
        return answer
    return replace(again, meant=answer.meant, corrected=True)


def near_in_meaning(
    connection: sqlite3.Connection, typed: str, language: str | None = None
) -> tuple[Hit, ...]:
    """At most ten passages near in meaning to a query's words, of those that it does not find.

    Empty where nothing was published with vectors, where the extra is missing, and where it takes
    too long: the hits are there without it. Raises QueryError as `find` does.
    """
    query = parse(typed)
    only = base_language(query.limits.get("lang") or language or None)
    words = [word for sought in chain.from_iterable(query.wanted) for word in sought.words]
    if not words:
        return ()
    try:
        index = meaning.index_of(connection)
        if not len(index.ids):
            return ()
        asked = meaning.question(" ".join(words))
        with _within(connection, _NEAR_LIMIT_S) as deadline:
            expressions = _expressions(connection, query, only)
            scope = _Scope.of(connection, query, _Place.of(connection, query), only)
            idents = scope.among(connection, index.nearest(asked, scope.ranges))
            similar = meaning.similar(connection, idents, asked)[: 3 * _MOST_NEAR]
            found = _found_of(connection, expressions, similar, deadline)
            chosen = [ident for ident in similar if ident not in found][:_MOST_NEAR]
            return tuple(_hits(connection, chosen, Marker(expressions)))
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
        marker, texts = Marker(expressions), _texts(connection, idents, deadline)
        return {i for i, text, tag in texts if MARK_OPEN in marker.marked(text, tag)}
    sql = (
        "SELECT rowid FROM segments_fts WHERE segments_fts MATCH ?"
        " AND rowid IN (SELECT value FROM json_each(?))"
    )
    rows = connection.execute(sql, [expressions.full, json.dumps(list(idents))])
    return {row[0] for row in rows}


def marked_in(connection: sqlite3.Connection, typed: str, testimony_id: str) -> dict[int, str]:
    """By segment id, the text of every line of one testimony that a query finds, with the found
    words between two controls. Raises QueryError as `find` does."""
    with asking(connection) as deadline:
        query = parse(typed)
        only = base_language(query.limits.get("lang"))
        expressions = _expressions(connection, query, only)
        scope = _Scope.of(connection, query, _Place.of(connection, query), only)
        mine = scope.within(connection, testimony_id)
        found = dict.fromkeys(mine.ids(connection, expressions.full, _LAST), 0)
        if expressions.nears:
            found = _near_enough(connection, expressions, found, deadline)
        marker = _marker(connection, expressions)
        texts = _texts(connection, list(found), deadline)
        return {ident: marker.marked(text, language) for ident, text, language in texts}


def match_expression(connection: sqlite3.Connection, typed: str, language: str | None) -> str:
    """What `segments_fts` must MATCH for a query's words; its limits do not count here."""
    query = parse(typed)
    return _expressions(connection, query, language).full or '""'


def _expressions(connection: sqlite3.Connection, query: Query, language: str | None) -> Expressions:
    """How the index is asked for a query, read in one language or in all of the archive's."""
    reader = Reader(connection, _asked(connection, language), _terms_asked(connection, query))
    return reader.expressions(query)


def _marker(connection: sqlite3.Connection, expressions: Expressions) -> Marker:
    """What finds in a text the words, and the names of the terms, that were asked for."""
    asked = expressions.terms
    return Marker(expressions, terms.linker_of(connection, asked) if asked else None)


def _once(
    connection: sqlite3.Connection,
    typed: str,
    narrowed: Narrowed,
    deadline: float,
    *,
    offers: bool,
) -> Answer:
    """What is found as typed, and how the query would read with its unknown words put right."""
    query = parse(typed)
    only = base_language(query.limits.get("lang") or narrowed.language or None)
    place = _Place.of(connection, query)
    expressions = _expressions(connection, query, only)
    if not query.wanted and place:
        expressions = replace(expressions, exact=naming(place.terms), lemma=naming(place.terms))
    for term in filter(None, (narrowed.place, narrowed.event)):
        expressions = _naming_too(expressions, lookup.narrower(connection, {term}))
    scope = _Scope.of(connection, query, place, only, narrowed)
    ranked, total, more = _ranked(connection, expressions, scope, deadline)
    answer = Answer(Matches(tuple(ranked), total, more, _marker(connection, expressions)))
    names = Names.of(connection, query)
    if offers and (found := names.offers(connection, only, MOST)):
        elsewhere = _Scope.of(connection, query, place, None)
        related = _related(connection, names, expressions, elsewhere, only)
        answer = replace(answer, offers=found, related=tuple(related))
    if more:
        return answer
    return replace(answer, meant=_put_right(connection, typed, query, only, names.words))


def _naming_too(expressions: Expressions, terms: Collection[str]) -> Expressions:
    """The same, of passages that also name one of these terms.

    In the index, because asking each match what it names would read all of a common word's.
    """
    named = naming(terms)

    def both(found: str) -> str:
        return f"({found}) AND {named}" if found else named

    asked = expressions
    return replace(asked, exact=both(asked.exact), lemma=both(asked.lemma), full=both(asked.full))


def _terms_asked(connection: sqlite3.Connection, query: Query) -> dict[str, frozenset[str]]:
    """By what was typed after `event:`, the ids of the terms that are meant."""
    everything = chain(chain.from_iterable(query.wanted), query.unwanted)
    asked = {sought.term for sought in everything if sought.term is not None}
    return {typed: lookup.ids_of(connection, typed) for typed in asked}


def _asked(connection: sqlite3.Connection, language: str | None) -> list[str]:
    """The languages a query is read in: the one that is asked, or all that the archive has."""
    asked = base_language(language)
    return [asked] if asked else languages_of(connection)


def _put_right(
    connection: sqlite3.Connection,
    typed: str,
    query: Query,
    language: str | None,
    known: Collection[str],
) -> str | None:
    """The query with each word that no passage has replaced by the nearest that one has.

    `known` are words that the vocabulary has, so that they need not be put right.
    """
    better = typed
    for sought in chain.from_iterable(query.wanted):
        for word in () if sought.beginning or sought.term is not None else sought.words:
            if word in known or _is_spoken(connection, word, language):
                continue
            if meant := suggest(connection, word):
                better = re.sub(rf"(?i)(?<!\w){re.escape(word)}(?!\w)", meant, better)
    return better if better != typed else None


def _is_spoken(connection: sqlite3.Connection, word: str, language: str | None) -> bool:
    reader = Reader(connection, _asked(connection, language))
    match = reader.expressions(Query(((Sought((word,)),),)))
    sql = "SELECT 1 FROM segments_fts WHERE segments_fts MATCH ? LIMIT 1"
    return connection.execute(sql, [match.full]).fetchone() is not None


@dataclass(frozen=True)
class _Place:
    """What `place:` asks for: the terms that name it, and the testimonies recorded there."""

    terms: frozenset[str]
    testimonies: frozenset[str]

    @classmethod
    def of(cls, connection: sqlite3.Connection, query: Query) -> _Place | None:
        typed = query.limits.get("place")
        if typed is None:
            return None
        rows = connection.execute(_RECORDED_SQL).fetchall()
        there = frozenset(ident for ident, place in rows if fold(typed) in fold(place))
        found = lookup.places_called(connection, typed)
        if not found and not there:
            raise lookup.unknown_place(connection, typed, {place for _, place in rows})
        return cls(found, there)


class _Scope:
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
        place: _Place | None,
        language: str | None,
        narrowed: Narrowed = Narrowed(),
    ) -> _Scope:
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

    def within(self, connection: sqlite3.Connection, testimony_id: str) -> _Scope:
        """The same limits in one testimony."""
        where = f"{self._where} AND segments.testimony_id = ?"
        return _Scope(where, [*self._values, testimony_id], _ranges(connection, [testimony_id]))

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
    marker = Marker(expressions)
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
    marker = Marker(expressions)
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


def _hits(connection: sqlite3.Connection, chosen: Sequence[int], marker: Marker) -> Iterator[Hit]:
    cursor = connection.execute(_HITS_SQL, [json.dumps(list(chosen))])
    names = [column[0] for column in cursor.description]
    rows = {row[0]: dict(zip(names, row, strict=True)) for row in cursor}
    for ident in chosen:
        if row := rows.get(ident):
            yield Hit.from_row(row, marker.marked(row["text"], row["language"]))


def _related(
    connection: sqlite3.Connection,
    names: Names,
    expressions: Expressions,
    scope: _Scope,
    language: str | None,
) -> Iterator[Hit]:
    """Passages that name what all the typed words are names of, and are no hits: of each language
    in turn, the shortest first; none in the language that alone was asked for."""
    if not names.are_everything:
        return iter(())
    match = f"({names.expression}) NOT ({expressions.full})"
    found = scope.ids(connection, match, MOST + 1)
    if len(found) > MOST:
        found = list(_sample(connection, Expressions(match, match, match), scope))
    by_language: dict[str | None, list[int]] = {}
    for ident, tag in connection.execute(_RELATED_SQL, [json.dumps(found)]):
        if language is None or base_language(tag) != language:
            by_language.setdefault(tag, []).append(ident)
    turns = zip_longest(*by_language.values())
    chosen = [ident for turn in turns for ident in turn if ident is not None][:_RELATED]
    linker = terms.linker_of(connection, names.terms)
    return _hits(connection, chosen, Marker(Expressions("", "", ""), linker))


@contextmanager
def _within(connection: sqlite3.Connection, longest_s: float) -> Iterator[float]:
    """Stops whatever the database does once the time is over; gives the moment when it is."""
    deadline = time.monotonic() + longest_s
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
