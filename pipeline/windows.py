"""From speech regions to decoding windows, and from heard words to segments. Pure arithmetic.

A window is what an engine decodes at once: speech of one language, at most 30 s, with long
silences cut out. Its words come back in window time and are put back to recording time here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict

from pipeline.sound import Samples, Sound
from pipeline.transcript import Word

# A silence longer than this is left out of a window: Whisper fills silence with inventions.
_KEPT_SILENCE_S = 0.3
_SENTENCE_PAUSE_S = 1.2
_LONGEST_SEGMENT_S = 20.0
# A word that lasts longer stands for something that was not written down.
_LONGEST_WORD_S = 1.5
_WORD_MARGIN_S = 0.4
_MISSED_S = 1.5
_SENTENCE_END = re.compile(r"[.?!…][\"'”’»)]*$")
# "1941 m." and "p. Nowak" do not end a sentence.
_ABBREVIATION = re.compile(r"^\W*(?:\d+|\w{1,2})\.$")


@dataclass(frozen=True)
class Region:
    """A stretch that sounds like speech."""

    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True)
class Speech:
    """Regions of a recording that sound like speech, and how likely speech is in each frame."""

    __pydantic_config__: ClassVar = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    regions: tuple[Region, ...]
    likely: bytes  # one byte a frame, 255 for certain: small enough to keep and to send
    frame_s: float
    sound_s: float  # how much could be decoded

    @classmethod
    def of(
        cls,
        regions: Sequence[Region],
        probabilities: npt.NDArray[np.float32],
        frame_s: float,
        sound_s: float,
    ) -> Speech:
        likely = np.round(probabilities * 255).astype(np.uint8).tobytes()
        return cls(tuple(regions), likely, frame_s, sound_s)

    def voice(self, start_s: float, end_s: float) -> float | None:
        """The mean probability of speech in a stretch; None where it has no frame."""
        first, last = round(start_s / self.frame_s), round(end_s / self.frame_s)
        stretch = self.likely[first : max(last, first + 1)]
        return sum(stretch) / 255 / len(stretch) if stretch else None


@dataclass(frozen=True)
class HeardRegion:
    """A region with the language decided for it; `confidence` is None where it was told."""

    region: Region
    language: str
    confidence: float | None


@dataclass(frozen=True)
class Window:
    """Speech of one language, decoded at once; `regions` in recording time, in order."""

    language: str
    regions: tuple[Region, ...]

    @cached_property
    def spans(self) -> tuple[Region, ...]:
        """The regions with the short silences between them: what is really decoded."""
        spans: list[Region] = []
        for region in self.regions:
            spans = _join(spans, region)
        return tuple(spans)

    @property
    def duration_s(self) -> float:
        return sum(span.duration_s for span in self.spans)

    def halves(self) -> tuple[Window, ...]:
        """The window in two, parted between the regions nearest to its middle; or itself."""
        if len(self.regions) < 2:
            return (self,)
        middle_s = (self.regions[0].start_s + self.regions[-1].end_s) / 2
        at = min(
            range(1, len(self.regions)),
            key=lambda index: abs(self.regions[index].start_s - middle_s),
        )
        return (
            Window(self.language, self.regions[:at]),
            Window(self.language, self.regions[at:]),
        )

    def cut(self, sound: Sound) -> Samples:
        """The window's samples, shape (n,), out of the recording's sound."""
        pieces = [sound.cut(span.start_s, span.end_s) for span in self.spans]
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

    def in_recording(self, words: Iterable[Word]) -> Iterator[Word]:
        """Words from window time to recording time; each stays within one span."""
        for word in words:
            span, offset_s = self._span_at((word.start_s + word.end_s) / 2)
            start_s = min(max(word.start_s + offset_s, span.start_s), span.end_s)
            end_s = min(max(word.end_s + offset_s, start_s), span.end_s)
            yield replace(word, start_s=round(start_s, 2), end_s=round(end_s, 2))

    def _span_at(self, window_s: float) -> tuple[Region, float]:
        before_s = 0.0
        for span in self.spans:
            if window_s < before_s + span.duration_s or span is self.spans[-1]:
                return span, span.start_s - before_s
            before_s += span.duration_s
        raise AssertionError("a window has at least one span")


def pack(regions: Sequence[HeardRegion], longest_s: float) -> list[Window]:
    """Neighbouring regions of one language, packed into windows of at most `longest_s`."""
    windows: list[Window] = []
    for heard in regions:
        last = windows[-1] if windows else None
        if last is not None and last.language == heard.language:
            grown = Window(heard.language, (*last.regions, heard.region))
            if grown.duration_s <= longest_s:
                windows[-1] = grown
                continue
        windows.append(Window(heard.language, (heard.region,)))
    return windows


def unheard(window: Window, words: Sequence[Word]) -> list[Region]:
    """Stretches of the window that sound like speech and have no word, 1.5 s or longer."""
    covered = [
        (word.start_s - _WORD_MARGIN_S, min(word.end_s, word.start_s + _LONGEST_WORD_S))
        for word in words
    ]
    found = []
    for region in window.regions:
        at_s = region.start_s
        for start_s, end_s in [*covered, (region.end_s, region.end_s)]:
            gap = Region(at_s, min(start_s, region.end_s))
            if gap.duration_s >= _MISSED_S:
                found.append(gap)
            at_s = max(at_s, min(end_s + _WORD_MARGIN_S, region.end_s))
    return found


def sentences(words: Sequence[Word]) -> list[tuple[Word, ...]]:
    """Words of one window as segments: at a sentence's end, a pause, or after 20 s."""
    groups: list[list[Word]] = []
    for word in words:
        if not groups or _starts_anew(groups[-1], word):
            groups.append([])
        groups[-1].append(word)
    return [tuple(group) for group in groups]


def _starts_anew(group: Sequence[Word], word: Word) -> bool:
    last = group[-1]
    if word.start_s - last.end_s > _SENTENCE_PAUSE_S:
        return True
    if word.end_s - group[0].start_s > _LONGEST_SEGMENT_S:
        return True
    ended = _SENTENCE_END.search(last.text) and not _ABBREVIATION.match(last.text)
    first = word.text.lstrip("\"'„“«([–—- ")[:1]
    return bool(ended) and not first.islower()


def _join(spans: Sequence[Region], region: Region) -> list[Region]:
    if spans and region.start_s - spans[-1].end_s <= _KEPT_SILENCE_S:
        return [*spans[:-1], Region(spans[-1].start_s, region.end_s)]
    return [*spans, region]
