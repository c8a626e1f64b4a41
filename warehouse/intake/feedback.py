"""The marked workbooks that go back to the schools: one for each respondent's latest version that is not clean."""

import hashlib
import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from sources.archive.archive import archived_path
from sources.submission.finding import Finding
from sources.system.parallel import each
from sources.system.settings import Settings
from warehouse.intake.versions import latest_versions
from warehouse.store.sql import query

FORBIDDEN_IN_NAMES = str.maketrans(dict.fromkeys('\\/:*?"<>|\n\r\t', "_"))
NAME_BYTES = 180
"""Of the 255 that a file's name may have; the rest is for what is put behind it. A letter takes up to four."""
UNIDENTIFIED = "未识别"
INDEX = "index.json"
VERSION_COLUMNS = ("submission_id", "report_year", "respondent_name", "file_name", "status")


@dataclass(frozen=True)
class Feedback:
    """What goes back about one version: its findings (worst first), and the marked workbook."""

    submission_id: str
    report_year: int | None
    respondent_name: str | None
    file_name: str
    status: str
    findings: list[Finding]
    path: Path | None

    @property
    def open_findings(self) -> list[Finding]:
        return [finding for finding in self.findings if finding["explanation_id"] is None]


def write_feedback(
    connection: duckdb.DuckDBPyConnection, settings: Settings, report_years: Sequence[int]
) -> list[Feedback]:
    """Writes what has changed, takes away what no longer holds, and says what there is to say to everybody."""
    findings: dict[str, list[Finding]] = {}
    versions = latest_versions(connection)
    versions = versions.filter(pl.col("report_year").is_null() | pl.col("report_year").is_in(list(report_years)))
    ids = versions.get_column("submission_id").to_list()
    for finding in _findings(connection, ids):
        findings.setdefault(finding["submission_id"], []).append(finding)
    known = _read_index(settings)
    written: dict[str, str] = {}
    to_write: list[tuple[Path, dict[str, Any], list[Finding]]] = []
    feedback = []
    for version in versions.iter_rows(named=True):
        of_version = findings.get(version["submission_id"], [])
        path = None
        if any(f["severity"] != "info" and f["explanation_id"] is None for f in of_version):
            path = settings.feedback / _relative_path(version)
            fingerprint = _fingerprint(of_version)
            name = str(path.relative_to(settings.feedback))
            if known.get(name) != fingerprint or not path.exists():
                to_write.append((path, version, of_version))
            written[name] = fingerprint
        described = {name: version[name] for name in VERSION_COLUMNS}
        feedback.append(Feedback(**described, findings=of_version, path=path))
    deque(each(partial(_write_marked, settings=settings), to_write), maxlen=0)
    _write_index(settings, report_years, known, written)
    return feedback


def _write_marked(item: tuple[Path, dict[str, Any], list[Finding]], settings: Settings) -> None:
    path, version, findings = item
    _write(path, marked(settings, version, findings))


def marked(settings: Settings, version: dict[str, Any], findings: Sequence[Finding]) -> bytes:
    """The marked workbook of one version, from the archive."""
    from sources.write.marked_workbook import mark_workbook  # openpyxl: not needed while nothing is wrong

    unreadable = any(f["rule_id"].startswith("file.") and f["severity"] == "error" for f in findings)
    name, year = version["respondent_name"], version["report_year"]
    return mark_workbook(
        None if unreadable else archived_path(version["submission_id"], settings.archive).read_bytes(),
        [finding for finding in findings if finding["explanation_id"] is None],
        [finding for finding in findings if finding["explanation_id"] is not None],
        f"{year}年度 {name}" if name and year else version["file_name"],
    )


def _findings(connection: duckdb.DuckDBPyConnection, submission_ids: Sequence[str]) -> list[Finding]:
    return query(
        connection,
        "select finding.*, explanation.reason, explanation.author from registry.finding as finding"
        " left join registry.explanation as explanation on finding.explanation_id = explanation.explanation_id"
        " where finding.submission_id in (select unnest(?))"
        " order by finding.submission_id, finding.severity, finding.sheet, finding.cell, finding.rule_id",
        [list(submission_ids)],
    ).to_dicts()


def _relative_path(version: dict[str, Any]) -> str:
    stem = (version["respondent_name"] or Path(version["file_name"]).stem).translate(FORBIDDEN_IN_NAMES)
    stem = stem.encode()[:NAME_BYTES].decode(errors="ignore")
    folder = str(version["report_year"]) if version["respondent_name"] and version["report_year"] else UNIDENTIFIED
    return f"{folder}/{stem}_{version['submission_id'][:8]}_校验结果.xlsx"


def _fingerprint(findings: Sequence[Finding]) -> str:
    return hashlib.sha256(json.dumps(findings, ensure_ascii=False, default=str).encode()).hexdigest()[:12]


def _read_index(settings: Settings) -> dict[str, str]:
    path = settings.feedback / INDEX
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _write_index(
    settings: Settings, report_years: Sequence[int], known: dict[str, str], written: dict[str, str]
) -> None:
    """Keeps the index of other years as it is; files that are no longer in it are removed."""
    folders = (*map(str, report_years), UNIDENTIFIED)
    others = {name: fingerprint for name, fingerprint in known.items() if not name.startswith(folders)}
    for name in known.keys() - others.keys() - written.keys():
        (settings.feedback / name).unlink(missing_ok=True)
    index = json.dumps(others | written, ensure_ascii=False, indent=1, sort_keys=True)
    _write(settings.feedback / INDEX, index.encode())


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(data)
    partial.replace(path)
