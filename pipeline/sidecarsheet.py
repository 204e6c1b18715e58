"""A sheet of what people know becomes sidecars: a row for each testimony, a column for each field.

Everything is checked first, and everything that is wrong is said with its cell. Only a sheet
without a fault is written, whole. An empty cell says nothing: what the sidecar has stays.
"""

from __future__ import annotations

import datetime
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rapidfuzz import fuzz, process

from pipeline import consent, fields, spreadsheet, testimony, yamledit, yamlfile
from pipeline import recording as rec
from pipeline.archive import Archive
from pipeline.config import Access, Channel, Config
from pipeline.errors import ArchiveError, PipelineError, UsageError, printable
from pipeline.fields import Row
from pipeline.report import Report
from pipeline.testimony import FOLDER, Sidecar, Sidecars

_SHEET = "testimonies"
_NEAR = 60
_RANKS: dict[Access, int] = {"closed": 0, "researchers": 1, "public": 2}
_WHO: dict[Channel, str] = {"public": "the public", "researchers": "researchers"}


@dataclass(frozen=True)
class _Change:
    """One sidecar as it will be: what was and will be in each field, and what that opens."""

    row: Row
    after: Sidecar
    before: Sidecar | None
    values: dict[str, tuple[Any, Any]]
    opens: tuple[str, ...]

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.after.id}: new"
        show = fields.shown
        said = (f"{name} {show(old)} → {show(new)}" for name, (old, new) in self.values.items())
        return f"{self.after.id}: {', '.join(said)}"


class _Known:
    """What the archive has: sidecars, recordings, what was withdrawn, its own access."""

    def __init__(self, archive: Archive, config: Config) -> None:
        self.root = archive.root
        self.sidecars = archive.sidecars()
        self.gone = archive.hidden()
        self.access: Access = config.access

    def has(self, recording: str) -> bool:
        return (self.root / rec.FOLDER / recording).is_file()

    @cached_property
    def recordings(self) -> list[str]:
        folder = self.root / rec.FOLDER
        found = [path for path in rec.walk(folder) if not isinstance(path, PipelineError)]
        return [path.relative_to(folder).as_posix() for path in found]


def describe(
    archive: Archive,
    config: Config,
    path: Path,
    *,
    encoding: str | None = None,
    may_open: bool = False,
    only_check: bool = False,
) -> Report:
    """Writes what the sheet says into `metadata/testimonies/`, all of it or nothing.

    A row that lets more people see a testimony than now is written only where `may_open`. Raises
    UsageError for a file that cannot be read at all.
    """
    report = Report("describe", is_whole=True)
    rows = fields.read(path, spreadsheet.read(path, encoding), report)
    known = _Known(archive, config)
    checked = [_checked(row, known) for row in rows]
    _compare(rows, known)
    changes = [change for change in checked if change is not None]
    _say(rows, changes, may_open, report)
    if not report.ok:
        return report
    changed = [change for change in changes if change.values]
    if only_check:
        report.notes.append("Nothing was written: this was a check.")
    else:
        _write(known, changed)
    report.done += [f"would be {change}" if only_check else str(change) for change in changed]
    report.unchanged += [change.after.id for change in changes if not change.values]
    return report


def template(archive: Archive, path: Path) -> Report:
    """Writes a sheet with every sidecar there is, to be filled in and read by `describe`."""
    report = Report("describe")
    sidecars = archive.sidecars()
    for problem in sidecars.problems:
        report.problem(problem)
    names = list(fields.COLUMNS)
    rows = [[fields.cell(fields.value(one, name)) for name in names] for one in sidecars.good]
    choices = {names.index(name): allowed for name, allowed in fields.CHOICES.items()}
    spreadsheet.write(path, _SHEET, [names, *rows], choices)
    report.done.append(f"{printable(path)}: {len(rows)} testimonies")
    if any(one.redactions for one in sidecars.good):
        report.notes.append("Redactions are ranges, not cells: they stay in the sidecars.")
    return report


