"""The versions of a report year as the archive has them, read and judged again: by nothing but the archive and today's
declarations, so that whoever does it anywhere gets the same."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import zip_longest

import polars as pl

from sources.archive.archive import Receipt, archived_path, archived_receipts
from sources.archive.quarantine import set_aside_now
from sources.archive.version_decisions import settled_by, version_decisions
from sources.audit.audited import Audit
from sources.audit.cross_rules import LAST_YEAR, cross_findings
from sources.audit.judge import audit, judge
from sources.audit.places import cell_lookup
from sources.declarations.city import City
from sources.declarations.contract import load_contracts
from sources.declarations.declared import audit_version
from sources.declarations.listed_rule import listed_rules
from sources.declarations.rule import is_tried_in
from sources.handle import ToRead, read_apart
from sources.submission.finding import Finding
from sources.submission.frames import sheet_frame
from sources.submission.submission import Submission
from sources.system.apart import Exceeded
from sources.system.settings import Settings
from warehouse.intake.holds import asked
from warehouse.intake.judged_by import JudgedBy, load_judged_by
from warehouse.intake.standing import standing_failures
from warehouse.intake.who_sent import load_provenance

NEVER_SAVED = datetime(1900, 1, 1)


@dataclass(frozen=True, slots=True)
class ArchivedVersion:
    """One version of a respondent's year; `is_accepted`: no error was found in it."""

    submission: Submission
    is_accepted: bool
    findings: tuple[Finding, ...]
    """As they were told, or would be: of rules that judge the year."""
    tried: tuple[Finding, ...]
    """Of rules in shadow, and of those that come into force in a later year: nobody was told."""


@dataclass(frozen=True, slots=True)
class ArchivedYear:
    """`versions`: respondent → its versions of the year in the order by which they count. `submissions`: everything
    that the archive has, of any year, in the order of receipt."""

    report_year: int
    versions: Mapping[str, Sequence[ArchivedVersion]]
    submissions: Sequence[Submission]


@dataclass(frozen=True, slots=True)
class _Archived:
    """What the archive has, in the order of receipt; `precedence` by submission: the greatest counts."""

    submissions: Sequence[Submission]
    received_on: Mapping[str, date]
    precedence: Mapping[str, tuple[datetime, str]]
    by: JudgedBy


def archived_year(settings: Settings, city: City, report_year: int) -> ArchivedYear:
    """Reads and judges the archive for a year. Files that are set aside, held, or of nobody known are left out."""
    archived = _read(settings, city)
    needed = [each for each in archived.submissions if each.report_year in (report_year, report_year - 1)]
    if not needed:
        return ArchivedYear(report_year, {}, archived.submissions)
    judged = judge(needed, archived.by.city_of, archived.received_on)
    of_year = [each for each in needed if each.report_year == report_year]
    told = _by_submission([*judged.findings, *_compared(archived, judged, city, report_year)])
    trying = city.model_copy(update={"pack": city.pack.trying})
    on_trial = {each.id for each in listed_rules(city.pack) if is_tried_in(each.rule, report_year)}
    found = [*audit(of_year, trying).findings, *_compared(archived, judged, trying, report_year)] if on_trial else []
    tried = _by_submission(finding for finding in found if finding.rule_id in on_trial)
    versions: dict[str, list[ArchivedVersion]] = defaultdict(list)
    for each in sorted(of_year, key=lambda submission: archived.precedence[submission.submission_id]):
        assert each.respondent is not None
        key = each.submission_id
        version = ArchivedVersion(each, key in judged.accepted, tuple(told[key]), tuple(tried[key]))
        versions[each.respondent.code].append(version)
    return ArchivedYear(report_year, dict(sorted(versions.items())), archived.submissions)


