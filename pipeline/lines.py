"""The text of recordings in an open `archive.db`: segments of runs, and what counts of them.

A recording that people corrected has a run of its own, made from the machine's (`based_on`) and
all corrections. It stays one run for good: what changes in it is written, the rest keeps its
numbers. Callers hold the transaction.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlite_utils import Database

from pipeline import corrections
from pipeline.corrections import Correction, Heard, Line, Text
from pipeline.placing import Placement
from pipeline.transcript import Segment, Unheard, Word, by_language

_NEXT_ID_SQL = """
SELECT 1 + max(coalesce((SELECT max(id) FROM segments), 0),
               coalesce((SELECT max(id) FROM former_segments), 0))
"""
# Of the machine's run, what the run made from it has too: who reads it must not know both.
_COPIED = (
    *("engine", "version", "model", "model_sha256", "options", "text_language"),
    *("started_at", "finished_at", "reason"),
)
# In the order of `Segment`, whose words are in a table of their own.
_COLUMNS = (
    *("start_s", "end_s", "text", "language", "language_confidence", "language_source"),
    *("text_language", "text_language_confidence", "confidence", "speaker", "state", "reasons"),
)
_LINES_SQL = f"SELECT id, {', '.join(_COLUMNS)} FROM segments WHERE run_id = ? ORDER BY n"
_LINE_SQL = f"SELECT recording_id, {', '.join(_COLUMNS)} FROM segments WHERE id = ?"
_INSERT_SQL = f"""
INSERT INTO segments (n, {", ".join(_COLUMNS)}, id, run_id, recording_id)
VALUES ({", ".join("?" * (len(_COLUMNS) + 4))})
"""
_UPDATE_SQL = f"""
UPDATE segments SET n = ?, {", ".join(f"{name} = ?" for name in _COLUMNS)} WHERE id = ?
"""
_INSERT_WORD_SQL = """
INSERT INTO words (segment_id, n, start_s, end_s, text, confidence) VALUES (?, ?, ?, ?, ?, ?)
"""
# Read in the order of two indexes: nothing is sorted.
_WORDS_SQL = """
SELECT segment_id, w.start_s, w.end_s, w.text, w.confidence
FROM segments s CROSS JOIN words w ON segment_id = s.id WHERE run_id = ? ORDER BY s.n, w.n
"""
_SOME_WORDS_SQL = """
SELECT segment_id, start_s, end_s, text, confidence FROM words
WHERE segment_id IN (SELECT value FROM json_each(?)) ORDER BY segment_id, n
"""
_CORRECTION_COLUMNS = (
    *("run_id", "start_s", "end_s", "before", "after", "lines", "who", "at", "source"),
    "former_private",
)

_UNSURE_SQL = """
SELECT c.recording_id, c.id, c.start_s, c.end_s, c.after, p.how, p.detail
FROM placements p JOIN corrections c ON c.id = p.correction_id
JOIN recordings r ON r.id = c.recording_id
JOIN runs made ON made.id = r.current_run_id AND made.based_on = p.run_id
WHERE p.how != 'text' AND NOT EXISTS (
  SELECT 1 FROM corrections later WHERE later.recording_id = c.recording_id AND later.id > c.id
  AND later.start_s <= c.start_s AND later.end_s >= c.end_s)
