"""The words around a number mean the indicator whose name they cover best, if no other is about as good."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from sources.declarations.city import City
from warehouse.catalogue.catalogue import Catalogue
from warehouse.catalogue.indicator import Indicator
from warehouse.figures.fact import CHANGE, SCHOOL_SCOPE, STANDARD, TARGET, VALUE, Kind, Reference
from warehouse.reconcile.reading.names import (
    Names,
    SpokenName,
    either_of,
    is_of_wider_region,
    normal,
    of_wider_region,
    pairs,
    scope_of,
    unit_kind,
    words,
)
from warehouse.reconcile.reading.printed_figure import PrintedFigure
from warehouse.reconcile.reading.whose import (
    Whose,
    all_names,
    as_of_a_city,
    names_of_region,
    own_names,
    provinces,
    whose_words,
)

REACHED = re.compile(
    "[，、]?(?:增加|增长|上升|提高|提升|扩大|减少|下降|降低|降|增|调整|整合|合并|压减|优化)(?:到|至|为|成)"
)
"""What was reached, after what it was before: 由920人增加到940人."""
OF_THE_LAST = re.compile("[，、（]?(?:约|将近|近)?(?:占比|比重|占|比例)[为达是]?(?:约|近)?")
"""A share of the number before, and of nothing that has a name of its own."""
SHARE = re.compile("(占比|比重|占[^，。；]{0,8}的?|比例)[为达是]?$")
SHARED = re.compile("占|比|率")
"""Names of what is said with 占: no 满意度."""
EACH = re.compile("[生人年校班师户]均|平均")
# The weights below were set by hand on the text of the sample city's report for 2023: 298 figures, of which 288 are
# understood. There is no second report to set them on. `tests/bench/wording_weights.py` measures how much hangs on
# them: with one of them a fifth smaller or larger, at most 8 of the 298 are read otherwise (LAST larger: 8; PRECISE
# smaller: 4; AT_HAND, NEAR, BEFORE: 3; AFTER, CLAUSE, CLOSE, COVERED: 2; LAST_SENTENCE: 1), and none with ENOUGH,
# BETTER, OWN, SAME_UNIT, HEAD, UNKNOWN, EARLIER, SHORT, REACH and FAR_REACH.
SHORT = 3
CLOSE = 0.9
"""The same for the name of the last number when nothing else is said: 2482门，共163005学时."""
AT_HAND, NEAR, AFTER, CLAUSE, LAST, BEFORE, EARLIER, LAST_SENTENCE = 1.0, 0.85, 0.95, 0.8, 0.75, 0.7, 0.5, 0.3
"""How much words tell by where they stand: right before the number, before that since the last number, right after
it, later in its clause, in the name of the last number, in the clause before, earlier in the sentence, in the
sentence before."""
COVERED, PRECISE = 0.62, 0.38
"""How much of a name is said, and how much of what is said right at the number belongs to the name."""
ENOUGH, BETTER = 0.5, 0.02
OWN = 0.03
"""What the indicator's own label gains on its other names."""
SAME_UNIT = 0.04
"""What it gains by the very same unit: 所 for schools, although 个 would do."""
HEAD = 0.12
"""What a name gains that contains the very last word before the number."""
UNKNOWN = 0.15
"""How much a word that is in no name speaks against a match."""
REACH = 10
"""How many characters after a number may name it."""
FAR_REACH = 14
"""How many characters before it."""


@dataclass
class State:
    """The subject, year, scope and indicator that the text speaks of at a number."""

    city: City
    names: Names
    report_year: int
    year: int = 0
    owner: str = ""
    """The school whose own report it is; "" of the city's."""
    subject: str = ""
    scope: str = ""
    names_scope: bool = False
    """Whether this sentence names the scope in so many words."""
    names_city: bool = False
    """Whether this sentence says 全市, or what else all of the city is called."""
    names_part: bool = False
    """Whether this sentence names a class of schools that some scope leaves out."""
    school_counts: Mapping[int, str] = field(default_factory=dict)
    """A number of schools → the only scope that has so many."""
    regions: frozenset[str] = frozenset()
    """The city's own regions of which the warehouse has values: a number may be of one of them."""
    usual: Mapping[tuple[int, str], str] = field(default_factory=dict)
    """(Year, topic of the catalogue) → the scope that the bureau chose for it."""
    stated: dict[tuple[str, str], str] = field(default_factory=dict)
    """(Chapter of the report, topic) → the scope last stated there."""
    last: Reference | None = None
    carried: Whose | None = None
    """Whose the sentence before was, if not the city's."""
    carried_year: int | None = None
    """The other year that the sentence before spoke of in the end."""
    names_year: bool = False
    """Whether this sentence names a year."""
    last_whose: Whose | None = None
    """Whose the last number was."""
    year_outside: int | None = None
    """The year outside of the brackets that are open."""
    in_turn: tuple[int, ...] | None = None
    """The years that the numbers are said of in turn (分别); none of them where something else is; None elsewhere."""
    last_likeness: float = 1.0
    was_bound: bool = True
    """Whether the number before was of an indicator."""
    last_readings: tuple[str, ...] = ()
    """What the last number may have been of, where its words did not decide."""
    is_standard: bool = False
    """The last number was a standard: the next one of its unit is what was reached."""

    @property
    def usual_subject(self) -> str:
        """Whose a number is where nobody is named: the school's in its own report, else the city's."""
        return self.owner or self.city.code

    @property
    def places(self) -> str:
        """The names of the city and of its regions, as a pattern."""
        below = (name for code in sorted(self.regions) for name in names_of_region(self.city.region_by_code[code]))
        # the words around a number say 全市 in a district as well
        said = (as_of_a_city(name, self.city) for name in all_names(self.city))
        return "|".join(map(re.escape, (*own_names(self.city), *said, *below)))

    @property
    def catalogue(self) -> Catalogue:
        return self.names.catalogue


