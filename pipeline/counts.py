"""How much of what each published testimony has, so that nobody counts millions of segments.

`testimony_languages` and `testimony_terms` come and go with their testimony; the site adds them up.
"""

from __future__ import annotations

from sqlite_utils import Database

_TABLES = (
    """
    CREATE TABLE testimony_languages (
      testimony_id TEXT NOT NULL REFERENCES testimonies (id), language TEXT NOT NULL,
      segments INTEGER NOT NULL, duration_s REAL NOT NULL,
      PRIMARY KEY (testimony_id, language)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX testimony_languages_by_language ON testimony_languages (language, testimony_id)",
    """
    CREATE TABLE testimony_terms (
      testimony_id TEXT NOT NULL REFERENCES testimonies (id),
      term_id TEXT NOT NULL REFERENCES terms (id) DEFERRABLE INITIALLY DEFERRED,
      segments INTEGER NOT NULL,
      PRIMARY KEY (testimony_id, term_id)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX testimony_terms_by_term ON testimony_terms (term_id, testimony_id)",
)
_LANGUAGES_SQL = """
INSERT INTO testimony_languages
SELECT testimony_id, language, count(*), round(sum(end_s - start_s), 3) FROM segments
WHERE testimony_id = ? AND language IS NOT NULL GROUP BY language
"""
_TERMS_SQL = """
INSERT INTO testimony_terms
SELECT testimony_id, term_id, count(*) FROM segments JOIN segment_terms ON segment_id = segments.id
{only} GROUP BY testimony_id, term_id
"""


def create(db: Database) -> None:
    """Makes the empty tables."""
    for sql in _TABLES:
        db.execute(sql)


def add(db: Database, testimony_id: str) -> None:
    """Counts a testimony whose segments and their terms are in the database."""
    db.execute(_LANGUAGES_SQL, [testimony_id])
    db.execute(_TERMS_SQL.format(only="WHERE testimony_id = ?"), [testimony_id])


def remove(db: Database, testimony_id: str) -> None:
    """Forgets a testimony."""
    for table in ("testimony_languages", "testimony_terms"):
        db.execute(f"DELETE FROM {table} WHERE testimony_id = ?", [testimony_id])


def recount_terms(db: Database) -> None:
    """After another vocabulary: which testimony names which term, all anew."""
    db.execute("DELETE FROM testimony_terms")
    db.execute(_TERMS_SQL.format(only=""))
