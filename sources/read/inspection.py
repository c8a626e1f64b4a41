"""A look at a file's bytes before a reader meets it: is it a workbook, is it whole, is it safe to open?

It never runs anything in a file. It refuses a file that is too large, broken, encrypted or no workbook at all, with a
finding that says so. It packs any other anew from the parts that it looked at, so that a reader sees nothing else.
"""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from io import BytesIO

from sources.archive.stand_in import STAND_IN, STAND_IN_RULES, ZIP_SIGNATURE
from sources.read.package import Package, is_workbook, open_package, pack
from sources.read.sheet_xml import RefusedError, Spent, StoredSheet, read_sheet, read_strings, texts_of, without_blanks
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
ODD_METHODS = {9: "deflate64", zipfile.ZIP_BZIP2: "bzip2", zipfile.ZIP_LZMA: "lzma", 93: "zstd", 95: "xz"}
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What programs that write workbooks use; zipfile unpacks the others whole before it cuts them to their size."""
TEXT_PARTS = (".xml", ".rels", ".vml")


@dataclass(frozen=True)
class Inspection:
    """The outcome of inspecting a file's bytes.

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
        package = open_package(parts)
        strings = read_strings(package.strings) if package.strings else []
        spent = Spent()
        for title, sheet in package.sheets.items():
            bare, blanks = without_blanks(sheet.xml)
            package.sheets[title] = replace(sheet, xml=bare)
            spent.add_cells(blanks, limits)
        sheets = {
            title: read_sheet(sheet.xml, title, strings, limits, spent) for title, sheet in package.sheets.items()
        }
    except RefusedError as refused:
        return Inspection(refusal=refused.refusal)
    notes = []
    if any(name.endswith("vbaProject.bin") or name.startswith("xl/macrosheets/") for name in names):
        notes.append("file.macros")
    if any(name.startswith("xl/externalLinks/") for name in names):
        notes.append("file.external_links")
    return Inspection(notes=tuple(notes), saved_at=_saved_at(package), book=pack(package), sheets=sheets)


def _check_kind(data: bytes, limits: Limits) -> None:
    """Refuses a file that is no zip archive, and says what it is instead."""
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
            entries = _entries(archive)
            _check_entries(entries, limits)
            parts = {name: _part(archive, entry) for name, entry in entries.items() if name.endswith(TEXT_PARTS)}
    except RefusedError:
        raise
    except Exception:  # noqa: BLE001 - told as a finding; zipfile, zlib, bz2 and lzma each raise their own kinds for broken streams
        raise RefusedError("file.damaged") from None
    if any(b"<!DOCTYPE" in part or b"<!ENTITY" in part for part in parts.values()):
        raise RefusedError("file.suspicious", "XML 实体定义")
    return list(entries), parts


def _part(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """A part's bytes up to its declared size; zipfile, asked for "everything", unpacks all that is really there."""
    with archive.open(entry) as stream:
        return stream.read(entry.file_size)


def _check_directory(data: bytes, limits: Limits) -> None:
    """Refuses an endless table of contents before anything reads it."""
    end = data.rfind(b"PK\x05\x06")
    if end >= 0 and int.from_bytes(data[end + 12 : end + 16], "little") > limits.parts * DIRECTORY_BYTES_A_PART:
        raise RefusedError("file.too_large", f"超过 {limits.parts} 个内部文件")


def _entries(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """An archive's entries by name; refuses two of one name, of which each program would read another."""
    entries: dict[str, zipfile.ZipInfo] = {}
    folded: set[str] = set()
    for entry in archive.infolist():
        name = entry.filename.replace("\\", "/")
        if name.casefold() in folded:
            raise RefusedError("file.repeated_part", name[:80])
        folded.add(name.casefold())
        entries[name] = entry
    return entries


def _check_entries(entries: Mapping[str, zipfile.ZipInfo], limits: Limits) -> None:
    if len(entries) > limits.parts:
        raise RefusedError("file.too_large", f"{len(entries)} 个内部文件")
    if any(entry.flag_bits & 1 for entry in entries.values()):
        raise RefusedError("file.encrypted")
    if "xl/workbook.bin" in entries:
        raise RefusedError("file.old_format")
    if not is_workbook(entries):
        raise RefusedError("file.not_a_workbook", "压缩包或其他文档")
    if odd := sorted({entry.compress_type for entry in entries.values()} - set(METHODS)):
        raise RefusedError("file.compression", ODD_METHODS.get(odd[0], f"第 {odd[0]} 种"))
    expanded = sum(entry.file_size for name, entry in entries.items() if name.endswith(TEXT_PARTS))
    if expanded > limits.expanded_bytes:
        raise RefusedError("file.too_large", f"展开后有 {expanded / 1e6:.0f} MB")


def _saved_at(package: Package) -> datetime | None:
    """When the file was last saved (UTC), as the program that saved it says; None when it does not."""
    stamps = texts_of(package.properties, ("modified", "created")) if package.properties else {}
    for name in ("modified", "created"):
        try:
            stamp = datetime.fromisoformat(stamps.get(name, "").strip())
            return (stamp.astimezone(UTC) if stamp.tzinfo else stamp).replace(tzinfo=None)
        except (ValueError, OverflowError):
            continue  # not a time: the next one may be
    return None
