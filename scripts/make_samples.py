"""Makes the synthetic recordings of the sample archive again, from samples.yaml.

    python scripts/make_samples.py [--out recordings]

espeak-ng speaks each sentence; numpy joins them with pauses over quiet room tone; ffmpeg
encodes. The noise is seeded and the encoders are asked for bit-exact output, so the same
versions of espeak-ng and ffmpeg make the same bytes.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import wave
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg
import imageio_ffmpeg
import numpy as np
import yaml
from numpy.typing import NDArray

Audio = NDArray[np.float32]

HERE = Path(__file__).resolve().parent
RATE_HZ = 22050  # what espeak-ng produces
SPEECH_PEAK = 0.5  # -6 dBFS, room for the encoders to overshoot
ROOM_TONE_RMS = 10 ** (-60 / 20)
LEAD_IN_S = 0.8
COMMENT = "Synthetic speech, made by the testimony-archive project with espeak-ng."

# The formats differ on purpose: an archive is given all of them.
AUDIO_OPTIONS: dict[str, dict[str, Any]] = {
    ".mp3": {"acodec": "libmp3lame", "audio_bitrate": "48k", "ar": RATE_HZ},
    ".flac": {"acodec": "flac", "ar": 16000, "sample_fmt": "s16"},
    ".m4a": {"acodec": "aac", "audio_bitrate": "48k", "ar": RATE_HZ},
    ".ogg": {"acodec": "libopus", "audio_bitrate": "32k", "ar": 24000},
    ".mp4": {"acodec": "aac", "audio_bitrate": "48k", "ar": RATE_HZ},
}
# A plain card: text on it would need a font, and fonts differ from machine to machine.
CARD = "color=c=0x34424d:size=480x270:rate=2"
# One thread: x264 divides its work by the number of processors, and the bytes change with it.
VIDEO_OPTIONS: dict[str, Any] = {
    "vcodec": "libx264", "pix_fmt": "yuv420p", "tune": "stillimage", "crf": 30, "g": 10,
    "threads": 1,
}  # fmt: skip


class SampleError(Exception):
    """A sample cannot be made; the message says what to do."""


@dataclass(frozen=True)
class Voice:
    """How espeak-ng speaks one language."""

    voice: str  # espeak-ng's name, with a variant after "+"
    speed_wpm: int
    pitch: int  # 0 to 99
    gap: int  # between words, in units of 10 ms
    respell: tuple[tuple[str, str], ...] = ()  # (pattern, replacement), where another reads

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Voice:
        rules = tuple((pattern, replacement) for pattern, replacement in data.get("respell", []))
        return cls(**(data | {"respell": rules}))

    def spelling(self, text: str) -> str:
        """The text in the spelling this voice reads; unchanged when the voice is native."""
        if not self.respell:
            return text
        text = text.lower()
        for pattern, replacement in self.respell:
            text = re.sub(pattern, replacement, text)
        return text


@dataclass(frozen=True)
class Passage:
    """Something said in one language, and the pause after it."""

    language: str
    text: str
    pause_after_s: float

    def sentences(self) -> list[str]:
        return re.split(r"(?<=[.!?])\s+", self.text.strip())


@dataclass(frozen=True)
class Part:
    """One file of a testimony."""

    file: str
    title: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True)
class Script:
    """All of samples.yaml that has a sound."""

    voices: dict[str, Voice]
    sentence_pause_s: float
    parts: tuple[Part, ...]


def read_script(path: Path) -> Script:
    """Reads samples.yaml."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Script(
        voices={language: Voice.from_dict(voice) for language, voice in data["voices"].items()},
        sentence_pause_s=data["sentence_pause_s"],
        parts=tuple(
            Part(part["file"], sample["title"], tuple(Passage(**p) for p in part["passages"]))
            for sample in data["samples"]
            for part in sample["parts"]
        ),
    )


def find_espeak() -> str:
    """The path of espeak-ng, or an error that says how to get it."""
    espeak = shutil.which("espeak-ng")
    if espeak is None:
        raise SampleError("espeak-ng is missing; on Debian: sudo apt install espeak-ng")
    return espeak


def find_ffmpeg() -> str:
    """The system's ffmpeg, or the one inside imageio-ffmpeg where there is none."""
    return shutil.which("ffmpeg") or str(imageio_ffmpeg.get_ffmpeg_exe())


