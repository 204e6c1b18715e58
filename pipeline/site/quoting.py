"""Finding what an address of a quote leads to, and saying in a sentence why it leads nowhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline import passage
from pipeline.clock import clock
from pipeline.passage import Passage, PassageError
from pipeline.site.readers import widest
from pipeline.site.render import link
from pipeline.site.words import Words

if TYPE_CHECKING:
    from datasette.app import Datasette

_REFERENCE = re.compile(
    r"(?P<id>[a-z0-9_-]{1,100})/(?P<range>[0-9.:-]{1,30})(?:@(?P<version>[0-9a-f]{16}))?"
)
_ADDRESS = re.compile(
    r"(?:.*/)?quote/(?P<id>[a-z0-9_-]{1,100})/(?P<range>[0-9.:-]{1,30})(?:/embed)?/?"
    r"(?:\?(?:.*&)?v=(?P<version>[0-9a-f]{16})\b.*|\?.*)?"
)


@dataclass(frozen=True)
class Reference:
    """An address in short, as lists of quotes keep it: `ID/RANGE@VERSION`."""

    testimony_id: str
    range: str
    version: str | None = None

    @classmethod
    def of(cls, written: str) -> Reference | None:
        """From its short form or from a quote's whole address; None where it is neither."""
        text = written.strip()[:2000]
        match = _REFERENCE.fullmatch(text) or _ADDRESS.fullmatch(text)
        return cls(match["id"], match["range"], match["version"]) if match else None

    def __str__(self) -> str:
        return f"{self.testimony_id}/{self.range}" + (f"@{self.version}" if self.version else "")


def reference(found: Passage) -> Reference:
    """The passage as it is now."""
    return Reference(found.place.testimony_id, found.place.range, found.version)


def path(found: Passage, below: str = "") -> str:
    """The address of a quote within the site, with the version of its words."""
    at = f"/quote/{found.place.testimony_id}/{found.place.range}{below}"
    return link(at, {"v": found.version})


def clip_path(found: Passage) -> str:
    """The address of its sound."""
    at = f"/clip/{found.place.testimony_id}/{found.place.range}.m4a"
    return link(at, {"v": found.version})


async def find(datasette: Datasette, actor: Any, wanted: Reference) -> Passage:
    """The passage, if this reader may see it. Raises PassageError."""
    db = datasette.get_database(await widest(datasette, actor))
    found: Passage = await db.execute_fn(
        lambda connection: passage.read(
            connection, wanted.testimony_id, wanted.range, wanted.version
        )
    )
    return found


async def is_public(datasette: Datasette, wanted: Reference) -> bool:
    """Whether also a reader whom nobody knows may see it."""
    try:
        await find(datasette, None, wanted)
    except PassageError:
        return False
    return True


def status(error: PassageError) -> int:
    """The HTTP status that fits."""
    return {"unknown": 404, "part": 404, "beyond": 404, "redacted": 403}.get(error.why, 400)


def sentence(error: PassageError, words: Words) -> str:
    """Why nothing can be quoted there, for a reader."""
    _, facts = words.gettext, error.facts
    said = {
        "form": _("A passage is written START-END, in seconds with at most two decimals."),
        "reversed": _("This passage ends before it begins."),
        "long": _("A quote may last at most %(minutes)s minutes."),
        "unknown": _("There is no such testimony in this archive."),
        "part": _("This testimony has no such part."),
        "beyond": _("This recording ends at %(end)s, before the passage does."),
        "redacted": _(
            "From %(start)s to %(end)s it is not published what was said. Quote what is before or"
            " after."
        ),
    }[error.why]
    return said % {
        "minutes": words.number(facts.get("longest_s", 0) / 60),
        "start": clock(facts.get("start_s", 0)),
        "end": clock(facts.get("end_s", facts.get("duration_s", 0))),
    }
