"""The token of a respondent's template in a workbook that has none, or another's: on the cover and as a property."""

import openpyxl
from openpyxl.cell import Cell
from openpyxl.packaging.custom import StringProperty
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from sources.declarations.headings import COVER_SHEET, ITEM_HEADING, TOKEN_LABEL, TOKEN_PROPERTY, normalise_label

COVER_ROWS, COVER_COLUMNS = 60, 10
"""As much of a cover as is looked at; a template's has a dozen rows."""


def write_token(book: openpyxl.Workbook, token: str) -> None:
    """Makes it the workbook's only token. A workbook without a cover is left as it is.

    On a cover that has no line for it and no free cell above its headings, it stands in the property alone.
    """
    cover = next((each for each in book.worksheets if normalise_label(each.title) == COVER_SHEET), None)
    if cover is None:
        return
    properties = book.custom_doc_props  # type: ignore[attr-defined]  # the stubs are of an earlier openpyxl
    if TOKEN_PROPERTY in properties.names:
        del properties[TOKEN_PROPERTY]
    properties.append(StringProperty(name=TOKEN_PROPERTY, value=token))
    said, free = _lines(cover)
    for cell in said:
        cell.value = None
    for cell in (said or free)[:1]:
        cell.value = f"{TOKEN_LABEL}：{token}"
        cell.font = Font(name="宋体", size=10, color="595959")


def _lines(cover: Worksheet) -> tuple[list[Cell], list[Cell]]:
    """The cells that tell a token, and the free one above the headings, where the template has it."""
    label, heading = normalise_label(TOKEN_LABEL), normalise_label(ITEM_HEADING)
    said: list[Cell] = []
    free: list[Cell] = []
    for number, row in enumerate(cover.iter_rows(max_row=COVER_ROWS, max_col=COVER_COLUMNS), 1):
        cells = [cell for cell in row if isinstance(cell, Cell)]
        texts = [normalise_label(cell.value) if isinstance(cell.value, str) else "" for cell in cells]
        said += [cell for cell, text in zip(cells, texts, strict=True) if text.startswith(label)]
        if heading in texts and number > 1 and not free:
            above = cover.cell(number - 1, 1)
            free = [above] if isinstance(above, Cell) and above.value is None else []
    return said, free
