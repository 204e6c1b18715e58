"""The index of `archive.db` follows the text line by line, and is what it would be made anew."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline import searchindex, terms, vocabulary
from pipeline.archive import Archive
from pipeline.corrections import Line, replacing
from pipeline.engines.fake import FakeEngine
from pipeline.linker import Linker
from pipeline.recording import Recording
from pipeline.report import Silent
from pipeline.terms import Tables
from tests import history
from tests.conftest import Folder

# The fake engine hears these in 24 s, a word a second.
SAID = "Mama pojechała wtedy. W wagonie bydlęcym. Był rok głodny. Workuta i Wilno. " * 2
HEARD_ANEW = "Mama pojechała wtedy. W wagonie zimno. Krasnojarsk daleko stąd. Nic nie wiem. " * 2
# Words with marks and without, names of places and events, the same line again, other languages.
LINES = (
    ("Mama pojechała wtedy.", "pl"),
    ("Wszy, wszy i Workuta!", "pl"),
    ("Operacja Priboi", None),
    ("Мартовская депортация в Вильнюсе.", "ru"),
    ("Mama pojechała wtedy.", "lt"),
)
_TABLES = {
    "passages": "SELECT * FROM passages ORDER BY id",
    "spellings": "SELECT * FROM spellings ORDER BY 1, 2, 3",
    "segment_terms": "SELECT * FROM segment_terms ORDER BY 1, 2",
    "indexed": "SELECT * FROM indexed ORDER BY recording_id",
    "words of the index": "SELECT term, doc, col, offset FROM temp.said ORDER BY 1, 2, 3, 4",
}


@pytest.fixture
def heard(folder: Folder) -> Folder:
    """Two testimonies of 24 s with the same eight lines each, and a small vocabulary."""
    history.write(folder.root)
    for n, name in enumerate("ab"):
        folder.tone(f"{name}.wav", 24.0, 300.0 + n)
        folder.sidecar(name, [f"{name}.wav"], access="public", languages=["pl"])
    folder.run(FakeEngine(lambda clip: SAID))
    return folder


def index_of(archive: Archive) -> dict[str, list[Any]]:
    """All that makes passages findable."""
    db = archive.db
    db.execute("DROP TABLE IF EXISTS temp.said")
    db.execute("CREATE VIRTUAL TABLE temp.said USING fts5vocab('main', 'segments_fts', 'instance')")
    return {name: db.execute(sql).fetchall() for name, sql in _TABLES.items()}


def made_anew(archive: Archive) -> dict[str, list[Any]]:
    """The same, made from nothing of a copy of the archive."""
    root = archive.root.parent / "copy"
    root.mkdir(exist_ok=True)
    (root / "metadata").mkdir(exist_ok=True)
    for name in (vocabulary.VOCABULARY, vocabulary.GAZETTEER):
        (root / "metadata" / name).write_bytes((archive.root / "metadata" / name).read_bytes())
    (root / "archive.db").unlink(missing_ok=True)
    archive.db.execute("VACUUM INTO ?", [str(root / "archive.db")])
    with Archive(root) as copy:
        with copy.db.atomic():
            terms.set_version(copy.db, "of another program", terms.INDEX)
        assert copy.index(copy.withdrawn(), Silent()) == ()
        return index_of(copy)


def recordings(archive: Archive) -> list[Recording]:
    return archive.recordings()


def correct(archive: Archive, which: int, first: int, many: int, said: Sequence[int]) -> None:
    """Puts lines in place of `many` neighbouring ones, which may be none or all that is there."""
    recording = recordings(archive)[which]
    there = [line for _, line in archive.lines(recording)]
    chosen = there[first : first + many]
    if not chosen:
        return
    start_s, end_s = chosen[0].start_s, chosen[-1].end_s
    each_s = (end_s - start_s) / max(1, len(said))
    if each_s < 0.01:
        return
    new = [
        Line(round(start_s + n * each_s, 3), round(start_s + (n + 1) * each_s, 3), *LINES[line])
        for n, line in enumerate(said)
    ]
    archive.correct(recording, [replacing(chosen, new, "Ona", "review")])


def hold_back(archive: Archive, which: int, n: int, state: str) -> None:
    """Another state for one line of the text that counts, and whatever is next indexes it."""
    recording = recordings(archive)[which]
    lines = archive.lines(recording)
    if lines:
        number = lines[n % len(lines)][0]
        with archive.db.atomic():
            archive.db.execute("UPDATE segments SET state = ? WHERE id = ?", [state, number])
        archive.index(archive.withdrawn(), Silent())


def hear_anew(archive: Archive, folder: Folder, text: str) -> None:
    folder.config(title="Test archive", languages=["pl"], new_runs="wait")
    folder.transcribe(FakeEngine(lambda clip: text), again=True)
    for recording in recordings(archive):
        archive.accept(recording)


def rename(archive: Archive, label: str) -> None:
    """Another vocabulary, in which wagons are called so."""
    entries = deepcopy(history.TERMS)
    for entry in entries:
        if entry["id"] == "cattle-wagon":
            entry["labels"]["pl"] = [label]
    history.write(archive.root, entries)
    assert archive.index(archive.withdrawn(), Silent()) == ()


which, line = st.integers(0, 1), st.integers(0, 7)
step = st.one_of(
    st.tuples(
        st.just("correct"), which, line, st.integers(1, 3),
        st.lists(st.integers(0, len(LINES) - 1), max_size=3),
    ),
    st.tuples(st.just("hold back"), which, line, st.sampled_from(["quarantined", "ok"])),
    st.tuples(st.just("hear anew"), st.sampled_from([SAID, HEARD_ANEW])),
    st.tuples(st.just("rename"), st.sampled_from(["mama", "bydlęcy wagon"])),
)  # fmt: skip


@given(steps=st.lists(step, min_size=1, max_size=8))
# A language alone; a line more, which moves all others; words that were held back in between.
@example(steps=[("correct", 0, 0, 1, [0]), ("correct", 0, 0, 1, [4])])
@example(steps=[("correct", 1, 2, 1, [1, 3]), ("correct", 1, 0, 2, []), ("rename", "mama")])
@example(
    steps=[
        ("correct", 0, 1, 1, [2]),
        ("hold back", 0, 4, "quarantined"),
        ("hear anew", HEARD_ANEW),
        ("hold back", 0, 4, "ok"),
    ]
)
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_after_any_changes_the_index_is_what_it_would_be_made_from_nothing(
    heard: Folder, steps: list[Any]
) -> None:
    # What one example leaves is where the next begins: all of it must hold of any archive.
    with heard.open() as archive:
        doing: dict[str, Callable[..., None]] = {
            "correct": lambda *said: correct(archive, *said),
            "hold back": lambda *said: hold_back(archive, *said),
            "hear anew": lambda text: hear_anew(archive, heard, text),
            "rename": lambda label: rename(archive, label),
        }
        for name, *said in steps:
            doing[name](*said)
        assert index_of(archive) == made_anew(archive)


def test_the_index_that_is_compared_has_words_terms_and_spellings(heard: Folder) -> None:
    with heard.open() as archive:
        found = index_of(archive)
        assert found == made_anew(archive)
    assert all(found.values())
    assert {"vorkuta", "cattle-wagon"} <= {term for _, term in found["segment_terms"]}
    assert ("workuta", "form") in {(row[0], row[2]) for row in found["words of the index"]}


def test_one_line_more_leaves_the_others_in_the_index_alone(
    heard: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with heard.open() as archive:
        correct(archive, 0, 0, 1, [0])
        touched: list[int] = []
        for name in ("insert", "delete"):
            does = getattr(searchindex, name)

            def noting(db: Any, entries: Any, does: Any = does) -> None:
                touched.extend(entry[0] for entry in entries)
                does(db, entries)

            monkeypatch.setattr(searchindex, name, noting)
        correct(archive, 0, 2, 1, [1, 2])
        number = archive.lines(recordings(archive)[0])[2][0]
        # One was taken out and put in as it is now, one is new; those that moved were not touched.
        assert len(touched) == 3 and touched.count(number) == 2
        assert index_of(archive) == made_anew(archive)


def test_a_testimony_that_moves_takes_its_passages_along(heard: Folder) -> None:
    with heard.open() as archive:
        with archive.db.atomic():
            archive.db.execute(
                "UPDATE recordings SET testimony_id = 'b', part = 2 WHERE path = 'a.wav'"
            )
        archive.index((), Silent())
        assert {row[1] for row in index_of(archive)["passages"]} == {"b"}
        assert index_of(archive) == made_anew(archive)


def test_a_withdrawn_testimony_leaves_nothing_in_the_index(heard: Folder) -> None:
    with heard.open() as archive:
        correct(archive, 0, 1, 1, [1])
        archive.record("withdrawal", ["a"])
        archive.index(archive.withdrawn(), Silent())
        found = index_of(archive)
        assert {row[1] for row in found["passages"]} == {"b"}
        assert found == made_anew(archive)


# The vocabulary, once for a process


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the linkers that are made from now on."""
    made: list[int] = []
    does = Linker

    def noting(labels: Any) -> Any:
        listed = list(labels)
        made.append(len(listed))
        return does(listed)

    monkeypatch.setattr(terms, "Linker", noting)
    return made


