"""What starts a run: the clerk, the night, the year, a file in the inbox. No declarative automation."""

import hashlib
from datetime import date, datetime
from zoneinfo import ZoneInfo

import dagster as dg

from orchestration.lib.asset_keys import JOB, STARTED_BY_HAND
from orchestration.lib.partitions import range_tags, report_years
from sources.archive.inbox import inbox_submission_ids
from sources.declarations.city import City
from sources.declarations.deadlines import open_years
from sources.system.settings import Settings
from warehouse.run.needed import reasons_to_run
from warehouse.store.connection import open_published

INBOX_INTERVAL_SECONDS = 60


def build_automation(settings: Settings, city: City) -> dg.Definitions:
    """The job over the whole graph, the two schedules and the sensor on the inbox."""
    job = dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.all() - dg.AssetSelection.assets(*STARTED_BY_HAND),
        partitions_def=report_years(city),
        executor_def=dg.in_process_executor,
        description="从收件到汇总表的完整流程；一次运行处理一个或几个报告年度。",
    )
    timezone = city.calendar.timezone

    @dg.schedule(
        name="nightly",
        job=job,
        cron_schedule=city.calendar.nightly,
        execution_timezone=timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="每夜运行：处理正在采集的年度；没有新内容时跳过。",
    )
    def nightly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        years = open_years(city.calendar, _today(context, timezone))
        reasons = reasons_to_run(settings, city, years)
        if not reasons:
            return dg.SkipReason("没有新内容。")
        return dg.RunRequest(tags={**range_tags(str(years[0]), str(years[-1])), "nianbao/reason": "；".join(reasons)})

    @dg.schedule(
        name="yearly",
        job=job,
        cron_schedule=city.calendar.yearly,
        execution_timezone=timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="年度运行：重新处理日历中的全部年度。",
    )
    def yearly() -> dg.RunRequest:
        years = sorted(city.calendar.years)
        return dg.RunRequest(tags=range_tags(str(years[0]), str(years[-1])))

    @dg.sensor(
        name="inbox",
        job=job,
        minimum_interval_seconds=INBOX_INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="收件夹有新内容（按内容判断，不看时间）时启动运行。",
    )
    def inbox() -> dg.RunRequest | dg.SkipReason:
        new = (
            sorted(
                submission_id
                for _, submission_id in inbox_submission_ids(settings.inbox, settings.limits, settings.seen_file)
            )
            if (settings.inbox.exists())
            else []
        )
        if settings.published_database.exists():
            with open_published(settings) as connection:
                rows = connection.execute("select submission_id from registry.submission").fetchall()
            known = {row[0] for row in rows}
            new = [submission_id for submission_id in new if submission_id not in known]
        if not new:
            return dg.SkipReason("收件夹没有新内容。")
        years = sorted(city.calendar.years)
        run_key = hashlib.sha256("".join(new).encode()).hexdigest()
        return dg.RunRequest(
            run_key=run_key,
            tags={
                **range_tags(str(years[0]), str(years[-1])),
                "nianbao/reason": f"收件夹有 {len(new)} 个新文件",
            },
        )

    return dg.Definitions(jobs=[job], schedules=[nightly, yearly], sensors=[inbox])


def _today(context: dg.ScheduleEvaluationContext, timezone: str) -> date:
    return (context.scheduled_execution_time or datetime.now(ZoneInfo(timezone))).date()
