"""What other programs read of a release: the dictionary, its structure as SDMX-JSON, and the file of metrics."""

import csv
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from pysdmx.io import read_sdmx
from pysdmx.model import Codelist, DataStructureDefinition
from sidemantic import SemanticLayer

from tests.support.sample import PACK
from warehouse.catalogue.catalogue import Catalogue, load_catalogue
from warehouse.catalogue.labels import STATUS
from warehouse.release.data.dictionary import DIMENSIONS, HEADINGS, write_dictionary, write_structure
from warehouse.release.data.metrics_file import MODEL, is_metric, write_metrics

ASKED = 12
"""Metrics in one question: each is a pass over the table."""


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(PACK)


def test_the_dictionary_has_a_line_for_each_indicator_with_its_formula_and_base(catalogue, tmp_path: Path):
    with write_dictionary(catalogue, tmp_path).open(encoding="utf-8-sig", newline="") as file:
        lines = {line["indicator_code"]: line for line in csv.DictReader(file)}
    assert lines.keys() == catalogue.indicators.keys()
    assert tuple(next(iter(lines.values()))) == HEADINGS
    for code, line in lines.items():
        indicator = catalogue.indicators[code]
        assert bool(line["base"]) == (indicator.kind == "ratio"), code
        for needed in ("label", "unit", "definition", "formula", "source", "chapter"):
            assert line[needed], (code, needed)
    assert "附表1" in lines["graduates"]["tables"].split()


def test_the_structure_is_read_by_a_library_of_the_standard(published, catalogue, city, tmp_path: Path):
    path = write_structure(published, catalogue, city, tmp_path, date(2024, 3, 1), "2023.1")
    message = read_sdmx(path, validate=True)
    [facts] = [each for each in message.structures if isinstance(each, DataStructureDefinition)]
    assert [each.id for each in facts.components.dimensions] == [*(each.upper() for each in DIMENSIONS), "TIME_PERIOD"]
    assert [each.id for each in facts.components.measures] == ["OBS_VALUE"]
    columns = published.execute("select * from core.fct_indicator_value limit 0").description
    assert len(list(facts.components)) == len(columns)
    lists = {each.id: each for each in message.structures if isinstance(each, Codelist)}
    assert [code.id for code in lists["CL_INDICATOR_CODE"]] == list(catalogue.indicators)
    assert {code.id: code.name for code in lists["CL_STATUS"]} == STATUS
    assert {code.id for code in lists["CL_SCOPE_CODE"]} == {
        code for (code,) in published.execute("select scope_code from core.dim_scope").fetchall()
    }


def test_the_structure_names_nothing_of_the_machine_and_is_the_same_each_time(
    published, catalogue, city, tmp_path: Path
):
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        write_structure(published, catalogue, city, folder, date(2024, 3, 1), "2023.1")
    texts = {(folder / "structure.json").read_text(encoding="utf-8") for folder in (first, second)}
    assert len(texts) == 1
    assert json.loads(texts.pop())["meta"]["prepared"] == "2024-03-01T00:00:00Z"


def test_a_metric_of_all_schools_is_the_value_of_the_region(published, city_run, catalogue, tmp_path: Path):
    layer = SemanticLayer.from_yaml(write_metrics(catalogue, tmp_path), connection="duckdb:///:memory:")
    layer.adapter.execute(f"attach '{city_run.published_database}' as published (read_only)")
    layer.adapter.execute("use published")
    codes = [code for code, each in catalogue.indicators.items() if is_metric(catalogue, each)]
    assert len(codes) > len(catalogue.indicators) // 2
    expected = {
        (year, code): value
        for year, code, value in published.execute(
            "select report_year, indicator_code, value from core.fct_indicator_value"
            " where subject_kind = 'region' and scope_code = 'all' and value is not null and definition = 'standard'"
        ).fetchall()
    }
    compared = 0
    for start in range(0, len(codes), ASKED):
        asked = codes[start : start + ASKED]
        found = layer.query(
            metrics=[f"{MODEL}.{code}" for code in asked], dimensions=[f"{MODEL}.report_year"]
        ).fetchall()
        for year, *values in found:
            for code, value in zip(asked, values, strict=True):
                if (year, code) in expected:
                    compared += 1
                    assert float(value) == pytest.approx(float(expected[year, code]), rel=1e-12), (year, code)
    assert compared == sum(code in codes for _, code in expected) > len(codes) // 2


def test_a_metric_of_some_schools_is_theirs(published, city_run, catalogue, tmp_path: Path):
    """Another set of schools than any scope of the city: one ownership in one year."""
    layer = SemanticLayer.from_yaml(write_metrics(catalogue, tmp_path), connection="duckdb:///:memory:")
    layer.adapter.execute(f"attach '{city_run.published_database}' as published (read_only)")
    layer.adapter.execute("use published")
    found = layer.query(
        metrics=[f"{MODEL}.graduates"], dimensions=[f"{MODEL}.report_year", f"{MODEL}.ownership_label"]
    ).fetchall()
    by_hand = published.execute(
        "select forms.report_year, schools.ownership_label, sum(forms.graduates) from raw.outcomes as forms"
        " inner join registry.submission as submissions on forms.submission_id = submissions.submission_id"
        " inner join core.dim_school as schools on forms.report_year = schools.report_year"
        " and forms.respondent_code = schools.school_code where submissions.is_current group by all"
    ).fetchall()
    assert {(year, kind): Decimal(value) for year, kind, value in found if value} == {
        (year, kind): Decimal(value) for year, kind, value in by_hand if value
    }
