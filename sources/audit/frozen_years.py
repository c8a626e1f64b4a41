"""Frozen years: a resubmission that comes late needs a reason."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import polars as pl

from sources.audit.judge import Audit
from sources.declarations.city import City
from sources.submission.cell import CellAddress
from sources.submission.finding import findings_frame, intake_finding
from sources.submission.submission import Submission


def refuse_late(
    outcome: Audit,
    readings: Sequence[Submission],
    received_on: Mapping[str, date],
    city: City,
    stands: set[tuple[str, int]],
) -> Audit:
    """Refuses resubmissions that came for a frozen year without a reason.

    What counts is the day of receipt, and whether another version stood (`stands`, respondent and year) or had
    come before; so the verdict is the same whenever it is reached.
    """
    findings = []
    for reading in readings:
        if reading.respondent is None or reading.report_year is None:
            continue
        key = (reading.respondent.code, reading.report_year)
        freezes = city.calendar.years[reading.report_year].freezes
        if key in stands and received_on[reading.submission_id] > freezes and not reading.revision_reason:
            cells = {column: cell for _, _, _, column, cell, _ in reading.cells}
            place = CellAddress(reading.submission_id, reading.file_name, "封面", cells.get("revision_reason"))
            place = replace(place, column_name="revision_reason", value=str(reading.report_year))
            findings.append(intake_finding("cover.year_frozen", place, expected=freezes.isoformat()))
        elif reading.submission_id in outcome.accepted:
            stands.add(key)
    refused = {finding["submission_id"] for finding in findings}
    everything = pl.concat([outcome.findings, findings_frame(findings)])
    return replace(outcome, findings=everything, accepted=outcome.accepted - refused)
