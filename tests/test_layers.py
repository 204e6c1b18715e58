"""A file imports only from lower lines of docs/architecture.md."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pipeline
from tests.conftest import REPOSITORY

ROOT = Path(pipeline.__file__).parent
DOCUMENT = REPOSITORY / "docs" / "architecture.md"
LAYERS = {
    0: {"clock", "errors", "site.document"},
    1: {"cited", "cuefile", "database", "dates", "deadline", "estimate", "events", "given"}
    | {"labels", "letters", "licence", "lock", "memory", "passage", "processor", "publictables"}
    | {"report", "room", "sound", "transcript", "wholefile", "xmlfile", "yamlfile"},
    2: {"citation", "config", "given.speakers", "given.xmlread", "query", "recording"}
    | {"polish", "references", "retiming", "spool", "spreadsheet", "suggest", "wordrules"}
    | {"yamledit"},
    3: {"attempts", "audio", "columns", "given.captions", "given.plain", "given.tei"}
    | {"languages", "masters", "placing", "publication", "quality", "review", "scoring"}
    | {"testimony", "windows", "wordforms"},
    4: {"alignment", "captions", "consent", "corrections", "engines", "engines.models"}
    | {"fields", "given.ohms", "listening", "meaning", "register", "searchindex"}
    | {"vocabulary", "withdrawn", "site.words"},
    5: {"describe", "draft", "engines.checkpoint", "engines.fake", "engines.faster"}
    | {"engines.speech", "expression", "given.read", "iiif", "lexicon", "linker", "ohms"}
    | {"schema", "spoken", "tei", "timing", "vectors", "site.licences", "site.reasons"},
    6: {"counts", "engines.openai", "formats", "marking", "spellcheck", "terms"}
    | {"site.accounts", "site.linked", "site.live", "site.readers", "site.render"}
    | {"site.ways"},
    7: {"edition", "engines.choose", "hits", "lines", "lookup", "misspellings", "passages"}
    | {"samples", "site.guard", "site.listing", "site.machines", "site.media", "site.plots"}
    | {"site.published", "site.quoting", "site.refusals", "site.review", "site.sharing"},
    8: {"archive", "asked", "scope", "site.clips", "site.downloads", "site.quote"} | {"site.sheet"},
    9: {"backup", "confirm", "desk", "entries", "exports", "facets", "ingest", "log", "near"}
    | {"ranking", "scaffold", "sidecarsheet", "steps", "terminal", "site.about", "site.iiif"}
    | {"site.lesson", "site.oembed", "site.quality"},
    10: {"accept", "accuracy", "comparison", "editing", "holdings", "listen", "newcomer"}
    | {"search", "workers", "cli.session"},
    11: {"bag", "cluster", "conduct", "intake", "listener", "plain", "publish", "results"}
    | {"status", "verify", "cli.command", "cli.options"},
    12: {"evaluate", "package", "run", "withdraw", "site.app", "site.home", "site.searching"},
    13: {"cli.correcting", "cli.handing_on", "cli.looking_after", "cli.publishing"}
    | {"cli.sampling", "cli.taking_in", "cli.transcribing", "site.found", "site.testimony"},
    14: {"cli", "site"},
    15: {"__main__"},
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


def layers_told() -> dict[int, set[str]]:
    """The list of docs/architecture.md: `site (a, b)` is site.a and site.b."""
    text = DOCUMENT.read_text(encoding="utf-8").partition("## Layers")[2].split("```")[1]
    told: dict[int, set[str]] = {}
    for number, names in re.findall(r"^ ?(\d+) (.*(?:\n   .*)*)", text, re.MULTILINE):
        listed = told.setdefault(int(number), set())
        for name, inside in re.findall(r"([\w./]+)(?: \(([^)]*)\))?", " ".join(names.split())):
            parts = [f"{name}.{one}" for one in inside.split(", ")] if inside else [name]
            listed |= {part.replace("/", ".").removesuffix(".__init__") for part in parts}
    return told


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


def test_the_document_tells_the_same_layers() -> None:
    entry_point = max(LAYERS)
    assert layers_told() == {n: names for n, names in LAYERS.items() if n != entry_point}


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
