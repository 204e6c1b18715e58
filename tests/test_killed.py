"""`publish` and `withdraw` killed at random moments: a reader sees the old or the new, whole.

TESTIMONY_KILLS says how many times each is killed; the full count is 200:

    TESTIMONY_KILLS=200 pytest tests/test_killed.py
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.engines.fake import FakeEngine
from tests.conftest import Folder

KILLS = int(os.environ.get("TESTIMONY_KILLS", "4"))
Seen = frozenset[tuple[str, str | None, int]]


@pytest.fixture
def archive(folder: Folder) -> Folder:
    """Two testimonies, and one for each time that one is withdrawn."""
    for number, ident in enumerate(["a", "b", *(f"w{n}" for n in range(KILLS))]):
        folder.tone(f"{ident}.wav", seconds=0.5, pitch_hz=200 + 3 * number)
        folder.sidecar(ident, [f"{ident}.wav"], access="public", summary=f"zq{ident}qz")
    folder.run(FakeEngine(text=lambda clip: "One said. Two said. Three said."))
    return folder


def seen(folder: Folder) -> Seen:
    """What a reader who opens the file now finds: id, summary, and how many segments."""
    path = folder.root / "publication" / "public.db"
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return frozenset(connection.execute(
            "SELECT t.id, t.summary, count(s.id) FROM testimonies t"
            " LEFT JOIN segments s ON s.testimony_id = t.id GROUP BY t.id"))  # fmt: skip
    finally:
        connection.close()


@contextmanager
def reader(folder: Folder, allowed: set[Seen]) -> Iterator[None]:
    """Reads all the time, and fails the test for what is neither old nor new."""
    stop, wrong = threading.Event(), list[Seen]()

    def read() -> None:
        while not stop.is_set():
            found = seen(folder)
            if found not in allowed:
                wrong.append(found)
            time.sleep(0.005)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    assert wrong == []


def start(folder: Folder, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline", *words, "--archive", str(folder.root)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def takes(work: Callable[[], subprocess.Popen[bytes]]) -> float:
    began = time.monotonic()
    assert work().wait() == 0
    return time.monotonic() - began


def kill_at_some_moment(process: subprocess.Popen[bytes], longest_s: float) -> None:
    # Starting Python is most of the time, and of no interest.
    time.sleep(random.uniform(0.4, 1.1) * longest_s)
    process.send_signal(signal.SIGKILL)
    process.wait()


def drafts(folder: Folder) -> list[Path]:
    return [p for p in (folder.root / "publication").rglob(".*") if p.is_file()]


def test_publish_may_be_killed_at_any_moment(archive: Folder) -> None:
    archive.sidecar("a", ["a.wav"], access="public", summary="first")
    longest_s = takes(lambda: start(archive, "publish"))
    for number in range(KILLS):
        before = seen(archive)
        closed = number % 2 == 0
        archive.sidecar(
            "a", ["a.wav"], access="closed" if closed else "public", summary=f"v{number}"
        )
        after = frozenset(row for row in before if row[0] != "a")
        after |= frozenset() if closed else {("a", f"v{number}", 3)}
        with reader(archive, {before, after}):
            kill_at_some_moment(start(archive, "publish"), longest_s)
            assert start(archive, "publish").wait() == 0
        assert (seen(archive), drafts(archive)) == (after, [])


def test_withdraw_may_be_killed_at_any_moment(archive: Folder) -> None:
    longest_s = takes(lambda: start(archive, "publish", "--anew"))
    for number in range(KILLS):
        ident = f"w{number}"
        words = ("withdraw", ident, "--reason", "asked")
        before = seen(archive)
        after = frozenset(row for row in before if row[0] != ident)
        with reader(archive, {before, after}):
            kill_at_some_moment(start(archive, *words), longest_s)
            assert start(archive, *words).wait() == 0
            with reader(archive, {after}):
                assert start(archive, "publish").wait() == 0
        files = [p for p in (archive.root / "publication").rglob("*") if p.is_file()]
        assert not any(f"zq{ident}qz".encode() in p.read_bytes() for p in files)
        assert drafts(archive) == []
