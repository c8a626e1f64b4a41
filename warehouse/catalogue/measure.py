"""Measures: numbers that come straight from submitted cells."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal

from pydantic import model_validator

from sources.declarations.codelist import load_codelists
from sources.declarations.contract import Contract, TimeBasis, contract_respondents, load_contracts
from sources.declarations.strict_yaml import Declaration, Name, read_yaml
from sources.system.settings import CATALOGUE_ROOT

Level = Literal["school", "region"]


class Measure(Declaration):
    """A number that comes straight from submitted cells.

    Every number of a `form` is a measure by the column's name; the others are listed in measures.yml. Exactly
    one of `value` (an expression over a form), `count`, `sum` and `distinct` (over a table's rows) says how.
    """

    code: Name
    label: str
    unit: str
    sheet: Name
    description: str
    time_basis: TimeBasis
    value: str | None = None
    count: bool = False
    sum: str | None = None
    distinct: str | None = None
    where: str | None = None
    is_distinct_in_region: bool = False
    """The region counts each distinct value once, however many schools name it, instead of adding schools up."""
    is_whole: bool = True
    """Whether the number is always a whole one, a count."""
    subject: Name | None = None
    """Column with the school that a row of the bureau's table speaks of."""
    year: Name | None = None
    """Column with the year that a row speaks of, where it is not the report year."""
    since: int | None = None
    until: int | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "Measure":
        if sum(map(bool, (self.value, self.count, self.sum, self.distinct))) != 1:
            raise ValueError(f"measure {self.code}: give one of `value`, `count`, `sum`, `distinct`")
        return self

    @property
    def level(self) -> Level:
        """Whom the number speaks of: a school, or the region that the bureau reports on."""
        of_bureau = contract_respondents()[self.sheet] == "bureau"
        return "region" if of_bureau and self.subject is None else "school"


def expanded(entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Entries with `for_each: <code list>` once for each code; {each} and {each_label} are filled in."""
    for entry in entries:
        if "for_each" not in entry:
            yield entry
            continue
        template = {key: value for key, value in entry.items() if key != "for_each"}
        for code in load_codelists()[entry["for_each"]].codes:
            yield _filled(template, {"each": code.code, "each_label": code.label})


def _filled(value: Any, texts: dict[str, str]) -> Any:
    if isinstance(value, str):
        return value.format(**texts)
    if isinstance(value, dict):
        return {key: _filled(item, texts) for key, item in value.items()}
    return [_filled(item, texts) for item in value] if isinstance(value, list) else value


@lru_cache
def load_measures() -> dict[str, Measure]:
    """All measures by code: the forms' numbers, then those of measures.yml."""
    folder = contract_respondents()
    contracts = {contract.name: contract for contract in load_contracts()}
    of_forms = [
        measure
        for contract in contracts.values()
        if contract.shape == "form" and folder[contract.name] != "common"
        for measure in _form_measures(contract)
    ]
    of_tables = [
        Measure(
            **(
                {"description": entry["label"], "time_basis": contracts[entry["sheet"]].time_basis}
                | {"since": contracts[entry["sheet"]].since, "until": contracts[entry["sheet"]].until}
                | entry
            )
        )
        for entry in expanded(read_yaml(CATALOGUE_ROOT / "measures.yml")["measures"])
    ]
    return {measure.code: measure for measure in of_forms + of_tables}


def _form_measures(contract: Contract) -> list[Measure]:
    return [
        Measure(
            code=column.name,
            label=column.label.removeprefix("其中："),
            unit=column.unit or "",
            sheet=contract.name,
            description=column.hint.removesuffix("没有填0。").strip(),
            time_basis=column.time_basis or contract.time_basis,
            value=column.name,
            is_whole=column.type == "integer",
            since=max(filter(None, (contract.since, column.since)), default=None),
            until=min(filter(None, (contract.until, column.until)), default=None),
        )
        for column in contract.columns
        if column.is_number
    ]


def measure_columns(measure: Measure) -> list[str]:
    """The columns of its sheet that a measure is made from, in the sheet's order; a count takes the key's."""
    contract = next(contract for contract in load_contracts() if contract.name == measure.sheet)
    expressions = " ".join(filter(None, (measure.value, measure.sum, measure.distinct, measure.where)))
    used = set(re.findall(r"[a-z][a-z0-9_]*", re.sub(r"'[^']*'", "", expressions)))
    if measure.count:
        used |= set(contract.key)
    return [column.name for column in contract.columns if column.name in used]


def how_measured(measure: Measure) -> str:
    """In words: what is done with the cells."""
    which = f"（{measure.where}）" if measure.where else ""
    if measure.count:
        return f"计行数{which}"
    if measure.distinct:
        return f"不同的 {measure.distinct} 的个数{which}"
    return f"{measure.value or measure.sum}{which}"
