"""What the site costs, of the sample city and a province of 300 schools: to make, to carry, and to use in Chromium."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median

from playwright.sync_api import Page, sync_playwright

from orchestration.benchmark.process_cost import measured
from orchestration.benchmark.runner import NIANBAO, environment_of, lay_inbox
from sources.declarations.city import load_city
from sources.sample.poured import poured
from sources.system.settings import CITIES_ROOT, Settings
from tests.browser.conftest import CHROMIUM, OFFLINE
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.year_figures import load_figures
from warehouse.release.site.write_site import write_site
from warehouse.store.connection import open_published

YEAR, PROVINCE = 2023, 300
ASKED = ("学", "学校", "直接就业率", "师生比", "广西 技能 大赛", "专任教师高级职称比例", "3645", "没有这样的词句")


@dataclass(frozen=True)
class SiteCost:
    """`wall`, `cpu` in seconds to write; milliseconds in Chromium: the slowest search, opening the first page, sorting
    the longest table of schools, and comparing four schools."""

    label: str
    pages: int
    megabytes: float
    first_kilobytes: float
    wall: float
    cpu: float
    search: float
    opened: float
    sorted: float
    compared: float


def measure_site() -> list[str]:
    """The section of the report, as lines of Markdown."""
    costs = []
    with tempfile.TemporaryDirectory(prefix="nianbao-bench-") as folder:
        home, city_dir = Path(folder) / "city", CITIES_ROOT / "450700"
        environment = environment_of(home, city_dir)
        measured([NIANBAO, "sample", "--year", "2022", "--year", str(YEAR)], environment)
        measured([NIANBAO, "run", "--year", "2022", "--year", str(YEAR)], environment)
        costs.append(cost_of("the sample city, 12 schools, 2 years", Settings(home=home, city_dir=city_dir)))
        installation = poured(PROVINCE, (YEAR,))
        home = Path(folder) / "province"
        lay_inbox(installation, home)
        measured([NIANBAO, "run", "--year", str(YEAR)], environment_of(home, installation.city_dir))
        settings = Settings(home=home, city_dir=installation.city_dir)
        costs.append(cost_of(f"a made-up province, {PROVINCE} schools, 1 year", settings))
    return section(costs)


def cost_of(label: str, settings: Settings) -> SiteCost:
    """Writes the site of an installation that has been run, and uses it."""
    city = load_city(settings.city_dir)
    with tempfile.TemporaryDirectory(prefix="nianbao-bench-") as folder, open_published(settings) as connection:
        wall, cpu = time.perf_counter(), time.process_time()
        figures = load_figures(connection, load_catalogue(city.pack), YEAR)
        site = Path(folder) / "site"
        paths = write_site(connection, figures, city, site, date(2024, 1, 15), "2023.1")
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        first = [site / "index.html", site / "style.css", site / "data" / "search.js", *(site / "script").iterdir()]
        with _page() as page:
            return SiteCost(
                label,
                sum(path.suffix == ".html" for path in paths),
                sum(path.stat().st_size for path in paths) / 1e6,
                sum(path.stat().st_size for path in first) / 1e3,
                wall,
                cpu,
                **_used(page, site.as_uri(), [school.code for school in figures.schools[:4]]),
            )


@contextmanager
def _page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OFFLINE)
        yield browser.new_context(offline=True, locale="zh-CN").new_page()
        browser.close()


def _used(page: Page, site: str, schools: list[str]) -> dict[str, float]:
    """Milliseconds of what a reader does, each the median of three, of the searches the slowest."""

    def three(script: str) -> float:
        return median(page.evaluate(script) for _ in range(3))

    opened = []
    for _ in range(3):
        page.goto(f"{site}/index.html")
        opened.append(page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd"))
    page.evaluate("nianbao.load('search', 'data/search.js')")
    timed = "(() => { const begun = performance.now(); %s; return performance.now() - begun })()"
    searches = [three(timed % f"nianbao.find(nianbao.data.search, {asked!r})") for asked in ASKED]
    page.goto(f"{site}/indicators/students_full_time.html")
    click = "[...document.querySelectorAll('.sort')].at(-1).click(); document.body.getBoundingClientRect()"
    sorting = three(timed % click)
    page.goto(f"{site}/compare.html")
    compared = page.evaluate(
        "chosen => new Promise(done => { const begun = performance.now(), seen = new MutationObserver(() =>"
        " { seen.disconnect(); done(performance.now() - begun) });"
        " seen.observe(document.getElementById('result'), { childList: true }); location.hash = chosen })",
        f"schools={','.join(schools)}&years={YEAR}",
    )
    return {"search": max(searches), "opened": median(opened), "sorted": sorting, "compared": compared}


def section(costs: list[SiteCost]) -> list[str]:
    return [
        "## The site",
        "",
        f"Written, and used in Chromium from the disk, on {date.today().isoformat()}. The first page is counted with"
        f" style, scripts and the index of the search. Search: the slowest of {len(ASKED)}, each the median of three.",
        "",
        "| site | pages | MB | first page KB | written in s | CPU s | search ms | first page ms | sort ms |"
        " compare 4 ms |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        *[
            f"| {c.label} | {c.pages} | {c.megabytes:.1f} | {c.first_kilobytes:.0f} | {c.wall:.0f} | {c.cpu:.0f} |"
            f" {c.search:.1f} | {c.opened:.0f} | {c.sorted:.0f} | {c.compared:.0f} |"
            for c in costs
        ],
    ]
