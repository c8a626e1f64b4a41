"""A file is either accepted or refused with a finding that a clerk understands; nothing else can happen to it."""

import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping

import polars as pl
import pytest

from sources.audit.audited import Audit
from sources.audit.judge import audit
from sources.check_workbook import check_workbook
from sources.read.read_workbook import read_workbook
from sources.submission.finding import ALIKE_SHOWN, Finding
from sources.submission.submission import Submission
from sources.system.settings import Limits
from tests.conftest import NURSING_SCHOOL
from tests.hostile.books import CITY, sample_book, write_book
from tests.hostile.corpus import CASES, Case
from tests.hostile.kinds import same_courses

BY_NAME = {case.name: case for case in CASES}


@pytest.fixture(scope="module")
def readings() -> dict[str, Submission]:
    return {case.name: read_workbook(case.build(), case.name, f"{case.name}.xlsx", CITY) for case in CASES}


@pytest.fixture(scope="module")
def outcome(readings: Mapping[str, Submission]) -> Audit:
    """The audit of the whole corpus at once."""
    return audit(list(readings.values()), CITY)


def findings_of(outcome: Audit, case: Case) -> list[Finding]:
    """What is said of a file, but for what is said of the unchanged sample anyway."""

    def said(finding: Finding) -> tuple[str, str, str | None]:
        return finding.rule_id, finding.address.sheet, finding.address.cell

    anyway = {said(each) for each in outcome.findings if each.address.submission_id == "unchanged"}
    return [each for each in outcome.findings if each.address.submission_id == case.name and said(each) not in anyway]


@pytest.mark.parametrize("case", CASES, ids=BY_NAME)
def test_every_file_is_accepted_or_refused_as_it_should_be(case, outcome):
    findings = findings_of(outcome, case)
    assert (case.name in outcome.accepted) == case.accepted, findings
    assert {finding.rule_id for finding in findings} == case.rules
    words = [f"{f.message}{f.suggestion or ''}{f.fix}" for f in findings if case.cell in (None, f.address.cell)]
    assert not case.says or any(case.says in text for text in words), words


@pytest.mark.parametrize("case", [case for case in CASES if case.values], ids=lambda case: case.name)
def test_what_is_accepted_is_loaded_as_it_was_meant(case, outcome):
    for (sheet, column), value in case.values.items():
        table = outcome.tables[sheet].filter(pl.col("submission_id") == case.name)
        assert table.get_column(column).to_list() == [value]


def test_every_filled_cell_is_a_value_or_named_in_a_finding_or_part_of_the_template(readings):
    for name, reading in readings.items():
        tally = reading.tally
        assert tally.read == tally.values + tally.reported + tally.ignored, name


def test_a_refused_file_says_what_to_do_in_words_that_are_chinese(outcome):
    errors = [finding for finding in outcome.findings if finding.is_error]
    assert {error.address.submission_id for error in errors} == {case.name for case in CASES if not case.accepted}
    for text in (text for error in errors for text in (error.message, error.fix)):
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text), text


def test_many_findings_alike_are_counted_not_listed():
    """Four hundred rows with nothing right in them: fifty findings of a kind, and one that says how many more."""
    book = sample_book(NURSING_SCHOOL)
    book.sheet("专业目录").cells.update({(row, position): "？？" for row in range(5, 405) for position in range(11)})
    reading = read_workbook(write_book(book), "id", "f.xlsx", CITY)
    findings = [finding for finding in audit([reading], CITY).findings if finding.address.sheet == "专业目录"]
    of_kind = Counter((finding.rule_id, finding.address.column_name) for finding in findings)
    assert max(of_kind.values()) == ALIKE_SHOWN
    more = [f for f in findings if (f.rule_id, f.address.column_name) == ("finding.more", "major_code")]
    assert any("同样的问题（value.pattern）另有 350 处" in finding.message for finding in more)


def test_many_findings_alike_of_a_rule_across_sheets_are_counted_too():
    """A school states a part a thousand times, and each is more than the whole."""
    checked = check_workbook(same_courses(), "f.xlsx", CITY, Limits())
    of_rule = Counter(finding.rule_id for finding in checked.findings)
    assert of_rule["cross.course_parts_within_plan"] == ALIKE_SHOWN
    assert max(of_rule.values()) == ALIKE_SHOWN


@pytest.mark.deep
@pytest.mark.skipif(not shutil.which("soffice"), reason="needs LibreOffice")
def test_a_real_xls_is_refused_with_a_way_out(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(write_book(sample_book(NURSING_SCHOOL)))
    convert = ["soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to", "xls"]
    subprocess.run([*convert, "--outdir", str(tmp_path), str(tmp_path / "a.xlsx")], check=True, capture_output=True)
    (finding,) = read_workbook((tmp_path / "a.xls").read_bytes(), "id", "a.xls", CITY).findings
    assert finding.rule_id == "file.old_format"
    assert "另存为" in finding.fix
