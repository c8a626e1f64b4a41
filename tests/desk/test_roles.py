"""Who may see and do what: every address with every role, and every row only for whom it concerns."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from sources.declarations.city import City
from sources.system.settings import Settings
from tests.conftest import BUREAU, NURSING_SCHOOL
from tests.desk.conftest import COUNTY

YEAR = 2023
SCHOOLS, BUREAUS = ("school_clerk", "school_head"), ("bureau_clerk", "approver")
ALL = (*SCHOOLS, *BUREAUS, "district", "reader", "administrator")
MAY: dict[str, tuple[str, ...]] = {
    "start": ALL,
    "sign_out": ALL,
    "second_factor": ALL,
    "own_account": ALL,
    "end_other_sessions": ALL,
    "set_up_factor": ALL,
    "accounts": ("administrator",),
    "change_account": ("administrator",),
    "log": ("administrator", "approver"),
    "log_file": ("administrator", "approver"),
    "school": (*SCHOOLS, *BUREAUS, "district", "reader"),
    "own_figures": (*SCHOOLS, *BUREAUS, "district", "reader"),
    "own_report": (*SCHOOLS, *BUREAUS, "district", "reader"),
    "own_report_file": (*SCHOOLS, *BUREAUS, "district", "reader"),
    "template": (*SCHOOLS, *BUREAUS, "district", "reader"),
    "upload": (*SCHOOLS, "bureau_clerk"),
    "upload_part": (*SCHOOLS, "bureau_clerk"),
    "note": (*SCHOOLS, *BUREAUS, "district"),
    "file": (*SCHOOLS, *BUREAUS, "district", "reader"),
    "sheet": (*SCHOOLS, *BUREAUS, "district", "reader"),
    "correct": (*SCHOOLS, "bureau_clerk"),
    "explain": (*SCHOOLS, "bureau_clerk"),
    "original": (*SCHOOLS, *BUREAUS, "district", "reader"),
    "marked": (*SCHOOLS, *BUREAUS, "district", "reader"),
    "preview": (*SCHOOLS, "bureau_clerk"),
    "certify": (*SCHOOLS, "bureau_clerk"),
    "certificate": (*SCHOOLS, *BUREAUS, "district", "reader"),
    "certificate_file": (*SCHOOLS, *BUREAUS, "district", "reader"),
    "years": BUREAUS,
    "open_year": ("bureau_clerk",),
    "opening_form": ("bureau_clerk",),
    "close_year": ("bureau_clerk",),
    "year": (*BUREAUS, "district", "reader"),
    "decisions": BUREAUS,
    "decide": ("bureau_clerk",),
    "preview_held": ("bureau_clerk",),
    "start_task": ("bureau_clerk",),
    "batch": ("bureau_clerk",),
    "letters": ("bureau_clerk",),
    "gate": BUREAUS,
    "confirm": ("approver",),
    "release": ("approver",),
    "task": BUREAUS,
}
"""Name of the address → roles that it answers. Written down here by hand: the desk's own table is what is tested."""
PUBLIC = {"alive", "sign_in", "set_password", "forgotten", "go_to_office", "back_from_office"}
PARTS = {
    "code": NURSING_SCHOOL,
    "report_year": YEAR,
    "upload_id": "00000000-0000-4000-8000-000000000000",
    "position": 0,
    "account_id": 1,
    "task_id": 1,
    "command": "run",
    "submission_id": "0123456789abcdef",
    "key": "MQ",
    "token": "a-b",
}


def patterns() -> dict[str, object]:
    from orchestration.desk.urls import urlpatterns

    return {each.name: each for each in urlpatterns}


def address_of(name: str, **other: object) -> str:
    from django.urls import reverse

    named = patterns()[name].pattern.converters
    return reverse(name, kwargs={part: (PARTS | other)[part] for part in named})


def test_every_address_says_for_whom_it_is(desk: Settings) -> None:
    assert set(patterns()) == set(MAY) | PUBLIC
    assert {name for name, each in patterns().items() if getattr(each.callback, "is_public", False)} == PUBLIC


