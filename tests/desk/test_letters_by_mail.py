"""The desk's page of letters where the bureau has a mailbox: its button sends them, what failed stands on the page."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path
from types import SimpleNamespace

import pytest

from sources.archive.sent import archived_sent
from sources.declarations.city import City
from sources.system.settings import Settings
from tests.desk.serving import serving
from tests.desk.test_bureau import YEAR
from tests.support.mail_city import address_of, with_mailbox
from tests.support.sinks import Mailbox, mail_server

pytestmark = pytest.mark.deep
SignedIn = Callable[..., SimpleNamespace]
AT = f"/year/{YEAR}/letters"


@pytest.fixture
def by_mail(desk: Settings, city_run: Settings, city: City, tmp_path: Path) -> Iterator[tuple[Settings, Mailbox]]:
    """The desk serves a copy of the sample city that has a mailbox."""
    with mail_server() as box:
        server = {"kind": "smtp", "host": "127.0.0.1", "port": box.port, "security": "insecure"}
        settings = with_mailbox(replace(desk, home=tmp_path / "home"), city, tmp_path / "city", [server])
        shutil.copytree(city_run.home, settings.home, ignore=shutil.ignore_patterns("dbt"))
        with serving(settings):
            yield settings, box


def sends(clerk: SimpleNamespace) -> str:
    """Presses the button, lets the program do it, and gives the page of how it went."""
    from orchestration.desk.models import Task
    from orchestration.desk.tasks import carry_out

    where = clerk.post(f"/year/{YEAR}/start/mail_out").headers["Location"]
    carry_out(Task.objects.get(pk=where.split("/")[-1]))
    return str(clerk.get(where).content.decode())


def test_the_button_sends_each_letter_once_and_tells_what_did_not_go(
    by_mail: tuple[Settings, Mailbox], city: City, signed_in: SignedIn
) -> None:
    from orchestration.desk.models import LogEntry
    from orchestration.lib.mail_rounds import waiting_letters

    settings, box = by_mail
    clerk = signed_in("bureau_clerk")
    before = clerk.get(AT).content.decode()
    waiting = [each for each in waiting_letters(settings, city).letters if each.to]
    gone, *others = waiting
    assert others
    assert "用邮箱一封封发出" in before
    box.refused.add(address_of(gone.respondent_code))
    shown = sends(clerk)
    assert f"发出 {len(others)} 封信" in shown
    assert "做好了；有事要人办" in shown
    mails = [message_from_bytes(each, policy=policy.default) for each in box.raw]
    assert sorted(each["To"] for each in mails) == sorted(address_of(each.respondent_code) for each in others)
    enclosed = {name.get_filename() for each in mails for name in each.iter_attachments()}
    assert enclosed == {each.file.name for each in others if each.file}
    assert {each.by for each in archived_sent(settings.archive)} == {clerk.account.shown_name}
    after = clerk.get(AT).content.decode()
    assert gone.subject in after
    assert not [each for each in others if each.subject in after]
    assert f"{gone.respondent_name}的{gone.report_year}年度的" in after
    assert "没有发出" in after
    acts = LogEntry.objects.filter(account_name=clerk.account.username).values_list("act", flat=True)
    assert {"ask_mail_out", "mail_out"} <= set(acts)

    box.refused.clear()
    assert "发出 1 封信" in sends(clerk)
    assert len(box.raw) == len(waiting)
    assert "没有要发的" not in before
    nothing_more = sends(clerk)
    assert len(box.raw) == len(waiting), nothing_more
