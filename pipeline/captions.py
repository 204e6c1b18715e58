"""A testimony's published words in the formats that players, editors and programs read.

Works on what is published (`publication.Entry`) and nothing else: the site and `testimony export`
give the same bytes. Times are of one recording; a file of captions is for one part.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.clock import clock
from pipeline.publication import Entry, Part
from pipeline.transcript import apart

_COLUMNS = (
    *("testimony", "part", "recording", "segment", "start_s", "end_s", "speaker", "language"),
    *("confidence", "text_from", "text"),
)
_LISTS = {"languages_declared", "languages_detected", "uses", "warnings"}
_OURS = {"fingerprint"}  # of no use outside of the publication
_CAVEAT = "Words are a machine's, which errs, where nothing else is said. Listen before you quote."
# Where the words of a segment in each published state come from.
TEXT_FROM = {"ok": "machine", "corrected": "person", "redacted": "redaction"}


@dataclass(frozen=True)
class Format:
    """One way to write a testimony down. `write` takes the testimony and which of its parts.

    `by_part`: its times are those of one recording, so that every part has a file of its own.
    """

    ending: str
    media_type: str
    by_part: bool
    write: Callable[[Entry, tuple[Part, ...]], str]


@dataclass(frozen=True)
class Cue:
    """A segment as a player shows it: milliseconds, in order, never two at once."""

    start_ms: int
    end_ms: int
    segment: Mapping[str, Any]


def write(entry: Entry, kind: str, part: int | None = None) -> str:
    """The testimony, or one `part` of it, as `FORMATS[kind]`.

    Raises LookupError where there is no such part, or where the format needs one to be named.
    """
    parts = tuple(p for p in entry.parts if part is None or p.row["part"] == part)
    form = FORMATS[kind]
    if not parts or (form.by_part and len(parts) != 1):
        raise LookupError(entry.row["id"], part)
    return form.write(entry, parts)


def cues(segments: Iterable[Mapping[str, Any]]) -> list[Cue]:
    """Segments in order of time; one ends where the next begins, and each lasts a millisecond."""
    ordered = sorted(segments, key=lambda s: (s["start_s"], s["end_s"], s["n"]))
    times = apart([(segment["start_s"], segment["end_s"]) for segment in ordered])
    return [Cue(*both, segment) for both, segment in zip(times, ordered, strict=True)]


def _vtt(entry: Entry, parts: tuple[Part, ...]) -> str:
    (part,) = parts
    blocks = ["WEBVTT", note([*_about(entry), *_made(entry, part), _CAVEAT])]
    for cue in cues(part.segments):
        segment = cue.segment
        if segment["state"] == "corrected":
            blocks.append(note(["The next line was corrected by a person."]))
        text = escaped(_one_line(segment["text"]))
        if segment["language"]:
            text = f"<lang {segment['language']}>{text}</lang>"
        if segment["speaker"]:
            text = f"<v {escaped(_one_line(segment['speaker']))}>{text}</v>"
        times = f"{stamp(cue.start_ms, '.')} --> {stamp(cue.end_ms, '.')}"
        blocks.append(f"s{segment['id']}\n{times}\n{text}")
    return "\n\n".join(blocks) + "\n"


def _srt(entry: Entry, parts: tuple[Part, ...]) -> str:
    (part,) = parts
    blocks = []
    for number, cue in enumerate(cues(part.segments), start=1):
        times = f"{stamp(cue.start_ms, ',')} --> {stamp(cue.end_ms, ',')}"
        # SubRip has no way to escape, and takes an arrow for another cue's times.
        text = _spoken(cue.segment).replace("-->", "→")
        blocks.append(f"{number}\n{times}\n{text}\n")
    return "\n".join(blocks)


def _txt(entry: Entry, parts: tuple[Part, ...]) -> str:
    lines = _about(entry)
    for part in parts:
        lines += ["", *_made(entry, part), _CAVEAT, ""]
        for cue in cues(part.segments):
            mark = "[corrected] " if cue.segment["state"] == "corrected" else ""
            lines.append(f"{clock(cue.segment['start_s'])}  {mark}{_spoken(cue.segment)}")
    return "\n".join(lines) + "\n"


def _json(entry: Entry, parts: tuple[Part, ...]) -> str:
    said = {name: value for name, value in entry.row.items() if name not in _OURS}
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


def _csv(entry: Entry, parts: tuple[Part, ...]) -> str:
    file = io.StringIO()
    table = csv.DictWriter(file, _COLUMNS)
    table.writeheader()
    for part in parts:
        table.writerows(_rows(entry, part))
    return file.getvalue()


FORMATS = {
    "vtt": Format("vtt", "text/vtt", True, _vtt),
    "srt": Format("srt", "application/x-subrip", True, _srt),
    "txt": Format("txt", "text/plain", False, _txt),
    "json": Format("json", "application/json", False, _json),
    "csv": Format("csv", "text/csv", False, _csv),
}


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


def _spoken(segment: Mapping[str, Any]) -> str:
    who = f"{_one_line(segment['speaker'])}: " if segment["speaker"] else ""
    return who + _one_line(segment["text"])


def note(lines: Iterable[str]) -> str:
    return "\n".join(["NOTE", *(line.replace("-->", "→") for line in lines)])


def _one_line(text: str) -> str:
    return " ".join(str(text).split())


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def stamp(ms: int, point: str) -> str:
    seconds, ms = divmod(ms, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{ms:03}"
