"""Letters to respondents: which wait to be sent, and what they say. Pure: facts in, letters out; one a respondent.

A letter says which file it is about, what is wrong by cause and effect, until when what is to be sent, and to whom.
What was sent is not written again until it changes; a reminder again after REMIND_AGAIN_DAYS.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path

from sources.archive.sent import LetterKind, Sent
from sources.declarations.city import City, Respondent
from sources.declarations.contacts import Contact
from sources.declarations.deadlines import ReportYear
from sources.submission.explanation import Question
from sources.submission.finding import SEVERITY_LABELS, Finding
from sources.system.faults import OneByOne
from sources.system.fingerprint import sha256_of
from sources.system.plain_text import cut_short, plain
from warehouse.alerts.notices import BETWEEN, notices, same_again, shown_day
from warehouse.intake.version import Version

REMIND_AGAIN_DAYS = 7
"""Between two letters to a respondent that has nothing accepted; a clerk telephones sooner."""
SHOWN = 20
"""Findings in a letter; the marked workbook has them all."""
LINE_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Template:
    """A template as it lies there; `content` is the fingerprint of its bytes."""

    path: Path
    content: str


@dataclass(frozen=True, slots=True)
class RefusedExplanation:
    """The bureau's refusal of an explanation: of which question, what the respondent had said, and why."""

    question: Question
    said: str
    why: str


@dataclass(frozen=True, slots=True)
class Correspondence:
    """What is known when letters are written.

    `versions` are the latest of each respondent and year, `others` the rest of them; `astray` are files that were not
    taken, whosever their cover says they are. `findings` and `marked` (the workbooks) are by submission, `templates`
    and `refusals` by respondent and year. `sent` is what was noted, in that order.
    """

    city: City
    today: date
    due_soon_days: int
    versions: Sequence[Version] = ()
    findings: Mapping[str, Sequence[Finding]] = field(default_factory=dict)
    marked: Mapping[str, Path] = field(default_factory=dict)
    templates: Mapping[tuple[str, int], Template] = field(default_factory=dict)
    refusals: Mapping[tuple[str, int], Sequence[RefusedExplanation]] = field(default_factory=dict)
    sent: Sequence[Sent] = ()
    contacts: Mapping[str, Contact] = field(default_factory=dict)
    astray: Sequence[Version] = ()
    others: Sequence[Version] = ()


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter to one respondent; `file` goes with it. `content` is the key by which it is known as sent."""

    kind: LetterKind
    report_year: int
    respondent_code: str
    respondent_name: str
    district: str
    to: Contact | None
    subject: str
    body: str
    file: Path | None
    content: str


@dataclass(frozen=True, slots=True)
class _Case:
    """One respondent's report year, with all that a letter about it needs."""

    of_year: City
    respondent: Respondent
    year: int
    dates: ReportYear
    today: date
    version: Version | None
    astray: tuple[str, ...]
    """What became of each file of this respondent that was taken neither for it nor for this year."""
    open_findings: tuple[Finding, ...]
    refusals: tuple[RefusedExplanation, ...]
    sent: tuple[Sent, ...]
    bureau: str
    others: tuple[Version, ...]
    nobodys: tuple[Version, ...]
    """Files that came in the respondent's folder or with its name, and say not whose or for which year they are."""

    @property
    def days_late(self) -> int:
        return (self.today - self.dates.due).days


def letters_of(
    known: Correspondence, report_years: Sequence[int], one_by_one: OneByOne | None = None
) -> tuple[Letter, ...]:
    """The letters that wait to be sent about the years, by year, region and respondent: one pass over these.

    With `one_by_one` a letter that fails is noted there; without, whatever fails is raised.
    """
    each = one_by_one or OneByOne(is_strict=True)
    made = (
        each.do(f"{case.respondent.name} {year}年的信", partial(write, known, case))
        for year in report_years
        for case in _cases(known, year)
        for write in (_letter, _notice)
    )
    return tuple(letter for letter in made if letter)


