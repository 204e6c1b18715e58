"""Builds `publication/`: what may leave the archive. The only place that applies consent.

Nothing is hidden in what it builds: what may not be public is not there. Each testimony carries a
fingerprint of all that is published of it; where that is the same, it is left as it is.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

from pipeline import audio, edition
from pipeline import recording as rec
from pipeline.archive import Archive
from pipeline.config import Config
from pipeline.consent import may_be_public
from pipeline.edition import Entry, Part
from pipeline.errors import AudioError, PublishError
from pipeline.publication import DATABASE, FOLDER, MEDIA, METADATA, datasette_metadata
from pipeline.recording import Recording
from pipeline.report import Progress, Report
from pipeline.testimony import Sidecar
from pipeline.transcript import PUBLIC_STATES, by_language


@dataclass(frozen=True)
class Item:
    """One testimony that may be public, with the masters that have a transcript."""

    sidecar: Sidecar
    recordings: tuple[Recording, ...]

    @cached_property
    def tags(self) -> dict[str, str]:
        """What the access copies say of themselves."""
        return {"title": self.sidecar.title, "comment": self.sidecar.notice or ""}

    @cached_property
    def media(self) -> dict[str, str]:
        """By recording id, its copy's file name; new words in its tags make it another file."""
        said = hashlib.sha256(json.dumps(self.tags, sort_keys=True).encode()).hexdigest()[:8]
        return {r.id: f"{r.id}-{said}.{'mp4' if r.has_video else 'm4a'}" for r in self.recordings}


def publish(archive: Archive, config: Config, progress: Progress, *, anew: bool = False) -> Report:
    """Brings `publication/` up to date; writes only the testimonies that have changed.

    `anew` makes the database from nothing, as the first time.
    """
    report = Report("publish")
    items = {item.sidecar.id: item for item in publishable(archive, config, report)}
    folder = archive.root / FOLDER
    try:
        (folder / MEDIA).mkdir(parents=True, exist_ok=True)
        copied = _copies(archive, folder, list(items.values()), progress, report)
        wanted = _fingerprints(archive, items, copied)
        change = edition.bring_up_to_date(
            folder / DATABASE,
            wanted,
            lambda ident: _entry(archive, items[ident], copied),
            anew=anew,
        )
        _write_metadata(folder, config)
        _remove_stale(folder, copied)
        report.facts["segments"] = edition.count_segments(folder / DATABASE)
    except (OSError, sqlite3.Error) as error:
        report.problem(_refused(folder, error))
        return report
    report.done += [*change.written, *(f"{ident}: taken out" for ident in change.removed)]
    report.unchanged += [ident for ident in wanted if ident not in set(change.written)]
    return report


def publishable(archive: Archive, config: Config, report: Report) -> list[Item]:
    """Every testimony that may be public and has a transcript; `report` gets why not the others."""
    sidecars = archive.sidecars()
    for problem in sidecars.problems:
        report.problem(problem)
    transcribed: dict[str, list[Recording]] = {}
    for recording in archive.recordings():
        if recording.current_run_id is not None:
            transcribed.setdefault(recording.testimony_id, []).append(recording)
    items = []
    for row in archive.testimonies():
        sidecar = sidecars.by_id.get(row["id"])
        decision = may_be_public(sidecar, config.access)
        recordings = tuple(transcribed.get(row["id"], ()))
        if sidecar is None or not decision.allowed:
            report.notes.append(f"{row['id']}: not published, {decision.reason}.")
        elif recordings:
            items.append(Item(sidecar, recordings))
    return items


def _fingerprints(archive: Archive, items: Mapping[str, Item], copied: set[str]) -> dict[str, str]:
    """By testimony: another one as soon as anything that is published of it would be another."""
    key = archive.fingerprint_key()
    revisions = archive.revisions()
    found = {}
    for ident, item in items.items():
        parts = []
        for r in item.recordings:
            name = item.media[r.id]
            text = (r.current_run_id, revisions.get(r.current_run_id or 0))
            parts.append((r.id, r.part, r.duration_s, *text, name if name in copied else None))
        said = json.dumps([_described(item.sidecar), parts], sort_keys=True).encode()
        found[ident] = hmac.digest(key, said, "sha256").hex()[:32]
    return found


