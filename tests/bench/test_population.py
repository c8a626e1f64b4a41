"""The generated installations: the same every time, healthy where nothing is planted, and what is planted is found."""

import re
import zipfile
from io import BytesIO

import pytest

from sources.declarations.city import City, load_city
from sources.sample import population as generator
from sources.sample.population import MadeUpVersion, fates_of, population, versions_of, write_configuration
from sources.sample.poured import SENT_AT, pour_bureau, poured, workbook
from sources.system.settings import Settings
from sources.write.template import build_workbook
from tests.conftest import ingest, select, sent_as

YEAR = 2023


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return poured(12, cache=tmp_path_factory.mktemp("cache"), processes=1)


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_size_gives_the_same_files_byte_by_byte(small, tmp_path):
    again = poured(12, cache=tmp_path, processes=1)
    assert contents(again.folder) == contents(small.folder)


def test_what_has_been_poured_is_not_poured_again(small):
    path = min(small.inbox.iterdir())
    path.touch()
    assert poured(12, cache=small.folder.parents[1]) == small
    assert path.stat().st_mtime != SENT_AT


@pytest.mark.parametrize(("schools", "root", "bureaus"), [(12, "city", 1), (300, "province", 10), (1000, "nation", 34)])
def test_a_size_is_a_city_a_province_or_a_nation(tmp_path, schools, root, bureaus):
    everybody = population(schools)
    write_configuration(everybody, [YEAR], tmp_path)
    city = load_city(tmp_path)
    assert city.region_by_code[city.code].level == root
    kinds = [respondent.kind for respondent in city.respondents]
    assert (kinds.count("school"), kinds.count("bureau")) == (schools, bureaus)
    for school in everybody.schools:
        county, within, *above = city.region_paths[city.region_of(school.respondent)]
        assert city.region_by_code[county].level == "county"
        assert within == school.bureau
        assert [within, *above][-1] == city.code


def test_every_school_is_on_the_roster_of_its_bureau_alone():
    everybody = population(100)
    rosters = [
        record["school_code"]
        for bureau in everybody.bureaus
        for version in versions_of(everybody, bureau, [YEAR])[-1:]
        for record in version.values["roster"].records
    ]
    assert sorted(rosters) == sorted(school.respondent.code for school in everybody.schools)


def test_schools_are_distinct_and_their_order_of_size_is_not_that_of_the_sample():
    everybody = population(100)
    sizes = [
        generator.reported(school, YEAR)["students"].records[0]["students_full_time"] for school in everybody.schools
    ]
    assert len(set(sizes)) > 90


HEIGHT = re.compile(r' ht="[0-9.]+" customHeight="1"')


def parts(data: bytes) -> dict[str, str]:
    """A workbook's parts with every text in its cell: the order of the table of texts says nothing.

    Without the heights of rows: they follow the texts, and a stencil has those of the school that it was cut from.
    """
    with zipfile.ZipFile(BytesIO(data)) as book:
        read = {name: HEIGHT.sub("", book.read(name).decode()) for name in book.namelist()}
    texts = re.findall(r"<si>(.*?)</si>", read.pop("xl/sharedStrings.xml"))
    return {
        name: re.sub(r't="s"><v>(\d+)</v>', lambda found: f">{texts[int(found[1])]}", text)
        for name, text in read.items()
    }


def test_a_workbook_from_a_stencil_is_what_the_template_makes(small):
    city = load_city(small.city_dir)
    everybody = population(12)
    first, twin = (school for school in everybody.schools if school.base == everybody.schools[0].base)
    one, other = (_healthy(each) for each in (first, twin))
    workbook(city, one)  # cuts the stencil that the other is made with
    assert parts(workbook(city, other)) == parts(_plain(city, other))


def _healthy(school) -> MadeUpVersion:
    values, last_year = (generator.reported(school, year) for year in (YEAR, YEAR - 1))
    return MadeUpVersion("", school.respondent, YEAR, values, last_year)


def _plain(city: City, version: MadeUpVersion) -> bytes:
    return build_workbook(city, version.respondent, YEAR, version.values, version.last_year)


def test_what_is_planted_is_found_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr(generator, "SHARES", {"error": 0.5, "warning": 0.25, "resubmission": 0.1})
    fates_of.cache_clear()
    schools = 14
    write_configuration(population(schools), [YEAR], tmp_path / "city")
    (tmp_path / "inbox").mkdir()
    versions = pour_bureau(schools, [YEAR], 0, tmp_path)
    fates_of.cache_clear()
    settings = Settings(home=tmp_path, city_dir=tmp_path / "city")
    taken = ingest(settings, load_city(settings.city_dir), (YEAR,))

    planted = [tuple(vars(finding).values()) for _, _, findings in versions for finding in findings]
    assert {rule for _, _, _, rule, _ in planted} == {
        "file.damaged",
        *(rule for faults in generator.FAULTS.values() for rule, *_ in faults),
    }
    names = sent_as(settings)
    found = select(
        settings,
        "select submission_id, sheet, column_name, rule_id, severity from registry.finding where severity <> 'info'",
    )
    told = [(names[submission_id], *rest) for submission_id, *rest in found.rows()]
    assert sorted(told, key=str) == sorted(planted, key=str)
    assert taken.rejected == 7
    superseded = select(settings, "select submission_id from registry.submission where status = 'superseded'")
    assert [(names[id_],) for (id_,) in superseded.rows()] == [
        (name,) for name, is_superseded, _ in versions if is_superseded
    ]
