"""A published database: made from nothing, or from the one before with only what has changed.

Readers have the old file until the new one takes its name in one rename; it is never written in
place. What was taken out is in no byte of the new file: see `_without_traces`.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from pipeline import counts, meaning, publictables, searchindex, terms, vectors, wholefile
from pipeline.publication import Entry
from pipeline.terms import Tables

# Raise the number when the tables change: what has another form is made from nothing, as what has
# another index is, because only the same words can be taken out of it again.
_FORM = zlib.crc32(f"8 {searchindex.VERSION}".encode()) >> 1  # SQLite keeps 31 bits for it


@dataclass(frozen=True)
class Lists:
    """What a database says beside its testimonies.

    `closed`: (id, title, reason, whom to ask) of those that may be known to exist; `gone`: the
    sealed addresses of those that were withdrawn, sorted; `quality`: rows of that table, how many
    of a machine's words are wrong in what is published.
    """

    closed: tuple[tuple[str, str, str | None, str | None], ...] = ()
    gone: tuple[str, ...] = ()
    quality: tuple[tuple[Any, ...], ...] = ()


@dataclass(frozen=True)
class Change:
    """Ids of the testimonies that a new edition has anew, and of those it no longer has."""

    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def bring_up_to_date(
    path: Path,
    wanted: Mapping[str, str],
    entry: Callable[[str], Entry],
    lists: Lists,
    vocabulary: Tables,
    *,
    read: meaning.Read | None = None,
    anew: bool = False,
) -> Change:
    """Makes the database at `path` hold the testimonies of `wanted`, id to fingerprint.

    `entry` is asked for those whose fingerprint is another than in the file, and `read`, where
    there is one, for the vectors of what they say. A missing, damaged or older file is made from
    nothing, as with `anew`; so is one with vectors where there is no `read`, and one without
    where there is. Raises OSError or sqlite3.Error, and then the old file is still there.
    """
    said = None if anew else _read(path, _form(read))
    old = said[0] if said else None
    if said == (wanted, lists, vocabulary.version):
        _discard_drafts(path)
        return Change()
    change = Change(
        tuple(ident for ident in wanted if (old or {}).get(ident) != wanted[ident]),
        tuple(ident for ident in old or {} if ident not in wanted),
    )
    try:
        new = _New(wanted, entry, lists, vocabulary, read)
        draft = _changed(path, old, new, change) if old is not None else None
        wholefile.put_in_place(draft or _made(path, new), path)
    finally:
        _discard_drafts(path)
    return change


def discard(path: Path) -> Change:
    """Removes a database that nobody needs any more."""
    there = known(path) | known(path, meanings=True)
    path.unlink(missing_ok=True)
    _discard_drafts(path)
    return Change(removed=tuple(there))


def known(path: Path, *, meanings: bool = False) -> dict[str, str]:
    """Fingerprints of the testimonies that a file holds in today's form; none where it does not.

    `meanings`: with the vectors of what was said.
    """
    said = _read(path, _form(meanings))
    return said[0] if said else {}


def _discard_drafts(path: Path) -> None:
    """Removes what a killed publication left beside the file: it may hold what is now closed."""
    for name in _drafts(path):
        for draft in (name, name.with_name(f"{name.name}-journal")):
            with suppress(FileNotFoundError, IsADirectoryError):
                draft.unlink()


def _form(meanings: object) -> int:
    """What `user_version` is in a file without, and with, the vectors of what was said."""
    return _FORM ^ zlib.crc32(meaning.MODEL.encode()) >> 1 if meanings else _FORM


@dataclass(frozen=True)
class _New:
    """What the next edition has to hold."""

    wanted: Mapping[str, str]
    entry: Callable[[str], Entry]
    lists: Lists
    vocabulary: Tables
    read: meaning.Read | None

    def add(self, db: Database, ident: str) -> None:
        entry = self.entry(ident)
        db.table("testimonies").insert({**entry.row, "fingerprint": self.wanted[ident]})
        for part in entry.parts:
            db.table("recordings").insert(part.row)
            db.table("segments").insert_all(part.segments)
            db.table("former_texts").insert_all(part.former)
            terms.put_in(db, self.vocabulary, part.row["id"])
            if self.read is not None:
                vectors.add(db, part.row["id"], self.read)
        counts.add(db, ident)


def _read(path: Path, form: int) -> tuple[dict[str, str], Lists, str] | None:
    """Fingerprints, lists and the vocabulary's version in the file; None where it cannot be built
    upon."""
    try:
        if not wholefile.has_all_pages(path):
            return None
        with _open(path, "mode=ro&immutable=1") as db:
            if db.execute("PRAGMA user_version").fetchone()[0] != form:
                return None
            found = dict(db.execute("SELECT id, fingerprint FROM testimonies").fetchall())
            closed = db.execute("SELECT id, title, reason, contact FROM closed ORDER BY id")
            gone = db.execute("SELECT address FROM gone ORDER BY address")
            quality = tuple(db.execute("SELECT * FROM quality ORDER BY id").fetchall())
            lists = Lists(tuple(closed.fetchall()), tuple(row[0] for row in gone), quality)
            return found, lists, terms.version(db) or ""
    except (OSError, sqlite3.Error):
        return None


def _made(path: Path, new: _New) -> Path:
    draft, _ = _drafts(path)
    draft.unlink(missing_ok=True)
    with _open(draft) as db:
        create_tables(db, meanings=new.read is not None)
        with db.atomic():
            terms.fill(db, new.vocabulary)
            for ident in new.wanted:
                new.add(db, ident)
            _write_lists(db, new.lists)
            searchindex.finish(db)
        db.analyze()
    return draft


def _changed(path: Path, old: Mapping[str, str], new: _New, change: Change) -> Path | None:
    """A copy of the file with the differences; None where the file turns out to be damaged."""
    draft, clean = _drafts(path)
    stale = [*change.removed, *(ident for ident in change.written if ident in old)]
    wholefile.copy(path, draft)
    try:
        with _open(draft) as db:
            with db.atomic():
                for ident in stale:
                    _remove(db, ident)
                reworded = terms.version(db) != new.vocabulary.version
                if reworded:
                    terms.fill(db, new.vocabulary)
                    terms.relink(db, new.vocabulary)
                    counts.recount_terms(db)
                for ident in change.written:
                    new.add(db, ident)
                forgotten = _write_lists(db, new.lists)
            if stale or forgotten or reworded:
                _without_traces(db, clean)
                return clean
    except sqlite3.Error:
        # Perhaps a full disk: then making it from nothing fails as well, and is reported.
        return None
    return draft


def _without_traces(db: Database, target: Path) -> None:
    """Writes all rows to `target`: pages of deleted rows stay behind, with what is left in them.

    Zeroing on deletion (`secure_delete`) would not do: a row that was moved between pages when
    they were balanced leaves a copy in the gap of a page that lives on.
    """
    target.unlink(missing_ok=True)
    with db.atomic():
        # The index keeps deleted words, marked as deleted, until its parts are merged.
        searchindex.finish(db)
    db.analyze()
    db.execute("VACUUM INTO ?", (str(target),))


def _remove(db: Database, ident: str) -> None:
    counts.remove(db, ident)
    for row in list(db.table("recordings").rows_where("testimony_id = ?", [ident], select="id")):
        terms.take_out(db, row["id"])
        vectors.remove(db, row["id"])
    for table in ("segments", "former_texts", "recordings"):
        db.table(table).delete_where("testimony_id = ?", [ident])
    db.table("testimonies").delete(ident)


def _write_lists(db: Database, lists: Lists) -> bool:
    """Writes them where they differ; True where something was in them before."""
    forgotten = False
    tables: dict[str, list[tuple[Any, ...]]] = {
        "closed": list(lists.closed),
        "gone": [(address,) for address in lists.gone],
        "quality": list(lists.quality),
    }
    for table, rows in tables.items():
        if db.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() == rows:
            continue
        forgotten |= db.execute(f"DELETE FROM {table}").rowcount > 0
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            db.conn.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
    return forgotten


def create_tables(db: Database, *, meanings: bool = False) -> None:
    """The empty tables of a published database, and its index.

    The vectors' tables are always there; `meanings` says that they are to be filled.
    """
    publictables.create(db)
    terms.create(db)
    counts.create(db)
    searchindex.create(db)
    vectors.create(db)
    db.execute(f"PRAGMA user_version = {_form(meanings)}")


@contextmanager
def _open(path: Path, how: str = "mode=rwc") -> Iterator[Database]:
    db = Database(sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True))
    try:
        # A draft that fails is thrown away: it needs no journal, and leaves none behind.
        db.execute("PRAGMA journal_mode = OFF").fetchone()
        db.execute("PRAGMA synchronous = OFF")
        yield db
    finally:
        db.close()


def _drafts(path: Path) -> tuple[Path, Path]:
    return path.with_name(f".{path.name}.new"), path.with_name(f".{path.name}.clean")
