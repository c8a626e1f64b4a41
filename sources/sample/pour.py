"""Reads the sample city's submissions from text in the repository and writes them as workbooks.

`cities/<code>/samples/<year>/<sheet>.csv` holds what each respondent reports. A form, or a table whose rows are
fixed, has one line a value (`row` is the key of the fixed row, empty for a form); any other table one line a
record. Every line says where its value comes from (`sample_lines.PROVENANCE`); `spread.py` spreads what the report
prints as a total only.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from sources.declarations.agreement import cross_rules
from sources.declarations.city import City, Scope, codelists_of, load_city
from sources.declarations.contract import Column, Contract, load_contracts
from sources.declarations.problem import DeclarationError, Problem
from sources.declarations.rule import rule_version
from sources.declarations.strict_yaml import Declaration
from sources.sample.sample_lines import (
    ORIGIN_OF,
    columns_of,
    has_one_line_a_value,
    read_checked,
    read_lines_of,
    wrong_value,
)
from sources.submission.explanation import GivenExplanation, Question
from sources.submission.file_names import workbook_file_name
from sources.system.access import private_folder
from sources.write.sheet_values import Record, SheetValues, Value
from sources.write.template import build_workbook

STATUS_FILE = "sheet_status.csv"
STATUS_FIELDS = ("respondent", "sheet", "status", "note")
EXPLANATIONS_FILE = "explanations.csv"
EXPLANATION_FIELDS = ("respondent", "rule", "sheet", "column", "row", "reason", "author")
WANTED = {"integer": "整数", "decimal": "数字", "date": "日期（如 2024-09-01）"}
SampleSubmission = dict[str, SheetValues]
SampleOrigins = dict[str, list[dict[str, str]]]


def sample_years(city_dir: Path) -> list[int]:
    samples = city_dir / "samples"
    return sorted(int(path.name) for path in samples.iterdir() if path.is_dir()) if samples.exists() else []


def load_samples(city_dir: Path, report_year: int) -> dict[str, SampleSubmission]:
    """What each respondent reports in the year: respondent code → sheet → values.

    Raises DeclarationError for what is not declared, or not of its column's type, with file and line.
    """
    city, folder = load_city(city_dir), city_dir / "samples" / str(report_year)
    statuses = _read_statuses(folder / STATUS_FILE, city)
    submissions: dict[str, SampleSubmission] = defaultdict(dict)
    for contract in load_contracts(city.pack):
        records: dict[str, list[Record]] = defaultdict(list)
        for respondent, record in _read_records(folder / f"{contract.name}.csv", contract, city):
            records[respondent].append(record)
        for respondent, rows in records.items():
            status = statuses.get((respondent, contract.name), "filled")
            submissions[respondent][contract.name] = SheetValues(status=status, records=tuple(rows))
    for (respondent, sheet), status in statuses.items():
        submissions[respondent].setdefault(sheet, SheetValues(status=status))
    return dict(submissions)


def load_explanations(city_dir: Path, report_year: int) -> dict[str, list[GivenExplanation]]:
    """What the respondents explain about warnings: respondent code → explanations, under today's rule versions.

    Raises DeclarationError for a respondent, rule, sheet or column that is not declared, with file and line.
    """
    city = load_city(city_dir)
    rules: dict[str, Declaration] = {rule.id: rule for rule in cross_rules(city.pack)}
    rules |= {f"{contract.name}.{rule.id}": rule for contract in load_contracts(city.pack) for rule in contract.rules}
    titles = {contract.name: contract.title for contract in load_contracts(city.pack)}
    known = {"respondent": _respondents(city), "rule": list(rules), "sheet": list(titles)}
    path = city_dir / "samples" / str(report_year) / EXPLANATIONS_FILE
    given = defaultdict(list)
    for _, line in read_checked(
        path, EXPLANATION_FIELDS, lambda line: known | {"column": ["", *columns_of(city.pack, line["sheet"])]}
    ):
        version = rule_version(rules[line["rule"]])
        question = Question(line["rule"], version, titles[line["sheet"]], line["column"], line["row"])
        given[line["respondent"]].append(GivenExplanation(question, line["reason"], line["author"]))
    return given


def load_origins(city_dir: Path, report_year: int) -> dict[str, SampleOrigins]:
    """Where each value of the year's samples comes from: respondent code → sheet → for each record column → origin.

    The records stand as in `load_samples`.
    """
    city, folder = load_city(city_dir), city_dir / "samples" / str(report_year)
    origins: dict[str, SampleOrigins] = defaultdict(dict)
    for contract in load_contracts(city.pack):
        of_rows: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        for number, line in read_lines_of(folder / f"{contract.name}.csv", contract, city):
            origin = ORIGIN_OF[line["provenance"]]
            if has_one_line_a_value(contract):
                of_rows[line["respondent"], line["row"]][line["item"]] = origin
            else:
                of_rows[line["respondent"], str(number)] = dict.fromkeys((c.name for c in contract.columns), origin)
        for (respondent, _), record in of_rows.items():
            origins[respondent].setdefault(contract.name, []).append(record)
    return dict(origins)


def pour_samples(
    city: City, city_dir: Path, report_year: int, target: Path, with_explanations: bool = True
) -> list[Path]:
    """Writes the year's sample submissions as workbooks into `target`; returns their paths.

    A file that is already there is left alone: somebody may have changed it to see what happens.
    """
    private_folder(target)
    this_year = load_samples(city_dir, report_year)
    last_year = load_samples(city_dir, report_year - 1) if report_year - 1 in sample_years(city_dir) else {}
    explanations = load_explanations(city_dir, report_year) if with_explanations else {}
    origins = load_origins(city_dir, report_year)
    paths = []
    for respondent in city.respondents_in(report_year):
        if respondent.code not in this_year:
            continue
        path = target / workbook_file_name(respondent, report_year)
        paths.append(path)
        if not path.exists():
            values, before = this_year[respondent.code], last_year.get(respondent.code)
            given = explanations.get(respondent.code, [])
            path.write_bytes(
                build_workbook(city, respondent, report_year, values, before, given, origins=origins[respondent.code])
            )
    return paths


def scope_members(city: City, scope: Scope, roster: Sequence[Record]) -> list[str]:
    """School codes of the roster that belong to the scope, in roster order."""
    return [
        str(school["school_code"])
        for school in roster
        if not any(school[attribute] in values for attribute, values in city.leaves_out(scope).items())
    ]


def _respondents(city: City) -> list[str]:
    return [respondent.code for respondent in city.respondents]


def _read_statuses(path: Path, city: City) -> dict[tuple[str, str], str]:
    """(respondent, sheet) → the status on its cover."""
    sheets = [contract.name for contract in load_contracts(city.pack)]
    codes = [code.code for code in codelists_of(city)["sheet_status"].codes]
    known = {"respondent": _respondents(city), "sheet": sheets, "status": codes}
    lines = read_checked(path, STATUS_FIELDS, lambda line: known)
    return {(line["respondent"], line["sheet"]): line["status"] for _, line in lines}


def _read_records(path: Path, contract: Contract, city: City) -> list[tuple[str, dict[str, Value]]]:
    """(respondent, record), each value of its column's type. Raises DeclarationError for one that is not."""
    problems: list[Problem] = []

    def typed(number: int, heading: str, column: Column, text: str) -> Value:
        try:
            return _typed(column, text)
        except (ValueError, InvalidOperation):
            problems.append(wrong_value(path, number, heading, text, WANTED[column.type]))
            return None

    lines = read_lines_of(path, contract, city)
    if not has_one_line_a_value(contract):
        whole = [
            (
                line["respondent"],
                {c.name: typed(n, c.name, c, line[c.name]) for c in contract.columns if c.name in line},
            )
            for n, line in lines
        ]
    else:
        records: dict[tuple[str, str], dict[str, Value]] = defaultdict(dict)
        for n, line in lines:
            record = records[line["respondent"], line["row"]]
            record[line["item"]] = typed(n, "value", contract.column(line["item"]), line["value"])
            if contract.rows:
                record[contract.key[0]] = line["row"]
        whole = [(respondent, record) for (respondent, _), record in records.items()]
    if problems:
        raise DeclarationError(problems)
    return whole


def _typed(column: Column, text: str) -> Value:
    if text == "":
        return None
    if column.type == "integer":
        return int(text)
    if column.type == "decimal":
        return Decimal(text)
    return date.fromisoformat(text) if column.type == "date" else text
