"""Writes CSV files: those that people open, and those that they edit (sources/declarations/strict_csv reads these)."""

import csv
from collections.abc import Iterable
from decimal import Decimal
from io import StringIO
from pathlib import Path

from sources.system.plain_text import as_text


def write_csv(rows: Iterable[Iterable[object]], path: Path) -> Path:
    """Writes a file for a Chinese Excel: a byte-order mark, CRLF, and no text that it would run as a formula."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, lineterminator="\r\n").writerows([_written(value) for value in row] for row in rows)
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
