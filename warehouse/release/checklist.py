"""May this year go out? What has to be in order before a release, each point with what it lacks, item by item."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import duckdb

from sources.archive.archive import damaged
from sources.archive.inbox import inbox_submission_ids
from sources.declarations.city import City
from sources.declarations.publication import UNDECLARED
from sources.declarations.strict_yaml import Declaration, Name, load
from sources.system.fingerprint import sha256_of
from sources.system.settings import Settings
from warehouse.catalogue.catalogue import Catalogue, check_built_with
from warehouse.figures.regions import unlisted_schools
from warehouse.figures.year_figures import load_figures
from warehouse.release.documents.own_words import STATES, JudgedSection, judge
from warehouse.release.documents.vocabulary import Vocabulary
from warehouse.release.item import ReleaseItem, Settled
from warehouse.release.moved import moved_figures
from warehouse.release.narrative.read_narrative import narrative_of
from warehouse.release.narrative.written_files import WrittenFiles, written_files
from warehouse.release.warned import Warned, warnings_of
from warehouse.run.needed import reasons_to_run
from warehouse.store.sql import query

NAMED = 5
KEY_DIGITS = 10
UP_TO_DATE = "tests"
NARRATIVE = "narrative"


class DeclaredPoint(Declaration):
    """A point of checklist.yml. `nobody` says why nobody may confirm what it lacks; '' when somebody may, one by one.

    Of a point `of_the_moment` nothing can be looked at again later.
    """

    name: Name
    title: str
    nobody: str = ""
    of_the_moment: bool = False


class _Checklist(Declaration):
    points: tuple[DeclaredPoint, ...]


@lru_cache
def declared_points() -> dict[str, DeclaredPoint]:
    """The points by name, in their order."""
    points = load(Path(__file__).with_name("checklist.yml"), _Checklist).points
    return {point.name: point for point in points}


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the checklist; `detail` says what is missing, or what was looked at."""

    name: str
    title: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Checklist:
    """The checklist of a year, the items of what it lacks, and what else is to be known (`told`, in sentences).

    Of an item the value is the approved explanation that answers it. `passed_over` are the ids of warnings that move
    nothing: they need no confirmation.
    """

    points: tuple[Point, ...]
    items: dict[ReleaseItem, Settled | None]
    told: tuple[str, ...]
    passed_over: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """What was looked at, in words, whether it passes, and what it lacks."""

    passed: bool
    detail: str
    items: dict[ReleaseItem, Settled | None]


def check_release(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    city: City,
    catalogue: Catalogue,
    report_year: int,
    written: WrittenFiles | None = None,
) -> Checklist:
    """The checklist for the year, from the published database; `written` are the city's words, None those of today.

    Raises CatalogueChangedError when that was built with other indicators than today's.
    """
    check_built_with(connection, catalogue)
    moved = moved_figures(connection, catalogue, city.code, report_year)
    warned = warnings_of(connection, city.code, report_year)
    looked: dict[str, Looked] = {
        "coverage": _coverage(connection, city, report_year),
        "errors": _errors(connection, report_year),
        "unreadable": _unreadable(connection, settings, report_year),
        "archive": _archive(settings),
        UP_TO_DATE: _up_to_date(settings, city, report_year),
        "reconciliation": _contradictions(connection, city, catalogue, report_year),
        NARRATIVE: _narrative(
            connection, settings.today, city, catalogue, written or written_files(settings.city_dir, report_year)
        ),
        "warnings": _warnings(warned),
        "moved": _moved(moved.items),
    }
    points = [
        Point(name, declared.title, looked[name].passed, looked[name].detail)
        for name, declared in declared_points().items()
    ]
    items = {item: settled for name in declared_points() for item, settled in looked[name].items.items()}
    quiet = [each for each in warned if not each.matters and each.item not in items]
    unsaid = sum(each.settled is None for each in quiet)
    told = [f"另有 {unsaid} 个警告不影响印出的数字，不用确认；见 nianbao findings"] if unsaid else []
    if city.publication.undeclared:
        told.append(f"没有声明{'、'.join(city.publication.undeclared)}，发布后写“{UNDECLARED}”；见 publication.yml")
    return Checklist(tuple(points), items, (*moved.not_compared, *told), tuple(each.item.id for each in quiet))


def _looked(items: Sequence[ReleaseItem], passes: str, lacks: str) -> Looked:
    """A point that passes when nothing is lacking, with what to say of it either way."""
    return Looked(not items, lacks if items else passes, dict.fromkeys(items))


def _lacks(point: str, key: str, title: str, seen: str, note: str = "") -> ReleaseItem:
    return ReleaseItem(f"{point}.{key}", point, title, seen, note)


def _coverage(connection: duckdb.DuckDBPyConnection, city: City, report_year: int) -> Looked:
    rows = query(
        connection,
        "select respondent_code, respondent_name, current_submission_id from quality.register"
        " where report_year = ? order by position",
        [report_year],
    ).rows()
    missing = {code: name for code, name, current in rows if current is None}
    unlisted = {school.code: school.name for school in unlisted_schools(connection, city.code, report_year)}
    items = [_lacks("coverage", code, name, "没有有效报送") for code, name in missing.items()]
    items += [
        _lacks("coverage", f"{code}.unlisted", name, "登记了而名册没有列入，数字没有计入")
        for code, name in unlisted.items()
    ]
    if not rows:
        items.append(_lacks("coverage", "none", "填报单位", "这一年没有应报的单位"))
    lacking = [
        *([f"没有有效报送：{_named(list(missing.values()))}"] if missing else []),
        *([f"登记了而名册没有列入：{_named(list(unlisted.values()))}"] if unlisted else []),
    ]
    return _looked(items, f"{len(rows)} 个单位都有有效报送", "；".join(lacking) or "这一年没有应报的单位")


