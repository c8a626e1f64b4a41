"""What the bureau does at the desk is what its commands do: decisions, letters, runs, and the gate of a release."""

import re
from collections.abc import Callable
from html import escape
from types import SimpleNamespace

import pytest

from sources.archive.archive import archived_decisions
from sources.archive.confirmations import archived_confirmations
from sources.archive.sent import archived_sent
from sources.declarations.city import City
from sources.submission.file_names import workbook_file_name
from sources.system.settings import Settings
from tests.conftest import BUREAU, NURSING_SCHOOL, run_all
from tests.desk.test_files import CERTIFYING, follow, put
from tests.end_to_end.test_exchange import changed_workbook
from warehouse.alerts.mail_out import same_as_waiting, waiting_batch
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.effects import effects_of, effects_of_explanations
from warehouse.release.foresee import foresee
from warehouse.release.gate import open_items
from warehouse.store.connection import open_published

SignedIn = Callable[..., SimpleNamespace]
YEAR = 2023
REASON = "个别单位没有提供所属产业，已核实。"


@pytest.fixture
def explained_at_desk(city: City, desk: Settings, signed_in: SignedIn, with_warnings: list[str]) -> dict[str, str]:
    """Two schools have explained their warnings at the desk and certified; the run has taken them. School → the id of
    an explanation of it."""
    from orchestration.desk.judged_upload import from_text

    for code in with_warnings:
        clerk = signed_in("school_clerk", respondent=code)
        name = workbook_file_name(city.respondent_by_code[code], YEAR)
        upload = put(clerk, (desk.inbox / name).read_bytes(), at=f"/school/{code}/{YEAR}")
        for asked in [each for each in from_text(upload.outcome).findings if each.is_unexplained]:
            said = {"finding": asked.finding_id, "reason": f"{REASON}{code}", "author": "就业办"}
            upload = follow(clerk.post(f"/file/{upload.pk}/explain", said))
        clerk.post(f"/file/{upload.pk}/certify", CERTIFYING)
    run_all(desk, city)
    with open_published(desk) as connection:
        found = connection.execute(
            "select respondent_code, min(explanation_id) from registry.explanation where reason like ? group by 1",
            [f"{REASON}%"],
        ).fetchall()
    return dict(found)


@pytest.fixture
def with_warnings(desk: Settings) -> list[str]:
    """The accounts' school, and another that has a warning as well."""
    with open_published(desk) as connection:
        found = connection.execute(
            "select distinct submission.respondent_code from registry.finding"
            " inner join registry.submission as submission using (submission_id) where submission.is_current"
            " and submission.report_year = ? and severity = 'warning' and respondent_code <> ? order by 1",
            [YEAR, NURSING_SCHOOL],
        ).fetchall()
    return [NURSING_SCHOOL, next(code for (code,) in found if code != BUREAU)]


def test_a_schools_explanation_is_decided_and_a_figure_confirmed(
    explained_at_desk: dict[str, str], city: City, desk: Settings, signed_in: SignedIn
) -> None:
    # Long: a run is dear, and all that follows from it is asked here.
    explained = explained_at_desk[NURSING_SCHOOL]
    (other,) = explained_at_desk.keys() - {NURSING_SCHOOL}
    clerk, approver = signed_in("bureau_clerk"), signed_in("approver")
    shown = clerk.get(f"/year/{YEAR}/decisions").content.decode()
    assert REASON in shown
    with open_published(desk) as connection:
        effects = effects_of_explanations(connection, [*explained_at_desk.values()])
        every = effects_of(
            connection, [id_ for (id_,) in connection.execute("select finding_id from registry.finding").fetchall()]
        )
    assert effects
    assert all(each in every.values() and escape(each.text) in shown for each in effects.values())
    shares = [max((each.share or 0 for each in effect.moved), default=0) for effect in effects.values()]
    places = [shown.index(f'value="{id_}"') for id_ in effects]
    assert sorted(places) == [place for _, place in sorted(zip(shares, places, strict=True), key=lambda each: -each[0])]
    silent = next(
        each.code for each in city.respondents_in(YEAR) if each.code not in explained_at_desk and each.kind == "school"
    )
    both = {"code": [other, silent], "what": "approved", "reason": REASON, "is_sure": "on"}
    told = clerk.post(f"/year/{YEAR}/batch", both, follow=True).content.decode()
    assert f"什么也没有记：{city.respondent_by_code[silent].name}没有待决定的" in told
    assert (
        "请先勾选"
        in clerk.post(f"/year/{YEAR}/batch", both | {"code": [other], "is_sure": ""}, follow=True).content.decode()
    )
    refused = {"id": [explained], "verdict": "refused"}
    told = clerk.post(f"/year/{YEAR}/decide", refused, follow=True).content.decode()
    assert "请写明原因" in told
    assert archived_decisions(desk.archive) == []
    told = clerk.post(f"/year/{YEAR}/batch", both | {"code": [other]}, follow=True).content.decode()
    of_other = archived_decisions(desk.archive)
    assert f"1 个单位的 {len(of_other)} 件记下了" in told
    assert explained_at_desk[other] in {each["explanation_id"] for each in of_other}
    assert {(each["state"], each["reason"]) for each in of_other} == {("approved", REASON)}
    clerk.post(f"/year/{YEAR}/decide", {"id": [explained], "verdict": "approved"})
    *_, noted = archived_decisions(desk.archive)
    assert (noted["explanation_id"], noted["state"]) == (explained, "approved")
    assert noted["approver"] == clerk.account.shown_name
    assert f'value="{explained}"' not in clerk.get(f"/year/{YEAR}/decisions").content.decode()
    again = clerk.post(f"/year/{YEAR}/decide", {"id": [explained], "verdict": "approved"}, follow=True)
    assert "已经有人决定了" in again.content.decode()
    assert len(archived_decisions(desk.archive)) == len(of_other) + 1

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


