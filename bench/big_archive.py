"""Makes a `public.db` of many segments: python bench/big_archive.py FOLDER SEGMENTS

Six languages in equal parts, words out of simplemma's dictionaries with the frequencies that
natural text has (Zipf's law), 300 segments to a recording and a testimony. Tables and index are
made with the product's own code. FOLDER becomes an archive that `testimony serve` can serve.
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

from pipeline import publish, searchindex
from pipeline.letters import words
from pipeline.publication import DATABASE, FOLDER, MEDIA, METADATA, datasette_metadata

LANGUAGES = ("lt", "lv", "et", "pl", "uk", "ro")
_SEED = 11
_FORMS = (
    35_000  # of each language: all that the analysis keeps in memory, so that making it is quick
)
_EXPONENT, _OFFSET = 1.05, 2.7
_SHORTEST, _LONGEST = 4, 22
_PER_RECORDING = 300
# The words that a language repeats most; a dictionary's sample would not put them first.
_COMMONEST = {
    "lt": "ir aš į kad buvo su mes ne tai iš kaip jau bet mama namai duona",
    "lv": "un es ir ka bija ar mēs ne tas no kā jau bet mamma mājas maize",
    "et": "ja ma on et oli ka me ei see siis kui juba aga ema kodu leib",
    "pl": "i ja w że było z my nie to na jak już ale mama dom chleb",
    "uk": "і я в що було з ми не це на як вже але мама хата хліб",
    "ro": "și eu în că era cu noi nu asta pe cum deja dar mama casa pâine",
}


def main(root: Path, segments: int) -> None:
    folder = root / FOLDER
    (folder / MEDIA).mkdir(parents=True)
    (root / "config.yaml").write_text("title: Large archive\n", encoding="utf-8")
    metadata = json.dumps(datasette_metadata("Large archive"), ensure_ascii=False)
    (folder / METADATA).write_text(metadata, encoding="utf-8")
    db = Database(sqlite3.connect(folder / DATABASE))
    db.execute("PRAGMA synchronous = OFF")
    publish.create_tables(db)
    spoken = {language: Speech(language, n) for n, language in enumerate(LANGUAGES)}
    began, n_words, text_bytes = time.time(), 0, 0
    for n in range(-(-segments // _PER_RECORDING)):
        language = LANGUAGES[n % len(LANGUAGES)]
        first = n * _PER_RECORDING
        size = min(_PER_RECORDING, segments - first)
        texts = list(spoken[language].sentences(size))
        _insert(db, n, language, first, texts)
        n_words += sum(len(words(text)) for text in texts[:10]) * size // 10
        text_bytes += sum(len(text.encode()) for text in texts)
        if n % 300 == 299:
            rate = n_words / (time.time() - began)
            print(f"{first + size} segments, {rate:.0f} words a second", flush=True)
    searchindex.finish(db)
    db.analyze()
    db.conn.commit()
    print(f"{segments} segments in {time.time() - began:.0f} s; {_sizes(db, text_bytes)}")
    db.close()


class Speech:
    """Sentences of one language, in which word number n occurs about 1/n as often as the first."""

    def __init__(self, language: str, n: int) -> None:
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


def _vocabulary(language: str) -> list[str]:
    dictionary = TrieDictionaryFactory().get_dictionary(language)
    forms = sorted(w for w in dictionary if _SHORTEST <= len(w) <= _LONGEST and w.isalpha())
    chosen = random.Random(_SEED).sample(forms, min(_FORMS, len(forms)))  # noqa: S311
    return [*_COMMONEST[language].split(), *(w.lower() for w in chosen)]


def _insert(db: Database, n: int, language: str, first: int, texts: list[str]) -> None:
    name = f"{n:016x}"
    testimony: dict[str, Any] = {"id": f"t-{n}", "title": f"Testimony {n}", "narrator": f"N {n}"}
    testimony |= {"place": f"Place {n % 500}", "recorded_on": str(1988 + n % 30), "duration_s": 1.0}
    db.table("testimonies").insert(testimony | {"languages_detected": json.dumps([language])})
    db.table("recordings").insert(
        {"id": name, "testimony_id": f"t-{n}", "part": 1, "has_video": 0, "duration_s": 1.0}
    )
    db.table("segments").insert_all(
        {"id": first + i, "testimony_id": f"t-{n}", "recording_id": name, "n": i, "start_s": i,
         "end_s": i + 1, "text": text, "language": language, "state": "ok"}
        for i, text in enumerate(texts, start=1)
    )  # fmt: skip
    searchindex.add(db, name)
    db.conn.commit()


def _sizes(db: Database, text_bytes: int) -> str:
    rows = db.execute(
        "SELECT CASE WHEN name LIKE 'segments_fts%' THEN 'index' WHEN name LIKE 'vocabulary%'"
        " THEN 'vocabulary' ELSE 'tables' END, sum(pgsize) FROM dbstat GROUP BY 1"
    )
    parts = ", ".join(f"{name} {size / text_bytes:.2f}" for name, size in rows.fetchall())
    return f"text {text_bytes / 1e6:.0f} MB; times the text: {parts}"


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), int(sys.argv[2]))
