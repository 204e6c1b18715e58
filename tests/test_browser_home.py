"""The home page and its neighbours in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from pipeline.engines.fake import FakeEngine
from pipeline.samples import Design
from pipeline.site import app
from tests.browsing import Browser, served
from tests.conftest import REPOSITORY, Folder
from tests.test_sampling import correct, draw

TEXT = "Workuta i Wilno. Deportacja czerwcowa, bydlęce wagony. Mama oddała mi chleb w Magadanie."
PAGES = (
    "/",
    "/testimonies",
    "/testimonies?place=vorkuta",
    "/about",
    "/quality",
    "/api",
    "/nothing",
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = Folder(tmp_path_factory.mktemp("home") / "archive")
    for name in ("vocabulary.yaml", "gazetteer.yaml"):
        shutil.copy(REPOSITORY / "metadata" / name, folder.root / "metadata" / name)
    for n in range(6):
        folder.tone(f"{n}.wav", seconds=8, pitch_hz=300 + 40 * n)
        folder.sidecar(f"story-{n}", [f"{n}.wav"], access="public", collection="Letters",
                       narrator={"name": f"Narrator {n}", "born": 1920 + 3 * n})  # fmt: skip
    folder.run(FakeEngine(text=lambda clip: f"{TEXT} {TEXT}"))
    # Enough for one language to be measured; the page says it in words and in tables.
    for n, one in enumerate(draw(folder, Design(36))):
        correct(folder, one, one.text if n % 2 else f"{one.text} Inne słowa")
    folder.run(FakeEngine(text=lambda clip: f"{TEXT} {TEXT}"))
    with served(app.build(folder.root)) as served_at:
        yield served_at


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing(browser: Browser, address: str, page: str, dark: bool) -> None:
    browser.open(address + page, dark=dark)
    for details in browser.all("details"):
        browser.js("arguments[0].open = true", details)
    assert browser.violations() == []
    assert [c for c in browser.complaints() if "404" not in c] == []


@pytest.mark.parametrize("page", [*PAGES, "/?lang=uk", "/testimonies?lang=lt"])
def test_a_phone_needs_no_scrolling_sideways(browser: Browser, address: str, page: str) -> None:
    browser.open(address + page, 320, 640)
    for details in browser.all("details"):
        browser.js("arguments[0].open = true", details)
    assert not browser.overflows()


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("language", ["en", "lt", "uk"])
def test_no_word_of_a_plot_is_cut_off(
    browser: Browser, address: str, language: str, width: int
) -> None:
    browser.open(f"{address}/?lang={language}", width, 844)
    cut = browser.js(
        "return [...document.querySelectorAll('.plot text')]"
        ".filter(text => getComputedStyle(text).display !== 'none')"
        ".filter(text => { const box = text.getBBox(), room = text.ownerSVGElement.viewBox.baseVal;"
        " return box.x < -1 || box.x + box.width > room.width + 1 })"
        ".map(text => text.textContent)"
    )
    assert cut == []


def test_every_page_begins_at_the_same_edge(browser: Browser, address: str) -> None:
    edges = set()
    for page in (*PAGES, "/search", "/search?q=chleb", "/testimony/story-0", "/quote/story-0/0-4",
                 "/lesson"):  # fmt: skip
        browser.open(address + page)
        edges.add(
            browser.js("return document.querySelector('.top .name').getBoundingClientRect().x")
        )
        edges.add(browser.js("return document.querySelector('main h1').getBoundingClientRect().x"))
    assert len(edges) == 1


def test_a_place_on_the_map_leads_to_its_testimonies(browser: Browser, address: str) -> None:
    browser.open(address + "/")
    dot = browser.one('.over a[href*="place=vorkuta"] circle')
    browser.js("arguments[0].scrollIntoView({block: 'center'})", dot)
    dot.click()
    assert browser.until(lambda: "place=vorkuta" in browser.driver.current_url)
    assert len(browser.all(".testimonies > li")) == 6
    browser.one(".hint a").click()
    browser.until(lambda: "/search?" in browser.driver.current_url)
    assert any("Workuta" in passage.text for passage in browser.all("blockquote"))


def test_the_keyboard_skips_to_the_content_and_over_the_dots(
    browser: Browser, address: str
) -> None:
    browser.open(address + "/")
    reached = browser.js(
        "return [...document.querySelectorAll('a[href]')].filter(a => a.tabIndex >= 0)"
        ".some(a => a.closest('svg'))"
    )
    assert reached is False
    assert browser.one(".skip").get_attribute("href").endswith("#content")
