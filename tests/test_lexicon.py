"""The archive's spellings: the file, hints to the model, and what was written otherwise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline import lexicon, scaffold
from pipeline.corrections import Line, replacing
from pipeline.engines import Clip
from pipeline.engines.fake import FakeEngine
from pipeline.lexicon import Entry, Lexicon
from pipeline.report import Silent
from pipeline.spellcheck import Spellcheck
from pipeline.status import status
from pipeline.steps import Decode, key
from pipeline.withdraw import withdraw
from tests.conftest import Folder

ENTRIES = """\
entries:
  - spelling: Norylsk
    kind: place
    languages: [pl]
    variants: [Norilsk]
    wrong: [Narylsk]
    note: the camp of 1935 to 1956
  - {spelling: Janina Kowalska, kind: person, languages: [pl], testimonies: [a]}
  - {spelling: Норильск, kind: place, languages: [ru]}
"""


def write(root: Path, text: str = ENTRIES) -> None:
    path = root / "metadata" / lexicon.FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def said(root: Path) -> list[str]:
    return [str(problem) for problem in lexicon.load(root).problems]


# The file


def test_the_file_is_read_and_need_not_be_there(folder: Folder) -> None:
    assert lexicon.load(folder.root) == Lexicon()
    folder.sidecar("a", ["a.wav"])
    write(folder.root)
    found = lexicon.load(folder.root)
    assert found.problems == ()
    assert [entry.spelling for entry in found.entries] == ["Norylsk", "Janina Kowalska", "Норильск"]


def test_every_problem_is_said_at_once_with_its_line(folder: Folder) -> None:
    write(
        folder.root,
        """\
entries:
  - {spelling: Norylsk, kind: town, languages: [pl]}
  - {spelling: Kaunas, kind: place, languages: [lt], wrong: [kaunas]}
  - {spelling: Vilnius, kind: place, languages: []}
  - {spelling: Kovno, kind: place, languages: [lt, pl], wrong: [Kaunas]}
  - {spelling: Jonas, kind: person, languages: [lt], testimonies: [nobody], born: 1920}
  - {spelling: Ona, kind: person, languages: [lt], testimonies: [nobody]}
""",
    )
    problems = said(folder.root)
    for line in (
        "metadata/lexicon.yaml:2: entries.0.kind: Input should be 'person', 'place' or 'word'",
        "metadata/lexicon.yaml:3: entries.1.wrong.0: 'kaunas' already stands in 'lt' under"
        " entries.1.spelling.",
        "metadata/lexicon.yaml:4: entries.2.languages:",
        "metadata/lexicon.yaml:5: entries.3.wrong.0: 'Kaunas' already stands in 'lt'",
        "metadata/lexicon.yaml:6: entries.4.born: unknown key",
        "metadata/lexicon.yaml:7: entries.5.testimonies.0: there is no"
        " metadata/testimonies/nobody.yaml.",
    ):
        assert [one for one in problems if one.startswith(line)], (line, problems)
    assert len(problems) == 6


def test_two_testimonies_may_each_have_their_own_spelling(folder: Folder) -> None:
    folder.sidecar("a", ["a.wav"])
    folder.sidecar("b", ["b.wav"])
    write(
        folder.root,
        """\
entries:
  - {spelling: Marijona, kind: person, languages: [lt], wrong: [Marijana], testimonies: [a]}
  - {spelling: Marijana, kind: person, languages: [lt], testimonies: [b]}
