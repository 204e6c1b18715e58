"""Licences and agreements in plain words."""

from __future__ import annotations

import pytest

from pipeline.site.licences import agreed, licence, may_be_taught
from pipeline.site.words import words_in

EN = words_in("en")
BY = "https://creativecommons.org/licenses/by/4.0/"


@pytest.mark.parametrize(
    ("written", "name", "address"),
    [
        ("CC-BY-4.0", "CC BY 4.0", BY),
        ("CC BY 4.0", "CC BY 4.0", BY),
        ("https://creativecommons.org/licenses/by/4.0/deed.lt", "CC BY 4.0", BY),
        ("cc-by-nc-nd-4.0", "CC BY-NC-ND 4.0", BY.replace("/by/", "/by-nc-nd/")),
        ("CC0-1.0", "CC0 1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
        ("CC0", "CC0 1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
        ("https://rightsstatements.org/vocab/InC/1.0/",) * 2
        + ("https://rightsstatements.org/vocab/InC/1.0/",),
        ("In copyright; ask the museum", "In copyright; ask the museum", None),
        ("javascript:alert(1)", "javascript:alert(1)", None),
        ("CC-BY-ND-SA-4.0", "CC-BY-ND-SA-4.0", None),
        (None, "No licence is recorded", None),
        ("  ", "No licence is recorded", None),
    ],
)
def test_a_licence_is_known_by_its_id_its_name_or_its_address(
    written: str | None, name: str, address: str | None
) -> None:
    found = licence(written, EN)
    assert (found.name, found.address) == (name, address)


def test_what_a_licence_allows_is_said_in_sentences() -> None:
    assert licence("CC-BY-NC-SA-4.0", EN).terms == (
        "You may copy it and pass it on, if you say who speaks and where it is from.",
        "You may not use it to earn money.",
        "You may change it, if you pass it on under the same licence and say so.",
    )
    assert "not pass on a changed version" in " ".join(licence("CC-BY-ND-4.0", EN).terms)
    ask = ("Ask the archive before you copy it or pass it on.",)
    assert licence("In copyright", EN).terms == licence(None, EN).terms == ask


def test_what_the_narrator_agreed_to_is_said_and_what_not() -> None:
    assert agreed(["online", "research"], EN) == (
        "It may not be used for teaching.",
        "It may be used for research.",
        "It may not be used to train language models.",
    )
    assert (may_be_taught(["teaching"]), may_be_taught(["online"]), may_be_taught([])) == (
        True, False, False,
    )  # fmt: skip
