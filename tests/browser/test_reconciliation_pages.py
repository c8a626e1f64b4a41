"""The leader's summary of a reconciliation prints on one sheet, however much is wrong; a coloured number leads on."""

from io import BytesIO
from pathlib import Path

import pdfplumber
import pytest
from playwright.sync_api import Browser, expect

from tests.reconcile.test_commented_word import reconciled
from tests.reconcile.test_numeral_marks import text_report, wrong_everywhere
from warehouse.reconcile.memo import page as page_of
from warehouse.reconcile.summary import summary_page

pytestmark = pytest.mark.browser


def test_the_summary_of_the_worst_report_is_one_page(browser: Browser, tmp_path: Path):
    result = wrong_everywhere(reconciled(text_report(tmp_path, 1)), 60, 60)
    page = browser.new_page()
    page.set_content(summary_page(result))
    with pdfplumber.open(BytesIO(page.pdf(prefer_css_page_size=True))) as printed:
        (sheet,) = printed.pages
        assert (round(sheet.width), round(sheet.height)) == (595, 842)
    page.close()


def test_a_click_on_a_coloured_number_shows_its_row(browser: Browser, tmp_path: Path):
    shown = tmp_path / "report.html"
    shown.write_text(page_of(reconciled(text_report(tmp_path, 2))), encoding="utf-8")
    page = browser.new_page(viewport={"width": 360, "height": 700})
    page.goto(shown.as_uri())
    wrong = page.locator(".text a.wrong, .text a.undecided").first
    row = page.locator(f'tr[id="{wrong.get_attribute("href").removeprefix("#")}"]')
    wrong.click()
    expect(row).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.close()
