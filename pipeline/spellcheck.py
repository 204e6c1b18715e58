"""Words of a transcript that sound or look like a spelling of the lexicon and are none of it.

Pure: finds them and replaces nothing. Forms count as the name itself, a common word never as a
misspelling of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import DamerauLevenshtein

from pipeline import wordforms
from pipeline.letters import fold, is_cyrillic, latin, plain, spans
from pipeline.lexicon import Entry
from pipeline.linker import ENDINGS, Label, Linker, label_keys, label_words
from pipeline.searchindex import base_language

# Raise it when the same words may be found otherwise.
VERSION = 1
_WORDS_KEPT = 250_000
_SHORTEST = 4
# From so many sounds on one, and two, of them may be others.
_ONE_OTHER, _TWO_OTHER = 5, 9
# One letter for what sounds alike to who does not know the word: how it is written, hissed, voiced.
_WRITTEN = {
    True: (("shch", "s"), ("sh", "s"), ("zh", "s"), ("ch", "c"), ("ts", "c")),
    False: (("sch", "s"), ("sz", "s"), ("sh", "s"), ("cz", "c"), ("rz", "s"), ("ch", "h"),
            ("ts", "c"), ("tz", "c"), ("ph", "f"), ("th", "t"), ("qu", "kv"), ("x", "ks")),
}  # fmt: skip
_ALIKE = str.maketrans("pbtdkgqszfvwyj", "bbddgggssvvvii")


@dataclass(frozen=True)
class Misspelt:
    """A word of a text, from one character to another, and the spelling it is like.

    `sure`: the lexicon says that this is wrong; else it is only like it.
    """

    start: int
    end: int
    heard: str
    spelling: str
    sure: bool


@dataclass(frozen=True)
class _Target:
    """One word of a spelling; `sounds` are those of what is left without each of its endings."""

    entry: int
    sounds: tuple[str, ...]


class Spellcheck:
    """What of one lexicon may be meant in texts. Words come again and again, and are remembered."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        of_language: dict[str, list[Entry]] = {}
        for entry in entries:
            for language in {base_language(one) or one for one in entry.languages}:
                of_language.setdefault(language, []).append(entry)
        self._languages = {one: _Language(one, mine) for one, mine in of_language.items()}

    def misspelt(self, text: str, language: str | None, testimony_id: str) -> list[Misspelt]:
        """Every doubtful word of a text, in order; `language` as the segment's, BCP 47."""
        checked = self._languages.get(base_language(language) or "")
        return checked.misspelt(text, testimony_id) if checked else []


class _Language:
    """The lexicon's spellings in one language."""

    def __init__(self, language: str, entries: Sequence[Entry]) -> None:
        self._language = language
        self._entries = entries
        self._right = _linker(language, enumerate(map(_right, entries)))
        self._wrong = _linker(language, enumerate(entry.wrong for entry in entries))
        self._targets: dict[str, list[_Target]] = {}
        for number, entry in enumerate(entries):
            for target in _targets(number, entry, language):
                for first in {sounds[0] for sounds in target.sounds}:
                    self._targets.setdefault(first, []).append(target)
        self._alike = lru_cache(maxsize=_WORDS_KEPT)(self._alike_to)

    def misspelt(self, text: str, testimony_id: str) -> list[Misspelt]:
        right = [(named.start, named.end) for named in self._right.named(text, self._language)]
        found = [
            one for one in self._listed_as_wrong(text, testimony_id) if not _touches(one, right)
        ]
        taken = right + [(one.start, one.end) for one in found]
        for start, end in spans(text):
            near = (self._entries[number] for number in self._alike(plain(text[start:end])))
            entry = next((entry for entry in near if entry.is_for(testimony_id)), None)
            if entry is None:
                continue
            one = Misspelt(start, end, text[start:end], entry.spelling, sure=False)
            if not _touches(one, taken):
                found.append(one)
        return sorted(found, key=lambda one: one.start)

    def _listed_as_wrong(self, text: str, testimony_id: str) -> Iterator[Misspelt]:
        for named in self._wrong.named(text, self._language):
            entry = self._entries[int(named.term)]
            if entry.is_for(testimony_id):
                heard = text[named.start : named.end]
                yield Misspelt(named.start, named.end, heard, entry.spelling, sure=True)

    def _alike_to(self, word: str) -> tuple[int, ...]:
        """The numbers of the entries that a word sounds like, nearest first."""
        if len(word) < _SHORTEST or not word.isalpha():
            return ()
        if wordforms.is_common(word, self._language):
            return ()
        mine = _sounds(word, self._language)
        near = [
            (min(_distance(a, b) for a in mine for b in target.sounds), target.entry)
            for target in self._targets.get(mine[0][0], ())
        ]
        return tuple(dict.fromkeys(entry for far, entry in sorted(near) if far < _FAR))


def _touches(one: Misspelt, taken: Iterable[tuple[int, int]]) -> bool:
    return any(one.start < end and start < one.end for start, end in taken)


_FAR = 99


def _distance(word: str, target: str) -> int:
    length = min(len(word), len(target))
    allowed = (length >= _ONE_OTHER) + (length >= _TWO_OTHER)
    found = DamerauLevenshtein.distance(word, target, score_cutoff=allowed)
    return found if found <= allowed else _FAR


def _right(entry: Entry) -> list[str]:
    """What is no misspelling: the names, and each of their words alone."""
    names = [entry.spelling, *entry.variants, *entry.unlike]
    parts = (name[start:end] for name in names for start, end in spans(name))
    return list(dict.fromkeys([*names, *parts]))


def _targets(number: int, entry: Entry, language: str) -> Iterator[_Target]:
    for name in (entry.spelling, *entry.variants):
        for start, end in spans(name):
            if end - start >= _SHORTEST and name[start:end].isalpha():
                yield _Target(number, _sounds(plain(name[start:end]), language))


@lru_cache(maxsize=_WORDS_KEPT)
def _sounds(word: str, language: str) -> tuple[str, ...]:
    """What a word sounds like, whole and without each ending that it may have."""
    endings = ENDINGS.get(language, "").split()
    stems = {word, *(word.removesuffix(ending) for ending in endings)}
    sounds = {_sound(stem) for stem in stems if len(stem) >= _SHORTEST}
    return tuple(sorted(sounds, key=lambda sound: (-len(sound), sound)))


def _sound(word: str) -> str:
    cyrillic = is_cyrillic(word)
    written = latin(word) if cyrillic else fold(word)
    for letters, one in _WRITTEN[cyrillic]:
        written = written.replace(letters, one)
    written = written.translate(_ALIKE)
    return "".join(c for n, c in enumerate(written) if n == 0 or c != written[n - 1])


def _linker(language: str, names: Iterable[tuple[int, Sequence[str]]]) -> Linker:
    """Finds the names of entries in texts, as the vocabulary's are found; a term is a number."""
    return Linker(
        Label(
            str(number),
            is_place=True,  # so that a name is known also at the beginning of a sentence
            is_capital=text[:1].isupper(),
            language=language,
            words=spoken,
            keys=tuple(label_keys(spoken[0])),
        )
        for number, texts in names
        for text, spoken in zip(texts, label_words(texts, language), strict=True)
    )
