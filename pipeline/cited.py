"""What is cited: a passage, the names and dates of it, as citations of every kind read them.

Names stand in sidecars as they are spoken: the last word is taken for the family name, unless a
comma says otherwise, or the name has brackets, digits or an initial at its end, as pseudonyms do.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.clock import clock

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
SEASONS = {21: "Spring", 22: "Summer", 23: "Autumn", 24: "Winter"}
_DAY = re.compile(r"(\d{4}|\d{3}X)(?:-(\d\d))?(?:-(\d\d))?([?~%]?)")
_LITERAL = re.compile(r"[()\[\]{}\d]|\.$")


@dataclass(frozen=True)
class Source:
    """What is cited. Times are seconds from the recording's start, `recorded_on` is EDTF."""

    key: str  # letters, digits and hyphens; the same for the same passage
    title: str
    archive: str
    address: str
    start_s: float
    end_s: float
    accessed: datetime.date
    narrator: str | None = None
    narrator_born: int | None = None
    interviewer: str | None = None
    recorded_on: str | None = None
    place: str | None = None
    licence: str | None = None
    language: str | None = None
    part: int | None = None  # None: there is only one
    film: bool = False

    @property
    def medium(self) -> str:
        return "video" if self.film else "audio"

    @property
    def locator(self) -> str:
        """Where in the recording, as a player shows it: `part 2, 0:12–0:20`."""
        part = f"part {self.part}, " if self.part else ""
        return f"{part}{clock(self.start_s)}–{clock(self.end_s)}"


@dataclass(frozen=True)
class Name:
    """A person's name; `given` is None where nobody can tell the parts apart."""

    family: str
    given: str | None

    @classmethod
    def of(cls, written: str | None) -> Name | None:
        text = one_line(written)
        if not text:
            return None
        family, comma, given = (part.strip() for part in text.partition(","))
        if comma and family and given:
            return cls(family, given)
        words = text.split()
        if len(words) < 2 or _LITERAL.search(text):
            return cls(text, None)
        return cls(words[-1], " ".join(words[:-1]))

    @property
    def spoken(self) -> str:
        return f"{self.given} {self.family}" if self.given else self.family

    @property
    def inverted(self) -> str:
        return f"{self.family}, {self.given}" if self.given else self.family

    @property
    def initials(self) -> str:
        """`J.-P. M.` for Jean-Paul Marie; empty where there is no given name."""
        words = (self.given or "").split()
        return " ".join("-".join(f"{x[0]}." for x in w.split("-") if x) for w in words)


@dataclass(frozen=True)
class Day:
    """One end of an EDTF date as far as it is known."""

    year: str
    month: int | None
    day: int | None
    doubt: str  # "", "?" uncertain, "~" approximate, "%" both

    @classmethod
    def all_of(cls, edtf: str | None) -> list[Day]:
        """The ends of a date or an interval; none where there is no year in it."""
        matches = [_DAY.match(end) for end in (edtf or "").split("/")]
        return [
            cls(m[1].replace("X", "0s"), int(m[2] or 0) or None, int(m[3] or 0) or None, m[4])
            for m in matches
            if m
        ]

    @property
    def month_name(self) -> str | None:
        if self.month in SEASONS:
            return SEASONS[self.month]
        return MONTHS[self.month - 1] if self.month and self.month <= len(MONTHS) else None

    @property
    def british(self) -> str:
        """`14 June 1998`"""
        day = str(self.day) if self.day else None
        return " ".join(
            filter(None, (day if self.month_name else None, self.month_name, self.year))
        )

    @property
    def american(self) -> str:
        """`June 14, 1998`"""
        if self.month_name and self.day:
            return f"{self.month_name} {self.day}, {self.year}"
        return " ".join(filter(None, (self.month_name, self.year)))


def one_line(text: str | None) -> str:
    """What people wrote, without line ends and other characters that no one sees."""
    return " ".join("".join(_visible(text or "")).split())


def _visible(text: str) -> Iterator[str]:
    return (c if c.isprintable() else " " for c in text)
