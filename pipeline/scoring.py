"""How far a transcript is from what was said: WER, CER, and what they are worth. Pure arithmetic.

Texts are compared without case, punctuation and the ways of writing one letter; digits are left
alone, because 1941 and "tūkstantis devyni šimtai" are not the same reading.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import jiwer

# Romanian's comma-below letters are often typed with a cedilla; apostrophes come in many shapes.
_SAME_LETTER = str.maketrans({"ş": "ș", "ţ": "ț", "’": "'", "ʼ": "'", "ʹ": "'", "`": "'", "´": "'"})
_NOT_A_WORD = re.compile(r"[^\w']+|_")
_RESAMPLES = 1000


@dataclass(frozen=True)
class Errors:
    """Edits that turn what was heard into what was said, and how much was said."""

    word_edits: int
    words: int
    character_edits: int
    characters: int

    def __add__(self, other: Errors) -> Errors:
        return Errors(
            self.word_edits + other.word_edits,
            self.words + other.words,
            self.character_edits + other.character_edits,
            self.characters + other.characters,
        )

    @property
    def wer(self) -> float | None:
        return self.word_edits / self.words if self.words else None

    @property
    def cer(self) -> float | None:
        return self.character_edits / self.characters if self.characters else None


NONE = Errors(0, 0, 0, 0)


def normalise(text: str) -> str:
    """Lower case, NFC, one way to write each letter, words parted by single spaces.

    >>> normalise("Şi – ʼ41? Pam'jat’!")
    "și 41 pam'jat'"
    """
    same = unicodedata.normalize("NFC", text.casefold()).translate(_SAME_LETTER)
    return " ".join(word for part in _NOT_A_WORD.split(same) if (word := part.lstrip("'")))


def compare(said: str, heard: str) -> Errors:
    """Edit distances of two texts, both normalised here."""
    reference, hypothesis = normalise(said), normalise(heard)
    words, characters = len(reference.split()), len(reference)
    if not reference:
        return Errors(len(hypothesis.split()), 0, len(hypothesis), 0)
    by_word = jiwer.process_words(reference, hypothesis)
    by_character = jiwer.process_characters(reference, hypothesis)
    return Errors(
        by_word.substitutions + by_word.deletions + by_word.insertions,
        words,
        by_character.substitutions + by_character.deletions + by_character.insertions,
        characters,
    )


def by_segment(said: str, heard: Sequence[str]) -> list[float]:
    """The CER of each heard segment against the part of `said` that aligns with it, at most 1."""
    if not normalise(said):
        return [1.0 for _ in heard]
    cers = [errors.cer for errors in by_part(said, heard)]
    return [1.0 if cer is None else min(cer, 1.0) for cer in cers]


def by_part(said: str, heard: Sequence[str]) -> list[Errors]:
    """Each heard part compared with the part of `said` that aligns with it.

    A missing word counts for the part in which it should have stood.
    """
    reference = normalise(said).split()
    parts = [normalise(text).split() for text in heard]
    owner = [index for index, part in enumerate(parts) for _ in part]
    expected: list[list[str]] = [[] for _ in parts]
    if reference and owner:
        hypothesis = [word for part in parts for word in part]
        aligned = jiwer.process_words(" ".join(reference), " ".join(hypothesis)).alignments[0]
        for chunk in aligned:
            for offset, word in enumerate(reference[chunk.ref_start_idx : chunk.ref_end_idx]):
                at = min(chunk.hyp_start_idx + offset, len(owner) - 1)
                expected[owner[at]].append(word)
    elif reference:
        expected[0] = reference
    return [
        compare(" ".join(words), " ".join(part))
        for words, part in zip(expected, parts, strict=True)
    ]


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Spearman's rank correlation, ties at their mean rank; None for fewer than 3 pairs."""
    if len(first) < 3:
        return None
    a, b = _ranks(first), _ranks(second)
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    together = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b, strict=True))
    spread = (sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b)) ** 0.5
    return together / spread if spread else None


def interval(
    parts: Sequence[Errors], rate: Callable[[Errors], float | None]
) -> tuple[float, float] | None:
    """The 95 % bootstrap interval of a rate over files; None where one file says it all."""
    if len(parts) < 2:
        return None
    draw = random.Random(0)  # noqa: S311  # the same interval for the same figures
    found = []
    for _ in range(_RESAMPLES):
        total = NONE
        for part in draw.choices(parts, k=len(parts)):
            total = total + part
        value = rate(total)
        if value is not None:
            found.append(value)
    found.sort()
    if not found:
        return None
    return found[int(len(found) * 0.025)], found[int(len(found) * 0.975)]


def _ranks(values: Sequence[float]) -> list[float]:
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    at = 0
    while at < len(order):
        end = at
        while end + 1 < len(order) and values[order[end + 1]] == values[order[at]]:
            end += 1
        for index in order[at : end + 1]:
            ranks[index] = (at + end) / 2
        at = end + 1
    return ranks
