"""Samples for correction, and what they say of everything: drawn fairly, estimated honestly."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import accuracy, estimate
from pipeline.accuracy import Figure
from pipeline.corrections import Line, replacing
from pipeline.engines.fake import FakeEngine
from pipeline.holdings import read_holdings
from pipeline.publish import publish
from pipeline.report import Silent
from pipeline.samples import Design, Sampled
from pipeline.site import app
from pipeline.withdraw import withdraw
from tests.conftest import Folder


def archive_of_lines(rng: np.random.Generator, testimonies: int) -> tuple[np.ndarray, np.ndarray]:
    """Words and wrong words of 3,000 lines: some testimonies and some lines are far worse."""
    rate = rng.beta(2, 5, testimonies)[rng.integers(0, testimonies, 3000)]
    words = np.maximum(1, rng.lognormal(2.0, 0.7, 3000).astype(int))
    return words, rng.binomial(words, rng.beta(rate * 2, (1 - rate) * 2))


@pytest.mark.parametrize(("testimonies", "lines"), [(1, 50), (6, 30), (20, 100)])
def test_the_interval_has_the_true_rate_in_95_of_100_samples(testimonies: int, lines: int) -> None:
    rng = np.random.default_rng(testimonies * lines)
    inside = 0
    for _ in range(200):
        words, wrong = archive_of_lines(rng, testimonies)
        drawn = rng.choice(3000, lines, replace=False)
        found = estimate.interval(wrong[drawn].tolist(), words[drawn].tolist())
        assert found is not None
        inside += found[0] <= wrong.sum() / words.sum() <= found[1]
    assert 0.91 <= inside / 200 <= 0.98


def test_few_lines_have_no_interval() -> None:
    assert estimate.interval([1] * 29, [10] * 29) is None
    assert estimate.interval([1] * 30, [10] * 30) is not None
    assert estimate.interval([1] * 30, [0] * 30) is None


def test_no_error_in_a_sample_is_not_no_error_at_all() -> None:
    assert estimate.interval([0] * 60, [10] * 60) == (0.0, 0.05)


def test_the_same_lines_have_the_same_interval() -> None:
    edits, words = [0, 3, 1, 0, 5] * 8, [10, 9, 4, 12, 7] * 8
    first = estimate.interval(edits, words)
    assert first == estimate.interval(edits, words)
    assert first is not None and first[0] < sum(edits) / sum(words) < first[1]


# Drawing


TEXT = "Zabrali zboże zimą. Została tylko stara krowa. Mama płakała całą noc."


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Three testimonies of two recordings each, six lines in each recording."""
    folder = Folder(tmp_path_factory.mktemp("sampling") / "archive")
    for ident in ("a", "b", "c"):
        for part in ("1", "2"):
            folder.tone(f"{ident}{part}.wav", 12.0, pitch_hz=200 + ord(ident) * 5 + int(part) * 90)
        folder.sidecar(ident, [f"{ident}1.wav", f"{ident}2.wav"], access="public")
    folder.run(FakeEngine(lambda clip: f"{TEXT} {TEXT}"))
    return folder


@pytest.fixture
def transcribed(made: Folder, tmp_path: Path) -> Folder:
    return made.copy(tmp_path / "archive")


def draw(folder: Folder, design: Design, seed: int = 1) -> list[Sampled]:
    with folder.open() as archive:
        return list(archive.sample(design, seed))


def test_the_same_seed_gives_the_same_lines_and_another_gives_others(transcribed: Folder) -> None:
    first = draw(transcribed, Design(10))
    assert len({one.segment_id for one in first}) == 10
    assert draw(transcribed, Design(10)) == first
    second = draw(transcribed, Design(10), seed=2)
    assert not {one.segment_id for one in first} & {one.segment_id for one in second}
    rest = draw(transcribed, Design(100), seed=3)
    assert len(first) + len(second) + len(rest) == 36


def test_a_sample_is_of_what_was_asked_for(transcribed: Folder) -> None:
    assert {one.testimony_id for one in draw(transcribed, Design(100, testimonies=("b",)))} == {"b"}
    assert draw(transcribed, Design(100, language="ru")) == []
    assert {one.language for one in draw(transcribed, Design(5, language="pl"))} == {"pl"}


