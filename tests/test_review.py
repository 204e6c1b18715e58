"""Review at the server: who may, what is shown, what an edit becomes, and what is refused."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import yaml
from datasette.app import Datasette

from pipeline import listening, review
from pipeline.desk import Desk
from pipeline.engines.fake import FakeEngine
from pipeline.report import Silent
from pipeline.site import accounts, app
from pipeline.transcript import Word
from pipeline.withdraw import withdraw
from tests.conftest import Folder
from tests.test_access import HASH, PASSWORD, log_in

SAID = "Mama umarła w wagonie. On już poszedł. Chleb był czarny. Nie ma nic. Koniec wojny."
SECRETS = ("zqtitleqz", "Chleb", "Siedzieliśmy")


def lay_out(folder: Folder) -> None:
    """`wagon`, closed: five lines, of which the second is held back and the fourth is unheard, and
    a second part; `open`, public, with nothing in doubt."""
    for n, name in enumerate(("a.wav", "b.wav", "c.wav")):
        folder.tone(name, seconds=20, pitch_hz=300 + 50 * n)
    folder.config(title="Test archive", languages=["pl", "lt", "en"])
    folder.sidecar("wagon", ["a.wav", "b.wav"], access="closed", title="zqtitleqz",
                   narrator={"name": "Jan Próbny"}, interviewer="Anna Próbna")  # fmt: skip
    folder.sidecar("open", ["c.wav"], access="public", title="Open to all")
    folder.run(FakeEngine(text=lambda clip: SAID))
    with folder.open() as archive, archive.db.atomic():
        first = archive.recording_at("a.wav")
        assert first
        run = first.current_run_id
        why = json.dumps(["the text repeats itself", "hardly any voice is heard here (0.12)"])
        archive.db.execute(
            f"UPDATE segments SET state = 'quarantined', reasons = ? WHERE run_id = {run} AND n = 2",
            (why,),
        )
        start_s, end_s = archive.db.execute(
            f"SELECT start_s, end_s FROM segments WHERE run_id = {run} AND n = 4"
        ).fetchone()
        archive.db.execute(
            f"DELETE FROM words WHERE segment_id IN (SELECT id FROM segments WHERE run_id = {run} AND n = 4)"
        )
        archive.db.execute(f"DELETE FROM segments WHERE run_id = {run} AND n = 4")
        archive.db.execute("INSERT INTO unheard VALUES (?, 1, ?, ?)", (run, start_s, end_s))
    (folder.root / "secrets").mkdir()
    (folder.root / "secrets" / "researchers").write_text(f"anna:{HASH}\n")
    (folder.root / "secrets" / "reviewers").write_text(f"rita:{HASH}\n")


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = Folder(tmp_path_factory.mktemp("review") / "archive")
    lay_out(folder)
    return folder


@pytest.fixture
def archive(laid_out: Folder, tmp_path: Path) -> Folder:
    return laid_out.copy(tmp_path / "archive")


@pytest.fixture
def site(archive: Folder) -> Datasette:
    return app.build(archive.root, desk=Desk(archive.root))


async def cookies_of(site: Datasette, name: str = "rita") -> dict[str, str]:
    response = await log_in(site, PASSWORD, name)
    assert response.status_code == 302
    return {"ds_actor": response.cookies["ds_actor"]}


class Reviewer:
    """Somebody who logged in, and sends edits as the page's script does."""

    def __init__(self, site: Datasette, cookies: dict[str, str], token: str) -> None:
        self._site, self.cookies, self._token = site, cookies, token

    @classmethod
    async def at(cls, site: Datasette, name: str = "rita") -> Reviewer:
        cookies = await cookies_of(site, name)
        page = await site.client.get("/review/wagon", cookies=cookies)
        token = page.cookies["ds_csrftoken"]
        return cls(site, {**cookies, "ds_csrftoken": token}, token)

    async def get(self, path: str) -> Any:
        return await self._site.client.get(path, cookies=self.cookies)

    async def post(self, edit: Any, path: str = "/review/wagon?part=1", **headers: str) -> Any:
        said = {"origin": "http://localhost", "x-csrftoken": self._token} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        content = edit if isinstance(edit, bytes) else json.dumps(edit).encode()
        said = {"content-type": "application/json"} | said
        return await self._site.client.post(
            path, content=content, headers=said, cookies=self.cookies
        )

    async def form(self, path: str = "/review/wagon?part=1", **fields: str) -> Any:
        return await self._site.client.post(
            path, data={"csrftoken": self._token, **fields},
            headers={"origin": "http://localhost"}, cookies=self.cookies,
        )  # fmt: skip


