"""Numbers in a report's own text and tables → figures, each with the indicator that its words mean.

A number is read with what stands before and after it: the words since the last number, the sentence, the school or
the city, the year, the scope in brackets, the direction of a change. The indicator is the one whose name these words
cover best; when two are about as good, the number stays unmatched. Years, dates, ordinals and the like are no figures.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from sources.model import City, load_codelists
from warehouse.model import Indicator, indicator_level, load_chapters, load_indicators, load_measures, load_standards
from warehouse.reconcile.document import Grid, Paragraph, read_document
from warehouse.reconcile.figures import CHANGE, STANDARD, TARGET, VALUE, Fact, Figure, number_in
from warehouse.reconcile.match import Names, is_of_wider_region, normal, pairs, scope_of, unit_kind, words
from warehouse.reconcile.relations import SCHOOL_SCOPE
from warehouse.reconcile.witnesses import Listing

UP, DOWN = "增加|增长|上升|提高|新增|增", "减少|下降|降低|减"
MOVED = re.compile(rf"(比|较|同比|相比)?[^，。；]{{0,8}}?(?P<verb>{UP}|{DOWN})了?(?:约|近)?$")
SHARE = re.compile("(占比|比重|占[^，。；]{0,8}的?|比例)[为达是]?$")
EACH = re.compile("[生人年]均|平均")
SHORT = 3
LAST_YEAR = re.compile(r"(比|较)?(上年|去年|上一年)(度)?的?$")
AT_LEAST = re.compile(r"(≥|不低于|不少于|不小于|要求|标准)[为达在]*$")
WHOLE_CITY = ("全市", "我市", "本市")
OF_CITY = "(?=现|共|有|中等职业|中职|职业教育|职业学校|普通)"
BOUND = re.compile("(低于|高于|不足|少于|多于)$")
QUOTED = re.compile(r"[“\"‘《【][^”\"’》】]*[”\"’》】]")
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
IMAGE = re.compile(r"^\[image|^图\s*\d")


@dataclass(frozen=True)
class Reading:
    figures: list[Figure]
    listings: list[Listing]


@dataclass
class _State:
    """What is being spoken of."""

    city: City
    names: Names
    report_year: int
    year: int = 0
    subject: str = ""
    scope: str = ""
    usual: Mapping[str, str] = field(default_factory=dict)
    """Topic of the catalogue → the scope that the bureau has chosen for it."""
    stated: dict[tuple[str, str], str] = field(default_factory=dict)
    """(Chapter of the report, topic) → the scope last stated there."""
    last: Fact | None = None
    is_standard: bool = False
    """The last number was a standard: the next one of its unit is what was reached."""


def read_report(
    path: Path, city: City, report_year: int, names: Names, usual_scopes: Mapping[str, str] | None = None
) -> Reading:
    """Every figure of a report (.txt, .docx), in order, numbered T001…, with the listings of its tables.

    `usual_scopes` is the scope of each topic where the report states none; otherwise the city's first scope.
    Raises ValueError that names the file when it cannot be read.
    """
    state = _State(city, names, report_year, usual=usual_scopes or {})
    figures: list[Figure] = []
    listings: list[Listing] = []
    for block in read_document(path):
        if isinstance(block, Grid):
            figures += _of_grid(block, state)
            listings += _listing(block, state)
        elif not IMAGE.match(block.text):
            figures += _once_each(list(_of_paragraph(block, state)))
    figures = _in_printed_scope(figures, report_year)
    numbered = [replace(figure, figure_id=f"T{number:03}") for number, figure in enumerate(figures, 1)]
    return Reading(numbered, listings)


def _in_printed_scope(figures: Sequence[Figure], report_year: int) -> list[Figure]:
    """A sentence that compares with last year means last year's value in the scope that the tables print it in."""
    printed: dict[Fact, set[str]] = defaultdict(set)
    for figure in figures:
        if figure.codes and figure.is_in_table:
            printed[figure.codes._replace(scope="")].add(figure.codes.scope)
    placed = []
    for figure in figures:
        scopes = printed[figure.codes._replace(scope="")] if figure.codes else set()
        if figure.codes and figure.codes.year < report_year and not figure.is_in_table and len(scopes) == 1:
            (scope,) = scopes
            placed.append(replace(figure, scope=scope, codes=figure.codes._replace(scope=scope)))
        else:
            placed.append(figure)
    return placed


