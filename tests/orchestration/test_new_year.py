"""`nianbao new-year`: a year of a made-up province with two cities, opened, filled in, corrected and taken back."""

import json
import os
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl
import pytest
import yaml
from typer.testing import CliRunner, Result

from orchestration.cli import years
from orchestration.cli.main import app
from sources.declarations.city import City, load_city
from sources.declarations.deadlines import ReportYear
from sources.declarations.new_year import day_off, days_off, proposed_dates
from sources.declarations.undecided import load_undecided
from sources.declarations.yaml_lines import flow, with_items, with_year, without_entries, without_year
from sources.read.read_workbook import read_workbook
from sources.system import together
from sources.write.new_year_form import RESPONDENTS_SHEET
from tests.any_city.worlds import CITIES
from tests.conftest import deep

Run = Callable[..., Result]
Line = dict[str, str]
BIG, SMALL, OTHER, MOVING, NEWEST = "3696000101", "3696000102", "3696000203", "3696000201", "3696000301"
CHANGES: dict[str, Line] = {
    BIG: {"今年的变化": "更名", "新名称": "临泽技师学院附属学校", "依据或备注": "泽政发〔2025〕3号"},
    SMALL: {"今年的变化": "并入", "有关学校": "临泽技师学院附属学校"},
    OTHER: {"今年的变化": "停办"},
}
NEW: tuple[Line, ...] = ({"标识码": NEWEST, "单位名称": "川南新职业学校", "地区": "川南县", "今年的变化": "新设"},)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A province in its first year, with a remark of its own in a file."""
    city_dir = tmp_path / "province"
    shutil.copytree(CITIES / "zechuan_province", city_dir)
    (city_dir / "changes.yml").unlink()
    calendar = city_dir / "calendar.yml"
    calendar.write_text(without_year(calendar.read_text("utf-8"), 2025) + "# 请勿删除过去的年度\n", "utf-8")
    return city_dir


@pytest.fixture
def run_whole(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Run:
    own = {"NIANBAO_CITY": str(folder), "NIANBAO_HOME": str(folder.parent / "home"), "NIANBAO_TODAY": "2025-09-20"}
    monkeypatch.setattr(os, "environ", own | {"PATH": os.environ["PATH"]})

    def invoke(*arguments: str) -> Result:
        load_city.cache_clear()
        return CliRunner().invoke(app, list(arguments))

    return invoke


@pytest.fixture
def run(run_whole: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Without the templates, which take most of the time."""
    monkeypatch.setattr(years, "template", lambda **_: None)
    return run_whole


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.yml"))}


def form(folder: Path, year: int) -> Path:
    return folder.parent / "home" / "new_year" / str(year) / f"{year}年度开年事项.xlsx"


def fill(path: Path, lines: dict[str, Line], new: tuple[Line, ...] = (), sign: str = "李老师") -> None:
    """The clerk at the form: what has become of whom, new schools below, and a name on every sheet."""
    book = openpyxl.load_workbook(path)
    sheet = book[RESPONDENTS_SHEET]
    head = {cell.value: cell.column for cell in sheet[4]}
    listed = [row for row in range(5, sheet.max_row + 1) if sheet.cell(row, head["地区"]).value]
    row_of = {sheet.cell(row, 1).value: row for row in listed}
    below = [(row, line) for row, line in enumerate(new, max(row_of.values()) + 1)]
    for row, line in [*((row_of[code], line) for code, line in lines.items()), *below]:
        for heading, text in line.items():
            sheet.cell(row, head[heading]).value = text
    for each in book.worksheets:
        each.cell(2, 2).value = sign
    book.save(path)


def load_anew(folder: Path) -> City:
    load_city.cache_clear()
    return load_city(folder)


def opened(run: Run, folder: Path, year: int) -> City:
    done = run("new-year", str(year))
    assert done.exit_code == 0, done.output
    return load_anew(folder)


