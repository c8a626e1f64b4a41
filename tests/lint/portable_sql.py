"""SQL that means the same on DuckDB and on Spark: refuses, in the dbt project, what does not carry over.

`python -m tests.lint.portable_sql` is part of `make check`. What it reads is the project's own text, with Jinja taken
out: an expression in `{{ }}` counts as a name, a statement in `{% %}` as nothing. Macros for one engine, with its name
in front (`spark__…`, `default__…`), are left alone, and so is SQL inside the strings of Jinja.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlglot
import yaml
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokens import Token, TokenType

from sources.system.settings import DBT_PROJECT, PROJECT_ROOT

READ_FOLDERS = ("macros", "models", "tests")

DIALECT = "duckdb"


TOKENS = {
    TokenType.QUALIFY: ("qualify", "row_number() in a subquery, and where outside of it"),
    TokenType.DCOLON: ("::", "cast(… as …)"),
    TokenType.SLASH: ("/", "exact_ratio() or whole_quotient(): 7/2 is 3.5 here and 3 there, 1/0 infinite or an error"),
    TokenType.DIV: ("//", "whole_quotient()"),
    TokenType.PIVOT: ("pivot", "max(case when … then … end), a column each"),
    TokenType.UNPIVOT: ("unpivot", "a cross join with the names, and case"),
    TokenType.L_BRACKET: ("a list or a subscript", "rows"),
    TokenType.L_BRACE: ("a struct", "columns"),
    TokenType.ARROW: ("a lambda or JSON", "rows and columns"),
    TokenType.IDENTIFIER: ('a name in ""', "an ASCII name that needs no quotes: Spark takes it for text"),
    TokenType.ASOF: ("asof join", "row_number() over the joined rows"),
}

ENGINE_SPECIFIC = "a macro with a version for each engine"


FUNCTIONS = {
    "count_if": "sum(case when … then 1 else 0 end)",
    "countif": "sum(case when … then 1 else 0 end)",
    "median": "percentile_cont(0.5) within group (order by …)",
    "quantile": "percentile_cont(…) within group (order by …)",
    "quantile_cont": "percentile_cont(…) within group (order by …)",
    "quantile_disc": "percentile_disc(…) within group (order by …)",
    "string_agg": "joined_texts()",
    "group_concat": "joined_texts()",
    "listagg": "joined_texts()",
    "list": "rows",
    "array_agg": "rows",
    "struct_pack": "columns",
    "unnest": "a cross join",
    "explode": "a cross join",
    "generate_series": "a table of the numbers",
    "range": "a table of the numbers",
    "try_cast": "cast, and an audit before loading",
    **{part: f"extract({part} from …)" for part in ("year", "month", "day", "quarter", "week", "hour", "minute")},
    "any_value": "min or max: which value it takes differs",
    "first": "min or max, or row_number() with an order",
    "last": "min or max, or row_number() with an order",
    "arg_max": "row_number() in a subquery",
    "arg_min": "row_number() in a subquery",
    "max_by": "row_number() in a subquery",
    "min_by": "row_number() in a subquery",
    "concat": "||: with a null in it, concat gives text here and null there",
    "regexp_replace": "first_number_replaced() or regexp_extract(): it replaces the first match here, all there",
    "regexp_matches": "regexp_extract(…) <> ''",
    "trim": "trim(both '…' from …): which spaces it takes off differs, and the arguments' order",
    "ltrim": "trim(leading '…' from …): the arguments' order differs",
    "rtrim": "trim(trailing '…' from …): the arguments' order differs",
    "trunc": "truncated(): it is for dates only there",
    "strftime": "extract(… from …)",
    "date_format": "extract(… from …)",
    "date_diff": "dbt.datediff()",
    "datediff": "dbt.datediff()",
    "if": "case",
    "ifnull": "coalesce",
    "nvl": "coalesce",
    "len": "length",
    "log": "ln: its base differs",
    "random": "nothing: figures do not depend on chance",
}


TYPES = {
    **dict.fromkeys(("VARCHAR", "TEXT", "CHAR", "NCHAR", "NVARCHAR"), "{{ dbt.type_string() }}"),
    **dict.fromkeys(("DOUBLE", "FLOAT"), "decimal(…, …): floating point is not exact"),
    **dict.fromkeys(("INT", "SMALLINT", "TINYINT", "INT128", "UBIGINT", "UINT"), "bigint"),
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMPTZ", "DATETIME", "TIMESTAMPNTZ"), "{{ dbt.type_timestamp() }}"),
    **dict.fromkeys(("LIST", "ARRAY", "STRUCT", "MAP", "JSON"), "rows and columns"),
}

TRUTHS = (exp.Predicate, exp.Connector, exp.Not, exp.Boolean)


@dataclass(frozen=True)
class Offence:
    """Something that does not carry over to another engine: its line (from 1), what it is, what to write instead."""

    line: int
    construct: str
    instead: str


def offences(text: str) -> list[Offence]:
    """What does not carry over in the text of a model, macro or test file."""
    return sorted(
        {offence for unit in _units(text) for offence in _of_unit(unit)}, key=lambda each: (each.line, each.construct)
    )


def offences_in_yaml(text: str) -> list[Offence]:
    """What does not carry over in the conditions of the tests in a properties file."""
    return [
        Offence(node.start_mark.line + offence.line, offence.construct, offence.instead)
        for node in _conditions(yaml.compose(text, Loader=yaml.SafeLoader))
        for offence in offences(f"select {node.value}")
    ]


def project_offences(project: Path = DBT_PROJECT) -> Iterator[tuple[Path, Offence]]:
    """(file, offence) for all models, macros and tests of a dbt project."""
    for path in sorted(path for folder in READ_FOLDERS for path in (project / folder).rglob("*")):
        if path.suffix in (".sql", ".yml"):
            find = offences if path.suffix == ".sql" else offences_in_yaml
            for offence in find(path.read_text("utf-8")):
                yield path, offence


def _conditions(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.SequenceNode):
        for child in node.value:
            yield from _conditions(child)
    elif isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            if key.value in ("condition", "is_total") and isinstance(child, yaml.ScalarNode):
                yield child
            else:
                yield from _conditions(child)


def _units(text: str) -> Iterator[str]:
    """The parts of a file that are SQL by themselves, without Jinja, each on the lines where it stands."""
    text = re.sub(r"\{#.*?#\}", _blank, text, flags=re.DOTALL)
    block = re.compile(r"\{%-?\s*(macro|test)\s+(\w+).*?%\}(.*?)\{%-?\s*end\1\s*-?%\}", re.DOTALL)
    outside = text
    for found in block.finditer(text):
        outside = outside.replace(found[0], _blank(found))
        if "__" not in found[2]:
            yield _without_jinja("\n" * text.count("\n", 0, found.start(3)) + found[3])
    yield _without_jinja(outside)


def _blank(found: re.Match[str] | str) -> str:
    """Nothing, on as many lines."""
    return "\n" * (found if isinstance(found, str) else found[0]).count("\n") or " "


def _without_jinja(text: str) -> str:
    text = re.sub(r"\{%.*?%\}", _blank, text, flags=re.DOTALL)
    # a whole query made by a macro, and a separator in a loop
    text = re.sub(
        r"(\bas\s*\(\s*)\{\{(.*?)\}\}(?=\s*\))",
        lambda m: f"{m[1]}select 1 as made{_blank(m[2])}",
        text,
        flags=re.DOTALL,
    )
    text = re.sub(r"\{\{-?\s*\",\"\s+if.*?\}\}", _blank, text, flags=re.DOTALL)
    if re.fullmatch(r"\s*\{\{((?!\}\}).)*\}\}\s*", text, flags=re.DOTALL):
        return ""
    return re.sub(r"\{\{.*?\}\}", lambda found: "jinja" + _blank(found), text, flags=re.DOTALL)


def _of_unit(sql: str) -> Iterator[Offence]:
    if not sql.strip():
        return
    try:
        tokens = sqlglot.tokenize(sql, read=DIALECT)
    except TokenError as error:
        yield Offence(1, f"text that is no SQL ({error})", "SQL")
        return
    if tokens:
        yield from _of_tokens(tokens)
        yield from _of_tree(sql, tokens[0].line)


def _of_tokens(tokens: Sequence[Token]) -> Iterator[Offence]:
    for position, token in enumerate(tokens):
        following = tokens[position + 1 :]
        after = following[0].text.lower() if following else ""
        word = token.text.lower()
        if token.token_type in TOKENS:
            yield Offence(token.line, *TOKENS[token.token_type])
        elif word in FUNCTIONS and after == "(" and not _is_portable_call(word, following):
            yield Offence(token.line, f"{word}()", FUNCTIONS[word])
        elif token.token_type == TokenType.STRING and "\\" in token.text:
            yield Offence(token.line, r"\ in a text", "a class such as [0-9] or [.]: Spark takes \\ for an escape")
        elif token.token_type == TokenType.STAR and after in ("exclude", "except", "replace"):
            yield Offence(token.line, f"* {after}", "the columns, one by one")
        elif token.token_type in (TokenType.GROUP_BY, TokenType.ORDER_BY) and after == "all":
            yield Offence(token.line, f"{token.text.lower()} all", "the columns, one by one")
        elif token.token_type == TokenType.ORDER_BY:
            for line in _without_place_for_nulls(following):
                yield Offence(line, "order by without a place for nulls", "nulls first or nulls last")
        elif token.token_type == TokenType.DECIMAL and after != "(":
            yield Offence(token.line, "decimal without digits", "decimal(…, …): how many there are by default differs")
        elif token.token_type == TokenType.VAR and not token.text.isascii():
            yield Offence(token.line, f"the name {token.text}", "an ASCII name; Chinese is data")


def _is_portable_call(function: str, following: Sequence[Token]) -> bool:
    """Whether a call is of the form that both engines understand alike: `trim(both … from …)`."""
    return function == "trim" and len(following) > 1 and following[1].text.lower() in ("both", "leading", "trailing")


def _without_place_for_nulls(following: Sequence[Token]) -> Iterator[int]:
    """The lines of the terms of an `order by` that do not say where nulls go."""
    depth, has_place, line = 0, False, following[0].line if following else 0
    for token in following:
        word = token.text.lower()
        if depth == 0 and word in (")", "limit", "rows", "range", "union", "offset"):
            break
        if depth == 0 and word == ",":
            if not has_place:
                yield line
            has_place, line = False, token.line
        depth += {"(": 1, ")": -1}.get(word, 0)
        has_place = has_place or (depth == 0 and word == "nulls")
    if not has_place:
        yield line


def _of_tree(sql: str, first_line: int) -> Iterator[Offence]:
    tree = _tree(sql)
    if tree is None:
        yield Offence(
            first_line, "text that cannot be read as SQL", "SQL as both engines know it, or " + ENGINE_SPECIFIC
        )
        return
    for node in tree.walk():
        if isinstance(node, exp.Cast) and node.to.this.name in TYPES:
            yield Offence(_line(node, first_line), f"the type {node.to.this.name.lower()}", TYPES[node.to.this.name])
        elif isinstance(node, exp.Sum | exp.Avg) and isinstance(node.this, TRUTHS):
            yield Offence(_line(node, first_line), "a sum of conditions", "sum(case when … then 1 else 0 end)")
        elif isinstance(node, exp.Select):
            yield from _aliases_used_too_early(node, first_line)


def _tree(sql: str) -> exp.Expr | None:
    """The query, or the expression, that the text is."""
    for form in (sql, f"select {sql}"):
        try:
            return sqlglot.parse_one(form, read=DIALECT)
        except ParseError:
            continue
    return None


def _aliases_used_too_early(select: exp.Select, first_line: int) -> Iterator[Offence]:
    """Aliases of a select that it uses itself: in a later column, in where or having."""
    made: set[str] = set()
    for column in select.expressions:
        for used in _names(column):
            if used.name in made:
                yield Offence(_line(used, first_line), f"the alias {used.name} in a later column", "a CTE")
        if isinstance(column, exp.Alias) and column.alias not in {used.name for used in _names(column)}:
            made.add(column.alias)
    for clause in ("where", "having"):
        for used in _names(select.args.get(clause)):
            if used.name in made:
                yield Offence(_line(used, first_line), f"the alias {used.name} in {clause}", "the expression, or a CTE")


def _names(node: exp.Expr | None) -> list[exp.Column]:
    """The columns named without a table, those of inner queries left out."""
    if node is None:
        return []
    walked = node.walk(prune=lambda each: isinstance(each, exp.Query))
    return [each for each in walked if isinstance(each, exp.Column) and not each.table]


def _line(node: exp.Expr, otherwise: int) -> int:
    return next((each.meta["line"] for each in node.walk() if "line" in each.meta), otherwise)


def main() -> int:
    """Prints every offence; 1 if there is one."""
    found = list(project_offences())
    for path, offence in found:
        print(
            f"{path.relative_to(PROJECT_ROOT)}:{offence.line}: {offence.construct} does not carry over to Spark;"
            f" write {offence.instead}"
        )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
