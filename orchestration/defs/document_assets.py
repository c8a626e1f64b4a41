"""published copy → documents and site → release: started by the clerk, not by the night."""

from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from orchestration.lib.asset_keys import (
    DOCUMENTS,
    DOCUMENTS_JOB,
    PUBLISHED,
    RELEASE_JOB,
    RELEASED,
    SCHOOL_REPORTS,
    SCHOOL_REPORTS_JOB,
)
from orchestration.lib.failures import StepFailedError, tells_failures
from orchestration.lib.groups import RELEASE
from orchestration.lib.installation import Installation
from orchestration.lib.metadata import markdown_table
from orchestration.lib.one_by_one import all_made, all_made_spec
from orchestration.lib.partitions import by_report_year, report_years
from orchestration.lib.specs import about, spec
from sources.declarations.city import City
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.store.connection import open_published

if TYPE_CHECKING:
    from warehouse.release.make_release import ReleaseBlockedError, Released


class TypedCode(dg.Config):
    """确认码每次都要填；要确认的事项先在终端逐项确认（nianbao confirm），确认码包括这些确认。"""

    code: str = Field(
        alias="确认码", description="在终端运行 nianbao release 2023 --dry-run 得到；几个年度的用空格隔开"
    )


DOCUMENTS_SPEC = spec(
    DOCUMENTS,
    RELEASE,
    {"excel", "word"},
    "年度报告的文档和网站草稿：汇总表、报告稿、PDF、网站；不检查，不编号。",
    [PUBLISHED],
)
SCHOOL_REPORTS_SPEC = spec(
    SCHOOL_REPORTS,
    RELEASE,
    {"word"},
    "每所学校自己的年报：Word、PDF 和撰写稿，数字与本地区年报同出一处；没有有效报送的学校没有年报。",
    [PUBLISHED],
)
RELEASED_SPEC = spec(
    RELEASED,
    RELEASE,
    {"zip"},
    "发布的版本：检查通过、事项逐项确认后编号，生成全部文件和清单，此后不再改动。",
    [PUBLISHED],
)
RELEASE_DESCRIPTION = (
    "发布一个年度：检查、编号、生成全部文件；启动时要填确认码；有事项没有逐项确认时不发布。"
    "启动：按钮旁的小箭头 → Open launchpad，选年度，在“确认码”后面的引号里填确认码。"
)
POOL = "documents"
"""Documents and releases are made one after the other, and beside a run that writes."""
JOBS = (
    (DOCUMENTS_JOB, DOCUMENTS, "生成一个或几个年度的文档和网站草稿。"),
    (SCHOOL_REPORTS_JOB, SCHOOL_REPORTS, "生成一个或几个年度每所学校自己的年报。"),
    (RELEASE_JOB, RELEASED, RELEASE_DESCRIPTION),
)
FORMS = {RELEASE_JOB: {"ops": {"released": {"config": {"确认码": ""}}}}}
"""What the launch form holds when it opens."""
CHECKLIST_HEADINGS = ("项目", "", "说明")
ITEM_HEADINGS = ("编号", "事项", "所见", "说明", "怎样解决")
SETTLED_HEADINGS = ("编号", "事项", "所见", "确认人", "理由")


def build_document_assets(city: City) -> dg.Definitions:
    """The assets `documents`, `school_reports` and `released`, with a job for each."""
    years = by_report_year(city)
    return dg.Definitions(
        assets=[
            dg.multi_asset(
                name="documents", specs=[DOCUMENTS_SPEC], check_specs=[all_made_spec(DOCUMENTS)], pool=POOL, **years
            )(documents),
            dg.multi_asset(
                name="school_reports",
                specs=[SCHOOL_REPORTS_SPEC],
                check_specs=[all_made_spec(SCHOOL_REPORTS)],
                pool=POOL,
                **years,
            )(school_reports),
            dg.multi_asset(name="released", specs=[RELEASED_SPEC], pool=POOL, **years)(released),
        ],
        jobs=[
            dg.define_asset_job(
                name,
                selection=dg.AssetSelection.assets(key),
                partitions_def=report_years(city),
                executor_def=dg.in_process_executor,
                description=description,
                config=FORMS.get(name),
            )
            for name, key, description in JOBS
        ],
    )


