"""Where nianbao keeps its files and which city it serves: one object, read from the environment."""

import os
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

from sources.system.faults import ToldError
from sources.system.virus_scan import scanner_of

if TYPE_CHECKING:
    from sources.system.environment import Environment

PROJECT_ROOT = Path(__file__).resolve().parents[2]
CITIES_ROOT = PROJECT_ROOT / "sources" / "cities"
SOURCES_ROOT = PROJECT_ROOT / "sources"
CATALOGUE_ROOT = PROJECT_ROOT / "warehouse" / "catalogue"
DBT_PROJECT = PROJECT_ROOT / "dbt_project"
NOT_IN_A_HOME = "#%?*[]"
"""SQLite's addresses, dbt's and DuckDB's patterns of files give these a meaning."""
ENV_FILE = "nianbao.env"
"""In a city's folder: the settings of its installation, above all where its data lie."""
OFFICE, NO_OFFICE = "soffice", "none"
"""LibreOffice's program, and how somebody says that it is not to be used."""


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
    seconds: int = 20
    """Of a processor, that the process which handles a file may take; a filled template takes a tenth of one."""
    memory_bytes: int = 900_000_000
    """That the process which handles a file may take; a filled template takes a tenth of it."""
    result_bytes: int = 200_000_000
    """Of what is handed on from one file; a filled template gives 40,000."""


@dataclass(frozen=True)
class SingleSignOn:
    """The office's single sign-on (OpenID Connect) by which people of the desk may sign in (NIANBAO_DESK_SSO_…)."""

    issuer: str
    client: str
    secret: str = field(repr=False)
    claim: str = "preferred_username"
    """What the provider says of somebody by which the account is found."""


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
    """How many threads DuckDB takes (NIANBAO_THREADS). None: one for short tables (a city), else one a processor."""
    wait_seconds: int = 7200
    """How long the working database is waited for while another process has it (NIANBAO_WAIT_SECONDS)."""
    web_origins: tuple[str, ...] = ()
    """Addresses of the page behind a proxy (NIANBAO_WEB_ORIGINS): https://nianbao.example. This machine's are known."""
    desk_origins: tuple[str, ...] = ()
    """Addresses of the desk behind a proxy (NIANBAO_DESK_ORIGINS). This machine's are known."""
    desk_factor: str | None = None
    """Which roles of the desk must have a second factor (NIANBAO_DESK_FACTOR). None: those of the bureau."""
    desk_database: str | None = field(default=None, repr=False)
    """The desk's PostgreSQL database with its password (NIANBAO_DESK_DATABASE). None: SQLite in the home."""
    single_sign_on: SingleSignOn | None = None
    scanner: tuple[str, ...] = ()
    """The command that looks for viruses in a file on its standard input (NIANBAO_SCANNER). (): none."""
    office: str | None = None
    """LibreOffice's program, for page numbers (NIANBAO_OFFICE). None: there is none, or it is not to be used."""
    shared_books: Path | None = None
    """The folder whose dagster.yaml says where a team's history is (NIANBAO_DAGSTER_HOME). None: in the home."""

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
    def outbox(self) -> Path:
        """Letters to be sent with what goes with them, a folder and a zip a batch."""
        return self.home / "outbox"

    @property
    def working_database(self) -> Path:
        """The file that one run at a time writes. Never opened by anybody else."""
        return self.home / "working" / "nianbao.duckdb"

    @property
    def seen_file(self) -> Path:
        """Which files of the inbox have been read, and what they looked like from outside (sources/archive/seen.py)."""
        return self.home / "working" / "seen.json"

    @property
    def kept_parts(self) -> Path:
        """Parts of documents that are slow to make (sources/system/kept_parts.py)."""
        return self.home / "working" / "parts"

    @property
    def published_database(self) -> Path:
        """The read-only copy that analysts query, swapped in whole at the end of a run."""
        return self.home / "published" / "nianbao.duckdb"

    @property
    def history_database(self) -> Path:
        """What was published when, beside the published copy; swapped in whole, and never made anew."""
        return self.published_database.with_name("history.duckdb")

    @property
    def summary_tables(self) -> Path:
        """The report's summary tables as files, one folder a report year."""
        return self.home / "summary_tables"

    @property
    def dagster_home(self) -> Path:
        """Where Dagster's history of runs is, or what says where it is."""
        return self.shared_books or self.home / "dagster"


