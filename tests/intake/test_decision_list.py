"""Decisions as a list: a row is used or told with its line and the reason; the same list twice changes nothing."""

from pathlib import Path

import duckdb
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.archive.archive import archived_decisions
from sources.archive.version_decisions import version_decisions
from sources.declarations.filled_list import NoListError
from sources.declarations.headings import RESULT_SHEET
from sources.system.settings import Settings
from tests.support.explained import explain
from warehouse.intake.decision_books import write_decision_books
from warehouse.intake.decision_list import (
    FORM,
    LETTERS_OF_FILE,
    Decided,
    Filled,
    asked_explanations,
    asked_of,
    note_filled,
    read_filled,
    write_asked,
)
from warehouse.intake.decisions import apply_decisions
from warehouse.intake.waiting import Asked
from warehouse.store.connection import open_working

KNOWN = ("aaa111", "bbb222", "ccc333", "e12345")
FILE = "f" * 64
ASKED = tuple(
    Asked(2023, "explanation", each, FILE, "3645900001", "=甲校", "学生情况", "E6", "-1", "@没有学生", "新办", "李老师")
    for each in KNOWN
)


def registry() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("create schema registry")
    connection.execute("create table registry.explanation (explanation_id varchar)")
    connection.execute("create table registry.submission as select ? as submission_id, 'held' as status", [FILE])
    connection.executemany("insert into registry.explanation values (?)", [[each] for each in KNOWN])
    return connection


def noted(folder: Path, *lines: Filled, by: str = "") -> Decided:
    return note_filled(registry(), Settings(home=folder, city_dir=folder), lines, 0, by)


def fill(path: Path, lines: dict[int, tuple[str, str, str]]) -> None:
    """Writes 认定, 认定人 and 理由 into lines of the list, as a person would."""
    if path.suffix == ".csv":
        rows = path.read_text("utf-8-sig").splitlines()
        for number, words in lines.items():
            rows[number - 1] = rows[number - 1].removesuffix(",,,") + "," + ",".join(words)
        path.write_text("\r\n".join(rows) + "\r\n", "utf-8-sig")
        return
    book = openpyxl.load_workbook(path)
    for number, words in lines.items():
        for column, word in zip((11, 12, 13), words, strict=True):
            book.active.cell(number, column).value = word or None
    book.save(path)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_list_that_comes_back_decides_what_is_filled_in(suffix: str, tmp_path: Path):
    path = tmp_path / f"list{suffix}"
    write_asked(ASKED, path)
    assert read_filled(path) == ([], len(KNOWN))
    fill(path, {2: ("认可", "", ""), 3: ("不认可", "李科长", "与年报不符"), 4: ("同意", "", ""), 5: ("", "", "不明")})
    filled, unfilled = read_filled(path)
    done = noted(tmp_path, *filled, by="王科长")
    assert unfilled == 0
    assert [(each.id, each.outcome, each.by) for each in done.noted] == [
        ("aaa111", "approved", "王科长"),
        ("bbb222", "refused", "李科长"),
    ]
    assert [(each.line, each.why) for each in done.unused] == [
        (4, "说明的认定只能写认可或不认可，写的是“同意”"),
        (5, "没有写认定"),
    ]
    again = noted(tmp_path, *filled, by="王科长")
    assert (again.noted, again.unchanged, again.unused) == ((), done.noted, done.unused)
    assert len(archived_decisions(tmp_path / "archive")) == 2


def test_an_xlsx_list_offers_the_words_and_no_text_in_it_is_a_formula(tmp_path: Path):
    path = tmp_path / "list.xlsx"
    write_asked(ASKED, path)
    sheet = openpyxl.load_workbook(path).active
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    assert [each.formula1 for each in sheet.data_validations.dataValidation] == ['"认可,不认可,采用,不采用"']


