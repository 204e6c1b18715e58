"""A real browser before the real site: Debian's Chromium, driven by Selenium, judged by axe-core."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from datasette.app import Datasette
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

_WHERE = {
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "driver": ("chromedriver",),
}
_AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
  .then(result => done(result.violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 200))])));
"""


class Browser:
    """One window, with the few moves that tests need; `driver` has the rest."""

    def __init__(self, driver: webdriver.Chrome, downloads: Path) -> None:
        self.driver = driver
        self.downloads = downloads

    def open(self, address: str, width: int = 1280, height: int = 900, *, dark: bool = False,
             reduced_motion: bool = False) -> None:  # fmt: skip
        """A page at a size of window; phones are 390 wide, the smallest 320."""
        said = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", said)
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion",
             "value": "reduce" if reduced_motion else "no-preference"},
        ]  # fmt: skip
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        # The page before may still be asking for something, which is no complaint about this one.
        self.driver.get("about:blank")
        self.driver.get_log("browser")
        self.driver.get(address)

    def one(self, css: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def all(self, css: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def js(self, script: str, *values: Any) -> Any:
        return self.driver.execute_script(script, *values)

    def until(self, true: Callable[[], Any], seconds: float = 10.0) -> Any:
        """What `true` returns once that is truthy; fails when it takes too long."""
        end = time.monotonic() + seconds
        while not (found := true()):
            assert time.monotonic() < end, f"not within {seconds} s"
            time.sleep(0.05)
        return found

    def violations(self) -> list[Any]:
        """What axe-core holds against the page as it is now."""
        files = resources.files("axe_playwright_python")
        self.driver.execute_script((files / "axe.min.js").read_text(encoding="utf-8"))
        found: list[Any] = self.driver.execute_async_script(_AXE)
        return found

    def overflows(self) -> bool:
        """Whether the page must be scrolled sideways."""
        return bool(self.js("return document.documentElement.scrollWidth > innerWidth"))

    def complaints(self) -> list[str]:
        """What the console says against the page: errors, and breaches of its policy."""
        return [
            entry["message"]
            for entry in self.driver.get_log("browser")
            if entry["level"] == "SEVERE"
        ]


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium without a window; CI must have it."""
    with chromium(tmp_path_factory.mktemp("downloads")) as found:
        yield found


@contextmanager
def chromium(downloads: Path) -> Iterator[Browser]:
    """A browser of its own, with its own cookies and storage."""
    found = {
        what: next(filter(None, map(shutil.which, names)), None) for what, names in _WHERE.items()
    }
    if not all(found.values()):
        why = f"no browser: chromium is {found['chromium']}, chromedriver is {found['driver']}"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    options = Options()
    options.binary_location = str(found["chromium"])
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--autoplay-policy=no-user-gesture-required",
        "--lang=en",
        # What a browser asks its maker for: here it is only refused, again and again.
        "--no-first-run",
        "--disable-quic",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ):
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(found["driver"])))
    driver.set_script_timeout(60)
    try:
        yield Browser(driver, downloads)
    finally:
        driver.quit()


@contextmanager
def served(site: Datasette) -> Iterator[str]:
    """The site at an address of this machine, as `testimony serve` serves it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(
        uvicorn.Config(site.app(), host="127.0.0.1", port=port, log_level="warning", lifespan="on")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the site did not start"
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
