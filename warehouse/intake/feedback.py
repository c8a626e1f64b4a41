"""The marked workbooks that go back to the schools: one for each respondent's latest version that is not clean."""

import json
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import duckdb

from sources.archive.archive import archived_path
from sources.submission.finding import Finding
from sources.system.fingerprint import sha256_of
from sources.system.parallel import each
from sources.system.settings import Settings
from sources.system.whole_file import whole_file
from warehouse.intake.register import submission_findings
from warehouse.intake.version import Version
from warehouse.intake.versions import latest_versions

FORBIDDEN_IN_NAMES = str.maketrans(dict.fromkeys('\\/:*?"<>|\n\r\t', "_"))
NAME_BYTES = 180
"""Of the 255 that a file's name may have; the rest is for what is put behind it. A letter takes up to four."""
UNIDENTIFIED = "未识别"
INDEX = "index.json"


@dataclass(frozen=True, slots=True)
class Feedback:
    """What goes back about one version: its findings (worst first), and the marked workbook if there is one."""

    version: Version
    findings: tuple[Finding, ...]
    path: Path | None

    @property
    def open_findings(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.explanation is None]


def write_feedback(
    connection: duckdb.DuckDBPyConnection, settings: Settings, report_years: Sequence[int]
) -> list[Feedback]:
    """Writes what has changed, takes away what no longer holds, and says what there is to say to everybody."""
    versions = [v for v in latest_versions(connection) if v.report_year in (None, *report_years)]
    findings = submission_findings(connection, [version.submission_id for version in versions])
    known = _read_index(settings)
    written: dict[str, str] = {}
    to_write: list[Feedback] = []
    everybody = [_feedback(settings, version, findings.get(version.submission_id, ())) for version in versions]
    for feedback in everybody:
        if feedback.path:
            fingerprint = _fingerprint(feedback.findings)
            name = str(feedback.path.relative_to(settings.feedback))
            if known.get(name) != fingerprint or not feedback.path.exists():
                to_write.append(feedback)
            written[name] = fingerprint
    deque(each(partial(_write_marked, settings=settings), to_write), maxlen=0)
    _write_index(settings, report_years, known, written)
    return everybody


def _feedback(settings: Settings, version: Version, findings: tuple[Finding, ...]) -> Feedback:
    asks = any(finding.is_error or finding.is_unexplained for finding in findings)
    return Feedback(version, findings, settings.feedback / _relative_path(version) if asks else None)


def _write_marked(feedback: Feedback, settings: Settings) -> None:
    assert feedback.path is not None
    _write(feedback.path, marked(settings, feedback))


def marked(settings: Settings, feedback: Feedback) -> bytes:
    """The marked workbook of one version, from the archive."""
    from sources.write.marked_workbook import mark_workbook  # openpyxl: not needed while nothing is wrong

    version = feedback.version
    unreadable = any(finding.says_unreadable for finding in feedback.findings)
    data = None if unreadable else archived_path(version.submission_id, settings.archive).read_bytes()
    is_known = version.respondent_name and version.report_year
    title = f"{version.report_year}年度 {version.respondent_name}" if is_known else version.file_name
    return mark_workbook(data, feedback.findings, title)


def _relative_path(version: Version) -> str:
    name = version.respondent_name
    stem = (name or Path(version.file_name).stem).translate(FORBIDDEN_IN_NAMES)
    stem = stem.encode()[:NAME_BYTES].decode(errors="ignore")
    folder = str(version.report_year) if name and version.report_year else UNIDENTIFIED
    return f"{folder}/{stem}_{version.submission_id[:8]}_校验结果.xlsx"


def _fingerprint(findings: Sequence[Finding]) -> str:
    """Changes when anything that is written of the findings does."""
    told = [asdict(finding) for finding in findings]
    return sha256_of(json.dumps(told, ensure_ascii=False, default=str))[:12]


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
    with whole_file(path) as partial:
        partial.write_bytes(data)
