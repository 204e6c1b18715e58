"""Quotes and lesson sheets in a real browser: copied, framed by others, collected, printed."""

from __future__ import annotations

import base64
import io
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

import docx
import pytest
from pypdf import PdfReader
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.keys import Keys

from pipeline import audio
from pipeline.engines.fake import FakeEngine
from pipeline.site import app
from tests.browsing import Browser, served
from tests.conftest import Folder

TEXT = "Jechaliśmy trzy tygodnie w wagonie. Mama oddała mi chleb i umarła."
FIRST, SECOND = "wagon/0-6.5", "wagon/7-13.25"
SHEET = urlencode(
    [("q", FIRST), ("n", "Why?"), ("q", "nobody/0-1"), ("n", ""), ("title", "T"), ("end", "And?")]
)
PAGES = (
    f"/quote/{FIRST}", f"/quote/{FIRST}/embed", "/quote/wagon/9-1", f"/quote/{FIRST}?v={'0' * 16}",
    "/lesson", f"/lesson?{SHEET}", f"/lesson/sheet?{SHEET}",
)  # fmt: skip


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = Folder(tmp_path_factory.mktemp("quoted") / "archive")
    folder.tone("a.wav", seconds=20)
    folder.sidecar("wagon", ["a.wav"], access="public", warnings=["violence"], licence="CC-BY-4.0",
                   narrator={"name": "Jan Próbny", "born": 1930}, notice="Hard to hear")  # fmt: skip
    folder.run(FakeEngine(text=lambda clip: TEXT))
    with served(app.build(folder.root, audio.cut_copy)) as served_at:
        yield served_at


@pytest.fixture
def clean(browser: Browser, address: str) -> Browser:
    """A browser that has no sheet yet."""
    browser.open(address + "/lesson")
    browser.js("localStorage.clear(); sessionStorage.clear()")
    return browser


def questions(browser: Browser) -> list[str | None] | None:
    """What is written under the quotes; None while another page is coming."""
    try:
        return [one.get_attribute("value") for one in browser.all(".quotes [name=n]")]
    except StaleElementReferenceException:
        return None


def has(browser: Browser, quotes: int) -> bool:
    """Whether the sheet has so many quotes, and its script has run."""
    return (
        len(browser.all(".quotes > li")) == quotes and len(browser.all("[data-keep][hidden]")) == 1
    )


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing(clean: Browser, address: str, page: str, dark: bool) -> None:
    clean.open(address + page, dark=dark)
    clean.js("for (const one of document.querySelectorAll('details')) one.open = true")
    assert clean.violations() == []
    assert [c for c in clean.complaints() if "400" not in c and "favicon" not in c] == []


@pytest.mark.parametrize("page", PAGES)
def test_a_phone_needs_no_scrolling_sideways(clean: Browser, address: str, page: str) -> None:
    clean.open(address + page, 320, 640)
    clean.js("for (const one of document.querySelectorAll('details')) one.open = true")
    assert not clean.overflows()


def test_the_sound_is_just_the_passage(clean: Browser, address: str) -> None:
    clean.open(f"{address}/quote/{SECOND}")
    clean.js("document.querySelector('audio').play()")
    clean.until(lambda: clean.js("return document.querySelector('audio').currentTime > 0.2"))
    assert clean.js("return document.querySelector('audio').duration") == pytest.approx(
        6.25, abs=0.1
    )


def test_a_citation_is_copied_with_its_italics(clean: Browser, address: str) -> None:
    clean.open(f"{address}/quote/{FIRST}")
    assert "?v=" in clean.driver.current_url
    clean.driver.execute_cdp_cmd(
        "Browser.grantPermissions",
        {"origin": address, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]},
    )

    def copy(kind: str) -> None:
        clean.js("document.querySelector('[data-status]').replaceChildren()")
        clean.one(f"[data-copy={kind}]").click()
        clean.until(lambda: clean.one("[data-status]").text == "Copied")

    for kind in ("chicago-1", "apa-1"):
        copy(kind)
        copied = clean.driver.execute_async_script(
            "navigator.clipboard.readText().then(arguments[arguments.length - 1])"
        )
        assert copied == clean.one(f"#{kind}").text
    styled = clean.driver.execute_async_script(
        "const done = arguments[arguments.length - 1]; navigator.clipboard.read()"
        ".then(all => all[0].getType('text/html')).then(one => one.text()).then(done)"
    )
    assert "<i>Testimony wagon</i>" in styled


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """Another site: a folder, and the address it is served at."""
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield tmp_path, f"http://localhost:{server.server_port}"
    server.shutdown()


