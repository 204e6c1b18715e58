"""Corrections survive a new model: kept in their place, or listed; nothing changes unasked."""

from __future__ import annotations

import json
import random
import wave
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import accept, audio
from pipeline.archive import Archive
from pipeline.comparison import side_by_side
from pipeline.corrections import (
    Correction,
    Heard,
    Line,
    apply,
    corrected,
    must_stand,
    replacing,
    tidy,
)
from pipeline.engines.fake import FakeEngine
from pipeline.recording import Recording
from pipeline.sound import RATE_HZ
from pipeline.transcript import Segment, Unheard, Word
from tests.conftest import REPOSITORY, Folder, examples
from tests.test_corrections import SAID

HEARD = SAID.replace("Four five", "For five").replace("twelve", "dwelve")


def segment(words: Sequence[Word], **fields: Any) -> Segment:
    text = " ".join(word.text for word in words)
    plain = Segment(words[0].start_s, words[-1].end_s, text, "pl", 0.9, "audio", "pl", 0.9, 0.8)
    return replace(plain, words=tuple(words), **fields)


# Pure: corrections on another run's words

seeds = st.integers(0, 10**6).map(random.Random)
vocabulary = [
    a + b + c for a in ("ka", "me", "žu", "по") for b in "lrsn" for c in ("as", "ė", "os")
]


def spoken(chance: random.Random, seconds: float) -> tuple[Segment, ...]:
    """Lines of speech with pauses, as a run hears them."""
    at, lines, words = 0.3, [], []
    while at < seconds - 1.2:
        length = chance.uniform(0.15, 0.6)
        word = chance.choice(vocabulary)
        words.append(Word(round(at, 2), round(at + length, 2), word, 0.9))
        at += length + chance.choice([0.0, 0.02, 0.1])
        if len(words) > chance.randint(2, 9):
            lines.append(segment(words))
            words = []
            at += chance.choice([0.0, 0.3, 1.5])
    return tuple([*lines, segment(words)] if words else lines)


def heard_anew(chance: random.Random, lines: Sequence[Segment]) -> tuple[Segment, ...]:
    """The same speech as another model hears it: other words, other times, other lines."""
    words: list[Word] = []
    for word in (word for line in lines for word in line.words):
        what = chance.random()
        shift = chance.uniform(-0.5, 0.5)
        start = max(word.start_s + shift, words[-1].end_s if words else 0.0)
        one = Word(round(start, 2), round(start + word.end_s - word.start_s, 2), word.text, 0.8)
        if what < 0.1:
            continue
        if what < 0.25:
            one = replace(one, text=chance.choice(vocabulary))
        words.append(one)
        if what > 0.95:
            words.append(Word(one.end_s, round(one.end_s + 0.1, 2), chance.choice(vocabulary), 0.5))
    found, piece = [], []
    for word in words:
        piece.append(word)
        if len(piece) > chance.randint(1, 10):
            found.append(segment(piece))
            piece = []
    return tuple([*found, segment(piece)] if piece else found)


def misheard(chance: random.Random, line: Segment) -> Iterator[Word]:
    """A line's words, of which another model takes one in three for quite another."""
    for word in line.words:
        other = "".join(chance.choices("0123456789", k=6))
        yield replace(word, text=other) if chance.random() < 0.3 else word


def made(chance: random.Random, lines: Sequence[Segment], many: int) -> list[Correction]:
    """Corrections of whole lines of the machine's, disjoint, of words that nobody else says."""
    free, found = [n for n, line in enumerate(lines) if line.state == "ok"], []
    for n in range(many):
        if not free:
            break
        first = chance.choice(free)
        last = first + 1 if first + 1 in free and chance.random() < 0.3 else first
        free = [k for k in free if k not in (first, last)]
        old = lines[first : last + 1]
        start_s, end_s = old[0].start_s, old[-1].end_s
        middle = round((start_s + end_s) / 2, 3)
        new = {
            "none": [],
            "one": [Line(start_s, end_s, f"{old[0].text} Xx{n}.", "lt", "Ona")],
            "two": [Line(start_s, middle, f"Aa{n}.", "lt"), Line(middle, end_s, f"Bb{n}.", "lt")],
        }[chance.choice(["none", "one", "one", "two"] if end_s - start_s > 0.1 else ["one"])]
        found.append(replacing(old, new, "Ona"))
    return found


