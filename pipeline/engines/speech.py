"""Where someone speaks: Silero's voice activity model, as faster-whisper ships it."""

from __future__ import annotations

from faster_whisper.vad import VadOptions, get_speech_timestamps

from pipeline.sound import RATE_HZ, Samples
from pipeline.windows import Region

# A quiet first syllable costs more than a little silence: pad generously.
_PAD_MS = 300
_PAUSE_MS = 400
# Long enough to name a language, short enough to hear it change.
_LONGEST_REGION_S = 10.0


def find(samples: Samples, threshold: float) -> list[Region]:
    """Regions in order, without overlap, none longer than about 10 s."""
    found = get_speech_timestamps(
        samples,
        VadOptions(
            threshold=threshold,
            min_silence_duration_ms=_PAUSE_MS,
            speech_pad_ms=_PAD_MS,
            max_speech_duration_s=_LONGEST_REGION_S,
        ),
    )
    return [Region(part["start"] / RATE_HZ, part["end"] / RATE_HZ) for part in found]
