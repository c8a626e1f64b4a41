"""The report's tables as declared: rows, columns and headings."""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from sources.declarations.problem import meant
from sources.declarations.strict_yaml import Declaration, Name, read_document
from sources.system.settings import CATALOGUE_ROOT
from warehouse.catalogue.indicator import load_indicators


class TableRow(Declaration):
    indicator: Name
    label: str
    group: str = ""
    change: bool = True
    """Whether the report prints the change against last year in this row."""


class ReportTable(Declaration):
    """One table of the report.

    `comparison` lists indicators with last year, this year and the change; `schools` lists schools; `years` has
    a row for each of the last years and a column for each indicator.
    """

    code: str
    title: str
    topic: Name
    layout: Literal["schools", "comparison", "years"]
    model: Name
    """The dbt model that holds it, in schema `report`."""
    columns: dict[Name, str]
    """The model's columns that are printed, in order, with their headings; {year} and {last_year} are filled in."""
    spans: dict[str, tuple[Name, ...]] = Field(default_factory=dict)
    """Headings that stand above several columns next to each other."""
    rows: tuple[TableRow, ...] = ()

    @property
    def name(self) -> str:
        """The table's number as people say it: 表1.2-1, 附表3."""
        return f"附表{self.code.removeprefix('annex-')}" if self.code.startswith("annex-") else f"表{self.code}"


@lru_cache
def load_report_tables() -> dict[str, ReportTable]:
    tables = (_report_table(path) for path in sorted((CATALOGUE_ROOT / "tables").glob("*.yml")))
    return {table.code: table for table in tables}


def _report_table(path: Path) -> ReportTable:
    """A table. Raises DeclarationError, also for a row of an unknown indicator."""
    document = read_document(path)
    table = document.parsed(ReportTable)
    known = load_indicators()
    for position, row in enumerate(table.rows):
        if row.indicator not in known:
            told = f"there is no indicator `{row.indicator}`{meant(row.indicator, known, 'en')}"
            raise document.fault(("rows", position, "indicator"), told)
    return table
