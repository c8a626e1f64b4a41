"""What people misspell is told: file, line, key and the nearest right word; everything at once, never a traceback.

A city's files are a bureau's, in Chinese; contracts, rules and the catalogue are developers', in English.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sources.declarations import check_city, rule
from sources.declarations.city import load_city
from sources.declarations.codelist import CodeList, load_codelists
from sources.declarations.contract import Contract, load_contracts
from sources.declarations.pack import Pack
from sources.declarations.problem import DeclarationError
from sources.declarations.strict_yaml import load
from sources.system.settings import CATALOGUE_ROOT, CITIES_ROOT, PROJECT_ROOT, SOURCES_ROOT
from tests.support.sample import PACK
from warehouse.catalogue import indicator, measure, report_table, standard
from warehouse.catalogue.city_references import city_problems
from warehouse.reconcile.judging.declared_relations import DeclaredRelations
from warehouse.reconcile.reading import names
from warehouse.store import ddl

SAMPLE = CITIES_ROOT / "450700"
CITIES = Path(__file__).parents[1] / "cities"
PROVINCE, THREE_SCHOOLS = CITIES / "small_province", CITIES / "three_schools"


@pytest.fixture
def told(tmp_path) -> Callable[..., list[str]]:
    """What is told of a city in which one piece of one file is written otherwise, without the folder's name."""

    def told(city: Path, file: str, right: str, wrong: str) -> list[str]:
        folder = tmp_path / "city"
        shutil.copytree(city, folder)
        path = folder / file
        text = path.read_text("utf-8") if path.exists() else ""
        assert right in text
        path.write_text(text.replace(right, wrong, 1), "utf-8")
        return [str(problem).replace(f"{folder}/", "") for problem in city_problems(folder)]

    return told


