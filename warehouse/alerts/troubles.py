"""What people must be told of: troubles, derived from the register, the calendar, a run and the releases.

Pure: facts in, observations out. An observation says what is wrong, and also of what it is known that it is right,
because a trouble about which nothing was learned has not gone.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
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
CHANNEL = "channel:"
"""Before a channel's name: the key of the trouble that it is down."""
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
    within: str = ""
    """The key of a trouble that says all this and more; told with it, and never beside it."""

    @property
    def fingerprint(self) -> str:
        return sha256_of(f"{self.kind}\n{self.content}")[:16]


@dataclass(frozen=True)
class Observation:
    """What was seen at a moment: troubles, and the keys of which it is known that nothing is wrong."""

    at: datetime
    troubles: tuple[Trouble, ...] = ()
    cleared: frozenset[str] = frozenset()
    endings: Mapping[str, str] = field(default_factory=dict)
    """Of keys that are cleared: what ended the trouble, in Chinese."""


@dataclass(frozen=True)
class Register:
    """What the register says: the latest versions, the other files of the same years, and what was found in them.

    `lying` are the ids of the files in the inbox, `marked` the workbooks with findings marked, by submission id.
    """

    versions: Sequence[Version] = ()
    findings: Sequence[Finding] = ()
    others: Sequence[Version] = ()
    lying: frozenset[str] = frozenset()
    marked: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class RunReport:
    """How a run ended: failed steps and checks with what they say, and those that went well."""

    run_id: str
    ended_at: datetime
    about: str = ""
    """Which report years, for people."""
    years: tuple[int, int] | None = None
    """The first and the last of them; None of a run that is of no year."""
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
    own = _years_key(run.years)
    steps = [
        Trouble(f"run:{own}{name}", "run", BUREAU, f"运行失败：{name}", (*error, where))
        for name, error in run.failed_steps.items()
    ]
    checks = [
        Trouble(
            f"check:{own}{name}",
            "check",
            BUREAU,
            f"检验未通过：{run.labels.get(name, name)}",
            (name, *summary) if name in run.labels else tuple(summary),
        )
        for name, summary in run.failed_checks.items()
    ]
    ended = f"{run.about}运行 {run.run_id[:8]} "
    covered = [_years_key(years) for years in _covered(run.years)]
    well = {f"run:{years}{name}": f"{ended}中，这一步成功了。" for years in covered for name in run.done_steps}
    well |= {f"check:{years}{name}": f"{ended}中，检验通过了。" for years in covered for name in run.passed_checks}
    return Observation(run.ended_at, (*steps, *checks), frozenset(well), well)


def _years_key(years: tuple[int, int] | None) -> str:
    """The part of a key that says of which years a run was: what failed for one is not mended for another."""
    return "" if years is None else f"{years[0]}-{years[1]}:"


def _covered(years: tuple[int, int] | None) -> list[tuple[int, int] | None]:
    """The spans of years that a run of these has done too."""
    if years is None:
        return [None]
    first, last = years
    return [(start, end) for start in range(first, last + 1) for end in range(start, last + 1)]


def of_channels(down: Mapping[str, str], up: Collection[str], at: datetime) -> Observation:
    """Channels that took no message (name → why), and those that took one."""
    troubles = tuple(
        Trouble(
            f"{CHANNEL}{name}", "channel", BUREAU, f"提醒渠道不通：{name}", (f"{why}。", "它应收到的消息还没有送到。")
        )
        for name, why in down.items()
    )
    endings = {f"{CHANNEL}{name}": "它又收到了消息。" for name in up}
    return Observation(at, troubles, frozenset(endings), endings)


def of_inbox(gone: str | None, at: datetime) -> Observation:
    """Whether the inbox has gone, and why. As long as it has, nobody knows who is late."""
    wait = "没有收件，也不说哪个单位没有报送或逾期；请把它接上，再运行一次。"
    return _of_machine("inbox", "收件夹不见了", (f"{gone}。", wait) if gone else (), "收件夹又在了。", at)


def of_clock(doubt: str | None, at: datetime) -> Observation:
    """Whether the machine's day may be wrong, and why."""
    told = (doubt,) if doubt else ()
    return _of_machine("clock", "这台机器的日期可能不对", told, "日期又接得上上一次运行了。", at)


