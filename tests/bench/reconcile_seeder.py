"""Plants errors of each class into a clean list of printed figures, and measures what the reconciliation makes of them.

The clean list is the sample city's printed list with every figure that does not agree put right. Each class of error
is planted alone, a few at a time, so that one error cannot explain another. `measure` gives the figures as data; run
as a program it builds the sample city in a temporary folder and prints them.
"""

import random
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb

from sources.model import City
from warehouse.model import load_indicators
from warehouse.reconcile import reconcile
from warehouse.reconcile.figures import CHANGE, NUMBER, STANDARD, TARGET, VALUE, Fact, Figure
from warehouse.reconcile.match import load_names, meaning
from warehouse.reconcile.prints import prints_of
from warehouse.reconcile.relations import derive
from warehouse.reconcile.slips import slip
from warehouse.reconcile.witnesses import Recomputed, recompute, unit_factor

SEED = 2023
AT_ONCE = 6


@dataclass(frozen=True)
class Context:
    """The clean list and everything that is true of it."""

    figures: Sequence[Figure]
    facts: Sequence[Fact]
    recomputed: Recomputed
    city: City

    def value(self, fact: Fact) -> Decimal | None:
        return self.recomputed.of(fact, self.city)

    def in_unit(self, position: int, value: Decimal) -> Decimal:
        return value / unit_factor(self.figures[position], load_indicators()[self.facts[position].indicator])


Slip = Callable[[int, Context, random.Random], Iterator[Decimal]]
"""Wrong values for one figure, likeliest first; none when the class does not apply to it."""


def _step(figure: Figure) -> Decimal:
    return Decimal(1).scaleb(-figure.decimals)


def _digits(figure: Figure) -> str:
    assert figure.value is not None
    return str(int(abs(figure.value) / _step(figure)))


def _with_digits(figure: Figure, digits: str) -> Decimal:
    assert figure.value is not None
    return int(digits) * _step(figure) * (-1 if figure.value < 0 else 1)


def truncated(position: int, context: Context, _: random.Random) -> Iterator[Decimal]:
    figure = context.figures[position]
    exact = context.value(context.facts[position])
    if exact is not None and figure.decimals and context.facts[position].kind == VALUE:
        yield context.in_unit(position, exact).quantize(_step(figure), ROUND_DOWN)


def power_of_ten(position: int, context: Context, rng: random.Random) -> Iterator[Decimal]:
    figure = context.figures[position]
    powers = [1, 2, 3, -1] if load_indicators()[context.facts[position].indicator].unit != "%" else [1, 3, -1]
    if len(_digits(figure)) > 1 and figure.value is not None:
        yield figure.value.scaleb(rng.choice(powers))


def ten_thousand(position: int, context: Context, rng: random.Random) -> Iterator[Decimal]:
    figure = context.figures[position]
    if len(_digits(figure)) > 2 and not figure.unit.endswith("元") and figure.value is not None:
        yield figure.value.scaleb(rng.choice([4, 8]))


def yuan(position: int, context: Context, rng: random.Random) -> Iterator[Decimal]:
    figure = context.figures[position]
    if figure.unit.endswith("元") and figure.value is not None:
        yield figure.value.scaleb(rng.choice([4, -4]))


def fraction(position: int, context: Context, _: random.Random) -> Iterator[Decimal]:
    figure = context.figures[position]
    if figure.unit == "%" and figure.value is not None:
        yield figure.value / 100


def percentage_point(position: int, context: Context, _: random.Random) -> Iterator[Decimal]:
    figure, fact = context.figures[position], context.facts[position]
    before = [
        context.value(f) for f in context.facts if f._replace(scope=fact.scope) == fact._replace(kind=VALUE, year=fact.year - 1)
    ]
    if fact.kind == CHANGE and figure.unit == "百分点" and before and before[0] and figure.value is not None:
        yield (100 * figure.value / before[0]).quantize(Decimal("0.01"), ROUND_HALF_UP)


def one_digit(position: int, context: Context, rng: random.Random) -> Iterator[Decimal]:
    figure = context.figures[position]
    digits = _digits(figure)
    if len(digits) > 1:
        place = rng.randrange(len(digits))
        choices = [d for d in "0123456789" if d != digits[place] and (place or d != "0")]
        yield _with_digits(figure, digits[:place] + rng.choice(choices) + digits[place + 1 :])


def swapped(position: int, context: Context, rng: random.Random) -> Iterator[Decimal]:
    figure = context.figures[position]
    digits = _digits(figure)
    places = [i for i in range(len(digits) - 1) if digits[i] != digits[i + 1] and (i or digits[1] != "0")]
    if places:
        i = rng.choice(places)
        yield _with_digits(figure, digits[:i] + digits[i + 1] + digits[i] + digits[i + 2 :])


def sign(position: int, context: Context, _: random.Random) -> Iterator[Decimal]:
    figure = context.figures[position]
    if context.facts[position].kind == CHANGE and figure.value:
        yield -figure.value


