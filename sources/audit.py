"""Cells + contracts → typed tables and findings: text to type first, then pandera on the typed frame.

Every step works on one sheet type of one report year, stacked over all submissions. Text that is not of the
declared type is a finding and becomes null; only then are values judged. A rule with a missing input is
'not verifiable': it neither holds nor fails.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache
from itertools import chain
from typing import Any

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData

from sources.cross_audit import cross_failures, cross_findings
from sources.diagnose import suggest
from sources.finding import ALIKE_SHOWN, Finding, Findings, Place, finding, findings_frame, intake_finding, locate
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
    load_contracts,
    load_intake_rules,
    normalise_label,
)

FILLED = ("filled", "partial")
"""Sheet statuses with data. In a partial sheet a blank cell is declared to be unavailable, and no finding."""
BLANK_RULES = ("value.blank", "value.blank_warning")
PLACEHOLDERS = frozenset({"无", "没有", "暂无", "空", "/", "\\", "-", "--", "—", "——", "n/a", "na", "null", "x"})
"""What people type instead of leaving a cell blank."""
MAX_DIGITS = 13
"""Before the decimal point. No number of a city has more, and their products and sums stay exact."""
FRACTION = re.compile(r"0?\.[0-9]{1,20}")
PLAIN, PLAIN_DATE = r"^-?[0-9]+(\.[0-9]+)?$", r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"

TEXT = "__text"
"""Marks the text of a column beside its typed value."""

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
    for (kind,), of_kind in known.group_by(["respondent_kind"], maintain_order=True):
        codelists = {year: codelists_of(city, year) for year in sorted(set(of_kind.get_column("report_year")))}
        for contract, alike in _years_alike(str(kind), codelists):
            year, group = alike[0], of_kind.filter(pl.col("report_year").is_in(alike))
            sheet = _audit_sheet(contract, year, group, cells, findings[0], codelists[year], cell_of, last_year or {})
            tables.setdefault(contract.name, []).append(sheet.table)
            findings.append(sheet.findings)
            statuses.append(sheet.status)
    frames = {name: pl.concat(parts, how="diagonal") for name, parts in tables.items()}
    findings.append(findings_frame(_schools_elsewhere(frames, submissions, city, cell_of)))
    file_names = dict(submissions.select("submission_id", "file_name").iter_rows())
    findings.append(findings_frame(cross_findings(cross_failures("submission", frames), file_names, cell_of)))
    all_findings = _without_echoes(pl.concat(findings).unique(maintain_order=True))
    errors = all_findings.filter(pl.col("severity") == "error").get_column("submission_id")
    accepted = submissions.filter(~pl.col("submission_id").is_in(errors.to_list()))
    return Audit(
        tables=frames,
        sheet_status=pl.concat(statuses),
        findings=all_findings,
        accepted=frozenset(accepted.get_column("submission_id")),
    )


def _years_alike(kind: str, codelists: Mapping[int, dict[str, CodeList]]) -> list[tuple[Contract, list[int]]]:
    """The sheets of a kind of respondent, each with years in which it has the same columns, rules and code lists."""
    alike: dict[tuple, tuple[Contract, list[int]]] = {}
    for year, lists_of_year in codelists.items():
        for contract in contracts_for(kind, year):
            columns = contract.columns_in(year)
            lists = {column.codelist for column in columns if column.codelist}
            codes = tuple(tuple(lists_of_year[name].code_of) for name in sorted(lists & {"schools", "scopes"}))
            rules = tuple(rule.id for rule in contract.rules_in(year))
            key = contract.name, tuple(column.name for column in columns), rules, codes
            alike.setdefault(key, (contract, []))[1].append(year)
    return list(alike.values())


def _schools_elsewhere(
    frames: Mapping[str, pl.DataFrame], submissions: pl.DataFrame, city: City, cell_of: CellOf
) -> Iterator[Finding]:
    """Schools that a bureau names although they lie outside its region."""
    if len(city.regions) == 1:
        return
    region_of = {code: city.region_of(respondent) for code, respondent in city.respondent_by_code.items()}
    for contract in (contract for contract in load_contracts() if contract.name in frames):
        for column in (column for column in contract.columns if column.codelist == "schools"):
            places = _Places(contract, submissions, cell_of)
            named = frames[contract.name].drop_nulls(column.name)
            for row in named.select("submission_id", "record", "respondent_code", column.name).iter_rows():
                submission_id, record, bureau, school = row
                if region_of[bureau] not in city.region_paths[region_of[school]]:
                    yield intake_finding(
                        "value.school_elsewhere", places.at(submission_id, record, column.name), label=column.label
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
    typed = raw.select("submission_id", "record", *(typed_column(column, codelists) for column in columns))
    places = _Places(contract, submissions, cell_of)
    found = chain(
        status_findings,
        _type_findings(columns, raw, typed, places, codelists),
        _normalised_findings(columns, raw, typed, places),
        _row_findings(contract, typed, places, codelists),
        _value_findings(contract, report_year, raw, typed, places, broken, last_year.get(contract.name, {})),
    )
    findings = Findings()
    findings.extend(f for f in found if not (f["rule_id"] in BLANK_RULES and f["submission_id"] in partial))
    table = typed.join(
        submissions.select("submission_id", "report_year", "respondent_code"), on="submission_id"
    ).select(*IDENTITY_SCHEMA, *(column.name for column in columns))
    return _SheetAudit(table, status, findings_frame(findings.all()))


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


def typed_column(column: Column, codelists: dict[str, CodeList]) -> pl.Expr:
    """Text → the declared type; null where the text is not of that type.

    A number may be written in full-width digits, with thousands separators, blanks and its own unit; a date with any
    of the usual signs between year, month and day.
    """
    text = pl.col(column.name)
    normal = _plain(text)
    if column.is_number:
        digits = _digits(column)
        places = rf"(\.[0-9]{{1,{column.decimals}}})?" if column.decimals else ""
        fits = digits.str.contains(rf"^[+-]?[0-9]{{1,{MAX_DIGITS}}}{places}$")
        return pl.when(fits).then(digits).cast(polars_type(column))
    if column.type == "date":
        day = normal.str.replace(r"[ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?$", "")
        joined = day.str.replace_all(r"[./年月]|\s+", "-").str.replace("日", "")
        return pl.coalesce(
            pl.when(joined.str.contains(r"^(19|20)[0-9]{2}-[0-9]{1,2}-[0-9]{1,2}$"))
            .then(joined)
            .str.to_date("%Y-%m-%d", strict=False),
            pl.when(day.str.contains(r"^(19|20)[0-9]{6}$")).then(day).str.to_date("%Y%m%d", strict=False),
        ).alias(column.name)
    if column.type == "code":
        assert column.codelist is not None
        key = normal.str.replace_all(r"\s+", "").str.to_lowercase()
        mapping = codelists[column.codelist].code_of
        return key.replace_strict(mapping, default=None, return_dtype=pl.String).alias(column.name)
    return normal if column.pattern else text


def _plain(text: pl.Expr) -> pl.Expr:
    """Full-width letters as half-width ones, without what nobody sees: blanks at the ends, zero-width characters."""
    return text.str.normalize("NFKC").str.replace_all(r"\p{Cf}", "").str.strip_chars()


def _digits(column: Column) -> pl.Expr:
    """A number's text without its unit and thousands separators; separators elsewhere stay, and make it no number."""
    digits = _plain(pl.col(column.name))
    if column.unit:
        digits = digits.str.strip_suffix(unicodedata.normalize("NFKC", column.unit)).str.strip_chars()
    is_grouped = digits.str.contains(r"^[+-]?[0-9]{1,3}([, ][0-9]{3})+(\.[0-9]+)?$")
    return pl.when(is_grouped).then(digits.str.replace_all("[, ]", "")).otherwise(digits)


