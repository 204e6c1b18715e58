"""What the libraries below the engines do with memory: less of it, and none of it kept for long."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress

# glibc's numbers (malloc.h), and what its threads then do.
_MALLOC = {
    -8: 1,  # M_ARENA_MAX: all use what any of them has freed; else each keeps its own most
    # M_MMAP_THRESHOLD, its highest: a window's pieces are used again instead of asked for anew,
    -3: 32 << 20,  # which took the system a tenth of the time
    -1: 64 << 20,  # M_TRIM_THRESHOLD: what is free at the end goes back from here on
}
# oneDNN multiplies for CTranslate2 on processors that are not Intel's.
_KERNELS_KEPT = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"


def be_sparing() -> None:
    """For this process; counts only before engines are imported and other threads begin to work.

    oneDNN keeps no compiled kernel. It would keep 1,024, and makes one for every new length of a
    window; they lie between pieces that are freed, which can then not be used as one: 190 MB
    after an hour of sound, and more pieces to look through.
    """
    with suppress(AttributeError, OSError):
        library = ctypes.CDLL(None)
        for what, value in _MALLOC.items():
            library.mallopt(what, value)
    os.environ.setdefault(_KERNELS_KEPT, "0")


def give_back() -> None:
    """Returns to the system what is free, all of it."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
