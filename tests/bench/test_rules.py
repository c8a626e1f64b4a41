"""The record of the rules that is kept in the docs is the one that the sample's archive gives."""

from pathlib import Path

import pytest

from sources.declarations.city import City
from sources.sample.pour import pour_samples
from sources.system.settings import PROJECT_ROOT, Settings
from tests.bench.rules import YEARS, extent, record
from tests.conftest import ingest
from warehouse.intake.rule_record import year_of_rules

STALE = "stale: python -m tests.bench rules"


def kept() -> str:
    return Path(PROJECT_ROOT / "docs" / "benchmark" / "rules.md").read_text(encoding="utf-8")


def test_the_kept_table_counts_the_rules_that_there_are(city: City) -> None:
    assert "\n".join(extent(city.pack)) in kept(), STALE


@pytest.mark.deep
def test_the_kept_table_is_what_the_archive_gives(empty: Settings, city: City) -> None:
    for year in YEARS:
        pour_samples(city, empty.city_dir, year, empty.inbox)
    ingest(empty, city, YEARS)
    assert "\n".join(record([year_of_rules(empty, city, year) for year in YEARS])) in kept(), STALE
