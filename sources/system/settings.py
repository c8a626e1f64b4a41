"""Where nianbao keeps its files and which city it serves: one object, read from the environment."""

import os
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[2]
CITIES_ROOT = PROJECT_ROOT / "sources" / "cities"
SOURCES_ROOT = PROJECT_ROOT / "sources"
CATALOGUE_ROOT = PROJECT_ROOT / "warehouse" / "catalogue"
DBT_PROJECT = PROJECT_ROOT / "dbt_project"


@dataclass(frozen=True)
class Limits:
    """How large a submission may be; beyond that it is refused with a finding (NIANBAO_MAX_…)."""

    file_bytes: int = 20_000_000
    expanded_bytes: int = 50_000_000
    """Of the XML in a workbook, without pictures; a filled template has half a million."""
    parts: int = 2_000
    rows: int = 20_000
    columns: int = 1_000
    cells: int = 500_000
    """Stored in the file, blank but formatted ones included; a template has eight thousand."""
    area: int = 4_000_000
    """Cells of the rectangles from A1 to the last filled cell of each sheet, blank ones included."""


@dataclass(frozen=True)
class Settings:
    """Paths and limits of one installation.

    `home` holds everything that is written at run time (NIANBAO_HOME);
    `city_dir` holds the declarations of the city served (NIANBAO_CITY: a code under
    `sources/cities/`, or the path of a folder of the same form elsewhere).
    """

    home: Path
    city_dir: Path
    limits: Limits = Limits()
    fixed_today: date | None = None
    """The date to take for today (NIANBAO_TODAY): for rehearsals and tests. None: the clock's."""
    threads: int | None = None
    """How many threads DuckDB takes (NIANBAO_THREADS). None: one a processor."""

    @property
    def today(self) -> date:
        return self.fixed_today or date.today()

    @property
    def inbox(self) -> Path:
        """Where schools' workbooks are dropped. Files are read from here and left where they are."""
        return self.home / "inbox"

    @property
    def archive(self) -> Path:
        """Content-addressed store of every file ever received."""
        return self.home / "archive"

    @property
    def feedback(self) -> Path:
        """The schools' own workbooks with the findings marked in them, to send back."""
        return self.home / "feedback"

    @property
    def templates(self) -> Path:
        """Where `nianbao template` writes blank workbooks."""
        return self.home / "templates"

    @property
    def working_database(self) -> Path:
        """The file that one run at a time writes. Never opened by anybody else."""
        return self.home / "working" / "nianbao.duckdb"

    @property
    def seen_file(self) -> Path:
        """Which files of the inbox have been read, and what they looked like from outside (sources/archive/seen.py)."""
        return self.home / "working" / "seen.json"

    @property
    def published_database(self) -> Path:
        """The read-only copy that analysts query, swapped in whole at the end of a run."""
        return self.home / "published" / "nianbao.duckdb"

    @property
    def summary_tables(self) -> Path:
        """The report's summary tables as files, one folder a report year."""
        return self.home / "summary_tables"

    @property
    def dagster_home(self) -> Path:
        return self.home / "dagster"


def load_settings() -> Settings:
    """Settings from the environment (NIANBAO_HOME, NIANBAO_CITY, NIANBAO_TODAY, NIANBAO_THREADS, NIANBAO_MAX_…), or
    their defaults.

    Raises ToldError for a value that cannot be used, and for a variable NIANBAO_… that nobody reads.
    """
    from sources.system.environment import check_names, read_environment  # see there: 80 ms

    given = read_environment()
    home = (given.home or PROJECT_ROOT / "warehouse" / "data").resolve()
    city_dir = CITIES_ROOT / given.city if (CITIES_ROOT / given.city).is_dir() else Path(given.city).resolve()
    alerts = city_dir / "alerts.yml"
    check_names(os.environ, alerts.read_text("utf-8", errors="replace") if alerts.is_file() else "")
    limits = {each.name: value for each in fields(Limits) if (value := getattr(given, f"max_{each.name}"))}
    return Settings(home, city_dir, Limits(**limits), given.today, given.threads)
