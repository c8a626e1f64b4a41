"""Numbers in tables → figures, and what a table lists of each school besides numbers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from sources.declarations.city import City
from sources.declarations.codelist import load_codelists
from sources.declarations.pack import Pack
from warehouse.figures.fact import CHANGE, SCHOOL_SCOPE, VALUE, Kind, Reference
from warehouse.reconcile.reading.names import bare_title, either_of, normal, scope_of
from warehouse.reconcile.reading.names import words as unit_words
from warehouse.reconcile.reading.numerals import Numeral, evened, numerals_in
from warehouse.reconcile.reading.printed_figure import Listing, PrintedFigure, TablePlace, number_in
from warehouse.reconcile.reading.report_file import TextTable
from warehouse.reconcile.reading.whose import (
    OF_A_PART,
    OF_GROWTH,
    PART,
    SUBTOTAL,
    TOTAL,
    Whose,
    blanked,
    is_known_part,
    is_of_all,
    kind_of_number,
    of_table_words,
    region_of_name,
    role_of_row,
    whose_number,
    whose_words,
)
from warehouse.reconcile.reading.wording import Context, State, indicator_in, of_region, subject_name, usual_scope

CHANGE_HEADING = re.compile(r"变化|比较|增减|增长|同比|[比较](?:20\d\d年?|上年)度?(?:增|减|上升|下降|提高)")
YEAR = re.compile(r"20\d\d")
OF_A_YEAR = re.compile(r"20\d\d年?(?:学?年?度)?")
OF_A_RATE, OF_GROWTH_RATE = re.compile("率|幅|%|％|比|满意"), re.compile("率|幅|%|％|比例|百分比")
FOOTNOTE = re.compile(r"(?<=\d)\s*[*＊①-⑳]+$")
RUNNING = ("序号", "编号")
FEWEST_OF_HALF = SEVERAL = 2


def figures_of_grid(grid: TextTable, state: State, number: int = 0) -> Iterator[PrintedFigure | Numeral]:
    """Every number of the table's body, and every other numeral in it; `number` counts the tables of the report."""
    body = _body_start(grid)
    for row in grid.rows[:body]:
        yield from _numerals_in(row, grid.section)
    grid = _in_one_column(grid, body)
    # a table may have no head: two columns, of which the first one names the indicators
    headings = _headings(grid.rows[:body]) or [""] * max(map(len, grid.rows), default=0)
    group, above = "", list[str]()
    rows = _Rows(grid.rows[body:], headings, grid.title, state)
    for line, row in enumerate(grid.rows[body:]):
        filled = [cell for cell in row if cell]
        if len(filled) == 1 and number_in(filled[0]) is None:
            group = filled[0]
            yield from _numerals_in(row, grid.section)
            continue
        texts, stated_unit = _words_and_unit(row, rows.unit_column)
        if len(texts) > 1 and row[0] and not _is_number(row[0]):
            group = row[0]
        offset = len(headings) - len(row)
        for column, cell in enumerate(row):
            heading = headings[column + offset] if column + offset >= 0 else ""
            if not _is_number(cell) or column + offset < 0 or re.search("序号|年份|编号", heading):
                told = "序号、编号或年份" if re.search("序号|年份|编号|年度", heading) else ""
                yield from _numerals_in([cell], grid.section, told)
                continue
            name = _name_before(column, row, texts, headings)
            text, across = FOOTNOTE.sub("", cell), rows.lie_across
            place = _Place(text, heading, row, texts, name, group, grid, across, stated_unit, above)
            figure = _with_its_owner(_figure(place, state), place, rows, state)
            adds_up = _adds_up(place) and not re.search(whose_words().some_only, grid.title)
            at, along = (column + offset, line) if across else (line, column + offset)
            yield replace(figure, cell=TablePlace(number, at, along, rows.roles[at], adds_up))
        if role_of_row(texts, state.city) != SUBTOTAL:
            above = texts


