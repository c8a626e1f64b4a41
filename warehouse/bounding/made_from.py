"""What the bound of a figure is made from, as one fingerprint: while it is the same, the bound that is noted stands."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import duckdb
import polars as pl

from sources.audit.plausibility import LEAST_BASE, SMALL
from sources.system.fingerprint import fingerprint
from warehouse.catalogue.catalogue import Catalogue
from warehouse.catalogue.declared_limits import declared_limits, declared_relations
from warehouse.store.sql import registered

TERMS = "terms_of_figures"
FIGURES = f"""
    with lacking as (
        select distinct measured.subject_code as school_code, {TERMS}.indicator_code, {TERMS}.definition
        from core.fct_measure as measured inner join {TERMS} using (measure_code)
        where measured.subject_kind = 'school' and measured.report_year = $year and measured.value is null
            and measured.status is distinct from 'suppressed'
    ),
    known as (
        select subject_code as school_code, sum(cast(hash(report_year, measure_code, value) as hugeint)) as numbers
        from core.fct_measure
        where subject_kind = 'school' and report_year in ($year, $year - 1) and value is not null
            and subject_code in (select school_code from lacking)
        group by all
    ),
    changed as (
        select distinct subject_code as school_code from reference.change
        where report_year = $year and kind in ('merge', 'split', 'found')
    ),
    lacked as (
        select paths.ancestor_code as region_code, members.scope_code, lacking.indicator_code, lacking.definition,
            sum(cast(hash(lacking.school_code, known.numbers, schools.ownership, changed.school_code is null)
                as hugeint)) as schools
        from lacking
        inner join core.brg_scope_school as members
            on lacking.school_code = members.school_code and members.report_year = $year
        inner join reference.region_path as paths on members.region_code = paths.region_code
        left join known on lacking.school_code = known.school_code
        left join changed on lacking.school_code = changed.school_code
        left join core.dim_school as schools
            on lacking.school_code = schools.school_code and schools.report_year = $year
        group by all
    )
    select figures.subject_code as region_code, figures.scope_code, figures.indicator_code, figures.definition,
        figures.numerator, figures.denominator, figures.value,
        cast(hash($rules, figures.definition, figures.numerator, figures.denominator, figures.value, lacked.schools)
            as varchar) as made_from
    from core.fct_indicator_value as figures
    left join lacked
        on figures.subject_code = lacked.region_code and figures.scope_code = lacked.scope_code
        and figures.indicator_code = lacked.indicator_code and figures.definition = lacked.definition
    where figures.report_year = $year and figures.subject_kind = 'region' and figures.status = 'incomplete'
        and figures.value is not null and figures.indicator_code in (select indicator_code from {TERMS})
    order by all
"""


@dataclass(frozen=True, slots=True)
class FigureTerm:
    """A measure that a figure of the indicator, in a definition, is made of."""

    indicator_code: str
    definition: str
    measure_code: str


@dataclass(frozen=True, slots=True)
class IncompleteFigure:
    """A published figure of a region that lacks schools, and the fingerprint of all that its bound is made from."""

    region_code: str
    scope_code: str
    indicator_code: str
    definition: str
    numerator: Decimal | None
    denominator: Decimal | None
    value: Decimal
    made_from: str

    @property
    def place(self) -> tuple[str, str, str]:
        """Within a year."""
        return self.region_code, self.scope_code, self.indicator_code


@lru_cache(maxsize=4)
def rules_version(catalogue: Catalogue) -> str:
    """Changes whenever another bound could follow from the same numbers: with what is declared, and with this room."""
    pack = catalogue.pack
    limits = declared_limits(pack)
    adds = [(code, catalogue.adds(each), catalogue.level(each)) for code, each in sorted(catalogue.indicators.items())]
    declared = repr((sorted(limits.items()), declared_relations(pack), adds, SMALL, LEAST_BASE))
    code = [path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("*.py"))]
    return fingerprint(catalogue.indicators.values(), declared, *code)


def incomplete_figures(
    connection: duckdb.DuckDBPyConnection, report_year: int, terms: Sequence[FigureTerm], rules: str
) -> list[IncompleteFigure]:
    """The figures of a year that lack schools and have one of the terms, by region, scope and indicator."""
    with registered(connection, TERMS, _frame(terms)):
        rows = connection.execute(FIGURES, {"year": report_year, "rules": rules}).fetchall()
    return [IncompleteFigure(*row) for row in rows]


def _frame(terms: Iterable[FigureTerm]) -> pl.DataFrame:
    columns = ("indicator_code", "definition", "measure_code")
    rows = [(term.indicator_code, term.definition, term.measure_code) for term in terms]
    return pl.DataFrame(rows, dict.fromkeys(columns, pl.String), orient="row")
