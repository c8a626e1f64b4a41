"""The package (OPC) of a workbook: which of its parts are the workbook, its sheets, its shared texts.

Programs name and address parts in many ways: other names for workbook.xml, letters in either case, `\\`, `./` and
`../` in targets, `%` escapes, UTF-16. Relations and content types say what is what; a reader gets the parts packed anew
under the usual names, and a workbook that has of each sheet its title alone.
"""

import posixpath
import re
import zipfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from urllib.parse import unquote
from xml.sax.saxutils import quoteattr

from sources.read.comments import NOTES, THREADS, CommentPart
from sources.read.sheet_xml import MAIN, RefusedError, elements, root_of

ROOT_RELATIONS = "_rels/.rels"
CONTENT_TYPES = "[content_types].xml"
USUAL = {
    "officeDocument": "xl/workbook.xml",
    "core-properties": "docprops/core.xml",
    "custom-properties": "docprops/custom.xml",
}
"""Where these parts lie when no relation says so; names of parts are compared without regard to case."""
WRITTEN_TYPES = (
    b'<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    b'<Default Extension="xml" ContentType="application/xml"/></Types>'
)
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
BOOK_TYPE = re.compile(r"application/vnd\.(?:openxmlformats-officedocument|ms-excel)\.\S*\.main\+xml", re.IGNORECASE)
"""The content type of a workbook, a template, or either with macros."""
BINARY_TYPE = "application/vnd.ms-excel.sheet.binary"
OTHER_DOCUMENTS = {"document": "Word 文档", "presentation": "演示文稿"}
"""What a document is whose first element has this name."""
TABLE_ENDINGS = (".xlsx", ".xlsm", ".xls", ".et")
SHOWN_TITLE = 60
SHEET_KINDS = ("worksheet", "chartsheet", "dialogsheet")
"""Kinds of sheets; any other (a sheet of macros) is a program, and not read."""
DECLARED_ENCODING = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
"""Byte order marks, which need not agree with what is declared."""
UNMARKED = ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
ASCII_ALIKE = ("utf-8", "utf-16", "us-ascii", "ascii")
"""Declared by a document whose first letters take a byte each, so that it can be UTF-8 only."""
OTHER_ENCODINGS = ("gb18030", "gbk", "gb2312", "big5", "iso-8859-1", "windows-1252")


@dataclass(frozen=True)
class PartRelation:
    """A relation of a part: its id, the last word of its type, and the part that it leads to."""

    id: str
    kind: str
    part: str


@dataclass(frozen=True)
class SheetPart:
    """A sheet's part, and its kind: one of SHEET_KINDS, or what else its first element or its relation calls it.

    `name`: the part's, folded.
    """

    kind: str
    xml: bytes
    is_hidden: bool = False
    comments: tuple[CommentPart, ...] = ()
    name: str = ""


@dataclass
class Package:
    """The parts of a workbook that are read; `sheets` by title, in order."""

    workbook: bytes
    strings: bytes | None = None
    styles: bytes | None = None
    theme: bytes | None = None
    properties: bytes | None = None
    custom: bytes | None = None
    sheets: dict[str, SheetPart] = field(default_factory=dict)
    counts_from_1904: bool = False


def part_name(name: str) -> str:
    """The name of a part, of the many that an entry of the archive or a target may have for it; case aside."""
    return posixpath.normpath("/" + unquote(name.replace("\\", "/"))).lstrip("/")


def utf_8(part: bytes, name: str) -> bytes:
    """A part's XML in UTF-8 without a declaration of another encoding. RefusedError where it is not decodable."""
    mark, encoding = next(((mark, code) for mark, code in MARKS if part.startswith(mark)), (b"", ""))
    encoding = encoding or next((code for start, code in UNMARKED if part.startswith(start)), "")
    if not encoding:
        declared = DECLARED_ENCODING.match(part[:300].lstrip())
        encoding = declared[1].decode().lower() if declared else "utf-8"
        if encoding == "utf-8":
            return part
        if encoding in ASCII_ALIKE:
            encoding = "utf-8"
        elif encoding not in OTHER_ENCODINGS:
            raise RefusedError("file.malformed", f"{name} 的编码（{encoding}）不是 UTF-8")
    try:
        text = part[len(mark) :].decode(encoding)
    except UnicodeDecodeError:
        raise RefusedError("file.malformed", f"{name} 的文字与它的编码（{encoding}）不符") from None
    return DECLARATION.sub("", text, count=1).encode("utf-8", "replace")


