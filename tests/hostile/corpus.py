"""Every hostile and every merely human file that we know of, each with what must become of it.

`CASES` is the table: how the file is made, whether it is accepted, which rules speak of it, and a word that the
clerk must find in what is said. Files that only a machine would make are in `bombs.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from typing import Any

import openpyxl
from openpyxl.chart import BarChart, Reference

from sources.archive.stand_in import stand_in
from sources.read.file_kind import ENCRYPTED_STREAM, OLE_SIGNATURE
from sources.read.sheet_xml import Position
from tests.conftest import NURSING_SCHOOL
from tests.hostile.books import (
    MAIN,
    Book,
    Failed,
    Formula,
    Percent,
    Sheet,
    archive,
    item_cell,
    sample_book,
    sheet_xml,
    worksheet_xml,
    write_book,
)

STUDENTS, MAJORS, PROFILE, COVER, SCORES = "学生情况", "专业目录", "学校概况", "封面", "满意度调查"
FULL_TIME = 2591
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"


@dataclass(frozen=True)
class Case:
    """A file and what must become of it.

    `rules`: rules that must speak (besides those of the unchanged sample); no other may. `says`: a word in what one
    of them says. `cell`: where it says so. `values`: (sheet, column) → the value that must be loaded, of an accepted
    file.
    """

    name: str
    build: Callable[[], bytes]
    accepted: bool
    rules: frozenset[str] = frozenset()
    says: str = ""
    cell: str | None = None
    values: Mapping[tuple[str, str], Any] = field(default_factory=dict)


def changed(change: Callable[[Book], None], extra: Mapping[str, str | bytes] | None = None) -> Callable[[], bytes]:
    """The sample workbook after a change."""

    def build() -> bytes:
        book = sample_book(NURSING_SCHOOL)
        change(book)
        return write_book(book, extra)

    return build


def put(title: str, label: str, value: Any) -> Callable[[Book], None]:
    """Types a value into this year's cell of an item."""
    return lambda book: book.sheet(title).cells.update({item_cell(book, title, label): value})


def at(title: str, cells: Mapping[Position, Any]) -> Callable[[Book], None]:
    return lambda book: book.sheet(title).cells.update(cells)


def number(value: Any) -> Callable[[], bytes]:
    """The sample with something typed for the number of students."""
    return changed(put(STUDENTS, "全日制在校生数", value))


def day(value: Any) -> Callable[[], bytes]:
    return changed(put(COVER, "填报日期", value))


def optional(value: Any) -> Callable[[], bytes]:
    """The sample with something typed where the number of male students could stand."""
    return changed(put(STUDENTS, "全日制在校男生数", value))


def accepted(
    name: str, build: Callable[[], bytes], *rules: str, says: str = "", cell: str | None = None, **values: Any
) -> Case:
    loaded = {tuple(key.split("__")): value for key, value in values.items()}
    return Case(name, build, True, frozenset(rules), says, cell, loaded)


def refused(name: str, build: Callable[[], bytes], *rules: str, says: str, cell: str | None = None) -> Case:
    return Case(name, build, False, frozenset(rules), says, cell)


def moved_columns(book: Book) -> None:
    """The table far to the right, its columns in the opposite order."""
    cells = book.sheet(MAJORS).cells
    own = {(row, p): value for (row, p), value in cells.items() if row >= 4 and p <= 10}
    for place in own:
        del cells[place]
    cells.update({(row, 50 - position): value for (row, position), value in own.items()})


def reordered_rows(book: Book) -> None:
    cells = book.sheet(STUDENTS).cells
    own = {place: cells.pop(place) for place in list(cells) if place[0] >= 5}
    cells.update({(30 - row, position): value for (row, position), value in own.items()})


def shuffled_records(book: Book) -> None:
    cells = book.sheet(MAJORS).cells
    own = {place: cells.pop(place) for place in list(cells) if place[0] >= 5}
    cells.update({(40 - row, position): value for (row, position), value in own.items()})


