"""The vocabulary inside a database: `terms`, `term_labels`, and `segment_terms`, which says what
each segment names. `term_words` finds a label by the keys of its words, as segments are found.

Terms and places share the tables; only a place has `lat`, `lon` and `feature`: what it is.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

from sqlite_utils import Database

from pipeline import searchindex, vocabulary
from pipeline.errors import Problem
from pipeline.letters import words
from pipeline.linker import Label, LabelWord, Linker, label_keys, label_words
from pipeline.publication import Named
from pipeline.searchindex import base_language, typed
from pipeline.vocabulary import Place, Term, Vocabulary

_TABLES = (
    """
    CREATE TABLE terms (
      id TEXT PRIMARY KEY, kind TEXT NOT NULL, feature TEXT, dates TEXT, places TEXT,
      broader TEXT REFERENCES terms (id) DEFERRABLE INITIALLY DEFERRED,
      lat REAL, lon REAL, country TEXT, camp_from INTEGER, camp_until INTEGER,
      note TEXT, sources TEXT
    )
    """,
    """
    CREATE TABLE term_labels (
      id INTEGER PRIMARY KEY,
      term_id TEXT NOT NULL REFERENCES terms (id) DEFERRABLE INITIALLY DEFERRED,
      language TEXT NOT NULL, n INTEGER NOT NULL, label TEXT NOT NULL,
      words INTEGER NOT NULL, former INTEGER NOT NULL, since INTEGER, until INTEGER
    )
    """,
    "CREATE INDEX term_labels_by_term ON term_labels (term_id, language, n)",
    "CREATE INDEX term_labels_by_language ON term_labels (language)",
    """
    CREATE TABLE term_words (
      key TEXT NOT NULL, label_id INTEGER NOT NULL, position INTEGER NOT NULL,
      PRIMARY KEY (key, label_id, position)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE segment_terms (
      segment_id INTEGER NOT NULL REFERENCES {segments} (id),
      term_id TEXT NOT NULL REFERENCES terms (id) DEFERRABLE INITIALLY DEFERRED,
      PRIMARY KEY (segment_id, term_id)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX segment_terms_by_term ON segment_terms (term_id, segment_id)",
    "CREATE TABLE versions (name TEXT PRIMARY KEY, version TEXT NOT NULL) WITHOUT ROWID",
)
INDEX = "index"
_NAMES = ("segment_terms", "term_words", "term_labels", "terms", "versions")
_COLUMNS: Mapping[str, int] = {"terms": 13, "term_labels": 9, "term_words": 3}
_GLOSSARY_SQL = """
SELECT terms.id, lat, lon, language, label FROM terms
JOIN term_labels ON term_id = terms.id AND n = 0 AND NOT former
WHERE terms.id IN (SELECT value FROM json_each(?)) ORDER BY terms.id, language
"""
_LABELS_SQL = """
SELECT label.id, term_id, language, n, label, lat IS NOT NULL
FROM term_labels AS label JOIN terms ON terms.id = term_id
WHERE term_id IN (SELECT value FROM json_each(?))
"""


@dataclass(frozen=True)
class Tables:
    """Rows of `terms`, `term_labels` and `term_words`, and the version of the files behind them."""

    version: str
    terms: Sequence[tuple[Any, ...]] = ()
    labels: Sequence[tuple[Any, ...]] = ()
    words: Sequence[tuple[Any, ...]] = ()

    @classmethod
    def made_of(cls, said: Vocabulary, version: str) -> Tables:
        """Analyses every word of every label, which takes seconds for thousands of them."""
        entries: list[Term | Place] = [*said.terms, *said.places]
        named = [(entry.id, *name) for entry in entries for name in _names(entry)]
        labels = tuple((number, *name) for number, name in enumerate(named, start=1))
        found = {
            (key, number, position)
            for number, spoken in _words_of(labels)
            for position, word in enumerate(spoken)
            for key in (*label_keys(word), form_key(typed(word.plain, word.language)))
        }
        return cls(version, tuple(map(_row, entries)), labels, tuple(sorted(found)))

    @classmethod
    def of(cls, db: Database) -> Tables:
        """Those that a database has."""
        rows = {
            name: tuple(db.execute(f"SELECT * FROM {name}").fetchall())
            for name in ("terms", "term_labels", "term_words")
        }
        return cls(version(db) or "", *rows.values())

    @cached_property
    def linker(self) -> Linker:
        """What finds these terms in texts."""
        places = {row[0] for row in self.terms if row[6] is not None}
        first: dict[int, list[str]] = {}
        for key, number, position in self.words:
            if position == 0:
                first.setdefault(number, []).append(key)
        about = {row[0]: row for row in self.labels}
        return Linker(
            _label(about[n], spoken, tuple(first[n]), is_place=about[n][1] in places)
            for n, spoken in _words_of(self.labels)
        )

    def named(self, segments: Iterable[Mapping[str, Any]]) -> dict[int, list[Named]]:
        """By the id of a segment, what its words name; redacted words are not asked."""
        links = {
            segment["id"]: sorted(
                self.linker.terms(segment["text"], base_language(segment["language"]))
            )
            for segment in segments
            if segment["state"] != "redacted"
        }
        known = self._glossary({term for terms in links.values() for term in terms})
        return {ident: [known[t] for t in terms] for ident, terms in links.items() if terms}

    def _glossary(self, terms: Collection[str]) -> dict[str, Named]:
        where = {row[0]: row[6:8] for row in self.terms}
        shown = (row for row in self.labels if row[1] in terms and row[3] == 0 and not row[6])
        rows = sorted((term, *where[term], tag, label) for _, term, tag, _, label, *_ in shown)
        return _glossary(rows)


class _Newest:
    """The vocabulary that was asked for last, kept for the whole process; threads may share it.

    To read ten thousand names and to prepare what finds them takes a second, and the site opens an
    archive for every correction.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._key: Hashable = None
        self._tables: Tables | None = None

    def known(self, key: Hashable) -> Tables | None:
        with self._lock:
            return self._tables if self._key == key else None

    def get(self, key: Hashable, make: Callable[[], Tables]) -> Tables:
        """Made where another one was asked for last, which is then forgotten."""
        with self._lock:
            if self._tables is None or self._key != key:
                self._tables, self._key = make(), key
            return self._tables


_NEWEST = _Newest()


def kept(db: Database) -> Tables:
    """The vocabulary that a database has; a process reads each version of it once."""
    return _NEWEST.get((version(db), version(db, INDEX)), lambda: Tables.of(db))


def made(root: Path, of_version: str) -> Tables | tuple[Problem, ...]:
    """The vocabulary that an archive's files have, for an index of this code, or what is wrong
    with it; a process makes each version of it once."""
    key = (of_version, searchindex.VERSION)
    if known := _NEWEST.known(key):
        return known
    said = vocabulary.load(root)
    if said.problems:
        return said.problems
    tables = Tables.made_of(said, of_version)
    # Somebody may have written the files meanwhile: then they are read again next time.
    return _NEWEST.get(key, lambda: tables) if vocabulary.version(root) == of_version else tables


def glossary(connection: sqlite3.Connection, terms: Collection[str]) -> dict[str, Named]:
    """By id, what these terms are called and where they are, as an open database has them."""
    return _glossary(connection.execute(_GLOSSARY_SQL, [json.dumps(sorted(terms))]))


def _glossary(rows: Iterable[Sequence[Any]]) -> dict[str, Named]:
    """From term, latitude, longitude, language and label, in the order of terms and languages."""
    found: dict[str, Named] = {}
    labels: dict[str, dict[str, str]] = {}
    for ident, lat, lon, language, label in rows:
        known = labels.setdefault(ident, {})
        found.setdefault(ident, Named(ident, known, lat, lon))
        known[language] = label
    return found


def linker_of(connection: sqlite3.Connection, terms: Collection[str]) -> Linker:
    """What finds these terms in texts, as an open database names them."""
    rows = connection.execute(_LABELS_SQL, [json.dumps(sorted(terms))]).fetchall()
    about = {row[0]: row for row in rows}
    return Linker(
        _label(about[n], spoken, tuple(label_keys(spoken[0])), is_place=bool(about[n][5]))
        for n, spoken in _words_of(rows)
    )


def _label(
    row: Sequence[Any], spoken: tuple[LabelWord, ...], keys: tuple[str, ...], *, is_place: bool
) -> Label:
    capital = next(letter for letter in row[4] if letter.isalnum()).isupper()
    return Label(row[1], is_place, capital, spoken[0].language, spoken, keys)


def _words_of(labels: Iterable[Sequence[Any]]) -> Iterator[tuple[int, tuple[LabelWord, ...]]]:
    """The words of each label, by its number; `labels` begin as rows of `term_labels` do."""
    of_term: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for number, term, language, _, label, *_ in labels:
        base = base_language(language) or language
        of_term.setdefault((term, base), []).append((number, label))
    for (_, language), named in of_term.items():
        numbers, texts = zip(*named, strict=True)
        yield from zip(numbers, label_words(texts, language), strict=True)


def create(db: Database, segments: str = "segments") -> None:
    """Makes the empty tables, for the segments in a table of this name."""
    for sql in _TABLES:
        db.execute(sql.format(segments=segments))


def drop(db: Database) -> None:
    """Takes the tables away, where there are any."""
    for name in _NAMES:
        db.execute(f"DROP TABLE IF EXISTS {name}")


def version(db: Database | sqlite3.Connection, name: str = "vocabulary") -> str | None:
    """Of which files the tables were filled, or by which code the `INDEX` beside them; None where
    they were not."""
    row = db.execute("SELECT version FROM versions WHERE name = ?", [name]).fetchone()
    return row[0] if row else None


def set_version(db: Database, version: str, name: str = "vocabulary") -> None:
    db.execute("INSERT OR REPLACE INTO versions VALUES (?, ?)", [name, version])


def fill(db: Database, tables: Tables) -> None:
    """Writes the vocabulary in the place of the one before; links are another matter: `relink`."""
    for name, rows in (
        ("terms", tables.terms),
        ("term_labels", tables.labels),
        ("term_words", tables.words),
    ):
        db.execute(f"DELETE FROM {name}")
        marks = ", ".join("?" * _COLUMNS[name])
        db.conn.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)
    set_version(db, tables.version)


def put_in(
    db: Database,
    tables: Tables,
    recording_id: str,
    table: str = "segments",
    only: Collection[int] | None = None,
) -> None:
    """Makes segments of a recording findable by their words and by what they name, once their
    rows are there; all of them, or only those with these numbers."""
    link(db, tables, recording_id, table, only)
    searchindex.add(db, recording_id, table, only)


def take_out(
    db: Database,
    recording_id: str,
    table: str = "segments",
    only: Collection[int] | None = None,
) -> None:
    """Undoes `put_in`, while the rows are there as they were."""
    searchindex.remove(db, recording_id, table, only)
    unlink(db, recording_id, table, only)


def link(
    db: Database,
    tables: Tables,
    recording_id: str,
    table: str = "segments",
    only: Collection[int] | None = None,
) -> None:
    """Notes what segments of a recording name."""
    rows = [
        (ident, term)
        for ident, terms in _wanted(db, tables, recording_id, table, only)
        for term in sorted(terms)
    ]
    db.conn.executemany("INSERT INTO segment_terms VALUES (?, ?)", rows)


def unlink(
    db: Database,
    recording_id: str,
    table: str = "segments",
    only: Collection[int] | None = None,
) -> None:
    """Forgets what segments of a recording name, while they are there."""
    sql = f"SELECT id FROM {table} WHERE {searchindex.CHOSEN}"
    db.execute(
        f"DELETE FROM segment_terms WHERE segment_id IN ({sql})",
        searchindex.chosen(recording_id, only),
    )


def relink(db: Database, tables: Tables, table: str = "segments") -> None:
    """After another vocabulary: indexes anew the segments that now name something else."""
    for (recording_id,) in db.execute(f"SELECT DISTINCT recording_id FROM {table}").fetchall():
        now = _linked(db, recording_id, table)
        wanted = _wanted(db, tables, recording_id, table)
        changed = [ident for ident, terms in wanted if terms != now.get(ident, set())]
        if changed:
            take_out(db, recording_id, table, changed)
            put_in(db, tables, recording_id, table, changed)


def _wanted(
    db: Database,
    tables: Tables,
    recording_id: str,
    table: str,
    only: Collection[int] | None = None,
) -> Iterator[tuple[int, set[str]]]:
    sql = f"SELECT id, text, language FROM {table} WHERE {searchindex.CHOSEN}"
    for ident, text, tag in db.execute(sql, searchindex.chosen(recording_id, only)).fetchall():
        yield ident, tables.linker.terms(text, base_language(tag))


def _linked(db: Database, recording_id: str, table: str) -> dict[int, set[str]]:
    sql = (
        f"SELECT segment_id, term_id FROM {table} JOIN segment_terms ON segment_id = {table}.id"
        " WHERE recording_id = ?"
    )
    found: dict[int, set[str]] = {}
    for ident, term in db.execute(sql, [recording_id]):
        found.setdefault(ident, set()).add(term)
    return found


def form_key(plainest: str) -> str:
    """What a label's word is found under whatever its language, as the plainest keyboard has it."""
    return f"_f_{plainest}"


def _names(entry: Term | Place) -> Iterator[tuple[Any, ...]]:
    """Language, number in it, label and how many words, whether it is a former name, its years."""
    for language, labels in entry.labels.items():
        for n, label in enumerate(labels):
            yield (language, n, label, len(words(label)), 0, None, None)
    for n, name in enumerate(entry.formerly if isinstance(entry, Place) else ()):
        yield (name.language, n, name.name, len(words(name.name)), 1, name.since, name.until)


def _row(entry: Term | Place) -> tuple[Any, ...]:
    if isinstance(entry, Term):
        told: tuple[Any, ...] = (entry.kind, None, entry.when, json.dumps(entry.places))
        told += (entry.broader, None, None, None, None, None)
    else:
        camp = entry.camp or vocabulary.Camp()
        told = ("place", entry.kind, None, None, None, entry.lat, entry.lon, entry.country)
        told += (camp.since, camp.until)
    return (entry.id, *told, entry.note, json.dumps(entry.sources, ensure_ascii=False))
