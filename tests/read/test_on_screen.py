"""Seen = read: where the screen shows something else than is stored, the cell is asked about, with both."""

import re
import subprocess
import zipfile
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from random import Random
from shutil import which

import openpyxl
import polars as pl
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Alignment, Font, PatternFill

from sources.audit.typed_values import typed_column
from sources.declarations.city import load_city
from sources.declarations.contract import load_contracts
from sources.read.letter_font import THEME
from sources.read.number_format import number_format
from sources.read.on_screen import MAY_DIFFER, SeenCell, has_lost_digits, seen_otherwise
from sources.read.read_workbook import read_workbook
from sources.read.styles import Look, read_theme
from sources.sample.pour import load_samples
from sources.submission.cell import CellAddress
from sources.submission.finding import Finding, intake_finding
from sources.system.settings import CITIES_ROOT
from sources.write.template import build_workbook
from tests.conftest import BUREAU, NURSING_SCHOOL, cell_of

CITY = load_city(CITIES_ROOT / "450700")
SAMPLE = load_samples(CITIES_ROOT / "450700", 2023)
SHEET, ITEM = "学生情况", "全日制在校生数"
ASKED = {
    "value.seen_otherwise", "value.digits_lost", "sheet.hidden_rows", "sheet.hidden_columns", "sheet.hidden",
    "sheet.hidden_zeros",
    "value.not_integer", "value.not_decimal", "value.not_date",
}  # fmt: skip


@lru_cache
def poured(code: str) -> bytes:
    return build_workbook(CITY, CITY.respondent_by_code[code], 2023, SAMPLE[code])


def filled(code: str = NURSING_SCHOOL) -> openpyxl.Workbook:
    return openpyxl.load_workbook(BytesIO(poured(code)))


def told(book: openpyxl.Workbook) -> tuple[str, list[Finding]]:
    """What is read of the cell, and what is asked about anything."""
    buffer = BytesIO()
    book.save(buffer)
    read = read_workbook(buffer.getvalue(), "id", "file.xlsx", CITY)
    text = next(c.raw_text for c in read.cells if c.column_name == "students_full_time")
    return text, [finding for finding in read.findings if finding.rule_id in ASKED]


def typed(text: str) -> int | None:
    """What a text is in a column of whole numbers of persons."""
    column = next(c for k in load_contracts(CITY.pack) for c in k.columns if c.name == "students_full_time")
    return pl.DataFrame({column.name: [text]}).select(typed_column(column, {})).item()


def shown_as(code: str):
    def change(cell) -> None:
        cell.number_format = code

    return change


def in_letters(**of_font: object):
    def change(cell) -> None:
        cell.font = Font(**of_font)

    return change


def with_runs(*runs: object):
    def change(cell) -> None:
        cell.value = CellRichText(*runs)

    return change


def white_on_blue_theme(cell) -> None:
    cell.font = Font(color=openpyxl.styles.colors.Color(theme=4))
    cell.fill = PatternFill("solid", fgColor=openpyxl.styles.colors.Color(theme=4))


def in_indexed_yellow(cell) -> None:
    yellow = openpyxl.styles.colors.Color(indexed=13)
    cell.font, cell.fill = Font(color=yellow), PatternFill("solid", fgColor=yellow)


def filling_the_cell(cell) -> None:
    cell.alignment = Alignment(horizontal="fill")


def white_and_red(cell) -> None:
    cell.font, cell.number_format = Font(color="FFFFFFFF"), "[Red]0"


def struck(text: str) -> TextBlock:
    return TextBlock(InlineFont(strike=True), text)


