"""What is said of a figure, and why."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import polars as pl

from sources.declarations.city import City
from warehouse.catalogue.indicator import load_indicators
from warehouse.figures.fact import CHANGE, VALUE, Reference
from warehouse.reconcile.judging.causes import DIAGNOSES, OF_RELATION, Surroundings, explain, in_words, name_of
from warehouse.reconcile.judging.corrections import ACCUSED, Suspicion, Verdicts
from warehouse.reconcile.judging.misprints import OF_DIGITS
from warehouse.reconcile.judging.relations import Interval, Relation
from warehouse.reconcile.judging.witnesses import Recomputed, compare, displayed, unit_factor
from warehouse.reconcile.reading.names import Meaning
from warehouse.reconcile.reading.printed_figure import PrintedFigure

VERDICTS = {
    "consistent": "一致",
    "truncated": "截断",
    "differs": "不一致",
    "contradicts": "与其他印刷数字矛盾",
    "supported": "有其他印刷数字印证",
    "not_verifiable": "无法核实",
    "not_matched": "未识别",
}
SURE_READING = {"context": 0.83, "similar": 0.6}
"""A reading of words, and a name that is only like a known one, accuse nobody by themselves below this likeness."""
BY_ITSELF_NO_SLIP = {*OF_RELATION.values(), "text_table", "printed_twice", "unexplained", "shifted"}
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "position": pl.Int64,
    "figure_id": pl.String,
    "section": pl.String,
    "figure_year": pl.Int64,
    "subject": pl.String,
    "label": pl.String,
    "printed": pl.String,
    "unit": pl.String,
    "context": pl.String,
    "matched_by": pl.String,
    "indicator_code": pl.String,
    "subject_code": pl.String,
    "scope_code": pl.String,
    "kind": pl.String,
    "recomputed": pl.String,
    "verdict": pl.String,
    "diagnosis": pl.String,
    "explanation": pl.String,
    "is_suspected": pl.Boolean,
    "confidence": pl.Decimal(3, 2),
    "suggested": pl.String,
    "broken_relations": pl.String,
    "supporting_relations": pl.Int64,
}


@dataclass(frozen=True)
class Reconciled:
    """Everything that is known once the figures have been judged."""

    figures: Sequence[PrintedFigure]
    meanings: Sequence[Meaning]
    city: City
    recomputed: Recomputed
    verdicts: Verdicts
    alone: Verdicts
    """The same from the printed figures alone."""
    around: Surroundings
    broken_by_fact: Mapping[Reference, list[Relation]]
    hints: Mapping[Reference, str]
    listed: Mapping[Reference, Decimal]
    """Counted in the report's own tables."""
    doubtful: Collection[int] = ()
    """Positions that were probably read wrong."""


def is_doubtful(position: int, done: Reconciled) -> bool:
    """A reading that is not sure, of a number that does not fit and that no slip explains: rather read wrong."""
    figure, found, fact = done.figures[position], done.meanings[position], done.around.facts[position]
    if fact is None or found.likeness >= SURE_READING.get(found.how, 0.0):
        return False
    suspicion = done.verdicts.suspicions.get(position)
    exact = in_printed_unit(figure, fact, done.around.values.get(fact))
    if suspicion is None and (exact is None or compare(figure, exact) == "consistent"):
        return False
    meant = done.around.values[fact]
    disagrees = fact in done.verdicts.disagreeing
    code = explain(position, meant, done.around, done.broken_by_fact.get(fact, []), disagrees)
    is_short = figure.value is not None and abs(figure.value) < Decimal(100).scaleb(-figure.decimals)
    return code in BY_ITSELF_NO_SLIP or (code in OF_DIGITS and is_short)


