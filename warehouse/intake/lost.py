"""What must not happen to the past: a file that counted is lost, a name of a past year is changed without a word.

Both stop a run before anything is published, and say what to do.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from sources.archive.archive import Acceptance, archived_acceptances, declarations_file
from sources.archive.quarantine import PROGRAM, set_aside_now
from sources.declarations.archived import kept_city
from sources.declarations.changes import parties_of
from sources.declarations.city import City, Respondent
from sources.system.faults import ToldError
from sources.system.settings import Settings
from warehouse.store.connection import open_published
from warehouse.store.sql import period, query

SHOWN = 20
"""So many are named; the others are counted."""
ADVICE = {
    "cover.name_mismatch": (
        "respondents.yml 里的名称改了：更名请在 changes.yml 写一行（kind: rename），respondents.yml 保留原名"
    ),
    "cover.name_of_other_year": "changes.yml 里更名的年度（since）改了：请恢复为原来的年度",
    "cover.code_of_other_year": "changes.yml 里代码变更的年度（since）改了：请恢复为原来的年度",
    "cover.respondent_unknown": (
        "respondents.yml 里没有这个标识码了：代码变更、并入、停办请在 changes.yml 写一行，原来的一行保留"
    ),
    "cover.year_not_open": "calendar.yml 里没有这个年度了：请恢复",
    "file.set_aside": "读这个文件时出了错，已被搁置：见 nianbao quarantine，处理后再重建",
    "value.not_in_codelist": (
        "代码表、名册或口径的名称改了：口径改称请在 changes.yml 写一行（kind: reword），原来的一行保留"
    ),
}
"""Rule → what to do when a file is lost for it."""


class VersionsLostError(ToldError):
    """Files that counted would no longer be accepted."""


class PastChangedError(ToldError):
    """Names or labels of a year were changed under which files of the year were accepted."""


@dataclass(frozen=True, slots=True)
class _Lost:
    """A file that was accepted and is no longer."""

    file_name: str
    respondent: str
    report_year: int
    why: str
    rule_id: str | None

    def __str__(self) -> str:
        advice = ADVICE.get(self.rule_id or "", "请恢复改动过的声明，或用原来的程序版本重建")
        return f"{self.report_year} 年 {self.respondent}（{self.file_name}）：{self.why} → {advice}"


def refuse_lost_versions(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Raises VersionsLostError when a file that the archive or the published database has as accepted is so no more.

    What people have set aside is not lost.

    To be asked when everything has been taken in again, before it is published.
    """
    before = {*archived_acceptances(settings.archive), *_accepted_when_published(settings)}
    aside = {key for key, decision in set_aside_now(settings.archive).items() if decision.by != PROGRAM}
    if lost := list(_lost(connection, before - aside)):
        told = "\n".join(map(str, lost[:SHOWN]))
        more = f"\n…… 共 {len(lost)} 份" if len(lost) > SHOWN else ""
        raise VersionsLostError(
            f"没有重建，也没有发布：以下报送原已接收，按现在的声明不再被接收。\n{told}{more}\n已发布的数据库没有变化。"
        )


def _accepted_when_published(settings: Settings) -> list[str]:
    """What the published database has as accepted; nothing when there is none that can be read."""
    if not settings.published_database.exists():
        return []
    try:
        with open_published(settings) as connection:
            rows = connection.execute(
                "select submission_id from registry.submission where status in ('accepted', 'superseded')"
            ).fetchall()
    except duckdb.Error:
        return []
    return [submission_id for (submission_id,) in rows]


def _lost(connection: duckdb.DuckDBPyConnection, before: Iterable[str]) -> Iterator[_Lost]:
    found = query(
        connection,
        f"""
        with errors as (
            select submission_id, min_by(rule_id, (cell is null, sheet, cell)) as rule_id,
                min_by(sheet || coalesce(' ' || cell, '') || '：' || message, (cell is null, sheet, cell)) as message
            from registry.finding
            where severity = 'error' and cause_id is null
            group by submission_id
        )

        select submission.file_name, submission.respondent_code, called.name, submission.report_year, errors.rule_id,
            errors.message, submission.status
        from registry.submission as submission
        left join errors on submission.submission_id = errors.submission_id
        {period("respondent", "called", "submission.respondent_code", "submission.report_year")}
        where
            submission.submission_id in (select unnest(?))
            and submission.status in ('received', 'rejected')
        order by submission.report_year, submission.respondent_code, submission.file_name
        """,
        [list(before)],
    )
    for file_name, code, name, report_year, rule_id, message, status in found.iter_rows():
        why = message or ("没有处理" if status == "received" else "被退回")
        yield _Lost(file_name, name or code or "单位不明", report_year or 0, why, rule_id)


def refuse_undeclared_edits(archive: Path, city: City, version: str) -> None:
    """Raises PastChangedError when the city calls something otherwise in a year of which files were accepted, leaves it
    out, or has other schools in a scope. `version` is the fingerprint of today's declarations.

    A line in changes.yml of that year states it, and so corrects a slip.
    """
    of_versions: dict[str, dict[int, set[str]]] = {}
    for acceptance in archived_acceptances(archive).values():
        _note(of_versions, acceptance)
    of_versions.pop(version, None)
    told: dict[str, str] = {}  # one edit is told once, of the last year that it changes
    for earlier, years in of_versions.items():
        if (file := declarations_file(archive, earlier)).exists():
            kept = kept_city(file, city.pack)
            for year, respondents in sorted(years.items()):
                told |= {each.what: each.told for each in _edits(kept.in_year(year), city, year, respondents)}
    if told:
        lines = "\n".join(list(told.values())[:SHOWN]) + (f"\n…… 共 {len(told)} 处" if len(told) > SHOWN else "")
        raise PastChangedError(
            f"没有运行：已接收报送的年度，声明与接收时不同。\n{lines}\n"
            "以前年度的叫法不能改：从某年起的变更在 changes.yml 写一行；更正当年的笔误也写一行，since 写该年。"
        )


