"""What every command shares: where the archive is, and how to speak."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline import config
from pipeline.log import JsonLog
from pipeline.report import Report
from pipeline.terminal import Terminal

if TYPE_CHECKING:
    from pipeline.archive import Archive

SOME_FAILED = 1


class Session:
    """One command's archive, its settings, and its words."""

    def __init__(self, command: str, folder: Path | None, as_json: bool, log_format: str) -> None:
        self.command = command
        self._folder = folder
        self.as_json = as_json
        self.terminal = JsonLog() if log_format == "json" else Terminal(quiet=as_json)

    @functools.cached_property
    def root(self) -> Path:
        return config.root_at(self._folder) if self._folder else config.find_root(Path.cwd())

    @functools.cached_property
    def config(self) -> config.Config:
        return config.load(self.root)

    @contextmanager
    def writing(self) -> Iterator[Archive]:
        """The open archive, which no other pipeline may write meanwhile."""
        from pipeline import lock
        from pipeline.archive import Archive

        with lock.held(self.root, self.command), Archive(self.root) as archive:
            yield archive

    def finish(self, reports: Sequence[Report]) -> None:
        """Says what was done, once, and leaves with the right code."""
        if self.as_json:
            self.print_json({"stages": [report.as_json() for report in reports]})
        else:
            self.terminal.reports(reports)
        if not all(report.ok for report in reports):
            sys.exit(SOME_FAILED)

    def print_json(self, document: object) -> None:
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
