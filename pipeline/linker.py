"""Which terms of the vocabulary a passage names: the words of a label next to each other.

A label's words are met in any form, in the passage's language. Places are also met under their
names in other languages and of former days, as spelled. Of names that overlap the longest counts;
places and other terms do not hide one another: who says "the Katyń massacre" names Katyń as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from pipeline import polish, wordforms
from pipeline.letters import plain, spans, words
from pipeline.searchindex import keys, lemma_keys, typed
from pipeline.wordforms import Analysis

_WORDS_KEPT = 250_000
_SHORTEST_SPELLED = 4
_LONGEST_ENDING = 4
_STOP = re.compile(r"[.!?…]")
_HYPHENS = "-‐‑–"
# Two letters for one sound, which dictionaries and people use as they like.
_ONE_LETTER = str.maketrans("ёґ", "ег")
_SHORTEST_STEM = 4
# The endings of a name that no dictionary has (Воркута, Priboi): those of the form in a label, and
# those of all its cases.
_NOMINATIVE = {
    "lt": "a as ai is ys iai ė ės os us e o", "lv": "a e s is us as i es", "pl": "a o y e i",
    "uk": "а я ь й о е и і", "ru": "а я ь й о е ы и", "ro": "a ă e u i", "et": "", "en": "",
}  # fmt: skip
ENDINGS = {
    "lt": "a os ai ą oje e oms omis ose as o ui u us uose ams ais ė ės ei ę ėje ėms ėmis ėse is io"
          " iui į iu yje y ys iai ių iams iais iuose ių ų aus umi uje",
    "lv": "a as ai u ā ām ās e es ei i ē ēm ēs s m us is im os iem ī ij ij ju ja jā um ū",
    "et": "a e i u s st sse l lt le ks ni na ga ta d t is ist isse il ilt ile iks ini iga ita it as"
          " ast asse al alt ale aks ani aga at us ust usse ul ult ule uks uga ut es est esse el elt"
          " ele eks ega et",
    "pl": "a y e ę ą o u owi em ie i ach ami om ów iem iu ej",
    "uk": "а у ом ові і и ою ам ами ах я ю ем єм еві єві ї їв ів ей ь й єю ею ої ій о е ю",
    "ru": "а у ом е ы ой ою ам ами ах ов я ю ем ём и ей ью ь й ию ия о",
    "ro": "a ei ăi ă ului ul u e i lui ilor iei ii",
    "en": "s 's",
}  # fmt: skip


class LabelWord(NamedTuple):
    """One word of a label in `plain` spelling; a name is one word with a capital.

    `beside` are all words of the same term's labels in the language: of two readings of a plural
    the one that they confirm is meant.
    """

    plain: str
    language: str
    is_name: bool
    beside: frozenset[str]


@dataclass(frozen=True)
class Label:
    """One name of a term; `keys` are those of its first word."""

    term: str
    is_place: bool
    is_capital: bool
    language: str
    words: tuple[LabelWord, ...]
    keys: tuple[str, ...]

    @property
    def needs_capital(self) -> bool:
        """Many places and other names are called by common words; the capital tells them apart."""
        return self.is_capital and (self.is_place or len(self.words) == 1)


class Named(NamedTuple):
    """A term that a text names, from one character to another."""

    term: str
    start: int
    end: int


class _Word(NamedTuple):
    spelled: str
    plain: str
    start: int
    end: int
    capital: bool
    begins: bool  # a sentence, so that the capital says nothing


class _Match(NamedTuple):
    label: Label
    first: int
    last: int


class Linker:
    """Finds the names of terms in texts. Most words begin no name, and that is remembered."""

    def __init__(self, labels: Iterable[Label]) -> None:
        self._by_key: dict[str, list[Label]] = {}
        self._by_spelling: dict[str, list[Label]] = {}
        for label in labels:
            for key in label.keys:
                self._by_key.setdefault(key, []).append(label)
            if label.is_place:
                self._by_spelling.setdefault(label.words[0].plain, []).append(label)
        self._begun = lru_cache(maxsize=_WORDS_KEPT)(self._begun_by)

    def terms(self, text: str, language: str | None) -> set[str]:
        """The ids of the terms that a text names; `language` without region or script."""
        return {named.term for named in self.named(text, language)}

    def named(self, text: str, language: str | None) -> list[Named]:
        """Every name in a text, in order."""
        if not any(self._begun(word, language) for word in words(text)):
            return []
        read = list(_read(text))
        found = [
            _Match(label, n, n + len(label.words) - 1)
            for n, word in enumerate(read)
            for label in self._begun(word.plain, language)
            if _stands_at(label, read, n, language)
        ]
        kept = [m for kind in (True, False) for m in _longest(found, is_place=kind)]
        return sorted(
            {Named(m.label.term, read[m.first].start, read[m.last].end) for m in kept},
            key=lambda named: (named.start, named.end, named.term),
        )

    def _begun_by(self, word: str, language: str | None) -> tuple[Label, ...]:
        """The labels that may begin with a word of this language."""
        found = dict.fromkeys(
            label for key in word_keys(word, language) for label in self._by_key.get(key, ())
        )
        found.update(dict.fromkeys(self._by_spelling.get(word, ())))
        return tuple(found)


def label_words(labels: Sequence[str], language: str) -> list[tuple[LabelWord, ...]]:
    """The words of all labels that a term has in one language."""
    found = [[(plain(label[a:b]), label[a].isupper()) for a, b in spans(label)] for label in labels]
    beside = frozenset(word for label in found for word, _ in label)
    return [
        tuple(LabelWord(word, language, up and len(label) == 1, beside) for word, up in label)
        for label in found
    ]


def label_keys(word: LabelWord) -> list[str]:
    """What one word of a label is found under."""
    read = _in_label(word)
    stems = _name_stems(word.plain, word.language, read, _NOMINATIVE)
    return keys(read, word.language) + _name_keys(word.language, stems)


def word_keys(word: str, language: str | None) -> list[str]:
    """What a spoken or typed word may be found under, one of which a label's word must have."""
    read = wordforms.analyse(word, language)
    as_it_is = lemma_keys(Analysis((word,), False, None), language)
    stems = _name_stems(word, language, read, ENDINGS)
    return [*as_it_is, *keys(read, language), *_name_keys(language, stems)]


