"""A list that the program writes, people fill in, and the program reads back: a line a thing, as CSV or xlsx."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from python_calamine import CalamineError, CalamineWorkbook

from sources.declarations.strict_csv import read_strictly
from sources.system.csv_file import write_csv
from sources.system.plain_book import PlainBook

CSV, XLSX = ".csv", ".xlsx"


class NoListError(ValueError):
    """The file is no such list; the text says why, in Chinese."""


@dataclass(frozen=True, slots=True)
class ListForm:
    """What a list looks like: `headings` with the widths of their columns, `made_by` the command that writes it.

    `asked` are the headings that people fill in, each with the words to choose from; any text where there are none.
    `needed` are those without which nothing can be read; the others are for people. Without any, all are.
    """

    title: str
    headings: Mapping[str, int]
    asked: Mapping[str, tuple[str, ...]]
    made_by: str
    needed: tuple[str, ...] = ()

    @property
    def read(self) -> tuple[str, ...]:
        """The headings that are read back."""
        return self.needed or tuple(self.headings)


def write_list_file(form: ListForm, rows: Sequence[Sequence[str]], path: Path) -> None:
    """Writes the list, texts as texts. Raises NoListError for a name that ends neither in .csv nor in .xlsx."""
    if path.suffix.lower() == CSV:
        write_csv([list(form.headings), *rows], path)
    elif path.suffix.lower() == XLSX:
        _write_book(form, rows, path)
    else:
        raise NoListError(f"{path.name}：清单只能写成 .csv 或 .xlsx")


def _write_book(form: ListForm, rows: Sequence[Sequence[str]], path: Path) -> None:
    with PlainBook(path) as book:
        sheet = book.add_worksheet(form.title)
        head = book.add_format({"bold": True, "bg_color": "#E9EFF5", "border": 1})
        plain = book.add_format({"text_wrap": True, "valign": "top", "border": 1})
        asked = book.add_format({"text_wrap": True, "valign": "top", "border": 1, "bg_color": "#FFF9DB"})
        for column, (heading, width) in enumerate(form.headings.items()):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, heading, head)
            for row, values in enumerate(rows, 1):
                sheet.write_string(row, column, values[column], asked if heading in form.asked else plain)
            if rows and (words := form.asked.get(heading)):
                sheet.data_validation(1, column, len(rows), column, {"validate": "list", "source": list(words)})
        sheet.freeze_panes(1, 0)


def read_list_file(form: ListForm, path: Path) -> list[tuple[int, dict[str, str]]]:
    """(number of the line, heading → text) of each line; in a workbook the headings may stand below others.

    Raises DeclarationError for a CSV that is none, NoListError for other files.
    """
    if path.suffix.lower() == CSV:
        return list(read_strictly(path, form.read, list(form.headings)))
    try:
        rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    except (CalamineError, BadZipFile, OSError) as error:
        raise NoListError(f"{path.name} 不是 .csv，也打不开为 .xlsx（{error}）") from None
    return list(lines_below(form, rows, path.name))


def lines_below(form: ListForm, rows: Sequence[Sequence[Any]], name: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The lines below the row that has the headings that are read, with their numbers in the sheet."""
    start = next((at for at, row in enumerate(rows) if set(form.read) <= {str(value) for value in row}), None)
    if start is None:
        found = rows[0] if rows else []
        missing = "、".join(heading for heading in form.read if heading not in found)
        raise NoListError(f"{name} 没有列“{missing}”；请用 {form.made_by} 写出的文件")
    at = {heading: rows[start].index(heading) for heading in form.read}
    for number, row in enumerate(rows[start + 1 :], start + 2):
        if any(row):
            yield number, {heading: _text(row[column]) for heading, column in at.items()}


def _text(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
