"""The automatic answer to a mail: what was taken, what is wrong with it, what to do. At most one a mail, ever.

Who sent from an address of the school gets the findings and the marked workbook. Who did not gets no word of what a
workbook holds; a mail that a program wrote gets nothing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sources.archive.archive import archived_path
from sources.archive.arrival import MAIL, MAIL_FOLDER, UNKNOWN_SENDER, Arrival
from sources.archive.mailbox import (
    MailedFile,
    Posted,
    TakenMail,
    note_posted,
    read_mailbox,
    read_posted,
)
from sources.archive.sent import Sent, note_sent
from sources.archive.tokens import issued_tokens
from sources.audit.closed_years import closed_findings
from sources.check import check_apart, mark_checked
from sources.checked import Checked
from sources.declarations.city import City
from sources.declarations.contacts import Contact
from sources.declarations.mailing import Mailing
from sources.submission.file_names import official_name
from sources.submission.finding import Finding
from sources.system.apart import Exceeded
from sources.system.faults import OneByOne
from sources.system.plain_text import cut_short, plain
from sources.system.settings import Settings
from warehouse.alerts.letters import bureau_named, finding_lines, marked_key
from warehouse.alerts.notices import shown_day
from warehouse.intake.who_sent import NOBODYS_ADDRESS, Provenance, sender_findings
from warehouse.post.mime import Enclosure, ToPost, new_id
from warehouse.post.send_letters import post
from warehouse.post.smtp_server import PostError, SmtpServer

ANSWER_DAYS = 7
"""A mail that could not be answered for so long is answered by nobody: its school has asked by telephone."""
PROGRAM = "nianbao"
RECEIPT_LETTERS = 8
LINE_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Judged:
    """A workbook of a mail: what was found in it, and what is asked about who sent it (then nothing is told of it)."""

    file: MailedFile
    checked: Checked | None
    questions: tuple[Finding, ...] = ()
    marked: Enclosure | None = field(default=None, repr=False)

    @property
    def asked(self) -> list[Finding]:
        """What is to be mended or explained."""
        return [each for each in self.checked.findings if each.is_error or each.is_unexplained] if self.checked else []


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of the answers: how many went out, what failed with its reason, why no more were tried."""

    sent: int = 0
    failed: tuple[str, ...] = ()
    stopped: str = ""


def answer_mails(settings: Settings, city: City, mailing: Mailing, contacts: Mapping[str, Contact]) -> Answered:
    """Answers the mails that were taken and not answered yet. One process at a time may do so (`mail_lock`).

    Raises MailSecretError. A server that is not there is told (`stopped`); the next look answers.
    """
    # Long: each mail is refused, judged, answered and noted before the next is begun.
    if not mailing.answers or mailing.outgoing is None:
        return Answered()
    today = datetime.now(ZoneInfo(city.calendar.timezone)).date()
    count, failed, one_by_one = 0, list[str](), OneByOne()
    given = _given_today(settings, today, city)
    with SmtpServer(mailing, settings.city_dir) as server:
        for mail in unanswered(settings, today):
            if given[mail.sender.lower()] >= mailing.answers_a_day:
                _refuse(settings, mailing, mail, f"当天已经自动答复 {mailing.answers_a_day} 封，不再答复")
                continue
            judged = [
                one_by_one.do(f"{mail.sender} 的《{file.name}》", partial(_judge, settings, city, mail, file))
                for file in mail.files
            ]
            try:
                if (
                    to_post := compose(city, contacts, mail, [each for each in judged if each], settings.today)
                ) is None:
                    _refuse(settings, mailing, mail, "没有可答复的")
                    continue
                posted = Posted(
                    new_id(mailing),
                    "answer",
                    mail.respondent_code,
                    None,
                    "",
                    "",
                    PROGRAM,
                    "sending",
                    about=mail.identity,
                )
                delivery = post(settings, city, mailing, server, to_post, posted)
            except PostError as error:
                return Answered(count, (*failed, *one_by_one.failed), str(error))
            given[mail.sender.lower()] += 1
            if delivery.state == "sent":
                count += 1
                _note_told(settings, mail, [each for each in judged if each])
            else:
                failed.append(f"{mail.sender}：{delivery.reason}")
    return Answered(count, (*failed, *one_by_one.failed))