def _copies(
    archive: Archive, folder: Path, items: Sequence[Item], progress: Progress, report: Report
) -> set[str]:
    """Makes the access copies that are missing; returns the names of all that are there."""
    wanted = [(item, recording) for item in items for recording in item.recordings]
    names = {name for item in items for name in item.media.values()}
    there = {entry.name for entry in os.scandir(folder / MEDIA) if entry.is_file()} & names
    missing = [(i, r) for i, r in wanted if i.media[r.id] not in there]
    progress.begin("Copying sound", sum(recording.duration_s for _, recording in missing))
    for item, recording in missing:
        name = item.media[recording.id]
        try:
            audio.write_access_copy(
                archive.root / rec.FOLDER / recording.path,
                folder / MEDIA / name,
                video=recording.has_video,
                shown=recording.path,
                **item.tags,
            )
            there.add(name)
        except AudioError as error:
            report.problem(error)
        progress.advance(recording.duration_s)
    progress.end()
    return there


def _entry(archive: Archive, item: Item, copied: set[str]) -> Entry:
    """The rows of one testimony; its segments are read when they are written."""
    parts = []
    for recording in item.recordings:
        media = item.media[recording.id]
        row = _recording_row(archive, recording, media if media in copied else None)
        parts.append(Part(row, _segment_rows(archive, recording)))
    return Entry(_testimony_row(archive, item), parts)


def _described(sidecar: Sidecar) -> dict[str, Any]:
    """What its sidecar says and is published, in the columns of `testimonies`."""
    declared = sidecar.languages
    return {
        "id": sidecar.id,
        "title": sidecar.title,
        # Who asked for a pseudonym is published under no other name.
        "narrator": sidecar.narrator.pseudonym or sidecar.narrator.name,
        "narrator_born": sidecar.narrator.born,
        "interviewer": sidecar.interviewer,
        "recorded_on": sidecar.recorded_on,
        "place": sidecar.place,
        "languages_declared": None if declared is None else json.dumps(declared),
        "collection": sidecar.collection,
        "summary": sidecar.summary,
        "notice": sidecar.notice,
        "licence": sidecar.licence,
        "uses": json.dumps(sidecar.uses),
        "warnings": json.dumps(sidecar.warnings, ensure_ascii=False),
    }


def _testimony_row(archive: Archive, item: Item) -> dict[str, Any]:
    heard = [json.loads(_run(archive, r)["languages"]).items() for r in item.recordings]
    return _described(item.sidecar) | {
        "languages_detected": json.dumps(list(by_language(chain.from_iterable(heard)))),
        "duration_s": round(sum(r.duration_s for r in item.recordings), 3),
    }


def _recording_row(archive: Archive, recording: Recording, media: str | None) -> dict[str, Any]:
    run = _run(archive, recording)
    return {
        "id": recording.id,
        "testimony_id": recording.testimony_id,
        "part": recording.part,
        "duration_s": recording.duration_s,
        "has_video": int(recording.has_video),
        "media": media,
        "engine": run["engine"],
        "model": run["model"],
        "transcribed_at": run["finished_at"],
    }


def _segment_rows(archive: Archive, recording: Recording) -> Iterator[dict[str, Any]]:
    if recording.current_run_id is None:
        return
    segments = archive.segments(recording.current_run_id, with_words=False)
    for n, (ident, segment) in enumerate(segments, start=1):
        if segment.state not in PUBLIC_STATES:
            continue
        yield {
            "id": ident,
            "testimony_id": recording.testimony_id,
            "recording_id": recording.id,
            "n": n,
            "start_s": segment.start_s,
            "end_s": segment.end_s,
            "text": segment.text,
            "language": segment.language,
            "language_confidence": segment.language_confidence,
            "language_source": segment.language_source,
            "text_language": segment.text_language,
            "text_language_confidence": segment.text_language_confidence,
            "confidence": segment.confidence,
            "speaker": segment.speaker,
            "state": segment.state,
        }


def _run(archive: Archive, recording: Recording) -> dict[str, Any]:
    if recording.current_run_id is None:
        raise ValueError(f"{recording.id} has no transcript and cannot be published")
    return archive.run(recording.current_run_id)


def _write_metadata(folder: Path, config: Config) -> None:
    text = json.dumps(datasette_metadata(config.title), indent=2, ensure_ascii=False) + "\n"
    path, draft = folder / METADATA, folder / f".{METADATA}.new"
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    draft.write_text(text, encoding="utf-8")
    os.replace(draft, path)


def _remove_stale(folder: Path, copied: set[str]) -> None:
    """Sound that is no longer published goes, and what a killed run left half-written."""
    for path in (folder / MEDIA).iterdir():
        if path.name not in copied:
            path.unlink()


def _refused(folder: Path, error: Exception) -> PublishError:
    said = getattr(error, "strerror", None) or str(error)
    return PublishError(
        folder,
        f"could not be written ({said}).",
        "What was published before is still there. Free some space and run publish again.",
    )
