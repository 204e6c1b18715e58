"""Builds `publication/`: what may leave the archive. The only place that applies consent.

A new `public.db` is written beside the old one and swapped in by one rename, so a reader sees
the old or the new, never a mix. Nothing is hidden in it: what may not be public is not there.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from pipeline import audio, searchindex, testimony
from pipeline import recording as rec
from pipeline.archive import Archive
from pipeline.config import Config
from pipeline.consent import may_be_public
from pipeline.errors import AudioError, PublishError
from pipeline.publication import DATABASE, FOLDER, MEDIA, METADATA, datasette_metadata
from pipeline.recording import Recording
from pipeline.report import Progress, Report
from pipeline.testimony import Sidecar
from pipeline.transcript import PUBLIC_STATES, by_language

# Raise it when what is written below changes, so that the next run publishes anew.
_FORM = 2


@dataclass(frozen=True)
class Item:
    """One testimony that may be public, with the masters that have a transcript."""

    sidecar: Sidecar
    recordings: tuple[Recording, ...]

    @property
    def tags(self) -> dict[str, str]:
        """What the access copies say of themselves."""
        return {"title": self.sidecar.title, "comment": self.sidecar.notice or ""}

    def media_name(self, recording: Recording) -> str:
        """The copy's file name; new words in its tags make it another file."""
        said = hashlib.sha256(json.dumps(self.tags, sort_keys=True).encode()).hexdigest()[:8]
        return f"{recording.id}-{said}.{'mp4' if recording.has_video else 'm4a'}"


def publish(archive: Archive, config: Config, progress: Progress) -> Report:
    """Brings `publication/` up to date; does nothing where nothing has changed."""
    report = Report("publish")
    items = _publishable(archive, config, report)
    fingerprint = _fingerprint(archive, config, items)
    folder = archive.root / FOLDER
    if fingerprint == archive.last_publication() and _is_whole(folder, items):
        report.unchanged += [item.sidecar.id for item in items]
        return report
    try:
        (folder / MEDIA).mkdir(parents=True, exist_ok=True)
        copied = _copies(archive, folder, items, progress, report)
        segments = _build(archive, folder, items, copied)
        _write_metadata(folder, config)
        os.replace(_draft(folder), folder / DATABASE)
        _remove_stale(folder, copied)
    except (OSError, sqlite3.Error) as error:
        report.problem(_refused(folder, error))
        with suppress(OSError):
            _draft(folder).unlink(missing_ok=True)
        return report
    if copied == {item.media_name(r) for item in items for r in item.recordings}:
        archive.save_publication(fingerprint, len(items), segments)
    report.done += [item.sidecar.id for item in items]
    report.facts["segments"] = segments
    return report


def _publishable(archive: Archive, config: Config, report: Report) -> list[Item]:
    sidecars = testimony.load_all(archive.root)
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


def _fingerprint(archive: Archive, config: Config, items: Sequence[Item]) -> str:
    parts: list[object] = [_FORM, searchindex.VERSION, config.title]
    quarantined = {name: row["quarantined"] for name, row in archive.summaries().items()}
    for item in items:
        runs = [[r.id, r.part, r.current_run_id, quarantined[r.id]] for r in item.recordings]
        parts.append([item.sidecar.model_dump(mode="json"), runs])
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _is_whole(folder: Path, items: Sequence[Item]) -> bool:
    media = [folder / MEDIA / i.media_name(r) for i in items for r in i.recordings]
    return all(path.is_file() for path in (folder / DATABASE, folder / METADATA, *media))


def _copies(
    archive: Archive, folder: Path, items: Sequence[Item], progress: Progress, report: Report
) -> set[str]:
    """Makes the access copies that are missing; returns the names of all that are there."""
    wanted = [(item, recording) for item in items for recording in item.recordings]
    names = {item.media_name(recording) for item, recording in wanted}
    there = {name for name in names if (folder / MEDIA / name).is_file()}
    missing = [(i, r) for i, r in wanted if i.media_name(r) not in there]
    progress.begin("Copying sound", sum(recording.duration_s for _, recording in missing))
    for item, recording in missing:
        name = item.media_name(recording)
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


