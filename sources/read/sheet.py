"""One sheet while it is read: the headings found, the cells taken, and the cells left over."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from sources.declarations.contract import Column, Contract
from sources.declarations.headings import ROLLED_NOTE, STATUS_LABEL, TOKEN_LABEL, normalise_label
from sources.read.cell_text import FORMULA_RULES, Texts
from sources.read.comments import NO_COMMENTS, SheetComments
from sources.read.letter_font import Font
from sources.read.number_format import number_format
from sources.read.on_screen import MOST_DIGITS, SeenCell, has_lost_digits, seen_of_runs, seen_otherwise
from sources.read.sheet_xml import Position, StoredSheet, address, position_of
from sources.read.styles import PLAIN, Look
from sources.submission.cell import FORM_RECORD, STATUS_COLUMN, Cell, CellAddress, CellComment
from sources.submission.finding import Finding, Findings, intake_finding
from sources.submission.submission import Fate
from sources.system.plain_text import STANDS_FOR_ILLEGIBLE, legible

HEADINGS_WITHIN_ROWS = 15
SHOWN_STRAYS = 8
COVERED_AT_MOST = 20_000
"""Cells under merged cells that are looked at in a sheet; the template's own sheets are far smaller."""
ROLLED_WORDS = normalise_label(ROLLED_NOTE.partition("：")[0])
"""How the line begins that a template has above rows of last year's list."""


