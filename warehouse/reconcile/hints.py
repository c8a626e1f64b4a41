"""Printed figures that are worth a question and no more: an amount for each head that is a power of ten off."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from math import log10
from pathlib import Path

from sources.model import City, read_yaml
from warehouse.model import load_indicators
from warehouse.reconcile.diagnose import name_of
from warehouse.reconcile.figures import Fact, multiplier

NEAR = 0.2
"""How far (as a decimal logarithm) from a whole power of ten still counts as near it: a factor of about 1.6."""


def magnitude_hints(values: Mapping[Fact, Decimal], city: City) -> Iterator[tuple[Fact, str]]:
    """Facts with what is odd about them; the rules are in relations.yml under `magnitudes`."""
    declared = read_yaml(Path(__file__).with_name("relations.yml"))["magnitudes"]
    for rule in declared:
        for fact, amount in values.items():
            heads = values.get(fact._replace(indicator=rule["heads"]))
            beside = values.get(fact._replace(indicator=rule["beside"]))
            if fact.indicator != rule["amount"] or not amount or not heads or not beside:
                continue
            each = amount * multiplier(load_indicators()[fact.indicator].unit) / heads
            power = log10(each / beside)
            if round(power) != 0 and abs(power - round(power)) < NEAR:
                names = [name_of(f, city) for f in (fact, fact._replace(indicator=rule["heads"]))]
                other = name_of(fact._replace(indicator=rule["beside"]), city)
                yield (
                    fact,
                    f"{names[0]}除以{names[1]}约为 {each:.0f}，而{other}为 {beside.normalize():f}："
                    f"相差约 10 的 {round(power)} 次方，请核对数量级（万、亿）和两者的口径",
                )
