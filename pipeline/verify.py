"""Is everything still what it was: masters, `archive.db`, and what is published."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from pipeline import recording as rec
from pipeline.archive import Archive
from pipeline.config import Channel, Config
from pipeline.errors import ArchiveError, MediaError, PipelineError, PublishError, printable
from pipeline.holdings import Holdings, read_holdings
from pipeline.publication import CLIPS_OF, DATABASES, FOLDER, MEDIA_OF, media_of_clip
from pipeline.recording import Recording
from pipeline.report import Progress, Report


@dataclass
class _Fixity:
    """What the masters' bytes say: found hashes by recording id, and files nobody registered."""

    found: dict[str, str | None] = field(default_factory=dict)  # None: not there, or unreadable
    unknown: dict[str, str] = field(default_factory=dict)  # path to sha256


def verify(archive: Archive, config: Config, progress: Progress) -> Report:
    """Re-hashes every master, checks the databases, and what is published against the sidecars.

    Every master's outcome is recorded as an event.
    """
    report = Report("verify")
    recordings = archive.recordings()
    fixity = _hash_all(archive, recordings, progress, report)
    renamed = _masters(archive, recordings, fixity, report)
    for name, sha in fixity.unknown.items():
        _unknown(archive, name, sha, renamed, report)
    for fault in archive.faults():
        report.problem(PublishError(archive.path, f"{fault}.", "Restore the last backup."))
    for recording in recordings:
        for fault in archive.text_faults(recording):
            report.problem(ArchiveError(recording.path, f"{fault}.", "Restore the last backup."))
    holdings = read_holdings(archive, config)
    for problem in holdings.sidecars.problems:
        report.problem(problem)
    for channel in DATABASES:
        _publication(archive, holdings, channel, report)
    return report


def _hash_all(
    archive: Archive, recordings: list[Recording], progress: Progress, report: Report
) -> _Fixity:
    fixity = _Fixity()
    folder = archive.root / rec.FOLDER
    progress.begin("Checking masters", sum(recording.duration_s for recording in recordings))
    for recording in recordings:
        try:
            path = folder / recording.path
            fixity.found[recording.id] = rec.sha256(path) if path.exists() else None
        except PipelineError as error:
            fixity.found[recording.id] = None
            report.problem(error.about(recording.path))
        progress.advance(recording.duration_s)
    progress.end()
    known = {recording.path for recording in recordings}
    for found in rec.walk(folder) if folder.is_dir() else ():
        if isinstance(found, PipelineError):
            report.problem(found)
            continue
        name = found.relative_to(folder).as_posix()
        if name not in known and rec.looks_like_one(found):
            try:
                fixity.unknown[name] = rec.sha256(found)
            except PipelineError as error:
                report.problem(error.about(name))
    return fixity


def _masters(
    archive: Archive, recordings: list[Recording], fixity: _Fixity, report: Report
) -> set[str]:
    """Reports each master and records it; returns the new paths of those that were renamed."""
    places = {sha: name for name, sha in fixity.unknown.items()}
    deleted = archive.deleted()
    renamed = set()
    for recording in recordings:
        expected, found = recording.sha256, fixity.found[recording.id]
        place = places.get(expected) if found is None else None
        if found == expected:
            report.done.append(f"{printable(recording.path)}: intact")
        elif recording.id in deleted:
            report.notes.append(f"{printable(recording.path)}: deleted after its withdrawal.")
            continue
        elif place is not None:
            renamed.add(place)
            report.problem(_renamed(recording, place))
        else:
            report.problem(_missing(recording) if found is None else _damaged(recording, found))
        archive.record(
            "fixity check",
            [recording.id],
            "success" if found == expected else "fail",
            path=recording.path,
            expected=expected,
            found=found or (expected if place else None),
        )
    return renamed


def _missing(recording: Recording) -> MediaError:
    what = f"is missing: expected sha256 {recording.sha256}, found no file."
    return MediaError(recording.path, what, "Bring it back from a copy.")


def _damaged(recording: Recording, found: str) -> MediaError:
    what = f"is damaged or was changed: expected sha256 {recording.sha256}, found {found}."
    return MediaError(recording.path, what, "Bring back the original from a copy.")


def _renamed(recording: Recording, place: str) -> MediaError:
    sha = recording.sha256
    what = f"was renamed to {printable(place)}: expected sha256 {sha}, found {sha} there."
    return MediaError(recording.path, what, "Give it back its name, or run: testimony ingest")


def _unknown(archive: Archive, name: str, sha: str, renamed: set[str], report: Report) -> None:
    if name in renamed:
        return
    twin = archive.recording_with(sha)
    if twin is None:
        what = f"is unknown: expected no such file, found sha256 {sha}."
        report.problem(MediaError(name, what, "Run: testimony ingest"))
    else:
        same = f"{printable(name)}: the same bytes as {printable(twin.path)} (sha256 {sha})."
        report.notes.append(same)


def _publication(archive: Archive, holdings: Holdings, channel: Channel, report: Report) -> None:
    folder = archive.root / FOLDER
    path, media = folder / DATABASES[channel], folder / MEDIA_OF[channel]
    if not path.is_file():
        if channel == "public":
            report.notes.append("Nothing is published yet.")
        return
    try:
        published, named = _read(path)
    except sqlite3.Error as error:
        again = "Run: testimony publish --anew"
        report.problem(PublishError(path, f"is damaged ({error}).", again))
        return
    for ident in published:
        decision = holdings.decide(ident, channel)
        if not decision.allowed:
            what = f"is in {path.name}, but {decision.reason}."
            report.problem(PublishError(ident, what, "Run: testimony publish"))
    there = _names(media)
    elsewhere = _names(folder / MEDIA_OF["public"]) if channel == "researchers" else set()
    for name in sorted(named - there - elsewhere):
        report.problem(PublishError(name, "is published but missing.", "Run: testimony publish"))
    clips = folder / CLIPS_OF[channel]
    for name in sorted(_names(clips)):
        if media_of_clip(name) not in there & named:
            what = f"lies in {CLIPS_OF[channel].as_posix()} without its access copy."
            report.problem(PublishError(name, what, "Run: testimony publish"))
    for name in sorted(there - named):
        what = f"lies in {MEDIA_OF[channel].as_posix()} unasked."
        report.problem(PublishError(name, what, "Run: testimony publish"))


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


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