@pytest.fixture
async def rita(site: Datasette) -> Reviewer:
    return await Reviewer.at(site)


def rows_of(folder: Folder, part: int = 1) -> list[dict[str, Any]]:
    """The rows as a page shows them, to be sent back as seen."""
    names = ("start_s", "end_s", "text", "language", "speaker")
    rows = Desk(folder.root).sheet("wagon", part).rows
    return [{name: getattr(row, name) for name in names} for row in rows]


def changed(seen: list[dict[str, Any]], *texts: str, **more: Any) -> dict[str, Any]:
    one = {"language": "pl", "speaker": None}
    return {"seen": seen, "lines": [{"text": text, **one} for text in texts], **more}


def states(folder: Folder) -> list[tuple[str, str]]:
    return [(row.state, row.text) for row in Desk(folder.root).sheet("wagon", 1).rows]


# Who may


async def test_a_visitor_and_a_researcher_get_nothing_and_learn_nothing(site: Datasette) -> None:
    paths = ("/review", "/review/wagon", "/review/nobody", "/review/wagon/sound/1",
             "/review/nobody/sound/9", "/review/wagon?part=7&at=2")  # fmt: skip
    researcher = await cookies_of(site, "anna")
    for cookies in ({}, researcher):
        answers = [await site.client.get(path, cookies=cookies) for path in paths]
        assert {answer.status_code for answer in answers} == {403}
        assert {answer.headers["cache-control"] for answer in answers} == {"private, no-store"}
        # Not a byte tells one address from another.
        assert len({answer.text for answer in answers}) == 1
        assert not any(word in answer.text for answer in answers for word in SECRETS)
        assert not any("access-control-allow-origin" in answer.headers for answer in answers)
        posted = await site.client.post(
            "/review/wagon", json={}, headers={"origin": "http://localhost"}, cookies=cookies
        )
        assert posted.status_code == 403 and not any(word in posted.text for word in SECRETS)
    home = await site.client.get("/", cookies=researcher)
    assert "/review" not in home.text


async def test_programs_and_crawlers_are_told_nothing_of_it(site: Datasette) -> None:
    for path in ("/sitemap.xml", "/robots.txt", "/api", "/"):
        assert "review" not in (await site.client.get(path)).text


async def test_without_a_desk_there_is_no_such_page(archive: Folder) -> None:
    site = app.build(archive.root)
    cookies = await cookies_of(site)
    for path in ("/review", "/review/wagon", "/review/wagon/sound/1"):
        assert (await site.client.get(path, cookies=cookies)).status_code == 404


async def test_a_reviewer_sees_what_is_closed_and_held_back_and_no_one_keeps_it(
    site: Datasette, rita: Reviewer
) -> None:
    for path in ("/review", "/review/wagon"):
        page = await rita.get(path)
        assert page.status_code == 200
        assert page.headers["cache-control"] == "private, no-store"
        assert "zqtitleqz" in page.text
        assert "On już poszedł." in page.text and "The text repeats itself." in page.text
    assert ">Review</a>" in (await rita.get("/")).text


@pytest.mark.parametrize(
    "left", ["", f"rita:{HASH[:-4]}AAA=\n", "rubbish\n"], ids=["struck off", "password", "rubbish"]
)
async def test_who_is_struck_off_can_do_nothing_at_once(
    archive: Folder, rita: Reviewer, left: str
) -> None:
    assert (await rita.get("/review")).status_code == 200
    (archive.root / "secrets" / "reviewers").write_text(left)
    edit = changed(rows_of(archive)[:1], "Tata.")
    answers = [
        await rita.get(path) for path in ("/review", "/review/wagon", "/review/wagon/sound/1")
    ]
    answers.append(await rita.post(edit))
    assert [answer.status_code for answer in answers] == [403] * 4
    assert states(archive)[0] == ("ok", "Mama umarła w wagonie.")


