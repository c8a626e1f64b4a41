"""The cells that a measure of a subject is made of, and what each subject contributes to it."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

import duckdb

from sources.declarations.contract import Contract, contract_named
from sources.submission.cell import FORM_RECORD, STATUS_COLUMN
from warehouse.catalogue.catalogue import Catalogue
from warehouse.catalogue.measure import Measure, measure_columns
from warehouse.figures.fact import Reference
from warehouse.figures.trace import Source


@dataclass
class CellsBehind:
    """Reads cells of the versions that count; what was read once is kept for the next number.

    `is_public`: for everybody, so that what is hidden of small groups has neither value nor cells.
    """

    connection: duckdb.DuckDBPyConnection
    catalogue: Catalogue
    is_public: bool = False
    _rows: dict[tuple[str, int], dict[str, list[tuple[str, int]]]] = field(default_factory=dict)
    _cells: dict[str, dict[tuple[str, int], dict[str, tuple[str, str, str]]]] = field(default_factory=dict)
    _values: dict[int, dict[tuple[str, str], tuple[Decimal | None, str]]] = field(default_factory=dict)
    _listed: dict[int, dict[str, str]] = field(default_factory=dict)

    @cached_property
    def _files(self) -> dict[str, tuple[str, str, int]]:
        """Submission → file name, respondent, report year."""
        rows = self.connection.execute(
            "select submission_id, file_name, respondent_code, report_year from staging.stg_submission order by all"
        ).fetchall()
        return {submission_id: (name, code, year) for submission_id, name, code, year in rows}

    def values(self, report_year: int) -> dict[tuple[str, str], tuple[Decimal | None, str]]:
        """(subject, measure) → value and status: of schools, and of bureaus for what they report of their region."""
        if report_year not in self._values:
            of_schools = (
                "select subject_code, measure_code, value, status from core.fct_measure"
                " where report_year = ? and subject_kind = 'school'"
                if self.is_public
                else "select school_code, measure_code, value, status from intermediate.int_measure_school"
                " where report_year = ?"
            )
            rows = self.connection.execute(
                f"{of_schools} union all"
                " select respondent_code, measure_code, value, if(value is null, 'missing', 'ok')"
                " from intermediate.int_measure_reported inner join reference.measure on measure_code = code"
                " where report_year = ? and level = 'region'",
                [report_year, report_year],
            ).fetchall()
            self._values[report_year] = {(s, measure): (value, status) for s, measure, value, status in rows}
        return self._values[report_year]

    def sources(self, measure: Measure, subject: str, report_year: int) -> Iterator[Source]:
        contract = contract_named(self.catalogue.pack, measure.sheet)
        columns = [contract.column(name) for name in measure_columns(self.catalogue.pack, measure)]
        rows = self._matching_rows(measure, report_year).get(subject, [])
        cells = self._sheet_cells(contract.name)
        for submission_id, record in rows:
            row = cells.get((submission_id, record), {})
            for column in columns:
                if column.name in row:
                    yield self._source(contract, submission_id, record, column.name, column.label, *row[column.name])
        if not rows:
            for submission_id in self._reporting(measure, subject, report_year):
                at = cells.get((submission_id, FORM_RECORD), {}).get(STATUS_COLUMN)
                if at:
                    label = "本表情况"
                    yield self._source(contract, submission_id, FORM_RECORD, STATUS_COLUMN, label, *at, is_status=True)

    def _source(
        self,
        contract: Contract,
        submission_id: str,
        record: int,
        column: str,
        label: str,
        cell: str,
        text: str,
        origin: str,
        is_status: bool = False,
    ) -> Source:
        file_name, respondent, _ = self._files[submission_id]
        return Source(
            submission_id, file_name, respondent, contract.title, record, column, label, cell, text, origin, is_status
        )

    def _matching_rows(self, measure: Measure, report_year: int) -> dict[str, list[tuple[str, int]]]:
        """Subject → the (submission, record) pairs that the measure takes, in the order of the sheet."""
        key = (measure.code, report_year)
        if key not in self._rows:
            sheet = f"staging.stg_{measure.sheet}"
            which = f"{measure.year or 'report_year'} = ?"
            if measure.year:
                which += f" qualify report_year = max(report_year) over (partition by {measure.year}, respondent_code)"
            rows = self.connection.execute(
                f"select {measure.subject or 'respondent_code'}, respondent_code, submission_id, record from ("
                f"select * from {sheet} where {which})"
                f" where {measure.condition or 'true'} order by submission_id, record",
                [report_year],
            ).fetchall()
            found: dict[str, list[tuple[str, int]]] = defaultdict(list)
            for subject, respondent, submission_id, record in rows:
                if respondent == self._speaker(measure, subject, report_year):
                    found[subject].append((submission_id, record))
            self._rows[key] = found
        return self._rows[key]

    def _sheet_cells(self, sheet: str) -> dict[tuple[str, int], dict[str, tuple[str, str, str]]]:
        """(submission, record) → column → (address, text, origin), of the versions that count."""
        if sheet not in self._cells:
            rows = self.connection.execute(
                "select submission_id, record, column_name, cell, raw_text, coalesce(origin, 'submitted')"
                " from registry.cell"
                " inner join staging.stg_submission using (submission_id) where sheet = ? and raw_text <> ''",
                [sheet],
            ).fetchall()
            found: dict[tuple[str, int], dict[str, tuple[str, str, str]]] = defaultdict(dict)
            for submission_id, record, column, *cell in rows:
                found[submission_id, record][column] = tuple(cell)
            self._cells[sheet] = found
        return self._cells[sheet]

    def _reporting(self, measure: Measure, subject: str, report_year: int) -> list[str]:
        """The submission that would have the rows."""
        speaker = self._speaker(measure, subject, report_year)
        return [
            submission_id
            for submission_id, (_, respondent, year) in self._files.items()
            if year == report_year and respondent == speaker
        ]

    def _speaker(self, measure: Measure, subject: str, report_year: int) -> str | None:
        """Who reports a measure of a subject: itself, or the bureau that lists the school in the year.

        None where nobody does: the cells of a school that no bureau lists are in no figure.
        """
        if measure.level == "region":
            return subject
        if report_year not in self._listed:
            rows = self.connection.execute(
                "select school_code, bureau_code from core.dim_school where report_year = ?", [report_year]
            )
            self._listed[report_year] = dict(rows.fetchall())
        bureau = self._listed[report_year].get(subject)
        return bureau if measure.filled_in_by == "bureau" or bureau is None else subject

    def bureaus(self, reference: Reference, only_own: bool = False) -> list[str]:
        """The bureaus of a region that report on it, or should: each on what has no other below it.

        `only_own`: without those of the regions in it.
        """
        rows = self.connection.execute(
            "select bureaus.code from reference.respondent as bureaus"
            " inner join reference.region_path as paths on bureaus.region_code = paths.region_code"
            " inner join reference.region as regions on bureaus.region_code = regions.code"
            " where kind = 'bureau' and ancestor_code = ? and (not ? or bureaus.region_code = ancestor_code)"
            " and coalesce(since, ?) <= ? and coalesce(until, ?) >= ? order by regions.sequence, bureaus.code",
            [reference.subject, only_own, *[reference.year] * 4],
        )
        return [code for (code,) in rows.fetchall()]
