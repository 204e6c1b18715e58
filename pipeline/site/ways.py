"""The ways into an archive: how much there is by language, by what is named, by where it was
recorded, by decade of birth and by collection. Counted once for each publication, and kept as long
as it is served."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from pipeline.letters import plain
from pipeline.site.words import SOURCE

if TYPE_CHECKING:
    from datasette.database import Database

_TOTALS_SQL = "SELECT count(*), coalesce(sum(duration_s), 0) FROM testimonies"
_LANGUAGES_SQL = """
SELECT language, count(*), sum(duration_s) FROM testimony_languages
GROUP BY language ORDER BY 3 DESC, 1
"""
_NAMED_SQL = """
SELECT id, kind, feature, dates, lat, lon, testimonies, segments FROM terms JOIN (
  SELECT term_id, count(*) AS testimonies, sum(segments) AS segments
  FROM testimony_terms GROUP BY term_id
) ON term_id = id ORDER BY testimonies DESC, segments DESC, id
"""
_PLACES_SQL = "SELECT id, feature, lat, lon FROM terms WHERE lat IS NOT NULL ORDER BY id"
_RECORDED_SQL = (
    "SELECT place, count(*) FROM testimonies WHERE place IS NOT NULL GROUP BY 1 ORDER BY 1"
)
_PLACE_NAMES_SQL = """
SELECT DISTINCT label, term_id FROM term_labels JOIN terms ON terms.id = term_id
WHERE lat IS NOT NULL AND NOT former
"""
_DECADES_SQL = """
SELECT narrator_born / 10 * 10, count(*) FROM testimonies
WHERE narrator_born IS NOT NULL GROUP BY 1 ORDER BY 1
"""
_COLLECTIONS_SQL = """
SELECT collection, count(*) FROM testimonies
WHERE collection IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1
"""
_LABELS_SQL = "SELECT term_id, label FROM term_labels WHERE language = ? AND n = 0 AND former = 0"


@dataclass(frozen=True)
class Spoken:
    """A language, in how many testimonies it is spoken, and how long."""

    language: str
    testimonies: int
    duration_s: float


@dataclass(frozen=True)
class Named:
    """A term or place, and how many testimonies and segments name it; `dates` are EDTF."""

    id: str
    kind: str
    feature: str | None
    dates: str | None
    lat: float | None
    lon: float | None
    testimonies: int
    segments: int


@dataclass(frozen=True)
class Spot:
    """A place of the gazetteer, named or not; degrees."""

    id: str
    feature: str
    lat: float
    lon: float


@dataclass(frozen=True)
class Recorded:
    """A place of the gazetteer in which testimonies say that they were recorded, and how they
    spell it: that says nothing of what they tell of."""

    id: str
    testimonies: int
    spelled: tuple[str, ...]


@dataclass(frozen=True)
class Ways:
    """What there is, most first; decades (the year each begins with) in order of time."""

    testimonies: int
    duration_s: float
    languages: tuple[Spoken, ...]
    named: tuple[Named, ...]
    gazetteer: tuple[Spot, ...]
    recorded: tuple[Recorded, ...]
    decades: tuple[tuple[int, int], ...]
    collections: tuple[tuple[str, int], ...]
    closed: int

    @property
    def places(self) -> list[Named]:
        return [one for one in self.named if one.lat is not None]

    @property
    def events(self) -> list[Named]:
        return [one for one in self.named if one.kind == "event"]


@dataclass
class _Kept:
    ways: Ways | None = None
    labels: dict[str, dict[str, str]] = field(default_factory=dict)


# A new publication is another Database object (site/live.py), so that nothing here can be stale.
_KEPT: WeakKeyDictionary[Database, _Kept] = WeakKeyDictionary()


async def ways(db: Database) -> Ways:
    """What a database of the site has."""
    kept = _KEPT.setdefault(db, _Kept())
    if kept.ways is None:
        kept.ways = await db.execute_fn(read)
    return kept.ways


async def labels(db: Database, language: str) -> dict[str, str]:
    """The shown name of every term and place in a language, or in English where it has none."""
    kept = _KEPT.setdefault(db, _Kept()).labels
    if language not in kept:
        kept[language] = await db.execute_fn(lambda connection: _labels(connection, language))
    return kept[language]


def read(connection: sqlite3.Connection) -> Ways:
    """Adds up what `publish` counted."""
    testimonies, duration_s = connection.execute(_TOTALS_SQL).fetchone()
    return Ways(
        testimonies,
        duration_s,
        tuple(Spoken(*row) for row in connection.execute(_LANGUAGES_SQL)),
        tuple(Named(*row) for row in connection.execute(_NAMED_SQL)),
        tuple(Spot(*row) for row in connection.execute(_PLACES_SQL)),
        _recorded(connection),
        tuple(connection.execute(_DECADES_SQL).fetchall()),
        tuple(connection.execute(_COLLECTIONS_SQL).fetchall()),
        connection.execute("SELECT count(*) FROM closed").fetchone()[0],
    )


def _recorded(connection: sqlite3.Connection) -> tuple[Recorded, ...]:
    """Where testimonies were recorded, most first, as far as the gazetteer knows the name.

    What follows a comma tells only where the place is; a name of several places is none of them.
    """
    called: dict[str, set[str]] = {}
    for label, ident in connection.execute(_PLACE_NAMES_SQL):
        called.setdefault(plain(label), set()).add(ident)
    counts: Counter[str] = Counter()
    spelled: dict[str, list[str]] = {}
    for place, testimonies in connection.execute(_RECORDED_SQL):
        meant = called.get(plain(place)) or called.get(plain(place.partition(",")[0].strip()))
        if meant and len(meant) == 1:
            (ident,) = meant
            counts[ident] += testimonies
            spelled.setdefault(ident, []).append(place)
    ranked = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return tuple(Recorded(ident, count, tuple(spelled[ident])) for ident, count in ranked)


def _labels(connection: sqlite3.Connection, language: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in (SOURCE, language):
        found |= dict(connection.execute(_LABELS_SQL, [one]).fetchall())
    return found
