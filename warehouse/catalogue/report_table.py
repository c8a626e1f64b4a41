"""The report's tables as declared: rows, columns and headings."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

from pydantic import Field

from sources.declarations.pack import Pack
from sources.declarations.problem import meant
from sources.declarations.strict_yaml import Declaration, Document, Name
from warehouse.catalogue.indicator import Indicator, load_indicators
from warehouse.catalogue.measure import catalogue_files


class TableRow(Declaration):
    code: Name | None = None
    """Tells the row from another of the same indicator, which another edition has under another name."""
    indicator: Name
    label: str
    group: str = ""
    change: bool = True
    """Whether the report prints the change against last year in this row."""
    part_of: Name | None = None
    """The indicator of another row, of which this is a part (其中)."""
    needs: Name | None = None
    """The indicator of those of whom the row speaks: where there is none of them, its number is 不适用."""
    since: int | None = None
    until: int | None = None
    """The report years whose edition has the row. A row under another name, in parts or with others is a new one."""

    def is_valid_in(self, report_year: int) -> bool:
        return (self.since or report_year) <= report_year <= (self.until or report_year)


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
    needs: Name | None = None
    """As of a row, for all rows but that of the indicator itself."""

    def in_year(self, report_year: int) -> "ReportTable":
        """The table with the rows of a year's edition."""
        rows = tuple(row for row in self.rows if row.is_valid_in(report_year))
        return self if len(rows) == len(self.rows) else self.model_copy(update={"rows": rows})

    @property
    def is_annex(self) -> bool:
        """Whether it is one of the tables at the end, which a school's own report has as well."""
        return self.code.startswith("annex-")

    @property
    def name(self) -> str:
        """The table's number as people say it: 表1.2-1, 附表3."""
        return f"附表{self.code.removeprefix('annex-')}" if self.is_annex else f"表{self.code}"

    def needed_by(self, indicator: str) -> str | None:
        """The indicator of those of whom an indicator of the table speaks; None where it is not declared."""
        own = next((row.needs for row in self.rows if row.indicator == indicator and row.needs), None)
        needs = own or self.needs
        return needs if needs != indicator else None

    def lists_change(self, indicator: str) -> bool:
        """Whether the report prints the indicator's change against last year in this table."""
        return any(row.change for row in self.rows if row.indicator == indicator)


@lru_cache
def load_report_tables(pack: Pack) -> dict[str, ReportTable]:
    """The tables by code, in the order of their files. Raises DeclarationError."""
    files = (document for name, document in catalogue_files(pack).items() if name.startswith("tables/"))
    tables = (_report_table(document, load_indicators(pack)) for document in files)
    return {table.code: table for table in tables}


def _report_table(document: Document, known: Mapping[str, Indicator]) -> ReportTable:
    """A table. Raises DeclarationError, also for a row of an unknown indicator."""
    table = document.parsed(ReportTable)
    for position, row in enumerate(table.rows):
        if row.since and row.until and row.since > row.until:
            raise document.fault(("rows", position, "since"), f"`since` {row.since} is after `until` {row.until}")
        if row.indicator not in known:
            told = f"there is no indicator `{row.indicator}`{meant(row.indicator, known, 'en')}"
            raise document.fault(("rows", position, "indicator"), told)
        if row.part_of and row.part_of not in {each.indicator for each in table.rows}:
            raise document.fault(("rows", position, "part_of"), f"no row of the table is `{row.part_of}`")
        if row.needs and row.needs not in known:
            told = f"there is no indicator `{row.needs}`{meant(row.needs, known, 'en')}"
            raise document.fault(("rows", position, "needs"), told)
    if table.needs and table.needs not in known:
        raise document.fault(("needs",), f"there is no indicator `{table.needs}`{meant(table.needs, known, 'en')}")
    return table
