"""What became of each time that a rule fired, counted from an archive and nothing else."""

import csv
import io
import json
import shutil
import zipfile
from dataclasses import asdict, replace
from pathlib import Path

import openpyxl
import pytest
import yaml
from typer.testing import CliRunner

from orchestration.cli.main import app
from sources.archive.archive import Receipt, archived_receipts, note_decision, note_receipt, restore, store
from sources.declarations.city import City
from sources.declarations.contract import contract_named, contracts_for
from sources.declarations.pack import Pack
from sources.declarations.rule import rule_version
from sources.submission.explanation import Explanation, GivenExplanation, Question
from sources.system.settings import Settings
from sources.write.template import build_workbook
from sources.write.template_sheet import SheetValues
from tests.any_city.test_notes import write_city
from tests.conftest import ingest, select
from tests.declarations.test_life_of_a_rule import CROSS_RULE, IN_FORCE, ROW_RULE, SHADOW
from tests.support.small_books import form
from warehouse.catalogue.rules_for_schools import rules_for_schools, write_rules_for_schools
from warehouse.intake.explanations import explanation_id_of
from warehouse.intake.feedback import write_feedback
from warehouse.intake.rule_record import RuleRecord, YearOfRules, year_of_rules
from warehouse.store.connection import open_working

YEAR = 2023
RULE = "students.intake_within_students"
SHADOWED = {"students.few_boarders", "cross.few_students"}


def with_rules(city: City, folder: Path, life: dict) -> City:
    """The city under a pack with two rules more: of a row and across sheets, both that students are below 9,000."""
    for name, rule in (("contracts/school/students.yml", ROW_RULE), ("rules/across_sheets.yml", CROSS_RULE)):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(yaml.safe_dump({"rules": [rule | life]}, allow_unicode=True), "utf-8")
    (folder / "pack.yml").write_text("name: 江南省\n", "utf-8")
    return city.model_copy(update={"pack": Pack(folder)})


def arrive(settings: Settings, city: City, code: str, day: str, students: dict, reason: str = "") -> None:
    """Puts a workbook that was saved and came on a day into the archive; `reason` explains its intake."""
    sheets = {contract.name for contract in contracts_for(city.pack, "school", YEAR)} - {"cover"}
    stated = {sheet: SheetValues(status="unavailable") for sheet in sheets}
    due = city.calendar.years[YEAR].due
    stated["cover"] = form(filled_by="填报人甲", reviewed_by="审核人乙", filled_on=due)
    stated["students"] = replace(form(**students), status="partial")
    given = [GivenExplanation(question(city), reason, "李老师", str(students["intake_full_time"]))] if reason else []
    data = build_workbook(city, city.respondent_by_code[code], YEAR, stated, explanations=given)
    data = with_date(data, day)
    note_receipt(
        Receipt(store(data, settings.archive), f"{code}_{day}.xlsx", len(data), f"{day}T10:00:00+00:00", day),
        settings.archive,
    )


def with_date(data: bytes, day: str) -> bytes:
    """The workbook as if it had been saved on the day."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as book, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as dated:
        for part in book.infolist():
            content = book.read(part)
            is_core = part.filename == "docProps/core.xml"
            dated.writestr(part, content.replace(b"2023-01-01T", f"{day}T".encode()) if is_core else content)
    return out.getvalue()


def question(city: City) -> Question:
    contract = contract_named(city.pack, "students")
    rule = next(rule for rule in contract.rules if rule.id == "intake_within_students")
    return Question(RULE, rule_version(rule), contract.title, rule.columns[0], "")


def approve(settings: Settings, city: City, code: str, value: str, reason: str) -> None:
    explanation = Explanation(question(city), value, reason, "李老师", YEAR)
    decided = {"kind": "explanation", "explanation_id": explanation_id_of(code, explanation)}
    note_decision(settings.archive, decided | {"state": "approved", "approver": "王科长"})


def students(total: int, intake: int) -> dict:
    return {"students_full_time": total, "students_formal": total, "intake_full_time": intake}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, City]:
    """V1 mends its intake, V2 and V3 explain theirs and V3's is approved, T1 has too many students and mends a value
    that no rule minded; two rules are tried in shadow."""
    folder = tmp_path_factory.mktemp("story")
    city = with_rules(write_city(folder / "city", (YEAR,)), folder / "pack", SHADOW)
    settings = Settings(home=folder / "home", city_dir=folder / "city")
    arrive(settings, city, "V1", "2024-01-02", students(400, 500))
    arrive(settings, city, "V1", "2024-01-05", students(400, 300))
    arrive(settings, city, "V2", "2024-01-02", students(400, 401), reason="借读")
    arrive(settings, city, "V3", "2024-01-02", students(400, 402))
    arrive(settings, city, "V3", "2024-01-06", students(400, 402), reason="含联办")
    approve(settings, city, "V3", "402", "含联办")
    arrive(settings, city, "T1", "2024-01-02", students(9500, 100))
    arrive(settings, city, "T1", "2024-01-07", students(9500, 120))
    return settings, city


@pytest.fixture(scope="module")
def counted(story: tuple[Settings, City]) -> YearOfRules:
    return year_of_rules(*story, YEAR)


def of(counted: YearOfRules, rule_id: str) -> RuleRecord:
    return next(each for each in counted.rules if each.rule_id == rule_id)


def test_every_time_that_a_rule_fired_has_one_outcome(counted):
    record = of(counted, RULE)
    assert (record.fired, record.corrected, record.explained, record.approved) == (3, 1, 2, 1)
    assert (record.withdrawn, record.open) == (0, 0)
    assert all(each.fired == each.corrected + each.explained + each.withdrawn + each.open for each in counted.rules)


def test_a_value_that_a_rule_let_pass_and_that_was_changed_later_is_counted(counted):
    """T1 changed its intake; V1's was found, so the rule did not let it pass."""
    assert of(counted, RULE).passed_then_corrected == 1
    assert of(counted, "students.formal_covers_full_time").passed_then_corrected == 0
    assert of(counted, "file.damaged").passed_then_corrected is None