def _build(archive: Archive, folder: Path, items: Sequence[Item], copied: set[str]) -> int:
    """Writes the new database beside the old; returns the number of segments."""
    draft = _draft(folder)
    draft.unlink(missing_ok=True)
    db = Database(sqlite3.connect(draft))
    try:
        create_tables(db)
        with db.atomic():
            for item in items:
                db.table("testimonies").insert(_testimony_row(archive, item))
                for recording in item.recordings:
                    media = item.media_name(recording)
                    row = _recording_row(archive, recording, media if media in copied else None)
                    db.table("recordings").insert(row)
                    db.table("segments").insert_all(_segment_rows(archive, recording))
                    searchindex.add(db, recording.id)
            searchindex.finish(db)
        db.analyze()
        return db.table("segments").count
    finally:
        db.close()


def create_tables(db: Database) -> None:
    """The empty tables of a `public.db`, and its index."""
    db.table("testimonies").create(
        {
            "id": str,
            "title": str,
            "narrator": str,
            "narrator_born": int,
            "interviewer": str,
            "recorded_on": str,
            "place": str,
            "languages_declared": str,
            "languages_detected": str,
            "collection": str,
            "summary": str,
            "notice": str,
            "licence": str,
            "uses": str,
            "warnings": str,
            "duration_s": float,
        },
        pk="id",
    )
    db.table("recordings").create(
        {
            "id": str,
            "testimony_id": str,
            "part": int,
            "duration_s": float,
            "has_video": int,
            "media": str,
            "engine": str,
            "model": str,
            "transcribed_at": str,
        },
        pk="id",
        foreign_keys=[("testimony_id", "testimonies", "id")],
    )
    db.table("segments").create(
        {
            "id": int,
            "testimony_id": str,
            "recording_id": str,
            "n": int,
            "start_s": float,
            "end_s": float,
            "text": str,
            "language": str,
            "language_confidence": float,
            "language_source": str,
            "text_language": str,
            "text_language_confidence": float,
            "confidence": float,
            "speaker": str,
            "state": str,
        },
        pk="id",
        foreign_keys=[("testimony_id", "testimonies", "id"), ("recording_id", "recordings", "id")],
    )
    db.table("segments").create_index(["recording_id", "n"])
    db.table("segments").create_index(["testimony_id"])
    db.table("segments").create_index(["language"])
    searchindex.create(db)


def _testimony_row(archive: Archive, item: Item) -> dict[str, Any]:
    sidecar = item.sidecar
    heard = [json.loads(_run(archive, r)["languages"]).items() for r in item.recordings]
    detected = list(by_language(chain.from_iterable(heard)))
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
        "languages_detected": json.dumps(detected),
        "collection": sidecar.collection,
        "summary": sidecar.summary,
        "notice": sidecar.notice,
        "licence": sidecar.licence,
        "uses": json.dumps(sidecar.uses),
        "warnings": json.dumps(sidecar.warnings, ensure_ascii=False),
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
    for n, (ident, segment) in enumerate(archive.segments(recording.current_run_id), start=1):
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
    draft = folder / f".{METADATA}.new"
    text = json.dumps(datasette_metadata(config.title), indent=2, ensure_ascii=False)
    draft.write_text(text + "\n", encoding="utf-8")
    os.replace(draft, folder / METADATA)


def _remove_stale(folder: Path, copied: set[str]) -> None:
    """Sound that is no longer published goes, and what a killed run left half-written."""
    for path in (folder / MEDIA).iterdir():
        if path.name not in copied:
            path.unlink()


def _draft(folder: Path) -> Path:
    return folder / f".{DATABASE}.new"


def _refused(folder: Path, error: Exception) -> PublishError:
    said = getattr(error, "strerror", None) or str(error)
    return PublishError(
        folder,
        f"could not be written ({said}).",
        "What was published before is still there. Free some space and run publish again.",
    )
