"""Speech engines behind one small protocol. Each loads once and remembers nothing in between."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.sound import Samples
from pipeline.transcript import Provenance, Word

FRAMES_PER_S = 100
# Marks that belong to the word after them, and to the word before.
MARKS_BEFORE = "\"'“¿([{-„«"
MARKS_AFTER = "\"'.。,，!！?？:：”)]}、»…"


@dataclass(frozen=True)
class Clip:
    """What an engine is given: at most 30 s of sound at 16 000 Hz, its language, and words that
    may be said in it."""

    samples: Samples
    language: str
    hint: str = ""


@dataclass(frozen=True)
class Heard:
    """What an engine made of one clip; times are seconds from the clip's start."""

    words: tuple[Word, ...]
    average_logprob: float
    no_speech_probability: float


@dataclass(frozen=True)
class Lanes:
    """How many threads may call an engine at once, and how many the engine uses for each."""

    count: int = 1
    threads: int = 0  # 0: as many as there are


def glue(pieces: Iterable[tuple[str, float, float, float]]) -> Iterator[Word]:
    """Words out of an alignment's (text, start, end, probability), marks already merged.

    Whisper parts words at every mark: what does not begin with a space belongs to what stands
    before it, as in Ukrainian пам'ять or Romanian l-am. The least sure piece counts.
    """
    word: Word | None = None
    for text, start_s, end_s, probability in pieces:
        if not text.strip():
            continue
        start_s, end_s = round(float(start_s), 2), round(float(end_s), 2)
        confidence = round(float(probability), 4)
        if word is not None and not text[0].isspace():
            least = min(word.confidence or 0.0, confidence)
            word = Word(word.start_s, end_s, word.text + text.rstrip(), least)
            continue
        if word is not None:
            yield word
        word = Word(start_s, end_s, text.strip(), confidence)
    if word is not None:
        yield word


class Engine(Protocol):
    """What every engine can do. Failures are raised as EngineError, where they happen."""

    provenance: Provenance

    def language_probabilities(self, clips: Sequence[Samples]) -> Iterator[dict[str, float]]:
        """For each clip, the probability of every language that the model knows (BCP 47)."""
        ...

    def decode(self, clips: Sequence[Clip]) -> Iterator[Heard]:
        """The words of each clip, in order, its language forced; it never translates."""
        ...

    def align(self, clips: Sequence[Clip], texts: Sequence[str]) -> Iterator[tuple[Word, ...]]:
        """When the words of a known text are spoken in its clip; `confidence` tells how well the
        model can hear each of them there."""
        ...
