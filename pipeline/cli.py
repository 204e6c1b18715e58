"""The command `testimony`. Each command opens what it needs, calls one function, and reports."""

from __future__ import annotations

import functools
import getpass
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, cast

import click

from pipeline import __version__, config
from pipeline.clock import clock
from pipeline.errors import PipelineError, UsageError, printable
from pipeline.log import JsonLog
from pipeline.report import Report
from pipeline.terminal import Terminal

if TYPE_CHECKING:
    from pipeline.archive import Archive
    from pipeline.config import Channel
    from pipeline.cuefile import Form
    from pipeline.intake import Ears
    from pipeline.search import Hit
    from pipeline.workers import Crew

_SOME_FAILED, _STOPPED = 1, 130
_AGAIN_S = 0.01
# SIGALRM asks again; where there is none (Windows), one Ctrl-C must do.
_INTERRUPTS = (signal.SIGINT, *([signal.SIGALRM] if hasattr(signal, "SIGALRM") else []))
_CSV = click.Path(exists=True, dir_okay=False, path_type=Path)
# Those of pipeline.formats, which is loaded only where it is needed.
_FORMATS = ("vtt", "srt", "txt", "json", "csv", "tei", "ohms", "iiif", "datacite", "dc")
_Function = Callable[..., Any]


class Session:
    """What every command shares: where the archive is, and how to speak."""

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
            sys.exit(_SOME_FAILED)

    def print_json(self, document: object) -> None:
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def command(example: str) -> Callable[[_Function], click.Command]:
    """A command with the options that all have, its example, and errors as sentences."""

    def decorate(function: _Function) -> click.Command:
        name = function.__name__.removesuffix("_")

        @functools.wraps(function)
        def run(
            *, archive_folder: Path | None, as_json: bool, log_format: str, **choice: Any
        ) -> None:
            for signum in _INTERRUPTS:
                signal.signal(signum, _insist)
            session = Session(name, archive_folder, as_json, log_format)
            try:
                function(session, **choice)
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

        folder = click.Path(exists=True, file_okay=False, path_type=Path)
        options = [
            click.option(
                "--archive",
                "archive_folder",
                type=folder,
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
        ]
        for option in options:
            run = option(run)
        made = click.command(name, epilog=f"Example: {example}")(run)
        main.add_command(made)
        return made

    return decorate


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


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="testimony")
def main() -> None:
    """Recordings of testimonies become a searchable archive."""


