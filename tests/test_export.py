"""A testimony leaves for another archive whole and checked, and the log knows of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bagit
import pytest

from pipeline.engines.fake import FakeEngine
from pipeline.recording import sha256
from tests.conftest import Folder

PARTS = ["tape 1.wav", "side/ą-2.wav"]


@pytest.fixture
def archive(folder: Folder) -> Folder:
    for number, name in enumerate([*PARTS, "other.wav"]):
        folder.tone(name, pitch_hz=300 + 50 * number)
    folder.sidecar(
        "life", PARTS, access="closed", access_reason="she\nasked", agreement="A-7", licence=None,
        narrator={"name": "Her Real Name", "pseudonym": "Ona"},
        redactions=[{"recording": PARTS[0], "start_s": 0, "end_s": 1, "reason": "a neighbour"}],
    )  # fmt: skip
    folder.sidecar("other", ["other.wav"], access="public")
    folder.run(FakeEngine(text=lambda clip: "What she said."))
    return folder


def export(folder: Folder, *words: str) -> dict[str, Any]:
    result = folder.command("export", "life", *words, "--json")
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    (stage,) = json.loads(result.stdout)["stages"]
    return dict(stage)


def refused(folder: Folder, *words: str) -> str:
    result = folder.command("export", *words)
    assert result.returncode in (1, 2) and "Traceback" not in result.stderr
    assert not list(folder.root.rglob(".*.new"))
    return result.stderr


def exports(folder: Folder) -> list[dict[str, Any]]:
    with folder.open() as open_archive:
        return [e["detail"] for e in open_archive.events("life") if e["type"] == "export"]


def test_a_bag_is_valid_and_has_the_private_whole(archive: Folder) -> None:
    said = export(archive, "--format", "bagit")
    place = Path(said["path"])
    assert place == archive.root / "exports" / "life"
    bag = bagit.Bag(str(place))
    bag.validate()
    masters = {name: sha256(archive.root / "recordings" / name) for name in PARTS}
    assert {n: bag.entries[f"data/recordings/{n}"]["sha256"] for n in PARTS} == masters
    sidecar = Path("metadata") / "testimonies" / "life.yaml"
    assert (place / "data" / sidecar).read_bytes() == (archive.root / sidecar).read_bytes()
    assert not [entry for entry in bag.entries if "other" in entry]
    info = {
        "Access": "closed", "Access-Reason": "she asked", "Agreement": "A-7",
        "Licence": "not recorded", "External-Identifier": "life",
        "May-Leave-For-Public": "no: access is closed (she asked)",
    }  # fmt: skip
    assert {name: bag.info[name] for name in info} == info
    assert bag.info["Access-Note"].startswith("Private")


def test_a_bag_tells_what_was_heard_and_how(archive: Folder) -> None:
    with archive.open() as open_archive:
        first, _ = (r for r in open_archive.recordings() if r.testimony_id == "life")
        assert first.current_run_id
        segments = list(open_archive.segments(first.current_run_id))
        with open_archive.db.atomic():
            open_archive.db.execute(
                "UPDATE segments SET state = 'quarantined', reasons = '[\"loop\"]' WHERE id = ?",
                [segments[0][0]],
            )
    data = Path(export(archive)["path"]) / "data"
    texts = sorted(path.name for path in (data / "transcripts").iterdir())
    assert [name.split("-")[1] for name in texts] == ["1", "1", "2", "2"]
    written = data / "transcripts" / f"part-1-{first.id}.json"
    said = json.loads(written.read_text(encoding="utf-8"))["segments"]
    assert (said[0]["state"], said[0]["reasons"]) == ("quarantined", ["loop"])
    assert [s["text"] for s in said] == [segment.text for _, segment in segments]
    assert said[0]["words"][0]["text"] == segments[0][1].words[0].text
    text = written.with_suffix(".txt").read_text(encoding="utf-8")
    assert text.startswith("0:00  [quarantined] What she said.")
    known = json.loads((data / "provenance.json").read_text(encoding="utf-8"))
    assert {"engine", "model", "model_sha256", "options"} <= {
        k for k, v in known["runs"][0].items() if v is not None
    }
    assert [r["path"] for r in known["recordings"]] == PARTS
    assert {e["type"] for e in known["events"]} >= {"ingestion", "transcription"}


def test_a_flipped_bit_in_a_bag_is_found(archive: Folder) -> None:
    place = Path(export(archive)["path"])
    master = place / "data" / "recordings" / PARTS[0]
    raw = bytearray(master.read_bytes())
    raw[1000] ^= 1
    master.write_bytes(raw)
    with pytest.raises(bagit.BagValidationError, match=r"tape 1\.wav"):
        bagit.Bag(str(place)).validate()


def test_every_export_is_recorded_and_withdrawing_names_it(archive: Folder, tmp_path: Path) -> None:
    said = [export(archive), export(archive, "--to", str(tmp_path / "for the museum"))]
    paths = [one["path"] for one in said]
    assert paths[1] == str(tmp_path / "for the museum" / "life")
    assert [e["path"] for e in exports(archive)] == paths
    assert [e["manifest_sha256"] for e in exports(archive)] == [o["manifest_sha256"] for o in said]
    for _ in ("withdrawn", "again"):
        result = archive.command("withdraw", "life", "--reason", "asked", "--json")
        notes = json.loads(result.stdout)["stages"][0]["notes"]
        assert [path for path in paths if any(n.startswith(f"{path}: ") for n in notes)] == paths
    assert "was withdrawn" in refused(archive, "life", "--to", str(tmp_path / "late"))
    assert not (tmp_path / "late").exists() or not list((tmp_path / "late").iterdir())


def test_nothing_is_overwritten_and_nothing_lies_where_it_would_be_served(archive: Folder) -> None:
    (archive.root / "exports" / "life").mkdir(parents=True)
    (archive.root / "exports" / "life" / "mine.txt").write_text("kept")
    assert "nothing is overwritten" in refused(archive, "life")
    for folder in ("publication/media/public", "recordings", "metadata/x", "exports/../recordings"):
        assert "no export may be" in refused(archive, "life", "--to", str(archive.root / folder))
    assert (archive.root / "exports" / "life" / "mine.txt").read_text() == "kept"
    assert exports(archive) == []


def test_a_bag_of_less_than_everything_is_refused(archive: Folder) -> None:
    master = archive.root / "recordings" / PARTS[1]
    was = master.read_bytes()
    master.write_bytes(was[:-1] + b"\x07")
    damaged = refused(archive, "life")
    assert "is damaged" in damaged and sha256(master) in damaged
    master.unlink()
    assert "is missing" in refused(archive, "life")
    master.write_bytes(was)
    archive.sidecar("life", [*PARTS, "lost.wav"])
    assert "lost.wav, which is not registered" in refused(archive, "life")
    sidecar = archive.root / "metadata" / "testimonies" / "life.yaml"
    sidecar.write_text("id: life\naccess: {")
    assert "nobody knows what was agreed" in refused(archive, "life")
    assert "no testimony of this archive" in refused(archive, "nobody")
    assert exports(archive) == []
    assert not (archive.root / "exports" / "life").exists()


def test_a_name_that_bagit_cannot_say_and_a_folder_that_cannot_be_are_sentences(
    folder: Folder, tmp_path: Path
) -> None:
    folder.tone("ends%0Ahere.wav")
    folder.sidecar("life", ["ends%0Ahere.wav"])
    folder.run()
    assert "could not be written" in refused(folder, "life")
    (tmp_path / "file").write_text("")
    assert "could not be written" in refused(folder, "life", "--to", str(tmp_path / "file" / "x"))
    assert exports(folder) == []
