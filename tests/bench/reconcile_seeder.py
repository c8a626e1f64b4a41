"""Plants errors of each class into a clean list of printed figures, and measures what the reconciliation makes of them.

The clean list is the sample city's printed list with every figure that does not agree put right. Each class of error
is planted alone, a few at a time, so that one error cannot explain another. `measure` gives the figures as data; run
as a program it builds the sample city in a temporary folder and prints them.
"""

import random
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb

from sources.declarations.city import City, load_city
from sources.sample.pour import pour_samples
from sources.system.settings import CITIES_ROOT, Settings
from tests.conftest import YEARS, run_all
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.fact import CHANGE, SCHOOL_SCOPE, STANDARD, TARGET, VALUE, Reference
from warehouse.reconcile.judging.causes import TELLING, over_other_bases
from warehouse.reconcile.judging.derive import derive, members
from warehouse.reconcile.judging.misprints import slip
from warehouse.reconcile.judging.relations import Relation
from warehouse.reconcile.judging.witnesses import Recomputed, recompute, unit_factor
from warehouse.reconcile.reading.figure_list import read_list
from warehouse.reconcile.reading.printed_figure import PrintedFigure, number_in
from warehouse.reconcile.reconcile import reconcile

SEED = 2023
AT_ONCE = 6
LONG = 2
"""Of so few digits one more or less is hardly overlooked."""


@dataclass(frozen=True)
class Context:
    """The clean list and everything that is true of it."""

    figures: Sequence[PrintedFigure]
    facts: Sequence[Reference]
    recomputed: Recomputed
    city: City
    relations: Sequence[Relation]

    def value(self, fact: Reference) -> Decimal | None:
        return self.recomputed.of(fact, self.city)

    def in_unit(self, position: int, value: Decimal) -> Decimal:
        return value / unit_factor(
            self.figures[position], load_catalogue(self.city.pack).indicators[self.facts[position].indicator]
        )


Slip = Callable[[int, Context, random.Random], Iterator[Decimal]]
"""Wrong values for one figure, likeliest first; none when the class does not apply to it."""


def _step(figure: PrintedFigure) -> Decimal:
    return Decimal(1).scaleb(-figure.decimals)


def _digits(figure: PrintedFigure) -> str:
    assert figure.value is not None
    return str(int(abs(figure.value) / _step(figure)))


def _with_digits(figure: PrintedFigure, digits: str) -> Decimal:
    assert figure.value is not None
    return int(digits) * _step(figure) * (-1 if figure.value < 0 else 1)


def truncated(position: int, context: Context, _: random.Random) -> Iterator[Decimal]:
    figure = context.figures[position]
    exact = context.value(context.facts[position])
    if exact is not None and figure.decimals and context.facts[position].kind == VALUE:
        yield context.in_unit(position, exact).quantize(_step(figure), ROUND_DOWN)


def power_of_ten(position: int, context: Context, rng: random.Random) -> Iterator[Decimal]:
    figure = context.figures[position]
    powers = (
        [1, 2, 3, -1]
        if load_catalogue(context.city.pack).indicators[context.facts[position].indicator].unit != "%"
        else [1, 3, -1]
    )
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
        context.value(f)
        for f in context.facts
        if replace(f, scope=fact.scope) == replace(fact, kind=VALUE, year=fact.year - 1)
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


def missing_digit(position: int, context: Context, rng: random.Random) -> Iterator[Decimal]:
    figure = context.figures[position]
    digits = _digits(figure)
    if len(digits) > LONG:
        place = rng.randrange(1, len(digits) - 1)
        yield _with_digits(figure, digits[:place] + digits[place + 1 :])


def extra_digit(position: int, context: Context, rng: random.Random) -> Iterator[Decimal]:
    """One of the digits twice."""
    figure = context.figures[position]
    digits = _digits(figure)
    if len(digits) > LONG:
        place = rng.randrange(len(digits) - 1)
        yield _with_digits(figure, digits[:place] + digits[place] + digits[place:])


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
    before = context.value(replace(fact, year=fact.year - 1))
    if fact.kind == VALUE and before is not None:
        yield context.in_unit(position, before).quantize(_step(context.figures[position]), ROUND_HALF_UP)


def other_scope(position: int, context: Context, rng: random.Random) -> Iterator[Decimal]:
    fact = context.facts[position]
    scopes = [scope.code for scope in context.city.scopes if scope.code != fact.scope]
    values = [context.value(replace(fact, scope=scope)) for scope in scopes] if fact.kind == VALUE else []
    known = [
        context.in_unit(position, v).quantize(_step(context.figures[position]), ROUND_HALF_UP) for v in values if v
    ]
    if known and fact.subject == context.city.code:
        yield rng.choice(known)


