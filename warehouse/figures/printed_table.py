"""A report table as printed: what stands where, which cells are merged, and what each number is.

It is made once, from one reading of its rows; workbook, Word document, PDF, site, CSV and command line lay it out.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from itertools import dropwhile
from typing import Any, Literal

import duckdb

from sources.system.called import the_one_called
from sources.system.faults import OneByOne
from warehouse.catalogue.catalogue import Catalogue
from warehouse.catalogue.report_table import ReportTable
from warehouse.catalogue.small_group import load_small_groups
from warehouse.figures.fact import CHANGE, SCHOOL_SCOPE, SUPPRESSED, UNCOUNTABLE, Part, Printed, Reference
from warehouse.figures.region_year import RegionYear, load_region_year
from warehouse.figures.rounding import printed_value, trimmed, trimmed_text
from warehouse.figures.table_notes import NOT_APPLICABLE, NOT_REPORTED, NotedLine, TableNote, notes_of, remark_of
from warehouse.store.sql import records as rows_of

TEXT_COLUMNS = {"group_label", "item_label", "school_name", "authority", "honours", "remark", "methods"}
REMARK, REMARKS = "remark", "备注"
OF_LAST_YEAR = ("previous_display", "change_display")
"""Columns that a first year does not have."""
MAY_BE_BLANK = {"group_label", "item_label", "remark", "change_display", "methods", "denominator_display"}
NOT_COMPARED = "不可比"
"""Stands where a change would, when the scope or the definition of last year is another."""
LABELS = ("item_label", "group_label", "school_name", "year")
WORDS_IN_BRACES = re.compile(r"(?:\{\w+\}[年—]*)+")
"""What a title has filled in: the city, the years."""
FEW_COLUMNS, WIDEST_OF_FEW, WIDEST_OF_MANY = 7, 42, 26
Form = Literal["plain", "to_one", "change"]
LINES_OF_A_SCHOOL = """
    select
        row_number() over (order by line.row_number) as row_number,
        line.group_label, line.item_label, line.indicator_code, indicator.unit,
        change.previous_value, change.value, change.previous_display, change.display as current_display,
        case when line.shows_change then change.change_value end as change_value,
        case when line.shows_change then change.change_display end as change_display,
        change.rounded_value, change.denominator, change.comparability, change.status, change.previous_status,
        change.n_expected, change.n_reported,
        null as coverage, null as scope_label, null as previous_scope_label, asked.methods
    from core.dim_table_row as line
    inner join core.fct_indicator_change as change using (indicator_code)
    inner join core.dim_indicator as indicator using (indicator_code)
    left join (
        select 'satisfaction_' || item as indicator_code, string_agg(distinct method, '、' order by method) as methods
        from staging.stg_satisfaction
        where report_year = $2 and respondent_code = $3
        group by item
    ) as asked using (indicator_code)
    where line.table_code = $1 and change.report_year = $2
        and $2 between coalesce(line.since, $2) and coalesce(line.until, $2)
        and change.subject_kind = 'school' and change.subject_code = $3
    order by line.row_number
"""
Row = Mapping[str, Any]
"""A row of the table's model: column → value. It does not leave this module."""


@dataclass(frozen=True, slots=True)
class TableCell:
    """Text; of a number also its value as it is printed and what it is.

    `form` says what stands around the digits: nothing, :1, or the arrow of a change. A position or a year has a value
    and no reference.
    """

    text: str
    value: Decimal | None = None
    reference: Reference | None = None
    part: Part = "value"
    form: Form = "plain"
    is_left: bool = False

    @property
    def printed(self) -> Printed | None:
        return Printed(self.reference, self.text, self.part) if self.reference else None


