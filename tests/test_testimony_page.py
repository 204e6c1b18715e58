"""The page of one testimony, as a browser without scripts gets it, and its files."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import webvtt
from datasette.app import Datasette

from pipeline.engines.fake import FakeEngine
from pipeline.site import app
from tests.conftest import Folder

SAID = "Mama umarła w wagonie. Он ушёл. Chleb <b>był</b> czarny. Nazwisko sąsiada. Koniec."


def lay_out(folder: Folder) -> None:
    """Five lines in part 1, machine, Russian, corrected, redacted, unsure; two in part 2."""
    for n, name in enumerate(("a.wav", "b.wav")):
        folder.tone(name, seconds=20, pitch_hz=300 + 50 * n)
    folder.sidecar(
        "wagon", ["a.wav", "b.wav"], access="public", title='Wagon & </script><i>"',
        summary="A <summary>", notice="No one's testimony", warnings=["hunger & cold"],
        narrator={"name": "Real Name", "pseudonym": "Jan <P>", "born": 1930}, place="Vilnius",
        interviewer="Anna I", recorded_on="1998-06", licence="CC-BY-NC-4.0", collection="Coll",
        uses=["online", "research"],
        redactions=[{"recording": "a.wav", "start_s": 16, "end_s": 17, "reason": "a neighbour"}],
    )  # fmt: skip
    folder.tone("shut.wav", pitch_hz=700)
    folder.sidecar("shut", ["shut.wav"], access="closed", listed=True, title="Kept",
                   access_reason="asked for peace")  # fmt: skip
    folder.tone("hush.wav", pitch_hz=800)
    folder.sidecar("hush", ["hush.wav"], access="closed", title="Hushed")
    folder.config(title="Test archive", languages=["pl", "ru"], contact="archive at example.org")
    folder.run(FakeEngine(text=lambda clip: SAID))
    with folder.open() as archive, archive.db.atomic():
        first = archive.recording_at("a.wav")
        assert first
        change = f"UPDATE segments SET %s WHERE run_id = {first.current_run_id} AND n = %d"
        archive.db.execute(change % ("speaker = 'Jan <P>'", 1))
        archive.db.execute(change % ("speaker = 'Jan <P>', language = 'ru'", 2))
        archive.db.execute(change % ("speaker = 'Anna I', state = 'corrected'", 3))
        archive.db.execute(change % ("confidence = 0.2", 5))
    result = folder.command("publish")
    assert result.returncode == 0, result.stderr


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = Folder(tmp_path_factory.mktemp("page") / "archive")
    lay_out(folder)
    return folder


@pytest.fixture
def site(archive: Folder) -> Datasette:
    return app.build(archive.root)


class Read(HTMLParser):
    """What is on a page: elements with their attributes, and the text in each list item."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.lines: dict[str, str] = {}
        self._line: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        ident = dict(attrs).get("id") or ""
        if tag == "li" and re.fullmatch(r"s\d+", ident):
            self._line = ident
            self.lines[ident] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "li":
            self._line = None

    def handle_data(self, data: str) -> None:
        if self._line:
            self.lines[self._line] += data

    def of(self, tag: str, **attrs: str) -> list[dict[str, str | None]]:
        return [
            found for name, found in self.elements
            if name == tag and all(found.get(key.rstrip("_")) == v for key, v in attrs.items())
        ]  # fmt: skip


async def read(site: Datasette, path: str, status: int = 200) -> tuple[str, Read]:
    response = await site.client.get(path)
    assert response.status_code == status, response.text[:300]
    return response.text, Read(response.text)


async def test_every_line_has_its_words_language_marks_sound_and_quote(site: Datasette) -> None:
    _, page = await read(site, "/testimony/wagon")
    lines = [" ".join(text.split()) for text in page.lines.values()]
    assert lines[:5] == [
        "0:00 Jan <P> machine text Mama umarła w wagonie. quote",
        "0:06 Russian Он ушёл. quote",
        "0:10 Anna I Polish corrected Chleb <b>był</b> czarny. quote",
        "0:15 not shown [redacted: a neighbour]",
        "0:18 machine text uncertain Koniec. quote",
    ]
    said = page.of("p", class_="said")
    assert [line.get("lang") for line in said[:5]] == ["pl", "ru", "pl", None, "pl"]
    rows = (await site.client.get("/public/segments.json?_shape=array&_sort=id")).json()
    assert [f"s{row['id']}" for row in rows] == list(page.lines)
    recording, start = rows[1]["recording_id"], rows[1]["start_s"]
    times = page.of("a", class_="at")
    assert times[1] == {"class": "at", "id": f"t={start}", "href": f"/media/{recording}#t={start}"}
    assert str(times[6]["id"]).startswith("t=2:") and len(times) == 10
    quotes = [str(link["href"]) for link in page.of("a", class_="quote")]
    assert quotes[0] == f"/quote/wagon/0-{rows[0]['end_s']:g}"
    assert quotes[4].startswith("/quote/wagon/2:0-") and len(quotes) == 9
    assert len(page.of("audio")) == 2


