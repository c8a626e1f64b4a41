"""Pages to files: the same database, release date and version always give the same bytes."""

import shutil
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from pathlib import Path

import duckdb

from sources.declarations.city import City
from sources.declarations.origin import ORIGINS
from sources.submission.finding import SEVERITY_LABELS
from sources.system.faults import OneByOne
from sources.system.html_page import Templates, drawn, html_templates, script_data
from warehouse.catalogue import labels
from warehouse.catalogue.labels import TIME_BASES
from warehouse.figures.lineage import Lineage
from warehouse.figures.year_figures import Figures
from warehouse.release.imprint import imprint_of
from warehouse.release.site.bar_charts import Chart, draw_bars
from warehouse.release.site.chapter_page import chapter_page
from warehouse.release.site.compare_page import compare_page, indicator_data, school_data
from warehouse.release.site.dictionary_page import dictionary_page
from warehouse.release.site.downloads_page import downloads_page
from warehouse.release.site.figures_page import figures_page
from warehouse.release.site.indicator_page import indicator_page
from warehouse.release.site.overview_page import overview
from warehouse.release.site.page import Page, has_school_pages, references
from warehouse.release.site.quality_page import quality_page
from warehouse.release.site.school_page import school_page, schools_page
from warehouse.release.site.search_index import search_index
from warehouse.release.site.site_facts import SiteFacts, load_site_facts
from warehouse.release.site.source_pages import SourceAddresses, source_pages
from warehouse.release.site.table_page import table_page
from warehouse.release.site.terms_page import terms_page
from warehouse.release.site.trend_chart import Trend, draw_trend

TEMPLATES = Path(__file__).parent / "templates"
STYLE = Path(__file__).parent / "style.css"
SCRIPTS = Path(__file__).parent / "script"
DATA = "data"


def can_compare(facts: SiteFacts) -> bool:
    return len(facts.schools) > 1 and has_school_pages(facts)


def make_pages(facts: SiteFacts, one_by_one: OneByOne) -> list[Page]:
    """All pages but the sources of their numbers; one that cannot be made is noted in `one_by_one`."""
    makers: list[tuple[str, Callable[[], Page]]] = [
        ("首页", partial(overview, facts)),
        *((f"“{chapter.title}”", partial(chapter_page, facts, chapter)) for chapter in facts.chapters),
        ("各校", partial(schools_page, facts)),
        *(
            (f"“{school['school_name']}”", partial(school_page, facts, school))
            for school in facts.schools
            if has_school_pages(facts)
        ),
        *((f"“{table.title}”", partial(table_page, facts, table)) for table in facts.figures.tables.values()),
        ("数字索引", partial(figures_page, facts)),
        ("数据质量", partial(quality_page, facts)),
        ("指标目录", partial(dictionary_page, facts)),
        ("术语", partial(terms_page, facts)),
        *(
            (f"“{indicator.label}”", partial(indicator_page, facts, chapter, indicator))
            for chapter in facts.chapters
            for indicator in chapter.indicators
        ),
        *([("比较学校", partial(compare_page, facts))] if can_compare(facts) else []),
    ]
    made = (one_by_one.do(f"网站的一页：{name}", make) for name, make in makers)
    return [page for page in made if page]


def write_site(
    connection: duckdb.DuckDBPyConnection,
    figures: Figures,
    city: City,
    folder: Path,
    released_on: date,
    version: str,
    downloads: Sequence[Path] = (),
    one_by_one: OneByOne | None = None,
) -> list[Path]:
    """The site of a report year in a new folder; the files written, in order. The figures are of the same database.

    `downloads` are files of the same release, in `folder` or beside it, that the site links to. With `one_by_one` a
    page that cannot be made is noted there, and the others are written; without, whatever fails is raised.

    Raises FileExistsError when the folder holds anything but downloads, ValueError for a download elsewhere.
    """
    # Long: what every page of the site may name is listed here.
    pages_of_downloads = downloads_page(downloads, folder)
    if folder.exists() and (folder / "index.html").exists():
        raise FileExistsError(f"文件夹里已有一个站点：{folder}")
    facts = load_site_facts(connection, figures, city.calendar.timezone)
    each = one_by_one or OneByOne(is_strict=True)
    pages = [*make_pages(facts, each), pages_of_downloads]
    wanted = {reference for page in pages for reference in references(page.content)}
    addresses = SourceAddresses.of(figures.catalogue)
    pages += source_pages(facts, Lineage(connection, figures.catalogue, is_public=True), addresses, wanted, each)
    environment = _environment()
    environment.globals |= {
        "city": facts.figures.city_name,
        "source_path": addresses.address,
        "report_year": figures.report_year,
        "released_on": released_on.isoformat(),
        "version": version,
        "years": facts.years,
        "origin_note": figures.origin_note,
        "imprint": imprint_of(figures, city.publication, released_on, version),
        "all_chapters": facts.chapters,
        "can_compare": can_compare(facts),
    }
    written = (each.do(f"网站的一页：{page.title}", partial(_write_page, environment, page, folder)) for page in pages)
    paths = [path for path in written if path]
    return sorted([*paths, *_write_data(facts, pages, folder), *_copy_parts(folder)])


def _copy_parts(folder: Path) -> list[Path]:
    """What all pages share: style and scripts."""
    (folder / SCRIPTS.name).mkdir(exist_ok=True)
    parts = {STYLE: folder / STYLE.name} | {path: folder / SCRIPTS.name / path.name for path in SCRIPTS.glob("*.js")}
    for source, copied in parts.items():
        shutil.copyfile(source, copied)
    return list(parts.values())


def _write_data(facts: SiteFacts, pages: list[Page], folder: Path) -> list[Path]:
    """What the scripts read when a reader asks for it: the index of the search, and each school's numbers."""
    data: list[tuple[str, str, object]] = [("search", "search.js", search_index(facts, pages))]
    if can_compare(facts):
        data.append(("indicators", "indicators.js", indicator_data(facts)))
        codes = [school["school_code"] for school in facts.schools]
        data += [(f"school:{code}", f"schools/{code}.js", school_data(facts, code)) for code in codes]
    (folder / DATA / "schools").mkdir(parents=True, exist_ok=True)
    written = []
    for name, path, value in data:
        (folder / DATA / path).write_text(script_data(name, value), encoding="utf-8", newline="\n")
        written.append(folder / DATA / path)
    return written


def _environment() -> Templates:
    environment = html_templates(TEMPLATES)
    environment.globals |= {
        "labels": labels,
        "severities": SEVERITY_LABELS,
        "origins": ORIGINS,
        "time_bases": TIME_BASES,
        "draw": lambda chart, name: drawn(_draw(chart, name)),
    }
    return environment


def _draw(chart: Chart | Trend, name: str) -> str:
    return draw_trend(chart, name) if isinstance(chart, Trend) else draw_bars(chart, name)


def rendered(environment: Templates, page: Page) -> str:
    root = "../" * page.path.count("/")
    return environment.get_template(f"{page.template}.html.j2").render(page=page, root=root, **page.content)


def _write_page(environment: Templates, page: Page, folder: Path) -> Path:
    path, text = folder / page.path, rendered(environment, page)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    return path
