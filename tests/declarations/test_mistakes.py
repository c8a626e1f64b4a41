"""The table of mistakes: each is told in its file, in Chinese, in one line or two, and none ends in a traceback.

Good folders, also unusual ones, are told nothing.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sources.write.new_city import NewCity, write_folder
from tests.conftest import deep, long
from tests.declarations.mistakes import DOUBTS, MISTAKES, PAGE, Mistake, good_folder, page, shown, told
from warehouse.catalogue.city_references import city_doubts, city_problems

ALL = [mistake for mistakes in MISTAKES.values() for mistake in mistakes]
ENOUGH = 60
NIANBAO = Path(sys.executable).with_name("nianbao")
FOREIGN = re.compile(r"Traceback|Error|None|Input|should|expected|[a-z]{3,} [a-z]{3,} [a-z]{3,}")
"""Words that a library says, not we."""


def test_the_page_is_up_to_date():
    assert PAGE.read_text("utf-8") == page(), "run: python -m tests.declarations.mistakes"


def test_there_are_enough_of_them():
    assert len({(mistake.what, mistake.file) for mistake in ALL}) == len(ALL) >= ENOUGH


@pytest.mark.parametrize("mistake", ALL, ids=lambda each: f"{each.file}-{each.what}")
def test_a_mistake_is_told_in_its_file_in_chinese(tmp_path, mistake):
    folder = good_folder(tmp_path / "city")
    lines = [shown(problem, folder) for problem in told(mistake, folder)]
    assert len(lines) == 1, lines
    assert lines[0].startswith(mistake.file)
    assert not FOREIGN.search(lines[0])
    assert re.search("[一-鿿]{2}", lines[0].removeprefix(mistake.file))


def run(folder: Path, home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "NIANBAO_CITY": str(folder), "NIANBAO_HOME": str(home)}
    return subprocess.run(
        [str(NIANBAO), *command], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def some(mistakes: list[Mistake]) -> list[pytest.ParameterSet]:
    """Every twelfth in `make test`, a fourth of the others in `make test-deep`, all where that may be long."""
    usual, others = mistakes[::12], [each for n, each in enumerate(mistakes) if n % 12]
    return [*map(pytest.param, usual), *deep(*others[::4]), *long(*(each for n, each in enumerate(others) if n % 4))]


@pytest.mark.parametrize("doubt", DOUBTS, ids=lambda each: each.what)
def test_a_doubt_is_told_in_its_file_and_stops_nothing(tmp_path, doubt):
    folder = good_folder(tmp_path / "city")
    assert city_doubts(folder) == ()
    doubt.made(folder)
    assert city_problems(folder) == ()
    (line,) = [shown(problem, folder) for problem in city_doubts(folder)]
    assert line.startswith(doubt.file)
    assert not FOREIGN.search(line)


def test_check_city_asks_to_look_at_a_doubt_and_a_command_goes_on(tmp_path):
    folder, home = good_folder(tmp_path / "city"), tmp_path / "home"
    DOUBTS[-1].made(folder)
    asked = run(folder, home, "check-city", str(folder))
    assert (asked.returncode, "年份写对了吗" in asked.stdout) == (3, True)
    assert run(folder, home, "template", "--year", "2030").returncode == 0


@pytest.mark.parametrize("mistake", some(ALL), ids=lambda each: f"{each.file}-{each.what}")
def test_a_command_stops_on_a_mistake_without_a_traceback_and_writes_nothing(tmp_path, mistake):
    folder, home = good_folder(tmp_path / "city"), tmp_path / "home"
    mistake.made(folder)
    for command in (["check-city", str(folder)], ["template", "--year", "2030"]):
        done = run(folder, home, *command)
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        assert mistake.file in done.stdout + done.stderr
    assert not home.exists()


# --- Good ones -------------------------------------------------------------------------------------------------------


def made(code: str, name: str, level: str, respondents: str, regions: str = "") -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        folder.mkdir()
        write_folder(NewCity(code, name, level, 2025), folder)  # type: ignore[arg-type]
        for file, more in (("respondents.yml", respondents), ("regions.yml", regions)):
            if more:
                (folder / file).write_text((folder / file).read_text("utf-8") + more, "utf-8")

    return write


DISTRICTS = """
  - {code: "340100", name: 甲市, level: city, parent: "340000"}
  - {code: "340200", name: 乙市, level: city, parent: "340000"}
  - {code: "340102", name: 城关区, level: county, parent: "340100"}
  - {code: "340202", name: 城关区, level: county, parent: "340200"}
