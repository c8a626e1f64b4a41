"""Inbox → archive → cells → audit → raw tables, as one step with many assets.

One step, because a step costs more than the data of a whole city; many assets, because the clerk wants to see
what came in, what it says, what is wrong with it and what was loaded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import dagster as dg

from orchestration.lib.asset_keys import AUDITED, PARSED, RECEIVED, REFERENCE, REGISTRY, SUBMISSIONS_TAG, raw_key
from orchestration.lib.failures import tells_failures
from orchestration.lib.groups import INTAKE, RAW
from orchestration.lib.installation import Installation
from orchestration.lib.metadata import column_schema, findings_table, markdown_table, records_table, row_counts
from orchestration.lib.partitions import by_report_year
from orchestration.lib.specs import about, spec
from sources.declarations.city import City
from sources.declarations.contract import Contract, load_contracts
from sources.submission.file_names import unidentified_name
from sources.submission.finding import Finding
from warehouse.catalogue.reference import load_reference
from warehouse.intake.register import Overview, latest_findings, submission_overview
from warehouse.intake.stage_times import Intake
from warehouse.intake.take_in import take_in
from warehouse.intake.unread import unread_files
from warehouse.intake.waiting import Unread
from warehouse.run.build import FAILING_ROWS
from warehouse.store.connection import open_working
from warehouse.store.ddl import all_tables, create_tables, raw_table

ACCEPTANCE_CHECK = "every_workbook_accepted"
READ_CHECK = "every_file_read"
CONTRACT_CHECK = "contract"
SHOWN_UNREAD = 20
REFERENCE_SPEC = spec(
    REFERENCE,
    INTAKE,
    {"yaml", "duckdb"},
    "参照数据：城市、填报单位、口径、日历、代码表和指标目录，来自声明文件；声明没有变化时不重写。",
)
FLOW_SPECS = (
    spec(RECEIVED, INTAKE, {"excel"}, "收到的工作簿：收件夹中的文件按内容存档，相同内容只存一次。"),
    spec(PARSED, INTAKE, {"python"}, "按表头和填报表定义读出的单元格，保留每个值的地址。", [RECEIVED]),
    spec(
        AUDITED,
        INTAKE,
        {"pandera"},
        "审核结论：没有错误的报送予以接收，有错误的退回，问题逐条列明单元格。",
        [PARSED, REFERENCE],
    ),
    spec(REGISTRY, INTAKE, {"duckdb"}, "报送登记：每个版本的状态、问题和现行有效的版本。", [AUDITED]),
)


def build_intake_assets(city: City) -> list[dg.AssetsDefinition]:
    contracts, years = load_contracts(city.pack), by_report_year(city)
    return [
        dg.multi_asset(name="reference", specs=[REFERENCE_SPEC], pool="warehouse", **years)(reference),
        dg.multi_asset(
            name="intake",
            specs=[*FLOW_SPECS, *map(_raw_spec, contracts)],
            check_specs=[
                dg.AssetCheckSpec(ACCEPTANCE_CHECK, asset=AUDITED, description="每个单位最近一次报送都已接收。"),
                dg.AssetCheckSpec(READ_CHECK, asset=PARSED, description="收件夹中的每个文件都已读入，没有隔离的。"),
                *map(_contract_check, contracts),
            ],
            pool="warehouse",
            **years,
        )(intake),
    ]


def _raw_spec(contract: Contract) -> dg.AssetSpec:
    table = raw_table(contract)
    columns = column_schema((column.name, column.type, column.description) for column in table.columns)
    return spec(raw_key(contract), RAW, {"duckdb"}, table.description, [AUDITED], columns)


def _contract_check(contract: Contract) -> dg.AssetCheckSpec:
    description = f"“{contract.title}”表符合填报表定义和审核规则。"
    return dg.AssetCheckSpec(CONTRACT_CHECK, asset=raw_key(contract), description=description)


@tells_failures
def reference(context: dg.AssetExecutionContext, held: dg.ResourceParam[Installation]) -> dg.MaterializeResult:
    with open_working(held.settings) as connection:
        create_tables(connection, all_tables(held.city.pack))
        changed = load_reference(connection, held.settings, held.city)
    context.log.info("参照数据：" + ("已更新" if changed else "没有变化"))
    return dg.MaterializeResult(metadata={"已更新": changed})


@tells_failures
def intake(
    context: dg.AssetExecutionContext, held: dg.ResourceParam[Installation]
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    contracts = load_contracts(held.city.pack)
    years = [int(key) for key in context.partition_keys]
    with open_working(held.settings) as connection:
        create_tables(connection, all_tables(held.city.pack))
        result = take_in(connection, held.settings, held.city, years, each_apart=held.each_apart)
        overview = submission_overview(connection, years)
        findings = latest_findings(connection, years)
        counts = row_counts(connection, [("raw", contract.name) for contract in contracts])
        unread = unread_files(connection, held.settings)
    # Dagster's books keep what they are told: not how a sender named a file
    unread = [replace(each, file_name=unidentified_name(each.submission_id)) for each in unread]
    context.log.info(f"收件夹 {result.files} 个文件，新内容 {result.new} 个")
    if result.settling:
        context.log.info(f"还在写入的文件 {result.settling} 个，写完后再收")
    context.log.info(f"审核 {result.accepted + result.rejected} 份：接收 {result.accepted}，退回 {result.rejected}")
    if result.held:
        context.log.warning(
            f"待确认 {result.held} 份：没有采用，等教育局决定（nianbao status，nianbao decide --version）"
        )
    context.instance.add_run_tags(context.run_id, {SUBMISSIONS_TAG: outcome_of(result)})
    for each in unread[:SHOWN_UNREAD]:
        context.log.warning(f"没有读入：{each.file_name}。{each.message}")
    if len(unread) > SHOWN_UNREAD:
        context.log.warning(f"没有读入的文件另有 {len(unread) - SHOWN_UNREAD} 个")
    yield from _flow_results(result, overview, findings, unread, years)
    for contract in contracts:
        yield dg.MaterializeResult(
            raw_key(contract),
            metadata={
                "本次装入行数": result.rows.get(contract.name, 0),
                "dagster/row_count": counts[f"raw.{contract.name}"],
            },
            check_results=[_contract_result(contract, findings, years)],
        )


def outcome_of(result: Intake) -> str:
    """The outcome of a run's submissions, for the list of runs; rejected ones come first."""
    counts = (("退回", result.rejected), ("待确认", result.held), ("接收", result.accepted))
    return "，".join(f"{what} {count} 份" for what, count in counts if count) or "没有新报送"


