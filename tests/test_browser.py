"""Every page in a real browser: nothing axe-core holds against it, no scrolling sideways."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipeline.engines.fake import FakeEngine
from pipeline.site import app
from tests.browsing import Browser, served
from tests.conftest import Folder

TEXT = "Jechaliśmy trzy tygodnie w wagonie. Mama oddała mi chleb i umarła."
PAGES = ("/", "/search", "/search?q=chleb", "/search?q=%22", "/search?q=tygodnei")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = Folder(tmp_path_factory.mktemp("browsed") / "archive")
    folder.tone("a.wav", seconds=20)
    folder.sidecar("wagon", ["a.wav"], access="public", warnings=["violence"], licence="CC-BY-4.0",
                   narrator={"name": "Jan Próbny", "born": 1930}, notice="Hard to hear")  # fmt: skip
    folder.run(FakeEngine(text=lambda clip: TEXT))
    with served(app.build(folder.root)) as served_at:
        yield served_at


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing(browser: Browser, address: str, page: str, dark: bool) -> None:
    browser.open(address + page, dark=dark)
    assert browser.violations() == []
    # A wrong query answers 400 with a page, which the console calls an error.
    assert [c for c in browser.complaints() if "400" not in c and "favicon" not in c] == []


@pytest.mark.parametrize("page", PAGES)
def test_a_phone_needs_no_scrolling_sideways(browser: Browser, address: str, page: str) -> None:
    browser.open(address + page, 320, 640)
    assert not browser.overflows()


def test_a_hit_is_heard_where_it_was_said(browser: Browser, address: str) -> None:
    browser.open(address + "/search?q=chleb")
    browser.js("document.querySelector('audio').play()")
    said = float(str(browser.one("audio").get_attribute("src")).rpartition("t=")[2].split(",")[0])
    at = browser.until(lambda: browser.js("return document.querySelector('audio').currentTime"))
    assert said <= at < said + 0.3
