"""Writes the leader's brief: the figures from the database, and what waits for a decision beside them."""

from pathlib import Path

import duckdb

from orchestration.lib.what_waits import read_waiting
from sources.declarations.city import City
from sources.submission.file_names import as_file_name
from sources.system.access import private_folder
from sources.system.kept_parts import KeptParts
from sources.system.settings import Settings
from sources.system.whole_file import whole_file
from warehouse.alerts.todo import todo
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.brief import Brief, load_brief
from warehouse.figures.regions import find_region
from warehouse.figures.year_figures import load_figures
from warehouse.release.documents.brief_pages import title_of, write_brief_pdf

BRIEF = "领导简报"


def write_brief(
    connection: duckdb.DuckDBPyConnection, settings: Settings, city: City, report_year: int, region: str | None = None
) -> tuple[Brief, Path]:
    """The leader's brief of a region's year, and where its PDF lies: `<home>/documents/<year>-领导简报`.

    What waits for a decision is the installation's own, and told of its own region. Raises LookupError when the
    database does not hold the year or the region.
    """
    figures = load_figures(
        connection, load_catalogue(city.pack), report_year, find_region(connection, region or city.code).code
    )
    is_own = figures.region.code == city.code
    waiting = todo(read_waiting(settings, city)) if is_own else ()
    brief = load_brief(connection, figures, [each.title for each in waiting if each.report_year in (None, report_year)])
    folder = private_folder(settings.home / "documents") / f"{report_year}-{BRIEF}"
    folder.mkdir(exist_ok=True)
    path = folder / as_file_name(f"{title_of(brief)}.pdf")
    with whole_file(path) as partial:
        partial.write_bytes(write_brief_pdf(brief, settings.today, KeptParts(settings.kept_parts)))
    return brief, path
