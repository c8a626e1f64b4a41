"""One sheet of a template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell

from sources.declarations.codelist import CodeList
from sources.declarations.contract import Column, Contract
from sources.declarations.headings import (
    CODELIST_SHEET,
    GONE,
    HINT_HEADING,
    ITEM_HEADING,
    LAST_YEAR_PREFIX,
    NUMBER_HEADING,
    ROLLED_AND_ASKED,
    ROLLED_NOTE,
    STATUS_LABEL,
    STILL_HEADING,
    STILL_THERE,
    THIS_YEAR_PREFIX,
    TOKEN_LABEL,
    UNIT_HEADING,
)
from sources.declarations.judgement import load_judgements
from sources.declarations.pack import Pack
from sources.system.plain_book import PlainBook
from sources.write.layout import FORM_LAST_YEAR, FORM_VALUES, SheetLayout, lines_of
from sources.write.limits import usual_limits
from sources.write.sheet_values import Record, SheetValues, Value

BLANK_TEMPLATE_ROWS_SHOWN = 20
FORM_WIDTHS = (6, 30, 8, 18, 24, 56)
NUMBER_WIDTH, TEXT_WIDTH, LAST_YEAR_WIDTH, STILL_WIDTH = 16, 24, 18, 14
HINT_UNITS = 66
"""What fits into a line of the hints: their letters are smaller than those by which a column is measured."""
LINE_POINTS = 15
FARTHEST = Decimal(10) ** 15
"""Stands for no limit: a spreadsheet keeps fifteen digits."""
UNIT_EXAMPLES = {
    "%": "例：95.60（即 95.6%，不填 0.956）。",
    "万元": "例：12.50（即 125000 元）。",
    "元": "例：125000（即 12.5 万元）。",
    "平方米": "例：40000（1 亩约为 666.67 平方米）。",
}
"""Of units that are taken for others: how a value is written, and what it is in the other one."""


@dataclass(frozen=True, slots=True)
class MarkedValue:
    """A value of a workbook that nobody submitted: the sheet's title, the cell, what stands there, and its origin."""

    title: str
    cell: str
    shown: Value
    origin: str


def cell_formats(book: PlainBook) -> dict[str, Any]:
    # Long: a line for each kind of cell.
    base = {"font_name": "宋体", "font_size": 11, "valign": "vcenter"}
    cell = {**base, "border": 1, "border_color": "#BFBFBF"}
    entry = {**cell, "locked": False, "bg_color": "#FFFDE7"}
    return (
        {
            name: book.add_format(properties)
            for name, properties in {
                "title": {**base, "font_size": 16, "bold": True},
                "instructions": {**base, "text_wrap": True, "font_color": "#595959", "valign": "top"},
                "heading": {**cell, "bold": True, "bg_color": "#DCE6F1", "align": "center", "text_wrap": True},
                "label": {**cell, "text_wrap": True},
                "note": {**base, "font_size": 10, "font_color": "#C00000", "text_wrap": True, "valign": "top"},
                "number": {**cell, "align": "center"},
                "hint": {**cell, "font_size": 9, "font_color": "#7F7F7F", "text_wrap": True},
                "text": {**entry, "text_wrap": True, "num_format": "@"},
                "integer": {**entry, "num_format": "0", "align": "right"},
                "decimal": {**entry, "num_format": "General", "align": "right"},
                "date": {**entry, "num_format": "yyyy-mm-dd"},
                "locked_text": {**cell, "bg_color": "#F2F2F2", "num_format": "@", "text_wrap": True},
                "told_token": {**base, "font_size": 10, "font_color": "#595959", "num_format": "@"},
                "told": {**cell, "font_size": 10, "text_wrap": True},
                "told_number": {**cell, "font_size": 10, "align": "right"},
                "result": {**cell, "font_size": 10, "align": "center"},
                "link": {**cell, "font_size": 10, "font_color": "#0563C1", "underline": 1},
                "part": {**base, "bold": True, "font_size": 12},
                "summary": {**base, "bold": True, "font_color": "#C00000"},
                "locked_date": {**cell, "bg_color": "#F2F2F2", "num_format": "yyyy-mm-dd"},
                "locked_number": {**cell, "bg_color": "#F2F2F2", "num_format": "General", "align": "right"},
            }.items()
        }
        | {
            name: book.add_format({"font_color": letters, "bg_color": ground})
            for name, letters, ground in (
                ("bad", "#9C0006", "#FFC7CE"),
                ("doubtful", "#7F6000", "#FFEB9C"),
                ("good", "#006100", "#E2F0D9"),
            )
        }
        | {"struck": book.add_format({"font_color": "#A6A6A6", "font_strikeout": True})}
    )


