"""Documents and site of a year as they would be released today: for reading and correcting, without a version."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from sources.model import City
from sources.settings import Settings
from warehouse.release.document import write_documents
from warehouse.release.site import write_site

DRAFT = "草稿"


@dataclass(frozen=True)
class Draft:
    """The documents and the site's first page; `seconds` by part."""

    paths: tuple[Path, ...]
    seconds: dict[str, float]


def write_draft(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    city: City,
    report_year: int,
    progress: Callable[[str], None] = lambda _: None,
) -> Draft:
    """Writes everything anew into `<home>/documents/<year>`."""
    folder = settings.home / "documents" / str(report_year)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    progress("文档")
    start = time.perf_counter()
    written = write_documents(connection, city, report_year, folder, settings.today, DRAFT)
    middle = time.perf_counter()
    progress("网站")
    write_site(connection, city, report_year, folder / "site", settings.today, DRAFT, written.paths)
    seconds = {**written.seconds, "网站": time.perf_counter() - middle}
    seconds.setdefault("文档", middle - start)
    return Draft((*written.paths, folder / "site" / "index.html"), seconds)
