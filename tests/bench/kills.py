"""kill -9 at random moments of a run: what stood afterwards, and whether anything was lost or half."""

import time
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from sources.declarations.city import load_city
from sources.sample.pour import pour_samples
from sources.system.settings import CITIES_ROOT, Settings
from tests.conftest import YEARS, run_all
from tests.crash.eve import killed_at, moment_of, on_the_eve, run_undisturbed
from tests.crash.installation import content

KILLS = 200


@dataclass(frozen=True, slots=True)
class Kills:
    """`stood`: how often the old and the new copy were published; `wrong` says what did not hold, and when."""

    stood: Counter[str]
    wrong: tuple[str, ...]

    @property
    def count(self) -> int:
        return self.stood.total() + len(self.wrong)


def kill_at_random(count: int = KILLS, within: float = 3600, first: int = 0) -> Kills:
    """Kills a run of the sample city at the moments from the first one on up to so many, or as the seconds allow.

    Each time it runs again.
    """
    city, began = load_city(CITIES_ROOT / "450700"), time.monotonic()
    with TemporaryDirectory(prefix="nianbao-kills-") as folder:
        home, today = Path(folder) / "city", date.today()
        settings = Settings(home=home, city_dir=CITIES_ROOT / "450700", fixed_today=today)
        for year in YEARS:
            pour_samples(city, settings.city_dir, year, settings.inbox, with_explanations=False)
        run_all(settings, city)
        old, eve = content(settings.published_database), on_the_eve(settings, city, Path(folder))
        new, seconds = run_undisturbed(replace(eve))
        stood, wrong = Counter[str](), list[str]()
        for number in range(first, count):
            if time.monotonic() - began > within:
                break
            try:
                stood[killed_at(eve, moment_of(number, seconds), old, new)] += 1
            except AssertionError as error:
                wrong.append(str(error).splitlines()[0])
            print(f"{number + 1} kills: {dict(stood)}, wrong: {wrong}", flush=True)
    return Kills(stood, tuple(wrong))


def lines_of(kills: Kills) -> list[str]:
    """A sentence on the kills, as Markdown."""
    return [
        f"kill -9 at {kills.count} random moments of a run: {kills.stood['old']} times the old"
        f" copy was published afterwards, {kills.stood['new']} times the new one, whole; each time the next run"
        f" ended with the same content, and left nothing half. Otherwise: {len(kills.wrong)}.",
        *(f"- {each}" for each in kills.wrong),
        "",
    ]


def measure_kills() -> list[str]:
    """As many kills as an hour allows; the section as Markdown."""
    return ["## Killed at random moments\n", *lines_of(kill_at_random())]
