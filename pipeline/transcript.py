"""What was heard: frozen nouns that travel from the engines to the archive and the site.

Times are seconds from the start of the recording; languages are BCP 47; an unknown fact is None.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

# Text in one of these states may be published; what is quarantined may not.
PUBLIC_STATES = ("ok", "corrected")


@dataclass(frozen=True)
class Word:
    """One word as the engine heard it, punctuation included, without surrounding spaces."""

    start_s: float
    end_s: float
    text: str
    confidence: float | None


@dataclass(frozen=True)
class Segment:
    """A sentence or breath of speech: what a reader sees as one line and hears at one click."""

    start_s: float
    end_s: float
    text: str
    language: str | None
    language_confidence: float | None  # None where the language was told, not measured
    language_source: str | None  # "audio" (measured) or "told"
    text_language: str | None  # what the words alone look like: the second opinion
    text_language_confidence: float | None
    confidence: float | None
    words: tuple[Word, ...] = ()
    speaker: str | None = None
    state: str = "ok"
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Provenance:
    """What an engine reports it used; not what it was asked for."""

    engine: str
    version: str
    model: str
    model_sha256: str
    options: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Unheard:
    """A stretch that sounds like speech and has no text: a person should listen."""

    start_s: float
    end_s: float


@dataclass(frozen=True)
class Transcript:
    """One recording as one run heard it."""

    segments: tuple[Segment, ...]
    languages: dict[str, float]  # detected language to seconds of speech
    provenance: Provenance
    unheard: tuple[Unheard, ...] = ()
    took_s: dict[str, float] = field(default_factory=dict)  # by stage
    text_language: str | None = None  # what all its words together look like
    sound_s: float = 0.0  # how much of the recording could be decoded


def by_language(parts: Iterable[tuple[str | None, float]]) -> dict[str, float]:
    """Seconds of speech by language, most first, from (language, seconds); unknown left out."""
    seconds: dict[str, float] = {}
    for language, duration_s in parts:
        if language is not None:
            seconds[language] = seconds.get(language, 0.0) + duration_s
    return {k: round(v, 2) for k, v in sorted(seconds.items(), key=lambda item: -item[1])}


def apart(times: Sequence[tuple[float, float]]) -> list[tuple[int, int]]:
    """(start, end) in seconds, by start, as milliseconds of which none overlap.

    One ends where the next begins at the latest, and each lasts a millisecond at least.
    """
    starts: list[int] = []
    for start_s, _ in times:
        begins = max(0, round(start_s * 1000))
        starts.append(max(begins, starts[-1] + 1) if starts else begins)
    ends = [
        max(round(end_s * 1000), start + 1) for start, (_, end_s) in zip(starts, times, strict=True)
    ]
    return [
        (start, min(end, following))
        for start, end, following in zip(starts, ends, [*starts[1:], *ends[-1:]], strict=True)
    ]