async def test_warnings_stand_before_the_player_and_terms_are_in_words(site: Datasette) -> None:
    html, page = await read(site, "/testimony/wagon")
    warned = html.index("hunger &amp; cold")
    assert warned < html.index("<audio") and html.index("No one&#39;s testimony") < warned
    for said in (
        "You may not use it to earn money.", "It may not be used for teaching.",
        "It may be used for research.", "speech model fake", "June 1998", "Vilnius", "Anna I",
        "A &lt;summary&gt;", "A person has listened", "The machine was not sure of these words.",
    ):  # fmt: skip
        assert said in html, said
    assert {"href": "/public/testimonies/wagon"} in page.of("a")
    assert "Real Name" not in html and "<b>" not in html.replace("<b>Jan", "").replace(
        "<b>Anna", ""
    )


async def test_a_page_in_the_readers_language_keeps_it(site: Datasette) -> None:
    _, page = await read(site, "/testimony/wagon?lang=lt")
    assert page.of("html")[0]["lang"] == "lt"
    assert all(str(q["href"]).endswith("?lang=lt") for q in page.of("a", class_="quote"))
    assert page.of("input", name="lang")[0]["value"] == "lt"


async def test_nothing_in_the_linked_data_ends_its_script(site: Datasette) -> None:
    html, _ = await read(site, "/testimony/wagon")
    assert html.count("</script>") == 2  # the page's own, and this one
    (text,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, re.S)
    said = json.loads(text)
    assert said["name"] == 'Wagon & </script><i>"'
    assert (said["@type"], said["creator"]["name"]) == ("ArchiveComponent", "Jan <P>")
    assert said["license"] == "https://creativecommons.org/licenses/by-nc/4.0/"
    assert (said["dateCreated"], said["inLanguage"]) == ("1998-06", ["pl"])
    media = said["associatedMedia"]
    assert [one["@type"] for one in media] == ["AudioObject", "AudioObject"]
    for address in (media[0]["contentUrl"], media[1]["caption"]["contentUrl"], said["url"]):
        assert address.startswith("http://localhost/")
        path = address.removeprefix("http://localhost")
        assert (await site.client.get(path)).status_code == 200


async def test_a_moment_is_opened_in_its_part(site: Datasette) -> None:
    html, page = await read(site, "/testimony/wagon?t=2:7.5")
    sounds = [str(sound["src"]) for sound in page.of("audio")]
    assert "#t" not in sounds[0] and sounds[1].endswith("#t=7.5")
    asked = [e for tag, e in page.elements if tag == "li" and "asked" in str(e.get("class"))]
    assert len(asked) == 1 and f'href="#{asked[0]["id"]}">To 0:06' in html
    for wrong in ("x", "-1", "9:1", "1e5", "9" * 400, "99999", "'"):
        await read(site, f"/testimony/wagon?t={wrong}")


async def test_found_words_are_marked_and_lead_from_one_to_the_next(site: Datasette) -> None:
    html, page = await read(site, "/testimony/wagon?q=wagony")
    hits = [str(e["id"]) for tag, e in page.elements if "hit" in str(e.get("class")).split()]
    assert html.count("<mark>wagonie</mark>") == len(hits) == 2
    assert "Found in 2 lines" in html and f'<a href="#{hits[1]}">next</a>' in html
    assert f'<a href="#{hits[0]}">previous</a>' in html
    answer = (await site.client.get("/testimony/wagon/search.json?q=wagony")).json()
    assert [f"s{one['segment']}" for one in answer["found"]] == hits
    assert answer["found"][0]["pieces"] == ["Mama umarła w ", "wagonie", "."]
    html, _ = await read(site, "/testimony/wagon?q=nazwisko")
    assert "Found in 1 line<" in html  # of part 2: what is redacted is not found
    html, _ = await read(site, "/testimony/wagon?q=b%C5%82%C4%85d")
    assert "Not found in this testimony" in html


