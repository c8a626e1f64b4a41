"""raw → staging → intermediate → core → marts → quality → report: the compiled models, built beside the old ones.

They are built in a copy of the working database, which is swapped in at the end: it holds the old models or the new
ones, never some of each. dbt itself is not needed here (compile.py); its machinery around each model takes longer
than all of the SQL.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import duckdb
import polars as pl

from sources.declarations.pack import Pack
from sources.system.faults import fault_of
from sources.system.settings import Settings
from warehouse.bounding.note_bounds import note_bounds
from warehouse.catalogue.record_catalogue import record_catalogue
from warehouse.hiding.settle import settle
from warehouse.run.changed import (
    built_from,
    fingerprint_of,
    keys_of,
    note_built_from,
    note_keys,
    noted_keys,
    sums_after_settling,
    table_sums,
)
from warehouse.run.compile import (
    Model,
    ModelTest,
    Node,
    build_order,
    is_step,
    load_manifest,
    project_fingerprint,
    public_tables_of,
)
from warehouse.store.connection import rewrite_working
from warehouse.store.ddl import canonical_type
from warehouse.store.notes import get_state, set_state
from warehouse.store.sql import query, quoted

CATALOGUE_NOTE = "catalogue_of"
FAILING_ROWS = 50
LARGE_ROWS = 50_000


@dataclass(frozen=True)
class NodeResult:
    """The outcome of one model or test, in dbt's words: success, pass, fail, error, skipped.

    `failures` is how many rows a test found, `failing` the first of them. `was_kept`: the build left the model
    as it was, because its inputs had not changed.
    """

    unique_id: str
    status: str
    seconds: float = 0.0
    failures: int | None = None
    failing: pl.DataFrame | None = None
    message: str | None = None
    was_kept: bool = False


@dataclass(frozen=True)
class Build:
    """The outcome of one build: all of its models stand, or none of them."""

    nodes: tuple[NodeResult, ...]

    @property
    def success(self) -> bool:
        return all(node.status in ("success", "pass") for node in self.nodes)

    @property
    def built(self) -> list[NodeResult]:
        """The models that stand now."""
        return [node for node in self.nodes if node.status == "success" and self.success]

    def with_again(self, nodes: Iterable[NodeResult]) -> "Build":
        """The outcome with what was built or tested once more in the place of what it was before."""
        again = {node.unique_id: node for node in nodes}
        return Build(tuple(again.get(node.unique_id, node) for node in self.nodes))

    @property
    def error(self) -> str | None:
        """The errors, one a line; None when there was none."""
        failed = [f"{node.unique_id}: {node.message}" for node in self.nodes if node.status in ("error", "fail")]
        return "\n".join(failed) or None


class ContractError(Exception):
    """A model's columns are not what its contract says."""


class _NotBuiltError(Exception):
    """A model or a test has failed: the copy is given up."""


