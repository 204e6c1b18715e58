"""The public archive as one Data Package, checked by Frictionless; and what is in no file at all."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from frictionless import Package, system
from lxml import etree

from pipeline import formats
from pipeline.engines.fake import FakeEngine
from pipeline.recording import sha256
from pipeline.site import app
from tests.conftest import Folder

SECRET = "Zegarek"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = Folder(tmp_path_factory.mktemp("package") / "archive")
    for number, name in enumerate(("a.wav", "b.wav", "c.wav", "d.wav")):
        folder.tone(name, seconds=4, pitch_hz=300 + 50 * number)
    folder.config(title="Test, archive", languages=["pl"], address="https://archive.example")
    folder.sidecar(
        "life", ["a.wav", "b.wav"], access="public", licence="CC-BY-4.0", uses=["online"],
        narrator={"name": f"Real {SECRET}", "pseudonym": "Ona"}, warnings=["głód, śmierć"],
        summary='Two\nlines, "quoted"',
        redactions=[{"recording": "a.wav", "start_s": 0, "end_s": 4, "reason": "a neighbour"}],
    )  # fmt: skip
    folder.sidecar("bare", ["c.wav"], access="public")
    folder.sidecar("kept", ["d.wav"], access="researchers")
    folder.run(FakeEngine(text=lambda clip: f"{SECRET} words. Open words."))
    with folder.open() as opened:
        ids = {r.path: r.id for r in opened.recordings()}
        with opened.db.atomic():
            # In part 2 one line is in doubt, and the others are what may be read.
            opened.db.execute(
                "UPDATE segments SET text = 'Open words.' WHERE recording_id != ?", [ids["a.wav"]]
            )
            opened.db.execute(
                f"UPDATE segments SET state = 'quarantined', text = '{SECRET}' WHERE recording_id"
                " = ? AND n = 1", [ids["b.wav"]],
            )  # fmt: skip
    assert folder.command("publish").returncode == 0
    return folder


def package(archive: Folder, to: Path, *words: str) -> Path:
    result = archive.command("package", "--to", str(to), *words, "--json")
    assert result.returncode == 0, result.stderr
    return Path(json.loads(result.stdout)["stages"][0]["path"])


def checked(place: Path) -> Any:
    """What Frictionless says of every table, every file's size and every checksum."""
    with system.use_context(trusted=True):
        return Package(str(place / "datapackage.json")).validate()


