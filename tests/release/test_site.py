"""The site without a browser: every link lives, every number leads to its cells, school texts stay texts."""

import hashlib
import json
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from sources.declarations.city import City
from sources.system.settings import Settings
from tests.conftest import BUREAU, NURSING_SCHOOL, cell_of, edit, ingest
from tests.release.reader import RELEASED_ON, VERSION, ReadPage, build_site, read_page, read_site, target
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.year_figures import load_figures
from warehouse.release.site.overview_page import HEADLINES
from warehouse.release.site.write_site import write_site
from warehouse.run.build import build
from warehouse.store.connection import open_published, open_working
from warehouse.store.sql import query

LARGEST_SCHOOL = "3645900001"
HOSTILE = "<script>alert('教材')</script>"
SCORE = "33.37"


def figures_of(connection):
    return load_figures(connection, load_catalogue(PACK), 2023)


@pytest.fixture(scope="module")
def site(city_run: Settings, city: City, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release") / "site"
    with open_published(city_run) as connection:
        build_site(connection, city, folder)
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, ReadPage]:
    return read_site(site)


def rows(settings: Settings, sql: str) -> list[tuple]:
    with open_published(settings) as connection:
        return query(connection, sql).rows()


# Links and numbers


def dead_links(pages: dict[Path, ReadPage]) -> list[tuple[str, str]]:
    return [
        (page.name, link.href)
        for page, read in pages.items()
        for link in read.links
        for file, anchor in [target(page, link.href)]
        if not file.is_file() or (anchor and "=" not in anchor and anchor not in pages[file].ids)
    ]  # an anchor with = is what a reader chose, not a place


def test_every_link_leads_to_a_file_and_a_place_that_exist(pages):
    assert len(pages) > 100
    assert dead_links(pages) == []


def test_an_anchor_is_there_once_on_its_page(pages):
    assert [(page.name, name) for page, read in pages.items() for name, n in Counter(read.ids).items() if n > 1] == []


def own_parts(folder: Path) -> set[Path]:
    """The style sheet and the scripts that lie beside the pages."""
    return {folder / "style.css", *(folder / "script").glob("*.js")}


def test_nothing_is_fetched_but_style_and_scripts_beside_the_pages(site, pages):
    fetched = {(page, address) for page, read in pages.items() for address in read.fetched}
    assert {target(page, address)[0] for page, address in fetched if address != "data:,"} == own_parts(site)
    assert not {"iframe", "object", "embed", "form", "base"} & {t for read in pages.values() for t in read.tags}
    assert {read.written for read in pages.values()} == {""}, "a page has no script but those files"
    assert "url(" not in (site / "style.css").read_text()
    assert "@import" not in (site / "style.css").read_text()
    addresses = [link.href for read in pages.values() for link in read.links]
    assert [address for address in addresses if ":" in address or address.startswith("/")] == []


def test_a_number_with_a_source_is_what_the_source_says(site, pages):
    """On every page but the table with numbers of people asked, which is a part of its source."""
    wrong, seen = [], 0
    for page, read in pages.items():
        if page.name == "annex-2.html":
            continue
        for link in read.links:
            file, anchor = target(page, link.href)
            if file.parent.name == "sources" and link.css_class == "source":
                seen += 1
                if pages[file].values[anchor] != link.text:
                    wrong.append((page.name, link.text, anchor))
    assert seen > 4000
    assert wrong == []


def test_every_value_of_the_region_stands_on_its_chapter_with_its_source(city_run, site):
    values = rows(
        city_run,
        "select chapter, indicator_code, scope_code, changes.display from core.fct_indicator_change as changes"
        " inner join core.dim_indicator using (indicator_code) where report_year = 2023 and value is not null"
        " and subject_kind = 'region'",
    )
    chapters = {chapter: read_page(site / "chapters" / f"{chapter}.html") for chapter in {value[0] for value in values}}
    missing = [
        code
        for chapter, code, scope, display in values
        if (display, f"{code}-2023-{BUREAU}-{scope}-value")
        not in {(link.text, link.href.partition("#")[2]) for link in chapters[chapter].links}
    ]
    assert len(values) > 200
    assert missing == []


def test_a_value_that_is_not_there_says_why(site):
    text = read_page(site / "chapters" / "conditions.html").text
    assert "未报告 0/9" in text
    assert "无法提供" in text


# What scripts read


