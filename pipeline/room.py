"""A folder of files that can be made again: what is kept of them is bounded."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def forget_oldest(
    folder: Path, most_bytes: int, may_go: Callable[[Path], bool] = lambda path: True
) -> None:
    """Those that nobody has asked for longest go first, until the rest is small enough."""
    kept = []
    for entry in os.scandir(folder):
        with suppress(FileNotFoundError):
            found = entry.stat()
            kept.append((found.st_mtime_ns, found.st_size, Path(entry.path)))
    total = sum(size for _, size, _ in kept)
    for _, size, path in sorted(kept):
        if total <= most_bytes:
            return
        if may_go(path):
            path.unlink(missing_ok=True)
            total -= size
