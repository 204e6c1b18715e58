"""A file imports only from lower lines of docs/architecture.md."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pipeline

ROOT = Path(pipeline.__file__).parent
LAYERS = {
    0: {"clock", "errors", "site.document"},
    1: {"citation", "cuefile", "dates", "estimate", "given", "labels", "letters"}
    | {"licence", "lock", "memory", "passage", "report", "sound", "transcript", "xmlfile"}
    | {"yamlfile"},
    2: {"config", "given.speakers", "given.xmlread", "query", "recording", "retiming"}
    | {"spool", "spreadsheet", "suggest", "wordrules", "yamledit"},
    3: {"audio", "given.captions", "given.plain", "given.tei", "languages", "masters"}
    | {"placing", "publication", "quality", "review", "scoring", "testimony", "windows"}
    | {"wordforms"},
    4: {"alignment", "captions", "consent", "corrections", "engines", "engines.models"}
    | {"fields", "given.ohms", "listening", "meaning", "searchindex", "vocabulary"}
    | {"withdrawn", "site.words"},
    5: {"describe", "draft", "engines.checkpoint", "engines.fake", "engines.faster"}
    | {"engines.speech", "expression", "given.read", "iiif", "lexicon", "linker", "ohms"}
    | {"schema", "spoken", "tei", "timing", "site.licences", "site.reasons"},
    6: {"counts", "engines.openai", "formats", "marking", "spellcheck", "terms"}
    | {"site.accounts", "site.linked", "site.live", "site.readers", "site.render"}
    | {"site.ways"},
    7: {"edition", "engines.choose", "lines", "lookup", "misspellings", "passages"}
    | {"samples", "site.guard", "site.listing", "site.machines", "site.media"}
    | {"site.plots", "site.published", "site.quoting", "site.refusals", "site.review"}
    | {"site.sharing"},
    8: {"archive", "search", "site.clips", "site.downloads", "site.quote", "site.sheet"},
    9: {"backup", "confirm", "desk", "entries", "exports", "facets", "ingest", "log"}
    | {"scaffold", "sidecarsheet", "steps", "terminal", "site.about", "site.iiif"}
    | {"site.lesson", "site.oembed", "site.quality"},
    10: {"accept", "accuracy", "comparison", "editing", "holdings", "listen", "newcomer"}
    | {"results", "workers"},
    11: {"bag", "cluster", "conduct", "intake", "listener", "plain", "publish", "status"}
    | {"verify", "site.searching"},
    12: {"evaluate", "package", "run", "withdraw", "site.app", "site.found", "site.home"}
    | {"site.testimony"},
    13: {"cli", "site"},
    14: {"__main__"},
}


@cache
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
