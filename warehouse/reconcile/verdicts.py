"""A verdict says whether a figure is right, and why."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from decimal import Decimal
from typing import get_args, get_type_hints

import polars as pl

from sources.audit.slips import OF_DIGITS
from sources.declarations.city import City
from warehouse.catalogue.catalogue import Catalogue
from warehouse.figures.fact import CHANGE, VALUE, Reference
from warehouse.figures.rounding import Verdict
from warehouse.reconcile.answers import Answer
from warehouse.reconcile.judging.causes import DIAGNOSES, OF_RELATION, Surroundings, explain, in_words, name_of
from warehouse.reconcile.judging.corrections import ACCUSED, Suspicion, Verdicts
from warehouse.reconcile.judging.relations import Interval, Relation
from warehouse.reconcile.judging.smallest_corrections import MOST_FACTS, Knot, PossibleChange
from warehouse.reconcile.judging.table_sums import TableSum
from warehouse.reconcile.judging.witnesses import Recomputed, compare, displayed, unit_factor
from warehouse.reconcile.reading.names import UnderstoodFigure
from warehouse.reconcile.reading.numerals import Numeral
from warehouse.reconcile.reading.printed_figure import NUMBER, PrintedFigure
from warehouse.reconcile.reading.report_file import Block

VERDICTS = {
    "consistent": "一致",
    "truncated": "截断",
    "differs": "不一致",
    "contradicts": "与其他印刷数字矛盾",
    "supported": "有其他印刷数字印证",
    "not_verifiable": "无法核实",
    "other_kind": "另有所指",
    "not_matched": "未识别",
}
SURE_READING = {"context": 0.83, "similar": 0.6}
"""A reading of words, and a name that is only like a known one, accuse nobody by themselves below this likeness."""
SUM_IS_WRONG = Decimal("0.80")
"""The confidence in a total that its rows alone contradict: one of the rows may be wrong as well."""
WAYS_SHOWN = 4
"""Of the smallest corrections of a contradiction."""
BY_ITSELF_NO_SLIP = {
    *OF_RELATION.values(), "text_table", "printed_twice", "unexplained", "shifted", "own_change", "changed_set",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureVerdict:
    """The verdict on one printed figure; a row of `reconciliation.figure`, where the columns are described."""

    position: int
    figure_id: str
    section: str
    place: str
    figure_year: int | None
    subject: str
    label: str
    printed: str
    unit: str
    context: str | None
    matched_by: str
    indicator_code: str | None = None
    subject_code: str | None = None
    scope_code: str | None = None
    kind: str | None = None
    recomputed: str | None = None
    verdict: str = "not_matched"
    diagnosis: str | None = "not_matched"
    explanation: str | None = DIAGNOSES["not_matched"]
    is_suspected: bool = False
    confidence: Decimal | None = None
    suggested: str | None = None
    proposal: str | None = None
    broken_relations: str | None = None
    supporting_relations: int = 0


_COLUMN_TYPES: Mapping[type, pl.DataType | type[pl.DataType]] = {
    int: pl.Int64, str: pl.String, bool: pl.Boolean, Decimal: pl.Decimal(3, 2),
}  # fmt: skip
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    name: _COLUMN_TYPES[next(iter(get_args(hint)), hint)] for name, hint in get_type_hints(FigureVerdict).items()
}


def with_numerals(frame: pl.DataFrame, numerals: Sequence[tuple[int, Numeral]]) -> pl.DataFrame:
    """The rows of all figures, and a row for every other numeral where it stands; a numeral is counted before the
    figure of its number.
    """
    rows = [
        FigureVerdict(
            position=0,
            figure_id=f"N{number:03}",
            section=numeral.section,
            place=numeral.place,
            figure_year=None,
            subject="",
            label="",
            printed=numeral.printed,
            unit="",
            context=numeral.context,
            matched_by="none",
            verdict="other_kind" if numeral.told else "not_matched",
            diagnosis="other_kind" if numeral.told else "not_matched",
            explanation=f"是{numeral.told}" if numeral.told else DIAGNOSES["no_figure"],
        )
        for number, (_, numeral) in enumerate(numerals, 1)
    ]
    others = pl.DataFrame([astuple(row) for row in rows], schema=SCHEMA, orient="row")
    # a figure has its position, and what stands before the figure of this number a smaller one
    places = [*(Decimal(n) for n in range(frame.height)), *(before - Decimal("0.5") for before, _ in numerals)]
    order = sorted(range(len(places)), key=lambda n: places[n])
    return pl.concat([frame, others])[order].with_columns(position=pl.int_range(1, len(order) + 1, dtype=pl.Int64))


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The data that is known once the figures have been judged."""

    city: City
    catalogue: Catalogue
    recomputed: Recomputed
    verdicts: Verdicts
    alone: Verdicts
    """The same from the printed figures alone."""
    around: Surroundings
    """The figures, and the values that they should have."""
    knot_of: Mapping[Reference, Knot]
    """What stands in a contradiction that no correction explains, with the smallest corrections."""
    broken_by_fact: Mapping[Reference, Sequence[Relation]]
    hints: Mapping[Reference, str]
    listed: Mapping[Reference, Decimal]
    """Counted in the report's own tables."""


