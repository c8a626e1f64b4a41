"""python write.py OUT books.json: excelize and PyExcelerate, each through its package of PyPI."""

import json
import sys
from datetime import datetime
from pathlib import Path

import excelize
from pyexcelerate import Format, Style, Workbook

DAY, MOMENT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm"


def code_of(cell: dict) -> str:
    """The number format of a cell; '' where it has none of its own."""
    return cell.get("code", {"d": DAY, "t": MOMENT}.get(cell["k"], ""))


def by_excelize(book: list, path: Path) -> None:
    file = excelize.new_file()
    codes = {code_of(cell) for sheet in book for cell in sheet["cells"]} - {""}
    styles = {code: file.new_style(excelize.Style(custom_num_fmt=code)) for code in sorted(codes)}
    for number, sheet in enumerate(book):
        title = sheet["title"]
        file.set_sheet_name("Sheet1", title) if number == 0 else file.new_sheet(title)
        for cell in sheet["cells"]:
            at = f"{chr(65 + cell['c'])}{cell['r'] + 1}"
            value = datetime.fromisoformat(cell["v"]) if cell["k"] in "dt" else cell.get("result", cell["v"])
            if isinstance(value, int) and value > 2**31:
                value = float(value)  # the binding cuts a whole number to 32 bits
            file.set_cell_value(title, at, value)
            if code := code_of(cell):
                file.set_cell_style(title, at, at, styles[code])
        for merged in sheet["merged"]:
            file.merge_cell(title, *merged.split(":"))
    file.save_as(str(path))
    file.close()


def by_pyexcelerate(book: list, path: Path) -> None:
    workbook = Workbook()
    for sheet in book:
        made = workbook.new_sheet(sheet["title"])
        for cell in sheet["cells"]:
            kind, row, column = cell["k"], cell["r"] + 1, cell["c"] + 1
            value = datetime.fromisoformat(cell["v"]) if kind in "dt" else cell.get("result", cell["v"])
            if kind == "s" and value.startswith("="):
                value = f" {value}"  # it would be a formula
            made.set_cell_value(row, column, value)
            if code := code_of(cell):
                made.set_cell_style(row, column, Style(format=Format(code.replace('"', "&quot;"))))  # it does not
    workbook.save(str(path))


for n, book in enumerate(json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))):
    by_excelize(book, Path(sys.argv[1], f"excelize-{n}.xlsx"))
    by_pyexcelerate(book, Path(sys.argv[1], f"pyexcelerate-{n}.xlsx"))
