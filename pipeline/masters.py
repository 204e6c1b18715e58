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
    with _temporary(Path(address).suffix) as (copy, path):
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
        yield path


@contextmanager
def _temporary(suffix: str) -> Iterator[tuple[IO[bytes], Path]]:
    """A file, and the path under which other programs can read it as long as it is open here."""
    open_files = Path(f"/proc/{os.getpid()}/fd")
    if open_files.is_dir():
        with tempfile.TemporaryFile(dir=folder()) as nameless:
            yield nameless, open_files / str(nameless.fileno())
    else:
        with tempfile.NamedTemporaryFile(dir=folder(), suffix=suffix) as named:
            yield named, Path(named.name)
