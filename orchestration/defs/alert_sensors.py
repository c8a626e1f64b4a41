"""When people are told: after every run, failed or not, and every ten minutes of the day for what the calendar says.

Runs that `nianbao run` executes itself are none of the daemon's; the command line calls `alert` for them. What both
see is told once (warehouse/alerts/due.py).
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import dagster as dg

from orchestration.lib.observe import alert, run_report
from sources.declarations.alerting import load_alerting
from sources.declarations.city import City
from sources.system.settings import Settings

RUN_INTERVAL_SECONDS = 30
CALENDAR_INTERVAL_SECONDS = 600


def build_alerts(settings: Settings, city: City, assets: dg.Definitions) -> dg.Definitions:
    """A sensor on runs of the assets that succeed, one on runs that fail, and one on the calendar."""

    def after_run(context: dg.RunStatusSensorContext) -> dg.SkipReason:
        report = run_report(context.instance, context.dagster_run.run_id, assets)
        return dg.SkipReason(alert(settings, city, report).summary)

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

    @dg.sensor(
        name="alerts_of_the_calendar",
        minimum_interval_seconds=CALENDAR_INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="没有运行时也提醒：即将到期、逾期的单位，没有解决的问题，上次没有送达的消息（alerts.yml）。",
    )
    def of_the_calendar() -> dg.SkipReason:
        return dg.SkipReason(tick(settings, city, datetime.now(UTC)))

    return dg.Definitions(sensors=[*after, of_the_calendar])


def tick(settings: Settings, city: City, now: datetime) -> str:
    """Tells what is due without a run, by day; returns what became of it, in Chinese."""
    try:
        first, last = load_alerting(settings.city_dir).daytime
    except ValueError as error:
        return str(error)
    if not first <= now.astimezone(ZoneInfo(city.calendar.timezone)).hour < last:
        return f"只在 {first} 点至 {last} 点提醒。"
    return alert(settings, city, now=now).summary
