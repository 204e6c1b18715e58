"""Copies that reviewers listen to: whole, also of what is closed, outside of what is published.

The folder is the owner's alone. What is kept is bounded, and leaves with a withdrawal.
"""

from __future__ import annotations

from pathlib import Path

from pipeline import audio
from pipeline import recording as rec
from pipeline.errors import AudioError
from pipeline.recording import Recording
from pipeline.room import forget_oldest

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
    # Never the one just made, nor one that is being made.
    forget_oldest(target.parent, _KEPT_BYTES, lambda path: path != target and path.suffix == ".m4a")


def remove(root: Path, recordings: list[Recording]) -> None:
    """Takes the copies of these recordings away, also a half-written one."""
    for recording in recordings:
        target = path(root, recording)
        for name in (target.name, audio.draft_name(target.name)):
            target.with_name(name).unlink(missing_ok=True)