def _of_machine(what: str, title: str, lines: tuple[str, ...], ended: str, at: datetime) -> Observation:
    """A trouble of the machine that keeps a run from being right; without lines there is none."""
    key = f"run:{what}"
    if lines:
        return Observation(at, (Trouble(key, "run", BUREAU, title, lines),))
    return Observation(at, cleared=frozenset({key}), endings={key: ended})


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
    # Long: one look at everything that a key may be judged by; what is known to be well is noted beside it.
    versions = {(version.respondent_code, version.report_year): version for version in register.versions}
    findings = _by_submission(register.findings)
    troubles: list[Trouble] = []
    cleared: dict[str, str] = {}
    for year, dates in city.calendar.years.items():
        for respondent in city.respondents_in(year):
            version = versions.get((respondent.code, year))
            for judged in (
                _unsent(respondent.code, year, dates, version, today, due_soon_days),
                _rejected(respondent.code, year, version, findings, register.marked),
                _unexplained(respondent.code, year, version, findings),
            ):
                if judged.is_well:
                    cleared[judged.key] = judged.ended
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
                cleared[trouble.key] = "文件已经不在收件夹里。"
        else:
            cleared[_unidentified_key(version)] = (
                f"已认出是{version.report_year}年度{version.respondent_name or ''}的报送。"
            )
    for version in (*register.versions, *register.others):
        told, endings = _of_file(version, register, findings)
        cleared |= endings
        year_dates = city.calendar.years.get(version.report_year or 0)
        if told and year_dates and (not year_dates.is_frozen(today) or year_dates.is_frozen(version.received_on)):
            troubles.append(told)
    return Observation(at, tuple(troubles), frozenset(cleared), cleared)


@dataclass(frozen=True, slots=True)
class _Judged:
    """The trouble of a key if there is one, or whether it is known that there is none."""

    key: str
    trouble: Trouble | None = None
    is_well: bool = False
    ended: str = ""
    """What has ended it, where it is well."""


def _unsent(
    code: str, year: int, dates: ReportYear, version: Version | None, today: date, due_soon_days: int
) -> _Judged:
    key = f"unsent:{year}:{code}"
    if version is not None and version.stands:
        return _Judged(key, is_well=True, ended=f"{year}年度的报送已被接收。")
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
        return _Judged(
            key,
            is_well=version is not None and version.status in ("accepted", "superseded") and version.stands,
            ended=f"又收到的 {_named(version)} 已被接收。" if version else "",
        )
    title = f"{year}年度报送已退回：{version.file_name}"
    errors = [finding for finding in findings.get(version.submission_id, []) if finding.is_error]
    lines = (*_again_line(version), *_shown(errors, "错误"), *_marked_line(version, marked))
    return _Judged(key, Trouble(key, "rejected", code, title, lines, _content(version, errors)))


def _unexplained(code: str, year: int, version: Version | None, findings: Mapping[str, list[Finding]]) -> _Judged:
    key = f"unexplained:{year}:{code}"
    if version is None or version.status not in ("accepted", "superseded"):
        return _Judged(key)
    warnings = [finding for finding in findings.get(version.submission_id, []) if finding.is_unexplained]
    if not warnings:
        return _Judged(key, is_well=True, ended=f"{_named(version)} 中的警告都已改正或说明。")
    title = f"{year}年度报送有 {len(warnings)} 个警告，需要改正或在“说明”表中说明：{version.file_name}"
    return _Judged(key, Trouble(key, "unexplained", code, title, _shown(warnings, "警告"), _content(version, warnings)))


HELD_ENDINGS = {
    "received": "已经确认，等待审核。",
    "accepted": "已经确认，并被接收。",
    "superseded": "已经确认，但另有一份计入。",
    "rejected": "已经确认，审核后退回。",
    "declined": "已经决定不采用这份文件。",
}
"""What ended the waiting of a held file, by its status."""


