"""`nianbao check`, `preview`, `status`, `decide`: text for people, JSON and exit codes for scripts."""

import json
import shutil
from pathlib import Path

import openpyxl
import pytest

from sources.submission.file_names import workbook_file_name
from sources.system.settings import Settings
from tests.conftest import NURSING_SCHOOL, cell_of, run_all, select, snapshot
from tests.end_to_end.test_command_line import nianbao
from warehouse.figures.effects import with_effects
from warehouse.run.rehearsal import preview

OK, CANNOT, ACTION_NEEDED = 0, 2, 3


def changed_workbook(settings: Settings, city, folder: Path, value: object) -> Path:
    name = workbook_file_name(city.respondent_by_code[NURSING_SCHOOL], 2023)
    book = openpyxl.load_workbook(settings.inbox / name)
    cell_of(book, "学生情况", "全日制在校生数").value = value
    path = folder / name
    book.save(path)
    return path


@pytest.mark.deep
def test_a_school_checks_its_workbook_without_a_database(empty, city_run, city, tmp_path):
    good = next(city_run.inbox.glob("2023*3645900003*"))
    alone = tmp_path / good.name
    shutil.copy(good, alone)
    clean = nianbao(empty, "check", str(alone))
    assert clean.returncode == OK
    assert "可以报送" in clean.stdout
    assert list(tmp_path.iterdir()) == [alone] or empty.home in tmp_path.iterdir()
    bad = changed_workbook(city_run, city, tmp_path, "约2600")
    outcome = nianbao(empty, "check", str(bad), "--json")
    assert outcome.returncode == ACTION_NEEDED
    told = json.loads(outcome.stdout)
    (error,) = [finding for finding in told["findings"] if finding["severity"] == "error"]
    assert (error["sheet"], error["value"], told["is_acceptable"]) == ("学生情况", "约2600", False)
    marked = openpyxl.load_workbook(told["marked"])
    assert marked["学生情况"][error["cell"]].comment is not None
    assert "还不能报送" in marked.worksheets[0]["A1"].value
    assert not (empty.home / "working").exists()


@pytest.mark.deep
def test_check_says_the_same_as_the_pipeline(city_run, tmp_path):
    told = {}
    for path in sorted(city_run.inbox.glob("2023*")):
        shutil.copy(path, tmp_path / path.name)
    for path in sorted(tmp_path.glob("2023*.xlsx"))[:4]:
        outcome = json.loads(nianbao(city_run, "check", str(path), "--json").stdout)
        told[path.name] = sorted((f["rule_id"], f["cell"]) for f in outcome["findings"])
    found = json.loads(nianbao(city_run, "findings", "--year", "2023", "--json").stdout)
    for name, findings in told.items():
        of_file = [(f["rule_id"], f["cell"]) for f in found if f["file_name"] == name and f["stage"] == "intake"]
        assert findings == sorted(of_file)


@pytest.mark.deep
def test_a_preview_tells_what_would_change_and_changes_nothing(fresh_copy, city, tmp_path):
    before = snapshot(fresh_copy, ("raw", "registry", "report"))
    archived = sorted(fresh_copy.archive.rglob("*"))
    outcome = nianbao(fresh_copy, "preview", str(changed_workbook(fresh_copy, city, tmp_path, 2951)), "--json")
    assert outcome.returncode == OK, outcome.stderr
    told = json.loads(outcome.stdout)
    assert told["status"] == "accepted"
    assert [(cell["label"], cell["before"], cell["after"]) for cell in told["cells"]] == [
        ("全日制在校生数", "2591", "2951")
    ]
    city_students = [f for f in told["figures"] if f["indicator"] == "全日制在校生人数" and f["scope"] == "全市"]
    assert [int(f["after"]) - int(f["before"]) for f in city_students] == [2951 - 2591]
    assert snapshot(fresh_copy, ("raw", "registry", "report")) == before
    assert sorted(fresh_copy.archive.rglob("*")) == archived


def test_a_preview_of_a_file_that_is_here_already_says_that_nothing_changes(fresh_copy, city, tmp_path):
    known = next(fresh_copy.inbox.glob(f"2023*{NURSING_SCHOOL}*"))
    renamed = tmp_path / "复件.xlsx"
    shutil.copy(known, renamed)
    told = json.loads(nianbao(fresh_copy, "preview", str(renamed), "--json").stdout)
    assert (told["status"], told["counts"], told["report_year"]) == ("accepted", True, 2023)
    assert told["cells"] == told["figures"] == told["findings_new"] == []


