"""Signing in by the office's single sign-on in a browser, whose cookies have to survive the way there and back."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from sources.system.settings import Settings
from tests.browser.conftest import free_port
from tests.browser.test_desk import Desk, running_desk
from tests.desk.test_office import running_provider

pytestmark = [pytest.mark.browser, pytest.mark.deep]


def from_office(desk: Desk, browser: Browser, width: int, who: str) -> Page:
    """The page that somebody sees at the desk after signing in at the provider."""
    page = browser.new_context(viewport={"width": width, "height": 800}).new_page()
    page.goto(f"{desk.address}/sign-in")
    page.click("text=用单位的统一登录")
    page.fill("[name=login]", who)
    page.fill("[name=password]", "x")
    page.click("button[type=submit]")
    page.click("text=Continue")
    page.wait_for_url(f"{desk.address}/**")
    return page


def test_the_way_to_the_provider_and_back(browser: Browser, empty: Settings, screenshots: Path) -> None:
    empty.home.mkdir()
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with running_provider(f"{address}/sign-in/office/back", f"{address}/sign-in") as provider:
        declared = {
            "NIANBAO_DESK_SSO_ISSUER": provider.declared.issuer,
            "NIANBAO_DESK_SSO_CLIENT": provider.declared.client,
            "NIANBAO_DESK_SSO_SECRET": provider.declared.secret,
            "NIANBAO_DESK_FACTOR": "administrator",
        }
        with running_desk(empty, port, **declared) as desk:
            for width in (1280, 360):
                page = from_office(desk, browser, width, "stranger")
                assert "报送台没有这个登录名的账号" in page.inner_text("main")
                page.screenshot(path=screenshots / f"desk-office-refused-{width}.png", full_page=True)
                page.click("text=回到登录页")
                page.screenshot(path=screenshots / f"desk-sign-in-{width}.png", full_page=True)
                page = from_office(desk, browser, width, "administrator")
                assert page.url == f"{address}/account/second-factor"
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                page.screenshot(path=screenshots / f"desk-factor-due-{width}.png", full_page=True)
            page = from_office(desk, browser, 360, "reader")
            assert "年度各单位" in page.inner_text("h1")
            page.click("text=退出")
            page.screenshot(path=screenshots / "desk-signed-out-360.png", full_page=True)
            page.click("text=退出统一登录")
            page.click("text=Yes, sign me out")
            page.wait_for_url(f"{address}/sign-in*")
