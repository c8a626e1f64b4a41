"""Which cell is wrong? Slips are planted in whole workbooks; how often the diagnosis names them is counted and printed.

Every planted slip breaks an identity: a sum, or an amount at a fixed rate. The diagnosis hits when its first
suggestion (top 1), or one of the three (top 3), puts the true values back into exactly the cells that were spoilt.
`pytest -s` prints the table. A few slips of each kind are planted; `make test-deep` plants all.
"""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from statistics import mean

import pytest

from sources.audit.judge import audit
from sources.audit.slips import SLIPS, suggest
from sources.declarations.codelist import load_codelists
from sources.read.read_workbook import read_workbook
from sources.submission.finding import Finding
from tests.conftest import deep
from tests.hostile.books import CITY, Book, item_cell, sample_book, write_book
from tests.hostile.slips import CONTRACTS, Planted, planted_slips
from tests.support.sample import PACK

SEED = 20231130
CHANGED = re.compile(r"“([^”]+)”应为 ([0-9.]+)")


def spoilt_book(slip: Planted) -> Book:
    """The respondent's workbook with the slip in it; of the other sheets only the cover, to be quick."""
    title, columns = slip.contract.title, {column.name: column for column in slip.contract.columns}
    book = sample_book(slip.respondent, titles=("封面", title))
    values = {name: {**slip.row, **slip.typed}[name] for name in slip.rule.columns if columns[name].is_number}
    for name, value in values.items():
        number = float(value) if isinstance(value, Decimal) else value
        if slip.contract.shape == "form":
            book.sheet(title).cells[item_cell(book, title, columns[name].label)] = number
        else:
            book.sheet(title).cells[row_of(book, slip), list(columns).index(name)] = number
    return book


def row_of(book: Book, slip: Planted) -> int:
    """The row of the table that is about the slip's programme."""
    (key,) = slip.contract.key
    label = load_codelists(PACK)[slip.contract.column(key).codelist].label_of[slip.row[key]]
    return next(at[0] for at, text in book.sheet(slip.contract.title).cells.items() if at[1] == 0 and text == label)


def planted(a_kind: int | None) -> list[Planted]:
    """So many slips of each kind; without a number, all of them."""
    by_kind = defaultdict(list)
    for slip in planted_slips(SEED):
        by_kind[slip.kind].append(slip)
    rng = random.Random(SEED)
    return [slip for slips in by_kind.values() for slip in islice(rng.sample(slips, len(slips)), a_kind)]


@pytest.fixture(scope="module", params=[15, *deep(None)])
def outcomes(request: pytest.FixtureRequest) -> dict[str, list[tuple[Planted, list[dict[str, Decimal]]]]]:
    """Each slip with what the audit of its workbook suggests, with and without last year's values to compare."""
    slips = planted(request.param)
    readings = [read_workbook(write_book(spoilt_book(slip)), str(n), "f.xlsx", CITY) for n, slip in enumerate(slips)]
    alone = [replace(reading, findings=(), last_year={}) for reading in readings]
    beside = [replace(each, last_year=as_printed(slip)) for slip, each in zip(slips, alone, strict=True)]
    return {
        name: suggested(slips, audit(submissions, CITY).findings)
        for name, submissions in (("with last year", beside), ("without", alone))
    }


def as_printed(slip: Planted) -> dict[tuple[str, str], str]:
    """Last year's values as the template has them beside this year's."""
    return {(slip.contract.name, name): str(value) for name, value in slip.last_year.items() if value is not None}


def suggested(slips: list[Planted], findings: Iterable[Finding]) -> list[tuple[Planted, list[dict[str, Decimal]]]]:
    """Slip → the suggestions for the rule that it breaks (label → value), the likeliest first."""
    said = {(each.address.submission_id, each.rule_id): each.suggestion or "" for each in findings}
    return [
        (
            slip,
            [
                {label: Decimal(value) for label, value in CHANGED.findall(alternative)}
                for alternative in said[str(n), f"{slip.contract.name}.{slip.rule.id}"].split("；或者")
            ],
        )
        for n, slip in enumerate(slips)
    ]


def truth(slip: Planted) -> dict[str, Decimal]:
    return {slip.contract.column(name).label: Decimal(value) for name, value in slip.correction.items()}