def data(folder: Path, name: str) -> Any:
    """What a script of data holds."""
    written = (folder / "data" / name).read_text(encoding="utf-8")
    return json.loads(written[written.index('({"name":') + 1 : written.rindex(")")])["value"]


def test_all_that_the_search_finds_has_a_page_and_a_place(site, pages):
    found = data(site, "search.js")
    kinds = Counter(kind for kind, *_ in found)
    assert kinds["指标"] == len(load_catalogue(PACK).indicators)
    assert kinds["学校"] == 12
    assert kinds["表"] > 5
    targets = [target(site / "index.html", address) for _, _, _, address, _ in found]
    assert [to for to in targets if to[0] not in pages or (to[1] and to[1] not in pages[to[0]].ids)] == []


def test_what_is_compared_is_what_the_database_says_and_has_a_source(city_run, site, pages):
    of_chapters = data(site, "indicators.js")
    indicators = [(code, chapter) for _, entries in of_chapters for code, _, _, chapter in entries]
    held = {}
    for school in (site / "data" / "schools").glob("*.js"):
        for year, values in data(site, f"schools/{school.name}")["years"].items():
            for (code, chapter), value in zip(indicators, values, strict=True):
                if isinstance(value, str) or (value and len(value) == 2):
                    key = f"{code}-{year}-{school.stem}-school-value"
                    held[code, int(year), school.stem] = value if isinstance(value, str) else value[0]
                    assert key in pages[site / "sources" / f"{chapter}-{school.stem}.html"].ids
    expected = rows(
        city_run,
        "select indicator_code, report_year, subject_code, display from core.fct_indicator_value"
        " where subject_kind = 'school' and status in ('ok', 'incomplete', 'estimated') and display is not null",
    )
    assert len(held) > 1500
    assert held == {tuple(key): display for *key, display in expected if key[0] in dict(indicators)}


def test_a_site_of_a_city_fits_a_memory_stick_and_its_first_page_a_slow_line(site):
    def kilobytes(paths: Iterable[Path]) -> float:
        return sum(path.stat().st_size for path in paths) / 1000

    assert kilobytes(path for path in site.rglob("*") if path.is_file()) <= 15_000
    assert kilobytes([site / "index.html", site / "data" / "search.js", *own_parts(site)]) <= 300


# A page an indicator


def test_years_are_broken_exactly_where_the_database_says_they_must_not_be_compared(city_run, site):
    found = rows(
        city_run,
        "select indicator_code, comparability from core.fct_indicator_change as changes where report_year = 2023"
        " and subject_kind = 'region'"
        " and exists (select 1 from core.fct_indicator_value as earlier where earlier.report_year = 2022"
        " and earlier.subject_kind = 'region' and earlier.indicator_code = changes.indicator_code"
        " and earlier.value is not null)",
    )
    breaks = {code for code, comparability in found if comparability in ("scope_break", "definition_break")}
    assert len(breaks) >= 3
    texts = {code: read_page(site / "indicators" / f"{code}.html").text for code, _ in found}
    assert {code for code, text in texts.items() if "不能当作增减" in text} == breaks


def test_an_indicator_has_its_schools_by_kind_with_their_standard(city_run, site):
    page = (site / "indicators" / "students_per_teacher.html").read_text()
    verdicts = rows(
        city_run,
        "select verdict, count(*) from core.fct_standard where report_year = 2023 and subject_kind = 'school'"
        " and indicator_code = 'students_per_teacher' and edition = (select max_by(edition, right(edition, 4))"
        " from core.fct_standard where indicator_code = 'students_per_teacher') group by verdict",
    )
    assert {verdict: page.count(f'class="verdict {verdict}"') for verdict, _ in verdicts} == dict(verdicts)
    assert "标准：不高于 20" in page
    assert "中位数" in page


# Schools


def test_the_verdicts_on_a_school_page_are_those_of_the_database(city_run, site):
    expected = rows(
        city_run,
        "select verdict, count(*) from core.fct_standard"
        f" where report_year = 2023 and subject_code = '{LARGEST_SCHOOL}' group by verdict",
    )
    html = (site / "schools" / f"{LARGEST_SCHOOL}.html").read_text()
    assert {verdict: html.count(f'class="verdict {verdict}"') - (verdict == "met") for verdict, _ in expected} == dict(
        expected
    ), "one more is 已接收, the state of the return"


