"""Words in their forms: letters, lemmas, and the index that holds both."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simplemma.strategies.dictionaries import TrieDictionaryFactory
from sqlite_utils import Database

from pipeline import edition, marking, searchindex, wordforms
from pipeline.letters import fold, latin, may_be_typed_as, plain, spans, spellings, words
from pipeline.wordforms import LANGUAGES, analyse


@pytest.mark.parametrize(
    ("word", "folded"),
    [
        ("Łódź", "lodz"),
        ("п'ять", "пять"),
        ("п’ять", "пять"),
        ("Ґонта", "гонта"),
        ("Ёлка", "елка"),
        ("Київ", "київ"),
        ("Ştefan", "stefan"),
        ("Ștefan", "stefan"),
        ("Straße", "strasse"),
        ("õnn", "onn"),
    ],
)
def test_folding_takes_away_what_people_do_not_type(word: str, folded: str) -> None:
    assert fold(word) == folded


@pytest.mark.parametrize(
    ("cyrillic", "typed"),
    [
        ("Київ", ["Kyiv", "kyjiv", "Kijiv"]),
        ("Воркута", ["Vorkuta", "Workuta"]),
        ("щастя", ["shchastia", "shchastja"]),
        ("Григорій", ["Hryhorii", "Hryhorij", "Grigorij"]),
        ("Харків", ["Kharkiv", "Harkiv"]),
    ],
)
def test_every_usual_way_to_write_cyrillic_in_latin_letters_meets(
    cyrillic: str, typed: list[str]
) -> None:
    assert {latin(one) for one in typed} == {latin(cyrillic)}


def test_a_mark_that_was_typed_counts_and_one_left_out_does_not() -> None:
    assert may_be_typed_as("būdais", "budais") and not may_be_typed_as("sady", "sądy")
    assert "būdais" in list(spellings("budais", "lt", 300))


@given(st.text(max_size=60))
def test_words_and_their_places_agree(text: str) -> None:
    assert len(list(spellings("aeiouszc", "lt", 50))) == 50
    for start, end in spans(text):
        assert text[start:end]
    assert all(fold(word) == fold(fold(word)) for word in words(text))


@pytest.mark.parametrize(
    ("language", "lemma", "forms"),
    [
        ("lt", "tremtinys", ["tremtinio", "tremtiniai", "tremtinių"]),
        ("lt", "duoti", ["duodama", "davė", "nedavė", "duodavo"]),
        ("lv", "atbalstīt", ["atbalstīja", "atbalstījusi", "neatbalstīja"]),
        ("lv", "luksofors", ["luksoforiem", "luksoforu", "luksofori"]),
        ("lv", "moderns", ["modernais", "modernākas", "vismodernākie"]),
        ("lv", "aizvest", ["aizvestie", "aizveduši", "aizvedīs"]),
        ("et", "kodu", ["kodus", "koju"]),
        ("et", "Google", ["Google'isse", "Google’i"]),
        ("pl", "wagon", ["wagonie", "wagonów", "wagonami"]),
        ("pl", "pani", ["panie", "panią"]),
        ("uk", "бік", ["боку", "боці", "боками"]),
        ("ro", "afecta", ["afectată", "afectate", "afectează"]),
        ("ru", "лагерь", ["лагеря", "лагерях"]),
        ("de", "Haus", ["Häuser", "Hauses"]),
    ],
)
def test_every_form_leads_to_its_lemma(language: str, lemma: str, forms: list[str]) -> None:
    missed = [form for form in forms if plain(lemma) not in analyse(plain(form), language).lemmas]
    assert missed == []


def test_forms_of_a_name_that_no_dictionary_has_meet() -> None:
    lemmas = [set(analyse(form, "lt").lemmas) for form in ("strepsiado", "strepsiadas")]
    assert set.intersection(*lemmas)


def test_a_language_without_a_dictionary_keeps_the_word() -> None:
    assert analyse("shtetl", "yi").lemmas == ("shtetl",)
    assert analyse("wort", None).lemmas == ("wort",)


@given(st.text(max_size=40), st.sampled_from([*LANGUAGES, "yi", None]))
def test_anything_can_be_analysed(text: str, language: str | None) -> None:
    for word in words(text):
        assert analyse(word, language).lemmas


def filled(path: Path, recordings: list[str]) -> Database:
    db = Database(sqlite3.connect(path))
    edition.create_tables(db)
    said = {
        "one": ["Pojechaliśmy wagonem.", "Мы ехали в вагоне.", "..."],
        "two": ["Mama płakała w wagonie.", "Stacja."],
    }
    languages = {"P": "pl", "М": "ru"}
    db.table("testimonies").insert({"id": "t", "title": "T"})
    for name in recordings:
        db.table("recordings").insert({"id": name, "testimony_id": "t"})
        for n, text in enumerate(said[name], start=1):
            db.table("segments").insert(
                {"id": 10 * (name == "two") + n, "testimony_id": "t", "recording_id": name,
                 "n": n, "text": text, "language": languages.get(text[0], "pl")}
            )  # fmt: skip
        searchindex.add(db, name)
    return db


def indexed(db: Database) -> tuple[object, object]:
    db.execute("CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, segments_fts, instance)")
    terms = db.execute("SELECT term, doc, col FROM temp.terms ORDER BY 1, 2, 3").fetchall()
    return terms, db.execute("SELECT * FROM spellings").fetchall()


def test_removing_a_recording_undoes_adding_it(tmp_path: Path) -> None:
    db = filled(tmp_path / "a.db", ["one", "two"])
    searchindex.remove(db, "two")
    assert indexed(db) == indexed(filled(tmp_path / "b.db", ["one"]))


def test_no_byte_of_a_removed_recording_stays_after_finish(tmp_path: Path) -> None:
    db = filled(tmp_path / "a.db", ["one", "two"])
    db.conn.commit()
    db.execute("PRAGMA secure_delete = ON")
    searchindex.remove(db, "two")
    db.execute("DELETE FROM segments WHERE recording_id = 'two'")
    searchindex.finish(db)
    db.conn.commit()
    db.close()
    data = (tmp_path / "a.db").read_bytes()
    assert "płaka".encode() not in data and b"plaka" not in data and b"stacj" not in data.lower()
    assert b"wagon" in data


@pytest.mark.parametrize(
    ("place", "forms"),
    [
        ("gdańsk", ["gdańska", "gdańsku"]),
        ("kijów", ["kijowa", "kijowie"]),
        ("polska", ["polski", "polsce", "polskę"]),
        ("odessa", ["odessie", "odessy"]),
    ],
)
def test_a_polish_place_is_found_in_forms_that_are_other_words_too(
    place: str, forms: list[str]
) -> None:
    assert place in analyse(place, "pl").lemmas
    for form in forms:
        assert place in analyse(form, "pl").lemmas, form


@pytest.mark.parametrize("language", ["et", "lt", "lv", "ro", "uk"])
def test_no_lemma_begins_otherwise_than_was_foretold(language: str) -> None:
    """What a page does not analyse could not have been what was asked for."""
    chance = random.Random(5)
    dictionary = TrieDictionaryFactory().get_dictionary(language)
    forms = [plain(word) for word in chance.sample(list(dictionary), 800)]
    before = [*wordforms._PREFIXES.get(language, ("",)), *wordforms._BEFORE.get(language, ("",))]
    joined = [first + last for first, last in zip(forms, reversed(forms), strict=True)]
    made = [chance.choice(before) + form[:-1] + chance.choice("aeiosmt") for form in forms]
    for word in {*forms, *(chance.choice(before) + form for form in forms), *joined, *made}:
        letters = marking._initials(word, language)
        lemmas = wordforms.analyse(word, language).lemmas
        assert {marking._initial(lemma) for lemma in lemmas} <= letters, (word, lemmas)
