"""Transcripts that other projects made, as they are given: lines, and facts around them.

One module reads one format. What a file does not say is None here; nothing is guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.errors import PipelineError


class GivenError(PipelineError):
    """A transcript's file that cannot be read as what it seems to be."""


@dataclass(frozen=True)
class GivenLine:
    """What one person says without a break; `at` tells a reader where it stands in the file.

    Times are None where the file has none; then both are, and the line may be a long paragraph.
    """

    at: str
    text: str
    start_s: float | None = None
    end_s: float | None = None
    speaker: str | None = None
    language: str | None = None


@dataclass(frozen=True)
class Mark:
    """The file says that a word (its number from 0, over all lines) is spoken about then."""

    word: int
    at_s: float


@dataclass(frozen=True)
class Given:
    """Everything that a transcript's file says.

    `facts` are named as a sidecar's fields. `media` are the recordings' names and addresses in the
    file; `recording_id` is ours, where one of our exports comes back.
    """

    form: str
    lines: tuple[GivenLine, ...]
    facts: dict[str, object] = field(default_factory=dict)
    media: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    duration_s: float | None = None
    recording_id: str | None = None
    testimony: str | None = None
    left_out: tuple[str, ...] = ()  # what of the file the archive has no place for

    @property
    def is_timed(self) -> bool:
        return all(line.start_s is not None for line in self.lines)