def shifted(position: int, context: Context, _: random.Random) -> Iterator[Decimal]:
    """The value of the cell below or above (in a table of schools) or beside."""
    figure, fact = context.figures[position], context.facts[position]
    if not figure.is_in_table or fact.kind != VALUE:
        return
    for other in range(position + 1, len(context.figures)):
        there, cell = context.facts[other], context.figures[other]
        if cell.section != figure.section:
            return
        beside = (there.subject, there.year) == (fact.subject, fact.year) and other == position + 1
        below = there.indicator == fact.indicator and there.year == fact.year
        if there != fact and (beside or below):
            assert cell.value is not None
            if cell.decimals == figure.decimals and len(_digits(cell)) > 1:
                yield cell.value
            if below:
                return


def last_year(position: int, context: Context, _: random.Random) -> Iterator[Decimal]:
    fact = context.facts[position]
    before = context.value(fact._replace(year=fact.year - 1))
    if fact.kind == VALUE and before is not None:
        yield context.in_unit(position, before).quantize(_step(context.figures[position]), ROUND_HALF_UP)


def other_scope(position: int, context: Context, rng: random.Random) -> Iterator[Decimal]:
    fact = context.facts[position]
    scopes = [scope.code for scope in context.city.scopes if scope.code != fact.scope]
    values = [context.value(fact._replace(scope=scope)) for scope in scopes] if fact.kind == VALUE else []
    known = [context.in_unit(position, v).quantize(_step(context.figures[position]), ROUND_HALF_UP) for v in values if v]
    if known and fact.subject == context.city.code:
        yield rng.choice(known)


def incomparable(position: int, context: Context, _: random.Random) -> Iterator[Decimal]:
    fact = context.facts[position]
    if fact.kind != CHANGE:
        return
    now, before = fact._replace(kind=VALUE), fact._replace(kind=VALUE, year=fact.year - 1)
    for scope in context.city.scopes:
        last, this = context.value(before._replace(scope=scope.code)), context.value(now)
        if scope.code != fact.scope and last is not None and this is not None:
            yield (this - last).quantize(_step(context.figures[position]), ROUND_HALF_UP)


def _arbitrary(figure: Figure, rng: random.Random) -> Decimal:
    """Another number of about the same size that no simple slip leads to; the figure's own when there is none."""
    assert figure.value is not None
    for _ in range(20):
        value = (figure.value * Decimal(rng.uniform(0.6, 1.6))).quantize(_step(figure), ROUND_HALF_UP)
        if slip(value, figure.value, _step(figure)) is None:
            return value
    return figure.value


def _result_of(*kinds: str) -> Slip:
    def wrong(position: int, context: Context, rng: random.Random) -> Iterator[Decimal]:
        fact = context.facts[position]
        printed = {f for f in context.facts}
        relations = derive(printed, context.city, context.recomputed.roster)
        alone = context.facts.count(fact) == 1
        if alone and any(r.kind in kinds and r.result == fact for r in relations):
            yield _arbitrary(context.figures[position], rng)

    return wrong


def text_table(position: int, context: Context, rng: random.Random) -> Iterator[Decimal]:
    figure, fact = context.figures[position], context.facts[position]
    prints = [f for f, other in zip(context.figures, context.facts, strict=True) if other == fact]
    if len({f.is_in_table for f in prints}) == 2:
        yield _arbitrary(figure, rng)


def printed_twice(position: int, context: Context, rng: random.Random) -> Iterator[Decimal]:
    figure, fact = context.figures[position], context.facts[position]
    prints = [f for f, other in zip(context.figures, context.facts, strict=True) if other == fact]
    if len(prints) > 1 and len({f.is_in_table for f in prints}) == 1:
        yield _arbitrary(figure, rng)


CLASSES: Mapping[str, tuple[str, Slip]] = {
    "truncated": ("截断", truncated),
    "power_of_ten": ("×10ⁿ", power_of_ten),
    "ten_thousand": ("万、亿", ten_thousand),
    "yuan": ("元与万元", yuan),
    "fraction": ("百分数与小数", fraction),
    "percentage_point": ("百分点与百分比", percentage_point),
    "one_digit": ("一位数字错", one_digit),
    "swapped": ("两位颠倒", swapped),
    "sign": ("正负号", sign),
    "shifted": ("错行错列", shifted),
    "last_year": ("上年的数", last_year),
    "other_scope": ("其他口径", other_scope),
    "incomparable": ("不可比的两年", incomparable),
    "total_parts": ("合计与各项", _result_of("sum")),
    "ratio_terms": ("比率与分子分母", _result_of("ratio")),
    "change_terms": ("增减与两年", _result_of("change")),
    "text_table": ("正文与表格", text_table),
    "printed_twice": ("前后两处", printed_twice),
}
ALSO_RIGHT = {"ten_thousand": {"hundred_million"}}


