"""`metadata/withdrawn.yaml`: testimonies that were withdrawn, whatever their sidecars say.

It lies with the files that people keep, so that it holds when a sidecar is put back, and when
`archive.db` is made anew or restored.
"""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, RootModel

from pipeline import yamlfile
from pipeline.errors import ConfigError
from pipeline.testimony import Text

FILE = Path("metadata") / "withdrawn.yaml"
_HEAD = """\
# Written by `testimony withdraw`. What stands here is closed, whatever its sidecar says.
"""


class Withdrawal(BaseModel):
    """One testimony, when it was withdrawn, and why, for the archive's own eyes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    id: Text
    at: Text
    reason: Text


class _Withdrawals(RootModel[list[Withdrawal]]):
    pass


def read(root: Path) -> frozenset[str]:
    """The ids. Raises ConfigError where the file cannot be read: then nothing may be published."""
    return frozenset(withdrawal.id for withdrawal in _all(root))


def add(root: Path, ident: str, at: str, reason: str) -> None:
    """Notes one withdrawal; the file is whole at every moment."""
    known = _all(root)
    if any(withdrawal.id == ident for withdrawal in known):
        return
    rows = [w.model_dump() for w in (*known, Withdrawal(id=ident, at=at, reason=reason))]
    yamlfile.write(root / FILE, _HEAD + yaml.safe_dump(rows, allow_unicode=True, sort_keys=False))


def _all(root: Path) -> list[Withdrawal]:
    path = root / FILE
    if not path.exists() and not path.is_symlink():
        return []
    file = yamlfile.read(path, FILE.as_posix())
    found, problems = yamlfile.check(file, _Withdrawals, FILE.as_posix())
    if found is None:
        said = "\n  ".join(["cannot be used:", *map(str, problems)])
        raise ConfigError(path, said, "Nothing is published until it is mended.")
    return found.root
