"""A province's pack: laid over the neutral core, and nothing of it outside."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sources.declarations.city import load_city, read_city
from sources.declarations.codelist import load_codelists
from sources.declarations.contract import contract_named, load_contracts
from sources.declarations.pack import NEUTRAL_PACK, Pack, load_head, shipped_packs
from sources.declarations.problem import DeclarationError
from sources.declarations.rule import load_cross_rules
from sources.system.settings import CITIES_ROOT, PROJECT_ROOT
from sources.write.template import build_workbook
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.catalogue.city_references import city_problems
from warehouse.catalogue.generate import generated_files
from warehouse.catalogue.model_files import GENERATED

CORE = ("sources", "warehouse", "orchestration", "dbt_project")
TEXT = {".py", ".yml", ".yaml", ".sql", ".md", ".j2", ".html", ".css", ".js", ".typ", ".csv", ".txt", ".json", ".toml"}
ZIPPED = {".docx", ".xlsx"}


def core_files() -> Iterator[Path]:
    """Every file of the core: not the packs, not the cities, and not what is generated for the shipped pack."""
    elsewhere = {"regions", "cities", "data", "target", "logs", "__pycache__", GENERATED}
    for package in CORE:
        for path in (PROJECT_ROOT / package).rglob("*"):
            if path.suffix in TEXT | ZIPPED and not elsewhere & set(path.relative_to(PROJECT_ROOT).parts):
                yield path


def text_of(path: Path) -> str:
    if path.suffix in TEXT:
        return path.read_text("utf-8", errors="replace")
    with zipfile.ZipFile(path) as archive:
        return "".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())


@pytest.mark.parametrize("pack", shipped_packs(), ids=lambda pack: pack.code)
def test_nothing_in_the_core_says_a_provinces_own_words(pack):
    words = load_head(pack).distinctive
    assert len(words) >= 5
    said = {
        (str(path.relative_to(PROJECT_ROOT)), word) for path in core_files() for word in words if word in text_of(path)
    }
    assert said == set()


@pytest.mark.parametrize("pack", shipped_packs(), ids=lambda pack: pack.code)
def test_the_search_for_words_finds_them_where_they_are(pack):
    own = "".join(text_of(path) for path in pack.folder.rglob("*") if path.suffix in TEXT | ZIPPED)
    assert [word for word in load_head(pack).distinctive if own.count(word) < 2] == []


@pytest.mark.parametrize("pack", shipped_packs(), ids=lambda pack: pack.code)
def test_nothing_that_derives_from_the_neutral_core_says_a_provinces_own_words(pack):
    derived = "".join(generated_files(load_catalogue(NEUTRAL_PACK)).values())
    derived += repr([load_contracts(NEUTRAL_PACK), load_codelists(NEUTRAL_PACK), load_cross_rules(NEUTRAL_PACK)])
    assert [word for word in load_head(pack).distinctive if word in derived] == []


def test_a_workbook_speaks_as_the_citys_pack_does(city):
    school = city.respondents[0]
    neutral = city.model_copy(update={"pack": NEUTRAL_PACK})
    ours, theirs = (text_of_bytes(build_workbook(each, school, 2023)) for each in (city, neutral))
    assert "自治区奖学金" in ours
    assert "自贸区片区" in ours
    assert "省级奖学金" in theirs
    assert [word for word in load_head(PACK).distinctive if word in theirs.replace("广西", "")] == []


def text_of_bytes(workbook: bytes) -> str:
    from io import BytesIO

    with zipfile.ZipFile(BytesIO(workbook)) as archive:
        return "".join(archive.read(name).decode("utf-8") for name in archive.namelist())


# --- Laying over -----------------------------------------------------------------------------------------------------


@pytest.fixture
def pack(tmp_path) -> Pack:
    """An empty pack; `write` lays a file into it."""
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "pack.yml").write_text("name: 江南省\nwords: {province: 江南省}\n", "utf-8")
    return Pack(tmp_path / "made")


def write(pack: Pack, name: str, text: str) -> None:
    path = pack.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def test_a_word_of_the_pack_stands_wherever_the_core_asks_for_it(pack):
    assert load_codelists(pack)["aid_programmes"].label_of["regional_scholarship"] == "江南省奖学金"
    assert load_catalogue(pack).indicators["majors_demonstration"].label == "江南省示范专业数"


def test_an_entry_changes_the_cores_of_its_name_or_comes_in_after_another(pack):
    write(
        pack,
        "codelists/honours.yml",
        "codes:\n"
        "  - {code: model, after: national_key, label: 江南样板校}\n"
        "  - {code: double_excellence, label: 双优校}\n",
    )
    assert load_codelists(pack)["honours"].label_of == {
        "national_key": "国家级重点中等职业学校",
        "model": "江南样板校",
        "double_excellence": "双优校",
    }
    assert load_catalogue(pack).indicators["schools_model"].label == "江南样板校数"


def test_a_pack_leaves_out_what_its_province_does_not_ask_for(pack):
    first, *others = [column.name for column in contract_named(NEUTRAL_PACK, "international").columns]
    write(pack, "contracts/school/international.yml", f"without: {{columns: [{first}]}}\n")
    assert [column.name for column in contract_named(pack, "international").columns] == others


def test_a_rule_asks_for_the_provinces_amount_and_for_nothing_where_there_is_none(pack):
    def rules(of: Pack) -> dict[str, str]:
        return {rule.id: rule.expr for rule in contract_named(of, "aid").rules}

    assert "regional_scholarship_amount" not in rules(NEUTRAL_PACK)
    write(pack, "pack.yml", "name: 江南省\namounts: {provincial_scholarship: 3000}\n")
    assert "amount = 3000 * recipients" in rules(pack)["regional_scholarship_amount"]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        (
            "pack.yml",
            "name: 江南省\nwords: {provnce: 江南}\n",
            "第 2 行：没有“provnce”这一项；是不是“province”？",
        ),
        ("pack.yml", "name: 江南省\namounts: {scholarship: 1}\n", "没有“scholarship”这一项"),
        ("pack.yml", "nmae: 江南省\n", "pack.yml 第 1 行：没有“nmae”这个键；是不是“name”？"),
        ("codelists/honours.yml", "codes:\n  - {code: m, after: nope, label: 样板校}\n", "honours.yml 第 2 行"),
        ("codelists/honours.yml", "codes:\n  - {code: m, lable: 样板校}\n", "“lable”这个键；是不是“label”？"),
        ("contracts/school/staff.yml", "columns:\n  - {name: more, label: 另}\n", "staff.yml 第 2 行：缺少“type”"),
        ("catalogue/measures.yml", "measures:\n  - {code: m, label: 数, sheet: no}\n", "measures.yml"),
        ("rules/across_sheets.yml", "rules:\n  - {id: cross.more, level: submission}\n", "across_sheets.yml 第 2 行"),
    ],
)
def test_a_mistake_in_a_pack_is_told_of_the_packs_own_file(tmp_path, pack, name, text, told):
    write(pack, name, text)
    for path in (CITIES_ROOT / "450700").glob("*.yml"):
        (tmp_path / path.name).write_text(path.read_text("utf-8").replace('pack: "450000"', "pack: made"), "utf-8")
    problems = [str(problem) for problem in city_problems(tmp_path)]
    assert problems
    assert all(name in problem for problem in problems)
    assert told in "\n".join(problems)


def test_a_pack_that_there_is_not_is_told_with_the_nearest(tmp_path):
    for path in (CITIES_ROOT / "450700").glob("*.yml"):
        (tmp_path / path.name).write_text(path.read_text("utf-8").replace('pack: "450000"', 'pack: "45000"'), "utf-8")
    (problem,) = read_city(tmp_path).problems
    assert "没有资料包“45000”；是不是“450000”？" in str(problem)
    with pytest.raises(DeclarationError, match="没有资料包"):
        load_city(tmp_path)
