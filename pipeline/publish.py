"""Builds `publication/`: what may leave the archive, for the public and for researchers.

Nothing is hidden in what it builds: what may not be seen is not there. Each testimony carries a
fingerprint of all that is published of it; where that is the same, it is left as it is.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from pipeline import accuracy, audio, consent, edition, lexicon, meaning
from pipeline import recording as rec
from pipeline.archive import Archive
from pipeline.columns import datasette_metadata
from pipeline.config import Channel, Config
from pipeline.edition import Change, Lists
from pipeline.entries import Item, entry, fingerprint
from pipeline.errors import AudioError, PublishError, printable
from pipeline.holdings import Holdings, read_holdings
from pipeline.publication import (
    CLIPS_OF,
    DATABASES,
    FOLDER,
    MEDIA_OF,
    METADATA,
    Entry,
    media_of_clip,
    sealed_address,
)
from pipeline.report import Progress, Report


def publish(archive: Archive, config: Config, progress: Progress, *, anew: bool = False) -> Report:
    """Brings `publication/` up to date; writes only the testimonies that have changed.

    `anew` makes the databases from nothing, as the first time.
    """
    report = Report("publish", facts={"current": False})
    holdings = read_holdings(archive, config)
    for problem in (*holdings.sidecars.problems, *archive.index(holdings.withdrawn, progress)):
        report.problem(problem)
    spellings = lexicon.load(archive.root)
    for problem in spellings.problems:
        report.problem(problem)
    if not spellings.problems:
        archive.check_spellings(spellings)
    for ident in holdings.ids:
        decision = holdings.decide(ident, "public")
        if not decision.allowed:
            report.notes.append(f"{ident}: not published, {decision.reason}.")
    for recording in holdings.unlisted:
        if recording.testimony_id not in holdings.sidecars.by_id:
            continue
        where = f"the sidecar of {recording.testimony_id} does not name it"
        report.notes.append(f"{printable(recording.path)}: not published, {where}.")
    folder = archive.root / FOLDER
    try:
        _bring_up_to_date(archive, holdings, folder, progress, report, anew)
    except (OSError, sqlite3.Error) as error:
        report.problem(_refused(folder, error))
        return report
    report.facts["current"] = True
    return report


def _bring_up_to_date(
    archive: Archive,
    holdings: Holdings,
    folder: Path,
    progress: Progress,
    report: Report,
    anew: bool,
) -> None:
    allowed = {channel: holdings.allowed(channel) for channel in DATABASES}
    public = allowed["public"]
    only = dict(allowed)
    only["researchers"] = {i: x for i, x in allowed["researchers"].items() if i not in public}
    copied = {
        channel: _copies(archive, folder / MEDIA_OF[channel], [*items.values()], progress, report)
        for channel, items in only.items()
    }
    lists, vocabulary = _lists(archive, holdings), archive.vocabulary()
    read = _reader(archive, holdings.config, report)
    changes = {}
    for channel, file in DATABASES.items():
        if only[channel] or channel == "public":
            names = copied["public"] | copied[channel]
            items = allowed[channel]
            told = replace(lists, quality=accuracy.rows(archive, items))
            make = partial(
                edition.bring_up_to_date, lists=told, vocabulary=vocabulary, read=read, anew=anew
            )
            path = folder / file
            old = None if read is None else {} if anew else edition.known(path, meanings=True)
            changes[channel] = _edition(archive, path, items, names, make, progress, old)
        else:
            changes[channel] = edition.discard(folder / file)
        _remove_stale(folder / MEDIA_OF[channel], copied[channel])
        # After the copies, so that the site, which looks for the copy last, leaves no clip behind.
        _remove_clips(folder / CLIPS_OF[channel], copied[channel])
    _write_metadata(folder, holdings.config)
    # Only when nothing is left that must go: a note that cannot be written stops the command.
    for channel, change in changes.items():
        _note(archive, report, channel, only[channel], change)
    report.facts["testimonies"] = len(public)


def _edition(
    archive: Archive,
    path: Path,
    items: Mapping[str, Item],
    copied: set[str],
    make: Callable[..., Change],
    progress: Progress,
    old: Mapping[str, str] | None,
) -> Change:
    """`old`: the fingerprints in the file, where what is new is also read for its meaning: only
    that takes long enough for progress to be shown."""
    key, revisions = archive.fingerprint_key(), archive.revisions()
    wanted = {i: fingerprint(key, item, revisions, copied) for i, item in items.items()}
    if old is not None:
        new = [items[ident] for ident in wanted if old.get(ident) != wanted[ident]]
        progress.begin("Reading for meaning", sum(item.duration_s for item in new))

    def one(ident: str) -> Entry:
        progress.advance(items[ident].duration_s)
        return entry(archive, items[ident], copied)

    try:
        return make(path, wanted, one)
    finally:
        progress.end()


def _reader(archive: Archive, config: Config, report: Report) -> meaning.Read | None:
    """What reads passages for their meaning, where config.yaml asks for it and it can be had.

    Where it cannot, everything else is published all the same: a withdrawal waits for nothing.
    """
    if not config.search_by_meaning:
        return None
    if error := meaning.missing():
        report.problem(error)
        return None
    return meaning.Passages(archive, config.threads)


def _note(
    archive: Archive, report: Report, channel: Channel, items: Mapping[str, Item], change: Change
) -> None:
    """Says and records what changed; what is public too is said once."""
    who = "" if channel == "public" else f" ({channel})"
    written = set(change.written)
    report.done += [f"{ident}{who}" for ident in items if ident in written]
    report.done += [f"{ident}: taken out{who}" for ident in change.removed]
    report.unchanged += [f"{ident}{who}" for ident in items if ident not in written]
    archive.record("publication", change.written, channel=channel)
    archive.record("publication", change.removed, channel=channel, taken_out=True)


def _lists(archive: Archive, holdings: Holdings) -> Lists:
    """What is known to be closed, and the addresses that answer that something was withdrawn."""
    closed = []
    for ident in holdings.ids:
        sidecar = holdings.sidecars.by_id.get(ident)
        listed = consent.may_be_listed(sidecar, withdrawn=ident in holdings.withdrawn)
        if sidecar is None or not listed or holdings.decide(ident, "public").allowed:
            continue
        how = holdings.config.contact
        closed.append((ident, sidecar.title, sidecar.access_reason, how))
    gone = {a for ident in holdings.withdrawn for a in archive.addresses(ident)}
    return Lists(closed=tuple(closed), gone=tuple(sorted(map(sealed_address, gone))))


def _copies(
    archive: Archive, folder: Path, items: Sequence[Item], progress: Progress, report: Report
) -> set[str]:
    """Makes the access copies that are missing; returns the names of all that are there."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [(item, recording) for item in items for recording in item.recordings]
    names = {name for item in items for name in item.media.values()}
    there = {entry.name for entry in os.scandir(folder) if entry.is_file()} & names
    missing = [(i, r) for i, r in wanted if i.media[r.id] not in there]
    progress.begin("Copying sound", sum(recording.duration_s for _, recording in missing))
    for item, recording in missing:
        name = item.media[recording.id]
        try:
            audio.write_access_copy(
                archive.root / rec.FOLDER / recording.path,
                folder / name,
                video=recording.has_video,
                hidden=[(r.start_s, r.end_s) for r in item.redactions(recording)],
                shown=recording.path,
                **item.tags,
            )
            there.add(name)
        except AudioError as error:
            report.problem(error)
        progress.advance(recording.duration_s)
    progress.end()
    return there


def _write_metadata(folder: Path, config: Config) -> None:
    document: dict[str, Any] = datasette_metadata(config.title, config.about, config.contact)
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    path, draft = folder / METADATA, folder / f".{METADATA}.new"
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    draft.write_text(text, encoding="utf-8")
    os.replace(draft, path)


def _remove_stale(folder: Path, copied: set[str]) -> None:
    """Sound that is no longer published goes, and what a killed run left half-written."""
    for found in list(os.scandir(folder)):
        if found.name not in copied:
            with suppress(FileNotFoundError):
                Path(found.path).unlink()


def _remove_clips(folder: Path, copied: set[str]) -> None:
    """A clip is a copy of the voice: it goes with the copy it was cut from."""
    for found in list(os.scandir(folder)) if folder.is_dir() else []:
        if media_of_clip(found.name) not in copied:
            with suppress(FileNotFoundError):
                Path(found.path).unlink()


def _refused(folder: Path, error: Exception) -> PublishError:
    said = getattr(error, "strerror", None) or str(error)
    return PublishError(
        folder,
        f"could not be written ({said}).",
        "What was published before is still there. Free some space and run publish again.",
    )
