"""The words of this history: the two files, and which passages name what is in them."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from pipeline import edition, publish, scaffold, search, searchindex, terms, vocabulary
from pipeline.engines.fake import FakeEngine
from pipeline.errors import QueryError
from pipeline.linker import Linker
from pipeline.report import Report, Silent
from pipeline.site import app
from pipeline.terms import Tables
from pipeline.vocabulary import GAZETTEER, VOCABULARY
from tests.conftest import REPOSITORY, Folder
from tests.history import TERMS, write
from tests.test_edition import rows

EIGHT = {"lt", "lv", "et", "pl", "uk", "ro", "ru", "en"}


def said(root: Path) -> list[str]:
    return [str(problem) for problem in vocabulary.load(root).problems]


# The two files


def test_both_files_are_read_and_none_is_needed(tmp_path: Path) -> None:
    assert vocabulary.load(tmp_path) == vocabulary.Vocabulary()
    write(tmp_path)
    found = vocabulary.load(tmp_path)
    assert found.problems == ()
    assert [term.id for term in found.terms] == [term["id"] for term in TERMS]
    assert found.places[0].formerly[0].until == 1920
    assert found.places[3].camp is not None and found.places[3].camp.since == 1932


def test_every_problem_in_both_files_is_said_at_once_with_its_line(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "metadata" / VOCABULARY).write_text("""\
terms:
  - id: Priboi
    kind: event
    labels: {en: [Operation Priboi]}
  - id: a
    kind: event
    broader: nothing
    places: [vilnius, nowhere]
    labels: {en: [one name], lt: ["…"]}
  - {id: b, kind: event, broader: c, labels: {en: [One  name]}}
  - {id: c, kind: event, broader: b, labels: {en: [another name]}, when: 25 March}
  - {id: d, kind: event, broader: d, labels: {en: [one more]}}
  - {id: e, kind: event, broader: none, places: [elsewhere], labels: {en: [one more]}}
  - {id: e, kind: event, labels: {}}
""")
    (tmp_path / "metadata" / GAZETTEER).write_text("""\
places:
  - {id: vilnius, kind: city, lat: 154.0, lon: 25.0, labels: {lt: [Vilnius]}}
  - {id: b, kind: city, lat: 54.0, lon: 25.0, labels: {lt: [Kaunas]}}
