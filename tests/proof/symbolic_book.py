"""One workbook for the solver: every cell a number that may be NULL, every rule a condition on them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import combinations

import sqlglot
import z3
from sqlglot import exp

from sources.declarations.agreement import cross_rules
from sources.declarations.city import City, codelists_of
from sources.declarations.contract import Column, Contract, contracts_for, load_contracts
from sources.declarations.judgement import Judgement, load_judgements
from sources.declarations.rule import Severity
from tests.proof.relations import RECORD, SUBMISSION, THE_SUBMISSION, Judged, SymbolicRow, judged_by
from tests.proof.three_valued import NEVER, NotTranslatedError, Value, condition

FREE_ROWS = 3
"""Rows of a table that has no fixed ones: enough for a sum, for two that differ and for one that is not there."""
TEXTS = 4
"""Different texts that a cell may hold; rules only ask whether texts are the same."""


@dataclass(frozen=True)
class Cell:
    """`number`: an integer; of a decimal, in units of its last place."""

    column: Column
    number: z3.ArithRef
    is_null: z3.BoolRef

    @property
    def value(self) -> Value:
        if self.column.type != "decimal":
            return Value(self.number, self.is_null)
        return Value(z3.ToReal(self.number) / 10 ** (self.column.decimals or 0), self.is_null)


@dataclass(frozen=True)
class Row:
    """A record of a sheet: whether it is there, and its cells by column; `code` is the one of a fixed row."""

    present: z3.BoolRef
    cells: Mapping[str, Cell]
    code: str | None = None


@dataclass(frozen=True)
class SymbolicRule:
    """A rule and everything that it judges in a workbook."""

    id: str
    severity: Severity
    judged: Sequence[Judged]
    sheets: frozenset[str]
    columns: frozenset[str]

    @cached_property
    def holds(self) -> z3.BoolRef:
        """It finds nothing."""
        return z3.And([z3.Or(z3.Not(each.present), each.holds.is_null, each.holds.holds) for each in self.judged])

    @cached_property
    def is_kept(self) -> z3.BoolRef:
        """It finds nothing, and of something it has seen that it holds."""
        seen = z3.Or([z3.And(each.present, each.holds.is_true) for each in self.judged])
        return z3.And(self.holds, seen)

    @cached_property
    def is_broken(self) -> z3.BoolRef:
        return z3.Or([z3.And(each.present, each.holds.is_false) for each in self.judged])


class SymbolicBook:
    """A respondent's workbook of a year."""

    def __init__(self, city: City, kind: str, report_year: int) -> None:
        self.contracts = contracts_for(city.pack, kind, report_year)
        self.report_year = report_year
        self._judgements = load_judgements(city.pack)
        self.codes = {
            name: {code: number for number, code in enumerate(codelist.label_of)}
            for name, codelist in codelists_of(city, report_year).items()
        }
        self.rows = {contract.name: self._rows_of(contract) for contract in self.contracts}
        self.not_translated: dict[str, str] = {}
        """Rule → what in it has no translation."""
        self.rules = {rule.id: rule for rule in self._rules(city)}

    def _rows_of(self, contract: Contract) -> list[Row]:
        codes: list[str | None] = list(self.codes[contract.rows]) if contract.rows else [None] * FREE_ROWS
        count = 1 if contract.shape == "form" else len(codes)
        is_fixed = contract.shape == "form" or contract.rows is not None
        sheet = z3.Bool(f"{contract.name} is filled")
        return [
            Row(
                sheet if is_fixed else z3.Bool(f"{contract.name}.{at} is there"),
                {
                    column.name: Cell(
                        column,
                        z3.Int(f"{contract.name}.{at}.{column.name}"),
                        z3.Bool(f"{contract.name}.{at}.{column.name} is null"),
                    )
                    for column in contract.columns_in(self.report_year)
                },
                codes[at] if contract.shape == "records" else None,
            )
            for at in range(count)
        ]

    @property
    def cells(self) -> Iterator[tuple[Contract, Row, Cell]]:
        for contract in self.contracts:
            for row in self.rows[contract.name]:
                for cell in row.cells.values():
                    yield contract, row, cell

    def limits(self) -> Iterator[z3.BoolRef]:
        """What the columns allow: bounds, codes, keys, what is possible at all."""
        for _, row, cell in self.cells:
            yield from self._limits_of(row, cell)
        for contract in self.contracts:
            yield from self._keys(contract)

    def _limits_of(self, row: Row, cell: Cell) -> Iterator[z3.BoolRef]:
        column, number = cell.column, cell.number
        if column.codelist:
            yield z3.And(number >= 0, number < len(self.codes[column.codelist]))
        elif not column.is_number:
            yield z3.And(number >= 0, number < TEXTS)
        unit = Decimal(10) ** (column.decimals or 0)
        if column.ge is not None:
            yield number >= int(column.ge * unit)
        if column.le is not None:
            yield number <= int(column.le * unit)
        judgement = self._judgements.get(column.judged) if column.judged else None
        if judgement and row.code in judgement.rows:
            judgement = self._judgements[judgement.rows[row.code]]
        if judgement:
            yield from self._possible(row, cell, judgement, unit)

    def _possible(self, row: Row, cell: Cell, judgement: Judgement, unit: Decimal) -> Iterator[z3.BoolRef]:
        if judgement.possible:
            least, most = judgement.possible.between
            yield z3.And([cell.number >= int(least * unit)] if least is not None else [])
            yield z3.And([cell.number <= int(most * unit)] if most is not None else [])
        for each in judgement.per:
            sheet, _, name = each.base.rpartition(".")
            base_row = self.rows.get(sheet, [row])[0] if sheet else row
            if name not in base_row.cells:
                continue
            base, (least, most) = base_row.cells[name].value, each.possible
            number = cell.value.number
            bounds = [number >= z3.Q(*_fraction(least)) * base.number] if least is not None else []
            bounds += [number <= z3.Q(*_fraction(most)) * base.number] if most is not None else []
            if bounds:
                there = z3.And(base_row.present, z3.Not(base.is_null), base.number > 0)
                yield z3.Implies(there, z3.And(bounds))

    def _keys(self, contract: Contract) -> Iterator[z3.BoolRef]:
        rows = self.rows[contract.name]
        for at, row in enumerate(rows):
            yield from (z3.Not(row.cells[name].is_null) for name in contract.key)
            if row.code is not None:
                (name,) = contract.key
                yield row.cells[name].number == self.codes[contract.rows or ""][row.code]
            elif contract.shape == "records" and at:
                yield z3.Implies(row.present, rows[at - 1].present)
        if contract.key and contract.rows is None:
            for one, other in combinations(rows, 2):
                same = z3.And([one.cells[name].number == other.cells[name].number for name in contract.key])
                yield z3.Not(z3.And(one.present, other.present, same))

    def whole(self) -> Iterator[z3.BoolRef]:
        """Every sheet is filled, at least one row of it, and every cell that must be."""
        for contract in self.contracts:
            yield self.rows[contract.name][0].present
        for _, row, cell in self.cells:
            if cell.column.blank != "missing":
                yield z3.Implies(row.present, z3.Not(cell.is_null))

    def _rules(self, city: City) -> Iterator[SymbolicRule]:
        for contract in self.contracts:
            for rule in contract.rules_in(self.report_year):
                sql, rows = sqlglot.parse_one(rule.expr, dialect="duckdb"), self.rows[contract.name]
                judged = [
                    Judged(
                        row.present,
                        condition(
                            sql,
                            lambda column, row=row: row.cells[column.name].value,
                            lambda compared, text, row=row: self._code(row.cells[compared.find(exp.Column).name], text),
                        ),
                    )
                    for row in rows
                ]
                name = f"{contract.name}.{rule.id}"
                yield SymbolicRule(name, rule.severity, judged, frozenset([contract.name]), frozenset(rule.columns))
        relations = {name: [self._symbolic(at, row) for at, row in enumerate(rows)] for name, rows in self.rows.items()}
        sheets_of_all = {contract.name for contract in load_contracts(city.pack)}
        for rule in cross_rules(city.pack):
            query = sqlglot.parse_one(rule.sql, dialect="duckdb")
            sheets = frozenset(table.name for table in query.find_all(exp.Table)) & sheets_of_all
            if rule.level == "submission" and rule.is_valid_in(self.report_year) and sheets <= relations.keys():
                columns = frozenset(column.name for column in query.find_all(exp.Column))
                try:
                    judged = judged_by(rule.sql, relations)
                except NotTranslatedError as error:
                    self.not_translated[rule.id] = str(error)
                else:
                    yield SymbolicRule(rule.id, rule.severity, judged, sheets, columns)

    def _code(self, cell: Cell, text: str) -> int:
        return self.codes[cell.column.codelist or ""][text]

    def _symbolic(self, at: int, row: Row) -> SymbolicRow:
        values = {name: cell.value for name, cell in row.cells.items()}
        values |= {SUBMISSION: THE_SUBMISSION, RECORD: Value(z3.IntVal(at), NEVER)}
        codes = {name: self.codes[cell.column.codelist] for name, cell in row.cells.items() if cell.column.codelist}
        return SymbolicRow(row.present, values, codes)


def _fraction(number: Decimal) -> tuple[int, int]:
    return number.as_integer_ratio()
