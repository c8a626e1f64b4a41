"""A mail taken apart: the workbooks and their names, whoever wrote the mail; bounces, programs, what is too much."""

import random
import zipfile
from io import BytesIO

import pytest
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as some

from sources.mail.attached import TROUBLES, MailLimits
from sources.mail.bounce import reason_of
from sources.mail.header_text import ADDRESS, as_address, decoded
from sources.mail.opened import OpenedMail, open_apart, open_head, open_mail
from sources.system.settings import Limits
from tests.support.mailers import MANNERS, forwarded, mail, part, winmail, word, zipped
from warehouse.post.take_mails import safe_name

BOOK = zipped({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"})
NAME = "2023年报送（钦州市卫生学校）.xlsx"
SCHOOL = "wei@school.example"
LIMITS = MailLimits()


def opened(*parts: bytes, limits: MailLimits = LIMITS, **more: object) -> OpenedMail:
    return open_mail(mail(SCHOOL, parts=parts, **more), limits)


def names(found: OpenedMail) -> list[str]:
    return [each.name for each in found.attachments]


@pytest.mark.parametrize("manner", MANNERS)
def test_a_chinese_name_is_read_as_its_sender_saw_it(manner):
    found = opened(part(NAME, BOOK, manner))
    assert names(found) == [NAME]
    assert found.attachments[0].data == BOOK
    assert (found.sender, found.subject, found.automatic) == (SCHOOL, "报送数据", "")


@pytest.mark.parametrize("rare", ["㙍镇职业学校.xlsx", "北京市𠮷祥学校.xlsx"])
def test_rare_characters_of_names_are_kept(rare):
    assert names(opened(part(rare, BOOK, "exchange"), part(rare + ".xlsx", BOOK + b"2", "raw utf-8"))) == [
        rare,
        rare + ".xlsx",
    ]


def test_a_workbook_is_found_wherever_it_hangs():
    within = mail("someone@school.example", parts=(part(NAME, BOOK, "qq"),))
    chain = forwarded(mail("b@school.example", parts=(forwarded(within),)))
    assert names(opened(chain)) == [NAME]
    as_file = part("转发的邮件.eml", within, "foxmail")
    assert names(opened(as_file)) == [NAME]
    assert names(opened(part("数据.zip", zipped({f"文件夹/{NAME}": BOOK}, "gbk"), "qq"))) == [NAME]
    assert names(opened(part("数据.zip", zipped({NAME: BOOK}), "qq"))) == [NAME]
    assert names(opened(part("数据.zip", zipped({"里面.zip": zipped({NAME: BOOK}, "gb18030")}), "qq"))) == [NAME]
    assert names(opened(part("winmail.dat", winmail(NAME, BOOK), "exchange"))) == [NAME]


def test_a_workbook_without_a_suffix_is_known_by_its_content():
    assert names(opened(part("报表", BOOK, "qq"))) == ["报表.xlsx"]


@pytest.mark.parametrize(
    ("name", "data", "trouble"),
    [
        ("数据.zip", zipped({NAME: BOOK}, is_locked=True), "encrypted_zip"),
        ("数据.zip", zipped({NAME: BOOK})[:-30], "unreadable_zip"),
        ("数据.rar", b"Rar!\x1a\x07\x01\x00abc", "other_archive"),
        ("数据.7z", b"7z\xbc\xaf'\x1cabc", "other_archive"),
        ("转发.msg", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1abc", "outlook_mail"),
        ("winmail.dat", winmail(NAME, BOOK)[:60], "no_workbook"),
        ("照片.jpg", b"\xff\xd8\xff", "no_workbook"),
        ("说明.docx", zipped({"[Content_Types].xml": b"", "word/document.xml": b""}), "no_workbook"),
        ("大.xlsx", b"PK\x03\x04" + b"x" * 3000, "too_large"),
    ],
)
def test_what_is_not_taken_is_told_with_what_to_do(name, data, trouble):
    found = opened(part(name, data, "qq"), limits=MailLimits(file_bytes=2000))
    if name == "winmail.dat":  # cut within: nothing hangs on it any more
        assert found.attachments == ()
        return
    assert found.attachments == ()
    assert [(each.trouble, each.name) for each in found.not_taken] == [(trouble, name)]
    assert name in found.not_taken[0].words


def test_every_trouble_has_its_words():
    assert all(text.endswith("。") for text in TROUBLES.values())


def test_a_bomb_is_not_unpacked():
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as book:
        for number in range(30):
            book.writestr(f"{number}.xlsx", b"PK\x03\x04" + b"\0" * 10_000_000)
    found = opened(part("数据.zip", target.getvalue(), "qq"))
    assert [each.trouble for each in found.not_taken] == ["zip_too_large"]
    within = target.getvalue()
    for _ in range(8):
        within = zipped({"里.zip": within})
    assert "too_deep" in {each.trouble for each in opened(part("数据.zip", within, "qq")).not_taken}


def test_many_attachments_have_a_limit_that_is_told():
    parts = [part(f"{number}.xlsx", BOOK + bytes([number]), "qq") for number in range(9)]
    found = opened(*parts, limits=MailLimits(attachments=5))
    assert names(found) == [f"{number}.xlsx" for number in range(5)]
    assert [each.trouble for each in found.not_taken] == ["too_many"]


def test_a_thousand_parts_within_each_other_end_nobody():
    deep = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(3000))
    assert open_mail(b"From: a@b.cn\r\n" + deep, LIMITS).sender == "a@b.cn"
    found = open_apart(b"From: a@b.cn\r\n" + deep, Limits(), LIMITS)
    assert isinstance(found, OpenedMail)


@pytest.mark.parametrize(
    "field",
    [
        b"Auto-Submitted: auto-replied",
        b"Auto-Submitted: auto-generated (rejected)",
        b"Precedence: bulk",
        b"List-Id: <teachers.school.example>",
        b"X-Auto-Response-Suppress: OOF, AutoReply",
        b"X-Autoreply: yes",
        b"Return-Path: <>",
        b"X-Nianbao: 1",
    ],
)
def test_a_mail_that_a_program_wrote_is_never_answered(field):
    assert open_mail(mail(SCHOOL, more=(field,)), LIMITS).automatic != ""


@pytest.mark.parametrize("sender", ["mailer-daemon@x.example", "no-reply@x.example", "postmaster@school.example"])
def test_nor_is_one_from_a_programs_address(sender):
    assert open_mail(mail(sender), LIMITS).automatic == "由程序的邮箱发出"


@pytest.mark.parametrize("subject", ["自动回复：报送数据", "【自动答复】休假中", "Automatic reply: x", "Out of Office"])
def test_nor_is_one_that_says_so_in_its_subject_alone(subject):
    assert open_mail(mail(SCHOOL, subject=word(subject)), LIMITS).automatic != ""


def test_a_person_is_answered():
    assert (
        open_mail(mail(SCHOOL, more=(b"Auto-Submitted: no", b"Return-Path: <wei@school.example>")), LIMITS).automatic
        == ""
    )


REPORT = b"""Return-Path: <>
From: MAILER-DAEMON@mx.example
To: nianbao@city.example
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

see below
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; wei@school.example
Action: failed
Status: 5.2.2
Diagnostic-Code: smtp; 552 5.2.2 mailbox full

Final-Recipient: rfc822; b@school.example
Action: delayed
Status: 4.4.1

--b
Content-Type: message/rfc822

From: nianbao@city.example
Message-ID: <nianbao.1@city.example>
Content-Type: application/vnd.ms-excel; name="a.xlsx"
Content-Disposition: attachment; filename="a.xlsx"

PK
--b--
"""


def test_a_bounce_says_whose_mail_did_not_arrive_and_why_and_its_workbook_is_our_own():
    found = open_mail(REPORT.replace(b"\n", b"\r\n"), LIMITS)
    assert [(each.address, each.reason, each.original, each.is_final) for each in found.bounces] == [
        ("wei@school.example", "邮箱已满", "nianbao.1@city.example", True),
        ("b@school.example", "暂时没有送到，对方的服务器还会再试", "nianbao.1@city.example", False),
    ]
    assert (found.attachments, found.automatic != "") == ((), True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("抱歉，您的邮件被退回来了……收件人 wei@school.example 的邮箱不存在，无法投递。", "没有这个邮箱"),
        ("收件人（wei@school.example）的邮箱已满，请稍后再试", "邮箱已满"),
        ("您发给 wei@school.example 的邮件因含有垃圾内容被拒收", "对方的邮件服务器拒收"),
        ("wei@school.example\n550 User not found", "没有这个邮箱"),
        ("很遗憾，wei@school.example", "对方的邮件服务器没有收"),
    ],
)
def test_bounces_of_chinese_providers_are_read_by_their_words(text, reason):
    found = open_mail(
        mail("postmaster@qq.example", subject=word("系统退信", "gbk"), text=text.encode("gb18030")), LIMITS
    )
    assert [(each.address, each.reason) for each in found.bounces] == [("wei@school.example", reason)]


def test_who_writes_of_a_bounce_and_sends_a_workbook_sends_a_workbook():
    data = mail("postmaster@school.example", subject=word("上次被退信，重发"), parts=(part(NAME, BOOK, "qq"),))
    found = open_mail(data, LIMITS)
    assert (names(found), found.bounces) == ([NAME], ())


def test_reasons_are_told_by_code_before_words():
    assert reason_of("5.1.1", "mailbox full") == "没有这个邮箱"
    assert reason_of("4.7.0", "try later") == "暂时没有送到，对方的服务器还会再试"


def test_html_is_shown_as_words():
    page = b"<html><head><style>p{}</style></head><p>\xc4\xfa\xba\xc3</p><script>alert(1)</script>&lt;b&gt;</html>"
    head = b"From: a@b.cn\r\nContent-Type: text/html; charset=gb2312\r\n\r\n"
    assert open_mail(head + page, LIMITS).text == "您好<b>"


def test_a_mail_delivered_twice_is_one_and_another_with_its_id_is_another():
    first = mail(SCHOOL, parts=(part(NAME, BOOK, "qq"),), message_id="1@x")
    again = b"Received: from elsewhere\r\nDelivered-To: nianbao@city.example\r\n" + first
    other = mail(SCHOOL, parts=(part(NAME, BOOK + b"2", "qq"),), message_id="1@x")
    one, two, three = (open_mail(each, LIMITS).identity for each in (first, again, other))
    assert one == two
    assert three != one


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd.xlsx", "passwd.xlsx"),
        ("..\\..\\a.xlsx", "a.xlsx"),
        ("~$打开着的.xlsx", "附件_打开着的.xlsx"),
        (".hidden.xlsx", "hidden.xlsx"),
        ("a.xlsx.part", "附件_a.xlsx.xlsx"),
        ("a\r\nb\0.xlsx", "a��b�.xlsx"),
        ("报表", "报表.xlsx"),
        ("长" * 300 + ".xlsx", "长" * 60 + ".xlsx"),
    ],
)
def test_a_name_is_no_path_and_is_passed_over_for_no_reason(name, safe):
    assert safe_name(name) == safe
    assert len(safe.encode()) < 240


