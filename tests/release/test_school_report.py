"""A school's own report: the region's cells with another subject, so that the reports cannot contradict each other."""

import re
import shutil
import zipfile
from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import docx
import pytest
from docx.oxml.ns import qn

from sources.declarations.city import load_city
from sources.system.settings import Settings
from tests.conftest import NURSING_SCHOOL, cell_of, edit, run_all
from tests.end_to_end.test_another_city import CITY_DIR
from tests.end_to_end.test_province import CITY_A, CITY_B
from tests.release.conftest import RELEASED_ON, VERSION, YEAR, body, footnotes, texts
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.catalogue.edition import edition_of
from warehouse.figures.fact import SCHOOL_SCOPE, Printed, Reference
from warehouse.figures.lineage import Lineage
from warehouse.figures.school_figures import figures_of_school, profile_of
from warehouse.figures.year_figures import Figures, load_figures
from warehouse.reconcile.reconcile import reconcile_file
from warehouse.release import school_reports
from warehouse.release.documents.printed_again import text_from
from warehouse.release.documents.report_draft import SCHOOL_REPORT, template_of
from warehouse.release.documents.school_report import SchoolReport, write_school_report
from warehouse.release.documents.template_check import ALLOWED
from warehouse.release.documents.write_documents import write_documents
from warehouse.release.narrative.written_files import MOST_FILES, written_files
from warehouse.release.school_reports import write_school_reports
from warehouse.store.connection import open_published

NUMBER = re.compile(r"\d+(?:\.\d+)?")
NO_GRADUATES, ENGLISH = "3645900006", "3645900004"
ANNEXES = ["附表1", "附表2", "附表3", "附表4", "附表5", "附表6"]
OFFICIAL_PARTS = ["人才培养", "服务贡献", "文化传承", "产教融合", "发展保障", "面临的挑战"]
"""Of the framework of 2024 (沪教委职〔2024〕46号); 国际合作 stands after 文化传承 where a school has it."""


@dataclass(frozen=True)
class Own:
    figures: Figures
    report: SchoolReport

    @property
    def word(self) -> bytes:
        return self.report.paths[0].read_bytes()


def written(database, region: Figures, code: str, folder: Path) -> Own:
    school = next(each for each in region.schools if each.code == code)
    figures = figures_of_school(database, region, school)
    profile = profile_of(database, school, region.report_year)
    return Own(figures, write_school_report(figures, profile, folder, RELEASED_ON, VERSION))


@pytest.fixture(scope="session")
def region(database) -> Figures:
    return load_figures(database, load_catalogue(PACK), YEAR)


@pytest.fixture(scope="session")
def nursing(database, region, tmp_path_factory) -> Own:
    return written(database, region, NURSING_SCHOOL, tmp_path_factory.mktemp("nursing"))


@pytest.fixture(scope="session")
def without_graduates(database, region, tmp_path_factory) -> Own:
    return written(database, region, NO_GRADUATES, tmp_path_factory.mktemp("without"))


def chapters(data: bytes) -> list[str]:
    return [p.text for p in docx.Document(BytesIO(data)).paragraphs if p.style.name == "Heading 1"]


def contents(data: bytes) -> list[str]:
    return [p.text.split("\t")[0] for p in docx.Document(BytesIO(data)).paragraphs if p.style.name.startswith("toc ")]


# What it is made of


def test_it_has_the_official_parts_in_their_order_and_the_six_tables_at_its_end(nursing):
    assert [chapter for chapter in chapters(nursing.word) if chapter in OFFICIAL_PARTS] == OFFICIAL_PARTS
    titles = [text.split("  ")[0] for text in texts(nursing.word) if re.match(r"附表\d  ", text)]
    assert titles == ANNEXES
    assert len(docx.Document(BytesIO(nursing.word)).tables) == len(ANNEXES)


@pytest.mark.parametrize("school", ["nursing", "without_graduates"])
def test_chapters_are_numbered_by_what_the_school_has(school, request):
    data = request.getfixturevalue(school).word
    assert "国际合作" not in chapters(data)
    numbers = [line.split(" ")[0] for line in contents(data) if line[0].isdigit()]
    level_one = [int(number) for number in numbers if "." not in number]
    assert level_one == list(range(1, len(level_one) + 1))
    for chapter in level_one:
        sections = [int(number.split(".")[1]) for number in numbers if number.startswith(f"{chapter}.")]
        assert sections == list(range(1, len(sections) + 1)), f"chapter {chapter}"


