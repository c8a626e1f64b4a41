"""Explanations on file: which warnings they answer, and what the bureau says about them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb
import polars as pl

from sources.declarations.contract import load_contracts
from sources.declarations.pack import Pack
from sources.submission.explanation import Explanation, Question, find_explanation, tolerance_of
from sources.submission.finding_rows import FINDING_COLUMNS, findings_of
from sources.submission.submission import Submission
from sources.system.fingerprint import sha256_of
from warehouse.store.sql import period, query, registered

CAUSES_DEEP = 2
"""A cause in a file may itself be due to one that only the bureau's data show."""
MOST_WITHOUT_CELL = 200
"""Explanations in one file about a sheet or a heading as a whole; a bad workbook asks for a few dozen."""


@dataclass(frozen=True, slots=True)
class FiledExplanation:
    """An explanation on file: who gave it, in which submission."""

    explanation_id: str
    explanation: Explanation
    respondent_code: str
    submission_id: str

    @property
    def row(self) -> dict[str, Any]:
        """As a row of registry.explanation."""
        told, question = self.explanation, self.explanation.question
        return {
            "explanation_id": self.explanation_id,
            "respondent_code": self.respondent_code,
            "report_year": told.report_year,
            "submission_id": self.submission_id,
            "rule_id": question.rule_id,
            "rule_version": question.rule_version,
            "sheet": question.sheet,
            "column_name": question.column_name,
            "record_key": question.record_key,
            "value": told.value,
            "tolerance": told.tolerance,
            "reason": told.reason,
            "author": told.author,
            "state": told.state,
            "approver": told.approver,
            "expires_after": told.expires_after,
        }


def explanation_id_of(respondent_code: str, explanation: Explanation) -> str:
    """What the bureau's decisions in the archive call an explanation: made otherwise, every decision would be lost."""
    question = explanation.question.problem_id
    identity = (respondent_code, question, explanation.value, explanation.reason, explanation.report_year)
    return sha256_of(repr(identity))[:12]


@dataclass(frozen=True, slots=True)
class AnsweringExplanation:
    """An explanation on file with the respondent's name, and the cells whose warnings it answers today, in words."""

    filed: FiledExplanation
    respondent_name: str | None
    cells: str | None

    @property
    def row(self) -> dict[str, Any]:
        return self.filed.row | {"respondent_name": self.respondent_name, "cells": self.cells}


def record_explanations(connection: duckdb.DuckDBPyConnection, pack: Pack, submissions: Iterable[Submission]) -> None:
    """Files what people have explained in their workbooks, with the value that it explains.

    An explanation is filed under the earliest of the versions that give it, whichever was read first.
    """
    rows = [filed.row for submission in submissions for filed in given_in(pack, submission)]
    if not rows:
        return
    names = ", ".join(rows[0])
    frame = pl.DataFrame(rows, infer_schema_length=None).with_row_index("line")
    with registered(connection, "given", frame):
        connection.execute(f"""
            insert or replace into registry.explanation ({names})
            select {names}
            from (
                select
                    given.*,
                    ours.precedence,
                    row_number() over (
                        partition by given.explanation_id order by ours.precedence, given.submission_id, given.line
                    ) as place
                from given
                inner join registry.submission as ours on given.submission_id = ours.submission_id
            ) as earliest
            where
                place = 1
                and not exists (
                    select 1
                    from registry.explanation as filed
                    inner join registry.submission as theirs on filed.submission_id = theirs.submission_id
                    where
                        filed.explanation_id = earliest.explanation_id
                        and (theirs.precedence, theirs.submission_id) <= (earliest.precedence, earliest.submission_id)
                )
        """)


def given_in(pack: Pack, submission: Submission) -> Iterator[FiledExplanation]:
    """The explanations in a file that may answer something: about a cell that is there, or about none (so many)."""
    if submission.respondent is None or submission.report_year is None or not submission.explanations:
        return
    values = values_asked_about(pack, submission)
    without_cell = 0
    for given in submission.explanations:
        question = given.question
        value = values.get((question.sheet, question.record_key, question.column_name))
        if value is None and question.column_name and question.record_key:
            continue  # a record that is not in the file, so nothing asks about it
        without_cell += value is None
        if value is None and without_cell > MOST_WITHOUT_CELL:
            continue
        explanation = Explanation(
            question=question,
            value=(value or "") if question.column_name else given.value,
            reason=given.reason,
            author=given.author,
            report_year=submission.report_year,
            tolerance=tolerance_of(pack, question),
        )
        code = submission.respondent.code
        yield FiledExplanation(explanation_id_of(code, explanation), explanation, code, submission.submission_id)


def values_asked_about(pack: Pack, submission: Submission) -> dict[tuple[str, str, str], str]:
    """What stands in each cell, by what a question says of it: title of the sheet, key of the record, column.

    Of records with the same key the first counts. One walk over the cells, however many explanations there are.
    """
    records: dict[tuple[str, int], dict[str, str]] = defaultdict(dict)
    for cell in submission.cells:
        records[cell.sheet, cell.record][cell.column_name] = cell.raw_text
    contracts = {contract.name: contract for contract in load_contracts(pack)}
    values: dict[tuple[str, str, str], str] = {}
    for (sheet, _), row in records.items():
        contract = contracts[sheet]
        key = "|".join(row.get(name, "") for name in contract.key)
        for column_name, text in row.items():
            values.setdefault((contract.title, key, column_name), text)
    return values


