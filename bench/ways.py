"""Other people's ways to transcribe files, one after the other: what `bench.py` compares with.

    python bench/ways.py WAY OUT.json FILE=LANGUAGE…

A process of its own for each, so that the memory and time of one do not count for another.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline import audio
from pipeline.engines.models import Model

# A file and its language in; its text out.
Way = Callable[[Path, str], str]


def faster_default() -> Way:
    model = _faster()

    def run(path: Path, language: str) -> str:
        segments, _ = model.transcribe(str(path), language=language, beam_size=5)
        return " ".join(segment.text for segment in segments)

    return run


def faster_batched() -> Way:
    import faster_whisper

    batched = faster_whisper.BatchedInferencePipeline(_faster())

    def run(path: Path, language: str) -> str:
        segments, _ = batched.transcribe(str(path), language=language, batch_size=16, beam_size=5)
        return " ".join(segment.text for segment in segments)

    return run


def openai_default() -> Way:
    from pipeline.engines.checkpoint import as_openai

    model = as_openai(Model("base", None))

    def run(path: Path, language: str) -> str:
        # Decoded by this project: openai-whisper looks for a program called ffmpeg.
        sound = audio.decode(path, shown=path.name)
        samples = sound.cut(0.0, sound.duration_s)
        return str(model.transcribe(samples, language=language, fp16=False)["text"])

    return run


WAYS = {
    "faster-whisper, default": faster_default,
    "faster-whisper, batched 16": faster_batched,
    "openai-whisper, default": openai_default,
}


def _faster() -> Any:
    import faster_whisper

    with Model("base", None).on_disk() as folder:
        return faster_whisper.WhisperModel(str(folder), compute_type="int8")


if __name__ == "__main__":
    name, out, *pairs = sys.argv[1:]
    way = WAYS[name]()
    texts = {}
    for pair in pairs:
        path, _, language = pair.rpartition("=")
        texts[Path(path).name] = way(Path(path), language)
    Path(out).write_text(json.dumps(texts, ensure_ascii=False), encoding="utf-8")
