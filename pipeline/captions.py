"""A testimony's published words as captions (WebVTT, SubRip), as text, and as JSON and CSV.

Times are of one recording; a file of captions is for one part.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.clock import clock
from pipeline.columns import TESTIMONY_COLUMNS
from pipeline.cuefile import in_subrip
from pipeline.publication import Entry, Part
from pipeline.transcript import apart

_COLUMNS = (
    *("testimony", "part", "recording", "segment", "start_s", "end_s", "speaker", "language"),
    *("confidence", "text_from", "text"),
)
_LISTS = {"languages_declared", "languages_detected", "uses", "warnings"}
_OURS = {"fingerprint"}  # of no use outside of the publication
CAVEAT = "Words are a machine's, which errs, where nothing else is said. Listen before you quote."
# Where the words of a segment in each published state come from.
TEXT_FROM = {"ok": "machine", "corrected": "person", "redacted": "redaction"}


@dataclass(frozen=True)
class Cue:
    """A segment as a player shows it: milliseconds, in order, never two at once."""

    start_ms: int
    end_ms: int
    segment: Mapping[str, Any]


def cues(segments: Iterable[Mapping[str, Any]]) -> list[Cue]:
    """Segments in order of time; one ends where the next begins, and each lasts a millisecond."""
    ordered = sorted(segments, key=lambda s: (s["start_s"], s["end_s"], s["n"]))
    times = apart([(segment["start_s"], segment["end_s"]) for segment in ordered])
    return [Cue(*both, segment) for both, segment in zip(times, ordered, strict=True)]


def as_vtt(entry: Entry, parts: Sequence[Part]) -> str:
    (part,) = parts
    blocks = ["WEBVTT", note([*_about(entry), *_made(entry, part), CAVEAT])]
    for cue in cues(part.segments):
        segment = cue.segment
        if segment["state"] == "corrected":
            blocks.append(note(["The next line was corrected by a person."]))
        blocks.append(f"s{segment['id']}\n{cue_lines(cue)}")
    return "\n\n".join(blocks) + "\n"


def cue_lines(cue: Cue) -> str:
    """Its times and what is said, by whom and in which language, as WebVTT has them."""
    segment = cue.segment
    text = escaped(_one_line(segment["text"]))
    if segment["language"]:
        text = f"<lang {segment['language']}>{text}</lang>"
    if segment["speaker"]:
        text = f"<v {escaped(_one_line(segment['speaker']))}>{text}</v>"
    return f"{stamp(cue.start_ms, '.')} --> {stamp(cue.end_ms, '.')}\n{text}"


def as_srt(entry: Entry, parts: Sequence[Part]) -> str:
    (part,) = parts
    blocks = []
    for number, cue in enumerate(cues(part.segments), start=1):
        times = f"{stamp(cue.start_ms, ',')} --> {stamp(cue.end_ms, ',')}"
        blocks.append(f"{number}\n{times}\n{in_subrip(spoken(cue.segment))}\n")
    return "\n".join(blocks)


def as_txt(entry: Entry, parts: Sequence[Part]) -> str:
    lines = _about(entry)
    for part in parts:
        lines += ["", *_made(entry, part), CAVEAT, ""]
        for cue in cues(part.segments):
            mark = "[corrected] " if cue.segment["state"] == "corrected" else ""
            lines.append(f"{clock(cue.segment['start_s'])}  {mark}{spoken(cue.segment)}")
    return "\n".join(lines) + "\n"


def as_json(entry: Entry, parts: Sequence[Part]) -> str:
    row = entry.row
    said = {name: row[name] for name in TESTIMONY_COLUMNS if name in row and name not in _OURS}
    for name in _LISTS & said.keys():
        said[name] = json.loads(said[name] or "null")
    said["parts"] = [
        {
            **{name: part.row[name] for name in ("part", "duration_s", "engine", "model")},
            "recording": part.row["id"],
            "transcribed_at": part.row["transcribed_at"],
            "segments": [
                {name: row[name] for name in _COLUMNS if name not in ("testimony", "part")}
                for row in _rows(entry, part)
            ],
        }
        for part in parts
    ]
    return json.dumps(said, ensure_ascii=False, indent=1) + "\n"


def as_csv(entry: Entry, parts: Sequence[Part]) -> str:
    file = io.StringIO()
    table = csv.DictWriter(file, _COLUMNS)
    table.writeheader()
    for part in parts:
        table.writerows(_rows(entry, part))
    return file.getvalue()


def _rows(entry: Entry, part: Part) -> Iterator[dict[str, Any]]:
    for cue in cues(part.segments):
        segment = cue.segment
        yield {
            "testimony": entry.row["id"],
            "part": part.row["part"],
            "recording": part.row["id"],
            "segment": segment["id"],
            "start_s": cue.start_ms / 1000,
            "end_s": cue.end_ms / 1000,
            **{name: segment[name] for name in ("speaker", "language", "confidence")},
            "text_from": TEXT_FROM[segment["state"]],
            "text": segment["text"],
        }


def _about(entry: Entry) -> list[str]:
    """What a reader of the file must know, a line each."""
    row = entry.row
    warnings = ", ".join(json.loads(row["warnings"] or "[]"))
    said = {
        "": row["title"],
        "Narrator: ": row["narrator"],
        "Recorded: ": row["recorded_on"],
        "Place: ": row["place"],
        "Collection: ": row["collection"],
        "Licence: ": row["licence"] or "not recorded",
        "Notice: ": row["notice"],
        "May be hard to hear: ": warnings,
        "Testimony: ": row["id"],
    }
    return [label + _one_line(value) for label, value in said.items() if value]


def _made(entry: Entry, part: Part) -> list[str]:
    row = part.row
    day = (row["transcribed_at"] or "")[:10]
    machine = f"Transcribed by {row['engine']}, model {row['model']}, {day}"
    return [
        f"Part {row['part']} of {len(entry.parts)}, {clock(row['duration_s'])},"
        f" recording {row['id']}",
        machine if row["engine"] else "Written down by people",
    ]


def spoken(segment: Mapping[str, Any]) -> str:
    """What is said on one line, after who says it."""
    who = f"{_one_line(segment['speaker'])}: " if segment["speaker"] else ""
    return who + _one_line(segment["text"])


def note(lines: Iterable[str]) -> str:
    return "\n".join(["NOTE", *(line.replace("-->", "→") for line in lines)])


def _one_line(text: str) -> str:
    return " ".join(str(text).split())


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def stamp(ms: int, point: str) -> str:
    """`01:02:03.456`, with this sign before the milliseconds."""
    seconds, ms = divmod(ms, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{ms:03}"
