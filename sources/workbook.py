"""Workbook + contracts → cells with their addresses, and findings about its structure.

Sheets are found by title, columns and items by heading; position means nothing. Nothing is judged here but
structure: a cell's text is taken as it stands, its type is the audit's business (`audit.py`). Every filled cell of
the workbook ends in one of three places, and `Tally` counts them: taken as a value, named in a finding, or part of
the template.
"""

import logging
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from io import BytesIO
from itertools import islice, product
from typing import Any, Literal

import polars as pl
from python_calamine import CalamineWorkbook, SheetTypeEnum

from sources.explain import RESULT_SHEET, GivenExplanation, read_explanations
from sources.finding import Finding, Findings, Place, intake_finding
from sources.frames import CELL_SCHEMA, FORM_RECORD, STATUS_COLUMN
from sources.headings import (
    CODELIST_SHEET,
    HINT_HEADING,
    ITEM_HEADING,
    LAST_YEAR_PREFIX,
    META_SHEET,
    NUMBER_HEADING,
    STATUS_LABEL,
    THIS_YEAR_PREFIX,
    UNIT_HEADING,
)
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
from sources.sheet_xml import Position, StoredSheet, address

HEADINGS_WITHIN_ROWS = 15
SHOWN_STRAYS = 8
EXAMPLE_PREFIXES = ("示例", "例：", "例:")
OWN_SHEETS = (META_SHEET, CODELIST_SHEET, RESULT_SHEET)
LAST_YEAR_HEADING = re.compile(rf"{LAST_YEAR_PREFIX}(\([0-9]{{4}}年\))?")
OWN_HEADING = re.compile(
    rf"{NUMBER_HEADING}|{ITEM_HEADING}|{UNIT_HEADING}|{HINT_HEADING}|{THIS_YEAR_PREFIX}.*|{LAST_YEAR_HEADING.pattern}"
)
FORMULA_RULES = {"formula": "value.formula", "uncomputed": "value.formula_uncomputed"}
YEAR = re.compile(r"[0-9]{4}")
NUMBER = re.compile(r"-?[0-9]{1,15}([.][0-9]{1,15})?")

Grid = list[list[Any]]
Texts = dict[Position, str]
"""The filled cells of a sheet."""
Cell = tuple[str, str, int, str, str, str]
Fate = Literal["value", "reported", "ignored"]
"""Taken as a value, named in a finding, or part of the template."""


@dataclass
class Tally:
    """What became of the filled cells of a workbook: read = values + reported + ignored."""

    read: int = 0
    values: int = 0
    reported: int = 0
    ignored: int = 0


