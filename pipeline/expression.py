"""A query as expressions for the full-text index: what must match, and what matches best.

Every word is read in each language that is asked. A word typed without its marks, or in other
letters, stands for the words of the archive's own words that it may mean.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline import wordforms
from pipeline.letters import fold, is_cyrillic, latin, may_be_typed_as, spellings
from pipeline.query import Query, Sought
from pipeline.searchindex import NO_LANGUAGE, base_language, lemma_keys, stem_key, term_key

_MOST_SPELLINGS = 300
_MOST_READINGS = 12
_SPELLED_SQL = "SELECT form, language FROM spellings WHERE typed IN (?, ?) LIMIT 200"


@dataclass(frozen=True)
class Reading:
    """What one typed word may be: its forms folded, and the keys of its lemmas and stems."""

    forms: frozenset[str]
    lemmas: frozenset[str]
    stems: frozenset[str]


@dataclass(frozen=True)
class Expressions:
    """FTS5 expressions, each a subset of the next: as typed, by lemma, by all that counts."""

    exact: str
    lemma: str
    full: str
    # For marking what was found: the readings of words outside quotes, phrases, and beginnings.
    readings: tuple[Reading, ...] = ()
    phrases: tuple[tuple[str, ...], ...] = ()
    beginnings: tuple[str, ...] = ()
    nears: tuple[tuple[tuple[Reading, ...], int], ...] = field(default=())
    terms: frozenset[str] = frozenset()


class Reader:
    """Reads words in `languages` with the help of an archive's own words.

    `terms` has the ids for every name that a query asks for with `event:`.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        languages: Sequence[str],
        terms: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        self._connection = connection
        self._languages = tuple(languages)
        self._terms = terms or {}
        self._read: dict[str, Reading] = {}

    def expressions(self, query: Query) -> Expressions:
        parts = {level: self._all(query, level) for level in ("exact", "lemma", "full")}
        wanted = [sought for alternatives in query.wanted for sought in alternatives]
        return Expressions(
            **parts,
            readings=tuple(
                self.reading(word)
                for one in wanted
                if one.is_free
                for word in (one.words[:-1] if one.beginning else one.words)
            ),
            phrases=tuple(tuple(map(fold, one.words)) for one in wanted if one.exact),
            beginnings=tuple(fold(one.words[-1]) for one in wanted if one.beginning),
            nears=tuple(
                (tuple(map(self.reading, one.words)), one.within)
                for one in wanted
                if one.within is not None
            ),
            terms=frozenset(ident for one in wanted if one.term for ident in self._terms[one.term]),
        )

    def reading(self, word: str) -> Reading:
        if word not in self._read:
            self._read[word] = self._reading(word)
        return self._read[word]

    def _all(self, query: Query, level: str) -> str:
        wanted = [
            _any(self._part(one, level) for one in alternatives) for alternatives in query.wanted
        ]
        expression = " AND ".join(wanted)
        if query.unwanted:
            unwanted = _any(self._part(one, "full") for one in query.unwanted)
            expression = f"({expression}) NOT {unwanted}"
        return expression

    def _part(self, sought: Sought, level: str) -> str:
        if sought.term is not None:
            return naming(self._terms[sought.term])
        if sought.exact:
            return _phrase(map(fold, sought.words))
        free = sought.words[:-1] if sought.beginning else sought.words
        parts = [self._word(word, level) for word in free]
        if sought.beginning:
            parts.append(f'form : "{fold(sought.words[-1])}" *')
        return parts[0] if len(parts) == 1 else f"({' AND '.join(parts)})"

    def _word(self, word: str, level: str) -> str:
        reading = self.reading(word)
        if level == "exact":
            return _any(_phrase([form]) for form in sorted(reading.forms))
        wanted = reading.lemmas if level == "lemma" else reading.lemmas | reading.stems
        return f"key : ({' OR '.join(_quoted(key) for key in sorted(wanted))})"

    def _reading(self, word: str) -> Reading:
        forms, lemmas, stems = {fold(word)}, set(), set()
        known = list(self._connection.execute(_SPELLED_SQL, [fold(word), latin(word)]))
        for language in self._languages:
            here = {form for form, spoken_in in known if spoken_in == language}
            for spelled in self._spelled(word, language, here):
                analysis = wordforms.analyse(spelled, language)
                if may_be_typed_as(spelled, word) or _other_script(spelled, word):
                    forms.add(fold(spelled))
                lemmas.update(lemma_keys(analysis, language))
                if analysis.stem:
                    stems.add(stem_key(analysis.stem, language))
        return Reading(frozenset(forms), frozenset(lemmas), frozenset(stems))

    def _spelled(self, word: str, language: str, spoken: Iterable[str]) -> list[str]:
        """The spellings in which a typed word is read, itself among them."""
        meant = [
            form
            for form in spoken
            if form != word and (may_be_typed_as(form, word) or _other_script(form, word))
        ]
        if not meant and language in wordforms.LANGUAGES and not wordforms.is_known(word, language):
            meant = [
                form
                for form in spellings(word, language, _MOST_SPELLINGS)
                if wordforms.is_known(form, language)
            ]
        return [word, *sorted(meant)[:_MOST_READINGS]]


def naming(terms: Collection[str]) -> str:
    """The expression for whatever names one of these terms; without any, for nothing."""
    asked = [_quoted(term_key(term)) for term in sorted(terms)]
    return f"key : ({' OR '.join(asked)})" if asked else 'key : ""'


def languages_of(connection: sqlite3.Connection) -> list[str]:
    """The languages in which an archive has words."""
    # One step of the index for each language, instead of a walk over every segment.
    found: list[str] = []
    sql = "SELECT min(language) FROM segments WHERE language > ?"
    while (tag := connection.execute(sql, [found[-1] if found else ""]).fetchone()[0]) is not None:
        found.append(tag)
    unknown = connection.execute("SELECT 1 FROM segments WHERE language IS NULL LIMIT 1").fetchone()
    spoken = sorted({base_language(tag) or tag for tag in found})
    return [*spoken, NO_LANGUAGE] if unknown or not spoken else spoken


def _other_script(form: str, typed: str) -> bool:
    return is_cyrillic(form) != is_cyrillic(typed)


def _any(parts: Iterable[str]) -> str:
    listed = list(parts)
    return listed[0] if len(listed) == 1 else f"({' OR '.join(listed)})"


def _phrase(folded: Iterable[str]) -> str:
    return f"form : {_quoted(' '.join(folded))}"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
