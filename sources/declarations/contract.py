"""Contracts: one sheet of a workbook (填报表), from which its template, schema, tables and pages derive."""

from decimal import Decimal
from functools import lru_cache
from typing import Literal

from pydantic import Field, model_validator

from sources.declarations.codelist import labels_of_codes
from sources.declarations.headings import normalise_label
from sources.declarations.judgement import load_judgements
from sources.declarations.kept import CONTRACTS, kept_part, read_kept
from sources.declarations.kept_ready import kept_ready
from sources.declarations.misfit import Misfit
from sources.declarations.pack import Pack, layered
from sources.declarations.problem import DeclarationError, Problem, meant
from sources.declarations.rule import RowRule, is_none, judging
from sources.declarations.strict_yaml import Declaration, Document, Name
from sources.system.fingerprint import fingerprint
from sources.system.settings import SOURCES_ROOT

TimeBasis = Literal["as_of", "school_year", "calendar_year", "cumulative"]
"""统计时点, 学年, 自然年, 累计."""
Shape = Literal["form", "records"]
Adds = Literal["sum", "distinct", "maximum", "same_for_all", "none"]
"""How a number of several respondents (schools, bureaus) becomes the number of a region: by their sum; by counting each
different thing once; the greatest of them; the one that all of them state of the province that they lie in; or not at
all, so that only whom it was reported of has it."""


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
    check_character: Literal["credit_code"] | None = Field(default=None, exclude_if=is_none)
    """The standard by which the last character follows from the others: 统一社会信用代码 (GB 32100). No part of the
    sheet's version: who fills it in sees nothing of it."""
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
    adds: Adds | None = Field(default=None, exclude=True)
    """How the number adds up across respondents; given for every number of a form, and for nothing else. No part of the
    sheet's version: whoever fills it in sees nothing of it."""
    judged: Name | None = Field(default=None, exclude=True)
    """Of a number: what it can be, an entry of rules/plausibility.yml. No part of the sheet's version either."""
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


class RolledForward(Declaration):
    """That a table is a list which lives longer than a year: the next year's blank template has last year's records as
    rows that can be edited. Numbers are asked anew, and so is whether a record is still there."""

    asks: Name | None = None
    """A column that must be filled, left blank in those rows: what it says of a record this year confirms the record.
    Without one the template asks in a column of its own."""
    ends: dict[Name, tuple[str, ...]] = Field(default={})
    """Column → values after which a record does not stand in the next year's list."""


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
    may_be_none: bool = False
    """Of a form: the respondent may have none of what it asks for (no graduates yet): everything in it is 0."""
    is_optional: bool = False
    """A sheet that may be left untouched or out: then the respondent has nothing to list in it."""
    suppress: Suppression | None = None
    rolled: RolledForward | None = Field(default=None, exclude=True)
    """Whether the records stand in the next year's template. No part of the sheet's version: the reader goes by what
    the workbook shows."""
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
        used = {
            *self.key,
            *suppressed,
            *(name for rule in self.rules for name in rule.columns),
        }
        if not used <= set(names):
            raise ValueError(f"contract {self.name}: unknown columns {sorted(used - set(names))}")
        if adding := [c.name for c in self.columns if c.adds and not (c.is_number and self.shape == "form")]:
            raise ValueError(f"contract {self.name}: `adds` goes with the numbers of a form, not with {adding}")
        if (self.shape == "records") != bool(self.key):
            raise ValueError(f"contract {self.name}: `key` goes with shape `records`, and only with it")
        if self.rolled is not None:
            self._can_be_rolled(self.rolled)
        return self

    def _can_be_rolled(self, rolled: RolledForward) -> None:
        if self.shape != "records" or self.rows is not None:
            raise ValueError(f"contract {self.name}: `rolled` goes with tables whose rows are not fixed")
        if not {rolled.asks or self.key[0], *rolled.ends} <= {column.name for column in self.columns}:
            raise ValueError(f"contract {self.name}: unknown columns in `rolled`")
        if rolled.asks and (rolled.asks in self.key or self.column(rolled.asks).blank != "error"):
            raise ValueError(f"contract {self.name}: `asks` names a column that must be filled and is no key")

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def columns_in(self, report_year: int) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.is_valid_in(report_year))

    def rules_in(self, report_year: int) -> tuple[RowRule, ...]:
        """The rules of the report year, as far as their columns all exist in it."""
        present = {column.name for column in self.columns_in(report_year)}
        return tuple(rule for rule in self.rules if rule.is_valid_in(report_year) and set(rule.columns) <= present)

    def with_rules(self, rules: tuple[RowRule, ...]) -> "Contract":
        """The same sheet with these of its rules; itself when these are all."""
        return self if len(rules) == len(self.rules) else self.model_copy(update={"rules": rules})


