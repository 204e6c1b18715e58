"""TEI for speech (ISO 24624) and TEI's older `u` elements with a timeline."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pipeline import licence
from pipeline.errors import refused
from pipeline.given import Given, GivenError, GivenLine
from pipeline.given.xmlread import ID, LANG, Element, all_of, first, local, said

# What happens beside the words.
_NO_WORDS = {"desc", "gap", "incident", "kinesic", "note", "pause", "vocal", "anchor", "spanGrp"}
_NARRATORS = {"narrator", "interviewee", "informant", "participant"}
_LENGTH = re.compile(r"^P(?:T)?(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?$")
_CLOCK = re.compile(r"^(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)$")
_UNITS = {"s": 1.0, "ms": 0.001, "min": 60.0, "h": 3600.0}


def read(top: Element, name: object) -> Given:
    """The one text in a file. Raises GivenError with every utterance that cannot be placed."""
    texts = list(all_of(top, "text"))
    if len(texts) != 1:
        what = f"expected one text, found {len(texts)}."
        raise GivenError(name, what, "Part it into a file for each recording.")
    times = _timeline(top)
    people = {one.get(ID): _name(one) for one in all_of(top, "person") if one.get(ID)}
    problems: list[str] = []
    lines = tuple(_lines(texts[0], times, people, _only_language(top), problems))
    if problems:
        raise GivenError(name, refused(problems), "\nNothing was changed.")
    media = [one.get("url") or one.get("target") for one in all_of(top, "recording", "media")]
    ids = {one.get("type"): said(one) for one in all_of(top, "idno")}
    return Given(
        "TEI",
        lines,
        {key: value for key, value in _facts(top) if value},
        tuple(one for one in media if one),
        duration_s=_length(next((one.get("dur") for one in all_of(top, "recording")), None)),
        recording_id=ids.get("recording"),
        testimony=ids.get("testimony"),
        left_out=tuple(_left_out(top, texts[0])),
    )


def _lines(
    text: Element,
    times: Mapping[str, float],
    people: Mapping[str, str],
    only: str | None,
    problems: list[str],
) -> Iterator[GivenLine]:
    for u in all_of(text, "u"):
        words = " ".join(_words(u).split())
        if not words:
            continue
        above = u.getparent()
        block = above if above is not None and local(above) == "annotationBlock" else u
        at = f"utterance {block.get(ID) or u.get(ID) or f'in line {u.sourceline}'}"
        try:
            start_s, end_s = _when(u, block, times)
        except LookupError as error:
            problems.append(f"{at}: its time {error} is not in the timeline.")
            continue
        who = (u.get("who") or block.get("who") or "").split(" ")[0]
        speaker = people.get(who.removeprefix("#"), who.removeprefix("#")) or None
        yield GivenLine(at, words, start_s, end_s, speaker, _language(u) or only)


def _when(u: Element, block: Element, times: Mapping[str, float]) -> tuple[float | None, ...]:
    """Start and end by attributes, else by the first and last anchor inside; None without both."""
    start, end = (block.get(one) or u.get(one) for one in ("start", "end"))
    anchors = [one.get("synch") for one in all_of(u, "anchor") if one.get("synch")]
    start = start or (anchors[0] if anchors else None)
    end = end or (anchors[-1] if len(anchors) > 1 else None)
    if start is None or end is None:
        return None, None
    return times[start.removeprefix("#")], times[end.removeprefix("#")]


def _timeline(top: Element) -> dict[str, float]:
    """By id, seconds from the timeline's origin."""
    times: dict[str, float] = {}
    for timeline in all_of(top, "timeline"):
        unit = _UNITS.get(timeline.get("unit") or "s", 1.0)
        last = None
        for when in all_of(timeline, "when"):
            ident, since = when.get(ID), (when.get("since") or "").removeprefix("#")
            absolute = _CLOCK.match(when.get("absolute") or "")
            if absolute:
                hours, minutes, seconds = (float(part or 0) for part in absolute.groups())
                times[ident] = (hours * 60 + minutes) * 60 + seconds
            elif when.get("interval"):
                scale = _UNITS.get(when.get("unit") or "", unit)
                base = times.get(since or last or "", 0.0)
                times[ident] = base + float(when.get("interval")) * scale
            else:
                times[ident] = 0.0
            last = ident
    return times


def _words(element: Element) -> str:
    """The words of an utterance; those in elements of their own are parted, their marks are not."""
    parts = [element.text or ""]
    for child in element:
        name = local(child) if isinstance(child.tag, str) else ""
        if name and name not in _NO_WORDS:
            inner = _words(child)
            parts.append(f" {inner}" if name in ("w", "seg", "p") else inner)
        tail = child.tail or ""
        parts.append(tail if name != "pc" else tail or " ")
    return "".join(parts)


def _language(u: Element) -> str | None:
    """The nearest declared language, up to the text: the whole file's is that of its header."""
    here = u
    while here is not None and local(here) != "TEI":
        if here.get(LANG):
            return str(here.get(LANG))
        here = here.getparent()
    return None


def _only_language(top: Element) -> str | None:
    used = [one.get("ident") for one in all_of(top, "langUsage", "language")]
    return used[0] if len(used) == 1 else None


def _facts(top: Element) -> Iterator[tuple[str, object]]:
    yield "title", first(top, "titleStmt", "title")
    for person in all_of(top, "person"):
        role = person.get("role")
        if role in _NARRATORS:
            yield "narrator.name", _name(person)
            births = (one.get("when") or "" for one in all_of(person, "birth"))
            yield "narrator.born", next((int(b[:4]) for b in births if b[:4].isdigit()), None)
        elif role == "interviewer":
            yield "interviewer", _name(person)
    for date in all_of(top, "recording", "date"):
        yield "recorded_on", said(date) or date.get("when")
    yield "place", first(top, "setting", "name") or first(top, "setting", "placeName")
    yield "languages", [one.get("ident") for one in all_of(top, "langUsage", "language")]
    yield "collection", first(top, "seriesStmt", "title")
    yield "summary", first(top, "abstract")
    notes = [(one.get("type"), said(one)) for one in all_of(top, "notesStmt", "note")]
    yield "notice", next((text for kind, text in notes if kind == "notice"), None)
    yield "warnings", [text for kind, text in notes if kind == "warning" and text]
    for one in all_of(top, "licence"):
        yield "licence", said(one) or one.get("target")


def _left_out(top: Element, text: Element) -> Iterator[str]:
    """What a sidecar cannot take from a stranger's file; what was agreed to, people write there."""
    if gaps := sum(1 for _ in all_of(text, "gap")):
        yield f"{gaps} gaps in its text"
    for one in filter(None, map(said, all_of(top, "availability", "p"))):
        if one != licence.NOT_RECORDED:
            yield f"availability: {one!r}"


def _name(person: Element) -> str:
    return first(person, "persName") or person.get("n") or str(person.get(ID))


def _length(duration: str | None) -> float | None:
    found = _LENGTH.match(duration or "")
    if not found:
        return None
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return (hours * 60 + minutes) * 60 + seconds or None
