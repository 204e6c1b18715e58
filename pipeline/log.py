"""What happens, one JSON object a line on stderr: for programs that watch (`--log-format json`)."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pipeline.report import Pace, Report

# A line about progress at most this often.
_PACE_S = 30.0


class JsonLog:
    """Says what `Terminal` says, as events with fields. Every line has `time`, `event`, `level`."""

    def __init__(self) -> None:
        self._what = ""
        self._pace = Pace()
        self._said = 0.0

    def begin(self, what: str, total_s: float) -> None:
        self._what, self._pace = what, Pace(total_s)
        self._said = time.monotonic()
        self._say("begin", what=what, audio_s=round(total_s, 1))

    def advance(self, seconds: float, *, known: bool = False) -> None:
        self._pace.advance(seconds, known=known)
        if time.monotonic() - self._said >= _PACE_S:
            self._said = time.monotonic()
            self._progress("progress")

    def item(self, line: str, **facts: Any) -> None:
        level = "error" if facts.get("state") == "failed" else "info"
        self._say("item", level, message=line, **facts)

    def note(self, line: str) -> None:
        self._say("note", "warning", message=line)

    def end(self) -> None:
        if self._what:
            self._progress("end")
            self._what = ""

    def line(self, text: str) -> None:
        self._say("message", message=text)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        for row in rows:
            self._say("row", **dict(zip(columns, row, strict=True)))

    def reports(self, reports: Sequence[Report]) -> None:
        for report in reports:
            level = "info" if report.ok else "error"
            self._say("report", level, **report.as_json())

    def _progress(self, event: str) -> None:
        pace, left_s = self._pace, self._pace.left_s
        self._say(
            event,
            what=self._what,
            done_s=round(pace.done_s, 1),
            audio_s=round(pace.total_s, 1),
            took_s=round(pace.took_s, 1),
            speed=round(pace.speed, 2),
            left_s=None if left_s is None else round(left_s, 1),
        )

    def _say(self, event: str, level: str = "info", **fields: Any) -> None:
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"time": moment, "level": level, "event": event, **fields}
        print(json.dumps(line, ensure_ascii=False, default=str), file=sys.stderr, flush=True)
