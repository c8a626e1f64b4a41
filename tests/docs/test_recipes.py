"""The recipes of CONTRIBUTING.md, followed on a copy of the project: what they promise is there afterwards."""

import json
from pathlib import Path

import openpyxl
import pytest

from tests.docs.recipes import Copy, copied_to, follow, recipes
from tests.support.sinks import serve, webhook

RECIPES = recipes()
MOST_STEPS = 10
ALERTS = """
enabled: true
channels:
  - {kind: webhook, name: 平台, url_env: TEST_URL}
"""
TELL = """
from orchestration.lib.observe import alert
from orchestration.cli.console import installation
settings, city = installation()
print(alert(settings, city).summary)
"""


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return copied_to(tmp_path / "copy")


def headings(workbook: Path) -> set[str]:
    """The words of a workbook's cells."""
    book = openpyxl.load_workbook(workbook, read_only=True)
    return {str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None}


def test_there_is_a_recipe_for_everything_that_is_added():
    kinds = ("column", "rule", "indicator", "table", "city", "message")
    assert [title.split()[-1] for title in RECIPES] == list(kinds)


@pytest.mark.parametrize("title", RECIPES)
def test_no_recipe_has_more_than_ten_steps(title):
    assert 0 < len(RECIPES[title]) <= MOST_STEPS


def test_a_column_stands_in_the_template_and_in_the_staging_model(copy):
    follow(RECIPES["Add a column"], copy)
    templates = [path for path in copy.home.rglob("*.xlsx") if "教育局" not in path.name]
    assert templates
    assert all(any("社会捐赠收入" in text for text in headings(path)) for path in templates)
    model = (copy.root / "dbt_project/models/staging/_generated/stg_funds.sql").read_text(encoding="utf-8")
    assert "raw.donations" in model


@pytest.mark.deep
def test_a_rule_fires_on_a_workbook_that_breaks_it(copy):
    follow(RECIPES["Add a rule"], copy)
    copy.run("nianbao sample --year 2023")
    broken = break_the_rule(copy.home / "inbox")
    found = json.loads(copy.run(f"nianbao check '{broken}' --json"))
    messages = [each["message"] for each in found["findings"] if each["rule_id"] == "funds.funded_students_have_funds"]
    assert messages == ["核算学生数为 2591，财政拨款却是 0.00 万元。"]


def break_the_rule(inbox: Path) -> Path:
    """A school's workbook that states students and no funds for them."""
    path = next(path for path in sorted(inbox.glob("*.xlsx")) if "卫生学校" in path.name)
    book = openpyxl.load_workbook(path)
    sheet = book["经费情况"]
    assert (sheet["B7"].value, sheet["E8"].value) == ("按生均口径核算的财政拨款", 2591)
    sheet["E7"] = 0
    book.save(path)
    return path


@pytest.mark.deep
def test_an_indicator_is_printed_with_its_formula(copy):
    follow(RECIPES["Add an indicator"], copy)
    assert "生均财政专项拨款" in copy.printed[-1]
    assert "元/人" in copy.printed[-1]


@pytest.mark.deep
def test_a_table_is_printed(copy):
    follow(RECIPES["Add a table"], copy)
    assert "专任教师数（人）" in copy.printed[-1]
    assert "全日制在校生数（人）" in copy.printed[-1]


@pytest.mark.deep
def test_a_city_gets_templates_and_runs(copy):
    follow(RECIPES["Add a city"], copy)
    assert len(list((copy.home / "templates").rglob("*.xlsx"))) == 3
    assert "河池市卫生学校" in copy.printed[-1]


def test_a_message_is_what_a_channel_gets(copy):
    follow(RECIPES["Add a message"], copy)
    (copy.root / "sources/cities/450700/alerts.yml").write_text(ALERTS, encoding="utf-8")
    with serve(webhook) as sink:
        copy.environment |= {"TEST_URL": sink.url, "NIANBAO_TODAY": "2023-10-10"}
        (copy.root / "tell.py").write_text(TELL, encoding="utf-8")
        copy.run("python tell.py")
        copy.run("python tell.py")
    of_the_school = [text for text in sink.accepted if "钦州市卫生学校" in text]
    assert len(of_the_school) == 1
    assert "2023年度数据开始报送" in of_the_school[0]
    assert "请在 2023-11-30 前把填好的工作簿发来。" in of_the_school[0]
