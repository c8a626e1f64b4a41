"""The sample city's submissions, as text in the repository, and how they become workbooks.

`cities/<code>/samples/<year>/<sheet>.csv` holds what each respondent reports. Every row says where its
value comes from: `published` (the report prints it for this respondent), `apportioned` (the report prints
a total only; `totals.csv` says which, and how it is spread), `derived` (follows from printed figures) or
`placeholder` (a row whose existence is published and whose content is not).
"""

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from io import StringIO
from pathlib import Path

import polars as pl

from sources.model import City, Column, Contract, Scope, load_contracts
from sources.template import Record, SheetValues, Value, build_workbook, workbook_file_name

PROVENANCE = ("published", "apportioned", "derived", "placeholder")
FORM_FIELDS = ("respondent", "item", "value", "provenance", "source")
TOTALS_FILE = "totals.csv"
STATUS_FILE = "sheet_status.csv"

Submission = dict[str, SheetValues]


def sample_years(city_dir: Path) -> list[int]:
    return sorted(int(path.name) for path in (city_dir / "samples").iterdir() if path.is_dir())


def load_samples(city_dir: Path, report_year: int) -> dict[str, Submission]:
    """What each respondent reports in the year: respondent code → sheet → values."""
    folder = city_dir / "samples" / str(report_year)
    records: dict[str, dict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for contract in load_contracts():
        path = folder / f"{contract.name}.csv"
        if path.exists():
            for respondent, record in _read_records(path, contract):
                records[respondent][contract.name].append(record)
    submissions: dict[str, Submission] = {
        respondent: {sheet: SheetValues(records=tuple(rows)) for sheet, rows in sheets.items()}
        for respondent, sheets in records.items()
    }
    for row in _read_csv(folder / STATUS_FILE):
        submissions.setdefault(row["respondent"], {})[row["sheet"]] = SheetValues(status=row["status"])
    return submissions


def pour_samples(city: City, city_dir: Path, report_year: int, target: Path) -> list[Path]:
    """Writes the year's sample submissions as workbooks into `target`; returns their paths.

    A file that is already there is left alone: somebody may have changed it to see what happens.
    """
    target.mkdir(parents=True, exist_ok=True)
    this_year = load_samples(city_dir, report_year)
    years = sample_years(city_dir)
    last_year = load_samples(city_dir, report_year - 1) if report_year - 1 in years else {}
    paths = []
    for respondent in city.respondents_in(report_year):
        if respondent.code not in this_year:
            continue
        path = target / workbook_file_name(respondent, report_year)
        paths.append(path)
        if not path.exists():
            values, before = this_year[respondent.code], last_year.get(respondent.code)
            path.write_bytes(build_workbook(city, respondent, report_year, values, before))
    return paths


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
    """The sample files with every total of `totals.csv` spread over its schools: path → new text.

    A line of `totals.csv` names year, sheet, item, scope, total, at_least and weight (SQL expressions over
    the items of any year, `<item>_<year>`), provenance and source: each school gets `at_least`, and what is
    left of the total is spread by weight. Lines are worked off in order, so that an expression may use what
    an earlier line has spread. Rows of items without a total are left as they are.
    """
    rows_of: dict[Path, list[dict[str, str]]] = {}
    for year in sample_years(city_dir):
        for contract in load_contracts():
            path = city_dir / "samples" / str(year) / f"{contract.name}.csv"
            if contract.shape == "form" and path.exists():
                rows_of[path] = _read_csv(path)
    totals = _read_csv(city_dir / "samples" / TOTALS_FILE)
    spread_items = {(line["year"], line["sheet"], line["item"]) for line in totals}
    for path, rows in rows_of.items():
        rows[:] = [row for row in rows if (path.parent.name, path.stem, row["item"]) not in spread_items]
    order = {respondent.code: position for position, respondent in enumerate(city.respondents)}
    for line in totals:
        schools = _scope_members(city, city_dir, int(line["year"]), line["scope"])
        at_least = _evaluate(rows_of, schools, line["at_least"] or "0")
        rest = apportion(int(line["total"]) - sum(at_least), _evaluate(rows_of, schools, line["weight"]))
        path = city_dir / "samples" / line["year"] / f"{line['sheet']}.csv"
        for school, least, part in zip(schools, at_least, rest, strict=True):
            new = (school, line["item"], str(least + part), line["provenance"], line["source"])
            rows_of[path].append(dict(zip(FORM_FIELDS, new, strict=True)))
    return {path: _form_text(path, rows, order) for path, rows in rows_of.items()}


def scope_members(scope: Scope, roster: Sequence[Record]) -> list[str]:
    """School codes of the roster that belong to the scope, in roster order."""
    return [
        str(school["school_code"])
        for school in roster
        if not any(school[attribute] in values for attribute, values in scope.exclude.items())
    ]


def _scope_members(city: City, city_dir: Path, report_year: int, scope_code: str) -> list[str]:
    bureau = next(r for r in city.respondents if r.kind == "bureau")
    roster = load_samples(city_dir, report_year)[bureau.code]["roster"].records
    return scope_members(next(s for s in city.scopes if s.code == scope_code), roster)


def _evaluate(rows_of: Mapping[Path, list[dict[str, str]]], schools: list[str], expression: str) -> list[int]:
    """The expression's value for each school."""
    values: dict[str, dict[str, int]] = defaultdict(dict)
    for path, rows in rows_of.items():
        for row in rows:
            if row["value"].isdigit():
                values[f"{row['item']}_{path.parent.name}"][row["respondent"]] = int(row["value"])
    frame = pl.DataFrame({name: [of.get(school) for school in schools] for name, of in values.items()})
    return frame.with_columns(result=pl.sql_expr(expression)).get_column("result").to_list()


def _form_text(path: Path, rows: list[dict[str, str]], order: Mapping[str, int]) -> str:
    contract = next(c for c in load_contracts() if c.name == path.stem)
    items = {column.name: position for position, column in enumerate(contract.columns)}
    text = StringIO(newline="")
    writer = csv.DictWriter(text, FORM_FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: (order[row["respondent"]], items[row["item"]])))
    return text.getvalue()


def _read_records(path: Path, contract: Contract) -> list[tuple[str, dict[str, Value]]]:
    rows = _read_csv(path)
    if contract.shape == "records":
        return [
            (row["respondent"], {c.name: _typed(c, row[c.name]) for c in contract.columns if c.name in row})
            for row in rows
        ]
    forms: dict[str, dict[str, Value]] = defaultdict(dict)
    for row in rows:
        forms[row["respondent"]][row["item"]] = _typed(contract.column(row["item"]), row["value"])
    return list(forms.items())


def _typed(column: Column, text: str) -> Value:
    if text == "":
        return None
    if column.type == "integer":
        return int(text)
    if column.type == "decimal":
        return Decimal(text)
    return date.fromisoformat(text) if column.type == "date" else text


def _read_csv(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
