"""The reports of partner enterprises (企业年报), as drafts: of one that schools of a region name."""

from pathlib import Path

import duckdb

from sources.declarations.city import City
from sources.submission.file_names import as_file_name
from sources.system.access import private_folder
from sources.system.disk import refuse_without_room
from sources.system.kept_parts import KeptParts
from sources.system.settings import Settings
from warehouse.catalogue.catalogue import Catalogue
from warehouse.catalogue.enterprise_chapters import enterprise_report, printed_columns
from warehouse.figures.enterprise_figures import enterprise_figures
from warehouse.figures.regions import find_region
from warehouse.release.documents.enterprise_report import title_of, write_enterprise_report
from warehouse.release.documents.report_draft import template_of
from warehouse.run.space import needs_of_documents

FOLDER = "企业年报"


def write_enterprise(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    city: City,
    catalogue: Catalogue,
    report_year: int,
    enterprise: str,
    region_code: str | None = None,
) -> tuple[Path, ...]:
    """Writes the report of an enterprise into `<home>/documents/<year>-企业年报/`; its Word file and its PDF.

    `enterprise` is its name, a part of it, or its credit code. Raises LookupError when the database does not hold the
    year or the region, no school has named such an enterprise, or several may be meant; NoRoomError before anything is
    written.
    """
    region = find_region(connection, region_code or city.code, report_year)
    columns = printed_columns(catalogue.pack)
    figures = enterprise_figures(connection, region, report_year, enterprise, columns)
    own = "" if region.code == city.code else f"{region.code}-"
    folder = private_folder(settings.home / "documents") / f"{report_year}-{own}{FOLDER}"
    refuse_without_room(needs_of_documents(folder, folder))
    folder.mkdir(exist_ok=True)
    return write_enterprise_report(
        figures,
        enterprise_report(catalogue.pack),
        columns,
        template_of(catalogue.pack),
        folder,
        as_file_name(f"{title_of(figures)}（{report_year}年度）"),
        settings.today,
        KeptParts(settings.kept_parts),
    )
