"""Files in the inbox that were not read: set aside, or nothing that can be opened as a workbook."""

import duckdb

from sources.archive.inbox import inbox_submission_ids
from sources.audit.personal_text import redacted
from sources.system.settings import Settings
from warehouse.intake.waiting import Unread
from warehouse.store.sql import query


def unread_files(connection: duckdb.DuckDBPyConnection, settings: Settings) -> list[Unread]:
    """Those that still lie in the inbox, by the name that they have there, without telephone numbers and the like; one
    that was taken out of it is nobody's trouble any more. For whoever stands at the terminal: the names go no further.

    `connection` is to the working or to a published database.
    """
    found = query(
        connection,
        "select finding.submission_id, min(finding.message) as message,"
        " coalesce(any_value(sender.name), '') as sender_name from registry.finding as finding"
        " left join registry.receipt as came on finding.submission_id = came.submission_id and came.receipt = 1"
        " left join reference.respondent as sender on came.sender = sender.code and came.channel = 'folder'"
        " where severity = 'error' and starts_with(rule_id, 'file.') group by all order by submission_id",
    )
    if found.is_empty():
        return []
    lying = {id_: name for name, id_ in inbox_submission_ids(settings.inbox, settings.limits, settings.seen_file)}
    unread = (
        Unread(file_name=redacted(lying[row["submission_id"]])[0], **row)
        for row in found.iter_rows(named=True)
        if row["submission_id"] in lying
    )
    return sorted(unread, key=lambda each: (each.file_name, each.submission_id))
