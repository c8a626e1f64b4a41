"""Hints point at printed figures that are odd but not wrong: magnitudes, and parts that overlap."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from math import log10

from sources.declarations.city import City
from warehouse.catalogue.catalogue import Catalogue
from warehouse.figures.fact import VALUE, Reference
from warehouse.reconcile.judging.causes import name_of
from warehouse.reconcile.judging.declared_relations import declared_relations
from warehouse.reconcile.judging.relations import Interval, Relation
from warehouse.reconcile.reading.printed_figure import multiplier

NEAR = 0.2
"""How far (as a decimal logarithm) from a whole power of ten still counts as near it: a factor of about 1.6."""


def magnitude_hints(
    values: Mapping[Reference, Decimal], city: City, catalogue: Catalogue
) -> Iterator[tuple[Reference, str]]:
    """Each odd fact and the reason; the rules are in relations.yml under `magnitudes`.

    Only values have a magnitude to compare: the quotient of two changes is no amount a head, and may be negative.
    """
    for rule in declared_relations().magnitudes:
        for fact, amount in values.items():
            heads = values.get(replace(fact, indicator=rule.heads))
            beside = values.get(replace(fact, indicator=rule.beside))
            if fact.kind != VALUE or fact.indicator != rule.amount or not amount or not heads or not beside:
                continue
            each = amount * multiplier(catalogue.indicators[fact.indicator].unit) / heads
            if each / beside <= 0:
                continue  # a sign that differs is wrong in another way than by a power of ten
            power = log10(each / beside)
            if round(power) != 0 and abs(power - round(power)) < NEAR:
                names = [name_of(f, city, catalogue) for f in (fact, replace(fact, indicator=rule.heads))]
                other = name_of(replace(fact, indicator=rule.beside), city, catalogue)
                yield (
                    fact,
                    f"{names[0]}除以{names[1]}约为 {each:.0f}，而{other}为 {beside.normalize():f}："
                    f"相差约 10 的 {round(power)} 次方，请核对数量级（万、亿）和两者的口径",
                )


def overlap_hints(
    relations: Iterable[Relation],
    spans: Mapping[Reference, Interval],
    taken: Mapping[Reference, Decimal],
    catalogue: Catalogue,
) -> Iterator[tuple[Reference, str]]:
    """Wholes that their parts exceed, where one thing may be in several parts: it only looks like a contradiction.

    `spans` are the printed values. A whole that is `taken` to be the sum of its parts is a misprint, and the sum is one
    more sign of it.
    """
    for relation in relations:
        if relation.sides is None or relation.sides[1] != "<=":
            continue
        wholes, _, parts = relation.sides
        if len(wholes) != 1 or len(parts) < 2 or any(coefficient != 1 for coefficient, _ in parts):
            continue
        total = sum((spans[fact].middle for _, fact in parts), Decimal(0))
        whole = wholes[0][1]
        if total > spans[whole].high:
            names = "、".join(catalogue.indicators[fact.indicator].label for _, fact in parts)
            told = "就是重算值" if taken.get(whole) == total else "多于合计：各项可以重叠，不是矛盾"
            yield whole, f"{names}之和为 {total.normalize():f}，{told}"