def _once_each(figures: list[Figure]) -> list[Figure]:
    """No paragraph gives the same fact two values: where it seems so, the less likely reading is given up."""
    best: dict[Fact, Figure] = {}
    for figure in figures:
        if figure.codes and (figure.codes not in best or figure.likeness > best[figure.codes].likeness):
            best[figure.codes] = figure
    return [
        replace(figure, codes=None, scope="")
        if figure.codes and figure.value != best[figure.codes].value
        else figure
        for figure in figures
    ]


# --- prose ---------------------------------------------------------------------------------------------------------


@lru_cache
def _number() -> re.Pattern[str]:
    units = {unit for group in words()["units"].values() for unit in group}  # type: ignore[attr-defined]
    units |= {indicator.unit.partition("/")[0] for indicator in load_indicators().values()} | {"㎡", "%"}
    alternatives = "|".join(sorted((re.escape(u) for u in units if u and not u.startswith(":")), key=len, reverse=True))
    return re.compile(
        r"(?P<about>约|近|超过)?(?P<number>\d+(?:,\d{3})*(?:\.\d+)?)"
        rf"(?:(?P<ratio>[:：∶]1(?!\d))|(?P<more>余|多)?(?P<unit>(?:百万|千万|万|亿)?(?:{alternatives}))(?P<least>以上)?)"
    )


NO_FIGURE = re.compile(r"(第|[A-Za-z+×/\-—.〔（(]\s*|\d)$")
DATE = re.compile(r"\d{4}\s*[-—]\s*\d{4}\s*(学?年度?)|\d{4}年(?:\d+月)?(?:\d+日)?|\d+月\d+日|\d+月")


def _of_paragraph(paragraph: Paragraph, state: _State) -> Iterator[Figure]:
    state.subject, state.scope, state.last = state.city.code, "", None
    previous = ""
    for sentence in re.split(r"(?<=[。；;！])", paragraph.text):
        yield from _of_sentence(sentence, previous, paragraph.section, state)
        previous = sentence


def _of_sentence(sentence: str, previous: str, section: str, state: _State) -> Iterator[Figure]:
    text = _evened(sentence)
    state.year = state.report_year
    quoted = [match.span() for match in QUOTED.finditer(text)]
    end, after = 0, ""
    for match in _number().finditer(text):
        if NO_FIGURE.search(text[: match.start()]) or any(a < match.start() and match.end() < b for a, b in quoted):
            continue
        between, following = text[end : match.start()], text[match.end() :]
        _note_surroundings(between, following, state)
        end, before = match.end(), text[:end]
        if BOUND.search(between):
            continue
        taken, after = after, re.split(r"[，。；、：:（()）\d]", following, maxsplit=1)[0][:REACH]
        clause = re.sub(r"\d", "", re.split("[，。；]", following, maxsplit=1)[0])
        # what stands between two numbers without a stop belongs to the first one
        near = between.removeprefix(taken) if re.match(f"{re.escape(taken)}([，。；、]|$)", between) else between
        near = between if re.search(f"{UP}|{DOWN}", between) else near
        yield _figure(match, between, _Context(near, after, clause, before, previous), section, state)
    _note_surroundings(text[end:], "", state)


HALF_WIDTH = {code: code - 0xFEE0 for code in range(ord("０"), ord("ｚ") + 1) if chr(code).isalnum()}
EVENED = HALF_WIDTH | str.maketrans({"％": "%", "．": ".", ";": "；", "(": "（", ")": "）", "？": "。"})


def _evened(sentence: str) -> str:
    """Digits and letters half-width, punctuation full-width, no white space."""
    text = re.sub(r"\s", "", sentence).translate(EVENED)
    return re.sub(r"(?<!\d),|,(?!\d{3})", "，", text)


def _note_surroundings(between: str, following: str, state: _State) -> None:
    """Takes up the school, the year and the scope that the words name."""
    schools = {r.name: r.code for r in state.city.respondents if r.kind == SCHOOL_SCOPE}
    named = sorted((between.rfind(name), name) for name in schools if name in between)
    rest = between
    for _, name in named:
        rest = rest.replace(name, "□" * len(name))
    everybody = [m.end() for m in re.finditer(f"{'|'.join(WHOLE_CITY)}|{state.city.name}{OF_CITY}|□等|□[、和及与]□", rest)]
    if everybody and (not named or everybody[-1] > named[-1][0]):
        state.subject = state.city.code
    elif named:
        state.subject = schools[named[-1][1]]
    for year in re.findall(r"(20\d\d)年", between):
        state.year = int(year)
    stated = re.findall(r"[（(]([^（()）]*不含[^（()）]*)[）)]", between)
    directly = re.match(r"[^，。；]{0,8}?[（(]([^（()）]*不含[^（()）]*)[）)]", following)
    for words_of_scope in [*stated, *([directly[1]] if directly else [])]:
        state.scope = scope_of(words_of_scope, state.city) or state.scope


