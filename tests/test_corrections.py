"""What people say was said: kept for good, checked against what stands there, never half."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import withdraw
from pipeline.archive import Archive
from pipeline.corrections import Conflict, Correction, CorrectionError, Line, replacing
from pipeline.engines.fake import FakeEngine
from pipeline.errors import UsageError
from pipeline.recording import Recording
from pipeline.report import Silent
from tests.conftest import Folder

# The fake engine hears these in 24 s, a word a second.
SAID = "One two three. Four five six. Seven eight nine. " * 2 + "Ten eleven twelve. " * 2


@pytest.fixture
def corrected(folder: Folder) -> Folder:
    """An archive of one recording of 24 s with eight lines of three seconds."""
    folder.tone("a.wav", 24.0)
    folder.sidecar("a", ["a.wav"], access="public", languages=["pl"])
    folder.run(FakeEngine(lambda clip: SAID))
    return folder


def only(archive: Archive) -> Recording:
    return archive.recordings()[0]


def texts(archive: Archive) -> list[tuple[float, float, str, str]]:
    lines = archive.lines(only(archive))
    return [(line.start_s, line.end_s, line.text, line.state) for _, line in lines]


def edit(archive: Archive, first: int, last: int, *lines: Line, **said: Any) -> Correction:
    present = [line for _, line in archive.lines(only(archive))][first:last]
    return replacing(present, lines, "Ona", "review", **said)


def test_a_correction_is_what_counts_and_the_machines_run_stays(corrected: Folder) -> None:
    with corrected.open() as archive:
        machine = only(archive).current_run_id
        assert machine is not None
        heard = list(archive.segments(machine))
        before = texts(archive)
        change = edit(archive, 1, 2, Line(3.0, 6.0, "Four and five, six.", "ru", "Ona"))
        assert archive.correct(only(archive), [change]) == (1,)
        assert texts(archive) == [
            *before[:1], (3.0, 6.0, "Four and five, six.", "corrected"), *before[2:]
        ]  # fmt: skip
        assert list(archive.segments(machine)) == heard
        (kept,) = archive.corrections(only(archive))
        assert (kept.before, kept.after, kept.who) == (
            "Four five six.", "Four and five, six.", "Ona"
        )  # fmt: skip
        assert (kept.run_id, kept.source, kept.id) == (machine, "review", 1)
        line = archive.lines(only(archive))[1][1]
        assert (line.language, line.speaker, line.confidence) == ("ru", "Ona", None)
        assert [(w.text, w.start_s, w.end_s) for w in line.words] == [
            ("Four", 3.0, 4.0), ("and", 4.0, 4.0), ("five,", 4.0, 5.0), ("six.", 5.0, 6.0)
        ]  # fmt: skip
        run = archive.run(only(archive).current_run_id or 0)
        assert (run["based_on"], run["settings"], run["model"]) == (machine, None, "fake")


def test_lines_that_stay_keep_their_numbers_and_none_is_given_twice(corrected: Folder) -> None:
    with corrected.open() as archive:
        archive.correct(only(archive), [edit(archive, 7, 8, Line(21.0, 24.0, "Twelve."))])
        numbers = [number for number, _ in archive.lines(only(archive))]
        archive.correct(only(archive), [edit(archive, 6, 8)])
        assert [number for number, _ in archive.lines(only(archive))] == numbers[:6]
        new = [Line(18.0, 19.0, "Nine."), Line(19.0, 20.0, "Ten.")]
        archive.correct(only(archive), [replacing([], new, "Ona")])
        assert min(number for number, _ in archive.lines(only(archive))[6:]) > numbers[7]
        assert f"segments/{numbers[7]}" in archive.addresses("a")


def test_what_stands_there_now_must_be_what_it_was_made_on(corrected: Folder) -> None:
    with corrected.open() as archive:
        mine = edit(archive, 1, 3, Line(3.0, 9.0, "Mine."))
        archive.correct(only(archive), [edit(archive, 2, 3, Line(6.0, 9.0, "Theirs."))])
        before = texts(archive)
        elsewhere = edit(archive, 5, 6, Line(15.0, 18.0, "Elsewhere."))
        with pytest.raises(Conflict, match="Theirs") as caught:
            archive.correct(only(archive), [elsewhere, mine])
        assert [line.text for line in caught.value.present] == ["Four five six.", "Theirs."]
        assert texts(archive) == before and len(archive.corrections(only(archive))) == 1


def test_a_line_is_never_cut_in_two(corrected: Folder) -> None:
    with corrected.open() as archive:
        cut = Correction(4.0, 6.0, "five six.", (Line(4.0, 6.0, "five"),), "Ona")
        with pytest.raises(Conflict, match="whole lines, found one that goes from 3 to 6 s"):
            archive.correct(only(archive), [cut])


@pytest.mark.parametrize(
    ("line", "who", "said"),
    [
        (Line(24.0, 25.0, "Beyond."), "Ona", "inside of the recording's 24 s"),
        (Line(21.0, 21.0, "Nothing."), "Ona", "lines in order"),
        (Line(21.0, 24.0, "Two\nlines."), "Ona", "a line of text"),
        (Line(21.0, 24.0, "Who?"), " ", "nobody answers for it"),
    ],
)
def test_what_cannot_be_is_refused(corrected: Folder, line: Line, who: str, said: str) -> None:
    with corrected.open() as archive:
        present = [line for _, line in archive.lines(only(archive))][7:]
        with pytest.raises(CorrectionError, match=said):
            archive.correct(only(archive), [replacing(present, [line], who)])
        assert not archive.corrections(only(archive))


def test_corrections_are_only_ever_added(corrected: Folder) -> None:
    with corrected.open() as archive:
        archive.correct(only(archive), [edit(archive, 0, 1)])
        for sql in ("UPDATE corrections SET who = 'x'", "DELETE FROM corrections"):
            with pytest.raises(sqlite3.IntegrityError, match="only ever added"):
                archive.db.execute(sql)
            archive.db.conn.rollback()


def test_a_recording_that_no_machine_has_heard_is_corrected_too(folder: Folder) -> None:
    folder.tone("a.wav", 24.0)
    folder.sidecar("a", ["a.wav"], access="public")
    with folder.open() as archive:
        from pipeline.ingest import ingest

        ingest(archive, folder.settings())
        said = [Line(1.0, 3.0, "By hand.", "pl", "Jan"), Line(4.0, 6.0, "Word for word.", "pl")]
        archive.correct(only(archive), [replacing([], said, "Jan", "import")])
        assert texts(archive) == [
            (1.0, 3.0, "By hand.", "corrected"),
            (4.0, 6.0, "Word for word.", "corrected"),
        ]
        assert archive.run(only(archive).current_run_id or 0)["based_on"] is None
    folder.config(title="By hand", languages=["pl"], new_runs="wait")
    assert folder.command("publish").returncode == 0
    result = folder.command("export", "a", "--format", "vtt", "--to", str(folder.root / "out"))
    assert result.returncode == 0, result.stderr
    assert "Written down by people" in (folder.root / "out" / "a.vtt").read_text("utf-8")
    assert folder.transcribe(FakeEngine(lambda clip: SAID)).done
    with folder.open() as archive:
        assert [line[2] for line in texts(archive)] == ["By hand.", "Word for word."]
        assert [p.how for p in archive.accept(only(archive))] == ["time"]
        assert [line[2] for line in texts(archive)][:4] == [
            "One", "By hand.", "Word for word.", "Seven eight nine."
        ]  # fmt: skip


def test_a_withdrawn_testimony_is_not_corrected(corrected: Folder) -> None:
    with corrected.open() as archive:
        change = edit(archive, 0, 1)
        withdraw.withdraw(archive, corrected.settings(), "a", "asked for it", Silent())
        with pytest.raises(UsageError, match="was withdrawn"):
            archive.correct(only(archive), [change])


def test_two_programs_write_and_neither_is_refused(corrected: Folder) -> None:
    with corrected.open() as one, corrected.open() as other:
        for n in range(4):
            first, second = (one, other) if n % 2 else (other, one)
            change = edit(first, n, n + 1, Line(3.0 * n, 3.0 * n + 3, f"Line {n}."))
            second.record("fixity check", ["x"])
            first.correct(only(first), [change])
        other.db.execute("BEGIN IMMEDIATE")
        with corrected.open() as reader:
            assert [line[2] for line in texts(reader)][:4] == [f"Line {n}." for n in range(4)]
        other.db.conn.rollback()


def test_it_is_found_and_what_stood_there_is_not(corrected: Folder) -> None:
    from pipeline.search import search

    with corrected.open() as archive:
        for n in (1, 4):
            change = edit(archive, n, n + 1, Line(3.0 * n, 3.0 * n + 3, "Lubyanka."))
            archive.correct(only(archive), [change])
    assert search(corrected.root, "lubyanka", None, 5, everything=True).total == 2
    assert search(corrected.root, "four", None, 5, everything=True).total == 0


def test_verify_makes_the_text_once_more_and_compares(corrected: Folder) -> None:
    with corrected.open() as archive:
        archive.correct(only(archive), [edit(archive, 0, 1, Line(0.0, 3.0, "One."))])
        assert archive.text_faults(only(archive)) == []
        archive.db.execute("UPDATE segments SET text = 'Not what was said.' WHERE text = 'One.'")
        archive.db.conn.commit()
    result = corrected.command("verify")
    assert result.returncode == 1 and "not what its corrections make of the run" in result.stderr


@given(
    places=st.lists(
        st.tuples(st.integers(0, 7), st.integers(0, 2), st.integers(0, 3)), min_size=1, max_size=5
    ),
    together=st.booleans(),
)
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_correcting_line_by_line_gives_the_text_that_all_corrections_make(
    corrected: Folder, places: list[tuple[int, int, int]], together: bool
) -> None:
    """Words and their times too, of lines that were touched and of those that were not."""
    with corrected.open() as archive:
        asked = []
        for first, more, new in places:
            present = [line for _, line in archive.lines(only(archive))][first : first + more + 1]
            if not present:
                continue
            start_s, end_s = present[0].start_s, present[-1].end_s
            each_s = (end_s - start_s) / max(1, new)
            if each_s < 0.1:
                continue
            said = [
                Line(round(start_s + n * each_s, 3), round(start_s + (n + 1) * each_s, 3), text)
                for n, text in enumerate(("Four and five, six.", "Ten", "Seven eight.")[:new])
            ]
            change = replacing(present, said, "Ona", "review")
            if not together:
                archive.correct(only(archive), [change])
            elif all(c.end_s <= start_s or end_s <= c.start_s for c in asked):
                asked.append(change)
        archive.correct(only(archive), asked)
        assert archive.text_faults(only(archive)) == []


def test_only_lines_that_are_asked_for_come_with_their_words(corrected: Folder) -> None:
    with corrected.open() as archive:
        archive.correct(only(archive), [edit(archive, 0, 1, Line(0.0, 3.0, "One."))])
        whole = archive.lines(only(archive))
        some = archive.lines(only(archive), [(3.5, 4.0), (9.0, 12.0)])
        assert [number for number, _ in some] == [number for number, _ in whole]
        for n, ((_, line), (_, full)) in enumerate(zip(some, whole, strict=True)):
            assert line == (full if n in (1, 3) else replace(full, words=()))


def test_a_bag_and_a_backup_have_what_people_said_and_what_the_machine_did(
    corrected: Folder,
) -> None:
    with corrected.open() as archive:
        archive.correct(only(archive), [edit(archive, 0, 1, Line(0.0, 3.0, "One."))])
    place = corrected.root.parent
    assert corrected.command("export", "a", "--to", str(place)).returncode == 0
    (file,) = (place / "a").glob("data/transcripts/*-corrections.json")
    (one,) = json.loads(file.read_text("utf-8"))["corrections"]
    assert (one["before"], one["after"], one["who"]) == ("One two three.", "One.", "Ona")
    (machine,) = (place / "a").glob("data/transcripts/*-machine-run-1.json")
    assert "One two three." in machine.read_text("utf-8")
    assert corrected.command("backup", str(place / "copy.db")).returncode == 0
    with corrected.open() as archive:
        archive.correct(only(archive), [edit(archive, 0, 1, Line(0.0, 3.0, "Two."))])
    assert corrected.command("restore", str(place / "copy.db")).returncode == 0
    with corrected.open() as archive:
        assert [c.after for c in archive.corrections(only(archive))] == ["One."]
        assert archive.text_faults(only(archive)) == []
