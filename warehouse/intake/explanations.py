"""Explanations on file: which warnings they answer, and what the bureau says about them."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

import duckdb
import polars as pl

from sources.declarations.contract import Contract, load_contracts
from sources.submission.explanation import Explanation, Question, find_explanation, tolerance_of
from sources.submission.submission import Submission
from warehouse.store.sql import query, registered

COLUMNS = (
    "explanation_id, respondent_code, report_year, submission_id, rule_id, rule_version, sheet, column_name,"
    " record_key, value, tolerance, reason, author, state, approver, expires_after"
)


def record_explanations(connection: duckdb.DuckDBPyConnection, readings: Iterable[Submission]) -> None:
    """Files what people have explained in their workbooks, with the value that it explains."""
    for reading in readings:
        if reading.respondent is None or reading.report_year is None:
            continue
        for given in reading.explanations:
            value = value_of(reading, given.question) if given.question.column_name else given.value
            explanation = Explanation(
                given.question,
                value,
                given.reason,
                given.author,
                reading.report_year,
                tolerance=tolerance_of(given.question),
            )
            _insert(connection, reading, explanation)


def value_of(reading: Submission, question: Question) -> str:
    """What stands in the cell that a question is about."""
    contract = next((c for c in load_contracts() if c.title == question.sheet), None)
    if contract is None:
        return ""
    texts: dict[int, dict[str, str]] = defaultdict(dict)
    for _, sheet, record, column, _, text in reading.cells:
        if sheet == contract.name:
            texts[record][column] = text
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


def _insert(connection: duckdb.DuckDBPyConnection, reading: Submission, explanation: Explanation) -> None:
    """Files an explanation under the earliest of the versions that give it, whichever was read first."""
    assert reading.respondent is not None
    question = explanation.question
    identity = (
        reading.respondent.code,
        question.problem_id,
        explanation.value,
        explanation.reason,
        reading.report_year,
    )
    explanation_id = hashlib.sha256(repr(identity).encode()).hexdigest()[:12]
    connection.execute(
        f"""
        insert or replace into registry.explanation ({COLUMNS})
        select {", ".join("?" * 16)}
        where
            not exists (
                select 1
                from registry.explanation
                inner join registry.submission as theirs using (submission_id)
                inner join registry.submission as ours on ours.submission_id = ?
                where
                    explanation_id = ?
                    and (theirs.precedence, theirs.submission_id) <= (ours.precedence, ours.submission_id)
            )
        """,
        [
            explanation_id,
            reading.respondent.code,
            explanation.report_year,
            reading.submission_id,
            question.rule_id,
            question.rule_version,
            question.sheet,
            question.column_name,
            question.record_key,
            explanation.value,
            explanation.tolerance,
            explanation.reason,
            explanation.author,
            explanation.state,
            explanation.approver,
            explanation.expires_after,
            reading.submission_id,
            explanation_id,
        ],
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
    on_file = _on_file(connection)
    answers = []
    for row in warnings.iter_rows(named=True):
        parts = (row["rule_id"], row["rule_version"], row["sheet"], row["column_name"] or "", row["record_key"] or "")
        known = on_file.get(row["respondent_code"], {})
        found = find_explanation(known.values(), Question(*parts), row["value"], row["report_year"])
        answers.append(next((key for key, explanation in known.items() if explanation is found), None))
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


def _on_file(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Explanation]]:
    """Respondent → explanation id → explanation."""
    found: dict[str, dict[str, Explanation]] = defaultdict(dict)
    for row in query(connection, f"select {COLUMNS} from registry.explanation order by explanation_id").iter_rows(
        named=True
    ):
        question = Question(row["rule_id"], row["rule_version"], row["sheet"], row["column_name"], row["record_key"])
        found[row["respondent_code"]][row["explanation_id"]] = Explanation(
            question,
            row["value"],
            row["reason"],
            row["author"],
            row["report_year"],
            row["state"],
            row["approver"],
            Decimal(row["tolerance"]),
        )
    return found


def explanations_on_file(connection: duckdb.DuckDBPyConnection, report_year: int) -> pl.DataFrame:
    """Every explanation that was given for the year, with the respondent's name and the cells it answers today."""
    return query(
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
