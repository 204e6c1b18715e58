"""What a query asks of one open database: its words as they may be spoken there."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection
from dataclasses import replace
from itertools import chain

from pipeline import lookup, terms
from pipeline.expression import Expressions, Reader, languages_of, naming
from pipeline.marking import Marker
from pipeline.query import Query, Sought, parse
from pipeline.searchindex import base_language
from pipeline.suggest import suggest


def match_expression(connection: sqlite3.Connection, typed: str, language: str | None) -> str:
    """What `segments_fts` must MATCH for a query's words; its limits do not count here."""
    query = parse(typed)
    return expressions_of(connection, query, language).full or '""'


def expressions_of(
    connection: sqlite3.Connection, query: Query, language: str | None
) -> Expressions:
    """How the index is asked for a query, read in one language or in all of the archive's."""
    reader = Reader(connection, _languages(connection, language), _terms_asked(connection, query))
    return reader.expressions(query)


def marker_of(connection: sqlite3.Connection, expressions: Expressions) -> Marker:
    """What finds in a text the words, and the names of the terms, that were asked for."""
    asked = expressions.terms
    return Marker(expressions, terms.linker_of(connection, asked) if asked else None)


def naming_too(expressions: Expressions, terms: Collection[str]) -> Expressions:
    """The same, of passages that also name one of these terms.

    In the index, because asking each match what it names would read all of a common word's.
    """
    named = naming(terms)

    def both(found: str) -> str:
        return f"({found}) AND {named}" if found else named

    asked = expressions
    return replace(asked, exact=both(asked.exact), lemma=both(asked.lemma), full=both(asked.full))


def _terms_asked(connection: sqlite3.Connection, query: Query) -> dict[str, frozenset[str]]:
    """By what was typed after `event:`, the ids of the terms that are meant."""
    everything = chain(chain.from_iterable(query.wanted), query.unwanted)
    asked = {sought.term for sought in everything if sought.term is not None}
    return {typed: lookup.ids_of(connection, typed) for typed in asked}


def _languages(connection: sqlite3.Connection, language: str | None) -> list[str]:
    """The languages a query is read in: the one that is asked, or all that the archive has."""
    asked = base_language(language)
    return [asked] if asked else languages_of(connection)


def put_right(
    connection: sqlite3.Connection,
    typed: str,
    query: Query,
    language: str | None,
    known: Collection[str],
) -> str | None:
    """The query with each word that no passage has replaced by the nearest that one has.

    `known` are words that the vocabulary has, so that they need not be put right.
    """
    better = typed
    for sought in chain.from_iterable(query.wanted):
        for word in () if sought.beginning or sought.term is not None else sought.words:
            if word in known or _is_spoken(connection, word, language):
                continue
            if meant := suggest(connection, word):
                better = re.sub(rf"(?i)(?<!\w){re.escape(word)}(?!\w)", meant, better)
    return better if better != typed else None


def _is_spoken(connection: sqlite3.Connection, word: str, language: str | None) -> bool:
    reader = Reader(connection, _languages(connection, language))
    match = reader.expressions(Query(((Sought((word,)),),)))
    sql = "SELECT 1 FROM segments_fts WHERE segments_fts MATCH ? LIMIT 1"
    return connection.execute(sql, [match.full]).fetchone() is not None
