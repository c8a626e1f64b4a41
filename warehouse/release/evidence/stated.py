"""What a release states by a printed number: of what, of whom, when, in which scope, how exact, and where to ask.

The text follows from value, decimals and form by one rule, which verify_release.py has as well. What a note quotes
from somebody has no rule: only its words are held.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Literal

from warehouse.catalogue.indicator import Indicator
from warehouse.figures.fact import CHANGE, SCHOOL_SCOPE, VALUE, Fact, Printed, Reference
from warehouse.figures.rounding import CONVERTED_DECIMALS, change_text, rounded, trimmed_text
from warehouse.figures.year_figures import Figures

Form = Literal["fixed", "to_one", "trimmed", "change", "said"]
"""36.70; 2.34:1; 36.7; 1155↓ or 持平; words that are quoted."""
LONGEST_IN_WORD = 64
"""Letters of a content control's title that Word takes."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """The two sums that a value is the ratio of, and by what it is multiplied: 100 for per cent."""

    numerator: Decimal
    denominator: Decimal
    scale: int


@dataclass(frozen=True, slots=True)
class StatedFact:
    """One printed number with all that it says. `value` is exact, or cut off after twelve decimals where it is a
    ratio; None, and with it `decimals`, where the text is all there is."""

    id: str
    text: str
    label: str
    reference: Reference
    subject_name: str
    scope_name: str
    part: str
    unit: str
    printed_unit: str
    """Where it is printed in another unit than the indicator's own."""
    form: Form
    value: Decimal | None = None
    decimals: int | None = None
    ratio: Ratio | None = None

    @property
    def title(self) -> str:
        """For a person, as the title of a control in Word."""
        of = self.reference
        return f"{self.label}·{self.subject_name}·{of.year}年·{self.scope_name}"[:LONGEST_IN_WORD]


@dataclass(frozen=True)
class Known:
    """Where facts are looked up: the year's figures, and values and names of others that pages show beside them."""

    figures: Figures
    others: Mapping[Reference, Fact] = field(default_factory=dict)
    regions: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        schools = {school.code: school.name for school in self.figures.schools}
        own = {self.figures.city_code: self.figures.city_name}
        object.__setattr__(self, "names", dict(self.regions) | schools | own)

    def fact(self, reference: Reference) -> Fact | None:
        return self.figures.facts.get(reference) or self.others.get(reference)


def state(printed: Printed, known: Known) -> StatedFact:
    """All that a printed number says."""
    reference = printed.reference
    indicator = known.figures.catalogue.indicators[reference.indicator]
    scope = "本校" if reference.scope == SCHOOL_SCOPE else known.figures.scopes.get(reference.scope, reference.scope)
    bare = StatedFact(
        id=printed.id,
        text=printed.text,
        label=indicator.label,
        reference=reference,
        subject_name=known.names.get(reference.subject, reference.subject),
        scope_name=scope,
        part=printed.part,
        unit=printed.unit or indicator.unit,
        printed_unit=printed.unit,
        form="said",
    )
    if printed.part == VALUE:
        stated = _value(bare, printed, indicator, known)
    elif printed.part == CHANGE:
        stated = _change(bare, indicator, known)
    else:
        stated = _other(bare)
    return stated if text_of(stated) == printed.text else bare


def text_of(stated: StatedFact) -> str | None:
    """What is printed of a value, by the rule of its form; None where there is none."""
    if stated.value is None or stated.decimals is None:
        return stated.text if stated.form == "said" else None
    number = rounded(stated.value, stated.decimals)
    if stated.form == "fixed":
        return f"{number:f}"
    if stated.form == "to_one":
        return f"{number:f}:1"
    if stated.form == "change":
        return change_text(number)
    return trimmed_text(number)


def exact_text(stated: StatedFact) -> str:
    """The value before rounding, for a page: with the sums of a ratio, and how it is rounded."""
    assert stated.value is not None
    of = stated.ratio
    sums = f"{trimmed_text(of.numerator)} ÷ {trimmed_text(of.denominator)}" if of else ""
    scale = f" × {of.scale}" if of and of.scale != 1 else ""
    return f"{sums}{scale}{' = ' if sums else ''}{trimmed_text(stated.value)}，四舍五入到 {stated.decimals} 位小数"


def _value(bare: StatedFact, printed: Printed, indicator: Indicator, known: Known) -> StatedFact:
    fact = known.fact(printed.reference)
    if fact is None or fact.value is None or fact.rounded is None:
        return bare
    factor = known.figures.factors.get((indicator.unit, bare.unit))
    if bare.unit != indicator.unit and factor:
        # what is converted is the printed number, as in_unit does
        return replace(bare, form="trimmed", value=fact.rounded / factor, decimals=CONVERTED_DECIMALS)
    form: Form = "to_one" if indicator.display == "to_one" else "fixed" if indicator.kind == "ratio" else "trimmed"
    ratio = None
    if indicator.kind == "ratio" and fact.numerator is not None and fact.denominator:
        ratio = Ratio(fact.numerator, fact.denominator, indicator.scale)
    return replace(bare, form=form, value=fact.value, decimals=indicator.decimals, ratio=ratio)


def _change(bare: StatedFact, indicator: Indicator, known: Known) -> StatedFact:
    change = known.figures.changes.get(bare.reference.indicator)
    if change is None or change.value is None or change.reference != bare.reference:
        return bare
    stated = replace(bare, unit=change.unit, form="change", value=change.value, decimals=indicator.decimals)
    if text_of(stated) == bare.text:
        return stated
    return replace(stated, form="trimmed", value=abs(change.value))  # the sentence says whether it rose or fell


def _other(bare: StatedFact) -> StatedFact:
    """A count, a standard, a target: what is printed is all of it."""
    try:
        number = Decimal(bare.text)
    except InvalidOperation:
        return bare
    decimals = max(0, -int(number.as_tuple().exponent))
    return replace(bare, form="trimmed", value=number, decimals=decimals)
