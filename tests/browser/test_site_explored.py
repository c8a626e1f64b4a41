"""What a reader does with the site, from the disk and without a network: searches, compares, sorts, copies, saves."""

import csv
import io
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import pytest
from axe_playwright_python.sync_playwright import Axe
from lxml import etree
from playwright.sync_api import Page, expect

from sources.system.html_page import script_data
from sources.system.plain_text import as_text
from tests.browser.test_site import AXE_OPTIONS, DESK, PHONE
from tests.conftest import NURSING_SCHOOL
from tests.support.hostile_texts import HOSTILE

pytestmark = pytest.mark.browser

Open = Callable[[dict[str, int]], Page]
LARGEST_SCHOOL, PRIVATE_SCHOOL = "3645900001", "3645900003"
HANG_MILLISECONDS = 500
"""Ten times what a search may take: a guard, on a machine that does other things too."""


def saved(page: Page, button: str) -> tuple[str, bytes]:
    """Name and content of the file that a button saves."""
    with page.expect_download() as download:
        page.get_by_role("button", name=button).first.click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def copied(page: Page, button: str) -> dict[str, str]:
    """What a button puts into the clipboard, by its kind."""
    page.evaluate(
        "(() => { const set = DataTransfer.prototype.setData; DataTransfer.prototype.setData = function (kind, text)"
        " { window.taken = { ...window.taken, [kind]: text }; return set.call(this, kind, text) } })()"
    )
    page.get_by_role("button", name=button).first.click()
    return page.evaluate("window.taken")


# Search


def test_the_search_finds_by_keyboard_what_is_meant(site: str, opened: Open) -> None:
    page = opened(PHONE)
    page.goto(f"{site}/chapters/scale.html")
    box = page.get_by_role("searchbox", name="搜索")
    found = page.locator(".found a")
    for asked, first in (
        ("直接就业率", "指标直接就业率"),
        ("employment_rate", "指标直接就业率"),
        ("师生比", "指标生师比"),
        ("卫生学校", "学校钦州市卫生学校"),
        ("附表2", "表"),
        ("不公开", "术语人数过少，不公开"),
    ):
        box.fill(asked)
        expect(found.first).to_contain_text(first)
    box.fill("没有这样的词句")
    expect(page.locator("#search-told")).to_have_text("没有找到，请换一个说法")
    box.fill("生师比")
    expect(found.first).to_contain_text("生师比")
    box.press("ArrowDown")
    expect(found.first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("生师比")


def test_what_was_found_goes_away_with_escape_and_has_no_fault(site: str, opened: Open) -> None:
    page = opened(PHONE)
    page.goto(f"{site}/index.html")
    box = page.get_by_role("searchbox", name="搜索")
    box.fill("学校")
    expect(page.locator(".found a")).to_have_count(20)
    violations = Axe().run(page, context={"include": [[".search"]]}, options=AXE_OPTIONS).response["violations"]
    assert [each["id"] for each in violations] == []
    box.press("Escape")
    expect(page.locator(".found")).to_be_hidden()
    expect(box).to_be_focused()


def test_a_search_takes_no_time_that_a_reader_could_feel(site: str, opened: Open) -> None:
    page = opened(DESK)
    page.goto(f"{site}/index.html")
    page.get_by_role("searchbox", name="搜索").fill("学")
    expect(page.locator(".found a").first).to_be_visible()
    took = page.evaluate(
        "['学校', '专任教师高级职称比例', '就业', '广西 技能 大赛', 'abcdefgh'].map(asked => {"
        " const begun = performance.now(); nianbao.find(nianbao.data.search, asked);"
        " return performance.now() - begun })"
    )
    assert max(took) < HANG_MILLISECONDS


# Comparing


def heads(page: Page) -> list[str]:
    texts = page.locator("#result table").first.locator("thead th").all_inner_texts()
    return [re.sub(r"\s+|↕", " ", text).strip() for text in texts]


def test_schools_are_compared_as_the_address_says_and_the_address_says_what_is_chosen(site: str, opened: Open) -> None:
    page = opened(DESK)
    page.goto(f"{site}/compare.html#schools={NURSING_SCHOOL},{PRIVATE_SCHOOL}&years=2022")
    expect(page.locator("#school-2")).to_have_value(PRIVATE_SCHOOL)
    expect(page.locator("#result thead th").nth(2)).to_contain_text("钦州市卫生学校")
    assert heads(page)[2:] == ["钦州市卫生学校 2022年", "钦州市文武学校 2022年"]
    page.locator("#school-3").select_option(LARGEST_SCHOOL)
    page.get_by_label("2023年").check()
    expect(page.locator("#result table").first.locator("thead th")).to_have_count(8)
    chosen = f"schools={NURSING_SCHOOL},{PRIVATE_SCHOOL},{LARGEST_SCHOOL}&years=2022,2023"
    assert page.url.endswith(f"#{chosen}")
    students = page.get_by_role("row").filter(has=page.get_by_role("link", name="全日制在校生人数"))
    cells = students.locator("td a.source").all_inner_texts()
    assert cells[-1] == "7210"
    students.locator("td a.source").last.click()
    expect(page.locator("article:target strong").first).to_have_text("7210")
    page.go_back()
    expect(page.locator("#school-3")).to_have_value(LARGEST_SCHOOL)


def test_an_address_that_somebody_made_up_chooses_nothing_that_is_not_there(site: str, opened: Open) -> None:
    page = opened(DESK)
    page.goto(f"{site}/compare.html#schools=../../x,%3Cb%3E&years=1066")
    expect(page.locator("#result table").first.locator("thead th")).to_have_count(6)
    assert page.locator("script[src*='..']").count() == 0


def test_without_a_script_two_schools_are_compared_and_every_page_is_whole(browser, site: str) -> None:
    context = browser.new_context(java_script_enabled=False, locale="zh-CN", viewport=DESK)
    page = context.new_page()
    page.goto(f"{site}/compare.html")
    expect(page.locator("#result a.source").first).to_be_visible()
    expect(page.locator("#choice")).to_be_hidden()
    page.goto(f"{site}/indicators/employment_rate.html")
    expect(page.locator(".search")).to_be_hidden()
    expect(page.locator("svg").first).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)
    context.close()