def _cases(known: Correspondence, year: int) -> Iterator[_Case]:
    versions = {v.respondent_code: v for v in known.versions if v.report_year == year}
    sent: dict[str, list[Sent]] = {}
    for each in known.sent:
        if each.report_year == year:
            sent.setdefault(each.respondent_code, []).append(each)
    of_year = known.city.in_year(year)
    order = {region.code: position for position, region in enumerate(of_year.regions)}
    bureau = bureau_named(known.contacts, of_year)
    everybody = known.city.respondents_in(year)
    others: dict[str | None, list[Version]] = {}
    for one in known.others:
        if one.report_year == year:
            others.setdefault(one.respondent_code, []).append(one)
    nobodys: dict[str | None, list[Version]] = {}
    for one in known.versions:
        if (one.respondent_code is None or one.report_year is None) and _year_of(known.city, one) == year:
            nobodys.setdefault(one.respondent_code or one.sender_code, []).append(one)
    for respondent in sorted(everybody, key=lambda each: (order[of_year.region_of(each)], each.code)):
        version = versions.get(respondent.code)
        found = known.findings.get(version.submission_id, ()) if version else ()
        asked = tuple(each for each in found if each.is_error or each.is_unexplained)
        questions = {each.question for each in asked}
        refused = known.refusals.get((respondent.code, year), ())
        yield _Case(
            of_year,
            respondent,
            year,
            known.city.calendar.years[year],
            known.today,
            version,
            () if version else tuple(_astray_lines(known, respondent.code, known.city.calendar.years[year])),
            asked,
            tuple(each for each in refused if each.question in questions),
            tuple(sent.get(respondent.code, ())),
            bureau,
            tuple(others.get(respondent.code, ())),
            tuple(nobodys.get(respondent.code, ())),
        )


def _astray_lines(known: Correspondence, code: str, dates: ReportYear) -> Iterator[str]:
    """Of a respondent whose year has nothing: what it has sent since the year opened, and why that is not it."""
    for each in known.astray:
        if code in (each.sender_code, each.respondent_code) and each.received_on >= dates.opens:
            errors = [f"{f.message}{f.fix}" for f in known.findings.get(each.submission_id, ()) if f.is_error]
            why = plain("".join(errors) if each.status == "rejected" else each.reason or "没有采用。")
            yield cut_short(f"{shown_day(each.received_on)}收到贵单位发来的{plain(each.file_name)}：{why}", LINE_LENGTH)


def _year_of(city: City, version: Version) -> int:
    """The year with whose letters a file goes that says none: the last that had opened when it came."""
    years = city.calendar.years
    return max((year for year, dates in years.items() if dates.opens <= version.received_on), default=min(years))


def bureau_named(contacts: Mapping[str, Contact], of_year: City) -> str:
    """To whom answers go: the bureau of the installation's own region, with its contact where one is declared."""
    own = next((r for r in of_year.respondents if r.kind == "bureau" and of_year.region_of(r) == of_year.code), None)
    name = plain(own.name if own else of_year.name)
    contact = contacts.get(own.code) if own else None
    words = [*filter(None, [plain(contact.name)]), *contact.mail] if contact else []
    return f"{name}（{'，'.join(words)}）" if words else name


def _letter(known: Correspondence, case: _Case) -> Letter | None:
    """The letter that waits for the respondent, if any: what is wrong first, then the template, then a reminder."""
    version = case.version
    if case.dates.is_frozen(case.today) and not (version and case.dates.is_frozen(version.received_on)):
        return None  # what was left undone then is told no more
    if version is None:
        template = known.templates.get((case.respondent.code, case.year))
        if template and not _was_sent(case, "template", template.content):
            return _with(known, case, "template", _template_text(case), template.path, template.content)
    elif version.status in ("accepted", "rejected") and case.open_findings:
        content = _content(case)
        if not _was_sent(case, "marked", content):
            marked = known.marked.get(version.submission_id)
            return _with(known, case, "marked", _marked_text(case, marked is not None), marked, content)
    if _wants_reminder(known, case):
        return _with(known, case, "reminder", _reminder_text(case), None, case.today.isoformat())
    return None


def _notice(known: Correspondence, case: _Case) -> Letter | None:
    """The letter about files that are neither taken nor returned, each of which is told once."""

    def tells(version: Version) -> bool:
        return not case.dates.is_frozen(case.today) or case.dates.is_frozen(version.received_on)

    latest = case.version if case.version and tells(case.version) else None
    others = [each for each in case.others if tells(each)]
    nobodys = [each for each in case.nobodys if tells(each) and not _reminder_tells(known, case, each)]
    told = [each.content for each in case.sent if each.kind == "notice"]
    found = notices(latest, others, nobodys, known.findings, told, case.today)
    if not found:
        return None
    text = _Text(
        f"【年报】{case.year}年度收到的文件还没有采用：{plain(case.respondent.name)}",
        (
            *(line for each in found for line in each.lines),
            f"应当以它为准的，放错、发错了的，或者不是贵单位报送的，请告诉{case.bureau}。",
        ),
    )
    return _with(known, case, "notice", text, None, BETWEEN.join(each.key for each in found))