ORDER BY c.recording_id, c.start_s
"""


class Lines:
    """Segments, corrections and runs of one open `archive.db`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # Segments of runs

    def of_run(self, run_id: int, *, with_words: bool = True) -> Iterator[tuple[int, Segment]]:
        """(id, segment) of a run in order."""
        words = self._words(_WORDS_SQL, run_id) if with_words else {}
        for number, *said in self._db.execute(_LINES_SQL, [run_id]).fetchall():
            yield number, _segment(said, words.get(number, ()))

    def numbered(self, number: int) -> tuple[str, Segment] | None:
        """(recording's id, segment without its words) of any run."""
        row = self._db.execute(_LINE_SQL, [number]).fetchone()
        return None if row is None else (row[0], _segment(row[1:]))

    def unheard(self, run_id: int) -> tuple[Unheard, ...]:
        """A run's stretches that sound like speech and have no text, in order."""
        rows = self._db.table("unheard").rows_where("run_id = ?", [run_id], order_by="n")
        return tuple(Unheard(row["start_s"], row["end_s"]) for row in rows)

    def add(
        self, run_id: int, recording_id: str, segments: Iterable[Segment], gaps: Iterable[Unheard]
    ) -> None:
        """What a run heard."""
        self._insert(run_id, recording_id, enumerate(segments, start=1))
        self._add_unheard(run_id, gaps)

    # What counts

    def counts(self, recording_id: str) -> bool:
        """Whether the recording has a text that counts."""
        return self._recording(recording_id)["current_run_id"] is not None

    def present(
        self, recording_id: str, ranges: Sequence[tuple[float, float]] | None = None
    ) -> list[tuple[int, Segment]]:
        """(id, line) of what counts now, in order, none overlapping; only lines in `ranges` of the
        recording's seconds have their words, where any are given."""
        run_id = self._recording(recording_id)["current_run_id"]
        if run_id is None:
            return []
        found = list(self.of_run(run_id, with_words=ranges is None))
        found.sort(key=lambda both: (both[1].start_s, both[1].end_s))
        lines = corrections.tidy(segment for _, segment in found)
        if ranges:
            near = {n for both in ranges for n in range(*corrections.touched(lines, *both))}
            words = self._words(_SOME_WORDS_SQL, json.dumps([found[n][0] for n in near]))
            found = [(i, replace(x, words=words[i]) if i in words else x) for i, x in found]
            lines = corrections.tidy(segment for _, segment in found)
        return [(ident, line) for (ident, _), line in zip(found, lines, strict=True)]

    def former(self, recording_id: str, run_id: int | None, last: int) -> tuple[Segment, ...]:
        """The lines that counted when they were made of this run and the corrections up to `last`.

        Raises LookupError where the recording has no such run or correction.
        """
        said = [c for c in self.corrections(recording_id) if (c.id or 0) <= last]
        if last and (not said or said[-1].id != last):
            raise LookupError(last)
        return self._applied(recording_id, run_id, said).lines

    def corrections(self, recording_id: str) -> list[Correction]:
        """Every correction of a recording, oldest first."""
        rows = self._db.table("corrections").rows_where(
            "recording_id = ?", [recording_id], order_by="id"
        )
        return [_correction(row) for row in rows]

    def placements(self, recording_id: str) -> list[Placement]:
        """How corrections were placed in the run that counts, where it is another than theirs."""
        sql = (
            "SELECT correction_id, how, detail FROM placements p"
            " JOIN corrections c ON c.id = correction_id"
            " WHERE recording_id = ? AND p.run_id = ? ORDER BY correction_id"
        )
        rows = self._db.execute(sql, [recording_id, self.base(recording_id)])
        return [Placement(*row) for row in rows.fetchall()]

    def base(self, recording_id: str) -> int | None:
        """The machine's run that what counts is made of."""
        current = self._recording(recording_id)["current_run_id"]
        made = self._made(recording_id)
        if made is None or made != current:
            return current  # type: ignore[no-any-return]
        row = self._db.execute("SELECT based_on FROM runs WHERE id = ?", [made]).fetchone()
        return row[0]  # type: ignore[no-any-return]

    def correct(self, recording_id: str, asked: Sequence[Correction], at: str) -> tuple[int, ...]:
        """Adds corrections, each made on what the one before it leaves; returns their ids.

        Raises Conflict or CorrectionError; the caller then rolls back.
        """
        duration_s, base = self._recording(recording_id)["duration_s"], self.base(recording_id)
        current = self._recording(recording_id)["current_run_id"]
        corrected_before = current is not None and current == self._made(recording_id)
        # Of a long text few words are needed: all others are written already.
        ranges = [(c.start_s, c.end_s) for c in asked] if corrected_before else None
        there = self.present(recording_id, ranges)
        lines = tuple(line for _, line in there)
        end_s = max([duration_s, *(line.end_s for line in lines)])
        ids = []
        for correction in asked:
            corrections.must_be_possible(correction, end_s)
            corrections.must_stand(lines, correction)
            lines = corrections.corrected(lines, correction)
            row = _row(replace(correction, run_id=base, at=at)) | {"recording_id": recording_id}
            ids.append(int(self._db.table("corrections").insert(row).last_pk))  # type: ignore[arg-type]
        gaps = self.unheard(current) if current is not None else ()
        text = Text(lines, corrections.left_unheard(gaps, asked))
        known = dict(there) if corrected_before else None
        self._keep(recording_id, base, text, at, known)
        return tuple(ids)

    def wait(self, recording_id: str, run_id: int) -> None:
        """Keeps a new run beside the text that counts."""
        self._db.table("recordings").update(recording_id, {"waiting_run_id": run_id})

    def accept(self, recording_id: str, run_id: int, at: str) -> tuple[Placement, ...]:
        """From now on what counts is made of this run and all corrections; returns how those were
        placed that were made on another."""
        recordings = self._db.table("recordings")
        recordings.update(recording_id, {"waiting_run_id": None, "current_run_id": run_id})
        if not self.corrections(recording_id):
            return ()
        text = self.applied(recording_id, run_id)
        self._keep(recording_id, run_id, text, at)
        rows = ({**asdict(placement), "run_id": run_id} for placement in text.placements)
        self._db.table("placements").insert_all(rows, replace=True)
        return text.placements

    def applied(self, recording_id: str, run_id: int | None) -> Text:
        """What would count, of a run and all corrections.

        Raises LookupError where the recording has no such run.
        """
        return self._applied(recording_id, run_id, self.corrections(recording_id))

    def unsure(self) -> list[dict[str, Any]]:
        """Corrections that text did not place in the run that counts, and that no later one has
        confirmed."""
        return list(self._db.query(_UNSURE_SQL))

    def faults(self, recording_id: str) -> list[str]:
        """What is wrong with a recording's corrections and the text that is made of them."""
        said = self.corrections(recording_id)
        if not said:
            return []
        present = tuple(line for _, line in self.present(recording_id))
        end_s = max([self._recording(recording_id)["duration_s"], *(x.end_s for x in present)])
        try:
            for correction in said:
                corrections.must_be_possible(correction, end_s)
            made = self.applied(recording_id, self.base(recording_id)).lines
        except (corrections.CorrectionError, LookupError) as error:
            return [f"a correction cannot be applied ({error})"]
        return [] if made == present else ["its text is not what its corrections make of the run"]

    # Inside

    def _recording(self, recording_id: str) -> dict[str, Any]:
        return dict(self._db.table("recordings").get(recording_id))

    def _applied(self, recording_id: str, run_id: int | None, said: Sequence[Correction]) -> Text:
        runs = {c.run_id for c in said if c.run_id is not None} - {run_id}
        base = Heard() if run_id is None else self._heard(recording_id, run_id)
        heard = {other: self._heard(recording_id, other) for other in runs}
        return corrections.apply(base, said, heard)

    def _heard(self, recording_id: str, run_id: int) -> Heard:
        sql = "SELECT 1 FROM runs WHERE id = ? AND recording_id = ? AND state = 'done'"
        if self._db.execute(sql, [run_id, recording_id]).fetchone() is None:
            raise LookupError(run_id)
        segments = tuple(segment for _, segment in self.of_run(run_id))
        return Heard(run_id, segments, self.unheard(run_id))

    def _made(self, recording_id: str) -> int | None:
        """The run that is made of corrections, where there are any: it was asked for nothing."""
        sql = "SELECT id FROM runs WHERE recording_id = ? AND settings IS NULL"
        row = self._db.execute(sql, [recording_id]).fetchone()
        return None if row is None else row[0]

    def _keep(
        self,
        recording_id: str,
        base: int | None,
        text: Text,
        at: str,
        known: Mapping[int, Segment] | None = None,
    ) -> None:
        """Brings the run that is made of corrections to this text; it is what counts.

        `known` are the run's lines as they are, by number, where they were read already.
        """
        told = dict(self._db.table("runs").get(base)) if base is not None else {"started_at": at}
        spoken = by_language((s.language, s.end_s - s.start_s) for s in text.lines)
        row = {name: told.get(name) for name in _COPIED} | {
            "recording_id": recording_id,
            "state": "done",
            "based_on": base,
            "languages": json.dumps(spoken),
            "speech_s": round(sum(s.end_s - s.start_s for s in text.lines), 2),
        }
        runs = self._db.table("runs")
        made = self._made(recording_id)
        if made is None:
            made = int(runs.insert(row).last_pk)  # type: ignore[arg-type]
        else:
            # What is told of the run may be all that changes: that is published too.
            self._db.execute("UPDATE runs SET revision = revision + 1 WHERE id = ?", [made])
            runs.update(made, row)
        there = dict(self.of_run(made)) if known is None else known
        self._replace_lines(made, recording_id, there, text.lines)
        self._db.execute("DELETE FROM unheard WHERE run_id = ?", [made])
        self._add_unheard(made, text.unheard)
        self._db.table("recordings").update(recording_id, {"current_run_id": made})

    def _replace_lines(
        self,
        run_id: int,
        recording_id: str,
        there: Mapping[int, Segment],
        lines: Sequence[Segment],
    ) -> None:
        """Writes what is new, takes out what is gone; what stays, and what begins where another
        began, keeps its number."""
        same = {line: ident for ident, line in there.items()}
        stays = {same[line] for line in lines if line in same}
        begins = {line.start_s: ident for ident, line in there.items() if ident not in stays}
        planned = [same.get(line) or begins.pop(line.start_s, None) for line in lines]
        for gone in there.keys() - set(planned):
            self._db.execute("DELETE FROM words WHERE segment_id = ?", [gone])
            self._db.execute("DELETE FROM segments WHERE id = ?", [gone])
        # Numbers are unique at every moment: they get their new places by way of negative ones.
        self._db.conn.executemany(
            "UPDATE segments SET n = -? WHERE id = ? AND n != ?",
            [(n, ident, n) for n, ident in enumerate(planned, start=1) if ident is not None],
        )
        self._db.execute("UPDATE segments SET n = -n WHERE run_id = ? AND n < 0", [run_id])
        placed = list(enumerate(zip(planned, lines, strict=True), start=1))
        changed = [(n, *both) for n, both in placed if both[0] not in stays]
        self._insert(run_id, recording_id, [(n, x) for n, number, x in changed if number is None])
        self._update([(n, number, x) for n, number, x in changed if number is not None])

    def _insert(self, run_id: int, recording_id: str, lines: Iterable[tuple[int, Segment]]) -> None:
        """New segments, with new numbers, at their places in a run."""
        first = int(self._db.execute(_NEXT_ID_SQL).fetchone()[0])
        numbered = [(first + i, *both) for i, both in enumerate(lines)]
        rows = [(n, *_columns(x), number, run_id, recording_id) for number, n, x in numbered]
        self._db.conn.executemany(_INSERT_SQL, rows)
        self._insert_words((number, segment) for number, _, segment in numbered)

    def _update(self, lines: Sequence[tuple[int, int, Segment]]) -> None:
        """(place, number, segment): as they are now."""
        rows = [(n, *_columns(segment), number) for n, number, segment in lines]
        self._db.conn.executemany(_UPDATE_SQL, rows)
        numbers = [(number,) for _, number, _ in lines]
        self._db.conn.executemany("DELETE FROM words WHERE segment_id = ?", numbers)
        self._insert_words((number, segment) for _, number, segment in lines)

    def _insert_words(self, lines: Iterable[tuple[int, Segment]]) -> None:
        self._db.conn.executemany(
            _INSERT_WORD_SQL,
            (
                (number, n, word.start_s, word.end_s, word.text, word.confidence)
                for number, segment in lines
                for n, word in enumerate(segment.words, start=1)
            ),
        )

    def _add_unheard(self, run_id: int, gaps: Iterable[Unheard]) -> None:
        self._db.table("unheard").insert_all(
            {"run_id": run_id, "n": n, **asdict(gap)} for n, gap in enumerate(gaps, start=1)
        )

    def _words(self, sql: str, which: int | str) -> dict[int, tuple[Word, ...]]:
        """By segment, the words that one of the two statements reads."""
        words: dict[int, list[Word]] = {}
        for number, *said in self._db.execute(sql, [which]):
            words.setdefault(number, []).append(Word(*said))
        return {number: tuple(found) for number, found in words.items()}


def _segment(row: Sequence[Any], words: tuple[Word, ...] = ()) -> Segment:
    said = dict(zip(_COLUMNS, row, strict=True))
    # Nearly always there are none, and an archive has a million lines.
    reasons = () if said["reasons"] == "[]" else tuple(json.loads(said["reasons"]))
    return Segment(**said | {"words": words, "reasons": reasons})


def _columns(segment: Segment) -> list[Any]:
    row = {name: getattr(segment, name) for name in _COLUMNS}
    row["reasons"] = json.dumps(segment.reasons, ensure_ascii=False)
    return list(row.values())


def _row(correction: Correction) -> dict[str, Any]:
    row = {name: getattr(correction, name) for name in _CORRECTION_COLUMNS}
    return row | {
        "former_private": int(correction.former_private),
        "lines": json.dumps([asdict(line) for line in correction.lines], ensure_ascii=False),
    }


def _correction(row: Mapping[str, Any]) -> Correction:
    kept = {name: row[name] for name in ("id", *_CORRECTION_COLUMNS) if name != "after"}
    lines = tuple(Line(**line) for line in json.loads(row["lines"]))
    return Correction(**kept | {"lines": lines, "former_private": bool(row["former_private"])})
