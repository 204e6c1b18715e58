"""What happened is recorded, damage is found, and a copy brings everything back."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from pathlib import Path

import pytest

from pipeline import lock, withdrawn
from pipeline.archive import Archive
from pipeline.backup import backup, restore
from pipeline.errors import ArchiveError, ConfigError, UsageError
from pipeline.recording import sha256
from pipeline.report import Silent
from pipeline.verify import verify
from pipeline.withdraw import withdraw
from tests.conftest import Folder


@pytest.fixture
def archive(folder: Folder) -> Folder:
    for number, ident in enumerate("abcd"):
        folder.tone(f"{ident}.wav", seconds=1, pitch_hz=300 + 50 * number)
        folder.sidecar(ident, [f"{ident}.wav"], access="public")
    folder.run()
    return folder


def hashes(folder: Folder) -> dict[str, str]:
    return {path.stem: sha256(path) for path in (folder.root / "recordings").iterdir()}


def events(folder: Folder, ident: str) -> list[tuple[str, str]]:
    with folder.open() as open_archive:
        (recording,) = [r for r in open_archive.recordings() if r.testimony_id == ident]
        found = [*open_archive.events(ident), *open_archive.events(recording.id)]
    return [(event["type"], event["outcome"]) for event in sorted(found, key=lambda e: e["id"])]


def withdrawn_now(folder: Folder, ident: str) -> None:
    with folder.open() as open_archive:
        report = withdraw(open_archive, folder.settings(), ident, "asked", Silent())
    assert (report.ok, report.done) == (True, [ident])


def public_ids(folder: Folder) -> list[str]:
    connection = sqlite3.connect(folder.root / "publication" / "public.db")
    try:
        return [row[0] for row in connection.execute("SELECT id FROM testimonies ORDER BY id")]
    finally:
        connection.close()


def test_verify_reports_every_kind_of_damage_with_path_and_both_hashes(archive: Folder) -> None:
    was = hashes(archive)
    recordings = archive.root / "recordings"
    flipped = bytearray((recordings / "a.wav").read_bytes())
    flipped[1000] ^= 1
    (recordings / "a.wav").write_bytes(flipped)
    (recordings / "b.wav").unlink()
    (recordings / "c.wav").rename(recordings / "moved.wav")
    archive.tone("extra.wav", pitch_hz=700)
    now = hashes(archive)
    result = archive.command("verify", "--json")
    assert result.returncode == 1
    assert json.loads(result.stdout)["stages"][0]["problems"] == [
        f"a.wav: is damaged or was changed: expected sha256 {was['a']}, found {now['a']}."
        " Bring back the original from a copy.",
        f"b.wav: is missing: expected sha256 {was['b']}, found no file. Bring it back from a copy.",
        f"c.wav: was renamed to moved.wav: expected sha256 {was['c']}, found {was['c']} there."
        " Give it back its name, or run: testimony ingest",
        f"extra.wav: is unknown: expected no such file, found sha256 {now['extra']}."
        " Run: testimony ingest",
    ]
    outcomes = {ident: events(archive, ident)[-1] for ident in "abcd"}
    fail, success = ("fixity check", "fail"), ("fixity check", "success")
    assert outcomes == {"a": fail, "b": fail, "c": fail, "d": success}


def test_what_happens_is_recorded_and_stays(archive: Folder) -> None:
    withdrawn_now(archive, "a")
    withdrawn_now(archive, "a")
    assert events(archive, "a") == [
        ("ingestion", "success"),
        ("transcription", "success"),
        ("publication", "success"),
        ("withdrawal", "success"),
        ("publication", "success"),
    ]
    with archive.open() as open_archive:
        for change in ("UPDATE events SET type = 'ingestion'", "DELETE FROM events"):
            with pytest.raises(sqlite3.IntegrityError, match="only ever added"):
                open_archive.db.execute(change)


@pytest.mark.parametrize("lost", ["sidecar put back", "archive.db", "the note", "an older backup"])
def test_what_was_withdrawn_stays_away_whatever_is_lost(
    archive: Folder, tmp_path: Path, lost: str
) -> None:
    with archive.open() as open_archive:
        backup(open_archive, tmp_path / "before.db")
    withdrawn_now(archive, "a")
    archive.sidecar("a", ["a.wav"], access="public", title="Put back")
    if lost == "archive.db":
        for path in archive.root.glob("archive.db*"):
            path.unlink()
    elif lost == "the note":
        (archive.root / withdrawn.FILE).unlink()
    elif lost == "an older backup":
        restore(archive.root, tmp_path / "before.db")
    *_, published = archive.run()
    assert public_ids(archive) == ["b", "c", "d"]
    assert "a: not published, it was withdrawn." in published.notes


def test_a_note_of_withdrawals_that_cannot_be_read_stops_publishing(archive: Folder) -> None:
    withdrawn_now(archive, "a")
    path = archive.root / withdrawn.FILE
    for broken in ("- {id: a", "- a", "id: a", "\x00"):
        path.write_text(broken)
        with pytest.raises(ConfigError):
            withdrawn.read(archive.root)
        result = archive.command("publish")
        assert (result.returncode, "Traceback" in result.stderr) == (2, False)
    assert public_ids(archive) == ["b", "c", "d"]


def test_withdrawing_what_is_not_there_is_refused(archive: Folder) -> None:
    result = archive.command("withdraw", "nobody", "--reason", "asked")
    assert (result.returncode, "is no testimony of this archive" in result.stderr) == (2, True)
    assert not (archive.root / withdrawn.FILE).exists()


@pytest.mark.parametrize(
    ("typed", "left"), [("y\na\n", False), ("n\n", True), ("y\nb\n", True), ("", True)]
)
def test_masters_are_deleted_only_after_two_answers(
    archive: Folder, typed: str, left: bool
) -> None:
    was = hashes(archive)
    words = ("withdraw", "a", "--reason", "asked", "--delete-masters")
    result = archive.command(*words, input=typed)
    assert "Traceback" not in result.stderr
    assert (archive.root / "recordings" / "a.wav").exists() == left
    assert (archive.root / "recordings" / "b.wav").exists()
    if not left:
        assert was["a"] in result.stderr
        assert events(archive, "a")[-1] == ("deletion", "success")
        with archive.open() as open_archive:
            report = verify(open_archive, archive.settings(), Silent())
        assert (report.ok, "a.wav: deleted after its withdrawal." in report.notes) == (True, True)


def test_a_backup_taken_while_another_writes_is_whole_and_restores(
    archive: Folder, tmp_path: Path
) -> None:
    stop = threading.Event()

    def write() -> None:
        with archive.open() as open_archive:
            while not stop.is_set():
                open_archive.record("fixity check", ["x"] * 50)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        result = archive.command("backup", str(tmp_path / "kept"), "--json")
    finally:
        stop.set()
        writer.join()
    assert result.returncode == 0, result.stderr
    kept = tmp_path / "kept"
    assert json.loads(result.stdout)["stages"][0]["sha256"] == sha256(kept)
    before = public_ids(archive)
    (archive.root / "archive.db").write_bytes(b"damaged")
    shutil.rmtree(archive.root / "publication")
    restored = archive.command("restore", str(kept))
    assert restored.returncode == 0, restored.stderr
    assert archive.command("publish").returncode == 0
    assert public_ids(archive) == before
    assert len(list(archive.root.glob("archive-before-restore-*.db"))) == 1


def test_a_damaged_backup_is_refused_and_nothing_changes(archive: Folder, tmp_path: Path) -> None:
    with archive.open() as open_archive:
        backup(open_archive, tmp_path / "kept.db")
        with pytest.raises(UsageError, match="already there"):
            backup(open_archive, tmp_path / "kept.db")
    raw = bytearray((tmp_path / "kept.db").read_bytes())
    raw[4096:8192] = b"\xff" * 4096
    (tmp_path / "kept.db").write_bytes(raw)
    (tmp_path / "other.db").write_bytes(b"")
    for name in ("kept.db", "other.db"):
        with pytest.raises(ArchiveError, match=r"no whole archive\.db"):
            restore(archive.root, tmp_path / name)
    with pytest.raises(UsageError, match="is not there"):
        restore(archive.root, tmp_path / "nothing.db")
    with Archive(archive.root) as open_archive:
        assert len(open_archive.recordings()) == 4


def test_what_writes_waits_until_it_is_alone_but_backup_does_not(
    archive: Folder, tmp_path: Path
) -> None:
    assert archive.command("backup", str(tmp_path / "kept.db")).returncode == 0
    writers = (
        ["ingest"], ["transcribe"], ["publish"], ["run"], ["release", "1"],
        ["withdraw", "a", "--reason", "asked"], ["export", "a"],
        ["restore", str(tmp_path / "kept.db")],
    )  # fmt: skip
    with lock.held(archive.root, "transcribe"):
        for words in writers:
            result = archive.command(*words)
            assert (result.returncode, words[0]) == (1, words[0])
            assert "another pipeline is at work on it: testimony transcribe" in result.stderr
        for words in (["backup", str(tmp_path / "more.db")], ["status"]):
            result = archive.command(*words)
            assert result.returncode == 0, result.stderr
    assert not list(archive.root.glob("archive-before-restore-*.db"))
    assert public_ids(archive) == ["a", "b", "c", "d"]


def test_a_backup_named_from_where_one_stands_is_put_back(archive: Folder, tmp_path: Path) -> None:
    for words in (["backup", "kept.db"], ["restore", "kept.db"]):
        result = archive.command(*words, cwd=tmp_path)
        assert result.returncode == 0, result.stderr
