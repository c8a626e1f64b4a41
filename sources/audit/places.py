"""Where a value of a typed frame stands in its file."""

from collections.abc import Callable
from functools import cache

import polars as pl

from sources.declarations.contract import Contract
from sources.submission.cell import CellAddress
from sources.submission.frames import FORM_RECORD

CellOf = Callable[[str, str, int, str], tuple[str | None, str | None]]
"""(submission, sheet, record, column) → (address, text), or (None, None) when there is no such cell."""


def locate(
    contract: Contract, submission_id: str, file_name: str, record: int | None, column: str, cell_of: CellOf
) -> CellAddress:
    """The place of one cell of a sheet; without its address when the sheet has no such cell."""
    row = FORM_RECORD if record is None else record
    cell, text = cell_of(submission_id, contract.name, row, column)
    key = (
        "" if record is None else "|".join(cell_of(submission_id, contract.name, row, k)[1] or "" for k in contract.key)
    )
    return CellAddress(submission_id, file_name, contract.title, cell, column, key, text)


def cell_lookup(cells: pl.DataFrame) -> CellOf:
    """Looks cells up in a CELL_SCHEMA frame; a submission's are made ready when one of them is first asked for."""
    names = ("sheet", "record", "column_name", "cell", "raw_text")
    parts = cells.partition_by("submission_id", as_dict=True, include_key=False)

    @cache
    def of_submission(submission_id: str) -> dict[tuple[str, int, str], tuple[str | None, str | None]]:
        rows = parts[(submission_id,)].select(names).iter_rows() if (submission_id,) in parts else ()
        return {(sheet, record, column): (cell, text) for sheet, record, column, cell, text in rows}

    return lambda submission_id, *place: of_submission(submission_id).get(place, (None, None))


class Places:
    """Where a value of one sheet stands: cell and text by submission, record and column."""

    def __init__(self, contract: Contract, submissions: pl.DataFrame, cell_of: CellOf) -> None:
        self.contract = contract
        self.file_names = dict(submissions.select("submission_id", "file_name").iter_rows())
        self.cell_of = cell_of

    def at(self, submission_id: str, record: int | None, column: str) -> CellAddress:
        """The place of one cell; without its address when the sheet has no such cell."""
        return locate(self.contract, submission_id, self.file_names[submission_id], record, column, self.cell_of)
