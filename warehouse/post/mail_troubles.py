"""What of the mails a person has to look at: whose mail did not arrive and why, who asks something. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sources.archive.mailbox import Mailbox, Posted, TakenMail, Undelivered
from sources.archive.sent import Sent
from sources.declarations.city import City
from sources.declarations.contacts import Contact
from sources.system.plain_text import cut_short, plain
from warehouse.alerts.mail_out import KINDS
from warehouse.post.send_letters import heard_of

TroubleKind = Literal["undelivered", "refused", "uncertain", "question", "suspect", "half"]
LINE_LENGTH = 200
ID_LETTERS = 8
OWN_KINDS = {"answer": "自动答复", "digest": "每日汇总"}
"""What is sent to nobody about a year."""
SUSPECT_REMEDY = (
    "打电话问学校；是它发的，从邮箱里存下附件，放进收件夹的 {inbox} 文件夹。"
    "办好以后：nianbao mails --settle {id} --by 姓名"
)


@dataclass(frozen=True, slots=True)
class MailTrouble:
    """One thing to look at. `id` is what `nianbao mails --settle` takes, empty where something else settles it;
    `remedy` says what, in Chinese."""

    kind: TroubleKind
    respondent_code: str | None
    id: str
    text: str
    remedy: str


def mail_troubles(
    city: City, contacts: Mapping[str, Contact], mailbox: Mailbox, posted: Sequence[Posted], sent: Sequence[Sent]
) -> tuple[MailTrouble, ...]:
    """What is open. `sent` is what was noted as sent and stands (`archived_sent`)."""
    return (
        *_undelivered(city, contacts, mailbox, posted, sent),
        *_unsent(city, mailbox, posted, sent),
        *_questions(city, mailbox),
    )


def _undelivered(
    city: City, contacts: Mapping[str, Contact], mailbox: Mailbox, posted: Sequence[Posted], sent: Sequence[Sent]
) -> Iterator[MailTrouble]:
    by_id = {each.message_id: each for each in posted}
    standing = {(each.batch, each.kind, each.report_year, each.respondent_code) for each in sent}
    for mail in mailbox.mails.values():
        if mail.identity in mailbox.settled:
            continue
        for bounce in (each for each in mail.bounces if each.is_final):
            ours = by_id.get(bounce.original)
            is_letter = ours is not None and ours.is_letter
            if is_letter and ours and _of(ours) not in standing:
                continue  # it was taken back, so it waits to be sent again
            code = ours.respondent_code if ours else _whose(bounce.address, contacts)
            name = _name(city, code)
            if ours and is_letter:
                again = f"nianbao mail-out --not-sent --batch {ours.batch} --to {ours.respondent_code} --by 姓名"
                remedy = f"改好 contacts.yml 里的邮箱以后：{again}，再 nianbao mail-out --send --by 姓名"
            else:
                remedy = f"用别的办法告诉对方以后：nianbao mails --settle {mail.identity[:ID_LETTERS]} --by 姓名"
            yield MailTrouble("undelivered", code, mail.identity[:ID_LETTERS], _bounced(name, bounce, ours), remedy)


def _bounced(name: str, bounce: Undelivered, ours: Posted | None) -> str:
    what = what_of(ours) if ours else "邮件"
    said = f"（{plain(bounce.said)}）" if bounce.said else ""
    where = f"（{plain(bounce.address)}）" if bounce.address else ""
    return cut_short(f"{name}{where}没有收到{what}：{bounce.reason}{said}", LINE_LENGTH)


def what_of(ours: Posted) -> str:
    """What a mail of ours is, in Chinese."""
    if ours.kind == "answer" or ours.kind == "digest":
        return OWN_KINDS[ours.kind]
    return f"{ours.report_year}年度的{KINDS[ours.kind]}"


def _unsent(city: City, mailbox: Mailbox, posted: Sequence[Posted], sent: Sequence[Sent]) -> Iterator[MailTrouble]:
    """Letters that the server refused or that broke off, unless they were sent since."""
    has = {(each.kind, each.report_year, each.respondent_code, each.content) for each in sent}
    heard = heard_of(mailbox)
    last = {(each.kind, each.report_year, each.respondent_code, each.content, each.about): each for each in posted}
    for key, each in last.items():
        name = _name(city, each.respondent_code)
        if not each.is_letter or key[:4] in has:
            continue
        what = what_of(each)
        if each.state in ("refused", "later"):
            text = cut_short(f"{name}的{what}没有发出：{plain(each.reason)}", LINE_LENGTH)
            yield MailTrouble("refused", each.respondent_code, "", text, "核对邮箱后 nianbao mail-out --send --by 姓名")
        elif each.state == "sending" and each.message_id not in heard:
            text = f"{name}的{what}发送时中断，不知道对方收到没有"
            remedy = "问一下，或查看邮箱的“已发送”；没有收到的：nianbao mail-out --send --again --by 姓名"
            yield MailTrouble("uncertain", each.respondent_code, "", text, remedy)


def _questions(city: City, mailbox: Mailbox) -> Iterator[MailTrouble]:
    for mail in mailbox.mails.values():
        if mail.identity in mailbox.settled:
            continue
        id_ = mail.identity[:ID_LETTERS]
        if mail.identity not in mailbox.whole:
            yield MailTrouble("half", mail.respondent_code, id_, f"{_about(city, mail)}：没有取完", "nianbao mail-in")
        elif mail.suspect and (mail.respondent_code or mail.remarks):
            remedy = SUSPECT_REMEDY.format(inbox=mail.respondent_code or "单位代码", id=id_)
            yield MailTrouble("suspect", mail.respondent_code, id_, _suspected(city, mail), remedy)
        elif not mail.files and not mail.automatic and mail.respondent_code:
            settle = f"看过、办好以后：nianbao mails --settle {id_} --by 姓名"
            yield MailTrouble("question", mail.respondent_code, id_, _about(city, mail), settle)


def _about(city: City, mail: TakenMail) -> str:
    said = "；".join(mail.remarks) or " ".join(mail.text.split())
    line = f"{_name(city, mail.respondent_code)}来信“{plain(mail.subject)}”，没有工作簿：{plain(said)}"
    return cut_short(line, LINE_LENGTH)


def _suspected(city: City, mail: TakenMail) -> str:
    whose = f"自称{_name(city, mail.respondent_code)}" if mail.respondent_code else "不认识的发件人"
    told = "".join(plain(each) for each in mail.remarks)
    line = f"{whose}（{plain(mail.sender)}）的来信“{plain(mail.subject)}”：{mail.suspect}，没有答复。{told}"
    return cut_short(line, LINE_LENGTH)


def _of(posted: Posted) -> tuple[str, str, int | None, str | None]:
    return posted.batch, posted.kind, posted.report_year, posted.respondent_code


def _whose(address: str, contacts: Mapping[str, Contact]) -> str | None:
    wanted = address.lower()
    return next((code for code, each in contacts.items() if wanted in (one.lower() for one in each.mail)), None)


def _name(city: City, code: str | None) -> str:
    known = city.respondent_by_code.get(code or "")
    return plain(known.name) if known else "不认识的收件人"
