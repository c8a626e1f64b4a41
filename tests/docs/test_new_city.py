"""The tutorial of a new city, followed line by line: what it says to write is written, what it says to type is typed.

A clerk fills the templates: what a school would type is typed into the cells of the files that `nianbao template` made.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from random import Random

import openpyxl
import pytest

from sources.declarations.city import City, load_city
from sources.declarations.codelist import load_codelists
from sources.submission.file_names import workbook_file_name
from sources.system.settings import PROJECT_ROOT
from sources.write.sheet_values import SheetValues
from tests.any_city.made_up import Values, _acceptable, _school_values

PAGE = PROJECT_ROOT / "docs" / "new_city.zh.md"
BLOCK = re.compile(r"^```(sh|yaml)\n(.*?)^```$|^<!-- (今天|开年|填写|确认) (\S+) -->$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"`([a-z]+\.yml)`")
ACTION_NEEDED = 3
TIMEOUT_SECONDS = 300
MUST_SUCCEED = re.compile(r"nianbao (release \d{4}$|confirm|verify)")
TECHNICIAN = "3634000003"


def blocks() -> Iterator[tuple[str, str, str]]:
    """(kind, content, the words before it) of each thing that the page says to do, in order."""
    text, end = PAGE.read_text("utf-8"), 0
    for found in BLOCK.finditer(text):
        kind, content = (found[1], found[2]) if found[1] else (found[3], found[4])
        yield kind, content, text[end : found.start()]
        end = found.end()


class Clerk:
    """Somebody at a terminal, with no variable of nianbao set."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.today = ""
        self.printed: dict[str, str] = {}

    def type(self, line: str) -> None:
        if line.startswith("cd "):
            self.folder /= line.removeprefix("cd ")
            return
        program = Path(sys.executable).with_name("nianbao")
        environment = {"PATH": os.environ["PATH"], "COLUMNS": "200", "NIANBAO_TODAY": self.today}
        command = [str(program), *shlex.split(line)[1:]]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        assert done.returncode in (0, ACTION_NEEDED), f"{line}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        assert done.returncode == 0 or not MUST_SUCCEED.match(line), f"{line}\n{done.stdout[-3000:]}"
        self.printed[line] = done.stdout

    def write(self, name: str, text: str) -> None:
        with (self.folder / name).open("a", encoding="utf-8") as file:
            file.write(text)

    def confirm(self, name: str) -> None:
        """Writes a name and a reason into each line of a list."""
        book = openpyxl.load_workbook(self.folder / name)
        head, *rows = book.active.iter_rows()
        at = {cell.value: cell.column - 1 for cell in head}
        for row in rows:
            row[at["确认人"]].value = "王科长"
            row[at["理由"]].value = f"已与填报单位核实：{row[at['事项']].value}"
        book.save(self.folder / name)

    def say_what_has_changed(self, year: int) -> None:
        """Fills in the form of a new year as the page says."""
        path = self.folder / "data" / "new_year" / str(year) / f"{year}年度开年事项.xlsx"
        book = openpyxl.load_workbook(path)
        sheet = book["单位变化"]
        at = {cell.value: cell.column for cell in sheet[4]}
        rows = {sheet.cell(row, 1).value: row for row in range(5, sheet.max_row + 1)}
        renamed = rows["3634000002"]
        new = next(row for row in range(5, sheet.max_row + 1) if not sheet.cell(row, 1).value)
        lines = {
            renamed: {"今年的变化": "更名", "新名称": "黄山市健康职业学校", "依据或备注": "市教育局2026年批准"},
            new: {"标识码": "3634000004", "单位名称": "黄山市数字职业学校", "今年的变化": "新设"},
        }
        for row, line in lines.items():
            for heading, text in line.items():
                sheet.cell(row, at[heading]).value = text
        for each in book.worksheets:
            each.cell(2, 2).value = "王科长"
        book.save(path)

    def fill(self, year: int) -> None:
        """Types what each respondent has to say into its template, and saves it in the inbox."""
        load_city.cache_clear()
        city = load_city(self.folder)
        random = Random(year)
        for respondent in city.respondents_in(year):
            is_school = respondent.kind == "school"
            values = _school_values(random, year, 900, "") if is_school else _of_the_bureau(city, year)
            said = openpyxl.load_workbook(BytesIO(_acceptable(city, respondent, year, values)))
            name = workbook_file_name(respondent, year)
            book = openpyxl.load_workbook(self.folder / "data" / "templates" / str(year) / name)
            for sheet in said:
                for cell in (cell for row in book[sheet.title].iter_rows() for cell in row):
                    if not cell.protection.locked and sheet[cell.coordinate].value is None:
                        cell.value = None  # a row of last year's list that is gone
                for row in sheet.iter_rows():
                    for cell in row:
                        if cell.value is not None and book[sheet.title][cell.coordinate].value != cell.value:
                            book[sheet.title][cell.coordinate].value = cell.value
            book.save(self.folder / "data" / "inbox" / name)


def _of_the_bureau(city: City, year: int) -> Values:
    """The roster with the names of the year, and one scope for all chapters."""
    schools = [each for each in city.respondents_in(year) if each.kind == "school"]
    topics = [code.code for code in load_codelists(city.pack)["topics"].codes]
    return {
        "roster": SheetValues(
            records=[
                {
                    "school_code": school.code,
                    "school_name": school.name,
                    "sequence": position,
                    "category": "technician" if school.code == TECHNICIAN else "vocational",
                    "ownership": "public",
                    "affiliation": "municipal",
                }
                for position, school in enumerate(schools, 1)
            ]
        ),
        "scope_choice": SheetValues(records=[{"topic": topic, "scope": "all"} for topic in topics]),
    }


def follow(clerk: Clerk) -> None:
    for kind, content, words in blocks():
        match kind:
            case "今天":
                clerk.today = content
            case "开年":
                clerk.say_what_has_changed(int(content))
            case "填写":
                clerk.fill(int(content))
            case "确认":
                clerk.confirm(content)
            case "yaml":
                clerk.write(FILE.findall(words)[-1], content)
            case "sh":
                for line in content.strip().splitlines():
                    clerk.type(line)


@pytest.mark.deep
def test_the_tutorial_leads_from_nothing_to_the_second_years_release(tmp_path):
    clerk = Clerk(tmp_path)
    follow(clerk)
    releases = clerk.folder / "data" / "releases"
    assert {path.name for path in releases.iterdir() if path.is_dir()} == {"2025.1", "2026.1"}
    assert "黄山市卫生学校" in clerk.printed["nianbao status --year 2025"]
    assert "黄山市健康职业学校" in clerk.printed["nianbao status --year 2026"]
    assert "没有问题" in clerk.printed["nianbao check-city"]
    accepted = clerk.printed["nianbao run --year 2025 --year 2026"]
    assert "2025年度  已接收 4 / 应报 4 个单位" in accepted
    assert "2026年度  已接收 5 / 应报 5 个单位" in accepted
    assert "有不同" not in clerk.printed["nianbao verify 2025.1"]


def test_the_page_says_where_each_block_goes():
    written = [FILE.findall(words)[-1] for kind, _, words in blocks() if kind == "yaml"]
    assert written == ["respondents.yml"]
