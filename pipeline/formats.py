"""Every way to write a testimony down: one registry for the site and for `testimony export`.

Each works on what is published (`publication.Entry`) and nothing else, so that both give the same
bytes, and what may not leave is in none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline import captions, describe, iiif, ohms, tei
from pipeline.publication import Entry, Keeper, Part

_Write = Callable[[Entry, Sequence[Part], Keeper], str]


@dataclass(frozen=True)
class Format:
    """One way to write a testimony down: all of it, or those of its parts that are given.

    `by_part`: its times are those of one recording, so that every part has a file of its own.
    `says_named`: it also says what the vocabulary finds in the words (`Entry.named`).
    `needs_address`: it cannot be written where nobody knows the site's address.
    """

    name: str
    ending: str
    media_type: str
    by_part: bool
    write: _Write
    says_named: bool = False
    needs_address: bool = False


def write(entry: Entry, kind: str, keeper: Keeper, part: int | None = None) -> str:
    """The testimony, or one `part` of it, as `FORMATS[kind]`.

    Raises LookupError where there is no such part, or where the format needs one to be named.
    """
    parts = tuple(p for p in entry.parts if part is None or p.row["part"] == part)
    form = FORMATS[kind]
    if not parts or (form.by_part and len(parts) != 1):
        raise LookupError(entry.row["id"], part)
    return form.write(entry, parts, keeper)


def _bare(write: Callable[[Entry, Sequence[Part]], str]) -> _Write:
    """One that says neither who keeps the archive nor where."""
    return lambda entry, parts, keeper: write(entry, parts)


FORMATS = {
    "vtt": Format("VTT", "vtt", "text/vtt", True, _bare(captions.as_vtt)),
    "srt": Format("SRT", "srt", "application/x-subrip", True, _bare(captions.as_srt)),
    "txt": Format("TXT", "txt", "text/plain", False, _bare(captions.as_txt)),
    "json": Format("JSON", "json", "application/json", False, _bare(captions.as_json)),
    "csv": Format("CSV", "csv", "text/csv", False, _bare(captions.as_csv)),
    "tei": Format("TEI", "tei.xml", "application/tei+xml", True, tei.write),
    "ohms": Format("OHMS", "ohms.xml", "application/xml", True, ohms.write, says_named=True),
    "iiif": Format("IIIF", "iiif.json", iiif.MEDIA_TYPE, False, iiif.manifest, needs_address=True),
    "datacite": Format("DataCite", "datacite.json", "application/json", False, describe.datacite),
    "dc": Format("Dublin Core", "dc.xml", "application/xml", False, describe.dublin_core),
}
