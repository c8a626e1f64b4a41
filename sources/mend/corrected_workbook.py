"""A school's own workbook with cells typed anew, as if the clerk had opened it in a spreadsheet program and saved it.

The XML of the sheet is edited where the cell stands: every other cell, sheet and part stays as it was, byte for byte.
What is typed is not judged; a number of a column of numbers becomes a number, everything else is the text that it is.
"""

import posixpath
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sources.declarations.city import City
from sources.declarations.contract import Column, Contract, load_contracts
from sources.declarations.headings import normalise_label
from sources.mend.formulas import CellFormula, formulas_of, outdated
from sources.mend.typed_cells import CellPlace, TypedCell, as_lines, cell_places, with_cells
from sources.read.inspection import with_other_parts
from sources.read.number_format import number_format
from sources.read.on_screen import MOST_DIGITS, SeenCell, seen_otherwise
from sources.read.package import CONTENT_TYPES, USUAL, Package, main_part, open_package, relations_of
from sources.read.read_workbook import OWN_SHEETS, read_workbook
from sources.read.sheet_xml import (
    LONGEST_TEXT,
    Position,
    RefusedError,
    address,
    position_of,
)
from sources.read.styles import PLAIN, Look, read_looks, read_theme
from sources.submission.cell import STATUS_COLUMN, CellAddress
from sources.submission.finding import Finding, intake_finding
from sources.submission.submission import Submission
from sources.system.faults import ToldError
from sources.system.plain_text import legible
from sources.system.settings import Limits

NOT_OF_SCHOOL = tuple(map(normalise_label, OWN_SHEETS))
"""Sheets on whose formulas no value rests."""
NOWHERE = CellAddress("", "")
WIDE = str.maketrans("０１２３４５６７８９．，－＋", "0123456789.,-+")
TYPED_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?")
TYPED_DAY = re.compile(r"([0-9]{4})(?:-([0-9]{1,2})-|/([0-9]{1,2})/|\.([0-9]{1,2})\.|年([0-9]{1,2})月)([0-9]{1,2})日?")
FIRST_DAY, FIRST_DAY_1904 = date(1899, 12, 30), date(1904, 1, 1)
FIRST_SURE_DAY = date(1904, 1, 2)
"""Days before it are counted otherwise by each program."""
FORMULA = re.compile(rb"<(?:[^\s<>/:]+:)?f[\s/>]")
CHAIN = "calcChain"
MODIFIED = re.compile(rb"(<(?:[^\s<>/:]+:)?modified\b[^>]*>)[^<]*(</)")
CALCULATION = re.compile(rb"<((?:[^\s<>/:]+:)?)calcPr\b([^>]*?)(/?)>")
ON_LOAD = re.compile(rb"\s+fullCalcOnLoad\s*=\s*(?:\"[^\"]*\"|'[^']*')")
BEFORE_CALCULATION = re.compile(
    rb"</((?:[^\s<>/:]+:)?)(?:sheets|functionGroups|externalReferences|definedNames)\s*>"
    rb"|<(?:[^\s<>/:]+:)?(?:functionGroups|externalReferences|definedNames)\b[^>]*/>"
)


@dataclass(frozen=True, slots=True)
class Correction:
    """What is typed into a cell: the sheet's title, the cell (C5), and the text as it is typed; '' empties the cell."""

    sheet: str
    cell: str
    text: str


class CorrectionError(ToldError):
    """A workbook, or a cell of it, cannot be corrected here: the message says why and what to do, in Chinese."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A value cell to be typed into. `column`: None of the sheet's status."""

    contract: Contract
    at: Position
    column: Column | None
    text: str


