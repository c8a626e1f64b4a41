"""Whatever stands in a report, its numbers are read where they stand, and nothing raises."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sources.declarations.city import City, load_city
from sources.system.settings import CITIES_ROOT
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.reconcile.reading.chinese_numbers import spoken_number
from warehouse.reconcile.reading.names import Names, load_names
from warehouse.reconcile.reading.printed_figure import MOST_DIGITS, PrintedFigure
from warehouse.reconcile.reading.prose import figures_of_paragraph
from warehouse.reconcile.reading.read_report import read_report
from warehouse.reconcile.reading.report_file import Paragraph, TextTable
from warehouse.reconcile.reading.table_cells import figures_of_grid
from warehouse.reconcile.reading.wording import State

PIECES = (
    "在校生", "毕业生", "专任教师", "生均经费", "占比", "比上年", "增加", "减少", "达到", "不低于", "其中", "全市",
    "（不含技工学校）", "钦州市技工学校", "北部湾职业技术学校", "2023年", "上年", "第3", "1.2-1", "三分之一", "十二所",
    "约", "近", "余", "多", "以上", "万元", "百分点", ":1", "平方米", "持平",
    *"，。；、（）“”人个所元届%％↑↓-—/．\n\t 　",
)  # fmt: skip
NUMBERS = st.integers(0, 10**9).map(str) | st.decimals(0, 10**6, places=2).map(str) | st.sampled_from(
    ["1,664", "１２３", "0", "007", "1.2.3", "9" * 30, "20.", ".5", "2023"]
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES) | NUMBERS | st.text(max_size=3), max_size=25).map("".join)


@pytest.fixture(scope="module")
def city() -> City:
    return load_city(CITIES_ROOT / "450700")


@pytest.fixture(scope="module")
def names() -> Names:
    return load_names(load_catalogue(PACK))


HALF_WIDTH = {code: code - 0xFEE0 for code in range(ord("０"), ord("９") + 1)} | {0xFF05: "%", 0xFF0E: "."}


def evened(text: str) -> str:
    return re.sub(r"[\s,，]", "", text)


def digits(text: str) -> list[int]:
    return [int(digit) for digit in re.findall(r"\d", text)]


@settings(max_examples=60, deadline=None)
@given(TEXTS)
@example(f"在校生{'9' * 30}人，比上年减少1234567890123456789.5人。")
@example("在校生１２３人，毕业生1,664人")
@example("02023-10")
def test_the_numbers_of_a_sentence_stand_in_it_in_order(city: City, names: Names, text: str):
    printed = list(figures_of_paragraph(Paragraph("1", text), State(city, names, 2023)))
    figures = [each for each in printed if isinstance(each, PrintedFigure)]
    assert digits("".join(each.printed for each in printed)) == digits(text)  # whether figures or other numerals
    rest = evened(text.translate(HALF_WIDTH))
    for figure in figures:
        before, found, rest = rest.partition(evened(figure.printed))
        assert found, (figure.printed, before)
        number = re.search(r"[\d.]+", evened(figure.printed))
        if figure.other and figure.value is None:
            assert figure.codes is None  # a range, 三分之一, 三个方面
        elif number is None:
            assert spoken_number(re.sub("^(约|近|超过)|[^一二两三四五六七八九十百千万亿零〇]+$", "", figure.printed))
        elif figure.value is None:
            assert figure.codes is None
            assert len(number[0].partition(".")[0]) > MOST_DIGITS
        else:
            assert abs(figure.value) == Decimal(number[0])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(TEXTS, max_size=5).map(tuple), max_size=6).map(tuple), TEXTS)
def test_the_numbers_of_a_table_are_cells_of_it(
    city: City, names: Names, rows: tuple[tuple[str, ...], ...], title: str
):
    table = TextTable("表1", title, tuple(row for row in rows if any(row)))
    cells = [cell for row in table.rows for cell in row]
    printed = list(figures_of_grid(table, State(city, names, 2023)))
    assert digits("".join(each.printed for each in printed)) == digits("".join(cells))
    for figure in (each for each in printed if isinstance(each, PrintedFigure)):
        assert figure.printed in cells
        assert figure.value is not None or len(re.sub(r"\D", "", figure.printed)) > MOST_DIGITS


@settings(max_examples=40, deadline=None)
@given(st.lists(TEXTS, max_size=12).map("\n".join))
def test_any_text_is_a_report(tmp_path_factory: pytest.TempPathFactory, city: City, names: Names, text: str):
    path: Path = tmp_path_factory.mktemp("report") / "report.txt"
    path.write_bytes(text.encode("utf-8", "replace"))
    figures = read_report(path, city, 2023, names).figures
    assert [figure.figure_id for figure in figures] == [f"T{n:03}" for n in range(1, len(figures) + 1)]
