"""What publishing one more testimony costs beside publishing everything.

    python -m bench.publish_bench [--testimonies 10000] [--segments 300] [--folder DIR]

Makes an archive of invented words with access copies already there, so that only reading,
deciding and writing are measured; prints a table and puts them into `bench/results.json`.
Ratios of one run are worth quoting; seconds are not: a busy neighbour changes them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.results import save
from pipeline import config, publish
from pipeline.archive import Archive
from pipeline.holdings import read_holdings
from pipeline.publication import DATABASE, FOLDER, MEDIA
from pipeline.report import Silent
from pipeline.testimony import FOLDER as SIDECARS

LANGUAGES = ("lt", "lv", "et", "pl", "uk", "ro")
WORDS = 50_000  # of each language
SECONDS_PER_SEGMENT = 6.0
REPEATED = 5  # the middle one counts


class Made:
    """An archive with nothing behind it: rows, sidecars, and empty access copies."""

    def __init__(self, root: Path, segments: int) -> None:
        self.root = root
        self._segments = segments
        self._random = np.random.default_rng(1)
        self._words = {language: self._vocabulary() for language in LANGUAGES}
        # Words are as unequal as in speech: the k-th most frequent is said about 1/k as often.
        weights = 1 / (np.arange(WORDS) + 2.7)
        self._cumulated = np.cumsum(weights) / weights.sum()
        (root / SIDECARS).mkdir(parents=True)
        (root / "config.yaml").write_text("title: Made up\naccess: public\n")

    def add(self, archive: Archive, numbers: Sequence[int]) -> None:
        """Testimonies with these numbers: sidecar, rows, and an access copy that is there."""
        copies = self.root / FOLDER / MEDIA
        copies.mkdir(parents=True, exist_ok=True)
        with archive.db.atomic():
            for number in numbers:
                self._sidecar(number)
                self._rows(archive.db.conn, number)
        for item in read_holdings(archive, config.load(self.root)).allowed("public").values():
            for name in item.media.values():
                (copies / name).touch()

    def change(self, number: int, before: str, after: str) -> None:
        """Other words in a sidecar, as a person would write them."""
        path = self.root / SIDECARS / f"{_id(number)}.yaml"
        path.write_text(path.read_text().replace(before, after))

    def _vocabulary(self) -> np.ndarray[Any, Any]:
        letters = np.array(list("aeioubdgklmnprstvzžšųüțłїя"))
        lengths = self._random.integers(2, 11, WORDS)
        return np.array(["".join(self._random.choice(letters, n)) for n in lengths], dtype=object)

    def _sidecar(self, number: int) -> None:
        said = (
            f"id: {_id(number)}\ntitle: Life story {number}\nrecordings: [{number}.wav]\n"
            f"narrator: {{name: Narrator {number}, born: {1910 + number % 30}}}\n"
            f"recorded_on: {1988 + number % 20}-{number % 12 + 1:02}\naccess: public\n"
        )
        (self.root / SIDECARS / f"{_id(number)}.yaml").write_text(said)

    def _rows(self, connection: sqlite3.Connection, number: int) -> None:
        language, recording = LANGUAGES[number % len(LANGUAGES)], f"{number:016x}"
        length = self._segments * SECONDS_PER_SEGMENT
        _insert(connection, "testimonies", [{
            "id": _id(number), "title": f"Life story {number}", "access": "public"}])  # fmt: skip
        _insert(connection, "recordings", [{
            "id": recording, "testimony_id": _id(number), "part": 1, "path": f"{number}.wav",
            "sha256": f"{number:064x}", "bytes": 1, "mtime_ns": 1, "duration_s": length,
            "missing_s": 0.0, "codec": "pcm", "sample_rate_hz": 16000, "channels": 1,
            "has_video": 0}])  # fmt: skip
        _insert(connection, "runs", [{
            "id": number, "recording_id": recording, "engine": "made up", "model": "none",
            "languages": json.dumps({language: length}), "started_at": "2026-01-01T00:00:00Z",
            "finished_at": "2026-01-01T00:00:00Z", "state": "done"}])  # fmt: skip
        connection.execute(
            "UPDATE recordings SET current_run_id = ? WHERE id = ?", (number, recording)
        )
        texts = enumerate(self._texts(language), start=1)
        _insert(connection, "segments", [{
            "run_id": number, "recording_id": recording, "n": n,
            "start_s": (n - 1) * SECONDS_PER_SEGMENT, "end_s": n * SECONDS_PER_SEGMENT,
            "text": text, "language": language, "language_confidence": 0.9,
            "language_source": "audio", "text_language": language,
            "text_language_confidence": 0.99, "confidence": 0.8, "state": "ok",
            "reasons": "[]"} for n, text in texts])  # fmt: skip

    def _texts(self, language: str) -> Iterator[str]:
        lengths = self._random.integers(5, 20, self._segments)
        chosen = np.searchsorted(self._cumulated, self._random.random(int(lengths.sum())))
        words = self._words[language][np.minimum(chosen, WORDS - 1)]
        for part in np.split(words, np.cumsum(lengths)[:-1]):
            yield " ".join(part).capitalize() + "."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--testimonies", type=int, default=10_000)
    parser.add_argument("--segments", type=int, default=300, help="of each testimony")
    parser.add_argument("--folder", type=Path, help="where to make the archive")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        document = measure(Path(folder) / "archive", arguments.testimonies, arguments.segments)
    save("publishing", document)
    show(document)


def measure(root: Path, testimonies: int, segments: int) -> dict[str, Any]:
    """Seconds of each way of publishing an archive of this size, and its file's bytes."""
    made = Made(root, segments)
    settings = config.load(root)
    took_s: dict[str, list[float]] = {}

    def timed(what: str, archive: Archive, **options: bool) -> None:
        os.sync()  # what was made before is on the disk before the clock starts
        began = time.perf_counter()
        report = publish.publish(archive, settings, Silent(), **options)
        took_s.setdefault(what, []).append(round(time.perf_counter() - began, 3))
        if not report.ok:
            raise SystemExit("\n".join(report.problems))

    with Archive(root) as archive:
        made.add(archive, range(1, testimonies - REPEATED + 1))
        # Parsing the sidecars is done once and remembered: not what is compared here.
        archive.sidecars()
        timed("everything, for the first time", archive)
        for n in range(REPEATED):
            made.add(archive, [testimonies - n])
            timed("one testimony more", archive)
        timed("nothing changed", archive)
        for n in range(1, REPEATED + 1):
            made.change(n, "access: public", "access: public\nplace: Vilnius")
            timed("one testimony changed", archive)
        for n in range(1, REPEATED + 1):
            made.change(n, "access: public", "access: closed")
            timed("one testimony closed", archive)
        timed("everything anew", archive, anew=True)
    middle_s = {what: statistics.median(seconds) for what, seconds in took_s.items()}
    return {
        "machine": f"{platform.machine()}, {platform.processor() or platform.system()}",
        "testimonies": testimonies,
        "segments": testimonies * segments,
        "bytes": (root / FOLDER / DATABASE).stat().st_size,
        "took_s": took_s,
        "share_of_everything": {
            what: round(seconds / middle_s["everything anew"], 4)
            for what, seconds in middle_s.items()
        },
    }


def show(document: dict[str, Any]) -> None:
    console = Console(width=100)
    console.print(
        f"{document['testimonies']:,} testimonies, {document['segments']:,} segments,"
        f" {document['bytes'] / 1e6:,.0f} MB, {document['machine']}"
    )
    table = Table(box=None)
    for column in ("publishing", "seconds, each", "share"):
        table.add_column(column, justify="left" if column == "publishing" else "right")
    for what, seconds in document["took_s"].items():
        each = " ".join(f"{second:.2f}" for second in seconds)
        table.add_row(what, each, f"{document['share_of_everything'][what]:.2%}")
    console.print(table)


def _id(number: int) -> str:
    return f"made-{number:06}"


def _insert(connection: sqlite3.Connection, table: str, rows: Sequence[dict[str, Any]]) -> None:
    names = ", ".join(rows[0])
    marks = ", ".join("?" * len(rows[0]))
    connection.executemany(
        f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608
        [tuple(row.values()) for row in rows],
    )


if __name__ == "__main__":
    main()
