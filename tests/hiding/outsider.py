"""Somebody who has a release and the published rules, and nothing else, works out what is hidden in it.

Reads the data files alone: numbers of schools and regions, above and below the line, and who belongs where.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import highspy

from sources.declarations.pack import Pack
from sources.system.settings import Settings
from tests.conftest import select
from warehouse.catalogue.indicator import load_indicators
from warehouse.catalogue.known_relation import known_relations

Unknown = tuple[str, str]
"""School and measure."""
BOUNDLESS = highspy.kHighsInf


@dataclass(frozen=True, slots=True)
class Found:
    """What can be worked out of a hidden number of a school."""

    school: str
    measure: str
    low: float
    high: float


def work_out(data: Path, pack: Pack, report_year: int) -> list[Found]:
    """The interval of each hidden number of a school of the year, from the release's data files."""
    # Long: everything that is known, one kind after the other, then two programmes a number.
    measures = [row for row in _rows(data, "core.fct_measure") if row["report_year"] == str(report_year)]
    of_schools = {(r["subject_code"], r["measure_code"]): r for r in measures if r["subject_kind"] == "school"}
    known = {key: float(row["value"]) for key, row in of_schools.items() if row["value"]}
    sums = {code for relation in known_relations(pack) for code, _ in relation.factors} | {"income_total"}
    unknown = sorted(key for key, row in of_schools.items() if row["status"] == "suppressed" and key[1] in sums)
    members = _members(data, report_year)
    rows: list[tuple[dict[Unknown, float], float, float]] = []

    def tell(terms: list[tuple[Unknown, float]], low: float, high: float) -> None:
        free = {key: factor for key, factor in terms if key in set(unknown)}
        if free and all(key in free or key in known for key, _ in terms):
            fixed = sum(factor * known[key] for key, factor in terms if key not in free)
            rows.append((free, low - fixed, high - fixed))

    for row in measures:
        if row["subject_kind"] == "region" and row["value"] and row["measure_code"] in sums:
            schools = members[row["subject_code"], row["scope_code"]]
            keys = [(school, row["measure_code"]) for school in schools]
            tell([(key, 1.0) for key in keys if key in known or key in unknown], *[float(row["value"])] * 2)
    for row in _rows(data, "core.fct_indicator_value"):
        indicator = load_indicators(pack)[row["indicator_code"]]
        if row["report_year"] != str(report_year) or not row["value"] or indicator.counts:
            continue
        formula = indicator.formula(row["definition"])
        schools = (
            [row["subject_code"]]
            if row["subject_kind"] == "school"
            else members[row["subject_code"], row["scope_code"]]
        )
        for codes, value in ((formula.numerator, row["numerator"]), (formula.denominator, row["denominator"])):
            both = [s for s in schools if all((s, c) in known or (s, c) in unknown for _, c in formula.terms)]
            if value and set(codes) <= sums:
                tell([((school, code), 1.0) for school in both for code in codes], *[float(value)] * 2)
    for school in {school for school, _ in unknown}:
        for relation in known_relations(pack):
            terms = [((school, code), factor) for code, factor in relation.factors]
            tell(terms, 0.0 if relation.is_equal else -BOUNDLESS, 0.0)
    return list(_intervals(unknown, rows))


def _rows(data: Path, table: str) -> Iterator[dict[str, str]]:
    with (data / f"{table}.csv").open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def _members(data: Path, report_year: int) -> dict[tuple[str, str], list[str]]:
    regions: dict[str, list[str]] = defaultdict(list)
    for row in _rows(data, "core.brg_region_school"):
        if row["report_year"] == str(report_year):
            regions[row["school_code"]].append(row["region_code"])
    members: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in _rows(data, "core.brg_scope_school"):
        if row["report_year"] == str(report_year):
            for region in dict.fromkeys(regions[row["school_code"]]):
                members[region, row["scope_code"]].append(row["school_code"])
    return members


def _intervals(unknown: list[Unknown], rows: list[tuple[dict[Unknown, float], float, float]]) -> Iterator[Found]:
    solver = highspy.Highs()
    solver.silent()
    column = {key: position for position, key in enumerate(unknown)}
    for _ in unknown:
        solver.addCol(0.0, 0.0, BOUNDLESS, 0, [], [])
    for free, low, high in rows:
        solver.addRow(low, high, len(free), [column[key] for key in free], list(free.values()))
    for school, measure in unknown:
        ends = []
        for sign in (1.0, -1.0):
            solver.changeColCost(column[school, measure], sign)
            solver.run()
            solved = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
            ends.append(solver.getSolution().col_value[column[school, measure]] if solved else BOUNDLESS)
            solver.changeColCost(column[school, measure], 0.0)
        yield Found(school, measure, *ends)


def nothing_follows(settings: Settings, data: Path, pack: Pack, report_year: int) -> int:
    """Fails where an interval is narrower than declared; returns how many hidden numbers were attacked."""
    needed = {
        (school, measure): (float(low), float(high))
        for school, measure, low, high in select(
            settings,
            "select subject_code, code, needed_low, needed_high from registry.hidden_value where kind = 'measure'"
            f" and subject_kind = 'school' and reason = 'few' and report_year = {report_year}",
        ).iter_rows()
    }
    found = {(each.school, each.measure): each for each in work_out(data, pack, report_year)}
    assert needed.keys() <= found.keys(), "what is hidden is hidden in the data files"
    for key, (low, high) in needed.items():
        slack = 1e-4 * max(1.0, high)
        assert found[key].low <= low + slack, (found[key], low)
        assert found[key].high >= high - slack, (found[key], high)
    return len(needed)
