"""Another edition is data: rows of the annex tables and sections kept, renamed, new, dropped, split, merged, asked
otherwise, in another unit.

A made-up city whose pack says what its second year's edition has otherwise; no line of Python or SQL knows of it.
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import yaml

from sources.declarations.city import City, load_city
from sources.system.settings import Settings
from tests.any_city.worlds import CITY, FIRST, SECOND, YEARS, pour
from tests.conftest import run_all
from tests.support.word import opened
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.catalogue.edition import edition_of
from warehouse.catalogue.year_letter import year_letter
from warehouse.figures.printed_table import PrintedTable, table_of
from warehouse.release.draft import write_draft
from warehouse.release.school_reports import write_school_reports
from warehouse.store.connection import open_published

PACK = "980000"
UNTIL, SINCE = {"until": FIRST}, {"change": False, "since": SECOND}
DIFF: list[dict[str, object]] = [
    # renamed
    {"indicator": "staff_total", **UNTIL},
    {"code": "staff", "after": "staff_total", "indicator": "staff_total", "label": "教职工总人数", **SINCE},
    # dropped
    {"indicator": "form_teachers", **UNTIL},
    # merged
    {"indicator": "teachers_sports", **UNTIL},
    {"indicator": "teachers_arts", **UNTIL},
    {"after": "teachers_arts", "indicator": "teachers_sports_arts", "label": "体育和美育课专任教师数", **SINCE},
    # split
    {"indicator": "students_full_time", **UNTIL},
    {"after": "students_full_time", "indicator": "students_full_time_male", "label": "全日制在校男生数", **SINCE},
    {
        "after": "students_full_time_male",
        "indicator": "students_full_time_female",
        "label": "全日制在校女生数",
        **SINCE,
    },
    # in another unit
    {"indicator": "mentor_pay", **UNTIL},
    {"after": "mentor_pay", "indicator": "mentor_pay_yuan", "label": "年支付行业导师课酬", **SINCE},
    # new
    {"indicator": "partner_enterprises", "label": "合作企业数", **SINCE},
]
"""What the edition of the second year has otherwise: all that the pack says of the table. The rest is kept."""
NEW_INDICATORS = [
    {
        "code": "teachers_sports_arts",
        "label": "体育和美育课专任教师数",
        "unit": "人",
        "definition": "体育课与美育课专任教师数之和。",
        "numerator": ["teachers_sports", "teachers_arts"],
        "source": "附表6",
    },
    {"code": "mentor_pay_yuan", "source": "附表6"},
    {"code": "students_full_time_male", "source": "附表6"},
    {"code": "students_full_time_female", "source": "附表6"},
]
IN_YUAN = {
    "code": "mentor_pay_yuan",
    "adds": "sum",
    "label": "年支付行业导师课酬（元）",
    "unit": "元",
    "sheet": "staff",
    "sum": "mentor_pay * 10000",
}


OUTLINE = {
    "edition": SECOND,
    "source": "淮谷省通知",
    "verified": True,
    "like": FIRST,
    "changed": [
        {"section": "办学定位", "heading": "办学定位与特色"},
        {"section": "立德树人", "asks": "写思政课和课程思政"},
        {"section": "在校体验", "becomes": "dropped"},
        {"section": "创新创业", "becomes": "merged"},
        {"section": "专业建设", "heading": "专业设置"},
    ],
    "new": [
        {"heading": "专业群建设", "after": "专业设置", "asks": "写专业群", "length": [5, 500]},
        {"heading": "数字化建设", "after": "教学改革", "asks": "写平台和资源", "length": [5, 500]},
    ],
}


@dataclass(frozen=True)
class Edited:
    city: City
    settings: Settings
    connection: duckdb.DuckDBPyConnection

    def annex(self, year: int) -> PrintedTable:
        return table_of(self.connection, load_catalogue(self.city.pack), "annex-6", year)

    def rows(self, year: int) -> list[tuple[str, ...]]:
        """Number, label, unit, this year's number."""
        table = self.annex(year)
        at = [table.columns.index(name) for name in ("row_number", "item_label", "unit", "current_display")]
        return [tuple(row[column] for column in at) for row in table.texts]


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edited]:
    folder = tmp_path_factory.mktemp("edition")
    city_dir = shutil.copytree(CITY.city_dir, folder / "city")
    catalogue = city_dir / PACK / "catalogue"
    _write(catalogue / "tables" / "annex_6.yml", {"rows": DIFF})
    _write(catalogue / "editions" / f"{SECOND}.yml", OUTLINE)
    for name in ("专业群建设", "办学定位与特色"):
        words = city_dir / "narrative" / str(SECOND) / f"{name}.md"
        words.parent.mkdir(parents=True, exist_ok=True)
        words.write_text(f"这里写{name}的话。", encoding="utf-8")
    _write(catalogue / "measures.yml", {"measures": [IN_YUAN]})
    _write(catalogue / "indicators" / "edition.yml", {"chapter": "edition", "title": "新版指标", "topic": "teachers",
           "order": 999, "description": "新版附表6的指标。", "indicators": NEW_INDICATORS})  # fmt: skip
    settings = Settings(home=folder / "home", city_dir=city_dir)
    city = load_city(city_dir)
    for year in YEARS:
        pour(CITY, year, settings.inbox)
    taken = run_all(settings, city, YEARS)
    assert taken.rejected == 0, taken.findings
    with open_published(settings) as connection:
        yield Edited(city, settings, connection)


