"""Tables: one record a row."""

from sources.declarations.contract import Column
from sources.declarations.headings import LAST_YEAR_PREFIX
from sources.read.sheet import HEADINGS_WITHIN_ROWS, Sheet, missing_headings, read_head, report_no_headings

EXAMPLE_PREFIXES = ("示例", "例：", "例:")


def read_records(sheet: Sheet) -> None:
    """A table: the row with most known headings is the head, every filled row below it is a record."""
    by_heading = {heading: column for column in sheet.columns for heading in column.headings}
    known = [sum(label in by_heading for label in sheet.labels(row).values()) for row in range(HEADINGS_WITHIN_ROWS)]
    if not any(known):
        report_no_headings(sheet, "、".join(column.label for column in sheet.columns))
        return
    header_row = known.index(max(known))
    read_head(sheet, header_row)
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
    sheet.findings.extend(missing_headings(sheet, {column.name for column in column_at.values()}))
