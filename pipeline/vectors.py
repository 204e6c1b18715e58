"""The vectors of a published database, and those in it that are near to a question.

They are kept as int8, a row for each segment, and their signs as bits, a row for each recording. A
search compares bits first, all of them in memory, and then the int8 vectors of those that look
near.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlite_utils import Database

from pipeline.letters import words
from pipeline.meaning import MODEL, SIZE, Read, Vectors, as_rows

# Chosen by measurement, docs/performance.md: it keeps six in ten passages about what is asked, and
# one in four of the others. Shorter passages look near to whatever is asked.
FLOOR = 0.80
FEWEST_WORDS = 8
_CANDIDATES = 4_000
_BLOCK = 1 << 15  # segments compared at once: what is added up stays in the processor's cache
_TOGETHER = 16  # bits looked up at once
# The mean of passages and of questions: e5 puts all texts into one narrow cone, in which most
# signs are the same for all, so signs are taken about it. bench/meaning_bench.py --centre makes it.
_CENTRE = Path(__file__).parent / "meaning_centre.npy"

_TABLES = (
    "CREATE TABLE meaning_vectors (segment_id INTEGER PRIMARY KEY, vector BLOB NOT NULL)",
    "CREATE TABLE meaning_bits (recording_id TEXT PRIMARY KEY, model TEXT NOT NULL,"
    " segment_ids BLOB NOT NULL, bits BLOB NOT NULL)",
)
_SEGMENTS_SQL = """
SELECT id, text FROM segments WHERE recording_id = ? AND state IS NOT 'redacted' ORDER BY n
"""
_VECTORS_SQL = """
SELECT segment_id, vector FROM meaning_vectors
WHERE segment_id IN (SELECT value FROM json_each(?)) ORDER BY segment_id
"""


def create(db: Database) -> None:
    """Makes the empty tables beside the empty table `segments`."""
    for table in _TABLES:
        db.execute(table)


def add(db: Database, recording_id: str, read: Read) -> None:
    """Puts in the vectors of a recording's segments, once their rows are there.

    Redacted segments have none, nor have those of fewer than FEWEST_WORDS.
    """
    rows = [
        (ident, text)
        for ident, text in db.execute(_SEGMENTS_SQL, (recording_id,)).fetchall()
        if len(words(text)) >= FEWEST_WORDS
    ]
    if rows:
        insert(db, recording_id, [ident for ident, _ in rows], read([text for _, text in rows]))


def insert(db: Database, recording_id: str, ids: Sequence[int], vectors: Vectors) -> None:
    """Puts in the vectors of a recording's segments by their numbers."""
    rows = ((ident, one.tobytes()) for ident, one in zip(ids, vectors, strict=True))
    db.conn.executemany("INSERT INTO meaning_vectors VALUES (?, ?)", rows)
    numbers = np.array(ids, dtype="<i8").tobytes()
    bits = _bits(vectors).tobytes()
    db.execute("INSERT INTO meaning_bits VALUES (?, ?, ?, ?)", (recording_id, MODEL, numbers, bits))


def remove(db: Database, recording_id: str) -> None:
    """Takes a recording's vectors out, while its segments' rows are still there."""
    mine = "SELECT id FROM segments WHERE recording_id = ?"
    db.execute(f"DELETE FROM meaning_vectors WHERE segment_id IN ({mine})", (recording_id,))
    db.execute("DELETE FROM meaning_bits WHERE recording_id = ?", (recording_id,))