def _in_one_column(grid: TextTable, body: int) -> TextTable:
    """A table of two halves side by side, whose headings are the same, as one: the right half below the left one."""
    headings = _headings(grid.rows[:body])
    half, rest = divmod(len(headings), 2)
    if half < FEWEST_OF_HALF or rest or headings[:half] != headings[half:] or not all(headings[1:half]):
        return grid
    rows = [(*row, *[""] * (2 * half - len(row))) for row in grid.rows]
    right = [row[half:] for row in rows[body:] if any(row[half:])]
    return replace(grid, rows=(*(row[:half] for row in rows), *right))


def _words_and_unit(row: Sequence[str], unit_column: int | None = None) -> tuple[list[str], str]:
    """The cells of a row that hold words, without the year that it is of, and the unit that one of them is.

    `unit_column` is that of the units, counted from the row's end.
    """
    stated = row[unit_column] if unit_column is not None and -unit_column <= len(row) else ""
    texts = [cell for cell in row if re.search(r"[^\W\d_]", cell) and not _is_number(cell)]
    texts = [text for text in texts if not OF_A_YEAR.fullmatch(text)]
    if re.search("[^\\W_]|%", stated):
        return [text for text in texts if text != stated], re.sub(r"[（）()\s]", "", stated)
    units = [text for text in texts[1:] if re.fullmatch(_unit(), text)]
    return [text for text in texts if text not in units], units[0] if len(units) == 1 else ""


def _unit_column(rows: Sequence[Sequence[str]], headings: Sequence[str]) -> int | None:
    """The column that is headed 单位 and holds units, counted from the end of its rows: 单位 is an employer as well."""
    for column, heading in enumerate(headings, -len(headings)):
        cells = {row[column] for row in rows if -column <= len(row)}
        is_of_units = any(re.fullmatch(rf"[（(]?(?:{_unit()}|%|[:：∶]1)[）)]?", cell) for cell in cells)
        if re.sub(r"\s", "", heading) in whose_words().unit_headings and is_of_units:
            return column
    return None


def _name_before(column: int, row: Sequence[str], texts: Sequence[str], headings: Sequence[str]) -> str:
    """The words that name what a number is: the last ones before it that are no remark. What stands behind it says
    something of it."""
    above = [*[""] * (len(row) - len(headings)), *headings][-len(row) :]
    remarks = whose_words().remark_headings
    named = [cell for heading, cell in zip(above, row, strict=True) if cell in texts and heading not in remarks]
    before = [cell for cell in row[:column] if cell in named]
    return [*named, *before][-1] if named else ""


@lru_cache
def _unit() -> str:
    """A unit, as a pattern: 人, 万元, 平方米."""
    units = {unit for group in unit_words().units.values() for unit in group} | {"平方米", "册", "元", "亩", "门", "台"}
    return f"(?:百万|千万|万|亿)?(?:{'|'.join(sorted(map(re.escape, units), key=len, reverse=True))})"


def _numerals_in(row: Sequence[str], section: str, otherwise: str = "") -> Iterator[Numeral]:
    for cell in row:
        told = "日期或年份" if YEAR.fullmatch(cell) else otherwise
        yield from (each for _, each in numerals_in(evened(cell), section, otherwise=told))


