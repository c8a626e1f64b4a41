"""A rule's SQL as a spreadsheet formula, of functions that WPS, Excel and LibreOffice share.

SQL has three answers, a spreadsheet two; so a condition becomes two formulas, `holds` and `fails`, each 1 or 0; where
an input is missing, both are 0. They use `*` and `+`, not AND and OR, so that the same formula judges one cell or each
row of a table (as an array). What cannot be said so is told by `CannotSayError`, never approximated.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import sqlglot
from sqlglot import expressions as sql

from sources.declarations.codelist import CodeList

COMPARISONS: dict[type[sql.Expr], tuple[str, str]] = {
    sql.EQ: ("=", "等于"),
    sql.NEQ: ("<>", "不等于"),
    sql.LT: ("<", "少于"),
    sql.LTE: ("<=", "不多于"),
    sql.GT: (">", "多于"),
    sql.GTE: (">=", "不少于"),
}
"""Of SQL → the sign of a spreadsheet, and the words."""
ARITHMETIC: dict[type[sql.Expr], tuple[str, str]] = {
    sql.Add: ("+", "＋"),
    sql.Sub: ("-", "－"),
    sql.Mul: ("*", "×"),
}
DIGITS = 6
"""To which differences are rounded: a spreadsheet adds 0.1 and 0.2 to something else than 0.3."""


class CannotSayError(Exception):
    """The SQL asks for something that the shared functions cannot say; the text says for what."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value in a formula: `known` is 1 where there is one, `text` gives it there.

    `words` name it. `codelist` of a code, whose cells hold labels. `rows`: the cells of a whole column of a table.
    """

    known: str
    text: str
    words: str
    codelist: CodeList | None = None
    is_number: bool = True
    rows: str | None = None


@dataclass(frozen=True, slots=True)
class Truth:
    """A condition: two formulas that are 1 or 0, and never both 1."""

    holds: str
    fails: str


@dataclass(frozen=True, slots=True)
class Compared:
    """The two sides of a rule that is one comparison of numbers, and the comparison in words."""

    left: Value
    right: Value
    words: str


Resolve = Callable[[sql.Column], Value]
"""A column of the SQL → where it stands. Raises CannotSayError."""


@lru_cache(maxsize=1024)
def parsed(text: str) -> sql.Expr:
    return sqlglot.parse_one(text, read="duckdb")


def truth(node: sql.Expr, resolve: Resolve) -> Truth:
    """A boolean expression as a Truth. Raises CannotSayError."""
    match node:
        case sql.Paren():
            return truth(node.this, resolve)
        case sql.Not():
            inner = truth(node.this, resolve)
            return Truth(inner.fails, inner.holds)
        case sql.And():
            a, b = truth(node.left, resolve), truth(node.right, resolve)
            return Truth(times(a.holds, b.holds), either(a.fails, b.fails))
        case sql.Or():
            a, b = truth(node.left, resolve), truth(node.right, resolve)
            return Truth(either(a.holds, b.holds), times(a.fails, b.fails))
        case sql.Is() if isinstance(node.expression, sql.Null):
            known = value(node.this, resolve).known
            return Truth(negated(known), known)
        case sql.In() if node.expressions:
            return truth(sql.or_(*(sql.EQ(this=node.this, expression=each) for each in node.expressions)), resolve)
        case sql.Case() if len(node.args["ifs"]) == 1 and node.this is None and node.args.get("default") is None:
            (branch,) = node.args["ifs"]
            when, then = truth(branch.this, resolve), truth(branch.args["true"], resolve)
            return Truth(times(when.holds, then.holds), times(when.holds, then.fails))
        case _ if type(node) in COMPARISONS:
            return _comparison(node, resolve)
    raise CannotSayError(type(node).__name__)


def compared(node: sql.Expr, resolve: Resolve) -> Compared | None:
    """The two sides of a condition that is one comparison of two numbers; None of any other."""
    if type(node) not in COMPARISONS or _is_text(node.this) or _is_text(node.expression):
        return None
    left, right = value(node.this, resolve), value(node.expression, resolve)
    words = f"{left.words}{COMPARISONS[type(node)][1]}{right.words}"
    return Compared(left, right, words) if left.is_number and right.is_number else None


def _comparison(node: sql.Expr, resolve: Resolve) -> Truth:
    sign, _ = COMPARISONS[type(node)]
    sides = [node.this, node.expression]
    values = [None if _is_text(side) else value(side, resolve) for side in sides]
    coded = next((each for each in values if each is not None and not each.is_number), None)
    left, right = (
        each or _literal(side, coded.codelist if coded else None) for each, side in zip(values, sides, strict=True)
    )
    known = times(left.known, right.known)
    if left.is_number != right.is_number:
        raise CannotSayError("a number compared with a text")
    if left.is_number:
        holds = f"ROUND({left.text}-{_term(right.text)},{DIGITS}){sign}0"
    elif sign in ("=", "<>"):
        holds = f"{left.text}{sign}{right.text}"
    else:
        raise CannotSayError("texts in an order")
    if known == "1":
        return Truth(f"({holds})*1", f"1-({holds})*1")
    return Truth(f"IF({known},({holds})*1,0)", f"IF({known},1-({holds})*1,0)")


def value(node: sql.Expr, resolve: Resolve) -> Value:
    """An expression that is a value. Raises CannotSayError."""
    match node:
        case sql.Paren():
            return value(node.this, resolve)
        case sql.Column():
            return resolve(node)
        case sql.Literal() if not node.is_string:
            return Value("1", str(node.this), str(node.this))
        case sql.Neg():
            inner = value(node.this, resolve)
            return Value(inner.known, f"(-{inner.text})", f"－{inner.words}")
        case sql.Abs():
            inner = value(node.this, resolve)
            return Value(inner.known, f"ABS({inner.text})", inner.words)
        case sql.Coalesce() if len(node.expressions) == 1:
            first, instead = node.this, node.expressions[0]
            a = value(first, resolve)
            b = _literal(instead, a.codelist) if _is_text(instead) else value(instead, resolve)
            words = a.words if isinstance(instead, sql.Literal) else f"{a.words}（没有填时：{b.words}）"
            known = "1" if b.known == "1" else either(a.known, b.known)
            return Value(known, f"IF({a.known},{a.text},{b.text})", words, a.codelist, a.is_number)
        case _ if type(node) in ARITHMETIC:
            sign, word = ARITHMETIC[type(node)]
            a, b = value(node.this, resolve), value(node.expression, resolve)
            if not (a.is_number and b.is_number):
                raise CannotSayError("sums of texts")
            return Value(times(a.known, b.known), f"({a.text}{sign}{b.text})", f"{a.words}{word}{b.words}")
    raise CannotSayError(type(node).__name__)


def _is_text(node: sql.Expr) -> bool:
    return isinstance(node, sql.Literal) and node.is_string


def _literal(node: sql.Expr, codelist: CodeList | None) -> Value:
    """A text of the SQL: a code stands in the cells by its label."""
    text = str(node.this)
    shown = codelist.label_of.get(text, text) if codelist else text
    return Value("1", quoted(shown), f"“{shown}”", codelist, is_number=False)


def quoted(text: str) -> str:
    """A text as a formula has it."""
    return '"{}"'.format(text.replace('"', '""'))


def times(*factors: str) -> str:
    """All of them, each 1 or 0."""
    if "0" in factors:
        return "0"
    kept = list(dict.fromkeys(_term(factor) for factor in factors if factor != "1"))
    return "*".join(kept) or "1"


def either(a: str, b: str) -> str:
    """One of two, each 1 or 0."""
    if "1" in (a, b):
        return "1"
    if "0" in (a, b):
        return b if a == "0" else a
    return f"(({a})+({b})>0)*1"


def negated(a: str) -> str:
    return f"1-{_term(a)}"


def _term(text: str) -> str:
    """A formula that can stand between operators."""
    is_plain = all(letter.isalnum() or letter in "'!$:._" for letter in text)
    return text if is_plain or _is_enclosed(text) else f"({text})"


def _is_enclosed(text: str) -> bool:
    """Whether a text is one call or one pair of brackets from end to end."""
    start = text.find("(")
    if not text.endswith(")") or start < 0 or not (start == 0 or text[:start].isalpha()):
        return False
    depth = 0
    in_quotes = False
    for number, letter in enumerate(text):
        in_quotes ^= letter == '"'
        if in_quotes:
            continue
        depth += (letter == "(") - (letter == ")")
        if depth == 0 and number >= start and number < len(text) - 1:
            return False
    return True


def summed(parts: Sequence[str]) -> str:
    return "+".join(parts) or "0"
