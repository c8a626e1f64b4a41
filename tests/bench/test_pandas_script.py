"""The script that one would write instead makes the same tables: else it would be no fair comparison."""

import csv

import pytest

from tests.bench import pandas_script
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.printed_table import table_of


@pytest.fixture(scope="module")
def written(city_run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pandas")
    pandas_script.main(city_run.inbox, folder, 2023)
    return folder


@pytest.mark.parametrize("code", load_catalogue().tables)
def test_the_script_prints_the_same_table(written, published, code):
    ours = table_of(published, load_catalogue(), code, 2023)
    with (written / f"{ours.name}.csv").open(encoding="utf-8-sig", newline="") as file:
        headings, *rows = csv.reader(file)
    assert tuple(headings) == ours.headings
    assert [tuple(row) for row in rows] == list(ours.texts)
