"""The real thing: real recordings, real weights, the command as its user runs it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY, Folder

pytestmark = pytest.mark.real

# A word of each language that `base` hears in its sample.
WORDS = {
    "lt": "drabuži*",
    "lv": "strādājām",
    "et": "aasta",
    "pl": "chleb",
    "uk": "хліб",
    "ro": "trei",
}


def command(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline", *words, "--archive", str(root)],
        capture_output=True,
        text=True,
        timeout=900,
    )


def rows(root: Path, sql: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(root / "archive.db")
    try:
        return list(connection.execute(sql))
    finally:
        connection.close()


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository's own archive, built from nothing in another folder."""
    root = tmp_path_factory.mktemp("sample") / "archive"
    root.mkdir()
    for name in ("recordings", "metadata"):
        shutil.copytree(REPOSITORY / name, root / name)
    shutil.copy(REPOSITORY / "config.yaml", root)
    result = command(root, "run")
    assert result.returncode == 0, result.stdout + result.stderr
    return root


@pytest.mark.parametrize("language", WORDS)
def test_a_word_of_each_language_finds_its_testimony(sample: Path, language: str) -> None:
    result = command(sample, "search", WORDS[language], "--language", language, "--json")
    hits = json.loads(result.stdout)["hits"]
    assert {hit["testimony_id"] for hit in hits} == {f"sample-{language}"}
    assert all("no one's testimony" in hit["notice"] for hit in hits)


def test_the_russian_passage_in_latvian_is_heard_as_russian(sample: Path) -> None:
    spoken = rows(
        sample,
        "SELECT s.start_s, s.end_s FROM segments s JOIN recordings r ON r.id = s.recording_id"
        " WHERE r.testimony_id = 'sample-lv' AND s.language = 'ru'",
    )
    assert spoken
    # It is spoken from 38.0 to 50.5 s; base may miss a piece of it but must not spread it.
    assert all(start_s >= 36 and end_s <= 53 for start_s, end_s in spoken)
    assert sum(end_s - start_s for start_s, end_s in spoken) > 6


def test_a_second_run_of_the_sample_does_nothing_and_says_so(sample: Path) -> None:
    result = command(sample, "run")
    assert result.returncode == 0
    assert "Nothing to do: everything is up to date." in result.stdout


def test_the_sample_is_published_whole_and_verified(sample: Path) -> None:
    document = json.loads(command(sample, "status", "--json").stdout)
    assert {(one["id"], one["stage"]) for one in document["testimonies"]} == {
        (f"sample-{language}", "published") for language in WORDS
    }
    assert command(sample, "verify").returncode == 0


@pytest.fixture
def served(sample: Path) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "serve", "--port", "8731", "--archive", str(sample)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = "http://127.0.0.1:8731"
    for _ in range(200):
        try:
            urllib.request.urlopen(address, timeout=5).close()
            break
        except OSError:
            time.sleep(0.1)
    yield address
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 0


def test_the_served_site_finds_a_word_and_sends_its_sound_in_parts(served: str) -> None:
    page = urllib.request.urlopen(f"{served}/search?q=chleb", timeout=10).read().decode()
    assert "<mark>chleb</mark>" in page and "no one&#39;s testimony" in page
    source = page.split('src="', 1)[1].split("#", 1)[0]
    request = urllib.request.Request(served + source, headers={"Range": "bytes=0-99"})
    with urllib.request.urlopen(request, timeout=10) as part:
        assert (part.status, len(part.read())) == (206, 100)


def test_two_sites_cannot_have_one_port(served: str, sample: Path) -> None:
    result = command(sample, "serve", "--port", "8731")
    assert (result.returncode, "cannot be used" in result.stderr) == (2, True)


def test_real_speech_fills_segments_for_every_file(speech_dev: Path, tmp_path: Path) -> None:
    folder = Folder(tmp_path / "archive")
    folder.config(title="Development speech", models={"default": "base"})
    names = []
    for source in sorted([*(speech_dev / "long").iterdir(), *(speech_dev / "natural").iterdir()]):
        shutil.copy(source, folder.root / "recordings")
        names.append(source.name)
        ident = f"{source.parent.name}-{source.stem}".lower().replace("_", "-")
        folder.sidecar(ident, [source.name], access="public")
    first = folder.command("run")
    assert first.returncode == 0, first.stdout + first.stderr
    filled = rows(
        folder.root,
        "SELECT path, count(s.id) FROM recordings r JOIN segments s ON s.run_id = current_run_id"
        " GROUP BY r.id HAVING sum(length(s.text)) > 10",
    )
    assert {path for path, _ in filled} == set(names)
    second = folder.command("run", "--json")
    stages = json.loads(second.stdout)["stages"]
    assert [stage["done"] for stage in stages] == [[], [], []]


def test_a_stopped_run_keeps_what_was_finished(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "archive")
    folder.config(title="x", models={"default": "base"}, languages=["pl", "et"])
    for name in ("sample-et.m4a", "sample-pl-a.mp3", "sample-uk.ogg"):
        shutil.copy(REPOSITORY / "recordings" / name, folder.root / "recordings")
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "run", "--archive", str(folder.root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout
    for line in process.stdout:
        if "sample-et" in line:
            process.send_signal(signal.SIGINT)
            break
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "What was finished is kept" in said and "Traceback" not in said
    assert rows(folder.root, "SELECT count(*) FROM runs WHERE state = 'done'") == [(1,)]
    result = folder.command("run", "--json")
    assert len(json.loads(result.stdout)["stages"][1]["done"]) == 2
