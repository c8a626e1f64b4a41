"""A city's release is handed up to its province: the workbooks travel in one file and are judged there once more."""

import shutil
import zipfile
from pathlib import Path

import duckdb
import pytest
import yaml

from sources.declarations.city import City, codelists_of, load_city
from sources.declarations.headings import normalise_label
from sources.read.read_bundle import read_list, unpack
from sources.submission.bundle import LIST, BundleError
from sources.submission.file_names import workbook_file_name
from sources.system.settings import Limits, Settings
from tests.conftest import run_all
from tests.end_to_end.test_adding_up import CITY_A, CITY_B, CITY_DIR, DISTRICT, PROVINCE, YEAR, in_database, workbook
from tests.support.confirmed import confirm_and_release
from warehouse.intake.handed_up import receive_bundle
from warehouse.release.hand_up import hand_up

REGIONS = {
    CITY_A: (
        {"code": CITY_A, "name": "甲市", "level": "city"},
        {"code": DISTRICT, "name": "东湖区", "level": "county", "parent": CITY_A},
    ),
    CITY_B: ({"code": CITY_B, "name": "乙市", "level": "city"},),
}


def city_folder(own: str, folder: Path, technician_label: str = "不含技校") -> Path:
    """One of the province's cities as an installation of its own: its words are 全市 where the province says 全省."""
    shutil.copytree(CITY_DIR, folder)
    (folder / PROVINCE).rename(folder / "pack")
    regions = [dict(region) for region in REGIONS[own]]
    known = {region["code"] for region in regions}
    respondents = yaml.safe_load((folder / "respondents.yml").read_text("utf-8"))["respondents"]
    scopes = [
        {"code": "all", "label": "全市", "description": "全部"},
        {"code": "usual", "label": technician_label, "description": "…", "exclude": {"category": ["technician"]}},
    ]
    written = {
        "city.yml": {"code": own, "name": regions[0]["name"], "pack": "pack"},
        "regions.yml": {"regions": regions},
        "respondents.yml": {"respondents": [each for each in respondents if each["region"] in known]},
        "scopes.yml": {"scopes": scopes},
    }
    for name, content in written.items():
        (folder / name).write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return folder


def released(own: str, folder: Path, scope: str, **label: str) -> tuple[Settings, City]:
    """The city's own installation, with its release of the year."""
    city_dir = city_folder(own, folder / "city", **label)
    settings, city = Settings(home=folder / "home", city_dir=city_dir), load_city(city_dir)
    settings.inbox.mkdir(parents=True)
    for respondent in city.respondents:
        data = workbook(city, respondent.code, scope)
        (settings.inbox / workbook_file_name(respondent, YEAR)).write_bytes(data)
    assert run_all(settings, city, (YEAR,)).rejected == 0
    assert confirm_and_release(settings, city, YEAR).manifest.version == f"{YEAR}.1"
    return settings, city


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {}
    for own, scope in ((CITY_A, "all"), (CITY_B, "usual")):
        settings, city = released(own, tmp_path_factory.mktemp(own), scope)
        made[own], count = hand_up(settings, city, f"{YEAR}.1")
        assert count == len(city.respondents)
        again, _ = hand_up(settings, city, f"{YEAR}.1", settings.home / "again.zip")
        assert again.read_bytes() == made[own].read_bytes()
    return made


@pytest.fixture
def province(tmp_path: Path) -> tuple[Settings, City]:
    settings = Settings(home=tmp_path / "province", city_dir=CITY_DIR)
    settings.inbox.mkdir(parents=True)
    return settings, load_city(CITY_DIR)


@pytest.mark.deep
def test_two_cities_releases_make_the_provinces_year(bundles, province):
    settings, city = province
    for own, bundle in bundles.items():
        received = receive_bundle(bundle, settings, city)
        assert (received.folder.name, received.to_declare) == (f"{own}-{YEAR}.1", ())
    taken = run_all(settings, city, (YEAR,))
    assert (taken.accepted, taken.rejected) == (7, 0), [f.message for f in taken.findings if f.is_error]
    with duckdb.connect(str(settings.published_database), read_only=True) as database:
        found = in_database(database)
        assert found[PROVINCE, "students_full_time"] == (1100, "ok")
        assert found[PROVINCE, "contest_edition"] == (None, "does_not_add")
        # 全市 of 甲市 is what the province calls 全省; 不含技校 of 乙市 what it calls 不含技工院校
        chosen = database.execute(
            "select region_code, scope_code from core.dim_scope_choice where topic = 'scale' order by all"
        ).fetchall()
        assert chosen == [
            (PROVINCE, "everything"),
            (CITY_A, "everything"),
            (DISTRICT, "everything"),
            (CITY_B, "no_technician"),
        ]


