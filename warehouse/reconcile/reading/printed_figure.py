"""Printed figures: what they are, and how a list of them is read.

A list is a CSV in one of two forms: the project's own (`sources/cities/<code>/published/<year>.csv`, with codes of
indicators, scopes and subjects), or a plain one in the words of the report (`figure_id, section, year, subject,
indicator, value, unit, as_printed, scope, note`). A row that cannot be understood stays a row.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from warehouse.figures.fact import Reference

MULTIPLIERS = {"千": 1_000, "万": 10_000, "百万": 1_000_000, "千万": 10_000_000, "亿": 100_000_000}
NUMBER = re.compile(r"[-−]?\d+(?:\.\d+)?")
MOST_DECIMALS, MOST_DIGITS = 8, 16
YEARS = range(1949, 2200)


@dataclass(frozen=True, slots=True)
class TablePlace:
    """Where a number stands in a table: which table of the report, and which row and column of it."""

    table: int
    row: int
    column: int
    role: str
    """part: one of the rows that make up the total; total; "" for all others."""
    adds_up: bool
    """Whether the column counts something that may be added up."""


@dataclass(frozen=True)
class PrintedFigure:
    """One printed number with the words around it, as it was read."""

    figure_id: str
    section: str
    """Chapter, or 表… for a cell of a table."""
    year: int | None
    subject: str
    label: str
    """The report's name of the indicator."""
    scope: str
    unit: str
    printed: str
    value: Decimal | None
    """Signed, in the printed unit; None when the row has no number."""
    listed: Decimal | None = None
    """The list's own number, where it is not the one in the printed text."""
    codes: Reference | None = None
    """What it speaks of, where the list itself says so or the text was understood."""
    context: str = ""
    """The words around a number that was read from text."""
    words: str = ""
    """Those right before it, in the form for comparing."""
    likeness: float = 1.0
    """How well those words cover the indicator's name."""
    has_scope: bool = True
    """Whether the scope is stated, and not only the usual one or that of the sentence."""
    other: str = ""
    """Why it is not the city's number of the year, and is not judged against it: another place, a plan, a mean."""
    perhaps_other: str = ""
    """Why it may not be: a number that fits is right, and one that does not is not called wrong."""
    cell: TablePlace | None = None
    readings: tuple[Reference, ...] = ()
    """What else, or what, its words may mean about as well."""
    place: str = ""
    """Where it stands in the file: the page of a PDF, and the line at which its paragraph begins."""

    @property
    def decimals(self) -> int:
        """Decimals as printed: 1.20 has two."""
        match = NUMBER.search(plain(self.printed))
        return min(len(match.group().partition(".")[2]), MOST_DECIMALS) if match else 0

    @property
    def is_lower_bound(self) -> bool:
        return any(word in self.printed for word in ("多", "以上", "余"))

    @property
    def is_about(self) -> bool:
        return any(word in self.printed for word in ("约", "近"))

    @property
    def is_in_table(self) -> bool:
        return self.section.startswith("表")


def plain(text: str) -> str:
    """Half-width, without thousands separators and white space."""
    return re.sub(r"(?<=\d),(?=\d{3})|\s", "", unicodedata.normalize("NFKC", text))


def number_in(text: str) -> Decimal | None:
    """The first number of a printed text; an arrow down makes it negative."""
    match = NUMBER.search(plain(text))
    if match is None or len(match.group().partition(".")[0]) > MOST_DIGITS:
        return None
    value = Decimal(match.group().replace("−", "-"))
    return -value if "↓" in text and value > 0 else value


def multiplier(unit: str) -> int:
    """How many of the base unit one unit is: 万元 → 10000."""
    prefix = next((word for word in sorted(MULTIPLIERS, key=len, reverse=True) if unit.startswith(word)), "")
    return MULTIPLIERS.get(prefix, 1)


@dataclass(frozen=True)
class Listing:
    """The facts besides numbers that a table of the report states of each school."""

    year: int
    attributes: Mapping[str, Mapping[str, str]]
    """School code → attribute (category, ownership, affiliation) → code."""
    honours: Mapping[str, frozenset[str]]