def numbered(asked: Sequence[Correction], run_id: int, since: int = 1) -> list[Correction]:
    return [replace(c, id=n, run_id=run_id) for n, c in enumerate(asked, start=since)]


def content(lines: Sequence[Segment]) -> list[tuple[float, float, str, str]]:
    return [(line.start_s, line.end_s, line.text, line.state) for line in lines]


def must_be_in_order(lines: Sequence[Segment], end_s: float) -> None:
    assert all(0 <= line.start_s < line.end_s <= end_s for line in lines)
    assert all(a.end_s <= b.start_s for a, b in pairwise(lines))
    for line in lines:
        edges = [line.start_s, *(t for w in line.words for t in (w.start_s, w.end_s)), line.end_s]
        assert edges == sorted(edges)


@settings(max_examples=examples(60), deadline=None)
@given(seeds)
def test_every_correction_is_kept_in_a_new_run_or_listed(chance: random.Random) -> None:
    old = Heard(1, spoken(chance, 40.0), (Unheard(0.0, 0.3),))
    said = numbered(made(chance, tidy(old.segments), 5), 1)
    new = Heard(2, heard_anew(chance, old.segments))
    text = apply(new, said, {1: old})
    assert {p.correction_id for p in text.placements} == {c.id for c in said}
    stands = {(x.start_s, x.end_s, x.text, x.language, x.speaker) for x in text.lines}
    for correction in said:
        for line in correction.lines:
            assert (line.start_s, line.end_s, line.text, line.language, line.speaker) in stands
        # In its range the person wins: no machine's word is heard there.
        there = [
            line
            for line in text.lines
            if line.start_s < correction.end_s and line.end_s > correction.start_s
        ]
        assert [line.text for line in there] == [line.text for line in correction.lines]
    must_be_in_order(text.lines, 60.0)


@settings(max_examples=examples(25), deadline=None)
@given(seeds)
def test_disjoint_corrections_end_the_same_in_any_order(chance: random.Random) -> None:
    old = Heard(1, spoken(chance, 30.0))
    new = Heard(2, heard_anew(chance, old.segments))
    first = made(chance, tidy(old.segments), 4)
    there = apply(new, numbered(first, 1), {1: old}).lines
    second = made(chance, there, 3)

    def end(a: Sequence[Correction], b: Sequence[Correction]) -> tuple[Segment, ...]:
        said = [*numbered(a, 1), *numbered(b, 2, since=len(a) + 1)]
        text = apply(new, said, {1: old})
        # What is kept step by step is what is made from nothing.
        step = apply(new, numbered(a, 1), {1: old}).lines
        for correction in b:
            must_stand(step, correction)
            step = corrected(step, correction)
        assert step == text.lines
        must_be_in_order(text.lines, 60.0)
        return text.lines

    ended = end(first, second)
    for _ in range(3):
        a, b = chance.sample(first, len(first)), chance.sample(second, len(second))
        assert end(a, b) == ended
    last = Heard(3, heard_anew(chance, new.segments))
    said = [*numbered(first, 1), *numbered(second, 2, since=len(first) + 1)]
    text = apply(last, said, {1: old, 2: new})
    texts = [line.text for line in text.lines]
    assert all(line.text in texts for one in said for line in one.lines)


@settings(max_examples=examples(40), deadline=None)
@given(seeds)
def test_a_run_between_two_corrections_changes_nothing_where_it_hears_lines_at_the_same_times(
    chance: random.Random,
) -> None:
    old = Heard(1, spoken(chance, 30.0))
    lines = tidy(old.segments)
    new = Heard(2, tuple(segment(list(misheard(chance, line))) for line in lines))
    said = made(chance, lines, 4)
    ends = [
        apply(
            new,
            [*numbered(said[:n], 1), *numbered(said[n:], 2, since=n + 1)],
            {1: old},
        ).lines
        for n in range(len(said) + 1)
    ]
    assert all(content(end) == content(ends[0]) for end in ends)


