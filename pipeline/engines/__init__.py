"""Speech engines behind one small protocol. Each loads once and remembers nothing in between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.sound import Samples
from pipeline.transcript import Provenance, Word


@dataclass(frozen=True)
class Clip:
    """What an engine is given: at most 30 s of sound at 16 000 Hz, and its language."""

    samples: Samples
    language: str


@dataclass(frozen=True)
class Heard:
    """What an engine made of one clip; times are seconds from the clip's start."""

    words: tuple[Word, ...]
    average_logprob: float
    no_speech_probability: float


class Engine(Protocol):
    """What every engine can do. Failures are raised as EngineError, where they happen."""

    provenance: Provenance

    def language_probabilities(self, clips: Sequence[Samples]) -> Iterator[dict[str, float]]:
        """For each clip, the probability of every language that the model knows (BCP 47)."""
        ...

    def decode(self, clips: Sequence[Clip]) -> Iterator[Heard]:
        """The words of each clip, in order, its language forced; it never translates."""
        ...
