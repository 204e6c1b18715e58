"""The full-text index of a published database: made, filled and emptied one recording at a time.

The rows of `segments` are written and deleted by `publish`; what makes them findable is here.
"""

from __future__ import annotations

from sqlite_utils import Database

# Raise it when the index would be another: an older one is then made anew.
VERSION = "1"


def create(db: Database) -> None:
    """Makes the empty index beside the empty table `segments`."""
    db.execute(
        "CREATE VIRTUAL TABLE segments_fts USING fts5("
        "text, content=segments, content_rowid=id, tokenize='unicode61 remove_diacritics 2')"
    )


def add(db: Database, recording_id: str) -> None:
    """Indexes every segment of a recording, once its rows are there."""
    db.execute(
        "INSERT INTO segments_fts (rowid, text)"
        " SELECT id, text FROM segments WHERE recording_id = ?",
        (recording_id,),
    )


def remove(db: Database, recording_id: str) -> None:
    """Takes every segment of a recording out, while its rows are still there."""
    db.execute(
        "INSERT INTO segments_fts (segments_fts, rowid, text)"
        " SELECT 'delete', id, text FROM segments WHERE recording_id = ?",
        (recording_id,),
    )


def finish(db: Database) -> None:
    """Merges the index after a whole build."""
    db.execute("INSERT INTO segments_fts (segments_fts) VALUES ('optimize')")