def test_a_preview_of_a_bad_file_says_that_it_would_be_rejected(fresh_copy, city, tmp_path):
    outcome = nianbao(fresh_copy, "preview", str(changed_workbook(fresh_copy, city, tmp_path, "很多")))
    assert outcome.returncode == ACTION_NEEDED
    assert "会被退回" in outcome.stdout
    assert "变动的数字：没有" in outcome.stdout


def test_a_preview_for_a_server_tells_effects_writes_nothing_and_keeps_nothing_open(fresh_copy, city, tmp_path, capsys):
    before = snapshot(fresh_copy, ("raw", "registry", "report"))
    file = changed_workbook(fresh_copy, city, tmp_path, 25910)
    found = preview(fresh_copy, city, file, tell=with_effects)
    assert found.status == "rejected"
    (new,) = [each.finding for each in found.findings_new if each.finding.is_error]
    assert new.effect is not None
    assert "本版已退回" in new.effect.text
    assert [each.finding.effect for each in preview(fresh_copy, city, file).findings_new] == [None] * len(
        found.findings_new
    )
    assert capsys.readouterr().out == ""
    assert snapshot(fresh_copy, ("raw", "registry", "report")) == before


def test_what_a_held_file_would_change_is_what_it_changes_when_it_is_taken(fresh_copy, city, tmp_path):
    other_school = next(each.code for each in city.respondents if each.kind == "school" and each.code != NURSING_SCHOOL)
    elsewhere = fresh_copy.inbox / other_school  # a file in another school's folder is held
    elsewhere.mkdir()
    changed_workbook(fresh_copy, city, elsewhere, 2951)
    run_all(fresh_copy, city)
    ((held,),) = select(fresh_copy, "select submission_id from registry.submission where status = 'held'").iter_rows()
    before = figures_of(fresh_copy)
    assert nianbao(fresh_copy, "preview", "--held", "ffffff").returncode == CANNOT
    assert nianbao(fresh_copy, "preview").returncode == CANNOT
    told = json.loads(nianbao(fresh_copy, "preview", "--held", held[:12], "--json").stdout)
    assert (told["status"], told["counts"]) == ("accepted", True)
    assert [(each["before"], each["after"]) for each in told["cells"]] == [("2591", "2951")]
    by = ("--by", "王科长", "--reason", "电话确认")
    assert nianbao(fresh_copy, "decide", "--version", held, *by).returncode == OK
    other = changed_workbook(fresh_copy, city, tmp_path, 2600)
    assert preview(fresh_copy, city, other).status == "accepted", "what was let through waits for the next run"
    run_all(fresh_copy, city)
    after = figures_of(fresh_copy)
    foretold = {
        (each["report_year"], each["subject_code"], each["indicator_code"], each["scope_code"]): each["after"]
        for each in told["figures"]
    }
    assert foretold == {key: value for key, value in after.items() if before.get(key) != value}
    assert foretold


def figures_of(settings: Settings) -> dict[tuple[str, ...], str]:
    """Year, subject, indicator, scope → the figure as it is shown."""
    asked = "cast(report_year as varchar), subject_code, indicator_code, scope_code, coalesce(display, '…')"
    rows = select(settings, f"select {asked} from core.fct_indicator_value").iter_rows()
    return {tuple(row[:4]): row[4] for row in rows}


def test_status_returns_3_when_somebody_has_to_act(fresh_copy, city):
    assert nianbao(fresh_copy, "status", "--year", "2023").returncode == OK
    bad = changed_workbook(fresh_copy, city, fresh_copy.inbox, "很多")
    assert bad.exists()
    run_all(fresh_copy, city)
    outcome = nianbao(fresh_copy, "status", "--year", "2023", "--json")
    assert outcome.returncode == ACTION_NEEDED
    (row,) = [r for r in json.loads(outcome.stdout)["register"] if r["respondent_code"] == NURSING_SCHOOL]
    assert (row["state"], row["latest_status"]) == ("returned", "rejected")


def test_what_is_not_there_is_said_with_code_2(fresh_copy):
    for arguments in (
        ("decide", "unknown", "approved", "--by", "王科长"),
        ("decide", "unknown", "perhaps", "--by", "王科长"),
        ("status", "--year", "1999"),
        ("check", "/no/such/file.xlsx"),
    ):
        assert nianbao(fresh_copy, *arguments).returncode == CANNOT, arguments
