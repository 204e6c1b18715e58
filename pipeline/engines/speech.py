"""Where someone speaks: Silero's voice activity model, as faster-whisper ships it."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from faster_whisper.vad import get_vad_model

from pipeline.sound import RATE_HZ, Sound
from pipeline.windows import Region, Speech

_FRAME = 512
_FRAME_S = _FRAME / RATE_HZ
_CONTEXT = 64
# A whole number of frames; decoded and judged at once.
_BLOCK_S = 250 * _FRAME_S
# Speech goes on until the probability has stayed this far below the threshold for a pause.
_HYSTERESIS = 0.15
_PAUSE_S = 0.4
# A quiet first syllable costs more than a little silence: pad generously.
_PAD_S = 0.3
# Long enough to name a language, short enough to hear it change.
_LONGEST_REGION_S = 10.0
_SHORTEST_PIECE_S = 2.0


def listen(sound: Sound, threshold: float) -> Speech:
    """How likely speech is in each frame, and the regions where it is."""
    probabilities = _probabilities(sound)
    regions = find(probabilities, threshold, sound.duration_s)
    return Speech.of(regions, probabilities, _FRAME_S, sound.duration_s)


def _probabilities(sound: Sound) -> npt.NDArray[np.float32]:
    """Silero's opinion of each frame, block by block: what it remembers goes from one to the next.

    A frame is 512 samples with the 64 before it; the model's memory is `h` and `c`. Opinions are
    copied: small arrays that are kept lie between large ones that are freed, and then neither
    is used again (2.9 GB for six hours).
    """
    opinions = np.zeros(math.ceil(sound.duration_s / _FRAME_S), np.float32)
    done = 0
    session = get_vad_model().session
    h = c = np.zeros((1, 1, 128), np.float32)
    before = np.zeros(_CONTEXT, np.float32)
    at_s = 0.0
    while at_s < sound.duration_s:
        block = sound.cut(at_s, at_s + _BLOCK_S)
        at_s += _BLOCK_S
        block = np.concatenate([before, block, np.zeros(-len(block) % _FRAME, np.float32)])
        frames = np.lib.stride_tricks.sliding_window_view(block, _FRAME + _CONTEXT)[::_FRAME]
        said, h, c = session.run(None, {"input": np.ascontiguousarray(frames), "h": h, "c": c})
        before = block[-_CONTEXT:]
        opinions[done : done + said.size] = said.ravel()[: len(opinions) - done]
        done += said.size
    return opinions[:done]


def find(probabilities: npt.NDArray[np.float32], threshold: float, end_s: float) -> list[Region]:
    """Regions in order, without overlap, none longer than 10 s, out of frame probabilities."""
    spoken = _runs(probabilities, threshold)
    pieces = [piece for first, last in spoken for piece in _split(probabilities, first, last)]
    regions = []
    for index, (first, last) in enumerate(pieces):
        before_s = pieces[index - 1][1] * _FRAME_S if index else 0.0
        after_s = pieces[index + 1][0] * _FRAME_S if index + 1 < len(pieces) else end_s
        start_s, stop_s = first * _FRAME_S, last * _FRAME_S
        # Neighbours share the silence between them; none reaches into the other's speech.
        start_s -= min(_PAD_S, max(0.0, (start_s - before_s) / (2 if index else 1)))
        stop_s += min(_PAD_S, max(0.0, (after_s - stop_s) / (2 if index + 1 < len(pieces) else 1)))
        regions.append(Region(round(start_s, 3), round(min(stop_s, end_s), 3)))
    return regions


def _runs(probabilities: npt.NDArray[np.float32], threshold: float) -> list[tuple[int, int]]:
    """Runs of frames with speech, [first, last), pauses shorter than 0.4 s included."""
    runs: list[tuple[int, int]] = []
    pause = round(_PAUSE_S / _FRAME_S)
    start = quiet_since = None
    for frame, probability in enumerate(probabilities):
        if start is None:
            if probability >= threshold:
                start, quiet_since = frame, None
        elif probability >= max(threshold - _HYSTERESIS, 0.01):
            quiet_since = None
        elif quiet_since is None:
            quiet_since = frame
        elif frame - quiet_since >= pause:
            runs.append((start, quiet_since))
            start = None
    if start is not None:
        runs.append((start, quiet_since if quiet_since is not None else len(probabilities)))
    return runs


def _split(probabilities: npt.NDArray[np.float32], first: int, last: int) -> list[tuple[int, int]]:
    """A run in pieces of at most 10 s less their padding, parted where speech is least likely."""
    longest = round((_LONGEST_REGION_S - 2 * _PAD_S) / _FRAME_S)
    if last - first <= longest:
        return [(first, last)]
    edge = round(_SHORTEST_PIECE_S / _FRAME_S)
    low, high = first + edge, min(first + longest, last - edge)
    # Three frames smoothed: one quiet frame inside a word is no pause.
    smooth = np.convolve(probabilities[low - 1 : high + 1], np.ones(3) / 3, "valid")
    at = low + int(smooth.argmin())
    return [(first, at), *_split(probabilities, at, last)]
