"""Passages near in meaning to what is asked, which its words do not find: a machine's guess."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from itertools import chain

from pipeline import asked, meaning, vectors
from pipeline.deadline import within
from pipeline.errors import ModelError, QueryError
from pipeline.expression import Expressions
from pipeline.hits import Hit, read_hits, read_texts
from pipeline.marking import MARK_OPEN, Marker
from pipeline.query import parse
from pipeline.scope import PlaceAsked, Scope
from pipeline.searchindex import base_language

_MOST = 10
_LIMIT_S = 0.5


def near_in_meaning(
    connection: sqlite3.Connection, typed: str, language: str | None = None
) -> tuple[Hit, ...]:
    """At most ten passages near in meaning to a query's words, of those that it does not find.

    Empty where nothing was published with vectors, where the extra is missing, and where it takes
    too long: the hits are there without it. Raises QueryError as `find` does.
    """
    query = parse(typed)
    only = base_language(query.limits.get("lang") or language or None)
    words = [word for sought in chain.from_iterable(query.wanted) for word in sought.words]
    if not words:
        return ()
    try:
        index = vectors.index_of(connection)
        if not len(index.ids):
            return ()
        question = meaning.question(" ".join(words))
        with within(connection, _LIMIT_S) as deadline:
            expressions = asked.expressions_of(connection, query, only)
            scope = Scope.of(connection, query, PlaceAsked.of(connection, query), only)
            idents = scope.among(connection, index.nearest(question, scope.ranges))
            similar = vectors.similar(connection, idents, question)[: 3 * _MOST]
            found = _found_of(connection, expressions, similar, deadline)
            chosen = [ident for ident in similar if ident not in found][:_MOST]
            return tuple(read_hits(connection, chosen, Marker(expressions)))
    except (ModelError, QueryError):
        return ()


def _found_of(
    connection: sqlite3.Connection,
    expressions: Expressions,
    idents: Sequence[int],
    deadline: float,
) -> set[int]:
    """Those of a few passages that a query finds by its words."""
    if expressions.beginnings:
        # FTS5 would gather all words with that beginning once for each passage.
        marker, texts = Marker(expressions), read_texts(connection, idents, deadline)
        return {i for i, text, tag in texts if MARK_OPEN in marker.marked(text, tag)}
    sql = (
        "SELECT rowid FROM segments_fts WHERE segments_fts MATCH ?"
        " AND rowid IN (SELECT value FROM json_each(?))"
    )
    rows = connection.execute(sql, [expressions.full, json.dumps(list(idents))])
    return {row[0] for row in rows}
