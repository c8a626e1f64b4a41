"""A submission's workbook as a person sees it: its sheets, row by row, each cell with what stands in it.

For whoever shows a sheet beside what was found in it. Nothing is judged, and nothing says how a page looks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from sources.declarations.city import City
from sources.declarations.contract import Column, load_contracts
from sources.declarations.headings import STATUS_LABEL, normalise_label
from sources.read.cell_text import Texts, read_grids, texts_of
from sources.read.inspection import Inspection, inspect
from sources.read.number_format import number_format
from sources.read.read_workbook import OWN_SHEETS, read_workbook
from sources.read.sheet_xml import Position, StoredSheet, address, position_of
from sources.read.styles import PLAIN, Look
from sources.submission.cell import STATUS_COLUMN, Cell
from sources.submission.submission import Submission
from sources.system.plain_text import cut_short, legible
from sources.system.settings import Limits

MOST_ROWS, MOST_COLUMNS = 400, 60
"""Of a sheet that are shown; a template's longest has two hundred rows, its widest thirty columns."""
LONGEST_SHOWN = 2_000
"""Letters of a cell that are shown."""
MOST_MERGED = 200_000
"""Cells under merged ones that are looked at; the rest is shown as if it were not merged."""


@dataclass(frozen=True, slots=True)
class CellView:
    """A cell as it is seen. `at`: C5. `width`, `height`: how many columns and rows it takes (a merged cell).

    `is_value`: whether the reader takes it for a value; then `label` and `unit` are those of its column and `record`
    is its row's number ('' and 0 of other cells). `can_edit`: whether `corrected` takes another text for it. `text`
    is what the screen shows, `raw` what is read and would be edited.
    """

    at: str
    text: str
    raw: str = ""
    width: int = 1
    height: int = 1
    is_value: bool = False
    is_number: bool = False
    can_edit: bool = False
    label: str = ""
    unit: str = ""
    codelist: str = ""
    """The code list whose words it takes; '' for others."""


@dataclass(frozen=True, slots=True)
class RowView:
    """A row of a sheet: its number from 1, and its cells from left to right, without those that a merged one covers."""

    number: int
    cells: tuple[CellView, ...]
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class SheetView:
    """A sheet of a workbook. `title`: as the workbook has it; `name`: the contract's, '' for a sheet of no contract.

    `note` says in Chinese what of a huge sheet is left out; '' where all of it is here.
    """

    title: str
    name: str
    rows: tuple[RowView, ...]
    is_hidden: bool = False
    note: str = ""


def view_sheets(data: bytes, city: City, limits: Limits | None = None) -> tuple[SheetView, ...]:
    """The sheets of a workbook that a person fills in or has added, in its order; none of a file that cannot be opened.

    The template's own sheets (lists, progress, results) are left out.
    """
    limits = limits or Limits()
    inspection = inspect(data, limits)
    submission = read_workbook(data, "", "", city, limits)
    if inspection.refusal or not submission.cells:
        return ()
    own = {normalise_label(title) for title in OWN_SHEETS}
    contracts = {normalise_label(each.title): each for each in load_contracts(city.pack)}
    values = _values(submission)
    grids = read_grids(inspection.book)
    views = []
    for title, stored in inspection.sheets.items():
        if normalise_label(title) in own:
            continue
        contract = contracts.get(normalise_label(title))
        columns = {column.name: column for column in contract.columns} if contract else {}
        name = contract.name if contract else ""
        sheet = _Seen(texts_of(grids.get(title, []), stored), stored, inspection, values.get(name, {}), columns)
        rows, note = sheet.rows()
        views.append(SheetView(legible(title), name, rows, stored.is_hidden, note))
    return tuple(views)


def _values(submission: Submission) -> dict[str, dict[Position, Cell]]:
    """Contract's name → place → value cell."""
    values: dict[str, dict[Position, Cell]] = {}
    for cell in submission.cells:
        values.setdefault(cell.sheet, {})[position_of(cell.cell)] = cell
    return values