def _flow_results(
    result: Intake,
    overview: Sequence[Overview],
    findings: Sequence[Finding],
    unread: Sequence[Unread],
    years: Sequence[int],
) -> Iterator[dg.MaterializeResult]:
    seconds = {stage: round(value, 3) for stage, value in result.seconds.items()}
    yield dg.MaterializeResult(
        RECEIVED, metadata={"文件数": result.files, "新内容": result.new, "秒": seconds["received"]}
    )
    yield dg.MaterializeResult(
        PARSED,
        metadata={"单元格数": result.cells, "秒": seconds["parsed"]},
        check_results=[_read_result(unread, years)],
    )
    errors = [finding for finding in findings if finding.is_error]
    yield dg.MaterializeResult(
        AUDITED,
        metadata={
            "接收": result.accepted,
            "退回": result.rejected,
            "错误": len(errors),
            "警告": sum(finding.severity == "warning" for finding in findings),
            "其中待说明": sum(finding.is_unexplained for finding in findings),
            "秒": seconds["audited"],
        },
        check_results=[_acceptance_result(errors, years)],
    )
    yield dg.MaterializeResult(
        REGISTRY,
        metadata={"报送情况": records_table(Overview, overview), "秒": seconds["loaded"]},
    )


def _acceptance_result(errors: Sequence[Finding], years: Sequence[int]) -> dg.AssetCheckResult:
    rejected = len({finding.address.submission_id for finding in errors})
    return dg.AssetCheckResult(
        asset_key=AUDITED,
        check_name=ACCEPTANCE_CHECK,
        passed=rejected == 0,
        severity=dg.AssetCheckSeverity.ERROR,
        description=f"{about(years)}：" + (f"{rejected} 份报送被退回。" if rejected else "没有被退回的报送。"),
        metadata={"年度": about(years), "退回的报送": rejected, "问题": findings_table(errors)},
    )


def _read_result(unread: Sequence[Unread], years: Sequence[int]) -> dg.AssetCheckResult:
    """A warning: the other files are read, judged and published."""
    rows = [(each.file_name, each.message, each.submission_id[:8]) for each in unread]
    return dg.AssetCheckResult(
        asset_key=PARSED,
        check_name=READ_CHECK,
        passed=not unread,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{about(years)}："
        + (f"{len(unread)} 个文件没有读入，其余照常处理。" if unread else "每个文件都已读入。"),
        metadata={
            "年度": about(years),
            "没有读入": len(unread),
            "文件": markdown_table(("文件", "原因", "报送编号"), rows[:FAILING_ROWS]),
        },
    )


def _contract_result(contract: Contract, findings: Sequence[Finding], years: Sequence[int]) -> dg.AssetCheckResult:
    of_sheet = [finding for finding in findings if finding.address.sheet == contract.title]
    errors = sum(finding.is_error for finding in of_sheet)
    warnings = sum(finding.severity == "warning" for finding in of_sheet)
    return dg.AssetCheckResult(
        asset_key=raw_key(contract),
        check_name=CONTRACT_CHECK,
        passed=not errors and not warnings,
        severity=dg.AssetCheckSeverity.ERROR if errors else dg.AssetCheckSeverity.WARN,
        description=f"{about(years)}：错误 {errors} 个，警告 {warnings} 个。",
        metadata={"年度": about(years), "错误": errors, "警告": warnings, "问题": findings_table(of_sheet)},
    )
