"""From a form of a word to its dictionary forms and its stem, in the segment's own language.

Dictionaries: simplemma's, and Morfeusz for Polish, which knows every reading of a form. What they
do not say is inferred from the rules of `wordrules`, prefixes, and how participles are built.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib.metadata import version

import snowballstemmer
from simplemma.strategies.dictionaries import TrieDictionaryFactory

from pipeline import polish
from pipeline.letters import plain
from pipeline.wordrules import Rules, learnt_languages

# Changes whenever the same word may be analysed differently: an index made by another is stale.
VERSION = "3 " + " ".join(
    f"{name}-{version(name)}" for name in ("simplemma", "morfeusz2", "snowballstemmer")
)
LANGUAGES = ("de", "en", "et", "lt", "lv", "pl", "ro", "ru", "uk")
_WORDS_KEPT = 250_000
_NOTHING: frozenset[str] = frozenset()
_SHORTEST_AMBIGUOUS = 4
_SHORTEST_PART, _SHORTEST_STRANGER = 3, 6
# Built once on a machine, then kept in the user's cache folder and read in milliseconds.
_DICTIONARIES = TrieDictionaryFactory(cache_max_size=len(LANGUAGES))
# Snowball has Lithuanian and others too; measured, it only helps where Estonian words are joined
# to new ones faster than dictionaries follow, and for Lithuanian names.
_STEMMERS = {"et": "estonian", "lt": "lithuanian"}
# A negated verb is found by the verb; jā- is the Latvian debitive, vis- its superlative.
_DROPPED = {"lt": ("nebe", "ne", "tebe", "te", "be"), "lv": ("ne", "jā", "vis")}
_PREFIXES = {
    "lt": ("ap", "api", "at", "ati", "be", "į", "iš", "nu", "pa", "par", "per", "pra", "pri",
           "su", "už"),
    "lv": ("aiz", "ap", "at", "ie", "iz", "no", "pa", "pār", "pie", "sa", "uz"),
    "ro": ("ne", "re", "pre", "des", "dez", "supra", "sub", "auto", "inter", "anti"),
}  # fmt: skip
# A reflexive noun has two forms, of which the dictionary knows one: atgriešanos, atgriešanās.
_OTHER_FORM = {"lv": (("šanos", "šanās"),)}
_INFINITIVE = {"lt": ("ti", "tis"), "lv": ("t", "ties")}
# A participle is looked for under its verb: its own ending, and the endings of the form of the
# verb that it is built on (duodamas: duoda; padaręs: padarė; atbalstījis: atbalstīja).
_PARTICIPLES = {
    "lt": (("damas", ("ti",)), ("tas", ("ti",)), ("tinas", ("ti",)), ("mas", ("",)),
           ("antis", ("a", "o")), ("ąs", ("a", "o")), ("intis", ("i",)), ("įs", ("i",)),
           ("siantis", ("ti",)), ("ęs", ("o", "ė")), ("iusis", ("ė", "o")), ("usis", ("o", "ė")),
           ("usi", ("o", "ė")), ("iusi", ("ė",)), ("damasis", ("tis",)), ("tasis", ("ti",)),
           ("masis", ("",))),
    "lv": (("ts", ("t",)), ("tais", ("t",)), ("tajs", ("t",)), ("is", ("a",)), ("ies", ("ās",)),
           ("ušais", ("a",)), ("usi", ("a",)), ("usies", ("ās",)), ("ošs", ("", "a", "u")),
           ("ošais", ("", "a", "u")), ("ams", ("u",)), ("āms", ("u",)), ("amais", ("u",)),
           ("āmais", ("u",)), ("dams", ("t",)), ("damies", ("ties",))),
}  # fmt: skip
# Degrees and definite forms of adjectives, where dictionaries keep them apart.
_DEGREES = {
    "lt": (("esnis", "us"), ("esnis", "as"), ("iausias", "us"), ("iausias", "as")),
    "lv": (("ākais", "s"), ("āks", "s"), ("ais", "s")),
    "uk": (("іший", "ий"), ("ший", "ий")),
}
_MOST = {"lv": ("vis",), "uk": ("най",)}
# What an inferred lemma may be without, and what one of a few may have that the word has not: the
# Latvian dictionary knows some verbs with their negation only (kaplēts: nekaplēt).
_BEFORE = {"lt": _DROPPED["lt"], "lv": _DROPPED["lv"], "ro": ("nemai", "ne"), "uk": _MOST["uk"]}
_NEGATED_ONLY = {"lv": frozenset({"ne"})}


@dataclass(frozen=True)
class Analysis:
    """What a word may be: `lemmas` in `plain` spelling, never empty; `known` when a dictionary
    had a say; `stem` where the language has a stemmer that helps."""

    lemmas: tuple[str, ...]
    known: bool
    stem: str | None


@lru_cache(maxsize=_WORDS_KEPT)
def analyse(word: str, language: str | None) -> Analysis:
    """Every reading of a word, given in `plain` spelling (as `letters.words` gives them).

    In a language without a dictionary the form is its own lemma.
    """
    if language in LANGUAGES:
        known, lemmas = _morphology(language).lemmas(word)
    else:
        known, lemmas = False, {word}
    stemmer = _stemmer(language) if language else None
    return Analysis(tuple(sorted(lemmas)), known, stemmer.stemWord(word) if stemmer else None)


def beginnings(word: str, language: str | None) -> set[str]:
    """First letters of all lemmas that `analyse` may find, and perhaps more: a few lookups instead
    of an analysis."""
    return _morphology(language).beginnings(word) if language in LANGUAGES else {word[:1]}


def load(languages: Iterable[str]) -> None:
    """Reads the dictionaries of these languages now; the first time on a machine takes seconds."""
    for language in languages:
        if language in LANGUAGES:
            is_known("a", language)


def is_known(word: str, language: str) -> bool:
    """Whether a dictionary of the language has exactly this form."""
    return _morphology(language).has(word)


def is_common(word: str, language: str | None) -> bool:
    """Whether a dictionary of the language has the form as more than a name."""
    return language in LANGUAGES and _morphology(language).has_in_small_letters(word)


class _Morphology:
    """One language's dictionary and what is inferred from it."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._dictionary = lru_cache(maxsize=_WORDS_KEPT)(self._look_up)
        self._rules = Rules(language, self._dictionary) if language in learnt_languages() else None

    @cached_property
    def _forms(self):  # type: ignore[no-untyped-def]
        return _DICTIONARIES.get_dictionary(self._language)

    def has(self, word: str) -> bool:
        return bool(self._dictionary(word))

    def has_in_small_letters(self, word: str) -> bool:
        return self._forms.get(word) is not None

    def lemmas(self, word: str) -> tuple[bool, set[str]]:
        """Whether a dictionary had a say, and the lemmas.

        A word that no dictionary has as it stands may be a lemma itself, so it counts as one.
        """
        if len(word) < 2 or word.isdigit():
            return False, {word}
        for ending, known_one in _OTHER_FORM.get(self._language, ()):
            if word.endswith(ending):
                word = word.removesuffix(ending) + known_one
        head = word.partition("'")[0]
        known, found = self._from_dictionary(word)
        if not found:
            found = self._rules.guess(word) if self._rules else set()
            if head != word and self._language in ("et", "pl", "lt"):
                found.add(head)  # Google'isse, Kennedy'ego
        for lemma in tuple(found):
            found |= self._dictionary(lemma)
        for lemma in (word, *found):
            found |= self._verbs(lemma, known) | self._positives(lemma)
        return known, found if self.has(word) else found | {word}

    def beginnings(self, word: str) -> set[str]:
        """What is inferred from a word begins as it does, or as what is left of it without what
        may stand before a word; only dictionaries know other lemmas (люди: людина, є: бути)."""
        words = {word}
        for one in 2 * _BEFORE.get(self._language, ()):  # one may stand before another
            words |= {each.removeprefix(one) for each in words}
        lemmas = {lemma for one in words for lemma in self._dictionary(one)}
        further = {lemma for one in lemmas for lemma in self._dictionary(one)}
        negated = _NEGATED_ONLY.get(self._language, _NOTHING)
        return {one[:1] for one in words | lemmas | further | negated}

    def _from_dictionary(self, word: str) -> tuple[bool, set[str]]:
        if found := set(self._dictionary(word)):
            if self._rules and len(word) >= _SHORTEST_AMBIGUOUS:
                found |= self._rules.also(word)
            return True, self._affirmed(found)
        if self._rules and (found := self._rules.inflected(word)):
            return True, self._affirmed(found)
        if found := self._without_prefix(word):
            return True, found
        return False, self._compound(word)

    def _without_prefix(self, word: str) -> set[str]:
        for prefix in _DROPPED.get(self._language, ()):
            rest = word.removeprefix(prefix)
            if rest != word and len(rest) >= _SHORTEST_PART:
                known, found = self._from_dictionary(rest)
                if known:
                    return found
        for prefix in _PREFIXES.get(self._language, ()):
            rest = word.removeprefix(prefix)
            if rest != word and len(rest) >= _SHORTEST_PART:
                known, found = self._from_dictionary(rest)
                if known:
                    return {prefix + lemma for lemma in found}
        return set()

    def _compound(self, word: str) -> set[str]:
        """Lemmas of a joined word by its last part, as long as that is known."""
        for start in range(2, len(word) - _SHORTEST_PART):
            first, last = word[:start], word[start:]
            may_part = len(last) >= _SHORTEST_STRANGER or self._dictionary(first)
            if may_part and (found := self._dictionary(last)):
                return {first + lemma for lemma in found}
        return set()

    def _affirmed(self, lemmas: set[str]) -> set[str]:
        """With the verb of each negated verb."""
        endings = _INFINITIVE.get(self._language)
        if endings is None:
            return lemmas
        bare = {lemma[2:] for lemma in lemmas if lemma.startswith("ne") and lemma.endswith(endings)}
        return lemmas | {verb for verb in bare if len(verb) > 3 and self._is_lemma(verb)}

    def _verbs(self, lemma: str, known: bool) -> set[str]:
        """The verbs of a participle; of a stranger also one that no dictionary has."""
        endings = _INFINITIVE.get(self._language, ())
        found = set()
        for cut, adds in _PARTICIPLES.get(self._language, ()):
            if lemma.endswith(cut) and len(lemma) > len(cut) + 1:
                for add in adds:
                    form = lemma.removesuffix(cut) + add
                    _, finite = self._from_dictionary(form)
                    found |= {verb for verb in finite if verb.endswith(endings)}
                    if form.endswith(endings) and (self._is_lemma(form) or not known):
                        found.add(form)
        return found

    def _positives(self, lemma: str) -> set[str]:
        """The plain degree of a compared adjective, and its indefinite form."""
        made = {
            base.removesuffix(cut) + add
            for base in (lemma, *(lemma.removeprefix(p) for p in _MOST.get(self._language, ())))
            for cut, add in _DEGREES.get(self._language, ())
            if base.endswith(cut)
        }
        return {word for word in made if self._is_lemma(word)}

    def _is_lemma(self, word: str) -> bool:
        return self._rules.is_lemma(word) if self._rules else word in self._dictionary(word)

    def _look_up(self, form: str) -> frozenset[str]:
        # Asked a hundred times for a word that is new, and mostly in vain.
        common, name = self._forms.get(form), self._forms.get(form.capitalize())
        if common is None and name is None:
            return _NOTHING
        found = (lemma for lemma in (common, name) if lemma)
        return frozenset(plain(lemma).rstrip("0123456789") for lemma in found)


class _Polish(_Morphology):
    """Morfeusz gives all readings of a Polish form; the rules only guess at what it lacks."""

    def has_in_small_letters(self, word: str) -> bool:
        return any(one.lemma[:1].islower() for one in polish.readings(word))

    def _look_up(self, form: str) -> frozenset[str]:
        readings = polish.readings(form)
        # A form may be two words (byłem: był and em); the first of them is meant.
        longest = max((one.end for one in readings if one.start == 0), default=0)
        found = frozenset(
            plain(one.lemma.partition(":")[0])
            for one in readings
            if one.start == 0 and one.end == longest
        )
        # In small letters, as words are looked for, Morfeusz hears no place in what is also
        # another word: "gdańsku" would be the adjective alone, and Gdańsk not found by it.
        return found | polish.places(form)

    def _from_dictionary(self, word: str) -> tuple[bool, set[str]]:
        found = set(self._dictionary(word))
        return bool(found), found


@cache
def _morphology(language: str) -> _Morphology:
    return _Polish(language) if language == "pl" else _Morphology(language)


@cache
def _stemmer(language: str):  # type: ignore[no-untyped-def]
    name = _STEMMERS.get(language)
    return snowballstemmer.stemmer(name) if name else None
