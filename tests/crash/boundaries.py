"""Where work is done piece by piece: each place, the piece that a test lets fail, and how that is told.

Whoever makes something for each school, table, page, chart, letter or channel adds a line here: the test injects the
failure, and holds that the others are made.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.conftest import NURSING_SCHOOL

Given = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Boundary:
    """`function` (module and name) fails when `is_the_one` says so of its arguments; then `told` is in the summary."""

    piece: str
    function: str
    is_the_one: Callable[[Given], bool]
    told: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command in which all of these fail at once, its exit code, and what is made all the same (patterns of files
    below the home → how many at least)."""

    typed: tuple[str, ...]
    code: int
    boundaries: tuple[Boundary, ...]
    made: dict[str, int]


COMMANDS = {
    "run": Command(
        ("run", "--year", "2023"),
        5,
        (
            Boundary(
                "a school's marked workbook",
                "warehouse.intake.feedback._to_mark",
                lambda given: given[1].version.respondent_code == NURSING_SCHOOL,
                "钦州市卫生学校",
            ),
            Boundary(
                "a summary table",
                "orchestration.defs.published_assets.write_table",
                lambda given: given[0].code == "1.2-2",
                "1.2-2",
            ),
        ),
        {"feedback/2023/*.xlsx": 1, "summary_tables/2023/*.csv": 9, "published/nianbao.duckdb": 1},
    ),
    "documents": Command(
        ("documents", "--year", "2023"),
        5,
        (
            Boundary(
                "a table of the documents",
                "warehouse.figures.printed_table.print_table",
                lambda given: given[2].code == "annex-3",
                "表“",
            ),
            Boundary(
                "a chart on paper",
                "warehouse.release.documents.write_documents.draw",
                lambda given: given[0] == "获奖",
                "报告中的图“获奖”",
            ),
            Boundary(
                "a document",
                "warehouse.release.documents.write_documents.write_pdf",
                lambda given: True,
                "质量年报（.pdf）",
            ),
            Boundary(
                "a school's page",
                "warehouse.release.site.write_site.school_page",
                lambda given: given[1]["school_code"] == NURSING_SCHOOL,
                "网站的一页：“钦州市卫生学校”",
            ),
            Boundary(
                "a page of sources",
                "warehouse.release.site.source_pages._page",
                lambda given: "teachers-450700" in given[1],
                "的数字来源（",
            ),
        ),
        {"documents/2023/*.xlsx": 2, "documents/2023/*.docx": 2, "documents/2023/site/schools/*.html": 10},
    ),
    "template": Command(
        ("template", "--year", "2023"),
        5,
        (
            Boundary(
                "a school's template",
                "warehouse.intake.blank_workbooks.build_workbook",
                lambda given: given[1].code == NURSING_SCHOOL,
                "钦州市卫生学校",
            ),
        ),
        {"templates/2023/*.xlsx": 12},
    ),
    "mail-out": Command(
        ("mail-out",),
        5,
        (
            Boundary(
                "a letter's text",
                "warehouse.alerts.letters._letter",
                lambda given: (given[1].respondent.code, given[1].year) == (NURSING_SCHOOL, 2023),
                "钦州市卫生学校 2023年的信",
            ),
            Boundary(
                "a letter's files",
                "warehouse.alerts.mail_out._put",
                lambda given: given[0].respondent_code == "3645900003",
                "2023年的信",
            ),
        ),
        {"outbox/*/*/*.txt": 1},
    ),
}
ELSEWHERE = {
    "a file that is read": "tests/hostile/test_quarantine.py: exit code 4",
    "a file that is judged": "tests/hostile/test_quarantine.py: exit code 4",
    "a channel, a message": "tests/crash/test_boundaries.py",
    "a model": "all stand or none (decision 0049): tests/crash/test_boundaries.py holds that it is named",
}