@dataclass(frozen=True, slots=True)
class _Seen:
    """One sheet, and what is needed to show it."""

    texts: Texts
    stored: StoredSheet
    inspection: Inspection
    values: Mapping[Position, Cell]
    columns: Mapping[str, Column]

    def rows(self) -> tuple[tuple[RowView, ...], str]:
        """The rows down to the last filled one, and what is left out of them."""
        filled = self.texts.keys() | self.values.keys()
        height = 1 + max((row for row, _ in filled), default=-1)
        width = 1 + max((position for _, position in filled), default=-1)
        shown = min(height, MOST_ROWS), min(width, MOST_COLUMNS)
        spans, covered = _spans(self.stored.merged, *shown)
        rows = tuple(
            RowView(
                row + 1,
                tuple(
                    self._cell((row, at), *spans.get((row, at), (1, 1)))
                    for at in range(shown[1])
                    if (row, at) not in covered
                ),
                row in self.stored.hidden_rows,
            )
            for row in range(shown[0])
        )
        left_out = [f"第 {MOST_ROWS} 行以后的 {height - MOST_ROWS} 行"] if height > MOST_ROWS else []
        if width > MOST_COLUMNS:
            left_out.append(f"第 {MOST_COLUMNS} 列以后的 {width - MOST_COLUMNS} 列")
        return rows, f"{'、'.join(left_out)}没有显示，请在 WPS 里看。" if left_out else ""

    def _cell(self, at: Position, height: int, width: int) -> CellView:
        raw, cell = self.texts.get(at, ""), self.values.get(at)
        text = cut_short(self._shown(at, raw), LONGEST_SHOWN)
        if cell is None:
            return CellView(address(*at), text, "", width, height)
        column = self.columns.get(cell.column_name)
        is_status = cell.column_name == STATUS_COLUMN
        return CellView(
            address(*at),
            text,
            cell.raw_text,
            width,
            height,
            is_value=True,
            is_number=column is not None and column.is_number,
            can_edit=is_status or (column is not None and not column.prefilled),
            label=STATUS_LABEL if is_status else (column.label if column else ""),
            unit=(column.unit or "") if column else "",
            codelist="sheet_status" if is_status else ((column.codelist or "") if column else ""),
        )

    def _shown(self, at: Position, text: str) -> str:
        """What the screen shows of a cell: a number in its format; a day as it is read, whatever its format."""
        number = self.stored.looks.get(at, 0)
        look = self.inspection.looks[number] if number < len(self.inspection.looks) else PLAIN
        if look.is_plain or at in self.stored.strings or not text:
            return text
        return _in_format(look, self.stored.texts.get(at, text), text)


def _in_format(look: Look, stored: str, text: str) -> str:
    its_format = number_format(look.format_code)
    if its_format.is_date:
        return text
    try:
        return its_format.shown(Decimal(stored.strip())).strip()
    except InvalidOperation:  # an error, or more places than a number can be given
        return text


def _spans(
    merged: Iterable[tuple[Position, Position]], height: int, width: int
) -> tuple[dict[Position, tuple[int, int]], set[Position]]:
    """Of merged cells within a rectangle: top left → rows and columns, and the cells that are covered."""
    spans, covered, looked_at = dict[Position, tuple[int, int]](), set[Position](), 0
    for (top, left), (bottom, right) in merged:
        bottom, right = min(bottom, height - 1), min(right, width - 1)
        if (top, left) in covered or bottom < top or right < left:
            continue
        looked_at += (bottom - top + 1) * (right - left + 1)
        if looked_at > MOST_MERGED:
            break
        within = {(row, at) for row in range(top, bottom + 1) for at in range(left, right + 1)} - {(top, left)}
        if within & covered or within & spans.keys():
            continue  # two that overlap: no program shows them so
        covered |= within
        spans[top, left] = bottom - top + 1, right - left + 1
    return spans, covered
