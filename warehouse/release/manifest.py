"""What a release was made from, and what it is made of: enough to make it again, and to see that it is the same."""

import json
import re
import subprocess
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from sources.archive.archive import Receipt
from sources.declarations.city import City
from sources.declarations.declared import audit_version
from sources.declarations.publication import PublicationTerms
from sources.system.faults import ToldError
from sources.system.fingerprint import fingerprint, sha256_of, sha256_of_file
from sources.system.settings import PROJECT_ROOT, Settings
from warehouse.intake.decisions import applied_decisions
from warehouse.intake.released import MANIFEST, VERSION, is_whole, number_of, releases_folder
from warehouse.intake.versions import current_versions
from warehouse.release.item import Listed, listed_of
from warehouse.release.narrative.written_files import WrittenFiles
from warehouse.run.changed import declarations_fingerprint
from warehouse.store.notes import CLOCK_STATE, get_state
from warehouse.store.sql import query

PRINTING = ("catalogue", "figures", "release")
"""The rooms of the warehouse whose code decides what a release looks like."""
PACKED_COMMIT = PROJECT_ROOT / "commit.txt"
"""Written by orchestration/supply/wheelhouse.py."""
CONTENT = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Manifest:
    """One release. `receipts` are all files received by then (the fields of a Receipt, with our name for the file);
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
    previous: str | None
    outputs: dict[str, str]
    judged_by: str = ""
    """The fingerprint of city, contracts, code lists and rules, which the archive keeps; 0.1.0 named none."""
    items: list[dict[str, Any]] | None = None
    """What was listed and how each was settled (rows of Listed); None in a release that was signed for as a whole."""
    released: dict[str, str] | None = None
    """The last version of each year when this one was made, itself included: year → version. Older ones have none."""
    publication: dict[str, Any] | None = None
    """What the release says of itself (the fields of a PublicationTerms); releases before 0.2.0 said nothing."""
    narrative: str | None = None
    """The fingerprint of the city's own words, which the archive keeps; '' where there were none, None before 0.2.0."""
    override: dict[str, Any] | None = None
    """Who let an older release go out with points that were not met (by, reason, points): 0.1.0 had this, not items."""

    @property
    def confirmed(self) -> list[dict[str, Any]]:
        """The items that somebody confirmed: their rows, in the order of the list."""
        return [item for item in self.items or [] if item["settled"] and item["settled"]["how"] == "confirmed"]

    @property
    def signed_by(self) -> tuple[str, ...]:
        """Who confirmed items, or signed for an older release, each name once."""
        signed = [self.override["by"]] if self.override else []
        return tuple(dict.fromkeys([*signed, *(item["settled"]["by"] for item in self.confirmed)]))

    @property
    def published_as(self) -> PublicationTerms:
        """What the release says of itself."""
        return PublicationTerms.model_validate(self.publication or {})

    @property
    def listed(self) -> tuple[Listed, ...]:
        """The items as objects."""
        return tuple(listed_of(row) for row in self.items or [])


def releases_of(settings: Settings, report_year: int) -> list[Manifest]:
    """The releases of a year, oldest first."""
    found = [read_manifest(folder) for folder in releases_folder(settings).glob(f"{report_year}.*") if is_whole(folder)]
    return sorted(found, key=lambda manifest: number_of(manifest.version))


class UnreadableManifestError(ToldError, ValueError):
    """A manifest is not as this program writes them."""


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a release. Raises UnreadableManifestError, which names the file and what is wrong in it."""
    path = folder / MANIFEST
    try:
        manifest = Manifest(**json.loads(path.read_text(encoding="utf-8")))
        dates = [date.fromisoformat(each) for each in (manifest.clock, manifest.released_on)]
        receipts = [Receipt(**each) for each in manifest.receipts]
        for row in manifest.items or []:
            listed_of(row)
        PublicationTerms.model_validate(manifest.publication or {})
        ids = [*manifest.current.values(), *(receipt.submission_id for receipt in receipts)]
        is_sound = len(dates) == 2 and all(map(CONTENT.fullmatch, ids)) and VERSION.fullmatch(manifest.version)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise UnreadableManifestError(f"{path} 不是发布清单，或被改动过（{error}）；请从备份恢复") from error
    if not is_sound:
        raise UnreadableManifestError(f"{path} 被改动过：版本或报送的编号不成样子；请从备份恢复")
    return manifest


def manifest_hash(folder: Path) -> str:
    """The sha256 of a release's manifest, to be kept where nobody can change both: printed, mailed, told."""
    return sha256_of_file(folder / MANIFEST)


def write_manifest(manifest: Manifest, folder: Path) -> Path:
    path = folder / MANIFEST
    path.write_text(json.dumps(asdict(manifest), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path


def inputs_of(
    connection: duckdb.DuckDBPyConnection, settings: Settings, city: City, report_year: int, written: WrittenFiles
) -> dict[str, Any]:
    """The manifest's fields that tell what a release of the year is made from; `written` are the city's words."""
    receipts = query(
        connection,
        "select receipt.submission_id, submission.file_name, receipt.size_bytes,"
        " strftime(receipt.received_at at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%f') || '+00:00' as received_at,"
        " cast(receipt.received_on as varchar) as received_on, receipt.channel, receipt.sender,"
        " strftime(receipt.look at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%f') || '+00:00' as look"
        " from registry.receipt as receipt inner join registry.submission as submission using (submission_id)"
        " order by receipt.submission_id, receipt.receipt",
    ).to_dicts()
    return {
        "city_code": city.code,
        "clock": get_state(connection, CLOCK_STATE) or "",
        "years": sorted(city.calendar.years),
        "receipts": receipts,
        "decisions": applied_decisions(connection),
        "current": counting(connection, report_year),
        "declarations": _declarations(settings, city),
        "judged_by": audit_version(city),
        "narrative": written.fingerprint,
        "publication": city.publication.model_dump(mode="json"),
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
    own = city.pack.layer("documents")
    rooms += [sorted(own.rglob("*"))] if own else []
    files = [path for room in rooms for path in room if path.is_file() and "__pycache__" not in path.parts]
    printing = sha256_of(declarations_fingerprint(settings, city), *(path.read_bytes() for path in files))
    return fingerprint([city], printing)


def commit() -> str:
    """The commit of the code, with a plus sign when files differ from it; 'unknown' outside of a repository.

    An installation from the installer is in no repository, and has it in a file.
    """
    if PACKED_COMMIT.exists():
        return PACKED_COMMIT.read_text(encoding="utf-8").strip()
    try:
        head = _git("rev-parse", "HEAD")
        return head + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*arguments: str) -> str:
    ours = ("-c", f"safe.directory={PROJECT_ROOT}")  # also where another user has installed it, as it should be
    done = subprocess.run(
        ["git", "--no-optional-locks", *ours, *arguments], cwd=PROJECT_ROOT, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()
