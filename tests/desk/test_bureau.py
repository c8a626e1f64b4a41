"""What the bureau does at the desk is what its commands do: decisions, letters, runs, and the gate of a release."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from sources.archive.archive import archived_decisions
from sources.archive.confirmations import archived_confirmations
from sources.archive.sent import archived_sent
from sources.declarations.city import City
from sources.submission.file_names import workbook_file_name
from sources.system.settings import Settings
from tests.conftest import NURSING_SCHOOL, run_all
from tests.desk.test_files import CERTIFYING, follow, put
from warehouse.alerts.mail_out import same_as_waiting, waiting_batch
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.release.foresee import foresee
from warehouse.release.gate import open_items
from warehouse.store.connection import open_published

SignedIn = Callable[..., SimpleNamespace]
YEAR = 2023
REASON = "个别单位没有提供所属产业，已核实。"


@pytest.fixture
def explained_at_desk(city: City, desk: Settings, signed_in: SignedIn) -> str:
    """A school has explained its warning at the desk and certified; the run has taken it. The explanation's id."""
    from orchestration.desk.judged_upload import from_text

    clerk = signed_in("school_clerk")
    name = workbook_file_name(city.respondent_by_code[NURSING_SCHOOL], YEAR)
    upload = put(clerk, (desk.inbox / name).read_bytes())
    for asked in [each for each in from_text(upload.outcome).findings if each.is_unexplained]:
        said = {"finding": asked.finding_id, "reason": REASON, "author": "就业办"}
        upload = follow(clerk.post(f"/file/{upload.pk}/explain", said))
    clerk.post(f"/file/{upload.pk}/certify", CERTIFYING)
    run_all(desk, city)
    with open_published(desk) as connection:
        (found,) = connection.execute(
            "select explanation_id from registry.explanation where respondent_code = ? and reason = ?",
            [NURSING_SCHOOL, REASON],
        ).fetchall()
    return str(found[0])


def test_a_schools_explanation_is_decided_and_a_figure_confirmed(
    explained_at_desk: str, city: City, desk: Settings, signed_in: SignedIn
) -> None:
    clerk, approver = signed_in("bureau_clerk"), signed_in("approver")
    shown = clerk.get(f"/year/{YEAR}/decisions").content.decode()
    assert REASON in shown
    refused = {"id": [explained_at_desk], "verdict": "refused"}
    told = clerk.post(f"/year/{YEAR}/decide", refused, follow=True).content.decode()
    assert "请写明原因" in told
    assert archived_decisions(desk.archive) == []
    clerk.post(f"/year/{YEAR}/decide", {"id": [explained_at_desk], "verdict": "approved"})
    (noted,) = archived_decisions(desk.archive)
    assert (noted["explanation_id"], noted["state"]) == (explained_at_desk, "approved")
    assert noted["approver"] == clerk.account.shown_name
    assert REASON not in clerk.get(f"/year/{YEAR}/decisions").content.decode()
    again = clerk.post(f"/year/{YEAR}/decide", {"id": [explained_at_desk], "verdict": "approved"}, follow=True)
    assert "已经有人决定了" in again.content.decode()
    assert len(archived_decisions(desk.archive)) == 1

    catalogue = load_catalogue(city.pack)
    still = [each for each in open_items(foresee(desk, city, catalogue, YEAR).listed) if not each.nobody]
    item = still[0].item
    wish = {"item": item.id, "seen": item.seen, "reason": "已核实"}
    outdated = approver.post(f"/year/{YEAR}/confirm", wish | {"seen": "别的"}, follow=True).content.decode()
    assert 'class="error"' in outdated
    assert archived_confirmations(desk.archive) == []
    approver.post(f"/year/{YEAR}/confirm", wish)
    (confirmed,) = archived_confirmations(desk.archive)
    assert (confirmed.item, confirmed.by) == (item.id, approver.account.shown_name)
    assert item.id not in {each.item.id for each in open_items(foresee(desk, city, catalogue, YEAR).listed)}


def test_the_year_shows_what_lies_at_the_desk(city: City, desk: Settings, signed_in: SignedIn) -> None:
    clerk = signed_in("school_clerk")
    name = workbook_file_name(city.respondent_by_code[NURSING_SCHOOL], YEAR)
    put(clerk, (desk.inbox / name).read_bytes())
    page = signed_in("bureau_clerk").get(f"/year/{YEAR}").content.decode()
    row = next(line for line in page.splitlines() if city.respondent_by_code[NURSING_SCHOOL].name in line)
    assert "已检查，错误 0" in row


def test_a_run_is_queued_once_and_carried_out_by_the_program_itself(signed_in: SignedIn) -> None:
    from orchestration.desk.models import Task

    clerk = signed_in("bureau_clerk")
    first = clerk.post(f"/year/{YEAR}/start/run").headers["Location"]
    assert clerk.post(f"/year/{YEAR}/start/run").headers["Location"] == first
    assert Task.objects.count() == 1
    assert clerk.post(f"/year/{YEAR}/start/release").status_code == 404
    assert "排队" in clerk.get(first).content.decode()


def test_a_batch_of_letters_is_that_of_the_command_with_its_marked_workbooks(
    city: City, desk: Settings, signed_in: SignedIn
) -> None:
    from orchestration.lib.mail_rounds import waiting_letters

    clerk, at = signed_in("bureau_clerk"), f"/year/{YEAR}/letters"
    waiting = waiting_letters(desk, city).letters
    page = clerk.get(at).content.decode()
    assert waiting
    assert f"等着发的信（{len(waiting)}）" in page
    assert all(each.subject in page for each in waiting)
    clerk.post(at, {"write": "1"})
    batch = waiting_batch(desk)
    assert batch is not None
    assert batch == same_as_waiting(desk, waiting)
    enclosed = {path.name for path in (desk.outbox / batch).rglob("*.xlsx")}
    assert {each.file.name for each in waiting if each.file} <= enclosed
    assert any(each.file for each in waiting)
    clerk.post(at, {"sent": batch})
    assert waiting_batch(desk) is None
    assert {each.by for each in archived_sent(desk.archive)} == {clerk.account.shown_name}
    assert "没有要发的" in clerk.get(at).content.decode()
