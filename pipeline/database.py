"""One open `archive.db`: its transactions write, and its errors are sentences."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlite_utils

from pipeline.errors import ArchiveError


class Database(sqlite_utils.Database):
    """One whose transactions all write, and so wait for their turn before they read.

    One that reads first and writes then is refused where another program wrote in between, such as
    the site that keeps a correction while a transcription runs.
    """

    @contextmanager
    def atomic(self) -> Iterator[sqlite_utils.Database]:
        if self.conn.in_transaction:
            with super().atomic():
                yield self
            return
        self.conn.execute("BEGIN IMMEDIATE")
        try:
            yield self
        except BaseException:
            self.rollback()
            raise
        self.conn.commit()


@contextmanager
def guarded(path: Path) -> Iterator[None]:
    """SQLite's errors stop here and become one sentence with a next step."""
    try:
        yield
    except sqlite3.Error as error:
        raise ArchiveError(path, *_in_words(error)) from error


def _in_words(error: sqlite3.Error) -> tuple[str, str]:
    said = str(error)
    if "full" in said:
        return "the disk is full.", "What was finished is kept. Free some space and run again."
    if "locked" in said:
        return "another program is writing it.", "Wait for that one to end, then run again."
    if "not a database" in said or "malformed" in said:
        return f"is damaged ({said}).", "Keep the file, and restore the last backup."
    if "readonly" in said or "unable to open" in said:
        return f"cannot be written ({said}).", "Check the folder and its permissions."
    return f"SQLite refused ({said}).", "What was finished is kept; run again."
