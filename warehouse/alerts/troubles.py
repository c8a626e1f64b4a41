"""What people must be told of: troubles, derived from the register, the calendar, a run and the releases.

Pure: facts in, observations out. An observation says what is wrong, and also of what it is known that it is right,
because a trouble about which nothing was learned has not gone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from sources.declarations.alerting import Kind
from sources.declarations.city import City
from sources.declarations.deadlines import ReportYear
from sources.submission.finding import Finding
from sources.system.fingerprint import sha256_of
from warehouse.intake.version import Version

SHOWN_FINDINGS = 5
BUREAU = None
"""The respondent of a trouble that concerns no respondent in particular."""


@dataclass(frozen=True)
class Trouble:
    """One thing to tell. `key` is the same as long as it is the same trouble; `content` changes when it changes."""

    key: str
    kind: Kind
    respondent: str | None
    title: str
    lines: tuple[str, ...] = ()
    content: str = ""

    @property
    def fingerprint(self) -> str:
        return sha256_of(f"{self.kind}\n{self.content}")[:16]


@dataclass(frozen=True)
class Observation:
    """What was seen at a moment: troubles, and the keys of which it is known that nothing is wrong."""

    at: datetime
    troubles: tuple[Trouble, ...] = ()
    cleared: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Register:
    """What the register says: the latest versions, and what was found in them.

    `lying` are the ids of the files in the inbox, `marked` the workbooks with findings marked, by submission id.
    """

    versions: Sequence[Version] = ()
    findings: Sequence[Finding] = ()
    lying: frozenset[str] = frozenset()
    marked: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class RunReport:
    """How a run ended: failed steps and checks with what they say, and those that went well."""

    run_id: str
    ended_at: datetime
    about: str = ""
    """Which report years, for people."""
    failed_steps: Mapping[str, Sequence[str]] = field(default_factory=dict)
    done_steps: frozenset[str] = frozenset()
    failed_checks: Mapping[str, Sequence[str]] = field(default_factory=dict)
    passed_checks: frozenset[str] = frozenset()
    labels: Mapping[str, str] = field(default_factory=dict)
    """What failed checks are about; without one, their name has to do."""


@dataclass(frozen=True)
class Release:
    """The latest release of a report year, and lines that describe it."""

    report_year: int
    version: str
    lines: tuple[str, ...] = ()


def of_run(run: RunReport) -> Observation:
    where = f"{run.about}运行 {run.run_id[:8]}，详情：nianbao ui，打开 Runs。"
    steps = [
        Trouble(f"run:{name}", "run", BUREAU, f"运行失败：{name}", (*error, where))
        for name, error in run.failed_steps.items()
    ]
    checks = [
        Trouble(
            f"check:{name}",
            "check",
            BUREAU,
            f"检验未通过：{run.labels.get(name, name)}",
            (name, *summary) if name in run.labels else tuple(summary),
        )
        for name, summary in run.failed_checks.items()
    ]
    well = {f"run:{name}" for name in run.done_steps} | {f"check:{name}" for name in run.passed_checks}
    return Observation(run.ended_at, (*steps, *checks), frozenset(well))


def of_releases(releases: Sequence[Release], at: datetime) -> Observation:
    """A release is news, not a trouble: it is told once and never cleared."""
    told = [
        Trouble(
            f"release:{each.report_year}",
            "release",
            BUREAU,
            f"{each.report_year}年度报告已发布，版本 {each.version}",
            each.lines,
            each.version,
        )
        for each in releases
    ]
    return Observation(at, tuple(told))


def of_register(register: Register, city: City, today: date, due_soon_days: int, at: datetime) -> Observation:
    """Rejected, unexplained, unidentified and missing submissions.

    After a year is frozen, what was left undone then is told no more (nor said to be mended).
    """
    versions = {(version.respondent_code, version.report_year): version for version in register.versions}
    findings = _by_submission(register.findings)
    troubles: list[Trouble] = []
    cleared: set[str] = set()
    for year, dates in city.calendar.years.items():
        for respondent in city.respondents_in(year):
            version = versions.get((respondent.code, year))
            for judged in (
                _unsent(respondent.code, year, dates, version, today, due_soon_days),
                _rejected(respondent.code, year, version, findings, register.marked),
                _unexplained(respondent.code, year, version, findings),
            ):
                if judged.is_well:
                    cleared.add(judged.key)
                elif judged.trouble and (
                    not dates.is_frozen(today) or (version and dates.is_frozen(version.received_on))
                ):
                    troubles.append(judged.trouble)
    for version in register.versions:
        if version.respondent_code is None or version.report_year is None:
            trouble = _unidentified(version, findings, register.marked)
            if version.submission_id in register.lying:
                troubles.append(trouble)
            else:
                cleared.add(trouble.key)
    return Observation(at, tuple(troubles), frozenset(cleared))


@dataclass(frozen=True, slots=True)
class _Judged:
    """The trouble of a key if there is one, or whether it is known that there is none."""

    key: str
    trouble: Trouble | None = None
    is_well: bool = False


def _unsent(
    code: str, year: int, dates: ReportYear, version: Version | None, today: date, due_soon_days: int
) -> _Judged:
    key = f"unsent:{year}:{code}"
    if version is not None and version.stands:
        return _Judged(key, is_well=True)
    what = "还没有报送" if version is None else "报送还没有被接收"
    if dates.is_overdue(today):
        late = f"截止日期 {dates.due}，已过 {(today - dates.due).days} 天。"
        return _Judged(key, Trouble(key, "overdue", code, f"{year}年度数据逾期：{what}", (late,)))
    if dates.is_due_soon(today, due_soon_days):
        left = f"截止日期 {dates.due}，还有 {(dates.due - today).days} 天。"
        return _Judged(key, Trouble(key, "due_soon", code, f"{year}年度数据即将到期：{what}", (left,)))
    return _Judged(key)


def _rejected(
    code: str,
    year: int,
    version: Version | None,
    findings: Mapping[str, list[Finding]],
    marked: Mapping[str, Path],
) -> _Judged:
    key = f"rejected:{year}:{code}"
    if version is None or version.status != "rejected":
        return _Judged(key, is_well=version is not None and version.status != "received")
    title = f"{year}年度报送已退回：{version.file_name}"
    errors = [finding for finding in findings.get(version.submission_id, []) if finding.is_error]
    lines = (*_shown(errors, "错误"), *_marked_line(version, marked))
    return _Judged(key, Trouble(key, "rejected", code, title, lines, _content(version, errors)))


def _unexplained(code: str, year: int, version: Version | None, findings: Mapping[str, list[Finding]]) -> _Judged:
    key = f"unexplained:{year}:{code}"
    if version is None or version.status in ("received", "rejected"):
        return _Judged(key)
    warnings = [finding for finding in findings.get(version.submission_id, []) if finding.is_unexplained]
    if not warnings:
        return _Judged(key, is_well=True)
    title = f"{year}年度报送有 {len(warnings)} 个警告，需要改正或在“说明”表中说明：{version.file_name}"
    return _Judged(key, Trouble(key, "unexplained", code, title, _shown(warnings, "警告"), _content(version, warnings)))


def _unidentified(version: Version, findings: Mapping[str, list[Finding]], marked: Mapping[str, Path]) -> Trouble:
    errors = [finding for finding in findings.get(version.submission_id, []) if finding.is_error]
    return Trouble(
        f"unidentified:{version.submission_id}",
        "unidentified",
        version.respondent_code,
        f"收到无法识别的文件：{version.file_name}",
        (*_shown(errors, "错误"), *_marked_line(version, marked), "处理后请把文件移出收件夹。"),
    )


def _by_submission(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for each in sorted(findings, key=lambda each: (each.address.sheet, each.address.cell or "", each.rule_id)):
        found.setdefault(each.address.submission_id, []).append(each)
    return found


def _shown(findings: Sequence[Finding], noun: str) -> tuple[str, ...]:
    def lines() -> Iterator[str]:
        for each in findings[:SHOWN_FINDINGS]:
            place = " ".join(part for part in (each.address.sheet, each.address.cell) if part)
            yield f"{place}{'：' if place else ''}{each.message}{each.fix}"
        if len(findings) > SHOWN_FINDINGS:
            yield f"……共 {len(findings)} 个{noun}"

    return tuple(lines())


def _marked_line(version: Version, marked: Mapping[str, Path]) -> tuple[str, ...]:
    path = marked.get(version.submission_id)
    return (f"标出问题的工作簿：{path}",) if path else ()


def _content(version: Version, findings: Sequence[Finding]) -> str:
    """What makes the trouble the same: told again when this changes."""
    places = (f"{each.rule_id} {each.address.sheet} {each.address.cell}" for each in findings)
    return "\n".join([version.submission_id, *places])
