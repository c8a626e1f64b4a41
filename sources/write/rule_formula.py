"""The rules of one workbook as formulas over its cells: rules within a sheet, across its sheets, and against last year.

Each is derived from the rule's own SQL; nothing is said twice. A rule that the shared functions cannot say is named
with the reason, and left to `nianbao check` and to the run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from string import Formatter

from sqlglot import expressions as sql

from sources.declarations.agreement import cross_rules
from sources.declarations.codelist import CodeList, load_codelists
from sources.declarations.contract import Column, Contract, contract_named, load_contracts
from sources.declarations.headings import GONE
from sources.declarations.pack import Pack
from sources.declarations.rule import CrossRule, RowRule, Severity
from sources.write.formula import (
    CannotSayError,
    Resolve,
    Truth,
    Value,
    compared,
    parsed,
    quoted,
    times,
    truth,
    value,
)
from sources.write.layout import FORM_LAST_YEAR, BookLayout, SheetLayout

LAST_YEAR = "_last_year"
KEYS = ("submission_id", "respondent_code")
"""By which the sheets of one workbook, and those of last year's, are joined."""
EMPTY_STATUS = ("none", "unavailable")
PARTIAL_STATUS = (*EMPTY_STATUS, "partial")
"""With these a blank cell is said to be one."""


@dataclass(frozen=True, slots=True)
class RuleFormula:
    """One rule of a workbook. `fails` and `holds` count (of a form: 1 or 0); `first` is the first row that fails (of a
    table, else None). `left`, `right`: the sides of a rule that is one comparison. `shown`: name of the message → text.
    """

    rule_id: str
    sheet: str
    severity: Severity
    words: str
    """What should be, where that is one comparison; else '', and the message says what should not be."""
    message: str
    fix: str
    fails: str
    holds: str
    first: str | None = None
    left: str | None = None
    right: str | None = None
    adds_up: bool = False
    """Whether a total is held against its parts."""
    of_last_year: bool = False
    shown: Mapping[str, Value] = field(default_factory=dict)
    first_row: int = 0


@dataclass(frozen=True, slots=True)
class Unsaid:
    """A rule that the workbook's formulas cannot judge, and why."""

    rule_id: str
    sheet: str
    message: str
    why: str


@dataclass(frozen=True, slots=True)
class Book:
    """A workbook whose cells the formulas name: its layout, and what stands in its cells."""

    pack: Pack
    layout: BookLayout

    def sheet(self, name: str) -> SheetLayout:
        if name not in self.layout.by_name:
            raise CannotSayError(f"sheet {name}")
        return self.layout.by_name[name]


@dataclass(frozen=True, slots=True)
class QuerySource:
    """What a query takes rows from: values by column, 1 where the row is there, and the cells of its rows if many."""

    values: Mapping[str, Value]
    is_there: str
    rows: str | None = None
    first_row: int = 0


@lru_cache(maxsize=64)
def rules_of(pack: Pack, report_year: int, layout: BookLayout) -> tuple[RuleFormula | Unsaid, ...]:
    """Every rule about the workbook's sheets that a file, or a file and last year's, is enough for; in their order.

    A rule about a sheet that the year does not ask for is none of them; nor is one about last year where the template
    prints nothing of it.
    """
    book = Book(pack, layout)
    found: list[RuleFormula | Unsaid] = []
    for sheet in layout.sheets:
        contract = contract_named(pack, sheet.name)
        for rule in contract.rules_in(report_year):
            try:
                found.append(_row_rule(rule, contract, book))
            except CannotSayError as error:
                found.append(Unsaid(f"{sheet.name}.{rule.id}", contract.title, rule.message, str(error)))
    for cross in (rule for rule in cross_rules(pack) if _is_asked(rule, book, report_year)):
        title = contract_named(pack, cross.sheet).title
        try:
            found.append(_cross_rule(cross, title, book))
        except CannotSayError as error:
            found.append(Unsaid(cross.id, title, cross.message, str(error)))
    return tuple(found)


def _is_asked(rule: CrossRule, book: Book, report_year: int) -> bool:
    """Whether the workbook has what the rule looks at."""
    sheets = book.layout.by_name
    if rule.sheet not in sheets or rule.needs == "others":
        return False
    if rule.needs == "last_year" and not any(sheet.has_last_year for sheet in book.layout.sheets):
        return False
    if not rule.is_valid_in(report_year):
        return False
    frames = {table.name.removesuffix(LAST_YEAR) for table in parsed(rule.sql).find_all(sql.Table)}
    return all(each.is_valid_in(report_year) for each in load_contracts(book.pack) if each.name in frames)