@pytest.mark.deep
def test_a_name_that_the_province_does_not_know_is_told_with_the_one_that_means_the_same(tmp_path, province):
    settings, city = province
    below, below_city = released(CITY_B, tmp_path / "b", "usual", technician_label="普通中职")
    bundle, _ = hand_up(below, below_city, f"{YEAR}.1")
    (told,) = receive_bundle(bundle, settings, city).to_declare
    assert "口径“普通中职”在本库没有，与 no_technician 是同样的学校" in told
    assert "also: [普通中职]" in told
    taken = run_all(settings, city, (YEAR,))
    told_of = {f.message for f in taken.findings if f.rule_id == "value.scope_unknown"}
    assert told_of == {"没有“普通中职”这个口径；本库有：全省、不含技工院校。"}
    # declared as told, the workbook counts at the next run
    scopes = tuple(s.model_copy(update={"also": (*s.also, "普通中职")}) if s.exclude else s for s in city.scopes)
    knowing = city.model_copy(update={"scopes": scopes})
    assert receive_bundle(bundle, settings, knowing).to_declare == ()
    assert run_all(settings, knowing, (YEAR,)).rejected == 0


@pytest.mark.deep
def test_a_bundle_that_was_changed_is_refused_whole(bundles, tmp_path, province):
    settings, city = province
    changed = tmp_path / "changed.zip"
    with zipfile.ZipFile(bundles[CITY_B]) as good, zipfile.ZipFile(changed, "w") as bad:
        for position, name in enumerate(good.namelist()):
            bad.writestr(name, good.read(name) + (b"x" if position == 2 else b""))
    with pytest.raises(BundleError, match="与清单不符"):
        receive_bundle(changed, settings, city)
    assert list(settings.inbox.iterdir()) == []
    with pytest.raises(BundleError, match="超过"):
        unpack(bundles[CITY_B], read_list(bundles[CITY_B]), settings.inbox, Limits(file_bytes=1000))


@pytest.mark.parametrize("name", ["../../evil.xlsx", "/evil.xlsx", "a\\b.xlsx", "evil.exe"])
def test_a_bundle_writes_nowhere_but_into_its_folder(name, tmp_path):
    file = tmp_path / "evil.zip"
    with zipfile.ZipFile(file, "w") as parts:
        listed = {"name": name, "sha256": "0", "respondent": "1"}
        text = f'{{"city_code": "1", "city_name": "x", "version": "2030.1", "files": [{listed}]}}'.replace("'", '"')
        parts.writestr(LIST, text.replace("\\", "\\\\"))
    with pytest.raises(BundleError, match="不是上交包"):
        read_list(file)


def test_what_is_no_bundle_is_told(tmp_path):
    for data in (b"", b"PK", b"hello"):
        (tmp_path / "x.zip").write_bytes(data)
        with pytest.raises(BundleError, match=r"x\.zip 不是上交包"):
            read_list(tmp_path / "x.zip")


def test_all_of_a_region_is_said_in_the_senders_words():
    province = load_city(CITY_DIR)

    def read(label: str, of: City = province) -> str | None:
        return codelists_of(of)["scopes"].code_of.get(normalise_label(label))

    assert [read(label) for label in ("全省", "全市", "全县", "全区", "全国")] == ["everything"] * 5
    assert [read(label) for label in ("不含技工院校", "不含技校", "全市学校", "市属学校")] == [
        "no_technician", "no_technician", None, None
    ]  # fmt: skip
    # a label of one's own goes before what another scope may be called
    own = province.scopes[0].model_copy(update={"code": "of_city", "label": "全市"})
    assert read("全市", replace_scopes(province, (*province.scopes, own))) == "of_city"


def replace_scopes(city: City, scopes: tuple) -> City:
    return city.model_copy(update={"scopes": scopes})
