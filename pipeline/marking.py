"""What in a passage was found: each matching word marked, counted, or told as it was spoken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from pipeline import wordforms
from pipeline.expression import Expressions, Reading
from pipeline.letters import fold, latin, plain, spans
from pipeline.linker import Linker
from pipeline.searchindex import base_language, keys, lemma_of_key

MARK_OPEN, MARK_CLOSE = "\x02", "\x03"
_WORDS_KEPT = 250_000


def pieces(marked: str) -> list[str]:
    """A marked text in pieces that are in turn not found and found."""
    return marked.replace(MARK_CLOSE, MARK_OPEN).split(MARK_OPEN)


class Marker:
    """Finds in one text what a query found it by."""

    def __init__(self, expressions: Expressions, linker: Linker | None = None) -> None:
        self._asked, self._linker = expressions, linker
        keys_asked = (
            key for reading in expressions.readings for key in reading.lemmas | reading.stems
        )
        self._initials = frozenset(_initial(lemma_of_key(key)) for key in keys_asked)

    def marked(self, text: str, language: str | None, *, in_passing: bool = False) -> str:
        """The text with each found word between two controls.

        `in_passing`: words with another first letter than any that was asked for are not analysed,
        as in `counts`.
        """
        places = spans(text)
        may_match = self._begins_so if in_passing else self._may_begin_so
        found = {n for group in self._groups(text, language, may_match) for n in group}
        if self._linker:
            for named in self._linker.named(text, base_language(language)):
                found |= {
                    n
                    for n, (start, stop) in enumerate(places)
                    if start < named.end and stop > named.start
                }
        pieces, end = [], 0
        for n in sorted(found):
            start, stop = places[n]
            pieces += [text[end:start], MARK_OPEN, text[start:stop], MARK_CLOSE]
            end = stop
        return "".join([*pieces, text[end:]])

    def forms(self, text: str, language: str | None) -> set[str]:
        """The found words as they are spoken here, in lower case; those in quotes left out."""
        loose = Marker(replace(self._asked, phrases=()))
        places = spans(text)
        groups = [*loose._groups(text, language, self._begins_so)]
        if not any(groups):
            groups = [*loose._groups(text, language, self._may_begin_so)]
        found = {text[slice(*places[n])].lower() for group in groups for n in group}
        if self._linker:
            named = self._linker.named(text, base_language(language))
            found |= {text[one.start : one.end].lower() for one in named}
        return found

    def counts(self, text: str, language: str | None) -> list[int]:
        """How often each thing that was asked for occurs: once at least, for it was found.

        Words with another first letter than any that was asked for are not analysed: so many
        passages are ranked that it would cost more than all the rest. What is missed by it
        (negated verbs, a few irregular ones) is found and marked all the same.
        """
        return [max(1, len(group)) for group in self._groups(text, language, self._begins_so)]

    def all_near(self, text: str, language: str | None) -> bool:
        read = _read(text, language, lambda spoken, language: True)
        return any(
            _together([_at(read, reading) for reading in readings], within)
            for readings, within in self._asked.nears
        )

    def _groups(self, text: str, language: str | None, may_match: _Chosen) -> Iterator[list[int]]:
        read = _read(text, language, may_match)
        for reading in self._asked.readings:
            yield _at(read, reading)
        forms = [form for form, _ in read]
        for phrase in self._asked.phrases:
            size = len(phrase)
            starts = [n for n in range(len(forms)) if tuple(forms[n : n + size]) == phrase]
            yield [n for start in starts for n in range(start, start + size)]
        for beginning in self._asked.beginnings:
            yield [n for n, form in enumerate(forms) if form.startswith(beginning)]

    def _begins_so(self, spoken: str, language: str | None) -> bool:
        return _initial(spoken) in self._initials

    def _may_begin_so(self, spoken: str, language: str | None) -> bool:
        """Whether a lemma of the word may begin like one that was asked for."""
        return not self._initials.isdisjoint(_initials(spoken, language))


# Whether a spoken word, of a language, is worth an analysis.
_Chosen = Callable[[str, str | None], bool]
_NO_KEYS: frozenset[str] = frozenset()


def _read(text: str, tag: str | None, may_match: _Chosen) -> list[tuple[str, frozenset[str]]]:
    """Each word's folded form and keys; no keys where it was not chosen to be analysed."""
    language = base_language(tag)
    words = (text[start:end] for start, end in spans(text))
    return [
        _read_word(word, language) if may_match(word, language) else (fold(word), _NO_KEYS)
        for word in words
    ]


@lru_cache(maxsize=1000)
def _initial_of_letter(letter: str) -> str:
    """In Latin, without marks."""
    return latin(letter)[:1]


def _initial(word: str) -> str:
    """The first letter in Latin, without marks."""
    return _initial_of_letter(word[:1])


@lru_cache(maxsize=_WORDS_KEPT)
def _initials(spoken: str, language: str | None) -> frozenset[str]:
    """The first letters that its lemmas may have."""
    letters = wordforms.beginnings(plain(spoken), language)
    return frozenset(_initial_of_letter(letter) for letter in letters)


@lru_cache(maxsize=_WORDS_KEPT)
def _read_word(spoken: str, language: str | None) -> tuple[str, frozenset[str]]:
    """A word's folded form and its keys; the same words come again and again."""
    word = plain(spoken)
    return fold(word), frozenset(keys(wordforms.analyse(word, language), language))


def _at(read: Sequence[tuple[str, frozenset[str]]], reading: Reading) -> list[int]:
    wanted = reading.lemmas | reading.stems
    return [n for n, (_, found) in enumerate(read) if not wanted.isdisjoint(found)]


def _together(places: Sequence[Sequence[int]], within: int) -> bool:
    """Whether one place of each lies within so many words of the one before."""
    reach = set(places[0])
    for following in places[1:]:
        reach = {b for b in following if any(0 < abs(a - b) <= within + 1 for a in reach)}
    return bool(reach)
