"""Where a template's cells are: the template writes them there, and the formulas of 填报进度 look there."""

from dataclasses import dataclass
from functools import cached_property

from xlsxwriter.utility import xl_col_to_name

from sources.declarations.contract import Contract

FORM_VALUES, FORM_LAST_YEAR = 4, 3
"""Positions of this year's and of last year's values in a form."""
STATUS_ROW = 2


@dataclass(frozen=True, slots=True)
class SheetLayout:
    """One sheet of one workbook; rows and positions are zero-based.

    `columns`: the names of those of the year, in order. `rows`: how many items a form has, or how many records have
    room. `has_last_year`: whether the template prints last year's values of it.
    """

    name: str
    title: str
    is_form: bool
    columns: tuple[str, ...]
    rows: int
    has_last_year: bool
    rolled: int = 0
    """How many of the rows, the first ones, stand there from last year and ask whether they are still there."""

    @property
    def heading_row(self) -> int:
        return STATUS_ROW + 1 if self.status_at is None else STATUS_ROW + 2

    @property
    def first_row(self) -> int:
        """Of the items or records."""
        return self.heading_row + 1

    @property
    def still(self) -> str:
        """The cells of 今年是否仍在, a row each; those below the rolled rows are blank."""
        return self.cells(self.first_row, self.first_row + self.rows - 1, self.still_at)

    @property
    def still_at(self) -> int:
        """The position of 今年是否仍在: between this year's columns and last year's."""
        return len(self.columns)

    @property
    def status_at(self) -> tuple[int, int] | None:
        """The cell with 本表情况; the cover has none."""
        if self.name == "cover":
            return None
        return STATUS_ROW, FORM_VALUES if self.is_form else 1

    def cell(self, row: int, position: int) -> str:
        """A cell as another sheet's formula names it."""
        return f"{self._sheet}!${xl_col_to_name(position)}${row + 1}"

    def cells(self, first_row: int, last_row: int, position: int) -> str:
        if first_row == last_row:
            return self.cell(first_row, position)
        letter = xl_col_to_name(position)
        return f"{self._sheet}!${letter}${first_row + 1}:${letter}${last_row + 1}"

    def values(self, name: str) -> str:
        """This year's cell of a form's item; of a table, the cells of a column."""
        index = self.columns.index(name)
        if self.is_form:
            return self.cell(self.first_row + index, FORM_VALUES)
        return self.cells(self.first_row, self.first_row + self.rows - 1, index)

    def block(self, first: int, last: int) -> str:
        """Of a table: the cells of columns that stand beside each other."""
        last_row, letters = self.first_row + self.rows, [xl_col_to_name(position) for position in (first, last)]
        return f"{self._sheet}!${letters[0]}${self.first_row + 1}:${letters[1]}${last_row}"

    @property
    def _sheet(self) -> str:
        return "'{}'".format(self.title.replace("'", "''"))


@dataclass(frozen=True)
class BookLayout:
    """All sheets of one workbook, in order, and the cells of the code lists: (name, cells)."""

    sheets: tuple[SheetLayout, ...]
    lists: tuple[tuple[str, str], ...]

    @cached_property
    def by_name(self) -> dict[str, SheetLayout]:
        return {sheet.name: sheet for sheet in self.sheets}

    @cached_property
    def list_cells(self) -> dict[str, str]:
        return dict(self.lists)


def lines_of(value: object, width: int) -> int:
    """Lines that a text takes in a column: a Chinese character is two units wide."""
    units = sum(2 if ord(letter) > 255 else 1 for letter in str(value or ""))
    return max(1, -(-units // max(width - 1, 1)))


def sheet_layout(contract: Contract, report_year: int, rows: int, has_last_year: bool, rolled: int = 0) -> SheetLayout:
    """`rows` with room for records; a form has one for each of its items. `rolled`: as in `SheetLayout`."""
    columns = tuple(column.name for column in contract.columns_in(report_year))
    is_form = contract.shape == "form"
    return SheetLayout(
        contract.name, contract.title, is_form, columns, len(columns) if is_form else rows, has_last_year, rolled
    )