@dataclass(frozen=True, slots=True)
class _Edit:
    """Something that is called otherwise: `what`, the same in every year, and what is told of it for one year."""

    what: str
    told: str


def _note(of_versions: dict[str, dict[int, set[str]]], acceptance: Acceptance) -> None:
    of_years = of_versions.setdefault(acceptance.declarations, {})
    of_years.setdefault(acceptance.report_year, set()).add(acceptance.respondent_code)


@dataclass(frozen=True, slots=True)
class _Then:
    """A report year as it was when its files were accepted, and as it is declared now; `stated` are the changes (kind,
    code) that changes.yml gives for this very year."""

    kept: City
    now: City
    report_year: int
    stated: frozenset[tuple[str, str]]

    def renamed(self, file: str, code: str, kind: str, was: str, name: str, line: str) -> Iterator[_Edit]:
        """An edit where a name differs and no line states it; `line` are the keys of the line that would."""
        if was != name and (kind, code) not in self.stated:
            yield _Edit(
                f"{file} {code} {was} {name}",
                f"{file} {code}：{self.report_year} 年已接收报送时是“{was}”，现在是“{name}”。"
                f"请恢复“{was}”，在 changes.yml 写：- {{kind: {kind}, {line}, since: {self.report_year + 1}}}",
            )

    def gone(self, file: str, what: str, instead: str) -> _Edit:
        """An edit that leaves out what the year had."""
        told = f"{file}：删去了 {what}，但 {self.report_year} 年有它已接收的报送。请恢复；{instead}"
        return _Edit(f"{file} {what}", told)


def _edits(kept: City, city: City, report_year: int, respondents: Iterable[str]) -> Iterator[_Edit]:
    """What is otherwise in the year: respondents whose files were accepted, regions and scopes."""
    stated = {(each.kind, code) for each in city.changes if each.since == report_year for code in parties_of(each)}
    then = _Then(kept, city.in_year(report_year), report_year, frozenset(stated))
    yield from _edited_respondents(then, respondents)
    yield from _edited_regions(then, city.code)
    yield from _edited_scopes(then)


def _edited_respondents(then: _Then, codes: Iterable[str]) -> Iterator[_Edit]:
    kept, now, file = then.kept, then.now, "respondents.yml"
    for code in sorted(codes):
        was, is_now = kept.respondent_by_code.get(code), now.respondent_by_code.get(code)
        if was is None:
            continue
        if is_now is None:
            line = f'- {{kind: close, code: "{code}", since: {then.report_year + 1}}}'
            instead = f"停办、并入、代码变更在 changes.yml 写一行，如 {line}"
            yield then.gone(file, f"{code} {was.name}", instead)
            continue
        of = f'code: "{code}"'
        yield from then.renamed(file, code, "rename", was.name, is_now.name, f"{of}, name: {is_now.name}")
        lies = f'{of}, region: "{now.region_of(is_now)}"'
        yield from then.renamed(file, code, "move", _district(kept, was), _district(now, is_now), lies)
        states, stated = kept.stated_code(was), now.stated_code(is_now)
        yield from then.renamed("changes.yml", code, "recode", states, stated, f'{of}, new_code: "{stated}"')


def _edited_regions(then: _Then, own: str) -> Iterator[_Edit]:
    """`own` is the installation's region, which city.yml names; its code may have changed (`former_codes`)."""
    for region in then.kept.regions:
        is_now, file = then.now.region_by_code.get(region.code), "city.yml" if region.code == own else "regions.yml"
        if is_now is not None:
            line = f'region: "{region.code}", name: {is_now.name}'
            yield from then.renamed(file, region.code, "rename_region", region.name, is_now.name, line)
        elif region.code not in then.now.former_codes:
            yield then.gone(file, f"{region.code} {region.name}", "以前年度的汇总还要用它，改名在 changes.yml 写一行。")


def _edited_scopes(then: _Then) -> Iterator[_Edit]:
    """A scope with other schools is another scope: it would print other numbers for the year."""
    file, today = "scopes.yml", {scope.code: scope for scope in then.now.scopes}
    for scope in then.kept.scopes:
        is_now = today.get(scope.code)
        if is_now is None:
            yield then.gone(file, f"{scope.code} {scope.label}", "不再用的口径也要留着，改称在 changes.yml 写一行。")
            continue
        line = f"scope: {scope.code}, label: {is_now.label}"
        yield from then.renamed(file, scope.code, "reword", scope.label, is_now.label, line)
        if scope.exclusions != is_now.exclusions:
            yield _Edit(
                f"{file} {scope.code} exclude",
                f"{file} {scope.code}：{then.report_year} 年已接收报送时，"
                f"口径“{scope.label}”不算的学校（exclude）与现在不同。"
                "请恢复；范围不同的是另一个口径，请另写一项，用新的 code。",
            )


def _district(city: City, respondent: Respondent) -> str:
    """Where a respondent lies, as declared; nothing is the installation's own region, whatever its code is."""
    region = city.region_of(respondent)
    return "" if region == city.code else region
