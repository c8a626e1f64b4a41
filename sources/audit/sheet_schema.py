"""A sheet's pandera schema, derived from its contract, and its failures as findings."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData

from sources.audit.places import Places
from sources.audit.slips import suggest
from sources.declarations.contract import Column, Contract, contracts_for
from sources.declarations.rule import IntakeRule, RowRule, load_intake_rules
from sources.submission.finding import ALIKE_SHOWN, Finding, finding, intake_finding
from sources.submission.frames import polars_type

LastYear = Mapping[str, dict[str, Any]]
"""Submission → column → last year's value, for one sheet."""


@dataclass(frozen=True)
class FrameCheck:
    """A pandera check of a whole frame, and the rule under which a failing row is a finding."""

    check: pa.Check
    rule_id: str
    rule: RowRule | IntakeRule
    columns: tuple[str, ...]
    message: str


@dataclass(frozen=True)
class SheetSchema:
    """A contract as pandera schema, with what turns its failures into findings."""

    schema: pa.DataFrameSchema
    column_rules: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """Column → for each of its checks, in order: (rule of rules/intake.yml, what was expected)."""
    frame_checks: list[FrameCheck] = field(default_factory=list)


def value_findings(
    contract: Contract,
    report_year: int,
    raw: pl.DataFrame,
    typed: pl.DataFrame,
    places: "Places",
    broken: pl.DataFrame,
    last_year: LastYear,
) -> Iterator[Finding]:
    """Failures of the pandera schema on the typed frame, as findings."""
    sheet = sheet_schema(contract.name, report_year)
    try:
        sheet.schema.validate(typed, lazy=True)
    except pa.errors.SchemaErrors as errors:
        failures = errors.failure_cases
    else:
        return
    lost = set(broken.select("submission_id", "column_name").iter_rows())
    diagnosed: Counter[tuple[str, str]] = Counter()
    for failure in failures.iter_rows(named=True):
        row = typed.row(failure["index"], named=True)
        submission_id, record = row["submission_id"], row["record"]
        if failure["schema_context"] == "Column":
            column = contract.column(failure["column"])
            at = places.at(submission_id, record, column.name)
            if failure["check"] != "not_nullable":
                rule_id, expected = sheet.column_rules[column.name][failure["check_number"]]
                yield intake_finding(rule_id, at, label=column.label, expected=expected)
            elif raw.item(failure["index"], column.name) is None and (submission_id, column.name) not in lost:
                yield intake_finding("value.blank", at, label=column.label)
        elif failure["check_number"] is None:
            if any((submission_id, name) in lost for name in contract.key):
                continue
            at = places.at(submission_id, record, contract.key[0])
            shown = "、".join(str(row[name]) for name in contract.key if row[name] is not None)
            yield intake_finding("record.duplicate", replace(at, value=shown))
        else:
            check = sheet.frame_checks[failure["check_number"]]
            if any(raw.item(failure["index"], name) is not None for name in check.columns) or (
                (submission_id, check.columns[0]) not in lost
            ):
                at = places.at(submission_id, record, check.columns[0])
                rule, likely = check.rule, None
                diagnosed[submission_id, check.rule_id] += 1
                if isinstance(rule, RowRule) and diagnosed[submission_id, check.rule_id] <= ALIKE_SHOWN:
                    likely = _likely(contract, rule, row, last_year.get(submission_id, {}))
                message = check.message.format(**row)
                yield finding(at, check.rule_id, rule, rule.severity, message, rule.fix, likely)


def _likely(contract: Contract, rule: RowRule, row: dict[str, Any], last_year: dict[str, Any]) -> str | None:
    """What probably went wrong with a row that breaks a rule, in words."""
    suggestions = suggest(contract, rule, row, last_year)
    return "；或者".join(suggestion.text(contract) for suggestion in suggestions) or None


@lru_cache
def sheet_schema(contract_name: str, report_year: int) -> SheetSchema:
    """The pandera schema of a sheet in a report year, derived from its contract."""
    contract = next(
        c for kind in ("school", "bureau") for c in contracts_for(kind, report_year) if c.name == contract_name
    )
    columns = contract.columns_in(report_year)
    column_rules: dict[str, list[tuple[str, str]]] = {}
    schema_columns = {"submission_id": pa.Column(pl.String), "record": pa.Column(pl.Int64)}
    for column in columns:
        checks = _column_checks(column)
        column_rules[column.name] = [(rule_id, expected) for _, rule_id, expected in checks]
        schema_columns[column.name] = pa.Column(
            polars_type(column), checks=[check for check, _, _ in checks], nullable=column.blank != "error"
        )
    frame_checks = [_blank_warning(column) for column in columns if column.blank == "warning"]
    frame_checks += [
        FrameCheck(
            check=pa.Check(_holds(rule.expr), name=rule.id),
            rule_id=f"{contract.name}.{rule.id}",
            rule=rule,
            columns=rule.columns,
            message=rule.message,
        )
        for rule in contract.rules_in(report_year)
    ]
    schema = pa.DataFrameSchema(
        schema_columns,
        checks=[frame_check.check for frame_check in frame_checks],
        unique=["submission_id", *contract.key] if contract.key else ["submission_id"],
        strict=True,
    )
    return SheetSchema(schema, column_rules, frame_checks)


def _column_checks(column: Column) -> list[tuple[pa.Check, str, str]]:
    """The column's checks with the rule that a failure falls under and what was expected."""
    checks: list[tuple[pa.Check, str, str]] = []
    if column.ge is not None:
        checks.append((pa.Check.ge(_bound(column, column.ge)), "value.too_small", str(column.ge)))
    if column.le is not None:
        checks.append((pa.Check.le(_bound(column, column.le)), "value.too_large", str(column.le)))
    if column.pattern is not None:
        checks.append((pa.Check.str_matches(column.pattern), "value.pattern", column.hint))
    elif column.type == "text":
        checks.append((pa.Check.str_length(max_value=column.max_length), "value.too_long", str(column.max_length)))
    return checks


def _bound(column: Column, value: object) -> object:
    return int(str(value)) if column.type == "integer" else value


def _blank_warning(column: Column) -> FrameCheck:
    rule = load_intake_rules()["value.blank_warning"]
    return FrameCheck(
        check=pa.Check(_holds(f"{column.name} is not null"), name=f"{column.name}_reported"),
        rule_id=rule.id,
        rule=rule,
        columns=(column.name,),
        message=rule.message.format(label=column.label),
    )


def _holds(expression: str) -> Callable[[PolarsData], pl.LazyFrame]:
    """A pandera check of a SQL condition; a row for which it is not verifiable (NULL) does not fail."""
    condition = pl.sql_expr(expression)

    def check(data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(condition.fill_null(True).alias("holds"))

    return check
