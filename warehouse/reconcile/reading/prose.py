"""Numbers in sentences → figures.

A number is read with what stands before and after it: the words since the last number, the sentence, the school or
the city, the year, the scope in brackets, the direction of a change. Years, dates and ordinals are no figures.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from warehouse.catalogue.catalogue import Catalogue
from warehouse.figures.fact import CHANGE, SCHOOL_SCOPE, STANDARD, TARGET, VALUE, Kind, Reference
from warehouse.reconcile.reading.chinese_numbers import LARGE, spoken_number
from warehouse.reconcile.reading.names import either_of, is_of_wider_region, scope_of, words
from warehouse.reconcile.reading.numerals import Numeral, Span, evened, never_figures, numerals_in
from warehouse.reconcile.reading.printed_figure import PrintedFigure, number_in
from warehouse.reconcile.reading.report_file import Paragraph
from warehouse.reconcile.reading.whose import (
    OF_A_PART,
    OF_GROWTH,
    Whose,
    all_names,
    as_of_a_city,
    blanked,
    class_labels,
    kind_of_number,
    own_names,
    unsure,
    whose_number,
    whose_words,
)
from warehouse.reconcile.reading.wording import (
    REACH,
    REACHED,
    Context,
    State,
    fact_of,
    indicator_in,
    narrowing,
    note_scope_of,
    of_region,
    readings_of,
    subject_name,
)

UP, DOWN = "增加|增长|上升|提高|新增|增", "减少|下降|降低|减"
MOVED = re.compile(rf"(比|较|同比|相比)?[^，。；]{{0,8}}?(?P<verb>{UP}|{DOWN})了?(?:约|近)?$")
LAST_YEAR = re.compile(r"(比|较)?(上年|去年|上一年)(度)?的?$")
AT_LEAST = re.compile(r"(≥|不低于|不少于|不小于|要求|标准)[为达在]*$")
OF_CITY = "(?=现|共|有|中等职业|中职|职业教育|职业学校|普通)"
NARROWS, UNSURE = 2, 0.8
"""From so many further characters on the words at a number may mean something narrower, and how sure it can be then."""
ROUND = 10
LOOKS_AROUND = 1_000
"""No sentence that somebody wrote is longer; one that a program wrote must not take for ever."""
BOUND = re.compile("(低于|高于|不足|少于|多于)$")
QUOTED = re.compile(r"[“\"‘《【][^”\"’》】]*[”\"’》】]")


@lru_cache
def _number(catalogue: Catalogue) -> re.Pattern[str]:
    units = {unit for group in words().units.values() for unit in group}
    units |= {indicator.unit.partition("/")[0] for indicator in catalogue.indicators.values()} | {"㎡", "%"}
    alternatives = "|".join(sorted((re.escape(u) for u in units if u and not u.startswith(":")), key=len, reverse=True))
    number, unit = r"\d+(?:,\d{3})*(?:\.\d+)?", rf"(?:百万|千万|万|亿)?(?:{alternatives})"
    return re.compile(
        rf"(?P<range>{number}(?:(?!个?百分点){unit})?(?:[至到~～–－-]|—{{1,2}}){number}[余多]?{unit})"
        rf"|(?P<rough>{whose_words().rough})"
        rf"|(?P<about>大约|约|将近|接近|近|超过|突破|逾)?(?P<number>{number}|(?P<words>{LARGE.pattern}))"
        rf"(?:(?P<ratio>[:：∶]1(?!\d))|(?P<more>余|多)?(?P<unit>{unit}|(?=[，。；、）]|$))(?P<least>以上)?)"
    )


RANGE, ROUGH = "是一个区间，不是一个数", "是约数或几分之几，不能据此核对"
MANNER_OF_SPEAKING = "用汉字写的小数目，多半只是说法，没有核对"
NO_NUMBER_AFTER = re.compile("[几数]$|[一二三四五六七八九十百千]$")
NO_FIGURE = re.compile(r"(第|[A-Za-z+×/\-—.〔（(]\s*|\d)$")
DATE = re.compile(r"\d{4}\s*[-—]\s*\d{4}\s*(学?年度?)|\d{4}年(?:\d+月)?(?:\d+日)?|\d+月\d+日|\d+月")


def figures_of_paragraph(paragraph: Paragraph, state: State) -> Iterator[PrintedFigure | Numeral]:
    """Every numeral of the paragraph, in order: a figure, or what is none."""
    state.subject, state.scope, state.last = state.usual_subject, "", None
    state.last_whose, state.carried_year = None, None
    heading = blanked(paragraph.heading, [r.name for r in state.city.respondents])
    state.carried = whose_number(f"{heading}，", state.city) if heading else None
    previous = ""
    for sentence in re.split(r"(?<=[。；;！])", paragraph.text):
        figures = list(_of_sentence(sentence, previous, paragraph.section, state))
        text, covered = evened(sentence), [span for span, _ in figures]
        others = numerals_in(text, paragraph.section, covered)
        yield from _in_order([*((span[0], figure) for span, figure in figures), *others])
        previous = sentence


def _in_order(printed: list[tuple[int, PrintedFigure | Numeral]]) -> Iterator[PrintedFigure | Numeral]:
    return (each for _, each in sorted(printed, key=lambda found: found[0]))


def _of_sentence(sentence: str, previous: str, section: str, state: State) -> Iterator[tuple[Span, PrintedFigure]]:
    """The figures of a sentence, each with where it stands in the evened text."""
    text = evened(sentence)
    state.year, scope = state.report_year, state.scope
    state.names_scope = state.names_city = state.names_year = state.names_part = False
    state.year_outside, state.in_turn = None, None
    quoted, never = [match.span() for match in QUOTED.finditer(text)], never_figures(text)
    named = blanked(text, [r.name for r in state.city.respondents if r.kind == SCHOOL_SCOPE])
    if state.owner:
        named = re.sub(whose_words().school_itself, lambda found: "□" * len(found.group()), named)
    end, after = 0, ""
    for match in _number(state.catalogue).finditer(text):
        between, following = text[end : match.start()], text[match.end() :][:LOOKS_AROUND]
        if any(a < match.start() and match.end() < b for a, b in quoted) or not _may_be_figure(match, between, state):
            continue
        if any(a <= match.start("number") < b for a, b in never):
            continue
        if _is_manner_of_speaking(match):
            # 三个方面: listed, and no break in what is said of other numbers
            yield match.span(), _no_number(match, between, MANNER_OF_SPEAKING, section, state)
            continue
        _note_surroundings(between, following, state)
        _note_turn(between, state)
        end, before = match.end(), _before(text, end)
        if BOUND.search(between):
            continue
        taken, after = after, re.split(r"[，。；、：:（()）\d]", following, maxsplit=1)[0][:REACH]
        clause = re.sub(r"（不?含[^（）]*）|\d", "", re.split("[，。；]", following, maxsplit=1)[0])
        near = _near(between, taken)
        if match["range"] or match["rough"]:
            yield match.span(), _no_number(match, between, RANGE if match["range"] else ROUGH, section, state)
            continue
        around = (near, after, clause, before, _before(previous, len(previous)))
        context = Context(*(as_of_a_city(words_, state.city) for words_ in around))
        figure = _figure(match, between, context, section, state)
        yield match.span(), _with_its_kind(figure, _before(named, match.start()), match, state)
        _note_own_year(between, state)
        _note_count(match, following, state)
    _note_surroundings(text[end:], "", state)
    _note_end(named, scope, state, end > 0)


def _note_own_year(between: str, state: State) -> None:
    """Leaves the year before again, where only one number was of it: 毕业生900人，上年为800人，就业率95%."""
    if re.search(rf"(?:{whose_words().year_before})[为是有约]*$", between):
        state.year = state.report_year


def _may_be_figure(match: re.Match[str], between: str, state: State) -> bool:
    """Whether a number is none by what stands around it: a list number, part of a word, a number of nothing."""
    text, start, end = match.string, match.start(), match.end()
    in_brackets = text[start - 1 : start] == "（" and text[end : end + 1] == "）"
    if not in_brackets and NO_FIGURE.search(_before(text, start)):
        return False
    if match["words"] and not _is_a_number_in_words(match, text):
        return False
    return bool(match["unit"] or match["ratio"] or match["range"] or match["rough"]) or _is_named(between, state)


def _note_turn(between: str, state: State) -> None:
    """Takes up what several numbers are said of in turn (分别): the years, if years were named, or what nobody knows;
    and that what was reached is this year's."""
    if REACHED.fullmatch(between):
        state.year = state.report_year
    if "分别" in between:
        years = re.findall(r"(20\d\d)年", between)
        state.in_turn = tuple(map(int, years)) if len(years) > 1 else ()
    elif not re.fullmatch(whose_words().in_turn, between):
        state.in_turn = None
    if state.in_turn:
        state.year, *rest = state.in_turn
        # the last year holds on, so that a number too many is not taken for something else
        state.in_turn = tuple(rest) or (state.year,)