def explain_findings(connection: duckdb.DuckDBPyConnection, report_years: Sequence[int]) -> int:
    """Matches the warnings of the years with the explanations on file; returns how many stay unexplained.

    What answers a cause answers all that it has taken.
    """
    # Long: two queries, and one pass between them.
    _name_findings(connection)
    warnings = query(
        connection,
        "select finding.submission_id, finding.rule_id, finding.rule_version, finding.sheet, finding.column_name,"
        " finding.record_key, finding.cell, finding.value, submission.respondent_code, submission.report_year"
        " from registry.finding as finding inner join registry.submission as submission"
        " on finding.submission_id = submission.submission_id"
        " where finding.severity = 'warning' and finding.cause_id is null and list_contains(?, submission.report_year)",
        [list(report_years)],
    )
    on_file: dict[tuple[str, Question], list[FiledExplanation]] = defaultdict(list)
    for row in query(connection, "select * from registry.explanation order by explanation_id").iter_rows(named=True):
        filed = _filed(row)
        on_file[filed.respondent_code, filed.explanation.question].append(filed)
    answers = []
    for row in warnings.iter_rows(named=True):
        question = Question(
            row["rule_id"], row["rule_version"], row["sheet"], row["column_name"] or "", row["record_key"] or ""
        )
        known = on_file.get((row["respondent_code"], question), [])
        found = find_explanation((each.explanation for each in known), question, row["value"], row["report_year"])
        answers.append(next((each.explanation_id for each in known if each.explanation is found), None))
    frame = warnings.with_columns(explanation_id=pl.Series(answers, dtype=pl.String))
    with registered(connection, "answer", frame):
        connection.execute("""
            update registry.finding as finding
            set explanation_id = answer.explanation_id
            from answer
            where
                finding.submission_id = answer.submission_id
                and finding.rule_id = answer.rule_id
                and finding.sheet = answer.sheet
                and finding.cell is not distinct from answer.cell
                and finding.column_name is not distinct from answer.column_name
                and finding.explanation_id is distinct from answer.explanation_id
        """)
    _answer_members(connection)
    return sum(answer is None for answer in answers)


def _answer_members(connection: duckdb.DuckDBPyConnection) -> None:
    """What answers a cause answers the warnings that it has taken."""
    for _ in range(CAUSES_DEEP):
        connection.execute("""
            update registry.finding as member
            set explanation_id = cause.explanation_id
            from registry.finding as cause
            where
                member.cause_id = cause.finding_id
                and member.severity = 'warning'
                and member.explanation_id is distinct from cause.explanation_id
        """)


def _name_findings(connection: duckdb.DuckDBPyConnection) -> None:
    """Gives their ids to findings that an earlier edition of the program has recorded without."""
    nameless = query(
        connection,
        f"select rowid, {', '.join(FINDING_COLUMNS)} from registry.finding where finding_id is null order by rowid",
    )
    if nameless.is_empty():
        return
    named = nameless.select("rowid").with_columns(
        finding_id=pl.Series([each.finding_id for each in findings_of(nameless.to_dicts())], dtype=pl.String)
    )
    with registered(connection, "named", named):
        connection.execute(
            "update registry.finding as finding set finding_id = named.finding_id from named"
            " where finding.rowid = named.rowid"
        )


def explanations_on_file(connection: duckdb.DuckDBPyConnection, report_year: int) -> list[AnsweringExplanation]:
    """Every explanation that was given for the year."""
    found = query(
        connection,
        f"""
        select explanation.*, respondent.name as respondent_name, string_agg(distinct finding.cell, '、') as cells
        from registry.explanation as explanation
        {period("respondent", "respondent", "explanation.respondent_code", "explanation.report_year")}
        left join registry.finding as finding on explanation.explanation_id = finding.explanation_id
        where explanation.report_year = ?
        group by all
        order by explanation.respondent_code, explanation.sheet, explanation.explanation_id
        """,
        [report_year],
    )
    return [
        AnsweringExplanation(_filed(row), row["respondent_name"], row["cells"]) for row in found.iter_rows(named=True)
    ]


def _filed(row: Mapping[str, Any]) -> FiledExplanation:
    """From a row of registry.explanation."""
    explanation = Explanation(
        question=Question(row["rule_id"], row["rule_version"], row["sheet"], row["column_name"], row["record_key"]),
        value=row["value"],
        reason=row["reason"],
        author=row["author"],
        report_year=row["report_year"],
        state=row["state"],
        approver=row["approver"],
        tolerance=Decimal(row["tolerance"]),
    )
    return FiledExplanation(row["explanation_id"], explanation, row["respondent_code"], row["submission_id"])
