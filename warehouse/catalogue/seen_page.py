"""The page of docs/reference that says in what screen and value may differ without a question: from its declaration."""

from collections.abc import Iterator
from decimal import Decimal

from sources.read.number_format import number_format
from sources.read.on_screen import MAY_DIFFER, NOT_LOOKED_AT, MayDiffer
from warehouse.catalogue.markdown import page_text, table_lines

HEAD = (
    "一格在屏幕上显示的和文件里存的不同，就问学校（规则 `value.seen_otherwise`，决定 0047）。下面这些不同不问："
    "数是同一个数，或者看的人自己就看得出。声明在 `sources/read/on_screen.py`，每一行都有测试。"
)
HEADINGS = ("为什么不问", "单元格格式", "存的数", "屏幕上", "单位")
CHINESE_NUMERALS = "DBNum"


def seen_page() -> str:
    """The page as Markdown: what may differ, each with an example, and what is not looked at."""
    lines = [HEAD, "", *table_lines(HEADINGS, _rows())]
    lines += ["## 不看的", "", *table_lines(("什么", "为什么"), NOT_LOOKED_AT)]
    return page_text("看到的和读入的：哪些不同不问", lines)


def _rows() -> Iterator[tuple[str, ...]]:
    for each in MAY_DIFFER:
        yield each.why, f"`{each.format_code}`", each.stored, _on_screen(each), each.unit


def _on_screen(case: MayDiffer) -> str:
    """How the example looks; Chinese numerals only a program for spreadsheets writes."""
    if CHINESE_NUMERALS in case.format_code:
        return "（中文数字）"
    return number_format(case.format_code).shown(Decimal(case.stored)).strip()
