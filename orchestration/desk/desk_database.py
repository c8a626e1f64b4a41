"""Where the desk keeps its own: SQLite in its folder, or the PostgreSQL database that NIANBAO_DESK_DATABASE names."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sources.system.faults import ToldError

DIALECT = "postgresql"
WANTED = "NIANBAO_DESK_DATABASE 应当是 postgresql://用户:密码@主机:端口/数据库（密码里的 @ : / 写成 %40 %3A %2F）"


def desk_database(url: str | None, folder: Path) -> dict[str, Any]:
    """The database as Django takes it; `folder` is the desk's own.

    Raises ToldError, which does not repeat the password, for an address of no PostgreSQL database, and where its driver
    is not installed.
    """
    if url is None:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": folder / "desk.sqlite3",
            "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE"},
        }
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        read = make_url(url)
        is_usable = read.get_backend_name() == DIALECT and bool(read.database)
    except (ArgumentError, ValueError):
        is_usable = False
    if not is_usable:
        raise ToldError(WANTED)
    if find_spec("psycopg2") is None:
        raise ToldError("没有装 PostgreSQL 的驱动：请运行 make .venv/postgres.stamp（docs/deploy.md）")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": read.database,
        "USER": read.username or "",
        "PASSWORD": read.password or "",
        "HOST": read.host or "",
        "PORT": read.port or "",
        "OPTIONS": {name: str(value) for name, value in read.query.items()},
        "CONN_HEALTH_CHECKS": True,
    }