@dataclass(frozen=True, slots=True)
class SheetContent:
    """What one sheet holds; the fields are those of `Submission`. `is_there`: whether the sheet was found at all."""

    is_there: bool = True
    cells: tuple[Cell, ...] = ()
    last_year: Mapping[tuple[str, str], str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    fates: Mapping[tuple[str, str], Fate] = field(default_factory=dict)
    comments: tuple[CellComment, ...] = ()


@dataclass
class Sheet:
    """One sheet of a contract while it is being read. A filled cell without a fate at the end is a stray.

    It gathers, so it is not frozen; nobody has it but the functions that read the sheet, and `settled` ends it.
    """

    title: str
    """As it is written in the workbook; `place` has it as the contract does."""
    contract: Contract
    columns: Sequence[Column]
    place: CellAddress
    texts: Texts
    stored: StoredSheet
    looks: Sequence[Look] = ()
    comments: SheetComments = NO_COMMENTS
    is_outdated: bool = False
    status_row: int | None = None
    cells: list[Cell] = field(default_factory=list)
    last_year: dict[tuple[str, str], str] = field(default_factory=dict)
    findings: Findings = field(default_factory=Findings)
    fates: dict[Position, Fate] = field(default_factory=dict)
    taken: dict[int, list[int]] = field(default_factory=dict)
    """Rows → positions of the value cells in it."""

    def text(self, row: int, position: int) -> str:
        return self.texts.get((row, position), "")

    @cached_property
    def rows(self) -> dict[int, list[int]]:
        """Row that is not empty (a formula without a result counts) → positions of its filled cells."""
        rows: dict[int, list[int]] = {row: [] for row, _ in self.stored.formulas}
        for row, position in sorted(self.texts):
            rows.setdefault(row, []).append(position)
        return dict(sorted(rows.items()))

    def below(self, header_row: int) -> Iterator[tuple[int, list[int]]]:
        """The rows of values: below the headings, and not the row with the sheet's status, wherever that stands."""
        return ((row, filled) for row, filled in self.rows.items() if row > header_row and row != self.status_row)

    def labels(self, row: int) -> dict[int, str]:
        return {position: normalise_label(self.text(row, position)) for position in self.rows.get(row, [])}

    def claim(self, fate: Fate, row: int, *positions: int) -> None:
        for position in positions:
            if (row, position) in self.texts:
                self.fates[row, position] = fate

    def report(self, rule_id: str, row: int, position: int, value: str, **texts: object) -> None:
        at = replace(self.place, cell=address(row, position))
        self.findings.add(intake_finding(rule_id, at, value, **texts))

    def take(self, record: int, column: Column, row: int, position: int) -> None:
        """Takes a value cell; a formula or an error in it is a finding, and only a stored result is a value."""
        at, text = address(row, position), self.text(row, position)
        formula = self.stored.formulas.get((row, position))
        if formula:
            rule_id = FORMULA_RULES.get(formula, "value.error_cell")
            place = replace(self.place, cell=at, column_name=column.name)
            self.findings.add(intake_finding(rule_id, place, text, label=column.label))
        is_error = formula is not None and formula not in FORMULA_RULES
        if text and not is_error:
            text = self._as_seen(column, text, (row, position))
        self.claim("reported" if is_error else "value", row, position)
        self.taken.setdefault(row, []).append(position)
        text = "" if is_error else text
        self.keep(record, column.name, at, text)

    def _as_seen(self, column: Column, text: str, at: Position) -> str:
        """The text without what is struck out in it; asks where the screen shows something else than is read."""
        number = self.stored.looks.get(at, 0)
        look = self.looks[number] if number < len(self.looks) else PLAIN
        is_string, stored = at in self.stored.strings, self.stored.texts.get(at, text)
        run = None
        if runs := self.stored.runs.get(at):
            run = seen_of_runs(runs, look)
            if run == "".join(each.text for each in runs):
                run = None
            if all(each.font for each in runs):  # no letter has the font of the cell
                look = replace(look, font=Font())
        cover = self.text(*self._covers[at]) if at in self._covers else None
        if look.is_plain and run is None and cover is None and (is_string or len(stored) <= MOST_DIGITS):
            return text
        cell = SeenCell(text, legible(stored).strip(), is_string, look, run and legible(run).strip(), cover)
        place = replace(self.place, cell=address(*at), column_name=column.name)
        if seen := seen_otherwise(cell, column):
            is_day = not is_string and number_format(look.format_code).is_date
            value = text if is_day else cell.stored
            found = intake_finding("value.seen_otherwise", place, value, label=column.label, expected=seen)
            self.findings.add(found)
        if has_lost_digits(cell, column):
            self.findings.add(intake_finding("value.digits_lost", place, text, label=column.label))
        return text if cell.run is None else cell.run

    @cached_property
    def _covers(self) -> dict[Position, Position]:
        """Cells that a merged cell covers → its top left; of very many the first, none beyond the last cell."""
        covers: dict[Position, Position] = {}
        last_row = max((row for row, _ in self.texts), default=-1)
        last_position = max((position for _, position in self.texts), default=-1)
        for first, last in self.stored.merged:
            for row in range(first[0], min(last[0], last_row) + 1):
                for position in range(first[1], min(last[1], last_position) + 1):
                    if len(covers) >= COVERED_AT_MOST:
                        return covers
                    covers[row, position] = first
            covers.pop(first, None)
        return covers

    def keep(self, record: int, column_name: str, at: str, text: str) -> None:
        self.cells.append(Cell(self.place.submission_id, self.contract.name, record, column_name, at, text))

    def settled(self) -> SheetContent:
        """Reports the cells that nothing claimed or that a person would see otherwise, then returns what was read."""
        strays = sorted(at for at in self.texts if at not in self.fates)
        if strays:
            self.report(
                "sheet.stray_cells", *strays[0], self.text(*strays[0]), count=len(strays), expected=named_cells(strays)
            )
            self.fates.update(dict.fromkeys(strays, "reported"))
        rows_of = self._taken_rows()
        if merged := [first for first, last in self.stored.merged if _values_within(rows_of, first, last) > 1]:
            self.report("sheet.merged_cells", *merged[0], self.text(*merged[0]), expected=named_cells(merged))
        filled = [(row, taken) for row, taken in self.taken.items() if any(self.text(row, p) for p in taken)]
        if hidden := [(row, taken[0]) for row, taken in filled if row in self.stored.hidden_rows]:
            self.report("sheet.hidden_rows", *hidden[0], "", count=len(hidden), expected=named_cells(hidden))
        hidden_columns = self._in_hidden_columns(filled)
        if hidden_columns:
            self.report(
                "sheet.hidden_columns",
                *hidden_columns[0],
                "",
                count=len(hidden_columns),
                expected=named_cells(hidden_columns),
            )
        if self.stored.hides_zeros and (zeros := self._zeros(filled)):
            self.report("sheet.hidden_zeros", *zeros[0], "0", count=len(zeros), expected=named_cells(zeros))
        if self.stored.is_hidden and filled:
            count = sum(bool(self.text(row, position)) for row, taken in filled for position in taken)
            self.findings.add(intake_finding("sheet.hidden", self.place, count=count))
        if odd := sorted(at for at, text in self.texts.items() if STANDS_FOR_ILLEGIBLE in text):
            self.report("sheet.illegible", *odd[0], self.text(*odd[0]), count=len(odd), expected=named_cells(odd))
        fates = {(self.title, address(*at)): fate for at, fate in self.fates.items()}
        if self.comments.trouble:
            self.findings.add(intake_finding("sheet.comments_unread", self.place, expected=self.comments.trouble))
        return SheetContent(True, tuple(self.cells), self.last_year, self.findings.all(), fates, self._comments())

    def _zeros(self, filled: Sequence[tuple[int, list[int]]]) -> list[Position]:
        """The values that are the number 0; a text stays seen where numbers do not."""
        at = [(row, each) for row, taken in filled for each in taken if self.text(row, each) == "0"]
        return [each for each in at if each not in self.stored.strings]

    def _comments(self) -> tuple[CellComment, ...]:
        """The comments on values, or in the row of one, in the order of the sheet."""
        if not self.comments.texts:
            return ()
        own = {column.name for column in self.columns if not column.prefilled}
        values: dict[int, dict[int, Cell]] = {}
        for cell in self.cells:
            if cell.column_name in own:
                row, position = position_of(cell.cell)
                values.setdefault(row, {})[position] = cell
        beside = (
            (_value_beside(values.get(row, {}), position), (row, position), text)
            for (row, position), text in sorted(self.comments.texts.items())
        )
        return tuple(CellComment(cell, address(*at), text) for cell, at, text in beside if cell)

    def _in_hidden_columns(self, filled: Sequence[tuple[int, list[int]]]) -> list[Position]:
        hidden = {
            position
            for position in {each for _, taken in filled for each in taken}
            if any(first <= position <= last for first, last in self.stored.hidden_columns)
        }
        return [(row, each) for row, taken in filled for each in taken if each in hidden and self.text(row, each)]

    def _taken_rows(self) -> dict[int, list[int]]:
        """Position of a column → the rows in which a value was taken there, in ascending order."""
        rows_of: dict[int, list[int]] = {}
        for row in sorted(self.taken):
            for position in self.taken[row]:
                rows_of.setdefault(position, []).append(row)
        return rows_of


def _value_beside(values: Mapping[int, Cell], position: int) -> Cell | None:
    """The value that a comment in its row is about: of its own cell, or the nearest filled one to the left, else to the
    right: in a form the value of the row."""
    if position in values:
        return values[position]
    filled = [each for each, cell in values.items() if cell.raw_text]
    left = max((each for each in filled if each < position), default=None)
    nearest = min(filled, default=None) if left is None else left
    return None if nearest is None else values[nearest]


def _values_within(rows_of: Mapping[int, list[int]], first: Position, last: Position) -> int:
    """How many values a range covers: by column, so that two thousand ranges cost no more than two thousand cells."""
    return sum(
        bisect_right(rows, last[0]) - bisect_left(rows, first[0])
        for position, rows in rows_of.items()
        if first[1] <= position <= last[1]
    )


def named_cells(positions: Sequence[Position]) -> str:
    """Names the first few addresses in words."""
    shown = "、".join(address(*at) for at in positions[:SHOWN_STRAYS])
    return shown + (" 等" if len(positions) > SHOWN_STRAYS else "")


def read_status(sheet: Sheet) -> None:
    """The status cell (本表情况): the first filled cell to the right of its label."""
    wanted = normalise_label(STATUS_LABEL)
    for row in range(HEADINGS_WITHIN_ROWS):
        labels = sheet.labels(row)
        position = next((position for position, label in labels.items() if label == wanted), None)
        if position is not None:
            sheet.status_row = row
            sheet.claim("ignored", row, position)
            if right := next((each for each in labels if each > position), None):
                sheet.claim("value", row, right)
                sheet.keep(FORM_RECORD, STATUS_COLUMN, address(row, right), sheet.text(row, right))
            return


def read_head(sheet: Sheet, header_row: int) -> None:
    """Claims what the template prints above the headings."""
    contract = sheet.contract
    instructions, title = normalise_label(contract.instructions), normalise_label(contract.title)
    for row in range(header_row):
        for position, label in sheet.labels(row).items():
            is_printed = (
                label == instructions
                or label.startswith((title, ROLLED_WORDS, TOKEN_LABEL))
                or (sheet.is_outdated and position == 0)
            )
            if is_printed and (row, position) not in sheet.fates:
                sheet.claim("ignored", row, position)


def report_no_headings(sheet: Sheet, expected: str) -> None:
    sheet.findings.add(intake_finding("sheet.heading_missing", sheet.place, expected=expected))
    for at in sheet.texts:
        sheet.fates.setdefault(at, "reported")


def missing_headings(sheet: Sheet, seen: set[str]) -> list[Finding]:
    return [
        intake_finding("sheet.heading_missing", replace(sheet.place, column_name=column.name), expected=column.label)
        for column in sheet.columns
        if column.name not in seen
    ]