@pytest.mark.parametrize(
    ("city", "file", "right", "wrong", "message"),
    [
        (SAMPLE, "city.yml", "name", "naem", "city.yml 第 3 行：没有“naem”这个键；是不是“name”？"),
        (SAMPLE, "city.yml", '"450700"', "450700", '第 2 行：“code”应当是文字，450700 要加引号：code: "450700"'),
        (SAMPLE, "city.yml", "name: 钦州市", "name:", "第 3 行：“name”应当是文字，这里没有写"),
        (SAMPLE, "city.yml", "name:", "name：", "city.yml 第 3 行：不是正确的 YAML："),
        (SAMPLE, "respondents.yml", "kind", "knid", "respondents.yml 第 8 行：没有“knid”这个键；是不是“kind”？"),
        (SAMPLE, "respondents.yml", "kind: school", "kind: schol", "第 8 行：“kind”不能是 schol；是不是“school”？"),
        (SAMPLE, "respondents.yml", '"3645900001"', "0645", '0645 要加引号：code: "0645"'),
        (SAMPLE, "respondents.yml", ", kind: school}", "}", "respondents.yml 第 8 行：缺少“kind”"),
        (
            SAMPLE,
            "respondents.yml",
            "  - {",
            "- {",
            "respondents.yml 第 9 行：不是正确的 YAML：请检查这一行和上面一项的缩进",
        ),
        (SAMPLE, "respondents.yml", "5900002", "5900001", "第 9 行：标识码 3645900001 写了两次（第 1 项已有）"),
        (
            SAMPLE,
            "respondents.yml",
            "钦州市卫生学校",
            "钦州市文武学校",
            "钦州市文武学校写了两次：标识码 3645900002 和 3645900003",
        ),
        (SAMPLE, "respondents.yml", "since: 2023", "since: 2023, until: 2021", "的“since”2023 晚于“until”2021"),
        (SAMPLE, "respondents.yml", "since: 2023", "since: 23", "第 11 行：“since”应当是年份，不能是 23"),
        (SAMPLE, "respondents.yml", "bureau", "school", "respondents.yml 第 7 行：没有教育局（kind: bureau）"),
        (PROVINCE, "respondents.yml", '"990102"', '"990112"', "的地区 990112 不在 regions.yml 中；是不是“990102”？"),
        (
            PROVINCE,
            "regions.yml",
            "level: county",
            "level: distict",
            "第 4 行：“level”不能是 distict；可以写：nation、",
        ),
        (PROVINCE, "regions.yml", "parent", "parnet", "regions.yml 第 3 行：没有“parnet”这个键；是不是“parent”？"),
        (SAMPLE, "scopes.yml", "exclude", "exlude", "scopes.yml 第 9 行：没有“exlude”这个键；是不是“exclude”？"),
        (SAMPLE, "scopes.yml", "{category", "{categry", "scopes.yml 第 9 行：没有“categry”这个键；是不是“category”？"),
        (SAMPLE, "scopes.yml", "[technician]", "[technican]", "category 没有“technican”；是不是“technician”？"),
        (SAMPLE, "scopes.yml", "[technician]", "[技工学校]", "category 没有“技工学校”；是不是“technician”？"),
        (
            SAMPLE,
            "scopes.yml",
            "{category: [technician]}",
            "{category: [technician]}\n    also: [市属学校]",
            "scopes.yml 第 10 行：“市属学校”已经是口径“市属学校”的名称，读的时候分不开",
        ),
        (SAMPLE, "scopes.yml", "[technician]", "technician", "第 9 行：“category”应当是列表"),
        (SAMPLE, "scopes.yml", "category: [technician]", 'school_code: ["3645900021"]', "school_code 没有“3645900021”"),
        (
            SAMPLE,
            "scopes.yml",
            "label: 不含技工学校",
            "label: 全市",
            "scopes.yml 第 7 行：名称 全市 写了两次（第 1 项已有）",
        ),
        (SAMPLE, "calendar.yml", "nightly", "nigthly", "没有“nigthly”这个键；是不是“nightly”？"),
        (SAMPLE, "calendar.yml", "Shanghai", "Shangai", "没有“Asia/Shangai”这个时区；是不是“Asia/Shanghai”？"),
        (SAMPLE, "calendar.yml", "30 2 *", "30 25 *", "第 2 行：“nightly”的“时”不能是“25”，应为 0 到 23"),
        (SAMPLE, "calendar.yml", "2022-09-01", "2022-09-31", "第 6 行：“2022-09-31”不是存在的日期"),
        (SAMPLE, "calendar.yml", "2022-09-01", "2052-09-01", "第 6 行：“as_of”2052-09-01 离报告年度 2022 太远"),
        (
            SAMPLE,
            "calendar.yml",
            "due: 2022-11-30",
            "due: 2022-09-30",
            "第 6 行：“due”2022-09-30 早于“opens”2022-10-08",
        ),
        (SAMPLE, "calendar.yml", "  2023:", "  2022:", "calendar.yml 第 7 行：“2022”写了两次（第 6 行已有）"),
        (SAMPLE, "targets.yml", "increase_at_least", "increase_at_lest", "；是不是“increase_at_least”？"),
        (
            SAMPLE,
            "targets.yml",
            "teachers_",
            "teacher_",
            "第 3 行：没有指标“teacher_double_qualified”；是不是“teachers_",
        ),
        (
            THREE_SCHOOLS,
            "definitions.yml",
            "alternative",
            "altrnative",
            "第 2 行：没有“altrnative”这个键；是不是“altern",
        ),
        (THREE_SCHOOLS, "definitions.yml", "over_placed", "over_place", "没有定义“over_place”；是不是“over_placed”？"),
        (THREE_SCHOOLS, "definition.yml", "", "a: 1", "没有叫“definition.yml”的配置；是不是“definitions.yml”？"),
        (SAMPLE, "alerts.yml", "enabled", "enabeld", "alerts.yml 第 3 行：没有“enabeld”这个键；是不是“enabled”？"),
        (SAMPLE, "alerts.yml", "channels: []", "channels: [{kind: dingtlk}]", "“kind”不能是这个值；是不是“dingtalk”？"),
        (SAMPLE, "published/2023.csv", "indicator", "indicater", "第 1 行：没有“indicater”这一列；是不是“indicator”？"),
        (SAMPLE, "published/2023.csv", ",value,", ",valeu,", "2023.csv 第 2 行：“kind”不能是 valeu；是不是“value”？"),
        (SAMPLE, "published/2023.csv", ",schools,", ",shools,", "第 2 行：“indicator”没有“shools”；是不是“schools”？"),
        (SAMPLE, "published/2023.csv", "F002", "F001", "第 3 行：编号 F001 写了两次（第 2 行已有）"),
        (SAMPLE, "published/2023.csv", ",所", ",所,", "2023.csv 第 2 行：有 13 项，表头有 12 项"),
    ],
)
def test_a_mistake_in_a_citys_folder_is_told_in_one_line(told, city, file, right, wrong, message):
    lines = told(city, file, right, wrong)
    assert len(lines) == 1, lines
    assert message in lines[0]
    assert lines[0].startswith(file)


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path):
    folder = tmp_path / "city"
    shutil.copytree(SAMPLE, folder)
    for file, right, wrong in [
        ("respondents.yml", '"3645900001", name', '"3645900001", nmae'),
        ("respondents.yml", "5900003", "5900002"),
        ("scopes.yml", "technician]", "technican]"),
        ("calendar.yml", "Shanghai", "Shangai"),
    ]:
        path = folder / file
        path.write_text(path.read_text("utf-8").replace(right, wrong, 1), "utf-8")
    (folder / "targets.yml").unlink()
    (folder / "city.yml").unlink()
    assert [(Path(problem.file).name, problem.line) for problem in city_problems(folder)] == [
        ("calendar.yml", 1),
        ("city.yml", None),
        ("respondents.yml", 8),
        ("respondents.yml", 10),
        ("scopes.yml", 9),
    ]
    with pytest.raises(DeclarationError, match=r"nmae(.|\n)*标识码 3645900002 写了两次"):
        load_city(folder)


