"""Masters where they lie: below `recordings/`, or at an address that fsspec knows."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import AudioError
from pipeline.spool import folder


@contextmanager
def local(address: str, *, shown: str) -> Iterator[Path]:
    """A path that ffmpeg can read and seek in; what lies elsewhere is copied for the moment.

    Raises AudioError where the address cannot be read.
    """
    if "://" not in address:
        yield Path(address)
        return
    with tempfile.NamedTemporaryFile(dir=folder(), suffix=Path(address).suffix) as copy:
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
        yield Path(copy.name)