def test_what_was_approved_is_a_false_alarm(counted):
    record = of(counted, RULE)
    assert record.false_alarms == 1
    assert not record.is_too_often_wrong


@pytest.mark.parametrize("rule_id", sorted(SHADOWED))
def test_a_rule_in_shadow_is_wrong_where_the_value_counts_all_the_same(counted, rule_id):
    record = of(counted, rule_id)
    assert record.is_on_trial
    assert (record.fired, record.open, record.false_alarms) == (1, 1, 1)
    assert record.is_too_often_wrong
    (fired,) = [each for each in counted.fired if each.rule_id == rule_id]
    assert (fired.respondent_code, fired.outcome) == ("T1", "standing")


def test_nobody_is_told_what_a_rule_in_shadow_finds(story, tmp_path):
    """It is in no table, so in no marked workbook, page or mail; the file is accepted."""
    settings, city = story
    settings = replace(settings, home=tmp_path)
    shutil.copytree(story[0].archive, settings.archive)
    ingest(settings, city, (YEAR,))
    told = select(settings, "select rule_id from registry.finding").get_column("rule_id").to_list()
    assert RULE in told
    assert not SHADOWED & set(told)
    accepted = select(settings, "select count(*) as n from registry.submission where status = 'rejected'")
    assert accepted.item() == 0
    with open_working(settings) as connection:
        written = write_feedback(connection, settings, [YEAR])
    (of_t1,) = (each.path for each in written if each.version.respondent_code == "T1")
    told = texts_of(of_t1) if of_t1 else []
    tried = (*SHADOWED, ROW_RULE["message"].partition("{")[0], CROSS_RULE["message"].partition("{")[0])
    assert not [text for text in told if any(words in text for words in tried)]


def texts_of(path: Path) -> list[str]:
    """What somebody reads in a workbook: cells and comments."""
    cells = [cell for sheet in openpyxl.load_workbook(path) for row in sheet.iter_rows() for cell in row]
    return [str(cell.value) for cell in cells if cell.value] + [cell.comment.text for cell in cells if cell.comment]


def as_bytes(counted: YearOfRules) -> bytes:
    return json.dumps(asdict(counted), ensure_ascii=False, default=str).encode()


def test_another_machine_counts_the_same_bytes(story, counted, tmp_path):
    """The archive, brought over in another order; no database was ever there."""
    settings, city = story
    copied = replace(settings, home=tmp_path)
    receipts = [asdict(each) for each in reversed(archived_receipts(settings.archive))]
    restore(settings.archive, copied.archive, receipts, [])
    shutil.copy(settings.archive / "decisions.jsonl", copied.archive)
    assert as_bytes(year_of_rules(copied, city, YEAR)) == as_bytes(counted)


def test_schools_get_next_years_rules_and_none_in_shadow(story, tmp_path):
    _, city = story
    assert not {"students.few_boarders", "cross.few_students"} & {
        each.id for each in rules_for_schools(city.pack, 2024)
    }
    coming = with_rules(city, tmp_path / "pack", IN_FORCE)
    page, table = write_rules_for_schools(coming, 2024, tmp_path / "out")
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = {row["规则"]: row for row in csv.DictReader(file)}
    assert rows["students.few_boarders"]["与上年相比"] == "新增"
    assert rows["students.few_boarders"]["条件"] == "全日制在校生数 < 9000"
    assert "students.few_boarders" in page.read_text("utf-8")
    assert "学历教育在校生数" in rows["students.formal_covers_full_time"]["条件"]
    assert "students.few_boarders" not in {each.id for each in rules_for_schools(coming.pack, 2023)}


def test_the_command_counts_shows_one_rule_and_publishes(story, monkeypatch, tmp_path):
    settings, _ = story
    monkeypatch.setenv("NIANBAO_HOME", str(settings.home))
    monkeypatch.setenv("NIANBAO_CITY", str(settings.city_dir))
    run = CliRunner()
    one = run.invoke(app, ["rules", "--year", str(YEAR), "--rule", RULE, "--json"])
    assert sorted(each["outcome"] for each in json.loads(one.stdout)) == ["改正", "说明", "说明并认可"]
    assert run.invoke(app, ["rules", "--year", "2024", "--publish", str(tmp_path)]).exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"2024年度审核规则.html", "2024年度审核规则.csv"}