def _row_rule(rule: RowRule, contract: Contract, book: Book) -> RuleFormula:
    source = _source(book, contract.name)
    node = parsed(rule.expr)
    resolve = _by_name({"": source})
    made = _made(node, resolve, source, source.is_there)
    return replace(
        made,
        rule_id=f"{contract.name}.{rule.id}",
        sheet=contract.title,
        severity=rule.severity,
        message=rule.message,
        fix=rule.fix,
        shown=dict(source.values),
        adds_up=_adds(node),
    )


def _cross_rule(rule: CrossRule, title: str, book: Book) -> RuleFormula:
    query = parsed(rule.sql)
    if not isinstance(query, sql.Select):
        raise CannotSayError(type(query).__name__)
    of_workbook = {table.name.removesuffix(LAST_YEAR) for table in query.find_all(sql.Table)}
    is_one = len(of_workbook & book.layout.by_name.keys()) == 1
    made_of: dict[str, QuerySource] = {}
    for cte in query.ctes:
        made_of[cte.alias] = _aggregate(cte.this, book)
    sources = {
        table.alias_or_name: made_of.get(table.name) or _source(book, table.name, is_one_of_many=not is_one)
        for table in _tables(query)
    }
    of_rows = [source for source in sources.values() if source.rows is not None]
    if len(of_rows) > 1:
        raise CannotSayError("two tables row by row")
    resolve = _by_name(sources)
    is_there = times(*(source.is_there for source in sources.values()))
    if where := query.args.get("where"):
        is_there = times(is_there, truth(where.this, resolve).holds)
    outputs = {each.alias_or_name: each.unalias() for each in query.expressions}
    made = _made(outputs["holds"], resolve, of_rows[0] if of_rows else QuerySource({}, "1"), is_there)
    wanted = {name for _, name, _, _ in Formatter().parse(rule.message) if name}
    return replace(
        made,
        rule_id=rule.id,
        sheet=title,
        severity=rule.severity,
        message=rule.message,
        fix=rule.fix,
        shown={name: value(outputs[name], resolve) for name in wanted},
        adds_up=query.find(sql.Sum) is not None,
        of_last_year=rule.needs == "last_year",
    )


def _made(node: sql.Expr, resolve: Resolve, source: QuerySource, is_there: str) -> RuleFormula:
    """The formulas of a condition; over the rows of `source` they count."""
    judged: Truth = truth(node, resolve)
    fails, holds = times(is_there, judged.fails), times(is_there, judged.holds)
    sides = compared(node, resolve)
    is_plain = sides is not None and not any(node.find(each) for each in (sql.Mul, sql.Abs, sql.Literal))
    made = RuleFormula(
        *("", "", "error", sides.words if sides and is_plain else "", "", ""),
        fails=fails,
        holds=holds,
        first_row=source.first_row,
    )
    if source.rows is None:
        return replace(made, left=_shown(sides.left), right=_shown(sides.right)) if sides else made
    first = f"MIN(IF({fails},ROW({source.rows})))"
    return replace(made, fails=f"SUM({fails})", holds=f"SUM({holds})", first=first)


def _shown(side: Value) -> str:
    number = side.text if "(" not in side.text else f"ROUND({side.text},2)"
    return number if side.known == "1" else f'IF({side.known},{number},"")'


def _adds(node: sql.Expr) -> bool:
    """Whether a condition is a comparison with a sum on one side."""
    return type(node) in (sql.EQ, sql.LTE, sql.GTE) and any(
        isinstance(each, sql.Add) for each in node.iter_expressions()
    )


def _tables(query: sql.Select) -> list[sql.Table]:
    """FROM and JOINs, each joined by the keys of a submission and by nothing else. Raises CannotSayError."""
    tables = [query.args["from_"].this]
    for join in query.args.get("joins") or ():
        on = join.args.get("on")
        names = {each.name for each in on.find_all(sql.Column)} if isinstance(on, sql.EQ) else set()
        is_key = len(names) == 1 and names <= set(KEYS) and on.find(sql.Literal) is None
        if not is_key:
            raise CannotSayError("a join by something else than the respondent")
        tables.append(join.this)
    if not all(isinstance(table, sql.Table) for table in tables):
        raise CannotSayError("a query within a query")
    return tables


def _by_name(sources: Mapping[str, QuerySource]) -> Resolve:
    def resolve(column: sql.Column) -> Value:
        if column.table:
            found = [sources[column.table]] if column.table in sources else []
        else:
            found = [source for source in sources.values() if column.name in source.values]
        if len(found) != 1 or column.name not in found[0].values:
            raise CannotSayError(f"column {column.sql()}")
        return found[0].values[column.name]

    return resolve