@dataclass(frozen=True, slots=True)
class MergedCells:
    """Cells that are one: of the head or the body, first and last row and column (all included), and what they say."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int
    text: str = ""


@dataclass(frozen=True)
class PrintedTable:
    """`columns` are the declared ones that have something to say, and a last one of remarks where a line needs one.

    `headings` has one for each column, '' where it belongs to the one on its left; `head` is one or two rows.
    """

    declared: ReportTable
    title: str
    columns: tuple[str, ...]
    headings: tuple[str, ...]
    head: tuple[tuple[str, ...], ...]
    head_spans: tuple[MergedCells, ...]
    rows: tuple[tuple[TableCell, ...], ...]
    spans: tuple[MergedCells, ...]
    notes: tuple[TableNote, ...]
    total_rows: frozenset[int] = frozenset()

    @property
    def code(self) -> str:
        return self.declared.code

    @property
    def name(self) -> str:
        return self.declared.name

    @property
    def texts(self) -> tuple[tuple[str, ...], ...]:
        """The body as text, row by row."""
        return tuple(tuple(cell.text for cell in row) for row in self.rows)

    @property
    def laid_out(self) -> tuple[tuple[TableCell, ...], ...]:
        """The body as paper shows it: the first of merged cells says what they say as one."""
        rows = [list(row) for row in self.rows]
        for span in self.spans:
            cell = rows[span.first_row][span.first_column]
            rows[span.first_row][span.first_column] = replace(cell, text=span.text, value=None, reference=None)
        return tuple(map(tuple, rows))

    @property
    def widths(self) -> tuple[int, ...]:
        """Of each column, in Chinese half-widths: what its longest cell needs, within reason."""
        head = {column: max(map(width, lines)) for column, lines in enumerate(zip(*self.head, strict=True))}
        body = [max((width(row[column].text) for row in self.laid_out), default=0) for column in head]
        wrapped = [min(head[column], 14) for column in head]
        widest = WIDEST_OF_FEW if len(head) <= FEW_COLUMNS else WIDEST_OF_MANY
        return tuple(max(4, min(widest, max(pair))) + 2 for pair in zip(wrapped, body, strict=True))


def width(text: str) -> int:
    """Half-widths: a Chinese character takes two."""
    return sum(1 if ord(character) < 0x2E80 and character not in "“”…" else 2 for character in text)


def print_table(connection: duckdb.DuckDBPyConnection, of: RegionYear, table: ReportTable) -> PrintedTable:
    """The table of a region's report year, from the published database.

    Raises LookupError when the database has no row of it.
    """
    table = table.in_year(of.report_year)
    records = _without_empty_years(of, table, _records(connection, of, table))
    if not records:
        raise LookupError(f"{of.subject_name}：数据库中没有 {of.report_year} 年的{table.name}。")
    lines = _noted_lines(of, table, records)
    records = [dict(record) | {REMARK: _remark(record, line)} for record, line in zip(records, lines, strict=True)]
    texts = _texts(of, records)
    columns = _columns(table, records)
    headings = tuple(table.columns.get(column, REMARKS).format(**texts) for column in columns)
    head, head_spans = _head(table, columns, headings)
    rows = tuple(tuple(_cell(of, table, record, column) for column in columns) for record in records)
    return PrintedTable(
        table,
        f"{table.name}  {table.title.format(**texts)}",
        columns,
        headings,
        head,
        head_spans,
        rows,
        tuple(span for span in _body_spans(of, columns, records) if _is_merged(span)),
        notes_of(of, lines, {cell.text for row in rows for cell in row}),
        frozenset(index for index, record in enumerate(records) if record.get("is_total")),
    )


def _records(connection: duckdb.DuckDBPyConnection, of: RegionYear, table: ReportTable) -> list[dict[str, Any]]:
    """The table's rows; of a school the same lines, since its annex has the region's form with another subject."""
    if of.school is None:
        return rows_of(
            connection,
            f"select * from report.{table.model} where report_year = ? and region_code = ? order by row_number",
            [of.report_year, of.region.code],
        )
    if not (table.is_annex and table.layout == "comparison"):
        return []
    lines = rows_of(connection, LINES_OF_A_SCHOOL, [table.code, of.report_year, of.school.code])
    return [
        line | {"denominator_display": None if line["denominator"] is None else trimmed_text(line["denominator"])}
        for line in lines
    ]


def table_of(
    connection: duckdb.DuckDBPyConnection,
    catalogue: Catalogue,
    code: str,
    report_year: int,
    region_code: str | None = None,
) -> PrintedTable:
    """One table of a report year, by its code; of the installation's own region, or of another.

    Raises LookupError when the database has no such region, or no row of the table for it and the year.
    """
    of = load_region_year(connection, catalogue, report_year, region_code)
    return print_table(connection, of, catalogue.tables[code])


def find_table(catalogue: Catalogue, word: str) -> str:
    """The code of the table that is meant: by its code, its number (表1.2-2, 附表3) or its title, or a part of it.

    Raises LookupError when there is none of the kind, or several may be meant; with the nearest.
    """
    known = {code: (table.name, WORDS_IN_BRACES.sub("", table.title)) for code, table in catalogue.tables.items()}
    return the_one_called("表", word, known, lambda code, _: f"{code} {known[code][1]}")


def print_tables(
    connection: duckdb.DuckDBPyConnection, of: RegionYear, one_by_one: OneByOne | None = None
) -> dict[str, PrintedTable]:
    """Code → every table of the catalogue that the database has rows of, in print order.

    With `one_by_one` a table that fails is noted there; without, whatever fails is raised.
    """
    each = one_by_one or OneByOne(is_strict=True)
    made = {
        code: each.do(f"表“{table.name}”", partial(_print_if_there, connection, of, table))
        for code, table in of.catalogue.tables.items()
    }
    return {code: table for code, table in made.items() if table}


def _print_if_there(connection: duckdb.DuckDBPyConnection, of: RegionYear, table: ReportTable) -> PrintedTable | None:
    """None when there is no such table in this year."""
    try:
        return print_table(connection, of, table)
    except LookupError as error:
        if type(error) is not LookupError:
            raise  # a key that is missing somewhere is a mistake of ours
        return None


def _without_empty_years(of: RegionYear, table: ReportTable, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines of a table of years from the first year on that has a number; the report year is always there."""
    if table.layout != "years":
        return records
    numbers = [column for column in table.columns if column in of.catalogue.indicators]

    def is_empty(record: Row) -> bool:
        return record["year"] < of.report_year and all(record[column] is None for column in numbers)

    return list(dropwhile(is_empty, records))


