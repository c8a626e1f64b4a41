"""The site as it is read: in Chromium from the disk, on a desk and on a phone, by keyboard, on paper."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.conftest import NURSING_SCHOOL, deep

pytestmark = pytest.mark.browser

DESK, PHONE, WALL = {"width": 1024, "height": 768}, {"width": 360, "height": 780}, {"width": 1920, "height": 1080}
PAGES = (
    "index.html",
    "chapters/outcomes.html",
    "schools/index.html",
    f"schools/{NURSING_SCHOOL}.html",
    "tables/1.2-1.html",
    "tables/2.6-1.html",
    "tables/annex-2.html",
    "quality.html",
    "indicators/index.html",
    "downloads.html",
    "sources/students-450700.html",
    "indicators/employment_rate.html",
    "indicators/students_per_teacher.html",
    "compare.html",
    "terms.html",
)
"""One or two of every kind."""
AXE_OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
    "preload": False,
}
ALIKE = {"exclude": [["tbody tr:nth-child(n+4)"], [".entry ~ .entry"]]}
"""Rows and entries that are made as the ones before them: the checks take minutes for thousands of them."""


@pytest.mark.parametrize("viewport", [DESK, PHONE, *deep(WALL)])
def test_every_kind_of_page_loads_and_fits_the_screen(site, opened, screenshots: Path, viewport):
    page = opened(viewport)
    for name in PAGES:
        page.goto(f"{site}/{name}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], name
        assert page.evaluate("getComputedStyle(document.body).lineHeight") != "normal", "the style sheet is not applied"
        page.screenshot(path=screenshots / f"site-{viewport['width']}-{name.replace('/', '-')}.png")


def test_every_kind_of_page_is_accessible(site, browser: Browser):
    page = browser.new_page(viewport=PHONE, locale="zh-CN")
    for name in PAGES:
        page.goto(f"{site}/{name}")
        violations = Axe().run(page, context=ALIKE, options=AXE_OPTIONS).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in violations] == [], name
    page.close()


def test_a_number_leads_to_its_entry_among_the_sources(site, opened):
    page = opened(DESK)
    page.goto(f"{site}/index.html")
    card = page.locator(".card").filter(has=page.get_by_role("link", name="全日制在校生人数"))
    number = card.locator(".big a.source")
    printed = number.inner_text()
    number.click()
    entry = page.locator("article:target")
    expect(entry.locator("strong").first).to_have_text(printed)
    expect(entry.get_by_role("rowheader", name="北部湾职业技术学校")).to_be_visible()
    expect(entry.get_by_role("link", name="2023_北部湾职业技术学校_3645900001.xlsx")).to_be_visible()
    assert page.evaluate("document.querySelector('article:target').getBoundingClientRect().top") < DESK["height"]


def test_the_keyboard_skips_to_the_text_and_shows_where_it_is(site, opened):
    page = opened(DESK)
    page.goto(f"{site}/chapters/scale.html")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="跳到正文")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    for _ in range(4):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "(() => { const e = document.activeElement; return [e.closest('main') !== null,"
            " getComputedStyle(e).outlineStyle, parseFloat(getComputedStyle(e).outlineWidth)] })()"
        )
        assert focused == [True, "solid", 3]


def test_a_wide_table_scrolls_in_its_own_box_also_by_keyboard(site, opened):
    page = opened(PHONE)
    page.goto(f"{site}/chapters/scale.html")
    box = page.locator(".scroll").last
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")
    box.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("box => box.scrollLeft > 0", arg=box.element_handle())
    school = box.locator("tbody th").first.bounding_box()
    assert school is not None
    assert school["x"] >= 0, "the school's name stays in sight"


def test_paper_has_the_tables_whole_and_no_navigation(site, opened, screenshots: Path):
    page = opened(DESK)
    page.goto(f"{site}/schools/{NURSING_SCHOOL}.html")
    page.emulate_media(media="print")
    for navigation in page.get_by_role("navigation", include_hidden=True).all():
        expect(navigation).to_be_hidden()
    expect(page.get_by_role("table").first).to_be_visible()
    assert page.evaluate(
        "[...document.querySelectorAll('.scroll')].every(e => getComputedStyle(e).overflowX === 'visible')"
    )
    page.pdf(path=screenshots / "site-school.pdf")


@pytest.mark.parametrize(("kind", "pixels"), [(".wide", 1047), ("table:not(.wide)", 680)], ids=["across", "upright"])
def test_no_table_is_wider_than_the_paper(site, opened, kind, pixels):
    """277 mm across and 180 mm upright, at 96 pixels an inch."""
    page = opened({"width": pixels, "height": 900})
    page.emulate_media(media="print")
    for name in (
        "chapters/contests.html",
        f"schools/{NURSING_SCHOOL}.html",
        "quality.html",
        "sources/students-450700.html",
    ):
        page.goto(f"{site}/{name}")
        widths = page.locator(kind).evaluate_all("tables => tables.map(table => table.getBoundingClientRect().right)")
        assert max(widths, default=0) <= pixels, name


def test_charts_have_a_name_and_what_they_show_in_words(site, opened):
    page = opened(DESK)
    page.goto(f"{site}/tables/2.6-1.html")
    chart = page.get_by_role("img")
    expect(chart).to_have_accessible_name(re.compile("获奖总数.*条形图"))
    assert "最高：2021" in chart.locator("desc").text_content()
    numbers = page.locator("tbody td:nth-child(2)").all_inner_texts()
    assert [text for text in chart.locator("text").all_text_contents() if text in numbers] == numbers