""")
    problems = said(tmp_path)
    for line in (
        "metadata/vocabulary.yaml:2: terms.0.id: must be small Latin letters",
        "metadata/vocabulary.yaml:9: terms.1.labels.lt.0: must have words",
        "metadata/vocabulary.yaml:11: terms.3.when: is not an EDTF date",
        "metadata/vocabulary.yaml:12: terms.4.broader: is broader than itself",
        "metadata/vocabulary.yaml:13: terms.5.broader: no term has the id 'none'.",
        "metadata/vocabulary.yaml:13: terms.5.places.0: no place of metadata/gazetteer.yaml has",
        "metadata/vocabulary.yaml:13: terms.5.labels.en.0: 'one more' is already a label of 'd'",
        "metadata/vocabulary.yaml:14: terms.6.labels: ",
        "metadata/gazetteer.yaml:2: places.0.lat: ",
        "metadata/gazetteer.yaml:3: places.1.id: 'b' is already the id of another.",
    ):
        assert any(problem.startswith(line) for problem in problems), (line, problems)


def test_a_file_that_is_not_yaml_is_a_problem_with_a_line(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "metadata" / GAZETTEER).write_text("places:\n  - {id: a\n")
    (problem,) = said(tmp_path)
    assert problem.startswith("metadata/gazetteer.yaml:3:")


def test_an_event_may_be_called_as_a_place_is(tmp_path: Path) -> None:
    write(tmp_path)
    assert said(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "key", "least"), [(VOCABULARY, "terms", 120), (GAZETTEER, "places", 300)]
)
def test_the_files_that_come_with_it_are_whole(name: str, key: str, least: int) -> None:
    if not (REPOSITORY / "metadata" / name).is_file():
        pytest.skip(f"no metadata/{name} yet")
    found = vocabulary.load(REPOSITORY)
    assert [p for p in map(str, found.problems) if name in p] == []
    entries = getattr(found, key)
    assert len(entries) >= least
    missing = {entry.id: EIGHT - set(entry.labels) for entry in entries}
    assert {ident: languages for ident, languages in missing.items() if languages} == {}
    assert [entry.id for entry in entries if not entry.sources] == []


# What a passage names


@pytest.fixture(scope="module")
def linker(tmp_path_factory: pytest.TempPathFactory) -> Linker:
    root = tmp_path_factory.mktemp("archive")
    write(root)
    return Tables.made_of(vocabulary.load(root), "1").linker


@pytest.mark.parametrize(
    ("language", "text", "names"),
    [
        # In any form, whatever stands around the words and between them.
        ("lt", "Mus vežė gyvuliniais vagonais.", {"cattle-wagon"}),
        ("lt", "Per operaciją „Priboi“ išvežė visus.", {"priboi"}),
        ("lt", "Operacijos Priboi metu", {"priboi"}),
        ("lv", "Lopu vagonos mēs braucām.", {"cattle-wagon"}),
        ("lv", "pēc marta deportācijas", {"priboi"}),
        ("et", "Sõitsime loomavagunites kaks nädalat.", {"cattle-wagon"}),
        ("et", "pärast märtsiküüditamist", {"priboi"}),
        ("pl", "w bydlęcych wagonach, w wagonie bydlęcym", {"cattle-wagon"}),
        ("uk", "Везли у телячих вагонах.", {"cattle-wagon"}),
        ("uk", "під час операції «Прибой»", {"priboi"}),
        ("ro", "în vagoane de vite", {"cattle-wagon"}),
        ("ru", "в телячьих вагонах, в вагонах для скота", {"cattle-wagon"}),
        ("en", "They were put into cattle-wagons.", {"cattle-wagon"}),
        # Digits must be equal; what a language hangs on them says nothing.
        ("lt", "Prisimenu 1949 metų kovo trėmimus.", {"priboi"}),
        ("lt", "Prisimenu 1949-ųjų metų kovo trėmimus.", {"priboi"}),
        ("lt", "Prisimenu 1948 metų kovo trėmimus.", {"deportation"}),
        # Places in any form, under former names, and as other languages call them.
        ("lt", "Grįžome į Vilnių, paskui į Vorkutą.", {"vilnius", "vorkuta"}),
        ("pl", "Mieszkaliśmy w Wilnie.", {"vilnius"}),
        ("lt", "Jis vis sakydavo Wilno.", {"vilnius"}),
        ("ru", "Она родилась в Вильне.", {"vilnius"}),
        ("pl", "On mówił Вильна i koniec.", {"vilnius"}),
        ("de", "Wir kamen nach Workuta.", {"vorkuta"}),
        (None, "Workuta", {"vorkuta"}),
        # Names that no dictionary has, in any case.
        ("uk", "Його вивезли до Воркути.", {"vorkuta"}),
        ("uk", "від Прибою до операції «Прибою»", {"priboi"}),
        ("et", "Ta viidi Vorkutasse, ta oli Vorkutas.", {"vorkuta"}),
        ("lv", "Viņš bija Vorkutā.", {"vorkuta"}),
        ("ro", "lagărele Vorkutei", {"vorkuta"}),
        ("en", "Vorkuta's winters", {"vorkuta"}),
        # The longest of what overlaps; a place inside an event's name counts as well.
        ("lt", "Krasnojarsko krašte", {"krasnoyarsk-krai"}),
        ("lt", "Krasnojarske", {"krasnoyarsk"}),
        ("en", "the March deportation, and another deportation", {"priboi", "deportation"}),
        ("en", "after the March deportation", {"priboi"}),
        ("en", "the Katyń massacre", {"katyn-massacre", "katyn"}),
        ("pl", "Zginął w Katyniu.", {"katyn", "katyn-massacre"}),
        # What only looks like a name is none.
        ("uk", "Перед нами було рівне поле.", set()),
        ("uk", "Ми жили у Рівному.", {"rivne"}),
        ("pl", "Wszystko było równe.", set()),
        ("lt", "Gyvuliniai maistai. Vagonai stovėjo.", set()),
        ("lt", "Buvo gyvulinis. Vagonas stovėjo.", set()),
        ("pl", "wagon towarowy", set()),
        ("pl", "Czekam na windę. Czeka na nas. Nie czekał.", set()),
        ("pl", "Wtedy Czeka go zabrała.", {"cheka"}),
        ("pl", "Zmieniło się wszystko.", set()),
        ("pl", "Mieliśmy wszy, roiło się od wszy i jedna wesz.", {"louse"}),
        ("et", "Meil on aega. Mina olen ees.", set()),
        ("et", "Nad jõudsid Memelisse.", {"klaipeda"}),
        ("en", "cattle in a wagon", set()),
        ("de", "Operation Priboi", set()),
        ("pl", "", set()),
    ],
)  # fmt: skip
def test_a_passage_names(linker: Linker, language: str | None, text: str, names: set[str]) -> None:
    assert linker.terms(text, language) == names


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.sampled_from([*sorted(EIGHT), "de", None]))
def test_no_text_is_too_strange_to_be_read(linker: Linker, text: str, language: str | None) -> None:
    named = linker.named(f"{text} Vorkuta {text}", language)
    assert all(0 <= one.start < one.end <= 2 * len(text) + 9 for one in named)


def test_a_name_is_found_where_it_stands(linker: Linker) -> None:
    text = "Tada, per operaciją „Priboi“, į Vilnių."
    found = [(named.term, text[named.start : named.end]) for named in linker.named(text, "lt")]
    assert found == [("priboi", "operaciją „Priboi"), ("vilnius", "Vilnių")]


# What is found by it

SAID = {
    "lt": ["Mus vežė gyvuliniais vagonais.", "Operacijos „Priboi“ naktį.", "Vagone buvo šalta.",
           "Grįžome į Vilnių."],
    "lv": ["Lopu vagonos mēs braucām.", "Pēc marta deportācijas."],
    "et": ["Sõitsime loomavagunites.", "Pärast märtsiküüditamist."],
    "pl": ["W bydlęcych wagonach.", "Mieszkaliśmy w Wilnie.", "Zesłano nas do Workuty."],
    "uk": ["Везли у телячих вагонах.", "Його вивезли до Воркути."],
    "ro": ["În vagoane de vite."],
    "ru": ["В телячьих вагонах.", "После мартовской депортации."],
    "en": ["They put us into cattle cars.", "After the deportation."],
}  # fmt: skip
WAGONS = [texts[0] for texts in SAID.values()]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    root = tmp_path_factory.mktemp("archive")
    write(root)
    db = database(Tables.made_of(vocabulary.load(root), "1"), SAID)
    yield db.conn
    db.close()


def database(tables: Tables, said: Mapping[str, Sequence[str]]) -> Database:
    """A published database with a testimony for each language, recorded in Vorkuta for Latvian."""
    db = Database(sqlite3.connect(":memory:"))
    edition.create_tables(db)
    terms.fill(db, tables)
    for number, (language, texts) in enumerate(said.items()):
        place = "Vorkuta, Komi" if language == "lv" else None
        db.table("testimonies").insert({"id": language, "title": language, "place": place})
        db.table("recordings").insert({"id": language, "testimony_id": language, "part": 1})
        db.table("segments").insert_all(
            {"id": number * 10_000 + n, "testimony_id": language, "recording_id": language, "n": n,
             "start_s": n, "end_s": n + 1, "text": text, "language": language, "state": "ok"}
            for n, text in enumerate(texts, start=1)
        )  # fmt: skip
        terms.link(db, tables, language)
        searchindex.add(db, language)
    searchindex.finish(db)
    return db


def texts(archive: sqlite3.Connection, typed: str, language: str | None = None) -> list[str]:
    return [hit.text for hit in search.find(archive, typed, language, limit=100).hits]


@pytest.mark.parametrize(
    "typed",
    [
        "event:cattle-wagon", 'event:"cattle wagon"', 'event:"Cattle  Wagons"',
        'event:"bydlęce wagony"', 'event:"bydlecy wagon"', 'event:"gyvulinių vagonų"',
        'event:"телячьи вагоны"', 'event:"teliachyi vahon"', "event:loomavagunites",
        "EVENT:loomavagun",
    ],
)  # fmt: skip
def test_an_event_is_found_in_every_language(archive: sqlite3.Connection, typed: str) -> None:
    assert sorted(texts(archive, typed)) == sorted(WAGONS)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("event:priboi lang:lt", {"Operacijos „Priboi“ naktį."}),
        ("event:priboi after", set()),
        ("event:priboi lang:lt OR event:vorkuta",
         {"Operacijos „Priboi“ naktį."}),
        # What is narrower is meant as well, and can be left out.
        ("event:deportation lang:en", {"After the deportation."}),
        ("event:deportation lang:ru", {"После мартовской депортации."}),
        ("event:deportation -event:priboi", {"After the deportation."}),
        ("wagon -event:cattle-wagon lang:pl", set()),
        ("vagonas -event:cattle-wagon", {"Vagone buvo šalta."}),
        ("(event:priboi OR event:vilnius) lang:lt",
         {"Operacijos „Priboi“ naktį.", "Grįžome į Vilnių."}),
        # A place that is named, by any of its names, or where the recording was made.
        ("place:Wilno", {"Grįžome į Vilnių.", "Mieszkaliśmy w Wilnie."}),
        ("place:vilniuje lang:pl", {"Mieszkaliśmy w Wilnie."}),
        ("place:Вильна", {"Grįžome į Vilnių.", "Mieszkaliśmy w Wilnie."}),
        ("place:Vorkuta", {"Zesłano nas do Workuty.", "Його вивезли до Воркути.", *SAID["lv"]}),
        ("deportācija place:vorkuta", {"Pēc marta deportācijas."}),
        ("place:Komi", {*SAID["lv"]}),
    ],
)  # fmt: skip
def test_a_query_finds(archive: sqlite3.Connection, typed: str, found: set[str]) -> None:
    assert set(texts(archive, typed)) == found


def test_what_names_the_place_comes_before_what_was_recorded_there(
    archive: sqlite3.Connection,
) -> None:
    assert (
        "Work" in texts(archive, "place:Vorkuta")[0] and len(texts(archive, "place:Vorkuta")) == 4
    )


def test_the_name_is_marked(archive: sqlite3.Connection) -> None:
    (hit,) = search.find(archive, "event:priboi", "lt").hits
    assert hit.marked == "\x02Operacijos\x03 „\x02Priboi\x03“ naktį."


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("event:pribi", 'no event is called "pribi" in the vocabulary. Near it are event:priboi'),
        ('event:"katle wagon"', 'event:"cattle wagon"'),
        ("place:Workuka", "place:Vorkuta"),
        ("place:qqqqq", 'no place is called "qqqqq" in the vocabulary.'),
    ],
)
def test_what_the_vocabulary_does_not_have_is_said_with_what_is_near(
    archive: sqlite3.Connection, typed: str, sentence: str
) -> None:
    with pytest.raises(QueryError, match=re.escape(sentence)):
        search.find(archive, typed)


@pytest.mark.parametrize(
    "typed", ["cattle wagon", "bydlinis vagonas OR x", "cattle wagons", '"cattle wagon"',
              "gyvulinių vagonų", "loomavagun", "телячий вагон"],
)  # fmt: skip
def test_what_was_said_in_other_languages_is_offered(
    archive: sqlite3.Connection, typed: str
) -> None:
    found = search.find(archive, typed)
    if " OR " in typed:
        assert found.related == ()
        return
    assert [(offer.term, offer.passages) for offer in found.offers] == [("cattle-wagon", 8)]
    hits = {hit.text for hit in found.hits}
    related = [hit.text for hit in found.related]
    assert related and not hits & set(related) and set(related) <= set(WAGONS)
    assert len({hit.language for hit in found.related}) == len(related)
    assert (found.corrected, found.meant) == (False, None)


def test_an_offer_is_shown_in_the_readers_language(archive: sqlite3.Connection) -> None:
    def shown(typed: str, language: str | None = None) -> list[str]:
        return [offer.label for offer in search.find(archive, typed, language).offers]

    assert shown("cattle wagon") == ["cattle wagon"]
    assert shown("gyvuliniai vagonai") == ["gyvulinis vagonas"]
    assert shown("cattle wagon", "pl") == ["bydlęcy wagon"]
    assert shown("mama") == shown("event:priboi") == []


def test_what_was_said_in_the_language_that_was_asked_for_is_not_offered_again(
    archive: sqlite3.Connection,
) -> None:
    found = search.find(archive, "gyvulinis vagonas", "lt")
    assert [hit.text for hit in found.hits] == ["Mus vežė gyvuliniais vagonais."]
    assert "lt" not in {hit.language for hit in found.related} and len(found.related) == 6


def test_names_among_other_words_are_offered_without_passages(archive: sqlite3.Connection) -> None:
    found = search.find(archive, "mama cattle wagon")
    assert [offer.term for offer in found.offers] == ["cattle-wagon"] and found.related == ()
    both = search.find(archive, "Vilnius deportation")
    assert {offer.term for offer in both.offers} == {"vilnius", "deportation"}
    assert both.related == ()


# The whole set of sentences, and the vocabulary that comes with it


def sentences(path: Path) -> list[dict[str, str]]:
    said = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [dict(one) for one in said["sentences"]]


def missed(tables: Tables, events: Sequence[dict[str, str]]) -> list[tuple[str, str, str]]:
    """Sentences that their event does not find, by its id or a name of it in any language."""
    said: dict[str, list[str]] = {}
    for one in events:
        said.setdefault(one["language"], []).append(one["text"])
    db = database(tables, said)
    lost = []
    for event in dict.fromkeys(one["event"] for one in events):
        mine = {(one["language"], one["text"]) for one in events if one["event"] == event}
        names = {language: label for _, term, language, n, label, _, former, *_ in tables.labels
                 if term == event and n == 0 and not former}  # fmt: skip
        for typed in (event, *names.values()):
            bare = re.sub('["„“”«»]', "", typed)
            hits = search.find(db.conn, f'event:"{bare}"', limit=1000).hits
            found = {(hit.language, hit.text) for hit in hits}
            lost += [(typed, *one) for one in sorted(mine - found)]
    db.close()
    return lost


def test_a_set_of_sentences_says_what_is_not_found(tmp_path: Path) -> None:
    write(tmp_path)
    events = [
        {"event": "priboi", "language": "lv", "text": "Pēc marta deportācijām."},
        {"event": "priboi", "language": "lt", "text": "Tą kovą nieko nebuvo."},
    ]
    (tmp_path / "set.yaml").write_text(yaml.safe_dump({"sentences": events}), encoding="utf-8")
    tables = Tables.made_of(vocabulary.load(tmp_path), "1")
    lost = missed(tables, sentences(tmp_path / "set.yaml"))
    assert {text for *_, text in lost} == {"Tą kovą nieko nebuvo."}
    assert "priboi" in {typed for typed, *_ in lost}


@pytest.fixture(scope="module")
def ours() -> Tables:
    """The vocabulary that comes with this program."""
    if not (REPOSITORY / "metadata" / VOCABULARY).is_file():
        pytest.skip("no metadata/vocabulary.yaml yet")
    return Tables.made_of(vocabulary.load(REPOSITORY), "1")


def test_every_event_is_found_by_its_name_in_every_language(ours: Tables) -> None:
    path = REPOSITORY / "tests" / "event_sentences.yaml"
    if not path.is_file():
        pytest.skip("no tests/event_sentences.yaml yet")
    events = sentences(path)
    assert len(events) >= 200 and {one["language"] for one in events} == EIGHT
    assert missed(ours, events) == []


def test_what_names_no_event_is_not_found(ours: Tables) -> None:
    path = REPOSITORY / "tests" / "event_sentences.yaml"
    if not path.is_file():
        pytest.skip("no tests/event_sentences.yaml yet")
    for one in yaml.safe_load(path.read_text(encoding="utf-8"))["not_found"]:
        assert one["event"] not in ours.linker.terms(one["text"], one["language"]), one


def test_a_place_is_found_where_its_name_is_also_another_word(ours: Tables) -> None:
    said = yaml.safe_load((REPOSITORY / "tests" / "place_sentences.yaml").read_text("utf-8"))
    found = [one for one in said["sentences"] if _names_its_place(ours, one)]
    assert found == said["sentences"]
    assert {one["language"] for one in found} == EIGHT - {"en"}


def test_an_adjective_or_a_people_is_not_its_country(ours: Tables) -> None:
    said = yaml.safe_load((REPOSITORY / "tests" / "place_sentences.yaml").read_text("utf-8"))
    assert [one for one in said["not_found"] if _names_its_place(ours, one)] == []
    assert {one["language"] for one in said["not_found"]} == EIGHT - {"en"}


def _names_its_place(tables: Tables, one: Mapping[str, str]) -> bool:
    return one["place"] in tables.linker.terms(one["text"], one["language"])


def test_a_place_is_asked_for_in_a_form_that_is_also_another_word(ours: Tables) -> None:
    db = database(ours, {"pl": ["Wróciłem do Polski.", "Statek stał w Gdańsku.", "Chleb."]})
    asked = {typed: texts(db.conn, f"place:{typed}") for typed in ("Polski", "gdansku", "Gdańska")}
    db.close()
    in_gdansk = ["Statek stał w Gdańsku."]
    assert asked == {
        "Polski": ["Wróciłem do Polski."], "gdansku": in_gdansk, "Gdańska": in_gdansk,
    }  # fmt: skip


# In the archive and in what is published


def say(folder: Folder, ident: str, text: str, language: str = "pl") -> None:
    with folder.open() as archive, archive.db.atomic():
        archive.db.execute(
            "UPDATE segments SET text = ?, language = ? WHERE recording_id ="
            " (SELECT id FROM recordings WHERE testimony_id = ?)", [text, language, ident])  # fmt: skip


def publish_all(folder: Folder) -> Report:
    with folder.open() as archive:
        return publish.publish(archive, folder.settings(), Silent())


def linked(path: Path) -> dict[str, set[str]]:
    """What each testimony's segments name, as the database has it."""
    table = "passages" if path.name == "archive.db" else "segments"
    sql = f"SELECT testimony_id, term_id FROM segment_terms JOIN {table} ON id = segment_id"
    connection = sqlite3.connect(path)
    found: dict[str, set[str]] = {}
    for testimony, term in connection.execute(sql):
        found.setdefault(testimony, set()).add(term)
    connection.close()
    return found


