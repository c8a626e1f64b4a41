"""What nobody submitted is marked, from the sample's workbook to every page; what a person types is submitted."""

import json
import re
from datetime import date
from io import BytesIO

import docx
import duckdb
import openpyxl
import pytest

from sources.declarations.city import City
from sources.declarations.headings import ORIGIN_SHEET
from sources.declarations.origin import ORIGIN_NOTE, ORIGINS
from sources.read.read_workbook import read_workbook
from sources.sample.pour import load_origins, load_samples
from sources.submission.frames import cells_frame
from sources.submission.submission import Submission
from sources.system.settings import CITIES_ROOT, PROJECT_ROOT
from sources.write.template import build_workbook
from tests.conftest import NURSING_SCHOOL
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.catalogue.labels import STATUS
from warehouse.figures.fact import SCHOOL_SCOPE, Reference
from warehouse.figures.lineage import Lineage
from warehouse.figures.trace_text import as_lines
from warehouse.figures.year_figures import Figures, load_figures
from warehouse.intake.accept import with_origins
from warehouse.release.documents.write_documents import write_documents
from warehouse.release.site.write_site import write_site

CITY_DIR = CITIES_ROOT / "450700"
SUBMISSION = "f" * 64


@pytest.fixture(scope="module")
def book(city: City) -> bytes:
    values, origins = load_samples(CITY_DIR, 2023)[NURSING_SCHOOL], load_origins(CITY_DIR, 2023)[NURSING_SCHOOL]
    return build_workbook(city, city.respondent_by_code[NURSING_SCHOOL], 2023, values, origins=origins)


@pytest.fixture
def figures(published: duckdb.DuckDBPyConnection, city: City) -> Figures:
    return load_figures(published, load_catalogue(city.pack), 2023)


def read(data: bytes, city: City) -> Submission:
    return read_workbook(data, SUBMISSION, "a.xlsx", city)


def origin_of(submission: Submission, sheet: str, column: str) -> str | None:
    (cell,) = [each.cell for each in submission.cells if (each.sheet, each.column_name) == (sheet, column)]
    return submission.origins.get((sheet, cell))


def test_the_samples_workbook_says_of_each_value_where_it_comes_from(book, city):
    submission = read(book, city)
    assert submission.findings == ()
    assert origin_of(submission, "students", "students_full_time") == "printed"
    assert origin_of(submission, "outcomes", "graduates") == "spread"
    assert origin_of(submission, "cover", "filled_by") == "made_up"
    filled = [c for c in submission.cells if c.raw_text and c.sheet not in ("cover", "profile")]
    assert len([c for c in filled if (c.sheet, c.cell) in submission.origins]) > 0.8 * len(filled)


def test_who_types_another_value_over_a_marked_one_submits_it(book, city):
    edited = openpyxl.load_workbook(BytesIO(book))
    sheet = edited["毕业去向"]
    (row,) = [cell.row for cell in sheet["B"] if cell.value == "毕业生数"]
    sheet.cell(row, 5).value += 1
    saved = BytesIO()
    edited.save(saved)
    submission = read(saved.getvalue(), city)
    assert origin_of(submission, "outcomes", "graduates") is None
    assert origin_of(submission, "outcomes", "placed") == "spread"


def test_a_workbook_of_a_real_school_has_no_such_sheet_and_all_is_submitted(city):
    respondent, values = city.respondent_by_code[NURSING_SCHOOL], load_samples(CITY_DIR, 2023)[NURSING_SCHOOL]
    data = build_workbook(city, respondent, 2023, values)
    assert ORIGIN_SHEET not in openpyxl.load_workbook(BytesIO(data)).sheetnames
    submission = read(data, city)
    assert submission.origins == {}
    cells = with_origins(cells_frame([submission]), [submission])
    assert cells.get_column("origin").unique().to_list() == ["submitted"]


def test_a_value_has_the_weakest_origin_of_its_cells(published):
    rows = dict(
        published.execute(
            "select indicator_code, origin from core.fct_indicator_value"
            f" where report_year = 2023 and subject_code = '{NURSING_SCHOOL}'"
        ).fetchall()
    )
    assert rows["students_full_time"] == "printed"
    assert rows["graduates"] == "spread"
    assert rows["students_per_teacher"] == "spread"  # students and teachers are printed, students in all are spread
    assert rows["satisfaction_students"] == "made_up"  # how many were asked is in no report


def test_no_value_of_the_sample_claims_to_be_submitted(published):
    claimed = published.execute(
        "select count(*) from core.fct_indicator_value where value is not null and origin = 'submitted'"
    ).fetchone()
    assert claimed == (0,)
    (mart,) = published.execute(
        "select distinct origin from marts.satisfaction where value is not null and report_year = 2023"
        f" and subject_code = '{NURSING_SCHOOL}'"
    ).fetchall()
    assert mart == ("made_up",)


def test_tables_that_name_schools_and_the_trace_say_so(published, city, figures):
    notes = {code: [note.text for note in table.notes] for code, table in figures.tables.items()}
    assert notes["1.2-1"].count(ORIGIN_NOTE) == 1
    assert ORIGIN_NOTE not in notes["2.6-1"]
    trace = Lineage(published, figures.catalogue).trace(Reference("graduates", 2023, NURSING_SCHOOL, SCHOOL_SCOPE))
    lines = "\n".join(as_lines(trace, figures.catalogue))
    assert lines.count(ORIGIN_NOTE) == 1
    assert f"来源：{ORIGINS['spread']}" in lines


@pytest.mark.deep
def test_every_page_of_site_and_report_says_so_once(published, city, figures, tmp_path):
    pages = write_site(published, figures, city, tmp_path / "site", date(2024, 1, 1), "2023.1")
    assert {page.read_text().count(ORIGIN_NOTE) for page in pages if page.suffix == ".html"} == {1}
    documents = write_documents(figures, tmp_path / "documents", date(2024, 1, 1), "2023.1")
    (word,) = [path for path in documents.paths if path.suffix == ".docx"]
    assert ORIGIN_NOTE in docx.Document(str(word)).sections[-1].header.paragraphs[0].text


def test_the_models_give_the_reasons_that_people_read():
    macros = (PROJECT_ROOT / "dbt_project/macros/conditions.sql").read_text("utf-8")
    (found,) = re.findall(r"\{\s*\"[^{}]*\}", macros)
    reasons = json.loads(re.sub(r",\s*}", "}", found))
    assert reasons == {status: label for status, label in STATUS.items() if status != "ok"}


def test_the_models_rank_origins_as_they_are_declared():
    macro = (PROJECT_ROOT / "dbt_project/macros/origins.sql").read_text("utf-8")
    (listed,) = re.findall(r"return\((\[.*?\])\)", macro)
    assert json.loads(listed) == [*ORIGINS]
