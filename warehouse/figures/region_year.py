"""What the published database says of a region in a report year: its values, changes, scopes and footnotes.

Enough for a table; the schools one by one are read by `year_figures`.
"""

from dataclasses import dataclass

import duckdb

from warehouse.catalogue.catalogue import Catalogue, check_built_with
from warehouse.figures.fact import Change, Coverage, Fact, Footnote, Reference
from warehouse.figures.regions import SUBTREE, KnownRegion, find_region
from warehouse.store.sql import query

YEARS_SHOWN = 4
FACT_COLUMNS = (
    "indicator_code, report_year, subject_code, scope_code, definition, numerator, denominator, value,"
    " rounded_value, display, status, n_expected, n_reported"
)


@dataclass(frozen=True)
class RegionYear:
    """`facts` are of the years that tables show; `changes` by indicator, `choices` by topic: which scope is printed."""

    catalogue: Catalogue
    report_year: int
    region: KnownRegion
    facts: dict[Reference, Fact]
    changes: dict[str, Change]
    choices: dict[str, str]
    coverage: dict[tuple[int, str], Coverage]
    footnotes: tuple[Footnote, ...]

    def explained(self, indicator: str) -> tuple[str, ...]:
        """What schools have explained about the values behind the indicator."""
        return tuple(footnote.text for footnote in self.footnotes if footnote.indicator == indicator)


def load_region_year(
    connection: duckdb.DuckDBPyConnection, catalogue: Catalogue, report_year: int, region_code: str | None = None
) -> RegionYear:
    """Of the installation's own region, or of another; what the database does not hold is empty.

    Raises LookupError when the database has no such region, CatalogueChangedError when it was built with other
    indicators than today's.
    """
    check_built_with(connection, catalogue)
    region = find_region(connection, region_code)
    return RegionYear(
        catalogue=catalogue,
        report_year=report_year,
        region=region,
        facts=read_facts(
            connection,
            "subject_kind = 'region' and subject_code = ? and report_year between ? and ?",
            [region.code, report_year - YEARS_SHOWN + 1, report_year],
        ),
        changes=_changes(connection, report_year, region.code),
        choices=_choices(connection, report_year, region.code),
        coverage=_coverage(connection, region.code),
        footnotes=_footnotes(connection, report_year, region.code),
    )


def read_facts(connection: duckdb.DuckDBPyConnection, condition: str, values: list[object]) -> dict[Reference, Fact]:
    """The values that a condition on `core.fct_indicator_value` selects."""
    rows = query(
        connection, f"select {FACT_COLUMNS} from core.fct_indicator_value where {condition} order by all", values
    )
    facts = (Fact(Reference(*row[:4]), *row[4:]) for row in rows.iter_rows())
    return {fact.reference: fact for fact in facts}


def _changes(connection: duckdb.DuckDBPyConnection, report_year: int, region: str) -> dict[str, Change]:
    rows = query(
        connection,
        "select indicator_code, subject_code, scope_code, previous_scope_code, change_value, change_unit,"
        " change_display, comparability from core.fct_indicator_change"
        " where report_year = ? and region_code = ? order by all",
        [report_year, region],
    )
    return {
        code: Change(
            Reference(code, report_year, subject, scope),
            Reference(code, report_year - 1, subject, previous) if previous else None,
            value,
            unit,
            display,
            comparability,
        )
        for code, subject, scope, previous, value, unit, display, comparability in rows.iter_rows()
    }


def _choices(connection: duckdb.DuckDBPyConnection, report_year: int, region: str) -> dict[str, str]:
    return dict(
        connection.execute(
            "select topic, scope_code from core.dim_scope_choice where report_year = ? and region_code = ?",
            [report_year, region],
        ).fetchall()
    )


def _coverage(connection: duckdb.DuckDBPyConnection, region: str) -> dict[tuple[int, str], Coverage]:
    rows = connection.execute(
        "select report_year, scope_code, schools_expected, schools_reported, students_percent, coverage"
        " from core.fct_coverage where region_code = ? order by all",
        [region],
    ).fetchall()
    return {(of_year, scope): Coverage(*row) for of_year, scope, *row in rows}


def _footnotes(connection: duckdb.DuckDBPyConnection, report_year: int, region: str) -> tuple[Footnote, ...]:
    rows = connection.execute(
        "select distinct respondent_name, sheet, value, reason, indicator_code from quality.footnote"
        f" where report_year = ? and region_code in {SUBTREE} order by all",
        [report_year, region],
    ).fetchall()
    return tuple(Footnote(code, f"{name}（{sheet}，{value}）：{reason}") for name, sheet, value, reason, code in rows)
