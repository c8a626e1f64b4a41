"""A sheet of a file as its page shows it: every cell as in the workbook, with what was found about it.

Pure but for the reading, which goes on in a process of its own.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from orchestration.desk.judged_upload import JudgedUpload
from sources.declarations.headings import normalise_label
from sources.read.sheet_view import CellView, SheetView
from sources.submission.finding import Finding

CellKind = Literal["error", "warning", "explained", "value", "label"]
Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class ShownCell:
    """A cell with how it is coloured and what is told of it."""

    view: CellView
    kind: CellKind
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row with its number, as beside a row of the workbook."""

    number: int
    cells: tuple[ShownCell, ...]


@dataclass(frozen=True, slots=True)
class SheetPage:
    """A sheet with how many errors, and warnings that nobody has explained, it has."""

    title: str
    rows: tuple[ShownRow, ...]
    errors: int
    warnings: int
    note: str


def sheet_pages(views: Sequence[SheetView], judged: JudgedUpload) -> list[SheetPage]:
    """A page for each sheet that is not hidden. A finding about no cell stands on the page of the file alone."""
    found: defaultdict[Place, list[Finding]] = defaultdict(list)
    for finding in judged.findings:
        for each in finding.each:
            if each.address.cell:
                found[normalise_label(each.address.sheet), each.address.cell].append(each)
    return [_page(view, found) for view in views if not view.is_hidden]


def _page(view: SheetView, found: defaultdict[Place, list[Finding]]) -> SheetPage:
    own = normalise_label(view.title)
    rows = tuple(
        ShownRow(row.number, tuple(_shown(cell, found.get((own, cell.at), ())) for cell in row.cells))
        for row in view.rows
        if not row.is_hidden
    )
    kinds = [cell.kind for row in rows for cell in row.cells]
    return SheetPage(view.title, rows, kinds.count("error"), kinds.count("warning"), view.note)


def _shown(cell: CellView, findings: Sequence[Finding]) -> ShownCell:
    told = tuple(each.message for each in findings)
    if any(each.is_error for each in findings):
        return ShownCell(cell, "error", told)
    if any(each.is_unexplained for each in findings):
        return ShownCell(cell, "warning", told)
    if findings:
        return ShownCell(cell, "explained", told)
    return ShownCell(cell, "value" if cell.is_value else "label")
