"""One fingerprint stands for all inputs of the models, so that publishing can check what they were built from."""

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import duckdb

from sources.declarations.city import City
from sources.declarations.contract import load_contracts
from sources.declarations.declared import audit_version
from sources.system.fingerprint import fingerprint, sha256_of
from sources.system.settings import Settings
from warehouse.bounding.noted_bound import BOUNDS
from warehouse.catalogue.reference import reference_fingerprint
from warehouse.hiding.settle import HIDDEN_VALUE
from warehouse.run.compile import Model, project_fingerprint
from warehouse.store.notes import CLOCK_STATE, INPUTS_NOTE, get_state, set_state

NOTES_TABLE = "registry", "state"
MODEL_KEYS_NOTE = "models_built_from"
COUNTING = frozenset({"stg_submission", "stg_sheet_status"})
"""Views of those rows of the registry that count. The registry changes with every file, they do not: what reads them
goes by what they hold."""
Keys = dict[str, str]
"""Model (unique id) → a fingerprint of all that it is built from, to the last row."""
BUILD_NOTE = "build_fingerprint"
SETTLED = BOUNDS | {HIDDEN_VALUE}
"""Tables that a build fills itself, from what its own models gave."""


def inputs_fingerprint(connection: duckdb.DuckDBPyConnection) -> str:
    """A fingerprint of every row of registry, reference and raw, and of the day of the run. Reads every row.

    Raises duckdb.Error when a part of the file can no longer be read.
    """
    return fingerprint_of(table_sums(connection))


def fingerprint_for_spark(connection: duckdb.DuckDBPyConnection) -> str:
    """A fingerprint of what Spark's models are built from: without the bounds, which Python works out of what DuckDB's
    models gave.

    Raises duckdb.Error when a part of the file can no longer be read.
    """
    sums = table_sums(connection)
    return fingerprint_of({name: of_table for name, of_table in sums.items() if name not in BOUNDS})


def fingerprint_of(sums: Mapping[str, str]) -> str:
    return sha256_of(repr(sorted(sums.items())))


def table_sums(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """`schema.table` → a sum over all rows, for each table that Python writes.

    Of registry.state, in which runs take notes, only the day of the run counts.
    """
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables()"
        " where schema_name in ('raw', 'reference', 'registry') order by all"
    ).fetchall()
    if not tables:
        return {}
    sums = _sums(connection, [table for table in tables if table != NOTES_TABLE])
    return sums | {".".join(NOTES_TABLE): get_state(connection, CLOCK_STATE) or ""}


def sums_after_settling(connection: duckdb.DuckDBPyConnection, before: Mapping[str, str]) -> dict[str, str]:
    """The sums after what follows from the models has been noted: of all other tables they are those before."""
    schema_and_name = [(schema, name) for schema, _, name in (table.partition(".") for table in sorted(SETTLED))]
    return {**before, **_sums(connection, schema_and_name)}


def _sums(connection: duckdb.DuckDBPyConnection, tables: Iterable[tuple[str, str]]) -> dict[str, str]:
    sums = " union all ".join(row_sum(schema, name) for schema, name in tables)
    return dict(connection.execute(sums).fetchall())


def row_sum(schema: str, name: str) -> str:
    """A query for the name of a relation and a sum over its rows, whatever their order."""
    total = "cast(sum(cast(hash(each) as hugeint)) as varchar)"
    return f"select '{schema}.{name}', coalesce({total}, '') from {schema}.\"{name}\" as each"


def note_built_from(connection: duckdb.DuckDBPyConnection, fingerprint: str) -> None:
    """Notes what all models were built from; '' while they are not built."""
    set_state(connection, INPUTS_NOTE, fingerprint)


def built_from(connection: duckdb.DuckDBPyConnection) -> str | None:
    return get_state(connection, INPUTS_NOTE)


def keys_of(
    connection: duckdb.DuckDBPyConnection,
    manifest: Mapping[str, Any],
    models: Collection[Model],
    sums: Mapping[str, str],
) -> Keys:
    """The models' keys, for models in build order, from sums over the tables that they read (`inputs.table_sums`).

    The views in COUNTING must exist, as the project has them now.
    """
    keys = {key: sums[f"{source['schema']}.{source['name']}"] for key, source in manifest["sources"].items()}
    for model in models:
        if model.name in COUNTING:
            row = connection.execute(row_sum(model.schema, model.name)).fetchone()
            keys[model.unique_id] = row[1] if row else ""
        else:
            read = sorted((parent, keys[parent]) for parent in model.parents)
            keys[model.unique_id] = sha256_of(repr(read))
    return {model.unique_id: keys[model.unique_id] for model in models}


def noted_keys(connection: duckdb.DuckDBPyConnection, project: str) -> Keys:
    """The keys at the last build; none when the project (its fingerprint) has changed since."""
    noted = json.loads(get_state(connection, MODEL_KEYS_NOTE) or "{}")
    return noted["keys"] if noted.get("project") == project else {}


def note_keys(connection: duckdb.DuckDBPyConnection, project: str, keys: Keys) -> None:
    """Notes the keys of models that have all been built; none while they have not."""
    set_state(connection, MODEL_KEYS_NOTE, json.dumps({"project": project, "keys": keys}))


def declarations_fingerprint(settings: Settings, city: City) -> str:
    """A fingerprint that changes whenever something other than a submission asks for a new build."""
    return " ".join(
        [
            project_fingerprint(city.pack),
            reference_fingerprint(settings, city),
            audit_version(city),
            fingerprint(load_contracts(city.pack)),
        ]
    )


def record_build(connection: duckdb.DuckDBPyConnection, settings: Settings, city: City) -> None:
    """Notes in the working database which declarations its tables were built from."""
    set_state(connection, BUILD_NOTE, declarations_fingerprint(settings, city))