class SheetWriter:
    """Writes one sheet; holds what every cell needs (formats, code lists, the year)."""

    def __init__(
        self,
        sheet: Any,
        formats: dict[str, Any],
        codelists: Mapping[str, CodeList],
        ranges: dict[str, str],
        pack: Pack,
        report_year: int,
    ) -> None:
        self.sheet = sheet
        self.pack = pack
        self.formats = formats
        self.codelists = codelists
        self.ranges = ranges
        self.report_year = report_year

    def write_form(self, contract: Contract, layout: SheetLayout, content: SheetValues, previous: SheetValues) -> None:
        columns = contract.columns_in(self.report_year)
        header_row = self._write_head(contract, layout, content, width=6, status_position=1)
        headings = [
            NUMBER_HEADING,
            ITEM_HEADING,
            UNIT_HEADING,
            f"{LAST_YEAR_PREFIX}（{self.report_year - 1}年）",
            f"{THIS_YEAR_PREFIX}（{self.report_year}年）",
            HINT_HEADING,
        ]
        for position, (heading, width) in enumerate(zip(headings, FORM_WIDTHS, strict=True)):
            self.sheet.write_string(header_row, position, heading, self.formats["heading"])
            self.sheet.set_column(position, position, width)
        this, last = _first(content.records), _first(previous.records)
        for offset, column in enumerate(columns, start=1):
            row = header_row + offset
            self.sheet.write_number(row, 0, offset, self.formats["number"])
            self.sheet.write_string(row, 1, column.label, self.formats["label"])
            self.sheet.write_string(row, 2, column.unit or "", self.formats["label"])
            self._write_locked(row, FORM_LAST_YEAR, column, last.get(column.name))
            self._write_entry(row, FORM_VALUES, column, this.get(column.name))
            self._validate(row, row, FORM_VALUES, column)
            self.sheet.write_string(row, 5, column.hint, self.formats["hint"])
            self._give_room(
                row,
                (column.label, FORM_WIDTHS[1]),
                (self._shown(column, last.get(column.name)), FORM_WIDTHS[FORM_LAST_YEAR]),
                (self._shown(column, this.get(column.name)), FORM_WIDTHS[FORM_VALUES]),
                (column.hint, HINT_UNITS),
            )
        self.sheet.freeze_panes(header_row + 1, 2)
        self.sheet.print_area(0, 0, header_row + len(columns), 5)

    def write_token(self, layout: SheetLayout, token: str) -> None:
        """The cover's line with the template's token, above the headings: readers of any version pass over it there."""
        self.sheet.write_string(layout.heading_row - 1, 0, f"{TOKEN_LABEL}：{token}", self.formats["told_token"])

    def write_records(
        self, contract: Contract, layout: SheetLayout, content: SheetValues, previous: SheetValues
    ) -> None:
        # Long: the headings, last year's beside them, and the rows under both.
        columns = contract.columns_in(self.report_year)
        header_row = self._write_head(contract, layout, content, width=len(columns), status_position=0)
        shown_last_year = [c for c in columns if contract.rows is None or c.name not in contract.key]
        first_last_year = len(columns) + 1
        for position, column in enumerate(columns):
            self.sheet.write_string(header_row, position, column.heading, self.formats["heading"])
            self.sheet.set_column(position, position, _width(column))
        for position, column in enumerate(shown_last_year, start=first_last_year):
            heading = f"{LAST_YEAR_PREFIX}·{column.heading}"
            self.sheet.write_string(header_row, position, heading, self.formats["heading"])
            self.sheet.set_column(position, position, LAST_YEAR_WIDTH)
        self._give_room(
            header_row,
            *((column.heading, _width(column)) for column in columns),
            *((f"{LAST_YEAR_PREFIX}·{column.heading}", LAST_YEAR_WIDTH) for column in shown_last_year),
        )
        records, last_records = self._aligned(contract, content, previous)
        prepared = layout.rows
        for position, column in enumerate(columns):
            self._validate_rows(contract, header_row + 1, prepared, position, column)
        for offset in range(prepared):
            record = records[offset] if offset < len(records) else {}
            last = last_records[offset] if offset < len(last_records) else {}
            row = header_row + 1 + offset
            for position, column in enumerate(columns):
                self._write_entry(row, position, column, record.get(column.name))
            if record or last:
                self._give_room(
                    row,
                    *((self._shown(column, record.get(column.name)), _width(column)) for column in columns),
                    *((self._shown(column, last.get(column.name)), LAST_YEAR_WIDTH) for column in shown_last_year),
                )
            if last:
                for position, column in enumerate(shown_last_year, start=first_last_year):
                    self._write_locked(row, position, column, last.get(column.name))
        if contract.rolled is not None and not content.status and records:
            self._ask_whether_still_there(contract, layout)
        self.sheet.freeze_panes(header_row + 1, 1)
        shown_rows = max(len(records), BLANK_TEMPLATE_ROWS_SHOWN if contract.rows is None else 0)
        self.sheet.print_area(0, 0, header_row + shown_rows, len(columns) - (0 if layout.rolled else 1))
        self.sheet.repeat_rows(header_row)

    def _give_room(self, row: int, *texts: tuple[object, int]) -> None:
        """Makes a row as high as its longest text needs in the width of its column."""
        lines = max(lines_of(text, width) for text, width in texts)
        if lines > 1:
            self.sheet.set_row(row, LINE_POINTS * lines + 6)

    def _ask_whether_still_there(self, contract: Contract, layout: SheetLayout) -> None:
        """Of rows from last year's list: what to do with them, and the cells in which each is kept or struck."""
        asked = contract.rolled.asks if contract.rolled else None
        note = ROLLED_AND_ASKED.format(contract.column(asked).label) if asked else ROLLED_NOTE
        columns = contract.columns_in(self.report_year)
        row, last = layout.heading_row - 1, len(columns) - (0 if layout.rolled else 1)
        self.sheet.merge_range(row, 0, row, last, note, self.formats["note"])
        self._give_room(row, (note, sum(map(_width, columns)) + (STILL_WIDTH if layout.rolled else 0)))
        if not layout.rolled:
            return
        at, first, last = layout.still_at, layout.first_row, layout.first_row + layout.rolled - 1
        self.sheet.write_string(layout.heading_row, at, STILL_HEADING, self.formats["heading"])
        self.sheet.set_column(at, at, STILL_WIDTH)
        for row in range(first, last + 1):
            self.sheet.write_blank(row, at, None, self.formats["text"])
        rule = {"validate": "list", "source": [STILL_THERE, GONE], "error_type": "stop"}
        told = f"还在的选“{STILL_THERE}”，不在的选“{GONE}”。选好一格可以向下填充。"
        rule |= {"input_title": STILL_HEADING, "input_message": told, "error_message": "请从下拉列表选择。"}
        self.sheet.data_validation(first, at, last, at, rule)
        letter = xl_col_to_name(at)
        for answer, area, style in (
            (f'${letter}{first + 1}="{GONE}"', (first, 0, last, at), "struck"),
            (f'(${letter}{first + 1}="")*($A{first + 1}<>"")', (first, at, last, at), "doubtful"),
        ):
            self.sheet.conditional_format(
                *area, {"type": "formula", "criteria": f"={answer}", "format": self.formats[style]}
            )

    def marked_values(
        self, contract: Contract, layout: SheetLayout, content: SheetValues, origins: Sequence[Mapping[str, str]]
    ) -> list[MarkedValue]:
        """The values of the sheet that have an origin, where they have been written; `origins` by record.

        The sheet's status is nobody's word either.
        """
        columns = contract.columns_in(self.report_year)
        codes = [entry.code for entry in self.codelists[contract.rows].codes] if contract.rows else []
        marked = []
        if layout.status_at is not None and content.status:
            status = self._shown(status_column(contract), content.status)
            marked.append(MarkedValue(contract.title, xl_rowcol_to_cell(*layout.status_at), status, "made_up"))
        for index, (record, of_record) in enumerate(zip(content.records, origins, strict=bool(origins))):
            offset = codes.index(str(record[contract.key[0]])) if contract.rows else index
            for position, column in enumerate(columns):
                value = record.get(column.name)
                if column.name not in of_record or column.prefilled or value in (None, ""):
                    continue
                row, at = (position, FORM_VALUES) if layout.is_form else (offset, position)
                cell = xl_rowcol_to_cell(layout.first_row + row, at)
                marked.append(MarkedValue(contract.title, cell, self._shown(column, value), of_record[column.name]))
        return marked

    def _aligned(
        self, contract: Contract, content: SheetValues, previous: SheetValues
    ) -> tuple[list[Record], list[Record]]:
        """This year's and last year's records, in the same rows where the rows are fixed."""
        if contract.rows is None:
            return list(content.records), list(previous.records)
        (key,) = contract.key
        by_key = {record[key]: record for record in content.records}
        last_by_key = {record[key]: record for record in previous.records}
        codes = [entry.code for entry in self.codelists[contract.rows].codes]
        return [{key: code, **by_key.get(code, {})} for code in codes], [last_by_key.get(c, {}) for c in codes]

    def _write_head(
        self, contract: Contract, layout: SheetLayout, content: SheetValues, width: int, status_position: int
    ) -> int:
        """Title, instructions and status; returns the row of the headings."""
        self.sheet.set_default_row(22)
        self.sheet.protect("", {"format_columns": True, "format_rows": True, "insert_rows": True, "sort": True})
        self.sheet.set_landscape()
        self.sheet.set_paper(9)
        self.sheet.fit_to_pages(1, 0)
        self.sheet.set_footer("&C第 &P 页，共 &N 页")
        self.sheet.write_string(0, 0, f"{contract.title}（{self.report_year}年度）", self.formats["title"])
        self.sheet.set_row(0, 28)
        last = xl_col_to_name(max(width, 2) - 1)
        self.sheet.merge_range(f"A2:{last}2", contract.instructions, self.formats["instructions"])
        self.sheet.set_row(1, 34)
        if layout.status_at is not None:
            row, value_position = layout.status_at
            self.sheet.write_string(row, status_position, STATUS_LABEL, self.formats["heading"])
            self._write_entry(row, value_position, status_column(contract), content.status or None)
            self._validate(row, row, value_position, status_column(contract))
        return layout.heading_row

    def _write_entry(self, row: int, position: int, column: Column, value: Value) -> None:
        kind: str = column.type if column.type in ("integer", "decimal", "date") else "text"
        if column.prefilled:
            kind = _locked(column)
        self._write(row, position, column, value, self.formats[kind])

    def _write_locked(self, row: int, position: int, column: Column, value: Value) -> None:
        self._write(row, position, column, value, self.formats[_locked(column)])

    def _write(self, row: int, position: int, column: Column, value: Value, cell_format: Any) -> None:
        write_value(self.sheet, row, position, self._shown(column, value), cell_format)

    def _shown(self, column: Column, value: Value) -> Value:
        """A value as it stands in its cell: a number or a date as such, a code by its label, anything else as text."""
        is_typed = (column.is_number and not isinstance(value, str)) or (
            column.type == "date" and isinstance(value, date)
        )
        if value is None or value == "" or is_typed:
            return value
        return self.codelists[column.codelist].label_of.get(str(value), str(value)) if column.codelist else str(value)

    def _validate_rows(self, contract: Contract, first_row: int, rows: int, position: int, column: Column) -> None:
        """A column of a table: as a whole, or by row where each fixed row has limits of its own."""
        judgement = load_judgements(self.pack).get(column.judged or "")
        if contract.rows is None or judgement is None or not judgement.rows:
            self._validate(first_row, first_row + rows - 1, position, column)
            return
        for row, entry in enumerate(self.codelists[contract.rows].codes, first_row):
            self._validate(row, row, position, column, judgement.rows.get(entry.code))

    def _validate(
        self, first_row: int, last_row: int, position: int, column: Column, judged: str | None = None
    ) -> None:
        """Adds a check and a hint to each cell. A value beyond the limits can be typed all the same: it may be true.

        Only a closed list refuses what it does not have. Pasted values pass by all, so the audit checks again.
        `judged`: the judgement of the cells, where it is not the column's.
        """
        if column.prefilled:
            return
        rule: dict[str, Any] = {"input_title": column.label[:32], "input_message": input_message(column)}
        rule |= {"error_type": "warning", "error_title": column.label[:32]}
        if column.type == "code":
            assert column.codelist is not None
            codelist = self.codelists[column.codelist]
            letter = self.ranges.setdefault(column.codelist, xl_col_to_name(len(self.ranges)))
            source = f"={list_cells(letter, codelist)}"
            rule |= {"validate": "list", "source": source, "error_message": "请从下拉列表选择。"}
            if codelist.closed:
                rule["error_type"] = "stop"
        elif column.is_number:
            low, high = usual_limits(column, load_judgements(self.pack).get(judged or column.judged or ""))
            minimum, maximum = (float(FARTHEST if limit is None else limit) for limit in (low, high))
            minimum = -minimum if low is None else minimum
            rule |= {"validate": column.type, "criteria": "between", "minimum": minimum, "maximum": maximum}
            rule |= {"error_message": _limits_in_words(column, low, high)}
        elif column.type == "date":
            rule |= {"validate": "any"}
        else:
            rule |= {"validate": "length", "criteria": "<=", "value": column.max_length}
            rule |= {"error_message": f"一般不超过 {column.max_length} 个字。"}
        self.sheet.data_validation(first_row, position, last_row, position, rule)


