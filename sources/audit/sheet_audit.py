"""One kind of sheet, audited for all submissions at once: status, types, rows, values."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import polars as pl

from sources.audit.places import CellOf, Places
from sources.audit.sheet_schema import LastYear, value_findings
from sources.audit.typed_values import normalised_findings, type_findings, typed_column
from sources.declarations.codelist import CodeList
from sources.declarations.contract import Column, Contract
from sources.submission.cell import CellAddress
from sources.submission.finding import Finding, Findings, findings_frame, intake_finding
from sources.submission.frames import IDENTITY_SCHEMA, STATUS_COLUMN

FILLED = ("filled", "partial")
"""Sheet statuses with data. In a partial sheet a blank cell is declared to be unavailable, and no finding."""
BLANK_RULES = ("value.blank", "value.blank_warning")


@dataclass(frozen=True)
class _SheetAudit:
    table: pl.DataFrame
    status: pl.DataFrame
    findings: pl.DataFrame


def audit_sheet(
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
    places = Places(contract, submissions, cell_of)
    found = chain(
        status_findings,
        type_findings(columns, raw, typed, places, codelists),
        normalised_findings(columns, raw, typed, places),
        _row_findings(contract, typed, places, codelists),
        value_findings(contract, report_year, raw, typed, places, broken, last_year.get(contract.name, {})),
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
        place = CellAddress(submission_id, file_name, contract.title, address, STATUS_COLUMN, value=shown)
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


def _row_findings(
    contract: Contract, typed: pl.DataFrame, places: "Places", codelists: dict[str, CodeList]
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
