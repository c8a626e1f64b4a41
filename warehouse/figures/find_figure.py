"""Which number is meant: a figure of a printed report, a key, or an indicator by its code."""

import duckdb

from warehouse.catalogue.catalogue import Catalogue
from warehouse.figures.fact import SCHOOL_SCOPE, Kind, Reference
from warehouse.figures.regions import find_region


def find_reference(
    connection: duckdb.DuckDBPyConnection,
    catalogue: Catalogue,
    number: str,
    report_year: int,
    scope: str | None = None,
    school: str | None = None,
    kind: Kind = "value",
    region: str | None = None,
) -> Reference:
    """The number that is meant: a figure of a published report (F064), a key, or an indicator of a region or school.

    Without a school or a region, it is the installation's own region.

    Raises LookupError when nothing of the kind is there, or the figure is no value (a standard, a target).
    """
    # Long: three ways of naming a number, tried in turn.
    figure = connection.execute(
        "select indicator_code, figure_year, subject_code, scope_code, kind, label, printed from report.figure"
        " where figure_id = ? and report_year = ?",
        [number.upper(), report_year],
    ).fetchone()
    if figure:
        code, year, subject, scope_code, figure_kind, label, printed = figure
        if figure_kind not in ("value", "change"):
            raise LookupError(f"{number} {label}（印为 {printed}）是标准或目标，由声明文件给出，不由填报数据算出。")
        is_school = subject not in _regions(connection)
        return Reference(code, year, subject, SCHOOL_SCOPE if is_school else scope_code, figure_kind)
    if number.count("-") == 4:
        try:
            return Reference.parse(number)
        except ValueError as error:
            raise LookupError(str(error)) from None
    indicator = catalogue.indicators.get(number)
    if indicator is None:
        raise LookupError(f"没有编号或指标 {number}。")
    if school:
        return Reference(number, report_year, school, SCHOOL_SCOPE, kind)
    of = find_region(connection, region).code
    chosen = connection.execute(
        "select scope_code from core.dim_scope_choice inner join core.dim_indicator using (topic)"
        " where report_year = ? and indicator_code = ? and region_code = ?",
        [report_year, number, of],
    ).fetchone()
    return Reference(number, report_year, of, scope or (chosen[0] if chosen else "all"), kind)


def _regions(connection: duckdb.DuckDBPyConnection) -> set[str]:
    return {code for (code,) in connection.execute("select region_code from core.dim_region").fetchall()}
