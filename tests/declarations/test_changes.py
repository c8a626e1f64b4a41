"""Names, labels, codes and districts hold by year: changes.yml says from which one on; a past year keeps its words."""

import shutil
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sources.declarations.city import City, codelists_of, load_city, read_city
from sources.declarations.problem import DeclarationError

CITIES = Path(__file__).parents[1] / "cities"
PROVINCE = CITIES / "small_province"
FIRST, SECOND = 2030, 2031


@pytest.fixture
def city(tmp_path):
    """The small province with these changes, or what is wrong with them."""

    def city(*changes: dict) -> City:
        folder = tmp_path / "city"
        shutil.copytree(PROVINCE, folder)
        (folder / "changes.yml").write_text(yaml.safe_dump({"changes": changes}, allow_unicode=True), "utf-8")
        return load_city(folder)

    return city


def change(kind: str, since: int = SECOND, **of: object) -> dict:
    return {"kind": kind, "since": since, **of}


def test_a_city_without_changes_is_the_same_every_year():
    city = load_city(PROVINCE)
    assert city.in_year(FIRST) is city


def test_a_school_is_called_otherwise_from_the_year_on(city):
    of = city(change("rename", code="A1", name="甲市工业学校"))
    names = [of.in_year(year).respondent_by_code["A1"].name for year in (FIRST, SECOND, SECOND + 5)]
    assert names == ["甲市职业学校", "甲市工业学校", "甲市工业学校"]
    assert [each.name for each in of.respondents_in(SECOND) if each.code == "A1"] == ["甲市工业学校"]


def test_a_region_is_called_otherwise_and_the_installations_own_with_it(city):
    of = city(
        change("rename_region", region="990101", name="子区"), change("rename_region", region="990000", name="大省")
    )
    assert [of.in_year(year).region_by_code["990101"].name for year in (FIRST, SECOND)] == ["子县", "子区"]
    assert [of.in_year(year).name for year in (FIRST, SECOND)] == ["小省", "大省"]


def test_a_scope_is_worded_otherwise_and_holds_the_same_schools(city):
    of = city(change("reword", scope="public_only", label="公办院校"))
    before, after = (next(s for s in of.in_year(y).scopes if s.code == "public_only") for y in (FIRST, SECOND))
    assert (before.label, after.label, after.description) == ("公办学校", "公办院校", before.description)
    assert before.exclude == after.exclude


def test_a_school_lies_in_another_district(city):
    of = city(change("move", code="A2", region="990102"))
    lies_in = [year.region_of(year.respondent_by_code["A2"]) for year in (of.in_year(FIRST), of.in_year(SECOND))]
    assert lies_in == ["990101", "990102"]


def test_a_school_states_another_code_and_stays_the_same_respondent(city):
    of = city(change("recode", code="A1", new_code="A9"))
    before, after = of.in_year(FIRST), of.in_year(SECOND)
    assert before.respondent_stated("A1") == after.respondent_stated("A9")
    assert (before.respondent_stated("A9"), after.respondent_stated("A1")) == (None, None)
    assert codelists_of(of, SECOND)["schools"].code_of["a9"] == "A1"


