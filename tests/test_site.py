"""The site, asked the way a browser asks it."""

from __future__ import annotations

import gc
import json
from html.parser import HTMLParser
from typing import Any

import pytest
from datasette.app import Datasette
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.engines.fake import FakeEngine
from pipeline.errors import QueryError
from pipeline.search import search
from pipeline.site import app
from tests.conftest import Folder

TEXT = "Jechaliśmy trzy tygodnie w wagonie. Mama oddała mi chleb <b>i</b> umarła."


@pytest.fixture
def published(folder: Folder) -> Folder:
    folder.tone("a.wav", seconds=5)
    folder.sidecar("vorkuta", ["a.wav"], access="public", title="Wagon & <script>",
                   notice="No one's testimony", narrator={"name": "Jan Próbny", "born": 1930})  # fmt: skip
    folder.run(FakeEngine(text=lambda clip: TEXT))
    return folder


@pytest.fixture
def site(published: Folder) -> Datasette:
    return app.build(published.root)


class Elements(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


async def get(site: Datasette, path: str, **options: Any) -> Any:
    return await site.client.get(path, **options)


async def test_a_search_finds_the_segment_and_plays_from_its_second(site: Datasette) -> None:
    response = await get(site, "/search?q=chleb")
    assert response.status_code == 200
    (audio,) = [attrs for tag, attrs in Elements(response.text).found if tag == "audio"]
    source = str(audio["src"])
    assert "<mark>chleb</mark>" in response.text
    assert source.endswith("#t=2.27,5")
    assert "No one&#39;s testimony" in response.text
    heard = await get(site, source.partition("#")[0])
    assert (heard.status_code, heard.headers["content-type"]) == (200, "audio/mp4")


async def test_sound_is_sent_in_ranges(site: Datasette) -> None:
    rows = (await get(site, "/public/recordings.json?_shape=array")).json()
    path = f"/media/{rows[0]['id']}"
    whole = (await get(site, path)).content
    part = await get(site, path, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(whole)}"
    beyond = await get(site, path, headers={"Range": f"bytes={len(whole)}-"})
    assert beyond.status_code == 416


@pytest.mark.parametrize(
    "path",
    [
        "/media/0123456789abcdef",
        "/media/%2E%2E%2Fpublic.db",
        "/media/..%2F..%2Farchive.db",
        "/nothing",
    ],
)
async def test_what_is_not_published_is_not_found(site: Datasette, path: str) -> None:
    response = await get(site, path)
    assert response.status_code in (302, 404)


async def test_nothing_that_people_wrote_is_markup(site: Datasette) -> None:
    for path in ("/", "/search?q=chleb", "/search?q=%22%3Cscript%3E"):
        html = (await get(site, path)).text
        assert "<script>" not in html and "<b>i</b>" not in html


async def test_datasette_has_the_tables_their_meaning_and_the_canned_query(
    site: Datasette,
) -> None:
    rows = (await get(site, "/public/search.json?q=chleb&language=&_shape=array")).json()
    assert [(row["testimony"], row["start_s"]) for row in rows] == [("Wagon & <script>", 2.27)]
    tables = site.metadata()["databases"]["public"]["tables"]
    tables = {name: table for name, table in tables.items() if not table.get("hidden")}
    columns = {
        name: [column["name"] for column in (await get(
            site, f"/public.json?sql=select+name+from+pragma_table_info('{name}')&_shape=array"
        )).json()]
        for name in tables
    }  # fmt: skip
    assert {name: list(table["columns"]) for name, table in tables.items()} == columns
    assert tables["segments"]["units"] == {"start_s": "s", "end_s": "s"}


async def test_sql_and_the_canned_query_find_every_form(site: Datasette) -> None:
    rows = (await get(site, "/public/search.json?q=wagony&language=&_shape=array")).json()
    assert [row["text"] for row in rows] == ["Jechaliśmy trzy tygodnie w wagonie."]
    sql = "select rowid from segments_fts where segments_fts match word_forms(:q, 'pl')"
    for query, count in (("chlebem", 1), ("OR", 0), ('"', 0), ("-", 0)):
        found = await get(site, "/public.json", params={"sql": sql, "q": query, "_shape": "array"})
        assert (found.status_code, len(found.json())) == (200, count)


async def test_datasette_counts_every_table_without_an_error(
    site: Datasette, capfd: pytest.CaptureFixture[str]
) -> None:
    tables = (await get(site, "/public.json")).json()["tables"]
    shown = {table["name"]: table["count"] for table in tables if not table["hidden"]}
    assert shown.keys() == {
        "testimonies", "recordings", "segments", "former_texts", "spellings", "terms", "term_labels",
        "segment_terms", "testimony_languages", "testimony_terms", "closed", "quality",
    }  # fmt: skip
    assert shown["segments"] == 2
    assert capfd.readouterr().err == ""


async def test_a_typo_is_put_right_on_the_page(site: Datasette) -> None:
    html = (await get(site, "/search?q=tygodnei")).text
    assert "Nothing was found for “tygodnei”" in html and "<mark>tygodnie</mark>" in html
    html = (await get(site, "/search?q=mama+OR+tygodnei")).text
    assert "Did you mean" in html and "<mark>Mama</mark>" in html


async def test_a_new_publication_is_served_without_a_restart(published: Folder) -> None:
    site = app.build(published.root)
    application = site.app()
    import httpx

    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(transport=transport, base_url="http://archive") as client:
        assert "chleb" in (await client.get("/search?q=chleb")).text
        published.sidecar("vorkuta", ["a.wav"], access="closed")
        published.run()
        after = await client.get("/search?q=chleb")
        assert "0 passages" in after.text and "<mark>" not in after.text
        assert (await client.get("/public/segments.json?_shape=array")).json() == []


async def test_a_query_without_words_is_explained(site: Datasette) -> None:
    for query in ("%22%22", "%2A", "....", "%22"):
        response = await get(site, f"/search?q={query}")
        assert (response.status_code, "Type at least one word." in response.text) == (400, True)
    assert (await get(site, "/search?q=" + "a" * 10_000)).status_code == 400


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.one_of(st.text(max_size=600), st.text(alphabet='"*()-: NEARORNOT^\x00ąш😀', max_size=60)))
def test_no_query_is_an_error_of_the_program(published: Folder, query: str) -> None:
    try:
        search(published.root, query)
    except QueryError as error:
        assert error.exit_code == 2