def test_a_school_with_something_to_tell_has_the_chapter_that_others_lack(database, region, nursing, tmp_path):
    of = Reference("foreign_students", YEAR, NURSING_SCHOOL, SCHOOL_SCOPE)
    seven = replace(nursing.figures.facts[of], value=Decimal(7), rounded=Decimal(7), display="7", status="ok")
    figures = replace(nursing.figures, facts=nursing.figures.facts | {of: seven})
    profile = profile_of(database, nursing.figures.school, YEAR)
    data = write_school_report(figures, profile, tmp_path, RELEASED_ON, VERSION).paths[0].read_bytes()
    assert chapters(data).index("国际合作") == chapters(data).index("文化传承") + 1
    assert "接收国外留学生7人" in body(data)


def test_nothing_is_said_of_other_schools(region, nursing):
    others = [school.name for school in region.schools if school.code != NURSING_SCHOOL]
    assert [name for name in others if name in body(nursing.word)] == []
    subjects = {printed.reference.subject for printed in nursing.report.printed}
    assert subjects == {NURSING_SCHOOL, region.region.code}


def test_an_author_gets_the_hints_also_of_sections_that_nobody_has_written(nursing):
    for_authors = nursing.report.paths[2].read_bytes()
    assert "【编写提示】" in body(for_authors)
    assert "【编写提示】" not in body(nursing.word)
    headings = [p.text for p in docx.Document(BytesIO(for_authors)).paragraphs if p.style.name == "Heading 2"]
    assert "展望" in headings
    assert "展望" not in body(nursing.word)


def test_a_number_says_in_words_whose_it_is_also_the_regions(nursing):
    titles = [each.get(qn("w:val")) for each in docx.Document(BytesIO(nursing.word)).element.iter(qn("w:alias"))]
    assert "生师比·钦州市·2023年·全市" in titles
    assert [title for title in titles if re.search(r"·[a-z_]+$|·\d{6}·", title)] == []


def test_a_year_in_which_the_school_became_another_is_no_growth_and_says_why(database, nursing, tmp_path):
    changed = replace(nursing.figures.changes["students_full_time"], comparability="school_break", value=None)
    figures = replace(nursing.figures, changes=nursing.figures.changes | {"students_full_time": changed})
    profile = profile_of(database, nursing.figures.school, YEAR)
    data = write_school_report(figures, profile, tmp_path, RELEASED_ON, VERSION).paths[0].read_bytes()
    assert "（不可直接比较）" in body(data)
    assert "学校当年有并入或分设，不能当作增减" in footnotes(data)
    assert "数据不完整的，不能当作增减" not in footnotes(data)


def test_what_a_school_is_stands_in_its_own_words_and_no_sentence_says_none(nursing, without_graduates):
    assert "钦州市卫生学校是公办中等职业学校。" in body(nursing.word)
    assert "主管部门为钦州市卫生健康委。" in body(nursing.word)
    assert "认定为无" not in body(without_graduates.word)


# Its numbers


@pytest.mark.parametrize("school", ["nursing", "without_graduates"])
def test_every_digit_belongs_to_a_printed_number_a_year_or_a_name(school, database, request):
    own = request.getfixturevalue(school)
    known = {number for printed in own.report.printed for number in NUMBER.findall(printed.text)}
    known |= {str(year) for year in (YEAR - 1, YEAR)} | {"2024", "3", "1"}
    known |= {number for edition in own.figures.catalogue.editions for number in NUMBER.findall(edition.label)}
    document = docx.Document(BytesIO(own.word))
    tables = {paragraph for table in document.tables for paragraph in table._tbl.iter("{*}p")}
    ordinals = {str(number) for number in range(1, 40)}
    stray = []
    for paragraph in document.element.body.iter("{*}p"):
        text = ALLOWED.sub("", "".join(t.text or "" for t in paragraph.iter("{*}t")))
        text = re.sub(r"^[\d.]+ |\d+$", "", text) if (paragraph.style or "").startswith("toc") else text
        allowed = known | (ordinals if paragraph in tables else set())
        stray += [(number, text) for number in NUMBER.findall(text) if number not in allowed]
    assert stray == []


def test_every_number_is_traced_and_comes_out_the_same(nursing, database):
    lineage = Lineage(database, load_catalogue(PACK))
    for printed in nursing.report.printed:
        of = nursing.figures if printed.reference.subject == NURSING_SCHOOL else nursing.figures.whole
        assert text_from(lineage.trace(printed.reference), printed, of) == printed.text
    assert len(nursing.report.printed) > 150


