"""What came in one look may lie there in any order, and runs may take any years: the end state is the same."""

import os
import shutil
from dataclasses import replace
from itertools import count, product
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sources.declarations.city import City
from sources.sample.pour import load_explanations, load_samples
from sources.system.settings import Settings
from sources.write.template import build_workbook
from tests.conftest import BUREAU, NURSING_SCHOOL, YEARS, cell_of, ingest, select
from tests.crash.installation import CLOCKS, OWN, Content, content

NUMBERS = count()


@pytest.fixture(scope="module")
def versions(city: City, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Files as they may come: of two years, good and bad, corrected, explained, the same again, and no workbook."""
    city_dir, folder = Path("sources/cities/450700").resolve(), tmp_path_factory.mktemp("versions")
    samples = {year: load_samples(city_dir, year) for year in YEARS}
    poured = {}
    for year, code in product(YEARS, (NURSING_SCHOOL, BUREAU)):
        last_year = samples.get(year - 1, {}).get(code)
        data = build_workbook(city, city.respondent_by_code[code], year, samples[year][code], last_year)
        poured[year, code] = folder / f"{year} {code}.xlsx"
        poured[year, code].write_bytes(data)
    files = list(poured.values())
    for name, sheet, label, value in (
        ("corrected", "学生情况", "全日制在校生数", 2598),
        ("spoilt", "学生情况", "全日制在校生数", "25a1"),
        ("last year's number", "毕业去向", "升学人数", 625),
    ):
        book = openpyxl.load_workbook(poured[2023, NURSING_SCHOOL])
        cell_of(book, sheet, label).value = value
        files.append(folder / f"{name}.xlsx")
        book.save(files[-1])
    explanations = load_explanations(city_dir, 2023)[NURSING_SCHOOL]
    values = samples[2023][NURSING_SCHOOL]
    for name, author in (("explained", "甲"), ("explained again", "乙")):
        given = [replace(each, author=author) for each in explanations]
        data = build_workbook(city, city.respondent_by_code[NURSING_SCHOOL], 2023, values, None, given)
        files.append(folder / f"{name}.xlsx")
        files[-1].write_bytes(data)
    files.append(folder / "说明.txt")
    files[-1].write_text("请查收附件", encoding="utf-8")
    return files


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("order")


def end_state(homes: Path, city: City, looks: list[list[Path]], years: list[tuple[int, ...]]) -> Content:
    """What intake leaves after a run for each look, and a last one for both years: what a rebuild gives, too.

    The files of a look are laid down in the order given, each a second younger than the one before.
    """
    installation = Settings(home=homes / str(next(NUMBERS)), city_dir=Path("sources/cities/450700").resolve())
    installation.inbox.mkdir(parents=True)
    clock = count(1_700_000_000)
    for look, of_run in zip(looks, years, strict=True):
        for path in look:
            shutil.copyfile(path, installation.inbox / path.name)
            os.utime(installation.inbox / path.name, (moment := next(clock), moment))
        ingest(installation, city, of_run)
    ingest(installation, city, YEARS)
    assert select(installation, "select count(*) from registry.submission where is_current").item() in (3, 4)
    ours = content(installation.working_database, OWN)
    held = content(installation.working_database, (*CLOCKS, "sequence"))
    installation.working_database.unlink()
    ingest(installation, city, YEARS)
    rebuilt = content(installation.working_database, OWN)
    assert {name for name in rebuilt if rebuilt[name] != ours[name]} == set()
    shutil.rmtree(installation.home)
    return held


@pytest.mark.deep
@settings(max_examples=5, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_came_together_ends_in_the_same_state_in_any_order_over_any_number_of_runs(homes, city, versions, data):
    """Which look a file came in decides (tests/intake/test_succession.py); the order within one and the runs do not."""
    order = data.draw(st.permutations(versions))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(order) - 1), max_size=3)))
    looks = [order[first:last] for first, last in zip([0, *cuts], [*cuts, None], strict=True)]
    others = [data.draw(st.permutations(look)) for look in looks]
    some_years = st.sampled_from([YEARS, (2022,), (2023,)])
    found, other = (
        end_state(homes, city, each, data.draw(st.lists(some_years, min_size=len(looks), max_size=len(looks))))
        for each in (looks, others)
    )
    assert {name for name in found if found[name] != other[name]} == set()
