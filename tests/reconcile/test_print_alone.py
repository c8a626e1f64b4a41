"""Contradictions between printed numbers, without a warehouse: what is called wrong, and what is only told."""

from pathlib import Path

import pytest

from sources.declarations.city import City, load_city
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.reconcile.reconcile import reconcile_file

CITIES = Path(__file__).parents[1] / "cities"
HUAILING = load_city(CITIES / "huailing_city")
THREE_SCHOOLS = load_city(CITIES / "three_schools")


def judged(text: str, folder: Path, city: City = HUAILING, year: int = 2024) -> list[dict]:
    path = folder / "report.txt"
    path.write_text(text, encoding="utf-8")
    frame = reconcile_file(None, city, load_catalogue(city.pack), path, year).frame
    return [row for row in frame.iter_rows(named=True) if row["figure_id"].startswith("T")]


def compared(before: str, now: str, change: str, year: int = 2024) -> str:
    return f"表1 情况\n项目\t{year - 1}年\t{year}年\t增减\n专任教师数（人）\t{before}\t{now}\t{change}\n\n以上。"


@pytest.mark.parametrize(("city", "year"), [(HUAILING, 2024), (THREE_SCHOOLS, 2031)])
def test_of_two_prints_of_one_fact_each_names_the_other(city, year, tmp_path):
    text = "表1 情况\n项目\t数量\n专任教师数（人）\t940\n\n全市专任教师数877人。"
    cell, sentence = judged(text, tmp_path, city, year)
    assert (cell["is_suspected"], sentence["is_suspected"]) == (False, False)
    assert cell["explanation"].endswith("别处印的是 877人（“全市专任教师数877人”），至少要改一处")
    assert "别处印的是 940（“专任教师数（人）｜数量｜940”）" in sentence["explanation"]


def test_each_number_of_a_broken_relation_is_told_first_what_it_may_have_to_be(tmp_path):
    rows = judged(compared("7134", "7033", "-81"), tmp_path)
    first = [row["explanation"].partition("就全部吻合：")[2].partition("；")[0] for row in rows]
    assert first == ["专任教师数 7134 → 7114", "专任教师数 7033 → 7053", "专任教师数的变化 -81 → -101"]
    assert not any(row["is_suspected"] for row in rows)


@pytest.mark.parametrize(("city", "year"), [(HUAILING, 2024), (THREE_SCHOOLS, 2031)])
def test_a_count_below_zero_is_what_is_wrong(city, year, tmp_path):
    """Not the change, of which it is a copy."""
    rows = judged(compared("396", "-13", "-13", year), tmp_path, city, year)
    assert [(row["printed"], row["suggested"]) for row in rows if row["is_suspected"]] == [("-13", "383")]
    assert rows[1]["is_suspected"]
    assert "不能是负数" in rows[1]["explanation"]


def test_a_slip_in_a_short_number_alone_calls_none_of_a_relation_wrong(tmp_path):
    """51 is 59 but for a digit, as every fourth number is; what is wrong is the number of last year."""
    rows = judged(compared("54", "59", "-3"), tmp_path)
    assert [(row["verdict"], row["is_suspected"]) for row in rows] == [("contradicts", False)] * 3


def test_a_slip_in_a_long_number_tells_which_is_wrong(tmp_path):
    rows = judged(compared("7134", "7503", "-81"), tmp_path)
    assert [(row["printed"], row["suggested"]) for row in rows if row["is_suspected"]] == [("7503", "7053")]


@pytest.mark.parametrize(("one", "other"), [("378", "38"), ("1208", "1280"), ("7053", "7033")])
def test_that_two_prints_are_near_to_each_other_tells_of_neither_that_it_is_wrong(one, other, tmp_path):
    text = f"表1 情况\n项目\t数量\n专任教师数（人）\t{one}\n\n全市专任教师数{other}人。"
    assert not any(row["is_suspected"] for row in judged(text, tmp_path))
