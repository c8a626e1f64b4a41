"""`nianbao query`: what SQL answers, told in Chinese where it cannot, and written as Markdown, CSV or a workbook."""

import csv
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.cli.query import GOING_ON, print_answer, talk
from warehouse.figures.sql_answer import (
    NotAnsweredError,
    SqlAnswer,
    answered,
    as_markdown_table,
    described_tables,
    shown,
    write_answer,
)


@pytest.fixture(scope="module")
def published() -> Iterator[duckdb.DuckDBPyConnection]:
    """Another city's file, of two tables."""
    with duckdb.connect() as connection:
        connection.execute("create schema core; create schema staging; create table staging.steps as select 1 as a")
        connection.execute("create table core.schools (code varchar, students bigint, rate decimal(38, 12))")
        connection.execute("comment on table core.schools is '学校。一行一所'")
        connection.execute("comment on column core.schools.students is '在校生数（人）'")
        connection.execute("insert into core.schools values ('甲', 1200, 54.380000000000), ('乙', null, null)")
        yield connection


def test_the_name_of_a_table_asks_for_all_of_it(published):
    answer = answered(published, " core.schools ")
    assert answer.columns == ("code", "students", "rate")
    assert answer.rows == (("甲", 1200, Decimal("54.38")), ("乙", None, None))


def test_tables_are_found_by_name_comment_and_column_and_only_public_ones(published):
    assert [each.name for each in described_tables(published)] == ["core.schools"]
    for word in ("schools", "一行一所", "在校生"):
        assert [each.name for each in described_tables(published, word)] == ["core.schools"]
    assert described_tables(published, "毕业") == ()


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("selct 1", "SQL 写得不对"),
        ("from core.scools", "没有这张表"),
        ("select pupils from core.schools", "列名"),
        ("select code::bigint from core.schools", "转换不了"),
    ],
)
def test_what_cannot_be_answered_is_told_in_chinese_with_the_databases_words(published, sql, told):
    with pytest.raises(NotAnsweredError, match=told) as error:
        answered(published, sql)
    assert "Error" in str(error.value)


def test_markdown_has_every_value_and_nothing_for_none():
    answer = SqlAnswer("", ("学校", "率"), (("甲|乙", Decimal("54.380000")), (None, Decimal("1E+3"))))
    assert as_markdown_table(answer) == "| 学校 | 率 |\n| --- | --- |\n| 甲\\|乙 | 54.38 |\n|  | 1000 |\n"


@given(st.decimals(allow_nan=False, allow_infinity=False, places=12, min_value=-(10**20), max_value=10**20))
def test_a_decimal_is_shown_exactly_and_without_an_exponent(value):
    assert Decimal(shown(value)) == value
    assert set(shown(value)) <= set("-.0123456789")


def test_a_file_is_what_its_name_ends_with(tmp_path: Path):
    rows = (("=1+1", Decimal("54.38"), date(2031, 5, 1), True), ("文", 9_007_199_254_740_993, None, False))
    answer = SqlAnswer("from 某表", ("名", "数", "日", "是"), rows)
    for name in ("a.md", "a.CSV", "a.xlsx"):
        write_answer(answer, tmp_path / name)
    assert "54.38" in (tmp_path / "a.md").read_text(encoding="utf-8")
    with (tmp_path / "a.CSV").open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file))[1] == ["'=1+1", "54.38", "2031-05-01", "true"]
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert [cell.value for cell in book["结果"][2]] == ["=1+1", 54.38, "2031-05-01", True]
    assert [cell.data_type for cell in book["结果"][2]] == ["s", "n", "s", "b"]
    assert book["结果"]["B3"].value == "9007199254740993"  # a spreadsheet would round it
    assert book["查询"]["A1"].value == "from 某表"


def test_a_moment_is_written_as_people_read_it(tmp_path: Path):
    write_answer(SqlAnswer("", ("时",), ((datetime(2031, 5, 1, 8, 30),),)), tmp_path / "a.xlsx")
    assert openpyxl.load_workbook(tmp_path / "a.xlsx")["结果"]["A2"].value == "2031-05-01 08:30:00"


@pytest.mark.parametrize("name", ["a.pdf", "a"])
def test_another_ending_is_refused_and_nothing_written(tmp_path: Path, name: str):
    with pytest.raises(NotAnsweredError, match=r"\.md、\.csv 或 \.xlsx"):
        write_answer(SqlAnswer("", ("a",), ((1,),)), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_talk_lists_describes_answers_saves_and_survives_mistakes(published, tmp_path: Path, capsys):
    target = tmp_path / "结果.xlsx"
    lines = iter(
        [
            "表 在校生",
            "列 core.schools",
            "列 core.school",
            "存 什么.xlsx",
            "select code,",
            "  students from core.schools;",
            f"存 {target}",
            "selct;",
            "core.schools",
            "退出",
            "select 'never reached';",
        ]
    )
    prompts: list[str] = []

    def read(prompt: str) -> str:
        prompts.append(prompt)
        return next(lines)

    talk(published, read)
    said = capsys.readouterr()
    for expected in ("学校。一行一所", "在校生数（人）", "BIGINT", "1200", "2 行"):
        assert expected in said.out
    for expected in ("是不是“core.schools”", "先查询", "SQL 写得不对"):
        assert expected in said.err
    assert openpyxl.load_workbook(target)["结果"]["A2"].value == "甲"
    assert "never reached" not in said.out
    assert [position for position, prompt in enumerate(prompts) if prompt == GOING_ON] == [5], "only inside SQL"


def test_a_talk_ends_with_the_pipe(published, capsys):
    lines = iter(["core.schools", "select 1"])

    def read(_: str) -> str:
        try:
            return next(lines)
        except StopIteration:
            raise EOFError from None

    talk(published, read)
    assert "2 行" in capsys.readouterr().out


def test_what_is_wider_than_the_terminal_is_shown_row_by_row(capsys):
    names = tuple(f"a_long_name_{number}" for number in range(30))
    print_answer(SqlAnswer("", names, (tuple(range(30)), tuple(range(30, 60)))))
    lines = capsys.readouterr().out.splitlines()
    assert "第 2 行，共 2 行" in lines
    assert "  a_long_name_9   39" in lines