def build(
    settings: Settings,
    pack: Pack,
    selected: Collection[str] | None = None,
    with_tests: bool = True,
    anew: bool = False,
    finish: Callable[[duckdb.DuckDBPyConnection, Build], None] = lambda connection, outcome: None,
) -> Build:
    """Builds models (unique ids, with the tests to run; None: all) on a copy of the working database.

    A model that would be built from the same rows again is kept, unless `anew` is given; its tests run all the same.
    Where other numbers are to be hidden than before (warehouse/hiding), or figures that lack schools have other bounds
    (warehouse/bounding), what shows them is built once more.
    After a failing test everything that reads the model is skipped; after an error of the database everything is. In
    both cases all models stay as they were. Otherwise it notes what they were built from, calls `finish` with the copy,
    and swaps it in.
    """
    # Long: the order of these steps is what keeps the database whole.
    manifest = load_manifest(settings, pack)
    nodes = [
        node
        for node in build_order(manifest)
        if (selected is None or node.unique_id in selected) and (with_tests or isinstance(node, Model))
    ]
    models, project = [node for node in nodes if isinstance(node, Model)], project_fingerprint(pack)
    outcome = Build(())
    # what was not built is in the outcome; the error only leaves the database as it was
    with suppress(_NotBuiltError), rewrite_working(settings) as connection:
        sums = table_sums(connection)
        inputs = fingerprint_of(sums)
        are_all_built = selected is None or built_from(connection) == inputs
        noted = noted_keys(connection, project) if selected is None and not anew else {}
        keys = keys_of(connection, manifest, models, sums) if noted else {}
        existing = _existing(connection, manifest)
        kept = {key for key in keys if keys[key] == noted.get(key)} & existing.keys()
        # the same version of the project has made the views: whatever they read, they are what they were
        views = {node.unique_id for node in models if node.is_view and node.unique_id in existing} if noted else set()
        standing = kept | views if selected is None else _declared(manifest).keys()
        for unique_id, (schema, name, kind) in existing.items():
            if unique_id not in standing:
                connection.execute(f'drop {kind} {schema}."{name}"')  # the new one takes up its place
        outcome = Build(tuple(_results(connection, nodes, kept, views)))
        if not outcome.success:
            raise _NotBuiltError
        # what rests on few people is known only now, and so are bounds
        for settle_by in (partial(settle, pack=pack), partial(note_bounds, pack=pack, anew=anew)):
            if not settle_by(connection):
                continue
            # what shows it is built once more
            before = (keys or keys_of(connection, manifest, models, sums)) if selected is None else {}
            sums = sums_after_settling(connection, sums)
            keys = keys_of(connection, manifest, models, sums) if selected is None else {}
            again = {
                node.unique_id
                for node in models
                if node.unique_id not in keys or keys[node.unique_id] != before[node.unique_id]
            }
            inputs, kept, are_all_built = fingerprint_of(sums), kept - again, selected is None
            outcome = outcome.with_again(_results(connection, _concerned(nodes, again), (), views))
            if not outcome.success:
                raise _NotBuiltError
        note_built_from(connection, inputs if are_all_built else "")
        if selected is None:
            note_keys(connection, project, keys or keys_of(connection, manifest, models, sums))
        elif not are_all_built:
            note_keys(connection, project, {})
        _describe(connection, manifest, kept | views)
        if get_state(connection, CATALOGUE_NOTE) != project:
            record_catalogue(connection, public_tables_of(pack))
            set_state(connection, CATALOGUE_NOTE, project)
        finish(connection, outcome)
    return outcome


def _results(
    connection: duckdb.DuckDBPyConnection, nodes: Iterable[Node], kept: Collection[str], views: Collection[str]
) -> Iterator[NodeResult]:
    """Runs the nodes in order, except models that are kept and `views` that stand; after an error of the database it
    runs no more. Raises what the machine is at fault for.

    It commits a large table at once: until then it is not compressed, and what reads it takes several times as
    long. It commits small ones together, because every commit waits for the disk.
    """
    unusable: set[str] = set()
    is_spoilt = False
    connection.execute("begin")
    for node in nodes:
        start = time.perf_counter()
        if is_spoilt or (isinstance(node, Model) and node.parents & unusable):
            unusable.add(node.unique_id)
            yield NodeResult(node.unique_id, "skipped")
            continue
        if node.unique_id in kept or node.unique_id in views:
            yield NodeResult(node.unique_id, "success", was_kept=node.unique_id in kept)
            continue
        try:
            if isinstance(node, Model):
                if _create(connection, node) > LARGE_ROWS:
                    connection.execute("commit; begin")
                _check_contract(connection, node)
                yield NodeResult(node.unique_id, "success", time.perf_counter() - start)
            elif failures := _count(connection, node):
                unusable |= node.parents
                failing = query(connection, f"select * from ({node.sql}) limit {FAILING_ROWS}")
                message = f"{failures} 行未通过"
                yield NodeResult(node.unique_id, "fail", time.perf_counter() - start, failures, failing, message)
            else:
                yield NodeResult(node.unique_id, "pass", time.perf_counter() - start, 0)
        except (duckdb.Error, ContractError) as error:
            if fault_of(str(error)):
                raise  # no model is at fault: told as what it is
            is_spoilt = True
            yield NodeResult(node.unique_id, "error", time.perf_counter() - start, message=str(error))
    connection.execute("rollback" if is_spoilt else "commit")