@pytest.mark.parametrize("role", ALL)
def test_an_address_answers_the_roles_that_it_is_for_and_no_other(
    role: str, desk: Settings, signed_in: Callable[..., SimpleNamespace]
) -> None:
    somebody = signed_in(role)
    refused = {name for name in MAY if somebody.get(address_of(name)).status_code == 403}
    # signing out and ending sessions by GET does nothing; it answers all the same
    assert refused == {name for name, roles in MAY.items() if role not in roles}
    posted = {name for name in MAY if name != "sign_out" and somebody.post(address_of(name)).status_code == 403}
    assert posted == refused


def test_nobody_gets_beyond_the_sign_in_without_an_account(desk: Settings) -> None:
    from django.test import Client

    stranger = Client(SERVER_NAME="localhost")
    for name in MAY:
        for answer in (stranger.get(address_of(name)), stranger.post(address_of(name))):
            assert answer.status_code == 302, name
            assert answer.headers["Location"] == "/sign-in", name


@pytest.mark.parametrize("role", ALL)
def test_a_respondent_is_seen_by_whom_it_concerns(
    role: str, with_counties: City, signed_in: Callable[..., SimpleNamespace]
) -> None:
    somebody, city = signed_in(role), with_counties
    of_county = {each.code for each in city.respondents_in(YEAR) if city.region_of(each) == COUNTY}
    everybody = {each.code for each in city.respondents_in(YEAR)}
    concerns = {"school_clerk": {NURSING_SCHOOL}, "school_head": {NURSING_SCHOOL}, "district": of_county}
    concerns |= {"administrator": set()}
    seen = {code for code in everybody if somebody.get(address_of("school", code=code)).status_code == 200}
    assert seen == concerns.get(role, everybody)
    for unseen in sorted(everybody - seen)[:1]:
        assert somebody.get(address_of("template", code=unseen)).status_code in (403, 404)
    assert 0 < len(of_county) < len(everybody) - 1


@pytest.mark.parametrize("role", ["school_clerk", "school_head", "bureau_clerk"])
def test_files_are_sent_for_ones_own_respondent_alone(
    role: str, city: City, desk: Settings, signed_in: Callable[..., SimpleNamespace]
) -> None:
    somebody = signed_in(role)
    own = {BUREAU} if role == "bureau_clerk" else {NURSING_SCHOOL}
    taken = {
        each.code
        for each in city.respondents_in(YEAR)
        if somebody.post(address_of("upload", code=each.code)).status_code != 404
    }
    assert taken == own


def test_a_district_lists_its_own_schools_and_reads_no_others_file(
    with_counties: City, signed_in: Callable[..., SimpleNamespace], account_as: Callable[..., object]
) -> None:
    from orchestration.desk.models import Upload

    district, city = signed_in("district"), with_counties
    page = district.get(address_of("year")).content.decode()
    names = {each.name: city.region_of(each) for each in city.respondents_in(YEAR)}
    assert {name for name in names if name in page} == {name for name, of in names.items() if of == COUNTY}
    foreign = Upload.objects.create(
        account=account_as("school_clerk"), respondent_code=NURSING_SCHOOL, report_year=YEAR, size_bytes=0
    )
    for name in ("file", "sheet", "original", "marked", "certificate", "certificate_file"):
        assert district.get(address_of(name, upload_id=foreign.pk)).status_code == 404, name


def test_another_schools_file_is_as_if_it_were_not_there(
    second_school: str, desk: Settings, signed_in: Callable[..., SimpleNamespace], account_as: Callable[..., object]
) -> None:
    from orchestration.desk.models import Upload

    theirs = Upload.objects.create(
        account=account_as("school_clerk"), respondent_code=NURSING_SCHOOL, report_year=YEAR, size_bytes=0
    )
    stranger = signed_in("school_clerk", respondent=second_school)
    for name in (each for each in MAY if "upload_id" in patterns()[each].pattern.converters):
        assert stranger.get(address_of(name, upload_id=theirs.pk)).status_code == 404, name
        assert stranger.post(address_of(name, upload_id=theirs.pk)).status_code == 404, name
