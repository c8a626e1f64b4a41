"""Which printed value is wrong: the fewest, likeliest corrections after which the figures agree.

Every relation that does not hold costs its strength, and so does a value that differs from the recomputed one: the
warehouse is a witness beside the report's own figures, not the judge. Correcting a figure costs something, less when
a simple slip explains the print. The correction that saves most is taken, if no other one explains the same breaches
about as well; otherwise all of them stay candidates and nobody is accused.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from math import ceil, exp, floor
from operator import attrgetter

from sources.audit.slips import OF_DIGITS
from warehouse.figures.fact import CHANGE, Reference
from warehouse.figures.rounding import rounded
from warehouse.reconcile.judging.misprints import BORROWED, MOST_TELLING, log_chance, near, slip, telling
from warehouse.reconcile.judging.relations import INFINITE, Interval, Relation

ERROR = 4.5
"""Cost of holding a figure to be wrong."""
COPY = 0.7
"""Cost of holding a further print of the same value to be wrong: it was copied."""
CARRIED = 1.5
"""Cost of holding a result to be wrong because it was worked out from a wrong term."""
WITNESS = 9.0
INCOMPLETE_WITNESS = 6.0
ACCUSED = 0.75
"""From this confidence on a figure is called wrong."""
CANDIDATE = 0.1
_PRINTED_ORDER = attrgetter("year", "subject", "scope", "indicator", "kind")
FEW = 60
FAR = 10


@dataclass(frozen=True)
class Print:
    """One printed number: its `position` in the list, and the values it may stand for, in the indicator's own unit."""

    position: int
    value: Decimal
    step: Decimal
    """One unit of the last printed place, in the indicator's own unit."""
    span: Interval
    is_percent: bool = False
    is_borrowed: bool = False
    """The number is the right one of something else: last year, another scope, the next cell."""


@dataclass(frozen=True)
class Suspicion:
    """The probable error of a print, and the value that would be right (own unit)."""

    confidence: float
    suggested: Decimal | None


@dataclass
class Verdicts:
    suspicions: dict[int, Suspicion] = field(default_factory=dict)
    """By position; those with a confidence below ACCUSED are candidates."""
    broken: list[Relation] = field(default_factory=list)
    """Relations that the figures as printed break."""
    open: list[Relation] = field(default_factory=list)
    """Of those, the ones that no correction explains."""
    support: dict[Reference, int] = field(default_factory=dict)
    """How many equations speak for the value that a fact is taken to have."""
    disagreeing: set[Reference] = field(default_factory=set)
    """Facts printed with different values."""
    printed: dict[Reference, Interval] = field(default_factory=dict)
    """What each fact is printed as; of different prints, the likeliest."""
    taken: dict[Reference, Decimal] = field(default_factory=dict)
    """What each fact is taken to be in the end."""


@dataclass(frozen=True)
class _Claim:
    """A value that some prints of a fact share."""

    value: Decimal
    step: Decimal
    span: Interval
    prints: tuple[Print, ...]


@dataclass(frozen=True)
class _Repair:
    fact: Reference
    claim: _Claim
    gain: float
    """What it saves, against leaving everything as printed."""
    rank: float
    """The same against other corrections: however telling a slip is, it happens no more often for that."""
    mended: frozenset[int]
    """Ids of the relations that it mends."""


