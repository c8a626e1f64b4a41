"""Files that somebody could send to do harm, a kind a line, each made here: what must become of it.

`python -m tests.hostile.kinds` measures them and writes docs/hostile.md; a test holds the table's words against this.
"""

import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import Any

from tests.hostile import bombs, dimensions
from tests.hostile.books import HEAD, MAIN, NAMESPACE, OFFICE, Formula, Sheet, sample_book, write_book
from tests.hostile.corpus import COVER, NURSING_SCHOOL, STUDENTS, changed, number, optional, put
from tests.hostile.dimensions import MAJORS, PACKAGE, PROFILE, _part_of, _with_xml

REMARK, COURSES = "备注", "课程情况"
LARGE = 2_000
REFUSED, REJECTED, ACCEPTED = "refused", "rejected", "accepted"
"""What becomes of a file: it is not opened; it is read and sent back with errors; it counts."""


@dataclass(frozen=True)
class Kind:
    """`becomes` is one of the three; `tells` the rule by which the sender learns of it, "" where there is none.

    `file_name` is what it is to be saved as.
    """

    name: str
    about: str
    build: Callable[[], bytes]
    becomes: str
    tells: str = ""
    file_name: str = "报送.xlsx"


def text(value: Any) -> Callable[[], bytes]:
    """The sample with a text in its free cell, 备注."""
    return changed(put(PROFILE, REMARK, value))


