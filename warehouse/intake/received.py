"""What has been received for a report year, as far as the archive, the inbox and the published database know."""

from sources.archive.archive import archived_acceptances, archived_ids
from sources.archive.inbox import inbox_submission_ids
from sources.system.settings import Settings
from warehouse.store.connection import open_published


def received_for(settings: Settings, report_year: int) -> list[str]:
    """Why a year cannot be taken back, in words: files that were received for it, and files that nobody has read yet.

    Empty when nothing was received.
    """
    known: dict[str, int | None] = {}
    if settings.published_database.exists():
        with open_published(settings) as connection:
            rows = connection.execute("select submission_id, report_year from registry.submission").fetchall()
            known = {str(submission): year for submission, year in rows}
    accepted = {id_ for id_, each in archived_acceptances(settings.archive).items() if each.report_year == report_year}
    lying = {id_ for _, id_ in inbox_submission_ids(settings.inbox, settings.limits, settings.seen_file)}
    of_year = {id_ for id_, year in known.items() if year == report_year} | accepted
    unread = (lying | archived_ids(settings.archive)) - known.keys()
    told = [f"{report_year}年度已收到 {len(of_year)} 份报送"] if of_year else []
    return told + ([f"有 {len(unread)} 个收到的文件还没有读入，请先运行一次"] if unread else [])
