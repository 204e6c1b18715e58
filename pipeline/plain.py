"""`testimony export --format vtt …`: what is published of a testimony, as files for other programs.

Asks the gate anew: what was closed since the last `publish` is not exported either.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline import captions
from pipeline.archive import Archive
from pipeline.config import Channel, Config
from pipeline.entries import Item, entry
from pipeline.errors import UsageError, printable
from pipeline.exports import free_place, must_be_known, write
from pipeline.holdings import read_holdings
from pipeline.publication import Entry, Part
from pipeline.report import Report


def export(
    archive: Archive,
    config: Config,
    ident: str,
    kind: str,
    folder: Path | None,
    channel: Channel,
) -> Report:
    """Writes `ident` as `captions.FORMATS[kind]` and records each file; `channel`: for whom.

    One file, or one for each part where the format has the times of one recording. Without
    `folder` they lie below `exports/`.
    """
    must_be_known(archive, ident)
    holdings = read_holdings(archive, config)
    decision = holdings.decide(ident, channel)
    if not decision.allowed:
        what = f"may not leave for {_WHO[channel]}: {decision.reason}."
        raise UsageError(ident, what, "Its sidecar says who may see it.")
    item = holdings.items.get(ident)
    if item is None:
        raise UsageError(ident, "has no transcript yet.", "Run: testimony transcribe")
    report = Report("export")
    written = [
        (free_place(archive.root, folder, name), text)
        for name, text in _files(_read(archive, item), kind)
    ]
    for target, text in written:
        sha = write(archive, ident, target, text, format=kind, channel=channel)
        report.done.append(f"{printable(target)} (sha256 {sha})")
    report.facts["paths"] = [str(target) for target, _ in written]
    return report


_WHO: dict[Channel, str] = {"public": "the public", "researchers": "researchers"}


def _read(archive: Archive, item: Item) -> Entry:
    made = entry(archive, item, set())
    return Entry(made.row, [Part(part.row, tuple(part.segments)) for part in made.parts])


def _files(said: Entry, kind: str) -> Iterator[tuple[str, str]]:
    """Names and texts; a name tells the part where there are several."""
    form, ident = captions.FORMATS[kind], said.row["id"]
    if not form.by_part or len(said.parts) == 1:
        yield f"{ident}.{form.ending}", captions.write(said, kind)
        return
    for part in said.parts:
        number = part.row["part"]
        yield f"{ident}-part-{number}.{form.ending}", captions.write(said, kind, number)
