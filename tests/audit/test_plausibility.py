"""Numbers that cannot be, or hardly, are told with the slip that probably lies behind; true ones are left alone."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from sources.audit.judge import audit
from sources.audit.slips import Anchor, likely_slip
from sources.declarations.contract import load_contracts
from sources.sample.pour import load_samples
from sources.submission.finding import Finding
from sources.submission.submission import Submission
from tests.any_city import worlds
from tests.any_city.worlds import WORLDS
from tests.audit.planted_numbers import (
    YEARS,
    PlantedNumber,
    World,
    all_planted,
    doubts_in,
    grown_world,
    outcomes,
    said_of,
    sample_of,
    sample_world,
    world_of,
)
from tests.conftest import deep
from tests.hostile.books import CITY, CITY_DIR

TUNED_WITH, JUDGED_WITH = 1, 40961
"""Seeds of samples of slips: with which the bounds were tuned, and another."""
GROWN_WITH = (51407, 77317, 90001)
"""Seeds of grown years, with which nothing was tuned."""
COUNTS = 400


@pytest.fixture(scope="module")
def world() -> World:
    return sample_world()


def told_of(world: World, sheet: str, code: str = "3645900002", **texts: str) -> list[Finding]:
    """What a school's file of 2023 gets when these numbers are typed, in a form or in the first record that has one."""
    submission, left = world.submissions[2023, code], dict(texts)
    typed = tuple(
        cell._replace(raw_text=left.pop(cell.column_name)) if cell.sheet == sheet and cell.column_name in left else cell
        for cell in submission.cells
    )
    return [each for each in audit([replace(submission, cells=typed)], CITY).findings if each.severity != "info"]


@pytest.mark.parametrize(
    ("sheet", "column", "typed", "rule", "said"),
    [
        ("funds", "special_funds", "10995500", "plausible.possible", "很可能填的是元，不是万元，应为 1099.55"),
        ("conditions", "equipment_value", "18653900", "plausible.possible", "很可能填的是元，不是万元，应为 1865.39"),
        (
            "conditions",
            "paper_books",
            "835020",
            "plausible.per_base",
            "很可能多填了一位数字（或小数点错位），应为 83502",
        ),
        (
            "conditions",
            "campus_area",
            "148.96",
            "conditions.campus_holds_buildings",
            "99306.67（填的是亩，不是平方米）",
        ),
        ("satisfaction", "respondents", "25910", "plausible.per_base", "多填了一位数字（或小数点错位），应为 2591"),
        ("satisfaction", "score", "0.7658", "value.fraction_of_percent", ""),
        ("satisfaction", "score", "7658", "value.too_large", "很可能把百分数又乘了 100，应为 76.58"),
        ("aid", "amount", "32633130", "plausible.per_base", "多填了一位数字（或小数点错位），应为 3263313.00"),
        ("staff", "form_teachers", "540", "plausible.per_base", "应为 54"),
        ("staff", "teachers_arts", "110", "plausible.per_base", "应为 11"),
    ],
)
def test_a_slip_is_told_at_its_cell_with_its_cause(world, sheet, column, typed, rule, said) -> None:
    (told,) = [each for each in told_of(world, sheet, **{column: typed}) if each.address.column_name == column]
    assert told.rule_id == rule
    assert said in (told.suggestion or "")
    if said:
        assert str(told.suggested[0].value) in said


def test_an_income_that_nobody_can_live_on_is_unusual(world: World) -> None:
    told = told_of(world, "outcomes", monthly_income="350", income_respondents="200")
    assert [each.rule_id for each in told if each.address.column_name == "monthly_income"] == ["plausible.usual"]


def test_just_ten_thousand_times_last_year_is_said_so() -> None:
    column = next(c for contract in load_contracts(CITY.pack) for c in contract.columns if c.name == "special_funds")
    slip = likely_slip(column, Decimal(109954700), (Anchor("上年", 10995.47, 0.12, is_told=True),))
    assert slip is not None
    assert slip.words == "恰为上年的 10000 倍：很可能填的是元，不是万元，应为 10995.47"
    assert slip.meant == Decimal("10995.47")


