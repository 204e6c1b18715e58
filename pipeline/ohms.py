"""A recording's published words as OHMS reads them, the Oral History Metadata Synchronizer.

OHMS 6.0, the format of the Nunn Center's viewer since 2025: the transcript is WebVTT inside of the
XML. Older viewers read plain lines and, minute by minute, which line is being spoken then: both are
there. What the vocabulary's terms are named by is an index of points.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline import dates, licence
from pipeline.captions import CAVEAT, Cue, cue_lines, cues, spoken, stamp
from pipeline.publication import Entry, Keeper, Named, Part
from pipeline.xmlfile import Element, add, fact, root, text

NAMESPACE = "https://www.weareavp.com/nunncenter/ohms"
_SCHEMA = "https://www.weareavp.com/nunncenter/ohms/ohms.xsd"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_MINUTE_MS = 60_000
_SHOWN = "en"  # names without a language of their own are told in English


def write(entry: Entry, parts: Sequence[Part], keeper: Keeper) -> str:
    """The file of the one part in `parts`; the order of elements is that of OHMS's schema."""
    (part,) = parts
    row, said = entry.row, cues(part.segments)
    top = root(NAMESPACE, "ROOT", xsi=_INSTANCE)
    top.set(f"{{{_INSTANCE}}}schemaLocation", _SCHEMA)
    # Its id is a number; the testimony's own name is `accession`.
    record = add(top, "record", id=part.row["part"], dt=part.row["transcribed_at"][:10])
    add(record, "version", "6.0")
    day = dates.exact(row["recorded_on"]) or ""
    whole = len(day) == len("yyyy-mm-dd")
    add(record, "date", value=day if whole else "", format="yyyy-mm-dd")
    fact(record, "date_nonpreferred_format", None if whole else row["recorded_on"])
    add(record, "title", _title(entry, part))
    add(record, "accession", row["id"])
    add(record, "duration", stamp(round(part.row["duration_s"]) * 1000, ".")[:8])
    fact(record, "collection_name", row["collection"])
    add(record, "repository", keeper.title)
    fact(record, "repository_url", keeper.at("/"))
    fact(record, "interviewee", row["narrator"])
    fact(record, "interviewer", row["interviewer"])
    kind = "video" if part.row["has_video"] else "audio"
    add(record, "sync", _sync(said))
    _media(record, part, keeper, kind)
    _languages_and_notes(record, row, said)
    _index(record, entry, said)
    fact(record, "description", row["summary"])
    add(record, "transcript", "\n".join(spoken(cue.segment) for cue in said))
    add(record, "vtt_transcript", _vtt(said))
    named = licence.known(row["licence"])
    fact(record, "rights", (named.address or named.name) if named else None)
    add(record, "fmt", kind)
    return text(top)


def _title(entry: Entry, part: Part) -> str:
    several = len(entry.parts) > 1
    return f"{entry.row['title']} ({part.row['part']})" if several else str(entry.row["title"])


def _media(record: Element, part: Part, keeper: Keeper, kind: str) -> None:
    address = keeper.media(part)
    if address is None:
        return
    add(record, "media_url", address)
    file = add(record, "mediafile")
    add(file, "host", "Other")
    add(file, "clip_format", kind)


def _languages_and_notes(record: Element, row: dict[str, object], said: Sequence[Cue]) -> None:
    spoken_in = dict.fromkeys(c.segment["language"] for c in said if c.segment["language"])
    fact(record, "language", "; ".join(spoken_in))
    fact(record, "user_notes", " ".join(str(one) for one in (row["notice"], CAVEAT) if one))


def _sync(said: Sequence[Cue]) -> str:
    """`1:|line(word)|…`: for every full minute the line that is being spoken, lines from 1."""
    if not said:
        return ""
    points, line = [], 0
    for minute in range(1, said[-1].start_ms // _MINUTE_MS + 1):
        while line + 1 < len(said) and said[line + 1].start_ms <= minute * _MINUTE_MS:
            line += 1
        points.append(f"|{line + 1}(1)")
    return "1:" + "".join(points)


def _vtt(said: Sequence[Cue]) -> str:
    """Bare cues between OHMS's own marks: its viewer takes names of cues and notes for words."""
    blocks = ["WEBVTT", "NOTE\nTRANSCRIPTION BEGIN"]
    blocks += [cue_lines(cue) for cue in said]
    return "\n\n".join([*blocks, "NOTE\nTRANSCRIPTION END"]) + "\n"


def _index(record: Element, entry: Entry, said: Sequence[Cue]) -> None:
    """A point for each line that names something."""
    index = add(record, "index")
    for cue in said:
        named = entry.named.get(cue.segment["id"], ())
        if not named:
            continue
        point = add(index, "point")
        add(point, "time", cue.start_ms // 1000)
        titles = [_label(one, cue.segment["language"]) for one in named]
        add(point, "title", "; ".join(titles))
        others = dict.fromkeys(label for one in named for label in one.labels.values())
        add(point, "keywords", ";".join(label for label in others if label not in titles))
        for one, label in zip(named, titles, strict=True):
            if one.lat is not None and one.lon is not None:
                place = add(point, "gpspoints")
                add(place, "gps", f"{one.lat}, {one.lon}")
                add(place, "gps_zoom")
                add(place, "gps_text", label)


def _label(named: Named, language: str | None) -> str:
    """As the line's language has it."""
    base = (language or "").partition("-")[0]
    return named.labels.get(base) or named.labels.get(_SHOWN) or next(iter(named.labels.values()))
