"""Each printed figure's history: when it became another, and what made the difference, adding up exactly.

A printed figure is an indicator of a region in the scope that its bureau chose. Its difference is split over the
schools that moved it: what another version says (`version`), what only a definition, a rule or the program says
otherwise (`definition`), schools that another choice of scope takes in or leaves out (`scope`), and another roster
(`roster`). A side that is no sum of its schools' shown values (the bureau's own number, a count of schools, a highest
one, a hidden number) is told as a whole: of the one cause that there is, or `together` where there are several.

For a ratio N/D the difference is (ΔN - R·ΔD)/D with R and D halfway between before and after: exact, the same in any
order of the schools, and a sum over what each of them changed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import Any

import duckdb

from warehouse.history.revision_queries import CHANGED_FIGURES, NEEDED, SHARES, TABLES, VERSIONS, at_moment

DECIMALS = 12
"""Of a value and of its parts."""
DECIMAL_UNIT = Decimal(1).scaleb(-DECIMALS)
VERSION, DEFINITION, SCOPE, ROSTER, TOGETHER = "version", "definition", "scope", "roster", "together"
DATA, MEMBERS, WHOLE = "data", "members", "whole"
"""How a school moved a figure, as the query says it: by its numbers, or by being counted; or all schools together."""


@dataclass(frozen=True, slots=True)
class RevisedFigure:
    """A printed figure whose value moved: both sides of its line before and since; of a sum, no denominator."""

    report_year: int
    region_code: str
    indicator_code: str
    scale: int
    is_ratio: bool
    is_redefined: bool
    has_other_scope: bool
    numerator_before: Decimal
    numerator_since: Decimal
    denominator_before: Decimal
    denominator_since: Decimal
    difference: Decimal


@dataclass(frozen=True, slots=True)
class Share:
    """By how much a school, or all of them (None), moved either side of a figure, and how."""

    how: str
    school_code: str | None
    bureau_code: str | None
    numerator: Decimal
    denominator: Decimal


@dataclass(frozen=True, slots=True)
class VersionChange:
    """The version of a respondent that counted before, and the one that counts since; None where none does."""

    respondent_code: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class CausePart:
    """What one cause made of a figure's difference."""

    cause: str
    share: Share
    version: VersionChange | None
    difference: Decimal


Versions = Mapping[tuple[int, str], Sequence[VersionChange]]
"""Report year and region → the versions of respondents in it that another one has replaced."""
FIELDS_OF_FIGURE = len(RevisedFigure.__dataclass_fields__)


def note_revisions(connection: duckdb.DuckDBPyConnection, at: str, columns: Mapping[str, Iterable[str]]) -> None:
    """Notes which printed figures a publication has changed, and why; within the transaction that notes its rows.

    `at` is its moment as SQL, `columns` those of each public table. Where tables lack what is needed, as in another
    version of nianbao, there are no revisions.
    """
    if any(not needed <= {*columns.get(relation, ())} for relation, needed in NEEDED.items()):
        return
    connection.execute(TABLES)
    connection.execute(at_moment(CHANGED_FIGURES, at))
    rows = connection.execute(at_moment(SHARES, at)).fetchall()
    if not rows:
        return
    replaced: dict[tuple[int, str], list[VersionChange]] = {}
    for year, region, *version in connection.execute(at_moment(VERSIONS, at)).fetchall():
        replaced.setdefault((year, region), []).append(VersionChange(*version))
    connection.executemany(
        f"insert into history.report.revision_part values (?, ?, ?, {at}, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        list(_noted(rows, replaced)),
    )


def _noted(rows: Sequence[tuple[Any, ...]], replaced: Versions) -> Iterator[tuple[Any, ...]]:
    """The rows of report.revision_part, without the moment."""
    for values, shares in groupby(rows, key=lambda row: row[:FIELDS_OF_FIGURE]):
        figure = RevisedFigure(*values)
        listed = [Share(*row[FIELDS_OF_FIGURE:]) for row in shares]
        for number, part in enumerate(parts_of(figure, listed, replaced), 1):
            share, version = part.share, part.version
            yield (
                *(figure.report_year, figure.region_code, figure.indicator_code, number, part.cause),
                *(share.school_code, version and version.respondent_code),
                *(version and version.before, version and version.after),
                *(share.numerator, share.denominator if figure.is_ratio else None, part.difference),
            )


def parts_of(figure: RevisedFigure, shares: Sequence[Share], replaced: Versions) -> list[CausePart]:
    """The parts of a figure's difference, which they add up to exactly: what rounding leaves is the largest part's.

    What the shares do not make by the formula of today, another formula does: a definition.
    """
    parts = []
    for share in shares:
        cause, version = _cause(figure, share, replaced.get((figure.report_year, figure.region_code), ()))
        parts.append(CausePart(cause, share, version, _rounded(_exact(figure, share))))
    left = figure.difference - sum((part.difference for part in parts), Decimal(0))
    if abs(left) > (len(parts) + 2) * DECIMAL_UNIT:
        whole = Share(WHOLE, None, None, Decimal(0), Decimal(0))
        return [*parts, CausePart(DEFINITION, whole, None, left)]
    largest = max(range(len(parts)), key=lambda nth: abs(parts[nth].difference))
    parts[largest] = replace(parts[largest], difference=parts[largest].difference + left)
    return parts


def _exact(figure: RevisedFigure, share: Share) -> Fraction:
    """What a share makes of the difference."""
    if not figure.is_ratio:
        return Fraction(share.numerator)
    before, since = Fraction(figure.denominator_before), Fraction(figure.denominator_since)
    ratio = (Fraction(figure.numerator_before) / before + Fraction(figure.numerator_since) / since) / 2
    return figure.scale * (Fraction(share.numerator) - ratio * Fraction(share.denominator)) / ((before + since) / 2)


def _rounded(value: Fraction) -> Decimal:
    return Decimal(round(value * 10**DECIMALS)).scaleb(-DECIMALS)


def _cause(figure: RevisedFigure, share: Share, replaced: Sequence[VersionChange]) -> tuple[str, VersionChange | None]:
    """Why a share moved: the school's own version first, else its bureau's; of a whole, the only cause there is."""
    by_respondent = {each.respondent_code: each for each in replaced}
    own = by_respondent.get(share.school_code or "") or by_respondent.get(share.bureau_code or "")
    if share.how == DATA:
        return (VERSION if own else DEFINITION), own
    if share.how == MEMBERS:
        return (SCOPE if figure.has_other_scope else ROSTER), by_respondent.get(share.bureau_code or "")
    others = [cause for cause, is_one in ((DEFINITION, figure.is_redefined), (SCOPE, figure.has_other_scope)) if is_one]
    if len(replaced) + len(others) > 1:
        return TOGETHER, None
    if replaced:
        return VERSION, replaced[0]
    return (others[0] if others else DEFINITION), None
