"""A file imports only from lower lines of docs/architecture.md."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pipeline

ROOT = Path(pipeline.__file__).parent
LAYERS = {
    0: {"errors", "clock", "site.document"},
    1: {"sound", "yamlfile", "transcript", "report", "lock", "memory", "letters", "cuefile"}
    | {"citation", "passage"},
    2: {"config", "recording", "spool", "wordrules", "query", "suggest", "retiming"},
    3: {"testimony", "audio", "masters", "languages", "windows", "publication"}
    | {"quality", "scoring", "wordforms", "placing"},
    4: {"engines", "engines.models", "consent", "withdrawn", "searchindex", "vocabulary"}
    | {"meaning", "site.words", "captions", "corrections"},
    5: {"engines.speech", "engines.fake", "engines.checkpoint", "engines.faster"}
    | {"schema", "expression", "linker", "site.licences", "draft"},
    6: {
        "engines.openai",
        "terms",
        "marking",
        "site.accounts",
        "site.live",
        "site.readers",
        "site.render",
    }
    | {"site.linked", "site.published", "counts", "site.ways"},
    7: {"engines.choose", "passages", "edition", "lookup", "site.guard", "site.media"}
    | {"site.quoting", "site.downloads", "site.plots", "site.machines", "site.refusals"}
    | {"site.sharing", "site.listing", "lines"},
    8: {"archive", "search", "site.clips", "site.quote", "site.sheet"},
    9: {"entries", "steps", "ingest", "scaffold", "terminal", "log", "backup", "facets"}
    | {"site.lesson", "site.oembed", "site.about", "exports"},
    10: {"listen", "workers", "holdings", "results", "editing", "accept", "comparison"},
    11: {"publish", "status", "verify", "bag", "plain", "conduct", "cluster", "site.searching"},
    12: {"evaluate", "withdraw", "run", "site.app", "site.home", "site.found", "site.testimony"},
    13: {"cli", "site"},
    14: {"__main__"},
}


def modules() -> dict[str, Path]:
    found = {}
    for path in ROOT.rglob("*.py"):
        parts = list(path.relative_to(ROOT).with_suffix("").parts)
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if name:
            found[name] = path
    return found


def imports(path: Path) -> set[str]:
    """Modules of this package that a file imports, at the top or inside a function."""
    named = set()
    known = modules()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pipeline"):
            base = (node.module or "").removeprefix("pipeline").strip(".")
            for alias in node.names:
                deeper = f"{base}.{alias.name}".strip(".")
                named.add(deeper if deeper in known else base)
        elif isinstance(node, ast.Import):
            named |= {a.name.removeprefix("pipeline.") for a in node.names if "pipeline." in a.name}
    return named - {""}


def test_every_module_has_a_layer() -> None:
    assert set(modules()) == set().union(*LAYERS.values())


def test_imports_only_go_down() -> None:
    layer = {name: number for number, names in LAYERS.items() for name in names}
    upward = {
        (name, imported)
        for name, path in modules().items()
        for imported in imports(path)
        if layer[imported] >= layer[name]
    }
    assert upward == set()


def test_importing_the_site_loads_no_engine_and_no_sound() -> None:
    code = (
        "import sys, pipeline.site, pipeline.site.app, pipeline.search;"
        "heavy = {'torch', 'whisper', 'faster_whisper', 'ctranslate2', 'av', 'ffmpeg',"
        " 'pipeline.audio', 'pipeline.engines'};"
        "sys.exit(' '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")


def test_only_audio_runs_ffmpeg() -> None:
    users = {
        name
        for name, path in modules().items()
        if any(word in path.read_text(encoding="utf-8") for word in ("import ffmpeg", "subprocess"))
    }
    assert users == {"audio"}


def test_only_archive_and_edition_open_sqlite_for_writing() -> None:
    users = {
        name
        for name, path in modules().items()
        if "Database(sqlite3.connect" in path.read_text(encoding="utf-8")
    }
    assert users == {"archive", "edition"}