def _aggregate(query: sql.Expr, book: Book) -> QuerySource:
    """Sums, counts, greatest and least values of a table of this workbook. Raises CannotSayError."""
    if not isinstance(query, sql.Select) or query.args.get("joins") or query.ctes:
        raise CannotSayError("a query within a query")
    group = query.args.get("group")
    if group is None or [each.name for each in group.expressions] != [KEYS[0]]:
        raise CannotSayError("groups")
    table = query.args["from_"].this
    source = _source(book, table.name, is_one_of_many=True)
    resolve = _by_name({table.alias_or_name: source})
    rows = source.is_there
    if where := query.args.get("where"):
        rows = times(rows, truth(where.this, resolve).holds)
    values: dict[str, Value] = {}
    for each in query.expressions:
        if each.alias_or_name not in KEYS and not isinstance(each.unalias(), sql.Min | sql.Column):
            values[each.alias_or_name] = _of_rows(each.unalias(), resolve, rows, book.sheet(table.name).title)
    return QuerySource(values, f"(SUM({rows})>0)*1")


def _of_rows(node: sql.Expr, resolve: Resolve, rows: str, title: str) -> Value:
    there = f"(SUM({rows})>0)*1"
    if isinstance(node, sql.Count) and isinstance(node.this, sql.Star):
        return Value(there, f"SUM({rows})", f"“{title}”的行数")
    if isinstance(node, sql.Count | sql.Sum | sql.Max) and isinstance(node.this, sql.Column):
        column = resolve(node.this)
        taken = times(rows, column.known)
        if isinstance(node, sql.Count):
            return Value(there, f"SUM({taken})", f"{column.words}填了的行数")
        if isinstance(node, sql.Sum):
            return Value(there, f"SUM(IF({taken},{column.text},0))", f"{column.words}之和")
        return Value(f"(SUM({taken})>0)*1", f"MAX(IF({taken},{column.text}))", f"最大的{column.words}")
    raise CannotSayError(node.sql())


def _source(book: Book, frame: str, is_one_of_many: bool = False) -> QuerySource:
    """A sheet of this workbook, or last year's values beside it."""
    name = frame.removesuffix(LAST_YEAR)
    layout, contract = book.sheet(name), contract_named(book.pack, name)
    prefix = f"“{layout.title}”" if is_one_of_many else ""
    columns = [contract.column(each) for each in layout.columns]
    if name != frame:
        if not layout.is_form:
            raise CannotSayError("last year's rows")
        last_year = (layout.cell(layout.first_row + number, FORM_LAST_YEAR) for number in range(layout.rows))
        pairs = zip(columns, last_year, strict=True)
        return QuerySource({each.name: _value(cells, each, book, f"上年{prefix}") for each, cells in pairs}, "1")
    values = {each.name: _value(layout.values(each.name), each, book, prefix) for each in columns}
    if layout.is_form:
        return QuerySource(values, is_filled(layout, book.pack))
    rows = layout.values(layout.columns[0])
    values = {each: replace(found, rows=found.text) for each, found in values.items()}
    return QuerySource(values, times(is_filled(layout, book.pack), has_something(layout)), rows, layout.first_row)


def _value(cells: str, column: Column, book: Book, prefix: str) -> Value:
    words = prefix + column.label.removeprefix("其中：")
    if column.is_number:
        return Value(f"ISNUMBER({cells})*1", cells, words)
    codelist: CodeList | None = load_codelists(book.pack).get(column.codelist or "")
    known = f'({cells}<>"")*1'
    if column.codelist in book.layout.list_cells:
        known = f"ISNUMBER(MATCH({cells},{book.layout.list_cells[column.codelist]},0))*1"
    return Value(known, cells, words, codelist, is_number=False)


def is_filled(layout: SheetLayout, pack: Pack, but: Sequence[str] = EMPTY_STATUS) -> str:
    """Whether the sheet says, or leaves open, that it has data; more exactly: that its status is none of `but`."""
    if layout.status_at is None:
        return "1"
    labels = (load_codelists(pack)["sheet_status"].label_of[code] for code in but)
    return times(*(f"({layout.cell(*layout.status_at)}<>{quoted(label)})*1" for label in labels))


def has_something(layout: SheetLayout) -> str:
    """Which rows of a table have something in them: 1 or 0 a row."""
    joined = "&".join(layout.values(name) for name in layout.columns)
    if layout.rolled:  # a row of last year's list that was struck is none
        return f'({joined}<>"")*({layout.still}<>{quoted(GONE)})*1'
    return f'({joined}<>"")*1'


def message_of(rule: RuleFormula, row: str) -> str:
    """The rule's message as a formula, with the cells' values of now; `row` is the cell with the first failing row."""
    parts: list[str] = []
    for text, name, _, _ in Formatter().parse(rule.message):
        if text:
            parts.append(quoted(text))
        if name:
            parts.append(_told(rule.shown.get(name), rule, row))
    return "&".join(parts)


def _told(found: Value | None, rule: RuleFormula, row: str) -> str:
    if found is None:
        return quoted("…")
    if found.rows is not None:
        return f"INDEX({found.rows},{row}-{rule.first_row})"
    return found.text if rule.first is None or "$" in found.text else quoted("…")
