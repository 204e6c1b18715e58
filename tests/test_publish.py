"""What leaves the archive is what its sidecars allow, and nothing else is in the file."""

from __future__ import annotations

import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import av
import pytest

from pipeline import audio
from pipeline.engines.fake import FakeEngine
from pipeline.errors import AudioError
from pipeline.report import Report, Silent
from pipeline.search import search
from pipeline.verify import verify
from tests.conftest import Folder

SECRET = "Tajemnica"


def public(folder: Folder, sql: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(folder.root / "publication" / "public.db")
    try:
        return list(connection.execute(sql))
    finally:
        connection.close()


def says_secret() -> FakeEngine:
    return FakeEngine(text=lambda clip: f"{SECRET} mojej rodziny.")


def bytes_of_publication(folder: Folder) -> bytes:
    """Of all that the public is served: not the databases and sound of researchers."""
    files = [p for p in (folder.root / "publication").rglob("*") if p.is_file()]
    return b"".join(p.name.encode() + p.read_bytes() for p in files if "researchers" not in str(p))


def checked(folder: Folder) -> Report:
    with folder.open() as archive:
        return verify(archive, folder.settings(), Silent())


def test_only_public_testimonies_are_in_any_byte_of_the_publication(folder: Folder) -> None:
    for name, access in (("open", "public"), ("shut", "closed"), ("half", "researchers")):
        folder.tone(f"{name}.wav", pitch_hz=300 + len(access))
        folder.sidecar(name, [f"{name}.wav"], access=access, title=f"Title{access}",
                       narrator={"name": f"Narrator{access}"})  # fmt: skip
    folder.run(FakeEngine(text=lambda clip: "Słowa."))
    assert public(folder, "SELECT id, narrator FROM testimonies") == [("open", "Narratorpublic")]
    everything = bytes_of_publication(folder)
    for word in (b"Titleclosed", b"Narratorclosed", b"Titleresearchers", b"half.wav"):
        assert word not in everything


@pytest.mark.parametrize(
    "change",
    [
        {"access": "closed"},
        {"access": "researchers"},
        {},
        {"access": "public", "access_until": "2030"},
        {"access": "public", "uses": ["research"]},
        {"access": "open"},
    ],
    ids=["closed", "researchers", "silent", "embargo", "not online", "misspelt"],
)  # fmt: skip
def test_closing_a_published_testimony_takes_it_out_of_every_byte(
    folder: Folder, change: dict[str, Any]
) -> None:
    folder.tone("a.wav")
    folder.sidecar("a", ["a.wav"], access="public")
    folder.run(says_secret())
    assert SECRET.encode() in bytes_of_publication(folder)
    folder.sidecar("a", ["a.wav"], **change)
    folder.run(says_secret())
    assert SECRET.encode() not in bytes_of_publication(folder)
    assert list((folder.root / "publication" / "media" / "public").iterdir()) == []


def test_a_removed_sidecar_closes_its_testimony(folder: Folder) -> None:
    folder.tone("a.wav")
    sidecar = folder.sidecar("a", ["a.wav"], access="public")
    folder.run(says_secret())
    sidecar.unlink()
    _, _, published = folder.run(says_secret())
    assert "a: not published, its sidecar is missing or cannot be read." in published.notes
    assert SECRET.encode() not in bytes_of_publication(folder)


def test_a_recording_that_moved_to_a_closed_sidecar_leaves_at_the_next_publish(
    folder: Folder,
) -> None:
    for name, pitch in (("a", 300), ("b", 400)):
        folder.tone(f"{name}.wav", pitch_hz=pitch)
    folder.sidecar("one", ["a.wav", "b.wav"], access="public")
    folder.run(says_secret())
    folder.sidecar("one", ["a.wav"], access="public")
    folder.sidecar("two", ["b.wav"], access="closed")
    said = folder.command("publish").stdout  # without an ingest in between
    assert "b.wav: not published, the sidecar of one does not name it." in said
    assert public(folder, "SELECT count(*) FROM recordings") == [(1,)]
    assert len(list((folder.root / "publication" / "media" / "public").iterdir())) == 1


def test_a_pseudonym_is_the_only_name_in_the_publication(folder: Folder) -> None:
    folder.tone("a.wav")
    folder.sidecar("a", ["a.wav"], access="public",
                   narrator={"name": "Ona Tikroji", "pseudonym": "Birutė"})  # fmt: skip
    folder.run()
    assert public(folder, "SELECT narrator FROM testimonies") == [("Birutė",)]
    assert b"Tikroji" not in bytes_of_publication(folder)


def test_quarantined_text_is_not_published(folder: Folder) -> None:
    folder.tone("a.wav")
    folder.sidecar("a", ["a.wav"], access="public")
    folder.run(says_secret())
    with folder.open() as archive, archive.db.atomic():
        archive.db.execute("UPDATE segments SET state = 'quarantined'")
    folder.run()
    assert public(folder, "SELECT count(*) FROM segments") == [(0,)]
    assert SECRET.encode() not in bytes_of_publication(folder)


def test_full_text_search_folds_diacritics(folder: Folder) -> None:
    folder.tone("a.wav")
    folder.sidecar("a", ["a.wav"], access="public")
    folder.run(FakeEngine(text=lambda clip: "Šiltų drabužių, săptămâni, küpsetas, ćwierć."))
    for word in ("siltu", "saptamani", "kupsetas", "cwierc", "ŠILTŲ"):
        assert search(folder.root, word).total == 1, word


def test_the_masters_own_tags_do_not_leave(folder: Folder) -> None:
    tone = folder.tone("a.wav", seconds=3)
    master = folder.root / "recordings" / "b.m4a"
    subprocess.run(
        [audio.ffmpeg_path(), "-v", "error", "-i", str(tone), "-metadata", "title=Realname",
         "-metadata", "artist=Realname", str(master)], check=True,
    )  # fmt: skip
    tone.unlink()
    folder.sidecar("b", ["b.m4a"], access="public", title="A life", notice="Read by an actor")
    folder.run()
    (copy,) = (folder.root / "publication" / "media" / "public").iterdir()
    with av.open(str(copy)) as container:
        assert (container.metadata["title"], container.metadata["comment"]) == (
            "A life",
            "Read by an actor",
        )
    assert b"Realname" not in bytes_of_publication(folder)


def test_a_new_title_makes_a_new_copy_and_the_old_one_goes(folder: Folder) -> None:
    folder.tone("a.wav")
    folder.sidecar("a", ["a.wav"], access="public", title="Ona Tikroji tells")
    folder.run()
    folder.sidecar("a", ["a.wav"], access="public", title="A teacher tells")
    folder.run()
    assert b"Tikroji" not in bytes_of_publication(folder)
    assert len(list((folder.root / "publication" / "media" / "public").iterdir())) == 1


def test_what_was_published_stays_when_the_new_cannot_be_written(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.tone("a.wav")
    folder.sidecar("a", ["a.wav"], access="public")
    folder.run(says_secret())
    before = (folder.root / "publication" / "public.db").read_bytes()
    folder.sidecar("a", ["a.wav"], access="public", summary="new")
    # A folder where the new database is to be written: SQLite cannot open it.
    (folder.root / "publication" / ".public.db.new").mkdir()
    _, _, published = folder.run(says_secret())
    assert not published.ok and "What was published before is still there" in published.problems[0]
    assert (folder.root / "publication" / "public.db").read_bytes() == before


def test_a_copy_that_fails_is_made_at_the_next_run(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.tone("a.wav")
    folder.sidecar("a", ["a.wav"], access="public")

    def fails(*args: Any, shown: str, **options: Any) -> None:
        raise AudioError(shown, "ffmpeg could not write its access copy (No space left).")

    with monkeypatch.context() as patch:
        patch.setattr(audio, "write_access_copy", fails)
        _, _, published = folder.run()
    assert len(published.problems) == 1
    assert public(folder, "SELECT media FROM recordings") == [(None,)]
    folder.run()
    assert public(folder, "SELECT media IS NOT NULL FROM recordings") == [(1,)]


def test_verify_finds_damage_loss_and_unknown_files(folder: Folder) -> None:
    for name, pitch in (("a", 300), ("b", 400), ("c", 500)):
        folder.tone(f"{name}.wav", pitch_hz=pitch)
        folder.sidecar(name, [f"{name}.wav"], access="public")
    folder.run()
    assert checked(folder).ok
    recordings = folder.root / "recordings"
    damaged = bytearray((recordings / "a.wav").read_bytes())
    damaged[1000] ^= 1
    (recordings / "a.wav").write_bytes(damaged)
    (recordings / "b.wav").unlink()
    folder.tone("new.wav", pitch_hz=600)
    problems = checked(folder).problems
    assert [problem.split(":")[0] for problem in problems] == ["a.wav", "b.wav", "new.wav"]
    assert problems[0].count("sha256") == 1 and "expected sha256" in problems[0]


def test_verify_finds_what_is_public_and_must_not_be(folder: Folder) -> None:
    folder.tone("a.wav")
    folder.sidecar("a", ["a.wav"], access="public")
    folder.run()
    folder.sidecar("a", ["a.wav"], access="closed")
    stray: Path = folder.root / "publication" / "media" / "public" / "stray.m4a"
    stray.write_bytes(b"x")
    problems = checked(folder).problems
    assert any("a: is in public.db, but access is closed" in problem for problem in problems)
    assert any("stray.m4a: lies in media/public unasked" in problem for problem in problems)
