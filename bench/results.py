"""`bench/results.json`: a section for each program of `make bench`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "results.json"


def save(section: str, document: dict[str, Any]) -> None:
    """Puts a section in place of the one that is there."""
    known = json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {}
    known[section] = document
    FILE.write_text(json.dumps(known, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
