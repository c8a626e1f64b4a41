"""The desk of a city that nobody has thought of, from its first day: before anything was sent, built or published."""

import time
from pathlib import Path

import pytest

from sources.archive.archive import archived_receipts
from sources.archive.certificates import archived_certificates
from sources.declarations.deadlines import open_years
from sources.submission.file_names import workbook_file_name
from sources.system.settings import Settings
from tests.any_city.made_up import make_up, pour
from tests.browser.test_desk import Desk, running_desk
from tests.browser.visitor import Answer, Visitor
from tests.conftest import TODAY

pytestmark = pytest.mark.deep
ROLES = ("school_clerk", "school_head", "district", "bureau_clerk", "approver", "reader", "administrator")
NAMES = {"filled_by": "欧阳一", "reviewed_by": "李四", "head": "王五", "is_right": "on", "is_left_open": "on"}
PATIENCE_SECONDS = 300


def until(answered: str, not_yet: str, visitor: Visitor) -> Answer:
    """The page of an address once it no longer says what it says while somebody waits."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not_yet in (answer := visitor.get(answered)).page:
        assert time.monotonic() < deadline, answer.page
        time.sleep(0.5)
    return answer


def pages_answer(desk: Desk, visitors: dict[str, Visitor], year: int, schools: list[str]) -> None:
    """Every page that a role is led to, answers; nothing is at fault."""
    paths = ["/", "/account", "/accounts", "/log", *(f"/school/{code}/{year}" for code in schools)]
    paths += [f"/year/{year}", *(f"/year/{year}/{part}" for part in ("decisions", "letters", "gate"))]
    paths += [f"/school/{code}/{year}/figures" for code in schools]
    for role, visitor in visitors.items():
        for path in paths:
            assert visitor.get(path).status in (200, 302, 403, 404), (
                role,
                path,
                (desk.settings.home / "desk.log").read_text(),
            )


@pytest.mark.parametrize("seed", [5, 11])
def test_a_made_up_city_sends_its_first_workbook(seed: int, tmp_path: Path) -> None:
    # Long: the first day of an installation, in order.
    made = make_up(seed, tmp_path / "city")
    poured = Settings(home=tmp_path / "poured", city_dir=made.folder, fixed_today=TODAY)
    files = {path.name: path for path in pour(made, poured)}
    settings = Settings(home=tmp_path / "home", city_dir=made.folder, fixed_today=TODAY)
    settings.home.mkdir()
    city = made.city
    year = open_years(city.calendar, TODAY)[-1]
    schools = [each for each in city.respondents_in(year) if each.kind == "school"]
    own = next(each for each in schools)
    with running_desk(settings) as desk:
        visitors = {role: Visitor(desk.address, role, desk.passwords[role]) for role in ROLES}
        pages_answer(desk, visitors, year, [each.code for each in city.respondents_in(year)])
        clerk, at = visitors["school_clerk"], f"/school/{own.code}/{year}"
        assert clerk.get(f"{at}/template").status == 200
        workbook = files[workbook_file_name(own, year)].read_bytes()
        where = clerk.upload(f"{at}/upload", workbook, clerk.token_of(at)).leads_to
        shown = until(where, 'id="waiting"', clerk)
        assert own.name in shown.page
        assert "确认报送" in shown.page, shown.page
        assert clerk.post(f"{where}/certify", NAMES).leads_to == f"{where}/certificate"
        assert [each.sender for each in archived_receipts(settings.archive)] == [own.code]
        assert [each.report_year for each in archived_certificates(settings.archive)] == [year]
        bureau = visitors["bureau_clerk"]
        task = bureau.post(f"/year/{year}/start/run", {}, at=f"/year/{year}").leads_to
        done = until(task, 'http-equiv="refresh"', bureau)
        assert "没有完成" not in done.page, done.page
        row = next(line for line in bureau.get(f"/year/{year}").page.splitlines() if own.name in line)
        assert "等下一次运行" not in row
        pages_answer(desk, visitors, year, [each.code for each in city.respondents_in(year)])