class _Case:
    """The values that the figures are assumed to have, and the evidence against them."""

    def __init__(
        self,
        prints: Mapping[Reference, Sequence[Print]],
        relations: Sequence[Relation],
        witnesses: Mapping[Reference, Decimal],
        weak: Iterable[Reference],
    ) -> None:
        self.claims = {fact: _claims(of_fact) for fact, of_fact in prints.items()}
        self.relations = relations
        self.witnesses = witnesses
        self.weak = frozenset(weak)
        self.of_fact: dict[Reference, list[int]] = defaultdict(list)
        for number, relation in enumerate(relations):
            for fact in relation.facts:
                self.of_fact[fact].append(number)
        self.taken = {fact: max(claims, key=lambda c: len(c.prints)) for fact, claims in self.claims.items()}
        self.spans = {fact: claim.span for fact, claim in self.taken.items()}
        self.closed: set[int] = set()
        """Relations that no correction explains."""

    def take(self, fact: Reference, claim: _Claim) -> None:
        self.taken[fact], self.spans[fact] = claim, claim.span

    def cost(self, fact: Reference, span: Interval) -> tuple[float, frozenset[int]]:
        """If the fact had this span: the cost of its broken relations and its witness, and which relations break."""
        kept, self.spans[fact] = self.spans[fact], span
        broken = frozenset(n for n in self.of_fact[fact] if not self.relations[n].holds(self.spans))
        self.spans[fact] = kept
        total = sum(self.relations[n].strength for n in broken - self.closed)
        return total + self.against_witness(fact, span), broken

    def against_witness(self, fact: Reference, span: Interval) -> float:
        value = self.witnesses.get(fact)
        if value is None or span.low <= value <= span.high:
            return 0.0
        return INCOMPLETE_WITNESS if fact in self.weak else WITNESS

    def broken(self) -> list[int]:
        return [n for n, r in enumerate(self.relations) if n not in self.closed and not r.holds(self.spans)]

    def repair(self, fact: Reference) -> _Repair | None:
        """The best correction of one fact, if any saves something."""
        claim = self.taken[fact]
        before, broken_before = self.cost(fact, claim.span)
        best: _Repair | None = None
        for value, chance, more in self.candidates(fact):
            changed = _moved(claim, value)
            after, broken_after = self.cost(fact, changed.span)
            carried = 0.0
            for number in broken_after - broken_before - self.closed:
                relation = self.relations[number]
                result = relation.result
                if result is not None and result != fact and relation.kind in ("ratio", "change"):
                    # whoever worked the result out from the wrong value has carried the error on
                    carried += min(0.0, CARRIED + self.confirmed(result) - relation.strength)
            rank = before - after - carried - ERROR - COPY * (len(claim.prints) - 1) + chance
            if best is None or rank > best.rank:
                gain = rank - chance + min(MOST_TELLING, chance + more)
                best = _Repair(fact, changed, gain, rank, broken_before - broken_after)
        return best

    def is_confirmed(self, fact: Reference) -> bool:
        """Whether the submissions say just what is printed: then it is not the print that is wrong."""
        return self.confirmed(fact) > 0

    def confirmed(self, fact: Reference) -> float:
        """The cost of calling a value wrong that the warehouse confirms."""
        return WITNESS if fact in self.witnesses and not self.against_witness(fact, self.spans[fact]) else 0.0

    def candidates(self, fact: Reference) -> Iterator[tuple[Decimal, float, float]]:
        """Values that would agree with something that now disagrees, how likely the print then is, and how telling."""
        claim = self.taken[fact]
        value = self.witnesses.get(fact)
        if value is not None and self.against_witness(fact, claim.span) >= WITNESS:
            # other figures may be wrong as well: what was submitted for this one says more than they do
            spans = [Interval(value, value)]
        else:
            implied = [self.relations[n].implied(fact, self.spans) for n in self.of_fact[fact] if n not in self.closed]
            spans = [span for span in implied if span is not None and not span.meets(claim.span)]
            if value is not None and self.against_witness(fact, claim.span):
                spans.append(Interval(value, value))
        if not spans:
            return
        slips = list(near(claim.value, claim.step))
        for span in spans:
            fitting = [value for value in slips if _moved(claim, value).span.meets(span)]
            among = (span.high - span.low) / claim.step if span.high - span.low < INFINITE else FAR * abs(claim.value)
            for value in dict.fromkeys((*_values_in(span, claim.step), *fitting)):
                if value != claim.value and (value >= 0 or fact.kind == CHANGE):
                    # the exact value shows a rounding error, which its rounding hides
                    exact = span.middle if span.high - span.low < claim.step else value
                    code = _slip(claim, exact) or _slip(claim, value)
                    chance = log_chance(code, claim.value, claim.step, len(fitting), max(1.0, float(among)))
                    yield value, chance, telling(code, claim.value, claim.step)


