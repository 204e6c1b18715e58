"""Makes a `public.db` of many segments: python bench/big_archive.py FOLDER SEGMENTS

Six languages in equal parts, words out of simplemma's dictionaries with the frequencies that
natural text has (Zipf's law), 300 segments to a recording and a testimony. Tables, index,
vocabulary and counts are made with the product's own code. Beyond a million segments the
recordings repeat, in new testimonies, so that ten million take minutes and not hours to make:
lists in the index grow as they would, the vocabulary does not. FOLDER becomes an
archive that `testimony serve` can serve.
"""

from __future__ import annotations

import json
import random
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from simplemma.strategies.dictionaries import TrieDictionaryFactory
from sqlite_utils import Database

from pipeline import counts, edition, searchindex, terms, vocabulary
from pipeline.columns import datasette_metadata
from pipeline.publication import DATABASE, FOLDER, MEDIA, METADATA
from pipeline.terms import Tables

LANGUAGES = ("lt", "lv", "et", "pl", "uk", "ro")
_SEED = 11
_FORMS = (
    35_000  # of each language: all that the analysis keeps in memory, so that making it is quick
)
_EXPONENT, _OFFSET = 1.05, 2.7
_SHORTEST, _LONGEST = 4, 22
_PER_RECORDING = 300
_DIFFERENT = 3336  # recordings, about a million segments; a multiple of the languages
# The words that a language repeats most; a dictionary's sample would not put them first.
_COMMONEST = {
    "lt": "ir aš į kad buvo su mes ne tai iš kaip jau bet mama namai duona",
    "lv": "un es ir ka bija ar mēs ne tas no kā jau bet mamma mājas maize",
    "et": "ja ma on et oli ka me ei see siis kui juba aga ema kodu leib",
    "pl": "i ja w że było z my nie to na jak już ale mama dom chleb",
    "uk": "і я в що було з ми не це на як вже але мама хата хліб",
    "ro": "și eu în că era cu noi nu asta pe cum deja dar mama casa pâine",
}

_REPEAT_LINKS_SQL = """
INSERT INTO segment_terms (segment_id, term_id)
SELECT segment_id + ?, term_id FROM segment_terms JOIN segments ON segments.id = segment_id
WHERE recording_id = ?
"""
_REPEAT_SQL = """
INSERT INTO segments (id, testimony_id, recording_id, n, start_s, end_s, text, language, state)
SELECT id + ?, ?, ?, n, start_s, end_s, text, language, state FROM segments
WHERE recording_id = ?
"""


