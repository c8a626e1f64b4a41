"""Writes CSV files: those that people open, and those that they edit (sources/declarations/strict_csv reads these)."""

import csv
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from io import StringIO
from pathlib import Path

from sources.system.plain_text import as_text

KEPT = 10_000
"""Texts whose form in a file is kept for the next that is the same."""
AS_IT_IS = {int, float, date, datetime, type(None)}
"""Types whose values csv writes as they are: most of a table."""


def write_csv(rows: Iterable[Iterable[object]], path: Path) -> Path:
    """Writes a file for a Chinese Excel: a byte-order mark, CRLF, and no text that it would run as a formula."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        written = lru_cache(KEPT)(as_text)  # codes and labels stand in thousands of rows
        csv.writer(file, lineterminator="\r\n").writerows(
            [
                written(value) if type(value) is str else value if type(value) in AS_IT_IS else _written(value)
                for value in row
            ]
            for row in rows
        )
    return path


def lines_text(names: Iterable[str], lines: Iterable[dict[str, str]]) -> str:
    """The lines as people edit them: no mark, LF."""
    text = StringIO(newline="")
    writer = csv.DictWriter(text, list(names), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def _written(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return as_text(value) if isinstance(value, str) else value
