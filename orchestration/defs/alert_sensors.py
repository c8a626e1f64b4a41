"""Sensors alert people after every run, failed or not; every ten minutes of the day one looks at the calendar.

Runs that `nianbao run` executes itself are none of the daemon's; the command line calls `alert` for them. What both
see is told once (warehouse/alerts/due.py).
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import dagster as dg

from orchestration.lib.installation import Installation
from orchestration.lib.observe import alert, run_report
from sources.declarations.alerting import load_alerting
from sources.declarations.city import City
from sources.system.settings import Settings

RUN_INTERVAL_SECONDS = 9
"""A message is waited for, but less than the marked workbook: every second look of Dagster's daemon (schedules.py)."""
CALENDAR_INTERVAL_SECONDS = 600


def build_alerts(assets: dg.Definitions) -> dg.Definitions:
    """A sensor on runs of the assets that succeed, one on runs that fail, and one on the calendar.

    `assets` know what the checks of a run are about.
    """

    def after_run(context: dg.RunStatusSensorContext, installation: dg.ResourceParam[Installation]) -> dg.SkipReason:
        report = run_report(context.instance, context.dagster_run.run_id, assets)
        return dg.SkipReason(alert(installation.settings, installation.city, report).summary)

    after = [
        dg.run_status_sensor(
            run_status=status,
            name=name,
            minimum_interval_seconds=RUN_INTERVAL_SECONDS,
            default_status=dg.DefaultSensorStatus.RUNNING,
            description=f"运行{ended}后，把检验和报送中的问题发给有关的人（alerts.yml）。",
        )(after_run)
        for status, name, ended in (
            (dg.DagsterRunStatus.SUCCESS, "alerts_after_success", "成功"),
            (dg.DagsterRunStatus.FAILURE, "alerts_after_failure", "失败"),
        )
    ]
    of_the_calendar = dg.sensor(
        minimum_interval_seconds=CALENDAR_INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="没有运行时也提醒：即将到期、逾期的单位，没有解决的问题，上次没有送达的消息（alerts.yml）。",
    )(alerts_of_the_calendar)
    return dg.Definitions(sensors=[*after, of_the_calendar])


def alerts_of_the_calendar(installation: dg.ResourceParam[Installation]) -> dg.SkipReason:
    return dg.SkipReason(tick(installation.settings, installation.city, datetime.now(UTC)))


def tick(settings: Settings, city: City, now: datetime) -> str:
    """Sends the alerts that are due without a run, by day; returns their outcome, in Chinese."""
    try:
        alerting = load_alerting(settings.city_dir)
    except ValueError as error:
        return str(error)
    if alerting.is_quiet(now.astimezone(ZoneInfo(city.calendar.timezone))):
        return "免打扰时间（{} 点以前、{} 点以后，以及 alerts.yml 中的休息日），不提醒。".format(*alerting.daytime)
    return alert(settings, city, now=now).summary
