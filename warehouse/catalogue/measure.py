"""Measures: numbers that come straight from submitted cells."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal, get_args

from pydantic import model_validator

from sources.declarations.codelist import labels_of_codes, load_codelists
from sources.declarations.contract import (
    Adds,
    Column,
    Contract,
    TimeBasis,
    contract_named,
    contract_respondents,
    load_contracts,
)
from sources.declarations.misfit import Place
from sources.declarations.pack import Pack, layered
from sources.declarations.problem import DeclarationError, Problem, meant
from sources.declarations.strict_yaml import Declaration, Document, Name
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
    adds: Adds
    value: str | None = None
    count: bool = False
    sum: str | None = None
    distinct: str | None = None
    where: str | None = None
    condition: str | None = None
    """`where` as SQL: a code stands for all of its kinds (code lists, `parent`). Made, not written."""
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
        if self.adds == "distinct" and not (self.distinct and self.level == "school"):
            raise ValueError(f"measure {self.code}: only what schools list row by row can be counted once in a region")
        return self

    filled_in_by: str
    """Who fills in the sheet: `school` or `bureau`."""

    @property
    def level(self) -> Level:
        """Whom the number speaks of: a school, or the region that the bureau reports on."""
        return "region" if self.filled_in_by == "bureau" and self.subject is None else "school"


def expanded(pack: Pack, document: Document, key: str) -> Iterator[tuple[Place, dict[str, Any]]]:
    """The entries of a list in a file, each with its place in it.

    One with `for_each: <code list>` comes once for each code; {each} and {each_label} are filled in.

    Raises DeclarationError for what is no list of mappings, an unknown code list, and other words in braces.
    """
    entries = document.data.get(key, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise document.fault((key,), f"`{key}` must be a list of mappings")
    for position, entry in enumerate(entries):
        if "for_each" not in entry:
            yield (key, position), entry
            continue
        template = {key: value for key, value in entry.items() if key != "for_each"}
        if (codelist := load_codelists(pack).get(entry["for_each"])) is None:
            told = f"there is no code list `{entry['for_each']}`{meant(entry['for_each'], load_codelists(pack), 'en')}"
            raise document.fault((key, position, "for_each"), told)
        for code in codelist.codes:
            try:
                filled = _filled(template, {"each": code.code, "each_label": code.label})
            except (KeyError, ValueError, IndexError) as error:
                told = f"only {{each}} and {{each_label}} can be filled in, not {error}"
                raise document.fault((key, position), told) from None
            yield (key, position), filled


def _filled(value: Any, texts: dict[str, str]) -> Any:
    if isinstance(value, str):
        return value.format(**texts)
    if isinstance(value, dict):
        return {key: _filled(item, texts) for key, item in value.items()}
    return [_filled(item, texts) for item in value] if isinstance(value, list) else value


@lru_cache
def catalogue_files(pack: Pack) -> dict[str, Document]:
    """The files of the catalogue by their path in it, with the pack's laid over them. Raises DeclarationError."""
    return layered(CATALOGUE_ROOT, pack, "catalogue", labels_of_codes(pack))


class _Measures(Declaration):
    """measures.yml: each entry is a `Measure`, but for what it leaves out or has filled in."""

    measures: tuple[dict[str, Any], ...]


@lru_cache
def load_measures(pack: Pack) -> dict[str, Measure]:
    """All measures by code: the forms' numbers, then those of measures.yml. Raises DeclarationError."""
    folder = contract_respondents(pack)
    contracts = {contract.name: contract for contract in load_contracts(pack)}
    of_forms = [
        measure
        for contract in contracts.values()
        if contract.shape == "form" and folder[contract.name] != "common"
        for measure in _form_measures(contract, folder[contract.name])
    ]
    document = catalogue_files(pack)["measures.yml"]
    document.parsed(_Measures)
    of_tables = [
        _with_kinds(pack, _measure(document, place, entry, contracts, folder))
        for place, entry in expanded(pack, document, "measures")
    ]
    return {measure.code: measure for measure in of_forms + of_tables}


def _measure(
    document: Document,
    place: Place,
    entry: dict[str, Any],
    contracts: Mapping[str, Contract],
    folder: Mapping[str, str],
) -> Measure:
    """An entry with what it leaves out: description, time basis and years come from its label and sheet."""
    sheet = str(entry.get("sheet", ""))
    inherited: dict[str, Any] = {"description": entry.get("label")}
    if sheet in contracts:
        contract = contracts[sheet]
        inherited |= {"time_basis": contract.time_basis, "since": contract.since, "until": contract.until}
        inherited["filled_in_by"] = folder[sheet]
    elif sheet:
        raise document.fault((*place, "sheet"), f"there is no sheet `{sheet}`{meant(sheet, contracts, 'en')}")
    return document.parsed(Measure, inherited | entry, place)


def _with_kinds(pack: Pack, measure: Measure) -> Measure:
    """The measure with its condition for SQL."""
    contract, lists = contract_named(pack, measure.sheet), load_codelists(pack)
    list_of = {column.name: lists[column.codelist] for column in contract.columns if column.codelist in lists}

    def widened(found: re.Match[str]) -> str:
        kinds = list_of[found[1]].kinds_of(found[2]) if found[1] in list_of else ()
        return f"{found[1]} in ({', '.join(map(repr, kinds))})" if len(kinds) > 1 else found[0]

    return measure.model_copy(
        update={"condition": measure.where and re.sub(r"(\w+) = '(\w+)'", widened, measure.where)}
    )


def _form_measures(contract: Contract, filled_in_by: str) -> list[Measure]:
    return [
        Measure(
            code=column.name,
            label=column.label.removeprefix("其中："),
            unit=column.unit or "",
            sheet=contract.name,
            description=column.hint.removesuffix("没有填0。").strip(),
            time_basis=column.time_basis or contract.time_basis,
            adds=_adds(contract, column),
            value=column.name,
            filled_in_by=filled_in_by,
            is_whole=column.type == "integer",
            since=max(filter(None, (contract.since, column.since)), default=None),
            until=min(filter(None, (contract.until, column.until)), default=None),
        )
        for column in contract.columns
        if column.is_number
    ]


def _adds(contract: Contract, column: Column) -> Adds:
    """Raises DeclarationError for a number of a form that does not say how it adds up."""
    if column.adds is None:
        told = f"{contract.name}.{column.name} is a measure: declare `adds` ({', '.join(get_args(Adds))})"
        raise DeclarationError([Problem(contract.name, None, "adds", told, "en")])
    return column.adds


def measure_columns(pack: Pack, measure: Measure) -> list[str]:
    """The columns of its sheet that a measure is made from, in the sheet's order; a count takes the key's."""
    contract = contract_named(pack, measure.sheet)
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
