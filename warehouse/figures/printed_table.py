"""A report table as cells: what stands where, which cells are merged, and what each number is.

The workbook, the Word document and the PDF lay out the same grid.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import duckdb

from warehouse.catalogue.indicator import load_indicators
from warehouse.catalogue.report_table import ReportTable, load_report_tables
from warehouse.figures.fact import SCHOOL_SCOPE, Printed, Reference
from warehouse.figures.table_notes import NUMBER, TableNote, bound_note
from warehouse.figures.table_texts import TableTexts, print_table, table_rows
from warehouse.figures.year_figures import Figures

TEXT_COLUMNS = {"group_label", "item_label", "school_name", "authority", "honours", "remark", "methods"}
PRINTED_BY = {"previous_display": "previous", "current_display": "current", "change_display": "change"}
FEW_COLUMNS, WIDEST_OF_FEW, WIDEST_OF_MANY = 7, 42, 26


@dataclass(frozen=True)
class TableCell:
    """`value` is the number that is printed, in the unit of the print; None for text."""

    text: str
    value: Decimal | None = None
    printed: Printed | None = None
    is_left: bool = False


@dataclass(frozen=True)
class MergedCells:
    """Cells that are one: of the head or the body, first and last row and column (all included)."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int


@dataclass(frozen=True)
class PrintedTable:
    code: str
    name: str
    title: str
    head: tuple[tuple[str, ...], ...]
    head_spans: tuple[MergedCells, ...]
    rows: tuple[tuple[TableCell, ...], ...]
    spans: tuple[MergedCells, ...]
    notes: tuple[TableNote, ...]
    total_rows: frozenset[int] = field(default_factory=frozenset)

    @property
    def widths(self) -> tuple[int, ...]:
        """Of each column, in Chinese half-widths: what its longest cell needs, within reason."""
        head = {column: max(map(width, lines)) for column, lines in enumerate(zip(*self.head, strict=True))}
        body = [max((width(row[column].text) for row in self.rows), default=0) for column in head]
        wrapped = [min(head[column], 14) for column in head]
        widest = WIDEST_OF_FEW if len(head) <= FEW_COLUMNS else WIDEST_OF_MANY
        return tuple(max(4, min(widest, max(pair))) + 2 for pair in zip(wrapped, body, strict=True))

    @property
    def printed(self) -> tuple[Printed, ...]:
        """Every number of the table, row by row, then those of the notes."""
        cells = tuple(cell.printed for row in self.rows for cell in row if cell.printed)
        return cells + tuple(printed for note in self.notes for printed in note.printed)


def width(text: str) -> int:
    """Half-widths: a Chinese character takes two."""
    return sum(1 if ord(character) < 0x2E80 and character not in "“”…" else 2 for character in text)


def build_grid(connection: duckdb.DuckDBPyConnection, figures: Figures, table: ReportTable) -> PrintedTable:
    """The table of the report year.

    Raises LookupError when the database has no row of it for that year.
    """
    printed = print_table(connection, table, figures.report_year, figures.city_code)
    records = table_rows(connection, table, figures.report_year, figures.city_code)
    columns = list(table.columns)
    rows = tuple(
        tuple(_cell(figures, record, column, text) for column, text in zip(columns, texts, strict=True))
        for record, texts in zip(records, printed.rows, strict=True)
    )
    head, head_spans = _head(table, printed)
    return PrintedTable(
        table.code,
        table.name,
        printed.title,
        head,
        head_spans,
        rows,
        tuple(_body_spans(columns, records)),
        tuple(bound_note(figures, records, note) for note in printed.notes),
        frozenset(index for index, record in enumerate(records) if record.get("is_total")),
    )


def _cell(figures: Figures, record: dict[str, Any], column: str, text: str) -> TableCell:
    """A number of the table with what it is; everything else is text."""
    is_left = column in TEXT_COLUMNS
    if column == "row_number" and record.get("is_total"):
        return TableCell(record["school_name"])
    if column in ("row_number", "year"):
        return TableCell(text, Decimal(text))
    printed = _printed(figures, record, column, text)
    if printed is None or record[column] is None:
        return TableCell(text, is_left=is_left)
    number = NUMBER.search(text)
    sign = -1 if "↓" in text else 1
    return TableCell(text, sign * Decimal(number.group()) if number else Decimal(0), printed)


def _printed(figures: Figures, record: dict[str, Any], column: str, text: str) -> Printed | None:
    indicator = record.get("indicator_code")
    change = figures.changes.get(indicator) if indicator else None
    if change and column in PRINTED_BY:
        references = {"previous": change.previous, "current": change.current, "change": change.reference}
        reference = references[PRINTED_BY[column]]
        return Printed(reference, text, reference.kind) if reference else None
    if change and column == "denominator_display":
        return Printed(change.current, text, "denominator")
    chosen = figures.changes.get(column)
    if column not in load_indicators() or chosen is None:
        return None
    of = chosen.current
    if record.get("school_code"):
        return Printed(Reference(column, figures.report_year, record["school_code"], SCHOOL_SCOPE), text)
    year = record.get("year", figures.report_year)
    return Printed(Reference(column, year, of.subject, of.scope), text)


def _head(table: ReportTable, printed: TableTexts) -> tuple[tuple[tuple[str, ...], ...], tuple[MergedCells, ...]]:
    """One or two rows of headings; an empty heading belongs to the one on its left."""
    columns, headings = list(table.columns), list(printed.headings)
    above = {column: heading for heading, of in table.spans.items() for column in of}
    last = len(columns) - 1
    if not above:
        rows: tuple[tuple[str, ...], ...] = (tuple(headings),)
    else:
        rows = (
            tuple(above.get(column, heading) for column, heading in zip(columns, headings, strict=True)),
            tuple(heading if column in above else "" for column, heading in zip(columns, headings, strict=True)),
        )
    spans, column = [], 0
    while column <= last:
        end = column
        if columns[column] in above:
            while end < last and above.get(columns[end + 1]) == above[columns[column]]:
                end += 1
            spans.append(MergedCells(0, column, 0, end))
        else:
            while end < last and headings[end + 1] == "":
                end += 1
            spans.append(MergedCells(0, column, len(rows) - 1, end))
        column = end + 1
    return rows, tuple(span for span in spans if _is_merged(span))


def _body_spans(columns: list[str], records: list[dict[str, Any]]) -> list[MergedCells]:
    """Groups of rows share their label; a total's label takes the place of everything before its numbers."""
    spans = []
    for index, record in enumerate(records):
        if record.get("is_total"):
            last = next((i for i, column in enumerate(columns) if column in load_indicators()), len(columns)) - 1
            spans.append(MergedCells(index, 0, index, last))
    if columns[:2] == ["group_label", "item_label"]:
        start = 0
        for index in range(1, len(records) + 1):
            if index == len(records) or records[index]["group_label"] != records[start]["group_label"]:
                alone = index == start + 1 and not records[start]["item_label"]
                spans.append(MergedCells(start, 0, index - 1, 1 if alone else 0))
                start = index
    return [span for span in spans if _is_merged(span)]


def _is_merged(span: MergedCells) -> bool:
    return (span.first_row, span.first_column) != (span.last_row, span.last_column)


def table_of_year(connection: duckdb.DuckDBPyConnection, figures: Figures, code: str) -> PrintedTable | None:
    try:
        return build_grid(connection, figures, load_report_tables()[code])
    except LookupError:
        return None
