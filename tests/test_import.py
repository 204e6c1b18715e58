"""Transcripts of other projects: taken in whole with their facts, or refused with every reason."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
import yaml
from hypothesis import given as cases
from hypothesis import settings
from hypothesis import strategies as st

from pipeline import alignment, intake
from pipeline.alignment import Said
from pipeline.corrections import replacing
from pipeline.engines.fake import FakeEngine
from pipeline.given import GivenError
from pipeline.given import read as reader
from pipeline.ingest import ingest
from pipeline.intake import Choice
from pipeline.report import Report
from pipeline.transcript import Segment, Word
from tests.conftest import Folder, examples

# Words, one a second; the fake engine hears what it is told to.
STORY = (
    "Gimiau mažame kaime prie Nevėžio. Tėvas turėjo arklius ir dirbtuvę. Kai man suėjo devyneri,"
    " atėjo kareiviai. Mus nuvežė į geležinkelio stotį naktį. Motina spėjo pasiimti duonos ir"
    " antklodę. Vagone buvo tamsu, šalta ir labai ankšta. Niekas nesakė, kur važiuojame."
)
HEARD = STORY.replace("Nevėžio", "nevežo").replace("antklodę", "anklode").replace("ir", "i")


@pytest.fixture
def heard(folder: Folder) -> Folder:
    """One recording of 39 s in which a machine heard the story, with mistakes."""
    folder.tone("tape-a.wav", len(STORY.split()))
    folder.sidecar("kaunas", ["tape-a.wav"], access="public", languages=["lt", "ru"])
    folder.run(FakeEngine(lambda clip: HEARD, "lt"))
    return folder


def take(folder: Folder, *paths: Path, who: str = "Ona", **choice: Any) -> Report:
    with folder.open() as archive:
        return intake.take(archive, folder.settings(), paths, Choice(who, **choice))


def lines(folder: Folder) -> list[Segment]:
    with folder.open() as archive:
        return [line for _, line in archive.lines(archive.recordings()[0])]


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


VTT = """WEBVTT

00:00.000 --> 00:04.900
<v Ona><lang lt>Gimiau mažame kaime prie Nevėžio.</lang></v>