def test_words_at_the_edge_follow_their_text_and_not_their_time() -> None:
    def words(*said: tuple[float, float, str]) -> list[Word]:
        return [Word(*one, 0.9) for one in said]

    old = Heard(1, (
        segment(words((0.0, 1.0, "alpha"), (1.0, 2.0, "beta"))),
        segment(words((2.0, 3.0, "gamma"), (3.0, 4.0, "delta"))),
        segment(words((4.0, 5.0, "epsilon"), (5.0, 6.0, "zeta"))),
    ))  # fmt: skip
    shifted = words(
        (0.4, 1.4, "alpha"), (1.4, 2.8, "beta"), (2.8, 3.4, "gamma"), (3.4, 4.7, "delta"),
        (4.7, 5.4, "epsilon"), (5.4, 6.0, "zeta"),
    )  # fmt: skip
    new = Heard(2, (segment(shifted),))
    said = [
        replace(replacing(old.segments[1:2], [Line(2, 4, "Gamma, delta!")], "Ona"), id=1, run_id=1)
    ]
    text = apply(new, said, {1: old})
    assert content(text.lines) == [
        (0.4, 2.0, "alpha beta", "ok"),
        (2.0, 4.0, "Gamma, delta!", "corrected"),
        (4.7, 6.0, "epsilon zeta", "ok"),
    ]
    assert [p.how for p in text.placements] == ["text"]


def test_what_text_does_not_tell_is_placed_by_time_and_said_so() -> None:
    old = Heard(
        1, (segment([Word(0.0, 2.0, "alpha", 0.9)]), segment([Word(2.0, 4.0, "beta", 0.9)]))
    )
    new = Heard(2, (segment([Word(0.0, 1.9, "qqq", 0.9), Word(2.1, 4.0, "www", 0.9)]),))
    said = [replace(replacing(old.segments[1:], [Line(2, 4, "Beta.")], "Ona"), id=1, run_id=1)]
    text = apply(new, said, {1: old})
    assert [line.text for line in text.lines] == ["qqq", "Beta."]
    assert [(p.how, p.detail) for p in text.placements] == [
        ("time", "0 of 1 words were heard again")
    ]
    assert [p.how for p in apply(Heard(3), said, {1: old}).placements] == ["nowhere"]


def test_close_to_what_is_private_a_word_that_nobody_knows_goes_too() -> None:
    old = Heard(
        1, (segment([Word(0.0, 2.0, "alpha", 0.9)]), segment([Word(2.0, 4.0, "Kazys", 0.9)]))
    )
    new = Heard(2, (segment([Word(0.0, 1.5, "alpha", 0.9), Word(1.5, 2.2, "Kazimierz", 0.5)]),))
    for private, texts in ((False, ["alpha Kazimierz", "He."]), (True, ["alpha", "He."])):
        one = replacing(old.segments[1:], [Line(2, 4, "He.")], "Ona", former_private=private)
        text = apply(new, [replace(one, id=1, run_id=1)], {1: old})
        assert [line.text for line in text.lines] == texts


def test_in_what_is_private_no_word_is_kept_for_its_likeness_to_those_around() -> None:
    old = Heard(
        1,
        (
            segment([Word(0.0, 3.0, "alpha", 0.9)]),
            segment([Word(3.0, 4.0, "Petras", 0.9)]),
            segment([Word(4.0, 5.0, "kazlas", 0.9)]),
        ),
    )
    new = Heard(2, (segment([Word(0.0, 3.0, "alpha", 0.9), Word(3.1, 3.9, "kazlas", 0.5)]),))
    for private, texts in ((False, ["alpha", "He.", "kazlas"]), (True, ["alpha", "He."])):
        one = replacing(old.segments[1:2], [Line(3, 4, "He.")], "Ona", former_private=private)
        text = apply(new, [replace(one, id=1, run_id=1)], {1: old})
        assert [line.text for line in text.lines] == texts


# Through the archive


