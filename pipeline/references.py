"""How citation managers take a passage over: BibTeX, RIS and CSL JSON.

What is not known is left out.
"""

from __future__ import annotations

import datetime
from typing import Any

from pipeline.cited import MONTHS, SEASONS, Day, Name, Source, one_line

_TEX = {
    "\\": r"\textbackslash{}", "{": r"\textbraceleft{}", "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "#": r"\#", "$": r"\$", "%": r"\%", "&": r"\&", "_": r"\_",
}  # fmt: skip


def bibtex(source: Source) -> str:
    """One entry in UTF-8, for BibTeX and biblatex; braces keep what is no name or sentence."""
    narrator, days = Name.of(source.narrator), Day.all_of(source.recorded_on)
    month = days[0].month if days and (days[0].month or 99) <= len(MONTHS) else None
    fields = {
        "author": _tex_name(narrator),
        "title": f"{{{_tex(source.title)}}}",
        "howpublished": _tex(_recording_by(source)),
        "organization": _tex(source.archive),
        "address": _tex(source.place),
        "year": _tex(_years(days)),
        "month": MONTHS[month - 1][:3].lower() if month else "",
        "note": _tex(_note(source)),
        "langid": _tex(source.language),
        # Not escaped: \url takes an address as it is.
        "url": one_line(source.address),
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
    lines = [f"{tag}  - {one_line(value)}" for tag, value in fields if one_line(value)]
    return "\r\n".join([*lines, "ER  - ", ""])


def csl(source: Source) -> dict[str, Any]:
    """An item of CSL JSON, as citation managers exchange it."""
    days = Day.all_of(source.recorded_on)
    item = {
        "id": source.key,
        "type": "interview",
        "title": one_line(source.title),
        "author": _csl_name(source.narrator),
        "interviewer": _csl_name(source.interviewer),
        "issued": _csl_date(days),
        "accessed": {"date-parts": [_date_parts(source.accessed)]},
        "event-place": one_line(source.place),
        "archive": one_line(source.archive),
        "medium": f"{source.medium.capitalize()} recording",
        "language": source.language,
        "note": _note(source),
        "URL": one_line(source.address),
    }
    return {name: value for name, value in item.items() if value}


def _recording_by(source: Source) -> str:
    interviewer = Name.of(source.interviewer)
    by = f", interview by {interviewer.spoken}" if interviewer else ""
    return f"{source.medium.capitalize()} recording{by}"


def _note(source: Source) -> str:
    """What the formats have no field for."""
    born = f"Narrator born {source.narrator_born}" if source.narrator_born else None
    licence = f"Licence: {one_line(source.licence)}" if source.licence else None
    locator = source.locator[:1].upper() + source.locator[1:]
    return ". ".join(filter(None, (locator, born, licence)))


def _years(days: list[Day]) -> str:
    return "/".join(dict.fromkeys(day.year for day in days))


def _ris_date(day: Day) -> str:
    month = f"{day.month:02}" if day.month_name and day.month not in SEASONS else ""
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
        [int(d.year), *([d.month] if d.month_name and d.month not in SEASONS and d.month else [])]
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
    return "".join(_TEX.get(character, character) for character in one_line(text))