def test_what_is_withdrawn_is_not_drawn(transcribed: Folder) -> None:
    with transcribed.open() as archive:
        assert withdraw(archive, transcribed.settings(), "a", "asked", Silent()).ok
    assert {one.testimony_id for one in draw(transcribed, Design(100))} == {"b", "c"}


# What is counted


def correct(folder: Folder, one: Sampled, text: str | None) -> None:
    """A person hears one drawn line and says what was said; None: nothing."""
    with folder.open() as archive:
        recording = archive.recording_at(one.path)
        assert recording is not None
        present = [line for _, line in archive.lines(recording) if line.start_s == one.start_s]
        lines = [] if text is None else [Line(one.start_s, one.end_s, text, one.language)]
        archive.correct(recording, [replacing(present, lines, "Ona")])


def measured(folder: Folder, *, published: bool = False) -> dict[tuple[str | None, ...], Figure]:
    with folder.open() as archive:
        holdings = read_holdings(archive, folder.settings())
        items = holdings.allowed("public") if published else holdings.items
        found = accuracy.figures(archive, items, published=published)
    return {(one.testimony_id, one.language, one.model): one for one in found}


def test_the_machines_words_are_compared_with_a_persons(transcribed: Folder) -> None:
    drawn = draw(transcribed, Design(36))
    for n, one in enumerate(drawn):
        words = one.text.split()
        wrong = [*words[:-1], "inaczej"] if n < 12 else words
        correct(transcribed, one, " ".join(wrong))
    found = measured(transcribed)
    everything = found[None, "pl", None]
    spoken = sum(len(one.text.split()) for one in drawn)
    assert (everything.drawn, everything.heard, everything.words) == (36, 36, spoken)
    assert everything.wer == round(12 / spoken, 4)
    assert everything.wer_low is not None and everything.wer_high is not None
    assert everything.wer_low < 12 / spoken < everything.wer_high
    by_model = found[None, "pl", "fake"]
    assert (by_model.wer, by_model.heard) == (everything.wer, 36)
    for ident in "abc":
        assert found[ident, "pl", None].heard == 12
        assert found[ident, "pl", None].wer_low is None  # too few


def test_confirmed_lines_are_heard_and_without_errors(transcribed: Folder) -> None:
    drawn = draw(transcribed, Design(3))
    correct(transcribed, drawn[0], drawn[0].text)
    figure = measured(transcribed)[None, "pl", None]
    assert (figure.drawn, figure.heard, figure.wer, figure.wer_low) == (3, 1, 0.0, None)


def test_right_lines_are_confirmed_by_their_numbers_and_all_or_none(transcribed: Folder) -> None:
    drawn = draw(transcribed, Design(4))
    numbers = [str(one.segment_id) for one in drawn]
    options = [word for number in numbers[:3] for word in ("--right", number)]
    wrong = transcribed.command("sample", *options, "--right", "999999", "--who", "Ona")
    assert wrong.returncode == 2 and "segment 999999: was not drawn." in wrong.stderr
    assert measured(transcribed)[None, "pl", None].heard == 0
    for _ in range(2):
        said = transcribed.command("sample", "--segments", "4", *options, "--who", "Ona")
        assert said.returncode == 0, said.stderr
    assert "3 lines are right, says Ona." in said.stdout + said.stderr
    figure = measured(transcribed)[None, "pl", None]
    assert (figure.heard, figure.wer) == (3, 0.0)
    with transcribed.open() as archive:
        said_by = [c.who for r in archive.recordings() for c in archive.corrections(r)]
    assert said_by == ["Ona"] * 3


def test_a_line_where_nothing_was_said_is_all_errors(transcribed: Folder) -> None:
    drawn = draw(transcribed, Design(2))
    correct(transcribed, drawn[0], None)
    correct(transcribed, drawn[1], drawn[1].text)
    figure = measured(transcribed)[None, "pl", None]
    words = [len(one.text.split()) for one in drawn]
    assert (figure.words, figure.wer) == (words[1], round(words[0] / words[1], 4))


