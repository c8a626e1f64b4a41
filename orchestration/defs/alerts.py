"""When people are told: after every run, failed or not, and every ten minutes of the day for what the calendar says.

Runs that `nianbao run` executes itself are none of the daemon's; the command line calls `alert` for them. What both
see is told once (warehouse/alerts.py).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import dagster as dg

from orchestration.progress import STEP_LABELS
from sources.declarations.alerting import load_alerting
from sources.declarations.city import City
from sources.system.settings import Settings
from warehouse.alerts import alert
from warehouse.troubles import RunReport

RUN_INTERVAL_SECONDS = 30
CALENDAR_INTERVAL_SECONDS = 600
START = "启动"
"""Stands for the step of a run that failed without any step failing."""
REASON = "原因"
ERROR_LINES = 3
EVENTS = {
    dg.DagsterEventType.STEP_FAILURE,
    dg.DagsterEventType.STEP_SUCCESS,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION,
    dg.DagsterEventType.RUN_FAILURE,
    dg.DagsterEventType.RUN_SUCCESS,
}


def run_report(instance: dg.DagsterInstance, run_id: str, assets: dg.Definitions) -> RunReport:
    """How a finished run ended, from its event log; `assets` know what its checks are about, in Chinese."""
    record = instance.get_run_record_by_id(run_id)
    logged = [entry.dagster_event for entry in instance.all_logs(run_id, of_type=EVENTS) if entry.dagster_event]
    checks = {
        f"{each.asset_key.to_user_string()}：{each.check_name}": each
        for event in logged
        if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION
        and (each := event.asset_check_evaluation_data)
    }
    failed_checks = {
        name: _summary(each)
        for name, each in checks.items()
        if not each.passed and each.severity == dg.AssetCheckSeverity.ERROR
    }
    failed_steps = {_label(event.step_key): _error(event) for event in logged if event.is_step_failure}
    done_steps = {_label(event.step_key) for event in logged if event.is_step_success}
    run_failure = next((event for event in logged if event.event_type == dg.DagsterEventType.RUN_FAILURE), None)
    if run_failure is None:
        done_steps.add(START)
    elif not failed_steps:
        failed_steps[START] = (run_failure.message or "没有记录原因",)
    ended = record.end_time if record else None
    return RunReport(
        run_id=run_id,
        ended_at=datetime.fromtimestamp(ended, UTC) if ended else datetime.now(UTC),
        about=_years(record.dagster_run.tags if record else {}),
        failed_steps=failed_steps,
        done_steps=frozenset(done_steps - set(failed_steps)),
        failed_checks=failed_checks,
        labels={name: label for name in failed_checks if (label := _check_label(assets, checks[name]))},
        passed_checks=frozenset(set(checks) - set(failed_checks)),
    )


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


def _label(step_key: str | None) -> str:
    return STEP_LABELS.get(step_key or "", step_key or START)


def _years(tags: Mapping[str, str]) -> str:
    single = tags.get("dagster/partition")
    first, last = tags.get("dagster/asset_partition_range_start"), tags.get("dagster/asset_partition_range_end")
    years = single or (f"{first}–{last}" if first and first != last else first)
    return f"{years} 年度，" if years else ""


def _error(event: dg.DagsterEvent) -> tuple[str, ...]:
    """The first lines of what a step says about its failure, without the traceback."""
    data = event.step_failure_data
    if given := data.user_failure_data:
        reason = given.metadata.get(REASON)
        lines = [given.description or "", *(str(reason.value).splitlines() if reason else [])]
    else:
        error = data.error
        while error and error.cause:
            error = error.cause
        lines = error.message.splitlines() if error else []
    return tuple(line for line in lines if line.strip())[:ERROR_LINES]


def _summary(check: dg.AssetCheckEvaluation) -> tuple[str, ...]:
    """The counts that a check gives along."""
    counts = [f"{name} {value.value}" for name, value in check.metadata.items() if isinstance(value.value, int)]
    return ("，".join(counts),) if counts else ()


def _check_label(assets: dg.Definitions, check: dg.AssetCheckEvaluation) -> str:
    """What the check says of itself, else what its table is; empty when neither is known."""
    graph = assets.resolve_asset_graph()
    key = dg.AssetCheckKey(check.asset_key, check.check_name)
    of_check = graph.get_check_spec(key).description if key in graph.asset_check_keys else None
    of_asset = graph.get(check.asset_key).description if graph.has(check.asset_key) else None
    return (of_check or of_asset or "").partition("。")[0].strip()