def _is_named(between: str, state: State) -> bool:
    """Whether a number without a unit stands right behind the name of an indicator: 专任教师数940, 学校数：11."""
    name = re.split("[，。；、：（）]", re.sub("[为是有达到共：:]+$", "", between))[-1]
    name = re.sub("|".join(map(re.escape, own_names(state.city))), "", name)
    return bool(name) and (state.names.find(name, "").how == "name" or bool(either_of(name, state.catalogue)))


def _near(between: str, taken: str) -> str:
    """What stands between two numbers and is said of the second; `taken` is what the first one has claimed of it."""
    # without a stop it belongs to the first one
    near = between.removeprefix(taken) if re.match(f"{re.escape(taken)}([，。；、]|$)", between) else between
    near = between if re.search(f"{UP}|{DOWN}", between) else near
    if counted := re.match(f"(?:{whose_words().counted_schools})(?=[^数总：:])", between):
        # 12所中等职业学校共有专业116个: the schools were counted, and now something in them
        near = between[counted.end() :]
    return near


def _note_end(named: str, scope: str, state: State, has_figures: bool) -> None:
    """What the sentence leaves for the next one; `scope` is the one before it."""
    if state.owner and state.subject == state.city.code and named.endswith("。"):
        # in a school's own report 全市 is what its number is held against, and the next one is its own again
        state.subject = state.owner
    if state.names_scope and not has_figures:
        return  # 以下数据不含技工学校。 says the scope of what follows
    if state.names_scope:
        # 全部学校 and 12所学校 are said of one sentence; what stands in brackets holds on
        state.scope = scope
    if state.names_year:
        state.carried_year = state.year if state.year != state.report_year else None
    last = whose_number(_before(named, len(named)), state.city, state.carried)
    state.carried = last if last is state.carried else unsure(last)