def _transcribe_options(function: _Function) -> _Function:
    options = [
        click.argument("only", metavar="[ID]...", nargs=-1),
        click.option("--engine", type=click.Choice(["faster-whisper", "openai-whisper"])),
        click.option("--model", help="For every language, instead of config.yaml's."),
        click.option("--language", metavar="XX", help="All of it is in this language."),
        click.option("--again", is_flag=True, help="Also what is already transcribed."),
        click.option(
            "--workers",
            metavar="N",
            type=click.IntRange(1, 512),
            help="N processes on this machine do it; if one dies, another goes on.",
        ),
        click.option("--cluster", metavar="ADDRESS", help="A Dask scheduler's workers do it."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


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


@command("testimony publish")
@click.option("--anew", is_flag=True, help="Make the database from nothing.")
def publish(session: Session, anew: bool) -> None:
    """Brings publication/ up to date with archive.db and the sidecars."""
    from pipeline.publish import publish as bring_up_to_date

    with session.writing() as archive:
        report = bring_up_to_date(archive, session.config, session.terminal, anew=anew)
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


@command("testimony serve --port 8001")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8001, show_default=True, type=click.IntRange(1, 65535))
def serve(session: Session, host: str, port: int) -> None:
    """Serves publication/ with Datasette until it is stopped."""
    from pipeline import audio
    from pipeline.desk import Desk
    from pipeline.site import app

    app.must_be_free(host, port)
    site = app.build(session.root, audio.cut_copy, Desk(session.root))
    if session.as_json:
        session.print_json({"address": f"http://{host}:{port}"})
    else:
        session.terminal.line(f"The archive is at http://{host}:{port} (Ctrl-C stops it)")
    app.serve(site, host, port)


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


@command("testimony search 'wagon* Syberia' --language pl")
@click.argument("query")
@click.option("--language", metavar="XX", help="Only what was said in this language.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@click.option("--public", is_flag=True, help="Only what is public, as a visitor of the site.")
def search(session: Session, query: str, language: str | None, limit: int, public: bool) -> None:
    """The site's search, from the terminal, in everything the archive knows."""
    from pipeline import search as finder

    by_meaning = session.config.search_by_meaning
    found = finder.search(
        session.root, query, language, limit, everything=not public, by_meaning=by_meaning
    )
    if session.as_json:
        lists = ("hits", "offers", "related", "near")
        about = {k: v for k, v in asdict(found).items() if k not in lists}
        offers = [asdict(offer) | {"query": offer.query} for offer in found.offers]
        hits = {"hits": _hits(found.hits), "offers": offers, "related": _hits(found.related)}
        session.print_json({"query": query, **about, **hits, "near": _hits(found.near)})
        return
    if found.meant:
        said = "Nothing found as typed; found for" if found.corrected else "Did you mean"
        session.terminal.line(f"{said}: {found.meant}")
    _print_hits(session, found.hits)
    more = "more than " if found.more_than else ""
    session.terminal.line(f"{len(found.hits)} of {more}{found.total} passages")
    for offer in found.offers:
        more = "more than " if offer.more_than else ""
        count = f"{more}{offer.passages} in any language"
        session.terminal.line(f"{offer.label}: {count}, testimony search {offer.query}")
    if found.related:
        session.terminal.line("Said in other words:")
        _print_hits(session, found.related)
    if found.near:
        session.terminal.line("Near in meaning, as a machine guesses; not among the hits:")
        _print_hits(session, found.near)


def _hits(hits: Sequence[Hit]) -> list[dict[str, Any]]:
    return [
        {k: v for k, v in asdict(hit).items() if k != "marked"} | {"listen": hit.listen_path}
        for hit in hits
    ]


def _print_hits(session: Session, hits: Sequence[Hit]) -> None:
    for hit in hits:
        where = f"{hit.testimony_id}  part {hit.part}  {clock(hit.start_s)}"
        said = hit.text if hit.can_be_heard else f"{hit.text}  (not public)"
        session.terminal.line(f"{where}  [{hit.language or '?'}]  {said}")


@command("testimony verify")
def verify(session: Session) -> None:
    """Checks every master's bytes, archive.db, and what is published."""
    from pipeline.archive import Archive
    from pipeline.verify import verify as check

    # Without the lock: a transcription of days must not keep anyone from looking after fixity.
    with Archive(session.root) as archive:
        report = check(archive, session.config, session.terminal)
    session.finish([report])


@command("testimony release 1204 1205")
@click.argument("segments", metavar="SEGMENT...", nargs=-1, required=True, type=int)
@click.option("--who", metavar="NAME", help="Who heard them; else as config.yaml says.")
def release(session: Session, segments: tuple[int, ...], who: str | None) -> None:
    """Lets quarantined segments count again, after a person has heard them.

    It is a correction that changes no word: it lasts as others do. Their numbers are in
    `testimony status --json`; run publish afterwards.
    """
    from pipeline import editing

    with session.writing() as archive:
        report = editing.release(archive, segments, _who(session, who))
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
@click.argument("only", metavar="[ID]...", nargs=-1)
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
@click.argument("only", metavar="[ID]...", nargs=-1)
def lexicon(session: Session, only: tuple[str, ...]) -> None:
    """Lists words that are like a spelling of metadata/lexicon.yaml and written otherwise.

    Nothing is replaced. A word that is right after all goes into the lexicon, under `variants` or
    `unlike`.
    """
    from pipeline import lexicon as spellings

    known = spellings.load(session.root)
    if known.problems:
        raise UsageError(
            "metadata/lexicon.yaml", "\n  ".join(["cannot be used:", *map(str, known.problems)])
        )
    with session.writing() as archive:
        _must_be_known(archive, only)
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


def _must_be_known(archive: Archive, only: Sequence[str]) -> None:
    known = {row["id"] for row in archive.testimonies()}
    if strangers := [ident for ident in only if ident not in known]:
        raise UsageError(", ".join(strangers), "is no testimony here.", "See testimony status.")


@command("testimony sample --segments 50 --language lt")
@click.argument("only", metavar="[ID]...", nargs=-1)
@click.option("--segments", default=50, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--seed", default=1, show_default=True, help="Another one draws other lines.")
@click.option("--language", metavar="XX", help="Only lines heard in this language.")
@click.option(
    "--right", metavar="N", type=int, multiple=True, help="Line N was heard, and is right as it is."
)
@click.option("--who", metavar="NAME", help="Who heard it; else as config.yaml says.")
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
    from pipeline.samples import Design

    with session.writing() as archive:
        if right:
            name = _who(session, who)
            confirm.confirm(archive, right, name)
            session.terminal.note(f"{len(right)} lines are right, says {printable(name)}.")
        _must_be_known(archive, only)
        drawn = archive.sample(Design(segments, language, tuple(sorted(set(only)))), seed)
        heard = accuracy.compared(archive, drawn)
    if session.as_json:
        lines = [asdict(one) | {"heard": one.segment_id in heard} for one in drawn]
        session.print_json({"seed": seed, "lines": lines})
        return
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


_HOW_TO_HEAR = (
    "Listen to each. Put wrong ones right and confirm the others: in the browser at /review, or by",
    "`testimony export ID --format vtt --for editing`, any editor, `testimony correct ID FILE`,",
    "and `testimony sample --right LINE`. Then `testimony quality` says how many words are wrong.",
)


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


@command("testimony evaluate sample.csv --timeline passages.csv")
@click.argument("manifest", metavar="MANIFEST.csv", type=_CSV)
@click.option("--timeline", type=_CSV, help="Passages: file, start_s, end_s, language.")
@click.option("--engine", type=click.Choice(["faster-whisper", "openai-whisper"]))
@click.option("--model", help="For every language, instead of config.yaml's.")
def evaluate(session: Session, manifest: Path, timeline: Path | None, **choice: Any) -> None:
    """Measures WER, CER, languages and inventions against references.

    MANIFEST.csv has the columns file, language and reference; files lie beside it. A row with an
    empty reference is non-speech.
    """
    _journey()
    from pipeline import evaluate as judge

    settings, _ = _chosen(session, choice)
    rows = judge.read_manifest(manifest)
    passages = judge.read_timeline(timeline) if timeline else {}
    from pipeline.engines.choose import ConfiguredEngines

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
        sys.exit(_SOME_FAILED)


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


@command("testimony export lt-1998-0042 --format vtt --to subtitles")
@click.argument("ident", metavar="ID")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["bagit", *_FORMATS]),
    default="bagit",
    show_default=True,
)
@click.option(
    "--to",
    "folder",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where it becomes ID or ID.vtt …; without it, exports/ in the archive.",
)
@click.option(
    "--for",
    "channel",
    type=click.Choice(["public", "researchers", "editing"]),
    default="public",
    show_default=True,
    help="Whose eyes it is for; a bag is for archives.",
)
@click.option("--address", metavar="URL", help="The site's, instead of config.yaml's.")
def export(
    session: Session,
    ident: str,
    kind: str,
    folder: Path | None,
    channel: str,
    address: str | None,
) -> None:
    """Writes a testimony to files, and records that it did.

    bagit: whole, for another archive, also what may not be published: masters, sidecar,
    transcripts and provenance, with checksums. The others: what is published, redacted; vtt, srt,
    tei and ohms make a file for each part. --for editing: everything that was said, private, as
    vtt or srt; `testimony correct` takes it back.
    """
    if channel == "editing" and kind not in ("vtt", "srt"):
        what = f"expected --format vtt or srt, found {kind}."
        raise UsageError("--for editing", what, "Say which.")
    with session.writing() as archive:
        if kind == "bagit":
            from pipeline import bag

            report = bag.export(archive, session.config, ident, folder, session.terminal)
        elif channel == "editing":
            from pipeline import editing

            report = editing.export(archive, ident, cast("Form", kind), folder)
        else:
            from pipeline import plain

            seen_by = cast("Channel", channel)
            report = plain.export(archive, session.config, ident, kind, folder, seen_by, address)
    session.finish([report])


@command("testimony correct lt-1998-0042 lt-1998-0042.editing.vtt")
@click.argument("ident", metavar="ID")
@click.argument("path", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--part", metavar="N", type=click.IntRange(1), help="Which of its recordings.")
@click.option("--who", metavar="NAME", help="Who answers for it; else as config.yaml says.")
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
            _who(session, who),
            part=part,
            former_private=keep_former_private,
        )
    session.finish([report])


def _who(session: Session, told: str | None) -> str:
    """Who answers for what is said: as told, as config.yaml says, or who is logged in here."""
    return told or session.config.who or getpass.getuser()


@command("testimony import interview.xml --testimony lt-1998-0042 --who 'Ona Sample'")
@click.argument(
    "paths",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
)
@click.option("--testimony", metavar="ID", help="Of which testimony; else as the file says.")
@click.option("--part", metavar="N", type=click.IntRange(1), help="Which of its recordings.")
@click.option("--who", metavar="NAME", help="Who answers for it; else as config.yaml says.")
@click.option("--over", is_flag=True, help="Also over what people corrected here.")
def import_(session: Session, paths: tuple[Path, ...], who: str | None, **choice: Any) -> None:
    """Takes in transcripts that people made elsewhere: OHMS, TEI, WebVTT, SubRip, text.

    Each becomes corrections of its recording, all of it or nothing. What has no times is aligned
    to what the machine heard; a line that has no sure place is named, not placed.
    """
    from pipeline import intake

    ears = _ears(session)
    told = intake.Choice(_who(session, who), ears=ears, **choice)
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


@command("testimony package --to /mnt/handover --with-media")
@click.option(
    "--to",
    "folder",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where it becomes testimonies-public; without it, exports/ in the archive.",
)
@click.option(
    "--for",
    "channel",
    type=click.Choice(["public", "researchers"]),
    default="public",
    show_default=True,
    help="Whose eyes it is for.",
)
@click.option("--with-media", is_flag=True, help="Also the access copies: sound and film.")
def package(session: Session, folder: Path | None, channel: Channel, with_media: bool) -> None:
    """Writes all that is public into one folder: a Frictionless Data Package.

    Tables (CSV), transcripts (VTT, TXT, TEI) and descriptions (DataCite, Dublin Core), every file
    with its checksum. It is recorded for each testimony, so that withdraw can name it.
    """
    from pipeline import package as whole

    with session.writing() as archive:
        report = whole.export(
            archive, session.config, folder, channel, session.terminal, with_media=with_media
        )
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
