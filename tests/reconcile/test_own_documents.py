"""What the city's own documents print besides figures is told by its kind."""

from pathlib import Path

import pytest

from sources.declarations.city import load_city
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.reconcile.reading.names import load_names
from warehouse.reconcile.reading.numerals import numerals_in
from warehouse.reconcile.reading.read_report import ReportReading, read_report

HUAILING = load_city(Path(__file__).parents[1] / "cities" / "huailing_city")


def read(text: str, folder: Path) -> ReportReading:
    path = folder / "report.txt"
    path.write_text(text, encoding="utf-8")
    return read_report(path, HUAILING, 2024, load_names(load_catalogue(HUAILING.pack)))


def bound(reading: ReportReading) -> list[tuple[str, int, str]]:
    return [(each.codes.indicator, each.codes.year, each.printed) for each in reading.figures if each.codes]


@pytest.mark.parametrize("said", ["11/12所学校", "0/4所学校"])
def test_how_many_schools_have_sent_is_no_figure_that_nobody_understood(said: str) -> None:
    (found,) = [numeral for _, numeral in numerals_in(f"注：数据完整度：{said}", "")]
    assert (found.printed, found.told) == (said.removesuffix("所学校"), "已报送与应报送的学校数")


def test_a_fraction_of_anything_else_stays_not_understood() -> None:
    assert all(numeral.told == "" for _, numeral in numerals_in("完成3/7批设备", ""))


def test_running_numbers_of_a_table_that_has_no_values_yet_are_told_as_such(tmp_path: Path) -> None:
    rows = ("序号\t指标\t单位\t2024年", "1\t专任教师数\t人\t…", "2\t专业数\t个\t…", "10\t毕业生数\t人\t…")
    numerals = [each for _, each in read("\n".join(("表1 情况", *rows, "", "以上。")), tmp_path).numerals]
    assert [(each.printed, each.told) for each in numerals if each.printed.isdigit()] == [
        (printed, "序号、编号或年份") for printed in ("1", "2", "10")
    ]


def test_values_that_begin_further_down_have_their_heading_and_the_rows_above_are_no_head(tmp_path: Path) -> None:
    rows = ("序号\t指标\t2023年\t2024年", "1\t专业数\t…\t…", "2\t毕业生数（人）\t2900\t3000")
    reading = read("\n".join(("表1 情况", *rows, "", "以上。")), tmp_path)
    assert bound(reading) == [("graduates", 2023, "2900"), ("graduates", 2024, "3000")]
    assert [each.told for _, each in reading.numerals if each.printed == "1"] == ["序号、编号或年份"]
