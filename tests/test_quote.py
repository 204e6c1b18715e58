"""Quotes: a passage by its address, its page, its sound, and what may not be quoted."""

from __future__ import annotations

import html
import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote as quoted

import av
import bibtexparser
import pytest
from datasette.app import Datasette

from pipeline import audio
from pipeline.corrections import Line, replacing
from pipeline.engines.fake import FakeEngine
from pipeline.errors import AudioError
from pipeline.publication import clip_name, media_of_clip
from pipeline.publish import publish
from pipeline.report import Silent
from pipeline.site import app, clips
from pipeline.withdraw import withdraw
from tests.conftest import Folder
from tests.test_access import HASH, researcher

WORDS = ["Raz & <b>.", "Dwa słowa.", "Trzy słowa.", "Cztery słowa."]


@pytest.fixture
def published(folder: Folder) -> Folder:
    """Two parts of eight seconds, four lines in each; the second testimony is researchers'."""
    folder.tone("a.wav", seconds=8)
    folder.tone("b.wav", seconds=8, pitch_hz=500)
    folder.tone("c.wav", seconds=8, pitch_hz=600)
    folder.sidecar(
        "wagon", ["a.wav", "b.wav"], access="public", title="Wagon & <script>",
        notice="Nobody's testimony", warnings=["hunger"], recorded_on="1998-06?", place="Vilnius",
        narrator={"name": "Jan Próbny", "born": 1930}, interviewer="Ona Sample",
        licence="CC-BY-4.0",
    )  # fmt: skip
    folder.sidecar("hidden", ["c.wav"], access="researchers")
    folder.run(says(WORDS))
    return folder


def says(words: list[str]) -> FakeEngine:
    return FakeEngine(text=lambda clip: " ".join(words))


@pytest.fixture
def site(published: Folder) -> Datasette:
    return app.build(published.root, audio.cut_copy)


async def get(site: Datasette, path: str, **options: Any) -> Any:
    return await site.client.get(path.removeprefix("http://localhost"), **options)


async def lines(site: Datasette, ident: str = "wagon") -> list[dict[str, Any]]:
    sql = (
        "select s.id, part, n, start_s, end_s, text from segments s join recordings r"
        f" on r.id = s.recording_id where s.testimony_id = '{ident}' order by part, n"
    )
    rows = (await get(site, "/public.json", params={"sql": sql, "_shape": "array"})).json()
    assert isinstance(rows, list)
    return rows


async def address_of(site: Datasette, first: int, last: int) -> str:
    rows = await lines(site)
    return f"/quote/wagon/{rows[first]['start_s']:.2f}-{rows[last]['end_s']:.2f}"


def clip_files(folder: Folder) -> list[Path]:
    return [path for path in (folder.root / "publication" / "clips").rglob("*") if path.is_file()]


def duration_s(content: bytes, tmp_path: Path) -> float:
    path = tmp_path / "heard.m4a"
    path.write_bytes(content)
    with av.open(str(path)) as container:
        return sum(f.samples / f.sample_rate for f in container.decode(audio=0))


def links(page: str, pattern: str) -> list[str]:
    return [html.unescape(found) for found in re.findall(pattern, page)]


async def test_a_quote_has_its_words_its_speaker_its_sound_and_its_terms(site: Datasette) -> None:
    response = await get(site, await address_of(site, 0, 1))
    page = response.text
    assert response.status_code == 200
    assert page.index("Nobody&#39;s testimony") < page.index("hunger") < page.index("<blockquote>")
    assert '<p lang="pl">Raz &amp; &lt;b&gt;. Dwa słowa.</p>' in page
    assert "Jan Próbny" in page and "born 1930" in page and "part 1, " in page
    assert "A machine wrote these words down" in page
    assert "creativecommons.org/licenses/by/4.0/" in page and "It may be used for teaching" in page
    assert "Próbny, Jan. “Wagon &amp; &lt;script&gt;.” Interview by Ona Sample. Vilnius," in page
    assert "<script>" not in page.replace("<script defer", "")
    assert 'style="' not in page and "<svg" in page
    (sound,) = links(page, r'<audio[^>]* src="([^"]+)"')
    assert (await get(site, sound)).status_code == 200


