"""Datasette on one archive's `publication/`, as `testimony serve` runs it."""

from __future__ import annotations

import gc
import json
import logging
import socket
import threading
from pathlib import Path
from typing import Any

import uvicorn
from datasette.app import Datasette

from pipeline import config, meaning, wordforms
from pipeline.errors import UsageError
from pipeline.publication import DATABASE, DATABASES, FOLDER, METADATA
from pipeline.review import Desk
from pipeline.site import accounts, clips, review
from pipeline.site.clips import Cut
from pipeline.site.live import PLUGIN

_LOG = logging.getLogger(__name__)
_SETTINGS = {
    "sql_time_limit_ms": 2000,
    "max_returned_rows": 1000,
    "default_page_size": 50,
    "num_sql_threads": 4,
    "facet_time_limit_ms": 200,
    "max_csv_mb": 20,
    "allow_signed_tokens": False,
}


def build(root: Path, cut: Cut | None = None, desk: Desk | None = None) -> Datasette:
    """The site over `root`'s publication; of its files only clips are written, by `cut`.

    Without `cut` a quote plays its passage of the whole recording; without `desk` there is no
    `/review`.
    """
    # Only once datasette.app is there: imported first, it would lose its own plugins.
    from datasette import handle_exception

    # Where rich is installed, Datasette prints every local variable of an exception.
    handle_exception.rich = None
    folder = root / FOLDER
    database = folder / DATABASE
    if not database.is_file():
        raise UsageError(database, "nothing is published yet.", "Run: testimony run")
    found = [folder / file for file in DATABASES.values() if (folder / file).is_file()]
    site = Datasette(
        [],
        immutables=[str(path.resolve()) for path in found],
        metadata=_metadata(root, folder),
        settings=_SETTINGS,
    )
    if cut is not None:
        clips.install(site, cut)
    if desk is not None:
        # Read anew for each request: who is struck off can do nothing at once.
        review.install(site, desk, lambda: accounts.read(root, "reviewers"))
    return site


def _metadata(root: Path, folder: Path) -> dict[str, Any]:
    """What `publish` wrote, with who may log in; a name that was struck off may nothing at once."""
    known, reviewers = accounts.read(root, "researchers"), accounts.read(root, "reviewers")
    metadata: dict[str, Any] = json.loads((folder / METADATA).read_text(encoding="utf-8"))
    metadata["plugins"] = {
        PLUGIN: {"publication": str(folder.resolve()), "by_meaning": _by_meaning(root)},
        "datasette-auth-passwords": accounts.plugin_settings(known, reviewers),
    }
    only = {"allow": {"id": sorted(known)}, "allow_sql": {"id": sorted(known)}}
    metadata["databases"]["researchers"] |= only
    return metadata


def _by_meaning(root: Path) -> bool:
    """Whether passages near in meaning are to be offered; the log says where they cannot be."""
    wanted = config.load(root).search_by_meaning
    if wanted and (error := meaning.missing()):
        _LOG.warning("%s", error)
        return False
    return wanted


def must_be_free(host: str, port: int) -> None:
    """Says so now, in a sentence, where another program already answers there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UsageError(
                f"{host}:{port}",
                f"cannot be used ({error.strerror}).",
                "Stop the other program, or choose another: --port 8002",
            ) from error


def serve(site: Datasette, host: str, port: int) -> None:
    """Serves until it is stopped."""
    # Beside it, because on a machine's first day the dictionaries take a quarter of a minute.
    threading.Thread(target=settle, daemon=True).start()
    uvicorn.run(site.app(), host=host, port=port, log_level="warning", lifespan="on")


def settle() -> None:
    """Loads what searches need, so that no reader waits for it, and puts away what is to stay.

    A long page makes so many objects that Python looks through all there are for garbage, again
    and again: through every module and dictionary that took longer than the page itself.
    """
    wordforms.load(wordforms.LANGUAGES)
    gc.collect()
    gc.freeze()