def _columns(table: ReportTable, records: Sequence[Row]) -> tuple[str, ...]:
    """The declared columns, but for a last year of which nothing is known; and remarks, where a line has one."""
    declared = tuple(
        column
        for column in table.columns
        if column not in OF_LAST_YEAR or any(record[column] is not None or _is_broken(record) for record in records)
    )
    return declared if REMARK in declared or not any(record[REMARK] for record in records) else (*declared, REMARK)


def _is_broken(record: Row) -> bool:
    """Whether there is a last year, and no change against it: scope or definition is another."""
    return record["comparability"] in ("scope_break", "definition_break")


def _remark(record: Row, line: NotedLine) -> str | None:
    """What the line's remarks say: what was reported as one, then what is to be known of its numbers."""
    return "；".join(filter(None, (record.get(REMARK), remark_of(line)))) or None


def _texts(of: RegionYear, records: Sequence[Row]) -> dict[str, Any]:
    """What titles and headings may name in braces."""
    first = records[0]
    since = first.get("year", of.report_year)
    return {
        "city": of.subject_name,
        "year": of.report_year,
        "last_year": of.report_year - 1,
        "years": str(of.report_year) if since == of.report_year else f"{since}—{of.report_year}",
        "scope": first.get("scope_label"),
        "last_scope": first.get("previous_scope_label") or "无数据",
    }


def _cell(of: RegionYear, table: ReportTable, record: Row, column: str) -> TableCell:
    """A number of the table with what it is; everything else is text."""
    if _is_not_applicable(of, table, record, column):
        return TableCell(NOT_APPLICABLE)
    is_blank = column in MAY_BE_BLANK or record.get("is_total")
    if record[column] is None and column == "change_display" and _is_not_compared(table, record):
        return TableCell(NOT_COMPARED)
    if record[column] is None:
        said = load_small_groups(of.catalogue.pack).sign if _is_hidden(of, table, record, column) else NOT_REPORTED
        return TableCell("" if is_blank else said, is_left=column in TEXT_COLUMNS)
    text = str(record[column])
    if column in ("row_number", "year"):
        return TableCell(text, Decimal(record[column]))
    if table.layout == "comparison":
        number = _compared(of, record, column, text)
    elif column in of.catalogue.indicators:
        number = TableCell(text, Decimal(record[column]), _listed(of, table, record, column))
    else:
        number = None
    return number or TableCell(text, is_left=column in TEXT_COLUMNS)


def _is_not_applicable(of: RegionYear, table: ReportTable, record: Row, column: str) -> bool:
    """Whether there is nobody of whom the number could speak: its denominator, or what the row needs, is none."""
    if table.layout != "comparison" or column not in ("current_display", "previous_display"):
        return False
    change = of.changes[record["indicator_code"]]
    reference = change.current if column == "current_display" else change.previous
    if reference is None:
        return False
    fact = of.facts.get(reference)
    needed = table.needed_by(reference.indicator)
    of_whom = of.facts.get(replace(reference, indicator=needed)) if needed else None
    if of_whom and of_whom.is_usable and of_whom.value == 0:
        return fact is None or not fact.value
    return fact is not None and fact.status == UNCOUNTABLE


def _is_not_compared(table: ReportTable, record: Row) -> bool:
    return _is_broken(record) and table.lists_change(record["indicator_code"])


def _is_hidden(of: RegionYear, table: ReportTable, record: Row, column: str) -> bool:
    """Whether a number is there that is not printed, because it rests on few people or tells of such."""
    number = None
    if table.layout == "comparison":
        change = of.changes[record["indicator_code"]]
        number = {"current_display": change.current, "previous_display": change.previous}.get(column)
    elif column in of.catalogue.indicators:
        number = _listed(of, table, record, column)
    fact = of.facts.get(number) if number else None
    return fact is not None and fact.status == SUPPRESSED


