"""The marked workbooks that go back to the schools: one for each version that was judged and is not clean."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from sources.archive import archived_path
from sources.feedback import mark_workbook
from sources.settings import Settings
from warehouse.connection import query

FORBIDDEN_IN_NAMES = str.maketrans(dict.fromkeys('\\/:*?"<>|\n\r\t', "_"))


def write_feedback(
    connection: duckdb.DuckDBPyConnection, settings: Settings, submission_ids: Iterable[str]
) -> list[Path]:
    """Writes the marked workbook of each of the submissions that has a finding; returns the paths."""
    return [path for each in submission_ids if (path := write_one(connection, settings, each))]


def write_one(connection: duckdb.DuckDBPyConnection, settings: Settings, submission_id: str) -> Path | None:
    """The marked workbook of one submission; None when there is nothing to say about it."""
    findings = query(
        connection,
        "select finding.*, explanation.reason, explanation.author from registry.finding as finding"
        " left join registry.explanation as explanation on finding.explanation_id = explanation.explanation_id"
        " where finding.submission_id = ?",
        [submission_id],
    ).to_dicts()
    if not any(finding["severity"] != "info" for finding in findings):
        return None
    name, year, file_name = _described(connection, submission_id)
    data = archived_path(submission_id, settings.archive).read_bytes()
    marked = mark_workbook(
        None
        if any(finding["rule_id"].startswith("file.") and finding["severity"] == "error" for finding in findings)
        else data,
        [finding for finding in findings if finding["explanation_id"] is None],
        [finding for finding in findings if finding["explanation_id"] is not None],
        f"{year or ''}年度 {name or file_name}" if year else file_name,
    )
    stem = (name or Path(file_name).stem).translate(FORBIDDEN_IN_NAMES)
    folder = settings.feedback / str(year or "未识别")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}_{submission_id[:8]}_校验结果.xlsx"
    partial = path.with_suffix(".partial")
    partial.write_bytes(marked)
    partial.replace(path)
    return path


def _described(connection: duckdb.DuckDBPyConnection, submission_id: str) -> tuple[Any, Any, str]:
    row = connection.execute(
        "select respondent.name, submission.report_year, submission.file_name from registry.submission as submission"
        " left join reference.respondent as respondent on submission.respondent_code = respondent.code"
        " where submission.submission_id = ?",
        [submission_id],
    ).fetchone()
    assert row is not None
    return row
