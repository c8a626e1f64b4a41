"""What people do to a workbook, at random: to cells, rows, columns, sheets, and to the bytes of the file."""

import random
from collections.abc import Callable
from datetime import date
from typing import Any

from sources.read.sheet_xml import Position, address
from tests.hostile.books import Book, Failed, Formula, Percent, Sheet

TEXTS = (
    "无",
    "—",
    "-",
    "/",
    "约20",
    "1,234人",
    "１２３４",
    "12 34",
    "٢٥",
    "85%",
    "0.85",
    "是",
    "否",
    "x" * 300,
    "=1+1",
    "+5",
    "@a",
    "-",
    "2023.11.30",
    "2023年13月",
    "合计",
    "示例：1",
    "上年",
    "本年",
    "项目",
    "本表情况",
    "已填报",
    "本单位无此项",
    "无法提供",
    "😀",
    "a\u200bb",
    "{label}%s",
    "<b>&",
)
NUMBERS = (0, -1, 1, 7, 0.5, 0.1234567, 12345678.9, 10**13, 10**17, 1e300, 1e-9, 99999999999999, 45260)
Mutation = Callable[[Book, random.Random], None]


def some_sheet(book: Book, rng: random.Random) -> Sheet:
    return rng.choice([sheet for sheet in book.sheets if sheet.cells])


def some_cell(sheet: Sheet, rng: random.Random) -> Position:
    """A filled cell, or one near a filled one."""
    row, position = rng.choice(sorted(sheet.cells))
    return (row, position) if rng.random() < 0.6 else (row + rng.randint(0, 2), position + rng.randint(0, 3))


def put(value: Callable[[random.Random], Any]) -> Mutation:
    def mutate(book: Book, rng: random.Random) -> None:
        sheet = some_sheet(book, rng)
        sheet.cells[some_cell(sheet, rng)] = value(rng)

    return mutate


def mistyped(book: Book, rng: random.Random) -> None:
    sheet = some_sheet(book, rng)
    place = rng.choice(sorted(sheet.cells))
    text = str(sheet.cells[place])
    at = rng.randrange(len(text))
    changed = text[:at] + rng.choice(["", text[at] * 2, rng.choice("0123456789的。 ")]) + text[at + 1 :]
    sheet.cells[place] = int(changed) if changed.isascii() and changed.isdecimal() else changed


def blank(book: Book, rng: random.Random) -> None:
    sheet = some_sheet(book, rng)
    del sheet.cells[rng.choice(sorted(sheet.cells))]


def far_away(book: Book, rng: random.Random) -> None:
    some_sheet(book, rng).cells[rng.randint(100, 3_000), rng.randint(0, 60)] = rng.choice(TEXTS)


def moved(sheet: Sheet, place: Callable[[int, int], Position | None]) -> None:
    """Puts every cell where `place` says; None: it goes away."""
    sheet.cells = {new: value for at, value in sheet.cells.items() if (new := place(*at)) is not None}


def some_row(sheet: Sheet, rng: random.Random) -> int:
    return rng.choice(sorted({row for row, _ in sheet.cells}))


def some_position(sheet: Sheet, rng: random.Random) -> int:
    return rng.choice(sorted({position for _, position in sheet.cells}))


def insert_row(book: Book, rng: random.Random) -> None:
    sheet = some_sheet(book, rng)
    at = some_row(sheet, rng)
    moved(sheet, lambda row, position: (row + (row >= at), position))


def delete_row(book: Book, rng: random.Random) -> None:
    sheet = some_sheet(book, rng)
    at = some_row(sheet, rng)
    moved(sheet, lambda row, position: None if row == at else (row - (row > at), position))


def duplicate_row(book: Book, rng: random.Random) -> None:
    sheet = some_sheet(book, rng)
    at = some_row(sheet, rng)
    copied = {position: value for (row, position), value in sheet.cells.items() if row == at}
    moved(sheet, lambda row, position: (row + (row > at), position))
    sheet.cells.update({(at + 1, position): value for position, value in copied.items()})


def swap_rows(book: Book, rng: random.Random) -> None:
    sheet = some_sheet(book, rng)
    one, other = some_row(sheet, rng), some_row(sheet, rng)
    new = {one: other, other: one}
    moved(sheet, lambda row, position: (new.get(row, row), position))


def swap_columns(book: Book, rng: random.Random) -> None:
    sheet = some_sheet(book, rng)
    one, other = some_position(sheet, rng), some_position(sheet, rng)
    new = {one: other, other: one}
    moved(sheet, lambda row, position: (row, new.get(position, position)))


def insert_column(book: Book, rng: random.Random) -> None:
    sheet = some_sheet(book, rng)
    at = some_position(sheet, rng)
    moved(sheet, lambda row, position: (row, position + (position >= at)))


def delete_column(book: Book, rng: random.Random) -> None:
    sheet = some_sheet(book, rng)
    at = some_position(sheet, rng)
    moved(sheet, lambda row, position: None if position == at else (row, position - (position > at)))


