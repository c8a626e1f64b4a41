"""Reads what the alerts tell: the register, the releases, and the run that has ended."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path

import dagster as dg
import duckdb

from orchestration.lib.failures import REASON
from orchestration.lib.progress import STEP_LABELS
from sources.archive.inbox import inbox_submission_ids
from sources.declarations.alerting import Alerting
from sources.declarations.city import City
from sources.system.settings import Settings
from sources.system.whereabouts import why_gone
from warehouse.alerts.tell import AlertOutcome, Seen, Send, send_by_channel, tell
from warehouse.alerts.troubles import Register, Release, RunReport, of_clock, of_inbox, of_register, of_releases, of_run
from warehouse.figures.effects import with_effects
from warehouse.intake.register import latest_findings, submission_findings
from warehouse.intake.released import releases_folder
from warehouse.intake.versions import latest_versions, other_versions
from warehouse.release.manifest import Manifest, manifest_hash, releases_of
from warehouse.run.clock import doubt_of_today
from warehouse.store.connection import open_working
from warehouse.store.turn import WarehouseBusyError

START = "启动"
"""The name of a step for a run that failed although no step did."""
ERROR_LINES = 3
CONFIRMED_SHOWN = 5
EVENTS = {
    dg.DagsterEventType.STEP_FAILURE,
    dg.DagsterEventType.STEP_SUCCESS,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION,
    dg.DagsterEventType.RUN_FAILURE,
    dg.DagsterEventType.RUN_SUCCESS,
}


def read_register(settings: Settings, city: City) -> Register:
    """What the working database says now; empty before the first run.

    Raises WarehouseBusyError when a run holds it, duckdb.Error when it is not what it should be.
    """
    if not settings.working_database.exists():
        return Register()
    with open_working(settings, WAIT_SECONDS) as connection:
        versions = latest_versions(connection)
        others = other_versions(connection)
        beside = submission_findings(
            connection, [each.submission_id for each in others if each.status in ("held", "rejected")]
        )
        found = (*latest_findings(connection, list(city.calendar.years)), *chain.from_iterable(beside.values()))
        findings = with_effects(connection, found)
    unidentified = any(version.respondent_code is None or version.report_year is None for version in versions)
    lying = (
        {
            submission_id
            for _, submission_id in inbox_submission_ids(settings.inbox, settings.limits, settings.seen_file)
        }
        if unidentified
        else set()
    )
    rejected = [version.submission_id for version in (*versions, *others) if version.status == "rejected"]
    return Register(versions, findings, others, frozenset(lying), _marked(settings.feedback, rejected))


def _marked(folder: Path, submission_ids: Collection[str]) -> dict[str, Path]:
    found = {path.stem.split("_")[-2]: path for path in folder.glob("*/*_*_校验结果.xlsx")}
    return {each: found[each[:8]] for each in submission_ids if each[:8] in found}


def read_releases(settings: Settings, city: City) -> list[Release]:
    """The latest release of each year. Raises OSError, ValueError or TypeError when a manifest is not readable."""
    latest = [released[-1] for year in city.calendar.years if (released := releases_of(settings, year))]
    return [
        Release(
            manifest.report_year,
            manifest.version,
            (
                f"{len(manifest.current)} 个单位的数据，发布日期 {manifest.released_on}。",
                *_confirmed_lines(manifest),
                f"文件：{releases_folder(settings) / manifest.version}",
                f"清单 sha256：{manifest_hash(releases_folder(settings) / manifest.version)}",
            ),
        )
        for manifest in latest
    ]


def _confirmed_lines(manifest: Manifest) -> list[str]:
    """What had to be confirmed, each with its reason; of a release of 0.1.0 the one signature."""
    if (signed := manifest.override) is not None:
        return [f"有 {len(signed['points'])} 项发布条件没有满足，{signed['by']}决定发布：{signed['reason']}"]
    confirmed = manifest.confirmed
    if not confirmed:
        return []
    told = [f"{each['title']}：{each['settled']['by']}确认，{each['settled']['reason']}" for each in confirmed]
    more = [f"……共 {len(told)} 项，见发布清单。"] if len(told) > CONFIRMED_SHOWN else []
    return [f"有 {len(told)} 项经逐项确认后发布：", *told[:CONFIRMED_SHOWN], *more]


WAIT_SECONDS = 10


def alert(
    settings: Settings,
    city: City,
    run: RunReport | None = None,
    now: datetime | None = None,
    send: Send = send_by_channel,
) -> AlertOutcome:
    """Tells people what is due from the register, the calendar, the releases, and the run if one has ended.

    Raises nothing: an alert must not fail what it tells of.
    """
    return tell(settings, city, partial(observe, settings, city, run), now, send)


def observe(settings: Settings, city: City, run: RunReport | None, alerting: Alerting, now: datetime) -> Seen:
    """Reads the state of now. A part that cannot be read becomes a listed problem and hides nothing else."""
    observations = [of_run(run)] if run else []
    problems = []
    gone = why_gone(settings.inbox)
    doubt = doubt_of_today(settings)
    observations += [of_inbox(gone, now), of_clock(doubt.told if doubt else None, now)]
    try:
        if gone is None and not (doubt and doubt.is_ahead):  # else nobody knows who is late
            register = read_register(settings, city)
            observations.append(of_register(register, city, settings.today, alerting.due_soon_days, now))
    except (duckdb.Error, OSError, WarehouseBusyError) as error:
        problems.append(f"报送登记读不出（{error}）")
    try:
        observations.append(of_releases(read_releases(settings, city), now))
    except (OSError, ValueError, TypeError) as error:
        problems.append(f"发布清单读不出（{error}）")
    return Seen(observations, tuple(problems))


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
        years=_span(record.dagster_run.tags if record else {}),
        failed_steps=failed_steps,
        done_steps=frozenset(done_steps - set(failed_steps)),
        failed_checks=failed_checks,
        labels={name: label for name in failed_checks if (label := _check_label(assets, checks[name]))},
        passed_checks=frozenset(set(checks) - set(failed_checks)),
    )


def _label(step_key: str | None) -> str:
    return STEP_LABELS.get(step_key or "", step_key or START)


def _years(tags: Mapping[str, str]) -> str:
    single = tags.get("dagster/partition")
    first, last = tags.get("dagster/asset_partition_range_start"), tags.get("dagster/asset_partition_range_end")
    years = single or (f"{first}–{last}" if first and first != last else first)
    return f"{years} 年度，" if years else ""


def _span(tags: Mapping[str, str]) -> tuple[int, int] | None:
    """The first and the last report year of a run, by its tags."""
    single = tags.get("dagster/partition")
    first = tags.get("dagster/asset_partition_range_start", single)
    last = tags.get("dagster/asset_partition_range_end", single)
    return (int(first), int(last)) if first and last and first.isdigit() and last.isdigit() else None


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
    """The counts in a check's metadata."""
    counts = [f"{name} {value.value}" for name, value in check.metadata.items() if isinstance(value.value, int)]
    return ("，".join(counts),) if counts else ()


def _check_label(assets: dg.Definitions, check: dg.AssetCheckEvaluation) -> str:
    """The check's own description, else its table's; empty when neither is known."""
    graph = assets.resolve_asset_graph()
    key = dg.AssetCheckKey(check.asset_key, check.check_name)
    of_check = graph.get_check_spec(key).description if key in graph.asset_check_keys else None
    of_asset = graph.get(check.asset_key).description if graph.has(check.asset_key) else None
    return (of_check or of_asset or "").partition("。")[0].strip()