def test_a_school_without_graduates_says_so_and_its_items_do_not_apply(without_graduates):
    said = body(without_graduates.word)
    assert f"{YEAR}年学校没有毕业生，毕业生的各项指标不适用。" in said
    assert "毕业去向落实率为" not in said
    rows = {row[1].text: row[-1].text for row in without_graduates.figures.tables["annex-1"].rows}
    assert rows.pop("毕业生人数") == "0"
    assert set(rows.values()) == {"不适用"}
    assert any("“不适用”为没有可以统计的对象" in text for text in texts(without_graduates.word))


def test_the_standard_is_the_schools_own_and_the_region_stands_beside(nursing):
    fact = nursing.figures.facts[Reference("students_per_teacher", YEAR, NURSING_SCHOOL, SCHOOL_SCOPE)]
    verdict = "高于20:1的标准" if fact.value > 20 else "符合不高于20:1的标准"
    assert f"生师比为{fact.display}，{verdict}；全市生师比为25.26:1" in body(nursing.word)


# All reports together


@pytest.fixture(scope="session")
def all_printed(database, region, tmp_path_factory) -> dict[str, dict[str, Decimal]]:
    """School → indicator → its printed number, of the annex tables of every school."""
    return {school.code: annex_numbers(figures_of_school(database, region, school)) for school in region.schools}


def annex_numbers(figures: Figures) -> dict[str, Decimal]:
    cells = [cell for table in figures.tables.values() for row in table.rows for cell in row]
    return {
        cell.reference.indicator: Decimal(cell.text)
        for cell in cells
        if cell.reference
        and cell.part == "value"
        and cell.form == "plain"
        and cell.reference.year == figures.report_year
    }


def test_the_printed_numbers_of_schools_add_up_to_the_citys_in_every_scope(region, all_printed):
    """A city's count is the sum of what its schools print, each rounded by half a unit of its last place at most."""
    checked = defaultdict(int)
    for indicator in region.catalogue.indicators.values():
        if indicator.kind != "sum" or region.catalogue.level(indicator) != "school":
            continue
        for scope, members in region.members.items():
            of_city = region.facts.get(Reference(indicator.code, YEAR, region.region.code, scope))
            printed = [all_printed[code][indicator.code] for code in members if indicator.code in all_printed[code]]
            if of_city is None or not of_city.is_usable or not printed:
                continue
            half = Decimal(5).scaleb(-indicator.decimals - 1) * (len(printed) + 1) if indicator.decimals else 0
            assert abs(sum(printed) - of_city.rounded) <= half, (indicator.label, scope)
            checked[scope] += 1
    assert len(checked) == 4
    assert min(checked.values()) > 30


@pytest.mark.deep
def test_a_cell_moves_the_predicted_figures_of_all_reports_and_nothing_else(fresh_copy, city, tmp_path):
    before = everything(fresh_copy, city, tmp_path / "before")

    def one_more_teacher(book):
        cell_of(book, "教职工情况", "专任教师数").value += 1

    edit(fresh_copy, city, NURSING_SCHOOL, YEAR, one_more_teacher)
    run_all(fresh_copy, city)
    after = everything(fresh_copy, city, tmp_path / "after")

    catalogue = load_catalogue(PACK)
    predicted = {
        code
        for code, indicator in catalogue.indicators.items()
        if any("teachers_full_time" in (*formula.numerator, *formula.denominator) for formula in indicator.formulas)
    }
    assert {"teachers_full_time", "students_per_teacher"} <= predicted
    moved_in = set()
    for name, (old_printed, old_files) in before.items():
        printed, files = after[name]
        moved = [(old, new) for old, new in zip(old_printed, printed, strict=True) if old != new]
        assert {new.reference.indicator for _, new in moved} <= predicted, name
        assert {new.reference.subject for _, new in moved} <= {NURSING_SCHOOL, city.code}, name
        assert all((old.reference, old.part) == (new.reference, new.part) for old, new in moved)
        without_numbers = [NUMBER.sub("#", body(each)) for each in (old_files[0], files[0])]
        assert without_numbers[0] == without_numbers[1], name
        if not moved:
            assert old_files == files, name
        else:
            moved_in.add(name)
        if name not in (NURSING_SCHOOL, city.code):
            assert pictures(old_files[0]) == pictures(files[0]), name
    assert {NURSING_SCHOOL, city.code} <= moved_in
    assert ("teachers_full_time", NURSING_SCHOOL) in {
        (new.reference.indicator, new.reference.subject) for new in after[NURSING_SCHOOL][0] if new.part == "value"
    }


