"""A testimony for IIIF viewers (Presentation API 3.0): a manifest, its lines, and a collection.

A canvas is a recording: its access copy painted, its captions and its lines beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pipeline import licence
from pipeline.captions import Cue, cues, spoken
from pipeline.labels import Label, label, language_names
from pipeline.publication import Entry, Keeper, Part, media_type

CONTEXT = "http://iiif.io/api/presentation/3/context.json"
MEDIA_TYPE = f'application/ld+json;profile="{CONTEXT}"'
COLLECTION = "/iiif/collection.json"
_FACTS = ("narrator", "interviewer", "recorded_on", "place", "collection", "notice")


@dataclass(frozen=True)
class _Canvas:
    """A part as a canvas: its addresses are made of what it is part of, and where the site is."""

    entry: Entry
    part: Part
    keeper: Keeper

    @property
    def id(self) -> str:
        return f"{self.keeper.at('/iiif')}/{self.entry.row['id']}/canvas/{self.number}"

    @property
    def lines(self) -> str:
        """The page of annotations that has every line."""
        return f"{self.keeper.at('/iiif')}/{self.entry.row['id']}/annotations/{self.number}.json"

    @property
    def number(self) -> int:
        return int(self.part.row["part"])

    def during(self, start_ms: int, end_ms: int) -> str:
        return f"{self.id}#t={start_ms / 1000},{end_ms / 1000}"


def path(ident: str) -> str:
    """Where the site has the manifest of a testimony."""
    return f"/iiif/{ident}/manifest.json"


def manifest(entry: Entry, parts: Sequence[Part], keeper: Keeper) -> str:
    """The manifest; `keeper` must have an address."""
    row, named = entry.row, licence.known(entry.row["licence"])
    page = f"/testimony/{row['id']}"
    canvases = [_Canvas(entry, part, keeper) for part in parts]
    said = {
        "@context": CONTEXT,
        "id": keeper.at(path(row["id"])),
        "type": "Manifest",
        "label": _as_written(row["title"]),
        "summary": _as_written(row["summary"]) if row["summary"] else None,
        "metadata": list(_metadata(entry)),
        "requiredStatement": _pair(label("credit"), _as_written(_credit(entry, keeper))),
        "rights": named.rights if named else None,
        "provider": [_provider(keeper)],
        "homepage": [_linked(keeper, page, "Text", "text/html", row["title"])],
        "seeAlso": [
            _linked(keeper, f"{page}.datacite", "Dataset", "application/json", "DataCite"),
            _linked(keeper, f"{page}.dc", "Dataset", "application/xml", "Dublin Core"),
        ],
        "rendering": [
            {**_linked(keeper, f"{page}.txt", "Text", "text/plain"), "label": label("transcript")}
        ],
        "items": [_shown(canvas) for canvas in canvases],
        "structures": list(_ranges(canvases)),
    }
    return _written(said)


def lines(entry: Entry, part: Part, keeper: Keeper) -> str:
    """The annotations of one part: each line at its time, and whose words they are."""
    canvas = _Canvas(entry, part, keeper)
    said = {
        "@context": CONTEXT,
        "id": canvas.lines,
        "type": "AnnotationPage",
        "label": label("transcript"),
        "items": [_line(cue, canvas) for cue in cues(part.segments)],
    }
    return _written(said)


def collection(testimonies: Iterable[Mapping[str, Any]], keeper: Keeper) -> str:
    """All manifests of an archive; of a testimony `id` and `title` are asked."""
    said = {
        "@context": CONTEXT,
        "id": keeper.at(COLLECTION),
        "type": "Collection",
        "label": _as_written(keeper.title),
        "provider": [_provider(keeper)],
        "items": [_manifest_of(one, keeper) for one in testimonies],
    }
    return _written(said)


def _manifest_of(testimony: Mapping[str, Any], keeper: Keeper) -> dict[str, Any]:
    where, title = keeper.at(path(testimony["id"])), testimony["title"]
    return {"id": where, "type": "Manifest", "label": _as_written(title)}


def _metadata(entry: Entry) -> Iterator[dict[str, Label]]:
    row = entry.row
    for name in _FACTS:
        if row[name]:
            yield _pair(label(name), _as_written(row[name]))
    if languages := json.loads(row["languages_detected"] or "[]"):
        yield _pair(label("languages"), language_names(languages))
    if warnings := json.loads(row["warnings"] or "[]"):
        yield _pair(label("warnings"), {"none": warnings})
    if named := licence.known(row["licence"]):
        yield _pair(label("licence"), _as_written(named.name))


def _credit(entry: Entry, keeper: Keeper) -> str:
    row, named = entry.row, licence.known(entry.row["licence"])
    said = [row["narrator"], row["title"], keeper.title, named.name if named else None]
    return ", ".join(one for one in said if one)


def _shown(canvas: _Canvas) -> dict[str, Any]:
    base = canvas.id
    return {
        "id": base,
        "type": "Canvas",
        "label": label("part", n=canvas.number),
        "duration": canvas.part.row["duration_s"],
        "items": [{"id": f"{base}/page", "type": "AnnotationPage", "items": _sound(canvas)}],
        "annotations": [
            {"id": f"{base}/captions", "type": "AnnotationPage", "items": [_captions(canvas)]},
            {"id": canvas.lines, "type": "AnnotationPage", "label": label("transcript")},
        ],
    }


def _sound(canvas: _Canvas) -> list[dict[str, Any]]:
    """What it is painted with; nothing where there is no access copy."""
    row = canvas.part.row
    if not row["media"]:
        return []
    body = {
        "id": canvas.keeper.media(canvas.part),
        "type": "Video" if row["has_video"] else "Sound",
        "format": media_type(canvas.part),
        "duration": row["duration_s"],
    }
    how = {"id": f"{canvas.id}/media", "type": "Annotation", "motivation": "painting"}
    return [{**how, "body": body, "target": canvas.id}]


def _captions(canvas: _Canvas) -> dict[str, Any]:
    segments = (cue.segment for cue in cues(canvas.part.segments))
    said = [segment["language"] for segment in segments if segment["language"]]
    body = {
        "id": canvas.keeper.at(f"/testimony/{canvas.entry.row['id']}.vtt?part={canvas.number}"),
        "type": "Text",
        "format": "text/vtt",
        "label": label("transcript"),
        # A body has one language; in the file each line has its own.
        "language": max(sorted(set(said)), key=said.count) if said else None,
    }
    return {
        "id": f"{canvas.id}/captions/vtt",
        "type": "Annotation",
        "motivation": "supplementing",
        "body": _known(body),
        "target": canvas.id,
    }


def _line(cue: Cue, canvas: _Canvas) -> dict[str, Any]:
    segment, row = cue.segment, canvas.part.row
    body = {"type": "TextualBody", "value": spoken(segment), "format": "text/plain"}
    if segment["language"]:
        body["language"] = segment["language"]
    machine = {"type": "Software", "name": f"{row['engine']}, {row['model']}"}
    by_person = segment["state"] != "ok"
    return {
        "id": f"{canvas.lines}#s{segment['id']}",
        "type": "Annotation",
        "motivation": "supplementing",
        "creator": {"type": "Organization", "name": canvas.keeper.title} if by_person else machine,
        "body": body,
        "target": canvas.during(cue.start_ms, cue.end_ms),
    }


def _ranges(canvases: Sequence[_Canvas]) -> Iterator[dict[str, Any]]:
    """A range for each part, and in it one for each stretch of a language; none for one alone."""
    for canvas in canvases:
        ident = f"{canvas.id}/range"
        runs = _runs(canvas.part)
        if len(canvases) == 1 and len(runs) < 2:
            continue
        within: list[dict[str, Any]] = [
            {
                "id": f"{ident}/{n}",
                "type": "Range",
                "label": language_names([language]),
                "items": [{"id": canvas.during(start_ms, end_ms), "type": "Canvas"}],
            }
            for n, (language, start_ms, end_ms) in enumerate(runs, start=1)
        ]
        yield {
            "id": ident,
            "type": "Range",
            "label": label("part", n=canvas.number),
            "items": within if len(runs) > 1 else [{"id": canvas.id, "type": "Canvas"}],
        }


def _runs(part: Part) -> list[tuple[str, int, int]]:
    """Language, start and end of each stretch in one language; what has none does not end it."""
    said = [cue for cue in cues(part.segments) if cue.segment["language"]]
    runs = [(tag, list(run)) for tag, run in groupby(said, lambda cue: cue.segment["language"])]
    return [(tag, run[0].start_ms, run[-1].end_ms) for tag, run in runs]


def _provider(keeper: Keeper) -> dict[str, Any]:
    home = _linked(keeper, "/", "Text", "text/html", keeper.title)
    name = _as_written(keeper.title)
    return {"id": keeper.at("/"), "type": "Agent", "label": name, "homepage": [home]}


def _linked(
    keeper: Keeper, where: str, kind: str, form: str, name: str | None = None
) -> dict[str, Any]:
    said = {"id": keeper.at(where), "type": kind, "format": form}
    return said | {"label": _as_written(name)} if name else said


def _as_written(said: object) -> Label:
    """What people wrote, in a language that nobody recorded."""
    return {"none": [str(said)]}


def _pair(name: Label, value: Label) -> dict[str, Label]:
    return {"label": name, "value": value}


def _known(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if value not in (None, [], "")}


def _written(said: Mapping[str, Any]) -> str:
    """Also without any, a list of items must be there."""
    known = _known(said) | {"items": said["items"]}
    return json.dumps(known, ensure_ascii=False, indent=1) + "\n"
