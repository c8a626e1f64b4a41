"""What figures that lack schools can still become, from the published database: the sentence beside a value, the whole
list of a region's year, and which schools to call first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from warehouse.store.sql import period

_CHOSEN = """
    inner join core.dim_indicator as indicator using (indicator_code)
    inner join core.dim_scope_choice as choice
        on choice.report_year = bound.report_year
        and choice.region_code = bound.region_code
        and choice.topic = indicator.topic
        and choice.scope_code = bound.scope_code
"""
"""Of each figure the scope that the bureau has chosen for it, as the report prints it."""


@dataclass(frozen=True, slots=True)
class BoundedFigure:
    """A printed figure of a region that lacks schools, with what it can still be; None: no limit is declared."""

    indicator_code: str
    label: str
    unit: str
    display: str
    n_reported: int
    n_expected: int
    low: Decimal
    high: Decimal | None
    usual_low: Decimal
    usual_high: Decimal | None
    told: str

    @property
    def sentence(self) -> str:
        """54.38%（11/12 所；缺报学校按通常变化使其在 53.90–54.90% 之间，最多在 12.10–97.02% 之间）"""
        return value_with_bound(self.display, self.unit, self.n_reported, self.n_expected, self.told)


@dataclass(frozen=True, slots=True)
class SchoolToCall:
    """A school that has figures missing: of how many printed ones, and by how many per cent of their bounds' widths its
    report would narrow them on average (None: none of them has a width)."""

    school_code: str
    school_name: str
    figures: int
    narrows_percent: Decimal | None


def most_telling_first(figures: Sequence[BoundedFigure]) -> Sequence[BoundedFigure]:
    """Percentages that have an end on both sides before all others; within each, the order given."""
    return sorted(figures, key=lambda each: each.high is None or each.unit != "%")


def value_with_bound(display: str, unit: str, n_reported: int, n_expected: int, told: str) -> str:
    """The text of a value beside which its bound stands; `told` as core.fct_value_bound has it."""
    shown_unit = "" if display.endswith(unit) else unit if unit == "%" else f" {unit}"
    return f"{display}{shown_unit}（{n_reported}/{n_expected} 所；{told}）"


def bounded_figures(connection: duckdb.DuckDBPyConnection, region: str, report_year: int) -> Sequence[BoundedFigure]:
    """Every printed figure of a region's year that lacks schools, in the order of the catalogue."""
    rows = connection.execute(
        "select indicator_code, indicator.label, indicator.unit, fact.display, fact.n_reported, fact.n_expected,"
        " bound.rounded_low, bound.rounded_high, bound.rounded_usual_low, bound.rounded_usual_high, bound.told"
        f" from core.fct_value_bound as bound {_CHOSEN}"
        " inner join core.fct_indicator_value as fact on fact.report_year = bound.report_year"
        " and fact.subject_code = bound.region_code and fact.scope_code = bound.scope_code"
        " and fact.indicator_code = bound.indicator_code"
        " where bound.region_code = ? and bound.report_year = ? order by indicator.sequence",
        [region, report_year],
    )
    return [BoundedFigure(*row) for row in rows.fetchall()]


def schools_to_call(connection: duckdb.DuckDBPyConnection, region: str, report_year: int) -> Sequence[SchoolToCall]:
    """The schools with missing figures; whose report narrows the printed figures' bounds most, first."""
    rows = connection.execute(
        "select bound.school_code, coalesce(respondent.name, bound.school_code), count(*),"
        " cast(avg(bound.narrows_percent) as decimal(4, 1)) as narrows"
        f" from core.fct_value_bound_school as bound {_CHOSEN}"
        f" {period('respondent', 'respondent', 'bound.school_code', '$2')}"
        " where bound.region_code = $1 and bound.report_year = $2"
        " group by bound.school_code, respondent.name"
        " order by narrows desc nulls last, count(*) desc, bound.school_code",
        [region, report_year],
    )
    return [SchoolToCall(*row) for row in rows.fetchall()]