def _claims(prints: Sequence[Print]) -> list[_Claim]:
    """Groups the prints of one fact that can stand for the same value; the more exact print gives that value."""
    claims: list[_Claim] = []
    for one in sorted(prints, key=lambda p: p.span.high - p.span.low):
        for number, claim in enumerate(claims):
            if _agree(claim.span, one.span):
                claims[number] = _Claim(claim.value, claim.step, claim.span, (*claim.prints, one))
                break
        else:
            claims.append(_Claim(one.value, one.step, one.span, (one,)))
    return claims


def _agree(one: Interval, other: Interval) -> bool:
    """Whether two prints can mean the same value; spans that only touch at the edge of a rounding do not count."""
    low, high = max(one.low, other.low), min(one.high, other.high)
    return low < high or (low == high and (one.low == one.high or other.low == other.high))


def _moved(claim: _Claim, value: Decimal) -> _Claim:
    low, high = claim.value - claim.span.low, claim.span.high - claim.value
    return _Claim(value, claim.step, Interval(value - low, value + high), claim.prints)


def _values_in(span: Interval, step: Decimal) -> list[Decimal]:
    """The printable values of a span, if they are few, and the one in its middle."""
    if not span.low.is_finite() or not span.high.is_finite():
        end = span.low if span.low.is_finite() else span.high
        return [rounded(end, -step.adjusted())]
    first, last = ceil(span.low / step), floor(span.high / step)
    few = [number * step for number in range(first, last + 1)] if last - first < FEW else []
    return [rounded(span.middle, -step.adjusted()), *few]


def judge(
    prints: Mapping[Reference, Sequence[Print]],
    relations: Sequence[Relation],
    witnesses: Mapping[Reference, Decimal],
    weak: Iterable[Reference] = (),
) -> Verdicts:
    """Suspicions for every print that is probably, or possibly, wrong.

    `witnesses` are the exact recomputed values; `weak` the facts whose recomputation lacks a school.
    """
    case = _Case(prints, relations, witnesses, weak)
    verdicts = Verdicts()
    _settle_prints(case, verdicts)
    verdicts.broken = [relations[n] for n in case.broken()]
    verdicts.printed = dict(case.spans)
    _correct(case, verdicts)
    verdicts.open = [relations[n] for n in sorted(case.closed)]
    verdicts.taken = {fact: claim.value for fact, claim in case.taken.items()}
    for fact in prints:
        holding = [relations[n] for n in case.of_fact[fact] if relations[n].holds(case.spans)]
        verdicts.support[fact] = sum(relation.binds for relation in holding)
    return verdicts


def _settle_prints(case: _Case, verdicts: Verdicts) -> None:
    """Where a fact is printed with different values, takes the one that the rest speaks for."""
    for fact, claims in case.claims.items():
        if len(claims) == 1:
            continue
        verdicts.disagreeing.add(fact)
        options = list(claims)
        witness = case.witnesses.get(fact)
        if witness is not None and all(case.against_witness(fact, claim.span) for claim in claims):
            every = tuple(one for claim in claims for one in claim.prints)
            options.append(replace(_moved(claims[0], rounded(witness, -claims[0].step.adjusted())), prints=every))
        costs = [
            case.cost(fact, option.span)[0]
            + sum(_error(claim, option.value) for claim in claims if claim is not option)
            for option in options
        ]
        shares = _shares([-cost for cost in costs])
        best = max(range(len(options)), key=lambda n: shares[n])
        case.take(fact, options[best])
        for number, claim in enumerate(claims):
            wrong = 1 - shares[number]
            if number != best or wrong > 1 - ACCUSED:
                suggested = options[best].value if number != best else None
                for one in claim.prints:
                    verdicts.suspicions[one.position] = Suspicion(wrong, suggested)


