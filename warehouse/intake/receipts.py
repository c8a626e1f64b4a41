"""What came, and what of it is to be judged."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date

import duckdb
import polars as pl

from sources.archive.archive import Receipt
from sources.submission.file_names import ID_LETTERS, UNIDENTIFIED
from warehouse.store.sql import insert, query, registered

NAME_OF_UNIDENTIFIED = f"'{UNIDENTIFIED}_' || left(submission_id, {ID_LETTERS}) || '.xlsx'"
"""In SQL, the name of a file until it is known whose it is (sources/submission/file_names.py)."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A submission to judge now; `received_on` is the day of its first receipt, by the installation's calendar."""

    submission_id: str
    file_name: str
    received_on: date


def record_receipts(connection: duckdb.DuckDBPyConnection, receipts: Sequence[Receipt]) -> int:
    """Registers received files, all of the archive in the order of receipt; a content that is known already is no new
    submission. Returns how many are new."""
    if not receipts:
        return 0
    frame = pl.DataFrame([asdict(receipt) for receipt in receipts], infer_schema_length=None).drop("file_name")
    frame = frame.with_columns(receipt=pl.int_range(1, pl.len() + 1).over("submission_id"))
    _ask_again(connection, frame)
    insert(connection, "registry.receipt", frame, on_conflict="or ignore")
    row = connection.execute(f"""
        insert or ignore into registry.submission by name
        select
            receipt.submission_id,
            (select coalesce(max(sequence), 0) from registry.submission)
            + row_number() over (order by receipt.received_at, receipt.submission_id) as sequence,
            {NAME_OF_UNIDENTIFIED} as file_name,
            receipt.received_at,
            'received' as status,
            false as is_current
        from registry.receipt as receipt
        where
            receipt.receipt = 1
            and not exists (
                select 1 from registry.submission as known where known.submission_id = receipt.submission_id
            )
    """).fetchone()
    return row[0] if row else 0


def _ask_again(connection: duckdb.DuckDBPyConnection, receipts: pl.DataFrame) -> None:
    """Files that are held and come once more, maybe from somebody else, are asked about again."""
    with registered(connection, "came", receipts.select("submission_id", "receipt")):
        connection.execute("""
            update registry.submission as submission
            set status = 'received', held_for = null, decision_reason = null
            where
                submission.status = 'held'
                and submission.audit_version is null
                and exists (
                    select 1 from came
                    anti join registry.receipt as noted
                        on came.submission_id = noted.submission_id and came.receipt = noted.receipt
                    where came.submission_id = submission.submission_id
                )
        """)


def pending_submissions(
    connection: duckdb.DuckDBPyConnection, report_years: Iterable[int], audit_version: str
) -> list[Pending]:
    """Submissions to judge now, in the order of receipt.

    New ones, and those rejected under other rules than today's; of the given years, or of an unknown year.
    """
    pending = query(
        connection,
        "select submission_id, file_name, (select min(received_on) from registry.receipt"
        " where receipt.submission_id = submission.submission_id) as received_on from registry.submission"
        " where (status = 'received' or (status = 'rejected' and audit_version <> ?))"
        " and (report_year is null or list_contains(?, report_year)) order by sequence",
        [audit_version, list(report_years)],
    )
    return [Pending(**row) for row in pending.iter_rows(named=True)]
