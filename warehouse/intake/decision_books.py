"""Marked workbooks for the bureau alone: a respondent's file with its explanations, and cells to decide on them in."""

from collections.abc import Callable, Iterable
from pathlib import Path

import duckdb

from sources.archive.archive import archived_path
from sources.handle import ToMark, mark_apart
from sources.submission.file_names import ID_LETTERS, as_file_name
from sources.submission.finding import Finding
from sources.system.apart import Exceeded
from sources.system.settings import Settings
from warehouse.intake.register import registered_findings
from warehouse.intake.waiting import Asked


def write_decision_books(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    asked: Iterable[Asked],
    folder: Path,
    tell: Callable[[Iterable[Finding]], tuple[Finding, ...]] = tuple,
) -> list[str]:
    """Writes for the bureau the marked workbook of each submission whose explanations are asked about, with columns to
    decide in; returns what could not be made.

    Raises OSError when the archive or the disk does.
    """
    by_file: dict[str, list[Asked]] = {}
    for each in asked:
        if each.about == "explanation":
            by_file.setdefault(each.submission_id, []).append(each)
    to_mark = []
    for submission_id, of_file in by_file.items():
        ids = {each.id for each in of_file}
        found = registered_findings(connection, submission_id)
        problems = {each.finding.question.problem_id: each.explanation_id for each in found}
        title = f"{of_file[0].report_year}年度 {of_file[0].respondent_name}"
        findings = tell(each.finding for each in found)
        chosen = {problem: id_ for problem, id_ in problems.items() if id_ in ids}
        to_mark.append(ToMark(archived_path(submission_id, settings.archive), findings, title, None, chosen))
    folder.mkdir(parents=True, exist_ok=True)
    failed = []
    for (submission_id, of_file), marked in zip(by_file.items(), mark_apart(to_mark, settings.limits), strict=True):
        name = f"{as_file_name(of_file[0].respondent_name)}_{submission_id[:ID_LETTERS]}_认定件.xlsx"
        if isinstance(marked, Exceeded):
            failed.append(f"{name}：{marked.told(settings.limits)}")
        else:
            (folder / name).write_bytes(marked)
    return failed