@dataclass(frozen=True, slots=True)
class JudgedFigure:
    """A printed figure that was understood, and the results of judging it."""

    read: UnderstoodFigure
    figure: PrintedFigure
    fact: Reference
    recomputed: Decimal | None
    """By the warehouse, in the indicator's own unit."""
    exact: Decimal | None
    """The same in the printed unit."""
    suspicion: Suspicion | None
    broken: Sequence[Relation]
    """The breaches to show at it: its own if it is wrong, and those that nothing explains."""
    disagrees: bool
    """Whether the fact is printed with different values."""
    listed: Decimal | None
    """What the report's own table lists, where that is another number."""

    @property
    def is_suspected(self) -> bool:
        return self.suspicion is not None and self.suspicion.confidence >= ACCUSED


def is_doubtful(one: UnderstoodFigure, done: Reconciled) -> bool:
    """Whether the figure was probably read wrong: an unsure reading of a number that neither fits nor has a slip.

    One that may be another place's, or a plan, is the city's only if it fits.
    """
    figure, fact = one.figure, one.fact
    if fact is not None and figure.perhaps_other:
        exact = in_printed_unit(figure, fact, done.recomputed.of(fact, done.city), done.catalogue)
        return exact is None or compare(figure, exact) == "differs"
    if fact is not None and _is_rough_slip(one, done):
        return True
    if fact is None or one.meaning.likeness >= SURE_READING.get(one.meaning.how, 0.0):
        return False
    exact = in_printed_unit(figure, fact, done.around.values.get(fact), done.catalogue)
    is_unsuspected = one.position not in done.verdicts.suspicions
    if is_unsuspected and (exact is None or compare(figure, exact) == "consistent"):
        return False
    disagrees = fact in done.verdicts.disagreeing
    code = explain(one, done.around.values[fact], done.around, done.broken_by_fact.get(fact, []), disagrees)
    is_short = figure.value is not None and abs(figure.value) < Decimal(100).scaleb(-figure.decimals)
    return code in BY_ITSELF_NO_SLIP or (code in OF_DIGITS and is_short)


def _is_rough_slip(one: UnderstoodFigure, done: Reconciled) -> bool:
    """Whether a short number of ten thousands, read from words, differs: its one or two digits show no slip."""
    figure, fact = one.figure, one.fact
    assert fact is not None
    value = in_printed_unit(figure, fact, done.recomputed.of(fact, done.city), done.catalogue)
    if one.meaning.how != "context" or not figure.context or figure.value is None or value is None:
        return False
    is_short = abs(figure.value) < Decimal(100).scaleb(-figure.decimals)
    scaled = unit_factor(figure, done.catalogue.indicators[fact.indicator]) != 1
    return is_short and scaled and not figure.is_in_table and compare(figure, value) == "differs"