@pytest.fixture
def renewed(folder: Folder) -> Folder:
    """An archive with a published recording of 24 s, two corrections, and a run that waits."""
    folder.tone("a.wav", 24.0)
    folder.sidecar("a", ["a.wav"], access="public", languages=["pl"], title="A life")
    folder.run(FakeEngine(lambda clip: SAID))
    with folder.open() as archive:
        lines = [line for _, line in archive.lines(only(archive))]
        asked = [
            replacing(lines[1:2], [Line(3, 6, "Four, five, six!", "pl")], "Ona"),
            replacing(lines[3:4], [], "Ona"),
        ]
        archive.correct(only(archive), asked)
    assert folder.run()[2].ok
    report = folder.transcribe(FakeEngine(lambda clip: HEARD), again=True)
    assert report.done and any("1 new transcript waits" in note for note in report.notes)
    return folder


def only(archive: Archive) -> Recording:
    return archive.recordings()[0]


def texts(folder: Folder) -> list[str]:
    with folder.open() as archive:
        return [line.text for _, line in archive.lines(only(archive))]


def test_a_new_run_waits_and_nothing_that_counts_changes(renewed: Folder) -> None:
    assert "Ten eleven twelve." in texts(renewed)
    assert renewed.command("publish").stdout.startswith("publish: 0 published")
    again = renewed.transcribe(FakeEngine(lambda clip: HEARD))
    assert not again.done and again.unchanged == ["a.wav"]
    (standing,) = json.loads(renewed.command("status", "--json").stdout)["testimonies"]
    assert any("1 new transcript:" in what for what in standing["waiting"])


def test_accepting_keeps_every_correction(renewed: Folder) -> None:
    result = renewed.command("accept", "a")
    assert result.returncode == 0 and "accept: 1 accepted" in result.stdout
    assert texts(renewed) == [
        "One two three.", "Four, five, six!", "Seven eight nine.",
        "For five six.", "Seven eight nine.", "Ten eleven dwelve.", "Ten eleven dwelve.",
    ]  # fmt: skip
    with renewed.open() as archive:
        assert only(archive).waiting_run_id is None
        assert [p.how for p in archive.placements(only(archive))] == ["text", "text"]
        run = archive.run(only(archive).current_run_id or 0)
        assert run["based_on"] == 3 and run["settings"] is None
        assert archive.events(only(archive).id)[-1]["detail"] == {"accepted_run": 3}
    assert renewed.command("publish").stdout.startswith("publish: 1 published")
    assert renewed.command("verify").returncode == 0
    assert renewed.command("accept", "--all").stdout.startswith("accept: 0 accepted")


def test_what_was_placed_by_time_is_listed_until_a_person_says_it_is_right(
    renewed: Folder,
) -> None:
    renewed.transcribe(FakeEngine(lambda clip: "Quite other words. " * 8), again=True)
    with renewed.open() as archive:
        report = accept.accept(archive, ())
    assert any("placed by its time only" in note for note in report.notes)

    def listed() -> list[str]:
        (standing,) = json.loads(renewed.command("status", "--json").stdout)["testimonies"]
        return [one["after"] for one in standing["unsure_corrections"]]

    assert "Four, five, six!" in listed()
    table = " ".join(renewed.command("status").stdout.split())
    assert "does not bear out" in table and "a.wav 0:03" in table
    with renewed.open() as archive:
        line = next(x for _, x in archive.lines(only(archive)) if x.state == "corrected")
        again = Line(line.start_s, line.end_s, line.text, line.language, line.speaker)
        archive.correct(only(archive), [replacing([line], [again], "Jan")])
    assert "Four, five, six!" not in listed()


def test_replace_lets_a_new_run_count_at_once(folder: Folder) -> None:
    folder.config(languages=["pl"], new_runs="replace")
    folder.tone("a.wav", 24.0)
    folder.sidecar("a", ["a.wav"], access="public", languages=["pl"])
    folder.run(FakeEngine(lambda clip: SAID))
    with folder.open() as archive:
        lines = [line for _, line in archive.lines(only(archive))]
        archive.correct(only(archive), [replacing(lines[:1], [Line(0, 3, "One, two.")], "Ona")])
    folder.transcribe(FakeEngine(lambda clip: HEARD), again=True)
    assert texts(folder)[:2] == ["One, two.", "For five six."]


