"""What starts a run: the clerk, the night, the year, a file in the inbox. No declarative automation."""

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import dagster as dg

from orchestration.lib.asset_keys import (
    FEEDBACK,
    JOB,
    PUBLISHED,
    REASON_TAG,
    RECEIVED,
    STARTED_BY_HAND,
    SUMMARY_TABLES,
)
from orchestration.lib.installation import Installation
from orchestration.lib.partitions import range_tags, report_years
from orchestration.lib.recovery import dead_runs, years_of
from sources.archive.inbox import inbox_submission_ids
from sources.declarations.city import City
from sources.declarations.deadlines import open_years
from sources.system.fingerprint import sha256_of
from sources.system.settings import Settings
from sources.system.whereabouts import why_gone
from warehouse.run.clock import doubt_of_today, note_look
from warehouse.run.needed import reasons_to_run
from warehouse.store.connection import open_published

INBOX_INTERVAL_SECONDS = 4
"""Whoever has dropped a file waits for what comes of it. Dagster's daemon looks every 5 seconds which sensors are due:
with 5, a look that is a moment early would wait for the next one."""
DEAD_RUNS_INTERVAL_SECONDS = 60
OTHER_WAITS = "已有一次运行在排队，轮到它时全部新内容一起处理。"
WHOLE = frozenset((RECEIVED, FEEDBACK, PUBLISHED, SUMMARY_TABLES))
"""Assets that a run of the whole flow makes, whichever way it was launched."""


def build_automation(city: City) -> dg.Definitions:
    """The job over the whole graph, the two schedules and the sensors on the inbox and on runs that died."""
    job = dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.all() - dg.AssetSelection.assets(*STARTED_BY_HAND),
        partitions_def=report_years(city),
        executor_def=dg.in_process_executor,
        description="从收件到汇总表的完整流程；一次运行处理一个或几个报告年度。",
    )
    schedules = [
        dg.schedule(
            job=job,
            cron_schedule=cron,
            execution_timezone=city.calendar.timezone,
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description=description,
        )(request)
        for request, cron, description in (
            (nightly, city.calendar.nightly, "每夜运行：处理正在采集的年度；没有新内容时跳过。"),
            (yearly, city.calendar.yearly, "年度运行：重新处理日历中的全部年度。"),
        )
    ]
    sensors = [
        dg.sensor(
            job=of_job,
            minimum_interval_seconds=interval,
            default_status=dg.DefaultSensorStatus.RUNNING,
            description=description,
        )(look)
        for look, of_job, interval, description in (
            (inbox, job, INBOX_INTERVAL_SECONDS, "收件夹有新内容（按内容判断，不看时间）时启动运行。"),
            (dead_runs, None, DEAD_RUNS_INTERVAL_SECONDS, "把意外终止的运行记为失败，否则后面的运行会一直等它。"),
        )
    ]
    return dg.Definitions(jobs=[job], schedules=schedules, sensors=sensors)


def nightly(
    context: dg.ScheduleEvaluationContext, installation: dg.ResourceParam[Installation]
) -> dg.RunRequest | dg.SkipReason:
    calendar = installation.city.calendar
    years = open_years(calendar, _today(context, calendar.timezone))
    if waits := _waits_for_a_person(installation.settings):
        return dg.SkipReason(waits)
    reasons = reasons_to_run(installation.settings, installation.city, years)
    if reasons and is_waiting(context.instance, years):
        return dg.SkipReason(OTHER_WAITS)
    return _run_of(years, "；".join(reasons)) if reasons else dg.SkipReason("没有新内容。")


def yearly(installation: dg.ResourceParam[Installation]) -> dg.RunRequest | dg.SkipReason:
    if waits := _waits_for_a_person(installation.settings):
        return dg.SkipReason(waits)
    return _run_of(sorted(installation.city.calendar.years), "年度运行")


def inbox(
    context: dg.SensorEvaluationContext, installation: dg.ResourceParam[Installation]
) -> dg.RunRequest | dg.SkipReason:
    if waits := _waits_for_a_person(installation.settings):
        return dg.SkipReason(waits)
    new = unknown_submissions(installation.settings)
    if not new:
        return dg.SkipReason("收件夹没有新内容。")
    years, run_key = sorted(installation.city.calendar.years), sha256_of("".join(new))
    if is_waiting(context.instance, years):
        return dg.SkipReason(OTHER_WAITS)
    return _run_of(years, f"收件夹有 {len(new)} 个新文件", run_key)


def is_waiting(instance: dg.DagsterInstance, years: Sequence[int]) -> bool:
    """Whether a run of the whole flow over these years is in the queue: it will take in all that lies here by then."""
    queued = instance.get_runs(dg.RunsFilter(job_name=JOB, statuses=[dg.DagsterRunStatus.QUEUED]))
    return any(takes_in_all_of(run, years) for run in queued)


def takes_in_all_of(run: dg.DagsterRun, years: Sequence[int]) -> bool:
    """Whether a run makes the whole flow, and over these years at least."""
    return set(years) <= set(years_of(run)) and (run.asset_selection is None or run.asset_selection >= WHOLE)


def _waits_for_a_person(settings: Settings) -> str | None:
    """Why nothing begins by itself, in words; people are told by the alerts of the calendar."""
    if gone := why_gone(settings.inbox):
        return f"收件夹不见了：{gone}。"
    doubt = doubt_of_today(settings)
    if doubt and doubt.is_ahead:
        return doubt.told
    note_look(settings)
    return None


def unknown_submissions(settings: Settings) -> list[str]:
    """Ids of the files in the inbox that the published database does not know yet.

    Raises InboxGoneError when the inbox has gone.
    """
    lying = {each for _, each in inbox_submission_ids(settings.inbox, settings.limits, settings.seen_file)}
    known: set[str] = set()
    if settings.published_database.exists():
        with open_published(settings) as connection:
            known = {row[0] for row in connection.execute("select submission_id from registry.submission").fetchall()}
    return sorted(lying - known)


def _run_of(years: list[int], reason: str, run_key: str | None = None) -> dg.RunRequest:
    """A request for one run over all of the years, which are consecutive."""
    return dg.RunRequest(run_key, tags=range_tags(str(years[0]), str(years[-1])) | {REASON_TAG: reason})


def _today(context: dg.ScheduleEvaluationContext, timezone: str) -> date:
    return (context.scheduled_execution_time or datetime.now(ZoneInfo(timezone))).date()