def verdict_of(one: UnderstoodFigure, done: Reconciled) -> FigureVerdict:
    figure = one.figure
    printed = FigureVerdict(
        position=one.position + 1,
        figure_id=figure.figure_id,
        section=figure.section,
        place=figure.place,
        figure_year=figure.year,
        subject=figure.subject,
        label=figure.label,
        printed=figure.printed,
        unit=figure.unit,
        context=figure.context or None,
        matched_by=one.meaning.how,
    )
    if figure.other or (figure.perhaps_other and one.fact is None):
        reason = figure.other or f"可能{figure.perhaps_other}；与{figure.subject or '全市'}的数对不上，也不据此判断"
        return replace(printed, verdict="other_kind", diagnosis="other_kind", explanation=reason)
    if one.is_doubtful:
        return replace(printed, explanation=_doubt(one, done))
    if one.fact is None:
        return replace(printed, explanation=_told_undecided(one, done)) if figure.readings else printed
    return _with_verdict(printed, _judged(one, one.fact, done), done)


def with_table_sum(verdict: FigureVerdict, found: TableSum | None) -> FigureVerdict:
    """The verdict on a table's total that is not the sum of its rows.

    Of a total that the warehouse confirms a row is wrong, and nobody can say which; a total that nothing else speaks of
    is called wrong if the table shows that its rows make it up.
    """
    if found is None or verdict.is_suspected:
        return verdict
    said = "；".join(filter(None, (found.told, verdict.explanation if verdict.indicator_code else None)))
    if verdict.verdict in ("consistent", "supported"):
        told = f"{said}；合计与报送一致，请核对各行"
        return replace(verdict, diagnosis="total_parts", explanation=told, broken_relations=found.told)
    nothing_else = verdict.verdict in ("other_kind", "not_verifiable", "not_matched")
    if not nothing_else or not found.is_telling:
        return replace(verdict, verdict="contradicts" if nothing_else else verdict.verdict,
                       diagnosis="total_parts", explanation=said, broken_relations=found.told)  # fmt: skip
    return replace(
        verdict,
        subject="",
        verdict="contradicts",
        diagnosis="total_parts",
        explanation=f"印为 {verdict.printed}，应为 {found.total:f}：{found.told}",
        is_suspected=True,
        confidence=SUM_IS_WRONG,
        suggested=f"{found.total:f}",
        broken_relations=found.told,
    )


def _with_verdict(printed: FigureVerdict, judged: JudgedFigure, done: Reconciled) -> FigureVerdict:
    fact, suspicion = judged.fact, judged.suspicion
    verdict = _verdict(judged, done)
    code = _diagnosis(judged, verdict, done)
    return replace(
        printed,
        indicator_code=fact.indicator,
        subject_code=fact.subject,
        scope_code=fact.scope,
        kind=fact.kind,
        recomputed=None
        if judged.exact is None
        else displayed(judged.figure, judged.exact, done.catalogue.indicators[fact.indicator]),
        verdict=verdict,
        diagnosis=code,
        explanation=_explanation(judged, code, done),
        is_suspected=judged.is_suspected,
        confidence=None if suspicion is None else Decimal(str(round(suspicion.confidence, 2))),
        suggested=(suggested := _suggested(judged.figure, fact, judged.exact, suspicion, done.catalogue)),
        proposal=_proposal(judged.figure, suggested) if judged.is_suspected and suggested else None,
        broken_relations="；".join(in_words(r, done.verdicts.printed, done.city, done.catalogue) for r in judged.broken)
        or None,
        supporting_relations=done.verdicts.support.get(fact, 0),
    )


def _judged(one: UnderstoodFigure, fact: Reference, done: Reconciled) -> JudgedFigure:
    recomputed = done.recomputed.of(fact, done.city)
    suspicion = done.verdicts.suspicions.get(one.position)
    relations = done.broken_by_fact.get(fact, [])
    unexplained = [r for r in relations if any(r is other for other in done.verdicts.open)]
    listed = done.listed.get(fact)
    judged = JudgedFigure(
        read=one,
        figure=one.figure,
        fact=fact,
        recomputed=recomputed,
        exact=in_printed_unit(one.figure, fact, recomputed, done.catalogue),
        suspicion=suspicion,
        broken=unexplained,
        disagrees=fact in done.verdicts.disagreeing,
        listed=None if listed == one.figure.value else listed,
    )
    return replace(judged, broken=relations) if judged.is_suspected else judged


