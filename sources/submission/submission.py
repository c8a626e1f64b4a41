"""One file as it was read: who it is from, for which year, its cells, and what became of each of them."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import product
from typing import Literal

from sources.declarations.city import Respondent
from sources.declarations.contract import load_contracts
from sources.declarations.pack import Pack
from sources.submission.cell import Cell, CellComment
from sources.submission.explanation import GivenExplanation
from sources.submission.finding import Finding

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
    (sheet, column) → text. `tokens`: those of the template that it was made from, as far as it still has them: one,
    where nobody has put two workbooks together. `fates`: (sheet's title, address) of every filled cell → what became of
    it. `origins`: (sheet, cell) of the values that nobody submitted → where they come from. `respondent` and
    `report_year` are None when the cover does not say; then, as after any structural error, there is at least one
    finding.
    """

    submission_id: str
    file_name: str
    respondent: Respondent | None = None
    report_year: int | None = None
    template_version: str | None = None
    tokens: tuple[str, ...] = ()
    revision_reason: str | None = None
    saved_at: datetime | None = None
    cells: tuple[Cell, ...] = ()
    last_year: Mapping[tuple[str, str], str] = field(default_factory=dict)
    comments: tuple[CellComment, ...] = ()
    explanations: tuple[GivenExplanation, ...] = ()
    findings: tuple[Finding, ...] = ()
    fates: Mapping[tuple[str, str], Fate] = field(default_factory=dict)
    origins: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @property
    def tally(self) -> Tally:
        count = Counter(self.fates.values())
        return Tally(len(self.fates), count["value"], count["reported"], count["ignored"])


def printed_last_year(pack: Pack, submissions: Sequence[Submission]) -> dict[str, dict[str, dict[str, int | Decimal]]]:
    """Last year's numbers as the templates print them beside this year's: sheet → submission → column → value.

    They come from the file, not from the database, so that a file gets the same findings whenever it is read.
    """
    values: dict[str, dict[str, dict[str, int | Decimal]]] = {}
    for contract, submission in product(load_contracts(pack), submissions):
        row = {
            column.name: Decimal(text) if column.type == "decimal" else int(text)
            for column in contract.columns
            if column.is_number and NUMBER.fullmatch(text := submission.last_year.get((contract.name, column.name), ""))
            if column.type == "decimal" or text.lstrip("-").isdecimal()
        }
        if row:
            values.setdefault(contract.name, {})[submission.submission_id] = row
    return values