@pytest.mark.parametrize(
    ("made", "before", "after"),
    [
        (change("close", code="A1"), {"A1"}, set()),
        (change("merge", code="A1", into="P1"), {"A1"}, set()),
        (change("found", code="A1"), set(), {"A1"}),
        (change("split", code="A1", into=["A2", "A3"]), {"A1"}, {"A2", "A3"}),
        (change("split", code="A1", into=["A1", "A2"]), {"A1"}, {"A1", "A2"}),
    ],
)
def test_who_begins_and_who_ends(city, made, before, after):
    of = city(made)
    about = before | after
    there = [{each.code for each in of.respondents_in(year)} & about for year in (FIRST, SECOND)]
    assert there == [before, after]


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (change("rename", code="A1", name="甲市工业学校"), "甲市职业学校2031年更名为甲市工业学校"),
        (change("rename_region", region="990101", name="子区"), "子县2031年更名为子区"),
        (change("reword", scope="public_only", label="公办院校"), "统计口径“公办学校”2031年起改称“公办院校”"),
        (change("move", code="A2", region="990102"), "子县职业学校2031年划归丑县"),
        (change("recode", code="A1", new_code="A9"), "甲市职业学校2031年起标识码变更为A9"),
        (change("merge", code="A1", into="P1"), "甲市职业学校2031年并入小省第一职业学校"),
        (change("split", code="A1", into=["A2", "A3"]), "子县职业学校、丑县技工学校2031年由甲市职业学校分设"),
        (change("close", code="A1", note="省教育厅批准"), "甲市职业学校2031年停办（省教育厅批准）"),
        (change("found", code="A1"), "甲市职业学校2031年新设"),
        (change("move", code="A3", region="990200"), "丑县技工学校2031年划归乙市"),
    ],
)
def test_a_change_in_words(city, made, words):
    of = city(made)
    assert [told for _, told in of.changes_told(SECOND)] == [words]
    assert of.changes_told(FIRST) == ()


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ([change("rename", code="A11", name="新")], "“A11”不在 respondents.yml 中；是不是“A1”？"),
        ([change("merge", code="A1", into="P2")], "“P2”不在 respondents.yml 中"),
        ([change("merge", code="A1", into="A1")], "A1 不能并入自己"),
        ([change("merge", code="A1", into="990100")], "990100 甲市教育局不是学校"),
        ([change("split", code="A1", into=["A1"])], "A1 不能只分设为自己"),
        ([change("split", code="A1", into=["A2", "A2"])], "“into”中有学校写了两次"),
        ([change("split", code="A1", into=[])], "至少要有 1 项"),
        ([change("move", code="A1", region="990103")], "“990103”不在 regions.yml 中；是不是“990102”？"),
        ([change("move", code="A1", region="990100")], "A1 在 2030 年已经属于 990100"),
        ([change("reword", scope="publik_only", label="新")], "“publik_only”不在 scopes.yml 中；是不是“public_only”？"),
        ([change("reword", scope="public_only", label="公办学校")], "口径 public_only 在 2030 年已经叫“公办学校”"),
        ([change("reword", scope="public_only", label="全部学校")], "口径 everything 和 public_only 在 2031 年同名"),
        ([change("rename", code="A1", name="甲市职业学校")], "A1 在 2030 年已经叫“甲市职业学校”"),
        ([change("rename", code="A1", name="乙市职业学校")], "标识码 A1 和 B1（2031 年）"),
        ([change("rename", 2099, code="A1", name="新")], "“since”2099 不在 calendar.yml 的年度（2030 至 2031）之内"),
        ([change("rename", code="A1", name="新"), change("rename", code="A1", name="又新")], "写了两次（第 1 项已有）"),
        ([change("close", code="A1"), change("merge", code="A1", into="P1")], "写了两次（第 1 项已有）"),
        ([change("close", 2030, code="A1"), change("close", code="A1")], "A1 已在 2030 年停办、并入或分设（第 1 项）"),
        (
            [change("close", 2030, code="A1"), change("rename", code="A1", name="新")],
            "在 2031 年不填报（报告年度：—2029）",
        ),
        (
            [change("close", 2030, code="P1"), change("merge", code="A1", into="P1")],
            "P1 小省第一职业学校在 2031 年不填报",
        ),
        ([change("found", code="A1"), change("split", code="A2", into=["A1", "A2"])], "写了两次（第 1 项已有）"),
        ([change("recode", code="A1", new_code="A2")], "标识码 A2 已是 A2 的"),
        ([change("recode", code="A1", new_code="A1")], "A1 的标识码已经是 A1"),
        (
            [change("recode", 2030, code="A1", new_code="A9"), change("close", code="A9")],
            "请写 respondents.yml 里的“A1”",
        ),
        ([change("renam", code="A1", name="新")], "“kind”不能是 renam；是不是“rename”？"),
        ([change("rename", cod="A1", name="新")], "没有“cod”这个键；是不是“code”？"),
        ([change("rename", code="A1")], "缺少“name”"),
    ],
)
def test_a_mistake_is_told_once(city, made, told):
    with pytest.raises(DeclarationError) as found:
        city(*made)
    lines = str(found.value).splitlines()
    assert len(lines) == 1, lines
    assert told in lines[0]
    assert "changes.yml 第" in lines[0]


