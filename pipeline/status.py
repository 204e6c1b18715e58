"""Where every testimony stands, and what waits for a person."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any, TypeVar

from pipeline.archive import Archive
from pipeline.attempts import Failure
from pipeline.clock import clock
from pipeline.config import Config
from pipeline.holdings import read_holdings
from pipeline.recording import Recording
from pipeline.transcript import by_language

_NAMED = 3
_One = TypeVar("_One")


@dataclass(frozen=True)
class Standing:
    """One testimony: `stage` is described, ingested, transcribed or published."""

    id: str
    title: str
    stage: str
    duration_s: float
    recordings: int
    languages_declared: list[str] | None
    languages_detected: list[str]
    segments: int
    quarantined: int
    unheard: int
    waiting: list[str]
    to_hear: list[dict[str, Any]]
    unsure_corrections: list[dict[str, Any]]
    failures: list[str]


def status(archive: Archive, config: Config) -> dict[str, Any]:
    """Everything `testimony status --json` prints."""
    holdings = read_holdings(archive, config)
    recordings = _by(archive.recordings(), lambda one: one.testimony_id)
    misspelt = _by(archive.misspelt(), lambda one: one["testimony_id"])
    found = _Found(archive.summaries(), archive.unsure(), archive.failures())
    standings = []
    for row in archive.testimonies():
        ident, mine = row["id"], recordings.get(row["id"], [])
        decision = holdings.decide(ident, "public")
        refused = [] if decision.allowed else [f"not published: {decision.reason}"]
        done, loose = found.done(mine), found.loose(mine)
        standings.append(
            Standing(
                id=ident,
                title=row["title"],
                stage=_stage(mine, len(done), decision.allowed),
                duration_s=round(sum(r.duration_s for r in mine), 3),
                recordings=len(mine),
                languages_declared=json.loads(row["languages"]) if row["languages"] else None,
                languages_detected=_detected(done),
                segments=_sum(done, "segments"),
                quarantined=_sum(done, "quarantined"),
                unheard=_sum(done, "unheard"),
                waiting=[
                    *refused,
                    *_doubts(done),
                    *_misspelt(ident, misspelt.get(ident, [])),
                    *_new(mine, loose),
                ],
                to_hear=archive.waiting(ident),
                unsure_corrections=loose,
                failures=found.why_failed(mine),
            )
        )
    return {
        "archive": str(archive.root),
        "testimonies": [asdict(standing) for standing in standings],
        "problems": [str(problem) for problem in holdings.sidecars.problems],
    }


@dataclass(frozen=True)
class _Found:
    """What the archive has of its recordings, asked once for all of them."""

    summaries: Mapping[str, dict[str, Any]]
    unsure: Sequence[dict[str, Any]]
    failures: Sequence[Failure]

    def done(self, recordings: Sequence[Recording]) -> list[dict[str, Any]]:
        """Summaries of those that have a text."""
        return [self.summaries[r.id] for r in recordings if r.id in self.summaries]

    def loose(self, recordings: Sequence[Recording]) -> list[dict[str, Any]]:
        """Corrections in these that text did not place."""
        paths = {r.id: r.path for r in recordings}
        mine = (one for one in self.unsure if one["recording_id"] in paths)
        return [{"path": paths[one["recording_id"]], **one} for one in mine]

    def why_failed(self, recordings: Sequence[Recording]) -> list[str]:
        """Why those failed that did, in the recordings' order."""
        reasons = {failure.recording_id: failure.reason for failure in self.failures}
        return [reasons[r.id] for r in recordings if r.id in reasons]


def _by(every: Iterable[_One], ident: Callable[[_One], str]) -> dict[str, list[_One]]:
    """By testimony."""
    found: dict[str, list[_One]] = {}
    for one in every:
        found.setdefault(ident(one), []).append(one)
    return found


def _sum(done: Sequence[Mapping[str, Any]], what: str) -> int:
    return sum(summary[what] or 0 for summary in done)


def _misspelt(ident: str, found: list[dict[str, Any]]) -> list[str]:
    """The commonest words that are like a spelling of the lexicon, each said once."""
    said = Counter((one["heard"], one["spelling"]) for one in found).most_common()
    lines = [f"heard {heard!r}, lexicon has {spelling}" for (heard, spelling), _ in said[:_NAMED]]
    more = len(said) - _NAMED
    return lines + ([f"{more} more such words: testimony lexicon {ident}"] if more > 0 else [])


def _stage(recordings: list[Recording], done: int, allowed: bool) -> str:
    if not recordings:
        return "described"
    if done < len(recordings):
        return "ingested"
    return "published" if allowed else "transcribed"


def _detected(done: list[dict[str, Any]]) -> list[str]:
    heard = [json.loads(summary["languages"]).items() for summary in done]
    return list(by_language(chain.from_iterable(heard)))


def _new(recordings: list[Recording], loose: Sequence[Mapping[str, Any]]) -> list[str]:
    """What a new transcript asks of a person: to accept it, and to look at corrections in it."""
    wait = sum(recording.waiting_run_id is not None for recording in recordings)
    count = "1 new transcript" if wait == 1 else f"{wait} new transcripts"
    said = [f"{count}: testimony diff, testimony accept"] if wait else []
    if loose:
        places = ", ".join(f"{one['path']} {clock(one['start_s'])}" for one in loose[:_NAMED])
        more = ", …: testimony status --json" if len(loose) > _NAMED else ""
        said.append(f"corrections that the new transcript does not bear out: {places}{more}")
    return said


def _doubts(done: list[dict[str, Any]]) -> list[str]:
    counts = {
        "quarantined, not published": _sum(done, "quarantined"),
        "doubted": _sum(done, "doubted"),
        "unheard: speech without words": _sum(done, "unheard"),
    }
    doubts = [f"{count} {what}" for what, count in counts.items() if count]
    for summary in done:
        heard = next(iter(json.loads(summary["languages"])), None)
        written = summary["text_language"]
        if heard and written and heard != written:
            doubts.append(f"it sounds mostly like {heard}, its words look mostly like {written}")
    lost = [summary["reason"] for summary in done if summary["reason"]]
    return doubts + lost
