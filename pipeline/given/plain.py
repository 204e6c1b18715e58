"""Plain text: paragraphs, sometimes with who speaks before them and a time in brackets."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from pipeline.given import Given, GivenError, GivenLine, Mark
from pipeline.given.speakers import parted

# [00:12:30], (12:30), {0:12:30.5}: the first words after it are spoken then.
_TIME = re.compile(r"[\[({]\s*(?:(\d{1,2}):)?(\d{1,3}):([0-5]\d)(?:[.,](\d{1,3}))?\s*[\])}]")


def read(raw: bytes, name: object) -> Given:
    """Paragraphs parted by empty lines; where there are none, every line is one."""
    text = decoded(raw, name)
    blocks = [block for block in re.split(r"\n\s*\n", text) if block.strip()]
    if len(blocks) < 2:
        blocks = [line for line in text.split("\n") if line.strip()]
    if not blocks:
        raise GivenError(name, "has no words in it.", "Nothing was changed.")
    lines, marks = paragraphs(blocks)
    return Given("plain text", lines, marks=marks)


def paragraphs(blocks: Sequence[str]) -> tuple[tuple[GivenLine, ...], tuple[Mark, ...]]:
    """Lines without times, and the times that stand between their words."""
    marks: list[Mark] = []
    lines: list[GivenLine] = []
    words = 0
    voices = parted([_TIME.sub(" ", block) for block in blocks])
    for number, (block, (speaker, text)) in enumerate(zip(blocks, voices, strict=True), start=1):
        before = len(_TIME.sub(" ", block).split()) - len(text.split())
        for time in _TIME.finditer(block):
            ahead = len(_TIME.sub(" ", block[: time.start()]).split())
            marks.append(Mark(words + max(0, ahead - before), _seconds(time)))
        if text.split():
            lines.append(GivenLine(f"paragraph {number}", " ".join(text.split()), speaker=speaker))
            words += len(text.split())
    return tuple(lines), tuple(mark for mark in marks if mark.word < words)


def decoded(raw: bytes, name: object) -> str:
    """UTF-8 or UTF-16; anything else is not guessed."""
    encoding = "utf-16" if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        what = f"expected text in UTF-8 or UTF-16, found another encoding (byte {error.start})."
        raise GivenError(name, what, "Save it as UTF-8.") from error
    if "\0" in text:
        raise GivenError(name, "is not text: it has zero bytes in it.", "Nothing was changed.")
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def _seconds(time: re.Match[str]) -> float:
    hours, minutes, seconds, part = time.groups()
    whole = (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)
    return whole + (int(part.ljust(3, "0")) / 1000 if part else 0.0)
