"""The outcome of an audit, passed whole from judging to loading."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from sources.submission.finding import Finding
from sources.submission.submission import Submission


@dataclass(frozen=True, slots=True)
class Audit:
    """The judged data and the verdicts on it.

    `tables`: contract name → typed frame (IDENTITY_SCHEMA, then the contract's columns), good and bad rows alike.
    `cells`: CELL_SCHEMA and `is_suppressed`. `sheet_status`: STATUS_SCHEMA. `accepted`: the ids of submissions without
    an error.
    """

    submissions: tuple[Submission, ...]
    tables: Mapping[str, pl.DataFrame]
    cells: pl.DataFrame
    sheet_status: pl.DataFrame
    findings: tuple[Finding, ...]
    accepted: frozenset[str]

    def of(self, submission_id: str) -> "Audit":
        """What was said of one of the submissions; tables in which it has no row are left out."""
        is_its = pl.col("submission_id") == submission_id
        tables = {name: table.filter(is_its) for name, table in self.tables.items()}
        return Audit(
            submissions=tuple(each for each in self.submissions if each.submission_id == submission_id),
            tables={name: table for name, table in tables.items() if not table.is_empty()},
            cells=self.cells.filter(is_its),
            sheet_status=self.sheet_status.filter(is_its),
            findings=tuple(each for each in self.findings if each.address.submission_id == submission_id),
            accepted=self.accepted & {submission_id},
        )
