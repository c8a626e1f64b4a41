"""A cell typed anew in a school's own workbook: the file says the new value, and everything else as before."""

import re
import shutil
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache, cached_property
from io import BytesIO
from pathlib import Path
from tempfile import mkdtemp

import openpyxl
import pytest
from hypothesis import Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from openpyxl.comments import Comment

from sources.declarations.city import City, load_city
from sources.declarations.codelist import load_codelists
from sources.declarations.contract import contract_named
from sources.mend.corrected_workbook import Correction, CorrectionError, corrected, typed_as
from sources.read.read_workbook import read_workbook
from sources.read.sheet_xml import MAIN
from sources.read.styles import PLAIN, Look
from sources.sample.pour import load_samples
from sources.submission.cell import STATUS_COLUMN, Cell
from sources.submission.submission import Submission
from sources.system.plain_text import legible
from sources.system.settings import CITIES_ROOT, Settings
from sources.write.template import build_workbook
from tests.any_city.made_up import make_up
from tests.any_city.made_up import pour as pour_made_up
from tests.any_city.worlds import DISTRICT, books_of
from tests.conftest import BUREAU, NURSING_SCHOOL, deep

SAVED_AT = datetime(2024, 1, 2, 3, 4, 5)
STUDENTS, ITEM = "学生情况", "E6"
"""The cell in which the sample's school says how many full-time students it has: 2591."""
WRITTEN_NUMBER = re.compile(r"[+-]?([0-9]{1,13}|[0-9]{1,3}(,[0-9]{3})+)([.][0-9]{1,2})?")
WIDE_DIGITS = str.maketrans("１２３", "123")


@dataclass(frozen=True)
class Book:
    """A workbook and the city that asked for it."""

    city: City
    data: bytes

    @cached_property
    def reading(self) -> Submission:
        return read_workbook(self.data, "", "", self.city)


@cache
def sample(respondent: str = NURSING_SCHOOL) -> Book:
    city = load_city(CITIES_ROOT / "450700")
    values = load_samples(CITIES_ROOT / "450700", 2023)[respondent]
    return Book(city, build_workbook(city, city.respondent_by_code[respondent], 2023, values, token="ABCD-EFGH-JKMN"))


def of_district() -> Book:
    city, year = DISTRICT.city, 2025
    school = next(each for each in city.respondents_in(year) if each.kind == "school")
    return Book(city, build_workbook(city, school, year, books_of(DISTRICT, year)[school.code]))


def of_made_up_city() -> Book:
    folder = Path(mkdtemp(prefix="nianbao-made-up-"))
    try:
        made = make_up(23, folder / "city")
        paths = pour_made_up(made, Settings(home=folder / "home", city_dir=made.folder))
        return Book(made.city, max(paths, key=lambda path: path.stat().st_size).read_bytes())
    finally:
        shutil.rmtree(folder)


def saved_by_openpyxl() -> Book:
    return changed(lambda book: None)


def changed(change: Callable[[openpyxl.Workbook], object]) -> Book:
    book = openpyxl.load_workbook(BytesIO(sample().data))
    change(book)
    buffer = BytesIO()
    book.save(buffer)
    return Book(sample().city, buffer.getvalue())


