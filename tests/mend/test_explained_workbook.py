"""Explanations written in a page stand in the file as if they had been typed into the marked workbook."""

from dataclasses import replace
from functools import cache

import pytest

from sources.archive.archive import archived_path
from sources.check_workbook import check_workbook
from sources.declarations.city import City
from sources.mend.corrected_workbook import Correction, CorrectionError, corrected
from sources.mend.explained_workbook import ExplanationError, explained
from sources.read.read_workbook import read_workbook
from sources.sample.pour import pour_samples
from sources.submission.explanation import GivenExplanation
from sources.submission.file_names import workbook_file_name
from sources.submission.finding import Finding
from sources.system.settings import Limits, Settings
from tests.conftest import NURSING_SCHOOL, ingest, select
from tests.mend.test_corrected_workbook import ITEM, STUDENTS, Book, of_district, said, sample
from warehouse.intake.register import registered_findings
from warehouse.store.connection import open_working


def findings_of(book: Book) -> tuple[Finding, ...]:
    return check_workbook(book.data, "f.xlsx", book.city, Limits()).findings


@cache
def warned() -> Book:
    """The sample's school with a value that a rule warns of."""
    book = sample()
    return Book(book.city, corrected(book.data, [Correction("封面", "E8", "")], book.city))


def answers(findings: tuple[Finding, ...], reason: str = "核实过，确实如此") -> list[GivenExplanation]:
    return [GivenExplanation(each.question, reason, "李老师") for each in findings if each.severity == "warning"]


@pytest.mark.parametrize("reason", ["=1+1#核实过", " 25 <&> \n第二行 "])
def test_the_reader_reads_what_was_explained_and_every_value_as_before(reason: str):
    book = warned()
    found = findings_of(book)
    assert answers(found)
    after = Book(book.city, explained(book.data, found, answers(found, reason), book.city))
    assert [(each.question, each.reason, each.author) for each in after.reading.explanations] == [
        (each.question, reason.strip(), each.author) for each in answers(found)
    ]
    assert said(after.reading) == said(book.reading)
    checked = check_workbook(after.data, "f.xlsx", book.city, Limits())
    assert [each.rule_id for each in checked.explained] == [
        each.rule_id for each in found if each.severity == "warning"
    ]
    assert not checked.open_findings


def test_what_was_explained_before_stays_and_the_last_word_holds():
    book = warned()
    found = findings_of(book)
    first, *others = answers(found, "第一次")
    other = GivenExplanation(replace(first.question, rule_id="other.rule"), "总校的事", "王")
    once = explained(book.data, [*found, as_finding(found[0], "other.rule")], [first, other], book.city)
    assert others, "some stay open"
    twice = explained(once, found, answers(found, "第二次"), book.city)
    given = {each.question: each.reason for each in read_workbook(twice, "", "", book.city).explanations}
    assert given == {each.question: "第二次" for each in (first, *others)} | {other.question: "总校的事"}


def as_finding(like: Finding, rule_id: str) -> Finding:
    return replace(like, rule_id=rule_id, severity="warning")


def test_a_workbook_that_is_corrected_afterwards_keeps_its_explanations():
    book = warned()
    found = findings_of(book)
    after = corrected(
        explained(book.data, found, answers(found), book.city), [Correction(STUDENTS, ITEM, "2600")], book.city
    )
    assert read_workbook(after, "", "", book.city).explanations


def test_an_answer_that_nobody_asked_for_is_refused():
    book = of_district()
    answer = GivenExplanation(answers(findings_of(warned()))[0].question, "因", "人")
    with pytest.raises(ExplanationError, match="不是这份文件的警告"):
        explained(book.data, findings_of(book), [answer], book.city)


@pytest.mark.parametrize(("reason", "author"), [("", "李"), ("  ", "李"), ("因", "")])
def test_an_answer_without_reason_or_author_is_refused(reason: str, author: str):
    book = warned()
    found = findings_of(book)
    with pytest.raises(ExplanationError, match="原因和说明人"):
        explained(book.data, found, [replace(answers(found)[0], reason=reason, author=author)], book.city)


def test_a_file_that_cannot_be_opened_is_refused():
    with pytest.raises(CorrectionError, match="已损坏"):
        explained(b"PK\x03\x04 and nothing", (), (), sample().city)


def test_through_intake_they_answer_the_warnings(empty: Settings, city: City):
    for year in (2022, 2023):
        pour_samples(city, empty.city_dir, year, empty.inbox, with_explanations=False)
    ingest(empty, city)
    where = f"where respondent_code = '{NURSING_SCHOOL}' and report_year = 2023 and is_current"
    (submission_id,) = select(empty, f"select submission_id from registry.submission {where}").row(0)
    with open_working(empty) as connection:
        found = tuple(each.finding for each in registered_findings(connection, submission_id))
    asked = [each for each in found if each.is_unexplained]
    assert asked
    data = archived_path(submission_id, empty.archive).read_bytes()
    file = empty.inbox / workbook_file_name(city.respondent_by_code[NURSING_SCHOOL], 2023)
    assert file.exists()
    file.write_bytes(explained(data, found, answers(found), city))
    ingest(empty, city)
    states = select(
        empty,
        "select count(*), count(explanation_id) from registry.finding"
        f" inner join (select submission_id from registry.submission {where}) using (submission_id)"
        " where severity = 'warning'",
    ).row(0)
    assert states == (len(asked), len(asked))
