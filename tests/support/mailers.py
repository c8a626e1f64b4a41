"""Mails as programs write them, with all their manners: how a Chinese name of a file stands in a head, whether the
workbook hangs on the mail itself, in a zip, in a mail that was forwarded, or in a winmail.dat.
"""

import io
import struct
import zipfile
from base64 import b64encode
from collections.abc import Callable, Mapping
from email.utils import formatdate
from urllib.parse import quote

Head = Callable[[str], list[bytes]]
"""A file's name → the header fields of its part."""
XLSX = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TEXT = "老师：您好！附件是我校的数据，请查收。"


def word(text: str, charset: str = "utf-8") -> bytes:
    """An encoded word (RFC 2047)."""
    return b"=?" + charset.encode() + b"?B?" + b64encode(text.encode(charset)) + b"?="


def _by_words(charset: str) -> Head:
    """RFC 2047 within quotes, which it does not allow and nearly all do."""

    def head(name: str) -> list[bytes]:
        return [
            b"Content-Type: " + XLSX + b';\r\n\tname="' + word(name, charset) + b'"',
            b'Content-Disposition: attachment;\r\n\tfilename="' + word(name, charset) + b'"',
        ]

    return head


def _cut_within_a_character(name: str) -> list[bytes]:
    """As Coremail does: several words, of which one ends within a character."""
    raw = name.encode("gb18030")
    words = [b"=?GBK?B?" + b64encode(raw[at : at + 7]) + b"?=" for at in range(0, len(raw), 7)]
    return [b"Content-Type: " + XLSX, b'Content-Disposition: attachment; filename="' + b"\r\n ".join(words) + b'"']


def _rfc_2231(name: str, charset: str = "utf-8") -> list[bytes]:
    encoded = quote(name.encode(charset), safe="").encode()
    return [
        b"Content-Type: " + XLSX,
        b"Content-Disposition: attachment;\r\n filename*=" + charset.encode() + b"''" + encoded,
    ]


def _rfc_2231_in_pieces(name: str) -> list[bytes]:
    encoded = quote(name.encode(), safe="").encode()
    pieces = [encoded[at : at + 30] for at in range(0, len(encoded), 30)]
    lines = [b" filename*%d*=" % at + (b"UTF-8''" if at == 0 else b"") + piece for at, piece in enumerate(pieces)]
    return [b"Content-Type: " + XLSX, b"Content-Disposition: attachment;\r\n" + b";\r\n".join(lines)]


def _raw(charset: str) -> Head:
    """The bytes themselves, which no standard allows."""

    def head(name: str) -> list[bytes]:
        raw = name.encode(charset)
        return [
            b'Content-Type: application/octet-stream; name="' + raw + b'"',
            b'Content-Disposition: attachment; filename="' + raw + b'"',
        ]

    return head


def _quoted_printable(name: str) -> list[bytes]:
    encoded = "".join(f"={byte:02X}" for byte in name.encode()).encode()
    return [b"Content-Type: " + XLSX + b'; name="=?utf-8?Q?' + encoded + b'?="', b"Content-Disposition: attachment"]


MANNERS: Mapping[str, Head] = {
    "qq": _by_words("utf-8"),
    "foxmail": _by_words("gb2312"),
    "netease": _by_words("gbk"),
    "exchange": _by_words("gb18030"),
    "coremail": _cut_within_a_character,
    "thunderbird": _rfc_2231_in_pieces,
    "apple": _rfc_2231,
    "old outlook": lambda name: _rfc_2231(name, "gb2312"),
    "raw gbk": _raw("gbk"),
    "raw gb18030": _raw("gb18030"),
    "raw utf-8": _raw("utf-8"),
    "name only": _quoted_printable,
}


def part(name: str, data: bytes, manner: str) -> bytes:
    """One part with a file."""
    fields = [*MANNERS[manner](name), b"Content-Transfer-Encoding: base64"]
    body = b64encode(data)
    lines = b"\r\n".join(body[at : at + 76] for at in range(0, len(body), 76))
    return b"\r\n".join(fields) + b"\r\n\r\n" + lines + b"\r\n"


def mail(
    sender: str,
    to: str = "nianbao@city.example",
    subject: bytes = b"",
    parts: tuple[bytes, ...] = (),
    message_id: str = "",
    more: tuple[bytes, ...] = (),
    text: bytes | None = None,
) -> bytes:
    """A mail of a person with these parts; `more` are further header fields."""
    fields = [
        b"From: " + word("张老师", "gb2312") + b" <" + sender.encode() + b">",
        b"To: " + to.encode(),
        b"Subject: " + (subject or word("报送数据", "gbk")),
        b"Date: " + formatdate(1_796_000_000).encode(),
        *([b"Message-ID: <" + message_id.encode() + b">"] if message_id else []),
        *more,
        b"MIME-Version: 1.0",
    ]
    body = TEXT.encode("gb18030") if text is None else text
    plain = b"Content-Type: text/plain; charset=gb18030\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64encode(body)
    if not parts:
        return b"\r\n".join(fields) + b"\r\n" + plain + b"\r\n"
    mark = b"----=_Next"
    fields.append(b'Content-Type: multipart/mixed; boundary="' + mark + b'"')
    inner = b"".join(b"--" + mark + b"\r\n" + each + b"\r\n" for each in (plain, *parts))
    return b"\r\n".join(fields) + b"\r\n\r\n" + inner + b"--" + mark + b"--\r\n"


def forwarded(mail_within: bytes) -> bytes:
    """A part with a whole mail."""
    return b"Content-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n" + mail_within + b"\r\n"


def zipped(files: Mapping[str, bytes], charset: str = "utf-8", is_locked: bool = False) -> bytes:
    """A zip, with names in an encoding that it does not tell unless it is UTF-8; `is_locked`: as if with a password."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as book:
        for name, data in files.items():
            stand_in = name if charset == "utf-8" else "n" * len(name.encode(charset))
            book.writestr(stand_in, data)
    made = target.getvalue()
    for name in files if charset != "utf-8" else ():
        raw = name.encode(charset)
        made = made.replace(b"n" * len(raw), raw)
    if is_locked:
        made = _with_flag(_with_flag(made, b"PK\x03\x04", 6), b"PK\x01\x02", 8)
    return made


def _with_flag(data: bytes, signature: bytes, offset: int) -> bytes:
    out = bytearray(data)
    at = out.find(signature)
    while at >= 0:
        out[at + offset] |= 1
        at = out.find(signature, at + 4)
    return bytes(out)


def winmail(name: str, data: bytes) -> bytes:
    """A winmail.dat (MS-OXTNEF) with one file."""

    def attribute(level: int, kind: int, content: bytes) -> bytes:
        head = struct.pack("<BIL", level, kind, len(content))
        return head + content + struct.pack("<H", sum(content) & 0xFFFF)

    return (
        struct.pack("<IH", 0x223E9F78, 1)
        + attribute(1, 0x00089006, struct.pack("<I", 0x10000))
        + attribute(1, 0x00069007, struct.pack("<II", 936, 0))
        + attribute(2, 0x00069002, b"\x01\x00" + b"\xff" * 12)
        + attribute(2, 0x00018010, name.encode("gbk") + b"\0")
        + attribute(2, 0x0006800F, data)
    )
