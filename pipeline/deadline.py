"""How long a search may take: until a moment that everything it does knows."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.errors import QueryError


@contextmanager
def within(connection: sqlite3.Connection, longest_s: float) -> Iterator[float]:
    """Stops whatever the database does once the time is over; gives the moment when it is."""
    deadline = time.monotonic() + longest_s
    connection.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
    try:
        yield deadline
    except sqlite3.OperationalError as error:
        if "interrupted" not in str(error):
            raise
        raise too_long() from error
    finally:
        connection.set_progress_handler(None, 0)


def too_long() -> QueryError:
    return QueryError("search", "this search took too long; add a word to it.")