def test_dry_run_says_everything_and_writes_nothing(run: Run, folder: Path):
    before = texts(folder)
    told = run("new-year", "2025", "--dry-run")
    assert told.exit_code == 0
    assert "开始收报送 2025-10-01（国庆节假期）" in told.output
    assert "截止 2025-11-30（周日）" in told.output
    assert "照上年 15 个" in told.output
    planned = json.loads(run("new-year", "2025", "--dry-run", "--json").output)
    assert planned["dates"]["due"] == "2025-11-30"
    assert texts(folder) == before
    assert not form(folder, 2025).exists()


@pytest.mark.deep
def test_a_year_is_opened_filled_in_and_taken_back(run_whole: Run, folder: Path):
    """With its templates: a renamed school's has the new name, and the old one is gone."""
    run, before, home = run_whole, texts(folder), folder.parent / "home"
    opened(run, folder, 2025)
    assert len(list((home / "templates" / "2025").rglob("*.xlsx"))) == 15
    fill(form(folder, 2025), CHANGES, NEW)
    city = opened(run, folder, 2025)
    made = sorted(path.name for path in (home / "templates" / "2025").rglob("*.xlsx"))
    assert len(made) == len(city.respondents_in(2025)) == 14
    assert not any("临泽职业技术学校" in name or "泽东区职业学校" in name for name in made)
    (path,) = (home / "templates" / "2025").rglob("*临泽技师学院附属学校*.xlsx")
    read = read_workbook(path.read_bytes(), "id", path.name, city)
    assert (read.respondent.code, read.report_year) == (BIG, 2025)
    assert [each.rule_id for each in read.findings if each.rule_id.startswith("cover.")] == []
    assert run("new-year", "2025", "--undo").exit_code == 0
    assert texts(folder) == before
    assert list((home / "templates").rglob("*.xlsx")) == []


def test_the_clerk_fills_in_thinks_better_of_it_and_takes_it_back(run: Run, folder: Path):
    before = texts(folder)
    city = opened(run, folder, 2025)
    assert list(city.calendar.years) == [2024, 2025]
    assert "2025-11-30 是周日" in texts(folder)["calendar.yml"]
    assert "templates_carry_tokens: true" in texts(folder)["calendar.yml"]
    assert {each.about for each in load_undecided(folder)} == {"dates", "respondents"}
    assert run("check-city").exit_code == 3
    fill(form(folder, 2025), {BIG: {"今年的变化": "更名", "新名称": "临泽新校"}}, NEW)
    opened(run, folder, 2025)
    assert load_undecided(folder) == ()
    fill(form(folder, 2025), CHANGES)
    city = opened(run, folder, 2025)
    assert sorted(each.kind for each in city.changes) == ["close", "found", "merge", "rename"]
    assert "临泽新校" not in texts(folder)["changes.yml"]
    names = {each.name for each in city.respondents_in(2025)}
    assert {"临泽技师学院附属学校", "川南新职业学校"} <= names
    assert not {"泽东区职业学校", "川北财经学校", "临泽职业技术学校"} & names
    assert len(city.respondents_in(2024)) == 15
    (letter,) = (folder.parent / "home" / "new_year" / "2025").glob("*.txt")
    told = letter.read_text("utf-8")
    assert "泽东区职业学校2025年并入临泽技师学院附属学校。" in told
    assert "（泽政发〔2025〕3号）" in told
    assert run("new-year", "2025", "--undo").exit_code == 0
    assert texts(folder) == before


