"""What is written of versions: what they say of themselves, what the audit says, and which one counts."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import duckdb
import polars as pl

from sources.archive.version_decisions import VersionDecision, settled_by
from sources.submission.frames import submissions_frame
from sources.submission.submission import Submission
from warehouse.intake.succession import Candidate, LetCount, succession
from warehouse.intake.version import Status
from warehouse.store.sql import records, registered

IDENTITY = ("file_name", "respondent_code", "report_year", "template_version", "saved_at", "revision_reason")
"""What a file says of itself."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the audit says of a submission."""

    submission_id: str
    status: Status
    errors: int
    audit_version: str
    """The fingerprint of the declarations by which it was judged; of an accepted one, the archive keeps them."""


VERDICT_SCHEMA: dict[str, pl.DataType] = {
    "submission_id": pl.String(),
    "status": pl.String(),
    "errors": pl.Int64(),
    "audit_version": pl.String(),
}


def record_identity(connection: duckdb.DuckDBPyConnection, submissions: Iterable[Submission]) -> None:
    """Sets what the files say of themselves."""
    with registered(connection, "identity", submissions_frame(submissions).select("submission_id", *IDENTITY)):
        assignments = ", ".join(f"{name} = identity.{name}" for name in IDENTITY)
        connection.execute(f"""
            update registry.submission as submission
            set
                {assignments},
                precedence = coalesce(
                    first_receipt.look at time zone 'UTC',
                    least(
                        coalesce(identity.saved_at, timestamp '1900-01-01'), submission.received_at at time zone 'UTC'
                    )
                )
            from identity
            inner join registry.receipt as first_receipt
                on identity.submission_id = first_receipt.submission_id and first_receipt.receipt = 1
            where submission.submission_id = identity.submission_id
        """)


def record_verdicts(connection: duckdb.DuckDBPyConnection, verdicts: Iterable[Verdict]) -> None:
    """Sets what the audit says; which version counts is found afterwards, by `record_succession`."""
    decisions = pl.DataFrame([asdict(verdict) for verdict in verdicts], schema=VERDICT_SCHEMA, orient="row")
    with registered(connection, "decision", decisions):
        connection.execute(
            """
            update registry.submission as submission
            set
                status = decision.status,
                held_for = null,
                audit_version = decision.audit_version,
                decided_at = now(),
                decision_reason = case when decision.status = 'rejected' then '有 ' || decision.errors || ' 个错误' end
            from decision
            where submission.submission_id = decision.submission_id
            """
        )


PLACE_SCHEMA: dict[str, pl.DataType] = {
    "submission_id": pl.String(),
    "status": pl.String(),
    "reason": pl.String(),
    "held_for": pl.String(),
}


def record_succession(connection: duckdb.DuckDBPyConnection, decisions: Sequence[VersionDecision]) -> frozenset[str]:
    """Lets one version of each respondent and year count, if one does, and says of the others why they do not.

    Returns which of them did not count when they came, for a question.
    """
    choices = [
        LetCount(each.submission_id, _utc(each.decided_at), each.reason, each.by, each.outcome == "confirmed")
        for each in decisions
        if each.outcome != "declined"
    ]
    declined = {key: f"不采用：{each.reason}（{each.by}）" for key, each in settled_by(decisions).declined.items()}
    of_year: dict[tuple[str, int], list[Candidate]] = defaultdict(list)
    for row in records(connection, CANDIDATES):
        key = row.pop("respondent_code"), row.pop("report_year")
        of_year[key].append(Candidate(**row, declined=declined.get(row["submission_id"])))
    places = [place for candidates in of_year.values() for place in succession(candidates, choices)]
    rows = [(each.submission_id, each.status, each.reason, each.held_for) for each in places]
    with registered(connection, "place", pl.DataFrame(rows, schema=PLACE_SCHEMA, orient="row")):
        connection.execute("""
            update registry.submission as submission
            set
                status = place.status,
                is_current = place.status = 'accepted',
                held_for = place.held_for,
                decision_reason = place.reason
            from place
            where submission.submission_id = place.submission_id
        """)
    return frozenset(place.submission_id for place in places if place.was_held)


CANDIDATES = """
    with
        candidates as (
            select
                submission_id,
                respondent_code,
                report_year,
                precedence as came_at,
                saved_at,
                received_at at time zone 'UTC' as received_at,
                count(*) over (partition by respondent_code, report_year) as versions
            from registry.submission
            where
                respondent_code is not null
                and report_year is not null
                and (
                    status in ('accepted', 'superseded')
                    or (status in ('held', 'declined') and audit_version is not null)
                )
        ),

        said as (
            select submission_id, sum(cast(hash(sheet, record, column_name, raw_text) as hugeint)) as said
            from registry.cell
            where submission_id in (select submission_id from candidates where versions > 1)
            group by submission_id
        ),

        receipts as (
            select
                submission_id,
                bool_or(look is not null) filter (receipt = 1) as has_look,
                max(look) filter (receipt > 1) at time zone 'UTC' as came_again_at
            from registry.receipt
            group by submission_id
        )

    select
        candidates.submission_id,
        candidates.respondent_code,
        candidates.report_year,
        candidates.came_at,
        receipts.has_look,
        case
            when candidates.saved_at between calendar.school_year_from and candidates.received_at + interval 1 day
            then candidates.saved_at
        end as saved_at,
        cast(said.said as varchar) as said,
        receipts.came_again_at
    from candidates
    inner join receipts on candidates.submission_id = receipts.submission_id
    left join said on candidates.submission_id = said.submission_id
    left join reference.report_year as calendar on candidates.report_year = calendar.report_year
"""
"""`Candidate`s with respondent and year. A time of saving is believed from the beginning of the school year that is
reported to a day after the receipt: clocks differ by less, and some programs write local time for UTC."""


def _utc(moment: str) -> datetime:
    return datetime.fromisoformat(moment).astimezone(UTC).replace(tzinfo=None)
