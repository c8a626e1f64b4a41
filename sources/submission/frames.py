"""The frames that pass between reading, audit and warehouse: their schemas, in one place."""

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from sources.declarations.contract import Column, Contract
from sources.submission.submission import Submission

CELL_SCHEMA: dict[str, pl.DataType] = {
    "submission_id": pl.String(),
    "sheet": pl.String(),
    "record": pl.Int64(),
    "column_name": pl.String(),
    "cell": pl.String(),
    "raw_text": pl.String(),
}
SUBMISSION_SCHEMA: dict[str, pl.DataType] = {
    "submission_id": pl.String(),
    "file_name": pl.String(),
    "respondent_code": pl.String(),
    "respondent_kind": pl.String(),
    "report_year": pl.Int64(),
    "template_version": pl.String(),
    "saved_at": pl.Datetime("us"),
    "revision_reason": pl.String(),
}
IDENTITY_SCHEMA: dict[str, pl.DataType] = {
    "submission_id": pl.String(),
    "report_year": pl.Int64(),
    "respondent_code": pl.String(),
    "record": pl.Int64(),
}
STATUS_SCHEMA: dict[str, pl.DataType] = {"submission_id": pl.String(), "sheet": pl.String(), "status": pl.String()}


def polars_type(column: Column) -> pl.DataType:
    if column.type == "integer":
        return pl.Int64()
    if column.type == "decimal":
        return pl.Decimal(38, column.decimals or 0)
    return pl.Date() if column.type == "date" else pl.String()


def sheet_frame(contract: Contract, rows: Iterable[Mapping[str, Any]] = ()) -> pl.DataFrame:
    """A typed frame of one sheet from plain rows; what a row does not name is null."""
    schema = IDENTITY_SCHEMA | {column.name: polars_type(column) for column in contract.columns}
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema, orient="row")


def cells_frame(submissions: Iterable[Submission]) -> pl.DataFrame:
    """The cells of many workbooks, stacked: CELL_SCHEMA."""
    cells = [cell for submission in submissions for cell in submission.cells]
    return pl.DataFrame(cells, schema=CELL_SCHEMA, orient="row")


def submissions_frame(submissions: Iterable[Submission]) -> pl.DataFrame:
    """The files' own statements of who they are from and for which year: SUBMISSION_SCHEMA."""
    rows = [
        {
            "submission_id": submission.submission_id,
            "file_name": submission.file_name,
            "respondent_code": submission.respondent.code if submission.respondent else None,
            "respondent_kind": submission.respondent.kind if submission.respondent else None,
            "report_year": submission.report_year,
            "template_version": submission.template_version,
            "saved_at": submission.saved_at,
            "revision_reason": submission.revision_reason,
        }
        for submission in submissions
    ]
    return pl.DataFrame(rows, schema=SUBMISSION_SCHEMA, orient="row")
