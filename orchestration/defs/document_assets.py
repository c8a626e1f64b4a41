"""published copy → documents and site → release: started by the clerk, not by the night."""

import dagster as dg

from orchestration.lib.asset_keys import DOCUMENTS, DOCUMENTS_JOB, PUBLISHED, RELEASE_JOB, RELEASED
from orchestration.lib.groups import RELEASE
from orchestration.lib.installation import Installation
from orchestration.lib.metadata import markdown_table
from orchestration.lib.partitions import by_report_year, report_years
from orchestration.lib.specs import spec
from sources.declarations.city import City
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.store.connection import open_published


class Signature(dg.Config):
    """检查没有通过时仍然放行：理由和签字人要一起填写。"""

    override: str = ""
    by: str = ""


DOCUMENTS_SPEC = spec(
    DOCUMENTS,
    RELEASE,
    {"excel", "word"},
    "年度报告的文档和网站草稿：汇总表、报告稿、PDF、网站；不检查，不编号。",
    [PUBLISHED],
)
RELEASED_SPEC = spec(
    RELEASED,
    RELEASE,
    {"zip"},
    "发布的版本：检查通过（或有人签字放行）后编号，生成全部文件和清单，此后不再改动。",
    [PUBLISHED],
)
JOBS = (
    (DOCUMENTS_JOB, DOCUMENTS, "生成一个或几个年度的文档和网站草稿。"),
    (RELEASE_JOB, RELEASED, "发布一个年度：检查、编号、生成全部文件；检查不通过时要在配置中签字放行。"),
)
CHECKLIST_HEADINGS = ("项目", "", "说明")


def build_document_assets(city: City) -> dg.Definitions:
    """The assets `documents` and `released`, with a job for each."""
    years = by_report_year(city)
    return dg.Definitions(
        assets=[
            dg.multi_asset(name="documents", specs=[DOCUMENTS_SPEC], **years)(documents),
            dg.multi_asset(name="released", specs=[RELEASED_SPEC], **years)(released),
        ],
        jobs=[
            dg.define_asset_job(
                name,
                selection=dg.AssetSelection.assets(key),
                partitions_def=report_years(city),
                executor_def=dg.in_process_executor,
                description=description,
            )
            for name, key, description in JOBS
        ],
    )


def documents(context: dg.AssetExecutionContext, held: dg.ResourceParam[Installation]) -> dg.MaterializeResult:
    from warehouse.release.draft import write_draft

    metadata: dict[str, dg.MetadataValue] = {}
    with open_published(held.settings) as connection:
        for year in context.partition_keys:
            draft = write_draft(connection, held.settings, held.city, load_catalogue(), int(year))
            for path in draft.paths:
                metadata[f"{year} {path.name}"] = dg.MetadataValue.path(path)
            rows = [(part, f"{seconds:.1f}") for part, seconds in draft.seconds.items()]
            metadata[f"{year} 用时"] = markdown_table(("部分", "秒"), rows)
    return dg.MaterializeResult(metadata=metadata)


def released(
    context: dg.AssetExecutionContext, config: Signature, held: dg.ResourceParam[Installation]
) -> dg.MaterializeResult:
    from warehouse.release.make_release import ReleaseBlockedError, release
    from warehouse.release.manifest import Override

    signed = Override(config.by, config.override, ()) if config.by and config.override else None
    metadata: dict[str, dg.MetadataValue] = {}
    for year in context.partition_keys:
        try:
            done = release(held.settings, held.city, load_catalogue(), int(year), signed, context.log.info)
        except ReleaseBlockedError as error:
            points = [(point.title, "✓" if point.passed else "✗", point.detail) for point in error.points]
            raise dg.Failure(
                description=f"{year}年度检查没有通过，没有发布：{error}",
                metadata={"检查": markdown_table(CHECKLIST_HEADINGS, points)},
                allow_retries=False,
            ) from None
        checked = [(p["title"], "✓" if p["passed"] else "✗", p["detail"]) for p in done.manifest.checklist]
        metadata[f"{year} 版本"] = dg.MetadataValue.text(done.manifest.version)
        metadata[f"{year} 文件夹"] = dg.MetadataValue.path(done.folder)
        metadata[f"{year} 检查"] = markdown_table(CHECKLIST_HEADINGS, checked)
    return dg.MaterializeResult(metadata=metadata)
