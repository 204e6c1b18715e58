"""Sheets of cells that people fill in: CSV, Excel's XLSX, LibreOffice's ODS.

Cells come as the file has them: text, numbers, dates, true or false; None where there is nothing.
Rows and columns are counted as the programs show them, so that a person finds each cell again.
"""

from __future__ import annotations

import csv
import datetime
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook
from xlsxwriter import Workbook

from pipeline.errors import UsageError

Cell = (
    str
    | float
    | int
    | bool
    | datetime.date
    | datetime.datetime
    | datetime.time
    | datetime.timedelta
    | None
)
ENDINGS = (".csv", ".xlsx", ".ods")
# Larger than any archive's list, small enough for any memory.
_MOST_BYTES = 50_000_000
_MOST_UNPACKED = 500_000_000
_DELIMITERS = ";,\t"
# A column where Excel may make a date of "1998-06" as soon as somebody types it is text instead.
_AS_TEXT = "@"
_WIDEST = 60


@dataclass(frozen=True)
class Sheet:
    """One table, from its first row on; `name` is None in CSV, which has only one."""

    name: str | None
    rows: tuple[tuple[Cell, ...], ...]


def read(path: Path, encoding: str | None = None) -> tuple[Sheet, ...]:
    """Every sheet of a file. `encoding` is for CSV that is neither UTF-8 nor UTF-16.

    Raises UsageError for a file that is not what its name says, or is too large.
    """
    kind = _kind(path)
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UsageError(path, f"is larger than {_MOST_BYTES // 10**6} MB.", "Part it.")
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(path, f"cannot be read ({error.strerror}).", "Check its name.") from error
    if kind == ".csv":
        return (Sheet(None, _csv_rows(path, _decoded(path, raw, encoding))),)
    return tuple(_sheets(path, raw))


def write(
    path: Path, name: str, rows: Sequence[Sequence[str]], choices: dict[int, list[str]]
) -> None:
    """A new file with one sheet, all of it text, the first row its headings.

    `choices`: by column (from 0), what may be chosen there, where the format can say so. Raises
    UsageError where there is a file already.
    """
    kind = _kind(path)
    if kind == ".ods":
        what = "can be read, but not written: no maintained library for it is small enough."
        raise UsageError(path, what, "Write .xlsx, which LibreOffice opens and saves as .ods.")
    content = _as_csv(rows) if kind == ".csv" else _as_xlsx(name, rows, choices)
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError as error:
        raise UsageError(path, "is already there.", "Nothing was changed.") from error
    except OSError as error:
        raise UsageError(path, f"cannot be written ({error.strerror}).", "") from error


def letters(column: int) -> str:
    """What spreadsheet programs call a column, counted from 0.

    >>> letters(0), letters(25), letters(26), letters(701)
    ('A', 'Z', 'AA', 'ZZ')
    """
    before, last = divmod(column, 26)
    return (letters(before - 1) if before else "") + chr(ord("A") + last)


def _kind(path: Path) -> str:
    kind = path.suffix.lower()
    if kind not in ENDINGS:
        what = f"expected a sheet in {', '.join(ENDINGS)}, found {kind or 'no ending'}."
        raise UsageError(path, what, "Save it as one of these.")
    return kind


def _sheets(path: Path, raw: bytes) -> Iterator[Sheet]:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
        if unpacked > _MOST_UNPACKED:
            raise UsageError(path, "unpacks to more than 500 MB.", "Part it.")
        book = CalamineWorkbook.from_filelike(io.BytesIO(raw))
        for name in book.sheet_names:
            # Empty rows and columns at the edges are kept: a cell's place must be what is shown.
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            yield Sheet(name, tuple(tuple(_given(cell) for cell in row) for row in rows))
    except (CalamineError, zipfile.BadZipFile, ValueError) as error:
        what = f"is not a {path.suffix.lower()[1:].upper()} file that can be opened ({error})."
        raise UsageError(
            path, what, "Open it in a spreadsheet program and save it again."
        ) from error


def _given(cell: Cell) -> Cell:
    return None if isinstance(cell, str) and not cell.strip() else cell


def _decoded(path: Path, raw: bytes, encoding: str | None) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    try:
        return raw.decode(encoding or "utf-8-sig")
    except LookupError as error:
        raise UsageError(encoding or "", "is no encoding that is known here.", "") from error
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        what = (
            f"is not text in {encoding or 'UTF-8 or UTF-16'}: line {line} has the byte"
            f" 0x{raw[error.start]:02x}, which may be any of several letters."
        )
        step = (
            "In Excel, save it as 'CSV UTF-8' or as .xlsx. If you know in which encoding it was"
            " written, say so: --encoding cp1257 (Baltic), cp1250 (Polish, Romanian) or"
            " cp1251 (Ukrainian, Russian)."
        )
        raise UsageError(path, what, step) from error


def _csv_rows(path: Path, text: str) -> tuple[tuple[Cell, ...], ...]:
    if "\0" in text:
        raise UsageError(path, "has zero bytes in it.", "Save it as 'CSV UTF-8' or as .xlsx.")
    first, _, rest = text.partition("\n")
    if first.lower().startswith("sep="):
        # Excel's own hint, which it does not count as a row.
        delimiter, text = first[4:5] or ",", rest
    else:
        delimiter = max(_DELIMITERS, key=_first_line(text).count)
    try:
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        return tuple(tuple(_given(cell) for cell in line) for line in lines)
    except csv.Error as error:
        what = f"is not CSV that can be read: {error}."
        raise UsageError(path, what, "Look for a quotation mark that is not closed.") from error


def _first_line(text: str) -> str:
    return next((line for line in text.splitlines() if line.strip(f"{_DELIMITERS} ")), "")


def _as_csv(rows: Sequence[Sequence[str]]) -> bytes:
    """For Excel where a comma stands in numbers: semicolons, and a mark that it is UTF-8."""
    file = io.StringIO()
    csv.writer(file, delimiter=";").writerows(rows)
    return file.getvalue().encode("utf-8-sig")


def _as_xlsx(name: str, rows: Sequence[Sequence[str]], choices: dict[int, list[str]]) -> bytes:
    file = io.BytesIO()
    with Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet(name)
        text, bold = book.add_format({"num_format": _AS_TEXT}), book.add_format({"bold": True})
        for column, heading in enumerate(rows[0]):
            widest = max(len(row[column]) for row in rows)
            sheet.set_column(column, column, min(max(widest, len(heading)) + 2, _WIDEST), text)
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                if cell:
                    # Never a formula, whatever it begins with.
                    sheet.write_string(number, column, cell, bold if number == 0 else text)
        for column, allowed in choices.items():
            sheet.data_validation(
                1, column, 10_000, column, {"validate": "list", "source": allowed}
            )
        sheet.freeze_panes(1, 1)
    return file.getvalue()