def main(root: Path, segments: int, different: int = _DIFFERENT) -> None:
    folder = root / FOLDER
    (folder / MEDIA).mkdir(parents=True)
    (root / "config.yaml").write_text("title: Large archive\n", encoding="utf-8")
    metadata = json.dumps(datasette_metadata("Large archive"), ensure_ascii=False)
    (folder / METADATA).write_text(metadata, encoding="utf-8")
    db = Database(sqlite3.connect(folder / DATABASE))
    db.execute("PRAGMA synchronous = OFF")
    edition.create_tables(db)
    named = _vocabulary_of_the_repository()
    terms.fill(db, named)
    spoken = {language: Speech(language, n) for n, language in enumerate(LANGUAGES)}
    made: list[list[searchindex.Entry]] = []
    began = time.time()
    recordings = -(-segments // _PER_RECORDING)
    for n in range(recordings):
        if n < different:
            made.append(_insert(db, n, spoken[LANGUAGES[n % len(LANGUAGES)]]))
            terms.link(db, named, f"{n:016x}")
        else:
            _repeat(db, n, made[n % different], different)
        counts.add(db, f"t-{n}")
        db.conn.commit()
        if n % 333 == 332:
            print(f"{(n + 1) * _PER_RECORDING} segments, {time.time() - began:.0f} s", flush=True)
    searchindex.finish(db)
    db.analyze()
    db.conn.commit()
    print(f"{recordings * _PER_RECORDING} segments in {time.time() - began:.0f} s; {_sizes(db)}")
    db.close()


class Speech:
    """Sentences of one language, in which word number n occurs about 1/n as often as the first."""

    def __init__(self, language: str, n: int) -> None:
        self.language = language
        self._chance = np.random.default_rng(_SEED + n)
        self._words = np.array(_vocabulary(language), dtype=object)
        ranks = np.arange(1, len(self._words) + 1) + _OFFSET
        weights = ranks**-_EXPONENT
        self._up_to = np.cumsum(weights / weights.sum())

    def sentences(self, count: int) -> Iterator[str]:
        lengths = np.clip(self._chance.lognormal(2.4, 0.5, count).astype(int), 3, 40)
        picked = self._words[
            np.minimum(
                np.searchsorted(self._up_to, self._chance.random(lengths.sum())),
                len(self._words) - 1,
            )
        ]
        end = 0
        for length in lengths:
            start, end = end, end + length
            text = " ".join(picked[start:end])
            yield text[0].upper() + text[1:] + "."


def _vocabulary_of_the_repository() -> Tables:
    root = Path(__file__).parents[1]
    return Tables.made_of(vocabulary.load(root), vocabulary.version(root))


def _vocabulary(language: str) -> list[str]:
    dictionary = TrieDictionaryFactory().get_dictionary(language)
    forms = sorted(w for w in dictionary if _SHORTEST <= len(w) <= _LONGEST and w.isalpha())
    chosen = random.Random(_SEED).sample(forms, min(_FORMS, len(forms)))  # noqa: S311
    return [*_COMMONEST[language].split(), *(w.lower() for w in chosen)]


def _insert(db: Database, n: int, speech: Speech) -> list[searchindex.Entry]:
    """A new recording; returns what it is found by."""
    _insert_recording(db, n, speech.language)
    db.table("segments").insert_all(
        {"id": n * _PER_RECORDING + i, "testimony_id": f"t-{n}", "recording_id": f"{n:016x}",
         "n": i, "start_s": i, "end_s": i + 1, "text": text, "language": speech.language,
         "state": "ok"}
        for i, text in enumerate(speech.sentences(_PER_RECORDING), start=1)
    )  # fmt: skip
    indexed = list(searchindex.entries(db, f"{n:016x}"))
    searchindex.insert(db, indexed)
    return indexed


def _repeat(db: Database, n: int, made: list[searchindex.Entry], different: int) -> None:
    """The same words once more, in another testimony."""
    first = n % different
    _insert_recording(db, n, LANGUAGES[first % len(LANGUAGES)])
    further = (n - first) * _PER_RECORDING
    db.execute(_REPEAT_SQL, [further, f"t-{n}", f"{n:016x}", f"{first:016x}"])
    db.execute(_REPEAT_LINKS_SQL, [further, f"{first:016x}"])
    searchindex.insert(db, [(one[0] + further, *one[1:]) for one in made])


def _insert_recording(db: Database, n: int, language: str) -> None:
    testimony: dict[str, Any] = {"id": f"t-{n}", "title": f"Testimony {n}", "narrator": f"N {n}"}
    testimony |= {"place": f"Place {n % 500}", "recorded_on": str(1988 + n % 30), "duration_s": 1.0}
    db.table("testimonies").insert(testimony | {"languages_detected": json.dumps([language])})
    db.table("recordings").insert(
        {"id": f"{n:016x}", "testimony_id": f"t-{n}", "part": 1, "has_video": 0, "duration_s": 1.0}
    )


def _sizes(db: Database) -> str:
    (text_bytes,) = db.execute("SELECT sum(length(CAST(text AS BLOB))) FROM segments").fetchone()
    rows = db.execute(
        "SELECT CASE WHEN name LIKE 'segments_fts%' THEN 'index' WHEN name LIKE 'spellings%'"
        " THEN 'spellings' ELSE 'tables' END, sum(pgsize) FROM dbstat GROUP BY 1"
    )
    parts = ", ".join(f"{name} {size / text_bytes:.2f}" for name, size in rows.fetchall())
    return f"text {text_bytes / 1e6:.0f} MB; times the text: {parts}"


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), int(sys.argv[2]))
