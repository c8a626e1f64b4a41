"""Only what is accepted is loaded, whole; what is rejected changes nothing; nothing is done twice."""

import shutil

import openpyxl
import pytest

from sources.archive.archive import Receipt, archived_path, archived_receipts
from sources.system.fingerprint import sha256_of
from sources.system.settings import Settings
from tests.conftest import NURSING_SCHOOL, cell_of, edit, ingest, select, sent_as, snapshot
from warehouse.intake.receipts import record_receipts
from warehouse.store.connection import open_working

STANDING = ("raw", "reference")


def students_of_nursing_school(settings: Settings) -> list[tuple]:
    return select(
        settings,
        "select students_full_time from raw.students inner join registry.submission using (submission_id)"
        f" where is_current and submission.respondent_code = '{NURSING_SCHOOL}' and submission.report_year = 2023",
    ).rows()


def set_students(value: object):
    def change(book: openpyxl.Workbook) -> None:
        cell_of(book, "学生情况", "全日制在校生数").value = value

    return change


def test_a_first_run_takes_in_every_workbook(city_run):
    assert select(city_run, "select status, count(*) from registry.submission group by all").rows() == [
        ("accepted", 25)
    ]
    assert select(city_run, "select count(*) from raw.students").item() == 23
    assert select(city_run, "select count(*) from registry.cell where sheet = 'students' and raw_text <> ''").item() > 0


def test_every_loaded_value_can_be_traced_to_its_cell(city_run):
    cell, text, file_name = select(
        city_run,
        "select cell, raw_text, file_name from registry.cell inner join registry.submission using (submission_id)"
        f" where respondent_code = '{NURSING_SCHOOL}' and report_year = 2023 and column_name = 'students_full_time'",
    ).row(0)
    book = openpyxl.load_workbook(city_run.inbox / file_name)
    assert str(book["学生情况"][cell].value) == text == "2591"


def test_the_same_files_again_do_nothing(fresh_copy, city):
    before = snapshot(fresh_copy, (*STANDING, "registry"))
    result = ingest(fresh_copy, city)
    assert (result.files, result.new, result.accepted, result.rejected) == (25, 0, 0, 0)
    assert snapshot(fresh_copy, (*STANDING, "registry")) == before


def test_hundreds_of_files_came_before_the_first_whose_sender_is_known(fresh_copy):
    day = "2023-11-01"
    files = [Receipt(f"{number:064x}", "a.xlsx", 1, f"{day}T00:00:00+00:00", day) for number in range(200)]
    files.append(Receipt("f" * 64, "a.xlsx", 1, f"{day}T00:00:01+00:00", day, "folder", NURSING_SCHOOL))
    with open_working(fresh_copy) as connection:
        assert record_receipts(connection, files) == len(files)
    assert select(fresh_copy, "select sender from registry.receipt where sender <> ''").rows() == [(NURSING_SCHOOL,)]


def test_the_same_content_under_another_name_is_no_new_submission(fresh_copy, city):
    original = next(fresh_copy.inbox.glob(f"2023*{NURSING_SCHOOL}*"))
    (fresh_copy.inbox / "复件.xlsx").write_bytes(original.read_bytes())
    before = snapshot(fresh_copy, STANDING)
    assert ingest(fresh_copy, city).new == 0
    assert snapshot(fresh_copy, STANDING) == before
    assert "复件.xlsx" in {each.file_name for each in archived_receipts(fresh_copy.archive)}
    assert select(fresh_copy, "select count(*) from registry.receipt where receipt = 2").item() == 1


def test_a_corrected_workbook_replaces_the_one_before_and_both_are_kept(fresh_copy, city):
    edit(fresh_copy, city, NURSING_SCHOOL, 2023, set_students(2598))
    result = ingest(fresh_copy, city)
    assert (result.new, result.accepted) == (1, 1)
    assert students_of_nursing_school(fresh_copy) == [(2598,)]
    versions = select(
        fresh_copy,
        "select submission_id, status, is_current from registry.submission"
        f" where respondent_code = '{NURSING_SCHOOL}' and report_year = 2023 order by sequence",
    ).rows()
    assert [row[1:] for row in versions] == [("superseded", False), ("accepted", True)]
    assert all(archived_path(row[0], fresh_copy.archive).exists() for row in versions)


def break_letter(book: openpyxl.Workbook) -> None:
    cell_of(book, "学生情况", "全日制在校生数").value = "25a1"


def break_missing_sheet(book: openpyxl.Workbook) -> None:
    book.remove(book["教职工情况"])


def break_duplicate_major(book: openpyxl.Workbook) -> None:
    sheet = book["专业目录"]
    for position in range(1, 5):
        sheet.cell(13, position, sheet.cell(6, position).value)


def break_sex_sum(book: openpyxl.Workbook) -> None:
    cell_of(book, "学生情况", "全日制在校男生数").value = 1000
    cell_of(book, "学生情况", "全日制在校女生数").value = 1000


def break_code(book: openpyxl.Workbook) -> None:
    cell_of(book, "封面", "单位标识码").value = "3645900003"


def break_year(book: openpyxl.Workbook) -> None:
    cell_of(book, "封面", "报告年度").value = 2022