def own_change(position: int, context: Context, _: random.Random) -> Iterator[Decimal]:
    figure, fact = context.figures[position], context.facts[position]
    change = context.value(replace(fact, kind=CHANGE))
    if fact.kind == VALUE and change is not None and abs(change) >= TELLING:
        value = context.in_unit(position, change).quantize(_step(figure), ROUND_HALF_UP)
        # in a sentence 减少 was lost with what it stood before
        yield value if figure.is_in_table else abs(value)


def other_base(position: int, context: Context, rng: random.Random) -> Iterator[Decimal]:
    figure, fact = context.figures[position], context.facts[position]
    values = context.recomputed.values
    found = [*over_other_bases(fact, context.city, load_catalogue(context.city.pack), values)]
    rounded = [value.quantize(_step(figure), ROUND_HALF_UP) for value in found]
    if other := [value for value in rounded if value != figure.value]:
        yield rng.choice(other)


def changed_set(position: int, context: Context, rng: random.Random) -> Iterator[Decimal]:
    """A school of the city is not in the sum."""
    figure, fact = context.figures[position], context.facts[position]
    scope = next((s for s in context.city.scopes if s.code == fact.scope), None)
    is_sum = load_catalogue(context.city.pack).indicators[fact.indicator].kind == "sum"
    if scope is None or fact.kind != VALUE or fact.subject != context.city.code or not is_sum or figure.value is None:
        return
    schools = sorted(members(context.city, scope, context.recomputed.roster.get(fact.year, {})) or ())
    parts = [context.value(replace(fact, subject=school, scope=SCHOOL_SCOPE)) for school in schools]
    known = [part for part in parts if part is not None and TELLING <= part < figure.value]
    if known:
        yield figure.value - context.in_unit(position, rng.choice(known)).quantize(_step(figure), ROUND_HALF_UP)


def incomparable(position: int, context: Context, _: random.Random) -> Iterator[Decimal]:
    fact = context.facts[position]
    if fact.kind != CHANGE:
        return
    now, before = replace(fact, kind=VALUE), replace(fact, kind=VALUE, year=fact.year - 1)
    for scope in context.city.scopes:
        last, this = context.value(replace(before, scope=scope.code)), context.value(now)
        if scope.code != fact.scope and last is not None and this is not None:
            yield (this - last).quantize(_step(context.figures[position]), ROUND_HALF_UP)


def _arbitrary(figure: PrintedFigure, rng: random.Random) -> Decimal:
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
        alone = context.facts.count(fact) == 1
        if alone and any(r.kind in kinds and r.result == fact for r in context.relations):
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
    "missing_digit": ("少一位数字", missing_digit),
    "extra_digit": ("多一位数字", extra_digit),
    "swapped": ("两位颠倒", swapped),
    "sign": ("正负号", sign),
    "shifted": ("错行错列", shifted),
    "last_year": ("上年的数", last_year),
    "own_change": ("自己的增减数", own_change),
    "other_scope": ("其他口径", other_scope),
    "other_base": ("分母用错", other_base),
    "changed_set": ("合计漏了一所", changed_set),
    "incomparable": ("不可比的两年", incomparable),
    "total_parts": ("合计与各项", _result_of("sum")),
    "ratio_terms": ("比率与分子分母", _result_of("ratio")),
    "change_terms": ("增减与两年", _result_of("change")),
    "text_table": ("正文与表格", text_table),
    "printed_twice": ("前后两处", printed_twice),
}
ALSO_RIGHT = {"ten_thousand": {"hundred_million"}}
PLAIN = (
    "truncated",
    "power_of_ten",
    "ten_thousand",
    "yuan",
    "fraction",
    "sign",
    "last_year",
    "shifted",
    "own_change",
    "other_scope",
    "other_base",
)
"""Classes whose value is determined: an error of another class must not happen to have it."""


def clean(connection: duckdb.DuckDBPyConnection, city: City, figures: Sequence[PrintedFigure]) -> Context:
    """The list with every figure that disagrees with its recomputed value put right."""
    frame = reconcile(connection, city, load_catalogue(PACK), figures)
    right = [
        replace(figure, printed=row["recomputed"], value=number_in(row["recomputed"]))
        if row["verdict"] in ("differs", "truncated")
        else figure
        for figure, row in zip(figures, frame.iter_rows(named=True), strict=True)
    ]
    facts = [figure.codes for figure in right if figure.codes]
    assert len(facts) == len(right)
    recomputed = recompute(connection, city, load_catalogue(PACK), {fact.year for fact in facts})
    return Context(right, facts, recomputed, city, derive(set(facts), city, load_catalogue(PACK), recomputed.roster))


def printed_as(figure: PrintedFigure, value: Decimal) -> PrintedFigure:
    """The figure printed with another value, in the same manner."""
    text = re.sub(r"\d+(\.\d+)?", f"{abs(value):f}", figure.printed, count=1)
    if figure.value is not None and (value < 0) != (figure.value < 0):
        text = text.translate(str.maketrans("↑↓", "↓↑"))
    return replace(figure, printed=text, value=value)


