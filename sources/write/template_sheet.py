"""One sheet of a template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from sources.declarations.codelist import CodeList
from sources.declarations.contract import Column, Contract
from sources.declarations.headings import (
    CODELIST_SHEET,
    HINT_HEADING,
    ITEM_HEADING,
    LAST_YEAR_PREFIX,
    NUMBER_HEADING,
    STATUS_LABEL,
    THIS_YEAR_PREFIX,
    UNIT_HEADING,
)

Value = str | int | Decimal | date | None
Record = Mapping[str, Value]
BLANK_TEMPLATE_ROWS_SHOWN = 20


@dataclass(frozen=True)
class SheetValues:
    """What stands in one sheet: its status (code of `sheet_status`) and its records (one for a form)."""

    status: str = "filled"
    records: Sequence[Record] = field(default_factory=tuple)


def cell_formats(book: xlsxwriter.Workbook) -> dict[str, Any]:
    base = {"font_name": "宋体", "font_size": 11, "valign": "vcenter"}
    cell = {**base, "border": 1, "border_color": "#BFBFBF"}
    entry = {**cell, "locked": False, "bg_color": "#FFFDE7"}
    return {
        name: book.add_format(properties)
        for name, properties in {
            "title": {**base, "font_size": 16, "bold": True},
            "instructions": {**base, "text_wrap": True, "font_color": "#595959", "valign": "top"},
            "heading": {**cell, "bold": True, "bg_color": "#DCE6F1", "align": "center", "text_wrap": True},
            "label": {**cell, "text_wrap": True},
            "number": {**cell, "align": "center"},
            "hint": {**cell, "font_size": 9, "font_color": "#7F7F7F", "text_wrap": True},
            "text": {**entry, "text_wrap": True, "num_format": "@"},
            "integer": {**entry, "num_format": "0", "align": "right"},
            "decimal": {**entry, "num_format": "General", "align": "right"},
            "date": {**entry, "num_format": "yyyy-mm-dd"},
            "locked_text": {**cell, "bg_color": "#F2F2F2", "num_format": "@", "text_wrap": True},
            "locked_number": {**cell, "bg_color": "#F2F2F2", "num_format": "General", "align": "right"},
        }.items()
    }


class SheetWriter:
    """Writes one sheet; holds what every cell needs (formats, code lists, the year)."""

    def __init__(
        self,
        sheet: Any,
        formats: dict[str, Any],
        codelists: Mapping[str, CodeList],
        ranges: dict[str, str],
        report_year: int,
    ) -> None:
        self.sheet = sheet
        self.formats = formats
        self.codelists = codelists
        self.ranges = ranges
        self.report_year = report_year

    def write_form(self, contract: Contract, content: SheetValues, previous: SheetValues) -> None:
        columns = contract.columns_in(self.report_year)
        header_row = self._write_head(contract, content, width=6, status_position=1)
        headings = [
            NUMBER_HEADING,
            ITEM_HEADING,
            UNIT_HEADING,
            f"{LAST_YEAR_PREFIX}（{self.report_year - 1}年）",
            f"{THIS_YEAR_PREFIX}（{self.report_year}年）",
            HINT_HEADING,
        ]
        for position, (heading, width) in enumerate(zip(headings, (6, 30, 8, 18, 24, 56), strict=True)):
            self.sheet.write_string(header_row, position, heading, self.formats["heading"])
            self.sheet.set_column(position, position, width)
        this, last = _first(content.records), _first(previous.records)
        for offset, column in enumerate(columns, start=1):
            row = header_row + offset
            self.sheet.write_number(row, 0, offset, self.formats["number"])
            self.sheet.write_string(row, 1, column.label, self.formats["label"])
            self.sheet.write_string(row, 2, column.unit or "", self.formats["label"])
            self._write_locked(row, 3, column, last.get(column.name))
            self._write_entry(row, 4, column, this.get(column.name))
            self._validate(row, row, 4, column)
            self.sheet.write_string(row, 5, column.hint, self.formats["hint"])
        self.sheet.freeze_panes(header_row + 1, 2)
        self.sheet.print_area(0, 0, header_row + len(columns), 5)

    def write_records(self, contract: Contract, content: SheetValues, previous: SheetValues) -> None:
        columns = contract.columns_in(self.report_year)
        header_row = self._write_head(contract, content, width=len(columns), status_position=0)
        shown_last_year = [c for c in columns if contract.rows is None or c.name not in contract.key]
        first_last_year = len(columns) + 1
        for position, column in enumerate(columns):
            self.sheet.write_string(header_row, position, column.heading, self.formats["heading"])
            self.sheet.set_column(position, position, 16 if column.is_number else 24)
        for position, column in enumerate(shown_last_year, start=first_last_year):
            heading = f"{LAST_YEAR_PREFIX}·{column.heading}"
            self.sheet.write_string(header_row, position, heading, self.formats["heading"])
            self.sheet.set_column(position, position, 18)
        records, last_records = self._aligned(contract, content, previous)
        prepared = max(contract.max_rows if contract.rows is None else 0, len(records))
        for position, column in enumerate(columns):
            self._validate(header_row + 1, header_row + prepared, position, column)
        for offset in range(prepared):
            record = records[offset] if offset < len(records) else {}
            last = last_records[offset] if offset < len(last_records) else {}
            row = header_row + 1 + offset
            for position, column in enumerate(columns):
                self._write_entry(row, position, column, record.get(column.name))
            if last:
                for position, column in enumerate(shown_last_year, start=first_last_year):
                    self._write_locked(row, position, column, last.get(column.name))
        self.sheet.freeze_panes(header_row + 1, 1)
        shown_rows = max(len(records), BLANK_TEMPLATE_ROWS_SHOWN if contract.rows is None else 0)
        self.sheet.print_area(0, 0, header_row + shown_rows, len(columns) - 1)
        self.sheet.repeat_rows(header_row)

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

    def _write_head(self, contract: Contract, content: SheetValues, width: int, status_position: int) -> int:
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
        if contract.name == "cover":
            return 3
        self.sheet.write_string(2, status_position, STATUS_LABEL, self.formats["heading"])
        value_position = 4 if status_position else 1
        self._write_entry(2, value_position, status_column(contract), content.status or None)
        self._validate(2, 2, value_position, status_column(contract))
        return 4

    def _write_entry(self, row: int, position: int, column: Column, value: Value) -> None:
        kind: str = column.type if column.type in ("integer", "decimal", "date") else "text"
        if column.prefilled:
            kind = "locked_number" if column.is_number else "locked_text"
        self._write(row, position, column, value, self.formats[kind])

    def _write_locked(self, row: int, position: int, column: Column, value: Value) -> None:
        kind = "locked_number" if column.is_number else "locked_text"
        self._write(row, position, column, value, self.formats[kind])

    def _write(self, row: int, position: int, column: Column, value: Value, cell_format: Any) -> None:
        if value is None or value == "":
            self.sheet.write_blank(row, position, None, cell_format)
        elif column.is_number and not isinstance(value, str):
            self.sheet.write_number(row, position, value, cell_format)
        elif column.type == "date" and isinstance(value, date):
            self.sheet.write_datetime(row, position, value, cell_format)
        else:
            text = str(value)
            label = self.codelists[column.codelist].label_of.get(text, text) if column.codelist else text
            self.sheet.write_string(row, position, label, cell_format)

    def _validate(self, first_row: int, last_row: int, position: int, column: Column) -> None:
        """Adds a check and a hint to each cell. Pasted values pass by both, so the audit checks again."""
        if column.prefilled:
            return
        rule: dict[str, Any] = {"input_title": column.label[:32], "input_message": column.hint[:255]}
        if column.type == "code":
            assert column.codelist is not None
            entries = len(self.codelists[column.codelist].codes)
            letter = self.ranges.setdefault(column.codelist, xl_col_to_name(len(self.ranges)))
            source = f"='{CODELIST_SHEET}'!${letter}$2:${letter}${entries + 1}"
            rule |= {"validate": "list", "source": source, "error_message": "请从下拉列表选择。"}
        elif column.is_number:
            low = float(column.ge) if column.ge is not None else -1e15
            high = float(column.le) if column.le is not None else 1e15
            rule |= {"validate": column.type, "criteria": "between", "minimum": low, "maximum": high}
            rule |= {"error_message": "请只填数字。" + (f"不小于 {column.ge}。" if column.ge is not None else "")}
        elif column.type == "date":
            rule |= {"validate": "any"}
        else:
            rule |= {"validate": "length", "criteria": "<=", "value": column.max_length}
            rule |= {"error_message": f"最多 {column.max_length} 个字。"}
        self.sheet.data_validation(first_row, position, last_row, position, rule)


def status_column(contract: Contract) -> Column:
    """The pseudo-column of a sheet's status cell (本表情况)."""
    hint = "没有数据的表也要说明原因：已填报、本单位无此项（即为零）、无法提供。"
    return Column(name="sheet_status", label=STATUS_LABEL, type="code", codelist="sheet_status", hint=hint)


def _first(records: Sequence[Record]) -> Record:
    return records[0] if records else {}