@pytest.mark.parametrize(
    ("change", "read", "words"),
    [
        (shown_as('0!.0,"万"'), "2591", "显示“0.3万”，实际存的是 2591"),
        (shown_as("#,##0,"), "2591", "显示“3”"),
        (shown_as("0.00%"), "2591", "显示“259100.00%”"),
        (shown_as('[DBNum1][$-804]0!.0,"万"'), "2591", "显示“0.3万”（用中文数字）"),
        (shown_as('[<1E4]0!.0,"万";0'), "2591", "显示“0.3万”"),
        (shown_as("0*0"), "2591", "显示“25910”"),
        (shown_as("**0"), "2591", "显示“*2591”"),
        (shown_as("[White]0"), "2591", "看不见：字与底色相同"),
        (shown_as("[白色]General"), "2591", "看不见：字与底色相同"),
        (shown_as("[Color2]0;[Red]-0"), "2591", "看不见：字与底色相同"),
        (in_indexed_yellow, "2591", "看不见：字与底色相同"),
        (filling_the_cell, "2591", "会重复显示，例如“25912591”"),
        (shown_as('"约"0'), "2591", "显示“约2591”"),
        (shown_as(";;;"), "2591", "是空白：数字格式不显示它"),
        (shown_as('"已报"'), "2591", "显示“已报”"),
        (shown_as("0E+0"), "2591", "显示“3E+3”"),
        (in_letters(strike=True), "2591", "划了删除线，像是已经作废，实际存的是 2591"),
        (in_letters(color="FFFFFFFF"), "2591", "看不见：字与底色相同"),
        (in_letters(size=1), "2591", "看不见"),
        (white_on_blue_theme, "2591", "看不见：字与底色相同"),
        (with_runs(struck("25"), "2591"), "2591", "显示“2591”，其余部分划去了或看不见，实际存的是 252591"),
        (with_runs(struck("2591")), "", "是划去了的或看不见的文字"),
        (with_runs("25", TextBlock(InlineFont(color="FFFFFFFF"), "91")), "25", "显示“25”"),
        (with_runs("2591", TextBlock(InlineFont(vertAlign="superscript"), "1")), "2591¹", "显示“2591¹”"),
    ],
)
def test_what_is_seen_and_what_is_stored_are_both_told(change, read, words):
    book = filled()
    cell = cell_of(book, SHEET, ITEM)
    cell.value = 2591
    change(cell)
    text, findings = told(book)
    assert text == read
    (finding,) = (each for each in findings if each.rule_id == "value.seen_otherwise")
    assert finding.address.cell == cell.coordinate
    assert words in finding.message


@pytest.mark.parametrize(
    "change", [white_and_red, shown_as("[Red]0"), shown_as(""), shown_as("_ * #,##0_ "), shown_as("[>=1E4]0.0,;0")]
)
def test_what_shows_the_number_is_not_asked_about(change):
    book = filled()
    cell = cell_of(book, SHEET, ITEM)
    cell.value = 2591
    change(cell)
    assert told(book) == ("2591", [])


@pytest.mark.parametrize("case", MAY_DIFFER, ids=lambda case: case.why)
def test_what_may_differ_is_not_asked_about(case):
    column = next(
        column
        for contract in load_contracts(CITY.pack)
        for column in contract.columns
        if column.is_number and column.unit == case.unit and (case.unit != "万元" or column.decimals)
    )
    cell = SeenCell(case.stored, case.stored, False, Look(case.format_code))
    assert seen_otherwise(cell, column) is None


def in_blue(colour: str, *runs: tuple[str, str | None]):
    """A text in runs of a colour each, on blue, in a cell whose own letters have another."""

    def change(cell) -> None:
        cell.font, cell.fill = Font(color=colour), PatternFill("solid", fgColor="FF0000FF")
        blocks = [TextBlock(InlineFont(color=of_run), text) if of_run else text for text, of_run in runs]
        cell.value = CellRichText(*blocks)

    return change


@pytest.mark.parametrize(
    ("change", "read"),
    [
        (in_blue("FF000000", ("25", "FFFFFFFF"), ("91", "FFFFFF00")), "2591"),
        (in_blue("FF0000FF", ("25", "FFFFFFFF"), ("91", "FFFFFFFF")), "2591"),
        (in_blue("FF000000", ("25", None), ("91", "FF0000FF")), "25"),
        (in_blue("FF0000FF", ("25", None), ("91", "FFFFFFFF")), "91"),
    ],
)
def test_letters_are_seen_on_the_ground_of_their_cell(change, read):
    book = filled()
    change(cell_of(book, SHEET, ITEM))
    text, findings = told(book)
    assert text == read
    assert [each.rule_id for each in findings] == ["value.seen_otherwise"] * (read != "2591")