def _read(settings: Settings, city: City) -> _Archived:
    """Everything in the archive that can be read and says whose it is and of which year."""
    first: dict[str, Receipt] = {}
    every = archived_receipts(settings.archive)
    for receipt in every:
        first.setdefault(receipt.submission_id, receipt)
    aside = set_aside_now(settings.archive)
    receipts = [receipt for receipt in first.values() if receipt.submission_id not in aside]
    by = load_judged_by(settings.archive, city, audit_version(city), first)
    files = [
        ToRead(
            receipt.submission_id,
            receipt.file_name,
            archived_path(receipt.submission_id, settings.archive),
            kept=by.kept_for(receipt.submission_id),
        )
        for receipt in receipts
    ]
    outcomes = read_apart(files, city, settings.limits)
    read = [each for each in outcomes if not isinstance(each, Exceeded) and each.respondent and each.report_year]
    received_on = {receipt.submission_id: date.fromisoformat(receipt.received_on) for receipt in receipts}
    confirmed = settled_by(version_decisions(settings.archive)).confirmed
    provenance = load_provenance(settings.archive, every)
    held = {each.address.submission_id for each in asked(read, by, provenance)} - confirmed.keys()
    read = [each for each in read if each.submission_id not in held]
    return _Archived(
        read,
        received_on,
        {each.submission_id: _precedence(each, first[each.submission_id]) for each in read},
        by,
    )


def _precedence(submission: Submission, receipt: Receipt) -> tuple[datetime, str]:
    """The order by which versions count, as the registry has it."""
    received = datetime.fromisoformat(receipt.received_at).astimezone(UTC).replace(tzinfo=None)
    return min(submission.saved_at or NEVER_SAVED, received), submission.submission_id


def _compared(archived: _Archived, judged: Audit, city: City, report_year: int) -> list[Finding]:
    """What rules of level `city` find: the first versions of all compared with each other, then the second ones …

    Who has no further version takes part with the last one. What is found of a version counts once, where it is last
    among the others, so neither the order of arrival nor the days of runs matter.
    """
    accepted = [each for each in judged.submissions if each.submission_id in judged.accepted]
    before = [ids[-1] for ids in _versions_of(archived, accepted, report_year - 1)]
    ours = _versions_of(archived, accepted, report_year)
    reported = {
        each.respondent.code for each in accepted if each.respondent is not None and each.report_year == report_year
    }
    file_names = {each.submission_id: each.file_name for each in accepted}
    cell_of = cell_lookup(judged.cells)
    found: dict[str, list[Finding]] = {}
    for round_of in zip_longest(*ours):
        now = [each or ids[-1] for each, ids in zip(round_of, ours, strict=True)]
        sheets = _sheets(city, judged, now, "") | _sheets(city, judged, before, LAST_YEAR)
        failures = standing_failures(city, report_year, sheets, reported)
        findings = _by_submission(cross_findings(city.pack, failures, file_names, cell_of))
        found |= {submission_id: findings[submission_id] for submission_id in now}
    return [finding for findings in found.values() for finding in findings]


def _versions_of(archived: _Archived, accepted: Iterable[Submission], report_year: int) -> list[list[str]]:
    """The accepted versions of each respondent of a year, in the order by which they count."""
    versions: dict[str, list[str]] = defaultdict(list)
    for each in sorted(accepted, key=lambda submission: archived.precedence[submission.submission_id]):
        if each.report_year == report_year and each.respondent is not None:
            versions[each.respondent.code].append(each.submission_id)
    return [versions[code] for code in sorted(versions)]


def _sheets(city: City, judged: Audit, submission_ids: Sequence[str], suffix: str) -> dict[str, pl.DataFrame]:
    """The sheets of these submissions with the columns of today."""
    sheets = {}
    for contract in load_contracts(city.pack):
        if contract.name in judged.tables:
            rows = judged.tables[contract.name].filter(pl.col("submission_id").is_in(list(submission_ids)))
            schema = sheet_frame(contract).schema
            sheets[contract.name + suffix] = rows.select(
                pl.col(name) if name in rows.columns else pl.lit(None, kind).alias(name)
                for name, kind in schema.items()
            )
    return sheets


def _by_submission(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    by_submission: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        own = (finding, *finding.each) if finding.members else (finding,)
        by_submission[finding.address.submission_id] += own  # a cause, and the rules that it stands for
    return by_submission
