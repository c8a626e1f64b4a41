"""A look at a file's bytes before a reader meets it: is it a workbook, is it whole, is it safe to open?

It never runs anything in a file. It refuses a file that is too large, broken, encrypted or no workbook at all, with a
finding that says so. It packs any other anew from the parts that it looked at, so that a reader sees nothing else.
"""

import zipfile
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from io import BytesIO

from sources.declarations.headings import PROGRESS_SHEET, TOKEN_PROPERTY, normalise_label
from sources.read.comments import SheetComments, read_comments
from sources.read.file_kind import END_BYTES, END_SIGNATURE, LONGEST_COMMENT, check_kind
from sources.read.package import (
    CONTENT_TYPES,
    SHEET_KINDS,
    Package,
    check_is_workbook,
    open_package,
    pack,
    part_name,
    utf_8,
    xml_parts,
)
from sources.read.plain_sheet import plain_sheet
from sources.read.sheet_xml import (
    RefusedError,
    SharedTexts,
    Spent,
    StoredSheet,
    parse_xml,
    property_text,
    read_sheet,
    read_strings,
    texts_of,
    without_blanks,
)
from sources.read.styles import Look, read_looks, read_theme
from sources.read.usual_names import usual_names, with_usual_names
from sources.system.settings import Limits

SHOWN_NAME = 80
ENTRY_SIGNATURE = b"PK\x01\x02"
EMBEDDED_PARTS = 2_000
"""Room for the directories of workbooks that are embedded in a workbook."""
ODD_METHODS = {9: "deflate64", zipfile.ZIP_BZIP2: "bzip2", zipfile.ZIP_LZMA: "lzma", 93: "zstd", 95: "xz"}
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What programs that write workbooks use; zipfile unpacks the others whole before it cuts them to their size."""
COMPRESSION = 6
"""As programs that write workbooks press their parts."""
TEXT_PARTS = (".xml", ".rels", ".vml")
"""Endings of names of parts that are XML whatever the content types say."""
NO_CELLS = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData/></worksheet>'
"""What a reader gets of the template's sheet of formulas: it is the respondent's own, and long."""


@dataclass(frozen=True)
class Inspection:
    """The outcome of inspecting a file's bytes.

    `refusal` is (rule, what was found) when the file must not be opened; then the rest is empty. `notes` are rules
    that only inform. `token`: its property that has the template's. `book` is the workbook packed anew, for a reader;
    `sheets` what its XML says, by title; `looks` how its
    cells look, by the number that they name; `comments` what stands beside its cells, by title.
    """

    refusal: tuple[str, str] | None = None
    notes: tuple[str, ...] = ()
    saved_at: datetime | None = None
    token: str = ""
    book: bytes = b""
    sheets: Mapping[str, StoredSheet] = field(default_factory=dict)
    looks: Sequence[Look] = ()
    comments: Mapping[str, SheetComments] = field(default_factory=dict)


def inspect(data: bytes, limits: Limits) -> Inspection:
    """Inspects a file's bytes; unpacks no more of it than the limits allow. Never raises for what they hold."""
    # Long: the parts of a file in the order in which they are trusted.
    try:
        check_kind(data, limits)
        names, parts = _unpacked(data, limits)
        package = open_package(parts)
        theme = read_theme(package.theme)
        strings = read_strings(package.strings, theme) if package.strings else SharedTexts(theme=theme)
        spent = Spent()
        for title, sheet in package.sheets.items():
            is_ours = normalise_label(title) == PROGRESS_SHEET and sheet.kind == "worksheet"
            is_read = sheet.kind in SHEET_KINDS and not is_ours
            bare, blanks = without_blanks(sheet.xml) if is_read else (NO_CELLS, 0)
            package.sheets[title] = replace(sheet, xml=bare)
            spent.add_cells(blanks, limits)
        sheets = {
            title: read_sheet(sheet.xml, title, strings, limits, spent) for title, sheet in package.sheets.items()
        }
        for title, stored in sheets.items():
            stored.is_hidden = package.sheets[title].is_hidden
        comments = {
            title: read_comments(sheet.comments, spent) for title, sheet in package.sheets.items() if sheet.comments
        }
        if package.styles:
            parse_xml(package.styles, "格式")
        for title, sheet in package.sheets.items():
            if sheet.kind == "worksheet":
                package.sheets[title] = replace(sheet, xml=plain_sheet(sheet.xml))
    except RefusedError as refused:
        return Inspection(refusal=refused.refusal)
    notes = []
    has_macros = any(sheet.kind not in SHEET_KINDS for sheet in package.sheets.values())
    if has_macros or any(name.endswith("vbaproject.bin") or "macrosheets/" in name for name in names):
        notes.append("file.macros")
    if any("externallinks/" in name for name in names):
        notes.append("file.external_links")
    token = property_text(package.custom, TOKEN_PROPERTY) if package.custom else ""
    return Inspection(
        notes=tuple(notes),
        saved_at=_saved_at(package),
        token=token,
        book=pack(package),
        sheets=sheets,
        looks=read_looks(package.styles, theme),
        comments=comments,
    )


