"""填报进度: what its formulas say, computed by LibreOffice, is what `nianbao check` finds; and nothing reads it."""

import random
import re
import shutil
import subprocess
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from sources.check_workbook import check_workbook
from sources.checked import WorkbookFile
from sources.declarations.city import Respondent
from sources.declarations.contract import contract_named, contracts_for
from sources.declarations.headings import PROGRESS_SHEET
from sources.read.read_workbook import read_workbook
from sources.sample.pour import load_samples
from sources.system.settings import Limits
from sources.write.progress_sheet import (
    DOUBTFUL,
    EMPTY,
    FAILS,
    FINISHED,
    FUNCTIONS,
    HOLDS,
    NOT_NEEDED,
    RULE_ID,
    UNKNOWN,
)
from sources.write.sheet_values import SheetValues
from sources.write.template import build_workbook
from tests.conftest import BUREAU, NURSING_SCHOOL
from tests.hostile.books import CITY, CITY_DIR
from tests.support.sample import PACK

OFFICE = shutil.which("soffice")
CALL = re.compile(r"([A-Z][A-Z0-9.]*)\(")
TEXT = re.compile(r'"(?:[^"]|"")*"')
NOT_SAID = {"cross.award_events_within_entries"}
"""Rules that the shared functions cannot say: it counts the different events of each level."""
Line = tuple[Any, ...]


def formulas(data: bytes) -> list[str]:
    sheet = openpyxl.load_workbook(BytesIO(data))[PROGRESS_SHEET]
    texts = (getattr(cell.value, "text", cell.value) for row in sheet.iter_rows() for cell in row)
    return [text for text in texts if isinstance(text, str) and text.startswith("=")]


def last_year(code: str) -> Mapping[str, SheetValues]:
    return load_samples(CITY_DIR, 2022)[code]


@pytest.mark.parametrize("code", [NURSING_SCHOOL, BUREAU])
def test_formulas_are_few_short_and_of_functions_that_all_programs_share(code):
    data = build_workbook(CITY, CITY.respondent_by_code[code], 2023, last_year=last_year(code))
    found = formulas(data)
    assert {name for text in found for name in CALL.findall(TEXT.sub('""', text))} <= FUNCTIONS
    assert len(found) < 1_500
    assert max(map(len, found)) < 8_000  # Excel takes 8,192
    assert max(len(text) for each in found for text in TEXT.findall(each)) <= 257  # 255 letters and the quotes


def test_no_result_is_stored_that_nobody_has_computed():
    """A program that trusts what is stored would show it."""
    data = build_workbook(CITY, CITY.respondent_by_code[NURSING_SCHOOL], 2023)
    sheet = openpyxl.load_workbook(BytesIO(data), data_only=True)[PROGRESS_SHEET]
    assert {cell.value for row in sheet.iter_rows(min_row=6, min_col=3, max_col=6) for cell in row if cell.row > 6} <= {
        None,
        *("应当", "左边", "右边", "相差", "结果", "已填", "必填未填", "选填未填"),
    }


def test_the_rules_that_formulas_cannot_say_are_named():
    school = CITY.respondent_by_code[NURSING_SCHOOL]
    sheet = openpyxl.load_workbook(BytesIO(build_workbook(CITY, school, 2023, last_year=last_year(school.code))))[
        PROGRESS_SHEET
    ]
    asked = {
        f"{contract.name}.{rule.id}"
        for contract in contracts_for(PACK, "school", 2023)
        for rule in contract.rules_in(2023)
    }
    said = {cell.value for (cell,) in sheet.iter_rows(min_col=RULE_ID + 1, max_col=RULE_ID + 1) if cell.value}
    assert asked <= said
    assert not NOT_SAID & said
    texts = [cell.value for row in sheet.iter_rows(min_col=1, max_col=2) for cell in row]
    below = texts[next(n for n, text in enumerate(texts) if str(text).startswith("下列规则在本表中核对不了")) :]
    assert "获奖的赛项 … 个多于参赛的赛项 … 个。" in below


