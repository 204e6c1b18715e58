"""A sheet becomes sidecars: every bad cell named, all or nothing, nothing opened without a word."""

from __future__ import annotations

import csv
import datetime
import io
import json
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from xlsxwriter import Workbook

from pipeline import fields, sidecarsheet, testimony, yamledit, yamlfile
from pipeline.errors import ArchiveError, UsageError
from pipeline.report import Report
from pipeline.testimony import Sidecar
from tests.conftest import Folder, examples

Rows = Sequence[Sequence[Any]]


def as_csv(path: Path, rows: Rows, delimiter: str = ",", encoding: str = "utf-8-sig") -> Path:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows(rows)
    path.write_bytes(file.getvalue().encode(encoding))
    return path


def as_xlsx(path: Path, rows: Rows, name: str = "Interviews") -> Path:
    with Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return path


def as_ods(path: Path, rows: Rows, name: str = "Interviews") -> Path:
    """As LibreOffice writes it: typed cells, and the empty rest of the sheet as one repeated row."""

    def cell(value: Any) -> str:
        if value in (None, ""):
            return "<table:table-cell/>"
        if isinstance(value, datetime.date):
            kind = f'office:value-type="date" office:date-value="{value}"'
        elif isinstance(value, bool):
            kind = f'office:value-type="boolean" office:boolean-value="{str(value).lower()}"'
        elif isinstance(value, int):
            kind = f'office:value-type="float" office:value="{value}"'
        else:
            kind = 'office:value-type="string"'
        return f"<table:table-cell {kind}><text:p>{escape(str(value))}</text:p></table:table-cell>"

    lines = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    spaces = "".join(
        f' xmlns:{one}="urn:oasis:names:tc:opendocument:xmlns:{one}:1.0"'
        for one in ("office", "table", "text")
    )
    content = (
        f'<office:document-content{spaces} office:version="1.3"><office:body><office:spreadsheet>'
        f'<table:table table:name="{name}">{lines}'
        '<table:table-row table:number-rows-repeated="1048000"><table:table-cell'
        ' table:number-columns-repeated="16384"/></table:table-row>'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w") as parts:
        parts.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        parts.writestr("content.xml", content)
        parts.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
    return path


WRITERS = {".csv": as_csv, ".xlsx": as_xlsx, ".ods": as_ods}


def read(folder: Folder, path: Path, **choice: Any) -> Report:
    with folder.open() as archive:
        return sidecarsheet.describe(archive, folder.settings(), path, **choice)


def sidecars(folder: Folder) -> dict[str, Sidecar]:
    found = testimony.load_all(folder.root)
    assert found.problems == ()
    return found.by_id


def master(folder: Folder, *names: str) -> None:
    """Files that only have to be there."""
    for name in names:
        (folder.root / "recordings" / name).touch()


@pytest.mark.parametrize("ending", list(WRITERS))
def test_a_row_becomes_a_sidecar_in_every_format(
    folder: Folder, tmp_path: Path, ending: str
) -> None:
    master(folder, "a.wav", "b.wav")
    day = "1998-06-14" if ending == ".csv" else datetime.date(1998, 6, 14)
    rows = [
        ["ID", "Title", "Recordings", "Narrator name", "narrator.born", "Recorded on", "Languages",
         "Listed", "# for us"],
        ["kaunas-1", "Žemė; ir dangus", "a.wav; b.wav", "Ona Ž.", 1929, day, "lt; no", False, "x"],
    ]  # fmt: skip
    report = read(folder, WRITERS[ending](tmp_path / f"list{ending}", rows))
    assert (report.problems, report.done) == ([], ["kaunas-1: new"])
    assert sidecars(folder)["kaunas-1"].model_dump(exclude_unset=True) == {
        "id": "kaunas-1",
        "title": "Žemė; ir dangus",
        "recordings": ["a.wav", "b.wav"],
        "narrator": {"name": "Ona Ž.", "born": 1929},
        "recorded_on": "1998-06-14",
        "languages": ["lt", "no"],
        "listed": False,
    }
    assert read(folder, tmp_path / f"list{ending}").unchanged == ["kaunas-1"]


HEAD = ["id", "title", "recordings", "narrator.born", "recorded_on", "languages", "access"]


def thousand(folder: Folder) -> list[list[Any]]:
    rows: list[list[Any]] = [HEAD]
    for n in range(1000):
        master(folder, f"{n}.wav")
        day = datetime.date(1990 + n % 10, n % 12 + 1, n % 27 + 2)
        rows.append([f"t-{n}", f"Life {n}", f"{n}.wav", 1920 + n % 20, day, "lt; ru", "closed"])
    return rows


@pytest.mark.parametrize("ending", list(WRITERS))
def test_of_a_thousand_rows_fifty_bad_cells_are_all_named_and_nothing_is_written(
    folder: Folder, tmp_path: Path, ending: str
) -> None:
    good = thousand(folder)
    rows = [list(row) for row in good]
    spoiled = []  # (row, column letter, field)
    bad: list[tuple[str, Any]] = [
        ("id", "No Spaces"), ("title", None if ending == ".csv" else True),
        ("recordings", "lost.wav"), ("narrator.born", "about"),
        ("recorded_on", "14.06.1998"), ("languages", "lt, ru"), ("access", "open"),
        ("narrator.born", 1066), ("recordings", "../x.wav"), ("id", None),
    ]  # fmt: skip
    for n in range(50):
        name, value = bad[n % len(bad)]
        number, column = 20 * n + 1, HEAD.index(name)
        value = f"{n} {value}" if value in ("lost.wav", "No Spaces") else value
        rows[number][column] = value
        spoiled.append((number + 1, "ABCDEFG"[column], name))
    path = WRITERS[ending](tmp_path / f"list{ending}", rows)
    report = read(folder, path)
    cells = report.facts["cells"]
    assert [(c["row"], c["column"], c["field"]) for c in cells] == spoiled
    sheet = None if ending == ".csv" else "Interviews"
    assert {c["sheet"] for c in cells} == {sheet}
    assert report.problems[4] == (
        f"list{ending}, {f'sheet {sheet!r}, ' if sheet else ''}row 82, column E: recorded_on: is not an EDTF date; write"
        " 1998, 1998-06, 1998-06-14, 1998-06? or 1998/1999; found '14.06.1998'."
    )
    assert not any((folder.root / testimony.FOLDER).iterdir())
    report = read(folder, WRITERS[ending](tmp_path / f"mended{ending}", good))
    assert (report.problems, len(report.done), len(sidecars(folder))) == ([], 1000, 1000)


def test_headings_are_forgiven_and_unknown_ones_are_told_the_nearest(
    folder: Folder, tmp_path: Path
) -> None:
    master(folder, "a.wav")
    rows = [["Id", "TITLE", "recordings", "Interviwer", "id", "redactions"], ["a", "A", "a.wav"]]
    report = read(folder, as_csv(tmp_path / "list.csv", rows))
    assert report.problems == [
        "list.csv, row 1, column D: no field is called 'Interviwer': did you mean 'interviewer'?"
        " Put # before the name of a column that is not for the archive.",
        "list.csv, row 1, column E: 'id' stands here a second time.",
        "list.csv, row 1, column F: redactions are ranges, not cells: write them into the sidecar.",
    ]


def test_an_existing_sidecar_keeps_what_the_sheet_does_not_say(
    folder: Folder, tmp_path: Path
) -> None:
    master(folder, "a.wav", "b.wav")
    path = folder.root / testimony.FOLDER / "a.yaml"
    path.write_text(
        "# Written with her daughter.\nid: a\ntitle: Old title  # hers\n"
        "narrator:\n  name: Ona   # as in the passport\nrecordings:\n  # the first side\n"
        "  - a.wav\nredactions: [{recording: a.wav, start_s: 1.0, end_s: 2.0, reason: x}]\n"
        "place: Kaunas\nsummary: |\n  One.\n  Two.\n# The end.\n"
    )
    rows = [
        ["id", "title", "recordings", "narrator.born", "place", "warnings"],
        ["a", "New: title", "a.wav;b.wav", "1929", "null", "violence; death"],
    ]
    report = read(folder, as_csv(tmp_path / "list.csv", rows, ";"))
    assert report.problems == []
    assert path.read_text() == (
        "# Written with her daughter.\nid: a\ntitle: 'New: title'  # hers\n"
        "narrator:\n  name: Ona   # as in the passport\n  born: 1929\n# the first side\n"
        "recordings: [a.wav, b.wav]\n"
        "redactions: [{recording: a.wav, start_s: 1.0, end_s: 2.0, reason: x}]\n"
        "place: null\nsummary: |\n  One.\n  Two.\nwarnings: [violence, death]\n# The end.\n"
    )
    assert report.done == [
        "a: title 'Old title' → 'New: title', recordings ['a.wav'] → ['a.wav', 'b.wav'],"
        " narrator.born None → 1929, place 'Kaunas' → None, warnings [] → ['violence', 'death']"
    ]


def test_what_would_open_a_testimony_needs_a_word(folder: Folder, tmp_path: Path) -> None:
    master(folder, "a.wav", "b.wav", "c.wav", "d.wav")
    folder.sidecar("a", ["a.wav"], access="closed")
    folder.sidecar("b", ["b.wav"], access="public", uses=["research"])
    folder.sidecar("c", ["c.wav"], access="public", narrator={"name": "N", "pseudonym": "P"})
    rows = [
        ["id", "title", "recordings", "access", "uses", "narrator.pseudonym", "listed"],
        ["a", "", "", "researchers"],
        ["b", "", "", "", "online; research"],
        ["c", "", "", "", "", "null"],
        ["d", "D", "d.wav", "closed", "", "", "yes"],
    ]
    path = as_csv(tmp_path / "list.csv", rows)
    before = {p: p.read_text() for p in (folder.root / testimony.FOLDER).iterdir()}
    report = read(folder, path)
    assert [line.split("would open ")[1].split(". If")[0] for line in report.problems] == [
        "a: access becomes researchers",
        "b: the public may see it, uses become online, research",
        "c: the narrator's name stands without a pseudonym",
        "d: its title may be known while it is closed",
    ]
    assert {p: p.read_text() for p in (folder.root / testimony.FOLDER).iterdir()} == before
    report = read(folder, path, may_open=True)
    assert report.ok and sidecars(folder)["a"].access == "researchers"
    closed = as_csv(tmp_path / "closed.csv", [["id", "access"], ["a", "closed"]])
    assert read(folder, closed).done == ["a: access 'researchers' → 'closed'"]


def test_a_check_shows_what_would_change_and_changes_nothing(
    folder: Folder, tmp_path: Path
) -> None:
    master(folder, "a.wav")
    path = folder.sidecar("a", ["a.wav"], place="Kaunas")
    before = path.read_bytes()
    sheet = as_csv(tmp_path / "l.csv", [["id", "place"], ["a", "Vilnius"]])
    said = folder.command("describe", str(sheet), "--check").stdout
    assert "would be a: place 'Kaunas' → 'Vilnius'" in said and "Nothing was written" in said
    assert path.read_bytes() == before
    said = folder.command("describe", str(sheet)).stdout
    assert "  a: place 'Kaunas' → 'Vilnius'" in said and "Nothing was written" not in said
    assert sidecars(folder)["a"].place == "Vilnius"


def test_ids_and_recordings_belong_to_one(folder: Folder, tmp_path: Path) -> None:
    master(folder, "a.wav", "b.wav")
    tone = folder.tone("tape 1.wav")
    folder.sidecar("a", ["a.wav"])
    assert folder.command("ingest", str(tone)).returncode == 0
    (folder.root / testimony.FOLDER / "broken.yaml").write_text("id: [")
    rows = [
        ["id", "title", "recordings"],
        ["x", "X", "a.wav"],
        ["y", "Y", "b.wav"],
        ["y", "Y", "b.wav"],
        ["z", "Z", "tape 1.wav"],
        ["broken", "B", "b.waw"],
    ]
    report = read(folder, as_csv(tmp_path / "l.csv", rows))
    assert report.problems == [
        "l.csv, row 2, column C: recordings: 'a.wav' already belongs to"
        " metadata/testimonies/a.yaml.",
        "l.csv, row 4, column A: id: 'y' stands also in l.csv, row 3.",
        "l.csv, row 4, column C: recordings: 'b.wav' already belongs to l.csv, row 3.",
        "l.csv, row 5, column C: recordings: 'tape 1.wav' already belongs to"
        " metadata/testimonies/tape-1.yaml, which `ingest` wrote: describe it as 'tape-1', or"
        " delete that file.",
        "l.csv, row 6, column A: id: metadata/testimonies/broken.yaml cannot be read; mend that"
        " first.",
        "l.csv, row 6, column C: recordings: expected a file below recordings/; found no 'b.waw';"
        " did you mean 'b.wav'?",
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_csv_is_read_as_excel_and_others_write_it(
    folder: Folder, tmp_path: Path, encoding: str, delimiter: str
) -> None:
    master(folder, "a.wav")
    rows = [["id", "title", "recordings"], ["a", 'Ąžuolas; "ir", Ї', "a.wav"]]
    path = as_csv(tmp_path / "l.csv", rows, delimiter, encoding)
    assert read(folder, path).ok
    assert sidecars(folder)["a"].title == 'Ąžuolas; "ir", Ї'


def test_an_encoding_that_nobody_told_is_not_guessed(folder: Folder, tmp_path: Path) -> None:
    master(folder, "a.wav")
    rows = [["id", "title", "recordings"], ["a", "Žąsis", "a.wav"]]
    path = as_csv(tmp_path / "l.csv", rows, ";", "cp1257")
    with pytest.raises(UsageError, match=r"line 2 has the byte 0xde.*--encoding cp1257"):
        read(folder, path)
    assert read(folder, path, encoding="cp1257").ok
    assert sidecars(folder)["a"].title == "Žąsis"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("l.xlsx", b"not a sheet", "is not a XLSX file that can be opened"),
        ("l.ods", b"PK\x03\x04", "is not a ODS file that can be opened"),
        ("l.csv", b'id,title\na,"never closed', "quotation mark"),
        ("l.csv", b"", "has no testimony in it"),
        ("l.csv", b"name,place\na,b\n", "has no testimony in it"),
        ("l.pdf", b"", "expected a sheet in .csv, .xlsx, .ods, found .pdf"),
    ],
)
def test_a_file_that_is_no_sheet_is_a_sentence(
    folder: Folder, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=said):
        read(folder, tmp_path / name)