def clean_copy(data: bytes, limits: Limits) -> bytes:
    """The workbook packed anew from the parts that were looked at, pictures and formats included: for an editor.

    Its parts have the names at which an editor looks for them. Other parts are left out when all of them together are
    larger than the limits. Raises RefusedError as `inspect` refuses.
    """
    check_kind(data, limits)
    _, parts = _unpacked(data, limits)
    buffer = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(_to_its_end(data))) as archive,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as copy,
    ):
        entries = _entries(archive)
        new = usual_names(parts, entries)
        for name, part in with_usual_names(parts, new).items():
            copy.writestr(name, part)
        others = {name: entry for name, entry in entries.items() if name not in parts}
        if sum(entry.file_size for entry in others.values()) <= limits.expanded_bytes:
            for name, entry in others.items():
                copy.writestr(new[name], _part(archive, entry))
    return buffer.getvalue()


def with_other_parts(
    data: bytes, limits: Limits, change: Callable[[Mapping[str, bytes]], Mapping[str, bytes | None]]
) -> bytes:
    """The workbook with some parts changed; every other part is in its place with the bytes that it had.

    `change` gets the parts that are XML, in UTF-8, by their names as written, and returns those that are others now
    (None: left out). Raises RefusedError as `inspect` refuses, and for more in the other parts than the limits allow.
    """
    check_kind(data, limits)
    _, parts = _unpacked(data, limits)
    changed = change(parts)
    buffer = BytesIO()
    with zipfile.ZipFile(BytesIO(_to_its_end(data))) as archive, zipfile.ZipFile(buffer, "w") as copy:
        others = [each for each in archive.infolist() if part_name(each.filename) not in parts]
        if sum(each.file_size for each in others) > limits.expanded_bytes:
            raise RefusedError("file.too_large", "里面的图片和其他内容太大")
        for entry in archive.infolist():
            name = part_name(entry.filename)
            content = changed[name] if name in changed else _part(archive, entry)
            if content is not None:
                copy.writestr(_as_before(entry), content, compresslevel=COMPRESSION)
    return buffer.getvalue()