def test_a_file_that_prints_last_year_says_how_many_times_it_is(world: World) -> None:
    submission = replace(world.submissions[2023, "3645900002"], last_year={("funds", "special_funds"): "10995.47"})
    told = audit([with_texts(submission, "funds", {"special_funds": "109954700"})], CITY).findings
    (slip,) = [each for each in told if each.address.column_name == "special_funds"]
    assert slip.is_error
    assert slip.suggestion == "恰为上年的 10000 倍：很可能填的是元，不是万元，应为 10995.47"


def test_one_wrong_base_is_one_doubt(world: World) -> None:
    """A number by which many others are divided: it is doubted, not they."""
    told = told_of(
        world, "students", students_full_time="259", students_full_time_male="", students_full_time_female=""
    )
    doubts = [each for each in told if each.rule_id.startswith("plausible.")]
    assert [each.address.column_name for each in doubts if each.rule_id == "plausible.base"] == ["students_full_time"]
    assert len(doubts) < 8


def test_two_rows_exchanged_are_said_so(world: World) -> None:
    """The amounts of two programmes: each row has something wrong, and the number that is meant stands in the next."""
    submission = world.submissions[2023, "3645900002"]
    texts = {("aid", "C7"): "12000", ("aid", "C8"): "730710"}
    typed = tuple(c._replace(raw_text=texts.get((c.sheet, c.cell), c.raw_text)) for c in submission.cells)
    told = audit([replace(submission, cells=typed)], CITY).findings
    assert [each.suggestion for each in told if each.rule_id == "aid.national_scholarship_is_6000"] == [
        "“资助金额”与7行填反了：C8 应为 12000，C7 应为 730710"
    ]


def test_a_number_and_its_neighbour_outside_the_rule_are_exchanged(world: World) -> None:
    told = told_of(world, "students", students_formal="1151", intake_full_time="2685")
    (first,) = [each.suggestion or "" for each in told if each.rule_id == "students.formal_covers_full_time"]
    assert first.startswith("“学历教育在校生数”应为 2685，“全日制招生数”应为 1151（两项填反了）")


def test_a_number_and_the_base_beside_it_are_exchanged(world: World) -> None:
    told = told_of(world, "community", community_activities="1300", community_beneficiaries="27")
    assert any("“科普与便民服务活动次数”填反了：应为 1300" in (each.suggestion or "") for each in told)


@pytest.mark.parametrize(
    ("beneficiaries", "printed", "said"),
    [
        ("1300", {("community", "community_activities"): "1234"}, "与上年的数 1234 完全相同：很可能误填了上年的数"),
        ("1234", {}, "与“活动受惠人次”的数相同：很可能误填了相邻一项的数"),
    ],
)
def test_a_number_that_stands_elsewhere_is_recognised(world: World, beneficiaries: str, printed, said: str) -> None:
    submission = replace(world.submissions[2023, "3645900002"], last_year=printed)
    typed = {"community_activities": "1234", "community_beneficiaries": beneficiaries}
    told = audit([with_texts(submission, "community", typed)], CITY).findings
    (doubt,) = [each for each in told if each.address.column_name == "community_activities"]
    assert (doubt.suggestion, doubt.suggested) == (said, ())


def test_the_number_of_another_school_is_recognised(world: World) -> None:
    own, other = (world.submissions[2023, code] for code in ("3645900002", "3645900001"))
    (books,) = (cell.raw_text for cell in other.cells if cell.column_name == "paper_books")
    spoilt = replace(with_texts(own, "conditions", {"paper_books": books}), submission_id="x")
    renamed = replace(spoilt, cells=tuple(cell._replace(submission_id="x") for cell in spoilt.cells))
    told = said_of(world, (2023, "3645900002"), renamed)
    (doubt,) = [each for each in told if each.address.column_name == "paper_books"]
    assert doubt.suggestion == "与3645900001本年的数完全相同：很可能误填了另一所学校的数"