def rows(place: Path, table: str) -> list[dict[str, str]]:
    with (place / "tables" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def files(place: Path) -> set[str]:
    return {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}


def test_the_package_is_valid_and_has_what_is_public(archive: Folder, tmp_path: Path) -> None:
    place = package(archive, tmp_path)
    assert place == tmp_path / "testimonies-public"
    report = checked(place)
    assert report.valid, report.flatten()
    descriptor = json.loads((place / "datapackage.json").read_text(encoding="utf-8"))
    listed = {one["path"]: one for one in descriptor["resources"]}
    assert files(place) == {*listed, "datapackage.json"}
    assert {path: one["hash"] for path, one in listed.items()} == {
        path: f"sha256:{sha256(place / path)}" for path in listed
    }
    life, bare = sorted(rows(place, "testimonies"), key=lambda row: row["id"], reverse=True)
    assert (life["narrator"], life["summary"]) == ("Ona", 'Two\nlines, "quoted"')
    assert json.loads(life["warnings"]) == ["głód, śmierć"] and bare["narrator"] == ""
    assert [(r["testimony_id"], r["part"], r["media"]) for r in rows(place, "recordings")] == [
        ("bare", "1", ""), ("life", "1", ""), ("life", "2", ""),
    ]  # fmt: skip
    said = {row["text"] for row in rows(place, "segments")}
    assert said == {"[redacted: a neighbour]", "Open words."}
    for name in ("life-part-2.tei.xml", "life-part-1.vtt", "bare.txt"):
        assert f"transcripts/{name}" in listed
    assert "descriptions/life.datacite.json" in listed and "descriptions/bare.dc.xml" in listed
    assert not [path for path in listed if "kept" in path] and "licenses" not in descriptor


def test_the_command_says_where_it_is(archive: Folder, tmp_path: Path) -> None:
    said = archive.command("package", "--to", str(tmp_path))
    assert (said.returncode, said.stderr) == (0, "")
    assert f"package: 1 written\n  {tmp_path / 'testimonies-public'} (" in said.stdout


def test_a_changed_file_is_found(archive: Folder, tmp_path: Path) -> None:
    place = package(archive, tmp_path)
    with (place / "transcripts" / "bare.txt").open("a", encoding="utf-8") as file:
        file.write("A word more.\n")
    table = place / "tables" / "segments.csv"
    table.write_text(table.read_text(encoding="utf-8") + "x,life,none\r\n", encoding="utf-8")
    report = checked(place)
    assert not report.valid
    found = {(task.place, error.type) for task in report.tasks for error in task.errors}
    assert ("transcripts/bare.txt", "hash-count") in found or (
        "transcripts/bare.txt",
        "byte-count",
    ) in found
    assert {kind for where, kind in found if where == "tables/segments.csv"} & {
        "foreign-key", "hash-count", "byte-count",
    }  # fmt: skip


def test_media_come_where_they_are_asked_for(archive: Folder, tmp_path: Path) -> None:
    place = package(archive, tmp_path, "--with-media", "--for", "researchers")
    assert checked(place).valid
    recordings = rows(place, "recordings")
    assert len(recordings) == 4 and {r["testimony_id"] for r in recordings} >= {"kept"}
    for row in recordings:
        assert (place / row["media"]).stat().st_size > 1000


def test_what_may_not_leave_is_in_no_byte_of_any_way_out(archive: Folder, tmp_path: Path) -> None:
    package(archive, tmp_path)
    for kind in formats.FORMATS:
        result = archive.command("export", "life", "--format", kind, "--to", str(tmp_path))
        assert result.returncode == 0, result.stderr
        refused = archive.command("export", "kept", "--format", kind, "--to", str(tmp_path))
        assert refused.returncode == 2 and "may not leave" in refused.stderr
    found = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(found) > 20
    for path in found:
        raw = path.read_bytes()
        assert SECRET.encode() not in raw and b"Zegarek".lower() not in raw.lower(), path
        assert b"kept" not in raw and "kept" not in path.name, path
        if path.suffix == ".xml":
            etree.fromstring(raw)


async def test_nor_is_it_on_the_site(archive: Folder) -> None:
    site = app.build(archive.root)
    paths = [f"/testimony/life.{kind}?part={n}" for kind in formats.FORMATS for n in (1, 2)]
    paths += ["/iiif/life/manifest.json", "/iiif/collection.json"]
    paths += [f"/iiif/life/annotations/{n}.json" for n in (1, 2)]
    for path in paths:
        response = await site.client.get(path)
        assert response.status_code == 200, path
        assert SECRET.lower() not in response.text.lower() and "kept" not in response.text, path
    for kind in formats.FORMATS:
        assert (await site.client.get(f"/testimony/kept.{kind}")).status_code == 404


def test_a_package_is_recorded_for_each_testimony_and_not_overwritten(
    archive: Folder, tmp_path: Path
) -> None:
    place = package(archive, tmp_path)
    sha = sha256(place / "datapackage.json")
    with archive.open() as opened:
        for ident in ("life", "bare"):
            last = [e["detail"] for e in opened.events(ident) if e["type"] == "export"][-1]
            assert (last["path"], last["sha256"], last["format"]) == (str(place), sha, "package")
        assert not [e for e in opened.events("kept") if e["detail"].get("path") == str(place)]
    again = archive.command("package", "--to", str(tmp_path))
    assert again.returncode == 2 and "nothing is overwritten" in again.stderr
    below = archive.command("package", "--to", str(archive.root / "publication"))
    assert below.returncode == 2 and "no export may be" in below.stderr


def test_an_archive_with_nothing_public_has_no_package(folder: Folder, tmp_path: Path) -> None:
    folder.tone("a.wav")
    folder.sidecar("a", ["a.wav"], access="closed")
    folder.run()
    refused = folder.command("package", "--to", str(tmp_path))
    assert (
        refused.returncode == 2
        and "package: no testimony may leave for the public" in refused.stderr
    )
    assert list(tmp_path.glob("testimonies*")) == []