def _as_before(entry: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """An entry of the same name, day and method as another."""
    copy = zipfile.ZipInfo(entry.filename, entry.date_time)
    copy.compress_type, copy.external_attr, copy.create_system = (
        entry.compress_type,
        entry.external_attr,
        entry.create_system,
    )
    return copy


def check_archive(data: bytes, limits: Limits) -> None:
    """Looks at another Office document as at a workbook: size, directory, methods, declared sizes, entities.

    Raises RefusedError with the rule that it breaks.
    """
    if len(data) > limits.file_bytes:
        raise RefusedError("file.too_large", f"{len(data) / 1e6:.1f} MB")
    _unpacked(data, limits, _anything)


def _anything(_: Collection[str]) -> None:
    pass


def _unpacked(
    data: bytes, limits: Limits, check_names: Callable[[Collection[str]], None] = check_is_workbook
) -> tuple[list[str], dict[str, bytes]]:
    """The names of an archive's parts, folded, and the parts that are XML, in UTF-8, by their names as written.

    Refuses what is no workbook or too large.
    """
    try:
        _check_directory(data, limits)
        with zipfile.ZipFile(BytesIO(_to_its_end(data))) as archive:
            entries = _entries(archive)
            _check_entries(entries, limits, check_names)
            names = _xml_names(archive, entries, limits)
            parts = {name: utf_8(_part(archive, entries[name]), name) for name in names}
    except RefusedError:
        raise
    except Exception as error:  # noqa: BLE001 - told as a finding; zipfile raises many kinds for a directory that is not there or wrong
        raise _refusal_of(error) from None
    if any(b"<!DOCTYPE" in part or b"<!ENTITY" in part for part in parts.values()):
        raise RefusedError("file.suspicious", "XML 实体定义")
    return [name.casefold() for name in entries], parts


def _refusal_of(error: Exception) -> RefusedError:
    """Why an archive cannot be read: it is not whole, or it is, and is written in a way that no program here knows."""
    told = str(error)
    if isinstance(error, NotImplementedError):
        return RefusedError("file.compression", "要求别的解压程序")
    if isinstance(error, zipfile.BadZipFile) and "header" in told and told.endswith("differ."):
        return RefusedError("file.malformed", "压缩包的目录和内容给同一个内部文件写了两个名称")
    if isinstance(error, zipfile.BadZipFile) and "extra field" in told:
        return RefusedError("file.malformed", "压缩包目录里的附加信息长度不对")
    return RefusedError("file.damaged")


def _to_its_end(data: bytes) -> bytes:
    """The archive without what a program or a disk wrote behind it, where it is too much for a comment."""
    end = data.rfind(END_SIGNATURE)
    if end < 0 or len(data) - end <= END_BYTES + LONGEST_COMMENT:
        return data
    comment = int.from_bytes(data[end + END_BYTES - 2 : end + END_BYTES], "little")
    return data[: end + END_BYTES + comment]


def _xml_names(archive: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo], limits: Limits) -> list[str]:
    """The entries that are XML, by their ending or as the content types say; refuses more of it than the limits."""
    declared, endings = set[str](), set[str](TEXT_PARTS)
    for name, entry in entries.items():
        if name.casefold() == CONTENT_TYPES and entry.file_size <= limits.expanded_bytes:
            declared, more = xml_parts(utf_8(_part(archive, entry), name))
            endings |= more
    found = [name for name in entries if name.casefold() in declared or name.casefold().endswith(tuple(endings))]
    expanded = sum(entries[name].file_size for name in found)
    if expanded > limits.expanded_bytes:
        raise RefusedError("file.too_large", f"展开后有 {expanded / 1e6:.0f} MB")
    return found


def _part(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """A part's bytes up to its declared size; zipfile, asked for "everything", unpacks all that is really there.

    Raises RefusedError: where bytes are lacking, the file is not whole; where they are others, the part is broken.
    """
    try:
        with archive.open(entry) as stream:
            content = stream.read(entry.file_size)
    except (zlib.error, zipfile.BadZipFile) as error:
        if isinstance(error, zlib.error) or "CRC" in str(error):
            raise RefusedError("file.part_broken", entry.filename[:SHOWN_NAME]) from None
        raise
    if len(content) != entry.file_size:
        raise RefusedError("file.damaged")
    return content


def _check_directory(data: bytes, limits: Limits) -> None:
    """Refuses an endless table of contents before anything reads it.

    Its entries are counted, not its declared size: which of several directories a reader takes, and how large it then
    is, depends on records that may contradict each other (zip64).
    """
    if data.count(ENTRY_SIGNATURE) > limits.parts + EMBEDDED_PARTS:
        raise RefusedError("file.too_large", f"超过 {limits.parts} 个内部文件")


def _entries(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """An archive's entries by name; refuses two of one name, of which each program would read another."""
    entries: dict[str, zipfile.ZipInfo] = {}
    folded: set[str] = set()
    for entry in archive.infolist():
        if entry.is_dir() or not (name := part_name(entry.filename)):
            continue
        if name.casefold() in folded:
            raise RefusedError("file.repeated_part", name[:SHOWN_NAME])
        folded.add(name.casefold())
        entries[name] = entry
    return entries


def _check_entries(
    entries: Mapping[str, zipfile.ZipInfo], limits: Limits, check_names: Callable[[Collection[str]], None]
) -> None:
    if len(entries) > limits.parts:
        raise RefusedError("file.too_large", f"{len(entries)} 个内部文件")
    if any(entry.flag_bits & 1 for entry in entries.values()):
        raise RefusedError("file.encrypted")
    check_names(entries)
    if odd := sorted({entry.compress_type for entry in entries.values()} - set(METHODS)):
        raise RefusedError("file.compression", ODD_METHODS.get(odd[0], f"第 {odd[0]} 种"))


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
