"""Personal data (个人信息) that people typed into free text is redacted before anything is loaded, and they are told.

Telephone numbers, identity numbers, bank cards and mail addresses have no place in a report. The archive keeps the
file as it came, and so does the workbook that goes back to its own sender; nothing else shows them. Names of those who
fill in and review are nobody's business beyond the sender either.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from sources.audit.audited import Audit
from sources.audit.personal_text import redacted
from sources.audit.places import Places, cell_lookup
from sources.declarations.contract import Column, load_contracts
from sources.declarations.pack import Pack
from sources.submission.cell import Cell
from sources.submission.explanation import GivenExplanation
from sources.submission.finding import Finding, intake_finding
from sources.submission.submission import Submission

PERSONS = frozenset((("cover", "filled_by"), ("cover", "reviewed_by")))
"""Sheet and column: names of persons, redacted whatever they are."""
NAME_REDACTED = "［姓名不公开］"
SUSPECT = r"[0-9０-９](?:[\s\u3000－-]?[0-9０-９]){6}|[@＠]"
"""What every kind has: seven digits, or an @. Only such texts are looked at."""


@dataclass(frozen=True, slots=True)
class _Redacted:
    """A cell with personal data: where, its text without them, and what was found."""

    cell: Cell
    text: str
    kinds: tuple[str, ...]

    @property
    def place(self) -> tuple[str, str, int, str]:
        return self.cell.submission_id, self.cell.sheet, self.cell.record, self.cell.column_name


def redact_personal_data(pack: Pack, outcome: Audit) -> Audit:
    """The same audit without personal data in free text: in tables, cells, findings and explanations; with a finding
    for each cell that had some."""
    free = {(c.name, column.name) for c in load_contracts(pack) for column in c.columns if _is_free_text(column)}
    hidden = _hidden(outcome.cells, free)
    told = {each.place: each for each in hidden}
    submissions = tuple(_without(submission, told) for submission in outcome.submissions)
    findings = _redacted_findings(pack, outcome.findings, hidden)
    if not hidden:
        return replace(outcome, submissions=submissions, findings=findings)
    texts = pl.DataFrame(
        [(*place, each.text) for place, each in told.items()],
        schema={"submission_id": pl.String, "sheet": pl.String, "record": pl.Int64, "column_name": pl.String}
        | {"redacted": pl.String},
        orient="row",
    )
    cells = outcome.cells.join(texts, on=["submission_id", "sheet", "record", "column_name"], how="left")
    return replace(
        outcome,
        submissions=submissions,
        tables={name: _redacted_table(table, name, texts) for name, table in outcome.tables.items()},
        cells=cells.with_columns(raw_text=pl.coalesce("redacted", "raw_text")).drop("redacted"),
        findings=(*findings, *_notices(pack, outcome, hidden)),
    )


def _is_free_text(column: Column) -> bool:
    """Text that people word themselves: no code, no number, and nothing whose form is declared or printed for them."""
    return column.type == "text" and column.pattern is None and not column.prefilled


def _hidden(cells: pl.DataFrame, free: set[tuple[str, str]]) -> list[_Redacted]:
    """The cells of free text that hold personal data."""
    suspect = cells.filter(
        pl.col("raw_text").str.contains(SUSPECT) | pl.col("column_name").is_in([c for _, c in PERSONS])
    )
    found = []
    for row in suspect.select(Cell._fields).iter_rows():
        cell = Cell(*row)
        if (cell.sheet, cell.column_name) in PERSONS and cell.raw_text:
            found.append(_Redacted(cell, NAME_REDACTED, ()))
        elif (cell.sheet, cell.column_name) in free:
            text, kinds = redacted(cell.raw_text)
            found += [_Redacted(cell, text, kinds)] if kinds else []
    return found


def _redacted_table(table: pl.DataFrame, sheet: str, texts: pl.DataFrame) -> pl.DataFrame:
    for (column,), of_column in texts.filter(pl.col("sheet") == sheet).group_by("column_name"):
        by_place = of_column.select("submission_id", "record", pl.col("redacted"))
        joined = table.join(by_place, on=["submission_id", "record"], how="left", maintain_order="left")
        table = joined.with_columns(pl.coalesce("redacted", str(column)).alias(str(column))).drop("redacted")
    return table


def _without(submission: Submission, told: Mapping[tuple[str, str, int, str], _Redacted]) -> Submission:
    def of(cell: Cell) -> Cell:
        hidden = told.get((cell.submission_id, cell.sheet, cell.record, cell.column_name))
        return cell._replace(raw_text=hidden.text) if hidden else cell

    return replace(
        submission,
        cells=tuple(map(of, submission.cells)) if told else submission.cells,
        comments=(),  # what is to be told of them, their findings say
        explanations=tuple(map(_redacted_explanation, submission.explanations)),
    )


def _redacted_explanation(given: GivenExplanation) -> GivenExplanation:
    reason, author, value = (redacted(text)[0] for text in (given.reason, given.author, given.value))
    return replace(given, reason=reason, author=author, value=value)


def _redacted_findings(pack: Pack, findings: Iterable[Finding], hidden: Sequence[_Redacted]) -> tuple[Finding, ...]:
    """The findings without personal data, where they repeat what somebody typed.

    What stands in a column of numbers is a number, however much it looks like a telephone's: who typed it must see it.
    """
    numbers = {
        (contract.title, column.name)
        for contract in load_contracts(pack)
        for column in contract.columns
        if column.is_number
    }
    of_submission: dict[str, list[_Redacted]] = defaultdict(list)
    for each in hidden:
        of_submission[each.cell.submission_id].append(each)

    def told(finding: Finding, text: str) -> str:
        at = finding.address
        for each in of_submission[at.submission_id]:
            # a name may be any word: it is looked for where it was typed only
            if each.kinds or each.cell.column_name == at.column_name:
                text = text.replace(each.cell.raw_text, each.text)
        return text if (at.sheet, at.column_name) in numbers else redacted(text)[0]

    return tuple(
        replace(
            finding,
            address=replace(finding.address, record_key=told(finding, finding.address.record_key)),
            value=None if finding.value is None else told(finding, finding.value),
            message=told(finding, finding.message),
            suggestion=None if finding.suggestion is None else told(finding, finding.suggestion),
        )
        for finding in findings
    )


def _notices(pack: Pack, outcome: Audit, hidden: Sequence[_Redacted]) -> Iterator[Finding]:
    """Tells the sender of each cell: what was found there, never the number itself."""
    file_names = {submission.submission_id: submission.file_name for submission in outcome.submissions}
    contracts = {contract.name: contract for contract in load_contracts(pack)}
    cell_of = cell_lookup(outcome.cells)
    for each in (each for each in hidden if each.kinds):
        cell, contract = each.cell, contracts[each.cell.sheet]
        record = None if contract.shape == "form" else cell.record
        at = Places(contract, file_names, cell_of).at(cell.submission_id, record, cell.column_name)
        address = replace(at.address, record_key=redacted(at.address.record_key)[0])
        yield intake_finding("privacy.personal_data", address, each.text, expected="、".join(each.kinds))
