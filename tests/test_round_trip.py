"""What one archive writes for others, another takes in: nothing lost that the format can carry."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as cases
from hypothesis import strategies as st

from pipeline import cuefile, formats, intake
from pipeline.config import Config
from pipeline.engines.fake import FakeEngine
from pipeline.given import Given
from pipeline.given.read import read
from pipeline.intake import Choice
from pipeline.publication import Keeper
from tests.conftest import Folder, examples
from tests.test_captions import segment
from tests.test_out import told

KEEPER = Keeper("An archive & more", "https://archive.example")
LANGUAGES, PEOPLE = [None, "lt", "ru", "pt-BR"], [None, "Ona B.", "KLAUSĖJAS", "Дід & <баба>"]
SAID = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=40
).map(lambda text: " ".join(normalize("NFC", text).replace("-->", "→").split()))
LINES = st.lists(
    st.tuples(
        st.integers(1, 5000),  # ms since the line before
        st.integers(1, 9000),  # ms long
        SAID.filter(lambda text: text and not text.startswith(("[redacted:", "WEBVTT"))),
        st.sampled_from(PEOPLE),
        st.sampled_from(LANGUAGES),
    ),
    min_size=1,
    max_size=8,
)


def out_and_in(tmp_path: Path, kind: str, lines: list[Any]) -> tuple[list[Any], Given]:
    segments, at_ms = [], 0
    for n, (gap, length, text, speaker, language) in enumerate(lines):
        start_s, at_ms = (at_ms + gap) / 1000, at_ms + gap + length
        one = segment(n, start_s, at_ms / 1000, text, speaker=speaker, language=language)
        segments.append(one)
    path = tmp_path / f"a.{formats.FORMATS[kind].ending}"
    path.write_text(formats.write(told(segments), kind, KEEPER), encoding="utf-8")
    names = ("start_s", "end_s", "text", "speaker", "language")
    return [tuple(one[name] for name in names) for one in segments], read(path)


def carried(given: Given) -> list[Any]:
    return [(x.start_s, x.end_s, x.text, x.speaker, x.language) for x in given.lines]


@settings(
    max_examples=examples(100),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@pytest.mark.parametrize("kind", ["vtt", "tei", "ohms"])
@cases(lines=LINES)
def test_times_words_speakers_and_languages_come_back(
    tmp_path: Path, kind: str, lines: list[Any]
) -> None:
    said, given = out_and_in(tmp_path, kind, lines)
    if kind == "tei":  # a file with one language says it of every line
        used = {language for *_, language in said if language}
        only = next(iter(used)) if len(used) == 1 else None
        said = [(*rest, language or only) for *rest, language in said]
    assert carried(given) == said


@settings(
    max_examples=examples(100),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@cases(lines=LINES.filter(lambda all_: not any("<" in x[2] or "{" in x[2] for x in all_)))
def test_subrip_brings_back_times_and_words_with_who_speaks(
    tmp_path: Path, lines: list[Any]
) -> None:
    said, given = out_and_in(tmp_path, "srt", lines)
    before = [(a, b, f"{who}: {text}" if who else text) for a, b, text, who, _ in said]
    after = [(a, b, f"{who}: {text}" if who else text) for a, b, text, who, _ in carried(given)]
    assert after == before


def test_tei_and_ohms_bring_the_facts(tmp_path: Path) -> None:
    row = {
        "title": "A life", "narrator": "Ona B.", "narrator_born": 1929, "interviewer": "Petras",
        "recorded_on": "1998-06-14", "place": "Kaunas", "collection": "Tremtis", "notice": "An actor.",
        "summary": "A life.", "licence": "CC-BY-4.0", "warnings": '["violence", "death"]',
        "uses": '["online", "research"]',
    }  # fmt: skip
    both = {
        "title": "A life", "narrator.name": "Ona B.", "interviewer": "Petras",
        "recorded_on": "1998-06-14", "collection": "Tremtis", "summary": "A life.",
        "languages": ["lt"],
    }  # fmt: skip
    only_tei = {
        "narrator.born": 1929, "place": "Kaunas", "notice": "An actor.", "licence": "CC BY 4.0",
        "warnings": ["violence", "death"],
    }  # fmt: skip
    licence = {"licence": "https://creativecommons.org/licenses/by/4.0/"}
    for kind, facts in (("tei", both | only_tei), ("ohms", both | licence)):
        path = tmp_path / f"{kind}.xml"
        line = segment(1, 0, 2, "Taip.", language="lt")
        path.write_text(formats.write(told([line], **row), kind, KEEPER), encoding="utf-8")
        given = read(path)
        assert given.facts == facts, kind
        assert given.duration_s == 60.0 and given.media, kind
        left_out = "\n".join(given.left_out)
        # What the narrator agreed to is told, and nobody's word is taken for it.
        assert ("online, research" if kind == "tei" else "An actor.") in left_out


@pytest.mark.parametrize("kind", ["vtt", "tei", "ohms"])
def test_a_published_file_comes_into_another_archive_and_redacted_words_stay_out(
    tmp_path: Path, kind: str
) -> None:
    first, second = Folder(tmp_path / "first"), Folder(tmp_path / "second")
    cut = [{"recording": "a.wav", "start_s": 3.5, "end_s": 4.5, "reason": "a name"}]
    first.tone("a.wav", 12)
    first.sidecar("life", ["a.wav"], access="public", languages=["pl"], redactions=cut)
    first.run(FakeEngine(lambda clip: "One two three. Four five six. Seven eight nine. Ten 11 12."))
    made = first.command("export", "life", "--format", kind, "--to", str(tmp_path / kind))
    assert made.returncode == 0, made.stderr
    second.tone("a.wav", 12)
    second.sidecar("other", ["a.wav"], languages=["pl"])
    second.run(FakeEngine(lambda clip: "Uno dos tres."))
    (path,) = (tmp_path / kind).iterdir()
    with second.open() as archive:
        report = intake.take(archive, Config(), [path], Choice("Ona", testimony="other"))
        lines = [line for _, line in archive.lines(archive.recordings()[0])]
    assert report.problems == []
    corrected = [(x.start_s, x.text) for x in lines if x.state == "corrected"]
    assert corrected == [(0.0, "One two three."), (6.0, "Seven eight nine."), (9.0, "Ten 11 12.")]
    assert not any("redacted" in line.text for line in lines)


@pytest.mark.parametrize("kind", ["tei", "ohms"])
def test_a_file_finds_its_recording_by_the_name_that_we_gave_it_and_fills_its_stub(
    tmp_path: Path, kind: str
) -> None:
    first, second = Folder(tmp_path / "first"), Folder(tmp_path / "second")
    first.tone("a.wav", 12)
    first.sidecar("life", ["a.wav"], access="public", warnings=["hunger"], summary="A life.")
    first.run(FakeEngine(lambda clip: "One two three. Four five six."))
    address = ("--address", "https://archive.example")
    made = first.command("export", "life", "--format", kind, "--to", str(tmp_path / kind), *address)
    assert made.returncode == 0, made.stderr
    second.tone("tape 7.wav", 12)
    second.tone("tape 8.wav", 12, pitch_hz=300)
    assert second.command("ingest").returncode == 0
    (path,) = (tmp_path / kind).iterdir()
    taken = second.command("import", str(path))
    assert taken.returncode == 0 and "part 1 of tape-7" in taken.stdout, taken.stderr
    stub = (second.root / "metadata" / "testimonies" / "tape-7.yaml").read_text("utf-8")
    assert "summary: A life." in stub and "access: closed" in stub
    assert ("warnings: [hunger]" in stub) == (kind == "tei")  # OHMS has no place for them


@pytest.mark.parametrize("text", ["&amp;", "&amp;amp; &lt;", "AT&T", "R&D; &", "&#38;"])
def test_signs_that_editors_would_write_for_others_are_themselves_again(text: str) -> None:
    raw = f"1\n00:00:01,000 --> 00:00:02,000\n{cuefile.in_subrip(text)}\n".encode()
    assert [cue.text for cue in cuefile.read(raw, "a.srt").cues] == [text]