class _Rows:
    """What the rows of a table's body are: parts, their total, or neither; in some tables the columns are."""

    def __init__(self, rows: Sequence[Sequence[str]], headings: Sequence[str], title: str, state: State) -> None:
        city = state.city
        self.unit_column = _unit_column(rows, headings)
        words = [_words_and_unit(row, self.unit_column)[0] for row in rows]
        columns = [[heading] if heading else [] for heading in headings]
        # the first heading stands over the rows' names, unless that corner is empty and was lost
        stub = 1 if len(headings) >= max(map(len, rows), default=0) else 0
        self.lie_across = PART not in (role_of_row(each, city) for each in words) and PART in (
            role_of_row(each, city) for each in columns[stub:]
        )
        if self.lie_across:
            words = [*([[]] * stub), *columns[stub:]]
        self.words = words
        self.title, self.city = title, city
        first = re.sub(r"（.*?）|\s", "", headings[0] if headings and stub else "")
        self.are_of_parts = self.lie_across or first in whose_words().parts_of_headings
        roles = [role_of_row(each, city) for each in words]
        # a name that nobody knows is a part like the others
        self.roles = [
            PART if role == "" and each and self.are_of_parts else role for each, role in zip(words, roles, strict=True)
        ]
        parts = [each for each, role in zip(words, self.roles, strict=True) if role == PART]
        self.strange = next((each[0] for each in parts if not is_known_part(each, city)), "")
        schools = {r.name for r in city.respondents if r.kind == SCHOOL_SCOPE}
        named = {word for each in parts for word in each if word in schools}
        there = {r.name for r in city.respondents_in(_year_of(title, state)) if r.kind == SCHOOL_SCOPE}
        self.lacks_schools = bool(named) and all(set(each) & schools for each in parts) and not there <= named
        regions = [_region_named(each, city) for each in parts]
        below = {region.code for region in city.regions if region.parent == city.code}
        at_home = any(city.region_of(r) == city.code for r in city.respondents if r.name in there)
        self.lacks_regions = bool(regions) and all(regions) and (at_home or not below <= set(regions))
        self.no_region = next((each[0] for each, region in zip(parts, regions, strict=True) if not region), "")
        """A part that is none of the city's regions; "" where all are."""

    def unknown(self, place: _Place, state: State) -> str | None:
        """The first row that names neither a part nor an indicator, where all of the rows above a total are so."""
        others = [each for each, role in zip(self.words, self.roles, strict=True) if role == "" and each]
        if self.lie_across or any(replace(place, words=each).is_named_by_row(state) for each in others):
            return None
        return others[0][0] if others else None


def _with_its_owner(figure: PrintedFigure, place: _Place, rows: _Rows, state: State) -> PrintedFigure:
    """The figure with the reason why it is not, or may not be, the city's: its row or column is of a part."""
    city = state.city
    if place.school(city):
        return figure
    if (
        place.kind == CHANGE
        and not OF_A_RATE.search(place.label)
        and (OF_GROWTH_RATE.search(place.heading) or "%" in place.text)
    ):
        return replace(figure, codes=None, scope="", subject="", other=OF_GROWTH.told)
    name = subject_name(state.owner, city) if state.owner else city.name
    words = [place.heading] if rows.lie_across else place.words
    role, first = role_of_row(words, city), words[0] if words else ""
    kind = kind_of_number(re.sub(r"（.*?）|\s", "", place.heading))
    of_kind = kind[0] if kind and (figure.codes is None or not kind[1]) else None
    # what is of no indicator is told by what it is
    whose = of_kind if figure.codes is None else None
    whose = whose or next((found for word in words if (found := of_table_words(word, city))), None)
    whose = whose or of_table_words(re.sub(r"20\d\d年?", "", place.heading), city)
    if whose and whose.name and figure.codes and whose.name in state.catalogue.indicators[figure.codes.indicator].label:
        whose = None
    if whose is None and role == SUBTOTAL and not place.narrower(state):
        whose = Whose(OF_A_PART, f"只是“{first}”的数，不是全部学校的")
    if whose is None and role != TOTAL and words and (rows.are_of_parts or not place.is_named_by_row(state)):
        whose = Whose(OF_A_PART, f"是表中“{first}”的数，不知道它是不是{name}的全部")
    if whose is None and role == TOTAL and not is_of_all(first, city):
        whose = _of_a_total(place, rows, name, state)
    if whose is None and not is_of_all(first, city):
        whose = whose_number(f"{blanked(rows.title, [r.name for r in city.respondents])}，", city)
    whose = whose or of_kind
    if whose is None:
        return figure
    if whose.is_sure and (placed := of_region(figure, whose, state)):
        beside = f"按另一种划分统计（表中另有“{rows.no_region}”）"
        return replace(placed, perhaps_other=beside if rows.no_region else "")
    if not whose.is_sure:
        return replace(figure, perhaps_other=whose.told)
    return replace(figure, codes=None, scope="", subject="", other=whose.told)


def _region_named(words: Sequence[str], city: City) -> str:
    return next((code for word in words if (code := region_of_name(re.sub(r"（.*?）|\s", "", word), city))), "")


