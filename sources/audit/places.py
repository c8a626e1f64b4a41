"""This module finds the place in its file of a value in a typed frame."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from sources.declarations.contract import Contract
from sources.submission.cell import FORM_RECORD, CellAddress

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class CellFound:
    """A cell's address and text; both None when there is no such cell."""

    cell: str | None = None
    text: str | None = None


NO_CELL = CellFound()
CellOf = Callable[[str, str, int, str], CellFound]
"""(submission, sheet, record, column) → the cell."""


@dataclass(frozen=True, slots=True)
class Place:
    """A value's address and the text in its cell; the text is None when the sheet has no such cell."""

    address: CellAddress
    text: str | None


def cell_lookup(cells: "pl.DataFrame") -> CellOf:
    """Looks cells up in a CELL_SCHEMA frame; it indexes a submission's cells at the first question."""
    names = ("sheet", "record", "column_name", "cell", "raw_text")
    parts = cells.partition_by("submission_id", as_dict=True, include_key=False)

    @cache
    def of_submission(submission_id: str) -> dict[tuple[str, int, str], CellFound]:
        rows = parts[(submission_id,)].select(names).iter_rows() if (submission_id,) in parts else ()
        return {(sheet, record, column): CellFound(cell, text) for sheet, record, column, cell, text in rows}

    def cell_of(submission_id: str, sheet: str, record: int, column: str) -> CellFound:
        return of_submission(submission_id).get((sheet, record, column), NO_CELL)

    return cell_of


@dataclass(frozen=True, slots=True)
class Places:
    """The places of one sheet's values, by submission, record (None in a form) and column."""

    contract: Contract
    file_names: Mapping[str, str]
    """By submission id."""
    cell_of: CellOf

    def at(self, submission_id: str, record: int | None, column: str) -> Place:
        """The place of one cell; without its address when the sheet has no such cell."""
        sheet, row = self.contract.name, FORM_RECORD if record is None else record
        found = self.cell_of(submission_id, sheet, row, column)
        key = ""
        if record is not None:
            key = "|".join(self.cell_of(submission_id, sheet, row, name).text or "" for name in self.contract.key)
        file_name = self.file_names[submission_id]
        return Place(CellAddress(submission_id, file_name, self.contract.title, found.cell, column, key), found.text)
