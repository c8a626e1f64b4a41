"""What a finding does to the printed figures: held against all figures worked out anew from mended workbooks."""

import random
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import pytest

from sources.archive.archive import archived_path
from sources.declarations.city import City
from sources.declarations.contract import load_contracts
from sources.submission.cell import STATUS_COLUMN, CellAddress
from sources.submission.finding import Finding, SuggestedCell
from sources.submission.finding_frames import findings_frame, suggested_frame
from sources.system.settings import Settings
from tests.conftest import BUREAU, deep, select
from tests.end_to_end.second_computation import Book, compute, read_book
from warehouse.catalogue.indicator import load_indicators
from warehouse.figures.effects import with_effects
from warehouse.figures.rounding import value_text
from warehouse.intake.register import latest_findings
from warehouse.run.build import build
from warehouse.store.connection import open_working
from warehouse.store.sql import insert

Moves = dict[tuple[int, str], tuple[str | None, str | None]]
"""(year, indicator) → what is printed of the city, and what would be."""
STATED = "收到的数不对"


@dataclass(frozen=True)
class Asked:
    """A made-up finding about a cell, and where the cell is in the book that the second computation reads."""

    finding: Finding
    sheet: str
    position: int
    """Of its record among the sheet's."""

    def mended(self, books: dict[str, Book]) -> list[Book]:
        """All books, in this one the suggested value, or none."""
        at = self.finding.address
        book = deepcopy(books[at.submission_id])
        row = book.rows[self.sheet][self.position]
        (suggested,) = self.finding.suggested or [None]
        value = suggested and suggested.value
        row[at.column_name] = Fraction(value) if isinstance(value, int | Decimal) else value
        return [book if key == at.submission_id else each for key, each in books.items()]


def asked_about(settings: Settings, city: City, count: int) -> list[Asked]:
    """Findings about cells drawn from all that count: some suggest another number, for some nothing is suggested."""
    cells = select(
        settings,
        "select submission_id, report_year, sheet, record, column_name, cell, raw_text,"
        " dense_rank() over (partition by submission_id, sheet order by record) - 1 as position"
        " from registry.cell inner join registry.submission using (submission_id)"
        " where is_current and raw_text <> '' and not is_suppressed and sheet <> 'cover'"
        f" and column_name <> '{STATUS_COLUMN}' order by all",
    ).to_dicts()
    contracts = {contract.name: contract for contract in load_contracts(city.pack)}
    numbers = [
        cell
        for cell in cells
        if any(column.name == cell["column_name"] and column.is_number for column in contracts[cell["sheet"]].columns)
        and (cell["sheet"], cell["column_name"]) != ("award_list", "contest_year")
    ]
    draw, asked = random.Random(35), []
    for cell in draw.sample(numbers, count):
        column = contracts[cell["sheet"]].column(cell["column_name"])
        there = Decimal(cell["raw_text"].replace(",", ""))
        meant = draw.choice([there * 10, there + 1, there // 10, Decimal(0), None])
        value = None if meant is None else meant if column.type == "decimal" else int(meant)
        sheet = contracts[cell["sheet"]].title
        at = CellAddress(cell["submission_id"], "", sheet, cell["cell"], column.name, str(cell["record"]))
        suggested = () if value is None else (SuggestedCell(column.name, value),)
        finding = Finding(at, cell["raw_text"], "made.up", "v", "warning", STATED, "", suggested=suggested)
        asked.append(Asked(finding, cell["sheet"], cell["position"]))
    return asked


def printed(books: list[Book], city: City, scopes: dict[tuple[int, str], str]) -> dict[tuple[int, str], str | None]:
    """Every figure of the city in the scope in which it is printed, worked out in plain Python."""
    values, indicators = compute(books, city), load_indicators(city.pack)
    return {
        (year, code): None if value is None else value_text(indicators[code], value)
        for (year, subject, scope, code), value in values.items()
        if subject == BUREAU and scopes.get((year, code)) == scope
    }


def scopes_printed(settings: Settings) -> dict[tuple[int, str], str]:
    changes = "core.fct_indicator_change where subject_kind = 'region'"
    rows = select(settings, f"select report_year, indicator_code, scope_code from {changes}").rows()
    return {(year, code): scope for year, code, scope in rows}


@pytest.mark.parametrize("count", deep(200))
def test_each_effect_is_what_the_mended_workbook_would_print(fresh_copy: Settings, city: City, count: int) -> None:
    asked = asked_about(fresh_copy, city, count)
    with open_working(fresh_copy) as connection:
        findings = [each.finding for each in asked]
        insert(connection, "registry.finding", findings_frame(findings))
        insert(connection, "registry.suggested_cell", suggested_frame(findings))
    assert build(fresh_copy, city.pack, with_tests=False).success
    told: dict[str, Moves] = {each.finding.finding_id: {} for each in asked}
    for finding_id, year, code, now, then in select(
        fresh_copy,
        "select finding_id, report_year, indicator_code, printed, would_be from quality.finding_effect"
        f" inner join core.dim_region using (region_code) where moves and region_code = '{BUREAU}'",
    ).rows():
        told.setdefault(finding_id, {})[year, code] = (now, then)
    ids = {each.finding.address.submission_id for each in asked}
    current = select(fresh_copy, "select submission_id from registry.submission where is_current").get_column(
        "submission_id"
    )
    books = {i: read_book(archived_path(i, fresh_copy.archive).read_bytes(), city) for i in current}
    assert ids <= books.keys()
    scopes = scopes_printed(fresh_copy)
    before = printed(list(books.values()), city, scopes)
    some_move = 0
    for each in asked:
        after = printed(each.mended(books), city, scopes)
        expected = {key: (text, after[key]) for key, text in before.items() if text != after[key]}
        some_move += bool(expected)
        assert told[each.finding.finding_id] == expected, each
    assert some_move > count / 3


def test_findings_that_move_a_printed_figure_come_first_and_of_these_the_most_moved(published) -> None:
    findings = with_effects(published, latest_findings(published, [2023]))
    moving = [each for each in findings if each.moves_figures]
    assert list(findings[: len(moving)]) == moving
    shares = [each.effect.weight[0] for each in moving]
    assert len(shares) > 3
    assert shares == sorted(shares, reverse=True)
    employed = next(each for each in moving if each.rule_id == "outcomes.industries_add_up")
    assert "不计这一格：直接就业人数 4004 → " in employed.effect.text
