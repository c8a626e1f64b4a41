"""The marked workbooks that go back to the schools: one for each respondent's latest version that is not clean."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import duckdb

from sources.archive.archive import archived_path, receipts_of
from sources.archive.tokens import issued_tokens
from sources.archive.version_decisions import settled_by, version_decisions
from sources.declarations.headings import TOKEN_LABEL
from sources.declarations.year_states import STATE_LABELS, YearState
from sources.handle import ToMark, mark_apart
from sources.submission.file_names import ID_LETTERS, UNIDENTIFIED, as_file_name
from sources.submission.finding import Finding
from sources.system.apart import Exceeded
from sources.system.faults import OneByOne
from sources.system.fingerprint import sha256_of
from sources.system.settings import Limits, Settings
from sources.system.whole_file import whole_file
from warehouse.intake.register import by_submission, submission_findings
from warehouse.intake.version import Version
from warehouse.intake.versions import latest_versions

INDEX = "index.json"
AUDITED = ("accepted", "rejected", "superseded")
RETURNED_WORDS = "已退回，请改正错误后重新报送"


@dataclass(frozen=True, slots=True)
class Feedback:
    """What goes back about one version: its findings, and the marked workbook if there is one.

    `trouble` says why there is no workbook although there should be.
    """

    version: Version
    findings: tuple[Finding, ...]
    path: Path | None
    trouble: str | None = None

    @property
    def open_findings(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.explanation is None]


def write_feedback(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    report_years: Sequence[int],
    tell: Callable[[Iterable[Finding]], tuple[Finding, ...]] = tuple,
) -> list[Feedback]:
    """Writes what has changed, takes away what no longer holds, and says what there is to say to everybody.

    `tell` gives findings what is known of them elsewhere, and their order. A workbook that cannot be made is its own
    trouble: the others are written.
    """
    versions = [v for v in latest_versions(connection) if v.report_year in (None, *report_years)]
    found = submission_findings(connection, [version.submission_id for version in versions])
    findings = by_submission(tell(finding for of_file in found.values() for finding in of_file))
    tokens = _tokens_to_give(settings, versions)
    known = _read_index(settings)
    written: dict[str, str] = {}
    to_write: list[Feedback] = []
    everybody = [_feedback(settings, version, findings.get(version.submission_id, ())) for version in versions]
    for feedback in everybody:
        if feedback.path:
            fingerprint = _fingerprint(
                feedback.findings, _outcomes(feedback.version), feedback.version.submission_id in tokens
            )
            name = str(feedback.path.relative_to(settings.feedback))
            if known.get(name) != fingerprint or not feedback.path.exists():
                to_write.append(feedback)
            written[name] = fingerprint
    markable, troubles = _prepared(settings, to_write, tokens)
    marked_books = mark_apart([to_mark for _, to_mark in markable], settings.limits)
    for (feedback, _), marked in zip(markable, marked_books, strict=True):
        assert feedback.path is not None
        if trouble := _trouble_in_writing(feedback.path, marked, settings.limits):
            troubles[feedback.path] = trouble
    for path in troubles:
        del written[str(path.relative_to(settings.feedback))]
    _write_index(settings, report_years, known, written)
    return [
        replace(each, path=None, trouble=troubles[each.path]) if each.path in troubles else each for each in everybody
    ]


def _prepared(
    settings: Settings, feedbacks: Iterable[Feedback], tokens: Mapping[str, str]
) -> tuple[list[tuple[Feedback, ToMark]], dict[Path, str]]:
    """What is to be marked in which workbook, and where that cannot be said, why."""
    markable, troubles = [], dict[Path, str]()
    for feedback in feedbacks:
        one = OneByOne()
        if to_mark := one.do(
            "标出问题", partial(_to_mark, settings, feedback, tokens.get(feedback.version.submission_id))
        ):
            markable.append((feedback, to_mark))
        elif feedback.path:
            troubles[feedback.path] = "；".join(one.failed)
    return markable, troubles


def _trouble_in_writing(path: Path, marked: bytes | Exceeded, limits: Limits) -> str | None:
    """Writes a marked workbook; says why that is not possible. Raises what the machine is at fault for."""
    if isinstance(marked, Exceeded):
        return marked.told(limits)
    one = OneByOne()
    one.do(path.name, lambda: _write(path, marked))
    return "；".join(one.failed) or None


def _feedback(settings: Settings, version: Version, findings: tuple[Finding, ...]) -> Feedback:
    asks = any(finding.is_error or finding.is_unexplained for finding in findings)
    return Feedback(version, findings, settings.feedback / _relative_path(version) if asks else None)


def _to_mark(settings: Settings, feedback: Feedback, token: str | None) -> ToMark:
    """The version's file in the archive, with what is to be marked in it."""
    version = feedback.version
    unreadable = any(finding.says_unreadable for finding in feedback.findings)
    path = None if unreadable else archived_path(version.submission_id, settings.archive)
    is_known = version.respondent_name and version.report_year
    title = f"{version.report_year}年度 {version.respondent_name}" if is_known else _as_sent(settings, version)
    return ToMark(path, feedback.findings, title, _outcomes(version), token=token)


def _tokens_to_give(settings: Settings, versions: Iterable[Version]) -> Mapping[str, str]:
    """Submission → the token of its respondent's template, of files of which a person has said whose they are: what
    goes back to the respondent has it, or its correction would be asked about again."""
    confirmed = settled_by(version_decisions(settings.archive)).confirmed
    settled = [each for each in versions if each.submission_id in confirmed and each.status in AUDITED]
    if not settled:
        return {}
    issued = {(each.respondent_code, each.report_year): each.token for each in issued_tokens(settings.archive)}
    own = {each.submission_id: issued.get((each.respondent_code or "", each.report_year or 0)) for each in settled}
    return {submission_id: token for submission_id, token in own.items() if token}


def _outcomes(version: Version) -> tuple[str, str] | None:
    """The words for the year's state where a file without an error is not simply accepted."""
    if version.state is None or version.state in (YearState.RETURNED, YearState.ACCEPTED):
        return None
    return RETURNED_WORDS, STATE_LABELS[version.state]


def _as_sent(settings: Settings, version: Version) -> str:
    """How the sender named the file: it is said in the sender's own workbook, and nowhere else."""
    return receipts_of(settings.archive, version.submission_id)[0].file_name


def _relative_path(version: Version) -> str:
    stem = as_file_name(version.respondent_name or version.sender_name or UNIDENTIFIED)
    folder = str(version.report_year) if version.respondent_name and version.report_year else UNIDENTIFIED
    return f"{folder}/{stem}_{version.submission_id[:ID_LETTERS]}_校验结果.xlsx"


def _fingerprint(
    findings: Sequence[Finding], outcomes: tuple[str, str] | None = None, gives_token: bool = False
) -> str:
    """Changes when anything that is written of the findings and the outcome does, but for the city's own numbers.

    These move with every other school's; a workbook is not written anew for that.
    """
    told = [asdict(replace(finding, effect=None)) | {"moved": _moved(finding)} for finding in findings]
    written = [*told, *(outcomes or ()), *([TOKEN_LABEL] if gives_token else [])]
    return sha256_of(json.dumps(written, ensure_ascii=False, default=str))[:12]


def _moved(finding: Finding) -> list[str]:
    return sorted(f"{each.region}{each.label}" for each in finding.effect.moved) if finding.effect else []


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
