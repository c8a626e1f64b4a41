"""The page of a year: whom something waits for by name, what is next, the link to the file; the others in tables."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import dagster as dg

from orchestration.lib.addresses import marked_workbook
from orchestration.lib.metadata import Link
from orchestration.lib.year_page import STILL_OPEN, SUMMARY, TO_CALL, StillOpen, year_page
from sources.declarations.year_states import YearState
from sources.submission.cell import CellAddress
from sources.submission.finding import Finding
from warehouse.figures.bounds import BoundedFigure, SchoolToCall
from warehouse.intake.feedback import Feedback
from warehouse.intake.register import RegisterEntry
from warehouse.intake.version import Version

DAY = date(2026, 11, 29)
SHOWN_AT_ONCE = 1_000


def entry(
    name: str, state: str, submission_id: str | None = None, latest: Any = None, current: str | None = None
) -> RegisterEntry:
    """A respondent of 2023 in a state (or overdue), with its latest version, what became of that, and what counts."""
    is_overdue = state == "overdue"
    stands = (YearState.UNSENT if is_overdue else YearState(state), None, None, is_overdue)
    days = (date(2023, 9, 1), DAY, date(2027, 1, 1), 0, False)
    counts, last = (current, None, None, None), (submission_id, f"{name}.xlsx", latest, None)
    of_school = (2023, f"c{name}", name, "school", "450700")
    return RegisterEntry(*of_school, *stands, *days, 1, 0, None, *counts, *last, 0, 0, 0, 0)


def sent(submission_id: str, findings: int = 0, code: str | None = "c") -> Feedback:
    year = 2023 if code else None
    version = Version(submission_id, "f.xlsx", code, code, year, "rejected", "有错误", DAY, False, False, 1, 0)
    address = CellAddress(submission_id, "f.xlsx", "表", "A1", None, "1")
    finding = Finding(address, "x", "rule", "1", "error", "错", "改", None)
    return Feedback(version, (finding,) * findings, None)


def texts(page: dict[str, dg.MetadataValue]) -> dict[str, str]:
    return {name: str(value.value) for name, value in page.items()}


LINK = Link("下载退回件", marked_workbook("2023/甲校_aaaaaaaa_校验结果.xlsx"))
ENTRIES = [
    entry("甲校", "returned", "a" * 64, "rejected"),
    entry("乙校", "accepted", "b" * 64, "accepted"),
    entry("丙校", "overdue"),
    entry("丁校", "unsent"),
    entry("戊校", "returned", "e" * 64, "rejected", current="f" * 64),
]


def test_whom_something_waits_for_stands_by_name_with_the_next_step_and_the_file():
    page = texts(year_page(ENTRIES, [sent("a" * 64, 2), sent("b" * 64)], {"a" * 64: LINK}))
    assert list(page)[:4] == [SUMMARY, "甲校", "丙校", "戊校"]
    assert "应报 5 个单位" in page[SUMMARY]
    assert "有 3 个单位要处理" in page[SUMMARY]
    assert "2026-11-29" in page["甲校"]
    assert "0 个影响印出的数字；共错误 2 个" in page["甲校"]
    assert "把退回件发给学校" in page["甲校"]
    assert LINK.markdown in page["甲校"]
    assert "催学校报送" in page["丙校"]
    assert "仍用上一次接收的" in page["戊校"]
    rest = "".join(text for name, text in page.items() if name not in ("甲校", "丙校", "戊校"))
    assert "乙校" in rest
    assert "丁校" in rest
    assert "2026-11-29 截止" in rest


def test_a_file_of_nobody_is_there_under_no_name_of_its_sender():
    page = texts(year_page([], [replace(sent("d" * 64, code=None), findings=())], {}))
    (strange,) = [text for name, text in page.items() if name.startswith("看不出是谁的")]
    assert "f.xlsx" not in strange
    assert "请用自己的模板再报" in strange


def test_of_many_respondents_everyone_is_shown_and_nothing_behind_a_click():
    """Dagster hides what has 1,000 letters or more."""
    many = [entry(f"广西壮族自治区某某市某某职业技术学校第{n}校", "accepted") for n in range(300)]
    page = texts(year_page(many, [], {}))
    assert all(len(text) < SHOWN_AT_ONCE for text in page.values())
    assert all(each.respondent_name in "".join(page.values()) for each in many)


def test_what_figures_without_some_schools_can_still_become_and_whom_to_call():
    of_count = BoundedFigure(
        "a", "在校生数", "人", "9000", 10, 12, *map(Decimal, ["9000", "99999", "9100", "9900"]), "甲"
    )
    of_rate = replace(of_count, indicator_code="b", label="就业率", unit="%", display="90", told="乙")
    long = replace(
        of_count, label="很" * 30, told="缺报学校按通常变化使其在 1234567.89–2345678.91 之间，最多在 0–9999999.99 之间"
    )
    schools = [SchoolToCall("1", "甲校", 61, Decimal("12.5")), SchoolToCall("2", "乙校", 3, None)]
    page = texts(year_page([], [], {}, StillOpen([of_count, of_rate, *[long] * 20], schools)))
    first, *others = page[STILL_OPEN].splitlines()
    assert "就业率 90%（10/12 所；乙）" in first, "shares first: they say most"
    assert "另有 16 个" in others[-1]
    assert len(page[STILL_OPEN]) < SHOWN_AT_ONCE
    assert "| 甲校 | 61 | 12.5% |" in page[TO_CALL]
    assert "| 乙校 | 3 |  |" in page[TO_CALL]


def test_where_no_school_is_missing_the_page_says_nothing_of_it():
    assert {STILL_OPEN, TO_CALL}.isdisjoint(year_page(ENTRIES, [], {}))
