"""The audit takes out the answers of too few people before anything is loaded, so that nobody learns them.

A result that rests on fewer people than the contract's `suppress.minimum` leaves no trace in the warehouse: not in
the tables, the cells, the findings or the explanations, and it enters no total, so that no difference of published
figures gives it away. The archive keeps the file as it came.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace

import polars as pl

from sources.audit.audited import Audit
from sources.audit.commented import COMMENTED
from sources.audit.places import cell_lookup
from sources.declarations.contract import Suppression, load_contracts
from sources.declarations.pack import Pack
from sources.submission.cell import Cell, CellAddress
from sources.submission.finding import Finding, intake_finding
from sources.submission.submission import Submission

SUPPRESSED = "（人数过少，不公开）"
RECORD = ["submission_id", "sheet", "record"]


@dataclass(frozen=True, slots=True)
class _Place:
    """A cell by its address: of a submission, on a sheet (its title)."""

    submission_id: str
    sheet: str
    cell: str | None


def suppress(pack: Pack, outcome: Audit) -> Audit:
    """The same audit without the answers of too few people; `cells` has them marked in `is_suppressed`."""
    places = _places(pack, outcome)
    marked = (
        outcome.cells.drop("is_suppressed")
        .join(places, on=[*RECORD, "column_name"], how="left")
        .with_columns(pl.col("is_suppressed").fill_null(False))
    )
    hidden = marked.filter("is_suppressed")
    if hidden.is_empty():
        return outcome
    text = pl.when("is_suppressed").then(pl.lit(SUPPRESSED)).otherwise(pl.col("raw_text"))
    file_names = {submission.submission_id: submission.file_name for submission in outcome.submissions}
    gone = set(hidden.select(*RECORD, "column_name").iter_rows())
    return replace(
        outcome,
        submissions=tuple(_forget(each, gone) for each in outcome.submissions),
        tables={name: _without(name, table, places) for name, table in outcome.tables.items()},
        cells=marked.with_columns(raw_text=text),
        findings=(*_redacted(pack, outcome.findings, hidden, marked), *_notices(pack, hidden, file_names)),
    )


def _places(pack: Pack, outcome: Audit) -> pl.DataFrame:
    """Every cell to be suppressed: RECORD, column_name, is_suppressed."""
    parts = [
        _rows(contract.name, contract.suppress, table, outcome.cells).join(
            pl.DataFrame({"column_name": list(contract.suppress.columns)}), how="cross"
        )
        for contract in load_contracts(pack)
        if contract.suppress and (table := outcome.tables.get(contract.name)) is not None
    ]
    schema = {"submission_id": pl.String, "sheet": pl.String, "record": pl.Int64, "column_name": pl.String}
    return pl.concat([pl.DataFrame(schema=schema), *parts]).with_columns(is_suppressed=True)


def _rows(sheet: str, rule: Suppression, table: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """RECORD of the rows that rest on too few people, or on a number of them that cannot be read."""
    count = pl.col(rule.by)
    rows = table.select("submission_id", pl.lit(sheet).alias("sheet"), "record", count)
    answered = cells.filter(pl.col("column_name").is_in(rule.columns) & (pl.col("raw_text") != "")).select(RECORD)
    unknown = rows.filter(count.is_null()).join(answered, on=RECORD, how="semi")
    few = rows.filter((count > 0) & (count < rule.minimum))
    return pl.concat([few, unknown]).select(RECORD)


def _without(name: str, table: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    of_sheet = places.filter(pl.col("sheet") == name)
    if of_sheet.is_empty():
        return table
    columns = of_sheet.get_column("column_name").unique().to_list()
    rows = of_sheet.select("submission_id", "record", "is_suppressed").unique()
    joined = table.join(rows, on=["submission_id", "record"], how="left")
    return joined.with_columns(pl.when(pl.col("is_suppressed").is_null()).then(pl.col(columns))).drop("is_suppressed")


def _redacted(pack: Pack, findings: tuple[Finding, ...], hidden: pl.DataFrame, cells: pl.DataFrame) -> list[Finding]:
    """Findings about the suppressed cells keep their place and rule, and lose every value.

    So do comments on any cell of their rows: they may say what is suppressed.
    """
    titles = {contract.name: contract.title for contract in load_contracts(pack)}

    def places(of: pl.DataFrame) -> set[_Place]:
        rows = of.select("submission_id", "sheet", "cell").iter_rows()
        return {_Place(submission_id, titles[sheet], cell) for submission_id, sheet, cell in rows if cell is not None}

    where, beside = places(hidden), places(cells.join(hidden, on=RECORD, how="semi"))

    def is_hidden(finding: Finding) -> bool:
        at = finding.address
        return _Place(at.submission_id, at.sheet, at.cell) in (beside if finding.rule_id == COMMENTED else where)

    return [_without_value(finding) if is_hidden(finding) else finding for finding in findings]


def _without_value(finding: Finding) -> Finding:
    message = f"不符合规则 {finding.rule_id}{SUPPRESSED}"
    return replace(finding, value=SUPPRESSED, message=message, suggestion=None)


def _notices(pack: Pack, hidden: pl.DataFrame, file_names: Mapping[str, str]) -> list[Finding]:
    """One notice for each suppressed row, so that the school knows why its result is nowhere."""
    cell_of = cell_lookup(hidden)
    notices = []
    for contract in load_contracts(pack):
        if contract.suppress:
            rows = hidden.filter(pl.col("sheet") == contract.name).select("submission_id", "record").unique()
            for submission_id, record in rows.sort("submission_id", "record").iter_rows():
                cell = cell_of(submission_id, contract.name, record, contract.suppress.by).cell
                by = contract.suppress.by
                place = CellAddress(submission_id, file_names[submission_id], contract.title, cell, by)
                notices.append(intake_finding("privacy.suppressed", place, expected=contract.suppress.minimum))
    return notices


def _forget(submission: Submission, gone: Set[tuple[str, str, int, str]]) -> Submission:
    def forgotten(cell: Cell) -> Cell:
        is_gone = (cell.submission_id, cell.sheet, cell.record, cell.column_name) in gone
        return cell._replace(raw_text=SUPPRESSED) if is_gone else cell

    return replace(submission, cells=tuple(map(forgotten, submission.cells)))