def xml_parts(types: bytes) -> tuple[set[str], set[str]]:
    """Names of parts, and endings of names, that content types declare to be XML; folded."""
    names, endings = set[str](), set[str]()
    for element, attributes in elements(types, "内容类型"):
        if attributes.get("ContentType", "").lower().endswith("xml"):
            if element == "Override":
                names.add(part_name(attributes.get("PartName", "")).casefold())
            elif element == "Default":
                endings.add("." + attributes.get("Extension", "").casefold())
    return names, endings


def check_is_workbook(names: Collection[str]) -> None:
    """Raises RefusedError that says what it is for an archive whose entries are not those of a workbook."""
    folded = {name.casefold() for name in names}
    if any(name == "xl/workbook.bin" for name in folded):
        raise RefusedError("file.old_format")
    if {"content.xml", "meta-inf/manifest.xml"} <= folded:
        raise RefusedError("file.other_format", "OpenDocument 表格（.ods）")
    if any(name == "index.zip" or name.endswith(".iwa") for name in folded):
        raise RefusedError("file.other_format", "Numbers 表格（.numbers）")
    if not folded & {ROOT_RELATIONS, CONTENT_TYPES, USUAL["officeDocument"]}:
        tables = sum(name.endswith(TABLE_ENDINGS) for name in folded)
        raise RefusedError("file.not_a_workbook", f"压缩包，里面有 {tables} 份表格" if tables else "压缩包或其他文档")


def open_package(parts: Mapping[str, bytes]) -> Package:
    """The workbook among the parts.

    Raises RefusedError for a sheet without a part, two sheets of one title, and where no workbook is found.
    """
    by_name = {name.casefold(): part for name, part in parts.items()}
    of_root = {relation.kind: relation.part for relation in relations_of(by_name, "")}
    main = main_part(by_name, of_root.get("officeDocument"))
    relations = list(relations_of(by_name, main))
    of_book = {relation.kind: by_name.get(relation.part) for relation in relations}
    folder = posixpath.dirname(main)
    package = Package(
        by_name[main],
        of_book.get("sharedStrings") or by_name.get(posixpath.join(folder, "sharedstrings.xml")),
        of_book.get("styles") or by_name.get(posixpath.join(folder, "styles.xml")),
        of_book.get("theme"),
        by_name.get(of_root.get("core-properties", USUAL["core-properties"])),
        by_name.get(of_root.get("custom-properties", USUAL["custom-properties"])),
    )
    by_id = {relation.id: relation for relation in relations}
    for name, attributes in elements(package.workbook, "工作簿"):
        if name == "workbookPr":
            package.counts_from_1904 |= attributes.get("date1904") in ("1", "true", "on")
        if name == "sheet":
            title, of_sheet = attributes.get("name", ""), by_id.get(attributes.get("id", ""))
            if title in package.sheets:
                raise RefusedError("file.malformed", f"有两张名为“{title[:SHOWN_TITLE]}”的工作表")
            if of_sheet is None or of_sheet.part not in by_name:
                raise RefusedError("file.malformed", f"工作簿列出了“{title[:SHOWN_TITLE]}”表，文件里却没有它的内容")
            xml, is_hidden = by_name[of_sheet.part], attributes.get("state", "visible") != "visible"
            comments = _comments_of(by_name, of_sheet.part)
            package.sheets[title] = SheetPart(root_of(xml) or of_sheet.kind, xml, is_hidden, comments, of_sheet.part)
    return package


