"""An engine that hears what it is told, for fast tests of everything around an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from pipeline.engines import Clip, Heard
from pipeline.errors import EngineError
from pipeline.sound import RATE_HZ, Samples, Sound
from pipeline.transcript import Provenance, Word
from pipeline.windows import Region, Speech

NAME = "fake"


class FakeEngine:
    """Says `text(clip)`, its words spread evenly over the clip, in `language`."""

    def __init__(
        self,
        text: Callable[[Clip], str] = lambda clip: f"Words in {clip.language}.",
        language: str = "pl",
        fails_on: Callable[[Clip], bool] = lambda clip: False,
    ) -> None:
        self._text = text
        self._language = language
        self._fails_on = fails_on
        self.decoded = 0
        self.provenance = Provenance(NAME, "1", "fake", "0" * 64, {"task": "transcribe"})

    def language_probabilities(self, clips: Sequence[Samples]) -> Iterator[dict[str, float]]:
        for _ in clips:
            yield {self._language: 0.8, "en": 0.2}

    def decode(self, clips: Sequence[Clip]) -> Iterator[Heard]:
        for clip in clips:
            if self._fails_on(clip):
                raise EngineError("fake engine", "was told to fail.")
            self.decoded += 1
            yield Heard(tuple(_spread(self._text(clip).split(), clip)), -0.2, 0.01)

    def align(self, clips: Sequence[Clip], texts: Sequence[str]) -> Iterator[tuple[Word, ...]]:
        for clip, text in zip(clips, texts, strict=True):
            yield tuple(_spread(text.split(), clip))


class FakeEngines:
    """One fake engine for every language; all sound counts as speech, in regions of `region_s`."""

    def __init__(self, engine: FakeEngine | None = None, region_s: float = 3600.0) -> None:
        self.fake = engine or FakeEngine()
        self._region_s = region_s

    def speech(self, sound: Sound, threshold: float) -> Speech:
        duration_s = sound.duration_s
        edges = [*np.arange(0.0, duration_s, self._region_s).tolist(), duration_s]
        regions = [Region(start_s, end_s) for start_s, end_s in pairwise(edges)]
        likely = np.full(int(duration_s * 10), 0.9, np.float32)
        return Speech.of(regions, likely, 0.1, duration_s)

    def plan(self, language: str | None) -> dict[str, str]:
        return {"engine": NAME, "model": "fake", "sha256": "0" * 64}

    def caveats(self, languages: Iterable[str | None]) -> list[str]:
        return []

    def engine(self, language: str | None) -> FakeEngine:
        return self.fake


def _spread(words: list[str], clip: Clip) -> Iterator[Word]:
    step_s = len(clip.samples) / RATE_HZ / max(1, len(words))
    for index, text in enumerate(words):
        yield Word(round(index * step_s, 2), round((index + 1) * step_s, 2), text, 0.9)
