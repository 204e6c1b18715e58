"""One recording's sound becomes its transcript: speech, languages, windows, words, segments."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from pipeline import languages, windows
from pipeline.config import TranscriptionOptions
from pipeline.engines import Clip, Engine, Heard
from pipeline.engines.choose import Engines
from pipeline.sound import Samples
from pipeline.transcript import Provenance, Segment, Transcript, Word
from pipeline.windows import HeardRegion, Region, Window


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
    regions = engines.speech(samples, options.speech_threshold)
    heard = _name_languages(samples, regions, engines, options, allowed, told)
    packed = windows.pack(heard, options.window_s)
    total_s = sum(window.duration_s for window in packed)
    segments: list[Segment] = []
    for window, words in _decode(samples, packed, engines):
        segments += _segments(window, words, heard, known, told)
        advance(window.duration_s / total_s)
    segments.sort(key=lambda segment: segment.start_s)
    spoken = languages.of_whole([(s.language, s.end_s - s.start_s) for s in segments])
    return Transcript(tuple(segments), spoken, _provenance(engines, options, packed, allowed, told))


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
    return [
        HeardRegion(region, language, round(opinion[language], 4))
        for region, language, opinion in zip(regions, path, opinions, strict=True)
    ]


def _decode(
    samples: Samples, packed: Sequence[Window], engines: Engines
) -> Iterator[tuple[Window, tuple[Word, ...]]]:
    """Every window's words in recording time; windows of one engine share its batches."""
    by_engine: dict[int, tuple[Engine, list[Window]]] = {}
    for window in packed:
        engine = engines.engine(window.language)
        by_engine.setdefault(id(engine), (engine, []))[1].append(window)
    for engine, group in by_engine.values():
        clips = [Clip(window.cut(samples), window.language) for window in group]
        heard: Iterator[Heard] = engine.decode(clips)
        for window, result in zip(group, heard, strict=True):
            yield window, tuple(window.in_recording(result.words))


def _segments(
    window: Window,
    words: Sequence[Word],
    heard: Sequence[HeardRegion],
    known: Sequence[str],
    told: str | None,
) -> Iterator[Segment]:
    for group in windows.sentences(words):
        text = " ".join(word.text for word in group)
        text_language, text_confidence = languages.of_text(text, known)
        start_s, end_s = group[0].start_s, group[-1].end_s
        yield Segment(
            start_s=start_s,
            end_s=end_s,
            text=text,
            language=window.language,
            language_confidence=_sound_confidence(heard, start_s, end_s),
            language_source="told" if told else "audio",
            text_language=text_language,
            text_language_confidence=text_confidence,
            confidence=_mean_confidence(group),
            words=tuple(group),
        )


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
    by_language = {
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
    if by_language:
        around["models"] = by_language
    return Provenance(
        used.engine, used.version, used.model, used.model_sha256, {**used.options, **around}
    )
