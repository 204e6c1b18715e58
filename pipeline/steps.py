"""The pieces of work that a recording's transcription is made of.

A step says all it needs besides the recording's sound, so that any worker can do it, in any
order, on any machine. Its result can be kept as JSON: a killed run goes on after the last one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Protocol

from pydantic import TypeAdapter

from pipeline import languages, quality, windows
from pipeline.engines import Clip, Engine
from pipeline.engines.choose import Engines
from pipeline.sound import Sound
from pipeline.transcript import Provenance, Word
from pipeline.windows import Region, Speech, Window

# Another decoding is better when it leaves this much less speech without words.
_BETTER_S = 1.0
# Naming the languages takes about this share of the time.
_NAMING_SHARE = 0.2


@dataclass(frozen=True)
class Decoded:
    """A window with its words in recording time and what the engine said of them."""

    window: Window
    words: tuple[Word, ...]
    average_logprob: float
    no_speech_probability: float
    no_better_again: bool = False

    @property
    def _said(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def loops(self) -> bool:
        return quality.loops(self._said)

    @property
    def repeats(self) -> bool:
        """Reason enough to listen again, which tells an invention from what was said twice."""
        return self.loops or quality.echoes(self._said)

    @property
    def missed_s(self) -> float:
        return sum(gap.duration_s for gap in windows.unheard(self.window, self.words))


class Step(Protocol):
    """One piece of work; equal steps on equal sound have equal results."""

    stage: ClassVar[str]
    result: ClassVar[TypeAdapter[Any]]

    @property
    def share_s(self) -> float:
        """How much of the work it is, for progress: over all steps, the seconds of speech."""
        ...

    def do(self, sound: Sound, engines: Engines) -> Any: ...


def key(step: Step) -> str:
    """What tells a kept result's step from every other step of the recording."""
    return hashlib.sha256(repr(step).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class FindVoice:
    """Where someone speaks."""

    threshold: float

    stage: ClassVar = "voice"
    result: ClassVar = TypeAdapter(Speech)
    share_s: ClassVar = 0.0

    def do(self, sound: Sound, engines: Engines) -> Speech:
        return engines.speech(sound, self.threshold)


@dataclass(frozen=True)
class NameLanguages:
    """The sound's opinion of each region: the probability of each of the `allowed` languages."""

    regions: tuple[Region, ...]
    allowed: tuple[str, ...]

    stage: ClassVar = "languages"
    result: ClassVar = TypeAdapter(tuple[dict[str, float], ...])

    @property
    def share_s(self) -> float:
        return _NAMING_SHARE * sum(region.duration_s for region in self.regions)

    def do(self, sound: Sound, engines: Engines) -> tuple[dict[str, float], ...]:
        clips = [Window("", (region,)).cut(sound) for region in self.regions]
        heard = engines.engine(None).language_probabilities(clips)
        return tuple(languages.restrict(one, self.allowed) for one in heard)


@dataclass(frozen=True)
class WeighWords:
    """How much a region's words speak for each of two languages, decoded in both: in nats."""

    region: Region
    languages: tuple[str, str]

    stage: ClassVar = "languages"
    result: ClassVar = TypeAdapter(tuple[float, float])
    share_s: ClassVar = 0.0

    def do(self, sound: Sound, engines: Engines) -> tuple[float, float]:
        clip = Window("", (self.region,)).cut(sound)
        first, second = (
            languages.weigh_words(_text(engines.engine(language), Clip(clip, language)), language)
            for language in self.languages
        )
        return first, second


@dataclass(frozen=True)
class Decode:
    """The words of a batch of windows; what repeats or leaves speech out is decoded again.

    `hints`: by language, words that may be said.
    """

    windows: tuple[Window, ...]
    hints: tuple[tuple[str, str], ...] = ()

    stage: ClassVar = "decoding"
    result: ClassVar = TypeAdapter(tuple[Decoded, ...])

    @property
    def share_s(self) -> float:
        return (1 - _NAMING_SHARE) * sum(window.duration_s for window in self.windows)

    def do(self, sound: Sound, engines: Engines) -> tuple[Decoded, ...]:
        decode = partial(_decode, sound, engines, dict(self.hints))
        return tuple(_with_care(decode(self.windows), decode))


@dataclass(frozen=True)
class Describe:
    """What the engine for each language reports of itself; None: the one that names languages."""

    languages: tuple[str | None, ...]

    stage: ClassVar = "decoding"
    result: ClassVar = TypeAdapter(tuple[Provenance, ...])
    share_s: ClassVar = 0.0

    def do(self, sound: Sound, engines: Engines) -> tuple[Provenance, ...]:
        return tuple(engines.engine(language).provenance for language in self.languages)


def _text(engine: Engine, clip: Clip) -> str:
    return " ".join(word.text for heard in engine.decode([clip]) for word in heard.words)


def _decode(
    sound: Sound, engines: Engines, hints: Mapping[str, str], packed: Sequence[Window]
) -> list[Decoded]:
    """Every window once, in order; windows of one engine share its batches."""
    by_engine: dict[int, tuple[Engine, list[int]]] = {}
    for index, window in enumerate(packed):
        engine = engines.engine(window.language)
        by_engine.setdefault(id(engine), (engine, []))[1].append(index)
    decoded: dict[int, Decoded] = {}
    for engine, chosen in by_engine.values():
        clips = [
            Clip(window.cut(sound), window.language, hints.get(window.language, ""))
            for window in (packed[i] for i in chosen)
        ]
        for i, heard in zip(chosen, engine.decode(clips), strict=True):
            decoded[i] = Decoded(
                packed[i],
                tuple(packed[i].in_recording(heard.words)),
                heard.average_logprob,
                heard.no_speech_probability,
            )
    return [decoded[i] for i in range(len(packed))]


def _with_care(
    decoded: Sequence[Decoded], decode: Callable[[Sequence[Window]], list[Decoded]]
) -> Iterator[Decoded]:
    """Windows that repeat or leave speech without words are decoded again in two halves, together.

    The halves count where they are better; where they are not, that is a reason for doubt.
    """
    parted = {
        index: one.window.halves()
        for index, one in enumerate(decoded)
        if one.repeats or one.missed_s >= _BETTER_S
    }
    halves = [half for pair in parted.values() if len(pair) > 1 for half in pair]
    again = decode(halves) if halves else []
    for index, one in enumerate(decoded):
        if index not in parted:
            yield one
            continue
        count = len(parted[index]) if len(parted[index]) > 1 else 0
        mine, again = again[:count], again[count:]
        yield from _better(one, list(_with_care(mine, decode)))


def _better(first: Decoded, again: Sequence[Decoded]) -> Sequence[Decoded]:
    fewer_repeat = sum(one.repeats for one in again) < first.repeats
    less_missed = sum(one.missed_s for one in again) <= first.missed_s - _BETTER_S
    if again and (fewer_repeat or (less_missed and not first.loops)):
        return again
    # Doubtful for good only where it loops: speech without words is listed as unheard.
    return [replace(first, no_better_again=first.loops)]