00:05.000 --> 00:09.000
<v Klausėjas>Ir tėvas?</v>
"""


def test_captions_with_times_become_corrections_beside_the_machines_words(
    heard: Folder, tmp_path: Path
) -> None:
    before = lines(heard)
    report = take(heard, write(tmp_path / "tape-a.vtt", VTT))
    assert report.problems == []
    after = lines(heard)
    assert [(x.start_s, x.end_s, x.text, x.speaker, x.language, x.state) for x in after[:2]] == [
        (0.0, 4.9, "Gimiau mažame kaime prie Nevėžio.", "Ona", "lt", "corrected"),
        (5.0, 9.0, "Ir tėvas?", "Klausėjas", "lt", "corrected"),
    ]
    assert after[2:] == [line for line in before if line.start_s >= 9.0]
    assert "1 by the file, 1 by its sound" in report.notes[0]
    with heard.open() as archive:
        recording = archive.recordings()[0]
        made = archive.corrections(recording)
        assert {(one.source, one.who) for one in made} == {("import", "Ona")}
        assert archive.base(recording) == made[0].run_id
    again = take(heard, tmp_path / "tape-a.vtt")
    assert (again.unchanged, again.done) == (["tape-a.vtt"], [])
    with heard.open() as archive:
        assert archive.corrections(recording) == made


def test_a_text_without_times_is_aligned_and_what_has_no_place_is_named(
    heard: Folder, tmp_path: Path
) -> None:
    text = STORY.replace(" Mus nuvežė", "\n\nKLAUSĖJAS: Ir tada?\n\nONA: Mus nuvežė")
    text = text.replace(
        " Niekas",
        "\n\nONA: Apie šitą dalyką mašina visai nieko neišgirdo, nes garsas dingo ilgam.\n\nNiekas",
    )
    path = write(tmp_path / "interview.txt", f"ONA: {text}")
    report = take(heard, path, testimony="kaunas")
    assert 1 <= len(report.problems) <= 2
    assert all("not placed, somewhere between" in problem for problem in report.problems)
    found = {line.text: line for line in lines(heard)}
    for sentence, start_s in (
        ("Mus nuvežė į geležinkelio stotį naktį.", 17),
        ("Niekas nesakė, kur važiuojame.", 35),
    ):
        assert abs(found[sentence].start_s - start_s) < 1.5, (sentence, found[sentence].start_s)
        assert found[sentence].state == "corrected"
    assert found["Mus nuvežė į geležinkelio stotį naktį."].speaker == "ONA"
    assert not any("mašina visai nieko" in text for text in found)


def test_a_text_without_times_needs_a_transcript(folder: Folder, tmp_path: Path) -> None:
    folder.tone("a.wav", 5)
    folder.sidecar("a", ["a.wav"])
    with folder.open() as archive:
        ingest(archive, folder.settings())
    report = take(folder, write(tmp_path / "a.txt", STORY))
    assert "Run: testimony transcribe a" in report.problems[0]


def test_a_file_of_another_recording_is_refused_whole(heard: Folder, tmp_path: Path) -> None:
    other = "Zupełnie inna opowieść o rzece, łodziach i zimie. " * 8
    report = take(heard, write(tmp_path / "x.txt", other), testimony="kaunas")
    assert "it is hardly of this recording" in report.problems[0]
    bad = (
        "WEBVTT\n\n00:10.000 --> 00:12.000\nOne.\n\n00:40.000 --> 00:55.000\nTwo.\n\n"
        "01:10:00.000 --> 01:10:02.000\nThree.\n"
    )
    report = take(heard, write(tmp_path / "tape-a.vtt", bad))
    assert report.problems[0].count("the recording ends at 0:39") == 2
    assert not report.done and all(line.state == "ok" for line in lines(heard))


def test_times_that_are_a_minute_off_are_refused(folder: Folder, tmp_path: Path) -> None:
    words = STORY.split()
    folder.tone("a.wav", 120)
    folder.sidecar("a", ["a.wav"], languages=["lt"])
    folder.run(FakeEngine(lambda clip: " ".join([*words, *(["ir"] * (120 - len(words)))]), "lt"))
    cues = [" ".join(words[n : n + 5]) for n in range(0, 40, 5)]
    late = "\n\n".join(
        f"{n + 1}\n00:{(60 + n * 5) // 60:02}:{(60 + n * 5) % 60:02},000 -->"
        f" 00:{(64 + n * 5) // 60:02}:{(64 + n * 5) % 60:02},000\n{text}"
        for n, text in enumerate(cues)
    )
    report = take(folder, write(tmp_path / "a.srt", late + "\n"))
    assert "its times are +60 s off" in report.problems[0]


def test_what_people_corrected_here_is_not_replaced_in_passing(
    heard: Folder, tmp_path: Path
) -> None:
    with heard.open() as archive:
        recording = archive.recordings()[0]
        first = archive.lines(recording)[0][1]
        line = intake.Line(first.start_s, first.end_s, "Mano žodžiai.", "lt")
        archive.correct(recording, [replacing([first], [line], "Jonas", "review")])
    path = write(tmp_path / "tape-a.vtt", VTT)
    report = take(heard, path)
    assert "Jonas corrected it to 'Mano žodžiai.'; --over" in report.problems[0]
    assert lines(heard)[0].text == "Mano žodžiai."
    assert take(heard, path, over=True).ok
    assert lines(heard)[0].text == "Gimiau mažame kaime prie Nevėžio."


OHMS = """<?xml version="1.0" encoding="UTF-8"?>
<ROOT xmlns="https://www.weareavp.com/nunncenter/ohms"><record id="1" dt="2019-05-02">
<version>5.4</version><date value="1998-06-14" format="yyyy-mm-dd"/><title>A childhood</title>
<accession>x-17</accession><duration>00:00:39</duration><interviewee>Ona Ž.</interviewee>
<interviewer>Petras K.</interviewer><collection_name>Tremtis</collection_name>
<sync>{sync}</sync><media_url>https://example.org/media/tape-a.mp3</media_url>
<file_name>tape-a.wav</file_name><language>Lithuanian; Klingonish</language>
<index><point><time>12</time><title>Soldiers</title></point></index>
<transcript>{text}</transcript><rights>CC-BY-4.0</rights></record></ROOT>
"""


def test_ohms_facts_fill_a_stub_that_stays_closed(folder: Folder, tmp_path: Path) -> None:
    folder.tone("tape-a.wav", len(STORY.split()))
    folder.run(FakeEngine(lambda clip: HEARD, "lt"))
    text = "ONA: " + STORY.replace(". ", ".\n")
    path = write(tmp_path / "x.xml", OHMS.format(sync="1:", text=escape(text)))
    report = take(folder, path)
    assert report.problems == []
    stub = folder.root / "metadata" / "testimonies" / "tape-a.yaml"
    said = yaml.safe_load(stub.read_text(encoding="utf-8"))
    assert said["title"] == "A childhood" and said["access"] == "closed"
    assert said["narrator"] == {"name": "Ona Ž."} and said["languages"] == ["lt"]
    assert (said["licence"], str(said["recorded_on"])) == ("CC-BY-4.0", "1998-06-14")
    notes = "\n".join(report.notes)
    assert "'Klingonish', which is no code" in notes and "an index of 1 points" in notes
    assert {line.speaker for line in lines(folder) if line.state == "corrected"} >= {"ONA"}


def test_where_a_sidecar_says_something_else_both_are_told(heard: Folder, tmp_path: Path) -> None:
    before = (heard.root / "metadata" / "testimonies" / "kaunas.yaml").read_bytes()
    report = take(heard, write(tmp_path / "x.xml", OHMS.format(sync="", text=STORY)))
    assert report.problems == []
    assert "x.xml: says title 'A childhood'; the sidecar 'Testimony kaunas', which stays." in (
        report.notes
    )
    assert (heard.root / "metadata" / "testimonies" / "kaunas.yaml").read_bytes() == before


def test_a_licence_by_another_of_its_names_is_no_difference(heard: Folder, tmp_path: Path) -> None:
    address = "https://creativecommons.org/licenses/by/4.0/"
    heard.sidecar("kaunas", ["tape-a.wav"], languages=["lt"], title="A childhood", licence=address)
    report = take(heard, write(tmp_path / "x.xml", OHMS.format(sync="", text=STORY)))
    assert report.problems == [] and not any("licence" in note for note in report.notes)


def test_sync_points_of_ohms_are_times_of_words(tmp_path: Path) -> None:
    text = "Transcript: ONE TWO.\nthree four five\n\nsix seven[[footnote]]1[[/footnote]] eight\n"
    text += "[[footnotes]]\n[[note]]Not said.[[/note]]\n[[/footnotes]]"
    given = reader.read(write(tmp_path / "a.xml", OHMS.format(sync="1:|1(2)|3(3)", text=text)))
    assert [line.text for line in given.lines] == ["ONE TWO. three four five", "six seven eight"]
    assert [(mark.word, mark.at_s) for mark in given.marks] == [(3, 60.0), (7, 120.0)]
    assert (given.duration_s, given.testimony) == (39.0, "x-17")


def test_a_mark_that_contradicts_the_words_leaves_the_line_without_times() -> None:
    words = [Word(n, n + 0.9, text, 0.9) for n, text in enumerate(HEARD.split())]
    said = [Said(0, word, 300.0 if n == 0 else None) for n, word in enumerate(STORY.split())]
    assert all(one.start_s is None for one in alignment.place(said, words, 600.0))


TEI = """<?xml version="1.0" encoding="UTF-8"?>
<TEI xmlns="http://www.tei-c.org/ns/1.0" xml:lang="en"><teiHeader><fileDesc>
<titleStmt><title>A childhood</title></titleStmt><sourceDesc><recordingStmt>
<recording type="audio" dur="PT39S"><date>1998-06</date><media url="tape-a.wav"/></recording>
</recordingStmt></sourceDesc></fileDesc><profileDesc><particDesc><listPerson>
<person xml:id="SPK0" role="narrator"><persName>Ona Ž.</persName><birth when="1929"/></person>
</listPerson></particDesc></profileDesc></teiHeader>
<text><timeline unit="s"><when xml:id="T0" absolute="00:00:00"/>
<when xml:id="T1" interval="4.9" since="#T0"/><when xml:id="T2" interval="100" unit="ms"/>
<when xml:id="T3" absolute="00:00:09.500"/></timeline><body>
<annotationBlock who="#SPK0" start="#T0" end="#T1" xml:lang="lt">
<u><seg><w>Gimiau</w> <w>mažame</w> <w>kaime</w><pc>,</pc> <pause/><w>taip</w><pc>.</pc></seg></u>
</annotationBlock>
<u who="#K"><anchor synch="#T2"/>Ir <vocal><desc>laughs</desc></vocal>tėvas?<anchor synch="#T3"/></u>
</body></text></TEI>
"""


def test_tei_for_speech_is_read_with_words_people_and_times(heard: Folder, tmp_path: Path) -> None:
    report = take(heard, write(tmp_path / "x.xml", TEI))
    assert report.problems == []
    found = [(x.start_s, x.end_s, x.text, x.speaker, x.language) for x in lines(heard)[:2]]
    assert found == [
        (0.0, 4.9, "Gimiau mažame kaime, taip.", "Ona Ž.", "lt"),
        (5.0, 9.5, "Ir tėvas?", "K", "lt"),
    ]
    assert any("narrator.born 1929" in note for note in report.notes)


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10))


@pytest.mark.parametrize(
    ("subset", "inside"),
    [
        (LAUGHS, "&l9;"),
        ('<!ENTITY x SYSTEM "file:///etc/passwd">', "&x;"),
        ('<!ENTITY x SYSTEM "http://127.0.0.1:9/x">', "&x;"),
        ('<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;', "text"),
    ],
)
def test_entities_are_neither_read_nor_followed(tmp_path: Path, subset: str, inside: str) -> None:
    text = f"<!DOCTYPE TEI [{subset}]>\n<TEI><text><body><u>{inside}</u></body></text></TEI>"
    with pytest.raises(GivenError, match=r"declares entities|is not XML"):
        reader.read(write(tmp_path / "a.xml", text))


def test_an_endless_tree_is_refused(tmp_path: Path) -> None:
    text = "<TEI>" + "<a>" * 5000 + "</a>" * 5000 + "</TEI>"
    with pytest.raises(GivenError, match="is not XML that can be read"):
        reader.read(write(tmp_path / "a.xml", text))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.xml", b"<html/>", "expected OHMS or TEI, found XML of <html>"),
        ("a.xml", b"<TEI><text/></TEI>", "has no words in it"),
        ("a.txt", b"\xde\xe0sis", "found another encoding"),
        ("a.txt", b"  \n ", "has no words in it"),
        ("a.docx", b"PK", "expected .vtt, .srt, .xml"),
        ("a.vtt", b"WEBVTT\n\nx --> y\nWords\n", "expected times like"),
    ],
)
def test_a_file_that_is_no_transcript_is_a_sentence(
    heard: Folder, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    report = take(heard, tmp_path / name, testimony="kaunas")
    assert len(report.problems) == 1 and said in report.problems[0]


def test_which_recording_is_meant_is_never_chosen(folder: Folder, tmp_path: Path) -> None:
    folder.tone("a.wav", 9, 300)
    folder.tone("b.wav", 9, 400)
    folder.sidecar("two", ["a.wav", "b.wav"], languages=["lt"])
    with folder.open() as archive:
        ingest(archive, folder.settings())
    path = write(tmp_path / "interview.vtt", VTT)
    assert "is of no recording that is known here" in take(folder, path).problems[0]
    both = take(folder, path, testimony="two").problems[0]
    assert "may be of part 1 of two, part 2 of two. Say which" in both
    assert take(folder, path, testimony="two", part=2).ok
    with folder.open() as archive:
        second = archive.recordings()[1].id
    ours = VTT.replace("WEBVTT\n", f"WEBVTT\n\nNOTE Part 2 of 2, 0:09, recording {second}\n")
    wrong = take(folder, write(tmp_path / "a.vtt", ours), part=1)
    assert "says it is of recording" in wrong.problems[0]


def test_a_recording_that_is_not_registered_is_ingested_closed(
    folder: Folder, tmp_path: Path
) -> None:
    folder.tone("tape-a.wav", 39)
    report = take(folder, write(tmp_path / "x.xml", TEI))
    assert report.problems == []
    assert [line.text for line in lines(folder)] == ["Gimiau mažame kaime, taip.", "Ir tėvas?"]
    stub = folder.root / "metadata" / "testimonies" / "tape-a.yaml"
    assert yaml.safe_load(stub.read_text(encoding="utf-8"))["access"] == "closed"


def test_the_command_names_who_answers_and_leaves_with_1_where_a_line_has_no_place(
    heard: Folder, tmp_path: Path
) -> None:
    good = heard.command("import", str(write(tmp_path / "tape-a.vtt", VTT)), "--who", "Ona")
    assert (good.returncode, "Ona answers for it" in good.stdout) == (0, True), good.stderr
    bad = heard.command("import", str(write(tmp_path / "b.xml", "<html/>")))
    assert bad.returncode == 1 and "Traceback" not in bad.stderr


WORDS = sorted({word.strip(".,").lower() for word in STORY.split()})


@settings(max_examples=examples(100), deadline=None)
@cases(st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=30), min_size=1, max_size=8),
       st.integers(0, 2**16))  # fmt: skip
def test_placed_lines_are_in_order_inside_the_recording_and_have_all_words(
    paragraphs: list[list[str]], seed: int
) -> None:
    rng = random.Random(seed)
    spoken = [word for paragraph in paragraphs for word in paragraph if rng.random() < 0.8]
    words = [Word(n, n + 1, text, 0.9) for n, text in enumerate(spoken)]
    said = [Said(n, word) for n, paragraph in enumerate(paragraphs) for word in paragraph]
    placed = alignment.place(said, words, float(len(spoken)) + 5)
    assert [w for one in placed for w in one.text.split()] == [one.text for one in said]
    at_s = 0.0
    for one in placed:
        if one.start_s is not None and one.end_s is not None:
            assert at_s - 1e-6 <= one.start_s < one.end_s
            at_s = one.end_s


def test_nobody_is_made_a_speaker_by_a_colon() -> None:
    from pipeline.given.speakers import parted

    texts = ["Jis pasakė: ne.", "Ona: Taip.", "PETRAS: Ne.", "Ona: Gal."]
    assert parted(texts) == [
        (None, "Jis pasakė: ne."),
        ("Ona", "Taip."),
        ("PETRAS", "Ne."),
        ("Ona", "Gal."),
    ]
