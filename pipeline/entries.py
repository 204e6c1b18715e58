"""One testimony as it is published: under its pseudonym, with its redactions, in rows."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

from pipeline.archive import Archive
from pipeline.consent import Span, redaction_of
from pipeline.publication import Entry, Part
from pipeline.recording import Recording
from pipeline.testimony import Redaction, Sidecar
from pipeline.transcript import PUBLIC_STATES, Segment, by_language


@dataclass(frozen=True)
class Item:
    """One testimony that may leave, with the masters that have a transcript."""

    sidecar: Sidecar
    recordings: tuple[Recording, ...]

    @property
    def duration_s(self) -> float:
        return sum(recording.duration_s for recording in self.recordings)

    @cached_property
    def tags(self) -> dict[str, str]:
        """What the access copies say of themselves."""
        return {"title": self.sidecar.title, "comment": self.sidecar.notice or ""}

    @cached_property
    def media(self) -> dict[str, str]:
        """By recording id, its copy's file name; other tags or redactions make another file."""
        return {r.id: self._media_name(r) for r in self.recordings}

    def redactions(self, recording: Recording) -> list[Redaction]:
        """The ranges of one recording that may not leave."""
        return [r for r in self.sidecar.redactions if r.recording == recording.path]

    def unplaced_redaction(self) -> Redaction | None:
        """One that lies in no registered recording: then nobody knows what it should hide."""
        ends = {recording.path: recording.duration_s for recording in self.recordings}
        return next(
            (r for r in self.sidecar.redactions if r.start_s >= ends.get(r.recording, 0.0)), None
        )

    def _media_name(self, recording: Recording) -> str:
        ranges = [(r.start_s, r.end_s) for r in self.redactions(recording)]
        said = json.dumps([self.tags, ranges] if ranges else self.tags, sort_keys=True)
        short = hashlib.sha256(said.encode()).hexdigest()[:8]
        return f"{recording.id}-{short}.{'mp4' if recording.has_video else 'm4a'}"


def entry(archive: Archive, item: Item, copied: set[str]) -> Entry:
    """Its rows; the segments are read when they are written. `copied` has the copies there are."""
    parts = []
    for recording in item.recordings:
        media = item.media[recording.id]
        row = _recording_row(archive, recording, media if media in copied else None)
        former = tuple(_former_rows(archive, item, recording))
        parts.append(Part(row, _segment_rows(archive, item, recording), former))
    return Entry(_testimony_row(archive, item), parts)


def fingerprint(key: bytes, item: Item, revisions: dict[int, int], copied: set[str]) -> str:
    """Another one as soon as anything that is published of the testimony would be another."""
    parts = []
    for r in item.recordings:
        name = item.media[r.id]
        text = (r.current_run_id, revisions.get(r.current_run_id or 0))
        hidden = [(x.start_s, x.end_s, x.reason) for x in item.redactions(r)]
        media = name if name in copied else None
        parts.append((r.id, r.part, r.duration_s, *text, hidden, media))
    said = json.dumps([_described(item.sidecar), parts], sort_keys=True).encode()
    return hmac.digest(key, said, "sha256").hex()[:32]


def _described(sidecar: Sidecar) -> dict[str, Any]:
    """What its sidecar says and is published, in the columns of `testimonies`."""
    declared = sidecar.languages
    return {
        "id": sidecar.id,
        "title": sidecar.title,
        # Who asked for a pseudonym is published under no other name.
        "narrator": sidecar.narrator.pseudonym or sidecar.narrator.name,
        "narrator_born": sidecar.narrator.born,
        "interviewer": sidecar.interviewer,
        "recorded_on": sidecar.recorded_on,
        "place": sidecar.place,
        "languages_declared": None if declared is None else json.dumps(declared),
        "collection": sidecar.collection,
        "summary": sidecar.summary,
        "notice": sidecar.notice,
        "licence": sidecar.licence,
        "uses": json.dumps(sidecar.uses),
        "warnings": json.dumps(sidecar.warnings, ensure_ascii=False),
    }


