"""The search page and the same as data, asked the way a browser and a program ask."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
from typing import Any
from urllib.parse import quote

import pytest
from datasette.app import Datasette
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.engines import Clip
from pipeline.engines.fake import FakeEngine
from pipeline.passage import read as read_passage
from pipeline.publication import DATABASE, FOLDER
from pipeline.results import OF_EACH
from pipeline.site import app
from pipeline.sound import RATE_HZ
from tests import history
from tests.conftest import Folder

# By the length of the sound in seconds.
SAID = {
    10: "Jechaliśmy w wagonie. Mama płakała. W wagonach było zimno. Wagon stał długo."
    " Nasz wagon otwarto we Workucie. Potem była zima.",
    12: "Wagony jechały do Workuty. Był to bydlęcy wagon <b>zimny</b>. =To był kres.",
    14: "The wagon was cold. We came to Vorkuta after Operation Priboi.",
}
HOSTILE = [
    '"', '""', "(((", ")(", "*", "a*", "NEAR", "a NEAR", "NEAR(wagon", "wagon NEAR/99999 mama",
    "'; DROP TABLE segments; --", "wagon' OR 1=1 --", "<script>alert(1)</script>", "\x00wagon",
    "😀", "wagon 😀", "a" * 10_000, "wagon " * 2_000, "-wagon", "form : wagon", "^wagon",
    "lang:<b>", "place:\"<img src=x>\"", "event:'\"", "{{ 7 * 7 }}", "%00%ff", "\u202ewagon",
]  # fmt: skip


def say(clip: Clip) -> str:
    return SAID[round(len(clip.samples) / RATE_HZ)]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = Folder(tmp_path_factory.mktemp("found") / "archive")
    history.write(folder.root)
    told: dict[str, Any] = {"access": "public", "notice": "May be <hard> to hear"}
    for n, (seconds, pitch) in enumerate(zip(SAID, (440, 550, 660), strict=True), start=1):
        folder.tone(f"{n}.wav", seconds, pitch)
    folder.sidecar("one", ["1.wav"], languages=["pl"], collection="Deported", recorded_on="1993",
                   narrator={"name": "Jan Próbny"}, **told)  # fmt: skip
    folder.sidecar("two", ["2.wav"], languages=["pl"], recorded_on="1989-05~", **told)
    folder.sidecar("three", ["3.wav"], languages=["en"], collection="Deported", **told)
    folder.run(FakeEngine(text=say))
    # What a correction leaves in a publication.
    with sqlite3.connect(folder.root / FOLDER / DATABASE) as db:
        db.execute("UPDATE segments SET state = 'corrected' WHERE text LIKE 'Wagony%'")
    db.close()
    return folder


@pytest.fixture(scope="module")
def site(published: Folder) -> Datasette:
    return app.build(published.root)


async def ask(site: Datasette, path: str, **said: str) -> Any:
    return await site.client.get(path, params=said)


def text_of(html: str) -> str:
    """What a reader reads, spaces evened out."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


async def test_hits_are_grouped_by_testimony_with_a_way_to_the_rest(site: Datasette) -> None:
    html = (await ask(site, "/search", q="wagon", language="pl")).text
    groups = html.split('class="group"')[1:]
    assert [group.count("<blockquote") for group in groups] == [OF_EACH, 2]
    assert "1 more passage in this testimony" in text_of(groups[0])
    assert [html.count("May be &lt;hard&gt; to hear"), html.count("Testimony one")] == [
        2,
        1 + 3 * 2 + 1,
    ]
    (rest,) = re.findall(r'<p class="more"><a href="([^"]+)"', html)
    inside = (await site.client.get(rest.replace("&amp;", "&"))).text
    assert inside.count("<blockquote") == 4 and 'class="more"' not in inside


async def test_every_form_is_marked_and_the_lines_around_are_there(site: Datasette) -> None:
    html = (await ask(site, "/search", q="wagony", testimony="one")).text
    found = re.findall(r"<blockquote lang=\"pl\">(.*?)</blockquote>", html)
    assert sorted(found) == [
        "<mark>Wagon</mark> stał długo.",
        "Jechaliśmy w <mark>wagonie</mark>.",
        "Nasz <mark>wagon</mark> otwarto we Workucie.",
        "W <mark>wagonach</mark> było zimno.",
    ]
    assert html.count('<p class="around" lang="pl">Mama płakała.</p>') == 2
    assert '<p class="around" lang="pl">Potem była zima.</p>' in html
    said = text_of(html)
    assert "Found as: wagon 2 , wagonach 1 , wagonie 1" in said