def test_a_month_that_a_program_made_a_day_is_pointed_out(folder: Folder, tmp_path: Path) -> None:
    master(folder, "a.wav")
    rows = [["id", "title", "recordings", "recorded_on"]]
    rows.append(["a", "A", "a.wav", datetime.date(1998, 6, 1)])  # type: ignore[list-item]
    report = read(folder, as_xlsx(tmp_path / "l.xlsx", rows))
    assert report.ok and "row 2, recorded_on: the first of a month" in report.notes[0]


def test_a_disk_that_fails_midway_leaves_everything_as_it_was(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    master(folder, "a.wav", "b.wav", "c.wav")
    folder.sidecar("a", ["a.wav"])
    rows = [["id", "title", "recordings"], *([n, "New", f"{n}.wav"] for n in "abc")]
    path = as_csv(tmp_path / "l.csv", rows)
    before = {p.name: p.read_bytes() for p in (folder.root / testimony.FOLDER).iterdir()}
    real, done = os.replace, []

    def fails_at_the_third(source: Path, target: Path) -> None:
        done.append(target)
        if len(done) == 3:
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", fails_at_the_third)
    with pytest.raises(ArchiveError, match="Nothing was changed"):
        read(folder, path)
    assert {p.name: p.read_bytes() for p in (folder.root / testimony.FOLDER).iterdir()} == before


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_a_filled_template_comes_back_unchanged(
    folder: Folder, tmp_path: Path, ending: str
) -> None:
    master(folder, "a.wav", "b.wav")
    folder.sidecar("a", ["a.wav", "b.wav"], recorded_on="1998-06", narrator={"born": 1929},
                   summary="One.\nTwo; three.", title="=1+1", listed=True)  # fmt: skip
    path = tmp_path / f"sheet{ending}"
    made = folder.command("describe", "--template", str(path))
    assert made.returncode == 0, made.stderr
    again = folder.command("describe", str(path), "--json")
    assert (again.returncode, json.loads(again.stdout)["stages"][0]["unchanged"]) == (0, 1)
    assert folder.command("describe", "--template", str(path)).returncode == 2


def test_every_field_of_a_sidecar_has_a_column() -> None:
    names = set()
    for name, known in Sidecar.model_fields.items():
        parts = getattr(known.annotation, "model_fields", None)
        names |= {f"{name}.{part}" for part in parts} if parts else {name}
    assert names - set(fields.COLUMNS) == {"redactions"}


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1)


@settings(
    max_examples=examples(150),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    said=st.fixed_dictionaries(
        {"title": TEXTS, "recordings": st.lists(TEXTS, min_size=1)},
        optional={"place": st.none() | TEXTS, "narrator": st.fixed_dictionaries({"name": TEXTS})},
    ),
    flow=st.booleans(),
    new=st.fixed_dictionaries(
        {}, optional={"title": TEXTS, "place": st.none() | TEXTS, "recordings": st.lists(TEXTS)}
    ),
    name=TEXTS,
)
def test_an_edit_changes_what_it_should_and_nothing_else(
    said: dict[str, Any], flow: bool, new: dict[str, Any], name: str
) -> None:
    text = yaml.safe_dump(said, allow_unicode=True, default_flow_style=flow, sort_keys=False)
    before = yamlfile.parse(Path("a"), text.encode(), "a").data
    made = yamledit.change(text, {(k,): v for k, v in new.items()} | {("narrator", "name"): name})
    after = yamlfile.parse(Path("a"), made.encode(), "a")
    assert after.problems == ()
    assert after.data == before | new | {"narrator": {"name": name}}