def test_a_second_and_a_third_year(run: Run, folder: Path):
    """What was opened before stays as it was; a school that is new in one year is renamed in the next."""
    opened(run, folder, 2025)
    fill(form(folder, 2025), CHANGES, NEW)
    opened(run, folder, 2025)
    second = texts(folder)
    opened(run, folder, 2026)
    lines = {
        MOVING: {"今年的变化": "改属地区", "新的地区": "川北区"},
        NEWEST: {"今年的变化": "更名", "新名称": "川南职校"},
    }
    split = {"标识码": "3696000302", "单位名称": "分校", "地区": "临泽市", "今年的变化": "分设", "有关学校": BIG}
    fill(form(folder, 2026), lines, (split,))
    city = opened(run, folder, 2026)
    assert second["changes.yml"] in texts(folder)["changes.yml"]
    assert texts(folder)["calendar.yml"].endswith("# 请勿删除过去的年度\n")
    assert city.in_year(2026).respondent_by_code[MOVING].region == "960202"
    assert [city.in_year(year).respondent_by_code[NEWEST].name for year in (2025, 2026)] == [
        "川南新职业学校",
        "川南职校",
    ]
    assert {BIG, "3696000302"} <= {each.code for each in city.respondents_in(2026)}
    assert run("new-year", "2025", "--undo").exit_code == 2
    assert run("new-year", "2026", "--undo").exit_code == 0
    assert texts(folder) == second


def test_what_is_wrong_in_the_form_is_told_at_once_and_changes_nothing(run: Run, folder: Path):
    opened(run, folder, 2025)
    before = texts(folder)
    lines = {
        BIG: {"今年的变化": "更名"},
        SMALL: {"今年的变化": "并入", "有关学校": "临泽职业技术学院"},
        OTHER: {"今年的变化": "停了"},
    }
    fill(form(folder, 2025), lines, ({"标识码": "3696000104", "单位名称": "某校", "今年的变化": "新设"},))
    told = run("new-year", "2025")
    assert told.exit_code == 2
    for words in ("“新名称”", "是不是“临泽职业技术学校”", "停了", "标识码 3696000104 已是泽西职业学校的"):
        assert words in told.output.replace("\n", ""), told.output
    assert texts(folder) == before


def test_a_form_that_nobody_has_signed_decides_nothing(run: Run, folder: Path):
    opened(run, folder, 2025)
    fill(form(folder, 2025), {}, sign="")
    opened(run, folder, 2025)
    assert {each.about for each in load_undecided(folder)} == {"dates", "respondents"}
    fill(form(folder, 2025), {OTHER: {"今年的变化": "停办"}}, sign="")
    assert "填了变化，没有写核对人" in run("new-year", "2025").output


@pytest.mark.parametrize("crash_at", ["calendar.yml", *deep("undecided.yml", "changes.yml")])
def test_a_process_that_is_killed_leaves_the_city_as_before(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, crash_at: str
):
    opened(run, folder, 2025)
    fill(form(folder, 2025), CHANGES, NEW)
    before = texts(folder)
    put = together.put

    def dies(path: Path, text: str | None) -> None:
        if path == folder / crash_at:
            raise SystemExit(137)  # no Exception: nobody tidies up
        put(path, text)

    with monkeypatch.context() as killed:
        killed.setattr(together, "put", dies)
        assert run("new-year", "2025").exit_code == 137
    assert texts(folder) != before
    assert run("check-city").exit_code == 3
    assert texts(folder) == before
    assert len(opened(run, folder, 2025).changes) == 4
    assert run("new-year", "2025", "--undo").exit_code == 0


def test_a_date_that_the_clerk_has_changed_by_hand_stays(run: Run, folder: Path):
    before = texts(folder)
    opened(run, folder, 2025)
    calendar = folder / "calendar.yml"
    calendar.write_text(calendar.read_text("utf-8").replace("due: 2025-11-30", "due: 2025-12-05"), "utf-8")
    city = opened(run, folder, 2025)
    assert str(city.calendar.years[2025].due) == "2025-12-05"
    assert run("new-year", "2025", "--undo").exit_code == 0
    assert texts(folder) == before


def test_only_the_next_year_can_be_opened(run: Run, folder: Path):
    for year, words in (("2024", "已经有"), ("2027", "下一个年度是 2025"), ("2023", "下一个年度是 2025")):
        told = run("new-year", year)
        assert (told.exit_code, words in told.output) == (2, True)


