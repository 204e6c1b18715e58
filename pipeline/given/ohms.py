"""OHMS XML, of the Oral History Metadata Synchronizer: versions 5 and 6.

Version 6 has its transcript as WebVTT. Before, it was plain lines, and `sync` said minute by
minute at which line and word the recording has arrived: `1:|13(3)|19(14)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from babel import Locale

from pipeline.given import Given, GivenError, GivenLine, Mark
from pipeline.given import captions as cues
from pipeline.given.plain import paragraphs
from pipeline.given.xmlread import Element, all_of, first, local, said

_NOTES = re.compile(r"\[\[footnotes\]\].*?\[\[/footnotes\]\]", re.DOTALL)
_NOTE = re.compile(r"\s*\[\[footnote\]\].*?\[\[/footnote\]\]")
_LEADER = re.compile(r"^\s*Transcript:\s*")
_POINT = re.compile(r"^(\d+)(?:\((\d+)\))?$")
_CODE = re.compile(r"^[a-z]{2,3}$")
# OHMS has no place for our name of a recording; the address of its sound ends with it.
_OURS = re.compile(r"/media/([0-9a-f]{16})$")
_MINUTE_S = 60.0
_LONGEST_FACT = 200


def read(top: Element, name: object) -> Given:
    """The one interview in a file. Raises GivenError or CueFileError."""
    records = list(all_of(top, "record")) or ([top] if local(top) == "record" else [])
    if len(records) != 1:
        what = f"expected one record, found {len(records)}."
        raise GivenError(name, what, "Part it into a file for each interview.")
    (record,) = records
    left_out: list[str] = []
    facts = {key: value for key, value in _facts(record, left_out) if value}
    captions = "".join(text for one in all_of(record, "vtt_transcript") for text in one.itertext())
    lines: tuple[GivenLine, ...]
    marks: tuple[Mark, ...]
    if captions.strip():
        given = cues.read(_without_ours(captions), f"{name}, vtt_transcript")
        lines, marks = given.lines, ()
    else:
        text = "".join(part for one in all_of(record, "transcript") for part in one.itertext())
        lines, marks = _transcript(text, first(record, "sync") or "")
    left_out += _left_out(record)
    media = [first(record, "media_url"), first(record, "file_name"), first(record, "media_id")]
    ours = _OURS.search(media[0] or "")
    return Given(
        "OHMS",
        lines,
        facts,
        tuple(one for one in media if one),
        marks,
        _length(first(record, "duration")),
        recording_id=ours[1] if ours else None,
        testimony=first(record, "accession"),
        left_out=tuple(left_out),
    )


def _without_ours(captions: str) -> bytes:
    """OHMS writes its own marks as notes; an empty file of captions has nothing else."""
    return captions.strip().encode()


def _facts(record: Element, left_out: list[str]) -> Iterator[tuple[str, object]]:
    yield "title", first(record, "title")
    yield "narrator.name", "; ".join(filter(None, map(said, all_of(record, "interviewee"))))
    yield "interviewer", "; ".join(filter(None, map(said, all_of(record, "interviewer"))))
    yield "collection", first(record, "collection_name")
    yield "summary", first(record, "description")
    day = next((one.get("value") for one in all_of(record, "date")), None) or ""
    yield "recorded_on", (day if _is_a_day(day) else first(record, "date_nonpreferred_format"))
    languages, unknown = _languages(first(record, "language") or "")
    yield "languages", languages
    left_out += [f"language {one!r}, which is no code and no English name" for one in unknown]
    rights = first(record, "rights")
    if rights and len(rights) > _LONGEST_FACT:
        left_out.append(f"rights, {len(rights)} characters: {rights[:60]!r}…")
    else:
        yield "licence", rights


def _transcript(text: str, sync: str) -> tuple[tuple[GivenLine, ...], tuple[Mark, ...]]:
    text = _NOTE.sub("", _NOTES.sub("", _LEADER.sub("", text.replace("\r\n", "\n"))))
    rows = text.split("\n")
    interval, _, points = sync.partition(":")
    marks = dict(_points(points, float(interval or 1) * _MINUTE_S)) if interval.isdigit() else {}
    # A mark becomes a time in the text, so that both formats are read by one function.
    for row, (word, at_s) in marks.items():
        if row < len(rows):
            said_there = rows[row].split(" ")
            said_there.insert(min(max(word - 1, 0), len(said_there)), _stamp(at_s))
            rows[row] = " ".join(said_there)
    blocks = [block for block in re.split(r"\n\s*\n", "\n".join(rows)) if block.strip()]
    return paragraphs(blocks)


def _points(points: str, every_s: float) -> Iterator[tuple[int, tuple[int, float]]]:
    """(line, (word, time)): lines from 0, as OHMS's own viewer counts them, words from 1."""
    for n, point in enumerate(points.split("|")):
        if n and (found := _POINT.match(point.strip())):
            yield int(found[1]), (int(found[2] or 1), n * every_s)


def _stamp(at_s: float) -> str:
    minutes, seconds = divmod(int(at_s), 60)
    return f"[{minutes // 60:02}:{minutes % 60:02}:{seconds:02}]"


def _left_out(record: Element) -> Iterator[str]:
    points = sum(1 for _ in all_of(record, "index", "point"))
    if points:
        yield f"an index of {points} points"
    if first(record, "transcript_alt") or first(record, "vtt_transcript_alt"):
        yield "a translation of the transcript"
    for name in ("usage", "user_notes", "funding", "subject", "keyword"):
        if text := first(record, name):
            yield f"{name}: {text[:60]!r}"


def _languages(text: str) -> tuple[list[str], list[str]]:
    """Codes, and what is neither a code nor a language's English name."""
    names = {name.lower(): code for code, name in Locale("en").languages.items()}
    known, unknown = [], []
    for one in re.split(r"[;,/]", text):
        word = one.strip()
        code = (
            word.lower() if _CODE.match(word.lower()) and word.lower() in names.values() else None
        )
        code = code or names.get(word.lower())
        if word and code:
            known.append(code)
        elif word:
            unknown.append(word)
    return known, unknown


def _is_a_day(value: str) -> bool:
    return bool(re.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?", value)) and not value.startswith("0000")


def _length(duration: str | None) -> float | None:
    parts = (duration or "").split(":")
    if len(parts) != 3 or not all(part.replace(".", "", 1).isdigit() for part in parts):
        return None
    hours, minutes, seconds = map(float, parts)
    return (hours * 60 + minutes) * 60 + seconds or None
