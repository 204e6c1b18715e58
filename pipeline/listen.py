"""One recording's sound becomes its transcript: speech, languages, windows, words, segments."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from pipeline import languages, quality, windows
from pipeline.config import TranscriptionOptions
from pipeline.engines import Clip, Engine
from pipeline.engines.choose import Engines
from pipeline.sound import Samples
from pipeline.transcript import (
    PUBLIC_STATES,
    Provenance,
    Segment,
    Transcript,
    Unheard,
    Word,
    by_language,
)
from pipeline.windows import HeardRegion, Region, Speech, Window

# The words may contradict the sound only when they are this sure.
_SURE_OF_TEXT = 0.95
_WORDS_FOR_AN_OPINION = 3
# A region this sure of its language, and this long, is heard out before it is overruled.
_CLEAR_SOUND, _CLEAR_S = 0.9, 2.0
# Another decoding is better when it leaves this much less speech without words.
_BETTER_S = 1.0


@dataclass(frozen=True)
class Decoded:
    """A window with its words in recording time and what the engine said of them."""

    window: Window
    words: tuple[Word, ...]
    average_logprob: float
    no_speech_probability: float
    no_better_again: bool = False

    @property
    def loops(self) -> bool:
        return quality.loops(" ".join(word.text for word in self.words))

    @property
    def missed_s(self) -> float:
        return sum(gap.duration_s for gap in windows.unheard(self.window, self.words))


def transcribe(
    samples: Samples,
    engines: Engines,
    options: TranscriptionOptions,
    allowed: Sequence[str],
    known: Sequence[str],
    told: str | None = None,
    advance: Callable[[float], None] = lambda share: None,
) -> Transcript:
    """What is said in `samples`, in `allowed` languages only, or all of it in the `told` one.

    `known` are the languages that the words are compared with: more than is allowed, so that
    the words may contradict. `advance` is called with shares of the work that sum to 1.
    """
    took = Stopwatch()
    with took("voice"):
        speech = engines.speech(samples, options.speech_threshold)
    with took("languages"):
        heard = _name_languages(samples, speech.regions, engines, options, allowed, told)
    with took("decoding"):
        packed = windows.pack(heard, options.window_s)
        decoded = _decode_all(samples, packed, engines, advance)
    with took("doubt"):
        segments = _segments(decoded, heard, speech, known, told)
    kept = [segment for segment in segments if segment.state in PUBLIC_STATES]
    return Transcript(
        segments,
        by_language((s.language, s.end_s - s.start_s) for s in kept),
        _provenance(engines, options, packed, allowed, told),
        tuple(
            Unheard(gap.start_s, gap.end_s)
            for one in decoded
            for gap in windows.unheard(one.window, one.words)
        ),
        took.seconds,
        languages.of_text(" ".join(s.text for s in kept), known)[0],
    )


class Stopwatch:
    """Seconds of each stage, by its name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = round(time.perf_counter() - started, 4)


def _name_languages(
    samples: Samples,
    regions: Sequence[Region],
    engines: Engines,
    options: TranscriptionOptions,
    allowed: Sequence[str],
    told: str | None,
) -> list[HeardRegion]:
    if told is not None:
        return [HeardRegion(region, told, None) for region in regions]
    engine = engines.engine(None)
    clips = [Window("", (region,)).cut(samples) for region in regions]
    opinions = [
        languages.restrict(opinion, allowed) for opinion in engine.language_probabilities(clips)
    ]
    path = languages.decide_together(opinions, options.switch_cost_nats)
    asked = _ask_the_words(clips, regions, opinions, path, engines)
    if asked is not None:
        path = languages.decide_together(asked, options.switch_cost_nats)
    return [
        HeardRegion(region, language, round(opinion[language], 4))
        for region, language, opinion in zip(regions, path, opinions, strict=True)
    ]


def _ask_the_words(
    clips: Sequence[Samples],
    regions: Sequence[Region],
    opinions: Sequence[dict[str, float]],
    path: Sequence[str],
    engines: Engines,
) -> list[dict[str, float]] | None:
    """Opinions with the words' weight, where a region is overruled although its sound is clear.

    Such a region is decoded in both languages: a real sentence in the other language has words
    that its dictionary knows. None where there is no such region.
    """
    asked = list(opinions)
    contested = 0
    for index, (opinion, decided) in enumerate(zip(opinions, path, strict=True)):
        own = max(opinion, key=opinion.__getitem__)
        clear = opinion[own] >= _CLEAR_SOUND and regions[index].duration_s >= _CLEAR_S
        if own == decided or not clear:
            continue
        contested += 1
        weight = {
            language: languages.weigh_words(
                _text(engines.engine(language), Clip(clips[index], language)), language
            )
            for language in (own, decided)
        }
        asked[index] = opinion | {own: opinion[own] * math.exp(weight[own] - weight[decided])}
    return asked if contested else None


def _text(engine: Engine, clip: Clip) -> str:
    return " ".join(word.text for heard in engine.decode([clip]) for word in heard.words)


def _decode(samples: Samples, packed: Sequence[Window], engines: Engines) -> Iterator[Decoded]:
    """Every window once; windows of one engine share its batches."""
    by_engine: dict[int, tuple[Engine, list[Window]]] = {}
    for window in packed:
        engine = engines.engine(window.language)
        by_engine.setdefault(id(engine), (engine, []))[1].append(window)
    for engine, group in by_engine.values():
        clips = [Clip(window.cut(samples), window.language) for window in group]
        for window, heard in zip(group, engine.decode(clips), strict=True):
            yield Decoded(
                window,
                tuple(window.in_recording(heard.words)),
                heard.average_logprob,
                heard.no_speech_probability,
            )


