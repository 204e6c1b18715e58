"""Where someone speaks: Silero's voice activity model, as faster-whisper ships it."""

from __future__ import annotations

import numpy as np
from faster_whisper.vad import get_vad_model

from pipeline.sound import RATE_HZ, Samples
from pipeline.windows import Region, Speech

_FRAME = 512
_FRAME_S = _FRAME / RATE_HZ
# Speech goes on until the probability has stayed this far below the threshold for a pause.
_HYSTERESIS = 0.15
_PAUSE_S = 0.4
# A quiet first syllable costs more than a little silence: pad generously.
_PAD_S = 0.3
# Long enough to name a language, short enough to hear it change.
_LONGEST_REGION_S = 10.0
_SHORTEST_PIECE_S = 2.0


def listen(samples: Samples, threshold: float) -> Speech:
    """How likely speech is in each frame, and the regions where it is."""
    if not len(samples):
        return Speech((), np.zeros(0, np.float32), _FRAME_S)
    padded = np.pad(samples, (0, -len(samples) % _FRAME))
    probabilities = np.asarray(get_vad_model()(padded), np.float32).ravel()
    regions = find(probabilities, threshold, len(samples) / RATE_HZ)
    return Speech(tuple(regions), probabilities, _FRAME_S)


def find(
    probabilities: np.ndarray[tuple[int], np.dtype[np.float32]], threshold: float, end_s: float
) -> list[Region]:
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


def _runs(
    probabilities: np.ndarray[tuple[int], np.dtype[np.float32]], threshold: float
) -> list[tuple[int, int]]:
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


def _split(
    probabilities: np.ndarray[tuple[int], np.dtype[np.float32]], first: int, last: int
) -> list[tuple[int, int]]:
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
