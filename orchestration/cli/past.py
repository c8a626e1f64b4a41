"""The command that asks what was known at a moment."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.console import (
    ACTION_NEEDED,
    AnyYear,
    AsJson,
    Panel,
    app,
    console,
    fail,
    installation,
    print_json,
    print_lines,
    print_records,
)
from sources.declarations.year_states import STATE_LABELS
from sources.system.faults import ToldError

if TYPE_CHECKING:
    import polars as pl

REGISTER, YEAR = "quality.register", "report_year"
WHO_HAS_SENT = {
    "report_year": "年度",
    "respondent_code": "标识码",
    "respondent_name": "单位",
    "state": "状态",
    "current_file_name": "有效版本",
    "state_reason": "说明",
}
"""What is shown where no table is asked for; `--to` and `--json` have every column."""


@app.command("as-of", rich_help_panel=Panel.LOOK)
def as_of(
    moment: Annotated[str, typer.Argument(help="哪一天（到那天结束）或哪个时刻，例如 2024-03-15、“2024-03-15 10:00”")],
    table: Annotated[str, typer.Argument(help="哪张公开的表，例如 core.fct_measure；不给时说那时谁报了")] = REGISTER,
    year: AnyYear = None,
    to: Annotated[Path | None, typer.Option(help="写成 CSV 文件，不在屏幕上打印")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="再把存档截到那一刻重建一份，逐表逐行比对（几分钟）；不同时返回码为 3")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """那一天我们知道什么：任何一张公开的表在那时的样子，以那时最近一次发布为准，不用恢复备份。"""
    from warehouse.history.as_of import open_history, publication_at, rows_as_of

    settings, city = installation()
    try:
        with open_history(settings, city.calendar.timezone) as connection:
            then = publication_at(connection, moment)
            rows = rows_as_of(connection, moment, table)
    except (FileNotFoundError, ToldError) as error:
        fail(str(error))
    rows = _of_year(rows, year)
    if to:
        _write(rows, to)
    elif as_json:
        print_json({"publication": asdict(then), "rows": rows.to_dicts()})
    else:
        _print(table, moment, rows)
    if not as_json:
        console.print(
            f"以 {then.known_from:%Y-%m-%d %H:%M} 的发布为准：那时收到 {then.receipts} 份，决定 {then.decisions} 条。",
            highlight=False,
        )
    if check:
        from warehouse.keep.check_history import differing_from_archive

        differing = differing_from_archive(settings, city, moment)
        print_lines("与从存档重建的不同", [f"{name}，{count} 行" for name, count in differing.items()])
        if differing:
            raise typer.Exit(ACTION_NEEDED)
        console.print("与截到那一刻的存档重建的逐行相同。")


def _print(table: str, moment: str, rows: "pl.DataFrame") -> None:
    headings, title, shown = {name: name for name in rows.columns}, table, rows.to_dicts()
    if table == REGISTER:
        labels = {str(state): label for state, label in STATE_LABELS.items()}
        headings, title = WHO_HAS_SENT, "报送登记簿"
        shown = [{**each, "state": labels.get(each["state"], each["state"])} for each in shown]
    print_records(f"{title}，{moment} 时所知", headings, shown)


def _of_year(rows: "pl.DataFrame", year: int | None) -> "pl.DataFrame":
    """The rows about a report year; all, where none is asked for or the table has none."""
    if year is None or YEAR not in rows.columns:
        return rows
    return rows.filter(rows[YEAR] == year)


def _write(rows: "pl.DataFrame", path: Path) -> None:
    from sources.system.csv_file import write_csv

    write_csv([rows.columns, *rows.iter_rows()], path)
    console.print(f"已写到 {path}：{rows.height} 行。", soft_wrap=True)