async def test_only_the_lines_of_the_passage_are_quoted(site: Datasette) -> None:
    rows = await lines(site)
    middle = await get(site, await address_of(site, 1, 2))
    assert "Dwa słowa. Trzy słowa." in middle.text and "Cztery" not in middle.text
    assert "Raz &amp;" not in middle.text
    half = f"/quote/wagon/{rows[1]['start_s'] + 0.2:.2f}-{rows[1]['end_s'] - 0.1:.2f}"
    assert "Dwa słowa." in (await get(site, half)).text
    second = (await get(site, "/quote/wagon/2:0-8")).text
    assert "part 2, 0:00–0:08" in second and "/testimony/wagon?t=2%3A0" in second


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("wagon/5-2", 400, "ends before it begins"),
        ("wagon/2-2", 400, "ends before it begins"),
        ("wagon/0-601", 400, "at most 10 minutes"),
        ("wagon/1.123-2", 400, "at most two decimals"),
        ("wagon/-1-2", 400, "at most two decimals"),
        ("wagon/a-b", 400, "at most two decimals"),
        ("wagon/%F0%9F%98%80", 400, "at most two decimals"),
        ("wagon/%00-1", 400, "at most two decimals"),
        ("wagon/1-2;drop", 400, "at most two decimals"),
        ("wagon/１-２", 400, "at most two decimals"),
        ("wagon/7-20", 404, "ends at 0:08"),
        ("wagon/3:0-1", 404, "no such part"),
        ("nobody/0-1", 404, "no such testimony"),
        ("hidden/0-1", 404, "no such testimony"),
    ],
)
async def test_an_address_that_leads_nowhere_is_a_sentence(
    site: Datasette, path: str, status: int, sentence: str
) -> None:
    for address in (f"/quote/{path}", f"/quote/{path}/embed", f"/clip/{path}.m4a"):
        response = await get(site, address)
        assert (response.status_code, sentence in response.text) == (status, True), address


async def test_words_that_changed_since_are_said_to_have_changed(
    published: Folder, site: Datasette
) -> None:
    path = await address_of(site, 0, 1)
    (address,) = links((await get(site, path)).text, r'rel="canonical" href="([^"]+)"')
    version = address.partition("?v=")[2]
    assert re.fullmatch(r"[0-9a-f]{16}", version)
    same = await get(site, f"{path}?v={version}")
    assert "transcript has changed" not in same.text
    published.transcribe(says(["Raz & c.", *WORDS[1:]]), again=True)
    published.accept()
    assert published.run(says(WORDS))[-1].ok
    site = app.build(published.root)
    after = (await get(site, f"{path}?v={version}")).text
    assert "transcript has changed" in after and "Raz &amp; c." in after
    (now,) = links(after, r'rel="canonical" href="([^"]+)"')
    assert now.partition("?v=")[2] != version
    for nonsense in ("?v=", "?v=zz", "?v=" + "0" * 400):
        assert "transcript has changed" not in (await get(site, path + nonsense)).text


async def test_a_quote_follows_its_recording_when_the_parts_are_put_in_another_order(
    published: Folder, site: Datasette
) -> None:
    before = (await get(site, "/quote/wagon/0-8")).text
    (address,) = links(before, r'rel="canonical" href="([^"]+)"')
    path = address[address.index("/quote/") :]
    recordings = ["b.wav", "a.wav"]
    published.sidecar("wagon", recordings, access="public", licence="CC-BY-4.0")
    published.run(says(WORDS))
    site = app.build(published.root)
    after = (await get(site, path)).text
    assert "part 2, 0:00–0:08" in after and "another recording" not in after
    assert "part 1, 0:00–0:08" in (await get(site, "/quote/wagon/0-8")).text
    gone = (await get(site, f"/quote/wagon/0-8?v={'0' * 16}")).text
    assert "another recording, which is no longer here" in gone


