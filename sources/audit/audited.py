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
