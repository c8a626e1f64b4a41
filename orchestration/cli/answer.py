"""Commands that answer questions about numbers: trace."""

from typing import Annotated

import typer

from orchestration.cli.common import AsJson, Year, app, console, fail, installation, print_json, published


@app.command()
def trace(
    number: Annotated[str, typer.Argument(help="已发布报告的数字编号（F064），或指标代码")],
    year: Year,
    scope: Annotated[str | None, typer.Option(help="口径代码；不给时用教育局选定的口径")] = None,
    school: Annotated[str | None, typer.Option(help="学校标识码；不给时为全市")] = None,
    change: Annotated[bool, typer.Option("--change", help="比上年的变化")] = False,
    all_cells: Annotated[bool, typer.Option("--all", help="列出全部单元格")] = False,
    as_json: AsJson = False,
) -> None:
    """一个数字从哪里来：公式、分子分母、各校、工作簿、工作表、单元格和原文，以及有关的审核问题和说明。"""
    from warehouse.trace import Lineage, find_reference
    from warehouse.trace_text import as_dict, as_lines

    settings, _ = installation()
    with published(settings) as connection:
        try:
            reference = find_reference(connection, number, year, scope, school, "change" if change else "value")
            found = Lineage(connection).trace(reference)
        except LookupError as error:
            fail(str(error))
    if as_json:
        print_json(as_dict(found))
        return
    for line in as_lines(found, all_cells):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