def _year_of(title: str, state: State) -> int:
    """The year that a table's title names, else the report's."""
    return next((int(year) for year in YEAR.findall(title)), state.report_year)


def _of_a_total(place: _Place, rows: _Rows, name: str, state: State) -> Whose | None:
    """Of what a total may be that does not say it is of all: of what stands above it; None when that is all."""
    if beside := rows.strange or rows.unknown(place, state):
        return Whose(OF_A_PART, f"是表中“{beside}”等的合计，不知道它是不是{name}的全部", is_sure=False)
    if rows.lacks_schools:
        return Whose(OF_A_PART, "是表中所列学校的合计，所列学校不是全部", is_sure=False)
    if rows.lacks_regions:
        return Whose(OF_A_PART, "是表中所列地区的合计，所列地区不是全部", is_sure=False)
    return None


def _adds_up(place: _Place) -> bool:
    """Whether the column of a number counts something: no share, no mean, no rank."""
    name = place.label if place.is_across else place.heading
    return place.unit not in ("%", ":1") and not re.search(whose_words().not_additive, name)


def _is_number(cell: str) -> bool:
    number = rf"[-−]?[\d,]+(\.\d+)?\s*([:：∶]\s*1|%|‰|{_unit()})?\s*[↑↓]?|持平"
    return re.search(r"\d|持平", cell) is not None and re.fullmatch(number, FOOTNOTE.sub("", cell)) is not None


def _body_start(grid: TextTable) -> int:
    """The first row with a running number, or with numbers that are not all years."""
    counted = next((row.index(cell) for row in grid.rows for cell in row if cell in RUNNING), None)

    def is_of_body(row: Sequence[str]) -> bool:
        # a row that has no value yet is of the body as well
        if counted is not None and re.fullmatch(r"\d{1,3}", "".join(row[counted : counted + 1])):
            return True
        numbers = [cell for cell in row[1:] if _is_number(cell)]
        return any(not re.fullmatch(r"20\d\d", cell) for cell in numbers)

    return next((n for n, row in enumerate(grid.rows) if is_of_body(row)), len(grid.rows))