def verdict_row(position: int, done: Reconciled) -> dict[str, object]:
    figure, found = done.figures[position], done.meanings[position]
    fact = done.around.facts[position]
    row: dict[str, object] = dict.fromkeys(SCHEMA)
    row |= {
        "position": position + 1,
        "figure_id": figure.figure_id,
        "section": figure.section,
        "figure_year": figure.year,
        "subject": figure.subject,
        "label": figure.label,
        "printed": figure.printed,
        "unit": figure.unit,
        "context": figure.context or None,
        "matched_by": found.how,
        "is_suspected": False,
        "supporting_relations": 0,
    }
    if position in done.doubtful and found.fact is not None:
        return row | _doubted(position, figure, found, done)
    if fact is None:
        return row | {"verdict": "not_matched", "diagnosis": "not_matched", "explanation": DIAGNOSES["not_matched"]}
    exact = in_printed_unit(figure, fact, done.recomputed.of(fact, done.city))
    suspicion = done.verdicts.suspicions.get(position)
    suspected = suspicion is not None and suspicion.confidence >= ACCUSED
    broken = _broken_here(fact, suspected, done)
    verdict = _verdict(figure, fact, exact, suspicion is not None or bool(broken), done)
    suggested = _suggested(figure, fact, exact, suspicion)
    code = _diagnosis(position, fact, verdict, suspicion, suspected, broken, done)
    return row | {
        "indicator_code": fact.indicator,
        "subject_code": fact.subject,
        "scope_code": fact.scope,
        "kind": fact.kind,
        "recomputed": None if exact is None else displayed(figure, exact, fact.indicator),
        "verdict": verdict,
        "diagnosis": code,
        "explanation": _explanation(figure, fact, code, suggested, suspected, broken, exact, done),
        "is_suspected": suspected,
        "confidence": None if suspicion is None else Decimal(str(round(suspicion.confidence, 2))),
        "suggested": suggested if suspicion else None,
        "broken_relations": "；".join(in_words(r, done.verdicts.printed, done.city) for r in broken) or None,
        "supporting_relations": done.verdicts.support.get(fact, 0),
    }


def _doubted(position: int, figure: PrintedFigure, found: Meaning, done: Reconciled) -> dict[str, object]:
    assert found.fact is not None
    value = in_printed_unit(figure, found.fact, done.around.values.get(found.fact))
    should = f"，则应为 {displayed(figure, value, found.fact.indicator)}" if value is not None else ""
    name = name_of(found.fact, done.city)
    return {
        "verdict": "not_matched",
        "diagnosis": "not_matched",
        "explanation": f"可能是{name}（把握 {found.likeness:.0%}）{should}，而印的是 {figure.printed}：读错还是印错？",
    }


def in_printed_unit(figure: PrintedFigure, fact: Reference, value: Decimal | None) -> Decimal | None:
    return None if value is None else value / unit_factor(figure, load_indicators()[fact.indicator])


def _broken_here(fact: Reference, suspected: bool, done: Reconciled) -> list[Relation]:
    """The breaches to show at a figure: its own if it is wrong, and those that nothing explains."""
    relations = done.broken_by_fact.get(fact, [])
    return relations if suspected else [r for r in relations if any(r is other for other in done.verdicts.open)]


def _verdict(figure: PrintedFigure, fact: Reference, exact: Decimal | None, in_doubt: bool, done: Reconciled) -> str:
    if exact is not None:
        return compare(figure, exact)
    if in_doubt or _listed_otherwise(figure, fact, done):
        return "contradicts"
    return "supported" if done.verdicts.support.get(fact) else "not_verifiable"


def _suggested(
    figure: PrintedFigure, fact: Reference, exact: Decimal | None, suspicion: Suspicion | None
) -> str | None:
    if suspicion is None or suspicion.suggested is None:
        return None
    value = in_printed_unit(figure, fact, suspicion.suggested)
    assert value is not None
    # the exact value prints better than one that only has to agree with it
    return displayed(
        figure, exact if exact is not None and compare(figure, exact) != "consistent" else value, fact.indicator
    )


