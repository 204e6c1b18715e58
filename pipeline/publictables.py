"""The tables of a published database: testimonies, what was said in them, and lists.

After a change here raise the number in `edition`, so that older files are made anew.
"""

from __future__ import annotations

from sqlite_utils import Database

_TESTIMONY = ("testimony_id", "testimonies", "id")
_RECORDING = ("recording_id", "recordings", "id")
# In this order, because a table's keys point to those before it. The key is the first column.
_COLUMNS: dict[str, dict[str, type]] = {
    "testimonies": {
        "id": str,
        "title": str,
        "narrator": str,
        "narrator_born": int,
        "interviewer": str,
        "recorded_on": str,
        "place": str,
        "languages_declared": str,
        "languages_detected": str,
        "collection": str,
        "summary": str,
        "notice": str,
        "licence": str,
        "uses": str,
        "warnings": str,
        "duration_s": float,
        "fingerprint": str,
    },
    "recordings": {
        "id": str,
        "testimony_id": str,
        "part": int,
        "duration_s": float,
        "has_video": int,
        "media": str,
        "engine": str,
        "model": str,
        "transcribed_at": str,
    },
    "segments": {
        "id": int,
        "testimony_id": str,
        "recording_id": str,
        "n": int,
        "start_s": float,
        "end_s": float,
        "text": str,
        "language": str,
        "language_confidence": float,
        "language_source": str,
        "text_language": str,
        "text_language_confidence": float,
        "confidence": float,
        "speaker": str,
        "state": str,
    },
    "former_texts": {
        "id": int,
        "testimony_id": str,
        "recording_id": str,
        "start_s": float,
        "end_s": float,
        "text": str,
        "corrected_at": str,
    },
    "closed": {"id": str, "title": str, "reason": str, "contact": str},
    "gone": {"address": str},
    "quality": {
        "id": int,
        "testimony_id": str,
        "language": str,
        "engine": str,
        "model": str,
        "drawn": int,
        "heard": int,
        "words": int,
        "wer": float,
        "wer_low": float,
        "wer_high": float,
        "cer": float,
        "cer_low": float,
        "cer_high": float,
        "not_published": int,
        "missed_s": float,
    },
}
_POINTS_TO: dict[str, list[tuple[str, str, str]]] = {
    "recordings": [_TESTIMONY],
    "segments": [_TESTIMONY, _RECORDING],
    "former_texts": [_TESTIMONY, _RECORDING],
    "quality": [_TESTIMONY],
}
_INDEXES = {
    "recordings": [["testimony_id"]],
    "segments": [["recording_id", "n"], ["testimony_id"], ["language"]],
    "former_texts": [["recording_id", "start_s"], ["testimony_id"]],
}


def create(db: Database) -> None:
    """Makes them, empty."""
    for name, columns in _COLUMNS.items():
        table, points_to = db.table(name), _POINTS_TO.get(name, [])
        table.create(columns, pk=next(iter(columns)), foreign_keys=points_to)
        for indexed in _INDEXES.get(name, []):
            table.create_index(indexed)
