"""The search page in a real browser: heard in place, narrowed, with the keyboard, without scripts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver.common.keys import Keys

from pipeline.engines.fake import FakeEngine
from pipeline.site import app
from tests import history
from tests.browsing import Browser, served
from tests.conftest import Folder

TEXT = "Jechaliśmy w wagonie. Mama płakała cicho. W wagonach było zimno. Wagon stał we Workucie."
PAGES = ("/search?q=wagon", "/search?q=wagon&testimony=one&sort=time", "/search?q=Vorkuta",
         "/search?q=wagnoach")  # fmt: skip


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = Folder(tmp_path_factory.mktemp("heard") / "archive")
    history.write(folder.root)
    for n, name in enumerate(("one", "two")):
        folder.tone(f"{name}.wav", 20, 440 + 110 * n)
        folder.sidecar(name, [f"{name}.wav"], access="public", languages=["pl"],
                       notice="Hard to hear", recorded_on=f"199{n}")  # fmt: skip
    folder.run(FakeEngine(text=lambda clip: TEXT))
    with served(app.build(folder.root)) as served_at:
        yield served_at


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing(browser: Browser, address: str, page: str, dark: bool) -> None:
    browser.open(address + page, dark=dark)
    assert browser.violations() == []
    assert [c for c in browser.complaints() if "favicon" not in c] == []


def test_axe_finds_nothing_on_a_phone_while_a_passage_is_heard(
    browser: Browser, address: str
) -> None:
    browser.open(address + PAGES[0], 320, 640)
    browser.one(".facets summary").click()
    browser.one(".play").click()
    browser.until(lambda: browser.all(".heard"))
    assert browser.violations() == []
    assert not browser.overflows()


@pytest.mark.parametrize("page", PAGES)
def test_a_phone_needs_no_scrolling_sideways(browser: Browser, address: str, page: str) -> None:
    browser.open(address + page, 320, 640)
    assert not browser.overflows()


def test_a_passage_is_heard_from_its_start_to_its_end(browser: Browser, address: str) -> None:
    listening = """
    window.heard = [];
    const play = HTMLMediaElement.prototype.play;
    HTMLMediaElement.prototype.play = function () {
      window.player = this;
      this.addEventListener("playing", () => window.heard.push(["from", this.currentTime]));
      this.addEventListener("pause", () => window.heard.push(["to", this.currentTime]));
      return play.call(this);
    };
    """
    browser.open(address + "/search?q=wagonach&testimony=one")
    browser.js(listening)
    button = browser.one(".play")
    start, end = (float(str(button.get_attribute(f"data-{at}"))) for at in ("start", "end"))
    assert 1 < start < end < 20
    button.click()
    assert button.text == "Stop"
    browser.until(lambda: len(browser.js("return window.heard")) >= 2, seconds=end - start + 10)
    (_, began), (_, stopped) = browser.js("return window.heard")[:2]
    assert start - 0.05 <= began < start + 0.3
    assert end - 0.05 <= stopped < end + 0.3
    assert (button.text, browser.all(".heard"), browser.all("progress")) == ("Listen", [], [])


def test_one_passage_at_a_time_by_keyboard_alone(browser: Browser, address: str) -> None:
    browser.open(address + "/search?q=wagon")
    first, second = browser.all(".play")[:2]
    first.send_keys(Keys.ENTER)
    browser.until(lambda: first.text == "Stop")
    second.send_keys(Keys.SPACE)
    assert (first.text, second.text) == ("Listen", "Stop")
    assert str(second.get_attribute("aria-label")).startswith("Stop: ")
    browser.one("body").send_keys(Keys.ESCAPE)
    assert second.text == "Listen"
    assert browser.js("return document.activeElement === arguments[0]", second)


def test_a_passage_that_cannot_be_heard_says_so(browser: Browser, address: str) -> None:
    browser.open(address + "/search?q=wagon")
    button = browser.one(".play")
    browser.js("arguments[0].dataset.sound = '/media/0000000000000000'", button)
    button.click()
    told = browser.one("[data-told]")
    browser.until(lambda: told.text == "This passage cannot be heard now.")
    assert button.text == "Listen"
    # It is in the console too, which the next test would read.
    assert "404" in browser.complaints()[0]


def test_facets_lie_open_where_there_is_room(browser: Browser, address: str) -> None:
    # Selenium takes whatever is in closed details for hidden, shown or not: the page is asked.
    shown = """
    const box = document.querySelector(arguments[0]).getBoundingClientRect();
    const there = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return there !== null && there.matches(arguments[0]);
    """
    choice = ".facets a[href*='testimony=one']"
    browser.open(address + "/search?q=wagon", 1280, 1200)
    assert browser.js(shown, choice)
    browser.js("document.querySelector(arguments[0]).click()", choice)
    browser.until(lambda: "testimony=one" in browser.driver.current_url)
    assert len(browser.all("blockquote")) == 3
    browser.one(".chosen a").click()
    browser.until(lambda: "testimony=" not in browser.driver.current_url)
    browser.open(address + "/search?q=wagon", 390, 1800)
    assert not browser.js(shown, choice)
    browser.one(".facets summary").click()
    assert browser.js(shown, choice)


def test_without_scripts_every_passage_has_its_own_player(browser: Browser, address: str) -> None:
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.open(address + "/search?q=wagonach&testimony=one")
        assert not browser.one(".play").is_displayed()
        browser.one(".plain summary").click()
        player = browser.one(".plain audio")
        assert player.is_displayed()
        assert "#t=" in str(player.get_attribute("src"))
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
