"""One release: checked, made whole in a folder of its own, never changed afterwards; and made again to verify it."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from sources.archive.archive import archived_decisions, archived_path, restore
from sources.archive.inbox import Inbox
from sources.declarations.city import City
from sources.system.settings import Settings
from warehouse.compiled import load_manifest
from warehouse.connection import open_published, open_working
from warehouse.ddl import create_tables
from warehouse.freshness import record_build
from warehouse.intake import take_in
from warehouse.publish import publish
from warehouse.reference import load_reference
from warehouse.release.bundle import sha256_of, write_bundle, write_checksums, write_zip
from warehouse.release.checklist import Point, check_release
from warehouse.release.document import write_documents
from warehouse.release.manifest import (
    MANIFEST,
    Manifest,
    Override,
    inputs_of,
    next_version,
    read_manifest,
    releases_folder,
    releases_of,
    write_manifest,
)
from warehouse.release.model_docs import write_model_docs
from warehouse.release.revisions import revisions, write_revisions
from warehouse.release.site.render import write_site
from warehouse.transform import build

DATA, SITE = "data", "site"
REVISIONS = "修订表.csv"

Progress = Callable[[str], None]


class ReleaseBlockedError(RuntimeError):
    """Points of the checklist are not met, and nobody has signed for it."""

    def __init__(self, points: tuple[Point, ...]) -> None:
        self.points = points
        super().__init__("；".join(f"{point.title}：{point.detail}" for point in points if not point.passed))


@dataclass(frozen=True)
class Released:
    """A finished release; `seconds` by part. `is_new` is False when nothing had changed since the last one."""

    manifest: Manifest
    folder: Path
    seconds: dict[str, float]
    is_new: bool


def release(
    settings: Settings,
    city: City,
    report_year: int,
    override: Override | None = None,
    progress: Progress = lambda _: None,
) -> Released:
    """Makes the next release of the year from the published database.

    Raises ReleaseBlockedError when the checklist does not pass and no override is given; FileNotFoundError when
    nothing has been published. A release that would repeat the last one is not made.
    """
    earlier = releases_of(settings, report_year)
    before = [(each, releases_folder(settings) / each.version) for each in earlier]
    with open_published(settings) as connection:
        progress("检查")
        points = check_release(connection, settings, city, report_year)
        inputs = inputs_of(connection, settings, city, report_year)
        if before and _same_inputs(before[-1][0], inputs):
            return Released(*before[-1], {}, False)
        failed = tuple(point.name for point in points if not point.passed)
        if failed and override is None:
            raise ReleaseBlockedError(points)
        version = next_version(report_year, earlier)
        target = releases_folder(settings) / version
        partial = target.with_name(f".{version}.{os.getpid()}.partial")
        try:
            seconds = make(
                connection,
                city,
                report_year,
                partial,
                settings.today,
                version,
                before,
                load_manifest(settings),
                progress,
            )
            manifest = Manifest(
                version=version,
                report_year=report_year,
                released_on=settings.today.isoformat(),
                checklist=[asdict(point) for point in points],
                override=asdict(replace(override, points=failed)) if failed and override else None,
                previous=earlier[-1].version if earlier else None,
                outputs=_outputs(partial),
                **inputs,
            )
            write_manifest(manifest, partial)
            for path in partial.rglob("*"):
                if path.is_file():
                    path.chmod(0o444)
            partial.rename(target)
            manifest = read_manifest(target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return Released(manifest, target, seconds, True)


def make(
    connection: duckdb.DuckDBPyConnection,
    city: City,
    report_year: int,
    folder: Path,
    released_on: date,
    version: str,
    before: Sequence[tuple[Manifest, Path]],
    models: dict[str, Any],
    progress: Progress = lambda _: None,
) -> dict[str, float]:
    """Writes every file of a release but its manifest into the folder; returns the seconds of each part."""
    seconds: dict[str, float] = {}

    @contextmanager
    def part(title: str) -> Iterator[None]:
        progress(title)
        start = time.perf_counter()
        yield
        seconds[title] = round(time.perf_counter() - start, 2)

    folder.mkdir(parents=True)
    with part("文档"):
        documents = write_documents(connection, city.code, report_year, folder, released_on, version).paths
    with part("数据文件"):
        data = write_bundle(connection, city, report_year, folder / DATA, released_on, version)
        archive = write_zip(data, folder, folder / f"数据_{version}.zip")
        described = write_model_docs(connection, models, folder / "数据模型.html")
    extra = []
    if before:
        with part("修订表"):
            table = revisions(connection, city, report_year, before)
            extra.append(write_revisions(table, folder / REVISIONS))
    with part("网站"):
        write_site(
            connection, city, report_year, folder / SITE, released_on, version, [*documents, archive, described, *extra]
        )
    with part("校验和"):
        write_checksums([path for path in folder.rglob("*") if path.is_file()], folder)
    return seconds


def _same_inputs(last: Manifest, inputs: dict[str, Any]) -> bool:
    return all(getattr(last, name) == inputs[name] for name in ("current", "decisions", "declarations", "lock_file"))


def _outputs(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in files}


@dataclass(frozen=True)
class Verified:
    """The outcome of making a release again. Paths that differ, are missing, or are new; what has changed around it."""

    version: str
    compared: int
    differing: tuple[str, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]
    changed_since: tuple[str, ...]
    damaged: tuple[str, ...]

    @property
    def is_equal(self) -> bool:
        return not (self.differing or self.missing or self.added or self.damaged)


def verify(settings: Settings, city: City, version: str, progress: Progress = lambda _: None) -> Verified:
    """Builds the release's warehouse from the archive alone, makes all files again and compares them byte for byte.

    `damaged` are files of the release itself that are no longer what its manifest says.

    Raises FileNotFoundError when there is no such release, or the archive lacks one of its inputs; RuntimeError when
    the models do not build.
    """
    folder = releases_folder(settings) / version
    if not (folder / MANIFEST).exists():
        raise FileNotFoundError(f"没有 {version} 这一版：{folder}")
    manifest = read_manifest(folder)
    with tempfile.TemporaryDirectory(prefix="nianbao-verify-") as scratch:
        again = replace(settings, home=Path(scratch) / "home", fixed_today=date.fromisoformat(manifest.clock))
        progress("从存档重建")
        _rebuild(settings, again, city, manifest)
        before = [
            (each, releases_folder(settings) / each.version)
            for each in releases_of(settings, manifest.report_year)
            if _precedes(each, manifest)
        ]
        made = Path(scratch) / "release"
        with open_published(again) as connection:
            inputs = inputs_of(connection, again, city, manifest.report_year)
            released_on = date.fromisoformat(manifest.released_on)
            make(
                connection,
                city,
                manifest.report_year,
                made,
                released_on,
                version,
                before,
                load_manifest(again),
                progress,
            )
        outputs = _outputs(made)
    return Verified(
        version=version,
        compared=len(manifest.outputs),
        differing=tuple(p for p, digest in manifest.outputs.items() if p in outputs and outputs[p] != digest),
        missing=tuple(sorted(manifest.outputs.keys() - outputs.keys())),
        added=tuple(sorted(outputs.keys() - manifest.outputs.keys())),
        changed_since=tuple(
            title
            for name, title in (("declarations", "声明、模型或模板"), ("lock_file", "依赖的版本"), ("commit", "程序"))
            if getattr(manifest, name) != inputs[name]
        ),
        damaged=damaged_files(folder, manifest),
    )


def damaged_files(folder: Path, manifest: Manifest) -> tuple[str, ...]:
    """Files of a release that are gone, or no longer what its manifest says."""
    stored = _outputs(folder)
    return tuple(sorted(path for path, digest in manifest.outputs.items() if stored.get(path) != digest))


def _precedes(one: Manifest, other: Manifest) -> bool:
    return int(one.version.split(".")[1]) < int(other.version.split(".")[1])


def _rebuild(settings: Settings, again: Settings, city: City, manifest: Manifest) -> None:
    """A warehouse from the files that the manifest names, with the decisions that were made by then."""
    lacking = [
        receipt["file_name"]
        for receipt in manifest.receipts
        if not archived_path(receipt["submission_id"], settings.archive).exists()
    ]
    if lacking:
        raise FileNotFoundError(f"存档中缺少 {manifest.version} 版所用的文件：{'、'.join(lacking[:5])}")
    decisions = archived_decisions(settings.archive)[: manifest.decisions]
    restore(settings.archive, again.archive, manifest.receipts, decisions)
    with open_working(again) as connection:
        create_tables(connection)
        load_reference(connection, again, city)
        take_in(connection, again, city, manifest.years, Inbox())
    outcome = build(again)
    if not outcome.success:
        raise RuntimeError(f"数据模型没有建成：{outcome.error}")
    with open_working(again) as connection:
        record_build(connection, again, city)
    publish(again)