def with_parts(data: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as archive, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as copy:
        for name in archive.namelist():
            copy.writestr(name, change(name, archive.read(name)))
    return buffer.getvalue()


def prefixed() -> Book:
    """As some programs write: every element of a sheet with a prefix, blank cells left out, in UTF-16."""

    def change(name: str, part: bytes) -> bytes:
        if not name.startswith("xl/worksheets/sheet"):
            return part
        text = re.sub(r'<c r="[A-Z]+[0-9]+" s="[0-9]+"/>', "", part.decode())
        text = re.sub(r"<(/?)(worksheet|sheetData|row|c|v|f|mergeCells|mergeCell)(?=[\s/>])", r"<\1x:\2", text)
        text = text.replace("<x:worksheet xmlns=", "<x:worksheet xmlns:x=", 1)
        text = text.replace("<x:worksheet ", f'<x:worksheet xmlns="{MAIN}" ')
        return re.sub(r"<\?xml[^>]*\?>", "<?xml version='1.0' encoding='UTF-16'?>", text).encode("utf-16")

    return Book(sample().city, with_parts(sample().data, change))


MADE_UP = "of a made-up city"
BOOKS = {
    "a school of the sample": sample,
    "its bureau": lambda: sample(BUREAU),
    "a school of another city": of_district,
    MADE_UP: of_made_up_city,
    "saved by openpyxl": saved_by_openpyxl,
    "of a program that writes prefixes": prefixed,
}
NAMES = [*(name for name in BOOKS if name != MADE_UP), *deep(MADE_UP)]
book_named = cache(lambda name: BOOKS[name]())


def said(reading: Submission) -> dict[tuple[str, str], str]:
    return {(cell.sheet, cell.cell): cell.raw_text for cell in reading.cells if cell.raw_text}


def typable(book: Book) -> list[Cell]:
    return [
        cell
        for cell in book.reading.cells
        if cell.column_name == STATUS_COLUMN
        or not contract_named(book.city.pack, cell.sheet).column(cell.column_name).prefilled
    ]


def correction(book: Book, cell: Cell, text: str) -> Correction:
    return Correction(contract_named(book.city.pack, cell.sheet).title, cell.cell, text)


def is_number(book: Book, cell: Cell) -> bool:
    return cell.column_name != STATUS_COLUMN and (
        contract_named(book.city.pack, cell.sheet).column(cell.column_name).is_number
    )


TEXTS = st.one_of(
    st.integers(-(10**12), 10**12).map(str),
    st.decimals(0, 10**9, places=2).map(lambda number: f"{number:,f}"),
    st.sampled_from(
        ["", "  ", "=1+1", "=SUM(A1:A9)", "+86", "@x", "无", "2,59", "１２３", "007", "_x0041_", "<&>\"'", "2023-11-30"]
    ),
    st.text(st.characters(codec="utf-8"), max_size=30),
)


@pytest.mark.parametrize("name", NAMES)
@hypothesis_settings(max_examples=5, phases=[Phase.generate])
@given(data=st.data())
def test_the_file_says_what_was_typed_and_all_else_as_before(name: str, data: st.DataObject):
    book = book_named(name)
    cells = typable(book)
    chosen = data.draw(st.lists(st.sampled_from(cells), min_size=1, max_size=5, unique_by=lambda c: (c.sheet, c.cell)))
    texts = {(cell.sheet, cell.cell): data.draw(TEXTS) for cell in chosen}
    after = corrected(
        book.data, [correction(book, cell, texts[cell.sheet, cell.cell]) for cell in chosen], book.city, SAVED_AT
    )
    now, before = said(read_workbook(after, "", "", book.city)), said(book.reading)
    assert {at: now.get(at) for at in before.keys() | now.keys() if at not in texts} == {
        at: before.get(at) for at in before.keys() | now.keys() if at not in texts
    }
    for cell in chosen:
        typed, read = texts[cell.sheet, cell.cell], now.get((cell.sheet, cell.cell), "")
        if is_number(book, cell) and WRITTEN_NUMBER.fullmatch(typed.translate(WIDE_DIGITS)):
            assert Decimal(read) == Decimal(typed.translate(WIDE_DIGITS).replace(",", ""))
        else:
            assert read.split() == legible(typed).split()


@pytest.mark.parametrize("name", NAMES)
def test_every_part_but_the_sheet_and_the_time_of_saving_keeps_its_bytes(name: str):
    book = book_named(name)
    cell = next(cell for cell in typable(book) if is_number(book, cell))
    after = corrected(book.data, [correction(book, cell, "7")], book.city, SAVED_AT)
    old, new = parts_of(book.data), parts_of(after)
    assert list(old) == list(new)
    others = {part for part in old if old[part] != new[part]} - {"docProps/core.xml", "xl/workbook.xml"}
    assert len(others) == 1
    assert others.pop().startswith("xl/worksheets/sheet")
    assert read_workbook(after, "", "", book.city).saved_at == SAVED_AT


def test_in_the_sheet_only_the_cell_is_another():
    book = sample()
    after = corrected(book.data, [Correction(STUDENTS, ITEM, "2600")], book.city)
    old, new = parts_of(book.data), parts_of(after)
    (sheet,) = (name for name in old if old[name] != new[name])
    before = re.search(rb'<c r="E6" s="([0-9]+)"><v>2591</v></c>', old[sheet])
    assert before is not None
    assert new[sheet] == old[sheet].replace(before[0], b'<c r="E6" s="%b"><v>2600</v></c>' % before[1])


def test_nothing_typed_gives_the_same_bytes():
    assert corrected(sample().data, [], sample().city) == sample().data


def test_of_two_for_one_cell_the_last_counts():
    book = sample()
    two = [Correction(STUDENTS, ITEM, "1"), Correction(STUDENTS, ITEM, "2")]
    assert said(read_workbook(corrected(book.data, two, book.city), "", "", book.city))["students", ITEM] == "2"


def test_an_editor_opens_it_with_notes_lists_formats_hidden_sheets_and_token():
    def annotate(book: openpyxl.Workbook) -> None:
        book[STUDENTS][ITEM].comment = Comment("核对过", "张")
        book[STUDENTS]["H1"] = "=E6*2"

    book = changed(annotate)
    old = openpyxl.load_workbook(BytesIO(book.data))
    new = openpyxl.load_workbook(BytesIO(corrected(book.data, [Correction(STUDENTS, ITEM, "2600")], book.city)))
    assert (old[STUDENTS][ITEM].value, new[STUDENTS][ITEM].value) == (2591, 2600)
    assert new[STUDENTS][ITEM].comment.text == "核对过"
    assert new[STUDENTS]["H1"].value == "=E6*2"
    assert new.calculation.fullCalcOnLoad
    for sheet in old.worksheets:
        other = new[sheet.title]
        assert sheet.sheet_state == other.sheet_state
        assert [str(each.sqref) for each in sheet.data_validations.dataValidation] == [
            str(each.sqref) for each in other.data_validations.dataValidation
        ]
        if sheet.title not in (STUDENTS, "填报进度"):
            assert [[(c.value, c.number_format, c.font.b) for c in row] for row in sheet] == [
                [(c.value, c.number_format, c.font.b) for c in row] for row in other
            ]
    after = corrected(book.data, [Correction(STUDENTS, ITEM, "2600")], book.city)
    assert read_workbook(after, "", "", book.city).tokens == ("ABCD-EFGH-JKMN",)


def test_text_that_starts_with_a_sign_is_no_formula():
    book = sample()
    cover = next(cell for cell in book.reading.cells if cell.column_name == "filled_by")
    after = corrected(book.data, [correction(book, cover, "=HYPERLINK(1)")], book.city)
    cell = openpyxl.load_workbook(BytesIO(after), rich_text=False)["封面"][cover.cell]
    assert (cell.data_type, cell.value) == ("s", "=HYPERLINK(1)") or cell.data_type == "inlineStr"
    assert said(read_workbook(after, "", "", book.city))["cover", cover.cell] == "=HYPERLINK(1)"
    assert "value.formula" not in [finding.rule_id for finding in read_workbook(after, "", "", book.city).findings]


def test_a_word_of_a_list_stays_the_word():
    book = sample()
    cell = next(
        cell
        for cell in typable(book)
        if cell.column_name != STATUS_COLUMN
        and contract_named(book.city.pack, cell.sheet).column(cell.column_name).codelist == "yes_no"
    )
    word = load_codelists(book.city.pack)["yes_no"].codes[1].label
    after = corrected(book.data, [correction(book, cell, word)], book.city)
    assert said(read_workbook(after, "", "", book.city))[cell.sheet, cell.cell] == word


@pytest.mark.parametrize(
    ("sheet", "cell", "told"),
    [
        (STUDENTS, "B6", "不是填数的格"),
        (STUDENTS, "ZZ99", "不是填数的格"),
        (STUDENTS, "乱写", "不是填数的格"),
        ("没有的表", "E6", "不是填数的格"),
        ("_nianbao", "B1", "不是填数的格"),
        ("封面", "E5", "模板填好的"),
    ],
)
def test_what_is_no_value_cell_is_refused(sheet: str, cell: str, told: str):
    with pytest.raises(CorrectionError, match=told):
        corrected(sample().data, [Correction(sheet, cell, "1")], sample().city)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "空的"),
        (b"PK\x03\x04 and nothing", "已损坏"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), "打开密码"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "Workbook".encode("utf-16-le"), "旧格式"),
        (b"<html><table></table></html>", "不是 Excel 工作簿"),
    ],
)
def test_a_file_that_cannot_be_opened_is_refused_in_words(data: bytes, told: str):
    with pytest.raises(CorrectionError, match=told):
        corrected(data, [Correction(STUDENTS, ITEM, "1")], sample().city)


