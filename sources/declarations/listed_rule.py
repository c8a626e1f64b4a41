"""All rules in one list, of every state, each under the name that its findings have."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from sources.declarations.agreement import cross_rules
from sources.declarations.contract import contracts_as_declared
from sources.declarations.pack import Pack
from sources.declarations.rule import (
    STATE_LABELS,
    CrossRule,
    DeclaredRule,
    RowRule,
    cross_rules_as_declared,
    load_intake_rules,
)

Scope = Literal["file", "row", "submission", "city"]
SCOPE_LABELS: dict[Scope, str] = {
    "file": "每份文件",
    "row": "一张表的一行",
    "submission": "同一工作簿各表之间",
    "city": "与上年、教育局和其他学校比对",
}


@dataclass(frozen=True, slots=True)
class ListedRule:
    """A rule as findings name it. `sheet` (a contract's name) and `columns` say which cells carry its findings; a rule
    of a file has none."""

    id: str
    scope: Scope
    rule: DeclaredRule
    sheet: str = ""
    columns: tuple[str, ...] = ()


@lru_cache
def listed_rules(pack: Pack) -> tuple[ListedRule, ...]:
    """Today's rules of a file, then those of the sheets in their order, then those across sheets and respondents."""
    return tuple(_listed(pack.today))


def _listed(pack: Pack) -> Iterator[ListedRule]:
    for intake in load_intake_rules().values():
        yield ListedRule(intake.id, "file", intake)
    for contract in sorted(contracts_as_declared(pack).values(), key=lambda each: (each.order, each.name)):
        for rule in contract.rules:
            yield ListedRule(f"{contract.name}.{rule.id}", "row", rule, contract.name, rule.columns)
    across = {each.id: each for each in (*cross_rules_as_declared(pack), *cross_rules(pack))}
    for each in across.values():
        yield ListedRule(each.id, each.level, each, each.sheet, (each.column,))


def condition_of(rule: DeclaredRule) -> str:
    """What a rule asks, as it is computed; nothing where a program says it."""
    if isinstance(rule, RowRule):
        return rule.expr
    return " ".join(rule.sql.split()) if isinstance(rule, CrossRule) else ""


def state_in_words(rule: DeclaredRule) -> str:
    """Where a rule stands, with its years."""
    label = STATE_LABELS[rule.life.state]
    if rule.since and rule.until:
        return f"{label}（{rule.since}—{rule.until} 年度）"
    if rule.since or rule.until:
        return f"{label}（{rule.since} 年度起）" if rule.since else f"{label}（到 {rule.until} 年度）"
    return label
