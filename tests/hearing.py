"""Fake hearing that takes its time, for tests that kill the one who hears."""

from __future__ import annotations

import os
import signal
import time
import zlib
from dataclasses import dataclass

from pipeline.engines import Clip, Lanes
from pipeline.engines.fake import FakeEngine, FakeEngines
from pipeline.sound import Sound
from pipeline.windows import Speech


@dataclass(frozen=True)
class MakeSlow:
    """Engines that take `delay_s` for a clip and say words that only this clip has.

    A recording of `deadly_s` kills whoever listens to it.
    """

    delay_s: float
    deadly_s: float | None = None

    def __call__(self, lanes: Lanes) -> FakeEngines:
        return _Slow(self)


class _Slow(FakeEngines):
    def __init__(self, asked: MakeSlow) -> None:
        super().__init__(FakeEngine(text=self._say), region_s=1.0)
        self._asked = asked

    def speech(self, sound: Sound, threshold: float) -> Speech:
        if sound.duration_s == self._asked.deadly_s:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().speech(sound, threshold)

    def _say(self, clip: Clip) -> str:
        time.sleep(self._asked.delay_s)
        return f"Words number {zlib.crc32(clip.samples.tobytes())}."
