"""What a person sees: a bar on a terminal, plain lines in a log, a summary at the end."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from pipeline.errors import printable
from pipeline.report import Pace, Report

# What each stage has done to its items.
NAMES = {
    "ingest": "registered",
    "describe": "described",
    "import": "taken in",
    "transcribe": "transcribed",
    "publish": "published",
    "verify": "checked",
    "release": "released",
    "withdraw": "withdrawn",
    "delete masters": "deleted",
    "backup": "written",
    "export": "exported",
    "correct": "corrected",
    "accept": "accepted",
    "restore": "put back",
    "package": "written",
}
# Whoever runs these wants to read each item: where a file is, what has become of what.
_EACH = {"describe", "import", "export", "correct", "backup", "package"}


class Terminal:
    """Progress in hours of audio; silent on stdout where `--json` wants it for itself."""

    def __init__(self, *, quiet: bool) -> None:
        self._console = Console(stderr=quiet, highlight=False, soft_wrap=True)
        self._bar: Progress | None = None
        self._pace = Pace()

    def begin(self, what: str, total_s: float) -> None:
        self._pace = Pace(total_s)
        if total_s <= 0:
            return
        if not self._console.is_terminal:
            self.line(f"{what}: {hours(total_s)} of audio")
            return
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[done]} of {task.fields[all]} of audio{task.fields[pace]}"),
            console=self._console,
            transient=True,
        )
        self._bar.add_task(what, total=total_s, done=hours(0), all=hours(total_s), pace="")
        self._bar.start()

    def advance(self, seconds: float, *, known: bool = False) -> None:
        self._pace.advance(seconds, known=known)
        if self._bar:
            self._bar.update(
                self._bar.task_ids[0],
                advance=seconds,
                done=hours(self._pace.done_s),
                pace=_in_words(self._pace),
            )

    def item(self, line: str, **facts: Any) -> None:
        self.line(f"  {line}")

    def note(self, line: str) -> None:
        click.echo(f"Note: {line}", err=True)

    def end(self) -> None:
        if self._bar:
            self._bar.stop()
            self._bar = None

    def line(self, text: str) -> None:
        """One line above the bar, or on its own; text of others is never read as markup."""
        self._console.print(text, markup=False)

    def reports(self, reports: Sequence[Report]) -> None:
        """Every stage in a line, then every note, then every problem, each once."""
        for report in reports:
            said = [f"{len(report.done)} {NAMES[report.stage]}"]
            if report.unchanged:
                said.append(f"{len(report.unchanged)} already done")
            self.line(f"{report.stage}: {', '.join(said)}")
            for line in report.done if report.stage in _EACH else ():
                self.line(f"  {printable(line)}")
        for note in dict.fromkeys(note for report in reports for note in report.notes):
            self.line(f"  · {note}")
        problems = list(dict.fromkeys(p for report in reports for p in report.problems))
        if problems:
            sys.stdout.flush()
            count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
            rest = "everything else is done and kept"
            if any(report.is_whole for report in reports):
                rest = "nothing was changed"
            click.echo(f"{count}; {rest}:", err=True)
            for problem in problems:
                click.echo(f"  ✗ {problem}", err=True)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        table = Table(box=None, pad_edge=False)
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*[_plain(cell) for cell in row])
        self._console.print(table)


def hours(seconds: float) -> str:
    """A length of audio: 45 s, 12 min or 3.4 h."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"


def _in_words(pace: Pace) -> str:
    """How fast it goes and how long it will take: `, 28.0 × real time, 12 min left`."""
    left_s = pace.left_s
    return "" if left_s is None else f", {pace.speed:.1f} × real time, {hours(left_s)} left"


def _plain(cell: str) -> str:
    return cell.replace("[", "\\[")
