"""What the linter of the dbt project refuses, each with the text that it asks for instead, which it accepts."""

import pytest

from tests.lint.portable_sql import offences, offences_in_yaml, project_offences

REFUSED_AND_ACCEPTED = {
    "qualify": (
        "select a from t qualify row_number() over (order by a nulls last) = 1",
        "select a from (select a, row_number() over (order by a nulls last) as n from t) as s where n = 1",
    ),
    "group by all": ("select a, max(b) as b from t group by all", "select a, max(b) as b from t group by a"),
    "order by all": ("select a from t order by all", "select a from t order by a nulls last"),
    "* exclude": ("select * exclude (a) from t", "select b, c from t"),
    "* replace": ("select * replace (1 as a) from t", "select 1 as a, b from t"),
    "the alias b in a later column": (
        "select a + 1 as b, b + 1 as c from t",
        "with s as (select a + 1 as b from t) select b, b + 1 as c from s",
    ),
    "the alias b in where": ("select a + 1 as b from t where b > 1", "select a + 1 as b from t where a + 1 > 1"),
    "the alias n in having": (
        "select a, count(*) as n from t group by a having n > 1",
        "select a, count(*) as n from t group by a having count(*) > 1",
    ),
    "count_if()": ("select count_if(a > 1) as n from t", "select sum(case when a > 1 then 1 else 0 end) as n from t"),
    "a sum of conditions": ("select sum(a > 1) as n from t", "select sum(case when a > 1 then 1 end) as n from t"),
    "median()": (
        "select median(a) as m from t",
        "select percentile_cont(0.5) within group (order by a nulls last) as m from t",
    ),
    "quantile_cont()": (
        "select quantile_cont(a, 0.9) as m from t",
        "select percentile_cont(0.9) within group (order by a nulls last) as m from t",
    ),
    "string_agg()": ("select string_agg(a, '、') as s from t", 'select {{ joined_texts("a", "、") }} as s from t'),
    "pivot": (
        "pivot t on a using max(b)",
        "select max(case when a = 'x' then b end) as x from t",
    ),
    "unnest()": ("select unnest(a) as b from t", "select t.a, n.b from t cross join n"),
    "a list or a subscript": ("select [1, 2] as a", "select 1 as a union all select 2 as a"),
    "a struct": ("select {'a': 1} as s", "select 1 as a"),
    "try_cast()": ("select try_cast(a as date) as d from t", "select cast(a as date) as d from t"),
    "the type text": ("select cast(a as varchar) as s from t", "select cast(a as {{ dbt.type_string() }}) as s from t"),
    "the type double": ("select cast(a as double) as x from t", "select cast(a as decimal(24, 4)) as x from t"),
    "the type float": ("select cast(a as float) as x from t", "select cast(a as {{ type_value() }}) as x from t"),
    "the type int128": ("select cast(a as hugeint) as x from t", "select cast(a as decimal(38, 0)) as x from t"),
    "the type int": ("select cast(a as integer) as x from t", "select cast(a as bigint) as x from t"),
    "the type timestamptz": (
        "select cast(a as timestamptz) as x from t",
        "select cast(a as {{ dbt.type_timestamp() }}) as x from t",
    ),
    "decimal without digits": ("select cast(a as decimal) as x from t", "select cast(a as decimal(9, 2)) as x from t"),
    "year()": ("select year(d) as y from t", "select extract(year from d) as y from t"),
    "any_value()": ("select any_value(a) as a from t", "select max(a) as a from t"),
    "::": ("select a::date as d from t", "select cast(a as date) as d from t"),
    "/": ("select a / b as r from t", 'select {{ exact_ratio("a", "b", "100") }} as r from t'),
    "//": ("select a // b as r from t", 'select {{ whole_quotient("a", "b") }} as r from t'),
    "order by without a place for nulls": (
        "select row_number() over (partition by a order by b desc, c nulls last) as n from t",
        "select row_number() over (partition by a order by b desc nulls last, c nulls last) as n from t",
    ),
    "concat()": ("select concat(a, 'x') as s from t", "select a || 'x' as s from t"),
    "regexp_replace()": (
        "select regexp_replace(a, '[0-9]', 'x') as s from t",
        'select {{ first_number_replaced("a", "b") }} as s from t',
    ),
    "trim()": ("select trim(a) as s from t", "select trim(both ' 　' from a) as s from t"),
    "rtrim()": ("select rtrim(a, '0') as s from t", "select trim(trailing '0' from a) as s from t"),
    "trunc()": ("select trunc(a) as x from t", 'select {{ truncated("a", "b") }} as x from t'),
    "\\ in a text": (
        "select regexp_extract(a, '\\d+', 0) as s from t",
        "select regexp_extract(a, '[0-9]+', 0) as s from t",
    ),
    'a name in ""': ('select "a" from t', "select a from t"),
    "the name 学校": ("select a as 学校 from t", "select a as school, '学校' as label from t"),
    "a lambda or JSON": ("select a -> 'b' as b from t", "select b from t"),
    "datediff()": (
        "select datediff('day', a, b) as d from t",
        'select {{ dbt.datediff("a", "b", "day") }} as d from t',
    ),
    "text that cannot be read as SQL": ("select a a a from t", "select a from t"),
}


@pytest.mark.parametrize("construct", REFUSED_AND_ACCEPTED)
def test_a_construct_is_refused_with_what_to_write_instead(construct):
    refused, accepted = REFUSED_AND_ACCEPTED[construct]
    found = offences(refused)
    assert construct in [offence.construct for offence in found]
    assert all(offence.instead for offence in found)
    assert offences(accepted) == []


def test_an_offence_names_its_line_also_behind_jinja_and_comments():
    text = "{# a\ncomment #}\nwith\n    s as (\n        {{ made(\n'x') }}\n    )\nselect\n    a::date as d\nfrom s\n"
    assert [(offence.line, offence.construct) for offence in offences(text)] == [(9, "::")]


def test_macros_are_read_but_not_those_for_one_engine():
    portable = "{% macro half(a) %}\n    {{ a }} / 2\n{% endmacro %}\n"
    assert [(offence.line, offence.construct) for offence in offences(portable)] == [(2, "/")]
    assert offences(portable.replace("half", "spark__half")) == []
    assert offences(portable.replace("half", "default__half")) == []


def test_both_branches_and_the_body_of_a_loop_are_read():
    text = "select {% for x in xs %} a::{{ x }} as b, {% endfor %} 1 as c from t"
    assert "::" in [offence.construct for offence in offences(text)]


def test_an_alias_that_only_casts_its_own_column_may_be_used_because_it_is_the_column():
    assert offences("select cast(a as bigint) as a, a + 1 as b from t where a > 0") == []


def test_an_inner_query_has_names_of_its_own():
    assert offences("select 1 as b from t where exists (select 1 as one from u where b > 1)") == []


def test_conditions_of_tests_in_properties_are_read():
    text = "models:\n  - name: m\n    data_tests:\n      - holds: {name: n, arguments: {condition: a / b > 1}}\n"
    assert [(offence.line, offence.construct) for offence in offences_in_yaml(text)] == [(4, "/")]


def test_the_project_carries_over():
    assert [f"{path}:{offence.line} {offence.construct}" for path, offence in project_offences()] == []