# Charts and tables


def test_a_trend_with_a_break_of_scope_is_seen_and_told(site: str, opened: Open, screenshots: Path) -> None:
    page = opened(DESK)
    page.goto(f"{site}/indicators/employment_rate.html")
    chart = page.get_by_role("img", name=re.compile("历年直接就业率"))
    expect(chart).to_have_accessible_name(re.compile("断开：口径不同"))
    expect(chart.locator("g.break")).to_have_count(1)
    expect(page.get_by_role("cell", name="两年口径不同，不能当作增减")).to_be_visible()
    page.screenshot(path=screenshots / "site-trend.png")


def test_a_chart_is_saved_as_svg_png_and_data(site: str, opened: Open) -> None:
    page = opened(DESK)
    page.goto(f"{site}/indicators/students_per_teacher.html")
    name, svg = saved(page, "SVG：各校生师比")
    assert name == "各校生师比（_1）.svg"
    root = etree.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    _, png = saved(page, "PNG：各校生师比")
    assert png.startswith(b"\x89PNG")
    assert struct.unpack(">I", png[16:20])[0] == int(2 * float(root.get("width")))
    _, data = saved(page, "数据 CSV：各校生师比")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    assert rows[0] == ["项目", "数", "说明"]
    assert ["北部湾职业技术学校", "21.39:1"] in [row[:2] for row in rows]


def test_a_table_sorts_by_keyboard_and_back_and_filters(site: str, opened: Open) -> None:
    page = opened(DESK)
    page.goto(f"{site}/indicators/students_full_time.html")
    table = page.get_by_role("table").filter(has_text="全日制在校生人数：各校")
    first = table.locator("tbody th").first
    before = first.inner_text()
    button = table.get_by_role("button", name="按“2023年”排序")
    button.focus()
    button.press("Enter")
    expect(first).to_have_text("北部湾职业技术学校")
    head = table.locator("th[aria-sort]")
    expect(head).to_have_attribute("aria-sort", "descending")
    shown = [int(text) for text in table.locator("tbody td:nth-child(3) a").all_inner_texts()]
    assert shown == sorted(shown, reverse=True)
    button.press("Enter")
    expect(head).to_have_attribute("aria-sort", "ascending")
    button.press("Enter")
    expect(head).to_have_count(0)
    assert first.inner_text() == before
    page.get_by_role("searchbox", name="筛选：全日制在校生人数：各校").fill("卫生")
    assert table.locator("tbody tr:visible").count() == 1
    expect(page.locator(".said")).to_have_text("显示 1 行，共 12 行。")


