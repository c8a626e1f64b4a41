"""`python -m tests.bench city province`: measures, and writes docs/benchmark.md from all that has been measured.

What is measured is kept in docs/benchmark/<schools>.json: a nation need not be run again for a city's new figures.
What each run of the bench has measured is also kept for ever, in docs/benchmark/history, with its commit.
"""

import argparse
import math
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from orchestration.benchmark import quick
from orchestration.benchmark.benchmark_page import report, told
from orchestration.benchmark.results import as_json, from_json
from orchestration.benchmark.runner import measure
from sources.sample.population import SAMPLE_YEAR
from sources.system.settings import PROJECT_ROOT
from tests.bench import history, ten_years, waits
from tests.bench.alternatives import ALTERNATIVES, alternatives
from tests.bench.corpus import measure_corpus
from tests.bench.desk_load import measure_desk
from tests.bench.explored_site import measure_site
from tests.bench.faults import measure_faults
from tests.bench.installed import measure_install
from tests.bench.kills import measure_kills
from tests.bench.profile import measure_profile
from tests.bench.proof import measure_proof
from tests.bench.release import measure_release
from tests.bench.rules import measure_rules
from tests.bench.slips import measure_slips
from tests.bench.suite import measure_suite
from tests.bench.written_reports import measure_judging, measure_tuning

SIZES = {"city": 12, "province": 300, "nation": 10_000}
RUNS = {"city": 7, "province": 7, "nation": 3}
CITY_SECONDS, LEAST_RUNS = 520, 6
"""`make bench` takes ten minutes at most, with a minute for the profile: a city's seventh round is left out where it
would not fit. Six are the least from which order statistics give an interval that is 95 % sure."""
LARGEST_WITH_ALTERNATIVES = 300
PAGE = PROJECT_ROOT / "docs" / "benchmark.md"
RESULTS = PROJECT_ROOT / "docs" / "benchmark"
SECTIONS = {
    "profile": measure_profile,
    "release": measure_release,
    "desk": measure_desk,
    "site": measure_site,
    "install": measure_install,
    "slips": measure_slips,
    "corpus": measure_corpus,
    "proof": measure_proof,
    "faults": measure_faults,
    "kills": measure_kills,
    "rules": measure_rules,
    "suite": measure_suite,
    "reconcile": measure_tuning,
    "reconcile-judge": measure_judging,
}
"""Sections that are no size of an installation, in the order of the page."""


def bench(
    size: str = "",
    runs: int = 0,
    schools: int = 0,
    years: Sequence[int] = (SAMPLE_YEAR,),
    without: Sequence[str] = (),
    is_kept: bool = True,
    decade_of: Sequence[int] = ten_years.SIZES,
) -> None:
    """Measures a size (`city`, `province`, `nation`, a number of schools), `waits`, `ten-years`, or one of SECTIONS;
    tells it.

    `is_kept`: for docs/benchmark.md, which is then written anew. `decade_of`: sizes to live through ten years.
    """
    RESULTS.mkdir(exist_ok=True)
    if size == "page":
        pass
    elif size == waits.NAME:
        with waits.own_browser() as browser:
            made = waits.measure_waits(browser, runs or waits.OWN)
        print("\n".join(waits.section([made])))
        if is_kept:
            history.keep(made)
    elif size == ten_years.NAME:
        for made_of in map(ten_years.measure_ten_years, decade_of):
            print("\n".join(ten_years.section([made_of])))
            if is_kept:
                ten_years.keep(made_of)
    elif size in SECTIONS:
        lines = SECTIONS[size]()
        print("\n".join(lines))
        if is_kept:
            (RESULTS / f"{size}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    else:
        number = schools or SIZES[size]
        left_out = list(ALTERNATIVES) if number > LARGEST_WITH_ALTERNATIVES else without
        within, least = (CITY_SECONDS, LEAST_RUNS) if size == "city" and not runs else (math.inf, 1)
        rounds = runs or RUNS.get(size, 1)
        results = measure(number, rounds, years, alternatives(left_out), within=within, least=least)
        print(told(results))
        if is_kept:
            (RESULTS / f"{number}.json").write_text(as_json(results), encoding="utf-8")
            history.keep(history.of_results(results, datetime.now(UTC)))
    if is_kept:
        write_page(RESULTS, PAGE)


def write_page(results: Path, page: Path, reference: Path = quick.REFERENCE) -> None:
    """Writes the report from what lies in a folder of results, its picture, and what a quick look is held against."""
    sizes = [from_json(path.read_text(encoding="utf-8")) for path in sorted(results.glob("*.json"))]
    records = history.kept(results / "history")
    for city in (each for each in sizes if each.schools == SIZES["city"]):
        reference.write_text(quick.as_json(quick.reference_of(city)), encoding="utf-8")
    drawn = history.curves(records, waits.curves_of(records))
    if drawn:
        (results / "history.svg").write_text(history.draw(drawn), encoding="utf-8")
    sections = [results / f"{name}.md" for name in SECTIONS]
    lines = [section.read_text(encoding="utf-8") for section in sections if section.exists()]
    decades = ten_years.section(ten_years.kept(results / ten_years.KEPT.name))
    own = (waits.section(records), decades, history.section(drawn, records))
    page.write_text(report(sizes, ["\n".join(each) + "\n" for each in own if each] + lines), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "sizes",
        nargs="+",
        help=f"{', '.join([*SIZES, waits.NAME, ten_years.NAME, *SECTIONS])}, or a number of schools",
    )
    parser.add_argument("--runs", type=int, default=0)
    parser.add_argument("--year", type=int, action="append", help=f"report years (default {SAMPLE_YEAR})")
    parser.add_argument("--schools", type=int, action="append", help=f"for {ten_years.NAME} ({ten_years.SIZES})")
    parser.add_argument("--without", action="append", default=[], choices=ALTERNATIVES, help="leave an alternative out")
    parser.add_argument("--dry", action="store_true", help="keep nothing for docs/benchmark.md")
    given = parser.parse_args()
    began = time.perf_counter()
    for size in given.sizes:
        number = int(size) if size.isdecimal() else 0
        years, sizes = given.year or (SAMPLE_YEAR,), given.schools or ten_years.SIZES
        bench(size, given.runs, number, years, given.without, not given.dry, sizes)
    print(f"{(time.perf_counter() - began) / 60:.1f} min")


if __name__ == "__main__":
    main()
