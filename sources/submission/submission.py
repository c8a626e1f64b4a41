"""One file as it was read: who it is from, for which year, its cells, and what became of each of them."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import product
from typing import Literal

import polars as pl

from sources.declarations.city import Respondent
from sources.declarations.contract import load_contracts
from sources.submission.explanation import GivenExplanation
from sources.submission.finding import Finding
from sources.submission.frames import CELL_SCHEMA, SUBMISSION_SCHEMA

NUMBER = re.compile(r"-?[0-9]{1,15}([.][0-9]{1,15})?")
Cell = tuple[str, str, int, str, str, str]
Fate = Literal["value", "reported", "ignored"]
"""Taken as a value, named in a finding, or part of the template."""
IDENTITY = ("respondent_code", "report_year", "template_version", "saved_at", "revision_reason")


@dataclass
class Tally:
    """What became of the filled cells of a workbook: read = values + reported + ignored."""

    read: int = 0
    values: int = 0
    reported: int = 0
    ignored: int = 0


@dataclass(frozen=True)
class Submission:
    """What one file holds.

    `cells` are tuples in the order of CELL_SCHEMA: `record` is the row number in a table and FORM_RECORD in
    a form, `sheet` the contract's name. An empty cell of a known column is there too, with text ''.
    `last_year` is what the grey column of the forms says: (sheet, column) → text. `fates`: (sheet's title, address)
    of every filled cell → what became of it. `respondent` and `report_year` are None when the cover does not say;
    then, as after any structural error, there is at least one finding.
    """

    submission_id: str
    file_name: str
    respondent: Respondent | None = None
    report_year: int | None = None
    template_version: str | None = None
    revision_reason: str | None = None
    saved_at: datetime | None = None
    cells: list[Cell] = field(default_factory=list)
    last_year: dict[tuple[str, str], str] = field(default_factory=dict)
    explanations: list[GivenExplanation] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    fates: dict[tuple[str, str], Fate] = field(default_factory=dict)

    @property
    def tally(self) -> Tally:
        count = Counter(self.fates.values())
        return Tally(len(self.fates), count["value"], count["reported"], count["ignored"])


def cells_frame(readings: Sequence[Submission]) -> pl.DataFrame:
    """The cells of many workbooks, stacked."""
    cells = [cell for reading in readings for cell in reading.cells]
    return pl.DataFrame(cells, schema=CELL_SCHEMA, orient="row")


def printed_last_year(readings: Iterable[Submission]) -> dict[str, dict[str, dict[str, int | Decimal]]]:
    """Last year's numbers as the templates print them beside this year's: sheet → submission → column → value.

    What the file says, not what stands by now: so that the same is said of a file whenever it is read.
    """
    values: dict[str, dict[str, dict[str, int | Decimal]]] = {}
    for contract, reading in product(load_contracts(), readings):
        row = {
            column.name: Decimal(text) if column.type == "decimal" else int(text)
            for column in contract.columns
            if column.is_number and NUMBER.fullmatch(text := reading.last_year.get((contract.name, column.name), ""))
            if column.type == "decimal" or text.lstrip("-").isdecimal()
        }
        if row:
            values.setdefault(contract.name, {})[reading.submission_id] = row
    return values


def submissions_frame(readings: Sequence[Submission]) -> pl.DataFrame:
    rows = [
        (
            reading.submission_id,
            reading.file_name,
            reading.respondent.code if reading.respondent else None,
            reading.respondent.kind if reading.respondent else None,
            reading.report_year,
            reading.template_version,
            reading.saved_at,
            reading.revision_reason,
        )
        for reading in readings
    ]
    more: dict[str, pl.DataType] = {
        name: pl.Datetime("us") if name == "saved_at" else pl.String() for name in IDENTITY[2:]
    }
    return pl.DataFrame(rows, schema=SUBMISSION_SCHEMA | more, orient="row")
