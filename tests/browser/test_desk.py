"""A whole day at the desk, in Chromium against a running `nianbao desk`: school and bureau, to the release's gate."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Route

from sources.archive.archive import archived_decisions, archived_path, receipts_of
from sources.archive.certificates import archived_certificates
from sources.declarations.city import City
from sources.sample.pour import pour_samples
from sources.submission.file_names import workbook_file_name
from sources.system.fingerprint import sha256_of_file
from sources.system.settings import Settings
from tests.browser.conftest import NIANBAO, _wait_for, copied, free_port
from tests.conftest import BUREAU, cell_of, run_all

pytestmark = [pytest.mark.browser, pytest.mark.deep]
YEAR = 2023
PATIENCE = 120_000
"""Milliseconds: a guard against a hang, on a machine that does other work as well."""
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
LIGHT = 150_000
"""Bytes of a page with all that it loads."""


@dataclass
class Desk:
    """A running desk: its address, whose home it serves, and the passwords of its accounts by role."""

    address: str
    settings: Settings
    passwords: dict[str, str]

    def sign_in(self, context: BrowserContext, role: str) -> Page:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{self.address}/sign-in")
        page.fill("[name=username]", role)
        page.fill("[name=password]", self.passwords[role])
        page.click("main button")
        return page


@contextmanager
def running_desk(settings: Settings, port: int = 0, **declared: str) -> Iterator[Desk]:
    port = port or free_port()
    own = {"NIANBAO_HOME": str(settings.home), "NIANBAO_CITY": str(settings.city_dir)} | declared
    log = settings.home / "desk.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [NIANBAO, "desk", "--one-a-role", "--port", str(port)],
            env=os.environ | own,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}/alive", process)
            told = dict(re.findall(r"登录名 (\S+)　密码 (\S+)", log.read_text("utf-8")))
            yield Desk(f"http://127.0.0.1:{port}", settings, told)
        finally:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def desk_of_a_day(
    browser: Browser, city_run: Settings, city: City, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """The sample city, whose schools have explained their warnings and wait for the bureau's decision."""
    settings = copied(city_run, tmp_path_factory.mktemp("desk"))
    for path in settings.inbox.glob(f"{YEAR}_*"):
        path.unlink()
    pour_samples(city, settings.city_dir, YEAR, settings.inbox)
    run_all(settings, city)
    with running_desk(settings) as desk:
        yield desk


@pytest.fixture(params=[(1100, True), (360, False)], ids=["wide", "narrow without scripts"])
def context(request: pytest.FixtureRequest, browser: Browser) -> Iterator[BrowserContext]:
    width, has_scripts = request.param
    opened = browser.new_context(viewport={"width": width, "height": 800}, java_script_enabled=has_scripts)
    yield opened
    opened.close()


def school_of(city: City) -> str:
    """The school whose accounts `--one-a-role` makes."""
    return next(each.code for each in city.respondents_in(YEAR) if each.kind == "school")


def workbook_with(settings: Settings, city: City, changes: dict[tuple[str, str], object], folder: Path) -> Path:
    """The school's workbook as its clerk saves it with other values."""
    name = workbook_file_name(city.respondent_by_code[school_of(city)], YEAR)
    book = openpyxl.load_workbook(settings.inbox / name)
    for (sheet, label), value in changes.items():
        cell_of(book, sheet, label).value = value
    path = folder / "报送终稿.xlsx"
    book.save(path)
    return path


