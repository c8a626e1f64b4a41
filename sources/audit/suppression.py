"""Answers of so few people that nobody may learn them: taken out before anything is loaded.

A result that rests on fewer people than the contract's `suppress.minimum` leaves no trace in the warehouse: not in
the tables, the cells, the findings or the explanations, and it enters no total, so that no difference of published
figures gives it away. The archive keeps the file as it came.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from sources.audit.judge import Audit
from sources.audit.places import cell_lookup
from sources.declarations.contract import load_contracts
from sources.submission.cell import CellAddress
from sources.submission.finding import findings_frame, intake_finding
from sources.submission.submission import Submission

SUPPRESSED = "（人数过少，不公开）"
RECORD = ["submission_id", "sheet", "record"]


def suppress(
    outcome: Audit, cells: pl.DataFrame, readings: Sequence[Submission]
) -> tuple[Audit, pl.DataFrame, list[Submission]]:
    """The same audit, cells (with `is_suppressed`) and readings, without the answers of too few people."""
    places = _places(outcome)
    marked = cells.join(places, on=[*RECORD, "column_name"], how="left").with_columns(
        pl.col("is_suppressed").fill_null(False)
    )
    redacted = marked.with_columns(
        raw_text=pl.when("is_suppressed").then(pl.lit(SUPPRESSED)).otherwise(pl.col("raw_text"))
    )
    hidden = marked.filter("is_suppressed")
    if hidden.is_empty():
        return outcome, redacted, list(readings)
    tables = {name: _without(name, table, places) for name, table in outcome.tables.items()}
    names = {reading.submission_id: reading.file_name for reading in readings}
    findings = pl.concat([_redact(outcome.findings, hidden), _notices(hidden, names)])
    gone = set(hidden.select(*RECORD, "column_name").iter_rows())
    return replace(outcome, tables=tables, findings=findings), redacted, [_forget(each, gone) for each in readings]


def _places(outcome: Audit) -> pl.DataFrame:
    """Every cell to be suppressed: RECORD, column_name, is_suppressed."""
    parts = [
        table.filter((pl.col(contract.suppress.by) > 0) & (pl.col(contract.suppress.by) < contract.suppress.minimum))
        .select("submission_id", pl.lit(contract.name).alias("sheet"), "record")
        .join(pl.DataFrame({"column_name": list(contract.suppress.columns)}), how="cross")
        for contract in load_contracts()
        if contract.suppress and (table := outcome.tables.get(contract.name)) is not None
    ]
    schema = {"submission_id": pl.String, "sheet": pl.String, "record": pl.Int64, "column_name": pl.String}
    return pl.concat([pl.DataFrame(schema=schema), *parts]).with_columns(is_suppressed=True)


def _without(name: str, table: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    of_sheet = places.filter(pl.col("sheet") == name)
    if of_sheet.is_empty():
        return table
    columns = of_sheet.get_column("column_name").unique().to_list()
    rows = of_sheet.select("submission_id", "record", "is_suppressed").unique()
    joined = table.join(rows, on=["submission_id", "record"], how="left")
    return joined.with_columns(pl.when(pl.col("is_suppressed").is_null()).then(pl.col(columns))).drop("is_suppressed")


def _redact(findings: pl.DataFrame, hidden: pl.DataFrame) -> pl.DataFrame:
    """Findings about the suppressed cells keep their place and rule, and lose every value."""
    titles = {contract.name: contract.title for contract in load_contracts()}
    where = hidden.select("submission_id", pl.col("sheet").replace_strict(titles), "cell", "is_suppressed")
    joined = findings.join(where, on=["submission_id", "sheet", "cell"], how="left", maintain_order="left")
    is_hidden = pl.col("is_suppressed").fill_null(False)
    return joined.with_columns(
        value=pl.when(is_hidden).then(pl.lit(SUPPRESSED)).otherwise(pl.col("value")),
        message=pl.when(is_hidden)
        .then(pl.format("不符合规则 {}{}", "rule_id", pl.lit(SUPPRESSED)))
        .otherwise(pl.col("message")),
        suggestion=pl.when(is_hidden).then(None).otherwise(pl.col("suggestion")),
    ).drop("is_suppressed")


def _notices(hidden: pl.DataFrame, names: Mapping[str, str]) -> pl.DataFrame:
    """One notice for each suppressed row, so that the school knows why its result is nowhere."""
    cell_of = cell_lookup(hidden)
    notices = []
    for contract in load_contracts():
        if contract.suppress:
            rows = hidden.filter(pl.col("sheet") == contract.name).select("submission_id", "record").unique()
            for submission_id, record in rows.sort("submission_id", "record").iter_rows():
                cell, _ = cell_of(submission_id, contract.name, record, contract.suppress.by)
                place = CellAddress(submission_id, names[submission_id], contract.title, cell, contract.suppress.by)
                notices.append(intake_finding("privacy.suppressed", place, expected=contract.suppress.minimum))
    return findings_frame(notices)


def _forget(reading: Submission, gone: set[tuple[str, str, int, str]]) -> Submission:
    cells = [cell if cell[:4] not in gone else (*cell[:5], SUPPRESSED) for cell in reading.cells]
    return replace(reading, cells=cells)
