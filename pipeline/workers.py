"""Who does the steps: threads of this process here, processes of a cluster in `cluster.py`."""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Any, Protocol

from pipeline import audio, masters
from pipeline.config import Config
from pipeline.engines import Lanes
from pipeline.engines.choose import Engines
from pipeline.errors import EngineError
from pipeline.spool import Spool
from pipeline.steps import Step

# Engines for a process that lets so many threads call them at once.
MakeEngines = Callable[[Lanes], Engines]


@dataclass(frozen=True)
class Source:
    """Where a worker finds a recording, and what people call it."""

    address: str
    shown: str


@dataclass(frozen=True)
class Outcome:
    """What a step gave, and how long its worker was busy with it."""

    value: Any
    took_s: float


class Workers(Protocol):
    """Whoever does steps. A step may be done twice; its outcome is the same."""

    @property
    def lanes(self) -> int:
        """How many steps can be under way at once."""
        ...

    def submit(self, source: Source, step: Step) -> Future[Outcome]: ...

    def died(self, error: BaseException) -> bool:
        """Whether the worker ended without an answer, so that another may be asked."""
        ...

    def forget(self, source: Source) -> None:
        """Nothing more will be asked about this recording."""
        ...

    def close(self) -> None: ...


class Worker:
    """One process's engines, loaded once, and the decoded sound of the recordings it is at."""

    def __init__(self, engines: Engines, sounds: int | None = None) -> None:
        self._engines = engines
        self._limit = sounds
        self._sounds: OrderedDict[Source, _Sound] = OrderedDict()
        self._lock = Lock()

    def do(self, source: Source, step: Step) -> Outcome:
        """Raises EngineError or AudioError, about the recording."""
        sound = self._at(source).get(source)
        started = time.perf_counter()
        try:
            value = step.do(sound, self._engines)
        except EngineError as error:
            raise error.about(source.shown) from error
        except (RuntimeError, MemoryError, ValueError) as error:
            # CTranslate2, torch and onnxruntime raise these, out of memory among them.
            raise EngineError(
                source.shown,
                f"the engine failed on it ({error}).",
                "The other recordings are not affected; run again, or try the other engine.",
            ) from error
        return Outcome(value, time.perf_counter() - started)

    def forget(self, source: Source) -> None:
        with self._lock:
            self._sounds.pop(source, None)

    def _at(self, source: Source) -> _Sound:
        with self._lock:
            sound = self._sounds.setdefault(source, _Sound())
            self._sounds.move_to_end(source)
            if self._limit and len(self._sounds) > self._limit:
                self._sounds.popitem(last=False)
            return sound


class _Sound:
    """A recording's sound, decoded by the first thread that asks for it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._spool: Spool | None = None

    def get(self, source: Source) -> Spool:
        with self._lock:
            if self._spool is None:
                with masters.local(source.address, shown=source.shown) as path:
                    self._spool = audio.decode(path, shown=source.shown)
            return self._spool


class Here:
    """Threads of this process: an engine releases Python's lock while it computes."""

    def __init__(self, make: MakeEngines, lanes: Lanes) -> None:
        self.lanes = lanes.count
        self._worker = Worker(make(lanes))
        self._threads = ThreadPoolExecutor(lanes.count, thread_name_prefix="lane")

    def submit(self, source: Source, step: Step) -> Future[Outcome]:
        return self._threads.submit(self._worker.do, source, step)

    def died(self, error: BaseException) -> bool:
        return False

    def forget(self, source: Source) -> None:
        self._worker.forget(source)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True)
class Crew:
    """How workers are found, and what they are told: how to make engines, where masters lie."""

    make: MakeEngines
    hire: Callable[[], Workers]
    masters: str | None = None  # an fsspec address; None: the archive's own folder

    @classmethod
    def here(cls, make: MakeEngines, lanes: Lanes, masters: str | None = None) -> Crew:
        """The threads of this process."""
        return cls(make, lambda: Here(make, lanes), masters)


def lanes_here(config: Config) -> Lanes:
    """One thread for each step where the engine can share its model; else all for one step.

    Two steps with a thread each take a third less time than one after the other with two.
    """
    threads = config.threads or _processors()
    if config.engine == "faster-whisper" and not _has_gpu():
        return Lanes(threads, 1)
    return Lanes(1, threads)


def _has_gpu() -> bool:
    from pipeline.engines.faster import has_gpu

    return has_gpu()


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
