"""The installation that the desk serves: its settings, its city as it is declared now, its published database."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path

import duckdb

from orchestration.desk.roles import Role, with_factor
from orchestration.web.watch import Seen, files_of
from sources.declarations.city import City, load_city
from sources.declarations.deadlines import open_years
from sources.system.access import OWNERS_FILE, private_folder
from sources.system.settings import Settings, load_settings
from sources.system.whole_file import whole_file
from warehouse.intake.register import RegisterEntry, published_register
from warehouse.store.connection import open_published

DESK, SECRET_FILE = "desk", "secret.key"


@cache
def installed() -> Settings:
    """The installation's settings, as they were when the desk was started."""
    return load_settings()


def must_have_factor(role: Role) -> bool:
    """Whether who has the role must have a second factor."""
    return role in with_factor(installed().desk_factor)


def desk_folder() -> Path:
    """Where the desk keeps its own: accounts and log, files in quarantine. `prepare_desk` makes it."""
    return installed().home / DESK


def make_desk_folder() -> None:
    """Makes the desk's folder, which nobody else may enter, with the installation's own secret, drawn once."""
    path = private_folder(desk_folder()) / SECRET_FILE
    if not path.exists():
        with whole_file(path, mode=OWNERS_FILE) as partial:
            partial.write_text(secrets.token_urlsafe(50), encoding="ascii")


def city_now() -> City:
    """The city as its folder declares it now; it is read again when a file of the folder has changed."""
    folder = installed().city_dir
    return _city(folder, files_of(folder))


@lru_cache(maxsize=1)
def _city(folder: Path, _seen: Seen) -> City:
    return load_city(folder)


def default_year() -> int:
    """The report year that a page is about unless another is asked for: the last that takes submissions today."""
    return open_years(city_now().calendar, installed().today)[-1]


@contextmanager
def published_now() -> Iterator[duckdb.DuckDBPyConnection | None]:
    """The published database; None where nothing has been published yet."""
    settings = installed()
    if not settings.published_database.exists():
        yield None
        return
    with open_published(settings) as connection:
        yield connection


def register_entry(respondent_code: str, report_year: int) -> RegisterEntry | None:
    """Where a respondent's year stands, as of the last run; None before the first, and for who did not report then."""
    with published_now() as connection:
        found = published_register(connection, report_year, respondent=respondent_code) if connection else []
    return found[0] if found else None
