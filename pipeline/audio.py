"""Sound in and out through ffmpeg; the only file that runs it.

Masters are read only. The copies written here are what a reader of the site hears.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import ffmpeg
import imageio_ffmpeg
import numpy as np

from pipeline.errors import AudioError
from pipeline.sound import RATE_HZ
from pipeline.spool import Spool

_BLOCK_BYTES = RATE_HZ * 2 * 60
_TONE_HZ, _TONE_LEVEL = 220, 0.05
_BLACK_BEFORE_S = 0.2
_QUIET = {"v": "error", "nostdin": None}
# Of an access copy: the same bytes from the same sound, and nothing of the master's own tags.
_COPY = {
    "format": "mp4",
    "acodec": "aac",
    "audio_bitrate": "80k",
    "ac": 1,
    "ar": 44_100,
    "map_metadata": -1,
    "map_chapters": -1,
    "movflags": "+faststart",
    "fflags": "+bitexact",
}
_FILM = {"vcodec": "libx264", "pix_fmt": "yuv420p", "crf": 25, "preset": "veryfast"}


@lru_cache(maxsize=1)
def ffmpeg_path() -> str:
    """The system's ffmpeg, or the one inside imageio-ffmpeg where there is none."""
    return shutil.which("ffmpeg") or str(imageio_ffmpeg.get_ffmpeg_exe())


def decode(path: Path, *, shown: str) -> Spool:
    """The first sound track as mono samples at 16 000 Hz, on disk.

    Raises AudioError, with ffmpeg's own words, where not a single sample can be decoded.
    """
    job = ffmpeg.input(_local(path), **_QUIET).output(
        "pipe:", map="0:a:0", format="s16le", acodec="pcm_s16le", ac=1, ar=RATE_HZ
    )
    process = job.run_async(cmd=ffmpeg_path(), pipe_stdout=True, pipe_stderr=True)
    with process:
        try:
            spool = Spool()
            while block := process.stdout.read(_BLOCK_BYTES):
                spool.append(np.frombuffer(block[: len(block) // 2 * 2], np.int16))
        except OSError as error:
            process.kill()
            raise AudioError(
                shown,
                f"its decoded sound could not be put aside ({error.strerror or error}).",
                "That needs 115 MB an hour in /var/tmp, or wherever TMPDIR points.",
            ) from error
        said = process.stderr.read().decode("utf-8", "replace")
    if not spool.duration_s:
        raise AudioError(
            shown,
            f"ffmpeg could not decode its sound ({_last_line(said)}).",
            "The original is untouched; play it, and copy it again if it does not play.",
        )
    return spool


def write_access_copy(
    source: Path,
    target: Path,
    *,
    title: str,
    comment: str,
    video: bool,
    shown: str,
    hidden: Sequence[tuple[float, float]] = (),
) -> None:
    """Writes a copy that every browser plays and can seek in: AAC, or H.264 with AAC, in MP4.

    Nothing of the master's own tags, chapters or cover goes along: they may name people.
    The ranges in `hidden`, in seconds, are a low tone and a black picture.
    The file appears under its name only when it is whole.
    """
    source_file = ffmpeg.input(_local(source), **_QUIET)
    streams = [_with_tone(source_file["a:0"], hidden)]
    options = _COPY | {"metadata:g:0": f"title={title}", "metadata:g:1": f"comment={comment}"}
    if video:
        streams.append(_in_black(source_file["V:0"].filter("scale", "min(iw,1280)", -2), hidden))
        options |= _FILM
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(draft_name(target.name))
    job = ffmpeg.output(*streams, _local(draft), **options).overwrite_output()
    try:
        job.run(cmd=ffmpeg_path(), capture_stdout=True, capture_stderr=True)
        os.replace(draft, target)
    except ffmpeg.Error as error:
        said = _last_line((error.stderr or b"").decode("utf-8", "replace"))
        raise AudioError(
            shown, f"ffmpeg could not write its access copy ({said}).", "Nothing else is affected."
        ) from error
    finally:
        draft.unlink(missing_ok=True)


def draft_name(name: str) -> str:
    """What an access copy is called while it is being written."""
    return f".{name}.new"


def cut_copy(
    source: Path, target: Path, start_s: float, end_s: float, *, shown: str, within_s: float = 30.0
) -> None:
    """Writes the sound of one passage of an access copy, with the copy's own tags, as M4A.

    Nothing is decoded: it begins and ends with the packets (23 ms) in which the passage does. What
    was made silent in the copy stays so. The file appears under its name only when it is whole.
    Raises AudioError, also after `within_s` seconds.
    """
    draft = target.with_name(f".{target.name}.{uuid4().hex}")
    passage = ffmpeg.input(_local(source), ss=start_s, t=end_s - start_s, **_QUIET)
    job = ffmpeg.output(
        passage["a:0"],
        _local(draft),
        format="ipod",
        acodec="copy",
        # Seeking in a film goes to a picture that stands alone: without this, all sound since then
        # would be in the file, only marked as not to be played.
        copypriorss=0,
        movflags="+faststart",
        fflags="+bitexact",
    )
    process = job.run_async(cmd=ffmpeg_path(), pipe_stdout=True, pipe_stderr=True)
    try:
        _, said = process.communicate(timeout=within_s)
        if process.returncode:
            raise AudioError(
                shown, f"could not be cut ({_last_line(said.decode(errors='replace'))})."
            )
        os.replace(draft, target)
    except subprocess.TimeoutExpired as error:
        raise AudioError(shown, f"could not be cut within {within_s:g} s.") from error
    except OSError as error:  # also where `publish` has just removed what it is from
        raise AudioError(shown, f"its clip could not be kept ({error.strerror}).") from error
    finally:
        process.kill()
        process.communicate()
        draft.unlink(missing_ok=True)


def _with_tone(sound: Any, hidden: Sequence[tuple[float, float]]) -> Any:
    """Sample for sample, counted from the first one, as a transcript's times are."""
    if not hidden:
        return sound
    inside = "+".join(f"between(n/s,{start_s},{end_s})" for start_s, end_s in hidden)
    tone = f"{_TONE_LEVEL}*sin(2*PI*{_TONE_HZ}*n/s)"
    return sound.filter("aeval", f"if({inside},{tone},val(ch))", channel_layout="same")


def _in_black(picture: Any, hidden: Sequence[tuple[float, float]]) -> Any:
    """Lips can be read: the picture is black, and a moment longer on both sides."""
    if not hidden:
        return picture
    inside = "+".join(
        f"between(t,{max(0.0, start_s - _BLACK_BEFORE_S)},{end_s + _BLACK_BEFORE_S})"
        for start_s, end_s in hidden
    )
    return picture.filter("drawbox", color="black", thickness="fill", enable=inside)


def _local(path: Path) -> str:
    # Without a scheme ffmpeg would take `interview: part 1.mp3` for a protocol.
    return f"file:{path}"


def _last_line(said: str) -> str:
    lines = [line for line in said.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it gave no reason"
