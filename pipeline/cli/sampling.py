"""Commands that tell how good the transcripts are, by lines drawn at random."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from pipeline.cli import options
from pipeline.cli.command import command
from pipeline.cli.session import Session
from pipeline.clock import clock
from pipeline.errors import printable

if TYPE_CHECKING:
    from pipeline.samples import Sampled

_HOW_TO_HEAR = (
    "Listen to each. Put wrong ones right and confirm the others: in the browser at /review, or by",
    "`testimony export ID --format vtt --for editing`, any editor, `testimony correct ID FILE`,",
    "and `testimony sample --right LINE`. Then `testimony quality` says how many words are wrong.",
)


@command("testimony sample --segments 50 --language lt")
@options.only
@click.option("--segments", default=50, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--seed", default=1, show_default=True, help="Another one draws other lines.")
@click.option("--language", metavar="XX", help="Only lines heard in this language.")
@click.option(
    "--right", metavar="N", type=int, multiple=True, help="Line N was heard, and is right as it is."
)
@options.who("heard it")
def sample(
    session: Session,
    only: tuple[str, ...],
    segments: int,
    seed: int,
    language: str | None,
    right: tuple[int, ...],
    who: str | None,
) -> None:
    """Draws machine lines at random, for people to correct or confirm.

    From them `testimony quality` tells how many words are wrong. The same options give the same
    lines again. Lines that are right must be confirmed too, or only wrong ones count: with --right,
    or in the browser.
    """
    from pipeline import accuracy, confirm
    from pipeline.exports import must_be_known
    from pipeline.samples import Design

    with session.writing() as archive:
        if right:
            name = options.name_of(session, who)
            confirm.confirm(archive, right, name)
            session.terminal.note(f"{len(right)} lines are right, says {printable(name)}.")
        must_be_known(archive, *only)
        drawn = archive.sample(Design(segments, language, tuple(sorted(set(only)))), seed)
        heard = accuracy.compared(archive, drawn)
    if session.as_json:
        lines = [asdict(one) | {"heard": one.segment_id in heard} for one in drawn]
        session.print_json({"seed": seed, "lines": lines})
        return
    _print_sample(session, drawn, heard)


def _print_sample(session: Session, drawn: Sequence[Sampled], heard: Collection[int]) -> None:
    rows = [
        (
            str(one.segment_id),
            one.testimony_id,
            str(one.part or 1),
            f"{clock(one.start_s)}–{clock(one.end_s)}",
            "heard" if one.segment_id in heard else "waits" if one.counts else "of a former run",
            one.text,
        )
        for one in drawn
    ]
    columns = ["line", "testimony", "part", "time", "", "as the machine heard it"]
    session.terminal.table(columns, rows)
    session.terminal.line(f"{len(drawn)} lines, of which {len(heard)} were heard by a person.")
    for line in _HOW_TO_HEAR:
        session.terminal.line(line)


@command("testimony quality --json")
def quality(session: Session) -> None:
    """How many words the machine gets wrong here, by language, model and testimony.

    Measured on lines that `testimony sample` drew and people have heard; with 95 % intervals.
    """
    from pipeline import accuracy
    from pipeline.archive import Archive
    from pipeline.holdings import read_holdings

    with Archive(session.root) as archive:
        items = read_holdings(archive, session.config).items
        found = accuracy.figures(archive, items, published=False)
    if session.as_json:
        session.print_json({"figures": [asdict(figure) for figure in found]})
        return
    if not found:
        session.terminal.line("Nothing was drawn yet. Begin with: testimony sample")
        return
    for title, columns, rows in accuracy.tables(found):
        session.terminal.line(title)
        session.terminal.table(columns, rows)