@pytest.mark.parametrize(
    ("change", "rule", "sheet", "cell"),
    [
        (break_letter, "value.not_integer", "学生情况", "E6"),
        (break_missing_sheet, "sheet.missing", "教职工情况", None),
        (break_duplicate_major, "record.duplicate", "专业目录", "A13"),
        (break_sex_sum, "students.sex_adds_up", "学生情况", "E6"),
        (break_code, "cover.respondent_mismatch", "封面", "E5"),
        (break_year, "cover.year_mismatch", "封面", "E7"),
    ],
)
def test_a_bad_workbook_gives_findings_at_the_cell_and_leaves_every_table_as_it_was(
    fresh_copy, city, change, rule, sheet, cell
):
    path = edit(fresh_copy, city, NURSING_SCHOOL, 2023, change)
    before = snapshot(fresh_copy, STANDING)
    cells_before = select(fresh_copy, "select count(*) from registry.cell").item()
    result = ingest(fresh_copy, city)
    assert (result.new, result.accepted, result.rejected) == (1, 0, 1)
    assert snapshot(fresh_copy, STANDING) == before
    assert select(fresh_copy, "select count(*) from registry.cell").item() == cells_before
    assert students_of_nursing_school(fresh_copy) == [(2591,)]
    found = select(
        fresh_copy, "select rule_id, sheet, cell, submission_id from registry.finding where severity = 'error'"
    )
    assert (rule, sheet, cell, sha256_of(path.read_bytes())) in found.rows()


def test_a_rejected_workbook_is_mended_by_a_better_one(fresh_copy, city):
    edit(fresh_copy, city, NURSING_SCHOOL, 2023, break_letter)
    ingest(fresh_copy, city)
    edit(fresh_copy, city, NURSING_SCHOOL, 2023, set_students(2600))
    assert ingest(fresh_copy, city).accepted == 1
    assert students_of_nursing_school(fresh_copy) == [(2600,)]


def test_a_rejected_workbook_is_judged_again_when_the_rules_change(fresh_copy, city, monkeypatch):
    edit(fresh_copy, city, NURSING_SCHOOL, 2023, break_letter)
    ingest(fresh_copy, city)
    assert ingest(fresh_copy, city).rejected == 0
    monkeypatch.setattr("warehouse.intake.take_in.audit_version", lambda city: "other rules")
    assert ingest(fresh_copy, city).rejected == 1


def test_a_file_that_is_no_workbook_is_registered_with_its_finding(fresh_copy, city):
    (fresh_copy.inbox / "说明.txt").write_text("请查收附件", encoding="utf-8")
    assert ingest(fresh_copy, city).rejected == 1
    found = select(fresh_copy, "select rule_id, file_name from registry.finding where severity = 'error'").rows()
    (submission_id,) = (id_ for id_, name in sent_as(fresh_copy).items() if name == "说明.txt")
    assert found == [("file.not_a_workbook", f"未识别_{submission_id[:8]}.xlsx")]


def test_a_run_of_one_year_leaves_the_other_years_files_waiting(empty, city, city_run):
    empty.inbox.parent.mkdir(parents=True)
    empty.inbox.symlink_to(city_run.inbox)
    assert ingest(empty, city, (2023,)).accepted == 13
    waiting = select(empty, "select report_year, status, count(*) from registry.submission group by all order by all")
    assert waiting.rows() == [(2022, "received", 12), (2023, "accepted", 13)]
    assert ingest(empty, city, (2022,)).accepted == 12


def test_a_load_that_fails_half_way_leaves_nothing_behind(fresh_copy, city, monkeypatch):
    edit(fresh_copy, city, NURSING_SCHOOL, 2023, set_students(2598))
    before = snapshot(fresh_copy, (*STANDING,))

    def fail(*arguments):
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr("warehouse.intake.accept.record_verdicts", fail)
        with pytest.raises(OSError, match="disk full"):
            ingest(fresh_copy, city)
    assert snapshot(fresh_copy, (*STANDING,)) == before
    assert ingest(fresh_copy, city).accepted == 1
    assert students_of_nursing_school(fresh_copy) == [(2598,)]


def test_rows_in_are_rows_out(city_run, city):
    """Every filled cell of an accepted sheet is in the raw table, or its sheet says that it has no data."""
    for sheet, table in (("students", "students"), ("outcomes", "outcomes"), ("majors", "majors")):
        cells = select(
            city_run,
            "select count(*) from registry.cell"
            f" where sheet = '{sheet}' and raw_text <> '' and column_name <> 'sheet_status'",
        ).item()
        columns = select(
            city_run, f'select * exclude (submission_id, report_year, respondent_code, record) from raw."{table}"'
        )
        assert cells == sum(columns.height - columns[name].null_count() for name in columns.columns)


def test_taken_in_by_fours_is_taken_in_the_same(city_run, empty, city, monkeypatch):
    shutil.copytree(city_run.inbox, empty.inbox)
    monkeypatch.setattr("warehouse.intake.take_in.AT_ONCE", 4)
    taken = ingest(empty, city)
    assert (taken.accepted, taken.rejected, len(taken.judged)) == (25, 0, 25)
    assert sum(taken.rows.values()) == sum(len(rows) for rows in snapshot(empty, ("raw",)).values())
    assert snapshot(empty, STANDING) == snapshot(city_run, STANDING)
