"""Workbooks that are large in one dimension: the sample workbook with so many of one thing, made from strings."""

import zipfile
from collections.abc import Callable
from io import BytesIO
from xml.sax.saxutils import quoteattr

from sources.declarations.headings import PROBLEM_HEADING, REASON_HEADING, RESULT_SHEET
from sources.read.sheet_xml import address
from tests.conftest import NURSING_SCHOOL
from tests.hostile.books import HEAD, MAIN, NAMESPACE, OFFICE, Book, Formula, Sheet, sample_book, sheet_xml, write_book

MAJORS, STUDENTS, PROFILE, COVER = "专业目录", "学生情况", "学校概况", "封面"
COLUMN_OF_OWN = 30
"""Right of what the template's tables use."""
PACKAGE = f"{NAMESPACE}/package/2006"


def _book() -> Book:
    """Four of its sheets: what is large is the dimension, and not the rest."""
    return sample_book(NURSING_SCHOOL, titles=(COVER, MAJORS, PROFILE, STUDENTS))


def _part_of(book: Book, title: str) -> str:
    return f"xl/worksheets/sheet{1 + [sheet.title for sheet in book.sheets].index(title)}.xml"


def _with_xml(title: str, before: str = "", after: str = "", extra: dict[str, str | bytes] | None = None) -> bytes:
    """The sample with XML before and after the cells of one sheet."""
    book = _book()
    xml = sheet_xml(book.sheet(title)).replace("<sheetData>", f"{before}<sheetData>")
    xml = xml.replace("</worksheet>", f"{after}</worksheet>").replace("<worksheet ", f'<worksheet xmlns:r="{OFFICE}" ')
    return write_book(book, {_part_of(book, title): xml, **(extra or {})})


def rows(n: int) -> bytes:
    """Records of a table, each another."""
    book = _book()
    book.sheet(MAJORS).cells.update({(100 + k, p): f"专业{k}" if p else k for k in range(n) for p in range(3)})
    return write_book(book)


def same_keys(n: int) -> bytes:
    """Records of a table, all with the key of the first."""
    book = _book()
    cells = book.sheet(MAJORS).cells
    last = max(row for row, _ in cells)
    first = {position: value for (row, position), value in cells.items() if row == last}
    cells.update({(last + 1 + k, position): value for k in range(n) for position, value in first.items()})
    return write_book(book)


def doubted(n: int) -> bytes:
    """Records of a table, each with a number that nobody believes."""
    book = _book()
    cells = book.sheet(MAJORS).cells
    at = {str(value).partition("（")[0]: position for (row, position), value in cells.items() if row == 4}
    for k in range(n):
        said = {"专业代码": f"{100_000 + k}", "专业名称": f"专业{k}", "专业状态": "延续", "招生数": 90_000 + k}
        cells.update({(100 + k, at[heading]): value for heading, value in said.items()})
    return write_book(book)


def strays(n: int) -> bytes:
    book = _book()
    book.sheet(PROFILE).cells.update({(200 + k, 20): "随手写的" for k in range(n)})
    return write_book(book)


def columns(n: int) -> bytes:
    """Headings of the school's own."""
    book = _book()
    book.sheet(MAJORS).cells.update({(4, COLUMN_OF_OWN + k): f"自用{k}" for k in range(n)})
    return write_book(book)


def repeated_headings(n: int) -> bytes:
    book = _book()
    book.sheet(MAJORS).cells.update({(4, COLUMN_OF_OWN + k): "专业名称" for k in range(n)})
    return write_book(book)


def repeated_items(n: int) -> bytes:
    book = _book()
    book.sheet(PROFILE).cells.update({(200 + k, 1): "不是项目的项目" for k in range(n)})
    return write_book(book)


def merges(n: int) -> bytes:
    book = _book()
    book.sheet(MAJORS).merged += [f"AE{k}:AF{k}" for k in range(10, 10 + n)]
    return write_book(book)


def hidden_rows(n: int) -> bytes:
    book = _book()
    book.sheet(MAJORS).hidden_rows |= set(range(100, 100 + n))
    return write_book(book)


def blank_rows(n: int) -> bytes:
    book = _book()
    title = MAJORS
    xml = sheet_xml(book.sheet(title))
    blank = "".join(f'<row r="{1000 + k}"><c r="A{1000 + k}" s="1"/></row>' for k in range(n))
    return write_book(book, {_part_of(book, title): xml.replace("</sheetData>", f"{blank}</sheetData>")})


def formulas(n: int) -> bytes:
    book = _book()
    book.sheet(PROFILE).cells.update({(200 + k, 20): Formula(f"A{k + 1}+1", 1) for k in range(n)})
    return write_book(book)