def test_nothing_is_taken_back_once_something_was_received(run: Run, folder: Path):
    opened(run, folder, 2025)
    inbox = folder.parent / "home" / "inbox"
    inbox.mkdir(exist_ok=True)
    (inbox / "来了.xlsx").write_bytes(b"a file that nobody has read")
    told = run("new-year", "2025", "--undo")
    assert told.exit_code == 2
    assert "有 1 个收到的文件还没有读入" in told.output


# --- The pure parts ---------------------------------------------------------------------------------------------------


def test_dates_are_proposed_from_last_years(folder: Path):
    proposed = proposed_dates(load_anew(folder), 2025)
    assert str(proposed.as_of) == "2025-09-01"
    assert str(proposed.freezes) == "2099-12-31"  # never
    leap = ReportYear.model_validate({name: "2024-02-29" for name in ReportYear.model_fields if name in DATES})
    city = load_anew(folder)
    of_leap = city.model_copy(update={"calendar": city.calendar.model_copy(update={"years": {2024: leap}})})
    assert str(proposed_dates(of_leap, 2025).due) == "2025-02-28"


DATES = ("as_of", "school_year_from", "school_year_to", "opens", "due", "freezes")


@pytest.mark.parametrize(
    ("day", "why"),
    [
        ("2026-02-16", "春节假期"),
        ("2026-02-24", ""),
        ("2025-10-08", ""),
        ("2025-10-07", "国庆节假期"),
        ("2026-01-31", "周六"),
        ("2027-01-01", "元旦假期"),
    ],
)
def test_days_off_are_marked(day: str, why: str):
    assert day_off(date.fromisoformat(day)) == why
    year = ReportYear.model_validate(dict.fromkeys(DATES, day))
    assert days_off(year) == (dict.fromkeys(("opens", "due", "freezes"), why) if why else {})


@pytest.mark.parametrize(
    "text",
    [
        "# 说明\nchanges:\n  - {kind: close, code: A, since: 2024}  # 停办\n\n# 以后的\n",
        "changes: []\n",
        "changes:\n",
        "changes: [{kind: close, code: A, since: 2024}]\nother: 1\n",
        "changes:\n- kind: close\n  code: A\n  since: 2024\n# 完\nother: 1",
        "other:\n  - 1\nchanges:\n    - {kind: close,\n       code: A, since: 2024}",
    ],
)
def test_entries_are_put_in_and_taken_out_and_the_rest_stays(text: str):
    entries = [flow({"kind": "rename", "code": "01", "name": "甲: 乙, [丙]", "since": 2025}), flow({"kind": "close"})]
    made = with_items(text, "changes", entries)
    was = yaml.safe_load(text)
    assert yaml.safe_load(made) == was | {
        "changes": [
            *(was["changes"] or []),
            {"kind": "rename", "code": "01", "name": "甲: 乙, [丙]", "since": 2025},
            {"kind": "close"},
        ]
    }
    assert all(line in made for line in text.splitlines() if line.strip().startswith("#"))
    back, missing = without_entries(made, entries)
    assert missing == ()
    assert yaml.safe_load(back)["changes"] in (was["changes"], was["changes"] or None, [])


@pytest.mark.parametrize(
    "text",
    [
        "years:\n  2024: {due: 2024-11-30}\n# 完\n",
        "years: {2024: {due: 2024-11-30}}\nnightly: x\n",
        "years:\n    2024:\n        due: 2024-11-30  # 周六\n\nnightly: x",
    ],
)
def test_a_year_is_put_in_replaced_and_taken_out(text: str):
    first = with_year(text, 2025, "{due: 2025-11-30}", "还没有核对")
    second = with_year(first, 2025, "{due: 2025-12-05}")
    assert [str(each["due"]) for each in yaml.safe_load(second)["years"].values()] == ["2024-11-30", "2025-12-05"]
    assert "还没有核对" not in second
    back = without_year(second, 2025)
    assert back.rstrip("\n") == text.rstrip("\n")
