"""What SQL answers on the published database, with the comments at hand; as Markdown, CSV or a workbook."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from sources.system.csv_file import write_csv
from sources.system.faults import ToldError
from sources.system.plain_book import PlainBook
from sources.system.plain_text import as_markdown, legible
from warehouse.store.ddl import PUBLIC_SCHEMAS

ROWS_OF_A_SHEET = 1_048_575
"""Below its headings: more than these no spreadsheet takes."""
DIGITS_OF_A_NUMBER = 15
"""A spreadsheet keeps no more: a longer number goes out as text."""
TOLD_ERRORS: tuple[tuple[type[duckdb.Error], str], ...] = (
    (duckdb.ParserException, "SQL 写得不对"),
    (duckdb.CatalogException, "没有这张表、这个函数或这个模式"),
    (duckdb.BinderException, "有一个列名或一处用法不对"),
    (duckdb.ConversionException, "有一个值转换不了类型"),
    (duckdb.InvalidInputException, "这句话不能在只读的数据库上执行"),
)


class NotAnsweredError(ToldError, ValueError):
    """The SQL cannot be carried out, or what it answers cannot be written."""


@dataclass(frozen=True)
class SqlAnswer:
    """The rows that SQL gave: `columns` are the names in order, a row has a value for each."""

    sql: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class DescribedTable:
    """A public table as its file describes it; `columns` are (name, type, comment)."""

    name: str
    comment: str
    columns: tuple[tuple[str, str, str], ...]


def answered(connection: duckdb.DuckDBPyConnection, asked: str) -> SqlAnswer:
    """What the SQL answers; the name of a table alone asks for all of it.

    Raises NotAnsweredError in Chinese, with DuckDB's own words behind.
    """
    table = next((each for each in described_tables(connection) if each.name == asked.strip()), None)
    sql = f"from {table.name}" if table else asked
    try:
        result = connection.execute(sql)
        columns = tuple(name for name, *_ in result.description or ())
        return SqlAnswer(sql, columns, tuple(result.fetchall()) if columns else ())
    except duckdb.Error as error:
        what = next((told for kind, told in TOLD_ERRORS if isinstance(error, kind)), "查询没有做完")
        raise NotAnsweredError(f"{what}：{legible(str(error))}") from error


def described_tables(connection: duckdb.DuckDBPyConnection, word: str = "") -> tuple[DescribedTable, ...]:
    """The public tables whose name, comment or columns hold the word; without a word all of them."""
    rows = connection.execute(
        """
        select tables.schema_name || '.' || tables.table_name, coalesce(tables.comment, ''),
            list((columns.column_name, columns.data_type, coalesce(columns.comment, '')) order by columns.column_index)
        from duckdb_tables() as tables
        inner join duckdb_columns() as columns
            on tables.schema_name = columns.schema_name and tables.table_name = columns.table_name
        where list_contains(?, tables.schema_name)
        group by all
        order by all
        """,
        [list(PUBLIC_SCHEMAS)],
    ).fetchall()
    tables = (DescribedTable(name, comment, tuple(map(tuple, columns))) for name, comment, columns in rows)
    return tuple(each for each in tables if word in each.name or word in each.comment or _columns_with(each, word))


def _columns_with(table: DescribedTable, word: str) -> bool:
    return any(word in name or word in comment for name, _, comment in table.columns)


def as_markdown_table(answer: SqlAnswer) -> str:
    """The answer as a Markdown table; nothing in a value is a link, a picture or a format."""
    lines = (answer.columns, ["---"] * len(answer.columns), *answer.rows)
    return "\n".join(f"| {' | '.join(_of_markdown(value) for value in line)} |" for line in lines) + "\n"


def _of_markdown(value: Any) -> str:
    return value if value == "---" else as_markdown(shown(value))


def shown(value: Any) -> str:
    """A value as text: nothing for none; a decimal exact, without zeros that say nothing."""
    if value is None:
        return ""
    if not isinstance(value, Decimal):
        return str(value)
    digits = f"{value:f}"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def plainly(value: Any) -> Any:
    """A value for JSON: a decimal as its digits, so that none is lost."""
    return shown(value) if isinstance(value, Decimal) else value


def _markdown_file(answer: SqlAnswer, path: Path) -> None:
    path.write_text(as_markdown_table(answer), encoding="utf-8")


def _csv_file(answer: SqlAnswer, path: Path) -> None:
    write_csv((answer.columns, *answer.rows), path)


def _workbook(answer: SqlAnswer, path: Path) -> None:
    """One sheet with the rows, one with the SQL. Raises NotAnsweredError for more rows than a sheet has."""
    if len(answer.rows) > ROWS_OF_A_SHEET:
        raise NotAnsweredError(f"有 {len(answer.rows)} 行，一张工作表放不下。请写成 .csv，或在 SQL 里缩小范围。")
    with PlainBook(path) as book:
        sheet = book.add_worksheet("结果")
        for number, line in enumerate((answer.columns, *answer.rows)):
            sheet.write_row(number, 0, [_of_sheet(value) for value in line])
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(1, len(answer.rows)), max(0, len(answer.columns) - 1))
        sheet.autofit(300)
        book.add_worksheet("查询").write_string(0, 0, answer.sql)


def _of_sheet(value: Any) -> str | int | float | bool:
    if isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, float, Decimal)) and len(shown(value).lstrip("-0.")) <= DIGITS_OF_A_NUMBER:
        return value if isinstance(value, int) else float(value)
    return shown(value)


WRITERS: dict[str, Callable[[SqlAnswer, Path], None]] = {
    ".md": _markdown_file,
    ".csv": _csv_file,
    ".xlsx": _workbook,
}


def write_answer(answer: SqlAnswer, path: Path) -> None:
    """Writes the answer as what the name ends with. Raises NotAnsweredError for another ending or no column."""
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise NotAnsweredError(f"文件名要以 {_or(list(WRITERS))} 结尾，现在是 {path.name}。")
    if not answer.columns:
        raise NotAnsweredError("这句 SQL 没有结果，没有写文件。")
    writer(answer, path)


def _or(names: Sequence[str]) -> str:
    return "、".join(names[:-1]) + f" 或 {names[-1]}"