def _name_keys(language: str | None, stems: set[str]) -> list[str]:
    return [f"_{language}_n{typed(stem, language)}" for stem in sorted(stems)]


def _name_stems(
    word: str, language: str | None, read: Analysis, endings: Mapping[str, str]
) -> set[str]:
    """What may be left of a name that no dictionary knows without its ending."""
    if read.known or language is None or language not in endings or word.isdigit():
        return set()
    cut = {word.removesuffix(ending) for ending in endings[language].split()} | {word}
    return {stem for stem in cut if len(stem) >= _SHORTEST_STEM}


@lru_cache(maxsize=_WORDS_KEPT)
def _in_label(word: LabelWord) -> Analysis:
    """A label has dictionary forms: what is one is read as nothing else."""
    read = wordforms.analyse(word.plain, word.language)
    confirmed = word.beside.intersection(read.lemmas) - {word.plain}
    if read.known and word.plain in read.lemmas:
        return Analysis((word.plain, *sorted(confirmed)), True, None)
    if word.is_name and (not read.known or wordforms.is_common(word.plain, word.language)):
        # Not a guess, and not the form of a common word that only looks like it.
        return Analysis((word.plain,), False, None)
    lemmas = {word.plain, *(confirmed or read.lemmas)}
    return Analysis(tuple(sorted(lemmas)), read.known, read.stem)


def _read(text: str) -> Iterator[_Word]:
    end = 0
    for start, stop in spans(text):
        if _is_ending_of_number(text, start, stop):
            end = stop
            continue
        capital = text[start].isupper()
        begins = capital and (not end or _STOP.search(text, end, start) is not None)
        yield _Word(text[start:stop], plain(text[start:stop]), start, stop, capital, begins)
        end = stop


