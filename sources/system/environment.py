"""The environment variables that nianbao reads: one class, and no misspelt name that is silently ignored.

Importing pydantic-settings takes 80 ms, so only `load_settings` imports this module: not the processes that a run
starts.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from pydantic import PositiveInt, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from sources.system.faults import ToldError
from sources.system.nearest import nearest

PREFIX = "NIANBAO_"
READ_ELSEWHERE = (
    "NIANBAO_BENCH_CACHE",  # the benchmark's cache
    "NIANBAO_SCREENSHOTS",  # browser tests
    "NIANBAO_WORKING_DATABASE",  # dbt's profile; set by the run itself
)
SPARK = "NIANBAO_SPARK_"
"""Begins the names that dbt's profile for Spark reads."""


class Environment(BaseSettings):
    """Each field is a variable NIANBAO_<FIELD>; one that is empty counts as not set."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True)

    home: Path | None = None
    city: str = "450700"
    today: date | None = None
    threads: PositiveInt | None = None
    max_file_bytes: PositiveInt | None = None
    max_expanded_bytes: PositiveInt | None = None
    max_parts: PositiveInt | None = None
    max_rows: PositiveInt | None = None
    max_columns: PositiveInt | None = None
    max_cells: PositiveInt | None = None
    max_area: PositiveInt | None = None


def read_environment() -> Environment:
    """The variables as they are set. Raises ToldError that names each one whose value cannot be used."""
    try:
        return Environment()
    except ValidationError as error:
        wanted = {"date": "日期，如 2024-09-01"}
        told = [
            f"环境变量 {PREFIX}{str(each['loc'][-1]).upper()} 应当是"
            f"{wanted.get(each['type'].split('_')[0], '正整数')}，不能是“{each['input']}”"
            for each in error.errors()
        ]
        raise ToldError("；".join(told)) from None


def check_names(environment: Mapping[str, str], declared: str) -> None:
    """Raises ToldError for a variable NIANBAO_… that nobody reads, with the nearest that somebody does.

    `declared` is the text of the city's alerts.yml: what it names holds the secrets of a channel.
    """
    known = [*(f"{PREFIX}{name.upper()}" for name in Environment.model_fields), *READ_ELSEWHERE]
    of_channels = set(re.findall(rf"{PREFIX}[A-Z0-9_]+", declared))
    unknown = [name for name in environment if name.upper().startswith(PREFIX) and not name.startswith(SPARK)]
    told = [_told(name, known) for name in sorted(unknown) if name not in known and name not in of_channels]
    if told:
        raise ToldError("；".join(told))


def _told(name: str, known: Iterable[str]) -> str:
    near = nearest(name, known)
    return f"没有环境变量 {name}" + (f"；是不是 {near}？" if near else "，请取消设置；有：" + "、".join(known))
