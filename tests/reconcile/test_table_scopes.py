"""A table that states no scope is of the one in which its numbers, taken together, are right."""

from pathlib import Path

import pytest

from sources.declarations.city import City, load_city
from sources.system.settings import CITIES_ROOT
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.fact import Reference
from warehouse.reconcile.judging.table_scopes import scopes_of_tables
from warehouse.reconcile.judging.witnesses import recompute
from warehouse.reconcile.reading.names import UnderstoodFigure, load_names, meaning
from warehouse.reconcile.reading.printed_figure import PrintedFigure
from warehouse.reconcile.reading.read_report import read_report
from warehouse.reconcile.reconcile import reconcile_file

HUAILING = load_city(Path(__file__).parents[1] / "cities" / "huailing_city")
QINZHOU = load_city(CITIES_ROOT / "450700")
OF_ALL = {"graduates": 3000, "teachers_full_time": 940, "students_full_time": 15000}
WITHOUT = {"graduates": 2700, "teachers_full_time": 880, "students_full_time": 13500}
LABELS = ("毕业生数（人）", "专任教师数（人）", "全日制在校生人数（人）")


def table(
    numbers: tuple[int, ...], title: str = "表1 情况", heading: str = "2024年", labels: tuple[str, ...] = LABELS
) -> str:
    rows = "\n".join(f"{label}\t{number}" for label, number in zip(labels, numbers, strict=True))
    return f"{title}\n项目\t{heading}\n{rows}\n\n以上。"


def is_right(figure: PrintedFigure, fact: Reference) -> bool:
    known = {"every_school": OF_ALL, "no_technician": WITHOUT}.get(fact.scope, {})
    return known.get(fact.indicator) == figure.value


def scopes(text: str, folder: Path, city: City = HUAILING) -> dict[int, str]:
    path = folder / "report.txt"
    path.write_text(text, encoding="utf-8")
    names = load_names(load_catalogue(city.pack))
    read = []
    for position, figure in enumerate(read_report(path, city, 2024, names).figures):
        found = meaning(figure, names, city)
        read.append(UnderstoodFigure(position, figure, found, found.fact))
    return dict(scopes_of_tables(read, [scope.code for scope in city.scopes], is_right))


@pytest.mark.parametrize(
    ("numbers", "found"),
    [
        ((2700, 880, 13500), ["no_technician"]),
        ((2700, 880, 13599), ["no_technician"]),  # one of them is wrong in any scope
        ((2700, 880, 15000), ["no_technician"]),  # and may be of another scope itself
        ((3000, 940, 15000), []),
        ((3000, 940, 13500), []),
        ((2799, 888, 13500), []),  # one number tells nothing of the table
    ],
)
def test_a_table_is_of_the_scope_in_which_most_of_its_numbers_are_right(numbers, found, tmp_path):
    assert [*scopes(table(numbers), tmp_path).values()] == found


@pytest.mark.parametrize(
    ("title", "heading"), [("表1 情况（不含技工学校）", "2024年"), ("表1 情况", "2024年（不含技工学校）")]
)
def test_a_table_that_names_its_scope_is_of_that_one(title, heading, tmp_path):
    assert scopes(table((3000, 940, 15000), title, heading), tmp_path) == {}


def test_what_is_wrong_in_such_a_table_is_judged_in_its_scope(published, tmp_path):
    """In another city, by what its schools sent."""
    catalogue, city = load_catalogue(QINZHOU.pack), QINZHOU.in_year(2023)
    known = recompute(published, city, catalogue, {2023})
    codes = ("teachers_full_time", "students_full_time", "intake_full_time")
    values = (int(known.values[Reference(code, 2023, city.code, "without_technician")]) for code in codes)
    teachers, students, intake = values
    labels = tuple(f"{catalogue.indicators[code].label}（人）" for code in codes)
    path = tmp_path / "report.txt"
    path.write_text(table((teachers, students, intake * 10), heading="2023年", labels=labels), encoding="utf-8")
    rows = reconcile_file(published, QINZHOU, catalogue, path, 2023).frame.rows(named=True)
    told = [(row["scope_code"], row["verdict"], row["suggested"]) for row in rows if row["indicator_code"]]
    assert told == [
        ("without_technician", "consistent", None),
        ("without_technician", "consistent", None),
        ("without_technician", "differs", f"{intake}"),
    ]
    (remark,) = {row["explanation"].partition("，")[0] for row in rows if row["printed"] == f"{teachers}"}
    assert remark == "只在“不含技工学校”口径下成立"