def test_a_day_from_a_bad_file_to_the_gate(
    desk_of_a_day: Desk, context: BrowserContext, browser: Browser, city: City, tmp_path: Path, screenshots: Path
) -> None:
    """The same with and without scripts, at two widths: a school sends, the bureau decides, runs and confirms."""
    # Long: a day, hour by hour.
    desk, settings, width = desk_of_a_day, desk_of_a_day.settings, context.new_page().viewport_size["width"]
    remark = f"第 {width} 份"
    changes = {("教职工情况", "专任教师数"): "约三千", ("毕业去向", "毕业生数"): 22700, ("学校概况", "备注"): remark}
    page = desk.sign_in(context, "school_clerk")
    page.set_input_files("input[type=file]", workbook_with(settings, city, changes, tmp_path))
    page.click("text=上传检查")
    page.wait_for_selector("text=有 1 个错误，改正以后才能报送")
    page.screenshot(path=screenshots / f"desk-findings-{width}.png", full_page=True)
    page.fill(".finding.error input[name=text]", "416")
    page.click(".finding.error button")
    page.wait_for_selector("h1:has-text('的检查结果')")
    assert page.locator(".finding.error").count() == 0
    page.click("text=看各表")
    page.click("nav.tabs >> text=毕业去向")
    page.click("td.warning summary >> nth=0")
    page.screenshot(path=screenshots / f"desk-sheet-{width}.png", full_page=True)
    if width > 360:  # where scripts run
        is_for_everybody(page, width)
    page.fill("td.warning input[name=text] >> nth=0", "2270")
    page.click("td.warning button >> nth=0")
    page.wait_for_selector("h1:has-text('的检查结果')")
    while page.locator(".finding.warning:not(.explained)").count():
        first = page.locator(".finding.warning:not(.explained)").first
        first.locator("summary:has-text('数没有错')").click()
        first.locator("textarea").fill("个别学生的就业单位没有提供所属产业，已逐一核实。")
        first.locator("input[name=author]").fill("就业办")
        first.locator("button:has-text('记下说明')").click()
        page.wait_for_selector("h1:has-text('的检查结果')")
    page.click("text=报送以后数字会变成什么")
    page.click("main button:has-text('开始计算')")
    while page.locator("text=计算中").count():
        page.wait_for_timeout(500)
        page.reload()
    page.screenshot(path=screenshots / f"desk-preview-{width}.png", full_page=True)
    if width > 360:
        is_for_everybody(page, width)
        page.go_back()
        is_for_everybody(page, width)
        page.go_forward()
    page.click("text=确认报送")
    for name, who in (("filled_by", "张三"), ("reviewed_by", "李四"), ("head", "王五")):
        page.fill(f"[name={name}]", who)
    page.check("[name=is_right]")
    page.click("main button:has-text('报送')")
    page.wait_for_selector("text=教育局已收到")
    page.screenshot(path=screenshots / f"desk-certificate-{width}.png", full_page=True)
    with page.expect_download() as download:
        page.click("text=下载报送的文件")
    sent = sha256_of_file(Path(download.value.path()))
    assert archived_path(sent, settings.archive).exists()
    (received,) = receipts_of(settings.archive, sent)
    assert received.sender == school_of(city)
    assert archived_certificates(settings.archive)[-1].submission_id == sent

    bureau = browser.new_context()
    page = desk.sign_in(bureau, "bureau_clerk")
    assert "等下一次运行" in page.locator("tr", has_text=city.respondent_by_code[school_of(city)].name).inner_text()
    page.click(f"text=运行 {YEAR} 年度")
    page.wait_for_selector("h1:has-text('完成')")
    page.goto(f"{desk.address}/year/{YEAR}")
    assert "等下一次运行" not in page.content()
    decided = len(archived_decisions(settings.archive))
    page.goto(f"{desk.address}/year/{YEAR}/decisions")
    waiting = page.locator("tbody input[type=checkbox]").count()
    page.check("tbody input[type=checkbox] >> nth=0")
    page.click("text=选中的：认可、采用")
    page.wait_for_selector("text=1 件记下了")
    assert len(archived_decisions(settings.archive)) == decided + 1
    assert page.locator("tbody input[type=checkbox]").count() == waiting - 1
    page = desk.sign_in(browser.new_context(), "approver")
    page.goto(f"{desk.address}/year/{YEAR}/gate")
    still = page.locator("text=确认这一项").count()
    page.fill("[name=reason] >> nth=0", "已与学校核实")
    page.click("text=确认这一项 >> nth=0")
    page.wait_for_selector("h1")
    assert page.locator("text=确认这一项").count() == still - 1