def _doubt(one: UnderstoodFigure, done: Reconciled) -> str:
    figure, found = one.figure, one.meaning
    assert found.fact is not None
    value = in_printed_unit(figure, found.fact, done.around.values.get(found.fact), done.catalogue)
    should = (
        f"，则应为 {displayed(figure, value, done.catalogue.indicators[found.fact.indicator])}"
        if value is not None
        else ""
    )
    name = name_of(found.fact, done.city, done.catalogue)
    return f"可能是{name}（把握 {found.likeness:.0%}）{should}，而印的是 {figure.printed}：读错还是印错？"


def in_printed_unit(
    figure: PrintedFigure, fact: Reference, value: Decimal | None, catalogue: Catalogue
) -> Decimal | None:
    return None if value is None else value / unit_factor(figure, catalogue.indicators[fact.indicator])


def _verdict(judged: JudgedFigure, done: Reconciled) -> Verdict | str:
    if judged.exact is not None:
        return compare(judged.figure, judged.exact)
    if judged.suspicion is not None or judged.broken or judged.listed is not None:
        return "contradicts"
    return "supported" if done.verdicts.support.get(judged.fact) else "not_verifiable"


def _suggested(
    figure: PrintedFigure, fact: Reference, exact: Decimal | None, suspicion: Suspicion | None, catalogue: Catalogue
) -> str | None:
    """The value that is probably meant, as it should be printed."""
    if suspicion is None:
        return None
    value = in_printed_unit(figure, fact, suspicion.suggested, catalogue)
    # the exact value prints better than one that only has to agree with it
    if value is not None and exact is not None and compare(figure, exact) != "consistent":
        value = exact
    return None if value is None else displayed(figure, value, catalogue.indicators[fact.indicator])


def _proposal(figure: PrintedFigure, suggested: str) -> str | None:
    """The words of a sentence with the number that should stand there; None of a table, where the number is enough."""
    if figure.is_in_table or figure.cell or figure.printed not in figure.context:
        return None
    before, _, after = figure.context.rpartition(figure.printed)
    written = NUMBER.search(figure.printed)
    right = figure.printed.replace(written.group(), suggested, 1) if written else f"{suggested}{figure.unit}"
    return f"{before.lstrip('，。、；：')}{right if suggested[-1:].isdecimal() else suggested}{after}"


def _diagnosis(judged: JudgedFigure, verdict: str, done: Reconciled) -> str | None:
    fact, differs = judged.fact, verdict in ("differs", "truncated")
    if judged.is_suspected or differs:
        meant = judged.recomputed if differs and judged.recomputed is not None else _worked_out(fact, done)
        if meant is None and judged.suspicion is not None:
            meant = judged.suspicion.suggested
        if meant is None:
            return "printed_twice"
        if not judged.is_suspected:
            return "conflict"
        return explain(judged.read, meant, done.around, done.broken_by_fact.get(fact, []), judged.disagrees)
    if judged.broken:
        return OF_RELATION[max(judged.broken, key=lambda r: r.strength).kind]
    if verdict == "contradicts":
        return "printed_twice" if judged.disagrees else "total_parts"
    if fact in done.recomputed.breaks or _crosses_scopes(fact, done):
        return "incomparable"
    if judged.figure.listed is not None:
        return "list_columns"
    if judged.read.asked_scope and verdict == "consistent":
        return "only_in_scope"
    if judged.read.other_readings and verdict == "consistent":
        return "only_so_read"
    return "not_verifiable" if verdict == "not_verifiable" else None


def _worked_out(fact: Reference, done: Reconciled) -> Decimal | None:
    """The exact value of a ratio by its printed terms, where the print breaks it."""
    spans = {f: Interval(value, value) for f, value in done.verdicts.taken.items()}
    ratios = (r for r in done.broken_by_fact.get(fact, []) if r.kind == "ratio" and r.result == fact)
    implied = next((r.implied(fact, spans) for r in ratios), None)
    return implied.middle if implied else None