CORPUS = [
    mail(SCHOOL, parts=(part(NAME, BOOK, manner),), message_id=f"{manner}@x".replace(" ", "")) for manner in MANNERS
] + [
    REPORT,
    mail(SCHOOL, parts=(forwarded(mail(SCHOOL, parts=(part(NAME, BOOK, "qq"),))),)),
    mail(SCHOOL, parts=(part("a.zip", zipped({NAME: BOOK}, "gbk"), "qq"),)),
    mail(SCHOOL, parts=(part("winmail.dat", winmail(NAME, BOOK), "qq"),)),
    mail("postmaster@x.example", subject=word("退信"), text="wei@school.example 不存在".encode("gb18030")),
]


def check(data: bytes) -> None:
    """Whatever the bytes, a mail comes of them, and nothing in it can do harm."""
    found = open_mail(data, MailLimits(attachments=5))
    assert found.identity
    assert found.sender == "" or ADDRESS.fullmatch(found.sender)
    assert len(found.attachments) <= 5
    for each in found.attachments:
        assert each.name
        assert each.name.isprintable()
        assert "/" not in safe_name(each.name)
        assert safe_name(each.name) not in ("", ".", "..")
    for text in (found.subject, found.message_id, *found.answers, *(each.name for each in found.not_taken)):
        assert text.isprintable() or text == ""
    assert open_mail(data, MailLimits(attachments=5)) == found


