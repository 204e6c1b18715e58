"""What Morfeusz, the dictionary of Polish, says of a form; and which places a capital form names.

Many a place is called by what is also a form of another word: *Polski* is "of Poland" and "Polish",
*Gdańsku* is in "in Gdańsk" and in "the Gdańsk way", *Węgier* is "of Hungary" and "a Hungarian". In
small letters only the other word is meant. With a capital, what stands beside the form decides.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from threading import Lock
from typing import NamedTuple

import morfeusz2

from pipeline.letters import plain

_WORDS_KEPT = 50_000
_PLACE = "nazwa_geograficzna"
_SURNAME = "nazwisko"
# Where one is, with the locative; nobody is in or on a people.
_WHERE = frozenset({"w", "we", "na"})
_NOUNS = frozenset({"subst", "depr", "brev"})


class Reading(NamedTuple):
    """One reading of a form, or of the first of the two words that it is made of.

    `tag` is in the tagset of the National Corpus of Polish: subst:sg:gen:f.
    """

    lemma: str
    tag: str
    kinds: tuple[str, ...]
    start: int
    end: int

    @property
    def word_class(self) -> str:
        return self.tag.partition(":")[0]

    @property
    def cases(self) -> frozenset[tuple[str, str]]:
        """Number and case of a noun or adjective, as pairs."""
        _, numbers, cases = self._told(3)
        return frozenset((number, case) for number in numbers for case in cases)

    def agrees_with(self, other: Reading) -> bool:
        """Whether two words are of one number, case and gender."""
        mine, its = self._told(4)[1:], other._told(4)[1:]
        return all(not one.isdisjoint(two) for one, two in zip(mine, its, strict=True))

    def _told(self, most: int) -> list[frozenset[str]]:
        """The first positions of the tag, each with its alternatives."""
        told = [frozenset(part.split(".")) for part in self.tag.split(":")[:most]]
        return told + [frozenset()] * (most - len(told))


class _Dictionary:
    """Morfeusz, loaded when it is first asked. It keeps state while it analyses, and the site has
    several threads, so that one asks at a time."""

    def __init__(self) -> None:
        self._lock = Lock()

    @cached_property
    def _analyser(self):  # type: ignore[no-untyped-def]
        return morfeusz2.Morfeusz(generate=False, expand_tags=False)

    def readings(self, form: str) -> tuple[Reading, ...]:
        with self._lock:
            found = self._analyser.analyse(form)
        return tuple(
            Reading(lemma, tag, tuple(kinds), start, end)
            for start, end, (_, lemma, tag, kinds, _) in found
            if tag != "ign"
        )


_DICTIONARY = _Dictionary()


@lru_cache(maxsize=_WORDS_KEPT)
def readings(form: str) -> tuple[Reading, ...]:
    """Every reading of a form. One in small letters is read as a name only where it is nothing
    else, one with a capital as both."""
    return _DICTIONARY.readings(form)


def places(form: str) -> frozenset[str]:
    """The places, in `plain` spelling, whose name in any case this form may be."""
    return frozenset(_lemma(one) for one in _as_places(form))


def is_other_word(place: str, form: str, before: str, after: str) -> bool:
    """Whether a form with a capital that may name this place is another word between the words
    beside it: an adjective of one of them, or a people. They are as spelled, empty where none is.

    The word before has its adjective after it only in a name, where it has a capital too; the word
    after is asked only by who begins a sentence, for elsewhere the capital says that it is a name.
    """
    if _is_adjective_of(form, before if before[:1].isupper() else "", after):
        return True
    people = _people(form)
    mine = [one for one in _as_places(form) if _lemma(one) == place]
    if not people or not mine:
        return False
    return not any(_is_where(one, before) or _is_after(one, before, people) for one in mine)


def _as_places(form: str) -> list[Reading]:
    """Places are not many (*Gdański*: two Gdańsks), but some have a plural name (*Niemcy*)."""
    return [
        one
        for one in readings(form.capitalize())
        if _PLACE in one.kinds and (one.tag.startswith("subst:sg") or one.tag.endswith(":pt"))
    ]


def _people(form: str) -> list[Reading]:
    """A people is called by a noun with a capital, and often as its country is."""
    return [
        one
        for one in readings(form.capitalize())
        if one.lemma[:1].isupper()
        and one.word_class == "subst"
        and one.tag.split(":")[3] == "m1"
        and one.kinds == ("nazwa_pospolita",)
    ]


def _is_where(place: Reading, before: str) -> bool:
    return before.lower() in _WHERE and any(case == "loc" for _, case in place.cases)


def _is_after(place: Reading, before: str, people: list[Reading]) -> bool:
    """Whether a preposition stands before that cannot be with the people in this form."""
    governed = {
        case
        for one in readings(before.lower())
        if one.word_class == "prep"
        for case in one.tag.split(":")[1].split(".")
    }
    theirs = {case for one in people for case in one.cases}
    return any(case in governed and (number, case) not in theirs for number, case in place.cases)


def _is_adjective_of(form: str, *beside: str) -> bool:
    """Whether the form is an adjective of a word beside it: Polska szkoła, Kurier Polski."""
    adjectives = [one for one in readings(form) if one.word_class == "adj"]
    return any(
        one.agrees_with(noun) for one in adjectives for word in beside for noun in _as_noun(word)
    )


def _as_noun(word: str) -> list[Reading]:
    """A word that is nothing but a noun; *do* is also a note of music, and any word a surname."""
    found = [one for one in readings(word) if one.kinds != (_SURNAME,)] if word else []
    if any(one.word_class not in _NOUNS for one in found):
        return []
    return [one for one in found if one.word_class == "subst"]


def _lemma(one: Reading) -> str:
    return plain(one.lemma.partition(":")[0])
