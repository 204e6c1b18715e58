"""Which of the published databases a reader may see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.config import Channel
from pipeline.publication import DATABASES

if TYPE_CHECKING:
    from datasette.app import Datasette


async def channels(datasette: Datasette, actor: Any) -> list[Channel]:
    """The channels open to this reader, each with all that the one before it has.

    Empty where nothing is published.
    """
    found: list[Channel] = []
    for channel, file in DATABASES.items():
        name = file.removesuffix(".db")
        if name in datasette.databases and await datasette.permission_allowed(
            actor, "view-database", name, default=True
        ):
            found.append(channel)
    return found


async def widest(datasette: Datasette, actor: Any) -> str:
    """The name of the database that has all that this reader may see."""
    seen = await channels(datasette, actor)
    return DATABASES[seen[-1] if seen else "public"].removesuffix(".db")
