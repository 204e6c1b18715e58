"""How a passage is cited: Chicago, APA and ISO 690 in English; BibTeX, RIS and CSL JSON.

What is not known is left out, or said to be unknown where the style wants that. Names stand in
sidecars as they are spoken: the last word is taken for the family name, unless a comma says
otherwise, or the name has brackets, digits or an initial at its end, as pseudonyms do.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from pipeline.clock import clock

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_SEASONS = {21: "Spring", 22: "Summer", 23: "Autumn", 24: "Winter"}
_DAY = re.compile(r"(\d{4}|\d{3}X)(?:-(\d\d))?(?:-(\d\d))?([?~%]?)")
_LITERAL = re.compile(r"[()\[\]{}\d]|\.$")
_TEX = {
    "\\": r"\textbackslash{}", "{": r"\textbraceleft{}", "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "#": r"\#", "$": r"\$", "%": r"\%", "&": r"\&", "_": r"\_",
}  # fmt: skip


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
        text = _one_line(written)
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
        if self.month in _SEASONS:
            return _SEASONS[self.month]
        return _MONTHS[self.month - 1] if self.month and self.month <= len(_MONTHS) else None

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


def chicago_note(source: Source) -> Markup:
    """A note of the Chicago Manual of Style, 17th edition, without its number."""
    narrator, interviewer = Name.of(source.narrator), Name.of(source.interviewer)
    facts = [*_chicago_facts(source), _one_line(source.address)]
    if interviewer:
        facts.insert(0, f"interview by {interviewer.spoken}")
    who = f"{narrator.spoken}, " if narrator else ""
    title = _ended(_one_line(source.title), ",")
    return Markup("{}“{}” {}.").format(who, title, ", ".join(facts))


def chicago_bibliography(source: Source) -> Markup:
    """An entry of a Chicago bibliography."""
    narrator, interviewer = Name.of(source.narrator), Name.of(source.interviewer)
    where, medium, locator, archive = _chicago_facts(source)
    sentences = [
        narrator.inverted if narrator else "",
        f"“{_ended(_one_line(source.title), '.')}”",
        f"Interview by {interviewer.spoken}" if interviewer else "",
        where[:1].upper() + where[1:],
        f"{medium.capitalize()}, {locator}",
        archive,
        _one_line(source.address),
    ]
    return _sentences(sentences)


def apa_reference(source: Source) -> Markup:
    """An entry of a reference list, American Psychological Association, 7th edition."""
    narrator, interviewer = Name.of(source.narrator), Name.of(source.interviewer)
    title: str = Markup("<i>{}</i>").format(_one_line(source.title))
    if interviewer:
        title += Markup(" ({}, Interviewer)").format(_initials_first(interviewer))
    title += Markup(" [{} recording, {}]").format(source.medium.capitalize(), source.locator)
    date = _apa_date(source.recorded_on)
    if narrator:
        head = Markup("{} ({}). {}.").format(_ended(_initials_last(narrator), "."), date, title)
    else:
        head = Markup("{}. ({}).").format(title, date)
    archive, address = _ended(_one_line(source.archive), "."), _one_line(source.address)
    return Markup("{} {} {}").format(head, archive, address)


def apa_in_text(source: Source) -> Markup:
    """What stands in the text beside the words quoted."""
    narrator = Name.of(source.narrator)
    who = narrator.family if narrator else f"“{_one_line(source.title)}”"
    year = _apa_date(source.recorded_on).partition(",")[0]
    part = f"part {source.part}, " if source.part else ""
    return Markup("({}, {}, {}{})").format(who, year, part, clock(source.start_s))


def iso690(source: Source) -> Markup:
    """A reference after ISO 690:2021, name and title first."""
    narrator, interviewer = Name.of(source.narrator), Name.of(source.interviewer)
    day = _said(source.recorded_on, "british", "[n.d.]")
    seen = Day(str(source.accessed.year), source.accessed.month, source.accessed.day, "").british
    sentences = [
        _capitals(narrator, inverted=True) if narrator else "",
        Markup("<i>{}</i> [{} recording]").format(_one_line(source.title), source.medium),
        f"Interviewer: {_capitals(interviewer)}" if interviewer else "",
        ", ".join(filter(None, (_one_line(source.place), day))),
        f"{_one_line(source.archive)}, {source.locator} [viewed {seen}]",
    ]
    address = _one_line(source.address)
    return Markup("{} Available from: {}").format(_sentences(sentences), address)


def bibtex(source: Source) -> str:
    """One entry in UTF-8, for BibTeX and biblatex; braces keep what is no name or sentence."""
    narrator, days = Name.of(source.narrator), Day.all_of(source.recorded_on)
    month = days[0].month if days and (days[0].month or 99) <= len(_MONTHS) else None
    fields = {
        "author": _tex_name(narrator),
        "title": f"{{{_tex(source.title)}}}",
        "howpublished": _tex(_recording_by(source)),
        "organization": _tex(source.archive),
        "address": _tex(source.place),
        "year": _tex(_years(days)),
        "month": _MONTHS[month - 1][:3].lower() if month else "",
        "note": _tex(_note(source)),
        "langid": _tex(source.language),
        # Not escaped: \url takes an address as it is.
        "url": _one_line(source.address),
        "urldate": source.accessed.isoformat(),
    }
    lines = [
        f"  {name} = {value}" if name == "month" else f"  {name} = {{{value}}}"
        for name, value in fields.items()
        if value
    ]
    return f"@misc{{{source.key},\n" + ",\n".join(lines) + "\n}\n"


def ris(source: Source) -> str:
    """One record, lines ended as the format wants."""
    narrator, interviewer = Name.of(source.narrator), Name.of(source.interviewer)
    days = Day.all_of(source.recorded_on)
    fields = [
        ("TY", "VIDEO" if source.film else "SOUND"),
        ("ID", source.key),
        ("AU", narrator.inverted if narrator else ""),
        ("A2", interviewer.inverted if interviewer else ""),
        ("TI", source.title),
        ("PY", days[0].year if days and days[0].year.isdigit() else ""),
        ("DA", _ris_date(days[0]) if days and days[0].year.isdigit() else ""),
        ("CY", source.place),
        ("PB", source.archive),
        ("LA", source.language),
        ("N1", _note(source)),
        ("UR", source.address),
        ("Y2", source.accessed.strftime("%Y/%m/%d")),
    ]
    lines = [f"{tag}  - {_one_line(value)}" for tag, value in fields if _one_line(value)]
    return "\r\n".join([*lines, "ER  - ", ""])


def csl(source: Source) -> dict[str, Any]:
    """An item of CSL JSON, as citation managers exchange it."""
    days = Day.all_of(source.recorded_on)
    item = {
        "id": source.key,
        "type": "interview",
        "title": _one_line(source.title),
        "author": _csl_name(source.narrator),
        "interviewer": _csl_name(source.interviewer),
        "issued": _csl_date(days),
        "accessed": {"date-parts": [_date_parts(source.accessed)]},
        "event-place": _one_line(source.place),
        "archive": _one_line(source.archive),
        "medium": f"{source.medium.capitalize()} recording",
        "language": source.language,
        "note": _note(source),
        "URL": _one_line(source.address),
    }
    return {name: value for name, value in item.items() if value}


def _chicago_facts(source: Source) -> list[str]:
    """Place and date, medium, locator, archive; always four."""
    date = _said(source.recorded_on, "american", "n.d.")
    where = ", ".join(filter(None, (_one_line(source.place), date)))
    return [where, source.medium, source.locator, _one_line(source.archive)]


def _said(edtf: str | None, way: str, unknown: str) -> str:
    """A date in one way of writing it, in square brackets where it is doubted."""
    days = Day.all_of(edtf)
    if not days:
        return unknown
    said = "–".join(str(getattr(day, way)) for day in days)
    doubts = {day.doubt for day in days} - {""}
    if not doubts:
        return said
    about = "ca. " if doubts & {"~", "%"} else ""
    return f"[{about}{said}{'?' if doubts & {'?', '%'} else ''}]"


def _apa_date(edtf: str | None) -> str:
    days = Day.all_of(edtf)
    if not days:
        return "n.d."
    about = "ca. " if any(day.doubt for day in days) else ""
    if len(days) > 1:
        return about + "–".join(day.year for day in days)
    day = days[0]
    rest = " ".join(filter(None, (day.month_name, str(day.day or "") if day.month_name else "")))
    return about + ", ".join(filter(None, (day.year, rest)))


def _initials_last(name: Name) -> str:
    return f"{name.family}, {name.initials}" if name.given else name.family


def _initials_first(name: Name) -> str:
    return f"{name.initials} {name.family}" if name.given else name.family


def _capitals(name: Name, *, inverted: bool = False) -> str:
    if not name.given:
        return name.family
    family = name.family.upper()
    return f"{family}, {name.given}" if inverted else f"{name.given} {family}"


def _recording_by(source: Source) -> str:
    interviewer = Name.of(source.interviewer)
    by = f", interview by {interviewer.spoken}" if interviewer else ""
    return f"{source.medium.capitalize()} recording{by}"


def _note(source: Source) -> str:
    """What the formats have no field for."""
    born = f"Narrator born {source.narrator_born}" if source.narrator_born else None
    licence = f"Licence: {_one_line(source.licence)}" if source.licence else None
    locator = source.locator[:1].upper() + source.locator[1:]
    return ". ".join(filter(None, (locator, born, licence)))


def _years(days: list[Day]) -> str:
    return "/".join(dict.fromkeys(day.year for day in days))


def _ris_date(day: Day) -> str:
    month = f"{day.month:02}" if day.month_name and day.month not in _SEASONS else ""
    return f"{day.year}/{month}/{day.day:02}/" if month and day.day else f"{day.year}/{month}//"


def _csl_name(written: str | None) -> list[dict[str, str]]:
    name = Name.of(written)
    if name is None:
        return []
    return [
        {"family": name.family, "given": name.given} if name.given else {"literal": name.family}
    ]


def _csl_date(days: list[Day]) -> dict[str, Any]:
    if not days or not all(day.year.isdigit() for day in days):
        return {}
    parts = [
        [int(d.year), *([d.month] if d.month_name and d.month not in _SEASONS and d.month else [])]
        for d in days
    ]
    for part, day in zip(parts, days, strict=True):
        if len(part) > 1 and day.day:
            part.append(day.day)
    doubt = {"circa": True} if any(day.doubt for day in days) else {}
    return {"date-parts": parts, **doubt}


def _date_parts(day: datetime.date) -> list[int]:
    return [day.year, day.month, day.day]


def _tex_name(name: Name | None) -> str:
    if name is None:
        return ""
    return _tex(name.inverted) if name.given else f"{{{_tex(name.family)}}}"


def _tex(text: str | None) -> str:
    return "".join(_TEX.get(character, character) for character in _one_line(text))


def _sentences(parts: list[str]) -> Markup:
    """Those that say something, each ended, escaped where they are no markup."""
    known = [part for part in parts if part]
    return Markup(" ").join(_ended(part, ".") for part in known)


def _ended(text: str, mark: str) -> str:
    """With its mark of punctuation, unless it has one that serves; also inside quotation marks."""
    serves = ("?", "!") if mark == "," else (".", "?", "!", "…", ".”", "?”", "!”", "…”")
    return text if text.endswith(serves) else text + mark


def _one_line(text: str | None) -> str:
    """What people wrote, without line ends and other characters that no one sees."""
    return " ".join("".join(_visible(text or "")).split())


def _visible(text: str) -> Iterator[str]:
    return (c if c.isprintable() else " " for c in text)
