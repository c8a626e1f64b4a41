"""Workbook + contracts → cells with their addresses, and findings about its structure.

Sheets are found by title, columns and items by heading; position means nothing. Nothing is judged here but
structure: a cell's text is taken as it stands, its type is the audit's business (`audit.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any

import polars as pl
from python_calamine import CalamineError, CalamineWorkbook

from sources.finding import Finding, Place, intake_finding
from sources.frames import CELL_SCHEMA, FORM_RECORD, STATUS_COLUMN
from sources.model import (
    City,
    Column,
    Contract,
    Respondent,
    contracts_for,
    load_contracts,
    normalise_label,
    template_version,
)
from sources.template import ITEM_HEADING, LAST_YEAR_PREFIX, META_SHEET, STATUS_LABEL, THIS_YEAR_PREFIX

HEADINGS_WITHIN_ROWS = 15
Grid = list[list[Any]]
Cell = tuple[str, str, int, str, str, str]


@dataclass(frozen=True)
class Reading:
    """What one file holds.

    `cells` are tuples in the order of CELL_SCHEMA: `record` is the row number in a table and FORM_RECORD in
    a form, `sheet` the contract's name. An empty cell of a known column is there too, with text ''.
    `respondent` and `report_year` are None when the cover does not say; then, as after any structural error,
    there is at least one finding.
    """

    submission_id: str
    file_name: str
    respondent: Respondent | None = None
    report_year: int | None = None
    template_version: str | None = None
    cells: list[Cell] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def read_workbook(data: bytes, submission_id: str, file_name: str, city: City) -> Reading:
    """Reads one workbook against the contracts of its respondent and year. Never raises for bad content."""
    file = Place(submission_id, file_name)
    try:
        book = CalamineWorkbook.from_filelike(BytesIO(data))
        grids = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}
    except (CalamineError, ValueError, OSError) as error:
        findings = [intake_finding("file.unreadable", replace(file, value=str(error)))]
        return Reading(submission_id, file_name, findings=findings)
    by_title = {normalise_label(name): grid for name, grid in grids.items()}
    meta = {str(row[0]): str(row[1]) for row in grids.get(META_SHEET, []) if len(row) > 1}
    version = meta.get("template_version")

    cover = next(contract for contract in load_contracts() if contract.name == "cover")
    cover_grid = by_title.get(normalise_label(cover.title))
    if cover_grid is None:
        findings = [intake_finding("cover.missing", replace(file, sheet=cover.title))]
        return Reading(submission_id, file_name, template_version=version, findings=findings)
    cells, findings = _read_form(cover_grid, cover, cover.columns, replace(file, sheet=cover.title))
    respondent, report_year = _identity(cells, meta, city, replace(file, sheet=cover.title), findings)
    if respondent and report_year:
        findings += _template_findings(version, respondent, report_year, file)
        for contract in contracts_for(respondent.kind, report_year):
            if contract.name == "cover":
                continue
            place = replace(file, sheet=contract.title)
            grid = by_title.get(normalise_label(contract.title))
            if grid is None:
                findings.append(intake_finding("sheet.missing", place))
                continue
            read = _read_form if contract.shape == "form" else _read_records
            sheet_cells, sheet_findings = read(grid, contract, contract.columns_in(report_year), place)
            cells += _read_status(grid, contract, submission_id) + sheet_cells
            findings += sheet_findings
    return Reading(submission_id, file_name, respondent, report_year, version, cells, findings)


def cells_frame(readings: Sequence[Reading]) -> pl.DataFrame:
    """The cells of many workbooks, stacked."""
    cells = [cell for reading in readings for cell in reading.cells]
    return pl.DataFrame(cells, schema=CELL_SCHEMA, orient="row")


def cell_text(value: Any) -> str:
    """A cell's value as text, as a person would read it in the cell ('' for an empty one).

    Numbers keep the 15 significant digits that a spreadsheet keeps; a whole number has no decimal point.
    """
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        text = format(value, ".15g")
        return text if "e" not in text else format(value, ".20f").rstrip("0")
    if isinstance(value, datetime) and value.time() == time(0):
        return value.date().isoformat()
    if isinstance(value, date | datetime | time | timedelta):
        return str(value)
    return ""


def address(row: int, position: int) -> str:
    """A1 address of a zero-based row and column."""
    letters = ""
    position += 1
    while position:
        position, remainder = divmod(position - 1, 26)
        letters = chr(ord("A") + remainder) + letters
    return f"{letters}{row + 1}"


def _identity(
    cover: list[Cell], meta: dict[str, str], city: City, place: Place, findings: list[Finding]
) -> tuple[Respondent | None, int | None]:
    """Who sends, and for which year: the cover says it, and must agree with what the template was made for."""
    text = {column: raw for _, _, _, column, _, raw in cover}
    cell = {column: at for _, _, _, column, at, _ in cover}

    def report(rule_id: str, column: str, expected: str = "") -> None:
        at = replace(place, cell=cell.get(column), column_name=column, value=text.get(column, ""))
        findings.append(intake_finding(rule_id, at, expected=expected))

    code = text.get("stated_code", "")
    respondent = city.respondent_by_code.get(code)
    issued_to = city.respondent_by_code.get(meta.get("respondent_code", ""))
    if respondent is None:
        report("cover.respondent_unknown", "stated_code")
    elif issued_to and issued_to != respondent:
        report("cover.respondent_mismatch", "stated_code", f"{issued_to.name}（{issued_to.code}）")
    elif normalise_label(text.get("stated_name", "")) != normalise_label(respondent.name):
        report("cover.name_mismatch", "stated_name", respondent.name)
    year_text = text.get("stated_year", "")
    report_year = int(year_text) if year_text.isdecimal() else None
    if report_year not in city.calendar.years:
        report("cover.year_not_open", "stated_year", "、".join(map(str, city.calendar.years)))
        report_year = None
    elif meta.get("report_year", year_text) != year_text:
        report("cover.year_mismatch", "stated_year", meta["report_year"])
    return respondent, report_year


def _template_findings(version: str | None, respondent: Respondent, report_year: int, file: Place) -> list[Finding]:
    current = template_version(respondent.kind, report_year)
    if version is None:
        return [intake_finding("template.unknown", file)]
    if version != current:
        return [intake_finding("template.outdated", replace(file, value=version), expected=current)]
    return []


def _read_status(grid: Grid, contract: Contract, submission_id: str) -> list[Cell]:
    """The status cell (本表情况): the first filled cell to the right of its label."""
    wanted = normalise_label(STATUS_LABEL)
    for row, values in enumerate(grid[:HEADINGS_WITHIN_ROWS]):
        for position, value in enumerate(values):
            if isinstance(value, str) and normalise_label(value) == wanted:
                for right in range(position + 1, len(values)):
                    if text := cell_text(values[right]):
                        at = address(row, right)
                        return [(submission_id, contract.name, FORM_RECORD, STATUS_COLUMN, at, text)]
    return []


def _read_form(
    grid: Grid, contract: Contract, columns: Sequence[Column], place: Place
) -> tuple[list[Cell], list[Finding]]:
    """A form: items below each other, this year's value in the column headed 本年."""
    headings = _form_headings(grid)
    if headings is None:
        expected = f"{ITEM_HEADING}、{THIS_YEAR_PREFIX}"
        return [], [intake_finding("sheet.heading_missing", place, expected=expected)]
    header_row, item_position, value_position = headings
    by_heading = {heading: column for column in columns for heading in column.headings}
    cells: list[Cell] = []
    findings: list[Finding] = []
    seen: set[str] = set()
    for row in range(header_row + 1, len(grid)):
        label, text = cell_text(grid[row][item_position]), cell_text(grid[row][value_position])
        column = by_heading.get(normalise_label(label))
        at = replace(place, cell=address(row, item_position), value=label or text)
        if column is None:
            if text:
                findings.append(intake_finding("sheet.heading_unknown", at))
        elif column.name in seen:
            findings.append(intake_finding("sheet.heading_repeated", at))
        else:
            seen.add(column.name)
            value_cell = address(row, value_position)
            cells.append((place.submission_id, contract.name, FORM_RECORD, column.name, value_cell, text))
    return cells, findings + _missing_headings(columns, seen, place)


