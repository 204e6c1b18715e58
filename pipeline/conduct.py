"""Many recordings' steps over whoever does them: as many at once as there are lanes.

This is the only place that waits. It hands every outcome on before the next step goes out, so
that what is finished can be kept; it knows neither the archive nor what a step does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from typing import Any

from pipeline.errors import EngineError, PipelineError
from pipeline.listen import Hearing
from pipeline.steps import Step
from pipeline.transcript import Transcript
from pipeline.workers import Outcome, Source, Workers

# How often a step is tried whose workers die; the last time alone, so that none is blamed for it.
_TRIES = 3
# Python handles Ctrl-C between two waits.
_WAIT_S = 0.5


@dataclass(eq=False)
class Listening:
    """One recording under way: its steps, what is known of their results, and who keeps them."""

    source: Source
    hearing: Hearing
    recall: Callable[[Step], Any | None]
    keep: Callable[[Step, Outcome], None]
    results: list[Any] = field(default_factory=list)
    missing: int = 0
    failed: bool = False


@dataclass(eq=False)
class _Task:
    """A step of a recording, where its result goes, and how many workers it has cost."""

    listening: Listening
    index: int
    step: Step
    deaths: int = 0

    @property
    def suspect(self) -> bool:
        return self.deaths >= _TRIES - 1


@dataclass(frozen=True)
class Ended:
    """A recording that is done with: its transcript, or why there is none."""

    listening: Listening
    transcript: Transcript | None
    error: PipelineError | None = None


def conduct(pending: Iterable[Listening], workers: Workers) -> Iterator[Ended]:
    """Each recording's end, as they come; the next one begins when a lane would be idle."""
    rest = iter(pending)
    ready: deque[_Task] = deque()
    under_way: dict[Future[Outcome], _Task] = {}
    while True:
        while len(ready) < workers.lanes and (listening := next(rest, None)) is not None:
            yield from _go_on(listening, None, ready, workers)
        _send_out(ready, under_way, workers)
        if not under_way:
            return
        done, _ = wait(under_way, timeout=_WAIT_S, return_when=FIRST_COMPLETED)
        for future in done:
            yield from _receive(under_way.pop(future), future, ready, workers)


def _send_out(
    ready: deque[_Task], under_way: dict[Future[Outcome], _Task], workers: Workers
) -> None:
    """Fills the lanes; a step that is suspected of killing its workers goes out alone."""
    for _ in range(len(ready)):
        if len(under_way) >= workers.lanes or any(t.suspect for t in under_way.values()):
            return
        task = ready.popleft()
        if task.suspect and under_way:
            ready.append(task)
            continue
        under_way[workers.submit(task.listening.source, task.step)] = task


def _receive(
    task: _Task, future: Future[Outcome], ready: deque[_Task], workers: Workers
) -> Iterator[Ended]:
    listening = task.listening
    if listening.failed:
        return
    error = future.exception()
    if error is None:
        outcome = future.result()
        listening.keep(task.step, outcome)
        listening.results[task.index] = outcome.value
        listening.missing -= 1
        if not listening.missing:
            yield from _go_on(listening, listening.results, ready, workers)
    elif workers.died(error):
        task.deaths += 1
        if task.deaths < _TRIES:
            ready.append(task)  # at the end: it may only have stood beside the one that kills
        else:
            yield _give_up(listening, _poison(listening), ready, workers)
    elif isinstance(error, PipelineError):
        yield _give_up(listening, error, ready, workers)
    else:
        raise error


def _go_on(
    listening: Listening,
    results: Sequence[Any] | None,
    ready: deque[_Task],
    workers: Workers,
) -> Iterator[Ended]:
    """Asks a recording for its next steps, as long as all their results are known already."""
    while True:
        try:
            steps = (
                listening.hearing.send(results) if results is not None else next(listening.hearing)
            )
        except StopIteration as end:
            workers.forget(listening.source)
            yield Ended(listening, end.value)
            return
        known = [listening.recall(step) for step in steps]
        listening.results = known
        tasks = [
            _Task(listening, index, step)
            for index, (step, result) in enumerate(zip(steps, known, strict=True))
            if result is None
        ]
        listening.missing = len(tasks)
        ready.extend(tasks)
        if tasks:
            return
        results = known


def _give_up(
    listening: Listening, error: PipelineError, ready: deque[_Task], workers: Workers
) -> Ended:
    listening.failed = True
    others = [task for task in ready if task.listening is not listening]
    ready.clear()
    ready.extend(others)
    workers.forget(listening.source)
    return Ended(listening, None, error)


def _poison(listening: Listening) -> EngineError:
    return EngineError(
        listening.source.shown,
        f"{_TRIES} workers died on the same piece of it.",
        "The others are not affected. Look into a worker's log; often its memory is too small.",
    )