def _before(text: str, end: int) -> str:
    return text[max(0, end - LOOKS_AROUND) : end]


def _is_a_number_in_words(match: re.Match[str], text: str) -> bool:
    """Whether words are a number, and not 一个, 十几名, 第二个 or part of a longer word."""
    if not match["words"].strip("一") or NO_NUMBER_AFTER.search(_before(text, match.start("words"))):
        return False
    return spoken_number(match["words"]) is not None


def _is_manner_of_speaking(match: re.Match[str]) -> bool:
    """Whether it is a small number in words of things that are spoken of in small numbers: 三个方面."""
    return bool(match["words"]) and len(match["words"]) == 1 and match["unit"] in whose_words().units_of_speech


def _no_number(match: re.Match[str], between: str, told: str, section: str, state: State) -> PrintedFigure:
    """What is no exact number, or none of the city's: it is listed, and cannot decide whether anything is right."""
    return PrintedFigure(
        figure_id="",
        section=section,
        year=state.year,
        subject="",
        label=between[-REACH:],
        scope="",
        unit="",
        printed=match.group(),
        value=None,
        context=f"{between[-3 * REACH :]}{match.group()}",
        other=told,
    )


def _with_its_kind(figure: PrintedFigure, before: str, match: re.Match[str], state: State) -> PrintedFigure:
    """The figure with the reason why it is not, or may not be, the city's own of the year."""
    fact = figure.codes
    if fact is not None and fact.kind in (STANDARD, TARGET):
        return figure
    label = state.catalogue.indicators[fact.indicator].label if fact else ""
    whose = whose_number(before, state.city, state.carried)
    if whose and whose.kind == OF_A_PART and (state.scope or state.subject == state.owner):
        whose = None
    if whose and ((whose.name and whose.name in label) or (fact and is_of_wider_region(label))):
        whose = None
    state.last_whose = whose
    if whose and whose.is_sure and (placed := of_region(figure, whose, state)):
        figure, whose = placed, None
    kind = kind_of_number(before)
    if kind is not None and not any(word in label for word in kind[1]):
        whose = kind[0] if whose is None or kind[0].is_sure else whose
    if figure.year is not None and figure.year > state.report_year:
        whose = Whose("将来的数", f"说的是{figure.year}年，还没有到")
    if _is_growth(before, figure, state):
        whose = OF_GROWTH
    if whose is None and state.carried_year is not None and not state.names_year:
        whose = Whose("别的年度", f"说的是{state.carried_year}年", is_sure=False)
    if whose is None and _is_round_and_rough(match, figure):
        whose = Whose("约数", "是约数", is_sure=False)
    if whose is None and match["words"] and (spoken := spoken_number(match["words"])) and spoken.may_be_rounded:
        whose = Whose("约数", "是约数", is_sure=False)
    if whose is None and state.in_turn == ():
        whose = Whose("各项之一", "是“分别”所列各项之一，不知道是哪一项", is_sure=False)
    if whose is None:
        return figure
    if not whose.is_sure:
        return replace(figure, perhaps_other=whose.told)
    return replace(figure, codes=None, scope="", subject="", other=whose.told)


