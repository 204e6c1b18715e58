"""The fields of a sidecar as columns of a sheet: what each cell says, and where it stands.

Headings are taken as people write them: `Narrator name` is `narrator.name`. What cannot be taken is
a fault of its cell, told with sheet, row and column as spreadsheet programs show them.
"""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz, process

from pipeline import spreadsheet
from pipeline.errors import Problem, UsageError
from pipeline.report import Report
from pipeline.spreadsheet import Cell, Sheet
from pipeline.testimony import Sidecar

CHOICES: dict[str, list[str]] = {
    "narrator.gender": ["female", "male", "other"],
    "access": ["closed", "researchers", "public"],
    "listed": ["true", "false"],
}
_DATES = ("recorded_on", "access_until")
_CLEARED = "null"
_ASIDE = "#"
_NEAR = 60


def _text(cell: Cell) -> Any:
    """Text as a person meant it: a number that a program made of `1998` is `1998` again."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, bool):
        raise ValueError(f"expected text; found {'TRUE' if cell else 'FALSE'}")  # noqa: TRY004
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        cell = cell.date()
    if isinstance(cell, datetime.datetime | datetime.time | datetime.timedelta):
        raise ValueError(f"expected text; found the time {cell}")  # noqa: TRY004
    return unicodedata.normalize("NFC", str(cell).replace("\xa0", " ")).strip()


def _number(cell: Cell) -> Any:
    if isinstance(cell, datetime.date | datetime.time | datetime.timedelta):
        raise ValueError(f"expected a whole number; found the date or time {cell}")  # noqa: TRY004
    said = _text(cell)
    return int(said) if said.isascii() and said.removeprefix("-").isdigit() else said


def _truth(cell: Cell) -> Any:
    said = cell if isinstance(cell, bool) else _text(cell).lower()
    known = {True: True, False: False, "true": True, "yes": True, "1": True}
    known |= {"false": False, "no": False, "0": False}
    if said not in known:
        raise ValueError(f"expected true or false; found {said!r}")
    return known[said]


def _several(cell: Cell) -> Any:
    parts = _text(cell).replace("\n", ";").split(";")
    return [part.strip() for part in parts if part.strip()]


def _word(cell: Cell) -> Any:
    return _text(cell).lower()


def _words(cell: Cell) -> Any:
    return [one.lower() for one in _several(cell)]


# Every field of a sidecar but `redactions`, which are ranges and not cells.
COLUMNS: dict[str, Callable[[Cell], Any]] = {
    "id": _text,
    "title": _text,
    "recordings": _several,
    "narrator.name": _text,
    "narrator.born": _number,
    "narrator.gender": _word,
    "narrator.pseudonym": _text,
    "interviewer": _text,
    "recorded_on": _text,
    "place": _text,
    "languages": _several,
    "collection": _text,
    "summary": _text,
    "notice": _text,
    "access": _word,
    "access_until": _text,
    "access_reason": _text,
    "listed": _truth,
    "licence": _text,
    "agreement": _text,
    "uses": _words,
    "warnings": _several,
    "incomplete": _several,
}


@dataclass(frozen=True)
class BadCell:
    """What is wrong with one cell, or with a row where `column` is None."""

    file: str
    sheet: str | None
    row: int  # counted from 1, as shown
    column: str | None
    field: str
    message: str

    def __str__(self) -> str:
        sheet = f"sheet {self.sheet!r}, " if self.sheet else ""
        column = f", column {self.column}" if self.column else ""
        return str(
            Problem(f"{self.file}, {sheet}row {self.row}{column}", None, self.field, self.message)
        )


@dataclass
class Row:
    """A row as it was read: what it says by field, and where."""

    file: str
    sheet: Sheet
    number: int
    columns: Mapping[str, int]
    said: dict[str, Any] = field(default_factory=dict)
    faults: list[BadCell] = field(default_factory=list)

    @property
    def ident(self) -> str | None:
        return self.said.get("id")

    @property
    def where(self) -> str:
        sheet = f"sheet {self.sheet.name!r}, " if self.sheet.name else ""
        return f"{self.file}, {sheet}row {self.number}"

    def has_fault(self, name: str) -> bool:
        return any(fault.field == name for fault in self.faults)

    def may_be_a_month(self, name: str) -> bool:
        """Whether Excel may have made 1998-06 into the first of June."""
        at = self.columns.get(name) if name in _DATES else None
        cell = None if at is None else self.sheet.rows[self.number - 1][at]
        return isinstance(cell, datetime.date) and cell.day == 1

    def fault(self, name: str, message: str) -> None:
        at = self.columns.get(name)
        column = None if at is None else spreadsheet.letters(at)
        message = message if message.endswith((".", "?")) else f"{message}."
        self.faults.append(BadCell(self.file, self.sheet.name, self.number, column, name, message))


def read(path: Path, sheets: Sequence[Sheet], report: Report) -> list[Row]:
    """Every row with something in it, of every sheet with a column `id`; faults are in the rows.

    Raises UsageError where there is none.
    """
    rows: list[Row] = []
    for sheet in sheets:
        head = next(
            (n for n, row in enumerate(sheet.rows) if any(c is not None for c in row)), None
        )
        if head is None:
            continue
        named = {_folded(str(cell)) for cell in sheet.rows[head] if cell is not None}
        if "id" not in named:
            report.notes.append(f"sheet {sheet.name!r} has no column 'id' and was left alone.")
            continue
        rows += _rows(path.name, sheet, head)
    if not rows:
        what = "has no testimony in it: expected a row of names of fields, 'id' among them."
        step = "For a sheet to fill in: testimony describe --template FILE.xlsx"
        raise UsageError(path, what, step)
    return rows


def _rows(file: str, sheet: Sheet, head: int) -> Iterator[Row]:
    heading = Row(file, sheet, head + 1, {})
    columns: dict[str, int] = {}
    aside = set()
    for at, cell in enumerate(sheet.rows[head]):
        said = "" if cell is None else str(cell).strip()
        name = _KNOWN.get(_folded(said))
        if said.startswith(_ASIDE):
            aside.add(at)
        elif name in columns:
            heading.faults.append(_in_heading(heading, at, f"{said!r} stands here a second time."))
        elif name is not None:
            columns[name] = at
        elif said:
            heading.faults.append(_in_heading(heading, at, _unknown(said)))
            aside.add(at)
    if heading.faults:
        yield heading
    used = {at: name for name, at in columns.items()}
    for number, cells in enumerate(sheet.rows[head + 1 :], start=head + 2):
        if any(cell is not None for at, cell in enumerate(cells) if at not in aside):
            yield _row(Row(file, sheet, number, columns), cells, used, aside)


def _row(row: Row, cells: Sequence[Cell], used: Mapping[int, str], aside: Collection[int]) -> Row:
    for at, cell in enumerate(cells):
        if cell is None or at in aside:
            continue
        name = used.get(at)
        if name is None:
            row.faults.append(_in_heading(row, at, f"{shown(cell)} stands under no heading."))
        elif isinstance(cell, str) and cell.strip() == _CLEARED:
            row.said[name] = [] if _is_always_a_list(name) else None
        else:
            try:
                row.said[name] = COLUMNS[name](cell)
            except ValueError as error:
                row.fault(name, str(error))
    return row


def _in_heading(row: Row, at: int, message: str) -> BadCell:
    return BadCell(row.file, row.sheet.name, row.number, spreadsheet.letters(at), "", message)


def _unknown(said: str) -> str:
    if _folded(said) in ("redactions", "redaction"):
        return "redactions are ranges, not cells: write them into the sidecar."
    near = process.extractOne(_folded(said), _KNOWN, scorer=fuzz.ratio, score_cutoff=_NEAR)
    meant = f"did you mean {_KNOWN[near[0]]!r}? " if near else ""
    step = f"Put {_ASIDE} before the name of a column that is not for the archive."
    return f"no field is called {said!r}: {meant or 'see docs/files.md. '}{step}"


def _folded(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())


_KNOWN = {_folded(name): name for name in COLUMNS}


def value(sidecar: Sidecar, name: str) -> Any:
    """What a sidecar has in a field."""
    found: Any = sidecar
    for part in name.split("."):
        found = getattr(found, part)
    return found


def put(data: dict[str, Any], name: str, value: Any) -> None:
    """Sets a field in a sidecar's data."""
    first, _, rest = name.partition(".")
    if rest:
        data[first] = {**data.get(first, {}), rest: value}
    else:
        data[first] = value


def cell(value: Any) -> str:
    """A field's value as a person would write it into a cell."""
    if isinstance(value, list):
        return "; ".join(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def shown(value: Any) -> str:
    """A value as it is named in a fault."""
    said = repr(str(value)) if isinstance(value, datetime.date) else repr(value)
    return said if len(said) <= 60 else f"{said[:57]}..."


def _is_always_a_list(name: str) -> bool:
    known = Sidecar.model_fields.get(name)
    return known is not None and isinstance(known.default, list)
