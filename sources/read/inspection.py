"""A look at a file's bytes before a reader meets it: is it a workbook, is it whole, is it safe to open?

Nothing in a file is ever run. What is too large, broken, encrypted or no workbook at all is refused here, with a
finding that says so. What passes is packed anew from the parts that were looked at, so that a reader sees nothing else.
"""

import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO

from sources.archive.stand_in import STAND_IN, STAND_IN_RULES, ZIP_SIGNATURE
from sources.read.sheet_xml import RefusedError, Spent, StoredSheet, elements, read_sheet, read_strings, without_blanks
from sources.system.settings import Limits

OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
OTHER_KINDS = (
    (b"%PDF", "PDF 文件"),
    (b"Rar!", "压缩包"),
    (b"7z\xbc\xaf\x27\x1c", "压缩包"),
    (b"\x1f\x8b", "压缩包"),
    (b"\xff\xd8\xff", "图片"),
    (b"\x89PNG", "图片"),
    (b"\xff\xfe", "文本文件（例如改了扩展名的 CSV）"),
    (b"\xfe\xff", "文本文件（例如改了扩展名的 CSV）"),
)
SHORTCUTS = (b"L\0\0\0\x01\x14\x02\0", b"[InternetShortcut]")
SPREADSHEET_2003 = b"urn:schemas-microsoft-com:office:spreadsheet"
HEAD_BYTES = 4096
DIRECTORY_BYTES_A_PART = 1_000
WORKBOOK, RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
STRINGS, STYLES, PROPERTIES = "xl/sharedStrings.xml", "xl/styles.xml", "docProps/core.xml"
PACKAGE_PARTS = ("[Content_Types].xml", "_rels/.rels", WORKBOOK, RELATIONS, STRINGS, STYLES)
TEXT_PARTS = (".xml", ".rels", ".vml")


@dataclass(frozen=True)
class Inspection:
    """What the bytes say of themselves.

    `refusal` is (rule, what was found) when the file must not be opened; then the rest is empty. `notes` are rules
    that only inform. `book` is the workbook packed anew, for a reader; `sheets` what its XML says, by title.
    """

    refusal: tuple[str, str] | None = None
    notes: tuple[str, ...] = ()
    saved_at: datetime | None = None
    book: bytes = b""
    sheets: Mapping[str, StoredSheet] = field(default_factory=dict)


def inspect(data: bytes, limits: Limits) -> Inspection:
    """Inspects a file's bytes; unpacks no more of it than the limits allow. Never raises for what they hold."""
    try:
        _check_kind(data, limits)
        names, parts = _unpacked(data, limits)
        titles = _sheet_parts(parts)
        strings = read_strings(parts[STRINGS]) if STRINGS in parts else []
        spent = Spent()
        for name in titles.values():
            parts[name], blanks = without_blanks(parts[name])
            spent.add_cells(blanks, limits)
        sheets = {title: read_sheet(parts[name], title, strings, limits, spent) for title, name in titles.items()}
    except RefusedError as refused:
        return Inspection(refusal=refused.refusal)
    notes = []
    if any(name.endswith("vbaProject.bin") or name.startswith("xl/macrosheets/") for name in names):
        notes.append("file.macros")
    if any(name.startswith("xl/externalLinks/") for name in names):
        notes.append("file.external_links")
    book = _packed(parts, (*PACKAGE_PARTS, *titles.values()))
    return Inspection(notes=tuple(notes), saved_at=_saved_at(parts), book=book, sheets=sheets)


def _check_kind(data: bytes, limits: Limits) -> None:
    """Refuses what is no zip archive, with what it is instead."""
    if not data:
        raise RefusedError("file.empty")
    if data.startswith(STAND_IN):
        rule_id, _, found = data.removeprefix(STAND_IN).decode("utf-8", "replace").partition("\0")
        if rule_id in STAND_IN_RULES:
            raise RefusedError(rule_id, found.partition("\0")[2])
    if len(data) > limits.file_bytes:
        raise RefusedError("file.too_large", f"{len(data) / 1e6:.1f} MB")
    if data.startswith(OLE_SIGNATURE):
        raise RefusedError("file.encrypted" if ENCRYPTED_STREAM in data else "file.old_format")
    head = data[:HEAD_BYTES]
    if head.lstrip().startswith(SHORTCUTS):
        raise RefusedError("file.link", "快捷方式")
    if SPREADSHEET_2003 in head:
        raise RefusedError("file.old_format")
    if not data.startswith(ZIP_SIGNATURE):
        raise RefusedError("file.not_a_workbook", _kind_of(head))