def _concerned(nodes: Iterable[Node], models: Collection[str]) -> list[Node]:
    """The models, and the tests that read one of them."""
    return [
        node
        for node in nodes
        if not ({node.unique_id} | (node.parents if isinstance(node, ModelTest) else set())).isdisjoint(models)
    ]


def _create(connection: duckdb.DuckDBPyConnection, model: Model) -> int:
    """Puts a model in the place of the old one, with its contract's columns in order. Returns a table's rows."""
    kind = "view" if model.is_view else "table"
    columns = ", ".join(f'"{name}"' for name in model.columns) or "*"
    connection.execute(f"create schema if not exists {model.schema}")
    connection.execute(f"create or replace {kind} {_relation(model)} as select {columns} from ({model.sql})")
    row = connection.fetchone()
    return row[0] if row else 0


def _check_contract(connection: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Raises ContractError when a column is not of the type that the contract promises."""
    if not model.columns:
        return
    described = connection.execute(f"select column_name, lower(column_type) from (describe {_relation(model)})")
    made = dict(described.fetchall())
    broken = [
        f"{column} 应为 {declared}，实为 {made[column]}"
        for column, declared in model.columns.items()
        if made[column] != canonical_type(declared)
    ]
    if broken:
        raise ContractError(f"{model.schema}.{model.name} 的列与声明不同：{'；'.join(broken)}")


def _existing(connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any]) -> dict[str, tuple[str, str, str]]:
    """Unique id of a model → its relation in the database: schema, name, `view` or `table`.

    A relation that belongs to no model, or no longer does, has its name for an id.
    """
    ids = {(model["schema"], model["alias"]): key for key, model in _declared(manifest).items()}
    relations = connection.execute(
        "select table_schema, table_name, case table_type when 'VIEW' then 'view' else 'table' end"
        " from information_schema.tables where list_contains(?, table_schema)",
        [sorted({schema for schema, _ in ids})],
    ).fetchall()
    return {ids.get(relation[:2], ".".join(relation[:2])): relation for relation in relations}


def _describe(connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any], kept: Collection[str]) -> None:
    """Writes the descriptions of models and their columns as comments; models that are kept keep theirs."""
    models = _declared(manifest)
    statements = [
        statement
        for unique_id, (_, _, kind) in _existing(connection, manifest).items()
        if unique_id not in kept
        for statement in _comments(kind, models[unique_id])
    ]
    connection.execute(f"begin; {'; '.join(statements)}; commit")


def _declared(manifest: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The models that are relations, as the manifest has them, by unique id."""
    nodes = manifest["nodes"].items()
    return {key: node for key, node in nodes if node["resource_type"] == "model" and not is_step(node)}


def _comments(kind: str, model: Mapping[str, Any]) -> Iterator[str]:
    relation = f'{model["schema"]}."{model["alias"]}"'
    yield f"comment on {kind} {relation} is {quoted(model['description'].strip())}"
    for column in model["columns"].values():
        yield f'comment on column {relation}."{column["name"]}" is {quoted(column["description"])}'


def _count(connection: duckdb.DuckDBPyConnection, test: ModelTest) -> int:
    row = connection.execute(f"select count(*) from ({test.sql})").fetchone()
    return row[0] if row else 0


def _relation(model: Model) -> str:
    return f'{model.schema}."{model.name}"'
