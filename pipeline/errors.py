"""Everything that can go wrong for an archivist, as facts and as a sentence.

A :class:`PipelineError` concerns one item of a batch: the others go on. Every other exception
is a bug in this package and is left to surface.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


def printable(text: object) -> str:
    """One line that a terminal can show, whatever a file's name holds.

    >>> printable("a\\nb.mp3")
    'a\\\\nb.mp3'
    """
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode("ascii")
        for c in str(text)
    )


def refused(problems: Sequence[str], most: int | None = None) -> str:
    """That a file cannot be taken, and why: each on a line of its own, at `most` so many.

    >>> print(refused(["line 3: ends before it begins."]))
    cannot be taken (1 problem):
      line 3: ends before it begins.
    """
    more = len(problems) - len(problems[:most])
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    shown = [*problems[:most], *([f"and {more} more"] if more else [])]
    return "\n  ".join([f"cannot be taken ({count}):", *shown])


class PipelineError(Exception):
    """What happened to `subject`, and what an archivist can do next."""

    exit_code = 1

    def __init__(self, subject: object, problem: str, next_step: str = "") -> None:
        super().__init__(str(subject), problem, next_step)
        self.subject = printable(subject)
        self.problem = problem
        self.next_step = next_step

    def about(self, subject: object) -> PipelineError:
        """The same error, naming its subject the way the reader knows it."""
        return type(self)(subject, self.problem, self.next_step).with_traceback(self.__traceback__)

    def __str__(self) -> str:
        sentence = f"{self.subject}: {self.problem}"
        apart = "" if not self.next_step or self.next_step.startswith("\n") else " "
        return f"{sentence}{apart}{self.next_step}"


class UsageError(PipelineError):
    """The command cannot start: no archive here, a bad config, a missing extra."""

    exit_code = 2


class ConfigError(UsageError):
    """`config.yaml` says something that cannot be followed."""


class MediaError(PipelineError):
    """A file is not the recording it should be: empty, cut off, silent, unreadable."""


class AudioError(PipelineError):
    """ffmpeg could not decode a recording or write a copy of it."""


class ModelError(UsageError):
    """A model is missing, or its bytes are not the ones it should have."""


class EngineError(PipelineError):
    """A speech engine failed on one recording."""


class ArchiveError(PipelineError):
    """The archive cannot be read or written; going on could lose work, so the command stops."""


class PublishError(PipelineError):
    """Something could not be published; what was published before stays as it was."""


class QueryError(PipelineError):
    """A search that cannot be read as one.

    `message` is the problem before `facts` are put into it, so that it can be translated.
    """

    exit_code = 2

    def __init__(
        self, subject: object, message: str, next_step: str = "", /, **facts: object
    ) -> None:
        super().__init__(subject, message % facts if facts else message, next_step)
        self.message = message
        self.facts = facts


@dataclass(frozen=True)
class Problem:
    """One fault in a file that a person wrote, gathered so that all are reported at once."""

    file: str
    line: int | None
    field: str
    message: str

    def __str__(self) -> str:
        place = f"{printable(self.file)}:{self.line}" if self.line else printable(self.file)
        field = f" {printable(self.field)}:" if self.field else ""
        return f"{place}:{field} {printable(self.message)}"