def test_one_name_has_one_password() -> None:
    other = HASH[:-4] + "AAA="
    assert accounts.plugin_settings({"anna": HASH}, {"anna": HASH})["anna_password_hash"] == HASH
    with pytest.raises(accounts.UsageError, match="one password"):
        accounts.plugin_settings({"anna": HASH}, {"anna": other})


async def test_another_site_cannot_make_a_reviewer_save(archive: Folder, rita: Reviewer) -> None:
    edit = changed(rows_of(archive)[:1], "Tata.")
    refused = [
        await rita.post(edit, origin="https://elsewhere.example"),
        await rita.post(edit, origin="null"),
        await rita.post(edit, sec_fetch_site="cross-site"),
        await rita.post(edit, x_csrftoken="wrong"),
    ]
    assert [answer.status_code for answer in refused] == [403] * 4
    assert states(archive)[0] == ("ok", "Mama umarła w wagonie.")
    assert (await rita.post(edit, sec_fetch_site="same-origin")).status_code == 200


# What is shown


async def test_the_queue_has_what_is_held_back_first_and_says_why(
    archive: Folder, rita: Reviewer
) -> None:
    queue = Desk(archive.root).queue()
    assert [(one.id, one.row.state) for one in queue.doubted] == [
        ("wagon", "quarantined"), ("wagon", "unheard"),
    ]  # fmt: skip
    page = (await rita.get("/review")).text
    assert "First what is held back" in page and "2 lines wait" in page
    assert page.index("Hardly any voice") < page.index("no words were found")
    assert "0 of 9 lines checked" in page


def test_the_order_is_held_back_then_reasons_then_confidence() -> None:
    def row(state: str, reasons: int, confidence: float | None) -> review.Row:
        return review.Row(0, 1, "x", None, None, state, ("why",) * reasons, confidence)

    wanted = [row("quarantined", 3, 0.9), row("quarantined", 2, 0.1), row("unheard", 0, None),
              row("ok", 2, 0.9), row("ok", 1, 0.2), row("ok", 1, 0.8), row("ok", 0, 0.4)]  # fmt: skip
    assert sorted([*wanted[3:], *wanted[:3]], key=lambda one: one.order) == wanted
    assert all(one.doubted for one in wanted)
    assert not row("ok", 0, 0.6).doubted and not row("corrected", 0, None).doubted


def test_the_queue_follows_what_is_saved_and_what_is_withdrawn(archive: Folder) -> None:
    desk = Desk(archive.root)
    desk.queue()
    desk.save(
        "wagon", 1, review.read(json.dumps(changed(rows_of(archive)[1:2], "On poszedł."))), "rita"
    )
    queue = desk.queue()
    assert [one.row.state for one in queue.doubted] == ["unheard"]
    (standing,) = (one for one in queue.standings if one.id == "wagon")
    assert (standing.progress.checked, standing.progress.lines) == (1, 9)
    with archive.open() as opened:
        withdraw(opened, archive.settings(), "wagon", "asked", Silent())
    assert [one.id for one in desk.queue().standings] == ["open"]
    with pytest.raises(review.NotHere):
        desk.sheet("wagon", 1)


@pytest.mark.parametrize("path", ["/review/nobody", "/review/wagon?part=3", "/review/wagon?part=x"])
async def test_what_is_not_there_is_said_to_a_reviewer(rita: Reviewer, path: str) -> None:
    answer = await rita.get(path)
    assert answer.status_code == 404 and "no such recording" in answer.text


# Edits


async def test_an_edited_line_counts_at_once_and_is_published_by_the_next_publish(
    archive: Folder, rita: Reviewer
) -> None:
    seen = rows_of(archive)[:1]
    answer = await rita.post(changed(seen, "Mama  umarła w\twagonach."))
    assert answer.status_code == 200
    assert answer.json()["progress"] == "1 of 4 lines checked"
    assert 'class="corrected"' in answer.json()["rows"]
    assert states(archive)[0] == ("corrected", "Mama umarła w wagonach.")
    with archive.open() as opened:
        first = opened.recording_at("a.wav")
        assert first
        (kept,) = opened.corrections(first)
    assert (kept.who, kept.source, kept.before, kept.after, kept.former_private) == (
        "rita", "review", "Mama umarła w wagonie.", "Mama umarła w wagonach.", False,
    )  # fmt: skip
    document = yaml.safe_load((archive.root / "metadata/testimonies/wagon.yaml").read_text())
    (archive.root / "metadata/testimonies/wagon.yaml").write_text(
        yaml.safe_dump(document | {"access": "public"})
    )
    assert archive.command("publish").returncode == 0
    public = sqlite3.connect(archive.root / "publication" / "public.db")
    texts = [
        row[0] for row in public.execute("SELECT text FROM segments WHERE state = 'corrected'")
    ]
    public.close()
    assert texts == ["Mama umarła w wagonach."]


