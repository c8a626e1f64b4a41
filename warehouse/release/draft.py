"""Documents and site of a year as they would be released today: for reading and correcting, without a version.

Of any region that the installation knows; the site, which has a page for every school, of the installation's own alone.
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from sources.declarations.city import City
from sources.system.settings import Settings
from warehouse.catalogue.catalogue import Catalogue
from warehouse.figures.regions import find_region
from warehouse.figures.year_figures import load_figures
from warehouse.release.documents.write_documents import write_documents
from warehouse.release.site.write_site import write_site

DRAFT = "草稿"


@dataclass(frozen=True)
class DraftFolder:
    """The documents, and the site's first page where there is one; `seconds` by part."""

    paths: tuple[Path, ...]
    seconds: dict[str, float]


def write_draft(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    city: City,
    catalogue: Catalogue,
    report_year: int,
    region_code: str | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> DraftFolder:
    """Writes everything anew into `<home>/documents/<year>`; of another region into `<year>-<its code>`.

    Raises LookupError when the database does not hold the year or the region.
    """
    region = find_region(connection, region_code or city.code).code
    is_own = region == city.code
    folder = settings.home / "documents" / (str(report_year) if is_own else f"{report_year}-{region}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    progress("文档")
    start = time.perf_counter()
    figures = load_figures(connection, catalogue, report_year, region)
    written = write_documents(figures, folder, settings.today, DRAFT)
    paths, seconds = written.paths, dict(written.seconds)
    seconds.setdefault("文档", time.perf_counter() - start)
    if is_own:
        progress("网站")
        start = time.perf_counter()
        write_site(connection, figures, city, folder / "site", settings.today, DRAFT, written.paths)
        paths, seconds["网站"] = (*paths, folder / "site" / "index.html"), time.perf_counter() - start
    return DraftFolder(paths, seconds)
