"""Lesson sheets: collected in an address, ordered, printed, and taken away as a document."""

from __future__ import annotations

import html
import io
import re
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import docx
import pytest
from datasette.app import Datasette
from datasette.utils import MultiParams

from pipeline.engines.fake import FakeEngine
from pipeline.report import Silent
from pipeline.site import app
from pipeline.site.quoting import Reference
from pipeline.site.sheet import MOST, Item, Sheet
from pipeline.withdraw import withdraw
from tests.conftest import Folder

WORDS = "Raz & <b>. Dwa słowa. Trzy słowa. Cztery słowa."
A, B = "open/0-4", "other/0-4"


@pytest.fixture
def published(folder: Folder) -> Folder:
    for ident, pitch_hz, fields in (
        ("open", 440, {"narrator": {"name": "Jan Próbny", "born": 1930}, "licence": "CC-BY-4.0",
                       "notice": "Hard to hear", "warnings": ["hunger"]}),
        ("other", 500, {"title": "Another & <i>"}),
        ("untaught", 600, {"uses": ["online", "research"]}),
        ("research", 700, {"access": "researchers"}),
    ):  # fmt: skip
        folder.tone(f"{ident}.wav", seconds=4, pitch_hz=pitch_hz)
        folder.sidecar(ident, [f"{ident}.wav"], **{"access": "public", **fields})
    folder.run(FakeEngine(text=lambda clip: WORDS))
    return folder


@pytest.fixture
def site(published: Folder) -> Datasette:
    return app.build(published.root)


async def get(site: Datasette, path: str, *pairs: tuple[str, str]) -> Any:
    return await site.client.get(f"{path}?{urlencode(pairs)}" if pairs else path)


def args(*pairs: tuple[str, str]) -> MultiParams:
    return MultiParams(parse_qs(urlencode(pairs), keep_blank_values=True))


def order(location: str) -> list[str]:
    return parse_qs(urlsplit(location).query)["q"]


def text_of(content: bytes) -> str:
    document = docx.Document(io.BytesIO(content))
    return "\n".join(paragraph.text for paragraph in document.paragraphs)


def test_a_sheet_is_what_its_address_says_and_says_it_again() -> None:
    pairs = [("q", A), ("n", ""), ("q", f"{B}@0123456789abcdef"), ("n", " Why?\r\n\nWho? ")]
    sheet = Sheet.of(args(*pairs, ("title", " The  train "), ("end", "What now?")))
    assert sheet == Sheet(
        "The train",
        (
            Item(Reference("open", "0-4")),
            Item(Reference("other", "0-4", "0123456789abcdef"), "Why?\n\nWho?"),
        ),
        "What now?",
    )
    again = parse_qs(urlsplit(sheet.address("/lesson")).query, keep_blank_values=True)
    assert Sheet.of(MultiParams(again)) == sheet
    assert Sheet.of(args()).address("/lesson") == "/lesson"


def test_a_question_stays_with_its_quote_also_where_another_is_no_quote() -> None:
    sheet = Sheet.of(
        args(("q", A), ("n", "1"), ("q", "nonsense"), ("n", "2"), ("q", B), ("n", "3"))
    )
    assert [(str(i.reference), i.question) for i in sheet.items] == [(A, "1"), (B, "3")]
    assert len(Sheet.of(args(*[("q", A)] * 99)).items) == MOST


@pytest.mark.parametrize(
    ("pressed", "after"),
    [
        (("up", "2"), ["b/0-1", "a/0-1", "c/0-1"]),
        (("down", "2"), ["a/0-1", "c/0-1", "b/0-1"]),
        (("up", "1"), ["a/0-1", "b/0-1", "c/0-1"]),
        (("down", "3"), ["a/0-1", "b/0-1", "c/0-1"]),
        (("remove", "2"), ["a/0-1", "c/0-1"]),
        (("remove", "9"), ["a/0-1", "b/0-1", "c/0-1"]),
        (("up", "x"), ["a/0-1", "b/0-1", "c/0-1"]),
        (("up", "9" * 5000), ["a/0-1", "b/0-1", "c/0-1"]),
        (("add", "d/0-1"), ["a/0-1", "b/0-1", "c/0-1", "d/0-1"]),
        (("add", "http://x.example/quote/d/2:0-1.5?lang=lt&v=0123456789abcdef#cite"),
         ["a/0-1", "b/0-1", "c/0-1", "d/2:0-1.5@0123456789abcdef"]),
        (("add", "/quote/d/0-1/embed"), ["a/0-1", "b/0-1", "c/0-1", "d/0-1"]),
        (("add", "not a quote"), ["a/0-1", "b/0-1", "c/0-1"]),
    ],
)  # fmt: skip
def test_the_buttons_change_the_sheet(pressed: tuple[str, str], after: list[str]) -> None:
    start = args(*[("q", f"{i}/0-1") for i in "abc"], pressed)
    assert [str(item.reference) for item in Sheet.of(start).changed(start).items] == after


def test_thirty_quotes_with_long_questions_fit_into_an_address() -> None:
    question = ("n", "щ" * 9999)
    sheet = Sheet.of(args(*[("q", "sample-testimony/2:1000.25-1400.75"), question] * 99))
    assert len(sheet.items) == MOST
    assert len(sheet.address("/lesson")) < 60_000


