"""What a process that transcribes tells the libraries below it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY

CODE = (
    "from pathlib import Path; from pipeline.config import Config;"
    "from pipeline.engines.choose import ConfiguredEngines;"
    "ConfiguredEngines(Path('.'), Config());"
    "import os; print(os.environ['ONEDNN_PRIMITIVE_CACHE_CAPACITY'])"
)


@pytest.mark.parametrize(("said", "kept"), [(None, "0"), ("64", "64")])
def test_no_kernel_is_kept_unless_somebody_says_so(said: str | None, kept: str) -> None:
    name = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"
    environment = {key: value for key, value in os.environ.items() if key != name}
    if said:
        environment[name] = said
    result = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=True, cwd=REPOSITORY,
        env=environment,
    )  # fmt: skip
    assert result.stdout.strip() == kept
