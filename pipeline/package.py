"""Everything that is public in one folder: a Frictionless Data Package, for whoever takes it all.

Tables with their meaning and types, each testimony's transcripts and descriptions, and where they
are asked for the access copies; every file with its size and sha256 in `datapackage.json`.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline import columns, formats, licence, publication
from pipeline import recording as rec
from pipeline.archive import Archive, now
from pipeline.config import Channel, Config
from pipeline.entries import Item
from pipeline.errors import ArchiveError, UsageError, printable
from pipeline.exports import free_place
from pipeline.holdings import read_holdings
from pipeline.plain import files, read
from pipeline.publication import DATABASES, MEDIA_OF, Entry, Keeper
from pipeline.report import Progress, Report

DESCRIPTOR = "datapackage.json"
_FOLDERS = {
    "vtt": "transcripts", "txt": "transcripts", "tei": "transcripts",
    "datacite": "descriptions", "dc": "descriptions",
}  # fmt: skip
_TABLES = ("testimonies", "recordings", "segments")
_LEFT_OUT = {"fingerprint"}  # of no use outside of the publication
_TYPES = {
    "integer": "narrator_born part n",
    "number": "duration_s start_s end_s confidence language_confidence text_language_confidence",
    "array": "languages_declared languages_detected uses warnings",
    "boolean": "has_video",
    "datetime": "transcribed_at",
}
_TYPE_OF = {name: kind for kind, names in _TYPES.items() for name in names.split()}
_TRUTH = {"trueValues": ["1"], "falseValues": ["0"]}
_REQUIRED = {"id", "title", "testimony_id", "recording_id", "part", "start_s", "end_s", "state"}
_REFERENCES = {"testimony_id": "testimonies", "recording_id": "recordings"}


@dataclass
class _Draft:
    """The folder in the making, and what its descriptor says of each file."""

    folder: Path
    keeper: Keeper
    resources: list[dict[str, Any]] = field(default_factory=list)

    def add(self, path: str, media_type: str, **said: Any) -> None:
        """Notes a file that has been written."""
        raw = self.folder / path
        about = {"bytes": raw.stat().st_size, "hash": f"sha256:{rec.sha256(raw)}"}
        # The name may have small letters and few signs only, as ids have.
        form = {"format": raw.suffix[1:], "mediatype": media_type, "encoding": "utf-8"}
        self.resources.append({"name": path.lower(), "path": path, **form, **about, **said})


def export(
    archive: Archive,
    config: Config,
    folder: Path | None,
    channel: Channel,
    progress: Progress,
    *,
    with_media: bool = False,
) -> Report:
    """Writes the package `folder`/`testimonies-CHANNEL` and records it for each testimony in it.

    It is there whole or not at all; without `folder` it lies below `exports/`.
    """
    items = read_holdings(archive, config).allowed(channel)
    if not items:
        who = "the public" if channel == "public" else channel
        what = f"no testimony may leave for {who}."
        raise UsageError("package", what, "Their sidecars say who may see them.")
    target = free_place(archive.root, folder, f"testimonies-{channel}")
    place = target.with_name(f".{target.name}.new")
    progress.begin("Packaging", sum(item.duration_s for item in items.values()))
    try:
        shutil.rmtree(place, ignore_errors=True)  # what a killed export left
        place.mkdir(parents=True)
        draft = _Draft(place, Keeper(config.title, config.address))
        entries = _written(archive, draft, items.values(), channel, progress, with_media=with_media)
        named = _tables(draft, entries)
        raw = _descriptor(config, draft, named)
        (place / DESCRIPTOR).write_bytes(raw)
        sha = hashlib.sha256(raw).hexdigest()
        # First the log: no package may exist that `withdraw` cannot name.
        archive.record(
            "export", items, format="package", channel=channel, path=str(target), sha256=sha
        )
        os.replace(place, target)
    except OSError as error:
        what = f"could not be written ({printable(error)})."
        raise ArchiveError(target, what, "Mend that, then run again.") from error
    finally:
        progress.end()
        shutil.rmtree(place, ignore_errors=True)
    report = Report("package", done=[f"{printable(target)} ({DESCRIPTOR} sha256 {sha})"])
    report.facts |= {"path": str(target), "sha256": sha, "testimonies": len(items)}
    return report


def _written(
    archive: Archive,
    draft: _Draft,
    items: Iterable[Item],
    channel: Channel,
    progress: Progress,
    *,
    with_media: bool,
) -> Iterator[Entry]:
    """Each testimony, after its files were written."""
    for item in items:
        entry = read(archive, item, channel)
        for kind, below in _FOLDERS.items():
            for name, text in files(entry, kind, draft.keeper):
                _write(draft.folder / below / name, text)
                draft.add(f"{below}/{name}", formats.FORMATS[kind].media_type)
        for part in entry.parts:
            name = part.row["media"]
            if name and with_media:
                _copy(_copy_of(archive, name), draft.folder / "media" / name)
                draft.add(f"media/{name}", publication.media_type(part))
            part.row["media"] = f"media/{name}" if name and with_media else None
        yield entry
        progress.advance(item.duration_s)


def _tables(draft: _Draft, entries: Iterable[Entry]) -> set[str | None]:
    """Writes the tables; returns the licences that occur in them."""
    licences = set()
    with ExitStack() as files:
        tables = {}
        for name in _TABLES:
            file = files.enter_context(_opened(draft.folder / "tables" / f"{name}.csv"))
            tables[name] = csv.DictWriter(file, _columns(name), extrasaction="ignore")
            tables[name].writeheader()
        for entry in entries:
            licences.add(entry.row["licence"])
            tables["testimonies"].writerow(entry.row)
            for part in entry.parts:
                tables["recordings"].writerow(part.row)
                tables["segments"].writerows(part.segments)
    for name in _TABLES:
        about = {"profile": "tabular-data-resource", "schema": _schema(name)}
        draft.add(f"tables/{name}.csv", "text/csv", **about)
    return licences


def _descriptor(config: Config, draft: _Draft, licences: set[str | None]) -> bytes:
    said = {
        "profile": "data-package",
        "name": "testimonies",
        "title": config.title,
        "description": f"{config.about or columns.DESCRIPTION}\n\nEach testimony has its own"
        " licence and its own notice: see the columns of tables/testimonies.csv.",
        "homepage": config.address,
        "created": now(),
        "contributors": [{"title": config.title, "role": "publisher"}],
        "licenses": _licences(licences),
        "resources": sorted(draft.resources, key=lambda one: str(one["path"])),
    }
    known = {name: value for name, value in said.items() if value}
    return (json.dumps(known, ensure_ascii=False, indent=1) + "\n").encode()


def _licences(said: set[str | None]) -> list[dict[str, str]]:
    """What holds for the whole: a licence that every testimony has."""
    one = licence.known(next(iter(said))) if len(said) == 1 else None
    if one is None or one.address is None:
        return []
    named = {"name": one.spdx} if one.spdx else {}
    return [{**named, "path": one.address, "title": one.name}]


def _columns(table: str) -> dict[str, str]:
    """Columns with what they mean, as the site explains them."""
    said = columns.of(table)
    return {name: meaning for name, meaning in said.items() if name not in _LEFT_OUT}


def _schema(table: str) -> dict[str, Any]:
    fields = []
    for name, meaning in _columns(table).items():
        must = {"constraints": {"required": True}} if name in _REQUIRED else {}
        described = "File of the access copy in this package" if name == "media" else meaning
        kind = _TYPE_OF.get(name, "string")
        signs = _TRUTH if kind == "boolean" else {}
        fields.append({"name": name, "type": kind, "description": described, **signs, **must})
    keys = [
        {"fields": name, "reference": {"resource": f"tables/{other}.csv", "fields": "id"}}
        for name, other in _REFERENCES.items()
        if name in _columns(table)
    ]
    return {"fields": fields, "primaryKey": "id", "foreignKeys": keys, "missingValues": [""]}


def _copy_of(archive: Archive, name: str) -> Path:
    """The access copy, in the folder of the channel that has it."""
    folders = [archive.root / publication.FOLDER / MEDIA_OF[one] for one in DATABASES]
    return next(folder / name for folder in folders if (folder / name).is_file())


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _opened(path: Path) -> Any:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("w", encoding="utf-8", newline="")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
