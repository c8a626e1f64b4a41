"""Explanations on file: which warnings they answer, and what the bureau says about them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb
import polars as pl

from sources.declarations.contract import Contract, load_contracts
from sources.submission.explanation import Explanation, Question, find_explanation, tolerance_of
from sources.submission.submission import Submission
from sources.system.fingerprint import sha256_of
from warehouse.store.sql import query, registered


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


def record_explanations(connection: duckdb.DuckDBPyConnection, submissions: Iterable[Submission]) -> None:
    """Files what people have explained in their workbooks, with the value that it explains."""
    for submission in submissions:
        for filed in _given_in(submission):
            _file(connection, filed)


def _given_in(submission: Submission) -> Iterable[FiledExplanation]:
    if submission.respondent is None or submission.report_year is None:
        return
    for given in submission.explanations:
        explanation = Explanation(
            question=given.question,
            value=value_of(submission, given.question) if given.question.column_name else given.value,
            reason=given.reason,
            author=given.author,
            report_year=submission.report_year,
            tolerance=tolerance_of(given.question),
        )
        code = submission.respondent.code
        yield FiledExplanation(explanation_id_of(code, explanation), explanation, code, submission.submission_id)


def value_of(submission: Submission, question: Question) -> str:
    """What stands in the cell that a question is about."""
    contract = next((c for c in load_contracts() if c.title == question.sheet), None)
    if contract is None:
        return ""
    texts: dict[int, dict[str, str]] = defaultdict(dict)
    for cell in submission.cells:
        if cell.sheet == contract.name:
            texts[cell.record][cell.column_name] = cell.raw_text
    return next(
        (
            row.get(question.column_name, "")
            for row in texts.values()
            if question.column_name in row and _key(contract, row) == question.record_key
        ),
        "",
    )


def _key(contract: Contract, row: dict[str, str]) -> str:
    return "|".join(row.get(name, "") for name in contract.key)


def _file(connection: duckdb.DuckDBPyConnection, filed: FiledExplanation) -> None:
    """Files an explanation under the earliest of the versions that give it, whichever was read first."""
    row = filed.row
    connection.execute(
        f"""
        insert or replace into registry.explanation ({", ".join(row)})
        select {", ".join(f"${name}" for name in row)}
        where
            not exists (
                select 1
                from registry.explanation
                inner join registry.submission as theirs using (submission_id)
                inner join registry.submission as ours on ours.submission_id = $submission_id
                where
                    explanation_id = $explanation_id
                    and (theirs.precedence, theirs.submission_id) <= (ours.precedence, ours.submission_id)
            )
        """,
        row,
    )


def explain_findings(connection: duckdb.DuckDBPyConnection, report_years: Sequence[int]) -> int:
    """Matches the warnings of the years with the explanations on file; returns how many stay unexplained."""
    warnings = query(
        connection,
        "select finding.submission_id, finding.rule_id, finding.rule_version, finding.sheet, finding.column_name,"
        " finding.record_key, finding.cell, finding.value, submission.respondent_code, submission.report_year"
        " from registry.finding as finding inner join registry.submission as submission"
        " on finding.submission_id = submission.submission_id"
        " where finding.severity = 'warning' and list_contains(?, submission.report_year)",
        [list(report_years)],
    )
    on_file: dict[str, list[FiledExplanation]] = defaultdict(list)
    for row in query(connection, "select * from registry.explanation order by explanation_id").iter_rows(named=True):
        on_file[row["respondent_code"]].append(_filed(row))
    answers = []
    for row in warnings.iter_rows(named=True):
        question = Question(
            row["rule_id"], row["rule_version"], row["sheet"], row["column_name"] or "", row["record_key"] or ""
        )
        known = on_file[row["respondent_code"]]
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
    return sum(answer is None for answer in answers)


def explanations_on_file(connection: duckdb.DuckDBPyConnection, report_year: int) -> list[AnsweringExplanation]:
    """Every explanation that was given for the year."""
    found = query(
        connection,
        """
        select explanation.*, respondent.name as respondent_name, string_agg(distinct finding.cell, '、') as cells
        from registry.explanation as explanation
        left join reference.respondent as respondent on explanation.respondent_code = respondent.code
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
