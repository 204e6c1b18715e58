"""A run that was killed goes on where it was, and its end is that of one nobody disturbed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pipeline import lock
from pipeline.engines import Lanes
from pipeline.errors import ArchiveError
from pipeline.report import Silent
from pipeline.run import transcribe
from pipeline.workers import Crew
from tests.conftest import REPOSITORY, Folder
from tests.hearing import MakeSlow

# Pieces of 5 s, each its own step.
SMALL = {"window_s": 5, "batch_size": 1}
SEGMENTS = (
    "SELECT path, s.n, s.start_s, s.end_s, s.text, s.language, s.confidence, s.state, s.reasons,"
    " count(w.n), sum(w.start_s) FROM recordings r JOIN segments s ON s.run_id = current_run_id"
    " JOIN words w ON w.segment_id = s.id GROUP BY s.id ORDER BY path, s.n"
)


def several(folder: Folder, seconds: list[float]) -> Folder:
    folder.config(languages=["pl", "ru"], transcription=SMALL)
    for number, length_s in enumerate(seconds):
        folder.tone(f"r{number}.wav", seconds=length_s, pitch_hz=300 + number)
        folder.sidecar(f"r{number}", [f"r{number}.wav"])
    return folder


def rows(folder: Folder, sql: str) -> list[tuple[Any, ...]]:
    with folder.open() as archive:
        return list(archive.db.execute(sql))


def ingest(folder: Folder) -> None:
    from pipeline.ingest import ingest as register

    with folder.open() as archive:
        register(archive, folder.settings())


def slowly(folder: Folder, delay_s: float) -> None:
    crew = Crew.here(MakeSlow(delay_s), Lanes(2, 1))
    with lock.held(folder.root, "transcribe"), folder.open() as archive:
        report = transcribe(archive, folder.settings(), crew, Silent())
    assert report.ok


def in_a_child(folder: Folder, delay_s: float) -> int:
    child = os.fork()
    if not child:
        try:
            slowly(folder, delay_s)
            os._exit(0)
        finally:
            os._exit(1)
    return child


def test_killed_at_fifty_random_moments_it_ends_as_if_nobody_had(tmp_path: Path) -> None:
    lengths = [100.0, 61.0, 5.0, 83.0]
    undisturbed = several(Folder(tmp_path / "calm"), lengths)
    ingest(undisturbed)
    slowly(undisturbed, 0.0)
    killed = several(Folder(tmp_path / "killed"), lengths)
    ingest(killed)
    chance = random.Random(4)
    ended_early = 0
    for _ in range(50):
        child = in_a_child(killed, 0.15)
        time.sleep(chance.uniform(0.01, 0.25))
        os.kill(child, signal.SIGKILL)
        ended_early += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert ended_early < 25  # else the kills prove nothing
    child = in_a_child(killed, 0.0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert rows(killed, SEGMENTS) == rows(undisturbed, SEGMENTS)
    assert rows(killed, "SELECT count(*) FROM steps") == [(0,)]
    assert rows(killed, "SELECT state, count(*) FROM runs GROUP BY state") == [("done", 4)]


def test_what_was_kept_is_not_heard_again(folder: Folder) -> None:
    several(folder, [30.0])
    ingest(folder)
    engines = MakeSlow(0.0)(Lanes())
    heard = 0

    def stop_after_three(clip: object) -> str:
        nonlocal heard
        heard += 1
        if heard == 4:
            raise KeyboardInterrupt
        return "Words."

    engines.fake._text = stop_after_three
    crew = Crew.here(lambda lanes: engines, Lanes(1, 1))
    with folder.open() as archive, pytest.raises(KeyboardInterrupt):
        transcribe(archive, folder.settings(), crew, Silent())
    assert rows(folder, "SELECT state FROM runs") == [("partial",)]
    assert rows(folder, "SELECT count(*) FROM steps WHERE stage = 'decoding'") == [(3,)]
    with folder.open() as archive:
        assert transcribe(archive, folder.settings(), crew, Silent()).ok
    assert heard == 7  # six windows, and the one that was interrupted again
    stages = rows(folder, "SELECT json_extract(took_s, '$.voice') IS NOT NULL, state FROM runs")
    assert stages == [(1, "done")]


def test_the_second_pipeline_is_told_who_is_at_work(folder: Folder) -> None:
    with (
        lock.held(folder.root, "run"),
        pytest.raises(ArchiveError, match=rf"testimony run, process {os.getpid()} on"),
        lock.held(folder.root, "publish"),
    ):
        pass
    with lock.held(folder.root, "publish"):
        result = folder.command("ingest")
    assert result.returncode == 1
    assert f"testimony publish, process {os.getpid()}" in result.stderr
    assert folder.command("ingest").returncode == 0


@pytest.mark.real
def test_ctrl_c_ends_it_and_says_what_is_kept(folder: Folder) -> None:
    folder.config(models={"default": "base"}, languages=["pl"], transcription=SMALL)
    name = "sample-pl-a.mp3"
    (folder.root / "recordings" / name).symlink_to(REPOSITORY / "recordings" / name)
    folder.sidecar("a", [name])
    assert folder.command("ingest").returncode == 0
    command = [sys.executable, "-m", "pipeline", "transcribe", "--archive", str(folder.root)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not rows(folder, "SELECT 1 FROM steps WHERE stage = 'decoding'"):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "0 recordings are finished, and of 1 other" in said and "Traceback" not in said
    assert folder.command("transcribe").returncode == 0
