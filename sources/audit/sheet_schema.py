"""A sheet's pandera schema, derived from its contract, and its failures as findings."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData

from sources.audit.check_characters import CREDIT_LENGTH, CREDIT_LETTERS, CREDIT_WEIGHTS, check_character_told
from sources.audit.conflict import unmendable
from sources.audit.sheet_stack import SheetStack
from sources.audit.slips import suggest
from sources.declarations.contract import Column, contracts_for
from sources.declarations.pack import Pack
from sources.declarations.rule import IntakeRule, RowRule, load_intake_rules
from sources.submission.finding import ALIKE_SHOWN, Finding, SuggestedCell, finding, intake_finding
from sources.submission.frames import polars_type

NOT_NULLABLE, NOT_UNIQUE = "not_nullable", "multiple_fields_uniqueness"
"""What pandera calls the failures that no check of ours has a name for."""
CHECK_CHARACTER = "value.check_character"
Row = Mapping[str, Any]
"""A row of a typed frame: column → value."""


@dataclass(frozen=True, slots=True)
class ColumnCheck:
    """A pandera check of one column's values; it is named like the rule (of rules/intake.yml) that it stands for."""

    holds: pl.Expr
    rule_id: str
    expected: str

    @property
    def check(self) -> pa.Check:
        return _check(self.holds, error=self.rule_id)


@dataclass(frozen=True, slots=True)
class FrameCheck:
    """A pandera check of a whole frame, and the rule under which a failing row is a finding."""

    name: str
    expr: str
    rule_id: str
    rule: RowRule | IntakeRule
    columns: tuple[str, ...]
    message: str

    @property
    def holds(self) -> pl.Expr:
        return pl.sql_expr(self.expr)

    @property
    def check(self) -> pa.Check:
        return _check(self.holds, name=self.name)


@dataclass(frozen=True, slots=True)
class SheetSchema:
    """A contract's pandera schema, and the checks that turn its failures into findings."""

    schema: pa.DataFrameSchema
    nothing_fails: pl.Expr
    """All that the schema asks, in one expression: pandera takes a millisecond a check, and mostly nothing fails."""
    column_checks: Mapping[str, Mapping[str, ColumnCheck]]
    """Column → name of the check → the check."""
    frame_checks: Mapping[str, FrameCheck]
    """By name."""


def value_findings(stack: SheetStack, raw: pl.DataFrame, typed: pl.DataFrame) -> Iterator[Finding]:
    """Failures of the pandera schema on the typed frame, as findings; a failure is known by its check's name."""
    sheet = sheet_schema(stack.pack, stack.contract.name, stack.report_year)
    if typed.select(sheet.nothing_fails).item():
        return
    try:
        sheet.schema.validate(typed, lazy=True)
    except pa.errors.SchemaErrors as errors:
        failures = errors.failure_cases.select("index", "column", "check")
    else:
        return
    diagnosed: Counter[tuple[str, str]] = Counter()
    for index, name, check in failures.iter_rows():
        row, text = typed.row(index, named=True), raw.row(index, named=True)
        if check == NOT_NULLABLE:
            yield from _blank(stack, name, row, text)
        elif check == NOT_UNIQUE:
            yield from _duplicate(stack, row)
        elif check in sheet.frame_checks:
            yield from _broken_rule(stack, sheet.frame_checks[check], row, text, diagnosed)
        else:
            yield _out_of_bounds(stack, name, sheet.column_checks[name][check], row)


def _out_of_bounds(stack: SheetStack, name: str, failed: ColumnCheck, row: Row) -> Finding:
    at = stack.places.at(row["submission_id"], row["record"], name)
    label = stack.contract.column(name).label
    expected = check_character_told(row[name]) if failed.rule_id == CHECK_CHARACTER else failed.expected
    return intake_finding(failed.rule_id, at.address, at.text, label=label, expected=expected)


def _blank(stack: SheetStack, name: str, row: Row, text: Row) -> Iterator[Finding]:
    """The finding that nothing was filled in; none where a text is of another type, which has its own finding."""
    if text[name] is None and not stack.has_lost(row["submission_id"], name):
        at = stack.places.at(row["submission_id"], row["record"], name)
        yield intake_finding("value.blank", at.address, at.text, label=stack.contract.column(name).label)


def _duplicate(stack: SheetStack, row: Row) -> Iterator[Finding]:
    key = stack.contract.key
    if not stack.has_lost(row["submission_id"], *key):
        at = stack.places.at(row["submission_id"], row["record"], key[0])
        shown = "、".join(str(row[name]) for name in key if row[name] is not None)
        yield intake_finding("record.duplicate", at.address, shown)


def _broken_rule(
    stack: SheetStack, broken: FrameCheck, row: Row, text: Row, diagnosed: Counter[tuple[str, str]]
) -> Iterator[Finding]:
    """The finding about a broken rule, with its probable cause; of many alike, only those shown have a cause.

    `diagnosed` counts them by submission and rule.
    """
    submission_id, first = row["submission_id"], broken.columns[0]
    if any(row[name] is None and _has_own_finding(stack, submission_id, name, text) for name in broken.columns):
        return
    if any(_is_too_small(stack.contract.column(name), row[name]) for name in broken.columns):
        return
    at, rule, likely = stack.places.at(submission_id, row["record"], first), broken.rule, []
    message, words = broken.message.format(**row), ""
    diagnosed[submission_id, broken.rule_id] += 1
    if isinstance(rule, RowRule) and diagnosed[submission_id, broken.rule_id] <= ALIKE_SHOWN:
        likely = suggest(stack.contract, rule, row, stack.last_year.get(submission_id, {}))
        words = "；或者".join(each.text(stack.contract) for each in likely) or _why_unmendable(stack, rule, row)
    suggested = tuple(SuggestedCell(name, value) for each in likely[:1] for name, value in each.values.items())
    yield finding(at.address, at.text, broken.rule_id, rule, rule.severity, message, rule.fix, words or None, suggested)