def test_a_formula_whose_result_would_be_old_is_refused_with_its_cell():
    def count(book: openpyxl.Workbook) -> None:
        book[STUDENTS]["E7"] = "=SUM(E6:E6)"

    book = calculated(changed(count))
    with pytest.raises(CorrectionError, match=r"E7 是公式.*WPS"):
        corrected(book.data, [Correction(STUDENTS, ITEM, "2600")], book.city)
    both = [Correction(STUDENTS, ITEM, "2600"), Correction(STUDENTS, "E7", "2600")]
    after = said(read_workbook(corrected(book.data, both, book.city), "", "", book.city))
    assert (after["students", "E6"], after["students", "E7"]) == ("2600", "2600")


def test_a_formula_that_looks_elsewhere_stays_a_formula():
    def count(book: openpyxl.Workbook) -> None:
        book[STUDENTS]["E8"] = "=E9+1"

    book = calculated(changed(count))
    after = corrected(book.data, [Correction(STUDENTS, ITEM, "2600")], book.city)
    assert openpyxl.load_workbook(BytesIO(after))[STUDENTS]["E8"].value == "=E9+1"
    assert said(read_workbook(after, "", "", book.city))["students", "E8"] == "12"


@pytest.mark.parametrize(
    "formula", ["OFFSET(A1,5,4)", 'INDIRECT("E"&6)', "某个名称", "学生情况!E:E", "'学生情况'!$E$6"]
)
def test_a_formula_that_may_look_at_the_cell_counts_as_one_that_does(formula: str):
    book = calculated(changed(lambda book: book["教职工情况"].__setitem__("E6", f"={formula}")))
    with pytest.raises(CorrectionError, match=r"教职工情况.*E6 是公式"):
        corrected(book.data, [Correction(STUDENTS, ITEM, "2600")], book.city)


