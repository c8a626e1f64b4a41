"""The letter to the respondents before a new year: when, what is asked otherwise than last year, the new rules."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from sources.declarations.city import City
from sources.declarations.contract import Column, Contract, contracts_for
from sources.declarations.pack import Pack
from sources.system.plain_text import legible
from sources.system.whole_file import whole_file
from warehouse.catalogue.catalogue import Catalogue
from warehouse.catalogue.rules_for_schools import NEW, STOPPED, rules_for_schools

FONT, HEADING_FONT = "宋体", "黑体"
KINDS = {"school": "学校", "bureau": "教育局"}
SAME = "与上年相同。"
HOW = (
    "工作簿的灰色格是上年的数，供对照；第二张表“填报进度”随填随算，填完看一遍。",
    "名单（{lists}）里已有上年的各行，可以改、可以增加；每一行都要说今年的情况：在“今年是否仍在”选“仍在”或“不在”"
    "（专业选“专业状态”），选好一格可以向下填充。有一行没有说，整份报送会被退回；本年的数都要重新填。",
    "只用发给本单位的工作簿填报，不要用上年的文件改。",
)


@dataclass(frozen=True, slots=True)
class LetterPart:
    """A part of the letter: its heading, and a line for each thing that it says."""

    heading: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class YearLetter:
    title: str
    greeting: str
    parts: tuple[LetterPart, ...]
    signature: tuple[str, ...]

    @property
    def text(self) -> str:
        """The letter as plain text, for a message."""
        body = [line for part in self.parts for line in ("", part.heading, *part.lines)]
        return "\n".join([self.title, "", self.greeting, *body, "", *self.signature, ""])


def year_letter(city: City, catalogue: Catalogue, report_year: int, before: Pack | None = None) -> YearLetter:
    """The letter for a year. `before`: the declarations under which last year's workbooks were accepted, when known."""
    of_year = city.in_year(report_year)
    dates = city.calendar.years[report_year]
    numerals = iter("一二三四五六七")
    late = "" if dates.freezes.year >= NEVER else f"；{_day(dates.freezes)}以后重新报送要写修订原因"
    times = (
        f"{_day(dates.opens)}开始收报送，{_day(dates.due)}截止{late}。",
        f"时点数截至{_day(dates.as_of)}；时期数的学年为{_day(dates.school_year_from)}至{_day(dates.school_year_to)}。",
    )
    parts = [
        ("时间", times),
        ("填报单位的变化", tuple(f"{told}。" for _, told in city.changes_told(report_year)) or (SAME,)),
        ("填报内容的变化", tuple(_of_sheets(city.pack, before, report_year)) or (SAME,)),
        ("指标定义的变化", tuple(_of_definitions(city, catalogue, report_year)) or (SAME,)),
        ("报告附表的变化", tuple(_of_tables(catalogue, report_year)) or (SAME,)),
        ("审核规则的变化", tuple(_of_rules(city.pack, report_year)) or (SAME,)),
        ("怎样填", tuple(line.format(lists=_lists(city.pack, report_year)) for line in HOW)),
    ]
    bureaus = [each for each in of_year.respondents if each.kind == "bureau" and each.is_valid_in(report_year)]
    sender = next((each.name for each in bureaus if of_year.region_of(each) == city.code), of_year.name)
    return YearLetter(
        title=f"{report_year}年度中等职业教育质量年度报告填报的说明",
        greeting="各填报单位：",
        parts=tuple(LetterPart(f"{next(numerals)}、{heading}", lines) for heading, lines in parts),
        signature=(sender, "　　　　年　　月　　日"),
    )


NEVER = 2099
"""A year that is never to freeze freezes then."""


def _day(day: object) -> str:
    year, month, date = str(day).split("-")
    return f"{year}年{int(month)}月{int(date)}日"


def _lists(pack: Pack, report_year: int) -> str:
    contracts = [each for kind in KINDS for each in contracts_for(pack, kind, report_year)]
    titles = [each.title for each in contracts if each.rolled is not None and each.is_valid_in(report_year - 1)]
    return "、".join(titles)


def _of_sheets(pack: Pack, before: Pack | None, report_year: int) -> Iterator[str]:
    """What is asked otherwise: sheets, then columns of sheets that both years have, by who fills them in."""
    told: set[str] = set()
    for kind, who in KINDS.items():
        old = {each.name: each for each in contracts_for(before or pack, kind, report_year - 1)}
        new = {each.name: each for each in contracts_for(pack, kind, report_year)}
        lines = [f"{who}新增“{each.title}”表：{each.instructions}" for name, each in new.items() if name not in old]
        lines += [f"{who}不再填“{each.title}”表。" for name, each in old.items() if name not in new]
        for name in old.keys() & new.keys():
            lines += _of_columns(old[name], new[name], report_year)
        yield from (line for line in sorted(lines) if line not in told)
        told.update(lines)


