"""What sound is, inside this package: mono samples in -1..1 at one rate."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

RATE_HZ = 16_000
Samples = npt.NDArray[np.float32]


class Sound(Protocol):
    """A recording's decoded sound, of which any stretch can be had."""

    @property
    def duration_s(self) -> float: ...

    def cut(self, start_s: float, end_s: float) -> Samples:
        """The samples from `start_s` to `end_s`, shape (n,); fewer where the sound ends."""
        ...