@tells_failures
def documents(context: dg.AssetExecutionContext, reading: dg.ResourceParam[Installation]) -> dg.MaterializeResult:
    from warehouse.release.draft import write_draft

    metadata: dict[str, dg.MetadataValue] = {}
    with open_published(reading.settings) as connection:
        failed = list[str]()
        for year in context.partition_keys:
            draft = write_draft(
                connection, reading.settings, reading.city, load_catalogue(reading.city.pack), int(year)
            )
            for path in draft.paths:
                metadata[f"{year} {path.name}"] = dg.MetadataValue.path(path)
            failed += [f"{year} {line}" for line in draft.failed]
            rows = [(part, f"{seconds:.1f}") for part, seconds in draft.seconds.items()]
            metadata[f"{year} 用时"] = markdown_table(("部分", "秒"), rows)
    for line in failed:
        context.log.warning(f"没有做成：{line}")
    return dg.MaterializeResult(
        metadata=metadata,
        check_results=[all_made(DOCUMENTS, about([int(key) for key in context.partition_keys]), failed)],
    )


@tells_failures
def school_reports(context: dg.AssetExecutionContext, reading: dg.ResourceParam[Installation]) -> dg.MaterializeResult:
    from warehouse.release.school_reports import write_school_reports

    metadata: dict[str, dg.MetadataValue] = {}
    failed = list[str]()
    with open_published(reading.settings) as connection:
        for year in context.partition_keys:
            catalogue = load_catalogue(reading.city.pack)
            done = write_school_reports(
                connection, reading.settings, reading.city, catalogue, int(year), progress=context.log.info
            )
            failed += [f"{year} {line}" for line in done.failed]
            metadata[f"{year} 文件夹"] = dg.MetadataValue.path(done.folder)
            metadata[f"{year} 学校年报"] = dg.MetadataValue.text(f"{len(done.reports)} 份，{done.seconds:.1f} 秒")
            if done.to_mend:
                metadata[f"{year} 学校的文字要改"] = dg.MetadataValue.text("\n".join(done.to_mend))
            if done.lacking:
                metadata[f"{year} 没有年报"] = dg.MetadataValue.text("\n".join(done.lacking))
    for line in failed:
        context.log.warning(f"没有做成：{line}")
    return dg.MaterializeResult(
        metadata=metadata,
        check_results=[all_made(SCHOOL_REPORTS, about([int(key) for key in context.partition_keys]), failed)],
    )


@tells_failures
def released(
    context: dg.AssetExecutionContext, config: TypedCode, reading: dg.ResourceParam[Installation]
) -> dg.MaterializeResult:
    from warehouse.release.confirmation import NotConfirmedError
    from warehouse.release.make_release import ReleaseBlockedError, processes_for, release

    metadata: dict[str, dg.MetadataValue] = {}
    for year in context.partition_keys:
        try:
            catalogue = load_catalogue(reading.city.pack)
            done = release(
                reading.settings,
                reading.city,
                catalogue,
                int(year),
                context.log.info,
                typed=config.code,
                processes=processes_for(reading.city, int(year)),
            )
        except ReleaseBlockedError as error:
            raise _blocked(error, int(year)) from None
        except NotConfirmedError as error:
            raise StepFailedError(str(error)) from None
        metadata |= {f"{year} {name}": value for name, value in _of_release(done).items()}
    return dg.MaterializeResult(metadata=metadata)


def _blocked(error: "ReleaseBlockedError", year: int) -> StepFailedError:
    """The failure of a release with open items, each with what settles it."""
    from warehouse.release.gate import open_items, what_to_do

    still = open_items(error.foreseen.listed)
    points = [(point.title, "✓" if point.passed else "✗", point.detail) for point in error.foreseen.points]
    items = [(each.item.id, each.item.title, each.item.seen, each.item.note, what_to_do(each, year)) for each in still]
    return StepFailedError(
        f"{year}年度还有 {len(still)} 项没有解决，没有发布（nianbao release {year} --dry-run）：{error}",
        {
            "没有解决的事项": markdown_table(ITEM_HEADINGS, items),
            "检查": markdown_table(CHECKLIST_HEADINGS, points),
        },
    )


def _of_release(done: "Released") -> dict[str, dg.MetadataValue]:
    """What the page shows of a finished release."""
    points = [(p["title"], "✓" if p["passed"] else "✗", p["detail"]) for p in done.manifest.checklist]
    settled = [
        (each.item.id, each.item.title, each.item.seen, each.settled.by, each.settled.reason)
        for each in done.manifest.listed
        if each.settled
    ]
    return {
        "版本": dg.MetadataValue.text(done.manifest.version),
        "文件夹": dg.MetadataValue.path(done.folder),
        "检查": markdown_table(CHECKLIST_HEADINGS, points),
        "逐项确认": markdown_table(SETTLED_HEADINGS, settled),
    }
