"""A school and the bureau, from a bad file to an accepted one with an explanation; and the year after.

Every file is saved by LibreOffice before it is sent, as a school saves it.
"""

import shutil
import subprocess
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from sources.declarations.city import City
from sources.declarations.headings import AUTHOR_HEADING, REASON_HEADING, RESULT_SHEET
from sources.sample.pour import pour_samples
from sources.submission.file_names import workbook_file_name
from sources.system.settings import Settings
from tests.conftest import NURSING_SCHOOL, cell_of, ingest, select
from warehouse.intake.feedback import Feedback, write_feedback
from warehouse.store.connection import open_working

OFFICE = shutil.which("soffice")
REASON = "有一人在家待业后自行就业，单位不愿提供行业。"

pytestmark = pytest.mark.skipif(OFFICE is None, reason="no LibreOffice on this machine (Debian package)")


def saved_by_libreoffice(path: Path, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    profile = f"-env:UserInstallation=file://{folder}/profile"
    subprocess.run(
        [str(OFFICE), profile, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", folder, path],
        check=True,
        capture_output=True,
    )
    return folder / path.name


def feedback_of(settings: Settings, year: int) -> Feedback:
    with open_working(settings) as connection:
        everybody = write_feedback(connection, settings, [year])
    (of_school,) = [each for each in everybody if each.version.respondent_name == "钦州市卫生学校"]
    return of_school


def column(sheet: Worksheet, heading: str) -> int:
    return next(cell.column for row in sheet.iter_rows() for cell in row if cell.value == heading)


def test_bad_file_marked_file_half_mended_half_explained_accepted_and_never_asked_again(
    empty: Settings, city: City, tmp_path: Path
):
    for year in (2022, 2023):
        pour_samples(city, empty.city_dir, year, empty.inbox, with_explanations=False)
    name = workbook_file_name(city.respondent_by_code[NURSING_SCHOOL], 2022)

    # The school sends a file with two errors and one doubtful value.
    book = openpyxl.load_workbook(empty.inbox / name)
    cell_of(book, "毕业去向", "升学人数").value = 943
    cell_of(book, "毕业去向", "直接就业人数").value = 300
    cell_of(book, "教职工情况", "其中：双师型教师数").value = "六十二人"
    for label, value in (("第一产业", 20), ("第二产业", 95), ("第三产业", 184)):
        cell_of(book, "毕业去向", f"其中：面向{label}人数").value = value
    book.save(empty.inbox / name)
    shutil.copy(saved_by_libreoffice(empty.inbox / name, tmp_path / "office"), empty.inbox / name)
    first = ingest(empty, city)
    assert first.rejected == 1

    # It comes back marked: values untouched, each cell in question coloured and with a note.
    feedback = feedback_of(empty, 2022)
    assert feedback.version.status == "rejected"
    assert feedback.path is not None
    marked = openpyxl.load_workbook(feedback.path)
    assert marked.sheetnames[0] == RESULT_SHEET
    assert cell_of(marked, "毕业去向", "升学人数").value == 943
    for sheet, label in (
        ("毕业去向", "升学人数"),
        ("教职工情况", "其中：双师型教师数"),
        ("毕业去向", "直接就业人数"),
    ):
        cell = cell_of(marked, sheet, label)
        assert cell.comment is not None, label
        assert "处理办法" in cell.comment.text
        assert cell.fill.start_color.rgb not in ("00000000", "FFFFFFFF")

    # The school mends the errors and explains the doubtful value in the marked file itself.
    cell_of(marked, "毕业去向", "升学人数").value = 443
    cell_of(marked, "教职工情况", "其中：双师型教师数").value = 62
    results = marked[RESULT_SHEET]
    (doubtful,) = [
        row
        for row in range(1, results.max_row + 1)
        if results.cell(row, column(results, "级别")).value == "警告"
        and results.cell(row, column(results, "规则")).value == "outcomes.industries_add_up"
    ]
    results.cell(doubtful, column(results, REASON_HEADING)).value = REASON
    results.cell(doubtful, column(results, AUTHOR_HEADING)).value = "李老师"
    marked.save(empty.inbox / name)
    shutil.copy(saved_by_libreoffice(empty.inbox / name, tmp_path / "office"), empty.inbox / name)
    second = ingest(empty, city)
    assert (second.new, second.rejected) == (1, 0)
    feedback = feedback_of(empty, 2022)
    assert feedback.version.status == "accepted"
    assert feedback.open_findings == []
    (warning,) = [finding for finding in feedback.findings if finding.severity == "warning"]
    assert warning.rule_id == "outcomes.industries_add_up"
    assert (warning.explanation.reason, warning.explanation.author) == (REASON, "李老师")

    # Next year's value is the same as the one that was explained: nobody is asked again.
    asked = select(
        empty,
        "select report_year, value, explanation_id is not null from registry.finding"
        " inner join registry.submission using (submission_id)"
        f" where rule_id = 'outcomes.industries_add_up' and is_current and respondent_code = '{NURSING_SCHOOL}'"
        " order by report_year",
    )
    assert asked.rows() == [(2022, "300", True), (2023, "300", True)]
    assert feedback_of(empty, 2023).open_findings == []
