"""The sheet of a sample's workbook that says which values nobody submitted."""

from collections.abc import Sequence
from typing import Any

from sources.declarations.contract import load_contracts
from sources.declarations.origin import ORIGINS, SUBMITTED
from sources.declarations.pack import Pack
from sources.read.cell_text import cell_text
from sources.submission.cell import Cell


def read_origins(grid: Sequence[Sequence[Any]], cells: Sequence[Cell], pack: Pack) -> dict[tuple[str, str], str]:
    """(sheet, cell) → origin, of the cells that still hold the value that was marked; none without the sheet.

    Who types another value over a marked one submits it.
    """
    if not grid:
        return {}
    titles = {contract.title: contract.name for contract in load_contracts(pack)}
    text_of = {(cell.sheet, cell.cell): cell.raw_text for cell in cells}
    known = {label: origin for origin, label in ORIGINS.items() if origin != SUBMITTED}
    origins = {}
    for title, cell, shown, label in (map(cell_text, row[:4]) for row in grid if len(row) >= 4):
        place = titles.get(title, ""), cell
        if text_of.get(place) == shown and label in known:
            origins[place] = known[label]
    return origins
