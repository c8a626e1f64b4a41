"""Header fields as people meant them: encoded by RFC 2047, by RFC 2231, wrongly by either, or not at all.

Programs of twenty years write them; what cannot be read has a visible sign in its place, and nothing is raised.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Sequence
from email.message import Message
from email.utils import getaddresses
from quopri import decodestring
from urllib.parse import unquote_to_bytes

from sources.system.plain_text import printable

ENCODED_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
BETWEEN_WORDS = re.compile(r"(\?=)\s+(?==\?)")
MESSAGE_ID = re.compile(r"<[^<>\s]{1,500}>")
CHINESE_ENCODINGS = ("utf-8", "gb18030", "big5")
"""How bytes are read that say not how, in this order; GB 18030 takes GBK and GB 2312 in."""
AS_GB18030 = {"gb2312", "gbk", "gb_2312-80", "x-gbk", "cp936", "euc-cn", "hz-gb-2312"}
LONGEST_HEADER = 20_000
IN_PARAMETERS = re.compile(r';\s*([A-Za-z0-9_-]+(?:\*\d*\*?)?)\s*=\s*("(?:[^"\\]|\\.)*"?|[^;]*)', re.DOTALL)


def read_bytes(data: bytes, charset: str = "") -> str:
    """Bytes as text: by the encoding that is named if that fits, else by those of China, else with signs for losses."""
    named = charset.strip().strip("\"'").lower().partition("*")[0]  # RFC 2231 puts a language there
    if named in AS_GB18030:
        named = "gb18030"
    for encoding in (
        *([named] if named and named not in ("us-ascii", "ascii", "unknown-8bit") else []),
        *CHINESE_ENCODINGS,
    ):
        try:
            return data.decode(encoding)
        except (LookupError, UnicodeError, ValueError):  # no such encoding, or not in it; "\0" in its name
            continue
    return data.decode("utf-8", "replace")


def raw_header(message: Message, name: str) -> bytes:
    """The first header field of that name, unfolded; nothing where there is none."""
    wanted = name.lower()
    for key, value in message.raw_items():
        if key.lower() == wanted:
            return _unfolded(value)
    return b""


def raw_headers(message: Message, name: str) -> list[bytes]:
    """Every header field of that name, from above to below."""
    wanted = name.lower()
    return [_unfolded(value) for key, value in message.raw_items() if key.lower() == wanted]


def _unfolded(value: object) -> bytes:
    text = str(value)[:LONGEST_HEADER]
    return re.sub(r"\r?\n[ \t]?|\r|\0", " ", text).encode("utf-8", "surrogateescape").strip()


def header_text(message: Message, name: str) -> str:
    """A header field for people, on one line."""
    return shown(raw_header(message, name))


def shown(raw: bytes) -> str:
    return printable(decoded(raw)).strip()


def decoded(raw: bytes) -> str:
    """The text of a field. Encoded words that stand side by side are joined before their characters are read: some
    programs cut a character in two."""
    text = BETWEEN_WORDS.sub(r"\1", raw.decode("latin-1"))
    out: list[str] = []
    pending = b""
    charset = ""
    position = 0
    for found in ENCODED_WORD.finditer(text):
        before = text[position : found.start()]
        if before or found[1].lower() != charset:
            out.append(read_bytes(pending, charset) if pending else "")
            pending = b""
        out.append(read_bytes(before.encode("latin-1")) if before else "")
        charset = found[1].lower()
        pending += _word(found[2], found[3])
        position = found.end()
    out.append(read_bytes(pending, charset) if pending else "")
    out.append(read_bytes(text[position:].encode("latin-1")))
    return "".join(out)


def _word(how: str, text: str) -> bytes:
    raw = text.encode("latin-1")
    if how in "qQ":
        return decodestring(raw.replace(b"_", b" "), header=True)
    try:
        return b64decode(raw + b"=" * (-len(raw) % 4))
    except (binascii.Error, ValueError):
        return raw


def file_name(part: Message) -> str:
    """The name of an attachment as its sender saw it; empty where it has none. It is text, never a path."""
    for field, parameter in (("content-disposition", "filename"), ("content-type", "name")):
        if name := _parameter(raw_header(part, field), parameter):
            return name
    return header_text(part, "content-description") if _is_file_name(header_text(part, "content-description")) else ""


def _is_file_name(text: str) -> bool:
    return re.fullmatch(r"[^/\\]{1,150}\.[A-Za-z0-9]{2,5}", text) is not None


def _parameter(raw: bytes, wanted: str) -> str:
    """A parameter of a field: in one piece or in several (RFC 2231), encoded by it, by RFC 2047, or not at all."""
    plain = b""
    pieces: dict[int, tuple[bytes, bool]] = {}
    for found in IN_PARAMETERS.finditer(raw.decode("latin-1")):
        key, value = found[1].lower(), _unquoted(found[2])
        name, star, rest = key.partition("*")
        if name != wanted:
            continue
        if not star:
            plain = plain or value
        else:
            number = rest.rstrip("*")
            pieces.setdefault(int(number) if number else 0, (value, rest.endswith("*") or not rest))
    if pieces:
        return printable(_joined([pieces[number] for number in sorted(pieces)])).strip()
    if b"%" in plain and b"''" in plain:  # RFC 2231's form under the plain name
        return printable(_joined([(plain, True)])).strip()
    return shown(plain)


def _joined(pieces: Sequence[tuple[bytes, bool]]) -> str:
    """Pieces as one text. Encoded ones that stand side by side are joined first: some programs cut a code in two."""
    charset = ""
    data = encoded = b""
    for position, (value, is_encoded) in enumerate(pieces):
        if is_encoded and position == 0 and value.count(b"'") >= 2:
            named, _, rest = value.partition(b"'")
            charset, value = named.decode("latin-1"), rest.partition(b"'")[2]
        if is_encoded:
            encoded += value
        else:
            data += unquote_to_bytes(encoded) + value
            encoded = b""
    data += unquote_to_bytes(encoded)
    return decoded(data) if ENCODED_WORD.search(data.decode("latin-1")) else read_bytes(data, charset)


def _unquoted(value: str) -> bytes:
    value = value.strip()
    if value.startswith('"'):
        value = re.sub(r'\\(["\\])', r"\1", value[1:].removesuffix('"'))
    return value.encode("latin-1")


def address_in(raw: bytes) -> str:
    """The first mail address of a field; empty where there is none that could be written to."""
    try:
        found = getaddresses([raw.decode("latin-1")])
    except Exception:  # noqa: BLE001 - it raises what it likes on what is no address
        return ""
    return next((spelled for _, each in found if (spelled := as_address(each))), "")


def as_address(text: str) -> str:
    """An address that can be written to; empty when it is none. No blank, bracket or line end passes. Addresses are
    compared in small letters, and written to as they are spelt."""
    text = text.strip()
    return text if len(text) <= 254 and ADDRESS.fullmatch(text) else ""


ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,10}")


def ids_in(raw: bytes) -> tuple[str, ...]:
    """The ids of mails that a field names, without their brackets; of very many the last."""
    found = MESSAGE_ID.findall(raw.decode("latin-1"))
    return tuple(printable(each[1:-1]) for each in found[-50:])
