"""Reads what letters are written from: the register, the marked workbooks, the templates, what was sent before."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import duckdb

from sources.archive.sent import archived_sent
from sources.declarations.alerting import load_alerting
from sources.declarations.city import City
from sources.declarations.contacts import load_contacts
from sources.submission.explanation import Question
from sources.submission.file_names import workbook_file_name
from sources.submission.finding import Finding
from sources.system.fingerprint import sha256_of
from sources.system.settings import Settings
from sources.system.whereabouts import refuse_gone
from warehouse.alerts.letters import Correspondence, RefusedExplanation, Template
from warehouse.intake.decision_list import refusals
from warehouse.intake.feedback import Feedback
from warehouse.intake.register import submission_findings
from warehouse.intake.version import Version
from warehouse.intake.versions import latest_versions, other_versions
from warehouse.store.sql import query

FOR_ALL = frozenset({".docx", ".pdf", ".csv", ".html"})
"""What goes with every template of a year: all but workbooks, which may hold one school's numbers."""
NOT_TAKEN = frozenset({"rejected", "held", "declined"})
"""Of versions; a school whose year has none is told of those that it sent for another, or in another's name."""
NEW_YEAR = "new_year"
"""In the home: the letter and the rules that `nianbao new-year` writes, by report year."""


def read_correspondence(
    connection: duckdb.DuckDBPyConnection | None,
    settings: Settings,
    city: City,
    report_years: Sequence[int],
    everybody: Sequence[Feedback] | None = None,
) -> Correspondence:
    """What is known about the years; of an installation that has built nothing yet, templates alone.

    `everybody`: what goes back as it was just written, with the effects of findings; without it the findings are read
    without their effects. Raises DeclarationError for a contacts.yml or alerts.yml that cannot be used, InboxGoneError
    when the inbox has gone: nobody is reminded of what may lie in it.
    """
    # Long: one answer of eleven parts, each read from its own place.
    refuse_gone(settings.inbox)
    versions: Sequence[Version] = ()
    astray: Sequence[Version] = ()
    findings: Mapping[str, Sequence[Finding]] = {}
    marked: Mapping[str, Path] = {}
    others: Sequence[Version] = ()
    if everybody is not None:
        versions = [each.version for each in everybody]
        findings = {each.version.submission_id: each.findings for each in everybody}
        marked = {each.version.submission_id: each.path for each in everybody if each.path}
    elif connection is not None:
        versions = [each for each in latest_versions(connection) if each.report_year in (None, *report_years)]
        findings = submission_findings(connection, [each.submission_id for each in versions])
    if connection is not None:
        beside = other_versions(connection)
        astray = [each for each in (*latest_versions(connection), *beside) if each.status in NOT_TAKEN]
        others = [each for each in beside if each.report_year in report_years]
        held = [each.submission_id for each in others if each.status == "held"]
        findings = {**findings, **submission_findings(connection, held)}
    have_sent = {(each.respondent_code, each.report_year) for each in versions}
    return Correspondence(
        city,
        settings.today,
        load_alerting(settings.city_dir).due_soon_days,
        versions,
        findings,
        marked,
        dict(_templates(settings, city, report_years, have_sent)),
        _refusals(connection, settings) if connection is not None else {},
        archived_sent(settings.archive),
        load_contacts(settings.city_dir, city),
        astray,
        others,
    )


def _templates(
    settings: Settings, city: City, report_years: Sequence[int], have_sent: set[tuple[str | None, int | None]]
) -> Iterator[tuple[tuple[str, int], Template]]:
    """The templates of respondents that have sent nothing for the year."""
    for year in report_years:
        of_year = city.in_year(year)
        for respondent in city.respondents_in(year):
            path = template_folder(settings, year) / workbook_file_name(
                respondent, year, of_year.stated_code(respondent)
            )
            if (respondent.code, year) not in have_sent and path.is_file():
                yield (respondent.code, year), Template(path, sha256_of(path.read_bytes()))


def template_folder(settings: Settings, report_year: int) -> Path:
    return settings.templates / str(report_year)


def for_all(settings: Settings, report_years: Iterable[int]) -> dict[int, list[Path]]:
    """Report year → what goes with each of its templates: the year's letter, the rules, what the clerk put there."""
    return {
        year: sorted(
            path
            for folder in (template_folder(settings, year), settings.home / NEW_YEAR / str(year))
            for path in folder.glob("[!.~]*")
            if path.is_file() and path.suffix.lower() in FOR_ALL
        )
        for year in report_years
    }


def _refusals(
    connection: duckdb.DuckDBPyConnection, settings: Settings
) -> dict[tuple[str, int], list[RefusedExplanation]]:
    why = refusals(settings)
    rows = query(
        connection,
        "select explanation_id, respondent_code, report_year, rule_id, rule_version, sheet, column_name, record_key,"
        " reason from registry.explanation where state = 'refused' order by explanation_id",
    )
    found: dict[tuple[str, int], list[RefusedExplanation]] = {}
    for row in rows.iter_rows(named=True):
        question = Question(
            row["rule_id"], row["rule_version"], row["sheet"], row["column_name"] or "", row["record_key"] or ""
        )
        refusal = RefusedExplanation(question, row["reason"], why.get(row["explanation_id"], ""))
        found.setdefault((row["respondent_code"], row["report_year"]), []).append(refusal)
    return found
