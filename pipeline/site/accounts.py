"""Who may log in as a researcher: names and password hashes, never in the repository."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import UsageError

VARIABLE = "TESTIMONY_RESEARCHERS"
FILE = Path("secrets") / "researchers"
_FORM = "pbkdf2_sha256$"


def read(root: Path, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Name to hash, from the environment or from `secrets/researchers`: lines of `name:hash`.

    A hash is what `datasette hash-password` prints. Raises UsageError for a line of another form.
    """
    source: object = VARIABLE
    text = environment.get(VARIABLE)
    if text is None:
        source = root / FILE
        if not (root / FILE).is_file():
            return {}
        text = (root / FILE).read_text(encoding="utf-8")
    accounts = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, digest = line.strip().partition(":")
        if not name.isidentifier() or not digest.startswith(_FORM) or digest.count("$") != 3:
            # The line itself is not shown: it may be a password.
            what = f"line {number} is not name:hash."
            raise UsageError(source, what, "Make a hash with: datasette hash-password")
        accounts[name] = digest
    return accounts


def plugin_settings(accounts: Mapping[str, str]) -> dict[str, str]:
    """The settings of datasette-auth-passwords."""
    return {f"{name}_password_hash": digest for name, digest in accounts.items()}
