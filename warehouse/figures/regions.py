"""Regions of a built database: which one is meant, and what lies in it."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from sources.system.called import Names, the_one_called
from warehouse.figures.fact import School
from warehouse.store.sql import SUBTREE as SUBTREE

AREA = 2
"""A region's short name has as many characters at least: 钦州 of 钦州市."""


WHOLES = frozenset("国省区市州盟县旗")


@dataclass(frozen=True)
class KnownRegion:
    code: str
    name: str


def whole_of(region: str) -> str:
    """The word for all of a region, from its name: 全市 of 长江市, 全省 of 江南省, 全国 of 中国."""
    return f"全{region[-1]}" if region[-1:] in WHOLES else "全域"


def find_region(
    connection: duckdb.DuckDBPyConnection, word: str | None = None, report_year: int | None = None
) -> KnownRegion:
    """The region of that code or name; without one, the widest that the database holds: the installation's own.

    It has its name in the report year, or else its newest, and is found by any that it has had. Raises LookupError when
    the database has no such region, or the word may mean several; with those that there are.
    """
    known = region_names(connection, report_year)
    code = next(iter(known)) if word is None else the_one_called("地区", word, known)
    return KnownRegion(code, next(iter(known[code])))


def region_names(connection: duckdb.DuckDBPyConnection, report_year: int | None = None) -> Names:
    """Code → the region's name in the year (or its newest) and its short one, then others that it has had.

    The widest region comes first.
    """
    rows = connection.execute(
        "select region_code, called.name from core.dim_region"
        " inner join reference.region_period as called on region_code = called.code"
        " order by depth, sequence, coalesce(cast($1 as bigint), 9999) between from_year and to_year desc,"
        " from_year desc",
        [report_year],
    ).fetchall()
    names: dict[str, list[str]] = {}
    for code, name in rows:
        names.setdefault(code, []).extend([name, name[:-1]] if len(name) > AREA else [name])
    return {code: list(dict.fromkeys(of_code)) for code, of_code in names.items()}


def unlisted_schools(connection: duckdb.DuckDBPyConnection, region: str, report_year: int) -> tuple[School, ...]:
    """A region's schools that are registered in the year and on no bureau's roster."""
    rows = connection.execute(
        "select school_code, school_name from core.dim_school"
        f" where report_year = ? and bureau_code is null and region_code in {SUBTREE} order by sequence",
        [report_year, region],
    )
    return tuple(School(code, name) for code, name in rows.fetchall())


def coverage_of(connection: duckdb.DuckDBPyConnection, region: str, years: Sequence[int]) -> dict[int, str]:
    """Year → how complete the region's data are, in words, over the first of the declared scopes."""
    return dict(
        connection.execute(
            "select report_year, coverage from core.fct_coverage"
            " where region_code = ? and list_contains(?, report_year)"
            " and scope_code = (select code from reference.scope order by sequence limit 1)",
            [region, list(years)],
        ).fetchall()
    )