def _write(path: Path, data: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")


def test_each_year_has_the_rows_of_its_edition_numbered_without_a_gap(edited: Edited) -> None:
    neutral = [row.label for row in load_catalogue(CITY.city.pack).tables["annex-6"].rows]
    assert [label for _, label, _, _ in edited.rows(FIRST)] == neutral
    rows = edited.rows(SECOND)
    assert [int(number) for number, *_ in rows] == list(range(1, len(rows) + 1))
    gone = {"全日制在校生人数", "班主任人数", "体育课专任教师数", "美育课专任教师数"}
    renamed = {"教职员工总数": "教职工总人数"}
    come = {"全日制在校男生数", "全日制在校女生数", "体育和美育课专任教师数", "合作企业数"}
    labels = [label for _, label, _, _ in rows]
    assert [label for label in labels if label not in come] == [
        renamed.get(label, label) for label in neutral if label not in gone
    ]
    assert come <= set(labels)
    units = {year: {label: unit for _, label, unit, _ in edited.rows(year)} for year in YEARS}
    assert [units[year]["年支付行业导师课酬"] for year in YEARS] == ["万元", "元"]


def test_a_series_goes_on_under_its_new_name_and_unit(edited: Edited) -> None:
    """Last year beside this year, also of what stood in no table then: last year's cells are there."""
    table = edited.annex(SECOND)
    before, label = table.columns.index("previous_display"), table.columns.index("item_label")
    last = {row[label]: row[before] for row in table.texts}
    first = {label: Decimal(value) for _, label, _, value in edited.rows(FIRST) if value.replace(".", "").isdigit()}
    assert Decimal(last["教职工总人数"]) == first["教职员工总数"]
    assert Decimal(last["体育和美育课专任教师数"]) == first["体育课专任教师数"] + first["美育课专任教师数"]
    assert Decimal(last["年支付行业导师课酬"]) == first["年支付行业导师课酬"] * 10000
    assert Decimal(last["全日制在校男生数"]) + Decimal(last["全日制在校女生数"]) == first["全日制在校生人数"]


def test_documents_of_city_and_schools_follow(edited: Edited, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, city_dir=edited.settings.city_dir)
    catalogue = load_catalogue(edited.city.pack)
    draft = write_draft(edited.connection, settings, edited.city, catalogue, SECOND)
    own = write_school_reports(edited.connection, settings, edited.city, catalogue, SECOND, "3498000001")
    before = write_draft(edited.connection, settings, edited.city, catalogue, FIRST)
    headings = [outline_of(each.paths) for each in (before, draft)]
    assert headings == [[section.heading for section in edition_of(catalogue.pack, year).sections] for year in YEARS]
    gone = {"在校体验", "创新创业", "办学定位", "专业建设"}
    come = {"专业群建设", "数字化建设", "办学定位与特色", "专业设置"}
    assert (set(headings[0]) - set(headings[1]), set(headings[1]) - set(headings[0])) == (gone, come)
    for path in (*draft.paths, *own.paths):
        if path.suffix == ".docx":
            cells = {cell.text for table in opened(path).tables for row in table.rows for cell in row.cells}
            assert {"教职工总人数", "合作企业数"} <= cells, path
            assert not cells & {"教职员工总数", "班主任人数"}, path


def outline_of(paths: tuple[Path, ...]) -> list[str]:
    (word,) = (path for path in paths if path.suffix == ".docx" and "撰写稿" not in path.name)
    return [p.text for p in opened(word).paragraphs if p.style and p.style.name == "Heading 2"]


def test_words_stand_under_their_new_heading_and_what_is_merged_stays(edited: Edited, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, city_dir=edited.settings.city_dir)
    catalogue = load_catalogue(edited.city.pack)
    texts = {}
    for year in YEARS:
        paths = write_draft(edited.connection, settings, edited.city, catalogue, year).paths
        (word,) = (path for path in paths if path.suffix == ".docx" and "撰写稿" not in path.name)
        texts[year] = [p.text for p in opened(word).paragraphs if p.text and not p.style.name.startswith("toc")]
    now = texts[SECOND]
    for name, following in (("专业群建设", "课程与教材建设"), ("办学定位与特色", "发展规模")):
        section = now[now.index(name) : now.index(following)]
        assert f"这里写{name}的话。" in section
    was = texts[FIRST]
    told = {heading: phrases(was[was.index(heading) + 1 : was.index(after)]) for heading, after in PLACES.items()}
    told_now = phrases(now[now.index("就业质量") : now.index("技能大赛")])
    own = told["创新创业"] - told["就业质量"]
    assert own, "the test needs a section that says something of its own"
    assert own <= told_now, "it stands under the section before it"
    gone = told["在校体验"] - phrases([text for text in was if text not in section_of(was, "在校体验")])
    assert gone, "the test needs a section that says something of its own"
    assert not gone & phrases(now), "what is dropped is gone"


PLACES = {"就业质量": "创新创业", "创新创业": "技能大赛", "在校体验": "就业质量"}
"""Section → the one behind it, in the first year's edition."""


def section_of(texts: list[str], heading: str) -> list[str]:
    return texts[texts.index(heading) + 1 : texts.index(PLACES[heading])]


def phrases(texts: list[str]) -> set[str]:
    """Wordings of six letters and more without numbers: they are the same in two years."""
    return {found for text in texts for found in re.findall(r"[\u4e00-\u9fff]{6,}", text)}


def test_the_letter_to_schools_says_what_is_otherwise(edited: Edited) -> None:
    letter = year_letter(edited.city, load_catalogue(edited.city.pack), SECOND)
    (part,) = (part for part in letter.parts if part.heading.endswith("报告附表的变化"))
    assert part.lines == (
        "附表6新增一行“全日制在校男生数”。",
        "附表6新增一行“全日制在校女生数”。",
        "附表6的“教职员工总数”改为“教职工总人数”。",
        "附表6新增一行“体育和美育课专任教师数”。",
        "附表6新增一行“年支付行业导师课酬”。",
        "附表6新增一行“合作企业数”。",
        "附表6不再列“全日制在校生人数”。",
        "附表6不再列“体育课专任教师数”。",
        "附表6不再列“美育课专任教师数”。",
        "附表6不再列“班主任人数”。",
        "附表6不再列“年支付行业导师课酬”。",
    )