@given(some.binary(max_size=400))
@example(b"")
@example(b"\0")
@example(b'Content-Type: multipart/mixed; boundary=""\r\n\r\n--\r\n')
@example(b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA")
@example(b"From: =?x?B?====?=\r\nDate: Mon, 99 Foo 0000\r\n")
def test_no_bytes_raise(data):
    check(data)


@given(some.sampled_from(CORPUS), some.integers(0, 2**32), some.integers(1, 40))
@examples(max_examples=60)
def test_no_damage_to_a_mail_raises(data, seed, count):
    check(damaged(data, seed, count))


@pytest.mark.deep
def test_no_damage_of_twenty_thousand_raises():
    for seed in range(20_000):
        check(damaged(CORPUS[seed % len(CORPUS)], seed, 1 + seed % 30))


def damaged(data: bytes, seed: int, count: int) -> bytes:
    """The bytes with some changed, cut out, doubled or moved; mostly in the head, where the meaning is."""
    draw = random.Random(seed)
    out = bytearray(data)
    for _ in range(count):
        at = draw.randrange(min(len(out), draw.choice((600, len(out)))) or 1) if out else 0
        match draw.randrange(4):
            case 0:
                out[at : at + 1] = bytes([draw.randrange(256)])
            case 1:
                del out[at : at + draw.randrange(1, 30)]
            case 2:
                out[at:at] = out[at : at + draw.randrange(1, 200)]
            case _:
                out[at:at] = draw.choice(
                    (b"\r\n", b"=?gbk?B?", b'"', b";", b"\0", b"filename*0*=", b"<>", b"--", b"\xff")
                )
    return bytes(out)


@given(some.text(max_size=60))
def test_encoded_words_are_read_back(text):
    assert decoded(word(text)) == text


@given(some.text(max_size=80))
def test_an_address_is_one_or_none(text):
    found = as_address(text)
    assert found == "" or (found.isascii() and found.count("@") == 1 and not set(found) & set(' \r\n,;<>"'))


def test_a_head_alone_gives_sender_and_subject():
    found = open_head(b"From: a@b.cn\r\nSubject: " + word("大文件") + b"\r\n", "9")
    assert (found.sender, found.subject, found.attachments) == ("a@b.cn", "大文件", ())