def renamed(title: str, place: Position, text: str) -> Callable[[Book], None]:
    return at(title, {place: text})


def blanks_in_headings(book: Book) -> None:
    """Line breaks, full-width blanks and letters that nobody sees, in every heading and item."""
    for title in (STUDENTS, MAJORS):
        cells = book.sheet(title).cells
        for (row, position), value in list(cells.items()):
            is_heading = row == 4 or (title == STUDENTS and row > 4 and position == 1)
            if is_heading and isinstance(value, str):
                cells[row, position] = f"　{value[:2]}\n {value[2:]}\u200b "


def merged_headings(book: Book) -> None:
    """A second row of headings, merged with the first as one likes it in print."""
    cells = book.sheet(MAJORS).cells
    own = {place: cells.pop(place) for place in list(cells) if place[0] >= 5}
    cells.update({(row + 1, position): value for (row, position), value in own.items()})
    book.sheet(MAJORS).merged += [f"{letter}5:{letter}6" for letter in "ABCDEFGHIJK"]


def headings_merged_into_one(book: Book) -> None:
    cells = book.sheet(MAJORS).cells
    del cells[4, 1]
    cells[4, 0] = "专业代码和名称"
    book.sheet(MAJORS).merged.append("A5:B5")


def merged_values(book: Book) -> None:
    """One word for three rows."""
    cells = book.sheet(MAJORS).cells
    for row in (6, 7):
        cells.pop((row, 6), None)
    book.sheet(MAJORS).merged.append("G6:G8")


def hide_rows(book: Book) -> None:
    book.sheet(MAJORS).hidden_rows |= {6, 7}


def hide_sheet(book: Book) -> None:
    book.sheet(STUDENTS).state = "hidden"


def hidden_notes(book: Book) -> None:
    book.sheets.append(Sheet("草稿", {(0, 0): "旧数", (3, 2): 5}, state="veryHidden"))


def example_row(book: Book) -> None:
    row = last_row(book, MAJORS) + 1
    at(MAJORS, {(row, 0): "示例：720201", (row, 1): "护理", (row, 4): 50})(book)


def last_row(book: Book, title: str) -> int:
    return max(row for row, position in book.sheet(title).cells if position < 10)


def two_of_a_sheet(book: Book) -> None:
    book.sheets.append(Sheet("学生情况 ", dict(book.sheet(STUDENTS).cells)))


def copy_of_a_sheet(book: Book) -> None:
    book.sheets.append(Sheet("学生情况 (2)", dict(book.sheet(STUDENTS).cells), state="hidden"))


def without_template_information(book: Book) -> None:
    book.sheets = [sheet for sheet in book.sheets if not sheet.title.startswith("_")]


def own_column(book: Book) -> None:
    """A column of one's own beside a form."""
    at(STUDENTS, {(4, 6): "备注", (5, 6): "含五年制", (7, 6): 12})(book)


def own_column_in_table(book: Book) -> None:
    at(MAJORS, {(4, 26): "备注", (5, 26): "2021年起招生", (6, 26): 3})(book)


def total_row(book: Book) -> None:
    row = last_row(book, MAJORS) + 1
    at(MAJORS, {(row, 0): "合计", (row, 4): 120})(book)


def notes_below(book: Book) -> None:
    at(STUDENTS, {(12, 1): "填表人：张三", (13, 1): "联系电话：0777-0000000"})(book)


def as_text(book: Book) -> None:
    """Every number of every sheet typed as text."""
    for sheet in book.sheets:
        for place, value in sheet.cells.items():
            if isinstance(value, int | float) and not sheet.title.startswith("_"):
                sheet.cells[place] = str(value)


def old_workbook() -> bytes:
    return OLE_SIGNATURE + b"\0" * 504 + "Workbook".encode("utf-16-le") + b"\0" * 1_000