def changed(respondent: Respondent, rng: random.Random) -> dict[str, SheetValues]:
    """The sample's values with a quarter of the numbers changed: doubled, halved, a digit more, zero, or left out."""
    values = {}
    for name, sheet in load_samples(CITY_DIR, 2023)[respondent.code].items():
        contract = contract_named(PACK, name)
        records = []
        for record in sheet.records:
            row = dict(record)
            for column in contract.columns:
                value = row.get(column.name)
                if column.is_number and not column.prefilled and value is not None and rng.random() < 0.25:
                    row[column.name] = rng.choice([value * 2, value // 2, value * 10, 0, None])
            records.append(row)
        values[name] = SheetValues(sheet.status, records)
    return values


def half_filled(respondent: Respondent, rng: random.Random) -> dict[str, SheetValues]:
    return {name: sheet for name, sheet in changed(respondent, rng).items() if rng.random() < 0.5}


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[bytes, str, list[Line]]]:
    """Workbooks by what they are: (as written, respondent, the lines of 填报进度 as LibreOffice computes them)."""
    folder = tmp_path_factory.mktemp("progress")
    school, bureau = CITY.respondent_by_code[NURSING_SCHOOL], CITY.respondent_by_code[BUREAU]
    contents: dict[str, tuple[Respondent, Mapping[str, SheetValues] | None]] = {
        "blank": (school, None),
        "full": (school, load_samples(CITY_DIR, 2023)[NURSING_SCHOOL]),
        "bureau": (bureau, load_samples(CITY_DIR, 2023)[BUREAU]),
        "odd": (school, {"conditions": SheetValues(records=[{"campus_area": 60, "floor_area": "约五万", "seats": 0}])}),
        "half": (school, half_filled(school, random.Random(1))),
    } | {f"changed {seed}": (school, changed(school, random.Random(seed))) for seed in range(6)}
    written = {}
    for name, (respondent, values) in contents.items():
        data = build_workbook(CITY, respondent, 2023, values, last_year(respondent.code))
        (folder / f"{name}.xlsx").write_bytes(data)
        written[name] = data, respondent.code
    profile = f"-env:UserInstallation=file://{folder}/profile"
    convert = [str(OFFICE), profile, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML"]
    files = [folder / f"{name}.xlsx" for name in contents]
    subprocess.run([*convert, "--outdir", folder / "out", *files], check=True, capture_output=True)
    return {name: (*written[name], lines_of(folder / "out" / f"{name}.xlsx")) for name in contents}


def lines_of(path: Path) -> list[Line]:
    sheet = openpyxl.load_workbook(path, data_only=True, read_only=True)[PROGRESS_SHEET]
    return [line for line in sheet.iter_rows(values_only=True, max_col=RULE_ID + 1) if any(line)]


def section(lines: list[Line], title: str) -> list[Line]:
    start = next(number for number, line in enumerate(lines) if str(line[0]).endswith(title))
    end = next((n for n in range(start + 2, len(lines)) if lines[n][1] is None), len(lines))
    return lines[start + 2 : end]


needs_office = pytest.mark.skipif(OFFICE is None, reason="no LibreOffice on this machine (Debian package)")


@pytest.mark.deep
@needs_office
def test_each_rule_fails_in_the_sheet_where_check_finds_it_and_nowhere_else(computed):
    failing = 0
    for name, (data, code, lines) in computed.items():
        before = build_workbook(CITY, CITY.respondent_by_code[code], 2022, last_year(code))
        last = WorkbookFile(before, "2022.xlsx")
        checked = check_workbook(data, f"{name}.xlsx", CITY, Limits(), last)
        found = {finding.rule_id for finding in checked.findings}
        shown = {line[RULE_ID]: line for line in lines if line[RULE_ID]}
        told = {rule for rule, line in shown.items() if line[5] in (FAILS, DOUBTFUL)}
        of_last_year = {rule for rule in shown if rule.startswith("history.")}
        assert told - of_last_year == (found & shown.keys()) - of_last_year, name
        if checked.is_acceptable:
            assert told == found & shown.keys(), name
        messages = {finding.rule_id: finding.message for finding in checked.findings}
        for rule in told & found:
            assert shown[rule][6], rule
            is_of_one_cell = shown[rule][9] in (None, 0)
            if is_of_one_cell and not any(other in messages[rule] for other in ("None", ".")):
                assert shown[rule][6].startswith(messages[rule]), rule
        failing += len(told)
        assert {line[5] for line in shown.values()} <= {FAILS, DOUBTFUL, HOLDS, UNKNOWN}
    assert failing > 30


@needs_office
def test_it_counts_what_is_empty_and_what_is_not(computed):
    blank = {line[0]: line for line in section(computed["blank"][2], "各表填了多少")}
    full = {line[0]: line for line in section(computed["full"][2], "各表填了多少")}
    assert blank["学生情况"][2:6] == (0, 2, 3, EMPTY)
    assert full["学生情况"][2:6] == (3, 0, 2, FINISHED)
    assert full["专业目录"][1:4] == ("已填 7 行", 7, 0)
    assert full["社会服务"][5] == NOT_NEEDED
    assert computed["full"][2][2][0] == "还有 0 张表没有填完，必填的空 0 格；不符合的规则 0 条，请核对的 1 条。"
    half = computed["half"]
    sample = {cell.sheet for cell in read_workbook(half[0], "id", "f", CITY).cells if cell.raw_text}
    for line in section(half[2], "各表填了多少")[1:]:
        is_filled = any(contract_named(PACK, name).title == line[0] for name in sample if name != "cover")
        assert (line[5] in (EMPTY, NOT_NEEDED)) or is_filled, line


@needs_office
def test_it_tells_of_texts_and_of_numbers_that_are_not_usual(computed):
    odd = {line[0]: line[6] for line in section(computed["odd"][2], "各表填了多少")}
    assert odd["办学条件"] == "1 格不是数字。1 格超出通常范围，请核对。"
    assert odd["毕业去向"] is None


@needs_office
def test_this_year_stands_beside_last_year_with_the_change(computed):
    full = {(line[0], line[1]): line[2:6] for line in section(computed["full"][2], "本年与上年")}
    assert full["学生情况", "全日制在校生数（人）"] == (2676, 2591, -85, -3.2)
    bureau = {(line[0], line[1]): line[2:6] for line in section(computed["bureau"][2], "本年与上年")}
    assert bureau["学校名册", "行数"] == (11, 12, 1, 9.1)
    blank = {(line[0], line[1]): line for line in section(computed["blank"][2], "本年与上年")}
    assert blank["学生情况", "全日制在校生数（人）"][2:7] == (2676, None, None, None, "本年还没有填")


def test_without_last_year_nothing_is_compared():
    data = build_workbook(CITY, CITY.respondent_by_code[NURSING_SCHOOL], 2023)
    texts = {cell.value for row in openpyxl.load_workbook(BytesIO(data))[PROGRESS_SHEET].iter_rows() for cell in row}
    assert not any(str(text).endswith(("本年与上年", "与上年相比的规则")) for text in texts)


@pytest.mark.parametrize("what", ["as it is", "deleted", "scribbled on", "full of errors"])
def test_nothing_reads_the_sheet_whatever_became_of_it(what):
    values = load_samples(CITY_DIR, 2023)[NURSING_SCHOOL]
    book = openpyxl.load_workbook(BytesIO(build_workbook(CITY, CITY.respondent_by_code[NURSING_SCHOOL], 2023, values)))
    sheet = book[PROGRESS_SHEET]
    if what == "deleted":
        del book[PROGRESS_SHEET]
    elif what == "scribbled on":
        for row in range(5, 60):
            sheet.cell(row, 2).value = f"找过了 {row}"
            sheet.cell(row, 40).value = 13800138000
    elif what == "full of errors":
        for row in range(5, 60):
            sheet.cell(row, 3).value = "#REF!"
    book.save(data := BytesIO())
    reading = read_workbook(data.getvalue(), "id", "f", CITY)
    assert reading.findings == ()
    assert not any(title == PROGRESS_SHEET for title, _ in reading.fates)
