"""What a release was made from, and what it is made of: enough to make it again, and to see that it is the same."""

import json
import re
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from sources.declarations.city import City
from sources.system.fingerprint import fingerprint, sha256_of, sha256_of_file
from sources.system.settings import PROJECT_ROOT, Settings
from warehouse.intake.decisions import applied_decisions
from warehouse.intake.versions import current_versions
from warehouse.run.changed import declarations_fingerprint
from warehouse.store.notes import CLOCK_STATE, get_state
from warehouse.store.sql import query

PRINTING = ("catalogue", "figures", "release")
"""The rooms of the warehouse whose code decides what a release looks like."""
MANIFEST = "manifest.json"
VERSION = re.compile(r"(\d{4})\.([1-9]\d*)")


@dataclass(frozen=True)
class Override:
    """Who let a release go out although points of the checklist were not met, and why."""

    by: str
    reason: str
    points: tuple[str, ...]


@dataclass(frozen=True)
class Manifest:
    """One release. `receipts` are all files received by then (the fields of a Receipt);
    `current` says which of them count: respondent → submission. `outputs`: path → sha256."""

    version: str
    report_year: int
    city_code: str
    released_on: str
    clock: str
    years: list[int]
    receipts: list[dict[str, Any]]
    decisions: int
    current: dict[str, str]
    declarations: str
    lock_file: str
    commit: str
    checklist: list[dict[str, Any]]
    override: dict[str, Any] | None
    previous: str | None
    outputs: dict[str, str]


def releases_of(settings: Settings, report_year: int) -> list[Manifest]:
    """The releases of a year, oldest first."""
    found = [
        read_manifest(folder) for folder in releases_folder(settings).glob(f"{report_year}.*") if _is_whole(folder)
    ]
    return sorted(found, key=lambda manifest: number_of(manifest.version))


def releases_folder(settings: Settings) -> Path:
    return settings.home / "releases"


def _is_whole(folder: Path) -> bool:
    return VERSION.fullmatch(folder.name) is not None and (folder / MANIFEST).exists()


def number_of(version: str) -> int:
    """The running number of a version within its year: 2023.4 → 4."""
    match = VERSION.fullmatch(version)
    assert match is not None
    return int(match.group(2))


def read_manifest(folder: Path) -> Manifest:
    return Manifest(**json.loads((folder / MANIFEST).read_text(encoding="utf-8")))


def write_manifest(manifest: Manifest, folder: Path) -> Path:
    path = folder / MANIFEST
    path.write_text(json.dumps(asdict(manifest), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path


def inputs_of(
    connection: duckdb.DuckDBPyConnection, settings: Settings, city: City, report_year: int
) -> dict[str, Any]:
    """The manifest's fields that tell what a release of the year is made from."""
    receipts = query(
        connection,
        "select submission_id, file_name, size_bytes,"
        " strftime(received_at at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%f') || '+00:00' as received_at,"
        " cast(received_on as varchar) as received_on"
        " from registry.receipt order by submission_id, file_name",
    ).to_dicts()
    return {
        "city_code": city.code,
        "clock": get_state(connection, CLOCK_STATE) or "",
        "years": sorted(city.calendar.years),
        "receipts": receipts,
        "decisions": applied_decisions(connection),
        "current": counting(connection, report_year),
        "declarations": _declarations(settings, city),
        "lock_file": sha256_of_file(PROJECT_ROOT / "requirements.lock"),
        "commit": commit(),
    }


def counting(connection: duckdb.DuckDBPyConnection, report_year: int) -> dict[str, str]:
    """The version that counts for each respondent of the year, in the order of their codes."""
    versions = sorted(current_versions(connection).items())
    return {code: submission_id for (code, year), submission_id in versions if year == report_year}


def _declarations(settings: Settings, city: City) -> str:
    """Changes whenever a contract, rule, indicator, model or a part of the release's own code or templates does."""
    rooms = [sorted((PROJECT_ROOT / "warehouse" / room).rglob("*")) for room in PRINTING]
    files = [path for room in rooms for path in room if path.is_file() and "__pycache__" not in path.parts]
    printing = sha256_of(declarations_fingerprint(settings, city), *(path.read_bytes() for path in files))
    return fingerprint([city], printing)


def commit() -> str:
    """The commit of the code, with a plus sign when files differ from it; 'unknown' outside of a repository."""
    try:
        head = _git("rev-parse", "HEAD")
        return head + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=PROJECT_ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()
