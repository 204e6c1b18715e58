"""A recording's published words in TEI, as ISO 24624:2016 has transcriptions of spoken language.

One recording a file: who speaks, in which languages, the timeline, and every utterance with its
times, its language, and whether a machine or a person answers for its words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline import dates, licence
from pipeline.captions import CAVEAT, Cue, cues
from pipeline.publication import Entry, Keeper, Part, media_type
from pipeline.xmlfile import Element, add, fact, root, text

NAMESPACE = "http://www.tei-c.org/ns/1.0"
_PERSON, _MACHINE = "person", "machine"
_ROLES = ("narrator", "interviewer")


def write(entry: Entry, parts: Sequence[Part], keeper: Keeper) -> str:
    """The file of the one part in `parts`."""
    (part,) = parts
    said = cues(part.segments)
    people = _people(entry, said)
    tei = root(NAMESPACE, "TEI")
    head = add(tei, "teiHeader")
    _file_description(head, entry, part, keeper, said)
    _profile(head, entry, said, people)
    changes = add(head, "revisionDesc")
    made = f"Transcribed by {part.row['engine']}, model {part.row['model']}. {CAVEAT}"
    add(changes, "change", made, when=part.row["transcribed_at"], who=f"#{_MACHINE}")
    body = add(tei, "text")
    _timeline(body, said)
    lines = add(body, "body")
    if not said:
        add(lines, "p", "No words of this recording are published.")
    _utterances(lines, said, people)
    return text(tei)


def _file_description(
    head: Element, entry: Entry, part: Part, keeper: Keeper, said: Sequence[Cue]
) -> None:
    row, number = entry.row, f"part {part.row['part']} of {len(entry.parts)}"
    file = add(head, "fileDesc")
    titles = add(file, "titleStmt")
    add(titles, "title", row["title"])
    _answer_for(titles, part, keeper, said)
    published = add(file, "publicationStmt")
    add(published, "publisher", keeper.title)
    add(published, "idno", row["id"], type="testimony")
    add(published, "idno", part.row["id"], type="recording")
    fact(published, "idno", keeper.at(f"/testimony/{row['id']}"), type="URI")
    _availability(published, row)
    if row["collection"]:
        add(add(file, "seriesStmt"), "title", row["collection"])
    notes = add(file, "notesStmt")
    add(notes, "note", number, type="part")
    fact(notes, "note", row["notice"], type="notice")
    for warning in json.loads(row["warnings"] or "[]"):
        add(notes, "note", warning, type="warning")
    _recording(add(file, "sourceDesc"), row, part, keeper)


def _answer_for(titles: Element, part: Part, keeper: Keeper, said: Sequence[Cue]) -> None:
    """Who wrote the words down; utterances refer to it."""
    machine = add(titles, "respStmt", xml_id=_MACHINE)
    add(machine, "resp", "transcribed by a machine")
    add(machine, "name", f"{part.row['engine']}, model {part.row['model']}", type="program")
    if any(cue.segment["state"] == "corrected" for cue in said):
        person = add(titles, "respStmt", xml_id=_PERSON)
        add(person, "resp", "words corrected by a person")
        add(person, "orgName", keeper.title)


def _availability(published: Element, row: Mapping[str, Any]) -> None:
    named = licence.known(row["licence"])
    known = add(published, "availability", status=None if named else "unknown")
    if named:
        add(known, "licence", named.name, target=named.address)
    else:
        add(known, "p", licence.NOT_RECORDED)
    uses = ", ".join(json.loads(row["uses"] or "[]"))
    fact(known, "p", f"Its narrator agreed to these uses: {uses}." if uses else None)


def _recording(source: Element, row: Mapping[str, Any], part: Part, keeper: Keeper) -> None:
    kind = "video" if part.row["has_video"] else "audio"
    length = f"PT{part.row['duration_s']:.3f}S"
    recording = add(add(source, "recordingStmt"), "recording", type=kind, dur=length)
    if row["recorded_on"]:
        first, last = dates.ends(row["recorded_on"]) or (None, None)
        add(recording, "date", row["recorded_on"], when=dates.exact(row["recorded_on"]),
            from_=first, to=last)  # fmt: skip
    if address := keeper.media(part):
        add(recording, "media", mimeType=media_type(part), url=address)


def _profile(head: Element, entry: Entry, said: Sequence[Cue], people: Mapping[str, str]) -> None:
    row = entry.row
    profile = add(head, "profileDesc")
    if row["summary"]:
        add(add(profile, "abstract"), "p", row["summary"])
    languages = dict.fromkeys(c.segment["language"] for c in said if c.segment["language"])
    if languages:
        used = add(profile, "langUsage")
        for language in languages:
            add(used, "language", language, ident=language)
    if people:
        present = add(add(profile, "particDesc"), "listPerson")
        for name, ident in people.items():
            role = ident if ident in _ROLES else None
            person = add(present, "person", xml_id=ident, role=role)
            add(person, "persName", name)
            if role == "narrator" and row["narrator_born"]:
                add(person, "birth", when=f"{row['narrator_born']:04}")
    if row["place"]:
        setting = add(add(profile, "settingDesc"), "setting")
        add(setting, "name", row["place"], type="place")


def _people(entry: Entry, said: Sequence[Cue]) -> dict[str, str]:
    """By name, the id of everybody who is known to take part or named as a speaker."""
    people = {entry.row[role]: role for role in reversed(_ROLES) if entry.row[role]}
    people = dict(reversed(people.items()))
    for cue in said:
        name = cue.segment["speaker"]
        if name and name not in people:
            people[name] = f"speaker{len(people) + 1}"
    return people


def _timeline(body: Element, said: Sequence[Cue]) -> None:
    line = add(body, "timeline", unit="s", origin="#T0")
    add(line, "when", xml_id="T0")
    for ms in sorted({time for cue in said for time in (cue.start_ms, cue.end_ms)} - {0}):
        add(line, "when", xml_id=f"T{ms}", interval=f"{ms / 1000:.3f}", since="#T0")


def _utterances(body: Element, said: Sequence[Cue], people: Mapping[str, str]) -> None:
    for cue in said:
        segment = cue.segment
        speaker = people.get(segment["speaker"])
        block = add(
            body, "annotationBlock", xml_id=f"s{segment['id']}",
            who=f"#{speaker}" if speaker else None,
            start=f"#T{cue.start_ms}", end=f"#T{cue.end_ms}",
        )  # fmt: skip
        if segment["state"] == "redacted":
            gap = add(add(block, "u"), "gap", reason="redacted")
            add(gap, "desc", segment["text"])
            continue
        corrected, confidence = segment["state"] == "corrected", segment["confidence"]
        sure = None if corrected or confidence is None else f"{confidence:.3f}"
        by = _PERSON if corrected else _MACHINE
        add(block, "u", segment["text"], xml_lang=segment["language"], resp=f"#{by}", cert=sure)
