"""A new publication is served from the next request on, without a restart."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datasette.database import Database

from pipeline.publication import DATABASES

if TYPE_CHECKING:
    from datasette.app import Datasette

PLUGIN = "testimony-archive"


def publication_folder(datasette: Datasette) -> Path | None:
    """The folder that is served, or None where Datasette runs without this archive's server."""
    config = datasette.plugin_config(PLUGIN) or {}
    return Path(config["publication"]) if "publication" in config else None


def by_meaning(datasette: Datasette) -> bool:
    """Whether passages near in meaning are offered under the hits."""
    return bool((datasette.plugin_config(PLUGIN) or {}).get("by_meaning"))


def follow_publications(datasette: Datasette) -> Callable[[Any], Any]:
    """ASGI middleware that notices when `publish` has put other databases in place."""

    def wrap(app: Any) -> Any:
        folder = publication_folder(datasette)
        if folder is None:
            return app
        opened = {path: _identity(path) for path in _databases(folder)}

        async def follow(scope: Any, receive: Any, send: Any) -> None:
            for path in opened:
                found = _identity(path)
                if found != opened[path]:
                    opened[path] = found
                    _reopen(datasette, path)
            await app(scope, receive, send)

        return follow

    return wrap


def _databases(folder: Path) -> list[Path]:
    return [folder / file for file in DATABASES.values()]


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _reopen(datasette: Datasette, path: Path) -> None:
    """The file as it is now, or no database any more where it is gone."""
    name = path.stem
    others = {known: db for known, db in datasette.databases.items() if known != name}
    if path.is_file():
        fresh = Database(datasette, path=str(path), is_mutable=False)
        fresh.name, fresh.route = name, name
        others[name] = fresh
    datasette.databases = others
    # Datasette keeps one connection for each thread and database name, so that only new threads
    # open the new file; the old ones finish what they are reading.
    old = datasette.executor
    datasette.executor = ThreadPoolExecutor(max_workers=datasette.setting("num_sql_threads"))
    old.shutdown(wait=False)
