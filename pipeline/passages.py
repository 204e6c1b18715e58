"""What `testimony search` searches: every passage that counts, also what is not published.

`passages` in `archive.db` has a copy of the text as it was indexed, so that it can be taken out
again whatever became of it; `indexed` says of which state of a recording it is. Quarantined
segments and withdrawn testimonies are not in it.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

from sqlite_utils import Database

from pipeline import searchindex, terms, vocabulary
from pipeline.errors import Problem
from pipeline.report import Progress
from pipeline.terms import Tables
from pipeline.transcript import PUBLIC_STATES

TABLE = "passages"
_WANTED_SQL = """
SELECT recordings.id, testimony_id, runs.id, revision, duration_s
FROM recordings JOIN runs ON runs.id = current_run_id
"""
_HAD_SQL = "SELECT recording_id, testimony_id, run_id, revision FROM indexed"
_COUNTS = f"""
segments.run_id = :run AND segments.state IN ({", ".join(f"'{state}'" for state in PUBLIC_STATES)})
"""
# Passages that nothing says any more, or not in these words; those that say what they said, but
# elsewhere; and segments that are not among the passages.
_GONE_SQL = f"""
SELECT passages.id FROM passages LEFT JOIN segments ON segments.id = passages.id AND {_COUNTS}
WHERE passages.recording_id = :recording
AND (segments.text IS NOT passages.text OR segments.language IS NOT passages.language)
"""
_MOVED_SQL = """
UPDATE passages SET testimony_id = :testimony, n = s.n, start_s = s.start_s, end_s = s.end_s
FROM segments AS s WHERE passages.recording_id = :recording AND s.id = passages.id
AND (passages.testimony_id, passages.n, passages.start_s, passages.end_s)
IS NOT (:testimony, s.n, s.start_s, s.end_s)
"""
_NEW_SQL = f"SELECT id FROM segments WHERE {_COUNTS} AND id NOT IN (SELECT id FROM passages)"
_COPY_SQL = f"""
INSERT INTO passages (id, testimony_id, recording_id, n, start_s, end_s, text, language)
SELECT id, :testimony, recording_id, n, start_s, end_s, text, language FROM segments
WHERE {_COUNTS} AND id NOT IN (SELECT id FROM passages)
"""
# From so many recordings on the index is put in order afterwards: one by one would cost more.
_MANY = 100


class _State(NamedTuple):
    testimony_id: str
    run_id: int
    revision: int


class Passages:
    """The index of one open `archive.db`, brought up to date."""

    def __init__(self, db: Database, root: Path) -> None:
        self._db, self._root = db, root

    def bring_up_to_date(
        self, withdrawn: Collection[str], progress: Progress
    ) -> tuple[Problem, ...]:
        """Everything that another version, another vocabulary or a change of the text made stale.

        Returns what is wrong with the vocabulary; it then stays as it was.
        """
        self._made_by_this_version()
        problems = self._read_vocabulary()
        wanted = {
            ident: (_State(testimony, run, revision), seconds)
            for ident, testimony, run, revision, seconds in self._db.execute(_WANTED_SQL)
            if testimony not in withdrawn
        }
        had = {row[0]: _State(*row[1:]) for row in self._db.execute(_HAD_SQL)}
        stale = [ident for ident in had if ident not in wanted]
        stale += [i for i, (state, _) in wanted.items() if had.get(i) != state]
        progress.begin("Indexing", sum(wanted[ident][1] for ident in stale if ident in wanted))
        for ident in stale:
            state, seconds = wanted.get(ident, (None, 0.0))
            with self._db.atomic():
                self._replace(ident, state)
            progress.advance(seconds)
        if len(stale) >= _MANY:
            with self._db.atomic():
                searchindex.finish(self._db)
        progress.end()
        return problems

    def take(self, recording_id: str) -> None:
        """Indexes one recording anew, inside a transaction, where there is an index of this
        version; where there is none, `bring_up_to_date` will make it."""
        if not self._is_of_this_version():
            return
        sql = f"{_WANTED_SQL} WHERE recordings.id = ?"
        sql += " AND testimony_id NOT IN (SELECT object FROM events WHERE type = 'withdrawal')"
        row = self._db.execute(sql, [recording_id]).fetchone()
        self._replace(recording_id, _State(*row[1:4]) if row else None)

    @property
    def tables(self) -> Tables:
        """The vocabulary as it is kept here."""
        return terms.kept(self._db)

    def _is_of_this_version(self) -> bool:
        there = self._db.table("versions").exists()
        return there and terms.version(self._db, terms.INDEX) == searchindex.VERSION

    def _made_by_this_version(self) -> None:
        if self._is_of_this_version():
            return
        with self._db.atomic():
            searchindex.drop(self._db)
            terms.drop(self._db)
            self._db.execute("DELETE FROM indexed")
            self._db.execute("DELETE FROM passages")
            terms.create(self._db, TABLE)
            searchindex.create(self._db)
            terms.set_version(self._db, searchindex.VERSION, terms.INDEX)

    def _read_vocabulary(self) -> tuple[Problem, ...]:
        version = vocabulary.version(self._root)
        if version == terms.version(self._db):
            return ()
        tables = terms.made(self._root, version)
        if not isinstance(tables, Tables):
            return tables
        with self._db.atomic():
            terms.fill(self._db, tables)
            terms.relink(self._db, tables, TABLE)
        return ()

    def _replace(self, recording_id: str, state: _State | None) -> None:
        """Takes out what a recording no longer says, and puts in what it says now.

        Most of its lines are as they were, and indexing is what takes long: they are left alone.
        """
        wanted = {
            "recording": recording_id,
            "run": None if state is None else state.run_id,
            "testimony": None if state is None else state.testimony_id,
        }
        gone = self._numbers(_GONE_SQL, wanted)
        if gone:
            terms.take_out(self._db, recording_id, TABLE, gone)
            self._db.conn.executemany("DELETE FROM passages WHERE id = ?", [(n,) for n in gone])
        self._db.execute(_MOVED_SQL, wanted)
        new = self._numbers(_NEW_SQL, wanted)
        if new:
            self._db.execute(_COPY_SQL, wanted)
            terms.put_in(self._db, self.tables, recording_id, TABLE, new)
        self._db.table("indexed").delete_where("recording_id = ?", [recording_id])
        if state is not None:
            row = {"recording_id": recording_id, **state._asdict()}
            self._db.table("indexed").insert(row)

    def _numbers(self, sql: str, wanted: dict[str, Any]) -> list[int]:
        return [row[0] for row in self._db.execute(sql, wanted)]
