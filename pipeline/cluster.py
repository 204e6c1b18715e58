"""Workers of a Dask cluster: processes here (`--workers N`) or anywhere (`--cluster ADDRESS`).

They only hear: each reads the master, does steps, and sends results back. Nothing but this
process writes the archive.
"""

from __future__ import annotations

import logging
from concurrent.futures import Future
from functools import lru_cache
from typing import Any

import dask
import distributed

from pipeline.engines import Lanes
from pipeline.errors import EngineError
from pipeline.steps import Step
from pipeline.workers import MakeEngines, Outcome, Source, Worker

# Decoded recordings that a worker keeps on its disk: the ones whose steps come in turns.
_SOUNDS = 4


class Cluster:
    """Steps go to a Dask scheduler. `make` must be picklable and hashable: it is sent along."""

    def __init__(
        self,
        make: MakeEngines,
        client: distributed.Client,
        local: distributed.LocalCluster | None = None,
    ) -> None:
        self._make = make
        self._client = client
        self._local = local
        # Whose worker died is asked again by `conduct`, which counts; Dask should not do so too.
        client.run_on_scheduler(_blame_nobody)
        self._executor = client.get_executor(pure=False)

    @classmethod
    def at(cls, address: str, make: MakeEngines, connect_s: float = 30) -> Cluster:
        """The cluster whose scheduler answers at `address` (tcp://…)."""
        try:
            client = distributed.Client(address, timeout=connect_s, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise EngineError(
                address,
                f"no Dask scheduler answers there ({error}).",
                "Start one (dask scheduler), or check the address; docs/scale.md shows how.",
            ) from error
        return cls(make, client)

    @classmethod
    def of(cls, workers: int, make: MakeEngines) -> Cluster:
        """As many processes on this machine, each doing one step at a time."""
        with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
            local = distributed.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                dashboard_address=None,
                silence_logs=logging.CRITICAL,
                env={"DASK_LOGGING__DISTRIBUTED": "critical"},
            )
        return cls(make, distributed.Client(local, set_as_default=False), local)

    @property
    def lanes(self) -> int:
        """Threads of all workers that are there now; one while the first is still to come."""
        threads: dict[str, int] = self._client.nthreads()
        return max(1, sum(threads.values()))

    def submit(self, source: Source, step: Step) -> Future[Outcome]:
        future: Future[Outcome] = self._executor.submit(_do, self._make, source, step)
        return future

    def died(self, error: BaseException) -> bool:
        return isinstance(error, distributed.KilledWorker)

    def forget(self, source: Source) -> None:
        """Workers let go of a recording by themselves, when others have come."""

    def close(self) -> None:
        self._executor.shutdown(wait=False)
        self._client.close(timeout=1)
        if self._local is not None:
            self._local.close(timeout=5)


def _do(make: MakeEngines, source: Source, step: Step) -> Outcome:
    return _worker(make).do(source, step)


@lru_cache(maxsize=1)
def _worker(make: MakeEngines) -> Worker:
    """This process's engines, loaded once, however many steps it does."""
    here = distributed.get_worker()
    lanes = Lanes(here.state.nthreads, 1)
    return Worker(make(lanes), sounds=_SOUNDS)


def _blame_nobody(dask_scheduler: Any) -> None:
    dask_scheduler.allowed_failures = 0
