"""Why a printed figure differs: the slip, the other number that was printed in its place, or what it contradicts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sources.audit.slips import OF_DIGITS
from sources.declarations.city import City
from warehouse.catalogue.catalogue import Catalogue
from warehouse.catalogue.indicator import Indicator
from warehouse.figures.fact import CHANGE, SCHOOL_SCOPE, VALUE, Reference
from warehouse.figures.rounding import rounded, trimmed_text
from warehouse.reconcile.judging.misprints import slip
from warehouse.reconcile.judging.relations import Interval, Relation, formula_of
from warehouse.reconcile.judging.witnesses import unit_factor
from warehouse.reconcile.reading.names import UnderstoodFigure

DIAGNOSES = {
    "truncated": "没有四舍五入，直接截去了后面的位数",
    "rounded_up": "末位进位有误",
    "power_of_ten": "小数点或数量级差 10 的整数次方",
    "ten_thousand": "差一万倍，漏了或多了“万”",
    "hundred_million": "差一亿倍，漏了或多了“亿”",
    "yuan": "元与万元混用，差一万倍",
    "fraction": "百分数与小数混用，差一百倍",
    "percentage_point": "百分点与百分比混用：印的是相对变化率",
    "sign": "增减方向（正负号）相反",
    "swapped": "相邻两位数字颠倒",
    "one_digit": "有一位数字不同",
    "missing_digit": "少一位数字",
    "extra_digit": "多一位数字",
    "last_year": "误用了上年的数",
    "shifted": "错行或错列：印的是表中相邻一格的数",
    "own_change": "印的是它自己比上年的增减数",
    "other_scope": "用了另一种统计口径的数",
    "other_base": "分母用错：用了上年的或另一种统计口径的分母",
    "mean_of_means": "是各校（或各地）比率的简单平均，应当用合计的分子除以合计的分母",
    "changed_set": "合计的范围不对：差额正好是其中一所学校或一个地区的数",
    "other_definition": "用了另一种算法",
    "incomparable": "两年口径不同，不能直接相减",
    "text_table": "正文与表格不一致",
    "printed_twice": "同一事实前后印的数不一致",
    "total_parts": "合计与各项之和不符",
    "ratio_terms": "比率与分子、分母不符",
    "change_terms": "增减数与两年的数不符",
    "negative": "不能是负数",
    "unexplained": "与重算值不同，原因不明",
    "conflict": "与重算值不同，但与其他印刷数字相互印证：可能是报送在印刷后有更正",
    "list_columns": "清单中的数值与印刷文字不是同一个数，以印刷文字为准",
    "not_verifiable": "数据库中没有对应的值，也没有其他印刷数字可以核对",
    "not_matched": "没有识别出是哪一个指标",
    "no_figure": "没有单位，或不知道数的是什么",
    "only_so_read": "只按一种读法成立",
    "only_in_scope": "只在一种统计口径下成立",
    "other_kind": "不是全市当年的数",
}
OF_RELATION = {"sum": "total_parts", "shares": "total_parts", "ratio": "ratio_terms", "denominator": "ratio_terms",
               "change": "change_terms", "negative": "negative"}  # fmt: skip
LEAST_OF_A_MEAN = 3
TELLING = 10
"""A smaller number may equal its neighbour by chance."""
PERCENT = 100


@dataclass(frozen=True)
class Surroundings:
    """The data that a diagnosis looks at."""

    figures: Sequence[UnderstoodFigure]
    values: Mapping[Reference, Decimal]
    """The value that each fact should have, in its own unit: recomputed, or as printed where it was not doubted."""
    city: City
    catalogue: Catalogue
    submitted: Mapping[Reference, Decimal]
    """The recomputed values alone."""


def explain(
    one: UnderstoodFigure, meant: Decimal, around: Surroundings, broken: Sequence[Relation], disagrees: bool
) -> str:
    """The code of DIAGNOSES for a print that should have been `meant` (own unit, may be exact)."""
    figure, fact = one.figure, one.fact
    assert fact is not None
    assert figure.value is not None
    indicator = around.catalogue.indicators[fact.indicator]
    factor = unit_factor(figure, indicator)
    step = Decimal(1).scaleb(-figure.decimals)
    found = slip(figure.value, meant / factor, step, indicator.unit == "%")
    if found == "ten_thousand" and figure.unit.endswith("元"):
        found = "yuan"
    if found in (None, *OF_DIGITS):
        telling = found if abs(figure.value) >= TELLING * step else None
        found = taken_from_elsewhere(one, around) or telling
    if found is None and _is_of_a_part(fact, meant - figure.value * factor, around):
        found = "changed_set"
    return found or _contradiction(fact, broken, disagrees, around)


def taken_from_elsewhere(one: UnderstoodFigure, around: Surroundings) -> str | None:
    """The code of DIAGNOSES when the printed number is the right one of something else."""
    figure, fact = one.figure, one.fact
    if fact is None or figure.value is None:
        return None
    indicator = around.catalogue.indicators[fact.indicator]
    factor = unit_factor(figure, indicator)

    def is_printed(value: Decimal | None) -> bool:
        return value is not None and rounded(value / factor, figure.decimals) == figure.value

    if fact.kind == CHANGE:
        return _wrong_change(fact, indicator, around, is_printed)
    if is_printed(around.values.get(replace(fact, year=fact.year - 1))):
        return "last_year"
    if abs(figure.value) >= TELLING and any(is_printed(v) for v in _neighbours(one, around)):
        return "shifted"
    change = around.values.get(replace(fact, kind=CHANGE))
    if change is not None and abs(figure.value) >= TELLING and (is_printed(change) or is_printed(-change)):
        return "own_change"
    scopes = [s.code for s in around.city.scopes if s.code != fact.scope] if fact.scope != SCHOOL_SCOPE else []
    if any(is_printed(around.submitted.get(replace(fact, scope=scope))) for scope in scopes):
        return "other_scope"
    if any(is_printed(value) for value in _otherwise_defined(fact, indicator, around)):
        return "other_definition"
    if any(is_printed(value) for value in over_other_bases(fact, around.city, around.catalogue, around.submitted)):
        return "other_base"
    if any(is_printed(value) for value in _means_of_parts(fact, indicator, around)):
        return "mean_of_means"
    return None


def _means_of_parts(fact: Reference, indicator: Indicator, around: Surroundings) -> Iterator[Decimal]:
    """The plain mean of what schools have, and of what regions have, of a ratio of the whole city."""
    if indicator.kind != "ratio" or fact.kind != VALUE or fact.subject != around.city.code:
        return
    schools = [replace(fact, subject=r.code, scope=SCHOOL_SCOPE) for r in around.city.respondents_in(fact.year)]
    regions = [replace(fact, subject=r.code) for r in around.city.regions if r.code != fact.subject]
    for parts in (schools, regions):
        values = [value for part in parts if (value := around.submitted.get(part)) is not None]
        if len(values) >= LEAST_OF_A_MEAN:
            yield sum(values, Decimal(0)) / len(values)


def _wrong_change(fact: Reference, indicator: Indicator, around: Surroundings, is_printed) -> str | None:  # type: ignore[no-untyped-def]
    values = around.values
    now = values.get(replace(fact, kind=VALUE))
    before = values.get(replace(fact, kind=VALUE, year=fact.year - 1))
    change = values.get(fact)
    if indicator.unit == "%" and change is not None and before and is_printed(PERCENT * change / before):
        return "percentage_point"
    scopes = [scope.code for scope in around.city.scopes]
    for one in scopes:
        for other in scopes:
            this = values.get(replace(fact, kind=VALUE, scope=one))
            last = values.get(replace(fact, kind=VALUE, scope=other, year=fact.year - 1))
            if this is not None and last is not None and is_printed(this - last):
                return "incomparable" if one != other else "other_scope"
    if now is not None and (is_printed(now) or (before is not None and is_printed(before))):
        return "shifted"
    return None


def _neighbours(one: UnderstoodFigure, around: Surroundings) -> Iterator[Decimal]:
    """Values of the cells above, below, left and right in a table."""
    figure, fact = one.figure, one.fact
    assert fact is not None
    if not figure.is_in_table:
        return
    for step in (-1, 1):
        row_seen = column_seen = False
        other = one.position + step
        while 0 <= other < len(around.figures) and around.figures[other].figure.section == figure.section:
            there = around.figures[other].fact
            if there is not None and there.kind == fact.kind and there != fact:
                same_row = (there.subject, there.year) == (fact.subject, fact.year)
                same_column = there.indicator == fact.indicator
                if (same_row and not row_seen) or (same_column and not column_seen):
                    row_seen, column_seen = row_seen or same_row, column_seen or same_column
                    if (value := around.values.get(there)) is not None:
                        yield value
            other += step


def _otherwise_defined(fact: Reference, indicator: Indicator, around: Surroundings) -> Iterator[Decimal]:
    values, sums_of = around.values, around.catalogue.sums
    for formula in indicator.alternatives.values():
        sums = []
        for measures in (formula.numerator, formula.denominator):
            parts = [values.get(replace(fact, indicator=sums_of.get(measure, ""))) for measure in measures]
            sums.append(None if None in parts else sum(part for part in parts if part is not None))
        if sums[0] is not None and sums[1]:
            yield Decimal(indicator.scale) * sums[0] / sums[1]


def over_other_bases(
    fact: Reference, city: City, catalogue: Catalogue, values: Mapping[Reference, Decimal]
) -> Iterator[Decimal]:
    """A ratio with its own numerator over last year's denominator, and over that of each other scope."""
    indicator = catalogue.indicators[fact.indicator]
    formula = formula_of(indicator, city, fact.year)
    if indicator.kind != "ratio" or fact.kind != VALUE:
        return
    own = replace(fact, kind=VALUE)
    elsewhere = [
        replace(own, scope=scope.code) for scope in city.scopes if fact.scope not in (SCHOOL_SCOPE, scope.code)
    ]
    above = _sum_of(formula.numerator, own, catalogue, values)
    for place in (replace(own, year=fact.year - 1), *elsewhere):
        below = _sum_of(formula.denominator, place, catalogue, values)
        if above is not None and below:
            yield indicator.scale * above / below


