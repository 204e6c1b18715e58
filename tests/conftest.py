"""What tests share: small real archives, real tones, the fake engine, and the real one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import wave
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from pipeline.accept import accept
from pipeline.archive import Archive
from pipeline.config import Config
from pipeline.engines import Lanes
from pipeline.engines.fake import FakeEngine, FakeEngines
from pipeline.report import Report, Silent
from pipeline.run import everything, transcribe
from pipeline.sound import RATE_HZ, Samples
from pipeline.workers import Crew

pytest_plugins = ["tests.browsing"]


def examples(count: int) -> int:
    """How many examples a property is tried with; TESTIMONY_EXAMPLES=20 makes it 20 times as many.

    A profile of hypothesis would not: what a test says of itself goes before it.
    """
    return count * int(os.environ.get("TESTIMONY_EXAMPLES", "1"))


REPOSITORY = Path(__file__).parent.parent
SHARED = Path(os.environ.get("SHARED", REPOSITORY.parent / "shared"))


@pytest.fixture(scope="session")
def speech_dev() -> Path:
    """The development speech beside the repository; CI must have it."""
    folder = SHARED / "speech" / "dev"
    if not folder.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"CI needs the development speech at {folder}")
        pytest.skip(f"no development speech at {folder}")
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says loudly what was not tested, and why: one letter among a thousand dots is overlooked."""
    skipped = terminalreporter.stats.get("skipped", [])
    if not skipped:
        return
    terminalreporter.section("NOT TESTED", red=True, bold=True)
    for why, count in Counter(str(report.longrepr[2]) for report in skipped).most_common():
        terminalreporter.line(f"{count} × {why}", red=True)


def fake_crew(engines: FakeEngines, lanes: int = 1) -> Crew:
    return Crew.here(lambda lanes: engines, Lanes(lanes, 1))


class Loaded:
    """Sound that a test made, as the pipeline takes it."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        self.duration_s = len(samples) / RATE_HZ

    def cut(self, start_s: float, end_s: float) -> Samples:
        return self._samples[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)]


class Folder:
    """An archive in the making, with the few moves that tests need."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "recordings").mkdir(parents=True)
        (root / "metadata" / "testimonies").mkdir(parents=True)
        self.config(title="Test archive", languages=["pl", "en", "ru"])

    def copy(self, root: Path) -> Folder:
        """The same archive elsewhere: made once for many tests, each of which changes its own."""
        shutil.copytree(self.root, root)
        copied = Folder.__new__(Folder)
        copied.root = root
        return copied

    def config(self, **settings: Any) -> None:
        (self.root / "config.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")

    def tone(self, name: str, seconds: float = 2.0, pitch_hz: float = 440.0) -> Path:
        """A real WAV file below recordings/; another pitch makes other bytes."""
        path = self.root / "recordings" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        times = np.arange(int(seconds * 16_000)) / 16_000
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, 16_000, 0, "NONE", ""))
            file.writeframes((np.sin(times * pitch_hz * 2 * np.pi) * 8000).astype("<i2").tobytes())
        return path

    def sidecar(self, ident: str, recordings: list[str], **fields: Any) -> Path:
        path = self.root / "metadata" / "testimonies" / f"{ident}.yaml"
        said = {"id": ident, "title": f"Testimony {ident}", "recordings": recordings, **fields}
        path.write_text(yaml.safe_dump(said, allow_unicode=True, sort_keys=False), "utf-8")
        return path

    def open(self) -> Archive:
        return Archive(self.root)

    def settings(self) -> Config:
        from pipeline import config

        return config.load(self.root)

    def run(self, engine: FakeEngine | None = None) -> list[Report]:
        """The whole journey with the fake engine."""
        with self.open() as archive:
            return everything(archive, self.settings(), fake_crew(FakeEngines(engine)), Silent())

    def transcribe(self, engine: FakeEngine | None = None, **choice: Any) -> Report:
        with self.open() as archive:
            crew = fake_crew(FakeEngines(engine))
            return transcribe(archive, self.settings(), crew, Silent(), **choice)

    def accept(self) -> None:
        """From now on the new transcripts that wait count."""
        with self.open() as archive:
            accept(archive, ())

    def command(self, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """`testimony …` as its user runs it: a process of its own."""
        return subprocess.run(
            [sys.executable, "-m", "pipeline", *words, "--archive", str(self.root)],
            capture_output=True,
            text=True,
            timeout=300,
            **options,
        )


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "archive")
