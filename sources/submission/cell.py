"""Where a value stands: file, sheet, cell, column and record; and a cell as it was read."""

from dataclasses import dataclass
from typing import NamedTuple

FORM_RECORD = 0
"""`record` of a form's cells; in a table it is the row's number."""
STATUS_COLUMN = "sheet_status"


@dataclass(frozen=True, slots=True)
class CellAddress:
    """Where something stands: the file, and as far as it goes the sheet (its title), the cell and the column.

    `record_key` names the row of a table by its key, so that a row can be recognised when it has moved.
    """

    submission_id: str
    file_name: str
    sheet: str = ""
    cell: str | None = None
    column_name: str | None = None
    record_key: str = ""


class Cell(NamedTuple):
    """A value cell as it was read. The fields are those of CELL_SCHEMA, in its order.

    `sheet` is the contract's name, `record` the row number in a table and FORM_RECORD in a form. A named tuple, because
    a workbook has thousands: they are made, sent to another process and stacked into a frame.
    """

    submission_id: str
    sheet: str
    record: int
    column_name: str
    cell: str
    raw_text: str
    """'' for an empty cell of a known column."""


@dataclass(frozen=True, slots=True)
class CellComment:
    """What somebody wrote beside a value, on its cell or on another of its row (`at`). It is never loaded: the audit
    tells it in a finding, without personal data."""

    cell: Cell
    at: str
    text: str
