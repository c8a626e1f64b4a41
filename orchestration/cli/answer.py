"""Commands that answer questions about numbers: where from (trace), and whether a print is right (reconcile)."""

from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.console import (
    ACTION_NEEDED,
    AsJson,
    Panel,
    RegionCode,
    Year,
    app,
    console,
    fail,
    installation,
    notices,
    print_json,
    published,
)


@app.command(rich_help_panel=Panel.LOOK)
def trace(
    number: Annotated[str, typer.Argument(help="已发布报告的数字编号（F064），或指标代码")],
    year: Year,
    scope: Annotated[str | None, typer.Option(help="口径代码；不给时用教育局选定的口径")] = None,
    school: Annotated[str | None, typer.Option(help="学校标识码；不给时为整个地区")] = None,
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

    settings, _ = installation()
    catalogue = load_catalogue()
    with published(settings) as connection:
        try:
            kind: Kind = "change" if change else "value"
            reference = find_reference(connection, catalogue, number, year, scope, school, kind, region)
            found = Lineage(connection, catalogue).trace(reference)
        except LookupError as error:
            fail(str(error))
    if as_json:
        print_json(as_dict(found, catalogue))
        return
    for line in as_lines(found, catalogue, all_cells):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


@app.command(rich_help_panel=Panel.LOOK)
def reconcile(
    printed: Annotated[
        Path,
        typer.Option(
            "--published", help="印出的数字清单（.csv），或报告全文（.txt、.docx）", exists=True, dir_okay=False
        ),
    ],
    year: Year,
    as_json: AsJson = False,
) -> None:
    """核对一份已印出的报告：逐个数字重新计算、互相比较，解释每一处差异。有被指为错误的数字时返回码为 3。"""
    from warehouse.catalogue.catalogue import load_catalogue
    from warehouse.catalogue.reference import published_files
    from warehouse.reconcile.memo import page
    from warehouse.reconcile.reconcile import reconcile_file, save
    from warehouse.run.publish import publish
    from warehouse.store.connection import open_working

    settings, city = installation()
    with notices.status("核对……"), published(settings) as connection:
        try:
            result = reconcile_file(connection, city, load_catalogue(), printed, year, published_files(settings))
        except ValueError as error:
            fail(str(error))
    with notices.status("写入数据库……"):
        with open_working(settings) as connection:
            save(connection, result)
        publish(settings)
    folder = settings.home / "reconciliation" / str(year)
    folder.mkdir(parents=True, exist_ok=True)
    memo, shown = folder / f"{printed.stem}.md", folder / f"{printed.stem}.html"
    memo.write_text(result.memo, encoding="utf-8")
    shown.write_text(page(result, city), encoding="utf-8")
    if as_json:
        print_json(result.frame.to_dicts())
    else:
        console.print(result.memo, markup=False, highlight=False, soft_wrap=True)
        console.print(f"备忘录 {memo}\n网页   {shown}\n数据表 reconciliation.figure", soft_wrap=True, markup=False)
    if result.frame.get_column("is_suspected").any():
        raise typer.Exit(ACTION_NEEDED)
