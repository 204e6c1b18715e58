"""Copies that reviewers listen to: whole, also of what is closed, outside of what is published.

The folder is the owner's alone. What is kept is bounded, and leaves with a withdrawal.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from pipeline import audio
from pipeline import recording as rec
from pipeline.errors import AudioError
from pipeline.recording import Recording

FOLDER = Path("listening")
_OWNER_ONLY = 0o700
_KEPT_BYTES = 5_000_000_000  # some 140 hours


def path(root: Path, recording: Recording) -> Path:
    """Where a recording's copy is, or will be."""
    return root / FOLDER / f"{recording.id}.m4a"


def make(root: Path, recording: Recording) -> None:
    """Writes the copy: the sound alone, unredacted. An hour of it takes about half a minute.

    Raises AudioError.
    """
    target = path(root, recording)
    try:
        target.parent.mkdir(mode=_OWNER_ONLY, exist_ok=True)
        target.parent.chmod(_OWNER_ONLY)
    except OSError as error:
        what = f"its listening copy could not be kept ({error.strerror})."
        raise AudioError(recording.path, what, "Check the folder's permissions.") from error
    audio.write_access_copy(
        root / rec.FOLDER / recording.path,
        target,
        title="",
        comment="",
        video=False,
        shown=recording.path,
    )
    _forget_oldest(target)


def remove(root: Path, recordings: list[Recording]) -> None:
    """Takes the copies of these recordings away, also a half-written one."""
    for recording in recordings:
        target = path(root, recording)
        for name in (target.name, audio.draft_name(target.name)):
            target.with_name(name).unlink(missing_ok=True)


def _forget_oldest(newest: Path) -> None:
    """Those that nobody has listened to longest go first; never the one just made."""
    kept = []
    for entry in os.scandir(newest.parent):
        with suppress(FileNotFoundError):
            found = entry.stat()
            kept.append((found.st_mtime_ns, found.st_size, Path(entry.path)))
    total = sum(size for _, size, _ in kept)
    for _, size, old in sorted(kept):
        if total <= _KEPT_BYTES:
            return
        if old != newest and old.suffix == ".m4a":
            old.unlink(missing_ok=True)
            total -= size
