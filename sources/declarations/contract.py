"""Contracts: one sheet of a workbook (填报表), from which its template, schema, tables and pages derive."""

from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import model_validator

from sources.declarations.headings import normalise_label
from sources.declarations.rule import RowRule
from sources.declarations.strict_yaml import Declaration, Name, load
from sources.system.fingerprint import fingerprint
from sources.system.settings import SOURCES_ROOT

TimeBasis = Literal["as_of", "school_year", "calendar_year", "cumulative"]
"""统计时点, 学年, 自然年, 累计."""
Shape = Literal["form", "records"]


class Column(Declaration):
    """One column of a sheet: for a `form`, one item (row) of the form."""

    name: Name
    label: str
    type: Literal["integer", "decimal", "text", "code", "date"]
    unit: str | None = None
    decimals: int | None = None
    codelist: str | None = None
    ge: Decimal | None = None
    le: Decimal | None = None
    pattern: str | None = None
    max_length: int = 200
    blank: Literal["error", "warning", "missing"] = "error"
    """What an empty cell means: an error, a warning, or simply 'not reported' (never zero)."""
    hint: str
    """Words for the person who fills in the cell (Chinese)."""
    aliases: tuple[str, ...] = ()
    """Other headings of the column in older workbooks; compared like the label."""
    prefilled: bool = False
    """Written and locked by the template (keys of fixed rows, the cover's identity)."""
    time_basis: TimeBasis | None = None
    """Given only where it differs from the sheet's."""
    since: int | None = None
    until: int | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "Column":
        if (self.type == "code") != (self.codelist is not None):
            raise ValueError(f"column {self.name}: `codelist` goes with type `code`, and only with it")
        if (self.type == "decimal") != (self.decimals is not None):
            raise ValueError(f"column {self.name}: `decimals` goes with type `decimal`, and only with it")
        return self

    @property
    def heading(self) -> str:
        """The label with its unit, as the template prints it."""
        return f"{self.label}（{self.unit}）" if self.unit else self.label

    @property
    def is_number(self) -> bool:
        return self.type in ("integer", "decimal")

    @property
    def headings(self) -> frozenset[str]:
        """Every normalised heading that means this column."""
        return frozenset(normalise_label(text) for text in (self.label, self.heading, *self.aliases))


class Suppression(Declaration):
    """Rows that rest on fewer people than `minimum` (column `by`) are not published: `columns` are taken out."""

    by: Name
    minimum: int
    columns: tuple[Name, ...]


class Contract(Declaration):
    """One sheet of a workbook."""

    name: Name
    title: str
    """The sheet's name in the workbook."""
    order: int
    shape: Shape
    """`form`: known items below each other, one record a workbook. `records`: a table, one record a row."""
    time_basis: TimeBasis
    description: str
    needed_by: tuple[str, ...]
    """The figures, tables or standards for which the sheet exists."""
    instructions: str
    """Printed at the head of the sheet (Chinese)."""
    key: tuple[Name, ...] = ()
    rows: str | None = None
    """Code list whose entries are the fixed rows of a `records` sheet."""
    max_rows: int = 200
    suppress: Suppression | None = None
    columns: tuple[Column, ...]
    rules: tuple[RowRule, ...] = ()
    since: int | None = None
    until: int | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "Contract":
        names = [column.name for column in self.columns]
        repeated = {name for name in names if names.count(name) > 1}
        if repeated:
            raise ValueError(f"contract {self.name}: repeated columns {sorted(repeated)}")
        suppressed = {self.suppress.by, *self.suppress.columns} if self.suppress else set()
        used = {*self.key, *suppressed, *(name for rule in self.rules for name in rule.columns)}
        if not used <= set(names):
            raise ValueError(f"contract {self.name}: unknown columns {sorted(used - set(names))}")
        if (self.shape == "records") != bool(self.key):
            raise ValueError(f"contract {self.name}: `key` goes with shape `records`, and only with it")
        return self

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def columns_in(self, report_year: int) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.is_valid_in(report_year))

    def rules_in(self, report_year: int) -> tuple[RowRule, ...]:
        """The rules whose columns all exist in the report year."""
        present = {column.name for column in self.columns_in(report_year)}
        return tuple(rule for rule in self.rules if set(rule.columns) <= present)


@lru_cache
def load_contracts() -> tuple[Contract, ...]:
    """All contracts, in the order of the sheets in a workbook."""
    return tuple(sorted(_contracts().values(), key=lambda c: (c.order, c.name)))


@lru_cache
def _contracts() -> dict[Path, Contract]:
    paths = sorted((SOURCES_ROOT / "contracts").rglob("*.yml"))
    return {path: load(path, Contract) for path in paths}


@lru_cache
def contract_respondents() -> dict[str, str]:
    """Contract name → who fills it in: `school`, `bureau` or `common` (the folder the contract lies in)."""
    return {contract.name: path.parent.name for path, contract in _contracts().items()}


@lru_cache
def contracts_for(kind: str, report_year: int) -> tuple[Contract, ...]:
    """The sheets that a respondent of this kind fills in for the report year, in workbook order."""
    folder = contract_respondents()
    return tuple(c for c in load_contracts() if folder[c.name] in (kind, "common") and c.is_valid_in(report_year))


@lru_cache
def template_version(kind: str, report_year: int) -> str:
    """Version of the workbook that respondents of this kind get for the report year."""
    return f"{report_year}-{fingerprint(contracts_for(kind, report_year))}"


@lru_cache
def contract_named(name: str) -> Contract:
    return next(contract for contract in load_contracts() if contract.name == name)
