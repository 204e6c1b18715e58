"""What `scripts/learn_word_rules.py` learnt of each language's endings, applied to one word."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from importlib import resources

_LONGEST_ENDING, _LONGEST_GUESS = 8, 7
# How often a form like this one must have had a lemma like this one, among the times that the
# lemma was known; less is enough where the lemma's other forms are known too.
_SHARE_ALONE, _SHARE_WITH_KIN = 0.5, 0.1
_KIN_SHARE = 0.8
_GUESS_SHARE = 0.2

Lookup = Callable[[str], frozenset[str]]


class Rules:
    """One language's rules. `lemmas_of` says which lemmas a dictionary has for a form."""

    def __init__(self, language: str, lemmas_of: Lookup) -> None:
        learnt = _read(language)
        self._rules = learnt["rules"]
        self._kin = learnt["kin"]
        self._guesses = learnt["guesses"]
        self._lemmas = frozenset(learnt["lemmas"])
        self._lemmas_of = lemmas_of

    def also(self, form: str) -> set[str]:
        """Further lemmas of a form that the dictionary has: those whose other forms it has."""
        return {lemma for lemma, _, kin in self._candidates(form) if kin}

    def inflected(self, form: str) -> set[str]:
        """Lemmas that the dictionary has, of a form that it does not have."""
        found = list(self._candidates(form))
        return {lemma for lemma, _, kin in found if kin} or {
            lemma for lemma, share, _ in found if share >= _SHARE_ALONE
        }

    def guess(self, form: str) -> set[str]:
        """What the lemma may look like, for a word of which no dictionary knows anything."""
        for size in range(min(_LONGEST_GUESS, len(form) - 1), 0, -1):
            if best := self._guesses.get(form[-size:]):
                likely = (one for one in best if one[2] >= _GUESS_SHARE and one[0] < len(form))
                return {form[: len(form) - cut] + add for cut, add, _ in likely}
        return set()

    def is_lemma(self, word: str) -> bool:
        return word in self._lemmas or word in self._lemmas_of(word)

    def _candidates(self, form: str) -> Iterator[tuple[str, float, bool]]:
        """Known lemmas that a form may have: lemma, share, whether its other forms agree."""
        for size in range(min(_LONGEST_ENDING, len(form) - 2) + 1):
            stem, cut = form[: len(form) - size], form[len(form) - size :]
            for add, shares in self._rules.get(cut, {}).items():
                share = _under_longest_ending(shares, stem)
                if share >= _SHARE_WITH_KIN and self.is_lemma(stem + add):
                    yield stem + add, share, self._has_kin(cut, add, stem + add)

    def _has_kin(self, cut: str, add: str, lemma: str) -> bool:
        """Whether the dictionary has most of the forms that go with this one, for this lemma."""
        there = [
            lemma in self._lemmas_of(lemma[: len(lemma) - len(other_add)] + other_cut)
            for other_cut, other_add in self._kin.get(cut, {}).get(add, ())
            if lemma.endswith(other_add)
        ]
        return len(there) >= 2 and sum(there) >= _KIN_SHARE * len(there)


def _under_longest_ending(shares: dict[str, float], stem: str) -> float:
    for ending in (stem[-3:], stem[-2:], stem[-1:], ""):
        share = shares.get(ending)
        if share is not None:
            return share
    return 0.0


@cache
def _read(language: str) -> dict[str, dict]:  # type: ignore[type-arg]
    file = resources.files(__name__) / f"{language}.json"
    return json.loads(file.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def learnt_languages() -> frozenset[str]:
    """Languages that have rules."""
    names = (file.name for file in resources.files(__name__).iterdir())
    return frozenset(name.removesuffix(".json") for name in names if name.endswith(".json"))
