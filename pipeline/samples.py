"""Random samples of what machines heard, drawn for people to correct: the table `samples`.

What is drawn is a line of the machine's own run. Each draw is simple random: every line that
counts and has not been drawn before is as likely as every other. Callers hold the transaction.
"""

from __future__ import annotations

import json
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlite_utils import Database

from pipeline.scoring import Errors

_ERRORS = [field.name for field in fields(Errors)]
# The machine's run that what counts is made of, and the lines that it publishes: what people have
# corrected since is still as the machine heard it there.
_COUNTING = "coalesce(now.based_on, now.id)"
_LINES_SQL = f"""
SELECT s.id, s.run_id, s.recording_id
FROM recordings r JOIN runs now ON now.id = r.current_run_id
JOIN segments s ON s.run_id = {_COUNTING}
WHERE s.state = 'ok'
  AND (:language IS NULL OR s.language = :language)
  AND (:all OR r.testimony_id IN (SELECT value FROM json_each(:testimonies)))
  AND r.testimony_id NOT IN (SELECT value FROM json_each(:withdrawn))
  AND s.id NOT IN (SELECT segment_id FROM samples)
ORDER BY s.recording_id, s.n
"""
_DRAWN_SQL = f"""
SELECT x.segment_id, x.recording_id, r.testimony_id, r.part, r.path, x.run_id,
  s.start_s, s.end_s, s.language, s.text, u.engine, u.model, x.drawn_at, x.seed, x.design,
  x.run_id = {_COUNTING} AS counts
FROM samples x JOIN segments s ON s.id = x.segment_id JOIN runs u ON u.id = x.run_id
JOIN recordings r ON r.id = x.recording_id LEFT JOIN runs now ON now.id = r.current_run_id
ORDER BY x.id
"""
_QUARANTINED_SQL = f"""
SELECT r.id, s.language, count(*) FROM recordings r JOIN runs now ON now.id = r.current_run_id
JOIN segments s ON s.run_id = {_COUNTING} WHERE s.state = 'quarantined' GROUP BY 1, 2
"""
_MISSED_SQL = f"""
SELECT r.id, sum(h.end_s - h.start_s) FROM recordings r JOIN runs now ON now.id = r.current_run_id
JOIN unheard h ON h.run_id = {_COUNTING} GROUP BY 1
"""


@dataclass(frozen=True)
class Design:
    """What a sample was drawn from: all lines, or those in a language or of some testimonies."""

    segments: int
    language: str | None = None
    testimonies: tuple[str, ...] = ()

    def covers(self, language: str | None, testimony_id: str | None = None) -> bool:
        """Whether all lines of a language, in one testimony or anywhere, could be drawn."""
        spoken = self.language is None or self.language == language
        there = not self.testimonies or testimony_id in self.testimonies
        return spoken and there


@dataclass(frozen=True)
class Sampled:
    """One line that was drawn. `counts`: its run is the one that what counts is made of."""

    segment_id: int
    recording_id: str
    testimony_id: str
    part: int | None
    path: str
    run_id: int
    start_s: float
    end_s: float
    language: str | None
    text: str
    engine: str
    model: str
    drawn_at: str
    seed: int
    design: Design
    counts: bool


class Samples:
    """The samples of one open `archive.db`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def drawn(self) -> list[Sampled]:
        """Every line that was ever drawn, in the order of drawing."""
        return [_sampled(row) for row in self._db.query(_DRAWN_SQL)]

    def draw(
        self, design: Design, seed: int, withdrawn: Collection[str], at: str
    ) -> Sequence[Sampled]:
        """The sample of this design and seed: the one that was drawn before, or a new one.

        The same archive gives the same sample; it is smaller where there are fewer lines left.
        """
        said = _said(design)
        if not self._is_drawn(seed, said):
            values = {
                "language": design.language,
                "all": not design.testimonies,
                "testimonies": json.dumps(design.testimonies),
                "withdrawn": json.dumps(sorted(withdrawn)),
            }
            lines = self._db.execute(_LINES_SQL, values).fetchall()
            chosen = random.Random(seed).sample(lines, min(design.segments, len(lines)))  # noqa: S311
            self._db.table("samples").insert_all(
                {
                    "segment_id": segment,
                    "run_id": run,
                    "recording_id": recording,
                    "drawn_at": at,
                    "seed": seed,
                    "design": said,
                }
                for segment, run, recording in chosen
            )
        return [one for one in self.drawn() if (one.seed, one.design) == (seed, design)]

    def comparisons(self) -> dict[int, tuple[int, Errors | None]]:
        """By the number of a drawn line: up to which correction it was compared with what people
        say, and its errors; None where nobody had heard it."""
        rows = self._db.execute(
            f"SELECT segment_id, correction_id, {', '.join(_ERRORS)} FROM sample_errors"
        )
        return {
            segment: (correction, None if errors[0] is None else Errors(*errors))
            for segment, correction, *errors in rows
        }

    def keep(self, correction_id: int, errors: Mapping[int, Errors | None]) -> None:
        """What was compared, in the place of what was before."""
        self._db.table("sample_errors").insert_all(
            (
                {
                    "segment_id": segment,
                    "correction_id": correction_id,
                    **(dict.fromkeys(_ERRORS) if found is None else asdict(found)),
                }
                for segment, found in errors.items()
            ),
            pk="segment_id",
            replace=True,
        )

    def lost(self) -> dict[str, tuple[dict[str | None, int], float]]:
        """By recording: the lines in quarantine by language, and the seconds of speech without
        words, both as the machine's run that counts had them."""
        quarantined: dict[str, dict[str | None, int]] = {}
        for recording, language, lines in self._db.execute(_QUARANTINED_SQL):
            quarantined.setdefault(recording, {})[language] = lines
        missed = dict(self._db.execute(_MISSED_SQL).fetchall())
        return {
            recording: (quarantined.get(recording, {}), missed.get(recording, 0.0))
            for recording in quarantined.keys() | missed.keys()
        }

    def _is_drawn(self, seed: int, said: str) -> bool:
        return self._db.table("samples").count_where("seed = ? AND design = ?", [seed, said]) > 0


def _said(design: Design) -> str:
    return json.dumps(asdict(design), sort_keys=True)


def _sampled(row: dict[str, Any]) -> Sampled:
    design = json.loads(row["design"])
    design["testimonies"] = tuple(design["testimonies"])
    return Sampled(**row | {"design": Design(**design), "counts": bool(row["counts"])})
