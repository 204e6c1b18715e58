"""What glibc does with memory that engines have freed; nothing, with another C library."""

from __future__ import annotations

import ctypes
from contextlib import suppress

_M_ARENA_MAX = -8  # glibc's number for it (malloc.h)


def share_one_arena() -> None:
    """All threads use what any of them has freed; else each keeps its own most.

    Counts for arenas that are not there yet: to be called before other threads begin to work.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def give_back() -> None:
    """Returns what is free to the system, which glibc would keep for later."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