def corrected(
    data: bytes,
    corrections: Sequence[Correction],
    city: City,
    saved_at: datetime | None = None,
    limits: Limits | None = None,
) -> bytes:
    """The workbook with the corrections typed into it; of two for one cell the last counts.

    `saved_at` (UTC): when the file shall say that it was saved last; None: as before. Raises CorrectionError for a file
    that cannot be opened, for a cell that is no value cell or that the template has locked, for a formula whose result
    would be outdated, and where the file, read again, would not say exactly what it said with the corrections in it.
    """
    limits = limits or Limits()
    before = read_workbook(data, "", "", city, limits)
    if not before.cells:
        raise cannot_mend(before)
    if not corrections:
        return data
    editor = _Editor(_asked(corrections, before, city), _values(before, city), saved_at)
    try:
        written = with_other_parts(data, limits, editor.changed)
    except RefusedError as refused:
        rule_id, found = refused.refusal
        raise _cannot(intake_finding(rule_id, NOWHERE, found)) from None
    after = read_workbook(written, "", "", city, limits)
    if said_in(after) != said_in(before, editor.expected):
        raise CorrectionError("这几格在页面里改不了：改好的文件读出来与要改成的不一样。请在 WPS 里改好，再报送。")
    return written


def cannot_mend(submission: Submission) -> CorrectionError:
    """For a file that says nothing, in the words of the reader."""
    return _cannot(next((finding for finding in submission.findings if finding.is_error), None))


def _cannot(finding: Finding | None) -> CorrectionError:
    """For a file that cannot be opened, in the words of what was found."""
    told = f"{finding.message}{finding.fix}" if finding else "里面没有模板的表。"
    return CorrectionError(f"这份文件不能在页面里改：{told}")


def said_in(submission: Submission, instead: Mapping[tuple[str, str], str] | None = None) -> dict[tuple[str, str], str]:
    """(sheet, cell) → what a filled value cell says; with other texts in some of them."""
    texts = {(cell.sheet, cell.cell): cell.raw_text for cell in submission.cells} | dict(instead or {})
    return {place: text for place, text in texts.items() if text}


def _values(submission: Submission, city: City) -> set[tuple[str, Position]]:
    """(normalised title, place) of every value cell."""
    titles = {each.name: normalise_label(each.title) for each in load_contracts(city.pack)}
    return {(titles[cell.sheet], position_of(cell.cell)) for cell in submission.cells}


def _asked(corrections: Sequence[Correction], submission: Submission, city: City) -> list[_Asked]:
    """The cells that are meant. Raises CorrectionError for one that is no value cell, or locked, or too long a text."""
    contracts = {normalise_label(each.title): each for each in load_contracts(city.pack)}
    cells = {(cell.sheet, cell.cell): cell for cell in submission.cells}
    asked: dict[tuple[str, str], _Asked] = {}
    for each in corrections:
        place = f"“{each.sheet}”表的单元格 {each.cell}"
        contract = contracts.get(normalise_label(each.sheet))
        cell = cells.get((contract.name, each.cell)) if contract else None
        if contract is None or cell is None:
            raise CorrectionError(f"{place} 不是填数的格，不能在页面里改。要增加一行或改别处，请在 WPS 里改好再报送。")
        column = None if cell.column_name == STATUS_COLUMN else contract.column(cell.column_name)
        if column is not None and column.prefilled:
            raise CorrectionError(f"{place}（{column.label}）是模板填好的，不能改。有错误的，请与教育局联系更换模板。")
        if len(each.text) > LONGEST_TEXT:
            raise CorrectionError(f"{place} 的文字过长（{len(each.text)} 个字），表格的一格最多 {LONGEST_TEXT} 个字。")
        asked[contract.name, each.cell] = _Asked(contract, position_of(each.cell), column, each.text)
    return list(asked.values())