async def test_what_is_redacted_is_never_quoted(published: Folder, site: Datasette) -> None:
    rows = await lines(site)
    at = (rows[1]["start_s"] + rows[1]["end_s"]) / 2
    published.sidecar(
        "wagon", ["a.wav", "b.wav"], access="public",
        redactions=[{"recording": "a.wav", "start_s": at, "end_s": at + 0.1, "reason": "secret"}],
    )  # fmt: skip
    published.run(says(WORDS))
    site = app.build(published.root, audio.cut_copy)
    for path in (await address_of(site, 0, 1), await address_of(site, 1, 1)):
        for address in (path, f"{path}/embed", path.replace("quote", "clip") + ".m4a"):
            response = await get(site, address)
            assert response.status_code == 403 and "not published what was said" in response.text
            assert "Dwa" not in response.text and "secret" not in response.text
    assert (await get(site, await address_of(site, 2, 3))).status_code == 200
    assert clip_files(published) == []


async def test_the_sound_is_just_the_passage(site: Datasette, tmp_path: Path) -> None:
    for path, expected_s in (("1.5-4.25", 2.75), ("2:0-8", 8.0), ("7-8.4", 1.0)):
        response = await get(site, f"/clip/wagon/{path}.m4a")
        assert (response.status_code, response.headers["content-type"]) == (200, "audio/mp4")
        assert duration_s(response.content, tmp_path) == pytest.approx(expected_s, abs=0.1)
    part = await get(site, "/clip/wagon/1.5-4.25.m4a", headers={"Range": "bytes=10-19"})
    assert (part.status_code, len(part.content)) == (206, 10)
    assert part.headers["cache-control"] == "private, no-cache"


def test_of_a_film_no_sound_from_before_the_passage_is_in_the_clip(tmp_path: Path) -> None:
    film = next((Path(__file__).parent.parent / "recordings").glob("*.mp4"))
    copy, clip = tmp_path / "copy.mp4", tmp_path / "clip.m4a"
    audio.write_access_copy(film, copy, title="t", comment="c", video=True, shown="film")
    audio.cut_copy(copy, clip, 30.5, 31.1, shown="film")
    assert clip.stat().st_size < 15_000
    assert duration_s(clip.read_bytes(), tmp_path) == pytest.approx(0.6, abs=0.1)


async def test_a_clip_is_cut_once_and_without_a_cutter_the_whole_is_played(
    published: Folder,
) -> None:
    cuts = []

    def cut(source: Path, target: Path, start_s: float, end_s: float, *, shown: str) -> None:
        cuts.append((start_s, end_s, shown))
        audio.cut_copy(source, target, start_s, end_s, shown=shown)

    site = app.build(published.root, cut)
    for _ in range(2):
        assert (await get(site, "/clip/wagon/1-2.m4a")).status_code == 200
    assert cuts == [(1.0, 2.0, "wagon/1-2")]
    plain = await get(app.build(published.root), "/clip/wagon/1-2.5.m4a")
    assert plain.status_code == 302
    assert re.fullmatch(r"/media/[0-9a-f]{16}#t=1,2.5", plain.headers["location"])


