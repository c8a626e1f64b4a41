"""One file as it was read: who it is from, for which year, its cells, and what became of each of them."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import product
from typing import Literal

import polars as pl

from sources.declarations.city import Respondent
from sources.declarations.contract import load_contracts
from sources.submission.cell import Cell
from sources.submission.explanation import GivenExplanation
from sources.submission.finding import Finding
from sources.submission.frames import CELL_SCHEMA, SUBMISSION_SCHEMA

NUMBER = re.compile(r"-?[0-9]{1,15}([.][0-9]{1,15})?")
Fate = Literal["value", "reported", "ignored"]
"""Taken as a value, named in a finding, or part of the template."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of a workbook's filled cells by their fate: read = values + reported + ignored."""

    read: int = 0
    values: int = 0
    reported: int = 0
    ignored: int = 0


@dataclass(frozen=True, slots=True)
class Submission:
    """The content of one file.

    `cells` has the empty cells of known columns too. `last_year` is what the grey column of the forms says:
    (sheet, column) → text. `fates`: (sheet's title, address) of every filled cell → what became of it. `respondent`
    and `report_year` are None when the cover does not say; then, as after any structural error, there is at least one
    finding.
    """

    submission_id: str
    file_name: str
    respondent: Respondent | None = None
    report_year: int | None = None
    template_version: str | None = None
    revision_reason: str | None = None
    saved_at: datetime | None = None
    cells: tuple[Cell, ...] = ()
    last_year: Mapping[tuple[str, str], str] = field(default_factory=dict)
    explanations: tuple[GivenExplanation, ...] = ()
    findings: tuple[Finding, ...] = ()
    fates: Mapping[tuple[str, str], Fate] = field(default_factory=dict)

    @property
    def tally(self) -> Tally:
        count = Counter(self.fates.values())
        return Tally(len(self.fates), count["value"], count["reported"], count["ignored"])


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


def printed_last_year(submissions: Sequence[Submission]) -> dict[str, dict[str, dict[str, int | Decimal]]]:
    """Last year's numbers as the templates print them beside this year's: sheet → submission → column → value.

    They come from the file, not from the database, so that a file gets the same findings whenever it is read.
    """
    values: dict[str, dict[str, dict[str, int | Decimal]]] = {}
    for contract, submission in product(load_contracts(), submissions):
        row = {
            column.name: Decimal(text) if column.type == "decimal" else int(text)
            for column in contract.columns
            if column.is_number and NUMBER.fullmatch(text := submission.last_year.get((contract.name, column.name), ""))
            if column.type == "decimal" or text.lstrip("-").isdecimal()
        }
        if row:
            values.setdefault(contract.name, {})[submission.submission_id] = row
    return values