class _Editor:
    """Types into the parts of one workbook. `expected`: (sheet, cell) → what the file says there afterwards."""

    def __init__(
        self, asked: Sequence[_Asked], values: Collection[tuple[str, Position]], saved_at: datetime | None
    ) -> None:
        self.asked, self.values, self.saved_at = asked, values, saved_at
        self.expected: dict[tuple[str, str], str] = {}

    def changed(self, parts: Mapping[str, bytes]) -> dict[str, bytes | None]:
        """The parts that are others now; see `with_other_parts`."""
        package = open_package(parts)
        looks = read_looks(package.styles, read_theme(package.theme))
        formulas = {
            title: formulas_of(sheet.xml, title)
            for title, sheet in package.sheets.items()
            if FORMULA.search(sheet.xml) and normalise_label(title) not in NOT_OF_SCHOOL
        }
        titles = {normalise_label(title): title for title in package.sheets}
        by_title: dict[str, list[_Asked]] = {}
        for each in self.asked:
            by_title.setdefault(titles[normalise_label(each.contract.title)], []).append(each)
        self._check_formulas(formulas, by_title)
        changed = dict[str, bytes | None]()
        names, is_over_formula = {name.casefold(): name for name in parts}, False
        for title, of_sheet in by_title.items():
            sheet = package.sheets[title]
            places = cell_places(sheet.xml, [each.at for each in of_sheet])
            _check_places(title, of_sheet, places)
            typed = {each.at: self._typed(each, places[each.at].style, looks, package) for each in of_sheet}
            changed[names[sheet.name]] = with_cells(sheet.xml, places, typed)
            is_over_formula |= any(place.has_formula for place in places.values())
        if any(FORMULA.search(sheet.xml) for sheet in package.sheets.values()):
            changed |= _calculated_anew(parts, is_over_formula)
        return changed | (_saved(parts, self.saved_at) if self.saved_at else {})

    def _check_formulas(
        self, formulas: Mapping[str, Sequence[CellFormula]], by_title: Mapping[str, Sequence[_Asked]]
    ) -> None:
        """Raises CorrectionError where a result would be outdated, and for a cell whose formula is that of others."""
        typed = {(title, each.at) for title, of_sheet in by_title.items() for each in of_sheet}
        for title, of in formulas.items():
            for each in of:
                if (title, each.at) in typed and each.covers not in ("", address(*each.at)):
                    raise CorrectionError(
                        f"{_named(title, each.at)} 的公式还算着别的格（{each.covers}）。请在 WPS 里改好，再报送。"
                    )
        left = {title: [each for each in of if (title, each.at) not in typed] for title, of in formulas.items()}
        old = sorted(each for each in outdated(left, typed) if (normalise_label(each[0]), each[1]) in self.values)
        if old:
            raise CorrectionError(
                f"{_named(*old[0])} 是公式，由要改的格算出，在页面里改后它的结果就过时了（这样的格有 {len(old)} 个）。"
                "请在 WPS 里改好，再报送；或者把这些格也改成数。"
            )

    def _typed(self, asked: _Asked, style: str, looks: Sequence[Look], package: Package) -> TypedCell:
        """What the cell gets; notes what the file says there then."""
        number = int(style) if style.isdecimal() else 0
        look = looks[number] if number < len(looks) else PLAIN
        cell, says = typed_as(asked.text, asked.column, look, package.counts_from_1904)
        self.expected[asked.contract.name, address(*asked.at)] = says
        return cell


def _check_places(title: str, asked: Sequence[_Asked], places: Mapping[Position, CellPlace]) -> None:
    """Raises CorrectionError for a cell that a merged cell covers, or that the sheet's XML has no place for."""
    for each in asked:
        if each.at not in places:
            raise CorrectionError(f"{_named(title, each.at)} 在页面里改不了。请在 WPS 里改好，再报送。")
        if places[each.at].is_covered:
            raise CorrectionError(f"{_named(title, each.at)} 被合并的单元格盖住了。请在 WPS 里取消合并，再改。")


def _named(title: str, at: Position) -> str:
    return f"“{title}”表的单元格 {address(*at)}"


def typed_as(text: str, column: Column | None, look: Look, counts_from_1904: bool = False) -> tuple[TypedCell, str]:
    """What typing a text into a cell makes of it, and what is read there afterwards.

    A number or a day that the cell's look would show as something else stays the text that was typed.
    """
    if not text.strip():
        return TypedCell("blank"), ""
    says, stored = "", None
    plain, shows_days = text.strip().translate(WIDE), number_format(look.format_code).is_date
    if column is not None and column.is_number and TYPED_NUMBER.fullmatch(plain) and not shows_days:
        value = Decimal(plain.replace(",", ""))
        if len(value.as_tuple().digits) <= MOST_DIGITS:
            says = stored = _plainly(value)
    elif column is not None and column.type == "date" and shows_days:
        day = _day(plain)
        if day is not None:
            first = FIRST_DAY_1904 if counts_from_1904 else FIRST_DAY
            says, stored = day.isoformat(), str((day - first).days)
    if stored is not None and column is not None and not seen_otherwise(SeenCell(says, stored, False, look), column):
        return TypedCell("number", stored), says
    return TypedCell("text", text), legible(as_lines(text)).strip()


