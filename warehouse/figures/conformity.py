"""Which schools meet all key indicators of an edition of the standards, and what share of a region's schools does."""

from dataclasses import dataclass
from decimal import Decimal

import duckdb

from warehouse.catalogue.labels import ON_TARGET, ON_THE_WHOLE
from warehouse.catalogue.standard import UNVERIFIED
from warehouse.figures.regions import SUBTREE
from warehouse.figures.rounding import rounded, trimmed_text
from warehouse.store.sql import query

SHARE_DECIMALS = 2


@dataclass(frozen=True, slots=True)
class EditionVerdict:
    """A school held against all key indicators of an edition; `missed` and `lacking` name indicators."""

    school: str
    edition: str
    label: str
    key_verified: bool
    verdict: str
    missed: str
    lacking: str
    is_whole: bool
    excluded_because: str

    @property
    def told(self) -> str:
        """The verdict with its reason: which indicators, or why the edition does not speak of the school."""
        because = {
            "met": "",
            "missed": f"：{self.missed}" + (f"；没有数的：{self.lacking}" if self.lacking else ""),
            "not_verifiable": f"：{self._unknown}",
            "excluded": f"：{self.excluded_because}",
        }
        return ON_THE_WHOLE[self.verdict] + because[self.verdict]

    @property
    def _unknown(self) -> str:
        lacking = [f"没有{self.lacking}的数"] if self.lacking else []
        return "；".join(lacking + ([] if self.is_whole else ["这一类学校的标准没有找全"]))

    @property
    def named(self) -> str:
        """The edition; that nobody has read which its key indicators are is told with it."""
        return self.label if self.key_verified else f"{self.label}，关键指标的划定{UNVERIFIED}"


@dataclass(frozen=True, slots=True)
class EditionShare:
    """Of a region's schools in a scope, those that meet all; those that cannot be judged may, so it has two ends."""

    scope: str
    edition: str
    label: str
    key_verified: bool
    n_schools: int
    n_met: int
    n_missed: int
    n_not_verifiable: int
    n_excluded: int
    share: Decimal | None
    share_at_most: Decimal | None
    target: Decimal | None
    target_by: int | None
    target_verified: bool | None
    verdict: str

    @property
    def target_told(self) -> str:
        if self.target is None:
            return "还没有到期的"
        unsure = "" if self.target_verified else f"（{UNVERIFIED}）"
        return f"{self.target_by}年底 {trimmed_text(self.target)}%{unsure}，{ON_TARGET[self.verdict]}"

    @property
    def numbers(self) -> tuple[Decimal, ...]:
        """All that is printed of it."""
        counts = (self.n_schools, self.n_met, self.n_missed, self.n_not_verifiable, self.n_excluded)
        shares = (self.share, self.share_at_most, self.target)
        return (*map(Decimal, counts), *(each for each in shares if each is not None))


def verdicts_of_schools(
    connection: duckdb.DuckDBPyConnection, report_year: int, region: str
) -> tuple[EditionVerdict, ...]:
    """Of the schools in the region, the newest edition first."""
    rows = connection.execute(
        "select school_code, edition, label, key_verified, verdict, coalesce(missed, ''), coalesce(lacking, ''),"
        " is_whole, coalesce(excluded_because, '')"
        " from core.fct_edition_verdict inner join reference.edition on edition = code"
        f" where report_year = ? and region_code in {SUBTREE} order by sequence desc, school_code",
        [report_year, region],
    ).fetchall()
    return tuple(EditionVerdict(*row) for row in rows)


def shares_of_region(connection: duckdb.DuckDBPyConnection, report_year: int, region: str) -> tuple[EditionShare, ...]:
    """In every scope, the newest edition first."""
    rows = query(
        connection,
        "select scope_code as scope, share.edition, edition.label, key_verified, n_schools, n_met, n_missed,"
        " n_not_verifiable, n_excluded, share.share, share_at_most, share.target, share.target_by,"
        " target.is_verified as target_verified, share.verdict"
        " from core.fct_edition_share as share inner join reference.edition on share.edition = edition.code"
        " left join reference.edition_target as target"
        " on share.edition = target.edition and share.target_by = target.by_year"
        " where report_year = ? and region_code = ? order by edition.sequence desc, share.scope_code",
        [report_year, region],
    ).to_dicts()
    return tuple(EditionShare(**row | {end: _shown(row[end]) for end in ("share", "share_at_most")}) for row in rows)


def _shown(share: Decimal | None) -> Decimal | None:
    return None if share is None else rounded(share, SHARE_DECIMALS)
