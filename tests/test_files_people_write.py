"""config.yaml and sidecars: every problem named with its file, line and field."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import config, testimony
from pipeline.errors import ConfigError, UsageError
from tests.conftest import Folder


def problems(folder: Folder) -> list[str]:
    return [str(problem) for problem in testimony.load_all(folder.root).problems]


def write(folder: Folder, name: str, text: str) -> None:
    (folder.root / "metadata" / "testimonies" / name).write_text(text, encoding="utf-8")


def test_every_problem_of_every_sidecar_is_reported_once_with_file_line_and_field(
    folder: Folder,
) -> None:
    write(folder, "a.yaml", "id: a\ntitle: A\nrecordings: [a.mp3]\nacces: public\nlicence: [x]\n")
    write(folder, "b.yaml", "id: c\ntitle: B\nrecordings: [b.mp3]\nrecorded_on: last summer\n")
    write(folder, "c.yaml", "id: c\n\ntitle: [unclosed\n")
    write(folder, "d.yaml", "title: D\n")
    found = problems(folder)
    where = "metadata/testimonies/"
    assert [line.split(": ")[0] for line in found] == [
        f"{where}a.yaml:4",
        f"{where}a.yaml:5",
        f"{where}b.yaml:4",
        f"{where}c.yaml:4",
        f"{where}d.yaml:1",
        f"{where}d.yaml:1",
    ]
    assert "acces: unknown key" in found[0]
    assert "recorded_on: is not an EDTF date" in found[2]
    assert "not valid YAML" in found[3]


@pytest.mark.parametrize("date", ["1998", "1998-06", "1998-06-14", "1998-06?", "1998/1999", "199X"])
def test_a_partial_date_is_taken_as_written(folder: Folder, date: str) -> None:
    write(folder, "a.yaml", f"id: a\ntitle: A\nrecordings: [a.mp3]\nrecorded_on: {date}\n")
    assert problems(folder) == []
    assert testimony.load_all(folder.root).by_id["a"].recorded_on == date


def test_norwegian_stays_a_language_and_an_equal_key_is_a_problem(folder: Folder) -> None:
    write(folder, "a.yaml", "id: a\ntitle: A\nrecordings: [a.mp3]\nlanguages: [no, lt]\n")
    write(
        folder, "b.yaml", "id: b\ntitle: B\nrecordings: [b.mp3]\naccess: closed\naccess: public\n"
    )
    sidecars = testimony.load_all(folder.root)
    assert sidecars.by_id["a"].languages == ["no", "lt"]
    assert "b" not in sidecars.by_id
    assert [str(p) for p in sidecars.problems] == [
        "metadata/testimonies/b.yaml:5: access: the key stands here a second time."
    ]


@pytest.mark.parametrize("path", ["../secret.mp3", "/etc/passwd", "a/../../b.mp3", "~/x.mp3"])
def test_a_recording_cannot_lie_outside_the_archive(folder: Folder, path: str) -> None:
    write(folder, "a.yaml", f"id: a\ntitle: A\nrecordings: ['{path}']\n")
    assert "must be a file below recordings/" in problems(folder)[0]


def test_two_sidecars_cannot_claim_one_recording(folder: Folder) -> None:
    folder.sidecar("a", ["x.mp3"])
    folder.sidecar("b", ["x.mp3"])
    assert problems(folder) == [
        "metadata/testimonies/b.yaml:4: recordings.0: 'x.mp3' already belongs to"
        " metadata/testimonies/a.yaml."
    ]


def test_aliases_that_could_fill_the_memory_are_refused(folder: Folder) -> None:
    write(folder, "a.yaml", "id: &x a\ntitle: *x\nrecordings: [a.mp3]\n")
    assert "aliases" in problems(folder)[0]


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.text(), st.binary().map(lambda b: b.decode("latin-1"))))
def test_no_text_in_a_sidecar_makes_a_traceback(folder: Folder, text: str) -> None:
    path = folder.root / "metadata" / "testimonies" / "a.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    sidecars = testimony.load_all(folder.root)
    assert bool(sidecars.problems) != bool(sidecars.good)


def test_the_sample_sidecars_are_good() -> None:
    sidecars = testimony.load_all(Path(__file__).parent.parent)
    assert [str(problem) for problem in sidecars.problems] == []
    assert len(sidecars.good) == 6
    assert all("no one's testimony" in (sidecar.notice or "") for sidecar in sidecars.good)


def test_an_unknown_key_in_the_config_names_file_key_and_line(folder: Folder) -> None:
    (folder.root / "config.yaml").write_text("title: x\nlanguage: [lt]\nengine: kaldi\n")
    with pytest.raises(ConfigError) as caught:
        config.load(folder.root)
    assert "config.yaml:2: language: unknown key" in str(caught.value)
    assert "config.yaml:3: engine:" in str(caught.value)


def test_an_empty_config_has_every_default(folder: Folder) -> None:
    (folder.root / "config.yaml").write_text("")
    assert config.load(folder.root) == config.Config()


def test_the_archive_is_found_upward(folder: Folder, tmp_path: Path) -> None:
    deep = folder.root / "recordings" / "1998" / "tape"
    deep.mkdir(parents=True)
    assert config.find_root(deep) == folder.root.resolve()
    with pytest.raises(UsageError, match="testimony init"):
        config.find_root(tmp_path)
