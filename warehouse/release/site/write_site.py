"""Pages to files: the same database, release date and version always give the same bytes."""

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, fields
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import duckdb

from sources.declarations.city import City
from sources.declarations.origin import ORIGINS
from sources.submission.finding import SEVERITY_LABELS
from sources.system.faults import OneByOne
from sources.system.hands import DeclinedError, Hands, Shared, in_portions
from sources.system.html_page import Templates, drawn, html_templates, script_data
from warehouse.catalogue import labels
from warehouse.catalogue.labels import TIME_BASES
from warehouse.figures.fact import Printed, Reference
from warehouse.figures.lineage import Lineage
from warehouse.figures.year_figures import Figures
from warehouse.release.evidence.stated import Known, StatedFact, exact_text, state
from warehouse.release.imprint import imprint_of
from warehouse.release.site.bar_charts import Chart, draw_bars
from warehouse.release.site.chapter_page import chapter_page
from warehouse.release.site.compare_page import compare_page, indicator_data, school_data
from warehouse.release.site.dictionary_page import dictionary_page
from warehouse.release.site.downloads_page import downloads_page
from warehouse.release.site.figures_page import figures_page
from warehouse.release.site.indicator_page import indicator_page
from warehouse.release.site.overview_page import overview
from warehouse.release.site.page import LinkedNumber, Page, has_school_pages, references
from warehouse.release.site.quality_page import quality_page
from warehouse.release.site.school_page import school_page, schools_page
from warehouse.release.site.search_index import search_index
from warehouse.release.site.site_facts import SiteFacts, load_site_facts
from warehouse.release.site.source_pages import SourceAddresses, source_page, sources_by_page
from warehouse.release.site.table_page import table_page
from warehouse.release.site.terms_page import terms_page
from warehouse.release.site.trend_chart import Trend, draw_trend
from warehouse.store.connection import open_again, path_of
from warehouse.store.notes import INPUTS_NOTE, get_state

TEMPLATES = Path(__file__).parent / "templates"
STYLE = Path(__file__).parent / "style.css"
SCRIPTS = Path(__file__).parent / "script"
DATA = "data"


def can_compare(facts: SiteFacts) -> bool:
    return len(facts.schools) > 1 and has_school_pages(facts)


