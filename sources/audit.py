"""Cells + contracts → typed tables and findings: text to type first, then pandera on the typed frame.

Every step works on one sheet type of one report year, stacked over all submissions. Text that is not of the
declared type is a finding and becomes null; only then are values judged. A rule with a missing input is
'not verifiable': it neither holds nor fails.
"""

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData

from sources.cross_audit import cross_findings
from sources.diagnose import suggest
from sources.finding import Finding, Place, finding, findings_frame, intake_finding, locate
from sources.frames import (
    IDENTITY_SCHEMA,
    STATUS_COLUMN,
    STATUS_SCHEMA,
    CellOf,
    cell_lookup,
    polars_type,
)
from sources.model import (
    City,
    CodeList,
    Column,
    Contract,
    IntakeRule,
    RowRule,
    codelists_of,
    contracts_for,
    load_intake_rules,
    normalise_label,
)

FILLED = ("filled", "partial")
"""Sheet statuses with data. In a partial sheet a blank cell is declared to be unavailable, and no finding."""
BLANK_RULES = ("value.blank", "value.blank_warning")
PLACEHOLDERS = frozenset({"无", "没有", "暂无", "空", "/", "\\", "-", "--", "—", "——", "n/a", "na", "null", "x"})
"""What people type instead of leaving a cell blank."""


LastYear = Mapping[str, dict[str, Any]]
"""Submission → column → last year's value, for one sheet."""


@dataclass(frozen=True)
class Audit:
    """The outcome for a set of submissions.

    `tables`: contract name → typed frame (IDENTITY_SCHEMA, then the contract's columns), good and bad rows
    alike. `sheet_status`: submission_id, sheet, status. `findings`: FINDING_SCHEMA. `accepted`: ids of
    submissions without a finding of severity error.
    """

    tables: dict[str, pl.DataFrame]
    sheet_status: pl.DataFrame
    findings: pl.DataFrame
    accepted: frozenset[str]


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


def audit(
    submissions: pl.DataFrame,
    cells: pl.DataFrame,
    structural: Iterable[Finding],
    city: City,
    last_year: Mapping[str, LastYear] | None = None,
) -> Audit:
    """Judges submissions (SUBMISSION_SCHEMA) by their cells (CELL_SCHEMA) and structural findings.

    `last_year` (sheet → submission → column → value) helps to say what probably went wrong; it changes no verdict.
    A submission whose respondent or year is unknown is judged by its structural findings alone.
    """
    findings = [findings_frame(structural)]
    tables: dict[str, list[pl.DataFrame]] = {}
    statuses = [pl.DataFrame(schema=STATUS_SCHEMA)]
    cell_of = cell_lookup(cells)
    known = submissions.filter(pl.col("respondent_kind").is_not_null() & pl.col("report_year").is_not_null())
    for (kind, year), group in known.group_by(["respondent_kind", "report_year"], maintain_order=True):
        report_year = int(str(year))
        codelists = codelists_of(city, report_year)
        for contract in contracts_for(str(kind), report_year):
            sheet = _audit_sheet(contract, report_year, group, cells, findings[0], codelists, cell_of, last_year or {})
            tables.setdefault(contract.name, []).append(sheet.table)
            findings.append(sheet.findings)
            statuses.append(sheet.status)
    frames = {name: pl.concat(parts, how="diagonal") for name, parts in tables.items()}
    file_names = dict(submissions.select("submission_id", "file_name").iter_rows())
    findings.append(findings_frame(cross_findings("submission", frames, file_names, cell_of)))
    all_findings = _without_echoes(pl.concat(findings).unique(maintain_order=True))
    errors = all_findings.filter(pl.col("severity") == "error").get_column("submission_id")
    accepted = submissions.filter(~pl.col("submission_id").is_in(errors.to_list()))
    return Audit(
        tables=frames,
        sheet_status=pl.concat(statuses),
        findings=all_findings,
        accepted=frozenset(accepted.get_column("submission_id")),
    )


