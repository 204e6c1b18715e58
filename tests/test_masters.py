"""Masters at an address: copied for the moment, and nothing of them is left."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import audio, masters
from pipeline.errors import AudioError
from tests.conftest import REPOSITORY, Folder

KILLED = """
import sys, time
from pipeline import masters
with masters.local(sys.argv[1], shown="a.wav") as path:
    print(path, path.stat().st_size, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def lasting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go."""
    place = tmp_path / "lasting"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr("tempfile.tempdir", None)
    return place


def test_a_copied_master_is_decoded_like_one_that_is_here(folder: Folder, lasting: Path) -> None:
    here = folder.tone("a.wav", seconds=3)
    with masters.local(here.as_uri(), shown="a.wav") as path:
        assert path.read_bytes() == here.read_bytes()
        assert audio.decode(path, shown="a.wav").duration_s == pytest.approx(3.0, abs=0.1)
    assert list(lasting.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a copy has a name")
def test_a_worker_that_is_killed_leaves_nothing_of_a_master(folder: Folder, lasting: Path) -> None:
    here = folder.tone("a.wav", seconds=3)
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, here.as_uri()],
        stdout=subprocess.PIPE, text=True, cwd=REPOSITORY, env={**os.environ, "TMPDIR": str(lasting)},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline().split()[1] == str(here.stat().st_size)
    process.kill()
    process.wait()
    assert list(lasting.iterdir()) == []


def test_an_address_that_cannot_be_read_is_said(folder: Folder, lasting: Path) -> None:
    with (
        pytest.raises(AudioError, match=r"a\.wav.*could not be read"),
        masters.local((folder.root / "none.wav").as_uri(), shown="a.wav"),
    ):
        pass
    assert list(lasting.iterdir()) == []
