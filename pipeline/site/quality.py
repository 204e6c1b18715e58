"""The page that says how good the transcripts are, from the published table `quality`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datasette.utils.asgi import Request, Response

from pipeline.site.readers import widest
from pipeline.site.render import page

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.database import Database

_OF_ALL_SQL = "SELECT * FROM quality WHERE testimony_id IS NULL ORDER BY heard DESC, language, id"
# What is said of the testimony itself, and of its languages in the whole archive.
_OF_ONE_SQL = """
SELECT * FROM quality WHERE drawn > 0 AND model IS NULL AND (testimony_id = :id OR
  testimony_id IS NULL AND language IN
    (SELECT language FROM testimony_languages WHERE testimony_id = :id))
ORDER BY testimony_id IS NULL, heard DESC, language
"""


@dataclass(frozen=True)
class Measured:
    """One row for a reader: of 100 words so many are wrong, and of 100 letters. None where too few
    lines were heard."""

    testimony_id: str | None
    language: str | None
    machine: str | None
    drawn: int
    heard: int
    words: tuple[int, int, int] | None  # about, from, to
    letters: tuple[int, int, int] | None


async def quality(datasette: Datasette, request: Request) -> Response:
    """How many words are wrong, by language and model, in plain words and in a table."""
    name = await widest(datasette, request.actor)
    rows = [dict(row) for row in await datasette.get_database(name).execute(_OF_ALL_SQL)]
    measured = [_measured(row) for row in rows if row["drawn"]]
    context: dict[str, Any] = {
        "database": name,
        "languages": [one for one in measured if one.machine is None],
        "models": [one for one in measured if one.machine is not None],
        "withheld": sum(row["not_published"] or 0 for row in rows),
        "missed_s": sum(row["missed_s"] or 0.0 for row in rows),
    }
    return await page(datasette, request, "archive/quality.html", context)


async def of_testimony(db: Database, ident: str) -> list[Measured]:
    """What is known of one testimony; of its languages in the whole archive where that is not."""
    rows = (dict(row) for row in await db.execute(_OF_ONE_SQL, {"id": ident}))
    found = [one for one in map(_measured, rows) if one.words]
    own = {one.language for one in found if one.testimony_id}
    return [one for one in found if one.testimony_id or one.language not in own]


def _measured(row: dict[str, Any]) -> Measured:
    machine = f"{row['engine']}, {row['model']}" if row["model"] else None
    return Measured(
        row["testimony_id"],
        row["language"],
        machine,
        row["drawn"],
        row["heard"],
        _of_100(row["wer"], row["wer_low"], row["wer_high"]),
        _of_100(row["cer"], row["cer_low"], row["cer_high"]),
    )


def _of_100(
    about: float | None, low: float | None, high: float | None
) -> tuple[int, int, int] | None:
    if about is None or low is None or high is None:
        return None
    return round(100 * about), round(100 * low), round(100 * high)
