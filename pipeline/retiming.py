"""Which words of two texts are the same, and when the words of a corrected line are spoken."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from rapidfuzz.fuzz import ratio

from pipeline import letters
from pipeline.transcript import Segment, Word

# Two words are taken for one where their letters agree so far. What they differ in time counts
# against it, so that of words said again and again each finds itself; leaving one out is free.
_ALIKE = 0.6
_LESS_A_SECOND = 0.4
# A word that keeps less time than this has not kept it.
_SHORTEST_WORD_S = 0.02


def align(old: Sequence[Word], new: Sequence[Word]) -> list[tuple[int, int]]:
    """Pairs of indices in order: the words of both that are the same, folded, and near in time.

    Takes time and memory by len(old) * len(new): for stretches, not for whole recordings.
    """
    theirs = [(_key(word.text), word.start_s + word.end_s) for word in new]
    score = [
        [_likeness(key, other, abs(at - then) / 2) for other, then in theirs]
        for key, at in ((_key(word.text), word.start_s + word.end_s) for word in old)
    ]
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            skip = max(best[i + 1][j], best[i][j + 1])
            best[i][j] = max(skip, score[i][j] + best[i + 1][j + 1] if score[i][j] > 0 else 0.0)
    pairs, i, j = [], 0, 0
    while i < len(old) and j < len(new):
        if score[i][j] > 0 and best[i][j] == score[i][j] + best[i + 1][j + 1]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def spread(text: str, start_s: float, end_s: float) -> tuple[Word, ...]:
    """The words of a text over a stretch of time, each as long as its letters say."""
    said = text.split()
    total = sum(map(len, said))
    words, at = [], 0
    for word in said:
        begins = start_s + (end_s - start_s) * at / total
        at += len(word)
        ends = start_s + (end_s - start_s) * at / total
        words.append(Word(round(begins, 3), round(ends, 3), word, None))
    return tuple(words)


def words_of(segment: Segment) -> tuple[Word, ...]:
    """A segment's words; where the engine told none, spread over it."""
    return segment.words or spread(segment.text, segment.start_s, segment.end_s)


def retimed(text: str, start_s: float, end_s: float, heard: Sequence[Word]) -> tuple[Word, ...]:
    """The words of a corrected line: those that were heard keep their times, and the others are
    spread between their neighbours by length. None leaves the line, and none overlap.
    """
    words = list(spread(text, start_s, end_s))
    known: dict[int, Word] = {}
    at_s = start_s
    for old, new in align(heard, words):
        begins, ends = max(heard[old].start_s, at_s), min(heard[old].end_s, end_s)
        if ends - begins >= min(_SHORTEST_WORD_S, heard[old].end_s - heard[old].start_s):
            known[new] = Word(begins, ends, words[new].text, None)
            at_s = ends
    fixed = [-1, *known, len(words)]
    for left, right in pairwise(fixed):
        begins = known[left].end_s if left in known else start_s
        ends = known[right].start_s if right in known else end_s
        gap = " ".join(word.text for word in words[left + 1 : right])
        words[left + 1 : right] = spread(gap, begins, ends)
        if right in known:
            words[right] = known[right]
    return tuple(words)


@lru_cache(maxsize=10_000)
def _key(text: str) -> str:
    """A word's letters and digits, folded; signs alone stay what they are."""
    return letters.fold("".join(letters.words(text))) or text


def _likeness(old: str, new: str, apart_s: float) -> float:
    less = _LESS_A_SECOND * apart_s
    if less >= 1:
        return 0.0
    alike = 1.0 if old == new else ratio(old, new, score_cutoff=100 * _ALIKE) / 100
    return max(0.0, alike - less)