def _width(column: Column) -> int:
    return NUMBER_WIDTH if column.is_number else TEXT_WIDTH


def _locked(column: Column) -> str:
    """The format of a grey cell."""
    if column.type == "date":
        return "locked_date"
    return "locked_number" if column.is_number else "locked_text"


def write_value(sheet: Any, row: int, position: int, value: Value, cell_format: Any) -> None:
    """Writes a cell by the type of its value; a blank one keeps its format."""
    if value is None or value == "":
        sheet.write_blank(row, position, None, cell_format)
    elif isinstance(value, str):
        sheet.write_string(row, position, value, cell_format)
    elif isinstance(value, date):
        sheet.write_datetime(row, position, value, cell_format)
    else:
        sheet.write_number(row, position, value, cell_format)


def list_cells(letter: str, codelist: CodeList) -> str:
    """The cells of a code list, as a formula names them."""
    return f"'{CODELIST_SHEET}'!${letter}$2:${letter}${len(codelist.codes) + 1}"


def input_message(column: Column) -> str:
    """What is shown beside a cell that is being filled in: its unit, an example, and the hint, as far as there is room.

    Excel takes 255 letters.
    """
    parts = [f"单位：{column.unit}。" if column.unit else "", example_of(column), column.hint]
    return "".join(parts)[:255]


