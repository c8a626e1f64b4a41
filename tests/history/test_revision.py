"""The parts of a printed figure's change make it up exactly, each has the right cause, none tells what is hidden."""

import os
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.system.settings import Settings
from tests.history.published_files import BEGAN
from warehouse.history.as_of import open_history
from warehouse.history.keep_history import note_publication
from warehouse.history.revision import RevisedFigure, Share, VersionChange, parts_of

AMOUNTS = st.decimals(min_value=0, max_value=10**7, places=4)


def figure(before: tuple[Decimal, Decimal], since: tuple[Decimal, Decimal], scale: int, **how: bool) -> RevisedFigure:
    values = [(Fraction(n) * scale / Fraction(d) if d else Fraction(n)) for n, d in (before, since)]
    shown = [Decimal(round(value * 10**12)).scaleb(-12) for value in values]
    told = {"is_redefined": False, "has_other_scope": False} | how
    sides = (before[0], since[0], before[1], since[1])
    return RevisedFigure(2030, "R", "i", scale, bool(before[1]), **told, **dict(zip(SIDES, sides, strict=True)),
                         difference=shown[1] - shown[0])  # fmt: skip


SIDES = ("numerator_before", "numerator_since", "denominator_before", "denominator_since")


@given(
    st.lists(st.tuples(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS), min_size=1, max_size=8), st.sampled_from([1, 100, 10000])
)
def test_the_parts_of_a_ratio_add_up_exactly_whatever_schools_change(schools, scale):
    """Each school's numbers before and since; one more that stays keeps the denominators above zero."""
    before = (sum((s[0] for s in schools), Decimal(5)), sum((s[1] for s in schools), Decimal(10)))
    since = (sum((s[2] for s in schools), Decimal(5)), sum((s[3] for s in schools), Decimal(10)))
    shares = [Share("data", f"S{nth}", "B", s[2] - s[0], s[3] - s[1]) for nth, s in enumerate(schools)]
    moved = figure(before, since, scale)
    parts = parts_of(moved, shares, {(2030, "R"): [VersionChange("S0", "old", "new")]})
    assert sum(part.difference for part in parts) == moved.difference
    assert len(parts) == len(shares), "nothing is left for a definition"
    assert {part.cause for part in parts[1:]} <= {"definition"}
    assert (parts[0].cause, parts[0].version.after) == ("version", "new")


def test_one_school_alone_makes_all_of_a_difference_and_nobody_else_any():
    moved = figure((Decimal(30), Decimal(60)), (Decimal(40), Decimal(80)), 100)
    (part,) = parts_of(moved, [Share("data", "S1", "B", Decimal(10), Decimal(20))], {})
    assert part.difference == moved.difference == 0
    moved = figure((Decimal(30), Decimal(60)), (Decimal(45), Decimal(80)), 100)
    grown, thinned = parts_of(
        moved,
        [Share("data", "S1", "B", Decimal(15), Decimal(0)), Share("data", "S2", "B", Decimal(0), Decimal(20))],
        {},
    )
    assert grown.difference > 0 > thinned.difference, "more above the line, more below it"


def test_what_another_formula_makes_is_a_definition():
    moved = figure((Decimal(30), Decimal(60)), (Decimal(30), Decimal(60)), 100)
    redefined = RevisedFigure(*[getattr(moved, name) for name in moved.__slots__[:-1]], difference=Decimal(450))
    (part, rest) = parts_of(redefined, [Share("data", "S1", "B", Decimal(0), Decimal(1))], {})
    assert (rest.cause, part.difference + rest.difference) == ("definition", 450)


@pytest.mark.parametrize(
    ("replaced", "how", "cause"),
    [
        (0, {}, "definition"),
        (1, {}, "version"),
        (2, {}, "together"),
        (0, {"has_other_scope": True}, "scope"),
        (0, {"is_redefined": True}, "definition"),
        (1, {"has_other_scope": True}, "together"),
    ],
)
def test_a_whole_has_the_one_cause_that_there_is(replaced, how, cause):
    moved = figure((Decimal(3), Decimal(0)), (Decimal(4), Decimal(0)), 1, **how)
    versions = {(2030, "R"): [VersionChange(f"S{nth}", None, "new") for nth in range(replaced)]}
    (part,) = parts_of(moved, [Share("whole", None, None, Decimal(1), Decimal(0))], versions)
    assert (part.cause, part.difference) == (cause, 1)


