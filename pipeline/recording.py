"""A recording's identity (sha256 of its bytes) and what is in it (probe). Never writes to it."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import av.error

from pipeline.errors import MediaError, PipelineError

FOLDER = Path("recordings")
EXTENSIONS = frozenset(
    "3gp 3gpp aac ac3 aif aifc aiff amr ape asf au avi caf dv dss flac flv gsm m2ts m2v m4a m4b m4v"
    " mka mkv mov mp1 mp2 mp3 mp4 mpeg mpg mts mxf oga ogg ogv opus ra rm spx ts vob voc w64 wav"
    " webm wma wmv wv".split()
)
# A container's stated length may differ from its last packet by a frame or an edit list.
_TOLERATED_LOSS_S = 1.0
_MEDIA_ERRORS = (av.error.FFmpegError, ValueError, IndexError, UnicodeError)


@dataclass(frozen=True)
class Probe:
    """What a recording's container says and its packets confirm."""

    duration_s: float
    codec: str
    sample_rate_hz: int
    channels: int
    has_video: bool
    missing_s: float  # seconds that the container promises and the file does not hold


@dataclass(frozen=True)
class Recording:
    """One master as the archive knows it; `path` is below the archive's `recordings/`."""

    id: str
    testimony_id: str
    part: int
    path: str
    sha256: str
    bytes: int
    mtime_ns: int
    duration_s: float
    missing_s: float
    codec: str
    sample_rate_hz: int
    channels: int
    has_video: bool
    current_run_id: int | None = None
    waiting_run_id: int | None = None  # heard anew, and not yet accepted


def sha256(path: Path) -> str:
    """The file's fixity; opened for reading only."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(path, error) from error


def identify(sha: str) -> str:
    """A recording's id: what its bytes say, so that no name, part or folder can change it."""
    return sha[:16]


def looks_like_one(path: Path) -> bool:
    """Whether the name says audio or video."""
    return path.suffix.lower().lstrip(".") in EXTENSIONS


def walk(folder: Path) -> Iterator[Path | PipelineError]:
    """Every file below `folder`, sorted, links followed; what cannot be walked comes as an error.

    Hidden files and folders are left alone.
    """
    for found in _walk(folder, ()):
        if isinstance(found, Path):
            yield found
        else:
            path, error = found
            yield error.about(path.relative_to(folder))


def _walk(
    folder: Path, above: tuple[tuple[int, int], ...]
) -> Iterator[Path | tuple[Path, PipelineError]]:
    try:
        here = folder.stat()
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield folder, _unreadable(folder, error)
        return
    key = (here.st_dev, here.st_ino)
    if key in above:
        what = "is a link back to a folder it lies in."
        yield folder, MediaError(folder, what, "Remove the link; nothing is lost.")
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        path = Path(entry.path)
        try:
            mode = entry.stat().st_mode
        except OSError as error:
            yield path, _broken_link(path, error)
            continue
        if stat.S_ISDIR(mode):
            yield from _walk(path, (*above, key))
        elif stat.S_ISREG(mode):
            yield path
        else:
            yield path, MediaError(path, "is neither a file nor a folder.", "Move it elsewhere.")


def probe(path: Path) -> Probe:
    """Reads the container and every packet; decodes nothing."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise _unreadable(path, error) from error
    if size == 0:
        raise MediaError(path, "is empty (0 bytes).", "Copy it again from where it came from.")
    try:
        with av.open(os.fspath(path), mode="r", metadata_errors="replace") as container:
            return _read(path, container)
    except OSError as error:
        # PyAV's errors are OSErrors too where the system has a number for them.
        if isinstance(error, PermissionError):
            raise _unreadable(path, error) from error
        raise _no_media(path, error) from error
    except _MEDIA_ERRORS as error:
        raise _no_media(path, error) from error


def _read(path: Path, container: av.container.InputContainer) -> Probe:
    if not container.streams.audio:
        what = "is a video without sound" if container.streams.video else "has no sound in it"
        raise MediaError(path, f"{what}.", "If the sound is in another file, bring that one.")
    stream = container.streams.audio[0]
    promised = _seconds(stream.duration, stream.time_base)
    if promised is None and container.duration is not None:
        promised = container.duration / av.time_base
    held = _last_packet_s(container, stream)
    if held is None or not stream.codec_context.sample_rate:
        raise MediaError(path, "has a sound track with nothing in it.", "Check the original.")
    missing = max(0.0, promised - held) if promised is not None else 0.0
    if container.format.name == "wav" and stream.bit_rate:
        # FFmpeg trusts a WAV file's size over its header, which alone knows what is missing.
        missing = max(missing, _bytes_missing_in_wav(path) * 8 / stream.bit_rate)
    return Probe(
        duration_s=round(held, 3),
        codec=stream.codec_context.name,
        sample_rate_hz=stream.codec_context.sample_rate,
        channels=stream.codec_context.channels,
        has_video=any(not _is_cover(video) for video in container.streams.video),
        missing_s=round(missing, 3) if missing > _TOLERATED_LOSS_S else 0.0,
    )


def _last_packet_s(container: av.container.InputContainer, stream: av.AudioStream) -> float | None:
    end: float | None = None
    start = _seconds(stream.start_time, stream.time_base) or 0.0
    try:
        for packet in container.demux(stream):
            if packet.pts is None:
                continue
            last = _seconds(packet.pts + (packet.duration or 0), packet.time_base)
            if last is not None:
                end = max(end or 0.0, last - start)
    except _MEDIA_ERRORS:
        # A cut-off file ends in a broken packet: what came before is what the file holds.
        pass
    return end


def _bytes_missing_in_wav(path: Path) -> int:
    with path.open("rb") as file:
        header = file.read(8)
    promised = int.from_bytes(header[4:8], "little") + 8
    # Recorders that never knew the length leave the greatest number or nothing here.
    known = header[:4] == b"RIFF" and 8 < promised < 0xFFFF_0000
    return max(0, promised - path.stat().st_size) if known else 0


def _is_cover(video: av.VideoStream) -> bool:
    return bool(video.disposition & av.stream.Disposition.attached_pic)


def _seconds(ticks: int | None, base: object) -> float | None:
    return None if ticks is None or base is None else float(ticks * base)  # type: ignore[operator]


def _no_media(path: Path, error: BaseException) -> MediaError:
    detail = str(getattr(error, "strerror", None) or error) or type(error).__name__
    return MediaError(
        path,
        f"is not a recording that can be opened ({detail}).",
        "It may be cut off or not be audio at all: play the original and copy it again.",
    )


def _unreadable(path: Path, error: OSError) -> MediaError:
    return MediaError(
        path, f"cannot be read ({error.strerror}).", "Give read permission to it, then run again."
    )


def _broken_link(path: Path, error: OSError) -> MediaError:
    loop = "a link that leads back to itself" if "symbolic links" in str(error) else "a dead link"
    return MediaError(path, f"is {loop}.", "Remove it or let it point at the recording.")
