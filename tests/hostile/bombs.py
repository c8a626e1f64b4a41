"""Files that are small on disk and would be large in memory, made without being large while they are made."""

import struct
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO

from tests.hostile.books import MAIN, Book, Sheet, archive, worksheet_xml, write_book

MB = 1_000_000
STRINGS = "xl/sharedStrings.xml"
FIRST_SHEET = "xl/worksheets/sheet1.xml"


def with_long_part(name: str, head: str, chunk: str, times: int, tail: str, declared: int | None = None) -> bytes:
    """A workbook with a part that holds `chunk` many times; `declared`: the size that the archive owns up to."""
    data = write_book(Book([Sheet("封面")]))
    first, repeated, last = head.encode(), chunk.encode(), tail.encode()
    packer = zlib.compressobj(level=9, wbits=-zlib.MAX_WBITS)
    start = packer.compress(first) + packer.flush(zlib.Z_FULL_FLUSH)
    # Between full flushes the same bytes are packed the same way: packed once, repeated as packed.
    segment = packer.compress(repeated) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = start + segment * times + packer.compress(last) + packer.flush()
    size = len(first) + len(repeated) * times + len(last)
    buffer = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as plain, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as zipped:
        for entry in plain.infolist():
            if entry.filename != name:
                zipped.writestr(entry, plain.read(entry))
        info = zipfile.ZipInfo(name)
        info.compress_type, info.compress_size = zipfile.ZIP_DEFLATED, len(packed)
        info.file_size = size if declared is None else declared
        info.CRC = _checksum(first, repeated, times, last, info.file_size)
        info.header_offset = zipped.fp.tell()
        zipped.fp.write(info.FileHeader() + packed)
        zipped.filelist.append(info)
        zipped.NameToInfo[name] = info
        zipped.start_dir = zipped.fp.tell()
    return buffer.getvalue()


def _checksum(first: bytes, repeated: bytes, times: int, last: bytes, length: int) -> int:
    checksum, left = 0, length
    for part in (first, *[repeated] * times, last):
        checksum, left = zlib.crc32(part[:left], checksum), max(left - len(part), 0)
        if not left:
            break
    return checksum


def zip_bomb() -> bytes:
    """Two thousand million bytes in two million."""
    return with_long_part(STRINGS, "<sst>", "0" * MB, 2_000, "</sst>")


def lying_zip_bomb() -> bytes:
    """The same, behind a table of contents that admits to a thousand."""
    return with_long_part(STRINGS, "<sst>" + " " * 988 + "</sst>", "0" * MB, 2_000, "", declared=999)