async def test_a_researcher_quotes_and_hears_what_others_may_not(
    published: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TESTIMONY_RESEARCHERS", f"anna:{HASH}")
    site = app.build(published.root, audio.cut_copy)
    mine = await researcher(site)
    page = await get(site, "/quote/hidden/0-8", cookies=mine)
    assert page.status_code == 200 and "Dwa słowa" in page.text
    # Nothing that leaves the room: no lesson sheet, and none for other pages.
    assert "data-add=" not in page.text
    sheet = await get(site, "/lesson/sheet?q=hidden/0-8", cookies=mine)
    assert "no such testimony" in sheet.text and "Dwa" not in sheet.text
    asked = await get(site, "/oembed?url=http://localhost/quote/hidden/0-8", cookies=mine)
    assert asked.status_code == 404
    assert (await get(site, "/clip/hidden/1-2.m4a", cookies=mine)).status_code == 200
    (clip,) = clip_files(published)
    assert clip.parent.name == "researchers"
    for path in ("/clip/hidden/1-2.m4a", "/quote/hidden/0-8", "/quote/hidden/0-8/embed"):
        assert (await get(site, path)).status_code == 404


async def test_what_is_left_out_between_lines_is_shown(published: Folder) -> None:
    with published.open() as archive, archive.db.atomic():
        archive.db.execute("UPDATE segments SET state = 'quarantined' WHERE n = 2")
    assert published.command("publish").returncode == 0
    page = (await get(app.build(published.root), "/quote/wagon/0-8")).text
    assert "Dwa" not in page
    assert re.search(
        r"Raz &amp; &lt;b&gt;\.</p>\s*<p lang=\"pl\"><span class=\"gap\"[^>]*>\[…\]</span> Trzy",
        page,
    )


async def test_a_clip_that_cannot_be_cut_is_a_sentence(published: Folder) -> None:
    for media in (published.root / "publication" / "media" / "public").iterdir():
        media.write_bytes(b"no sound")
    response = await get(app.build(published.root, audio.cut_copy), "/clip/wagon/1-2.m4a")
    assert (response.status_code, "could not be cut" in response.text) == (500, True)
    assert clip_files(published) == []


async def test_clips_that_nobody_asks_for_make_room(
    published: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clips, "_KEPT_BYTES", 25_000)
    site = app.build(published.root, audio.cut_copy)
    for start_s in (0, 1, 2, 3):
        assert (await get(site, f"/clip/wagon/{start_s}-{start_s + 1}.m4a")).status_code == 200
    kept = sorted(path.name.split(".", 2)[2] for path in clip_files(published))
    assert kept and kept[-1] == "3.00-4.00.m4a" and "0.00-1.00.m4a" not in kept


async def test_withdrawal_and_closing_remove_the_bytes_of_clips_at_once(
    published: Folder, site: Datasette
) -> None:
    for path in ("/clip/wagon/1-2.m4a", "/clip/wagon/2:1-2.m4a"):
        assert (await get(site, path)).status_code == 200
    assert len(clip_files(published)) == 2
    published.sidecar("wagon", ["a.wav", "b.wav"], access="researchers")
    published.run(says(WORDS))
    assert clip_files(published) == []
    published.sidecar("wagon", ["a.wav", "b.wav"], access="public")
    published.run(says(WORDS))
    site = app.build(published.root, audio.cut_copy)
    address = await address_of(site, 0, 1)
    assert (await get(site, "/clip/wagon/1-2.m4a")).status_code == 200
    draft = clip_files(published)[0]
    draft.with_name(f".{draft.name}.0123").write_bytes(b"half")
    with published.open() as archive:
        assert withdraw(archive, published.settings(), "wagon", "asked", Silent()).ok
    assert clip_files(published) == []
    site = app.build(published.root, audio.cut_copy)
    for path in (address, f"{address}/embed", f"{address}.bib", "/clip/wagon/1-2.m4a"):
        response = await get(site, path)
        assert response.status_code == 410 and "was withdrawn" in response.text
        assert "Raz" not in response.text and "Jan" not in response.text
    asked = await get(site, f"/oembed?url={quoted('http://localhost' + address)}")
    assert asked.status_code == 410


async def test_a_clip_cut_while_its_copy_goes_is_not_kept(published: Folder) -> None:
    def cut(source: Path, target: Path, start_s: float, end_s: float, *, shown: str) -> None:
        audio.cut_copy(source, target, start_s, end_s, shown=shown)
        source.unlink()

    response = await get(app.build(published.root, cut), "/clip/wagon/1-2.m4a")
    assert response.status_code == 404
    assert clip_files(published) == []


def test_a_clip_whose_folder_goes_while_it_is_cut_is_an_error_in_words(published: Folder) -> None:
    (copy, *_) = (published.root / "publication" / "media" / "public").iterdir()
    with pytest.raises(AudioError, match=r"passage: could not be cut|passage: its clip"):
        audio.cut_copy(copy, published.root / "nowhere" / "clip.m4a", 1, 2, shown="passage")
    with pytest.raises(AudioError, match="within 0 s"):
        audio.cut_copy(copy, published.root / "clip.m4a", 1, 2, shown="passage", within_s=0)
    assert [p.name for p in published.root.iterdir() if "clip" in p.name] == []


def test_verify_names_a_clip_without_its_copy(published: Folder) -> None:
    stray = published.root / "publication" / "clips" / "public" / clip_name("x-1.m4a", 1, 2)
    assert media_of_clip(stray.name) == media_of_clip(f".{stray.name}.ab12") == "x-1.m4a"
    stray.parent.mkdir(parents=True, exist_ok=True)
    stray.write_bytes(b"voice")
    result = published.command("verify")
    assert result.returncode == 1 and "without its access copy" in result.stdout + result.stderr


async def test_citations_can_be_taken_away_as_files(site: Datasette) -> None:
    path = await address_of(site, 0, 1)
    page = (await get(site, path)).text
    found = {
        end: address for address, end in re.findall(r'href="(/quote/[^"]+\.(\w+)\?v=\w+)"', page)
    }
    assert found.keys() == {"bib", "ris", "json"}
    library = bibtexparser.parse_string((await get(site, found["bib"])).text)
    assert library.entries[0]["author"] == "Próbny, Jan"
    assert library.entries[0]["url"].startswith("http://localhost/quote/wagon/")
    assert (await get(site, found["ris"])).content.startswith(b"TY  - SOUND\r\n")
    (item,) = (await get(site, found["json"])).json()
    assert item["issued"] == {"date-parts": [[1998, 6]], "circa": True}
    assert (await get(site, "/quote/wagon/5-2.bib")).status_code == 400


async def test_a_quote_can_be_shown_in_another_page(site: Datasette) -> None:
    path = await address_of(site, 0, 1)
    page = await get(site, path)
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    (asked,) = links(page.text, r'type="application/json\+oembed" href="([^"]+)"')
    answer = await get(site, asked)
    document = answer.json()
    assert answer.headers["access-control-allow-origin"] == "*"
    assert (document["version"], document["type"]) == ("1.0", "rich")
    assert document["author_name"] == "Jan Próbny"
    (frame,) = links(document["html"], r'src="([^"]+)"')
    assert html.escape(document["html"]).replace("&quot;", "&#34;") in page.text
    shown = await get(site, frame)
    assert "frame-ancestors *" in shown.headers["content-security-policy"]
    assert "Dwa słowa." in shown.text and "<header" not in shown.text
    small = (await get(site, asked + "&maxwidth=300&maxheight=200")).json()
    assert (small["width"], small["height"]) == (300, 200)
    assert 'width="300" height="200"' in small["html"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 404),
        ("url=http://localhost/search", 404),
        ("url=http://elsewhere.example/quote/wagon/0-1", 404),
        ("url=http://[/quote/wagon/0-1", 404),
        ("url=http://localhost/quote/wagon/0-1&format=xml", 501),
        ("url=http://localhost/quote/wagon/5-1", 400),
        ("url=http://localhost/quote/hidden/0-1", 404),
        ("url=http://localhost/quote/wagon/0-1&maxwidth=many", 200),
        (f"url=http://localhost/quote/wagon/0-1&maxheight={'9' * 5000}", 200),
    ],
)
async def test_oembed_answers_in_its_own_words(site: Datasette, query: str, status: int) -> None:
    response = await get(site, f"/oembed?{query}")
    assert response.status_code == status and isinstance(json.loads(response.text), dict)