def publish_numbers(settings: Settings, night: int, schools: dict[str, tuple[int, int, str]], versions: str) -> None:
    """Publishes one rate of one region by hand: school → above the line, below it, status; each has sent a version."""
    target = settings.published_database
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    above, below = (sum(numbers[side] for numbers in schools.values()) for side in (0, 1))
    rows = [f"(2030, 'region', 'R', 'all', {above}, {below}, 100.0 * {above} / {below}, 'ok')"]
    rows += [
        f"(2030, 'school', '{code}', 'school', "
        + ("null, null, null" if status == "suppressed" else f"{n}, {d}, 100.0 * {n} / {d}")
        + f", '{status}')"
        for code, (n, d, status) in schools.items()
    ]
    listed = ", ".join(f"('{code}')" for code in schools)
    with closing(duckdb.connect(str(target))) as connection:
        connection.execute(f"""
            create schema core; create schema quality; create schema registry;
            create table registry.state as from (values ('built_from', 'night {night}')) as t(name, value);
            create table registry.receipt as select now() as received_at;
            create table core.fct_indicator_value as
                select year as report_year, kind as subject_kind, code as subject_code, scope as scope_code,
                    'rate' as indicator_code, 'standard' as definition, cast(n as decimal(24, 4)) as numerator,
                    cast(d as decimal(24, 4)) as denominator, cast(v as decimal(38, 12)) as value,
                    cast(round(v, 2) as varchar) as display, s as status, 1 as n_reported
                from (values {", ".join(rows)}) as t(year, kind, code, scope, n, d, v, s);
            create table core.fct_indicator_change as
                select 2030 as report_year, 'R' as region_code, 'rate' as indicator_code, 'all' as scope_code;
            create table core.dim_indicator as
                select 'rate' as indicator_code, '升学率' as label, '%' as unit, 'ratio' as kind, 100 as scale;
            create table core.dim_school as
                select 2030 as report_year, code as school_code, 'B' as bureau_code from (values {listed}) as t(code);
            create table core.brg_region_school as
                select report_year, 'R' as region_code, school_code from core.dim_school;
            create table core.brg_scope_school as
                select report_year, 'all' as scope_code, school_code from core.dim_school;
            create table quality.submission as
                select 2030 as report_year, code as respondent_code, 'R' as region_code,
                    code || version as submission_id,
                    true as is_current
                from (select t.code, string_split('{versions}', ' ')[row_number() over ()] as version
                    from (values {listed}) as t(code));
        """)
    moment = (BEGAN + timedelta(days=night)).timestamp()
    os.utime(target, (moment, moment))
    note_publication(settings)


def parts_of_last(settings: Settings) -> list[tuple[object, ...]]:
    with open_history(settings, "UTC") as connection:
        return connection.execute(
            "select cause, school_code, submission_after, difference, numerator_change"
            " from history.report.revision_part"
            " where known_from = (select max(known_from) from history.publication) order by part"
        ).fetchall()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", city_dir=tmp_path)


def test_two_corrections_in_one_night_have_each_their_part(settings):
    publish_numbers(settings, 1, {"S1": (30, 60, "ok"), "S2": (20, 80, "ok"), "S3": (5, 10, "ok")}, "a a a")
    publish_numbers(settings, 2, {"S1": (40, 60, "ok"), "S2": (20, 90, "ok"), "S3": (6, 10, "ok")}, "b b a")
    parts = parts_of_last(settings)
    told = [("version", "S1", "S1b"), ("version", "S2", "S2b"), ("definition", "S3", None)]
    assert [part[:3] for part in parts] == told
    with open_history(settings, "UTC") as connection:
        (difference,) = connection.execute(
            "select difference from history.report.revision where difference <> 0"
        ).fetchone()
    assert sum(part[3] for part in parts) == difference
    assert [part[3] > 0 for part in parts] == [True, False, True]


def test_where_a_school_is_hidden_nothing_is_said_of_any(settings):
    """With the others' parts, the rest would tell its own."""
    publish_numbers(
        settings, 1, {"S1": (30, 60, "ok"), "S2": (2, 3, "suppressed"), "S3": (5, 10, "suppressed")}, "a a a"
    )
    publish_numbers(
        settings, 2, {"S1": (40, 60, "ok"), "S2": (1, 3, "suppressed"), "S3": (5, 10, "suppressed")}, "b b a"
    )
    ((cause, school, submission, _, change),) = parts_of_last(settings)
    assert (cause, school, submission, change) == ("together", None, None, 9)


def test_what_is_no_number_before_or_since_has_no_difference(settings):
    publish_numbers(settings, 1, {"S1": (30, 60, "ok")}, "a")
    assert parts_of_last(settings) == []
    with open_history(settings, "UTC") as connection:
        row = connection.execute("select display_before, display_after, difference from history.report.revision")
        assert row.fetchall() == [(None, "50.0", None)]
