"""No model compares every row with every other to find equal keys: ten years cost ten times one, not a hundred."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from sources.declarations.city import City
from sources.system.settings import Settings
from warehouse.run.compile import Model, build_order, load_manifest
from warehouse.store.connection import open_published

EVERY_PAIR = "BLOCKWISE_NL_JOIN"
"""DuckDB's join of last resort. A flag of the left side in the condition of a left join leads to it, beside any keys:
write `case when <flag> then <key> end = <key>` for `<flag> and <key> = <key>`."""
EQUAL = re.compile(r"(?<![<>!])=")


def conditions_over_every_pair(plan: Any) -> Iterator[str]:
    """Conditions by which a plan compares every pair of rows, although they ask for equal keys."""
    if plan["name"].strip() == EVERY_PAIR:
        condition = str(plan["extra_info"].get("Condition") or plan["extra_info"].get("Conditions"))
        if EQUAL.search(condition) and " AND " in condition:
            yield condition
    for each in plan["children"]:
        yield from conditions_over_every_pair(each)


def plan_of(connection: Any, sql: str) -> Any:
    ((_, told),) = connection.execute(f"explain (format json) {sql}").fetchall()
    (plan,) = json.loads(told)
    return plan


def test_models_join_by_their_keys(city_run: Settings, city: City):
    models = [node for node in build_order(load_manifest(city_run, city.pack)) if isinstance(node, Model)]
    assert models
    with open_published(city_run) as connection:
        found = {each.name: [*conditions_over_every_pair(plan_of(connection, each.sql))] for each in models}
    assert {name: conditions for name, conditions in found.items() if conditions} == {}


@pytest.mark.parametrize(
    ("condition", "is_told"),
    [
        ("l.is_now = 1 and l.year = r.year", True),
        ("l.is_now and l.year = r.year + 1 and l.code = r.code", True),
        ("case when l.is_now = 1 then l.year end = r.year", False),
        ("l.year between r.since and r.until", False),
    ],
)
def test_a_flag_beside_the_keys_is_told(city_run: Settings, condition: str, is_told: bool):
    rows = "(select range as year, 'a' as code, range % 2 as is_now, range as since, range as until from range(9))"
    with open_published(city_run) as connection:
        plan = plan_of(connection, f"select l.*, r.code from {rows} as l left join {rows} as r on {condition}")
    assert bool([*conditions_over_every_pair(plan)]) is is_told