@dataclass(frozen=True)
class Context:
    """The words around a number."""

    near: str
    after: str
    clause: str
    before: str
    previous: str

    @property
    def head(self) -> str:
        """The last two characters of the name before the number."""
        return re.sub("((人|总)?数|[为达到有共约是]+)$", "", re.sub("[为达到有共约是的]+$", "", normal(self.near)))[-2:]

    def at_hand(self) -> frozenset[str]:
        return pairs(self.last_words) | pairs(normal(self.after))

    @property
    def last_words(self) -> str:
        """What stands right before the number, back to the last stop."""
        last = re.split("[，。；：、（—-]", self.near.rstrip("，。；：、"))[-1]
        return normal(last).removeprefix("其中")[-FAR_REACH:]

    def strengths(self, last: str) -> dict[str, float]:
        """Pair of characters → how much it tells by where it stands; `last` is the name of the last number."""
        strengths: dict[str, float] = defaultdict(float)
        clauses = re.split("[，。；：、]", self.before)
        for text, strength in (
            (self.last_words, AT_HAND),
            (self.near, NEAR),
            (self.after, AFTER),
            (self.clause, CLAUSE),
            (last, CLOSE if len(normal(self.near)) <= SHORT and len(self.clause) <= SHORT else LAST),
            (clauses[-1], BEFORE),
            ("，".join(clauses[:-1]), EARLIER),
            (self.previous, LAST_SENTENCE),
        ):
            for pair in pairs(normal(text)):
                strengths[pair] = max(strengths[pair], strength)
        return strengths


def indicator_in(context: Context, unit: str, kind: Kind, state: State) -> tuple[str | None, float]:
    """The indicator whose name the words cover best, and how well.

    A change or a share without a name of its own is that of the number before.
    """
    if not state.was_bound and OF_THE_LAST.fullmatch(context.near):
        return None, 0.0
    if (last := _of_the_last_number(context, unit, kind, state)) is not None:
        return last, state.last_likeness
    if not context.after and scope_of(context.near.strip("，、：其中含"), state.city):
        return None, 0.0
    scores = _scores(context, unit, kind, state)
    ranked = sorted(scores.items(), key=lambda item: -item[1])[:2]
    if not ranked or ranked[0][1] < ENOUGH:
        return None, 0.0
    if len(ranked) > 1 and ranked[0][1] - ranked[1][1] < BETTER:
        return None, 0.0
    return ranked[0][0], min(1.0, ranked[0][1])


def readings_of(context: Context, unit: str, kind: Kind, state: State) -> tuple[str, ...]:
    """The indicators that the words may mean, where a declaration says that they mean one of several (在校生)."""
    if kind == CHANGE and len(normal(context.near)) < SHORT:
        return state.last_readings
    said = "|".join([state.places, *(re.escape(r.name) for r in state.city.respondents)])
    stub = re.split("[，。；：、（）—-]", re.sub(said, "", context.near).rstrip("，。；：、"))[-1]
    known = state.catalogue.indicators
    found = either_of(stub or context.after.removeprefix(unit), state.catalogue)
    # 10所学校 are some or all; only what stands before a number names all of it
    found = found if stub or len(found) > 1 else ()
    return tuple(code for code in found if _fits(known[code], unit, known[code].label))


def narrowing(context: Context, code: str, state: State) -> str:
    """What the words right at a number say besides the name of its indicator: 青年 in 青年教师, 受访 in 受访毕业生."""
    clause = re.split("[，。；：]", context.near.rstrip("，。；：、"))[-1]
    own = normal(re.split("的", clause)[-1]) if re.search(whose_words().described, clause) else context.last_words
    name = frozenset("".join(n.text for n in state.names.names if n.indicator == code))
    places = state.places + (f"|{whose_words().school_itself}" if state.owner else "")
    # 人次 and the like are parted from what follows them: 获奖人次为
    own = normal(re.sub("[为达到有共约是]+$", "", own))
    left = re.sub(f"{places}|{whose_words().says_nothing}", "", own)
    return "".join(character for character in left if character not in name)