@pytest.fixture
def told(folder: Folder) -> Folder:
    """Three testimonies, of which one is closed."""
    write(folder.root)
    for number, ident in enumerate("abc"):
        folder.tone(f"{ident}.wav", seconds=1, pitch_hz=300 + number)
        folder.sidecar(ident, [f"{ident}.wav"], access="closed" if ident == "c" else "public")
    folder.run(FakeEngine())
    for ident, text in (("a", "W bydlęcych wagonach."), ("b", "Do Workuty."), ("c", "W Wilnie.")):
        say(folder, ident, text)
    assert publish_all(folder).ok
    return folder


def test_links_are_in_the_archive_and_those_of_what_is_public_in_public_db(told: Folder) -> None:
    everything = {"a": {"cattle-wagon"}, "b": {"vorkuta"}, "c": {"vilnius"}}
    assert linked(told.root / "archive.db") == everything
    assert linked(told.root / "publication" / "public.db") == {
        key: everything[key] for key in ("a", "b")
    }


def test_links_go_with_what_is_closed_or_redacted(told: Folder) -> None:
    told.sidecar("a", ["a.wav"], access="closed")
    hidden = {"recording": "b.wav", "start_s": 0.0, "end_s": 1.0, "reason": "a third person"}
    told.sidecar("b", ["b.wav"], access="public", redactions=[hidden])
    assert publish_all(told).ok
    assert linked(told.root / "publication" / "public.db") == {}
    assert set(linked(told.root / "archive.db")) == {"a", "b", "c"}