def test_what_was_corrected_and_not_drawn_does_not_count(transcribed: Folder) -> None:
    drawn = draw(transcribed, Design(36))
    with transcribed.open() as archive:
        archive.db["samples"].delete_where("id > 5")
    correct(transcribed, drawn[20], "Zupełnie co innego było")
    figure = measured(transcribed)[None, "pl", None]
    assert (figure.drawn, figure.heard, figure.wer) == (5, 0, None)


def test_what_a_person_corrected_before_the_draw_counts_at_once(transcribed: Folder) -> None:
    worst = draw(transcribed, Design(36))[7]
    with transcribed.open() as archive:
        archive.db["samples"].delete_where()
    correct(transcribed, worst, "Zupełnie co innego było")
    drawn = draw(transcribed, Design(36))
    assert worst.segment_id in {one.segment_id for one in drawn}
    assert measured(transcribed)[None, "pl", None].heard == 1


def test_two_lines_made_one_keep_the_errors_of_each(transcribed: Folder) -> None:
    drawn = sorted(draw(transcribed, Design(36)), key=lambda one: (one.path, one.start_s))
    first, second = drawn[0], drawn[1]
    assert first.path == second.path
    with transcribed.open() as archive:
        recording = archive.recording_at(first.path)
        assert recording is not None
        present = [line for _, line in archive.lines(recording)][:2]
        said = f"{first.text} {second.text} dopiero"
        line = Line(present[0].start_s, present[1].end_s, said)
        archive.correct(recording, [replacing(present, [line], "Ona")])
        errors = accuracy.compared(archive, drawn)
    assert errors[first.segment_id].word_edits == 0
    assert errors[second.segment_id].word_edits == 1
    assert set(errors) == {first.segment_id, second.segment_id}


def test_a_second_correction_of_a_line_is_what_counts(transcribed: Folder) -> None:
    one = draw(transcribed, Design(1))[0]
    correct(transcribed, one, "Coś zupełnie innego")
    before = measured(transcribed)[None, "pl", None].wer
    correct(transcribed, one, one.text)
    assert (measured(transcribed)[None, "pl", None].wer, bool(before)) == (0.0, True)


def test_lines_of_a_former_run_tell_of_its_model_and_not_of_what_counts(
    transcribed: Folder,
) -> None:
    for one in draw(transcribed, Design(36)):
        correct(transcribed, one, one.text)
    transcribed.transcribe(FakeEngine(lambda clip: f"{TEXT} {TEXT}"), again=True)
    with transcribed.open() as archive:
        archive.db.execute(
            "UPDATE recordings SET current_run_id ="
            " (SELECT max(id) FROM runs WHERE recording_id = recordings.id AND settings NOT NULL)"
        )
        archive.db.conn.commit()
        assert not any(one.counts for one in archive.samples())
    found = measured(transcribed)
    assert (None, "pl", None) not in found and ("a", "pl", None) not in found
    assert (found[None, "pl", "fake"].heard, found[None, "pl", "fake"].wer) == (36, 0.0)
    assert draw(transcribed, Design(36), seed=2)[0].counts


# What is published of it


def published_rows(folder: Folder, file: str = "public.db") -> list[dict[str, Any]]:
    with closing(sqlite3.connect(folder.root / "publication" / file)) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute("SELECT * FROM quality ORDER BY id")]


def publish_now(folder: Folder, **options: Any) -> None:
    with folder.open() as archive:
        report = publish(archive, folder.settings(), Silent(), **options)
    assert report.ok, report.problems


def test_figures_are_published_and_only_where_there_are_enough(transcribed: Folder) -> None:
    publish_now(transcribed)
    assert published_rows(transcribed) == []
    for one in draw(transcribed, Design(36)):
        correct(transcribed, one, one.text)
    publish_now(transcribed)
    rows = published_rows(transcribed)
    by_language = [r for r in rows if (r["testimony_id"], r["language"], r["model"])
                   == (None, "pl", None)]  # fmt: skip
    assert [(r["heard"], r["wer"], r["wer_high"]) for r in by_language] == [(36, 0, 0.0833)]
    of_one = [r for r in rows if r["testimony_id"] == "a" and r["language"] == "pl"]
    assert [(r["heard"], r["wer"], r["wer_low"]) for r in of_one] == [(12, None, None)]
    publish_now(transcribed, anew=True)
    assert published_rows(transcribed) == rows


