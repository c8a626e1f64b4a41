"""CSV files of the project: declarations and samples that people edit as tables."""

import csv
from pathlib import Path


def read_csv(path: Path) -> list[dict[str, str]]:
    """The lines of a CSV file; none when there is no such file."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
