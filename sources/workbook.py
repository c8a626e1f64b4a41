"""Workbook + contracts → cells with their addresses, and findings about its structure.

Sheets are found by title, columns and items by heading; position means nothing. Nothing is judged here but
structure: a cell's text is taken as it stands, its type is the audit's business (`audit.py`). Every filled cell of
the workbook ends in one of three places, and `Tally` counts them: taken as a value, named in a finding, or part of
the template.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any

import polars as pl
from python_calamine import CalamineWorkbook

from sources.explain import RESULT_SHEET, GivenExplanation, read_explanations
from sources.finding import Finding, Place, intake_finding
from sources.frames import CELL_SCHEMA, FORM_RECORD, STATUS_COLUMN
from sources.inspection import inspect
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
from sources.settings import Limits
from sources.template import (
    CODELIST_SHEET,
    ITEM_HEADING,
    LAST_YEAR_PREFIX,
    META_SHEET,
    STATUS_LABEL,
    THIS_YEAR_PREFIX,
)

HEADINGS_WITHIN_ROWS = 15
SHOWN_STRAYS = 8
EXAMPLE_PREFIXES = ("示例", "例：", "例:")
OWN_SHEETS = (META_SHEET, CODELIST_SHEET, RESULT_SHEET)

Grid = list[list[Any]]
Cell = tuple[str, str, int, str, str, str]


@dataclass
class Tally:
    """What became of the filled cells of a workbook's contract sheets: read = values + reported + ignored."""

    read: int = 0
    values: int = 0
    reported: int = 0
    ignored: int = 0


@dataclass(frozen=True)
class Reading:
    """What one file holds.

    `cells` are tuples in the order of CELL_SCHEMA: `record` is the row number in a table and FORM_RECORD in
    a form, `sheet` the contract's name. An empty cell of a known column is there too, with text ''.
    `last_year` is what the grey column of the forms says: (sheet, column) → text.
    `respondent` and `report_year` are None when the cover does not say; then, as after any structural error,
    there is at least one finding.
    """

    submission_id: str
    file_name: str
    respondent: Respondent | None = None
    report_year: int | None = None
    template_version: str | None = None
    revision_reason: str | None = None
    saved_at: datetime | None = None
    cells: list[Cell] = field(default_factory=list)
    last_year: dict[tuple[str, str], str] = field(default_factory=dict)
    explanations: list[GivenExplanation] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)


@dataclass
class _Sheet:
    """One sheet while it is being read."""

    contract: Contract
    columns: Sequence[Column]
    place: Place
    grid: Grid
    formulas: Mapping[str, str]
    reading: Reading

    def text(self, row: int, position: int) -> str:
        values = self.grid[row]
        return cell_text(values[position]) if position < len(values) else ""

    def report(self, rule_id: str, row: int, position: int, value: str, **texts: object) -> None:
        at = replace(self.place, cell=address(row, position), value=value)
        self.reading.findings.append(intake_finding(rule_id, at, **texts))

    def take(self, record: int, column: Column, row: int, position: int) -> None:
        """Takes a value cell; a formula or an error in it is a finding, and only a stored result is a value."""
        at, text = address(row, position), self.text(row, position)
        formula = self.formulas.get(at)
        place = replace(self.place, cell=at, column_name=column.name, value=text)
        if formula == "formula":
            self.reading.findings.append(intake_finding("value.formula", place, label=column.label))
        elif formula == "uncomputed":
            self.reading.findings.append(intake_finding("value.formula_uncomputed", place, label=column.label))
        elif formula:
            place = replace(place, value=formula)
            self.reading.findings.append(intake_finding("value.error_cell", place, label=column.label))
            text = ""
        self.reading.cells.append((self.place.submission_id, self.contract.name, record, column.name, at, text))
        self.reading.tally.values += text != ""

    def report_strays(self, strays: Sequence[tuple[int, int]]) -> None:
        if not strays:
            return
        row, position = strays[0]
        shown = "、".join(address(*stray) for stray in strays[:SHOWN_STRAYS])
        expected = shown + (" 等" if len(strays) > SHOWN_STRAYS else "")
        text = self.text(row, position)
        self.report("sheet.stray_cells", row, position, text, count=len(strays), expected=expected)
        self.reading.tally.reported += len(strays)