def with_texts(submission: Submission, sheet: str, texts: Mapping[str, str]) -> Submission:
    """A file in which these columns of a form have other texts."""
    cells = (
        cell._replace(raw_text=texts[cell.column_name]) if cell.sheet == sheet and cell.column_name in texts else cell
        for cell in submission.cells
    )
    return replace(submission, cells=tuple(cells))


@pytest.mark.parametrize("year", YEARS)
def test_the_sample_city_has_told_the_truth(world: World, year: int) -> None:
    assert doubts_in(world, year) == Counter()


@pytest.mark.parametrize("seed", [GROWN_WITH[0], *deep(*GROWN_WITH[1:])])
def test_a_year_that_has_grown_is_believed(world: World, seed: int) -> None:
    """Every school up to 15 % larger, every number 3 % off that: at most one doubt a school."""
    later = grown_world(world, load_samples(CITY_DIR, YEARS[1]), seed)
    assert max(doubts_in(later, later.years[1]).values(), default=0) <= 1


@pytest.mark.deep
@pytest.mark.parametrize("name", ["district", "city"])
def test_a_city_of_another_province_is_believed(name: str) -> None:
    """In its two years, and in a third one in which it has grown."""
    other = WORLDS[name]
    last = other_books(name)[worlds.SECOND]
    there = world_of(other.city, other_books(name))
    later = grown_world(there, last, GROWN_WITH[0])
    assert [doubts_in(there, year) for year in there.years] == [Counter(), Counter()]
    assert max(doubts_in(later, later.years[1]).values(), default=0) <= 1


def other_books(name: str) -> dict[int, Mapping[str, worlds.Books]]:
    return {year: worlds.books_of(WORLDS[name], year) for year in worlds.YEARS}


def rates(world: World, planted: Sequence[PlantedNumber]) -> tuple[float, float, float]:
    """Shares of the slips that are told; of these with the cell among the first three places, and the kind named."""
    found = outcomes(world, planted)
    told = [each for each in found if each.is_told]
    missed = Counter((x.planted.sheet, x.planted.column, x.planted.kind) for x in found if not x.is_told)
    print(f"\n{len(found)} slips, {len(told)} told; missed:", *missed.most_common(), sep="\n  ")
    placed = sum(each.place is not None and each.place <= 3 for each in told)
    return len(told) / len(found), placed / len(told), sum(each.is_named for each in told) / len(told)


@pytest.mark.parametrize("seed", [TUNED_WITH, *deep(JUDGED_WITH)])
def test_slips_in_any_number_are_told_and_named(world: World, seed: int) -> None:
    told, placed, named = rates(world, sample_of(all_planted(world), COUNTS, seed))
    assert told >= 0.95
    assert placed >= 0.95
    assert named >= 0.9


@pytest.mark.deep
def test_slips_in_a_city_with_which_nothing_was_tuned_are_told_and_named() -> None:
    """In a year that has one before it: a first year has less to be held against (docs/benchmark/slips.md)."""
    there = world_of(WORLDS["province"].city, other_books("province"))
    of_second = [each for each in all_planted(there) if each.year == there.years[1]]
    told, placed, named = rates(there, sample_of(of_second, COUNTS, JUDGED_WITH))
    assert told >= 0.93  # measured: 95.3 and 97.0 % here, 94.7 and 94.4 % in the district
    assert placed >= 0.95
    assert named >= 0.9


