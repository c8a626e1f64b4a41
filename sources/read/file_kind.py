"""What a file is that is no .xlsx archive, told by its first bytes: programs of a school office write many kinds.

A clerk is told the kind, because what is to be done follows from it: save as, unpack, decrypt, send again.
"""

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE

from sources.archive.stand_in import STAND_IN, STAND_IN_RULES, ZIP_SIGNATURE
from sources.read.sheet_xml import RefusedError
from sources.system.settings import Limits

OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
OLE_TABLES = tuple(f"{name}\0".encode("utf-16-le") for name in ("Workbook", "Book"))
OLE_DOCUMENTS = tuple(
    (f"{name}\0".encode("utf-16-le"), kind)
    for name, kind in (
        ("WordDocument", "Word 文档"),
        ("PowerPoint Document", "演示文稿"),
        ("__properties_version1.0", "邮件"),
    )
)
"""Streams of Office's own archives (.doc, .ppt, .msg), and what holds them."""
TEXT_FILE = "文本文件（例如改了扩展名的 CSV）"
WEB_PAGE = "网页文件"
ARCHIVE = "压缩包"
PICTURE = "图片"
SEALED = "加密软件加过密的文件，要先在本单位解密"
OTHER_KINDS = (
    (b"%PDF", "PDF 文件"),
    (b"Rar!", ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", ARCHIVE),
    (b"\x1f\x8b", ARCHIVE),
    (b"\xff\xd8\xff", PICTURE),
    (b"\x89PNG", PICTURE),
    (b"GIF8", PICTURE),
    (b"{\\rtf", "Word 文档"),
    (b"MIME-Version:", WEB_PAGE),
    (b"%TSD-Header-###%", SEALED),
    (b"\x00\x05\x16\x07", "苹果电脑复制时附带的文件（文件名以“._”开头）"),
)
SEALED_WITHIN = 64
SEAL = b"E-SafeNet"
MEDIA = b"ftyp"
"""At the fifth byte of photos and films of telephones."""
OWNER_FILE_BYTES = 165
"""What Excel and WPS put beside a workbook that is open: who has it."""
SHORTCUTS = (b"L\0\0\0\x01\x14\x02\0", b"[InternetShortcut]")
SPREADSHEET_2003 = b"urn:schemas-microsoft-com:office:spreadsheet"
FLAT_TABLE = b"urn:oasis:names:tc:opendocument:xmlns:office"
WEB_TAG = re.compile(rb"<(!doctype html|html|head|body|meta|table|script)\b", re.IGNORECASE)
HEAD_BYTES = 4096
END_SIGNATURE = b"PK\x05\x06"
END_BYTES = 22
"""Of the last record of an archive, without the comment, whose length its last two bytes say."""
LONGEST_COMMENT = 65_535


def check_kind(data: bytes, limits: Limits) -> None:
    """Raises RefusedError for a file that is no zip archive, and says what it is instead."""
    if not data:
        raise RefusedError("file.empty")
    if data.startswith(STAND_IN):
        rule_id, _, found = data.removeprefix(STAND_IN).decode("utf-8", "replace").partition("\0")
        if rule_id in STAND_IN_RULES:
            raise RefusedError(rule_id, found.partition("\0")[2])
    if len(data) > limits.file_bytes:
        raise RefusedError("file.too_large", f"{len(data) / 1e6:.1f} MB")
    if data.startswith(OLE_SIGNATURE):
        raise _of_ole(data)
    if not data.startswith(ZIP_SIGNATURE):
        raise _other_kind(data)


def _of_ole(data: bytes) -> RefusedError:
    """A file of Office before 2007, or one with a password."""
    if ENCRYPTED_STREAM in data:
        return RefusedError("file.encrypted")
    document = next((kind for stream, kind in OLE_DOCUMENTS if stream in data), None)
    if document is None or any(stream in data for stream in OLE_TABLES):
        return RefusedError("file.old_format")
    return RefusedError("file.not_a_workbook", document)


def _other_kind(data: bytes) -> RefusedError:
    head = _head(data)
    if head.startswith(SHORTCUTS):
        return RefusedError("file.link", "快捷方式")
    if SPREADSHEET_2003 in head:
        return RefusedError("file.old_format")
    if FLAT_TABLE in head:
        return RefusedError("file.other_format", "OpenDocument 表格（.fods）")
    if not data.strip(b"\0") or _lacks_its_beginning(data):
        return RefusedError("file.damaged")
    for signature, kind in OTHER_KINDS:
        if head.startswith(signature):
            return RefusedError("file.not_a_workbook", kind)
    return RefusedError("file.not_a_workbook", _kind_of_bytes(data) if b"\0" in head else _kind_of_text(head))


def _head(data: bytes) -> bytes:
    """The first bytes, of a text without the blanks before it, and in UTF-8 where it is in UTF-16."""
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return data[: 2 * HEAD_BYTES].decode("utf-16", "replace").encode()
    return data.lstrip()[:HEAD_BYTES]


def _kind_of_bytes(data: bytes) -> str:
    if SEAL in data[:SEALED_WITHIN]:
        return SEALED
    if data[4:8] == MEDIA:
        return "照片或视频"
    if len(data) == OWNER_FILE_BYTES:
        return "Excel 或 WPS 打开工作簿时留下的临时文件（文件名以“~$”开头）"
    return "开头多出别的内容的压缩包" if _end_of_archive(data) >= 0 else "未知格式的文件"


def _kind_of_text(head: bytes) -> str:
    return WEB_PAGE if WEB_TAG.search(head) else TEXT_FILE


def _end_of_archive(data: bytes) -> int:
    """Where the last record of an archive begins; -1 where there is none at the end of the file."""
    return data.rfind(END_SIGNATURE, max(0, len(data) - END_BYTES - LONGEST_COMMENT))


def _lacks_its_beginning(data: bytes) -> bool:
    """Whether an archive's directory lies before the place at which its last record says that it lies."""
    end = _end_of_archive(data)
    size, offset = (int.from_bytes(data[end + at : end + at + 4], "little") for at in (12, 16))
    return end >= 0 and offset < 0xFFFFFFFF and size + offset > end
