"""Dagster's launch form, as a person uses it."""

import re
from pathlib import Path

from playwright.sync_api import Page, TimeoutError, expect

NOTHING_CHOSEN = "Select a partition or create one"
TRIES = 10
JOB_PAGE = "/locations/orchestration.definitions/jobs/annual_report"
RUNS_PAGE = "/runs?q%5B0%5D=job%3Aannual_report"
RUN_MILLISECONDS = 180_000
ENDED = re.compile(r"\[(SUCCESS|FAILURE|CANCELED)\]")
"""In the title of a run's page."""


def years_offered(page: Page) -> list[str]:
    """The report years that the form of the whole flow offers now."""
    page.goto(JOB_PAGE)
    page.get_by_role("button", name="Materialize all").first.click(timeout=30_000)
    page.get_by_text(NOTHING_CHOSEN).click(timeout=30_000)
    years = page.locator("li").get_by_text(re.compile(r"^\d{4}$"))
    expect(years.first).to_be_visible(timeout=30_000)
    return list(dict.fromkeys(years.all_inner_texts()))  # in the menu, and in the form below it


def choose_partition(page: Page, year: str) -> None:
    """Chooses a year in the open form; while it loads, it draws its menu anew and takes a click's target away."""
    nothing_chosen = page.get_by_text(NOTHING_CHOSEN)
    option = page.locator(f"label:has-text('{year}'), li:has-text('{year}')").last
    for _ in range(TRIES):
        if not option.is_visible():
            nothing_chosen.click()
            page.keyboard.press("Control+a")
            page.keyboard.type(year)
        try:
            option.click(timeout=3_000)
            expect(nothing_chosen).to_have_count(0, timeout=3_000)
        except (TimeoutError, AssertionError):
            continue
        return
    raise AssertionError(f"{year} could not be chosen")


def fill_in_form(page: Page, year: str) -> None:
    """Opens the form of the whole flow, ready to be launched for a year."""
    page.goto(JOB_PAGE)
    page.get_by_role("button", name="Materialize all").first.click(timeout=30_000)
    choose_partition(page, year)


def launch_and_watch(page: Page) -> bool:
    """Launches the form that is filled in, follows the run on its own page, and says at its end whether it is green."""
    page.get_by_role("button", name="Launch 1 run").click()
    page.locator("a[href^='/runs/']").filter(has_text="View").first.click(timeout=60_000)
    expect(page).to_have_title(ENDED, timeout=RUN_MILLISECONDS)
    return "SUCCESS" in page.title()


def launch_year(page: Page, year: str, picture: Path | None = None) -> None:
    """Launches a year by a person's clicks and waits for its green end, which the page of runs then shows.

    `picture`: where to keep what the form looks like.
    """
    fill_in_form(page, year)
    if picture:
        page.screenshot(path=picture)
    page.get_by_role("button", name="Launch 1 run").click()
    expect(page.get_by_text("Launch runs to materialize")).to_have_count(0, timeout=30_000)
    page.goto(RUNS_PAGE)
    expect(page.get_by_text("Success").first).to_be_visible(timeout=RUN_MILLISECONDS)