@pytest.fixture
def sparse(folder: Folder) -> Iterator[Datasette]:
    folder.tone("a.wav", seconds=4)
    folder.sidecar("bare", ["a.wav"], access="public")
    folder.run(says(WORDS))
    yield app.build(folder.root)


async def test_what_is_not_known_is_said_or_left_out(sparse: Datasette) -> None:
    page = (await get(sparse, "/quote/bare/0-4")).text
    assert "Narrator not recorded" in page and "No licence is recorded" in page
    assert "Ask the archive before you copy it" in page and "None" not in page
    silent = (await get(sparse, "/quote/bare/3.97-4")).text
    assert "No words of this passage were written down" in silent


# What stood there before a correction


def put_right(folder: Folder, n: int, text: str, part: str = "a.wav", **how: Any) -> None:
    """A person says what is said in line `n` of a part, and it is published."""
    with folder.open() as archive:
        recording = archive.recording_at(part)
        assert recording
        (_, line) = archive.lines(recording)[n]
        said = Line(line.start_s, line.end_s, text, line.language)
        archive.correct(recording, [replacing([line], [said], "Ona Sample", "review", **how)])
        publish(archive, folder.settings(), Silent())


def former_texts(folder: Folder) -> list[str]:
    with sqlite3.connect(folder.root / "publication" / "public.db") as db:
        return [row[0] for row in db.execute("select text from former_texts order by id")]