def _of_the_last_number(context: Context, unit: str, kind: Kind, state: State) -> str | None:
    """The indicator of the number before, or its share, where the words say no more than that."""
    last = state.last
    if last is None or last.subject != state.subject:
        return None
    own = state.catalogue.indicators[last.indicator]
    known = _known(context, state.names)
    is_next = (
        (
            kind == CHANGE
            and _same_kind(unit, state.catalogue.indicators[last.indicator])
            and len(normal(context.near)) < SHORT
        )
        or (kind == STANDARD and not known and own.code in _with_standards(state.catalogue) and _fits(own, unit, "均"))
        or (kind == VALUE and _same_kind(unit, own) and state.last_whose is not None and _is_bare(context.near, state))
        or (kind == VALUE and _same_kind(unit, own) and _is_of_a_region(context.near, state))
        or (kind == VALUE and _same_kind(unit, own) and REACHED.fullmatch(context.near) is not None)
        or (kind == VALUE and state.is_standard and _fits(own, unit, "均") and not known & pairs(normal(own.label)))
    )
    if is_next:
        return last.indicator
    shares = _shares_of_the_last_number(context, unit, state)
    return next(iter(shares)) if shares is not None and len(shares) == 1 else None


def _is_bare(near: str, state: State) -> bool:
    """Whether the words name the city and nothing else: 全国为 94.4%，全市为 92.7%."""
    return re.fullmatch(rf"[，；、而]*(?:{state.places})(?:则|仅|只|已)?[为是达有]*", near) is not None


def _is_of_a_region(near: str, state: State) -> bool:
    """Whether the words name one of the city's regions and nothing else: 全市940人，其中东湖区420人、西岗区310人."""
    return re.fullmatch(rf"[，；、（]*(?:其中)?[，：:]?(?:{state.places})[为是达有]*", near) is not None


def _shares_of_the_last_number(context: Context, unit: str, state: State) -> frozenset[str] | None:
    """The indicators that a share may be when the number before names its part (其中女生1200人，占比…); else None."""
    last = state.last
    if last is None or last.subject != state.subject or unit_kind(unit) != "%" or not SHARE.search(context.near):
        return None
    known = state.catalogue.indicators
    part = known[last.indicator].numerator
    return frozenset(i.code for i in known.values() if i.kind == "ratio" and i.numerator == part)


def _known(context: Context, names: Names) -> frozenset[str]:
    """The pairs of characters right at the number that stand in some name."""
    return frozenset(pair for pair in context.at_hand() if pair in names.weight)


def _scores(context: Context, unit: str, kind: Kind, state: State) -> dict[str, float]:
    """How well the words cover each indicator's best name, of those that the number can be."""
    names, known = state.names, _known(context, state.names)
    last = state.catalogue.indicators[state.last.indicator].label if state.last else ""
    strengths = context.strengths(last)
    said = names.weigh(known) + UNKNOWN * names.weigh(context.at_hand() - known)
    scores: dict[str, float] = {}
    for spoken in _possible(context, unit, kind, state):
        name, found = spoken.name, spoken.pairs
        covered = sum(names.weigh([p]) * strengths.get(p, 0.0) for p in found) / names.weigh(found)
        precise = names.weigh(known & found) / said if known else 0.5
        score = (
            COVERED * covered
            + PRECISE * precise
            + HEAD * (context.head in found)
            + OWN * name.is_own
            + SAME_UNIT * (unit == state.catalogue.indicators[name.indicator].unit)
        )
        scores[name.indicator] = max(score, scores.get(name.indicator, 0.0))
    return scores


def _possible(context: Context, unit: str, kind: Kind, state: State) -> Iterator[SpokenName]:
    """The names of what the number can be by its unit, its region and 均; standards and shares only where one is."""
    level = _level(f"{context.before}{context.near}")
    prize_kind = _prize_kind(f"{context.before}{context.near}")
    wider = any(word in context.near[-REACH:] for word in of_wider_region())
    is_each = EACH.search(context.near + context.after) is not None
    of_school = state.subject != state.city.code and kind == VALUE and not wider
    is_share = unit_kind(unit) == "%" and SHARE.search(context.near) is not None
    among = _shares_of_the_last_number(context, unit, state)
    if among is None and kind == STANDARD:
        among = _with_standards(state.catalogue)
    for spoken in state.names.spoken:
        name, indicator = spoken.name, state.catalogue.indicators[spoken.name.indicator]
        is_each_where_said = ("均" in name.text or not is_each) and (is_each or "/" not in indicator.unit)
        is_in_question = among is None or indicator.code in among
        if (
            _fits(indicator, unit, name.text)
            and _is_of_level(indicator.label, level)
            and _is_of_prize_kind(indicator.label, prize_kind)
            and (not is_share or SHARED.search(name.text))
            and name.is_of_wider_region == wider
            and is_each_where_said
            and is_in_question
            and not (of_school and _is_of_city(indicator.code, state.catalogue))
        ):
            yield spoken


