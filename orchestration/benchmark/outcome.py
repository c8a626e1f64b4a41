"""Checks that a measured run did its work: it found the planted errors, and the changed figure arrived."""

import re
import statistics
import time
from dataclasses import asdict
from io import BytesIO
from pathlib import Path

import openpyxl

from sources.archive.archive import archived_receipts
from sources.sample.population import REVISED
from sources.sample.poured import Poured
from sources.system.settings import PROJECT_ROOT, Settings
from warehouse.store.connection import open_published

ASKED_TIMES = 5
BESIDE_LAST_YEAR = "plausible.last_year"
QUESTION = re.compile(r"^(\d+)\. (.+?)\n\n```sql\n(.+?)```", re.MULTILINE | re.DOTALL)
SCHOOL_IN_QUESTIONS = "3645900002"


class WrongOutcomeError(Exception):
    """A measured run did not do what it was measured for."""


def compare_findings(settings: Settings, installation: Poured) -> None:
    """Checks that the run found exactly the errors, warnings and superseded versions that were planted.

    In the same sheet of the year after, it may also have found that a number is far from last year's: the planted one.
    """
    sent_as = {each.submission_id: each.file_name for each in archived_receipts(settings.archive)}
    with open_published(settings) as connection:
        found = [
            (sent_as[submission_id], *rest)
            for submission_id, *rest in connection.execute(
                "select submission_id, sheet, column_name, rule_id, severity from quality.finding"
                " where severity in ('error', 'warning')"
            ).fetchall()
        ]
        superseded = [
            (sent_as[submission_id],)
            for (submission_id,) in connection.execute(
                "select submission_id from registry.submission where status = 'superseded'"
            ).fetchall()
        ]
    planted = [tuple(asdict(each).values()) for each in installation.planted]
    years_after = {(_next_years(name), sheet) for name, sheet, *_ in planted}
    found = [
        (name, sheet, column, rule, severity)
        for name, sheet, column, rule, severity in found
        if rule != BESIDE_LAST_YEAR or (name.replace(REVISED, ""), sheet) not in years_after
    ]
    if sorted(found, key=str) != sorted(planted, key=str):
        raise WrongOutcomeError(f"planted {set(planted) - set(found)} not found, found {set(found) - set(planted)}")
    if sorted(superseded) != sorted((name,) for name in installation.superseded):
        raise WrongOutcomeError(f"superseded: {superseded}, resubmitted: {installation.superseded}")


def _next_years(file_name: str) -> str:
    """The same school's file of the year after."""
    year, _, of_school = file_name.replace(REVISED, "").partition("_")
    return f"{int(year) + 1}_{of_school}"


def teachers(settings: Settings) -> int:
    """The figure that `change_one_school` raises by one."""
    with open_published(settings) as connection:
        (value,) = connection.execute(
            "select cast(sum(value) as bigint) from core.fct_measure"
            " where measure_code = 'teachers_full_time' and subject_kind = 'school'"
        ).fetchone() or (0,)
    return int(value)


def change_one_school(installation: Poured, home: Path) -> None:
    """A clerk opens a school's workbook, adds a teacher and saves it."""
    special = {planted.file_name for planted in installation.planted} | set(installation.superseded)
    names = sorted(path.name for path in (home / "inbox").glob("*职业学校_*.xlsx"))
    name = next(name for name in names if name not in special and REVISED not in name)
    path = home / "inbox" / name
    book = openpyxl.load_workbook(BytesIO(path.read_bytes()))
    cell = next(row[4] for row in book["教职工情况"].iter_rows() if row[1].value == "专任教师数")
    if not isinstance(cell.value, int):
        raise WrongOutcomeError(f"{name} reports no teachers")
    cell.value += 1
    saved = path.with_suffix(".saved")
    book.save(saved)
    saved.replace(path)  # the file itself is linked to the poured one


def questions(settings: Settings) -> dict[str, float]:
    """Asks the published database the ten questions of docs/analysts.md, each a few times: median milliseconds."""
    text = (PROJECT_ROOT / "docs" / "analysts.md").read_text(encoding="utf-8")
    took = {}
    with open_published(settings) as connection:
        (school,) = connection.execute("select min(school_code) from core.dim_school").fetchone() or ("",)
        for number, question, sql in QUESTION.findall(text):
            seconds = []
            for _ in range(ASKED_TIMES):
                start = time.perf_counter()
                connection.execute(sql.replace(SCHOOL_IN_QUESTIONS, school)).fetchall()
                seconds.append(time.perf_counter() - start)
            took[f"{number}. {question}"] = statistics.median(seconds) * 1000
    return took
