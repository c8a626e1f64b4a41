"""Which versions there are in the folder of releases: the models say of each row in which its year last stood."""

import re
from collections.abc import Iterable
from pathlib import Path

import duckdb
import polars as pl

from sources.system.settings import Settings
from warehouse.store.sql import insert, transaction

MANIFEST = "manifest.json"
SIGNATURE = f"{MANIFEST}.sig"
"""Beside the manifest: what the bureau's key makes of its bytes, once somebody has signed."""
VERSION = re.compile(r"(\d{4})\.([1-9]\d*)")


def releases_folder(settings: Settings) -> Path:
    return settings.home / "releases"


def is_whole(folder: Path) -> bool:
    """Whether a folder holds a release that was finished."""
    return VERSION.fullmatch(folder.name) is not None and (folder / MANIFEST).exists()


def number_of(version: str) -> int:
    """The running number of a version within its year: 2023.4 → 4."""
    return _parts(version)[1]


def latest_versions(settings: Settings) -> dict[int, str]:
    """Report year → its last version."""
    return {year: version for year, _, version in sorted(_parts_of(released_versions(settings)))}


def released_versions(settings: Settings) -> tuple[str, ...]:
    """Every version that stands in the folder of releases."""
    return tuple(sorted(path.name for path in releases_folder(settings).glob("*.*") if is_whole(path)))


def note_releases(connection: duckdb.DuckDBPyConnection, versions: Iterable[str]) -> None:
    """`registry.release` says these versions: one row each. Writes only what has changed."""
    parts = sorted(_parts_of(versions))
    latest = {year: version for year, _, version in parts}
    rows = [(version, year, number, latest[year] == version) for year, number, version in parts]
    noted = connection.execute("select * from registry.release order by report_year, sequence").fetchall()
    if noted == rows:
        return
    columns = {"version": pl.String, "report_year": pl.Int64, "sequence": pl.Int64, "is_latest": pl.Boolean}
    with transaction(connection):
        connection.execute("delete from registry.release")
        insert(connection, "registry.release", pl.DataFrame(rows, schema=columns, orient="row"))


def _parts_of(versions: Iterable[str]) -> list[tuple[int, int, str]]:
    """Report year, running number and version of each."""
    return [(*_parts(version), version) for version in versions]


def _parts(version: str) -> tuple[int, int]:
    match = VERSION.fullmatch(version)
    assert match is not None
    return int(match.group(1)), int(match.group(2))
