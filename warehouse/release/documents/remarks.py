"""What footnotes say of a printed figure: its scope, what is missing, what was estimated, how a school explained it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from warehouse.figures.fact import Change, Fact, Part, Printed
from warehouse.figures.year_figures import Figures
from warehouse.release.documents.marks import BoundNumber, Piece, Plain, Remark

Mark = Callable[[Piece], str]
"""Keeps a piece and gives the mark that stands for it in the text."""


@dataclass(frozen=True, slots=True)
class SharedRemark:
    """A remark that is said once of several figures; `{}` in its text stands for their labels."""

    text: str
    labels: tuple[str, ...]


def remarks_of(fact: Fact, figures: Figures, mark: Mark) -> Iterator[Remark]:
    """Everything that a reader of the number has to know besides it; every number in it is marked."""
    label = figures.catalogue.indicators[fact.reference.indicator].label
    scope = fact.reference.scope

    def marked(text: str, part: Part) -> str:
        return mark(BoundNumber(Printed(fact.reference, text, part)))

    if scope != figures.whole_scope:
        yield Remark(f"{{}}的统计口径为{figures.scopes[scope]}。", label)
    if fact.status == "incomplete":
        expected, reported = marked(str(fact.n_expected), "expected"), marked(str(fact.n_reported), "reported")
        yield Remark(f"{{}}的数据不完整：应报{expected}所学校，已报{reported}所。", label)
    if definition := figures.catalogue.indicators[fact.reference.indicator].other_definition(fact.definition):
        yield Remark(f"{{}}不是标准定义，按“{mark(Plain(definition))}”计算。", label)
    if fact.status == "estimated":
        yield Remark("{}为估算数。", label)
    for text in figures.explained(fact.reference):
        yield Remark(f"{{}}，据{marked(text, 'quote')}", label)


def why_not_compared(change: Change, figures: Figures, mark: Mark) -> str:
    """Why the two years of a change do not compare; `{}` stands for the label."""
    year = mark(Plain(str(figures.report_year - 1)))
    if change.comparability == "scope_break" and change.previous:
        last, this = (figures.scopes[each.scope] for each in (change.previous, change.current))
        return f"两年的统计口径不同，不能当作增减：{year}年为{last}，本年为{this}（{{}}）。"
    if change.comparability == "definition_break":
        return f"本年的指标定义与{year}年不同，不能当作增减（{{}}）。"
    if change.comparability == "school_break":
        return "学校当年有并入或分设，不能当作增减（{}）。"
    return "两年中有数据不完整的，不能当作增减（{}）。"


def said_once(remarks: Iterable[Remark], resolved: Callable[[str], str]) -> list[SharedRemark]:
    """Remarks that read the same once their marks are resolved, as one with all their labels, in their order."""
    said: dict[str, SharedRemark] = {}
    for remark in remarks:
        read = resolved(remark.text)
        first = said.get(read, SharedRemark(remark.text, ()))
        said[read] = SharedRemark(first.text, tuple(dict.fromkeys((*first.labels, remark.label))))
    return list(said.values())
