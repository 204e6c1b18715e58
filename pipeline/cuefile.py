"""WebVTT and SubRip as people's editors write them, read back: all of it, or every reason why not.

A cue that cannot be read is an error and never left out: what is missing in a corrected file was
taken out by a person.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, NamedTuple

from pipeline.errors import PipelineError, refused

Form = Literal["vtt", "srt"]
# Editors that count in frames round times; that much is no person's change.
ROUNDING_MS = 50
_STAMP = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMES = re.compile(rf"\s*{_STAMP}\s*-->\s*{_STAMP}(?:\s.*)?$")
_TAG = re.compile(r"<([^<>]*)>")
# What SubRip's players know of HTML; any other sign is text there.
_SUBRIP_TAG = re.compile(r"</?(?:i|b|u|s|font)\b[^<>]*>|\{\\[^{}]*\}", re.IGNORECASE)
# What editors write for signs that mean something in HTML; SubRip itself has no such thing.
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|lrm|rlm|#\d{1,7}|#x[0-9a-fA-F]{1,6});")
_NEITHER = "is neither WebVTT (its first line begins with WEBVTT) nor SubRip."


class CueFileError(PipelineError):
    """A file of captions that cannot be read as one."""


@dataclass(frozen=True)
class Cue:
    """One voice's words and their time; `line` is where it stands in the file, from 1.

    None for a speaker or language that the file does not tell. `goes_on`: it closes tags that it
    does not open, as the second half of a cue does that an editor has split.
    """

    line: int
    start_ms: int
    end_ms: int
    text: str
    speaker: str | None = None
    language: str | None = None
    goes_on: bool = False

    @property
    def where(self) -> str:
        return f"line {self.line} ({self.start_ms / 1000:g}-{self.end_ms / 1000:g} s)"


@dataclass(frozen=True)
class CueFile:
    """What a file of captions says: cues in order that do not overlap, and its comments."""

    form: Form
    cues: tuple[Cue, ...]
    notes: tuple[str, ...]


class _Block(NamedTuple):
    line: int
    lines: list[str]


def read(raw: bytes, name: object) -> CueFile:
    """The file with these bytes. Raises CueFileError with everything that is wrong with it."""
    text = _text(raw, name)
    blocks = list(_blocks(text))
    if not blocks:
        raise CueFileError(
            name, "is empty: expected captions, found nothing.", "Nothing is changed."
        )
    form: Form = "vtt" if re.match(r"WEBVTT(\s|$)", blocks[0].lines[0]) else "srt"
    if form == "vtt":
        blocks[:1] = _below_header(blocks[0])
    notes, cues, problems = [], list[Cue](), []
    for block in blocks:
        if form == "vtt" and _is_no_cue(block):
            notes.append("\n".join(block.lines).removeprefix("NOTE").strip())
            continue
        try:
            cues += _cues(block, form)
        except ValueError as error:
            problems.append(str(error))
    if not cues and (form == "srt" or not problems):
        what = _NEITHER if form == "srt" else "has no captions."
        raise CueFileError(name, what, "Save it as one of them. Nothing is changed.")
    cues.sort(key=lambda cue: (cue.start_ms, cue.end_ms))
    problems += _overlapping(cues)
    if problems:
        raise CueFileError(name, refused(problems), "\nNothing is changed.")
    return CueFile(form, tuple(_parted(cues)), tuple(notes))


def _text(raw: bytes, name: object) -> str:
    encoding = "utf-8-sig"
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    elif b"\0" in raw[:2]:
        encoding = "utf-16-be" if raw[:1] == b"\0" else "utf-16-le"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        what = f"expected text in UTF-8 or UTF-16, found another encoding ({error.reason})."
        raise CueFileError(name, what, "Save it as UTF-8.") from error
    return unicodedata.normalize("NFC", text)


def _blocks(text: str) -> Iterator[_Block]:
    """Lines between empty ones, with the number of the first."""
    block = _Block(0, [])
    # Not splitlines: what may stand within a line for others ends one for it.
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        if line.strip():
            if not block.lines:
                block = _Block(number, [])
            block.lines.append(line)
        elif block.lines:
            yield block
            block = _Block(0, [])
    if block.lines:
        yield block


def _below_header(block: _Block) -> list[_Block]:
    """The cue that follows the first line of WebVTT at once, as its readers take it."""
    at = next((n for n, line in enumerate(block.lines) if "-->" in line), None)
    return [] if at is None else [_Block(block.line + at, block.lines[at:])]


def _is_no_cue(block: _Block) -> bool:
    kind = re.match(r"(NOTE|STYLE|REGION)(\s|$)", block.lines[0])
    return kind is not None and not any("-->" in line for line in block.lines)


def _cues(block: _Block, form: Form) -> list[Cue]:
    at = 0 if "-->" in block.lines[0] else 1
    number = block.line + at
    if at >= len(block.lines) or "-->" not in block.lines[at]:
        raise ValueError(f"line {block.line}: expected a cue with times, found {block.lines[0]!r}.")
    times = _TIMES.match(block.lines[at])
    start_ms, end_ms = (_ms(times.groups()[:4]), _ms(times.groups()[4:])) if times else (None, None)
    if start_ms is None or end_ms is None:
        expected = "00:01:02.500 --> 00:01:04.000"
        found = block.lines[at].strip()
        raise ValueError(f"line {number}: expected times like {expected}, found {found!r}.")
    if end_ms <= start_ms:
        raise ValueError(f"line {number}: ends before it begins ({block.lines[at].strip()}).")
    payload = block.lines[at + 1 :]
    for below, line in enumerate(payload, start=number + 1):
        if _TIMES.match(line):
            raise ValueError(f"line {below}: expected an empty line before the next cue.")
    if form == "srt":
        said = _ENTITY.sub(_unescaped, _SUBRIP_TAG.sub("", " ".join(payload)))
        return [Cue(number, start_ms, end_ms, " ".join(said.split()))]
    return _by_voice(Cue(number, start_ms, end_ms, ""), " ".join(payload))


def in_subrip(text: str) -> str:
    """A text as it is written into a SubRip cue, so that `read` finds it there again.

    An arrow would be another cue's times, and SubRip has no way to write one.
    """
    return _ENTITY.sub(lambda entity: f"&amp;{entity[0][1:]}", text).replace("-->", "→")


def _unescaped(entity: re.Match[str]) -> str:
    return html.unescape(entity[0])


@dataclass
class _Voice:
    """What one person says of a cue: pieces of text, each with its language."""

    speaker: str | None
    said: list[tuple[str | None, str]]
    goes_on: bool = False


def _by_voice(cue: Cue, payload: str) -> list[Cue]:
    """A cue for each voice that speaks in it, each as long as its words say."""
    voices = [
        replace(cue, speaker=voice.speaker, text=text, language=_most(voice.said),
                goes_on=voice.goes_on)
        for voice in _voices(payload)
        if (text := " ".join("".join(part for _, part in voice.said).split()))
    ]  # fmt: skip
    return list(_shared(cue, voices)) or [cue]


def _voices(payload: str) -> list[_Voice]:
    """Who says what; a voice that goes on after its own tags, as in joined cues, is one."""
    voices = [_Voice(None, [])]
    languages: list[str] = []
    at, is_open = 0, False
    for tag in [*_TAG.finditer(payload), None]:
        text = html.unescape(payload[at : tag.start() if tag else len(payload)])
        voices[-1].said.append((languages[-1] if languages else None, text))
        if tag is None:
            break
        at = tag.end()
        kind, _, value = tag[1].partition(" ")
        kind, value = kind.split(".")[0].strip(), html.unescape(value).strip()
        if kind in ("v", "/v"):
            voices[-1].goes_on |= kind == "/v" and not is_open
            is_open = kind == "v"
            voices.append(_Voice(value or None if is_open else None, []))
        elif kind == "lang":
            languages.append(value)
        elif kind == "/lang" and languages:
            languages.pop()
        elif kind == "/lang":
            voices[-1].goes_on = True
    return _joined(voices)


def _joined(voices: Sequence[_Voice]) -> list[_Voice]:
    """Neighbouring pieces of one voice as one."""
    joined: list[_Voice] = []
    for voice in voices:
        if not any(text.strip() for _, text in voice.said):
            continue
        if joined and joined[-1].speaker == voice.speaker:
            joined[-1].said += [(None, " "), *voice.said]
        else:
            joined.append(voice)
    return joined


def _most(parts: Sequence[tuple[str | None, str]]) -> str | None:
    """The language of most of the letters: a line has one."""
    letters: dict[str | None, int] = {}
    for language, text in parts:
        letters[language] = letters.get(language, 0) + len(text.strip())
    return max(letters, key=lambda language: letters[language])


def _shared(cue: Cue, voices: Sequence[Cue]) -> Iterator[Cue]:
    total, done = sum(len(voice.text) for voice in voices), 0
    length = cue.end_ms - cue.start_ms
    for voice in voices:
        start_ms = cue.start_ms + length * done // total
        done += len(voice.text)
        yield replace(voice, start_ms=start_ms, end_ms=cue.start_ms + length * done // total)


def _ms(parts: Sequence[str | None]) -> int | None:
    hours, minutes, seconds = (int(part or "0") for part in parts[:3])
    if minutes > 59 or seconds > 59:
        return None
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + int((parts[3] or "0").ljust(3, "0"))


def _overlapping(cues: Sequence[Cue]) -> Iterator[str]:
    """Cues in order of time, of which the first is not over when the second begins."""
    for last, cue in pairwise(cues):
        if cue.start_ms < last.end_ms - ROUNDING_MS or cue.start_ms <= last.start_ms:
            yield f"{cue.where}: overlaps the cue at {last.where}; a line ends where one begins."


def _parted(cues: Sequence[Cue]) -> Iterator[Cue]:
    """Where rounding made two overlap, the first ends where the second begins."""
    for cue, following in zip(cues, [*cues[1:], None], strict=True):
        yield replace(cue, end_ms=min(cue.end_ms, following.start_ms)) if following else cue
