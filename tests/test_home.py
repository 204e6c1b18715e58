"""The home page, the list of testimonies, and the numbers of both."""

from __future__ import annotations

import re
import shutil
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from datasette.app import Datasette

from pipeline.engines.fake import FakeEngine
from pipeline.publication import DATABASE, FOLDER
from pipeline.site import app, plots, ways
from pipeline.site.ways import Named, Recorded, Spot
from tests.conftest import REPOSITORY, Folder
from tests.test_site import Elements

TEXTS = (
    "Wieźli nas do Workuty w bydlęcych wagonach. Mama oddała mi chleb.",
    "Workuta była daleko od Wilna. Płakaliśmy całą noc.",
    "Tajemnica zamknięta w Magadanie.",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Two public testimonies, one for researchers, one closed and not to be known of."""
    folder = Folder(tmp_path_factory.mktemp("home") / "archive")
    for name in ("vocabulary.yaml", "gazetteer.yaml"):
        shutil.copy(REPOSITORY / "metadata" / name, folder.root / "metadata" / name)
    folder.config(title="Voices <&>", languages=["pl"], about="First & last.\n\nSecond.")
    said = iter((TEXTS[0], TEXTS[1], TEXTS[2], TEXTS[2]))
    for n, (ident, access, born, place) in enumerate(
        (("anna", "public", 1926, "Wilno"), ("berta", "public", 1929, "Vilnius, Lithuania"),
         ("cilka", "researchers", 1931, "Norilsk"), ("dora", "closed", 1935, "Norilsk"))
    ):  # fmt: skip
        folder.tone(f"{ident}.wav", seconds=5, pitch_hz=300 + 40 * n)
        folder.sidecar(ident, [f"{ident}.wav"], access=access, title=f"Story of {ident}", place=place,
                       narrator={"name": ident.title(), "born": born}, collection=f"Of {born}")  # fmt: skip
        text = next(said)
        folder.run(FakeEngine(text=lambda clip, text=text: text))
    return folder


@pytest.fixture
def archive(made: Folder, tmp_path: Path) -> Folder:
    return made.copy(tmp_path / "archive")


@pytest.fixture
def site(archive: Folder) -> Datasette:
    return app.build(archive.root)


def rows(folder: Folder, sql: str, *values: Any) -> list[Any]:
    with sqlite3.connect(folder.root / FOLDER / DATABASE) as connection:
        return connection.execute(sql, values).fetchall()


async def get(site: Datasette, path: str, **options: Any) -> Any:
    return await site.client.get(path, **options)


def cells(html: str, caption: str) -> dict[str, list[str]]:
    """The table under a caption: the first cell of each row, and the others."""
    table = html.partition(f"<caption>{caption}</caption>")[2].partition("</tbody>")[0]
    found = {}
    for row in table.partition("<tbody>")[2].split("<tr>")[1:]:
        first, *others = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)
        found[re.sub("<[^>]*>", "", first)] = others
    return found


async def test_the_numbers_are_those_of_the_database(archive: Folder, site: Datasette) -> None:
    html = (await get(site, "/")).text
    named = rows(
        archive,
        "SELECT label, count(DISTINCT testimony_id), count(*) FROM segments"
        " JOIN segment_terms ON segment_id = segments.id JOIN terms ON terms.id = segment_terms.term_id"
        " JOIN term_labels AS l ON l.term_id = terms.id AND l.language = 'en' AND l.n = 0"
        " AND NOT former WHERE lat IS NOT NULL GROUP BY 1",
    )
    assert {name: [f"{a}", f"{b}"] for name, a, b in named} == cells(
        html, "Places that most testimonies name"
    )
    assert ("Vorkuta", 2, 2) in named
    ((spoken_s,),) = rows(archive, "SELECT sum(end_s - start_s) FROM segments")
    table = cells(html, "How long each language is spoken, without the pauses")
    assert table == {"Polish": [f"{round(spoken_s)} secs", "2"]}
    assert "<b>2</b> testimonies" in html and "<b>10 secs</b> recorded" in html


async def test_where_it_was_recorded_is_told_apart_from_what_is_named(
    archive: Folder, site: Datasette
) -> None:
    html = (await get(site, "/")).text
    # Both were recorded in Vilnius, and only one speaks of it; neither was recorded in Vorkuta.
    assert cells(html, "Places where testimonies were recorded") == {"Vilnius": ["2"]}
    assert cells(html, "Places that most testimonies name")["Vilnius"] == ["1", "1"]
    assert "<title>Recorded in: Vilnius: 2</title>" in html and "<title>Vilnius: 1</title>" in html
    homes, exile, *_ = html.split("</figure>")
    assert [part.count('class="recorded"') for part in (homes, exile)] == [1, 0]
    assert "A diamond is a place where testimonies were recorded" in html


def test_a_place_of_recording_that_the_gazetteer_does_not_know_is_not_drawn(
    archive: Folder,
) -> None:
    connection = sqlite3.connect(archive.root / FOLDER / DATABASE)
    connection.execute("UPDATE testimonies SET place = 'a farm near Wilno' WHERE id = 'anna'")
    assert ways.read(connection).recorded == (ways.Recorded("vilnius", 1, ("Vilnius, Lithuania",)),)
    # A name that two places have is neither.
    connection.execute(
        "INSERT INTO term_labels (term_id, language, n, label, words, former)"
        " VALUES ('vorkuta', 'en', 9, 'Vilnius', 1, 0)"
    )
    assert ways.read(connection).recorded == ()
    connection.close()


async def test_it_says_what_the_archive_is(site: Datasette) -> None:
    html = (await get(site, "/")).text
    assert "Voices &lt;&amp;&gt;" in html and "<&>" not in html
    assert '<p class="about">First &amp; last.</p>' in html and "Second.</p>" in html


async def test_every_link_leads_somewhere(site: Datasette) -> None:
    for page in ("/", "/testimonies", "/about", "/?lang=lt"):
        html = (await get(site, page)).text
        addresses = {
            str(attributes.get("href") or attributes.get("src"))
            for tag, attributes in Elements(html).found
            if tag in ("a", "link", "script") and (attributes.get("href") or attributes.get("src"))
        }
        assert len(addresses) > 10
        for address in addresses - {"#content"}:
            parts = urlsplit(address)
            response = await get(site, parts.path + (f"?{parts.query}" if parts.query else ""))
            assert (address, response.status_code) == (address, 200)


async def test_only_a_researcher_sees_what_is_for_researchers(
    archive: Folder, site: Datasette
) -> None:
    known = archive.root / "secrets" / "researchers"
    known.parent.mkdir()
    known.write_text("ada:pbkdf2_sha256$1$a$b\n", encoding="utf-8")
    site = app.build(archive.root)
    cookies = {"ds_actor": site.sign({"a": {"id": "ada"}}, "actor")}
    for path in ("/", "/testimonies", "/testimonies?place=magadan", "/sitemap.xml", "/api"):
        html = (await get(site, path)).text
        for secret in ("cilka", "Cilka", "1931", "1930", "dora", "Dora", "1935"):
            assert secret not in html, (path, secret)
        assert "Magadan:" not in html and "recorded=norilsk" not in html
    html = (await get(site, "/", cookies=cookies)).text
    assert cells(html, "Places where testimonies were recorded") == {
        "Vilnius": ["2"], "Norilsk": ["1"],
    }  # fmt: skip
    assert "Story of cilka" in html and "Magadan" in html and "logged in as a researcher" in html
    assert "dora" not in html
    assert "Story of cilka" in (await get(site, "/testimonies?decade=1930", cookies=cookies)).text
    # Not even who may see them finds them in what programs read.
    for path in ("/sitemap.xml", "/api"):
        assert "cilka" not in (await get(site, path, cookies=cookies)).text
    linked = (await get(site, "/", cookies=cookies)).text.partition("ld+json")[2]
    assert "Of 1931" not in linked.partition("</script>")[0]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["anna", "berta"]),
        ("place=vilnius", ["berta"]),
        ("recorded=vilnius", ["anna", "berta"]),
        ("recorded=vilnius&place=vilnius", ["berta"]),
        ("recorded=norilsk", []),
        ("recorded=vorkuta", []),
        ("recorded=%27%22%3Cb%3E%00", []),
        ("place=vorkuta&decade=1920", ["anna", "berta"]),
        ("event=cattle-wagon", ["anna"]),
        ("language=pl&collection=Of+1929", ["berta"]),
        ("language=lt", []),
        ("decade=1920s", ["anna", "berta"]),
        ("place=%27%22%3Cb%3E%00", []),
        ("page=2", []),
        ("page=-1&decade=-1", ["anna", "berta"]),
        ("collection=" + "x" * 5000, []),
    ],
)
async def test_the_list_is_narrowed(site: Datasette, query: str, found: list[str]) -> None:
    response = await get(site, f"/testimonies?{query}")
    assert response.status_code == 200
    assert re.findall(r'href="/testimony/([a-z]+)"', response.text) == found
    assert "<b>" not in response.text


async def test_counts_are_the_same_after_changes_as_anew(archive: Folder) -> None:
    both = (
        "SELECT * FROM testimony_languages ORDER BY 1, 2",
        ("SELECT * FROM testimony_terms ORDER BY 1, 2"),
    )

    def counted() -> list[Any]:
        return [rows(archive, sql) for sql in both]

    before = counted()
    archive.sidecar("anna", ["anna.wav"], access="closed")
    archive.sidecar("dora", ["dora.wav"], access="public", title="Story of dora")
    archive.run(FakeEngine())
    changed = counted()
    assert changed != before and {row[0] for row in changed[1]} == {"berta", "dora"}
    vocabulary = archive.root / "metadata" / "gazetteer.yaml"
    text = vocabulary.read_text(encoding="utf-8")
    vocabulary.write_text(text.replace("Workuta", "Workutowo"), encoding="utf-8")
    archive.run(FakeEngine())
    relinked = counted()
    assert relinked[1] != changed[1]
    result = archive.command("publish", "--anew")
    assert (result.returncode, counted()) == (0, relinked)


async def test_a_new_publication_is_counted_anew(archive: Folder, site: Datasette) -> None:
    import httpx

    transport = httpx.ASGITransport(app=site.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://archive") as client:
        assert "<b>2</b> testimonies" in (await client.get("/")).text
        archive.sidecar("anna", ["anna.wav"], access="closed")
        archive.run(FakeEngine())
        html = (await client.get("/")).text
        assert "<b>1</b> testimony" in html and "Story of anna" not in html


async def test_an_empty_archive_has_a_home(folder: Folder) -> None:
    folder.run(FakeEngine())
    site = app.build(folder.root)
    for path in ("/", "/testimonies", "/about", "/quality", "/api"):
        assert (await get(site, path)).status_code == 200
    assert "No testimony is public yet." in (await get(site, "/")).text


async def test_plots_are_well_formed_and_have_no_style_of_their_own(site: Datasette) -> None:
    html = (await get(site, "/")).text
    drawn = re.findall(r"<svg.*?</svg>", html, re.S)
    assert len(drawn) >= 5 and "style=" not in html
    for svg in drawn:
        root = ElementTree.fromstring(svg)  # noqa: S314 - our own page
        if root.get("aria-hidden") != "true":
            assert root.get("role") == "img" and root[0].tag == "title" and root[1].tag == "desc"


def test_an_event_stands_at_its_years() -> None:
    def event(ident: str, dates: str | None) -> Named:
        return Named(ident, "event", None, dates, None, None, 4, 9)

    line = plots.time_line(
        [event("long", "1941/1945"), event("day", "1941-06-14"), event("each-year", "XXXX-06-14"),
         event("since", "1956/.."), event("undated", None)], {"day": "That day"}
    )  # fmt: skip
    assert [moment.id for moment in line.moments] == ["long", "day"]
    long, day = line.moments
    years = {year: x for x, year in line.ticks}
    assert years[1940] < long.start < day.start < day.end < long.end < years[1950]
    assert day.name == "That day"


def test_maps_have_north_above_and_areas_as_the_numbers() -> None:
    spots = [Spot("vilnius", "city", 54.7, 25.3), Spot("tallinn", "city", 59.4, 24.7),
             Spot("magadan", "city", 59.6, 150.8), Spot("odesa", "city", 46.5, 30.7)]  # fmt: skip
    named = [Named(spot.id, "place", "city", None, spot.lat, spot.lon, count, count)
             for spot, count in zip(spots, (400, 100, 100, 1), strict=True)]  # fmt: skip
    homes, exile = plots.maps(spots, named, [Recorded("odesa", 900, ("Одеса",))], {})
    at = {dot.id: dot for dot in homes.dots}
    assert at.keys() == {"vilnius", "tallinn", "odesa"}
    assert at["tallinn"].y < at["vilnius"].y < at["odesa"].y
    assert at["tallinn"].x < at["odesa"].x
    assert at["vilnius"].radius == 2 * at["tallinn"].radius
    assert [(one.x, one.y) for one in homes.diamonds] == [(at["odesa"].x, at["odesa"].y)]
    assert exile.diamonds == ()
    assert [(dot.id, dot.radius) for dot in exile.dots] == [("magadan", at["tallinn"].radius)]
    for drawn in (homes, exile):
        for dot in drawn.dots:
            assert 0 < dot.x < plots.WIDTH and 0 < dot.y < drawn.height


def test_the_counts_leave_no_redacted_words(archive: Folder) -> None:
    archive.sidecar("anna", ["anna.wav"], access="public", redactions=[
        {"recording": "anna.wav", "start_s": 0, "end_s": 4.9, "reason": "asked for"}])  # fmt: skip
    archive.run(FakeEngine())
    for table in ("testimony_terms", "testimony_languages"):
        assert rows(archive, f"SELECT * FROM {table} WHERE testimony_id = 'anna'") == []
