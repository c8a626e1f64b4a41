"""Small workbooks with every kind of cell, drawn by a seed; what should be read of them is known without reading."""

from datetime import date, datetime
from random import Random
from typing import Any

from tests.hostile.books import SHOWN_AS, Book, Failed, Formula, Percent, Sheet, Shown

TITLES = ("学生情况", "Sheet 2", "表（三）")
ROWS, COLUMNS = 7, 5
TEXTS = (
    "在校生数",
    " 前后有空格 ",
    "换\n行",
    "001234",
    "1,234",
    "2591人",
    "２５９１",
    "&<>\"'%;",
    "😀生僻字𠮷",
    "=1+1",
    "+86 777",
    "110101199001011234",
    "长" * 300,
)
NUMBERS = (0, 7, 2591, -3, 45250, 0.1, 0.1 + 0.2, 1 / 3, 1e-7, 76.58, 123456789012345, 10995.47, -0.5)
DAYS = (date(2023, 11, 5), date(2024, 2, 29), datetime(2023, 11, 5, 8, 30))
FORMULAS = (Formula("1000+1591", 2591), Formula('"甲"&"乙"', "甲乙"), Formula("1>0", True), Formula("7/2", 3.5))


def small_book(seed: int) -> Book:
    """Three sheets, two of three cells filled."""
    random = Random(seed)
    return Book(
        [
            Sheet(
                title,
                {
                    (row, column): _value(random)
                    for row in range(ROWS)
                    for column in range(COLUMNS)
                    if random.random() < 0.65
                },
                ["B9:C9"] if random.random() < 0.3 else [],
            )
            for title in TITLES[: random.choice((1, 2, 3))]
        ]
    )


def _value(random: Random) -> Any:
    kind = random.random()
    if kind < 0.4:
        return random.choice(NUMBERS)
    if kind < 0.75:
        return random.choice(TEXTS)
    if kind < 0.85:
        return random.choice(DAYS)
    if kind < 0.90:
        return random.choice(FORMULAS)
    if kind < 0.95:
        return Shown(random.choice(NUMBERS), random.choice(SHOWN_AS))
    return random.choice((True, False, Failed("#N/A"), Failed("#DIV/0!"), Percent(0.85), Percent(0.7658)))
