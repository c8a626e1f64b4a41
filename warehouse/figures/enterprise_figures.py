"""What the schools of a region say of a partner enterprise (合作企业): school by school, and together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from sources.declarations.contract import Column
from sources.declarations.origin import NOT_OF_THE_SCHOOL, ORIGIN_NOTE
from sources.system.called import Names, the_one_called
from warehouse.catalogue.enterprise_chapters import SHEET
from warehouse.figures.regions import KnownRegion


@dataclass(frozen=True, slots=True)
class SchoolOfEnterprise:
    """`values` are the school's, by column, None where its cell is blank; `cells` are where they stand, `origin` is the
    weakest of theirs."""

    name: str
    origin: str
    values: Mapping[str, Decimal | None]
    cells: str


@dataclass(frozen=True, slots=True)
class EnterpriseFigures:
    """An enterprise in a year: '' for a credit code or a place that no school has given.

    `before` are the sums of the year before, None where no school of the region named it then. `not_asked` are columns
    that the year's sheet does not have.
    """

    name: str
    credit_code: str
    location: str
    region: str
    report_year: int
    schools: tuple[SchoolOfEnterprise, ...]
    before: Mapping[str, Decimal | None] | None
    not_asked: frozenset[str]

    def total(self, column: str) -> Decimal | None:
        """What the schools say together; None where none of them says anything."""
        return _sum(school.values[column] for school in self.schools)

    @property
    def origin_note(self) -> str:
        """What every page says where values say nothing about the schools beside whose names they stand."""
        return ORIGIN_NOTE if any(school.origin in NOT_OF_THE_SCHOOL for school in self.schools) else ""

    def silent(self, column: str) -> tuple[str, ...]:
        """The schools that have left the cell blank."""
        return tuple(school.name for school in self.schools if school.values[column] is None)


def enterprise_names(connection: duckdb.DuckDBPyConnection, region: KnownRegion, report_year: int) -> Names:
    """Key → the names that schools of the region write of an enterprise, the first of them first."""
    rows = connection.execute(
        "select enterprise_key, enterprise_name from core.fct_enterprise inner join core.brg_region_school as within"
        " using (report_year, school_code) where report_year = ? and within.region_code = ?"
        " group by all order by enterprise_key, count(*) desc, enterprise_name",
        [report_year, region.code],
    ).fetchall()
    names: dict[str, list[str]] = {}
    for key, name in rows:
        names.setdefault(key, []).append(name)
    return names


def enterprise_figures(
    connection: duckdb.DuckDBPyConnection,
    region: KnownRegion,
    report_year: int,
    word: str,
    columns: Sequence[Column],
) -> EnterpriseFigures:
    """The enterprise that is meant, by its name, a part of it, or its credit code.

    Raises LookupError when no school of the region has named one of the kind, or several may be meant.
    """
    names = enterprise_names(connection, region, report_year)
    key = the_one_called("合作企业", word, names)
    asked = [column.name for column in columns]
    schools = _schools(connection, region, report_year, key, asked)
    earlier = _schools(connection, region, report_year - 1, key, asked)
    code, location = connection.execute(
        "select max(credit_code), max(label) from core.fct_enterprise"
        " left join reference.codelist_entry on codelist = 'enterprise_location' and code = location"
        " where report_year = ? and enterprise_key = ?",
        [report_year, key],
    ).fetchone() or (None, None)
    return EnterpriseFigures(
        next(iter(names[key])),
        code or "",
        location or "",
        region.name,
        report_year,
        schools,
        {name: _sum(each.values[name] for each in earlier) for name in asked} if earlier else None,
        frozenset(column.name for column in columns if not column.is_valid_in(report_year)),
    )


def _schools(
    connection: duckdb.DuckDBPyConnection, region: KnownRegion, report_year: int, key: str, asked: Sequence[str]
) -> tuple[SchoolOfEnterprise, ...]:
    """The schools of the region that name it, in the roster's order, each with the file and the cells of its row."""
    rows = connection.execute(
        f"select school_name, enterprise.origin, {', '.join(f'enterprise.{name}' for name in asked)},"
        " (select string_agg(distinct file_name || '，' || row_cells, '；') from ("
        "   select submission.file_name, min(cells.cell) || ' 一行' as row_cells"
        "   from staging.stg_partners as line"
        "   inner join staging.stg_submission as submission using (submission_id)"
        f"   inner join registry.cell as cells on cells.submission_id = line.submission_id and cells.sheet = '{SHEET}'"
        "   and cells.record = line.record and cells.column_name = 'enterprise_name'"
        "   where line.report_year = $year and line.respondent_code = enterprise.school_code"
        "   and coalesce(line.credit_code, line.enterprise_name) = $key"
        "   group by submission.file_name, line.record))"
        " from core.fct_enterprise as enterprise"
        " inner join core.brg_region_school as within using (report_year, school_code)"
        " inner join core.dim_school as school using (report_year, school_code)"
        " where report_year = $year and within.region_code = $region and enterprise_key = $key"
        " order by school.sequence, school_code",
        {"year": report_year, "region": region.code, "key": key},
    ).fetchall()
    return tuple(
        SchoolOfEnterprise(
            name, origin, {column: _exact(value) for column, value in zip(asked, values, strict=True)}, cells or ""
        )
        for name, origin, *values, cells in rows
    )


def _exact(value: int | Decimal | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _sum(values: Iterable[Decimal | None]) -> Decimal | None:
    known = [value for value in values if value is not None]
    return sum(known, Decimal(0)) if known else None