def test_another_vocabulary_links_anew_and_writes_no_testimony(told: Folder) -> None:
    terms_now = [one for one in TERMS if one["id"] != "cattle-wagon"]
    wagon = {"id": "wagon", "kind": "thing", "labels": {"pl": ["wagon"], "en": ["wagon"]}}
    write(told.root, terms=[*terms_now, wagon])
    report = publish_all(told)
    assert (report.ok, report.done) == (True, [])
    public = told.root / "publication" / "public.db"
    assert linked(public) == {"a": {"wagon"}, "b": {"vorkuta"}}
    assert linked(told.root / "archive.db")["a"] == {"wagon"}
    assert search.search(told.root, "event:wagon").total == 1
    assert search.search(told.root, "wagony").total == 1
    with pytest.raises(QueryError):
        search.search(told.root, "event:cattle-wagon")
    before = public.stat()
    assert publish_all(told).done == []
    assert public.stat() == before
    grown = rows(public)
    with told.open() as archive:
        publish.publish(archive, told.settings(), Silent(), anew=True)
    assert rows(public) == grown


def test_a_vocabulary_with_a_fault_is_reported_and_the_one_before_stays(told: Folder) -> None:
    (told.root / "metadata" / VOCABULARY).write_text("terms:\n  - {id: x}\n", encoding="utf-8")
    report = publish_all(told)
    assert not report.ok
    assert any(problem.startswith("metadata/vocabulary.yaml:2:") for problem in report.problems)
    assert linked(told.root / "publication" / "public.db")["a"] == {"cattle-wagon"}


