"""Which format a transcript's file is in, told by what is in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pipeline.given import Given, GivenError, captions, ohms, plain, tei
from pipeline.given.xmlread import local, parse

_MOST_BYTES = 50_000_000
_TIMES = b"-->"
_REDACTED = "[redacted:"


def read(path: Path) -> Given:
    """The transcript in a file. Raises GivenError or CueFileError with all that is wrong in it."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise GivenError(path, "is larger than 50 MB.", "No transcript is.")
        raw = path.read_bytes()
    except OSError as error:
        raise GivenError(path, f"cannot be read ({error.strerror}).", "Check its name.") from error
    given = _without_redacted(_read(raw, path))
    if not given.lines:
        raise GivenError(path, "has no words in it.", "Nothing was changed.")
    return given


def _without_redacted(given: Given) -> Given:
    """What an archive left out of a published file is nobody's words."""
    kept = tuple(line for line in given.lines if not line.text.startswith(_REDACTED))
    count = len(given.lines) - len(kept)
    if not count:
        return given
    return replace(given, lines=kept, left_out=(*given.left_out, f"{count} redacted passages"))


def _read(raw: bytes, path: Path) -> Given:
    begins = raw.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")
    if begins.startswith(b"<"):
        top = parse(raw, path)
        name = local(top)
        if name in ("ROOT", "record"):
            return ohms.read(top, path)
        if name == "TEI":
            return tei.read(top, path)
        raise GivenError(path, f"expected OHMS or TEI, found XML of <{name}>.", "Convert it first.")
    if path.suffix.lower() in (".vtt", ".srt") or begins.startswith(b"WEBVTT") or _TIMES in raw:
        return captions.read(raw, path)
    if path.suffix.lower() == ".txt":
        return plain.read(raw, path)
    what = f"expected .vtt, .srt, .xml (OHMS, TEI) or .txt, found {path.suffix or 'no ending'}."
    raise GivenError(path, what, "Save it as one of these.")