def test_the_snippet_works_in_another_sites_page_and_the_page_itself_does_not(
    clean: Browser, address: str, elsewhere: tuple[Path, str]
) -> None:
    folder, other = elsewhere
    clean.open(f"{address}/quote/{FIRST}")
    snippet = str(clean.js("return document.getElementById('embed').textContent"))
    whole = f'<iframe id="whole" src="{address}/quote/{FIRST}"></iframe>'
    (folder / "page.html").write_text(f"<!DOCTYPE html><p>Blog</p>{snippet}{whole}", "utf-8")
    clean.open(f"{other}/page.html")
    clean.driver.switch_to.frame(clean.one("iframe:not(#whole)"))
    assert "Jechaliśmy trzy tygodnie w wagonie." in clean.one("blockquote").text
    clean.js("document.querySelector('audio').play()")
    clean.until(lambda: clean.js("return document.querySelector('audio').currentTime > 0.1"))
    clean.driver.switch_to.default_content()
    clean.driver.switch_to.frame(clean.one("#whole"))
    assert clean.all("blockquote") == []
    clean.driver.switch_to.default_content()


def test_two_quotes_are_collected_ordered_and_taken_away(clean: Browser, address: str) -> None:
    for place in (FIRST, SECOND):
        clean.open(f"{address}/quote/{place}")
        clean.one("[data-add]").click()
        clean.until(lambda: "on your lesson sheet" in clean.one("[data-status]").text)
    clean.one("[data-status] a").click()
    clean.until(lambda: has(clean, 2))
    clean.one("#title").send_keys("The train")
    clean.one("#question-2").send_keys("Who gave bread?")
    up = clean.all("[name=up]")[1]
    up.send_keys(Keys.ENTER)
    assert "Moved to place 1" in clean.one("[data-status]").text
    assert clean.driver.switch_to.active_element == up
    clean.open(f"{address}/lesson")
    clean.until(lambda: questions(clean) == ["Who gave bread?", ""])
    assert clean.one("#title").get_attribute("value") == "The train"
    clean.one("[formaction='/lesson.docx']").click()
    taken = clean.until(lambda: next(clean.downloads.glob("*.docx"), None))
    document = docx.Document(io.BytesIO(taken.read_bytes()))
    text = [paragraph.text for paragraph in document.paragraphs]
    assert text[0] == "The train"
    assert text.index("Who gave bread?") < text.index("2") < len(text)
    clean.one(".actions.last button").click()
    clean.until(lambda: len(clean.all("svg.qr")) == 2)
    assert "Who gave bread?" in clean.one(".sheet").text


def test_what_is_taken_off_stays_off_and_a_new_sheet_is_empty(clean: Browser, address: str) -> None:
    clean.open(f"{address}/lesson?{urlencode([('q', FIRST), ('n', ''), ('q', SECOND), ('n', '')])}")
    clean.all("[name=remove]")[0].click()
    clean.open(f"{address}/lesson")
    clean.until(lambda: has(clean, 1))
    clean.one("#add").send_keys(f"{address}/quote/{FIRST}", Keys.ENTER)
    clean.until(lambda: has(clean, 2))
    clean.open(f"{address}/lesson")
    clean.until(lambda: has(clean, 2))
    clean.one("[data-anew]").click()
    clean.driver.switch_to.alert.accept()
    clean.until(lambda: clean.all(".empty"))
    assert clean.driver.current_url == f"{address}/lesson"


def test_without_script_a_sheet_is_put_together_too(clean: Browser, address: str) -> None:
    clean.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        clean.open(f"{address}/quote/{FIRST}")
        assert not clean.one("[data-copy]").is_displayed()
        clean.one("[data-add]").click()
        clean.until(lambda: questions(clean) == [""])
        clean.one("#add").send_keys(f"{address}/quote/{SECOND}")
        clean.one("#add + button").click()
        clean.until(lambda: questions(clean) == ["", ""])
        clean.one("#question-1").send_keys("Why?")
        clean.one("[name=down]").click()
        clean.until(lambda: questions(clean) == ["", "Why?"])
        clean.one(".actions.last button").click()
        clean.until(lambda: clean.all(".sheet .question"))
        assert "Why?" in clean.one(".sheet").text
    finally:
        clean.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@pytest.mark.parametrize("page", [f"/quote/{FIRST}", f"/lesson/sheet?{SHEET}"])
def test_on_paper_are_the_words_and_not_the_buttons(
    clean: Browser, address: str, page: str
) -> None:
    clean.open(address + page, dark=True)
    clean.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": []})
    paper = clean.one("body").text
    pdf = base64.b64decode(
        clean.driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})["data"]
    )
    clean.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    assert "Jechaliśmy trzy tygodnie w wagonie." in paper and "Jan Próbny" in paper
    assert "Search" not in paper and "Print" not in paper.splitlines()
    assert "Machine transcripts err" in paper and "How good" not in paper
    on_paper = " ".join(sheet.extract_text() for sheet in PdfReader(io.BytesIO(pdf)).pages)
    assert "Jechaliśmy trzy tygodnie w wagonie." in on_paper and "Print" not in on_paper
    assert clean.one("svg.qr").is_displayed()
    # Three lines to write on under the question of the quote, and under that of the end.
    assert len(clean.all(".ruled i")) == (6 if "sheet" in page else 0)