def _of_columns(old: Contract, new: Contract, report_year: int) -> Iterator[str]:
    before = {each.name: each for each in old.columns_in(report_year - 1)}
    after = {each.name: each for each in new.columns_in(report_year)}
    where = f"“{new.title}”表"
    for name, column in after.items():
        if name not in before:
            yield f"{where}新增“{column.heading}”：{column.hint}"
        elif (was := before[name]) != column:
            yield from (f"{where}{line}" for line in _altered(was, column))
    yield from (f"{where}不再填“{column.heading}”。" for name, column in before.items() if name not in after)


def _altered(was: Column, now: Column) -> Iterator[str]:
    """What somebody who fills in a column sees otherwise; nothing of what only programs see."""
    if was.heading != now.heading:
        yield f"“{was.heading}”改为“{now.heading}”。"
    if was.hint != now.hint:
        yield f"“{now.heading}”的填报说明改为：{now.hint}"
    if was.blank != now.blank and now.blank == "error":
        yield f"“{now.heading}”改为必填。"


def _of_definitions(city: City, catalogue: Catalogue, report_year: int) -> Iterator[str]:
    for choice in city.definitions:
        indicator = catalogue.indicators.get(choice.indicator)
        if choice.since == report_year and indicator is not None:
            yield f"“{indicator.label}”改用另一个定义：{indicator.formula(choice.alternative).definition}"


def _of_tables(catalogue: Catalogue, report_year: int) -> Iterator[str]:
    """Rows that the year's edition of the report's tables has otherwise than last year's."""
    for table in catalogue.tables.values():
        before = {row.indicator: row.label for row in table.in_year(report_year - 1).rows}
        after = {row.indicator: row.label for row in table.in_year(report_year).rows}
        for indicator, label in after.items():
            if indicator not in before:
                yield f"{table.name}新增一行“{label}”。"
            elif before[indicator] != label:
                yield f"{table.name}的“{before[indicator]}”改为“{label}”。"
        yield from (f"{table.name}不再列“{label}”。" for indicator, label in before.items() if indicator not in after)


def _of_rules(pack: Pack, report_year: int) -> Iterator[str]:
    rules = rules_for_schools(pack, report_year)
    for mark, words in ((NEW, "新增"), (STOPPED, "不再要求")):
        for each in (each for each in rules if each.change == mark):
            where = f"“{each.sheet}”表：" if each.sheet else ""
            yield f"{words}（{each.severity}）{where}{each.message}{each.fix if mark == NEW else ''}"
    if rules:
        yield f"全部 {len(rules)} 条规则见随信的“{report_year}年度审核规则”。"


def write_letter(letter: YearLetter, folder: Path) -> tuple[Path, Path]:
    """Writes the letter as .docx and .txt into a folder; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    document, text = folder / f"{letter.title}.docx", folder / f"{letter.title}.txt"
    with whole_file(document) as partial:
        _document(letter).save(str(partial))
    with whole_file(text) as partial:
        partial.write_text(legible(letter.text), encoding="utf-8")
    return document, text


def _document(letter: YearLetter) -> docx.document.Document:
    made = docx.Document()
    style = made.styles["Normal"]
    _set_font(style, FONT, 12)
    style.paragraph_format.line_spacing, style.paragraph_format.space_after = 1.5, Pt(0)
    page = made.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    title = made.add_paragraph()
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _set_font(title.add_run(legible(letter.title)), HEADING_FONT, 18)
    made.add_paragraph(letter.greeting)
    for part in letter.parts:
        heading = made.add_paragraph()
        heading.paragraph_format.keep_with_next = True
        _set_font(heading.add_run(part.heading), HEADING_FONT, 12)
        for line in _numbered(part.lines):
            made.add_paragraph(legible(line)).paragraph_format.first_line_indent = Pt(24)
    for line in letter.signature:
        made.add_paragraph(legible(line)).alignment = WD_ALIGN_PARAGRAPH.RIGHT
    return made


def _numbered(lines: tuple[str, ...]) -> Iterable[str]:
    return lines if len(lines) == 1 else [f"{number}. {line}" for number, line in enumerate(lines, 1)]


def _set_font(styled: object, name: str, points: int) -> None:
    font = styled.font  # type: ignore[attr-defined]
    font.name, font.size = name, Pt(points)
    font.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), name)
