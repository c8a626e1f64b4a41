"""findings → what goes back to each respondent: its own workbook, marked; and the same for the clerk to read here."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from orchestration.lib.asset_keys import FEEDBACK, REGISTRY
from orchestration.lib.groups import INTAKE
from orchestration.lib.installation import Installation
from orchestration.lib.metadata import findings_table, markdown_table
from orchestration.lib.partitions import by_report_year
from orchestration.lib.specs import spec
from sources.declarations.city import City
from sources.declarations.rule import Severity
from sources.system.settings import Settings
from warehouse.catalogue.labels import SUBMISSION
from warehouse.intake.feedback import Feedback, write_feedback
from warehouse.intake.version import Version
from warehouse.store.connection import open_working

SHOWN_RESPONDENTS = 40
SHOWN_OF_FINDING = ("severity", "place", "value", "message", "suggestion", "fix")
"""Sheet and cell in one column: the table is narrow."""


FEEDBACK_SPEC = spec(
    FEEDBACK,
    INTAKE,
    {"excel"},
    "退回件：各单位自己的工作簿，问题标在单元格上，首页列出全部问题和说明栏。没有问题的单位没有退回件。",
    [REGISTRY],
)


def build_feedback_assets(city: City) -> list[dg.AssetsDefinition]:
    of_feedback = dg.multi_asset(name="feedback", specs=[FEEDBACK_SPEC], pool="warehouse", **by_report_year(city))
    return [of_feedback(feedback)]


def feedback(context: dg.AssetExecutionContext, held: dg.ResourceParam[Installation]) -> dg.MaterializeResult:
    with open_working(held.settings) as connection:
        everybody = write_feedback(connection, held.settings, [int(key) for key in context.partition_keys])
    written = [each for each in everybody if each.path]
    context.log.info(f"退回件 {len(written)} 份：{held.settings.feedback}")
    return dg.MaterializeResult(metadata=_metadata(held.settings, everybody))


def _metadata(settings: Settings, everybody: Sequence[Feedback]) -> dict[str, Any]:
    """A list of who has to do what, and all open findings of each respondent that has any, errors first."""
    rows = [
        (
            each.version.report_year,
            _name(each.version),
            SUBMISSION[each.version.status],
            _count(each, "error"),
            _count(each, "warning"),
            each.path.relative_to(settings.feedback) if each.path else "",
        )
        for each in everybody
    ]
    metadata: dict[str, Any] = {
        "各单位": markdown_table(("年度", "单位", "状态", "错误", "待说明的警告", "退回件"), rows),
        "文件夹": dg.MetadataValue.path(settings.feedback),
    }
    asked = [each for each in everybody if _count(each, "error") or _count(each, "warning")]
    for each in sorted(asked, key=lambda each: -_count(each, "error"))[:SHOWN_RESPONDENTS]:
        heading = f"{each.version.report_year or '未识别'} {_name(each.version)}"
        metadata[heading] = findings_table(each.open_findings, SHOWN_OF_FINDING)
    return metadata


def _name(version: Version) -> str:
    return version.respondent_name or version.file_name


def _count(feedback: Feedback, severity: Severity) -> int:
    return sum(finding.severity == severity for finding in feedback.open_findings)
