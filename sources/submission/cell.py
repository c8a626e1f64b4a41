"""Where a value stands: file, sheet, cell, column and record."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CellAddress:
    """Where a finding is: the file, and as far as it goes the sheet (its title), the cell and what it holds.

    `record_key` names the row of a table by its key, so that a row can be recognised when it has moved.
    """

    submission_id: str
    file_name: str
    sheet: str = ""
    cell: str | None = None
    column_name: str | None = None
    record_key: str = ""
    value: str | None = None
