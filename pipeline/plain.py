"""`testimony export --format vtt …`: what is published of a testimony, as files for other programs.

Asks the gate anew: what was closed since the last `publish` is not exported either.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pipeline import formats
from pipeline.archive import Archive
from pipeline.config import Channel, Config
from pipeline.entries import Item, entry
from pipeline.errors import UsageError, printable
from pipeline.exports import free_place, must_be_known, write
from pipeline.holdings import read_holdings
from pipeline.publication import DATABASES, FOLDER, MEDIA_OF, Entry, Keeper
from pipeline.report import Report


def export(
    archive: Archive,
    config: Config,
    ident: str,
    kind: str,
    folder: Path | None,
    channel: Channel,
    address: str | None = None,
) -> Report:
    """Writes `ident` as `formats.FORMATS[kind]` and records each file; `channel`: for whom.

    One file, or one for each part where the format has the times of one recording. Without
    `folder` they lie below `exports/`; without `address` the site is where config.yaml says.
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
    form, keeper = formats.FORMATS[kind], Keeper(config.title, address or config.address)
    if form.needs_address and keeper.address is None:
        what = f"cannot be exported as {kind}, which has addresses: nobody said where the site is."
        raise UsageError(ident, what, "Set address in config.yaml, or give --address URL.")
    said = read(archive, item, channel, named=form.says_named)
    written = [
        (free_place(archive.root, folder, name), text) for name, text in files(said, kind, keeper)
    ]
    for target, text in written:
        sha = write(archive, ident, target, text, format=kind, channel=channel)
        report.done.append(f"{printable(target)} (sha256 {sha})")
    report.facts["paths"] = [str(target) for target, _ in written]
    return report


_WHO: dict[Channel, str] = {"public": "the public", "researchers": "researchers"}


def read(archive: Archive, item: Item, channel: Channel, *, named: bool = False) -> Entry:
    """What is published of it by `channel`, with the names of the access copies that are there.

    `named`: also what its words name.
    """
    made = entry(archive, item, _copies(archive, item, channel))
    parts = [replace(part, segments=tuple(part.segments)) for part in made.parts]
    segments = [segment for part in parts for segment in part.segments]
    return Entry(made.row, parts, archive.vocabulary().named(segments) if named else {})


def _copies(archive: Archive, item: Item, channel: Channel) -> set[str]:
    """Of the public channel, and of the researchers' where it is for them."""
    folders = [
        archive.root / FOLDER / MEDIA_OF[one] for one in DATABASES if one in ("public", channel)
    ]
    return {
        name for name in item.media.values() if any((folder / name).is_file() for folder in folders)
    }


def files(said: Entry, kind: str, keeper: Keeper) -> Iterator[tuple[str, str]]:
    """Names and texts of `kind`; a name tells the part where there are several."""
    form, ident = formats.FORMATS[kind], said.row["id"]
    if not form.by_part or len(said.parts) == 1:
        yield f"{ident}.{form.ending}", formats.write(said, kind, keeper)
        return
    for part in said.parts:
        number = part.row["part"]
        yield f"{ident}-part-{number}.{form.ending}", formats.write(said, kind, keeper, number)
