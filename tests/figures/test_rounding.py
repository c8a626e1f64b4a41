"""Rounding is written twice, in Python and in SQL; both give the same number, text and verdict."""

from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jinja2 import Environment

from sources.system.settings import PROJECT_ROOT
from warehouse.figures.rounding import (
    change_text,
    fixed_text,
    in_unit,
    rounded,
    trimmed_text,
    truncated,
    verdict,
)

MACROS = PROJECT_ROOT / "dbt_project" / "macros"
DECIMALS = st.integers(0, 4)
LARGE = 10**19
VALUES = st.decimals(-LARGE, LARGE, places=12) | st.builds(
    lambda whole, decimals: Decimal(2 * whole + 1).scaleb(-decimals) / 2, st.integers(-(10**6), 10**6), DECIMALS
)
"""What the models compute: DECIMAL with 12 decimals; and values that lie just between two printed ones."""
AMOUNTS = st.decimals(-LARGE, LARGE, places=4)


@pytest.fixture(scope="module")
def in_sql():
    """A call of one of the project's macros, as dbt renders it, on columns of these names and values."""
    text = "".join((MACROS / f"{name}.sql").read_text("utf-8") for name in ("exact", "rounding"))
    environment = Environment()
    environment.globals["dbt"] = SimpleNamespace(type_string=lambda: "varchar")
    connection = duckdb.connect()

    def result(call: str, **columns):
        given = ", ".join(f"cast(? as {TYPES[name]}) as {name}" for name in columns)
        sql = environment.from_string(f"{text} select {{{{ {call} }}}} from (select {given})").render()
        return connection.execute(sql, [str(value) for value in columns.values()]).fetchone()[0]

    return result


TYPES = {
    "value": "decimal(38, 12)",
    "amount": "decimal(24, 4)",
    "decimals": "bigint",
    "printed": "decimal(38, 12)",
    "is_least": "boolean",
}


@given(VALUES, DECIMALS)
@example(Decimal("0.5"), 0)
@example(Decimal("-0.5"), 0)
@example(Decimal("2.675"), 2)
@example(Decimal("-1.00005"), 4)
def test_a_value_is_rounded_half_up_and_cut_off_alike(in_sql, value, decimals):
    for name, ours in (("rounded", rounded), ("truncated", truncated)):
        assert in_sql(f"{name}('value', 'decimals')", value=value, decimals=decimals) == ours(value, decimals)


@given(VALUES, DECIMALS)
def test_what_is_rounded_is_nearest_and_what_is_cut_off_is_not_beyond(value, decimals):
    step = Fraction(1, 10**decimals)
    assert abs(Fraction(rounded(value, decimals)) - Fraction(value)) <= step / 2
    assert 0 <= abs(Fraction(value)) - abs(Fraction(truncated(value, decimals))) < step
    assert rounded(-value, decimals) == -rounded(value, decimals)


@given(AMOUNTS, DECIMALS)
@example(Decimal(0), 2)
@example(Decimal(100), 0)
def test_a_number_has_the_same_text(in_sql, amount, decimals):
    value = rounded(amount, decimals)
    assert in_sql("fixed_text('amount', 'decimals')", amount=value, decimals=decimals) == fixed_text(value, decimals)
    assert in_sql("trimmed_text('amount')", amount=amount) == trimmed_text(amount)


@given(st.data(), VALUES, DECIMALS, st.booleans())
def test_a_printed_number_gets_the_same_verdict(in_sql, data, value, decimals, is_least):
    step = Decimal(1).scaleb(-decimals)
    near = [rounded(value, decimals), truncated(value, decimals), -rounded(value, decimals)]
    printed = data.draw(st.sampled_from([*near, near[0] + step, near[1] - step]))
    call = "verdict('value', 'printed', 'decimals', 'is_least')"
    found = in_sql(call, value=value, printed=printed, decimals=decimals, is_least=is_least)
    assert found == verdict(value, printed, decimals, is_least)


@pytest.mark.parametrize(
    ("exact", "printed", "decimals", "is_lower_bound", "expected"),
    [
        ("36.765", "36.77", 2, False, "consistent"),
        ("36.765", "36.76", 2, False, "truncated"),
        ("36.765", "36.75", 2, False, "differs"),
        ("-1155", "1155", 0, False, "differs"),
        ("-0.3", "0", 0, False, "consistent"),
        ("1203", "1200", 0, True, "consistent"),
        ("1199", "1200", 0, True, "differs"),
        ("-120", "-100", 0, True, "consistent"),
    ],
)
def test_consistent_truncated_or_differs(exact, printed, decimals, is_lower_bound, expected):
    assert verdict(Decimal(exact), Decimal(printed), decimals, is_lower_bound) == expected


def test_a_change_says_its_way_by_an_arrow():
    assert [change_text(Decimal(text)) for text in ("-1155.0000", "0.5000", "0.0000")] == ["1155↓", "0.5↑", "持平"]


FACTORS = {("元", "万元"): 10_000, ("万元", "亿元"): 10_000}


@pytest.mark.parametrize(
    ("value", "unit", "to", "shown", "was_rounded"),
    [
        ("44341000", "元", "万元", "4434.1", False),
        ("149400", "万元", "亿元", "14.94", False),
        ("123456", "万元", "亿元", "12.3456", False),
        ("123456.5", "万元", "亿元", "12.3457", True),
        ("2100", "万元", "万元", "2100", False),
    ],
)
def test_a_number_in_a_larger_unit_says_whether_it_was_rounded(value, unit, to, shown, was_rounded):
    assert in_unit(Decimal(value), unit, to, FACTORS) == (Decimal(shown), was_rounded)


def test_a_unit_that_nobody_declared_is_not_converted():
    with pytest.raises(LookupError, match="没有规定怎样把人换算成万元"):
        in_unit(Decimal(35205), "人", "万元", FACTORS)