async def test_a_line_that_is_right_as_it_stands_is_checked(
    archive: Folder, rita: Reviewer
) -> None:
    seen = rows_of(archive)[1:2]
    assert (await rita.post(changed(seen, seen[0]["text"], private=True))).status_code == 200
    assert states(archive)[1] == ("corrected", "On już poszedł.")
    with archive.open() as opened:
        first = opened.recording_at("a.wav")
        assert first and opened.corrections(first)[0].former_private


async def test_a_line_is_split_where_its_words_are(archive: Folder, rita: Reviewer) -> None:
    seen = rows_of(archive)[:1]
    start_s, end_s = seen[0]["start_s"], seen[0]["end_s"]
    assert (await rita.post(changed(seen, "Mama umarła", "w wagonie."))).status_code == 200
    first, second = rows_of(archive)[:2]
    assert (first["text"], second["text"]) == ("Mama umarła", "w wagonie.")
    assert (first["start_s"], second["end_s"]) == (start_s, end_s)
    # Four words of equal length: the cut lies in the middle.
    assert first["end_s"] == second["start_s"] == pytest.approx((start_s + end_s) / 2, abs=0.02)


async def test_lines_are_joined_and_a_stretch_without_words_between_them_goes_along(
    archive: Folder, rita: Reviewer
) -> None:
    seen = rows_of(archive)[2:5]
    assert seen[1]["text"] == ""
    assert (await rita.post(changed(seen, "Chleb był czarny. Koniec wojny."))).status_code == 200
    assert states(archive)[2:] == [("corrected", "Chleb był czarny. Koniec wojny.")]


async def test_an_unheard_stretch_is_filled_or_said_to_be_silent(
    archive: Folder, rita: Reviewer
) -> None:
    seen = rows_of(archive)[3:4]
    assert (await rita.post(changed(seen, "Siedzieliśmy."))).status_code == 200
    assert states(archive)[3] == ("corrected", "Siedzieliśmy.")
    assert (await rita.post(changed(rows_of(archive)[3:4]))).status_code == 200
    assert [text for _, text in states(archive)] == [
        "Mama umarła w wagonie.", "On już poszedł.", "Chleb był czarny.", "Koniec wojny.",
    ]  # fmt: skip


async def test_language_and_speaker_are_set(archive: Folder, rita: Reviewer) -> None:
    edit = changed(rows_of(archive)[:1], "Mama mirė.")
    edit["lines"][0] |= {"language": "lt", "speaker": "  Jan  Próbny "}
    assert (await rita.post(edit)).status_code == 200
    first = rows_of(archive)[0]
    assert (first["language"], first["speaker"]) == ("lt", "Jan Próbny")


async def test_the_second_of_two_people_sees_what_the_first_one_wrote(
    archive: Folder, rita: Reviewer
) -> None:
    seen = rows_of(archive)[:1]
    assert (await rita.post(changed(seen, "Mama umarła w wagonach."))).status_code == 200
    answer = await rita.post(changed(seen, "Matka umarła w wagonie."))
    assert answer.status_code == 409
    assert "rita changed this while you wrote" in answer.json()["problem"]
    assert "Mama umarła w wagonach." in answer.json()["rows"]
    assert states(archive)[0] == ("corrected", "Mama umarła w wagonach.")
    # What only the speaker tells apart is another's work too.
    seen = rows_of(archive)[2:3]
    edit = changed(seen, seen[0]["text"])
    edit["lines"][0]["speaker"] = "Anna"
    assert (await rita.post(edit)).status_code == 200
    assert (await rita.post(changed(seen, "Chleb był biały."))).status_code == 409