def test_accept_wants_to_know_what(renewed: Folder) -> None:
    for words in ((), ("a", "--all")):
        result = renewed.command("accept", *words)
        assert result.returncode == 2 and "either testimonies or --all" in result.stderr


def test_diff_shows_both_side_by_side(renewed: Folder) -> None:
    said = renewed.command("diff", "a")
    assert said.returncode == 0
    assert "[-Four five-] six." not in said.stdout  # a person has said what was said there
    assert "[-Four-] five six." in said.stdout and "{+For+} five six." in said.stdout
    (part,) = json.loads(renewed.command("diff", "a", "--json").stdout)["parts"]
    assert part["waits"] and (part["left"], part["right"]) == ("what counts", "the new transcript")
    assert renewed.command("accept", "a").returncode == 0
    (part,) = json.loads(renewed.command("diff", "a", "--json").stdout)["parts"]
    assert (part["left"], part["right"]) == ("the machine's words", "what counts")
    changed = [row for row in part["rows"] if not row["same"]]
    assert [[token["text"] for token in row["right"]] for row in changed] == [
        ["Four,", "five,", "six!"], []
    ]  # fmt: skip


def test_every_word_is_in_one_row_of_the_comparison() -> None:
    chance = random.Random(5)
    old = spoken(chance, 200.0)
    new = heard_anew(chance, old)
    rows = side_by_side(old, new)
    assert [t.text for row in rows for t in row.left] == [w.text for x in old for w in x.words]
    assert [t.text for row in rows for t in row.right] == [w.text for x in new for w in x.words]
    same = sum(token.same for row in rows for token in row.left)
    assert same > 0.6 * sum(len(row.left) for row in rows)


# The real thing


@pytest.mark.real
def test_every_correction_survives_the_other_engine(folder: Folder) -> None:
    folder.config(models={"default": "base"}, languages=["pl"], threads=1)
    name = "sample-pl-b.mp3"
    samples = audio.decode(REPOSITORY / "recordings" / name, shown=name).cut(0.0, 16.0)
    with wave.open(str(folder.root / "recordings" / "b.wav"), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    folder.sidecar("b", ["b.wav"], access="public", languages=["pl"])
    assert folder.command("run").returncode == 0
    with folder.open() as archive:
        lines = [line for _, line in archive.lines(only(archive))]
        asked = []
        for n, line in enumerate(lines):
            new = Line(line.start_s, line.end_s, f"{line.text} Sprawdzone {n}.", "pl", "Anna")
            asked.append(replacing([line], [new] if n % 3 else [], "Anna"))
        asked = asked[::2]
        archive.correct(only(archive), asked)
    assert folder.command("publish").returncode == 0
    published = folder.command("search", "sprawdzone", "--public", "--json").stdout
    again = folder.command("transcribe", "--again", "--engine", "openai-whisper")
    assert again.returncode == 0 and "1 new transcript waits" in again.stdout
    assert folder.command("publish").stdout.startswith("publish: 0 published")
    assert folder.command("search", "sprawdzone", "--public", "--json").stdout == published
    assert folder.command("accept", "--all").returncode == 0
    with folder.open() as archive:
        now = [line for _, line in archive.lines(only(archive))]
        stands = {(line.start_s, line.end_s, line.text, line.state) for line in now}
        for correction in asked:
            there = [
                line
                for line in now
                if line.start_s < correction.end_s and line.end_s > correction.start_s
            ]
            assert [line.text for line in there] == [line.text for line in correction.lines]
            for line in correction.lines:
                assert (line.start_s, line.end_s, line.text, "corrected") in stands
        placed = archive.placements(only(archive))
        assert len(placed) == len(asked)
        run = archive.run(only(archive).current_run_id or 0)
        assert run["engine"] == "openai-whisper"
    assert folder.command("verify").returncode == 0
