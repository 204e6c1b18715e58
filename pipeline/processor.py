"""How the libraries below the engines use the processor: all of it, without idle waiting."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

# CTranslate2 takes its widest kernels by itself only on processors of Intel.
_KERNELS = "CT2_FORCE_CPU_ISA"
_WIDEST = "AVX512"
_NEEDED = frozenset({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"})
_WHAT_LINUX_KNOWS = Path("/proc/cpuinfo")


def use_it_well() -> None:
    """For this process; counts only before CTranslate2 is imported.

    NumPy's threads wait busily for more work, on the cores that an engine's lanes need; what it
    multiplies here is small.
    """
    from threadpoolctl import threadpool_limits  # comes with what transcribes

    threadpool_limits(1, user_api="blas")
    if _can(_NEEDED):
        os.environ.setdefault(_KERNELS, _WIDEST)


def _can(needed: frozenset[str]) -> bool:
    with suppress(OSError):
        for line in _WHAT_LINUX_KNOWS.read_text(encoding="ascii", errors="replace").splitlines():
            name, _, flags = line.partition(":")
            if name.strip() == "flags":
                return needed <= set(flags.split())
    return False