def long_formula(n: int) -> bytes:
    book = _book()
    book.sheet(PROFILE).cells[200, 20] = Formula("1" + "+1" * n, 1)
    return write_book(book)


def long_text(n: int) -> bytes:
    """One remark of many letters, up to what a cell can hold."""
    book = _book()
    book.sheet(PROFILE).cells[200, 20] = "很" * min(10 * n, 30_000)
    return write_book(book)


def huge_number(n: int) -> bytes:
    """A number of many digits where a number is asked for."""
    book = _book()
    (row, position) = next(at for at, value in book.sheet(STUDENTS).cells.items() if value == 2591)
    book.sheet(STUDENTS).cells[row, position] = "9" * min(10 * n, 30_000)
    return write_book(book)


def dates(n: int) -> bytes:
    """Numbers formatted as dates, many of them none."""
    book = _book()
    xml = sheet_xml(book.sheet(PROFILE))
    cells = "".join(
        f'<row r="{300 + k}"><c r="U{300 + k}" s="1"><v>{pow(10, k, 4_000_000)}</v></c></row>' for k in range(n)
    )
    return write_book(book, {_part_of(book, PROFILE): xml.replace("</sheetData>", f"{cells}</sheetData>")})


def sheets(n: int) -> bytes:
    book = _book()
    book.sheets += [Sheet(f"附{k}", {(0, 0): "自用"}) for k in range(n)]
    return write_book(book)


def long_title(n: int) -> bytes:
    book = _book()
    book.sheets.append(Sheet("题" * 10 * n, {(0, 0): "自用"}))
    return write_book(book)


def explained(n: int) -> bytes:
    """Explained lines on the result sheet, each about another record."""
    book = _book()
    lines = [(PROBLEM_HEADING, REASON_HEADING)]
    lines += [(f"value.low#x#{MAJORS}#major_name#{k}", "有原因") for k in range(n)]
    cells = {(row, position): text for row, line in enumerate(lines) for position, text in enumerate(line)}
    book.sheets.append(Sheet(RESULT_SHEET, cells))
    return write_book(book)


def shared_strings(n: int) -> bytes:
    items = "".join(f"<si><t>文字{k}</t></si>" for k in range(n))
    return write_book(_book(), {"xl/sharedStrings.xml": f'{HEAD}<sst xmlns="{MAIN}">{items}</sst>'})


def rich_text(n: int) -> bytes:
    """A shared text in many pieces, each with its phonetic reading."""
    runs = '<r><t>字</t></r><rPh sb="0" eb="1"><t>zi</t></rPh>' * n
    return write_book(_book(), {"xl/sharedStrings.xml": f'{HEAD}<sst xmlns="{MAIN}"><si>{runs}</si></sst>'})


def styles(n: int) -> bytes:
    formats = '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>' * (n + 3)
    fonts = "".join(f'<font><sz val="{8 + k % 30}"/><name val="字体{k}"/></font>' for k in range(n + 1))
    own = "".join(f'<numFmt numFmtId="{200 + k}" formatCode="0.{"0" * (k % 9)}"/>' for k in range(n))
    return write_book(
        _book(),
        {
            "xl/styles.xml": f'{HEAD}<styleSheet xmlns="{MAIN}"><numFmts>{own}</numFmts><fonts>{fonts}</fonts>'
            "<fills><fill/></fills><borders><border/></borders>"
            '<cellStyleXfs><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
            f"<cellXfs>{formats}</cellXfs></styleSheet>"
        },
    )


def defined_names(n: int) -> bytes:
    book = _book()
    with zipfile.ZipFile(BytesIO(write_book(book))) as plain:
        xml = plain.read("xl/workbook.xml").decode()
    names = "".join(f'<definedName name="名{k}">{COVER}!$A${k + 1}</definedName>' for k in range(n))
    return write_book(
        book, {"xl/workbook.xml": xml.replace("</workbook>", f"<definedNames>{names}</definedNames></workbook>")}
    )


def validations(n: int) -> bytes:
    each = "".join(
        f'<dataValidation type="list" sqref="{address(10 + k, 40)}"><formula1>"是,否"</formula1></dataValidation>'
        for k in range(n)
    )
    return _with_xml(MAJORS, after=f'<dataValidations count="{n}">{each}</dataValidations>')


def conditional_formats(n: int) -> bytes:
    each = "".join(
        f'<conditionalFormatting sqref="{address(10 + k, 40)}"><cfRule type="expression" priority="{k + 1}">'
        "<formula>A1&gt;1</formula></cfRule></conditionalFormatting>"
        for k in range(n)
    )
    return _with_xml(MAJORS, after=each)