@pytest.mark.parametrize("query", ['"', "*", "NEAR", "a" * 10_000, "<script>", "' OR 1=1", "😀",
                                   "place:nowhere", "event:nothing", "x NEAR/3 y", "lang:lt mama"])  # fmt: skip
async def test_no_query_is_an_error_of_the_program(site: Datasette, query: str) -> None:
    html = (await site.client.get("/testimony/wagon", params={"q": query})).text
    assert "Mama umarła" in html and "<script>" not in html
    answer = await site.client.get("/testimony/wagon/search.json", params={"q": query})
    assert answer.status_code in (200, 400)
    assert (answer.json()["problem"] is None) == (answer.status_code == 200)


async def test_what_is_closed_is_not_there(site: Datasette) -> None:
    for ident in ("hush", "nobody", "wagon-2"):
        html, _ = await read(site, f"/testimony/{ident}", 404)
        assert "There is no such testimony here" in html and "Hushed" not in html
    html, page = await read(site, "/testimony/shut", 403)
    assert "Kept" in html and "asked for peace" in html and "archive at example.org" in html
    assert not page.lines and not page.of("audio")
    for ident in ("hush", "shut", "nobody"):
        for path in (".vtt", ".json", ".csv"):
            assert (await site.client.get(f"/testimony/{ident}{path}")).status_code == 404
        found = await site.client.get(f"/testimony/{ident}/search.json?q=mama")
        assert found.json()["found"] == []


async def test_files_are_valid_redacted_and_open_to_other_sites(
    site: Datasette, tmp_path: Path
) -> None:
    async def get(path: str) -> str:
        response = await site.client.get(f"/testimony/wagon{path}")
        assert response.status_code == 200
        assert response.headers["access-control-allow-origin"] == "*"
        assert "no-cache" in response.headers["cache-control"]
        assert "Real Name" not in response.text
        return str(response.text)

    vtt = webvtt.from_string(await get(".vtt?part=1"))
    assert [cue.text for cue in vtt][3:] == ["[redacted: a neighbour]", "Koniec."]
    assert (vtt[0].voice, len(vtt)) == ("Jan &lt;P&gt;", 5)
    (tmp_path / "a.srt").write_text(await get(".srt?part=2"), encoding="utf-8")
    assert len(webvtt.from_srt(str(tmp_path / "a.srt"))) == 5
    assert [len(part["segments"]) for part in json.loads(await get(".json"))["parts"]] == [5, 5]
    assert len(list(csv.DictReader(io.StringIO(await get(".csv"))))) == 10
    assert "Part 2 of 2" in await get(".txt")
    for wrong in (".vtt", ".vtt?part=3", ".json?part=0"):
        assert (await site.client.get(f"/testimony/wagon{wrong}")).status_code == 404
    assert (await site.client.get("/testimony/wagon.vtt?part=x")).status_code == 400


async def test_three_thousand_lines_are_one_page(folder: Folder) -> None:
    folder.tone("a.wav")
    folder.sidecar("long", ["a.wav"], access="public")
    folder.run()
    many(folder, 3000)
    _, page = await read(app.build(folder.root), "/testimony/long?q=chleb")
    assert len(page.lines) == len(page.of("a", class_="at")) == 3000
    assert len({element["id"] for _, element in page.elements if element.get("id")}) == len(
        [element for _, element in page.elements if element.get("id")]
    )
    assert len(page.of("mark")) == 3000


def many(folder: Folder, count: int) -> None:
    """Makes the only recording of an archive one of `count` lines, three seconds each."""
    with folder.open() as archive, archive.db.atomic():
        row = next(archive.db.query("SELECT * FROM segments LIMIT 1"))
        archive.db.execute("DELETE FROM words")
        archive.db.execute("DELETE FROM segments")
        for n in range(count):
            said = {"n": n + 1, "start_s": n * 3.0, "end_s": n * 3 + 2.9, "id": n + 1}
            text = f"Mama oddała mi chleb, było nas {n} w wagonie i jechaliśmy na wschód."
            archive.db.table("segments").insert({**row, **said, "text": text})
    result = folder.command("publish")
    assert result.returncode == 0, result.stderr
