"""New transcripts of what already has a text: they wait until a person accepts them."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.archive import Archive
from pipeline.corrections import Correction
from pipeline.errors import UsageError, printable
from pipeline.exports import must_be_known
from pipeline.placing import Placement
from pipeline.recording import Recording
from pipeline.report import Report


def waiting(archive: Archive, only: Sequence[str] = ()) -> list[Recording]:
    """The recordings, of these testimonies or of all, for which a new transcript waits."""
    gone = archive.hidden()
    return [
        recording
        for recording in archive.recordings()
        if recording.waiting_run_id is not None
        and recording.testimony_id not in gone
        and (not only or recording.testimony_id in only)
    ]


def accept(archive: Archive, only: Sequence[str]) -> Report:
    """From now on the new transcripts count, with every correction in its place.

    `only` are testimony ids; without any, all that wait.
    """
    must_be_known(archive, *only)
    report = Report("accept")
    wait = waiting(archive, only)
    idle = [ident for ident in only if ident not in {r.testimony_id for r in wait}]
    report.unchanged += idle
    for recording in wait:
        placements = archive.accept(recording)
        name = printable(recording.path)
        report.done.append(name)
        said = {c.id: c for c in archive.corrections(recording)}
        report.notes += [
            f"{name}, {in_words(said[p.correction_id], p)}" for p in placements if p.how != "text"
        ]
    if report.done:
        report.notes.append("What is published has not changed yet. Run: testimony publish")
    return report


def in_words(correction: Correction, placement: Placement) -> str:
    """Where a correction stands that text did not place, and why a person should look."""
    how = {"time": "placed by its time only", "nowhere": "stands where the new run has no words"}
    detail = f" ({placement.detail})" if placement.detail else ""
    said = correction.after.replace("\n", " / ") or "nothing said"
    return f"{correction.when}: {how[placement.how]}{detail}: {said!r}"


def must_say_which(only: Sequence[str], everything: bool) -> None:
    """Raises UsageError where neither ids nor all are asked for, or both."""
    if bool(only) == everything:
        what = "expected either testimonies or --all."
        raise UsageError("accept", what, "What waits: testimony status")