def read_workbook(data: bytes, submission_id: str, file_name: str, city: City, limits: Limits | None = None) -> Reading:
    """Reads one workbook against the contracts of its respondent and year.

    Never raises for what a file contains: a file that cannot be opened is a Reading with a finding.
    """
    file = Place(submission_id, file_name)
    inspection = inspect(data, limits or Limits())
    reading = Reading(submission_id, file_name, saved_at=inspection.saved_at)
    if inspection.refusal:
        rule_id, value = inspection.refusal
        reading.findings.append(intake_finding(rule_id, replace(file, value=value)))
        return reading
    reading.findings.extend(intake_finding(rule_id, file) for rule_id in inspection.notes)
    try:
        book = CalamineWorkbook.from_filelike(BytesIO(data))
        grids = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # a panic in the reader is no Exception
        reading.findings.append(intake_finding("file.unreadable", replace(file, value=type(error).__name__)))
        return reading
    return _read_sheets(reading, grids, inspection.formulas, city)


def _read_sheets(
    reading: Reading,
    grids: Mapping[str, Grid],
    formulas: Mapping[str, Mapping[str, str]],
    city: City,
) -> Reading:
    file = Place(reading.submission_id, reading.file_name)
    names = {normalise_label(name): name for name in grids}
    meta = {str(row[0]): str(row[1]) for row in grids.get(META_SHEET, []) if len(row) > 1}
    version = meta.get("template_version")
    reading = replace(reading, template_version=version, explanations=read_explanations(grids.get(RESULT_SHEET, [])))

    def sheet(contract: Contract, columns: Sequence[Column]) -> _Sheet | None:
        name = names.get(normalise_label(contract.title))
        place = replace(file, sheet=contract.title)
        if name is None:
            return None
        return _Sheet(contract, columns, place, grids[name], formulas.get(name, {}), reading)

    cover = next(contract for contract in load_contracts() if contract.name == "cover")
    cover_sheet = sheet(cover, cover.columns)
    if cover_sheet is None:
        reading.findings.append(intake_finding("cover.missing", replace(file, sheet=cover.title)))
        return reading
    _read_form(cover_sheet)
    respondent, report_year = _identity(reading, meta, city, cover_sheet.place)
    text = {column: raw for _, _, _, column, _, raw in reading.cells}
    reading = replace(reading, revision_reason=text.get("revision_reason") or None)
    contracts: Sequence[Contract] = ()
    if respondent and report_year:
        reading.findings.extend(_template_findings(version, respondent, report_year, file))
        contracts = [c for c in contracts_for(respondent.kind, report_year) if c.name != "cover"]
        for contract in contracts:
            own = sheet(contract, contract.columns_in(report_year))
            if own is None:
                reading.findings.append(intake_finding("sheet.missing", replace(file, sheet=contract.title)))
                continue
            _read_status(own)
            (_read_form if contract.shape == "form" else _read_records)(own)
        _report_unknown_sheets(reading, grids, contracts, file)
    return replace(reading, respondent=respondent, report_year=report_year)


def _report_unknown_sheets(
    reading: Reading, grids: Mapping[str, Grid], contracts: Sequence[Contract], file: Place
) -> None:
    known = {normalise_label(title) for title in ("封面", *OWN_SHEETS, *(contract.title for contract in contracts))}
    for name, grid in grids.items():
        count = sum(cell_text(value) != "" for row in grid for value in row)
        if normalise_label(name) not in known and count:
            reading.findings.append(intake_finding("sheet.unknown", replace(file, sheet=name), count=count))
            reading.tally.read += count
            reading.tally.reported += count


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
    reading: Reading, meta: Mapping[str, str], city: City, place: Place
) -> tuple[Respondent | None, int | None]:
    """Who sends, and for which year: the cover says it, and must agree with what the template was made for."""
    text = {column: raw for _, _, _, column, _, raw in reading.cells}
    cell = {column: at for _, _, _, column, at, _ in reading.cells}

    def report(rule_id: str, column: str, expected: str = "") -> None:
        at = replace(place, cell=cell.get(column), column_name=column, value=text.get(column, ""))
        reading.findings.append(intake_finding(rule_id, at, expected=expected))

    respondent = city.respondent_by_code.get(text.get("stated_code", ""))
    issued_to = city.respondent_by_code.get(meta.get("respondent_code", ""))
    if respondent is None:
        report("cover.respondent_unknown", "stated_code")
    elif issued_to and issued_to != respondent:
        report("cover.respondent_mismatch", "stated_code", f"{issued_to.name}（{issued_to.code}）")
    elif normalise_label(text.get("stated_name", "")) != normalise_label(respondent.name):
        report("cover.name_mismatch", "stated_name", respondent.name)
    year_text = text.get("stated_year", "")
    report_year = int(year_text) if year_text.isascii() and year_text.isdecimal() else None
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


