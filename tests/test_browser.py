"""Every page in a real browser: nothing axe-core holds against it, no scrolling sideways."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipeline.engines.fake import FakeEngine
from pipeline.report import Silent
from pipeline.site import app
from pipeline.withdraw import withdraw
from tests.browsing import Browser, served
from tests.conftest import Folder

TEXT = "Jechaliśmy trzy tygodnie w wagonie. Mama oddała mi chleb i umarła."
PAGES = ("/", "/search", "/search?q=chleb", "/search?q=%22", "/search?q=tygodnei",
         "/search?q=xyzzyq", "/-/login", "/testimony/gone", "/quote/gone/0-1/embed")  # fmt: skip
DATASETTES = ("/public", "/public/testimonies", "/public/segments?language=pl",
              "/public/testimonies/wagon", "/public/search?q=chleb&language=")  # fmt: skip


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = Folder(tmp_path_factory.mktemp("browsed") / "archive")
    folder.tone("a.wav", seconds=20)
    folder.sidecar("wagon", ["a.wav"], access="public", warnings=["violence"], licence="CC-BY-4.0",
                   narrator={"name": "Jan Próbny", "born": 1930}, notice="Hard to hear")  # fmt: skip
    folder.tone("gone.wav", seconds=3)
    folder.sidecar("gone", ["gone.wav"], access="public")
    folder.run(FakeEngine(text=lambda clip: TEXT))
    with folder.open() as archive:
        assert withdraw(archive, folder.settings(), "gone", "asked", Silent()).ok
    with served(app.build(folder.root)) as served_at:
        yield served_at


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing(browser: Browser, address: str, page: str, dark: bool) -> None:
    browser.open(address + page, dark=dark)
    assert browser.violations() == []
    # A wrong query and what is gone answer with a page, which the console calls an error.
    known = ("400", "410", "favicon")
    assert [c for c in browser.complaints() if not any(one in c for one in known)] == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("page", DATASETTES)
def test_axe_finds_nothing_on_datasettes_own_pages(
    browser: Browser, address: str, page: str, dark: bool
) -> None:
    browser.open(address + page, dark=dark)
    assert browser.violations() == []
    assert browser.js("return document.documentElement.lang") == "en"


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
