"""What the standards allow that a program may do to a workbook when it writes it, part by part; and what is broken.

OPC (ISO 29500-2) says how parts are named, packed and found, SpreadsheetML (ISO 29500-1, -4) what stands in them. Each
change here is made to the parts of a workbook that some program wrote; the cells must stay what they were.
"""

import re
import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO
from random import Random
from urllib.parse import quote

from lxml import etree

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT = {
    MAIN: "http://purl.oclc.org/ooxml/spreadsheetml/main",
    OFFICE: "http://purl.oclc.org/ooxml/officeDocument/relationships",
}
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
ROOT, CONTENT_TYPES = "_rels/.rels", "[Content_Types].xml"
Parts = dict[str, bytes]
Change = Callable[[Parts, Random], Parts]
Tree = etree._Element


@dataclass(frozen=True)
class Changed:
    """A way to write a workbook: how its parts are changed, and how they are packed.

    `refused`: the rule under which it must be refused; '': it is allowed, and the cells are what they were.
    """

    name: str
    parts: Change
    pack: Callable[[Parts], bytes]
    refused: str = ""


def parts_of(data: bytes) -> Parts:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}


def packed(parts: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def unchanged(parts: Parts, _: Random) -> Parts:
    return parts


# Names of parts, and how relations lead to them


def book_of(parts: Parts) -> str:
    """The name of the workbook's part."""
    for relation in etree.fromstring(parts[ROOT]):
        if relation.get("Type").endswith("/officeDocument"):
            return relation.get("Target").lstrip("/")
    raise AssertionError("no workbook")


def relations_of(part: str) -> str:
    folder, _, name = part.rpartition("/")
    return f"{folder}/_rels/{name}.rels".lstrip("/")


def with_targets(change: Callable[[str], str]) -> Change:
    """The targets of the workbook's relations written in another way; they are given as names of parts in xl/."""

    def changed(parts: Parts, _: Random) -> Parts:
        name = relations_of(book_of(parts))
        tree = etree.fromstring(parts[name])
        for relation in tree:
            if relation.get("TargetMode") != "External":
                relation.set("Target", change(relation.get("Target").removeprefix("/xl/")))
        return parts | {name: etree.tostring(tree, xml_declaration=True, encoding="UTF-8", standalone=True)}

    return changed


def renamed(parts: Parts, names: Mapping[str, str]) -> Parts:
    """Parts under other names, and all that names them: relations, content types."""
    new = {names.get(name, name): content for name, content in parts.items()}
    types = etree.fromstring(new[CONTENT_TYPES])
    for override in types.iter(f"{{{TYPES}}}Override"):
        name = override.get("PartName").lstrip("/")
        override.set("PartName", "/" + names.get(name, name))
    new[CONTENT_TYPES] = etree.tostring(types, xml_declaration=True, encoding="UTF-8")
    for name in [name for name in parts if name.endswith(".rels")]:
        folder = name.rpartition("_rels/")[0]
        tree = etree.fromstring(parts[name])
        for relation in tree:
            if relation.get("TargetMode") != "External":
                part = resolved(folder, relation.get("Target"))
                relation.set("Target", "/" + names.get(part, part))
        new[names.get(name, name)] = etree.tostring(tree, xml_declaration=True, encoding="UTF-8")
    return new


def resolved(folder: str, target: str) -> str:
    path = target if target.startswith("/") else f"/{folder}{target}"
    found: list[str] = []
    for step in path.split("/"):
        if step == "..":
            found.pop()
        elif step not in ("", "."):
            found.append(step)
    return "/".join(found)


def renaming(change: Callable[[str], str], which: Callable[[str], bool] = lambda name: True) -> Change:
    def changed(parts: Parts, _: Random) -> Parts:
        book = book_of(parts)
        names = {
            name: change(name) for name in parts if which(name) and not name.endswith(".rels") and name != CONTENT_TYPES
        }
        if book in names:
            names[relations_of(book)] = relations_of(names[book])
        return renamed(parts, names)

    return changed


def is_sheet(name: str) -> bool:
    return "/worksheets/" in name.lower() and name.lower().endswith(".xml")


def is_strings(name: str) -> bool:
    return "sharedstrings" in name.lower()


def is_book(name: str) -> bool:
    return name.rpartition("/")[2] == "workbook.xml"


def zip_names(change: Callable[[str], str]) -> Change:
    """Only the entries of the zip are named otherwise: their parts are the same for OPC, or for those who read it."""
    return lambda parts, _: {change(name): content for name, content in parts.items()}


def some_upper(parts: Parts, random: Random) -> Parts:
    """Letters in either case, drawn by chance: names of parts are compared without regard to it."""
    return {
        name if name == CONTENT_TYPES else "".join(random.choice((c, c.upper())) for c in name): content
        for name, content in parts.items()
    }


def percent_encoded(parts: Parts, _: Random) -> Parts:
    """Targets are URIs, names of parts may have other letters than ASCII: both forms are met."""
    sheets = {name: name.replace("sheet", "表") for name in parts if is_sheet(name)}
    new = renamed(parts, sheets)
    book = relations_of(book_of(parts))
    tree = etree.fromstring(new[book])
    for relation in tree:
        relation.set("Target", quote(relation.get("Target")))
    return new | {book: etree.tostring(tree, xml_declaration=True, encoding="UTF-8")}


def percent_encoded_names(parts: Parts, _: Random) -> Parts:
    sheets = {name: name.replace("sheet", "表") for name in parts if is_sheet(name)}
    return {quote(name) if name in sheets.values() else name: part for name, part in renamed(parts, sheets).items()}


def without(*words: str) -> Change:
    """Parts that nobody must write, and the relations that lead to them, left out."""

    def changed(parts: Parts, _: Random) -> Parts:
        new = {name: part for name, part in parts.items() if not any(word in name.lower() for word in words)}
        for name in [name for name in new if name.endswith(".rels")]:
            tree = etree.fromstring(new[name])
            for relation in list(tree):
                if any(word in relation.get("Target").lower() for word in words):
                    tree.remove(relation)
            new[name] = etree.tostring(tree, xml_declaration=True, encoding="UTF-8")
        return new

    return changed


def defaults_only(parts: Parts, _: Random) -> Parts:
    """Content types with the workbook's alone, as some libraries write them."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    return parts | {
        CONTENT_TYPES: (
            f'<Types xmlns="{TYPES}"><Default Extension="xml" ContentType="application/xml"/><Override PartName='
            f'"/{book_of(parts)}" ContentType="{kind}"/></Types>'
        ).encode()
    }


def other_endings(parts: Parts, random: Random) -> Parts:
    """Parts need not end in .xml: their content type says what they are."""
    return renaming(lambda name: name.removesuffix(".xml") + ".part", lambda name: is_sheet(name) or is_strings(name))(
        parts, random
    )


def other_relation_ids(parts: Parts, _: Random) -> Parts:
    book, relations = book_of(parts), relations_of(book_of(parts))
    tree, sheets = etree.fromstring(parts[relations]), etree.fromstring(parts[book])
    for relation in tree:
        relation.set("Id", "_" + relation.get("Id") + "-关系")
    for element in sheets.iter():
        for name in (f"{{{space}}}id" for space in (OFFICE, STRICT[OFFICE])):
            if (at := element.get(name)) is not None:
                element.set(name, "_" + at + "-关系")
    return parts | {relations: etree.tostring(tree), book: etree.tostring(sheets)}


# The XML of all parts


def xml_of_all(change: Callable[[bytes], bytes]) -> Change:
    return lambda parts, _: {
        name: change(part) if name.lower().endswith((".xml", ".rels")) else part for name, part in parts.items()
    }


def in_encoding(encoding: str) -> Change:
    return xml_of_all(lambda part: etree.tostring(etree.fromstring(part), xml_declaration=True, encoding=encoding))


def in_utf_16_big(part: bytes) -> bytes:
    text = etree.tostring(etree.fromstring(part), encoding="unicode")
    return b"\xfe\xff" + f'<?xml version="1.0" encoding="UTF-16"?>{text}'.encode("utf-16-be")


def in_utf_16_unsaid(part: bytes) -> bytes:
    return etree.tostring(etree.fromstring(part), encoding="unicode").encode("utf-16")


def indented(part: bytes) -> bytes:
    """Every element on a line of its own, with comments and instructions between, but for texts."""
    tree = etree.fromstring(part)
    for element in tree.iter():
        is_text = etree.QName(element).localname in ("t", "v", "f", "is", "si", "r", "lpstr")
        if not is_text and not (element.text or "").strip() and len(element):
            element.text = "\r\n  "
        parent = element.getparent()
        if parent is not None and etree.QName(parent).localname not in ("t", "v", "f", "is", "si", "r", "lpstr"):
            element.tail = "\r\n  "
    return b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8" ?>\r\n<!-- saved --><?ink a?>' + etree.tostring(tree)


def in_character_references(part: bytes) -> bytes:
    return etree.tostring(etree.fromstring(part), encoding="ascii")


def in_single_quotes(part: bytes) -> bytes:
    return re.sub(rb'="([^"\'<>]*)"', rb"='\1'", part)


def prefixed(parts: Parts, _: Random) -> Parts:
    """The main name space with a prefix, as some libraries write it."""

    def with_prefix(part: bytes) -> bytes:
        tree = etree.fromstring(part)
        if etree.QName(tree).namespace != MAIN:
            return part
        names = {("x" if uri == MAIN else prefix): uri for prefix, uri in tree.nsmap.items()}
        root = etree.Element(tree.tag, dict(tree.attrib), nsmap=names)
        root.text = tree.text
        root.extend(list(tree))
        etree.cleanup_namespaces(root, keep_ns_prefixes=list(names))
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)

    return {name: with_prefix(part) if name.lower().endswith(".xml") else part for name, part in parts.items()}


def strict(part: bytes) -> bytes:
    for transitional, other in STRICT.items():
        part = part.replace(transitional.encode(), other.encode())
    return part


def with_alternate_content(parts: Parts, _: Random) -> Parts:
    """As Excel writes them: where the file lay, and names that other programs ignore."""
    compatibility = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    book = book_of(parts)
    tree = etree.fromstring(parts[book])
    root = etree.Element(
        tree.tag, dict(tree.attrib), nsmap={**tree.nsmap, "mc": compatibility, "x15": "urn:x15", "xr": "urn:xr"}
    )
    root.set(f"{{{compatibility}}}Ignorable", "x15 xr")
    alternate = etree.SubElement(root, f"{{{compatibility}}}AlternateContent")
    choice = etree.SubElement(alternate, f"{{{compatibility}}}Choice", Requires="x15")
    etree.SubElement(choice, "{urn:x15}absPath", url="C:\\学校\\")
    etree.SubElement(root, "{urn:xr}revisionPtr", revIDLastSave="0")
    root.extend(list(tree))
    return parts | {book: etree.tostring(root, xml_declaration=True, encoding="UTF-8")}


# Cells of the sheets


def in_sheets(change: Callable[[Tree, Random], None]) -> Change:
    """Changes the rows of every sheet, given as the tree of `sheetData`."""

    def changed(parts: Parts, random: Random) -> Parts:
        new = dict(parts)
        for name in filter(is_sheet, parts):
            is_strict = STRICT[MAIN].encode() in parts[name]
            tree = etree.fromstring(parts[name].replace(STRICT[MAIN].encode(), MAIN.encode()))
            for data in tree.iter(f"{{{MAIN}}}sheetData"):
                change(data, random)
            written = etree.tostring(tree, xml_declaration=True, encoding="UTF-8", standalone=True)
            new[name] = strict(written) if is_strict else written
        return new

    return changed


def cells_of(data: Tree) -> list[Tree]:
    return list(data.iter(f"{{{MAIN}}}c"))


def without_addresses(data: Tree, _: Random) -> None:
    """No r where the place follows from what stands before; blank cells and rows hold the places between."""
    at = 0
    for row in list(data):
        number = int(row.get("r", at + 1))
        for _row in range(at + 1, number):
            row.addprevious(etree.Element(f"{{{MAIN}}}row"))
        at = number
        row.attrib.pop("r", None)
        column = 0
        for cell in list(row):
            if (reference := cell.attrib.pop("r", None)) is not None:
                wanted = column_number(reference)
                for _cell in range(column + 1, wanted):
                    cell.addprevious(etree.Element(f"{{{MAIN}}}c"))
                column = wanted
            else:
                column += 1


def column_number(reference: str) -> int:
    number = 0
    for letter in reference:
        if letter.isalpha():
            number = number * 26 + ord(letter) - ord("A") + 1
    return number


def rows_out_of_order(data: Tree, random: Random) -> None:
    rows = list(data)
    random.shuffle(rows)
    data.extend(rows)


def cells_out_of_order(data: Tree, random: Random) -> None:
    for row in data:
        cells = list(row)
        random.shuffle(cells)
        row.extend(cells)


def blank_between(data: Tree, random: Random) -> None:
    """Empty rows and cells that have only a format."""
    for row in list(data):
        number = int(row.get("r", 0))
        row.set("spans", "1:16384")
        row.set("customHeight", "1")
        if number and random.random() < 0.3:
            last = max((column_number(cell.get("r", "A")) for cell in row), default=0)
            etree.SubElement(row, f"{{{MAIN}}}c", r=f"{letters(last + 1)}{number}")
    numbers = [int(row.get("r", 0)) for row in data]
    if numbers and all(numbers):
        etree.SubElement(data, f"{{{MAIN}}}row", r=str(max(numbers) + 3))


def letters(number: int) -> str:
    found = ""
    while number:
        number, rest = divmod(number - 1, 26)
        found = chr(ord("A") + rest) + found
    return found


def in_scientific(data: Tree, _: Random) -> None:
    for cell in cells_of(data):
        value = cell.find(f"{{{MAIN}}}v")
        if value is not None and value.text and cell.get("t", "n") == "n" and re.fullmatch(r"\d{2,9}", value.text):
            value.text = f"{value.text[0]}.{value.text[1:]}E+{len(value.text) - 1}"


def with_kind_of_number(data: Tree, _: Random) -> None:
    for cell in cells_of(data):
        if cell.find(f"{{{MAIN}}}v") is not None and cell.get("t") is None:
            cell.set("t", "n")


def with_extensions(parts: Parts, random: Random) -> Parts:
    """What newer programs add to sheets: ids, extension lists, no dimension."""

    def change(part: bytes) -> bytes:
        tree = etree.fromstring(part)
        for dimension in list(tree.iter(f"{{{MAIN}}}dimension")):
            tree.remove(dimension)
        extension = etree.SubElement(etree.SubElement(tree, f"{{{MAIN}}}extLst"), f"{{{MAIN}}}ext", uri="{1}")
        etree.SubElement(extension, "{urn:x14}sparklineGroups")
        return etree.tostring(tree, xml_declaration=True, encoding="UTF-8")

    return {name: change(part) if is_sheet(name) else part for name, part in parts.items()}


def inline(parts: Parts, _: Random) -> Parts:
    """Every shared text put into its cells."""
    strings = next((name for name in parts if is_strings(name)), None)
    if strings is None:
        return parts
    shared = list(etree.fromstring(parts[strings]))
    new = dict(parts)
    for name in filter(is_sheet, parts):
        tree = etree.fromstring(parts[name])
        for cell in list(tree.iter(f"{{{MAIN}}}c")):
            value = cell.find(f"{{{MAIN}}}v")
            if cell.get("t") == "s" and value is not None and value.text:
                text = etree.fromstring(etree.tostring(shared[int(value.text)]))
                text.tag = f"{{{MAIN}}}is"
                cell.remove(value)
                cell.append(text)
                cell.set("t", "inlineStr")
        new[name] = etree.tostring(tree, xml_declaration=True, encoding="UTF-8")
    return new


def as_results(parts: Parts, _: Random) -> Parts:
    """Every plain text as if a formula had given it: t="str"."""
    new = inline(parts, Random(0))
    for name in filter(is_sheet, parts):
        tree = etree.fromstring(new[name])
        for cell in list(tree.iter(f"{{{MAIN}}}c")):
            inside = cell.find(f"{{{MAIN}}}is")
            if inside is not None and len(inside) == 1 and (text := inside.findtext(f"{{{MAIN}}}t")):
                cell.remove(inside)
                value = etree.SubElement(cell, f"{{{MAIN}}}v")
                value.text = text
                value.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
                cell.set("t", "str")
        new[name] = etree.tostring(tree, xml_declaration=True, encoding="UTF-8")
    return new


def rich(parts: Parts, _: Random) -> Parts:
    """Texts in two runs, with a phonetic reading that is no part of them."""
    strings = next((name for name in parts if is_strings(name)), None)
    if strings is None:
        return parts
    tree = etree.fromstring(parts[strings])
    for item in tree:
        text = item.findtext(f"{{{MAIN}}}t")
        if len(item) == 1 and text:
            item.remove(item[0])
            for piece in (text[:1], text[1:]):
                run = etree.SubElement(etree.SubElement(item, f"{{{MAIN}}}r"), f"{{{MAIN}}}t")
                run.text = piece
                run.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
            reading = etree.SubElement(item, f"{{{MAIN}}}rPh", sb="0", eb="1")
            etree.SubElement(reading, f"{{{MAIN}}}t").text = "yin"
    return parts | {strings: etree.tostring(tree, xml_declaration=True, encoding="UTF-8")}


# What some programs do


def numbers_as_java(parts: Parts, random: Random) -> Parts:
    """2591.0 and 1.23456789012345E14, as Java and Google write numbers."""

    def change(data: Tree, _: Random) -> None:
        for cell in cells_of(data):
            value = cell.find(f"{{{MAIN}}}v")
            if value is not None and value.text and cell.get("t", "n") == "n":
                number = float(value.text)
                value.text = repr(number) if abs(number) < 1e7 else f"{number:.15E}"

    return in_sheets(change)(parts, random)


def days_as_cells(parts: Parts, random: Random) -> Parts:
    """Dates as cells of ISO 8601 (t="d"), with or without a zone."""
    formats = [
        int(each.get("numFmtId")) for each in etree.fromstring(parts["xl/styles.xml"]).find(f"{{{MAIN}}}cellXfs")
    ]
    days = {
        int(each.get("numFmtId"))
        for each in etree.fromstring(parts["xl/styles.xml"]).iter(f"{{{MAIN}}}numFmt")
        if each.get("formatCode") == "yyyy-mm-dd"
    }

    def change(data: Tree, random: Random) -> None:
        for cell in cells_of(data):
            value = cell.find(f"{{{MAIN}}}v")
            if value is not None and formats[int(cell.get("s", "0"))] in days:
                day = (date(1899, 12, 30) + timedelta(int(float(value.text)))).isoformat()
                value.text = day + random.choice(("", "T00:00:00", "T00:00:00Z", "T00:00:00.000+08:00"))
                cell.set("t", "d")

    return in_sheets(change)(parts, random)


def as_wps(parts: Parts, _: Random) -> Parts:
    """WPS names itself among the properties, and has a name space of its own in each sheet."""
    custom = (
        '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties" xmlns:vt="http://'
        'schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"><property fmtid="{D5CDD505-2E9C-101B-9397-'
        '08002B2CF9AE}" pid="2" name="KSOProductBuildVer"><vt:lpwstr>2052-12.1.0.15990</vt:lpwstr></property>'
        "</Properties>"
    )
    own = b' xmlns:etc="http://www.wps.cn/officeDocument/2017/etCustomData">'
    sheets = {
        name: re.sub(rb"(<worksheet [^>]*)>", rb"\1" + own, part) for name, part in parts.items() if is_sheet(name)
    }
    return parts | sheets | {"docProps/custom.xml": custom.encode()}


def properties_of_net(parts: Parts, random: Random) -> Parts:
    """.NET puts the core properties under a name of its own, and says what they are by their ending."""
    name = "package/services/metadata/core-properties/1f2e.psmdcp"
    return renaming(lambda _: name, lambda part: part == "docProps/core.xml")(parts, random)


def with_mark(part: bytes) -> bytes:
    return b"\xef\xbb\xbf" + part


# How the parts are packed


def stored(parts: Parts) -> bytes:
    return packed(parts, zipfile.ZIP_STORED)


def reversed_order(parts: Parts) -> bytes:
    return packed(dict(reversed(parts.items())))


def with_folders(parts: Parts) -> bytes:
    folders = {f"{name.rpartition('/')[0]}/": b"" for name in parts if "/" in name}
    return packed({**folders, **parts})


def with_comment(parts: Parts) -> bytes:
    buffer = BytesIO(packed(parts))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = "由某某程序保存".encode()
    return buffer.getvalue()


class _Pipe(BytesIO):
    """A stream that cannot go back, so sizes follow the data of each part (data descriptors)."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise OSError

    def tell(self) -> int:
        raise OSError


def streamed(parts: Parts) -> bytes:
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return pipe.getvalue()


def in_zip64(parts: Parts) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            with archive.open(name, "w", force_zip64=True) as stream:
                stream.write(content)
    return buffer.getvalue()


def local_sizes_zero(parts: Parts) -> bytes:
    """Sizes only in the directory, zero before the data, and no flag that says so."""
    data = bytearray(packed(parts))
    with zipfile.ZipFile(BytesIO(bytes(data))) as archive:
        for entry in archive.infolist():
            data[entry.header_offset + 14 : entry.header_offset + 26] = struct.pack("<III", 0, 0, 0)
    return bytes(data)


def followed_by_zeros(parts: Parts) -> bytes:
    return packed(parts) + b"\0" * 70_000


def followed_by_text(parts: Parts) -> bytes:
    return packed(parts) + b"\r\n--boundary--\r\n"


# What is broken


def cut_off(parts: Parts) -> bytes:
    """Sent by two thirds."""
    data = packed(parts)
    return data[: len(data) * 2 // 3]


def without_directory(parts: Parts) -> bytes:
    data = packed(parts)
    return data[: data.index(b"PK\x01\x02")]


def with_flipped_bit(parts: Parts) -> bytes:
    """A bit of a sheet is another than it was when it was packed."""
    data = bytearray(stored(parts))
    with zipfile.ZipFile(BytesIO(bytes(data))) as archive:
        entry = next(entry for entry in archive.infolist() if is_sheet(entry.filename))
    data[entry.header_offset + 30 + len(entry.filename) + entry.file_size // 2] ^= 1
    return bytes(data)


def with_other_sizes(parts: Parts) -> bytes:
    """The directory says that a sheet has more bytes than there are."""
    data = bytearray(packed(parts))
    with zipfile.ZipFile(BytesIO(bytes(data))) as archive:
        entry = next(entry for entry in archive.infolist() if is_sheet(entry.filename))
        place = data.index(b"PK\x01\x02", archive.start_dir)
        while data[place + 46 : place + 46 + len(entry.filename)] != entry.filename.encode():
            place = data.index(b"PK\x01\x02", place + 4)
    data[place + 24 : place + 28] = struct.pack("<I", entry.file_size + 1000)
    return bytes(data)


def with_a_part_twice(parts: Parts) -> bytes:
    sheet = next(filter(is_sheet, parts))
    return packed({**parts, sheet.upper(): parts[sheet]})


def locked(parts: Parts) -> bytes:
    """The flag of a password in both tables of the archive."""
    data = bytearray(packed(parts))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(signature)
        while place >= 0:
            data[place + offset] |= 1
            place = data.find(signature, place + 4)
    return bytes(data)


def without_a_sheet(parts: Parts, _: Random) -> Parts:
    sheet = next(filter(is_sheet, parts))
    return {name: part for name, part in parts.items() if name != sheet}


def with_cut_xml(parts: Parts, random: Random) -> Parts:
    sheet = next(filter(is_sheet, parts))
    return parts | {sheet: parts[sheet][: len(parts[sheet]) - random.randint(5, 60)]}


def with_a_cell_twice(parts: Parts, random: Random) -> Parts:
    def change(data: Tree, _: Random) -> None:
        row = etree.SubElement(data, f"{{{MAIN}}}row", r="400")
        for _cell in range(2):
            cell = etree.SubElement(row, f"{{{MAIN}}}c", r="B400")
            etree.SubElement(cell, f"{{{MAIN}}}v").text = "1"

    return in_sheets(change)(parts, random)


def with_a_text_that_is_not_there(parts: Parts, random: Random) -> Parts:
    def change(data: Tree, _: Random) -> None:
        cell = etree.SubElement(etree.SubElement(data, f"{{{MAIN}}}row", r="400"), f"{{{MAIN}}}c", r="B400", t="s")
        etree.SubElement(cell, f"{{{MAIN}}}v").text = "99999"

    return in_sheets(change)(parts, random)


def with_an_address_that_is_none(parts: Parts, random: Random) -> Parts:
    def change(data: Tree, _: Random) -> None:
        etree.SubElement(etree.SubElement(data, f"{{{MAIN}}}row", r="400"), f"{{{MAIN}}}c", r="B-4")

    return in_sheets(change)(parts, random)


def with_entities(parts: Parts, _: Random) -> Parts:
    sheet = next(filter(is_sheet, parts))
    tree = etree.tostring(etree.fromstring(parts[sheet]), encoding="unicode")
    return parts | {sheet: f'<!DOCTYPE worksheet [<!ENTITY a "b">]>{tree}'.encode("utf-16")}


def of_other_program(parts: Parts) -> bytes:
    """The same bytes in the folders of an OpenDocument table."""
    return packed({"mimetype": b"", "content.xml": b"<x/>", "META-INF/manifest.xml": b"<x/>"})


def way(name: str, change: Change = unchanged, pack: Callable[[Parts], bytes] = packed, refused: str = "") -> Changed:
    return Changed(name, change, pack, refused)


BROKEN = "broken, on purpose"
KINDS = {
    "names and targets": (
        way("as written"),
        way("targets with backslashes", with_targets(lambda target: target.replace("/", "\\"))),
        way("targets with ./", with_targets(lambda target: f"./{target}")),
        way("targets with ../", with_targets(lambda target: f"../xl/{target}")),
        way("targets up and down", with_targets(lambda target: f"../xl/worksheets/../{target}")),
        way("targets above the root", with_targets(lambda target: f"../../../xl/{target}")),
        way("targets from the root", with_targets(lambda target: f"/xl/{target}")),
        way(
            "targets from the root with backslashes", with_targets(lambda target: f"\\xl\\{target}".replace("/", "\\"))
        ),
        way("targets with the folder once more", with_targets(lambda target: f"xl/{target}")),
        way("targets in other case", with_targets(str.upper)),
        way("targets percent-encoded", percent_encoded),
        way("names percent-encoded", percent_encoded_names),
        way("names in either case", some_upper),
        way("names in capitals", zip_names(lambda name: name if name == CONTENT_TYPES else name.upper())),
        way("content types in other case", zip_names(lambda name: name.lower() if name == CONTENT_TYPES else name)),
        way("names with backslashes", zip_names(lambda name: name.replace("/", "\\"))),
        way("names from the root", zip_names(lambda name: f"/{name}")),
        way("names with ./", zip_names(lambda name: f"./{name}")),
        way("another name for the workbook", renaming(lambda name: "xl/workbook2.xml", is_book)),
        way("the workbook at the root", renaming(lambda name: "book.xml", is_book)),
        way("another folder", renaming(lambda name: re.sub(r"^xl/", "excel/", name))),
        way("no folders", renaming(lambda name: name.replace("/", "-"))),
        way("another name for the shared texts", renaming(lambda name: "xl/texts/1.xml", is_strings)),
        way("other names for the sheets", renaming(lambda name: name.replace("worksheets/sheet", "s/"), is_sheet)),
        way("parts that do not end in .xml", other_endings),
        way("other ids of relations", other_relation_ids),
    ),
    "parts left out": (
        way("no relations of the package", without("_rels/.rels")),
        way("no content types", without("content_types")),
        way("content type of the workbook alone", defaults_only),
        way("no styles", without("styles")),
        way("no theme, no properties", without("theme", "docprops", "calcchain")),
    ),
    "XML": (
        way("UTF-16", in_encoding("UTF-16")),
        way("UTF-16, big end first", xml_of_all(in_utf_16_big)),
        way("UTF-16, not said", xml_of_all(in_utf_16_unsaid)),
        way("GB18030", in_encoding("GB18030")),
        way("byte order mark, indented, comments", xml_of_all(indented)),
        way("character references", xml_of_all(in_character_references)),
        way("single quotes", xml_of_all(in_single_quotes)),
        way("prefixed", prefixed),
        way("strict", xml_of_all(strict)),
        way("alternate content", with_alternate_content),
        way("extensions, no dimension", with_extensions),
    ),
    "cells": (
        way("no addresses", in_sheets(without_addresses)),
        way("rows out of order", in_sheets(rows_out_of_order)),
        way("cells out of order", in_sheets(cells_out_of_order)),
        way("blank rows and cells", in_sheets(blank_between)),
        way("scientific numbers", in_sheets(in_scientific)),
        way("numbers said to be such", in_sheets(with_kind_of_number)),
        way("texts in their cells", inline),
        way("texts as results", as_results),
        way("texts in runs", rich),
    ),
    "archive": (
        way("stored", pack=stored),
        way("last part first", pack=reversed_order),
        way("entries for folders", pack=with_folders),
        way("a comment of the archive", pack=with_comment),
        way("data descriptors", pack=streamed),
        way("zip64", pack=in_zip64),
        way("sizes in the directory alone", pack=local_sizes_zero),
        way("zeros after it", pack=followed_by_zeros),
        way("text after it", pack=followed_by_text),
    ),
    BROKEN: (
        way("cut off", pack=cut_off, refused="file.damaged"),
        way("no directory", pack=without_directory, refused="file.damaged"),
        way("other sizes", pack=with_other_sizes, refused="file.damaged"),
        way("a flipped bit", pack=with_flipped_bit, refused="file.part_broken"),
        way("a part twice", pack=with_a_part_twice, refused="file.repeated_part"),
        way("a password", pack=locked, refused="file.encrypted"),
        way("a sheet without its part", without_a_sheet, refused="file.malformed"),
        way("XML cut off", with_cut_xml, refused="file.malformed"),
        way("a cell twice", with_a_cell_twice, refused="file.malformed"),
        way("a text that is not there", with_a_text_that_is_not_there, refused="file.malformed"),
        way("an address that is none", with_an_address_that_is_none, refused="file.malformed"),
        way("entities in UTF-16", with_entities, refused="file.suspicious"),
        way("an OpenDocument table", pack=of_other_program, refused="file.other_format"),
    ),
}
"""What a way is about, with its ways."""
WAYS = tuple(way for ways in KINDS.values() for way in ways)
