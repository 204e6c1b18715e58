"""The published folder as a reader knows it: names of its files, and what is in them.

Shared by `publish`, which writes it, and the site, which reads it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.config import Channel

FOLDER = Path("publication")
DATABASE = "public.db"
METADATA = "metadata.json"
MEDIA = Path("media") / "public"
# Researchers' database has all that they may see; their folder only what is not public.
DATABASES: dict[Channel, str] = {"public": DATABASE, "researchers": "researchers.db"}
MEDIA_OF: dict[Channel, Path] = {"public": MEDIA, "researchers": Path("media") / "researchers"}
# Sound of single passages, cut when somebody asks for it; the name begins with the copy's own.
CLIPS_OF: dict[Channel, Path] = {c: Path("clips") / c for c in DATABASES}


@dataclass(frozen=True)
class Part:
    """One recording: its row, its segments' rows in order, and those of `former_texts`."""

    row: dict[str, Any]
    segments: Iterable[dict[str, Any]]
    former: Sequence[dict[str, Any]] = ()


@dataclass(frozen=True)
class Named:
    """A term of the vocabulary: its first label by language; degrees, where it is a place."""

    id: str
    labels: Mapping[str, str]
    lat: float | None = None
    lon: float | None = None


@dataclass(frozen=True)
class Entry:
    """What is published of one testimony: the rows of `testimonies`, `recordings`, `segments`.

    `named`: by a segment's id, what its words name; empty also where nobody has looked.
    """

    row: dict[str, Any]
    parts: Sequence[Part]
    named: Mapping[int, Sequence[Named]] = field(default_factory=dict)


@dataclass(frozen=True)
class Keeper:
    """Who keeps the archive, and the address of its site, None where nobody said."""

    title: str
    address: str | None = None

    def at(self, path: str) -> str | None:
        """A path of the site as a whole address."""
        return None if self.address is None else self.address.rstrip("/") + path

    def media(self, part: Part) -> str | None:
        """Where a part is heard; None where there is no access copy."""
        return self.at(f"/media/{part.row['id']}") if part.row["media"] else None


def media_type(part: Part) -> str:
    """Of its access copy."""
    return "video/mp4" if part.row["has_video"] else "audio/mp4"


def clip_name(media: str, start_s: float, end_s: float) -> str:
    """The file of a passage of one access copy; another copy makes another clip."""
    return f"{media}.{start_s:.2f}-{end_s:.2f}.m4a"


def media_of_clip(name: str) -> str:
    """The access copy that a clip is from, also for one that is only half written."""
    return ".".join(name.removeprefix(".").split(".")[:2])


def sealed_address(address: str) -> str:
    """An address as the list of former ones keeps it: it can be asked for, and not be read.

    `address` is a table and a key, as `testimonies/lt-1998-0042`.
    """
    return hashlib.sha256(address.encode()).hexdigest()