def everything(settings: Settings, city, folder: Path) -> dict[str, tuple[tuple[Printed, ...], tuple[bytes, ...]]]:
    """Subject → what is printed, and the bytes of Word file and PDF: of every school, and of the city."""
    catalogue = load_catalogue(city.pack)
    with open_published(settings) as connection:
        region = load_figures(connection, catalogue, YEAR)
        of_city = write_documents(region, folder / "city", RELEASED_ON, VERSION)
        made = {city.code: (of_city.printed, bytes_of(of_city.paths))}
        for school in region.schools:
            report = written(connection, region, school.code, folder).report
            made[school.code] = (report.printed, bytes_of(report.paths[:2]))
    return made


def bytes_of(paths: tuple[Path, ...]) -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted(paths) if path.suffix in (".docx", ".pdf"))


def pictures(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(data)) as parts:
        return {name: parts.read(name) for name in parts.namelist() if name.startswith("word/media/")}


# Another city: one school without graduates, one that has sent nothing in the second year


def reports_of(settings: Settings, year: int, school: str | None = None, region: str | None = None):
    city = load_city(settings.city_dir)
    with open_published(settings) as connection:
        return write_school_reports(connection, settings, city, load_catalogue(city.pack), year, school, region)


def test_all_reports_are_made_in_one_go_and_who_has_sent_nothing_is_named(three_schools):
    made = reports_of(three_schools, 2031)
    assert [report.school for report in made.reports] == ["S1", "S2"]
    (line,) = made.lacking
    assert line.startswith("第三技工学校没有2031年度有效的报送")
    assert made.failed == ()
    folder = three_schools.home / "documents" / "2031-学校年报"
    assert sorted(path.name for path in folder.iterdir()) == ["S1 第一职业学校", "S2 第二职业学校"]


def test_one_report_leaves_the_others_where_they_are(three_schools):
    reports_of(three_schools, 2031)
    folder = three_schools.home / "documents" / "2031-学校年报"
    before = {path: path.read_bytes() for path in folder.rglob("*.docx") if "第二" in path.name}
    made = reports_of(three_schools, 2031, "第一")
    assert [report.school for report in made.reports] == ["S1"]
    assert before
    assert all(path.read_bytes() == data for path, data in before.items())


def test_a_citys_schools_of_a_province_leave_those_of_another_where_they_are(small_province):
    of_one, of_other = (reports_of(small_province, 2030, region=region) for region in (CITY_A, CITY_B))
    assert {report.school for report in of_one.reports} == {"A1", "A2", "A3"}
    assert {report.school for report in of_other.reports} == {"B1"}
    assert all(path.exists() for path in (*of_one.paths, *of_other.paths))
    assert of_one.folder.name == f"2030-{CITY_A}-学校年报"
    assert "全市生师比" in body(of_one.reports[0].paths[0].read_bytes())


def test_reports_come_out_the_same_however_many_processes_make_them(three_schools, monkeypatch):
    def files() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in reports_of(three_schools, 2031).paths}

    alone = files()
    monkeypatch.setattr(school_reports, "A_FEW", 1)
    monkeypatch.setattr(school_reports, "processors", lambda: 2)
    assert files() == alone
    assert len(alone) == 6


def test_words_of_one_school_that_cannot_be_taken_leave_the_others_their_reports(with_words):
    write_words(with_words.city_dir, 2031, "S1", **{f"第{number}节": "x" for number in range(MOST_FILES + 1)})
    made = reports_of(with_words, 2031)
    assert [report.school for report in made.reports] == ["S2"]
    (line,) = made.failed
    assert line.startswith("第一职业学校的年报：")
    assert f"最多 {MOST_FILES} 个" in line


def test_a_school_that_nobody_knows_is_told_with_those_that_there_are(three_schools):
    with pytest.raises(LookupError, match="第一职业学校"):
        reports_of(three_schools, 2031, "商贸")


def test_growth_and_technician_standards_are_the_other_citys_own(three_schools):
    made = {report.school: report for report in reports_of(three_schools, 2030).reports}
    first = body(made["S1"].paths[0].read_bytes())
    assert "全日制在校生300人" in first
    assert "没有毕业生" in body(made["S2"].paths[0].read_bytes())
    assert "第三技工学校是公办技工学校。" in body(made["S3"].paths[0].read_bytes())
    grown = {report.school: report for report in reports_of(three_schools, 2031).reports}
    assert "全日制在校生330人，比上年增加30人" in body(grown["S1"].paths[0].read_bytes())


# Held against what was counted