def hyperlinks(n: int) -> bytes:
    each = "".join(f'<hyperlink ref="{address(10 + k, 40)}" location="A{k + 1}"/>' for k in range(n))
    return _with_xml(MAJORS, after=f"<hyperlinks>{each}</hyperlinks>")


def column_spans(n: int) -> bytes:
    each = "".join(f'<col min="{k % 16_000 + 1}" max="16384" width="9"/>' for k in range(n))
    return _with_xml(MAJORS, before=f"<cols>{each}</cols>")


def comments(n: int) -> bytes:
    book = _book()
    part = _part_of(book, MAJORS)
    each = "".join(
        f'<comment ref="{address(10 + k, 40)}" authorId="0"><text><t>批注{k}</t></text></comment>' for k in range(n)
    )
    relations = (
        f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" Type="{OFFICE}/comments"'
        ' Target="../remarks.xml"/></Relationships>'
    )
    return write_book(
        book,
        {
            "xl/remarks.xml": f'{HEAD}<comments xmlns="{MAIN}"><authors><author>甲</author></authors>'
            f"<commentList>{each}</commentList></comments>",
            f"xl/worksheets/_rels/{part.rpartition('/')[2]}.rels": relations,
        },
    )


def relationships(n: int) -> bytes:
    book = _book()
    kept = "".join(
        f'<Relationship Id="rId{k}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{k}.xml"/>'
        for k in range(1, len(book.sheets) + 1)
    )
    more = "".join(f'<Relationship Id="x{k}" Type="{OFFICE}/theme" Target="theme{k}.xml"/>' for k in range(n))
    styles_too = f'<Relationship Id="s" Type="{OFFICE}/styles" Target="styles.xml"/>'
    xml = f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">{kept}{styles_too}{more}</Relationships>'
    return write_book(book, {"xl/_rels/workbook.xml.rels": xml})


def properties(n: int) -> bytes:
    opened = "<cp:x>" * n + "</cp:x>" * n + "<dcterms:created>" * (n % 2)
    return write_book(
        _book(),
        {
            "docProps/core.xml": f'{HEAD}<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties"'
            f' xmlns:dcterms="http://purl.org/dc/terms/">{opened}</cp:coreProperties>'
        },
    )


def nested(n: int) -> bytes:
    """Elements within elements, where a cell's text is expected."""
    book = _book()
    xml = sheet_xml(book.sheet(PROFILE))
    deep = f'<row r="300"><c r="U300" t="inlineStr"><is>{"<r>" * n}<t>深</t>{"</r>" * n}</is></c></row>'
    return write_book(book, {_part_of(book, PROFILE): xml.replace("</sheetData>", f"{deep}</sheetData>")})


def attributes(n: int) -> bytes:
    many = " ".join(f"a{k}={quoteattr(str(k))}" for k in range(n))
    return _with_xml(PROFILE, after=f"<pageSetup {many}/>")


def drawings(n: int) -> bytes:
    """Pictures that are not there, on one drawing."""
    book = _book()
    part = _part_of(book, MAJORS)
    name = part.rpartition("/")[2]
    relations = "".join(f'<Relationship Id="p{k}" Type="{OFFICE}/image" Target="../media/{k}.png"/>' for k in range(n))
    opening = f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">'
    to_drawing = f'<Relationship Id="rId1" Type="{OFFICE}/drawing" Target="../drawings/drawing1.xml"/></Relationships>'
    drawing = f'{HEAD}<xdr:wsDr xmlns:xdr="{NAMESPACE}/drawingml/2006/spreadsheetDrawing"></xdr:wsDr>'
    return _with_xml(
        MAJORS,
        after='<drawing r:id="rId1"/>',
        extra={
            f"xl/worksheets/_rels/{name}.rels": opening + to_drawing,
            "xl/drawings/drawing1.xml": drawing,
            "xl/drawings/_rels/drawing1.xml.rels": f"{opening}{relations}</Relationships>",
        },
    )


DIMENSIONS: dict[str, Callable[[int], bytes]] = {
    build.__name__: build
    for build in (
        rows, same_keys, doubted, strays, columns, repeated_headings, repeated_items, merges, hidden_rows, blank_rows,
        formulas, long_formula, long_text, huge_number, dates, sheets, long_title, explained, shared_strings,
        rich_text, styles, defined_names, validations, conditional_formats, hyperlinks, column_spans, comments,
        relationships, properties, nested, attributes, drawings,
    )
}  # fmt: skip