def _normalised_findings(
    columns: Sequence[Column], raw: pl.DataFrame, typed: pl.DataFrame, places: "_Places"
) -> Iterator[Finding]:
    """Values that were read although they were not written in the plain way."""
    written = [column for column in columns if column.is_number or column.type == "date" or column.pattern]
    found = _flags(raw, typed, {column.name: _is_odd(column) for column in written})
    for column in (column for column in written if found[column.name].any()):
        for index in found[column.name].arg_true():
            submission_id, record = raw.item(index, "submission_id"), raw.item(index, "record")
            at, value = places.at(submission_id, record, column.name), typed.item(index, column.name)
            yield intake_finding("value.normalised", at, label=column.label, expected=value)


def _is_odd(column: Column) -> pl.Expr:
    """Whether a value is written otherwise than plainly, over the typed columns and their texts."""
    value, text = pl.col(column.name), pl.col(column.name + TEXT)
    if column.pattern:
        return (text != value) & value.str.contains(column.pattern)
    return value.is_not_null() & ~text.str.contains(PLAIN_DATE if column.type == "date" else PLAIN)


def _flags(raw: pl.DataFrame, typed: pl.DataFrame, conditions: Mapping[str, pl.Expr]) -> pl.DataFrame:
    """A column of true and false for each condition over typed columns and their texts (marked with TEXT)."""
    texts = raw.select(pl.all().name.suffix(TEXT))
    both = pl.concat([typed, texts], how="horizontal")
    return both.select(condition.fill_null(False).alias(name) for name, condition in conditions.items())


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
) -> Iterator[Finding]:
    is_unread = {c.name: pl.col(c.name).is_null() & pl.col(c.name + TEXT).is_not_null() for c in columns}
    unread = _flags(raw, typed, is_unread)
    for column in (column for column in columns if unread[column.name].any()):
        wrong = raw.filter(unread[column.name])
        too_long = column.is_number & _digits(column).str.contains(rf"^[+-]?[0-9]{{{MAX_DIGITS + 1},}}(\.[0-9]+)?$")
        for submission_id, record, is_too_long in wrong.select("submission_id", "record", x=too_long).iter_rows():
            expected: object = column.decimals
            if column.codelist:
                expected = "、".join(entry.label for entry in codelists[column.codelist].codes[:12])
            at = places.at(submission_id, record, column.name)
            is_symbol = column.blank != "error" and normalise_label(at.value or "") in PLACEHOLDERS
            rule_id = "value.placeholder" if is_symbol else _TYPE_RULES[column.type]
            if is_too_long:
                rule_id, expected = "value.too_large", "9" * MAX_DIGITS
            if percentage := _as_percentage(column, at.value or ""):
                rule_id, expected = "value.fraction_of_percent", percentage
            yield intake_finding(rule_id, at, label=column.label, expected=expected)


def _as_percentage(column: Column, text: str) -> Decimal | None:
    """The percentage that a fraction was meant to be, when the column is one of percentages."""
    if column.unit != "%" or not FRACTION.fullmatch(text):
        return None
    return round(Decimal(text) * 100, column.decimals or 0)


def _row_findings(
    contract: Contract, typed: pl.DataFrame, places: "_Places", codelists: dict[str, CodeList]
) -> Iterator[Finding]:
    """Fixed rows that the sheet has lost."""
    if contract.rows is None:
        return
    (key,) = contract.key
    expected = codelists[contract.rows].label_of
    present = typed.group_by("submission_id", maintain_order=True).agg(pl.col(key))
    for submission_id, codes in present.iter_rows():
        for code in expected:
            if code not in codes:
                yield intake_finding("record.row_missing", places.at(submission_id, None, key), expected=expected[code])


def _value_findings(
    contract: Contract,
    report_year: int,
    raw: pl.DataFrame,
    typed: pl.DataFrame,
    places: "_Places",
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