def _headings(rows: Sequence[Sequence[str]]) -> list[str]:
    """The heading of each column: the lowest of the widest filled rows, and the text above it where that is aligned."""
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


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a number stands in a table."""

    text: str
    """As printed."""
    heading: str
    """Above it."""
    row: Sequence[str]
    words: Sequence[str]
    """The cells of its row that hold words."""
    name: str
    """Those that name it; "" where none do."""
    group: str
    """What the rows belong to: a line of its own above them, or their first cell."""
    table: TextTable
    is_across: bool = False
    """Whether its column is a place or a school, and its row names the indicator."""
    stated_unit: str = ""
    """In a column of its own."""
    above: Sequence[str] = ()
    """The words of the row that a row of 其中 is a part of."""

    @property
    def kind(self) -> Kind:
        return CHANGE if CHANGE_HEADING.search(self.heading) else VALUE

    @property
    def stated_year(self) -> int | None:
        texts = (self.heading, self.row[0], *self.words[:1])
        stated = next((int(year) for text in texts for year in YEAR.findall(text)), None)
        # a title with two years is of a table that compares them
        of_table = {int(year) for year in YEAR.findall(self.table.title)}
        return of_table.pop() if stated is None and len(of_table) == 1 else stated

    @property
    def unit(self) -> str:
        """The unit in the cell itself, or in brackets in the row or the heading; none where none of them states one."""
        if re.search("[:：∶]", self.text):
            return ":1"
        if "%" in self.text:
            return "%"
        if own := re.search(rf"\d\s*({_unit()})\s*[↑↓]?$", self.text):
            return own[1]
        if self.stated_unit:
            # 调查人次 has a unit of its own
            headed = re.search(f"{_unit()}$", self.heading)
            return headed.group() if headed else self.stated_unit
        around = f"{self.name}{self.heading}"
        found = [unit for unit in re.findall(r"（(\S{1,5}?)）", around) if "含" not in unit]
        known = [unit for unit in found if re.fullmatch(_unit(), unit)]
        return next(iter([*known, *found]), "")

    @property
    def label(self) -> str:
        """The text that names the indicator: the row's, or the heading where that is neither a year nor a change."""
        item = re.sub(r"（.*?）|\s", "", self.name)
        bare = re.sub(r"（.*?）|\s|20\d\d年?", "", self.heading)
        return item if self.is_across or self.names_nothing else bare

    @property
    def names_nothing(self) -> bool:
        """Whether the heading leaves it to the row to name the indicator: a year, a change, 数量."""
        bare = re.sub(r"（.*?）|\s|20\d\d年?", "", self.heading)
        is_empty = not bare or (bare in whose_words().empty_headings and bool(self.words))
        return is_empty or self.kind == CHANGE or _is_comparison(self.heading)

    def is_named_together(self, state: State) -> bool:
        """Whether the label names the indicator with its row or the group: 国家助学金 资助金额."""
        around = [re.sub(r"（.*?）|\s", "", text) for text in (self.group, self.name)]
        texts = [f"{text}{self.label}" for text in around if text not in ("", self.label)]
        return any(state.names.find(text, self.unit).how == "name" for text in texts)

    def is_named_by_row(self, state: State) -> bool:
        """Whether the row's words name the indicator, alone or with the heading: 其中 双师型, 国家助学金 资金."""
        bare = re.sub(r"（.*?）|\s|20\d\d年?", "", self.heading)
        if self.names_nothing:
            return True
        words = [re.sub(r"（.*?）|\s", "", word) for word in self.words]
        texts = [*words, *(f"{word}{bare}" for word in words)]
        found = {state.names.find(text, self.unit).indicator for text in texts}
        return bool(found - {None, state.names.find(bare, self.unit).indicator})

    def narrower(self, state: State) -> str | None:
        """The indicator of a row that the report's own tables have below the same one as a part: 其中：专任教师总数."""
        rows = (row for table in state.catalogue.tables.values() for row in table.rows if row.part_of)
        named = [row for row in rows if normal(row.label) == normal(self.name)] if self.names_nothing else []
        whole = {state.names.find(re.sub(r"（.*?）|\s", "", text), "").indicator for text in self.above if named}
        return next((row.indicator for row in named if row.part_of in whole), None)

    def scope(self, city: City) -> str | None:
        heading = _heading_of_this_year(self.table) if self.kind == CHANGE else self.heading
        return _scope_of(heading, city) or _scope_of(self.table.title, city)

    def school(self, city: City) -> str | None:
        schools = {r.name: r.code for r in city.respondents if r.kind == SCHOOL_SCOPE}
        return next((schools[text] for text in (*self.words, self.heading) if text in schools), None)

    def owner(self, state: State) -> str | None:
        """The school whose report it is, unless row or column says that it is all of the city's."""
        of_all = any(is_of_all(text, state.city) for text in (*self.words, self.heading))
        return None if of_all else state.owner or None


def _figure(place: _Place, state: State) -> PrintedFigure:
    city, kind, unit = state.city, place.kind, place.unit
    school, year = place.school(city) or place.owner(state), place.stated_year
    year = state.report_year if year is None or kind == CHANGE else year
    subject = school or city.code
    narrower = place.narrower(state)
    readings = () if narrower or place.is_named_together(state) else either_of(place.label, state.catalogue)
    found, likeness = narrower, float(narrower is not None)
    if narrower is None and len(readings) < SEVERAL:
        found, likeness = _indicator(place, subject, state)
    if found is None and len(readings) == 1:
        (found,), likeness = readings, 1.0
    stated = SCHOOL_SCOPE if school else place.scope(city)
    return PrintedFigure(
        figure_id="",
        section=place.table.section,
        year=year,
        subject=subject_name(subject, city),
        label=state.catalogue.indicators[found].label if found else place.label,
        scope=(stated or usual_scope(found, year, state)) if found else "",
        unit="百分点" if kind == CHANGE and unit == "%" else unit,
        printed=place.text,
        value=number_in(place.text) if place.text != "持平" else Decimal(0),
        codes=Reference(found, year, subject, stated or usual_scope(found, year, state), kind) if found else None,
        readings=tuple(
            Reference(code, year, subject, stated or usual_scope(code, year, state), kind)
            for code in readings
            if len(readings) >= SEVERAL
        ),
        context=f"{'/'.join(dict.fromkeys(filter(None, (place.group, *place.words))))}｜{place.heading}｜{place.text}",
        likeness=likeness,
        has_scope=stated is not None,
    )