def _level(text: str) -> str:
    """The level of contests that the words name last: one of names.yml; "" where they name none."""
    found = [(m.end(), name) for name, pattern in words().levels.items() for m in re.finditer(pattern, text)]
    return max(found, default=(0, ""))[1]


def _is_of_level(label: str, level: str) -> bool:
    """Whether a contest's indicator may be of the level that was named; others have no level."""
    own = "" if "大赛" not in label else _level(label) or ("provincial" if label.startswith(provinces()) else "")
    return not own or not level or own == level


def _prize_kind(text: str) -> str:
    """The kind of prizes that the words name last; "" where they name none."""
    found = re.findall("|".join(words().prize_kinds), text)
    return str(found[-1]) if found else ""


def _is_of_prize_kind(label: str, kind: str) -> bool:
    """Whether an indicator may be of the kind of prizes that was named; others than prizes have no kind."""
    return words().prizes not in label or not kind or kind in label


@lru_cache
def _with_standards(catalogue: Catalogue) -> frozenset[str]:
    return frozenset(standard.indicator for standard in catalogue.standards)


@lru_cache
def _is_of_city(code: str, catalogue: Catalogue) -> bool:
    """Whether only the region has the indicator, not a school: known for the region only, or a count of schools."""
    indicator = catalogue.indicators[code]
    measures = [catalogue.measures[code] for code in indicator.numerator]
    return catalogue.level(indicator) == "region" or any(m.count and m.subject for m in measures)


def _fits(indicator: Indicator, unit: str, name: str) -> bool:
    """Whether the unit may be the indicator's; a text prints 平方米 for 平方米/人, with 生均 in the name."""
    own = indicator.unit
    if unit in words().said_only_of and own != unit and not re.search(words().said_only_of[unit], indicator.label):
        return False
    per_head = "/" in own and "均" in name and unit_kind(own.partition("/")[0]) == unit_kind(unit)
    return per_head or not unit or unit_kind(own) == unit_kind(unit)


def _same_kind(unit: str, indicator: Indicator) -> bool:
    return unit_kind(unit) == unit_kind(indicator.unit)


def fact_of(code: str, kind: Kind, year: int, section: str, state: State) -> Reference:
    city = state.city
    if kind in (STANDARD, TARGET) or is_of_wider_region(state.catalogue.indicators[code].label):
        return Reference(code, year, city.code, city.scopes[0].code, kind)
    if state.subject != city.code and not _is_of_city(code, state.catalogue):
        return Reference(code, year, state.subject, SCHOOL_SCOPE, kind)
    topic = _topics(state.catalogue)[code]
    scope = state.scope or state.stated.get((section, topic)) or usual_scope(code, year, state)
    return Reference(code, year, city.code, scope, kind)


def usual_scope(code: str, year: int, state: State) -> str:
    """The scope of an indicator where nothing says one: the bureau's choice of the year, else the city's first."""
    return state.usual.get((year, _topics(state.catalogue)[code])) or state.city.scopes[0].code


def note_scope_of(code: str, section: str, state: State) -> None:
    """Takes up the scope that was stated, for what else the section says of the topic."""
    if state.scope and not state.names_scope:
        state.stated[section, _topics(state.catalogue)[code]] = state.scope


@lru_cache
def _topics(catalogue: Catalogue) -> dict[str, str]:
    return {indicator.code: chapter.topic for chapter in catalogue.chapters for indicator in chapter.indicators}


def subject_name(subject: str, city: City) -> str:
    if subject == city.code:
        return "全市"
    region = city.region_by_code.get(subject)
    return region.name if region else city.respondent_by_code[subject].name


def of_region(figure: PrintedFigure, whose: Whose, state: State) -> PrintedFigure | None:
    """The figure as one of the region whose it is; None where that is no region that the warehouse has values of, or
    the figure is of nothing that a region has."""
    facts = [*([figure.codes] if figure.codes else []), *figure.readings]
    if whose.region not in state.regions or not facts or any(fact.subject != state.city.code for fact in facts):
        return None
    return replace(
        figure,
        subject=subject_name(whose.region, state.city),
        codes=replace(figure.codes, subject=whose.region) if figure.codes else None,
        readings=tuple(replace(reading, subject=whose.region) for reading in figure.readings),
    )
