"""Which models need not be built again: those that would be built from exactly what they were built from.

A workbook that is refused, a second copy, an explanation or a decision changes the registry, and of the models only
what says who has sent what; the marts stand.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any

import duckdb

from warehouse.compiled import Model
from warehouse.inputs import row_sum
from warehouse.registry import get_state, set_state

STATE = "models_built_from"
COUNTING = frozenset({"stg_submission", "stg_sheet_status"})
"""Views of those rows of the registry that count. The registry changes with every file, they do not: what reads them
goes by what they hold."""

Keys = dict[str, str]
"""Model (unique id) → a fingerprint of all that it is built from, to the last row."""


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
            keys[model.unique_id] = hashlib.sha256(repr(read).encode()).hexdigest()
    return {model.unique_id: keys[model.unique_id] for model in models}


def noted_keys(connection: duckdb.DuckDBPyConnection, project: str) -> Keys:
    """The keys at the last build; none when the project (its fingerprint) has changed since."""
    noted = json.loads(get_state(connection, STATE) or "{}")
    return noted["keys"] if noted.get("project") == project else {}


def note_keys(connection: duckdb.DuckDBPyConnection, project: str, keys: Keys) -> None:
    """Notes the keys of models that have all been built; none while they have not."""
    set_state(connection, STATE, json.dumps({"project": project, "keys": keys}))
