"""A look at a file's bytes before anything opens it: is it a workbook, is it whole, is it safe to open?

Nothing in a file is ever run. What is too large, broken, encrypted or no workbook at all is refused here, with a
finding that says so, before a reader meets it.
"""

import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from xml.etree import ElementTree

from sources.settings import Limits

OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
CHUNK_BYTES = 1 << 20
CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
ATTRIBUTE = re.compile(rb'\b([rt])="([^"]*)"')
REFERENCE = re.compile(rb"([A-Z]{1,3})([0-9]{1,7})$")


@dataclass(frozen=True)
class Inspection:
    """What the bytes say of themselves.

    `refusal` is (rule, what was found) when the file must not be opened. `notes` are rules that only inform.
    `formulas`: sheet title → address → 'formula' (with a stored result), 'uncomputed' (without one) or the
    error that the cell shows.
    """

    refusal: tuple[str, str] | None = None
    notes: tuple[str, ...] = ()
    saved_at: datetime | None = None
    formulas: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class _RefusedError(Exception):
    """Carries the rule under which a file is refused, and what was found."""


def inspect(data: bytes, limits: Limits) -> Inspection:
    """Inspects a file's bytes; reads no more of it than the limits allow."""
    try:
        parts = _parts(data, limits)
        titles = _sheet_titles(parts)
        formulas = {title: _formulas(parts[name], title, limits) for title, name in titles.items() if name in parts}
    except _RefusedError as refused:
        return Inspection(refusal=refused.args[0])
    notes = []
    if any(name.endswith("vbaProject.bin") for name in parts):
        notes.append("file.macros")
    if any(name.startswith("xl/externalLinks/") for name in parts):
        notes.append("file.external_links")
    return Inspection(notes=tuple(notes), saved_at=_saved_at(parts), formulas=formulas)


def is_complete(data: bytes) -> bool:
    """Whether the bytes are a whole zip archive, or no zip archive at all: a file still being written is neither."""
    return not data.startswith(b"PK") or zipfile.is_zipfile(BytesIO(data))


def _parts(data: bytes, limits: Limits) -> dict[str, bytes]:
    """The archive's parts, unpacked; refuses what is no workbook or too large."""
    if not data:
        raise _RefusedError(("file.empty", ""))
    if len(data) > limits.file_bytes:
        raise _RefusedError(("file.too_large", f"{len(data) / 1e6:.1f} MB"))
    if data.startswith(OLE_SIGNATURE):
        raise _RefusedError(("file.encrypted" if ENCRYPTED_STREAM in data else "file.old_format", ""))
    if not data.startswith(b"PK"):
        raise _RefusedError(("file.not_a_workbook", _kind_of_text(data)))
    parts: dict[str, bytes] = {}
    left = limits.expanded_bytes
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > limits.parts:
                raise _RefusedError(("file.too_large", f"{len(entries)} 个内部文件"))
            for entry in entries:
                with archive.open(entry) as stream:
                    chunks = []
                    while chunk := stream.read(CHUNK_BYTES):
                        left -= len(chunk)
                        if left < 0:
                            raise _RefusedError(("file.too_large", f"展开后超过 {limits.expanded_bytes / 1e6:.0f} MB"))
                        chunks.append(chunk)
                parts[entry.filename] = b"".join(chunks)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, ValueError, EOFError, NotImplementedError, RuntimeError):
        raise _RefusedError(("file.damaged", "")) from None
    except Exception as error:  # zlib and others raise their own kinds for broken streams
        if isinstance(error, _RefusedError):
            raise
        raise _RefusedError(("file.damaged", "")) from None
    if "xl/workbook.bin" in parts:
        raise _RefusedError(("file.old_format", ""))
    if "xl/workbook.xml" not in parts:
        raise _RefusedError(("file.not_a_workbook", "压缩文件或其他文档"))
    if any(
        b"<!DOCTYPE" in part or b"<!ENTITY" in part for name, part in parts.items() if name.endswith((".xml", ".rels"))
    ):
        raise _RefusedError(("file.suspicious", "XML 实体定义"))
    return parts


def _kind_of_text(data: bytes) -> str:
    if b"\0" in data[:4096]:
        return "未知格式的文件"
    return "网页文件" if b"<html" in data[:4096].lower() else "文本文件（例如改了扩展名的 CSV）"


def _sheet_titles(parts: Mapping[str, bytes]) -> dict[str, str]:
    """Sheet title → the part that holds it."""
    try:
        workbook = ElementTree.fromstring(parts["xl/workbook.xml"])
        relations = ElementTree.fromstring(parts.get("xl/_rels/workbook.xml.rels", b"<none/>"))
    except ElementTree.ParseError:
        raise _RefusedError(("file.damaged", "")) from None
    targets = {
        relation.get("Id"): "xl/" + (relation.get("Target") or "").removeprefix("/xl/").removeprefix("/")
        for relation in relations
    }
    titles = {}
    for element in workbook.iter():
        if element.tag.endswith("}sheet"):
            key = next((value for name, value in element.attrib.items() if name.endswith("}id")), None)
            titles[element.get("name", "")] = targets.get(key, "")
    return titles


def _formulas(sheet: bytes, title: str, limits: Limits) -> dict[str, str]:
    """Formula and error cells of a sheet by address; refuses a sheet whose cells lie too far out."""
    found: dict[str, str] = {}
    for attributes, content in CELL.findall(sheet):
        if not content:
            continue
        attribute = dict(ATTRIBUTE.findall(attributes))
        cell = attribute.get(b"r", b"")
        reference = REFERENCE.match(cell)
        if reference and (int(reference[2]) > limits.rows or _position(reference[1]) > limits.columns):
            raise _RefusedError(("file.cell_too_far_out", f"{title}!{cell.decode()}"))
        if attribute.get(b"t") == b"e":
            found[cell.decode()] = _inner(content, b"v") or "#ERROR!"
        elif b"<f" in content:
            found[cell.decode()] = "formula" if _inner(content, b"v") or b"<is" in content else "uncomputed"
    return found


def _inner(content: bytes, tag: bytes) -> str:
    match = re.search(rb"<(?:\w+:)?" + tag + rb"\b[^>]*>(.*?)</", content, re.DOTALL)
    return match[1].decode("utf-8", "replace") if match else ""


def _position(letters: bytes) -> int:
    position = 0
    for letter in letters:
        position = position * 26 + letter - ord("A") + 1
    return position


def _saved_at(parts: Mapping[str, bytes]) -> datetime | None:
    """When the file was last saved, as the program that saved it says; None when it does not."""
    text = parts.get("docProps/core.xml", b"").decode("utf-8", "replace")
    for name in ("modified", "created"):
        match = re.search(rf"<dcterms:{name}[^>]*>([^<]+)<", text)
        if match:
            try:
                stamp = datetime.fromisoformat(match[1].strip().replace("Z", "+00:00"))
            except ValueError:
                continue
            return stamp.replace(tzinfo=None)
    return None
