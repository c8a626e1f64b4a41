"""The audit looks at the sheets of one kind and year of many submissions in one stack."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from sources.audit.places import Places
from sources.declarations.codelist import CodeList
from sources.declarations.contract import Column, Contract
from sources.declarations.pack import Pack

LastYear = Mapping[str, Mapping[str, Any]]
"""Submission → column → last year's value, for one sheet."""


@dataclass(frozen=True, slots=True)
class LostHeading:
    """A heading that a submission's sheet has lost; without a column, the whole sheet."""

    submission_id: str
    column_name: str | None


@dataclass(frozen=True, slots=True)
class SheetStack:
    """The sheets of a contract, of all submissions of a kind and of years in which it asks for the same.

    `submissions`: SUBMISSION_SCHEMA. `cells`: CELL_SCHEMA, of this sheet. `lost`: what has been said already to be
    missing from a sheet.
    """

    pack: Pack
    contract: Contract
    report_year: int
    submissions: pl.DataFrame
    cells: pl.DataFrame
    lost: frozenset[LostHeading]
    codelists: Mapping[str, CodeList]
    places: Places
    last_year: LastYear

    @property
    def columns(self) -> Sequence[Column]:
        return self.contract.columns_in(self.report_year)

    def has_lost(self, submission_id: str, *columns: str) -> bool:
        return any(LostHeading(submission_id, column) in self.lost for column in columns)

    def is_broken(self, submission_id: str) -> bool:
        """Whether a finding says already that the submission's sheet lacks something."""
        return any(heading.submission_id == submission_id for heading in self.lost)