def _plainly(value: Decimal) -> str:
    """A number without a sign that says nothing, and without zeros behind the last digit."""
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if not text.strip("-0") else text


def _day(text: str) -> date | None:
    found = TYPED_DAY.fullmatch(text)
    if not found:
        return None
    year, *months, day = found.groups()
    try:
        typed = date(int(year), int(next(each for each in months if each)), int(day))
    except ValueError:  # no day that there is
        return None
    return typed if typed >= FIRST_SURE_DAY else None


def _calculated_anew(parts: Mapping[str, bytes], without_chain: bool) -> dict[str, bytes | None]:
    """The workbook that has its formulas calculated when it is opened; without the list of cells that have a formula
    where one of them has none now: a program makes it anew, and takes a wrong one for a broken file."""
    by_name = {name.casefold(): part for name, part in parts.items()}
    names = {name.casefold(): name for name in parts}
    related = next((each.part for each in relations_of(by_name, "") if each.kind == "officeDocument"), None)
    main = main_part(by_name, related)
    changed: dict[str, bytes | None] = {names[main]: _with_calculation(by_name[main])}
    chain = next((each for each in relations_of(by_name, main) if each.kind == CHAIN), None)
    if without_chain and chain is not None and chain.part in names:
        folder, file = posixpath.split(main)
        relations = names[posixpath.join(folder, "_rels", f"{file}.rels")]
        types = names[CONTENT_TYPES]
        changed[names[chain.part]] = None
        changed[relations] = _without(parts[relations], "Relationship", "Id", chain.id)
        changed[types] = _without(parts[types], "Override", "PartName", f"/{names[chain.part]}")
    return changed


def _with_calculation(book: bytes) -> bytes:
    if found := CALCULATION.search(book):
        attributes = ON_LOAD.sub(b"", found[2]).rstrip() + b' fullCalcOnLoad="1"'
        return book[: found.start()] + b"<%bcalcPr%b%b>" % (found[1], attributes, found[3]) + book[found.end() :]
    before = list(BEFORE_CALCULATION.finditer(book))
    if not before:
        return book
    end = before[-1].end()
    prefix = before[0][1] or b""
    return book[:end] + b'<%bcalcPr fullCalcOnLoad="1"/>' % prefix + book[end:]


def _without(xml: bytes, element: str, attribute: str, value: str) -> bytes:
    """The small document without the elements that have this value."""
    start = rf"<(?:[^\s<>/:]+:)?{element}\b[^>]*?\s{attribute}\s*=\s*[\"']{re.escape(value)}[\"'][^>]*?"
    return re.sub(rf"{start}(?:/>|>\s*</(?:[^\s<>/:]+:)?{element}\s*>)".encode(), b"", xml, flags=re.IGNORECASE)


def _saved(parts: Mapping[str, bytes], saved_at: datetime) -> dict[str, bytes | None]:
    """The properties with the time of saving; none where the file does not say when it was saved."""
    by_name = {name.casefold(): part for name, part in parts.items()}
    names = {name.casefold(): name for name in parts}
    related = {each.kind: each.part for each in relations_of(by_name, "")}
    name = names.get(related.get("core-properties", USUAL["core-properties"]), "")
    if not name or not MODIFIED.search(parts[name]):
        return {}
    stamp = f"{saved_at.replace(tzinfo=None):%Y-%m-%dT%H:%M:%S}Z".encode()
    return {name: MODIFIED.sub(rb"\g<1>" + stamp + rb"\g<2>", parts[name], count=1)}
