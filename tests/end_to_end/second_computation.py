"""Every indicator computed a second time, in plain Python, straight from the archived workbooks.

Nothing is shared with the pipeline but the declarations: the workbooks are read with another reader (openpyxl),
text becomes Fractions, conditions are evaluated by Python, and no SQL, no frame and no rounding macro is involved.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from io import BytesIO
from typing import Any

import openpyxl

from sources.declarations.city import City, codelists_of
from sources.declarations.contract import Contract, contract_respondents, contracts_for
from sources.declarations.headings import normalise_label
from sources.sample.pour import scope_members
from warehouse.catalogue.indicator import STANDARD_DEFINITION, Indicator, load_indicators
from warehouse.catalogue.measure import Measure, load_measures

Row = dict[str, Any]
Value = Fraction | None


@dataclass
class Book:
    """One workbook: its respondent and year, the rows of each sheet, and what each sheet says of itself."""

    respondent: str
    year: int
    rows: dict[str, list[Row]] = field(default_factory=dict)
    status: dict[str, str] = field(default_factory=dict)


def read_book(data: bytes, city: City) -> Book:
    """Reads a workbook by the words in it."""
    opened = openpyxl.load_workbook(BytesIO(data), data_only=True)
    cover = {row[1].value: row[4].value for row in opened["封面"].iter_rows(min_row=5)}
    book = Book(str(cover["单位标识码"]), int(cover["报告年度"]))
    kind = city.respondent_by_code[book.respondent].kind
    codes = {name: codelist.code_of for name, codelist in codelists_of(city, book.year).items()}
    for contract in contracts_for(city.pack, kind, book.year):
        if contract.name != "cover":
            grid = [[cell.value for cell in row] for row in opened[contract.title].iter_rows()]
            label = next(value for value in reversed(grid[2]) if value)
            book.status[contract.name] = codes["sheet_status"].get(normalise_label(str(label)), "filled")
            book.rows[contract.name] = _rows(contract, grid, codes)
    return book


def _rows(contract: Contract, grid: list[list[Any]], codes: dict[str, dict[str, str]]) -> list[Row]:
    if contract.shape == "form":
        values = {str(row[1]): row[4] for row in grid[5:] if row[1]}
        row = {column.name: _typed(column, values.get(column.label), codes) for column in contract.columns}
        return [row] if any(value is not None for value in row.values()) else []
    heads = {str(head): position for position, head in enumerate(grid[4]) if head}
    rows = [
        # a column that is asked from a later year on is not in the workbook
        {
            column.name: _typed(column, line[heads[column.heading]] if column.heading in heads else None, codes)
            for column in contract.columns
        }
        for line in grid[5:]
    ]
    keys = [name for name in contract.key if not contract.column(name).prefilled]
    data = [column.name for column in contract.columns if not column.prefilled]
    return [row for row in rows if any(row[name] is not None for name in (keys or data) + data)]


def _typed(column: Any, value: Any, codes: dict[str, dict[str, str]]) -> Any:
    if value is None or value == "":
        return None
    if column.is_number:
        return Fraction(str(value))
    return codes[column.codelist][normalise_label(str(value))] if column.codelist else str(value)


def evaluate(expression: str, row: Row) -> Any:
    """A condition or an expression of the catalogue, for one row; None when an input is missing."""
    python = re.sub(r"<>", "!=", expression)
    python = re.sub(r"(?<![<>!=])=(?!=)", "==", python)
    names = {"coalesce": lambda *values: next((value for value in values if value is not None), None), **row}
    try:
        return eval(python, {"__builtins__": {}}, names)
    except TypeError:
        return None


def _matches(measure: Measure, row: Row) -> bool:
    return measure.where is None or evaluate(measure.where, row) is True


def measured(measure: Measure, rows: list[Row]) -> Value:
    """A measure over the rows of one sheet of one school (or of the bureau)."""
    if measure.value:
        return evaluate(measure.value, rows[0]) if rows else None
    matching = [row for row in rows if _matches(measure, row)]
    if measure.count:
        return Fraction(len(matching))
    values = [evaluate(measure.distinct or measure.sum or "", row) for row in matching]
    if measure.distinct:
        return Fraction(len({value for value in values if value is not None}))
    return None if None in values else sum(values, Fraction(0))


def compute(books: Iterable[Book], city: City) -> dict[tuple[int, str, str, str], Value]:
    """Every indicator's exact value for every school and for the city in every scope."""
    by_year: dict[int, dict[str, Book]] = defaultdict(dict)
    for book in books:
        by_year[book.year][book.respondent] = book
    bureau = next(r.code for r in city.respondents if r.kind == "bureau")
    values: dict[tuple[int, str, str, str], Value] = {}
    series = _series(by_year, bureau, city)
    for year in sorted({*by_year, *(year for _, year in series)}):
        values |= _of_year(year, by_year.get(year, {}), bureau, city, series)
    return values


def _series(by_year: dict[int, dict[str, Book]], bureau: str, city: City) -> dict[tuple[str, int], Value]:
    """Measures that a row dates itself: (measure, year) → value, from the newest workbook that has the year."""
    found: dict[tuple[str, int], Value] = {}
    for measure in load_measures(city.pack).values():
        if measure.year is None:
            continue
        for report_year in sorted(by_year):
            rows = by_year[report_year].get(bureau, Book("", 0)).rows.get(measure.sheet, [])
            for year in {int(row[measure.year]) for row in rows}:
                found[measure.code, year] = measured(measure, [row for row in rows if row[measure.year] == year])
    return found


