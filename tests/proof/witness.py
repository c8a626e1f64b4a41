"""A model of the solver as a real workbook: written by the template's writer, read and judged as any other."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import z3

from sources.audit.judge import audit
from sources.declarations.city import City
from sources.read.read_workbook import read_workbook
from sources.sample.pour import load_samples
from sources.submission.finding import Finding
from sources.system.settings import Limits
from sources.write.template import build_workbook
from sources.write.template_sheet import SheetValues
from tests.proof.symbolic_book import Cell, Row, SymbolicBook, SymbolicRule

SOME_TEXTS = "甲乙丙丁"


@dataclass(frozen=True)
class Witness:
    """A workbook in which one rule is kept or broken, and everything else that is an error holds."""

    rule: SymbolicRule
    breaks: bool
    data: bytes

    @property
    def name(self) -> str:
        return f"{self.rule.id} {'broken' if self.breaks else 'kept'}"


class Witnesses:
    """Makes workbooks for the rules of a symbolic book, in the name of one respondent of the city."""

    def __init__(self, city: City, book: SymbolicBook, respondent: str, sample_year: int, city_dir: Path) -> None:
        self.city, self.book, self.respondent = city, book, city.respondent_by_code[respondent]
        self._texts = _texts_of(city_dir, sample_year)
        self._spoken_of = frozenset(name for rule in book.rules.values() for name in rule.columns)
        self._solver = z3.Solver()
        self._solver.add(*book.limits())

    def of(self, rule: SymbolicRule, breaks: bool) -> Witness:
        """A workbook with as little in it as the rule needs; raises AssertionError when there is none."""
        others = (each for each in self.book.rules.values() if each.id != rule.id and each.severity == "error")
        told = [rule.is_broken if breaks else rule.is_kept, *(each.holds for each in others), *self._has_data(rule)]
        model = self._model([*told, *self._rest_is_blank(rule, rule.columns)])
        if model is None:  # another rule asks for a column that this one does not look at
            model = self._model([*told, *self._rest_is_blank(rule, self._spoken_of)])
        assert model is not None, f"no workbook for {rule.id}"
        values = {name: SheetValues(status="unavailable") for name in self.book.rows if name != "cover"}
        values |= {sheet: self._sheet(sheet, model) for sheet in rule.sheets}
        data = build_workbook(self.city, self.respondent, self.book.report_year, values)
        return Witness(rule, breaks, data)

    def _model(self, told: Sequence[z3.BoolRef]) -> z3.ModelRef | None:
        self._solver.push()
        self._solver.add(*told)
        model = self._solver.model() if self._solver.check() == z3.sat else None
        self._solver.pop()
        return model

    def _has_data(self, rule: SymbolicRule) -> Iterator[z3.BoolRef]:
        """A sheet says that it is filled, so something of the respondent's own stands in it."""
        for sheet in rule.sheets:
            yield z3.Or(
                [
                    z3.And(row.present, z3.Not(cell.is_null))
                    for row in self.book.rows[sheet]
                    for cell in row.cells.values()
                    if not cell.column.prefilled
                ]
            )

    def _rest_is_blank(self, rule: SymbolicRule, columns: Collection[str]) -> Iterator[z3.BoolRef]:
        """What the rule does not look at is not there; as in a sheet that is filled in part."""
        for contract, row, cell in self.book.cells:
            if contract.name not in rule.sheets:
                yield z3.Not(row.present)
            elif cell.column.name not in columns and cell.column.name not in contract.key:
                yield cell.is_null
        for sheet in rule.sheets:
            yield self.book.rows[sheet][0].present

    def _sheet(self, sheet: str, model: z3.ModelRef) -> SheetValues:
        rows = [row for row in self.book.rows[sheet] if z3.is_true(model.eval(row.present, True))]
        records = [self._record(sheet, row, model) for row in rows]
        return SheetValues(records=records, status="partial")

    def _record(self, sheet: str, row: Row, model: z3.ModelRef) -> dict[str, Any]:
        given = {name: cell for name, cell in row.cells.items() if not z3.is_true(model.eval(cell.is_null, True))}
        return {name: self._value(sheet, cell, model) for name, cell in given.items()}

    def _value(self, sheet: str, cell: Cell, model: z3.ModelRef) -> Any:
        number = model.eval(cell.number, True).as_long()
        column = cell.column
        if column.codelist:
            return list(self.book.codes[column.codelist])[number]
        if column.type == "decimal":
            return Decimal(number).scaleb(-(column.decimals or 0))
        if column.type == "integer":
            return number
        if column.type == "date":
            return self.city.calendar.years[self.book.report_year].due - timedelta(days=number)
        return self._texts.get((sheet, column.name), SOME_TEXTS)[number]


def _texts_of(city_dir: Path, year: int) -> Mapping[tuple[str, str], list[str]]:
    """(sheet, column) → different texts that the sample has there, at least as many as SOME_TEXTS."""
    texts: dict[tuple[str, str], dict[str, None]] = {}
    for submission in load_samples(city_dir, year).values():
        for sheet, values in submission.items():
            for record in values.records:
                for name, text in record.items():
                    if isinstance(text, str):
                        texts.setdefault((sheet, name), {})[text] = None
    return {place: list(of) for place, of in texts.items() if len(of) >= len(SOME_TEXTS)}


def findings_of(city: City, witnesses: list[Witness]) -> list[list[Finding]]:
    """What the audit finds in each workbook, read as it would be when a school had sent it."""
    submissions = [read_workbook(each.data, str(at), each.name, city, Limits()) for at, each in enumerate(witnesses)]
    found = audit(submissions, city).findings
    return [[each for each in found if each.address.submission_id == str(at)] for at in range(len(witnesses))]
