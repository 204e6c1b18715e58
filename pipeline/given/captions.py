"""WebVTT and SubRip of other projects."""

from __future__ import annotations

import re

from pipeline import cuefile
from pipeline.given import Given, GivenLine
from pipeline.given.speakers import parted

_RECORDING = re.compile(r"\brecording ([0-9a-f]{16})\b")


def read(raw: bytes, name: object) -> Given:
    """A file of captions. Raises CueFileError with everything that is wrong with it."""
    file = cuefile.read(raw, name)
    voices = parted([cue.text for cue in file.cues]) if file.form == "srt" else None
    lines = []
    for n, cue in enumerate(file.cues):
        speaker, text = voices[n] if voices else (cue.speaker, cue.text)
        if text:
            lines.append(
                GivenLine(
                    f"line {cue.line}",
                    text,
                    cue.start_ms / 1000,
                    cue.end_ms / 1000,
                    speaker,
                    cue.language,
                )
            )
    told = _RECORDING.search("\n".join(file.notes))
    form = "WebVTT" if file.form == "vtt" else "SubRip"
    return Given(form, tuple(lines), recording_id=told[1] if told else None)