async def test_each_passage_leads_to_its_quote_and_its_second(
    site: Datasette, published: Folder
) -> None:
    html = (await ask(site, "/search", q="wagonach")).text
    after_words = html.split("<mark>wagonach</mark> było zimno")[1]
    range_ = re.findall(r'href="/quote/one/([^"]+)"', after_words)[0]
    db = sqlite3.connect(published.root / FOLDER / DATABASE)
    assert read_passage(db, "one", range_).text == "W wagonach było zimno."
    db.close()
    start = range_.split("-")[0]
    assert f'href="/testimony/one?t={start}&amp;q=wagonach#s' in html
    assert f'#t={range_.replace("-", ",")}"' in html
    assert (await site.client.get(f"/quote/one/{range_}")).status_code == 200


async def test_as_many_are_found_as_a_facet_says(site: Datasette) -> None:
    found = (await ask(site, "/search.json", q="wagon")).json()
    counts = {
        name: {value["id"]: value["count"] for value in values}
        for name, values in found["facets"].items()
    }
    assert counts == {
        "language": {"pl": 6, "en": 1},
        "testimony": {"one": 4, "two": 2, "three": 1},
        "place": {"vorkuta": 2},
        "collection": {"Deported": 5},
        "text": {"machine": 6, "corrected": 1},
    }
    for name, values in counts.items():
        for ident, count in values.items():
            narrowed = (await ask(site, "/search.json", **{"q": "wagon", name: ident})).json()
            assert (name, ident, narrowed["total"]) == (name, ident, count)


async def test_an_event_counts_for_what_is_broader(site: Datasette) -> None:
    found = (await ask(site, "/search.json", q="wagon OR we")).json()
    assert found["facets"]["event"] == [
        {"id": "deportation", "label": "deportation", "count": 1},
        {"id": "priboi", "label": "Operation Priboi", "count": 1},
    ]
    for ident in ("deportation", "priboi"):
        (only,) = (await ask(site, "/search.json", q="wagon OR we", event=ident)).json()["passages"]
        assert only["text"] == "We came to Vorkuta after Operation Priboi."
    html = (await ask(site, "/search", q="wagon OR we", event="priboi", lang="lt")).text
    assert "operacija „Priboi“" in html and 'href="/search?lang=lt&amp;q=wagon+OR+we"' in html


async def test_by_time_the_oldest_recording_comes_first(site: Datasette) -> None:
    found = (await ask(site, "/search.json", q="wagon", sort="time")).json()["passages"]
    assert [one["testimony"] for one in found] == ["two"] * 2 + ["one"] * 4 + ["three"]
    starts = [one["start_s"] for one in found if one["testimony"] == "one"]
    assert starts == sorted(starts)


async def test_pages_follow_each_other_and_leave_nothing_out(site: Datasette) -> None:
    whole = (await ask(site, "/search.json", q="wagon")).json()
    assert (whole["total"], whole["next"]) == (7, None)
    address, read = "http://localhost/search.json?q=wagon&size=3", []
    while address:
        document = (await site.client.get(address.removeprefix("http://localhost"))).json()
        read += document["passages"]
        address = document["next"]
    assert read == whole["passages"]
    beyond = (await ask(site, "/search.json", q="wagon", page="99")).json()
    assert (beyond["total"], beyond["passages"]) == (7, [])


async def test_a_table_has_the_same_passages_and_no_formula(site: Datasette) -> None:
    table = (await ask(site, "/search.csv", q="wagon", sort="time")).text.removeprefix("\ufeff")
    rows = list(csv.DictReader(io.StringIO(table)))
    found = (await ask(site, "/search.json", q="wagon", sort="time")).json()["passages"]
    assert [(row["testimony"], row["text"]) for row in rows] == [
        (one["testimony"], one["text"]) for one in found
    ]
    assert rows[1]["after"] == "'=To był kres."
    assert {row["text_from"] for row in rows} == {"machine", "person"}


async def test_pieces_are_in_turn_not_found_and_found(site: Datasette) -> None:
    found = (await ask(site, "/search.json", q="bydlęcy wagon")).json()["passages"]
    assert found[0]["pieces"] == ["Był to ", "bydlęcy", " ", "wagon", " <b>zimny</b>."]


