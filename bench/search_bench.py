"""Asks the real site of a large archive: python -m bench.search_bench ARCHIVE

ARCHIVE is made by bench/big_archive.py. The site runs as `testimony serve` runs it and is asked
over HTTP: common, rare, phrase and two-word queries, each kind warmed up by other queries of its
kind, with one client; then 50 clients at once. Prints p50 and p95 of each, and errors.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from bench.results import save
from pipeline.publication import DATABASE, FOLDER

_SEED = 5
_WARM, _ASKED = 80, 100
_CLIENTS, _EACH = 50, 6
_TERMS = "CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, segments_fts, row)"
_WORD = "SELECT term FROM temp.terms WHERE substr(term, 1, 1) <> '_' AND length(term) > 2"
_COMMON_SQL = f"{_WORD} ORDER BY doc DESC LIMIT 200"
_RARE_SQL = f"{_WORD} AND doc BETWEEN 2 AND 40 LIMIT 40000"
_TEXT_SQL = "SELECT text FROM segments WHERE id = ?"


def main(archive: Path) -> None:
    queries = _queries(archive / FOLDER / DATABASE)
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "serve", "--port", str(port), "--archive", str(archive)],
        stdout=subprocess.DEVNULL,
    )
    try:
        figures = asyncio.run(_measure(f"http://127.0.0.1:{port}", queries))
    finally:
        server.terminate()
        server.wait()
    figures["load_average"] = [round(one, 1) for one in os.getloadavg()]
    for name, row in figures.items():
        print(name, row)
    save("search", figures)


def _queries(path: Path) -> dict[str, list[str]]:
    """Queries of each kind, with words of the archive itself; those that warm up come first."""
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    chance = random.Random(_SEED)  # noqa: S311
    connection.execute(_TERMS)
    common = [row[0] for row in connection.execute(_COMMON_SQL)]
    rare = [row[0] for row in connection.execute(_RARE_SQL)]
    (last,) = connection.execute("SELECT max(id) FROM segments").fetchone()
    phrases: list[str] = []
    pairs: list[str] = []
    while len(phrases) < _WARM + _ASKED:
        row = connection.execute(_TEXT_SQL, [chance.randint(1, last)]).fetchone()
        spoken = row[0].rstrip(".").split() if row else []
        if len(spoken) > 4:
            start = chance.randrange(len(spoken) - 2)
            phrases.append(f'"{" ".join(spoken[start : start + 2])}"')
            pairs.append(" ".join(chance.sample(spoken, 2)))
    connection.close()
    size = _WARM + _ASKED
    return {
        "common": chance.sample(common, size),
        "rare": chance.sample(rare, size),
        "phrase": phrases,
        "two words": pairs,
        "two common words": [" ".join(chance.sample(common, 2)) for _ in range(size)],
    }


async def _measure(site: str, queries: dict[str, list[str]]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    async with httpx.AsyncClient(base_url=site, timeout=120) as client:
        await until_it_answers(client)
        for kind, asked in queries.items():
            for query in asked[:_WARM]:
                await client.get("/search", params={"q": query})
            times = [await _ask(client, query) for query in asked[_WARM:]]
            figures[kind] = percentiles(times)
    everything = [query for asked in queries.values() for query in asked[_WARM:]]
    began = time.perf_counter()
    clients = (_client(site, everything, n) for n in range(_CLIENTS))
    times = [one for of_client in await asyncio.gather(*clients) for one in of_client]
    figures[f"{_CLIENTS} clients"] = percentiles(times) | {
        "a second": round(len(times) / (time.perf_counter() - began), 1)
    }
    return figures


async def _client(site: str, queries: list[str], n: int) -> list[float | None]:
    chance = random.Random(n)  # noqa: S311
    async with httpx.AsyncClient(base_url=site, timeout=120) as client:
        return [await _ask(client, chance.choice(queries)) for _ in range(_EACH)]


async def _ask(client: httpx.AsyncClient, query: str) -> float | None:
    """Seconds until the whole page was there; None where the answer was not a page of hits."""
    began = time.perf_counter()
    try:
        response = await client.get("/search", params={"q": query})
    except httpx.HTTPError:
        return None
    return time.perf_counter() - began if response.status_code == 200 else None


async def until_it_answers(client: httpx.AsyncClient) -> None:
    for _ in range(3000):  # Datasette reads the whole file once when it starts
        try:
            await client.get("/search", params={"q": "mama"})
        except httpx.HTTPError:
            await asyncio.sleep(0.1)
        else:
            return
    sys.exit("The site did not start.")


def percentiles(times: list[float | None]) -> dict[str, float]:
    good = sorted(one for one in times if one is not None)
    if not good:
        return {"errors": len(times)}
    half, most = good[len(good) // 2], good[len(good) * 95 // 100]
    return {
        "p50_ms": round(half * 1000, 1),
        "p95_ms": round(most * 1000, 1),
        "errors": len(times) - len(good),
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