def pack(package: Package) -> bytes:
    """The package with its parts under their usual names, and nothing else in it."""
    relations = []
    sheets = []
    parts: dict[str, bytes] = {}
    for number, (title, sheet) in enumerate(package.sheets.items(), 1):
        kind = sheet.kind if sheet.kind in SHEET_KINDS else "dialogsheet"
        target = f"{kind}s/sheet{number}.xml"
        parts[f"xl/{target}"] = sheet.xml
        relations.append(PartRelation(f"rId{number}", kind, target))
        sheets.append(f'<sheet name={quoteattr(title)} sheetId="{number}" r:id="rId{number}"/>')
    for kind, file, part in (
        ("sharedStrings", "sharedStrings.xml", package.strings),
        ("styles", "styles.xml", package.styles),
    ):
        if part is not None:
            parts[f"xl/{file}"] = part
            relations.append(PartRelation(f"nianbao-{kind}", kind, file))
    parts["xl/workbook.xml"] = (
        f'<?xml version="1.0" encoding="UTF-8"?><workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">'
        f'<workbookPr date1904="{int(package.counts_from_1904)}"/><sheets>{"".join(sheets)}</sheets></workbook>'
    ).encode()
    parts["xl/_rels/workbook.xml.rels"] = _written(relations)
    parts[ROOT_RELATIONS] = _written([PartRelation("nianbao-book", "officeDocument", "xl/workbook.xml")])
    parts["[Content_Types].xml"] = WRITTEN_TYPES
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def main_part(by_name: Mapping[str, bytes], related: str | None) -> str:
    """The workbook's part: as the package's relation says, or the content types, or where it usually lies."""
    typed = []
    for element, attributes in elements(by_name.get(CONTENT_TYPES, b"<none/>"), "内容类型"):
        kind, part = attributes.get("ContentType", ""), part_name(attributes.get("PartName", "")).casefold()
        if element == "Override" and kind.lower().startswith(BINARY_TYPE) and related in (None, part):
            raise RefusedError("file.old_format")
        if element == "Override" and BOOK_TYPE.fullmatch(kind):
            typed.append(part)
    main = next((each for each in (related, *typed, USUAL["officeDocument"]) if each in by_name), None)
    root = root_of(by_name[main]) if main else ""
    if main is None or root in OTHER_DOCUMENTS:
        raise RefusedError("file.not_a_workbook", OTHER_DOCUMENTS.get(root, "压缩包或其他文档"))
    return main


def relations_of(by_name: Mapping[str, bytes], part: str) -> Iterator[PartRelation]:
    """The relations of a part (of the whole package: ''), with their targets as names of parts."""
    folder, name = posixpath.split(part)
    relations = by_name.get(posixpath.join(folder, "_rels", f"{name}.rels"), b"<none/>")
    for element, attributes in elements(relations, "部件之间的关系"):
        if element == "Relationship" and attributes.get("TargetMode") != "External":
            kind = attributes.get("Type", "").rpartition("/")[2]
            yield PartRelation(attributes.get("Id", ""), kind, resolved(attributes.get("Target", ""), folder, by_name))


def _comments_of(by_name: Mapping[str, bytes], sheet: str) -> tuple[CommentPart, ...]:
    """The parts with a sheet's comments; one without XML where they cannot be found. Never raises."""
    try:
        relations = [each for each in relations_of(by_name, sheet) if each.kind in (NOTES, THREADS)]
    except RefusedError:  # nothing else of a sheet's relations is needed
        return (CommentPart(NOTES, b""),)
    return tuple(CommentPart(each.kind, by_name.get(each.part, b"")) for each in relations)


def resolved(target: str, folder: str, by_name: Collection[str]) -> str:
    """The name of the part that a target leads to, seen from a folder; some mean the root without saying so."""
    path = target.replace("\\", "/").partition("#")[0]
    seen_from_folder = part_name(posixpath.join(folder, path)).casefold()
    from_root = part_name(path).casefold()
    return from_root if seen_from_folder not in by_name and from_root in by_name else seen_from_folder


def _written(relations: list[PartRelation]) -> bytes:
    lines = "".join(
        f'<Relationship Id={quoteattr(each.id)} Target={quoteattr(each.part)} Type="{OFFICE}/{each.kind}"/>'
        for each in relations
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="{RELATIONSHIPS}">{lines}</Relationships>'.encode()
    )
