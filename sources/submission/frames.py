"""The frames that pass between reading, audit and warehouse: their schemas, in one place."""

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from sources.declarations.contract import Column, Contract

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
FORM_RECORD = 0
"""`record` of a form's cells; in a table it is the row's number."""
STATUS_COLUMN = "sheet_status"


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
