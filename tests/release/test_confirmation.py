"""A release that is launched from a page is confirmed with a code that no page and no workbook can know."""

from dataclasses import replace

import pytest

from sources.system.settings import Settings
from tests.conftest import NURSING_SCHOOL, cell_of, edit, run_all
from tests.support.confirmed import confirm_each
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.intake.released import releases_folder
from warehouse.release import make_release
from warehouse.release.confirmation import KEY_FILE, NotConfirmedError, is_confirmed
from warehouse.release.foresee import Foreseen, foresee, foreseen_with_inputs
from warehouse.release.make_release import NothingReportedError, release


def looked_at(settings: Settings, city) -> Foreseen:
    return foresee(settings, city, load_catalogue(PACK), 2023)


def test_looking_makes_nothing_and_shows_the_same_code_each_time(fresh_copy, city):
    first, second = looked_at(fresh_copy, city), looked_at(fresh_copy, city)
    assert first == second
    assert (first.version, first.is_new) == ("2023.1", True)
    assert [point.name for point in first.points if not point.passed] == ["moved", "warnings"]
    assert not releases_folder(fresh_copy).exists()


def test_a_year_in_which_nobodys_submission_counts_is_told(fresh_copy, city, monkeypatch):
    """Each respondent that has not sent may be confirmed; that leaves no figure to print."""

    def nobody(*asked):
        foreseen, inputs = foreseen_with_inputs(*asked)
        return replace(foreseen, listed=()), {**inputs, "current": {}}

    monkeypatch.setattr(make_release, "foreseen_with_inputs", nobody)
    with pytest.raises(NothingReportedError, match=r"2023年度没有一份有效的报送，没有数字可以发布。.*nianbao todo"):
        release(fresh_copy, city, load_catalogue(PACK), 2023)
    assert not releases_folder(fresh_copy).exists()


@pytest.mark.deep
def test_confirmed_items_alone_release_nothing_the_code_does(fresh_copy, city):
    before = looked_at(fresh_copy, city).code
    confirm_each(fresh_copy, city, 2023)
    code = looked_at(fresh_copy, city).code
    assert code != before  # it covers the list, and how it was settled
    for typed in ("", "yes", code[:-1], "0000-0000-0000", before):
        with pytest.raises(NotConfirmedError, match="nianbao release 2023 --dry-run"):
            release(fresh_copy, city, load_catalogue(PACK), 2023, typed=typed)
    assert not releases_folder(fresh_copy).exists()
    assert release(fresh_copy, city, load_catalogue(PACK), 2023, typed=f" {code.upper()} ").is_new


def test_the_code_is_of_what_was_looked_at_and_of_this_installation(fresh_copy, city):
    before = looked_at(fresh_copy, city).code
    edit(
        fresh_copy,
        city,
        NURSING_SCHOOL,
        2023,
        lambda b: cell_of(b, "学生情况", "全日制在校生数").__setattr__("value", "x"),
    )
    run_all(fresh_copy, city)
    after = looked_at(fresh_copy, city).code
    assert after != before
    fresh_copy.working_database.with_name(KEY_FILE).unlink()
    assert looked_at(fresh_copy, city).code != after


def test_the_secret_is_the_services_alone(fresh_copy, city):
    looked_at(fresh_copy, city)
    assert fresh_copy.working_database.with_name(KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_several_years_have_several_codes():
    assert is_confirmed("aaaa-bbbb-cccc dddd-eeee-ffff", "dddd-eeee-ffff")
    assert not is_confirmed("aaaa-bbbb-cccc-dddd", "bbbb-cccc-dddd")
