"""A copy of `archive.db` that is whole, also while the pipeline runs, and the way back."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from pipeline import recording as rec
from pipeline import withdrawn
from pipeline.archive import FILE, Archive, now
from pipeline.errors import ArchiveError, UsageError
from pipeline.report import Report


def backup(archive: Archive, target: Path) -> Report:
    """Copies `archive.db` to `target`, a new file, checks the copy, and records its sha256."""
    report = Report("backup")
    if target.is_dir():
        target = target / f"archive-{now().replace(':', '')}.db"
    if target.exists():
        raise UsageError(target, "is already there.", "Name a file that is not, or a folder.")
    draft = target.with_name(f".{target.name}.new")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = sqlite3.connect(draft)
        try:
            # In one step: in WAL mode others write on meanwhile, and their writes start it anew.
            archive.db.conn.backup(copy)
            # A copy is one file, for as long as nobody writes to it.
            copy.execute("PRAGMA journal_mode = DELETE")
        finally:
            copy.close()
        _must_be_whole(draft)
        os.replace(draft, target)
    except (OSError, sqlite3.Error) as error:
        draft.unlink(missing_ok=True)
        what = f"could not be written ({getattr(error, 'strerror', None) or error})."
        raise ArchiveError(target, what, "Check the disk, then run again.") from error
    sha = rec.sha256(target)
    archive.record("backup", [FILE], path=str(target), sha256=sha)
    report.done.append(f"{target} (sha256 {sha})")
    report.facts |= {"path": str(target), "sha256": sha}
    return report


def restore(root: Path, source: Path) -> Report:
    """Puts a backup in the place of `archive.db`, which is kept beside it.

    What was withdrawn since stays withdrawn: `metadata/withdrawn.yaml` is not part of a backup.
    """
    report = Report("restore")
    _must_be_whole(source)
    current, draft = root / FILE, root / f".{FILE}.new"
    try:
        if current.exists():
            report.notes.append(f"What was here is kept as {_keep_aside(root, current).name}.")
        _copy(source, draft)
        os.replace(draft, current)
    except (OSError, sqlite3.Error) as error:
        draft.unlink(missing_ok=True)
        what = f"could not be restored ({getattr(error, 'strerror', None) or error})."
        raise ArchiveError(source, what, "Check the disk, then run again.") from error
    with Archive(root) as archive:
        faults = archive.faults()
        recordings, testimonies = len(archive.recordings()), len(archive.testimonies())
    for fault in faults:
        report.problem(ArchiveError(current, f"{fault}.", "Restore another backup."))
    report.done.append(f"{testimonies} testimonies, {recordings} recordings")
    gone = len(withdrawn.read(root))
    report.notes.append(f"{gone} testimonies are noted as withdrawn. Run: testimony publish")
    return report


def _keep_aside(root: Path, current: Path) -> Path:
    kept = root / f"archive-before-restore-{now().replace(':', '')}.db"
    try:
        _copy(current, kept)  # with what still lies in its log
    except sqlite3.Error:
        current.rename(kept)  # damaged: as it is
    for name in (f"{FILE}-wal", f"{FILE}-shm"):
        (root / name).unlink(missing_ok=True)
    return kept


def _copy(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    address = f"{source.absolute().as_uri()}?mode=ro"
    read, write = sqlite3.connect(address, uri=True), sqlite3.connect(target)
    try:
        read.backup(write)
        write.execute("PRAGMA journal_mode = DELETE")
    finally:
        read.close()
        write.close()


def _must_be_whole(path: Path) -> None:
    if not path.is_file():
        raise UsageError(path, "is not there.", "Name a file that `testimony backup` wrote.")
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        rows = [row[0] for row in connection.execute("PRAGMA integrity_check")]
        fault = None if rows == ["ok"] else "; ".join(rows[:3])
        connection.execute("SELECT count(*) FROM recordings").fetchone()
    except sqlite3.Error as error:
        fault = str(error)
    finally:
        connection.close()
    if fault is not None:
        raise ArchiveError(path, f"is no whole archive.db ({fault}).", "Take another backup.")
