"""Published words as WebVTT, SubRip, text, JSON and CSV: read back by other people's readers."""

from __future__ import annotations

import csv
import io
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import webvtt
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import captions, formats
from pipeline.engines.fake import FakeEngine
from pipeline.publication import Entry, Keeper, Part
from tests.conftest import Folder, examples

ROW = {
    "id": "life", "title": "A life --> & <told>", "narrator": "Ona", "recorded_on": "1998-06",
    "place": None, "collection": None, "licence": "CC-BY-4.0", "notice": "Two\n\nlines",
    "warnings": '["hunger"]', "uses": '["online"]', "languages_declared": None,
    "languages_detected": '["lt"]', "fingerprint": "f",
}  # fmt: skip


def segment(
    n: int, start_s: float, end_s: float, text: str = "Word.", **fields: Any
) -> dict[str, Any]:
    row = {"id": 100 + n, "n": n, "start_s": start_s, "end_s": end_s, "text": text}
    row |= {"language": "lt", "speaker": None, "confidence": 0.5, "state": "ok"}
    return row | fields


def entry(*parts: list[dict[str, Any]]) -> Entry:
    rows = [
        {"id": f"{n:016x}", "part": n, "duration_s": 60.0, "engine": "fake", "model": "base",
         "transcribed_at": "2026-01-02T03:04:05Z"}
        for n in range(1, len(parts) + 1)
    ]  # fmt: skip
    return Entry(ROW, [Part(row, part) for row, part in zip(rows, parts, strict=True)])


def write(said: Entry, kind: str, part: int | None = None) -> str:
    return formats.write(said, kind, Keeper("Test archive"), part)


# Read back

