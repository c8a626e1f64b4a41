"""The report's tables as declared: rows, columns and headings."""

from functools import lru_cache
from typing import Literal

from pydantic import Field

from sources.declarations.strict_yaml import Declaration, Name, read_yaml
from sources.system.settings import CATALOGUE_ROOT


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
    tables = (ReportTable(**read_yaml(path)) for path in sorted((CATALOGUE_ROOT / "tables").glob("*.yml")))
    return {table.code: table for table in tables}
