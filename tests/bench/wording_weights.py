"""How much the reading of a report hangs on the weights of `warehouse.reconcile.reading.wording`.

`python -m tests.bench.wording_weights REPORT YEAR` reads a report of the sample city with each weight a fifth smaller
and a fifth larger, and prints how many of its figures are then read otherwise.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from sources.declarations.city import load_city
from sources.system.settings import CITIES_ROOT
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.fact import Reference
from warehouse.reconcile.reading import wording
from warehouse.reconcile.reading.names import load_names
from warehouse.reconcile.reading.read_report import read_report

WEIGHTS = (
    "AT_HAND", "NEAR", "AFTER", "CLAUSE", "LAST", "CLOSE", "BEFORE", "EARLIER", "LAST_SENTENCE", "COVERED", "PRECISE",
    "ENOUGH", "BETTER", "OWN", "SAME_UNIT", "HEAD", "UNKNOWN", "SHORT", "REACH", "FAR_REACH",
)  # fmt: skip
CITY_DIR = CITIES_ROOT / "450700"


def readings(report: Path, year: int) -> list[Reference | None]:
    """What each figure of the report is read as, in order."""
    names = load_names(load_catalogue(PACK), tuple(sorted((CITY_DIR / "published").glob("*.csv"))))
    return [figure.codes for figure in read_report(report, load_city(CITY_DIR), year, names).figures]


def otherwise(report: Path, year: int) -> Iterator[tuple[str, int, int]]:
    """Weight, figures read otherwise with it a fifth smaller, and a fifth larger."""
    usual = readings(report, year)
    for name in WEIGHTS:
        weight = getattr(wording, name)
        changed = []
        for factor in (0.8, 1.2):
            setattr(wording, name, type(weight)(weight * factor))
            changed.append(sum(one != other for one, other in zip(readings(report, year), usual, strict=True)))
        setattr(wording, name, weight)
        yield name, changed[0], changed[1]


if __name__ == "__main__":
    path, report_year = Path(sys.argv[1]), int(sys.argv[2])
    usual = readings(path, report_year)
    print(f"{len(usual)} figures, {sum(one is not None for one in usual)} understood")
    for name, smaller, larger in otherwise(path, report_year):
        print(f"{name:<14}{getattr(wording, name):>6}{smaller:>5}{larger:>5}", flush=True)
