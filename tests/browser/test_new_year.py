"""A year that is opened while the UI runs is there, without a restart: a person launches it, and sees what waits.

One running UI for all tests, each of which finds the new year opened and leaves the others what they need.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from sources.declarations.city import City
from sources.system.settings import Settings
from tests.browser.conftest import copied, running_ui
from tests.browser.launchpad import launch_year, years_offered
from tests.browser.pictures import take

pytestmark = [pytest.mark.browser, pytest.mark.deep]
NIANBAO = str(Path(sys.executable).with_name("nianbao"))
JOBS = "/locations/orchestration.definitions/jobs"
SECONDS, RUN_MILLISECONDS = 90, 180_000


@pytest.fixture(scope="module")
def address(browser: Browser, city_run: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a UI runs that has seen 2024 being opened."""
    folder = tmp_path_factory.mktemp("year")
    settings = replace(copied(city_run, folder), city_dir=folder / "city")
    shutil.copytree(city_run.city_dir, settings.city_dir, ignore=shutil.ignore_patterns("samples"))
    own = {"NIANBAO_HOME": str(settings.home), "NIANBAO_CITY": str(settings.city_dir)}
    with running_ui(settings) as running:
        page = browser.new_page(viewport={"width": 1600, "height": 900}, base_url=running, locale="zh-CN")
        assert years_offered(page) == ["2022", "2023"]
        subprocess.run([NIANBAO, "new-year", "2024"], env=os.environ | own, check=True, capture_output=True)
        deadline = time.monotonic() + SECONDS
        while years_offered(page) != ["2022", "2023", "2024"]:
            assert time.monotonic() < deadline
        page.close()
        yield running


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1600, "height": 900}, base_url=address, locale="zh-CN")
    yield opened
    opened.close()


def test_a_year_opened_while_the_ui_runs_is_launched_without_a_restart(page: Page, city: City, screenshots: Path):
    launch_year(page, "2024")
    page.goto("/assets/报送情况?view=partitions&partition=2024")
    expect(page.get_by_text(f"应报 {len(city.respondents_in(2023))} 个单位").first).to_be_visible(timeout=30_000)
    page.screenshot(path=screenshots / "year_2024.png")


def test_what_waits_today_is_listed_by_one_click(page: Page, screenshots: Path):
    page.goto(f"{JOBS}/todo_today")
    page.get_by_role("button", name="Materialize").first.click(timeout=60_000)
    confirm, launched = page.get_by_role("button", name="Confirm"), page.get_by_text("Launched run").first
    expect(confirm.or_(launched).first).to_be_visible(timeout=60_000)
    if confirm.is_visible():  # Dagster has seen no run that published: this installation was made without it
        confirm.click()
    expect(launched).to_be_visible(timeout=60_000)
    page.goto("/runs?q%5B0%5D=job%3Atodo_today")
    expect(page.get_by_text("Success").first).to_be_visible(timeout=RUN_MILLISECONDS)
    page.goto("/assets/今天要办")
    summary = page.locator("tr", has_text="概况")
    expect(summary.last).to_contain_text("件，最急的在前。", timeout=30_000)
    undecided = page.locator("tr", has_text="2024年度的设置有")
    expect(undecided.last).to_contain_text("怎样办：nianbao new-year 2024")
    page.screenshot(path=screenshots / "todo.png", full_page=True)


def test_the_form_of_a_release_offers_the_years_and_has_a_place_for_the_code(page: Page, screenshots: Path):
    page.goto(f"{JOBS}/make_release")
    page.get_by_role("button", name="Materialize").first.click(modifiers=["Shift"], timeout=60_000)
    confirm, year = page.get_by_role("button", name="Confirm"), page.get_by_placeholder("Partition")
    expect(confirm.or_(year).first).to_be_visible(timeout=60_000)
    if confirm.is_visible():  # as above: no run of Dagster's has published
        confirm.click()
    year.click(timeout=30_000)
    for offered in ("2022", "2023", "2024"):
        expect(page.get_by_text(offered, exact=True).first).to_be_visible(timeout=30_000)
    page.keyboard.type("2023")
    page.keyboard.press("Enter")
    expect(page.get_by_text("确认码").first).to_be_visible(timeout=30_000)
    editors = "[...document.querySelectorAll('.CodeMirror')].map(editor => editor.CodeMirror.getValue())"
    wanted = "ops:\n  released:\n    config:\n      确认码: ''\n"
    page.wait_for_function(f"wanted => {editors}.includes(wanted)", arg=wanted, timeout=60_000)
    expect(page.get_by_text("No errors")).to_be_visible(timeout=60_000)
    take(page, "ui_release.png", screenshots)
