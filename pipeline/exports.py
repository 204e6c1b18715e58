"""Where exports lie: what all ways out of the archive to a file have in common."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from pipeline import publication
from pipeline import recording as rec
from pipeline.archive import Archive
from pipeline.errors import ArchiveError, UsageError, printable

FOLDER = Path("exports")
# It may have what is closed: it may not lie where it would be served, or taken for something else.
_NOT_BELOW = (publication.FOLDER, rec.FOLDER, Path("metadata"))


def must_be_known(archive: Archive, *idents: str) -> None:
    """Raises UsageError, which names them, where the archive has no such testimonies."""
    if strangers := [ident for ident in idents if archive.testimony(ident) is None]:
        what = "is no testimony of this archive."
        raise UsageError(", ".join(strangers), what, "See: testimony status")


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


def write(archive: Archive, ident: str, target: Path, text: str, **facts: object) -> str:
    """Writes one file of a testimony, records it with these facts, and returns its sha256."""
    raw = text.encode()
    sha = hashlib.sha256(raw).hexdigest()
    draft = target.with_name(f".{target.name}.new")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(raw)
        if facts.get("channel") == "editing":
            draft.chmod(0o600)
        # First the log: no copy may exist that `withdraw` cannot name.
        archive.record("export", [ident], "success", path=str(target), sha256=sha, **facts)
        os.replace(draft, target)
    except OSError as error:
        what = f"could not be written ({printable(error)})."
        raise ArchiveError(target, what, "Mend that, then run again.") from error
    finally:
        with suppress(OSError):
            draft.unlink()
    return sha