def unanswered(settings: Settings, today: date) -> list[TakenMail]:
    """The mails that a person wrote, of which all is in the inbox, and for which no answer was begun."""
    mailbox = read_mailbox(settings.archive)
    begun = {each.about for each in read_posted(settings.archive) if each.about and each.state != "later"}
    return [
        mail
        for identity, mail in mailbox.mails.items()
        if identity in mailbox.whole
        and identity not in begun
        and not (mail.automatic or mail.suspect)
        and mail.sender
        and date.fromisoformat(mail.taken_at[:10]) >= today - timedelta(days=ANSWER_DAYS)
    ]


def _given_today(settings: Settings, today: date, city: City) -> Counter[str]:
    """Address → how many answers it was given today."""
    mails = read_mailbox(settings.archive).mails
    zone = ZoneInfo(city.calendar.timezone)
    return Counter(
        mails[each.about].sender.lower()
        for each in read_posted(settings.archive)
        if each.about in mails
        and each.state in ("sent", "sending")
        and datetime.fromisoformat(each.at).astimezone(zone).date() == today
    )


def _refuse(settings: Settings, mailing: Mailing, mail: TakenMail, why: str) -> None:
    """Notes that a mail is not answered, so that it is not asked about again."""
    refused = Posted(
        new_id(mailing), "answer", mail.respondent_code, None, "", "", PROGRAM, "refused", "", mail.identity
    )
    note_posted(settings.archive, replace(refused, reason=why))


def _judge(settings: Settings, city: City, mail: TakenMail, file: MailedFile) -> Judged:
    data = content_of_mail(settings, mail, file)
    if data is None:
        return Judged(file, None)
    checked = check_apart(data, file.name, city, settings.limits)
    submission = checked.submission
    arrival = Arrival(MAIL.code, file.sender)
    received = {submission.submission_id: [date.fromisoformat(mail.taken_on)]}
    issued = {each.token: (each.respondent_code, each.report_year) for each in issued_tokens(settings.archive)}
    provenance = Provenance(issued, {submission.submission_id: (arrival,)}, received)
    calendars = {submission.submission_id: city.calendar}
    asked = sender_findings([submission], city, provenance)
    if file.sender == UNKNOWN_SENDER:
        asked = [each for each in asked if each.rule_id == NOBODYS_ADDRESS]  # strangers hear of nothing else
    questions = (*closed_findings([submission], received, calendars), *asked)
    judged = Judged(file, checked, questions)
    if questions or not judged.asked or not _is_own(judged):
        return judged
    marked = mark_checked(data, checked, settings.limits)
    if isinstance(marked, Exceeded):
        return judged
    return replace(judged, marked=Enclosure(official_name(submission, city), marked))


def content_of_mail(settings: Settings, mail: TakenMail, file: MailedFile) -> bytes | None:
    """A workbook of a mail: from the inbox, else from the archive; None when somebody has taken it away before."""
    for path in (
        settings.inbox / MAIL_FOLDER / mail.folder / file.name,
        archived_path(file.submission_id, settings.archive),
    ):
        try:
            return path.read_bytes()
        except FileNotFoundError:  # taken away since
            continue
    return None


def _is_own(judged: Judged) -> bool:
    """Whether the file is of the school from whose address it came, or the school's addresses are not declared."""
    whose = judged.checked.submission.respondent if judged.checked else None
    return whose is not None and judged.file.sender in (None, whose.code)


def _note_told(settings: Settings, mail: TakenMail, judged: Sequence[Judged]) -> None:
    """Notes what an answer has told a school: unless a run finds something else, no letter tells it again."""
    for each in judged:
        submission = each.checked.submission if each.checked else None
        if each.marked and submission and submission.respondent and submission.report_year is not None:
            key = marked_key(each.file.submission_id, each.asked)
            batch = f"答复{mail.identity[:12]}_{each.file.submission_id[:RECEIPT_LETTERS]}"
            day = settings.today.isoformat()
            told = Sent("marked", submission.report_year, submission.respondent.code, key, batch, PROGRAM, day)
            note_sent(settings.archive, [told])


