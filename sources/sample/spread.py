"""Spreads a total that the report prints over the schools of its scope, so that it adds up exactly.

`samples/totals.csv` has one line for each such total; `nianbao spread` writes the schools' lines from it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import polars as pl

from sources.declarations.city import City, codelists_of
from sources.declarations.contract import Contract, load_contracts
from sources.sample.pour import load_samples, sample_years, scope_members
from sources.sample.sample_lines import (
    PROVENANCE,
    VALUE_FIELDS,
    columns_of,
    has_one_line_a_value,
    read_checked,
    read_lines_of,
)
from sources.system.csv_file import lines_text

TOTALS_FILE = "totals.csv"
TOTALS_FIELDS = (
    *("year", "sheet", "row", "item", "scope", "where"),
    *("how", "total", "at_least", "weight", "provenance", "source"),
)
HOW = ("spread", "repeat", "derive")
Lines = dict[Path, list[dict[str, str]]]


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """Spreads an integer total over the weights by largest remainder; the parts add up to it exactly.

    No part exceeds its weight unless the total exceeds the sum of the weights. Ties go to the earlier one.

    Raises ValueError when a positive total meets no positive weight.
    """
    whole = sum(weights)
    if whole == 0:
        if total:
            raise ValueError(f"cannot spread {total} over weights that are all zero")
        return [0] * len(weights)
    quotas = [Fraction(total * weight, whole) for weight in weights]
    parts = [int(quota) for quota in quotas]
    by_remainder = sorted(range(len(weights)), key=lambda i: (parts[i] - quotas[i], i))
    for index in by_remainder[: total - sum(parts)]:
        parts[index] += 1
    return parts


def spread_totals(city: City, city_dir: Path) -> dict[Path, str]:
    """The sample files with every line of totals.csv worked off: path → new text.

    A line names year, sheet, row (of fixed rows), item, scope and `where` (which schools of it), and how:

    - `spread`: each school gets `at_least`, and what is left of the total is spread by `weight`;
    - `repeat`: each school gets the total itself (one printed value for all);
    - `derive`: each school gets the value of `at_least`.

    Expressions are SQL over the items, named `<item>_<year>` or `<item>_<row>_<year>`. Lines are worked off in
    order, so that one may use what an earlier one has spread. Items without a line are left as they are.
    """
    # Long: each line of the totals sees what the lines before it have spread.
    contracts = {contract.name: contract for contract in load_contracts(city.pack) if has_one_line_a_value(contract)}
    totals = _totals(city, city_dir, contracts)
    lines: Lines = {}
    for year in sample_years(city_dir):
        for name in contracts:
            path = city_dir / "samples" / str(year) / f"{name}.csv"
            own = {(t["row"], t["item"]) for t in totals if (t["year"], t["sheet"]) == (str(year), name)}
            if own or path.exists():
                lines[path] = [
                    line
                    for _, line in read_lines_of(path, contracts[name], city)
                    if (line["row"], line["item"]) not in own
                ]
    members = {
        (str(year), scope.code): _members(city, city_dir, year, scope.code)
        for year in sample_years(city_dir)
        for scope in city.scopes
    }
    public = _public_schools(city, city_dir)
    for total in totals:
        schools = members[total["year"], total["scope"]]
        if total["where"]:
            kept = _evaluate(lines, public, schools, total["where"])
            schools = [school for school, keep in zip(schools, kept, strict=True) if keep]
        path = city_dir / "samples" / total["year"] / f"{total['sheet']}.csv"
        for school, value in zip(schools, _parts(total, lines, public, schools), strict=True):
            new = (school, total["row"], total["item"], value, total["provenance"], total["source"])
            lines[path].append(dict(zip(VALUE_FIELDS, new, strict=True)))
    order = {respondent.code: position for position, respondent in enumerate(city.respondents)}
    return {path: _text(contracts[path.stem], rows, order, city) for path, rows in lines.items()}


def _totals(city: City, city_dir: Path, contracts: Mapping[str, Contract]) -> list[dict[str, str]]:
    """The lines of totals.csv. Raises DeclarationError for a word that is not declared, with file and line."""
    known = {
        "year": list(map(str, sample_years(city_dir))),
        "sheet": list(contracts),
        "scope": [scope.code for scope in city.scopes],
        "how": HOW,
        "provenance": list(PROVENANCE),
    }
    path = city_dir / "samples" / TOTALS_FILE
    return [
        line
        for _, line in read_checked(
            path, TOTALS_FIELDS, lambda line: known | {"item": columns_of(city.pack, line["sheet"])}
        )
    ]


def _parts(total: Mapping[str, str], lines: Lines, public: set[str], schools: list[str]) -> list[str]:
    if total["how"] == "repeat":
        return [total["total"]] * len(schools)
    at_least = _evaluate(lines, public, schools, total["at_least"] or "0")
    if total["how"] == "derive":
        return [str(value) for value in at_least]
    places = -int(Decimal(total["total"]).as_tuple().exponent)
    rest = int(Decimal(total["total"]).scaleb(places)) - sum(at_least)
    parts = apportion(rest, _evaluate(lines, public, schools, total["weight"]))
    return [str(Decimal(least + part).scaleb(-places)) for least, part in zip(at_least, parts, strict=True)]


def _members(city: City, city_dir: Path, report_year: int, scope_code: str) -> list[str]:
    roster = load_samples(city_dir, report_year)[_bureau(city)]["roster"].records
    return scope_members(city, next(scope for scope in city.scopes if scope.code == scope_code), roster)


def _public_schools(city: City, city_dir: Path) -> set[str]:
    rosters = [load_samples(city_dir, year)[_bureau(city)]["roster"].records for year in sample_years(city_dir)]
    return {str(school["school_code"]) for roster in rosters for school in roster if school["ownership"] == "public"}


def _bureau(city: City) -> str:
    return next(respondent.code for respondent in city.respondents if respondent.kind == "bureau")


def _evaluate(lines: Lines, public: set[str], schools: list[str], expression: str) -> list[int]:
    """The expression's value for each school; `is_public` is 1 for a public school."""
    values: dict[str, dict[str, int]] = defaultdict(dict)
    for path, rows in lines.items():
        for row in rows:
            if row["value"].isdigit():
                parts = (row["item"], row["row"], path.parent.name)
                values["_".join(filter(None, parts))][row["respondent"]] = int(row["value"])
    frame = pl.DataFrame({name: [of.get(school) for school in schools] for name, of in values.items()})
    frame = frame.with_columns(is_public=pl.Series([int(school in public) for school in schools]))
    return frame.with_columns(result=pl.sql_expr(expression)).get_column("result").to_list()


def _text(contract: Contract, rows: list[dict[str, str]], order: Mapping[str, int], city: City) -> str:
    items = {column.name: position for position, column in enumerate(contract.columns)}
    codes = [code.code for code in codelists_of(city)[contract.rows].codes] if contract.rows else [""]
    ordered = sorted(rows, key=lambda row: (order[row["respondent"]], codes.index(row["row"]), items[row["item"]]))
    return lines_text(VALUE_FIELDS, ordered)
