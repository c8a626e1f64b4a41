"""The declarations say which columns a column is made from: numerators and denominators, down to the sheets.

Nothing is read out of SQL. An indicator has measures, a measure has columns of a sheet. Facts and marts hold all of
them in one column, so that column comes from all: a mart's from those of its chapter.
"""

from collections.abc import Iterable
from typing import Any

import dagster as dg

from warehouse.catalogue.catalogue import Catalogue
from warehouse.catalogue.indicator import Indicator
from warehouse.catalogue.measure import Measure, measure_columns

Columns = dict[str, list[dg.TableColumnDep]]
FACT_MEASURE, FACT_VALUE = ("core", "fct_measure"), ("core", "fct_indicator_value")


def column_lineage(catalogue: Catalogue, relation: tuple[str, str]) -> dict[str, Any]:
    """Metadata of an asset's definition, by schema and name; nothing for a table that holds no declared numbers."""
    columns = _columns_of(catalogue, relation)
    return {"dagster/column_lineage": dg.TableColumnLineage(columns)} if columns else {}


def _columns_of(catalogue: Catalogue, relation: tuple[str, str]) -> Columns:
    measures = catalogue.measures
    if relation == FACT_MEASURE:
        return {"value": _raw(catalogue, measures.values())}
    if relation == FACT_VALUE:
        used = {
            part: [code for indicator in catalogue.indicators.values() for code in _measures_of(indicator, part)]
            for part in ("numerator", "denominator")
        }
        parts = {
            part: _raw(catalogue, (measures[code] for code in dict.fromkeys(codes))) for part, codes in used.items()
        }
        of_facts = [dg.TableColumnDep(dg.AssetKey(FACT_MEASURE), "value")]
        return {part: of_facts + columns for part, columns in parts.items()} | {"value": of_facts}
    schema, name = relation
    chapter = next((each for each in catalogue.chapters if schema == "marts" and each.chapter == name), None)
    if chapter is None:
        return {}
    of_value = dg.TableColumnDep(dg.AssetKey(FACT_VALUE), "value")
    made_of = dict.fromkeys(measure.code for each in chapter.indicators for measure in _made_of(catalogue, each))
    return {"value": [of_value, *_raw(catalogue, (measures[code] for code in made_of))]}


def _made_of(catalogue: Catalogue, indicator: Indicator) -> list[Measure]:
    """The measures of numerator and denominator; a count of schools has those of the indicator that it counts by."""
    if indicator.counts:
        return _made_of(catalogue, catalogue.indicators[indicator.counts.of])
    codes = [*_measures_of(indicator, "numerator"), *_measures_of(indicator, "denominator")]
    return [catalogue.measures[code] for code in dict.fromkeys(codes)]


def _measures_of(indicator: Indicator, part: str) -> list[str]:
    """Codes of the measures in one part of the formula, in any of its definitions."""
    return [code for formula in indicator.formulas for role, code in formula.terms if role == part]


def _raw(catalogue: Catalogue, measures: Iterable[Measure]) -> list[dg.TableColumnDep]:
    """The columns of raw tables that measures are made from, each once."""
    columns = dict.fromkeys(
        (measure.sheet, name) for measure in measures for name in measure_columns(catalogue.pack, measure)
    )
    return [dg.TableColumnDep(dg.AssetKey(["raw", sheet]), name) for sheet, name in columns]
