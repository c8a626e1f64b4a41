"""What a school's own report may print: its numbers, its annex tables, and the region's numbers to hold beside them.

The numbers are those that the region's report adds up, so that the two cannot contradict each other.
"""

from dataclasses import dataclass, replace

import duckdb

from sources.declarations.origin import NOT_OF_THE_SCHOOL, ORIGIN_NOTE
from sources.system.called import the_one_called
from sources.system.faults import ToldError
from warehouse.figures.fact import SCHOOL_SCOPE, Footnote, School
from warehouse.figures.printed_table import print_tables
from warehouse.figures.region_year import YEARS_SHOWN, changes_of, read_facts
from warehouse.figures.year_figures import Figures


class NothingOfSchoolError(ToldError):
    """A school has sent nothing that counts in the year."""


@dataclass(frozen=True, slots=True)
class SchoolProfile:
    """What a school is, in words; '' where its bureau has not said it."""

    category: str
    ownership: str
    affiliation: str
    authority: str
    honours: str


def find_school(figures: Figures, word: str) -> School:
    """The school of the region that is meant: by its code, its name or a part of it.

    Raises LookupError when there is none of the kind in the year, or several may be meant.
    """
    known = {school.code: [school.name] for school in figures.schools}
    code = the_one_called("学校", word, known)
    return next(school for school in figures.schools if school.code == code)


def figures_of_school(connection: duckdb.DuckDBPyConnection, region: Figures, school: School) -> Figures:
    """The region's figures with a school as their subject; of other schools nothing is left in them.

    Raises NothingOfSchoolError when the school has sent nothing that counts in the report year.
    """
    year = region.report_year
    own = read_facts(
        connection,
        "subject_kind = 'school' and subject_code = ? and report_year between ? and ?",
        [school.code, year - YEARS_SHOWN + 1, year],
    )
    if not _has_reported(connection, school, year):
        raise NothingOfSchoolError(
            f"{school.name}没有{year}年度有效的报送，没有数字可以写成年报。见 nianbao status --year {year}"
        )
    figures = replace(
        region,
        facts=own,
        changes=changes_of(connection, year, "school", school.code),
        choices=dict.fromkeys(region.choices, SCHOOL_SCOPE),
        coverage={},
        footnotes=_footnotes(connection, year, school.code),
        told=tuple(each for each in region.told if school.code in each.subjects),
        origin_note=ORIGIN_NOTE if any(fact.origin in NOT_OF_THE_SCHOOL for fact in own.values()) else "",
        bureau_name=school.name,
        whole_scope=SCHOOL_SCOPE,
        schools=(school,),
        members={},
        bounds={reference: bounds for reference, bounds in region.bounds.items() if reference.subject == school.code},
        edition_verdicts=tuple(each for each in region.edition_verdicts if each.school == school.code),
        edition_shares=(),
        targets={},
        tables={},
        school=school,
        whole=region,
    )
    return replace(figures, tables=print_tables(connection, figures))


def profile_of(connection: duckdb.DuckDBPyConnection, school: School, report_year: int) -> SchoolProfile:
    found = connection.execute(
        "select category_label, ownership_label, affiliation_label, authority, honours from core.dim_school"
        " where school_code = ? and report_year = ?",
        [school.code, report_year],
    ).fetchone()
    return SchoolProfile(*(text or "" for text in found or ("",) * 5))


def _has_reported(connection: duckdb.DuckDBPyConnection, school: School, report_year: int) -> bool:
    """What its bureau says of a school is there without it: that there is such a school, and what it was granted."""
    found = connection.execute(
        "select has_reported from core.dim_school where school_code = ? and report_year = ?", [school.code, report_year]
    ).fetchone()
    return bool(found and found[0])


def _footnotes(connection: duckdb.DuckDBPyConnection, report_year: int, school: str) -> tuple[Footnote, ...]:
    rows = connection.execute(
        "select distinct sheet, value, reason, indicator_code from quality.footnote"
        " where report_year = ? and respondent_code = ? order by all",
        [report_year, school],
    ).fetchall()
    return tuple(
        Footnote(code, SCHOOL_SCOPE, f"本校（{sheet}，{value}）：{reason}") for sheet, value, reason, code in rows
    )
