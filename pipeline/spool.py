"""A recording's decoded sound on disk, so that six hours need no more memory than ten minutes.

The file has no name and is gone with the process, however that ends: it may hold what is sealed.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from threading import Lock

import numpy as np
import numpy.typing as npt

from pipeline.sound import RATE_HZ, Samples

_BYTES = 2


class Spool:
    """Sound as 16-bit samples in a temporary file: 115 MB an hour. Threads may share it."""

    def __init__(self) -> None:
        # Closed, and so gone, with this object: a thread may still be reading.
        self._file = tempfile.TemporaryFile(dir=folder(), buffering=0)  # noqa: SIM115
        self._lock = Lock()
        self._samples = 0

    @property
    def duration_s(self) -> float:
        return self._samples / RATE_HZ

    def append(self, block: npt.NDArray[np.int16]) -> None:
        """Adds mono samples at 16 000 Hz to the end."""
        with self._lock:
            self._file.seek(0, os.SEEK_END)
            data = memoryview(block.tobytes())
            while data:
                data = data[self._file.write(data) :]
            self._samples += len(block)

    def cut(self, start_s: float, end_s: float) -> Samples:
        """The samples from `start_s` to `end_s` in -1..1, shape (n,)."""
        first = max(0, round(start_s * RATE_HZ))
        count = max(0, min(round(end_s * RATE_HZ), self._samples) - first)
        with self._lock:
            self._file.seek(first * _BYTES)
            data = bytearray()
            while len(data) < count * _BYTES:
                data += self._file.read(count * _BYTES - len(data))
        return np.frombuffer(data, np.int16).astype(np.float32) / 32768.0


def folder() -> str | None:
    """TMPDIR where it is set; else /var/tmp, since /tmp may itself lie in memory."""
    lasting = Path("/var/tmp")  # noqa: S108 (its files have no name there)
    return str(lasting) if "TMPDIR" not in os.environ and lasting.is_dir() else None