def _figure(match: re.Match[str], between: str, context: "_Context", section: str, state: _State) -> Figure:
    near = re.sub(r"[（(][^（()）]*不含[^（()）]*[）)]", "", DATE.sub("", context.near))
    kind, year, near = _kind(near, state)
    unit = (":1" if match["ratio"] else match["unit"]).replace("㎡", "平方米")
    value = number_in(match["number"])
    assert value is not None
    if kind == CHANGE and re.search(f"({DOWN})了?(?:约|近)?$", between):
        value = -value
    context = replace(context, near=near, after=re.sub("[:：∶]1$", "", unit) + context.after)
    found, likeness = _indicator(context, unit, kind, state)
    if found and match["least"] and any(t.indicator == found for t in state.city.targets):
        kind, year = TARGET, state.report_year + 1
    fact = _fact(found, kind, year, section, state) if found else None
    if fact:
        state.last, state.is_standard = fact, kind == STANDARD
    return Figure(
        figure_id="",
        section=section,
        year=year,
        subject=_name(state.subject, state.city),
        label=load_indicators()[found].label if found else (near + context.after)[-2 * REACH :],
        scope=fact.scope if fact else "",
        unit=unit,
        printed=match.group(),
        value=value,
        codes=fact,
        has_scope="不含" in between or fact is None or fact.scope == SCHOOL_SCOPE,
        context=f"{between[-3 * REACH :]}{match.group()}{context.after.removeprefix(unit)}",
        likeness=likeness,
    )


def _kind(near: str, state: _State) -> tuple[str, int, str]:
    """Kind, year, and the words that are left to name the indicator."""
    if mark := AT_LEAST.search(near):
        return STANDARD, state.report_year, near[: mark.start()]
    if mark := LAST_YEAR.search(near):
        return VALUE, state.year - 1, near[: mark.start()]
    mark = MOVED.search(near)
    # without 比 or 较 a bare verb speaks of a change only if it is all there is: 新增专业4个 is a number of majors
    if mark and (mark[1] or re.fullmatch(rf"[，、]?({UP}|{DOWN})了?(约|近)?", near)):
        return CHANGE, state.year, near[: mark.start()]
    return VALUE, state.year, near


@dataclass(frozen=True)
class _Context:
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
        return normal(re.split("[，。；：、（—-]", self.near.rstrip("，。；：、"))[-1])[-FAR_REACH:]

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


def _indicator(context: _Context, unit: str, kind: str, state: _State) -> tuple[str | None, float]:
    """The indicator whose name the words cover best, and how well.

    A change or a share without a name of its own is that of the number before.
    """
    names, last = state.names, state.last
    at_hand = context.at_hand()
    known = frozenset(pair for pair in at_hand if pair in names.weight)
    among = {s.indicator for s in load_standards()} if kind == STANDARD else None
    if last is not None and last.subject == state.subject:
        own = load_indicators()[last.indicator]
        if kind == CHANGE and _same_kind(unit, last) and len(normal(context.near)) < SHORT:
            return last.indicator, 1.0
        if kind == VALUE and state.is_standard and _fits(own, unit, "均") and not known & pairs(normal(own.label)):
            return last.indicator, 1.0
        if unit_kind(unit) == "%" and SHARE.search(context.near):
            among = {i.code for i in load_indicators().values() if i.kind == "ratio" and i.numerator == own.numerator}
            if len(among) == 1:
                return among.pop(), 1.0
    if not context.after and scope_of(context.near.strip("，、：其中含"), state.city):
        return None, 0.0
    wider = any(word in context.near[-REACH:] for word in words()["wider_region"])  # type: ignore[attr-defined]
    strengths = context.strengths(load_indicators()[last.indicator].label if last else "")
    said = names.weigh(known) + UNKNOWN * names.weigh(at_hand - known)
    scores: dict[str, float] = {}
    for name, found in names.spoken:
        indicator = load_indicators()[name.indicator]
        if not _fits(indicator, unit, name.text) or name.is_of_wider_region != wider:
            continue
        if "/" in indicator.unit and not EACH.search(context.near + context.after) or EACH.search(context.near) and "均" not in name.text:
            continue
        if among is not None and name.indicator not in among:
            continue
        if state.subject != state.city.code and kind == VALUE and not wider and _is_of_city(name.indicator):
            continue
        covered = sum(names.weigh([p]) * strengths.get(p, 0.0) for p in found) / names.weigh(found)
        precise = names.weigh(known & found) / said if known else 0.5
        score = COVERED * covered + PRECISE * precise + HEAD * (context.head in found) + OWN * name.is_own + SAME_UNIT * (unit == indicator.unit)
        scores[name.indicator] = max(score, scores.get(name.indicator, 0.0))
    ranked = sorted(scores.items(), key=lambda item: -item[1])[:2]
    if not ranked or ranked[0][1] < ENOUGH:
        return None, 0.0
    if len(ranked) > 1 and ranked[0][1] - ranked[1][1] < BETTER:
        return None, 0.0
    return ranked[0][0], min(1.0, ranked[0][1])