def _diagnosis(
    position: int, fact: Reference, verdict: str, suspicion: Suspicion | None, suspected: bool,
    broken: Sequence[Relation], done: Reconciled,
) -> str | None:  # fmt: skip
    exact = done.recomputed.of(fact, done.city)
    if suspected or verdict in ("differs", "truncated"):
        differs = verdict in ("differs", "truncated")
        meant = exact if differs and exact is not None else _worked_out(fact, done)
        if meant is None and suspicion is not None:
            meant = suspicion.suggested
        if meant is None:
            return "printed_twice"
        if not suspected:
            return "conflict"
        return explain(
            position, meant, done.around, done.broken_by_fact.get(fact, []), fact in done.verdicts.disagreeing
        )
    if broken:
        return OF_RELATION[max(broken, key=lambda r: r.strength).kind]
    if verdict == "contradicts":
        return "printed_twice" if fact in done.verdicts.disagreeing else "total_parts"
    if fact in done.recomputed.breaks or _crosses_scopes(fact, done):
        return "incomparable"
    if done.figures[position].listed is not None:
        return "list_columns"
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
    others = [f for f in done.verdicts.taken if replace(f, scope=fact.scope) == before]
    return bool(others) and before not in done.verdicts.taken


def _explanation(
    figure: PrintedFigure, fact: Reference, code: str | None, suggested: str | None, suspected: bool,
    broken: Sequence[Relation], exact: Decimal | None, done: Reconciled,
) -> str | None:  # fmt: skip
    said = []
    if suspected:
        said.append(f"印为 {figure.printed}，应为 {suggested}：{DIAGNOSES[code or 'unexplained']}")
    elif code is not None and not broken:
        said.append(DIAGNOSES[code])
    if suspected and exact is not None:
        said.append(f"按报送数据重算为 {displayed(figure, exact, fact.indicator)}")
    elif suspicion_by_list := _listed_otherwise(figure, fact, done):
        said.append(suspicion_by_list)
    said += [in_words(relation, done.verdicts.printed, done.city) for relation in broken[:3]]
    if broken and not suspected:
        said.append(_why_open(broken, done))
    if figure.listed is not None:
        said.append(f"清单的数值列写的是 {figure.listed}")
    if (hint := done.hints.get(fact)) is not None:
        said.append(hint)
    return "；".join(said) or None


def _listed_otherwise(figure: PrintedFigure, fact: Reference, done: Reconciled) -> str | None:
    """What the report's own table lists, where that is another number."""
    listed = done.listed.get(fact)
    return f"报告的表中逐校所列为 {listed}" if listed is not None and listed != figure.value else None


def _why_open(broken: Sequence[Relation], done: Reconciled) -> str:
    """What can be said about a breach that no correction explains."""
    facts = [fact for relation in broken for fact in relation.facts]
    values = {fact: done.recomputed.of(fact, done.city) for fact in facts}
    spans = {fact: Interval(value, value) for fact, value in values.items() if value is not None}
    in_submissions = len(spans) == len(values) and not any(relation.holds(spans) for relation in broken)
    said = ["报送数据同样不相等，印刷与报送一致"] if in_submissions else []
    by_fact = {
        fact: (done.alone.suspicions[position], fact, position)
        for position, fact in enumerate(done.around.facts)
        if fact in facts and position in done.alone.suspicions
    }
    likely = [
        f"{name_of(fact, done.city, False, False)} {done.figures[position].printed} → "
        f"{_suggested(done.figures[position], fact, None, suspicion)}（{suspicion.confidence:.0%}）"
        for suspicion, fact, position in sorted(by_fact.values(), key=lambda c: (-c[0].confidence, c[2]))
    ]
    said.append(f"仅看印刷数字，最可能印错的是{'，或'.join(likely)}" if likely else "不能断定是其中哪一个")
    return "；".join(said)


@dataclass(frozen=True)
class Reconciliation:
    """`frame` has a row for every printed figure (frame.SCHEMA); `memo` is Markdown in Chinese."""

    source: str
    report_year: int
    frame: pl.DataFrame
    memo: str