def _reminder_tells(known: Correspondence, case: _Case, version: Version) -> bool:
    """Whether a reminder that nothing of the year has come says what became of a file, now or since it came."""
    reminded = (date.fromisoformat(each.sent_on) for each in case.sent if each.kind == "reminder")
    return any(day >= version.received_on for day in reminded) or (
        case.version is None and _wants_reminder(known, case)
    )


def _was_sent(case: _Case, kind: LetterKind, content: str) -> bool:
    return any((each.kind, each.content) == (kind, content) for each in case.sent)


def _content(case: _Case) -> str:
    """Another when the file, a finding's place or a refusal is another, and when the same file was sent again."""
    assert case.version is not None
    refused = sorted(f"{each.question.problem_id} {each.said}" for each in case.refusals)
    again = [f"again {case.version.came_again_on}"] if case.version.came_again_on else []
    return marked_key(case.version.submission_id, case.open_findings, [*refused, *again])


def marked_key(submission_id: str, open_findings: Sequence[Finding], more: Sequence[str] = ()) -> str:
    """The key of a letter about a file and these findings; who was told the same by an answer is not written to."""
    places = sorted(f"{each.rule_id} {each.address.sheet} {each.address.cell}" for each in open_findings)
    return sha256_of("\n".join([submission_id, *places, *more]))[:16]


def _wants_reminder(known: Correspondence, case: _Case) -> bool:
    """Nothing stands, nothing waits at the bureau, the date has come near or passed, and no letter went lately."""
    version = case.version
    if version and (version.stands or version.status in ("received", "held")):
        return False
    if not (case.dates.is_overdue(case.today) or case.dates.is_due_soon(case.today, known.due_soon_days)):
        return False
    last = max((date.fromisoformat(each.sent_on) for each in case.sent), default=None)
    return last is None or (case.today - last).days >= REMIND_AGAIN_DAYS


@dataclass(frozen=True, slots=True)
class _Text:
    subject: str
    lines: tuple[str, ...]


def _with(known: Correspondence, case: _Case, kind: LetterKind, text: _Text, file: Path | None, content: str) -> Letter:
    respondent = case.respondent
    to = known.contacts.get(respondent.code)
    greeting = f"{plain(respondent.name)}{f' {plain(to.name)}' if to and to.name else ''}："
    enclosed = (f"附件：{plain(file.name)}",) if file else ()
    return Letter(
        kind,
        case.year,
        respondent.code,
        plain(respondent.name),
        plain(case.of_year.region_by_code[case.of_year.region_of(respondent)].name),
        to,
        text.subject,
        "\n".join([greeting, *text.lines, *enclosed, f"{case.bureau}  {shown_day(case.today)}"]),
        file,
        content,
    )


def _template_text(case: _Case) -> _Text:
    first = not any(each.kind == "template" for each in case.sent)
    what = "的填报模板" if first else "的填报模板有更新，请改用附件里的；已经填好的请照抄过来"
    return _Text(
        f"【年报】请填报{case.year}年度数据，{shown_day(case.dates.due)}截止：{plain(case.respondent.name)}",
        (
            f"附件是贵单位{case.year}年度{what}。请只用这一份，不要借用别的单位的，也不要用上年的。",
            "先看第二张表“填报进度”：哪里还空着、哪里不符合，随填随算。数据的截止日期和时期写在各表的表头。",
            _until(case, "填好后"),
        ),
    )