def password() -> bytes:
    return OLE_SIGNATURE + b"\0" * 504 + ENCRYPTED_STREAM + b"\0" * 1_000


def locked_archive() -> bytes:
    """A zip archive with a password: the flag that says so is set in both of its tables."""
    data = bytearray(write_book(sample_book(NURSING_SCHOOL)))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(signature)
        while place >= 0:
            data[place + offset] |= 1
            place = data.find(signature, place + 4)
    return bytes(data)


def truncated() -> bytes:
    data = write_book(sample_book(NURSING_SCHOOL))
    return data[: len(data) * 2 // 3]


def flipped_bit() -> bytes:
    data = bytearray(write_book(sample_book(NURSING_SCHOOL)))
    data[len(data) // 3] ^= 16
    return bytes(data)


def strict() -> bytes:
    """Saved as 'Strict Open XML': the same names in other name spaces."""
    book = sample_book(NURSING_SCHOOL)
    return write_book(
        book,
        {
            f"xl/worksheets/sheet{number}.xml": sheet_xml(sheet).replace(MAIN, STRICT)
            for number, sheet in enumerate(book.sheets, start=1)
        },
    )


def chart_sheet() -> bytes:
    """Opened in another program, a sheet with nothing but a chart added, and saved."""
    book = openpyxl.load_workbook(BytesIO(write_book(sample_book(NURSING_SCHOOL))))
    chart = BarChart()
    chart.add_data(Reference(book[STUDENTS], min_col=5, min_row=6, max_row=10))
    book.create_chartsheet("图表").add_chart(chart)
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def one_sheet(rows: str) -> Callable[[], bytes]:
    return lambda: write_book(Book([Sheet(COVER)]), {"xl/worksheets/sheet1.xml": worksheet_xml(rows)})


FORMULAS_AS_TEXT = ('=HYPERLINK("http://example.com","点我")', "+86 777 0000000", "-无-", "@SUM(A1)", "=1+1")

CASES = (
    accepted("unchanged", changed(lambda book: None), students__students_full_time=FULL_TIME),
    # Structure
    accepted("moved_columns", changed(moved_columns)),
    accepted("reordered_rows", changed(reordered_rows), students__students_full_time=FULL_TIME),
    accepted("shuffled_records", changed(shuffled_records)),
    accepted("blanks_in_headings", changed(blanks_in_headings), students__students_full_time=FULL_TIME),
    accepted("merged_headings", changed(merged_headings)),
    refused(
        "renamed_column",
        changed(renamed(MAJORS, (4, 1), "专业全称")),
        "sheet.heading_unknown",
        "sheet.heading_missing",
        says="找不到“专业名称”",
    ),
    refused(
        "renamed_item",
        changed(renamed(STUDENTS, (5, 1), "在校生总数")),
        "sheet.heading_unknown",
        "sheet.heading_missing",
        says="“在校生总数”不是本表的项目",
        cell="B6",
    ),
    refused(
        "headings_merged_into_one",
        changed(headings_merged_into_one),
        "sheet.heading_unknown",
        "sheet.heading_missing",
        "sheet.stray_cells",
        says="找不到“专业代码”",
    ),
    accepted("merged_values", changed(merged_values), "sheet.merged_cells", says="合并单元格", cell="G6"),
    accepted("hidden_rows", changed(hide_rows), "sheet.hidden_rows", says="2 个隐藏的行", cell="A7"),
    accepted(
        "hidden_sheet", changed(hide_sheet), "sheet.hidden", says="整张是隐藏的", students__students_full_time=FULL_TIME
    ),
    accepted("hidden_notes", changed(hidden_notes), "sheet.unknown", says="2 个单元格没有读入"),
    accepted("example_row", changed(example_row), "record.example", says="示例行"),
    accepted("blank_rows_far_below", changed(at(STUDENTS, {(900, 4): "  ", (950, 1): "　"}))),
    accepted("stray_letter", changed(at(STUDENTS, {(900, 8): "、"})), "sheet.stray_cells", says="I901", cell="I901"),
    refused(
        "stray_letter_in_a_table",
        changed(at(MAJORS, {(900, 1): "、"})),
        "value.blank",
        says="没有填写",
        cell="A901",
    ),
    refused(
        "last_row_of_the_sheet",
        changed(at(STUDENTS, {(1_048_575, 0): 1})),
        "file.cell_too_far_out",
        says="A1048576",
    ),
    refused("two_of_a_sheet", changed(two_of_a_sheet), "sheet.repeated", says="不止一张"),
    accepted("copy_of_a_sheet", changed(copy_of_a_sheet), "sheet.unknown", says="学生情况 (2)"),
    accepted("without_template_information", changed(without_template_information), "template.unknown", says="模板"),
    accepted("own_column", changed(own_column), "sheet.stray_cells", says="G5、G6、G8", cell="G5"),
    accepted("own_column_in_table", changed(own_column_in_table), "sheet.heading_unknown", says="备注", cell="AA5"),
    refused("total_row", changed(total_row), "value.pattern", "value.blank", says="合计"),
    accepted("notes_below", changed(notes_below), "sheet.stray_cells", says="B13、B14", cell="B13"),
    refused(
        "changed_unit",
        changed(at(STUDENTS, {(5, 2): "百人"})),
        "sheet.unit_changed",
        says="应为“人”",
        cell="C6",
    ),
    accepted(
        "note_in_the_hints", changed(at(STUDENTS, {(5, 5): "含五年制"})), "sheet.stray_cells", says="F6", cell="F6"
    ),
    # Numbers
    accepted("full_width_digits", number("２５９１"), "value.normalised", students__students_full_time=FULL_TIME),
    accepted("separator_and_unit", number("2,591人"), "value.normalised", says="按 2591 读入", cell="E6"),
    accepted("full_width_separator", number("2，591 人"), "value.normalised", students__students_full_time=FULL_TIME),
    accepted("unseen_letters", number("\u200b2591\ufeff"), "value.normalised", students__students_full_time=FULL_TIME),
    accepted("numbers_as_text", changed(as_text), students__students_full_time=FULL_TIME),
    accepted("whole_float", number(2591.0), students__students_full_time=FULL_TIME),
    accepted("thirty_percent_more", number(3198), students__students_full_time=3198),
    refused("separator_at_the_wrong_place", number("25,91"), "value.not_integer", says="25,91", cell="E6"),
    refused("two_numbers", number("25 91"), "value.not_integer", says="应为整数", cell="E6"),
    refused("about", number("约2591"), "value.not_integer", says="约2591", cell="E6"),
    refused("digits_of_another_script", number("٢٥٩١"), "value.not_integer", says="应为整数", cell="E6"),
    refused("in_words", number("二千五百九十一"), "value.not_integer", says="应为整数", cell="E6"),
    refused("negative", optional(-3), "value.too_small", says="不应小于 0", cell="E7"),
    refused("half_a_student", number(2591.5), "value.not_integer", says="2591.5", cell="E6"),
    refused("beyond_all_numbers", number(1e300), "value.too_large", says="不应大于", cell="E6"),
    refused("twenty_digits", number("12345678901234567890"), "value.too_large", says="不应大于", cell="E6"),
    refused("truth", number(True), "value.not_integer", says="TRUE", cell="E6"),
    refused("number_as_date", number(date(1907, 2, 3)), "value.not_integer", says="1907-02-03", cell="E6"),
    refused("required_none", number("无"), "value.not_integer", says="“无”", cell="E6"),
    refused("required_blank", number(""), "value.blank", says="没有请填 0", cell="E6"),
    *(
        accepted(f"placeholder_{n}", optional(text), "value.placeholder", says="按没有填写处理", cell="E7")
        for n, text in enumerate(("无", "—", "－", "-", "/", "没有", " 无 ", "——"))
    ),
    refused(
        "percent_as_fraction",
        changed(at(SCORES, {(5, 1): 0.7658})),
        "value.fraction_of_percent",
        says="应为 76.58",
        cell="B6",
    ),
    accepted(
        "percent_format",
        changed(at(SCORES, {(5, 1): Percent(0.85)})),
        "satisfaction.score_is_percentage",
        "value.seen_otherwise",
        says="应为 85.00（百分数填成了小数）",
        cell="B6",
    ),
    accepted("percent_sign", changed(at(SCORES, {(5, 1): "76.58%"})), "value.normalised", says="按 76.58 读入"),
    # Dates
    accepted("date_cell", day(date(2023, 11, 30)), cover__filled_on=date(2023, 11, 30)),
    *(
        accepted(f"date_{n}", day(text), *rules, cover__filled_on=date(2023, 11, 5))
        for n, (text, *rules) in enumerate(
            (
                ("2023-11-05",),
                ("2023/11/5", "value.normalised"),
                ("2023.11.5", "value.normalised"),
                ("2023年11月5日", "value.normalised"),
                ("20231105", "value.normalised"),
                ("２０２３－１１－０５", "value.normalised"),
                ("2023-11-05 08:30", "value.normalised"),
            )
        )
    ),
    *(
        refused(f"no_date_{n}", day(value), "value.not_date", says="应为日期", cell="E10")
        for n, value in enumerate(("2023年11月", "23-11-05", "11/05/2023", 45235, "2023-13-01", "-2023-11-05"))
    ),
    # Formulas
    accepted(
        "formula", number(Formula("1000+1591", 2591)), "value.formula", says="读入的是保存时的结果 2591", cell="E6"
    ),
    accepted("stale_formula", number(Formula("1+1", 2591)), "value.formula", students__students_full_time=FULL_TIME),
    refused("uncomputed_formula", number(Formula("1000+1591")), "value.formula_uncomputed", says="没有计算结果"),
    refused("lost_reference", number(Failed("#REF!")), "value.error_cell", says="#REF!", cell="E6"),
    refused("division_by_zero", optional(Failed("#DIV/0!")), "value.error_cell", says="#DIV/0!", cell="E7"),
    accepted("stray_error", changed(at(STUDENTS, {(20, 7): Failed("#N/A")})), "sheet.stray_cells", says="H21"),
    accepted(
        "external_links",
        changed(
            put(STUDENTS, "全日制在校生数", Formula("[1]Sheet1!A1", 2591)),
            {"xl/externalLinks/externalLink1.xml": "<x/>"},
        ),
        "file.external_links",
        "value.formula",
        says="链接没有打开",
    ),
    accepted(
        "macros",
        changed(lambda book: None, {"xl/vbaProject.bin": OLE_SIGNATURE}),
        "file.macros",
        says="宏没有运行",
        students__students_full_time=FULL_TIME,
    ),
    # Text
    *(
        accepted(f"like_a_formula_{n}", changed(put(PROFILE, "备注", text)), profile__remark=text)
        for n, text in enumerate(FORMULAS_AS_TEXT)
    ),
    accepted("carriage_returns", changed(put(PROFILE, "备注", "一_x000D_\n二")), profile__remark="一\r\n二"),
    accepted("picture_letters", changed(put(PROFILE, "备注", "😀{0}%s<b>&amp;")), profile__remark="😀{0}%s<b>&amp;"),
    refused("long_text", changed(put(PROFILE, "备注", "字" * 5_000)), "value.too_long", says="超过"),
    refused(
        "year_of_five_thousand_digits",
        changed(put(COVER, "报告年度", "9" * 5_000)),
        "cover.year_not_open",
        says="不在采集日历中",
    ),
    accepted("full_width_year", changed(put(COVER, "报告年度", "２０２３")), "value.normalised", says="按 2023 读入"),
    refused("year_with_its_word", changed(put(COVER, "报告年度", "2023年")), "value.not_integer", says="报告年度"),
    # Files
    refused("empty", lambda: b"", "file.empty", says="没有传完"),
    refused("xls", old_workbook, "file.old_format", says="另存为"),
    refused("et", old_workbook, "file.old_format", says=".et"),
    refused(
        "ods",
        lambda: archive({"mimetype": "", "content.xml": "<x/>", "META-INF/manifest.xml": "<x/>"}),
        "file.other_format",
        says=".ods",
    ),
    refused("numbers", lambda: archive({"Index/Document.iwa": b"x"}), "file.other_format", says="Numbers"),
    refused("xlsb", lambda: archive({"xl/workbook.bin": b""}), "file.old_format", says=".xlsb"),
    refused(
        "spreadsheet_2003",
        lambda: b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>',
        "file.old_format",
        says="另存为",
    ),
    refused("csv_renamed", lambda: "项目,本年\n在校生,5\n".encode("gb18030"), "file.not_a_workbook", says="CSV"),
    refused("csv_in_utf_16", lambda: "项目,本年\n".encode("utf-16"), "file.not_a_workbook", says="CSV"),
    refused("web_page", lambda: b"<html><table></table></html>", "file.not_a_workbook", says="网页"),
    refused("pdf", lambda: b"%PDF-1.7\n\0", "file.not_a_workbook", says="PDF"),
    refused("picture", lambda: b"\xff\xd8\xff\xe0\0\x10JFIF", "file.not_a_workbook", says="图片"),
    refused("rar", lambda: b"Rar!\x1a\x07\0", "file.not_a_workbook", says="解压"),
    refused("zipped", lambda: archive({"2023.xlsx": changed(lambda b: None)()}), "file.not_a_workbook", says="压缩包"),
    refused("word", lambda: archive({"word/document.xml": "<x/>"}), "file.not_a_workbook", says="其他文档"),
    refused("password", password, "file.encrypted", says="取消打开密码"),
    refused("locked_archive", locked_archive, "file.encrypted", says="密码"),
    refused("truncated", truncated, "file.damaged", says="没有传完"),
    refused("flipped_bit", flipped_bit, "file.part_broken", says="校验不符"),
    refused("shortcut", lambda: b"L\0\0\0\x01\x14\x02\0" + b"\0" * 100, "file.link", says="快捷方式"),
    refused("link", lambda: stand_in("file.link", "a.xlsx", "/etc/passwd"), "file.link", says="/etc/passwd"),
    accepted("strict", strict, students__students_full_time=FULL_TIME),
    accepted("chart_sheet", chart_sheet, students__students_full_time=FULL_TIME),
    # XML that readers take differently
    refused(
        "cell_twice",
        one_sheet('<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>'),
        "file.malformed",
        says="A1 写了两次",
    ),
    refused("half_an_address", one_sheet('<row r="1"><c r="$A$1"><v>1</v></c></row>'), "file.malformed", says="$A$1"),
    refused(
        "nine_letters",
        one_sheet('<row r="1"><c r="AAAAAAAAA1"><v>1</v></c></row>'),
        "file.malformed",
        says="AAAAAAAAA1",
    ),
    refused(
        "no_such_text",
        one_sheet('<row r="1"><c r="A1" t="s"><v>7</v></c></row>'),
        "file.malformed",
        says="A1 的文字不在文件里",
    ),
    refused("cut_off_xml", one_sheet('<row r="1"><c r="A1"><v>1</v>'), "file.malformed", says="XML 的语法"),
    refused(
        "hidden_from_one_reader",
        one_sheet('<row r="1"><c r="A1"><v>5</v><v>6</v></c></row>'),
        "sheet.unclear",
        says="两种方法",
        cell="A1",
    ),
    refused(
        "two_truths",
        one_sheet('<row r="1"><c r="A1" t="b"><v>2</v></c></row>'),
        "file.malformed",
        says="“2”不是标明的种类（b）",
    ),
)