def _error(claim: _Claim, meant: Decimal) -> float:
    """The cost of calling a claim wrong."""
    code = _slip(claim, meant)
    # 378 is as near to 38 as 38 to 378: that they are near tells of neither print that it is the wrong one
    more = max(telling(code, value, claim.step) for value in (claim.value, meant))
    chance = log_chance(code, claim.value, claim.step) + more
    return ERROR - min(MOST_TELLING, chance) + COPY * (len(claim.prints) - 1)


def _slip(claim: _Claim, meant: Decimal) -> str | None:
    found = slip(claim.value, meant, claim.step, claim.prints[0].is_percent)
    borrowed = any(one.is_borrowed for one in claim.prints) and abs(claim.value) >= 10 * claim.step
    return BORROWED if borrowed and found in (None, *OF_DIGITS) else found


def _correct(case: _Case, verdicts: Verdicts) -> None:
    """Takes the best correction again and again, until none saves anything; it corrects each fact at most once."""
    differing = {fact for fact in case.claims if case.against_witness(fact, case.spans[fact])}
    corrected: set[Reference] = set()
    for together in _borrowed_together(case, differing):
        for fact, borrowed in together.items():
            _suspect(verdicts, borrowed, 1.0)
            case.take(fact, borrowed.claim)
        corrected |= set(together)
        differing -= set(together)
    while True:
        broken = case.broken()
        facts = ({fact for n in broken for fact in case.relations[n].facts} | differing) - corrected
        facts = {fact for fact in facts if not case.is_confirmed(fact)}
        repairs = [repair for fact in sorted(facts, key=_PRINTED_ORDER) if (repair := case.repair(fact))]
        best = max((repair for repair in repairs if repair.gain > 0), key=lambda r: r.rank, default=None)
        if best is None:
            case.closed.update(broken)
            return
        rivals = [r for r in repairs if r is not best and r.mended & best.mended]
        shares = _shares([best.gain, *(best.gain + r.rank - best.rank for r in rivals), 0.0])
        certain = shares[0] >= ACCUSED
        for repair, share in [(best, shares[0])] if certain else zip([best, *rivals], shares, strict=False):
            _suspect(verdicts, repair, share)
        if certain:
            case.take(best.fact, best.claim)
        else:
            case.closed.update(best.mended)
        corrected.add(best.fact)
        differing.discard(best.fact)


def _borrowed_together(case: _Case, differing: set[Reference]) -> Iterator[dict[Reference, _Repair]]:
    """Whole rows that belong elsewhere: they agree among themselves, and so no correction of one alone would help.

    Of facts that a relation binds, those that differ from the warehouse, if most of them have numbers that are right
    for something else, and the relation holds for what the warehouse says as well.
    """
    borrowed = {fact for fact in differing if any(one.is_borrowed for one in case.taken[fact].prints)}
    seen: set[Reference] = set()
    for relation in case.relations:
        bound = [fact for fact in relation.facts if fact in differing - case.weak]
        most = sum(fact in borrowed for fact in bound) * 2 > len(bound) > 1
        if not relation.binds or not most or seen & set(bound) or not relation.holds(case.spans):
            continue
        repairs = {fact: case.repair(fact) for fact in bound}
        group = {fact: repair for fact, repair in repairs.items() if repair}
        moved = case.spans | {fact: repair.claim.span for fact, repair in group.items()}
        if len(group) == len(bound) and relation.holds(moved):
            seen |= set(group)
            yield group


def _suspect(verdicts: Verdicts, repair: _Repair, confidence: float) -> None:
    if confidence < CANDIDATE:
        return
    for one in repair.claim.prints:
        known = verdicts.suspicions.get(one.position)
        if known is None or known.confidence < confidence:
            verdicts.suspicions[one.position] = Suspicion(confidence, repair.claim.value)


def _shares(gains: Sequence[float]) -> list[float]:
    """Gains as probabilities."""
    top = max(gains)
    weights = [exp(gain - top) for gain in gains]
    return [weight / sum(weights) for weight in weights]
