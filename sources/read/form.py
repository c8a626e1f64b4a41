"""A form lists known items below each other; the reader finds them by the headings."""

import re

from sources.declarations.contract import Column
from sources.declarations.headings import (
    HINT_HEADING,
    ITEM_HEADING,
    LAST_YEAR_PREFIX,
    NUMBER_HEADING,
    THIS_YEAR_PREFIX,
    UNIT_HEADING,
    normalise_label,
)
from sources.read.sheet import HEADINGS_WITHIN_ROWS, Sheet, missing_headings, read_head, report_no_headings
from sources.submission.cell import FORM_RECORD

LAST_YEAR_HEADING = re.compile(rf"{LAST_YEAR_PREFIX}(\([0-9]{{4}}年\))?")
OWN_HEADING = re.compile(
    rf"{NUMBER_HEADING}|{ITEM_HEADING}|{UNIT_HEADING}|{HINT_HEADING}|{THIS_YEAR_PREFIX}.*|{LAST_YEAR_HEADING.pattern}"
)


def read_form(sheet: Sheet) -> None:
    """A form: items below each other, this year's value in the column headed 本年."""
    headings = _form_headings(sheet)
    if headings is None:
        report_no_headings(sheet, f"{ITEM_HEADING}、{THIS_YEAR_PREFIX}")
        return
    header_row, labels, item_position, value_position = headings
    read_head(sheet, header_row)
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
    sheet.findings.extend(missing_headings(sheet, seen))


def _read_beside(sheet: Sheet, column: Column, heading: str, row: int, position: int) -> None:
    """A cell of the template beside an item: number, unit, last year's value or hint. Anything else is a stray."""
    text = sheet.text(row, position)
    label = normalise_label(text)
    if LAST_YEAR_HEADING.fullmatch(heading):
        sheet.last_year[sheet.contract.name, column.name] = text
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


def _form_headings(sheet: Sheet) -> tuple[int, dict[int, str], int, int] | None:
    """Row of the headings, the headings by position, position of the items, position of this year's values."""
    for row in range(HEADINGS_WITHIN_ROWS):
        labels = sheet.labels(row)
        items = [position for position, label in labels.items() if label == ITEM_HEADING]
        this_year = [position for position, label in labels.items() if label.startswith(THIS_YEAR_PREFIX)]
        if items and this_year:
            return row, labels, items[0], this_year[0]
    return None
