"""Withdrawal: a testimony leaves everything that was published, and stays away."""

from __future__ import annotations

from pathlib import Path

from pipeline import listening, withdrawn
from pipeline import recording as rec
from pipeline.archive import Archive, now
from pipeline.config import Config
from pipeline.errors import MediaError, UsageError, printable
from pipeline.exports import must_be_known
from pipeline.publish import publish
from pipeline.recording import Recording
from pipeline.report import Progress, Report


def withdraw(
    archive: Archive, config: Config, ident: str, reason: str, progress: Progress
) -> Report:
    """Closes a testimony whatever its sidecar says, and publishes without it.

    Where the report is ok, nothing of it is published any more. Doing it again is harmless.
    """
    must_be_known(archive, ident)
    # The note comes first: should anything below fail, the next publish takes it out.
    withdrawn.add(archive.root, ident, now(), reason)
    if ident not in archive.withdrawn():
        archive.record("withdrawal", [ident], reason=reason)
    mine = [r for r in archive.recordings() if r.testimony_id == ident]
    listening.remove(archive.root, mine)
    published = publish(archive, config, progress)
    report = Report("withdraw")
    if not published.facts["current"]:
        report.problems += published.problems
        return report
    report.done.append(ident)
    report.notes += [*published.problems, *_left(archive, ident), *_exported(archive, ident)]
    return report


def masters(archive: Archive, ident: str) -> list[Recording]:
    """The masters of a testimony that are still there."""
    return [
        recording
        for recording in archive.recordings()
        if recording.testimony_id == ident and _path(archive, recording).exists()
    ]


def delete_masters(archive: Archive, ident: str) -> Report:
    """Deletes the masters of a withdrawn testimony, each recorded with its sha256.

    The file system may keep their bytes, and backups do: both are the archivist's to see to.
    """
    if ident not in archive.withdrawn():
        raise UsageError(ident, "was not withdrawn.", "Withdraw it first.")
    report = Report("delete masters")
    for recording in masters(archive, ident):
        path = _path(archive, recording)
        try:
            path.unlink()
        except OSError as error:
            what = f"cannot be deleted ({error.strerror})."
            report.problem(MediaError(recording.path, what, "Check the folder's permissions."))
            continue
        archive.record("deletion", [recording.id], path=recording.path, sha256=recording.sha256)
        report.done.append(printable(recording.path))
    return report


def _left(archive: Archive, ident: str) -> list[str]:
    """What a person still has to decide."""
    return [
        f"{printable(recording.path)}: the master is still here (sha256 {recording.sha256})."
        for recording in masters(archive, ident)
    ]


def _exported(archive: Archive, ident: str) -> list[str]:
    """Every copy that was ever made for somebody, out of the log; nobody can call them back."""
    return [
        f"{printable(said['path'])}: exported {at} as {said['format']} ({_sum(said)});"
        " delete it, and ask whoever has a copy."
        for at, said in (
            (event["at"], event["detail"])
            for event in archive.events(ident)
            if event["type"] == "export"
        )
    ]


def _sum(said: dict[str, str]) -> str:
    """The checksum of an export: a bag's is that of its manifest."""
    if "manifest_sha256" in said:
        return f"manifest sha256 {said['manifest_sha256']}"
    return f"sha256 {said['sha256']}"


def _path(archive: Archive, recording: Recording) -> Path:
    return archive.root / rec.FOLDER / recording.path