@dataclass(frozen=True)
class Index:
    """The bits of a whole database: 56 bytes in memory for each segment.

    `ids`: (n,) numbers of segments; `bits`: (24, n) their 384 bits, 16 in each row.
    """

    ids: NDArray[np.int64]
    bits: NDArray[np.uint16]

    @classmethod
    def read(cls, connection: sqlite3.Connection) -> Index:
        sql = "SELECT segment_ids, bits FROM meaning_bits WHERE model = ?"
        rows = connection.execute(sql, [MODEL]).fetchall()
        ids = np.frombuffer(b"".join(row[0] for row in rows), dtype="<i8")
        bits = np.frombuffer(b"".join(row[1] for row in rows), dtype="<u2")
        return cls(ids, np.ascontiguousarray(bits.reshape(len(ids), SIZE // _TOGETHER).T))

    def nearest(
        self,
        asked: NDArray[np.float32],
        ranges: Sequence[tuple[int, int]] | None = None,
        most: int = _CANDIDATES,
    ) -> list[int]:
        """The segments whose bits are most like the question, in no order; with `ranges`, of
        those from the first to the last of each only."""
        likeness = self._likeness(asked - _centres()[1])
        if ranges is not None:
            inside = np.zeros(len(self.ids), dtype=bool)
            for low, high in ranges:
                inside |= (self.ids >= low) & (self.ids <= high)
            likeness[~inside] = -np.inf
        all_of_them = np.arange(len(likeness))
        best = np.argpartition(-likeness, most)[:most] if len(likeness) > most else all_of_them
        return [int(ident) for ident in self.ids[best[np.isfinite(likeness[best])]]]

    def _likeness(self, asked: NDArray[np.float32]) -> NDArray[np.float32]:
        """For each segment, the sum of the question's numbers where its bit is set. Better than
        counting equal bits: how large a number of the question is counts as well."""
        sums = [_sums(part) for part in asked.reshape(-1, _TOGETHER)]
        likeness = np.zeros(len(self.ids), dtype=np.float32)
        for start in range(0, len(likeness), _BLOCK):
            block = slice(start, start + _BLOCK)
            for row, of_row in zip(self.bits, sums, strict=True):
                likeness[block] += of_row.take(row[block])
        return likeness


def _sums(numbers: NDArray[np.float32]) -> NDArray[np.float32]:
    """For each pattern of bits, the first lowest, the sum of the numbers whose bit is set."""
    sums = np.zeros(1, dtype=np.float32)
    for one in numbers:
        sums = np.concatenate([sums, sums + one])
    return sums


def similar(
    connection: sqlite3.Connection, idents: Sequence[int], asked: NDArray[np.float32]
) -> list[int]:
    """Those of the segments whose cosine with the question is at least FLOOR, nearest first."""
    rows = connection.execute(_VECTORS_SQL, [json.dumps(list(idents))]).fetchall()
    if not rows:
        return []
    # Not by `_unit`, which makes several copies: of four thousand vectors, 6 MB each.
    floats = as_rows([vector for _, vector in rows]).astype(np.float32)
    cosines = floats @ asked / np.sqrt(np.einsum("ij,ij->i", floats, floats))
    order = np.argsort(-cosines, kind="stable")
    return [rows[n][0] for n in order if cosines[n] >= FLOOR]


class _Indexes:
    """The index of each database file, read once for each edition of it."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[int, int], Index]] = {}
        self._lock = threading.Lock()

    def of(self, path: str) -> Index:
        with self._lock:
            there = _identity(path)
            if path in self._known and self._known[path][0] == there:
                return self._known[path][1]
            self._known.pop(path, None)  # both at once would take twice the memory
            # A connection of its own: that of the one who asks may be to the edition before.
            with closing(sqlite3.connect(f"{Path(path).as_uri()}?mode=ro", uri=True)) as own:
                index = Index.read(own)
            if _identity(path) == there:
                self._known[path] = there, index
            return index


_indexes = _Indexes()


def index_of(connection: sqlite3.Connection) -> Index:
    """The bits of the database file that a connection is open on."""
    path = connection.execute("PRAGMA database_list").fetchone()[2]
    return _indexes.of(path)


def _identity(path: str) -> tuple[int, int]:
    found = Path(path).stat()
    return found.st_ino, found.st_mtime_ns


@lru_cache(maxsize=1)
def _centres() -> NDArray[np.float32]:
    """(2, SIZE): of passages, and of questions."""
    centres: NDArray[np.float32] = np.load(_CENTRE)
    return centres


def _unit(vectors: Vectors) -> NDArray[np.float32]:
    floats = vectors.astype(np.float32)
    unit: NDArray[np.float32] = floats / np.linalg.norm(floats, axis=1, keepdims=True)
    return unit


def _bits(vectors: Vectors) -> NDArray[np.uint8]:
    """(n, 48): on which side of the centre each of the 384 numbers lies, the first lowest."""
    return np.packbits(_unit(vectors) > _centres()[0], axis=1, bitorder="little")
