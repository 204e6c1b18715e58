"""One pipeline at a time on one archive; the second is told who is at work."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from pipeline.errors import ArchiveError

FILE = "archive.db.lock"
_HOLDER = "archive.db.holder"


@contextmanager
def held(root: Path, command: str) -> Iterator[None]:
    """Holds the archive for `command`; the system lets go of it however the process ends.

    Raises ArchiveError, naming the holder, where another process has it.
    """
    lock = FileLock(root / FILE)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ArchiveError(
            root,
            f"another pipeline is at work on it: {_holder(root)}.",
            "Wait for it to end, or stop it, then run again.",
        ) from error
    except OSError as error:
        raise ArchiveError(
            root, f"cannot be locked ({error.strerror}).", "Check the folder and its permissions."
        ) from error
    try:
        said = {
            "command": command,
            "process": os.getpid(),
            "host": platform.node(),
            "since": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        with suppress(OSError):  # a full disk is said where it matters
            (root / _HOLDER).write_text(json.dumps(said), encoding="utf-8")
        yield
    finally:
        (root / _HOLDER).unlink(missing_ok=True)
        lock.release()


def command(root: Path) -> str | None:
    """The command that says it holds the archive; None where none does."""
    with suppress(OSError, ValueError, KeyError):
        return str(json.loads((root / _HOLDER).read_text(encoding="utf-8"))["command"])
    return None


def _holder(root: Path) -> str:
    try:
        said = json.loads((root / _HOLDER).read_text(encoding="utf-8"))
        return (
            f"testimony {said['command']}, process {said['process']} on {said['host']},"
            f" since {said['since']}"
        )
    except (OSError, ValueError, KeyError):
        return "it has not said which"