def own_column(book: Book, rng: random.Random) -> None:
    sheet = some_sheet(book, rng)
    at = max(position for _, position in sheet.cells) + 1
    heading = some_row(sheet, rng)
    sheet.cells.update({(heading, at): "备注", (heading + 1, at): "见附件", (heading + 2, at): rng.randint(0, 9)})


def shift_values(book: Book, rng: random.Random) -> None:
    """Part of a column slips down by a row."""
    sheet = some_sheet(book, rng)
    row, position = rng.choice(sorted(sheet.cells))
    moved(sheet, lambda r, p: (r + (r >= row), p) if p == position else (r, p))


def rename_sheet(book: Book, rng: random.Random) -> None:
    sheet = some_sheet(book, rng)
    sheet.title = rng.choice(
        (f"{sheet.title} ", f"{sheet.title} (2)", f" {sheet.title[:1]} {sheet.title[1:]}", "数据")
    )[:31]


def delete_sheet(book: Book, rng: random.Random) -> None:
    book.sheets.remove(some_sheet(book, rng))


def hide_sheet(book: Book, rng: random.Random) -> None:
    some_sheet(book, rng).state = rng.choice(("hidden", "veryHidden", "visible"))


def add_sheet(book: Book, rng: random.Random) -> None:
    cells = {(rng.randint(0, 30), rng.randint(0, 9)): rng.choice(TEXTS) for _ in range(rng.randint(0, 9))}
    book.sheets.insert(rng.randint(0, len(book.sheets)), Sheet(f"草稿{rng.randint(1, 99)}", cells))


def copy_sheet(book: Book, rng: random.Random) -> None:
    sheet = some_sheet(book, rng)
    book.sheets.append(Sheet(f"{sheet.title}{rng.choice((' ', ' (2)', '副本'))}"[:31], dict(sheet.cells)))


def shuffle_sheets(book: Book, rng: random.Random) -> None:
    rng.shuffle(book.sheets)


def merge_cells(book: Book, rng: random.Random) -> None:
    """Merged in a spreadsheet, all cells but the first lose their content."""
    sheet = some_sheet(book, rng)
    row, position = some_cell(sheet, rng)
    last = row + rng.randint(0, 3), position + rng.randint(0, 3)
    covered = {(r, p) for r in range(row, last[0] + 1) for p in range(position, last[1] + 1)} - {(row, position)}
    sheet.merged.append(f"{address(row, position)}:{address(*last)}")
    moved(sheet, lambda r, p: None if (r, p) in covered else (r, p))


def hide_rows(book: Book, rng: random.Random) -> None:
    sheet = some_sheet(book, rng)
    sheet.hidden_rows |= {some_row(sheet, rng), some_row(sheet, rng)}


def blanks_in_text(book: Book, rng: random.Random) -> None:
    sheet = some_sheet(book, rng)
    place = rng.choice([at for at, value in sorted(sheet.cells.items()) if isinstance(value, str)])
    text = sheet.cells[place]
    at = rng.randint(0, len(text))
    sheet.cells[place] = text[:at] + rng.choice((" ", "\n", "　", "\u200b", "\xa0")) + text[at:]


MUTATIONS: tuple[Mutation, ...] = (
    put(lambda rng: rng.choice(TEXTS)),
    put(lambda rng: rng.choice(NUMBERS)),
    put(lambda rng: str(rng.choice(NUMBERS))),
    put(lambda rng: rng.random() < 0.5),
    put(lambda rng: date(rng.randint(1950, 2030), rng.randint(1, 12), rng.randint(1, 28))),
    put(lambda rng: Percent(rng.choice((0.85, 0.5, 1.0)))),
    put(lambda rng: Formula("A1+1", rng.choice((None, 5, "5", "无")))),
    put(lambda rng: Failed(rng.choice(("#REF!", "#DIV/0!", "#N/A", "#VALUE!")))),
    put(lambda rng: "字" * rng.choice((50, 5_000, 32_767))),
    mistyped,
    mistyped,
    blank,
    far_away,
    insert_row,
    delete_row,
    duplicate_row,
    swap_rows,
    swap_columns,
    insert_column,
    delete_column,
    own_column,
    shift_values,
    rename_sheet,
    delete_sheet,
    hide_sheet,
    add_sheet,
    copy_sheet,
    shuffle_sheets,
    merge_cells,
    hide_rows,
    blanks_in_text,
)


def mutate(book: Book, rng: random.Random) -> None:
    """One to four mutations, one after the other."""
    for _ in range(rng.randint(1, 4)):
        rng.choice(MUTATIONS)(book, rng)


def spoil(data: bytes, rng: random.Random) -> bytes:
    """What happens to bytes on their way: some are flipped, left out, doubled, or the rest is missing."""
    at = rng.randrange(len(data))
    length = rng.choice((1, 1, 16, 512))
    return rng.choice(
        (
            data[:at],
            data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :],
            data[:at] + bytes(rng.randrange(256) for _ in range(length)) + data[at + length :],
            data[:at] + data[at + length :],
            data[:at] + data[at : at + length] + data[at:],
            data + bytes(length),
        )
    )
