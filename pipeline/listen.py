"""One recording's sound becomes its transcript: speech, languages, windows, words, segments.

`hear` knows the order and decides between the steps; where the steps are done is its caller's.
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pipeline import languages, memory, quality, windows
from pipeline.config import TranscriptionOptions
from pipeline.engines.choose import Engines
from pipeline.sound import Sound
from pipeline.steps import Decode, Decoded, Describe, FindVoice, NameLanguages, Step, WeighWords
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
# Enough for a worker to be worth asking, few enough to be lost without regret.
_REGIONS_IN_A_STEP = 32
_BATCHES_SORTED = 8

# Steps that can be done at once go out; their results come back in the same order.
Hearing = Generator[Sequence[Step], Sequence[Any], Transcript]


@dataclass(frozen=True)
class Question:
    """How to listen to one recording.

    `allowed` languages only, or all of it in the `told` one. `known` are the languages that the
    words are compared with: more than is allowed, so that the words may contradict. `hints` are
    words that may be said, by language.
    """

    options: TranscriptionOptions
    allowed: tuple[str, ...]
    known: tuple[str, ...]
    told: str | None = None
    hints: tuple[tuple[str, str], ...] = ()

    @property
    def given(self) -> str | None:
        """The language of all of it, where people leave no choice: then nothing is measured."""
        if self.told is None and len(self.allowed) == 1:
            return self.allowed[0]
        return self.told


def hear(question: Question) -> Hearing:
    """What is said, step by step."""
    options, given = question.options, question.given
    (speech,) = yield [FindVoice(options.speech_threshold)]
    heard = yield from _name_languages(speech.regions, question)
    packed = windows.pack(heard, options.window_s)
    spoken = sorted({window.language for window in packed})
    decodes = [
        Decode(batch, _hints_for(batch, question)) for batch in _batches(packed, options.batch_size)
    ]
    *batches, provenances = yield [*decodes, Describe((given, *spoken))]
    # What engines have freed goes back before six hours of words take room of their own.
    memory.give_back()
    started = time.perf_counter()
    decoded = sorted(
        (one for batch in batches for one in batch),
        key=lambda one: one.window.regions[0].start_s,
    )
    segments = _segments(decoded, heard, speech, question)
    kept = [segment for segment in segments if segment.state in PUBLIC_STATES]
    return Transcript(
        segments,
        by_language((s.language, s.end_s - s.start_s) for s in kept),
        _provenance(question, dict(zip(spoken, provenances[1:], strict=True)), provenances[0]),
        tuple(
            Unheard(gap.start_s, gap.end_s)
            for one in decoded
            for gap in windows.unheard(one.window, one.words)
        ),
        {"doubt": round(time.perf_counter() - started, 3)},
        languages.of_text(" ".join(s.text for s in kept), question.known)[0],
        speech.sound_s,
    )


def _hints_for(batch: Sequence[Window], question: Question) -> tuple[tuple[str, str], ...]:
    """Only those of the batch's own languages: another hint for others leaves the step as it is."""
    spoken = {window.language for window in batch}
    return tuple(hint for hint in question.hints if hint[0] in spoken)


def here(question: Question, sound: Sound, engines: Engines) -> Transcript:
    """What is said in `sound`, every step done at once by this thread."""
    hearing = hear(question)
    steps: Sequence[Step] = next(hearing)
    while True:
        try:
            steps = hearing.send([step.do(sound, engines) for step in steps])
        except StopIteration as done:
            transcript: Transcript = done.value
            return transcript


def _batches(packed: Sequence[Window], size: int) -> Iterator[tuple[Window, ...]]:
    """Neighbours of about one length together: the shorter wait for the longest of their batch.

    Batches are of one size, or differ by one: a step costs nearly as much for few as for many.
    """
    block = size * _BATCHES_SORTED
    for first in range(0, len(packed), block):
        by_length = sorted(packed[first : first + block], key=lambda window: -window.duration_s)
        count = math.ceil(len(by_length) / size)
        at = [len(by_length) * n // count for n in range(count + 1)]
        yield from (tuple(by_length[begin:end]) for begin, end in pairwise(at))


def _name_languages(
    regions: Sequence[Region], question: Question
) -> Generator[Sequence[Step], Sequence[Any], list[HeardRegion]]:
    if question.given is not None:
        return [HeardRegion(region, question.given, None) for region in regions]
    size = _REGIONS_IN_A_STEP
    named = yield [
        NameLanguages(tuple(regions[first : first + size]), question.allowed)
        for first in range(0, len(regions), size)
    ]
    opinions = [one for part in named for one in part]
    cost = question.options.switch_cost_nats
    path = languages.decide_together(opinions, cost)
    contested = _contested(regions, opinions, path)
    weights = yield [
        WeighWords(regions[index], (own, decided)) for index, own, decided in contested
    ]
    if contested:
        asked = list(opinions)
        for (index, own, _), (for_own, for_decided) in zip(contested, weights, strict=True):
            weighed = opinions[index][own] * math.exp(for_own - for_decided)
            asked[index] = opinions[index] | {own: weighed}
        path = languages.decide_together(asked, cost)
    return [
        HeardRegion(region, language, round(opinion[language], 4))
        for region, language, opinion in zip(regions, path, opinions, strict=True)
    ]


def _contested(
    regions: Sequence[Region], opinions: Sequence[dict[str, float]], path: Sequence[str]
) -> list[tuple[int, str, str]]:
    """(index, own language, decided one) where a region is overruled although its sound is clear.

    Such a region is decoded in both languages: a real sentence in the other language has words
    that its dictionary knows.
    """
    found = []
    for index, (opinion, decided) in enumerate(zip(opinions, path, strict=True)):
        own = max(opinion, key=opinion.__getitem__)
        clear = opinion[own] >= _CLEAR_SOUND and regions[index].duration_s >= _CLEAR_S
        if own != decided and clear:
            found.append((index, own, decided))
    return found


def _segments(
    decoded: Sequence[Decoded],
    heard: Sequence[HeardRegion],
    speech: Speech,
    question: Question,
) -> tuple[Segment, ...]:
    groups = [(one, group) for one in decoded for group in windows.sentences(one.words)]
    texts = [" ".join(word.text for word in group) for _, group in groups]
    repeated = quality.same_before(texts)
    return tuple(
        _segment(one, group, text, before, heard, speech, question)
        for (one, group), text, before in zip(groups, texts, repeated, strict=True)
    )


def _segment(
    one: Decoded,
    group: Sequence[Word],
    text: str,
    said_before: int,
    heard: Sequence[HeardRegion],
    speech: Speech,
    question: Question,
) -> Segment:
    start_s, end_s = group[0].start_s, group[-1].end_s
    language = one.window.language
    text_language, text_confidence = languages.of_text(text, question.known)
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
        language_source="told" if question.given else "audio",
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
    question: Question, by_language: dict[str, Provenance], used: Provenance
) -> Provenance:
    """What was used: the engine's own report, with everything that decided around it."""
    others = {
        language: {"model": own.model, "sha256": own.model_sha256}
        for language, own in by_language.items()
        if own != used
    }
    around: dict[str, object] = {
        "window_s": question.options.window_s,
        "speech_threshold": question.options.speech_threshold,
        "language": question.given,
    }
    if question.given is None:
        around["languages"] = list(question.allowed)
        around["switch_cost_nats"] = question.options.switch_cost_nats
    if others:
        around["models"] = others
    if question.hints:
        around["hints"] = dict(question.hints)
    return Provenance(
        used.engine, used.version, used.model, used.model_sha256, {**used.options, **around}
    )