def judged_wrong(settings: Settings, city, folder: Path, data: bytes, school: str) -> list[str]:
    """What the reconciliation of a school's own report calls wrong, as it is printed."""
    path = folder / "report.docx"
    path.write_bytes(data)
    with open_published(settings) as connection:
        frame = reconcile_file(connection, city, load_catalogue(city.pack), path, YEAR, school=school).frame
    assert frame.filter(frame["verdict"] == "consistent").height > 50
    return frame.filter(frame["verdict"] == "differs")["printed"].to_list()


def body_text(paragraph) -> str:
    return "".join(text.text or "" for text in paragraph._p.iter("{*}t"))


@pytest.mark.parametrize("school", ["nursing", "without_graduates"])
def test_its_own_reconciliation_finds_nothing_wrong_in_it(school, city_run, city, request, tmp_path):
    own = request.getfixturevalue(school)
    assert judged_wrong(city_run, city, tmp_path, own.word, own.report.school) == []


def test_a_digit_that_somebody_changed_is_found(nursing, city_run, city, tmp_path):
    document = docx.Document(BytesIO(nursing.word))
    teachers = nursing.figures.facts[Reference("teachers_full_time", YEAR, NURSING_SCHOOL, SCHOOL_SCOPE)].display
    (number,) = [
        text
        for paragraph in document.paragraphs
        if body_text(paragraph).startswith("学校教职工额定编制")
        for text in paragraph._p.iter("{*}t")
        if text.text == teachers
    ]
    number.text = str(int(teachers) + 5)
    changed = BytesIO()
    document.save(changed)
    assert judged_wrong(city_run, city, tmp_path, changed.getvalue(), NURSING_SCHOOL) == [f"{int(teachers) + 5}人"]


# A school's own words


def write_words(city_dir: Path, year: int, school: str, **sections: str) -> None:
    folder = city_dir / "narrative" / str(year) / "schools" / school
    folder.mkdir(parents=True)
    for heading, text in sections.items():
        (folder / f"{heading}.md").write_text(text, encoding="utf-8")


def test_the_outline_of_a_schools_report_and_its_template_have_the_same_sections():
    template = docx.Document(str(template_of(PACK, SCHOOL_REPORT)))
    headings = [p.text for p in template.paragraphs if p.style.name in ("Heading 1", "Heading 2")]
    outline = edition_of(PACK, 2024).of_school
    expected = [
        name for chapter in outline.chapters for name in (chapter.heading, *(s.heading for s in chapter.sections))
    ]
    assert headings == expected
    assert not outline.verified


@pytest.fixture
def with_words(three_schools, tmp_path) -> Settings:
    settings = replace(three_schools, city_dir=tmp_path / "city")
    shutil.copytree(CITY_DIR, settings.city_dir)
    return settings


def test_a_schools_own_words_stand_in_its_report_and_in_no_other(with_words):
    said = "学校面向本地办学，" * 12
    write_words(with_words.city_dir, 2031, "S1", 学校概况=f"{said}在校生{{{{全日制在校生人数}}}}。", 展望=said)
    made = {report.school: report for report in reports_of(with_words, 2031).reports}
    first, second = (body(made[code].paths[0].read_bytes()) for code in ("S1", "S2"))
    assert f"{said}在校生330人。" in first
    assert "展望" in chapters_and_sections(made["S1"].paths[0].read_bytes())
    assert said not in second
    assert made["S2"].to_mend == ()
    assert {p.reference.subject for p in made["S1"].printed if p.text == "330"} == {"S1"}


def chapters_and_sections(data: bytes) -> list[str]:
    return [p.text for p in docx.Document(BytesIO(data)).paragraphs if p.style.name.startswith("Heading")]


def test_gaps_and_typed_numbers_in_a_schools_words_are_told_with_their_file(with_words):
    write_words(with_words.city_dir, 2031, "S1", 展望="在校生330人，招生有困难。")
    write_words(with_words.city_dir, 2031, "S9", 展望="谁也不印。")
    made = reports_of(with_words, 2031)
    folder = with_words.city_dir / "narrative" / "2031" / "schools"
    assert made.to_mend[0].startswith(f"{folder}/S9：这一年没有代码是“S9”的学校")
    assert any("S1/学校概况.md：缺（必写）" in line for line in made.to_mend)
    assert any("S1/展望.md 第 1 行：直接写了数字“330”" in line for line in made.to_mend)
    report = next(each for each in made.reports if each.school == "S1")
    assert "【此处缺：学校概况。" in body(report.paths[0].read_bytes())


def test_the_citys_own_words_are_not_touched_by_those_of_schools(with_words):
    write_words(with_words.city_dir, 2031, "S1", 展望="谁也不印。")
    assert written_files(with_words.city_dir, 2031).files == {}
