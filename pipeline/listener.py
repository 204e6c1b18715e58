"""A known text in a stretch of a recording: when each of its words is spoken there.

Loads the engine and the sound when it is first asked, which is seldom: only for lines that the
machine did not hear for itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from pipeline import audio
from pipeline.config import Config
from pipeline.engines import Clip
from pipeline.engines.choose import ConfiguredEngines, Engines
from pipeline.errors import PipelineError
from pipeline.sound import Sound
from pipeline.transcript import Segment, Word
from pipeline.windows import Region, Speech, Window

_SHORTEST_S = 0.1


class Listener:
    """Asks the configured engine about one recording; `heard` tells the language around."""

    def __init__(self, root: Path, config: Config, master: Path, heard: Sequence[Segment]) -> None:
        self._root, self._config, self._master = root, config, master
        self._heard = heard

    def __call__(self, text: str, start_s: float, end_s: float) -> Sequence[Word] | None:
        """The words with their times in the recording, and how well the model hears each; None
        where there is no engine, no sound, or no speech."""
        try:
            regions = tuple(
                Region(max(one.start_s, start_s), min(one.end_s, end_s))
                for one in self._speech.regions
                if one.end_s > start_s + _SHORTEST_S and one.start_s < end_s - _SHORTEST_S
            )
            if not regions:
                return None
            window = Window(self._language(start_s), regions)
            clip = Clip(window.cut(self._sound), window.language)
            (words,) = self._engines.engine(window.language).align([clip], [text])
        except (PipelineError, RuntimeError):
            # No engine, no master here, or more words than the model can hold.
            return None
        return tuple(window.in_recording(words))

    @cached_property
    def _engines(self) -> Engines:
        return ConfiguredEngines(self._root, self._config)

    @cached_property
    def _sound(self) -> Sound:
        return audio.decode(self._master, shown=self._master.name)

    @cached_property
    def _speech(self) -> Speech:
        return self._engines.speech(self._sound, self._config.transcription.speech_threshold)

    def _language(self, at_s: float) -> str:
        near = [one for one in self._heard if one.language]
        if not near:
            return self._config.languages[0]
        return min(near, key=lambda one: abs(one.end_s - at_s)).language or ""