def _without_echoes(findings: pl.DataFrame) -> pl.DataFrame:
    """Leaves out "not filled in" for a cell about which something else is said already."""
    place = ["submission_id", "sheet", "cell"]
    is_echo = pl.col("rule_id").is_in(BLANK_RULES) & pl.col("cell").is_not_null()
    others = findings.filter(~is_echo).select(place).unique()
    echoes = findings.with_row_index().filter(is_echo).join(others, on=place, how="semi").get_column("index")
    return findings.with_row_index().filter(~pl.col("index").is_in(echoes.to_list())).drop("index")


@dataclass(frozen=True)
class _SheetAudit:
    table: pl.DataFrame
    status: pl.DataFrame
    findings: pl.DataFrame


def _audit_sheet(
    contract: Contract,
    report_year: int,
    submissions: pl.DataFrame,
    cells: pl.DataFrame,
    structural: pl.DataFrame,
    codelists: dict[str, CodeList],
    cell_of: CellOf,
    last_year: Mapping[str, LastYear],
) -> _SheetAudit:
    columns = contract.columns_in(report_year)
    of_sheet = cells.filter(pl.col("sheet") == contract.name).join(
        submissions.select("submission_id"), on="submission_id", how="semi"
    )
    broken = structural.filter(
        (pl.col("sheet") == contract.title)
        & pl.col("rule_id").is_in(["sheet.missing", "sheet.repeated", "sheet.heading_missing"])
    )
    status, status_findings = _judge_status(contract, columns, submissions, of_sheet, broken, codelists)
    filled = status.filter(pl.col("status").is_in(FILLED)).select("submission_id")
    partial = set(status.filter(pl.col("status") == "partial").get_column("submission_id"))
    raw = _pivot(of_sheet.join(filled, on="submission_id", how="semi"), columns)
    typed = raw.select("submission_id", "record", *(_typed(column, codelists) for column in columns))
    places = _Places(contract, submissions, cell_of)
    findings = [
        *status_findings,
        *_type_findings(columns, raw, typed, places, codelists),
        *_normalised_findings(columns, raw, typed, places),
        *_row_findings(contract, typed, places, codelists),
        *_value_findings(contract, report_year, raw, typed, places, broken, last_year.get(contract.name, {})),
    ]
    findings = [f for f in findings if not (f["rule_id"] in BLANK_RULES and f["submission_id"] in partial)]
    table = typed.join(
        submissions.select("submission_id", "report_year", "respondent_code"), on="submission_id"
    ).select(*IDENTITY_SCHEMA, *(column.name for column in columns))
    return _SheetAudit(table, status, findings_frame(findings))


def _judge_status(
    contract: Contract,
    columns: Sequence[Column],
    submissions: pl.DataFrame,
    cells: pl.DataFrame,
    broken: pl.DataFrame,
    codelists: dict[str, CodeList],
) -> tuple[pl.DataFrame, list[Finding]]:
    """Each submission's status of the sheet (its code), and what is wrong with it."""
    own = [column.name for column in columns if not column.prefilled]
    data_of = set(
        cells.filter(pl.col("column_name").is_in(own) & (pl.col("raw_text") != "")).get_column("submission_id")
    )
    stated = {
        row["submission_id"]: row for row in cells.filter(pl.col("column_name") == STATUS_COLUMN).iter_rows(named=True)
    }
    broken_submissions = set(broken.get_column("submission_id"))
    codes = codelists["sheet_status"].code_of
    labels = codelists["sheet_status"].label_of
    statuses: dict[str, str] = {}
    findings: list[Finding] = []
    for submission_id, file_name in submissions.select("submission_id", "file_name").iter_rows():
        cell = stated.get(submission_id)
        text = cell["raw_text"] if cell else ""
        status = codes.get(text, "filled")
        address = cell["cell"] if cell else None
        shown = labels.get(status, text)
        place = Place(submission_id, file_name, contract.title, address, STATUS_COLUMN, value=shown)
        has_data = submission_id in data_of
        if text and text not in codes:
            findings.append(intake_finding("sheet.status_invalid", replace(place, value=text)))
        elif status in FILLED and not has_data and submission_id not in broken_submissions:
            if contract.name != "cover":
                findings.append(intake_finding("sheet.empty", place))
                status = "empty"
        elif status in ("none", "unavailable") and has_data:
            findings.append(intake_finding("sheet.not_empty", place))
        elif status == "none" and contract.shape == "form":
            findings.append(intake_finding("sheet.none_needs_records", place))
        statuses[submission_id] = status
    frame = pl.DataFrame(
        {"submission_id": list(statuses), "status": list(statuses.values())},
        schema={"submission_id": pl.String, "status": pl.String},
    )
    return frame.select("submission_id", sheet=pl.lit(contract.name), status="status"), findings


