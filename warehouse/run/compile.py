"""dbt parses and compiles each version of the project once; that says what to build, in which order, by which SQL.

Nothing in the models depends on the data they will read (no introspection while compiling), so what dbt makes of them
is the same for every installation and every run. It is kept beside the project, or in the installation's home where
the project cannot be written to.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from graphlib import TopologicalSorter
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock

from sources.declarations.pack import Pack
from sources.system.access import OWNERS_FILE, private_folder
from sources.system.fingerprint import sha256_of
from sources.system.settings import DBT_PROJECT, Settings
from sources.system.whole_file import whole_file
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.catalogue.model_files import GENERATED, generated_models, is_generated_for
from warehouse.catalogue.public_tables import PublicTable, public_tables

FINGERPRINT = 12
QUIET = ("--quiet", "--no-use-colors", "--log-level-file", "none")
UNDERSTOOD = {"severity": "ERROR", "fail_calc": "count(*)", "error_if": "!= 0", "warn_if": "!= 0", "limit": None}
"""The settings of a test that its execution here honours; any other is refused, not ignored."""


@dataclass(frozen=True)
class Model:
    """One model: the relation `schema.name` (dbt's alias; the file's name is in `unique_id`), and how it is made.

    `columns` (name → SQL type) are its contract, empty where none is enforced. `parents` are what it reads.
    """

    unique_id: str
    schema: str
    name: str
    is_view: bool
    sql: str
    parents: frozenset[str]
    columns: Mapping[str, str]


@dataclass(frozen=True)
class ModelTest:
    """One test: `sql` selects the rows that fail. `parents` are the models it reads."""

    unique_id: str
    sql: str
    parents: frozenset[str]


Node = Model | ModelTest


def project_fingerprint(pack: Pack) -> str:
    """A fingerprint that changes whenever a file of the dbt project, or dbt itself, changes."""
    parts: list[bytes | str] = [f"{version('dbt-core')} {version('dbt-duckdb')}"]
    is_shipped = is_generated_for(pack)
    for path in sorted(DBT_PROJECT.rglob("*")):
        name = path.relative_to(DBT_PROJECT)
        if (
            path.suffix in (".sql", ".yml")
            and "target" not in name.parts
            and (is_shipped or GENERATED not in name.parts)
        ):
            parts += [str(name), path.read_bytes()]
    if not is_shipped:
        parts += [part for path, text in _generated(pack).items() for part in (str(path), text)]
    return sha256_of(*parts)[:FINGERPRINT]


@lru_cache
def _generated(pack: Pack) -> dict[Path, str]:
    """The generated files of the project (their paths in it) as the pack has them."""
    files = generated_models(load_catalogue(pack))
    return {path.relative_to(DBT_PROJECT): text for path, text in sorted(files.items())}


def public_tables_of(pack: Pack) -> tuple[PublicTable, ...]:
    """The tables for analysts as the project declares them for the pack."""
    return _public_tables(pack, project_fingerprint(pack))


@lru_cache(maxsize=4)
def _public_tables(pack: Pack, _project: str) -> tuple[PublicTable, ...]:
    return public_tables(load_catalogue(pack))


@contextmanager
def project_of(pack: Pack) -> Iterator[Path]:
    """The dbt project with the models that derive from the pack: this one, or a copy for as long as it is needed."""
    if is_generated_for(pack):
        yield DBT_PROJECT
        return
    with tempfile.TemporaryDirectory(prefix="nianbao-dbt-") as folder:
        copy = Path(folder) / DBT_PROJECT.name
        shutil.copytree(DBT_PROJECT, copy, ignore=shutil.ignore_patterns("target", "logs", GENERATED))
        for name, text in _generated(pack).items():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_text(text, encoding="utf-8")
        yield copy


def prepare_manifest(settings: Settings, pack: Pack) -> Path:
    """dbt's manifest of the project as it stands, with the SQL of every model and test; compiled only when it changed.

    Raises RuntimeError with dbt's message when the project does not compile.
    """
    kind = f"compiled-{pack.code}-" if pack.code else "compiled-"
    name = f"{kind}{project_fingerprint(pack)}.json"
    kept = kept_beside_the_project(settings, name)
    if kept.exists():
        return kept
    folder = kept.parent
    with _alone_in(folder), tempfile.TemporaryDirectory(prefix="nianbao-dbt-") as scratch:
        if not (folder / name).exists():
            with project_of(pack) as project:
                run_dbt(["compile"], Path(scratch) / settings.working_database.name, Path(scratch), project)
            for outdated in folder.glob(f"{kind}{'[0-9a-f]' * FINGERPRINT}.json"):
                outdated.unlink()
            with whole_file(folder / name) as partial:
                partial.write_bytes((Path(scratch) / "manifest.json").read_bytes())
    return folder / name


def kept_beside_the_project(settings: Settings, name: str) -> Path:
    """Where a file that is made of the project lies, or belongs: beside it, or in the home if that is not ours."""
    folders = (DBT_PROJECT / "target", settings.home / "dbt")
    for folder in folders:
        if (folder / name).exists():
            return folder / name
    return (folders[0] if _is_writable(folders[0]) else private_folder(folders[1])) / name


def load_manifest(settings: Settings, pack: Pack) -> dict[str, Any]:
    return _read(prepare_manifest(settings, pack))


@lru_cache(maxsize=2)
def _read(path: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(path.read_bytes())
    return manifest


def build_order(manifest: Mapping[str, Any]) -> list[Node]:
    """Models and tests in order: a model comes after its parents, a test right after the models that it reads.

    Raises ValueError for a test with a setting that the build does not support.
    """
    makers: dict[str, Callable[[Mapping[str, Any]], Node]] = {"model": _model, "test": _test}
    steps = {key: node for key, node in manifest["nodes"].items() if is_step(node)}
    nodes = {
        key: makers[node["resource_type"]](node | {"read": _read_by(node, steps)})
        for key, node in manifest["nodes"].items()
        if node["resource_type"] in makers and key not in steps
    }
    sorter = TopologicalSorter({key: node.parents & nodes.keys() for key, node in nodes.items()})
    sorter.prepare()
    ordered: list[Node] = []
    while sorter.is_active():
        ready = sorted((nodes[key] for key in sorter.get_ready()), key=lambda node: isinstance(node, Model))
        ordered += ready
        sorter.done(*(node.unique_id for node in ready))
    return ordered


def is_step(node: Mapping[str, Any]) -> bool:
    """Whether a node is only a part of its readers' queries, and no relation of its own (dbt: ephemeral)."""
    return bool(node["config"]["materialized"] == "ephemeral")