def compose(
    city: City, contacts: Mapping[str, Contact], mail: TakenMail, judged: Sequence[Judged], today: date
) -> ToPost | None:
    """The answer to a mail; None when there is nothing to say to whom nobody knows."""
    if mail.respondent_code is None and contacts and not any(each.questions for each in judged):
        return None
    year = max(city.calendar.years)
    of_year = city.in_year(year)
    bureau = bureau_named(contacts, of_year)
    lines = [*_greeting(city, contacts, mail), _opening(mail)]
    for number, each in enumerate(judged, 1):
        lines += ["", *_file_lines(number, each)]
    if mail.remarks:
        lines += ["", "没有收的：", *(f"· {cut_short(plain(each), LINE_LENGTH)}" for each in mail.remarks[:20])]
    if not judged:
        lines += ["", *_nothing_lines(bureau)]
    lines += ["", f"这是自动答复。有疑问请联系{bureau}。", f"{bureau}  {shown_day(today)}"]
    enclosures = [each.marked for each in judged if each.marked]
    answers = tuple(dict.fromkeys([mail.message_id, *reversed(mail.answers)])) if mail.message_id else ()
    return ToPost((mail.sender,), _subject(judged, mail), "\n".join(lines), enclosures, answers or ("",))


def _greeting(city: City, contacts: Mapping[str, Contact], mail: TakenMail) -> Iterator[str]:
    contact = contacts.get(mail.respondent_code or "")
    respondent = city.respondent_by_code.get(mail.respondent_code or "")
    name = f" {plain(contact.name)}" if contact and contact.name else ""
    yield f"{plain(respondent.name)}{name}：" if respondent else "您好："


def _opening(mail: TakenMail) -> str:
    when = shown_day(date.fromisoformat(mail.taken_on))
    subject = f"“{cut_short(plain(mail.subject), 60)}”" if mail.subject else ""
    what = f"，其中有 {len(mail.files)} 个工作簿。" if mail.files else "，但是没有看到工作簿。"
    return f"{when}收到您的邮件{subject}{what}"


def _subject(judged: Sequence[Judged], mail: TakenMail) -> str:
    """By what is most urgent; whose a file is stands there only when that is known to its sender."""
    if not judged:
        return "【年报】收到邮件，没有看到工作簿"
    if any(each.questions or each.checked is None for each in judged):
        return "【年报】收到，还没有采用：请看邮件"
    names = dict.fromkeys(
        f"{each.checked.submission.report_year}年度{plain(each.checked.submission.respondent.name)}"
        for each in judged
        if each.checked and each.checked.submission.respondent and each.checked.submission.report_year
    )
    whose = f"：{'、'.join(names)}" if names else ""
    errors = sum(finding.is_error for each in judged for finding in each.asked)
    warnings = sum(len(each.asked) for each in judged) - errors
    if errors:
        return f"【年报】收到，有 {errors} 个错误请改正后重报{whose}"
    return f"【年报】收到，有 {warnings} 个警告请核实{whose}" if warnings else f"【年报】收到，没有发现问题{whose}"


def _file_lines(number: int, judged: Judged) -> Iterator[str]:
    file = judged.file
    yield f"{number}. 《{cut_short(plain(file.name), 100)}》（回执 {file.submission_id[:RECEIPT_LETTERS]}）"
    if judged.checked is None:
        yield "这个文件已经不在收件夹里，由教育局处理。"
        return
    if judged.questions:
        yield from (cut_short(plain(f"{each.message}{each.fix}"), LINE_LENGTH) for each in judged.questions)
        return
    submission = judged.checked.submission
    if submission.respondent is None or submission.report_year is None:
        errors = [each for each in judged.checked.findings if each.is_error]
        yield "看不出是哪个单位、哪一年的，没有采用："
        yield from (cut_short(plain(f"{each.message}{each.fix}"), LINE_LENGTH) for each in errors[:3])
        return
    yield f"{plain(submission.respondent.name)}，{submission.report_year}年度。"
    if not _is_own(judged):
        yield "由您代为报送；校验的结果另行发给填报单位。"
        return
    yield _outcome(judged)
    yield from finding_lines(judged.asked, judged.marked is not None)


def _outcome(judged: Judged) -> str:
    errors = sum(each.is_error for each in judged.asked)
    warnings = len(judged.asked) - errors
    if errors:
        counted = f"有 {errors} 个错误" + (f"、{warnings} 个警告" if warnings else "")
        return f"{counted}，没有采用。请改正全部错误，把整个工作簿再发到这个邮箱。"
    if warnings:
        return f"没有错误，有 {warnings} 个警告：请改正，或者在“校验结果”表写明原因，再发到这个邮箱。"
    return "没有发现问题。入库时还要和上年、和其他学校比较，有新的问题另行发信；没有来信就不用再做什么。"


def _nothing_lines(bureau: str) -> Iterator[str]:
    yield "报送数据，请把填好的工作簿（.xlsx）直接作为附件，发到这个邮箱；不要用网盘链接、超大附件、截图或照片。"
    yield f"问别的事，请联系{bureau}。"
