"""From what a person typed to the terms of the vocabulary that are called so, in any language."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from pipeline.errors import QueryError
from pipeline.expression import Reader, naming
from pipeline.letters import fold, latin, words
from pipeline.linker import word_keys
from pipeline.query import Query
from pipeline.searchindex import base_language
from pipeline.terms import form_key

_NEAR, _NEAR_ENOUGH = 3, 70
# What a typed word of a language may be found under.
_FOUND_SQL = """
SELECT key, label_id, position, term_id, term_labels.language, term_labels.words, label,
  lat IS NOT NULL
FROM term_words
JOIN term_labels ON term_labels.id = label_id
JOIN terms ON terms.id = term_id
WHERE key IN (SELECT value FROM json_each(?))
"""
_NARROWER_SQL = """
WITH RECURSIVE narrower (id) AS (
  SELECT value FROM json_each(?)
  UNION SELECT terms.id FROM terms JOIN narrower ON terms.broader = narrower.id
)
SELECT id FROM narrower
"""
_COUNT_SQL = """
SELECT count(*) FROM (
  SELECT DISTINCT segment_id FROM segment_terms
  WHERE term_id IN (SELECT value FROM json_each(?)) LIMIT ?
)
"""
_CALLED_SQL = """
SELECT label FROM term_labels JOIN terms ON terms.id = term_id WHERE ?1 OR lat IS NOT NULL
UNION SELECT id FROM terms WHERE ?1 OR lat IS NOT NULL
"""


@dataclass(frozen=True)
class Called:
    """Words that are a name of a term: the first and how many, the name, and its language."""

    term: str
    first: int
    size: int
    label: str
    language: str
    is_place: bool

    @property
    def last(self) -> int:
        return self.first + self.size - 1


@dataclass(frozen=True)
class Offer:
    """A term that typed words are a name of: what it is called in the reader's language, and how
    many passages name it or what is narrower, or, with `more_than`, more than that."""

    term: str
    label: str
    passages: int
    more_than: bool

    @property
    def query(self) -> str:
        """What finds these passages."""
        return f"event:{self.term}"


@dataclass(frozen=True)
class Names:
    """The names of terms among a query's words: the longest where they overlap.

    `are_everything` where the query is nothing but names.
    """

    found: tuple[tuple[Called, ...], ...]
    expression: str
    terms: frozenset[str]
    words: frozenset[str]
    are_everything: bool

    @classmethod
    def of(cls, connection: sqlite3.Connection, query: Query) -> Names:
        runs = list(_runs(query))
        found: list[tuple[Called, ...]] = []
        known: set[str] = set()
        covered = 0
        for run in runs:
            for same in _longest(called(connection, run)):
                found.append(_as_spelled(same, run[same[0].first : same[0].last + 1]))
                known.update(run[same[0].first : same[0].last + 1])
                covered += same[0].size
        meant = [narrower(connection, {one.term for one in same}) for same in found]
        alone = not query.unwanted and all(
            len(alternatives) == 1 and alternatives[0].term is None for alternatives in query.wanted
        )
        return cls(
            tuple(found),
            " AND ".join(map(naming, meant)),
            frozenset().union(*meant),
            frozenset(known),
            alone and 0 < covered == sum(len(one.words) for (one,) in query.wanted),
        )

    def offers(
        self, connection: sqlite3.Connection, language: str | None, most: int
    ) -> tuple[Offer, ...]:
        """One for each term that passages name, counted up to `most`, in the query's order."""
        made: dict[str, Offer] = {}
        for same in self.found:
            spoken = {one.language for one in same}
            for term in dict.fromkeys(one.term for one in same):
                ids = json.dumps(sorted(narrower(connection, {term})))
                (count,) = connection.execute(_COUNT_SQL, [ids, most + 1]).fetchone()
                label = label_in(connection, term, language, spoken)
                made[term] = Offer(term, label, min(count, most), count > most)
        return tuple(offer for offer in made.values() if offer.passages)


def called(connection: sqlite3.Connection, typed: Sequence[str]) -> list[Called]:
    """Every name in a row of typed words, in any form, with or without marks."""
    if not typed:
        return []
    languages = languages_of_names(connection)
    reader = Reader(connection, languages)
    at: dict[str, list[int]] = {}
    for n, word in enumerate(typed):
        for key in _keys(reader, word, languages):
            at.setdefault(key, []).append(n)
    places: dict[int, dict[int, set[int]]] = {}
    about: dict[int, tuple[str, str, int, str, int]] = {}
    for key, label, position, *told in connection.execute(_FOUND_SQL, [json.dumps(list(at))]):
        places.setdefault(label, {}).setdefault(position, set()).update(at[key])
        about[label] = (told[0], told[1], told[2], told[3], told[4])
    found = []
    for number, (term, language, size, label, is_place) in about.items():
        stands = places[number]
        for first in stands.get(0, ()):
            if all(first + n in stands.get(n, ()) for n in range(size)):
                found.append(Called(term, first, size, label, language, bool(is_place)))
    return found


def ids_of(connection: sqlite3.Connection, typed: str) -> frozenset[str]:
    """The terms of this id or name, with all that is narrower.

    Raises QueryError where there is none, with the nearest that there are.
    """
    found = _named(connection, typed)
    # An event may be called as the place where it happened: here the event is meant.
    chosen = [one for one in found if not one.is_place] or found
    ids = _with_id(connection, typed) or frozenset(one.term for one in chosen)
    if not ids:
        raise _unknown("event", typed, _names(connection, every_kind=True))
    return narrower(connection, ids)