async def test_after_a_correction_the_page_shows_both(published: Folder) -> None:
    site = app.build(published.root)
    address = await address_of(site, 1, 1)
    before = (await get(site, address)).text
    reference = re.search(r'data-add="[^"@]+@([0-9a-f]{16})"', before)
    assert reference and "Before it was corrected" not in before
    put_right(published, 1, "Dwa dobre słowa.")
    page = (await get(app.build(published.root), f"{address}?v={reference[1]}")).text
    assert "The transcript has changed since this passage was quoted" in page
    assert re.search(
        r"Until .* the transcript had here:</p>\s*<blockquote[^>]*><p>Dwa słowa\.", page
    )
    assert ">Dwa dobre słowa.</p>" in page
    # The other lines have no such past.
    other = await address_of(site, 2, 2)
    assert "Before it was corrected" not in (await get(app.build(published.root), other)).text


async def test_each_former_text_is_told_once_oldest_first(published: Folder) -> None:
    put_right(published, 1, "Dwa dobre słowa.")
    put_right(published, 1, "Dwa najlepsze słowa.")
    put_right(published, 1, "Dwa najlepsze słowa.")  # heard again and left as it is
    assert former_texts(published) == ["Dwa słowa.", "Dwa dobre słowa."]


def test_a_former_text_that_is_to_be_kept_back_is_in_no_byte(published: Folder) -> None:
    for part in ("a.wav", "b.wav"):
        put_right(published, 1, "Dwa dobre słowa.", part, former_private=True)
    assert former_texts(published) == []
    assert "Dwa słowa".encode() not in (published.root / "publication" / "public.db").read_bytes()


def test_redacted_and_quarantined_text_is_no_former_text(published: Folder) -> None:
    put_right(published, 1, "Dwa dobre słowa.")
    with published.open() as archive:
        recording = archive.recording_at("a.wav")
        assert recording
        (_, line) = archive.lines(recording)[1]
    published.sidecar(
        "wagon", ["a.wav", "b.wav"], access="public",
        redactions=[{"recording": "a.wav", "start_s": line.end_s, "end_s": line.end_s + 0.1,
                     "reason": "third person"}],
    )  # fmt: skip
    published.run(says(WORDS))
    assert former_texts(published) == []
    published.sidecar("wagon", ["a.wav", "b.wav"], access="public")
    with published.open() as archive:
        archive.db.execute("UPDATE segments SET state = 'quarantined' WHERE text = 'Dwa słowa.'")
        archive.db.conn.commit()
        publish(archive, published.settings(), Silent())
    assert former_texts(published) == []
