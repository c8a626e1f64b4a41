"""The form of a new year: one workbook in which the clerk says what has changed, and its way back.

Each sheet is signed by whoever has gone through it (核对人); a sheet without a name has not been filled in.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from pydantic import ValidationError
from python_calamine import CalamineError, CalamineWorkbook

from sources.declarations.changes import Change, Close, Found, Merge, Move, Recode, Rename, Split
from sources.declarations.city import City, Respondent, Target
from sources.declarations.deadlines import ReportYear
from sources.declarations.new_year import DATES, WORKDAYS_ONLY, Answers, day_off
from sources.declarations.problem import meant
from sources.declarations.strict_yaml import fault_of_name
from sources.declarations.undecided import About, Undecided
from sources.system.faults import ToldError
from sources.system.plain_book import PlainBook

RESPONDENTS_SHEET, DATES_SHEET, OTHERS_SHEET = "单位变化", "日期", "口径和目标"
SIGNED = "核对人"
CODE, NAME, REGION, WHAT = "标识码", "单位名称", "地区", "今年的变化"
NEW_NAME, OTHER, NEW_CODE, NEW_REGION, NOTE = "新名称", "有关学校", "新标识码", "新的地区", "依据或备注"
HEADINGS = {CODE: 16, NAME: 32, REGION: 14, WHAT: 14, NEW_NAME: 30, OTHER: 30, NEW_CODE: 16, NEW_REGION: 14, NOTE: 30}
"""Heading → width of its column."""
LOCKED = (CODE, NAME, REGION)
UNCHANGED, RENAMED, MERGED, CLOSED, RECODED, MOVED, FOUNDED, SPLIT = (
    "无变化", "更名", "并入", "停办", "换标识码", "改属地区", "新设", "分设"
)  # fmt: skip
KINDS = (UNCHANGED, RENAMED, MERGED, CLOSED, RECODED, MOVED, FOUNDED, SPLIT)
ROOM_FOR_NEW = 20
HEADING_ROW = 4
DATE_HEADINGS = {"项目": 18, "上年": 14, "今年": 14, "提示": 30}
OTHER_HEADINGS = {"事项": 60, "指标代码": 28, "比上一年至少增加": 18, "出处": 30}
INSTRUCTIONS = {
    RESPONDENTS_SHEET: "逐个看一遍：没有变化的不用填；更名写新名称；并入在“有关学校”写并入哪所学校；停办只选停办；"
    "新设写在下面的空行：标识码、单位名称（由别的学校分设的选“分设”，在“有关学校”写由哪所分设）。看完在上面写核对人。",
    DATES_SHEET: "今年的日期照上年推算，可以改；提示里有周末和假期（放假安排以国务院办公厅的通知为准）。看完写核对人。",
    OTHERS_SHEET: "要定的事项。目标：写上指标代码、至少增加多少和出处；今年不宣布目标的，只写核对人。",
}


class FormError(ToldError):
    """What is wrong in the form, by sheet and cell, all at once."""


@dataclass(slots=True)
class _Faults:
    """What is wrong, while the form is read."""

    found: list[str] = field(default_factory=list)

    def add(self, sheet: str, row: int, heading: str, text: str) -> None:
        place = f"第 {row} 行" if row else "表头"
        self.found.append(f"“{sheet}”{place}{f'“{heading}”' if heading else ''}：{text}")


# --- Written ---------------------------------------------------------------------------------------------------------


def write_form(
    city: City, report_year: int, dates: ReportYear, points: Sequence[Undecided], path: Path, dates_by: str = ""
) -> None:
    """Writes the form for a year: who sent last year, the dates proposed, what else has to be decided.

    `dates_by`: who has gone through the dates already, if anybody.
    """
    with PlainBook(path) as book:
        styles = {
            "head": book.add_format({"bold": True, "bg_color": "#DCE6F1", "border": 1, "text_wrap": True}),
            "plain": book.add_format({"border": 1, "bg_color": "#F2F2F2", "num_format": "@"}),
            "asked": book.add_format({"border": 1, "bg_color": "#FFFDE7", "num_format": "@"}),
            "title": book.add_format({"bold": True, "font_size": 15}),
            "told": book.add_format({"text_wrap": True, "valign": "top", "font_color": "#595959"}),
            "warned": book.add_format({"border": 1, "font_color": "#C00000"}),
        }
        _write_respondents(book, styles, city, report_year)
        _write_dates(book, styles, city, report_year, dates, dates_by)
        if others := [each for each in points if each.about in ("scopes", "targets")]:
            _write_others(book, styles, city, report_year, others)


def _sheet(book: PlainBook, styles: Mapping[str, Any], title: str, year: int, headings: Mapping[str, int]) -> Any:
    sheet = book.add_worksheet(title)
    sheet.set_default_row(20)
    sheet.write_string(0, 0, f"{year}年度 {title}", styles["title"])
    sheet.write_string(1, 0, SIGNED, styles["head"])
    sheet.write_blank(1, 1, None, styles["asked"])
    sheet.merge_range(2, 0, 2, len(headings) - 1, INSTRUCTIONS[title], styles["told"])
    sheet.set_row(2, 48)
    for position, (heading, width) in enumerate(headings.items()):
        sheet.set_column(position, position, width)
        sheet.write_string(HEADING_ROW - 1, position, heading, styles["head"])
    sheet.freeze_panes(HEADING_ROW, 0)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    return sheet


def _write_respondents(book: PlainBook, styles: Mapping[str, Any], city: City, report_year: int) -> None:
    sheet = _sheet(book, styles, RESPONDENTS_SHEET, report_year, HEADINGS)
    of_year = city.in_year(report_year)
    there = city.respondents_in(report_year)
    for row, each in enumerate(there, HEADING_ROW):
        known = {
            CODE: of_year.stated_code(each),
            NAME: each.name,
            REGION: of_year.region_by_code[of_year.region_of(each)].name,
        }
        for position, heading in enumerate(HEADINGS):
            sheet.write_string(row, position, known.get(heading, ""), styles["plain" if heading in LOCKED else "asked"])
    last = HEADING_ROW + len(there) + ROOM_FOR_NEW
    for row in range(HEADING_ROW + len(there), last):
        for position in range(len(HEADINGS)):
            sheet.write_blank(row, position, None, styles["asked"])
    at = list(HEADINGS).index(WHAT)
    sheet.data_validation(HEADING_ROW, at, last - 1, at, {"validate": "list", "source": list(KINDS)})


def _write_dates(
    book: PlainBook, styles: Mapping[str, Any], city: City, report_year: int, dates: ReportYear, signed_by: str
) -> None:
    sheet = _sheet(book, styles, DATES_SHEET, report_year, DATE_HEADINGS)
    if signed_by:
        sheet.write_string(1, 1, signed_by, styles["asked"])
    before = city.calendar.years[max(year for year in city.calendar.years if year < report_year)]
    for row, (name, label) in enumerate(DATES.items(), HEADING_ROW):
        day = getattr(dates, name)
        off = day_off(day) if name in WORKDAYS_ONLY else ""
        sheet.write_string(row, 0, label, styles["plain"])
        sheet.write_string(row, 1, str(getattr(before, name)), styles["plain"])
        sheet.write_string(row, 2, str(day), styles["asked"])
        sheet.write_string(row, 3, off, styles["warned"])


def _write_others(
    book: PlainBook, styles: Mapping[str, Any], city: City, report_year: int, points: Sequence[Undecided]
) -> None:
    sheet = _sheet(book, styles, OTHERS_SHEET, report_year, OTHER_HEADINGS)
    row = HEADING_ROW
    for each in points:
        sheet.write_string(row, 0, each.what, styles["plain"])
        row += 1
        if each.about != "targets":
            continue
        latest = max(target.report_year for target in city.targets)
        for target in (target for target in city.targets if target.report_year == latest):
            told = f"　{latest} 年：至少增加 {target.increase_at_least}（{target.source}）；今年的写在右边"
            sheet.write_string(row, 0, told, styles["plain"])
            sheet.write_string(row, 1, target.indicator, styles["asked"])
            for position in (2, 3):
                sheet.write_blank(row, position, None, styles["asked"])
            row += 1
        for _ in range(ROOM_FOR_NEW // 4):
            for position in range(len(OTHER_HEADINGS)):
                sheet.write_blank(row, position, None, styles["asked"])
            row += 1


# --- Read ------------------------------------------------------------------------------------------------------------


def read_form(path: Path, city: City, report_year: int) -> Answers:
    """What the clerk has filled in. `city` is as it was before the form was taken over.

    Raises FormError with everything that is wrong in it.
    """
    try:
        book = CalamineWorkbook.from_path(path)
        grids = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}
    except (CalamineError, BadZipFile, OSError) as error:
        raise FormError(f"{path.name} 打不开为 .xlsx：{error}") from None
    faults = _Faults()
    settled: set[About] = set()
    changes: tuple[Change, ...] | None = None
    new: tuple[Respondent, ...] = ()
    dates: ReportYear | None = None
    targets: tuple[Target, ...] = ()
    if _is_signed(grids.get(RESPONDENTS_SHEET)):
        settled.add("respondents")
        lines = [(row, dict.fromkeys(HEADINGS, "") | line) for row, line in _lines(grids[RESPONDENTS_SHEET], HEADINGS)]
        read = _Respondents(city, report_year, faults, lines)
        changes, new = read.changes(), tuple(read.new.values())
    elif _has_answers(grids.get(RESPONDENTS_SHEET)):
        faults.add(RESPONDENTS_SHEET, 0, SIGNED, "填了变化，没有写核对人")
    if _is_signed(grids.get(DATES_SHEET)):
        settled.add("dates")
        dates = _read_dates(grids[DATES_SHEET], faults)
    if _is_signed(grids.get(OTHERS_SHEET)):
        settled |= {"scopes", "targets"}
        targets = tuple(_read_targets(grids[OTHERS_SHEET], report_year + 1, faults))
    if faults.found:
        raise FormError("\n".join([f"{path.name} 有 {len(faults.found)} 处要改，什么也没有写：", *faults.found]))
    return Answers(dates, changes, new, targets, frozenset(settled))


Grid = Sequence[Sequence[object]]


def _is_signed(grid: Grid | None) -> bool:
    head = (grid or ())[:HEADING_ROW]
    return any(_text(row[0]) == SIGNED and len(row) > 1 and bool(_text(row[1])) for row in head if row)


def _has_answers(grid: Grid | None) -> bool:
    return any(line.get(WHAT) not in ("", UNCHANGED, None) for _, line in _lines(grid or (), HEADINGS))


def _lines(grid: Grid, headings: Mapping[str, int]) -> Iterator[tuple[int, dict[str, str]]]:
    """Row number from 1 → the texts by heading, of the rows below the headings that have something in them."""
    head = next((n for n, row in enumerate(grid) if next(iter(headings)) in map(_text, row)), None)
    if head is None:
        return
    texts = [_text(cell) for cell in grid[head]]
    at = {heading: texts.index(heading) for heading in headings if heading in texts}
    for number, row in enumerate(grid[head + 1 :], head + 2):
        line = {heading: _text(row[position]) if position < len(row) else "" for heading, position in at.items()}
        if any(line.values()):
            yield number, line


class _Respondents:
    """Reads the sheet of respondents; it gathers what is wrong."""

    def __init__(self, city: City, report_year: int, faults: _Faults, lines: Sequence[tuple[int, Mapping[str, str]]]):
        self.city, self.of_year, self.year, self.faults = city, city.in_year(report_year), report_year, faults
        self.lines = lines
        self.new = {
            row: school
            for row, line in lines
            if line[WHAT] in (FOUNDED, SPLIT) and (school := self._new_school(row, line))
        }
        self.codes = {each.code: each.code for each in self.new.values()}
        self.codes |= {self.of_year.stated_code(each): each.code for each in self.of_year.respondents}
        self.names = {line[NEW_NAME]: self.codes[line[CODE]] for _, line in lines if line[CODE] in self.codes}
        self.names |= {each.name: each.code for each in (*self.of_year.respondents, *self.new.values())}

    def changes(self) -> tuple[Change, ...]:
        found = [change for row, line in self.lines if (change := self._change(row, line))]
        origins: dict[str, list[str]] = {}
        for row, line in self.lines:
            if line[WHAT] == SPLIT and row in self.new and (origin := self._known(row, OTHER, line[OTHER])):
                origins.setdefault(origin, []).append(self.new[row].code)
        closed = {each.code for each in found if isinstance(each, Close)}
        found = [each for each in found if not (isinstance(each, Close) and each.code in origins)]
        for origin, into in origins.items():
            parts = into if origin in closed else [origin, *into]
            found.append(Split(kind="split", code=origin, into=tuple(parts), since=self.year))
        return tuple(found)

    def _change(self, row: int, line: Mapping[str, str]) -> Change | None:
        """The change that a line states; a split is put together from several."""
        what, since, note = line[WHAT], self.year, line[NOTE]
        if what in ("", UNCHANGED, SPLIT):
            if what == "" and line[CODE] not in self.codes:
                who = line[NAME] or line[CODE] or "这一行"
                self._wrong(row, WHAT, f"{who}不是上年的单位：新设的选“{FOUNDED}”")
            return None
        if what == FOUNDED:
            return Found(kind="found", code=self.new[row].code, since=since, note=note) if row in self.new else None
        code = self._known(row, CODE, line[CODE])
        needed = {RENAMED: NEW_NAME, MERGED: OTHER, RECODED: NEW_CODE, MOVED: NEW_REGION}.get(what)
        if needed and not line[needed]:
            self._wrong(row, needed, f"选了“{what}”，这一格没有写")
        elif code and what == RENAMED and self._is_name(row, line[NEW_NAME]):
            return Rename(kind="rename", code=code, name=line[NEW_NAME], since=since, note=note)
        elif code and what == MERGED and (into := self._known(row, OTHER, line[OTHER])):
            return Merge(kind="merge", code=code, into=into, since=since, note=note)
        elif code and what == CLOSED:
            return Close(kind="close", code=code, since=since, note=note)
        elif code and what == RECODED and self._is_code(row, NEW_CODE, line[NEW_CODE]):
            return Recode(kind="recode", code=code, new_code=line[NEW_CODE], since=since, note=note)
        elif code and what == MOVED and (region := self._region(row, NEW_REGION, line[NEW_REGION])):
            return Move(kind="move", code=code, region=region, since=since, note=note)
        elif what not in KINDS:
            self._wrong(row, WHAT, f"没有“{what}”这种变化{meant(what, KINDS)}")
        return None

    def _new_school(self, row: int, line: Mapping[str, str]) -> Respondent | None:
        code, name, text = line[CODE], line[NAME], line[REGION] or line[NEW_REGION]
        if not code or not name:
            self._wrong(row, NAME if code else CODE, "新设的学校要写标识码和单位名称")
        elif code in self.city.respondent_by_code:
            self._wrong(row, CODE, f"标识码 {code} 已是{self.city.respondent_by_code[code].name}的")
        elif self._is_name(row, name) and self._is_code(row, CODE, code):
            region = self._region(row, REGION, text) if text else self.city.code
            is_own = region in ("", self.city.code)
            return Respondent(
                code=code, name=name, kind="school", region=None if is_own else region, since=self.year, note=line[NOTE]
            )
        return None

    def _known(self, row: int, heading: str, text: str) -> str:
        code = self.codes.get(text) or self.names.get(text, "")
        if not code:
            self._wrong(row, heading, f"没有“{text}”这个单位{meant(text, [*self.names])}" if text else "没有写")
        return code

    def _region(self, row: int, heading: str, text: str) -> str:
        names = {each.name: each.code for each in self.of_year.regions}
        code = text if text in self.city.region_by_code else names.get(text, "")
        if not code:
            self._wrong(row, heading, f"没有“{text}”这个地区{meant(text, [*names])}")
        return code

    def _is_name(self, row: int, name: str) -> bool:
        if fault := fault_of_name(name):
            self._wrong(row, NAME, fault)
        return not fault

    def _is_code(self, row: int, heading: str, code: str) -> bool:
        if not (is_code := re.fullmatch(r"[A-Za-z0-9_-]+", code) is not None):
            self._wrong(row, heading, f"标识码“{code}”只能有字母、数字、- 和 _")
        return is_code

    def _wrong(self, row: int, heading: str, text: str) -> None:
        self.faults.add(RESPONDENTS_SHEET, row, heading, text)


def _read_dates(grid: Grid, faults: _Faults) -> ReportYear | None:
    labels = {label: name for name, label in DATES.items()}
    found: dict[str, date] = {}
    for row, line in _lines(grid, DATE_HEADINGS):
        name = labels.get(line.get("项目", ""))
        if name is None:
            continue
        text = line.get("今年", "").replace("/", "-").replace(".", "-")
        try:
            year, month, day = (int(part) for part in text.split(" ")[0].split("-"))
            found[name] = date(year, month, day)
        except ValueError:
            faults.add(DATES_SHEET, row, "今年", f"“{text}”不是日期，要写成 2024-11-30 这样")
    if missing := [label for label, name in labels.items() if name not in found]:
        if not faults.found:
            faults.add(DATES_SHEET, 0, "今年", f"没有{'、'.join(missing)}")
        return None
    return ReportYear.model_validate(found)


def _read_targets(grid: Grid, report_year: int, faults: _Faults) -> Iterator[Target]:
    for row, line in _lines(grid, OTHER_HEADINGS):
        indicator, text, source = (line.get(heading, "") for heading in list(OTHER_HEADINGS)[1:])
        if not text and not source:
            continue
        try:
            increase = Decimal(text)
        except InvalidOperation:
            faults.add(OTHERS_SHEET, row, "比上一年至少增加", f"“{text}”不是数")
            continue
        if not indicator or not source:
            faults.add(OTHERS_SHEET, row, "指标代码" if not indicator else "出处", "没有写")
            continue
        try:
            yield Target(report_year=report_year, indicator=indicator, increase_at_least=increase, source=source)
        except ValidationError:
            faults.add(OTHERS_SHEET, row, "指标代码", f"“{indicator}”不是指标的代码")


def _text(cell: object) -> str:
    """What stands in a cell, as a person reads it; a code that a program made a number is its digits."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return str(cell.date())
    return str(cell).strip()