WRONG = {
    "an id that is not there": (Filled(2, "zzz", "认可", "王", ""), "没有这个编号"),
    "no id": (Filled(2, "", "认可", "王", ""), "没有编号"),
    "nobody": (Filled(2, "aaa111", "认可", "", ""), "没有写认定人"),
    "a refusal without a reason": (Filled(2, "aaa111", "不认可", "王", ""), "不认可要写理由"),
    "what cannot be seen": (Filled(2, "aaa111", "认可", "王\u202e", ""), "看不见的字符"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_used_is_told_and_the_rest_is_noted(what: str, tmp_path: Path):
    line, sentence = WRONG[what]
    done = noted(tmp_path, line, Filled(3, "ccc333", "认可", "王", ""))
    assert sentence in done.unused[0].why
    assert [each.id for each in done.noted] == ["ccc333"]


def test_a_held_file_is_taken_or_not_and_by_no_other_word(tmp_path: Path):
    id_ = FILE[:LETTERS_OF_FILE]
    done = noted(tmp_path, Filled(2, id_, "认可", "王", "核实过"), Filled(3, id_, "采用", "王", ""))
    assert [each.why for each in done.unused] == [
        "待确认的文件的认定只能写采用或不采用，写的是“认可”",
        "同一编号在清单里有两种认定，都没有采用",
    ]
    assert noted(tmp_path, Filled(3, id_, "采用", "王", "")).unused[0].why == "采用要写理由"
    assert len(noted(tmp_path, Filled(3, id_, "采用", "王", "电话核实过")).noted) == 1
    (decision,) = version_decisions(tmp_path / "archive")
    assert (decision.submission_id, decision.outcome, decision.by, decision.reason) == (
        FILE,
        "confirmed",
        "王",
        "电话核实过",
    )


def test_two_verdicts_on_one_explanation_are_both_told(tmp_path: Path):
    done = noted(tmp_path, Filled(2, "aaa111", "认可", "王", ""), Filled(3, "aaa111", "不认可", "王", "不对"))
    assert [each.line for each in done.unused] == [2, 3]
    assert archived_decisions(tmp_path / "archive") == []


def test_a_decision_may_be_changed_by_a_later_list(tmp_path: Path):
    noted(tmp_path, Filled(2, "aaa111", "认可", "王", ""))
    noted(tmp_path, Filled(2, "aaa111", "不认可", "王", "核对后不符"))
    done = noted(tmp_path, Filled(2, "aaa111", "认可", "王", ""))
    assert [each["state"] for each in archived_decisions(tmp_path / "archive")] == ["approved", "refused", "approved"]
    assert len(done.noted) == 1


words = st.sampled_from(["认可", "不认可", "不予认可", "approved", "同意", ""])
lines = st.lists(
    st.tuples(st.sampled_from([*KNOWN, "zzz", ""]), words, st.sampled_from(["王", ""]), st.text(max_size=3))
)


@given(lines)
def test_no_line_is_passed_over(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str, str]]):
    folder = tmp_path_factory.mktemp("any")
    filled = [Filled(number, *row) for number, row in enumerate(rows, 2)]
    done = noted(folder, *filled)
    told = sorted(each.line for part in (done.noted, done.unchanged, done.unused) for each in part)
    assert told == [each.line for each in filled]
    assert noted(folder, *filled).noted == ()


def test_other_files_are_told(tmp_path: Path):
    with pytest.raises(NoListError, match="只能写成"):
        write_asked(ASKED, tmp_path / "list.txt")
    book = openpyxl.Workbook()
    book.save(tmp_path / "other.xlsx")
    with pytest.raises(NoListError, match="没有列“编号、认定、认定人、理由”"):
        read_filled(tmp_path / "other.xlsx")
    assert set(FORM.needed) <= set(FORM.headings)


def decide_in(path: Path, id_: str, verdict: str, reason: str) -> None:
    """Fills in the line of an explanation in a marked workbook for decisions, and saves it."""
    book = openpyxl.load_workbook(path)
    sheet = book[RESULT_SHEET]
    (cell,) = (cell for row in sheet.iter_rows() for cell in row if cell.value == id_)
    assert not sheet.cell(cell.row, cell.column + 1).protection.locked
    sheet.cell(cell.row, cell.column + 1).value = verdict
    sheet.cell(cell.row, cell.column + 3).value = reason
    book.save(path)


def test_what_waits_is_what_nobody_has_decided_about_a_version_that_counts(fresh_copy: Settings, tmp_path: Path):
    explain(fresh_copy, "column_name = 'students_full_time' and record = 0")
    with open_working(fresh_copy) as connection:
        assert asked_explanations(connection, [2023]) == ()  # they are approved
        connection.execute("update registry.explanation set state = 'given'")
        asked = asked_explanations(connection, [2023])
        assert len(asked) == 12
        assert {each.respondent_name for each in asked} >= {"钦州市卫生学校", "灵山县职业技术学校"}
        one = asked[0]
        assert (one.report_year, one.sheet != "", one.author) == (2023, True, "李老师")
        done = note_filled(connection, fresh_copy, [Filled(2, one.id, "认可", "王科长", "")], 0)
        assert len(done.noted) == 1
        assert one not in asked_of(connection, fresh_copy, [2023])  # it waits for the next run
        other = asked[1]
        assert write_decision_books(connection, fresh_copy, [other], tmp_path / "books") == []
        (book,) = (tmp_path / "books").iterdir()
        assert read_filled(book) == ([], 1)
        decide_in(book, other.id, "不认可", "与招生计划不符")
        filled, _ = read_filled(book)
        (refused,) = note_filled(connection, fresh_copy, filled, 0, "王科长").noted
        assert (refused.id, refused.outcome, refused.reason) == (other.id, "refused", "与招生计划不符")
        apply_decisions(connection, fresh_copy)
        assert one.id not in {each.id for each in asked_explanations(connection, [2023])}
