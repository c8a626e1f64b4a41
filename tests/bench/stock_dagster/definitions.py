"""The same work in a Dagster project as its documentation builds one: multiprocess executor, dbt as a subprocess
through @dbt_assets and DbtCliResource, default storage. The models are the project's, intake and audit its functions.

A step is a process; so there are as few as are reasonable, and none a sheet: that would only be slower. Serves the
installation of the environment, for the years in BENCH_YEARS.
"""

import json
import os
from collections.abc import Iterator, Sequence

import dagster as dg
from dagster_dbt import DbtCliResource, DbtProject, dbt_assets

from sources.declarations.city import load_city
from sources.system.settings import PROJECT_ROOT, load_settings
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.catalogue.reference import load_reference
from warehouse.figures.printed_table import print_tables
from warehouse.figures.region_year import load_region_year
from warehouse.intake.feedback import write_feedback
from warehouse.intake.take_in import take_in
from warehouse.release.data.summary_csv import write_table
from warehouse.run.changed import inputs_fingerprint, note_built_from, record_build
from warehouse.run.publish import publish
from warehouse.store.connection import open_published, open_working
from warehouse.store.ddl import all_tables, create_tables

SETTINGS = load_settings()
CITY = load_city(SETTINGS.city_dir)
YEARS = [int(year) for year in os.environ["BENCH_YEARS"].split(",")]
PROJECT = DbtProject(PROJECT_ROOT / "dbt_project", target_path=SETTINGS.home / "stock-dbt")
MANIFEST = json.loads(PROJECT.manifest_path.read_text())
MODELS = [
    dg.AssetKey([node["schema"], node["name"]])
    for node in MANIFEST["nodes"].values()
    if node["resource_type"] == "model"
]


def tables_of(*schemas: str, deps: Sequence[dg.AssetSpec] = ()) -> list[dg.AssetSpec]:
    """The tables that dbt reads as sources, each an asset."""
    sources = [source for source in MANIFEST["sources"].values() if source["schema"] in schemas]
    return [dg.AssetSpec([source["schema"], source["name"]], deps=deps) for source in sources]


@dg.multi_asset(specs=tables_of("reference"))
def reference() -> Iterator[dg.MaterializeResult]:
    with open_working(SETTINGS) as connection:
        create_tables(connection, all_tables(PACK))
        load_reference(connection, SETTINGS, CITY)
    for spec in tables_of("reference"):
        yield dg.MaterializeResult(spec.key)


@dg.multi_asset(specs=tables_of("raw", "registry", deps=tables_of("reference")))
def intake() -> Iterator[dg.MaterializeResult]:
    with open_working(SETTINGS) as connection:
        result = take_in(connection, SETTINGS, CITY, YEARS)
    for spec in tables_of("raw", "registry"):
        rows = {"rows": result.rows.get(spec.key.path[-1], 0)}
        yield dg.MaterializeResult(spec.key, metadata=rows)


@dbt_assets(manifest=PROJECT.manifest_path)
def models(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator:
    yield from dbt.cli(["build", "--exclude-resource-type", "unit_test"], context=context).stream()


@dg.asset(deps=MODELS)
def published() -> None:
    with open_working(SETTINGS) as connection:
        note_built_from(connection, inputs_fingerprint(connection))
        record_build(connection, SETTINGS, CITY)
    publish(SETTINGS)


@dg.asset(deps=[published])
def marked_workbooks() -> None:
    with open_working(SETTINGS) as connection:
        write_feedback(connection, SETTINGS, YEARS)


@dg.asset(deps=[published])
def summary_tables() -> None:
    with open_published(SETTINGS) as connection:
        for year in YEARS:
            of = load_region_year(connection, load_catalogue(PACK), year)
            for table in print_tables(connection, of).values():
                write_table(table, SETTINGS.summary_tables / str(year))


defs = dg.Definitions(
    assets=[reference, intake, models, published, marked_workbooks, summary_tables],
    jobs=[dg.define_asset_job("annual_report", executor_def=dg.multiprocess_executor)],
    resources={"dbt": DbtCliResource(project_dir=PROJECT)},
)