def _of_file(
    version: Version, register: Register, findings: Mapping[str, list[Finding]]
) -> tuple[Trouble | None, dict[str, str]]:
    """What is told of one file, once, and what is known to have ended: of a file held, of one that does not count."""
    code, held, beside = version.respondent_code, f"held:{version.submission_id}", f"superseded:{version.submission_id}"
    if code is None or version.report_year is None:
        return None, {}
    if version.status == "held":
        asked = [each.message for each in findings.get(version.submission_id, []) if each.rule_id.startswith("held.")]
        lines = (
            *_again_line(version),
            *(asked or filter(None, [version.reason])),
            "确认以前不计入数据，也没有退回；请教育局用 nianbao decide 认定。",
        )
        title = f"{version.report_year}年度报送待确认：{_named(version)}"
        return Trouble(held, "held", code, title, lines, _content(version)), {}
    endings = {held: HELD_ENDINGS[version.status]}
    if version.status == "superseded":
        counting = [each for each in (*register.versions, *register.others) if _counts_instead(each, version)]
        lines = (*filter(None, [version.reason]), *(f"计入的是 {_named(each)}。" for each in counting))
        title = f"{version.report_year}年度有一份报送没有计入：{_named(version)}"
        return Trouble(beside, "superseded", code, title, lines, _content(version)), endings
    if version.status == "accepted":
        endings[beside] = "现在计入的就是这一份。"
    if version.status == "rejected":
        errors = [finding for finding in findings.get(version.submission_id, []) if finding.is_error]
        title = f"{version.report_year}年度报送已退回：{_named(version)}"
        counting = [each for each in (*register.versions, *register.others) if _counts_instead(each, version)]
        lines = (
            *_again_line(version),
            *_shown(errors, "错误"),
            *_marked_line(version, register.marked),
            "它不是最后的一份报送。",
            *(f"计入的是 {_named(each)}。" for each in counting),
        )
        within = "" if version in register.others else f"rejected:{version.report_year}:{code}"
        key = f"file:{version.submission_id}"
        return Trouble(key, "rejected", code, title, lines, _content(version), within), endings
    return None, endings


def _counts_instead(one: Version, other: Version) -> bool:
    return one.counts and (one.respondent_code, one.report_year) == (other.respondent_code, other.report_year)


def _named(version: Version) -> str:
    """A file as people can tell it from another of the same name."""
    return f"{version.file_name}（{version.received_on} 收到，{version.submission_id[:8]}）"


def _unidentified_key(version: Version) -> str:
    return f"unidentified:{version.submission_id}"


def _unidentified(version: Version, findings: Mapping[str, list[Finding]], marked: Mapping[str, Path]) -> Trouble:
    errors = [finding for finding in findings.get(version.submission_id, []) if finding.is_error]
    whose = f"（在{version.sender_name}的文件夹里）" if version.sender_name and not version.respondent_code else ""
    return Trouble(
        _unidentified_key(version),
        "unidentified",
        version.respondent_code or version.sender_code,
        f"收到无法识别的文件：{version.file_name}{whose}",
        (*_shown(errors, "错误"), *_marked_line(version, marked), "处理后请把文件移出收件夹。"),
    )


def _by_submission(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for each in sorted(findings, key=lambda each: each.order):
        found.setdefault(each.address.submission_id, []).append(each)
    return found


def _shown(findings: Sequence[Finding], noun: str) -> tuple[str, ...]:
    def lines() -> Iterator[str]:
        for each in findings[:SHOWN_FINDINGS]:
            place = " ".join(part for part in (each.address.sheet, each.address.cell) if part)
            effect = f"【{each.effect.text.removesuffix('。')}】" if each.effect and each.moves_figures else ""
            yield f"{place}{'：' if place else ''}{effect}{each.message}{each.fix}"
        if len(findings) > SHOWN_FINDINGS:
            yield f"……共 {len(findings)} 个{noun}"

    return tuple(lines())


def _marked_line(version: Version, marked: Mapping[str, Path]) -> tuple[str, ...]:
    path = marked.get(version.submission_id)
    return (f"标出问题的工作簿：{path}",) if path else ()


def _again_line(version: Version) -> tuple[str, ...]:
    """Of a file that came once more: that it is the same one."""
    if version.came_again_on is None:
        return ()
    return (f"{version.came_again_on} 又收到一次，与 {version.received_on} 收到的是同一份文件，一个字也没有改。",)


def _content(version: Version, findings: Sequence[Finding] = ()) -> str:
    """What makes the trouble the same: told again when this changes, so when the same file is sent again."""
    by_place = sorted(findings, key=lambda each: (each.address.sheet, each.address.cell or "", each.rule_id))
    places = (f"{each.rule_id} {each.address.sheet} {each.address.cell}" for each in by_place)
    again = [f"again {version.came_again_on}"] if version.came_again_on else []
    return "\n".join([version.submission_id, *places, *again])