@dataclass
class Site:
    """Everything that a page of the site is made of, wherever that is done; what it needs of the database is opened
    there, and is of the same build."""

    facts: SiteFacts
    addresses: SourceAddresses
    folder: Path
    of_all: Mapping[str, Any]
    """What every page may name."""
    build: str | None
    database: Path

    def __getstate__(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @cached_property
    def lineage(self) -> Lineage:
        """Raises DeclinedError when another database has been published meanwhile."""
        try:
            connection = open_again(self.database)
            if self.build and get_state(connection, INPUTS_NOTE) == self.build:
                return Lineage(connection, self.facts.figures.catalogue, is_public=True)
        except duckdb.Error as error:
            raise DeclinedError from error
        raise DeclinedError

    @cached_property
    def environment(self) -> Templates:
        environment = _environment()
        environment.globals |= {
            "source_path": self.addresses.address,
            "stated": self.stated.of,
            "exact": exact_text,
            **self.of_all,
        }
        return environment

    @cached_property
    def stated(self) -> "Stated":
        facts = self.facts
        return Stated(Known(facts.figures, {**facts.history, **facts.districts}, dict(facts.parts)))

    @cached_property
    def makers(self) -> list[tuple[str, Callable[[], Page]]]:
        """All pages but downloads and the sources of their numbers, each with its name."""
        facts = self.facts
        return [
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


@dataclass
class Stated:
    """What the numbers that pages print say, each worked out once."""

    known: Known
    found: dict[Printed, StatedFact] = field(default_factory=dict)
    new: set[Printed] = field(default_factory=set)

    def of(self, number: LinkedNumber) -> StatedFact:
        printed = number.printed
        assert printed is not None
        if printed not in self.found:
            self.found[printed] = state(printed, self.known)
            self.new.add(printed)
        return self.found[printed]

    def taken(self) -> frozenset[StatedFact]:
        """What was worked out since it was last asked."""
        new, self.new = self.new, set()
        return frozenset(self.found[printed] for printed in new)


@dataclass(frozen=True)
class Written:
    """Pages as they were written: their paths from the site's folder, the numbers to which they link, those that they
    print, and a line for each page that could not be made."""

    paths: tuple[str, ...]
    wanted: frozenset[Reference]
    stated: frozenset[StatedFact]
    failed: tuple[str, ...]


def write_site(
    connection: duckdb.DuckDBPyConnection,
    figures: Figures,
    city: City,
    folder: Path,
    released_on: date,
    version: str,
    downloads: Sequence[Path] | Callable[[], Sequence[Path]] = (),
    one_by_one: OneByOne | None = None,
    hands: Hands | None = None,
    stated: set[StatedFact] | None = None,
) -> list[Path]:
    """The site of a report year in a new folder; the files written, in order. The figures are of the same database.

    `downloads` are files of the same release, in `folder` or beside it, that the site links to, asked for last.
    With `one_by_one` a page that cannot be made is noted there, and the others are written; without, whatever fails is
    raised. `hands` take a share of the pages. What the pages' numbers state is entered into `stated`.

    Raises FileExistsError when the folder holds anything but downloads, ValueError for a download elsewhere.
    """
    # Long: what every page of the site may name is listed here.
    if folder.exists() and (folder / "index.html").exists():
        raise FileExistsError(f"文件夹里已有一个站点：{folder}")
    facts = load_site_facts(connection, figures, city.calendar.timezone)
    each, hands = one_by_one or OneByOne(is_strict=True), hands or Hands()
    of_all = {
        "city": facts.figures.city_name,
        "report_year": figures.report_year,
        "released_on": released_on.isoformat(),
        "version": version,
        "years": facts.years,
        "origin_note": figures.origin_note,
        "imprint": imprint_of(figures, city.publication, released_on, version),
        "all_chapters": facts.chapters,
        "can_compare": can_compare(facts),
    }
    addresses, build = SourceAddresses.of(figures.catalogue), get_state(connection, INPUTS_NOTE)
    site = Site(facts, addresses, folder, of_all, build, path_of(connection))
    site.lineage = Lineage(connection, figures.catalogue, is_public=True)  # of this very connection
    shared = hands.shared(site)
    strict = each.is_strict
    pages = hands.share(partial(write_pages, shared, strict), in_portions(range(len(site.makers))))
    wanted = {reference for written in pages for reference in written.wanted}
    sources = sources_by_page(site.lineage, addresses, wanted, has_school_pages(facts))
    known = hands.shared(frozenset(reference for of in sources.values() for reference in of))
    pages += hands.share(partial(write_sources, shared, known, strict), in_portions(list(sources.items())))
    files = downloads() if callable(downloads) else downloads
    pages.append(_write(site, [("网站的一页：下载", partial(downloads_page, files, folder))], is_strict=True))
    each.failed += [line for written in pages for line in written.failed]
    if stated is not None:
        stated.update(fact for written in pages for fact in written.stated)
    paths = [path for written in pages for path in written.paths]
    written = [*(folder / path for path in paths), *_write_data(facts, frozenset(paths), folder), *_copy_parts(folder)]
    return sorted(written)


def write_pages(shared: Shared[Site], is_strict: bool, which: Sequence[int]) -> Written:
    """Writes those of the site's makers' pages."""
    site = shared.value
    makers = [(f"网站的一页：{name}", make) for name, make in (site.makers[number] for number in which)]
    return _write(site, makers, is_strict)


def write_sources(
    shared: Shared[Site],
    known: Shared[frozenset[Reference]],
    is_strict: bool,
    sources: Sequence[tuple[str, list[Reference]]],
) -> Written:
    """Writes pages with the sources of numbers, each at its path; `known` are all numbers that have a source."""
    site = shared.value
    lineage = site.lineage
    makers = [
        (
            f"网站的一页：{lineage.name(of[0].subject, of[0].year)}的数字来源（{path}）",
            partial(source_page, site.facts, lineage, site.addresses, path, of, known.value),
        )
        for path, of in sources
    ]
    return _write(site, makers, is_strict)


def _write(site: Site, makers: Iterable[tuple[str, Callable[[], Page]]], is_strict: bool) -> Written:
    each = OneByOne(is_strict)
    paths, wanted = list[str](), set[Reference]()
    for name, make in makers:
        if (page := each.do(name, make)) is None:
            continue
        if page.template != "sources":
            wanted.update(references(page.content))
        if each.do(f"网站的一页：{page.title}", partial(_write_page, site.environment, page, site.folder)):
            paths.append(page.path)
    return Written(tuple(paths), frozenset(wanted), site.stated.taken(), tuple(each.failed))


def _copy_parts(folder: Path) -> list[Path]:
    """What all pages share: style and scripts."""
    (folder / SCRIPTS.name).mkdir(exist_ok=True)
    parts = {STYLE: folder / STYLE.name} | {path: folder / SCRIPTS.name / path.name for path in SCRIPTS.glob("*.js")}
    for source, copied in parts.items():
        shutil.copyfile(source, copied)
    return list(parts.values())


def _write_data(facts: SiteFacts, paths: Set[str], folder: Path) -> list[Path]:
    """What the scripts read when a reader asks for it: the index of the search, and each school's numbers."""
    data: list[tuple[str, str, object]] = [("search", "search.js", search_index(facts, paths))]
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