@pytest.mark.parametrize(
    ("sheet", "column", "typed", "meant"),
    [
        ("funds", "per_student_funds", "-1199.30", "1199.30"),
        ("courses", "hours", "-12019", "12019"),
        ("aid", "amount", "-3263313", "3263313.00"),
        ("funds", "funded_students", "-2591", "2591"),
    ],
)
def test_a_number_below_zero_is_told_once_with_its_sign(world: World, sheet: str, column: str, typed, meant) -> None:
    """Numbers with a base beside them, and such a base: nothing else of the sheet is accused."""
    told = [each for each in told_of(world, sheet, **{column: typed}) if each.rule_id.partition(".")[0] != "cross"]
    new = [each for each in told if each.address.sheet != "毕业去向"]
    assert [(each.rule_id, each.suggestion) for each in new] == [("value.too_small", f"很可能多写了负号，应为 {meant}")]


@pytest.mark.parametrize(
    ("sheet", "column", "typed", "said"),
    [
        ("conditions", "floor_area", "5.467", "很可能填的是公顷（或万平方米），不是平方米，应为 54670.00"),
        ("funds", "per_student_funds", "0.11993", "很可能填的是亿元，不是万元，应为 1199.30"),
        ("aid", "amount", "326.3313", "很可能填的是万元，不是元，应为 3263313.00"),
        ("satisfaction", "score", "7.658", "应为 76.58"),
        ("student_development", "fitness_passed", "96.98%", "很可能填的是百分数（占比）：这里要填人数，不填占比"),
        ("student_development", "fitness_passed", "0.97", "很可能填的是占比（小数）：这里要填人数，不填占比"),
    ],
)
def test_a_number_that_the_column_cannot_hold_is_told_with_its_cause(world: World, sheet, column, typed, said) -> None:
    told = [each for each in told_of(world, sheet, **{column: typed}) if each.address.column_name == column]
    assert [each.rule_id in ("value.not_integer", "value.not_decimal") for each in told] == [True]
    assert (told[0].suggestion or "").endswith(said)


@pytest.mark.parametrize(("sheet", "column"), [("staff", "form_teachers"), ("cooperation", "co_developed_textbooks")])
def test_a_year_in_the_place_of_a_count_is_recognised(world: World, sheet: str, column: str) -> None:
    (told,) = [each for each in told_of(world, sheet, **{column: "2023"}) if each.address.column_name == column]
    assert (told.suggestion, told.suggested) == ("2023 像是年份：很可能误填了年份", ())


@pytest.mark.parametrize(("typed", "said"), [("2023-02-30", "日历上没有这一天：请核对年、月、日"), ("十一月底", None)])
def test_a_day_that_there_is_not_is_told_as_such(world: World, typed: str, said: str | None) -> None:
    (told,) = [each for each in told_of(world, "cover", filled_on=typed) if each.rule_id == "value.not_date"]
    assert told.suggestion == said


def test_what_follows_from_a_wrong_base_is_not_told_too(world: World) -> None:
    """Ten times the heads: the amount a head is not doubted beside them. A tenth of all students: not those asked."""
    of_heads = [each for each in told_of(world, "aid", recipients="37960") if each.rule_id.startswith("plausible.")]
    of_students = told_of(world, "students", students_formal="319")
    assert [each.address.column_name for each in of_heads] == ["recipients"]
    assert not [each for each in of_students if each.rule_id == "plausible.related"]


def test_a_number_is_shown_with_all_its_digits(world: World) -> None:
    (told,) = [each for each in told_of(world, "satisfaction", score="18.92") if each.address.column_name == "score"]
    assert "填的是 18.92，" in told.message


def test_a_count_is_not_exchanged_with_a_sum_of_money(world: World) -> None:
    """Nobody typed 1199.3 students, and the other way round it is not to be suggested."""
    told = told_of(world, "funds", funded_students="25910")
    assert told
    assert not [each for each in told if "填反了" in (each.suggestion or "")]


def test_an_amount_in_the_other_unit_is_suggested_first(world: World) -> None:
    (first, *_) = [each for each in told_of(world, "aid", amount="326.33") if each.rule_id == "aid.amount_is_in_yuan"]
    assert (first.suggestion or "").startswith("“资助金额”应为 3263300.00（填的是万元，不是元")