def _sum_of(
    measures: Sequence[str], place: Reference, catalogue: Catalogue, values: Mapping[Reference, Decimal]
) -> Decimal | None:
    parts = [values.get(replace(place, indicator=catalogue.sums.get(measure, ""))) for measure in measures]
    known = [part for part in parts if part is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(parts) else None


def _is_of_a_part(fact: Reference, difference: Decimal, around: Surroundings) -> bool:
    """Whether a number is off by just what a school or a region has: it was left out, or counted in."""
    if abs(difference) < TELLING or around.catalogue.indicators[fact.indicator].kind != "sum" or fact.kind != VALUE:
        return False
    schools = (replace(fact, subject=r.code, scope=SCHOOL_SCOPE) for r in around.city.respondents)
    regions = (replace(fact, subject=r.code) for r in around.city.regions if r.code != fact.subject)
    parts = (*schools, *regions) if fact.scope != SCHOOL_SCOPE else ()
    return any(around.submitted.get(part) == abs(difference) for part in parts)


def _contradiction(fact: Reference, broken: Sequence[Relation], disagrees: bool, around: Surroundings) -> str:
    if disagrees:
        tables = {other.figure.is_in_table for other in around.figures if other.fact == fact}
        return "text_table" if len(tables) == 2 else "printed_twice"
    own = [r for r in broken if r.result == fact] or [r for r in broken if fact in r.facts]
    return OF_RELATION[max(own, key=lambda r: r.strength).kind] if own else "unexplained"


NAMED = 6
SHORT_DECIMALS = 4


def in_words(relation: Relation, spans: Mapping[Reference, Interval], city: City, catalogue: Catalogue) -> str:
    """Writes a relation with its printed values as a sentence that shows where it fails; it says shared words once."""
    years, scopes = ({f.year for f in relation.facts}, {f.scope for f in relation.facts} - {SCHOOL_SCOPE})
    said = {
        fact: f"{name_of(fact, city, catalogue, len(years) > 1, len(scopes) > 1)} {number(spans[fact])}"
        for fact in relation.facts
    }
    shared = [f"{years.pop()}年"] if len(years) == 1 else []
    shared += [_scope_label(scopes.pop(), city)] if len(scopes) == 1 else []
    about = "，".join(filter(None, shared))
    body = _body(relation, said, spans, catalogue)
    return f"{about}：{body}" if about else body


def _body(
    relation: Relation, said: Mapping[Reference, str], spans: Mapping[Reference, Interval], catalogue: Catalogue
) -> str:
    if relation.kind == "negative":
        return f"{said[relation.facts[0]]}，不能是负数"
    if relation.kind == "shares":
        total = sum((spans[fact].middle for fact in relation.facts), Decimal(0))
        return f"{' + '.join(said.values())} = {_short(total)}，不是 100"
    if relation.kind == "ratio":
        assert relation.result is not None
        implied = relation.implied(relation.result, spans)
        terms = "、".join(said[fact] for fact in relation.facts if fact != relation.result)
        worked_out = f"应为 {_short(implied.middle)}，" if implied else ""
        return f"由{terms}计算，{worked_out}而{said[relation.result]}"
    if relation.kind == "denominator":
        return "；".join(
            f"由{'、'.join(said[f] for f in part)}推算，分母约为 {_denominator(part, spans, catalogue):.0f}"
            for part in _ratios_with_terms(relation.facts, catalogue)
        )
    assert relation.sides is not None
    parts, sign, wholes = relation.sides
    left, right = (_sum_in_words(side, said, spans) for side in (parts, wholes))
    if relation.kind == "change":
        now, previous, change = relation.facts
        scopes = "（两年口径不同）" if relation.other_scope else ""
        difference = spans[now].middle - spans[previous].middle
        return f"{said[now]} − {said[previous]} = {_short(difference)}{scopes}，而{said[change]}"
    return f"{left}，{'而' if sign == '=' else '不应多于'}{right}"


def _ratios_with_terms(facts: Sequence[Reference], catalogue: Catalogue) -> list[list[Reference]]:
    """The two halves of a relation between two ratios; each begins with the ratio."""
    halves: list[list[Reference]] = []
    for fact in facts:
        if catalogue.indicators[fact.indicator].kind == "ratio":
            halves.append([])
        halves[-1].append(fact)
    return halves


def _denominator(part: Sequence[Reference], spans: Mapping[Reference, Interval], catalogue: Catalogue) -> Decimal:
    result, *above = part
    scale = catalogue.indicators[result.indicator].scale
    return scale * sum((spans[f].middle for f in above), Decimal(0)) / spans[result].middle


def _sum_in_words(
    side: Sequence[tuple[Decimal, Reference]],
    said: Mapping[Reference, str],
    spans: Mapping[Reference, Interval],
) -> str:
    total = _short(sum((c * spans[f].middle for c, f in side), Decimal(0)))
    if len(side) == 1 and side[0][0] == 1:
        return said[side[0][1]]
    terms = [f"{'' if c == 1 else f'{_short(c)} × '}{said[f]}" for c, f in side]
    shown = " + ".join(terms) if len(terms) <= NAMED else f"{terms[0]} 等 {len(terms)} 项之和"
    return f"{shown} = {total}"


def name_of(fact: Reference, city: City, catalogue: Catalogue, with_year: bool = True, with_scope: bool = True) -> str:
    """Whose figure, of which year and scope."""
    school = city.respondent_by_code.get(fact.subject) if fact.scope == SCHOOL_SCOPE else None
    region = city.region_by_code.get(fact.subject) if fact.subject != city.code else None
    whose = school.name if school else region.name if region else ""
    year = f"{fact.year}年" if with_year else ""
    scope = _scope_label(fact.scope, city) if with_scope else ""
    change = "的变化" if fact.kind == CHANGE else ""
    return f"{whose}{year}{catalogue.indicators[fact.indicator].label}{f'（{scope}）' if scope else ''}{change}"


def _scope_label(code: str, city: City) -> str:
    """The scope's label; '' for the city's first scope, which a report means when it names none."""
    return next((s.label for s in city.scopes[1:] if s.code == code), "")


def number(span: Interval) -> str:
    return _short(span.middle if span.high.is_finite() else span.low)


def _short(value: Decimal) -> str:
    """At most four decimals, without trailing zeros."""
    return trimmed_text(rounded(value, SHORT_DECIMALS))