@lru_cache
def _is_of_city(code: str) -> bool:
    """Not a school's own: known for the region only, or a count of schools."""
    indicator = load_indicators()[code]
    measures = [load_measures()[code] for code in indicator.numerator]
    return indicator_level(indicator) == "region" or any(m.count and m.subject for m in measures)


def _fits(indicator: Indicator, unit: str, name: str) -> bool:
    """Whether the unit may be the indicator's; a text prints 平方米 for 平方米/人, with 生均 in the name."""
    own = indicator.unit
    per_head = "/" in own and "均" in name and unit_kind(own.partition("/")[0]) == unit_kind(unit)
    return per_head or not unit or unit_kind(own) == unit_kind(unit)


def _same_kind(unit: str, fact: Fact) -> bool:
    return unit_kind(unit) == unit_kind(load_indicators()[fact.indicator].unit)


def _fact(code: str, kind: str, year: int, section: str, state: _State) -> Fact:
    city = state.city
    if kind in (STANDARD, TARGET) or is_of_wider_region(load_indicators()[code].label):
        return Fact(year, city.code, city.scopes[0].code, code, kind)
    if state.subject != city.code and not _is_of_city(code):
        return Fact(year, state.subject, SCHOOL_SCOPE, code, kind)
    topic = _topics()[code]
    if state.scope:
        state.stated[section, topic] = state.scope
    scope = state.scope or state.stated.get((section, topic)) or state.usual.get(topic) or city.scopes[0].code
    return Fact(year, city.code, scope, code, kind)


@lru_cache
def _topics() -> dict[str, str]:
    return {indicator.code: chapter.topic for chapter in load_chapters() for indicator in chapter.indicators}


def _name(subject: str, city: City) -> str:
    return "全市" if subject == city.code else city.respondent_by_code[subject].name


# --- tables --------------------------------------------------------------------------------------------------------

CHANGE_HEADING = re.compile("变化|比较|增减|增长|同比")


def _of_grid(grid: Grid, state: _State) -> Iterator[Figure]:
    """Every number of the table's body."""
    body = _body_start(grid)
    headings = _headings(grid.rows[:body])
    group = ""
    for row in grid.rows[body:]:
        filled = [cell for cell in row if cell]
        if len(filled) == 1 and number_in(filled[0]) is None:
            group = filled[0]
            continue
        texts = [cell for cell in row if re.search(r"[^\W\d_]", cell) and not _is_number(cell)]
        if len(texts) > 1 and row[0] and not _is_number(row[0]):
            group = row[0]
        offset = len(headings) - len(row)
        for column, cell in enumerate(row):
            if not _is_number(cell) or not 0 <= column + offset:
                continue
            heading = headings[column + offset]
            if re.search("序号|年份|编号", heading):
                continue
            yield _cell(cell, heading, texts, group, row, grid, state)


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"[-−]?[\d,]+(\.\d+)?\s*([:：∶]\s*1|%|‰)?\s*[↑↓]?|持平", cell) is not None


def _body_start(grid: Grid) -> int:
    return next((n for n, row in enumerate(grid.rows) if any(map(_is_number, row[1:]))), len(grid.rows))


def _headings(rows: Sequence[Sequence[str]]) -> list[str]:
    """The text above each column; the lowest filled row that is widest counts, and what stands above it if aligned."""
    if not rows:
        return []
    width = max(map(len, rows))
    headings = [""] * width
    for row in rows:
        if len(row) == width:
            headings = [new or old for old, new in zip(headings, row, strict=True)]
        elif len(rows) > 1:
            headings[: len(row)] = [old or new for old, new in zip(headings, row, strict=False)]
    return headings


