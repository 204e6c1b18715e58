"""Citations, word for word, and read again by programs of others."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace

import bibtexparser
import pytest
import rispy
from bibtexparser.middlewares import LatexDecodingMiddleware

from pipeline import citation, references
from pipeline.cited import Name, Source

FULL = Source(
    key="lt-7-1-12-20",
    title="The winter of 1941",
    archive="Archive of Voices",
    address="https://voices.example/quote/lt-7/12-20?v=0123456789abcdef",
    start_s=12.27,
    end_s=20.0,
    accessed=datetime.date(2026, 11, 24),
    narrator="Ona Marija Kazlauskė",
    narrator_born=1929,
    interviewer="Jean-Paul Próbny",
    recorded_on="1998-06-14",
    place="Vilnius",
    licence="CC BY 4.0",
    language="lt",
)
SPARSE = Source("x-1-0-5", "Untitled", "Archive of Voices", "https://voices.example/quote/x/0-5",
                0, 5, datetime.date(2026, 11, 24))  # fmt: skip
AT = "https://voices.example/quote/lt-7/12-20?v=0123456789abcdef"


def test_with_all_that_can_be_known() -> None:
    assert str(citation.chicago_note(FULL)) == (
        "Ona Marija Kazlauskė, “The winter of 1941,” interview by Jean-Paul Próbny, Vilnius,"
        f" June 14, 1998, audio, 0:12–0:20, Archive of Voices, {AT}."
    )
    assert str(citation.chicago_bibliography(FULL)) == (
        "Kazlauskė, Ona Marija. “The winter of 1941.” Interview by Jean-Paul Próbny. Vilnius,"
        f" June 14, 1998. Audio, 0:12–0:20. Archive of Voices. {AT}."
    )
    assert str(citation.apa_reference(FULL)) == (
        "Kazlauskė, O. M. (1998, June 14). <i>The winter of 1941</i> (J.-P. Próbny, Interviewer)"
        f" [Audio recording, 0:12–0:20]. Archive of Voices. {AT}"
    )
    assert str(citation.apa_in_text(FULL)) == "(Kazlauskė, 1998, 0:12)"
    assert str(citation.iso690(FULL)) == (
        "KAZLAUSKĖ, Ona Marija. <i>The winter of 1941</i> [audio recording]. Interviewer:"
        " Jean-Paul PRÓBNY. Vilnius, 14 June 1998. Archive of Voices, 0:12–0:20"
        f" [viewed 24 November 2026]. Available from: {AT}"
    )


def test_with_hardly_anything() -> None:
    at = "https://voices.example/quote/x/0-5"
    assert [
        str(style(SPARSE))
        for style in (citation.chicago_note, citation.chicago_bibliography,
                      citation.apa_reference, citation.apa_in_text, citation.iso690)
    ] == [
        f"“Untitled,” n.d., audio, 0:00–0:05, Archive of Voices, {at}.",
        f"“Untitled.” N.d. Audio, 0:00–0:05. Archive of Voices. {at}.",
        f"<i>Untitled</i> [Audio recording, 0:00–0:05]. (n.d.). Archive of Voices. {at}",
        "(“Untitled”, n.d., 0:00)",
        "<i>Untitled</i> [audio recording]. [n.d.]. Archive of Voices, 0:00–0:05"
        f" [viewed 24 November 2026]. Available from: {at}",
    ]  # fmt: skip
    assert references.csl(SPARSE).keys() == {
        "id", "type", "title", "accessed", "archive", "medium", "note", "URL",
    }  # fmt: skip
    assert "author" not in references.bibtex(SPARSE) and "AU  -" not in references.ris(SPARSE)


@pytest.mark.parametrize(
    ("edtf", "chicago", "apa", "iso"),
    [
        ("1998", "1998", "1998", "1998"),
        ("1998-06", "June 1998", "1998, June", "June 1998"),
        ("1998-06?", "[June 1998?]", "ca. 1998, June", "[June 1998?]"),
        ("1998~", "[ca. 1998]", "ca. 1998", "[ca. 1998]"),
        ("1998%", "[ca. 1998?]", "ca. 1998", "[ca. 1998?]"),
        ("1998/1999", "1998–1999", "1998–1999", "1998–1999"),
        ("1998-21", "Spring 1998", "1998, Spring", "Spring 1998"),
        ("199X", "1990s", "1990s", "1990s"),
        ("XXXX", "n.d.", "n.d.", "[n.d.]"),
        (None, "n.d.", "n.d.", "[n.d.]"),
    ],
)
def test_dates_as_far_as_they_are_known(edtf: str | None, chicago: str, apa: str, iso: str) -> None:
    source = replace(SPARSE, recorded_on=edtf)
    assert f"“Untitled,” {chicago}, audio" in citation.chicago_note(source)
    assert f". ({apa}). " in citation.apa_reference(source)
    assert f"recording]. {iso}. Archive" in citation.iso690(source)


@pytest.mark.parametrize(
    ("written", "inverted", "initials"),
    [
        ("Ona Kazlauskė", "Kazlauskė, Ona", "O."),
        ("Kazlauskė Petraitė, Ona", "Kazlauskė Petraitė, Ona", "O."),
        ("Ona", "Ona", ""),
        ("Witness K.", "Witness K.", ""),
        ("Nobody (synthetic)", "Nobody (synthetic)", ""),
        ("Narrator 7", "Narrator 7", ""),
        ("  Anna\n Maria  Kowal ", "Kowal, Anna Maria", "A. M."),
    ],
)
def test_names_are_turned_round_only_where_they_can_be(
    written: str, inverted: str, initials: str
) -> None:
    name = Name.of(written)
    assert name is not None
    assert (name.inverted, name.initials) == (inverted, initials)


def test_a_title_keeps_its_own_mark_and_a_film_is_one() -> None:
    source = replace(FULL, title="Who came?", film=True, part=2)
    assert "“Who came?” interview by" in citation.chicago_note(source)
    assert "video, part 2, 0:12–0:20" in citation.chicago_note(source)
    assert "“Who came?” Interview" in citation.chicago_bibliography(source)
    assert citation.apa_in_text(source) == "(Kazlauskė, 1998, part 2, 0:12)"
    assert "TY  - VIDEO" in references.ris(source)


def test_what_people_wrote_is_never_markup() -> None:
    source = replace(FULL, title="<script>&</script>", narrator="Ona <b>", archive="A & B")
    for style in (citation.chicago_note, citation.chicago_bibliography, citation.apa_reference,
                  citation.apa_in_text, citation.iso690):  # fmt: skip
        assert "<script>" not in style(source) and "<b>" not in style(source)
    assert "<script>&</script>" in citation.apa_reference(source).striptags()


AWKWARD = replace(
    FULL,
    title="50 % {of} #1 & $2_x^y~z \\ “q” }\nTY  - BOOK",
    narrator="Ona {K}",
    place="Kaunas\r\nER  - ",
)


def test_bibtex_is_read_by_a_parser_and_latex_is_escaped() -> None:
    for source in (FULL, SPARSE, AWKWARD):
        library = bibtexparser.parse_string(references.bibtex(source))
        assert library.failed_blocks == []
        (entry,) = library.entries
        assert (entry.entry_type, entry.key) == ("misc", source.key)
        assert entry["url"] == source.address
    (entry,) = bibtexparser.parse_string(references.bibtex(FULL)).entries
    assert {f.key: f.value for f in entry.fields} == {
        "author": "Kazlauskė, Ona Marija",
        "title": "{The winter of 1941}",
        "howpublished": "Audio recording, interview by Jean-Paul Próbny",
        "organization": "Archive of Voices",
        "address": "Vilnius",
        "year": "1998",
        "month": "jun",
        "note": "0:12–0:20. Narrator born 1929. Licence: CC BY 4.0",
        "langid": "lt",
        "url": AT,
        "urldate": "2026-11-24",
    }
    awkward = references.bibtex(AWKWARD)
    assert (
        r"50 \% \textbraceleft{}of\textbraceright{} \#1 \& \$2\_x\textasciicircum{}y"
        r"\textasciitilde{}z \textbackslash{}" in awkward
    )
    decoded = bibtexparser.parse_string(awkward, append_middleware=[LatexDecodingMiddleware()])
    # That decoder knows neither braces by name nor the plain circumflex.
    assert "#1 & $2_x" in decoded.entries[0]["title"]
    assert "~z \\ “q”" in decoded.entries[0]["title"]


def test_ris_is_read_by_a_parser_and_no_value_begins_a_line() -> None:
    for source in (FULL, SPARSE, AWKWARD):
        (record,) = rispy.loads(references.ris(source))
        assert (record["type_of_reference"], record["urls"]) == ("SOUND", [source.address])
    (record,) = rispy.loads(references.ris(FULL))
    assert record["authors"] == ["Kazlauskė, Ona Marija"]
    assert (record["title"], record["year"], record["date"]) == (
        "The winter of 1941", "1998", "1998/06/14/",
    )  # fmt: skip
    (record,) = rispy.loads(references.ris(AWKWARD))
    assert record["title"].endswith("} TY - BOOK") and record["place_published"] == "Kaunas ER -"
    assert references.ris(FULL).endswith("\r\nER  - \r\n")


def test_csl_json_is_whole() -> None:
    assert json.loads(json.dumps(references.csl(replace(FULL, recorded_on="1998-06?")))) == {
        "id": "lt-7-1-12-20",
        "type": "interview",
        "title": "The winter of 1941",
        "author": [{"family": "Kazlauskė", "given": "Ona Marija"}],
        "interviewer": [{"family": "Próbny", "given": "Jean-Paul"}],
        "issued": {"date-parts": [[1998, 6]], "circa": True},
        "accessed": {"date-parts": [[2026, 11, 24]]},
        "event-place": "Vilnius",
        "archive": "Archive of Voices",
        "medium": "Audio recording",
        "language": "lt",
        "note": "0:12–0:20. Narrator born 1929. Licence: CC BY 4.0",
        "URL": AT,
    }
