"""填报进度: a sheet of formulas that tells, while the workbook is filled in, what is still empty and what does not fit.

It is for whoever fills in; nothing reads it. What it says follows from the contracts and rules, and `nianbao check`
says the same and more. Its formulas use FUNCTIONS only, so that WPS, Excel and LibreOffice compute the same.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

from sources.declarations.agreement import cross_rules
from sources.declarations.codelist import CodeList
from sources.declarations.contract import Column, Contract, contract_named
from sources.declarations.headings import PROGRESS_SHEET, STILL_HEADING
from sources.declarations.judgement import YearChange, load_judgements
from sources.declarations.pack import Pack
from sources.declarations.rule import in_words, load_intake_rules
from sources.system.plain_book import UNCOMPUTED
from sources.write.formula import quoted, summed, times
from sources.write.layout import FORM_LAST_YEAR, FORM_VALUES, BookLayout, SheetLayout
from sources.write.limits import usual_limits
from sources.write.rule_formula import (
    EMPTY_STATUS,
    PARTIAL_STATUS,
    RuleFormula,
    Unsaid,
    has_something,
    is_filled,
    message_of,
    rules_of,
)
from sources.write.sheet_values import SheetValues

FUNCTIONS = frozenset(
    "ABS COUNT COUNTA COUNTBLANK COUNTIF IF INDEX ISNUMBER MATCH MAX MIN ROUND ROW SUM".split()  # noqa: SIM905
)
"""Every function of the sheet; each is in Excel 2007, WPS and LibreOffice under this name and with this meaning."""
WIDTHS = (16, 46, 12, 12, 12, 12, 80)
LINE, LETTERS_A_LINE = 14, {1: 23, 6: 40}
"""Height of a line in points; how many Chinese letters stand in a line of a wide column."""
LETTERS_OF_A_VALUE = 5
LETTERS_TO_THE_END = 85
"""Of a line from the second column to the last one."""
HELPERS = (7, 8, 9)
"""Hidden columns: how often a rule fails, how often it holds, the first row in which it fails."""
RULE_ID = 10
"""A hidden column too: whoever asks the bureau can say which rule it is."""
INTRODUCTION = (
    "本表自动计算：不用填写，也不会读入，删去也不影响报送。数字随填随变，只反映在本工作簿里就能核对的内容；"
    "能说明原因的“请核对”不影响报送，“不符合”要先改正。"
)
NOT_HERE = "下列规则在本表中核对不了：报送前可用 nianbao check 检查，或在报送后由教育局核对。"
OF_NUMBERS, SAID_OF_NUMBERS = "plausible.", ("plausible.possible", "plausible.usual", "plausible.last_year")
"""Rules about every number; those that the sheet has, of a number by itself and beside last year's."""
FINISHED, UNFINISHED, EMPTY, NOT_NEEDED, OPTIONAL = "已填完", "没填完", "还没有填", "不用填", "可以不填"
FAILS, DOUBTFUL, HOLDS, UNKNOWN = "不符合", "请核对", "符合", "数据不全"


@dataclass(frozen=True, slots=True)
class _Line:
    """One number of two years: where each stands, or how it is counted."""

    sheet: str
    label: str
    before: str
    now: str
    change: YearChange | None = None
    """How far it moves in an ordinary year."""