"""
OF_THE_DISTRICTS = """
  - {code: "340100", name: 甲市教育局, kind: bureau, region: "340100"}
  - {code: "340202", name: 乙市城关区教育局, kind: bureau, region: "340202"}
  - {code: "3634000001", name: 甲市职业学校, kind: school, region: "340102"}
  - {code: "3634000002", name: 乙市职业学校（乙市技工学校）, kind: school, region: "340202", since: 2025}
"""
GOOD = {
    "city of another province": made(
        "341000",
        "黄山市",
        "city",
        '  - {code: "3634000001", name: 黄山·屯溪职校, kind: school, note: "2018: 停招"}\n',
    ),
    "district of a city that is a province": made(
        "110108", "海淀区", "county", '  - {code: "3611000001", name: 海淀区职业学校, kind: school}\n'
    ),
    "province": made("340000", "安徽省", "province", OF_THE_DISTRICTS, DISTRICTS),
    "nation": made(
        "100000",
        "全国",
        "nation",
        '  - {code: "3634000001", name: 甲市职业学校, kind: school, region: "340100"}\n',
        '  - {code: "340000", name: 安徽省, level: province, parent: "100000"}\n'
        '  - {code: "340100", name: 甲市, level: city, parent: "340000"}\n',
    ),
    "one school": made("640300", "吴忠市", "city", "  - {code: S1, name: 吴忠市职业学校, kind: school}\n"),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_city_is_told_nothing(tmp_path, name):
    folder = tmp_path / "city"
    GOOD[name](folder)
    assert [shown(each, folder) for each in city_problems(folder)] == []
    assert run(folder, tmp_path / "home", "check-city").returncode == 0


def changed(file: str, change: Callable[[str], str]) -> Callable[[Path], object]:
    return lambda folder: (folder / file).write_bytes(change((folder / file).read_text("utf-8")).encode())


UNUSUAL: dict[str, Callable[[Path], object]] = {
    "every file": lambda folder: None,
    "a mark of the byte order": changed("city.yml", lambda text: "\ufeff" + text),
    "lines of Windows": changed("respondents.yml", lambda text: text.replace("\n", "\r\n")),
    "lines of an old Mac": changed("city.yml", lambda text: text.replace("\n", "\r")),
    "a line of dashes first": changed("city.yml", lambda text: "---\n" + text),
    "blanks at the ends of lines": changed("regions.yml", lambda text: text.replace("\n", "  \n")),
    "dates in quotes": changed("calendar.yml", lambda text: text.replace("2030-09-01", '"2030-09-01"')),
    "years in quotes": changed("calendar.yml", lambda text: text.replace("  2030:", '  "2030":')),
    "words written twice by an alias": changed("city.yml", lambda text: text.replace("小省", "&name 小省")),
    "a backup of an editor": lambda folder: (folder / "city.yml~").write_text("x"),
    "what an office program leaves": lambda folder: (folder / "~$city.yml").write_text("x"),
    "notes of the bureau": lambda folder: (folder / "说明.docx").write_text("x"),
    "a link to a file elsewhere": lambda folder: (
        (folder / "city.yml").rename(folder.parent / "kept.yml"),
        (folder / "city.yml").symlink_to(folder.parent / "kept.yml"),
    ),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_an_unusual_folder_that_is_right_is_told_nothing(tmp_path, name):
    folder = good_folder(tmp_path / "city")
    UNUSUAL[name](folder)
    assert [shown(each, folder) for each in city_problems(folder)] == []
