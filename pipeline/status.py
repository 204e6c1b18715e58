"""Where every testimony stands, and what waits for a person."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

from pipeline.archive import Archive
from pipeline.clock import clock
from pipeline.config import Config
from pipeline.holdings import read_holdings
from pipeline.recording import Recording
from pipeline.transcript import by_language

_NAMED = 3


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
    recordings: dict[str, list[Recording]] = {}
    for recording in archive.recordings():
        recordings.setdefault(recording.testimony_id, []).append(recording)
    summaries = archive.summaries()
    unsure = archive.unsure()
    failures = {failure.recording_id: failure for failure in archive.failures()}
    misspelt: dict[str, list[dict[str, Any]]] = {}
    for one in archive.misspelt():
        misspelt.setdefault(one["testimony_id"], []).append(one)
    standings = []
    for row in archive.testimonies():
        mine = recordings.get(row["id"], [])
        decision = holdings.decide(row["id"], "public")
        done = [summaries[r.id] for r in mine if r.id in summaries]
        waiting = [] if decision.allowed else [f"not published: {decision.reason}"]
        waiting += _doubts(done) + _misspelt(row["id"], misspelt.get(row["id"], []))
        parts = {r.id: r for r in mine}
        loose = [
            {"path": parts[c["recording_id"]].path, **c}
            for c in unsure
            if c["recording_id"] in parts
        ]
        waiting += _new(mine, loose)
        standings.append(
            Standing(
                id=row["id"],
                title=row["title"],
                stage=_stage(mine, len(done), decision.allowed),
                duration_s=round(sum(r.duration_s for r in mine), 3),
                recordings=len(mine),
                languages_declared=json.loads(row["languages"]) if row["languages"] else None,
                languages_detected=_detected(done),
                segments=sum(summary["segments"] for summary in done),
                quarantined=sum(summary["quarantined"] or 0 for summary in done),
                unheard=sum(summary["unheard"] for summary in done),
                waiting=waiting,
                to_hear=archive.waiting(row["id"]),
                unsure_corrections=loose,
                failures=[failures[r.id].reason for r in mine if r.id in failures],
            )
        )
    return {
        "archive": str(archive.root),
        "testimonies": [asdict(standing) for standing in standings],
        "problems": [str(problem) for problem in holdings.sidecars.problems],
    }


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
        "quarantined, not published": sum(summary["quarantined"] or 0 for summary in done),
        "doubted": sum(summary["doubted"] or 0 for summary in done),
        "unheard: speech without words": sum(summary["unheard"] for summary in done),
    }
    doubts = [f"{count} {what}" for what, count in counts.items() if count]
    for summary in done:
        heard = next(iter(json.loads(summary["languages"])), None)
        written = summary["text_language"]
        if heard and written and heard != written:
            doubts.append(f"it sounds mostly like {heard}, its words look mostly like {written}")
    lost = [summary["reason"] for summary in done if summary["reason"]]
    return doubts + lost
