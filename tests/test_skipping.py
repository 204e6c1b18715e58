"""Where there is no browser, a person is told what was not tested, and CI fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import REPOSITORY

ONE = "tests/test_browser.py::test_a_hit_is_heard_where_it_was_said"


def run_without_a_browser(nothing: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """One test that needs a browser, where no program can be found."""
    own = {name: value for name, value in os.environ.items() if name != "CI"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", ONE],
        cwd=REPOSITORY,
        env={**own, "PATH": str(nothing), **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_what_was_skipped_is_said_at_the_end_with_its_reason(tmp_path: Path) -> None:
    result = run_without_a_browser(tmp_path)
    assert result.returncode == 0, result.stdout
    _, told = result.stdout.split("NOT TESTED")
    assert "1 × Skipped: no browser: chromium is None" in told


def test_ci_fails_where_a_person_would_be_told(tmp_path: Path) -> None:
    result = run_without_a_browser(tmp_path, CI="true")
    assert result.returncode == 1
    assert "no browser: chromium is None" in result.stdout and "skipped" not in result.stdout
