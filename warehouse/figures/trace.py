"""The way back from a number to the cells that it was made of."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from warehouse.figures.fact import Reference


@dataclass(frozen=True)
class Source:
    """One submitted cell. `is_status` when it only says that the sheet is filled in, so that nothing means zero."""

    submission_id: str
    file_name: str
    respondent_code: str
    sheet: str
    record: int
    column_name: str
    label: str
    cell: str
    raw_text: str
    origin: str
    is_status: bool = False


@dataclass(frozen=True)
class Part:
    """What one subject (a school, or a bureau for its region) contributes to one measure.

    `counts` is False when it has no value, or a ratio leaves the school out because it lacks the other term.
    """

    subject_code: str
    subject_name: str
    value: Decimal | None
    status: str
    counts: bool
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class Term:
    """One measure of the formula."""

    role: str
    measure_code: str
    label: str
    unit: str
    how: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Trace:
    """The whole way of one number. A change has two `parts`, this year and last; a count of schools one a school."""

    reference: Reference
    label: str
    subject_name: str
    scope_label: str
    unit: str
    definition: str
    formula: str
    display: str | None
    status: str
    n_expected: int
    n_reported: int
    terms: tuple[Term, ...] = ()
    parts: tuple["Trace", ...] = ()
    findings: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def sources(self) -> Iterator[Source]:
        """Every cell behind the number."""
        for term in self.terms:
            for part in term.parts:
                yield from part.sources
        for trace in self.parts:
            yield from trace.sources
