"""May this year go out? What has to be in order before a release, each point with what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from sources.declarations.city import City
from sources.system.settings import Settings
from warehouse.catalogue.catalogue import Catalogue, check_built_with
from warehouse.run.needed import reasons_to_run
from warehouse.store.sql import query

NAMED = 5


@dataclass(frozen=True)
class Point:
    """One point of the checklist; `detail` says what is missing, or what was looked at."""

    name: str
    title: str
    passed: bool
    detail: str


def check_release(
    connection: duckdb.DuckDBPyConnection, settings: Settings, city: City, catalogue: Catalogue, report_year: int
) -> tuple[Point, ...]:
    """The checklist for the year, from the published database.

    Raises CatalogueChangedError when that was built with other indicators than today's.
    """
    check_built_with(connection, catalogue)
    return (
        _coverage(connection, report_year),
        _errors(connection, report_year),
        _warnings(connection, report_year),
        _up_to_date(settings, city, report_year),
        _contradictions(connection, city, catalogue, report_year),
    )


def _coverage(connection: duckdb.DuckDBPyConnection, report_year: int) -> Point:
    rows = query(
        connection,
        "select respondent_name, state from quality.register where report_year = ? order by respondent_code",
        [report_year],
    ).rows()
    missing = [name for name, state in rows if state != "accepted"]
    detail = f"没有有效报送：{_named(missing)}" if missing else f"{len(rows)} 个单位都有有效报送"
    return Point("coverage", "报送齐全", bool(rows) and not missing, detail)


def _errors(connection: duckdb.DuckDBPyConnection, report_year: int) -> Point:
    rows = query(
        connection,
        "select respondent_name from quality.register where report_year = ? and latest_status = 'rejected'"
        " order by respondent_code",
        [report_year],
    ).rows()
    detail = f"最后一版被退回、尚未改正：{_named([name for (name,) in rows])}" if rows else "没有被退回而未改正的报送"
    return Point("errors", "没有未改正的错误", not rows, detail)


def _warnings(connection: duckdb.DuckDBPyConnection, report_year: int) -> Point:
    rows = query(
        connection,
        "select respondent.name, finding.sheet, finding.cell from quality.finding as finding"
        " inner join staging.stg_submission as submission on finding.submission_id = submission.submission_id"
        " left join reference.respondent as respondent on submission.respondent_code = respondent.code"
        " where submission.report_year = ? and finding.severity = 'warning' and not finding.is_explained order by all",
        [report_year],
    ).rows()
    places = [f"{name}（{sheet} {cell or ''}）" for name, sheet, cell in rows]
    detail = f"{len(rows)} 个警告没有说明：{_named(places)}" if rows else "警告都有说明"
    return Point("warnings", "警告都有说明", not rows, detail)


def _up_to_date(settings: Settings, city: City, report_year: int) -> Point:
    """All models were built, and all of their tests passed, with today's declarations and everything received."""
    reasons = reasons_to_run(settings, city, [report_year])
    detail = "；".join(reasons) + "。请先运行 nianbao run。" if reasons else "模型的检验全部通过，没有未处理的内容"
    return Point("tests", "检验通过，数据最新", not reasons, detail)


def _contradictions(connection: duckdb.DuckDBPyConnection, city: City, catalogue: Catalogue, report_year: int) -> Point:
    """The figures that this release prints agree with each other: totals and parts, ratios and their terms."""
    from warehouse.release.contradictions import contradictions

    found = contradictions(connection, city, catalogue, report_year)
    detail = f"互相矛盾的数字：{_named(found)}" if found else "报告的数字互相一致"
    return Point("reconciliation", "数字互相一致", not found, detail)


def _named(names: Sequence[str]) -> str:
    more = f" 等 {len(names)} 个" if len(names) > NAMED else ""
    return "、".join(names[:NAMED]) + more
