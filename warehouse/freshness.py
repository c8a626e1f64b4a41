"""Is there anything to do? Compares what was published with what lies in the inbox and in the declarations."""

from collections.abc import Sequence
from datetime import date

import duckdb

from sources.archive import inbox_submission_ids
from sources.model import City, fingerprint, load_contracts
from sources.settings import Settings
from warehouse.connection import open_published
from warehouse.explanations import undecided
from warehouse.intake import audit_version
from warehouse.reference import reference_fingerprint
from warehouse.registry import CLOCK_STATE, current_versions, get_state, pending_submissions, set_state
from warehouse.transform import project_fingerprint

STATE = "build_fingerprint"


def declarations_fingerprint(settings: Settings, city: City) -> str:
    """Changes whenever something other than a submission asks for a new build."""
    return " ".join(
        [
            project_fingerprint(),
            reference_fingerprint(settings, city),
            audit_version(city),
            fingerprint(load_contracts()),
        ]
    )


def record_build(connection: duckdb.DuckDBPyConnection, settings: Settings, city: City) -> None:
    """Notes in the working database which declarations its tables were built from."""
    set_state(connection, STATE, declarations_fingerprint(settings, city))


def reasons_to_run(settings: Settings, city: City, report_years: Sequence[int]) -> list[str]:
    """Why a run would change something, in Chinese; empty when everything published is up to date."""
    if not settings.published_database.exists():
        return ["还没有发布过数据"]
    reasons = []
    with open_published(settings) as connection:
        if get_state(connection, STATE) != declarations_fingerprint(settings, city):
            reasons.append("填报表、规则、指标目录或模型有变化")
        known = {row[0] for row in connection.execute("select submission_id from registry.submission").fetchall()}
        if new := [name for name, submission_id in inbox_submission_ids(settings.inbox) if submission_id not in known]:
            reasons.append(f"收件夹有 {len(new)} 个新文件")
        if pending := pending_submissions(connection, report_years, audit_version(city)).height:
            reasons.append(f"有 {pending} 份报送尚未审核")
        if decisions := undecided(connection, settings):
            reasons.append(f"有 {decisions} 条对说明的决定尚未生效")
        if overdue := _newly_overdue(connection, settings, city, report_years):
            reasons.append(f"有 {overdue} 个单位逾期未报")
    return reasons


def _newly_overdue(
    connection: duckdb.DuckDBPyConnection, settings: Settings, city: City, report_years: Sequence[int]
) -> int:
    """Respondents whose due date has passed since the last run without anything that stands."""
    last = date.fromisoformat(get_state(connection, CLOCK_STATE) or settings.today.isoformat())
    standing = current_versions(connection)
    return sum(
        (respondent.code, year) not in standing
        for year in report_years
        if last <= city.calendar.years[year].due < settings.today
        for respondent in city.respondents_in(year)
    )
