"""findings → what goes back to each respondent: its own workbook, marked; and the same for the clerk to read here."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import dagster as dg
import duckdb

from orchestration.lib.addresses import marked_workbook
from orchestration.lib.asset_keys import FEEDBACK, FINDING_EFFECT, REGISTRY, YEAR_PAGE
from orchestration.lib.failures import tells_failures
from orchestration.lib.groups import INTAKE
from orchestration.lib.installation import Installation
from orchestration.lib.metadata import Link, findings_table, markdown_table
from orchestration.lib.one_by_one import all_made, all_made_spec
from orchestration.lib.partitions import by_report_year
from orchestration.lib.specs import about, spec
from orchestration.lib.year_page import StillOpen, year_page
from sources.audit.commented import COMMENTED
from sources.declarations.city import City
from sources.declarations.rule import Severity
from sources.system.settings import Settings
from warehouse.catalogue.labels import SUBMISSION
from warehouse.figures.bounds import bounded_figures, schools_to_call
from warehouse.figures.effects import with_effects
from warehouse.intake.feedback import Feedback, write_feedback
from warehouse.intake.register import published_register
from warehouse.intake.version import Version
from warehouse.store.connection import open_working

SHOWN_RESPONDENTS = 40
SHOWN_OF_FINDING = ("severity", "place", "value", "message", "effect", "suggestion", "fix")
"""Sheet and cell in one column: the table is narrow."""
SHOWN_OF_COMMENT = ("file_name", "place", "message")


FEEDBACK_SPEC = spec(
    FEEDBACK,
    INTAKE,
    {"excel"},
    "退回件：各单位自己的工作簿，问题标在单元格上，首页列出全部问题和说明栏。没有问题的单位没有退回件。",
)
YEAR_PAGE_SPEC = spec(
    YEAR_PAGE,
    INTAKE,
    {"table"},
    "报送情况：这一年度每个单位到了哪一步、从何时起、有多少问题、下一步做什么，点链接下载要发回学校的退回件。"
    "点上面的 Partitions，在左边选年度。",
)


def build_feedback_assets(city: City) -> list[dg.AssetsDefinition]:
    of_feedback = dg.multi_asset(
        name="feedback",
        # an output's name may not be Chinese, an asset's may
        outs={"feedback": dg.AssetOut.from_spec(FEEDBACK_SPEC), "year_page": dg.AssetOut.from_spec(YEAR_PAGE_SPEC)},
        deps=[REGISTRY, FINDING_EFFECT],
        check_specs=[all_made_spec(FEEDBACK)],
        pool="warehouse",
        **by_report_year(city),
    )
    return [of_feedback(feedback)]


@tells_failures
def feedback(context: dg.AssetExecutionContext, held: dg.ResourceParam[Installation]) -> Iterator[dg.MaterializeResult]:
    years = [int(key) for key in context.partition_keys]
    with open_working(held.settings) as connection:
        everybody = write_feedback(connection, held.settings, years, partial(with_effects, connection))
        entries = {year: published_register(connection, year) for year in years}
        still_open = {year: _still_open(connection, held.city.code, year) for year in years}
    written = [each for each in everybody if each.path]
    context.log.info(f"退回件 {len(written)} 份：{held.settings.feedback}")
    failed = [f"{_name(each.version)} 的退回件：{each.trouble}" for each in everybody if each.trouble]
    for line in failed:
        context.log.warning(f"没有做成：{line}")
    yield dg.MaterializeResult(
        FEEDBACK,
        metadata=_metadata(held.settings, everybody),
        check_results=[all_made(FEEDBACK, about(years), failed)],
    )
    links = _links(held.settings, written)
    for year in years:
        of_year = [each for each in everybody if each.version.report_year in (None, year)]
        page = year_page(entries[year], of_year, links, still_open[year])
        context.add_asset_metadata(page, asset_key=YEAR_PAGE, partition_key=str(year))
    yield dg.MaterializeResult(YEAR_PAGE)


def _still_open(connection: duckdb.DuckDBPyConnection, region: str, year: int) -> StillOpen:
    return StillOpen(bounded_figures(connection, region, year), schools_to_call(connection, region, year))


def _links(settings: Settings, written: Sequence[Feedback]) -> dict[str, Link]:
    """Submission → where its marked workbook is downloaded."""
    names = {each.version.submission_id: each.path.relative_to(settings.feedback) for each in written if each.path}
    return {each: Link(f"下载退回件 {name.name}", marked_workbook(name.as_posix())) for each, name in names.items()}


def _metadata(settings: Settings, everybody: Sequence[Feedback]) -> dict[str, Any]:
    """A list of who has to do what, and all open findings of each respondent that has any, errors first."""
    rows = [
        (
            each.version.report_year,
            _name(each.version),
            SUBMISSION[each.version.status],
            _count(each, "error"),
            _count(each, "warning"),
            each.path.relative_to(settings.feedback) if each.path else each.trouble or "",
        )
        for each in everybody
    ]
    metadata: dict[str, Any] = {
        "各单位": markdown_table(("年度", "单位", "状态", "错误", "待说明的警告", "退回件"), rows),
        "文件夹": dg.MetadataValue.path(settings.feedback),
    }
    if commented := [one for each in everybody for one in each.open_findings if one.rule_id == COMMENTED]:
        metadata["单元格旁的批注"] = findings_table(commented, SHOWN_OF_COMMENT)
    asked = [each for each in everybody if _count(each, "error") or _count(each, "warning")]
    for each in sorted(asked, key=lambda each: -_count(each, "error"))[:SHOWN_RESPONDENTS]:
        heading = f"{each.version.report_year or '未识别'} {_name(each.version)}"
        metadata[heading] = findings_table(each.open_findings, SHOWN_OF_FINDING)
    if len(asked) > SHOWN_RESPONDENTS:
        metadata["没有列出的单位"] = len(asked) - SHOWN_RESPONDENTS
    return metadata


def _name(version: Version) -> str:
    return version.respondent_name or version.file_name


def _count(feedback: Feedback, severity: Severity) -> int:
    return sum(finding.severity == severity for finding in feedback.open_findings)