def _errors(connection: duckdb.DuckDBPyConnection, report_year: int) -> Looked:
    rows = query(
        connection,
        "select respondent_code, respondent_name, latest_submission_id from quality.register"
        " where report_year = ? and latest_status = 'rejected' order by position",
        [report_year],
    ).rows()
    items = [
        _lacks("errors", code, name, f"最后一版（{submission_id[:8]}）被退回，尚未改正")
        for code, name, submission_id in rows
    ]
    detail = f"最后一版被退回、尚未改正：{_named([name for _, name, _ in rows])}"
    return _looked(items, "没有被退回而未改正的报送", detail)


def _unreadable(connection: duckdb.DuckDBPyConnection, settings: Settings, report_year: int) -> Looked:
    """Files in the inbox that could not be opened; of no year that anybody knows, or of this one."""
    lying = {submission for _, submission in inbox_submission_ids(settings.inbox, settings.limits, settings.seen_file)}
    rows = query(
        connection,
        "select submission.submission_id, min(finding.file_name), min(finding.message) from registry.finding as finding"
        " inner join registry.submission as submission on finding.submission_id = submission.submission_id"
        " where finding.severity = 'error' and starts_with(finding.rule_id, 'file.')"
        " and coalesce(submission.report_year, ?) = ? group by all order by 2, 1",
        [report_year, report_year],
    ).rows()
    found = [(submission, name, message) for submission, name, message in rows if submission in lying]
    items = [_lacks("unreadable", submission[:KEY_DIGITS], name, message) for submission, name, message in found]
    detail = f"读不出的文件：{_named([name for _, name, _ in found])}"
    return _looked(items, "收件夹里的文件都读得出", detail)


def _archive(settings: Settings) -> Looked:
    paths = damaged(settings.archive)
    items = [_lacks("archive", path.stem[:KEY_DIGITS], path.name, "缺失，或与编号不符") for path in paths]
    detail = f"缺失或被改动的文件：{_named([path.name for path in paths])}"
    return _looked(items, "存档的文件都是收到时的内容", detail)


def _warnings(found: Sequence[Warned]) -> Looked:
    """Passes when each is explained. Items are those that matter, the weightiest first, also where the explanation
    has not been approved.
    """
    places = [each.place for each in found if not each.is_explained]
    detail = f"{len(places)} 个警告没有说明：{_named(places)}" if places else "警告都有说明"
    weighty = sorted((each for each in found if each.matters), key=lambda each: each.weight, reverse=True)
    return Looked(not places, detail, {each.item: each.settled for each in weighty})


def _moved(items: Sequence[ReleaseItem]) -> Looked:
    detail = f"比上年的变化超过限度的数字：{_named([item.title for item in items])}"
    return _looked(items, "没有数字的变化超过限度", detail)


def _up_to_date(settings: Settings, city: City, report_year: int) -> Looked:
    """All models were built, and all of their tests passed, with today's declarations and everything received."""
    reasons = reasons_to_run(settings, city, [report_year])
    items = [_lacks(UP_TO_DATE, sha256_of(reason)[:KEY_DIGITS], "有未处理的内容", reason) for reason in reasons]
    detail = "；".join(reasons) + "。请先运行 nianbao run。"
    return _looked(items, "模型的检验全部通过，没有未处理的内容", detail)


def _contradictions(
    connection: duckdb.DuckDBPyConnection, city: City, catalogue: Catalogue, report_year: int
) -> Looked:
    """The figures that this release prints agree with each other: totals and parts, ratios and their terms."""
    from warehouse.release.contradictions import contradictions

    found = contradictions(connection, city, catalogue, report_year)
    items = [_lacks("reconciliation", sha256_of(each)[:KEY_DIGITS], "互相矛盾的数字", each) for each in found]
    return _looked(items, "报告的数字互相一致", f"互相矛盾的数字：{_named(found)}")


def _narrative(
    connection: duckdb.DuckDBPyConnection, today: date, city: City, catalogue: Catalogue, written: WrittenFiles
) -> Looked:
    """The city's own words are whole and sound, once it has begun to write any."""
    if not written.is_begun:
        told = f"没有本市自己写的文字，报告只有由数字生成的句子；见 nianbao narrative {written.report_year}"
        return _looked([], told, "")
    narrative = narrative_of(written, city, catalogue.pack)
    try:
        figures = load_figures(connection, catalogue, written.report_year, city.code)
    except LookupError:  # there is no number of the year to hold words against, and nothing to release
        return _looked([], "这一年还没有数字，没有看文字", "")
    judged = judge(Vocabulary(figures, today, ""), narrative)
    items = [_unfinished(each) for each in judged.unfinished]
    items += [_lacks(NARRATIVE, sha256_of(str(each))[:KEY_DIGITS], each.file, str(each)) for each in judged.problems]
    said = sum(bool(each.paragraphs) for each in narrative.sections)
    passes = f"{said} 节有本市自己写的文字，案例 {len(narrative.cases)} 个"
    return _looked(items, passes, f"没有写好的：{_named([item.title for item in items])}")


def _unfinished(judged: JudgedSection) -> ReleaseItem:
    heading = judged.written.section.heading
    seen = STATES[judged.state]
    if judged.problems:
        more = f"；另有 {len(judged.problems) - 1} 处" if len(judged.problems) > 1 else ""
        seen = f"{judged.problems[0]}{more}"
    return _lacks(NARRATIVE, sha256_of(heading)[:KEY_DIGITS], heading, seen)


def _named(names: Sequence[str]) -> str:
    more = f" 等 {len(names)} 个" if len(names) > NAMED else ""
    return "、".join(names[:NAMED]) + more
