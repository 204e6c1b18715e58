"""The full-text index of a database: made, filled and emptied one recording at a time.

The rows of `segments` are written and deleted by others, and so is `segment_terms`, which says
what they name; what makes them findable is here: `segments_fts`, with the words as spoken in one
column and in another the keys of their lemmas and stems and of the terms they name, and
`spellings`: the forms that a plain keyboard types otherwise, by how it types them.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from sqlite_utils import Database

from pipeline import wordforms
from pipeline.letters import fold, latin, words
from pipeline.wordforms import Analysis

# An index made by another version must be built anew: `remove` takes out what `add` would put in.
VERSION = f"3 {wordforms.VERSION}"
NO_LANGUAGE = "und"
_WORDS_KEPT = 250_000
CYRILLIC = frozenset({"be", "bg", "ru", "uk"})

# Keys are kept nowhere but in the index. A contentless index would do, but Datasette counts the
# rows of every table, which such an index refuses with an error; an empty table stands in.
_SOURCE = "CREATE TABLE segments_fts_source (id INTEGER PRIMARY KEY, key TEXT, form TEXT)"
_FTS = """
CREATE VIRTUAL TABLE segments_fts USING fts5(
  key, form, content='segments_fts_source', content_rowid='id', columnsize=0,
  tokenize="unicode61 remove_diacritics 0 tokenchars '_'"
)
"""
_SPELLINGS = """
CREATE TABLE spellings (
  typed TEXT NOT NULL, language TEXT NOT NULL, form TEXT NOT NULL, segments INTEGER NOT NULL,
  PRIMARY KEY (typed, language, form)
) WITHOUT ROWID
"""
_COUNT_UP = """
INSERT INTO spellings (typed, language, form, segments) VALUES (?, ?, ?, ?)
ON CONFLICT (typed, language, form) DO UPDATE SET segments = segments + excluded.segments
"""
_COUNT_DOWN = """
UPDATE spellings SET segments = segments - ? WHERE typed = ? AND language = ? AND form = ?
"""
_GONE = "DELETE FROM spellings WHERE typed = ? AND language = ? AND form = ? AND segments <= 0"
_SEGMENTS = """
SELECT id, text, language,
  (SELECT group_concat(term_id, ' ') FROM segment_terms WHERE segment_id = {table}.id)
