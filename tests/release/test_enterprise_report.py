"""A partner enterprise's report: what all schools that name it say of it, added up, and where each said it."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import docx
import pytest
from docx.oxml.ns import qn
from openpyxl import load_workbook
from openxml_audit import OpenXmlValidator

from sources.declarations.city import load_city
from sources.declarations.origin import ORIGIN_NOTE
from sources.submission.file_names import as_file_name
from sources.system.plain_text import legible
from sources.system.settings import Settings
from tests.any_city.worlds import CITY, FIRST, PROVINCE, SECOND, World, books_of, pour
from tests.conftest import run_all
from tests.support.word import opened
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.catalogue.enterprise_chapters import enterprise_report, printed_columns
from warehouse.figures.enterprise_figures import EnterpriseFigures, enterprise_figures, enterprise_names
from warehouse.figures.regions import find_region
from warehouse.release.documents.enterprise_report import title_of, write_enterprise_report
from warehouse.release.documents.report_draft import template_of
from warehouse.release.documents.wordml import say_instead
from warehouse.release.enterprise_reports import write_enterprise
from warehouse.store.connection import open_published

YEARS = (FIRST, SECOND)


@pytest.fixture(
    scope="module", params=[CITY, pytest.param(PROVINCE, marks=pytest.mark.deep)], ids=lambda world: world.folder
)
def lived(request, tmp_path_factory) -> tuple[World, Settings]:
    """Another city and a province, of which two years are there."""
    world = request.param
    settings = Settings(home=tmp_path_factory.mktemp("enterprises") / "home", city_dir=world.city_dir)
    for year in YEARS:
        pour(world, year, settings.inbox)
    taken = run_all(settings, world.city, YEARS)
    assert taken.rejected == 0, taken.findings
    return world, settings


def written_by_schools(world: World, year: int) -> dict[str, dict[str, Decimal]]:
    """Credit code → column → what all schools have typed, added up without the warehouse."""
    sums: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for sheets in books_of(world, year).values():
        for record in sheets["partners"].records if "partners" in sheets else ():
            for column in printed_columns(world.city.pack):
                sums[str(record["credit_code"])][column.name] += Decimal(str(record[column.name]))
    return sums


def all_of(world: World, settings: Settings, year: int) -> Iterator[EnterpriseFigures]:
    with open_published(settings) as connection:
        region = find_region(connection, world.city.code, year)
        for key in enterprise_names(connection, region, year):
            yield enterprise_figures(connection, region, year, key, printed_columns(world.city.pack))


def test_each_number_is_the_sum_of_what_the_schools_have_typed(lived):
    world, settings = lived
    typed = written_by_schools(world, SECOND)
    told = {each.credit_code: each for each in all_of(world, settings, SECOND)}
    assert told.keys() == typed.keys()
    for code, figures in told.items():
        for column, value in typed[code].items():
            assert figures.total(column) == value, (code, column)


def test_there_are_as_many_as_the_region_counts(lived):
    """The measure of partner enterprises and the reports know an enterprise by the same."""
    world, settings = lived
    with open_published(settings) as connection:
        counted = connection.execute(
            "select distinct value from core.fct_indicator_value where indicator_code = 'partner_enterprises'"
            " and report_year = ? and subject_code = ? and scope_code = 'every_school'",
            [SECOND, world.city.code],
        ).fetchall()
    assert counted == [(len(list(all_of(world, settings, SECOND))),)]


def test_the_year_before_stands_beside_it(lived):
    world, settings = lived
    typed = written_by_schools(world, FIRST)
    for figures in all_of(world, settings, SECOND):
        assert (figures.before is None) == (figures.credit_code not in typed)
        if figures.before:
            assert figures.before == dict(typed[figures.credit_code])


def test_enterprises_together_are_what_the_schools_say_of_all_of_them(lived):
    """Equipment, mentors, hours and pay of annex 6: the made-up schools name every enterprise that gave some."""
    world, settings = lived
    pairs = {
        "partner_equipment_value": ("conditions", "enterprise_equipment_value"),
        "partner_mentors": ("staff", "industry_mentors"),
        "partner_mentor_hours": ("staff", "mentor_hours"),
        "partner_mentor_pay": ("staff", "mentor_pay"),
    }
    together = list(all_of(world, settings, SECOND))
    for column, (sheet, whole) in pairs.items():
        of_annex = sum(
            Decimal(str(sheets[sheet].records[0][whole]))
            for sheets in books_of(world, SECOND).values()
            if sheet in sheets
        )
        assert sum(figures.total(column) or 0 for figures in together) == of_annex, column


def test_a_school_is_named_with_the_file_and_the_cell_in_which_it_says_so(lived):
    world, settings = lived
    for figures in all_of(world, settings, SECOND):
        for school in figures.schools:
            file_name, cell = re.fullmatch(r"(.+\.xlsx)，([A-Z]+\d+) 一行", school.cells).groups()
            (sent,) = settings.inbox.glob(f"{file_name.rpartition('_')[0]}_*.xlsx")  # a school may have a new code
            assert load_workbook(sent)["合作企业"][cell].value == figures.name


def report_of(lived: tuple[World, Settings], word: str, year: int = SECOND) -> tuple[Path, ...]:
    world, settings = lived
    with open_published(settings) as connection:
        return write_enterprise(connection, settings, world.city, load_catalogue(world.city.pack), year, word)


def test_the_report_prints_every_chapter_and_every_number_of_it(lived):
    world, settings = lived
    figures = next(all_of(world, settings, SECOND))
    word, pdf = report_of(lived, figures.credit_code)
    document = opened(word.read_bytes())
    chapters = [p.text for p in document.paragraphs if p.style.name == "Heading 1"]
    assert chapters == [chapter.heading for chapter in enterprise_report(world.city.pack).chapters]
    cells = {cell.text for table in document.tables for row in table.rows for cell in row.cells}
    for column in printed_columns(world.city.pack):
        total = figures.total(column.name)
        assert f"{total.normalize():f}" in cells, column.name
    assert pdf.read_bytes().startswith(b"%PDF")


def test_headings_that_nobody_has_confirmed_are_marked(lived):
    word, _ = report_of(lived, next(all_of(*lived, SECOND)).name)
    assert "章节未核实" in "".join(p.text for p in docx.Document(BytesIO(word.read_bytes())).paragraphs)


def test_the_same_figures_give_the_same_bytes_and_no_token_is_left(lived):
    name = next(all_of(*lived, SECOND)).name
    first = [path.read_bytes() for path in report_of(lived, name)]
    assert [path.read_bytes() for path in report_of(lived, name)] == first
    document = docx.Document(BytesIO(first[0]))
    parts = [document.element, *(section.header._element for section in document.sections)]
    assert not any("{{" in (text.text or "") for part in parts for text in part.iter(qn("w:t")))


def test_the_page_heads_of_a_template_that_word_has_cut_to_pieces_are_its_title(lived, tmp_path):
    """Word may put each part of a token into a run of its own."""
    world, settings = lived
    figures = next(all_of(world, settings, SECOND))
    template = docx.Document(str(template_of(world.city.pack)))
    (head,) = (p for section in template.sections[1:] for p in section.header.paragraphs if "{{" in p.text)
    text = head.text
    say_instead(head, text[:4])
    for at in range(4, len(text), 4):
        head.add_run(text[at : at + 4])
    template.save(str(tmp_path / "cut.docx"))
    word, _ = write_enterprise_report(
        figures,
        enterprise_report(world.city.pack),
        printed_columns(world.city.pack),
        tmp_path / "cut.docx",
        tmp_path,
        "report",
        date(2026, 3, 1),
    )
    heads = {p.text for section in docx.Document(str(word)).sections for p in section.header.paragraphs if p.text}
    assert heads == {title_of(figures)}


@pytest.mark.parametrize("name", ["甲\x0b公司", "<b>&甲公司", "{{ 7 * 7 }}公司", "#import 甲公司", "../../甲公司"])
def test_a_name_that_means_something_to_a_program_is_a_name(name, lived, tmp_path):
    """As a school may have typed it."""
    world, settings = lived
    figures = replace(next(all_of(world, settings, SECOND)), name=name)
    declared, columns = enterprise_report(world.city.pack), printed_columns(world.city.pack)
    file_name = as_file_name(title_of(figures))
    paths = write_enterprise_report(
        figures, declared, columns, template_of(world.city.pack), tmp_path, file_name, date(2026, 3, 1)
    )
    assert sorted(tmp_path.iterdir()) == sorted(paths)
    assert legible(name) in docx.Document(str(paths[0])).paragraphs[0].text


def test_the_word_file_is_one_by_its_schema(lived):
    word, _ = report_of(lived, next(all_of(*lived, SECOND)).name)
    assert OpenXmlValidator().validate(str(word)).errors == []


def test_an_enterprise_that_nobody_names_is_not_found_and_several_are_asked_about(lived):
    with pytest.raises(LookupError, match="没有合作企业“无人提起的工厂”"):
        report_of(lived, "无人提起的工厂")
    with pytest.raises(LookupError, match="请写全名或代码"):
        report_of(lived, "有限公司")


def test_a_year_that_did_not_ask_says_so_and_prints_no_empty_lines(city_run, tmp_path):
    """The sample's year 2023: its sheet asks for the bases only."""
    city = load_city(city_run.city_dir)
    settings = Settings(home=tmp_path, city_dir=city_run.city_dir)
    with open_published(city_run) as connection:
        word, _ = write_enterprise(connection, settings, city, load_catalogue(city.pack), 2023, "吉利")
    document = opened(word.read_bytes())
    said = "".join(p.text for p in document.paragraphs)
    assert "2023年度的“合作企业”表没有采集投入、导师、学生等各栏" in said
    firsts = {row.cells[0].text for table in document.tables for row in table.rows}
    assert "共建培训基地数" in firsts
    assert "投入办学经费" not in firsts


@pytest.mark.parametrize(("enterprise", "is_noted"), [("吉利", False), ("乐苏", True)])
def test_pages_with_values_that_no_school_has_sent_say_so(enterprise, is_noted, city_run, tmp_path):
    """The sample: what it has of the first is printed in the report, what it has of the second was apportioned."""
    city = load_city(city_run.city_dir)
    settings = Settings(home=tmp_path, city_dir=city_run.city_dir)
    with open_published(city_run) as connection:
        word, _ = write_enterprise(connection, settings, city, load_catalogue(city.pack), 2023, enterprise)
    heads = "".join(p.text for section in docx.Document(str(word)).sections for p in section.header.paragraphs)
    assert (ORIGIN_NOTE in heads) == is_noted