def _form_headings(grid: Grid) -> tuple[int, int, int] | None:
    """Row of the headings, position of the items, position of this year's values."""
    for row, values in enumerate(grid[:HEADINGS_WITHIN_ROWS]):
        labels = [normalise_label(value) if isinstance(value, str) else "" for value in values]
        this_year = [p for p, label in enumerate(labels) if label.startswith(THIS_YEAR_PREFIX)]
        if ITEM_HEADING in labels and this_year:
            return row, labels.index(ITEM_HEADING), this_year[0]
    return None


def _read_records(
    grid: Grid, contract: Contract, columns: Sequence[Column], place: Place
) -> tuple[list[Cell], list[Finding]]:
    """A table: the row with most known headings is the head, every filled row below it is a record."""
    by_heading = {heading: column for column in columns for heading in column.headings}
    labels = [
        [normalise_label(value) if isinstance(value, str) else "" for value in values]
        for values in grid[:HEADINGS_WITHIN_ROWS]
    ]
    known = [sum(label in by_heading for label in row) for row in labels]
    if not any(known):
        expected = "、".join(column.label for column in columns)
        return [], [intake_finding("sheet.heading_missing", place, expected=expected)]
    header_row = known.index(max(known))
    findings: list[Finding] = []
    position_of: dict[str, int] = {}
    for position, label in enumerate(labels[header_row]):
        column = by_heading.get(label)
        at = replace(place, cell=address(header_row, position), value=cell_text(grid[header_row][position]))
        if column is None:
            if label and not label.startswith(LAST_YEAR_PREFIX):
                findings.append(intake_finding("sheet.heading_unknown", at))
        elif column.name in position_of:
            findings.append(intake_finding("sheet.heading_repeated", at))
        else:
            position_of[column.name] = position
    findings += _missing_headings(columns, set(position_of), place)
    cells: list[Cell] = []
    for row in range(header_row + 1, len(grid)):
        texts = {name: cell_text(grid[row][position]) for name, position in position_of.items()}
        if any(texts.values()):
            cells += (
                (place.submission_id, contract.name, row + 1, name, address(row, position_of[name]), text)
                for name, text in texts.items()
            )
    return cells, findings


def _missing_headings(columns: Sequence[Column], seen: set[str], place: Place) -> list[Finding]:
    return [
        intake_finding("sheet.heading_missing", replace(place, column_name=column.name), expected=column.label)
        for column in columns
        if column.name not in seen
    ]