def zipped(parts: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as target:
        for name, part in parts.items():
            target.writestr(name, part)
    return buffer.getvalue()


def unzipped(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(data)) as source:
        return {name: source.read(name) for name in source.namelist()}


def plain() -> dict[str, bytes]:
    """The parts of the sample workbook."""
    return unzipped(write_book(sample_book(NURSING_SCHOOL)))


def with_part(name: str, content: bytes | str) -> Callable[[], bytes]:
    """The sample with a part more, or another."""
    return lambda: zipped(plain() | {name: content.encode() if isinstance(content, str) else content})


def in_sheet(title: str, cells: str, before: str = "", after: str = "") -> Callable[[], bytes]:
    """The sample with rows as they would stand in XML, behind a sheet's own."""

    def build() -> bytes:
        book = sample_book(NURSING_SCHOOL)
        parts, name = unzipped(write_book(book)), _part_of(book, title)
        xml = parts[name].decode().replace("</sheetData>", f"{cells}</sheetData>{after}", 1)
        return zipped(parts | {name: xml.replace("<sheetData>", f"{before}<sheetData>", 1).encode()})

    return build


def bzip2() -> bytes:
    """Shared strings packed with bzip2: a short stream of a great many zeros."""
    return zipped(plain() | {"xl/sharedStrings.xml": b"0" * 20_000_000}, zipfile.ZIP_BZIP2)


def core_properties() -> bytes:
    return zipped(plain() | {"docProps/core.xml": b"<cp:coreProperties>" + b"<dcterms:created>" * 60_000})


def one_huge_merge() -> bytes:
    return changed(lambda book: book.sheet(MAJORS).merged.append("A1:XFD1048576"))()


def same_courses() -> bytes:
    """Two thousand rows of two keys in a sheet of which a rule holds parts against the whole."""
    book = sample_book(NURSING_SCHOOL)
    stated = [("其中：课证融通课程", 2, 1), ("教学计划内课程", 1, 1)]
    book.sheet(COURSES).cells.update({(5 + k, p): value for k in range(LARGE) for p, value in enumerate(stated[k % 2])})
    return write_book(book)


def small_group() -> bytes:
    """A count that cannot be read, beside a score."""
    book = sample_book(NURSING_SCHOOL)
    book.sheet("满意度调查").cells[5, 2] = "3个人"
    return write_book(book)


def overlapping() -> bytes:
    """Two entries of the directory that lead to the same bytes."""
    data = bytearray(zipped(plain()))
    second = data.find(b"PK\x01\x02", data.find(b"PK\x01\x02") + 4)
    first = data.find(b"PK\x01\x02")
    data[second + 42 : second + 46] = data[first + 42 : first + 46]
    return bytes(data)


def endless_directory() -> bytes:
    """A zip64 directory that says it is as large as a disk."""
    data = bytearray(zipped(plain()))
    end = data.rfind(b"PK\x05\x06")
    struct.pack_into("<HHLL", data, end + 8, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    return bytes(data)


def polyglot() -> bytes:
    """A page of HTML that is a zip archive too."""
    return b"<html><script>alert(1)</script></html>" + zipped(plain())


def nested_archives() -> bytes:
    inner = zipped({"a": b"0" * 1_000_000})
    for _ in range(20):
        inner = zipped({"xl/workbook.xml.zip": inner})
    return zipped({"bomb.zip": inner})


def other_encoding(encoding: str, declared: str) -> Callable[[], bytes]:
    """An entity that is hidden from who looks for it in UTF-8."""
    source = f'<?xml version="1.0" encoding="{declared}"?><!DOCTYPE x [<!ENTITY a "b">]><workbook>&a;</workbook>'
    return lambda: zipped(plain() | {"xl/workbook.xml": source.encode(encoding)})


def picture_bomb() -> bytes:
    """A picture of 60,000 by 60,000 points, in a few bytes, on a sheet that will be marked."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    png = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 10_000))
        + chunk(b"IEND", b"")
    )
    opening = f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">'
    anchor = (
        "<xdr:oneCellAnchor><xdr:from><xdr:col>0</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>0</xdr:row>"
        '<xdr:rowOff>0</xdr:rowOff></xdr:from><xdr:ext cx="1" cy="1"/><xdr:pic><xdr:nvPicPr>'
        '<xdr:cNvPr id="1" name="p"/>'
        '<xdr:cNvPicPr/></xdr:nvPicPr><xdr:blipFill><a:blip r:embed="p1"/></xdr:blipFill><xdr:spPr/></xdr:pic>'
        "<xdr:clientData/></xdr:oneCellAnchor>"
    )
    drawing = (
        f'{HEAD}<xdr:wsDr xmlns:xdr="{NAMESPACE}/drawingml/2006/spreadsheetDrawing" xmlns:r="{OFFICE}"'
        f' xmlns:a="{NAMESPACE}/drawingml/2006/main">{anchor}</xdr:wsDr>'
    )
    name = _part_of(dimensions._book(), MAJORS).rpartition("/")[2]
    return _with_xml(
        MAJORS,
        after='<drawing r:id="rId1"/>',
        extra={
            f"xl/worksheets/_rels/{name}.rels": f'{opening}<Relationship Id="rId1" Type="{OFFICE}/drawing"'
            ' Target="../drawings/drawing1.xml"/></Relationships>',
            "xl/drawings/drawing1.xml": drawing,
            "xl/drawings/_rels/drawing1.xml.rels": f'{opening}<Relationship Id="p1" Type="{OFFICE}/image"'
            ' Target="../media/1.png"/></Relationships>',
            "xl/media/1.png": png,
        },
    )


def styles_deep(depth: int) -> bytes:
    """Elements within elements in a part that only the editor reads."""
    xml = f'<styleSheet xmlns="{MAIN}">' + "<x>" * depth + "</x>" * depth + "</styleSheet>"
    return zipped(plain() | {"xl/styles.xml": xml.encode()})


def namespaces(n: int) -> bytes:
    many = " ".join(f'xmlns:n{k}="urn:{k}"' for k in range(n))
    return _with_xml(PROFILE, after=f"<pageSetup {many}/>")


def bad_targets() -> bytes:
    """Relations that lead out of the archive."""
    parts = plain()
    relations = parts["xl/_rels/workbook.xml.rels"].decode()
    return zipped(
        parts
        | {"xl/_rels/workbook.xml.rels": relations.replace("worksheets/sheet1.xml", "../../../../etc/passwd").encode()}
    )


def names_that_climb() -> bytes:
    return zipped(plain() | {"../../../../tmp/x.xml": b"<a/>", "/etc/y.xml": b"<a/>", "C:\\z.xml": b"<a/>"})


def result_sheet_long() -> bytes:
    """Explanations of thirty thousand letters, two hundred of them."""
    from sources.declarations.headings import PROBLEM_HEADING, REASON_HEADING, RESULT_SHEET

    book = sample_book(NURSING_SCHOOL)
    lines = [(PROBLEM_HEADING, REASON_HEADING)]
    lines += [(f"outcomes.industries_add_up#1#毕业去向#employed_primary#{k}", "因" * 30_000) for k in range(200)]
    book.sheets.append(Sheet(RESULT_SHEET, {(r, p): t for r, line in enumerate(lines) for p, t in enumerate(line)}))
    return write_book(book)


def template_notes() -> bytes:
    """The hidden sheet in which a template says what it was made for, forged."""
    book = sample_book(NURSING_SCHOOL)
    meta = next(sheet for sheet in book.sheets if sheet.title.startswith("_"))
    meta.cells.update({(row, 1): "{0.__class__} %s {sheet} " + "长" * 5_000 for row, p in list(meta.cells) if p == 1})
    return write_book(book)


def cells(column: str, *stored: str) -> str:
    """Rows of numbers as they are stored."""
    return "".join(f'<row r="{500 + k}"><c r="{column}{500 + k}">{each}</c></row>' for k, each in enumerate(stored))


def stored_number(stored: str, kind: str = "n") -> Callable[[], bytes]:
    """The sample with the number of students stored as no program would."""

    def build() -> bytes:
        book = sample_book(NURSING_SCHOOL)
        parts, name = unzipped(write_book(book)), _part_of(book, STUDENTS)
        xml = parts[name].decode()
        return zipped(parts | {name: xml.replace("<v>2591</v>", f"<v>{stored}</v>", 1).replace(">", ">", 1).encode()})

    return build


DDE = Formula("cmd|'/C calc'!A0", "2591")
MERGED_AWAY = partial(dimensions.merges, LARGE)
KINDS: dict[str, tuple[Kind, ...]] = {
    "十二个": (
        Kind(
            "markdown",
            "单元格的文字是 Markdown 图片，地址是 Dagster 的操作",
            text("![.](/graphql?query=mutation)"),
            ACCEPTED,
        ),
        Kind(
            "poison",
            "封面的标识码里有 _x0007_",
            changed(put(COVER, "单位标识码", "不存在_x0007_")),
            REJECTED,
            "cover.respondent_unknown",
        ),
        Kind("bell", "备注里有响铃", text("响_x0007_铃"), ACCEPTED, "sheet.illegible"),
        Kind("bzip2", "共享文字用 bzip2 压缩", bzip2, REFUSED, "file.compression"),
        Kind("core_properties", "文档属性有六万个没有结束的标记", core_properties, ACCEPTED),
        Kind("one_huge_merge", "合并到 XFD1048576", one_huge_merge, ACCEPTED, "sheet.merged_cells"),
        Kind("merges", "两千处合并", MERGED_AWAY, REJECTED, "sheet.missing"),
        Kind("same_courses", "课程情况有两千行是同一门课", same_courses, REJECTED, "record.duplicate"),
        Kind(
            "explained", "一千行说明，什么也没有回答", partial(dimensions.explained, LARGE), REJECTED, "sheet.missing"
        ),
        Kind(
            "longname",
            "文件名 60 个四字节的字",
            changed(put(COVER, "单位标识码", "不存在")),
            REJECTED,
            "cover.respondent_unknown",
            "𠮷" * 60 + ".xlsx",
        ),
        Kind("small_group", "人数写成“3个人”，旁边有分数", small_group, REJECTED),
    ),
    "压缩包": (
        Kind("zip_bomb", "二十亿个零", bombs.zip_bomb, REFUSED, "file.too_large"),
        Kind("lying_zip_bomb", "目录里写得很小", bombs.lying_zip_bomb, REJECTED),
        Kind("many_parts", "五万个内部文件", bombs.many_parts, REFUSED, "file.too_large"),
        Kind("overlapping", "两个内部文件是同一段字节", overlapping, REFUSED, "file.malformed"),
        Kind("endless_directory", "zip64 的目录说自己无限大", endless_directory, REFUSED, "file.damaged"),
        Kind("nested_archives", "压缩包里有压缩包，二十层", nested_archives, REFUSED, "file.not_a_workbook"),
        Kind("polyglot", "又是网页又是压缩包", polyglot, REFUSED, "file.not_a_workbook"),
        Kind("names_that_climb", "内部文件名是 ../../", names_that_climb, ACCEPTED),
        Kind("bad_targets", "关系指向 /etc/passwd", bad_targets, REFUSED, "file.malformed"),
    ),
    "XML": (
        Kind("entities", "实体定义", bombs.billion_laughs, REFUSED, "file.suspicious"),
        Kind("entities_utf_16", "实体定义，UTF-16", bombs.billion_laughs_in_utf_16, REFUSED, "file.suspicious"),
        Kind("entities_utf_7", "实体定义，UTF-7", other_encoding("utf-7", "UTF-7"), REFUSED),
        Kind("entities_utf_32", "实体定义，UTF-32", other_encoding("utf-32", "UTF-32"), REFUSED),
        Kind("entities_ebcdic", "实体定义，EBCDIC", other_encoding("cp037", "cp037"), REFUSED),
        Kind("styles_deep", "样式里的标记套一万层", partial(styles_deep, 10_000), REJECTED, "value.not_date"),
        Kind("nested", "文字套一万层", partial(dimensions.nested, 10_000), REJECTED),
        Kind("namespaces", "一个标记有五千个名称空间", partial(namespaces, 5_000), REJECTED),
        Kind("attributes", "一个标记有两万个属性", partial(dimensions.attributes, 20_000), REJECTED),
        Kind(
            "huge_attribute",
            "一个属性有一千万个字",
            in_sheet(MAJORS, "", after=f'<pageSetup x="{"字" * 3_000_000}"/>'),
            ACCEPTED,
        ),
        Kind(
            "theme",
            "主题里有实体定义",
            with_part("xl/theme/theme1.xml", "<!DOCTYPE x []><a/>"),
            REFUSED,
            "file.suspicious",
        ),
        Kind(
            "custom_xml",
            "自定义 XML 四千万字节",
            with_part("customXml/item1.xml", b"<a>" + b" " * 40_000_000 + b"</a>"),
            ACCEPTED,
        ),
    ),
    "地址和单元格": (
        Kind("far_cell", "最后一个单元格有字", bombs.far_cell, REFUSED, "file.cell_too_far_out"),
        Kind("impossible_cell", "地址 A99999999999", bombs.impossible_cell, REFUSED, "file.malformed"),
        Kind(
            "row_zero", "行号 0", in_sheet(MAJORS, '<row r="0"><c r="A0"><v>1</v></c></row>'), REFUSED, "file.malformed"
        ),
        Kind(
            "row_negative", "行号 -1", in_sheet(MAJORS, '<row r="-1"><c><v>1</v></c></row>'), REFUSED, "file.malformed"
        ),
        Kind(
            "row_huge", "行号 9 后面二十个 9", in_sheet(MAJORS, f'<row r="{"9" * 21}"><c><v>1</v></c></row>'), REFUSED
        ),
        Kind(
            "dimension", "说自己占满整张表", in_sheet(MAJORS, "", before='<dimension ref="A1:XFD1048576"/>'), ACCEPTED
        ),
        Kind(
            "array_formula",
            "数组公式占满整张表",
            in_sheet(PROFILE, cells("T", '<f t="array" ref="A1:XFD1048576">1</f><v>1</v>')),
            ACCEPTED,
        ),
        Kind(
            "shared_index",
            "共享文字的编号 -1",
            in_sheet(PROFILE, '<row r="500"><c r="T500" t="s"><v>-1</v></c></row>'),
            REFUSED,
            "file.malformed",
        ),
        Kind("million_rows", "一百万行", bombs.million_rows, REFUSED, "file.cell_too_far_out"),
        Kind("many_wide_sheets", "三十张很宽的表", bombs.many_wide_sheets, REFUSED, "file.cell_too_far_out"),
    ),
    "数和日期": (
        *(
            Kind(f"number_{name}", f"学生数存成 {stored}", stored_number(stored), REJECTED)
            for name, stored in (
                ("1e308", "1e308"),
                ("minus_1e308", "-1e308"),
                ("tiny", "1e-320"),
                ("point", "2591.0000000001"),
            )
        ),
        *(
            Kind(f"number_{name}", f"学生数存成 {stored}", stored_number(stored), REJECTED, "value.not_integer")
            for name, stored in (("infinite", "INF"), ("not_a_number", "NaN"), ("hexadecimal", "0x10"))
        ),
        Kind("number_1e400", "学生数存成 1e400", stored_number("1e400"), REJECTED),
        Kind("number_minus_zero", "男生数存成 -0", optional(-0.0), ACCEPTED),
        Kind("number_long", "数有两万位", number("9" * 20_000), REJECTED),
        Kind("dates", "没有这样的日期", partial(dimensions.dates, 200), REJECTED),
        Kind(
            "day_infinite",
            "日期存成 1e300",
            in_sheet(PROFILE, '<row r="500"><c r="T500" s="1"><v>1e300</v></c></row>'),
            ACCEPTED,
        ),
    ),
    "名称和样式": (
        Kind("defined_names", "两万个定义的名称", partial(dimensions.defined_names, 20_000), REJECTED),
        Kind("conditional_formats", "两万个条件格式", partial(dimensions.conditional_formats, 20_000), REJECTED),
        Kind("cell_bounds", "两万个数据有效性", partial(dimensions.validations, 20_000), REJECTED),
        Kind("styles", "两万种样式和字体", partial(dimensions.styles, 20_000), REJECTED),
        Kind("hyperlinks", "两万个超链接", partial(dimensions.hyperlinks, 20_000), REJECTED),
        Kind("comments", "两万个批注", partial(dimensions.comments, 20_000), REJECTED),
        Kind("sheets", "一千张表", partial(dimensions.sheets, 1_000), REJECTED),
        Kind("long_title", "表名两百万个字", partial(dimensions.long_title, 200_000), REJECTED),
        Kind("long_formula", "公式二十万个字", partial(dimensions.long_formula, 100_000), REJECTED),
        Kind("picture_bomb", "图片 60000×60000 点", picture_bomb, REJECTED),
        Kind("drawings", "两万个不存在的图片", partial(dimensions.drawings, 20_000), REJECTED),
    ),
    "程序和链接": (
        Kind("macros", "宏", with_part("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0"), ACCEPTED, "file.macros"),
        Kind(
            "external_links",
            "外部链接",
            with_part("xl/externalLinks/externalLink1.xml", "<a/>"),
            ACCEPTED,
            "file.external_links",
        ),
        Kind("dde", "公式 cmd|'/C calc'!A0", changed(put(STUDENTS, "全日制在校生数", DDE)), ACCEPTED, "value.formula"),
        Kind("ole", "嵌入的对象", with_part("xl/embeddings/oleObject1.bin", b"\xd0\xcf\x11\xe0" * 1_000), ACCEPTED),
        Kind("result_sheet", "说明栏每格三万字，二百行", result_sheet_long, ACCEPTED),
        Kind("template_notes", "伪造的模板说明", template_notes, ACCEPTED),
    ),
}
