"""Search in what may be read: the same for the site and the terminal."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

from pipeline import asked, lookup, searchindex, terms, wordforms
from pipeline.deadline import within
from pipeline.errors import UsageError
from pipeline.expression import Expressions, languages_of, naming
from pipeline.hits import Hit, read_hits, read_texts
from pipeline.lookup import Names, Offer
from pipeline.marking import Marker
from pipeline.near import near_in_meaning
from pipeline.publication import DATABASE, FOLDER
from pipeline.query import parse
from pipeline.ranking import MOST, near_enough, rank, sample
from pipeline.scope import LAST, Narrowed, PlaceAsked, Scope
from pipeline.searchindex import base_language

ARCHIVE = "archive.db"
TIME_LIMIT_S = 1.5
_RELATED = 6

_RELATED_SQL = """
SELECT id, language FROM segments WHERE id IN (SELECT value FROM json_each(?))
ORDER BY length(text), id
"""


@dataclass(frozen=True)
class Matches:
    """The segments that match, best first; with `more_than`, a sample of them."""

    ids: tuple[int, ...]
    total: int
    more_than: bool
    marker: Marker

    def hits(self, connection: sqlite3.Connection, ids: Sequence[int]) -> tuple[Hit, ...]:
        """Some of them, as they are to be shown."""
        return tuple(read_hits(connection, ids, self.marker))


@dataclass(frozen=True)
class Answer:
    """What there is to a query before anything of it is shown; the fields are those of `Found`."""

    matches: Matches
    meant: str | None = None
    corrected: bool = False
    offers: tuple[Offer, ...] = ()
    related: tuple[Hit, ...] = ()


@dataclass(frozen=True)
class Found:
    """What a search found: `hits` from `offset` on, best first.

    `total` is how many passages match; with `more_than`, that many and an unknown number more.
    `meant` is the query with its unknown words put right: a suggestion, or, where nothing was
    found as typed, what was searched instead (`corrected`). `offers` are the terms that the typed
    words are names of; `related`, passages that name them and are no hits, in whatever language;
    `near`, passages without these words that may mean the like, a machine's guess.
    """

    hits: tuple[Hit, ...]
    total: int
    more_than: bool = False
    meant: str | None = None
    corrected: bool = False
    offers: tuple[Offer, ...] = ()
    related: tuple[Hit, ...] = ()
    near: tuple[Hit, ...] = ()


def search(
    root: Path,
    typed: str,
    language: str | None = None,
    limit: int = 20,
    offset: int = 0,
    *,
    everything: bool = False,
    by_meaning: bool = False,
) -> Found:
    """The best hits in an archive's publication, and how many there are in all.

    `everything` searches what the archive knows, published or not; `by_meaning` adds what is near
    in meaning of what is public: only that has vectors.
    """
    public = root / FOLDER / DATABASE
    with _reading(root / ARCHIVE if everything else public) as connection:
        if everything:
            _see_everything(connection, public)
        found = find(connection, typed, language, limit, offset)
    if not by_meaning or not public.is_file():
        return found
    with _reading(public) as connection:
        return replace(found, near=near_in_meaning(connection, typed, language))


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.is_file():
        raise UsageError(path, "there is nothing to search yet.", "Run: testimony run")
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        yield connection
    except sqlite3.Error as error:
        raise UsageError(
            path, f"cannot be searched ({error}).", "Run: testimony publish"
        ) from error
    finally:
        connection.close()


def _see_everything(connection: sqlite3.Connection, published: Path) -> None:
    """Lets `archive.db` be searched as a published database is, by views for this connection."""
    made_by = terms.version(connection, terms.INDEX)
    if made_by != searchindex.VERSION:
        raise sqlite3.DatabaseError("its index was made by another version of this program")
    media = "NULL"
    if published.is_file():
        connection.execute("ATTACH ? AS published", [f"{published.as_uri()}?mode=ro"])
        media = "(SELECT media FROM published.recordings WHERE id = mine.id)"
    connection.execute("CREATE TEMP VIEW segments AS SELECT * FROM main.passages")
    connection.execute(
        "CREATE TEMP VIEW recordings AS"
        f" SELECT id, part, has_video, {media} AS media FROM main.recordings AS mine"
    )


def find(
    connection: sqlite3.Connection,
    typed: str,
    language: str | None = None,
    limit: int = 20,
    offset: int = 0,
) -> Found:
    """Searches an open database. Raises QueryError, with a sentence, for a query that cannot
    be read and for one that takes longer than `TIME_LIMIT_S`."""
    with asking(connection) as deadline:
        answer = ask(connection, typed, Narrowed(language), deadline, offers=offset == 0)
        matches = answer.matches
        hits = matches.hits(connection, matches.ids[offset : offset + limit])
    return Found(
        hits,
        matches.total,
        matches.more_than,
        answer.meant,
        answer.corrected,
        answer.offers,
        answer.related,
    )


@contextmanager
def asking(connection: sqlite3.Connection) -> Iterator[float]:
    """The time that a question may take, with the dictionaries it needs loaded before; gives the
    moment when it is over. QueryError then."""
    wordforms.load({*languages_of(connection), *lookup.languages_of_names(connection)})
    with within(connection, TIME_LIMIT_S) as deadline:
        yield deadline


def ask(
    connection: sqlite3.Connection,
    typed: str,
    narrowed: Narrowed,
    deadline: float,
    *,
    offers: bool = True,
) -> Answer:
    """What matches in an open database; while `asking`. Raises QueryError.

    `offers`: what the vocabulary has is offered too; it knows no other limit than a language.
    """
    offers = offers and replace(narrowed, language=None) == Narrowed()
    answer = _once(connection, typed, narrowed, deadline, offers=offers)
    if answer.matches.total or answer.meant is None or answer.related:
        return answer
    again = _once(connection, answer.meant, narrowed, deadline, offers=offers)
    if not again.matches.total:
        return answer
    return replace(again, meant=answer.meant, corrected=True)


def marked_in(connection: sqlite3.Connection, typed: str, testimony_id: str) -> dict[int, str]:
    """By segment id, the text of every line of one testimony that a query finds, with the found
    words between two controls. Raises QueryError as `find` does."""
    with asking(connection) as deadline:
        query = parse(typed)
        only = base_language(query.limits.get("lang"))
        expressions = asked.expressions_of(connection, query, only)
        scope = Scope.of(connection, query, PlaceAsked.of(connection, query), only)
        mine = scope.within(connection, testimony_id)
        found = dict.fromkeys(mine.ids(connection, expressions.full, LAST), 0)
        if expressions.nears:
            found = near_enough(connection, expressions, found, deadline)
        marker = asked.marker_of(connection, expressions)
        texts = read_texts(connection, list(found), deadline)
        return {ident: marker.marked(text, language) for ident, text, language in texts}


def _once(
    connection: sqlite3.Connection,
    typed: str,
    narrowed: Narrowed,
    deadline: float,
    *,
    offers: bool,
) -> Answer:
    """What is found as typed, and how the query would read with its unknown words put right."""
    query = parse(typed)
    only = base_language(query.limits.get("lang") or narrowed.language or None)
    place = PlaceAsked.of(connection, query)
    expressions = asked.expressions_of(connection, query, only)
    if not query.wanted and place:
        expressions = replace(expressions, exact=naming(place.terms), lemma=naming(place.terms))
    for term in filter(None, (narrowed.place, narrowed.event)):
        expressions = asked.naming_too(expressions, lookup.narrower(connection, {term}))
    scope = Scope.of(connection, query, place, only, narrowed)
    ranked, total, more = rank(connection, expressions, scope, deadline)
    answer = Answer(Matches(tuple(ranked), total, more, asked.marker_of(connection, expressions)))
    names = Names.of(connection, query)
    if offers and (found := names.offers(connection, only, MOST)):
        elsewhere = Scope.of(connection, query, place, None)
        related = _related(connection, names, expressions, elsewhere, only)
        answer = replace(answer, offers=found, related=tuple(related))
    if more:
        return answer
    return replace(answer, meant=asked.put_right(connection, typed, query, only, names.words))


def _related(
    connection: sqlite3.Connection,
    names: Names,
    expressions: Expressions,
    scope: Scope,
    language: str | None,
) -> Iterator[Hit]:
    """Passages that name what all the typed words are names of, and are no hits: of each language
    in turn, the shortest first; none in the language that alone was asked for."""
    if not names.are_everything:
        return iter(())
    match = f"({names.expression}) NOT ({expressions.full})"
    found = scope.ids(connection, match, MOST + 1)
    if len(found) > MOST:
        found = list(sample(connection, Expressions(match, match, match), scope))
    by_language: dict[str | None, list[int]] = {}
    for ident, tag in connection.execute(_RELATED_SQL, [json.dumps(found)]):
        if language is None or base_language(tag) != language:
            by_language.setdefault(tag, []).append(ident)
    turns = zip_longest(*by_language.values())
    chosen = [ident for turn in turns for ident in turn if ident is not None][:_RELATED]
    linker = terms.linker_of(connection, names.terms)
    return read_hits(connection, chosen, Marker(Expressions("", "", ""), linker))
