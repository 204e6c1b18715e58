"""What visitors, researchers and nobody may see: every sealed thing has its own secret word."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
from collections import deque
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

import av
import numpy as np
import pytest
import yaml
from datasette.app import Datasette
from datasette_auth_passwords.utils import hash_password

from pipeline import audio
from pipeline.engines.fake import FakeEngine
from pipeline.errors import UsageError
from pipeline.ingest import ingest
from pipeline.site import accounts, app
from pipeline.site.guard import LoginLimit
from tests.conftest import Folder

PASSWORD = "correct horse"
HASH = hash_password(PASSWORD, iterations=1000)
IDS = ("open", "masked", "cut", "half", "shut", "hush", "later", "doubt")


def secret(ident: str, where: str) -> str:
    return f"zq{where}{ident}qz"


PUBLIC = {secret(i, w) for i in ("open", "masked", "cut") for w in ("title", "first", "last")}
PUBLIC |= {secret(i, "middle") for i in ("open", "masked")} | {secret("open", "name")}
PUBLIC |= {secret("masked", "pseudonym"), secret("shut", "title"), secret("shut", "reason")}
PUBLIC |= {secret("cut", "name")}
RESEARCH = PUBLIC | {secret("half", w) for w in ("title", "name", "first", "middle", "last")}


def lay_out(folder: Folder) -> None:
    """Eight testimonies, each of another kind; `cut` has its middle sentence redacted."""
    said: dict[str, dict[str, Any]] = {ident: {"access": "public"} for ident in IDS}
    said["masked"]["narrator"] = {"pseudonym": secret("masked", "pseudonym")}
    said["cut"]["redactions"] = [
        {"recording": recording("cut"), "start_s": 1.4, "end_s": 1.6, "reason": "third person"}
    ]
    said["half"]["access"] = "researchers"
    said["shut"] |= {"access": "closed", "listed": True, "access_reason": secret("shut", "reason")}
    said["hush"] |= {"access": "closed", "access_reason": secret("hush", "reason")}
    said["later"] |= {"access": "closed", "access_until": "2001"}
    said["doubt"] |= {"access": "public", "access_until": "2090"}
    for number, (ident, fields) in enumerate(said.items()):
        fields["title"] = secret(ident, "title")
        fields["agreement"] = secret(ident, "agreement")
        fields["narrator"] = {**fields.get("narrator", {}), "name": secret(ident, "name")}
        folder.sidecar(ident, [recording(ident)], **fields)
        tagged(folder, ident, 300 + 20 * number)
    folder.config(title="Test archive", languages=["pl", "en"], contact="archive at example.org")
    with folder.open() as archive:
        assert ingest(archive, folder.settings()).ok
    for ident in IDS:
        folder.transcribe(says(ident), only=(ident,))


def says(ident: str) -> FakeEngine:
    parts = [f"{secret(ident, part).capitalize()}." for part in ("first", "middle", "last")]
    return FakeEngine(text=lambda clip: " ".join(parts))


def recording(ident: str) -> str:
    return f"{secret(ident, 'file')}.flac"


def tagged(folder: Folder, ident: str, pitch_hz: float) -> None:
    """A master that names its narrator in its own tags."""
    tone = folder.tone("tone.wav", seconds=3, pitch_hz=pitch_hz)
    subprocess.run(
        [audio.ffmpeg_path(), "-v", "error", "-i", str(tone), "-metadata",
         f"artist={secret(ident, 'tag')}", str(tone.with_name(recording(ident)))], check=True,
    )  # fmt: skip
    tone.unlink()


def publish(folder: Folder) -> None:
    result = folder.command("publish")
    assert result.returncode == 0, result.stderr


def secrets_in(text: str | bytes) -> set[str]:
    raw = text.encode() if isinstance(text, str) else text
    return {word.decode() for word in re.findall(rb"zq[a-z]{6,}?qz", raw.lower())}


def on_disk(folder: Folder, *, only_public: bool) -> set[str]:
    """Every secret in names, bytes and media tags below publication/."""
    found = set()
    for path in (folder.root / "publication").rglob("*"):
        if not path.is_file() or (only_public and "researchers" in str(path)):
            continue
        found |= secrets_in(str(path.name)) | secrets_in(path.read_bytes())
        if path.suffix in (".m4a", ".mp4"):
            with av.open(str(path)) as container:
                found |= secrets_in(json.dumps(dict(container.metadata)))
    return found


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = Folder(tmp_path_factory.mktemp("access") / "archive")
    lay_out(folder)
    (folder.root / "secrets").mkdir()
    (folder.root / "secrets" / "researchers").write_text(f"# who may\nanna:{HASH}\n")
    publish(folder)
    return folder


@pytest.fixture
def site(archive: Folder) -> Datasette:
    return app.build(archive.root)


async def log_in(
    site: Datasette, password: str = PASSWORD, name: str = "anna", **options: Any
) -> Any:
    form = await site.client.get("/-/login")
    token = form.cookies["ds_csrftoken"]
    return await site.client.post(
        "/-/login", data={"username": name, "password": password, "csrftoken": token},
        cookies={"ds_csrftoken": token}, **options,
    )  # fmt: skip


async def test_a_login_that_fails_is_told_in_the_readers_language(site: Datasette) -> None:
    asked = {"accept-language": "lt"}
    answer = await log_in(site, "wrong", headers=asked)
    assert answer.status_code == 200 and "ds_actor" not in answer.cookies
    assert '<html lang="lt">' in answer.text
    assert "Vardas arba slaptažodis neteisingas." in answer.text


async def test_who_is_logged_in_finds_the_way_out(site: Datasette) -> None:
    cookies = await researcher(site)
    assert 'href="/-/logout"' in (await site.client.get("/", cookies=cookies)).text
    assert "/-/logout" not in (await site.client.get("/")).text


async def researcher(site: Datasette) -> dict[str, str]:
    response = await log_in(site)
    assert response.status_code == 302
    return {"ds_actor": response.cookies["ds_actor"]}


# The crawler


class Links(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {
            value for name, value in attrs if name in ("href", "src", "action") and value
        }


SQL = (
    "select * from segments", "select * from sqlite_master", "select * from testimonies",
    "select * from closed", "select * from gone", "select * from recordings",
    "attach database 'researchers.db' as r", "select load_extension('x')",
    "select * from researchers.segments", "select readfile('archive.db')",
    "select * from pragma_database_list", "select * from dbstat",
    "select group_concat(hex(data)) from sqlite_dbpage", "vacuum into 'x.db'",
    "select hex(block) from segments_fts_data", "select * from segments_fts('a* OR z*')",
)  # fmt: skip


def tricks(root: Path) -> Iterable[str]:
    for database in ("public", "researchers", "archive", "_memory", "_internal"):
        for sql in SQL:
            for form in ("", ".json", ".csv"):
                yield f"/{database}{form}?sql={quote(sql)}"
        yield from (
            f"/{database}",
            f"/{database}.db",
            f"/{database}.json",
            f"/{database}/search?q=zq*",
        )
        for table in ("testimonies", "recordings", "segments", "closed", "gone", "sqlite_master",
                      "segments_fts", "segments_fts_data", "segments_fts_content", "words", "runs"):  # fmt: skip
            yield from (
                f"/{database}/{table}{form}" for form in ("", ".json", ".csv?_stream=1", ".jsono")
            )
            yield f"/{database}/{table}.json?_labels=on&_facet=id&_size=max&_where=1=1"
            yield f"/{database}/{table}?_search=zq&_searchmode=raw"
    for name in ("databases", "metadata", "config", "plugins", "settings", "threads", "actor", "logs",
                 "versions", "permissions", "allow-debug", "password-tool", "messages", "patterns"):  # fmt: skip
        yield from (f"/-/{name}", f"/-/{name}.json")
    connection = sqlite3.connect(root / "archive.db")
    for ident, name in connection.execute("SELECT id, path FROM recordings"):
        yield from (f"/media/{ident}", f"/media/{ident}.flac", f"/media/{quote(name)}")
        yield from (
            f"/{d}/recordings/{ident}{f}" for d in ("public", "researchers") for f in ("", ".json")
        )
    for (ident,) in connection.execute("SELECT id FROM segments"):
        yield from (
            f"/{d}/segments/{ident}{f}" for d in ("public", "researchers") for f in ("", ".json")
        )
    for ident in IDS:
        yield from (
            f"/{d}/testimonies/{ident}{f}" for d in ("public", "researchers") for f in ("", ".json")
        )
        yield from (
            f"/testimony/{ident}{f}"
            for f in ("", "?q=zq*", ".vtt", ".srt", ".txt", ".json", ".csv", "/search.json?q=zq*")
        )
    connection.close()
    for escape in (
        "..%2f..%2farchive.db",
        "../../archive.db",
        "%2e%2e/archive.db",
        "....//archive.db",
    ):
        yield from (f"/media/{escape}", f"/-/static/{escape}", f"/{escape}",
                    f"/-/static-plugins/testimony-archive/{escape}")  # fmt: skip
    yield from ("/search?q=zq*", "/search?q=zqmiddle*", "/search.json?q=zq*", "/", "/.json")


async def crawl(site: Datasette, root: Path, cookies: dict[str, str]) -> tuple[set[str], int]:
    """Every secret in every answer to every link and trick; how many were asked."""
    waiting, seen, found = deque(tricks(root)), set[str](), set[str]()
    while waiting:
        address = waiting.popleft().split("#")[0]
        if address in seen or len(seen) > 3000:
            continue
        seen.add(address)
        response = await site.client.get(address, cookies=cookies)
        assert response.status_code < 500, (address, response.text[:300])
        found |= secrets_in(response.content)
        if address.startswith("/media/") and response.status_code == 200:
            found.add(address)
        if "text/html" in response.headers.get("content-type", ""):
            links = {urljoin(address, link) for link in Links(response.text).found}
            # Sorting and hiding columns in every combination would never end.
            waiting += sorted(x for x in links if x.startswith("/") and "_facet" not in x
                              and "_sort" not in x and "col=" not in x)  # fmt: skip
    return found, len(seen)


async def test_a_crawler_finds_only_what_is_its_own(archive: Folder, site: Datasette) -> None:
    connection = sqlite3.connect(archive.root / "archive.db")
    media = {
        ident: f"/media/{name}"
        for ident, name in connection.execute("SELECT testimony_id, id FROM recordings")
    }
    connection.close()
    public = {media[ident] for ident in ("open", "masked", "cut")}
    found, asked = await crawl(site, archive.root, {})
    assert found == PUBLIC | public
    found, more = await crawl(site, archive.root, await researcher(site))
    assert found == RESEARCH | public | {media["half"]}
    assert min(asked, more) > 300


def test_no_sealed_word_is_in_any_byte(archive: Folder) -> None:
    assert on_disk(archive, only_public=True) == PUBLIC
    assert on_disk(archive, only_public=False) == RESEARCH


def test_only_what_is_listed_is_known_to_be_closed(archive: Folder) -> None:
    connection = sqlite3.connect(archive.root / "publication" / "public.db")
    rows = connection.execute("SELECT * FROM closed").fetchall()
    connection.close()
    assert rows == [
        ("shut", secret("shut", "title"), secret("shut", "reason"), "archive at example.org")
    ]


# Redaction


def test_redacted_words_are_replaced_and_their_sound_is_a_low_tone(archive: Folder) -> None:
    connection = sqlite3.connect(archive.root / "publication" / "public.db")
    rows = connection.execute(
        "SELECT text, state, language, confidence FROM segments"
        " WHERE testimony_id = 'cut' ORDER BY n").fetchall()  # fmt: skip
    name = connection.execute("SELECT media FROM recordings WHERE testimony_id = 'cut'").fetchone()[
        0
    ]
    connection.close()
    assert [(row[0].lower(), row[1]) for row in rows] == [
        (f"{secret('cut', 'first')}.", "ok"),
        ("[redacted: third person]", "redacted"),
        (f"{secret('cut', 'last')}.", "ok"),
    ]
    assert rows[1][2:] == (None, None)
    copy = archive.root / "publication" / "media" / "public" / name
    assert pitches(copy, [0.5, 1.5, 2.5]) == [340, 220, 340]


def pitches(path: Path, at_s: list[float]) -> list[int]:
    """The loudest pitch at each moment, to 10 Hz, from a tenth of a second around it."""
    sound = audio.decode(path, shown=path.name)
    found = []
    for middle_s in at_s:
        piece = sound.cut(middle_s - 0.05, middle_s + 0.05)
        found.append(int(np.argmax(np.abs(np.fft.rfft(piece))) * 10))
    return found


def test_the_picture_of_a_redacted_range_is_black(tmp_path: Path) -> None:
    source, target = tmp_path / "film.mp4", tmp_path / "copy.mp4"
    subprocess.run(
        [audio.ffmpeg_path(), "-v", "error", "-f", "lavfi", "-i", "color=red:s=64x64:d=4:r=10",
         "-f", "lavfi", "-i", "sine=frequency=1000:duration=4", str(source)], check=True,
    )  # fmt: skip
    audio.write_access_copy(
        source, target, title="", comment="", video=True, shown="film.mp4", hidden=[(1.0, 2.0)]
    )
    assert pitches(target, [0.5, 1.5, 2.5]) == [1000, 220, 1000]
    with av.open(str(target)) as container:
        frames = [f.to_ndarray(format="rgb24").mean() for f in container.decode(video=0)]
    assert max(frames[9:21]) < 8 < min(frames[:7] + frames[24:])


@pytest.mark.parametrize(
    ("name", "start_s"), [("b.wav", 0.5), ("a.wav", 60.0)], ids=["not ingested", "after its end"]
)
def test_a_redaction_that_lies_nowhere_closes_the_testimony(
    folder: Folder, name: str, start_s: float
) -> None:
    folder.tone("a.wav")
    redaction = {"recording": name, "start_s": start_s, "end_s": 90, "reason": "asked"}
    folder.sidecar("a", ["a.wav", "b.wav"], access="public", redactions=[redaction])
    *_, published = folder.run()
    assert "lies in no transcribed recording of it" in published.notes[0]
    assert list((folder.root / "publication" / "media" / "public").iterdir()) == []


# Logging in


async def test_a_researcher_hears_by_range_and_others_do_not(
    archive: Folder, site: Datasette
) -> None:
    connection = sqlite3.connect(archive.root / "publication" / "researchers.db")
    (ident,) = connection.execute(
        "SELECT id FROM recordings WHERE testimony_id = 'half'"
    ).fetchone()
    connection.close()
    asked = {"headers": {"range": "bytes=0-9"}}
    assert (await site.client.get(f"/media/{ident}", **asked)).status_code == 404
    response = await site.client.get(f"/media/{ident}", cookies=await researcher(site), **asked)
    assert (response.status_code, len(response.content)) == (206, 10)
    assert response.headers["cache-control"].startswith("private, no-")
    forged = {"ds_actor": site.sign({"a": {"id": "berta"}}, "actor")}
    assert (await site.client.get(f"/media/{ident}", cookies=forged)).status_code == 404


async def test_a_researcher_searches_all_that_researchers_may_see(site: Datasette) -> None:
    address = f"/search?q={secret('half', 'middle')}"
    forged = {"ds_actor": site.sign({"a": {"id": "berta"}}, "actor")}
    for cookies in ({}, forged):
        page = (await site.client.get(address, cookies=cookies)).text
        assert "0 passages" in page and "as a researcher" not in page
    mine = await researcher(site)
    response = await site.client.get(address, cookies=mine)
    # Besides the same page in other languages.
    found = (x for x in Links(response.text).found if "half" in x and "/search" not in x)
    links = set(found)
    assert "1 passage<" in response.text and "as a researcher" in response.text
    shown = {link.partition("?")[0] for link in links}
    assert {path.rpartition("/")[0] for path in shown} == {"/testimony", "/quote/half"}
    (sound,) = (link for link in Links(response.text).found if link.startswith("/media/"))
    for path in (link.partition("#")[0] for link in (*links, sound)):
        assert (await site.client.get(path, cookies=mine)).status_code == 200
        assert (await site.client.get(path)).status_code in (403, 404)
    assert response.headers["cache-control"].startswith("private")


async def test_who_was_struck_off_is_out(archive: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATASETTE_SECRET", "the same after a restart")
    cookies = await researcher(app.build(archive.root))
    monkeypatch.setenv("TESTIMONY_RESEARCHERS", f"berta:{HASH}")
    site = app.build(archive.root)
    assert (await site.client.get("/researchers/segments", cookies=cookies)).status_code == 403


async def test_failed_logins_are_limited(site: Datasette) -> None:
    for _ in range(5):
        assert (await log_in(site, "wrong")).status_code == 200
    response = await log_in(site)
    assert (response.status_code, response.headers["retry-after"]) == (429, "900")


async def test_a_password_in_a_header_logs_no_one_in(site: Datasette) -> None:
    response = await site.client.get("/researchers/segments.json", auth=("anna", PASSWORD))
    assert response.status_code == 403


def test_the_limit_forgets_after_a_quarter_of_an_hour_and_holds_for_all_together() -> None:
    at = [0.0]
    limit = LoginLimit(lambda: at[0])
    for number in range(60):
        limit.failed(f"10.0.0.{number // 4}")
    assert not limit.allows("192.168.0.1")
    at[0] = 901.0
    assert limit.allows("192.168.0.1") and limit.allows("10.0.0.0")


@pytest.mark.parametrize("line", ["anna", "anna:secret", "a b:pbkdf2_sha256$1$a$b", ":x"])
def test_a_line_that_is_no_account_is_refused_and_not_shown(tmp_path: Path, line: str) -> None:
    with pytest.raises(UsageError, match="line 1 is not name:hash") as caught:
        accounts.read(tmp_path, "researchers", {"TESTIMONY_RESEARCHERS": line})
    assert "secret" not in str(caught.value)


async def test_every_answer_has_the_headers_and_the_cookie_is_not_for_scripts(
    site: Datasette,
) -> None:
    for path in ("/", "/search", "/public/segments", "/public.json", "/nothing", "/-/login"):
        headers = (await site.client.get(path)).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
    cookie = (await log_in(site)).headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie.replace("Lax", "lax")


async def test_nothing_can_be_written(site: Datasette) -> None:
    assert (
        await site.client.post("/public", data={"sql": "delete from segments"})
    ).status_code == 405
    assert (await site.client.post("/-/login", content=b"x" * 70_000)).status_code == 413


# Withdrawal and the rest of a life: after each step no byte of what is sealed


async def test_after_every_step_no_sealed_word_is_left(folder: Folder) -> None:
    lay_out(folder)
    publish(folder)
    assert on_disk(folder, only_public=True) == PUBLIC
    publish(folder)
    assert on_disk(folder, only_public=True) == PUBLIC
    change(folder, "open", access_until="2090")
    gone = {secret("open", where) for where in ("title", "name", "first", "middle", "last")}
    assert on_disk(folder, only_public=False) == RESEARCH - gone
    change(folder, "half", narrator={"name": secret("half", "name"), "pseudonym": "Ona"})
    assert on_disk(folder, only_public=False) == RESEARCH - gone - {secret("half", "name")}
    site = app.build(folder.root)
    addresses = former(folder, "masked")
    assert {(await site.client.get(a)).status_code for a in addresses} == {200}
    result = folder.command("withdraw", "masked", "--reason", secret("masked", "why"))
    assert result.returncode == 0, result.stderr
    gone |= {secret("masked", w) for w in ("title", "pseudonym", "first", "middle", "last")}
    left = RESEARCH - gone - {secret("half", "name")}
    assert on_disk(folder, only_public=False) == left
    answers = [await site.client.get(a) for a in addresses]
    assert {(r.status_code, "was withdrawn" in r.text) for r in answers} == {(410, True)}


async def test_the_open_site_follows_what_researchers_gain_and_lose(folder: Folder) -> None:
    folder.tone("a.wav")
    folder.sidecar("a", ["a.wav"], access="closed")
    folder.run()
    (folder.root / "secrets").mkdir()
    (folder.root / "secrets" / "researchers").write_text(f"anna:{HASH}\n")
    site = app.build(folder.root)
    cookies = await researcher(site)
    asked = "/researchers/testimonies.json?_shape=array"
    statuses = []
    for access in ("closed", "researchers", "closed"):
        change(folder, "a", access=access)
        statuses.append((await site.client.get(asked, cookies=cookies)).status_code)
    assert statuses == [404, 200, 404]
    assert not (folder.root / "publication" / "researchers.db").exists()


def change(folder: Folder, ident: str, **fields: Any) -> None:
    path = folder.root / "metadata" / "testimonies" / f"{ident}.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | fields), "utf-8")
    publish(folder)


def former(folder: Folder, ident: str) -> list[str]:
    connection = sqlite3.connect(folder.root / "publication" / "public.db")
    (media,) = connection.execute(
        "SELECT id FROM recordings WHERE testimony_id = ?", [ident]).fetchone()  # fmt: skip
    segments = connection.execute("SELECT id FROM segments WHERE testimony_id = ?", [ident])
    found = [f"/public/segments/{row[0]}" for row in segments]
    connection.close()
    return [*found, f"/public/testimonies/{ident}", f"/public/testimonies/{ident}.json",
            f"/testimony/{ident}", f"/testimony/{ident}.vtt", f"/testimony/{ident}/search.json",
            f"/media/{media}", f"/public/recordings/{media}"]  # fmt: skip
