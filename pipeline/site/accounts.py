"""Who may log in, and as what: names and password hashes, never in the repository."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pipeline.errors import UsageError

Role = Literal["researchers", "reviewers"]
_FOLDER = Path("secrets")
_FORM = "pbkdf2_sha256$"


def read(root: Path, role: Role, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Name to hash, from the environment (`TESTIMONY_RESEARCHERS`, `TESTIMONY_REVIEWERS`) or from
    `secrets/researchers` and `secrets/reviewers`: lines of `name:hash`.

    A hash is what `datasette hash-password` prints. Raises UsageError for a line of another form.
    """
    variable, file = f"TESTIMONY_{role.upper()}", root / _FOLDER / role
    source: object = variable
    text = environment.get(variable)
    if text is None:
        source = file
        if not file.is_file():
            return {}
        text = file.read_text(encoding="utf-8")
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


def plugin_settings(
    researchers: Mapping[str, str], reviewers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The settings of datasette-auth-passwords: one login for all.

    Raises UsageError where a name has one password as a researcher and another as a reviewer.
    """
    reviewers = reviewers or {}
    for name in researchers.keys() & reviewers.keys():
        if researchers[name] != reviewers[name]:
            what = "is a researcher with one password and a reviewer with another."
            raise UsageError(name, what, "Give both lines the same hash.")
    hashes = {**researchers, **reviewers}
    settings: dict[str, Any] = {f"{name}_password_hash": said for name, said in hashes.items()}
    settings["actors"] = {
        name: {"id": name, "reviewer": _seal(digest)} for name, digest in reviewers.items()
    }
    return settings


def is_reviewer(actor: Mapping[str, Any] | None, reviewers: Mapping[str, str]) -> bool:
    """Whether the one who logged in is a reviewer still, and by the password of now."""
    digest = reviewers.get(str((actor or {}).get("id")))
    return digest is not None and (actor or {}).get("reviewer") == _seal(digest)


def _seal(digest: str) -> str:
    """Stands in a login's cookie for the password it was made with."""
    return hashlib.sha256(digest.encode()).hexdigest()[:16]
