"""The lists of a school that has merged or was split go on in the template of whoever took them over."""

from collections import defaultdict

from sources.declarations.changes import Merge, Split
from sources.declarations.city import City, load_city
from sources.system.settings import CITIES_ROOT, Settings
from sources.write.sheet_values import SheetValues
from warehouse.intake.last_year import last_year_values, take_over

GONE, GOES_ON, NEW = "3645900003", "3645900001", "3645900004"


def majors_after(change: Merge | Split, report_year: int = 2024) -> dict[str, list[str]]:
    sample = load_city(CITIES_ROOT / "450700")
    city = City.model_construct(**{**dict(sample), "changes": (change,)})
    found: defaultdict[str, dict[str, SheetValues]] = defaultdict(dict)
    for school, names in {GONE: ("护理", "药剂"), GOES_ON: ("护理", "会计")}.items():
        records = [{"major_code": name, "direction": None, "major_intake": 40} for name in names]
        found[school] = {"majors": SheetValues(records=records), "students": SheetValues(records=[{"students": 900}])}
    take_over(found, city, report_year)
    assert len(found[GOES_ON]["students"].records) == 1  # numbers are nobody else's
    return {
        school: [str(record["major_code"]) for record in sheets["majors"].records]
        for school, sheets in found.items()
        if "majors" in sheets
    }


def test_a_merged_schools_list_goes_on_each_record_once() -> None:
    merge = Merge(kind="merge", code=GONE, into=GOES_ON, since=2024)
    assert majors_after(merge)[GOES_ON] == ["护理", "会计", "药剂"]
    assert majors_after(merge, report_year=2025)[GOES_ON] == ["护理", "会计"]


def test_a_split_schools_list_goes_on_in_every_part() -> None:
    split = Split(kind="split", code=GONE, into=(NEW,), since=2024)
    assert majors_after(split)[NEW] == ["护理", "药剂"]


def test_what_is_asked_of_one_is_what_it_has_among_all(city_run: Settings, city: City) -> None:
    merge = Merge(kind="merge", code=GONE, into=GOES_ON, since=2024)
    merged = City.model_construct(**{**dict(city), "changes": (merge,)})
    for of_year, report_year in ((city, 2023), (merged, 2024)):
        everybody = last_year_values(city_run, of_year, report_year)
        for code in (GOES_ON, NEW):
            assert last_year_values(city_run, of_year, report_year, [code])[code] == everybody[code]