@dataclass(frozen=True)
class Planted:
    position: int
    value: Decimal


def plants(context: Context, kind: str, limit: int, rng: random.Random) -> list[Planted]:
    """Up to `limit` errors of a class, each in another fact; a value that another class would give too is left out."""
    positions = [n for n, fact in enumerate(context.facts) if fact.kind not in (STANDARD, TARGET)]
    rng.shuffle(positions)
    found: list[Planted] = []
    taken: set[Reference] = set()
    for position in positions:
        figure = context.figures[position]
        if context.facts[position] in taken or figure.is_lower_bound or figure.is_about or len(found) == limit:
            continue
        values = CLASSES[kind][1](position, context, rng)
        value = next((v for v in values if v != figure.value and _belongs_to(kind, position, v, context)), None)
        if value is not None:
            found.append(Planted(position, value))
            taken.add(context.facts[position])
    return found


def _belongs_to(kind: str, position: int, value: Decimal, context: Context) -> bool:
    rng = random.Random(0)
    return all(value not in CLASSES[other][1](position, context, rng) for other in PLAIN if other != kind)


@dataclass(frozen=True)
class Score:
    """How the errors of one class fared."""

    kind: str
    label: str
    planted: int
    found: int
    right: int
    """Found, and with the right diagnosis."""
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
    connection: duckdb.DuckDBPyConnection,
    city: City,
    figures: Sequence[PrintedFigure],
    limit: int = 60,
    alone: bool = False,
    kinds: Sequence[str] = tuple(CLASSES),
) -> list[Score]:
    """Scores by class, up to `limit` errors each; `alone` compares the figures with each other only."""
    context = clean(connection, city, figures)
    judge_with = None if alone else connection
    return [_score(kind, context, judge_with, limit) for kind in kinds]


def _score(kind: str, context: Context, connection: duckdb.DuckDBPyConnection | None, limit: int) -> Score:
    planted = plants(context, kind, limit, random.Random(f"{SEED}{kind}"))
    right_codes = {kind, *ALSO_RIGHT.get(kind, ())}
    lists = max(1, len(planted) // AT_ONCE)
    found = right = accused = 0
    for batch in (planted[n::lists] for n in range(lists)):
        wrong = list(context.figures)
        for error in batch:
            wrong[error.position] = printed_as(wrong[error.position], error.value)
        rows = reconcile(connection, context.city, load_catalogue(PACK), wrong).to_dicts()
        accused += sum(row["is_suspected"] for row in rows)
        caught = [rows[error.position] for error in batch if rows[error.position]["is_suspected"]]
        found += len(caught)
        right += sum(row["diagnosis"] in right_codes for row in caught)
    return Score(kind, CLASSES[kind][0], len(planted), found, right, accused)


def total(scores: Sequence[Score]) -> Score:
    """All classes together."""
    sums = [sum(getattr(score, name) for score in scores) for name in ("planted", "found", "right", "accused")]
    return Score("all", "all classes", *sums)


def table(scores: Sequence[Score]) -> list[str]:
    """The scores as lines of a Markdown table."""
    lines = ["| error | planted | recall | precision | right diagnosis |", "| --- | ---: | ---: | ---: | ---: |"]
    for score in (*scores, total(scores)):
        rates = (score.recall, score.precision, score.right_diagnosis)
        shown = " | ".join(f"{rate:.1%}" if score.planted else "–" for rate in rates)
        lines.append(f"| {score.label} | {score.planted} | {shown} |")
    return lines


def report(
    connection: duckdb.DuckDBPyConnection, city: City, figures: Sequence[PrintedFigure], limit: int = 60
) -> list[str]:
    """The section for docs/benchmark.md: with the warehouse, and from the printed figures alone."""
    return [
        "## Reconciliation of a published report: planted errors",
        "",
        f"Into the sample city's list of {len(figures)} printed figures, put right first, errors of each class are"
        f" planted, up to {limit} a class and about {AT_ONCE} in a list (tests/bench/reconcile_seeder.py). Recall:"
        " planted errors that are called wrong. Precision: figures called wrong that are. Right diagnosis: of those"
        " found, the ones whose class is named.",
        "",
        "With the warehouse:",
        "",
        *table(measure(connection, city, figures, limit)),
        "",
        "From the printed figures alone, where an error in a figure that no other figure bears on cannot be seen:",
        "",
        *table(measure(connection, city, figures, limit, alone=True)),
    ]


def main() -> None:
    home = Path(tempfile.mkdtemp())
    settings = Settings(home=home, city_dir=CITIES_ROOT / "450700")
    city = load_city(settings.city_dir)
    for year in YEARS:
        pour_samples(city, settings.city_dir, year, settings.inbox)
    run_all(settings, city)
    figures = read_list(settings.city_dir / "published" / "2023.csv")
    with duckdb.connect(str(settings.published_database), read_only=True) as connection:
        print("\n".join(report(connection, city, figures)))


if __name__ == "__main__":
    main()
