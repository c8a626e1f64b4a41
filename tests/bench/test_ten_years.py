"""A warehouse that lives through years: what is measured is kept and told, and nothing wrong is measured."""

from pathlib import Path

import pytest

from tests.bench import ten_years
from tests.bench.ten_years import TenYears, keep, kept, measure_ten_years, section

OTHER_YEARS = range(2018, 2021)


@pytest.fixture(scope="module")
def lived() -> TenYears:
    return measure_ten_years(12, years=OTHER_YEARS)


@pytest.mark.deep
def test_years_come_one_after_another_into_one_warehouse(lived: TenYears):
    """An error that was not planted, a figure that does not arrive, or a year without figures would raise."""
    assert [each.report_year for each in lived.years] == list(OTHER_YEARS)
    assert [each.workbooks for each in lived.years] == [14, 14, 14]
    assert lived.files == 42
    sizes = [each.published for each in lived.years]
    assert sizes == sorted(sizes)
    assert {*ten_years.OVER_ALL_YEARS} < {*lived.questions}


@pytest.mark.deep
def test_what_was_measured_is_kept_and_told(lived: TenYears, tmp_path: Path):
    keep(lived, tmp_path)
    assert kept(tmp_path) == [lived]
    page = "\n".join(section(kept(tmp_path)))
    assert "| 12 | 42 |" in page
    assert "| schools | 2018 | 2019 | 2020 |" in page


def test_nothing_is_told_where_nothing_was_measured(tmp_path: Path):
    assert section(kept(tmp_path)) == []