def _of_year(
    year: int, books: dict[str, Book], bureau: str, city: City, series: dict[tuple[str, int], Value]
) -> dict[tuple[int, str, str, str], Value]:
    folder = contract_respondents(city.pack)
    roster = books[bureau].rows["roster"] if bureau in books else []
    schools = [row["school_code"] for row in roster]
    of_school: dict[tuple[str, str], Value] = {}
    of_region: dict[str, Value] = {}
    for measure in load_measures(city.pack).values():
        if measure.year:
            of_region[measure.code] = series.get((measure.code, year))
        elif measure.level == "region":
            rows = books[bureau].rows[measure.sheet] if bureau in books else []
            of_region[measure.code] = measured(measure, rows)
        else:
            for school in schools:
                of_school[school, measure.code] = _school_measure(measure, school, books, bureau, folder)
    values: dict[tuple[int, str, str, str], Value] = {}
    for school in schools:
        for indicator in load_indicators(city.pack).values():
            values[year, school, "school", indicator.code] = _indicator(
                indicator, city, year, lambda code, school=school: of_school.get((school, code))
            )
    ownership = {row["school_code"]: row["ownership"] for row in roster}
    for scope in city.scopes:
        members = scope_members(city, scope, roster)

        def total(code: str, members: list[str] = members) -> Value:
            measure = load_measures(city.pack)[code]
            if measure.level == "region":
                return of_region[code]
            if measure.adds == "distinct":
                rows = [row for m in members if m in books for row in books[m].rows[measure.sheet]]
                return measured(measure, rows) if rows else _sum(of_school[m, code] for m in members)
            return _added_up(measure, [of_school[m, code] for m in members])

        for indicator in load_indicators(city.pack).values():
            key = (year, city.code, scope.code, indicator.code)
            if indicator.counts:
                kept = [m for m in members if indicator.counts.ownership in (None, ownership[m])]
                of = load_indicators(city.pack)[indicator.counts.of]
                values[key] = _count_below(of, indicator.counts.below, city, year, kept, of_school) if roster else None
            elif _formula(indicator, city, year).denominator and not _needs_region(indicator, city, year):
                values[key] = _ratio_of_same_schools(indicator, city, year, members, of_school)
            else:
                values[key] = _indicator(indicator, city, year, total)
    return values


def _school_measure(
    measure: Measure, school: str, books: dict[str, Book], bureau: str, folder: dict[str, str]
) -> Value:
    sender = bureau if folder[measure.sheet] == "bureau" else school
    if sender not in books:
        return None
    status = books[sender].status[measure.sheet]
    if status == "none":
        return Fraction(0)
    if status == "unavailable":
        return None
    rows = books[sender].rows[measure.sheet]
    if measure.subject:
        rows = [row for row in rows if row[measure.subject] == school]
        if not rows and not measure.count:
            return None
    return measured(measure, rows)


def _formula(indicator: Indicator, city: City, year: int) -> Any:
    choice = next((c for c in city.definitions if c.indicator == indicator.code), None)
    chosen = choice is not None and (choice.since is None or choice.since <= year)
    return indicator.formula(choice.alternative if choice and chosen else STANDARD_DEFINITION)


def _needs_region(indicator: Indicator, city: City, year: int) -> bool:
    return any(load_measures(city.pack)[code].level == "region" for _, code in _formula(indicator, city, year).terms)


def _indicator(indicator: Indicator, city: City, year: int, measure_of: Any) -> Value:
    if indicator.counts:
        return None
    formula = _formula(indicator, city, year)
    numerator = _complete_sum(measure_of(code) for code in formula.numerator)
    if not formula.denominator:
        return numerator
    denominator = _complete_sum(measure_of(code) for code in formula.denominator)
    if numerator is None or not denominator:
        return None
    return numerator / denominator * indicator.scale


def _ratio_of_same_schools(
    indicator: Indicator, city: City, year: int, members: list[str], of_school: dict[tuple[str, str], Value]
) -> Value:
    formula = _formula(indicator, city, year)
    pairs = [
        (
            _complete_sum(of_school[m, code] for code in formula.numerator),
            _complete_sum(of_school[m, code] for code in formula.denominator),
        )
        for m in members
    ]
    known = [(upper, lower) for upper, lower in pairs if upper is not None and lower is not None]
    denominator = sum((lower for _, lower in known), Fraction(0))
    return sum((upper for upper, _ in known), Fraction(0)) / denominator * indicator.scale if denominator else None


def _count_below(
    indicator: Indicator, bound: Any, city: City, year: int, schools: list[str], of_school: dict[tuple[str, str], Value]
) -> Value:
    """How many of the schools are below the bound; None when none of them can be judged."""
    terms = [code for _, code in _formula(indicator, city, year).terms]
    known = [school for school in schools if all(of_school[school, code] is not None for code in terms)]
    rates = [_indicator(indicator, city, year, lambda code, m=school: of_school[m, code]) for school in known]
    return Fraction(sum(rate is not None and rate < bound for rate in rates)) if known or not schools else None


def _added_up(measure: Measure, values: Sequence[Value]) -> Value:
    """Several schools' numbers as the city's, in the way that the measure declares."""
    known = [value for value in values if value is not None]
    if measure.adds == "maximum":
        return max(known, default=None)
    if measure.adds == "same_for_all":
        return known[0] if len(set(known)) == 1 else None
    return None if measure.adds == "none" else _sum(known)


def _sum(values: Iterable[Value]) -> Value:
    """The sum of what is known; None when nothing is."""
    known = [value for value in values if value is not None]
    return sum(known, Fraction(0)) if known else None


def _complete_sum(values: Iterable[Value]) -> Value:
    """The sum of all; None when one is missing."""
    known = list(values)
    return None if None in known else sum(known, Fraction(0))
