"""How the rules have done in the sample city: `python -m tests.bench rules`, from what `nianbao rules` counts."""

import tempfile
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from orchestration.benchmark.process_cost import measured
from orchestration.benchmark.runner import NIANBAO, environment_of
from sources.declarations.city import load_city
from sources.declarations.listed_rule import Scope, listed_rules
from sources.declarations.pack import Pack
from sources.declarations.rule import is_judged_in
from sources.system.settings import CITIES_ROOT, Settings
from warehouse.intake.rule_record import RuleRecord, YearOfRules, year_of_rules

SAMPLE = CITIES_ROOT / "450700"
YEARS = (2022, 2023)
SCOPES: dict[Scope, str] = {
    "file": "of every file",
    "row": "of a row",
    "submission": "across the sheets of a workbook",
    "city": "across respondents or years",
}


def measure_rules() -> list[str]:
    """The section for docs/benchmark.md."""
    years = [str(part) for year in YEARS for part in ("--year", year)]
    with tempfile.TemporaryDirectory(prefix="nianbao-bench-") as folder:
        environment = environment_of(Path(folder), SAMPLE)
        measured([NIANBAO, "sample", *years], environment)
        measured([NIANBAO, "run", *years], environment)
        settings = Settings(home=Path(folder), city_dir=SAMPLE)
        counted = [year_of_rules(settings, load_city(SAMPLE), year) for year in YEARS]
    return section(load_city(SAMPLE).pack, counted, date.today())


def section(pack: Pack, years: Sequence[YearOfRules], measured_on: date) -> list[str]:
    """The rules by what they judge, and each that fired or let pass what was corrected later, as Markdown."""
    return [
        "## The record of the rules\n",
        "`nianbao rules --year 2023` of the sample city (and each other year), from its archive alone, on"
        f" {measured_on.isoformat()}: its 25 workbooks as they are published, with the schools' explanations. What each"
        " rule says: [rules](reference/rules.md), and for numbers [bounds](reference/bounds.md).\n",
        *extent(pack),
        "",
        *record(years),
        "",
    ]


def extent(pack: Pack) -> list[str]:
    """How many rules judge what, in each year."""
    counts = {
        year: Counter(each.scope for each in listed_rules(pack) if is_judged_in(each.rule, year)) for year in YEARS
    }
    return [
        f"| rules in force | {' | '.join(str(year) for year in YEARS)} |",
        f"| --- |{' ---: |' * len(YEARS)}",
        *(f"| {told} | {' | '.join(str(counts[year][scope]) for year in YEARS)} |" for scope, told in SCOPES.items()),
        f"| all | {' | '.join(str(counts[year].total()) for year in YEARS)} |",
    ]


def record(years: Sequence[YearOfRules]) -> list[str]:
    """Each rule that has something to tell, and a line for the others."""
    lines = [
        "| year | rule | fired | corrected | explained | approved | withdrawn | open | passed, corrected later |"
        " false alarms | limit |",
        "| --- | --- |" + " ---: |" * 9,
    ]
    for year in years:
        told = [each for each in year.rules if each.fired or each.passed_then_corrected]
        lines += [_line(year.report_year, each) for each in told]
        lines.append(f"| {year.report_year} | the other {len(year.rules) - len(told)} |" + " 0 |" * 7 + "  |  |")
    return lines


def _line(report_year: int, rule: RuleRecord) -> str:
    passed = "" if rule.passed_then_corrected is None else str(rule.passed_then_corrected)
    rate = rule.false_alarm_rate
    numbers = (rule.fired, rule.corrected, rule.explained, rule.approved, rule.withdrawn, rule.open)
    told = " | ".join(str(number) for number in numbers)
    share = "" if rate is None else f"{rate:.0%}"
    return f"| {report_year} | `{rule.rule_id}` | {told} | {passed} | {share} | {rule.false_alarms_at_most:.0%} |"
