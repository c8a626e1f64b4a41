"""Workbooks that are written anew: a text in a cell is a text, legible, and never a formula, a link or a number."""

from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from sources.system.plain_text import legible

AS_TEXT = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}

UNCOMPUTED = ""
"""The `value` of a formula that is written without a result."""


class _PlainSheet(Worksheet):  # type: ignore[misc]  # the library has no types
    def _write_string(self, row: int, column: int, text: str, style: Format | None = None) -> Any:
        """Every text of a cell comes here, whichever method was called."""
        return super()._write_string(row, column, legible(text), style)

    def _xml_formula_element(self, formula: str, result: Any, attributes: Any = ()) -> None:
        """A formula of ours (`UNCOMPUTED`) has no result stored: whoever opens the workbook computes it."""
        if result != UNCOMPUTED:
            super()._xml_formula_element(formula, result, attributes)
            return
        self._xml_start_tag("c", list(attributes))
        self._xml_data_element("f", formula)
        self._xml_end_tag("c")

    def _prepare_formula(self, formula: str, expand_future_functions: bool = False) -> str:
        """Without the sign and braces; formulas of ours have none of the functions that the library looks for."""
        return formula.removeprefix("{").removesuffix("}").removeprefix("=")

    def _write_cell_value(self, value: Any) -> None:
        if value != UNCOMPUTED:
            super()._write_cell_value(value)


class PlainBook(xlsxwriter.Workbook):  # type: ignore[misc]  # the library has no types
    """A workbook to be written; `options` are xlsxwriter's own."""

    worksheet_class = _PlainSheet

    def __init__(self, target: Path | str | IO[bytes], options: Mapping[str, Any] = {}) -> None:
        super().__init__(target, {"in_memory": True} | dict(options) | AS_TEXT)
