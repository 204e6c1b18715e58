"""What transcribing costs and what it is worth, side by side in one run: part of `make bench`.

    python bench/bench.py [--quick] [FOLDER]

FOLDER holds `manifest.csv` and `long/` of the development speech (default: beside the
repository). Every way is a process of its own, start and loading the model included. Ratios of
one run are worth quoting; seconds are not: a busy neighbour changes them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from bench.results import save
from bench.ways import WAYS
from pipeline import audio, scoring
from pipeline.evaluate import Row, read_manifest
from pipeline.scoring import Errors

SHARED = Path(__file__).parents[2] / "shared" / "speech" / "dev"
NAMING = ("languages", "doubt")
OURS = "this pipeline, languages found"
# The same where each testimony declares its one language, as the other ways are told it.
TOLD = {
    "this pipeline, language told": {},
    "this pipeline, language told, beam_size: 2": {"beam_size": 2},
}
BASELINE = "faster-whisper, batched 16"
QUICK = (BASELINE,)


@dataclass(frozen=True)
class Cost:
    """What one process used."""

    wall_s: float
    cpu_s: float
    peak_mb: float


@dataclass(frozen=True)
class Result:
    """One way of transcribing, over all files."""

    cost: Cost
    errors: dict[str, Errors]

    @property
    def mean_cer(self) -> float:
        cers = [errors.cer or 0.0 for errors in self.errors.values()]
        return sum(cers) / len(cers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=SHARED)
    parser.add_argument("--quick", action="store_true", help="only the two that matter most")
    arguments = parser.parse_args()
    rows = [r for r in read_manifest(arguments.folder / "manifest.csv") if r.file[:5] == "long/"]
    seconds = sum(audio.decode(arguments.folder / r.file, shown=r.file).duration_s for r in rows)
    stages: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as scratch:
        results = {OURS: ours(Path(scratch, "found"), arguments.folder, rows, stages)}
        for number, (name, settings) in enumerate(TOLD.items()):
            root = Path(scratch, f"told-{number}")
            results[name] = ours(root, arguments.folder, rows, Counter(), settings)
        for name in QUICK if arguments.quick else WAYS:
            results[name] = theirs(name, Path(scratch), arguments.folder, rows)
    document = as_document(results, stages, seconds)
    save("transcription", document)
    show(document)


def ours(
    root: Path,
    folder: Path,
    rows: Sequence[Row],
    stages: Counter[str],
    told: dict[str, Any] | None = None,
) -> Result:
    """`testimony transcribe` over an archive of the files; its stages are added to `stages`.

    `told`: settings of transcription with which each testimony declares its one language.
    """
    (root / "recordings").mkdir(parents=True)
    (root / "metadata" / "testimonies").mkdir(parents=True)
    config = {"models": {"default": "base"}, "transcription": told or {}}
    (root / "config.yaml").write_text(yaml.safe_dump(config))
    for number, row in enumerate(rows):
        name = Path(row.file).name
        (root / "recordings" / name).symlink_to((folder / row.file).resolve())
        sidecar: dict[str, Any] = {"id": f"t{number}", "title": name, "recordings": [name]}
        if told is not None:
            sidecar["languages"] = [row.language]
        (root / "metadata" / "testimonies" / f"t{number}.yaml").write_text(yaml.safe_dump(sidecar))
    command = [sys.executable, "-m", "pipeline"]
    subprocess.run([*command, "ingest", "--archive", root], check=True, capture_output=True)
    cost = measure([*command, "transcribe", "--archive", str(root)])
    connection = sqlite3.connect(root / "archive.db")
    texts: dict[str, list[str]] = {}
    for path, text in connection.execute(
        "SELECT path, text FROM segments s JOIN recordings r ON r.current_run_id = s.run_id"
        " WHERE s.state = 'ok' ORDER BY s.run_id, s.n"
    ):
        texts.setdefault(path, []).append(text)
    for (took_s,) in connection.execute("SELECT took_s FROM runs"):
        stages.update(json.loads(took_s))
    return judge(rows, {name: " ".join(lines) for name, lines in texts.items()}, cost)


def theirs(name: str, scratch: Path, folder: Path, rows: Sequence[Row]) -> Result:
    out = scratch / "texts.json"
    pairs = [f"{folder / row.file}={row.language}" for row in rows]
    cost = measure([sys.executable, "-m", "bench.ways", name, str(out), *pairs])
    return judge(rows, json.loads(out.read_text(encoding="utf-8")), cost)


def measure(command: Sequence[str]) -> Cost:
    """Runs a command to its end; raises CalledProcessError where it fails."""
    started = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=said, cwd=Path(__file__).parents[1]
        )
        _, status, used = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            sys.stderr.write(said.read().decode(errors="replace"))
            raise subprocess.CalledProcessError(process.returncode, command)
    return Cost(wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def judge(rows: Sequence[Row], texts: dict[str, str], cost: Cost) -> Result:
    errors = {
        row.language: scoring.compare(row.reference, texts.get(Path(row.file).name, ""))
        for row in rows
    }
    return Result(cost, errors)


def as_document(results: dict[str, Result], stages: Counter[str], seconds: float) -> dict[str, Any]:
    total = sum(stages.values())
    base = results[BASELINE].cost.wall_s
    return {
        "machine": f"{os.cpu_count()} × {platform.machine()}, {platform.system()}",
        "audio_minutes": round(seconds / 60, 1),
        "ways": {
            name: {
                "speed": round(base / result.cost.wall_s, 2),
                "wall_s": round(result.cost.wall_s, 1),
                "cpu_s": round(result.cost.cpu_s, 1),
                "peak_mb": round(result.cost.peak_mb),
                "rtf": round(result.cost.wall_s / seconds, 4),
                "mean_cer": round(result.mean_cer, 4),
                "cer": {k: round(e.cer or 0.0, 4) for k, e in sorted(result.errors.items())},
            }
            for name, result in results.items()
        },
        "stage_shares": {stage: round(took / total, 3) for stage, took in stages.items()},
        "language_and_doubt_share": round(sum(stages[stage] for stage in NAMING) / total, 3),
    }


def show(document: dict[str, Any]) -> None:
    console = Console(width=140)
    console.print(f"{document['audio_minutes']} min of speech, {document['machine']}")
    ways = document["ways"]
    languages = list(next(iter(ways.values()))["cer"])
    table = Table(box=None)
    for column in ("", "speed", "CPU", "peak MB", "rtf", "mean CER", *languages):
        table.add_column(column, no_wrap=True)
    for name, way in ways.items():
        table.add_row(
            name,
            f"{way['speed']:.2f}",
            f"{way['cpu_s'] / ways[BASELINE]['cpu_s']:.2f}",
            str(way["peak_mb"]),
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
