"""The data of a release are read by other tools as docs/analysts.md says, with the comments of their columns."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pytest

from sources.declarations.city import City
from sources.system.settings import PROJECT_ROOT, Settings
from tests.corpus.resaving import MODULES
from warehouse.release.data.data_package import write_bundle

WASM = MODULES / "@duckdb" / "duckdb-wasm"
FACTS = "core.fct_indicator_value"
PAGE = (PROJECT_ROOT / "docs" / "analysts.md").read_text("utf-8")


@pytest.fixture(scope="module")
def releases(city_run: Settings, city: City, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two years' data, in folders as releases have them."""
    folder = tmp_path_factory.mktemp("releases")
    with duckdb.connect(str(city_run.published_database), read_only=True) as connection:
        for year in (2022, 2023):
            write_bundle(connection, city, year, folder / f"{year}.1" / "data", date(2024, 1, 1), f"{year}.1")
    return folder


def counted(path: Path) -> int:
    return duckdb.sql(f"select count(*) from read_parquet('{path}')").fetchall()[0][0]


def test_two_releases_are_read_side_by_side_by_the_documented_line(releases):
    (line,) = re.findall(r"^\| two releases side by side \| `\S+ -c \"(.+?)\"`", PAGE, re.M)
    found = pl.DataFrame(duckdb.sql(line.replace("'releases/", f"'{releases}/")))
    of_file = dict(found.group_by("filename").len().iter_rows())
    assert of_file == {str(path): counted(path) for path in releases.glob(f"*/data/{FACTS}.parquet")}
    assert len(of_file) == 2


def test_a_parquet_file_says_what_its_columns_are(releases, published):
    path = releases / "2023.1" / "data" / f"{FACTS}.parquet"
    rows = duckdb.sql(f"select decode(key), decode(value) from parquet_kv_metadata('{path}')").fetchall()
    said: Mapping[str, str] = dict(rows)
    comments = published.execute(
        "select 'description.' || column_name, comment from duckdb_columns() where table_name = 'fct_indicator_value'"
    ).fetchall()
    assert said.items() >= dict(comments).items()
    assert "一行一个年度" in said["description"]


def test_polars_and_pandas_read_the_same_rows(releases):
    folder = releases / "2023.1" / "data"
    of_polars = pl.read_parquet(folder / f"{FACTS}.parquet")
    of_pandas = pd.read_csv(folder / f"{FACTS}.csv", dtype=str, keep_default_na=False)
    assert of_polars.height == len(of_pandas) == counted(folder / f"{FACTS}.parquet")
    for column in ("subject_code", "indicator_code", "status", "display"):
        assert of_polars[column].cast(pl.String).fill_null("").to_list() == of_pandas[column].tolist()


def test_a_csv_begins_with_the_mark_that_excel_looks_for_and_closed_lists_are_constraints(releases):
    folder = releases / "2023.1" / "data"
    for path in folder.glob("*.csv"):
        assert path.read_bytes().startswith(b"\xef\xbb\xbf"), path.name
    package = json.loads((folder / "datapackage.json").read_text("utf-8"))
    (facts,) = [each for each in package["resources"] if each["path"] == f"{FACTS}.csv"]
    (status,) = [field for field in facts["schema"]["fields"] if field["name"] == "status"]
    assert "suppressed" in status["constraints"]["enum"]
    shown = set(pd.read_csv(folder / f"{FACTS}.csv", dtype=str)["status"])
    assert shown <= set(status["constraints"]["enum"])


@pytest.mark.deep
@pytest.mark.skipif(not WASM.exists(), reason="DuckDB-Wasm is not installed (make writers)")
def test_duckdb_wasm_reads_the_published_file_as_it_is(city_run: Settings, published):
    """Its DuckDB is older than ours: a file that only ours reads would be of no use on a web page."""
    sql = (
        "select subject_code, display, status, coverage from marts.scale where report_year = 2023"
        " and indicator_code = 'students_full_time' order by subject_kind, subject_code, scope_code"
    )
    command = ["node", str(Path(__file__).with_name("ask_wasm.cjs")), str(city_run.published_database), sql]
    environment = {**os.environ, "NODE_PATH": str(MODULES)}
    asked = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=300)
    assert [tuple(row.values()) for row in json.loads(asked.stdout)] == published.execute(sql).fetchall()
