"""Reviewing in a real browser: by keyboard alone, by two people at once, without a connection."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from pipeline.desk import Desk
from pipeline.review import Row
from pipeline.site import app
from tests.browsing import Browser, chromium, served
from tests.conftest import Folder
from tests.test_access import HASH, PASSWORD
from tests.test_review import lay_out

_PAUSED = "return document.querySelector('audio').paused"
_NOW = "return document.querySelector('audio').currentTime"
_FOCUS = "return document.activeElement.name || document.activeElement.className"


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = Folder(tmp_path_factory.mktemp("review") / "archive")
    lay_out(folder)
    return folder


@pytest.fixture
def folder_at(laid_out: Folder, tmp_path: Path) -> Iterator[tuple[Folder, str]]:
    folder = laid_out.copy(tmp_path / "archive")
    (folder.root / "secrets" / "reviewers").write_text(f"rita:{HASH}\nmarta:{HASH}\n")
    with served(app.build(folder.root, desk=Desk(folder.root))) as address:
        yield folder, address


def log_in(browser: Browser, address: str, name: str = "rita") -> None:
    browser.driver.delete_all_cookies()
    browser.open(f"{address}/-/login")
    browser.one("input[name=username]").send_keys(name)
    browser.one("input[name=password]").send_keys(PASSWORD, Keys.ENTER)
    browser.until(lambda: not browser.driver.current_url.endswith("/-/login"))


def sit_down(browser: Browser, address: str, name: str = "rita", **window: int) -> None:
    """At the sheet, when its sound is ready."""
    log_in(browser, address, name)
    browser.open(f"{address}/review/wagon?part=1", **window)
    browser.until(lambda: browser.js("return Boolean(document.querySelector('audio').src)"), 30)


def press(browser: Browser, *keys: str) -> None:
    ActionChains(browser.driver).send_keys(*keys).perform()


def save(browser: Browser) -> None:
    ActionChains(browser.driver).key_down(Keys.CONTROL).send_keys(Keys.ENTER).key_up(
        Keys.CONTROL
    ).perform()


def rows(folder: Folder) -> list[Row]:
    return [*Desk(folder.root).sheet("wagon", 1).rows]


def saved(browser: Browser, folder: Folder, *texts: str) -> None:
    """Waits until the archive has these texts first, and the page says that all is saved."""
    browser.until(lambda: [row.text for row in rows(folder)][: len(texts)] == [*texts])
    browser.until(lambda: browser.all(".rows > li.pending") == [])


def test_axe_finds_nothing_and_a_small_phone_needs_no_scrolling_sideways(
    browser: Browser, folder_at: tuple[Folder, str]
) -> None:
    _, address = folder_at
    browser.driver.delete_all_cookies()
    browser.open(f"{address}/review")
    assert browser.violations() == []
    sit_down(browser, address)
    for path in ("/review", "/review/wagon?part=1", "/review/wagon?part=1&at=0#now"):
        for dark in (False, True):
            browser.open("about:blank")
            browser.open(address + path, dark=dark)
            assert browser.violations() == [], (path, dark)
        browser.open(address + path, 320, 640)
        assert not browser.overflows(), path
        assert [c for c in browser.complaints() if "favicon" not in c] == []
    browser.open(address + "/review/wagon?part=1")
    browser.one("[data-do=help]").click()
    assert browser.violations() == []


def test_a_sheet_is_worked_through_with_the_keyboard_alone(
    browser: Browser, folder_at: tuple[Folder, str]
) -> None:
    folder, address = folder_at
    sit_down(browser, address)
    press(browser, "e")  # the first line, which is played
    assert browser.js(_FOCUS) == "text"
    browser.until(lambda: not browser.js(_PAUSED))
    assert browser.js(_NOW) < 1
    press(browser, Keys.F8)
    assert browser.js(_PAUSED)
    browser.js("document.querySelector('audio').currentTime = 3")
    press(browser, Keys.F9)
    browser.until(lambda: 1 <= browser.js(_NOW) < 2)
    press(browser, Keys.F4)
    assert browser.one("[data-do=loop]").get_attribute("aria-pressed") == "true"
    press(browser, Keys.F4, Keys.F2)
    browser.until(lambda: browser.js(_NOW) < 1)
    # Right as it stands.
    save(browser)
    saved(browser, folder, "Mama umarła w wagonie.")
    assert rows(folder)[0].state == "corrected"
    # Corrected.
    press(browser, Keys.END, Keys.BACKSPACE, "!")
    save(browser)
    saved(browser, folder, "Mama umarła w wagonie.", "On już poszedł!")
    # Split at the cursor.
    press(browser, Keys.HOME, *[Keys.ARROW_RIGHT] * 6, Keys.ENTER)
    save(browser)
    saved(browser, folder, "Mama umarła w wagonie.", "On już poszedł!", "Chleb", "był czarny.")
    # What nobody heard is filled.
    press(browser, "Siedzieliśmy.")
    save(browser)
    browser.until(lambda: rows(folder)[4].text == "Siedzieliśmy.")
    assert browser.one("#progress").text == "5 of 6 lines checked"
    # Joined with the next.
    press(browser, Keys.PAGE_UP, Keys.END, Keys.DELETE)
    save(browser)
    browser.until(lambda: rows(folder)[-1].text == "Siedzieliśmy. Koniec wojny.")
    browser.until(lambda: browser.one("#told").text)
    assert [c for c in browser.complaints() if "favicon" not in c] == []


def test_the_facts_of_a_line_are_set_with_the_mouse(
    browser: Browser, folder_at: tuple[Folder, str]
) -> None:
    folder, address = folder_at
    sit_down(browser, address)
    browser.all(".rows .said")[0].click()
    browser.one("[name=language] option[value=lt]").click()
    browser.one("[name=speaker]").send_keys("Jan Próbny")
    browser.one("[name=private]").click()
    browser.one("button[value=save]").click()
    browser.until(lambda: rows(folder)[0].language == "lt")
    assert rows(folder)[0].speaker == "Jan Próbny"
    browser.until(lambda: browser.all(".rows b") and browser.all(".rows b")[0].text == "Jan Próbny")
    browser.until(lambda: browser.all(".rows > li.open"))
    browser.one("button[value=nothing]").click()
    browser.until(lambda: "On już poszedł." not in [row.text for row in rows(folder)])


def test_what_two_people_write_at_once_is_compared_and_nothing_is_lost(
    browser: Browser, folder_at: tuple[Folder, str], tmp_path: Path
) -> None:
    folder, address = folder_at
    with chromium(tmp_path) as other:
        sit_down(browser, address, "rita")
        sit_down(other, address, "marta")
        for one in (browser, other):
            one.all(".rows .said")[0].click()
        press(other, Keys.END, " MARTA")
        save(other)
        saved(other, folder, "Mama umarła w wagonie. MARTA")
        press(browser, Keys.END, " RITA")
        save(browser)
        # She is on the next line already: nothing takes her away from it.
        browser.until(lambda: "marta changed this" in browser.one("#told").text)
        assert browser.js("return document.activeElement.value") == "On już poszedł."
        browser.one(".kept-here button").click()
        assert browser.one(".theirs .text").text == "Mama umarła w wagonie. MARTA"
        box = browser.one("textarea[name=text]")
        assert box.get_attribute("value") == "Mama umarła w wagonie. RITA"
        assert browser.violations() == []
        browser.one("[data-do=theirs]").click()
        press(browser, Keys.END, " RITA")
        save(browser)
        saved(browser, folder, "Mama umarła w wagonie. MARTA RITA")


def test_without_a_connection_words_are_kept_and_sent_later(
    browser: Browser, folder_at: tuple[Folder, str]
) -> None:
    folder, address = folder_at
    sit_down(browser, address)
    browser.driver.execute_cdp_cmd("Network.enable", {})
    offline = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    try:
        browser.driver.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
        browser.all(".rows .said")[0].click()
        press(browser, Keys.END, " Dopisane.")
        save(browser)
        lost = browser.one("#lost")
        browser.until(lambda: "kept in this browser" in lost.text)
    finally:
        online = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        browser.driver.execute_cdp_cmd("Network.emulateNetworkConditions", online)
    browser.until(lambda: rows(folder)[0].text == "Mama umarła w wagonie. Dopisane.")
    browser.until(lambda: not lost.is_displayed())


def test_what_was_left_unsaved_is_there_again(
    browser: Browser, folder_at: tuple[Folder, str]
) -> None:
    folder, address = folder_at
    sit_down(browser, address)
    browser.all(".rows .said")[0].click()
    press(browser, Keys.END, " Zostaje.", Keys.ESCAPE)
    assert browser.one(".kept-here").text.startswith("not saved yet")
    browser.open("about:blank")
    browser.open(f"{address}/review/wagon?part=1")
    browser.one(".kept-here button").click()
    box = browser.one("textarea[name=text]")
    assert box.get_attribute("value") == "Mama umarła w wagonie. Zostaje."
    save(browser)
    saved(browser, folder, "Mama umarła w wagonie. Zostaje.")
    assert browser.js("return Object.keys(localStorage).filter(k => /:\\d/.test(k)).length") == 0


def test_keys_do_not_clash_with_writing(browser: Browser, folder_at: tuple[Folder, str]) -> None:
    _, address = folder_at
    sit_down(browser, address)
    browser.all(".rows .said")[0].click()
    press(browser, Keys.F8, "k j r o n e ? ")
    assert (
        browser.one("textarea[name=text]").get_attribute("value").startswith("k j r o n e ? Mama")
    )
    press(browser, Keys.ESCAPE, "n")
    assert browser.one("textarea[name=text]").get_attribute("value") == "On już poszedł."
    press(browser, Keys.ESCAPE, "?")
    assert browser.one("dialog").is_displayed()
    browser.one("[data-do=keys]").click()
    press(browser, Keys.ESCAPE, "e")
    assert browser.all("textarea[name=text]") == []
    browser.js("localStorage.clear()")


def test_three_thousand_lines_stay_workable(
    browser: Browser, folder_at: tuple[Folder, str]
) -> None:
    folder, address = folder_at
    with folder.open() as archive, archive.db.atomic():
        part = archive.recording_at("a.wav")
        assert part
        run = part.current_run_id
        archive.db.execute(
            f"DELETE FROM words WHERE segment_id IN (SELECT id FROM segments WHERE run_id = {run})"
        )
        archive.db.execute(f"DELETE FROM segments WHERE run_id = {run}")
        archive.db.execute(f"DELETE FROM unheard WHERE run_id = {run}")
        archive.db.table("segments").insert_all(
            {"run_id": run, "recording_id": part.id, "n": n + 1, "start_s": round(n * 0.006, 3),
             "end_s": round(n * 0.006 + 0.005, 3), "text": f"To jest wiersz numer {n}.",
             "language": "pl", "state": "ok", "reasons": "[]", "confidence": 0.9}
            for n in range(3000)
        )  # fmt: skip
    sit_down(browser, address)
    assert len(browser.all("textarea")) == 0
    browser.open(f"{address}/review/wagon?part=1&at={round(2990 * 0.006, 3)}#now")
    box = "const r = document.querySelector('textarea').getBoundingClientRect(); return [r.top, r.bottom]"
    browser.until(lambda: 0 < browser.js(box)[0] < browser.js(box)[1] < 900)
    browser.until(lambda: browser.js(_FOCUS) == "text")  # what is typed before goes elsewhere
    press(browser, Keys.END, " Koniec.")
    save(browser)
    browser.until(lambda: rows(folder)[2990].text == "To jest wiersz numer 2990. Koniec.", 60)
    assert browser.js("return document.activeElement.value") == "To jest wiersz numer 2991."