def _indicator(place: _Place, subject: str, state: State) -> tuple[str | None, float]:
    """The indicator that the label names, in its group or its table if need be; else the one that it is most like."""
    title = bare_title(place.table.title.replace(f"{state.city.name}在", "").replace(state.city.name, ""))
    item = re.sub(r"（.*?）|\s", "", place.name)
    # 学部（系部）数（个）: only the last bracket is a unit
    whole = re.sub(r"（[^（）]*）$|\s", "", place.name if place.names_nothing else place.heading)
    named = (whole, f"{item}{place.label}", f"{place.group}{place.label}", f"{title}{place.label}", place.label)
    for text in named:
        match = state.names.find(text, place.unit)
        if match.how == "name":
            return match.indicator, 1.0
    state.subject, state.last, state.was_bound = subject, None, True
    return indicator_in(Context(place.label, "", "", f"{title}，{place.group}", ""), place.unit, place.kind, state)


def _is_comparison(heading: str) -> bool:
    """A column of a year, whose rows name the indicators."""
    return re.fullmatch(r"20\d\d年?(（.*）)?", re.sub(r"\s", "", heading)) is not None


def _scope_of(heading: str, city: City) -> str | None:
    return scope_of(f"不含{heading.partition('不含')[2]}", city) if "不含" in heading else None


def _heading_of_this_year(grid: TextTable) -> str:
    """The heading of the last column of a year, because a change is this year's, in this year's scope."""
    headings = _headings(grid.rows[: _body_start(grid)])
    return next((h for h in reversed(headings) if re.match(r"20\d\d", h) and not CHANGE_HEADING.search(h)), "")


def listings_of(grid: TextTable, state: State) -> Iterator[Listing]:
    """Ownership, level and honours of each school, where a table lists the schools with them."""
    schools = {r.name: r.code for r in state.city.respondents if r.kind == SCHOOL_SCOPE}
    rows = {schools[cell]: row for row in grid.rows for cell in row if cell in schools}
    year = _year_of(grid.title, state)
    if not rows or any(r.code not in rows for r in state.city.respondents_in(year) if r.kind == SCHOOL_SCOPE):
        return
    attributes: dict[str, dict[str, str]] = defaultdict(dict)
    honours: dict[str, frozenset[str]] = {}
    for code, row in rows.items():
        for name in ("ownership", "affiliation"):
            labels = load_codelists(state.city.pack)[name].code_of
            attributes[code].update((name, labels[cell]) for cell in row if cell in labels)
        usual, *others = load_codelists(state.city.pack)["school_category"].codes
        school = state.city.respondent_by_code[code].name
        category = next((c for c in others if c.label in school), usual)
        attributes[code]["category"] = category.code
        foreign = [c.label for c in others if c != category]
        parts = [part for cell in row for part in re.split("[、，,]", cell)]
        honours[code] = frozenset(found for part in parts if (found := _honour(state.city.pack, part, foreign)))
    yield Listing(year, attributes, honours)


def _honour(pack: Pack, text: str, foreign: Sequence[str]) -> str | None:
    """The recognition that an abbreviation means: the shortest name whose characters contain it in order.

    `foreign` are the categories of school that it cannot be about.
    """
    bare = re.sub("职校$|学校$|校$", "", text)
    named = [c for c in load_codelists(pack)["honours"].codes if not any(label in c.label for label in foreign)]
    fitting = [c for c in named if len(bare) > 2 and _is_within(bare, c.label)]
    return min(fitting, key=lambda c: len(c.label)).code if fitting else None


def _is_within(short: str, long: str) -> bool:
    rest = iter(long)
    return all(character in rest for character in short)
