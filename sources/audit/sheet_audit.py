"""One kind of sheet, audited for all submissions at once: status, types, rows, values."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import polars as pl

from sources.audit.sheet_schema import value_findings
from sources.audit.sheet_stack import SheetStack
from sources.audit.typed_values import normalised_findings, type_findings, typed_column
from sources.declarations.contract import Column, Contract
from sources.submission.cell import STATUS_COLUMN, CellAddress
from sources.submission.finding import Finding, Findings, intake_finding
from sources.submission.frames import IDENTITY_SCHEMA, STATUS_SCHEMA

FILLED = ("filled", "partial")
"""Sheet statuses with data. In a partial sheet a blank cell is declared to be unavailable, and no finding."""
BLANK_RULES = ("value.blank", "value.blank_warning")


@dataclass(frozen=True, slots=True)
class SheetAudit:
    """The outcome for one kind of sheet: the typed table, STATUS_SCHEMA, and the findings."""

    contract: Contract
    table: pl.DataFrame
    status: pl.DataFrame
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Status:
    """The code of the status of one submission's sheet, and the findings about it."""

    submission_id: str
    status: str
    finding: Finding | None = None


def audit_sheet(stack: SheetStack) -> SheetAudit:
    """Turns text into types, then judges rows and values; a sheet that says that it is empty has no rows."""
    statuses = list(_statuses(stack))
    status = _status_frame(stack.contract, statuses)
    filled = status.filter(pl.col("status").is_in(FILLED)).select("submission_id")
    partial = {each.submission_id for each in statuses if each.status == "partial"}
    raw = _pivot(stack.cells.join(filled, on="submission_id", how="semi"), stack.columns)
    typed = raw.select("submission_id", "record", *(typed_column(c, stack.codelists) for c in stack.columns))
    found = chain(
        (each.finding for each in statuses if each.finding),
        type_findings(stack, raw, typed),
        normalised_findings(stack, raw, typed),
        _row_findings(stack, typed),
        value_findings(stack, raw, typed),
    )
    findings = Findings()
    findings.extend(f for f in found if not (f.rule_id in BLANK_RULES and f.address.submission_id in partial))
    table = typed.join(
        stack.submissions.select("submission_id", "report_year", "respondent_code"), on="submission_id"
    ).select(*IDENTITY_SCHEMA, *(column.name for column in stack.columns))
    return SheetAudit(stack.contract, table, status, findings.all())


def _statuses(stack: SheetStack) -> Iterator[_Status]:
    """Each submission's status of the sheet: the one it states, or else the one that its data, or their lack, imply."""
    own = [column.name for column in stack.columns if not column.prefilled]
    has_data = pl.col("column_name").is_in(own) & (pl.col("raw_text") != "")
    data_of = set(stack.cells.filter(has_data).get_column("submission_id"))
    of_status = stack.cells.filter(pl.col("column_name") == STATUS_COLUMN)
    stated = {
        submission_id: (cell, text)
        for submission_id, cell, text in of_status.select("submission_id", "cell", "raw_text").iter_rows()
    }
    for submission_id in stack.submissions.get_column("submission_id"):
        cell, text = stated.get(submission_id, (None, ""))
        yield _judged_status(stack, submission_id, cell, text, submission_id in data_of)


def _judged_status(stack: SheetStack, submission_id: str, cell: str | None, text: str, has_data: bool) -> _Status:
    """Judges whether the stated status (`text`, '' for none) is a known one and fits the sheet's data."""
    contract, codes = stack.contract, stack.codelists["sheet_status"]
    status = codes.code_of.get(text, "filled")
    place = CellAddress(submission_id, stack.places.file_names[submission_id], contract.title, cell, STATUS_COLUMN)
    shown = codes.label_of.get(status, text)
    if text and text not in codes.code_of:
        return _Status(submission_id, status, intake_finding("sheet.status_invalid", place, text))
    if status in FILLED and not has_data and not stack.is_broken(submission_id):
        if contract.name == "cover":
            return _Status(submission_id, status)
        if contract.is_optional:
            return _Status(submission_id, "none")
        return _Status(submission_id, "empty", intake_finding("sheet.empty", place, shown))
    if status in ("none", "unavailable") and has_data:
        return _Status(submission_id, status, intake_finding("sheet.not_empty", place, shown))
    if status == "none" and contract.shape == "form" and not contract.may_be_none:
        return _Status(submission_id, status, intake_finding("sheet.none_needs_records", place, shown))
    return _Status(submission_id, status)


def _status_frame(contract: Contract, statuses: Sequence[_Status]) -> pl.DataFrame:
    rows = [{"submission_id": each.submission_id, "sheet": contract.name, "status": each.status} for each in statuses]
    return pl.DataFrame(rows, schema=STATUS_SCHEMA, orient="row")


def _pivot(cells: pl.DataFrame, columns: Sequence[Column]) -> pl.DataFrame:
    """A frame with one row a record and one text column a declared column; an empty cell is null."""
    names = [column.name for column in columns]
    return (
        cells.filter(pl.col("column_name").is_in(names))
        .group_by("submission_id", "record", maintain_order=True)
        .agg(
            pl.col("raw_text").filter(pl.col("column_name") == name).first().replace("", None).alias(name)
            for name in names
        )
    )


def _row_findings(stack: SheetStack, typed: pl.DataFrame) -> Iterator[Finding]:
    """Findings about the fixed rows that the sheet has lost."""
    if stack.contract.rows is None:
        return
    (key,) = stack.contract.key
    expected: Mapping[str, str] = stack.codelists[stack.contract.rows].label_of
    present = typed.group_by("submission_id", maintain_order=True).agg(pl.col(key))
    for submission_id, codes in present.iter_rows():
        for code in expected:
            if code not in codes:
                at = stack.places.at(submission_id, None, key)
                yield intake_finding("record.row_missing", at.address, at.text, expected=expected[code])