def test_a_school_ranks_among_the_schools_of_the_scope_from_the_good_end(city_run, site):
    places = rows(
        city_run,
        "select cast(rank() over (order by value) as varchar), cast(count(*) over () as varchar), subject_code"
        " from core.fct_indicator_value where report_year = 2023 and subject_kind = 'school'"
        " and indicator_code = 'students_per_teacher' and value is not null",
    )
    (place, of) = next((place, of) for place, of, code in places if code == LARGEST_SCHOOL)
    html = (site / "schools" / f"{LARGEST_SCHOOL}.html").read_text()
    row = next(part for part in html.split("<tr>") if "/students_per_teacher.html" in part and "名" in part)
    assert f"第 {place} 名，共 {of} 所" in row


def test_a_school_page_shows_its_last_years_and_its_versions(site):
    page = read_page(site / "schools" / f"{NURSING_SCHOOL}.html")
    assert "2023年" in page.text
    assert "2022年" in page.text
    assert "2023_钦州市卫生学校" in page.text
    assert any(f"-2022-{NURSING_SCHOOL}-school-value" in link.href for link in page.links)


# Dictionary, overview, downloads


def test_the_dictionary_has_every_indicator(site):
    assert set(load_catalogue(PACK).indicators) <= set(read_page(site / "indicators" / "index.html").ids)


def test_the_overview_asks_for_indicators_that_exist():
    assert set(HEADLINES) <= set(load_catalogue(PACK).indicators)


def test_figures_in_two_scopes_are_not_shown_as_growth(site):
    text = " ".join(read_page(site / "index.html").text.split())
    assert "两年口径不同，不能当作增减" in text
    assert "直接就业率：两年口径不同" in text


def test_downloads_have_their_size_and_hash(site):
    text = read_page(site / "downloads.html").text
    assert "数据.csv" in text
    assert "4 字节" in text
    assert hashlib.sha256(b"a,b\n").hexdigest() in text


def test_every_page_names_version_and_date_of_release(pages):
    assert all(VERSION in read.text and RELEASED_ON.isoformat() in read.text for read in pages.values())


def test_a_download_from_elsewhere_is_refused(city_run, city, tmp_path, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "x.csv"
    elsewhere.write_bytes(b"")
    with open_published(city_run) as connection, pytest.raises(ValueError, match="不在站点文件夹旁边"):
        write_site(connection, figures_of(connection), city, tmp_path / "site", RELEASED_ON, VERSION, [elsewhere])


def test_a_folder_with_a_site_is_left_alone(city_run, city, site):
    with open_published(city_run) as connection, pytest.raises(FileExistsError):
        write_site(connection, figures_of(connection), city, site, RELEASED_ON, VERSION)


def test_a_year_that_the_database_does_not_hold_is_refused(city_run, city, tmp_path):
    with open_published(city_run) as connection, pytest.raises(LookupError, match="2031"):
        load_figures(connection, load_catalogue(PACK), 2031)


def test_a_region_of_many_schools_gets_no_page_a_school_and_no_dead_link(city_run, city, tmp_path, monkeypatch):
    monkeypatch.setattr("warehouse.release.site.page.SCHOOL_PAGES", 5)
    with open_published(city_run) as connection:
        build_site(connection, city, tmp_path / "site")
    pages = read_site(tmp_path / "site")
    assert [path.name for path in (tmp_path / "site" / "schools").iterdir()] == ["index.html"]
    assert {path.stem.partition("-")[2] for path in (tmp_path / "site" / "sources").iterdir()} == {BUREAU}
    assert dead_links(pages) == []


@pytest.fixture
def elsewhere_in_the_world(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "America/St_Johns")
    monkeypatch.setenv("LC_ALL", "C")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_the_same_database_gives_the_same_bytes_in_another_time_zone(
    city_run, city, site, tmp_path, elsewhere_in_the_world
):
    with open_published(city_run) as connection:
        build_site(connection, city, tmp_path / "site")
    first, second = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (site, tmp_path / "site")
    )
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


# A year in which things happen