# Checking


def _checked(row: Row, known: _Known) -> _Change | None:
    """The sidecar that the row makes, or None with faults in the row."""
    if row.ident is None:
        if row.columns and not row.has_fault("id"):
            row.fault("id", "is required: the testimony's name, equal to its sidecar's.")
        return None
    before = known.sidecars.by_id.get(row.ident)
    if before is None and (known.root / FOLDER / f"{row.ident}.yaml").exists():
        row.fault("id", f"{FOLDER.as_posix()}/{row.ident}.yaml cannot be read; mend that first.")
        return None
    _each_once(row)
    data: dict[str, Any] = before.model_dump(exclude_unset=True) if before else {}
    for name, value in row.said.items():
        fields.put(data, name, value)
    try:
        after = Sidecar.model_validate(data)
    except ValidationError as error:
        for fault in error.errors():
            _as_fault(row, dict(fault))
        return None
    if row.faults:
        return None
    values = {
        name: (None if before is None else fields.value(before, name), fields.value(after, name))
        for name in row.said
        if before is None or fields.value(before, name) != fields.value(after, name)
    }
    opens = () if row.ident in known.gone else tuple(_opened(before, after, known.access))
    return _Change(row, after, before, values, opens)


def _each_once(row: Row) -> None:
    for name, count in Counter(row.said.get("recordings") or ()).items():
        if count > 1:
            row.fault("recordings", f"{name!r} stands here {count} times")


def _as_fault(row: Row, fault: dict[str, Any]) -> None:
    """What pydantic says of a field, as expected and found."""
    name = ".".join(part for part in fault["loc"] if isinstance(part, str))
    if fault["type"] == "missing":
        if not row.has_fault(name):
            row.fault(name, "is required and missing")
        return
    if not name and row.faults:
        return  # It concerns fields that are named already.
    message = fault["msg"].removeprefix("Value error, ")
    for theirs, ours in (
        ("Input should be", "expected"),
        ("String should", "expected text that should"),
    ):
        message = message.replace(theirs, ours)
    found = f"; found {fields.shown(fault['input'])}" if name else ""
    row.fault(name, message + found)


def _compare(rows: Sequence[Row], known: _Known) -> None:
    """What one row cannot know: ids and recordings in two places, recordings that are nowhere."""
    seen: dict[str, Row] = {}
    for row in rows:
        if row.ident is not None and seen.setdefault(row.ident, row) is not row:
            row.fault("id", f"{row.ident!r} stands also in {seen[row.ident].where}")
    claimed = {
        name: f"{FOLDER.as_posix()}/{one.id}.yaml"
        for one in known.sidecars.good
        for name in one.recordings
        if one.id not in seen
    }
    for row in rows:
        before = known.sidecars.by_id.get(row.ident or "")
        told = row.said.get("recordings")
        if row.has_fault("recordings"):
            continue
        for name in told or (before.recordings if before and told is None else ()):
            if name in claimed:
                row.fault("recordings", _belongs(name, claimed[name], known.sidecars))
            elif told and not known.has(name):
                row.fault("recordings", _nowhere(name, known.recordings))
            claimed.setdefault(name, row.where)


def _belongs(name: str, where: str, sidecars: Sidecars) -> str:
    said = f"{name!r} already belongs to {where}"
    owner = sidecars.by_recording.get(name)
    if owner is not None and testimony.is_stub(owner):
        return f"{said}, which `ingest` wrote: describe it as {owner.id!r}, or delete that file"
    return said


def _nowhere(name: str, recordings: Sequence[str]) -> str:
    near = process.extractOne(name, recordings, scorer=fuzz.ratio, score_cutoff=_NEAR)
    meant = f"; did you mean {near[0]!r}?" if near else ""
    return f"expected a file below recordings/; found no {name!r}{meant}"