def _testimony_row(archive: Archive, item: Item) -> dict[str, Any]:
    heard = [json.loads(_run(archive, r)["languages"]).items() for r in item.recordings]
    return _described(item.sidecar) | {
        "languages_detected": json.dumps(list(by_language(chain.from_iterable(heard)))),
        "duration_s": round(sum(r.duration_s for r in item.recordings), 3),
    }


def _recording_row(archive: Archive, recording: Recording, media: str | None) -> dict[str, Any]:
    run = _run(archive, recording)
    return {
        "id": recording.id,
        "testimony_id": recording.testimony_id,
        "part": recording.part,
        "duration_s": recording.duration_s,
        "has_video": int(recording.has_video),
        "media": media,
        "engine": run["engine"],
        "model": run["model"],
        "transcribed_at": run["finished_at"],
    }


def _segment_rows(archive: Archive, item: Item, recording: Recording) -> Iterator[dict[str, Any]]:
    if recording.current_run_id is None:
        return
    segments = archive.segments(recording.current_run_id, with_words=False)
    for n, (ident, segment) in enumerate(segments, start=1):
        if segment.state not in PUBLIC_STATES:
            continue
        place = {
            "id": ident,
            "testimony_id": recording.testimony_id,
            "recording_id": recording.id,
            "n": n,
            "start_s": segment.start_s,
            "end_s": segment.end_s,
        }
        span = Span(recording.path, segment.start_s, segment.end_s)
        redaction = redaction_of(item.sidecar, span)
        yield place | (_said(segment) if redaction is None else _redacted(redaction))


def _former_rows(archive: Archive, item: Item, recording: Recording) -> Iterator[dict[str, Any]]:
    """What stood in the text before it was corrected, as far as it was published and may stay so.

    Left out is what touches a redaction, what the machine itself had quarantined, and what the
    person who corrected it asked to keep back: a name may be the reason for the correction.
    """
    quarantined: dict[int | None, list[Segment]] = {}
    for correction in archive.corrections(recording):
        same = correction.before.split() == correction.after.split()
        if same or not correction.before.strip() or correction.former_private:
            continue
        span = Span(recording.path, correction.start_s, correction.end_s)
        if (run_id := correction.run_id) not in quarantined:
            quarantined[run_id] = _quarantined(archive, run_id)
        hidden = (s.start_s < span.end_s and s.end_s > span.start_s for s in quarantined[run_id])
        if redaction_of(item.sidecar, span) or any(hidden):
            continue
        yield {
            "testimony_id": recording.testimony_id,
            "recording_id": recording.id,
            "start_s": correction.start_s,
            "end_s": correction.end_s,
            "text": correction.before.replace("\n", " "),
            "corrected_at": correction.at,
        }


def _quarantined(archive: Archive, run_id: int | None) -> list[Segment]:
    if run_id is None:
        return []
    heard = archive.segments(run_id, with_words=False)
    return [segment for _, segment in heard if segment.state not in PUBLIC_STATES]


def _said(segment: Segment) -> dict[str, Any]:
    return {
        "text": segment.text,
        "language": segment.language,
        "language_confidence": segment.language_confidence,
        "language_source": segment.language_source,
        "text_language": segment.text_language,
        "text_language_confidence": segment.text_language_confidence,
        "confidence": segment.confidence,
        "speaker": segment.speaker,
        "state": segment.state,
    }


def _redacted(redaction: Redaction) -> dict[str, Any]:
    unsaid = dict.fromkeys(_said(Segment(0, 0, "", None, None, None, None, None, None)))
    return unsaid | {"text": f"[redacted: {redaction.reason}]", "state": "redacted"}


def _run(archive: Archive, recording: Recording) -> dict[str, Any]:
    if recording.current_run_id is None:
        raise ValueError(f"{recording.id} has no transcript and cannot be published")
    return archive.run(recording.current_run_id)
