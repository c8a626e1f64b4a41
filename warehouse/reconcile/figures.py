"""Printed figures: what they are, and how a list of them is read.

A list is a CSV in one of two forms: the project's own (`sources/cities/<code>/published/<year>.csv`, with codes of
indicators, scopes and subjects), or a plain one in the words of the report (`figure_id, section, year, subject,
indicator, value, unit, as_printed, scope, note`). A row that cannot be understood stays a row.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

MULTIPLIERS = {"千": 1_000, "万": 10_000, "百万": 1_000_000, "千万": 10_000_000, "亿": 100_000_000}
NUMBER = re.compile(r"[-−]?\d+(?:\.\d+)?")
MOST_DECIMALS, MOST_DIGITS = 8, 16
YEARS = range(1949, 2200)
CHANGE, VALUE, STANDARD, TARGET = "change", "value", "standard", "target"


class Fact(NamedTuple):
    """What a figure speaks of; `kind` is value, change, standard or target."""

    year: int
    subject: str
    scope: str
    indicator: str
    kind: str = VALUE


@dataclass(frozen=True)
class Figure:
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
    codes: Fact | None = None
    """What it speaks of, where the list itself says so or the text was understood."""
    context: str = ""
    """The words around a number that was read from text."""
    likeness: float = 1.0
    """How well those words cover the indicator's name."""
    has_scope: bool = True
    """Whether the scope is stated, and not only the usual one or that of the sentence."""

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


def read_list(path: Path) -> list[Figure]:
    """The figures of a CSV in either form, in order, one for each row.

    Raises ValueError that names the file when it has no such columns.
    """
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030")
    rows = csv.DictReader(io.StringIO(text))
    columns = set(rows.fieldnames or ())
    if {"figure_id", "kind", "indicator", "printed", "printed_value"} <= columns:
        return [_own_form(row) for row in rows]
    if {"figure_id", "indicator", "value", "as_printed"} <= columns:
        return [_plain_form(row) for row in rows]
    raise ValueError(
        f"{path}：不是印刷数字清单，应有列 figure_id、section、year、subject、indicator、value、unit、as_printed、scope"
    )


def _own_form(row: Mapping[str, str]) -> Figure:
    figure = _figure(row, row["label"] or "", row["printed"] or "", row["printed_value"] or "")
    if figure.year is None:
        return figure
    return replace(
        figure, codes=Fact(figure.year, figure.subject, figure.scope, row["indicator"] or "", row["kind"] or VALUE)
    )


def _plain_form(row: Mapping[str, str]) -> Figure:
    return _figure(row, row["indicator"] or "", row["as_printed"] or row["value"] or "", row["value"] or "")


def _figure(row: Mapping[str, str], label: str, printed: str, listed: str) -> Figure:
    """What is printed counts; the list's own number gives the sign where the print has no arrow."""
    year, unit = row.get("year") or "", row.get("unit") or ""
    value, number = _decimal(listed), number_in(printed)
    if number is not None and (prefix := _multiplier_in(printed)) and not unit.startswith(prefix):
        unit = prefix + unit
        value = value / MULTIPLIERS[prefix] if value is not None else None
    if number is not None and value is not None and value < 0 < number and "↑" not in printed:
        number = -number
    return Figure(
        figure_id=row["figure_id"] or "",
        section=row.get("section") or "",
        year=int(year) if re.fullmatch("[0-9]{4}", year) and int(year) in YEARS else None,
        subject=row.get("subject") or "",
        label=label,
        scope=row.get("scope") or "",
        unit=unit,
        printed=printed,
        value=value if number is None else number,
        listed=value if number is not None and value is not None and value != number else None,
    )


def _multiplier_in(printed: str) -> str:
    match = re.search(r"\d(百万|千万|万|亿)", plain(printed))
    return match[1] if match else ""


def _decimal(text: str) -> Decimal | None:
    bare = plain(text)
    return number_in(bare) if NUMBER.fullmatch(bare) else None