FROM {table} WHERE {chosen}
"""
# Segments of one recording: all of them, or those whose numbers are given as a JSON list.
CHOSEN = """
recording_id = :recording AND (:only IS NULL OR id IN (SELECT value FROM json_each(:only)))
"""


def create(db: Database) -> None:
    """Makes the empty index beside the empty tables `segments` and `segment_terms`."""
    db.execute(_SOURCE)
    db.execute(_FTS)
    if sqlite3.sqlite_version_info >= (3, 42):
        db.execute("INSERT INTO segments_fts (segments_fts, rank) VALUES ('secure-delete', 1)")
    db.execute(_SPELLINGS)


def drop(db: Database) -> None:
    """Takes the whole index away, where there is one."""
    for table in ("segments_fts", "segments_fts_source", "spellings"):
        db.execute(f"DROP TABLE IF EXISTS {table}")


def chosen(recording_id: str, only: Collection[int] | None) -> dict[str, str | None]:
    """What `CHOSEN` asks for; without `only`, every segment of the recording."""
    return {
        "recording": recording_id,
        "only": None if only is None else json.dumps(sorted(only)),
    }


def add(
    db: Database,
    recording_id: str,
    table: str = "segments",
    only: Collection[int] | None = None,
) -> None:
    """Indexes segments of a recording, once their rows are there and linked to terms."""
    insert(db, list(entries(db, recording_id, table, only)))


def remove(
    db: Database,
    recording_id: str,
    table: str = "segments",
    only: Collection[int] | None = None,
) -> None:
    """Takes segments of a recording out, while their rows and links are still there.

    Before SQLite 3.42 the removed words stay in the file, unfindable, until `finish`.
    """
    delete(db, list(entries(db, recording_id, table, only)))


def delete(db: Database, indexed: Sequence[Entry]) -> None:
    """Takes out what `insert` put in."""
    db.conn.executemany(
        "INSERT INTO segments_fts (segments_fts, rowid, key, form) VALUES ('delete', ?, ?, ?)",
        [(ident, key, form) for ident, key, form, _ in indexed],
    )
    counts = sorted(_counts(indexed).items())
    db.conn.executemany(_COUNT_DOWN, [(n, *word) for word, n in counts])
    db.conn.executemany(_GONE, [word for word, _ in counts])


def finish(db: Database) -> None:
    """Merges the index after a whole build, and drops what `remove` left in it."""
    # Written in order, the spellings take a third less room; the pages it leaves are used next.
    db.execute("ALTER TABLE spellings RENAME TO spellings_loose")
    db.execute(_SPELLINGS)
    db.execute("INSERT INTO spellings SELECT * FROM spellings_loose ORDER BY 1, 2, 3")
    db.execute("DROP TABLE spellings_loose")
    db.execute("INSERT INTO segments_fts (segments_fts) VALUES ('optimize')")


def keys(analysis: Analysis, language: str | None) -> list[str]:
    """What a word is indexed under, besides its form.

    Lemmas and stems have the language in them, so that a word of one is not found as another's.
    A word that a dictionary knows needs no stem. The first mark keeps keys apart from forms.
    """
    found = lemma_keys(analysis, language)
    if analysis.stem and not analysis.known:
        found.append(stem_key(analysis.stem, language))
    return found


def lemma_keys(analysis: Analysis, language: str | None) -> list[str]:
    found = {typed(lemma, language) for lemma in analysis.lemmas}
    return [f"_{language or NO_LANGUAGE}_l{lemma}" for lemma in sorted(found)]


def lemma_of_key(key: str) -> str:
    """The lemma in one of `lemma_keys`, or the stem in a `stem_key`."""
    return key.split("_", 2)[2][1:]


def stem_key(stem: str, language: str | None) -> str:
    return f"_{language or NO_LANGUAGE}_s{typed(stem, language)}"


def term_key(term: str) -> str:
    """What a segment is found under that names this term; no language is called t."""
    return f"_t_{term.replace('-', '_')}"


def typed(word: str, language: str | None) -> str:
    """A word as the plainest keyboard types it: no diacritics, and Latin for Cyrillic."""
    return latin(word) if language in CYRILLIC else fold(word)


def base_language(language: str | None) -> str | None:
    """The language whose dictionary is asked: BCP 47 without regions and scripts."""
    return language.split("-")[0].lower() if language else None


_Word = tuple[str, str, str]
Entry = tuple[int, str, str, frozenset[_Word]]


def insert(db: Database, indexed: Sequence[Entry]) -> None:
    """Indexes segments by what `entries` made of them."""
    db.conn.executemany(
        "INSERT INTO segments_fts (rowid, key, form) VALUES (?, ?, ?)",
        [(ident, key, form) for ident, key, form, _ in indexed],
    )
    counts = sorted(_counts(indexed).items())
    db.conn.executemany(_COUNT_UP, [(*word, n) for word, n in counts])


def entries(
    db: Database,
    recording_id: str,
    table: str = "segments",
    only: Collection[int] | None = None,
) -> Iterator[Entry]:
    """For each segment its number, its keys, its forms, and its spellings."""
    sql = _SEGMENTS.format(table=table, chosen=CHOSEN)
    for ident, text, tag, terms in db.execute(sql, chosen(recording_id, only)).fetchall():
        language = base_language(tag)
        spoken = words(text)
        read = [_indexed(word, language) for word in spoken]
        found = {key for word in read for key in word.keys}
        found.update(term_key(term) for term in (terms or "").split())
        yield (
            ident,
            " ".join(sorted(found)),
            " ".join(word.form for word in read),
            frozenset(word.row for word in read if word.row),
        )


class _Indexed(NamedTuple):
    keys: tuple[str, ...]
    form: str
    row: _Word | None


@lru_cache(maxsize=_WORDS_KEPT)
def _indexed(word: str, language: str | None) -> _Indexed:
    """All that is kept of one word; the same words come again and again."""
    found = tuple(keys(wordforms.analyse(word, language), language))
    return _Indexed(found, fold(word), _spelling(word, language))


def _spelling(word: str, language: str | None) -> _Word | None:
    """`typed`, language and form; None where the form is typed as it is."""
    plainest = typed(word, language)
    return None if word == plainest else (plainest, language or NO_LANGUAGE, word)


def _counts(indexed: Iterable[Entry]) -> Counter[_Word]:
    counts: Counter[_Word] = Counter()
    for *_, spelled in indexed:
        counts.update(spelled)
    return counts
