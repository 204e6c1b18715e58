"""How a process that transcribes uses the processor."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from pipeline import processor

WIDE = "avx2 avx512f avx512bw avx512cd avx512dq avx512vl"


@pytest.mark.parametrize(
    ("flags", "said", "used"),
    [
        (WIDE, None, "AVX512"),
        (WIDE, "AVX2", "AVX2"),  # what a person says counts
        (WIDE.replace(" avx512vl", ""), None, None),  # CTranslate2 would not start
        (None, None, None),  # no Linux
    ],
)
def test_the_widest_kernels_only_where_the_processor_has_all_they_need(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    flags: str | None,
    said: str | None,
    used: str | None,
) -> None:
    known = tmp_path / "cpuinfo"
    if flags:
        known.write_text(f"processor\t: 0\nflags\t\t: fpu {flags}\n\nprocessor\t: 1\n")
    monkeypatch.setattr(processor, "_WHAT_LINUX_KNOWS", known)
    # Set before it is taken away, so that what `use_it_well` writes is undone.
    monkeypatch.setenv("CT2_FORCE_CPU_ISA", said or "")
    if said is None:
        del os.environ["CT2_FORCE_CPU_ISA"]
    with threadpool_limits(None):
        processor.use_it_well()
    assert os.environ.get("CT2_FORCE_CPU_ISA") == used


def test_numpy_multiplies_with_one_thread() -> None:
    with threadpool_limits(2, user_api="blas"):
        processor.use_it_well()
        blas = [one for one in threadpool_info() if one["user_api"] == "blas"]
        assert blas
        assert {one["num_threads"] for one in blas} == {1}
