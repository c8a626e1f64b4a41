"""Every command that README and pages show runs in a second city: by names and codes, not by the sample's only."""

import os
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli.main import app
from sources.system.settings import PROJECT_ROOT, Settings
from sources.write.sheet_values import SheetValues
from tests.any_city.test_notes import CODE, SCHOOLS, bureau, write_city
from tests.conftest import run_all
from tests.support.confirmed import confirm_and_release
from tests.support.explained import explain
from tests.support.small_books import pour
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.release.draft import write_draft
from warehouse.run.publish import publish
from warehouse.store.connection import open_published

PAGES = [PROJECT_ROOT / "README.md", *sorted((PROJECT_ROOT / "docs").glob("*.md"))]
COMMAND = re.compile(r"`nianbao ([a-z-]+ [^`…]+)`")
"""With an argument: a command's bare name is a mention."""
YEARS = (2022, 2023)
OF_THE_SAMPLE = {"450700": CODE, "钦州市": "春江市", "卫生学校": "第一职业学校", "吉利": "春江机电"}
"""What a page names of the sample city → the same of the other one."""
ELSEWHERE = {
    "bench": "measures for a minute: tests/bench/test_quick.py",
    "run": "the flow: tests/end_to_end",
    "sample": "writes the sample city's own workbooks",
    "web": "a server: tests/browser",
    "desk": "a server: tests/browser",
    "new-city": "makes another city: tests of the tutorial",
    "new-year": "opens a year: tests/orchestration/test_new_year.py",
    "receive": "a region above takes in another's bundle: tests/end_to_end",
    "mail-out": "of a batch that waits: tests/alerts/test_letters.py",
    "mails": "of a mailbox: tests/mail",
    "digest": "of a mailbox: tests/mail/test_digest.py",
    "confirm": "of items that are open: tests/release/test_gate.py",
    "quarantine": "of files that stop a run: tests/hostile",
    "new-key": "of the bureau's key: tests/release/test_evidence.py",
    "sign": "of the bureau's key: tests/release/test_evidence.py",
    "change-key": "of the bureau's key: tests/release/test_evidence.py",
    "backup": "names another disk: tests/keep",
    "restore": "fills an empty installation: tests/keep",
}
DONE, SOMEBODY_HAS_TO_ACT = 0, 3


def shown() -> list[str]:
    found = dict.fromkeys(each for page in PAGES for each in COMMAND.findall(page.read_text("utf-8")))
    return [each for each in found if each.split()[0] not in ELSEWHERE]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The second city with both years, an explanation, a release, a draft."""
    folder = tmp_path_factory.mktemp("second")
    city = write_city(folder / "city", YEARS)
    settings = Settings(home=folder / "home", city_dir=folder / "city")
    enterprise = SheetValues(records=({"enterprise_name": "春江机电有限公司", "shared_bases": 1},))
    schools = {code: sheets | {"partners": enterprise} for code, sheets in SCHOOLS.items()}
    pour(settings, city, {year: {CODE: bureau(year)} | schools for year in YEARS})
    run_all(settings, city, YEARS)
    explain(settings, "column_name = 'students_full_time' and record = 0")
    publish(settings)
    confirm_and_release(settings, city, 2023)
    with open_published(settings) as connection:
        write_draft(connection, settings, city, load_catalogue(city.pack), 2023)
    return settings


def counted(settings: Settings) -> str:
    """The id of a version that counts."""
    with open_published(settings) as connection:
        (id_,) = connection.execute("select min(submission_id) from registry.submission where is_current").fetchone()
    return id_


def filled_in(command: str, settings: Settings) -> list[str]:
    """The words of a command with what stands for a file or a number replaced by one of the city's."""
    book = str(min(settings.inbox.glob("2023*V1*")))
    report = str(next((settings.home / "releases" / "2023.1").glob("*.docx")))
    draft = str(next((settings.home / "documents" / "2023").glob("*）.docx")))
    stand_ins = dict.fromkeys(("FILE.docx", "OLD.docx", "NEW.docx", "旧.docx", "新.docx"), draft)
    stand_ins |= {"FILE": report if "reconcile" in command else book, "文件.xlsx": book, "清单.csv": report}
    stand_ins["--region 代码"] = f"--region {CODE}"
    stand_ins["as-of 2024-03-15"] = "as-of 2099-01-01"
    stand_ins["--version 编号"] = f"--version {counted(settings)}"
    for word, own in (OF_THE_SAMPLE | stand_ins | {"<编号>": "E1"}).items():
        command = command.replace(word, own)
    return shlex.split(command)


@pytest.mark.deep
@pytest.mark.parametrize("command", shown())
def test_it_runs_in_another_city(command: str, installation: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"NIANBAO_HOME": str(installation.home), "NIANBAO_CITY": str(installation.city_dir)}
    for name, value in own.items():
        monkeypatch.setitem(os.environ, name, value)
    monkeypatch.chdir(Path(installation.home))
    done = CliRunner().invoke(app, filled_in(command, installation))
    assert done.exit_code in (DONE, SOMEBODY_HAS_TO_ACT), (done.output, done.exception)


def test_there_are_examples_of_everything_that_takes_a_name() -> None:
    assert {"trace", "table", "findings", "extract"} <= {each.split()[0] for each in shown()}
    assert not [each for each in shown() if re.search(r"\bF\d{3}\b", each)]
