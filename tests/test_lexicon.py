"""The archive's spellings: the file, hints to the model, and what was written otherwise."""

from __future__ import annotations

from pathlib import Path

from pipeline import lexicon, scaffold
from pipeline.engines import Clip
from pipeline.engines.fake import FakeEngine
from pipeline.lexicon import Entry, Lexicon
from pipeline.steps import Decode, key
from tests.conftest import Folder

ENTRIES = """\
entries:
  - spelling: Norylsk
    kind: place
    languages: [pl]
    variants: [Norilsk]
    wrong: [Norylska]
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