def _is_ending_of_number(text: str, start: int, stop: int) -> bool:
    """The letters of 1949-ųjų, which say nothing that 1949 does not say."""
    return (
        start > 1
        and text[start - 1] in _HYPHENS
        and text[start - 2].isdigit()
        and stop - start <= _LONGEST_ENDING
        and text[start:stop].isalpha()
    )


def _stands_at(label: Label, read: list[_Word], n: int, language: str | None) -> bool:
    here = read[n : n + len(label.words)]
    if len(here) < len(label.words) or any(word.begins for word in here[1:]):
        return False
    if label.needs_capital and not here[0].capital:
        return False
    pairs = list(zip(label.words, here, strict=True))
    alone = len(label.words) == 1
    if label.language == language:
        if alone and label.needs_capital and not label.is_place and here[0].begins:
            return not wordforms.is_common(here[0].plain, language) and _is_form_of(*pairs[0])
        if alone and label.needs_capital and label.is_place and language == "pl":
            return _is_polish_place(label.words[0], read, n)
        return all(_is_form_of(word, spoken) for word, spoken in pairs)
    if any(word.plain != spoken.plain for word, spoken in pairs):
        return False
    return not alone or _is_foreign(here[0].plain, language)


def _is_polish_place(label: LabelWord, read: list[_Word], n: int) -> bool:
    """Whether a word with a capital names a place, and not what else the form may be."""
    here = read[n]
    before = read[n - 1] if n and not here.begins else None
    after = read[n + 1] if here.begins and n + 1 < len(read) else None
    if polish.is_other_word(
        label.plain,
        here.plain,
        before.spelled if before and here.start - before.end == 1 else "",
        after.plain if after and after.start - here.end == 1 and not after.begins else "",
    ):
        return False
    if label.plain == here.plain or label.plain not in polish.places(here.plain):
        return _is_form_of(label, here)
    # The capital of a sentence's first word says nothing.
    return not (here.begins and wordforms.is_common(here.plain, "pl"))


def _is_foreign(word: str, language: str | None) -> bool:
    """Whether a name cannot be taken for a common word of the passage's language."""
    return len(word) >= _SHORTEST_SPELLED and not wordforms.is_common(word, language)


def _is_form_of(word: LabelWord, spoken: _Word) -> bool:
    if word.plain == spoken.plain:
        return True
    return not _senses(spoken.plain, word.language).isdisjoint(_senses_in_label(word))


@lru_cache(maxsize=_WORDS_KEPT)
def _senses(word: str, language: str) -> frozenset[str]:
    read = wordforms.analyse(word, language)
    return _told_apart(read, _name_stems(word, language, read, ENDINGS))


@lru_cache(maxsize=_WORDS_KEPT)
def _senses_in_label(word: LabelWord) -> frozenset[str]:
    read = _in_label(word)
    return _told_apart(read, _name_stems(word.plain, word.language, read, _NOMINATIVE))


def _told_apart(read: Analysis, names: set[str]) -> frozenset[str]:
    """Lemmas with their marks, which keys of the index leave out, and the stems of a stranger."""
    senses = set(read.lemmas) | {f"{stem}-" for stem in names}
    if read.stem and not read.known:
        senses.add(f"{read.stem}+")
    return frozenset(sense.translate(_ONE_LETTER) for sense in senses)


def _longest(found: Iterable[_Match], *, is_place: bool) -> list[_Match]:
    """The matches of one kind without those that overlap a longer one, or an earlier one as long.

    Terms that are named by exactly the same words are all kept.
    """
    mine = [match for match in found if match.label.is_place == is_place]
    mine.sort(key=lambda match: (match.first - match.last, match.first))
    kept: list[_Match] = []
    for match in mine:
        if all(
            match.last < other.first
            or match.first > other.last
            or (match.first, match.last) == (other.first, other.last)
            for other in kept
        ):
            kept.append(match)
    return kept
