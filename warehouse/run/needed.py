"""Is a run needed? Compares what was published with the inbox and the declarations."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from sources.archive.archive import archived_ids
from sources.archive.inbox import inbox_submission_ids
from sources.declarations.city import City
from sources.declarations.declared import audit_version
from sources.system.settings import Settings
from sources.system.whole_file import whole_file
from warehouse.intake.decisions import undecided
from warehouse.intake.receipts import pending_submissions
from warehouse.intake.versions import current_versions
from warehouse.run.changed import BUILD_NOTE, declarations_fingerprint
from warehouse.run.clock import day_of_last_run, doubt_of_day
from warehouse.store.connection import open_published
from warehouse.store.notes import get_state


def reasons_to_run(settings: Settings, city: City, report_years: Sequence[int]) -> list[str]:
    """Why a run would change something, in Chinese; empty when everything published is up to date.

    Raises InboxGoneError when the inbox has gone: then nobody knows.
    """
    if not settings.published_database.exists():
        return ["还没有发布过数据"]
    try:
        return _reasons(settings, city, report_years)
    except duckdb.Error:
        return ["已发布的数据库读不出来"]


def _reasons(settings: Settings, city: City, report_years: Sequence[int]) -> list[str]:
    reasons = []
    if unfinished_years(settings) & set(report_years):
        reasons.append("上一次运行没有完成")
    with open_published(settings) as connection:
        if get_state(connection, BUILD_NOTE) != declarations_fingerprint(settings, city):
            reasons.append("填报表、规则、指标目录或模型有变化")
        known = {row[0] for row in connection.execute("select submission_id from registry.submission").fetchall()}
        if new := [
            name
            for name, submission_id in inbox_submission_ids(settings.inbox, settings.limits, settings.seen_file)
            if submission_id not in known
        ]:
            reasons.append(f"收件夹有 {len(new)} 个新文件")
        if unregistered := archived_ids(settings.archive) - known:
            reasons.append(f"存档有 {len(unregistered)} 个文件还没有登记")
        if pending := len(pending_submissions(connection, report_years, audit_version(city))):
            reasons.append(f"有 {pending} 份报送尚未审核")
        if decisions := undecided(connection, settings):
            reasons.append(f"有 {decisions} 条决定尚未生效")
        if doubt_of_day(day_of_last_run(connection), settings.today):
            reasons.append("这台机器的日期和上一次运行的接不上")
        if overdue := _newly_overdue(connection, settings, city, report_years):
            reasons.append(f"有 {overdue} 个单位逾期，没有有效的报送")
    return reasons


def unfinished_years(settings: Settings) -> set[int]:
    """Report years of runs that began and did not end."""
    path = _unfinished(settings)
    return set(json.loads(path.read_text())) if path.exists() else set()


def note_unfinished(settings: Settings, report_years: Iterable[int]) -> None:
    """Notes the years of a run that begins."""
    with whole_file(_unfinished(settings)) as partial:
        partial.write_text(json.dumps(sorted(unfinished_years(settings) | set(report_years))))


def note_finished(settings: Settings, report_years: Iterable[int]) -> None:
    """Notes that nothing is left to do for the years."""
    with whole_file(_unfinished(settings)) as partial:
        partial.write_text(json.dumps(sorted(unfinished_years(settings) - set(report_years))))


def _unfinished(settings: Settings) -> Path:
    return settings.working_database.with_name("unfinished.json")


def _newly_overdue(
    connection: duckdb.DuckDBPyConnection, settings: Settings, city: City, report_years: Sequence[int]
) -> int:
    """Respondents whose due date has passed since the last run without anything that stands."""
    last = day_of_last_run(connection) or settings.today
    standing = current_versions(connection)
    return sum(
        (respondent.code, year) not in standing
        for year in report_years
        if (dates := city.calendar.years[year]).is_overdue(settings.today) and not dates.is_overdue(last)
        for respondent in city.respondents_in(year)
    )
