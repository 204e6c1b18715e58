"""Asks a real `public.db` every query of a set: python bench/search_run.py SET_DIR OUT.tsv

SET_DIR holds LANG.docs.jsonl (id, text), LANG.queries.jsonl and LANG.names.jsonl (qid, and
queries by variant). Each language becomes one testimony, each document one segment. OUT.tsv gets
qid, variant and document id, best first. What it took is printed.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from pipeline import edition, searchindex
from pipeline.errors import QueryError
from pipeline.letters import words
from pipeline.ranking import MOST
from pipeline.search import find

Row = dict[str, Any]


def main(folder: Path, out: Path) -> None:
    languages = sorted(path.name.split(".")[0] for path in folder.glob("*.docs.jsonl"))
    docs = {language: list(read(folder / f"{language}.docs.jsonl")) for language in languages}
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "public.db"
        names = build(path, docs)
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        with out.open("w", encoding="utf-8") as file:
            file.writelines(ask(connection, folder, languages, names))
        connection.close()


def build(path: Path, docs: dict[str, list[Row]]) -> dict[int, str]:
    """Makes the database with the product's own code; returns the documents by segment."""
    db = Database(sqlite3.connect(path))
    edition.create_tables(db)
    names: dict[int, str] = {}
    n_words, seconds, text_bytes = 0, 0.0, 0
    for language, rows in docs.items():
        db.table("testimonies").insert({"id": language, "title": language})
        db.table("recordings").insert({"id": language, "testimony_id": language, "part": 1})
        segments = []
        for n, row in enumerate(rows, start=1):
            ident = len(names) + 1
            names[ident] = row["id"]
            segments.append(
                {"id": ident, "testimony_id": language, "recording_id": language, "n": n,
                 "start_s": n, "end_s": n + 1, "text": row["text"], "language": language,
                 "state": "ok"}
            )  # fmt: skip
            n_words += len(words(row["text"]))
            text_bytes += len(row["text"].encode())
        db.table("segments").insert_all(segments)
        began = time.process_time()
        searchindex.add(db, language)
        seconds += time.process_time() - began
    searchindex.finish(db)
    db.conn.commit()
    sizes = dict(
        db.execute(
            "SELECT CASE WHEN name LIKE 'segments_fts%' THEN 'fts' WHEN name LIKE 'spellings%'"
            " THEN 'spellings' ELSE 'tables' END, sum(pgsize) FROM dbstat GROUP BY 1"
        ).fetchall()
    )
    db.close()
    index = sizes["fts"] + sizes["spellings"]
    print(f"{n_words} words indexed, {n_words / seconds:.0f} a second of processor time;")
    print(f"index {index / text_bytes:.2f} times the text ({sizes}, text {text_bytes})")
    return names


def ask(
    connection: sqlite3.Connection, folder: Path, languages: list[str], names: dict[int, str]
) -> Iterator[str]:
    times = []
    for language in languages:
        for kind in ("queries", "names"):
            path = folder / f"{language}.{kind}.jsonl"
            for row in read(path) if path.is_file() else ():
                for variant, typed in row["queries"].items():
                    began = time.perf_counter()
                    try:
                        hits = find(connection, typed, language, limit=MOST).hits
                    except QueryError as error:
                        print(f"{row['qid']} {variant}: {error}")
                        hits = ()
                    times.append(time.perf_counter() - began)
                    for hit in hits:
                        yield f"{row['qid']}\t{variant}\t{names[hit.segment_id]}\n"
    times.sort()
    if times:
        half, most = times[len(times) // 2], times[len(times) * 95 // 100]
        print(f"{len(times)} queries: p50 {half * 1000:.1f} ms, p95 {most * 1000:.1f} ms")


def read(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