def test_two_clerks_at_once_decide_a_thing_once(desk_of_a_day: Desk, browser: Browser) -> None:
    """Both see the same list; the second is told that somebody has decided."""
    pages = [desk_of_a_day.sign_in(browser.new_context(), "bureau_clerk") for _ in range(2)]
    for page in pages:
        page.goto(f"{desk_of_a_day.address}/year/{YEAR}/decisions")
    ticked, boxes = pages[0].locator("tbody input:checked"), pages[0].locator("tbody input[type=checkbox]")
    pages[0].check("thead input")  # all at once, and none
    assert ticked.count() == boxes.count()
    pages[0].uncheck("thead input")
    assert ticked.count() == 0
    before = len(archived_decisions(desk_of_a_day.settings.archive))
    for page in pages:
        page.check("tbody input[type=checkbox] >> nth=0")
        page.click("text=选中的：认可、采用")
    assert "已经有人决定了" in pages[1].content()
    assert len(archived_decisions(desk_of_a_day.settings.archive)) == before + 1


LOADED = """[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .reduce((all, each) => all + each.encodedBodySize, 0)"""
PAGES_OF: dict[str, tuple[str, ...]] = {
    "school_clerk": ("/", "/account", "/account/second-factor"),
    "bureau_clerk": (
        *(f"/year/{YEAR}", f"/year/{YEAR}/decisions", f"/year/{YEAR}/letters", f"/school/{BUREAU}/{YEAR}"),
        "/years",
    ),
    "approver": (f"/year/{YEAR}/gate", "/log"),
    "administrator": ("/accounts", "/log", "/not-there"),
}


def test_a_file_goes_on_from_where_the_line_broke(
    desk_of_a_day: Desk, browser: Browser, city: City, tmp_path: Path
) -> None:
    """The second of three parts does not arrive, and the file is what was sent."""
    desk, began = desk_of_a_day, []

    def breaks_once(route: Route) -> None:
        began.append(int(route.request.headers["upload-offset"]))
        route.abort() if len(began) == 2 else route.continue_()

    with browser.new_context() as context:
        page = desk.sign_in(context, "school_clerk")
        page.route("**/upload/part", breaks_once)
        path = workbook_with(desk.settings, city, {}, tmp_path)
        path.write_bytes(path.read_bytes() + b"\0" * 600_000)  # as a zip still a workbook
        page.set_input_files("input[type=file]", path)
        page.click("text=上传检查")
        page.wait_for_selector("text=秒后接着传")
        page.wait_for_url("**/file/**")
    upload = desk.settings.home / "desk" / "uploads" / f"{page.url.split('/')[4]}.xlsx"
    assert upload.read_bytes() == path.read_bytes()
    assert began[:3] == [0, 262_144, 262_144]
    assert len(began) == 2 + -(-(path.stat().st_size - 262_144) // 262_144)


def is_for_everybody(page: Page, width: int) -> None:
    found = Axe().run(page, options=WCAG)
    assert found.violations_count == 0, f"{page.url}: {found.generate_report()}"
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
    assert 0 < page.evaluate(LOADED) <= LIGHT, page.url


@pytest.mark.parametrize("role", PAGES_OF)
@pytest.mark.parametrize("width", [360, 1100])
def test_every_page_is_for_everybody(
    role: str, width: int, desk_of_a_day: Desk, browser: Browser, screenshots: Path
) -> None:
    """WCAG 2.2 AA by axe, nothing beyond the edge of a narrow screen, light, and reached by the keyboard alone."""
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = desk_of_a_day.sign_in(context, role)
    for address in PAGES_OF[role]:
        page.goto(desk_of_a_day.address + address)
        page.wait_for_load_state("networkidle")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "跳到正文", address
        name = address.strip("/").replace("/", "-") or "school"
        page.screenshot(path=screenshots / f"desk-{role}-{name}-{width}.png", full_page=True)
        is_for_everybody(page, width)
    context.close()
