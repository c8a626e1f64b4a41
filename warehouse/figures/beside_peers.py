"""What a school's numbers become: each beside last year's, the standard, and the place among the region's schools.

Nothing is calculated anew: values, changes and standards are those that the school's own report prints. What rests on
few people is in no fact that can be printed, so it is neither here nor among the peers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

import duckdb

from warehouse.catalogue.brief_figures import brief_figures
from warehouse.catalogue.catalogue import Catalogue
from warehouse.catalogue.indicator import Indicator
from warehouse.catalogue.labels import BOUND
from warehouse.figures.brief import shown_change
from warehouse.figures.fact import Fact, Reference
from warehouse.figures.rounding import trimmed_text, value_text
from warehouse.figures.school_figures import figures_of_school, find_school
from warehouse.figures.year_figures import Figures, load_figures

FEWEST_PEERS = 5
"""Schools that have a value, the school itself among them; of fewer neither the middle nor a place is told."""
IS_MET = {"met": True, "missed": False}


@dataclass(frozen=True, slots=True)
class SchoolFigure:
    """A number of a school. Texts are as they are printed, '' where there is nothing to say.

    `is_main`: among those by which a leader knows the region. `change` is since `last_year`. `standard`: ≥ 60, of the
    newest edition; `is_met`: None where there is none, or it cannot be verified. `peers_median`: the middle of the
    schools that have a value; `place` (1: the best) among `of` schools, None where no end is good or they are few.
    """

    reference: Reference
    label: str
    unit: str
    value: str
    last_year: str
    change: str
    standard: str
    is_met: bool | None
    peers_median: str
    place: int | None
    of: int
    is_main: bool


def load_school_beside_peers(
    connection: duckdb.DuckDBPyConnection,
    catalogue: Catalogue,
    report_year: int,
    school_code: str,
    region_code: str | None = None,
) -> tuple[SchoolFigure, ...]:
    """The numbers of a school from the published database, beside the schools of a region (None: the installation's).

    Raises LookupError when the database does not hold the year, the region or the school, NothingOfSchoolError when
    nothing that the school sent counts in the year, CatalogueChangedError when it was built with other indicators.
    """
    region = load_figures(connection, catalogue, report_year, region_code)
    school = find_school(region, school_code)
    return school_beside_peers(region, figures_of_school(connection, region, school))


def school_beside_peers(region: Figures, own: Figures) -> tuple[SchoolFigure, ...]:
    """The ratios that the school has, and the counts that a leader reads first: these before the others."""
    main = brief_figures(region.catalogue.pack)
    ratios = [code for code, each in region.catalogue.indicators.items() if each.kind == "ratio" and code not in main]
    return tuple(_rows(region, own, main, ratios))


def _rows(region: Figures, own: Figures, main: Sequence[str], ratios: Sequence[str]) -> Iterator[SchoolFigure]:
    for code in (*main, *ratios):
        fact, indicator = own.of_region(code), region.catalogue.indicators[code]
        if fact is None:
            continue
        last, bound = own.of_region_last_year(code), own.latest_bound(fact.reference)
        peers = [each for each in region.of_schools(code).values() if each.rounded is not None]
        is_known = len(peers) >= FEWEST_PEERS
        yield SchoolFigure(
            reference=fact.reference,
            label=indicator.label,
            unit="" if indicator.display == "to_one" else indicator.unit,
            value=fact.display or "",
            last_year=(last.display or "") if last else "",
            change=shown_change(own.changes.get(code)) if last else "",
            standard=f"{BOUND[bound.comparison]} {trimmed_text(bound.bound)}" if bound else "",
            is_met=IS_MET.get(bound.verdict) if bound else None,
            peers_median=value_text(indicator, median(_values(peers))) if is_known else "",
            place=_place(fact, peers, indicator) if is_known else None,
            of=len(peers) if is_known else 0,
            is_main=code in main,
        )


def _values(facts: Sequence[Fact]) -> list[Decimal]:
    return [each.rounded for each in facts if each.rounded is not None]


def _place(fact: Fact, peers: Sequence[Fact], indicator: Indicator) -> int | None:
    """1 for the best; those that are equal share a place. None for a school that is not among the peers."""
    is_among = any(each.reference == fact.reference for each in peers)
    if fact.rounded is None or indicator.direction == "neutral" or not is_among:
        return None
    is_lower = indicator.direction == "lower"
    return 1 + sum(value < fact.rounded if is_lower else value > fact.rounded for value in _values(peers))
