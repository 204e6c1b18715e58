"""A testimony for IIIF viewers (Presentation API 3.0): a manifest, its lines, and a collection.

A canvas is a recording: its access copy painted, its captions and its lines beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
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


def path(ident: str) -> str:
    """Where the site has the manifest of a testimony."""
    return f"/iiif/{ident}/manifest.json"


def manifest(entry: Entry, parts: Sequence[Part], keeper: Keeper) -> str:
    """The manifest; `keeper` must have an address."""
    row, named = entry.row, licence.known(entry.row["licence"])
    page = f"/testimony/{row['id']}"
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
        "items": [_canvas(entry, part, keeper) for part in parts],
        "structures": list(_ranges(entry, parts, keeper)),
    }
    return _written(said)


def lines(entry: Entry, part: Part, keeper: Keeper) -> str:
    """The annotations of one part: each line at its time, and whose words they are."""
    base = _lines_id(entry, part, keeper)
    said = {
        "@context": CONTEXT,
        "id": base,
        "type": "AnnotationPage",
        "label": label("transcript"),
        "items": [_line(cue, part, base, keeper, entry) for cue in cues(part.segments)],
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
        "items": [
            {
                "id": keeper.at(path(one["id"])),
                "type": "Manifest",
                "label": _as_written(one["title"]),
            }
            for one in testimonies
        ],
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


def _canvas(entry: Entry, part: Part, keeper: Keeper) -> dict[str, Any]:
    base, row = _canvas_id(entry, part, keeper), part.row
    painted = {"id": f"{base}/page", "type": "AnnotationPage", "items": _sound(base, part, keeper)}
    return {
        "id": base,
        "type": "Canvas",
        "label": label("part", n=row["part"]),
        "duration": row["duration_s"],
        "items": [painted],
        "annotations": [
            {"id": f"{base}/captions", "type": "AnnotationPage",
             "items": [_captions(base, entry, part, keeper)]},
            {"id": _lines_id(entry, part, keeper), "type": "AnnotationPage",
             "label": label("transcript")},
        ],
    }  # fmt: skip


def _sound(base: str, part: Part, keeper: Keeper) -> list[dict[str, Any]]:
    """What the canvas is painted with; nothing where there is no access copy."""
    if not part.row["media"]:
        return []
    body = {
        "id": keeper.media(part),
        "type": "Video" if part.row["has_video"] else "Sound",
        "format": media_type(part),
        "duration": part.row["duration_s"],
    }
    return [
        {
            "id": f"{base}/media",
            "type": "Annotation",
            "motivation": "painting",
            "body": body,
            "target": base,
        }
    ]


def _captions(base: str, entry: Entry, part: Part, keeper: Keeper) -> dict[str, Any]:
    said = [cue.segment["language"] for cue in cues(part.segments) if cue.segment["language"]]
    body = {
        "id": keeper.at(f"/testimony/{entry.row['id']}.vtt?part={part.row['part']}"),
        "type": "Text",
        "format": "text/vtt",
        "label": label("transcript"),
        # A body has one language; in the file each line has its own.
        "language": max(sorted(set(said)), key=said.count) if said else None,
    }
    return {
        "id": f"{base}/captions/vtt",
        "type": "Annotation",
        "motivation": "supplementing",
        "body": _known(body),
        "target": base,
    }


def _line(cue: Cue, part: Part, base: str, keeper: Keeper, entry: Entry) -> dict[str, Any]:
    segment = cue.segment
    body = {
        "type": "TextualBody",
        "value": spoken(segment),
        "format": "text/plain",
    }
    if segment["language"]:
        body["language"] = segment["language"]
    machine = {"type": "Software", "name": f"{part.row['engine']}, {part.row['model']}"}
    by_person = segment["state"] != "ok"
    return {
        "id": f"{base}#s{segment['id']}",
        "type": "Annotation",
        "motivation": "supplementing",
        "creator": {"type": "Organization", "name": keeper.title} if by_person else machine,
        "body": body,
        "target": _canvas_id(entry, part, keeper) + _during(cue.start_ms, cue.end_ms),
    }


def _ranges(entry: Entry, parts: Sequence[Part], keeper: Keeper) -> Iterator[dict[str, Any]]:
    """A range for each part, and in it one for each stretch of a language; none for one alone."""
    for part in parts:
        base, number = _canvas_id(entry, part, keeper), part.row["part"]
        ident = keeper.at(f"/iiif/{entry.row['id']}/range/{number}")
        runs = _runs(part)
        within: list[dict[str, Any]] = [
            {
                "id": f"{ident}/{n}",
                "type": "Range",
                "label": language_names([language]),
                "items": [{"id": base + _during(start_ms, end_ms), "type": "Canvas"}],
            }
            for n, (language, start_ms, end_ms) in enumerate(runs, start=1)
        ]
        if len(parts) > 1 or len(runs) > 1:
            items = within if len(runs) > 1 else [{"id": base, "type": "Canvas"}]
            yield {"id": ident, "type": "Range", "label": label("part", n=number), "items": items}


def _runs(part: Part) -> list[tuple[str, int, int]]:
    """Language, start and end of each stretch in one language; what has none does not end it."""
    said = [cue for cue in cues(part.segments) if cue.segment["language"]]
    found = [
        (language, list(run)) for language, run in groupby(said, lambda c: c.segment["language"])
    ]
    return [(language, run[0].start_ms, run[-1].end_ms) for language, run in found]


def _canvas_id(entry: Entry, part: Part, keeper: Keeper) -> str:
    return f"{keeper.at('/iiif')}/{entry.row['id']}/canvas/{part.row['part']}"


def _lines_id(entry: Entry, part: Part, keeper: Keeper) -> str:
    return f"{keeper.at('/iiif')}/{entry.row['id']}/annotations/{part.row['part']}.json"


def _during(start_ms: int, end_ms: int) -> str:
    return f"#t={start_ms / 1000},{end_ms / 1000}"


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
