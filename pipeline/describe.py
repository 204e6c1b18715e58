"""A testimony's description for catalogues: DataCite's metadata and Dublin Core.

Both say only what its sidecar says and what was measured; what the vocabulary finds in its words is
no subject that somebody gave it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from pipeline import dates, licence
from pipeline.cited import Name
from pipeline.publication import Entry, Keeper, Part, media_type
from pipeline.xmlfile import fact, root, text

_DATACITE = "http://datacite.org/schema/kernel-4"
# What DataCite has for a field that must be there and is not known.
_NOT_KNOWN = ":unav"
_SPDX = "https://spdx.org/licenses/"
_OAI_DC = "http://www.openarchives.org/OAI/2.0/oai_dc/"
_OAI_DC_SCHEMA = "http://www.openarchives.org/OAI/2.0/oai_dc.xsd"
_DC = "http://purl.org/dc/elements/1.1/"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"


def datacite(entry: Entry, parts: Sequence[Part], keeper: Keeper) -> str:
    """The attributes of a DOI as DataCite's REST API takes them (schema 4.5), without the DOI."""
    row = entry.row
    film = any(part.row["has_video"] for part in parts)
    narrator, interviewer = _person(row["narrator"]), _person(row["interviewer"])
    # Nobody records when it was first published; as it is here it cannot be older than its text.
    made = max(part.row["transcribed_at"] for part in parts)[:4]
    said = {
        "schemaVersion": _DATACITE,
        "url": keeper.at(f"/testimony/{row['id']}"),
        "alternateIdentifiers": [
            {"alternateIdentifier": row["id"], "alternateIdentifierType": "Name in the archive"}
        ],
        "types": {
            "resourceTypeGeneral": "Audiovisual" if film else "Sound",
            "resourceType": "Testimony",
        },
        "creators": [narrator or {"name": _NOT_KNOWN}],
        "titles": [{"title": row["title"]}],
        "publisher": {"name": keeper.title},
        "publicationYear": made,
        "contributors": [
            *([interviewer | {"contributorType": "DataCollector"}] if interviewer else []),
            {
                "name": keeper.title,
                "nameType": "Organizational",
                "contributorType": "HostingInstitution",
            },
        ],
        "dates": list(_dates(row["recorded_on"])),
        "language": next(iter(_languages(entry)), None),
        "sizes": [f"PT{row['duration_s']:.0f}S"],
        "formats": sorted({media_type(part) for part in parts if part.row["media"]}),
        "rightsList": list(_rights(row["licence"])),
        "descriptions": list(_descriptions(row)),
        "geoLocations": [{"geoLocationPlace": row["place"]}] if row["place"] else [],
    }
    known = {name: value for name, value in said.items() if value}
    return json.dumps(known, ensure_ascii=False, indent=1) + "\n"


def dublin_core(entry: Entry, parts: Sequence[Part], keeper: Keeper) -> str:
    """Simple Dublin Core as OAI-PMH has it (oai_dc)."""
    row, named = entry.row, licence.known(entry.row["licence"])
    film = any(part.row["has_video"] for part in parts)
    top = root(_OAI_DC, "dc", oai_dc=_OAI_DC, dc=_DC, xsi=_INSTANCE)
    top.set(f"{{{_INSTANCE}}}schemaLocation", f"{_OAI_DC} {_OAI_DC_SCHEMA}")
    said = [
        ("title", row["title"]),
        ("creator", row["narrator"]),
        ("contributor", row["interviewer"]),
        *(("description", one) for one in (row["summary"], row["notice"])),
        ("publisher", keeper.title),
        ("date", row["recorded_on"]),
        ("type", "MovingImage" if film else "Sound"),
        *(("format", one) for one in sorted({media_type(p) for p in parts if p.row["media"]})),
        ("identifier", row["id"]),
        ("identifier", keeper.at(f"/testimony/{row['id']}")),
        *(("language", language) for language in _languages(entry)),
        ("relation", row["collection"]),
        ("coverage", row["place"]),
        ("rights", named.name if named else None),
        ("rights", named.address if named and named.address != named.name else None),
    ]
    for name, value in said:
        fact(top, f"{{{_DC}}}{name}", value)
    return text(top)


def _person(written: str | None) -> dict[str, str] | None:
    name = Name.of(written)
    if name is None:
        return None
    said = {"name": name.inverted, "nameType": "Personal"}
    return said | {"familyName": name.family, "givenName": name.given} if name.given else said


def _languages(entry: Entry) -> list[str]:
    """Those that were heard, most first; where none was, those that people declared."""
    heard, declared = entry.row["languages_detected"], entry.row["languages_declared"]
    return list(json.loads(heard or "[]") or json.loads(declared or "[]"))


def _dates(edtf: str | None) -> Iterator[dict[str, str]]:
    """When it was recorded, where that is known without doubt."""
    both = dates.ends(edtf)
    day = "/".join(both) if both else dates.exact(edtf)
    if day:
        yield {"date": day, "dateType": "Collected"}


def _rights(written: str | None) -> Iterator[dict[str, str]]:
    named = licence.known(written)
    if named is None:
        return
    said = {"rights": named.name}
    if named.address:
        said["rightsUri"] = named.address
    if named.spdx:
        said |= {"rightsIdentifier": named.spdx, "rightsIdentifierScheme": "SPDX"}
        said["schemeUri"] = _SPDX
    yield said


def _descriptions(row: dict[str, Any]) -> Iterator[dict[str, str]]:
    if row["summary"]:
        yield {"description": row["summary"], "descriptionType": "Abstract"}
    if row["notice"]:
        yield {"description": row["notice"], "descriptionType": "Other"}
