"""Four readings of one file: ours, calamine's, openpyxl's, and what LibreOffice shows in each cell."""

import csv
import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import openpyxl
import polars as pl
from python_calamine import CalamineWorkbook

from sources.audit.typed_values import typed_column
from sources.declarations.contract import Column, load_contracts
from sources.read.cell_text import Texts, cell_text, read_grids, texts_of, unclear_cells
from sources.read.inspection import inspect
from sources.read.sheet import Sheet
from sources.read.sheet_xml import Position, StoredSheet
from sources.read.styles import Look
from sources.submission.cell import FORM_RECORD, CellAddress
from sources.submission.finding import Findings
from sources.system.plain_text import legible
from sources.system.settings import Limits
from tests.hostile.books import CITY

Cells = Mapping[str, Mapping[Position, str]]
"""Sheet → position → the text of a filled cell."""
AS_SHOWN = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,true,false,false,-1"
"""Every sheet, in UTF-8, each cell as it is shown."""


AT_ONCE = 200
"""Files that LibreOffice converts in one process; it stops after some 210."""
UNCLEAR = "sheet.unclear"
CONTRACT = load_contracts(CITY.pack)[0]
COUNT, DAY, TEXT = (
    Column(name=name, label=name, type=kind, unit=unit, decimals=decimals, hint=name)
    for name, kind, unit, decimals in (
        ("count", "decimal", "人", 15),
        ("day", "date", None, None),
        ("text", "text", None, None),
    )
)
"""Columns of a report that take whatever is stored: each cell stands in the one of its kind."""
A_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Ours:
    """Our reading: the rule under which the file is refused, or its cells, and of each that we ask about the rule."""

    refused: str = ""
    found: str = ""
    asked: Mapping[tuple[str, Position], str] = field(default_factory=dict)
    cells: Cells = field(default_factory=dict)


def ours(data: bytes) -> Ours:
    inspection = inspect(data, Limits())
    if inspection.refusal:
        return Ours(*inspection.refusal)
    grids = read_grids(inspection.book)
    texts = {title: texts_of(grids.get(title, []), stored) for title, stored in inspection.sheets.items()}
    unclear = dict.fromkeys(unclear_cells(texts, inspection.sheets), UNCLEAR)
    asked = {
        (title, at): rule
        for title, stored in inspection.sheets.items()
        for at, rule in _asked_of(title, texts[title], stored, inspection.looks)
    }
    return Ours(cells=texts, asked=asked | unclear)


def _asked_of(title: str, texts: Texts, stored: StoredSheet, looks: Sequence[Look]) -> Iterator[tuple[Position, str]]:
    """Cells about which we ask, with the rule: when a sheet is read, and when the audit makes days of texts."""
    sheet = Sheet(title, CONTRACT, (), CellAddress("", "", title), texts, stored, looks)
    numbers = stored.texts.keys() - stored.strings
    days = {at: text for at, text in texts.items() if at in numbers and A_DAY.match(text)}
    typed = pl.DataFrame({DAY.name: list(days.values())}, {DAY.name: pl.String}).select(typed_column(DAY, {}))
    yield from ((at, "value.not_date") for at, day in zip(days, typed.to_series(), strict=True) if day is None)
    for at in texts:
        sheet.findings = Findings()
        sheet.take(FORM_RECORD, DAY if at in days else COUNT if at in numbers else TEXT, *at)
        if asked := [each.rule_id for each in sheet.findings.all() if each.severity != "info"]:
            yield at, asked[0]


def of_calamine(data: bytes) -> Cells | None:
    """None when it cannot open the file."""
    try:
        book = CalamineWorkbook.from_filelike(BytesIO(data))
        return {
            title: {
                (row, column): text
                for row, values in enumerate(book.get_sheet_by_name(title).to_python(skip_empty_area=False))
                for column, value in enumerate(values)
                if (text := cell_text(value))
            }
            for title in book.sheet_names
        }
    except BaseException:  # noqa: BLE001 - whatever it raises, it has not read the file
        return None


def of_openpyxl(data: bytes) -> Cells | None:
    try:
        book = openpyxl.load_workbook(BytesIO(data), data_only=True)
        return {
            sheet.title: {
                (cell.row - 1, cell.column - 1): text
                for row in sheet.iter_rows()
                for cell in row
                if (text := cell_text(cell.value))
            }
            for sheet in book.worksheets
        }
    except Exception:  # noqa: BLE001 - whatever it raises, it has not read the file
        return None


def of_libreoffice(files: Mapping[str, bytes], folder: Path) -> dict[str, Cells]:
    """What LibreOffice shows of many files, by name; a file that it does not open is left out. 40 ms of CPU a file."""
    names = list(files)
    found: dict[str, Cells] = {}
    for start in range(0, len(names), AT_ONCE):
        some = {name: files[name] for name in names[start : start + AT_ONCE]}
        found |= _in_one_process(some, folder / str(start))
    return found


def _in_one_process(files: Mapping[str, bytes], folder: Path) -> dict[str, Cells]:
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / f"{name}.xlsx").write_bytes(data)
    profile = f"-env:UserInstallation=file://{folder}/profile"
    command = ["soffice", "--headless", profile, "--convert-to", AS_SHOWN, "--outdir", str(folder / "shown")]
    paths = [str(folder / f"{name}.xlsx") for name in files]
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}
    subprocess.run([*command, *paths], check=False, capture_output=True, env=environment, timeout=600)
    found: dict[str, dict[str, Mapping[Position, str]]] = {}
    for path in sorted((folder / "shown").glob("*.csv")):
        name, _, title = path.stem.partition("-")
        with path.open(encoding="utf-8", newline="") as stream:
            found.setdefault(name, {})[title] = {
                (row, column): text
                for row, values in enumerate(csv.reader(stream))
                for column, value in enumerate(values)
                if (text := legible(value).strip())
            }
    return dict(found)
