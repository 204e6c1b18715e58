"""A viewer of others, on another site, shows and plays a testimony: Clover IIIF from npm."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pipeline.engines.fake import FakeEngine
from pipeline.site import app
from tests.browsing import Browser, served
from tests.conftest import Folder

VIEWER = "@samvera/clover-iiif@3.3.8"
_BUNDLE = "package/dist/web-components/index.umd.js"
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Elsewhere</title>
<link rel="icon" href="data:,"><clover-viewer iiif-content="{manifest}"></clover-viewer>
<script src="viewer.js"></script></html>
"""
# The captions that a viewer offers are on once the reader chooses them in the player's menu.
_SHOW_CAPTIONS = """
[...document.querySelector('video').textTracks].find(t => t.label == 'Transcript').mode = 'showing'
"""
_SHOWN = """
const tracks = [...document.querySelector('video').textTracks].filter(t => t.mode == 'showing');
return tracks.flatMap(t => [...(t.activeCues ?? [])].map(cue => cue.getCueAsHTML().textContent))
"""
_NOW = "return document.querySelector('video').currentTime"


def _missing(why: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder with the viewer's one file, and the address at which another site serves it."""
    folder = tmp_path_factory.mktemp("viewer")
    npm = shutil.which("npm")
    if npm is None:
        _missing("no npm, which brings the IIIF viewer")
    got = subprocess.run(
        [str(npm), "pack", VIEWER, "--silent"], cwd=folder, capture_output=True, text=True
    )
    if got.returncode != 0:
        _missing(f"npm could not bring {VIEWER}: {got.stderr}")
    (package,) = folder.glob("*.tgz")
    with tarfile.open(package) as file:
        bundle = file.extractfile(_BUNDLE)
        assert bundle is not None
        (folder / "viewer.js").write_bytes(bundle.read())
    handler = functools.partial(_Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Nothing: what matters is what the browser says."""


def test_a_viewer_elsewhere_shows_who_speaks_plays_it_and_shows_its_captions(
    browser: Browser, folder: Folder, elsewhere: tuple[Path, str]
) -> None:
    folder.tone("a.wav", seconds=8)
    folder.sidecar("life", ["a.wav"], access="public", title="A life", narrator={"name": "Ona"})
    folder.run(FakeEngine(text=lambda clip: "Words that were said."))
    web, address = elsewhere
    with served(app.build(folder.root)) as archive:
        manifest = f"{archive}/iiif/life/manifest.json"
        (web / "index.html").write_text(_PAGE.format(manifest=manifest), encoding="utf-8")
        browser.open(f"{address}/index.html")
        browser.until(lambda: browser.all("clover-viewer video"))
        said = browser.one("clover-viewer").text
        assert "A life" in said and "Narrator\nOna" in said
        assert f"{archive}/media/" in str(browser.one("video").get_attribute("src"))
        browser.js(_SHOW_CAPTIONS)
        browser.js("document.querySelector('video').play()")
        shown = browser.until(lambda: browser.js(_SHOWN))
        assert shown == ["Words that were said."]
        before = browser.js(_NOW)
        browser.until(lambda: browser.js(_NOW) > before + 0.5)
        assert browser.complaints() == []
