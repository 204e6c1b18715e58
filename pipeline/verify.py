"""Is everything still what it was: masters, `archive.db`, and what is published."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from pipeline import recording as rec
from pipeline.archive import Archive
from pipeline.config import Config
from pipeline.consent import may_be_public
from pipeline.errors import MediaError, PipelineError, PublishError, printable
from pipeline.publication import DATABASE, FOLDER, MEDIA
from pipeline.report import Progress, Report


def verify(archive: Archive, config: Config, progress: Progress) -> Report:
    """Re-hashes every master, checks the databases, and what is public against the sidecars."""
    report = Report("verify")
    recordings = archive.recordings()
    progress.begin("Checking masters", sum(recording.duration_s for recording in recordings))
    for recording in recordings:
        path = archive.root / rec.FOLDER / recording.path
        try:
            _master(path, recording.sha256)
            report.done.append(f"{printable(recording.path)}: intact")
        except PipelineError as error:
            report.problem(error.about(recording.path))
        progress.advance(recording.duration_s)
    progress.end()
    _unknown(archive, {recording.path for recording in recordings}, report)
    for fault in archive.faults():
        report.problem(PublishError(archive.path, f"{fault}.", "Restore the last backup."))
    _publication(archive, config, report)
    return report


def _master(path: Path, expected: str) -> None:
    if not path.exists():
        raise MediaError(
            path, f"is missing; expected sha256 {expected}.", "Bring it back from a copy."
        )
    found = rec.sha256(path)
    if found != expected:
        raise MediaError(
            path,
            f"is damaged or was changed: expected sha256 {expected}, found {found}.",
            "Bring back the original from a copy.",
        )


def _unknown(archive: Archive, known: set[str], report: Report) -> None:
    folder = archive.root / rec.FOLDER
    if not folder.is_dir():
        return
    for found in rec.walk(folder):
        if isinstance(found, PipelineError):
            report.problem(found)
            continue
        name = found.relative_to(folder).as_posix()
        if name in known or not rec.looks_like_one(found):
            continue
        try:
            sha = rec.sha256(found)
        except PipelineError as error:
            report.problem(error.about(name))
            continue
        twin = archive.recording_with(sha)
        if twin is None:
            report.problem(MediaError(name, f"is unknown (sha256 {sha}).", "Run: testimony ingest"))
        else:
            report.notes.append(
                f"{printable(name)}: the same bytes as {printable(twin.path)} (sha256 {sha})."
            )


def _publication(archive: Archive, config: Config, report: Report) -> None:
    folder = archive.root / FOLDER
    path = folder / DATABASE
    if not path.is_file():
        report.notes.append("Nothing is published yet.")
        return
    sidecars = archive.sidecars()
    for problem in sidecars.problems:
        report.problem(problem)
    try:
        public, media = _read(path)
    except sqlite3.Error as error:
        report.problem(
            PublishError(path, f"is damaged ({error}).", "Run: testimony publish --anew")
        )
        return
    for ident in public:
        decision = may_be_public(sidecars.by_id.get(ident), config.access)
        if not decision.allowed:
            report.problem(
                PublishError(ident, f"is public, but {decision.reason}.", "Run: testimony publish")
            )
    there = {p.name for p in (folder / MEDIA).iterdir()} if (folder / MEDIA).is_dir() else set()
    for name in sorted(media - there):
        report.problem(PublishError(name, "is published but missing.", "Run: testimony publish"))
    for name in sorted(there - media):
        report.problem(
            PublishError(name, "lies in the public folder unasked.", "Run: testimony publish")
        )


def _read(path: Path) -> tuple[list[str], set[str]]:
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        fault = connection.execute("PRAGMA integrity_check").fetchone()[0]
        if fault != "ok":
            raise sqlite3.DatabaseError(fault)
        public = [row[0] for row in connection.execute("SELECT id FROM testimonies ORDER BY id")]
        media = connection.execute("SELECT media FROM recordings WHERE media IS NOT NULL")
        return public, {row[0] for row in media}
    finally:
        connection.close()
