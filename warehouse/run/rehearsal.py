"""A rehearsal: what would change if this file were received now. Done on a copy; nothing is received."""

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from sources.archive.archive import archived_decisions, archived_path, content_at, restore
from sources.archive.inbox import Inbox, content_of
from sources.archive.tokens import keep_tokens
from sources.archive.version_decisions import VersionDecision, note_version_decisions
from sources.declarations.city import City
from sources.declarations.contract import load_contracts
from sources.declarations.declared import audit_version
from sources.declarations.pack import Pack
from sources.submission.explanation import Question
from sources.submission.finding import Finding
from sources.system.fingerprint import sha256_of
from sources.system.settings import Settings
from warehouse.intake.decision_list import held_files
from warehouse.intake.decisions import LEAST_LETTERS
from warehouse.intake.register import RegisteredFinding, registered_findings
from warehouse.intake.take_in import take_in
from warehouse.run.build import build
from warehouse.run.shape import plain_copy
from warehouse.store.connection import open_published, open_working
from warehouse.store.ddl import all_tables, create_tables
from warehouse.store.sql import period, query


@dataclass(frozen=True)
class Preview:
    """What a file would do. Frames hold before and after side by side; an empty frame means no change.

    `cells`: sheet, record, label, cell, before, after.
    `figures`: subject_code, subject_name, indicator, indicator_code, scope, scope_code, before, after.
    `ranks`: school_name, indicator, before, after.
    """

    file_name: str
    respondent_name: str | None
    report_year: int | None
    status: str
    reason: str | None
    counts: bool
    cells: pl.DataFrame
    findings: tuple[RegisteredFinding, ...]
    findings_new: tuple[RegisteredFinding, ...]
    findings_solved: tuple[RegisteredFinding, ...]
    figures: pl.DataFrame
    ranks: pl.DataFrame


STATUS_LABELS = {
    "accepted": "可以接收",
    "rejected": "会被退回",
    "superseded": "可以接收，但不是最后保存的版本",
    "held": "要等教育局确认",
    "declined": "教育局已经决定不采用",
}
"""What `Preview.status` can be → what people read."""
LONGEST_NAME = 80
"""Letters of a file's name in a folder of its own: fewer than any file system takes."""
Tell = Callable[[duckdb.DuckDBPyConnection, Iterable[Finding]], tuple[Finding, ...]]
"""Gives findings what a built database knows of them (`with_effects`)."""


def preview(
    settings: Settings,
    city: City,
    file: Path,
    progress: Callable[[str], None] = lambda _: None,
    tell: Tell | None = None,
    is_confirmed: bool = False,
) -> Preview:
    """Takes the file in on a copy of what is published, builds the models there, and compares.

    `is_confirmed`: as if the bureau had decided that the file may be taken, whatever would hold it. `tell` gives the
    findings their effects on printed figures: for that the models are built also where the file would be rejected. One
    at a time in a process: the models are built by dbt, which is one of its kind there. Nothing of the installation is
    written or locked, so several processes may do so beside a run.

    Raises FileNotFoundError when nothing has been published yet or the file is gone, RuntimeError when the models do
    not build.
    """
    # Long: one step after the other, on one copy.
    with tempfile.TemporaryDirectory(prefix="nianbao-preview-") as folder:
        rehearsal = replace(settings, home=Path(folder))
        rehearsal.working_database.parent.mkdir(parents=True)
        if not settings.published_database.exists():
            raise FileNotFoundError(f"还没有发布的数据库：{settings.published_database}。请先运行 nianbao run。")
        plain_copy(rehearsal, settings.published_database, rehearsal.working_database)
        restore(settings.archive, rehearsal.archive, [], archived_decisions(settings.archive))
        keep_tokens(settings.archive, rehearsal.archive)
        content = content_of(file, settings.limits)
        if content is None:
            raise FileNotFoundError(f"没有这个文件：{file}")
        submission_id = sha256_of(content)
        if is_confirmed:
            note_version_decisions(rehearsal.archive, [VersionDecision(submission_id, "confirmed", "", "")])
        progress("审核")
        with open_working(rehearsal) as connection:
            create_tables(connection, all_tables(city.pack))
            _settle_others(connection, city, submission_id)
            taken = take_in(connection, rehearsal, city, sorted(city.calendar.years), Inbox(files=(file,)))
        if taken.accepted or (tell is not None and _is_identified(rehearsal, submission_id)):
            progress("重新计算")
            outcome = build(rehearsal, city.pack, with_tests=False)
            if not outcome.success:
                raise RuntimeError(outcome.error)
        progress("比较")
        with open_working(rehearsal) as after, open_published(settings) as before:
            found = _compared(before, after, city.pack, submission_id, file)
            return found if tell is None else _with_told(found, after, tell)