def test_archives_that_are_opened_one_after_another_share_one_vocabulary(
    heard: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.write(heard.root, history.TERMS[:-1])
    made = counted(monkeypatch)
    for n in range(3):
        with heard.open() as archive:
            archive.index((), Silent())
            correct(archive, 0, n, 1, [1])
            tables = archive.vocabulary()
    assert len(made) == 1
    with heard.open() as archive:
        assert archive.vocabulary() is tables


def test_another_vocabulary_is_another_one_and_the_older_is_forgotten(heard: Folder) -> None:
    with heard.open() as archive:
        older = archive.vocabulary()
        rename(archive, "mama")
        newer = archive.vocabulary()
        assert newer.version != older.version
        assert newer.linker.terms("Mama pojechała.", "pl") == {"cattle-wagon"}
        rename(archive, "bydlęcy wagon")
        assert archive.vocabulary() is not older
        assert archive.vocabulary().linker.terms("Mama pojechała.", "pl") == set()


def test_threads_that_ask_at_once_get_one_vocabulary(
    heard: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with heard.open() as archive:
        rename(archive, "mama")
    monkeypatch.setattr(terms, "_NEWEST", terms._Newest())
    read: list[int] = []
    does = Tables.of

    def noting(db: Any) -> Tables:
        read.append(1)
        return does(db)

    monkeypatch.setattr(Tables, "of", noting)
    got: list[Tables] = []
    together = threading.Barrier(4)

    def ask() -> None:
        with heard.open() as archive:
            together.wait()
            got.append(archive.vocabulary())

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read) == 1 and len({id(one) for one in got}) == 1 and len(got) == 4


def test_a_vocabulary_with_a_mistake_changes_nothing(heard: Folder) -> None:
    with heard.open() as archive:
        before = index_of(archive)
        file: Path = heard.root / "metadata" / vocabulary.VOCABULARY
        file.write_text("terms: [{id: x}]\n", encoding="utf-8")
        assert archive.index((), Silent())
        assert archive.index((), Silent()) and index_of(archive) == before