def _decode_all(
    samples: Samples,
    packed: Sequence[Window],
    engines: Engines,
    advance: Callable[[float], None],
) -> list[Decoded]:
    total_s = sum(window.duration_s for window in packed)
    decoded: list[Decoded] = []
    for one in _decode(samples, packed, engines):
        decoded += _with_care(samples, one, engines)
        advance(one.window.duration_s / total_s)
    return sorted(decoded, key=lambda one: one.window.regions[0].start_s)


def _with_care(samples: Samples, first: Decoded, engines: Engines) -> list[Decoded]:
    """A window that loops or leaves speech without words is decoded again in two halves.

    The halves count where they are better; where they are not, that is a reason for doubt.
    """
    if not first.loops and first.missed_s < _BETTER_S:
        return [first]
    halves = first.window.halves()
    if len(halves) < 2:
        return [_doubted(first)]
    again = [
        careful
        for half in _decode(samples, halves, engines)
        for careful in _with_care(samples, half, engines)
    ]
    if sum(one.loops for one in again) < first.loops:
        return again
    if not first.loops and sum(one.missed_s for one in again) <= first.missed_s - _BETTER_S:
        return again
    return [_doubted(first)]


def _doubted(one: Decoded) -> Decoded:
    """Doubtful for good only where it loops: speech without words is listed as unheard."""
    return replace(one, no_better_again=one.loops)


def _segments(
    decoded: Sequence[Decoded],
    heard: Sequence[HeardRegion],
    speech: Speech,
    known: Sequence[str],
    told: str | None,
) -> tuple[Segment, ...]:
    groups = [(one, group) for one in decoded for group in windows.sentences(one.words)]
    texts = [" ".join(word.text for word in group) for _, group in groups]
    repeated = quality.same_before(texts)
    return tuple(
        _segment(one, group, text, before, heard, speech, known, told)
        for (one, group), text, before in zip(groups, texts, repeated, strict=True)
    )


def _segment(
    one: Decoded,
    group: Sequence[Word],
    text: str,
    said_before: int,
    heard: Sequence[HeardRegion],
    speech: Speech,
    known: Sequence[str],
    told: str | None,
) -> Segment:
    start_s, end_s = group[0].start_s, group[-1].end_s
    language = one.window.language
    text_language, text_confidence = languages.of_text(text, known)
    found = quality.doubts(
        quality.Evidence(
            text=text,
            language=language,
            duration_s=end_s - start_s,
            voice=speech.voice(start_s, end_s),
            average_logprob=one.average_logprob,
            no_speech_probability=one.no_speech_probability,
            said_before=said_before,
            decoded_again=one.no_better_again,
        )
    )
    reasons = [doubt.reason for doubt in found]
    if _contradicts(text, language, text_language, text_confidence):
        reasons.append(f"the words look like {text_language}, the sound like {language}")
    return Segment(
        start_s=start_s,
        end_s=end_s,
        text=text,
        language=language,
        language_confidence=_sound_confidence(heard, start_s, end_s),
        language_source="told" if told else "audio",
        text_language=text_language,
        text_language_confidence=text_confidence,
        confidence=_mean_confidence(group),
        words=tuple(group),
        state="quarantined" if quality.is_quarantined(found) else "ok",
        reasons=tuple(reasons),
    )


def _contradicts(
    text: str, language: str, text_language: str | None, confidence: float | None
) -> bool:
    if text_language is None or text_language == language or confidence is None:
        return False
    return confidence >= _SURE_OF_TEXT and len(text.split()) >= _WORDS_FOR_AN_OPINION


def _sound_confidence(heard: Sequence[HeardRegion], start_s: float, end_s: float) -> float | None:
    """How sure the sound was of the language, in the region that holds most of the segment."""
    middle_s = (start_s + end_s) / 2
    nearest = min(heard, key=lambda h: abs((h.region.start_s + h.region.end_s) / 2 - middle_s))
    return nearest.confidence


def _mean_confidence(words: Sequence[Word]) -> float | None:
    """Geometric mean, so that one word that was guessed pulls the line down."""
    known = [word.confidence for word in words if word.confidence is not None]
    if not known:
        return None
    mean_log = sum(math.log(max(value, 1e-6)) for value in known) / len(known)
    return round(math.exp(mean_log), 4)


def _provenance(
    engines: Engines,
    options: TranscriptionOptions,
    packed: Sequence[Window],
    allowed: Sequence[str],
    told: str | None,
) -> Provenance:
    """What was used: the engine's own report, with everything that decided around it."""
    used = engines.engine(told).provenance
    others = {
        language: {"model": own.model, "sha256": own.model_sha256}
        for language in sorted({window.language for window in packed})
        if (own := engines.engine(language).provenance) != used
    }
    around: dict[str, object] = {
        "window_s": options.window_s,
        "speech_threshold": options.speech_threshold,
        "language": told,
    }
    if told is None:
        around["languages"] = list(allowed)
        around["switch_cost_nats"] = options.switch_cost_nats
    if others:
        around["models"] = others
    return Provenance(
        used.engine, used.version, used.model, used.model_sha256, {**used.options, **around}
    )
