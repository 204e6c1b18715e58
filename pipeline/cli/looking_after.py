"""Commands that look after an archive: where it stands, fixity, withdrawal, copies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from pipeline.cli.command import command
from pipeline.cli.session import Session
from pipeline.clock import clock
from pipeline.errors import printable


@command("testimony status --json")
def status(session: Session) -> None:
    """Where every testimony stands, and what waits for a person."""
    from pipeline.archive import Archive
    from pipeline.status import status as standings

    with Archive(session.root) as archive:
        document = standings(archive, session.config)
    if session.as_json:
        session.print_json(document)
        return
    rows = [
        (
            one["id"],
            one["stage"],
            clock(one["duration_s"]),
            " ".join(one["languages_detected"]) or "–",
            "\n".join([*one["waiting"], *(f"failed: {why}" for why in one["failures"])]) or "–",
        )
        for one in document["testimonies"]
    ]
    session.terminal.table(["testimony", "stage", "length", "heard", "waits for a person"], rows)
    for problem in document["problems"]:
        session.terminal.line(f"✗ {problem}")


@command("testimony verify")
def verify(session: Session) -> None:
    """Checks every master's bytes, archive.db, and what is published."""
    from pipeline.archive import Archive
    from pipeline.verify import verify as check

    # Without the lock: a transcription of days must not keep anyone from looking after fixity.
    with Archive(session.root) as archive:
        report = check(archive, session.config, session.terminal)
    session.finish([report])


@command("testimony withdraw lt-1998-0042 --reason 'Asked by her daughter, 2024-05-02'")
@click.argument("ident", metavar="ID")
@click.option("--reason", required=True, help="Kept in the archive, never published.")
@click.option("--delete-masters", is_flag=True, help="Also its recordings; asks twice.")
def withdraw(session: Session, ident: str, reason: str, delete_masters: bool) -> None:
    """Closes a testimony for good, whatever its sidecar says, and publishes without it."""
    from pipeline import withdraw as leave

    with session.writing() as archive:
        reports = [leave.withdraw(archive, session.config, ident, reason, session.terminal)]
        if delete_masters and reports[0].ok and _sure(leave.masters(archive, ident), ident):
            reports.append(leave.delete_masters(archive, ident))
    session.finish(reports)


@command("testimony backup /mnt/backups")
@click.argument("target", metavar="DEST", type=click.Path(path_type=Path))
def backup(session: Session, target: Path) -> None:
    """Copies archive.db to DEST, also while the pipeline runs.

    Recordings and metadata are files: copy them as you copy files.
    """
    from pipeline import backup as keep
    from pipeline.archive import Archive

    with Archive(session.root) as archive:
        report = keep.backup(archive, target)
    session.finish([report])


@command("testimony restore /mnt/backups/archive-2026-11-23T101500Z.db")
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path))
def restore(session: Session, source: Path) -> None:
    """Puts a backup in the place of archive.db, which is kept beside it."""
    from pipeline import backup as keep
    from pipeline import lock

    # Not the open archive: what is there may be too damaged to open.
    with lock.held(session.root, session.command):
        report = keep.restore(session.root, source)
    session.finish([report])


def _sure(recordings: Sequence[Any], ident: str) -> bool:
    """Asks twice: whether, and for the testimony's id."""
    for recording in recordings:
        click.echo(f"  {printable(recording.path)}  sha256 {recording.sha256}", err=True)
    question = f"Delete these {len(recordings)} masters? Nothing can bring them back"
    if not recordings or not click.confirm(question, err=True):
        return False
    typed = click.prompt("Type the testimony's id to delete them", default="", err=True)
    return bool(typed == ident)