def _marked_text(case: _Case, has_workbook: bool) -> _Text:
    version = case.version
    assert version is not None
    errors = sum(each.is_error for each in case.open_findings)
    warnings = len(case.open_findings) - errors
    name = plain(version.file_name)
    if version.status == "rejected":
        subject = f"【年报】{case.year}年度报送已退回，请改正后重报：{plain(case.respondent.name)}"
        kept = "此前已接收的版本仍然有效。" if version.stands else "目前没有有效的版本，贵单位的数还没有计入。"
        counted = f"有 {errors} 个错误" + (f"、{warnings} 个警告" if warnings else "")
        opening = f"{shown_day(version.received_on)}收到的{name}{counted}，没有接收。{same_again(version)}{kept}"
        ending = "改正全部错误后"
    else:
        subject = f"【年报】{case.year}年度报送已接收，有 {warnings} 个警告请核实：{plain(case.respondent.name)}"
        opening = (
            f"{shown_day(version.received_on)}收到的{name}已接收，另有 {warnings} 个警告请核实。{same_again(version)}"
        )
        ending = "改正，或在“校验结果”表写明原因后"
    found = finding_lines(case.open_findings, has_workbook)
    return _Text(subject, (opening, *found, *_refusal_lines(case.refusals), _until(case, ending)))


def finding_lines(findings: Sequence[Finding], has_workbook: bool) -> Iterator[str]:
    """What is wrong, by effect: what moves printed figures first, each cause once; of many the first, and how many."""
    moving = [each for each in findings if each.moves_figures]
    others = [each for each in findings if not each.moves_figures]
    whole = next((each.effect.whole for each in moving if each.effect), "")
    left = SHOWN
    for heading, group in ((f"影响{whole}数字的", moving), ("其他的" if moving else "需要处理的", others)):
        if group and left > 0:
            yield f"{heading} {len(group)} 个："
            yield from (f"{number}. {_finding_line(each)}" for number, each in enumerate(group[:left], 1))
        left -= len(group)
    if left < 0:
        yield f"……共 {len(findings)} 个。"
    if has_workbook:
        yield "问题标在附件的单元格上，第一张表“校验结果”列出全部，点单元格可以跳过去。"


def _finding_line(finding: Finding) -> str:
    place = " ".join(part for part in (finding.address.sheet, finding.address.cell) if part)
    effect = f"影响：{finding.effect.text}" if finding.effect and finding.moves_figures else ""
    suggestion = f"可能的原因：{finding.suggestion}" if finding.suggestion else ""
    parts = [f"【{SEVERITY_LABELS[finding.severity]}】{place}{'：' if place else ''}{finding.message}"]
    return cut_short(plain("".join([*parts, suggestion, effect, finding.fix])), LINE_LENGTH)


def _refusal_lines(refusals: Sequence[RefusedExplanation]) -> Iterator[str]:
    if refusals:
        yield "以下说明没有被认可，请改正，或者写明新的原因："
    for each in refusals:
        why = f"，理由：{each.why}" if each.why else ""
        yield cut_short(plain(f"· {each.question.sheet}：“{each.said}”{why}"), LINE_LENGTH)


def _reminder_text(case: _Case) -> _Text:
    name, version = plain(case.respondent.name), case.version
    what = "还没有收到" if version is None else "还没有接收"
    if case.dates.is_overdue(case.today):
        subject = f"【年报】{case.year}年度数据已逾期 {case.days_late} 天，{what}：{name}"
    else:
        subject = f"【年报】{case.year}年度数据{shown_day(case.dates.due)}截止，{what}：{name}"
    if version is None:
        but = "除此以外，" if case.astray else ""
        opening = f"{but}{case.year}年度的数据，我们{what}贵单位的。"
    elif version.status == "declined":
        opening = f"贵单位报送的{plain(version.file_name)}没有采用，{case.year}年度的数据还没有接收。"
    else:
        opening = f"贵单位报送的{plain(version.file_name)}已退回，改正后的还没有收到；退回件已经发给贵单位。"
    asks = (_until(case, "填好后"), "已经发出的，请告诉我们发出的时间和邮箱，我们查收。")
    return _Text(subject, (*case.astray, opening, *asks))


def _until(case: _Case, when: str) -> str:
    """Until when, in which form and to whom."""
    whom = case.bureau
    if case.dates.is_frozen(case.today):
        frozen = f"{case.year}年度已于{shown_day(case.dates.freezes)}冻结；"
        return f"{frozen}{when}，请在封面写明“修订原因”，把整个工作簿发给{whom}，确认后才能采用。"
    if case.dates.is_overdue(case.today):
        late = f"截止日期是{shown_day(case.dates.due)}，已过 {case.days_late} 天；"
        return f"{late}{when}，请尽快把整个工作簿发给{whom}；{shown_day(case.dates.freezes)}以后年度冻结。"
    return f"{when}，请最迟在{shown_day(case.dates.due)}当天把整个工作簿发给{whom}。"
