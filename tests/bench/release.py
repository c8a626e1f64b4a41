"""What a release of a city and of a province costs, and how many planted errors of a printed report are found."""

import json
import shutil
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zipfile import is_zipfile

from orchestration.benchmark.process_cost import Cost, measured
from orchestration.benchmark.runner import NIANBAO, environment_of, lay_inbox
from sources.declarations.city import load_city
from sources.sample.poured import poured
from sources.system.settings import CITIES_ROOT, Settings
from tests.bench.reconcile_seeder import report as planted_errors
from tests.support.confirmed import confirm_each
from warehouse.reconcile.reading.figure_list import read_list
from warehouse.store.connection import open_published

YEAR, YEARS, PROVINCE = 2023, ("--year", "2022", "--year", "2023"), 300


@dataclass(frozen=True)
class ReleaseCost:
    """A release as a whole process; `parts`: seconds by part, documents made beside the others."""

    label: str
    files: int
    cost: Cost
    parts: dict[str, float]

    @property
    def row(self) -> str:
        others = "" if self.cost.others is None else f"{self.cost.others:.1f}"
        parts = "，".join(f"{part} {seconds:.1f}" for part, seconds in self.parts.items())
        return f"| {self.label} | {self.files} | {self.cost.wall:.1f} | {self.cost.cpu:.1f} | {others} | {parts} |"


def measure_release() -> list[str]:
    """The two sections of the report, as lines of Markdown."""
    city_dir = CITIES_ROOT / "450700"
    with tempfile.TemporaryDirectory(prefix="nianbao-bench-") as folder:
        settings = Settings(home=Path(folder) / "city", city_dir=city_dir)
        environment = environment_of(settings.home, city_dir)
        measured([NIANBAO, "sample", *YEARS], environment)
        measured([NIANBAO, "run", *YEARS], environment)
        costs = [*_released(settings, "the sample city")]
        verify, _, _ = measured([NIANBAO, "verify", f"{YEAR}.1"], environment)
        with open_published(settings) as connection:
            errors = planted_errors(connection, load_city(city_dir), read_list(city_dir / "published" / "2023.csv"))
        province = poured(PROVINCE, (YEAR,))
        of_province = Settings(home=Path(folder) / "province", city_dir=province.city_dir)
        lay_inbox(province, of_province.home)
        for path in of_province.inbox.iterdir():  # what was cut off on its way stops a release
            if not is_zipfile(path):
                path.unlink()
        measured([NIANBAO, "run", "--year", str(YEAR)], environment_of(of_province.home, of_province.city_dir))
        costs += _released(of_province, f"a made-up province, {PROVINCE} schools")
    return [
        "## A release",
        "",
        f"`nianbao release {YEAR}` as a whole process, on {date.today().isoformat()}: for the first time, and once more"
        " with the charts that were drawn then. Seconds; parts are those of the process that the others help, documents"
        f" are made beside it. `nianbao verify {YEAR}.1` of the city, which builds it again from the archive:"
        f" {verify.wall:.1f} s ({verify.cpu:.1f} s of CPU).",
        "",
        "| release | files | wall | CPU | other work, cores | parts |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
        *[cost.row for cost in costs],
        "",
        *errors,
    ]


def _released(settings: Settings, label: str) -> list[ReleaseCost]:
    """Two releases of the same: nothing is kept for the first."""
    confirm_each(settings, load_city(settings.city_dir), YEAR)
    environment, releases = environment_of(settings.home, settings.city_dir), settings.home / "releases"
    shutil.rmtree(settings.kept_parts, ignore_errors=True)
    costs = []
    for name in (label, f"{label}, charts kept"):
        shutil.rmtree(releases, ignore_errors=True)
        cost, told, _ = measured([NIANBAO, "release", str(YEAR), "--json"], environment)
        files = sum(path.is_file() for path in (releases / f"{YEAR}.1").rglob("*"))
        costs.append(ReleaseCost(name, files, cost, json.loads(told)["seconds"]))
    return costs
