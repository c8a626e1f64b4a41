"""The workbooks that hang on a mail: by themselves, in a zip, in a winmail.dat, in a mail that was forwarded.

What is not a workbook is told, never guessed at. Everything has a limit before it is unpacked, and no name is a path.
"""

import struct
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import Message
from io import BytesIO
from typing import Literal

from sources.mail.automatic import OURS
from sources.mail.header_text import file_name, raw_header, read_bytes
from sources.system.plain_text import shown_name

OF_WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".xltx", ".xlt", ".et", ".ett", ".ods", ".csv")
OF_ARCHIVES = (".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".cab", ".iso")
ZIP, OLE, RAR, SEVEN = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"Rar!\x1a\x07", b"7z\xbc\xaf'\x1c"
TNEF = struct.pack("<I", 0x223E9F78)
IS_ENCRYPTED, IS_UTF8 = 0x1, 0x800
DEEPEST = 6
MOST_PARTS = 300
MOST_MEMBERS = 300
INLINE = ("image/",)
Trouble = Literal[
    "encrypted_zip",
    "unreadable_zip",
    "zip_too_large",
    "other_archive",
    "outlook_mail",
    "unreadable_tnef",
    "too_large",
    "too_many",
    "too_deep",
    "no_workbook",
    "too_many_parts",
]
TROUBLES: dict[Trouble, str] = {
    "encrypted_zip": "《{name}》是加了密码的压缩包，打不开；请去掉密码再发，最好直接发工作簿。",
    "unreadable_zip": "《{name}》这个压缩包打不开，可能传坏了；请直接发工作簿。",
    "zip_too_large": "《{name}》解开以后太大，没有解；请直接发工作簿。",
    "other_archive": "《{name}》是这里不解的压缩包；请直接发工作簿（.xlsx），或者压成 .zip 再发。",
    "outlook_mail": "《{name}》是 Outlook 存的邮件，这里打不开；请把里面的工作簿（.xlsx）直接发来，或者压成 .zip。",
    "unreadable_tnef": "《{name}》是 Outlook 的富文本格式，附件读不出来；请在 Outlook 里改用“纯文本”格式再发。",
    "too_large": "《{name}》太大，没有收；填好的工作簿一般不到 1 MB，请删去图片再发。",
    "too_many": "附件太多，《{name}》和它后面的没有收；请分几封发。",
    "too_deep": "《{name}》在一层层转发的邮件里太深，没有读；请把工作簿直接作为附件发。",
    "no_workbook": "《{name}》不是工作簿，没有收。",
    "too_many_parts": "邮件的结构太复杂，后面的部分没有读；请新写一封，把工作簿直接作为附件发。",
}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A workbook as it hung on the mail. `name` is for people; it is no path."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class NotTaken:
    """A part that was not taken, and why."""

    trouble: Trouble
    name: str

    @property
    def words(self) -> str:
        return TROUBLES[self.trouble].format(name=self.name)


@dataclass(frozen=True, slots=True)
class MailLimits:
    """How much of a mail is read: workbooks, bytes of one, bytes of all that is unpacked."""

    attachments: int = 20
    file_bytes: int = 20_000_000
    expanded_bytes: int = 200_000_000


class _FullError(Exception):
    """No more is taken."""


class Collected:
    """What was found so far; it grows while a mail is walked."""

    def __init__(self, limits: MailLimits, into_forwarded: bool = True) -> None:
        self.limits = limits
        self.into_forwarded = into_forwarded
        self.taken: list[Attachment] = []
        self.not_taken: list[NotTaken] = []
        self.parts = 0
        self.bytes = 0

    def refuse(self, trouble: Trouble, name: str) -> None:
        self.not_taken.append(NotTaken(trouble, name))

    def take(self, name: str, data: bytes) -> None:
        if len(data) > self.limits.file_bytes:
            self.refuse("too_large", name)
        elif len(self.taken) >= self.limits.attachments:
            self.refuse("too_many", name)
            raise _FullError
        else:
            self.taken.append(Attachment(name, data))

    def room_for(self, size: int) -> bool:
        """Notes that so much is to be unpacked; whether it may be."""
        self.bytes += size
        return self.bytes <= self.limits.expanded_bytes


def collect(
    message: Message, limits: MailLimits, into_forwarded: bool = True
) -> tuple[tuple[Attachment, ...], tuple[NotTaken, ...]]:
    """The workbooks of a mail, and what of it was not taken; `into_forwarded`: also those of mails within it."""
    found = Collected(limits, into_forwarded)
    with suppress(_FullError):  # what there was room for is taken, and the rest told
        _walk(message, found, 0)
    return tuple(found.taken), tuple(found.not_taken)


def _walk(message: Message, found: Collected, depth: int) -> None:
    if found.parts >= MOST_PARTS:
        found.refuse("too_many_parts", "")
        raise _FullError
    found.parts += 1
    payload = message.get_payload()
    if isinstance(payload, list):
        is_forwarded = message.get_content_type() == "message/rfc822"
        if is_forwarded and (not found.into_forwarded or _is_ours(payload)):
            return
        if depth > DEEPEST * 3:
            found.refuse("too_deep", _name(message) or "转发的邮件")
            return
        for part in payload:
            if isinstance(part, Message) and message.get_content_type() != "message/delivery-status":
                _walk(part, found, depth + 1)
        return
    name = _name(message)
    kind = message.get_content_type()
    is_body = kind in ("text/plain", "text/html") and not name
    if is_body or kind.startswith(INLINE) or kind in ("text/rfc822-headers", "message/delivery-status"):
        return
    data = message.get_payload(decode=True)
    if isinstance(data, bytes) and data:
        _look(name or "无名附件", data, found, 0)


def _is_ours(forwarded: Sequence[object]) -> bool:
    """Whether a mail within another is one of ours, quoted: its workbook is the one that we have sent."""
    return any(isinstance(each, Message) and bool(raw_header(each, OURS)) for each in forwarded)


def _name(part: Message) -> str:
    name = file_name(part)
    return shown_name(name) if name else ""


def _look(name: str, data: bytes, found: Collected, depth: int) -> None:
    """Takes a workbook; looks into what may hold one."""
    lower = name.lower()
    if data.startswith(TNEF) or lower == "winmail.dat":
        _unpack_tnef(name, data, found, depth)
    elif lower.endswith((".eml", ".msg")) and not data.startswith(OLE):
        _forwarded(name, data, found, depth)
    elif data.startswith(ZIP) and _is_plain_zip(data, lower):
        _unpack_zip(name, data, found, depth)
    elif lower.endswith(OF_WORKBOOKS) or _is_workbook(data, lower):
        found.take(name if lower.endswith(OF_WORKBOOKS) else f"{name}.xlsx", data)
    elif lower.endswith(".msg"):
        found.refuse("outlook_mail", name)
    elif data.startswith((RAR, SEVEN)) or lower.endswith(OF_ARCHIVES):
        found.refuse("other_archive", name)
    elif lower.endswith(".zip") or (data.startswith(ZIP) and _names(data) is None):
        found.refuse("unreadable_zip", name)
    else:
        found.refuse("no_workbook", name)


def _is_plain_zip(data: bytes, lower: str) -> bool:
    """Whether a zip holds files, and is no office document itself: those have a list of types or a kind."""
    if lower.endswith(OF_WORKBOOKS):
        return False
    names = _names(data)
    return not names & {"[Content_Types].xml", "mimetype"} if names is not None else lower.endswith(".zip")


def _is_workbook(data: bytes, lower: str) -> bool:
    """Whether bytes are a workbook, whatever their name says; documents and slides are none."""
    if data.startswith(ZIP):
        names = _names(data) or set()
        return any(each.startswith("xl/") for each in names) or (b"opendocument.spreadsheet" in data[:200])
    return data.startswith(OLE) and "." not in lower


def _names(data: bytes) -> set[str] | None:
    """The names in a zip; None where it cannot be read."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as opened:
            return {each.filename for each in opened.infolist()}
    except Exception:  # noqa: BLE001 - a forged directory raises what it likes
        return None


def _unpack_zip(name: str, data: bytes, found: Collected, depth: int) -> None:
    if depth >= DEEPEST:
        found.refuse("too_deep", name)
        return
    try:
        with zipfile.ZipFile(BytesIO(data)) as opened:
            members = [each for each in opened.infolist() if not each.is_dir()]
            if len(members) > MOST_MEMBERS or not found.room_for(sum(each.file_size for each in members)):
                found.refuse("zip_too_large", name)
                return
            if any(each.flag_bits & IS_ENCRYPTED for each in members):
                found.refuse("encrypted_zip", name)
                return
            for each in members:
                inner = _member_name(each)
                if inner.startswith((".", "~$")) or "__macosx" in each.filename.lower():
                    continue
                if (content := _content(opened, each, found.limits.file_bytes)) is None:
                    found.refuse("too_large", inner)
                else:
                    _look(inner, content, found, depth + 1)
    except _FullError:
        raise
    except Exception:  # noqa: BLE001 - what forged or broken files raise is not to be listed
        found.refuse("unreadable_zip", name)


def _content(opened: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> bytes | None:
    """A member's bytes, never more than it may have, whatever the directory says; None when it has more."""
    with opened.open(member) as file:
        data = file.read(most + 1)
    return data if len(data) <= most else None


def _member_name(member: zipfile.ZipInfo) -> str:
    """A name in a zip: of programs that say no encoding, GB 18030 before code page 437."""
    name = member.orig_filename if not member.flag_bits & IS_UTF8 else member.filename
    if not member.flag_bits & IS_UTF8:
        try:
            name = read_bytes(name.encode("cp437"))
        except UnicodeError:
            name = member.filename
    return shown_name(name)


def _unpack_tnef(name: str, data: bytes, found: Collected, depth: int) -> None:
    """The attachments of a winmail.dat. A mail within it is not looked into."""
    # Long: the library raises what it likes, and its names are bytes, text or nothing.
    import logging

    from tnefparse import tnef

    logging.getLogger("tnefparse").setLevel(logging.CRITICAL)
    if depth >= DEEPEST or not found.room_for(len(data)):
        found.refuse("too_deep", name)
        return
    try:
        opened = tnef.TNEF(data, do_checksum=False)
        parts = [(_tnef_name(each), each.data) for each in opened.attachments[:MOST_PARTS]]
    except Exception:  # noqa: BLE001 - see above
        found.refuse("unreadable_tnef", name)
        return
    for inner, content in parts:
        if isinstance(content, bytes) and content:
            _look(inner, content, found, depth + 1)
    if not parts and len(data) > 2_000:
        found.refuse("unreadable_tnef", name)


def _tnef_name(attachment: object) -> str:
    names: list[object] = []
    for read in (_long_name, lambda each: getattr(each, "_name", b"")):
        with suppress(Exception):  # see above
            names.append(read(attachment))
    texts = [read_bytes(each) if isinstance(each, bytes) else str(each) for each in names]
    return next((shown_name(each.strip("\0 ")) for each in texts if each.strip("\0 ")), "无名附件")


def _long_name(attachment: object) -> object:
    read: Callable[[], object] = attachment.long_filename  # type: ignore[attr-defined]
    return read()


def _forwarded(name: str, data: bytes, found: Collected, depth: int) -> None:
    """A mail that was attached as a file."""
    from email import message_from_bytes

    if depth >= DEEPEST:
        found.refuse("too_deep", name)
        return
    _walk(message_from_bytes(data), found, depth + 1)
