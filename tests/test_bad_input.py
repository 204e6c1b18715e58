"""Rubbish in: a clear line and exit 1, everything else done, nothing lost.

Each test is one real `testimony` process, as its user runs it.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline import audio
from tests.conftest import Folder

GOOD = ("good.wav", "also good.wav")


@pytest.fixture
def mixed(folder: Folder) -> Folder:
    """An archive with two good recordings, to which a test adds its rubbish."""
    folder.tone(GOOD[0], pitch_hz=300)
    folder.tone(GOOD[1], pitch_hz=400)
    return folder


def registered(folder: Folder) -> set[str]:
    connection = sqlite3.connect(folder.root / "archive.db")
    try:
        return {row[0] for row in connection.execute("SELECT path FROM recordings")}
    finally:
        connection.close()


def expect_one_problem(folder: Folder, said: str, **options: object) -> str:
    """Ingests; the good ones must be in, and the one problem must be told in words."""
    result = folder.command("ingest", **options)  # type: ignore[arg-type]
    assert result.returncode == 1, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    lines = [line for line in result.stderr.splitlines() if "✗" in line]
    assert len(lines) == 1 and said in lines[0], result.stderr
    assert registered(folder) >= set(GOOD)
    return lines[0]


def convert(source: Path, target: Path, *options: str) -> Path:
    command = [audio.ffmpeg_path(), "-v", "error", "-i", str(source), *options, str(target)]
    subprocess.run(command, check=True)
    return target


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_an_empty_file(mixed: Folder) -> None:
    (mixed.root / "recordings" / "empty.mp3").touch()
    expect_one_problem(mixed, "empty.mp3: is empty (0 bytes).")


def test_text_named_mp3(mixed: Folder) -> None:
    (mixed.root / "recordings" / "notes.mp3").write_text("Dear archive,\n" * 500)
    expect_one_problem(mixed, "notes.mp3: is not a recording that can be opened")


def test_a_cut_off_mp3(mixed: Folder, tmp_path: Path) -> None:
    tone = shutil.move(mixed.tone("long.wav", seconds=20), tmp_path / "long.wav")
    cut(convert(Path(tone), mixed.root / "recordings" / "cut.mp3"))
    expect_one_problem(mixed, "cut.mp3: is cut off: it says 20.")


@pytest.mark.parametrize("faststart", [True, False])
def test_a_cut_off_m4a(mixed: Folder, tmp_path: Path, faststart: bool) -> None:
    tone = shutil.move(mixed.tone("long.wav", seconds=20), tmp_path / "long.wav")
    options = ["-movflags", "+faststart"] if faststart else []
    cut(convert(Path(tone), mixed.root / "recordings" / "cut.m4a", *options))
    said = "cut.m4a: is cut off" if faststart else "cut.m4a: is not a recording that can be opened"
    expect_one_problem(mixed, said)


def test_a_film_without_sound(mixed: Folder) -> None:
    convert(mixed.root / "recordings" / GOOD[0], mixed.root / "recordings" / "mute.mp4",
            "-f", "lavfi", "-i", "color=s=64x64:r=2:d=3", "-map", "1:v")  # fmt: skip
    expect_one_problem(mixed, "mute.mp4: is a video without sound.")


def without_root_powers() -> None:
    """Root may read everything; what runs after this may not (CAP_DAC_OVERRIDE, _READ_SEARCH)."""
    for capability in (1, 2):
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)


def test_a_file_without_read_permission(mixed: Folder) -> None:
    path = mixed.tone("locked.wav", pitch_hz=500)
    path.chmod(0)
    options = {"preexec_fn": without_root_powers} if os.geteuid() == 0 else {}
    expect_one_problem(mixed, "locked.wav: cannot be read (Permission denied).", **options)


def test_a_sidecar_that_names_a_missing_recording(mixed: Folder) -> None:
    mixed.sidecar("lost", ["lost.wav"])
    expect_one_problem(mixed, "lost.yaml:4: recordings.0: there is no recordings/lost.wav.")


def test_broken_yaml(mixed: Folder) -> None:
    path = mixed.root / "metadata" / "testimonies" / "broken.yaml"
    path.write_text('id: broken\ntitle: "never closed\n')
    expect_one_problem(mixed, "broken.yaml:3: is not valid YAML")


def test_an_unknown_key(mixed: Folder) -> None:
    mixed.sidecar("a", ["good.wav"])
    mixed.sidecar("odd", ["odd.wav"], acess="public")
    expect_one_problem(mixed, "odd.yaml:5: acess: unknown key")


def test_an_unknown_key_in_the_config_stops_before_anything(mixed: Folder) -> None:
    mixed.config(titel="x")
    result = mixed.command("ingest")
    assert (result.returncode, "config.yaml:1: titel: unknown key" in result.stderr) == (2, True)


def test_an_odd_name_is_only_a_name(mixed: Folder) -> None:
    name = "Ūkis 'a' \"б\" `c` $(d)\nПовістка; [bold]x%20&.wav"
    mixed.tone(name, pitch_hz=500)
    result = mixed.command("ingest")
    assert (result.returncode, result.stderr) == (0, "")
    assert name in registered(mixed)
    assert "\\nПовістка; [bold]x%20&.wav" in result.stdout
    again = mixed.command("ingest", "--json")
    assert json.loads(again.stdout)["stages"][0]["unchanged"] == 3


def test_a_name_that_is_no_text(mixed: Folder) -> None:
    shutil.copy(
        mixed.root / "recordings" / GOOD[0], os.fsencode(mixed.root) + b"/recordings/\xff.wav"
    )
    expect_one_problem(mixed, "has a name that is not UTF-8 text.")


def test_links_that_lead_nowhere_or_back(mixed: Folder) -> None:
    there = mixed.root / "recordings"
    (there / "loop").symlink_to("loop")
    expect_one_problem(mixed, "loop: is a link that leads back to itself.")
    (there / "loop").unlink()
    (there / "deep").mkdir()
    (there / "deep" / "up").symlink_to(there)
    expect_one_problem(mixed, "deep/up: is a link back to a folder it lies in.")


def test_no_archive_here(tmp_path: Path, folder: Folder) -> None:
    (folder.root / "config.yaml").unlink()
    result = folder.command("status")
    assert (result.returncode, "testimony init" in result.stderr) == (2, True)


def test_a_damaged_archive_db_is_kept_and_named(mixed: Folder) -> None:
    path = mixed.root / "archive.db"
    path.write_bytes(b"this is no database, but maybe somebody's only copy of something\n" * 100)
    before = path.read_bytes()
    result = mixed.command("ingest")
    assert result.returncode == 1
    assert "is damaged" in result.stderr and "Traceback" not in result.stderr
    assert path.read_bytes() == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Makes a real file system of a few kilobytes; needs the right to mount one."""
    mounted: list[Path] = []

    def make(kilobytes: int) -> Path:
        place = tmp_path / f"disk{len(mounted)}"
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(place)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            if os.environ.get("CI") and os.geteuid() == 0:
                pytest.fail(f"CI could not mount a small disk: {done.stderr}")
            pytest.skip(f"may not mount a small disk: {done.stderr.strip()}")
        mounted.append(place)
        return place

    yield make
    for place in mounted:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_while_registering(small_disk: Callable[[int], Path]) -> None:
    # An empty archive.db needs half of it while it is being made.
    folder = Folder(small_disk(1500) / "archive")
    for number in range(6):
        folder.tone(f"{number}.wav", seconds=0.5, pitch_hz=300 + number)
    fill(folder.root, leave_kilobytes=150)
    result = folder.command("ingest")
    assert result.returncode == 1, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    assert "disk is full" in result.stderr or "No space left" in result.stderr
    (folder.root / "filler").unlink()
    shutil.rmtree(folder.root.parent / "none", ignore_errors=True)
    free = folder.command("ingest")
    assert free.returncode == 0, free.stderr
    assert len(registered(folder)) == 6


def test_a_full_disk_while_publishing(small_disk: Callable[[int], Path]) -> None:
    folder = Folder(small_disk(4000) / "archive")
    folder.tone("a.wav", seconds=3)
    folder.sidecar("a", ["a.wav"], access="public")
    folder.run()
    before = (folder.root / "publication" / "public.db").read_bytes()
    folder.sidecar("a", ["a.wav"], access="public", summary="changed")
    fill(folder.root, leave_kilobytes=40)
    result = folder.command("publish")
    assert result.returncode == 1, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    assert "What was published before is still there." in result.stderr or "full" in result.stderr
    assert (folder.root / "publication" / "public.db").read_bytes() == before
    (folder.root / "filler").unlink()
    assert folder.command("publish").returncode == 0


def fill(root: Path, leave_kilobytes: int) -> None:
    free = shutil.disk_usage(root).free
    (root / "filler").write_bytes(b"x" * max(0, free - leave_kilobytes * 1024))