def test_letters_go_to_those_ticked_or_to_nobody(city: City, desk: Settings, signed_in: SignedIn) -> None:
    from orchestration.desk.models import Task
    from orchestration.desk.tasks import ask_for
    from orchestration.lib.mail_rounds import waiting_letters

    clerk, at = signed_in("bureau_clerk"), f"/year/{YEAR}/batch"
    waiting = [each for each in waiting_letters(desk, city).letters if each.report_year == YEAR]
    have = list(dict.fromkeys(each.respondent_code for each in waiting))
    silent = next(each for each in city.respondents_in(YEAR) if each.code not in have)
    batches = set(desk.outbox.glob("*")) if desk.outbox.exists() else set()
    told = clerk.post(at, {"code": [have[0], silent.code], "what": "remind"}, follow=True).content.decode()
    assert f"什么也没有发：{silent.name}没有等着发的信" in told
    assert (set(desk.outbox.glob("*")) if desk.outbox.exists() else set()) == batches
    assert "请先勾选单位" in clerk.post(at, {"what": "remind"}, follow=True).content.decode()
    page = clerk.post(at, {"code": have[:1], "what": "remind"}, follow=True).content.decode()
    batch = waiting_batch(desk)
    assert batch is not None
    assert f"{batch} 已经发出" in page
    clerk.post(f"/year/{YEAR}/letters", {"sent": batch})
    assert {each.respondent_code for each in archived_sent(desk.archive) if each.batch == batch} == set(have[:1])
    asked = ask_for("mail_out", YEAR, clerk.account, have[:1])
    assert ask_for("mail_out", YEAR, clerk.account, have[:1]) == asked
    assert ask_for("mail_out", YEAR, clerk.account).pk != asked.pk
    assert Task.objects.get(pk=asked.pk).schools.split() == have[:1]


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
    assert clerk.account.shown_name in {each.by for each in archived_sent(desk.archive) if each.batch == batch}
    assert "没有要发的" in clerk.get(at).content.decode()


@pytest.mark.deep
def test_what_a_held_file_would_change_is_asked_for_beside_it(
    city: City, desk: Settings, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration.desk.models import Task
    from orchestration.desk.tasks import carry_out

    monkeypatch.setenv("NIANBAO_HOME", str(desk.home))
    monkeypatch.setenv("NIANBAO_CITY", str(desk.city_dir))
    another = next(each.code for each in city.respondents if each.kind == "school" and each.code != NURSING_SCHOOL)
    (desk.inbox / another).mkdir(exist_ok=True)
    changed_workbook(desk, city, desk.inbox / another, 2951)
    run_all(desk, city)
    clerk, approver = signed_in("bureau_clerk"), signed_in("approver")
    page = clerk.get(f"/year/{YEAR}/decisions").content.decode()
    (address,) = set(re.findall(rf"/year/{YEAR}/held/\w+", page))
    assert address not in approver.get(f"/year/{YEAR}/decisions").content.decode(), "only who decides asks"
    assert "不再等着决定" in clerk.post(f"/year/{YEAR}/held/ffffff", follow=True).content.decode()
    task = clerk.post(address).headers["Location"]
    carry_out(Task.objects.get())
    told = clerk.get(task).content.decode()
    assert re.search(r"全日制在校生数</th><td[^>]*>2591</td><td[^>]*><strong>2951</strong>", told)
    assert re.search(r"变动的数字（[1-9]\d*）", told)
    ticked = {"id": address.rsplit("/", 1)[1], "verdict": "approved"}
    unnoted = clerk.post(f"/year/{YEAR}/decide", ticked).content.decode()
    assert "采用待确认的文件（" in unnoted
    assert f'value="{ticked["id"]}" checked' in unnoted, "what was ticked stays ticked"
    assert f'<a href="{task}">' in approver.get(f"/year/{YEAR}/decisions").content.decode()


def test_a_long_list_is_shown_state_by_state_and_page_by_page(
    city: City, desk: Settings, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    clerk, names = signed_in("bureau_clerk"), [each.name for each in city.respondents_in(YEAR)]

    def shown(query: str) -> list[str]:
        page = clerk.get(f"/year/{YEAR}?{query}").content.decode()
        return list(re.findall(r'<td><a href="/school/[^"]*">([^<]*)</a>', page))

    assert shown("") == names
    states = dict(re.findall(r'href="\?state=([^"]*)"[^>]*>\S+ (\d+)<', clerk.get(f"/year/{YEAR}").content.decode()))
    assert sum(map(int, states.values())) == len(names)
    assert all(len(shown(f"state={state}")) == int(count) for state, count in states.items())
    monkeypatch.setattr("orchestration.desk.bureau_views.ROWS_ON_A_PAGE", 5)
    pages = [shown(f"page={number}") for number in (1, 2, 3)]
    assert [len(each) for each in pages[:2]] == [5, 5]
    assert [name for page in pages for name in page] == names
