"""Commands that answer questions about numbers: where from (trace), and whether a print is right (reconcile)."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.console import (
    ACTION_NEEDED,
    AnyYear,
    AsJson,
    Panel,
    RegionCode,
    Year,
    app,
    console,
    fail,
    installation,
    latest_year,
    notices,
    print_json,
    published,
)
from sources.system.plain_text import of_markdown

if TYPE_CHECKING:
    from sources.declarations.city import City
    from sources.system.settings import Settings
    from warehouse.reconcile.verdicts import Reconciliation

SHOWN_OF_A_MEMO = 500
"""Lines."""


@app.command(rich_help_panel=Panel.LOOK)
def trace(
    number: Annotated[str, typer.Argument(help="指标的名称或代码（毕业去向落实率），或已发布报告的数字编号（F064）")],
    year: AnyYear = None,
    scope: Annotated[str | None, typer.Option(help="口径的代码或名称；不给时用教育局选定的口径")] = None,
    school: Annotated[str | None, typer.Option(help="学校的标识码或名称，可以简写；不给时为整个地区")] = None,
    region: RegionCode = None,
    change: Annotated[bool, typer.Option("--change", help="比上年的变化")] = False,
    all_cells: Annotated[bool, typer.Option("--all", help="列出全部单元格")] = False,
    as_json: AsJson = False,
) -> None:
    """一个数字从哪里来：公式、分子分母、各校、工作簿、工作表、单元格和原文，以及有关的审核问题和说明。"""
    from warehouse.catalogue.catalogue import load_catalogue
    from warehouse.figures.fact import Kind
    from warehouse.figures.find_figure import find_reference
    from warehouse.figures.lineage import Lineage
    from warehouse.figures.trace_text import as_dict, as_lines

    settings, city = installation()
    catalogue = load_catalogue(city.pack)
    with published(settings) as connection:
        try:
            kind: Kind = "change" if change else "value"
            year = year or latest_year(connection)
            reference = find_reference(connection, catalogue, number, year, scope, school, kind, region)
            found = Lineage(connection, catalogue).trace(reference)
        except LookupError as error:
            fail(str(error))
    if as_json:
        print_json(as_dict(found, catalogue))
        return
    for line in as_lines(found, catalogue, all_cells):
        console.print(line, highlight=False, soft_wrap=True)


Printed = Annotated[
    Path,
    typer.Option(
        "--published",
        help="数字清单（.csv），或报告全文（.docx、.pdf、.txt、.html、.md）",
        exists=True,
        dir_okay=False,
    ),
]


Earlier = Annotated[
    Path | None,
    typer.Option(
        "--earlier", help="同一份报告的上一版：另写一份对照，列出两版之间变了的数字", exists=True, dir_okay=False
    ),
]


@app.command(rich_help_panel=Panel.LOOK)
def reconcile(
    printed: Printed,
    year: Year,
    earlier: Earlier = None,
    school: Annotated[
        str | None, typer.Option("--school", help="这是一所学校自己的报告：学校的标识码或名称，可以简写")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """核对一份已印出的报告：逐个数字重新计算、互相比较，解释每一处差异。有被指为错误的数字时返回码为 3。"""
    from warehouse.reconcile.reconcile import save
    from warehouse.run.publish import publish
    from warehouse.store.connection import open_working

    settings, city = installation()
    results = _reconciled(settings, city, [printed, *([earlier] if earlier else [])], year, school)
    result = results[0]
    with notices.status("写入数据库……"):
        with open_working(settings) as working:
            save(working, result)
        publish(settings)
    folder = settings.home / "reconciliation" / str(year)
    made = _write(folder, printed, result)
    for before in results[1:]:
        made = f"{made}\n对照   {_write_comparison(folder, printed, before, result)}（两版之间变了的数字）"
    if as_json:
        print_json(result.frame.to_dicts())
    else:
        _print_memo(result.memo)
        console.print(f"{made}\n数据表 reconciliation.figure", soft_wrap=True)
    if result.frame.get_column("is_suspected").any():
        raise typer.Exit(ACTION_NEEDED)


def _reconciled(
    settings: "Settings", city: "City", files: Sequence[Path], year: int, school: str | None
) -> list["Reconciliation"]:
    """Reconciles each file as a report of the year; ends the command where one cannot be read."""
    from warehouse.catalogue.catalogue import load_catalogue
    from warehouse.catalogue.reference import published_files
    from warehouse.figures.find_figure import find_school
    from warehouse.reconcile.reconcile import reconcile_file

    with notices.status("核对……"), published(settings) as connection:
        try:
            catalogue, lists = load_catalogue(city.pack), published_files(settings)
            code = find_school(connection, school) if school else ""
            return [reconcile_file(connection, city, catalogue, each, year, lists, code) for each in files]
        except (LookupError, ValueError) as error:
            fail(str(error))


def _write(folder: Path, printed: Path, result: "Reconciliation") -> str:
    """Writes memo, page, summary, SARIF and, of a Word file, the file with comments; a line for each."""
    from warehouse.reconcile.commented_word import commented_word
    from warehouse.reconcile.machine_list import machine_list
    from warehouse.reconcile.memo import page
    from warehouse.reconcile.summary import summary_page

    folder.mkdir(parents=True, exist_ok=True)
    memo, shown = folder / f"{printed.stem}.md", folder / f"{printed.stem}.html"
    brief, listed = folder / f"{printed.stem}_摘要.html", folder / f"{printed.stem}.sarif"
    memo.write_text(result.memo, encoding="utf-8")
    shown.write_text(page(result), encoding="utf-8")
    brief.write_text(summary_page(result), encoding="utf-8")
    listed.write_text(json.dumps(machine_list(printed, result), ensure_ascii=False, indent=1), encoding="utf-8")
    made = (
        f"备忘录 {memo}\n网页   {shown}（全文，数字按结论着色）\n"
        f"摘要   {brief}（一页，可以打印）\n清单   {listed}（SARIF，供程序读取）"
    )
    if printed.suffix.lower() != ".docx":
        return made
    commented = folder / f"{printed.stem}_批注.docx"
    try:
        commented.write_bytes(commented_word(printed, result))
    except ValueError as error:  # the memo says the same
        return f"{made}\n批注稿没有写成：{error}。请按备忘录改，或用 Word、WPS 另存一份再核对"
    return f"{made}\n批注稿 {commented}（原稿，问题写在各数字旁的批注里，可以发回改）"


def _write_comparison(folder: Path, printed: Path, before: "Reconciliation", result: "Reconciliation") -> Path:
    """Writes what changed between two editions into the folder, and says where."""
    from warehouse.reconcile.editions import compare_editions, editions_memo

    target = folder / f"{printed.stem}_两版对照.md"
    target.write_text(editions_memo(compare_editions(before, result), before.source, result), encoding="utf-8")
    return target


def _print_memo(memo: str) -> None:
    lines = of_markdown(memo).splitlines()
    console.print("\n".join(lines[:SHOWN_OF_A_MEMO]), highlight=False, soft_wrap=True)
    if len(lines) > SHOWN_OF_A_MEMO:
        console.print(f"……另有 {len(lines) - SHOWN_OF_A_MEMO} 行没有列出；备忘录有全部")
