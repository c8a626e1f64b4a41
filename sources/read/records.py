"""Tables: one record a row."""

from dataclasses import dataclass, field

from sources.declarations.contract import Column
from sources.declarations.headings import GONE, LAST_YEAR_PREFIX, STILL_HEADING, STILL_WORDS, normalise_label
from sources.read.sheet import (
    HEADINGS_WITHIN_ROWS,
    Sheet,
    missing_headings,
    named_cells,
    read_head,
    report_no_headings,
)

EXAMPLE_PREFIXES = ("示例", "例：", "例:")
SAID = {normalise_label(word): answer for answer, words in STILL_WORDS.items() for word in words}
STILL = normalise_label(STILL_HEADING)


@dataclass(slots=True)
class _Rolled:
    """The column 今年是否仍在 of a list that came with last year's records, while the rows are read."""

    position: int
    before: dict[str, int]
    """Column → the position of its grey cells."""
    unconfirmed: list[int] = field(default_factory=list)
    """Rows that stand there as last year, and of which nobody has said anything."""


@dataclass(slots=True)
class _Head:
    """What stands where in the row of headings."""

    column_at: dict[int, Column] = field(default_factory=dict)
    last_year: dict[int, str] = field(default_factory=dict)
    """Position → the name of the column whose last year's value stands there."""
    unknown: list[int] = field(default_factory=list)
    rolled: _Rolled | None = None


def read_records(sheet: Sheet) -> None:
    """A table: the row with most known headings is the head, every filled row below it is a record."""
    by_heading = {heading: column for column in sheet.columns for heading in column.headings}
    known = [sum(label in by_heading for label in sheet.labels(row).values()) for row in range(HEADINGS_WITHIN_ROWS)]
    if not any(known):
        report_no_headings(sheet, "、".join(column.label for column in sheet.columns))
        return
    header_row = known.index(max(known))
    read_head(sheet, header_row)
    head = _read_headings(sheet, header_row, by_heading)
    for row, filled in sheet.below(header_row):
        sheet.claim("reported", row, *head.unknown)
        sheet.claim("ignored", row, *head.last_year)
        first = next((position for position in head.column_at if sheet.text(row, position)), None)
        if head.rolled is not None and (first is not None or _said(sheet, head.rolled, row) == GONE):
            sheet.claim("ignored", row, head.rolled.position)
        if first is not None and sheet.text(row, first).startswith(EXAMPLE_PREFIXES):
            sheet.report("record.example", row, first, sheet.text(row, first))
            sheet.claim("reported", row, *filled)
        elif first is not None and head.rolled is not None and _is_gone(sheet, head.rolled, head.column_at, row):
            continue
        elif first is not None or any((row, position) in sheet.stored.formulas for position in head.column_at):
            for position, column in head.column_at.items():
                sheet.take(row + 1, column, row, position)
    if head.rolled is not None and (rows := head.rolled.unconfirmed):
        at = [(row, head.rolled.position) for row in rows]
        sheet.report("record.unconfirmed", *at[0], "", count=len(rows), expected=named_cells(at))
    sheet.findings.extend(missing_headings(sheet, {column.name for column in head.column_at.values()}))


def _read_headings(sheet: Sheet, header_row: int, by_heading: dict[str, Column]) -> _Head:
    head = _Head()
    still = None
    for position, label in sorted(sheet.labels(header_row).items()):
        column = by_heading.get(label)
        before = by_heading.get(label.removeprefix(LAST_YEAR_PREFIX).lstrip("·"))
        if column is not None and column not in head.column_at.values():
            head.column_at[position] = column
        elif label.startswith(LAST_YEAR_PREFIX) and before is not None:
            head.last_year[position] = before.name
        elif label == STILL and still is None:
            still = position
        else:
            head.unknown.append(position)
            rule_id = "sheet.heading_unknown" if column is None else "sheet.heading_repeated"
            sheet.report(rule_id, header_row, position, sheet.text(header_row, position))
    sheet.claim("ignored", header_row, *head.column_at, *head.last_year)
    sheet.claim("reported", header_row, *head.unknown)
    if still is not None:
        sheet.claim("ignored", header_row, still)
        head.rolled = _Rolled(still, {name: position for position, name in head.last_year.items()})
    return head


def _is_gone(sheet: Sheet, rolled: _Rolled, column_at: dict[int, Column], row: int) -> bool:
    """Whether somebody has struck this row of last year's list; what is left of it is then no value.

    A row that nobody has touched is no answer: it is noted. One in which something was changed or filled in is taken
    for confirmed.
    """
    said, answer = sheet.text(row, rolled.position), _said(sheet, rolled, row)
    changed = [at for at, column in column_at.items() if _is_new(sheet, rolled, row, at, column)]
    if answer == GONE and changed:
        label = column_at[changed[0]].label
        sheet.report("record.gone_but_changed", row, changed[0], sheet.text(row, changed[0]), label=label)
    elif answer == GONE:
        sheet.claim("ignored", row, *column_at)
        return True
    elif said and answer is None:
        sheet.report("record.still_unclear", row, rolled.position, said)
        sheet.claim("reported", row, rolled.position)
    elif not said and not changed and any(sheet.text(row, position) for position in rolled.before.values()):
        rolled.unconfirmed.append(row)
    return False


def _said(sheet: Sheet, rolled: _Rolled, row: int) -> str | None:
    """The answer that a row has; None where there is none, or none that can be understood."""
    return SAID.get(normalise_label(sheet.text(row, rolled.position)))


def _is_new(sheet: Sheet, rolled: _Rolled, row: int, position: int, column: Column) -> bool:
    """Whether a cell has something that did not stand there last year."""
    before = rolled.before.get(column.name)
    text = sheet.text(row, position)
    return bool(text) and (before is None or sheet.text(row, before) != text)
