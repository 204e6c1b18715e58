"""Commands that take in: a new archive, recordings, what people know of them, transcripts."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli import options
from pipeline.cli.command import command
from pipeline.cli.session import Session
from pipeline.errors import printable

if TYPE_CHECKING:
    from pipeline.intake import Ears


@command("testimony init my-archive")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
def init(session: Session, folder: Path) -> None:
    """Makes a new, empty archive in DIR."""
    from pipeline import scaffold

    written = scaffold.init(folder)
    if session.as_json:
        session.print_json({"archive": str(folder), "written": [str(path) for path in written]})
        return
    session.terminal.line(f"A new archive is in {printable(folder)}. Next:")
    session.terminal.line(f"  1. copy recordings into {printable(folder / 'recordings')}/")
    session.terminal.line(f"  2. cd {printable(folder)} && testimony run && testimony serve")


@command("testimony ingest recordings/2024")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
def ingest(session: Session, paths: tuple[Path, ...]) -> None:
    """Registers recordings: all below recordings/, or the given ones."""
    from pipeline.ingest import ingest as register

    with session.writing() as archive:
        report = register(archive, session.config, paths)
    session.finish([report])


@command("testimony describe interviews.xlsx --check")
@click.argument("path", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Only say what is wrong and what would change.")
@click.option("--open", "may_open", is_flag=True, help="Also where more people may then see it.")
@click.option("--encoding", metavar="NAME", help="Of a CSV that is not UTF-8: cp1257, cp1250 …")
@click.option("--template", is_flag=True, help="Write FILE: a sheet of what is known, to fill in.")
def describe(session: Session, path: Path, template: bool, check: bool, **choice: Any) -> None:
    """Makes sidecars of a sheet (CSV, XLSX, ODS), a row for each testimony.

    Every bad cell is named and nothing is written until all are good. An empty cell says nothing;
    the word null takes a fact away.
    """
    from pipeline import sidecarsheet as scribe

    with session.writing() as archive:
        if template:
            report = scribe.template(archive, path)
        else:
            report = scribe.describe(archive, session.config, path, only_check=check, **choice)
    session.finish([report])


@command("testimony import interview.xml --testimony lt-1998-0042 --who 'Ona Sample'")
@click.argument(
    "paths",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
)
@click.option("--testimony", metavar="ID", help="Of which testimony; else as the file says.")
@options.part
@options.who()
@click.option("--over", is_flag=True, help="Also over what people corrected here.")
def import_(session: Session, paths: tuple[Path, ...], who: str | None, **choice: Any) -> None:
    """Takes in transcripts that people made elsewhere: OHMS, TEI, WebVTT, SubRip, text.

    Each becomes corrections of its recording, all of it or nothing. What has no times is aligned
    to what the machine heard; a line that has no sure place is named, not placed.
    """
    from pipeline import intake

    ears = _ears(session)
    told = intake.Choice(options.name_of(session, who), ears=ears, **choice)
    with session.writing() as archive:
        report = intake.take(archive, session.config, paths, told)
    session.finish([report])


def _ears(session: Session) -> Ears | None:
    """Who can listen to a master; None where what transcribes is not installed."""
    try:
        from pipeline.listener import Listener
    except ModuleNotFoundError:
        return None
    return functools.partial(Listener, session.root, session.config)
