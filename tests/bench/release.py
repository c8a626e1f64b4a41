"""What a release of the sample city costs, and how many planted errors of a printed report are found."""

import json
import tempfile
from datetime import date
from pathlib import Path

from orchestration.benchmark.process_cost import measured
from orchestration.benchmark.runner import NIANBAO, environment_of
from sources.declarations.city import load_city
from sources.system.settings import CITIES_ROOT, Settings
from tests.bench.reconcile_seeder import report as planted_errors
from warehouse.reconcile.reading.figure_list import read_list
from warehouse.store.connection import open_published

YEARS = ("--year", "2022", "--year", "2023")


def measure_release() -> list[str]:
    """The two sections of the report, as lines of Markdown."""
    city_dir = CITIES_ROOT / "450700"
    with tempfile.TemporaryDirectory(prefix="nianbao-bench-") as folder:
        home = Path(folder)
        environment = environment_of(home, city_dir)
        measured([NIANBAO, "sample", *YEARS], environment)
        measured([NIANBAO, "run", *YEARS], environment)
        release, told, _ = measured([NIANBAO, "release", "2023", "--json"], environment)
        verify, _, _ = measured([NIANBAO, "verify", "2023.1"], environment)
        settings = Settings(home=home, city_dir=city_dir)
        with open_published(settings) as connection:
            errors = planted_errors(connection, load_city(city_dir), read_list(city_dir / "published" / "2023.csv"))
    return [
        "## A release of the sample city",
        "",
        f"Two years, 25 workbooks, one run, on {date.today().isoformat()}: `nianbao release 2023` takes"
        f" {release.wall:.1f} s ({release.cpu:.1f} s of CPU) as a whole process; `nianbao verify 2023.1`, which builds"
        f" it again from the archive, {verify.wall:.1f} s ({verify.cpu:.1f} s).",
        "",
        "| part | wall s |",
        "| --- | ---: |",
        *[f"| {part} | {seconds:.2f} |" for part, seconds in json.loads(told)["seconds"].items()],
        "",
        *errors,
    ]