def test_words_phrases_and_beginnings(published: Folder) -> None:
    def found(query: str) -> int:
        return search(published.root, query).total

    assert [found(q) for q in ("mama chleb", "mama wagonie", '"oddała mi"', '"mi oddała"')] == [
        1, 0, 1, 0,
    ]  # fmt: skip
    assert [found(q) for q in ("wagon", "wagon*", "JECHALISMY", "not chleb", '"wagon"')] == [
        1, 1, 1, 0, 0,
    ]  # fmt: skip


async def test_the_language_narrows_the_search(published: Folder) -> None:
    assert search(published.root, "chleb", "pl").total == 1
    assert search(published.root, "chleb", "lt").total == 0


def test_the_terminal_finds_the_same_as_the_site(published: Folder) -> None:
    result = published.command("search", "chleb", "--json")
    document = json.loads(result.stdout)
    assert (result.returncode, document["total"]) == (0, 1)
    assert document["hits"][0]["testimony_id"] == "vorkuta"
    assert document["hits"][0]["listen"].endswith("#t=2.27")


def test_what_is_loaded_to_stay_is_put_away_from_the_garbage_collector() -> None:
    try:
        app.settle()
        assert gc.get_freeze_count() > 100_000
        assert len(gc.get_objects()) < gc.get_freeze_count() / 10
    finally:
        gc.unfreeze()
