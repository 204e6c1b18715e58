"""Masters are registered by what their bytes are, and never changed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from pipeline import audio
from pipeline import recording as rec
from pipeline.errors import MediaError
from pipeline.ingest import ingest
from pipeline.report import Report
from tests.conftest import Folder


def register(folder: Folder, *paths: Path) -> Report:
    with folder.open() as archive:
        return ingest(archive, folder.settings(), paths)


def rows(folder: Folder) -> list[tuple[str, str, int]]:
    with folder.open() as archive:
        return [(r.path, r.testimony_id, r.part) for r in archive.recordings()]


def test_parts_of_a_testimony_are_registered_in_the_sidecars_order(folder: Folder) -> None:
    folder.tone("b/one.wav", pitch_hz=300)
    folder.tone("a.wav", pitch_hz=400)
    folder.sidecar("kaunas", ["b/one.wav", "a.wav"])
    assert register(folder).ok
    assert rows(folder) == [("b/one.wav", "kaunas", 1), ("a.wav", "kaunas", 2)]


def test_a_second_ingest_changes_nothing(folder: Folder) -> None:
    folder.tone("a.wav")
    folder.sidecar("a", ["a.wav"])
    register(folder)
    report = register(folder)
    assert (report.ok, report.done, report.unchanged) == (True, [], ["a.wav"])


def test_a_recording_without_a_sidecar_gets_a_closed_one(folder: Folder) -> None:
    folder.tone("Ūkininkas 1998 (Kaunas).wav")
    report = register(folder)
    assert report.ok
    stub = folder.root / "metadata" / "testimonies" / "ukininkas-1998-kaunas.yaml"
    said = yaml.safe_load(stub.read_text(encoding="utf-8"))
    assert (said["access"], said["recordings"]) == ("closed", ["Ūkininkas 1998 (Kaunas).wav"])
    assert rows(folder) == [("Ūkininkas 1998 (Kaunas).wav", "ukininkas-1998-kaunas", 1)]


def test_the_same_bytes_under_another_name_are_reported_and_not_registered(folder: Folder) -> None:
    first = folder.tone("a.wav")
    shutil.copy(first, folder.root / "recordings" / "copy of a.wav")
    report = register(folder)
    assert report.ok
    assert "copy of a.wav: the same bytes as a.wav; not registered twice." in report.notes
    assert rows(folder) == [("a.wav", "a", 1)]


def test_a_renamed_master_keeps_its_identity(folder: Folder) -> None:
    path = folder.tone("a.wav")
    folder.sidecar("a", ["a.wav"])
    register(folder)
    path.rename(path.with_name("b.wav"))
    folder.sidecar("a", ["b.wav"])
    report = register(folder)
    assert report.done == ["b.wav: moved here from a.wav"]
    assert rows(folder) == [("b.wav", "a", 1)]


def test_a_changed_master_is_reported_with_both_hashes(folder: Folder) -> None:
    path = folder.tone("a.wav")
    folder.sidecar("a", ["a.wav"])
    register(folder)
    before = rec.sha256(path)
    folder.tone("a.wav", pitch_hz=500)
    report = register(folder)
    assert len(report.problems) == 1
    assert before in report.problems[0] and rec.sha256(path) in report.problems[0]


def test_a_broken_sidecar_keeps_its_recordings_from_getting_a_stub(folder: Folder) -> None:
    folder.tone("a.wav")
    (folder.root / "metadata" / "testimonies" / "x.yaml").write_text("recordings: [a.wav\n")
    report = register(folder)
    assert [problem.split(": ")[0] for problem in report.problems] == [
        "metadata/testimonies/x.yaml:2",
        "a.wav",
    ]
    assert rows(folder) == []


def test_a_missing_recording_is_named_with_its_line(folder: Folder) -> None:
    folder.sidecar("a", ["a.wav"])
    assert register(folder).problems == [
        "metadata/testimonies/a.yaml:4: recordings.0: there is no recordings/a.wav."
        " Bring the file or correct the name."
    ]


def test_only_what_is_below_recordings_can_be_ingested(folder: Folder, tmp_path: Path) -> None:
    folder.tone("1998/a.wav")
    folder.tone("1999/b.wav", pitch_hz=500)
    report = register(folder, folder.root / "recordings" / "1999", tmp_path)
    assert rows(folder) == [("1999/b.wav", "b", 1)]
    assert "is not below recordings/" in report.problems[0]


def test_masters_are_not_touched(folder: Folder) -> None:
    path = folder.tone("a.wav")
    path.chmod(0o444)
    os.utime(path, ns=(1_000, 2_000))
    before = (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode)
    folder.run()
    assert (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode) == before


def convert(source: Path, target: Path, *options: str) -> Path:
    command = [audio.ffmpeg_path(), "-v", "error", "-i", str(source), *options, str(target)]
    subprocess.run(command, check=True)
    return target


@pytest.mark.parametrize("name", ["a.mp3", "a.m4a", "a.flac", "a.ogg", "a.opus", "a.mka", "a.aiff"])
def test_every_usual_container_is_probed(folder: Folder, name: str) -> None:
    path = convert(folder.tone("a.wav", seconds=3), folder.root / "recordings" / name)
    found = rec.probe(path)
    assert found.duration_s == pytest.approx(3.0, abs=0.15)
    assert (found.channels, found.has_video, found.missing_s) == (1, False, 0.0)


def test_film_counts_as_film_and_a_cover_picture_does_not(folder: Folder) -> None:
    tone = folder.tone("a.wav", seconds=3)
    there = folder.root / "recordings"
    picture = ["-f", "lavfi", "-i", "color=c=gray:s=64x64:r=2:d=3"]
    film = convert(tone, there / "a.mp4", *picture, "-shortest")
    still = convert(tone, there / "c.png", "-f", "lavfi", "-i", "color=s=64x64", "-map", "1:v",
                    "-frames:v", "1")  # fmt: skip
    covered = convert(tone, there / "a.m4a", "-i", str(still), "-map", "0:a", "-map", "1:v", "-c:v", "copy",
                      "-disposition:v:0", "attached_pic")  # fmt: skip
    assert rec.probe(film).has_video
    assert not rec.probe(covered).has_video


@pytest.mark.parametrize("name", ["a.mp3", "a.wav", "a.flac"])
def test_a_cut_off_file_is_known_by_what_it_promises(folder: Folder, name: str) -> None:
    whole = folder.tone("a.wav", seconds=20)
    if name != "a.wav":
        whole = convert(whole, folder.root / "recordings" / name)
    cut = folder.root / "recordings" / f"cut-{name}"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert rec.probe(cut).missing_s == pytest.approx(10, abs=1.5)


def test_a_cut_off_recording_is_taken_when_a_person_says_that_is_all_there_is(
    folder: Folder,
) -> None:
    whole = folder.tone("a.wav", seconds=20)
    whole.write_bytes(whole.read_bytes()[:300_000])
    folder.sidecar("a", ["a.wav"])
    assert "is cut off: it says 20.0 s and holds 9.4 s" in register(folder).problems[0]
    folder.sidecar("a", ["a.wav"], incomplete=["a.wav"])
    assert register(folder).ok
    assert rows(folder) == [("a.wav", "a", 1)]


def test_a_film_without_sound_is_refused(folder: Folder) -> None:
    tone = folder.tone("a.wav")
    film = convert(tone, folder.root / "recordings" / "mute.mp4", "-f", "lavfi", "-i",
                   "color=s=64x64:r=2:d=3", "-map", "1:v")  # fmt: skip
    with pytest.raises(MediaError, match="is a video without sound"):
        rec.probe(film)
