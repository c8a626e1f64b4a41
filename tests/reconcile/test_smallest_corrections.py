"""Of figures that contradict each other, every smallest set that can be changed so that all agree, and no other."""

import random
from decimal import Decimal
from itertools import combinations, product
from pathlib import Path

import pytest

from tests.reconcile.test_commented_word import THREE_SCHOOLS, reconciled
from warehouse.figures.fact import Reference
from warehouse.reconcile.judging.relations import Interval, Relation, linear, ratio
from warehouse.reconcile.judging.smallest_corrections import Knot, knots

HIGHEST = 6


def fact(name: str) -> Reference:
    return Reference(name, 2031, THREE_SCHOOLS.code, "all")


def exactly(**values: int) -> dict[Reference, Interval]:
    return {fact(name): Interval(Decimal(value), Decimal(value)) for name, value in values.items()}


def adds_up(whole: str, *parts: str) -> Relation:
    terms = ((Decimal(-1), fact(whole)), *((Decimal(1), fact(part)) for part in parts))
    return linear("sum", terms, "=", fact(whole))


def sets_of(knot: Knot) -> set[frozenset[str]]:
    return {frozenset(change.fact.indicator for change in correction) for correction in knot.corrections}


def tied(relations: list[Relation], spans: dict[Reference, Interval]) -> list[Knot]:
    return knots([relation for relation in relations if not relation.holds(spans)], relations, spans)


def test_any_term_of_a_sum_alone_can_be_the_wrong_one():
    (knot,) = tied([adds_up("whole", "one", "other")], exactly(whole=10, one=4, other=5))
    assert sets_of(knot) == {frozenset({"whole"}), frozenset({"one"}), frozenset({"other"})}
    values = {change.fact.indicator: change.span.middle for (change,) in knot.corrections}
    assert values == {"whole": 9, "one": 5, "other": 6}


def test_what_another_sum_confirms_is_not_changed_alone():
    relations = [adds_up("whole", "one", "other"), adds_up("whole", "girls", "boys")]
    (knot,) = tied(relations, exactly(whole=10, one=4, other=5, girls=3, boys=7))
    assert sets_of(knot) == {frozenset({"one"}), frozenset({"other"})}


def test_a_share_that_was_worked_out_from_the_wrong_part_is_changed_with_it():
    relations = [adds_up("whole", "one", "other"), ratio(fact("share"), [fact("one")], [fact("whole")], 100)]
    spans = exactly(whole=1000, one=267, other=723, again=723) | {
        fact("share"): Interval(Decimal("26.65"), Decimal("26.75"))
    }
    (knot,) = tied(relations, spans)
    assert frozenset({"other"}) in sets_of(knot)
    confirmed = [*relations, linear("sum", ((Decimal(1), fact("other")), (Decimal(-1), fact("again"))), "=")]
    (knot,) = tied(confirmed, spans)
    assert frozenset({"one", "share"}) in sets_of(knot)
    (pair,) = (each for each in knot.corrections if {c.fact.indicator for c in each} == {"one", "share"})
    values = {change.fact.indicator: change.span for change in pair}
    assert values["one"].low <= 277 <= values["one"].high
    assert values["share"].low <= Decimal("27.7") <= values["share"].high


def test_contradictions_without_a_common_figure_are_told_apart():
    relations = [adds_up("a", "b", "c"), adds_up("x", "y", "z")]
    assert len(tied(relations, exactly(a=1, b=1, c=1, x=2, y=2, z=2))) == 2
    assert tied(relations, exactly(a=2, b=1, c=1, x=4, y=2, z=2)) == []


@pytest.mark.parametrize("seed", range(60))
def test_every_set_is_smallest_and_none_is_missed(seed: int):
    """Against trying out all small numbers, for sums; of pairs, those whose values are found by their relations."""
    drawn = random.Random(seed)
    names = ["a", "b", "c", "d", "e"]
    relations = [adds_up(*drawn.sample(names, drawn.randint(3, 4))) for _ in range(drawn.randint(1, 3))]
    bound = [name for name in names if any(fact(name) in relation.facts for relation in relations)]
    spans = exactly(**{name: drawn.randint(0, HIGHEST) for name in bound})
    for knot in tied(relations, spans):
        wanted: set[frozenset[str]] = set()
        for many in (1, 2):
            wanted = {
                frozenset(chosen)
                for chosen in combinations(bound, many)
                if all(set(map(fact, chosen)) & set(relation.facts) for relation in knot.broken)
                and any(
                    all(r.holds(spans | exactly(**dict(zip(chosen, values, strict=True)))) for r in relations)
                    for values in product(range(HIGHEST * 4), repeat=many)
                )
            }
            if wanted:
                break
        assert sets_of(knot) <= wanted or not wanted
        if wanted and len(next(iter(wanted))) == 1:
            assert sets_of(knot) == wanted


def test_the_memo_says_how_few_have_to_be_changed(tmp_path: Path):
    path = tmp_path / "report.txt"
    path.write_text("全市中职学校30所，其中公办17所，民办12所。", encoding="utf-8")
    memo = reconciled(path).memo
    assert "最少改 1 个数就全部吻合" in memo
    assert "30所 → 29" in memo
    assert "17所 → 18" in memo
    assert "12所 → 13" in memo
