"""What can be typed into the search box, and what it finds."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from pipeline import edition, hits, search, searchindex, terms, vocabulary
from pipeline.errors import QueryError
from pipeline.query import Sought, parse
from tests import history
from tests.conftest import REPOSITORY

SAID = {
    "pl": ["Jechaliśmy trzy tygodnie w wagonie.", "Mama oddała mi chleb w nocy.",
           "Wagon stał na stacji.", "Dwa wagony i mama.", "Kiszyniów"],
    "lt": ["Važiavome vagone tris savaites.", "Mama atidavė man duoną.", "Tremtiniai grįžo."],
    "uk": ["Ми їхали у вагоні до Києва.", "Мама дала мені хліба."],
    "ru": ["Нас везли в вагонах на север."],
    "ro": ["Ne-au dus cu vagoanele.", "Țara și oamenii ei."],
}  # fmt: skip
WHEN = {"pl": "1993-05", "lt": "1998~", "uk": None, "ru": "2001", "ro": "1989-12-01"}
QUERIES = st.one_of(
    st.text(max_size=80),
    st.lists(
        st.sampled_from(
            ["mama", "wagon*", '"w nocy"', '"', "OR", "AND", "NEAR", "NEAR/3", "NEAR(mama chleb, 2)",
             "-", "-chleb", "event:vagonas", "event:priboi", 'event:"cattle wagon"',
             "-event:priboi", "event:", "place:Kijów", "place:Šiauliai", "cattle wagon", "(", ")", "*", "lang:lt", "place:", "before:1995", "before:x", "a:b",
             "key:x", "ї", "Київ", "^", "{", "}", ":", "NOT", "😀", "\x00", "'", "ł"]
        ),
        max_size=12,
    ).map(" ".join),
)  # fmt: skip


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    root = tmp_path_factory.mktemp("archive")
    history.write(root)
    tables = terms.Tables.made_of(vocabulary.load(root), "1")
    db = Database(sqlite3.connect(":memory:"))
    edition.create_tables(db)
    terms.fill(db, tables)
    ident = 0
    for language, texts in SAID.items():
        place = "Šiauliai" if language == "lt" else None
        db.table("testimonies").insert(
            {"id": language, "title": language, "place": place, "recorded_on": WHEN[language],
             "narrator": f"Ona {language}"}
        )  # fmt: skip
        db.table("recordings").insert({"id": language, "testimony_id": language, "part": 1})
        for n, text in enumerate(texts, start=1):
            ident += 1
            db.table("segments").insert(
                {"id": ident, "testimony_id": language, "recording_id": language, "n": n,
                 "start_s": n, "end_s": n + 1, "text": text, "language": language}
            )  # fmt: skip
        terms.link(db, tables, language)
        searchindex.add(db, language)
    searchindex.finish(db)
    yield db.conn
    db.close()


def texts(archive: sqlite3.Connection, typed: str, language: str | None = None) -> list[str]:
    return [hit.text for hit in search.find(archive, typed, language).hits]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("wagonów", ["Wagon stał na stacji.", "Dwa wagony i mama.",
                     "Jechaliśmy trzy tygodnie w wagonie."]),
        ("vagonas", ["Važiavome vagone tris savaites."]),
        ("tremtinys", ["Tremtiniai grįžo."]),
        ("vaziuoti", ["Važiavome vagone tris savaites."]),
        ("хліб", ["Мама дала мені хліба."]),
        ("khlib", ["Мама дала мені хліба."]),
        ("Kyiv", ["Ми їхали у вагоні до Києва."]),
        ("tara", ["Țara și oamenii ei."]),
        ("Ţara", ["Țara și oamenii ei."]),
        ('"w nocy"', ["Mama oddała mi chleb w nocy."]),
        ('"nocy w"', []),
        ('"mama oddala"', ["Mama oddała mi chleb w nocy."]),
        ("tremt*", ["Tremtiniai grįžo."]),
        ("mama -chleb lang:pl", ["Dwa wagony i mama."]),
        ("chleb OR stacja", ["Wagon stał na stacji.", "Mama oddała mi chleb w nocy."]),
        ("mama NEAR/1 wagon", ["Dwa wagony i mama."]),
        ("mama NEAR chleb lang:pl", ["Mama oddała mi chleb w nocy."]),
        ("tydzień NEAR/1 wagon", ["Jechaliśmy trzy tygodnie w wagonie."]),
        ("jechać NEAR/1 wagon", []),
        ("mama place:siauliai", ["Mama atidavė man duoną."]),
        ("vago* before:1990", ["Ne-au dus cu vagoanele."]),
        ("мама after:1990 lang:uk", []),
        ("mama narrator:pl -wagon", ["Mama oddała mi chleb w nocy."]),
    ],
)  # fmt: skip
def test_a_query_finds(archive: sqlite3.Connection, typed: str, found: list[str]) -> None:
    assert sorted(texts(archive, typed)) == sorted(found)


def test_without_a_language_every_language_is_read(archive: sqlite3.Connection) -> None:
    assert len(texts(archive, "mama")) == 4
    assert texts(archive, "mama", "lt") == ["Mama atidavė man duoną."]


def test_the_form_as_typed_comes_first(archive: sqlite3.Connection) -> None:
    assert texts(archive, "wagonie")[0] == "Jechaliśmy trzy tygodnie w wagonie."
    assert texts(archive, "wagony")[0] == "Dwa wagony i mama."


def test_what_was_found_is_marked(archive: sqlite3.Connection) -> None:
    (hit,) = search.find(archive, 'chleba "w nocy"').hits
    assert hit.marked == "Mama oddała mi \x02chleb\x03 \x02w\x03 \x02nocy\x03."


def test_a_typo_is_put_right_only_where_nothing_is_found(archive: sqlite3.Connection) -> None:
    found = search.find(archive, "Kiszynoiw")
    assert (found.corrected, found.meant, found.total) == (True, "kiszyniów", 1)
    found = search.find(archive, "mama OR Kiszynoiw")
    assert (found.corrected, found.meant) == (False, "mama OR kiszyniów")
    assert search.find(archive, "xyzzyx").meant is None


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "type at least one word"),
        ('""', "type at least one word"),
        ("OR mama", "OR needs a word on both sides"),
        ("mama OR", "OR needs a word on both sides"),
        ("mama NEAR", "NEAR needs a word on both sides"),
        ('mama NEAR "w nocy"', "NEAR joins single words"),
        ("-mama", "type a word to look for as well"),
        ("narrator:Ona", "narrator: only narrows"),
        ("place:Vorkuta -mama", "type a word to look for as well"),
        ("-event:priboi", "type a word to look for as well"),
        ("mama -lang:lt", "-lang: is not known here"),
        ("mama NEAR event:priboi", "NEAR joins single words"),
        ("event:x OR", "OR needs a word on both sides"),
        ("before:soon mama", "before: needs a year"),
        ("author:me mama", '"author:" is not known'),
        ("m*", "at least 2 letters"),
        ("a " * 30, "at most 20 words"),
        ("a" * 501, "at most 500 characters"),
    ],
)
def test_a_wrong_query_is_explained_in_a_sentence(typed: str, sentence: str) -> None:
    with pytest.raises(QueryError, match=sentence):
        parse(typed)


def test_what_people_know_from_elsewhere_is_read() -> None:
    query = parse('mama „w nocy” wagon* (a1 OR b1) -Kraków-Płaszów NEAR(x1 y1, 4) lang:"lt"')
    assert query.wanted == (
        (Sought(("mama",)),),
        (Sought(("w", "nocy"), exact=True),),
        (Sought(("wagon",), beginning=True),),
        (Sought(("a1",)), Sought(("b1",))),
        (Sought(("x1", "y1"), within=4),),
    )
    assert query.unwanted == (Sought(("kraków", "płaszów")),)
    assert query.limits == {"lang": "lt"}


@settings(max_examples=300, deadline=None)
@given(QUERIES)
def test_no_query_is_an_error_of_the_program(archive: sqlite3.Connection, typed: str) -> None:
    try:
        search.find(archive, typed)
    except QueryError as error:
        assert str(error).endswith(".")


def test_a_query_that_takes_too_long_is_stopped(
    archive: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "TIME_LIMIT_S", 0.01)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    monkeypatch.setattr(hits, "_HITS_SQL", f"{endless} WHERE i IN (SELECT value FROM json_each(?))")
    began = time.monotonic()
    with pytest.raises(QueryError, match="took too long"):
        search.find(archive, "mama")
    assert time.monotonic() - began < 5


def test_more_than_can_be_counted_is_said_and_taken_from_everywhere() -> None:
    db = Database(sqlite3.connect(":memory:"))
    edition.create_tables(db)
    db.table("testimonies").insert({"id": "t", "title": "T"})
    for n in range(30):
        db.table("recordings").insert({"id": f"r{n}", "testimony_id": "t", "part": n})
        db.table("segments").insert_all(
            {"id": n * 100 + i, "testimony_id": "t", "recording_id": f"r{n}", "n": i, "start_s": i,
             "end_s": i + 1, "text": "Wagony." if i == 5 else "Mama jechała wagonem.",
             "language": "pl"}
            for i in range(1, 51)
        )  # fmt: skip
        searchindex.add(db, f"r{n}")
    found = search.find(db.conn, "wagonem")
    assert (found.total, found.more_than, len(found.hits)) == (1000, True, 20)
    assert len({hit.recording_id for hit in found.hits}) > 5
    exact = search.find(db.conn, "wagony")
    assert {hit.text for hit in exact.hits} == {"Wagony."}
    db.close()


def test_the_run_over_a_set_writes_the_best_documents_first(tmp_path: Path) -> None:
    docs = [{"id": f"d{n}", "text": text} for n, text in enumerate(SAID["pl"])]
    asked = [{"qid": "q1", "queries": {"form": "wagonie", "lemma": "wagon"}}]
    for name, rows in (("pl.docs", docs), ("pl.queries", asked)):
        lines = (json.dumps(row, ensure_ascii=False) for row in rows)
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    program = REPOSITORY / "bench" / "search_run.py"
    command = [sys.executable, str(program), str(tmp_path), str(tmp_path / "out.tsv")]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    found = [tuple(line.split("\t")) for line in (tmp_path / "out.tsv").read_text().splitlines()]
    assert found[0] == ("q1", "form", "d0")
    assert {doc for _, variant, doc in found if variant == "lemma"} == {"d0", "d2", "d3"}