async def test_any_site_may_read_what_is_public(site: Datasette) -> None:
    for path in ("/search.json", "/search.csv"):
        for query, status in (("wagon", 200), ('"', 400)):
            answer = await ask(site, path, q=query)
            assert answer.status_code == status
            assert answer.headers["access-control-allow-origin"] == "*"
            assert answer.headers["cache-control"] == "private, no-cache"
    assert "access-control-allow-origin" not in (await ask(site, "/search", q="wagon")).headers


async def test_no_site_may_read_what_a_login_has_opened(folder: Folder) -> None:
    folder.tone("1.wav", 10)
    folder.sidecar("one", ["1.wav"], languages=["pl"], access="researchers")
    (folder.root / "secrets").mkdir()
    (folder.root / "secrets" / "researchers").write_text("anna:pbkdf2_sha256$1$a$b\n")
    folder.run(FakeEngine(text=say))
    site = app.build(folder.root)
    cookies = {"ds_actor": site.sign({"a": {"id": "anna"}}, "actor")}
    for path in ("/search.json", "/search.csv"):
        seen = await site.client.get(f"{path}?q=wagon", cookies=cookies)
        assert "W wagonach" in seen.text
        assert "access-control-allow-origin" not in seen.headers
        assert "Cookie" in seen.headers["vary"]
        unseen = await site.client.get(f"{path}?q=wagon")
        assert "W wagonach" not in unseen.text


@pytest.mark.parametrize("path", ["/search", "/search.json", "/search.csv"])
@pytest.mark.parametrize("query", HOSTILE)
async def test_whatever_is_typed_is_answered(site: Datasette, path: str, query: str) -> None:
    answer = await ask(site, path, q=query)
    assert answer.status_code in (200, 400)
    if path == "/search":
        assert "<script>alert" not in answer.text and "<img" not in answer.text
        assert "<b>zimny" not in answer.text and "49" not in text_of(answer.text)


@pytest.mark.parametrize("name", ["language", "testimony", "place", "event", "collection", "text",
                                  "sort", "page", "size", "lang"])  # fmt: skip
async def test_whatever_is_chosen_is_answered(site: Datasette, name: str) -> None:
    for value in ("<script>", "'\"--", "-1", "9" * 400, "²", "\x00", "no-such", "😀" * 50):
        for path in ("/search", "/search.json", "/search.csv"):
            answer = await site.client.get(f"{path}?q=wagon&{name}={quote(value)}")
            assert answer.status_code == 200
            if answer.headers["content-type"].startswith("text/html"):
                assert "<script>" not in answer.text
            assert answer.headers["x-content-type-options"] == "nosniff"


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.text(max_size=300), st.text(alphabet='"*()-: NEARORwagon<>&😀', max_size=40)))
def test_no_query_makes_the_page_fail(site: Datasette, query: str) -> None:
    import asyncio

    answer = asyncio.run(ask(site, "/search", q=query))
    assert answer.status_code in (200, 400)


async def test_where_nothing_is_found_the_page_says_what_else_to_try(site: Datasette) -> None:
    nowhere = (await ask(site, "/search", q="xyzzyq")).text
    assert "0 passages" in nowhere and "Try one word instead of several" in nowhere
    assert "Search in all of the archive" not in nowhere
    only_there = (await ask(site, "/search", q="wagony", testimony="three", lang="lt")).text
    assert "Pabandykite vieną žodį" in only_there
    assert '<a href="/search?lang=lt&amp;q=wagony">Ieškoti visame archyve</a>' in only_there
    assert "Try one word" not in (await ask(site, "/search", q="wagon")).text


async def test_why_a_search_cannot_be_read_is_in_the_language_of_the_page(site: Datasette) -> None:
    html = (await ask(site, "/search", q='"', lang="lt")).text
    assert '<p class="problem" role="alert">Įrašykite bent vieną žodį.</p>' in html


async def test_what_is_not_there_is_told_with_what_may_be_meant(site: Datasette) -> None:
    html = (await ask(site, "/search", q="wagnoie", language="pl")).text
    assert "Nothing was found for “wagnoie”" in text_of(html)
    assert 'href="/search?q=wagonie&amp;language=pl"' in html
    # What leads on searches what was found, not what was mistyped.
    assert "&amp;q=wagonie#s" in html
