"""The summary workbook: tables as printed, numbers as numbers, and each with its source; the same bytes every time."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest

from sources.declarations.origin import ORIGIN_NOTE
from tests.conftest import BUREAU
from tests.release.conftest import RELEASED_ON, VERSION, YEAR
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.catalogue.report_table import ReportTable
from warehouse.figures.printed_table import PrintedTable, TableCell, table_of
from warehouse.figures.regions import KnownRegion
from warehouse.release.documents.summary_workbook import CONTENTS, SOURCES, number_format, write_workbook

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def book(made) -> openpyxl.Workbook:
    return openpyxl.load_workbook(made.path(".xlsx"))


@pytest.fixture(scope="session")
def sources(book) -> list[dict]:
    head, *rows = book[SOURCES].iter_rows(values_only=True)
    *lines, note = [dict(zip(head, row, strict=True)) for row in rows]
    assert note[head[0]] == ORIGIN_NOTE
    return lines


def shown(cell) -> str:
    """What Excel shows for a number in one of our formats."""
    positive, negative, zero = [*cell.number_format.split(";"), None, None][:3]
    form = positive if cell.value > 0 or zero is None else negative if cell.value < 0 else zero
    decimals, suffix = re.match(r'0?(?:\.(0+))?(?:"(.*)")?$', form).groups()
    return suffix if form == zero else f"{abs(cell.value):.{len(decimals or '')}f}{suffix or ''}"


def test_every_table_has_a_sheet_in_print_order_between_contents_and_sources(book):
    assert book.sheetnames == [CONTENTS, *(table.name for table in load_catalogue(PACK).tables.values()), SOURCES]


def test_every_cell_shows_what_is_printed_and_numbers_are_numbers(book, database):
    for table in load_catalogue(PACK).tables.values():
        printed = table_of(database, load_catalogue(PACK), table.code, YEAR)
        sheet = book[table.name]
        assert sheet["A1"].value == printed.title
        first = int(sheet.freeze_panes[1:])
        for row, texts in enumerate(printed.texts, first):
            for column, text in enumerate(texts, 1):
                cell = sheet.cell(row, column)
                if isinstance(cell, openpyxl.cell.MergedCell) or (row, column) == (first + len(printed.rows) - 1, 1):
                    continue
                is_number = re.fullmatch(r"\d+(\.\d+)?(:1)?[↑↓]?|持平", text)
                assert isinstance(cell.value, int | float) == bool(is_number), (table.name, cell.coordinate)
                assert (shown(cell) if is_number else cell.value or "") == text, (table.name, cell.coordinate)


def test_every_number_of_a_table_has_a_source_that_is_the_database_own_value(book, sources, database):
    values = {
        key: value
        for *parts, value in database.execute(
            "select indicator_code, report_year, subject_code, scope_code, rounded_value from core.fct_indicator_value"
        ).fetchall()
        for key in ["-".join(map(str, [*parts, "value"]))]
    }
    changes = {
        key: value
        for *parts, value in database.execute(
            "select indicator_code, report_year, subject_code, scope_code, change_value from core.fct_indicator_change"
        ).fetchall()
        for key in ["-".join(map(str, [*parts, "change"]))]
    }
    for line in sources:
        cell = book[line["表"]][line["单元格"]]
        assert cell.value == line["印出的数"]
        known = {"数值": values, "比上年变化": changes}.get(line["内容"])
        if known is not None:
            assert Decimal(str(cell.value)) == known[line["溯源编号"]], line
    numbers = [
        cell
        for sheet in book.worksheets[1:-1]
        for row in sheet.iter_rows(min_row=int(sheet.freeze_panes[1:]))
        for cell in row
        if isinstance(cell.value, int | float) and sheet.cell(2, cell.column).value not in ("序号", "年份")
    ]
    assert len(numbers) == len(sources) > 150


def test_sources_say_scope_formula_status_and_how_many_schools(sources):
    line = next(line for line in sources if line["指标"] == "生师比" and line["年度"] == YEAR)
    assert (line["统计口径"], line["状态"], line["应报"], line["已报"]) == ("全市", "不完整", 12, 9)
    assert line["算法"] == "（学历教育在校生数）÷（专任教师数）"
    assert line["溯源编号"] == f"students_per_teacher-{YEAR}-{BUREAU}-all-value"
    compared = {line["指标"] for line in sources if line["内容"] == "比上年变化"}
    assert "全日制在校生人数" in compared
    assert "毕业晋升率" not in compared  # across a break of scope there is no change


def test_heads_and_groups_are_merged_as_in_print(book):
    assert {"G2:I2", "A2:A3", "A16:F16"} <= {str(of) for of in book["表1.2-1"].merged_cells.ranges}
    assert book["表1.2-1"]["G2"].value == "办学规模"
    assert book["表1.2-1"]["A16"].value == "合计"
    assert {"A2:B2", "A3:A5", "A6:A9", "A10:B10"} <= {str(of) for of in book["表1.2-2"].merged_cells.ranges}


def test_arrows_are_in_the_format_and_the_sign_in_the_number(book):
    cell = book["表1.2-2"]["E7"]
    assert (cell.value, shown(cell)) == (-1155, "1155↓")
    assert number_format(Decimal(0), "change") == '0"↑";0"↓";"持平"'
    assert number_format(Decimal("2.34"), "to_one") == '0.00":1"'
    assert number_format(Decimal("36.70"), "plain") == "0.00"


def test_notes_stand_below_the_table(book):
    text = "\n".join(str(cell.value) for cell in book["表2.4"]["A"] if cell.value)
    assert "两年统计口径不同：上年不含技工学校、区直学校，本年不含技工学校，变化情况不能当作增减。" in text


def test_pages_are_set_up_for_printing(book):
    for sheet in book.worksheets:
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        # as many pages as it takes, but a table that fits on one stays on one
        assert sheet.page_setup.fitToHeight == (0 if sheet.title in (CONTENTS, SOURCES) else None)
        page, *note = sheet.oddFooter.center.text.split("\n")
        assert page == "第 &P 页，共 &N 页"
        assert note in ([], [ORIGIN_NOTE])
    assert book["表1.2-1"].page_setup.orientation == "landscape"
    assert book["附表3"].page_setup.orientation != "landscape"
    assert book["附表3"].print_title_rows == "$1:$2"


def test_text_that_looks_like_a_formula_stays_text(made):
    cells = tuple(TableCell(text) for text in ("=1+1", "+1", "-1", "@SUM(A1)"))
    headings = ("=甲", "乙", "丙", "丁")
    declared = ReportTable(code="9", title="", topic="x", layout="years", model="x", columns={})
    grid = PrintedTable(declared, "=2+2", tuple(declared.columns), headings, (headings,), (), (cells,), (), ())
    data = write_workbook(replace(made.figures, region=KnownRegion(BUREAU, "=市")), [grid], RELEASED_ON, VERSION)
    sheet = openpyxl.load_workbook(BytesIO(data))["表9"]
    assert [cell.data_type for row in sheet.iter_rows() for cell in row if cell.value] == ["s"] * 9
    assert sheet["A3"].value == "=1+1"


BUILD = """
import sys
from datetime import date
from pathlib import Path
import duckdb
from sources.declarations.city import load_city
from sources.system.settings import CITIES_ROOT
from warehouse.release.documents.write_documents import write_documents
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.year_figures import load_figures
connection = duckdb.connect(sys.argv[1], read_only=True, config={"threads": int(sys.argv[3])})
released_on = date.fromisoformat(sys.argv[5])
figures = load_figures(connection, load_catalogue(load_city(CITIES_ROOT / "450700").pack), int(sys.argv[4]))
write_documents(figures, Path(sys.argv[2]), released_on, sys.argv[6])
"""


@pytest.mark.deep
def test_another_process_time_zone_locale_and_thread_count_give_the_same_bytes(made, city_run, tmp_path):
    environment = os.environ | {"TZ": "Pacific/Kiritimati", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "7"}
    subprocess.run(
        [sys.executable, "-c", BUILD, city_run.published_database, tmp_path, "3", str(YEAR), str(RELEASED_ON), VERSION],
        cwd=ROOT,
        env=environment,
        check=True,
    )
    for path in made.documents.paths:
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.suffix