def preview_held(
    settings: Settings,
    city: City,
    submission_id: str,
    progress: Callable[[str], None] = lambda _: None,
    tell: Tell | None = None,
) -> Preview:
    """What would change if a file that is held were taken. `submission_id`: its first letters do.

    Raises LookupError when no single file that is held is meant; else as `preview`.
    """
    with open_published(settings) as connection:
        held = [each for each in held_files(connection) if each.submission_id.startswith(submission_id)]
    if len(held) != 1 or len(submission_id) < LEAST_LETTERS:
        told = "没有" if not held else "不止一份"
        raise LookupError(
            f"编号以 {submission_id} 开头的待确认的文件{told}；编号见 nianbao decide，至少写前 {LEAST_LETTERS} 位。"
        )
    with tempfile.TemporaryDirectory(prefix="nianbao-preview-") as folder:
        file = Path(folder) / Path(held[0].value).name[-LONGEST_NAME:]
        file.write_bytes(content_at(archived_path(held[0].submission_id, settings.archive)))
        return preview(settings, city, file, progress, tell, is_confirmed=True)


def _is_identified(rehearsal: Settings, submission_id: str) -> bool:
    """Whether the file says whose it is and of which year; without, no figure can depend on it."""
    with open_working(rehearsal) as connection:
        found = connection.execute(
            "select 1 from registry.submission where submission_id = ? and report_year is not null", [submission_id]
        )
        return found.fetchone() is not None


def _with_told(found: Preview, after: duckdb.DuckDBPyConnection, tell: Tell) -> Preview:
    """The preview with what is known of its findings, those first that move a printed figure."""
    told = {each.finding_id: each for each in tell(after, [each.finding for each in found.findings])}

    def of(registered: Iterable[RegisteredFinding]) -> tuple[RegisteredFinding, ...]:
        carried = [replace(each, finding=told.get(each.finding.finding_id, each.finding)) for each in registered]
        return tuple(sorted(carried, key=lambda each: each.finding.order))

    return replace(found, findings=of(found.findings), findings_new=of(found.findings_new))


def _settle_others(connection: duckdb.DuckDBPyConnection, city: City, submission_id: str) -> None:
    """Removes other submissions that wait for a real run, also those that somebody has let through since the last one,
    because the copy has no archive to read them from."""
    waiting = "submission_id in (select submission_id from registry.submission where status in ('received', 'held'))"
    for table in ("receipt", "submission"):  # a receipt without its submission would be registered anew
        connection.execute(f"delete from registry.{table} where {waiting} and submission_id <> ?", [submission_id])
    connection.execute(
        "update registry.submission set audit_version = ? where status = 'rejected'", [audit_version(city)]
    )


def _compared(
    before: duckdb.DuckDBPyConnection, after: duckdb.DuckDBPyConnection, pack: Pack, submission_id: str, file: Path
) -> Preview:
    status, reason, counts, respondent, year, name = query(
        after,
        "select status, decision_reason, is_current, respondent_code, report_year, respondent.name"
        f" from registry.submission{period('respondent', 'respondent', 'respondent_code', 'report_year')}"
        " where submission_id = ?",
        [submission_id],
    ).row(0)
    earlier = _standing_version(before, respondent, year)
    findings = registered_findings(after, submission_id)
    findings_before = registered_findings(before, earlier) if earlier else ()
    return Preview(
        file_name=file.name,
        respondent_name=name,
        report_year=year,
        status=status,
        reason=reason,
        counts=counts,
        cells=_changed(_cells(before, pack, earlier), _cells(after, pack, submission_id), ["sheet", "record", "label"]),
        findings=findings,
        findings_new=_missing_from(findings, findings_before),
        findings_solved=_missing_from(findings_before, findings),
        figures=_changed(_figures(before), _figures(after), ["report_year", "subject_code", "indicator", "scope"]),
        ranks=_changed(_ranks(before), _ranks(after), ["report_year", "school_code", "indicator"]),
    )


def _standing_version(connection: duckdb.DuckDBPyConnection, respondent: str | None, year: int | None) -> str | None:
    """The version that stands today; if none does, the last one that came."""
    row = connection.execute(
        "select submission_id from registry.submission where respondent_code = ? and report_year = ?"
        " order by is_current desc, precedence desc limit 1",
        [respondent, year],
    ).fetchone()
    return row[0] if row else None


