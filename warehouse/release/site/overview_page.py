"""The first page: headline figures, coverage, standards."""

from collections import Counter
from decimal import Decimal

from warehouse.release.site.bar_charts import Bar, Chart
from warehouse.release.site.chapter_page import CHARTED_SCHOOLS
from warehouse.release.site.page import (
    Page,
    coverage_rows,
    described,
    has_school_pages,
    indicator_row,
    rows,
    table_links,
)
from warehouse.release.site.site_facts import Row, SiteFacts

HEADLINES = (
    "schools",
    "students_full_time",
    "teachers_full_time",
    "majors",
    "students_per_teacher",
    "teachers_double_qualified",
    "campus_area_per_student",
    "equipment_value_per_student",
    "graduates",
    "employment_rate",
    "further_study_rate",
    "satisfaction_students",
    "official_awards_regional",
    "official_awards_national",
    "partner_enterprises",
    "funds_per_student",
)
"""The indicators of the overview, in order."""


def overview(facts: SiteFacts) -> Page:
    figures = facts.figures
    known = facts.figures.catalogue.indicators
    headlines = [row for code in HEADLINES if code in known and (row := indicator_row(facts, known[code]))]
    return Page(
        "index.html",
        "index",
        "概览",
        {
            "headlines": headlines,
            "has_last_year": any(row.previous.reference for row in headlines),
            "told": [each.told for each in figures.told],
            "coverage": coverage_rows(facts),
            "absent": [row for row in facts.register if row["current_submission_id"] is None],
            "chapters": [
                (chapter, Counter(row.status for row in rows(facts, chapter)), facts.scopes[facts.scope_of(chapter)])
                for chapter in facts.chapters
            ],
            "breaks": [
                row
                for chapter in facts.chapters
                for row in rows(facts, chapter)
                if figures.changes[row.indicator.code].comparability in ("scope_break", "definition_break")
            ],
            "standards": standard_counts(facts),
            "standards_chart": _standards_chart(facts),
            "edition_shares": [each for each in figures.edition_shares if each.n_schools + each.n_excluded],
            "scopes": facts.scopes,
            "has_school_pages": has_school_pages(facts),
            "tables": table_links(facts),
        },
    )


def standard_counts(facts: SiteFacts) -> list[tuple[Row, Counter[str]]]:
    """Each school with how many standards it meets, misses, and cannot be judged by."""
    counts = {school["school_code"]: Counter[str]() for school in facts.schools}
    for row in facts.standards:
        if row["subject_kind"] == "school" and row["subject_code"] in counts:
            counts[row["subject_code"]][row["verdict"]] += 1
    return [(school, counts[school["school_code"]]) for school in facts.schools]


def _standards_chart(facts: SiteFacts) -> Chart | None:
    judged = [(school, counts) for school, counts in standard_counts(facts) if counts["met"] + counts["missed"]]
    if not 1 < len(judged) <= CHARTED_SCHOOLS:
        return None
    bars = [
        Bar(school["school_name"], Decimal(counts["met"]), f"{counts['met']}/{counts['met'] + counts['missed']}")
        for school, counts in sorted(judged, key=lambda pair: -pair[1]["met"])
    ]
    return described("各校达到的办学标准（项）", bars)
