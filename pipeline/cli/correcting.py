"""Commands by which people say what was said, and what a machine may say instead."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli import options
from pipeline.cli.command import command
from pipeline.cli.session import Session
from pipeline.clock import clock
from pipeline.errors import UsageError, printable


@command("testimony release 1204 1205")
@click.argument("segments", metavar="SEGMENT...", nargs=-1, required=True, type=int)
@options.who("heard them")
def release(session: Session, segments: tuple[int, ...], who: str | None) -> None:
    """Lets quarantined segments count again, after a person has heard them.

    It is a correction that changes no word: it lasts as others do. Their numbers are in
    `testimony status --json`; run publish afterwards.
    """
    from pipeline import editing

    with session.writing() as archive:
        report = editing.release(archive, segments, options.name_of(session, who))
    session.finish([report])


@command("testimony diff lt-1998-0042")
@click.argument("ident", metavar="ID")
def diff(session: Session, ident: str) -> None:
    """Shows two texts side by side: what counts, and the new transcript that waits.

    Where none waits: the machine's words, and what counts. [-words-] are only on the left,
    {+words+} only on the right.
    """
    from pipeline import comparison
    from pipeline.archive import Archive

    with Archive(session.root) as archive:
        document = comparison.compare(archive, ident)
    if session.as_json:
        session.print_json(document)
        return
    for part in document["parts"]:
        session.terminal.line(f"{printable(part['path'])}")
        rows = [comparison.in_words(row) for row in part["rows"] if not row["same"]]
        if rows:
            session.terminal.table(["", part["left"], part["right"]], rows)
        alike = len(part["rows"]) - len(rows)
        session.terminal.line(f"{len(rows)} passages differ, {alike} are the same")


@command("testimony accept --all")
@options.only
@click.option("--all", "everything", is_flag=True, help="All that wait.")
def accept(session: Session, only: tuple[str, ...], everything: bool) -> None:
    """Lets new transcripts count, with every correction in its place.

    What waits is in `testimony status`, and in `testimony diff` what it changes; run publish
    afterwards.
    """
    from pipeline import accept as renew

    renew.must_say_which(only, everything)
    with session.writing() as archive:
        report = renew.accept(archive, only)
    session.finish([report])


@command("testimony lexicon lt-1998-0042")
@options.only
def lexicon(session: Session, only: tuple[str, ...]) -> None:
    """Lists words that are like a spelling of metadata/lexicon.yaml and written otherwise.

    Nothing is replaced. A word that is right after all goes into the lexicon, under `variants` or
    `unlike`.
    """
    from pipeline import lexicon as spellings
    from pipeline.exports import must_be_known

    known = spellings.load(session.root)
    if known.problems:
        raise UsageError(
            "metadata/lexicon.yaml", "\n  ".join(["cannot be used:", *map(str, known.problems)])
        )
    with session.writing() as archive:
        must_be_known(archive, *only)
        archive.check_spellings(known)
        found = [one for one in archive.misspelt() if not only or one["testimony_id"] in only]
    if session.as_json:
        session.print_json({"misspelt": found})
        return
    rows = [
        (
            one["testimony_id"],
            str(one["part"] or 1),
            clock(one["start_s"]),
            one["heard"],
            one["spelling"],
            "wrong" if one["sure"] else "",
        )
        for one in found
    ]
    session.terminal.table(["testimony", "part", "time", "heard", "lexicon has", ""], rows)
    session.terminal.line(f"{len(found)} words to look at.")


@command("testimony correct lt-1998-0042 lt-1998-0042.editing.vtt")
@click.argument("ident", metavar="ID")
@click.argument("path", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@options.part
@options.who()
@click.option(
    "--keep-former-private", is_flag=True, help="What stood there before is never published."
)
def correct(
    session: Session,
    ident: str,
    path: Path,
    part: int | None,
    who: str | None,
    keep_former_private: bool,
) -> None:
    """Takes a corrected VTT or SRT file back, all of it or nothing.

    FILE is what `testimony export ID --format vtt --for editing` wrote, after any editor. The
    machine's words are kept beside what people say.
    """
    from pipeline import editing

    with session.writing() as archive:
        report = editing.correct(
            archive,
            ident,
            path,
            options.name_of(session, who),
            part=part,
            former_private=keep_former_private,
        )
    session.finish([report])