async def test_saving_works_while_a_pipeline_holds_the_archive(
    archive: Folder, rita: Reviewer
) -> None:
    from pipeline import lock

    seen = rows_of(archive)[:1]
    with lock.held(archive.root, "transcribe"):
        assert (await rita.post(changed(seen, "Tata."))).status_code == 200
    with lock.held(archive.root, "restore"):
        answer = await rita.post(changed(rows_of(archive)[:1], "Mama."))
    assert answer.status_code == 503 and "being restored" in answer.json()["problem"]
    assert states(archive)[0] == ("corrected", "Tata.")


GOOD = {"start_s": 0.0, "end_s": 1.0, "text": "x", "language": None, "speaker": None}
LINE = {"text": "y", "language": None, "speaker": None}


@pytest.mark.parametrize(
    "rubbish",
    [
        b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 5000, b'{"seen": 1, "lines": 2}',
        {"seen": [], "lines": []},
        {"seen": [GOOD | {"start_s": float("nan")}], "lines": []},
        {"seen": [GOOD | {"start_s": -1}], "lines": []},
        {"seen": [GOOD | {"start_s": 2}], "lines": []},
        {"seen": [GOOD | {"end_s": 1e300}], "lines": [LINE]},
        {"seen": [GOOD, GOOD], "lines": []},
        {"seen": [GOOD], "lines": [LINE] * 100},
        {"seen": [GOOD], "lines": [LINE | {"text": "z" * 5000}]},
        {"seen": [GOOD], "lines": [LINE | {"text": " \t"}]},
        {"seen": [GOOD], "lines": [LINE | {"text": "\ud800"}]},
        {"seen": [GOOD], "lines": [LINE | {"language": "<script>"}]},
        {"seen": [GOOD], "lines": [LINE | {"speaker": "z" * 500}]},
        {"seen": [GOOD], "lines": [LINE], "who": "somebody else"},
    ],
)  # fmt: skip
async def test_rubbish_gets_a_sentence(archive: Folder, rita: Reviewer, rubbish: Any) -> None:
    answer = await rita.post(rubbish)
    assert answer.status_code in (400, 409)
    assert answer.json()["problem"].endswith(".")
    assert [state for state, _ in states(archive)] == ["ok", "quarantined", "ok", "unheard", "ok"]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"text=\xff\xfe&csrftoken=\xff"),
        ("application/x-www-form-urlencoded", "csrftoken=ł".encode()),
        ("multipart/form-data", b"x"),
        ("text/plain", b"{}"),
    ],
)
async def test_a_form_that_is_none_is_refused(rita: Reviewer, kind: str, body: bytes) -> None:
    answer = await rita.post(body, content_type=kind, x_csrftoken="")
    assert answer.status_code in (400, 403, 415)


# Without scripts


def form_in(html: str) -> dict[str, str]:
    (form,) = re.findall(r'<form class="editor" id="now".*?</form>', html, re.DOTALL)
    said = re.findall(r'name="seen" value="([^"]*)"', form)
    text = re.findall(r"<textarea[^>]*>\n(.*?)</textarea>", form, re.DOTALL)
    return {"seen": unescape(said[0]), "text": unescape(text[0])}


async def test_without_scripts_a_line_is_corrected_by_a_form(
    archive: Folder, rita: Reviewer
) -> None:
    page = await rita.get("/review/wagon?part=1&at=0.0")
    form = form_in(page.text)
    assert form["text"] == "Mama umarła w wagonie."
    answer = await rita.form(**form | {"text": "Mama umarła\r\nw wagonie.", "do": "save"})
    assert answer.status_code == 302
    second = rows_of(archive)[2]["start_s"]
    assert answer.headers["location"] == f"/review/wagon?part=1&at={second}#now"
    assert [text for _, text in states(archive)[:2]] == ["Mama umarła", "w wagonie."]


async def test_without_scripts_lines_are_joined_emptied_and_compared(
    archive: Folder, rita: Reviewer
) -> None:
    form = form_in((await rita.get("/review/wagon?part=1&at=0")).text)
    joined = form_in((await rita.form(**form | {"do": "join"})).text)
    assert joined["text"] == "Mama umarła w wagonie. On już poszedł."
    assert len(json.loads(joined["seen"])) == 2
    empty = await rita.form(**form | {"text": " ", "do": "save"})
    assert empty.status_code == 400 and "Nothing is written." in empty.text
    assert (await rita.form(**form | {"do": "nothing"})).status_code == 302
    late = await rita.form(**form | {"text": "Mama!", "do": "save"})
    assert late.status_code in (400, 409)
    assert (await rita.form(seen="[", text="x", do="save")).status_code == 400


