"""Pages to files: the same database, release date and version always give the same bytes."""

import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from sources.declarations.city import City
from sources.submission.finding import SEVERITY_LABELS
from warehouse.catalogue import labels
from warehouse.catalogue.labels import TIME_BASES
from warehouse.figures.lineage import Lineage
from warehouse.figures.year_figures import Figures
from warehouse.release.site.bar_charts import Chart, draw
from warehouse.release.site.chapter_page import chapter_page
from warehouse.release.site.dictionary_page import dictionary_page
from warehouse.release.site.downloads_page import downloads_page
from warehouse.release.site.overview_page import overview
from warehouse.release.site.page import Page, has_school_pages, references
from warehouse.release.site.quality_page import quality_page
from warehouse.release.site.school_page import school_page, schools_page
from warehouse.release.site.site_facts import SiteFacts, load_site_facts
from warehouse.release.site.source_pages import SourceAddresses, source_pages
from warehouse.release.site.table_page import table_page

TEMPLATES = Path(__file__).parent / "templates"
STYLE = Path(__file__).parent / "style.css"


def make_pages(facts: SiteFacts) -> list[Page]:
    """All pages but the sources of their numbers."""
    return [
        overview(facts),
        *(chapter_page(facts, chapter) for chapter in facts.chapters),
        schools_page(facts),
        *(school_page(facts, school) for school in facts.schools if has_school_pages(facts)),
        *(table_page(facts, table) for table in facts.figures.tables.values()),
        quality_page(facts),
        dictionary_page(facts),
    ]


def write_site(
    connection: duckdb.DuckDBPyConnection,
    figures: Figures,
    city: City,
    folder: Path,
    released_on: date,
    version: str,
    downloads: Sequence[Path] = (),
) -> list[Path]:
    """The site of a report year in a new folder; the files written, in order. The figures are of the same database.

    `downloads` are files of the same release, in `folder` or beside it, that the site links to.

    Raises FileExistsError when the folder holds anything but downloads, ValueError for a download elsewhere.
    """
    pages_of_downloads = downloads_page(downloads, folder)
    if folder.exists() and (folder / "index.html").exists():
        raise FileExistsError(f"文件夹里已有一个站点：{folder}")
    facts = load_site_facts(connection, figures, city.calendar.timezone)
    pages = [*make_pages(facts), pages_of_downloads]
    wanted = {reference for page in pages for reference in references(page.content)}
    addresses = SourceAddresses.of(figures.catalogue)
    pages += source_pages(facts, Lineage(connection, figures.catalogue), addresses, wanted)
    environment = _environment()
    environment.globals |= {
        "city": facts.figures.city_name,
        "source_path": addresses.address,
        "report_year": figures.report_year,
        "released_on": released_on.isoformat(),
        "version": version,
        "years": facts.years,
        "all_chapters": facts.chapters,
    }
    written = [_write(folder / page.path, rendered(environment, page)) for page in pages]
    shutil.copyfile(STYLE, folder / STYLE.name)
    return sorted([*written, folder / STYLE.name])


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {
        "labels": labels,
        "severities": SEVERITY_LABELS,
        "time_bases": TIME_BASES,
        "draw": _drawn,
    }
    return environment


def _drawn(chart: Chart, name: str) -> Markup:
    return Markup(draw(chart, name))


def rendered(environment: Environment, page: Page) -> str:
    root = "../" * page.path.count("/")
    return environment.get_template(f"{page.template}.html.j2").render(page=page, root=root, **page.content)


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    return path
