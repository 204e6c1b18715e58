"""What sound is, inside this package: mono samples in -1..1 at one rate."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

RATE_HZ = 16_000
Samples = npt.NDArray[np.float32]