async def test_without_scripts_a_conflict_shows_both(archive: Folder, rita: Reviewer) -> None:
    form = form_in((await rita.get("/review/wagon?part=1&at=0")).text)
    await rita.form(**form | {"text": "Theirs.", "do": "save"})
    late = await rita.form(**form | {"text": "Mine.", "do": "save"})
    assert late.status_code == 409
    assert ">Theirs.</p>" in late.text and form_in(late.text)["text"] == "Mine."
    again = await rita.form(**form_in(late.text) | {"do": "save"})
    assert again.status_code == 302 and states(archive)[0] == ("corrected", "Mine.")


# Sound


async def test_the_sound_is_prepared_privately_served_in_ranges_and_leaves_with_a_withdrawal(
    archive: Folder, site: Datasette, rita: Reviewer
) -> None:
    address = "/review/wagon/sound/1"
    answer = await rita.get(address)
    for _ in range(200):
        if answer.status_code != 202:
            break
        assert answer.headers["retry-after"] == "3"
        await asyncio.sleep(0.1)
        answer = await rita.get(address)
    assert answer.status_code == 200 and answer.headers["cache-control"] == "private, no-store"
    part = await site.client.get(address, cookies=rita.cookies, headers={"range": "bytes=0-99"})
    assert (part.status_code, len(part.content)) == (206, 100)
    copies = archive.root / listening.FOLDER
    assert copies.stat().st_mode & 0o777 == 0o700
    assert len(list(copies.iterdir())) == 1
    for cookies in ({}, await cookies_of(site, "anna")):
        shut = await site.client.get(address, cookies=cookies, headers={"range": "bytes=0-99"})
        assert shut.status_code == 403 and part.content not in shut.content
    with archive.open() as opened:
        withdraw(opened, archive.settings(), "wagon", "asked", Silent())
    assert list(copies.iterdir()) == []
    assert (await rita.get(address)).status_code == 404


async def test_a_missing_master_is_said(archive: Folder, rita: Reviewer) -> None:
    (archive.root / "recordings" / "b.wav").unlink()
    page = await rita.get("/review/wagon?part=2")
    assert page.status_code == 200 and "The recording itself is not here." in page.text
    assert (await rita.get("/review/wagon/sound/2")).status_code == 404


def test_the_oldest_copies_go_first(archive: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "_KEPT_BYTES", 1)
    with archive.open() as opened:
        recordings = opened.recordings()[:2]
    for recording in recordings:
        listening.make(archive.root, recording)
    assert [path.name for path in (archive.root / listening.FOLDER).iterdir()] == [
        listening.path(archive.root, recordings[-1]).name
    ]


# Times


def heard(*texts: str) -> list[Word]:
    return [Word(float(n), n + 0.8, text, None) for n, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("texts", "cut"),
    [
        (["a b", "c d"], (1.8, 2.0)),
        (["A b,", "c d"], (2.0, 2.0)),
        (["a b x", "c d"], (2.0, 2.0)),
        (["xx yy", "vv ww"], (2.0, 2.0)),
        (["a", "b c d"], (0.8, 1.0)),
    ],
)
def test_a_cut_lies_between_the_words_beside_it(texts: list[str], cut: tuple[float, float]) -> None:
    (start_s, left), (right, end_s) = review.times(texts, 0.0, 4.0, heard("a", "b", "c", "d"))
    assert (start_s, end_s) == (0.0, 4.0)
    assert (left, right) == pytest.approx(cut, abs=0.6 if texts[0][0] == "x" else 0.01)


def test_times_of_many_lines_are_in_order_whatever_was_heard() -> None:
    spans = review.times(["d", "c", "b", "a", "e"], 0.0, 1.0, heard("a", "b", "c", "d"))
    edges = [edge for span in spans for edge in span]
    assert edges == sorted(edges) and all(left < right for left, right in spans)
    assert (edges[0], edges[-1]) == (0.0, 1.0)


def test_nobody_reads_the_copies_folder_of_git() -> None:
    ignored = (Path(__file__).parent.parent / ".gitignore").read_text()
    assert f"/{listening.FOLDER}/" in ignored