@pytest.mark.parametrize("city", [SAMPLE, PROVINCE, THREE_SCHOOLS])
def test_good_cities_are_told_nothing(city):
    assert city_problems(city) == ()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("30 2 * * *", None),
        ("0 6 8 10 *", None),
        ("*/15 0-6,22 1-7 * 1-5", None),
        ("30 2 * *", "应当有五项"),
        ("60 2 * * *", "的“分”不能是“60”"),
        ("0 2 0 * *", "的“日”不能是“0”"),
        ("0 2 * JAN *", "的“月”不能是“JAN”"),
        ("0 7-2 * * *", "的“时”不能是“7-2”"),
        ("0 */0 * * *", "的“时”不能是“*/0”"),
    ],
)
def test_cron(text, fault):
    found = check_city.fault_of_cron(text)
    assert (found is None) == (fault is None)
    assert (found or "").startswith(fault or "")


def test_the_attributes_of_scopes_have_the_code_lists_of_the_roster():
    roster = next(each for each in load_contracts(PACK) if each.name == "roster")
    lists = {name: roster.column(name).codelist for name in check_city.LISTS_OF_ATTRIBUTES}
    assert lists == check_city.LISTS_OF_ATTRIBUTES
    assert set(lists.values()) <= set(load_codelists(PACK))


