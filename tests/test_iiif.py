"""IIIF: manifests that the reference library takes, served so that viewers elsewhere can play them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import iiif_prezi3
import pytest
from datasette.app import Datasette
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import formats, iiif
from pipeline.engines.fake import FakeEngine
from pipeline.labels import _LABELS, _LANGUAGES, label, language_names
from pipeline.site import app
from tests import history
from tests.conftest import Folder, examples
from tests.test_captions import segment
from tests.test_out import KEEPER, SPOKEN, facts, told, words

BASE = "https://archive.example/iiif/life"


def manifest(*parts: list[dict[str, Any]], **row: Any) -> dict[str, Any]:
    text = formats.write(told(*parts, **row), "iiif", KEEPER)
    iiif_prezi3.Manifest.model_validate_json(text)
    document: dict[str, Any] = json.loads(text)
    return document


def lines(*said: dict[str, Any]) -> dict[str, Any]:
    entry = told(list(said))
    text = iiif.lines(entry, entry.parts[0], KEEPER)
    iiif_prezi3.AnnotationPage.model_validate_json(text)
    document: dict[str, Any] = json.loads(text)
    return document


def test_a_canvas_is_a_recording_with_its_sound_its_captions_and_its_lines() -> None:
    said = manifest(SPOKEN, recorded_on="1998-06")
    assert said["id"] == f"{BASE}/manifest.json"
    (canvas,) = said["items"]
    assert (canvas["id"], canvas["duration"]) == (f"{BASE}/canvas/1", 60.0)
    (painted,) = canvas["items"][0]["items"]
    assert painted["body"] == {
        "id": "https://archive.example/media/0000000000000001",
        "type": "Sound", "format": "audio/mp4", "duration": 60.0,
    }  # fmt: skip
    captions, page = canvas["annotations"]
    (vtt,) = captions["items"]
    assert (vtt["motivation"], vtt["body"]["format"]) == ("supplementing", "text/vtt")
    assert vtt["body"]["id"] == "https://archive.example/testimony/life.vtt?part=1"
    assert page["id"] == f"{BASE}/annotations/1.json" and "items" not in page


def test_a_manifest_says_what_may_be_done_and_who_keeps_it() -> None:
    said = manifest(SPOKEN, summary="What was told.", narrator="Ona")
    assert said["rights"] == "http://creativecommons.org/licenses/by/4.0/"
    credit = "Ona, A life --> & <told>, An archive & more, CC BY 4.0"
    assert said["requiredStatement"]["value"] == {"none": [credit]}
    assert said["provider"][0]["label"] == {"none": ["An archive & more"]}
    facts = {one["label"]["en"][0]: one["value"] for one in said["metadata"]}
    assert facts["May be hard to hear"] == {"none": ["hunger"]}
    assert facts["Languages"]["uk"] == ["литовська"]
    assert "rights" not in manifest(SPOKEN, licence="Ask the museum")


def test_a_film_is_painted_as_video_and_what_cannot_be_heard_is_not_painted() -> None:
    said = told([segment(1, 0, 2)], [segment(2, 0, 2)])
    said.parts[0].row["has_video"], said.parts[1].row["media"] = 1, None
    first, second = json.loads(formats.write(said, "iiif", KEEPER))["items"]
    body = first["items"][0]["items"][0]["body"]
    assert (body["type"], body["format"]) == ("Video", "video/mp4")
    assert second["items"][0]["items"] == [] and second["annotations"]


def test_ranges_follow_the_parts_and_the_languages() -> None:
    assert "structures" not in manifest([segment(1, 0, 2), segment(2, 3, 4)])
    first = [segment(1, 0, 2), segment(2, 2, 3, language=None), segment(3, 3, 4),
             segment(4, 5, 6.25, language="ru")]  # fmt: skip
    parts = manifest(first, [segment(5, 0, 2)])["structures"]
    assert [one["label"]["pl"] for one in parts] == [["Część 1"], ["Część 2"]]
    assert [(r["label"]["en"], r["items"][0]["id"]) for r in parts[0]["items"]] == [
        (["Lithuanian"], f"{BASE}/canvas/1#t=0.0,4.0"),
        (["Russian"], f"{BASE}/canvas/1#t=5.0,6.25"),
    ]
    assert parts[1]["items"] == [{"id": f"{BASE}/canvas/2", "type": "Canvas"}]


def test_a_line_says_when_in_which_language_and_whose_words_it_has() -> None:
    page = lines(*SPOKEN)
    said = [(a["target"], a["body"]["value"], a["body"].get("language"), a["creator"]["name"])
            for a in page["items"]]  # fmt: skip
    assert said == [
        (f"{BASE}/canvas/1#t=0.0,2.0", "Ona: Tėvas & <motina>.", "lt", "fake, base"),
        (f"{BASE}/canvas/1#t=2.0,4.0", "A neighbour: Да.", "ru", "An archive & more"),
        (f"{BASE}/canvas/1#t=5.0,6.0", "[redacted: a neighbour]", None, "An archive & more"),
    ]
    assert lines()["items"] == []


@settings(max_examples=examples(40), deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1e5), st.floats(0, 1e3), words, facts), max_size=5),
    st.fixed_dictionaries(dict.fromkeys(("narrator", "place", "summary", "licence"), facts)),
)
def test_whatever_was_said_the_library_takes_it(said: list[Any], row: dict[str, Any]) -> None:
    segments = [segment(n, start, start + length, text, speaker=who, language=None)
                for n, (start, length, text, who) in enumerate(said)]  # fmt: skip
    manifest(segments, **row)
    assert len(lines(*segments)["items"]) == len(segments)


def test_every_label_is_said_in_every_language_of_the_interface() -> None:
    from pipeline.site.words import INTERFACE

    assert INTERFACE == _LANGUAGES
    for name in _LABELS:
        said = label(name, n=2)
        assert said.keys() == set(INTERFACE) and all(one[0].strip() for one in said.values())
    assert language_names(["xx-unheard-of"])["lt"] == ["xx-unheard-of"]


# On the site


@pytest.fixture
def folder_with_two(folder: Folder) -> Folder:
    for n, name in enumerate(("a.wav", "b.wav", "c.wav", "d.wav")):
        folder.tone(name, seconds=3, pitch_hz=300 + 40 * n)
    folder.sidecar("life", ["a.wav", "b.wav"], access="public")
    folder.sidecar("other", ["c.wav"], access="public", title="Another")
    folder.sidecar("kept", ["d.wav"], access="researchers")
    history.write(folder.root)
    folder.run(FakeEngine(text=lambda clip: "Zamknęli nas w wagonie bydlęcym do Workuty."))
    return folder


@pytest.fixture
def site(folder_with_two: Folder) -> Datasette:
    return app.build(folder_with_two.root)


async def get(site: Datasette, path: str, **headers: str) -> httpx.Response:
    response: httpx.Response = await site.client.get(path, headers=headers)
    return response


async def test_manifest_lines_and_media_are_served_to_viewers_elsewhere(site: Datasette) -> None:
    found = (await get(site, "/iiif/life/manifest.json")).json()
    seen = {found["id"]}
    for canvas in found["items"]:
        seen |= {a["body"]["id"] for page in canvas["items"] for a in page["items"]}
        seen |= {a["body"]["id"] for page in canvas["annotations"] for a in page.get("items", [])}
        seen |= {page["id"] for page in canvas["annotations"] if "items" not in page}
    seen |= {one["id"] for kind in ("homepage", "seeAlso", "rendering") for one in found[kind]}
    assert len(seen) == 1 + 2 * 3 + 4
    for address in seen - {found["homepage"][0]["id"]}:
        response = await get(site, address.removeprefix("http://localhost"))
        assert response.status_code == 200, address
        assert response.headers["access-control-allow-origin"] == "*", address
        assert response.headers["cross-origin-resource-policy"] == "cross-origin", address
    media = found["items"][0]["items"][0]["items"][0]["body"]["id"].removeprefix("http://localhost")
    piece = await get(site, media, Range="bytes=10-19")
    assert (piece.status_code, len(piece.content)) == (206, 10)
    assert piece.headers["access-control-allow-origin"] == "*"
    assert "content-range" in piece.headers["access-control-expose-headers"]


async def test_the_collection_has_what_is_public(site: Datasette) -> None:
    response = await get(site, "/iiif/collection.json")
    iiif_prezi3.Collection.model_validate_json(response.text)
    assert [(one["id"], one["label"]["none"]) for one in response.json()["items"]] == [
        ("http://localhost/iiif/life/manifest.json", ["Testimony life"]),
        ("http://localhost/iiif/other/manifest.json", ["Another"]),
    ]
    for path in ("/iiif/kept/manifest.json", "/iiif/kept/annotations/1.json",
                 "/iiif/life/annotations/3.json", "/iiif/none/manifest.json"):  # fmt: skip
        assert (await get(site, path)).status_code == 404, path
    page = await get(site, "/testimony/life")
    assert '<link rel="alternate" type="application/ld+json;profile=' in page.text
    assert "access-control-allow-origin" not in page.headers


async def test_who_is_logged_in_shares_nothing_with_other_sites(site: Datasette) -> None:
    cookies = {"ds_actor": site.sign({"a": {"id": "x"}}, "actor")}
    for path in ("/iiif/life/manifest.json", "/testimony/life.tei?part=1"):
        response = await site.client.get(path, cookies=cookies)
        assert response.status_code == 200
        assert "access-control-allow-origin" not in response.headers
        assert response.headers["cross-origin-resource-policy"] == "same-origin"


async def test_the_command_and_the_site_give_the_same_bytes(
    folder_with_two: Folder, site: Datasette, tmp_path: Path
) -> None:
    for kind, form in formats.FORMATS.items():
        result = folder_with_two.command(
            *("export", "other", "--format", kind, "--to", str(tmp_path)),
            *("--address", "http://localhost"),
        )
        assert result.returncode == 0, result.stderr
        served = await get(site, f"/testimony/other.{kind}")
        assert served.content == (tmp_path / f"other.{form.ending}").read_bytes(), kind
    assert "<gps_text>Workuta</gps_text>" in (tmp_path / "other.ohms.xml").read_text("utf-8")


async def test_what_was_withdrawn_is_gone_for_viewers_too(folder_with_two: Folder) -> None:
    assert folder_with_two.command("withdraw", "life", "--reason", "asked").returncode == 0
    site = app.build(folder_with_two.root)
    for path in ("manifest.json", "annotations/1.json"):
        assert (await get(site, f"/iiif/life/{path}")).status_code == 410
    items = (await get(site, "/iiif/collection.json")).json()["items"]
    assert [one["label"]["none"] for one in items] == [["Another"]]


def test_a_manifest_needs_the_sites_address(folder_with_two: Folder, tmp_path: Path) -> None:
    words = ("export", "life", "--format", "iiif", "--to", str(tmp_path))
    refused = folder_with_two.command(*words)
    assert refused.returncode == 2 and "Set address in config.yaml" in refused.stderr
    folder_with_two.config(title="Test archive", address="https://archive.example/")
    assert folder_with_two.command(*words).returncode == 0
    said = json.loads((tmp_path / "life.iiif.json").read_text())
    assert said["id"] == f"{BASE}/manifest.json"
    folder_with_two.config(title="Test archive", address="archive.example")
    wrong = folder_with_two.command(*words)
    assert wrong.returncode == 2 and "address" in wrong.stderr