def _kind_of(head: bytes) -> str:
    for signature, kind in OTHER_KINDS:
        if head.startswith(signature):
            return kind
    if b"\0" in head:
        return "未知格式的文件"
    return "网页文件" if b"<html" in head.lower() else "文本文件（例如改了扩展名的 CSV）"


def _unpacked(data: bytes, limits: Limits) -> tuple[list[str], dict[str, bytes]]:
    """The names of an archive's parts, and the parts that are text; refuses what is no workbook or too large."""
    try:
        _check_directory(data, limits)
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries = {entry.filename.replace("\\", "/"): entry for entry in archive.infolist()}
            _check_entries(entries, limits)
            parts = {name: _part(archive, entry) for name, entry in entries.items() if name.endswith(TEXT_PARTS)}
    except RefusedError:
        raise
    except Exception:  # zipfile, zlib, bz2 and lzma each raise their own kinds for broken streams
        raise RefusedError("file.damaged") from None
    if any(b"<!DOCTYPE" in part or b"<!ENTITY" in part for part in parts.values()):
        raise RefusedError("file.suspicious", "XML 实体定义")
    return list(entries), parts


def _part(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """A part, as far as its declared size goes: asked for "everything", zipfile unpacks what is really there."""
    with archive.open(entry) as stream:
        return stream.read(entry.file_size)


def _check_directory(data: bytes, limits: Limits) -> None:
    """Refuses an endless table of contents before it is read."""
    end = data.rfind(b"PK\x05\x06")
    if end >= 0 and int.from_bytes(data[end + 12 : end + 16], "little") > limits.parts * DIRECTORY_BYTES_A_PART:
        raise RefusedError("file.too_large", f"超过 {limits.parts} 个内部文件")


def _check_entries(entries: Mapping[str, zipfile.ZipInfo], limits: Limits) -> None:
    if len(entries) > limits.parts:
        raise RefusedError("file.too_large", f"{len(entries)} 个内部文件")
    if any(entry.flag_bits & 1 for entry in entries.values()):
        raise RefusedError("file.encrypted")
    if "xl/workbook.bin" in entries:
        raise RefusedError("file.old_format")
    if WORKBOOK not in entries:
        raise RefusedError("file.not_a_workbook", "压缩包或其他文档")
    expanded = sum(entry.file_size for name, entry in entries.items() if name.endswith(TEXT_PARTS))
    if expanded > limits.expanded_bytes:
        raise RefusedError("file.too_large", f"展开后有 {expanded / 1e6:.0f} MB")


def _sheet_parts(parts: Mapping[str, bytes]) -> dict[str, str]:
    """Sheet title → the part that holds it; refuses a sheet without one, and two of the same title."""
    relations = elements(parts.get(RELATIONS, b"<none/>"))
    targets = {relation.get("Id"): _resolved(relation.get("Target", "")) for _, relation in relations}
    titles: dict[str, str] = {}
    for name, attributes in elements(parts[WORKBOOK]):
        if name == "sheet":
            title, part = attributes.get("name", ""), targets.get(attributes.get("id"), "")
            if part not in parts or title in titles:
                raise RefusedError("file.damaged")
            titles[title] = part
    return titles


def _resolved(target: str) -> str:
    """The part that a relation of the workbook points to."""
    return target.removeprefix("/") if target.startswith(("/xl/", "xl/")) else "xl/" + target.removeprefix("/")


def _packed(parts: Mapping[str, bytes], names: Sequence[str]) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in dict.fromkeys(names):
            if name in parts:
                archive.writestr(name, parts[name])
    return buffer.getvalue()


def _saved_at(parts: Mapping[str, bytes]) -> datetime | None:
    """When the file was last saved (UTC), as the program that saved it says; None when it does not."""
    text = parts.get(PROPERTIES, b"").decode("utf-8", "replace")
    for name in ("modified", "created"):
        match = re.search(rf"<dcterms:{name}[^>]*>([^<]+)<", text)
        if match:
            try:
                stamp = datetime.fromisoformat(match[1].strip())
                return (stamp.astimezone(UTC) if stamp.tzinfo else stamp).replace(tzinfo=None)
            except (ValueError, OverflowError):
                continue
    return None