@lru_cache
def load_contracts(pack: Pack) -> tuple[Contract, ...]:
    """All contracts, in the order of the sheets in a workbook. Raises DeclarationError."""
    return tuple(sorted(contracts_by_path(pack).values(), key=lambda c: (c.order, c.name)))


@lru_cache
@kept_ready
def contracts_by_path(pack: Pack) -> dict[str, Contract]:
    """The contracts by `<who>/<sheet>.yml`. Raises DeclarationError."""
    if pack.kept:
        return {path: read_kept(Contract, each) for path, each in kept_part(pack.kept, CONTRACTS).items()}
    declared = contracts_as_declared(pack)
    return {path: contract.with_rules(judging(pack, contract.rules)) for path, contract in declared.items()}


@lru_cache
def contracts_as_declared(pack: Pack) -> dict[str, Contract]:
    """The contracts of today by `<who>/<sheet>.yml`, with rules of every state. Raises DeclarationError."""
    documents = layered(SOURCES_ROOT / "contracts", pack, "contracts", labels_of_codes(pack))
    contracts = {path: document.parsed(Contract) for path, document in documents.items()}
    if problems := [p for path, document in documents.items() for p in _unjudged(document, contracts[path], pack)]:
        raise DeclarationError(problems)
    return contracts


def _unjudged(document: Document, contract: Contract, pack: Pack) -> list[Problem]:
    """Of each number that nothing judges, or that a judgement of another unit does: that it is so."""
    judgements, found = load_judgements(pack), []
    for at, column in enumerate(contract.columns):
        judgement = judgements.get(column.judged or "")
        if column.judged and judgement is None:
            told = f"rules/plausibility.yml 里没有“{column.judged}”{meant(column.judged, list(judgements))}"
        elif column.is_number and judgement is None:
            told = f"数字“{column.label}”没有写怎样判断：写上 judged，取 rules/plausibility.yml 里的一项"
        elif judgement and not judgement.is_label and column.unit not in judgement.units:
            told = f"“{column.judged}”判断的单位是 {'、'.join(judgement.units)}，不是“{column.unit or ''}”"
        else:
            continue
        found.append(Misfit(("columns", at, "judged"), told))
    return document.problems_of(found)


@lru_cache
def contract_respondents(pack: Pack) -> dict[str, str]:
    """Contract name → who fills it in: `school`, `bureau` or `common` (the folder the contract lies in)."""
    return {contract.name: path.partition("/")[0] for path, contract in contracts_by_path(pack).items()}


@lru_cache
def contracts_for(pack: Pack, kind: str, report_year: int) -> tuple[Contract, ...]:
    """The sheets that a respondent of this kind fills in for the report year, in workbook order, with its rules."""
    folder = contract_respondents(pack)
    return tuple(
        contract.with_rules(tuple(rule for rule in contract.rules if rule.is_valid_in(report_year)))
        for contract in load_contracts(pack)
        if folder[contract.name] in (kind, "common") and contract.is_valid_in(report_year)
    )


@lru_cache
def template_version(pack: Pack, kind: str, report_year: int) -> str:
    """Version of the workbook that respondents of this kind get for the report year."""
    return f"{report_year}-{fingerprint(contracts_for(pack, kind, report_year))}"


@lru_cache
def contract_named(pack: Pack, name: str) -> Contract:
    return next(contract for contract in load_contracts(pack) if contract.name == name)