def test_zeros_that_a_sheet_does_not_show_are_asked_about_once():
    book = filled()
    cell = cell_of(book, SHEET, ITEM)
    cell.value = 0
    assert told(book)[1] == []
    book[SHEET].sheet_view.showZeros = False
    (finding,) = told(book)[1]
    assert (finding.rule_id, finding.address.cell) == ("sheet.hidden_zeros", cell.coordinate)


@pytest.mark.parametrize("of", ["{cell}:{before}", "A{row}:XFD1048576"])
def test_a_merged_range_covers_from_any_corner_and_however_large(of):
    book = filled()
    cell = cell_of(book, SHEET, ITEM)
    cell.value, stored = 2591, BytesIO()
    book.save(stored)
    before = book[SHEET].cell(cell.row, cell.column - 1).coordinate
    ref = of.format(cell=cell.coordinate, before=before, row=cell.row - 1)
    merge = f'<mergeCells count="1"><mergeCell ref="{ref}"/></mergeCells>'.encode()
    data = rewritten(stored.getvalue(), lambda xml: xml.replace(b"</sheetData>", b"</sheetData>" + merge, 1))
    found = [each for each in read_workbook(data, "id", "file.xlsx", CITY).findings if "盖住，" in each.message]
    assert cell.coordinate in {each.address.cell for each in found}


def test_a_merged_cell_over_another_shows_its_own_number():
    book = filled()
    cell = cell_of(book, SHEET, ITEM)
    before = book[SHEET].cell(cell.row, cell.column - 1)
    before.value, stored = 2591, BytesIO()
    book.save(stored)
    merge = f'<mergeCells count="1"><mergeCell ref="{before.coordinate}:{cell.coordinate}"/></mergeCells>'.encode()
    data = rewritten(stored.getvalue(), lambda xml: xml.replace(b"</sheetData>", b"</sheetData>" + merge, 1))
    read = read_workbook(data, "id", "file.xlsx", CITY)
    (finding,) = (each for each in read.findings if each.rule_id == "value.seen_otherwise")
    assert "盖住，显示的是“2591”" in finding.message