awkward = st.text(max_size=40) | st.sampled_from(["-->", "<v X>", "&amp;", "a\n\nb", "NOTE", "  "])
times = st.floats(0, 100_000, allow_nan=False)


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(st.tuples(times, times, awkward, awkward), max_size=8))
def test_whatever_was_said_the_files_are_valid_and_lines_never_overlap(said: list[Any]) -> None:
    told = entry([
        segment(n, start, start + length, text, speaker=speaker or None)
        for n, (start, length, text, speaker) in enumerate(said)
    ])  # fmt: skip
    vtt = webvtt.from_string(write(told, "vtt"))
    assert sorted(c.identifier for c in vtt) == sorted(f"s{100 + n}" for n in range(len(said)))
    spans = [(c.start_ms, c.end_ms) for c in captions.cues(told.parts[0].segments)]
    assert all(a < b for a, b in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


def test_a_cue_says_who_in_which_language_and_whose_words() -> None:
    text = write(
        entry([
            segment(1, 0, 2.5, "Tėvas & <motina>.", speaker="Ona <O>"),
            segment(2, 2, 4, "Да.", language="ru", state="corrected"),
            segment(3, 5, 6, "[redacted: a neighbour]", language=None, state="redacted"),
        ]),
        "vtt",
    )  # fmt: skip
    assert text.startswith("WEBVTT\n\nNOTE\nA life → & <told>\nNarrator: Ona\n")
    assert "Notice: Two lines\nMay be hard to hear: hunger\n" in text
    assert text.endswith(
        "\n\ns101\n00:00:00.000 --> 00:00:02.000\n"
        "<v Ona &lt;O&gt;><lang lt>Tėvas &amp; &lt;motina&gt;.</lang></v>\n\n"
        "NOTE\nThe next line was corrected by a person.\n\n"
        "s102\n00:00:02.000 --> 00:00:04.000\n<lang ru>Да.</lang>\n\n"
        "s103\n00:00:05.000 --> 00:00:06.000\n[redacted: a neighbour]\n"
    )
    first = webvtt.from_string(text)[0]
    assert (first.start, first.end) == ("00:00:00.000", "00:00:02.000")


def test_srt_txt_json_and_csv_say_the_same(tmp_path: Path) -> None:
    told = entry(
        [segment(1, 3600.5, 3602, 'Ji sakė: "ne"', speaker="Ona")],
        [segment(2, 0, 1, "=1+1", state="corrected")],
    )
    assert write(told, "srt", 1) == ('1\n01:00:00,500 --> 01:00:02,000\nOna: Ji sakė: "ne"\n')
    arrow = entry([segment(1, 0, 1, "a --> b\n\n2"), segment(2, 0.5, 2, "c")])
    (tmp_path / "a.srt").write_text(write(arrow, "srt"), encoding="utf-8")
    assert [(c.end, c.text) for c in webvtt.from_srt(str(tmp_path / "a.srt"))] == [
        ("00:00:00.500", "a → b 2"), ("00:00:02.000", "c"),
    ]  # fmt: skip
    text = write(told, "txt")
    assert '\n1:00:00  Ona: Ji sakė: "ne"\n\nPart 2 of 2, 1:00' in text
    assert text.endswith("\n0:00  [corrected] =1+1\n")
    document = json.loads(write(told, "json"))
    assert (document["uses"], document["languages_detected"]) == (["online"], ["lt"])
    assert "fingerprint" not in document
    rows = list(csv.DictReader(io.StringIO(write(told, "csv"))))
    said = [s for part in document["parts"] for s in part["segments"]]
    assert [r["text"] for r in rows] == [s["text"] for s in said] == ['Ji sakė: "ne"', "=1+1"]
    assert [r["text_from"] for r in rows] == ["machine", "person"]
    assert [(r["part"], r["start_s"]) for r in rows] == [("1", "3600.5"), ("2", "0.0")]


def test_captions_are_of_one_part() -> None:
    told = entry([segment(1, 0, 1)], [segment(2, 0, 1)])
    for kind, part in (("vtt", None), ("srt", 3), ("json", 3)):
        with pytest.raises(LookupError):
            write(told, kind, part)
    assert "s102" in write(told, "vtt", 2) and "s101" not in write(told, "vtt", 2)
    assert len(json.loads(write(told, "json", 2))["parts"]) == 1


# testimony export


@pytest.fixture
def archive(folder: Folder) -> Folder:
    for number, name in enumerate(("a.wav", "b.wav")):
        folder.tone(name, seconds=4, pitch_hz=300 + 50 * number)
    folder.sidecar(
        "life", ["a.wav", "b.wav"], access="public", narrator={"name": "Real", "pseudonym": "Ona"},
        redactions=[{"recording": "a.wav", "start_s": 0, "end_s": 1, "reason": "a neighbour"}],
    )  # fmt: skip
    folder.run(FakeEngine(text=lambda clip: "Secret words. Open words."))
    return folder


def events(archive: Folder) -> list[dict[str, Any]]:
    with archive.open() as opened:
        return [e["detail"] for e in opened.events("life") if e["type"] == "export"]


def test_what_is_exported_is_redacted_recorded_and_named_at_withdrawal(archive: Folder) -> None:
    result = archive.command("export", "life", "--format", "vtt", "--json")
    assert result.returncode == 0, result.stderr
    paths = json.loads(result.stdout)["stages"][0]["paths"]
    folder = archive.root / "exports"
    assert paths == [str(folder / f"life-part-{n}.vtt") for n in (1, 2)]
    first, second = (Path(path).read_text("utf-8") for path in paths)
    assert "[redacted: a neighbour]" in first and "Secret" not in first and "Real" not in first
    assert "Narrator: Ona" in first and "Secret words." in second
    webvtt.from_string(first)
    assert [(e["path"], e["format"], e["channel"]) for e in events(archive)] == [
        (path, "vtt", "public") for path in paths
    ]
    again = archive.command("export", "life", "--format", "vtt")
    assert again.returncode == 2 and "nothing is overwritten" in again.stderr
    notes = archive.command("withdraw", "life", "--reason", "asked").stdout
    assert all(f"{path}: exported" in notes.replace("\n", "") for path in paths)
    late = archive.command("export", "life", "--format", "txt")
    assert late.returncode == 2 and "it was withdrawn" in late.stderr
    assert len(events(archive)) == 2


def test_the_gate_is_asked_anew_and_for_whom(archive: Folder, tmp_path: Path) -> None:
    archive.sidecar("life", ["a.wav", "b.wav"], access="researchers")
    refused = archive.command("export", "life", "--format", "json", "--to", str(tmp_path / "x"))
    assert refused.returncode == 2 and "access is researchers" in refused.stderr
    assert not (tmp_path / "x").exists() and events(archive) == []
    said = archive.command(
        *("export", "life", "--format", "json", "--for", "researchers"), "--to", str(tmp_path / "x")
    )
    assert said.returncode == 0, said.stderr
    document = json.loads((tmp_path / "x" / "life.json").read_text("utf-8"))
    assert [part["part"] for part in document["parts"]] == [1, 2]
    below = archive.command(
        *("export", "life", "--format", "csv", "--for", "researchers"),
        *("--to", str(archive.root / "publication")),
    )
    assert below.returncode == 2 and "no export may be" in below.stderr
