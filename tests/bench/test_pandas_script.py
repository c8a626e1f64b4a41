"""The script that one would write instead makes the same tables: else it would be no fair comparison."""

import csv

import pytest

from tests.bench import pandas_script
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.printed_table import table_of

REMARKS = "备注"
"""What ours says beside a row that does not compare; in the table of schools, what they remark themselves."""


@pytest.fixture(scope="module")
def written(city_run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pandas")
    pandas_script.main(city_run.inbox, folder, 2023)
    return folder


@pytest.mark.parametrize("code", load_catalogue(PACK).tables)
def test_the_script_prints_the_same_table(written, published, code):
    ours = table_of(published, load_catalogue(PACK), code, 2023)
    with (written / f"{ours.name}.csv").open(encoding="utf-8-sig", newline="") as file:
        headings, *rows = csv.reader(file)
    theirs = {heading: [row[at] for row in rows] for at, heading in enumerate(headings)}
    same = {heading: [row[at] for row in ours.texts] for at, heading in enumerate(ours.headings)}
    if REMARKS not in theirs:
        same.pop(REMARKS, None)
    for heading in theirs.keys() - same.keys():
        assert {*theirs[heading]} <= {"", "…"}, (
            heading
        )  # ours leaves out a column of last year in which nothing is known
    assert {heading: theirs[heading] for heading in same} == same
