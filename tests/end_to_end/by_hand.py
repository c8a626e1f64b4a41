"""The answers to docs/analysts.md a second time: SQL by hand on the cells of the versions that count.

`hand.*` are the sheets as they were accepted. Of each question: what of its answer is compared, and the same by hand.
`{year}` and `{no_technician}` are the city's.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.store.sql import quoted

LABELLED = "label = (select label from core.dim_indicator where indicator_code = '{}')"
OF_SCHOOLS = (
    "hand.roster as r inner join hand.{} as s on r.report_year = s.report_year and school_code = s.respondent_code"
)


@dataclass(frozen=True, slots=True)
class ByHand:
    """`asked` selects from `answer`; `sql` selects the same rows from `hand`."""

    asked: str
    sql: str


STUDENTS, OUTCOMES, STAFF, MAJORS = (OF_SCHOOLS.format(sheet) for sheet in ("students", "outcomes", "staff", "majors"))
BEFORE = "hand.students as b on b.respondent_code = s.respondent_code and b.report_year = s.report_year - 1"
BY_HAND = {
    1: ByHand(
        f"select report_year, display from answer where {LABELLED.format('students_full_time')}",
        f"select r.report_year, cast(sum(students_full_time) as varchar) from {STUDENTS} group by all",
    ),
    2: ByHand(
        f"select previous_display, display from answer where {LABELLED.format('students_full_time')}",
        "select cast(sum(students_full_time) filter (report_year = {year} - 1) as varchar),"
        " cast(sum(students_full_time) filter (report_year = {year}) as varchar) from hand.students",
    ),
    3: ByHand(
        "select school_name, rate, denominator from answer",
        f"select school_name, round(further_study * 100 / graduates, 2), graduates from {OUTCOMES}"
        " where r.report_year = {year} and graduates > 0",
    ),
    4: ByHand(
        f"select school_name, round(value, 6) from answer where {LABELLED.format('campus_area_per_student')}",
        "select school_name, round(c.campus_area / s.students_formal, 6)"
        f" from {STUDENTS} inner join hand.conditions as c on c.submission_id = s.submission_id"
        " inner join reference.standard as t"
        " on t.indicator_code = 'campus_area_per_student' and t.category = r.category"
        " where r.report_year = {year} and s.students_formal > 0 and c.campus_area / s.students_formal < t.bound",
    ),
    5: ByHand(
        "select distinct numerator, denominator from answer",
        "select senior_high_intake, household_students from hand.senior_high inner join hand.household_students"
        " using (submission_id) where senior_high.report_year = {year}",
    ),
    6: ByHand(
        f"select place, schools from answer where {LABELLED.format('campus_area_per_student')}",
        "select rank() over (order by c.campus_area / students_formal desc), count(*) over ()"
        f" from {STUDENTS} inner join hand.conditions as c on c.submission_id = s.submission_id"
        " where r.report_year = {year} and students_formal > 0 and c.campus_area is not null"
        " qualify school_code = '3645900002'",
    ),
    7: ByHand(
        "select count(*), sum(cast(raw_text as bigint)) from answer",
        "select count(*), sum(students_full_time) from hand.students where report_year = {year}",
    ),
    8: ByHand(
        "select count(*), sum(versions) from answer",
        "select count(distinct respondent_code), count(*) from registry.submission where report_year = {year}",
    ),
    9: ByHand(
        "select rule_id, severity, findings from answer",
        "select rule_id, severity, count(*) from registry.finding inner join registry.submission as s"
        " using (submission_id) where is_current and s.report_year = {year} group by all",
    ),
    12: ByHand(
        "select indicator_code, round(of_all, 6), round(without_technician, 6) from answer"
        " where indicator_code in ('students_full_time', 'graduates')",
        f"with people as (from {STUDENTS} left join hand.outcomes as o on o.submission_id = s.submission_id"
        " select category, students_full_time, graduates where r.report_year = {year})"
        " select 'students_full_time', sum(students_full_time),"
        " sum(students_full_time) filter (category <> 'technician') from people union all"
        " select 'graduates', sum(graduates), sum(graduates) filter (category <> 'technician') from people",
    ),
    13: ByHand(
        "select major_code, majors, schools, opened, withdrawn, intake from answer",
        "select major_code, count(*) filter (change_status <> 'withdrawn'), count(distinct school_code),"
        " count(*) filter (change_status = 'new'), count(*) filter (change_status = 'withdrawn'),"
        " sum(major_intake) filter (change_status <> 'withdrawn')"
        f" from {MAJORS} where r.report_year = {{year}} group by major_code",
    ),
    14: ByHand(
        "select family_code, schools, majors from answer",
        f"select left(major_code, 2), count(distinct school_code), count(*) from {MAJORS}"
        " where r.report_year = {year} and change_status <> 'withdrawn' group by 1",
    ),
    15: ByHand(
        "select ownership, industry_code, employed from answer where employed is not null",
        'unpivot (select r.ownership, sum(employed_primary) as "primary", sum(employed_secondary) as secondary,'
        f" sum(employed_tertiary) as tertiary from {OUTCOMES} where r.report_year = {{year}} group by 1)"
        ' on "primary", secondary, tertiary into name industry_code value employed',
    ),
    16: ByHand(
        "select subject_code, previous_value, value, change_value from answer where reason is null",
        f"select school_code, b.students_full_time, s.students_full_time, s.students_full_time - b.students_full_time"
        f" from {STUDENTS} inner join {BEFORE} where r.report_year = {{year}}"
        " and school_code not in (select subject_code from reference.change where kind in ('merge', 'split'))",
    ),
    17: ByHand(
        "select sum(part), max(region_change) from answer where scope_code = '{all}'",
        "select sum(students_full_time) filter (report_year = {year})"
        " - sum(students_full_time) filter (report_year = {year} - 1) as change, change from hand.students",
    ),
    18: ByHand(
        "select subject_code, value, percent from answer",
        "select respondent_code, students_full_time, round(100 * sum(students_full_time) over"
        " (order by students_full_time desc, respondent_code) / sum(students_full_time) over (), 2)"
        " from hand.students where report_year = {year} order by students_full_time desc, respondent_code limit 3",
    ),
    19: ByHand(
        "select subject_code from answer where indicator_code = 'placed'",
        "select school_code from hand.roster as r left join hand.outcomes as s"
        " on r.report_year = s.report_year and school_code = s.respondent_code"
        " where r.report_year = {year} and placed is null",
    ),
    20: ByHand(
        "select subject_code, round(without_it, 6) from answer",
        "select school_code, round((sum(students_formal) over () - students_formal)"
        " / (sum(teachers_full_time) over () - teachers_full_time), 6)"
        f" from {STUDENTS} inner join hand.staff as t on t.submission_id = s.submission_id"
        " where r.report_year = {year} and students_formal is not null qualify teachers_full_time > 0",
    ),
}


def lay_out(published: Path) -> duckdb.DuckDBPyConnection:
    """A connection that uses the published database, with `hand` beside it."""
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(f"attach {quoted(str(published))} as published (read_only); attach ':memory:' as hand")
    connection.execute("use published")
    tables = connection.execute(
        "select table_name from duckdb_tables() where database_name = 'published' and schema_name = 'raw'"
    ).fetchall()
    for (name,) in tables:
        connection.execute(
            f"create view hand.{name} as select sheet.* from published.raw.{name} as sheet semi join"
            " published.registry.submission as sent on sheet.submission_id = sent.submission_id and sent.is_current"
        )
    return connection
