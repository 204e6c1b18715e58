"""The page of a testimony in a real browser: hearing, following, searching, keys, choosing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from pipeline.site import app
from tests.browsing import Browser, served
from tests.conftest import Folder
from tests.test_testimony_page import lay_out, many

_NOW = "return document.querySelector('.player:not([hidden]) audio').currentTime"
_PAUSED = "return document.querySelector('.player:not([hidden]) audio').paused"
_CURRENT = "return document.querySelector('.lines [aria-current] .said')?.textContent ?? ''"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = Folder(tmp_path_factory.mktemp("page") / "archive")
    lay_out(folder)
    with served(app.build(folder.root)) as served_at:
        yield f"{served_at}/testimony/wagon"


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = Folder(tmp_path_factory.mktemp("long") / "archive")
    folder.tone("a.wav", seconds=40)
    folder.sidecar("long", ["a.wav"], access="public", warnings=["hunger"])
    folder.run()
    many(folder, 3000)
    with served(app.build(folder.root)) as served_at:
        yield f"{served_at}/testimony/long"


def press(browser: Browser, *keys: str) -> None:
    ActionChains(browser.driver).send_keys(*keys).perform()


def start_of(browser: Browser, line: int) -> float:
    return float(str(browser.all(".lines > li")[line].get_attribute("data-start")))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("page", ["wagon", "wagon?q=wagony&t=7", "shut", "nobody"])
def test_axe_finds_nothing(browser: Browser, address: str, page: str, dark: bool) -> None:
    browser.open(address.removesuffix("wagon") + page, dark=dark)
    assert browser.violations() == []
    missing = ("403", "404", "favicon")
    assert [c for c in browser.complaints() if not any(m in c for m in missing)] == []


def test_axe_finds_nothing_in_the_help_and_with_lines_chosen(
    browser: Browser, address: str
) -> None:
    browser.open(address)
    browser.one("[data-do=help]").click()
    assert browser.violations() == []
    press(browser, Keys.ESCAPE)
    first, second = browser.all(".lines .at")[:2]
    first.click()
    ActionChains(browser.driver).key_down(Keys.SHIFT).click(second).key_up(Keys.SHIFT).perform()
    assert browser.violations() == []


@pytest.mark.parametrize("page", ["", "?q=wagony", "?t=2:7"])
def test_a_phone_needs_no_scrolling_sideways(browser: Browser, address: str, page: str) -> None:
    browser.open(address + page, 320, 640)
    assert not browser.overflows()


@pytest.mark.parametrize("what", [".at", ".said"])
def test_a_line_is_heard_from_its_start(browser: Browser, address: str, what: str) -> None:
    for line in (2, 6):  # in part 1, in part 2
        browser.open(address)
        start = start_of(browser, line)
        browser.all(f".lines {what}")[line].click()
        at = browser.until(lambda: not browser.js(_PAUSED) and browser.js(_NOW))
        assert start <= at < start + 0.3
    assert browser.one(".player:not([hidden])").get_attribute("data-part") == "2"


def test_the_line_that_is_spoken_is_marked_and_the_next_one_too(
    browser: Browser, address: str
) -> None:
    browser.open(address)
    browser.all(".lines .said")[0].click()
    assert browser.until(lambda: browser.js(_CURRENT)) == "Mama umarła w wagonie."
    end = start_of(browser, 1)
    browser.js(f"document.querySelector('audio').currentTime = {end - 0.4}")
    browser.until(lambda: browser.js(_CURRENT) == "Он ушёл.")
    assert len(browser.all(".lines [aria-current]")) == 1


def test_the_page_follows_until_the_reader_scrolls_away(browser: Browser, long: str) -> None:
    browser.open(long, 1280, 500, reduced_motion=True)
    top = (
        "return document.querySelector('.lines [aria-current]')?.getBoundingClientRect().top ?? -1"
    )
    play = "const a = document.querySelector('audio'); a.playbackRate = 4; a.play()"
    browser.all(".lines .at")[0].click()
    browser.js(play)
    browser.until(lambda: browser.js(_NOW) > 20, 30)
    assert 0 <= browser.js(top) < 500
    browser.js("scrollTo(0, document.body.scrollHeight / 2)")
    away = browser.js("return scrollY")
    was = browser.js(_NOW)
    browser.until(lambda: browser.js(_NOW) > was + 7, 30)
    assert abs(browser.js("return scrollY") - away) < 5
    browser.one("[data-do=follow]").click()
    browser.until(lambda: 0 <= browser.js(top) < 500)


def test_an_address_opens_at_its_moment(browser: Browser, address: str) -> None:
    for where, part, second in (("?t=6", 1, 6), ("#t=2:11.5", 2, 11.5), ("#t=12", 1, 12)):
        browser.open("about:blank")
        browser.open(address + where)
        browser.until(lambda s=second: abs(browser.js(_NOW) - s) < 0.3)  # type: ignore[misc]
        assert browser.one(".player:not([hidden])").get_attribute("data-part") == str(part)
        assert browser.one(".lines [aria-current]").is_displayed()
    browser.open("about:blank")
    browser.open(f"{address}#%")
    assert browser.one(".tools").is_displayed()


def test_searching_inside_marks_counts_and_steps(browser: Browser, address: str) -> None:
    browser.open(address)
    browser.all(".lines .said")[2].click()
    press(browser, "/")
    assert browser.js("return document.activeElement.id") == "q"
    press(browser, "wagony", Keys.ENTER)
    count = browser.one("#hits .count")
    browser.until(lambda: count.text == "Line 1 of 2")
    assert [mark.text for mark in browser.all("mark")] == ["wagonie", "wagonie"]
    browser.one("[data-do=next]").click()
    assert count.text == "Line 2 of 2"
    assert browser.js("return document.activeElement.closest('li').querySelector('mark') !== null")
    assert "q=wagony" in browser.driver.current_url
    field = browser.one("#q")
    field.clear()
    field.send_keys("nic", Keys.ENTER)
    browser.until(lambda: count.text == "Not found in this testimony")
    assert browser.all("mark") == []
    field.clear()
    field.send_keys('""', Keys.ENTER)
    browser.until(lambda: "at least one word" in count.text)


def test_keys_play_skip_and_walk_and_can_be_turned_off(browser: Browser, address: str) -> None:
    browser.open(address)
    press(browser, "k")
    browser.until(lambda: not browser.js(_PAUSED))
    press(browser, " ")
    browser.until(lambda: browser.js(_PAUSED))
    was = browser.js(_NOW)
    press(browser, "l")
    browser.until(lambda: abs(browser.js(_NOW) - was - 10) < 0.3)
    press(browser, "j")
    browser.until(lambda: abs(browser.js(_NOW) - was) < 0.3)
    press(browser, Keys.ARROW_RIGHT)
    second = start_of(browser, 1)
    browser.until(lambda: second <= browser.js(_NOW) < second + 2)
    press(browser, "k", "?")
    assert browser.one("dialog").is_displayed()
    browser.one("[data-do=keys]").click()
    press(browser, Keys.ESCAPE)
    press(browser, "/")
    assert browser.js("return document.activeElement.id") != "q"
    browser.js("localStorage.clear()")


def test_lines_are_chosen_with_the_mouse_the_keyboard_or_as_text(
    browser: Browser, address: str
) -> None:
    browser.open(address)
    quote = browser.one(".chosen a")
    end = str(browser.all(".lines > li")[2].get_attribute("data-end"))
    first, third = browser.all(".lines .said")[0:3:2]
    first.click()
    ActionChains(browser.driver).key_down(Keys.SHIFT).click(third).key_up(Keys.SHIFT).perform()
    assert str(quote.get_attribute("href")).endswith(f"/quote/wagon/0-{float(end):g}")
    assert browser.one(".chosen p").text == "Chosen: 0:00 to 0:10"
    press(browser, Keys.ESCAPE)
    assert not quote.is_displayed() and browser.all(".picked") == []
    browser.js("document.querySelectorAll('.lines .at')[6].focus()")
    ActionChains(browser.driver).key_down(Keys.SHIFT).send_keys(Keys.ARROW_DOWN).key_up(
        Keys.SHIFT
    ).perform()
    assert "/quote/wagon/2:" in str(quote.get_attribute("href"))
    press(browser, Keys.ESCAPE)
    ActionChains(browser.driver).move_to_element_with_offset(first, -60, 0).click_and_hold(
    ).move_to_element(third).release().perform()  # fmt: skip
    browser.until(lambda: len(browser.all(".picked")) >= 2)


def test_without_scripts_all_of_it_is_read_heard_and_searched(
    browser: Browser, address: str
) -> None:
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.open(address)
        assert len(browser.all(".lines .said")) == 10
        assert [player.is_displayed() for player in browser.all("audio")] == [True, True]
        # What only scripts can do is not offered.
        assert (
            not browser.one(".tools").is_displayed() and not browser.one(".chosen").is_displayed()
        )
        browser.one("#q").send_keys("wagony", Keys.ENTER)
        browser.until(lambda: "q=wagony" in browser.driver.current_url)
        assert browser.one("#hits .count").text == "Found in 2 lines"
        assert [mark.text for mark in browser.all("mark")] == ["wagonie", "wagonie"]
        first, second = browser.all(".lines > li.hit")
        first.find_element("css selector", ".step a").click()
        assert browser.driver.current_url.endswith(f"#{second.get_attribute('id')}")
        second.find_element("css selector", ".quote").click()
        browser.until(lambda: "/quote/wagon/2:" in browser.driver.current_url)
        assert "Mama umarła w wagonie." in browser.one("blockquote").text
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_three_thousand_lines_open_far_away_and_on_a_phone(browser: Browser, long: str) -> None:
    browser.open(f"{long}#s2990", 390, 844)
    box = "const r = document.getElementById('s2990').getBoundingClientRect(); return [r.top, r.bottom]"
    browser.until(lambda: 0 < browser.js(box)[0] < 844)
    assert not browser.overflows()