def _opened(before: Sidecar | None, after: Sidecar, default: Access) -> Iterator[str]:
    """What more people could see or do than now, in words."""
    today = datetime.datetime.now(datetime.UTC).date()
    access = after.access or default
    wider = _RANKS[access] > _RANKS[(before.access or default) if before else "closed"]
    if wider:
        yield f"access becomes {access}"
    seen = False
    for channel, who in _WHO.items():
        now = consent.decide(before, channel, today, default=default).allowed
        then = consent.decide(after, channel, today, default=default).allowed
        seen = seen or (now and then)
        if then and not now and not wider:
            yield f"{who} may see it"
    if after.listed and not (before and before.listed):
        yield "its title may be known while it is closed"
    if before is None:
        return
    if set(after.uses) - set(before.uses):
        yield f"uses become {', '.join(after.uses)}"
    if seen and set(after.recordings) - set(before.recordings):
        yield "recordings are added to what is open"
    if before.narrator.pseudonym and not after.narrator.pseudonym:
        yield "the narrator's name stands without a pseudonym"


def _say(rows: Sequence[Row], changes: Sequence[_Change], may_open: bool, report: Report) -> None:
    faults = [fault for row in rows for fault in row.faults]
    report.problems += map(str, faults)
    report.facts["cells"] = [asdict(fault) for fault in faults]
    for change in changes:
        opens = f"{change.after.id}: {', '.join(change.opens)}"
        if change.opens and may_open:
            report.notes.append(f"Opened: {opens}")
        elif change.opens:
            report.problems.append(
                f"{change.row.where}: would open {opens}. If it is meant: --open"
            )
        report.notes += [
            f"{change.row.where}, {name}: the first of a month in a cell made a date. If only the"
            " month is known, write it as text, 1998-06."
            for name in change.values
            if change.row.may_be_a_month(name)
        ]


# Writing


def _write(known: _Known, changes: Sequence[_Change]) -> None:
    """All files beside their places first, then each put in its place by a rename.

    Raises ArchiveError or UsageError; then everything is as it was before.
    """
    folder = known.root / FOLDER
    texts = {folder / f"{one.after.id}.yaml": _text(known.sidecars, one) for one in changes}
    before = {path: path.read_bytes() if path.exists() else None for path in texts}
    drafts = {path: path.with_suffix(".yaml.new") for path in texts}
    placed: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, draft in drafts.items():
            with draft.open("wb") as file:
                file.write(texts[path])
                file.flush()
                os.fsync(file.fileno())
        for path, draft in drafts.items():
            os.replace(draft, path)
            placed.append(path)
    except OSError as error:
        _put_back({path: before[path] for path in placed})
        what = f"cannot be written ({error.strerror})."
        step = "Nothing was changed. Mend that, then run again."
        raise ArchiveError(folder, what, step) from error
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)


def _put_back(files: Mapping[Path, bytes | None]) -> None:
    for path, raw in files.items():
        if raw is None:
            path.unlink()
        else:
            path.write_bytes(raw)


def _text(sidecars: Sidecars, change: _Change) -> bytes:
    """The sidecar's file as it will be."""
    if change.before is None:
        return testimony.text(change.after).encode()
    path = sidecars.files[change.after.id]
    raw = path.read_bytes()
    mark = "\ufeff" if raw.startswith(b"\xef\xbb\xbf") else ""
    ends = "\r\n" if b"\r\n" in raw else "\n"
    text = raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    values = {tuple(name.split(".")): new for name, (_, new) in change.values.items()}
    try:
        made = (mark + yamledit.change(text, values).replace("\n", ends)).encode()
    except ValueError:
        made = raw
    found, _ = yamlfile.check(yamlfile.parse(path, made, path.name), Sidecar, path.name)
    if found != change.after:
        names = ", ".join(change.values)
        what = f"is written in a form in which {names} cannot be changed without loss."
        raise UsageError(path, what, "Change it by hand; nothing was written.")
    return made