@pytest.fixture(scope="module")
def eventful(city_run: Settings, city: City, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One school corrects a number, sends hostile text and a result of four people; another one's new file is bad."""
    settings = replace(city_run, home=tmp_path_factory.mktemp("eventful") / "home")
    shutil.copytree(city_run.home, settings.home)

    def correct(book: openpyxl.Workbook) -> None:
        cell_of(book, "学生情况", "全日制在校生数").value += 100
        cell_of(book, "学校概况", "备注").value = HOSTILE
        book["编写教材"]["A6"].value = HOSTILE
        (row,) = [row for row in book["满意度调查"].iter_rows() if row[0].value == "教职工满意度"]
        row[1].value, row[2].value = float(SCORE), 4

    def spoil(book: openpyxl.Workbook) -> None:
        cell_of(book, "学生情况", "全日制在校生数").value = "很多"

    edit(settings, city, LARGEST_SCHOOL, 2023, correct)
    edit(settings, city, NURSING_SCHOOL, 2023, spoil)
    ingest(settings, city)
    assert build(settings, PACK, with_tests=False).success
    folder = tmp_path_factory.mktemp("eventful-release") / "site"
    with open_working(settings) as connection:
        build_site(connection, city, folder)
    return folder


@pytest.fixture(scope="module")
def eventful_pages(eventful: Path) -> dict[Path, ReadPage]:
    return read_site(eventful)


def shown(folder: Path, path: str, code: str) -> set[str]:
    """What a page prints for the indicator's value of 2023."""
    return {
        link.text for link in read_page(folder / path).links if link.href.partition("#")[2].startswith(f"{code}-2023-")
    }


def test_a_changed_cell_changes_the_number_on_every_page_that_prints_it(site, eventful):
    code = f"students_full_time-2023-{LARGEST_SCHOOL}"
    for path in (f"schools/{LARGEST_SCHOOL}.html", "chapters/scale.html", "schools/index.html", "tables/1.2-1.html"):
        of_school = [
            {link.text for link in read_page(folder / path).links if code in link.href} for folder in (site, eventful)
        ]
        assert of_school == [{"7210"}, {"7310"}], path
    for path in ("index.html", "chapters/scale.html", "tables/1.2-2.html"):
        assert "35205" in shown(site, path, "students_full_time")
        assert "35305" in shown(eventful, path, "students_full_time")
        assert "35205" not in read_page(eventful / path).text


def test_the_source_shows_the_new_cell(eventful):
    source = (eventful / "sources" / f"scale-{LARGEST_SCHOOL}.html").read_text()
    assert "<td>7310</td>" in source
    assert "<td>7210</td>" not in source


def test_markup_in_a_school_text_stays_text(eventful, eventful_pages):
    assert {page.written for page in eventful_pages.values()} == {""}
    assert {target(path, a)[0] for path, p in eventful_pages.items() for a in p.fetched if a != "data:,"} == own_parts(
        eventful
    )
    showing = {path.name for path, page in eventful_pages.items() if HOSTILE in page.text}
    assert {f"{LARGEST_SCHOOL}.html", f"courses-{LARGEST_SCHOOL}.html", "1.2-1.html"} <= showing


def test_a_result_of_too_few_people_is_named_so_and_is_nowhere(eventful):
    assert "人数过少，不公开" in read_page(eventful / "schools" / f"{LARGEST_SCHOOL}.html").text
    assert "人数过少，不公开" in (eventful / "data" / "schools" / f"{LARGEST_SCHOOL}.js").read_text()
    assert [p for p in eventful.rglob("*") if p.suffix in (".html", ".js") and SCORE in p.read_text()] == []


def test_a_number_that_lacks_schools_says_what_it_can_still_become(city_run: Settings, site: Path):
    bounded = rows(
        city_run,
        "select indicator_code, told from core.fct_value_bound inner join core.dim_indicator using (indicator_code)"
        " inner join core.dim_scope_choice using (report_year, region_code, topic, scope_code)"
        " where report_year = 2023 and region_code = '450700'",
    )
    assert len(bounded) > 10
    for indicator, told in bounded:
        assert told in read_page(site / "indicators" / f"{indicator}.html").text, indicator
    whole = set(load_catalogue(PACK).indicators) - {indicator for indicator, _ in bounded}
    assert not [code for code in whole if "缺报学校" in read_page(site / "indicators" / f"{code}.html").text]


def test_a_rejected_file_is_told_and_the_version_before_it_still_counts(eventful, site):
    quality = read_page(eventful / "quality.html").text
    assert "最近一次送来的版本：已退回" in quality
    assert "“很多”" in quality
    school = f"schools/{NURSING_SCHOOL}.html"
    assert "已退回" in read_page(eventful / school).text
    assert shown(eventful, school, "students_full_time") == shown(site, school, "students_full_time")


def test_the_eventful_site_has_no_dead_link_either(eventful_pages):
    assert dead_links(eventful_pages) == []