# --- Developers' files -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "model", "right", "wrong", "message"),
    [
        (
            SOURCES_ROOT / "contracts/school/students.yml",
            Contract,
            "hint",
            "hnit",
            "there is no key `hnit`; did you mean `hint`?",
        ),
        (
            SOURCES_ROOT / "contracts/school/students.yml",
            Contract,
            "integer",
            "integr",
            "`type` cannot be integr; did you mean",
        ),
        (
            SOURCES_ROOT / "codelists/ownership.yml",
            CodeList,
            "label",
            "lable",
            "there is no key `lable`; did you mean `label`?",
        ),
        (SOURCES_ROOT / "rules/intake.yml", rule._IntakeRules, "severity", "severty", "did you mean `severity`?"),
        (
            SOURCES_ROOT / "rules/across_sheets.yml",
            rule._CrossRules,
            "sql",
            "sqll",
            "there is no key `sqll`; did you mean `sql`?",
        ),
        (CATALOGUE_ROOT / "tables/1_2_2.yml", report_table.ReportTable, "layout", "layuot", "did you mean `layout`?"),
        (CATALOGUE_ROOT / "thresholds.yml", standard._Standards, "edition:", "editoin:", "did you mean `edition`?"),
        (ddl.SCHEMAS / "registry.yml", ddl._DeclaredSchema, "description", "descripton", "did you mean `description`?"),
        (
            PROJECT_ROOT / "warehouse/reconcile/judging/relations.yml",
            DeclaredRelations,
            "usual:",
            "usaul:",
            "did you mean `usual`?",
        ),
        (
            PROJECT_ROOT / "warehouse/reconcile/reading/names.yml",
            names.Words,
            "\nsame:",
            "\nsmae:",
            "did you mean `same`?",
        ),
    ],
)
def test_a_mistake_in_a_developers_file_is_told_in_one_line(tmp_path, path, model, right, wrong, message):
    before, found, after = path.read_text("utf-8").partition(right)
    assert found
    copy = tmp_path / path.name
    copy.write_text(f"{before}{wrong}{after}", "utf-8")
    with pytest.raises(DeclarationError) as error:
        load(copy, model)
    (problem,) = error.value.problems
    assert str(problem).startswith(f"{copy}:{problem.line}: ")
    assert message in problem.text
    if "key" in message or "did you mean" in message:
        assert wrong.strip("\n:") in copy.read_text("utf-8").splitlines()[problem.line - 1]


@pytest.mark.parametrize(
    ("file", "loader", "right", "wrong", "message"),
    [
        (
            "measures.yml",
            measure.load_measures,
            "sheet: majors",
            "sheet: major",
            "there is no sheet `major`; did you mean `majors`?",
        ),
        ("measures.yml", measure.load_measures, "label", "lable", "没有“lable”这个键；是不是“label”？"),
        ("indicators", indicator.load_chapters, "numerator: [", "numerator: [x", "there is no measure `x"),
        ("tables", report_table.load_report_tables, "indicator: ", "indicator: x", "there is no indicator `x"),
        ("thresholds.yml", standard.load_requirements, "indicator: ", "indicator: x", "there is no indicator `x"),
        (
            "thresholds.yml",
            standard.load_requirements,
            "edition: setting_2010",
            "edition: setting_210",
            "there is no edition `setting_210`; did you mean `setting_2010`?",
        ),
        (
            "thresholds.yml",
            standard.load_requirements,
            "not_whole: [senior_technician",
            "not_whole: [senior_technican",
            "there is no category `senior_technican`; did you mean `senior_technician`?",
        ),
    ],
)
def test_an_unknown_name_in_the_catalogue_is_told_with_its_line(
    tmp_path, monkeypatch, file, loader, right, wrong, message
):
    shutil.copytree(CATALOGUE_ROOT, tmp_path / "catalogue", ignore=shutil.ignore_patterns("*.py"))
    root = tmp_path / "catalogue"
    paths = sorted((root / file).glob("*.yml")) if (root / file).is_dir() else [root / file]
    path = next(path for path in paths if right in path.read_text("utf-8"))
    path.write_text(path.read_text("utf-8").replace(right, wrong, 1), "utf-8")
    monkeypatch.setattr(measure, "CATALOGUE_ROOT", root)
    shutil.copytree(PACK.folder, tmp_path / PACK.code)
    edited = Pack(tmp_path / PACK.code)  # another one than that whose files are kept
    with pytest.raises(DeclarationError) as error:
        loader.__wrapped__(edited)
    (problem,) = error.value.problems
    assert message in problem.text
    assert wrong.split(":")[-1].strip(" [") in path.read_text("utf-8").splitlines()[(problem.line or 0) - 1]


