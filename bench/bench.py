"""What the pipeline costs and what it is worth, side by side in one run: `make bench`.

    python bench/bench.py [--with-openai] [FOLDER]

FOLDER holds `manifest.csv` and `long/` of the development speech (default: beside the
repository). Ratios of one run are worth quoting; seconds are not: a busy neighbour changes them.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faster_whisper
from rich.console import Console
from rich.table import Table

from pipeline import audio, config, listen, scoring
from pipeline.engines.checkpoint import as_openai
from pipeline.engines.choose import ConfiguredEngines
from pipeline.engines.models import Model
from pipeline.evaluate import Row, read_manifest
from pipeline.scoring import Errors
from pipeline.sound import RATE_HZ, Samples

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared" / "speech" / "dev"
NAMING = ("languages", "doubt")


@dataclass(frozen=True)
class Result:
    """One way of transcribing, over all files."""

    wall_s: float
    cpu_s: float
    errors: dict[str, Errors]

    @property
    def mean_cer(self) -> float:
        cers = [errors.cer or 0.0 for errors in self.errors.values()]
        return sum(cers) / len(cers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=SHARED)
    parser.add_argument("--with-openai", action="store_true", help="also the slow reference")
    arguments = parser.parse_args()
    rows = [r for r in read_manifest(arguments.folder / "manifest.csv") if r.file[:5] == "long/"]
    sounds = {r.file: audio.decode(arguments.folder / r.file, shown=r.file) for r in rows}
    stages: Counter[str] = Counter()
    ways: dict[str, Callable[[Row, Samples], str]] = {
        "this pipeline, language found": this_pipeline(stages),
        "faster-whisper batched 16, language told": faster_batched(),
    }
    if arguments.with_openai:
        ways["openai-whisper defaults, language told"] = openai_defaults()
    results = {name: measure(way, rows, sounds) for name, way in ways.items()}
    seconds = sum(len(sound) for sound in sounds.values()) / RATE_HZ
    document = as_document(results, stages, seconds)
    (ROOT / "bench" / "results.json").write_text(json.dumps(document, indent=2) + "\n")
    show(document, list(results.values()))


def this_pipeline(stages: Counter[str]) -> Callable[[Row, Samples], str]:
    """All languages of the archive allowed; stage times are added to `stages`."""
    settings = config.load(ROOT)
    engines = ConfiguredEngines(ROOT, settings, lambda text: None)
    engines.engine(None)

    def run(row: Row, samples: Samples) -> str:
        transcript = listen.transcribe(
            samples, engines, settings.transcription, settings.languages, settings.languages
        )
        stages.update(transcript.took_s)
        return " ".join(s.text for s in transcript.segments if s.state == "ok")

    return run


def faster_batched() -> Callable[[Row, Samples], str]:
    files: Any = Model("base", None).files_of_wheel()
    model = faster_whisper.WhisperModel("base", files=files, compute_type="int8")
    batched = faster_whisper.BatchedInferencePipeline(model)

    def run(row: Row, samples: Samples) -> str:
        segments, _ = batched.transcribe(samples, language=row.language, batch_size=16, beam_size=5)
        return " ".join(segment.text for segment in segments)

    return run


def openai_defaults() -> Callable[[Row, Samples], str]:
    model = as_openai(Model("base", None))

    def run(row: Row, samples: Samples) -> str:
        return str(model.transcribe(samples, language=row.language, fp16=False)["text"])

    return run


def measure(
    way: Callable[[Row, Samples], str], rows: Sequence[Row], sounds: dict[str, Samples]
) -> Result:
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    texts = {row.file: way(row, sounds[row.file]) for row in rows}
    wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    errors = {row.language: scoring.compare(row.reference, texts[row.file]) for row in rows}
    return Result(wall_s, cpu_s, errors)


def as_document(results: dict[str, Result], stages: Counter[str], seconds: float) -> dict[str, Any]:
    total = sum(stages.values())
    return {
        "machine": f"{platform.machine()}, {platform.processor() or platform.system()}",
        "audio_minutes": round(seconds / 60, 1),
        "ways": {
            name: {
                "wall_s": round(result.wall_s, 1),
                "cpu_s": round(result.cpu_s, 1),
                "rtf": round(result.wall_s / seconds, 4),
                "mean_cer": round(result.mean_cer, 4),
                "cer": {k: round(e.cer or 0.0, 4) for k, e in sorted(result.errors.items())},
            }
            for name, result in results.items()
        },
        "stage_shares": {stage: round(took / total, 3) for stage, took in stages.items()},
        "language_and_doubt_share": round(sum(stages[stage] for stage in NAMING) / total, 3),
    }


def show(document: dict[str, Any], results: Sequence[Result]) -> None:
    console = Console(width=120)
    console.print(f"{document['audio_minutes']} min of speech, {document['machine']}")
    languages = list(results[0].errors)
    table = Table(box=None)
    for column in ("", "wall", "CPU", "rtf", "mean CER", *languages):
        table.add_column(column, no_wrap=True)
    for (name, way), result in zip(document["ways"].items(), results, strict=True):
        table.add_row(
            name,
            f"{result.wall_s / results[0].wall_s:.2f}",
            f"{result.cpu_s / results[0].cpu_s:.2f}",
            f"{way['rtf']:.3f}",
            f"{way['mean_cer']:.3f}",
            *(f"{way['cer'][language]:.3f}" for language in languages),
        )
    console.print(table)
    shares = ", ".join(f"{k} {v:.1%}" for k, v in document["stage_shares"].items())
    console.print(f"Stages of this pipeline: {shares}")
    console.print(f"Languages and doubt together: {document['language_and_doubt_share']:.1%}")


if __name__ == "__main__":
    main()
