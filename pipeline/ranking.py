"""Which of the passages that match come first.

Those with every word as typed, then by lemma, then the rest; within each by BM25. Where more than
`MOST` match, nothing counts or sorts them all: the best of a sample from the whole archive is
shown.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from itertools import pairwise, zip_longest

from pipeline.expression import Expressions
from pipeline.hits import read_texts
from pipeline.marking import Marker
from pipeline.scope import Scope

MOST = 1000
_STRATA = 20
_SCORED = 30
_K1, _B = 1.2, 0.75


def rank(
    connection: sqlite3.Connection, expressions: Expressions, scope: Scope, deadline: float
) -> tuple[list[int], int, bool]:
    """Segments best first, how many match, and whether that is only a lower bound."""
    everything = scope.ids(connection, expressions.full, MOST + 1)
    more = len(everything) > MOST
    if more:
        tiers = sample(connection, expressions, scope)
    else:
        exact = set(scope.ids(connection, expressions.exact, MOST)) if everything else set()
        lemma = set(scope.ids(connection, expressions.lemma, MOST)) if everything else set()
        tiers = {i: 0 if i in exact else 1 if i in lemma else 2 for i in everything}
    if expressions.nears:
        tiers = near_enough(connection, expressions, tiers, deadline)
    total = len(tiers) if expressions.nears else min(len(everything), MOST)
    return _by_score(connection, expressions, tiers, deadline), total, more


def sample(
    connection: sqlite3.Connection, expressions: Expressions, scope: Scope
) -> dict[int, int]:
    """Segments from all over the archive, the best kind first, with their tier."""
    # Two selects: SQLite answers each from the end of the table, but both together by reading it.
    ends = "SELECT (SELECT min(id) FROM segments), (SELECT max(id) FROM segments)"
    low, high = connection.execute(ends).fetchone()
    # FTS5 gathers all words with a beginning for every question, so it is asked only once.
    strata_n = 1 if expressions.beginnings else _STRATA
    edges = [low + (high + 1 - low) * n // strata_n for n in range(strata_n + 1)]
    each = MOST // 4 // strata_n
    tiers: dict[int, int] = {}
    for tier, match in enumerate((expressions.exact, expressions.lemma, expressions.full)):
        strata = [scope.ids(connection, match, each, a, b - 1) for a, b in pairwise(edges)]
        for turn in zip_longest(*strata):
            for ident in turn:
                if ident is not None:
                    tiers.setdefault(ident, tier)
        if len(tiers) >= _SCORED:
            break
    return tiers


def _by_score(
    connection: sqlite3.Connection,
    expressions: Expressions,
    tiers: Mapping[int, int],
    deadline: float,
) -> list[int]:
    """By tier, then BM25; only the most promising, the shortest of the best tier, are scored."""
    sql = "SELECT id, length(text) FROM segments WHERE id IN (SELECT value FROM json_each(?))"
    lengths = dict(connection.execute(sql, [json.dumps(list(tiers))]))
    # Equals stay in the order in which they came: of a sample, from all over the archive.
    order = sorted(tiers, key=lambda ident: (tiers[ident], lengths.get(ident, 0)))
    first, rest = order[:_SCORED], order[_SCORED:]
    usual = sum(lengths.values()) / len(lengths) if lengths else 1.0
    scores = {}
    marker = Marker(expressions)
    for ident, text, language in read_texts(connection, first, deadline):
        counts = marker.counts(text, language)
        room = _K1 * (1 - _B + _B * len(text) / usual)
        scores[ident] = sum(n * (_K1 + 1) / (n + room) for n in counts)
    first.sort(key=lambda ident: (tiers[ident], -scores.get(ident, 0.0)))
    return first + rest


def near_enough(
    connection: sqlite3.Connection,
    expressions: Expressions,
    tiers: Mapping[int, int],
    deadline: float,
) -> dict[int, int]:
    marker = Marker(expressions)
    texts = read_texts(connection, list(tiers), deadline)
    near = {ident for ident, text, language in texts if marker.all_near(text, language)}
    return {ident: tier for ident, tier in tiers.items() if ident in near}
