"""The shape of every command: common options, an example, errors as sentences, Ctrl-C."""

from __future__ import annotations

import functools
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import click

from pipeline.cli.session import Session
from pipeline.errors import PipelineError

_STOPPED = 130
_AGAIN_S = 0.01
# SIGALRM asks again; where there is none (Windows), one Ctrl-C must do.
_INTERRUPTS = (signal.SIGINT, *([signal.SIGALRM] if hasattr(signal, "SIGALRM") else []))
_COMMON_OPTIONS = (
    click.option(
        "--archive",
        "archive_folder",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        metavar="DIR",
        help="The archive's folder; without it, found upward from here.",
    ),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON document."),
    click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        help="json: what happens goes to stderr, one JSON object a line.",
    ),
)


def command(example: str) -> Callable[[Callable[..., None]], click.Command]:
    """A command with the options that all have, its example, and errors as sentences."""

    def decorate(function: Callable[..., None]) -> click.Command:
        name = function.__name__.removesuffix("_")

        @functools.wraps(function)
        def run(
            *, archive_folder: Path | None, as_json: bool, log_format: str, **choice: Any
        ) -> None:
            for signum in _INTERRUPTS:
                signal.signal(signum, _insist)
            session = Session(name, archive_folder, as_json, log_format)
            _spoken(session, functools.partial(function, session, **choice))

        for option in _COMMON_OPTIONS:
            run = option(run)
        return click.command(name, epilog=f"Example: {example}")(run)

    return decorate


def _spoken(session: Session, work: Callable[[], None]) -> None:
    """Does it; what cannot be done, and Ctrl-C, become a sentence and an exit code."""
    try:
        work()
    except PipelineError as error:
        session.terminal.end()
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        _be_quiet()
        session.terminal.end()
        click.echo("Stopped. What was finished is kept; run it again to go on.", err=True)
        # Not sys.exit: that would wait for threads that are deep inside an engine.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_STOPPED)


def _insist(signum: int, frame: FrameType | None) -> None:
    """Ctrl-C, later where it strikes a finaliser: Python would print it there and drop it."""
    here = frame
    while here is not None and len(_INTERRUPTS) > 1:
        if here.f_code.co_name == "__del__" or here.f_code.co_filename.endswith("weakref.py"):
            signal.setitimer(signal.ITIMER_REAL, _AGAIN_S)
            return
        here = here.f_back
    raise KeyboardInterrupt


def _be_quiet() -> None:
    for signum in _INTERRUPTS:
        signal.signal(signum, signal.SIG_IGN)