def example_of(column: Column) -> str:
    """How a value is written, as far as the type says it; nothing for texts and codes."""
    if column.unit in UNIT_EXAMPLES:
        return UNIT_EXAMPLES[column.unit]
    if column.type == "date":
        return "例：2023-09-01。"
    if column.is_number:
        return "例：1234。" if column.type == "integer" else f"例：{Decimal('1234.5'):.{column.decimals}f}。"
    return ""


def _limits_in_words(column: Column, low: Decimal | None, high: Decimal | None) -> str:
    kind = "整数" if column.type == "integer" else "数字"
    unit = f"（单位：{column.unit}）" if column.unit else ""
    least = f"一般不小于 {low:f}" if low is not None else ""
    most = f"一般不大于 {high:f}" if high is not None else ""
    bounds = "，".join(each for each in (least, most) if each)
    return f"请填{kind}{unit}。{bounds}{'。' if bounds else ''}确实如此的，选“是”。"


def status_column(contract: Contract) -> Column:
    """The pseudo-column of a sheet's status cell (本表情况)."""
    hint = "没有数据的表也要说明原因：已填报、本单位无此项（即为零）、无法提供。"
    return Column(name="sheet_status", label=STATUS_LABEL, type="code", codelist="sheet_status", hint=hint)


def _first(records: Sequence[Record]) -> Record:
    return records[0] if records else {}