def load_settings() -> Settings:
    """Settings from the environment (fields of `Environment`), what is not set there from `nianbao.env` of the city's
    folder, the rest as it is by default.

    Without NIANBAO_CITY the city is that in whose folder one stands (or below it), else the sample city.

    Raises ToldError for a value that cannot be used, and for a variable NIANBAO_… that nobody reads.
    """
    from sources.system.environment import adopt, check_names, declared_channels, read_environment

    given = read_environment()
    around = None if "city" in given.model_fields_set else _folder_of_a_city(Path.cwd())
    city_dir = around or city_folder(given.city)
    if (city_dir / ENV_FILE).is_file():
        adopt(city_dir / ENV_FILE)
        given = read_environment()
    home = _usable((given.home or PROJECT_ROOT / "warehouse" / "data").resolve())
    check_names(os.environ, declared_channels(city_dir))
    limits = {each.name: value for each in fields(Limits) if (value := getattr(given, f"max_{each.name}"))}
    wait = Settings.wait_seconds if given.wait_seconds is None else given.wait_seconds
    origins = tuple((given.web_origins or "").split())
    office = None if given.office == NO_OFFICE else which(given.office or OFFICE)
    at_desk = tuple((given.desk_origins or "").split())
    return Settings(
        home,
        city_dir,
        Limits(**limits),
        fixed_today=given.today,
        threads=given.threads,
        wait_seconds=wait,
        web_origins=origins,
        desk_origins=at_desk,
        desk_factor=given.desk_factor,
        desk_database=given.desk_database.get_secret_value() if given.desk_database else None,
        single_sign_on=_single_sign_on(given),
        scanner=scanner_of(given.scanner),
        office=office,
        shared_books=given.dagster_home,
    )


def _single_sign_on(given: "Environment") -> SingleSignOn | None:
    """None where none is declared. Raises ToldError for one of which a part is missing."""
    parts = {
        "NIANBAO_DESK_SSO_ISSUER": given.desk_sso_issuer,
        "NIANBAO_DESK_SSO_CLIENT": given.desk_sso_client,
        "NIANBAO_DESK_SSO_SECRET": given.desk_sso_secret and given.desk_sso_secret.get_secret_value(),
    }
    issuer, client, secret = parts.values()
    if issuer and client and secret:
        return SingleSignOn(issuer, client, secret, given.desk_sso_claim or SingleSignOn.claim)
    if any(parts.values()):
        missing = "、".join(name for name, value in parts.items() if not value)
        raise ToldError(f"统一登录还缺 {missing}：请都写上，或者一个也不写")
    return None


def _usable(home: Path) -> Path:
    """Raises ToldError for a folder in whose name DuckDB or SQLite would see a pattern, an escape or an end."""
    odd = sorted({letter for letter in str(home) if letter in NOT_IN_A_HOME or not letter.isprintable()})
    if odd:
        shown = " ".join(letter if letter.isprintable() else ascii(letter) for letter in odd)
        raise ToldError(f"NIANBAO_HOME 的路径中不能有 {shown}：{str(home)!a}。请换一个文件夹")
    return home


def city_folder(name: str) -> Path:
    """The folder that somebody means: a path, or the code of a city that ships. `.` is where one stands."""
    path = Path(name)
    shipped = CITIES_ROOT / name
    is_a_code = path.name == name and name not in ("", ".", "..")
    return shipped if is_a_code and shipped.is_dir() and not (path / "city.yml").exists() else path.resolve()


def _folder_of_a_city(folder: Path) -> Path | None:
    """The folder of a city, with its own settings, in which a folder lies or which it is."""
    return next((each for each in (folder, *folder.parents) if (each / ENV_FILE).is_file()), None)