def _crosses_scopes(fact: Reference, done: Reconciled) -> bool:
    """Whether the printed change can only be checked against last year's value in another scope."""
    if fact.kind != CHANGE:
        return False
    before = replace(fact, kind=VALUE, year=fact.year - 1)
    taken = done.verdicts.taken
    return before not in taken and any(
        replace(other, scope=fact.scope) == before for other in taken if other.indicator == fact.indicator
    )


def _explanation(judged: JudgedFigure, code: str | None, done: Reconciled) -> str | None:
    figure, broken = judged.figure, judged.broken
    said = []
    if judged.is_suspected:
        suggested = _suggested(figure, judged.fact, judged.exact, judged.suspicion, done.catalogue)
        said.append(f"印为 {figure.printed}，应为 {suggested}：{DIAGNOSES[code or 'unexplained']}")
    elif code == "only_in_scope" and not broken:
        said.append(_told_scopes(judged, done))
    elif code == "only_so_read" and not broken:
        said.append(_told_readings(judged, done))
    elif code is not None and not broken:
        said.append(DIAGNOSES[code])
    if judged.is_suspected and judged.exact is not None:
        said.append(
            f"按报送数据重算为 {displayed(figure, judged.exact, done.catalogue.indicators[judged.fact.indicator])}"
        )
    elif judged.listed is not None:
        said.append(f"报告的表中逐校所列为 {judged.listed}")
    said += [in_words(relation, done.verdicts.printed, done.city, done.catalogue) for relation in broken[:3]]
    if broken and not judged.is_suspected:
        said.append(_why_open(judged, done))
    if judged.disagrees and (others := _other_prints(judged, done)):
        said.append(f"别处印的是{others}" if judged.is_suspected else f"别处印的是{others}，至少要改一处")
    if figure.listed is not None:
        said.append(f"清单的数值列写的是 {figure.listed}")
    if (hint := done.hints.get(judged.fact)) is not None:
        said.append(hint)
    return "；".join(said) or None


def _told_scopes(judged: JudgedFigure, done: Reconciled) -> str:
    """In which scope the number is right, and what it would be in the one that its words suggest."""
    label = {scope.code: scope.label for scope in done.city.scopes}
    asked = judged.read.asked_scope
    supposed = replace(judged.fact, scope=asked)
    value = in_printed_unit(judged.figure, supposed, done.recomputed.of(supposed, done.city), done.catalogue)
    assert value is not None
    shown = displayed(judged.figure, value, done.catalogue.indicators[judged.fact.indicator])
    return f"只在“{label[judged.fact.scope]}”口径下成立，按“{label[asked]}”口径应为 {shown}：请写明口径"


def _told_readings(judged: JudgedFigure, done: Reconciled) -> str:
    """By which name the number is right, and what it would be by the others that its words may mean."""
    known = done.catalogue.indicators
    others = dict.fromkeys(reading.indicator for reading in judged.read.other_readings)
    names = "、".join(f"“{known[code].label}”" for code in others if code != judged.fact.indicator)
    return f"按“{known[judged.fact.indicator].label}”核对一致，而这里的说法也可能指{names}：请写明"


def _told_undecided(one: UnderstoodFigure, done: Reconciled) -> str:
    """What the words may mean, and what each of it should be, where the number fits none or several."""
    told = []
    for reading in one.figure.readings:
        indicator = done.catalogue.indicators[reading.indicator]
        value = in_printed_unit(one.figure, reading, done.recomputed.of(reading, done.city), done.catalogue)
        told.append(f"“{indicator.label}”" + (f"（应为 {displayed(one.figure, value, indicator)}）" if value else ""))
    return f"可能指{'或'.join(told)}，不能断定：请写明，并核对"


def _other_prints(judged: JudgedFigure, done: Reconciled) -> str:
    """The other numbers that the report prints for the fact, each with its words."""
    others = {
        one.figure.printed: f" {one.figure.printed}（“{one.figure.context or one.figure.label}”）"
        for one in done.around.figures
        if one.fact == judged.fact and one.figure.value != judged.figure.value
    }
    return "、".join(others.values())


