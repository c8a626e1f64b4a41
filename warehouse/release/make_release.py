"""One release: checked, made whole in a folder of its own, never changed afterwards; and made again to verify it."""

import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from sources.declarations.city import City
from sources.system.fingerprint import sha256_of_file
from sources.system.fixed_zip import write_zip
from sources.system.settings import Settings
from warehouse.catalogue.catalogue import Catalogue
from warehouse.figures.year_figures import load_figures
from warehouse.release.checklist import Point, check_release
from warehouse.release.data.data_package import write_bundle, write_checksums
from warehouse.release.data.model_docs import MODEL_DOCS, write_model_docs
from warehouse.release.documents.write_documents import write_documents
from warehouse.release.manifest import (
    MANIFEST,
    Manifest,
    Override,
    inputs_of,
    number_of,
    read_manifest,
    releases_folder,
    releases_of,
    write_manifest,
)
from warehouse.release.revisions import revisions, write_revisions
from warehouse.release.site.write_site import write_site
from warehouse.run.compile import load_manifest
from warehouse.store.connection import open_published

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
    catalogue: Catalogue,
    report_year: int,
    override: Override | None = None,
    progress: Progress = lambda _: None,
) -> Released:
    """Makes the next release of the year from the published database.

    Raises ReleaseBlockedError when the checklist does not pass and no override is given; FileNotFoundError when
    nothing has been published. A release that would repeat the last one is not made.
    """
    # Long: what is checked, made, noted and renamed happens under one connection, in this order.
    earlier = releases_of(settings, report_year)
    before = [(each, releases_folder(settings) / each.version) for each in earlier]
    with open_published(settings) as connection:
        progress("检查")
        points = check_release(connection, settings, city, catalogue, report_year)
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
                catalogue,
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
                outputs=outputs_in(partial),
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


def next_version(report_year: int, earlier: Sequence[Manifest]) -> str:
    """The version after the last of the year's releases, which are in order: 2023.1 for the first."""
    return f"{report_year}.{number_of(earlier[-1].version) + 1 if earlier else 1}"


def make(
    connection: duckdb.DuckDBPyConnection,
    catalogue: Catalogue,
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
    # Long: the parts of a release in their order; a later one describes the files of those before.
    seconds: dict[str, float] = {}

    @contextmanager
    def part(title: str) -> Iterator[None]:
        progress(title)
        start = time.perf_counter()
        yield
        seconds[title] = round(time.perf_counter() - start, 2)

    folder.mkdir(parents=True)
    with part("文档"):
        figures = load_figures(connection, catalogue, report_year, city.code)
        documents = write_documents(figures, folder, released_on, version).paths
    with part("数据文件"):
        data = write_bundle(connection, city, report_year, folder / DATA, released_on, version)
        archive = write_zip(data, folder, folder / f"数据_{version}.zip")
        described = write_model_docs(connection, models, folder / MODEL_DOCS)
    extra = []
    if before:
        with part("修订表"):
            table = revisions(connection, city, report_year, before)
            extra.append(write_revisions(table, folder / REVISIONS))
    with part("网站"):
        write_site(
            connection, figures, city, folder / SITE, released_on, version, [*documents, archive, described, *extra]
        )
    with part("校验和"):
        write_checksums([path for path in folder.rglob("*") if path.is_file()], folder)
    return seconds


def _same_inputs(last: Manifest, inputs: dict[str, Any]) -> bool:
    return all(getattr(last, name) == inputs[name] for name in ("current", "decisions", "declarations", "lock_file"))


def outputs_in(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {path.relative_to(folder).as_posix(): sha256_of_file(path) for path in files}
