"""Regions of a built database: which one is meant, and what lies in it."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from warehouse.store.sql import SUBTREE as SUBTREE


@dataclass(frozen=True)
class KnownRegion:
    code: str
    name: str


def find_region(connection: duckdb.DuckDBPyConnection, code: str | None = None) -> KnownRegion:
    """The region of the code; without one, the widest that the database holds: the installation's own.

    Raises LookupError when the database has no such region.
    """
    known = connection.execute(
        "select region_code, region_name from core.dim_region order by depth, sequence"
    ).fetchall()
    for region_code, name in known:
        if code in (None, region_code):
            return KnownRegion(region_code, name)
    shown = "、".join(f"{region_code} {name}" for region_code, name in known[:12])
    raise LookupError(f"没有地区 {code}；有：{shown}{f' 等 {len(known)} 个' if len(known) > 12 else ''}")


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