def _read_by(node: Mapping[str, Any], steps: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
    """The models and sources that a node reads, directly or through ephemeral nodes."""
    parents = frozenset[str](node["depends_on"]["nodes"])
    within = (_read_by(steps[parent], steps) for parent in parents & steps.keys())
    return frozenset(parents - steps.keys()).union(*within)


def dbt_arguments(command: Sequence[str], target: Path, project: Path = DBT_PROJECT) -> list[str]:
    """A command of dbt on the project, with `target` as the folder for what dbt writes."""
    folders = ["--project-dir", str(project), "--profiles-dir", str(project)]
    return [*QUIET, command[0], *folders, "--target-path", str(target), "--log-path", str(target), *command[1:]]


def run_dbt(command: Sequence[str], database: Path, target: Path, project: Path = DBT_PROJECT) -> Any:
    """dbt itself, in this process, on a database file; returns its result and leaves no connection open.

    `target` is the folder for what dbt writes. Raises RuntimeError when dbt cannot do it at all, with its message.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner  # slow to import, and not needed when the project has not changed

    from warehouse.run.dbt_by_hand import release

    os.environ["NIANBAO_WORKING_DATABASE"] = str(database)
    os.environ["DO_NOT_TRACK"] = "1"
    try:
        outcome = dbtRunner().invoke(dbt_arguments(command, target, project))
    finally:
        if DuckDBConnectionManager._ENV is not None:
            DuckDBConnectionManager._ENV.close()
        DuckDBConnectionManager.close_all_connections()
        release()
    if outcome.exception is not None:
        raise RuntimeError(f"dbt {command[0]}: {outcome.exception}") from outcome.exception
    return outcome.result


def _model(node: Mapping[str, Any]) -> Model:
    declared = node["columns"] if node["config"]["contract"]["enforced"] else {}
    return Model(
        unique_id=node["unique_id"],
        schema=node["schema"],
        name=node["alias"],
        is_view=node["config"]["materialized"] == "view",
        sql=node["compiled_code"],
        parents=node["read"],
        columns={name: column["data_type"] for name, column in declared.items()},
    )


def _test(node: Mapping[str, Any]) -> ModelTest:
    other = {name for name, value in UNDERSTOOD.items() if (node["config"][name] or None) != value}
    if other or node["config"]["store_failures"]:
        raise ValueError(f"{node['unique_id']}: {sorted(other) or 'store_failures'} is not honoured")
    return ModelTest(node["unique_id"], node["compiled_code"], node["read"])


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Lets one process compile in the folder; the others wait for its result."""
    with FileLock(folder / "compiling.lock", mode=OWNERS_FILE):
        yield
