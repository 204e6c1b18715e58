"""A person has heard lines as they stand, and answers for them.

A file that comes back from an editor tells only what was changed: what is right must be said.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.archive import Archive
from pipeline.corrections import Line, replacing
from pipeline.errors import UsageError
from pipeline.recording import Recording
from pipeline.samples import Sampled
from pipeline.transcript import Segment


def confirm(archive: Archive, numbers: Sequence[int], who: str) -> list[Sampled]:
    """Drawn lines, by their segments' numbers, become a person's as they stand; those that are
    already are left. Raises UsageError where one was not drawn, and changes nothing."""
    drawn = {one.segment_id: one for one in archive.samples()}
    strangers = [number for number in numbers if number not in drawn]
    former = [number for number in numbers if number in drawn and not drawn[number].counts]
    for found, problem in ((strangers, "was not drawn."), (former, "is of a former run.")):
        if found:
            subject = "segment " + ", ".join(map(str, found))
            raise UsageError(subject, problem, "See the numbers of testimony sample.")
    chosen = [drawn[number] for number in dict.fromkeys(numbers)]
    by_id = {recording.id: recording for recording in archive.recordings()}
    for ident in dict.fromkeys(one.recording_id for one in chosen):
        mine = [one for one in chosen if one.recording_id == ident]
        _confirm(archive, by_id[ident], mine, who)
    return chosen


def _confirm(archive: Archive, recording: Recording, mine: Sequence[Sampled], who: str) -> None:
    lines = [line for _, line in archive.lines(recording)]
    right = [
        line for line in lines if line.state != "corrected" and any(_is(line, one) for one in mine)
    ]
    archive.correct(
        recording,
        [
            replacing(
                [line],
                [Line(line.start_s, line.end_s, line.text, line.language, line.speaker)],
                who,
                "review",
            )
            for line in right
        ],
    )


def _is(line: Segment, one: Sampled) -> bool:
    """Lines that count may be a little shorter than they were heard: they never overlap."""
    together = line.start_s < one.end_s and one.start_s < line.end_s
    return together and line.text == one.text
