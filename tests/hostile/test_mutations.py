"""Sample workbooks, changed at random: nothing is lost, nothing is changed silently, nothing crashes.

What should be in a changed workbook is known without reading it, because it was written from plain data. Two hundred
workbooks in `make test`, a thousand in `make test-deep`; a failure names its seed.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from openpyxl.utils import range_boundaries

from sources.audit.audited import Audit
from sources.audit.judge import audit
from sources.declarations.city import codelists_of
from sources.declarations.contract import load_contracts, template_version
from sources.declarations.headings import LAST_YEAR_PREFIX, THIS_YEAR_PREFIX, normalise_label
from sources.read.read_workbook import read_workbook
from sources.read.sheet_xml import Position, address
from sources.submission.cell import STATUS_COLUMN
from sources.submission.finding import FINDING_HEADINGS
from sources.submission.submission import Submission
from sources.write.marked_workbook import COLUMNS, mark_workbook
from sources.write.template import build_workbook
from tests.conftest import BUREAU, NURSING_SCHOOL, deep, ingest, select, sent_as
from tests.hostile.books import CITY, Book, Failed, Formula, Percent, Sheet, sample_book, write_book
from tests.hostile.mutations import mutate, spoil
from tests.support.sample import PACK

RESPONDENTS = (NURSING_SCHOOL, BUREAU, "3645900001")
CONTRACTS = {contract.name: contract for contract in load_contracts(PACK)}
RULE = [heading for heading, _ in COLUMNS].index(FINDING_HEADINGS["rule_id"])
OWN_SHEETS = ("_nianbao", "_下拉列表", "校验结果")


@dataclass(frozen=True)
class Mutant:
    seed: str
    respondent: str
    book: Book
    reading: Submission

    @property
    def filled(self) -> dict[tuple[str, str], str]:
        """What a person reads in the workbook: (sheet, address) → text."""
        shown = {(s.title, address(*at)): as_shown(v) for s in self.book.sheets for at, v in s.cells.items()}
        return {place: text for place, text in shown.items() if text}

    @property
    def errors(self) -> list[str]:
        return [finding.rule_id for finding in self.reading.findings if finding.is_error]


def as_shown(value: Any) -> str:
    if isinstance(value, Formula):
        return as_shown(value.result)
    if isinstance(value, Failed):
        return value.code
    if isinstance(value, Percent):
        return as_shown(value.number)
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, float):
        plain = format(Decimal(repr(value)), "f")
        return plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "" if value is None else str(value).strip()


@pytest.fixture(scope="module", params=[200, *deep(1_000)])
def mutants(request: pytest.FixtureRequest) -> list[Mutant]:
    made = []
    for n in range(request.param):
        seed = f"mutant-{n}"
        rng = random.Random(seed)
        respondent = RESPONDENTS[n % len(RESPONDENTS)]
        book = sample_book(respondent)
        mutate(book, rng)
        made.append(Mutant(seed, respondent, book, read_workbook(write_book(book), seed, f"{seed}.xlsx", CITY)))
    return made


@pytest.fixture(scope="module")
def outcome(mutants: list[Mutant]) -> Audit:
    """The audit of all of them at once."""
    return audit([mutant.reading for mutant in mutants], CITY)


def opened(mutants: list[Mutant]) -> list[Mutant]:
    return [mutant for mutant in mutants if not any(rule.startswith("file.") for rule in mutant.errors)]


def test_most_mutants_can_be_opened_and_none_meets_a_fault_of_the_program(mutants, outcome):
    number = len(mutants)
    assert len(opened(mutants)) > number * 0.9
    assert Counter(rule for mutant in mutants for rule in mutant.errors)["file.unreadable"] == 0
    accepted = len(outcome.accepted)
    print(f"\n{number} mutants: {accepted} accepted, {number - accepted} refused")
    assert number * 0.1 < accepted < number * 0.9


def test_cells_read_are_values_or_reported_or_ignored_and_no_cell_is_missed(mutants):
    for mutant in opened(mutants):
        tally = mutant.reading.tally
        assert tally.read == tally.values + tally.reported + tally.ignored, mutant.seed
        assert set(mutant.reading.fates) == set(mutant.filled), mutant.seed


def test_a_value_is_read_as_it_stands_in_its_cell(mutants):
    for mutant in opened(mutants):
        titles = {normalise_label(sheet.title): sheet.title for sheet in mutant.book.sheets}
        filled = mutant.filled
        taken = {}
        for cell in mutant.reading.cells:
            if cell.raw_text:
                taken[titles[normalise_label(CONTRACTS[cell.sheet].title)], cell.cell] = cell.raw_text
        assert taken == {place: filled[place] for place in taken}, mutant.seed
        assert taken.keys() == {p for p, fate in mutant.reading.fates.items() if fate == "value"}, mutant.seed


@cache
def printed(respondent: str) -> dict[str, frozenset[str]]:
    """Sheet → every text that the blank template prints in it."""
    book = openpyxl.load_workbook(BytesIO(build_workbook(CITY, CITY.respondent_by_code[respondent], 2023)))
    return {
        normalise_label(sheet.title): frozenset(
            normalise_label(as_shown(cell.value)) for row in sheet for cell in row if cell.value is not None
        )
        for sheet in book
    }


def test_what_is_ignored_is_the_templates_own_or_last_years(mutants):
    """Of another template than ours nobody knows what it prints beside the values."""
    for mutant in opened(mutants):
        respondent, year = mutant.reading.respondent, mutant.reading.report_year
        if respondent is None or year is None:
            continue
        if mutant.reading.template_version != template_version(PACK, respondent.kind, year):
            continue
        texts = printed(mutant.respondent)
        filled = mutant.filled
        columns = defaultdict(list)
        for (title, at), text in filled.items():
            columns[title, at.rstrip("0123456789")].append(normalise_label(text))
        for (title, at), fate in mutant.reading.fates.items():
            if fate != "ignored" or normalise_label(title) in OWN_SHEETS:
                continue
            text, known = normalise_label(filled[title, at]), texts.get(normalise_label(title), frozenset())
            column = columns[title, at.rstrip("0123456789")]
            is_last_years = any(heading.startswith(LAST_YEAR_PREFIX) for heading in column)
            is_printed = text in known or text.startswith((normalise_label(title), THIS_YEAR_PREFIX))
            assert is_printed or is_last_years or text.isdecimal(), (mutant.seed, title, at, text)


def test_what_is_reported_is_named_in_a_finding_of_its_sheet(mutants):
    for mutant in opened(mutants):
        said = {normalise_label(finding.address.sheet) for finding in mutant.reading.findings}
        place_of = {sheet.title: f"第{at}张工作表" for at, sheet in enumerate(mutant.book.sheets, 1)}
        for (title, _), fate in mutant.reading.fates.items():
            unread = mutant.reading.respondent is None or mutant.reading.report_year is None
            is_said = normalise_label(title) in said or place_of.get(title) in said  # a title may hold a name
            assert fate != "reported" or is_said or unread, (mutant.seed, title)


def test_a_refused_workbook_has_an_error_and_an_accepted_one_has_none(mutants, outcome):
    errors = {finding.address.submission_id for finding in outcome.findings if finding.is_error}
    assert {mutant.seed for mutant in mutants} - errors == outcome.accepted
    for mutant in mutants:
        known = mutant.reading.respondent is not None and mutant.reading.report_year is not None
        assert known or mutant.errors, mutant.seed


def test_every_value_of_an_accepted_workbook_is_in_its_table_or_a_finding_says_why_not(mutants, outcome):
    found = {(f.address.submission_id, f.address.sheet, f.address.cell) for f in outcome.findings}
    status = {(s, sheet): code for s, sheet, code in outcome.sheet_status.iter_rows()}
    codelists = codelists_of(CITY, 2023)
    loaded = {
        name: {(row["submission_id"], row["record"]): row for row in table.iter_rows(named=True)}
        for name, table in outcome.tables.items()
    }
    checked = 0
    for mutant in mutants:
        if mutant.seed not in outcome.accepted:
            continue
        for submission_id, sheet, record, name, at, text in mutant.reading.cells:
            if not text or name == STATUS_COLUMN or (submission_id, CONTRACTS[sheet].title, at) in found:
                continue
            column = CONTRACTS[sheet].column(name)
            if status[submission_id, sheet] not in ("filled", "partial"):
                assert column.prefilled, (mutant.seed, sheet, at)
                continue
            value = loaded[sheet][submission_id, record][name]
            assert is_same(value, text, column.type, codelists.get(column.codelist or "")), (
                mutant.seed,
                sheet,
                at,
                value,
            )
            checked += 1
    assert checked > 1_000


def is_same(value: Any, text: str, kind: str, codelist: Any) -> bool:
    """Whether a loaded value is what the cell says, without anything having been done to it."""
    if kind in ("integer", "decimal"):
        return value is not None and Decimal(value) == Decimal(text)
    if kind == "date":
        return value == date.fromisoformat(text)
    return value == codelist.code_of[normalise_label(text)] if codelist else value == text


def test_a_marked_workbook_has_the_cells_as_they_were(mutants, outcome):
    for mutant in opened(mutants)[:: len(mutants) // 12]:
        findings = [finding for finding in outcome.findings if finding.address.submission_id == mutant.seed]
        marked = openpyxl.load_workbook(BytesIO(mark_workbook(write_book(mutant.book), findings, "学校")))
        for sheet in mutant.book.sheets:
            if sheet.title == "校验结果":
                continue
            for (row, position), value in seen(sheet).items():
                after = marked[sheet.title].cell(row + 1, position + 1).value
                assert as_shown(in_openpyxl(value)) == as_shown(after), (mutant.seed, sheet.title, row, position)
        listed = [row[RULE].value for row in marked["校验结果"].iter_rows(min_row=6) if row[RULE].value]
        assert Counter(listed) == Counter(finding.rule_id for finding in findings), mutant.seed


def seen(sheet: Sheet) -> dict[Position, Any]:
    """The cells that a person sees: not those under the first one of a merged range."""
    covered = {
        at
        for ref in sheet.merged
        for left, top, right, bottom in [range_boundaries(ref)]
        for at in [(row - 1, column - 1) for row in range(top, bottom + 1) for column in range(left, right + 1)][1:]
    }
    return {at: value for at, value in sheet.cells.items() if at not in covered}


def in_openpyxl(value: Any) -> Any:
    """What openpyxl has for a cell: the formula, not its result."""
    return f"={value.text}" if isinstance(value, Formula) else value


def test_a_real_run_takes_mutants_in_as_the_audit_judges_them(mutants, outcome, empty):
    empty.inbox.mkdir(parents=True)
    dropped = mutants[: len(mutants) // 4]
    for mutant in dropped:
        (empty.inbox / mutant.reading.file_name).write_bytes(write_book(mutant.book))
    ingest(empty, CITY)
    names = sent_as(empty)
    found = select(empty, "select submission_id, status from registry.submission").rows()
    status = {names[submission_id]: value for submission_id, value in found}
    assert len(status) == len({path.read_bytes() for path in empty.inbox.iterdir()})
    for mutant in dropped:
        if mutant.reading.file_name in status:
            # of files that came together and do not say which is later, all are held that were audited without an error
            is_sound = status[mutant.reading.file_name] in ("accepted", "superseded", "held")
            assert is_sound == (mutant.seed in outcome.accepted), mutant.seed


@pytest.mark.parametrize("number", [40, *deep(200)])
def test_spoilt_bytes_are_refused_or_read_as_before(number):
    whole: Mapping[str, bytes] = {code: write_book(sample_book(code)) for code in RESPONDENTS}
    before = {code: read_workbook(data, "id", "f.xlsx", CITY).cells for code, data in whole.items()}
    refused = 0
    for n in range(number):
        respondent = RESPONDENTS[n % len(RESPONDENTS)]
        reading = read_workbook(spoil(whole[respondent], random.Random(f"bytes-{n}")), "id", "f.xlsx", CITY)
        errors = [finding.rule_id for finding in reading.findings if finding.is_error]
        assert errors or reading.cells == before[respondent], n
        refused += bool(errors)
    assert refused > number // 2