""",
    )
    assert said(folder.root) == []


def test_init_writes_an_example_that_is_empty_and_can_be_used(tmp_path: Path) -> None:
    place = tmp_path / "new"
    assert place / "metadata" / lexicon.FILE in scaffold.init(place)
    found = lexicon.load(place)
    assert (found.entries, found.problems) == ((), ())
    uncommented = scaffold.LEXICON.replace("entries: []", "entries:").replace("\n#  ", "\n  ")
    write(place, uncommented)
    (place / "metadata" / "testimonies" / "pl-1998-0007.yaml").write_text("", "utf-8")
    found = lexicon.load(place)
    assert found.problems == ()
    assert found.entries[0].model_fields_set == set(Entry.model_fields)


# Hints


def test_what_belongs_to_the_testimony_is_hinted_first_and_each_language_has_its_own(
    folder: Folder,
) -> None:
    folder.sidecar("a", ["a.wav"])
    write(folder.root)
    found = lexicon.load(folder.root)
    assert found.hints("a", ["pl", "ru", "lt"]) == (
        ("pl", "Janina Kowalska, Norylsk."),
        ("ru", "Норильск."),
    )
    assert found.hints("b", ["pl"]) == (("pl", "Norylsk."),)


def test_a_hint_is_never_longer_than_a_model_reads_and_keeps_names_whole() -> None:
    entries = tuple(
        Entry(spelling=f"Miejscowość-{n}", kind="place", languages=["pl"]) for n in range(100)
    )
    ((_, hint),) = Lexicon(entries).hints("a", ["pl"])
    assert len(hint) <= 300
    assert hint.rstrip(".").split(", ") == [f"Miejscowość-{n}" for n in range(len(hint.split()))]


def hinted(folder: Folder) -> list[str]:
    """Transcribes what is pending; what the engine was told, clip by clip."""
    told: list[str] = []

    def text(clip: Clip) -> str:
        told.append(clip.hint)
        return "Słowa."

    report = folder.transcribe(FakeEngine(text))
    assert report.ok, report.problems
    return told


def test_another_spelling_makes_pending_what_it_is_for_and_nothing_else(folder: Folder) -> None:
    folder.config(languages=["pl", "en"], lexicon_hints=True)
    for ident, languages in (("a", ["pl"]), ("b", ["pl"]), ("c", ["en"])):
        folder.tone(f"{ident}.wav", pitch_hz=300 + ord(ident))
        folder.sidecar(ident, [f"{ident}.wav"], languages=languages)
    folder.run()
    assert hinted(folder) == []
    write(folder.root, ENTRIES)
    assert sorted(hinted(folder)) == ["Janina Kowalska, Norylsk.", "Norylsk."]
    assert hinted(folder) == []
    write(folder.root, ENTRIES.replace("Janina", "Joanna").replace("1956", "1957"))
    assert hinted(folder) == ["Joanna Kowalska, Norylsk."]
    folder.config(languages=["pl", "en"])
    assert hinted(folder) == []  # what the runs of before were made with, they say


def test_a_run_says_what_it_was_told(folder: Folder) -> None:
    folder.config(languages=["pl"], lexicon_hints=True)
    folder.tone("a.wav")
    folder.sidecar("a", ["a.wav"])
    write(folder.root)
    folder.run()
    with folder.open() as archive:
        (run,) = archive.runs(archive.recordings()[0])
    assert run["options"]["hints"] == {"pl": "Janina Kowalska, Norylsk."}


def test_with_a_fault_in_the_file_nothing_is_transcribed_with_half_of_it(folder: Folder) -> None:
    folder.config(languages=["pl"], lexicon_hints=True)
    folder.tone("a.wav")
    folder.sidecar("a", ["a.wav"])
    write(folder.root, ENTRIES.replace("kind: place", "kind: town"))
    _, transcribed, _ = folder.run()
    assert len(transcribed.problems) == 2 and transcribed.done == []
    folder.config(languages=["pl"])
    assert folder.transcribe().done


def test_a_step_with_another_hint_is_another_step() -> None:
    assert key(Decode(())) != key(Decode((), (("pl", "Norylsk."),)))


# What was written otherwise


def doubtful(text: str, language: str, **entries: Any) -> list[tuple[str, str, bool]]:
    """(heard, spelling, sure) in a text, checked with one entry for each key: its fields."""
    checks = Spellcheck(
        Entry(**{"spelling": name, "kind": "place", "languages": [language], **fields})
        for name, fields in entries.items()
    )
    return [(one.heard, one.spelling, one.sure) for one in checks.misspelt(text, language, "a")]


@pytest.mark.parametrize(
    ("language", "name", "heard"),
    [
        ("pl", "Norylsk", "norilska"),  # i for y, and an ending
        ("pl", "Norylsk", "Norylzku"),
        ("pl", "Przemyśl", "Pszemyślu"),
        ("lt", "Vorkuta", "Forkutoje"),
        ("lt", "Šiauliai", "Siauliuose"),  # marks left out
        ("lv", "Kemerova", "Gemerovā"),
        ("et", "Ülemiste", "Ülemisdes"),
        ("ro", "Chișinău", "Chisinaului"),
        ("uk", "Салехард", "Салегарді"),
        ("ru", "Воркута", "Варкуте"),
    ],
)
def test_what_sounds_or_looks_like_a_spelling_is_listed(
    language: str, name: str, heard: str
) -> None:
    assert doubtful(f"… {heard} …", language, **{name: {}}) == [(heard, name, False)]


@pytest.mark.parametrize(
    ("language", "name", "text"),
    [
        ("pl", "Norylsk", "W Norylsku, do Norylska i pod Norylskiem było zimno."),
        ("lt", "Vorkuta", "Vorkutoje, iš Vorkutos į Vorkutą."),
        ("uk", "Воркута", "У Воркуті, з Воркути, Воркутою."),
        ("pl", "Kowal", "Kowel to inne miasto, a kowale kuli konie."),  # another name, a trade
        ("pl", "Ona", "Ona i one były same."),
        ("lt", "Ona", "Ana sakė, kad Onos nėra."),
    ],
)
def test_forms_common_words_and_short_names_are_no_misspellings(
    language: str, name: str, text: str
) -> None:
    others: dict[str, Any] = {"Kowel": {}} if name == "Kowal" else {}
    assert doubtful(text, language, **{name: {}}, **others) == []


def test_variants_are_right_wrong_ones_are_sure_and_unlike_ones_are_left_alone() -> None:
    told = {"variants": ["Norilsk"], "wrong": ["Norszczyzna"], "unlike": ["Noryska"]}
    text = "Norilsku, Norszczyzna, Noryska, Norywsk."
    assert doubtful(text, "pl", Norylsk=told) == [
        ("Norszczyzna", "Norylsk", True),
        ("Norywsk", "Norylsk", False),
    ]


def test_each_word_of_a_name_is_looked_after_where_the_name_may_be_said() -> None:
    entry = {"kind": "person", "testimonies": ["a"]}
    text = "Janina Kowalska i Janyna Kowalzka."
    assert doubtful(text, "pl", **{"Janina Kowalska": entry}) == [
        ("Janyna", "Janina Kowalska", False),
        ("Kowalzka", "Janina Kowalska", False),
    ]
    checks = Spellcheck([Entry(spelling="Janina Kowalska", languages=["pl"], **entry)])
    assert checks.misspelt(text, "pl", "b") == []
    assert checks.misspelt(text, "lt", "a") == []


def test_what_is_like_a_name_waits_for_a_person_and_stays_as_it_is(folder: Folder) -> None:
    folder.tone("a.wav")
    folder.sidecar("a", ["a.wav"], languages=["pl"], access="public")
    write(folder.root)
    heard = "Jechali do norilska, potem Narylska i Norylska."
    folder.run(FakeEngine(lambda clip: heard))
    with folder.open() as archive:
        (standing,) = status(archive, folder.settings())["testimonies"]
        (recording,) = archive.recordings()
        assert [line.text for _, line in archive.lines(recording)] == [heard]
    assert [line for line in standing["waiting"] if "lexicon" in line] == [
        "heard 'norilska', lexicon has Norylsk",
        "heard 'Narylska', lexicon has Norylsk",
    ]
    said = json.loads(folder.command("lexicon", "a", "--json").stdout)["misspelt"]
    assert [(one["heard"], one["sure"]) for one in said] == [
        ("norilska", False),
        ("Narylska", True),
    ]
    table = folder.command("lexicon").stdout
    assert "norilska" in table and "2 words to look at." in table


def test_the_list_follows_the_lexicon_corrections_and_withdrawals(folder: Folder) -> None:
    folder.tone("a.wav")
    folder.sidecar("a", ["a.wav"], languages=["pl"], access="public")

    def listed() -> list[str]:
        with folder.open() as archive:
            archive.check_spellings(lexicon.load(folder.root))
            return [one["heard"] for one in archive.misspelt()]

    folder.run(FakeEngine(lambda clip: "Jechali do norilska, do Workudy."))
    assert listed() == []
    write(folder.root)
    assert listed() == ["norilska"]
    more = "  - {spelling: Workuta, kind: place, languages: [pl]}\n"
    write(folder.root, ENTRIES + more)
    assert listed() == ["norilska", "Workudy"]
    with folder.open() as archive:
        (recording,) = archive.recordings()
        present = [line for _, line in archive.lines(recording)]
        line = Line(present[0].start_s, present[0].end_s, "Jechali do Norylska, do Workudy.", "pl")
        archive.correct(recording, [replacing(present, [line], "Ona")])
    assert listed() == ["Workudy"]
    with folder.open() as archive:
        assert withdraw(archive, folder.settings(), "a", "asked", Silent()).ok
    assert listed() == []


def test_a_broken_lexicon_is_said_by_every_command_and_stops_no_publication(folder: Folder) -> None:
    folder.tone("a.wav")
    folder.sidecar("a", ["a.wav"], languages=["pl"], access="public")
    write(folder.root, ENTRIES.replace("kind: place", "kind: town"))
    _, _, published = folder.run()
    assert len(published.problems) == 2 and published.facts["current"]
    said = folder.command("lexicon")
    assert said.returncode == 2 and said.stderr.count("entries.") == 2