def test_the_terminal_searches_what_is_not_published_too(told: Folder) -> None:
    everything = told.command("search", "Vilnius OR event:vorkuta", "--json")
    found = json.loads(everything.stdout)
    assert [(hit["testimony_id"], hit["can_be_heard"]) for hit in found["hits"]] == [("b", True)]
    offered = [(one["term"], one["label"], one["query"]) for one in found["offers"]]
    assert offered == [("vilnius", "Vilnius", "event:vilnius")]
    assert (
        "c  part 1  0:00  [pl]  W Wilnie.  (not public)" in told.command("search", "Vilnius").stdout
    )
    public = told.command("search", "Vilnius", "--public")
    assert (public.returncode, "Wilnie" in public.stdout) == (0, False)


def test_the_archives_index_follows_the_text_and_withdrawal(told: Folder) -> None:
    def found(typed: str) -> int:
        return search.search(told.root, typed, everything=True).total

    say(told, "c", "W bydlęcych wagonach i w Wilnie.")
    publish_all(told)
    assert (found("event:cattle-wagon"), found("bydlęcy"), found("Wilno")) == (2, 2, 1)
    assert (found("place:Vilnius lang:pl"), found("wagon place:Vilnius")) == (1, 1)
    assert told.command("withdraw", "c", "--reason", "asked for").returncode == 0
    assert (found("event:cattle-wagon"), found("Wilno"), found("bydlęcy")) == (1, 0, 1)
    told.transcribe(FakeEngine(text=lambda clip: "Chleb."), only=["a"], again=True)
    told.accept()
    assert (found("chleb"), found("event:cattle-wagon")) == (1, 0)
    told.transcribe(FakeEngine(text=lambda clip: "Chleb."), only=["c"], again=True)
    assert found("chleb") == 1