def test_the_two_files_may_say_the_same_end_but_not_another(tmp_path):
    def problems(until: int) -> list[str]:
        folder = tmp_path / str(until)
        shutil.copytree(PROVINCE, folder)
        respondents = folder / "respondents.yml"
        text = respondents.read_text("utf-8")
        respondents.write_text(text.replace("name: 甲市职业学校", f"name: 甲市职业学校, until: {until}"), "utf-8")
        (folder / "changes.yml").write_text(f"changes: [{{kind: close, code: A1, since: {SECOND}}}]", "utf-8")
        return [each.text for each in read_city(folder).problems]

    assert problems(FIRST) == []
    assert problems(2029) == ["respondents.yml 里 A1 的“until”是 2029，这里从 2031 年起不再填报；应为 2030"]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        # the note says what became of whom
        (
            {"A1": f"until: {FIRST}, note: 并入小省第一职业学校"},
            ["甲市职业学校2031年起不再填报（并入小省第一职业学校）"],
        ),
        ({"A1": f"until: {FIRST}"}, ["甲市职业学校2031年停办"]),
        # one that begins alone is said by the number of schools
        ({"A1": f"since: {SECOND}"}, []),
        # as many schools as last year: nobody could tell
        ({"A1": f"until: {FIRST}", "B1": f"since: {SECOND}"}, ["甲市职业学校2031年停办", "乙市职业学校2031年新设"]),
    ],
)
def test_what_respondents_yml_says_of_beginning_and_end_is_told_too(tmp_path, written, told):
    folder = tmp_path / "city"
    shutil.copytree(PROVINCE, folder)
    respondents = folder / "respondents.yml"
    for code, keys in written.items():
        text = respondents.read_text("utf-8")
        respondents.write_text(text.replace(f"code: {code},", f"code: {code}, {keys},"), "utf-8")
    city = load_city(folder)
    assert [words for _, words in city.changes_told(SECOND)] == told
    assert city.changes_told(FIRST) == ()


def test_a_name_that_is_free_again_may_be_taken(city):
    """Two schools exchange names, which never stand twice in one year."""
    of = city(change("rename", code="A1", name="乙市职业学校"), change("rename", code="B1", name="甲市职业学校"))
    assert of.in_year(SECOND).respondent_by_code["B1"].name == "甲市职业学校"


# --- For any changes -------------------------------------------------------------------------------------------------

YEARS = range(2030, 2036)
Renamed = st.tuples(st.sampled_from(["A1", "A2", "A3"]), st.sampled_from(YEARS))


@st.composite
def histories(draw: st.DrawFn) -> City:
    """A city with changes of many kinds over six years, no thing changed twice in one year."""
    base = load_city(PROVINCE)
    made = [
        change("rename", year, code=code, name=f"{code}{year}学校") for code, year in draw(st.sets(Renamed, max_size=6))
    ]
    made += [
        change("recode", year, code=code, new_code=f"{code}-{year}")
        for code, year in draw(st.sets(Renamed, max_size=4))
    ]
    made += [
        change("reword", year, scope="public_only", label=f"公办{year}")
        for year in draw(st.sets(st.sampled_from(YEARS), max_size=3))
    ]
    made += [
        change("close", year, code=code)
        for code, year in draw(st.dictionaries(st.just("B1"), st.sampled_from(YEARS))).items()
    ]
    years = dict.fromkeys(YEARS, base.calendar.years[2030])
    calendar = base.calendar.model_copy(update={"years": years})
    changes = yaml.safe_load(yaml.safe_dump(draw(st.permutations(made))))
    kept = {**dict(base), "calendar": calendar, "changes": changes}
    return City.model_construct(**{**kept, "changes": City.model_validate(_dumped(kept)).changes})


def _dumped(city: dict) -> dict:
    base = City.model_construct(**{**city, "changes": ()}).model_dump(exclude={"calendar"})
    return {**base, "changes": city["changes"], "calendar": _calendar(city["calendar"])}


def _calendar(calendar) -> dict:
    """The dates of a year are of no account here, but must be near it."""
    dumped = calendar.model_dump()
    for year, dates in dumped["years"].items():
        dumped["years"][year] = {key: day.replace(year=day.year + year - 2030) for key, day in dates.items()}
    return dumped


@hypothesis_settings(max_examples=60, deadline=None)
@given(histories())
def test_every_year_has_one_city_and_a_later_change_alters_no_earlier_year(city):
    for year in YEARS:
        of_year = city.in_year(year)
        without = City.model_construct(
            **{**dict(city), "changes": tuple(each for each in city.changes if each.since <= year)}
        )
        assert of_year.in_year(year + 1) is of_year
        assert [each.code for each in of_year.respondents] == [each.code for each in city.respondents]
        if not any(each.kind == "close" for each in city.changes if each.since > year):
            assert without.in_year(year).respondents == of_year.respondents
        assert [each.name for each in without.in_year(year).respondents] == [each.name for each in of_year.respondents]
        assert without.in_year(year).scopes == of_year.scopes
        assert without.in_year(year).stated_codes == of_year.stated_codes
        stated = [of_year.stated_code(each) for each in of_year.respondents]
        assert len(set(stated)) == len(stated)


@hypothesis_settings(max_examples=60, deadline=None)
@given(histories())
def test_the_last_change_of_a_thing_holds(city):
    for year in YEARS:
        for respondent in city.in_year(year).respondents:
            renamed = [c for c in city.changes if c.kind == "rename" and c.code == respondent.code and c.since <= year]
            last = max(renamed, key=lambda each: each.since, default=None)
            assert respondent.name == (last.name if last else city.respondent_by_code[respondent.code].name)