def test_the_list_of_formulas_goes_with_a_formula_that_is_typed_over():
    book = with_chain(calculated(changed(lambda book: book[STUDENTS].__setitem__("E8", "=E9+1"))))
    kept = parts_of(corrected(book.data, [Correction(STUDENTS, ITEM, "2600")], book.city))
    assert "xl/calcChain.xml" in kept
    gone = parts_of(corrected(book.data, [Correction(STUDENTS, "E8", "5")], book.city))
    assert "xl/calcChain.xml" not in gone
    assert b"calcChain" not in gone["[Content_Types].xml"] + gone["xl/_rels/workbook.xml.rels"]


def test_a_cell_under_a_merged_one_is_refused():
    book = changed(lambda book: book[STUDENTS].merge_cells("D6:E6"))
    with pytest.raises(CorrectionError, match="合并"):
        corrected(book.data, [Correction(STUDENTS, ITEM, "1")], book.city)


@pytest.mark.parametrize(
    ("text", "column", "look", "kind", "says"),
    [
        ("2,600", "students_full_time", "0", "number", "2600"),
        (" １２３ ", "students_full_time", "General", "number", "123"),
        ("2600人", "students_full_time", "0", "text", "2600人"),
        ("12 600", "students_full_time", "0", "text", "12 600"),
        ("007", "students_full_time", "0", "number", "7"),
        ("-0.50", "students_full_time", "General", "number", "-0.5"),
        ("1234567890123456", "students_full_time", "0", "text", "1234567890123456"),
        ("45000", "students_full_time", "yyyy-mm-dd", "text", "45000"),
        ("95", "students_full_time", "0%", "text", "95"),
        ("95", "students_full_time", ";;;", "text", "95"),
    ],
)
def test_a_number_is_one_where_the_cell_shows_it_as_one(text: str, column: str, look: str, kind: str, says: str):
    typed, read = typed_as(text, contract_named(sample().city.pack, "students").column(column), Look(look))
    assert (typed.kind, read) == (kind, says)


@pytest.mark.parametrize(
    ("text", "look", "kind", "says"),
    [
        ("2023/11/5", "yyyy-mm-dd", "number", "2023-11-05"),
        ("2023年11月5日", "yyyy-mm-dd", "number", "2023-11-05"),
        ("2023-02-30", "yyyy-mm-dd", "text", "2023-02-30"),
        ("2023-11-05", "General", "text", "2023-11-05"),
    ],
)
def test_a_day_is_one_in_a_cell_that_shows_days(text: str, look: str, kind: str, says: str):
    column = contract_named(sample().city.pack, "cover").column("filled_on")
    typed, read = typed_as(text, column, Look(look))
    assert (typed.kind, read) == (kind, says)
    assert typed_as(text, column, PLAIN)[0].kind == "text"


def parts_of(data: bytes) -> Mapping[str, bytes]:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def calculated(book: Book) -> Book:
    """With a result beside each formula, as a spreadsheet program stores one; openpyxl writes none."""
    return Book(
        book.city,
        with_parts(
            book.data,
            lambda name, part: (
                re.sub(rb"(<f>[^<]*</f>)<v ?/>|(<f>[^<]*</f>)<v></v>", rb"\1\2<v>12</v>", part)
                if name.startswith("xl/worksheets/")
                else part
            ),
        ),
    )


def with_chain(book: Book) -> Book:
    chain = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/calcChain"

    def change(name: str, part: bytes) -> bytes:
        if name == "[Content_Types].xml":
            kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.calcChain+xml"
            return part.replace(
                b"</Types>", f'<Override PartName="/xl/calcChain.xml" ContentType="{kind}"/></Types>'.encode()
            )
        if name == "xl/_rels/workbook.xml.rels":
            relation = f'<Relationship Id="rId99" Type="{chain}" Target="calcChain.xml"/></Relationships>'
            return part.replace(b"</Relationships>", relation.encode())
        return part

    buffer = BytesIO(with_parts(book.data, change))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("xl/calcChain.xml", f'<calcChain xmlns="{MAIN}"><c r="E8" i="1"/></calcChain>')
    return Book(book.city, buffer.getvalue())
