"""Did you mean: what a word that an archive does not have was most likely meant to be."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from rapidfuzz.distance import DamerauLevenshtein

from pipeline.letters import fold, is_cyrillic, latin

_MOST_COMPARED = 20_000
_SHORTEST = 4
_LONG = 8  # a word this long may have two typos
# Every form in the index, folded. It takes no room; a connection makes it for itself.
_TERMS = """
CREATE VIRTUAL TABLE IF NOT EXISTS temp.spoken_terms USING fts5vocab(main, segments_fts, row)
"""
_TERMS_SQL = """
SELECT term, term, doc FROM temp.spoken_terms WHERE term >= :low AND term < :high
  AND length(term) BETWEEN :shortest AND :longest LIMIT :most
"""
_SPELLED_SQL = """
SELECT typed, form, segments FROM spellings WHERE typed >= :low AND typed < :high
  AND length(typed) BETWEEN :shortest AND :longest LIMIT :most
"""
_WRITTEN_SQL = "SELECT form FROM spellings WHERE typed = ? ORDER BY segments DESC LIMIT 20"


def suggest(connection: sqlite3.Connection, word: str) -> str | None:
    """The nearest word of the archive's own, or None; of equals one in the same letters, then the
    commonest.

    Words that begin with the same two letters are compared: people rarely mistype those, and
    they are few even in a large archive.
    """
    if len(word) < _SHORTEST:
        return None
    allowed = 2 if len(word) >= _LONG else 1
    connection.execute(_TERMS)
    script = is_cyrillic(word)
    near: list[tuple[int, bool, int, str]] = []
    for plainest in sorted({fold(word), latin(word)}):
        for typed, form, segments in _alike(connection, plainest, allowed):
            distance = DamerauLevenshtein.distance(plainest, typed, score_cutoff=allowed)
            if 0 < distance <= allowed:
                near.append((distance, is_cyrillic(form) != script, -segments, form))
    if not near:
        return None
    best = min(near)[-1]
    written = (row[0] for row in connection.execute(_WRITTEN_SQL, [best]))
    return next((form for form in written if is_cyrillic(form) == script), best)


def _alike(
    connection: sqlite3.Connection, plainest: str, allowed: int
) -> Iterator[tuple[str, str, int]]:
    values = {
        "low": plainest[:2],
        "high": plainest[:2] + chr(0x10FFFF),
        "shortest": len(plainest) - allowed,
        "longest": len(plainest) + allowed,
        "most": _MOST_COMPARED,
    }
    for sql in (_TERMS_SQL, _SPELLED_SQL):
        yield from connection.execute(sql, values)
