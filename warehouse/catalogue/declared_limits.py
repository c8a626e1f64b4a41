"""What is declared of the numbers that make figures: limits by themselves, by a base, between parts and wholes.

Read from the contracts (`ge`, `le`, `rules`) and from rules/plausibility.yml, and said of measures: a number of a form
is one by itself; the sum of one row of a table has the limits of the column; a sum over any number of rows, and a
count of them, has no upper limit that anybody declares.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from sources.declarations.contract import Column, Contract, contract_named, load_contracts
from sources.declarations.judgement import Judgement, OwnBound, YearChange, load_judgements
from sources.declarations.pack import Pack
from warehouse.catalogue.measure import Measure, load_measures

RELATION = re.compile(r"\s*([a-z_0-9]+(?:\s*\+\s*[a-z_0-9]+)*)\s*(<=|>=|=)\s*([a-z_0-9]+)\s*")
PRODUCT = re.compile(r"\s*([a-z_0-9]+)\s*\*\s*([a-z_0-9]+)\s*")
FIXED = re.compile(r"([a-z_0-9]+) (?:=|in) \(?('[^)]*')\)?")
NAMED = re.compile(r"[a-z_0-9]+")
Ends = tuple[Fraction | None, Fraction | None]
ZERO = Fraction(0)


class Span(NamedTuple):
    """From what to what a number goes, both ends within; `high` None: no limit is declared."""

    low: Fraction
    high: Fraction | None

    def holds(self, value: Fraction) -> bool:
        return self.low <= value and (self.high is None or value <= self.high)


@dataclass(frozen=True, slots=True)
class Linear:
    """Σ factor × number ≤ high."""

    factors: tuple[tuple[str, Fraction], ...]
    high: Fraction = ZERO

    def holds(self, values: Mapping[str, Fraction]) -> bool:
        return sum((factor * values[name] for name, factor in self.factors), ZERO) <= self.high


@dataclass(frozen=True, slots=True)
class ByBase:
    """A measure is usually, or must be, between two factors of another one."""

    base: str
    low: Fraction | None
    high: Fraction | None
    is_loose: bool = False
    """Whether a count may be a few beyond it, as the audit spares small numbers."""


@dataclass(frozen=True, slots=True)
class DeclaredLimits:
    """Of one measure. `usual` and `usual_by` hold where nothing is known of the year before, `change` where it is.

    `product_of`: the measure is this number, of which `factor` and `usual_factor` are the limits, times each of another
    measure (points are scores times answers); `factor_measure` is the number itself where it is a measure.
    """

    measure: str
    is_whole: bool
    possible: Span
    possible_by: tuple[ByBase, ...] = ()
    usual: Ends = (None, None)
    usual_by: tuple[ByBase, ...] = ()
    change: YearChange | None = None
    product_of: str | None = None
    factor: Ends = (None, None)
    usual_factor: Ends = (None, None)
    factor_change: YearChange | None = None


@lru_cache
def declared_limits(pack: Pack) -> Mapping[str, DeclaredLimits]:
    """Measure → what is declared of it; only measures of schools that cannot be negative."""
    measures = load_measures(pack)
    found = (_limits(pack, measure) for measure in measures.values() if measure.level == "school")
    return {each.measure: each for each in found if each is not None}


@lru_cache
def declared_relations(pack: Pack) -> tuple[Linear, ...]:
    """The rules that reject a form whose parts and wholes do not fit: each is Σ factor × measure ≤ 0."""
    known = declared_limits(pack)
    found: list[Linear] = []
    for contract in load_contracts(pack):
        for rule in contract.rules if contract.shape == "form" else ():
            clauses = rule.expr.split(" and ") if rule.severity == "error" and rule.life.binds else []
            parsed = [RELATION.fullmatch(clause) for clause in clauses]
            for clause in parsed if all(parsed) else ():
                assert clause is not None
                parts = [each.strip() for each in clause[1].split("+")]
                if {*parts, clause[3]} <= known.keys():
                    found += _linear(parts, clause[2], clause[3])
    return tuple(found)


def _linear(parts: list[str], relation: str, whole: str) -> Iterator[Linear]:
    one = Fraction(1)
    if relation in ("<=", "="):
        yield Linear((*((part, one) for part in parts), (whole, -one)))
    if relation in (">=", "="):
        yield Linear((*((part, -one) for part in parts), (whole, one)))


def _limits(pack: Pack, measure: Measure) -> DeclaredLimits | None:
    contract = contract_named(pack, measure.sheet)
    expression = measure.value or measure.sum or ""
    if measure.count or measure.distinct:
        high = Fraction(rows) if (rows := _rows_at_most(pack, contract, measure)) else None
        return DeclaredLimits(measure.code, True, Span(ZERO, high), change=_change_of_unit(pack, measure.unit))
    columns = {column.name: column for column in contract.columns if column.is_number}
    if any(columns[name].ge is None or columns[name].ge < 0 for name in NAMED.findall(expression) if name in columns):  # type: ignore[operator]
        return None
    is_one = measure.value is not None or _rows_at_most(pack, contract, measure) == 1
    if is_one and expression in columns:
        return _of_column(pack, contract, measure, columns[expression])
    if is_one and (product := PRODUCT.fullmatch(expression)) and {product[1], product[2]} <= columns.keys():
        return _of_product(pack, contract, measure, columns[product[1]], columns[product[2]])
    return DeclaredLimits(measure.code, measure.is_whole, Span(ZERO, None), change=_change_of_unit(pack, measure.unit))


def _rows_at_most(pack: Pack, contract: Contract, measure: Measure) -> int | None:
    """How many rows of a table can count in a measure: as many as its key allows; None where that is any number."""
    rows = 1
    left = {name for name in contract.key if name != measure.subject}
    for column, values in FIXED.findall(measure.condition or ""):
        if column in left and " or " not in (measure.condition or ""):
            left.discard(column)
            rows *= values.count("'") // 2
    return rows if not left else None


def _judgement(pack: Pack, contract: Contract, measure: Measure, column: Column) -> Judgement:
    """What judges the column in the one row that the measure takes."""
    judgements = load_judgements(pack)
    judgement = judgements[column.judged or ""]
    fixed = dict(FIXED.findall(measure.condition or ""))
    row = fixed.get(contract.key[0], "").strip("'") if contract.key else ""
    return judgements[judgement.rows[row]] if row in judgement.rows else judgement


def _of_column(pack: Pack, contract: Contract, measure: Measure, column: Column) -> DeclaredLimits:
    judgement = _judgement(pack, contract, measure, column)
    usual_by = [*_by_bases(pack, contract, measure, judgement, "usual")]
    usual_by += [
        ByBase(code, None, Fraction(1)) for whole in judgement.within if (code := _base(pack, contract, whole))
    ]
    low, high = _possible(column, judgement)
    return DeclaredLimits(
        measure.code,
        measure.is_whole,
        Span(low or ZERO, high),
        tuple(_by_bases(pack, contract, measure, judgement, "possible")),
        _ends(judgement.usual),
        tuple(usual_by),
        judgement.last_year,
    )


def _ends(bound: OwnBound | None) -> Ends:
    low, high = bound.between if bound else (None, None)
    return None if low is None else Fraction(low), None if high is None else Fraction(high)


def _possible(column: Column, judgement: Judgement) -> Ends:
    own = _ends(judgement.possible)
    lows = [Fraction(each) for each in (column.ge, own[0]) if each is not None]
    highs = [Fraction(each) for each in (column.le, own[1]) if each is not None]
    return max(lows, default=None), min(highs, default=None)


def _by_bases(pack: Pack, contract: Contract, measure: Measure, judgement: Judgement, what: str) -> Iterator[ByBase]:
    for bound in judgement.per:
        between = bound.usual if what == "usual" else bound.possible
        code = _base(pack, contract, bound.base)
        if code and between != (None, None):
            low, high = (None if each is None else Fraction(each) for each in between)
            yield ByBase(code, low, high, is_loose=what == "usual" and measure.is_whole)


def _base(pack: Pack, contract: Contract, named: str) -> str | None:
    """The measure that is a base: a number of a form; the columns of a table's row are none."""
    sheet, _, column = named.rpartition(".")
    measure = load_measures(pack).get(column)
    is_of_form = measure is not None and measure.value == column and measure.sheet == (sheet or contract.name)
    return column if is_of_form and measure is not None and measure.level == "school" else None


def _of_product(
    pack: Pack, contract: Contract, measure: Measure, first: Column, second: Column
) -> DeclaredLimits | None:
    """Of a number times another one that is a measure itself, taken from the same cells."""
    for factor, times in ((first, second), (second, first)):
        same = [
            each.code
            for each in load_measures(pack).values()
            if (each.sheet, each.where) == (measure.sheet, measure.where) and times.name in (each.value, each.sum)
            if each.adds == "sum"
        ]
        if same:
            judgement = _judgement(pack, contract, measure, factor)
            return DeclaredLimits(
                measure.code,
                measure.is_whole,
                Span(ZERO, None),
                product_of=same[0],
                factor=_possible(factor, judgement),
                usual_factor=_ends(judgement.usual),
                factor_change=judgement.last_year,
            )
    return DeclaredLimits(measure.code, measure.is_whole, Span(ZERO, None))


@lru_cache
def _change_of_unit(pack: Pack, unit: str) -> YearChange | None:
    """How far numbers of a unit move in a year: of the classes that name it, the one that allows most."""
    changes = [
        each.last_year
        for each in load_judgements(pack).values()
        if each.like is None and each.last_year is not None and unit in each.units
    ]
    return max(changes, key=lambda each: (each.ratio, each.step), default=None)
