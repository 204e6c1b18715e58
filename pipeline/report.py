"""What a command did, said once: while it works (Progress) and at the end (Report)."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Protocol

from pipeline.errors import PipelineError, Problem


class Progress(Protocol):
    """Where long work says how far it is. Amounts are seconds of audio."""

    def begin(self, what: str, total_s: float) -> None: ...

    def advance(self, seconds: float, *, known: bool = False) -> None:
        """So much is done; `known` where an earlier run had done it, which took no time."""
        ...

    def item(self, line: str, **facts: Any) -> None:
        """One thing is done with; `facts` say the same to a program."""
        ...

    def note(self, line: str) -> None:
        """Something that a person should know."""
        ...

    def end(self) -> None: ...


class Pace:
    """How much of so many seconds of audio is done, how fast, and how long the rest will take."""

    def __init__(self, total_s: float = 0.0) -> None:
        self.total_s = total_s
        self.done_s = 0.0
        self._known_s = 0.0
        self._began = time.monotonic()

    def advance(self, seconds: float, *, known: bool) -> None:
        self.done_s += seconds
        self._known_s += seconds if known else 0.0

    @property
    def took_s(self) -> float:
        return time.monotonic() - self._began

    @property
    def speed(self) -> float:
        """Seconds of audio in a second, without what an earlier run had done."""
        return max(0.0, self.done_s - self._known_s) / max(self.took_s, 1e-9)

    @property
    def left_s(self) -> float | None:
        """None as long as nothing tells."""
        return max(0.0, self.total_s - self.done_s) / self.speed if self.speed > 0 else None


class Silent:
    """Progress that nobody watches."""

    def begin(self, what: str, total_s: float) -> None:
        pass

    def advance(self, seconds: float, *, known: bool = False) -> None:
        pass

    def item(self, line: str, **facts: Any) -> None:
        pass

    def note(self, line: str) -> None:
        pass

    def end(self) -> None:
        pass


@dataclass
class Report:
    """Everything one stage did: what is new, what was already done, what needs a person."""

    stage: str
    done: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    is_whole: bool = False  # all of it or nothing: with a problem, nothing was done

    @property
    def ok(self) -> bool:
        return not self.problems

    def problem(self, error: PipelineError | Problem) -> None:
        self.problems.append(str(error))

    def as_json(self) -> dict[str, Any]:
        return {
            "stage": self.stage,
            "ok": self.ok,
            "done": self.done,
            "unchanged": len(self.unchanged),
            "notes": self.notes,
            "problems": self.problems,
            **self.facts,
        }