def _is_round_and_rough(match: re.Match[str], figure: PrintedFigure) -> bool:
    """Whether a number is rounded further than its digits show: 近1700人, 1700人左右."""
    is_rough = match["about"] or re.match("左右|上下", match.string[match.end() :])
    return bool(is_rough) and figure.value is not None and figure.value >= ROUND and figure.value % ROUND == 0


def _is_growth(before: str, figure: PrintedFigure, state: State) -> bool:
    """Whether the number is a rate of growth: 增长 and a percentage, of what is no percentage itself."""
    if figure.unit != "%" or not re.search(whose_words().growth, before):
        return False
    return figure.codes is None or state.catalogue.indicators[figure.codes.indicator].unit != "%"


def _note_surroundings(between: str, following: str, state: State) -> None:
    """Takes up the school, the year and the scope that the words name."""
    schools = {r.name: r.code for r in state.city.respondents if r.kind == SCHOOL_SCOPE}
    named = sorted((between.rfind(name), name) for name in schools if name in between)
    rest = between
    for _, name in named:
        rest = rest.replace(name, "□" * len(name))
    everybody = [
        m.end()
        for m in re.finditer(f"{'|'.join(all_names(state.city))}|{state.city.name}{OF_CITY}|□等|□[、和及与]□", rest)
    ]
    itself = [m.end() for m in re.finditer(whose_words().school_itself, rest)] if state.owner else []
    if itself and itself[-1] > max([0, *everybody, *(start for start, _ in named)]):
        state.subject = state.owner
    elif everybody and (not named or everybody[-1] > named[-1][0]):
        state.subject = state.city.code
    elif named:
        state.subject = schools[named[-1][1]]
    pattern = rf"(?<![比较])(20\d\d)年|({whose_words().this_year})|({whose_words().year_before})"
    for mark in re.finditer(rf"{pattern}|（|）", between):
        if mark.group() == "（":
            state.year_outside = state.year
        elif mark.group() == "）":
            # a year in brackets is said of what stands in them
            state.year, state.year_outside = state.year_outside or state.year, None
        else:
            state.year = int(mark[1]) if mark[1] else state.report_year - bool(mark[3])
            state.names_year = True
    # 毕业生3000人（不含技工学校2900人） says the scope of the second number only
    stated = re.findall(r"[（(]([^（()）\d]*不含[^（()）\d]*)[）)]", between)
    directly = re.match(r"[^，。；]{0,8}?[（(]([^（()）\d]*不含[^（()）\d]*)[）)]", following)
    for words_of_scope in [*stated, *([directly[1]] if directly else [])]:
        state.scope = scope_of(words_of_scope, state.city) or state.scope
    _note_scope(between, state)


def _note_scope(between: str, state: State) -> None:
    """Takes up the scope that the words name without brackets: 全部学校, 含技工学校, 除技工学校外."""
    words_, everybody = whose_words(), state.city.scopes[0]
    # what stands in brackets is said of one number, not of the sentence
    outside = re.sub("（[^（）]*(?:）|$)", "", between)
    state.names_city |= any(name in between for name in all_names(state.city))
    # 全市技工学校1所、中职学校11所: the rest of the sentence may be without those
    counted_apart = (label for label in class_labels(state.city) if label in outside)
    state.names_part |= any(scope_of(f"不含{label}", state.city) for label in counted_apart)
    found = [(m.start(), scope_of(f"不含{m[1] or m[2]}", state.city)) for m in re.finditer(words_.left_out, outside)]
    if not everybody.exclude:
        whole = [
            *re.finditer(words_.all_schools, between),
            *(m for m in re.finditer(words_.taken_in, between) if scope_of(f"不含{m[1]}", state.city)),
        ]
        found += [(match.start(), everybody.code) for match in whole]
    for _, scope in sorted((at, scope) for at, scope in found if scope is not None):
        state.scope, state.names_scope = scope, True


def _note_count(match: re.Match[str], following: str, state: State) -> None:
    """Takes up the scope that has as many schools as the words count: 12所中等职业学校共有…"""
    counted = re.match(f"(?:{whose_words().counted_schools})(?![，。；：、）])", following)
    value = number_in(match["number"]) if not match["words"] else None
    if counted and match["unit"] == "所" and value is not None and int(value) in state.school_counts:
        state.scope, state.names_scope = state.school_counts[int(value)], True