def _read_status(sheet: _Sheet) -> None:
    """The status cell (本表情况): the first filled cell to the right of its label."""
    wanted = normalise_label(STATUS_LABEL)
    for row, values in enumerate(sheet.grid[:HEADINGS_WITHIN_ROWS]):
        for position, value in enumerate(values):
            if isinstance(value, str) and normalise_label(value) == wanted:
                for right in range(position + 1, len(values)):
                    if text := sheet.text(row, right):
                        cell = (sheet.contract.name, FORM_RECORD, STATUS_COLUMN, address(row, right), text)
                        sheet.reading.cells.append((sheet.place.submission_id, *cell))
                        sheet.reading.tally.values += 1
                        sheet.reading.tally.ignored -= 1  # counted with the head of the sheet
                        return
                return


def _read_form(sheet: _Sheet) -> None:
    """A form: items below each other, this year's value in the column headed 本年."""
    tally = sheet.reading.tally
    tally.read += _filled(sheet.grid)
    headings = _form_headings(sheet.grid)
    if headings is None:
        expected = f"{ITEM_HEADING}、{THIS_YEAR_PREFIX}"
        sheet.reading.findings.append(intake_finding("sheet.heading_missing", sheet.place, expected=expected))
        tally.reported += _filled(sheet.grid)
        return
    header_row, labels, item_position, value_position = headings
    strays = _read_head(sheet, header_row)
    by_heading = {heading: column for column in sheet.columns for heading in column.headings}
    last_year = next((p for p, heading in enumerate(labels) if heading.startswith(LAST_YEAR_PREFIX)), None)
    seen: set[str] = set()
    for row in range(header_row + 1, len(sheet.grid)):
        label, text = sheet.text(row, item_position), sheet.text(row, value_position)
        column = by_heading.get(normalise_label(label))
        if column is None and text:
            sheet.report("sheet.heading_unknown", row, item_position, label or text)
            tally.reported += 1 + (label != "")
        elif column is None and label:
            strays.append((row, item_position))
        elif column is not None and column.name in seen:
            sheet.report("sheet.heading_repeated", row, item_position, label)
            tally.reported += 1 + (text != "")
        elif column is not None:
            seen.add(column.name)
            tally.ignored += 1
            tally.reported += _is_error(sheet, row, value_position)
            sheet.take(FORM_RECORD, column, row, value_position)
            if last_year is not None and (before := sheet.text(row, last_year)):
                sheet.reading.last_year[sheet.contract.name, column.name] = before
        for position in range(len(sheet.grid[row])):
            if position not in (item_position, value_position) and sheet.text(row, position):
                if position < len(labels) and labels[position]:
                    tally.ignored += 1
                else:
                    strays.append((row, position))
    sheet.report_strays(strays)
    sheet.reading.findings.extend(_missing_headings(sheet, seen))


def _form_headings(grid: Grid) -> tuple[int, list[str], int, int] | None:
    """Row of the headings, the headings, position of the items, position of this year's values."""
    for row, values in enumerate(grid[:HEADINGS_WITHIN_ROWS]):
        labels = [normalise_label(value) if isinstance(value, str) else "" for value in values]
        this_year = [p for p, label in enumerate(labels) if label.startswith(THIS_YEAR_PREFIX)]
        if ITEM_HEADING in labels and this_year:
            return row, labels, labels.index(ITEM_HEADING), this_year[0]
    return None


