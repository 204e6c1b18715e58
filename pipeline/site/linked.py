"""A testimony in schema.org's words (JSON-LD), for search engines and harvesters."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from pipeline import dates
from pipeline.publication import Entry, Part
from pipeline.site.licences import Licence


def description(
    entry: Entry, licence: Licence, archive: str, address: Callable[[str], str]
) -> dict[str, Any]:
    """An ArchiveComponent with its sound or film; `address` makes a path of the site absolute."""
    row = entry.row
    page = address(f"/testimony/{row['id']}")
    said = {
        "@context": "https://schema.org",
        "@type": "ArchiveComponent",
        "@id": page,
        "url": page,
        "identifier": row["id"],
        "name": row["title"],
        "abstract": row["summary"],
        "creator": _person(row["narrator"], row["narrator_born"]),
        "contributor": _person(row["interviewer"]),
        # It takes ISO 8601: what is in doubt or a range is not stated as if it were known.
        "dateCreated": dates.exact(row["recorded_on"]),
        "locationCreated": _named("Place", row["place"]),
        "inLanguage": json.loads(row["languages_detected"] or "[]"),
        "keywords": json.loads(row["warnings"] or "[]"),
        "isPartOf": _named("Collection", row["collection"]),
        "holdingArchive": _named("ArchiveOrganization", archive),
        "license": licence.address,
        "usageInfo": f"{page}#use",
        "accessibilityFeature": ["transcript"],
        "associatedMedia": [_media(entry, part, address) for part in entry.parts],
    }
    return {name: value for name, value in said.items() if value}


def script(said: dict[str, Any]) -> Markup:
    """As it may stand in a `<script>`: no text in it can end the element."""
    text = json.dumps(said, ensure_ascii=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 - nothing is left in it that HTML could read


def _media(entry: Entry, part: Part, address: Callable[[str], str]) -> dict[str, Any]:
    row = part.row
    film = bool(row["has_video"])
    said = {
        "@type": "VideoObject" if film else "AudioObject",
        "name": entry.row["title"],
        "position": row["part"],
        "duration": f"PT{row['duration_s']:.0f}S",
        "contentUrl": address(f"/media/{row['id']}") if row["media"] else None,
        "encodingFormat": "video/mp4" if film else "audio/mp4",
        "caption": {
            "@type": "MediaObject",
            "contentUrl": address(f"/testimony/{entry.row['id']}.vtt?part={row['part']}"),
            "encodingFormat": "text/vtt",
        },
    }
    return {name: value for name, value in said.items() if value}


def _person(name: str | None, born: int | None = None) -> dict[str, str] | None:
    said = _named("Person", name)
    if said and born:
        said["birthDate"] = str(born)
    return said


def _named(kind: str, name: str | None) -> dict[str, str] | None:
    return {"@type": kind, "name": name} if name else None