class ProgressSheet:
    """Writes the sheet; `sheet` is an empty worksheet of the book to which `layout` belongs."""

    def __init__(
        self,
        sheet: Any,
        formats: Mapping[str, Any],
        pack: Pack,
        layout: BookLayout,
        year: int,
        codelists: Mapping[str, CodeList],
        last_year: Mapping[str, SheetValues],
    ) -> None:
        """`last_year`: what the template prints of last year, by contract."""
        self.sheet, self.formats, self.pack, self.layout, self.year = sheet, formats, pack, layout, year
        self.codelists, self.last_year = codelists, last_year
        self.row = self.sections = 0

    def write(self) -> None:
        """The whole sheet, from the top."""
        self._head()
        first = self.row + 2
        self._section("各表填了多少", ("工作表", "进展", "已填", "必填未填", "选填未填", "结果", "说明"))
        for layout in self.layout.sheets:
            self._sheet_line(layout, contract_named(self.pack, layout.name))
        sheets = range(first, self.row)
        rules = rules_of(self.pack, self.year, self.layout)
        said = [rule for rule in rules if isinstance(rule, RuleFormula)]
        parts: list[tuple[str, list[RuleFormula]]] = [
            ("合计与分项", [rule for rule in said if rule.adds_up]),
            ("其他规则", [rule for rule in said if not rule.adds_up and not rule.of_last_year]),
            ("与上年相比的规则", [rule for rule in said if not rule.adds_up and rule.of_last_year]),
        ]
        first = self.row
        for title, of_part in (part for part in parts if part[1]):
            self._section(title, ("工作表", "应当", "左边", "右边", "相差", "结果", "说明"))
            for rule in of_part:
                self._rule_line(rule)
        self._summary(sheets, range(first, self.row))
        self._years()
        self._not_here([rule for rule in rules if isinstance(rule, Unsaid)])
        self._finish()

    def _head(self) -> None:
        self.sheet.set_default_row(22)
        for position, width in enumerate(WIDTHS):
            self.sheet.set_column(position, position, width)
        self.sheet.set_column(HELPERS[0], RULE_ID, 4, None, {"hidden": True})
        self.sheet.write_string(0, 0, f"{PROGRESS_SHEET}（{self.year}年度）", self.formats["title"])
        self.sheet.set_row(0, 28)
        self.sheet.merge_range(1, 0, 1, 6, INTRODUCTION, self.formats["instructions"])
        self.sheet.set_row(1, 36)
        self.row = 4

    def _finish(self) -> None:
        red, yellow, green = (self.formats[name] for name in ("bad", "doubtful", "good"))
        for words, style in (
            *((each, red) for each in (FAILS, EMPTY)),
            *((each, yellow) for each in (DOUBTFUL, UNFINISHED)),
            *((each, green) for each in (HOLDS, FINISHED)),
        ):
            rule = {"type": "cell", "criteria": "==", "value": quoted(words), "format": style}
            self.sheet.conditional_format(4, 5, self.row, 5, rule)
        self.sheet.freeze_panes(4, 1)
        self.sheet.protect("", {"format_columns": True, "format_rows": True})
        self.sheet.set_landscape()
        self.sheet.set_paper(9)
        self.sheet.fit_to_pages(1, 0)
        self.sheet.print_area(0, 0, self.row - 1, 6)
        self.sheet.set_footer("&C第 &P 页，共 &N 页")

    def _section(self, title: str, headings: Sequence[str]) -> None:
        self.sections += 1
        self.sheet.write_string(self.row, 0, f"{'一二三四五六'[self.sections - 1]}、{title}", self.formats["part"])
        for position, heading in enumerate(headings):
            self.sheet.write_string(self.row + 1, position, heading, self.formats["heading"])
        self.row += 2

    def _formula(self, position: int, formula: str, style: str = "told", row: int | None = None) -> None:
        """As an array formula, so that an IF over many cells is one for each of them in every program."""
        row, style = self.row if row is None else row, self.formats[style]
        if "SUM(" in formula or "MIN(IF(" in formula:
            self.sheet.write_array_formula(row, position, row, position, f"{{={formula}}}", style, UNCOMPUTED)
        else:
            self.sheet.write_formula(row, position, f"={formula}", style, UNCOMPUTED)

    def _text(self, position: int, text: str) -> None:
        self.sheet.write_string(self.row, position, text, self.formats["told"])

    def _link(self, title: str) -> None:
        """The name of a sheet, and the way to it."""
        target = "internal:'{}'!A1".format(title.replace("'", "''"))
        self.sheet.write_url(self.row, 0, target, self.formats["link"], title)

    def _sheet_line(self, layout: SheetLayout, contract: Contract) -> None:
        columns = [(number, contract.column(name)) for number, name in enumerate(layout.columns)]
        entries = [(number, column) for number, column in columns if not column.prefilled]
        filled = is_filled(layout, self.pack)
        self._link(layout.title)
        if layout.is_form or contract.rows is not None:
            self._filled_cells(layout, entries)
        else:
            self._filled_rows(layout, entries)
        done, open_cells = f"$C${self.row + 1}", f"$D${self.row + 1}"
        may_be_empty = contract.is_optional or (layout.status_at is None and not any(_is_needed(c) for _, c in entries))
        nothing = OPTIONAL if may_be_empty else EMPTY
        result = f'IF({done}=0,"{nothing}",IF({open_cells}=0,"{FINISHED}","{UNFINISHED}"))'
        self._formula(5, result if filled == "1" else f'IF({filled},{result},"{NOT_NEEDED}")', "result")
        asked = ""
        if layout.rolled:
            unsaid = self._unsaid(layout)
            asked = f'&IF({unsaid}=0,"",{unsaid}&{quoted(f" 行没有选“{STILL_HEADING}”。")})'
        self._formula(6, _remarks(self.pack, layout, entries) + asked)
        self.row += 1

    def _unsaid(self, layout: SheetLayout) -> str:
        """How many rows of last year's list have no answer to whether they are still there."""
        first, last = layout.first_row, layout.first_row + layout.rolled - 1
        rows = "&".join(layout.cells(first, last, position) for position in range(len(layout.columns)))
        return f'SUM(({rows}<>"")*({layout.cells(first, last, layout.still_at)}=""))'

    def _filled_cells(self, layout: SheetLayout, entries: Sequence[tuple[int, Column]]) -> None:
        """Of a form, or a table whose rows are fixed: how many cells are filled, and how many are not."""
        everything = [f"COUNTA({cells})" for cells, _ in _areas(layout, entries, lambda column: True)]
        needed = [f"COUNTBLANK({cells})" for cells, is_needed in _areas(layout, entries, _is_needed) if is_needed]
        optional = [f"COUNTBLANK({cells})" for cells, is_needed in _areas(layout, entries, _is_needed) if not is_needed]
        row = self.row + 1
        self._formula(1, f'"共 "&($C${row}+$D${row}+$E${row})&" 格，已填 "&$C${row}&" 格"')
        self._formula(2, summed(everything), "told_number")
        for position, cells in ((3, needed), (4, optional)):
            self._formula(position, self._if_asked(layout, position, summed(cells)), "told_number")

    def _filled_rows(self, layout: SheetLayout, entries: Sequence[tuple[int, Column]]) -> None:
        """Of a table: how many rows are filled, and how many cells of them are not."""
        rows = has_something(layout)
        self._formula(1, f'"已填 "&$C${self.row + 1}&" 行"')
        self._formula(2, f"SUM({rows})", "told_number")
        for position, is_needed in ((3, True), (4, False)):
            blank = [f'({layout.values(c.name)}="")*1' for _, c in entries if _is_needed(c) == is_needed]
            count = f"SUM({times(rows, f'({summed(blank)})')})" if blank else "0"
            if is_needed and layout.rolled:
                count = f"({count}+{self._unsaid(layout)})"
            self._formula(position, self._if_asked(layout, position, count), "told_number")

    def _if_asked(self, layout: SheetLayout, position: int, count: str) -> str:
        """A count of blank cells, as far as the sheet's status asks for them."""
        asked = is_filled(layout, self.pack, PARTIAL_STATUS if position == 3 else EMPTY_STATUS)
        return count if asked == "1" else f"IF({asked},{count},0)"

    def _rule_line(self, rule: RuleFormula) -> None:
        row = self.row + 1
        fails, holds, first = (f"${'HIJ'[number]}${row}" for number in range(3))
        self._link(rule.sheet)
        words = rule.words or f"不应出现：{in_words(rule.message)}"
        self._text(1, words)
        self.sheet.write_string(self.row, RULE_ID, rule.rule_id)
        self._formula(HELPERS[0], rule.fails)
        self._formula(HELPERS[1], rule.holds)
        if rule.first is not None:
            self._formula(HELPERS[2], rule.first)
        if rule.left is not None and rule.right is not None:
            self._formula(2, rule.left, "told_number")
            self._formula(3, rule.right, "told_number")
            difference = f"ROUND($C${row}-$D${row},2)"
            self._formula(4, f'IF(ISNUMBER($C${row})*ISNUMBER($D${row}),{difference},"")', "told_number")
        else:
            for position in (2, 3, 4):
                self.sheet.write_blank(self.row, position, None, self.formats["told_number"])
        broken = FAILS if rule.severity == "error" else DOUBTFUL
        self._formula(5, f'IF({fails}>0,"{broken}",IF({holds}>0,"{HOLDS}","{UNKNOWN}"))', "result")
        where = f'{fails}&" 行，先看第 "&{first}&" 行："&' if rule.first is not None else ""
        self._formula(6, f'IF({fails}>0,{where}{message_of(rule, first)}&{quoted(rule.fix)},"")')
        told = in_words(rule.message)
        lengths = {1: len(words), 6: len(told + rule.fix) + LETTERS_OF_A_VALUE * told.count("…") + (12 if where else 0)}
        self._fit(lengths)
        self.row += 1

    def _fit(self, lengths: Mapping[int, int]) -> None:
        """Makes the row as high as its longest text needs: a formula's text cannot do so itself."""
        lines = max(-(-length // LETTERS_A_LINE[position]) for position, length in lengths.items())
        self.sheet.set_row(self.row, max(22, LINE * lines + 6))

    def _summary(self, sheets: range, rules: range) -> None:
        blanks = f"SUM($D${sheets.start + 1}:$D${sheets.stop})"
        results = f"$F${sheets.start + 1}:$F${sheets.stop}"
        unfinished = f'(COUNTIF({results},"{EMPTY}")+COUNTIF({results},"{UNFINISHED}"))'
        of_rules = f"$F${rules.start + 1}:$F${rules.stop}"
        failing, doubtful = (f'COUNTIF({of_rules},"{words}")' for words in (FAILS, DOUBTFUL))
        text = (
            f'"还有 "&{unfinished}&" 张表没有填完，必填的空 "&{blanks}&" 格；不符合的规则 "&{failing}'
            f'&" 条，请核对的 "&{doubtful}&" 条。"'
        )
        self.sheet.merge_range(2, 0, 2, 6, "", self.formats["summary"])
        self._formula(0, text, "summary", row=2)
        self.sheet.set_row(2, 26)

    def _years(self) -> None:
        """This year's numbers beside last year's, of all that the template prints of last year."""
        lines = [line for layout in self.layout.sheets if layout.has_last_year for line in self._compared(layout)]
        if not lines:
            return
        self._section("本年与上年", ("工作表", "项目", "上年", "本年", "增减", "增减（%）", "说明"))
        for line in lines:
            row = self.row + 1
            both = f"ISNUMBER($C${row})*ISNUMBER($D${row})"
            self._link(line.sheet)
            self._text(1, line.label)
            self._formula(2, line.before, "told_number")
            self._formula(3, f'IF(ISNUMBER({line.now}),{line.now},"")', "told_number")
            self._formula(4, f'IF({both},ROUND($D${row}-$C${row},2),"")', "told_number")
            self._formula(5, f'IF({both},IF($C${row}=0,"",ROUND($E${row}/$C${row}*100,1)),"")', "told_number")
            self._formula(6, f'IF({both},{_moved(line.change, row)},IF(ISNUMBER($D${row}),"","本年还没有填"))')
            self.row += 1

    def _compared(self, layout: SheetLayout) -> Iterator[_Line]:
        """The numbers of a form, or of fixed rows, of which there is one of last year; of another table its rows."""
        contract = contract_named(self.pack, layout.name)
        numbers = [
            (n, contract.column(name)) for n, name in enumerate(layout.columns) if contract.column(name).is_number
        ]
        records = self.last_year[layout.name].records
        if layout.is_form:
            for number, column in numbers:
                if records[0].get(column.name) is not None:
                    row = layout.first_row + number
                    before, now = layout.cell(row, FORM_LAST_YEAR), layout.cell(row, FORM_VALUES)
                    yield _Line(layout.title, column.heading, before, now, self._change(column))
            return
        if contract.rows is None:
            yield _Line(layout.title, "行数", str(len(records)), f"SUM({has_something(layout)})")
            return
        (key,) = contract.key
        of_key = {record.get(key): record for record in records}
        shown = [name for name in layout.columns if name != key]
        for offset, entry in enumerate(self.codelists[contract.rows].codes):
            for number, column in numbers:
                if of_key.get(entry.code, {}).get(column.name) is not None:
                    row = layout.first_row + offset
                    before = layout.cell(row, len(layout.columns) + 1 + shown.index(column.name))
                    label, now = f"{entry.label}：{column.heading}", layout.cell(row, number)
                    yield _Line(layout.title, label, before, now, self._change(column, entry.code))

    def _change(self, column: Column, row: str = "") -> YearChange | None:
        """How far a number moves in an ordinary year; `row`: the code of its fixed row."""
        judgements = load_judgements(self.pack)
        judgement = judgements.get(column.judged or "")
        if judgement is not None and row in judgement.rows:
            judgement = judgements.get(judgement.rows[row])
        return judgement.last_year if judgement else None

    def _not_here(self, unsaid: Sequence[Unsaid]) -> None:
        others = [
            (contract_named(self.pack, rule.sheet).title, in_words(rule.message))
            for rule in cross_rules(self.pack)
            if rule.needs == "others" and rule.sheet in self.layout.by_name and rule.is_valid_in(self.year)
        ]
        of_numbers = [
            ("各表的数", in_words(rule.message))
            for rule in load_intake_rules(self.pack).values()
            if rule.id.startswith(OF_NUMBERS) and rule.id not in SAID_OF_NUMBERS
        ]
        told = [(rule.sheet, in_words(rule.message)) for rule in unsaid] + of_numbers + others
        if not told:
            return
        self.sheet.write_string(self.row, 0, NOT_HERE, self.formats["part"])
        self.row += 1
        for title, words in told:
            self._text(0, title)
            self.sheet.merge_range(self.row, 1, self.row, 6, words, self.formats["told"])
            self.sheet.set_row(self.row, max(22, LINE * -(-len(words) // LETTERS_TO_THE_END) + 6))
            self.row += 1


def _moved(change: YearChange | None, row: int) -> str:
    """What is said of a number that has moved further in a year than such numbers do; nothing of any other."""
    if change is None:
        return '""'
    before, now = f"$C${row}", f"$D${row}"
    is_far = f"(MAX({before},{now})>MIN({before},{now})*{change.ratio})*(ABS({now}-{before})>={change.step})"
    return f'IF({is_far},"一年变动超过 {change.ratio} 倍，请核对；确属实际情况的，报送后可以说明。","")'


def _is_needed(column: Column) -> bool:
    return column.blank != "missing"


def _areas(
    layout: SheetLayout, entries: Sequence[tuple[int, Column]], key: Callable[[Column], Any]
) -> Iterator[tuple[str, Any]]:
    """The cells of columns that stand beside each other and have the same key: (cells, key)."""
    for (alike, _), group in groupby(enumerate(entries), lambda each: (key(each[1][1]), each[1][0] - each[0])):
        numbers = [number for _, (number, _) in group]
        if layout.is_form:
            yield layout.cells(layout.first_row + numbers[0], layout.first_row + numbers[-1], FORM_VALUES), alike
        else:
            yield layout.block(numbers[0], numbers[-1]), alike


def _remarks(pack: Pack, layout: SheetLayout, entries: Sequence[tuple[int, Column]]) -> str:
    """How many cells have a text where a number should be, or a number that is not usual. Rows of a table that have
    limits of their own are left to the cells' own warnings."""

    def limits(column: Column) -> tuple[Decimal | None, Decimal | None] | None:
        judgement = load_judgements(pack).get(column.judged or "")
        by_row = judgement is not None and bool(judgement.rows)
        return usual_limits(column, None if by_row else judgement) if column.is_number else None

    texts: list[str] = []
    beyond: list[str] = []
    for cells, bounds in _areas(layout, entries, limits):
        if bounds is None:
            continue
        low, high = bounds
        texts.append(f"COUNTA({cells})-COUNT({cells})")
        if low is not None:
            zeros = f"-COUNTIF({cells},0)" if low > 0 else ""  # none at all is no odd number
            beyond.append(f'COUNTIF({cells},"<{low:f}"){zeros}')
        if high is not None:
            beyond.append(f'COUNTIF({cells},">{high:f}")')
    told = [
        f'IF({summed(found)}=0,"",({summed(found)})&"{words}")'
        for found, words in ((texts, " 格不是数字。"), (beyond, " 格超出通常范围，请核对。"))
        if found
    ]
    return "&".join(told) or '""'