def test_an_index_of_another_version_is_made_anew(told: Folder) -> None:
    with told.open() as archive, archive.db.atomic():
        archive.db.execute("UPDATE versions SET version = 'old' WHERE name = 'index'")
    said = told.command("search", "wagon")
    assert (said.returncode, "Run: testimony publish" in said.stderr) == (2, True)
    publish_all(told)
    assert search.search(told.root, "event:cattle-wagon", everything=True).total == 1


async def test_the_page_offers_what_was_said_in_other_words(told: Folder) -> None:
    site = app.build(told.root)
    html = (await site.client.get("/search", params={"q": "cattle wagon"})).text
    assert "0 passages" in html and 'href="/search?q=event%3Acattle-wagon"' in html
    assert "W <mark>bydlęcych</mark> <mark>wagonach</mark>." in html
    assert "Nothing was found" not in html
    wrong = await site.client.get("/search", params={"q": "event:katle-wagon"})
    assert wrong.status_code == 400 and "Near it are event:cattle-wagon" in wrong.text


def test_init_writes_both_files_from_a_checkout_and_from_a_wheel(tmp_path: Path) -> None:
    if not (REPOSITORY / "metadata" / GAZETTEER).is_file():
        pytest.skip("no metadata/gazetteer.yaml yet")
    ours = {name: (REPOSITORY / "metadata" / name).read_bytes() for name in (VOCABULARY, GAZETTEER)}
    scaffold.init(tmp_path / "here")
    assert {name: (tmp_path / "here" / "metadata" / name).read_bytes() for name in ours} == ours
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"]
    subprocess.run([*command, str(tmp_path), str(REPOSITORY)], check=True, timeout=300)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(tmp_path / "installed")
    code = f"from pipeline import scaffold; from pathlib import Path; scaffold.init(Path({str(tmp_path / 'there')!r}))"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, cwd=tmp_path,
                   env=os.environ | {"PYTHONPATH": str(tmp_path / "installed")})  # fmt: skip
    assert {name: (tmp_path / "there" / "metadata" / name).read_bytes() for name in ours} == ours
