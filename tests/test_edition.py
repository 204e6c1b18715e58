"""A publication that only the change was written to is the one that is made from nothing."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from pipeline import audio, testimony
from pipeline.archive import Archive
from pipeline.engines.fake import FakeEngine
from pipeline.publish import publish
from pipeline.report import Report, Silent
from pipeline.schema import migration
from pipeline.search import search
from tests.conftest import Folder

IDS = ("a", "b", "c", "d")
DRAFTS = (".public.db.new", ".public.db.clean")


def copy_in_words(source: Path, target: Path, *, title: str, comment: str, **_: Any) -> None:
    """Stands for ffmpeg, which would be most of this test's time."""
    target.write_text(f"{title} {comment}", "utf-8")


@pytest.fixture(scope="module", autouse=True)
def quick_copies() -> Iterator[None]:
    with mock.patch.object(audio, "write_access_copy", copy_in_words):
        yield


def word(*of: object) -> str:
    """A word that shares no beginning with another, as an index would write it only once."""
    return hashlib.sha256(repr(of).encode()).hexdigest()[:16]


def published(folder: Folder, *, anew: bool = False) -> Report:
    with folder.open() as archive:
        report = publish(archive, folder.settings(), Silent(), anew=anew)
    assert report.ok
    return report


def database(folder: Folder) -> Path:
    return folder.root / "publication" / "public.db"


def rows(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every table's rows, in order, without the index's own tables, which search is asked for."""
    connection = sqlite3.connect(path)
    try:
        names = [row[0] for row in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            " AND name NOT LIKE '%\\_fts%' ESCAPE '\\'")]  # fmt: skip
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return {
            name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in names
        }
    finally:
        connection.close()


class Story:
    """Four testimonies, each of whose words is its own, and what of them should be readable."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.said: dict[str, dict[str, Any]] = {}
        self.text: dict[str, str] = {}
        self.times = 0
        self.words: set[str] = set()
        for ident in IDS:
            self.text[ident] = self.new_word()
            self.describe(ident, access="public", title=self.new_word())
            folder.tone(f"{ident}.wav", seconds=1, pitch_hz=300 + ord(ident))
        folder.run(FakeEngine())
        for ident in IDS:
            self.say(ident, self.text[ident])

    def new_word(self) -> str:
        self.times += 1
        self.words.add(word(self.times))
        return word(self.times)

    def describe(self, ident: str, **change: Any) -> None:
        self.said[ident] = self.said.get(ident, {}) | change
        self.folder.sidecar(ident, [f"{ident}.wav"], **self.said[ident])

    def say(self, ident: str, text: str) -> None:
        self.text[ident] = text
        with self.folder.open() as archive, archive.db.atomic():
            archive.db.execute(
                "UPDATE segments SET text = ? WHERE recording_id ="
                " (SELECT id FROM recordings WHERE testimony_id = ?)", [text, ident])  # fmt: skip

    def change(self, ident: str, what: str) -> None:
        narrator = self.said[ident].get("narrator", {})
        match what:
            case "close":
                self.describe(ident, access="closed")
            case "open":
                self.describe(ident, access="public")
            case "retitle":
                self.describe(ident, title=self.new_word())
            case "name":
                self.describe(ident, narrator={**narrator, "name": self.new_word()})
            case "pseudonym":
                self.describe(ident, narrator={**narrator, "pseudonym": self.new_word()})
            case "correct":
                self.say(ident, self.new_word())

    def readable(self) -> set[str]:
        words = set()
        for ident, said in self.said.items():
            if said["access"] == "public":
                narrator = said.get("narrator", {})
                words |= {self.text[ident], said["title"]}
                words |= {narrator.get("pseudonym") or narrator.get("name")} - {None}
        return words

    def in_bytes(self) -> set[str]:
        files = [p for p in (self.folder.root / "publication").rglob("*") if p.is_file()]
        everything = b"".join(p.name.encode() + p.read_bytes() for p in files)
        # An index keeps a word without the letters it shares with the one before.
        return {word for word in self.words if word[5:].encode() in everything}


CHANGES = ("close", "open", "retitle", "name", "pseudonym", "correct")


@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(CHANGES)), min_size=1, max_size=4),
        min_size=1,
        max_size=4,
    )
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_changes_give_the_rows_of_a_whole_build_and_leave_no_byte(
    tmp_path_factory: pytest.TempPathFactory, rounds: list[list[tuple[str, str]]]
) -> None:
    story = Story(Folder(tmp_path_factory.mktemp("story") / "archive"))
    folder = story.folder
    published(folder)
    for changes in rounds:
        for ident, what in changes:
            story.change(ident, what)
        published(folder)
        assert story.in_bytes() == story.readable()
    found = {word: search(folder.root, word) for word in story.words}
    grown = rows(database(folder))
    published(folder, anew=True)
    assert grown == rows(database(folder))
    assert found == {word: search(folder.root, word) for word in story.words}


