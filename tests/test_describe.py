"""DataCite and Dublin Core, each taken by a reader of others."""

from __future__ import annotations

import json
from typing import Any

import pytest
from datacite import schema45
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from pipeline import formats
from pipeline.publication import Keeper
from tests.conftest import examples
from tests.test_captions import segment
from tests.test_out import KEEPER, facts, told

DC = "{http://purl.org/dc/elements/1.1/}"
# The fifteen elements of http://purl.org/dc/elements/1.1/.
ELEMENTS = set(
    "contributor coverage creator date description format identifier language publisher relation"
    " rights source subject title type".split()
)


def datacite(**row: Any) -> dict[str, Any]:
    said = formats.write(told([segment(1, 0, 1)], **row), "datacite", KEEPER)
    document: dict[str, Any] = json.loads(said)
    schema45.validator.validate(document)
    return document


def dublin_core(**row: Any) -> list[tuple[str, str]]:
    said = formats.write(told([segment(1, 0, 1)], **row), "dc", KEEPER)
    return [(one.tag.removeprefix(DC), one.text) for one in etree.fromstring(said.encode())]


def test_datacite_says_who_told_it_who_asked_and_who_keeps_it() -> None:
    said = datacite(narrator="Ona Sample", interviewer="I. Asker", place="Vilnius", summary="Told.")
    assert said["creators"] == [
        {"name": "Sample, Ona", "nameType": "Personal", "familyName": "Sample", "givenName": "Ona"}
    ]
    assert [(c["contributorType"], c["name"]) for c in said["contributors"]] == [
        ("DataCollector", "Asker, I."), ("HostingInstitution", "An archive & more"),
    ]  # fmt: skip
    assert said["types"] == {"resourceTypeGeneral": "Sound", "resourceType": "Testimony"}
    assert said["dates"] == [{"date": "1998-06", "dateType": "Collected"}]
    assert (said["publicationYear"], said["language"]) == ("2026", "lt")
    assert said["url"] == "https://archive.example/testimony/life"
    assert said["rightsList"][0]["rightsIdentifier"] == "CC-BY-4.0"
    assert said["formats"] == ["audio/mp4"]


def test_what_is_not_known_is_left_out_or_said_to_be_unknown() -> None:
    none = dict.fromkeys(("narrator", "interviewer", "place", "summary", "notice", "licence",
                          "languages_detected"))  # fmt: skip
    said = datacite(**none, recorded_on="1998~")
    assert said["creators"] == [{"name": ":unav"}]
    assert not {"dates", "rightsList", "geoLocations", "descriptions", "language"} & said.keys()
    names = [name for name, _ in dublin_core(**none, recorded_on=None)]
    assert names == ["title", "publisher", "type", "format", "identifier", "identifier"]
    bare = told([segment(1, 0, 1)], **none)
    assert "url" not in json.loads(formats.write(bare, "datacite", Keeper("A")))


def test_dublin_core_has_the_same_facts() -> None:
    assert dublin_core(interviewer="I. Asker", collection="C & D", notice=None) == [
        ("title", "A life --> & <told>"), ("creator", "Ona"), ("contributor", "I. Asker"),
        ("publisher", "An archive & more"), ("date", "1998-06"), ("type", "Sound"),
        ("format", "audio/mp4"), ("identifier", "life"),
        ("identifier", "https://archive.example/testimony/life"), ("language", "lt"),
        ("relation", "C & D"), ("rights", "CC BY 4.0"),
        ("rights", "https://creativecommons.org/licenses/by/4.0/"),
    ]  # fmt: skip


@settings(max_examples=examples(60), deadline=None)
@given(
    st.fixed_dictionaries(dict.fromkeys(("narrator", "interviewer", "place", "summary", "collection", "notice", "licence"), facts)),
    st.sampled_from([None, "1998", "1998-06-03", "1998/2001", "1998-21", "19XX", "1998~", "../1998"]),
)  # fmt: skip
def test_whatever_people_wrote_both_are_valid(row: dict[str, Any], recorded_on: str | None) -> None:
    datacite(**row, recorded_on=recorded_on)
    assert {name for name, _ in dublin_core(**row, recorded_on=recorded_on)} <= ELEMENTS


def test_a_film_is_not_called_sound() -> None:
    said = told([segment(1, 0, 1)], [segment(2, 0, 1)])
    said.parts[1].row.update(has_video=1, media=None)
    document = json.loads(formats.write(said, "datacite", KEEPER))
    assert document["types"]["resourceTypeGeneral"] == "Audiovisual"
    assert document["formats"] == ["audio/mp4"]
    with pytest.raises(LookupError):
        formats.write(said, "datacite", KEEPER, 3)
