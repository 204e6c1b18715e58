"""What programs read: every example of the page for them, JSON-LD, sitemap, CORS, refusals."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree

import pytest
from datasette.app import Datasette

from pipeline.engines.fake import FakeEngine
from pipeline.site import app, machines
from tests.conftest import Folder
from tests.test_site import Elements

NAMESPACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
TEXT = "Jechaliśmy trzy tygodnie w wagonie. Mama oddała mi chleb."


@pytest.fixture
def archive(folder: Folder) -> Folder:
    for n, access in enumerate(("public", "public", "researchers", "closed")):
        folder.tone(f"{n}.wav", seconds=5, pitch_hz=300 + 40 * n)
        folder.sidecar(f"story-{n}", [f"{n}.wav"], access=access, licence="CC-BY-4.0",
                       collection=f"</script> collection {n}")  # fmt: skip
    folder.run(FakeEngine(text=lambda clip: TEXT))
    (folder.root / "secrets").mkdir()
    (folder.root / "secrets" / "researchers").write_text("ada:pbkdf2_sha256$1$a$b\n", "utf-8")
    return folder


@pytest.fixture
def site(archive: Folder) -> Datasette:
    return app.build(archive.root)


def logged_in(site: Datasette) -> dict[str, str]:
    return {"ds_actor": site.sign({"a": {"id": "ada"}}, "actor")}


async def get(site: Datasette, path: str, **options: Any) -> Any:
    return await site.client.get(path, **options)


async def test_every_example_works(site: Datasette) -> None:
    html = (await get(site, "/api")).text
    examples = {
        str(attributes["href"]): str(attributes["data-kind"])
        for tag, attributes in Elements(html).found
        if tag == "a" and "data-kind" in attributes
    }
    assert len(examples) == 15
    for path, kind in examples.items():
        response = await get(site, path)
        assert (path, response.status_code) == (path, 200)
        assert response.headers["content-type"].split(";")[0] == kind, path
        assert len(response.content) > 20
        if kind == "application/json":
            said = response.json()
            assert said.get("rows", said) and not said.get("error"), path
        if kind == "text/csv":
            assert len(response.text.splitlines()) > 1, path
        if kind in ("application/json", "text/csv", "text/vtt", "text/plain"):
            assert response.headers["access-control-allow-origin"] == "*", path


async def test_data_of_researchers_are_for_no_other_site(site: Datasette) -> None:
    cookies = logged_in(site)
    for path in ("/researchers/testimonies.json", "/researchers.json"):
        response = await get(site, path, cookies=cookies)
        assert response.status_code == 200
        assert "access-control-allow-origin" not in response.headers
    response = await get(site, "/public/testimonies.json", cookies=cookies)
    assert "access-control-allow-origin" not in response.headers
    for path in ("/", "/search?q=chleb", "/media/0123456789abcdef"):
        assert "access-control-allow-origin" not in (await get(site, path)).headers
    assert "set-cookie" not in (await get(site, "/public/testimonies.json")).headers


async def test_the_home_page_describes_the_archive(site: Datasette) -> None:
    html = (await get(site, "/", cookies=logged_in(site))).text
    text = html.partition('<script type="application/ld+json">')[2].partition("</script>")[0]
    keeper, data = json.loads(text)["@graph"]
    assert (keeper["@type"], keeper["name"]) == ("ArchiveOrganization", "Test archive")
    assert data["collectionSize"] == 2 and data["inLanguage"] == ["pl"]
    assert [part["name"] for part in data["hasPart"]] == [
        "</script> collection 0", "</script> collection 1",
    ]  # fmt: skip
    for download in data["distribution"]:
        path = download["contentUrl"].removeprefix("http://localhost")
        assert (await get(site, path)).status_code == 200
    assert data["license"] == "http://localhost/about#licence"
    assert 'id="licence"' in (await get(site, "/about")).text


def locations(text: str) -> list[str]:
    root = ElementTree.fromstring(text)  # noqa: S314 - our own page
    return [str(one.text).removeprefix("http://localhost") for one in root.iter(f"{NAMESPACE}loc")]


async def test_the_sitemap_has_every_public_page_and_no_other(site: Datasette) -> None:
    response = await get(site, "/sitemap.xml")
    pages = locations(response.text)
    assert pages == ["/", "/testimonies", "/about", "/quality", "/api", "/testimony/story-0",
                     "/testimony/story-1"]  # fmt: skip
    for page in pages:
        assert (await get(site, page)).status_code == 200
    assert response.text.count("<lastmod>20") == 2
    assert "/sitemap.xml" in (await get(site, "/robots.txt")).text


async def test_a_long_sitemap_is_split(site: Datasette, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = locations((await get(site, "/sitemap.xml")).text)
    monkeypatch.setattr(machines, "PER_SITEMAP", 5)
    files = locations((await get(site, "/sitemap.xml")).text)
    assert files == ["/sitemap-1.xml", "/sitemap-2.xml"]
    parts = [locations((await get(site, file)).text) for file in files]
    assert [len(part) for part in parts] == [5, 2] and [*parts[0], *parts[1]] == whole
    for beyond in ("/sitemap-0.xml", "/sitemap-3.xml"):
        assert (await get(site, beyond)).status_code == 404


@pytest.mark.parametrize(
    "path", ["/nothing", "/public/nothing", "/nothing/at/all", "/public/testimonies/none"]
)
async def test_what_is_not_there_is_said_in_the_look_of_the_site(
    site: Datasette, path: str
) -> None:
    response = await get(site, f"{path}?lang=en")
    assert response.status_code == 404
    assert '<body class="archive">' in response.text and "Not found" in response.text
    assert "default-src 'none'" in response.headers["content-security-policy"]


async def test_programs_are_refused_in_json(site: Datasette) -> None:
    response = await get(site, "/public/nothing.json")
    assert (response.status_code, response.json()["ok"]) == (404, False)


async def test_datasette_explains_wrong_sql_itself(site: Datasette) -> None:
    response = await get(site, "/public?sql=select+nonsense")
    assert response.status_code == 400 and "no such column: nonsense" in response.text
    assert "Back to the archive" in response.text


async def test_an_error_of_the_program_tells_nothing(
    site: Datasette, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: Any) -> Any:
        raise RuntimeError("the secret path /srv/x")

    monkeypatch.setattr(machines, "paragraphs", fails)
    response = await get(site, "/")
    assert response.status_code == 500 and "Something went wrong" in response.text
    assert "secret" not in response.text
    assert "the secret path" in capfd.readouterr().err


async def test_the_head_of_a_page_speaks_to_programs(site: Datasette) -> None:
    html = (await get(site, "/testimonies?language=pl&lang=lv")).text
    found = Elements(html).found
    other = {a["hreflang"]: a["href"] for tag, a in found if tag == "link" and "hreflang" in a}
    assert other["et"] == "http://localhost/testimonies?language=pl&lang=et"
    assert other.keys() == {"en", "lt", "lv", "et", "pl", "uk", "ro"}
    named = {a["property"]: a["content"] for tag, a in found if tag == "meta" and "property" in a}
    assert named["og:site_name"] == "Test archive" and named["og:title"].endswith("Test archive")


async def test_no_page_sets_a_cookie_or_allows_scripts_in_it(site: Datasette) -> None:
    pages = ("/", "/search?q=chleb", "/testimonies", "/testimony/story-0", "/quote/story-0/0-4",
             "/quote/story-0/0-4/embed", "/lesson", "/lesson/sheet?q=story-0/0-4", "/about",
             "/quality", "/api", "/nothing")  # fmt: skip
    for path in pages:
        response = await get(site, path)
        policy = response.headers["content-security-policy"]
        assert "script-src 'self';" in policy and "unsafe" not in policy, path
        assert "set-cookie" not in response.headers, path
        inline = re.findall(r"<script(?![^>]* src=)([^>]*)>", response.text)
        assert set(inline) <= {' type="application/ld+json"'}, path
        assert not re.search(r"<[^>]+ (style|on[a-z]+)=", response.text), path


async def test_datasettes_pages_lead_back(site: Datasette) -> None:
    for path in ("/public", "/public/segments", "/public/search?q=chleb&language="):
        response = await get(site, path)
        assert response.status_code == 200
        assert "Back to the archive" in response.text and "datasette.css" in response.text


async def test_the_login_is_a_page_of_the_archive(site: Datasette) -> None:
    html = (await get(site, "/-/login?lang=pl")).text
    assert "archive.css" in html and "datasette.css" not in html
    assert 'href="/testimonies?lang=pl"' in html and "Hasło" in html
