"""A school's own report is held against what the city counted for that school."""

from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from orchestration.cli.main import app
from sources.declarations.city import City
from sources.system.settings import Settings
from tests.reconcile.test_commented_word import THREE_SCHOOLS, YEAR
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.fact import SCHOOL_SCOPE
from warehouse.reconcile.reconcile import reconcile_file
from warehouse.reconcile.verdicts import Reconciliation

MANNERS = (
    "我校现有专任教师{teachers}人。全市有中职学校12所。学校全日制在校生{students}人。",
    "{name}2023年全日制在校生{students}人，专任教师{teachers}人。",
    "2023年，全市全日制在校生总数35205人。本校有专任教师{teachers}人、全日制在校生{students}人。",
    "表1 基本情况\n指标\t2023年\n专任教师数（人）\t{teachers}\n全日制在校生人数（人）\t{students}",
)
COUNTED = {"teachers": "teachers_full_time", "students": "students_full_time"}


@pytest.fixture
def counted(published: duckdb.DuckDBPyConnection) -> list[tuple[str, str, dict[str, int]]]:
    """Code and name of each school with teachers and students, and how many the city counted of each."""
    rows = published.execute(
        "select subject_code, max(school_name), max(value) filter (where indicator_code = ?),"
        " max(value) filter (where indicator_code = ?)"
        " from core.fct_indicator_value join core.dim_school on school_code = subject_code"
        " and dim_school.report_year = fct_indicator_value.report_year"
        " where fct_indicator_value.report_year = 2023 and scope_code = ? group by subject_code order by subject_code",
        [COUNTED["teachers"], COUNTED["students"], SCHOOL_SCOPE],
    ).fetchall()
    found = [(code, name, {"teachers": int(t), "students": int(s)}) for code, name, t, s in rows if t and s]
    assert len(found) > 5
    return found


def read(connection: duckdb.DuckDBPyConnection, city: City, folder: Path, school: str, text: str) -> Reconciliation:
    path = folder / "report.txt"
    path.write_text(text, encoding="utf-8")
    return reconcile_file(connection, city, load_catalogue(PACK), path, 2023, school=school)


@pytest.mark.parametrize("manner", MANNERS)
def test_what_the_city_counted_for_the_school_is_right_and_what_it_did_not_is_told(
    manner: str, counted, published, city: City, tmp_path: Path
):
    for code, name, numbers in counted[:3]:
        result = read(published, city, tmp_path, code, manner.format(name=name, **numbers))
        own = [row for row in result.frame.to_dicts() if row["subject_code"] == code]
        assert {row["indicator_code"] for row in own} == set(COUNTED.values())
        assert {row["verdict"] for row in result.frame.to_dicts() if row["indicator_code"]} == {"consistent"}
        assert result.memo.startswith(f"# {name}2023年度报告核对备忘录")
        wrong = numbers | {"teachers": numbers["teachers"] + 17}
        told = read(published, city, tmp_path, code, manner.format(name=name, **wrong))
        differing = [row for row in told.frame.to_dicts() if row["verdict"] == "differs"]
        assert [(row["subject_code"], row["indicator_code"]) for row in differing] == [(code, COUNTED["teachers"])]
        assert differing[0]["recomputed"] == str(numbers["teachers"])


def test_the_same_words_are_the_citys_in_the_citys_report(counted, published, city: City, tmp_path: Path):
    text = "现有专任教师{teachers}人。".format(**counted[0][2])
    (of_city,) = read(published, city, tmp_path, "", text).frame.to_dicts()
    (of_school,) = read(published, city, tmp_path, counted[0][0], text).frame.to_dicts()
    assert (of_city["subject_code"], of_school["subject_code"]) == (city.code, counted[0][0])


def test_in_another_city_its_whole_is_told_from_the_school(tmp_path: Path):
    """Without a warehouse, in a city whose report year and schools are others."""
    school = next(r for r in THREE_SCHOOLS.respondents if r.kind == "school")
    path = tmp_path / "report.md"
    path.write_text(
        f"## 2 师资\n\n{school.name}有专任教师130人；全市共有专任教师380人。学校有纸质图书52000册，生均图书31册。\n\n"
        "| 指标 | 2031年 |\n|---|---|\n| 专任教师数（人） | 130 |\n\n"
        "| 单位 | 专任教师数（人） |\n|---|---|\n| 全市 | 380 |\n",
        encoding="utf-8",
    )
    result = reconcile_file(None, THREE_SCHOOLS, load_catalogue(PACK), path, YEAR, school=school.code)
    whose = {row["printed"]: row["subject_code"] for row in result.frame.to_dicts() if row["indicator_code"]}
    assert whose["130人"] == whose["130"] == whose["52000册"] == school.code
    assert whose["380人"] == whose["380"] == THREE_SCHOOLS.code
    contradicting = {
        row["printed"] for row in result.frame.to_dicts() if row["broken_relations"] or row["is_suspected"]
    }
    assert "380" not in contradicting


def test_the_command_takes_a_short_name_and_names_what_it_does_not_know(
    fresh_copy: Settings, counted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    code, name, numbers = counted[0]
    monkeypatch.setenv("NIANBAO_HOME", str(fresh_copy.home))
    monkeypatch.setenv("NIANBAO_CITY", str(fresh_copy.city_dir))
    path = tmp_path / "report.txt"
    path.write_text(MANNERS[0].format(name=name, **numbers), encoding="utf-8")
    arguments = ["reconcile", "--published", str(path), "--year", "2023", "--school"]
    done = CliRunner().invoke(app, [*arguments, code])
    assert done.exit_code == 0, done.output
    assert f"{name}2023年度报告核对备忘录" in done.output
    unknown = CliRunner().invoke(app, [*arguments, "没有的学校"])
    assert unknown.exit_code != 0
    assert "没有的学校" in unknown.output