def shared_strings() -> bytes:
    """300 MB of texts that cells might share."""
    chunk = "<si><t>" + "钦州市" * 1_000 + "</t></si>"
    return with_long_part(STRINGS, f'<sst xmlns="{MAIN}">', chunk, 300 * MB // len(chunk.encode()), "</sst>")


def million_rows() -> bytes:
    """A million filled rows, numbered by nothing but their order."""
    return with_long_part(FIRST_SHEET, _open(), "<row><c><v>1</v></c></row>" * 100, 10_000, _close())


def million_blank_rows() -> bytes:
    """A million rows in which somebody has drawn borders and written nothing."""
    return with_long_part(FIRST_SHEET, _open(), '<row><c s="1"/></row>' * 100, 10_000, _close())


def far_cell() -> bytes:
    """One cell at the end of the sheet: readers would build everything from A1 to there."""
    return _with_sheet('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')


def unnumbered_far_cell() -> bytes:
    return _with_sheet('<row r="1048576"><c><v>1</v></c></row>')


def impossible_cell() -> bytes:
    """An address beyond any sheet, at which a reader asks for more memory than there is and is shot."""
    return _with_sheet('<row r="1"><c r="A99999999999"><v>1</v></c></row>')


def many_wide_sheets() -> bytes:
    """Each sheet is within the limits; all of them together are not."""
    corner = worksheet_xml('<row r="1"><c r="A1"><v>1</v></c></row><row r="19999"><c r="ALK19999"><v>1</v></c></row>')
    book = Book([Sheet(f"表{n}") for n in range(30)])
    return write_book(book, {f"xl/worksheets/sheet{n}.xml": corner for n in range(1, 31)})


def one_long_text_many_times() -> bytes:
    """A text of 30,000 letters, shared by 100,000 cells."""
    strings = f'<sst xmlns="{MAIN}"><si><t>{"字" * 30_000}</t></si></sst>'
    cells = worksheet_xml('<row><c t="s"><v>0</v></c><c t="s"><v>0</v></c></row>' * 10_000 * 2)
    return write_book(Book([Sheet("封面")]), {STRINGS: strings, FIRST_SHEET: cells})


def endless_text() -> bytes:
    """One cell with forty million letters."""
    return _with_sheet(f'<row r="1"><c r="A1" t="inlineStr"><is><t>{"a" * 40 * MB}</t></is></c></row>')


def many_parts() -> bytes:
    """A table of contents that is longer than the book."""
    return archive({f"xl/media/{n}": b"" for n in range(50_000)})


def zip64(data: bytes, repeated: int = 0, disk: int = 0) -> bytes:
    """An archive whose table of contents is described in zip64 records alone: the old record says that it is empty.

    `repeated`: its first entry comes so often again; `disk`: of how many disks the archive pretends to be.
    """
    end = data.rindex(b"PK\5\6")
    size, start = (int.from_bytes(data[end + at : end + at + 4], "little") for at in (12, 16))
    directory = data[start : start + size]
    name, extra, comment = struct.unpack("<HHH", directory[28:34])
    directory += directory[: 46 + name + extra + comment] * repeated
    entries = data[end + 10] + repeated
    record = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, entries, entries, len(directory), start)
    locator = struct.pack("<4sIQI", b"PK\6\7", disk, start + len(directory), 1)
    return data[:start] + directory + record + locator + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0, 0, 0, 0, 0)


def many_parts_of_zip64() -> bytes:
    """A table of contents of 250,000 entries, which only the zip64 records own up to."""
    return zip64(archive({"a": b"", **_parts_of(write_book(Book([Sheet("封面")])))}), repeated=250_000)


def _parts_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(data)) as zipped:
        return {name: zipped.read(name) for name in zipped.namelist()}


def billion_laughs() -> bytes:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return _with_part("xl/workbook.xml", f'<!DOCTYPE x [<!ENTITY l0 "ha">{entities}]><workbook>&l9;</workbook>')


def billion_laughs_in_utf_16() -> bytes:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    text = f'<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY l0 "ha">{entities}]><workbook>&l9;</workbook>'
    return _with_part("xl/workbook.xml", text.encode("utf-16"))


def _with_sheet(rows: str) -> bytes:
    return _with_part(FIRST_SHEET, worksheet_xml(rows))


def _with_part(name: str, content: str | bytes) -> bytes:
    return write_book(Book([Sheet("封面")]), {name: content})


def _open() -> str:
    return f'<worksheet xmlns="{MAIN}"><sheetData>'


def _close() -> str:
    return "</sheetData></worksheet>"


BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    build.__name__: (build, rule_id)
    for build, rule_id in (
        (zip_bomb, "file.too_large"),
        (lying_zip_bomb, "sheet.heading_missing"),
        (shared_strings, "file.too_large"),
        (million_rows, "file.cell_too_far_out"),
        (million_blank_rows, "file.too_large"),
        (far_cell, "file.cell_too_far_out"),
        (unnumbered_far_cell, "file.cell_too_far_out"),
        (impossible_cell, "file.malformed"),
        (many_wide_sheets, "file.cell_too_far_out"),
        (one_long_text_many_times, "file.too_large"),
        (endless_text, "file.too_large"),
        (many_parts, "file.too_large"),
        (many_parts_of_zip64, "file.too_large"),
        (billion_laughs, "file.suspicious"),
        (billion_laughs_in_utf_16, "file.suspicious"),
    )
}
