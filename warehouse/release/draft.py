"""Documents and site of a year as they would be released today: for reading and correcting, without a version.

Of any region that the installation knows; the site, which has a page for every school, of the installation's own alone.
"""

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb

from sources.declarations.city import City
from sources.system.access import private_folder
from sources.system.disk import refuse_without_room
from sources.system.faults import OneByOne
from sources.system.kept_parts import KeptParts
from sources.system.settings import Settings
from sources.system.whole_file import PARTIAL, remove_dead_partials
from warehouse.catalogue.catalogue import Catalogue
from warehouse.figures.regions import find_region
from warehouse.figures.year_figures import load_figures
from warehouse.release.coming_home.handed_out import hand_out
from warehouse.release.documents.page_numbers import PageNumbers
from warehouse.release.documents.paper_charts import CHARTS
from warehouse.release.documents.vocabulary import Vocabulary
from warehouse.release.documents.write_documents import write_documents
from warehouse.release.narrative.read_narrative import narrative_of, narrative_of_region
from warehouse.release.narrative.written_files import OF_REGIONS, region_files, written_files
from warehouse.release.site.write_site import write_site
from warehouse.run.space import needs_of_documents

DRAFT = "草稿"


@dataclass(frozen=True)
class DraftFolder:
    """The documents, and the site's first page where there is one; `seconds` by part.

    `failed` has a line for each document, page or chart that could not be made; the others are there.
    """

    paths: tuple[Path, ...]
    seconds: dict[str, float]
    failed: tuple[str, ...] = ()


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

    What stood there before stays until everything is written.

    Raises LookupError when the database does not hold the year or the region, NoRoomError before anything is written.
    """
    # Long: everything is written beside its place and put there at the end.
    region = find_region(connection, region_code or city.code).code
    is_own = region == city.code
    drafts = private_folder(settings.home / "documents")
    target = drafts / (str(report_year) if is_own else f"{report_year}-{region}")
    folder = target.with_name(f".{target.name}.{os.getpid()}{PARTIAL}")
    remove_dead_partials(drafts)
    refuse_without_room(needs_of_documents(target, target))
    one_by_one = OneByOne()
    try:
        folder.mkdir(parents=True)
        progress("文档")
        start = time.perf_counter()
        figures = load_figures(connection, catalogue, report_year, region, one_by_one=one_by_one)
        if is_own:
            narrative = narrative_of(written_files(settings.city_dir, report_year), city, catalogue.pack)
        else:
            words = region_files(settings.city_dir, report_year, region)
            narrative = narrative_of_region(words, catalogue.pack, [school.name for school in figures.schools])
        written = write_documents(
            figures,
            folder,
            settings.today,
            DRAFT,
            one_by_one=one_by_one,
            for_authors=True,
            publication=city.publication,
            kept=KeptParts(settings.kept_parts),
            narrative=narrative,
            page_numbers=PageNumbers(settings.office),
        )
        own_words = Vocabulary(figures, settings.today, DRAFT, frozenset(CHARTS))
        reports = [*(path for path in written.paths if path.suffix == ".docx"), written.for_authors]
        within = () if is_own else (OF_REGIONS, region)
        hand_out([path for path in reports if path], own_words, narrative, city, settings, within)
        paths, seconds = written.paths, dict(written.seconds)
        seconds.setdefault("文档", time.perf_counter() - start)
        if is_own:
            progress("网站")
            start = time.perf_counter()
            site = folder / "site"
            write = partial(write_site, connection, figures, city, site, settings.today, DRAFT, paths, one_by_one)
            if one_by_one.do("网站", write):
                paths = (*paths, site / "index.html")
            seconds["网站"] = time.perf_counter() - start
        if written.for_authors:
            paths = (*paths, written.for_authors)
        shutil.rmtree(target, ignore_errors=True)
        folder.rename(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    stand = tuple(target / path.relative_to(folder) for path in paths)
    return DraftFolder(tuple(path for path in stand if path.exists()), seconds, tuple(one_by_one.failed))