def test_a_total_stays_below_what_it_is_the_total_of(site: str, opened: Open) -> None:
    page = opened(DESK)
    page.goto(f"{site}/tables/1.2-1.html")
    button = page.get_by_role("button", name="按“全日制在校生人数”排序")
    for _ in range(2):
        button.click()
        expect(page.locator("tbody tr").last).to_contain_text("合计")
    expect(page.locator("tbody tr").first).to_contain_text("英华")


@pytest.mark.deep
@pytest.mark.parametrize(
    "name", ["index.html", "indicators/employment_rate.html", "compare.html", "tables/1.2-1.html", "terms.html"]
)
def test_everything_is_reached_by_keyboard_in_the_order_of_the_page_and_is_seen(site: str, opened: Open, name: str):
    """Every link, field and box, one after another, each with its outline and within the window."""
    page = opened(DESK)
    page.goto(f"{site}/{name}")
    wanted = page.evaluate(
        "[...document.querySelectorAll('a[href], button, input, select, [tabindex=\"0\"]')]"
        ".filter(each => each.getClientRects().length).map((each, at) => { each.dataset.at = at; return at }).length"
    )
    reached = []
    for _ in range(wanted):
        page.keyboard.press("Tab")
        at, width, is_seen = page.evaluate(
            "(() => { const e = document.activeElement, box = e.getBoundingClientRect(); return [e.dataset.at,"
            " parseFloat(getComputedStyle(e).outlineWidth), box.bottom > 0 && box.top < innerHeight] })()"
        )
        reached.append(int(at))
        assert (width >= 3, is_seen) == (True, True), at
    assert reached == list(range(wanted))


def test_a_table_is_copied_for_excel_and_saved_with_what_its_numbers_rest_on(site: str, opened: Open) -> None:
    page = opened(DESK)
    page.goto(f"{site}/chapters/scale.html")
    name, data = saved(page, "下载 CSV：发展规模：各校")
    assert unquote(name).endswith(".csv")
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    assert len({len(row) for row in rows}) == 1
    taken = copied(page, "复制：发展规模：各校")
    assert [line.split("\t") for line in taken["text/plain"].split("\r\n")] == rows
    assert taken["text/html"].count("<tr>") == len(rows)
    assert "<td>7210</td>" in taken["text/html"]
    expect(page.locator(".said")).to_contain_text("可以粘贴到 Excel")


@pytest.fixture
def hostile_page(site: str, opened: Open, tmp_path: Path) -> Page:
    """A page of the site whose data files are full of what somebody could type."""
    folder = Path(unquote(urlparse(site).path))
    page = opened(DESK)
    page.goto((folder / "index.html").as_uri())
    written = tmp_path / "hostile.js"
    rows = [["指标", text, text, "index.html", text] for text in HOSTILE]
    written.write_text(script_data("search", rows), encoding="utf-8", newline="\n")
    page.evaluate(
        "address => new Promise(done => document.head.append("
        "nianbao.make('script', { src: address, on: { load: done } })))",
        written.as_uri(),
    )
    return page


def test_hostile_texts_stay_texts_in_every_script(hostile_page: Page) -> None:
    page = hostile_page
    read: list[list[str]] = page.evaluate("nianbao.data.search")
    assert len(read) == len(HOSTILE)
    before = page.evaluate("document.querySelectorAll('main *, .found *').length")
    for word in ("alert", "example", "=", "b"):
        page.evaluate(
            "word => { const box = document.querySelector('#search-words'); box.value = word;"
            " box.dispatchEvent(new Event('input')) }",
            word,
        )
    assert page.locator(".found img, .found script, .found svg, .found b").count() == 0
    assert before
    texts = [row[1] for row in read]
    said: dict[str, Any] = page.evaluate(
        "texts => ({ plain: texts.map(nianbao.asText), csv: nianbao.csv(texts.map(text => [text, '次'])),"
        " html: nianbao.html(texts.map(text => [text])) })",
        texts,
    )
    assert said["plain"] == [as_text(text) for text in texts]
    assert [row[0] for row in csv.reader(io.StringIO(said["csv"].removeprefix("\ufeff"), newline=""))] == said["plain"]
    table = etree.fromstring(said["html"].replace('<meta charset="utf-8">', "").encode())
    assert {each.tag for each in table.iter()} == {"table", "tr", "td"}