def _pivot(cells: pl.DataFrame, columns: Sequence[Column]) -> pl.DataFrame:
    """One row a record, one text column a declared column; an empty cell is null."""
    names = [column.name for column in columns]
    return (
        cells.filter(pl.col("column_name").is_in(names))
        .group_by("submission_id", "record", maintain_order=True)
        .agg(
            pl.col("raw_text").filter(pl.col("column_name") == name).first().replace("", None).alias(name)
            for name in names
        )
    )


def _typed(column: Column, codelists: dict[str, CodeList]) -> pl.Expr:
    """Text → the declared type; null where the text is not of that type.

    A number may be written in full-width digits, with thousands separators, blanks and its own unit.
    """
    text = pl.col(column.name)
    normal = text.str.normalize("NFKC").str.strip_chars()
    if column.is_number:
        digits = normal.str.replace_all(r"[\s,]", "")
        if column.unit:
            digits = digits.str.strip_suffix(unicodedata.normalize("NFKC", column.unit))
        places = rf"(\.\d{{1,{column.decimals}}})?" if column.decimals else ""
        fits = digits.str.contains(rf"^[+-]?\d{{1,18}}{places}$")
        return pl.when(fits).then(digits).cast(polars_type(column))
    if column.type == "date":
        joined = normal.str.replace_all(r"[./年月]", "-").str.replace("日", "")
        return pl.coalesce(
            joined.str.to_date("%Y-%m-%d", strict=False), normal.str.to_date("%Y%m%d", strict=False, exact=True)
        )
    if column.type == "code":
        assert column.codelist is not None
        key = normal.str.replace_all(r"\s+", "").str.to_lowercase()
        mapping = codelists[column.codelist].code_of
        return key.replace_strict(mapping, default=None, return_dtype=pl.String).alias(column.name)
    return normal if column.pattern else text


def _normalised_findings(
    columns: Sequence[Column], raw: pl.DataFrame, typed: pl.DataFrame, places: "_Places"
) -> list[Finding]:
    """Numbers that were read although they were not written as plain digits."""
    findings = []
    for column in (column for column in columns if column.is_number):
        odd = typed[column.name].is_not_null() & ~raw[column.name].str.contains(r"^-?\d+(\.\d+)?$")
        for index in odd.fill_null(False).arg_true():
            submission_id, record = raw.item(index, "submission_id"), raw.item(index, "record")
            at, value = places.at(submission_id, record, column.name), typed.item(index, column.name)
            findings.append(intake_finding("value.normalised", at, label=column.label, expected=value))
    return findings


class _Places:
    """Where a value of one sheet stands: cell and text by submission, record and column."""

    def __init__(self, contract: Contract, submissions: pl.DataFrame, cell_of: CellOf) -> None:
        self.contract = contract
        self.file_names = dict(submissions.select("submission_id", "file_name").iter_rows())
        self.cell_of = cell_of

    def at(self, submission_id: str, record: int | None, column: str) -> Place:
        """The place of one cell; without its address when the sheet has no such cell."""
        return locate(self.contract, submission_id, self.file_names[submission_id], record, column, self.cell_of)


_TYPE_RULES = {
    "integer": "value.not_integer",
    "decimal": "value.not_decimal",
    "date": "value.not_date",
    "code": "value.not_in_codelist",
}


