"""A printed number worked out again from the cells behind it alone."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl

from sources.audit.typed_values import typed_column
from sources.declarations.codelist import load_codelists
from sources.declarations.contract import contract_named
from warehouse.catalogue.catalogue import Catalogue
from warehouse.catalogue.measure import Measure, measure_columns
from warehouse.figures.rounding import change_text, rounded, value_text
from warehouse.figures.trace import Source, Term, Trace

CHANGE_DECIMALS = 4


def recompute(trace: Trace, catalogue: Catalogue) -> str | None:
    """What is printed, worked out from the cells of the trace alone; None when there is nothing to work out."""
    exact = recomputed_value(trace, catalogue)
    if exact is None:
        return None
    indicator = catalogue.indicators[trace.reference.indicator]
    if trace.reference.kind == "change":
        return change_text(rounded(exact, CHANGE_DECIMALS))
    return value_text(indicator, exact)


def recomputed_value(trace: Trace, catalogue: Catalogue) -> Fraction | Decimal | None:
    """The exact value from the cells; for a change, the difference of what is printed."""
    indicator = catalogue.indicators[trace.reference.indicator]
    if trace.reference.kind == "change":
        this, last = (recomputed_value(part, catalogue) for part in trace.parts)
        if this is None or last is None:
            return None
        return rounded(this, indicator.decimals) - rounded(last, indicator.decimals)
    if indicator.counts:
        values = [recomputed_value(part, catalogue) for part in trace.parts]
        below = indicator.counts.below
        known = [value for value in values if value is not None]
        return Decimal(sum(value < below for value in known)) if known or not values else None
    sides: dict[str, Fraction] = {}
    for term in trace.terms:
        value = _term_value(term, catalogue)
        if value is None:
            return None
        sides[term.role] = sides.get(term.role, Fraction(0)) + value
    if "denominator" not in sides:
        return sides["numerator"]
    return sides["numerator"] * indicator.scale / sides["denominator"] if sides["denominator"] else None


def _term_value(term: Term, catalogue: Catalogue) -> Fraction | None:
    """A measure over the subjects that count, from their cells, as it adds up; of no schools at all, zero."""
    measure = catalogue.measures[term.measure_code]
    parts = [part for part in term.parts if part.counts]
    if not parts:
        is_of_no_schools = measure.level == "school" and measure.adds != "none" and not term.parts
        return Fraction(0) if is_of_no_schools else None
    if measure.adds == "distinct":
        return Fraction(len({value for part in parts for value in _row_values(catalogue, measure, part.sources)}))
    values = [_part_value(catalogue, measure, part.sources) for part in parts]
    if measure.adds == "maximum":
        return max(values)
    if measure.adds == "same_for_all":
        return values[0] if len(set(values)) == 1 else None
    return sum(values, Fraction(0))


def _part_value(catalogue: Catalogue, measure: Measure, sources: Sequence[Source]) -> Fraction:
    values = _row_values(catalogue, measure, sources)
    if measure.count:
        return Fraction(len(values))
    if measure.distinct:
        return Fraction(len(set(values) - {None}))
    return sum((Fraction(str(value)) for value in values if value is not None), Fraction(0))


def _row_values(catalogue: Catalogue, measure: Measure, sources: Iterable[Source]) -> list[Any]:
    """The measure's expression for each row of the cells."""
    rows: dict[tuple[str, int], dict[str, str]] = defaultdict(dict)
    for source in sources:
        if not source.is_status:
            rows[source.submission_id, source.record][source.column_name] = source.raw_text
    if measure.count:
        return list(rows)
    contract = contract_named(catalogue.pack, measure.sheet)
    expression = measure.value or measure.sum or measure.distinct or ""
    used = set(re.findall(r"\w+", expression))
    columns = [contract.column(name) for name in measure_columns(catalogue.pack, measure) if name in used]
    raw = pl.DataFrame(
        [{column.name: row.get(column.name) for column in columns} for row in rows.values()],
        schema={column.name: pl.String for column in columns},
    )
    typed = raw.select(typed_column(column, load_codelists(catalogue.pack)) for column in columns)
    return typed.select(value=pl.sql_expr(expression)).get_column("value").to_list()
