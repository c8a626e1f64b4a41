"""While the inbox has gone, a run says so and ends; nobody is said to be late; when it is back, all goes on."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest
from typer.testing import CliRunner

from orchestration.cli.main import app
from orchestration.defs.schedules import inbox as inbox_sensor
from orchestration.launch import RunFailedError
from orchestration.lib.correspondence import read_correspondence
from orchestration.lib.installation import Installation
from orchestration.lib.observe import observe
from sources.archive.inbox import look_into
from sources.declarations.alerting import load_alerting
from sources.declarations.city import City
from sources.system.access import prepare_home
from sources.system.settings import Settings
from sources.system.whereabouts import InboxGoneError
from tests.conftest import NURSING_SCHOOL, edit, ingest
from tests.crash.test_boundaries import spoil


@pytest.fixture
def late(empty: Settings, city: City) -> Settings:
    """A new installation on the day after the last year's data were due; nobody has sent anything."""
    prepare_home(empty.home)
    due: date = max(dates.due for dates in city.calendar.years.values())
    return replace(empty, fixed_today=due + timedelta(days=1))


def kinds(settings: Settings, city: City) -> set[str]:
    """What kinds of trouble people are told of now."""
    seen = observe(settings, city, None, load_alerting(settings.city_dir), datetime.now(UTC))
    assert seen.problems == ()
    return {trouble.kind for each in seen.observations for trouble in each.troubles}


def test_nobody_is_said_to_be_late_whose_file_may_lie_in_an_inbox_that_has_gone(late: Settings, city: City):
    assert kinds(late, city) == {"overdue"}
    away = late.inbox.rename(late.home / "away")
    assert kinds(late, city) == {"run"}
    with pytest.raises(InboxGoneError):
        read_correspondence(None, late, city, sorted(city.calendar.years))
    with dg.DagsterInstance.ephemeral() as instance:
        look = inbox_sensor(dg.build_sensor_context(instance), Installation(late, city))
    assert "收件夹不见了" in str(look.skip_message)
    away.rename(late.inbox)
    assert kinds(late, city) == {"overdue"}


def test_a_run_without_its_inbox_fails_and_says_so_and_the_next_one_takes_everything(fresh_copy: Settings, city: City):
    """Before, it ended well, with nothing new."""
    prepare_home(fresh_copy.home)
    edit(fresh_copy, city, NURSING_SCHOOL, 2023, spoil)
    published = fresh_copy.published_database.read_bytes()
    away = fresh_copy.inbox.rename(fresh_copy.home / "away")
    given = {"NIANBAO_HOME": str(fresh_copy.home), "NIANBAO_CITY": str(fresh_copy.city_dir)}
    done = CliRunner().invoke(app, ["run", "--year", "2023"], env=given)
    assert isinstance(done.exception, RunFailedError)
    assert "没有这个文件夹" in str(done.exception)
    with pytest.raises(InboxGoneError):
        ingest(fresh_copy, city)
    assert fresh_copy.published_database.read_bytes() == published
    away.rename(fresh_copy.inbox)
    assert len(look_into(fresh_copy.inbox).files) > 0
    assert ingest(fresh_copy, city).rejected == 1