def test_what_is_closed_or_redacted_moves_no_published_figure(transcribed: Folder) -> None:
    drawn = draw(transcribed, Design(36))
    hidden = next(one for one in drawn if one.path == "b2.wav")
    redaction = {"recording": "b2.wav", "start_s": hidden.start_s, "end_s": hidden.end_s,
                 "reason": "a third person"}  # fmt: skip
    transcribed.sidecar("a", ["a1.wav", "a2.wav"], access="closed")
    transcribed.sidecar("b", ["b1.wav", "b2.wav"], access="public", redactions=[redaction])
    transcribed.run()
    before = published_rows(transcribed)
    assert before and not any(row["testimony_id"] == "a" for row in before)
    for one in drawn:
        touched = one.path == "b2.wav" and (
            one.start_s <= hidden.end_s and hidden.start_s <= one.end_s
        )
        if one.testimony_id == "a" or touched:
            correct(transcribed, one, "Zupełnie co innego")
    publish_now(transcribed)
    assert published_rows(transcribed) == before
    assert (measured(transcribed)[None, "pl", None].wer or 0) > 0


def test_a_withdrawn_testimony_leaves_the_figures(transcribed: Folder) -> None:
    draw(transcribed, Design(36))
    publish_now(transcribed)
    assert any(row["testimony_id"] == "a" for row in published_rows(transcribed))
    with transcribed.open() as archive:
        assert withdraw(archive, transcribed.settings(), "a", "asked", Silent()).ok
    rows = published_rows(transcribed)
    assert not any(row["testimony_id"] == "a" for row in rows)
    assert [r["drawn"] for r in rows if r["language"] == "pl" and not r["testimony_id"]] == [24, 24]


def test_the_commands_say_what_was_drawn_and_what_it_says(transcribed: Folder) -> None:
    said = transcribed.command("sample", "--segments", "4", "--json")
    assert said.returncode == 0, said.stderr
    lines = json.loads(said.stdout)["lines"]
    assert len(lines) == 4 and not any(line["heard"] for line in lines)
    assert {"testimony_id", "start_s", "end_s", "text", "path"} <= set(lines[0])
    assert transcribed.command("sample", "--segments", "4", "--json").stdout == said.stdout
    table = transcribed.command("sample", "--segments", "4")
    assert "4 lines, of which 0 were heard" in table.stdout and "testimony correct" in table.stdout
    figures = json.loads(transcribed.command("quality", "--json").stdout)["figures"]
    assert {figure["drawn"] for figure in figures if figure["language"] == "pl"} >= {4}
    assert "0 of 4" in transcribed.command("quality").stdout
    wrong = transcribed.command("sample", "nobody")
    assert (wrong.returncode, "nobody: is no testimony" in wrong.stderr) == (2, True)


async def test_the_page_says_it_in_words_and_numbers(transcribed: Folder) -> None:
    publish_now(transcribed)
    site = app.build(transcribed.root)
    assert "Nobody has measured this here yet." in (await site.client.get("/quality")).text
    drawn = draw(transcribed, Design(36))
    for n, one in enumerate(drawn):
        words = one.text.split()
        correct(transcribed, one, " ".join([*words[:-1], "inaczej"] if n % 3 == 0 else words))
        if n == 5:
            publish_now(transcribed)
            page = await app.build(transcribed.root).client.get("/quality")
            assert "Polish: too few lines have been heard yet to say." in page.text
    publish_now(transcribed)
    site = app.build(transcribed.root)
    (row,) = [r for r in published_rows(transcribed) if not r["testimony_id"] and not r["model"]
              and r["language"]]  # fmt: skip
    about, low, high = (round(100 * row[f"wer{end}"]) for end in ("", "_low", "_high"))
    sentence = f"Polish: of 100 words about {about} are wrong; between {low} and {high}."
    assert low < about < high
    page = (await site.client.get("/quality")).text
    assert sentence in page and "36 / 36" in page and "fake, fake" in page
    assert sentence in (await site.client.get("/testimony/a")).text
    in_polish = (await site.client.get("/quality?lang=pl")).text
    assert "na 100 słów" in in_polish
