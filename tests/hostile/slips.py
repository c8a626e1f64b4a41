"""Slips of the pen, planted into rows that hold: what a person might type by mistake, by the kind of mistake."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl

from sources.declarations.contract import Contract, load_contracts
from sources.declarations.rule import RowRule
from sources.sample.pour import load_samples
from sources.submission.frames import sheet_frame
from tests.hostile.books import CITY_DIR
from tests.support.sample import PACK

Row = dict[str, Any]
CONTRACTS = {contract.name: contract for contract in load_contracts(PACK)}
YEARLY_CHANGE = 0.1
"""Standard deviation of the relative change of a number within a year."""
SUMS = {
    ("students", "sex_adds_up"): ("students_full_time", ("students_full_time_male", "students_full_time_female")),
    ("outcomes", "further_study_adds_up"): (
        "further_study",
        ("further_study_undergraduate", "further_study_college"),
    ),
    ("digital", "virtual_bases_add_up"): (
        "virtual_bases",
        ("virtual_bases_national", "virtual_bases_provincial", "virtual_bases_school"),
    ),
    ("digital", "resource_libraries_add_up"): (
        "resource_libraries",
        ("resource_libraries_national", "resource_libraries_provincial", "resource_libraries_school"),
    ),
}
RATES = {"national_scholarship": 6000, "regional_scholarship": 2000}
RATE_RULES = {
    "national_scholarship": "national_scholarship_is_6000",
    "regional_scholarship": "regional_scholarship_amount",
}


@dataclass(frozen=True)
class Planted:
    """A slip: the respondent and the rule it breaks, the row as it should be, what was typed, and last year's row."""

    kind: str
    respondent: str
    contract: Contract
    rule: RowRule
    row: Row
    typed: Row
    last_year: Row

    @property
    def correction(self) -> Row:
        return {name: self.row[name] for name in self.typed}


def planted_slips(seed: int) -> list[Planted]:
    """Every kind of slip in every cell of every identity that the sample city's schools have data for.

    Only slips that break the identity: the others nobody can find.
    """
    rng = random.Random(seed)
    return [
        Planted(kind, respondent, CONTRACTS[sheet], rule, row, typed, last_year)
        for respondent, sheet, rule, row, last_year in _rows_that_hold(rng)
        for kind, typed in _slips(rng, CONTRACTS[sheet], rule, row, last_year)
        if any(row[name] != value for name, value in typed.items())
        and not _holds(CONTRACTS[sheet], rule, {**row, **typed})
    ]


def _rows_that_hold(rng: random.Random) -> Iterator[tuple[str, str, RowRule, Row, Row]]:
    for respondent, submission in load_samples(CITY_DIR, 2023).items():
        for (sheet, rule_id), (total, parts) in SUMS.items():
            for record in submission[sheet].records if sheet in submission else ():
                row = _complete(rng, dict(record), total, parts)
                if row[total]:
                    yield respondent, sheet, _rule(sheet, rule_id), row, _year_before(rng, row, total, parts)
        for record in submission["aid"].records if "aid" in submission else ():
            if record["programme"] in RATES and record["recipients"]:
                rule_id = RATE_RULES[str(record["programme"])]
                yield respondent, "aid", _rule("aid", rule_id), dict(record), {}


def _rule(sheet: str, rule_id: str) -> RowRule:
    return next(rule for rule in CONTRACTS[sheet].rules if rule.id == rule_id)


def _complete(rng: random.Random, row: Row, total: str, parts: tuple[str, ...]) -> Row:
    """The row with the parts of a sum, made up where the sample has none."""
    if any(row.get(part) is None for part in parts):
        whole = max(row.get(total) or 0, rng.randint(3, 40))
        cuts = [0, *sorted(rng.randint(0, whole) for _ in parts[1:]), whole]
        row |= {total: whole, **{part: cuts[n + 1] - cuts[n] for n, part in enumerate(parts)}}
    return row


def _year_before(rng: random.Random, row: Row, total: str, parts: tuple[str, ...]) -> Row:
    before = {
        name: max(0, type(value)(round(float(value) * rng.gauss(1, YEARLY_CHANGE))))
        for name, value in row.items()
        if isinstance(value, int | Decimal)
    }
    return {**before, total: sum(before[part] for part in parts)}


def _slips(
    rng: random.Random, contract: Contract, rule: RowRule, row: Row, last_year: Row
) -> Iterator[tuple[str, Row]]:
    names = [name for name in rule.columns if contract.column(name).is_number]
    for number, name in enumerate(names):
        value, kind = row[name], type(row[name])
        digits = str(int(value))
        at, pair = rng.randrange(len(digits)), rng.randrange(max(len(digits) - 1, 1))
        other_digit = rng.choice([digit for digit in "0123456789" if digit != digits[at]])
        yield "one_digit", {name: kind(int(digits[:at] + other_digit + digits[at + 1 :]))}
        yield "extra_digit", {name: kind(int(digits[: at + 1] + digits[at] + digits[at + 1 :]))}
        if len(digits) > 1:
            yield "missing_digit", {name: kind(int(digits[:at] + digits[at + 1 :]))}
            yield "swapped", {name: kind(int(digits[:pair] + digits[pair : pair + 2][::-1] + digits[pair + 2 :]))}
        yield "power_of_ten", {name: value * 10 ** rng.choice((1, 1, 2, 3, 4))}
        if contract.column(name).type == "decimal":
            yield "power_of_ten", {name: value / 10_000}
        if name in last_year:
            yield "last_year", {name: last_year[name]}
        yield "neighbour", {name: kind(row[names[number - 1]])}
        for other in names[:number]:
            yield "exchanged", {other: type(row[other])(value), name: kind(row[other])}
    if len(names) > 2:
        values = [row[name] for name in names]
        for shifted in ([*values[1:], values[0]], [values[-1], *values[:-1]]):
            yield "shifted", {n: new for n, new, old in zip(names, shifted, values, strict=True) if new != old}


def _holds(contract: Contract, rule: RowRule, row: Row) -> bool | None:
    frame = sheet_frame(contract, [{column.name: row.get(column.name) for column in contract.columns}])
    return frame.select(holds=pl.sql_expr(rule.expr)).item()