def _compared(of: RegionYear, record: Row, column: str, text: str) -> TableCell | None:
    """A number of a table that sets last year beside this year; None for a column of words."""
    change = of.changes[record["indicator_code"]]
    indicator = of.catalogue.indicators[record["indicator_code"]]
    form: Form = "to_one" if indicator.display == "to_one" else "plain"
    if column == "current_display":
        return TableCell(text, printed_value(indicator, record["value"]), change.current, form=form)
    if column == "previous_display":
        return TableCell(text, printed_value(indicator, record["previous_value"]), change.previous, form=form)
    if column == "change_display":
        return TableCell(text, trimmed(record["change_value"]), change.reference, CHANGE, "change")
    if column == "denominator_display":
        denominator = of.facts[change.current].denominator
        assert denominator is not None
        return TableCell(text, trimmed(denominator), change.current, "denominator")
    return None


def _listed(of: RegionYear, table: ReportTable, record: Row, indicator: str) -> Reference:
    """The number in a table with a column for each indicator: of a school, or of the region in the table's scope."""
    if record.get("school_code"):
        return Reference(indicator, of.report_year, record["school_code"], SCHOOL_SCOPE)
    return Reference(indicator, record.get("year", of.report_year), of.subject, of.choices[table.topic])


def _noted_lines(of: RegionYear, table: ReportTable, records: Sequence[Row]) -> list[NotedLine]:
    """Each line as notes see it; a part after it knows its whole."""
    lines = [_noted(of, table, record) for record in records]
    if table.layout != "comparison":
        return lines
    by_indicator = {line.indicator.indicator: line for line in lines if line.indicator}
    wholes = {row.indicator: by_indicator.get(row.part_of) for row in table.rows if row.part_of}
    return [replace(line, whole=wholes.get(line.indicator.indicator)) if line.indicator else line for line in lines]


def _in_words(of: RegionYear, number: Reference | None) -> str | None:
    """How a number is worked out, where that is not by the standard definition."""
    fact = of.facts.get(number) if number else None
    return of.catalogue.indicators[fact.reference.indicator].other_definition(fact.definition) if fact else None


def _noted(of: RegionYear, table: ReportTable, record: Row) -> NotedLine:
    previous = None
    if table.layout == "comparison":
        of_line, previous = of.changes[record["indicator_code"]].current, of.changes[record["indicator_code"]].previous
        numbers: tuple[Reference, ...] = (of_line,)
    else:
        of_line = Reference("", record.get("year", of.report_year), of.subject, of.choices[table.topic])
        codes = [column for column in table.columns if column in of.catalogue.indicators]
        numbers = tuple(replace(of_line, indicator=code) for code in codes)
    return NotedLine(
        label=next((str(record[name]).removeprefix("其中：") for name in LABELS if record.get(name)), ""),
        numbers=numbers,
        schools=replace(of_line, indicator="schools"),
        coverage=record["coverage"],
        status=record["status"],
        n_expected=record["n_expected"],
        n_reported=record["n_reported"],
        indicator=of_line if table.layout == "comparison" else None,
        scope=record.get("scope_label"),
        previous_scope=record.get("previous_scope_label"),
        comparability=record.get("comparability"),
        definition=_in_words(of, of_line) if table.layout == "comparison" else None,
        previous_definition=_in_words(of, previous),
        names_a_school="school_name" in record,
    )


def _head(
    table: ReportTable, columns: Sequence[str], headings: tuple[str, ...]
) -> tuple[tuple[tuple[str, ...], ...], tuple[MergedCells, ...]]:
    """One or two rows of headings; an empty heading belongs to the one on its left."""
    above = {column: heading for heading, of in table.spans.items() for column in of}
    last = len(columns) - 1
    if not above:
        rows: tuple[tuple[str, ...], ...] = (headings,)
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
            spans.append(MergedCells(0, column, 0, end, rows[0][column]))
        else:
            while end < last and headings[end + 1] == "":
                end += 1
            spans.append(MergedCells(0, column, len(rows) - 1, end, rows[0][column]))
        column = end + 1
    return rows, tuple(span for span in spans if _is_merged(span))


def _body_spans(of: RegionYear, columns: Sequence[str], records: Sequence[Row]) -> list[MergedCells]:
    """Groups of rows share their label; a total's label takes the place of everything before its numbers."""
    spans = []
    for index, record in enumerate(records):
        if record.get("is_total"):
            first_number = next((i for i, column in enumerate(columns) if column in of.catalogue.indicators))
            spans.append(MergedCells(index, 0, index, first_number - 1, record["school_name"]))
    if tuple(columns[:2]) == ("group_label", "item_label"):
        start = 0
        for index in range(1, len(records) + 1):
            if index == len(records) or records[index]["group_label"] != records[start]["group_label"]:
                alone = index == start + 1 and not records[start]["item_label"]
                label = records[start]["group_label"] or ""
                spans.append(MergedCells(start, 0, index - 1, 1 if alone else 0, label))
                start = index
    return spans


def _is_merged(span: MergedCells) -> bool:
    return (span.first_row, span.first_column) != (span.last_row, span.last_column)
