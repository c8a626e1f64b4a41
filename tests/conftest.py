"""The tests share the sample city, taken in and built once, and copies of it that they may change.

Everything is real: real workbooks, a real DuckDB file, dbt itself. `city_run` is read-only for tests;
`fresh_copy` is a copy of the same installation that a test may change.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path

import duckdb
import openpyxl
import polars as pl
import pytest
from hypothesis import settings as hypothesis_settings

from sources.archive.archive import archived_receipts
from sources.declarations.city import City, load_city
from sources.sample.pour import pour_samples
from sources.submission.file_names import workbook_file_name
from sources.system.settings import CITIES_ROOT, Settings
from warehouse.catalogue.reference import load_reference
from warehouse.intake.stage_times import Intake
from warehouse.intake.take_in import take_in
from warehouse.run.build import build
from warehouse.run.changed import record_build
from warehouse.run.publish import publish
from warehouse.store.connection import open_working
from warehouse.store.ddl import all_tables, create_tables
from warehouse.store.sql import query

YEARS = (2022, 2023)
NURSING_SCHOOL = "3645900002"
BUREAU = "450700"

# The day on which the suite began is today until it ends, also past midnight: in every worker, in every command.
os.environ.setdefault("NIANBAO_OFFICE", "none")  # seconds a document; tests/release/test_print.py has it
os.environ.setdefault("NIANBAO_SCANNER", "none")  # a machine's own may have no signatures; tests/desk/test_scanner.py
TODAY = date.fromisoformat(os.environ.setdefault("NIANBAO_TODAY", date.today().isoformat()))

# Every run draws the same examples: a failure is there again, and no day is unlucky.
# `pytest --hypothesis-profile=explore` looks for new ones.
hypothesis_settings.register_profile("fixed", derandomize=True, deadline=None)
hypothesis_settings.register_profile("explore", derandomize=False, deadline=None, print_blob=True)
hypothesis_settings.load_profile("fixed")


def long(*values: object) -> list[pytest.ParameterSet]:
    """Returns parameters that `NIANBAO_LONG=1 make test-deep` adds to those of `make test-deep`, which has an hour."""
    is_left_out = pytest.mark.skipif("NIANBAO_LONG" not in os.environ, reason="long: NIANBAO_LONG=1 make test-deep")
    return [pytest.param(value, marks=[pytest.mark.deep, is_left_out]) for value in values]


def deep(*values: object) -> list[pytest.ParameterSet]:
    """Returns parameters that only `make test-deep` adds to the few of `make test`: `[5, *deep(60)]`."""
    return [pytest.param(value, marks=pytest.mark.deep) for value in values]


@pytest.fixture(scope="session")
def city() -> City:
    return load_city(CITIES_ROOT / "450700")


@pytest.fixture(scope="session")
def city_run(tmp_path_factory: pytest.TempPathFactory, city: City) -> Settings:
    """The sample city after a yearly run, its warnings not yet explained. Do not change it."""
    settings = Settings(home=tmp_path_factory.mktemp("city"), city_dir=CITIES_ROOT / "450700", fixed_today=TODAY)
    for year in YEARS:
        pour_samples(city, settings.city_dir, year, settings.inbox, with_explanations=False)
    run_all(settings, city)
    return settings


@pytest.fixture
def fresh_copy(city_run: Settings, tmp_path: Path) -> Settings:
    """A copy of the sample city after its run, to change at will."""
    settings = replace(city_run, home=tmp_path / "home")
    shutil.copytree(city_run.home, settings.home)
    return settings


@pytest.fixture
def empty(tmp_path: Path) -> Settings:
    """An installation that has received nothing yet."""
    return Settings(home=tmp_path / "home", city_dir=CITIES_ROOT / "450700", fixed_today=TODAY)


@pytest.fixture
def published(city_run: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(str(city_run.published_database), read_only=True)
    yield connection
    connection.close()


def ingest(settings: Settings, city: City, years: tuple[int, ...] = YEARS) -> Intake:
    """Intake alone: archive, audit, raw tables."""
    with open_working(settings) as connection:
        create_tables(connection, all_tables(city.pack))
        load_reference(connection, settings, city)
        return take_in(connection, settings, city, years)


def run_all(settings: Settings, city: City, years: tuple[int, ...] = YEARS) -> Intake:
    """Does the steps of the Dagster job, without Dagster."""
    result = ingest(settings, city, years)
    outcome = build(settings, city.pack)
    assert outcome.success, outcome.error
    with open_working(settings) as connection:
        record_build(connection, settings, city)
    publish(settings)
    return result


def select(settings: Settings, sql: str) -> pl.DataFrame:
    """Runs a query on the working database."""
    with open_working(settings) as connection:
        return query(connection, sql)


def sent_as(settings: Settings) -> dict[str, str]:
    """Submission → how its sender named the file first: the archive's receipts say it, and nothing else."""
    return {each.submission_id: each.file_name for each in reversed(archived_receipts(settings.archive))}


def edit(
    settings: Settings, city: City, respondent: str, year: int, change: Callable[[openpyxl.Workbook], None]
) -> Path:
    """Opens a respondent's workbook in the inbox as a clerk would, changes it and saves it under its name."""
    path = settings.inbox / workbook_file_name(city.respondent_by_code[respondent], year)
    book = openpyxl.load_workbook(BytesIO(path.read_bytes()))
    change(book)
    book.save(path)
    return path


def cell_of(book: openpyxl.Workbook, sheet: str, label: str) -> openpyxl.cell.Cell:
    """Finds this year's cell of an item of a form by the item's label."""
    worksheet = book[sheet]
    for row in worksheet.iter_rows():
        if row[1].value == label:
            return row[4]
    raise AssertionError(f"no item {label} in {sheet}")


def snapshot(settings: Settings, schemas: tuple[str, ...]) -> dict[str, list[tuple]]:
    """Returns every row of every table of the schemas, to compare before and after."""
    with open_working(settings) as connection:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where list_contains(?, schema_name) order by all",
            [list(schemas)],
        ).fetchall()
        return {
            f"{schema}.{name}": connection.execute(f'select * from {schema}."{name}" order by all').fetchall()
            for schema, name in tables
        }
