"""Masters where they lie: below `recordings/`, or at an address that fsspec knows."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pipeline.errors import AudioError
from pipeline.spool import folder


@contextmanager
def local(address: str, *, shown: str) -> Iterator[Path]:
    """A path that ffmpeg can read and seek in; what lies elsewhere is copied for the moment.

    On Linux the copy has no name of its own, so that nothing of a sealed recording is left where a
    worker is killed.

    Raises AudioError where the address cannot be read.
    """
    if "://" not in address:
        yield Path(address)
        return
    with _temporary(Path(address).suffix) as copy:
        try:
            import fsspec

            with fsspec.open(address, "rb") as master:
                shutil.copyfileobj(master, copy, 1 << 20)
            copy.flush()
        except Exception as error:  # each kind of storage raises its own
            raise AudioError(
                shown,
                f"could not be read from {address} ({type(error).__name__}: {error}).",
                "Check the address and the permissions there; nothing else is affected.",
            ) from error
        yield _path(copy)


def _temporary(suffix: str) -> IO[bytes]:
    if _open_files().is_dir():
        return tempfile.TemporaryFile(dir=folder())
    return tempfile.NamedTemporaryFile(dir=folder(), suffix=suffix)


def _path(file: IO[bytes]) -> Path:
    """Under which other programs can open it, from its beginning, as long as it is open here."""
    return _open_files() / str(file.fileno()) if _open_files().is_dir() else Path(file.name)


def _open_files() -> Path:
    return Path(f"/proc/{os.getpid()}/fd")
