"""Steps on a real Dask cluster: workers die, and every segment is there once."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.cluster import Cluster
from pipeline.engines import Lanes
from pipeline.errors import EngineError
from pipeline.report import Silent
from pipeline.run import transcribe
from pipeline.workers import Crew
from tests.conftest import Folder
from tests.hearing import MakeSlow
from tests.test_restart import SEGMENTS, ingest, rows, several, slowly

LENGTHS = [100.0, 61.0, 83.0]


def calm(tmp_path: Path, lengths: list[float]) -> Folder:
    folder = several(Folder(tmp_path / "calm"), lengths)
    ingest(folder)
    slowly(folder, 0.0)
    return folder


def hear_on(cluster: Cluster, folder: Folder, make: MakeSlow) -> list[str]:
    with folder.open() as archive:
        crew = Crew(make, lambda: cluster, f"file://{folder.root}/recordings")
        return transcribe(archive, folder.settings(), crew, Silent()).problems


class Killer(threading.Thread):
    """Kills the workers of a cluster, one after another."""

    def __init__(self, cluster: Cluster, times: int) -> None:
        super().__init__()
        self._cluster = cluster
        self._times = times
        self.killed: list[int] = []

    def run(self) -> None:
        client = self._cluster._client
        while len(self.killed) < self._times:
            time.sleep(0.7)
            pids = client.run(os.getpid)
            fresh = [pid for pid in pids.values() if pid not in self.killed]
            if fresh:
                os.kill(fresh[0], signal.SIGKILL)
                self.killed.append(fresh[0])


@pytest.fixture
def killed(tmp_path: Path) -> Iterator[Folder]:
    folder = Folder(tmp_path / "killed")
    yield folder


def test_workers_die_one_after_another_and_every_segment_is_there_once(
    tmp_path: Path, killed: Folder
) -> None:
    expected = rows(calm(tmp_path, LENGTHS), SEGMENTS)
    ingest(several(killed, LENGTHS))
    make = MakeSlow(0.25)
    cluster = Cluster.of(2, make)
    killer = Killer(cluster, 4)
    killer.start()
    problems = hear_on(cluster, killed, make)
    killer.join(timeout=30)
    assert len(killer.killed) >= 3
    assert problems == []
    assert rows(killed, SEGMENTS) == expected


def test_a_recording_that_kills_its_workers_does_not_stop_the_others(
    tmp_path: Path, killed: Folder
) -> None:
    expected = rows(calm(tmp_path, [20.0, 31.0]), SEGMENTS)
    ingest(several(killed, [20.0, 31.0, 7.0]))
    make = MakeSlow(0.01, deadly_s=7.0)
    problems = hear_on(Cluster.of(2, make), killed, make)
    assert len(problems) == 1
    assert problems[0].startswith("r2.wav: 3 workers died on the same piece of it.")
    assert rows(killed, SEGMENTS) == expected
    sql = "SELECT path, state FROM runs JOIN recordings r ON r.id = recording_id ORDER BY path"
    assert rows(killed, sql) == [("r0.wav", "done"), ("r1.wav", "done"), ("r2.wav", "failed")]


def test_no_scheduler_is_a_sentence() -> None:
    with pytest.raises(EngineError, match="no Dask scheduler answers there"):
        Cluster.at("tcp://127.0.0.1:9", MakeSlow(0.0), connect_s=1)


def test_an_address_that_cannot_be_read_is_named(folder: Folder) -> None:
    ingest(several(folder, [3.0]))
    crew = Crew.here(MakeSlow(0.0), Lanes(1, 1), f"file://{folder.root}/nowhere")
    with folder.open() as archive:
        (problem,) = transcribe(archive, folder.settings(), crew, Silent()).problems
    assert "r0.wav: could not be read from file://" in problem
