"""Inbox → archive → cells → audit → raw tables, as one step with many assets.

One step, because a step costs more than the data of a whole city; many assets, because the clerk wants to see
what came in, what it says, what is wrong with it and what was loaded.
"""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from orchestration.lib.asset_keys import AUDITED, PARSED, RECEIVED, REFERENCE, REGISTRY, raw_key
from orchestration.lib.groups import INTAKE, RAW
from orchestration.lib.metadata import column_schema, findings_table, frame_preview, row_counts
from orchestration.lib.partitions import by_report_year
from sources.declarations.city import City
from sources.declarations.contract import Contract, load_contracts
from sources.system.settings import Settings
from warehouse.catalogue.reference import load_reference
from warehouse.intake.register import latest_findings, submission_overview
from warehouse.intake.stage_times import Intake
from warehouse.intake.take_in import take_in
from warehouse.store.connection import open_working
from warehouse.store.ddl import create_tables, raw_table

ACCEPTANCE_CHECK = "every_workbook_accepted"
CONTRACT_CHECK = "contract"


def build_submission_assets(settings: Settings, city: City) -> list[dg.AssetsDefinition]:
    contracts = load_contracts()

    @dg.asset(
        key=REFERENCE,
        group_name=INTAKE,
        kinds={"yaml", "duckdb"},
        pool="warehouse",
        **by_report_year(city),
        description="参照数据：城市、填报单位、口径、日历、代码表和指标目录，来自声明文件；声明没有变化时不重写。",
    )
    def reference(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        with open_working(settings) as connection:
            create_tables(connection)
            changed = load_reference(connection, settings, city)
        context.log.info("参照数据：" + ("已更新" if changed else "没有变化"))
        return dg.MaterializeResult(metadata={"已更新": changed})

    specs = [
        dg.AssetSpec(
            RECEIVED,
            group_name=INTAKE,
            kinds={"excel"},
            description="收到的工作簿：收件夹中的文件按内容存档，相同内容只存一次。",
        ),
        dg.AssetSpec(
            PARSED,
            deps=[RECEIVED],
            group_name=INTAKE,
            kinds={"python"},
            description="按表头和填报表定义读出的单元格，保留每个值的地址。",
        ),
        dg.AssetSpec(
            AUDITED,
            deps=[PARSED, REFERENCE],
            group_name=INTAKE,
            kinds={"pandera"},
            description="审核结论：没有错误的报送予以接收，有错误的退回，问题逐条列明单元格。",
        ),
        dg.AssetSpec(
            REGISTRY,
            deps=[AUDITED],
            group_name=INTAKE,
            kinds={"duckdb"},
            description="报送登记：每个版本的状态、问题和现行有效的版本。",
        ),
        *(
            dg.AssetSpec(
                raw_key(contract),
                deps=[AUDITED],
                group_name=RAW,
                kinds={"duckdb"},
                description=raw_table(contract).description,
                metadata=column_schema((c.name, c.type, c.description) for c in raw_table(contract).columns),
            )
            for contract in contracts
        ),
    ]
    check_specs = [
        dg.AssetCheckSpec(ACCEPTANCE_CHECK, asset=AUDITED, description="每个单位最近一次报送都已接收。"),
        *(
            dg.AssetCheckSpec(
                CONTRACT_CHECK,
                asset=raw_key(contract),
                description=f"“{contract.title}”表符合填报表定义和审核规则。",
            )
            for contract in contracts
        ),
    ]

    @dg.multi_asset(
        name="intake",
        specs=specs,
        check_specs=check_specs,
        pool="warehouse",
        **by_report_year(city),
    )
    def intake(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        selected = [int(key) for key in context.partition_keys]
        with open_working(settings) as connection:
            create_tables(connection)
            result = take_in(connection, settings, city, selected)
            overview = submission_overview(connection, selected)
            findings = latest_findings(connection, selected)
            counts = row_counts(connection, [("raw", contract.name) for contract in contracts])
        context.log.info(f"收件夹 {result.files} 个文件，新内容 {result.new} 个")
        if result.settling:
            context.log.info(f"还在写入的文件 {result.settling} 个，写完后再收")
        context.log.info(f"审核 {result.accepted + result.rejected} 份：接收 {result.accepted}，退回 {result.rejected}")
        yield from _results(result, overview, findings)
        for contract in contracts:
            of_sheet = findings.filter(pl.col("sheet") == contract.title)
            yield dg.MaterializeResult(
                raw_key(contract),
                metadata={
                    "本次装入行数": result.rows.get(contract.name, 0),
                    "dagster/row_count": counts[f"raw.{contract.name}"],
                },
                check_results=[_contract_result(contract, of_sheet)],
            )

    return [reference, intake]


def _results(result: Intake, overview: pl.DataFrame, findings: pl.DataFrame) -> Iterator[dg.MaterializeResult]:
    seconds = {stage: round(value, 3) for stage, value in result.seconds.items()}
    yield dg.MaterializeResult(
        RECEIVED, metadata={"文件数": result.files, "新内容": result.new, "秒": seconds["received"]}
    )
    yield dg.MaterializeResult(PARSED, metadata={"单元格数": result.cells, "秒": seconds["parsed"]})
    errors = findings.filter(pl.col("severity") == "error")
    warnings = findings.filter(pl.col("severity") == "warning")
    rejected = errors.get_column("submission_id").n_unique()
    yield dg.MaterializeResult(
        AUDITED,
        metadata={
            "接收": result.accepted,
            "退回": result.rejected,
            "错误": errors.height,
            "警告": warnings.height,
            "其中待说明": warnings.get_column("explanation_id").null_count(),
            "秒": seconds["audited"],
        },
        check_results=[
            dg.AssetCheckResult(
                asset_key=AUDITED,
                check_name=ACCEPTANCE_CHECK,
                passed=rejected == 0,
                severity=dg.AssetCheckSeverity.ERROR,
                metadata={"退回的报送": rejected, "问题": findings_table(errors)},
            )
        ],
    )
    yield dg.MaterializeResult(
        REGISTRY,
        metadata={"报送情况": frame_preview(overview, limit=overview.height), "秒": seconds["loaded"]},
    )


def _contract_result(contract: Contract, findings: pl.DataFrame) -> dg.AssetCheckResult:
    errors = findings.filter(pl.col("severity") == "error").height
    warnings = findings.filter(pl.col("severity") == "warning").height
    return dg.AssetCheckResult(
        asset_key=raw_key(contract),
        check_name=CONTRACT_CHECK,
        passed=not errors and not warnings,
        severity=dg.AssetCheckSeverity.ERROR if errors else dg.AssetCheckSeverity.WARN,
        metadata={"错误": errors, "警告": warnings, "问题": findings_table(findings)},
    )