def _figure(match: re.Match[str], between: str, context: "Context", section: str, state: State) -> PrintedFigure:
    near = re.sub(r"[（(][^（()）]*(?:不含[^（()）]*|含[^（()）\d]*)[）)]", "", DATE.sub("", context.near))
    kind, year, near = _kind(near, state)
    unit = (":1" if match["ratio"] else match["unit"]).replace("㎡", "平方米")
    spoken = spoken_number(match["words"]) if match["words"] else None
    value = spoken.value if spoken else number_in(match["number"])
    unit = f"{spoken.multiplier}{unit}" if spoken else unit
    if value is not None and kind == CHANGE and re.search(f"({DOWN})了?(?:约|近)?$", between):
        value = -value
    context = replace(context, near=near, after=re.sub("[:：∶]1$", "", unit) + context.after)
    # a number of too many digits is no figure, but stays to be seen
    found, likeness, readings = _meant(context, unit, kind, state) if value is not None else (None, 0.0, ())
    if found and match["least"] and any(t.indicator == found for t in state.city.targets):
        kind, year = TARGET, state.report_year + 1
    fact = fact_of(found, kind, year, section, state) if found else None
    _note_fact(fact, likeness, readings, section, state)
    return PrintedFigure(
        figure_id="",
        section=section,
        year=year,
        subject=subject_name(state.subject, state.city),
        label=state.catalogue.indicators[found].label if found else (near + context.after)[-2 * REACH :],
        scope=fact.scope if fact else "",
        unit=unit,
        printed=match.group(),
        value=value,
        codes=fact,
        has_scope="不含" in between or fact is None or fact.scope == SCHOOL_SCOPE or _names_scope(fact, state),
        context=f"{between[-3 * REACH :]}{match.group()}{context.after.removeprefix(unit)}",
        likeness=likeness,
        readings=tuple(fact_of(code, kind, year, section, state) for code in readings),
        words=re.sub(f"^(?:{'|'.join(own_names(state.city))})|(?:现有|共有|共|有|为|达到?)$", "", context.last_words),
    )


def _meant(context: Context, unit: str, kind: Kind, state: State) -> tuple[str | None, float, tuple[str, ...]]:
    """The indicator that the words mean, and how likely; or those of which they may mean any."""
    readings = readings_of(context, unit, kind, state)
    if len(readings) == 1:
        return readings[0], UNSURE, ()
    if readings:
        return None, 0.0, readings
    found, likeness = indicator_in(context, unit, kind, state)
    narrowed = narrowing(context, found, state) if found else ""
    is_narrower = len(narrowed) >= NARROWS or narrowed in whose_words().narrow
    return found, min(likeness, UNSURE) if is_narrower else likeness, ()


def _note_fact(fact: Reference | None, likeness: float, readings: tuple[str, ...], section: str, state: State) -> None:
    """Takes up what the number was of, for what is said of it next."""
    state.last_readings, state.was_bound = readings, fact is not None or bool(readings)
    if fact:
        state.last, state.last_likeness, state.is_standard = fact, likeness, fact.kind == STANDARD
        note_scope_of(fact.indicator, section, state)
    elif readings:
        state.last = None


def _names_scope(fact: Reference, state: State) -> bool:
    """Whether the sentence says which scope the number has: 全部学校, 12所学校, or 全市 where a scope is called so."""
    first = state.city.scopes[0]
    says_all = state.names_city and not state.names_part
    return state.names_scope or (says_all and fact.scope == first.code and first.label in own_names(state.city))


def _kind(near: str, state: State) -> tuple[Kind, int, str]:
    """The number's kind, its year, and the remaining words, which name the indicator."""
    if mark := AT_LEAST.search(near):
        return STANDARD, state.report_year, near[: mark.start()]
    if mark := LAST_YEAR.search(near):
        is_named = re.search(whose_words().year_before, mark.group())
        return VALUE, state.report_year - 1 if is_named else state.year - 1, near[: mark.start()]
    mark = MOVED.search(near)
    # without 比 or 较 a bare verb speaks of a change only if it is all there is: 新增专业4个 is a number of majors
    if mark and (
        mark[1] or re.search(whose_words().changed, near) or re.fullmatch(rf"[，、]?({UP}|{DOWN})了?(约|近)?", near)
    ):
        return CHANGE, state.year, near[: mark.start()]
    return VALUE, state.year, near