@dataclass(frozen=True)
class Reading:
    """What one file holds.

    `cells` are tuples in the order of CELL_SCHEMA: `record` is the row number in a table and FORM_RECORD in
    a form, `sheet` the contract's name. An empty cell of a known column is there too, with text ''.
    `last_year` is what the grey column of the forms says: (sheet, column) → text. `fates`: (sheet's title, address)
    of every filled cell → what became of it. `respondent` and `report_year` are None when the cover does not say;
    then, as after any structural error, there is at least one finding.
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
    fates: dict[tuple[str, str], Fate] = field(default_factory=dict)

    @property
    def tally(self) -> Tally:
        count = Counter(self.fates.values())
        return Tally(len(self.fates), count["value"], count["reported"], count["ignored"])


@dataclass
class _Sheet:
    """One sheet of a contract while it is being read. A filled cell without a fate at the end is a stray."""

    title: str
    """As it is written in the workbook; `place` has it as the contract does."""
    contract: Contract
    columns: Sequence[Column]
    place: Place
    texts: Texts
    stored: StoredSheet
    reading: Reading
    is_outdated: bool = False
    status_row: int | None = None
    findings: Findings = field(default_factory=Findings)
    fates: dict[Position, Fate] = field(default_factory=dict)
    taken: dict[int, list[int]] = field(default_factory=dict)
    """Rows → positions of the value cells in it."""

    def text(self, row: int, position: int) -> str:
        return self.texts.get((row, position), "")

    @cached_property
    def rows(self) -> dict[int, list[int]]:
        """Rows with something in them, a formula without a result included → positions of the filled cells."""
        rows: dict[int, list[int]] = {row: [] for row, _ in self.stored.formulas}
        for row, position in sorted(self.texts):
            rows.setdefault(row, []).append(position)
        return dict(sorted(rows.items()))

    def below(self, header_row: int) -> Iterator[tuple[int, list[int]]]:
        """The rows of values: below the headings, and not the row with the sheet's status, wherever that stands."""
        return ((row, filled) for row, filled in self.rows.items() if row > header_row and row != self.status_row)

    def labels(self, row: int) -> dict[int, str]:
        return {position: normalise_label(self.text(row, position)) for position in self.rows.get(row, [])}

    def claim(self, fate: Fate, row: int, *positions: int) -> None:
        for position in positions:
            if (row, position) in self.texts:
                self.fates[row, position] = fate

    def report(self, rule_id: str, row: int, position: int, value: str, **texts: object) -> None:
        at = replace(self.place, cell=address(row, position), value=value)
        self.findings.add(intake_finding(rule_id, at, **texts))

    def take(self, record: int, column: Column, row: int, position: int) -> None:
        """Takes a value cell; a formula or an error in it is a finding, and only a stored result is a value."""
        at, text = address(row, position), self.text(row, position)
        formula = self.stored.formulas.get((row, position))
        if formula:
            rule_id = FORMULA_RULES.get(formula, "value.error_cell")
            place = replace(self.place, cell=at, column_name=column.name, value=text)
            self.findings.add(intake_finding(rule_id, place, label=column.label))
        is_error = formula is not None and formula not in FORMULA_RULES
        self.claim("reported" if is_error else "value", row, position)
        self.taken.setdefault(row, []).append(position)
        text = "" if is_error else text
        self.reading.cells.append((self.place.submission_id, self.contract.name, record, column.name, at, text))

    def settle(self) -> None:
        """Reports what nothing else has claimed, and what a person would see otherwise than it was read."""
        strays = sorted(at for at in self.texts if at not in self.fates)
        if strays:
            self.report(
                "sheet.stray_cells", *strays[0], self.text(*strays[0]), count=len(strays), expected=_named(strays)
            )
            self.fates.update(dict.fromkeys(strays, "reported"))
        if merged := [first for first, last in self.stored.merged if self._covers_several_values(first, last)]:
            self.report("sheet.merged_cells", *merged[0], self.text(*merged[0]), expected=_named(merged))
        filled = [(row, taken) for row, taken in self.taken.items() if any(self.text(row, p) for p in taken)]
        if hidden := [(row, taken[0]) for row, taken in filled if row in self.stored.hidden_rows]:
            self.report("sheet.hidden_rows", *hidden[0], "", count=len(hidden), expected=_named(hidden))
        self.reading.findings.extend(self.findings.all())
        self.reading.fates.update({(self.title, address(*at)): fate for at, fate in self.fates.items()})

    def _covers_several_values(self, first: Position, last: Position) -> bool:
        rows = list(self.taken)  # in ascending order
        within = rows[bisect_left(rows, first[0]) : bisect_right(rows, last[0])]
        covered = (p for row in within for p in self.taken[row] if first[1] <= p <= last[1])
        return len(list(islice(covered, 2))) == 2


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
        grids = _grids(inspection.book)
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # a panic in the reader is no Exception
        reading.findings.append(intake_finding("file.unreadable", replace(file, value=type(error).__name__)))
        return reading
    texts = {title: _texts(grids.get(title, []), stored) for title, stored in inspection.sheets.items()}
    if unclear := _unclear(texts, inspection.sheets):
        place = replace(file, sheet=unclear[0][0], cell=address(*unclear[0][1]))
        reading.findings.append(intake_finding("sheet.unclear", place, expected=_named([at for _, at in unclear])))
        return reading
    try:
        return _read_sheets(reading, grids, texts, inspection.sheets, city)
    except Exception as error:  # a fault of ours: it is logged, and the other files go on
        logging.getLogger(__name__).exception("%s (%s)", file_name, submission_id)
        finding = intake_finding("file.unreadable", replace(file, value=type(error).__name__))
        return Reading(submission_id, file_name, saved_at=inspection.saved_at, findings=[finding])