def _why_unmendable(stack: SheetStack, rule: RowRule, row: Row) -> str:
    """Why no single number mends a row that is rejected; nothing where one does."""
    if rule.severity != "error":
        return ""
    rejecting = [each for each in stack.contract.rules_in(stack.report_year) if each.severity == "error"]
    conflict = unmendable(stack.contract, rule, rejecting, row)
    return conflict.text(stack.contract) if conflict else ""


def _is_too_small(column: Column, value: Any) -> bool:
    """Whether a finding says already that there is no such number: what it breaks beside others says nothing more."""
    return column.is_number and value is not None and column.ge is not None and value < column.ge


def _has_own_finding(stack: SheetStack, submission_id: str, name: str, text: Row) -> bool:
    """Whether a finding says already why a value is missing: its heading is lost, or its text is of another type."""
    return text[name] is not None or stack.has_lost(submission_id, name)


@lru_cache
def sheet_schema(pack: Pack, contract_name: str, report_year: int) -> SheetSchema:
    """The pandera schema of a sheet in a report year, derived from its contract."""
    contract = next(
        c for kind in ("school", "bureau") for c in contracts_for(pack, kind, report_year) if c.name == contract_name
    )
    columns = contract.columns_in(report_year)
    column_checks = {column.name: _column_checks(column) for column in columns}
    schema_columns = {"submission_id": pa.Column(pl.String), "record": pa.Column(pl.Int64)}
    for column in columns:
        checks = [each.check for each in column_checks[column.name]]
        schema_columns[column.name] = pa.Column(polars_type(column), checks=checks, nullable=column.blank != "error")
    frame_checks = [_blank_warning(column) for column in columns if column.blank == "warning"]
    frame_checks += [
        FrameCheck(rule.id, rule.expr, f"{contract.name}.{rule.id}", rule, rule.columns, rule.message)
        for rule in contract.rules_in(report_year)
    ]
    unique = ["submission_id", *contract.key]
    schema = pa.DataFrameSchema(
        schema_columns,
        checks=[check.check for check in frame_checks],
        unique=unique,
        strict=True,
    )
    asked = [pl.col(column.name).is_not_null() for column in columns if column.blank == "error"]
    asked += [check.holds for checks in column_checks.values() for check in checks]
    asked += [check.holds for check in frame_checks]
    nothing_fails = pl.all_horizontal(
        pl.struct(unique).is_duplicated().not_().all(), *(holds.fill_null(True).all() for holds in asked)
    )
    return SheetSchema(
        schema,
        nothing_fails,
        {name: {check.rule_id: check for check in checks} for name, checks in column_checks.items()},
        {check.name: check for check in frame_checks},
    )


def _column_checks(column: Column) -> list[ColumnCheck]:
    """The column's checks, each with the rule that a failure breaks and the expected value."""
    value, found = pl.col(column.name), []
    if column.ge is not None:
        found.append(ColumnCheck(value >= _bound(column, column.ge), "value.too_small", str(column.ge)))
    if column.le is not None:
        found.append(ColumnCheck(value <= _bound(column, column.le), "value.too_large", str(column.le)))
    if column.pattern is not None:
        found.append(ColumnCheck(value.str.contains(f"^(?:{column.pattern})"), "value.pattern", str(column.hint)))
    elif column.type == "text":
        fits = value.str.len_chars() <= column.max_length
        found.append(ColumnCheck(fits, "value.too_long", str(column.max_length)))
    if column.check_character is not None:
        found.append(ColumnCheck(credit_code_holds(column.name), CHECK_CHARACTER, column.label))
    return found


def _bound(column: Column, value: object) -> Any:
    return int(str(value)) if column.type == "integer" else value


def _blank_warning(column: Column) -> FrameCheck:
    """A check of the frame, because in pandera a null fails no check of a column but `nullable`."""
    rule = load_intake_rules()["value.blank_warning"]
    message = rule.message.format(label=column.label)
    return FrameCheck(f"{rule.id}:{column.name}", f"{column.name} is not null", rule.id, rule, (column.name,), message)


def _check(holds: pl.Expr, name: str | None = None, error: str | None = None) -> pa.Check:
    """A pandera check of a condition; a row for which it is not verifiable (NULL) does not fail."""

    def check(data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(holds.fill_null(True).alias("holds"))

    return pa.Check(check, name=name, error=error)


def credit_code_holds(column: str) -> pl.Expr:
    """Whether the check character fits; a text of another length holds, because it has a finding of its own."""
    code = pl.col(column)
    value_of = {letter: value for value, letter in enumerate(CREDIT_LETTERS)}
    terms = [
        code.str.slice(place, 1).replace_strict(value_of, default=None, return_dtype=pl.Int64) * weight
        for place, weight in enumerate((*CREDIT_WEIGHTS, 1))
    ]
    fits = (pl.sum_horizontal(terms, ignore_nulls=False) % 31 == 0).fill_null(False)
    return (code.str.len_chars() != CREDIT_LENGTH).fill_null(True) | fits