def _why_open(judged: JudgedFigure, done: Reconciled) -> str:
    """A sentence in Chinese about a breach that no correction explains."""
    broken = judged.broken
    facts = {fact for relation in broken for fact in relation.facts}
    values = {fact: done.recomputed.of(fact, done.city) for fact in facts}
    spans = {fact: Interval(value, value) for fact, value in values.items() if value is not None}
    in_submissions = len(spans) == len(values) and not any(relation.holds(spans) for relation in broken)
    said = ["报送数据同样不相等，印刷与报送一致"] if in_submissions else []
    likely = _likely_wrong(facts, done)
    said.append(f"仅看印刷数字，最可能印错的是{'，或'.join(likely)}" if likely else "不能断定是其中哪一个")
    knot = next((done.knot_of[fact] for relation in broken for fact in relation.facts if fact in done.knot_of), None)
    return "；".join([*said, *([_told_corrections(knot, judged.fact, done)] if knot else [])])


def _told_corrections(knot: Knot, fact: Reference, done: Reconciled) -> str:
    """The fewest figures that have to be changed so that all agree, and every way to do it, as far as they can be
    shown; first the one that changes the fact itself."""
    if not knot.corrections:
        return f"改 {MOST_FACTS} 个数还不能全部吻合，请对照原始材料逐个核对"
    figure_of = {one.fact: one.figure for one in reversed(done.around.figures) if one.fact is not None}
    ways = [
        "，同时".join(told for change in correction if (told := _told_change(change, figure_of, done)))
        for correction in sorted(knot.corrections, key=lambda way: fact not in {change.fact for change in way})[
            :WAYS_SHOWN
        ]
    ]
    count = len(knot.corrections)
    more = f"，等 {count} 种改法" if count > WAYS_SHOWN else ""
    return f"最少改 {len(knot.corrections[0])} 个数就全部吻合：{'；或 '.join(ways)}{more}"


def _told_change(change: PossibleChange, figure_of: Mapping[Reference, PrintedFigure], done: Reconciled) -> str:
    figure, span = figure_of[change.fact], change.span
    name = name_of(change.fact, done.city, done.catalogue, False, False)
    value = span.middle if span.low.is_finite() and span.high.is_finite() else span.low
    if not value.is_finite():
        value = span.high
    suggested = _suggested(figure, change.fact, None, Suspicion(0.0, value), done.catalogue)
    return f"{name} {figure.printed} → {suggested}"


def _likely_wrong(facts: Collection[Reference], done: Reconciled) -> list[str]:
    """The facts that the printed figures alone call wrong, each with its correction; the likeliest first."""
    last = {
        fact: one
        for one in done.around.figures
        if (fact := one.fact) is not None and fact in facts and one.position in done.alone.suspicions
    }
    suspected = [(done.alone.suspicions[one.position], fact, one) for fact, one in last.items()]
    return [
        f"{name_of(fact, done.city, done.catalogue, False, False)} {one.figure.printed} → "
        f"{_suggested(one.figure, fact, None, suspicion, done.catalogue)}（{suspicion.confidence:.0%}）"
        for suspicion, fact, one in sorted(suspected, key=lambda each: (-each[0].confidence, each[2].position))
    ]


@dataclass(frozen=True)
class Reconciliation:
    """`frame` has a row for every printed figure (SCHEMA); `memo` is Markdown in Chinese."""

    source: str
    report_year: int
    frame: pl.DataFrame
    memo: str
    owner: str
    """Whose report it is: the name of the city, or of a school."""
    origin_note: str = ""
    """What must be said of the recomputed values when not all of them were submitted."""
    blocks: tuple[int, ...] = ()
    """For each row of the frame, which block of the file it stands in; none of a list."""
    text: tuple[Block, ...] = ()
    """The report's own text; none of a list."""
    answers: tuple[Answer, ...] = ()
    """Of a Word file: the comments of an earlier reconciliation that are in it, and what was answered."""