def _grids(book: bytes) -> dict[str, Grid]:
    workbook = CalamineWorkbook.from_filelike(BytesIO(book))
    titles = [sheet.name for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    return {title: workbook.get_sheet_by_name(title).to_python(skip_empty_area=False) for title in titles}


def _texts(grid: Grid, stored: StoredSheet) -> Texts:
    """The filled cells of a sheet as a person reads them, an error by its code."""
    shown = {
        (row, position): text
        for row, values in enumerate(grid)
        for position, value in enumerate(values)
        if (text := cell_text(value))
    }
    return shown | {at: formula for at, formula in stored.formulas.items() if formula not in FORMULA_RULES}


def _unclear(texts: Mapping[str, Texts], sheets: Mapping[str, StoredSheet]) -> list[tuple[str, Position]]:
    """Cells that the two readers do not read alike."""
    return [
        (title, at)
        for title, stored in sheets.items()
        for at in sorted(texts[title].keys() | stored.texts.keys())
        if not _agree(texts[title].get(at, ""), at, stored)
    ]


def _agree(text: str, at: Position, stored: StoredSheet) -> bool:
    """Whether what is shown is what is stored: the same letters, or some value for a number, negative if it is."""
    if at in stored.strings:
        return "".join(text.split()) == "".join(stored.texts[at].split())
    if at in stored.texts:
        return text.startswith("-") == stored.texts[at].strip().startswith("-") and bool(text)
    return bool(text) == (stored.formulas.get(at, "formula") not in FORMULA_RULES)


def _read_sheets(
    reading: Reading,
    grids: Mapping[str, Grid],
    texts: Mapping[str, Texts],
    stored: Mapping[str, StoredSheet],
    city: City,
) -> Reading:
    file = Place(reading.submission_id, reading.file_name)
    titles: dict[str, list[str]] = {}
    for title in texts:
        titles.setdefault(normalise_label(title), []).append(title)
    meta = {str(row[0]): str(row[1]) for row in grids.get(META_SHEET, []) if len(row) > 1}
    version = meta.get("template_version")
    reading = replace(reading, template_version=version, explanations=read_explanations(grids.get(RESULT_SHEET, [])))

    def read(contract: Contract, columns: Sequence[Column], is_outdated: bool = False) -> bool:
        found = titles.get(normalise_label(contract.title), [])
        place = replace(file, sheet=contract.title)
        if len(found) != 1:
            missing = "cover.missing" if contract.name == "cover" else "sheet.missing"
            rule_id = "sheet.repeated" if found else missing
            reading.findings.append(intake_finding(rule_id, place, expected="、".join(found)))
            return False
        (title,) = found
        sheet = _Sheet(title, contract, columns, place, texts[title], stored[title], reading, is_outdated)
        _read_status(sheet)
        (_read_form if contract.shape == "form" else _read_records)(sheet)
        sheet.settle()
        return True

    cover = next(contract for contract in load_contracts() if contract.name == "cover")
    respondent, report_year = None, None
    if read(cover, cover.columns):
        respondent, report_year = _identity(reading, meta, city, replace(file, sheet=cover.title))
        said = {column: raw for _, _, _, column, _, raw in reading.cells}
        reading = replace(reading, revision_reason=said.get("revision_reason") or None)
    contracts: Sequence[Contract] = ()
    if respondent and report_year:
        template = _template_findings(version, respondent, report_year, file)
        reading.findings.extend(template)
        contracts = [c for c in contracts_for(respondent.kind, report_year) if c.name != "cover"]
        for contract in contracts:
            read(contract, contract.columns_in(report_year), is_outdated=bool(template))
        _report_unknown_sheets(reading, texts, contracts, file)
    _account_for_the_rest(reading, texts)
    return replace(reading, respondent=respondent, report_year=report_year)


def _report_unknown_sheets(
    reading: Reading, texts: Mapping[str, Texts], contracts: Sequence[Contract], file: Place
) -> None:
    known = {normalise_label(title) for title in ("封面", *OWN_SHEETS, *(contract.title for contract in contracts))}
    for title, filled in texts.items():
        if normalise_label(title) not in known and filled:
            reading.findings.append(intake_finding("sheet.unknown", replace(file, sheet=title), count=len(filled)))


def _account_for_the_rest(reading: Reading, texts: Mapping[str, Texts]) -> None:
    """Sheets that were not read: the template's own are ignored, of any other a finding says that it was not read."""
    own = {normalise_label(title) for title in OWN_SHEETS}
    for title, filled in texts.items():
        fate: Fate = "ignored" if normalise_label(title) in own else "reported"
        for at in filled:
            reading.fates.setdefault((title, address(*at)), fate)


def _named(positions: Sequence[Position]) -> str:
    """The first few addresses, in words."""
    shown = "、".join(address(*at) for at in positions[:SHOWN_STRAYS])
    return shown + (" 等" if len(positions) > SHOWN_STRAYS else "")


def cells_frame(readings: Sequence[Reading]) -> pl.DataFrame:
    """The cells of many workbooks, stacked."""
    cells = [cell for reading in readings for cell in reading.cells]
    return pl.DataFrame(cells, schema=CELL_SCHEMA, orient="row")


def printed_last_year(readings: Iterable[Reading]) -> dict[str, dict[str, dict[str, int | Decimal]]]:
    """Last year's numbers as the templates print them beside this year's: sheet → submission → column → value.

    What the file says, not what stands by now: so that the same is said of a file whenever it is read.
    """
    values: dict[str, dict[str, dict[str, int | Decimal]]] = {}
    for contract, reading in product(load_contracts(), readings):
        row = {
            column.name: Decimal(text) if column.type == "decimal" else int(text)
            for column in contract.columns
            if column.is_number and NUMBER.fullmatch(text := reading.last_year.get((contract.name, column.name), ""))
            if column.type == "decimal" or text.lstrip("-").isdecimal()
        }
        if row:
            values.setdefault(contract.name, {})[reading.submission_id] = row
    return values


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
        return text if "e" not in text else format(Decimal(text), "f")
    if isinstance(value, datetime) and value.time() == time(0):
        return value.date().isoformat()
    if isinstance(value, date | datetime | time | timedelta):
        return str(value)
    return ""


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
    year_text = unicodedata.normalize("NFKC", text.get("stated_year", "")).removesuffix("度").removesuffix("年")
    report_year = int(year_text) if YEAR.fullmatch(year_text) else None
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
    for row in range(HEADINGS_WITHIN_ROWS):
        labels = sheet.labels(row)
        position = next((position for position, label in labels.items() if label == wanted), None)
        if position is not None:
            sheet.status_row = row
            sheet.claim("ignored", row, position)
            if right := next((each for each in labels if each > position), None):
                sheet.claim("value", row, right)
                cell = (sheet.contract.name, FORM_RECORD, STATUS_COLUMN, address(row, right), sheet.text(row, right))
                sheet.reading.cells.append((sheet.place.submission_id, *cell))
            return


def _read_form(sheet: _Sheet) -> None:
    """A form: items below each other, this year's value in the column headed 本年."""
    headings = _form_headings(sheet)
    if headings is None:
        _report_no_headings(sheet, f"{ITEM_HEADING}、{THIS_YEAR_PREFIX}")
        return
    header_row, labels, item_position, value_position = headings
    _read_head(sheet, header_row)
    sheet.claim("ignored", header_row, *(p for p, label in labels.items() if OWN_HEADING.fullmatch(label)))
    by_heading = {heading: column for column in sheet.columns for heading in column.headings}
    seen: set[str] = set()
    for row, filled in sheet.below(header_row):
        label = sheet.text(row, item_position)
        column = by_heading.get(normalise_label(label))
        if column is None and (text := sheet.text(row, value_position)):
            sheet.report("sheet.heading_unknown", row, item_position, label or text)
            sheet.claim("reported", row, *filled)
        elif column is not None and column.name in seen:
            sheet.report("sheet.heading_repeated", row, item_position, label)
            sheet.claim("reported", row, *filled)
        elif column is not None:
            seen.add(column.name)
            sheet.claim("ignored", row, item_position)
            sheet.take(FORM_RECORD, column, row, value_position)
            for position in filled:
                if position not in (item_position, value_position):
                    _read_beside(sheet, column, labels.get(position, ""), row, position)
    sheet.findings.extend(_missing_headings(sheet, seen))


def _read_beside(sheet: _Sheet, column: Column, heading: str, row: int, position: int) -> None:
    """A cell of the template beside an item: number, unit, last year's value or hint. Anything else is a stray."""
    text = sheet.text(row, position)
    label = normalise_label(text)
    if LAST_YEAR_HEADING.fullmatch(heading):
        sheet.reading.last_year[sheet.contract.name, column.name] = text
        sheet.claim("ignored", row, position)
    elif heading == UNIT_HEADING and label != normalise_label(column.unit or ""):
        sheet.report("sheet.unit_changed", row, position, text, label=column.label, expected=column.unit or "（空白）")
        sheet.claim("reported", row, position)
    elif (
        heading == UNIT_HEADING
        or (heading == NUMBER_HEADING and label.isdecimal())
        or (heading == HINT_HEADING and (sheet.is_outdated or label == normalise_label(column.hint)))
    ):
        sheet.claim("ignored", row, position)


def _form_headings(sheet: _Sheet) -> tuple[int, dict[int, str], int, int] | None:
    """Row of the headings, the headings by position, position of the items, position of this year's values."""
    for row in range(HEADINGS_WITHIN_ROWS):
        labels = sheet.labels(row)
        items = [position for position, label in labels.items() if label == ITEM_HEADING]
        this_year = [position for position, label in labels.items() if label.startswith(THIS_YEAR_PREFIX)]
        if items and this_year:
            return row, labels, items[0], this_year[0]
    return None


def _read_records(sheet: _Sheet) -> None:
    """A table: the row with most known headings is the head, every filled row below it is a record."""
    by_heading = {heading: column for column in sheet.columns for heading in column.headings}
    known = [sum(label in by_heading for label in sheet.labels(row).values()) for row in range(HEADINGS_WITHIN_ROWS)]
    if not any(known):
        _report_no_headings(sheet, "、".join(column.label for column in sheet.columns))
        return
    header_row = known.index(max(known))
    _read_head(sheet, header_row)
    column_at: dict[int, Column] = {}
    unknown: set[int] = set()
    last_year: set[int] = set()
    for position, label in sorted(sheet.labels(header_row).items()):
        column = by_heading.get(label)
        if column is not None and column not in column_at.values():
            column_at[position] = column
        elif label.startswith(LAST_YEAR_PREFIX) and label.removeprefix(LAST_YEAR_PREFIX).lstrip("·") in by_heading:
            last_year.add(position)
        else:
            unknown.add(position)
            rule_id = "sheet.heading_unknown" if column is None else "sheet.heading_repeated"
            sheet.report(rule_id, header_row, position, sheet.text(header_row, position))
    sheet.claim("ignored", header_row, *column_at, *last_year)
    sheet.claim("reported", header_row, *unknown)
    for row, filled in sheet.below(header_row):
        sheet.claim("reported", row, *unknown)
        sheet.claim("ignored", row, *last_year)
        first = next((position for position in column_at if sheet.text(row, position)), None)
        if first is not None and sheet.text(row, first).startswith(EXAMPLE_PREFIXES):
            sheet.report("record.example", row, first, sheet.text(row, first))
            sheet.claim("reported", row, *filled)
        elif first is not None or any((row, position) in sheet.stored.formulas for position in column_at):
            for position, column in column_at.items():
                sheet.take(row + 1, column, row, position)
    sheet.findings.extend(_missing_headings(sheet, {column.name for column in column_at.values()}))


def _read_head(sheet: _Sheet, header_row: int) -> None:
    """Claims what the template prints above the headings."""
    contract = sheet.contract
    instructions, title = normalise_label(contract.instructions), normalise_label(contract.title)
    for row in range(header_row):
        for position, label in sheet.labels(row).items():
            is_printed = label == instructions or label.startswith(title) or (sheet.is_outdated and position == 0)
            if is_printed and (row, position) not in sheet.fates:
                sheet.claim("ignored", row, position)


def _report_no_headings(sheet: _Sheet, expected: str) -> None:
    sheet.findings.add(intake_finding("sheet.heading_missing", sheet.place, expected=expected))
    for at in sheet.texts:
        sheet.fates.setdefault(at, "reported")


def _missing_headings(sheet: _Sheet, seen: set[str]) -> list[Finding]:
    return [
        intake_finding("sheet.heading_missing", replace(sheet.place, column_name=column.name), expected=column.label)
        for column in sheet.columns
        if column.name not in seen
    ]
