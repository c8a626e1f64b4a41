"""The clerk's way: open the UI, look at the flow, launch a year, see it end green and what it found."""

from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.launchpad import RUNS_PAGE, launch_year
from tests.browser.pictures import take

pytestmark = pytest.mark.browser

GROUPS = ("g1_intake", "g2_raw", "g3_staging", "g4_intermediate", "g5_core", "g6_marts", "g7_report", "g8_release")


@pytest.fixture
def page(browser: Browser, ui: str):
    opened = browser.new_page(viewport={"width": 1600, "height": 900}, base_url=ui, locale="zh-CN")
    errors: list[str] = []
    opened.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    opened.close()
    assert errors == []


@pytest.fixture(scope="module")
def launched(browser: Browser, ui: str, screenshots: Path) -> None:
    """2023, launched by a person's clicks: what Dagster shows of the year, it shows after a run of its own."""
    page = browser.new_page(viewport={"width": 1600, "height": 900}, base_url=ui, locale="zh-CN")
    launch_year(page, "2023", screenshots / "launch.png")
    page.close()


def test_the_graph_loads_without_error_and_reads_like_the_flow(page: Page, screenshots):
    page.goto("/asset-groups")
    for group in GROUPS:
        expect(page.get_by_text(group).first).to_be_visible(timeout=30_000)
    expect(page.get_by_text("Failed to load")).to_have_count(0)
    page.screenshot(path=screenshots / "graph.png")
    page.goto("/locations/orchestration.definitions/asset-groups/g1_intake")
    expect(page.get_by_text("audited").first).to_be_visible(timeout=30_000)
    page.screenshot(path=screenshots / "intake.png")


def test_the_ui_listens_on_the_loopback_address_only(ui: str):
    port = f":{int(ui.rsplit(':', 1)[1]):04X}"
    sockets = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()]
    listening = {fields[1] for fields in sockets if fields[1].endswith(port) and fields[3] == "0A"}
    assert listening == {f"0100007F{port}"}


def test_a_year_launched_from_the_ui_ends_green(page: Page, screenshots, launched: None):
    page.goto(RUNS_PAGE)  # other tests release on the same server
    expect(page.get_by_text("Success").first).to_be_visible(timeout=30_000)
    expect(page.get_by_text("Failure")).to_have_count(0)
    page.locator("a[href^='/runs/']").filter(has_text="View").first.click()
    expect(page.get_by_text("summary_tables").first).to_be_visible(timeout=30_000)
    page.wait_for_timeout(1500)
    page.screenshot(path=screenshots / "run.png")


def test_the_clerk_sees_what_is_wrong_in_the_check_of_a_sheet(page: Page, screenshots, launched: None):
    page.goto("/assets/raw/outcomes?view=checks")
    expect(page.get_by_text("contract").first).to_be_visible(timeout=30_000)
    page.wait_for_timeout(1500)
    page.screenshot(path=screenshots / "check.png")


def test_the_summary_tables_are_shown_in_chinese(page: Page, screenshots, launched: None):
    page.goto("/assets/summary_tables?partition=2023")
    expect(page.get_by_text("2023 表1.2-2", exact=False).first).to_be_visible(timeout=30_000)
    page.screenshot(path=screenshots / "summary_tables.png")


def test_the_clerk_sees_per_school_what_is_wrong(page: Page, screenshots, launched: None):
    page.set_viewport_size({"width": 1600, "height": 1400})
    page.goto("/assets/feedback?view=overview")
    row = page.locator("tr", has_text="2023 钦州市卫生学校")
    expect(row.first).to_be_visible(timeout=30_000)
    expect(row.first).to_contain_text("毕业去向 E11")
    page.wait_for_timeout(500)
    page.screenshot(path=screenshots / "feedback.png")


def test_the_clerk_sees_where_each_school_stands_and_downloads_what_goes_back(
    page: Page, screenshots, launched: None, tmp_path: Path
):
    page.goto("/assets/报送情况?view=partitions&partition=2023")
    take(page, "ui_year.png", screenshots)
    with page.expect_download() as downloading:
        page.get_by_text("下载退回件").first.click()
    assert downloading.value.suggested_filename.endswith("_校验结果.xlsx")
    downloading.value.save_as(tmp_path / "marked.xlsx")
    assert openpyxl.load_workbook(tmp_path / "marked.xlsx").sheetnames[0] == "校验结果"