def _type_findings(
    columns: Sequence[Column],
    raw: pl.DataFrame,
    typed: pl.DataFrame,
    places: "_Places",
    codelists: dict[str, CodeList],
) -> list[Finding]:
    findings = []
    for column in columns:
        wrong = raw.filter(raw[column.name].is_not_null() & typed[column.name].is_null())
        for submission_id, record in wrong.select("submission_id", "record").iter_rows():
            expected: object = column.decimals
            if column.codelist:
                expected = "、".join(entry.label for entry in codelists[column.codelist].codes[:12])
            at = places.at(submission_id, record, column.name)
            is_symbol = column.blank != "error" and normalise_label(at.value or "") in PLACEHOLDERS
            rule_id = "value.placeholder" if is_symbol else _TYPE_RULES[column.type]
            findings.append(intake_finding(rule_id, at, label=column.label, expected=expected))
    return findings


def _row_findings(
    contract: Contract, typed: pl.DataFrame, places: "_Places", codelists: dict[str, CodeList]
) -> list[Finding]:
    """Fixed rows that the sheet has lost."""
    if contract.rows is None:
        return []
    (key,) = contract.key
    expected = codelists[contract.rows].label_of
    present = typed.group_by("submission_id", maintain_order=True).agg(pl.col(key))
    return [
        intake_finding("record.row_missing", places.at(submission_id, None, key), expected=expected[code])
        for submission_id, codes in present.iter_rows()
        for code in expected
        if code not in codes
    ]


def _value_findings(
    contract: Contract,
    report_year: int,
    raw: pl.DataFrame,
    typed: pl.DataFrame,
    places: "_Places",
    broken: pl.DataFrame,
    last_year: LastYear,
) -> list[Finding]:
    """Failures of the pandera schema on the typed frame, as findings."""
    sheet = sheet_schema(contract.name, report_year)
    try:
        sheet.schema.validate(typed, lazy=True)
    except pa.errors.SchemaErrors as errors:
        failures = errors.failure_cases
    else:
        return []
    lost = set(broken.select("submission_id", "column_name").iter_rows())
    findings = []
    for failure in failures.iter_rows(named=True):
        row = typed.row(failure["index"], named=True)
        submission_id, record = row["submission_id"], row["record"]
        if failure["schema_context"] == "Column":
            column = contract.column(failure["column"])
            at = places.at(submission_id, record, column.name)
            if failure["check"] != "not_nullable":
                rule_id, expected = sheet.column_rules[column.name][failure["check_number"]]
                findings.append(intake_finding(rule_id, at, label=column.label, expected=expected))
            elif raw.item(failure["index"], column.name) is None and (submission_id, column.name) not in lost:
                findings.append(intake_finding("value.blank", at, label=column.label))
        elif failure["check_number"] is None:
            at = places.at(submission_id, record, contract.key[0])
            shown = "、".join(str(row[name]) for name in contract.key if row[name] is not None)
            findings.append(intake_finding("record.duplicate", replace(at, value=shown)))
        else:
            check = sheet.frame_checks[failure["check_number"]]
            if any(raw.item(failure["index"], name) is not None for name in check.columns) or (
                (submission_id, check.columns[0]) not in lost
            ):
                at = places.at(submission_id, record, check.columns[0])
                findings.append(_rule_finding(contract, check, row, at, last_year.get(submission_id, {})))
    return findings


def _rule_finding(
    contract: Contract, check: FrameCheck, row: dict[str, Any], at: Place, last_year: dict[str, Any]
) -> Finding:
    """A broken row rule as a finding, with what probably went wrong."""
    rule = check.rule
    suggestions = []
    if isinstance(rule, RowRule) and rule.severity == "error":
        suggestions = suggest(contract, rule.expr, rule.columns, row, last_year)
    words = "；或者".join(suggestion.text(contract) for suggestion in suggestions) or None
    return finding(at, check.rule_id, rule, rule.severity, check.message.format(**row), rule.fix, words)


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