async def test_what_was_typed_is_kept_when_a_quote_is_moved(site: Datasette) -> None:
    moved = await get(site, "/lesson", ("q", A), ("n", "First?"), ("q", B), ("n", "Second?"),
                      ("title", "T"), ("up", "2"), ("lang", "lt"))  # fmt: skip
    assert moved.status_code == 302
    said = parse_qs(urlsplit(moved.headers["location"]).query)
    assert said == {"q": [B, A], "n": ["Second?", "First?"], "title": ["T"], "lang": ["lt"]}
    page = await get(site, moved.headers["location"])
    assert page.status_code == 200 and page.text.index("Second?") < page.text.index("First?")


async def test_a_quote_is_added_by_its_address_and_nonsense_is_a_sentence(site: Datasette) -> None:
    added = await get(site, "/lesson", ("q", A), ("n", ""), ("add", f"http://localhost/quote/{B}"))
    assert added.status_code == 302 and order(added.headers["location"]) == [A, B]
    refused = await get(site, "/lesson", ("q", A), ("add", "<script>"))
    assert "This is no address of a quote" in refused.text and "<script>" not in refused.text
    full = await get(site, "/lesson", *[("q", A)] * MOST, ("add", B))
    assert "The sheet is full" in full.text


async def test_the_sheet_has_words_credits_codes_and_questions(site: Datasette) -> None:
    sheet = [("title", "The <train>"), ("q", A), ("n", "Why?\nWho?"), ("q", B), ("n", ""),
             ("end", "What now?")]  # fmt: skip
    page = (await get(site, "/lesson/sheet", *sheet)).text
    assert "The &lt;train&gt;" in page and "<train>" not in page
    assert page.index("Hard to hear") < page.index("Raz &amp; &lt;b&gt;. Dwa słowa")
    assert '<p lang="pl">' in page and "Jan Próbny" in page and "born 1930" in page
    assert "CC BY 4.0" in page and "No licence is recorded" in page
    assert page.count("<svg") == 2 and 'style="' not in page
    assert "Why?\nWho?" in page and "What now?" in page
    (download,) = re.findall(r'href="(/lesson\.docx[^"]+)"', page)
    taken = await get(site, html.unescape(download))
    assert 'filename="lesson.docx"' in taken.headers["content-disposition"]
    text = text_of(taken.content)
    assert text.startswith("The <train>") and "Raz & <b>. Dwa słowa." in text
    for said in ("Hard to hear", "hunger", "Jan Próbny, born 1930", "CC BY 4.0", "Why?", "Who?",
                 "What now?", "Another & <i>", "http://localhost/quote/open/0-4?v="):  # fmt: skip
        assert said in text
    document = docx.Document(io.BytesIO(taken.content))
    assert len(document.inline_shapes) == 2
    assert 'w:lang w:val="pl"' in document.element.xml
    assert (document.core_properties.title, document.core_properties.author) == (
        "The <train>", "Test archive",
    )  # fmt: skip


@pytest.mark.parametrize("path", ["/lesson", "/lesson/sheet", "/lesson.docx"])
async def test_what_may_not_be_taught_or_is_not_public_is_refused_in_a_sentence(
    site: Datasette, path: str
) -> None:
    response = await get(site, path, ("q", "untaught/0-4"), ("q", "research/0-4"),
                         ("q", "nobody/0-4"), ("q", "open/9-4"), ("q", "open/0-400"))  # fmt: skip
    text = text_of(response.content) if path.endswith("docx") else html.unescape(response.text)
    assert response.status_code == 200 and "słowa" not in text
    assert "did not agree that it is used for teaching" in text
    assert text.count("There is no such testimony in this archive") == 2
    assert "ends before it begins" in text and "This recording ends at 0:04" in text


async def test_a_quote_page_offers_a_sheet_only_where_teaching_is_agreed(site: Datasette) -> None:
    assert "data-add=" in (await get(site, "/quote/open/0-4")).text
    page = (await get(site, "/quote/untaught/0-4")).text
    assert "data-add=" not in page and "It may not be used for teaching" in page


async def test_what_was_withdrawn_since_is_named_without_its_words(published: Folder) -> None:
    with published.open() as archive:
        assert withdraw(archive, published.settings(), "open", "asked", Silent()).ok
    site = app.build(published.root)
    for path in ("/lesson", "/lesson/sheet", "/lesson.docx"):
        response = await get(site, path, ("q", A), ("n", "Why?"), ("q", B))
        text = text_of(response.content) if path.endswith("docx") else response.text
        assert "open, 0:00–0:04" in text and "was withdrawn" in text
        assert "Próbny" not in text and "Testimony open" not in text
        assert "Another &" in text and "Why?" in text


async def test_words_that_changed_since_are_said_to_have_changed(site: Datasette) -> None:
    page = await get(site, "/lesson", ("q", f"{A}@{'0' * 16}"))
    assert "transcript has changed since this was put on the sheet" in page.text


@pytest.mark.parametrize("path", ["/lesson", "/lesson/sheet", "/lesson.docx"])
async def test_whatever_is_in_the_address_gives_a_page(site: Datasette, path: str) -> None:
    for pairs in (
        [],
        [("q", "\x00"), ("n", "\x0b\x01"), ("title", "\x0b\ud7ff\ufffe"), ("end", "😀")],
        [("n", "alone"), ("title", "<script>alert(1)</script>")],
        [("q", "open/0-4"), ("n", "\x0b\x01x"), ("title", "\x00")],
        [("q", "é" * 10_000)],
    ):
        response = await get(site, path, *pairs)
        assert response.status_code == 200
        assert b"<script>alert" not in response.content
