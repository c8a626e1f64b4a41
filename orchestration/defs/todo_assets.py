"""What waits for the clerk today, as a page: one click, and as of now. The same list as `nianbao todo`."""

import dagster as dg

from orchestration.lib.addresses import asset_page
from orchestration.lib.asset_keys import PUBLISHED, TODO, TODO_JOB, YEAR_PAGE
from orchestration.lib.failures import tells_failures
from orchestration.lib.groups import RELEASE
from orchestration.lib.installation import Installation
from orchestration.lib.metadata import Link, markdown_lines
from orchestration.lib.specs import spec
from sources.system.plain_text import cut_short
from warehouse.alerts.todo import Todo, todo

SHOWN_DETAILS, DETAIL_LETTERS, TITLE_LETTERS = 6, 80, 60
"""So that all of an entry is shown at once."""
TODO_SPEC = spec(
    TODO, RELEASE, {"table"}, "今天要办：等着教育局办的事，最急的在前，每件写明怎样办。点 Materialize 重新列出。"
)
DESCRIPTION = "今天要办：列出等着教育局办的事。点 Materialize，做完后打开资产“今天要办”。"


def build_todo_assets() -> dg.Definitions:
    """The asset and its job; of no year, so that there is nothing to choose."""
    of_today = dg.multi_asset(name="todo", outs={"todo": dg.AssetOut.from_spec(TODO_SPEC)}, deps=[PUBLISHED])
    job = dg.define_asset_job(
        TODO_JOB,
        selection=dg.AssetSelection.assets(TODO),
        executor_def=dg.in_process_executor,
        description=DESCRIPTION,
    )
    return dg.Definitions(assets=[of_today(list_todo)], jobs=[job])


@tells_failures
def list_todo(context: dg.AssetExecutionContext, installation: dg.ResourceParam[Installation]) -> dg.MaterializeResult:
    from orchestration.lib.what_waits import read_waiting  # a run of a year needs none of it

    found = todo(read_waiting(installation.settings, installation.city))
    context.log.info(f"今天要办的事 {len(found)} 件")
    return dg.MaterializeResult(TODO, metadata=todo_page(found))


def todo_page(found: tuple[Todo, ...]) -> dict[str, dg.MetadataValue]:
    """An entry for each thing to do, in its order."""
    told = f"共 {len(found)} 件，最急的在前。" if found else "今天没有等着办的事。"
    page: dict[str, dg.MetadataValue] = {"概况": dg.MetadataValue.text(told)}
    for number, each in enumerate(found, 1):
        page[f"{number}. {cut_short(each.title, TITLE_LETTERS)}"] = markdown_lines(_lines(each))
    return page


def _lines(each: Todo) -> list[object]:
    shown = [cut_short(detail, DETAIL_LETTERS) for detail in each.details[:SHOWN_DETAILS]]
    more = [f"……共 {len(each.details)} 项"] if len(each.details) > SHOWN_DETAILS else []
    lines: list[object] = [*shown, *more]
    lines += [f"怎样办：{each.command}"] if each.command else []
    lines += [f"文件：{each.link}"] if each.link else []
    if each.report_year and each.kind in ("marked", "notice", "reminder"):
        lines.append(Link("看报送情况", asset_page(YEAR_PAGE, view="partitions", partition=str(each.report_year))))
    return lines