def _cells(connection: duckdb.DuckDBPyConnection, pack: Pack, submission_id: str | None) -> pl.DataFrame:
    """The loaded cells of a version by sheet, record (the row's key in a table) and label."""
    cells = query(
        connection,
        "select sheet, record, column_name, cell, raw_text from registry.cell where submission_id = ?",
        [submission_id],
    )
    parts = []
    for contract in load_contracts(pack):
        of_sheet = cells.filter(pl.col("sheet") == contract.name)
        texts: dict[int, dict[str, str]] = {}
        for record, column, text in of_sheet.select("record", "column_name", "raw_text").iter_rows():
            texts.setdefault(record, {})[column] = text
        keys = {record: "、".join(row.get(name, "") for name in contract.key) for record, row in texts.items()}
        labels = {column.name: column.label for column in contract.columns}
        parts += [
            (contract.title, keys[record], labels.get(column, "本表情况"), cell, text)
            for _, record, column, cell, text in of_sheet.iter_rows()
            if text
        ]
    return pl.DataFrame(parts, schema=["sheet", "record", "label", "cell", "shown"], orient="row").cast(pl.String)


def _missing_from(
    findings: Iterable[RegisteredFinding], others: Iterable[RegisteredFinding]
) -> tuple[RegisteredFinding, ...]:
    """The first findings whose question none of the others asks, whatever the version of the rule."""
    known = {_asked(each.finding) for each in others}
    return tuple(each for each in findings if _asked(each.finding) not in known)


def _asked(finding: Finding) -> Question:
    return replace(finding.question, rule_version="")


def _figures(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Every value that can be printed: of each region in every scope, and of each school."""
    return query(
        connection,
        f"""
        select
            cast(facts.report_year as varchar) as report_year,
            facts.subject_code,
            case facts.subject_kind when 'region' then regions.name else respondent.name end as subject_name,
            indicators.label as indicator,
            facts.indicator_code,
            coalesce(labels.label, scopes.label) as scope,
            facts.scope_code,
            coalesce(facts.display, '…') as shown
        from core.fct_indicator_value as facts
        inner join core.dim_indicator as indicators on facts.indicator_code = indicators.indicator_code
        inner join core.dim_scope as scopes on facts.scope_code = scopes.scope_code
        {period("scope", "labels", "facts.scope_code", "facts.report_year")}
        {period("region", "regions", "facts.subject_code", "facts.report_year")}
        {period("respondent", "respondent", "facts.subject_code", "facts.report_year")}
        """,
    )


def _ranks(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Each school's rank among the schools of the year, for indicators of which a high or a low value is better."""
    return query(
        connection,
        """
        select
            cast(facts.report_year as varchar) as report_year,
            schools.school_code,
            schools.school_name,
            indicators.label as indicator,
            '第 ' || rank() over (
                partition by facts.report_year, facts.indicator_code
                order by case when indicators.direction = 'lower' then facts.value else - facts.value end
            ) || ' 名' as shown
        from core.fct_indicator_value as facts
        inner join core.dim_indicator as indicators on facts.indicator_code = indicators.indicator_code
        inner join
            core.dim_school as schools
            on facts.report_year = schools.report_year
            and facts.subject_code = schools.school_code
        where
            facts.subject_kind = 'school'
            and facts.value is not null
            and indicators.kind = 'ratio'
            and indicators.direction <> 'neutral'
        """,
    )


def _changed(before: pl.DataFrame, after: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Rows whose `shown` differs, with `before` and `after`; a row that is on one side only has null on the other."""
    carried = [name for name in after.columns if name not in (*key, "shown")]
    joined = before.rename({"shown": "before"}).join(
        after.rename({"shown": "after"}), on=key, how="full", coalesce=True, suffix="_after"
    )
    for name in carried:
        joined = joined.with_columns(pl.coalesce(f"{name}_after", name).alias(name))
    changed = joined.filter(~pl.col("before").eq_missing(pl.col("after")))
    return changed.select(*key, *carried, "before", "after").sort(key)


def as_dict(found: Preview) -> dict[str, Any]:
    """The preview as plain lists and texts, for JSON."""

    def plain(value: object) -> object:
        if isinstance(value, pl.DataFrame):
            return value.to_dicts()
        return [each.row for each in value] if isinstance(value, tuple) else value

    return {field.name: plain(getattr(found, field.name)) for field in fields(found)}
