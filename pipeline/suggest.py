"""Did you mean: what a word that an archive does not have was most likely meant to be."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from rapidfuzz.distance import DamerauLevenshtein

from pipeline.letters import fold, latin

_MOST_COMPARED = 20_000
_SHORTEST = 4
_LONG = 8  # a word this long may have two typos
_SQL = """
SELECT typed, CASE form WHEN '' THEN typed ELSE form END, segments FROM vocabulary
WHERE typed >= :low AND typed < :high AND length(typed) BETWEEN :shortest AND :longest
  AND (:language IS NULL OR language = :language)
LIMIT :most
"""


def suggest(connection: sqlite3.Connection, word: str, language: str | None) -> str | None:
    """The nearest word of the archive's own vocabulary, the commonest of equals, or None.

    Words that begin alike are compared: people rarely mistype the first letter.
    """
    if len(word) < _SHORTEST:
        return None
    allowed = 2 if len(word) >= _LONG else 1
    best: tuple[int, int, str] | None = None
    for plainest in sorted({fold(word), latin(word)}):
        for typed, form, segments in _alike(connection, plainest, language, allowed):
            distance = DamerauLevenshtein.distance(plainest, typed, score_cutoff=allowed)
            if 0 < distance <= allowed:
                best = min(best or (distance, -segments, form), (distance, -segments, form))
    return best[2] if best else None


def _alike(
    connection: sqlite3.Connection, plainest: str, language: str | None, allowed: int
) -> Sequence[tuple[str, str, int]]:
    first = plainest[:1]
    values = {
        "low": first,
        "high": first + chr(0x10FFFF),
        "shortest": len(plainest) - allowed,
        "longest": len(plainest) + allowed,
        "language": language,
        "most": _MOST_COMPARED,
    }
    # Two letters alike are enough, and ten times fewer words than one, in a large archive.
    narrow = values | {"low": plainest[:2], "high": plainest[:2] + chr(0x10FFFF)}
    return (
        connection.execute(_SQL, narrow).fetchall() or connection.execute(_SQL, values).fetchall()
    )