def _cell(
    cell: str, heading: str, texts: Sequence[str], group: str, row: Sequence[str], grid: Grid, state: _State
) -> Figure:
    city = state.city
    schools = {r.name: r.code for r in city.respondents if r.kind == SCHOOL_SCOPE}
    subject = next((schools[text] for text in texts if text in schools), city.code)
    year = next((int(y) for text in (heading, row[0], *texts[:1]) for y in re.findall(r"20\d\d", text)), None)
    kind = CHANGE if CHANGE_HEADING.search(heading) else VALUE
    year = state.report_year if year is None or kind == CHANGE else year
    item = re.sub(r"（.*?）|\s", "", texts[-1]) if texts else ""
    bare = re.sub(r"（.*?）|\s|20\d\d年?", "", heading)
    title = re.sub(r"20\d\d(年度?|—|-)?|情况|分析|总体", "", grid.title.replace(city.name, ""))
    unit = next((u for u in re.findall(r"（(\S{1,5}?)）", f"{texts[-1] if texts else ''}{heading}") if "含" not in u), "")
    unit = ":1" if re.search("[:：∶]", cell) else "%" if "%" in cell else unit
    by_rows = not bare or kind == CHANGE or _is_comparison(heading)
    label = item if by_rows else bare
    exact = [state.names.find(text, unit) for text in (f"{group}{label}", label)]
    code, likeness = next(((c, 1.0) for c, how, _ in exact if how == "name"), (None, 0.0))
    if code is None:
        state.subject, state.last = subject, None
        code, likeness = _indicator(_Context(label, "", "", f"{title}，{group}", ""), unit, kind, state)
    scope = scope_of(f"不含{heading.partition('不含')[2]}", city) if "不含" in heading else None
    fact = None
    if code:
        scope = SCHOOL_SCOPE if subject != city.code else scope or _scope_of_change(kind, grid, city) or city.scopes[0].code
        fact = Fact(year, subject, scope, code, kind)
    value = number_in(cell) if cell != "持平" else Decimal(0)
    return Figure(
        figure_id="",
        section=grid.section,
        year=year,
        subject=_name(subject, city),
        label=load_indicators()[code].label if code else label,
        scope=fact.scope if fact else "",
        unit="百分点" if kind == CHANGE and unit == "%" else unit,
        printed=cell,
        value=value,
        codes=fact,
        context=f"{'/'.join(dict.fromkeys(filter(None, (group, *texts))))}｜{heading}｜{cell}",
        likeness=likeness,
    )


def _is_comparison(heading: str) -> bool:
    """A column of a year, whose rows name the indicators."""
    return re.fullmatch(r"20\d\d年?(（.*）)?", re.sub(r"\s", "", heading)) is not None


def _scope_of_change(kind: str, grid: Grid, city: City) -> str | None:
    """A change is this year's, in this year's scope: that of the last column that states one."""
    headings = _headings(grid.rows[: _body_start(grid)])
    stated = [scope_of(f"不含{h.partition('不含')[2]}", city) for h in headings if "不含" in h]
    return next((scope for scope in reversed(stated) if scope), None) if kind == CHANGE else None


def _listing(grid: Grid, state: _State) -> Iterator[Listing]:
    """Ownership, level and honours of each school, where a table lists the schools with them."""
    schools = {r.name: r.code for r in state.city.respondents if r.kind == SCHOOL_SCOPE}
    rows = {schools[cell]: row for row in grid.rows for cell in row if cell in schools}
    if len(rows) < 2 or len(rows) < len(set(schools.values())) / 2:
        return
    attributes: dict[str, dict[str, str]] = defaultdict(dict)
    honours: dict[str, frozenset[str]] = {}
    for code, row in rows.items():
        for name in ("ownership", "affiliation"):
            labels = load_codelists()[name].code_of
            attributes[code] |= {name: labels[cell] for cell in row if cell in labels}
        usual, *others = load_codelists()["school_category"].codes
        school = state.city.respondent_by_code[code].name
        category = next((c for c in others if c.label in school), usual)
        attributes[code]["category"] = category.code
        foreign = [c.label for c in others if c != category]
        parts = [part for cell in row for part in re.split("[、，,]", cell)]
        honours[code] = frozenset(found for part in parts if (found := _honour(part, foreign)))
    year = next((int(y) for y in re.findall(r"20\d\d", grid.title)), state.report_year)
    yield Listing(year, attributes, honours)


def _honour(text: str, foreign: Sequence[str]) -> str | None:
    """The recognition that an abbreviation means: the shortest name whose characters contain it in order.

    `foreign` are the categories of school that it cannot be about.
    """
    bare = re.sub("职校$|学校$|校$", "", text)
    named = [c for c in load_codelists()["honours"].codes if not any(label in c.label for label in foreign)]
    fitting = [c for c in named if len(bare) > 2 and _is_within(bare, c.label)]
    return min(fitting, key=lambda c: len(c.label)).code if fitting else None


def _is_within(short: str, long: str) -> bool:
    rest = iter(long)
    return all(character in rest for character in short)
