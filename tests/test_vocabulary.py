"""The words of this history: the two files, and which passages name what is in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline import vocabulary
from pipeline.linker import Linker
from pipeline.terms import Tables
from pipeline.vocabulary import GAZETTEER, VOCABULARY
from tests.conftest import REPOSITORY

EIGHT = {"lt", "lv", "et", "pl", "uk", "ro", "ru", "en"}
TERMS: list[dict[str, Any]] = [
    {"id": "deportation", "kind": "event",
     "labels": {"en": ["deportation"], "lt": ["trėmimas"], "pl": ["deportacja"]}},
    {"id": "priboi", "kind": "event", "when": "1949-03-25/1949-03-28", "broader": "deportation",
     "places": ["krasnoyarsk"], "note": "The March deportation.", "sources": ["A book, 1999"],
     "labels": {
         "en": ["Operation Priboi", "March deportation"],
         "lt": ["operacija „Priboi“", "1949 metų kovo trėmimai"],
         "lv": ["operācija “Priboi”", "marta deportācija"], "et": ["märtsiküüditamine"],
         "pl": ["operacja „Priboj”"], "uk": ["операція «Прибой»"], "ro": ["operațiunea Priboi"],
         "ru": ["операция «Прибой»", "мартовская депортация"]}},
    {"id": "cattle-wagon", "kind": "thing",
     "labels": {
         "en": ["cattle wagon", "cattle car"], "lt": ["gyvulinis vagonas"],
         "lv": ["lopu vagons"], "et": ["loomavagun"], "pl": ["bydlęcy wagon", "wagon bydlęcy"],
         "uk": ["вагон для худоби", "телячий вагон"], "ro": ["vagon de vite"],
         "ru": ["телячий вагон", "вагон для скота"]}},
    {"id": "katyn-massacre", "kind": "event", "places": ["katyn"],
     "labels": {"pl": ["zbrodnia katyńska", "Katyń"], "en": ["Katyń massacre"]}},
]  # fmt: skip
PLACES: list[dict[str, Any]] = [
    {"id": "vilnius", "kind": "city", "lat": 54.69, "lon": 25.28, "country": "LT",
     "labels": {"lt": ["Vilnius"], "pl": ["Wilno"], "uk": ["Вільнюс"], "ru": ["Вильнюс"],
                "en": ["Vilnius"], "ro": ["Vilnius"], "lv": ["Viļņa"], "et": ["Vilnius"]},
     "formerly": [{"name": "Вильна", "language": "ru", "until": 1920}]},
    {"id": "krasnoyarsk", "kind": "city", "lat": 56.01, "lon": 92.87, "country": "RU",
     "labels": {"lt": ["Krasnojarskas"], "en": ["Krasnoyarsk"], "ru": ["Красноярск"]}},
    {"id": "krasnoyarsk-krai", "kind": "region", "lat": 59.0, "lon": 94.0, "country": "RU",
     "labels": {"lt": ["Krasnojarsko kraštas"], "en": ["Krasnoyarsk Krai"],
                "ru": ["Красноярский край"]}},
    {"id": "vorkuta", "kind": "camp", "lat": 67.5, "lon": 64.05, "country": "RU",
     "camp": {"from": 1932, "until": 1960},
     "labels": {"lt": ["Vorkuta"], "lv": ["Vorkuta"], "et": ["Vorkuta"], "pl": ["Workuta"],
                "uk": ["Воркута"], "ro": ["Vorkuta"], "ru": ["Воркута"], "en": ["Vorkuta"]}},
    {"id": "rivne", "kind": "city", "lat": 50.62, "lon": 26.25, "country": "UA",
     "labels": {"uk": ["Рівне"], "pl": ["Równe"], "en": ["Rivne"]}},
    {"id": "katyn", "kind": "killing-site", "lat": 54.77, "lon": 31.79, "country": "RU",
     "labels": {"pl": ["Katyń"], "en": ["Katyn"]}},
]  # fmt: skip


def write(root: Path, terms: object = TERMS, places: object = PLACES) -> None:
    (root / "metadata").mkdir(parents=True, exist_ok=True)
    for name, data in ((VOCABULARY, {"terms": terms}), (GAZETTEER, {"places": places})):
        text = yaml.safe_dump(data, allow_unicode=True, sort_keys=False)
        (root / "metadata" / name).write_text(text, encoding="utf-8")


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
        ("en", "cattle in a wagon", set()),
        ("de", "Operation Priboi", set()),
        ("pl", "", set()),
    ],
)  # fmt: skip
def test_a_passage_names(linker: Linker, language: str | None, text: str, names: set[str]) -> None:
    assert linker.terms(text, language) == names


def test_a_name_is_found_where_it_stands(linker: Linker) -> None:
    text = "Tada, per operaciją „Priboi“, į Vilnių."
    found = [(named.term, text[named.start : named.end]) for named in linker.named(text, "lt")]
    assert found == [("priboi", "operaciją „Priboi"), ("vilnius", "Vilnių")]