def rewritten(data: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with the XML of its sheet 学生情况 changed: what no program of ours writes."""
    number = openpyxl.load_workbook(BytesIO(data)).sheetnames.index(SHEET) + 1
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            new.writestr(name, change(part) if name == f"xl/worksheets/sheet{number}.xml" else part)
    return out.getvalue()


@pytest.mark.parametrize(
    ("hide", "rule"),
    [
        (lambda sheet, at: setattr(sheet.column_dimensions[at.column_letter], "hidden", True), "sheet.hidden_columns"),
        (lambda sheet, at: setattr(sheet.row_dimensions[at.row], "hidden", True), "sheet.hidden_rows"),
        (lambda sheet, at: setattr(sheet, "sheet_state", "hidden"), "sheet.hidden"),
        (lambda sheet, at: setattr(sheet, "sheet_state", "veryHidden"), "sheet.hidden"),
    ],
)
def test_what_is_hidden_is_asked_about_once(hide, rule):
    book = filled()
    hide(book[SHEET], cell_of(book, SHEET, ITEM))
    assert [finding.rule_id for finding in told(book)[1]] == [rule]


@pytest.mark.parametrize(
    ("was", "becomes", "rule"),
    [
        (rb'<col ([^>]*)min="5" max="5"([^>]*?)/>', rb'<col min="5" max="5" width="0" customWidth="1"/>', "columns"),
        (rb'<col ([^>]*)min="5" max="5"([^>]*?)/>', rb'<col min="5" max="5" width="0.1" customWidth="1"/>', "columns"),
        (rb'(?s)<sheetFormatPr(.*?)<col [^>]*min="5".*?/>', rb'<sheetFormatPr defaultColWidth="0"\1', "columns"),
        (rb'<row r="6"([^>]*)>', rb'<row r="6" ht="0" customHeight="1">', "rows"),
        (rb'<row r="6"([^>]*)>', rb'<row r="6" ht="0.75" customHeight="1">', "rows"),
        (rb'(?s)<sheetFormatPr[^>]*>(.*?<row r="6")[^>]*>', rb'<sheetFormatPr defaultRowHeight="0"/>\1>', "rows"),
        (rb'(?s)<sheetFormatPr(.*?<row r="6")[^>]*>', rb'<sheetFormatPr zeroHeight="1"\1>', "rows"),
    ],
)
def test_what_has_no_width_or_height_is_hidden(was, becomes, rule):
    buffer = BytesIO()
    book = filled()
    assert cell_of(book, SHEET, ITEM).coordinate == "E6"
    book.save(buffer)
    data = rewritten(buffer.getvalue(), lambda xml: re.sub(was, becomes, xml, count=1))
    found = [each.rule_id for each in read_workbook(data, "id", "file.xlsx", CITY).findings if each.rule_id in ASKED]
    assert found == [f"sheet.hidden_{rule}"]


@pytest.mark.parametrize(
    "text", ["2591①", "2591²", "2591⑴", "120 130", "2 591", "2591 1)", "2591*", "2591\ufffd19", "½"]
)
def test_no_number_is_put_together_from_what_is_not_seen_as_one(text):
    assert typed(text) is None


@pytest.mark.parametrize("text", ["25\u200f91", "25\u061c91", "\u00ad2591", "\u06002591", "\ufff925\ufffa91"])
def test_a_sign_that_turns_or_adds_something_makes_no_number(text):
    assert typed(text) is None


@pytest.mark.parametrize("unseen", ["\u200f", "\u00ad", "\u2800", "\ufe0f", "\U000e0031"])
def test_a_message_names_what_nobody_sees(unseen):
    found = intake_finding("value.not_integer", CellAddress("id", "file.xlsx", SHEET), f"25{unseen}91", label=ITEM)
    assert f"填的是“25〔看不见的字符 U+{ord(unseen):04X}〕91”" in found.message


@pytest.mark.parametrize("text", ["2591\ufe0f", "２５９１", "2,591", "2\u2009591", "2591人", "\u200b2591", "2591 人"])
def test_what_looks_like_the_number_is_the_number(text):
    assert typed(text) == 2591


def test_a_day_that_a_program_made_of_a_text_is_asked_about():
    book = filled()
    cell = cell_of(book, "学校概况", "备注")
    cell.value, cell.number_format = 45355, 'm"月"d"日"'
    (finding,) = told(book)[1]
    assert "显示“3月4日”，实际存的是 2024-03-04" in finding.message


@pytest.mark.parametrize(
    ("number", "stored", "words"),
    [
        (58, "45355", "显示“3月4日”，实际存的是 2024-03-04"),
        (16, "45355", "显示“4-Mar”，实际存的是 2024-03-04"),
        (57, "45323", "显示“2024年2月”，实际存的是 2024-02-01"),
        (20, "0.0430555555555556", "显示“1:02”，实际存的是 01:02:00"),
        (46, "1.10416666666667", ""),
        (14, "45355", ""),
        (31, "45355", ""),
        (22, "45355.25", ""),
    ],
)
def test_a_format_that_has_only_a_number_shows_what_a_program_here_shows(number, stored, words):
    """Excel and WPS write no code for what they make of a typed 3-4, 1:02 or 26:30: everybody knows the number."""
    book = filled()
    cell = cell_of(book, "学校概况", "备注")
    cell.value, cell.number_format = float(stored), '"own"0'
    buffer = BytesIO()
    book.save(buffer)
    data = in_styles(buffer.getvalue(), number)
    told = [each.message for each in read_workbook(data, "id", "file.xlsx", CITY).findings if each.rule_id in ASKED]
    assert len(told) == bool(words)
    assert words in "".join(told)


def in_styles(data: bytes, number: int) -> bytes:
    """The workbook with its format `"own"0` under a number that everybody knows."""
    buffer = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as book, zipfile.ZipFile(buffer, "w") as changed:
        for name in book.namelist():
            part = book.read(name)
            if name == "xl/styles.xml":
                own = re.search(rb'<numFmt (?=[^>]*&quot;own&quot;0)[^>]*numFmtId="(\d+)"', part)
                part = re.sub(rb'(<xf [^>]*)numFmtId="%s"' % own[1], rb'\1numFmtId="%d"' % number, part)
            changed.writestr(name, part)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("code", "asked"), [("m/d", False), ("yyyy", False), ('"2022"-mm-dd', True), ("[White]d", True)]
)
def test_a_day_may_be_shown_in_part_but_not_as_another(code, asked):
    book = filled()
    cell = cell_of(book, "封面", "填报日期")
    cell.value, cell.number_format = 45250, code
    assert bool(told(book)[1]) is asked


@pytest.mark.parametrize("stored", ["1e99999999", "-1e999999", "1e-99999999", "NaN", "sNaN", "Infinity", "9" * 400])
@pytest.mark.parametrize("code", ["0.00", 'General"人"', "[>5]0;0.0", "# ?/?", "0E+0", "h:mm", "[Red]0,"])
def test_a_number_that_no_spreadsheet_holds_has_no_look_and_does_no_harm(stored, code):
    columns = [column for contract in load_contracts(CITY.pack) for column in contract.columns]
    for column in (each for each in columns if each.name in ("students_full_time", "remark")):
        cell = SeenCell(stored, stored, False, Look(code))
        assert seen_otherwise(cell, column) is None
        assert has_lost_digits(cell, column) is False


def test_a_time_that_no_program_can_show_is_told_in_words():
    book = filled()
    cell = cell_of(book, SHEET, ITEM)
    cell.value, cell.number_format = 1e300, "[h]:mm"
    buffer = BytesIO()
    book.save(buffer)
    (finding,) = read_workbook(buffer.getvalue(), "id", "file.xlsx", CITY).findings
    assert "设成了时间格式" in finding.message


def test_a_long_number_in_a_text_has_lost_its_last_digits():
    book = filled()
    cell_of(book, "学校概况", "备注").value = 123456789012345678
    (finding,) = told(book)[1]
    assert finding.rule_id == "value.digits_lost"


def test_a_formula_whose_result_is_nothing_is_a_blank():
    book = filled()
    buffer = BytesIO()
    cell = cell_of(book, SHEET, ITEM)
    cell.value = '=IF(1=1,"","")'
    book.save(buffer)
    was = rf'<c r="{cell.coordinate}"([^>]*)><f>(IF[^<]*)</f><v ?/?>(</v>)?</c>'.encode()
    becomes = rf'<c r="{cell.coordinate}"\1 t="str"><f>\2</f><v></v></c>'.encode()
    data = rewritten(buffer.getvalue(), lambda xml: re.sub(was, becomes, xml))
    rules = {finding.rule_id for finding in read_workbook(data, "id", "file.xlsx", CITY).findings}
    assert "value.formula_uncomputed" not in rules


def in_theme(data: bytes, **colours: str) -> bytes:
    """The workbook with other colours in its theme."""
    buffer = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as book, zipfile.ZipFile(buffer, "w") as changed:
        for name in book.namelist():
            part = book.read(name)
            for element, colour in colours.items() if "theme" in name else ():
                part, times = re.subn(
                    rf"(<a:{element}>).*?(</a:{element}>)".encode(),
                    rf'\1<a:srgbClr val="{colour}"/>\2'.encode(),
                    part,
                    flags=re.DOTALL,
                )
                assert times == 1, element
            changed.writestr(name, part)
    return buffer.getvalue()


def test_colours_are_those_of_the_workbooks_own_theme():
    """The same file, its fifth colour blue or as the paper: letters in it are seen or not; so is a run of them."""
    book = filled()
    cell_of(book, SHEET, ITEM).font = Font(color=openpyxl.styles.colors.Color(theme=4))
    blue = InlineFont(color=openpyxl.styles.colors.Color(theme=4))
    cell_of(book, SHEET, "全日制招生数").value = CellRichText("8", TextBlock(blue, "6"))
    buffer = BytesIO()
    book.save(buffer)
    for colour, seen in (("4472C4", "86"), ("FEFEFE", "8")):
        read = read_workbook(in_theme(buffer.getvalue(), accent1=colour), "id", "file.xlsx", CITY)
        text = next(c.raw_text for c in read.cells if c.column_name == "intake_full_time")
        told = [each.message for each in read.findings if each.rule_id == "value.seen_otherwise"]
        assert (text, bool(told)) == (seen, seen == "8")


@pytest.mark.parametrize("theme", [None, b"", b"<a", b"<theme/>", b"<theme><clrScheme><dk1/></clrScheme></theme>"])
def test_a_theme_that_says_no_colours_is_the_usual_one(theme: bytes | None):
    assert read_theme(theme) == THEME


def test_a_clean_workbook_is_asked_about_nothing_whoever_saved_it(tmp_path: Path):
    for code in (NURSING_SCHOOL, BUREAU):
        filled(code).save(tmp_path / f"{code}.xlsx")
    paths = list(tmp_path.glob("*.xlsx"))
    if which("soffice"):
        command = ["soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to", "xlsx"]
        subprocess.run([*command, "--outdir", tmp_path / "saved", *paths], check=True, capture_output=True)
        saved = list((tmp_path / "saved").glob("*.xlsx"))
        assert len(saved) == len(paths)
        paths += saved
    for path in paths:
        findings = read_workbook(path.read_bytes(), "id", path.name, CITY).findings
        assert [finding.message for finding in findings if finding.rule_id in ASKED] == []


PIECES = ["0", "#,##0", "0.0", "0.00", "#.##", "0%", "0.0%", "#,##0,", "0.00,,", "000000", '0"人"', '"约"0', "0E+00",
          "0;0", "0;-0;;@", "0_);(0)", "[Red]0.0;[Blue]-0.0", "# ?/?", "#",
          "¥#,##0.00",
          "[$€-407]#,##0", "00-00", ";;;", '0"."00', "?0.0?"]  # fmt: skip


@pytest.mark.deep
def test_a_format_shows_what_an_office_suite_shows(tmp_path: Path):
    """But for a point with nothing behind it, which Excel shows and LibreOffice does not."""
    if which("soffice") is None:
        pytest.skip("no LibreOffice on this machine (Debian package `libreoffice-calc`)")
    draw = Random(20261129)
    values = [0, 1, -1, 25, 2591, -2591, 0.4, 0.5, 0.7658, 12.345, 10995.47, 1234567, -0.06]
    values += [round(draw.uniform(-1, 1) * 10 ** draw.randint(0, 7), draw.randint(0, 2)) for _ in range(60)]
    book = openpyxl.Workbook()
    for row, value in enumerate(values, 1):
        for column, code in enumerate(PIECES, 1):
            cell = book.active.cell(row, column, value)
            cell.number_format = code
            book.active.column_dimensions[cell.column_letter].width = 40
    book.save(tmp_path / "formats.xlsx")
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    as_shown = "csv:Text - txt - csv (StarCalc):9,34,76,1,,0,false,false"
    command = [
        "soffice",
        "--headless",
        profile,
        "--convert-to",
        as_shown,
        "--outdir",
        tmp_path,
        tmp_path / "formats.xlsx",
    ]
    subprocess.run(command, check=True, capture_output=True)
    lines = (tmp_path / "formats.csv").read_text(encoding="utf-8").split("\n")
    differing = []
    for value, line in zip(values, lines, strict=False):
        for code, theirs in zip(PIECES, line.split("\t"), strict=True):
            ours = number_format(code).shown(Decimal(repr(value)))
            if "".join(ours.split()).rstrip(".") != "".join(theirs.strip('"').split()):
                differing.append((code, value, ours, theirs))
    assert differing == []
