"""Where what counts has something that is like a spelling of the lexicon: the table `misspelt`.

`misspelt_checks` says of which state of a recording, and of which lexicon, what is listed is.
Nothing is ever replaced by it. Callers hold the transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from sqlite_utils import Database

from pipeline import spellcheck, wordforms
from pipeline.lexicon import Lexicon
from pipeline.spellcheck import Spellcheck
from pipeline.transcript import PUBLIC_STATES

_WANTED_SQL = """
SELECT recordings.id, testimony_id, runs.id, revision
FROM recordings JOIN runs ON runs.id = current_run_id
"""
_LINES_SQL = f"""
SELECT id, start_s, end_s, text, language FROM segments
WHERE run_id = ? AND state IN ({", ".join(f"'{state}'" for state in PUBLIC_STATES)}) ORDER BY n
"""
_FOUND_SQL = """
SELECT r.testimony_id, r.part, r.path, m.segment_id, m.start_s, m.end_s, m.heard, m.spelling, m.sure
FROM misspelt m JOIN recordings r ON r.id = m.recording_id
ORDER BY r.testimony_id, r.part, m.start_s, m.id
"""


class _State(NamedTuple):
    testimony_id: str
    run_id: int
    revision: int
    version: str


class Misspellings:
    """What is listed in one open `archive.db`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def bring_up_to_date(self, lexicon: Lexicon, withdrawn: Collection[str]) -> None:
        """Checks what another lexicon, another run or a correction has made stale."""
        version = f"{spellcheck.VERSION} {lexicon.version} {wordforms.VERSION}"
        wanted = {
            ident: _State(testimony, run, revision, version)
            for ident, testimony, run, revision in self._db.execute(_WANTED_SQL)
            if lexicon.entries and testimony not in withdrawn
        }
        rows = self._db.execute("SELECT * FROM misspelt_checks")
        had = {ident: _State(*state) for ident, *state in rows}
        checks = Spellcheck(lexicon.entries)
        for ident in had.keys() | wanted.keys():
            if had.get(ident) != wanted.get(ident):
                self._replace(ident, wanted.get(ident), checks)

    def found(self) -> list[dict[str, Any]]:
        """Everything that is listed: testimony_id, part, path, segment_id, start_s and end_s of the
        line, what was heard, the spelling that it is like, and whether it is sure to be wrong."""
        return [dict(row) | {"sure": bool(row["sure"])} for row in self._db.query(_FOUND_SQL)]

    def _replace(self, recording_id: str, state: _State | None, checks: Spellcheck) -> None:
        for table in ("misspelt", "misspelt_checks"):
            self._db.table(table).delete_where("recording_id = ?", [recording_id])
        if state is None:
            return
        self._db.table("misspelt").insert_all(self._misspelt(recording_id, state, checks))
        row = {"recording_id": recording_id, **state._asdict()}
        self._db.table("misspelt_checks").insert(row)

    def _misspelt(
        self, recording_id: str, state: _State, checks: Spellcheck
    ) -> Iterator[dict[str, Any]]:
        lines = self._db.execute(_LINES_SQL, [state.run_id]).fetchall()
        for segment_id, start_s, end_s, text, language in lines:
            for one in checks.misspelt(text, language, state.testimony_id):
                yield {
                    "recording_id": recording_id,
                    "segment_id": segment_id,
                    "start_s": start_s,
                    "end_s": end_s,
                    "heard": one.heard,
                    "spelling": one.spelling,
                    "sure": int(one.sure),
                }