def places_called(connection: sqlite3.Connection, typed: str) -> frozenset[str]:
    """The ids of the places that are called so, today or formerly; empty where there is none."""
    found = frozenset(one.term for one in _named(connection, typed) if one.is_place)
    return found or _with_id(connection, typed, only_places=True)


def unknown_place(
    connection: sqlite3.Connection, typed: str, recorded: Iterable[str]
) -> QueryError:
    """Says that a place is neither in the gazetteer nor one where a testimony was recorded."""
    return _unknown("place", typed, {*_names(connection, every_kind=False), *recorded})


def _named(connection: sqlite3.Connection, typed: str) -> list[Called]:
    """Names that are all of what was typed."""
    asked = words(typed)
    found = [one for one in called(connection, asked) if one.size == len(asked)]
    return list(_as_spelled(found, asked))


def _as_spelled(found: Sequence[Called], typed: Sequence[str]) -> tuple[Called, ...]:
    """The names that are spelled as was typed, marks aside; where there are none, all of them."""
    plainest = [fold(word) for word in typed]
    same = [one for one in found if [fold(word) for word in words(one.label)] == plainest]
    return tuple(same or found)


def _runs(query: Query) -> Iterator[tuple[str, ...]]:
    """The words of a query that stand side by side, whether or not in quotes."""
    run: list[str] = []
    for alternatives in query.wanted:
        whole = [one for one in alternatives if one.is_whole]
        if len(alternatives) == 1 and whole:
            run += whole[0].words
            continue
        yield tuple(run)
        run = []
        yield from (one.words for one in whole)
    yield tuple(run)


def _longest(found: Iterable[Called]) -> list[list[Called]]:
    """The names that overlap no longer one; those of exactly the same words together."""
    by_words: dict[tuple[int, int], list[Called]] = {}
    for one in found:
        by_words.setdefault((one.first, one.size), []).append(one)
    kept: list[list[Called]] = []
    for same in sorted(by_words.values(), key=lambda same: (-same[0].size, same[0].first)):
        first, last = same[0].first, same[0].last
        if all(last < other[0].first or first > other[0].last for other in kept):
            kept.append(same)
    return sorted(kept, key=lambda same: same[0].first)


def narrower(connection: sqlite3.Connection, ids: Collection[str]) -> frozenset[str]:
    """These terms and all that are narrower."""
    rows = connection.execute(_NARROWER_SQL, [json.dumps(sorted(ids))])
    return frozenset(row[0] for row in rows)


def label_in(
    connection: sqlite3.Connection, term: str, language: str | None, spoken: Collection[str]
) -> str:
    """The first name in the reader's language, else in the query's, else in English or any."""
    sql = "SELECT language, label FROM term_labels WHERE term_id = ? AND n = 0 ORDER BY former DESC"
    rows: list[tuple[str, str]] = connection.execute(sql, [term]).fetchall()
    shown = {base_language(tag): label for tag, label in rows}
    order = [language, *(["en"] if "en" in spoken else []), *sorted(spoken), "en", *shown]
    return next(shown[one] for one in order if one in shown)


def _with_id(
    connection: sqlite3.Connection, typed: str, *, only_places: bool = False
) -> frozenset[str]:
    ident = "-".join(fold(word) for word in words(typed))
    sql = "SELECT id FROM terms WHERE id = ?" + (" AND lat IS NOT NULL" if only_places else "")
    return frozenset(row[0] for row in connection.execute(sql, [ident]))


def languages_of_names(connection: sqlite3.Connection) -> list[str]:
    """The languages in which the vocabulary has names."""
    found: list[str] = []
    sql = "SELECT min(language) FROM term_labels WHERE language > ?"
    while (tag := connection.execute(sql, [found[-1] if found else ""]).fetchone()[0]) is not None:
        found.append(tag)
    return sorted({base_language(tag) or tag for tag in found})


def _keys(reader: Reader, word: str, languages: Iterable[str]) -> set[str]:
    read = reader.reading(word)
    keys = {*read.lemmas, *read.stems, form_key(fold(word)), form_key(latin(word))}
    return keys.union(*(word_keys(word, language) for language in languages))


def _names(connection: sqlite3.Connection, *, every_kind: bool) -> list[str]:
    return [row[0] for row in connection.execute(_CALLED_SQL, [every_kind])]


def _unknown(field: str, typed: str, names: Collection[str]) -> QueryError:
    if not names:
        return QueryError(
            "search",
            "%(field)s: finds nothing, for this archive has no vocabulary.",
            field=field,
        )
    # An id that is spelled as a name is shows the same.
    choices = list({fold(name): name for name in sorted(names, reverse=True)}.values())
    near = process.extract(
        typed, choices, scorer=fuzz.WRatio, processor=fold, limit=_NEAR,
        score_cutoff=_NEAR_ENOUGH,
    )  # fmt: skip
    if not near:
        return QueryError(
            "search",
            'no %(field)s is called "%(typed)s" in the vocabulary.',
            field=field,
            typed=typed,
        )
    return QueryError(
        "search",
        'no %(field)s is called "%(typed)s" in the vocabulary. Near it are %(near)s.',
        field=field,
        typed=typed,
        near=", ".join(f"{field}:{_quoted(one[0])}" for one in near),
    )


def _quoted(name: str) -> str:
    return f'"{name}"' if " " in name else name
