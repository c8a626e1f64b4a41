"""`nianbao query`: asks the published database in SQL, once or in a shell, with the comments at hand."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.console import (
    SHOWN_RECORDS,
    AsJson,
    Panel,
    app,
    console,
    fail,
    installation,
    notices,
    print_json,
    print_records,
    published,
    say_more,
)
from sources.system.faults import ToldError
from sources.system.plain_text import SHOWN_IN_A_CELL, cut_short

if TYPE_CHECKING:
    import duckdb

    from warehouse.figures.sql_answer import SqlAnswer

PROMPT, GOING_ON = "年报> ", "  ……> "
READABLE_CELL = 24
"""So many letters of a value are to stand on one line of a table."""
LEAVING = ("退出", "exit", "quit", ".quit", ".exit")
USE = (
    "表 [词]        列出表和它的说明；给一个词，就只列名称、说明或列里有它的",
    "列 表名        列出一张表的列、类型和说明",
    "select …;      SQL，可以写几行，以分号结束；只写一个表名也可以",
    "存 文件名      把上一个结果存成 .md、.csv 或 .xlsx",
    "退出           离开（Ctrl-D 也可以）",
)


@app.command(rich_help_panel=Panel.LOOK)
def query(
    asked: Annotated[str | None, typer.Argument(metavar="[SQL或表名]", help="不给时进入问答")] = None,
    to: Annotated[Path | None, typer.Option(help="写进文件：.md、.csv 或 .xlsx")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="打印成 Markdown")] = False,
    as_json: AsJson = False,
) -> None:
    """用 SQL 查询发布的数据库（只读，随时可以查）；不给 SQL 就进入问答，表和列的说明随手可查。"""
    from warehouse.figures.sql_answer import answered, as_markdown_table, plainly, write_answer

    settings, _ = installation()
    with published(settings) as connection:
        if asked is None:
            if to or markdown or as_json:
                fail("没有写要查什么，例如 nianbao query report.annex_1 --to 附表1.xlsx。")
            talk(connection, _typed_line)
            return
        try:
            answer = answered(connection, asked)
            if to:
                write_answer(answer, to)
        except ToldError as error:
            fail(str(error))
    if to:
        console.print(f"{len(answer.rows)} 行，写在 {to}", soft_wrap=True)
    elif markdown:
        typer.echo(as_markdown_table(answer), nl=False)
    elif as_json:
        print_json([dict(zip(answer.columns, map(plainly, row), strict=True)) for row in answer.rows])
    else:
        print_answer(answer)


def _typed_line(prompt: str) -> str:
    """What a person types, or the next line of a pipe. Raises EOFError at Ctrl-D and at the pipe's end."""
    if not sys.stdin.isatty():
        return input()
    import readline  # noqa: F401  # gives `input` a history and arrow keys

    return input(prompt)


def _word(line: str) -> str:
    return (line.split() or [""])[0].rstrip(";；")


def talk(connection: "duckdb.DuckDBPyConnection", read: Callable[[str], str]) -> None:
    """Answers line by line until somebody leaves or `read` raises EOFError; what cannot be answered is told and nothing
    ends. `read` is given the prompt: another one where SQL goes on.
    """
    from warehouse.figures.sql_answer import answered

    console.print("查询发布的数据库（只读）。可以写：", highlight=False)
    console.print("\n".join(USE), highlight=False)
    last: SqlAnswer | None = None
    sql: list[str] = []
    while True:
        try:
            line = read(GOING_ON if sql else PROMPT)
        except EOFError:  # Ctrl-D, or the end of a pipe: that is how one leaves
            return
        word = _word(line)
        if not sql and word in LEAVING:
            return
        try:
            if not sql and word in SAYINGS:
                SAYINGS[word](connection, line.partition(word)[2].strip(" ;；"), last)
            elif sql or line.strip():
                sql.append(line)
                if is_whole(connection, text := "\n".join(sql)):
                    sql = []
                    last = answered(connection, text.strip().rstrip(";"))
                    print_answer(last)
        except ToldError as error:
            notices.print(str(error), style="red")


def is_whole(connection: "duckdb.DuckDBPyConnection", text: str) -> bool:
    """Whether the text is to be carried out: it ends with a semicolon or an empty line, or names a table."""
    from warehouse.figures.sql_answer import described_tables

    is_ended = text.rstrip(" ").endswith((";", "\n"))
    return is_ended or any(each.name == text.strip() for each in described_tables(connection))


def print_answer(answer: "SqlAnswer") -> None:
    """The rows, of many the first: as a table, or, where it would be wider than the terminal, row by row."""
    from rich.cells import cell_len

    from warehouse.figures.sql_answer import shown

    if not answer.columns:
        console.print("做完了，没有结果。")
        return
    rows = [[shown(value) for value in row] for row in answer.rows]
    widths = [
        max(cell_len(text[:READABLE_CELL]) for text in column)
        for column in zip(answer.columns, *rows[:SHOWN_RECORDS], strict=True)
    ]
    if sum(widths) + 3 * len(widths) < console.width:
        numbered = {str(position): name for position, name in enumerate(answer.columns)}
        print_records(f"{len(rows)} 行", numbered, [dict(zip(numbered, row, strict=True)) for row in rows])
        return
    longest = max(map(cell_len, answer.columns))
    for number, row in enumerate(rows[:SHOWN_RECORDS], 1):
        console.print(f"第 {number} 行，共 {len(rows)} 行", highlight=False)
        for name, text in zip(answer.columns, row, strict=True):
            gap = " " * (longest - cell_len(name))
            console.print(f"  {name}{gap}  {cut_short(text, SHOWN_IN_A_CELL)}", highlight=False, soft_wrap=True)
    say_more(len(rows) - SHOWN_RECORDS)


def _list_tables(connection: "duckdb.DuckDBPyConnection", word: str, _: "SqlAnswer | None") -> None:
    from warehouse.figures.sql_answer import described_tables

    tables = [{"name": each.name, "comment": each.comment} for each in described_tables(connection, word)]
    print_records("表", {"name": "表", "comment": "说明"}, tables)


def _list_columns(connection: "duckdb.DuckDBPyConnection", name: str, _: "SqlAnswer | None") -> None:
    from sources.declarations.problem import meant
    from warehouse.figures.sql_answer import NotAnsweredError, described_tables

    tables = {each.name: each for each in described_tables(connection)}
    if name not in tables:
        raise NotAnsweredError(f"没有“{name}”这张表{meant(name, tables)}（写“表”列出所有的表）")
    headings = {"name": "列", "type": "类型", "comment": "说明"}
    rows = [dict(zip(headings, column, strict=True)) for column in tables[name].columns]
    print_records(f"{name}  {tables[name].comment}", headings, rows)


def _save(_: "duckdb.DuckDBPyConnection", name: str, last: "SqlAnswer | None") -> None:
    from warehouse.figures.sql_answer import NotAnsweredError, write_answer

    if last is None or not name:
        raise NotAnsweredError("先查询，再写“存 文件名”，例如：存 结果.xlsx。")
    write_answer(last, Path(name))
    console.print(f"{len(last.rows)} 行，写在 {name}", soft_wrap=True)


def _tell_use(*_: object) -> None:
    console.print("\n".join(USE), highlight=False)


SAYINGS: dict[str, Callable[["duckdb.DuckDBPyConnection", str, "SqlAnswer | None"], None]] = {
    "表": _list_tables,
    "列": _list_columns,
    "存": _save,
    "帮助": _tell_use,
    "help": _tell_use,
    "?": _tell_use,
}
"""What one can write besides SQL → what it does."""
