"""Where exports lie: what all ways out of the archive to a file have in common."""

from __future__ import annotations

from pathlib import Path

from pipeline import publication
from pipeline import recording as rec
from pipeline.archive import Archive
from pipeline.errors import UsageError

FOLDER = Path("exports")
# It may have what is closed: it may not lie where it would be served, or taken for something else.
_NOT_BELOW = (publication.FOLDER, rec.FOLDER, Path("metadata"))


def must_be_known(archive: Archive, ident: str) -> None:
    """Raises UsageError where the archive has no such testimony."""
    if archive.testimony(ident) is None:
        raise UsageError(ident, "is no testimony of this archive.", "See: testimony status")


def free_place(root: Path, folder: Path | None, name: str) -> Path:
    """`folder`/`name`, or `exports/name` in the archive; nothing may be there yet."""
    target = (root / FOLDER if folder is None else folder).absolute() / name
    for kept in _NOT_BELOW:
        if target.resolve().is_relative_to((root / kept).resolve()):
            what = f"lies below the archive's {kept}/, where no export may be."
            raise UsageError(target, what, "Name another folder.")
    if target.exists() or target.is_symlink():
        what = "is already there, and nothing is overwritten."
        raise UsageError(target, what, "Name another folder with --to, or move that one away.")
    return target