def clean(connection: duckdb.DuckDBPyConnection, city: City, figures: Sequence[Figure]) -> Context:
    """The list with every figure that disagrees with its recomputed value put right."""
    frame = reconcile(connection, city, figures)
    right = []
    for figure, row in zip(figures, frame.iter_rows(named=True), strict=True):
        if row["verdict"] in ("differs", "truncated"):
            right.append(_printed_as(figure, Decimal(NUMBER.search(row["recomputed"]).group()), len(row["recomputed"].partition(".")[2].partition(":")[0])))  # type: ignore[union-attr]
        else:
            right.append(figure)
    names = load_names()
    facts = [meaning(figure, names, city).fact for figure in right]
    assert None not in facts
    recomputed = recompute(connection, city, {fact.year for fact in facts if fact})
    return Context(right, [fact for fact in facts if fact], recomputed, city)


def _printed_as(figure: Figure, value: Decimal, decimals: int | None = None) -> Figure:
    """The figure printed with another value, in the same manner."""
    shown = f"{abs(value):f}" if decimals is None else f"{abs(value):.{decimals}f}"
    text = re.sub(r"\d+(\.\d+)?", shown, figure.printed, count=1)
    if figure.value is not None and (value < 0) != (figure.value < 0):
        text = text.translate(str.maketrans("↑↓", "↓↑"))
    return replace(figure, printed=text, value=value)


@dataclass(frozen=True)
class Planted:
    position: int
    kind: str
    value: Decimal


def plants(context: Context, kind: str, limit: int, rng: random.Random) -> list[Planted]:
    """Up to `limit` errors of a class, each in another figure; a value that also another class would give is left out."""
    positions = [n for n, fact in enumerate(context.facts) if fact.kind not in (STANDARD, TARGET)]
    rng.shuffle(positions)
    found: list[Planted] = []
    for position in positions:
        if context.facts[position] in {context.facts[error.position] for error in found}:
            continue
        figure = context.figures[position]
        if figure.is_lower_bound or figure.is_about:
            continue
        for value in CLASSES[kind][1](position, context, rng):
            if value != figure.value and value >= 0 or figure.value is not None and figure.value < 0:
                if value != figure.value and _is_telling(position, value, kind, context):
                    found.append(Planted(position, kind, value))
                    break
        if len(found) == limit:
            break
    return found


SIMPLE = ("truncated", "power_of_ten", "ten_thousand", "yuan", "fraction", "sign", "last_year", "shifted", "other_scope")


def _is_telling(position: int, value: Decimal, kind: str, context: Context) -> bool:
    """Whether the planted value belongs to its class alone."""
    others = [name for name in SIMPLE if name != kind]
    rng = random.Random(0)
    return all(value not in list(CLASSES[name][1](position, context, rng)) for name in others)


@dataclass(frozen=True)
class Score:
    kind: str
    label: str
    planted: int
    found: int
    right: int
    accused: int
    """All figures accused in the lists with these errors."""

    @property
    def recall(self) -> float:
        return self.found / self.planted if self.planted else 1.0

    @property
    def precision(self) -> float:
        return self.found / self.accused if self.accused else 1.0

    @property
    def right_diagnosis(self) -> float:
        return self.right / self.found if self.found else 1.0


def measure(
    connection: duckdb.DuckDBPyConnection, city: City, figures: Sequence[Figure], limit: int = 60, alone: bool = False,
    kinds: Sequence[str] = tuple(CLASSES),
) -> list[Score]:  # fmt: skip
    """Scores by class; `alone` compares the figures with each other only, without the warehouse."""
    context = clean(connection, city, figures)
    scores = []
    for kind in kinds:
        planted = plants(context, kind, limit, random.Random(f"{SEED}{kind}"))
        found = right = accused = 0
        for batch in (planted[n::max(1, len(planted) // AT_ONCE)] for n in range(max(1, len(planted) // AT_ONCE))):
            wrong = list(context.figures)
            for error in batch:
                wrong[error.position] = _printed_as(wrong[error.position], error.value)
            if "-v" in sys.argv: print("BATCH", " ".join(f"{context.figures[e.position].figure_id}={e.value}" for e in batch))
            frame = reconcile(None if alone else connection, city, wrong)
            suspected = {row["position"] - 1: row for row in frame.iter_rows(named=True) if row["is_suspected"]}
            accused += len(suspected)
            for error in batch:
                row = suspected.get(error.position)
                found += row is not None
                right += row is not None and row["diagnosis"] in {kind, *ALSO_RIGHT.get(kind, ())}
                if "-v" in sys.argv and (row is None or row["diagnosis"] != kind):
                    f = frame.row(error.position, named=True)
                    print(kind, context.figures[error.position].figure_id, f["label"], context.figures[error.position].printed, "->", f["printed"], f["verdict"], f["diagnosis"], f["confidence"], f["suggested"])
            if "-v" in sys.argv:
                for position in set(suspected) - {e.position for e in batch}:
                    print("   FALSE", kind, suspected[position]["figure_id"], suspected[position]["label"], suspected[position]["printed"], suspected[position]["suggested"])
        scores.append(Score(kind, CLASSES[kind][0], len(planted), found, right, accused))
    return scores