# --- Any mistake -----------------------------------------------------------------------------------------------------

FILES = ("city.yml", "respondents.yml", "scopes.yml", "calendar.yml", "targets.yml", "alerts.yml")
CLOSED = ("kind", "level", "since", "as_of", "due", "opens", "freezes", "timezone", "indicator", "code", "enabled")
"""Keys whose values are checked; a name or a note can be anything."""


def _nodes(node: yaml.Node | None) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
    """(key, value) of every mapping in a file."""
    children: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        yield from node.value
        children = [value for _, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        children = node.value
    for child in children:
        yield from _nodes(child)


@st.composite
def mistakes(draw: st.DrawFn) -> tuple[str, str, int, int]:
    """(file, new text, first and last line on which it may be told) for one mistake in the sample city."""
    file = draw(st.sampled_from(FILES))
    text = (SAMPLE / file).read_text("utf-8")
    entries = list(_nodes(yaml.compose(text)))
    key, value = draw(st.sampled_from(entries))
    line = key.start_mark.line + 1
    start, end = key.start_mark.index, key.end_mark.index
    match draw(st.sampled_from(["key", "value", "doubled", "indentation"])):
        case "key":
            at = draw(st.integers(start, end - 1))
            changed = text[:at] + draw(st.sampled_from("abxyz_Q8")) + text[at + 1 :]
        case "value":
            assume(key.value in CLOSED and isinstance(value, yaml.ScalarNode))
            at = draw(st.integers(value.start_mark.index, value.end_mark.index))
            changed = text[:at] + draw(st.sampled_from("xQ号")) + text[at:]
        case "doubled":
            assume(isinstance(value, yaml.ScalarNode))
            entry = text[start : value.end_mark.index]
            flow = "," in text[value.end_mark.index :][:2] or "}" in text[value.end_mark.index :][:1]
            separator = ", " if flow else "\n" + " " * key.start_mark.column
            changed = text[:start] + entry + separator + text[start:]
            line += not flow
        case _:
            lines = text.splitlines(keepends=True)
            number = draw(st.integers(0, len(lines) - 1))
            lines[number] = draw(st.sampled_from([" ", "   ", "\t"])) + lines[number]
            after = lines[number + 1 :]
            entry = next((at for at, each in enumerate(after) if each.strip() and each.strip()[0] != "#"), 0)
            return file, "".join(lines), number, number + 2 + entry
    return file, changed, line, line


@hypothesis_settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
@given(mistakes())
def test_any_single_mistake_is_told_where_it_is_or_changes_nothing(tmp_path_factory, mistake):
    file, text, first, last = mistake
    folder = tmp_path_factory.mktemp("city") / "city"
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("samples"))
    (folder / file).write_text(text, "utf-8")
    problems = city_problems(folder)
    if not problems:
        assert _meaning(text) == _meaning((SAMPLE / file).read_text("utf-8")) or _is_free(file, text)
        return
    if _is_free(file, text):
        return  # a code of its own, which other files know by another name
    of_file = [problem for problem in problems if Path(problem.file).name == file]
    assert of_file, problems
    assert any(problem.line is not None and first <= problem.line <= last for problem in of_file), problems


def _meaning(text: str) -> object:
    return yaml.safe_load(text)


def _is_free(file: str, text: str) -> bool:
    """Whether only codes differ: one may be anything, though other files may know it by another name."""
    try:
        new = list(_nodes(yaml.compose(text)))
    except yaml.YAMLError:
        return False
    old = list(_nodes(yaml.compose((SAMPLE / file).read_text("utf-8"))))
    if [key.value for key, _ in old] != [key.value for key, _ in new]:
        return False
    pairs = zip(old, new, strict=True)
    differing = [(key.value, is_.tag) for (key, was), (_, is_) in pairs if _scalar(was) != _scalar(is_)]
    return all(key == "code" and tag.endswith(":str") for key, tag in differing)


def _scalar(node: yaml.Node) -> str | None:
    return node.value if isinstance(node, yaml.ScalarNode) else None
