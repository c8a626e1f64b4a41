"""Bounces: mails that say that another did not arrive. By RFC 3464, or in words, as providers in China write them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from sources.mail.header_text import ADDRESS, address_in, header_text, ids_in, raw_header, shown
from sources.system.plain_text import printable

SENDERS = re.compile(r"^(mailer-daemon|postmaster|mail-daemon|mdaemon|bounces?)([+._-].*)?@")
SUBJECTS = re.compile(
    r"退信|退回|投递失败|发送失败|无法送达|未送达|无法投递|系统回执"
    r"|undeliver|delivery (status|failure|has failed)|failure notice|returned (mail|to sender)|mail delivery",
    re.IGNORECASE,
)
BY_CODE = {
    "5.1.1": "没有这个邮箱",
    "5.1.2": "邮箱地址 @ 后面的域名不对",
    "5.1.3": "邮箱地址写得不对",
    "5.1.10": "没有这个邮箱",
    "5.2.1": "邮箱已停用",
    "5.2.2": "邮箱已满",
    "4.2.2": "邮箱已满",
    "5.2.3": "邮件太大，对方不收",
    "5.3.4": "邮件太大，对方不收",
    "5.4.4": "找不到对方的邮件服务器，请核对 @ 后面的域名",
}
BY_WORDS = (
    (r"邮箱已满|空间不足|超出.{0,6}容量|quota|mailbox (is )?full|over ?quota|insufficient storage", "邮箱已满"),
    (
        r"不存在|无此用户|无效的?(用户|收件人)|user unknown|no such (user|recipient|mailbox)|unknown (user|recipient)"
        r"|user not found|recipient address rejected|invalid (recipient|mailbox)"
        r"|does ?n.t exist|mailbox (not found|unavailable)",
        "没有这个邮箱",
    ),
    (r"停用|禁用|冻结|已注销|disabled|inactive|suspended", "邮箱已停用"),
    (r"过大|太大|超过.{0,8}大小|too (large|big)|size limit|exceeds.{0,20}size", "邮件太大，对方不收"),
    (r"垃圾|拒收|被拒绝|黑名单|spam|blocked|blacklist|reject|denied|policy|not allowed", "对方的邮件服务器拒收"),
    (
        r"域名|host (or domain name )?not found|domain not found|name service error|mx record",
        "找不到对方的邮件服务器，请核对 @ 后面的域名",
    ),
    (r"超时|timed? ?out|connection refused|could not connect|unreachable", "连不上对方的邮件服务器"),
)
LONGEST_TEXT = 20_000


@dataclass(frozen=True, slots=True)
class Bounce:
    """One address that a mail did not reach. `original` is the id of that mail, where it is told; `is_final` says that
    nobody tries again. `reason` is Chinese, `said` what the other server said."""

    address: str
    reason: str
    said: str
    original: str = ""
    is_final: bool = True


def bounces_in(message: Message, sender: str, text: str) -> tuple[Bounce, ...]:
    """What a mail says of others that did not arrive; nothing where it is no bounce. `text` is its body."""
    parts = list(message.walk())[:200]
    original = _original(parts)
    told = [bounce for part in parts if _is_status(part) for bounce in _by_status(part, original)]
    if told:
        return tuple(told)
    is_by_program = (
        bool(SENDERS.match(sender.lower())) or raw_header(message, "Return-Path").replace(b" ", b"") == b"<>"
    )
    if not is_by_program or not (SUBJECTS.search(header_text(message, "Subject")) or SENDERS.match(sender.lower())):
        return ()
    return tuple(_by_words(text[:LONGEST_TEXT], original, {sender.lower(), *_own(message)}))


def is_report(message: Message) -> bool:
    """Whether a mail is a bounce by its form (RFC 3464), not by its words alone."""
    return any(_is_status(part) for part in list(message.walk())[:200])


def _is_status(part: Message) -> bool:
    return part.get_content_type() == "message/delivery-status" and isinstance(part.get_payload(), list)


def _by_status(part: Message, original: str) -> Iterator[Bounce]:
    blocks = part.get_payload()
    for block in (blocks if isinstance(blocks, list) else [])[:200]:
        if not isinstance(block, Message) or not raw_header(block, "Action"):
            continue
        action = header_text(block, "Action").lower()
        if action not in ("failed", "delayed"):
            continue
        whom = raw_header(block, "Original-Recipient") or raw_header(block, "Final-Recipient")
        address = address_in(whom.rpartition(b";")[2])
        said = shown(raw_header(block, "Diagnostic-Code").partition(b";")[2] or raw_header(block, "Diagnostic-Code"))
        code = re.search(r"[245]\.\d{1,3}\.\d{1,3}", header_text(block, "Status"))
        yield Bounce(address, reason_of(code[0] if code else "", said), said, original, action == "failed")


def _by_words(text: str, original: str, own: set[str]) -> Iterator[Bounce]:
    """Of each address in the text that is neither the writer's nor ours; the words around it tell why."""
    found = {each.group().lower(): each.group() for each in ADDRESS.finditer(text)}
    addresses = [each for lower, each in found.items() if lower not in own and not SENDERS.match(lower)]
    said = printable(" ".join(text.split()))
    code = re.search(r"\b[45]\.\d{1,3}\.\d{1,3}\b", text)
    for address in addresses[:5] or [""]:
        yield Bounce(address, reason_of(code[0] if code else "", text), said, original)


def _own(message: Message) -> set[str]:
    """To whom the bounce came."""
    return {address_in(raw_header(message, name)).lower() for name in ("To", "Delivered-To", "X-Original-To")} - {""}


def reason_of(code: str, said: str) -> str:
    """Why a mail was not taken, in Chinese: by its enhanced code (RFC 3463), else by the words of the server."""
    if code in BY_CODE:
        return BY_CODE[code]
    for pattern, reason in BY_WORDS:
        if re.search(pattern, said, re.IGNORECASE):
            return reason
    return "暂时没有送到，对方的服务器还会再试" if code.startswith("4") else "对方的邮件服务器没有收"


def _original(parts: list[Message]) -> str:
    """The id of the mail that came back, which stands at the end of the bounce, whole or its head alone."""
    for part in parts[1:]:
        if part.get_content_type() == "text/rfc822-headers":
            payload = part.get_payload(decode=True)
            found = re.search(
                rb"^message-id:\s*(<[^<>\s]{1,500}>)", payload if isinstance(payload, bytes) else b"", re.I | re.M
            )
            if found:
                return ids_in(found[1])[0]
        elif part.get_content_type() == "message/rfc822" and isinstance(part.get_payload(), list):
            inner = part.get_payload()
            for each in inner if isinstance(inner, list) else []:
                if isinstance(each, Message) and (ids := ids_in(raw_header(each, "Message-ID"))):
                    return ids[0]
    ids = ids_in(raw_header(parts[0], "In-Reply-To")) if parts else ()
    return ids[0] if ids else ""
