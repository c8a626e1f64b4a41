"""Whom a mail is from, as the bureau's own server has found out: read from it alone, and what a forged one may do."""

from email import message_from_bytes, policy

import pytest

from orchestration.lib.mail_rounds import read_mails
from sources.archive.mailbox import read_posted
from sources.mail.authentication import why_suspect
from tests.mail.test_taking import ADDRESS, NURSING, Bureau, books, post_office  # noqa: F401 - fixtures
from tests.support.mail_city import with_mailbox
from tests.support.mailers import mail, part

OURS = "mx.city.example"


@pytest.mark.parametrize(
    ("fields", "is_suspect"),
    [
        ([], False),
        ([f"{OURS}; spf=pass smtp.mailfrom=a@b.c; dkim=pass; dmarc=pass"], False),
        ([f"{OURS}; spf=fail smtp.mailfrom=a@b.c; dkim=none; dmarc=fail"], True),
        ([f"{OURS} 1; spf=softfail (no; dmarc=pass here) ; dkim=none"], True),
        ([f"{OURS.upper()}; DKIM = fail; spf = neutral"], True),
        # a list or a forwarding breaks SPF, the signature stays
        ([f"{OURS}; spf=fail; dkim=pass header.d=school.example"], False),
        # whoever writes from a domain of his own passes both, and DMARC alone looks at the address that people read
        ([f"{OURS}; spf=pass; dkim=pass header.d=evil.example; dmarc=fail header.from=school.example"], True),
        ([f"{OURS}; dmarc=pass; spf=fail; dkim=none"], False),
        ([f"{OURS}; spf=none; dkim=none; dmarc=none"], False),
        ([f"{OURS}; spf=temperror; dmarc=temperror"], False),
        # several signatures, several fields, one for each program of the server
        ([f"{OURS}; dkim=fail header.d=a; dkim=pass header.d=b", f"{OURS}; spf=softfail"], False),
        # what the sender wrote himself: below, or in another server's name
        ([f"{OURS}; spf=fail; dkim=none; dmarc=fail", f"{OURS}; spf=pass; dkim=pass; dmarc=pass"], True),
        (["mx.evil.example; spf=pass; dkim=pass; dmarc=pass", f"{OURS}; spf=fail; dmarc=fail"], True),
        (["mx.evil.example; spf=fail; dkim=fail; dmarc=fail"], False),
        ([f"{OURS}.evil.example; spf=fail; dmarc=fail"], False),
        ([f"{OURS}; none"], False),
        (["", ";;;", f"{OURS}", "(" * 5000, f"{OURS}; spf"], False),
    ],
)
def test_only_the_declared_servers_word_counts(fields: list[str], is_suspect: bool) -> None:
    assert bool(why_suspect(fields, OURS)) == is_suspect
    assert why_suspect(fields, None) == ""


def test_a_forged_mail_is_held_for_the_bureau_and_suppresses_no_genuine_one(post_office, books) -> None:  # noqa: F811
    bureau, sink = post_office
    server = {"kind": "smtp", "host": "127.0.0.1", "port": sink.port, "security": "insecure"}
    bureau.settings = with_mailbox(bureau.settings, bureau.city, bureau.settings.city_dir, [server], authserv_id=OURS)
    genuine = mail(ADDRESS, parts=(part("报送.xlsx", books[NURSING], "qq"),), message_id="1@school")
    forged = f"Authentication-Results: {OURS}; spf=fail; dkim=none;\r\n dmarc=fail\r\n".encode() + genuine
    bureau.box.add(forged)
    (held,) = bureau.take().mails
    assert (held.files, held.remarks, bureau.files) == ((), ("《报送.xlsx》没有收。",), [])
    assert bureau.answer().sent == 0
    assert read_posted(bureau.settings.archive) == []
    assert bureau.box.seen == set()  # a person sees that it is unread
    (told,) = read_mails(bureau.settings, bureau.city).troubles
    assert (told.kind, told.respondent_code) == ("suspect", NURSING)
    assert "SPF fail、DKIM none、DMARC fail" in told.text
    assert f"收件夹的 {NURSING} 文件夹" in told.remedy

    bureau.box.add(b"Authentication-Results: " + OURS.encode() + b"; spf=pass; dkim=pass; dmarc=pass\r\n" + genuine)
    (taken,) = bureau.take().mails
    assert [each.name for each in bureau.files] == ["报送.xlsx"]
    assert taken.identity != held.identity
    assert bureau.answer().sent == 1
    answer = message_from_bytes(sink.raw[0], policy=policy.default)
    assert answer["To"] == ADDRESS


def test_a_forged_bounce_settles_nothing(post_office) -> None:  # noqa: F811
    bureau, _ = post_office
    forged = f"Authentication-Results: {OURS}; spf=fail; dmarc=fail\r\nIn-Reply-To: <ours@city.example>\r\n".encode()
    bureau.settings = with_mailbox(bureau.settings, bureau.city, bureau.settings.city_dir, [], authserv_id=OURS)
    bureau.box.add(forged + mail("postmaster@school.example", message_id="2@school"))
    (taken,) = bureau.take().mails
    assert (taken.answers, taken.bounces) == ((), ())
    assert isinstance(bureau, Bureau)