@pytest.fixture
def story(folder: Folder) -> Story:
    made = Story(folder)
    published(folder)
    return made


def test_only_what_changed_is_written(story: Story) -> None:
    story.change("b", "retitle")
    story.change("c", "close")
    report = published(story.folder)
    assert (report.done, report.unchanged) == (["b", "c: taken out"], ["a", "d"])
    before = database(story.folder).stat()
    assert published(story.folder).done == []
    assert database(story.folder).stat() == before


def test_the_last_testimony_can_be_taken_out(story: Story) -> None:
    for ident in IDS:
        story.change(ident, "close")
    published(story.folder)
    assert (story.in_bytes(), rows(database(story.folder))["segments"]) == (set(), [])


def test_every_way_of_changing_a_text_is_seen(story: Story) -> None:
    statements = [
        "UPDATE segments SET state = 'quarantined' WHERE id = (SELECT min(id) FROM segments)",
        "INSERT INTO segments (run_id, recording_id, n, start_s, end_s, text, state, reasons)"
        " SELECT run_id, recording_id, 99, 0, 1, 'more', 'ok', '[]' FROM segments LIMIT 1",
        "DELETE FROM segments WHERE n = 99",
    ]
    for statement in statements:
        with story.folder.open() as archive, archive.db.atomic():
            archive.db.execute(statement)
        assert len(published(story.folder).done) == 1, statement


def test_a_damaged_or_older_file_is_made_anew(story: Story) -> None:
    good, path = database(story.folder).read_bytes(), database(story.folder)
    expected = rows(path)
    older = sqlite3.connect(path)
    older.execute("PRAGMA user_version = 1")
    older.close()
    for broken in (path.read_bytes(), good[:-4096], b"", b"no database" * 1000, None):
        path.unlink()
        if broken is not None:
            path.write_bytes(broken)
        assert published(story.folder).done == list(IDS)
        assert rows(path) == expected


def test_damage_that_only_writing_meets_is_mended(story: Story) -> None:
    path = database(story.folder)
    connection = sqlite3.connect(path)
    page = connection.execute(
        "SELECT rootpage FROM sqlite_master WHERE name = 'segments'"
    ).fetchone()[0]
    connection.close()
    damaged = bytearray(path.read_bytes())
    damaged[(page - 1) * 4096 : page * 4096] = b"\xff" * 4096
    path.write_bytes(damaged)
    story.change("b", "retitle")
    published(story.folder)
    assert len(rows(path)["segments"]) == len(IDS)


def test_what_a_killed_publication_left_goes_even_where_nothing_changed(story: Story) -> None:
    drafts = [database(story.folder).with_name(name) for name in DRAFTS]
    for draft in drafts:
        draft.write_bytes(b"half a file with a name in it")
    assert published(story.folder).done == []
    assert not any(draft.exists() for draft in drafts)


def test_a_fingerprint_tells_nothing_of_a_name_that_was_guessed(story: Story) -> None:
    """The same archive with another key has other fingerprints, so no guess can be checked."""
    before = {row[-1] for row in rows(database(story.folder))["testimonies"]}
    with story.folder.open() as archive, archive.db.atomic():
        archive.db.execute("UPDATE keys SET key = ?", ["00" * 32])
    assert published(story.folder).done == list(IDS)
    assert not before & {row[-1] for row in rows(database(story.folder))["testimonies"]}


def test_a_sidecar_that_was_read_before_says_the_same(folder: Folder) -> None:
    folder.sidecar("a", ["a.wav"], recorded_on=1998, languages=["pl"], narrator={"born": 1930},
                   redactions=[{"recording": "a.wav", "start_s": 1, "end_s": 2.5, "reason": "x"}])  # fmt: skip
    folder.sidecar("b", ["a.wav"])
    folder.sidecar("c", ["c.wav"], access="open")
    first = testimony.load_all(folder.root)
    again = testimony.load_all(folder.root, first.readings)
    assert again == first
    assert (len(first.good), len(first.problems), len(first.readings)) == (1, 2, 1)


def test_a_sidecar_of_the_same_size_and_time_is_read_anew(folder: Folder) -> None:
    path = folder.sidecar("a", ["a.wav"], access="public")
    with folder.open() as archive:
        archive.sidecars()
        then = path.stat()
        path.write_text(path.read_text().replace("public", "closed"))
        os.utime(path, ns=(then.st_atime_ns, then.st_mtime_ns))
        assert path.stat().st_size == then.st_size
        assert archive.sidecars().by_id["a"].access == "closed"


def test_an_archive_of_the_form_before_is_brought_up_to_date(tmp_path: Path) -> None:
    db = Database(sqlite3.connect(tmp_path / "archive.db"))
    migration.apply(db, stop_before="m009_revisions")
    with db.atomic():
        db.table("runs").insert({"id": 7, "recording_id": "x", "state": "done", "started_at": ""})
    db.close()
    with Archive(tmp_path) as archive:
        assert archive.revisions() == {7: 0}
        assert len(archive.fingerprint_key()) == 32
