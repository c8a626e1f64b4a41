"""This module gives the text that a person reads in a cell, and says whether two independent readers agree on it."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

from python_calamine import CalamineWorkbook, SheetTypeEnum

from sources.read.sheet_xml import Position, StoredSheet
from sources.system.plain_text import legible

FORMULA_RULES = {"formula": "value.formula", "uncomputed": "value.formula_uncomputed"}
NEGATIVE = re.compile(r"\s*-(?!0*\.?0*\s*$)")
"""A stored number below zero; -0, which some programs store, is 0."""
Grid = list[list[Any]]
Texts = dict[Position, str]
"""The filled cells of a sheet."""


def read_grids(book: bytes) -> dict[str, Grid]:
    workbook = CalamineWorkbook.from_filelike(BytesIO(book))
    titles = [sheet.name for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    return {title: workbook.get_sheet_by_name(title).to_python(skip_empty_area=False) for title in titles}


def texts_of(grid: Grid, stored: StoredSheet) -> Texts:
    """The filled cells of a sheet as a person reads them, an error by its code."""
    shown = {
        (row, position): text
        for row, values in enumerate(grid)
        for position, value in enumerate(values)
        if (text := cell_text(value))
    }
    return shown | {at: formula for at, formula in stored.formulas.items() if formula not in FORMULA_RULES}


def unclear_cells(texts: Mapping[str, Texts], sheets: Mapping[str, StoredSheet]) -> list[tuple[str, Position]]:
    """Cells that the two readers do not read alike."""
    return [
        (title, at)
        for title, stored in sheets.items()
        for at in sorted(texts[title].keys() | stored.texts.keys())
        if not _agree(texts[title].get(at, ""), at, stored)
    ]


def _agree(text: str, at: Position, stored: StoredSheet) -> bool:
    """Whether the shown text matches the stored one: the same letters or number, or for a date one of the same sign."""
    if text == stored.texts.get(at):
        return True
    if at in stored.strings:
        return "".join(text.split()) == "".join(legible(stored.texts[at]).split())
    if at in stored.texts:
        number = stored.texts[at].strip()
        is_alike = text.startswith("-") == bool(NEGATIVE.match(number)) and bool(text)
        return text == number or (is_alike and not _is_another_number(text, number))
    return bool(text) == (stored.formulas.get(at, "formula") not in FORMULA_RULES)


def _is_another_number(text: str, stored: str) -> bool:
    """Whether both are numbers, and not the same; a date or a truth is shown in other letters than it is stored."""
    kept = _number(stored)
    return _number(text) is not None and (kept is None or cell_text(kept) != text)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:  # a date, a truth, a text: no number
        return None


def cell_text(value: Any) -> str:
    """A cell's value as text, as a person would read it in the cell ('' for an empty one).

    Numbers keep the 15 significant digits that a spreadsheet keeps; a whole number has no decimal point.
    """
    if isinstance(value, str):
        return legible(value).strip()
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
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if isinstance(value, date | datetime | time):
        return str(value)
    return ""
