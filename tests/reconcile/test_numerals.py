"""Every numeral of a document is accounted for: bound to an indicator, of another kind, or told as not understood."""

import re
from pathlib import Path

import docx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sources.declarations.city import load_city
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.reconcile.reading.names import load_names
from warehouse.reconcile.reading.numerals import numerals_in
from warehouse.reconcile.reading.read_report import ReportReading, read_report
from warehouse.reconcile.reconcile import reconcile_file

HUAILING = load_city(Path(__file__).parents[1] / "cities" / "huailing_city")

REPORT = """淮教职成〔2024〕15号
目录
1 概况 ....... 1
2 师资 ....... 12
一、办学条件
（一）学校
1.学校情况。2024年，全市中职学校11所，其中民办3所。
①专任教师９４０人；②毕业生三千人，近六成升学，招生翻了一番。
2024年9月1日，会议通过第17号文件，推进1+X证书试点，联系电话0551-2825012。
各校在校生在120至3300人之间，每校不少于100人，规模全省第6位。
“十四五”期间，全市毕业生30000人；到2030年，专任教师达到1000人。
合肥市专任教师5120人，平均每校88人，产值增加3.5倍，占地1,200亩。
2 师资
表2-1 2024年师资
序号	项目	2023年	2024年	备注
1	专任教师数（人）	920	940	2人外聘
2	毕业生数（人）	2900	3000	第2次统计

第3页 共60页
"""


def read(text: str, folder: Path) -> ReportReading:
    path = folder / "report.txt"
    path.write_text(text, encoding="utf-8")
    return read_report(path, HUAILING, 2024, load_names(load_catalogue(HUAILING.pack)))


def in_order(reading: ReportReading) -> list[str]:
    """Figures and other numerals as they are printed, in the order of the print."""
    figures = [((number, 1), figure.printed) for number, figure in enumerate(reading.figures)]
    others = [((before, 0), numeral.printed) for before, numeral in reading.numerals]
    return [printed for _, printed in sorted(figures + others, key=lambda each: each[0])]


def digits(text: str) -> list[int]:
    return [int(digit) for digit in re.findall(r"\d", text)]


def told(text: str, otherwise: str = "") -> list[tuple[str, str]]:
    return [(numeral.printed, numeral.told) for _, numeral in numerals_in(text, "", otherwise=otherwise)]


def test_every_digit_of_a_report_is_in_one_figure_or_numeral_in_order(tmp_path):
    assert digits("".join(in_order(read(REPORT, tmp_path)))) == digits(REPORT)


def test_every_digit_of_a_word_file_is_told_as_well(tmp_path):
    document = docx.Document()
    for line in ("1.1 概况", "2024年，全市中职学校11所，第3次会议。"):
        document.add_paragraph(line)
    table = document.add_table(2, 3)
    for cell, text in zip(table._cells, ["项目", "2023年", "2024年", "专任教师数（人）", "920", "940"], strict=True):
        cell.text = text
    document.save(str(tmp_path / "report.docx"))
    reading = read_report(tmp_path / "report.docx", HUAILING, 2024, load_names(load_catalogue(HUAILING.pack)))
    assert in_order(reading) == ["1.1", "2024年", "11所", "第3次", "2023年", "2024年", "920", "940"]


PIECES = (
    "全市", "专任教师",
    "12", "，", "。", "；", "2024年", "第3届", "人", "所", "%", "（", "）", "1,664", "3.52",
    "万", "至", "—", "十二",
    "一、", "①", "\n", "\t", " ", "“", "”", "1+X", "９", "合计", "县区", "表1 ", "-", ":", "不低于", "1.2.3",
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PIECES), max_size=25))
def test_no_digit_is_dropped_or_told_twice_whatever_stands_around_it(tmp_path, pieces):
    text = "".join(pieces)
    assert digits("".join(in_order(read(text, tmp_path)))) == digits(text)


@pytest.mark.parametrize(
    ("text", "numerals"),
    [
        ("2024年9月1日召开", [("2024年9月1日", "日期或年份")]),
        ("二〇二四年", [("二〇二四年", "日期或年份")]),
        ("2021—2024年", [("2021—2024年", "日期或年份")]),
        ("“十四五”规划", [("十四五", "日期或年份")]),
        ("淮教〔2024〕15号", [("〔2024〕15号", "文号、编号或代码")]),
        ("电话0551-2825012", [("0551-2825012", "文号、编号或代码")]),
        ("1+X证书", [("1+X", "文号、编号或代码")]),
        ("见表2-1和图3", [("表2-1", "图表或附件的编号"), ("图3", "图表或附件的编号")]),
        ("第3页共60页", [("第3页", "页码"), ("共60页", "页码")]),
        ("概况......12", [("......12", "页码")]),
        ("第十二届、第2名", [("第十二届", "序号或名次"), ("第2名", "序号或名次")]),
        ("①", [("①", "序号或名次")]),
        ("（三）学校", [("（三）", "编号")]),
        ("四、学校", [("四、", "编号")]),
        ("1.2.3学校", [("1.2.3", "编号")]),
        ("百分之九十二", [("百分之九十二", "约数、几分之几或倍数")]),
        ("产值3.5和12", [("3.5", ""), ("12", "")]),
        ("统一一定一般万一十分千方百计", []),
    ],
)
def test_numerals_are_told_by_their_form(text, numerals):
    found = told(text)
    assert [(printed.rstrip("、"), reason) for printed, reason in found] == [
        (printed.rstrip("、"), reason) for printed, reason in numerals
    ]


def test_a_bound_is_listed_and_not_dropped(tmp_path):
    ((_, numeral),) = read("每校专任教师不少于100人。", tmp_path).numerals
    assert (numeral.printed, numeral.told) == ("100", "界限，不是统计出来的数")


def test_two_numbers_with_a_space_between_them_are_two(tmp_path):
    assert in_order(read("学校 11 2920 教师，12 345 学生。", tmp_path)) == ["11", "2920", "12345"]


def test_a_line_that_begins_with_a_number_and_counts_something_is_more_than_a_heading(tmp_path):
    (figure,) = read("1.专任教师940人", tmp_path).figures
    assert figure.codes
    assert figure.codes.indicator == "teachers_full_time"


def test_the_memo_begins_with_three_counts_that_make_up_all_numerals(tmp_path):
    path = tmp_path / "report.txt"
    path.write_text(REPORT, encoding="utf-8")
    result = reconcile_file(None, HUAILING, load_catalogue(HUAILING.pack), path, 2024)
    found = re.search(r"共 (\d+) 个印刷数字：读懂 (\d+) 个，另有所指 (\d+) 个（.*），没有读懂 (\d+) 个", result.memo)
    assert found
    everything, *parts = map(int, found.groups())
    reading = read(REPORT, tmp_path)
    assert everything == sum(parts) == len(reading.figures) + len(reading.numerals)


def test_only_a_bound_number_is_called_right_or_wrong(tmp_path):
    path = tmp_path / "report.txt"
    path.write_text(REPORT, encoding="utf-8")
    frame = reconcile_file(None, HUAILING, load_catalogue(HUAILING.pack), path, 2024).frame
    unbound = [row for row in frame.iter_rows(named=True) if row["indicator_code"] is None]
    assert {row["verdict"] for row in unbound} == {"other_kind", "not_matched"}
    assert frame["position"].to_list() == list(range(1, frame.height + 1))