def hit_rates(outcome: list[tuple[Planted, list[dict[str, Decimal]]]]) -> dict[str, tuple[float, float]]:
    """Kind of slip → share of top-1 and of top-3 hits; 'all' for all kinds together."""
    hits = defaultdict(list)
    for slip, alternatives in outcome:
        hit = (alternatives[0] == truth(slip), truth(slip) in alternatives)
        hits[slip.kind].append(hit)
        hits["all"].append(hit)
    return {kind: (mean(one for one, _ in of), mean(three for _, three in of)) for kind, of in hits.items()}


def test_the_diagnosis_names_the_cell_that_is_wrong_and_what_was_meant(outcomes):
    rates = {name: hit_rates(outcome) for name, outcome in outcomes.items()}
    number = Counter(slip.kind for slip, _ in outcomes["without"])
    print(f"\n{'':<16}{'slips':>8}{'with last year: top 1':>26}{'top 3':>8}{'without: top 1':>18}{'top 3':>8}")
    for kind in [*number, "all"]:
        (one, three), (alone, alone_three) = (rates[name][kind] for name in rates)
        counted = f"{kind:<16}{number[kind] or number.total():>8}"
        print(f"{counted}{one:>26.0%}{three:>8.0%}{alone:>18.0%}{alone_three:>8.0%}")
    of_unit = {
        "percent",
        "times_ten",
        "tenth",
        "yuan_for_wan",
        "wan_for_yuan",
        "mu_for_m2",
    }  # named powers of ten, tried as such
    assert set(number) == set(SLIPS) - {"computed", *of_unit}
    # Measured on all 1,309 slips of this seed: 95 % and 99 %; without last year's values, 72 % and 98 %. What is missed
    # is ambiguous: a digit that differs by little fits two cells, and a sum cannot tell which of its parts is off.
    assert rates["with last year"]["all"] >= (0.9, 0.97)
    assert all(one >= 0.8 for one, _ in rates["with last year"].values())
    assert rates["without"]["all"][1] >= 0.95


def suggestions_for(sheet: str, rule_id: str, row: dict, last_year: dict | None = None) -> list[tuple[dict, str]]:
    rule = next(rule for rule in CONTRACTS[sheet].rules if rule.id == rule_id)
    return [(dict(s.values), s.slip) for s in suggest(CONTRACTS[sheet], rule, row, last_year or {})]


def test_a_percentage_typed_as_a_fraction_is_suggested_as_a_percentage():
    first, *_ = suggestions_for("satisfaction", "score_is_percentage", {"score": Decimal("0.85"), "respondents": 100})
    assert first == ({"score": Decimal("85.00")}, "percent")


def test_money_in_units_of_ten_thousand_is_recognised_by_its_rate():
    row = {"programme": "national_scholarship", "recipients": 3, "amount": Decimal("1.8")}
    first, *_ = suggestions_for("aid", "national_scholarship_is_6000", row)
    assert first == ({"amount": Decimal("18000.00")}, "wan_for_yuan")


def test_the_one_change_that_mends_every_broken_rule_comes_first():
    row = {"students_full_time": 190, "students_full_time_male": 50, "students_full_time_female": 50}
    found = suggestions_for("students", "sex_adds_up", {**row, "students_formal": 100})
    assert found[0] == ({"students_full_time": 100}, "one_digit")


def test_a_suggestion_never_breaks_another_rule_of_the_sheet():
    row = {"students_full_time": 90, "students_full_time_male": 50, "students_full_time_female": 50}
    found = suggestions_for("students", "sex_adds_up", {**row, "students_formal": 95})
    assert found
    assert all("students_full_time" not in values for values, _ in found)


def test_two_slips_in_one_sheet_are_both_diagnosed():
    row = {"virtual_bases": 21, "virtual_bases_national": 0, "virtual_bases_provincial": 2, "virtual_bases_school": 10}
    other = {f"resource_libraries{end}": value for end, value in (("", 40), ("_national", 1), ("_provincial", 1))}
    both = {**row, **other, "resource_libraries_school": 2}
    assert ({"virtual_bases": 12}, "swapped") in suggestions_for("digital", "virtual_bases_add_up", both)
    assert ({"resource_libraries": 4}, "times_ten") in suggestions_for("digital", "resource_libraries_add_up", both)


def test_a_warning_that_is_no_identity_gets_no_guess():
    row = {"employed": 10, "employed_primary": 1, "employed_secondary": 2, "employed_tertiary": 5}
    assert suggestions_for("outcomes", "industries_add_up", row) == []
