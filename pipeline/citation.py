"""How a passage is cited in English sentences: Chicago, APA and ISO 690.

What is not known is left out, or said to be unknown where the style wants that.
"""

from __future__ import annotations

from markupsafe import Markup

from pipeline.cited import Day, Name, Source, one_line
from pipeline.clock import clock


def chicago_note(source: Source) -> Markup:
    """A note of the Chicago Manual of Style, 17th edition, without its number."""
    narrator, interviewer = Name.of(source.narrator), Name.of(source.interviewer)
    facts = [*_chicago_facts(source), one_line(source.address)]
    if interviewer:
        facts.insert(0, f"interview by {interviewer.spoken}")
    who = f"{narrator.spoken}, " if narrator else ""
    title = _ended(one_line(source.title), ",")
    return Markup("{}“{}” {}.").format(who, title, ", ".join(facts))


def chicago_bibliography(source: Source) -> Markup:
    """An entry of a Chicago bibliography."""
    narrator, interviewer = Name.of(source.narrator), Name.of(source.interviewer)
    where, medium, locator, archive = _chicago_facts(source)
    sentences = [
        narrator.inverted if narrator else "",
        f"“{_ended(one_line(source.title), '.')}”",
        f"Interview by {interviewer.spoken}" if interviewer else "",
        where[:1].upper() + where[1:],
        f"{medium.capitalize()}, {locator}",
        archive,
        one_line(source.address),
    ]
    return _sentences(sentences)


def apa_reference(source: Source) -> Markup:
    """An entry of a reference list, American Psychological Association, 7th edition."""
    narrator, interviewer = Name.of(source.narrator), Name.of(source.interviewer)
    title: str = Markup("<i>{}</i>").format(one_line(source.title))
    if interviewer:
        title += Markup(" ({}, Interviewer)").format(_initials_first(interviewer))
    title += Markup(" [{} recording, {}]").format(source.medium.capitalize(), source.locator)
    date = _apa_date(source.recorded_on)
    if narrator:
        head = Markup("{} ({}). {}.").format(_ended(_initials_last(narrator), "."), date, title)
    else:
        head = Markup("{}. ({}).").format(title, date)
    archive, address = _ended(one_line(source.archive), "."), one_line(source.address)
    return Markup("{} {} {}").format(head, archive, address)


def apa_in_text(source: Source) -> Markup:
    """What stands in the text beside the words quoted."""
    narrator = Name.of(source.narrator)
    who = narrator.family if narrator else f"“{one_line(source.title)}”"
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
        Markup("<i>{}</i> [{} recording]").format(one_line(source.title), source.medium),
        f"Interviewer: {_capitals(interviewer)}" if interviewer else "",
        ", ".join(filter(None, (one_line(source.place), day))),
        f"{one_line(source.archive)}, {source.locator} [viewed {seen}]",
    ]
    address = one_line(source.address)
    return Markup("{} Available from: {}").format(_sentences(sentences), address)


def _chicago_facts(source: Source) -> list[str]:
    """Place and date, medium, locator, archive; always four."""
    date = _said(source.recorded_on, "american", "n.d.")
    where = ", ".join(filter(None, (one_line(source.place), date)))
    return [where, source.medium, source.locator, one_line(source.archive)]


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


def _sentences(parts: list[str]) -> Markup:
    """Those that say something, each ended, escaped where they are no markup."""
    known = [part for part in parts if part]
    return Markup(" ").join(_ended(part, ".") for part in known)


def _ended(text: str, mark: str) -> str:
    """With its mark of punctuation, unless it has one that serves; also inside quotation marks."""
    serves = ("?", "!") if mark == "," else (".", "?", "!", "…", ".”", "?”", "!”", "…”")
    return text if text.endswith(serves) else text + mark
