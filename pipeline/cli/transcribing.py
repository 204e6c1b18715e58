"""Commands that listen: to what is pending, to all there is to do, to what is known already."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline import config
from pipeline.cli import options
from pipeline.cli.command import command
from pipeline.cli.session import SOME_FAILED, Session
from pipeline.errors import UsageError

if TYPE_CHECKING:
    from pipeline.workers import Crew

_CSV = click.Path(exists=True, dir_okay=False, path_type=Path)


def _transcribe_options(function: Callable[..., None]) -> Callable[..., None]:
    """Which recordings, in which language, and who does it."""
    given = (
        options.only,
        options.engine,
        click.option("--language", metavar="XX", help="All of it is in this language."),
        click.option("--again", is_flag=True, help="Also what is already transcribed."),
        click.option(
            "--workers",
            metavar="N",
            type=click.IntRange(1, 512),
            help="N processes on this machine do it; if one dies, another goes on.",
        ),
        click.option("--cluster", metavar="ADDRESS", help="A Dask scheduler's workers do it."),
    )
    for option in reversed(given):
        function = option(function)
    return function


@command("testimony transcribe lt-1998-0042 --language lt")
@_transcribe_options
def transcribe(session: Session, **choice: Any) -> None:
    """Transcribes what is not yet done with the current settings."""
    run = _journey()
    settings, rest = _chosen(session, choice)
    with session.writing() as archive:
        crew = _crew(session, settings, rest)
        report = run.transcribe(archive, settings, crew, session.terminal, **rest)
    session.finish([report])


@command("testimony run")
@_transcribe_options
def run_(session: Session, **choice: Any) -> None:
    """Ingests, transcribes and publishes everything that is pending."""
    run = _journey()
    settings, rest = _chosen(session, choice)
    with session.writing() as archive:
        crew = _crew(session, settings, rest)
        reports = run.everything(archive, settings, crew, session.terminal, **rest)
    if not session.as_json and not any(report.done for report in reports):
        session.terminal.line("Nothing to do: everything is up to date.")
    session.finish(reports)


@command("testimony evaluate sample.csv --timeline passages.csv")
@click.argument("manifest", metavar="MANIFEST.csv", type=_CSV)
@click.option("--timeline", type=_CSV, help="Passages: file, start_s, end_s, language.")
@options.engine
def evaluate(session: Session, manifest: Path, timeline: Path | None, **choice: Any) -> None:
    """Measures WER, CER, languages and inventions against references.

    MANIFEST.csv has the columns file, language and reference; files lie beside it. A row with an
    empty reference is non-speech.
    """
    _journey()
    from pipeline import evaluate as judge
    from pipeline.engines.choose import ConfiguredEngines

    settings, _ = _chosen(session, choice)
    rows = judge.read_manifest(manifest)
    passages = judge.read_timeline(timeline) if timeline else {}
    engines = ConfiguredEngines(session.root, settings)
    for caveat in engines.caveats([None, *settings.languages]):
        session.terminal.note(caveat)
    figures, failed = judge.evaluate(
        manifest.parent, rows, passages, settings, engines, session.terminal
    )
    if session.as_json:
        session.print_json(figures | {"problems": [str(error) for error in failed]})
    else:
        for title, columns, lines in judge.tables(figures):
            session.terminal.line(title)
            session.terminal.table(columns, lines)
    for error in failed:
        click.echo(f"✗ {error}", err=True)
    if failed:
        sys.exit(SOME_FAILED)


def _journey() -> Any:
    """`pipeline.run`, or a sentence where what it needs is not installed."""
    try:
        from pipeline import run
    except ModuleNotFoundError as error:
        raise UsageError(
            "transcribe",
            f"the package {error.name!r} is not installed.",
            "Install what transcribes: pip install 'testimony-archive[transcribe]'",
        ) from error
    return run


def _chosen(session: Session, choice: dict[str, Any]) -> tuple[config.Config, dict[str, Any]]:
    """The settings with what the command line changes, and what else it says."""
    change: dict[str, Any] = {}
    if engine := choice.pop("engine"):
        change["engine"] = engine
    if model := choice.pop("model"):
        change["models"] = {"default": model}
    return session.config.model_copy(update=change), choice


def _crew(session: Session, settings: config.Config, choice: dict[str, Any]) -> Crew:
    """Who transcribes, by `--workers` and `--cluster`; without them, this process."""
    from pipeline.engines.choose import MakeConfigured
    from pipeline.workers import Crew, lanes_here

    workers, address = choice.pop("workers"), choice.pop("cluster")
    make = MakeConfigured(str(session.root), settings.model_dump_json())
    if not workers and not address:
        return Crew.here(make, lanes_here(settings), settings.masters)
    if workers and address:
        raise UsageError("--workers and --cluster", "exclude each other.", "Give one of them.")
    try:
        from pipeline.cluster import Cluster
    except ModuleNotFoundError as error:
        raise UsageError(
            "--cluster" if address else "--workers",
            f"the package {error.name!r} is not installed.",
            "Install what spreads work: pip install 'testimony-archive[transcribe,cluster]'",
        ) from error
    if address:
        return Crew(make, lambda: Cluster.at(address, make), settings.masters)
    return Crew(make, lambda: Cluster.of(workers, make), settings.masters)
