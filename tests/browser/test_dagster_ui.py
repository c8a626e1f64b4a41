"""The clerk's way: open the UI, look at the flow, launch a year, see it end green and what it found."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from sources.declarations.city import City
from sources.system.settings import Settings
from tests.conftest import NURSING_SCHOOL, cell_of, edit

pytestmark = pytest.mark.browser

JOB_PAGE = "/locations/orchestration.definitions/jobs/annual_report"
RUN_MILLISECONDS = 180_000
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


def test_a_year_launched_from_the_ui_ends_green(page: Page, screenshots):
    page.goto(JOB_PAGE)
    page.get_by_role("button", name="Materialize all").first.click(timeout=30_000)
    page.get_by_text("Select a partition or create one").click()
    page.keyboard.type("2023")
    page.locator("label:has-text('2023'), li:has-text('2023')").last.click()
    page.screenshot(path=screenshots / "launch.png")
    page.get_by_role("button", name="Launch 1 run").click()
    expect(page.get_by_text("Launch runs to materialize")).to_have_count(0, timeout=30_000)
    page.goto("/runs")
    expect(page.get_by_text("Success").first).to_be_visible(timeout=RUN_MILLISECONDS)
    expect(page.get_by_text("Failure")).to_have_count(0)
    page.locator("a[href^='/runs/']").filter(has_text="View").first.click()
    expect(page.get_by_text("summary_tables").first).to_be_visible(timeout=30_000)
    page.wait_for_timeout(1500)
    page.screenshot(path=screenshots / "run.png")


def test_the_clerk_sees_what_is_wrong_in_the_check_of_a_sheet(page: Page, screenshots):
    page.goto("/assets/raw/outcomes?view=checks")
    expect(page.get_by_text("contract").first).to_be_visible(timeout=30_000)
    page.wait_for_timeout(1500)
    page.screenshot(path=screenshots / "check.png")


def test_the_summary_tables_are_shown_in_chinese(page: Page, screenshots):
    page.goto("/assets/summary_tables?partition=2023")
    expect(page.get_by_text("2023 表1.2-2", exact=False).first).to_be_visible(timeout=30_000)
    page.screenshot(path=screenshots / "summary_tables.png")


def test_the_clerk_sees_per_school_what_is_wrong(page: Page, screenshots):
    page.set_viewport_size({"width": 1600, "height": 1400})
    page.goto("/assets/feedback?view=overview")
    row = page.locator("tr", has_text="2023 钦州市卫生学校")
    expect(row.first).to_be_visible(timeout=30_000)
    expect(row.first).to_contain_text("毕业去向 E11")
    page.wait_for_timeout(500)
    page.screenshot(path=screenshots / "feedback.png")


def test_the_list_of_runs_shows_in_which_one_a_workbook_was_rejected(
    page: Page, screenshots, shown_installation: Settings, city: City
):
    """Last, because the installation is not the same afterwards."""
    address = "学生情况", "全日制在校生数"
    edit(shown_installation, city, NURSING_SCHOOL, 2023, lambda b: cell_of(b, *address).__setattr__("value", "x"))
    own = {"NIANBAO_HOME": str(shown_installation.home), "NIANBAO_CITY": str(shown_installation.city_dir)}
    command = [str(Path(sys.executable).with_name("nianbao")), "run", "--year", "2023"]
    subprocess.run(command, env=os.environ | own, check=True, capture_output=True)
    page.goto("/runs")
    expect(page.get_by_text("退回 1 份").first).to_be_visible(timeout=30_000)
    expect(page.get_by_text("退回")).to_have_count(1)  # the runs before were clean, and do not say so
    page.screenshot(path=screenshots / "runs.png")