def speak(sentence: str, voice: Voice, folder: Path) -> Audio:
    """Speaks one sentence, without silence around it."""
    path = folder / "sentence.wav"
    command = [find_espeak(), "-v", voice.voice, "-s", str(voice.speed_wpm)]
    command += ["-p", str(voice.pitch), "-g", str(voice.gap), "-w", str(path), "--"]
    command.append(voice.spelling(sentence))
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0 or not path.exists():
        raise SampleError(f"espeak-ng could not speak {sentence!r}: {done.stderr.strip()}")
    return trim(read_wav(path))


def read_wav(path: Path) -> Audio:
    """Reads a mono 16-bit WAV file as floats from -1 to 1."""
    with wave.open(str(path)) as file:
        if file.getframerate() != RATE_HZ:
            raise SampleError(f"espeak-ng made {file.getframerate()} Hz, expected {RATE_HZ} Hz")
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    return samples.astype(np.float32) / np.float32(32768)


def trim(audio: Audio) -> Audio:
    """Cuts the silence espeak-ng adds, so that the pauses are those of samples.yaml."""
    heard = np.flatnonzero(np.abs(audio) > 0.002)
    return audio[heard[0] : heard[-1] + 1] if heard.size else audio[:0]


def silence(seconds: float) -> Audio:
    return np.zeros(round(seconds * RATE_HZ), dtype=np.float32)


def passage_pieces(passage: Passage, script: Script, folder: Path) -> Iterator[Audio]:
    """The sentences and pauses of one passage, in order."""
    for n, sentence in enumerate(passage.sentences()):
        if n:
            yield silence(script.sentence_pause_s)
        yield speak(sentence, script.voices[passage.language], folder)
    yield silence(passage.pause_after_s)


def speak_part(part: Part, script: Script, folder: Path) -> Audio:
    """All passages of one part at an even level, over room tone."""
    pieces = [silence(LEAD_IN_S)]
    for passage in part.passages:
        pieces.extend(passage_pieces(passage, script, folder))
    speech = np.concatenate(pieces)
    speech *= SPEECH_PEAK / np.abs(speech).max()
    # The file's name is the seed: every part has its own noise, and the same one each time.
    return speech + room_tone(speech.size, seed=zlib.crc32(part.file.encode()))


def room_tone(size: int, seed: int) -> Audio:
    """Very quiet pink noise: a recording made in a room is never digitally silent."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.standard_normal(size))
    spectrum /= np.sqrt(np.maximum(np.arange(spectrum.size), 1) + size / 400)
    noise = np.fft.irfft(spectrum, size)
    tone: Audio = (noise * (ROOM_TONE_RMS / noise.std())).astype(np.float32)
    return tone


def output_options(part: Part) -> dict[str, Any]:
    """What ffmpeg is told about one file: codec, tags, and nothing that differs between runs."""
    suffix = Path(part.file).suffix
    options: dict[str, Any] = {
        "ac": 1, "map_metadata": -1,
        "fflags": "+bitexact", "flags:a": "+bitexact", "flags:v": "+bitexact",
        # Two spellings of one option: ffmpeg-python takes each key once.
        "metadata": f"title={part.title}", "metadata:g": f"comment={COMMENT}",
    }  # fmt: skip
    if suffix == ".mp4":
        options |= VIDEO_OPTIONS
    return options | AUDIO_OPTIONS[suffix]


def encode(audio: Audio, part: Part, path: Path) -> None:
    """Writes one file with ffmpeg."""
    streams = [ffmpeg.input("pipe:", format="f32le", ar=RATE_HZ, ac=1)]
    if path.suffix == ".mp4":
        streams.insert(0, ffmpeg.input(CARD, format="lavfi", t=audio.size / RATE_HZ))
    output = ffmpeg.output(*streams, str(path), **output_options(part)).overwrite_output()
    try:
        output.run(cmd=find_ffmpeg(), input=audio.astype("<f4").tobytes(), quiet=True)
    except ffmpeg.Error as error:
        detail = error.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise SampleError(f"{part.file}: ffmpeg could not encode it: {detail}") from error


def make(script: Script, out: Path) -> None:
    """Makes every file of the script below out."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for part in script.parts:
            audio = speak_part(part, script, Path(folder))
            encode(audio, part, out / part.file)
            size_kb = (out / part.file).stat().st_size / 1000
            print(f"{part.file}: {audio.size / RATE_HZ:.1f} s, {size_kb:.0f} kB")


def main() -> int:
    """Reads the arguments and makes the samples; 1 when one could not be made."""
    parser = argparse.ArgumentParser(
        description="Makes the synthetic sample recordings again.",
        epilog="Example: python scripts/make_samples.py --out recordings",
    )
    parser.add_argument("--out", type=Path, default=HERE.parent / "recordings")
    try:
        make(read_script(HERE / "samples.yaml"), parser.parse_args().out)
    except SampleError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
