"""What `nianbao check` finds in a file is what the run finds in it, rule by rule and cell by cell."""

import random
from pathlib import Path

import pytest

from sources.audit.plausibility import OF_LAST_YEAR
from sources.check_workbook import check_workbook
from sources.checked import Checked, LastYearError, WorkbookFile
from sources.declarations.agreement import cross_rules
from sources.declarations.contract import contract_named, load_contracts
from sources.sample.pour import pour_samples
from sources.submission.file_names import workbook_file_name
from sources.system.fingerprint import sha256_of
from sources.system.settings import Limits
from tests.conftest import BUREAU, NURSING_SCHOOL, ingest, select
from tests.hostile.books import CITY, Book, item_cell, sample_book, write_book
from tests.hostile.mutations import mutate

FORMS = [contract.title for contract in load_contracts(CITY.pack) if contract.shape == "form"]
COMPARED = [contract_named(CITY.pack, rule.sheet).title for rule in cross_rules(CITY.pack) if rule.needs == "last_year"]
"""Forms that are held against last year's; `some_other_numbers` takes one of them every second time."""
MOVED = "3645900002"
"""A school whose books, 78,181 the year before, are many more: nothing but last year can tell."""
TOLD = "sheet, cell, column_name, record_key, value, rule_id, severity, message, fix, suggestion"


def some_other_numbers(book: Book, rng: random.Random) -> None:
    """One to three numbers of forms become what a clerk might have typed instead."""
    for _ in range(rng.randint(1, 3)):
        titles = rng.choice([FORMS, COMPARED])
        sheet = rng.choice([sheet for sheet in book.sheets if sheet.title in titles] or book.sheets)
        numbers = [at for at, value in sheet.cells.items() if at[1] == 4 and isinstance(value, int | float)]
        if numbers:
            at = rng.choice(numbers)
            factor = rng.choice([0.1, 0.5, 1.4, 10, 10_000])
            sheet.cells[at] = round(sheet.cells[at] * factor)


def mutated_year(folder: Path, seed: int) -> list[tuple[str, Path]]:
    """A changed workbook of 2023 of every respondent: (code, path); every third is not only doubtful but broken."""
    rng = random.Random(seed)
    paths = []
    for number, respondent in enumerate(CITY.respondents_in(2023)):
        book = sample_book(respondent.code, 2023)
        some_other_numbers(book, rng)
        if respondent.code == MOVED:
            at = item_cell(book, "办学条件", "纸质图书")
            book.sheet("办学条件").cells[at] = 110_000
        if number % 3 == seed % 3:
            mutate(book, rng)
        path = folder / workbook_file_name(respondent, 2023)
        path.write_bytes(write_book(book))
        paths.append((respondent.code, path))
    return paths


def told_by(checked: Checked) -> list[tuple[str | None, ...]]:
    names = TOLD.split(", ")
    rows = (row for each in checked.findings for row in each.rows)
    return sorted((tuple(row[name] for name in names) for row in rows), key=str)


@pytest.mark.parametrize(
    ("seed", "schools"), [(1, 4), *(pytest.param(each, 12, marks=pytest.mark.deep) for each in (1, 2))]
)
def test_check_finds_what_the_run_finds(empty, city, seed, schools):
    pour_samples(city, empty.city_dir, 2022, empty.inbox, with_explanations=False)
    files = mutated_year(empty.inbox, seed)
    ingest(empty, city)
    compared = 0
    for code, path in files[:schools]:
        in_run = select(
            empty,
            f"select stage, {TOLD} from registry.finding where submission_id = '{sha256_of(path.read_bytes())}'"
            " and (stage = 'intake' or rule_id like 'history.%' or rule_id = 'cause.last_year_resent'"
            f" or list_contains({list(OF_LAST_YEAR)}, rule_id))",
        ).rows()
        intake = sorted((row[1:] for row in in_run if row[0] == "intake"), key=str)
        both = sorted((row[1:] for row in in_run), key=str)
        data = path.read_bytes()
        assert told_by(check_workbook(data, path.name, city, Limits())) == intake, path.name
        earlier = empty.inbox / workbook_file_name(city.respondent_by_code[code], 2022)
        if earlier.exists():
            last_year = WorkbookFile(earlier.read_bytes(), earlier.name)
            try:
                checked = check_workbook(data, path.name, city, Limits(), last_year)
            except LastYearError:
                assert any(row[5].startswith("cover.") for row in intake), path.name
                continue
            assert told_by(checked) == both, path.name
            compared += len(both) - len(intake)
    assert compared > 0 or seed != 1  # where an error was mutated in, nothing is compared; by the first seed it is


def test_every_rule_is_judged_or_named(city):
    """What is left to the bureau is listed in words; with last year's file its rules leave the list."""
    book = write_book(sample_book(NURSING_SCHOOL, 2023))
    earlier = WorkbookFile(write_book(sample_book(NURSING_SCHOOL, 2022)), "2022.xlsx")
    alone = check_workbook(book, "2023.xlsx", city, Limits())
    with_last_year = check_workbook(book, "2023.xlsx", city, Limits(), earlier)
    named = {each.rule_id: each for each in alone.not_checked}
    sheets = {cell.sheet for cell in alone.submission.cells}
    others = {rule.id for rule in cross_rules(city.pack) if rule.sheet in sheets and rule.level == "city"}
    assert others <= named.keys()
    assert {each.needs for each in with_last_year.not_checked} == {"others"}
    assert {each.rule_id for each in alone.not_checked} - {each.rule_id for each in with_last_year.not_checked} == {
        "cause.last_year_resent",
        *(rule.id for rule in cross_rules(city.pack) if rule.id.startswith("history.")),
        *OF_LAST_YEAR,
    }
    assert named["plausible.last_year"].words == "“…”填的是 …，上年 …，相差 … 倍以上。"
    assert named["city.quota_matches_approval"].needs == "others"


def test_last_year_must_be_the_same_respondents_of_the_year_before(city):
    book = write_book(sample_book(NURSING_SCHOOL, 2023))
    for code, year, words in (
        (BUREAU, 2022, "应为钦州市卫生学校 2022 年度的"),
        (NURSING_SCHOOL, 2023, "2023 年度的文件，应为"),
    ):
        other = WorkbookFile(write_book(sample_book(code, year)), "上年.xlsx")
        with pytest.raises(LastYearError, match=words):
            check_workbook(book, "2023.xlsx", city, Limits(), other)
    with pytest.raises(LastYearError, match=r"上年\.xlsx 认不出单位或年度：文件是空的"):
        check_workbook(book, "2023.xlsx", city, Limits(), WorkbookFile(b"", "上年.xlsx"))