def _read_records(sheet: _Sheet) -> None:
    """A table: the row with most known headings is the head, every filled row below it is a record."""
    tally = sheet.reading.tally
    tally.read += _filled(sheet.grid)
    by_heading = {heading: column for column in sheet.columns for heading in column.headings}
    labels = [
        [normalise_label(value) if isinstance(value, str) else "" for value in values]
        for values in sheet.grid[:HEADINGS_WITHIN_ROWS]
    ]
    known = [sum(label in by_heading for label in row) for row in labels]
    if not any(known):
        expected = "、".join(column.label for column in sheet.columns)
        sheet.reading.findings.append(intake_finding("sheet.heading_missing", sheet.place, expected=expected))
        tally.reported += _filled(sheet.grid)
        return
    header_row = known.index(max(known))
    strays = _read_head(sheet, header_row)
    position_of: dict[str, int] = {}
    unknown: set[int] = set()
    last_year: set[int] = set()
    for position, label in enumerate(labels[header_row]):
        column = by_heading.get(label)
        if column is not None and column.name not in position_of:
            position_of[column.name] = position
        elif label.startswith(LAST_YEAR_PREFIX):
            last_year.add(position)
        elif label:
            unknown.add(position)
            rule_id = "sheet.heading_unknown" if column is None else "sheet.heading_repeated"
            sheet.report(rule_id, header_row, position, sheet.text(header_row, position))
    columns = {column.name: column for column in sheet.columns}
    for row in range(header_row + 1, len(sheet.grid)):
        texts = {name: sheet.text(row, position) for name, position in position_of.items()}
        first = next((text for text in texts.values() if text), "")
        if first.startswith(EXAMPLE_PREFIXES):
            sheet.report("record.example", row, position_of[next(n for n, t in texts.items() if t)], first)
            tally.reported += sum(text != "" for text in texts.values())
        elif first or any(address(row, position) in sheet.formulas for position in position_of.values()):
            for name, position in position_of.items():
                sheet.take(row + 1, columns[name], row, position)
                tally.reported += _is_error(sheet, row, position)
        for position in range(len(sheet.grid[row])):
            if position not in position_of.values() and sheet.text(row, position):
                if position in unknown:
                    tally.reported += 1
                elif position in last_year:
                    tally.ignored += 1
                else:
                    strays.append((row, position))
    sheet.report_strays(strays)
    sheet.reading.findings.extend(_missing_headings(sheet, set(position_of)))


def _read_head(sheet: _Sheet, header_row: int) -> list[tuple[int, int]]:
    """Counts what stands above and in the row of headings; returns what does not belong there."""
    contract = sheet.contract
    instructions, title = normalise_label(contract.instructions), normalise_label(contract.title)
    strays = []
    for row in range(header_row):
        status_row = any(
            isinstance(value, str) and normalise_label(value) == normalise_label(STATUS_LABEL)
            for value in sheet.grid[row]
        )
        values_in_status_row = 0
        for position in range(len(sheet.grid[row])):
            text = sheet.text(row, position)
            if not text:
                continue
            label = normalise_label(text)
            values_in_status_row += status_row and label != normalise_label(STATUS_LABEL)
            expected = label == instructions or label.startswith(title) or (status_row and values_in_status_row <= 1)
            if expected:
                sheet.reading.tally.ignored += 1
            else:
                strays.append((row, position))
    sheet.reading.tally.ignored += _filled([sheet.grid[header_row]])
    return strays


def _filled(grid: Grid) -> int:
    return sum(cell_text(value) != "" for row in grid for value in row)


def _is_error(sheet: _Sheet, row: int, position: int) -> bool:
    """Whether a taken cell shows an error as text: then it is filled, and in a finding instead of a value."""
    shown = sheet.formulas.get(address(row, position), "formula")
    return shown not in ("formula", "uncomputed") and sheet.text(row, position) != ""


def _missing_headings(sheet: _Sheet, seen: set[str]) -> list[Finding]:
    return [
        intake_finding("sheet.heading_missing", replace(sheet.place, column_name=column.name), expected=column.label)
        for column in sheet.columns
        if column.name not in seen
    ]
